//! Outputs and statuses at random, in the form in which they are read back: with nothing
//! in them that records do not say. Strategies are boxed, since what they make of many
//! parts would be too large for a stack.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::capture::status::{CaptureStatus, RingStatus, Tier};
use crate::pipeline::coverage::ProcessCoverage;
use crate::pipeline::finding::{Confidence, Finding, FindingId, FindingKind};
use crate::pipeline::input::{Loss, LossReason, SocketAddress, Source, Stage, UncapturedReason};
use crate::pipeline::inventory::method_of;
use crate::pipeline::output::tls::{
    Certificate, CertificateSeen, CipherSuite, Handshake, NamedGroup, Offered, Posture,
    SignatureScheme, TlsVersion,
};
use crate::pipeline::output::{
    ConnectionEventKind, ConnectionReport, CoverageGap, DestinationReport, End, EndpointReport,
    GapCause, LossReport, Name, Observed, PerDirection, Protocol, Quantiles, Request, Response,
    UNKNOWN_PATH,
};
use crate::pipeline::process::{Process, ProcessKey, identity_label};
use crate::pipeline::stats::Stats;
use crate::pipeline::time::{Timestamp, WallTime};
use crate::sandbox::{Kept, Landlock, Sandbox};

/// A status with something of everything.
pub(super) fn status() -> Status {
    let ring = |generated| RingStatus {
        generated,
        lost: 12,
        delivered: generated - 12,
        bytes: 16 << 20,
        used: 4_096,
    };
    let unread =
        BTreeMap::from([(UncapturedReason::Truncated, 24_000), (UncapturedReason::Sendfile, 464)]);
    Status {
        time: sample::TIME,
        host: "pay-1".into(),
        kernel: "6.18.0".into(),
        version: "0.1.0".into(),
        pid: 4242,
        started: WallTime(sample::TIME.0 - 3_600_000_000_000),
        config: Some("/etc/apiwatch/apiwatch.toml".into()),
        reload_succeeded: Some(true),
        state_save_succeeded: Some(true),
        sandbox: Some(Sandbox {
            capabilities: Kept::Nothing,
            no_new_privileges: true,
            landlock: Landlock::Partial,
        }),
        coverage_gap: Some(sample::gap()),
        memory_bytes: 48 << 20,
        memory_limit_bytes: 256 << 20,
        clients: 2,
        sinks: vec![("stdout".into(), 3), ("control".into(), 0)],
        stats: Stats {
            records: 1,
            connections_opened: 2,
            connections_closed: 3,
            connections_tracked: 4,
            connections_evicted: 5,
            buffered_bytes: 6,
            moved_bytes: 7,
            captured_bytes: 8,
            uncaptured_bytes: unread.clone(),
            lost: BTreeMap::from([((Stage::DataRing, LossReason::RingFull), 12)]),
            exchanges: 9,
            exchanges_incomplete: 10,
            handshakes: 11,
            dns_answers: 12,
            dns_ignored: 13,
            names_known: 14,
            names_evicted: 15,
            detector_evictions: 16,
            inventory_evictions: 17,
            findings_open: 18,
        },
        capture: CaptureStatus {
            tier: Some(Tier::A),
            programs: vec![("sock_send_length".into(), 1_874)],
            declined: vec![("tcp_destroy_sock".into(), "the kernel has no BTF of it".into())],
            data: ring(1_234_567),
            control: ring(4_321),
            read_faults: 19,
            state_full: 20,
            compat_skipped: 21,
            length_only: 22,
        },
        processes: vec![ProcessCoverage {
            identity: "nginx.service".into(),
            connections: 23,
            open: 1,
            moved: 90_000,
            captured: 65_536,
            uncaptured: unread,
        }],
    }
}

/// What anyone may send, with what JSON and terminals mind.
fn text() -> BoxedStrategy<String> {
    prop_oneof![
        "[a-z/.0-9]{0,16}",
        r"\PC{0,8}",
        vec(
            select(vec!['"', '\\', '\n', '\0', '\u{1b}', '\u{9b}', '\u{202e}', '😀', '\u{e0041}']),
            0..6
        )
        .prop_map(|characters| characters.into_iter().collect()),
    ]
    .boxed()
}

