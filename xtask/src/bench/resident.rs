//! Memory: idle, and for each idle connection that is tracked.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::child::{Child, Cpu, command, kib_of};
use super::clock;
use super::site::{PATIENCE, Site};
use super::tool::{Tool, Watcher};

/// How long the daemon idles before it is looked at.
const IDLE: Duration = Duration::from_secs(1);
/// Ends of a connection over loopback.
const ENDS: f64 = 2.0;
const TRACKED: &str = "apiwatch_connections_tracked";
const REQUEST: &[u8] = b"GET /accounts/4711 HTTP/1.1\r\nHost: localhost\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/// Makes the allocator of glibc return what is freed: what the start left free would
/// otherwise take up tens of thousands of connections without any growth.
const RETURN_FREED: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "65536"), ("MALLOC_TRIM_THRESHOLD_", "65536")];

/// Memory of one tier.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Memory {
    /// Resident after a second of idling, in MiB; the pages of the rings that were touched
    /// are part of it.
    pub(super) idle_mib: f64,
    /// What maps and programs hold in the kernel from the start, in MiB; those with an open
    /// descriptor.
    pub(super) maps_mib: f64,
    /// Bytes of anonymous memory for each connection more.
    pub(super) user_bytes: f64,
    /// Bytes of unreclaimable slab for each connection end, more than without apiwatch.
    pub(super) kernel_bytes: f64,
}

/// Measures by opening so many connections, each of which makes one exchange, then idles.
pub(super) fn run(site: &Site, tool: Tool, connections: u32) -> Result<Memory> {
    let watcher = Watcher::start(tool, site)?;
    std::thread::sleep(IDLE);
    let idle_mib = watcher.process.memory_kib("VmRSS") as f64 / 1024.0;
    let maps_mib = kernel_bytes_of(watcher.process.pid()) / 1024.0 / 1024.0;
    watcher.finish()?;
    let (user_bytes, kernel_bytes) = of_connections(site, tool, connections)?;
    Ok(Memory { idle_mib, maps_mib, user_bytes, kernel_bytes })
}

/// Bytes of user and of kernel memory for each.
fn of_connections(site: &Site, tool: Tool, connections: u32) -> Result<(f64, f64)> {
    // The first time fills caches that stay.
    slab_growth(connections, || Ok(()))?;
    let before_it = slab_growth(connections, || Ok(()))?;
    let watcher = Watcher::start_apiwatch(tool, site, &RETURN_FREED)?;
    std::thread::sleep(IDLE);
    let tracked = watcher.scrape()?.sum(TRACKED);
    let before = watcher.process.memory_kib("RssAnon");
    let mut after = before;
    let with = slab_growth(connections, || {
        let wanted = tracked + 0.99 * f64::from(connections);
        let is_tracked = || watcher.scrape().is_ok_and(|scrape| scrape.sum(TRACKED) >= wanted);
        clock::wait_for(PATIENCE, || is_tracked().then_some(()))
            .context("apiwatch did not come to track the connections")?;
        watcher.process.settle();
        after = watcher.process.memory_kib("RssAnon");
        Ok(())
    })?;
    watcher.finish()?;
    let after_it = slab_growth(connections, || Ok(()))?;
    let without = f64::midpoint(before_it, after_it);
    let each = f64::from(connections);
    let user_bytes = (after as f64 - before as f64) * 1024.0 / each;
    Ok((user_bytes, (with - without) * 1024.0 / each / ENDS))
}

/// By how much, in KiB, unreclaimable slab grows when connections are opened.
fn slab_growth(connections: u32, meanwhile: impl FnOnce() -> Result<()>) -> Result<f64> {
    let before = slab_kib()?;
    let holders = hold(connections)?;
    meanwhile()?;
    let after = slab_kib()?;
    drop(holders);
    Ok(after - before)
}

