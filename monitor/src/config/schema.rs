use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Config, TierChoice};
use crate::capture::status::Tier;
use pipeline::{FINDINGS, LIMITS, ROUTES, TLS, VOLUME};

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
    /// Absolute path of a file, or off.
    File { value: fn(&Config) -> Option<&Path>, set: fn(&mut Config, Option<PathBuf>) },
    /// A capture tier or `auto`.
    Tier,
    /// Address and port of the metrics endpoint.
    Listen,
    /// Absolute path of the state directory.
    Directory,
    /// Absolute path of the control socket, or off.
    Socket,
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
    (File, $($field:ident).+) => {
        Kind::File {
            value: |config| config.$($field).+.as_deref(),
            set: |config, path| config.$($field).+ = path,
        }
    };
    ($kind:ident, $($field:ident).+) => {
        Kind::$kind {
            value: |config| &config.$($field).+,
            set: |config, value| config.$($field).+ = value,
        }
    };
}

/// Keys of the tables that the pipeline takes.
mod pipeline;

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
    Section {
        name: "metrics",
        doc: &["The Prometheus endpoint, over HTTP or HTTPS."],
        keys: METRICS,
    },
    Section {
        name: "control",
        doc: &["The socket that `tail`, `status`, `top` and `reload` talk through."],
        keys: CONTROL,
    },
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

static METRICS: &[Key] = &[
    Key {
        name: "listen",
        doc: &[
            "A loopback address with a port, or \"unix:\" and the path of a socket for its",
            "owner and the group apiwatch. Metrics tell who talks to whom: an address that",
            "other hosts reach takes tls_certificate, tls_key and users, or insecure.",
        ],
        kind: Kind::Listen,
    },
    Key {
        name: "tls_certificate",
        doc: &[
            "PEM file with the certificate, and those between it and a root, for HTTPS. It is",
            "read again, as the next two are, when this file is.",
        ],
        kind: plain!(File, metrics.tls_certificate),
    },
    Key {
        name: "tls_key",
        doc: &["PEM file with the key of the certificate. The user apiwatch has to read it."],
        kind: plain!(File, metrics.tls_key),
    },
    Key {
        name: "users",
        doc: &[
            "File with those who may scrape, each in a line of `htpasswd -nBC 10 NAME`: a name,",
            "`:` and the bcrypt hash of a password.",
        ],
        kind: plain!(File, metrics.users),
    },
    Key {
        name: "insecure",
        doc: &[
            "Lets listen be an address that other hosts reach, without TLS or without users.",
            "Who gets there reads all: guard the port, as with a firewall.",
        ],
        kind: plain!(Flag, metrics.insecure),
    },
    Key {
        name: "max_series",
        doc: &["Time series of one metric; what comes after them is counted as `_other`."],
        kind: whole!(Count, 10, 1_000_000, metrics.max_series),
    },
];

static CONTROL: &[Key] = &[Key {
    name: "socket",
    doc: &[
        "Its path. Its owner and the members of the group apiwatch may read there what",
        "the daemon sees, root may also have this file read again.",
    ],
    kind: Kind::Socket,
}];

static STATE: &[Key] = &[Key {
    name: "directory",
    doc: &[
        "Absolute path of the directory with what was learned, the findings that are open and",
        "the time of the last watch.",
    ],
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
                Kind::File { value, set } => {
                    assert_eq!(value(&config), None, "{}", key.name);
                    set(&mut config, Some("/a".into()));
                    assert_eq!(value(&config), Some(Path::new("/a")), "{}", key.name);
                }
                Kind::Tier | Kind::Listen | Kind::Directory | Kind::Socket => {}
            }
        }
    }
}
