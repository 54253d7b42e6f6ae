//! The terminal, from the first escape sequence to the last. Whatever ends the UI, the
//! terminal is left as it was found.

use std::io::{self, IsTerminal, Stdout, Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, DisableMouseCapture, EnableMouseCapture, KeyCode, KeyEvent};
use ratatui::crossterm::style::force_color_output;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};
use ratatui::layout::Size;
use ratatui::{Frame, Terminal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpid, kill_process};

use super::theme::Palette;
use crate::terminal::Diagnostics;

/// Whether the terminal is ours; a panic gives it back.
static IS_OURS: AtomicBool = AtomicBool::new(false);
/// Whether the terminal tells of the mouse, and so does not select text with it.
static HAS_MOUSE: AtomicBool = AtomicBool::new(false);

/// The terminal that standard output leads to.
pub(super) struct Tty {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    keys: Keys,
}

/// Where keys come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Stdin,
    /// `/dev/tty`: standard input is no terminal.
    Other,
}

impl Tty {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Where standard output is none, or it cannot be set up.
    pub(super) fn open(palette: Palette) -> anyhow::Result<Self> {
        ensure_terminal()?;
        // One that was closed is none any more.
        let keys = if io::stdin().is_terminal() { Keys::Stdin } else { Keys::Other };
        restore_on_panic();
        // Whether colours are wanted was decided before.
        force_color_output(palette != Palette::Mono);
        let opened = enter().and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        match opened {
            Ok(terminal) => Ok(Self { terminal, keys }),
            Err(error) => {
                let _ = leave();
                Err(error).context("cannot set up the terminal")
            }
        }
    }

    /// Whether the terminal is still ours: a thread that panics gives it back.
    pub(super) fn is_ours(&self) -> bool {
        IS_OURS.load(Ordering::SeqCst)
    }

    /// Whether the terminal was closed. Reading events from it would not end then.
    pub(super) fn is_gone(&self) -> bool {
        let lost = PollFlags::HUP | PollFlags::ERR;
        self.keys == Keys::Stdin && poll_stdin(Duration::ZERO).intersects(lost)
    }

    /// Waits for an event, at most so long.
    pub(super) fn wait(&self, patience: Duration) -> io::Result<Readiness> {
        if self.keys == Keys::Other {
            return event::poll(patience).map(Readiness::of);
        }
        let flags = poll_stdin(patience);
        if flags.intersects(PollFlags::HUP | PollFlags::ERR) {
            return Ok(Readiness::Quiet);
        }
        if event::poll(Duration::ZERO)? {
            return Ok(Readiness::Event);
        }
        // A key that comes together with another size is forgotten by whoever reads events.
        Ok(if flags.contains(PollFlags::IN) {
            Readiness::Keys(forgotten())
        } else {
            Readiness::Quiet
        })
    }

    pub(super) fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }

    pub(super) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(render).map(|_| ())
    }

    /// The next frame is drawn whole.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Writes a sequence outside of the frame.
    pub(super) fn send(&mut self, sequence: &[u8]) -> io::Result<()> {
        let out = self.terminal.backend_mut();
        out.write_all(sequence)?;
        Write::flush(out)
    }

    /// Turns the mouse on or off; says whether it is on.
    pub(super) fn toggle_mouse(&mut self) -> io::Result<bool> {
        let is_on = !HAS_MOUSE.load(Ordering::SeqCst);
        match is_on {
            true => execute!(self.terminal.backend_mut(), EnableMouseCapture)?,
            false => execute!(self.terminal.backend_mut(), DisableMouseCapture)?,
        }
        HAS_MOUSE.store(is_on, Ordering::SeqCst);
        Ok(is_on)
    }

    /// Gives the terminal back, stops the process, and takes it again when that goes on.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        leave()?;
        kill_process(getpid(), Signal::TSTP)?;
        self.resume()
    }

    /// Sets up the terminal again: whoever had it meanwhile may have left it in any mode.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        disable_raw_mode()?;
        enter()?;
        self.terminal.clear()
    }

    /// Gives the terminal back.
    pub(super) fn close(self) -> io::Result<()> {
        leave()
    }
}

