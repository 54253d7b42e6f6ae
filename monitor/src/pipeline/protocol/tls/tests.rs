//! TLS as cases: bytes of both ways and what is told of them, wherever the bytes are split,
//! cut off, lost or damaged.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::pipeline::output::tls::{Certificate, CertificateSeen};
use crate::pipeline::protocol::Anomaly;

/// Handshakes that nobody sends, or nobody should.
mod forged;
/// Handshakes between real peers.
mod recorded;

use recorded::Recorded;

/// Buffers of both ways, and nothing besides.
const MOST_BUFFERED: usize = 2 * MESSAGE_BYTES;

/// Feeds parts and the end of both ways, and gives what is told.
fn told(midstream: bool, parts: &[(Way, Delivery<'_>)]) -> Option<Handshake> {
    let limits = Limits::default();
    let mut tls = Tls::new(midstream);
    let ends = [(Way::ToServer, Delivery::End), (Way::ToClient, Delivery::End)];
    let mut handshakes = Vec::new();
    for (way, delivery) in parts.iter().chain(&ends) {
        tls.feed(&limits, *way, *delivery, Timestamp(7));
        assert!(tls.buffered() <= MOST_BUFFERED);
        handshakes.extend(tls.take_handshake());
        if !handshakes.is_empty() {
            assert!(tls.is_over());
        }
    }
    assert!(tls.is_over());
    assert_eq!(tls.buffered(), 0);
    assert!(handshakes.len() <= 1, "told more than once");
    handshakes.pop().map(|(time, handshake)| {
        assert_eq!(time, Timestamp(7));
        handshake
    })
}

fn deliveries(parts: &[(Way, Vec<u8>)]) -> Vec<(Way, Delivery<'_>)> {
    parts.iter().map(|(way, bytes)| (*way, Delivery::Bytes(bytes))).collect()
}

/// A handshake in lines, one for each thing that is known.
fn lines_of(handshake: &Handshake) -> Vec<String> {
    let mut lines = String::new();
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(lines, "{name} {value}");
        }
    };
    line("version", handshake.version.map(|it| it.to_string()));
    line("cipher", handshake.cipher.map(|it| it.to_string()));
    line("group", handshake.group.map(|it| it.to_string()));
    line("dh_bits", handshake.dh_bits.map(|it| it.to_string()));
    line("signature", handshake.signature.map(|it| it.to_string()));
    line("alpn_agreed", handshake.alpn.as_deref().map(str::to_owned));
    line("resumed", handshake.resumed.map(|it| it.to_string()));
    line("retried", handshake.retried.then(|| "true".to_owned()));
    line("mutual", handshake.mutual.map(|it| it.to_string()));
    line("alert", handshake.alert.map(|it| it.to_string()));
    line("certificate", certificate_line(&handshake.certificate));
    if let Some(offered) = &handshake.offered {
        line("sni", offered.sni.as_deref().map(str::to_owned));
        line("alpn_offered", list(&offered.alpn));
        line("versions_offered", list(&offered.versions));
        line("groups_offered", list(&offered.groups));
        line("ja4", Some(offered.ja4.clone().into()));
        line("ech", offered.ech.then(|| "true".to_owned()));
    }
    let anomalies: Vec<&str> = handshake.anomalies.iter().map(|it| it.name()).collect();
    line("anomalies", list(&anomalies));
    lines.lines().map(str::to_owned).collect()
}

fn list<T: ToString>(items: &[T]) -> Option<String> {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    (!items.is_empty()).then(|| items.join(","))
}

fn certificate_line(seen: &CertificateSeen) -> Option<String> {
    Some(match seen {
        CertificateSeen::NotSeen => return None,
        CertificateSeen::Hidden => "hidden".to_owned(),
        CertificateSeen::NotSent => "not_sent".to_owned(),
        CertificateSeen::Seen(certificate) => {
            let Certificate { subject, issuer, not_before, not_after, .. } = &**certificate;
            let Certificate { key_algorithm, key_bits, signature, .. } = &**certificate;
            let san = list(&certificate.san).unwrap_or_default();
            let bits = key_bits.unwrap_or_default();
            let own = if certificate.self_signed { " self-signed" } else { "" };
            let length = certificate.chain_length;
            format!(
                "[{subject}] by [{issuer}] for [{san}] {not_before}..{not_after} \
                 {key_algorithm} {bits} {signature} 1 of {length}{own}"
            )
        }
    })
}

