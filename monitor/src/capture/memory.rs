//! Memory of the start, given back.
#![expect(unsafe_code, reason = "calls into the C library that have no safe form")]

/// Bytes from which an allocation gets pages of its own; the C library's first default.
const THRESHOLD_BYTES: i32 = 128 * 1024;

/// Keeps the C library from raising the size from which an allocation gets pages of its
/// own. It raises it when such an allocation is freed, and the kernel's types, some
/// 20 MB that only the start needs, would then stay in the heap below what lives on.
/// Call it before anything large is allocated.
pub fn give_back_large_allocations() {
    // SAFETY: only sets a number of the allocator.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, THRESHOLD_BYTES);
    }
}

/// Gives memory that was freed back to the kernel.
pub fn give_back_freed() {
    // SAFETY: only gives back pages of the allocator that hold nothing.
    unsafe {
        libc::malloc_trim(0);
    }
}
