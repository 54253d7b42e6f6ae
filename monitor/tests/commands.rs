//! The commands as a person at a shell has them: how they end, and what they say.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A user without privileges and without files.
const NOBODY: u32 = 65534;
/// What programs see of the kernel before they may ask it.
const TYPES: &str = "/sys/kernel/btf/vmlinux";
/// Where traces of each format are.
const TRACES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/trace");

/// Who types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum User {
    /// Who runs the tests.
    Own,
    /// One without privileges.
    Nobody,
}

/// A directory with what the cases name, and the program.
struct Bench {
    directory: TempDir,
    program: PathBuf,
    /// Holds its port.
    _taken: TcpListener,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = |name: &str| directory.path().join(name);
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).expect("permissions");
        // Who has no privileges may not be let into the place where it was built.
        let program = path("apiwatch");
        // By another process: a child of another thread would inherit what writes here, and
        // a program that is open for writing does not run.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_apiwatch")).arg(&program).status();
        assert!(copied.expect("cp runs").success(), "a copy of the program");
        fs::create_dir(path("open")).expect("a directory");
        fs::set_permissions(path("open"), Permissions::from_mode(0o777)).expect("permissions");
        let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = taken.local_addr().expect("an address");
        let shown = |name: &str| path(name).display().to_string();
        for (name, bytes) in [
            ("trace", newest_trace()),
            ("secret", b"x".to_vec()),
            ("text", b"a text".to_vec()),
            ("empty", Vec::new()),
            ("gzip", vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0]),
            ("taken.toml", format!("[metrics]\nlisten = \"{address}\"\n").into_bytes()),
            ("free.toml", b"[metrics]\nlisten = \"127.0.0.1:0\"\n".to_vec()),
            ("wide.toml", b"[metrics]\nlisten = \"0.0.0.0:0\"\n".to_vec()),
            ("users.toml", format!("[metrics]\nusers = \"{}\"\n", shown("text")).into_bytes()),
            (
                "tls.toml",
                format!("[metrics]\ntls_certificate = \"{0}\"\ntls_key = \"{0}\"\n", shown("text"))
                    .into_bytes(),
            ),
            ("bad.toml", b"\n[metrics]\nlisten = 1\n".to_vec()),
        ] {
            fs::write(path(name), bytes).expect("a file");
        }
        fs::set_permissions(path("secret"), Permissions::from_mode(0o000)).expect("permissions");
        Self { directory, program, _taken: taken }
    }

    /// A command; `@` in the line is the directory.
    fn command(&self, user: User, line: &str) -> Command {
        let mut command = Command::new(&self.program);
        let directory = self.directory.path().to_str().expect("a path in UTF-8");
        command.args(line.split(' ').map(|word| word.replace('@', directory)));
        command.current_dir(self.directory.path()).stdin(Stdio::null());
        if user == User::Nobody && is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    fn output(&self, user: User, line: &str) -> Output {
        self.command(user, line).output().unwrap_or_else(|error| panic!("{line}: {error}"))
    }
}

