use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::tls::{Authority, NAME};
use serde_json::Value;

use super::TIERS;

/// Records say what peers say.
#[path = "tls/agreed.rs"]
mod agreed;
/// Facts of certificates.
#[path = "tls/certificates.rs"]
mod certificates;
/// Less than before.
#[path = "tls/downgrade.rs"]
mod downgrade;
/// Groups that withstand quantum computers.
#[path = "tls/hybrid.rs"]
mod hybrid;
/// Traffic on a port for the other kind.
#[path = "tls/ports.rs"]
mod ports;
/// Handshakes that come to nothing.
#[path = "tls/refused.rs"]
mod refused;
/// Many at once, in pieces, with early data, before the daemon.
#[path = "tls/shapes.rs"]
mod shapes;
/// What handshakes are found to lack.
#[path = "tls/weak.rs"]
mod weak;
/// Behind a header of a proxy, and in a tunnel.
#[path = "tls/wrapped.rs"]
mod wrapped;

/// A daemon of each tier, side by side: they watch the same traffic.
fn daemons(print: &str, config: &str) -> [Daemon; TIERS.len()] {
    TIERS.map(|tier| Daemon::start_with(tier, print, config))
}

/// An authority that signed a certificate of each kind of key for servers, and one for
/// clients.
fn authority() -> Authority {
    let authority = Authority::new();
    authority.sign("rsa", "rsa:2048", NAME, &[]);
    authority.sign("ec", "ec:P-256", NAME, &[]);
    authority.sign("client", "ec:P-256", CLIENT, &[]);
    authority
}

/// Who the clients say that they are, where they are asked.
const CLIENT: &str = "client.test";

/// Whether a record is of a connection to a port.
fn is_to(record: &Value, port: u16) -> bool {
    record["server"]["port"] == port
}
