//! What the clock on the wall changes where it is set: the times that are told, and
//! nothing else.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::super::results::Results;

/// How the clock was set, each after the other; the last is as the first.
const STEPS: [&str; 5] = ["steady", "hour-ahead", "hour-back", "years-ahead", "years-back"];

/// What a request may take on a machine that is emulated.
const LIMIT_SECONDS: f64 = 30.0;

/// What is known of each thing that was seen.
const KNOWN: [&str; 3] = ["endpoint", "destination", "finding"];

/// Times as records have them, which sort as they follow each other.
#[derive(Clone, Copy, Debug)]
struct Between<'a> {
    earliest: &'a str,
    latest: &'a str,
}

/// Judges it; a word about it.
pub(super) fn judge(results: &Results) -> Result<String> {
    let records = results.records("clock tail")?;
    for step in STEPS {
        judge_step(step, &records, results).with_context(|| format!("after the step {step}"))?;
    }
    let kept = judge_kept(&records).context("the connection that was open over all steps")?;
    judge_known(kept, results).context("what is known after all steps")?;
    Ok(format!("the clock set {} times", STEPS.len() - 1))
}

fn judge_step(step: &str, records: &[Value], results: &Results) -> Result<()> {
    let state = results.state(&format!("clock {step}"))?;
    let before = results.state("small disk")?;
    for property in ["MainPID", "NRestarts"] {
        let [before, after] = [before.property(property)?, state.property(property)?];
        ensure!(before == after, "{property} was {before} and is {after}");
    }
    let metrics = results.section(&format!("clock {step} metrics"))?;
    ensure!(metrics.contains("\napiwatch_findings_open"), "/metrics says\n{metrics}");
    let between = between(step, results)?;
    for path in [format!("/clock/{step}"), format!("/kept/{step}")] {
        let exchange = one(records, |it| it["request"]["path"] == *path)
            .with_context(|| format!("exchanges of {path}"))?;
        between.judge(exchange, "time")?;
        let seconds = exchange["duration"].as_f64().context("it has no duration")?;
        ensure!((0.0..LIMIT_SECONDS).contains(&seconds), "it took {seconds} s: {exchange}");
    }
    let subject = format!("clock-{step}.service → 127.0.0.1:8080");
    let is_expected = |it: &Value| it["kind"] == "unknown_destination" && it["subject"] == *subject;
    let finding = one(records, is_expected).with_context(|| format!("findings of {subject}"))?;
    ["first_seen", "last_seen"].into_iter().try_for_each(|name| between.judge(finding, name))
}

/// It is one connection, which is still open; its name.
fn judge_kept(records: &[Value]) -> Result<&str> {
    let is_kept =
        |it: &&Value| it["request"]["path"].as_str().is_some_and(|path| path.starts_with("/kept/"));
    let kept: Vec<&Value> = records.iter().filter(is_kept).collect();
    let name = kept.first().and_then(|it| it["connection"].as_str()).context("it has no name")?;
    let other = kept.iter().find(|it| it["connection"] != *name);
    ensure!(other.is_none(), "it became another one: {other:?}");
    let events = records.iter().filter(|it| it["type"] == "connection" && it["connection"] == name);
    let events: Vec<&Value> = events.map(|it| &it["event"]).collect();
    ensure!(events == ["open"], "of it {events:?} was told");
    Ok(name)
}

/// Nothing was seen at a time that the clock has no more.
fn judge_known(kept: &str, results: &Results) -> Result<()> {
    let records = results.records("clock known")?;
    one(&records, |it| it["type"] == "connection" && it["connection"] == kept)
        .context("connections that are kept open")?;
    let latest = between(STEPS[STEPS.len() - 1], results)?.latest;
    for kind in KNOWN {
        let mut known = records.iter().filter(|it| it["type"] == kind).peekable();
        ensure!(known.peek().is_some(), "no {kind} is known");
        for record in known {
            let [first, last] = ["first_seen", "last_seen"].map(|name| record[name].as_str());
            let [first, last] = [first.unwrap_or_default(), last.unwrap_or_default()];
            let is_past = !first.is_empty() && first <= last && last <= latest;
            ensure!(is_past, "it was not seen before {latest}: {record}");
        }
    }
    Ok(())
}

fn between<'a>(step: &str, results: &Results<'a>) -> Result<Between<'a>> {
    let mut lines = results.section(&format!("clock {step} between"))?.lines();
    let (earliest, latest) = lines.next().zip(lines.next()).context("there are no two times")?;
    Ok(Between { earliest, latest })
}

impl Between<'_> {
    fn judge(self, record: &Value, name: &str) -> Result<()> {
        let time = record[name].as_str().unwrap_or_default();
        let is_in = self.earliest <= time && time <= self.latest;
        ensure!(is_in, "{name} is {time:?}, which is not in {self:?}: {record}");
        Ok(())
    }
}

/// The only record that is so.
fn one(records: &[Value], is_so: impl Fn(&Value) -> bool) -> Result<&Value> {
    let mut found = records.iter().filter(|it| is_so(it));
    let (first, others) = (found.next(), found.count());
    ensure!(others == 0, "there are {}, not 1", others + 1);
    first.context("there is none")
}
