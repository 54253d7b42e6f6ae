//! Grafana's dashboards: what can be known of one without Grafana.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Text;
use super::metrics::Metrics;
use super::tools::Expression;

/// Variables that every dashboard has.
const VARIABLES: [&str; 3] = ["datasource", "job", "instance"];
/// What Grafana puts in place of its own variables, or could.
const GRAFANA: [(&str, &str); 3] =
    [("$__rate_interval", "5m"), ("$__range", "1h"), ("$__interval", "1m")];
/// Panels that show no numbers.
const WITHOUT_UNIT: [&str; 3] = ["row", "text", "alertlist"];
const COLUMNS: u64 = 24;

/// A dashboard as JSON.
pub(super) struct Dashboard {
    path: String,
    json: Value,
}

impl Dashboard {
    pub(super) fn read(file: Text) -> Result<Self> {
        let json = serde_json::from_str(&file.text);
        Ok(Self { json: json.with_context(|| format!("reading {}", file.path))?, path: file.path })
    }

    /// The queries, with Grafana's variables replaced.
    pub(super) fn expressions(&self) -> Vec<Expression> {
        let queries = self.panels().flat_map(targets).filter_map(|target| target["expr"].as_str());
        let replaced = queries.map(|query| {
            GRAFANA.iter().fold(query.to_owned(), |query, (from, to)| query.replace(from, to))
        });
        replaced.map(|query| Expression::new(&self.path, &query)).collect()
    }

    pub(super) fn check(&self, metrics: &Metrics, breaches: &mut Vec<String>) {
        let mut strings = Vec::new();
        gather_strings(&self.json, &mut strings);
        for text in strings {
            metrics.check(&self.path, text, breaches);
        }
        let mut breach = |what: String| breaches.push(format!("{}: {what}", self.path));
        for key in ["uid", "title", "schemaVersion"] {
            if self.json[key].is_null() {
                breach(format!("no `{key}`"));
            }
        }
        let variables = list(&self.json["templating"]["list"]);
        for name in VARIABLES {
            if !variables.iter().any(|variable| variable["name"] == name) {
                breach(format!("no variable {name}"));
            }
        }
        self.panels().flat_map(panel_faults).for_each(&mut breach);
        self.layout_faults().into_iter().for_each(&mut breach);
    }

    /// Panels have identities of their own and cover no other.
    fn layout_faults(&self) -> Vec<String> {
        let (mut ids, mut cells, mut faults) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for panel in self.panels() {
            let title = title(panel);
            if !panel["id"].as_u64().is_some_and(|id| ids.insert(id)) {
                faults.push(format!("{title} has no `id` of its own"));
            }
            let place = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap_or(0));
            let [left, top, width, height] = place;
            let rows = (top..top + height).flat_map(|y| (left..left + width).map(move |x| (x, y)));
            let taken = rows.filter(|cell| !cells.insert(*cell)).count();
            if width * height == 0 || left + width > COLUMNS || taken > 0 {
                faults.push(format!("{title} has no place of its own"));
            }
        }
        faults
    }

    fn panels(&self) -> impl Iterator<Item = &Value> {
        list(&self.json["panels"]).iter()
    }
}

/// Dashboards are told apart by their identities.
pub(super) fn check_ids(dashboards: &[Dashboard], breaches: &mut Vec<String>) {
    let mut ids = BTreeSet::new();
    let twice = dashboards.iter().filter(|one| !ids.insert(one.json["uid"].to_string()));
    breaches.extend(twice.map(|one| format!("{}: another dashboard has its `uid`", one.path)));
}

fn panel_faults(panel: &Value) -> Vec<String> {
    let title = title(panel);
    let shows_numbers = !WITHOUT_UNIT.iter().any(|kind| panel["type"] == *kind);
    let mut faults = Vec::new();
    if shows_numbers && panel["fieldConfig"]["defaults"]["unit"].is_null() {
        faults.push(format!("{title} has no unit"));
    }
    if shows_numbers && targets(panel).is_empty() {
        faults.push(format!("{title} has no query"));
    }
    for target in targets(panel) {
        if target["datasource"]["uid"] != "${datasource}" {
            faults.push(format!("a query of {title} does not use the variable datasource"));
        }
        let query = target["expr"].as_str().unwrap_or_default();
        if !query.contains("job=~\"$job\"") || !query.contains("instance=~\"$instance\"") {
            faults.push(format!("a query of {title} does not use the variables job and instance"));
        }
    }
    faults
}

fn title(panel: &Value) -> String {
    format!("the panel {}", panel["title"])
}

fn targets(panel: &Value) -> &[Value] {
    list(&panel["targets"])
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn gather_strings<'a>(value: &'a Value, strings: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => strings.push(text),
        Value::Array(values) => values.iter().for_each(|value| gather_strings(value, strings)),
        Value::Object(members) => {
            members.values().for_each(|value| gather_strings(value, strings));
        }
        _ => {}
    }
}
