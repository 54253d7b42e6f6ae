//! Which key does what: one table for each mode, and from them the help and the footer.

use ratatui::crossterm::event::{
    KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::editor::Edit;
use super::replay::Pace;
use super::state::{Command, Link, Mode, Screen, Subject};
use super::table::Motion;

/// A key with its modifiers; shift is part of the character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Plain(KeyCode),
    Ctrl(char),
}

/// Keys for one command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding {
    pub(crate) keys: &'static [Key],
    pub(crate) command: Command,
    /// What it does, for the help; aliases and plain typing have none.
    pub(crate) help: &'static str,
    /// One word for the footer, where it is worth a place there.
    pub(crate) short: &'static str,
}

const fn bind(keys: &'static [Key], command: Command, help: &'static str) -> Binding {
    Binding { keys, command, help, short: "" }
}

const fn footer(
    keys: &'static [Key],
    command: Command,
    help: &'static str,
    short: &'static str,
) -> Binding {
    Binding { keys, command, help, short }
}

const fn char_key(character: char) -> Key {
    Plain(KeyCode::Char(character))
}

use Key::{Ctrl, Plain};

/// Hold in every mode, after the mode's own.
const ALWAYS: &[Binding] = &[
    bind(&[Ctrl('c')], Command::Quit, "quit, from everywhere"),
    bind(&[Ctrl('l')], Command::Redraw, "draw the screen anew"),
    bind(&[Ctrl('z')], Command::Suspend, "suspend; fg comes back"),
];

/// Hold wherever no text is typed.
const LOOKING: &[Binding] = &[
    bind(&[char_key('1')], Command::Show(Screen::Overview), "overview"),
    bind(&[char_key('2')], Command::Show(Screen::Exchanges), "exchanges, newest last"),
    bind(&[char_key('3')], Command::Show(Screen::Destinations), "who talks to whom"),
    bind(&[char_key('4')], Command::Show(Screen::Endpoints), "endpoints in use"),
    bind(&[char_key('5')], Command::Show(Screen::Findings), "findings, worst first"),
    bind(&[char_key('6')], Command::Show(Screen::Health), "health of the capture"),
    bind(&[Plain(KeyCode::Tab), char_key(']')], Command::NextScreen, "next screen"),
    bind(&[Plain(KeyCode::BackTab), char_key('[')], Command::PreviousScreen, "previous screen"),
    bind(&[char_key('+'), char_key('=')], Command::LongerWindow, "longer time window"),
    bind(&[char_key('-')], Command::ShorterWindow, "shorter time window"),
    bind(&[char_key('z')], Command::NextWindow, "next time window"),
    footer(
        &[char_key('f'), char_key(' ')],
        Command::Freeze,
        "freeze; data is still collected",
        "freeze",
    ),
    bind(&[char_key('p')], Command::Privacy, "hide paths, hosts, addresses"),
    bind(&[char_key('r')], Command::ResetView, "reset filter, order, selection"),
    bind(&[char_key('y')], Command::Copy, "copy the row as JSON"),
    bind(&[char_key('w')], Command::Export, "write the rows to a file"),
    bind(&[char_key('t')], Command::Zone, "local time or UTC"),
    bind(&[char_key('m')], Command::Mouse, "mouse on or off"),
    bind(&[char_key(',')], Command::Pace(Pace::Slower), "replay slower"),
    bind(&[char_key('.')], Command::Pace(Pace::Faster), "replay faster"),
    bind(&[char_key('P')], Command::Pace(Pace::Pause), "pause the replay, or go on"),
];

/// Steps.
const STEPS: &[Binding] = &[
    bind(&[char_key('k'), Plain(KeyCode::Up)], Command::Move(Motion::Up), "up"),
    bind(&[char_key('j'), Plain(KeyCode::Down)], Command::Move(Motion::Down), "down"),
    bind(&[Ctrl('u')], Command::Move(Motion::HalfPageUp), "half a page up"),
    bind(&[Ctrl('d')], Command::Move(Motion::HalfPageDown), "half a page down"),
    bind(&[Plain(KeyCode::PageUp)], Command::Move(Motion::PageUp), "page up"),
    bind(&[Plain(KeyCode::PageDown)], Command::Move(Motion::PageDown), "page down"),
    bind(&[char_key('g'), Plain(KeyCode::Home)], Command::Move(Motion::First), "first"),
    bind(
        &[char_key('G'), Plain(KeyCode::End)],
        Command::Move(Motion::Last),
        "last; exchanges follow again",
    ),
];

