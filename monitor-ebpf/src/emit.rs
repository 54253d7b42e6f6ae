//! Records into rings, and the wake-up policy.

use core::ffi::c_void;
use core::ptr;

use aya_ebpf::helpers::generated::{
    bpf_ringbuf_output, bpf_ringbuf_query, bpf_ringbuf_reserve, bpf_ringbuf_submit,
};
use monitor_common::counter::Counter;

use crate::maps::{CONSUMER_SLEEPS, CONTROL, DATA, count};
use crate::setting;

const BPF_RB_NO_WAKEUP: u64 = 1;
const BPF_RB_FORCE_WAKEUP: u64 = 2;
const BPF_RB_AVAIL_DATA: u64 = 0;

/// Puts `bytes` of a data record into the payload ring.
///
/// # Safety
/// `record` must point to `bytes` readable bytes.
#[inline(always)]
pub unsafe fn data(record: *const c_void, bytes: u64) {
    count(Counter::DataGenerated);
    // SAFETY: by the contract above.
    unsafe {
        let ring = ptr::from_ref(&DATA).cast_mut().cast();
        let wakeup = wakeup(ring, setting!(SETTINGS.data_wakeup_bytes));
        if bpf_ringbuf_output(ring, record.cast_mut(), bytes, wakeup) < 0 {
            count(Counter::DataLost);
        }
    }
}

/// Puts a record into the control ring; `fill` writes it in place, which saves the
/// 512 bytes of stack. What `fill` must do also without room is not done here.
#[inline(always)]
pub fn control<T>(fill: impl FnOnce(*mut T)) {
    count(Counter::ControlGenerated);
    let ring = ptr::from_ref(&CONTROL).cast_mut().cast();
    // SAFETY: a ring buffer map, and a size that is constant.
    let record = unsafe { bpf_ringbuf_reserve(ring, size_of::<T>() as u64, 0) }.cast::<T>();
    if record.is_null() {
        count(Counter::ControlLost);
        return;
    }
    fill(record);
    let wakeup = wakeup(ring, setting!(SETTINGS.control_wakeup_bytes));
    // SAFETY: reserved above, and submitted once.
    unsafe { bpf_ringbuf_submit(record.cast(), wakeup) };
}

/// Waking costs more than a record, so it happens only when the consumer sleeps
/// or the ring fills; between the two the consumer looks by itself every few
/// milliseconds.
#[inline(always)]
fn wakeup(ring: *mut c_void, threshold: u32) -> u64 {
    if let Some(sleeps) = CONSUMER_SLEEPS.get_ptr_mut(0) {
        // SAFETY: a map value; a lost update costs one superfluous wake-up.
        unsafe {
            if sleeps.read_volatile() != 0 {
                sleeps.write_volatile(0);
                return BPF_RB_FORCE_WAKEUP;
            }
        }
    }
    // SAFETY: a ring buffer map.
    let waiting = unsafe { bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) };
    if waiting > u64::from(threshold) { BPF_RB_FORCE_WAKEUP } else { BPF_RB_NO_WAKEUP }
}
