//! The entry points. Each is thin: the logic is in its `try_` function.

/// Connections and processes that are older than the watch.
mod iterator;
/// Life of a connection.
mod lifecycle;
/// Life of a process.
mod process;
/// Tier A: the end of every socket send and receive.
mod socket;
/// Tier B: the end of every system call.
mod syscall;