/// What there is to be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// Nothing.
    Quiet,
    /// An event.
    Event,
    /// Keys that nobody tells of any more.
    Keys(Vec<KeyEvent>),
}

impl Readiness {
    fn of(has_event: bool) -> Self {
        if has_event { Self::Event } else { Self::Quiet }
    }
}

/// What standard input, where it is the terminal, is ready for; nothing where a signal
/// came first.
fn poll_stdin(patience: Duration) -> PollFlags {
    let stdin = io::stdin();
    let mut descriptors = [PollFd::new(&stdin, PollFlags::IN)];
    let timeout = Timespec::try_from(patience).ok();
    match poll(&mut descriptors, timeout.as_ref()) {
        Ok(_) => descriptors[0].revents(),
        Err(_) => PollFlags::empty(),
    }
}

/// Reads what is ready.
fn forgotten() -> Vec<KeyEvent> {
    let mut bytes = [0; 32];
    let length = rustix::io::read(io::stdin(), &mut bytes).unwrap_or_default();
    keys_of(bytes.get(..length).unwrap_or_default())
}

/// The plain keys that a terminal sends as these bytes; sequences are passed over.
fn keys_of(bytes: &[u8]) -> Vec<KeyEvent> {
    if matches!(bytes, [b'\x1b', _, ..]) {
        return Vec::new();
    }
    let code = |byte: &u8| match byte {
        b'\r' => Some(KeyCode::Enter),
        b'\t' => Some(KeyCode::Tab),
        b'\x1b' => Some(KeyCode::Esc),
        b'\x7f' => Some(KeyCode::Backspace),
        b' '..=b'~' => Some(KeyCode::Char(char::from(*byte))),
        _ => None,
    };
    bytes.iter().filter_map(code).map(KeyEvent::from).collect()
}

/// That standard output is a terminal.
///
/// # Errors
/// Where it is none.
pub fn ensure_terminal() -> anyhow::Result<()> {
    anyhow::ensure!(
        stdout().is_terminal(),
        "the terminal UI needs a terminal, and standard output is none; `apiwatch replay FILE` \
         prints to a pipe, `apiwatch daemon` to a log"
    );
    Ok(())
}

fn enter() -> io::Result<()> {
    Diagnostics::hold();
    enable_raw_mode()?;
    IS_OURS.store(true, Ordering::SeqCst);
    execute!(stdout(), EnterAlternateScreen, cursor::Hide)?;
    if HAS_MOUSE.load(Ordering::SeqCst) {
        execute!(stdout(), EnableMouseCapture)?;
    }
    Ok(())
}

/// Undoes all that [`enter`] did, as far as it can, and once.
fn leave() -> io::Result<()> {
    if !IS_OURS.swap(false, Ordering::SeqCst) {
        return Ok(());
    }
    let mouse = match HAS_MOUSE.load(Ordering::SeqCst) {
        true => execute!(stdout(), DisableMouseCapture).and_then(|()| swallow_events()),
        false => Ok(()),
    };
    let screen = execute!(stdout(), LeaveAlternateScreen, cursor::Show);
    let raw = disable_raw_mode();
    Diagnostics::release();
    mouse.and(screen).and(raw)
}

/// Gives the terminal back for whoever cannot end in order: without reading from it.
pub(super) fn give_back() {
    HAS_MOUSE.store(false, Ordering::SeqCst);
    let _ = leave();
}

/// What the mouse has said is for nobody else.
fn swallow_events() -> io::Result<()> {
    while event::poll(Duration::ZERO)? {
        event::read()?;
    }
    Ok(())
}

/// Before a panic is reported, in whatever thread.
fn restore_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let _ = leave();
        report(panic);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_keys_are_told_from_sequences() {
        let cases: [(&[u8], &[KeyCode]); 5] = [
            (b"q", &[KeyCode::Char('q')]),
            (b"2\r", &[KeyCode::Char('2'), KeyCode::Enter]),
            (b"\x1b", &[KeyCode::Esc]),
            (b"\x1b[A", &[]),
            (b"\x00\xff", &[]),
        ];
        for (bytes, expected) in cases {
            let codes: Vec<_> = keys_of(bytes).into_iter().map(|key| key.code).collect();
            assert_eq!(codes, expected, "{bytes:?}");
        }
    }
}
