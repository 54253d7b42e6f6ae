//! What is kept across restarts, in files that are replaced as a whole: a reader finds the
//! old one or the new one, never a part.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What a later run takes up.
pub struct Learned {
    /// What is normal.
    pub baseline: Vec<u8>,
    /// The findings that are open.
    pub findings: Vec<u8>,
}

/// Largest file that is read.
const MAXIMUM_BYTES: u64 = 64 * 1024 * 1024;

/// Why the file cannot be used.
#[derive(Debug, Error)]
#[error("{what} {}: {source}", path.display())]
pub struct StateError {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// What an earlier run left; none where there was none.
///
/// # Errors
/// When the file is there and cannot be read, or is too large.
pub fn load(path: &Path) -> Result<Option<Vec<u8>>, StateError> {
    let failed = |source| StateError { what: "reading", path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    file.take(MAXIMUM_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAXIMUM_BYTES {
        return Err(failed(io::Error::other("larger than apiwatch ever writes it")));
    }
    Ok(Some(bytes))
}

/// Makes the directory of the file, for its owner only, where it is missing, and removes
/// what a save left that was cut off: by a kill, or by a disk that turned read-only.
///
/// # Errors
/// When the directory cannot be made.
pub fn prepare(path: &Path) -> Result<(), StateError> {
    let failed =
        |source| StateError { what: "making the directory of", path: path.to_owned(), source };
    path.parent().map_or(Ok(()), |directory| {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)
    })?;
    // Where that fails, so does the next save, which says it.
    let _ = fs::remove_file(temporary(path));
    Ok(())
}

/// What takes the place of the file once it is whole.
fn temporary(path: &Path) -> PathBuf {
    path.with_extension("new")
}

/// Replaces the file.
///
/// # Errors
/// When the directory cannot be made or the file not written; then the old one stays, and
/// nothing of the new one.
pub fn save(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    prepare(path)?;
    let failed = |source| StateError { what: "writing", path: path.to_owned(), source };
    let temporary = temporary(path);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(failed)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let replaced = written.and_then(|()| fs::rename(&temporary, path));
    // A part of it would only fill a disk that is full already.
    replaced.inspect_err(|_| drop(fs::remove_file(&temporary))).map_err(failed)?;
    // The rename itself must survive a power cut.
    path.parent().map_or(Ok(()), |it| File::open(it).and_then(|it| it.sync_all())).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_loaded_and_replaced() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("deeper/baseline");
        assert!(load(&file).expect("a missing file is no error").is_none());
        for content in [b"one".as_slice(), b"another"] {
            save(&file, content).expect("saved");
            assert_eq!(load(&file).expect("loaded").as_deref(), Some(content));
        }
        assert_eq!(names_in(file.parent().expect("a parent")), ["baseline"]);
    }

    fn names_in(directory: &Path) -> Vec<std::ffi::OsString> {
        let entries = fs::read_dir(directory).expect("listed");
        let mut names: Vec<_> = entries.map(|it| it.expect("an entry").file_name()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_save_that_fails_or_was_cut_off_leaves_nothing() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (file, cut_off) = (directory.path().join("one"), directory.path().join("two"));
        // All is written, and then it cannot take that place.
        fs::create_dir(&file).expect("a directory where the file should be");
        for content in [b"".as_slice(), &[b'x'; 100_000]] {
            assert!(save(&file, content).is_err());
            assert_eq!(names_in(directory.path()), ["one"]);
        }
        fs::write(temporary(&cut_off), b"a part").expect("written");
        prepare(&cut_off).expect("prepared");
        assert_eq!(names_in(directory.path()), ["one"]);
        fs::write(temporary(&cut_off), b"a part").expect("written");
        save(&cut_off, b"whole").expect("saved");
        assert_eq!(names_in(directory.path()), ["one", "two"]);
    }

    #[test]
    fn an_unreadable_file_is_named() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let error = load(directory.path()).expect_err("a directory is no file");
        assert!(error.to_string().contains(&directory.path().display().to_string()));
    }
}
