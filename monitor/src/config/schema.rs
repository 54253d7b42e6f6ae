use std::time::Duration;

use super::{Config, TierChoice};
use crate::capture::status::Tier;

/// A table of the file.
pub(super) struct Section {
    /// Its name; empty for the keys before the first table.
    pub(super) name: &'static str,
    /// What it is for, in lines.
    pub(super) doc: &'static [&'static str],
    /// Its keys, in the order shown.
    pub(super) keys: &'static [Key],
}

impl Section {
    /// The dotted path of one of its keys.
    pub(super) fn path(&self, key: &Key) -> String {
        match self.name {
            "" => key.name.to_owned(),
            name => format!("{name}.{}", key.name),
        }
    }
}

/// A key of a table.
pub(super) struct Key {
    /// Its name.
    pub(super) name: &'static str,
    /// What it means, in lines.
    pub(super) doc: &'static [&'static str],
    /// What it takes and where that goes.
    pub(super) kind: Kind,
}

/// What a key takes, and its place in a [`Config`].
pub(super) enum Kind {
    /// A whole number, from `least` to `most`.
    Whole {
        unit: Unit,
        least: u64,
        most: u64,
        value: fn(&Config) -> u64,
        set: fn(&mut Config, u64),
    },
    /// A duration, from `least` to `most`.
    Duration {
        least: Duration,
        most: Duration,
        value: fn(&Config) -> Duration,
        set: fn(&mut Config, Duration),
    },
    /// A number, from `least` to `most`.
    Real { least: f64, most: f64, value: fn(&Config) -> f64, set: fn(&mut Config, f64) },
    /// True or false.
    Flag { value: fn(&Config) -> bool, set: fn(&mut Config, bool) },
    /// One of a few names, each for a number.
    Choice {
        choices: &'static [(&'static str, u16)],
        value: fn(&Config) -> u16,
        set: fn(&mut Config, u16),
    },
    /// Ports, or none.
    Ports { value: fn(&Config) -> &[u16], set: fn(&mut Config, Vec<u16>) },
    /// Cipher suites, or none.
    Ciphers { value: fn(&Config) -> &[u16], set: fn(&mut Config, Vec<u16>) },
    /// Patterns of paths, or none.
    Paths { value: fn(&Config) -> &[String], set: fn(&mut Config, Vec<String>) },
    /// A capture tier or `auto`.
    Tier,
    /// Address and port of the metrics endpoint.
    Listen,
    /// Absolute path of the state directory.
    Directory,
}

/// How a whole number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// As it is.
    Count,
    /// Bytes: with a unit, or as it is.
    Bytes,
    /// Bytes, a power of two.
    PowerOfTwoBytes,
}

/// The choices of `capture.tier`.
pub(super) const TIERS: &[(&str, TierChoice)] = &[
    ("auto", TierChoice::Auto),
    ("a", TierChoice::Only(Tier::A)),
    ("b", TierChoice::Only(Tier::B)),
];

/// The choices of `tls.minimum_version`, as they are on the wire.
pub(super) const TLS_VERSIONS: &[(&str, u16)] =
    &[("1.0", 0x0301), ("1.1", 0x0302), ("1.2", 0x0303), ("1.3", 0x0304)];

/// Name of the array of tables that the schema does not hold: see [`super::allow`].
pub(super) const ALLOW: &str = "allow";

/// What [`ALLOW`] is for, in lines, with an example.
pub(super) const ALLOW_DOC: &[&str] = &[
    "Destinations that an identity may talk to; what no rule names is reported. Without",
    "any rule each identity and destination is reported once, for information.",
    "unit, exe and user say who; a rule must match all that are given. A rule with none",
    "of them is for every identity on this host. unit and exe may end in `*`.",
    "names, networks (CIDR or single addresses) and ports say where to; left out,",
    "anywhere. A name may start with `*.`, which stands for one label or more. Names are",
    "what clients say (TLS, HTTP) or asked DNS for, so a process that lies can say any:",
    "where that matters give its networks too. For example:",
    "",
    "    [[allow]]",
    "    unit = \"payments.service\"",
    "    names = [\"api.example.com\", \"*.partner.example\"]",
    "    ports = [443]",
    "",
    "    [[allow]]",
    "    unit = \"payments.service\"",
    "    networks = [\"10.0.0.0/8\", \"203.0.113.7\"]",
];

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A [`Kind::Whole`] of a field of [`Config`], whatever its width.
macro_rules! whole {
    ($unit:ident, $least:expr, $most:expr, $($field:ident).+) => {
        Kind::Whole {
            unit: Unit::$unit,
            least: $least,
            most: $most,
            value: |config| config.$($field).+.into(),
            set: |config, number| config.$($field).+ = narrow(number),
        }
    };
}

