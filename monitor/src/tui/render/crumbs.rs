//! In the line of the tabs: the time window, and the way back from where a step led.

use super::paint::{Look, Text, piece};
use crate::tui::state::{Mode, Screen, State};
use crate::tui::theme::Tone;

/// The way back, where there is one, and the window, where anything depends on it.
pub(crate) fn chips(state: &State, look: Look) -> Text<'static> {
    let mut chips = Text::new();
    if !state.trail.is_empty() {
        let arrow = look.theme.pick(" › ", " > ");
        let here = match &state.mode {
            Mode::Detail(detail) => detail.kept.name(),
            _ => state.screen.name(),
        };
        let names: Vec<_> = state.trail.names().chain([here]).collect();
        let shown = names.get(names.len().saturating_sub(3)..).unwrap_or_default();
        let cut = if shown.len() < names.len() { look.theme.ellipsis() } else { "" };
        chips.push(piece(format!(" {cut}{} ", shown.join(arrow)), Tone::Accent));
    }
    if matches!(state.screen, Screen::Overview | Screen::Destinations | Screen::Endpoints) {
        chips.push(piece(format!(" last {} ", state.window.label()), Tone::Strong));
    }
    chips
}