fn maybe_text<T: From<String> + std::fmt::Debug>() -> impl Strategy<Value = Option<T>> {
    option::of(text().prop_map(T::from))
}

fn time() -> impl Strategy<Value = WallTime> {
    any::<u64>().prop_map(WallTime)
}

fn span() -> impl Strategy<Value = Duration> {
    (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(s, ns)| Duration::new(s, ns))
}

fn ways() -> impl Strategy<Value = PerDirection<u64>> {
    any::<(u64, u64)>().prop_map(|(to_server, to_client)| PerDirection { to_server, to_client })
}

fn anomalies() -> impl Strategy<Value = Vec<Anomaly>> {
    subsequence(Anomaly::ALL, 0..5)
}

fn process() -> BoxedStrategy<Arc<Process>> {
    let boxed = maybe_text::<Box<str>>;
    let texts = (text(), boxed(), boxed(), boxed(), boxed());
    (any::<(u32, u32)>(), time(), texts)
        .prop_map(|((pid, uid), start_time, (comm, exe, unit, container, user))| {
            let identity =
                identity_label(unit.as_deref(), container.as_deref(), exe.as_deref(), &comm);
            Arc::new(Process {
                key: ProcessKey { pid, start: start_time.0 },
                start_time,
                comm: comm.into(),
                exe,
                unit,
                container,
                uid,
                user,
                identity,
            })
        })
        .boxed()
}

fn end() -> BoxedStrategy<End> {
    let name = (text(), select(NameSource::ALL))
        .prop_map(|(text, source)| Name { text: text.into(), source });
    (any::<IpAddr>(), any::<u16>(), option::of(name), option::of(process()))
        .prop_map(|(address, port, name, process)| End {
            address: SocketAddress { address: address.to_canonical(), port },
            name,
            process,
        })
        .boxed()
}

fn ends() -> BoxedStrategy<Arc<Ends>> {
    (end(), end()).prop_map(|(client, server)| Arc::new(Ends { client, server })).boxed()
}

fn unread() -> BoxedStrategy<BTreeMap<UncapturedReason, u64>> {
    use UncapturedReason::{
        Bypassed, Compat, Discarded, IoUring, Lost, MultiMessage, OtherCall, ReadFault, Sendfile,
        Truncated,
    };
    let reasons = [
        Truncated,
        Sendfile,
        MultiMessage,
        IoUring,
        Compat,
        ReadFault,
        Discarded,
        OtherCall,
        Lost,
        Bypassed,
    ];
    proptest::collection::btree_map(select(reasons.to_vec()), any::<u64>(), 0..4).boxed()
}

fn request() -> BoxedStrategy<(Request, Option<Arc<str>>)> {
    let method = prop_oneof![
        Just(Method::Unknown),
        select(vec![
            "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"
        ])
        .prop_map(Method::from_token),
        text().prop_map(|token| Method::from_token(&token)),
    ];
    let path = prop_oneof![Just(UNKNOWN_PATH.to_owned()), text()];
    let keys = vec(text().prop_map(Box::from), 0..3);
    let sizes = any::<(u32, u64, bool)>();
    (method, path, keys, maybe_text(), maybe_text(), sizes, maybe_text())
        .prop_map(|(method, path, query_keys, host, content_type, sizes, route)| {
            let (header_bytes, body_bytes, complete) = sizes;
            let path = path.into();
            let request = Request {
                method,
                path,
                query_keys,
                host,
                header_bytes,
                body_bytes,
                content_type,
                complete,
            };
            (request, route)
        })
        .boxed()
}

fn response() -> BoxedStrategy<Response> {
    (any::<(Option<u16>, u64, bool)>(), maybe_text())
        .prop_map(|((status, body_bytes, complete), content_type)| Response {
            status,
            body_bytes,
            content_type,
            complete,
        })
        .boxed()
}

fn grpc() -> BoxedStrategy<Box<Grpc>> {
    (maybe_text(), maybe_text(), any::<Option<u32>>(), ways(), ways())
        .prop_map(|(service, method, status, messages, message_bytes)| {
            Box::new(Grpc { service, method, status, messages, message_bytes })
        })
        .boxed()
}

