use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use apiwatch_tests::apiwatch::program;
use apiwatch_tests::output_of;
use apiwatch_tests::server::Nginx;

use super::TIERS;

#[test]
fn a_replay_prints_what_the_recording_printed() {
    for tier in TIERS {
        let nginx = Nginx::start();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let trace = directory.path().join("live.trace");
        let mut recording = Command::new(program())
            .args(["record", "--tier", tier, "--for", "4s", "--out"])
            .arg(&trace)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("apiwatch runs");
        let mut errors = BufReader::new(recording.stderr.take().expect("a pipe")).lines();
        let line = errors.next().expect("a line").expect("read");
        assert!(line.contains("Recording"), "{line}");
        for run in 0..20 {
            let _ = output_of(
                Command::new("curl")
                    .args(["-s", "-d", "x=y"])
                    .arg(nginx.url(&format!("/{run}?a=b"))),
            );
        }
        let recorded = recording.wait_with_output().expect("it ends by itself");
        assert!(recorded.status.success());
        let recorded = String::from_utf8(recorded.stdout).expect("UTF-8");
        assert!(recorded.matches("\"type\":\"exchange\"").count() >= 15, "{recorded}");
        let replayed = output_of(Command::new(program()).arg("replay").arg(&trace));
        assert_eq!(recorded, replayed, "tier {tier}");

        let unprivileged = Command::new("setpriv")
            .args(["--bounding-set=-all", "--inh-caps=-all"])
            .arg(program())
            .arg("replay")
            .arg(&trace)
            .output()
            .expect("setpriv runs");
        assert_eq!(String::from_utf8_lossy(&unprivileged.stdout), recorded, "without privileges");

        let mut damaged = std::fs::read(&trace).expect("the trace");
        let half = damaged.len() / 2;
        damaged.truncate(half);
        let cut = directory.path().join("cut.trace");
        std::fs::write(&cut, damaged).expect("written");
        let output = Command::new(program()).arg("replay").arg(&cut).output().expect("runs");
        assert_eq!(output.status.code(), Some(1));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains("cut.trace") && !errors.contains("panicked"), "{errors}");
    }
}
