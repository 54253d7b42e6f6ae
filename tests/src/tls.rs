//! TLS peers that apiwatch did not write, and what they say of their handshakes.

/// Keys, certificates and who signs them.
mod authority;
/// Programs of our own over the TLS libraries of languages.
mod client;
/// Clients that others wrote.
mod command;
/// nginx, which says in each response what was agreed on.
mod nginx;
/// What a peer says of a handshake.
mod report;
/// Commands that are run to their end.
mod run;

pub use authority::Authority;
pub(crate) use client::peer;
pub use client::{Language, NodeServer, TlsOptions, go_client, node_with_ml_kem};
pub use command::{curl, gnutls, h2load, openssl, openssl_refused};
pub use nginx::TlsNginx;
pub use report::{Report, Words};

/// The name that every client asks for unless told otherwise.
pub const NAME: &str = "api.test";
/// Application protocols that our clients offer.
pub const OFFERED: &str = "apiwatch/9,http/1.1";