fn websocket() -> BoxedStrategy<Box<WebSocket>> {
    (ways(), ways(), ways(), any::<(Option<u16>, bool)>())
        .prop_map(|(messages, message_bytes, control_frames, (close_code, deflate))| {
            Box::new(WebSocket { messages, message_bytes, control_frames, close_code, deflate })
        })
        .boxed()
}

fn exchange() -> BoxedStrategy<Output> {
    let progress = [Progress::Ended, Progress::Open, Progress::StillOpen, Progress::Closed];
    let words = (
        select(Protocol::ALL),
        select(Auth::ALL),
        select(&[Source::Socket, Source::Pcap][..]),
        select(progress.to_vec()),
    );
    let parts = (option::of(request()), option::of(response()), option::of(grpc()));
    let times = (time(), option::of(span()), option::of(span()));
    let rest = (any::<(u64, Option<u32>, bool)>(), option::of(websocket()), anomalies());
    (words, parts, times, rest, ends())
        .prop_map(|(words, parts, times, rest, ends)| {
            let (protocol, auth, source, progress) = words;
            let (request, response, grpc) = parts;
            let (time, duration, ttfb) = times;
            let ((connection, stream, encrypted), websocket, anomalies) = rest;
            let (request, route) = request.unzip();
            Output::Exchange(Exchange {
                connection: ConnectionId(connection),
                stream,
                progress,
                time,
                ends,
                protocol,
                encrypted,
                source,
                request,
                route: route.flatten(),
                response,
                duration,
                ttfb,
                auth,
                grpc,
                websocket,
                anomalies,
            })
        })
        .boxed()
}

fn connection() -> BoxedStrategy<Output> {
    let words = (
        select(vec![ConnectionEventKind::Open, ConnectionEventKind::Close]),
        select(vec![Observed::Client, Observed::Server, Observed::Both]),
        select(vec![Encryption::Clear, Encryption::Tls, Encryption::Unknown]),
    );
    let counts = (ways(), ways(), unread(), any::<(u64, u64, u32, bool)>());
    (words, counts, time(), ends(), anomalies())
        .prop_map(|((event, observed, encryption), counts, time, ends, anomalies)| {
            let (bytes, captured, uncaptured, numbers) = counts;
            let (connection, lost_records, netns, midstream) = numbers;
            Output::Connection(ConnectionReport {
                connection: ConnectionId(connection),
                time,
                event,
                ends,
                observed,
                netns,
                encryption,
                bytes,
                captured,
                uncaptured,
                lost_records,
                midstream,
                anomalies,
            })
        })
        .boxed()
}

/// Any number, and more often one that has a name.
fn number() -> impl Strategy<Value = u16> {
    prop_oneof![any::<u16>(), 0..0x40_u16, 0x0300..0x0305_u16, 0x7f00..0x7f20_u16]
}

fn certificate() -> BoxedStrategy<CertificateSeen> {
    // To the end of the years that four digits hold.
    let second = || 0..253_402_300_800_i64;
    let texts = (text(), text(), text(), text());
    let seen = (texts, vec(text(), 0..3), second(), second(), any::<(Option<u32>, bool, u8)>());
    prop_oneof![
        Just(CertificateSeen::NotSeen),
        Just(CertificateSeen::Hidden),
        Just(CertificateSeen::NotSent),
        seen.prop_map(|((subject, issuer, key, signature), san, not_before, not_after, rest)| {
            CertificateSeen::Seen(Box::new(Certificate {
                subject: subject.into(),
                issuer: issuer.into(),
                san: san.into_iter().map(Box::from).collect(),
                not_before,
                not_after,
                key_algorithm: key.into(),
                key_bits: rest.0,
                signature: signature.into(),
                self_signed: rest.1,
                chain_length: rest.2,
            }))
        })
    ]
    .boxed()
}

fn offered() -> BoxedStrategy<Offered> {
    let groups = [0x0200, 0x0201, 0x0202, 0x11eb, 0x11ec, 0x11ed];
    let texts = (maybe_text(), vec(text().prop_map(Box::from), 0..3), text());
    let lists = (vec(number().prop_map(TlsVersion), 0..4), subsequence(groups.to_vec(), 0..3));
    (texts, lists, any::<bool>())
        .prop_map(|((sni, alpn, ja4), (versions, groups), ech)| Offered {
            sni,
            alpn,
            versions,
            groups: groups.into_iter().map(NamedGroup).collect(),
            ja4: ja4.into(),
            ech,
        })
        .boxed()
}

