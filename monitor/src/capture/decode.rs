//! Records from their bytes. Ring and iterator memory is the kernel side's, whose
//! types `monitor-common` fixes; lengths are checked, contents are not trusted.
#![expect(unsafe_code, reason = "reading plain integers out of ring memory; the only such place")]

use std::net::{IpAddr, Ipv6Addr};

use monitor_common::record::{
    ConnectionRecord, DataRecord, DatagramRecord, EGRESS, ExecRecord, Kind, ProcessRecord, Reason,
    flags, role,
};

use crate::pipeline::input::{
    ConnectionChange, ConnectionEvent, Cookie, Datagram, Direction, Record, Role, SocketAddress,
    Source, UncapturedReason,
};
use crate::pipeline::time::Timestamp;

/// One record of the control ring or of an iterator.
#[derive(Clone, Debug)]
pub(crate) enum Control {
    /// An event of a connection end.
    Connection(ConnectionRecord),
    /// An event of a process.
    Process(ProcessRecord),
    /// A process with its paths.
    Exec(Box<ExecRecord>),
}

impl Control {
    /// The record at the front of `bytes`, and its size; none where `bytes` is no record.
    pub(crate) fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let record = match Kind::from_byte(*bytes.first()?)? {
            Kind::Open | Kind::Close | Kind::Destroy | Kind::Found => {
                Self::Connection(read(bytes)?)
            }
            Kind::Owner | Kind::Fork | Kind::Exit => Self::Process(read(bytes)?),
            Kind::Exec => Self::Exec(Box::new(read(bytes)?)),
            Kind::Data | Kind::Datagram => return None,
        };
        let size = match &record {
            Self::Connection(_) => size_of::<ConnectionRecord>(),
            Self::Process(_) => size_of::<ProcessRecord>(),
            Self::Exec(_) => size_of::<ExecRecord>(),
        };
        Some((record, size))
    }

    /// When it happened.
    pub(crate) fn time(&self) -> u64 {
        match self {
            Self::Connection(record) => record.time,
            Self::Process(record) => record.time,
            Self::Exec(record) => record.process.time,
        }
    }
}

/// The data record in `bytes`, its payload borrowed.
pub(crate) fn data(bytes: &[u8]) -> Option<Record<'_>> {
    let header: DataRecord = read(bytes)?;
    let payload = bytes.get(size_of::<DataRecord>()..)?;
    let payload = payload.get(..header.captured as usize)?;
    let has_sequence = header.flags & flags::NO_SEQUENCE == 0;
    Some(Record {
        cookie: Cookie(header.cookie),
        direction: direction(header.direction),
        source: Source::Socket,
        time: Timestamp(header.time),
        offset: header.offset,
        length: header.length,
        tcp_sequence: has_sequence.then_some(header.tcp_sequence),
        sequence: header.sequence,
        pid: header.pid,
        uncaptured: uncaptured(Reason::from_byte(header.reason)),
        payload,
    })
}

/// The datagram in `bytes`, its payload borrowed.
pub(crate) fn datagram(bytes: &[u8]) -> Option<Datagram<'_>> {
    let header: DatagramRecord = read(bytes)?;
    let payload = bytes.get(size_of::<DatagramRecord>()..)?;
    Some(Datagram {
        time: Timestamp(header.time),
        netns: header.netns,
        local: SocketAddress { address: address(header.local), port: header.local_port },
        remote: SocketAddress { address: address(header.remote), port: header.remote_port },
        direction: direction(header.direction),
        pid: header.pid,
        payload: payload.get(..header.captured as usize)?,
    })
}

/// Whether the record in `bytes` is a datagram.
pub(crate) fn is_datagram(bytes: &[u8]) -> bool {
    bytes.first().copied() == Some(Kind::Datagram as u8)
}

fn direction(byte: u8) -> Direction {
    if byte == EGRESS { Direction::Egress } else { Direction::Ingress }
}

/// The event of a connection record; none for a listener.
pub(crate) fn connection(record: &ConnectionRecord) -> Option<ConnectionEvent> {
    let change = match Kind::from_byte(record.kind)? {
        Kind::Open => ConnectionChange::Open,
        Kind::Close => ConnectionChange::Close,
        Kind::Destroy => ConnectionChange::Destroy,
        Kind::Found => ConnectionChange::Found,
        _ => return None,
    };
    let role = match record.role {
        role::CLIENT => Some(Role::Client),
        role::SERVER => Some(Role::Server),
        role::LISTENER => return None,
        _ => None,
    };
    let has_sequence = record.flags & flags::NO_SEQUENCE == 0;
    Some(ConnectionEvent {
        change,
        time: Timestamp(record.time),
        cookie: Cookie(record.cookie),
        peer: (record.peer_cookie != 0).then_some(Cookie(record.peer_cookie)),
        role,
        silent: record.flags & flags::SILENT != 0,
        midstream: record.flags & flags::MIDSTREAM != 0,
        netns: record.netns,
        local: SocketAddress { address: address(record.local), port: record.local_port },
        remote: SocketAddress { address: address(record.remote), port: record.remote_port },
        sent: record.sent,
        received: record.received,
        sequence: record.sequence,
        write_sequence: has_sequence.then_some(record.write_sequence),
        read_sequence: has_sequence.then_some(record.read_sequence),
    })
}

/// IPv4-mapped IPv6 as IPv4.
fn address(bytes: [u8; 16]) -> IpAddr {
    Ipv6Addr::from(bytes).to_canonical()
}

fn uncaptured(reason: Reason) -> Option<UncapturedReason> {
    Some(match reason {
        Reason::None => return None,
        Reason::Truncated => UncapturedReason::Truncated,
        Reason::Sendfile => UncapturedReason::Sendfile,
        Reason::MultiMessage => UncapturedReason::MultiMessage,
        Reason::IoUring => UncapturedReason::IoUring,
        Reason::Compat => UncapturedReason::Compat,
        Reason::ReadFault => UncapturedReason::ReadFault,
        Reason::Discarded => UncapturedReason::Discarded,
        Reason::OtherCall => UncapturedReason::OtherCall,
    })
}

/// Copies a record out of `bytes`.
fn read<T: aya::Pod>(bytes: &[u8]) -> Option<T> {
    let bytes = bytes.get(..size_of::<T>())?;
    // SAFETY: `bytes` is as long as `T`, and `Pod` vouches that any bit pattern is a `T`.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_and_any_kind_is_refused_or_read() {
        for kind in 0..=255u8 {
            let mut bytes = vec![0xffu8; size_of::<ExecRecord>()];
            bytes[0] = kind;
            for length in 0..=bytes.len() {
                let prefix = &bytes[..length];
                if let Some((_, size)) = Control::parse(prefix) {
                    assert!(size <= length);
                }
                assert!(data(prefix).is_none(), "captured length beyond the bytes is refused");
                assert!(datagram(prefix).is_none(), "likewise");
            }
        }
    }

    #[test]
    fn addresses_are_canonical() {
        let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3];
        assert_eq!(address(mapped).to_string(), "10.1.2.3");
        assert_eq!(address(Ipv6Addr::LOCALHOST.octets()).to_string(), "::1");
    }
}
