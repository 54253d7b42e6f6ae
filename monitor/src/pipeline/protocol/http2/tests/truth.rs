//! What is said when bytes are missing, held against what is said when none are: whatever is
//! lost, an exchange is the same, or what is not known of it is said to be unknown.

use std::collections::BTreeMap;

use super::*;
use crate::pipeline::output::{Method, UNKNOWN_PATH};

type Truth = BTreeMap<u32, ProtocolExchange>;

fn truth_of(parts: &[Part]) -> Truth {
    let exchanges = exchanges_of(false, &deliveries(parts));
    exchanges.into_iter().map(|it| (it.stream.expect("of a stream"), it)).collect()
}

/// Conversations without anything irregular in them: recorded ones, and those of the cases
/// that begin at the start and have no gap.
fn conversations() -> Vec<(String, Vec<Part>)> {
    let recorded = RECORDED.iter().map(|(name, text)| ((*name).to_owned(), recorded(text).0));
    let made = cases().into_iter().filter(|case| {
        let names = ["interleave", "table is kept", "padding and", "continuation", "unary", "push"];
        !case.midstream
            && names.iter().any(|name| case.name.contains(name))
            && !case.expected.iter().any(|line| line.contains("flood") || line.contains("_push"))
            && !case.name.contains("nothing")
    });
    recorded.chain(made.map(|case| (case.name.to_owned(), case.parts))).collect()
}

/// What is wrong with an exchange that was said when bytes were missing; none where
/// nothing is.
fn fault_of(said: &ProtocolExchange, truth: &Truth) -> Option<&'static str> {
    let Some(real) = said.stream.and_then(|id| truth.get(&id)) else { return Some("no stream") };
    let is_marked = |anomaly| said.anomalies.contains(&anomaly);
    let is_unknown = is_marked(Anomaly::UnknownHeader);
    if let Some(request) = &said.request {
        let Some(real_request) = &real.request else { return Some("request") };
        let path = &*request.path;
        let checks = [
            (request.method == real_request.method || request.method == Method::Unknown, "method"),
            (path == &*real_request.path || path == UNKNOWN_PATH, "path"),
            (request.query_keys == real_request.query_keys || path == UNKNOWN_PATH, "keys"),
            (request.host.is_none() || request.host == real_request.host, "host"),
            (
                request.content_type.is_none() || request.content_type == real_request.content_type,
                "request type",
            ),
            (request.body_bytes <= real_request.body_bytes, "request body"),
            (
                !request.complete
                    || (real_request.complete && request.body_bytes == real_request.body_bytes),
                "request complete",
            ),
            (said.began == real.began, "began"),
        ];
        if let Some((_, what)) = checks.iter().find(|(holds, _)| !holds) {
            return Some(what);
        }
        let has_unknown = request.method == Method::Unknown
            || path == UNKNOWN_PATH
            || request.host.is_none() && real_request.host.is_some()
            || said.auth != real.auth
            || request.content_type != real_request.content_type;
        if has_unknown && !is_unknown {
            return Some("unknown is not said");
        }
    } else if !is_marked(Anomaly::ResponseWithoutRequest) {
        return Some("no request");
    }
    if let Some(response) = &said.response {
        let Some(real_response) = &real.response else { return Some("response") };
        let has_unknown = response.status.is_none()
            || response.content_type.is_none() && real_response.content_type.is_some();
        let checks = [
            (response.status.is_none() || response.status == real_response.status, "status"),
            (
                response.content_type.is_none()
                    || response.content_type == real_response.content_type,
                "response type",
            ),
            (response.body_bytes <= real_response.body_bytes, "response body"),
            (
                !response.complete
                    || (real_response.complete && response.body_bytes == real_response.body_bytes),
                "response complete",
            ),
            (!has_unknown || is_unknown || is_marked(Anomaly::Gap), "unknown is not said"),
        ];
        if let Some((_, what)) = checks.iter().find(|(holds, _)| !holds) {
            return Some(what);
        }
    } else if real.response.is_some()
        && !is_marked(Anomaly::Gap)
        && !is_marked(Anomaly::StreamReset)
    {
        return Some("no response");
    }
    fault_of_grpc(said, real, is_unknown)
}

