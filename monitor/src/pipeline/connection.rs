//! One TCP connection: who is at its ends, what moved, what it speaks.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::input::{
    ConnectionEvent, Cookie, Direction, Record, Role, SocketAddress, Source, UncapturedReason,
};
use super::inventory::{Told, Traffic};
use super::naming::DNS_PORT;
use super::output::{
    ConnectionEventKind, ConnectionId, ConnectionReport, End, Ends, NameSource, Observed,
    PerDirection,
};
use super::process::Process;
use super::protocol::{
    Anomaly, Classification, Delivery, ProtocolExchange, Session, Way, classify,
};
use super::settings::Limits;
use super::stream::Stream;
use super::time::{Timestamp, WallTime};

/// What its bytes say, for those who ask.
mod said;

/// One TCP connection.
pub(crate) struct Connection {
    id: ConnectionId,
    ends: Arc<Ends>,
    /// The end whose payload is read.
    reader: Cookie,
    reader_role: Role,
    /// The role was guessed and the first message may correct it.
    role_is_guess: bool,
    /// The other end, where it lives on this host too.
    other: Option<Cookie>,
    netns: u32,
    midstream: bool,
    egress: Stream,
    ingress: Stream,
    session: Session,
    /// Bytes that the session held in buffers when it was fed last.
    buffered: usize,
    next_sequence: u32,
    /// TCP sequence number of the next byte to be sent when it was closed.
    written_at_close: Option<u32>,
    lost_records: u64,
    uncaptured: BTreeMap<UncapturedReason, u64>,
    /// Where its bytes were read.
    source: Source,
    /// When bytes were last sent again and were others.
    conflict: Option<Timestamp>,
    last_active: Timestamp,
    /// The open report has been made.
    pub(crate) reported: bool,
    /// What its last request calls the server, where that is no name.
    pub(super) nameless_host: Option<Arc<str>>,
    /// It is among the connections with traffic that the detectors have not heard of.
    pub(crate) is_active: bool,
    /// It has an exchange that goes on.
    pub(crate) is_waiting: bool,
    /// Bytes since the detectors last heard.
    pub(crate) unreported_bytes: u64,
    /// Requests since then.
    pub(crate) unreported_requests: u64,
    /// What the inventory has heard.
    pub(crate) told: Told,
}

/// What one record added.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moved {
    /// Bytes that moved.
    pub(crate) bytes: u64,
    /// Bytes that were read.
    pub(crate) captured: u64,
    /// Bytes of lost records.
    pub(crate) lost: u64,
    /// Bytes that no observed call moved.
    pub(crate) bypassed: u64,
    /// Bytes of the record that were not read.
    pub(crate) uncaptured: Option<(UncapturedReason, u64)>,
    /// Records that were lost before this one.
    pub(crate) lost_records: u64,
}

impl Moved {
    /// Bytes that moved and were not read, by reason.
    pub(crate) fn unread(&self) -> impl Iterator<Item = (UncapturedReason, u64)> {
        let reasons =
            [(UncapturedReason::Lost, self.lost), (UncapturedReason::Bypassed, self.bypassed)];
        reasons.into_iter().chain(self.uncaptured).filter(|(_, bytes)| *bytes > 0)
    }

    /// Whether every byte was read, as nearly always.
    pub(crate) fn is_all_read(&self) -> bool {
        self.bytes == self.captured
    }
}

impl Connection {
    /// A connection from the first event of one of its ends.
    pub(crate) fn open(event: &ConnectionEvent) -> Self {
        // Servers tend to have the lower port; only a guess, corrected by content.
        let by_port =
            if event.local.port < event.remote.port { Role::Server } else { Role::Client };
        let role = event.role.unwrap_or(by_port);
        let ends = ends_of(role, event.local, event.remote);
        let mut session = Session::new(event.midstream);
        if ends.server.address.port == DNS_PORT {
            session.expect_dns();
        }
        Self {
            id: ConnectionId(event.cookie.0),
            ends: Arc::new(ends),
            reader: event.cookie,
            reader_role: role,
            role_is_guess: event.role.is_none() || event.midstream,
            other: None,
            netns: event.netns,
            midstream: event.midstream,
            egress: Stream::starting_at(event.sent, event.write_sequence),
            ingress: Stream::starting_at(event.received, event.read_sequence),
            session,
            buffered: 0,
            next_sequence: event.sequence,
            written_at_close: None,
            lost_records: 0,
            uncaptured: BTreeMap::new(),
            source: Source::Socket,
            conflict: None,
            last_active: event.time,
            reported: false,
            nameless_host: None,
            is_active: false,
            is_waiting: false,
            unreported_bytes: 0,
            unreported_requests: 0,
            told: Told::default(),
        }
    }

