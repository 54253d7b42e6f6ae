//! The alerts, their tests and their pages. The files are read by their layout, which is
//! ours: one key on a line.

use super::tools::Expression;
use super::{INDEX, RULES, RUNBOOK, Text};

/// Who is told, by severity.
const SEVERITIES: [&str; 3] = ["critical", "warning", "info"];

/// One rule that raises an alert.
pub(super) struct Alert<'a> {
    name: &'a str,
    /// Its lines.
    text: &'a str,
}

impl Alert<'_> {
    fn value(&self, key: &str) -> Option<&str> {
        let start = format!("{key}: ");
        self.text.lines().find_map(|line| line.trim_start().strip_prefix(&start))
    }

    fn severity(&self) -> Option<&str> {
        self.value("labels")?.split_once("severity: ")?.1.split([',', '}']).next()
    }

    /// Whether findings of this kind and severity raise it while they are open.
    fn is_raised_by(&self, kind: &str, severity: &str) -> bool {
        let selects = |label: &str, value: &str| {
            let selector = self.text.split_once(&format!("{label}=")).map(|(_, after)| after);
            let values = selector.and_then(|after| after.split('"').nth(1)).unwrap_or_default();
            values.split('|').any(|one| one == value)
        };
        self.text.contains("apiwatch_findings_open{")
            && selects("kind", kind)
            && selects("severity", severity)
    }
}

/// The alerts of a file of rules.
pub(super) fn alerts(rules: &str) -> Vec<Alert<'_>> {
    rules.split("- alert: ").skip(1).map(alert).collect()
}

/// The alert whose rule a text begins with.
fn alert(rule: &str) -> Alert<'_> {
    let end = ["- record: ", "- name: "].iter().filter_map(|next| rule.find(next)).min();
    let text = rule.get(..end.unwrap_or(rule.len())).unwrap_or_default();
    Alert { name: text.lines().next().unwrap_or_default().trim(), text }
}

/// Each kind raises an alert at each severity.
pub(super) fn check_kinds(
    alerts: &[Alert<'_>],
    kinds: &[String],
    severities: &[String],
    breaches: &mut Vec<String>,
) {
    for kind in kinds {
        for severity in severities {
            if !alerts.iter().any(|alert| alert.is_raised_by(kind, severity)) {
                breaches.push(format!(
                    "{RULES}: no alert for findings of kind {kind} and severity {severity}"
                ));
            }
        }
    }
}

/// Each alert has what people and Alertmanager need of it.
pub(super) fn check_alerts(alerts: &[Alert<'_>], breaches: &mut Vec<String>) {
    for alert in alerts {
        let name = alert.name;
        for key in ["expr", "for", "summary", "description"] {
            if alert.value(key).is_none_or(str::is_empty) {
                breaches.push(format!("{RULES}: {name} has no `{key}`"));
            }
        }
        if !alert.severity().is_some_and(|severity| SEVERITIES.contains(&severity)) {
            breaches.push(format!("{RULES}: the severity of {name} is none of {SEVERITIES:?}"));
        }
        let page = format!("/{RUNBOOK}/{name}.md");
        if !alert.value("runbook_url").is_some_and(|url| url.ends_with(&page)) {
            breaches.push(format!("{RULES}: `runbook_url` of {name} does not end in {page}"));
        }
    }
}

/// Each alert has a test in which it fires, and its name one in which none does.
pub(super) fn check_tests(alerts: &[Alert<'_>], tests: &Text, breaches: &mut Vec<String>) {
    let cases: Vec<_> = tests.text.split("alertname: ").skip(1).map(Case::of).collect();
    for alert in alerts {
        let name = alert.name;
        let mut cases = cases.iter().filter(|case| case.name == name);
        let severity = format!("severity: {}", alert.severity().unwrap_or_default());
        if !cases.clone().any(|case| case.expected.contains(&severity)) {
            breaches.push(format!("{}: {name} never fires with {severity}", tests.path));
        }
        if !cases.any(|case| case.expected.trim_start().starts_with("[]")) {
            breaches.push(format!("{}: no case in which {name} does not fire", tests.path));
        }
    }
}

/// What is expected of an alert at a time.
struct Case<'a> {
    name: &'a str,
    /// Nothing, or what follows until the next case.
    expected: &'a str,
}

impl<'a> Case<'a> {
    fn of(block: &'a str) -> Self {
        let name = block.split([',', '\n']).next().unwrap_or_default().trim();
        let expected = block.split_once("exp_alerts:").map_or("", |(_, expected)| expected);
        // The series of the next group follow the last case of a group.
        Self { name, expected: expected.split("input_series:").next().unwrap_or_default() }
    }
}

/// Each alert has a page, each page an alert, and the index has them all.
pub(super) fn check_pages(alerts: &[Alert<'_>], pages: &[Text], breaches: &mut Vec<String>) {
    let index = pages.iter().find(|page| page.path.ends_with(INDEX));
    let index = index.map(|page| page.text.as_str()).unwrap_or_default();
    for alert in alerts {
        let name = alert.name;
        let path = format!("{RUNBOOK}/{name}.md");
        match pages.iter().find(|page| page.path == path) {
            None => breaches.push(format!("{path}: missing, and {RULES} links to it")),
            Some(page) if !page.text.starts_with(&format!("# {name}\n")) => {
                breaches.push(format!("{path}: its title is not the name of the alert"));
            }
            Some(_) => {}
        }
        if !index.contains(&format!("]({name}.md)")) {
            breaches.push(format!("{RUNBOOK}/{INDEX}: no link to {name}.md"));
        }
    }
    for page in pages.iter().filter(|page| !page.path.ends_with(INDEX)) {
        if !alerts.iter().any(|alert| page.path == format!("{RUNBOOK}/{}.md", alert.name)) {
            breaches.push(format!("{}: no alert links to it", page.path));
        }
    }
}

/// The queries of a page.
pub(super) fn expressions(page: &Text) -> Vec<Expression> {
    let blocks = page.text.split("```promql\n").skip(1);
    let queries = blocks.filter_map(|block| block.split("```").next());
    queries.map(|query| Expression::new(&page.path, query)).collect()
}
