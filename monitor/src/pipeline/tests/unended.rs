use super::*;

fn second(number: u64) -> Timestamp {
    Timestamp(number * 1_000_000_000)
}

/// Two connections that are never heard of again, opened at 1 s and at 1000 s.
fn two_opened() -> Pipeline {
    let mut pipeline = pipeline();
    for (cookie, time) in [(Cookie(1), 1), (Cookie(2), 1000)] {
        let time = second(time);
        let open = event(ConnectionChange::Open, cookie, Role::Client);
        pipeline.handle_input(Input::Connection(ConnectionEvent { time, ..open }));
    }
    pipeline
}

fn lose(pipeline: &mut Pipeline, stage: Stage, time: Timestamp) {
    let (reason, since) = (LossReason::RingFull, Timestamp(0));
    pipeline.handle_input(Input::Loss(Loss { stage, reason, count: 1, since, time }));
}

/// How many connections there are at this time.
fn left(pipeline: &mut Pipeline, time: Timestamp) -> usize {
    pipeline.handle_input(Input::Tick { time, wall_offset: WallOffset(0) });
    pipeline.connections.len()
}

#[test]
fn only_an_idle_connection_whose_end_may_be_lost_is_ended() {
    // What was lost and when, and how many are left at some time; an hour is idle.
    let cases = [
        (None, 100_000, 2),
        (Some((Stage::DataRing, 10)), 100_000, 2),
        (Some((Stage::ControlRing, 10)), 3_600, 2),
        (Some((Stage::ControlRing, 10)), 3_601, 1),
        (Some((Stage::ControlRing, 10)), 100_000, 1),
        (Some((Stage::ControlRing, 2_000)), 100_000, 0),
    ];
    for (loss, time, expected) in cases {
        let mut pipeline = two_opened();
        if let Some((stage, time)) = loss {
            lose(&mut pipeline, stage, second(time));
        }
        assert_eq!(left(&mut pipeline, second(time)), expected, "{loss:?}, at {time} s");
        let closed = outputs(&mut pipeline);
        let closed = reports(&closed, ConnectionEventKind::Close);
        assert_eq!(closed.len(), 2 - expected, "{loss:?}, at {time} s");
        assert_eq!(pipeline.stats().connections_evicted, 0);
    }
}

#[test]
fn connections_are_looked_at_once_a_minute_while_one_is_doubted() {
    let mut pipeline = two_opened();
    lose(&mut pipeline, Stage::ControlRing, second(10));
    // The first is idle for an hour at 3601 s, between two looks.
    for (time, expected) in [(3_560, 2), (3_610, 2), (3_620, 1), (100_000, 1)] {
        assert_eq!(left(&mut pipeline, second(time)), expected, "at {time} s");
    }
    assert_eq!(pipeline.unended.due(second(200_000)), None, "nothing is doubted any more");
}
