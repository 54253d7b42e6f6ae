//! What is judged: the run in fifths, of which the first warms up, and the last is compared
//! with the second.

use std::fmt::Write;

use super::watched::{SLACK, Sample};

/// Growth that is not held against it: the size of an allocation more or less, and some
/// descriptors of clients that come and go.
const MEMORY_FACTOR: f64 = 1.05;
const MEMORY_MIB: f64 = 2.0;
const MOST_MORE: f64 = 8.0;

/// A run.
pub(super) struct Soak {
    /// Before the first connection.
    pub(super) before: Sample,
    /// While there were some, in order.
    pub(super) during: Vec<Sample>,
    /// After the last, once the daemon has forgotten it or should have.
    pub(super) after: Sample,
    /// Exchanges that the load made.
    pub(super) made: f64,
}

/// A figure of the daemon.
struct Figure {
    name: &'static str,
    decimals: usize,
    value: fn(&Sample) -> f64,
    bound: Bound,
}

/// What a figure may do.
#[derive(Clone, Copy)]
enum Bound {
    /// Grow by a factor and a summand between two fifths.
    Growth(f64, f64),
    /// Go up, and come back in the end.
    Return,
    /// Stay at zero.
    Zero,
}

const FIGURES: [Figure; 9] = [
    Figure {
        name: "anonymous memory, MiB",
        decimals: 1,
        value: |it| it.memory_mib,
        bound: Bound::Growth(MEMORY_FACTOR, MEMORY_MIB),
    },
    Figure {
        name: "kernel memory of maps and programs, MiB",
        decimals: 1,
        value: |it| it.kernel_mib,
        bound: Bound::Growth(MEMORY_FACTOR, MEMORY_MIB),
    },
    Figure {
        name: "open files",
        decimals: 0,
        value: |it| it.files,
        bound: Bound::Growth(1.0, MOST_MORE),
    },
    Figure {
        name: "threads",
        decimals: 0,
        value: |it| it.threads,
        bound: Bound::Growth(1.0, MOST_MORE),
    },
    Figure {
        name: "connections tracked",
        decimals: 0,
        value: |it| it.tracked,
        bound: Bound::Return,
    },
    Figure {
        name: "entries of tables in the kernel",
        decimals: 0,
        value: |it| it.entries,
        bound: Bound::Return,
    },
    Figure {
        name: "payload records lost",
        decimals: 0,
        value: |it| it.lost.payload,
        bound: Bound::Zero,
    },
    Figure {
        name: "connection records lost",
        decimals: 0,
        value: |it| it.lost.connections,
        bound: Bound::Zero,
    },
    Figure {
        name: "lost in tables and sinks",
        decimals: 0,
        value: |it| it.lost.later,
        bound: Bound::Zero,
    },
];

