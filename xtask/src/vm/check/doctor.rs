//! What `apiwatch doctor` says of the kernel: every program loads, or is declined with the
//! reason.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::super::results::Results;

/// Judges it where the kernel has a tier; a word about it.
pub(super) fn judge(tier: &str, results: &Results) -> Result<String> {
    let report = results.object("doctor")?;
    let exit = results.exit("doctor")?;
    // 1: the daemon starts, and something lacks.
    ensure!(["0", "1"].contains(&exit), "it ended with {exit}: {report}");
    let checks = judge_lacks(&report)?;
    for tier in ["b", tier] {
        judge_tier(tier, checks)?;
    }
    let lacking = checks.iter().filter(|check| check["state"] != "ok").count();
    Ok(format!("{} checks of doctor, {lacking} lacking with the reason", checks.len()))
}

/// Each lack has its costs and its remedy; all checks.
pub(super) fn judge_lacks(report: &Value) -> Result<&[Value]> {
    let checks = report["checks"].as_array().context("it has no checks")?;
    for check in checks {
        let is_said =
            check["state"] == "ok" || check["costs"].is_string() && check["remedy"].is_string();
        ensure!(is_said && check["name"].is_string(), "it lacks a reason: {check}");
    }
    Ok(checks)
}

fn judge_tier(tier: &str, checks: &[Value]) -> Result<()> {
    let hooks: &[&str] = match tier {
        "a" => &["sock_send_length", "sock_recv_length"],
        _ => &["sys_exit"],
    };
    for hook in hooks.iter().chain(&["inet_sock_set_state", "tcp_destroy_sock"]) {
        let name = format!("tier {tier}: {hook}");
        let found = checks.iter().find(|check| check["name"] == *name);
        ensure!(
            found.is_some_and(|check| check["state"] == "ok"),
            "it does not say that {name} loads: {found:?}"
        );
    }
    Ok(())
}
