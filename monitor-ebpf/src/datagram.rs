//! Datagrams of DNS over UDP, which name the addresses that connections go to.
//!
//! Only answers matter, so only what comes from port 53 is read: at a resolver's client
//! that has connected its socket, as the usual ones do, and at a server on this host.

use aya_ebpf::helpers::bpf_get_smp_processor_id;
use aya_ebpf::helpers::generated::bpf_ktime_get_ns;
use monitor_common::counter::Counter;
use monitor_common::limits::DATAGRAM_BYTES;
use monitor_common::record::{DatagramRecord, EGRESS, Kind};

use crate::call::{Payload, read_user};
use crate::emit;
use crate::kernel::{AF_INET6, IPPROTO_UDP, clamp, probe};
use crate::maps::{DATAGRAMS, count};
use crate::setting;

/// Port of DNS (RFC 1035 section 4.2).
const DNS: u16 = 53;

/// Whether what moves `direction` on the socket at this address comes from a DNS server.
#[inline(always)]
pub fn is_dns(sock: u64, direction: u8) -> bool {
    let port: u16 = if direction == EGRESS {
        probe(sock, setting!(OFFSETS.sock_num))
    } else {
        u16::from_be(probe(sock, setting!(OFFSETS.sock_dport)))
    };
    port == DNS && probe::<u16>(sock, setting!(OFFSETS.sock_protocol)) == IPPROTO_UDP
}

/// Emits a datagram of the socket at this address.
#[inline(always)]
pub fn emit(sock: u64, direction: u8, bytes: u64, pid: u32, payload: Payload) {
    // SAFETY: no precondition.
    let processor = unsafe { bpf_get_smp_processor_id() };
    let Some(scratch) = DATAGRAMS.get_ptr_mut(processor) else { return };
    let Some((address, room)) = first_buffer(payload) else {
        count(Counter::LengthOnly);
        return;
    };
    let captured = clamp(bytes.min(room), DATAGRAM_BYTES as u64);
    // SAFETY: the slot is this CPU's, and no program that uses it interrupts another;
    // the payload has room for `captured`.
    unsafe {
        if !read_user((&raw mut (*scratch).payload).cast(), captured, address) {
            count(Counter::ReadFault);
            return;
        }
        let record = &raw mut (*scratch).record;
        (*record).kind = Kind::Datagram as u8;
        (*record).direction = direction;
        (*record).captured = captured as u32;
        (*record).time = bpf_ktime_get_ns();
        (*record).netns =
            probe(probe(sock, setting!(OFFSETS.sock_net)), setting!(OFFSETS.net_inum));
        (*record).pid = pid;
        (*record).length = bytes as u32;
        (*record).local_port = probe(sock, setting!(OFFSETS.sock_num));
        (*record).remote_port = u16::from_be(probe(sock, setting!(OFFSETS.sock_dport)));
        write_addresses(sock, record);
        emit::data(record.cast(), size_of::<DatagramRecord>() as u64 + captured);
    }
}

/// Address and room of the first buffer of a call; resolvers use one.
#[inline(always)]
fn first_buffer(payload: Payload) -> Option<(u64, u64)> {
    let vectors = match payload {
        Payload::Buffer(address) => return Some((address, u64::MAX)),
        Payload::Vectors(address, _) => address,
        // struct user_msghdr: msg_iov at 16.
        Payload::Message(message) => {
            let mut vectors = 0u64;
            read_user((&raw mut vectors).cast(), 8, message + 16).then_some(vectors)?
        }
        Payload::Unreachable(_) => return None,
    };
    let mut entry = [0u64; 2];
    read_user(entry.as_mut_ptr().cast(), 16, vectors).then_some((entry[0], entry[1]))
}

/// Writes both addresses as IPv6, IPv4 as IPv4-mapped.
///
/// # Safety
/// `record` must be a map value.
#[inline(always)]
unsafe fn write_addresses(sock: u64, record: *mut DatagramRecord) {
    let family: u16 = probe(sock, setting!(OFFSETS.sock_family));
    let (local, remote) = if family == AF_INET6 {
        (
            probe(sock, setting!(OFFSETS.sock_v6_rcv_saddr)),
            probe(sock, setting!(OFFSETS.sock_v6_daddr)),
        )
    } else {
        (
            mapped(probe(sock, setting!(OFFSETS.sock_rcv_saddr))),
            mapped(probe(sock, setting!(OFFSETS.sock_daddr))),
        )
    };
    // SAFETY: by the contract above.
    unsafe {
        (&raw mut (*record).local).cast::<[u32; 4]>().write_unaligned(local);
        (&raw mut (*record).remote).cast::<[u32; 4]>().write_unaligned(remote);
    }
}

/// An IPv4 address in network order as IPv4-mapped IPv6.
#[inline(always)]
fn mapped(address: u32) -> [u32; 4] {
    [0, 0, 0xffff_0000_u32.to_le(), address]
}
