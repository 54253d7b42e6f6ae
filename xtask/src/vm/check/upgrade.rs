//! A newer package over the one that runs, and the package of another family.

use anyhow::{Result, ensure};

use super::super::results::Results;

/// What each step must have said.
const SAID: [(&str, &str); 4] = [
    // Another file in the place of a program that still runs would be told as deleted.
    ("upgrade program", "/usr/bin/apiwatch"),
    ("upgrade learned", "1"),
    ("upgrade findings", "1"),
    // The one that came saves what the one before it had learned.
    ("still learned", "1"),
];

/// As for each package of that family: what was learned is for the next one.
const LEFT_BY_RPM: &str = "/var/lib/apiwatch";

/// Judges both; a word about them.
pub(super) fn judge(results: &Results) -> Result<String> {
    for (step, expected) in SAID {
        let said = results.section(step)?.trim();
        ensure!(said == expected, "{step} is {said:?}, not {expected:?}");
    }
    let version = results.section("upgrade version")?.trim();
    ensure!(version.ends_with("+newer"), "the version after the upgrade is {version:?}");
    let left = results.section("rpm leftovers")?.trim();
    ensure!(left == LEFT_BY_RPM, "erasing the .rpm leaves\n{left}");
    Ok("upgraded, .rpm lived too".to_owned())
}
