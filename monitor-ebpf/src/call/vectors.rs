//! Payload in I/O vectors, copied back to back.

use core::arch::asm;

use monitor_common::counter::Counter;
use monitor_common::limits::{CHUNK_BYTES, CHUNKS_PER_CALL, IOVECS_PER_CALL};
use monitor_common::record::Reason;

use super::{Call, emit_chunk, read_pair, read_user};
use crate::kernel::clamp;
use crate::maps::{Progress, Scratch, count};

/// Steps after the first chunk of a call that has more: to emit chunks, and to copy from
/// this many vectors at least.
const STEPS_OF_MORE: usize = CHUNKS_PER_CALL + 8;

/// Copies the vectors back to back into chunks. Most calls fit one, of however many
/// vectors, so that the first chunk is filled in a loop without the code that emits:
/// the verifier walks through each of its steps.
#[inline(always)]
pub fn emit(scratch: *mut Scratch, call: Call, address: u64, vectors: u64) {
    // SAFETY: a map value, this CPU's.
    let progress = unsafe { &raw mut (*scratch).progress };
    // SAFETY: as above.
    unsafe {
        progress.write_volatile(Progress {
            done: 0,
            filled: 0,
            vector: 0,
            copied: 0,
            chunks: 0,
            wanted: 0,
        });
    }
    let mut last = Step::Copied;
    let mut step = 0;
    while step < IOVECS_PER_CALL {
        step += 1;
        last = copy_step(scratch, progress, call, address, vectors);
        if last != Step::Copied {
            break;
        }
    }
    if last == Step::Full {
        last = emit_more(scratch, progress, call, address, vectors);
    }
    if last == Step::Fault {
        count(Counter::ReadFault);
    }
    // SAFETY: as above.
    let (done, filled) = unsafe {
        (
            (&raw const (*progress).done).read_volatile(),
            (&raw const (*progress).filled).read_volatile(),
        )
    };
    let length = call.bytes - done;
    let reason = match last {
        _ if length <= filled => Reason::None,
        Step::Fault => Reason::ReadFault,
        _ => Reason::Truncated,
    };
    emit_chunk(scratch, call, done, length, filled, reason);
}

/// Emits the chunk that is full and fills the next ones, all but the last of which are
/// emitted. One step does one thing, so a vector that spans chunks takes more than one.
#[inline(always)]
fn emit_more(
    scratch: *mut Scratch,
    progress: *mut Progress,
    call: Call,
    address: u64,
    vectors: u64,
) -> Step {
    let mut last = Step::Full;
    let mut step = 0;
    while step < STEPS_OF_MORE {
        step += 1;
        last = if last == Step::Full {
            emit_full(scratch, progress, call)
        } else {
            copy_step(scratch, progress, call, address, vectors)
        };
        if last == Step::Finished || last == Step::Fault {
            break;
        }
    }
    last
}

/// What a step did.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// There may be more to copy.
    Copied,
    /// The chunk has no room.
    Full,
    /// Nothing more is copied.
    Finished,
    /// Memory could not be read.
    Fault,
}

/// Emits a full chunk, but for the last one of the call.
#[inline(always)]
fn emit_full(scratch: *mut Scratch, progress: *mut Progress, call: Call) -> Step {
    // SAFETY: a map value, this CPU's.
    let Progress { done, filled, chunks, .. } = unsafe { progress.read_volatile() };
    if chunks + 1 >= CHUNKS_PER_CALL as u64 {
        return Step::Finished;
    }
    emit_chunk(scratch, call, done, filled, filled, Reason::None);
    // SAFETY: as above.
    unsafe {
        (&raw mut (*progress).done).write_volatile(done + filled);
        (&raw mut (*progress).filled).write_volatile(0);
        (&raw mut (*progress).chunks).write_volatile(chunks + 1);
    }
    Step::Copied
}

/// Copies from one vector what is left of it and has room.
#[inline(always)]
fn copy_step(
    scratch: *mut Scratch,
    progress: *mut Progress,
    call: Call,
    address: u64,
    vectors: u64,
) -> Step {
    // SAFETY: a map value, this CPU's.
    let Progress { done, filled, vector, copied, .. } = unsafe { progress.read_volatile() };
    let left = call.bytes - done - filled;
    if vector >= vectors || vector >= IOVECS_PER_CALL as u64 || left == 0 {
        return Step::Finished;
    }
    if filled >= CHUNK_BYTES as u64 {
        return Step::Full;
    }
    let Some([base, length]) = read_pair(address + vector * 16) else { return Step::Fault };
    let wanted = (length - copied).min(left).min(CHUNK_BYTES as u64 - filled);
    // SAFETY: as above. The verifier forgets which of the three it is.
    let wanted = unsafe {
        (&raw mut (*progress).wanted).write_volatile(wanted);
        clamp((&raw const (*progress).wanted).read_volatile(), CHUNK_BYTES as u64)
    };
    // SAFETY: position and length are each at most one chunk, the room is two.
    let target = unsafe { (&raw mut (*scratch).payload).cast::<u8>().add(mask(filled) as usize) };
    if wanted > 0 && !read_user(target.cast(), wanted, base + copied) {
        return Step::Fault;
    }
    let ended = copied + wanted >= length;
    // SAFETY: as above.
    unsafe {
        (&raw mut (*progress).filled).write_volatile(filled + wanted);
        (&raw mut (*progress).copied).write_volatile(if ended { 0 } else { copied + wanted });
        (&raw mut (*progress).vector).write_volatile(if ended { vector + 1 } else { vector });
    }
    Step::Copied
}

/// `value` below one chunk, for the verifier.
#[inline(always)]
fn mask(mut value: u64) -> u64 {
    // SAFETY: only a bitwise and.
    unsafe {
        asm!("{0} &= 16383", inout(reg) value);
    }
    value
}
