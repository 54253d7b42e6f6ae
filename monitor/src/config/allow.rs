use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostic, escape_short};
use super::host;
use super::kind::{Refusal, integer, plain_text};
use super::list::{Fault, list, port};
use super::network;
use super::reader::Reader;
use super::schema::ALLOW;
use crate::pipeline::settings::{AllowRule, Network};

/// Longest name of a unit, in bytes (systemd.unit(5)).
const LONGEST_UNIT: usize = 255;

/// Longest path of an executable, in bytes (`PATH_MAX`).
const LONGEST_PATH: usize = 4096;

/// Longest name of a user, in bytes (`LOGIN_NAME_MAX`).
const LONGEST_USER: usize = 256;

/// A key of a rule: its name, what it takes, and how it is taken.
type Key = (&'static str, &'static str, fn(&mut AllowRule, &DeValue<'_>) -> Result<(), Fault>);

const KEYS: &[Key] = &[
    ("unit", "the name of a systemd unit; `*` may stand at its end", unit),
    ("exe", "the absolute path of an executable; `*` may stand at its end", exe),
    ("user", "the name or id of a user", user),
    ("names", "a list of host names, as [\"api.example.com\", \"*.example.com\"]", names),
    ("networks", "a list of networks, as [\"10.0.0.0/8\", \"203.0.113.7\"]", networks),
    ("ports", "a list of ports from 1 to 65535, as [443]", ports),
];

/// Reads the rules of `[[allow]]`.
pub(super) fn read(reader: &mut Reader, value: &Spanned<DeValue<'_>>, key: Range<usize>) {
    let DeValue::Array(elements) = value.get_ref() else {
        let refusal = Refusal::found(value.get_ref()).remedy("write `[[allow]]` for each rule");
        return reader.refuse(ALLOW, "a list of tables", key, refusal);
    };
    let mut known = BTreeMap::new();
    for (index, element) in elements.iter().enumerate() {
        let DeValue::Table(table) = element.get_ref() else {
            let refusal = Refusal::found(element.get_ref());
            reader.refuse(ALLOW, "a list of tables", element.span(), refusal);
            continue;
        };
        let path = rule_path(index);
        let Some(rule) = read_rule(reader, table, &path) else { continue };
        remark(reader, &mut known, &rule, element.span());
        reader.accepted(path, element.span());
        reader.config.pipeline.allow.push(rule);
    }
}

/// The dotted path of a rule.
pub(super) fn rule_path(index: usize) -> String {
    format!("{ALLOW}.{index}")
}

/// A rule; none if any key of it was not accepted.
fn read_rule(reader: &mut Reader, table: &DeTable<'_>, path: &str) -> Option<AllowRule> {
    let mut rule = AllowRule::default();
    let mut sound = true;
    for (name, value) in table {
        let Some((known, expected, take)) = KEYS.iter().find(|(key, ..)| key == name.get_ref())
        else {
            let known: Vec<&str> = KEYS.iter().map(|(key, ..)| *key).collect();
            reader.unknown(name.get_ref(), name.span(), "`[[allow]]`", &known);
            sound = false;
            continue;
        };
        let (path, shown) = (format!("{path}.{known}"), format!("{ALLOW}.{known}"));
        let refused = match take(&mut rule, value.get_ref()) {
            Ok(()) => {
                reader.accepted(path, value.span());
                continue;
            }
            Err(fault) => fault.places(value.span()),
        };
        sound = false;
        for (span, refusal) in refused {
            reader.refuse(&shown, expected, span, refusal);
        }
    }
    sound.then_some(rule)
}

/// Warns of rules that are allowed but hardly meant.
fn remark(
    reader: &mut Reader,
    known: &mut BTreeMap<String, Range<usize>>,
    rule: &AllowRule,
    span: Range<usize>,
) {
    let unlimited = *rule == AllowRule::default();
    if unlimited {
        let title = "this rule lets every process of this host talk to anything";
        let help = "say who with unit, exe or user, and where to with names, networks and ports";
        reader.report(Diagnostic::warning(span.clone(), title).help(help));
    }
    for name in rule.names.iter().filter(|name| is_below_a_top_level(name)) {
        let title = format!("`{name}` is every name below a top-level domain");
        let help = "say which domain, as \"*.example.com\"";
        reader.report(Diagnostic::warning(span.clone(), title).help(help));
    }
    match known.entry(format!("{rule:?}")) {
        Entry::Vacant(entry) => {
            entry.insert(span);
        }
        Entry::Occupied(_) if unlimited => {}
        Entry::Occupied(_) => {
            reader.report(Diagnostic::warning(span, "this rule is the same as one above"));
        }
    }
}

fn is_below_a_top_level(name: &str) -> bool {
    name.strip_prefix("*.").is_some_and(|parent| !parent.contains('.'))
}

fn unit(rule: &mut AllowRule, value: &DeValue<'_>) -> Result<(), Fault> {
    let text = pattern(value, LONGEST_UNIT)?;
    if text.contains('/') {
        return Err(Refusal::new("no unit has a `/` in its name").into());
    }
    if !text.ends_with('*') && !text.contains('.') {
        let remedy = format!("did you mean \"{}.service\"?", escape_short(text));
        return Err(Refusal::new("the type of the unit is missing").remedy(remedy).into());
    }
    rule.unit = Some(text.to_owned());
    Ok(())
}

fn exe(rule: &mut AllowRule, value: &DeValue<'_>) -> Result<(), Fault> {
    let text = pattern(value, LONGEST_PATH)?;
    if !text.starts_with('/') && text != "*" {
        return Err(Refusal::new("it does not start with `/`").into());
    }
    rule.exe = Some(text.to_owned());
    Ok(())
}

fn user(rule: &mut AllowRule, value: &DeValue<'_>) -> Result<(), Fault> {
    let name = match value {
        DeValue::Integer(number) => integer(number)
            .and_then(|id| u32::try_from(id).ok())
            .ok_or_else(|| Refusal::new("user ids are from 0 to 4294967295"))?
            .to_string(),
        DeValue::String(text) => {
            plain_text(text, LONGEST_USER)?;
            text.clone().into_owned()
        }
        other => return Err(Refusal::found(other).into()),
    };
    rule.user = Some(name);
    Ok(())
}

fn names(rule: &mut AllowRule, value: &DeValue<'_>) -> Result<(), Fault> {
    rule.names = some(value, name)?;
    Ok(())
}

fn networks(rule: &mut AllowRule, value: &DeValue<'_>) -> Result<(), Fault> {
    rule.networks = some(value, network)?;
    Ok(())
}

fn ports(rule: &mut AllowRule, value: &DeValue<'_>) -> Result<(), Fault> {
    rule.ports = some(value, port)?;
    Ok(())
}

fn name(value: &DeValue<'_>) -> Result<String, Refusal> {
    let DeValue::String(text) = value else { return Err(Refusal::found(value)) };
    host::parse(text).map_err(|error| {
        let refusal = Refusal::new(error.fault.to_string());
        match error.remedy {
            Some(remedy) => refusal.remedy(remedy),
            None => refusal,
        }
    })
}

fn network(value: &DeValue<'_>) -> Result<Network, Refusal> {
    let DeValue::String(text) = value else { return Err(Refusal::found(value)) };
    network::parse(text).map_err(|error| {
        let refusal = Refusal::new(error.to_string());
        match error.correction() {
            Some(network) => refusal.remedy(format!("did you mean \"{network}\"?")),
            None if host::parse(text).is_ok() => refusal.remedy("names go under `names`"),
            None => refusal,
        }
    })
}

/// The elements of a list. An empty one would allow everything, which is written by
/// leaving the key out.
fn some<T>(
    value: &DeValue<'_>,
    element: fn(&DeValue<'_>) -> Result<T, Refusal>,
) -> Result<Vec<T>, Fault> {
    let elements = list(value, element)?;
    if elements.is_empty() {
        let remedy = "leave the key out to allow any";
        return Err(Refusal::new("the list is empty").remedy(remedy).into());
    }
    Ok(elements)
}

/// A text that may end in `*`.
fn pattern<'a>(value: &'a DeValue<'_>, longest: usize) -> Result<&'a str, Refusal> {
    let DeValue::String(text) = value else { return Err(Refusal::found(value)) };
    plain_text(text, longest)?;
    let body = text.strip_suffix('*').unwrap_or(text);
    if body.contains('*') {
        return Err(Refusal::new("`*` stands elsewhere than at the end"));
    }
    Ok(text)
}
