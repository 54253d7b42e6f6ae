//! Host, capture, loss and findings, in two lines. What has no room goes in the order
//! of its rank.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::paint::{Look, Text, piece, put_text, text_width};
use crate::pipeline::finding::Severity;
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::replay::{Phase, Progress, Speed};
use crate::tui::state::State;
use crate::tui::theme::Tone;

/// A piece of the header; those of higher rank go first.
struct Item {
    rank: u8,
    text: Text<'static>,
}

/// Draws the header.
pub(crate) fn render(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look, model: &Model) {
    let lines = [capture_items(state, look, model), loss_items(area.width, look, model)];
    for (y, items) in (area.y..area.bottom()).zip(lines) {
        let line = fit(items, usize::from(area.width));
        put_text(frame.buffer_mut(), Rect { y, height: 1, ..area }, look, &line);
    }
}

fn capture_items(state: &State, look: Look, model: &Model) -> Vec<Item> {
    let uptime = match &state.daemon {
        Some(daemon) => {
            let now = look.now.wall_offset.wall(look.now.time);
            Duration::from_nanos(now.0.saturating_sub(daemon.started.0))
        }
        None => look.now.time.since(model.started),
    };
    let uptime = match uptime.as_secs() {
        0..60 => "<1m".to_owned(),
        _ => format::age(uptime),
    };
    let mut items = vec![
        item(0, "apiwatch", Tone::Accent),
        item(1, look.private(state.host.clone()), Tone::Strong),
        item(5, format!("up {uptime}"), Tone::Plain),
    ];
    if let Some(daemon) = &state.daemon {
        items.push(item(7, daemon.version.clone(), Tone::Plain));
    }
    if let Some(progress) = &state.replay {
        items.push(replay(progress, look));
    }
    let Some(stats) = &model.stats else {
        if state.replay.is_some() {
            return items;
        }
        items.push(item(2, "waiting for the capture", Tone::Warning));
        return items;
    };
    let status = &model.status;
    match status.tier {
        Some(tier) => items.push(item(4, format!("tier {tier}"), Tone::Plain)),
        None if state.replay.is_some() => {}
        None => items.push(item(4, "no capture", Tone::Warning)),
    }
    if state.replay.is_none() {
        items.push(item(6, format!("{} probes", status.programs.len()), Tone::Plain));
    }
    if !status.declined.is_empty() {
        items.push(item(3, format!("! {} declined", status.declined.len()), Tone::Warning));
    }
    let rate = format::rate(model.exchange_rate(look.now.time));
    items.push(item(0, format!("{rate} exch/s"), Tone::Strong));
    let open = format::grouped(stats.connections_tracked);
    items.push(item(2, format!("{open} connections"), Tone::Plain));
    items
}

fn loss_items(width: u16, look: Look, model: &Model) -> Vec<Item> {
    let mut items = vec![lost(look, model), uncaptured(look, model)];
    if model.dropped > 0 {
        let dropped = format::grouped(model.dropped);
        items.push(item(0, format!("! UI missed {dropped}"), Tone::Bad));
    }
    items.push(Item { rank: 1, text: findings(width, model) });
    items
}

/// How fast the replay goes, and where it is.
fn replay(progress: &Progress, look: Look) -> Item {
    let (pace, tone) = match (progress.phase, progress.speed) {
        (Phase::Paused, _) => ("paused".to_owned(), Tone::Warning),
        (Phase::Ended, _) => ("ended".to_owned(), Tone::Strong),
        (Phase::Broken, _) => ("! DAMAGED".to_owned(), Tone::Bad),
        (Phase::Running, Speed::Max) => ("max".to_owned(), Tone::Accent),
        (Phase::Running, Speed::Times(times)) => (format!("{times}x"), Tone::Accent),
    };
    let time = progress.time.map(|time| format!(" {}", look.time_of_day(time)));
    let percent = progress.percent.map(|percent| format!(" {percent}%"));
    let parts = [time, percent].map(Option::unwrap_or_default).concat();
    item(0, format!("replay {pace}{parts}"), tone)
}

fn lost(look: Look, model: &Model) -> Item {
    match (&model.stats, model.lost()) {
        (None, 0) => item(0, format!("lost {}", look.theme.none()), Tone::Plain),
        (Some(_), 0) => item(0, "lost 0", Tone::Good),
        (_, lost) => item(0, format!("! LOST {}", format::grouped(lost)), Tone::Bad),
    }
}

fn uncaptured(look: Look, model: &Model) -> Item {
    match model.uncaptured() {
        None => item(2, format!("uncaptured {}", look.theme.none()), Tone::Plain),
        Some(share) => {
            let tone = if share > 0.0 { Tone::Warning } else { Tone::Good };
            item(2, format!("uncaptured {}", format::percent(share)), tone)
        }
    }
}

/// With the words of severities where there is room for them, else with their marks.
fn findings(width: u16, model: &Model) -> Text<'static> {
    const SEVERITIES: [(Severity, &str, &str, Tone); 5] = [
        (Severity::Critical, "!!", "critical", Tone::Bad),
        (Severity::High, "!", "high", Tone::Bad),
        (Severity::Medium, "^", "medium", Tone::Warning),
        (Severity::Low, "-", "low", Tone::Plain),
        (Severity::Informational, ".", "info", Tone::Plain),
    ];
    let mut text = vec![piece("findings", Tone::Plain)];
    for (severity, mark, word, tone) in SEVERITIES {
        let count = model.findings.count(severity);
        let tone = if count > 0 { tone } else { Tone::Muted };
        let shown = match width {
            0..60 => format!(" {mark}{count}"),
            60..100 => format!("  {mark} {count}"),
            _ => format!("   {mark} {count} {word}"),
        };
        text.push(piece(shown, tone));
    }
    text
}

fn item(rank: u8, text: impl Into<std::borrow::Cow<'static, str>>, tone: Tone) -> Item {
    Item { rank, text: vec![piece(text, tone)] }
}

/// The items that have room, two spaces apart.
fn fit(mut items: Vec<Item>, width: usize) -> Text<'static> {
    let needed = |items: &[Item]| {
        items.iter().map(|item| text_width(&item.text) + 2).sum::<usize>().saturating_sub(2)
    };
    while needed(&items) > width {
        let Some(worst) = items.iter().map(|item| item.rank).max().filter(|rank| *rank > 0) else {
            break;
        };
        let Some(at) = items.iter().rposition(|item| item.rank == worst) else { break };
        items.remove(at);
    }
    let mut line = Text::new();
    for item in items {
        if !line.is_empty() {
            line.push(piece("  ", Tone::Plain));
        }
        line.extend(item.text);
    }
    line
}
