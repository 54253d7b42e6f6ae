use std::collections::BTreeMap;

use super::allow::rule_path;
use super::diagnostic::Report;
use super::kind::quoted;
use super::schema::{ALLOW, ALLOW_DOC, Key, SECTIONS, Section};
use super::{Config, list, network};
use crate::pipeline::settings::AllowRule;

/// A configuration with where each value of it came from.
#[derive(Debug, Default)]
pub struct Effective {
    /// The merged result.
    pub config: Config,
    /// Line of each value that the file sets, by dotted path.
    lines: BTreeMap<String, usize>,
    /// The file with what is unwise in it; none if the defaults alone are used.
    report: Option<Report>,
}

impl Effective {
    pub(super) const fn new(
        config: Config,
        lines: BTreeMap<String, usize>,
        report: Report,
    ) -> Self {
        Self { config, lines, report: Some(report) }
    }

    /// The path of the file, fit for a terminal; none if the defaults alone are used.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.report.as_ref().map(|report| report.source().name.as_str())
    }

    /// What is allowed but hardly meant, if anything.
    #[must_use]
    pub fn warnings(&self) -> Option<&Report> {
        self.report.as_ref().filter(|report| !report.is_empty())
    }

    /// The merged result as TOML that reads back to the same configuration. A comment
    /// behind each value says what set it.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let tables = SECTIONS.iter().map(|section| self.section(section));
        let rules = self.config.pipeline.allow.iter().enumerate();
        let rules = rules.map(|(index, rule)| self.rule(index, rule));
        tables.chain(rules).collect::<Vec<_>>().join("\n")
    }

    fn section(&self, section: &Section) -> String {
        let keys = section.keys.iter();
        let lines: Vec<(String, String)> = keys
            .map(|key| (assignment(key, &self.config), self.origin(&section.path(key))))
            .collect();
        format!("{}{}", header(section), with_comments(&lines))
    }

    fn rule(&self, index: usize, rule: &AllowRule) -> String {
        let path = rule_path(index);
        let keys = rule_values(rule).into_iter().map(|(name, value)| {
            (format!("{name} = {value}"), self.origin(&format!("{path}.{name}")))
        });
        let header = (format!("[[{ALLOW}]]"), self.origin(&path));
        with_comments(&[header].into_iter().chain(keys).collect::<Vec<_>>())
    }

    fn origin(&self, path: &str) -> String {
        match (self.lines.get(path), self.file()) {
            (Some(line), Some(file)) => format!("{file}:{line}"),
            _ => "default".to_owned(),
        }
    }
}

/// A configuration file that documents every key and sets none: it gives the defaults,
/// and so it does with the values uncommented.
#[must_use]
pub fn example() -> String {
    let config = Config::default();
    let mut text = comment(EXAMPLE_DOC);
    for section in SECTIONS {
        text.push('\n');
        text.push_str(&comment(section.doc));
        text.push_str(&header(section));
        for key in section.keys {
            if !section.name.is_empty() {
                text.push('\n');
            }
            text.push_str(&comment(key.doc));
            text.push_str(&format!("# Takes {}.\n", key.kind.expected()));
            text.push_str(&format!("#{}\n", assignment(key, &config)));
        }
    }
    text.push('\n');
    text.push_str(&comment(ALLOW_DOC));
    text
}

const EXAMPLE_DOC: &[&str] = &[
    "Configuration of apiwatch. An empty file gives the defaults, which are shown here.",
    "Sizes are whole numbers of bytes, or texts with a unit: B, KiB, MiB, GiB, TiB.",
    "Durations are texts with units: ns, us, ms, s, m, h, d; as \"1h30m\".",
    "`apiwatch check-config FILE` says what is wrong with a file;",
    "`apiwatch check-config --print-effective` shows what is in force and why.",
];

fn assignment(key: &Key, config: &Config) -> String {
    format!("{} = {}", key.name, key.kind.show(config))
}

fn header(section: &Section) -> String {
    match section.name {
        "" => String::new(),
        name => format!("[{name}]\n"),
    }
}

fn comment(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect()
}

/// Lines with their comments in one column.
fn with_comments(lines: &[(String, String)]) -> String {
    let width = lines.iter().map(|(line, _)| line.chars().count()).filter(|&width| width <= 60);
    let width = width.max().unwrap_or_default();
    lines.iter().map(|(line, comment)| format!("{line:width$}  # {comment}\n")).collect()
}

/// The keys that a rule has, with their values as TOML.
fn rule_values(rule: &AllowRule) -> Vec<(&'static str, String)> {
    let texts = [("unit", &rule.unit), ("exe", &rule.exe), ("user", &rule.user)];
    let mut values: Vec<(&str, String)> = texts
        .into_iter()
        .filter_map(|(name, text)| text.as_deref().map(|text| (name, quoted(text))))
        .collect();
    if !rule.names.is_empty() {
        values.push(("names", list::show(rule.names.iter().map(|name| quoted(name)))));
    }
    if !rule.networks.is_empty() {
        let networks = rule.networks.iter().map(|known| quoted(&network::format(known)));
        values.push(("networks", list::show(networks)));
    }
    if !rule.ports.is_empty() {
        values.push(("ports", list::show(rule.ports.iter().map(u16::to_string))));
    }
    values
}
