//! The terminal UI in a terminal: tmux draws it and takes the keys.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::apiwatch::{Daemon, program};
use crate::{PATIENCE, output_of, wait_for};

/// A command in a terminal of its own, until it goes out of scope.
pub struct Screen {
    directory: TempDir,
}

impl Screen {
    /// Starts `apiwatch top --standalone` in 200 columns and 50 lines.
    #[must_use]
    pub fn start(tier: &str) -> Self {
        let line = format!("exec {} top --standalone --tier {tier}", program().display());
        let screen = Self::run(&line, (200, 50));
        let _ = screen.wait_for("apiwatch");
        screen
    }

    /// Starts `apiwatch top` at a daemon, and waits until that has told all it knows:
    /// from then on what is new is shown.
    #[must_use]
    pub fn attach(daemon: &Daemon, size: (u16, u16)) -> Self {
        let screen = Self::run(&Self::attached(daemon.socket()), size);
        screen.wait_until_live();
        screen
    }

    /// Waits until a daemon has told all it knows.
    pub fn wait_until_live(&self) {
        let is_old = |shown: &str| shown.contains("daemon gone") || shown.contains(" loading ");
        let _ = self.wait_until("live data", |it| it.contains("tier a") && !is_old(it));
    }

    /// The command line of `apiwatch top` at a socket; what comes after it is its end.
    #[must_use]
    pub fn attached(socket: &Path) -> String {
        format!("exec {} top --utc --socket {}", program().display(), socket.display())
    }

    /// Starts a line of shell in a terminal of so many columns and lines. The terminal
    /// stays when the line has ended.
    #[must_use]
    pub fn run(line: &str, (width, height): (u16, u16)) -> Self {
        let screen = Self { directory: tempfile::tempdir().expect("a temporary directory") };
        let size = ["-x", &width.to_string(), "-y", &height.to_string()].map(str::to_owned);
        let mut command = screen.tmux();
        command.args(["new-session", "-d"]).args(size).arg(line);
        let _ = output_of(command.args([";", "set", "-g", "remain-on-exit", "on"]));
        screen
    }

    /// Types a key, as tmux names it, and waits until it shows; all that is shown then.
    #[must_use]
    pub fn press(&self, key: &str) -> String {
        let before = self.text();
        self.send(key);
        wait_for(key, PATIENCE, || Some(self.text()).filter(|shown| *shown != before))
    }

    /// Types keys, as tmux names them.
    pub fn send(&self, keys: &str) {
        let _ = output_of(self.tmux().arg("send-keys").args(keys.split_whitespace()));
    }

    /// Types a text.
    pub fn write(&self, text: &str) {
        let _ = output_of(self.tmux().args(["send-keys", "-l", text]));
    }

    /// Gives the terminal another size.
    pub fn resize(&self, (width, height): (u16, u16)) {
        let size = ["-x", &width.to_string(), "-y", &height.to_string()].map(str::to_owned);
        let _ = output_of(self.tmux().arg("resize-window").args(size));
    }

    /// What is shown.
    #[must_use]
    pub fn text(&self) -> String {
        output_of(self.tmux().args(["capture-pane", "-p"]))
    }

    /// What is shown, with the sequences that colour it.
    #[must_use]
    pub fn coloured_text(&self) -> String {
        output_of(self.tmux().args(["capture-pane", "-p", "-e"]))
    }

    /// What tmux knows of the terminal, in its language of formats.
    #[must_use]
    pub fn ask(&self, format: &str) -> String {
        output_of(self.tmux().args(["display-message", "-p", format])).trim_end().to_owned()
    }

    /// Waits until a text is shown; all that is.
    #[must_use]
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |shown| shown.contains(text))
    }

    /// Waits until what is shown is as it should be; all that is.
    pub fn wait_until(&self, what: &str, is_right: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_for(what, PATIENCE, || {
                last = self.text();
                is_right(&last).then(|| last.clone())
            })
        }));
        found.unwrap_or_else(|_| panic!("{what} did not come; shown was:\n{last}"))
    }

    fn tmux(&self) -> Command {
        let mut command = Command::new("tmux");
        command.env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR").env_remove("TMUX").arg("-S");
        command.arg(self.directory.path().join("tmux")).args(["-f", "/dev/null"]);
        command
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").output();
    }
}
