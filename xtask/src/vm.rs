//! `test --vm`: apiwatch under the stock kernels of Debian, in virtual machines that
//! need no hardware support.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::{place, run, setup};

/// What must have come out of a machine.
mod check;
/// The file system that a machine starts from.
mod initramfs;
/// The kernels, from Debian's packages.
mod kernel;
/// One boot of a machine.
mod machine;

use kernel::Kernel;

/// Boots the kernels of that release, or all.
pub(crate) fn run(filter: Option<&str>) -> Result<()> {
    setup::ensure(setup::Scope::Test)?;
    let wanted: Vec<&Kernel> = kernel::KERNELS
        .iter()
        .filter(|kernel| filter.is_none_or(|filter| kernel.release == filter))
        .collect();
    if wanted.is_empty() {
        let known = kernel::KERNELS.map(|kernel| kernel.release).join(", ");
        bail!("there is no such kernel; there are {known}");
    }
    let directory = place::target().join("vm");
    std::fs::create_dir_all(&directory)?;
    let initramfs = directory.join("initramfs.cpio");
    initramfs::write(&run::program()?, &initramfs)?;

    let mut failed = 0;
    for kernel in &wanted {
        match test(kernel, &initramfs, &directory) {
            Ok(summary) => eprintln!("vm: {}: ok: {summary}", kernel.release),
            Err(error) => {
                failed += 1;
                eprintln!("vm: {}: FAILED: {error:#}", kernel.release);
            }
        }
    }
    eprintln!("{} passed, {failed} failed", wanted.len() - failed);
    if failed > 0 {
        bail!("{failed} of {} kernels failed", wanted.len());
    }
    Ok(())
}

fn test(kernel: &Kernel, initramfs: &Path, directory: &Path) -> Result<String> {
    let image = kernel::fetch(kernel)?;
    let files = machine::Files {
        console: directory.join(format!("{}.console", kernel.release)),
        results: directory.join(format!("{}.results", kernel.release)),
    };
    let results = machine::boot(&image, initramfs, &files)?;
    check::judge(kernel, &results)
        .with_context(|| format!("see {} and {}", files.results.display(), files.console.display()))
}
