//! Keys, certificates and who signs them.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::NAME;
use crate::output_of;

/// Without one of its own, openssl makes every certificate an authority. `ca` is the
/// only command that takes both ends of a life, and it wants a register.
const CONFIG: &str = "[req]\n\
    distinguished_name = name\n\
    [name]\n\
    [ca]\n\
    default_ca = dated\n\
    [dated]\n\
    database = register\n\
    new_certs_dir = .\n\
    rand_serial = yes\n\
    unique_subject = no\n\
    default_md = sha256\n\
    policy = any\n\
    [any]\n\
    commonName = supplied\n";

/// A certificate authority, with what it signed.
pub struct Authority {
    directory: TempDir,
}

impl Authority {
    /// A new one that signed nothing.
    #[must_use]
    pub fn new() -> Self {
        let authority = Self { directory: tempfile::tempdir().expect("a temporary directory") };
        authority.write("config", CONFIG);
        authority.write("register", "");
        let name = "/O=apiwatch tests/CN=Test authority";
        authority.make("authority", "ec:P-256", name, &["-addext", "basicConstraints=CA:TRUE"]);
        authority
    }

    /// Signs a certificate of the common name for all names that the tests ask for. The key
    /// is `rsa:BITS`, `ec:CURVE` or `ed25519`.
    pub fn sign(&self, file: &str, key: &str, name: &str, more: &[&str]) {
        let names = format!("subjectAltName=DNS:{NAME},DNS:*.{NAME},IP:127.0.0.1");
        let mut arguments = vec!["-CA", "authority.pem", "-CAkey", "authority.key"];
        arguments.extend(["-addext", &names]);
        arguments.extend(more);
        self.make(file, key, &format!("/CN={name}"), &arguments);
    }

    /// Makes a certificate that signs itself.
    pub fn make(&self, file: &str, key: &str, subject: &str, more: &[&str]) {
        let mut request = self.request(file, key, subject);
        request.args(["-x509", "-days", "400", "-out", &format!("{file}.pem")]);
        let _ = output_of(request.args(more));
    }

    /// Signs a certificate that began long ago, with more arguments that say when it ends.
    pub fn sign_old(&self, file: &str, name: &str, end: &[&str]) {
        let asked = format!("{file}.csr");
        let mut request = self.request(file, "ec:P-256", &format!("/CN={name}"));
        let _ = output_of(request.args(["-new", "-out", &asked]));
        let mut sign = self.openssl(&["ca", "-config", "config", "-batch", "-notext"]);
        sign.args(["-cert", "authority.pem", "-keyfile", "authority.key", "-in", &asked]);
        sign.args(["-startdate", "20200101000000Z", "-out", &format!("{file}.pem")]);
        let _ = output_of(sign.args(end));
    }

    /// Writes a prime that is short.
    pub fn write_short_prime(&self, file: &str) {
        let mut make = self.openssl(&["genpkey", "-genparam", "-algorithm", "DH"]);
        let _ = output_of(make.args(["-pkeyopt", "group:modp_1536", "-out", file]));
    }

    /// The path of a file.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    /// What `openssl x509` says of a certificate, given what it is asked for.
    #[must_use]
    pub fn facts(&self, file: &str, asked: &[&str]) -> String {
        let file = format!("{file}.pem");
        output_of(self.openssl(&["x509", "-noout", "-in", &file]).args(asked))
    }

    fn request(&self, file: &str, key: &str, subject: &str) -> Command {
        let mut command = self.openssl(&["req", "-config", "config", "-nodes"]);
        match key.split_once(':') {
            Some(("ec", curve)) => command
                .args(["-newkey", "ec", "-pkeyopt"])
                .arg(format!("ec_paramgen_curve:{curve}")),
            _ => command.args(["-newkey", key]),
        };
        command.args(["-keyout", &format!("{file}.key"), "-subj", subject]);
        command
    }

    fn openssl(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(self.directory.path());
        command
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.path(file), text).expect("a file is written");
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
