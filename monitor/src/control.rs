//! The control socket: what a running daemon tells `top`, `tail` and `status`.
//!
//! Lines of JSON both ways. A client says what it wants in one [`protocol::Request`]; the
//! daemon answers with a header, then with records as `replay` prints them and with the
//! notices of [`protocol`]. `docs/control-socket.md` has the protocol for other clients.

/// Lines read back into what they were written from.
pub mod decode;
/// What clients ask for, and what is said beside records.
pub mod protocol;
/// What the daemon is and how it fares.
pub mod status;
