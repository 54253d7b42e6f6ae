//! The terminal loop: keys and the feed in, frames out.

use std::io::{self, IsTerminal};
use std::time::Duration;

use anyhow::Context;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEventKind};

use super::feed::{Feed, Next};
use super::keys;
use super::render::render;
use super::state::{Connection, Reaction, State};
use super::theme::{Glyphs, Palette, Theme};
use crate::clock;
use crate::pipeline::detect::Moment;
use crate::pipeline::time::{Timestamp, WallOffset};

/// How the terminal UI looks and behaves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Name of the watched host; none for the name of this one.
    pub host: Option<String>,
    /// Whether colours may be used.
    pub palette: Palette,
    /// Which characters draw lines.
    pub glyphs: Glyphs,
    /// What to do when the feed ends.
    pub at_end: AtEnd,
}

/// What to do when the feed ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtEnd {
    /// Restore the terminal and return: the capture is gone.
    #[default]
    Return,
    /// Stay, and say so: a file was read to its end.
    Stay,
}

/// Runs the terminal UI in this thread until it is quit or the feed ends; restores the
/// terminal in any case, a panic included.
///
/// # Errors
/// Where stdout is not a terminal, or reading from or drawing to it fails.
pub fn run(feed: Feed, options: Options) -> anyhow::Result<()> {
    let needs = "the terminal UI needs a terminal";
    anyhow::ensure!(io::stdout().is_terminal(), "{needs}, and stdout is none");
    let mut terminal = ratatui::try_init().context(needs)?;
    let result = Session::new(feed, options).run(&mut terminal);
    let restored = ratatui::try_restore();
    result.context("the terminal failed")?;
    restored.context("the terminal could not be restored")
}

/// Between two frames, whatever happens.
const FRAME: Duration = Duration::from_millis(125);
/// Outputs taken between two looks at the keys.
const BATCH: usize = 4_096;

/// A terminal UI that runs.
struct Session {
    feed: Feed,
    at_end: AtEnd,
    state: State,
    /// When it was last drawn, and the pulse of then.
    drawn: Option<(Timestamp, (u64, u64))>,
    needs: Need,
}

/// What the screen needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    Nothing,
    Draw,
    ClearAndDraw,
}

/// Whether the feed will say more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Supply {
    Open,
    Ended,
}

impl Session {
    fn new(feed: Feed, options: Options) -> Self {
        let theme = Theme { palette: options.palette, glyphs: options.glyphs };
        let host = options.host.unwrap_or_else(host_name);
        let state = State::new(theme, host, moment());
        Self { feed, at_end: options.at_end, state, drawn: None, needs: Need::Draw }
    }

    fn run(&mut self, terminal: &mut DefaultTerminal) -> io::Result<()> {
        loop {
            let now = moment();
            if self.take(now) == Supply::Ended && self.at_end == AtEnd::Return {
                return Ok(());
            }
            self.draw(terminal, now)?;
            if !event::poll(self.patience(now))? {
                continue;
            }
            if self.react(&event::read()?, moment()) == Reaction::Quit {
                return Ok(());
            }
        }
    }

    /// Takes what the feed has; says whether that was the last of it.
    fn take(&mut self, now: Moment) -> Supply {
        for _ in 0..BATCH {
            match self.feed.next() {
                Next::Output(output) => {
                    self.state.live.accept(*output, now.time);
                    self.changed();
                }
                Next::Quiet => break,
                Next::Ended => return self.ended(now),
            }
        }
        self.take_latest(now);
        Supply::Open
    }

    fn take_latest(&mut self, now: Moment) {
        let dropped = self.feed.dropped();
        if dropped != self.state.live.dropped {
            self.state.live.dropped = dropped;
            self.changed();
        }
        if let Some(processes) = self.feed.coverage() {
            self.state.live.cover(processes, now.time);
            self.changed();
        }
        if let Some((stats, status)) = self.feed.latest()
            && self.state.live.observe(stats, status, now.time)
        {
            self.changed();
        }
    }

    fn ended(&mut self, now: Moment) -> Supply {
        self.take_latest(now);
        if self.state.connection == Connection::Live {
            self.state.connection = Connection::Ended(now.time);
            self.need(Need::Draw);
        }
        Supply::Ended
    }

    fn draw(&mut self, terminal: &mut DefaultTerminal, now: Moment) -> io::Result<()> {
        let pulse = self.state.pulse(now);
        if self.drawn.is_none_or(|(_, drawn)| drawn != pulse) {
            self.need(Need::Draw);
        }
        let is_soon = self.drawn.is_some_and(|(at, _)| now.time.since(at) < FRAME);
        if self.needs == Need::Nothing || is_soon {
            return Ok(());
        }
        if self.needs == Need::ClearAndDraw {
            terminal.clear()?;
        }
        self.state.size = terminal.size()?;
        terminal.draw(|frame| render(frame, &self.state, now))?;
        self.drawn = Some((now.time, pulse));
        self.needs = Need::Nothing;
        Ok(())
    }

    /// How long to wait for a key: until the next frame may be drawn.
    fn patience(&self, now: Moment) -> Duration {
        let since = self.drawn.map_or(FRAME, |(at, _)| now.time.since(at));
        match FRAME.saturating_sub(since) {
            Duration::ZERO => FRAME,
            rest => rest,
        }
    }

    fn react(&mut self, event: &Event, now: Moment) -> Reaction {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                let Some(command) = keys::command(&self.state.mode, *key) else {
                    return Reaction::Draw;
                };
                let reaction = self.state.apply(command, now);
                self.need(match reaction {
                    Reaction::Redraw => Need::ClearAndDraw,
                    Reaction::Draw | Reaction::Quit => Need::Draw,
                });
                reaction
            }
            Event::Resize(width, height) => {
                self.state.size = ratatui::layout::Size::new(*width, *height);
                self.need(Need::Draw);
                Reaction::Draw
            }
            _ => Reaction::Draw,
        }
    }

    /// New data is not shown while the view is frozen.
    fn changed(&mut self) {
        if self.state.frozen.is_none() {
            self.need(Need::Draw);
        }
    }

    fn need(&mut self, need: Need) {
        self.needs = self.needs.max(need);
    }
}

fn moment() -> Moment {
    let (time, wall) = (clock::monotonic(), clock::wall());
    Moment { time, wall_offset: WallOffset(wall.0.wrapping_sub(time.0).cast_signed()) }
}

/// The name of this host, or that it has none.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "(no host name)".to_owned(),
        name => name.to_owned(),
    }
}