fn tls() -> BoxedStrategy<Output> {
    let agreed = (
        option::of(number().prop_map(TlsVersion)),
        option::of(number().prop_map(CipherSuite)),
        option::of(number().prop_map(NamedGroup)),
        option::of(number().prop_map(SignatureScheme)),
    );
    let flags = any::<(Option<u16>, Option<bool>, bool, Option<bool>, Option<u8>)>();
    let parts = (option::of(offered()), certificate(), maybe_text(), anomalies());
    (agreed, flags, parts, ends(), time(), any::<u64>())
        .prop_map(|(agreed, flags, parts, ends, time, connection)| {
            let (version, cipher, group, signature) = agreed;
            let (dh_bits, resumed, retried, mutual, alert) = flags;
            let (offered, certificate, alpn, anomalies) = parts;
            let handshake = Handshake {
                offered,
                version,
                cipher,
                group,
                dh_bits,
                signature,
                alpn,
                resumed,
                retried,
                certificate,
                mutual,
                alert,
                anomalies,
            };
            Output::Tls(Box::new(TlsReport {
                connection: ConnectionId(connection),
                time,
                ends,
                handshake: Arc::new(handshake),
            }))
        })
        .boxed()
}

fn quantiles() -> BoxedStrategy<Quantiles> {
    (span(), span(), span(), span())
        .prop_map(|(p50, p95, p99, max)| Quantiles { p50, p95, p99, max })
        .boxed()
}

fn endpoint() -> BoxedStrategy<Output> {
    let lists = (subsequence(Protocol::ALL, 0..4), subsequence(Auth::ALL, 0..4));
    let method = select(vec!["GET", "PATCH", "?", "_OTHER", "PROPFIND", "X-UNHEARD"]);
    let counts = any::<(u64, u64, bool, bool)>();
    ((text(), method, text()), lists, (time(), time(), time()), counts, option::of(quantiles()))
        .prop_map(|((service, method, route), (protocols, auth), times, counts, duration)| {
            Output::Endpoint(Box::new(EndpointReport {
                time: times.0,
                service: service.into(),
                method: method_of(method),
                route: route.into(),
                protocols,
                first_seen: times.1,
                last_seen: times.2,
                requests: counts.0,
                errors: counts.1,
                duration,
                auth,
                in_clear: counts.2,
                encrypted: counts.3,
            }))
        })
        .boxed()
}

fn destination() -> BoxedStrategy<Output> {
    let posture =
        (number(), number(), option::of(number())).prop_map(|(version, cipher, group)| Posture {
            version: TlsVersion(version),
            cipher: CipherSuite(cipher),
            group: group.map(NamedGroup),
        });
    let counts = (any::<(u64, u64, u64, bool)>(), ways(), option::of(quantiles()));
    let who = (text(), end(), subsequence(Auth::ALL, 0..4));
    (who, counts, (time(), time(), time()), option::of(posture))
        .prop_map(|((identity, server, auth), counts, times, posture)| {
            let ((connections, requests, errors, in_clear), bytes, duration) = counts;
            Output::Destination(Box::new(DestinationReport {
                time: times.0,
                identity: identity.into(),
                server,
                first_seen: times.1,
                last_seen: times.2,
                connections,
                bytes,
                requests,
                errors,
                duration,
                auth,
                in_clear,
                posture,
            }))
        })
        .boxed()
}

fn finding() -> BoxedStrategy<Output> {
    let words = (
        select(&FindingKind::ALL[..]),
        select(Severity::ALL),
        select(Confidence::ALL),
        select(State::ALL),
    );
    let evidence = vec(("[a-z][a-z0-9_]{0,30}", text()), 0..5);
    let texts = (text(), text(), text(), evidence);
    (words, texts, any::<(u64, u64)>(), time(), time())
        .prop_map(
            |(words, (subject, summary, remedy, evidence), (id, count), first_seen, last_seen)| {
                let (kind, severity, confidence, state) = words;
                Output::Finding(Finding {
                    id: FindingId(id),
                    kind,
                    severity,
                    confidence,
                    state,
                    first_seen,
                    last_seen,
                    count,
                    subject,
                    summary,
                    evidence: evidence
                        .into_iter()
                        .map(|(name, value)| (name.into(), value))
                        .collect(),
                    remedy,
                })
            },
        )
        .boxed()
}

