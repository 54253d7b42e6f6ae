//! The terminal UI in a terminal: tmux draws it and takes the keys.

use std::process::Command;

use tempfile::TempDir;

use crate::apiwatch::program;
use crate::{PATIENCE, output_of, wait_for};

/// apiwatch in a terminal of its own, until it goes out of scope.
pub struct Screen {
    socket: TempDir,
}

impl Screen {
    /// Starts `apiwatch top --standalone` in 200 columns and 50 lines.
    #[must_use]
    pub fn start(tier: &str) -> Self {
        let screen = Self { socket: tempfile::tempdir().expect("a temporary directory") };
        let line = format!("{} top --standalone --tier {tier}", program().display());
        let _ =
            output_of(screen.tmux().args(["new-session", "-d", "-x", "200", "-y", "50", &line]));
        let _ = screen.wait_for("apiwatch");
        screen
    }

    /// Types a key, as tmux names it, and waits until it shows; all that is shown then.
    #[must_use]
    pub fn press(&self, key: &str) -> String {
        let before = self.text();
        let _ = output_of(self.tmux().args(["send-keys", key]));
        wait_for(key, PATIENCE, || Some(self.text()).filter(|shown| *shown != before))
    }

    /// What is shown.
    #[must_use]
    pub fn text(&self) -> String {
        output_of(self.tmux().args(["capture-pane", "-p"]))
    }

    /// Waits until a text is shown; all that is.
    #[must_use]
    pub fn wait_for(&self, text: &str) -> String {
        wait_for(text, PATIENCE, || Some(self.text()).filter(|shown| shown.contains(text)))
    }

    fn tmux(&self) -> Command {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(self.socket.path().join("tmux")).args(["-f", "/dev/null"]);
        command
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").output();
    }
}
