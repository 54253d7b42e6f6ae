//! Handshakes made by hand: what real peers do not send, or not to us.

use super::*;
use crate::pipeline::protocol::anomaly::Anomalies;
use crate::pipeline::text::is_steering;

type Extensions = Vec<Vec<u8>>;
type Parts<'a> = &'a [&'a [u8]];

/// A handshake message.
pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a short body").to_be_bytes();
    [&[kind], &length[1..], body].concat()
}

/// Handshake records of at most `fragment` bytes each.
pub(super) fn records(message: &[u8], fragment: usize) -> Vec<u8> {
    message.chunks(fragment).flat_map(|part| record(22, part)).collect()
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).expect("a record").to_be_bytes();
    [[kind, 3, 1].as_slice(), &length, body].concat()
}

fn vector16(body: &[u8]) -> Vec<u8> {
    [&u16::try_from(body.len()).expect("a vector").to_be_bytes(), body].concat()
}

fn numbers(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes(), vector16(body).as_slice()].concat()
}

fn versions(list: &[u16]) -> Vec<u8> {
    let list = numbers(list);
    extension(43, &[&[u8::try_from(list.len()).expect("few")], list.as_slice()].concat())
}

fn groups(list: &[u16]) -> Vec<u8> {
    extension(10, &vector16(&numbers(list)))
}

fn server_name(name: &[u8]) -> Vec<u8> {
    extension(0, &vector16(&[&[0], vector16(name).as_slice()].concat()))
}

fn protocols(list: &[&[u8]]) -> Vec<u8> {
    let length = |protocol: &[u8]| u8::try_from(protocol.len()).expect("short");
    let list: Vec<u8> = list.iter().flat_map(|it| [&[length(it)], *it].concat()).collect();
    extension(16, &vector16(&list))
}

const SESSION: [u8; 3] = [2, 7, 7];

fn client_hello(version: u16, ciphers: &[u16], extensions: &[Vec<u8>]) -> Vec<u8> {
    let body = [
        &version.to_be_bytes(),
        [9; 32].as_slice(),
        &SESSION,
        &vector16(&numbers(ciphers)),
        &[1, 0],
        &vector16(&extensions.concat()),
    ];
    message(1, &body.concat())
}

fn server_hello(
    version: u16,
    random: &[u8; 32],
    cipher: u16,
    compression: u8,
    extensions: &[Vec<u8>],
) -> Vec<u8> {
    let body = [
        &version.to_be_bytes(),
        random.as_slice(),
        &[0],
        &cipher.to_be_bytes(),
        &[compression],
        &vector16(&extensions.concat()),
    ];
    message(2, &body.concat())
}

const RANDOM: [u8; 32] = [5; 32];

fn random_with_end(end: &[u8; 8]) -> [u8; 32] {
    let mut random = RANDOM;
    random[24..].copy_from_slice(end);
    random
}

fn share(group: u16) -> Vec<u8> {
    extension(51, &[&group.to_be_bytes(), vector16(&[1; 32]).as_slice()].concat())
}

/// A client that offers TLS 1.3 and 1.2.
fn usual_client() -> Vec<u8> {
    let extensions = [
        server_name(b"api.example.test"),
        versions(&[0x0304, 0x0303]),
        groups(&[0x11ec, 0x1d]),
        extension(0xff01, &[0]),
    ];
    records(&client_hello(0x0303, &[0x1301, 0xc02f], &extensions), 1 << 14)
}

fn tls13_answer() -> Vec<u8> {
    let extensions = [extension(43, &[3, 4]), share(0x11ec)];
    records(&server_hello(0x0303, &RANDOM, 0x1301, 0, &extensions), 1 << 14)
}

fn told_of(to_server: &[u8], to_client: &[u8]) -> Option<Handshake> {
    told(
        false,
        &[(Way::ToServer, Delivery::Bytes(to_server)), (Way::ToClient, Delivery::Bytes(to_client))],
    )
}

