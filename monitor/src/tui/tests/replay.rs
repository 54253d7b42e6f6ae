//! Recorded traffic of curl and nginx through the pipeline into the screens.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use insta::assert_snapshot;

use super::{screen_at, styles};
use crate::capture::status::CaptureStatus;
use crate::pipeline::Pipeline;
use crate::pipeline::detect::Moment;
use crate::pipeline::input::Input;
use crate::pipeline::settings::Settings;
use crate::trace::TraceReader;
use crate::tui::state::State;
use crate::tui::theme::{Glyphs, Palette, Theme};

const TRACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/trace/bank.apiwatch-trace");

/// A state that has seen all of the trace, at its last tick.
pub(super) fn replayed() -> (State, Moment) {
    let path = Path::new(TRACE);
    let file = BufReader::new(File::open(path).expect("the trace is there"));
    let mut reader = TraceReader::new(file, path.to_owned()).expect("it is a trace");
    let mut pipeline = Pipeline::new(Arc::new(Settings::default()));
    let theme = Theme { palette: Palette::Mono, glyphs: Glyphs::Unicode };
    let mut seen: Option<(State, Moment)> = None;
    while let Some(input) = reader.next().expect("it is whole") {
        let tick = match input {
            Input::Tick { time, wall_offset } => Some(Moment { time, wall_offset }),
            _ => None,
        };
        pipeline.handle_input(input);
        if let Some(now) = tick {
            let new = || (State::new(theme, "bank-1".to_owned(), now), now);
            let (state, at) = seen.get_or_insert_with(new);
            *at = now;
            drain(&mut pipeline, state, now);
        }
    }
    let (mut state, now) = seen.expect("a trace has ticks");
    pipeline.finish();
    drain(&mut pipeline, &mut state, now);
    (state, now)
}

fn drain(pipeline: &mut Pipeline, state: &mut State, now: Moment) {
    while let Some(output) = pipeline.poll_output() {
        state.live.accept(output, now.time);
    }
    state.live.observe(pipeline.stats(), CaptureStatus::default(), now.time);
    state.live.cover(pipeline.coverage(), now.time);
}

/// Sizes of terminals that every screen is drawn at.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (60, 15)];

/// Each screen by its name and the key that shows it.
const SCREENS: [(&str, &str); 6] = [
    ("overview", "-"),
    ("exchanges", "2"),
    ("destinations", "3"),
    ("endpoints", "4"),
    ("findings", "5"),
    ("health", "6"),
];

/// Ways from one screen to another: name, size, keys.
const WAYS: [(&str, (u16, u16), &str); 4] = [
    ("finding_to_destination", (80, 24), "5<Enter>d"),
    ("finding_to_exchanges", (80, 24), "5<Enter>o"),
    ("connection_80x24", (80, 24), "2<Enter>o"),
    ("tls_destination_80x40", (80, 40), "3/encryption:tls<Enter><Enter>"),
];

/// Every screen at every size, under a name of its own.
fn everything() -> impl Iterator<Item = (String, (u16, u16), &'static str)> {
    SCREENS.into_iter().flat_map(|(name, keys)| {
        SIZES.map(|(width, height)| (format!("{name}_{width}x{height}"), (width, height), keys))
    })
}

#[test]
fn recorded_traffic_fills_every_screen() {
    let (state, now) = replayed();
    let ways = WAYS.into_iter().map(|(name, size, keys)| (name.to_owned(), size, keys));
    for (name, size, keys) in everything().chain(ways) {
        let terminal = screen_at(state.clone(), size, keys, now);
        assert_snapshot!(format!("replay_{name}"), terminal.backend());
    }
}

/// What stands out does so with colours and without.
#[test]
fn recorded_traffic_looks_the_same_with_and_without_colour() {
    let (state, now) = replayed();
    for (name, size, keys) in everything() {
        for (palette, suffix) in [(Palette::Ansi, "colour"), (Palette::Mono, "mono")] {
            let mut state = state.clone();
            state.theme.palette = palette;
            let terminal = screen_at(state, size, keys, now);
            let map = styles(terminal.backend().buffer());
            assert_snapshot!(format!("replay_{name}_{suffix}"), map);
        }
    }
}