fn fault_of_grpc(
    said: &ProtocolExchange,
    real: &ProtocolExchange,
    is_unknown: bool,
) -> Option<&'static str> {
    let (Some(grpc), Some(real_grpc)) = (&said.grpc, &real.grpc) else {
        let is_marked = is_unknown || said.request.is_none() || said.response.is_none();
        return (said.grpc.is_some() != real.grpc.is_some() && !is_marked).then_some("protocol");
    };
    let (counts, real_counts) = (&grpc.messages, &real_grpc.messages);
    let request_is_whole = said.request.as_ref().is_some_and(|it| it.complete);
    let response_is_whole = said.response.as_ref().is_some_and(|it| it.complete);
    let checks = [
        (grpc.service.is_none() || grpc.service == real_grpc.service, "service"),
        (grpc.method.is_none() || grpc.method == real_grpc.method, "call"),
        (grpc.status.is_none() || grpc.status == real_grpc.status, "grpc status"),
        (counts.to_server <= real_counts.to_server, "messages up"),
        (counts.to_client <= real_counts.to_client, "messages down"),
        (!request_is_whole || counts.to_server == real_counts.to_server, "whole messages up"),
        (!response_is_whole || counts.to_client == real_counts.to_client, "whole messages down"),
    ];
    checks.iter().find(|(holds, _)| !holds).map(|(_, what)| *what)
}

/// Holds what is said against the truth; each stream at most once. What is wrong, if anything.
fn judge(said: &[ProtocolExchange], truth: &Truth) -> Option<String> {
    let mut streams = Vec::new();
    for exchange in said {
        let line = line_of(exchange);
        if let Some(fault) = fault_of(exchange, truth) {
            let real = exchange.stream.and_then(|id| truth.get(&id)).map(line_of);
            return Some(format!("{fault}: {line}\nreally {real:?}"));
        }
        if streams.contains(&exchange.stream) {
            return Some(format!("twice: {line}"));
        }
        streams.push(exchange.stream);
    }
    None
}

fn hold(name: &str, how: &str, said: &[ProtocolExchange], truth: &Truth) {
    if let Some(wrong) = judge(said, truth) {
        panic!("{name}, {how}: {wrong}");
    }
}

/// The parts without `length` bytes of a way from `from` on.
fn without(parts: &[Part], way: Way, from: usize, length: usize) -> Vec<Part> {
    let mut at = 0;
    let mut all = Vec::new();
    for part in parts {
        if part.way() != way || part.bytes().is_empty() {
            all.push(part.clone());
            continue;
        }
        let bytes = part.bytes();
        let first = from.saturating_sub(at).min(bytes.len());
        let last = (from + length).saturating_sub(at).min(bytes.len());
        at += bytes.len();
        let of = |bytes: &[u8]| match way {
            Way::ToServer => Part::Up(bytes.to_vec()),
            Way::ToClient => Part::Down(bytes.to_vec()),
        };
        if first > 0 {
            all.push(of(&bytes[..first]));
        }
        if last > first {
            all.push(Part::Gap(way, (last - first) as u64));
        }
        if last < bytes.len() {
            all.push(of(&bytes[last..]));
        }
    }
    all
}

fn bytes_of(parts: &[Part], way: Way) -> usize {
    parts.iter().filter(|part| part.way() == way).map(|part| part.bytes().len()).sum()
}

/// Work of a test over all conversations, in bytes parsed, so that it ends in seconds.
const WORK_BYTES: usize = 12_000_000;

#[test]
fn a_gap_never_makes_a_wrong_exchange() {
    let conversations = conversations();
    for (name, parts) in &conversations {
        let truth = truth_of(parts);
        let total = bytes_of(parts, Way::ToServer) + bytes_of(parts, Way::ToClient);
        let lengths = [1, 2, 7, 9, 13, 30, 64, 200, 1000, 5000];
        let runs = WORK_BYTES / conversations.len() / total;
        let step = (total * lengths.len()).div_ceil(runs) | 1;
        for way in [Way::ToServer, Way::ToClient] {
            let positions = bytes_of(parts, way);
            for run in (0..positions * lengths.len()).step_by(step) {
                let (from, length) = (run / lengths.len(), lengths[run % lengths.len()]);
                let said = exchanges_of(false, &deliveries(&without(parts, way, from, length)));
                hold(name, &format!("{way:?} without {from}+{length}"), &said, &truth);
            }
        }
    }
}

