//! tcpdump, and what apiwatch replays of its captures.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;

use crate::apiwatch::program;
use crate::netns::Netns;
use crate::peer::gather;
use crate::{PATIENCE, Running, wait_for};

/// A tcpdump that runs until it is stopped.
pub struct Tcpdump {
    process: Running,
    errors: Arc<Mutex<Vec<String>>>,
    directory: TempDir,
}

impl Tcpdump {
    /// Starts to capture what `filter` says on an interface.
    #[must_use]
    pub fn start(interface: &str, filter: &str) -> Self {
        Self::start_by(interface, filter, |command| command)
    }

    /// Starts to capture within a network namespace.
    #[must_use]
    pub fn start_within(netns: &Netns, interface: &str, filter: &str) -> Self {
        Self::start_by(interface, filter, |command| netns.within(&command))
    }

    fn start_by(interface: &str, filter: &str, place: impl Fn(Command) -> Command) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new("tcpdump");
        // Packet by packet, so that the file has what it has seen.
        command.args(["-U", "-B", "32768", "-Z", "root", "-i", interface]);
        command.arg("-w").arg(file_in(&directory)).arg(filter);
        let mut command = place(command);
        let mut process = Running::start(command.stdout(Stdio::null()).stderr(Stdio::piped()));
        let errors = gather(process.0.stderr.take().expect("a pipe"));
        let tcpdump = Self { process, errors, directory };
        tcpdump.wait_for_line("listening on");
        tcpdump
    }

    /// Stops once the file has these bytes, which were sent last.
    #[must_use]
    pub fn stop_after(mut self, last: &[u8]) -> Capture {
        let file = file_in(&self.directory);
        wait_for("the last packet", PATIENCE, || {
            let bytes = std::fs::read(&file).expect("the capture");
            bytes.windows(last.len()).any(|it| it == last).then_some(())
        });
        let pid = self.process.0.id().to_string();
        let status = Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
        assert!(status.success(), "kill -INT {pid}");
        self.wait_for_line("0 packets dropped by kernel");
        assert!(self.process.0.wait().expect("tcpdump ends").success());
        Capture { file, _directory: self.directory }
    }

    fn wait_for_line(&self, text: &str) {
        wait_for(&format!("`{text}` of tcpdump"), PATIENCE, || {
            let lines = self.errors.lock().expect("no panic while gathering");
            lines.iter().any(|line| line.contains(text)).then_some(())
        });
    }
}

fn file_in(directory: &TempDir) -> PathBuf {
    directory.path().join("capture.pcap")
}

/// A file of packets.
pub struct Capture {
    /// Where it is.
    pub file: PathBuf,
    _directory: TempDir,
}

impl Capture {
    /// What editcap makes of it: its options, and the packets that it leaves out.
    #[must_use]
    pub fn edit(&self, options: &[&str], without: &[&str]) -> PathBuf {
        let edited = self.file.with_file_name("edited");
        let mut editcap = Command::new("editcap");
        editcap.args(options).arg(&self.file).arg(&edited).args(without);
        let output = editcap.output().expect("editcap runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        edited
    }

    /// Its first bytes, but for the last few, in a file of this name.
    #[must_use]
    pub fn cut(&self, name: &str, bytes: usize) -> PathBuf {
        let cut = self.file.with_file_name(name);
        let mut content = std::fs::read(&self.file).expect("the capture");
        content.truncate(content.len() - bytes);
        std::fs::write(&cut, content).expect("a file");
        cut
    }
}

/// Replays a file.
#[must_use]
pub fn replay(file: &Path) -> Output {
    Command::new(program()).arg("replay").arg(file).output().expect("apiwatch runs")
}

/// The records that were printed.
#[must_use]
pub fn records_of(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
