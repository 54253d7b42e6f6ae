//! Doors to the parsers for fuzz targets, and what must hold behind them.

use super::script;
use super::{Delivery, ProtocolExchange, Session, Way, proxy};
use crate::pipeline::settings::Limits;
use crate::pipeline::time::Timestamp;

/// Bytes that a connection may hold, whatever comes.
const MOST_HELD: usize = 256 * 1024;

/// A connection of any protocol: however the bytes are cut, the same is said.
pub(crate) fn session(bytes: &[u8]) {
    let (midstream, steps) = script::read(bytes);
    let whole = drive(midstream, steps.iter().copied());
    let bytewise = steps.iter().flat_map(|(way, delivery)| {
        let parts: Vec<Delivery<'_>> = match delivery {
            Delivery::Bytes(bytes) => bytes.chunks(1).map(Delivery::Bytes).collect(),
            other => vec![*other],
        };
        parts.into_iter().map(move |part| (*way, part))
    });
    assert_eq!(whole, drive(midstream, bytewise), "the cuts show");
}

fn drive<'a>(
    midstream: bool,
    steps: impl Iterator<Item = (Way, Delivery<'a>)>,
) -> Vec<ProtocolExchange> {
    let limits = Limits::default();
    let mut session = Session::new(midstream);
    let mut exchanges = Vec::new();
    let ends = [Way::ToServer, Way::ToClient].map(|way| (way, Delivery::End));
    for (way, delivery) in steps.chain(ends) {
        session.feed(&limits, way, delivery, Timestamp(1), &mut exchanges);
        assert!(session.buffered() <= MOST_HELD, "{} bytes are held", session.buffered());
    }
    exchanges
}

/// The header of a proxy.
pub(crate) fn proxy(bytes: &[u8]) {
    if let proxy::Proxy::Header(length, _) = proxy::parse(bytes) {
        assert!(length <= bytes.len());
    }
}
