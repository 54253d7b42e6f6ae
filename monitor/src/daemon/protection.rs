//! What stands between metrics and those who ask for them, from the files that the
//! configuration names.

use std::path::Path;
use std::sync::Arc;

use crate::clock;
use crate::config::{FileFault, MetricsConfig, read_file};
use crate::pipeline::text::printable;
use crate::sink::http::{Protection, Tls, TlsFault, Users, UsersFault};

const CERTIFICATE: &str = "metrics.tls_certificate";
const KEY: &str = "metrics.tls_key";
const USERS: &str = "metrics.users";

/// A file cannot be used for the key that names it.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {path} as {key}: it {fault}; {}", fault.remedy())]
pub(super) struct ProtectionError {
    key: &'static str,
    /// Fit for a terminal.
    path: String,
    fault: Fault,
}

/// What is wrong with the file, as what follows "it".
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{}", sentence(.0))]
    File(FileFault),
    #[error(transparent)]
    Tls(TlsFault),
    #[error(transparent)]
    Users(UsersFault),
}

impl Fault {
    const fn remedy(&self) -> &'static str {
        match self {
            Self::File(FileFault::Missing) => "name one that is there",
            Self::File(FileFault::Io(_)) => {
                "let the group apiwatch read it: `chgrp apiwatch` and `chmod 0640`, in a \
                 directory that it may pass through"
            }
            Self::File(FileFault::NotRegular(_)) => "name a file",
            Self::File(FileFault::WorldWritable) => "run `chmod o-w` on it",
            Self::File(FileFault::TooLarge) => "name the right one",
            Self::Tls(fault) => fault.remedy(),
            Self::Users(fault) => fault.remedy(),
        }
    }
}

fn sentence(fault: &FileFault) -> String {
    match fault {
        FileFault::Missing => "is not there".to_owned(),
        other => other.to_string(),
    }
}

/// Reads the files. A certificate that has ended is said in the log, and used: clients that
/// do not mind are not kept out.
///
/// # Errors
///
/// [`ProtectionError`] for the first file that cannot be used.
pub(super) fn read(config: &MetricsConfig) -> Result<Protection, ProtectionError> {
    let tls = match (&config.tls_certificate, &config.tls_key) {
        (Some(certificate), Some(key)) => Some(read_tls(certificate, key)?),
        _ => None,
    };
    let users = config.users.as_deref().map(read_users).transpose()?;
    Ok(Protection { tls, users: users.map(Arc::new) })
}

fn read_tls(certificate: &Path, key: &Path) -> Result<Tls, ProtectionError> {
    let chain = bytes_of(CERTIFICATE, certificate)?;
    let secret = bytes_of(KEY, key)?;
    let tls = Tls::from_pem(&chain, &secret).map_err(|fault| {
        let (name, path) =
            if fault.is_of_certificate() { (CERTIFICATE, certificate) } else { (KEY, key) };
        error(name, path, Fault::Tls(fault))
    })?;
    if tls.expires() <= clock::wall() {
        tracing::warn!(
            file = %printable(&certificate.to_string_lossy()),
            "The certificate of metrics has ended, so scrapers refuse it: put a new one in its \
             place and run `apiwatch reload`."
        );
    }
    Ok(tls)
}

fn read_users(path: &Path) -> Result<Users, ProtectionError> {
    Users::parse(&bytes_of(USERS, path)?).map_err(|fault| error(USERS, path, Fault::Users(fault)))
}

fn bytes_of(key: &'static str, path: &Path) -> Result<Vec<u8>, ProtectionError> {
    read_file(path).map_err(|fault| error(key, path, Fault::File(fault)))
}

fn error(key: &'static str, path: &Path, fault: Fault) -> ProtectionError {
    ProtectionError { key, path: printable(&path.to_string_lossy()).into_owned(), fault }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_key_and_a_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("empty"), "").unwrap();
        fs::write(at("open"), "").unwrap();
        fs::set_permissions(at("open"), Permissions::from_mode(0o666)).unwrap();
        fs::write(at("words"), "\n\nhunter2\n").unwrap();
        fs::write(at("large"), vec![b'#'; 1 << 21]).unwrap();
        let users = |name: &str| MetricsConfig { users: Some(at(name)), ..Default::default() };
        let tls = |name: &str| MetricsConfig {
            tls_certificate: Some(at(name)),
            tls_key: Some(at(name)),
            ..Default::default()
        };
        for (config, words) in [
            (users("none"), ["/none as metrics.users: it is not there;", "name one"]),
            (users("."), ["metrics.users: it is a directory", "name a file"]),
            (users("open"), ["can be written by every user of this host;", "chmod o-w"]),
            (users("large"), ["/large as metrics.users: it is larger than 1 MiB;", "right one"]),
            (users("empty"), ["it has no user;", "htpasswd -nBC 10 NAME"]),
            (users("words"), ["it has an error in line 3: there is no `:`", "htpasswd"]),
            (tls("empty"), ["/empty as metrics.tls_certificate: it has no cert", "BEGIN CERT"]),
            (tls("none"), ["/none as metrics.tls_certificate: it is not there;", "name one"]),
        ] {
            let error = read(&config).unwrap_err().to_string();
            for word in words {
                assert!(error.contains(word), "{word}: {error}");
            }
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(read(&MetricsConfig::default()).is_ok_and(|it| it.tls.is_none()));
    }

    #[test]
    fn a_name_cannot_steer_a_terminal() {
        let users = Some("/none\u{1b}[2J\n".into());
        let error = read(&MetricsConfig { users, ..Default::default() }).unwrap_err();
        assert!(!error.to_string().contains(char::is_control), "{error}");
    }
}
