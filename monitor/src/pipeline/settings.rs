//! Policy and limits, as the pipeline wants them. `config` makes them from TOML.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Policy and limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Bounds of tables and buffers.
    pub limits: Limits,
    /// Destinations that identities may talk to; none at all means that every
    /// destination is reported once, for information.
    pub allow: Vec<AllowRule>,
    /// Learning and judging of volumes.
    pub volume: VolumeSettings,
    /// What TLS has to be.
    pub tls: TlsProfile,
    /// How paths become routes.
    pub routes: RouteSettings,
    /// How findings are kept.
    pub findings: FindingSettings,
}

/// Bounds of tables and buffers; every eviction is counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Connections tracked.
    pub connections: u32,
    /// Bytes buffered for one direction of a connection.
    pub stream_bytes: u32,
    /// Bytes buffered for all connections.
    pub buffered_bytes: u64,
    /// Bytes of a message head.
    pub head_bytes: u32,
    /// Header fields of a message head.
    pub header_fields: u16,
    /// Requests of a connection that wait for their response.
    pub pending_requests: u16,
    /// Processes known.
    pub processes: u32,
    /// Identity × destination pairs known to the detectors.
    pub destinations: u32,
    /// Findings kept open.
    pub findings: u32,
    /// Bytes of the decoded header fields of one HTTP/2 message.
    pub header_list_bytes: u32,
    /// Streams of an HTTP/2 connection that are followed at a time.
    pub streams: u16,
    /// Addresses that DNS named.
    pub names: u32,
    /// Endpoints in the inventory.
    pub endpoints: u32,
    /// A connection without a record for this long has ended, where its end may be lost.
    pub idle_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 65_536,
            stream_bytes: 64 * 1024,
            buffered_bytes: 64 * 1024 * 1024,
            head_bytes: 64 * 1024,
            header_fields: 128,
            pending_requests: 128,
            processes: 32_768,
            destinations: 16_384,
            findings: 10_000,
            header_list_bytes: 64 * 1024,
            streams: 256,
            names: 32_768,
            endpoints: 10_000,
            idle_timeout: Duration::from_secs(3600),
        }
    }
}

/// Destinations that an identity may talk to. An empty list matches anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowRule {
    /// systemd unit, `*` allowed at the end.
    pub unit: Option<String>,
    /// Path of the executable, `*` allowed at the end.
    pub exe: Option<String>,
    /// User name or id.
    pub user: Option<String>,
    /// Names of the destination, `*.` allowed in front: then it stands for one label or more.
    pub names: Vec<String>,
    /// Networks of the destination.
    pub networks: Vec<Network>,
    /// Ports of the destination.
    pub ports: Vec<u16>,
}

/// A network: the addresses that share the first `prefix` bits of `address`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Any address of it.
    pub address: IpAddr,
    /// Bits that count, at most 32 or 128.
    pub prefix: u8,
}

/// Learning and judging of volumes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VolumeSettings {
    /// Length of one sample.
    pub window: Duration,
    /// Samples with traffic before anything is judged.
    pub minimum_samples: u32,
    /// Requests in a sample below which it is never too many.
    pub minimum_requests: u64,
    /// Bytes in a sample below which it is never too many.
    pub minimum_bytes: u64,
    /// Deviations from the median that are still expected.
    pub tolerance: f64,
}

impl Default for VolumeSettings {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(60),
            minimum_samples: 15,
            minimum_requests: 100,
            minimum_bytes: 1024 * 1024,
            tolerance: 6.0,
        }
    }
}

/// How findings are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingSettings {
    /// A finding is said again at most this often.
    pub update_interval: Duration,
    /// A finding not seen for this long is resolved.
    pub resolve_after: Duration,
}

impl Default for FindingSettings {
    fn default() -> Self {
        Self {
            update_interval: Duration::from_secs(60),
            resolve_after: Duration::from_secs(24 * 3600),
        }
    }
}

/// What TLS has to be. Versions and suites are those of the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsProfile {
    /// Lowest version that does not fail.
    pub minimum_version: u16,
    /// AES-256 or `ChaCha20` is demanded, not only named.
    pub require_256_bit: bool,
    /// A group that withstands quantum computers is demanded, not only named.
    pub require_post_quantum: bool,
    /// Where there are any, every other suite fails.
    pub allowed_ciphers: Vec<u16>,
    /// Suites that fail, beside those that are weak.
    pub refused_ciphers: Vec<u16>,
    /// RSA and DSA keys of fewer bits fail.
    pub minimum_rsa_bits: u16,
    /// Elliptic curves of fewer bits fail, in certificates and key exchanges.
    pub minimum_ec_bits: u16,
    /// Diffie-Hellman primes of fewer bits fail.
    pub minimum_dh_bits: u16,
    /// A certificate that ends within this long warns, in the last quarter of its life.
    pub certificate_warning: Duration,
    /// Ports that TLS is expected on.
    pub tls_ports: Vec<u16>,
    /// Ports that clear text is expected on.
    pub clear_ports: Vec<u16>,
}

/// After NIST SP 800-52r2 and RFC 9325.
impl Default for TlsProfile {
    fn default() -> Self {
        Self {
            minimum_version: 0x0303,
            require_256_bit: false,
            require_post_quantum: false,
            allowed_ciphers: Vec::new(),
            refused_ciphers: Vec::new(),
            minimum_rsa_bits: 2048,
            minimum_ec_bits: 224,
            minimum_dh_bits: 2048,
            certificate_warning: Duration::from_secs(21 * 24 * 3600),
            tls_ports: vec![443, 8443],
            clear_ports: vec![80, 8080],
        }
    }
}

/// How paths become routes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteSettings {
    /// Patterns that win over what is found out: `/accounts/{id}/orders`, `*` at the end
    /// for the rest.
    pub patterns: Vec<String>,
    /// Distinct values of a segment beyond which it is a parameter.
    pub segment_values: u16,
    /// Routes kept for one service.
    pub routes: u32,
}

impl Default for RouteSettings {
    fn default() -> Self {
        Self { patterns: Vec::new(), segment_values: 30, routes: 500 }
    }
}
