//! The terminal loop: keys and the feed in, frames out.

use std::io;
use std::time::Duration;

use anyhow::Context;
use ratatui::crossterm::event::{self, Event, KeyEventKind};

use super::export;
use super::feed::{Feed, Next};
use super::format::Zone;
use super::keys;
use super::render::render;
use super::replay::{Pace, Playback};
use super::signals::Signals;
use super::state::{Connection, Reaction, State};
use super::theme::{Glyphs, Palette, Theme, Tone};
use super::tty::{Readiness, Tty};
use crate::clock;
use crate::pipeline::detect::Moment;
use crate::pipeline::time::{Timestamp, WallOffset};

/// How the terminal UI looks and behaves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Name of the watched host; none for the name of this one.
    pub host: Option<String>,
    /// What colours there are.
    pub palette: Palette,
    /// Which characters draw lines.
    pub glyphs: Glyphs,
    /// What times are shown in.
    pub zone: Zone,
    /// What to do when the feed ends.
    pub at_end: AtEnd,
    /// The pace of the replay; none where what is shown happens now.
    pub playback: Option<Playback>,
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

/// Runs the terminal UI in this thread until it is quit, a signal ends it, or the feed
/// ends; restores the terminal in any case, a panic included.
///
/// # Errors
/// Where stdout is not a terminal, or reading from or drawing to it fails.
pub fn run(feed: Feed, options: Options) -> anyhow::Result<()> {
    let signals = Signals::install().context("cannot install the handlers of signals")?;
    let mut tty = Tty::open(options.palette)?;
    let result = Session::new(feed, options, signals).run(&mut tty);
    let restored = tty.close();
    result.context("the terminal failed")?;
    restored.context("the terminal could not be restored; `reset` does it")
}

/// Between two frames, whatever happens.
const FRAME: Duration = Duration::from_millis(125);
/// Between a frame and one that answers a key: keys that repeat do not draw all the time.
const ANSWER: Duration = Duration::from_millis(20);
/// Outputs taken between two looks at the keys.
const BATCH: usize = 4_096;

/// A terminal UI that runs.
struct Session {
    feed: Feed,
    at_end: AtEnd,
    playback: Option<Playback>,
    signals: Signals,
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
    /// Someone pressed a key and waits.
    Answer,
    ClearAndDraw,
}

/// Whether the feed will say more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Supply {
    /// Perhaps later.
    Open,
    /// At once.
    Waiting,
    Ended,
}

/// Whether the loop goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Continue,
    Quit,
}

impl Session {
    fn new(feed: Feed, options: Options, signals: Signals) -> Self {
        let Options { host, palette, glyphs, zone, at_end, playback } = options;
        let host = host.unwrap_or_else(host_name);
        let mut state = State::new(Theme { palette, glyphs }, host, moment());
        state.zones = [zone, Zone::UTC];
        Self { feed, at_end, playback, signals, state, drawn: None, needs: Need::Draw }
    }

