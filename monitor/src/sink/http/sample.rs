//! Certificates and users for tests.

use std::fs;
use std::process::Command;

/// A certificate for `localhost` that vouches for itself, with its key, both in PEM.
pub(super) struct Made {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Vec<u8>,
}

/// The user `prometheus` with the password `correct horse`, at the lowest cost.
pub(super) const USERS: &str =
    "prometheus:$2b$04$YNpiekAPpH7qu2LxCv2ILucXuvv6yqql58iRpnL/vTa0lRtgaGM1S\n";

/// `prometheus:correct horse` in base64.
pub(super) const CREDENTIALS: &str = "cHJvbWV0aGV1czpjb3JyZWN0IGhvcnNl";

/// Makes a certificate: `ec:CURVE`, `rsa:BITS` or `ed25519:`.
pub(super) fn certificate(algorithm: &str) -> Made {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = (directory.path().join("certificate"), directory.path().join("key"));
    let (kind, size) = algorithm.split_once(':').unwrap();
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=localhost"]);
    command.args(["-addext", "subjectAltName=DNS:localhost"]);
    command.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    match kind {
        "ec" => {
            let curve = format!("ec_paramgen_curve:{size}");
            command.args(["-newkey", "ec", "-pkeyopt", &curve]);
        }
        "rsa" => {
            command.args(["-newkey", algorithm]);
        }
        _ => {
            command.args(["-newkey", kind]);
        }
    }
    openssl(command.arg("-keyout").arg(&key).arg("-out").arg(&certificate));
    Made { certificate: fs::read(certificate).unwrap(), key: fs::read(key).unwrap() }
}

/// Runs it; its output is of interest only where it fails.
pub(super) fn openssl(command: &mut Command) {
    let output = command.output().expect("openssl runs: `cargo xtask setup --test` installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
