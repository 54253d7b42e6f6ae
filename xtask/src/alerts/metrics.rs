//! What the metrics are called, and who names one that is not.

use std::collections::{BTreeMap, BTreeSet};

/// How the name of every metric of ours begins.
const PREFIXES: [&str; 2] = ["apiwatch_", "process_"];
/// Labels that Prometheus adds, and that every series of a scrape has.
const ADDED: [&str; 2] = ["job", "instance"];
const HISTOGRAM: [&str; 3] = ["_bucket", "_sum", "_count"];

/// Names of series, each with its labels.
#[derive(Clone, Default)]
pub(super) struct Metrics {
    labels: BTreeMap<String, BTreeSet<String>>,
    records: BTreeSet<String>,
}

impl Metrics {
    /// Those of the tables of docs/metrics.md: `| name{labels} | type | meaning |`.
    pub(super) fn of_documentation(documentation: &str) -> Self {
        let mut metrics = Self::default();
        for row in documentation.lines().filter_map(|line| line.strip_prefix("| `")) {
            let Some((metric, rest)) = row.split_once("` |") else { continue };
            let (name, labels) = metric.split_once('{').unwrap_or((metric, ""));
            if PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
                let labels = labels.trim_end_matches('}').split(',');
                let labels = labels.chain(ADDED).filter(|label| !label.is_empty());
                metrics.add(name, rest, labels.map(str::to_owned).collect());
            }
        }
        metrics
    }

    fn add(&mut self, name: &str, kind: &str, mut labels: BTreeSet<String>) {
        if kind.trim_start().starts_with("histogram") {
            labels.insert("le".to_owned());
            let series = HISTOGRAM.map(|suffix| (format!("{name}{suffix}"), labels.clone()));
            self.labels.extend(series);
        }
        self.labels.insert(name.to_owned(), labels);
    }

    /// These, and what a file of rules records.
    pub(super) fn with_records(&self, rules: &str) -> Self {
        let records = rules.lines().filter_map(|line| line.trim_start().strip_prefix("- record: "));
        Self { records: records.map(str::to_owned).collect(), ..self.clone() }
    }

    /// Every metric, recorded sum and label that a text names is one.
    pub(super) fn check(&self, path: &str, text: &str, breaches: &mut Vec<String>) {
        for (at, name) in names(text) {
            match self.labels.get(name) {
                _ if self.records.contains(name) => {}
                None => breaches.push(format!("{path}: there is no metric {name}")),
                Some(labels) => {
                    let used = selected_labels(text.get(at + name.len()..).unwrap_or_default());
                    let unknown = used.into_iter().filter(|label| !labels.contains(*label));
                    breaches.extend(
                        unknown.map(|label| format!("{path}: {name} has no label {label}")),
                    );
                }
            }
        }
    }
}

/// The words of a text that are names of metrics of ours, or sums of them, with their places.
fn names(text: &str) -> Vec<(usize, &str)> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "_:".contains(character);
    let mut found = Vec::new();
    let mut at = 0;
    for word in text.split(|character| !is_part(character)) {
        let parts: Vec<&str> = word.split(':').collect();
        let own = |part: &&str| PREFIXES.iter().any(|prefix| part.starts_with(prefix));
        match parts.as_slice() {
            [name] if own(name) => found.push((at, word)),
            [_, name, _] if own(name) => found.push((at, word)),
            _ => {}
        }
        // What splits words is one character, of any length.
        at += word.len();
        at += text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    }
    found
}

/// The labels of the selector that a text begins with, where it does.
fn selected_labels(text: &str) -> Vec<&str> {
    let Some(mut rest) = text.strip_prefix('{') else { return Vec::new() };
    let mut labels = Vec::new();
    while let Some((before, after)) = rest.split_once('=') {
        if before.contains('}') {
            break;
        }
        labels.push(before.trim_matches([',', ' ', '!']));
        let Some(value) = after.trim_start_matches('~').strip_prefix('"') else { break };
        let Some((_, after)) = value.split_once('"') else { break };
        rest = after;
    }
    labels
}