    pub(crate) fn id(&self) -> ConnectionId {
        self.id
    }

    pub(crate) fn ends(&self) -> &Arc<Ends> {
        &self.ends
    }

    pub(crate) fn ends_mut(&mut self) -> &mut Arc<Ends> {
        &mut self.ends
    }

    pub(crate) fn netns(&self) -> u32 {
        self.netns
    }

    pub(crate) fn reader(&self) -> Cookie {
        self.reader
    }

    pub(crate) fn last_active(&self) -> Timestamp {
        self.last_active
    }

    pub(crate) fn source(&self) -> Source {
        self.source
    }

    /// Cookies of the ends that live here.
    pub(crate) fn cookies(&self) -> impl Iterator<Item = Cookie> {
        std::iter::once(self.reader).chain(self.other)
    }

    /// Which ends live here.
    pub(crate) fn observed(&self) -> Observed {
        match (self.other, self.reader_role) {
            (Some(_), _) => Observed::Both,
            (None, Role::Client) => Observed::Client,
            (None, Role::Server) => Observed::Server,
        }
    }

    /// Whether all that will be known of its ends is known: a connection to this
    /// host's own addresses has a second end that is about to appear.
    pub(crate) fn is_settled(&self) -> bool {
        let Ends { client, server } = &*self.ends;
        let is_local = client.address.address.is_loopback()
            || client.address.address == server.address.address;
        let are_known = match self.observed() {
            Observed::Both => client.process.is_some() && server.process.is_some(),
            Observed::Client => !is_local && client.process.is_some(),
            Observed::Server => !is_local && server.process.is_some(),
        };
        let is_named = server.name.as_ref().is_some_and(|name| name.source > NameSource::Dns);
        are_known && (is_named || !self.session.may_name_server())
    }

    /// The second end of this connection appeared on this host.
    pub(crate) fn join(&mut self, cookie: Cookie) {
        self.other = Some(cookie);
    }

    /// A process made its first call on one of the ends.
    pub(crate) fn set_owner(&mut self, cookie: Cookie, process: Arc<Process>) {
        let role = if cookie == self.reader { self.reader_role } else { !self.reader_role };
        let ends = Arc::make_mut(&mut self.ends);
        match role {
            Role::Client => ends.client.process = Some(process),
            Role::Server => ends.server.process = Some(process),
        }
    }

    /// Takes a record of the reading end and appends the exchanges that it completes.
    pub(crate) fn take(
        &mut self,
        limits: &Limits,
        record: &Record<'_>,
        exchanges: &mut Vec<ProtocolExchange>,
    ) -> Moved {
        self.last_active = record.time;
        self.source = record.source;
        let lost_records = record.sequence.wrapping_sub(self.next_sequence);
        // Threads that race on one socket may swap two numbers.
        let lost_records = if lost_records < 1 << 31 { lost_records } else { 0 };
        self.next_sequence = self.next_sequence.max(record.sequence.wrapping_add(1));
        self.lost_records += u64::from(lost_records);
        if self.role_is_guess && !record.payload.is_empty() {
            self.check_role(record);
        }
        let way = self.way_of(record.direction);
        let stream = match record.direction {
            Direction::Egress => &mut self.egress,
            Direction::Ingress => &mut self.ingress,
        };
        let Some(placed) = stream.place(record) else {
            return Moved { lost_records: u64::from(lost_records), ..Moved::default() };
        };
        // A jump in the numbers without a gap here is a gap in the other way, which its
        // next record will show; what comes until then must not pair with what is lost.
        let here = u32::from(placed.lost > 0);
        if lost_records > here {
            self.session.feed(limits, !way, Delivery::Gap(0), record.time, exchanges);
        }
        if placed.is_whole() {
            let bytes = Delivery::Bytes(placed.payload);
            self.session.feed(limits, way, bytes, record.time, exchanges);
        } else {
            for delivery in placed.deliveries(lost_records == 0) {
                self.session.feed(limits, way, delivery, record.time, exchanges);
            }
        }
        let moved = Moved {
            bytes: placed.lost.saturating_add(placed.bypassed + u64::from(record.length)),
            captured: placed.payload.len() as u64,
            lost: placed.lost,
            bypassed: placed.bypassed,
            uncaptured: placed.uncaptured,
            lost_records: u64::from(lost_records),
        };
        self.buffered = self.session.buffered();
        self.note(&moved);
        moved
    }