/// What is told of `parts` is also told of the whole handshake, or is that something was
/// not seen: nothing else, and nothing more.
fn assert_not_wrong(of: &Handshake, whole: &[String], what: impl Fn() -> String) {
    for line in lines_of(of) {
        let (name, value) = line.split_once(' ').expect("a value");
        if name == "anomalies" || whole.contains(&line) {
            continue;
        }
        panic!("{}: {name} {value} is not so", what());
    }
}

fn whole(recorded: &Recorded) -> Handshake {
    told(false, &deliveries(&recorded.parts)).expect(recorded.name)
}

/// What is told of each recorded handshake.
pub(in crate::pipeline::protocol) fn recorded_handshakes() -> Vec<Handshake> {
    recorded::all().map(|recorded| whole(&recorded)).collect()
}

#[test]
fn recorded_handshakes_are_what_their_peers_say() {
    for recorded in recorded::all() {
        let lines = lines_of(&whole(&recorded));
        for reported in &recorded.reported {
            // TLS 1.3 encrypts the protocol agreed on.
            let is_hidden = reported.starts_with("alpn_agreed")
                && lines.iter().any(|line| line == "version 1.3");
            let is_told = lines.iter().any(|line| line == reported);
            assert_eq!(is_told, !is_hidden, "{}: {reported}", recorded.name);
        }
        assert_eq!(lines, recorded.expected, "{}", recorded.name);
    }
}

#[test]
fn recorded_handshakes_are_told_alike_at_every_split() {
    for recorded in recorded::all() {
        let expected = whole(&recorded);
        let parts = deliveries(&recorded.parts);
        let bytewise: Vec<_> = recorded.parts.iter().flat_map(bytes_of).collect();
        assert_eq!(told(false, &bytewise).as_ref(), Some(&expected), "{}", recorded.name);
        for (index, (way, bytes)) in recorded.parts.iter().enumerate() {
            for at in 1..bytes.len() {
                let (first, second) = bytes.split_at(at);
                let mut parts = parts.clone();
                parts[index] = (*way, Delivery::Bytes(first));
                parts.insert(index + 1, (*way, Delivery::Bytes(second)));
                let told = told(false, &parts);
                assert_eq!(told.as_ref(), Some(&expected), "{} {index} {at}", recorded.name);
            }
        }
    }
}

fn bytes_of(part: &(Way, Vec<u8>)) -> impl Iterator<Item = (Way, Delivery<'_>)> {
    part.1.chunks(1).map(|byte| (part.0, Delivery::Bytes(byte)))
}

/// Joining in the middle does not change what is told where the start was there after all.
#[test]
fn a_presumed_loss_of_the_start_changes_nothing() {
    for recorded in recorded::all() {
        let told = told(true, &deliveries(&recorded.parts));
        assert_eq!(told, Some(whole(&recorded)), "{}", recorded.name);
    }
}

/// The ways are read apart from each other in time: the order between them does not count.
#[test]
fn all_of_one_way_may_come_before_the_other() {
    for recorded in recorded::all() {
        // What a client sends early or encrypted belongs to the hello before it.
        let whole = lines_of(&whole(&recorded));
        let mut parts = deliveries(&recorded.parts);
        parts.sort_by_key(|(way, _)| *way == Way::ToClient);
        if let Some(handshake) = told(false, &parts) {
            assert_not_wrong(&handshake, &whole, || recorded.name.to_owned());
        }
        parts.sort_by_key(|(way, _)| *way == Way::ToServer);
        if let Some(handshake) = told(false, &parts) {
            assert_not_wrong(&handshake, &whole, || recorded.name.to_owned());
        }
    }
}

#[test]
fn prefixes_tell_nothing_wrong() {
    for recorded in recorded::all() {
        let whole = lines_of(&whole(&recorded));
        for (index, (way, bytes)) in recorded.parts.iter().enumerate() {
            for length in 0..bytes.len() {
                let mut parts = deliveries(recorded.parts.get(..index).expect("parts"));
                parts.push((*way, Delivery::Bytes(&bytes[..length])));
                if let Some(handshake) = told(false, &parts) {
                    assert_not_wrong(&handshake, &whole, || {
                        format!("{} {index} {length}", recorded.name)
                    });
                }
            }
        }
    }
}

