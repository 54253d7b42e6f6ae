//! What watches while something is measured.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::child::{Child, Cpu, command};
use super::clock;
use super::metrics::Scrape;
use super::site::{PATIENCE, Site, free_address};
use crate::process;

/// apiwatch by its tiers, and its peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tool {
    /// apiwatch, tier a.
    TierA,
    /// apiwatch, tier b.
    TierB,
    /// tcpdump, which only copies packets.
    Tcpdump,
    /// tshark, which parses HTTP.
    Tshark,
}

impl Tool {
    /// apiwatch.
    pub(super) const TIERS: [Self; 2] = [Self::TierA, Self::TierB];
    /// apiwatch and its peers.
    pub(super) const ALL: [Self; 4] = [Self::TierA, Self::TierB, Self::Tcpdump, Self::Tshark];

    /// Its heading in the table.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::TierA => "apiwatch, tier a",
            Self::TierB => "apiwatch, tier b",
            Self::Tcpdump => "tcpdump",
            Self::Tshark => "tshark",
        }
    }

    /// The argument of `--tier`, of apiwatch.
    pub(super) const fn tier(self) -> Option<&'static str> {
        match self {
            Self::TierA => Some("a"),
            Self::TierB => Some("b"),
            Self::Tcpdump | Self::Tshark => None,
        }
    }
}

/// Requests seen and records lost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    /// Requests; none of a tool that knows only packets.
    pub(super) seen: Option<f64>,
    /// Records or packets.
    pub(super) lost: f64,
}

/// A tool that watches.
pub(super) struct Watcher {
    /// Its process.
    pub(super) process: Child,
    source: Source,
}

/// Where a tool's counts are.
enum Source {
    Metrics { address: SocketAddr, client: String, before: Counts },
    Files { packets: PathBuf, requests: Option<PathBuf> },
}

impl Watcher {
    /// Starts it; it watches when this returns.
    pub(super) fn start(tool: Tool, site: &Site) -> Result<Self> {
        match tool {
            Tool::TierA | Tool::TierB => Self::start_apiwatch(tool, site, &[]),
            Tool::Tcpdump => Self::start_peer(site, tcpdump(site)?, None, "listening on"),
            Tool::Tshark => {
                let requests = Some(site.file("tshark.out"));
                Self::start_peer(site, tshark(site)?, requests, "Capturing on")
            }
        }
    }

    /// Starts apiwatch with an environment.
    pub(super) fn start_apiwatch(
        tool: Tool,
        site: &Site,
        environment: &[(&str, &str)],
    ) -> Result<Self> {
        let (mut daemon, address) = apiwatch(tool, site)?;
        daemon.envs(environment.iter().copied());
        let mut process = Child::start(daemon.stdout(Stdio::null()))?;
        let scrape =
            || process.has_ended().then_some(None).or_else(|| Scrape::of(address).map(Some));
        clock::wait_for(PATIENCE, scrape).flatten().with_context(|| complaint(site))?;
        let client = format!("client=\"{}\"", site.wrk.display());
        let mut source = Source::Metrics { address, client, before: Counts::default() };
        let counts = source.counts()?;
        if let Source::Metrics { before, .. } = &mut source {
            *before = counts;
        }
        Ok(Self { process, source })
    }

    fn start_peer(
        site: &Site,
        mut tool: Command,
        requests: Option<PathBuf>,
        ready: &str,
    ) -> Result<Self> {
        let packets = site.file("tool.err");
        tool.stderr(File::create(&packets)?);
        match &requests {
            Some(file) => tool.stdout(File::create(file)?),
            None => tool.stdout(Stdio::null()),
        };
        let process = Child::start(&mut tool)?;
        let is_ready = || fs::read_to_string(&packets).is_ok_and(|it| it.contains(ready));
        clock::wait_for(PATIENCE, || is_ready().then_some(())).with_context(|| complaint(site))?;
        Ok(Self { process, source: Source::Files { packets, requests } })
    }

    /// What /metrics says, of apiwatch.
    pub(super) fn scrape(&self) -> Result<Scrape> {
        match &self.source {
            Source::Metrics { address, .. } => {
                Scrape::of(*address).context("/metrics does not answer")
            }
            Source::Files { .. } => bail!("this tool has no metrics"),
        }
    }

