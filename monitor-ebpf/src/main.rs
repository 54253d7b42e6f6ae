//! The kernel side of apiwatch: it copies, counts and leaves.
//!
//! ```text
//! probes/socket   tier A  sock_send_length, sock_recv_length ─┐
//! probes/syscall  tier B  sys_exit ───────────────────────────┴─► call ─► emit ─► DATA ring
//!                                     DNS over UDP ──► datagram ─► emit ─► DATA ring
//! probes/lifecycle        inet_sock_set_state, tcp_destroy_sock ─► emit ─► CONTROL ring
//! probes/process          exec, fork, exit ──────────────────────► emit ─► CONTROL ring
//! probes/iterator         task_file, task ───────────────────────► seq file
//! ```
//!
//! Nothing here parses a protocol, alters, delays or blocks traffic, or is pinned.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

/// Payload of one call, found through the saved registers and copied.
mod call;
/// Datagrams of DNS.
mod datagram;
/// Records into rings, and the wake-up policy.
mod emit;
/// Typed and probed reads of kernel structures at offsets from BTF.
mod kernel;
/// Every map and global.
mod maps;
/// Paths of executables and cgroups, walked from the leaf.
mod path;
/// The entry points, one file per concern.
mod probes;
/// State of a connection end.
mod state;

/// Helpers that the kernel reserves for GPL-compatible programs need this.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
