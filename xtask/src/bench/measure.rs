//! Everything that is measured, in its order; a table of contents of the benchmark.

use std::fs;

use anyhow::{Context, Result};

use super::calls::{self, Calls};
use super::load::{self, Load, Request};
use super::offline::{self, Speed};
use super::plan::Plan;
use super::report::{Goal, Report, Row};
use super::resident::{self, Memory};
use super::rounds::{self, Turn, figure};
use super::samples::Samples;
use super::site::Site;
use super::startup;
use super::steady::{self, Latency};
use super::tool::Tool;

/// Bytes of a megabyte.
const MEGABYTE: f64 = 1e6;

/// Measures; this process must be root.
pub(super) fn run(site: &Site, plan: &Plan) -> Result<Report> {
    let mut report = Report { notes: machine(), ..Report::default() };
    let before = Processors::now()?;
    if !plan.pipeline_only {
        saturation(site, plan, &mut report)?;
        fixed_rate(site, plan, &mut report)?;
        unobserved(site, plan, &mut report)?;
        memory(site, plan, &mut report)?;
        start(site, plan, &mut report)?;
    }
    pipeline(site, plan, &mut report)?;
    let stolen = Processors::now()?.stolen_percent_since(&before);
    report.notes.push(format!(
        "Load average at the end: {}; the hypervisor took {stolen:.1} % of the processor time. Where \
         other work shares the processors, only what stands in one row compares.",
        load_average()
    ));
    Ok(report)
}

fn saturation(site: &Site, plan: &Plan, report: &mut Report) -> Result<()> {
    say("throughput at saturation");
    let measure = || load::run(site, Request::Small, plan.seconds);
    let turns = rounds::run(site, plan.tools(), plan.rounds, measure)?;
    let rate = |load: &Load| load.per_second;
    let ratio = |turn: &Turn<Load>| Some(turn.with.per_second / turn.base(rate));
    let micros = |load: &Load| 1e6 / load.per_second;
    let added = |turn: &Turn<Load>| Some(turn.added(micros));
    let cpu = |turn: &Turn<Load>| Some(turn.cpu_seconds * 1e5 / turn.with.requests);
    let seen = |turn: &Turn<Load>| Some(turn.counts.seen? * 100.0 / turn.with.requests);
    report.rows.extend([
        row(plan, "throughput ratio at saturation", 2, &turns, ratio)
            .goal_of(Tool::TierA, Goal::AtLeast(0.86)),
        row(plan, "added µs a request at saturation", 2, &turns, added)
            .goal_of(Tool::TierA, Goal::AtMost(1.2))
            .goal_of(Tool::TierB, Goal::AtMost(2.0))
            .noise(rounds::noise(&turns, micros)),
        row(plan, "CPU-seconds for 100,000 requests at saturation", 3, &turns, cpu)
            .goal(Goal::AtMost(0.10)),
        row(plan, "requests seen at saturation, % of sent", 3, &turns, seen)
            .goal(Goal::AtLeast(100.0)),
        row(plan, "records (packets) lost at saturation", 0, &turns, |it| Some(it.counts.lost))
            .goal(Goal::AtMost(0.0)),
        row(plan, "peak memory in MiB", 1, &turns, |it| Some(it.peak_mib))
            .goal(Goal::AtMost(256.0)),
    ]);
    let base = Samples::new(turns.iter().flat_map(|turn| turn.base.iter().map(rate)));
    let base = base.show(0).unwrap_or_default();
    report.notes.push(format!(
        "Saturation: nginx, one process on CPU 1; wrk -t1 -c32 on CPU 0; 90 bytes of JSON; {} s a \
         turn; tools on any CPU. Without a tool: {base} requests a second. wrk does not count what \
         is in flight when it stops, so more than 100 % can be seen.",
        plan.seconds
    ));
    Ok(())
}

