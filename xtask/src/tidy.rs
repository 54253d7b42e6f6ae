//! `tidy`: the rules of this repository that neither the compiler nor clippy knows.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::place;

/// The rules, each a function of one file.
mod rules;
/// A Rust file as the rules look at it.
mod source;

use source::Source;

/// Files whose lines are looked at.
const TEXT: [&str; 6] = ["rs", "toml", "md", "sh", "service", "yml"];
/// Folders that are not ours or hold what tests expect byte for byte.
const SKIPPED: [&str; 6] = ["target", ".git", "data", "snapshots", "cases", "corpus"];

/// Says every breach of a rule.
pub(crate) fn run() -> Result<()> {
    let breaches = breaches_of(place::workspace())?;
    for breach in &breaches {
        eprintln!("{breach}");
    }
    match breaches.len() {
        0 => Ok(()),
        count => bail!("{count} breaches of the rules of this repository"),
    }
}

fn breaches_of(root: &Path) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    gather(root, &mut paths)?;
    paths.sort();
    let mut breaches = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("reading {}", path.display()))?;
        let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
        rules::check_text(&name, &text, &mut breaches);
        if name.ends_with(".rs") {
            rules::check_source(&Source::new(&name, &text), &mut breaches);
        }
    }
    Ok(breaches)
}

fn gather(directory: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_symlink() || SKIPPED.contains(&name.as_str()) {
            continue;
        } else if path.is_dir() {
            gather(&path, paths)?;
        } else if path.extension().is_some_and(|end| TEXT.iter().any(|text| *text == end)) {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_is_tidy() {
        let breaches = breaches_of(place::workspace()).unwrap();
        assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
    }
}
