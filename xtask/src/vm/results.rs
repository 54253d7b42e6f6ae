//! What came out of a machine, part by part: sections, each a line `## NAME` and what
//! follows.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

/// All sections.
pub(super) struct Results<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Results<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let sections = text.split("\n## ").skip(1);
        Self(sections.map(|section| section.split_once('\n').unwrap_or((section, ""))).collect())
    }

    pub(super) fn section(&self, name: &str) -> Result<&'a str> {
        self.0.get(name).copied().with_context(|| format!("there is no section {name}"))
    }

    /// How the command of a step ended.
    pub(super) fn exit(&self, step: &str) -> Result<&'a str> {
        Ok(self.section(&format!("{step} exit"))?.trim())
    }

    /// What systemd says of the service after a step.
    pub(super) fn state(&self, step: &str) -> Result<State<'a>> {
        let lines = self.section(&format!("{step} state"))?.lines();
        Ok(State(lines.filter_map(|line| line.split_once('=')).collect()))
    }

    /// Programs and links in the kernel after a step, each with its number.
    pub(super) fn objects(&self, step: &str) -> Result<BTreeSet<&'a str>> {
        let lines = self.section(&format!("{step} objects"))?.lines();
        Ok(lines.filter(|line| !line.is_empty()).collect())
    }

    /// Lines of JSON.
    pub(super) fn records(&self, name: &str) -> Result<Vec<Value>> {
        let lines = self.section(name)?.lines().filter(|line| line.starts_with('{'));
        lines.map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
    }

    /// The one line of JSON, beside which people are told more.
    pub(super) fn object(&self, name: &str) -> Result<Value> {
        let mut records = self.records(name)?;
        let record = records.pop().filter(|_| records.is_empty());
        record.with_context(|| format!("{name} is not one object of JSON"))
    }

    /// What each step took, by the machine's own clock, in the order of the steps.
    pub(super) fn seconds(&self) -> Result<Vec<(&'a str, f64)>> {
        let lines = self.section("times")?.lines().filter(|line| !line.is_empty());
        lines
            .map(|line| {
                let (step, hundredths) = line.rsplit_once(' ').context("a time of no step")?;
                let hundredths: u32 =
                    hundredths.parse().with_context(|| format!("{line:?} has no time"))?;
                Ok((step, f64::from(hundredths) / 100.0))
            })
            .collect()
    }
}

/// Properties of the service.
pub(super) struct State<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> State<'a> {
    pub(super) fn property(&self, name: &str) -> Result<&'a str> {
        self.0.get(name).copied().with_context(|| format!("systemd does not tell {name}"))
    }

    /// From the start of its process until it was ready.
    pub(super) fn seconds_to_ready(&self) -> Result<f64> {
        let started = self.microseconds("ExecMainStartTimestampMonotonic")?;
        let active = self.microseconds("ActiveEnterTimestampMonotonic")?;
        Ok((active - started) / 1e6)
    }

    fn microseconds(&self, name: &str) -> Result<f64> {
        let text = self.property(name)?;
        text.parse().with_context(|| format!("{name} is {text:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\n## start\nout\nmore\n\n## start exit\n0\n\n## start state\nMainPID=7\n\
         ExecMainStartTimestampMonotonic=1000000\nActiveEnterTimestampMonotonic=3500000\n\n\
         ## start objects\nprogram tracing 7\nlink tracing 3\n\n\
         ## tail\n{\"type\":\"header\"}\nnoise\n\n## times\nstart 250\nbad reload 7\n\n## end\n0\n";

    #[test]
    fn parts_are_found_by_their_names() {
        let results = Results::parse(TEXT);
        assert_eq!(results.section("start").unwrap(), "out\nmore\n");
        assert_eq!(results.exit("start").unwrap(), "0");
        assert_eq!(results.state("start").unwrap().property("MainPID").unwrap(), "7");
        assert_eq!(results.objects("start").unwrap().len(), 2);
        assert_eq!(results.records("tail").unwrap().len(), 1);
        assert_eq!(results.seconds().unwrap(), [("start", 2.5), ("bad reload", 0.07)]);
        let ready = results.state("start").unwrap().seconds_to_ready().unwrap();
        assert!((ready - 2.5).abs() < 1e-9, "{ready}");
    }

    #[test]
    fn what_is_missing_or_malformed_is_named() {
        let results = Results::parse("## unfinished\n## stop state\nx\n\n## times\nstart soon\n");
        for (error, expected) in [
            (results.section("kernel").unwrap_err(), "there is no section kernel"),
            (results.exit("stop").unwrap_err(), "there is no section stop exit"),
            (results.seconds().unwrap_err(), "\"start soon\" has no time"),
            (results.object("stop state").unwrap_err(), "stop state is not one object of JSON"),
        ] {
            assert_eq!(error.to_string(), expected);
        }
    }
}
