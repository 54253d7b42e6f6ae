//! Status as text for people: a line for each thing, its name first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::control::status::Status;
use crate::pipeline::coverage::ProcessCoverage;
use crate::pipeline::input::UncapturedReason;
use crate::pipeline::output::CoverageGap;
use crate::pipeline::text::{clipped, date_time, printable, size};
use crate::pipeline::time::WallTime;
use crate::sandbox::Sandbox;
use crate::sink::name;

/// Processes that are shown: those with the most unread bytes.
const PROCESSES: usize = 5;

/// Most characters of an identity.
const IDENTITY: usize = 40;

/// Every line, those of what ails last.
pub(super) fn render(status: &Status, ailments: &[String]) -> String {
    let mut lines = identity(status);
    lines.extend(traffic(status));
    lines.extend(unread(status).into_iter().map(|line| ("unread", line)));
    lines.extend(resources(status));
    match ailments {
        [] => lines.push(("health", "healthy".to_owned())),
        ailments => {
            lines.extend(ailments.iter().map(|it| ("health", format!("degraded: {it}"))));
        }
    }
    let mut last = "";
    let shown = lines.into_iter().map(|(name, value)| {
        let name = if std::mem::replace(&mut last, name) == name { "" } else { name };
        format!("{name:<14}{value}\n")
    });
    shown.collect()
}

type Line = (&'static str, String);

fn identity(status: &Status) -> Vec<Line> {
    let up = Duration::from_nanos(status.time.0.saturating_sub(status.started.0));
    let config = status.config.as_deref().map_or("built-in defaults".into(), printable);
    let mut lines = vec![
        ("host", format!("{}, kernel {}", printable(&status.host), printable(&status.kernel))),
        ("apiwatch", format!("{}, process {}", printable(&status.version), status.pid)),
        ("up since", format!("{} ({})", time(status.started), age(up))),
        ("configuration", config.into_owned()),
    ];
    lines.extend(status.coverage_gap.as_ref().map(|gap| ("not watched", not_watched(gap))));
    lines
}

/// From when to when, how long, and why.
fn not_watched(gap: &CoverageGap) -> String {
    let (end, cause) = (time(gap.time), gap.cause.name());
    match gap.since().zip(gap.duration) {
        Some((since, length)) => format!("{} to {end} ({}, {cause})", time(since), age(length)),
        None => format!("until {end} (since when is not known, {cause})"),
    }
}

fn traffic(status: &Status) -> Vec<Line> {
    let stats = &status.stats;
    let tier = status.capture.tier.map_or_else(|| "none".to_owned(), |tier| tier.to_string());
    let (open, so_far) = (stats.connections_tracked, stats.connections_opened);
    let lost: u64 = stats.lost.values().sum();
    let lost = if lost == 0 { "nothing".to_owned() } else { self::lost(status) };
    vec![
        ("tier", tier),
        (
            "exchanges",
            format!("{}, {} of them incomplete", stats.exchanges, stats.exchanges_incomplete),
        ),
        ("connections", format!("{so_far}, {open} of them open")),
        ("findings", format!("{} open", stats.findings_open)),
        ("lost", lost),
        ("coverage", coverage(stats.captured_bytes, stats.moved_bytes)),
    ]
}

fn resources(status: &Status) -> Vec<Line> {
    let dropped = status.sinks.iter().filter(|(_, count)| *count > 0);
    let dropped: Vec<_> =
        dropped.map(|(sink, count)| format!("{} {count}", clipped(sink, IDENTITY))).collect();
    let dropped = if dropped.is_empty() { "nothing".to_owned() } else { dropped.join(", ") };
    let (memory, limit) = (size(status.memory_bytes), size(status.memory_limit_bytes));
    let mut lines = vec![
        ("dropped", dropped),
        ("clients", status.clients.to_string()),
        ("memory", format!("{memory}, at most {limit}")),
    ];
    lines.extend(status.sandbox.map(|Sandbox { capabilities, landlock, .. }| {
        let (capabilities, landlock) = (capabilities.name(), landlock.name());
        ("sandbox", format!("capabilities {capabilities}, landlock {landlock}"))
    }));
    lines
}

/// Lost records by stage and reason.
pub(super) fn lost(status: &Status) -> String {
    let by = status.stats.lost.iter().filter(|(_, count)| **count > 0);
    let by = by.map(|((stage, reason), count)| {
        format!("{count} {} {}", name::stage(*stage), name::loss_reason(*reason))
    });
    by.collect::<Vec<_>>().join(", ")
}

/// Processes of whose traffic most was not read, and why.
fn unread(status: &Status) -> Vec<String> {
    let unread = |process: &ProcessCoverage| process.uncaptured.values().sum::<u64>();
    let mut processes: Vec<_> =
        status.processes.iter().filter(|process| unread(process) > 0).collect();
    processes.sort_by_key(|process| Reverse(unread(process)));
    processes.truncate(PROCESSES);
    processes
        .into_iter()
        .map(|process| {
            let (identity, bytes) = (clipped(&process.identity, IDENTITY), size(unread(process)));
            let moved = size(process.moved);
            format!("{identity}: {bytes} of {moved}: {}", reasons(&process.uncaptured))
        })
        .collect()
}

/// The most first.
fn reasons(uncaptured: &BTreeMap<UncapturedReason, u64>) -> String {
    let mut reasons: Vec<_> = uncaptured.iter().filter(|(_, bytes)| **bytes > 0).collect();
    reasons.sort_by_key(|(_, bytes)| Reverse(**bytes));
    let shown = reasons
        .into_iter()
        .map(|(reason, bytes)| format!("{} {}", name::uncaptured_reason(*reason), size(*bytes)));
    shown.collect::<Vec<_>>().join(", ")
}

/// Never rounded up to all.
fn coverage(captured: u64, moved: u64) -> String {
    if moved == 0 {
        return "nothing has moved".to_owned();
    }
    let tenths = (u128::from(captured.min(moved)) * 1000 / u128::from(moved)) as u32;
    format!("{}.{} % of {} read", tenths / 10, tenths % 10, size(moved))
}

fn time(time: WallTime) -> String {
    date_time((time.0 / 1_000_000_000).cast_signed())
}

/// The two largest units.
fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_two_units() {
        let cases = [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min 1 s"),
            (3_600, "1 h 0 min"),
            (90_061, "1 d 1 h"),
            (40 * 86_400, "40 d 0 h"),
        ];
        for (seconds, shown) in cases {
            assert_eq!(age(Duration::from_secs(seconds)), shown);
        }
    }

    #[test]
    fn coverage_is_not_rounded_up() {
        let cases = [
            (0, 0, "nothing has moved"),
            (0, 100, "0.0 % of 100 B read"),
            (9_999_999, 10_000_000, "99.9 % of 9.5 MiB read"),
            (100, 100, "100.0 % of 100 B read"),
            (u64::MAX, u64::MAX, "100.0 % of 16.0 EiB read"),
        ];
        for (captured, moved, shown) in cases {
            assert_eq!(coverage(captured, moved), shown);
        }
    }
}