fn fixed_rate(site: &Site, plan: &Plan, report: &mut Report) -> Result<()> {
    say("latency at 10,000 requests a second");
    let measure = || steady::run(site, plan.seconds);
    let turns = rounds::run(site, plan.tools(), plan.fixed_rate_rounds, measure)?;
    let p50 = |turn: &Turn<Latency>| Some(turn.added(|it| it.p50));
    let p99 = |turn: &Turn<Latency>| Some(turn.added(|it| it.p99));
    let cpu = |turn: &Turn<Latency>| Some(turn.cpu_seconds * 1e5 / turn.with.requests);
    report.rows.extend([
        row(plan, "added p50 at 10,000 requests a second, µs", 1, &turns, p50)
            .goal(Goal::AtMost(10.0))
            .noise(rounds::noise(&turns, |it| it.p50)),
        row(plan, "added p99 at 10,000 requests a second, µs", 0, &turns, p99),
        row(plan, "CPU-seconds for 100,000 requests at 10,000 a second", 3, &turns, cpu)
            .goal(Goal::AtMost(0.10)),
    ]);
    let base = |value: fn(&Latency) -> f64| {
        let values = turns.iter().flat_map(|turn| turn.base.iter().map(value));
        Samples::new(values).show(0).unwrap_or_default()
    };
    report.notes.push(format!(
        "Fixed rate: 10 keep-alive connections, a thread each, latency from the scheduled time \
         (corrected for coordinated omission). Without a tool: p50 {} µs, p99 {} µs.",
        base(|it| it.p50),
        base(|it| it.p99)
    ));
    Ok(())
}

fn unobserved(site: &Site, plan: &Plan, report: &mut Report) -> Result<()> {
    say("system calls of a process without sockets");
    let turns = rounds::run(site, &Tool::TIERS, plan.rounds, calls::run)?;
    let added = |name, value: fn(&Calls) -> f64| {
        let cells =
            Tool::TIERS.map(|tool| (tool, figure(&turns, tool, |it| Some(it.added(value)))));
        // The goal is that of the peers' page; the others are of the issue.
        Row::new(name, 0, cells).goal(Goal::AtMost(120.0))
    };
    report.rows.extend([
        added("added ns to getppid, unobserved process", |it| it.getppid),
        added("added ns to read of 16 bytes of /dev/zero, unobserved process", |it| it.read),
    ]);
    Ok(())
}

fn memory(site: &Site, plan: &Plan, report: &mut Report) -> Result<()> {
    say("memory");
    let of = |tool| resident::run(site, tool, plan.connections).map(|memory| (tool, memory));
    let measured = [of(Tool::TierA)?, of(Tool::TierB)?];
    let row = |name, decimals, value: fn(&Memory) -> Option<f64>| {
        let cells = measured.iter().map(|(tool, memory)| (*tool, Samples::new(value(memory))));
        Row::new(name, decimals, cells)
    };
    report.rows.extend([
        row("resident memory when idle, MiB", 1, |it| Some(it.idle_mib)).goal(Goal::AtMost(30.0)),
        row("kernel memory of maps and programs at start, MiB", 1, |it| Some(it.maps_mib)),
        row("user memory for an idle connection, bytes", 0, |it| Some(it.user_bytes))
            .goal(Goal::AtMost(2048.0)),
        row("kernel memory for an end of an idle connection, bytes", 0, |it| Some(it.kernel_bytes))
            .goal(Goal::AtMost(256.0)),
    ]);
    report.notes.push(format!(
        "Memory for a connection: {} connections over loopback, one exchange each. User: growth of \
         RssAnon (the rings' pages are no part of it), with an allocator that returns what is \
         freed. Kernel: growth of SUnreclaim with apiwatch less that without, halved since both \
         ends are on this host; what else the host does meanwhile is in it.",
        plan.connections
    ));
    Ok(())
}

