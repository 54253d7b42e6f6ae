use super::{DAY, GIB, KIB, Key, Kind, MIB, SECOND, Unit, narrow};

/// The choices of `tls.minimum_version`, as they are on the wire.
const TLS_VERSIONS: &[(&str, u16)] =
    &[("1.0", 0x0301), ("1.1", 0x0302), ("1.2", 0x0303), ("1.3", 0x0304)];

pub(super) static LIMITS: &[Key] = &[
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
        doc: &[
            "A connection without traffic for this long has ended, where records of ends were lost.",
        ],
        kind: duration!(SECOND, DAY.saturating_mul(30), pipeline.limits.idle_timeout),
    },
];

pub(super) static VOLUME: &[Key] = &[
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

pub(super) static TLS: &[Key] = &[
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

pub(super) static ROUTES: &[Key] = &[
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

pub(super) static FINDINGS: &[Key] = &[
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