/// A [`Kind::Duration`] of a field of [`Config`].
macro_rules! duration {
    ($least:expr, $most:expr, $($field:ident).+) => {
        Kind::Duration {
            least: $least,
            most: $most,
            value: |config| config.$($field).+,
            set: |config, duration| config.$($field).+ = duration,
        }
    };
}

/// A [`Kind::Real`] of a field of [`Config`].
macro_rules! real {
    ($least:expr, $most:expr, $($field:ident).+) => {
        Kind::Real {
            least: $least,
            most: $most,
            value: |config| config.$($field).+,
            set: |config, number| config.$($field).+ = number,
        }
    };
}

/// A kind of a field of [`Config`] that is taken as it is, or a list.
macro_rules! plain {
    (Flag, $($field:ident).+) => {
        Kind::Flag {
            value: |config| config.$($field).+,
            set: |config, value| config.$($field).+ = value,
        }
    };
    ($kind:ident, $($field:ident).+) => {
        Kind::$kind {
            value: |config| &config.$($field).+,
            set: |config, value| config.$($field).+ = value,
        }
    };
}

/// Every table with every key.
pub(super) static SECTIONS: &[Section] = &[
    Section { name: "", doc: &[], keys: TOP },
    Section { name: "capture", doc: &["The kernel side."], keys: CAPTURE },
    Section {
        name: "limits",
        doc: &["Bounds of tables and buffers. What does not fit is evicted and counted."],
        keys: LIMITS,
    },
    Section {
        name: "volume",
        doc: &["Learning and judging how much an identity exchanges with a destination."],
        keys: VOLUME,
    },
    Section {
        name: "tls",
        doc: &["What TLS has to be. What is less is reported as `weak_encryption`."],
        keys: TLS,
    },
    Section {
        name: "routes",
        doc: &["How paths become routes: `/accounts/42` is one of `/accounts/{id}`."],
        keys: ROUTES,
    },
    Section { name: "findings", doc: &["How findings are kept."], keys: FINDINGS },
    Section { name: "metrics", doc: &["The Prometheus endpoint, over HTTP."], keys: METRICS },
    Section { name: "state", doc: &["What survives a restart."], keys: STATE },
];

static TOP: &[Key] = &[Key {
    name: "version",
    doc: &["Version of this format."],
    kind: Kind::Whole { unit: Unit::Count, least: 1, most: 1, value: |_| 1, set: |_, _| () },
}];

static CAPTURE: &[Key] = &[
    Key {
        name: "tier",
        doc: &[
            "Hooks that read payload: \"a\" (sock_send_length and sock_recv_length), \"b\"",
            "(sys_exit), or \"auto\" for the best one that loads.",
        ],
        kind: Kind::Tier,
    },
    Key {
        name: "ring_bytes",
        doc: &["Size of the ring that payload comes through."],
        kind: whole!(PowerOfTwoBytes, 64 * KIB, 256 * MIB, capture.ring_bytes),
    },
];

