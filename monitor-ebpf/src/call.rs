//! Payload of one call, found through the saved registers and copied.
//!
//! At the end of a call x86-64's `pt_regs` still hold its number and arguments, so
//! nothing is stored at its entry.

use core::ffi::c_void;
use core::mem::{self, MaybeUninit};

use aya_ebpf::helpers::bpf_get_smp_processor_id;
use aya_ebpf::helpers::generated::{bpf_ktime_get_ns, bpf_task_pt_regs};
use monitor_common::counter::Counter;
use monitor_common::limits::{CHUNK_BYTES, CHUNKS_PER_CALL};
use monitor_common::record::{DataRecord, EGRESS, Kind, Reason};

use crate::emit;
use crate::kernel::{Task, clamp, load};
use crate::maps::{SCRATCH, Scratch, count};
use crate::state::State;

/// Payload in I/O vectors.
mod vectors;

/// `-ENOSYS`: what the entry code puts into `pt_regs.ax` before the call runs.
const CALL_RUNS: i64 = -38;

const READ: u64 = 0;
const WRITE: u64 = 1;
const READV: u64 = 19;
const WRITEV: u64 = 20;
const SENDFILE: u64 = 40;
const SENDTO: u64 = 44;
const RECVFROM: u64 = 45;
const SENDMSG: u64 = 46;
const RECVMSG: u64 = 47;
const SPLICE: u64 = 275;
const PREADV: u64 = 295;
const PWRITEV: u64 = 296;
const RECVMMSG: u64 = 299;
const SENDMMSG: u64 = 307;
const PREADV2: u64 = 327;
const PWRITEV2: u64 = 328;
const IO_URING_ENTER: u64 = 426;

/// The saved user registers of a call that take part in it.
#[derive(Clone, Copy)]
pub struct Registers {
    /// Number of the call.
    pub number: u64,
    /// First argument.
    pub first: u64,
    /// Second argument.
    pub second: u64,
    /// Third argument.
    pub third: u64,
    /// Fourth argument.
    pub fourth: u64,
    /// Result; `-ENOSYS` while the call runs.
    pub result: i64,
}

impl Registers {
    /// Registers of the task that runs now.
    #[inline(always)]
    pub fn of(task: Task) -> Self {
        // SAFETY: a typed task.
        let registers = unsafe { bpf_task_pt_regs(task.0.cast_mut().cast()) } as *const c_void;
        Self::at(registers)
    }

    /// Registers at a typed `struct pt_regs`, whose layout on x86-64 is ABI.
    #[inline(always)]
    pub fn at(registers: *const c_void) -> Self {
        // SAFETY: typed pointer, offsets of the x86-64 ABI.
        unsafe {
            Self {
                fourth: load(registers, 56),
                result: load(registers, 80),
                third: load(registers, 96),
                second: load(registers, 104),
                first: load(registers, 112),
                number: load(registers, 120),
            }
        }
    }
}

/// Where the payload of a call lies.
#[derive(Clone, Copy)]
pub enum Payload {
    /// One buffer at this user address.
    Buffer(u64),
    /// I/O vectors at this user address, and how many.
    Vectors(u64, u64),
    /// A `struct user_msghdr` at this user address.
    Message(u64),
    /// Out of reach.
    Unreachable(Reason),
}

impl Payload {
    /// The payload of the call that runs now, seen from inside it (tier A).
    #[inline(always)]
    pub fn of_running_call(task: Task, registers: Registers, direction: u8) -> Self {
        if task.is_kernel_thread() {
            return Self::Unreachable(Reason::IoUring);
        }
        if task.in_compat_call() {
            return Self::Unreachable(Reason::Compat);
        }
        // io_uring completes requests as task work at the exit of any call; then
        // the registers are those of that other call, whose result is in place.
        if registers.result != CALL_RUNS {
            return Self::Unreachable(Reason::IoUring);
        }
        Self::of_call(registers, direction)
    }

    /// The payload of a call by its number; one that moves bytes the other way
    /// than `direction` is not the one that moved these.
    #[inline(always)]
    pub fn of_call(registers: Registers, direction: u8) -> Self {
        let outward = direction == EGRESS;
        let Registers { number, second, third, .. } = registers;
        if number == (if outward { WRITE } else { READ })
            || number == (if outward { SENDTO } else { RECVFROM })
        {
            Self::Buffer(second)
        } else if number == (if outward { WRITEV } else { READV })
            || number == (if outward { PWRITEV2 } else { PREADV2 })
            || number == (if outward { PWRITEV } else { PREADV })
        {
            Self::Vectors(second, third)
        } else if number == (if outward { SENDMSG } else { RECVMSG }) {
            Self::Message(second)
        } else {
            Self::Unreachable(reason_of(number))
        }
    }
}

#[inline(always)]
fn reason_of(number: u64) -> Reason {
    match number {
        SENDFILE | SPLICE => Reason::Sendfile,
        SENDMMSG | RECVMMSG => Reason::MultiMessage,
        IO_URING_ENTER => Reason::IoUring,
        _ => Reason::OtherCall,
    }
}

