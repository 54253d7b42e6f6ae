//! `apiwatch doctor`: what this kernel and these privileges allow, and what each lack
//! costs. Nothing is guessed from versions: what can be tried is tried.

use std::io::Write;

use serde::Serialize;

use super::kernel_release;
use crate::capture::status::Tier;
use crate::capture::{Capture, CaptureError, Options};
use crate::cli::{DoctorArgs, Exit};

/// What one look found.
#[derive(Debug, Serialize)]
struct Check {
    /// What was looked at.
    name: String,
    /// How it stands.
    state: State,
    /// What was found.
    found: String,
    /// What its lack costs, and how to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    consequence: Option<String>,
}

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Fine,
    Lacking,
}

/// Looks at everything and prints what was found.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &DoctorArgs) -> anyhow::Result<Exit> {
    let mut checks = vec![kernel(), types()];
    let tiers = [Tier::A, Tier::B].map(|tier| (tier, try_tier(tier)));
    for (tier, result) in &tiers {
        checks.extend(tier_checks(*tier, result));
    }
    let exit = exit_of(&tiers);
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&checks)?)?;
    } else {
        print(&checks, &mut out)?;
    }
    Ok(exit)
}

type Tried = Result<crate::capture::status::CaptureStatus, CaptureError>;

/// Loads and attaches a tier, and takes it down again.
fn try_tier(tier: Tier) -> Tried {
    let options = Options { tier: Some(tier), ring_bytes: 64 * 1024, own_port: 0 };
    Capture::start(options, &mut |_| {}).map(|capture| capture.status().clone())
}

/// One tier is enough.
fn exit_of(tiers: &[(Tier, Tried)]) -> Exit {
    let refused = tiers.iter().any(|(_, tried)| matches!(tried, Err(CaptureError::Privilege(_))));
    if tiers.iter().any(|(_, tried)| tried.is_ok()) {
        Exit::Success
    } else if refused {
        Exit::Privilege
    } else {
        Exit::Unavailable
    }
}

fn kernel() -> Check {
    let found = format!("{} {}", kernel_release(), std::env::consts::ARCH);
    Check { name: "kernel".into(), state: State::Fine, found, consequence: None }
}

fn types() -> Check {
    const PATH: &str = "/sys/kernel/btf/vmlinux";
    let name = "type information".into();
    match std::fs::metadata(PATH) {
        Ok(metadata) => Check {
            name,
            state: State::Fine,
            found: format!("{PATH}, {} bytes", metadata.len()),
            consequence: None,
        },
        Err(error) => Check {
            name,
            state: State::Lacking,
            found: format!("{PATH}: {error}"),
            consequence: Some(
                "nothing can be watched; use a kernel with CONFIG_DEBUG_INFO_BTF".into(),
            ),
        },
    }
}

fn tier_checks(tier: Tier, tried: &Tried) -> Vec<Check> {
    let name = format!("tier {tier}");
    match tried {
        Ok(status) => {
            let loaded = status.programs.iter().map(|(name, instructions)| Check {
                name: format!("tier {tier}: {name}"),
                state: State::Fine,
                found: format!("loaded, {instructions} instructions verified"),
                consequence: None,
            });
            let declined = status.declined.iter().map(|(program, why)| Check {
                name: format!("tier {tier}: {program}"),
                state: State::Lacking,
                found: "declined".into(),
                consequence: Some(why.clone()),
            });
            loaded.chain(declined).collect()
        }
        Err(error) => {
            let cost = match tier {
                Tier::A => "tier b is used, which costs every system call of the host",
                Tier::B => "only tier a can be used",
            };
            vec![Check {
                name,
                state: State::Lacking,
                found: error.to_string(),
                consequence: Some(cost.into()),
            }]
        }
    }
}

fn print(checks: &[Check], out: &mut impl Write) -> std::io::Result<()> {
    for Check { name, state, found, consequence } in checks {
        let mark = match state {
            State::Fine => "ok  ",
            State::Lacking => "lack",
        };
        writeln!(out, "{mark}  {name:<32}  {found}")?;
        if let Some(consequence) = consequence {
            writeln!(out, "      {:<32}  → {consequence}", "")?;
        }
    }
    Ok(())
}
