use std::fs;
use std::io::Cursor;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::format::{END_BYTES, FRAME_HEAD_BYTES, FrameHead, header};
use super::*;
use crate::pipeline::input::{
    ConnectionChange, ConnectionEvent, Cookie, Datagram, Direction, Input, Loss, LossReason,
    Record, Role, SocketAddress, Source, Stage, UncapturedReason,
};
use crate::pipeline::process::{Process, ProcessKey, identity_label};
use crate::pipeline::settings::{
    AllowRule, FindingSettings, Limits, Network, RouteSettings, Settings, TlsProfile,
    VolumeSettings,
};
use crate::pipeline::time::{Timestamp, WallOffset, WallTime};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/trace/v2.apiwatch-trace");

/// One input of each variant that the golden trace has, with each optional part there and
/// not there.
fn samples() -> Vec<Input<'static>> {
    let key = ProcessKey { pid: 4711, start: 99_000_000_000 };
    vec![
        Input::Settings(Arc::new(settings())),
        Input::Baseline(vec![0, 1, 2, 255]),
        Input::Process(Arc::new(process(key))),
        Input::Owner { cookie: Cookie(7), process: key },
        Input::Connection(event(ConnectionChange::Open)),
        Input::Record(record(b"GET /v1/accounts HTTP/1.1\r\nhost: a\r\n\r\n", None)),
        Input::Record(record(b"", Some(UncapturedReason::Sendfile))),
        Input::Loss(Loss {
            stage: Stage::DataRing,
            reason: LossReason::RingFull,
            count: u64::MAX,
            since: Timestamp(1),
            time: Timestamp(2),
        }),
        Input::MemoryShort,
        Input::Tick { time: Timestamp(123), wall_offset: WallOffset(-5) },
        Input::Connection(event(ConnectionChange::Destroy)),
        Input::Datagram(Datagram {
            time: Timestamp(8),
            netns: 4_026_531_840,
            local: SocketAddress { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 40_000 },
            remote: SocketAddress { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 53 },
            direction: Direction::Ingress,
            pid: 77,
            payload: b"an answer",
        }),
    ]
}

fn settings() -> Settings {
    Settings {
        allow: vec![AllowRule {
            unit: Some("pay.service".into()),
            networks: vec![Network { address: IpAddr::V4(Ipv4Addr::LOCALHOST), prefix: 8 }],
            ports: vec![443],
            ..AllowRule::default()
        }],
        limits: limits(),
        volume: VolumeSettings {
            window: Duration::from_secs(60),
            minimum_samples: 15,
            minimum_requests: 100,
            minimum_bytes: 1 << 20,
            tolerance: 6.5,
        },
        tls: TlsProfile {
            minimum_version: 0x0303,
            require_256_bit: true,
            require_post_quantum: false,
            allowed_ciphers: vec![0x1302, 0x1303],
            refused_ciphers: vec![0xc014],
            minimum_rsa_bits: 3072,
            minimum_ec_bits: 256,
            minimum_dh_bits: 2048,
            certificate_warning: Duration::from_secs(21 * 86_400),
            tls_ports: vec![443],
            clear_ports: vec![80],
        },
        routes: RouteSettings {
            patterns: vec!["/accounts/{id}".into()],
            segment_values: 30,
            routes: 500,
        },
        findings: FindingSettings {
            update_interval: Duration::from_secs(60),
            resolve_after: Duration::from_millis(86_400_001),
        },
    }
}

/// Written out, so that the golden trace does not change with the defaults.
fn limits() -> Limits {
    Limits {
        connections: 65_536,
        stream_bytes: 65_536,
        buffered_bytes: 1 << 33,
        head_bytes: 65_536,
        header_fields: 128,
        pending_requests: 1024,
        processes: 32_768,
        destinations: 16_384,
        findings: 10_000,
        header_list_bytes: 65_536,
        streams: 256,
        names: 32_768,
        endpoints: 10_000,
        idle_timeout: Duration::from_secs(3600),
    }
}

fn process(key: ProcessKey) -> Process {
    Process {
        key,
        start_time: WallTime(1_700_000_000_000_000_000),
        comm: "curl".into(),
        exe: Some("/usr/bin/curl".into()),
        unit: None,
        container: Some("0123456789ab".into()),
        uid: 1000,
        user: Some("api".into()),
        identity: "container:/usr/bin/curl".into(),
    }
}

