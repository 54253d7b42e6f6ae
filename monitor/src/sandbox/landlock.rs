use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::{Landlock, Paths};

/// What is asked for; older kernels enforce what they know of it.
const WANTED: ABI = ABI::V6;

/// Holds this thread, and those that it starts, to the paths. Nothing can be executed, and
/// no TCP port bound or connected to: those that listen already go on to.
pub(super) fn restrict(paths: &Paths) -> Result<Landlock, RulesetError> {
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(WANTED))?
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?
        .add_rules(path_beneath_rules(&paths.read, reading()))?
        .add_rules(path_beneath_rules(&paths.write, writing()))?
        .restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Landlock::Full,
        RulesetStatus::PartiallyEnforced => Landlock::Partial,
        RulesetStatus::NotEnforced => Landlock::Nothing,
    })
}

fn reading() -> BitFlags<AccessFs> {
    AccessFs::ReadFile | AccessFs::ReadDir
}

/// Files are made, written, replaced as a whole and removed; so are sockets.
fn writing() -> BitFlags<AccessFs> {
    reading()
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeSock
        | AccessFs::RemoveFile
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::ErrorKind;
    use std::net::TcpListener;
    use std::process::Command;
    use std::thread;

    use super::*;

    type Attempt = fn(&std::path::Path) -> std::io::Result<()>;

    /// What is asked for, tried under Landlock in a thread of its own.
    fn tried(paths: Paths, attempt: impl FnOnce() -> std::io::Result<()> + Send + 'static) -> bool {
        let outcome = thread::spawn(move || {
            rustix::thread::set_no_new_privs(true).unwrap();
            assert_ne!(restrict(&paths).unwrap(), Landlock::Nothing);
            attempt()
        });
        match outcome.join().unwrap() {
            Ok(()) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
                false
            }
        }
    }

    /// Whether the kernel that runs the tests has it.
    fn is_there() -> bool {
        thread::spawn(|| restrict(&Paths::default()).unwrap() != Landlock::Nothing).join().unwrap()
    }

    #[test]
    fn only_what_is_named_can_be_opened_and_nothing_executed() {
        if !is_there() {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for name in ["read", "write", "other"] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("file"), "x").unwrap();
        }
        let paths = Paths { read: vec![at("read")], write: vec![at("write"), at("missing")] };
        let cases: [(&str, Attempt, bool); 8] = [
            ("read/file", |path| File::open(path).map(drop), true),
            ("other/file", |path| File::open(path).map(drop), false),
            ("read/file", |path| File::options().write(true).open(path).map(drop), false),
            ("read/new", |path| File::create_new(path).map(drop), false),
            ("write/new", |path| File::create_new(path).map(drop), true),
            ("write/file", |path| fs::rename(path, path.with_extension("old")), true),
            ("other", |_| TcpListener::bind("127.0.0.1:0").map(drop), false),
            ("other", |_| Command::new("/bin/true").status().map(drop), false),
        ];
        for (name, attempt, is_let) in cases {
            let path = at(name);
            assert_eq!(tried(paths.clone(), move || attempt(&path)), is_let, "{name}");
        }
    }

    #[test]
    fn a_socket_that_listens_goes_on_to() {
        if !is_there() {
            return;
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let client = thread::spawn(move || std::net::TcpStream::connect(address).map(drop));
        assert!(tried(Paths::default(), move || listener.accept().map(drop)));
        client.join().unwrap().unwrap();
    }
}
