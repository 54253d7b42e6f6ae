//! The thread that serves clients. It alone touches their sockets, waits for all of them
//! at once, and never for one.

use std::cmp::Reverse;
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use self::access::{Access, Peer};
use self::queue::{Line, Lines};
use self::request::Asked;
use self::session::Session;
use super::decode::LINE_BYTES;
use super::protocol::Notice;
use super::sink::{Event, Feed, Stopper, Wishes};
use super::socket::ControlSocket;
use super::status::{Status, write_status};
use crate::clock::{self, WallClock};
use crate::pipeline::detect::Moment;
use crate::pipeline::output::Output;
use crate::pipeline::time::Timestamp;

/// Who may ask for what.
mod access;
/// What a client did not get.
mod drops;
/// Lines that wait for a client to read them.
mod queue;
/// What a client asks for.
mod request;
/// One client.
mod session;
/// All that is known, on its way to clients.
mod snapshot;
/// What a subscription wants, and how far it is.
mod subscriber;

use snapshot::Snapshots;

/// Clients at a time; more are told so and closed.
pub const MAX_CLIENTS: usize = 32;

/// Pause after a failed accept, which is most often a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long an ending server waits for its clients to read what is queued.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct ControlServer {
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was already reported by its hook.
            let _ended = thread.join();
        }
    }
}

/// Serves the clients of a socket.
///
/// # Errors
/// No thread can be started.
pub fn serve(socket: ControlSocket, feed: Feed) -> io::Result<ControlServer> {
    let stopper = feed.stopper();
    let thread = thread::Builder::new()
        .name("control".to_owned())
        .spawn(move || Server::new(socket, feed).run())?;
    Ok(ControlServer { stopper, thread: Some(thread) })
}

/// All clients, and what they are served with.
struct Server {
    socket: ControlSocket,
    feed: Feed,
    sessions: Vec<Session>,
    wishes: Wishes,
    wall: WallClock,
    snapshots: Snapshots,
    /// No client is accepted before.
    accept_after: Timestamp,
}

/// What the sockets are ready for.
#[derive(Debug)]
struct Ready {
    listener: PollFlags,
    /// In the order of the sessions.
    sessions: Vec<PollFlags>,
}

impl Server {
    fn new(socket: ControlSocket, feed: Feed) -> Self {
        Self {
            socket,
            feed,
            sessions: Vec::new(),
            wishes: Wishes::default(),
            wall: WallClock::default(),
            snapshots: Snapshots::default(),
            accept_after: Timestamp::default(),
        }
    }

    fn run(mut self) {
        while !self.feed.is_stopping() {
            let timeout = self.timeout(clock::monotonic());
            let ready = self.wait(timeout);
            self.step(&ready, clock::monotonic());
        }
        self.finish();
    }

    /// Lets clients read what is queued, for a moment.
    fn finish(mut self) {
        let now = clock::monotonic();
        let deadline = now.plus(DRAIN_TIMEOUT);
        self.handle_events(now);
        for session in &mut self.sessions {
            session.leave(deadline, now);
        }
        self.accept_after = Timestamp(u64::MAX);
        while !self.sessions.is_empty() {
            let timeout = self.timeout(clock::monotonic());
            let ready = self.wait(timeout);
            self.feed.awake();
            self.note_ready(&ready);
            self.serve_sessions(clock::monotonic());
        }
    }

    /// Waits until something is to be done, at most so long; without clients there is
    /// nothing that comes by itself.
    fn wait(&self, timeout: Option<Duration>) -> Ready {
        let accepts = self.accept_after == Timestamp::default();
        let listening = if accepts { PollFlags::IN } else { PollFlags::empty() };
        let wake = self.feed.wake_descriptor();
        let mut descriptors = vec![
            PollFd::new(self.socket.listener(), listening),
            PollFd::from_borrowed_fd(wake, PollFlags::IN),
        ];
        descriptors.extend(
            self.sessions.iter().map(|session| {
                PollFd::from_borrowed_fd(session.stream().as_fd(), session.interest())
            }),
        );
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        if poll(&mut descriptors, timeout.as_ref()).is_err() {
            // A signal: the next turn looks again.
            return Ready { listener: PollFlags::empty(), sessions: Vec::new() };
        }
        let mut ready = descriptors.iter().map(PollFd::revents);
        let listener = ready.next().unwrap_or(PollFlags::empty());
        Ready { listener, sessions: ready.skip(1).collect() }
    }

    /// Does all that is to be done now.
    fn step(&mut self, ready: &Ready, now: Timestamp) {
        self.feed.awake();
        self.read_requests(ready, now);
        self.handle_events(now);
        self.serve_sessions(now);
        if self.accept_after <= now {
            self.accept_after = Timestamp::default();
        }
        if ready.listener.contains(PollFlags::IN) {
            self.accept(now);
        }
    }

    /// Sends what is queued, drops who is gone, and says what is wanted from now on.
    fn serve_sessions(&mut self, now: Timestamp) {
        self.answer_status(now);
        for session in &mut self.sessions {
            session.attend(now);
        }
        self.sessions.retain(|session| !session.is_gone());
        self.wish(now);
    }

