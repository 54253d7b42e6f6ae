//! JSON strings (RFC 8259 section 7). Beyond what the format demands, every
//! character that could steer a terminal is escaped too.

use crate::pipeline::text::is_steering;

/// Bytes that may need an escape: quotes, ASCII controls, and the first byte of
/// every other character that [`is_steering`] names.
static SUSPECT: [bool; 256] = suspects();

/// Appends text as a JSON string.
pub(super) fn write(text: &str, to: &mut Vec<u8>) {
    to.push(b'"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| SUSPECT[usize::from(byte)]) {
        // A suspect byte is ASCII or starts a character, so `at` is a boundary.
        let (plain, suspect) = rest.split_at(at);
        to.extend_from_slice(plain.as_bytes());
        let mut characters = suspect.chars();
        if let Some(character) = characters.next() {
            write_character(character, to);
        }
        rest = characters.as_str();
    }
    to.extend_from_slice(rest.as_bytes());
    to.push(b'"');
}

fn write_character(character: char, to: &mut Vec<u8>) {
    match character {
        '"' => to.extend_from_slice(b"\\\""),
        '\\' => to.extend_from_slice(b"\\\\"),
        '\n' => to.extend_from_slice(b"\\n"),
        '\r' => to.extend_from_slice(b"\\r"),
        '\t' => to.extend_from_slice(b"\\t"),
        steering if is_steering(steering) => write_escape(steering, to),
        plain => to.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// `\uXXXX`, twice for a character outside the basic plane.
fn write_escape(character: char, to: &mut Vec<u8>) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        to.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
    }
}

const fn suspects() -> [bool; 256] {
    let mut suspect = [false; 256];
    let mut byte = 0;
    while byte < suspect.len() {
        // C2 leads C1, CD U+034F, D8 U+061C, E1 to E3 U+1000 to U+3FFF, EE and EF U+E000
        // to U+FFFF, F0 to F4 what lies beyond.
        suspect[byte] = matches!(
            byte as u8,
            0..=0x1f | b'"' | b'\\' | 0x7f | 0xc2 | 0xcd | 0xd8 | 0xe1..=0xe3 | 0xee..=0xf4
        );
        byte += 1;
    }
    suspect
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut to = Vec::new();
        write(text, &mut to);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn every_character_is_read_back_and_no_steering_is_written() {
        for character in '\0'..=char::MAX {
            let text = format!("a{character}b");
            let json = written(&text);
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            assert!(!json.chars().any(is_steering), "U+{:04X}", u32::from(character));
        }
    }

    #[test]
    fn escapes_are_the_expected_ones() {
        for (text, json) in [
            ("", r#""""#),
            ("/a b", r#""/a b""#),
            ("\"\\\n\r\t", r#""\"\\\n\r\t""#),
            ("\x1b[31m", r#""\u001b[31m""#),
            ("\u{9b}x\u{7f}", r#""\u009bx\u007f""#),
            ("é€\u{202e}gnp", r#""é€\u202egnp""#),
            ("\u{e0041}", r#""\udb40\udc41""#),
            ("a\u{200d}b\u{2066}\u{feff}\u{fe0f}", r#""a\u200db\u2066\ufeff\ufe0f""#),
            ("\u{ad}\u{34f}\u{3164}\u{e000}", r#""\u00ad\u034f\u3164\ue000""#),
        ] {
            assert_eq!(written(text), json);
        }
    }
}