const LIST: &[Binding] = &[
    footer(&[char_key('?')], Command::Help, "this help", "help"),
    footer(&[char_key('q')], Command::Quit, "quit", "quit"),
    footer(&[char_key('/')], Command::EditFilter, "filter this screen, live", "filter"),
    footer(
        &[Plain(KeyCode::Enter), char_key('l'), Plain(KeyCode::Right)],
        Command::OpenDetail,
        "all about the selected row",
        "detail",
    ),
    footer(&[char_key('s')], Command::SortColumn, "sort by the next column", "sort"),
    bind(&[char_key('S')], Command::SortDirection, "sort the other way round"),
    bind(&[Plain(KeyCode::Esc)], Command::Back, "clear the filter, then go back"),
];

const DETAIL: &[Binding] = &[
    footer(&[char_key('?')], Command::Help, "", "help"),
    footer(
        &[
            Plain(KeyCode::Esc),
            char_key('q'),
            char_key('h'),
            Plain(KeyCode::Left),
            Plain(KeyCode::Enter),
        ],
        Command::Back,
        "in a detail: back to the list",
        "back",
    ),
];

/// Steps to the rows around a detail's.
const NEIGHBOURS: &[Binding] = &[
    footer(&[char_key('n')], Command::Neighbour(Motion::Down), "in a detail: next row", "next"),
    footer(
        &[char_key('N')],
        Command::Neighbour(Motion::Up),
        "in a detail: previous row",
        "previous",
    ),
];

/// From a destination, an endpoint or a connection on.
const TO_EXCHANGES: &[Binding] = &[footer(
    &[char_key('o')],
    Command::Follow(Link::Exchanges),
    "in a detail: its exchanges",
    "exchanges",
)];

/// From an exchange on.
const TO_CONNECTION: &[Binding] = &[footer(
    &[char_key('o')],
    Command::Follow(Link::Connection),
    "of an exchange: its connection",
    "connection",
)];

/// From an exchange, a connection or a finding on.
const TO_DESTINATION: &[Binding] = &[footer(
    &[char_key('d')],
    Command::Follow(Link::Destination),
    "in a detail: its destination",
    "destination",
)];

const HELP: &[Binding] = &[footer(
    &[Plain(KeyCode::Esc), char_key('?'), char_key('q'), Plain(KeyCode::Enter)],
    Command::Back,
    "",
    "back",
)];

const FILTER: &[Binding] = &[
    footer(&[Plain(KeyCode::Enter)], Command::AcceptFilter, "", "keep"),
    footer(&[Plain(KeyCode::Esc)], Command::Back, "", "undo"),
    bind(&[Plain(KeyCode::Backspace), Ctrl('h')], Command::Edit(Edit::Backspace), ""),
    bind(&[Plain(KeyCode::Delete)], Command::Edit(Edit::Delete), ""),
    bind(&[Ctrl('w')], Command::Edit(Edit::EraseWord), ""),
    footer(&[Ctrl('u')], Command::Edit(Edit::EraseToStart), "", "clear"),
    bind(&[Plain(KeyCode::Left), Ctrl('b')], Command::Edit(Edit::Left), ""),
    bind(&[Plain(KeyCode::Right), Ctrl('f')], Command::Edit(Edit::Right), ""),
    bind(&[Plain(KeyCode::Home), Ctrl('a')], Command::Edit(Edit::Start), ""),
    bind(&[Plain(KeyCode::End), Ctrl('e')], Command::Edit(Edit::End), ""),
];