    /// The reading end is gone: what the kernel side counted and nobody delivered was
    /// lost, and no more bytes will come.
    pub(crate) fn end(
        &mut self,
        limits: &Limits,
        event: Option<&ConnectionEvent>,
        time: Timestamp,
        exchanges: &mut Vec<ProtocolExchange>,
    ) -> Moved {
        let mut moved = Moved::default();
        if let Some(event) = event {
            let lost = event.sequence.saturating_sub(self.next_sequence);
            self.lost_records += u64::from(lost);
            moved.lost_records = u64::from(lost);
            let written = self.written_at_close;
            for (direction, total, sequence) in [
                (Direction::Egress, event.sent, written),
                (Direction::Ingress, event.received, None),
            ] {
                let way = self.way_of(direction);
                let stream = match direction {
                    Direction::Egress => &mut self.egress,
                    Direction::Ingress => &mut self.ingress,
                };
                let (lost, bypassed) = stream.finish(total, sequence);
                let missing = lost.saturating_add(bypassed);
                if missing > 0 {
                    self.session.feed(limits, way, Delivery::Gap(missing), time, exchanges);
                }
                moved.lost = moved.lost.saturating_add(lost);
                moved.bypassed = moved.bypassed.saturating_add(bypassed);
            }
            moved.bytes = moved.lost.saturating_add(moved.bypassed);
            self.note(&moved);
        }
        for way in [Way::ToServer, Way::ToClient] {
            self.session.feed(limits, way, Delivery::End, time, exchanges);
        }
        self.buffered = self.session.buffered();
        moved
    }

    /// The reading end's state is CLOSE. Later its sequence numbers mean nothing: who
    /// disconnects moves them on (`tcp_disconnect`). What it reads may go on.
    pub(crate) fn close(&mut self, event: &ConnectionEvent) {
        if event.cookie == self.reader {
            self.written_at_close = event.write_sequence;
        }
    }

    /// The report at open or close.
    pub(crate) fn report(&self, event: ConnectionEventKind, time: WallTime) -> ConnectionReport {
        ConnectionReport {
            connection: self.id,
            time,
            event,
            ends: Arc::clone(&self.ends),
            observed: self.observed(),
            netns: self.netns,
            encryption: self.session.encryption(),
            bytes: self.per_way(Stream::moved),
            captured: self.per_way(Stream::captured),
            uncaptured: self.uncaptured.clone(),
            lost_records: self.lost_records,
            midstream: self.midstream,
            anomalies: self.conflict.map(|_| Anomaly::TcpOverlapConflict).into_iter().collect(),
        }
    }

    /// What it has moved so far.
    pub(crate) fn traffic(&self) -> Traffic<'_> {
        Traffic {
            connection: self.id,
            ends: &self.ends,
            observed: self.observed(),
            encryption: self.session.encryption(),
            bytes: self.per_way(Stream::moved),
        }
    }

    fn note(&mut self, moved: &Moved) {
        self.unreported_bytes = self.unreported_bytes.saturating_add(moved.bytes);
        if !moved.is_all_read() {
            for (reason, bytes) in moved.unread() {
                let sum = self.uncaptured.entry(reason).or_default();
                *sum = sum.saturating_add(bytes);
            }
        }
    }

    fn way_of(&self, direction: Direction) -> Way {
        match (self.reader_role, direction) {
            (Role::Client, Direction::Egress) | (Role::Server, Direction::Ingress) => Way::ToServer,
            (Role::Client, Direction::Ingress) | (Role::Server, Direction::Egress) => Way::ToClient,
        }
    }

    fn per_way(&self, count: impl Fn(&Stream) -> u64) -> PerDirection<u64> {
        let (to_server, to_client) = match self.reader_role {
            Role::Client => (&self.egress, &self.ingress),
            Role::Server => (&self.ingress, &self.egress),
        };
        PerDirection { to_server: count(to_server), to_client: count(to_client) }
    }

    /// Who sends requests is the client, whatever was guessed.
    fn check_role(&mut self, record: &Record<'_>) {
        let sends_request = match classify(record.payload) {
            Classification::Http1Request | Classification::Http2Preface => true,
            Classification::Http1Response => false,
            _ => return,
        };
        self.role_is_guess = false;
        let is_client = sends_request == (record.direction == Direction::Egress);
        let role = if is_client { Role::Client } else { Role::Server };
        if role != self.reader_role {
            self.reader_role = role;
            let ends = Arc::make_mut(&mut self.ends);
            std::mem::swap(&mut ends.client, &mut ends.server);
            // It named what was taken for the server.
            ends.client.name = None;
        }
    }
}

fn ends_of(role: Role, local: SocketAddress, remote: SocketAddress) -> Ends {
    let end = |address| End { address, name: None, process: None };
    let (local, remote) = (end(local), end(remote));
    match role {
        Role::Client => Ends { client: local, server: remote },
        Role::Server => Ends { client: remote, server: local },
    }
}
