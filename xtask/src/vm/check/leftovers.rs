//! What the service leaves in the kernel and on the disk: nothing.

use anyhow::{Result, ensure};

use super::super::results::Results;

/// A life of the service, and the next one: nothing of the former may be left.
const LIVES: [(&str, &str); 3] =
    [("start", "restart"), ("restart", "kill"), ("before upgrade", "upgrade")];
/// Steps after which all is as before the installation.
const ENDS: [&str; 3] = ["stop", "remove", "rpm"];

/// Judges it.
pub(super) fn judge(results: &Results) -> Result<()> {
    let before = results.objects("kernel")?;
    for (former, latter) in LIVES {
        let [former_objects, latter_objects] = [results.objects(former)?, results.objects(latter)?];
        for kind in ["program ", "link "] {
            let is_there = former_objects.iter().any(|object| object.starts_with(kind));
            ensure!(is_there, "no {kind}is in the kernel after {former}");
        }
        let mut left = former_objects.intersection(&latter_objects);
        let left = left.find(|object| !before.contains(*object));
        ensure!(left.is_none(), "of {former}, {left:?} is in the kernel after {latter}");
    }
    for (former, latter) in [("restart", "kill"), ("before upgrade", "upgrade")] {
        let [former_count, latter_count] =
            [results.objects(former)?.len(), results.objects(latter)?.len()];
        ensure!(
            former_count == latter_count,
            "{former_count} programs and links were in the kernel after {former}, and \
             {latter_count} after {latter}"
        );
    }
    for end in ENDS {
        judge_kernel(end, results)?;
    }
    judge_disk(results)
}

/// After this step the kernel has what it had before the installation.
pub(super) fn judge_kernel(step: &str, results: &Results) -> Result<()> {
    let (before, after) = (results.objects("kernel")?, results.objects(step)?);
    ensure!(after == before, "after {step} the kernel has {after:?}, and had {before:?}");
    Ok(())
}

/// After purging nothing is there.
pub(super) fn judge_disk(results: &Results) -> Result<()> {
    let left = results.section("leftovers")?.trim();
    ensure!(left.is_empty(), "purging leaves\n{left}");
    Ok(())
}
