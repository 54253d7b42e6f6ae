use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::tui::fixture::{at, state};
use crate::tui::state::{Command, Reaction};
use crate::tui::tests::press;

const NOW: u64 = 30_000;

#[test]
fn base64_is_that_of_the_standard() {
    for (bytes, text) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
        ("\u{7ff}\u{fff}", "37/gv78="),
    ] {
        assert_eq!(String::from_utf8(base64(bytes.as_bytes())).unwrap(), text);
    }
}

#[test]
fn what_is_too_long_for_a_terminal_is_not_copied() {
    assert_eq!(clipboard(b"foo").as_deref(), Some(&b"\x1b]52;c;Zm9v\x07"[..]));
    assert!(clipboard(&[0; 49_152]).is_some_and(|sequence| sequence.len() == 65_536 + 8));
    assert_eq!(clipboard(&[0; 49_153]), None);
}

#[test]
fn rows_are_json_lines_as_filtered_and_sorted() {
    for (keys, name, count, first) in [
        ("", "overview", 3, r#""top services":"#),
        ("2", "exchanges", 41, r#"{"type":"exchange""#),
        ("2/status:5xx<Enter>", "exchanges", 10, r#""status":503"#),
        ("2/status:404<Enter>", "exchanges", 10, r#""method":"DELETE""#),
        ("3", "destinations", 5, r#""client":"#),
        ("4", "endpoints", 6, r#""route":"#),
        ("5", "findings", 4, r#""severity":"critical""#),
        ("5S", "findings", 4, r#""severity":"informational""#),
    ] {
        let mut state = state();
        press(&mut state, keys, at(NOW));
        let Reaction::Export(export) = state.apply(Command::Export, at(NOW)) else {
            panic!("nothing to write after {keys}")
        };
        assert_eq!(export.name, format!("apiwatch-{name}-20261125T000030Z.jsonl"));
        let text = String::from_utf8(export.lines).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((export.count, lines.len()), (count, count + 1), "after {keys}");
        assert!(lines[0].starts_with(r#"{"type":"header""#));
        assert!(lines[1].contains(first), "after {keys}: {}", lines[1]);
        for line in lines {
            assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
        }
    }
}

#[test]
fn the_selected_row_is_one_line() {
    for (keys, part) in [
        ("", r#""top services":"#),
        ("2k", r#""path":"/rates/EUR""#),
        ("2k<Enter>", r#""path":"/rates/EUR""#),
        ("2k<Enter>o", r#""detail":"connection""#),
        ("2k<Enter>o", r#""handshake":"#),
        ("3", r#""detail":"destination""#),
        ("3<Enter>", r#""detail":"destination""#),
        ("4<Enter>", r#""detail":"endpoint""#),
        ("5j", r#""subject":"/usr/bin/curl"#),
        ("5j<Enter>", r#""type":"finding""#),
    ] {
        let mut state = state();
        press(&mut state, keys, at(NOW));
        let Reaction::Copy(row) = state.apply(Command::Copy, at(NOW)) else {
            panic!("nothing to copy after {keys}")
        };
        let row = String::from_utf8(row).unwrap();
        assert!(row.contains(part) && !row.contains('\n'), "after {keys}: {row}");
        assert!(serde_json::from_str::<serde_json::Value>(&row).is_ok(), "{row}");
    }
}

/// What is hidden does not leave by another door.
#[test]
fn what_cannot_be_given_is_said() {
    for (keys, command, said) in [
        ("2p", Command::Copy, "p shows what is hidden"),
        ("2p", Command::Export, "p shows what is hidden"),
        ("6", Command::Copy, "nothing is selected"),
        ("6", Command::Export, "no rows"),
        ("2/path:/nothing<Enter>", Command::Copy, "nothing is selected"),
        ("2/path:/nothing<Enter>", Command::Export, "no rows"),
    ] {
        let mut state = state();
        press(&mut state, keys, at(NOW));
        assert_eq!(state.apply(command, at(NOW)), Reaction::Draw, "after {keys}");
        let message = state.message.clone().expect("it is said");
        assert!(message.text.contains(said), "{}", message.text);
        assert!(!state.expire_message(at(NOW + 2_900).time));
        assert!(state.expire_message(at(NOW + 3_000).time), "for three seconds");
        assert!(state.message.is_none());
    }
}

#[test]
fn a_file_is_new_and_for_its_owner() {
    let directory = tempfile::tempdir().unwrap();
    let name = directory.path().join("rows.jsonl").display().to_string();
    let export = Export { name, lines: b"{}\n".to_vec(), count: 1 };
    let path = write(&export).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"{}\n");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let error = write(&export).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot write {}: File exists", path.display())), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"{}\n", "what was there stays");
}