    fn run(&mut self, tty: &mut Tty) -> io::Result<()> {
        while !self.signals.stop() && tty.is_ours() {
            if self.signals.take_resume() {
                tty.resume()?;
                self.need(Need::Draw);
            }
            let now = moment();
            let supply = self.take(now);
            if supply == Supply::Ended && self.at_end == AtEnd::Return {
                return Ok(());
            }
            self.draw(tty, now)?;
            let patience = match supply {
                Supply::Waiting => Duration::ZERO,
                Supply::Open | Supply::Ended => self.patience(now),
            };
            if tty.is_gone() || self.wait(patience, tty)? == Flow::Quit {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Waits for a key, and does what it asks for.
    fn wait(&mut self, patience: Duration, tty: &mut Tty) -> io::Result<Flow> {
        // What was read before is not seen by whoever waits for the terminal.
        if event::poll(Duration::ZERO)? {
            return self.handle(&event::read()?, tty);
        }
        let readiness = tty.wait(patience)?;
        match readiness {
            Readiness::Quiet => Ok(Flow::Continue),
            Readiness::Event => self.handle(&event::read()?, tty),
            Readiness::Keys(keys) => {
                for key in keys {
                    if self.handle(&Event::Key(key), tty)? == Flow::Quit {
                        return Ok(Flow::Quit);
                    }
                }
                Ok(Flow::Continue)
            }
        }
    }

    /// Takes what the feed has, or a batch of it; says whether that was the last of it.
    fn take(&mut self, now: Moment) -> Supply {
        self.take_progress();
        for _ in 0..BATCH {
            match self.feed.next() {
                Next::Output(output) => {
                    self.state.live.accept(*output, now.time);
                    self.changed();
                }
                Next::Attached => {
                    self.state.attach(now.time);
                    self.need(Need::Draw);
                }
                Next::Known => {
                    self.state.connection = Connection::Live;
                    self.need(Need::Draw);
                }
                Next::Daemon(daemon) => {
                    self.state.meet(daemon);
                    self.need(Need::Draw);
                }
                Next::Gone => {
                    self.state.connection = Connection::Gone(now.time);
                    self.need(Need::Draw);
                }
                Next::Quiet => {
                    self.take_latest(now);
                    return Supply::Open;
                }
                Next::Ended => return self.ended(now),
            }
        }
        self.take_latest(now);
        Supply::Waiting
    }

    fn take_progress(&mut self) {
        let progress = self.playback.as_ref().map(Playback::progress);
        if progress != self.state.replay {
            self.state.replay = progress;
            self.need(Need::Draw);
        }
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
        if !matches!(self.state.connection, Connection::Ended(_)) {
            self.state.connection = Connection::Ended(now.time);
            self.need(Need::Draw);
        }
        Supply::Ended
    }

    fn draw(&mut self, tty: &mut Tty, now: Moment) -> io::Result<()> {
        if self.state.expire_message(now.time) {
            self.need(Need::Draw);
        }
        let pulse = self.state.pulse(now);
        if self.drawn.is_none_or(|(_, drawn)| drawn != pulse) {
            self.need(Need::Draw);
        }
        let is_soon = self.drawn.is_some_and(|(at, _)| now.time.since(at) < self.pause());
        if self.needs == Need::Nothing || is_soon {
            return Ok(());
        }
        if self.needs == Need::ClearAndDraw {
            tty.clear()?;
        }
        self.state.size = tty.size()?;
        tty.draw(|frame| render(frame, &self.state, now))?;
        self.drawn = Some((now.time, pulse));
        self.needs = Need::Nothing;
        Ok(())
    }

    /// Between the last frame and the next one.
    fn pause(&self) -> Duration {
        if self.needs >= Need::Answer { ANSWER } else { FRAME }
    }

    /// How long to wait for a key: until the next frame may be drawn.
    fn patience(&self, now: Moment) -> Duration {
        let since = self.drawn.map_or(FRAME, |(at, _)| now.time.since(at));
        match self.pause().saturating_sub(since) {
            Duration::ZERO => FRAME,
            rest => rest,
        }
    }

    fn handle(&mut self, event: &Event, tty: &mut Tty) -> io::Result<Flow> {
        let command = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                keys::command(&self.state.mode, *key)
            }
            Event::Mouse(mouse) => keys::mouse(*mouse),
            Event::Resize(width, height) => {
                self.state.size = ratatui::layout::Size::new(*width, *height);
                self.need(Need::Answer);
                None
            }
            _ => None,
        };
        let Some(command) = command else { return Ok(Flow::Continue) };
        let now = moment();
        let reaction = self.state.apply(command, now);
        self.need(Need::Answer);
        self.react(reaction, tty, now)
    }

    /// Does what the state cannot do: it knows of no terminal and no file.
    fn react(&mut self, reaction: Reaction, tty: &mut Tty, now: Moment) -> io::Result<Flow> {
        match reaction {
            Reaction::Quit => return Ok(Flow::Quit),
            Reaction::Draw => {}
            Reaction::Redraw => self.need(Need::ClearAndDraw),
            Reaction::Suspend => tty.suspend()?,
            Reaction::Mouse => {
                let text = match tty.toggle_mouse()? {
                    true => "mouse on: wheel scrolls, click selects; m turns it off",
                    false => "mouse off: the terminal selects text again",
                };
                self.state.say(text.to_owned(), Tone::Accent, now.time);
            }
            Reaction::Copy(row) => self.copy(&row, tty, now)?,
            Reaction::Export(rows) => {
                let (said, tone) = match export::write(&rows) {
                    Ok(path) => (format!("{} rows in {}", rows.count, path.display()), Tone::Good),
                    Err(error) => (error.to_string(), Tone::Bad),
                };
                self.state.say(said, tone, now.time);
            }
            Reaction::Pace(pace) => self.pace(pace, now),
        }
        Ok(Flow::Continue)
    }

    fn copy(&mut self, row: &[u8], tty: &mut Tty, now: Moment) -> io::Result<()> {
        let (said, tone) = match export::clipboard(row) {
            Some(sequence) => {
                tty.send(&sequence)?;
                (format!("copied {} bytes", row.len()), Tone::Good)
            }
            None => {
                (format!("not copied: {} bytes are too many, w writes them", row.len()), Tone::Bad)
            }
        };
        self.state.say(said, tone, now.time);
        Ok(())
    }

    fn pace(&mut self, pace: Pace, now: Moment) {
        match &self.playback {
            Some(playback) => playback.change(pace),
            None => {
                let said = "this is no replay: f freezes what is shown".to_owned();
                self.state.say(said, Tone::Warning, now.time);
            }
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
