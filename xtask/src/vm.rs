//! `test --vm`: apiwatch as a service of systemd, under the stock kernels of Debian, in
//! virtual machines that need no hardware support.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

use crate::{place, run, setup};

/// What must have come out of a machine.
mod check;
/// What a machine starts from.
mod image;
/// The kernels, from Debian's packages.
mod kernel;
/// One boot of a machine.
mod machine;
/// What came out of a machine, part by part.
mod results;

use kernel::Kernel;

/// Boots the kernels of that release, or all.
pub(crate) fn run(filter: Option<&str>) -> Result<()> {
    setup::ensure(setup::Scope::Test)?;
    let wanted = wanted(filter)?;
    let directory = place::target().join("vm");
    std::fs::create_dir_all(&directory)?;
    let images = wanted.iter().map(|kernel| kernel::fetch(kernel)).collect::<Result<Vec<_>>>()?;
    let program = run::program()?;
    let since = now();
    let root = directory.join("root.cpio");
    image::write(&program, &root)?;
    eprintln!("vm: the image was made in {} s", since.elapsed().as_secs());

    let machines: Vec<_> = wanted.into_iter().zip(&images).collect();
    let mut failed = 0;
    for together in machines.chunks(at_a_time()) {
        failed += test_all(together, &root, &directory);
    }
    eprintln!("vm: {} passed, {failed} failed", machines.len() - failed);
    if failed > 0 {
        bail!("{failed} of {} kernels failed", machines.len());
    }
    Ok(())
}

fn wanted(filter: Option<&str>) -> Result<Vec<&'static Kernel>> {
    let is_wanted = |kernel: &&Kernel| filter.is_none_or(|filter| kernel.release == filter);
    let wanted: Vec<&Kernel> = kernel::KERNELS.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        let known = kernel::KERNELS.map(|kernel| kernel.release).join(", ");
        bail!("there is no such kernel; there are {known}");
    }
    Ok(wanted)
}

/// A machine has one processor, which keeps one of this host busy.
fn at_a_time() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Boots machines side by side, and says what came out; how many failed.
fn test_all(machines: &[(&Kernel, &PathBuf)], root: &Path, directory: &Path) -> usize {
    thread::scope(|scope| {
        let running: Vec<_> = machines
            .iter()
            .map(|&(kernel, image)| {
                (kernel, scope.spawn(move || test(kernel, image, root, directory)))
            })
            .collect();
        let failed = running.into_iter().filter_map(|(kernel, machine)| {
            let outcome = machine.join().unwrap_or_else(|_| Err(anyhow!("the test panicked")));
            match outcome {
                Ok(summary) => eprintln!("vm: {}: ok: {summary}", kernel.release),
                Err(error) => {
                    eprintln!("vm: {}: FAILED: {error:#}", kernel.release);
                    return Some(());
                }
            }
            None
        });
        failed.count()
    })
}

fn test(kernel: &Kernel, image: &Path, root: &Path, directory: &Path) -> Result<String> {
    let files = machine::Files {
        console: directory.join(format!("{}.console", kernel.release)),
        results: directory.join(format!("{}.results", kernel.release)),
    };
    let since = now();
    let text = machine::boot(image, root, &files)?;
    let seconds = since.elapsed().as_secs();
    let judged = check::judge(kernel, &text);
    let summary = judged.with_context(|| {
        format!("see {} and {}", files.results.display(), files.console.display())
    })?;
    Ok(format!("{summary}; {seconds} s in all"))
}

#[expect(clippy::disallowed_methods, reason = "how long a machine took is told, not judged")]
fn now() -> Instant {
    Instant::now()
}
