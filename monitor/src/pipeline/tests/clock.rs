use std::time::Duration;

use super::*;

const HOUR_NS: i64 = 3_600_000_000_000;
const TEN_YEARS_NS: i64 = 10 * 365 * 24 * HOUR_NS;
/// Some day in 2026.
const NOW_NS: i64 = 1_790_000_000_000_000_000;

/// What is told of an hour of calls, one a minute, but for the times of the clock on the
/// wall; `step` is where that clock stands in each minute.
fn told(step: impl Fn(u64) -> i64) -> (Vec<String>, Stats) {
    let mut pipeline = pipeline();
    open_both(&mut pipeline);
    let mut end = End::default();
    let mut lines = Vec::new();
    for minute in 1..=60 {
        let time = Timestamp::default().plus(Duration::from_secs(minute * 60));
        pipeline.handle_input(Input::Tick { time, wall_offset: WallOffset(NOW_NS + step(minute)) });
        for (direction, bytes) in [(Direction::Egress, REQUEST), (Direction::Ingress, RESPONSE)] {
            let at = time.plus(Duration::from_millis(7 * u64::from(end.records % 2)));
            let record = Record { time: at, ..end.record(direction, bytes) };
            pipeline.handle_input(Input::Record(record));
        }
        lines.extend(outputs(&mut pipeline).iter().map(line));
    }
    (lines, pipeline.stats())
}

fn line(output: &Output) -> String {
    match output {
        Output::Exchange(it) => format!("exchange {:?} {:?}", it.duration, it.ttfb),
        Output::Connection(it) => format!("connection {:?}", it.event),
        Output::Finding(it) => format!("finding {:?} {:?} {}", it.kind, it.state, it.count),
        _ => "other".to_owned(),
    }
}

#[test]
fn steps_of_the_clock_on_the_wall_change_no_duration_and_expire_nothing() {
    let steady = told(|_| 0);
    assert!(steady.0.iter().any(|it| it.contains("exchange Some(7ms)")), "{:?}", steady.0);
    let forth = |by: i64| move |minute| if minute >= 20 { by } else { 0 };
    let there_and_back = |by: i64| move |minute| if (20..40).contains(&minute) { by } else { 0 };
    for by in [HOUR_NS, -HOUR_NS, TEN_YEARS_NS, -TEN_YEARS_NS, -NOW_NS] {
        assert_eq!(told(forth(by)), steady, "a step of {by} ns");
        assert_eq!(told(there_and_back(by)), steady, "a step of {by} ns and back");
    }
}