#[test]
fn gaps_anywhere_tell_nothing_wrong() {
    for recorded in recorded::all() {
        let whole = lines_of(&whole(&recorded));
        for (index, (way, bytes)) in recorded.parts.iter().enumerate() {
            for at in (0..bytes.len()).step_by(3) {
                let (before, rest) = bytes.split_at(at);
                let (lost, after) = rest.split_at(rest.len().min(1 + at % 40));
                for gap in [Delivery::Gap(lost.len() as u64), Delivery::Gap(0)] {
                    let mut parts = deliveries(&recorded.parts);
                    parts.splice(
                        index..=index,
                        [Delivery::Bytes(before), gap, Delivery::Bytes(after)].map(|it| (*way, it)),
                    );
                    if let Some(handshake) = told(false, &parts) {
                        assert_not_wrong(&handshake, &whole, || {
                            format!("{} {index} {at}", recorded.name)
                        });
                    }
                }
            }
        }
    }
}

/// Whoever joins in the middle of a way, at any byte, tells what he saw or nothing. A second
/// hello looks like a first one to him.
#[test]
fn a_start_in_the_middle_tells_nothing_wrong() {
    for recorded in recorded::all() {
        let mut whole = lines_of(&whole(&recorded));
        if recorded.name == "tls13_retry_after_early_data" {
            whole.push("ja4 t13d041100_16476d049b0b_6775ac8fe30b".to_owned());
        }
        for index in 0..recorded.parts.len() {
            let (way, bytes) = &recorded.parts[index];
            for at in 1..bytes.len() {
                let mut parts = deliveries(&recorded.parts[index..]);
                parts[0] = (*way, Delivery::Bytes(&bytes[at..]));
                if let Some(handshake) = told(true, &parts) {
                    assert_not_wrong(&handshake, &whole, || {
                        format!("{} {index} {at}", recorded.name)
                    });
                    assert_eq!(handshake.anomalies, [], "{} {index} {at}", recorded.name);
                }
            }
        }
    }
}

/// A damaged byte may change what is told, but nothing else.
#[test]
fn flipped_bits_are_survived() {
    for recorded in recorded::all() {
        for (index, (way, bytes)) in recorded.parts.iter().enumerate() {
            for at in 0..bytes.len() {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << ((at + index) % 8);
                let mut parts = deliveries(&recorded.parts);
                parts[index] = (*way, Delivery::Bytes(&damaged));
                told(at % 2 == 0, &parts);
            }
        }
    }
}

/// Every bit of the hellos and of a certificate of each kind.
#[test]
fn every_flipped_bit_is_survived() {
    for name in ["tls12_ecdhe_ecdsa_chacha20", "tls12_rsa_pss_certificate"] {
        let recorded = recorded::named(name);
        for (index, (way, bytes)) in recorded.parts.iter().enumerate() {
            let mut damaged = bytes.clone();
            for bit in 0..bytes.len() * 8 {
                damaged[bit / 8] ^= 1 << (bit % 8);
                let mut parts = deliveries(&recorded.parts);
                parts[index] = (*way, Delivery::Bytes(&damaged));
                told(false, &parts);
                damaged[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_survived(
        parts in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..600)), 0..8),
        midstream: bool,
    ) {
        let parts: Vec<_> = parts
            .iter()
            .map(|(to_server, bytes)| (way(*to_server), Delivery::Bytes(bytes)))
            .collect();
        told(midstream, &parts);
    }

    /// Records and messages with right lengths, and anything in them.
    #[test]
    fn any_messages_are_survived(
        messages in prop::collection::vec(
            (any::<bool>(), 0u8..26, prop::collection::vec(any::<u8>(), 0..300), 1usize..64),
            0..8,
        ),
        midstream: bool,
    ) {
        let records: Vec<_> = messages
            .iter()
            .map(|(to_server, kind, body, fragment)| {
                (way(*to_server), forged::records(&forged::message(*kind, body), *fragment))
            })
            .collect();
        told(midstream, &deliveries(&records));
    }
}

fn way(to_server: bool) -> Way {
    if to_server { Way::ToServer } else { Way::ToClient }
}