fn slab_kib() -> Result<f64> {
    Ok(kib_of(&fs::read_to_string("/proc/meminfo")?, "SUnreclaim") as f64)
}

/// Processes that hold so many connections, since one may not open enough files.
fn hold(connections: u32) -> Result<Vec<Child>> {
    let each = u32::try_from(limit_of_files(Limit::Soft)?.saturating_sub(64) / 2)?;
    let mut left = connections;
    let mut holders = Vec::new();
    while left > 0 {
        let share = left.min(each.max(1));
        let mut holder = command(std::env::current_exe()?, Cpu::Any);
        holder.args(["bench", "--part", "holder", &share.to_string()]).stdout(Stdio::piped());
        let mut holder = Child::start(&mut holder)?;
        let mut line = String::new();
        BufReader::new(holder.take_stdout().context("a pipe")?).read_line(&mut line)?;
        ensure!(!line.is_empty(), "the connections could not be opened");
        holders.push(holder);
        left -= share;
    }
    Ok(holders)
}

/// Such a process; it says a line once it holds them, and then idles until it is ended.
pub(super) fn holder(connections: &str) -> Result<()> {
    let held = open(connections.parse().context("a number of connections")?)?;
    writeln!(std::io::stdout(), "{}", held.len())?;
    loop {
        std::thread::park();
    }
}

/// Both ends of so many connections, after one exchange on each.
fn open(connections: u32) -> Result<Vec<(TcpStream, TcpStream)>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let mut bytes = [0; 512];
    let mut held = Vec::with_capacity(connections as usize);
    for _ in 0..connections {
        let mut client = TcpStream::connect(address).context("opening many connections")?;
        let (mut server, _) = listener.accept().context("accepting many connections")?;
        client.write_all(REQUEST)?;
        let request = server.read(&mut bytes)?;
        server.write_all(RESPONSE)?;
        let response = client.read(&mut bytes)?;
        if (request, response) != (REQUEST.len(), RESPONSE.len()) {
            bail!("the loopback cut a message");
        }
        held.push((client, server));
    }
    Ok(held)
}

/// A limit, as it is in force, or as far as a process may raise it.
#[derive(Clone, Copy)]
pub(super) enum Limit {
    Soft,
    Hard,
}

/// Files that this process may hold open.
pub(super) fn limit_of_files(limit: Limit) -> Result<u64> {
    let text = fs::read_to_string("/proc/self/limits")?;
    limit_in(&text, limit).context("/proc/self/limits names no limit of open files")
}

fn limit_in(limits: &str, limit: Limit) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().nth(limit as usize)?.parse().ok()
}

/// Bytes that the maps and programs of a process hold in the kernel.
pub(crate) fn kernel_bytes_of(pid: u32) -> f64 {
    let files = fs::read_dir(format!("/proc/{pid}/fdinfo")).into_iter().flatten().flatten();
    let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
    texts.filter_map(|text| memlock_of(&text)).sum()
}

fn memlock_of(fdinfo: &str) -> Option<f64> {
    fdinfo.lines().find_map(|line| line.strip_prefix("memlock:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told_apart() {
        let limits = "Max processes  10  20  processes\nMax open files   1024   4096   files\n";
        assert_eq!(limit_in(limits, Limit::Soft), Some(1024));
        assert_eq!(limit_in(limits, Limit::Hard), Some(4096));
        assert_eq!(limit_in("", Limit::Hard), None);
        assert!(limit_of_files(Limit::Hard).unwrap() > 0);
    }

    #[test]
    fn only_files_of_bpf_have_kernel_memory() {
        assert_eq!(memlock_of("pos:\t0\nmap_type:\t27\nmemlock:\t8392704\n"), Some(8_392_704.0));
        assert_eq!(memlock_of("pos:\t0\nflags:\t02\n"), None);
    }

    #[test]
    fn connections_are_opened_and_used() {
        assert_eq!(open(3).unwrap().len(), 3);
    }
}
