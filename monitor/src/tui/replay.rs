//! The pace of a replay: the thread that reads waits here, and the terminal UI says how
//! long.

use std::fmt;
use std::ops::ControlFlow;
use std::str::FromStr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock;
use crate::pipeline::detect::Moment;
use crate::pipeline::time::{Timestamp, WallTime};

/// How fast a replay goes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Speed {
    /// As fast as it can be read.
    #[default]
    Max,
    /// So many times as fast as it was recorded.
    Times(f64),
}

/// What a key changes of the pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    Slower,
    Faster,
    /// Pauses, or goes on.
    Pause,
}

/// Where a replay is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Progress {
    pub(crate) speed: Speed,
    pub(crate) phase: Phase,
    /// The time that was recorded; none before the first.
    pub(crate) time: Option<WallTime>,
    /// Of the file; none where its size is not known.
    pub(crate) percent: Option<u8>,
}

/// Whether a replay goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    Paused,
    Ended,
    /// The file is damaged here.
    Broken,
}

/// What the reader of a replay does with what it has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Shows it.
    Due,
    /// Waits before it shows it.
    Early,
    /// Ends: nobody looks any more.
    Over,
}

/// A replay, shared by the thread that reads it and the terminal UI.
#[derive(Clone, Debug)]
pub struct Playback {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    pacer: Pacer,
    reached: Option<Moment>,
    read_bytes: u64,
    /// Of the file; zero where that is not known.
    total_bytes: u64,
    end: End,
}

/// Whether there is more to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Open,
    /// Everything was read.
    Read,
    /// What comes next is damaged.
    Broken,
    /// Nobody looks any more.
    Abandoned,
}