fn stages() -> impl Strategy<Value = (Stage, LossReason)> {
    use LossReason::{Evicted, QueueFull, RingFull, TableFull};
    use Stage::{ControlRing, DataRing, KernelTable, Pipeline, Sink};
    (
        select(vec![DataRing, ControlRing, KernelTable, Pipeline, Sink]),
        select(vec![RingFull, TableFull, Evicted, QueueFull]),
    )
}

fn loss() -> BoxedStrategy<Output> {
    (stages(), any::<u64>(), time(), time())
        .prop_map(|((stage, reason), count, since, time)| {
            let none = Timestamp::default();
            let loss = Loss { stage, reason, count, since: none, time: none };
            Output::Loss(LossReport { loss, since, time })
        })
        .boxed()
}

fn gap() -> impl Strategy<Value = CoverageGap> {
    let cause = select(GapCause::ALL);
    (time(), option::of(span()), cause).prop_map(|(time, duration, cause)| CoverageGap {
        time,
        duration,
        cause,
    })
}

fn any_output() -> impl Strategy<Value = Output> {
    prop_oneof![
        exchange(),
        connection(),
        tls(),
        endpoint(),
        destination(),
        finding(),
        loss(),
        gap().prop_map(Output::CoverageGap)
    ]
}

fn any_status() -> BoxedStrategy<Status> {
    let process =
        (text(), any::<[u64; 4]>(), unread()).prop_map(|(identity, counts, uncaptured)| {
            let [connections, open, moved, captured] = counts;
            let identity = identity.into();
            ProcessCoverage { identity, connections, open, moved, captured, uncaptured }
        });
    let names = (text(), text(), text(), maybe_text());
    let lists = (
        vec((text(), any::<u64>()), 0..3),
        vec((text(), any::<u32>()), 0..3),
        vec((text(), text()), 0..3),
        vec(process, 0..3),
    );
    let maps = (unread(), proptest::collection::btree_map(stages(), any::<u64>(), 0..4));
    let rest = (
        option::of(select(vec![Tier::A, Tier::B])),
        any::<[u64; 6]>(),
        any::<[Option<bool>; 2]>(),
        option::of(gap()),
    );
    (names, lists, maps, rest)
        .prop_map(|(names, lists, maps, rest)| {
            let mut status = status();
            (status.host, status.kernel, status.version, status.config) = names;
            (status.sinks, status.capture.programs, status.capture.declined, status.processes) =
                lists;
            (status.stats.uncaptured_bytes, status.stats.lost) = maps;
            let (tier, numbers, succeeded, coverage_gap) = rest;
            status.coverage_gap = coverage_gap;
            status.capture.tier = tier;
            [status.reload_succeeded, status.state_save_succeeded] = succeeded;
            [
                status.time.0,
                status.started.0,
                status.memory_bytes,
                status.stats.records,
                status.stats.findings_open,
                status.capture.control.used,
            ] = numbers;
            status
        })
        .boxed()
}

proptest! {
    #[test]
    fn every_output_is_read_back(outputs in vec(any_output(), 1..4)) {
        let mut decoder = Decoder::default();
        // Twice, so that what was kept is used.
        for output in outputs.iter().chain(&outputs) {
            let line = written(output);
            let read = output_of(&mut decoder, &line);
            prop_assert_eq!(&read, output, "{}", line);
            prop_assert_eq!(written(&read), line);
        }
    }

    #[test]
    fn every_status_is_read_back(status in any_status()) {
        let mut to = Vec::new();
        write_status(&status, &mut to);
        let line = String::from_utf8(to).unwrap();
        let read = Decoder::default().line(&line);
        prop_assert_eq!(read, Ok(Message::Status(Box::new(status))), "{}", line);
    }

    #[test]
    fn nothing_that_is_said_is_a_panic(line in r#"(\{("type":"(exchange|status|tls|x)",)?)?(["{}:,\[\]\\a0-9.e-]|\PC){0,40}"#) {
        let mut decoder = Decoder::default();
        if let Ok(Message::Output(output)) = decoder.line(&line) {
            assert_is_kept(&mut decoder, &output);
        }
    }
}