fn anomalies_of(to_server: &[u8], to_client: &[u8]) -> Vec<Anomaly> {
    told_of(to_server, to_client).expect("a handshake").anomalies
}

/// What a client of these ciphers and extensions has offered.
fn offered(ciphers: &[u16], extensions: &[Vec<u8>]) -> (Vec<String>, Vec<Anomaly>) {
    let hello = records(&client_hello(0x0303, ciphers, extensions), 1 << 14);
    let handshake = told_of(&hello, &[]).expect("a handshake");
    let anomalies = handshake.anomalies.clone();
    (lines_of(&Handshake { anomalies: Vec::new(), ..handshake }), anomalies)
}

#[test]
fn hellos_by_hand_are_read() {
    let handshake = told_of(&usual_client(), &tls13_answer()).expect("a handshake");
    assert_eq!(
        lines_of(&handshake),
        [
            "version 1.3",
            "cipher TLS_AES_128_GCM_SHA256",
            "group X25519MLKEM768",
            "resumed false",
            "certificate hidden",
            "sni api.example.test",
            "versions_offered 1.3,1.2",
            "groups_offered X25519MLKEM768,x25519",
            "ja4 t13d020400_c1929292aa6b_48ac555ccf5e",
        ]
    );
}

/// The example of the JA4 specification as a browser sends it, with GREASE everywhere.
#[test]
fn grease_is_left_out() {
    let ciphers = [
        0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013,
        0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
    ];
    let signatures = [0x4a4a, 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
    let empty =
        |kinds: &[u16]| -> Vec<u8> { kinds.iter().flat_map(|it| extension(*it, &[])).collect() };
    let (lines, anomalies) = offered(
        &ciphers,
        &[
            empty(&[0x1a1a, 0x001b]),
            server_name(b"example.test"),
            empty(&[0x0033]),
            protocols(&[b"\x2a\x2a", b"h2", b"http/1.1"]),
            empty(&[0x4469, 0x0017, 0x002d]),
            extension(13, &vector16(&numbers(&signatures))),
            empty(&[0x0005, 0x0023, 0x0012]),
            versions(&[0x3a3a, 0x0304, 0x0303]),
            empty(&[0xff01, 0x000b]),
            groups(&[0xfafa, 0x001d, 0x0017]),
            empty(&[0x0015, 0xdada]),
        ],
    );
    assert_eq!(anomalies, []);
    assert_eq!(
        lines,
        [
            "sni example.test",
            "alpn_offered h2,http/1.1",
            "versions_offered 1.3,1.2",
            "groups_offered x25519,secp256r1",
            "ja4 t13d1516h2_8daaf6152771_e5627efa2ab1",
        ]
    );
}

#[test]
fn odd_offers_are_named_and_the_rest_is_read() {
    let many: Vec<u16> = (1..=200).collect();
    let steering = protocols(&[b"\x1b[2J", b"\xff"]);
    let cases: [(&str, Extensions, &str, &[Anomaly]); 12] = [
        ("no name", vec![server_name(b"a b")], "ja4 ", &[Anomaly::InvalidServerName]),
        ("address", vec![server_name(b"192.0.2.1")], "ja4 ", &[Anomaly::InvalidServerName]),
        ("control", vec![server_name(b"a\x1b[2J")], "ja4 ", &[Anomaly::InvalidServerName]),
        (
            "twice",
            vec![versions(&[0x0304]); 2],
            "versions_offered 1.3",
            &[Anomaly::DuplicateExtension],
        ),
        (
            "half a group",
            vec![extension(10, &[0, 3, 0, 29, 0])],
            "ja4 ",
            &[Anomaly::InvalidClientHello],
        ),
        ("many groups", vec![groups(&many)], "groups_offered ", &[Anomaly::ExcessiveOffer]),
        (
            "many versions",
            vec![versions(&many[..100])],
            "versions_offered ",
            &[Anomaly::ExcessiveOffer],
        ),
        (
            "many protocols",
            vec![protocols(&[b"h2".as_slice(); 99])],
            "alpn_offered ",
            &[Anomaly::ExcessiveOffer],
        ),
        ("escapes", vec![steering], r"alpn_offered \x1b[2J,\xff", &[]),
        (
            "after keys",
            vec![extension(41, &[]), extension(21, &[])],
            "ja4 ",
            &[Anomaly::InvalidClientHello],
        ),
        ("ech", vec![extension(0xfe0d, &[0; 40])], "ech true", &[]),
        ("esni", vec![extension(0xffce, &[0; 40])], "ech true", &[]),
    ];
    for (name, extensions, line, expected) in cases {
        let (lines, anomalies) = offered(&[0x1301], &extensions);
        assert_eq!(anomalies, expected, "{name}");
        assert!(lines.iter().any(|it| it.starts_with(line)), "{name}: {lines:?}");
        assert!(!lines.iter().any(|it| it.starts_with("sni ")), "{name}");
        assert!(lines.iter().all(|it| it.len() < 2000), "{name}");
    }
}

#[test]
fn obsolete_groups_and_drafts_are_told_apart() {
    let (lines, _) = offered(&[0x1301], &[groups(&[0x6399, 0x639a, 0x11ec, 0x0201])]);
    assert!(lines.contains(
        &"groups_offered X25519Kyber768Draft00,SecP256r1Kyber768Draft00,X25519MLKEM768,MLKEM768"
            .to_owned()
    ));
}

#[test]
fn hellos_that_are_cut_off_inside_are_refused() {
    let hello = client_hello(0x0303, &[0x1301], &[versions(&[0x0304]), groups(&[0x1d])]);
    let body = &hello[4..];
    for length in 0..body.len() {
        let cut = records(&message(1, &body[..length]), 1 << 14);
        let handshake = told_of(&cut, &tls13_answer()).expect("a handshake");
        // A hello may end before its extensions.
        let ends_well =
            length == body.len() - vector16(&[versions(&[0x0304]), groups(&[0x1d])].concat()).len();
        assert_eq!(handshake.offered.is_some(), ends_well, "{length}");
        assert_eq!(handshake.anomalies.contains(&Anomaly::InvalidClientHello), !ends_well);
        assert_eq!(handshake.version.map(|it| it.0), Some(0x0304));
    }
    let answer = server_hello(0x0303, &RANDOM, 0x1301, 0, &[extension(43, &[3, 4]), share(0x1d)]);
    let body = &answer[4..];
    for length in (0..body.len()).filter(|length| *length != 38) {
        let cut = records(&message(2, &body[..length]), 1 << 14);
        let handshake = told_of(&usual_client(), &cut).expect("a handshake");
        assert_eq!(handshake.version, None, "{length}");
        assert_eq!(handshake.anomalies, [Anomaly::InvalidServerHello]);
    }
}

#[test]
fn choices_that_do_not_fit_the_offer_are_named() {
    let version = |version: u16| extension(43, &version.to_be_bytes());
    let safe = || extension(0xff01, &[0]);
    let answer = |hello: Vec<u8>| records(&hello, 1 << 14);
    let with_end = |version: u16, end: &[u8; 8]| {
        answer(server_hello(version, &random_with_end(end), 0xc02f, 0, &[safe()]))
    };
    let tls12 = |cipher: u16, compression: u8, extensions: &[Vec<u8>]| {
        answer(server_hello(0x0303, &RANDOM, cipher, compression, extensions))
    };
    let cases: [(&str, Vec<u8>, &[Anomaly]); 13] = [
        ("fits", tls12(0xc02f, 0, &[safe()]), &[]),
        ("cipher", tls12(0x002f, 0, &[safe()]), &[Anomaly::UnofferedChoice]),
        ("group", tls12(0x1301, 0, &[version(0x0304), share(0x19)]), &[Anomaly::UnofferedChoice]),
        ("version", with_end(0x0301, &[5; 8]), &[Anomaly::UnofferedChoice]),
        ("old random", with_end(0x0303, b"DOWNGRD\x01"), &[Anomaly::TlsDowngradeSentinel]),
        (
            "older random",
            with_end(0x0302, b"DOWNGRD\x00"),
            &[Anomaly::UnofferedChoice, Anomaly::TlsDowngradeSentinel],
        ),
        ("older random, 1.2", with_end(0x0303, b"DOWNGRD\x00"), &[]),
        ("compression", tls12(0xc02f, 1, &[safe()]), &[Anomaly::TlsCompression]),
        ("renegotiation", tls12(0xc02f, 0, &[]), &[Anomaly::InsecureRenegotiation]),
        ("twice", tls12(0xc02f, 0, &[safe(), safe()]), &[Anomaly::DuplicateExtension]),
        (
            "1.2 in the new place",
            tls12(0xc02f, 0, &[version(0x0303), safe()]),
            &[Anomaly::InvalidServerHello],
        ),
        (
            "no share",
            tls12(0x1301, 0, &[version(0x0304), extension(51, &[0, 29])]),
            &[Anomaly::InvalidServerHello],
        ),
        (
            "two protocols",
            tls12(0xc02f, 0, &[safe(), extension(16, &[0, 3, 2, 97, 98, 1])]),
            &[Anomaly::InvalidServerHello],
        ),
    ];
    for (name, answer, expected) in cases {
        assert_eq!(anomalies_of(&usual_client(), &answer), expected, "{name}");
    }
    // A server that can do TLS 1.3 says so to every client, which is fine for one that cannot.
    let old = records(&client_hello(0x0303, &[0xc02f, 0x00ff], &[]), 1 << 14);
    assert_eq!(anomalies_of(&old, &with_end(0x0303, b"DOWNGRD\x01")), []);
    let falling = records(&client_hello(0x0303, &[0xc02f, 0x5600, 0x00ff], &[]), 1 << 14);
    assert_eq!(anomalies_of(&falling, &tls12(0xc02f, 0, &[safe()])), [Anomaly::TlsFallback]);
}

#[test]
fn messages_span_records_and_records_hold_messages() {
    let hello = client_hello(0x0303, &[0x1301], &[versions(&[0x0304]), groups(&[0x1d])]);
    let answer = server_hello(0x0303, &RANDOM, 0x1301, 0, &[extension(43, &[3, 4]), share(0x1d)]);
    let expected = told_of(&records(&hello, 1 << 14), &records(&answer, 1 << 14));
    for fragment in 1..40 {
        let told = told_of(&records(&hello, fragment), &records(&answer, fragment));
        assert_eq!(told, expected, "{fragment}");
    }
    let answer = [
        server_hello(0x0303, &RANDOM, 0xc018, 0, &[extension(0xff01, &[0])]),
        message(12, b"\x03\x00\x1d\x02\x04\x05"),
        message(13, b"\x01\x40\x00\x00\x00\x00"),
        message(14, b""),
    ]
    .concat();
    let hello = records(&client_hello(0x0303, &[0xc018, 0x00ff], &[]), 1 << 14);
    for fragment in [1, 2, 3, 7, 50, 1 << 14] {
        let handshake = told_of(&hello, &records(&answer, fragment)).expect("a handshake");
        assert_eq!(handshake.group.map(|it| it.0), Some(0x1d), "{fragment}");
        assert_eq!(handshake.mutual, Some(true));
        assert_eq!(handshake.certificate, CertificateSeen::NotSent);
        assert_eq!(handshake.anomalies, []);
    }
}

/// A hello of ML-KEM does not fit one segment, and its records may be small (RFC 8449).
#[test]
fn large_hellos_are_read_whole() {
    let share =
        extension(51, &vector16(&[&[0x11, 0xec], vector16(&[3; 1216]).as_slice()].concat()));
    let extensions =
        [versions(&[0x0304]), groups(&[0x11ec]), share, extension(21, &vec![0; 28_000])];
    let hello = client_hello(0x0303, &[0x1301], &extensions);
    for fragment in [64, 512, 1 << 14] {
        let records = records(&hello, fragment);
        let parts: Vec<_> =
            records.chunks(1448).map(|part| (Way::ToServer, Delivery::Bytes(part))).collect();
        let handshake = told(false, &parts).expect("a handshake");
        assert_eq!(handshake.anomalies, []);
        let offered = handshake.offered.expect("an offer");
        assert!(offered.groups.iter().all(|group| group.is_post_quantum()));
    }
}

#[test]
fn what_is_too_long_is_skipped_and_named() {
    let padding = extension(21, &vec![0; 40_000]);
    let hello = records(&client_hello(0x0303, &[0x1301], &[padding]), 1 << 14);
    let handshake = told_of(&hello, &tls13_answer()).expect("a handshake");
    assert_eq!(handshake.offered, None);
    assert_eq!(handshake.version.map(|it| it.0), Some(0x0304));
    assert_eq!(handshake.anomalies, [Anomaly::OversizedHandshake]);

    // A message that only says that it is long.
    let endless = record(22, &[1, 0xff, 0xff, 0xff, 3, 3]);
    let handshake = told_of(&endless, &tls13_answer()).expect("a handshake");
    assert_eq!(handshake.anomalies, [Anomaly::OversizedHandshake]);

    let longest = [22, 3, 1, 0x48, 0x01];
    assert_eq!(told_of(&longest, &[]), None);
    let answer = [22, 3, 3, 0x48, 0x01];
    assert_eq!(anomalies_of(&usual_client(), &answer), [Anomaly::OversizedTlsRecord]);
    let padded = [&[22, 3, 3, 0x40, 0x01], &tls13_answer()[5..]].concat();
    assert_eq!(anomalies_of(&usual_client(), &padded), [Anomaly::OversizedTlsRecord]);
}

/// However slowly a hello comes, and however large it says it is, little is kept.
#[test]
fn memory_is_bounded_and_let_go() {
    let limits = Limits::default();
    let mut tls = Tls::new(false);
    let body = vec![0; MESSAGE_BYTES];
    for (way, kind) in [(Way::ToServer, 1), (Way::ToClient, 2)] {
        for byte in records(&message(kind, &body), 100).chunks(77) {
            tls.feed(&limits, way, Delivery::Bytes(byte), Timestamp(1));
            assert!(tls.buffered() <= MOST_BUFFERED);
        }
    }
    assert!(tls.take_handshake().is_some() && tls.is_over());
    assert_eq!(tls.buffered(), 0);

    let small = Limits { stream_bytes: 60, ..Limits::default() };
    let mut tls = Tls::new(false);
    tls.feed(&small, Way::ToServer, Delivery::Bytes(&usual_client()), Timestamp(1));
    tls.feed(&small, Way::ToClient, Delivery::Bytes(&tls13_answer()), Timestamp(2));
    let (time, handshake) = tls.take_handshake().expect("a handshake");
    assert_eq!((time, handshake.anomalies), (Timestamp(2), vec![Anomaly::OversizedHandshake]));
}

#[test]
fn a_handshake_is_told_once_and_as_soon_as_it_is_known() {
    let limits = Limits::default();
    let mut tls = Tls::new(false);
    tls.feed(&limits, Way::ToServer, Delivery::Bytes(&usual_client()), Timestamp(1));
    assert!(tls.take_handshake().is_none() && !tls.is_over());
    tls.feed(&limits, Way::ToClient, Delivery::Bytes(&tls13_answer()), Timestamp(2));
    assert!(tls.take_handshake().is_some_and(|(time, _)| time == Timestamp(2)));
    assert!(tls.is_over());
    tls.feed(&limits, Way::ToServer, Delivery::Bytes(&usual_client()), Timestamp(3));
    tls.feed(&limits, Way::ToClient, Delivery::Bytes(&tls13_answer()), Timestamp(4));
    assert!(tls.take_handshake().is_none() && tls.is_over());
}

#[test]
fn what_is_out_of_order_is_named() {
    let done = records(&message(14, b""), 9);
    let changed = record(20, &[1]);
    let tls12 = records(&server_hello(0x0303, &RANDOM, 0xc02f, 0, &[extension(0xff01, &[0])]), 999);
    let finished = record(22, &[0x5a; 40]);
    let cases: [(&str, Parts<'_>, Parts<'_>, &[Anomaly]); 8] = [
        (
            "second hello",
            &[&usual_client(), &usual_client()],
            &[&tls13_answer()],
            &[Anomaly::UnexpectedHandshakeMessage],
        ),
        (
            "second answer",
            &[&usual_client()],
            &[&tls12, &tls12],
            &[Anomaly::UnexpectedHandshakeMessage],
        ),
        (
            "done before the answer",
            &[&usual_client()],
            &[&done],
            &[Anomaly::UnexpectedHandshakeMessage],
        ),
        (
            "change before the answer",
            &[&usual_client()],
            &[&changed],
            &[Anomaly::UnexpectedHandshakeMessage],
        ),
        (
            "no answer",
            &[&usual_client()],
            &[b"HTTP/1.0 400 Bad Request\r\n"],
            &[Anomaly::InvalidTlsRecord],
        ),
        (
            "heartbeat",
            &[&usual_client()],
            &[&record(24, &[1, 0x40, 0]), &tls13_answer()],
            &[Anomaly::InvalidTlsRecord],
        ),
        (
            "empty record",
            &[&usual_client()],
            &[&record(22, b""), &tls13_answer()],
            &[Anomaly::InvalidTlsRecord],
        ),
        ("interrupted", &[&usual_client()], &[&tls12[..20], &changed], &[]),
    ];
    for (name, to_server, to_client, expected) in cases {
        let anomalies = anomalies_of(&to_server.concat(), &to_client.concat());
        assert_eq!(anomalies, expected, "{name}");
    }
    let hello = &usual_client()[5..];
    let interrupted = [record(22, &hello[..9]), record(23, b"data"), record(22, &hello[9..])];
    let handshake = told_of(&interrupted.concat(), &tls13_answer()).expect("a handshake");
    assert_eq!(handshake.anomalies, [Anomaly::InvalidTlsRecord]);
    // A request for a hello, and an answer that goes over to encryption at once.
    let asked = [records(&message(0, b""), 9), tls12.clone(), changed, finished].concat();
    let handshake = told_of(&usual_client(), &asked).expect("a handshake");
    assert_eq!((handshake.resumed, handshake.anomalies), (Some(true), vec![]));
    assert_eq!(handshake.certificate, CertificateSeen::NotSent);
}

#[test]
fn alerts_are_told_where_they_end_a_handshake() {
    let tls12 = records(&server_hello(0x0303, &RANDOM, 0xc02f, 0, &[extension(0xff01, &[0])]), 999);
    let warning = record(21, &[1, 112]);
    let fatal = record(21, &[2, 40]);
    let strange = record(21, &[7, 40]);
    let cases: [(&str, Parts<'_>, Option<u8>, bool); 6] = [
        ("fatal", &[&fatal], Some(40), false),
        ("warning, then answer", &[&warning, &tls12], None, true),
        ("answer, then fatal", &[&tls12, &fatal], Some(40), true),
        ("close", &[&record(21, &[1, 0])], None, false),
        ("strange", &[&strange], None, false),
        ("encrypted", &[&record(21, &[9; 26])], None, false),
    ];
    for (name, to_client, alert, has_version) in cases {
        let handshake = told_of(&usual_client(), &to_client.concat()).expect(name);
        assert_eq!((handshake.alert, handshake.version.is_some()), (alert, has_version), "{name}");
    }
}

#[test]
fn ssl2_hellos_are_named_and_answers_to_them_read() {
    let hello = [0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10];
    let answer = records(&server_hello(0x0301, &RANDOM, 0x002f, 0, &[]), 999);
    let handshake = told_of(&hello, &answer).expect("a handshake");
    assert_eq!(handshake.anomalies, [Anomaly::Ssl2Hello]);
    assert_eq!((handshake.offered, handshake.version.map(|it| it.0)), (None, Some(0x0301)));
}

#[test]
fn retries_keep_what_they_chose() {
    let retry_random = *b"\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\
                          \xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";
    let asks = |group: u16| {
        let extensions = [extension(43, &[3, 4]), extension(51, &group.to_be_bytes())];
        records(&server_hello(0x0303, &retry_random, 0x1301, 0, &extensions), 999)
    };
    let dummy = record(20, &[1]);
    let answer = tls13_answer();
    for (name, to_client, group, expected) in [
        ("kept", [asks(0x11ec), dummy.clone(), answer.clone()].concat(), Some(0x11ec), &[][..]),
        (
            "changed",
            [asks(0x1d), answer.clone()].concat(),
            Some(0x11ec),
            &[Anomaly::InvalidServerHello],
        ),
        ("twice", [asks(0x11ec), asks(0x11ec)].concat(), None, &[Anomaly::InvalidServerHello]),
        ("alone", asks(0x11ec), None, &[]),
    ] {
        let first = usual_client();
        let parts = [
            (Way::ToServer, Delivery::Bytes(first.as_slice())),
            (Way::ToClient, Delivery::Bytes(&to_client)),
        ];
        let handshake = told(false, &parts).expect(name);
        assert!(handshake.retried, "{name}");
        assert_eq!(handshake.group.map(|it| it.0), group, "{name}");
        assert_eq!(handshake.anomalies, expected, "{name}");
    }
}

#[test]
fn a_watch_that_begins_late_says_nothing_and_holds_nothing() {
    let limits = Limits::default();
    for (name, first) in [
        ("data", record(23, &[1; 100])),
        ("encrypted handshake", record(22, &[0; 40])),
        ("like a hello", record(22, &[1, 0, 0, 36, 9, 9, 9])),
        ("change", record(20, &[1])),
        ("alert", record(21, &[2, 40])),
        ("encrypted alert", record(21, &[0; 26])),
        ("middle of a record", vec![0x99; 300]),
    ] {
        for way in [Way::ToServer, Way::ToClient] {
            let data = record(23, &[8; 50]);
            let parts = [
                (way, Delivery::Bytes(first.as_slice())),
                (!way, Delivery::Bytes(data.as_slice())),
            ];
            assert_eq!(told(true, &parts), None, "{name}");
        }
    }
    let mut tls = Tls::new(true);
    tls.feed(&limits, Way::ToClient, Delivery::Bytes(&record(23, b"x")), Timestamp(1));
    assert!(tls.is_over());
}

#[test]
fn chains_of_any_length_give_their_first_certificate() {
    let recorded = recorded::named("tls12_ecdhe_rsa");
    let (_, first) = &recorded.parts[0];
    let CertificateSeen::Seen(expected) = whole(&recorded).certificate else { panic!("not seen") };
    let der = certificate_of(&recorded.parts[1].1);
    let chain = |certificates: &[&[u8]]| {
        let entry = |der: &&[u8]| message(0, der)[1..].to_vec();
        let list: Vec<u8> = certificates.iter().flat_map(entry).collect();
        let hello = server_hello(0x0303, &RANDOM, 0xc030, 0, &[extension(0xff01, &[0])]);
        let certificates = message(11, &message(0, &list)[1..]);
        records(&[hello, certificates, message(14, b"")].concat(), 5000)
    };
    let long = [0; 60_000];
    for (name, certificates, is_seen, expected_anomalies) in [
        ("alone", vec![der.as_slice()], true, &[][..]),
        ("long", vec![der.as_slice(), &long, &long, &long], true, &[]),
        ("many", vec![der.as_slice(); 300], true, &[]),
        ("large", vec![&long, &der], false, &[Anomaly::OversizedHandshake]),
        ("none", vec![], false, &[Anomaly::InvalidCertificate]),
        ("empty", vec![b"".as_slice()], false, &[Anomaly::InvalidCertificate]),
        ("cut", vec![&der[..der.len() - 1]], false, &[Anomaly::InvalidCertificate]),
    ] {
        let handshake = told_of(first, &chain(&certificates)).expect(name);
        assert_eq!(handshake.anomalies, expected_anomalies, "{name}");
        match handshake.certificate {
            CertificateSeen::Seen(certificate) => {
                assert!(is_seen, "{name}");
                let chain_length = u8::try_from(certificates.len()).unwrap_or(u8::MAX);
                assert_eq!(*certificate, Certificate { chain_length, ..(*expected).clone() });
            }
            other => assert_eq!((other, is_seen), (CertificateSeen::NotSeen, false), "{name}"),
        }
    }
}

/// What a server said once does not change.
#[test]
fn certificates_and_key_exchanges_come_once() {
    let chain = message(11, &[0, 0, 0]);
    let exchange = message(12, b"\x03\x00\x1d\x02\x04\x05");
    let other = message(12, b"\x03\x00\x17\x02\x04\x05");
    let done = message(14, b"");
    let hello = server_hello(0x0303, &RANDOM, 0xc018, 0, &[extension(0xff01, &[0])]);
    let client = records(&client_hello(0x0303, &[0xc018, 0x00ff], &[]), 1 << 14);
    for (name, messages) in [
        ("two exchanges", [&exchange, &other].as_slice()),
        ("certificate after the exchange", &[&exchange, &chain]),
        ("after the end", &[&exchange, &done, &other]),
        ("certificate after the end", &[&exchange, &done, &chain]),
        ("hello after the end", &[&exchange, &done, &hello]),
    ] {
        let messages: Vec<u8> = messages.iter().copied().flatten().copied().collect();
        let answer = records(&[hello.clone(), messages].concat(), 1 << 14);
        let handshake = told_of(&client, &answer).expect(name);
        assert_eq!(handshake.anomalies, [Anomaly::UnexpectedHandshakeMessage], "{name}");
        assert_eq!(handshake.group.map(|it| it.0), Some(0x1d), "{name}");
        assert_ne!(handshake.mutual, Some(true), "{name}");
    }
}

/// The first certificate of a server's part, which is in one record here.
fn certificate_of(to_client: &[u8]) -> Vec<u8> {
    let hello = 5 + usize::from(to_client[3]) * 256 + usize::from(to_client[4]);
    let list = &to_client[hello + 5 + 4 + 3..];
    let length = usize::from(list[1]) * 256 + usize::from(list[2]);
    list[3..3 + length].to_vec()
}

#[test]
fn certificates_with_damage_inside_are_survived() {
    let der = certificate_of(&recorded::named("tls12_ecdhe_rsa").parts[1].1);
    for at in 0..der.len() {
        for value in [0, 0x7f, 0x80, 0xff, 0x30, 0x1f] {
            let mut damaged = der.clone();
            damaged[at] = value;
            let mut anomalies = Anomalies::default();
            if let Some(certificate) = certificate::parse(&damaged, &mut anomalies) {
                let shown = [&certificate.subject, &certificate.issuer];
                let mut shown = shown.into_iter().chain(&certificate.san);
                let is_fit =
                    |text: &str| text.chars().count() <= 256 && !text.chars().any(is_steering);
                assert!(shown.all(|text| is_fit(text)), "{at} {value}");
            }
        }
    }
}