/// What the records of one call have in common.
#[derive(Clone, Copy)]
pub struct Call {
    /// State of the connection end.
    pub state: *mut State,
    /// `record::EGRESS` or `INGRESS`.
    pub direction: u8,
    /// Bits of `record::flags`.
    pub flags: u8,
    /// Bytes of this direction before the call.
    pub offset: u64,
    /// Bytes that the call moved.
    pub bytes: u64,
    /// TCP sequence number after the call.
    pub tcp_sequence: u32,
    /// Process.
    pub pid: u32,
}

/// Emits the records of one call: its payload in up to [`CHUNKS_PER_CALL`] chunks,
/// the last one standing for all that is left.
#[inline(always)]
pub fn emit_call(call: Call, payload: Payload) {
    // SAFETY: no precondition.
    let Some(scratch) = SCRATCH.get_ptr_mut(unsafe { bpf_get_smp_processor_id() }) else {
        return;
    };
    let Call { state, direction, flags, bytes, pid, .. } = call;
    // SAFETY: the slot is this CPU's, and no program that uses it interrupts another;
    // `state` is a map value.
    unsafe {
        (*scratch).record = DataRecord {
            kind: Kind::Data as u8,
            direction,
            flags,
            reason: Reason::None as u8,
            captured: 0,
            time: bpf_ktime_get_ns(),
            cookie: (*state).cookie,
            offset: call.offset,
            length: bytes as u32,
            tcp_sequence: call.tcp_sequence,
            pid,
            sequence: 0,
        };
    }
    let vectors = match payload {
        Payload::Buffer(address) => return emit_buffer(scratch, call, address),
        Payload::Vectors(address, vectors) => Some([address, vectors]),
        // struct user_msghdr: msg_iov at 16, msg_iovlen at 24.
        Payload::Message(message) => read_pair(message + 16),
        Payload::Unreachable(reason) => {
            count(Counter::LengthOnly);
            return emit_chunk(scratch, call, 0, call.bytes, 0, reason);
        }
    };
    // In one place, since the verifier walks through every step of it.
    match vectors {
        Some([address, vectors]) => vectors::emit(scratch, call, address, vectors),
        None => {
            count(Counter::ReadFault);
            emit_chunk(scratch, call, 0, call.bytes, 0, Reason::ReadFault);
        }
    }
}

#[inline(always)]
fn emit_buffer(scratch: *mut Scratch, call: Call, address: u64) {
    let mut done = 0u64;
    let mut chunk = 0;
    while chunk < CHUNKS_PER_CALL {
        chunk += 1;
        let left = call.bytes - done;
        let wanted = clamp(left, CHUNK_BYTES as u64);
        // SAFETY: the destination is a map value with room for two chunks.
        let target = unsafe { (&raw mut (*scratch).payload).cast::<u8>() };
        if !read_user(target.cast(), wanted, address + done) {
            count(Counter::ReadFault);
            emit_chunk(scratch, call, done, left, 0, Reason::ReadFault);
            return;
        }
        let last = chunk == CHUNKS_PER_CALL || left <= CHUNK_BYTES as u64;
        let length = if last { left } else { wanted };
        let reason = if length > wanted { Reason::Truncated } else { Reason::None };
        emit_chunk(scratch, call, done, length, wanted, reason);
        if last {
            return;
        }
        done += wanted;
    }
}

/// Emits one record of a call: `length` bytes from `done` on, of which the first
/// `captured` are in the scratch buffer.
#[inline(always)]
fn emit_chunk(
    scratch: *mut Scratch,
    call: Call,
    done: u64,
    length: u64,
    captured: u64,
    reason: Reason,
) {
    let captured = clamp(captured, CHUNK_BYTES as u64);
    // SAFETY: a map value; `captured` is at most one chunk.
    unsafe {
        let record = &raw mut (*scratch).record;
        (*record).offset = call.offset + done;
        (*record).length = length as u32;
        (*record).captured = captured as u32;
        (*record).reason = reason as u8;
        (*record).tcp_sequence =
            call.tcp_sequence.wrapping_sub((call.bytes - done - length) as u32);
        (*record).sequence = State::next_sequence(call.state);
        emit::data(record.cast(), size_of::<DataRecord>() as u64 + captured);
    }
}

/// Two numbers of user memory.
#[inline(always)]
pub fn read_pair(address: u64) -> Option<[u64; 2]> {
    // Zeros would be written by a loop over bytes.
    let mut pair = MaybeUninit::<[u64; 2]>::uninit();
    // SAFETY: it is written where the read succeeds.
    read_user(pair.as_mut_ptr().cast(), 16, address).then(|| unsafe { pair.assume_init() })
}

/// Reads user memory without faulting; false where the page is not present.
#[inline(always)]
pub fn read_user(target: *mut c_void, bytes: u64, address: u64) -> bool {
    // The binding of aya-ebpf has a 32-bit size; narrowing makes the compiler check
    // one register and pass another, which the verifier refuses.
    // SAFETY: 112 is bpf_probe_read_user in the kernel's stable numbering.
    let helper: unsafe extern "C" fn(*mut c_void, u64, *const c_void) -> i64 =
        unsafe { mem::transmute(112usize) };
    // SAFETY: callers give a target with room for `bytes`, which the verifier checks.
    unsafe { helper(target, bytes, address as *const c_void) == 0 }
}
