//! promtool and amtool: whether Prometheus and Alertmanager take what is shipped.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{ALERTMANAGER, PROMETHEUS, RULE_TESTS, RULES};
use crate::{place, process};

/// Labels of an alert, and who is told of it.
const ROUTES: [(&str, &str); 4] = [
    ("severity=critical", "page"),
    ("severity=warning", "ticket"),
    ("severity=info", "log"),
    ("severity=unheard-of", "ticket"),
];

/// A query that stands in no file of rules.
pub(super) struct Expression {
    /// The file it stands in.
    path: String,
    query: String,
}

impl Expression {
    pub(super) fn new(path: &str, query: &str) -> Self {
        Self { path: path.to_owned(), query: query.trim().to_owned() }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.query)
    }
}

/// Lets the tools look at every file and query, and run the tests.
pub(super) fn check(expressions: &[Expression]) -> Result<()> {
    let root = place::workspace();
    promtool(&["check", "rules", "--lint-fatal"], &root.join(RULES))?;
    promtool(&["test", "rules"], &root.join(RULE_TESTS))?;
    promtool(&["check", "config"], &root.join(PROMETHEUS))?;
    let folder = place::target().join("alerts");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let file = folder.join("expressions.yml");
    fs::write(&file, as_rules(expressions))
        .with_context(|| format!("writing {}", file.display()))?;
    promtool(&["check", "rules"], &file)?;
    process::run_quietly(Command::new("amtool").arg("check-config").arg(root.join(ALERTMANAGER)))?;
    ROUTES.iter().try_for_each(|(labels, receiver)| check_route(labels, receiver))
}

fn promtool(arguments: &[&str], file: &Path) -> Result<()> {
    process::run_quietly(Command::new("promtool").args(arguments).arg(file))
}

fn check_route(labels: &str, receiver: &str) -> Result<()> {
    let config = format!("--config.file={}", place::workspace().join(ALERTMANAGER).display());
    let mut amtool = Command::new("amtool");
    let answer = process::output(amtool.args(["config", "routes", "test", &config, labels]))?;
    let told = answer.trim();
    ensure!(told == receiver, "{ALERTMANAGER}: {told} is told of {labels}, not {receiver}");
    Ok(())
}

/// A file of rules with each query as one, since promtool parses no query alone. The name
/// of a rule, which a fault is told with, says where the query stands.
fn as_rules(expressions: &[Expression]) -> String {
    let mut rules = "groups:\n  - name: expressions\n    rules:\n".to_owned();
    for (number, Expression { path, query }) in expressions.iter().enumerate() {
        let place = path.replace(|character: char| !character.is_ascii_alphanumeric(), "_");
        let query = serde_json::Value::from(query.as_str());
        rules += &format!("      - record: {place}:{number}\n        expr: {query}\n");
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_become_rules_that_say_where_they_stand() {
        let queries =
            ["up{job=\"a\"}", " a\n  or b\n"].map(|query| Expression::new("b/c.md", query));
        assert_eq!(
            as_rules(&queries),
            concat!(
                "groups:\n  - name: expressions\n    rules:\n",
                "      - record: b_c_md:0\n        expr: \"up{job=\\\"a\\\"}\"\n",
                "      - record: b_c_md:1\n        expr: \"a\\n  or b\"\n",
            )
        );
    }
}
