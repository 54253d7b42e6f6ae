//! One door for each parser of bytes from outside: the fuzz targets of `fuzz/` go through
//! them, and the tests replay the corpora that were worth keeping.
//!
//! Each takes any bytes and panics only where an invariant does not hold.

use std::path::PathBuf;
use std::sync::Arc;

use crate::capture::{btf, cgroup as control_group};
use crate::config as configuration;
use crate::control::decode::{Decoder, LINE_BYTES, Message};
use crate::control::status::write_status;
use crate::filter::{Filter, sample};
use crate::pcap::PcapReader;
use crate::pipeline::input::Input;
use crate::pipeline::route::{Evidence, Routes};
use crate::pipeline::settings::{Limits, Settings};
use crate::pipeline::text::is_steering;
use crate::pipeline::time::{Timestamp, WallOffset};
use crate::pipeline::{Pipeline, names, protocol, restore};
use crate::sink::json::write_line;
use crate::trace::TraceReader;

/// A name of which nothing is opened.
const NAME: &str = "fuzz";

/// A name, and the parser behind it.
pub type Door = (&'static str, fn(&[u8]));

/// Every door by its name.
pub const DOORS: &[Door] = &[
    ("btf", btf_types),
    ("cgroup", cgroup),
    ("config", config),
    ("control", control),
    ("dns", dns),
    ("filter", filter),
    ("hpack", protocol::fuzz::hpack),
    ("http1", protocol::fuzz::http1),
    ("http2", protocol::fuzz::http2),
    ("pcap", pcap),
    ("proxy", protocol::fuzz::proxy),
    ("route", route),
    ("session", protocol::fuzz::session),
    ("state", state),
    ("tls", protocol::fuzz::tls),
    ("trace", trace),
    ("websocket", protocol::fuzz::websocket),
];

/// Goes through a door.
///
/// # Panics
/// Where there is no door of that name, or where what should hold behind it does not.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, door) = DOORS.iter().find(|(door, _)| *door == name).expect("there is such a door");
    door(bytes);
}

/// The kernel's type information.
fn btf_types(bytes: &[u8]) {
    if let Ok(btf) = btf::Btf::parse(bytes) {
        let _ = btf::offsets(&btf);
    }
}

/// The path of a control group.
fn cgroup(bytes: &[u8]) {
    let _ = control_group::identity_of(&String::from_utf8_lossy(bytes));
}

/// A configuration, and what is said of it.
fn config(bytes: &[u8]) {
    match configuration::parse(NAME, bytes.to_vec()) {
        Ok(effective) => {
            let text = effective.to_toml();
            let again = configuration::parse(NAME, text.clone().into_bytes());
            let again = again.unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(again.config, effective.config, "{text}");
        }
        Err(error) => drop(error.to_string()),
    }
}

/// Lines of the control socket: what is read is written, and read again, as the same.
fn control(bytes: &[u8]) {
    let mut decoder = Decoder::default();
    for line in String::from_utf8_lossy(bytes).lines() {
        match decoder.line(line) {
            Ok(message) => rewrite(&mut decoder, &message),
            Err(error) => drop(error.to_string()),
        }
    }
}