static LIMITS: &[Key] = &[
    Key {
        name: "memory",
        doc: &["Hard cap on the memory of the daemon; the ring and the buffers must fit into it."],
        kind: whole!(Bytes, 16 * MIB, 64 * GIB, memory_bytes),
    },
    Key {
        name: "connections",
        doc: &["Connections tracked."],
        kind: whole!(Count, 64, 4_194_304, pipeline.limits.connections),
    },
    Key {
        name: "stream_bytes",
        doc: &["Bytes buffered for one direction of a connection; at most buffered_bytes."],
        kind: whole!(Bytes, 4 * KIB, 16 * MIB, pipeline.limits.stream_bytes),
    },
    Key {
        name: "buffered_bytes",
        doc: &["Bytes buffered for all connections."],
        kind: whole!(Bytes, MIB, 16 * GIB, pipeline.limits.buffered_bytes),
    },
    Key {
        name: "head_bytes",
        doc: &["Bytes of a message head; at most stream_bytes."],
        kind: whole!(Bytes, KIB, MIB, pipeline.limits.head_bytes),
    },
    Key {
        name: "header_fields",
        doc: &["Header fields of a message head."],
        kind: whole!(Count, 16, 4096, pipeline.limits.header_fields),
    },
    Key {
        name: "pending_requests",
        doc: &["Requests of a connection that wait for their response."],
        kind: whole!(Count, 1, 65_535, pipeline.limits.pending_requests),
    },
    Key {
        name: "processes",
        doc: &["Processes known."],
        kind: whole!(Count, 64, 4_194_304, pipeline.limits.processes),
    },
    Key {
        name: "destinations",
        doc: &["Pairs of identity and destination known to the detectors."],
        kind: whole!(Count, 64, 4_194_304, pipeline.limits.destinations),
    },
    Key {
        name: "findings",
        doc: &["Findings kept open."],
        kind: whole!(Count, 16, 1_000_000, pipeline.limits.findings),
    },
    Key {
        name: "header_list_bytes",
        doc: &["Bytes of the decoded header fields of one HTTP/2 message."],
        kind: whole!(Bytes, 4 * KIB, MIB, pipeline.limits.header_list_bytes),
    },
    Key {
        name: "streams",
        doc: &["Streams of an HTTP/2 connection that are followed at a time."],
        kind: whole!(Count, 1, 65_535, pipeline.limits.streams),
    },
    Key {
        name: "names",
        doc: &["Addresses that DNS named."],
        kind: whole!(Count, 64, 4_194_304, pipeline.limits.names),
    },
    Key {
        name: "endpoints",
        doc: &["Endpoints in the inventory."],
        kind: whole!(Count, 64, 1_000_000, pipeline.limits.endpoints),
    },
    Key {
        name: "idle_timeout",
        doc: &["A connection without traffic for this long may be evicted first."],
        kind: duration!(SECOND, DAY.saturating_mul(30), pipeline.limits.idle_timeout),
    },
];

static VOLUME: &[Key] = &[
    Key {
        name: "window",
        doc: &["Length of one sample."],
        kind: duration!(SECOND, DAY, pipeline.volume.window),
    },
    Key {
        name: "minimum_samples",
        doc: &["Samples with traffic before anything is judged."],
        kind: whole!(Count, 2, 10_000, pipeline.volume.minimum_samples),
    },
    Key {
        name: "minimum_requests",
        doc: &["Requests in a sample below which it is never too many."],
        kind: whole!(Count, 0, 1_000_000_000, pipeline.volume.minimum_requests),
    },
    Key {
        name: "minimum_bytes",
        doc: &["Bytes in a sample below which it is never too many."],
        kind: whole!(Bytes, 0, 1024 * GIB, pipeline.volume.minimum_bytes),
    },
    Key {
        name: "tolerance",
        doc: &["Deviations from the median that are still expected."],
        kind: real!(1.0, 1000.0, pipeline.volume.tolerance),
    },
];

static TLS: &[Key] = &[
    Key {
        name: "minimum_version",
        doc: &["Lowest version that does not fail. SSL always fails."],
        kind: Kind::Choice {
            choices: TLS_VERSIONS,
            value: |config| config.pipeline.tls.minimum_version,
            set: |config, version| config.pipeline.tls.minimum_version = version,
        },
    },
    Key {
        name: "require_256_bit",
        doc: &["AES-256 or ChaCha20 is demanded. If false, other ciphers are only named."],
        kind: plain!(Flag, pipeline.tls.require_256_bit),
    },
    Key {
        name: "require_post_quantum",
        doc: &["A group with ML-KEM is demanded. If false, other groups are only named."],
        kind: plain!(Flag, pipeline.tls.require_post_quantum),
    },
    Key {
        name: "allowed_ciphers",
        doc: &["Where any is given, every other suite fails."],
        kind: plain!(Ciphers, pipeline.tls.allowed_ciphers),
    },
    Key {
        name: "refused_ciphers",
        doc: &["Suites that fail, beside those that are broken (NULL, EXPORT, RC4, DES, 3DES)."],
        kind: plain!(Ciphers, pipeline.tls.refused_ciphers),
    },
    Key {
        name: "minimum_rsa_bits",
        doc: &["RSA and DSA keys with fewer bits fail."],
        kind: whole!(Count, 1024, 16_384, pipeline.tls.minimum_rsa_bits),
    },
    Key {
        name: "minimum_ec_bits",
        doc: &["Elliptic curves with fewer bits fail, in certificates and key exchanges."],
        kind: whole!(Count, 160, 521, pipeline.tls.minimum_ec_bits),
    },
    Key {
        name: "minimum_dh_bits",
        doc: &["Diffie-Hellman key exchanges with fewer bits fail."],
        kind: whole!(Count, 1024, 16_384, pipeline.tls.minimum_dh_bits),
    },
    Key {
        name: "certificate_warning",
        doc: &[
            "A certificate that ends within this long is reported; one that lives for days,",
            "in the last quarter of its life.",
        ],
        kind: duration!(SECOND, DAY.saturating_mul(366), pipeline.tls.certificate_warning),
    },
    Key {
        name: "tls_ports",
        doc: &["Ports that clear text is reported on."],
        kind: plain!(Ports, pipeline.tls.tls_ports),
    },
    Key {
        name: "clear_ports",
        doc: &["Ports that TLS is reported on."],
        kind: plain!(Ports, pipeline.tls.clear_ports),
    },
];

