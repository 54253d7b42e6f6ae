//! apiwatch on a real kernel with real servers and clients. Needs root.

/// What must never be shown.
#[path = "live/confidential.rs"]
mod confidential;
/// Every request is one exchange.
#[path = "live/exchanges.rs"]
mod exchanges;
/// Privileges, kill -9, bad input.
#[path = "live/hardship.rs"]
mod hardship;
/// Loss is told, exactly.
#[path = "live/loss.rs"]
mod loss;
/// Metrics of a live daemon.
#[path = "live/metrics.rs"]
mod metrics;
/// Connections that are older than the daemon.
#[path = "live/older.rs"]
mod older;
/// A recording replays to the same bytes.
#[path = "live/recording.rs"]
mod recording;
/// Every way to send and receive.
#[path = "live/syscalls.rs"]
mod syscalls;
/// TLS between programs that apiwatch did not write.
#[path = "live/tls.rs"]
mod tls;

/// The tiers that are tested.
const TIERS: [&str; 2] = ["a", "b"];
