//! The screens in the documentation are those of the recording, as they are drawn now.

use std::path::{Path, PathBuf};

use super::replay::replayed;
use super::screen_at;
use crate::pipeline::detect::Moment;
use crate::tui::replay::{Phase, Progress, Speed};
use crate::tui::state::State;

const PAGES: [&str; 2] = ["README.md", "docs/terminal-ui.md"];

/// Name, size, keys.
const SCREENS: [(&str, (u16, u16), &str); 8] = [
    ("overview", (110, 24), "-"),
    ("exchanges", (110, 16), "2"),
    ("destinations", (110, 8), "3"),
    ("endpoints", (110, 10), "4"),
    ("findings", (110, 11), "5"),
    ("health", (110, 26), "6"),
    ("finding", (110, 24), "5<Enter>"),
    ("handshake", (110, 30), "3/encryption:tls<Enter><Enter>"),
];

/// `INSTA_UPDATE=always` writes what differs, as it does with snapshots.
#[test]
fn documented_screens_are_as_they_are_drawn() {
    let (state, now) = recording();
    for page in PAGES {
        let path = root().join(page);
        let found = std::fs::read_to_string(&path).expect("the page is there");
        let drawn = with_screens(&found, &state, now);
        if found != drawn && std::env::var_os("INSTA_UPDATE").is_some_and(|it| it == "always") {
            std::fs::write(&path, &drawn).expect("the page can be written");
        } else {
            assert!(found == drawn, "{page} is stale: run this test with INSTA_UPDATE=always");
        }
    }
}

/// As `apiwatch top --replay` shows it at the end of the file.
fn recording() -> (State, Moment) {
    let (mut state, now) = replayed();
    let time = Some(now.wall_offset.wall(now.time));
    let (speed, phase, percent) = (Speed::Max, Phase::Ended, Some(100));
    state.replay = Some(Progress { speed, phase, time, percent });
    (state, now)
}

/// A page with each block after `<!-- screen: NAME -->` as it is drawn.
fn with_screens(page: &str, state: &State, now: Moment) -> String {
    let mut pieces = page.split("<!-- screen: ");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once(" -->\n```text\n").expect("a name, then a block");
        let (_, rest) = rest.split_once("```\n").expect("the end of the block");
        let screen = SCREENS.iter().find(|(known, ..)| *known == name);
        let (_, size, keys) = screen.unwrap_or_else(|| panic!("there is no screen {name}"));
        text += &format!("<!-- screen: {name} -->\n```text\n");
        text += &drawn(state, *size, keys, now);
        text += "```\n";
        text += rest;
    }
    text
}

fn drawn(state: &State, size: (u16, u16), keys: &str, now: Moment) -> String {
    let terminal = screen_at(state.clone(), size, keys, now);
    let cells = terminal.backend().buffer().content();
    let lines = cells.chunks(usize::from(size.0));
    let line = |cells: &[ratatui::buffer::Cell]| -> String {
        let text: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.trim_end().to_owned() + "\n"
    };
    lines.map(line).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