fn start(site: &Site, plan: &Plan, report: &mut Report) -> Result<()> {
    say("start-up");
    let of = |tool| startup::run(site, tool, plan.starts).map(|seconds| (tool, seconds));
    let cells = [of(Tool::TierA)?, of(Tool::TierB)?];
    report.rows.push(
        Row::new("seconds from start to the first exchange", 2, cells).goal(Goal::AtMost(0.5)),
    );
    Ok(())
}

fn pipeline(site: &Site, plan: &Plan, report: &mut Report) -> Result<()> {
    say("the pipeline alone");
    let bytes = fs::metadata(&site.apiwatch).context("the program is gone")?.len();
    let of = |request| offline::run(site, request, plan.recorded_seconds, plan.pipeline_runs);
    let (small, browser) = (of(Request::Small)?, of(Request::Browser)?);
    let http2 = of(Request::Http2)?;
    let hellos = offline::hellos(site)?;
    let row =
        |name, decimals, value| Row::new(name, decimals, [(Tool::TierA, Samples::new([value]))]);
    let goal = |row: Row, bound| row.goal_of(Tool::TierA, Goal::AtLeast(bound));
    let rate = |name, speed: Speed| row(name, 0, speed.exchanges_per_second);
    let volume = |name, speed: Speed| row(name, 0, speed.megabytes_per_second);
    report.rows.extend([
        row("stripped binary, MB (one for both tiers)", 1, bytes as f64 / MEGABYTE)
            .goal_of(Tool::TierA, Goal::AtMost(8.0)),
        goal(rate("pipeline alone, small messages, exchanges a second (both tiers)", small), 2e6),
        goal(volume("pipeline alone, small messages, MB a second (both tiers)", small), 400.0),
        rate("pipeline alone, browser-size messages, exchanges a second (both tiers)", browser),
        goal(
            volume("pipeline alone, browser-size messages, MB a second (both tiers)", browser),
            1e3,
        ),
        goal(rate("pipeline alone, HTTP/2, exchanges a second (both tiers)", http2), 2e5),
        goal(row("TLS hellos of both sides, handshakes a second (both tiers)", 0, hellos), 5e5),
    ]);
    report.notes.push(format!(
        "Pipeline alone: {:.0} exchanges with small messages, {:.0} with heads of 700 bytes and \
         bodies of 2 KB, recorded here, decoded into memory before; median of {} runs, each with \
         a new pipeline, in processor time of one core.",
        small.exchanges, browser.exchanges, plan.pipeline_runs
    ));
    Ok(())
}

fn row<T>(
    plan: &Plan,
    name: &'static str,
    decimals: usize,
    turns: &[Turn<T>],
    value: impl Fn(&Turn<T>) -> Option<f64>,
) -> Row {
    let cells = plan.tools().iter().map(|&tool| (tool, figure(turns, tool, &value)));
    Row::new(name, decimals, cells)
}

fn machine() -> Vec<String> {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cpus = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = load_average();
    vec![format!("Linux {}, {cpus} CPUs; load average at the start: {load}.", kernel.trim())]
}

/// Time of all processors, in ticks (`proc_stat(5)`).
struct Processors {
    total: f64,
    stolen: f64,
}

impl Processors {
    fn now() -> Result<Self> {
        let text = fs::read_to_string("/proc/stat")?;
        let line = text.lines().next().unwrap_or_default();
        // User, nice, system, idle, iowait, irq, softirq, steal; guests are part of user.
        let ticks: Vec<f64> = line
            .split_ascii_whitespace()
            .skip(1)
            .take(8)
            .filter_map(|it| it.parse().ok())
            .collect();
        Ok(Self { total: ticks.iter().sum(), stolen: ticks.get(7).copied().unwrap_or(0.0) })
    }

    fn stolen_percent_since(&self, before: &Self) -> f64 {
        100.0 * (self.stolen - before.stolen) / (self.total - before.total).max(1.0)
    }
}

fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(1).collect()
}

fn say(what: &str) {
    eprintln!("bench: {what}");
}