#[test]
fn joining_late_never_makes_a_wrong_exchange() {
    let conversations = conversations();
    for (name, parts) in &conversations {
        let truth = truth_of(parts);
        let total = bytes_of(parts, Way::ToServer) + bytes_of(parts, Way::ToClient);
        let runs = WORK_BYTES / conversations.len() / total;
        let step = total.div_ceil(runs) | 1;
        let mut skipped = 0;
        for (index, part) in parts.iter().enumerate() {
            let length = part.bytes().len();
            for at in (0..length).filter(|at| (skipped + at).is_multiple_of(step) || *at == 0) {
                let mut all = deliveries(&parts[index..]);
                all[0] = (part.way(), Delivery::Bytes(&part.bytes()[at..]));
                let said = exchanges_of(true, &all);
                hold(name, &format!("from part {index} byte {at}"), &said, &truth);
            }
            skipped += length;
        }
    }
}

/// What begins after the watch is told, whatever came before it.
#[test]
fn exchanges_after_a_late_join_are_told() {
    for (name, parts) in &conversations() {
        let truth = truth_of(parts);
        for index in 0..parts.len() {
            let said = exchanges_of(true, &deliveries(&parts[index..]));
            let Some(before) = begun_before(&parts[..index]) else { continue };
            for id in truth.keys().filter(|id| **id > before) {
                let told = said.iter().find(|it| it.stream == Some(*id));
                assert!(told.is_some(), "{name}: stream {id} from part {index} on");
            }
        }
    }
}

/// Highest stream that the parts know of; none where they end within a frame.
fn begun_before(parts: &[Part]) -> Option<u32> {
    let mut http = Http2::new(false);
    feed_all(&mut http, &deliveries(parts));
    let is_between = |side: &Side| side.state == State::Header && side.has == 0;
    let known = http.streams.highest.max(http.streams.highest_promised);
    (is_between(&http.to_server) && is_between(&http.to_client)).then_some(known)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: PROPERTY_CASES / 2,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Several gaps in both ways, each told as it comes or with the record behind it, in
    /// connections that were watched from the start or joined late.
    #[test]
    fn gaps_never_make_a_wrong_exchange(
        which: prop::sample::Index,
        gaps in proptest::collection::vec((any::<bool>(), any::<prop::sample::Index>(), 1..300_usize), 1..6),
        told in any::<[bool; 3]>(),
        late: Option<prop::sample::Index>,
    ) {
        let conversations = conversations();
        let (name, parts) = &conversations[which.index(conversations.len())];
        let truth = truth_of(parts);
        let mut lossy = parts.clone();
        for (up, at, length) in gaps {
            let way = if up { Way::ToServer } else { Way::ToClient };
            let at = at.index(bytes_of(&lossy, way).max(1));
            lossy = without(&lossy, way, at, length);
        }
        let start = late.map_or(0, |late| late.index(lossy.len()));
        let mut all = Vec::new();
        for (at, part) in lossy[start..].iter().enumerate() {
            match part.delivery() {
                Delivery::Gap(bytes) if told[at % 3] => {
                    all.push((part.way(), Delivery::Gap(0)));
                    all.push((part.way(), Delivery::GapToldBefore(bytes)));
                }
                // It was in the other way, which the next record shows.
                delivery => {
                    if told[(at + 1) % 3] {
                        all.push((part.way(), Delivery::Gap(0)));
                    }
                    all.push((part.way(), delivery));
                }
            }
        }
        let wrong = judge(&exchanges_of(start > 0, &all), &truth);
        prop_assert!(wrong.is_none(), "{}: {:?}", name, wrong);
    }
}