impl Soak {
    /// What is wrong.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> =
            FIGURES.iter().filter_map(|figure| self.fault_of(figure)).collect();
        if self.during.len() < 5 {
            faults.push(format!("{} looks at the daemon are too few", self.during.len()));
        }
        if self.after.reported != self.made {
            let Self { made, after, .. } = self;
            faults.push(format!("{} exchanges of {made} were reported", after.reported));
        }
        faults
    }

    fn fault_of(&self, figure: &Figure) -> Option<String> {
        let Figure { name, decimals, value, bound } = figure;
        let [_, second, .., last] = self.fifths(*value);
        let (before, after) = (value(&self.before), value(&self.after));
        let (is_fine, from, to) = match bound {
            Bound::Growth(factor, summand) => (last <= second * factor + summand, second, last),
            Bound::Return => (after <= before + SLACK, before, after),
            Bound::Zero => (after == 0.0, before, after),
        };
        (!is_fine).then(|| format!("{name}: from {from:.decimals$} to {to:.decimals$}"))
    }

    /// Medians of the fifths of the run.
    fn fifths(&self, value: fn(&Sample) -> f64) -> [f64; 5] {
        let count = self.during.len();
        [0, 1, 2, 3, 4].map(|fifth| {
            let range = count * fifth / 5..count * (fifth + 1) / 5;
            let mut values: Vec<f64> = self.during[range].iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
        })
    }

    /// Markdown: a row for each figure, then the exchanges.
    pub(super) fn table(&self) -> String {
        let mut text = "| figure | before | 1st fifth | 2nd | 3rd | 4th | 5th | after | |\n\
                        |---|---|---|---|---|---|---|---|---|\n"
            .to_owned();
        for figure in &FIGURES {
            let Figure { name, decimals, value, .. } = figure;
            let _ = write!(text, "| {name} |");
            let fifths = self.fifths(*value);
            for value in [value(&self.before)].into_iter().chain(fifths).chain([value(&self.after)])
            {
                let _ = write!(text, " {value:.decimals$} |");
            }
            let _ =
                writeln!(text, " {} |", if self.fault_of(figure).is_none() { '✓' } else { '✗' });
        }
        let Self { made, after, .. } = self;
        let _ = write!(
            text,
            "\nMedians of the fifths. Exchanges: {made} made, {} reported.",
            after.reported
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::watched::Lost;
    use super::*;

    /// A run of ten looks, in which a sample is changed with each.
    fn soak(change: impl Fn(&mut Sample, f64)) -> Soak {
        let calm = Sample {
            memory_mib: 20.0,
            kernel_mib: 9.0,
            files: 40.0,
            threads: 5.0,
            tracked: 3.0,
            entries: 2.0,
            lost: Lost::default(),
            reported: 1000.0,
        };
        let at = |time: u32| {
            let mut sample = calm;
            change(&mut sample, f64::from(time));
            sample
        };
        Soak { before: calm, during: (0..10).map(at).collect(), after: at(10), made: 1000.0 }
    }

    #[test]
    fn each_thing_that_is_kept_or_lost_is_a_fault() {
        type Change = fn(&mut Sample, f64);
        let cases: [(&str, Change); 11] = [
            ("anonymous memory, MiB: from 23.0 to 29.0", |it, time| {
                it.memory_mib += time;
            }),
            ("kernel memory of maps and programs, MiB: from 12.0 to 18.0", |it, time| {
                it.kernel_mib += time;
            }),
            ("open files: from 46 to 58", |it, time| it.files += 2.0 * time),
            ("threads: from 11 to 23", |it, time| it.threads += 2.0 * time),
            ("connections tracked: from 3 to 1003", |it, time| it.tracked += 100.0 * time),
            ("entries of tables in the kernel: from 2 to 1002", |it, time| {
                it.entries += 100.0 * time;
            }),
            ("payload records lost: from 0 to 1", |it, _| it.lost.payload = 1.0),
            ("connection records lost: from 0 to 2", |it, _| it.lost.connections = 2.0),
            ("lost in tables and sinks: from 0 to 3", |it, _| it.lost.later = 3.0),
            ("999 exchanges of 1000 were reported", |it, _| it.reported = 999.0),
            ("1001 exchanges of 1000 were reported", |it, _| it.reported = 1001.0),
        ];
        for (fault, change) in cases {
            assert_eq!(soak(change).faults(), [fault]);
        }
    }

    #[test]
    fn warming_up_and_what_comes_back_are_none() {
        let cases: [fn(&mut Sample, f64); 4] = [
            |_, _| {},
            |it, time| it.memory_mib += if time < 2.0 { time - 9.0 } else { 0.0 },
            |it, time| it.tracked += if time < 10.0 { 5000.0 } else { 0.0 },
            |it, time| it.files += time,
        ];
        for change in cases {
            let soak = soak(change);
            assert_eq!(soak.faults(), [""; 0]);
            assert!(!soak.table().contains('✗'), "{}", soak.table());
        }
    }

    #[test]
    fn the_table_has_fifths_and_the_exchanges() {
        let table = soak(|it, time| it.files += 4.0 * time).table();
        assert!(table.contains("| open files | 40 | 44 | 52 | 60 | 68 | 76 | 80 | ✗ |"), "{table}");
        assert!(table.ends_with("Exchanges: 1000 made, 1000 reported."), "{table}");
    }

    #[test]
    fn a_run_too_short_to_judge_is_a_fault() {
        let soak = Soak { during: Vec::new(), ..soak(|_, _| {}) };
        assert_eq!(soak.faults().last().unwrap(), "0 looks at the daemon are too few");
    }
}
