//! The daemon that is watched, and what it holds at a time.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::bench::child::{Child, Cpu, command};
use crate::bench::clock;
use crate::bench::metrics::Scrape;
use crate::bench::resident::kernel_bytes_of;
use crate::bench::site::{PATIENCE, free_address};
use crate::process;

/// Numbers of `enum bpf_map_type` (include/uapi/linux/bpf.h): hash and LRU hash, the types
/// whose entries come and go with connections and can be listed.
const HASHES: [u64; 2] = [1, 9];
/// Entries of a table that other programs on the host may account for.
pub(super) const SLACK: f64 = 100.0;
const MEBIBYTE: f64 = 1_048_576.0;
const EVENTS_LOST: &str = "apiwatch_events_lost_total";
/// What did not arrive beyond the stages of that metric.
const OTHER_LOSSES: [&str; 2] =
    ["apiwatch_ebpf_connections_untracked_total", "apiwatch_sink_dropped_total"];

/// A daemon with a state of its own.
pub(super) struct Watched {
    process: Child,
    metrics: SocketAddr,
    errors: PathBuf,
    status: u16,
}

/// What it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sample {
    /// Anonymous memory, which is all but its program and the rings.
    pub(super) memory_mib: f64,
    /// Memory of maps and programs in the kernel.
    pub(super) kernel_mib: f64,
    /// Open descriptors.
    pub(super) files: f64,
    /// Threads.
    pub(super) threads: f64,
    /// Connections in its table.
    pub(super) tracked: f64,
    /// Entries of the kernel's tables.
    pub(super) entries: f64,
    /// What was lost so far.
    pub(super) lost: Lost,
    /// Exchanges of the load that were reported so far.
    pub(super) reported: f64,
}

/// What was lost on the way, by where.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Lost {
    /// Records of payload.
    pub(super) payload: f64,
    /// Records of connections and processes.
    pub(super) connections: f64,
    /// Connections without room in a table, and outputs that a sink dropped.
    pub(super) later: f64,
}

impl Lost {
    fn of(scrape: &Scrape) -> Self {
        let [payload, connections] = ["stage=\"data_ring\"", "stage=\"control_ring\""]
            .map(|stage| scrape.sum_only(EVENTS_LOST, stage));
        let others: f64 = OTHER_LOSSES.iter().map(|name| scrape.sum(name)).sum();
        let later = scrape.sum(EVENTS_LOST) - payload - connections + others;
        Self { payload, connections, later }
    }
}

impl Sample {
    /// Whether no more connections are known than in another.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        self.tracked <= other.tracked + SLACK && self.entries <= other.entries + SLACK
    }
}

impl Watched {
    /// Starts it; it watches when this returns. Exchanges with this status are those of the
    /// load.
    pub(super) fn start(
        apiwatch: &Path,
        tier: &str,
        status: u16,
        directory: &Path,
    ) -> Result<Self> {
        let metrics = free_address()?;
        let [config, state, socket, errors] =
            ["apiwatch.toml", "state", "socket", "errors"].map(|name| directory.join(name));
        let text = format!(
            "[metrics]\nlisten = \"{metrics}\"\n[state]\ndirectory = \"{}\"\n[control]\nsocket = \"{}\"\n",
            state.display(),
            socket.display()
        );
        fs::write(&config, text).context("writing the configuration of apiwatch")?;
        let mut daemon = command(apiwatch, Cpu::Any);
        daemon.args(["daemon", "--tier", tier, "--config"]).arg(config);
        daemon.stdout(Stdio::null()).stderr(File::create(&errors)?);
        let mut process = Child::start(&mut daemon)?;
        let is_ready = || (process.has_ended() || Scrape::of(metrics).is_some()).then_some(());
        let waited = clock::wait_for(PATIENCE, is_ready);
        let mut watched = Self { process, metrics, errors, status };
        ensure!(waited.is_some() && !watched.process.has_ended(), "{}", watched.complaint());
        Ok(watched)
    }

    /// What it holds now.
    pub(super) fn look(&mut self) -> Result<Sample> {
        ensure!(!self.process.has_ended(), "apiwatch ended: {}", self.complaint());
        let scrape = Scrape::of(self.metrics).context("/metrics does not answer")?;
        let pid = self.process.pid();
        Ok(Sample {
            memory_mib: self.process.memory_kib("RssAnon") as f64 / 1024.0,
            kernel_mib: kernel_bytes_of(pid) / MEBIBYTE,
            files: count_of(pid, "fd")?,
            threads: count_of(pid, "task")?,
            tracked: scrape.sum("apiwatch_connections_tracked"),
            entries: entries_of(pid)?,
            lost: Lost::of(&scrape),
            reported: scrape.sum_only(
                "apiwatch_http_requests_total",
                &format!("http_response_status_code=\"{}\"", self.status),
            ),
        })
    }

    /// Ends it in order.
    pub(super) fn stop(self) -> Result<()> {
        self.process.stop()
    }

    fn complaint(&self) -> String {
        let said = fs::read_to_string(&self.errors).unwrap_or_default();
        format!("apiwatch does not watch: {}", said.trim())
    }
}

/// How many there are in a folder of a process.
fn count_of(pid: u32, folder: &str) -> Result<f64> {
    Ok(fs::read_dir(format!("/proc/{pid}/{folder}"))?.count() as f64)
}

/// Entries of all tables that a process has in the kernel.
fn entries_of(pid: u32) -> Result<f64> {
    let files = fs::read_dir(format!("/proc/{pid}/fdinfo"))?.flatten();
    let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
    texts.filter_map(|text| table_in(&text)).map(entries_in).sum()
}

/// Id of the map that a descriptor is of, where that is a table.
fn table_in(fdinfo: &str) -> Option<u64> {
    let number = |field: &str| {
        let line = fdinfo.lines().find_map(|line| line.strip_prefix(field))?;
        line.trim().parse::<u64>().ok()
    };
    HASHES.contains(&number("map_type:")?).then(|| number("map_id:"))?
}

fn entries_in(map: u64) -> Result<f64> {
    let program = process::find_program("bpftool").context("bpftool is missing")?;
    let mut dump = Command::new(program);
    let text = process::output(dump.args(["--json", "map", "dump", "id", &map.to_string()]))?;
    let entries: Value = serde_json::from_str(&text).context("reading what bpftool listed")?;
    Ok(entries.as_array().context("bpftool lists no entries")?.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tables_are_listed() {
        for (fdinfo, table) in [
            ("pos:\t0\nmap_type:\t9\nkey_size:\t40\nmap_id:\t1517\n", Some(1517)),
            ("map_type:\t1\nmap_id:\t7\n", Some(7)),
            ("map_type:\t27\nmap_id:\t8\n", None),
            ("prog_type:\t26\nprog_id:\t9\n", None),
            ("", None),
        ] {
            assert_eq!(table_in(fdinfo), table, "{fdinfo}");
        }
    }

    #[test]
    fn other_programs_may_have_connections_too() {
        let before = Sample { tracked: 10.0, entries: 5.0, ..Sample::default() };
        let after = |tracked, entries| Sample { tracked, entries, ..before };
        assert!(after(110.0, 105.0).is_as(&before));
        assert!(!after(111.0, 105.0).is_as(&before));
        assert!(!after(110.0, 106.0).is_as(&before));
    }
}
