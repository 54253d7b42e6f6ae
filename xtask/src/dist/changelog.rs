//! The versions and their changes, from CHANGELOG.md, in the formats of the packages.

use anyhow::{Result, bail};

use super::release::{MAINTAINER, Release, date, packaged};

/// Columns of a line in a package's changelog.
const WIDTH: usize = 78;

/// A version and what changed in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    version: String,
    /// When it was released, as `2026-12-01`.
    day: Option<String>,
    /// Kind, as `Added`, and text without line breaks.
    changes: Vec<(String, String)>,
}

/// The sections of CHANGELOG.md, the newest first. What is unreleased belongs to the
/// version that is packed.
pub(super) fn parse(text: &str, version: &str) -> Result<Vec<Section>> {
    let mut sections = split(text);
    sections.retain(|section| !section.changes.is_empty());
    let is_released = sections.iter().any(|section| section.version == version);
    let unreleased = sections.iter_mut().find(|section| section.version == UNRELEASED);
    match unreleased {
        Some(_) if is_released => bail!(
            "version {version} is released, and there are unreleased changes: raise the version \
             in Cargo.toml"
        ),
        None if !is_released => bail!("nothing is said about version {version}"),
        Some(section) => version.clone_into(&mut section.version),
        None => {}
    }
    Ok(sections)
}

const UNRELEASED: &str = "Unreleased";

fn split(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut kind = "";
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            sections.push(section(heading));
        } else if let Some(heading) = line.strip_prefix("### ") {
            kind = heading.trim();
        } else if let Some(section) = sections.last_mut() {
            add(&mut section.changes, kind, line);
        }
    }
    sections
}

/// An empty section of a heading, as `[0.1.0] - 2026-12-01`.
fn section(heading: &str) -> Section {
    let (version, day) = match heading.split_once(" - ") {
        Some((version, day)) => (version, Some(day.trim().to_owned())),
        None => (heading, None),
    };
    let version = version.trim().trim_start_matches('[').trim_end_matches(']').to_owned();
    Section { version, day, changes: Vec::new() }
}

/// Adds a line: a new change, or more of the last one.
fn add(changes: &mut Vec<(String, String)>, kind: &str, line: &str) {
    if let Some(change) = line.strip_prefix("* ").or_else(|| line.strip_prefix("- ")) {
        changes.push((kind.to_owned(), change.trim().to_owned()));
    } else if let (Some((_, change)), true) = (changes.last_mut(), line.starts_with("  ")) {
        change.push(' ');
        change.push_str(line.trim());
    }
}

/// In the format of deb-changelog(5).
pub(super) fn debian(release: &Release) -> Result<String> {
    let mut text = String::new();
    for section in &release.changes {
        let version = packaged(&section.version);
        text.push_str(&format!("apiwatch ({version}) unstable; urgency=medium\n"));
        let mut kind = "";
        for (next, change) in &section.changes {
            if next != kind {
                kind = next;
                text.push_str(&format!("\n  [ {kind} ]\n"));
            }
            text.push_str(&folded("  * ", "    ", change));
        }
        let day = date(&time(section, release), "+%a, %d %b %Y %T %z")?;
        text.push_str(&format!("\n -- {MAINTAINER}  {day}\n\n"));
    }
    text.truncate(text.trim_end().len());
    Ok(text + "\n")
}

/// In the format of a spec file's `%changelog`.
pub(super) fn rpm(release: &Release) -> Result<String> {
    let mut text = String::new();
    for section in &release.changes {
        let day = date(&time(section, release), "+%a %b %d %Y")?;
        text.push_str(&format!("* {day} {MAINTAINER} - {}-1\n", packaged(&section.version)));
        for (kind, change) in &section.changes {
            // `%` begins a macro.
            let change = format!("{kind}: {}", change.replace('%', "%%"));
            text.push_str(&folded("- ", "  ", &change));
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    Ok(text + "\n")
}

/// When it was released, as `date` reads it; else when the last commit was made.
fn time(section: &Section, release: &Release) -> String {
    section.day.clone().unwrap_or_else(|| format!("@{}", release.epoch_seconds))
}

fn folded(first: &str, next: &str, text: &str) -> String {
    let mut folded = String::new();
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            folded.push_str(&line);
            folded.push('\n');
            next.clone_into(&mut line);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    folded + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Changelog\n\nAbout it.\n\n## Unreleased\n\n### Added\n\n* One, which \
                        goes\n  on.\n* Two at 5%.\n\n### Fixed\n\n- Three.\n\n## [0.1.0] - \
                        2026-01-02\n\n### Added\n\n* All.\n";

    fn release(text: &str, version: &str) -> Release {
        let changes = parse(text, version).unwrap();
        Release { version: packaged(version), epoch_seconds: 1_800_000_000, changes }
    }

    #[test]
    fn debian_reads_what_is_written() {
        let expected = "apiwatch (0.2.0~rc.1) unstable; urgency=medium\n\n  [ Added ]\n  * One, \
                        which goes on.\n  * Two at 5%.\n\n  [ Fixed ]\n  * Three.\n\n -- \
                        MAINTAINER  Fri, 15 Jan 2027 08:00:00 +0000\n\napiwatch (0.1.0) \
                        unstable; urgency=medium\n\n  [ Added ]\n  * All.\n\n -- MAINTAINER  Fri, \
                        02 Jan 2026 00:00:00 +0000\n";
        let written = debian(&release(TEXT, "0.2.0-rc.1")).unwrap();
        assert_eq!(written, expected.replace("MAINTAINER", MAINTAINER));
    }

    #[test]
    fn rpm_reads_what_is_written() {
        let expected = "* Fri Jan 15 2027 MAINTAINER - 0.2.0-1\n- Added: One, which goes on.\n- \
                        Added: Two at 5%%.\n- Fixed: Three.\n\n* Fri Jan 02 2026 MAINTAINER - \
                        0.1.0-1\n- Added: All.\n";
        let written = rpm(&release(TEXT, "0.2.0")).unwrap();
        assert_eq!(written, expected.replace("MAINTAINER", MAINTAINER));
    }

    #[test]
    fn a_version_and_its_changes_must_fit() {
        let released = "## Unreleased\n\n## 0.1.0 - 2026-01-02\n\n* All.\n";
        for (text, version, expected) in [
            (TEXT, "0.1.0", Some("version 0.1.0 is released")),
            (TEXT, "0.2.0", None),
            (released, "0.1.0", None),
            (released, "0.2.0", Some("nothing is said about version 0.2.0")),
            ("", "0.1.0", Some("nothing is said about version 0.1.0")),
        ] {
            let error = parse(text, version).err().map(|error| error.to_string());
            assert_eq!(error.is_some(), expected.is_some(), "{version}: {error:?}");
            let begins = |begin| error.is_some_and(|error| error.starts_with(begin));
            assert!(expected.is_none_or(begins), "{version}: {expected:?}");
        }
    }

    #[test]
    fn lines_are_folded() {
        let text = folded("  * ", "    ", &"word ".repeat(30));
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert_eq!(text.split_whitespace().count(), 31);
        assert_eq!(folded("- ", "  ", &"w".repeat(100)).lines().count(), 1);
    }
}