/// The trace of the newest format.
fn newest_trace() -> Vec<u8> {
    let entries = fs::read_dir(TRACES).expect("the traces of the tests");
    let newest = entries.map(|entry| entry.expect("an entry").path()).max();
    fs::read(newest.expect("a trace")).expect("a trace")
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

#[test]
fn common_mistakes_end_with_their_code_and_say_what_to_do() {
    use User::{Nobody, Own};
    let privilege = if Path::new(TYPES).exists() { 77 } else { 69 };
    let bench = Bench::new();
    let cases: &[(User, &str, i32, &[&str])] = &[
        (Own, "replay @/missing", 1, &["cannot open", "/missing", "No such file"]),
        (Own, "replay @/open", 1, &["cannot read", "/open", "it is a directory"]),
        (Nobody, "replay @/secret", 1, &["cannot open", "/secret", "Permission denied", "sudo"]),
        (Own, "replay @/text", 1, &["/text", "neither a trace of apiwatch nor a pcap"]),
        (Own, "replay @/empty", 1, &["/empty", "neither a trace"]),
        (Own, "replay @/gzip", 1, &["/gzip", "gzip: unpack it first"]),
        (Own, "replay @/\u{1b}[2J\u{9b}", 1, &["cannot open", "\\u{1b}[2J\\u{9b}"]),
        (Own, "replay @/trace -o @/open", 1, &["cannot write to", "/open", "directory"]),
        (Own, "replay @/trace -o @/trace", 1, &["/trace", "it is the file to read"]),
        (Own, "replay @/trace -o @/none/x", 1, &["cannot write to", "/none/x", "No such file"]),
        (Own, "replay @/trace --print nothing", 2, &["--print", "possible values"]),
        (Own, "record -o @/trace", 1, &["cannot record to", "/trace", "choose another name"]),
        (Own, "record -o @/open", 1, &["cannot make the trace", "/open", "exists"]),
        (Own, "record -o @/none/x", 1, &["cannot make the trace", "/none/x", "No such file"]),
        (Nobody, "record -o @/open/x", privilege, &["CAP_BPF", "CAP_PERFMON", "sudo"]),
        (
            Own,
            "daemon --config @/taken.toml",
            1,
            &["127.0.0.1:", "metrics.listen", "listens there"],
        ),
        (Nobody, "daemon --config @/free.toml", privilege, &["CAP_BPF", "CAP_PERFMON", "sudo"]),
        (Own, "daemon --config @/missing", 78, &["/missing", "no such file"]),
        (Own, "daemon --config @/open", 78, &["/open", "is a directory"]),
        (Own, "daemon --config @/bad.toml", 78, &["bad.toml:3:10"]),
        (Own, "daemon --config @/wide.toml", 78, &["wide.toml:2:10", "tls_key", "insecure = true"]),
        (
            Own,
            "daemon --config @/users.toml",
            78,
            &["/text as metrics.users", "line 1", "htpasswd"],
        ),
        (Own, "daemon --config @/tls.toml", 78, &["/text as metrics.tls_certificate", "PEM"]),
        (Own, "top", 1, &["needs a terminal", "standard output is none", "replay"]),
        (Own, "top --tier a", 2, &["--standalone"]),
        (Own, "nonsense", 2, &["nonsense"]),
    ];
    for (user, line, code, words) in cases {
        let output = bench.output(*user, line);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(*code), "{line}: {errors}");
        // The header of a stream may stand alone.
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(printed.lines().all(|it| it.contains("\"header\"")), "{line}: {printed}");
        if *code == privilege && privilege == 69 {
            continue;
        }
        for word in *words {
            assert!(errors.contains(word), "{line}: {word} is not in: {errors}");
        }
        let is_control = |letter: char| letter.is_control() && letter != '\n';
        assert!(!errors.contains(is_control), "{line}: {errors:?}");
    }
    assert!(!bench.directory.path().join("open/x").exists(), "nothing is left of a failed record");
    let trace = fs::read(bench.directory.path().join("trace")).expect("the trace");
    assert_eq!(trace, newest_trace(), "what is read is not written to");
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let bench = Bench::new();
    for line in [
        "replay @/trace",
        "--help",
        "replay --help",
        "--version",
        "man",
        "completions bash",
        "check-config --print-effective",
        "doctor",
        "doctor --json",
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = bench.command(User::Nobody, line).stdout(writer).output().expect("it runs");
        // What lacks is told by the code of doctor as well.
        let is_right = output.status.success() || line.starts_with("doctor");
        assert!(is_right && output.status.code().is_some(), "{line}: {:?}", output.status);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line}");
    }
}

#[test]
fn a_full_disk_is_a_failure() {
    let bench = Bench::new();
    for line in ["replay @/trace", "man", "doctor", "check-config --print-effective"] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let output = bench.command(User::Own, line).stdout(full).output().expect("it runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {errors}");
        assert!(errors.contains("cannot write to") && errors.contains("No space"), "{errors}");
    }
}

#[test]
fn records_go_to_a_file_for_its_owner_only() {
    let bench = Bench::new();
    let printed = bench.output(User::Own, "replay @/trace");
    assert!(printed.status.success() && !printed.stdout.is_empty());
    let file = bench.directory.path().join("records");
    for attempt in ["made", "written over"] {
        let output = bench.output(User::Own, "replay @/trace -o @/records");
        assert!(output.status.success() && output.stdout.is_empty(), "{attempt}");
        assert_eq!(fs::read(&file).expect("records"), printed.stdout, "{attempt}");
        assert_eq!(fs::metadata(&file).expect("metadata").mode() & 0o777, 0o600, "{attempt}");
    }
    assert_eq!(bench.output(User::Own, "replay @/trace --out -").stdout, printed.stdout);
}

#[test]
fn doctor_says_what_it_cannot_look_at() {
    let bench = Bench::new();
    let output = bench.output(User::Nobody, "doctor --json");
    assert!(matches!(output.status.code(), Some(69 | 77)), "{:?}", output.status);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let checks = report["checks"].as_array().expect("checks");
    for check in checks {
        for member in ["name", "group", "state", "detail"] {
            assert!(check[member].as_str().is_some_and(|it| !it.is_empty()), "{check}");
        }
        for member in ["costs", "remedy"] {
            assert_eq!(check[member].is_null(), check["state"] == "ok", "{check}");
        }
    }
    let state_of = |name: &str| {
        checks.iter().find(|check| check["name"] == name).map(|it| it["state"].clone())
    };
    assert_eq!(state_of("CAP_BPF"), Some("missing".into()));
    let table = String::from_utf8(bench.output(User::Nobody, "doctor").stdout).expect("UTF-8");
    assert!(table.contains("\n  missing   CAP_BPF"), "{table}");
    assert!(table.lines().last().is_some_and(|it| it.starts_with("apiwatch cannot watch")));
}
