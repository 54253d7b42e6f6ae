//! The control socket: what a running daemon tells `top`, `tail` and `status`.
//!
//! ```text
//! capture thread: ControlSink ─► events ─► thread "control": Server ─► sessions ─► clients
//!                 ControlHandle ◄─ wishes, reloads ◄─┘
//! ```
//!
//! Lines of JSON both ways. A client says what it wants in one `protocol::Request`; the
//! daemon answers with a header, then with records as `replay` prints them and with the
//! notices of `protocol`. `docs/control-socket.md` has the protocol for other clients.

/// The other end: what `top`, `tail`, `status` and `reload` talk through.
pub mod client;
/// Lines read back into what they were written from.
pub mod decode;
/// What is said where there is no daemon.
pub mod no_daemon;
/// What clients ask for, and what is said beside records.
pub mod protocol;
/// The thread that serves clients.
pub mod server;
/// From the capture loop to the thread that serves clients.
pub mod sink;
/// The socket in the file system.
pub mod socket;
/// What the daemon is and how it fares.
pub mod status;