    /// Ends it; what it counted since its start.
    pub(super) fn finish(self) -> Result<Counts> {
        // apiwatch tells while it runs, its peers when they end.
        let counts = match &self.source {
            Source::Metrics { before, .. } => {
                let after = self.source.counts()?;
                let seen = after.seen.zip(before.seen).map(|(after, before)| after - before);
                Some(Counts { seen, lost: after.lost - before.lost })
            }
            Source::Files { .. } => None,
        };
        self.process.stop()?;
        counts.map_or_else(|| self.source.counts(), Ok)
    }
}

impl Source {
    fn counts(&self) -> Result<Counts> {
        match self {
            Self::Metrics { address, client, .. } => {
                let scrape = Scrape::of(*address).context("/metrics does not answer")?;
                Ok(Counts {
                    seen: Some(scrape.sum_with("apiwatch_http_requests_total", client)),
                    lost: scrape.sum("apiwatch_ebpf_events_lost_total"),
                })
            }
            Self::Files { packets, requests } => {
                let lost = dropped(&fs::read_to_string(packets)?);
                let lines = |file| Ok::<_, std::io::Error>(requests_of(&fs::read_to_string(file)?));
                let seen = requests.as_ref().map(lines).transpose()?;
                Ok(Counts { seen: seen.map(|it| it as f64), lost: lost as f64 })
            }
        }
    }
}

/// The daemon with a state of its own, and the address of its metrics.
pub(super) fn apiwatch(tool: Tool, site: &Site) -> Result<(Command, SocketAddr)> {
    let address = free_address()?;
    let (config, state) = (site.file("apiwatch.toml"), site.file("state"));
    let _ = fs::remove_dir_all(&state);
    let text = format!(
        "[metrics]\nlisten = \"{address}\"\n[state]\ndirectory = \"{}\"\n[control]\nsocket = \"off\"\n",
        state.display()
    );
    fs::write(&config, text).context("writing the configuration of apiwatch")?;
    let mut daemon = command(&site.apiwatch, Cpu::Any);
    daemon.args(["daemon", "--tier", tool.tier().context("not apiwatch")?, "--config"]);
    daemon.arg(config).stderr(File::create(site.file("tool.err"))?);
    Ok((daemon, address))
}

fn tcpdump(site: &Site) -> Result<Command> {
    let program = process::find_program("tcpdump").context("tcpdump is missing")?;
    let mut tcpdump = command(program, Cpu::Any);
    tcpdump.args(["-i", "lo", "-w", "/dev/null", &filter(site)]);
    Ok(tcpdump)
}

fn tshark(site: &Site) -> Result<Command> {
    let program = process::find_program("tshark").context("tshark is missing")?;
    let mut tshark = command(program, Cpu::Any);
    tshark.args(["-l", "-i", "lo", "-B", "64", "-f", &filter(site)]);
    tshark.args(["-d", &format!("tcp.port=={},http", site.server.port()), "-Y", "http"]);
    tshark.args(["-T", "fields", "-e", "http.request.uri", "-e", "http.response.code"]);
    Ok(tshark)
}

fn filter(site: &Site) -> String {
    format!("tcp port {}", site.server.port())
}

/// What a tool that is not ready has said.
fn complaint(site: &Site) -> String {
    let said = fs::read_to_string(site.file("tool.err")).unwrap_or_default();
    format!("it did not start to watch: {}", said.trim())
}

/// Packets that tcpdump or tshark says were dropped; nothing said is none.
fn dropped(text: &str) -> u64 {
    let number = |line: &str| {
        let (count, rest) = line.trim().split_once(' ')?;
        rest.contains("dropped").then(|| count.parse::<u64>().ok())?
    };
    text.lines().filter_map(number).sum()
}

/// Lines of tshark with a request in the first column.
fn requests_of(text: &str) -> usize {
    text.lines().filter(|line| line.starts_with(['/', 'h'])).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_peers_dropped_is_summed() {
        let tcpdump = "tcpdump: listening on lo\n12 packets captured\n24 packets received by filter\n\
                       3 packets dropped by kernel\n";
        assert_eq!(dropped(tcpdump), 3);
        assert_eq!(dropped("Capturing on 'Loopback: lo'\n7 packets dropped from lo\n"), 7);
        assert_eq!(dropped("100 packets captured\n"), 0);
    }

    #[test]
    fn requests_are_told_from_responses() {
        assert_eq!(requests_of("/\t\n\t200\n/page\t\n\t200\n"), 2);
    }
}
