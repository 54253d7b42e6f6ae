//! The figures as one table and one JSON document.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::samples::Samples;
use super::tool::Tool;

/// What a figure is to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Goal {
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
}

/// One figure of every tool that has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    figure: &'static str,
    decimals: usize,
    cells: Vec<(Tool, Samples)>,
    goals: Vec<(Tool, Goal)>,
    noise: f64,
}

impl Row {
    /// A figure, shown with so many decimals.
    pub(super) fn new(
        figure: &'static str,
        decimals: usize,
        cells: impl IntoIterator<Item = (Tool, Samples)>,
    ) -> Self {
        let cells = cells.into_iter().collect();
        Self { figure, decimals, cells, goals: Vec::new(), noise: 0.0 }
    }

    /// Of something added, where two measurements without any tool differ by so much;
    /// a goal that is smaller than that is not judged.
    pub(super) fn noise(mut self, noise: f64) -> Self {
        self.noise = noise;
        self
    }

    /// With a goal for both tiers.
    pub(super) fn goal(self, goal: Goal) -> Self {
        self.goal_of(Tool::TierA, goal).goal_of(Tool::TierB, goal)
    }

    /// With a goal for one tier.
    pub(super) fn goal_of(mut self, tool: Tool, goal: Goal) -> Self {
        self.goals.push((tool, goal));
        self
    }

    fn samples(&self, tool: Tool) -> Option<&Samples> {
        self.cells.iter().find(|(of, _)| *of == tool).map(|(_, samples)| samples)
    }

    fn verdict(&self, tool: Tool) -> Verdict {
        let goal = self.goals.iter().find(|(of, _)| *of == tool).map(|(_, goal)| *goal);
        let median = self.samples(tool).and_then(Samples::median);
        match goal.zip(median) {
            None => Verdict::None,
            Some((goal, _)) if self.noise > goal.bound() => Verdict::Noisy,
            Some((goal, median)) if goal.is_met(median) => Verdict::Met,
            Some(_) => Verdict::Missed,
        }
    }

    fn cell(&self, tool: Tool) -> String {
        let shown = self.samples(tool).and_then(|samples| samples.show(self.decimals));
        let Some(shown) = shown else { return "–".to_owned() };
        match self.verdict(tool) {
            Verdict::Met => format!("{shown} ✓"),
            Verdict::Missed => format!("{shown} ✗"),
            Verdict::Noisy => format!("{shown} ?"),
            Verdict::None => shown,
        }
    }

    fn goal_cell(&self) -> String {
        let shown: Vec<_> = self.goals.iter().map(|(_, goal)| goal.show(self.decimals)).collect();
        match shown.as_slice() {
            [a, b] if a == b => a.clone(),
            [a, b] => format!("a: {a}, b: {b}"),
            [one] => one.clone(),
            _ => "–".to_owned(),
        }
    }

    fn json(&self) -> Value {
        let tools: Map<String, Value> = self
            .cells
            .iter()
            .map(|(tool, samples)| {
                let mut value = samples.json();
                value["goal_met"] = self.verdict(*tool).json();
                (tool.name().to_owned(), value)
            })
            .collect();
        json!({ "figure": self.figure, "goal": self.goal_cell(), "tools": tools })
    }
}

/// Whether a goal is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// There is none, or no value.
    None,
    Met,
    Missed,
    /// The noise is larger than the goal.
    Noisy,
}

impl Verdict {
    fn json(self) -> Value {
        match self {
            Self::None | Self::Noisy => Value::Null,
            Self::Met => true.into(),
            Self::Missed => false.into(),
        }
    }
}

impl Goal {
    const fn bound(self) -> f64 {
        match self {
            Self::AtMost(bound) | Self::AtLeast(bound) => bound,
        }
    }

    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(bound) => value <= bound,
            Self::AtLeast(bound) => value >= bound,
        }
    }

    fn show(self, decimals: usize) -> String {
        let sign = match self {
            Self::AtMost(_) => "≤",
            Self::AtLeast(_) => "≥",
        };
        format!("{sign} {}", Samples::new([self.bound()]).show(decimals).unwrap_or_default())
    }
}

/// All figures, and what is to be known to read them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Report {
    /// The figures.
    pub(super) rows: Vec<Row>,
    /// Sentences about the machine and the method.
    pub(super) notes: Vec<String>,
}

impl Report {
    /// Markdown: the table, then the notes.
    pub(super) fn markdown(&self) -> String {
        let mut text = "| figure |".to_owned();
        for tool in Tool::ALL {
            let _ = write!(text, " {} |", tool.name());
        }
        text += " goal |\n|---|---|---|---|---|---|\n";
        for row in &self.rows {
            let _ = write!(text, "| {} |", row.figure);
            for tool in Tool::ALL {
                let _ = write!(text, " {} |", row.cell(tool));
            }
            let _ = writeln!(text, " {} |", row.goal_cell());
        }
        text += "\nMedian [quartiles] of the rounds. ✓ and ✗ judge the median by its goal; ?: two \
                 measurements without any tool differ by more than the goal, so it is not judged.\n\n";
        for note in &self.notes {
            let _ = writeln!(text, "* {note}");
        }
        text
    }

    /// JSON with every sample.
    pub(super) fn json(&self) -> Value {
        let figures: Vec<Value> = self.rows.iter().map(Row::json).collect();
        json!({ "schema": 1, "figures": figures, "notes": self.notes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_shows_values_goals_and_whether_they_are_met() {
        let cells =
            [(Tool::TierA, Samples::new([1.0])), (Tool::TierB, Samples::new([1.5, 2.5, 3.5]))];
        let row = Row::new("added µs", 1, cells)
            .goal_of(Tool::TierA, Goal::AtMost(1.2))
            .goal_of(Tool::TierB, Goal::AtMost(2.0));
        let report = Report { rows: vec![row], notes: vec!["a note".to_owned()] };
        let table = report.markdown();
        let line = "| added µs | 1.0 ✓ | 2.5 [2.0, 3.0] ✗ | – | – | a: ≤ 1.2, b: ≤ 2.0 |\n";
        assert!(table.contains(line), "{table}");
        assert!(table.ends_with("\n* a note\n"));
        let figure = &report.json()["figures"][0];
        assert_eq!(figure["tools"]["apiwatch, tier a"]["goal_met"], true);
        assert_eq!(figure["tools"]["apiwatch, tier b"]["samples"][2], 3.5);
    }

    #[test]
    fn what_is_within_the_noise_is_not_judged() {
        let row = |noise| {
            let cells = [(Tool::TierA, Samples::new([-40.0])), (Tool::TierB, Samples::new([70.0]))];
            Row::new("added µs", 0, cells).goal(Goal::AtMost(10.0)).noise(noise)
        };
        assert_eq!([row(9.0).cell(Tool::TierA), row(9.0).cell(Tool::TierB)], ["-40 ✓", "70 ✗"]);
        assert_eq!([row(11.0).cell(Tool::TierA), row(11.0).cell(Tool::TierB)], ["-40 ?", "70 ?"]);
        assert_eq!(row(11.0).json()["tools"]["apiwatch, tier a"]["goal_met"], Value::Null);
    }

    #[test]
    fn a_goal_includes_its_bound() {
        assert!(Goal::AtMost(0.0).is_met(0.0));
        assert!(Goal::AtLeast(1.0).is_met(1.0));
        assert!(!Goal::AtLeast(1.0).is_met(0.9));
        let row = Row::new("x", 0, []).goal(Goal::AtLeast(2e6));
        assert_eq!(row.goal_cell(), "≥ 2,000,000");
    }
}