    fn note_ready(&mut self, ready: &Ready) {
        for (session, flags) in self.sessions.iter_mut().zip(&ready.sessions) {
            session.note_ready(*flags);
        }
    }

    fn read_requests(&mut self, ready: &Ready, now: Timestamp) {
        self.note_ready(ready);
        for (session, flags) in self.sessions.iter_mut().zip(&ready.sessions) {
            if !flags.contains(PollFlags::IN) {
                continue;
            }
            match session.read(now) {
                Some(Asked::Subscribe(wanted)) => session.subscribe(*wanted, now),
                Some(Asked::Status) => session.await_status(self.feed.covered(), now),
                Some(Asked::Reload) => session.await_reload(self.feed.ask_reload()),
                Some(Asked::Wrong(notice)) => session.refuse(&notice, now),
                None => {}
            }
        }
        // What is wanted has to be known before a snapshot is asked for.
        self.wish(now);
    }

    fn handle_events(&mut self, now: Timestamp) {
        while let Some(event) = self.feed.next() {
            match event {
                Event::Outputs(outputs) => self.deliver(&outputs, now),
                Event::Lost(counts) => {
                    self.sessions.iter_mut().for_each(|session| session.note_lost(&counts));
                }
                Event::Snapshot(outputs) => {
                    self.snapshots.deliver(outputs, &mut self.sessions, now);
                }
                Event::Reloaded { asked, outcome } => {
                    for session in &mut self.sessions {
                        session.answer_reload(asked, &outcome, now);
                    }
                }
            }
        }
    }

    /// Encodes each output once for all who want it.
    fn deliver(&mut self, outputs: &[Output], now: Timestamp) {
        let mut lines = Lines::default();
        for session in &mut self.sessions {
            session.try_again();
        }
        for output in outputs {
            let mut line: Option<Line> = None;
            for session in &mut self.sessions {
                if session.wants(output, now) {
                    let line = line.get_or_insert_with(|| lines.encode(output));
                    session.push(line);
                }
            }
        }
    }

    /// One status for all whose time has come.
    fn answer_status(&mut self, now: Timestamp) {
        let clients = self.sessions.len() as u32;
        let covered = self.feed.covered();
        let due = self.sessions.iter_mut().filter(|session| session.is_status_due(covered, now));
        let mut due = due.peekable();
        if due.peek().is_none() {
            return;
        }
        self.wall.look();
        let moment = Moment { time: now, wall_offset: self.wall.offset() };
        let line: Line = Arc::from(status_line(self.feed.status(moment, clients)));
        due.for_each(|session| session.give_status(&line, now));
    }

    /// Tells the capture loop what is wanted.
    fn wish(&mut self, now: Timestamp) {
        let wishes = self.sessions.iter().fold(Wishes::default(), |all, session| {
            let own = session.wishes();
            Wishes { topics: all.topics.union(own.topics), status: all.status || own.status }
        });
        if wishes != self.wishes {
            self.wishes = wishes;
            self.feed.wish(wishes);
        }
        if self.snapshots.is_due(&self.sessions, now) {
            self.snapshots.ask(&mut self.sessions, now);
            self.feed.ask_snapshot();
        }
    }

    /// Time until something is to be done by itself.
    fn timeout(&self, now: Timestamp) -> Option<Duration> {
        let accept = (self.accept_after != Timestamp::default()).then_some(self.accept_after);
        let own = self.sessions.iter().filter_map(Session::deadline);
        let snapshot = self.snapshots.deadline(&self.sessions);
        accept.into_iter().chain(own).chain(snapshot).min().map(|deadline| deadline.since(now))
    }

    fn accept(&mut self, now: Timestamp) {
        loop {
            match self.socket.listener().accept() {
                Ok((stream, _)) => self.admit(stream, now),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                    ) => {}
                Err(_) => {
                    self.accept_after = now.plus(ACCEPT_PAUSE);
                    return;
                }
            }
        }
    }

    fn admit(&mut self, stream: UnixStream, now: Timestamp) {
        if stream.set_nonblocking(true).is_err() {
            return;
        }
        let access =
            Peer::of(&stream).map_or(Access::None, |peer| peer.access(self.socket.owner()));
        if access == Access::None {
            turn_away(stream, "this user may not read: it is no member of the group of the socket");
        } else if self.sessions.len() >= MAX_CLIENTS {
            turn_away(stream, &format!("{MAX_CLIENTS} clients are served already, and no more"));
        } else {
            self.sessions.push(Session::new(stream, access, now));
        }
    }
}

/// A status as a line that clients take. Where it is too long, which takes very many
/// processes with very long names, those with the least traffic are left out.
fn status_line(mut status: Status) -> Vec<u8> {
    status.processes.sort_by_key(|process| Reverse(process.moved));
    loop {
        let mut line = Vec::new();
        write_status(&status, &mut line);
        if line.len() <= LINE_BYTES || status.processes.is_empty() {
            return line;
        }
        status.processes.truncate(status.processes.len() / 2);
    }
}

/// Tells a client why it is not served. A new socket has room for it.
fn turn_away(mut stream: UnixStream, why: &str) {
    let mut text = request::header();
    text.extend(request::notice(&Notice::error(why)));
    let _ = stream.write_all(&text);
}

#[cfg(test)]
mod tests;
