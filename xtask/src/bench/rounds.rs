//! The same measurement with and without each tool, in turns.

use anyhow::Result;

use super::samples::Samples;
use super::site::Site;
use super::tool::{Counts, Tool, Watcher};

/// One measurement with a tool, between two without.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Turn<T> {
    /// The tool.
    pub(super) tool: Tool,
    /// Without any, before and after.
    pub(super) base: [T; 2],
    /// With it.
    pub(super) with: T,
    /// Its processor time for that, until it had worked off what it was given.
    pub(super) cpu_seconds: f64,
    /// The most memory that it ever held, its children's added.
    pub(super) peak_mib: f64,
    /// What it saw.
    pub(super) counts: Counts,
}

/// Measures without, with the first tool, without, with the second, and so on.
pub(super) fn run<T: Copy>(
    site: &Site,
    tools: &[Tool],
    rounds: u32,
    mut measure: impl FnMut() -> Result<T>,
) -> Result<Vec<Turn<T>>> {
    let mut turns = Vec::new();
    let mut before = measure()?;
    for round in 1..=rounds {
        for &tool in tools {
            eprintln!("bench:   round {round} of {rounds}: {}", tool.name());
            let watcher = Watcher::start(tool, site)?;
            let cpu = watcher.process.cpu_seconds();
            let with = measure()?;
            watcher.process.settle();
            let cpu_seconds = watcher.process.cpu_seconds() - cpu;
            let peak_mib = watcher.process.memory_kib("VmHWM") as f64 / 1024.0;
            let counts = watcher.finish()?;
            let after = measure()?;
            let base = [before, after];
            turns.push(Turn { tool, base, with, cpu_seconds, peak_mib, counts });
            before = after;
        }
    }
    Ok(turns)
}

/// A figure of each turn of a tool.
pub(super) fn figure<T>(
    turns: &[Turn<T>],
    tool: Tool,
    value: impl Fn(&Turn<T>) -> Option<f64>,
) -> Samples {
    Samples::new(turns.iter().filter(|turn| turn.tool == tool).filter_map(value))
}

/// By how much a value differs between the two measurements without a tool, typically.
pub(super) fn noise<T>(turns: &[Turn<T>], value: impl Fn(&T) -> f64) -> f64 {
    let difference = |turn: &Turn<T>| {
        let [before, after] = &turn.base;
        (value(before) - value(after)).abs()
    };
    Samples::new(turns.iter().map(difference)).median().unwrap_or(0.0)
}

impl<T> Turn<T> {
    /// The mean of a value without the tool.
    pub(super) fn base(&self, value: impl Fn(&T) -> f64) -> f64 {
        self.base.iter().map(value).sum::<f64>() / self.base.len() as f64
    }

    /// What the tool adds to a value.
    pub(super) fn added(&self, value: impl Fn(&T) -> f64) -> f64 {
        value(&self.with) - self.base(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_judged_against_the_mean_of_what_surrounds_it() {
        let turn = |tool, with| Turn {
            tool,
            base: [10.0, 20.0],
            with,
            cpu_seconds: 0.0,
            peak_mib: 0.0,
            counts: Counts::default(),
        };
        let turns = [turn(Tool::TierA, 18.0), turn(Tool::Tshark, 99.0), turn(Tool::TierA, 12.0)];
        let added = figure(&turns, Tool::TierA, |turn| Some(turn.added(|it| *it)));
        assert_eq!(added, Samples::new([3.0, -3.0]));
        assert_eq!(noise(&turns, |it| *it), 10.0);
        assert_eq!(figure(&turns, Tool::TierB, |turn| Some(turn.with)), Samples::default());
    }
}
