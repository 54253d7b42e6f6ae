//! Names of fields and measures, and what was meant by others.

use super::{Field, Measure};
use crate::pipeline::text::clipped;
use crate::suggest::nearest;

/// Names of fields.
pub(super) const FIELDS: &[(&str, Field)] = &[
    ("method", Field::Method),
    ("path", Field::Path),
    ("route", Field::Route),
    ("host", Field::Host),
    ("service", Field::Service),
    ("client", Field::Client),
    ("server", Field::Server),
    ("peer", Field::Peer),
    ("process", Field::Process),
    ("proc", Field::Process),
    ("unit", Field::Unit),
    ("user", Field::User),
    ("container", Field::Container),
    ("protocol", Field::Protocol),
    ("grpc", Field::Grpc),
    ("auth", Field::Auth),
    ("encryption", Field::Encryption),
    ("sni", Field::Sni),
    ("alpn", Field::Alpn),
    ("cipher", Field::Cipher),
    ("group", Field::Group),
    ("severity", Field::Severity),
    ("kind", Field::Kind),
    ("state", Field::State),
    ("anomaly", Field::Anomaly),
    ("source", Field::Source),
    ("type", Field::Type),
    ("connection", Field::Connection),
    ("id", Field::Id),
];

/// Names of measures.
pub(super) const MEASURES: &[(&str, Measure)] = &[
    ("status", Measure::Status),
    ("latency", Measure::Latency),
    ("duration", Measure::Latency),
    ("ttfb", Measure::Ttfb),
    ("bytes", Measure::Bytes),
    ("port", Measure::Port),
    ("tls", Measure::Tls),
    ("severity", Measure::Severity),
    ("requests", Measure::Requests),
    ("errors", Measure::Errors),
];

/// Most characters of an unknown name that are repeated.
const MOST_REPEATED: usize = 40;

/// What a name before a colon stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Named {
    Field(Field),
    Measure(Measure),
}

/// What a name stands for, letter case aside.
pub(super) fn lookup<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

/// What a name before a colon stands for, else what to say of it.
pub(super) fn named(name: &str) -> Result<Named, String> {
    let field = lookup(FIELDS, name).map(Named::Field);
    let named = field.or_else(|| lookup(MEASURES, name).map(Named::Measure));
    named.ok_or_else(|| unknown_field(name))
}

fn unknown_field(name: &str) -> String {
    let shown = clipped(name, MOST_REPEATED);
    let known: Vec<_> = names(FIELDS)
        .chain(names(MEASURES).filter(|name| lookup(FIELDS, name).is_none()))
        .collect();
    match nearest(name, known.iter().copied()) {
        Some(meant) => format!("no field {shown}; did you mean {meant}?"),
        None => {
            let known = known.join(" ");
            format!("no field {shown}; put text with a colon in quotes. Fields: {known}")
        }
    }
}

/// What to say of a name before a comparison that is no measure.
pub(super) fn unknown_measure(name: &str) -> String {
    let shown = clipped(name, MOST_REPEATED);
    let meant = if lookup(FIELDS, name).is_some() { None } else { nearest(name, names(MEASURES)) };
    match meant {
        Some(meant) => format!("no measure {shown}; did you mean {meant}?"),
        None => {
            let known: Vec<_> = names(MEASURES).collect();
            format!("{shown} cannot be compared; these can: {}", known.join(" "))
        }
    }
}

fn names<T>(table: &'static [(&'static str, T)]) -> impl Iterator<Item = &'static str> {
    table.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_documented() {
        let page = include_str!("../../../docs/filters.md");
        for name in names(FIELDS).chain(names(MEASURES)) {
            assert!(page.contains(&format!("`{name}`")), "docs/filters.md does not name {name}");
        }
    }

    /// A name that is both is compared as a number and looked for as a text.
    #[test]
    fn names_stand_for_one_thing_each() {
        let repeated = |names: Vec<&str>| {
            let unique: std::collections::BTreeSet<_> = names.iter().copied().collect();
            names.len() - unique.len()
        };
        assert_eq!(repeated(names(FIELDS).collect()), 0);
        assert_eq!(repeated(names(MEASURES).collect()), 0);
        let both: Vec<_> = names(MEASURES).filter(|name| lookup(FIELDS, name).is_some()).collect();
        assert_eq!(both, ["severity"]);
    }
}
