//! A case is a file: `allow BYTES` is SETTINGS_HEADER_TABLE_SIZE, `block HEX` a block, and
//! under it a line for each field, with a tab behind the name.

use super::*;

const CASES: [(&str, &str); 8] = [
    ("nghttp2_requests", include_str!("../cases/nghttp2_requests.txt")),
    ("nghttp2_resized", include_str!("../cases/nghttp2_resized.txt")),
    ("nghttp2_trailers", include_str!("../cases/nghttp2_trailers.txt")),
    ("python_all_bytes", include_str!("../cases/python_all_bytes.txt")),
    ("python_grpc", include_str!("../cases/python_grpc.txt")),
    ("python_plain", include_str!("../cases/python_plain.txt")),
    ("python_resized", include_str!("../cases/python_resized.txt")),
    ("python_small_table", include_str!("../cases/python_small_table.txt")),
];

#[derive(Default)]
struct Step {
    allowed: Option<u32>,
    block: Vec<u8>,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut allowed = None;
    for line in text.lines() {
        if let Some(bytes) = line.strip_prefix("allow ") {
            allowed = Some(bytes.parse().unwrap());
        } else if let Some(hex) = line.strip_prefix("block ") {
            steps.push(Step { allowed, block: bytes_of(hex), fields: Vec::new() });
        } else if let Some((name, value)) =
            line.strip_prefix(' ').and_then(|it| it.split_once('\t'))
        {
            steps.last_mut().unwrap().fields.push((unescape(name), unescape(value)));
        }
    }
    steps
}

fn unescape(text: &str) -> Vec<u8> {
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.extend(bytes_of(&part[..2]));
        bytes.extend(part[2..].bytes());
    }
    bytes
}

/// Decodes a block; each part is the truth or unknown, and the count of these is returned.
fn unknown_in(decoder: &mut Decoder, step: &Step, what: &str) -> u32 {
    if let Some(allowed) = step.allowed {
        decoder.allow_table(allowed);
    }
    let (end, fields) = decode(decoder, &step.block);
    assert_eq!(fields.len(), step.fields.len(), "{what}");
    for ((name, value), (true_name, true_value)) in fields.iter().zip(&step.fields) {
        assert!(name.as_ref().is_none_or(|name| name == true_name), "{what}");
        assert!(value.as_ref().is_none_or(|value| value == true_value), "{what}");
    }
    match end {
        Block::Whole { unknown, dropped: 0 } => unknown,
        _ => panic!("{what}: {end:?}"),
    }
}

#[test]
fn blocks_of_other_encoders_decode() {
    for (name, text) in CASES {
        let mut decoder = Decoder::new(false);
        for (number, step) in steps(text).iter().enumerate() {
            let what = format!("{name}, block {number}");
            assert_eq!(unknown_in(&mut decoder, step, &what), 0, "{what}");
        }
    }
}

#[test]
fn nothing_is_wrong_for_one_who_came_late() {
    for (name, text) in CASES {
        let steps = steps(text);
        for start in 0..steps.len() {
            let mut decoder = Decoder::new(true);
            for (number, step) in steps.iter().enumerate().skip(start) {
                unknown_in(&mut decoder, step, &format!("{name} from {start}, block {number}"));
            }
        }
    }
}

#[test]
fn nothing_is_wrong_after_a_missed_block() {
    for (name, text) in CASES {
        let steps = steps(text);
        for missed in 0..steps.len() {
            let mut decoder = Decoder::new(false);
            for (number, step) in steps.iter().enumerate() {
                if number == missed {
                    decoder.distrust();
                } else {
                    unknown_in(&mut decoder, step, &format!("{name} less {missed}, {number}"));
                }
            }
        }
    }
}
