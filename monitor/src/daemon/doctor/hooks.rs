//! What loads into the kernel: each tier is loaded and attached, and taken down again.

use super::check::{Check, Found, Group, Need};
use super::host::{Host, Tried};
use crate::capture::status::Tier;
use crate::capture::{Capture, CaptureError, Options};
use crate::config::TierChoice;

/// Size of the payload ring while a tier is tried.
const TRIED_RING_BYTES: u32 = 64 * 1024;
/// What to do about a program that the kernel declines.
const NEWER: &str = "a newer kernel; `apiwatch doctor -vv` has the words of the verifier";

/// Loads and attaches each tier, and takes it down again.
pub(super) fn try_all() -> Vec<(Tier, Tried)> {
    [Tier::A, Tier::B].map(|tier| (tier, try_tier(tier))).into()
}

fn try_tier(tier: Tier) -> Tried {
    let options = Options { tier: Some(tier), ring_bytes: TRIED_RING_BYTES, own_port: 0 };
    Capture::start(options, &mut |_| {}).map(|capture| capture.status().clone())
}

/// Whether any tier loads, and each program of each.
pub(super) fn checks(host: &Host) -> Vec<Check> {
    let mut checks = vec![capture(host)];
    for (tier, tried) in &host.tiers {
        checks.extend(tier_checks(host, *tier, tried));
    }
    checks
}

/// One tier is enough, unless the configuration asks for the other.
fn capture(host: &Host) -> Check {
    let choice = host.configured().capture.tier;
    let mut eligible = host.tiers.iter().filter(|(tier, _)| match choice {
        TierChoice::Auto => true,
        TierChoice::Only(only) => *tier == only,
    });
    let found = match eligible.find(|(_, tried)| tried.is_ok()) {
        Some((tier, _)) => Found::Ok(format!("works by tier {tier}")),
        None if host.refusal().is_some() => Found::Hidden("privileges lack".to_owned()),
        None => match choice {
            TierChoice::Auto => Found::Missing("no tier loads".to_owned()),
            TierChoice::Only(tier) => {
                Found::Missing(format!("capture.tier asks for tier {tier}, which does not load"))
            }
        },
    };
    let remedy = "a kernel of 5.14 or newer, with capture.tier = \"auto\"";
    Check::new((Group::Hooks, "capture"), Need::Required, found, ("nothing can be watched", remedy))
}

fn tier_checks(host: &Host, tier: Tier, tried: &Tried) -> Vec<Check> {
    let check =
        |name: &str, found, lack| Check::new((Group::Hooks, name), Need::Wanted, found, lack);
    let status = match tried {
        Ok(status) => status,
        Err(error) => {
            return vec![check(&format!("tier {tier}"), refused(host, tier, error), lack_of(tier))];
        }
    };
    let loaded = status.programs.iter().map(|(program, instructions)| {
        let found = Found::Ok(format!("loaded, {instructions} instructions verified"));
        check(&format!("tier {tier}: {program}"), found, ("", ""))
    });
    let declined = status.declined.iter().map(|(program, why)| {
        // The reason is the system's, the cost that of the product, which has no colon.
        let (reason, cost) = why.rsplit_once(": ").unwrap_or(("declined", why));
        let found = Found::Degraded(reason.to_owned());
        check(&format!("tier {tier}: {program}"), found, (cost, NEWER))
    });
    loaded.chain(declined).collect()
}

/// Where tier A loads, the lack of the other is none that is felt.
fn refused(host: &Host, tier: Tier, error: &CaptureError) -> Found {
    match (error, tier) {
        (CaptureError::Privilege(why), _) => Found::Hidden(format!("privileges lack: {why}")),
        (error, Tier::B) if host.loaded().is_some() => {
            Found::Ok(format!("does not load, and is not needed: {error}"))
        }
        (error, _) => Found::Missing(error.to_string()),
    }
}

const fn lack_of(tier: Tier) -> (&'static str, &'static str) {
    match tier {
        Tier::A => (
            "tier b is used, which costs every system call of the host a little",
            "a kernel of 6.3 or newer",
        ),
        Tier::B => ("there is no second way where tier a does not load", NEWER),
    }
}