/// The tables of a mode; the first that has a key decides.
pub(crate) const fn tables(mode: &Mode) -> &'static [&'static [Binding]] {
    match mode {
        Mode::List => &[LIST, LOOKING, STEPS, ALWAYS],
        Mode::Detail(detail) => match detail.kept {
            Subject::Exchange(_) => {
                &[DETAIL, TO_CONNECTION, TO_DESTINATION, NEIGHBOURS, LOOKING, STEPS, ALWAYS]
            }
            Subject::Connection(_) => {
                &[DETAIL, TO_EXCHANGES, TO_DESTINATION, LOOKING, STEPS, ALWAYS]
            }
            Subject::Finding(_) => {
                &[DETAIL, TO_EXCHANGES, TO_DESTINATION, NEIGHBOURS, LOOKING, STEPS, ALWAYS]
            }
            Subject::Destination(_) | Subject::Endpoint(_) => {
                &[DETAIL, TO_EXCHANGES, NEIGHBOURS, LOOKING, STEPS, ALWAYS]
            }
        },
        Mode::Help(_) => &[HELP, STEPS, ALWAYS],
        Mode::Filter(_) => &[FILTER, ALWAYS],
    }
}

/// Everything that the help lists, in its order.
pub(crate) const fn help() -> &'static [&'static [Binding]] {
    &[LIST, LOOKING, STEPS, DETAIL, TO_EXCHANGES, TO_CONNECTION, TO_DESTINATION, NEIGHBOURS, ALWAYS]
}

/// What a key does in a mode.
pub(crate) fn command(mode: &Mode, event: KeyEvent) -> Option<Command> {
    let key = Key::of(event)?;
    let mut bindings = tables(mode).iter().copied().flatten();
    let bound = bindings.find(|binding| binding.keys.contains(&key));
    bound.map(|binding| binding.command).or(match (mode, key) {
        (Mode::Filter(_), Plain(KeyCode::Char(typed))) => Some(Command::Edit(Edit::Insert(typed))),
        _ => None,
    })
}

/// What the mouse does, where it is on.
pub(crate) const fn mouse(event: MouseEvent) -> Option<Command> {
    match event.kind {
        MouseEventKind::ScrollUp => Some(Command::Move(Motion::Up)),
        MouseEventKind::ScrollDown => Some(Command::Move(Motion::Down)),
        MouseEventKind::Down(MouseButton::Left) => {
            Some(Command::Click { x: event.column, y: event.row })
        }
        _ => None,
    }
}

impl Key {
    fn of(event: KeyEvent) -> Option<Self> {
        match (event.modifiers.difference(KeyModifiers::SHIFT), event.code) {
            (KeyModifiers::NONE, code) => Some(Plain(code)),
            (KeyModifiers::CONTROL, KeyCode::Char(character)) => {
                Some(Ctrl(character.to_ascii_lowercase()))
            }
            _ => None,
        }
    }

    /// How the key is written.
    pub(crate) fn label(self) -> String {
        match self {
            Ctrl(character) => format!("ctrl-{character}"),
            Plain(KeyCode::Char(' ')) => "space".to_owned(),
            Plain(KeyCode::Char(character)) => character.to_string(),
            Plain(KeyCode::BackTab) => "shift-Tab".to_owned(),
            Plain(KeyCode::PageUp) => "PgUp".to_owned(),
            Plain(KeyCode::PageDown) => "PgDn".to_owned(),
            Plain(code) => format!("{code:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key that two commands of one mode claim would leave one without effect.
    #[test]
    fn no_key_of_a_mode_is_bound_twice() {
        no_key_twice(&[LIST, LOOKING, STEPS, ALWAYS]);
        for onward in [TO_EXCHANGES, TO_CONNECTION] {
            no_key_twice(&[DETAIL, onward, TO_DESTINATION, NEIGHBOURS, LOOKING, STEPS, ALWAYS]);
        }
        no_key_twice(&[HELP, STEPS, ALWAYS]);
        no_key_twice(&[FILTER, ALWAYS]);
    }

    fn no_key_twice(tables: &[&[Binding]]) {
        let keys: Vec<_> = tables.iter().copied().flatten().flat_map(|b| b.keys).collect();
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key), "{key:?}");
        }
    }

    #[test]
    fn every_command_of_the_list_is_in_the_help() {
        for binding in tables(&Mode::List).iter().copied().flatten() {
            assert!(!binding.help.is_empty(), "{:?}", binding.command);
        }
    }
}