static ROUTES: &[Key] = &[
    Key {
        name: "patterns",
        doc: &[
            "Routes that are known: they win over what is found out. `{name}` stands for a",
            "segment, `*` at the end for the rest.",
        ],
        kind: plain!(Paths, pipeline.routes.patterns),
    },
    Key {
        name: "segment_values",
        doc: &["Distinct values of a segment beyond which it is a parameter."],
        kind: whole!(Count, 2, 10_000, pipeline.routes.segment_values),
    },
    Key {
        name: "routes",
        doc: &["Routes kept for one service."],
        kind: whole!(Count, 10, 100_000, pipeline.routes.routes),
    },
];

static FINDINGS: &[Key] = &[
    Key {
        name: "update_interval",
        doc: &["A finding is said again at most this often."],
        kind: duration!(SECOND, DAY, pipeline.findings.update_interval),
    },
    Key {
        name: "resolve_after",
        doc: &["A finding not seen for this long is resolved."],
        kind: duration!(SECOND, DAY.saturating_mul(366), pipeline.findings.resolve_after),
    },
];

static METRICS: &[Key] = &[
    Key {
        name: "listen",
        doc: &[
            "Address and port. Metrics tell who talks to whom, and there is no",
            "authentication: leave it on a loopback address, or guard it.",
        ],
        kind: Kind::Listen,
    },
    Key {
        name: "max_series",
        doc: &["Time series of one metric; what comes after them is counted as `_other`."],
        kind: whole!(Count, 10, 1_000_000, metrics.max_series),
    },
];

static STATE: &[Key] = &[Key {
    name: "directory",
    doc: &["Absolute path of the directory with the learned baseline."],
    kind: Kind::Directory,
}];

/// A number as the type of its field.
fn narrow<T: TryFrom<u64>>(number: u64) -> T {
    T::try_from(number).ok().expect("the range of a key fits the type of its field")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_of_every_key_fit_its_field_and_include_its_default() {
        for key in SECTIONS.iter().flat_map(|section| section.keys) {
            let mut config = Config::default();
            match &key.kind {
                Kind::Whole { least, most, value, set, .. } => {
                    assert!((*least..=*most).contains(&value(&config)), "{}", key.name);
                    for bound in [*least, *most] {
                        set(&mut config, bound);
                        assert_eq!(value(&config), bound, "{}", key.name);
                    }
                }
                Kind::Duration { least, most, value, set } => {
                    assert!((*least..=*most).contains(&value(&config)), "{}", key.name);
                    set(&mut config, *most);
                    assert_eq!(value(&config), *most, "{}", key.name);
                }
                Kind::Real { least, most, value, set } => {
                    assert!((*least..=*most).contains(&value(&config)), "{}", key.name);
                    set(&mut config, *most);
                    assert!(value(&config) >= *most, "{}", key.name);
                }
                Kind::Flag { value, set } => {
                    for flag in [true, false] {
                        set(&mut config, flag);
                        assert_eq!(value(&config), flag, "{}", key.name);
                    }
                }
                Kind::Choice { choices, value, set } => {
                    assert!(choices.iter().any(|(_, number)| *number == value(&config)));
                    for (_, number) in *choices {
                        set(&mut config, *number);
                        assert_eq!(value(&config), *number, "{}", key.name);
                    }
                }
                Kind::Ports { value, set } | Kind::Ciphers { value, set } => {
                    set(&mut config, vec![1, 2]);
                    assert_eq!(value(&config), [1, 2], "{}", key.name);
                }
                Kind::Paths { value, set } => {
                    set(&mut config, vec!["/a".to_owned()]);
                    assert_eq!(value(&config), ["/a"], "{}", key.name);
                }
                Kind::Tier | Kind::Listen | Kind::Directory => {}
            }
        }
    }
}
