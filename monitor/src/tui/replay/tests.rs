use super::*;
use crate::pipeline::time::WallOffset;

const fn seconds(seconds: u64) -> Timestamp {
    Timestamp(seconds * 1_000_000_000)
}

#[test]
fn what_was_recorded_comes_when_it_is_due() {
    let (now, once) = (Due::Now, Speed::Times(1.0));
    let due_in = |secs| Due::In(Duration::from_secs(secs));
    for (speed, time, at, due) in [
        (once, 1_000, 50, now),
        (once, 1_010, 50, due_in(10)),
        (once, 1_010, 57, due_in(3)),
        (once, 1_010, 60, now),
        (once, 1_010, 99, now),
        (once, 990, 50, now),
        (Speed::Times(10.0), 1_010, 50, due_in(1)),
        (Speed::Times(0.5), 1_010, 50, due_in(20)),
        (Speed::Max, 9_999, 50, now),
    ] {
        let mut pacer = Pacer { speed, pause: Pause::Off, anchor: None };
        assert_eq!(pacer.due(seconds(1_000), seconds(50)), Due::Now, "the first is at once");
        assert_eq!(pacer.due(seconds(time), seconds(at)), due, "{speed:?} {time} at {at}");
    }
}

/// A change never jumps: what was reached stays reached, and what was to come is to come.
#[test]
fn the_pace_changes_from_where_it_is() {
    let mut pacer = Pacer { speed: Speed::Times(1.0), pause: Pause::Off, anchor: None };
    assert_eq!(pacer.due(seconds(1_000), seconds(50)), Due::Now);
    for (pace, at, position, rest) in [
        (Pace::Faster, 54, 1_004, Due::In(Duration::from_secs(8))),
        (Pace::Pause, 56, 1_008, Due::Never),
        (Pace::Slower, 80, 1_008, Due::Never),
        (Pace::Pause, 90, 1_008, Due::In(Duration::from_secs(12))),
        (Pace::Slower, 92, 1_010, Due::In(Duration::from_secs(20))),
    ] {
        pacer.change(pace, seconds(at), None);
        assert_eq!(pacer.position(seconds(at)), Some(seconds(position)), "{pace:?} at {at}");
        assert_eq!(pacer.due(seconds(1_020), seconds(at)), rest, "{pace:?} at {at}");
    }
}

/// Where it went as fast as it could, it goes on from what it had reached.
#[test]
fn the_pace_changes_from_what_was_reached() {
    let mut pacer = Pacer { speed: Speed::Max, pause: Pause::Off, anchor: None };
    pacer.change(Pace::Slower, seconds(50), Some(seconds(1_000)));
    assert_eq!(pacer.speed, Speed::Times(100.0));
    assert_eq!(pacer.due(seconds(1_200), seconds(50)), Due::In(Duration::from_secs(2)));
}

#[test]
fn speeds_step_from_wherever_they_are() {
    for (from, slower, faster) in [
        ("1", "0.5", "2"),
        ("3", "2", "5"),
        ("0.25", "0.25", "0.5"),
        ("0.01", "0.01", "0.25"),
        ("100", "50", "max"),
        ("max", "100", "max"),
        ("1000", "100", "max"),
    ] {
        let speed: Speed = from.parse().unwrap();
        assert_eq!(speed.to_string(), from);
        assert_eq!(speed.neighbour(Pace::Slower).to_string(), slower);
        assert_eq!(speed.neighbour(Pace::Faster).to_string(), faster);
    }
    for wrong in ["", "0", "-1", "nan", "inf", "1001", "fast", "MAX"] {
        assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
    }
}

fn moment(time: Timestamp) -> Moment {
    Moment { time, wall_offset: WallOffset(0) }
}

#[test]
fn a_pause_holds_the_reader_until_it_ends() {
    let playback = Playback::new(Speed::Max, 200);
    assert_eq!(playback.reach(moment(seconds(0)), 10), Turn::Due, "it has no time");
    assert_eq!(playback.reach(moment(seconds(10)), 50), Turn::Due);
    playback.change(Pace::Pause);
    assert_eq!(playback.reach(moment(seconds(11)), 100), Turn::Early);
    let progress = playback.progress();
    assert_eq!((progress.phase, progress.percent), (Phase::Paused, Some(50)));
    let reader = playback.clone();
    let reading = std::thread::spawn(move || reader.wait(seconds(11)));
    playback.change(Pace::Pause);
    assert_eq!(reading.join().unwrap(), ControlFlow::Continue(()));
    playback.break_off();
    assert_eq!(playback.progress().phase, Phase::Broken);
    playback.finish();
    assert_eq!(playback.progress().phase, Phase::Ended);
    assert_eq!(playback.progress().time, Some(WallTime(seconds(11).0)));
}

#[test]
fn quitting_ends_the_wait() {
    let playback = Playback::new(Speed::Times(0.01), 0);
    assert_eq!(playback.reach(moment(seconds(10)), 1), Turn::Due);
    assert_eq!(playback.reach(moment(seconds(1_000_000)), 2), Turn::Early);
    let reader = playback.clone();
    let reading = std::thread::spawn(move || reader.wait(seconds(1_000_000)));
    playback.abandon();
    assert_eq!(reading.join().unwrap(), ControlFlow::Break(()));
    assert_eq!(playback.reach(moment(seconds(1_000_000)), 2), Turn::Over);
    assert_eq!(playback.progress().percent, None);
}