fn event(change: ConnectionChange) -> ConnectionEvent {
    ConnectionEvent {
        change,
        time: Timestamp(1_000),
        cookie: Cookie(7),
        peer: Some(Cookie(8)),
        role: Some(Role::Client),
        silent: false,
        midstream: true,
        netns: 4_026_531_840,
        local: SocketAddress { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 50_000 },
        remote: SocketAddress { address: IpAddr::V6(Ipv6Addr::LOCALHOST), port: 80 },
        sent: 38,
        received: 0,
        sequence: 1,
        write_sequence: Some(u32::MAX),
        read_sequence: None,
    }
}

fn record(payload: &[u8], uncaptured: Option<UncapturedReason>) -> Record<'_> {
    Record {
        cookie: Cookie(7),
        direction: Direction::Egress,
        source: Source::Socket,
        time: Timestamp(2_000),
        offset: 0,
        length: 38,
        tcp_sequence: Some(1),
        sequence: 0,
        pid: 4711,
        uncaptured,
        payload,
    }
}

fn written(inputs: &[Input<'_>]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = TraceWriter::new(&mut file, "memory".into()).unwrap();
    for input in inputs {
        writer.write(input).unwrap();
    }
    writer.finish().unwrap();
    file
}

/// The inputs of a trace, each as its encoding, and the error that ended them.
fn read(file: &[u8]) -> (Vec<Vec<u8>>, Option<TraceError>) {
    let mut inputs = Vec::new();
    let mut reader = match TraceReader::new(Cursor::new(file), PathBuf::from("memory")) {
        Ok(reader) => reader,
        Err(error) => return (inputs, Some(error)),
    };
    loop {
        match reader.next() {
            Ok(Some(input)) => inputs.push(encoded(&input)),
            Ok(None) => return (inputs, None),
            Err(error) => {
                assert!(matches!(reader.next(), Ok(None)), "nothing follows an error");
                return (inputs, Some(error));
            }
        }
    }
}

fn encoded(input: &Input<'_>) -> Vec<u8> {
    postcard::to_allocvec(input).unwrap()
}

fn all_encoded(inputs: &[Input<'_>]) -> Vec<Vec<u8>> {
    inputs.iter().map(encoded).collect()
}

#[test]
fn every_variant_comes_back() {
    let (inputs, error) = read(&written(&samples()));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(inputs, all_encoded(&samples()));
}

#[test]
fn an_empty_trace_ends_clean() {
    assert!(matches!(read(&written(&[])), (inputs, None) if inputs.is_empty()));
}

#[test]
fn payload_is_borrowed_from_the_frame() {
    let file = written(&samples());
    let mut reader = TraceReader::new(&*file, PathBuf::new()).unwrap();
    let mut records = 0;
    while let Some(input) = reader.next().unwrap() {
        if let Input::Record(Record {
            payload: b"GET /v1/accounts HTTP/1.1\r\nhost: a\r\n\r\n",
            ..
        }) = input
        {
            records += 1;
        }
    }
    assert_eq!(records, 1);
}

#[test]
fn every_prefix_gives_its_whole_inputs_and_says_where_it_is_cut() {
    let file = written(&samples());
    let expected = all_encoded(&samples());
    let mut most = 0;
    for cut in 0..file.len() {
        let (inputs, error) = read(&file[..cut]);
        assert_eq!(inputs, expected[..inputs.len()], "cut at {cut}");
        assert!(inputs.len() >= most, "cut at {cut}");
        most = inputs.len();
        match error {
            Some(TraceError::Truncated { offset, inputs, .. }) => {
                assert_eq!((offset, inputs), (cut as u64, most as u64));
            }
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
    assert_eq!(most, expected.len(), "all inputs are there before the end is");
}

#[test]
fn no_flipped_bit_passes() {
    let file = written(&samples());
    let expected = all_encoded(&samples());
    for at in 0..file.len() {
        for bit in 0..8 {
            let mut damaged = file.clone();
            damaged[at] ^= 1 << bit;
            let (inputs, error) = read(&damaged);
            assert!(error.is_some(), "bit {bit} of byte {at}");
            assert_eq!(inputs, expected[..inputs.len()], "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn a_frame_that_is_gone_or_comes_twice_does_not_pass() {
    let file = written(&samples());
    let first = header().len();
    let length = FRAME_HEAD_BYTES + encoded(&samples()[0]).len();
    let gone = [&file[..first], &file[first + length..]].concat();
    let twice = [&file[..first + length], &file[first..]].concat();
    for damaged in [gone, twice] {
        assert!(matches!(read(&damaged).1, Some(TraceError::Checksum { .. })));
    }
}

#[test]
fn damage_is_named() {
    let file = written(&samples());
    let first = header().len();
    let at = first as u64;
    let with = |at: usize, bytes: &[u8]| {
        let mut damaged = file.clone();
        damaged[at..at + bytes.len()].copy_from_slice(bytes);
        read(&damaged).1.unwrap()
    };
    assert!(matches!(with(0, b"\x7fELF"), TraceError::NotATrace { .. }));
    assert!(matches!(read(b"GET").1, Some(TraceError::NotATrace { .. })));
    assert!(matches!(read(b"").1, Some(TraceError::Truncated { offset: 0, .. })));
    assert!(matches!(with(10, &[0, 0]), TraceError::Malformed { offset: 0, .. }));
    let oversized = with(first, &u32::MAX.to_le_bytes());
    assert!(
        matches!(oversized, TraceError::Oversized { length: u32::MAX, offset, .. } if offset == at)
    );
    let damaged = with(first + FRAME_HEAD_BYTES, &[0xff]);
    assert!(matches!(damaged, TraceError::Checksum { offset, inputs: 0, .. } if offset == at));
    let longer = [file.as_slice(), b"x"].concat();
    assert!(
        matches!(read(&longer).1, Some(TraceError::Malformed { offset, .. }) if offset == file.len() as u64)
    );
}

/// Frames whose checksums are right and whose bodies are no input, or an input and more.
#[test]
fn a_body_that_is_no_input_is_malformed() {
    let whole = encoded(&samples()[4]);
    let bodies =
        [vec![0xff; 9], vec![99], whole[..whole.len() - 1].to_vec(), [whole, vec![0]].concat()];
    for body in bodies {
        let head = FrameHead { length: body.len() as u32, checksum: crc32fast::hash(&body) };
        let file = [header(), head.to_bytes().to_vec(), body].concat();
        assert!(
            matches!(read(&file), (inputs, Some(TraceError::Malformed { .. })) if inputs.is_empty())
        );
    }
}

#[test]
fn a_later_format_is_named_with_what_wrote_it() {
    let mut newer = header();
    newer[8] = 7;
    let covered = newer.len() - 4;
    newer[12] = b'\x1b';
    let checksum = crc32fast::hash(&newer[..covered]).to_le_bytes();
    newer[covered..].copy_from_slice(&checksum);
    let message = read(&newer).1.unwrap().to_string();
    assert!(message.contains("format 7") && message.contains("reads format 2"), "{message}");
    assert!(!message.contains('\x1b'), "{message}");
}

#[test]
fn a_claimed_length_is_not_allocated() {
    let head = FrameHead { length: MAXIMUM_FRAME_BYTES as u32, checksum: 0 }.to_bytes();
    let file = [header().as_slice(), &head, b"short"].concat();
    let mut reader = TraceReader::new(&*file, PathBuf::new()).unwrap();
    assert!(matches!(reader.next(), Err(TraceError::Truncated { .. })));
    assert!(reader.held_bytes() < 4096);
}

#[test]
fn an_input_above_the_limit_is_refused_and_the_trace_stays_good() {
    let large = vec![7; MAXIMUM_FRAME_BYTES / 2];
    let mut file = Vec::new();
    let mut writer = TraceWriter::new(&mut file, "memory".into()).unwrap();
    writer.write(&Input::Baseline(large.clone())).unwrap();
    let refused = writer.write(&Input::Baseline(vec![7; MAXIMUM_FRAME_BYTES]));
    assert!(matches!(refused, Err(TraceError::InputTooLarge { input: 1, .. })));
    writer.write(&samples()[0]).unwrap();
    writer.finish().unwrap();
    let (inputs, error) = read(&file);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(inputs, [encoded(&Input::Baseline(large)), encoded(&samples()[0])]);
}

#[test]
fn a_file_is_private_and_never_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a\x1b[31m.apiwatch-trace");
    let mut writer = TraceWriter::create(&path).unwrap();
    for input in samples() {
        writer.write(&input).unwrap();
    }
    writer.finish().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let message = TraceWriter::create(&path).err().unwrap().to_string();
    assert!(message.contains("remove it"), "{message}");
    assert!(!message.contains('\x1b'), "{message}");
    let mut reader = TraceReader::open(&path).unwrap();
    let mut inputs = Vec::new();
    while let Some(input) = reader.next().unwrap() {
        inputs.push(encoded(&input));
    }
    assert_eq!(inputs, all_encoded(&samples()));
}

#[test]
fn a_killed_recording_keeps_everything_up_to_its_last_tick() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("killed");
    let mut writer = TraceWriter::create(&path).unwrap();
    for input in samples() {
        writer.write(&input).unwrap();
    }
    let (inputs, error) = read(&fs::read(&path).unwrap());
    assert_eq!(inputs.len(), 10, "up to the tick");
    assert!(matches!(error, Some(TraceError::Truncated { inputs: 10, .. })), "{error:?}");
    drop(writer);
}

#[test]
fn a_file_that_cannot_be_opened_or_read_is_an_error() {
    let missing = TraceReader::open(Path::new("/nonexistent/trace"));
    assert!(matches!(missing, Err(TraceError::Open { .. })));
    assert!(matches!(TraceReader::open(Path::new("/")), Err(TraceError::Read { .. })));
    let unmade = TraceWriter::create(Path::new("/nonexistent/trace"));
    assert!(matches!(unmade, Err(TraceError::Create { .. })));
}

#[test]
fn a_full_disk_is_an_error() {
    let mut small = [0; 64];
    let mut writer = TraceWriter::new(&mut small[..], "small".into()).unwrap();
    for input in samples().iter().take(4) {
        writer.write(input).unwrap();
    }
    assert!(matches!(writer.finish(), Err(TraceError::Write { .. })));
}

/// A trace that an earlier build wrote: what it holds never changes, nor does this test.
#[test]
fn the_golden_trace_still_decodes() {
    let (inputs, error) = read(&fs::read(GOLDEN).unwrap());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(inputs, all_encoded(&samples()));
}

#[test]
fn an_end_is_as_long_as_its_body() {
    assert_eq!(written(&[]).len(), header().len() + FRAME_HEAD_BYTES + END_BYTES);
}

fn text() -> impl Strategy<Value = Option<Box<str>>> {
    option::of("\\PC{0,20}".prop_map(Into::into))
}

fn address() -> impl Strategy<Value = SocketAddress> {
    (any::<IpAddr>(), any::<u16>()).prop_map(|(address, port)| SocketAddress { address, port })
}

fn any_event() -> impl Strategy<Value = ConnectionEvent> {
    let change = prop::sample::select(vec![
        ConnectionChange::Open,
        ConnectionChange::Found,
        ConnectionChange::Close,
        ConnectionChange::Destroy,
        ConnectionChange::Conflict,
    ]);
    let ends = (address(), address(), any::<u64>(), any::<Option<u64>>());
    let numbers = any::<(u64, u64, u64, u32, u32)>();
    let rest = (any::<(bool, bool)>(), any::<Option<bool>>(), any::<[Option<u32>; 2]>());
    (change, ends, numbers, rest).prop_map(|(change, ends, numbers, rest)| ConnectionEvent {
        change,
        time: Timestamp(numbers.0),
        cookie: Cookie(ends.2),
        peer: ends.3.map(Cookie),
        role: rest.1.map(|server| if server { Role::Server } else { Role::Client }),
        silent: rest.0.0,
        midstream: rest.0.1,
        netns: numbers.3,
        local: ends.0,
        remote: ends.1,
        sent: numbers.1,
        received: numbers.2,
        sequence: numbers.4,
        write_sequence: rest.2[0],
        read_sequence: rest.2[1],
    })
}

fn any_process() -> impl Strategy<Value = Process> {
    let numbers = any::<(u32, u64, u64, u32)>();
    (numbers, "\\PC{0,16}", text(), text(), text(), text()).prop_map(
        |((pid, start, started, uid), comm, exe, unit, container, user)| Process {
            key: ProcessKey { pid, start },
            start_time: WallTime(started),
            identity: identity_label(unit.as_deref(), container.as_deref(), exe.as_deref(), &comm),
            comm: comm.into(),
            exe,
            unit,
            container,
            uid,
            user,
        },
    )
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let network =
        (any::<IpAddr>(), 0..=32u8).prop_map(|(address, prefix)| Network { address, prefix });
    let texts = (option::of(".{0,9}"), option::of(".{0,9}"), vec(".{0,9}", 0..3));
    let rule = (texts, vec(network, 0..3), vec(any::<u16>(), 0..3)).prop_map(
        |((unit, exe, names), networks, ports)| AllowRule {
            unit,
            exe,
            user: None,
            names,
            networks,
            ports,
        },
    );
    (vec(rule, 0..4), any::<u32>(), any::<Duration>()).prop_map(
        |(allow, connections, idle_timeout)| Settings {
            limits: Limits { connections, idle_timeout, ..Limits::default() },
            allow,
            ..Settings::default()
        },
    )
}

fn any_loss() -> impl Strategy<Value = Loss> {
    let stage = prop::sample::select(vec![
        Stage::DataRing,
        Stage::ControlRing,
        Stage::KernelTable,
        Stage::Pipeline,
        Stage::Sink,
    ]);
    let reason = prop::sample::select(vec![
        LossReason::RingFull,
        LossReason::TableFull,
        LossReason::Evicted,
        LossReason::QueueFull,
    ]);
    (stage, reason, any::<[u64; 3]>()).prop_map(|(stage, reason, [count, since, time])| Loss {
        stage,
        reason,
        count,
        since: Timestamp(since),
        time: Timestamp(time),
    })
}

/// A record whose payload is made from the numbers, so that it needs no owner.
fn any_record() -> impl Strategy<Value = Record<'static>> {
    const PAYLOAD: &[u8] =
        b"POST /pay HTTP/1.1\r\ncontent-length: 26\r\n\r\n\0\xff\x80 01234567890123456";
    let reason = option::of(prop::sample::select(vec![
        UncapturedReason::Truncated,
        UncapturedReason::MultiMessage,
        UncapturedReason::IoUring,
        UncapturedReason::Compat,
        UncapturedReason::ReadFault,
        UncapturedReason::Discarded,
        UncapturedReason::OtherCall,
        UncapturedReason::Lost,
        UncapturedReason::Bypassed,
    ]));
    let numbers = any::<(u64, u64, u64, u32, u32, u32)>();
    (numbers, any::<Option<u32>>(), any::<bool>(), reason, 0..=63usize).prop_map(
        |(numbers, tcp_sequence, ingress, uncaptured, length)| Record {
            cookie: Cookie(numbers.0),
            direction: if ingress { Direction::Ingress } else { Direction::Egress },
            time: Timestamp(numbers.1),
            offset: numbers.2,
            length: numbers.3,
            tcp_sequence,
            sequence: numbers.4,
            pid: numbers.5,
            uncaptured,
            payload: PAYLOAD.get(..length).unwrap_or_default(),
            ..record(b"", None)
        },
    )
}

fn any_input() -> impl Strategy<Value = Input<'static>> {
    prop_oneof![
        any_record().prop_map(Input::Record),
        any_event().prop_map(Input::Connection),
        any::<(u64, u32, u64)>().prop_map(|(cookie, pid, start)| Input::Owner {
            cookie: Cookie(cookie),
            process: ProcessKey { pid, start },
        }),
        any_process().prop_map(|it| Input::Process(Arc::new(it))),
        any_loss().prop_map(Input::Loss),
        any_settings().prop_map(|it| Input::Settings(Arc::new(it))),
        vec(any::<u8>(), 0..100).prop_map(Input::Baseline),
        vec(any::<u8>(), 0..100).prop_map(Input::Findings),
        any::<(u64, i64)>().prop_map(|(time, offset)| Input::Tick {
            time: Timestamp(time),
            wall_offset: WallOffset(offset),
        }),
    ]
}

proptest! {
    #[test]
    fn any_inputs_come_back(inputs in vec(any_input(), 0..20)) {
        let (read, error) = read(&written(&inputs));
        prop_assert!(error.is_none(), "{:?}", error);
        prop_assert_eq!(read, all_encoded(&inputs));
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..200)) {
        let file = [header(), bytes].concat();
        prop_assert!(read(&file).1.is_some());
    }

    #[test]
    fn any_body_is_survived(body in vec(any::<u8>(), 1..200)) {
        let head = FrameHead { length: body.len() as u32, checksum: crc32fast::hash(&body) };
        let (inputs, error) = read(&[header(), head.to_bytes().to_vec(), body].concat());
        prop_assert!(inputs.len() <= 1 && error.is_some());
    }
}
