//! Streams that are open (RFC 9113 section 5.1), each with its exchange so far.

use super::super::Way;
use super::super::anomaly::{Anomalies, Anomaly};
use super::super::grpc::{Flavor, Messages};
use super::super::head_value::Length;
use crate::pipeline::output::{Auth, Method, Request, Response};
use crate::pipeline::time::Timestamp;

/// Memory that the streams of a connection may take, with what they hold.
const STREAMS_BYTES: usize = 47 * 1024;
/// Memory of a stream without its texts: itself, its place in the table, and what the
/// allocator adds.
const STREAM_BYTES: usize = size_of::<Stream>() + size_of::<(u32, Box<Stream>)>() + 16;

/// Streams that are remembered as reset: frames may still be on their way.
const LET_GO: usize = 8;

/// A stream with its exchange so far.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) request: Option<Request>,
    pub(super) response: Option<Response>,
    /// What gRPC adds, where it is gRPC or may turn out to be.
    pub(super) calls: Option<Box<Calls>>,
    pub(super) anomalies: Anomalies,
    /// When the request began, or the response where there is no request.
    pub(super) began: Timestamp,
    pub(super) request_ended: Timestamp,
    pub(super) response_began: Timestamp,
    /// When its last frame came.
    pub(super) touched: Timestamp,
    /// When it was last said to be open; 0 where it was not.
    pub(super) said_open: Timestamp,
    pub(super) up: Half,
    pub(super) down: Half,
    pub(super) auth: Auth,
    pub(super) flavor: Option<Flavor>,
    /// The request has fields that are not known, its content type maybe among them.
    pub(super) has_unknown: bool,
    /// Memory of its texts.
    weight: u32,
}

/// One way of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Half {
    /// Content-Length; `u64::MAX` where there is none to hold DATA against.
    pub(super) expected: u64,
    /// Its last frame came.
    pub(super) ended: bool,
    /// Bytes of its message were missed.
    pub(super) missed: bool,
    /// Bytes were missed since it could begin, and whether they were its own is not known.
    pub(super) exposed: bool,
}

/// What gRPC adds.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    pub(super) up: Messages,
    pub(super) down: Messages,
    pub(super) status: Option<u32>,
}

impl Calls {
    pub(super) fn of(&mut self, way: Way) -> &mut Messages {
        match way {
            Way::ToServer => &mut self.up,
            Way::ToClient => &mut self.down,
        }
    }
}

impl Half {
    const NEW: Self = Self { expected: u64::MAX, ended: false, missed: false, exposed: false };

    /// Takes what Content-Length says.
    pub(super) fn expect(&mut self, length: Length) {
        self.expected = match length {
            Length::Is(length) => length,
            Length::Absent | Length::Unframeable => u64::MAX,
        };
    }
}

impl Stream {
    /// A stream of which nothing was seen yet.
    pub(super) fn new(began: Timestamp) -> Self {
        Self {
            request: None,
            response: None,
            calls: None,
            anomalies: Anomalies::default(),
            began,
            request_ended: Timestamp::default(),
            response_began: Timestamp::default(),
            touched: began,
            said_open: Timestamp::default(),
            up: Half::NEW,
            down: Half::NEW,
            auth: Auth::None,
            flavor: None,
            has_unknown: false,
            weight: 0,
        }
    }

    pub(super) fn half(&mut self, way: Way) -> &mut Half {
        match way {
            Way::ToServer => &mut self.up,
            Way::ToClient => &mut self.down,
        }
    }

    /// Bytes of a message were missed.
    pub(super) fn miss(&mut self, way: Way) {
        self.anomalies.add(Anomaly::Gap);
        let half = self.half(way);
        half.missed = true;
        half.exposed = false;
    }

    /// Bytes of the message that goes this way; none where it has not begun.
    pub(super) fn body_bytes(&mut self, way: Way) -> Option<&mut u64> {
        match way {
            Way::ToServer => self.request.as_mut().map(|request| &mut request.body_bytes),
            Way::ToClient => self.response.as_mut().map(|response| &mut response.body_bytes),
        }
    }

    /// Whether nothing more is waited for: both messages have ended, or what was missed
    /// may have been the end of the request.
    pub(super) const fn is_finished(&self) -> bool {
        self.down.ended && (self.up.ended || self.up.missed || self.request.is_none())
    }

    fn weigh(&self) -> u32 {
        let request = self.request.as_ref().map_or(0, |request| {
            let keys: usize = request.query_keys.iter().map(|key| key.len() + 16).sum();
            let method = if let Method::Other(token) = &request.method { token.len() } else { 0 };
            let host = request.host.as_ref().map_or(0, |host| host.len());
            let kind = request.content_type.as_ref().map_or(0, |kind| kind.len());
            let places = request.query_keys.capacity() * size_of::<Box<str>>();
            request.path.len() + keys + places + method + host + kind
        });
        let response = self.response.as_ref().and_then(|response| response.content_type.as_ref());
        let calls = if self.calls.is_some() { size_of::<Calls>() } else { 0 };
        (request + response.map_or(0, |kind| kind.len()) + calls) as u32
    }
}

