//! Groups of users, from /etc/group (group(5)).

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

/// Bytes that are read at most.
const FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Id of a group; none where this host does not have it.
pub(super) fn id_of(name: &str) -> Option<u32> {
    find(Path::new("/etc/group"), name)
}

fn find(path: &Path, name: &str) -> Option<u32> {
    let mut reader = BufReader::new(File::open(path).ok()?.take(FILE_BYTES));
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).ok()? > 0 {
        if let Some(id) = id_in(&line, name) {
            return Some(id);
        }
        line.clear();
    }
    None
}

/// Of a line `name:password:id:members`.
fn id_in(line: &[u8], name: &str) -> Option<u32> {
    let mut fields = std::str::from_utf8(line).ok()?.split(':');
    if fields.next() != Some(name) {
        return None;
    }
    fields.nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_found_by_its_whole_name() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("group");
        std::fs::write(
            &file,
            b"root:x:0:\n\xff:x:1:\napi:x:7:a,b\napiwatch:x:990:\nbad:x:-1:\nlast:x:4",
        )
        .unwrap();
        let cases = [
            ("root", Some(0)),
            ("api", Some(7)),
            ("apiwatch", Some(990)),
            ("last", Some(4)),
            ("bad", None),
            ("none", None),
            ("", None),
        ];
        for (name, id) in cases {
            assert_eq!(find(&file, name), id, "{name}");
        }
        assert_eq!(find(Path::new("/nonexistent"), "root"), None);
    }
}