/// Writes what was read, where it is a record, and reads that.
fn rewrite(decoder: &mut Decoder, message: &Message) {
    let Some(text) = text_of(message) else { return };
    // Escapes of what steers terminals are longer than what they stand for.
    if text.len() <= LINE_BYTES {
        let again = decoder.line(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(text_of(&again), Some(text));
    }
}

fn text_of(message: &Message) -> Option<String> {
    let mut text = Vec::new();
    match message {
        Message::Output(output) => write_line(output, &mut text),
        Message::Status(status) => write_status(status, &mut text),
        Message::Header(_) | Message::Notice(_) | Message::Unknown => return None,
    }
    Some(String::from_utf8(text).expect("what is written is UTF-8"))
}

/// A message of DNS.
fn dns(bytes: &[u8]) {
    if let Ok(answer) = names::parse(bytes) {
        assert!(!answer.addresses.is_empty() && answer.name.len() <= 253);
    }
}

/// A filter of the terminal UI and of `tail`, and what it says of one record of each type.
fn filter(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Filter::parse(&text) {
        Ok(filter) => {
            assert_eq!(Filter::parse(filter.text()).as_ref(), Ok(&filter), "{text:?}");
            for output in sample::outputs() {
                let _ = filter.matches(&output);
            }
        }
        Err(error) => assert!(!error.render(&text).replace('\n', "").contains(is_steering)),
    }
}

/// A capture of another program, and what the pipeline says of it.
fn pcap(bytes: &[u8]) {
    let limits = Limits::default();
    let Ok(mut reader) = PcapReader::new(bytes, PathBuf::from(NAME), &limits) else { return };
    let mut pipeline = Pipeline::new(Arc::new(Settings::default()));
    while let Ok(flow) = reader.advance(&mut |input| {
        pipeline.handle_input(input);
        while pipeline.poll_output().is_some() {}
    }) && flow.is_continue()
    {}
    pipeline.finish();
}

/// Paths of one service, a line each.
fn route(bytes: &[u8]) {
    let settings = Settings::default();
    let mut routes = Routes::new(&settings.routes, &settings.limits);
    let service = routes.service(&"service".into(), Timestamp(1));
    for path in String::from_utf8_lossy(bytes).lines() {
        let route = routes.route(service, path, Evidence::Served);
        let text = route.and_then(|route| routes.text(route));
        assert!(text.is_none_or(|text| text.len() <= 512), "{text:?}");
        let _ = routes.take_folded();
    }
}

/// What an earlier run left, whose checksum is right; what is taken up is left again.
fn state(bytes: &[u8]) {
    for input in restore::sealed(bytes) {
        let mut pipeline = Pipeline::new(Arc::new(Settings::default()));
        let wall_offset = WallOffset(1_700_000_000_000_000_000);
        pipeline.handle_input(Input::Tick { time: Timestamp(1), wall_offset });
        pipeline.handle_input(input);
        if pipeline.refusal().is_none() {
            pipeline.handle_input(Input::Baseline(pipeline.baseline_bytes()));
            assert_eq!(pipeline.refusal(), None);
            pipeline.handle_input(Input::Findings(pipeline.findings_bytes()));
            assert_eq!(pipeline.refusal(), None);
        }
        while let Some(output) = pipeline.poll_output() {
            write_line(&output, &mut Vec::new());
        }
    }
}

/// A recorded trace, and what the pipeline says of it.
fn trace(bytes: &[u8]) {
    let Ok(mut reader) = TraceReader::new(bytes, PathBuf::from(NAME)) else { return };
    let mut pipeline = Pipeline::new(Arc::new(Settings::default()));
    while let Ok(Some(input)) = reader.next() {
        pipeline.handle_input(input);
        while pipeline.poll_output().is_some() {}
    }
    pipeline.finish();
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Beside the workspace's crates, a crate of its own.
    fn fuzz() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
    }

    #[test]
    fn every_door_has_a_target_and_every_target_a_door() {
        let folder = std::fs::read_dir(fuzz().join("fuzz_targets")).expect("there are targets");
        let mut targets: Vec<String> = folder
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        targets.sort();
        assert_eq!(targets, DOORS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }

    /// The samples of the tests; written to where `cargo xtask fuzz` asks for them.
    #[test]
    fn every_sample_holds() {
        let seeds = std::env::var_os("APIWATCH_SEEDS").map(PathBuf::from);
        for (name, door) in DOORS {
            for (number, sample) in samples(name).iter().enumerate() {
                door(sample);
                if let Some(folder) = seeds.as_ref().map(|seeds| seeds.join(name).join("corpus")) {
                    std::fs::create_dir_all(&folder).unwrap();
                    std::fs::write(folder.join(format!("sample-{number}")), sample).unwrap();
                }
            }
        }
    }

    /// Cut off, with a bit flipped, and with two parts in each other's place.
    #[test]
    fn every_damaged_sample_holds() {
        /// Places of a sample that are damaged.
        const PLACES: usize = 48;
        for (name, door) in DOORS {
            for sample in samples(name) {
                let step = sample.len().div_ceil(PLACES).max(1);
                for place in (0..sample.len()).step_by(step) {
                    door(&sample[..place]);
                    let mut flipped = sample.clone();
                    flipped[place] ^= 1 << (place % 8);
                    door(&flipped);
                    let mut turned = sample.clone();
                    turned[place..].rotate_left((sample.len() - place) / 2);
                    door(&turned);
                }
            }
        }
    }

    fn samples(name: &str) -> Vec<Vec<u8>> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let files = |folder: &str| -> Vec<Vec<u8>> {
            let folder = std::fs::read_dir(source.join(folder)).expect("there are cases");
            folder.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
        };
        let recorded = |folder: &str| -> Vec<Vec<u8>> {
            let texts = files(folder).into_iter().map(|bytes| String::from_utf8(bytes).unwrap());
            texts.map(|text| protocol::fuzz::recorded(&text)).collect()
        };
        match name {
            "control" => crate::control::decode::tests::lines(),
            "config" => vec![configuration::example().into_bytes()],
            "filter" => filters(),
            "http1" => protocol::tests::scripts(),
            "http2" => recorded("pipeline/protocol/http2/cases"),
            "pcap" => files("pcap/cases"),
            "session" => [
                protocol::tests::scripts(),
                recorded("pipeline/protocol/http2/cases"),
                recorded("pipeline/protocol/tls/cases"),
                recorded("pipeline/protocol/websocket/cases"),
            ]
            .concat(),
            "state" => restore::tests::bodies(),
            "tls" => recorded("pipeline/protocol/tls/cases"),
            "trace" => {
                vec![include_bytes!("../../tests/data/trace/v2.apiwatch-trace").to_vec()]
            }
            _ => Vec::new(),
        }
    }

    /// The examples of the documentation.
    fn filters() -> Vec<Vec<u8>> {
        let page = include_str!("../../docs/filters.md");
        let (_, examples) = page.split_once("## Examples").expect("there are examples");
        let rows = examples.lines().filter_map(|line| line.strip_prefix("| `"));
        let filters: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
        for filter in &filters {
            assert!(Filter::parse(filter).is_ok(), "{filter}");
        }
        assert!(filters.len() >= 12);
        filters.into_iter().map(|filter| filter.as_bytes().to_vec()).collect()
    }

    #[test]
    fn kept_corpora_hold() {
        for (name, door) in DOORS {
            let Ok(folder) = std::fs::read_dir(fuzz().join("corpus").join(name)) else { continue };
            for entry in folder {
                door(&std::fs::read(entry.unwrap().path()).unwrap());
            }
        }
    }

    #[test]
    fn no_door_minds_nothing_or_any_one_byte() {
        for (_, door) in DOORS {
            door(&[]);
            for byte in 0..=255 {
                door(&[byte]);
                door(&[byte; 64]);
            }
        }
    }
}
