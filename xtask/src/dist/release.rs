//! The version that is packed, and when it was made.

use std::process::Command;

use anyhow::{Context, Result};

use super::changelog::{self, Section};
use crate::{place, process};

/// Who is named in the packages as the one to ask.
pub(super) const MAINTAINER: &str = "apiwatch contributors <apiwatch@packages.invalid>";

/// The version that is packed.
#[derive(Clone, Debug)]
pub(super) struct Release {
    /// Its version as packages write it.
    pub(super) version: String,
    /// When its last commit was made, in seconds since 1970. Nothing in a package is newer.
    pub(super) epoch_seconds: u64,
    /// What changed in it and before, the newest first.
    pub(super) changes: Vec<Section>,
}

impl Release {
    /// The one that the workspace holds.
    pub(super) fn of_workspace() -> Result<Self> {
        let version = env!("CARGO_PKG_VERSION");
        let path = place::workspace().join("CHANGELOG.md");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("reading {}", path.display()))?;
        let changes =
            changelog::parse(&text, version).with_context(|| path.display().to_string())?;
        Ok(Self { version: packaged(version), epoch_seconds: epoch_seconds()?, changes })
    }
}

/// A version as packages write it: `~` sorts before the release, where Cargo has `-`.
pub(super) fn packaged(version: &str) -> String {
    version.replacen('-', "~", 1)
}

/// The convention of reproducible builds, else the time of the last commit.
fn epoch_seconds() -> Result<u64> {
    let given = std::env::var("SOURCE_DATE_EPOCH").ok();
    let text = match given {
        Some(text) => text,
        None => process::output(
            Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(place::workspace()),
        )
        .context("asking for the time of the last commit; SOURCE_DATE_EPOCH can give it too")?,
    };
    text.trim().parse().with_context(|| format!("{text:?} is no count of seconds since 1970"))
}

/// A time as `date` prints it in English and UTC.
pub(super) fn date(time: &str, format: &str) -> Result<String> {
    let mut date = Command::new("date");
    date.args(["--utc", "--date", time, format]).env("LC_ALL", "C");
    Ok(process::output(&mut date)?.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_before_a_release_sorts_before_it() {
        for (version, expected) in
            [("0.1.0", "0.1.0"), ("0.2.0-rc.1", "0.2.0~rc.1"), ("1.0.0-a-b", "1.0.0~a-b")]
        {
            assert_eq!(packaged(version), expected);
        }
    }

    #[test]
    fn dates_are_english_and_utc() {
        assert_eq!(date("@0", "+%a %b %d %Y %T").unwrap(), "Thu Jan 01 1970 00:00:00");
    }
}
