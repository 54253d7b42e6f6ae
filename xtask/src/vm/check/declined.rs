//! A kernel that cannot be watched: it is told, and nothing is left.

use anyhow::{Context, Result, ensure};

use super::super::results::Results;
use super::{doctor, leftovers, state};

/// How each command must have ended. A package that cannot start its service is installed.
const EXITS: [(&str, &str); 4] =
    [("install", "0"), ("start", "1"), ("doctor", "69"), ("purge", "0")];

/// Judges it; a word about it.
pub(super) fn judge(results: &Results) -> Result<String> {
    for (step, expected) in EXITS {
        let (exit, said) = (results.exit(step)?, results.section(step)?);
        ensure!(exit == expected, "{step} ended with {exit}, not {expected}, and said\n{said}");
    }
    state::judge_declined(results).context("the state of the service")?;
    let journal = results.section("journal")?;
    ensure!(journal.contains("cannot be watched"), "the journal does not say why:\n{journal}");
    let report = results.object("doctor")?;
    let checks = doctor::judge_lacks(&report).context("apiwatch doctor")?;
    let is_said = checks.iter().any(|check| check["name"] == "tier b" && check["state"] != "ok");
    ensure!(is_said, "apiwatch doctor does not say that tier b is missing: {report}");
    leftovers::judge_kernel("start", results)?;
    leftovers::judge_disk(results)?;
    Ok("declined with the reason".to_owned())
}