impl Playback {
    /// At the start of a file of so many bytes, zero where that is not known.
    #[must_use]
    pub fn new(speed: Speed, total_bytes: u64) -> Self {
        let pacer = Pacer { speed, pause: Pause::Off, anchor: None };
        let state = State { pacer, reached: None, read_bytes: 0, total_bytes, end: End::Open };
        let shared = Shared { state: Mutex::new(state), changed: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Whether what was recorded at this time is to be shown now; the reader has taken so
    /// many bytes of the file.
    #[must_use]
    pub fn reach(&self, moment: Moment, read_bytes: u64) -> Turn {
        let mut state = self.lock();
        state.read_bytes = read_bytes;
        if state.end != End::Open {
            return Turn::Over;
        }
        // A file begins with what has no time.
        if moment.time == Timestamp::default() {
            return Turn::Due;
        }
        state.reached = Some(moment);
        // As fast as it can be needs no clock.
        match state.pacer.is_unpaced()
            || state.pacer.due(moment.time, clock::monotonic()) == Due::Now
        {
            true => Turn::Due,
            false => Turn::Early,
        }
    }

    /// Waits until it is; breaks where nobody looks any more.
    pub fn wait(&self, time: Timestamp) -> ControlFlow<()> {
        let mut state = self.lock();
        while state.end == End::Open {
            state = match state.pacer.due(time, clock::monotonic()) {
                Due::Now => return ControlFlow::Continue(()),
                Due::In(rest) => {
                    let waited = self.shared.changed.wait_timeout(state, rest);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                Due::Never => {
                    self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
        ControlFlow::Break(())
    }

    /// Everything was read.
    pub fn finish(&self) {
        self.end(End::Read);
    }

    /// What comes next cannot be read.
    pub fn break_off(&self) {
        self.end(End::Broken);
    }

    /// Nobody looks any more: whoever waits goes on.
    pub fn abandon(&self) {
        self.end(End::Abandoned);
    }

    /// Changes the pace from now on.
    pub(crate) fn change(&self, pace: Pace) {
        let mut state = self.lock();
        let reached = state.reached.map(|reached| reached.time);
        state.pacer.change(pace, clock::monotonic(), reached);
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Where it is.
    pub(crate) fn progress(&self) -> Progress {
        let state = self.lock();
        let time = state.reached.map(|reached| {
            let at = state.pacer.position(clock::monotonic()).unwrap_or(reached.time);
            reached.wall_offset.wall(at.min(reached.time))
        });
        let phase = match (state.end, state.pacer.pause) {
            (End::Open, Pause::Off) => Phase::Running,
            (End::Open, Pause::On(_)) => Phase::Paused,
            (End::Read | End::Abandoned, _) => Phase::Ended,
            (End::Broken, _) => Phase::Broken,
        };
        let share = (state.read_bytes.saturating_mul(100)).checked_div(state.total_bytes);
        let percent = share.map(|percent| percent.min(100) as u8);
        Progress { speed: state.pacer.speed, phase, time, percent }
    }

    fn end(&self, end: End) {
        self.lock().end = end;
        self.shared.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From the time of now to the time that was recorded.
#[derive(Clone, Copy, Debug)]
struct Pacer {
    speed: Speed,
    pause: Pause,
    /// A time of now, and what was recorded that belongs to it; none before the first.
    anchor: Option<(Timestamp, Timestamp)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    Off,
    /// Since then.
    On(Timestamp),
}

/// When something is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Now,
    In(Duration),
    /// Not before the pace changes.
    Never,
}

/// What the keys step through.
const STEPS: [Speed; 9] = [
    Speed::Times(0.25),
    Speed::Times(0.5),
    Speed::Times(1.0),
    Speed::Times(2.0),
    Speed::Times(5.0),
    Speed::Times(10.0),
    Speed::Times(50.0),
    Speed::Times(100.0),
    Speed::Max,
];

impl Pacer {
    fn is_unpaced(&self) -> bool {
        self.speed == Speed::Max && self.pause == Pause::Off
    }

    /// When what was recorded at `time` is to be shown. The first is at once.
    fn due(&mut self, time: Timestamp, now: Timestamp) -> Due {
        let (started, recorded) = *self.anchor.get_or_insert((now, time));
        match (self.pause, self.speed) {
            (Pause::On(_), _) => Due::Never,
            (Pause::Off, Speed::Max) => Due::Now,
            (Pause::Off, Speed::Times(times)) => {
                let wanted = time.since(recorded).div_f64(times);
                match wanted.saturating_sub(now.since(started)) {
                    Duration::ZERO => Due::Now,
                    rest => Due::In(rest),
                }
            }
        }
    }

    /// What was recorded that belongs to now.
    fn position(&self, now: Timestamp) -> Option<Timestamp> {
        let (started, recorded) = self.anchor?;
        let now = match self.pause {
            Pause::On(since) => since,
            Pause::Off => now,
        };
        match self.speed {
            Speed::Max => None,
            Speed::Times(times) => Some(recorded.plus(now.since(started).mul_f64(times))),
        }
    }

    /// From where it is, or from what was `reached` where that is the same.
    fn change(&mut self, pace: Pace, now: Timestamp, reached: Option<Timestamp>) {
        let position = self.position(now).or(reached);
        match (pace, self.pause) {
            (Pace::Pause, Pause::Off) => self.pause = Pause::On(now),
            (Pace::Pause, Pause::On(_)) => self.pause = Pause::Off,
            (Pace::Slower | Pace::Faster, _) => self.speed = self.speed.neighbour(pace),
        }
        if let Pause::On(since) = &mut self.pause {
            *since = now;
        }
        self.anchor = position.map(|position| (now, position));
    }
}

impl Speed {
    /// The next step in a direction, from wherever it is.
    fn neighbour(self, pace: Pace) -> Self {
        let next = match pace {
            Pace::Faster => STEPS.iter().find(|step| step.times() > self.times()),
            Pace::Slower => STEPS.iter().rfind(|step| step.times() < self.times()),
            Pace::Pause => None,
        };
        next.copied().unwrap_or(self)
    }

    fn times(self) -> f64 {
        match self {
            Self::Max => f64::INFINITY,
            Self::Times(times) => times,
        }
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            _ if text == "max" => Ok(Self::Max),
            Ok(times) if (0.01..=1_000.0).contains(&times) => Ok(Self::Times(times)),
            _ => Err("give a factor from 0.01 to 1000, as 0.5 or 10, or max".to_owned()),
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Max => f.write_str("max"),
            Self::Times(times) => write!(f, "{times}"),
        }
    }
}

#[cfg(test)]
mod tests;