/// The streams that are open, by their number.
#[derive(Debug, Default)]
pub(super) struct Streams {
    open: Vec<(u32, Box<Stream>)>,
    /// Memory of the texts of all.
    weight: usize,
    /// Highest stream that the client opened.
    pub(super) highest: u32,
    /// Highest stream that the server promised.
    pub(super) highest_promised: u32,
    /// Streams up to this one may have been opened by bytes that were missed.
    pub(super) missed_up_to: u32,
    /// Bytes that may have opened streams were missed since the highest was.
    pub(super) may_miss: bool,
    /// A stream was let go of before both its messages ended.
    pub(super) has_forgotten: bool,
    /// The last few of these, and the highest for which there was no room.
    let_go: [u32; LET_GO],
    overflowed: u32,
    /// Highest stream of which a response was said without its request.
    pub(super) unasked: u32,
    /// Last stream that GOAWAY of the server named, and one more; 0 where there was none.
    pub(super) goaway: u32,
}

impl Streams {
    /// None yet; `midstream` where some may have been opened by bytes that were missed.
    pub(super) fn new(midstream: bool) -> Self {
        Self { may_miss: midstream, ..Self::default() }
    }

    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Memory that they hold.
    pub(super) fn held(&self) -> usize {
        self.open.capacity() * size_of::<(u32, Box<Stream>)>()
            + self.open.len() * (size_of::<Stream>() + 16)
            + self.weight
    }

    fn place(&self, id: u32) -> Result<usize, usize> {
        match self.open.last() {
            Some((last, _)) if *last == id => Ok(self.open.len() - 1),
            Some((last, _)) if *last > id => self.open.binary_search_by_key(&id, |(id, _)| *id),
            _ => Err(self.open.len()),
        }
    }

    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut Stream> {
        let place = self.place(id).ok()?;
        self.open.get_mut(place).map(|(_, stream)| &mut **stream)
    }

    pub(super) fn has(&self, id: u32) -> bool {
        self.place(id).is_ok()
    }

    /// Adds a stream that is not there yet.
    pub(super) fn insert(&mut self, id: u32, mut stream: Box<Stream>) {
        if let Err(place) = self.place(id) {
            stream.weight = stream.weigh();
            self.weight += stream.weight as usize;
            if self.open.len() == self.open.capacity() {
                self.open.reserve_exact(self.open.len().clamp(4, 64));
            }
            self.open.insert(place, (id, stream));
        }
    }

    /// Weighs a stream again, whose texts have changed.
    pub(super) fn reweigh(&mut self, id: u32) {
        let Ok(place) = self.place(id) else { return };
        if let Some((_, stream)) = self.open.get_mut(place) {
            let weight = stream.weigh();
            let before = std::mem::replace(&mut stream.weight, weight);
            self.weight = self.weight - before as usize + weight as usize;
        }
    }

    pub(super) fn remove(&mut self, id: u32) -> Option<Box<Stream>> {
        let place = self.place(id).ok()?;
        let (_, stream) = self.open.remove(place);
        self.weight -= stream.weight as usize;
        if self.open.is_empty() && self.open.capacity() > 16 {
            self.open = Vec::new();
        }
        Some(stream)
    }

    /// The stream to let go of where there are more than `most`, or more than fit: one
    /// whose end was probably missed, else the oldest.
    pub(super) fn surplus(&self, most: u16) -> Option<u32> {
        let memory = self.open.len() * STREAM_BYTES + self.weight;
        if self.open.len() <= usize::from(most.max(1))
            && (memory <= STREAMS_BYTES || self.open.len() <= 1)
        {
            return None;
        }
        let missed = self.open.iter().find(|(_, stream)| stream.down.missed);
        missed.or(self.open.first()).map(|(id, _)| *id)
    }

    /// The next stream with a number from `from` on.
    pub(super) fn next(&self, from: u32) -> Option<u32> {
        let (Ok(place) | Err(place)) = self.place(from);
        self.open.get(place).map(|(id, _)| *id)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut Stream)> {
        self.open.iter_mut().map(|(id, stream)| (*id, &mut **stream))
    }

    /// The client opened a stream.
    pub(super) fn open(&mut self, id: u32) {
        if std::mem::take(&mut self.may_miss) {
            self.missed_up_to = id.saturating_sub(1);
        }
        self.highest = self.highest.max(id);
    }

    /// A stream was let go of before both its messages ended.
    pub(super) fn let_go(&mut self, id: u32) {
        self.has_forgotten = true;
        self.let_go.rotate_right(1);
        self.let_go[0] = id;
    }

    /// A stream was let go of since there was no room.
    pub(super) fn overflowed(&mut self, id: u32) {
        self.has_forgotten = true;
        self.overflowed = self.overflowed.max(id);
    }

    /// Whether a stream that is not in the table was probably let go of.
    pub(super) fn was_let_go(&self, id: u32) -> bool {
        id <= self.overflowed || self.let_go.contains(&id)
    }

    /// Whether a stream of the client that is not in the table may have been opened by
    /// bytes that were missed.
    pub(super) fn may_have_missed(&self, id: u32) -> bool {
        id <= self.missed_up_to || (self.may_miss && id > self.highest)
    }
}
