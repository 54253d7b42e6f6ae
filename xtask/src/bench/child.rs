//! A child process that is measured, and that does not outlive the measurement.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use super::clock;

/// How long a child may take to end after it was asked to.
const ENDING: Duration = Duration::from_secs(10);
/// Longest wait for a child to become idle.
const SETTLING: Duration = Duration::from_secs(3);
/// Step of that wait, and the processor time in one step that still counts as idle.
const SETTLING_STEP: Duration = Duration::from_millis(100);
const IDLE_SECONDS: f64 = 0.003;

/// A processor to run on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cpu {
    /// That of the load.
    Load,
    /// That of the server.
    Server,
    /// Whichever the kernel picks.
    Any,
}

/// A program on a processor, that the kernel ends if this process ends first.
pub(crate) fn command(program: impl AsRef<Path>, cpu: Cpu) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    match cpu {
        Cpu::Load => command.args(["taskset", "-c", "0"]),
        Cpu::Server => command.args(["taskset", "-c", "1"]),
        Cpu::Any => &mut command,
    };
    command.arg(program.as_ref()).stdin(Stdio::null());
    command
}

/// A running child; ended when it goes out of scope.
pub(crate) struct Child(std::process::Child);

impl Child {
    /// Starts it.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("starting {command:?}"))?;
        Ok(Self(child))
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Its standard output, where that is a pipe; once.
    pub(crate) fn take_stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.0.stdout.take()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Processor time of its threads, and of its children's, so far.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        self.family().into_iter().map(cpu_seconds_of).sum()
    }

    /// A size in KiB of /proc/PID/status, its children's added.
    pub(crate) fn memory_kib(&self, field: &str) -> u64 {
        self.family().into_iter().map(|pid| status_kib(pid, field)).sum()
    }

    /// Waits until it has worked off what it was given.
    pub(crate) fn settle(&self) {
        let until = clock::now() + SETTLING;
        let mut before = self.cpu_seconds();
        while clock::now() < until {
            std::thread::sleep(SETTLING_STEP);
            let after = self.cpu_seconds();
            if after - before < IDLE_SECONDS {
                return;
            }
            before = after;
        }
    }

    /// Asks it to end, waits for that, and ends what is still busy then: tshark first
    /// works off all that it has captured. Not by SIGINT: what a shell starts in the
    /// background ignores that one, and so do its children.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = self.pid().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().context("starting kill")?;
        let _ended = clock::wait_for(ENDING, || self.has_ended().then_some(()));
        Ok(())
    }

    fn family(&self) -> Vec<u32> {
        let pid = self.pid();
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let children = tasks.flat_map(|task| {
            let text = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            text.split_ascii_whitespace().filter_map(|it| it.parse().ok()).collect::<Vec<_>>()
        });
        std::iter::once(pid).chain(children).collect()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sums schedstat, which counts nanoseconds where stat counts ticks of 10 ms.
fn cpu_seconds_of(pid: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanoseconds: u64 = tasks
        .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| text.split(' ').next()?.parse::<u64>().ok())
        .sum();
    nanoseconds as f64 / 1e9
}

fn status_kib(pid: u32, field: &str) -> u64 {
    kib_of(&fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default(), field)
}

/// A field of /proc/PID/status or /proc/meminfo; 0 where it is not there.
pub(crate) fn kib_of(text: &str, field: &str) -> u64 {
    let value = |line: &str| {
        let (name, value) = line.split_once(':')?;
        (name == field).then(|| value.trim().strip_suffix(" kB")?.trim().parse().ok())?
    };
    text.lines().find_map(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_found_by_its_whole_name() {
        let text = "VmHWM:\t    2048 kB\nVmRSS:\t  1024 kB\nThreads:\t3\n";
        assert_eq!(kib_of(text, "VmRSS"), 1024);
        assert_eq!(kib_of(text, "VmHWM"), 2048);
        assert_eq!(kib_of(text, "Vm"), 0);
        assert_eq!(kib_of(text, "Threads"), 0);
    }

    #[test]
    fn a_child_is_measured_and_ends_when_it_is_asked_to() {
        let child = Child::start(command("sleep", Cpu::Any).arg("60")).unwrap();
        let known = clock::wait_for(ENDING, || {
            (child.cpu_seconds() > 0.0 && child.memory_kib("VmRSS") > 0).then_some(())
        });
        assert!(known.is_some());
        child.stop().unwrap();
    }
}
