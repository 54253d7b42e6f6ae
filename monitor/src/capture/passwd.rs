//! Names of users, from /etc/passwd (passwd(5)).

use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use rustc_hash::FxHashMap;

/// Bytes that are read at most: some hundred thousand users.
const FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes of a name at most; `LOGIN_NAME_MAX` of Linux.
const NAME_BYTES: usize = 256;

/// The users of this host, read again when the file has changed.
#[derive(Debug)]
pub struct Passwd {
    path: PathBuf,
    version: Option<Version>,
    names: FxHashMap<u32, Box<str>>,
}

/// What changes when the file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Passwd {
    /// The users in /etc/passwd; nothing is read yet.
    #[must_use]
    pub fn new() -> Self {
        Self::at("/etc/passwd".into())
    }

    fn at(path: PathBuf) -> Self {
        Self { path, version: None, names: FxHashMap::default() }
    }

    /// Name of a user; none where the file cannot be read or does not have it.
    pub fn name_of(&mut self, uid: u32) -> Option<&str> {
        let version =
            fs::metadata(&self.path).ok().filter(Metadata::is_file).as_ref().map(Version::of);
        if version != self.version {
            let names = version.map(|_| self.read());
            // What cannot be read now, as without a descriptor to spare, is tried again.
            self.version = version.filter(|_| !matches!(names, Some(Err(_))));
            self.names = names.and_then(Result::ok).unwrap_or_default();
        }
        self.names.get(&uid).map(AsRef::as_ref)
    }

    fn read(&self) -> io::Result<FxHashMap<u32, Box<str>>> {
        let mut reader = BufReader::new(File::open(&self.path)?.take(FILE_BYTES));
        let mut names = FxHashMap::default();
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            // Of two names of a user the first counts, as for getpwuid(3).
            if let Some((uid, name)) = entry(&line) {
                names.entry(uid).or_insert_with(|| name.into());
            }
            line.clear();
        }
        Ok(names)
    }
}

impl Default for Passwd {
    fn default() -> Self {
        Self::new()
    }
}

impl Version {
    fn of(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// User id and name of a line `name:password:uid:…`; names that a terminal would obey
/// or that are endless are no names.
fn entry(line: &[u8]) -> Option<(u32, &str)> {
    let mut fields = line.split(|&byte| byte == b':');
    let name = str::from_utf8(fields.next()?).ok()?;
    let uid = str::from_utf8(fields.nth(1)?).ok()?.parse().ok()?;
    fields.next()?; // a line that is cut within the user id is another user's
    let is_name = !name.is_empty()
        && name.len() <= NAME_BYTES
        && !name.starts_with(['#', '+', '-'])
        && !name.chars().any(char::is_control);
    is_name.then_some((uid, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case = (&'static [u8], Option<(u32, &'static str)>);

    #[test]
    fn lines() {
        let cases: &[Case] = &[
            (b"root:x:0:0:root:/root:/bin/bash\n", Some((0, "root"))),
            (b"www-data:x:33:33::/var/www:/usr/sbin/nologin", Some((33, "www-data"))),
            (b"nobody:x:65534:65534:::\n", Some((65_534, "nobody"))),
            ("j\u{f6}rg:x:1000:1000:::\n".as_bytes(), Some((1000, "j\u{f6}rg"))),
            (b"big:x:4294967295:0:::\n", Some((u32::MAX, "big"))),
            (b"over:x:4294967296:0:::\n", None),
            (b"cut:x:10", None),
            (b"# comment:x:1:1:::\n", None),
            (b"+nis:x:1:1:::\n", None),
            (b":x:1:1:::\n", None),
            (b"a\x1b[31m:x:1:1:::\n", None),
            (b"\xff\xfe:x:1:1:::\n", None),
            (b"text:x:one:1:::\n", None),
            (b"\n", None),
            (b"", None),
        ];
        for (line, expected) in cases {
            assert_eq!(entry(line), *expected, "{}", line.escape_ascii());
        }
        let long = [b"a".repeat(NAME_BYTES + 1).as_slice(), b":x:1:1:::\n"].concat();
        assert_eq!(entry(&long), None);
    }

    #[test]
    fn a_change_of_the_file_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("passwd");
        let mut users = Passwd::at(path.clone());
        assert_eq!(users.name_of(1000), None, "no file");
        fs::write(&path, "api:x:1000:1000:::\nalias:x:1000:1000:::\n").unwrap();
        assert_eq!(users.name_of(1000), Some("api"));
        assert_eq!(users.name_of(1001), None);
        let next = directory.path().join("passwd+");
        fs::write(&next, "pay:x:1000:1000:::\nalias:x:1000:1000:::\n").unwrap();
        fs::rename(next, &path).unwrap();
        assert_eq!(users.name_of(1000), Some("pay"));
        fs::remove_file(&path).unwrap();
        assert_eq!(users.name_of(1000), None, "the file is gone");
    }

    #[test]
    fn an_unchanged_file_is_not_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("passwd");
        fs::write(&path, "api:x:1000:1000:::\n").unwrap();
        let mut users = Passwd::at(path);
        assert_eq!(users.name_of(1000), Some("api"));
        users.names.insert(7, "kept".into());
        assert_eq!(users.name_of(7), Some("kept"));
    }

    #[test]
    fn what_is_not_a_file_has_no_users() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Passwd::at(directory.path().into()).name_of(0), None);
    }

    #[test]
    fn the_superuser_of_this_host_is_root() {
        assert_eq!(Passwd::new().name_of(0), Some("root"));
    }
}
