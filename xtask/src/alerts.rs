//! `alerts`: the rules, dashboards and runbook that are shipped agree with each other,
//! with the kinds of findings and with the metrics there are; and Prometheus takes them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::{place, setup};

/// Grafana's dashboards.
mod dashboard;
/// Numbers that follow from defaults of the configuration.
mod defaults;
/// What the metrics are called, and who names one that is not.
mod metrics;
/// The alerts, their tests and their pages.
mod rules;
/// promtool and amtool.
mod tools;

use dashboard::Dashboard;
use metrics::Metrics;
use tools::Expression;

const RULES: &str = "packaging/prometheus/apiwatch.rules.yml";
const RULE_TESTS: &str = "packaging/prometheus/apiwatch.rules.test.yml";
const PROMETHEUS: &str = "packaging/prometheus/prometheus.example.yml";
const ALERTMANAGER: &str = "packaging/prometheus/alertmanager.example.yml";
const CONFIGURATION: &str = "packaging/apiwatch.toml";
const DASHBOARDS: &str = "packaging/grafana";
const RUNBOOK: &str = "docs/runbook";
const INDEX: &str = "README.md";

/// Checks all of it, and says everything that is wrong.
pub(crate) fn run() -> Result<()> {
    let shipped = Shipped::read(place::workspace())?;
    let breaches = shipped.breaches();
    for breach in &breaches {
        eprintln!("{breach}");
    }
    match breaches.len() {
        0 => {}
        count => bail!("{count} faults in the alerts, dashboards and runbook that are shipped"),
    }
    setup::ensure_alert_tools()?;
    tools::check(&shipped.expressions())
}

/// A file with its path below the root.
pub(super) struct Text {
    path: String,
    text: String,
}

/// All that has to agree.
struct Shipped {
    /// Names of the kinds of findings.
    kinds: Vec<String>,
    /// Severities for which every kind needs an alert.
    severities: Vec<String>,
    metrics: Metrics,
    configuration: Text,
    rules: Text,
    tests: Text,
    prometheus: Text,
    alertmanager: Text,
    pages: Vec<Text>,
    dashboards: Vec<Dashboard>,
}

impl Shipped {
    fn read(root: &Path) -> Result<Self> {
        let finding = read(root, "monitor/src/pipeline/finding.rs")?;
        let kinds = names_of("FindingKind", &finding.text);
        let listed = format!("pub const ALL: [Self; {}]", kinds.len());
        ensure!(finding.text.contains(&listed), "the kinds in {} are not found", finding.path);
        let mut severities = names_of("Severity", &finding.text);
        ensure!(severities.len() > 1, "the severities in {} are not found", finding.path);
        // What is for information has no alert.
        severities.retain(|severity| severity != "informational");
        let dashboards = read_all(root, DASHBOARDS, ".json")?;
        Ok(Self {
            kinds,
            severities,
            metrics: Metrics::of_documentation(&read(root, "docs/metrics.md")?.text),
            configuration: read(root, CONFIGURATION)?,
            rules: read(root, RULES)?,
            tests: read(root, RULE_TESTS)?,
            prometheus: read(root, PROMETHEUS)?,
            alertmanager: read(root, ALERTMANAGER)?,
            pages: read_all(root, RUNBOOK, ".md")?,
            dashboards: dashboards.into_iter().map(Dashboard::read).collect::<Result<_>>()?,
        })
    }

    fn breaches(&self) -> Vec<String> {
        let mut breaches = Vec::new();
        let alerts = rules::alerts(&self.rules.text);
        rules::check_kinds(&alerts, &self.kinds, &self.severities, &mut breaches);
        rules::check_alerts(&alerts, &mut breaches);
        rules::check_tests(&alerts, &self.tests, &mut breaches);
        rules::check_pages(&alerts, &self.pages, &mut breaches);
        let metrics = self.metrics.with_records(&self.rules.text);
        defaults::check(&self.configuration, &self.prometheus, &mut breaches);
        let texts = [&self.rules, &self.tests, &self.prometheus, &self.alertmanager];
        for text in texts.into_iter().chain(&self.pages) {
            metrics.check(&text.path, &text.text, &mut breaches);
        }
        for dashboard in &self.dashboards {
            dashboard.check(&metrics, &mut breaches);
        }
        dashboard::check_ids(&self.dashboards, &mut breaches);
        breaches
    }

    /// What Prometheus has to be able to parse and no rule has.
    fn expressions(&self) -> Vec<Expression> {
        let pages = self.pages.iter().flat_map(rules::expressions);
        pages.chain(self.dashboards.iter().flat_map(Dashboard::expressions)).collect()
    }
}

/// The names that the function `name` of an enum answers: the arms of a match (`A => "a"`),
/// or the rows of a table (`A = "a"`).
fn names_of(of: &str, source: &str) -> Vec<String> {
    let block = source.split(&format!("impl {of} {{")).nth(1).unwrap_or_default();
    let block = block.split("\n}").next().unwrap_or_default();
    let named = |line: &'_ str| {
        let (_, name) = line.split_once("=> \"").or_else(|| line.split_once(" = \""))?;
        name.split('"').next().map(str::to_owned)
    };
    let arms = block.lines().filter_map(named);
    arms.collect()
}

fn read(root: &Path, path: &str) -> Result<Text> {
    let text = fs::read_to_string(root.join(path)).with_context(|| format!("reading {path}"))?;
    Ok(Text { path: path.to_owned(), text })
}

fn read_all(root: &Path, folder: &str, ending: &str) -> Result<Vec<Text>> {
    let entries = fs::read_dir(root.join(folder)).with_context(|| format!("listing {folder}"))?;
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let wanted = names.iter().filter(|name| name.ends_with(ending));
    wanted.map(|name| read(root, &format!("{folder}/{name}"))).collect()
}

#[cfg(test)]
mod tests;
