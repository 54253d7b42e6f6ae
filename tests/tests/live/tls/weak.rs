use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};

use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::tls::{Authority, Words, gnutls, openssl};
use apiwatch_tests::{Running, free_port, wait_for_server};
use serde_json::{Value, json};

use super::agreed::{compare, records_of};
use super::{authority, daemons};

/// A handshake between two programs of one library, and what is weak about it.
struct Case {
    /// The name that is asked for: it tells the findings apart.
    name: &'static str,
    /// Arguments of the server; after `|` those of the client.
    arguments: &'static str,
    version: &'static str,
    cipher: &'static str,
    group: Option<&'static str>,
    severity: &'static str,
    reasons: &'static str,
}

#[rustfmt::skip]
const OPENSSL: [Case; 18] = [
    Case { name: "x25519", arguments: "-tls1_3 -groups X25519 |", version: "1.3", cipher: "TLS_AES_256_GCM_SHA384", group: Some("x25519"), severity: "informational", reasons: "not_post_quantum" },
    Case { name: "x448", arguments: "-tls1_3 -groups X448 -ciphersuites TLS_AES_128_GCM_SHA256 | -groups X448", version: "1.3", cipher: "TLS_AES_128_GCM_SHA256", group: Some("x448"), severity: "informational", reasons: "below_256_bit, not_post_quantum" },
    Case { name: "retried", arguments: "-tls1_3 -groups P-521 |", version: "1.3", cipher: "TLS_AES_256_GCM_SHA384", group: Some("secp521r1"), severity: "informational", reasons: "not_post_quantum" },
    Case { name: "ffdhe", arguments: "-tls1_3 -groups ffdhe3072 | -groups ffdhe3072", version: "1.3", cipher: "TLS_AES_256_GCM_SHA384", group: Some("ffdhe3072"), severity: "informational", reasons: "not_post_quantum" },
    Case { name: "early", arguments: "-tls1_3 -groups X25519 -early_data |", version: "1.3", cipher: "TLS_AES_256_GCM_SHA384", group: Some("x25519"), severity: "informational", reasons: "not_post_quantum" },
    Case { name: "cbc", arguments: "-tls1_2 -cipher ECDHE-RSA-AES256-SHA384 -groups P-256 |", version: "1.2", cipher: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", group: Some("secp256r1"), severity: "low", reasons: "cbc, not_post_quantum" },
    Case { name: "dhe", arguments: "-tls1_2 -cipher DHE-RSA-AES256-GCM-SHA384 |", version: "1.2", cipher: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", group: None, severity: "informational", reasons: "not_post_quantum" },
    Case { name: "static", arguments: "-tls1_2 -cipher AES128-SHA256 |", version: "1.2", cipher: "TLS_RSA_WITH_AES_128_CBC_SHA256", group: None, severity: "medium", reasons: "no_forward_secrecy, cbc, below_256_bit, not_post_quantum" },
    Case { name: "tls11", arguments: "-tls1_1 -cipher ECDHE-RSA-AES256-SHA:@SECLEVEL=0 -groups X25519 | -tls1_1 -cipher ALL:@SECLEVEL=0", version: "1.1", cipher: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", group: Some("x25519"), severity: "high", reasons: "old_version, cbc, not_post_quantum" },
    Case { name: "tls10", arguments: "-tls1 -cipher ECDHE-RSA-AES256-SHA:@SECLEVEL=0 -groups X25519 | -tls1 -cipher ALL:@SECLEVEL=0", version: "1.0", cipher: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", group: Some("x25519"), severity: "high", reasons: "old_version, cbc, not_post_quantum" },
    Case { name: "null", arguments: "-tls1_2 -cipher NULL-SHA256:@SECLEVEL=0 | -cipher NULL:@SECLEVEL=0", version: "1.2", cipher: "TLS_RSA_WITH_NULL_SHA256", group: None, severity: "high", reasons: "null_cipher, no_forward_secrecy, not_post_quantum" },
    Case { name: "anonymous", arguments: "-tls1_2 -nocert -cipher AECDH-AES256-SHA:@SECLEVEL=0 -groups X25519 | -cipher aNULL:@SECLEVEL=0", version: "1.2", cipher: "TLS_ECDH_anon_WITH_AES_256_CBC_SHA", group: Some("x25519"), severity: "high", reasons: "anonymous_key_exchange, cbc, not_post_quantum" },
    Case { name: "prime", arguments: "-tls1_2 -cipher DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0 -dhparam short | -cipher ALL:@SECLEVEL=0", version: "1.2", cipher: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", group: None, severity: "high", reasons: "short_key, not_post_quantum" },
    Case { name: "small", arguments: "-tls1_2 -cert small.pem -key small.key -cipher ECDHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0 -groups X25519 | -cipher ALL:@SECLEVEL=0", version: "1.2", cipher: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", group: Some("x25519"), severity: "high", reasons: "short_key, not_post_quantum" },
    Case { name: "sha1", arguments: "-tls1_2 -cert sha1.pem -key sha1.key -cipher ECDHE-ECDSA-AES256-GCM-SHA384:@SECLEVEL=0 -groups X25519 | -cipher ALL:@SECLEVEL=0", version: "1.2", cipher: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", group: Some("x25519"), severity: "high", reasons: "weak_certificate_signature, not_post_quantum" },
    Case { name: "expired", arguments: "-tls1_2 -cert expired.pem -key expired.key -cipher ECDHE-ECDSA-AES256-GCM-SHA384 -groups X25519 |", version: "1.2", cipher: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", group: Some("x25519"), severity: "high", reasons: "certificate_expired, not_post_quantum" },
    Case { name: "ending", arguments: "-tls1_2 -cert ending.pem -key ending.key -cipher ECDHE-ECDSA-AES256-GCM-SHA384 -groups X25519 |", version: "1.2", cipher: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", group: Some("x25519"), severity: "medium", reasons: "certificate_ends_soon, not_post_quantum" },
    Case { name: "own", arguments: "-tls1_2 -cert own.pem -key own.key -cipher ECDHE-ECDSA-AES256-GCM-SHA384 -groups X25519 |", version: "1.2", cipher: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", group: Some("x25519"), severity: "low", reasons: "self_signed, not_post_quantum" },
];
