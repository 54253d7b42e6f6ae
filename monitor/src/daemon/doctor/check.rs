//! What a look is, and what it found.

use serde::Serialize;

use super::host::Host;
use crate::pipeline::text::printable;

/// One thing to look at: a row of a table.
pub(super) struct Probe {
    /// What is looked at.
    pub(super) name: &'static str,
    /// Whether the daemon runs without it.
    pub(super) need: Need,
    /// What its lack costs, in one line.
    pub(super) costs: &'static str,
    /// How to mend that, in one line.
    pub(super) remedy: &'static str,
    /// Looks.
    pub(super) look: fn(&Host) -> Found,
}

/// Whether the daemon runs without what is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// It does not start.
    Required,
    /// It does, and lacks something.
    Wanted,
}

/// What a look found, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// All that is needed.
    Ok(String),
    /// Less than is wanted.
    Degraded(String),
    /// Nothing.
    Missing(String),
    /// It could not be looked at, and why.
    Unknown(String),
    /// It could not be looked at without privileges.
    Hidden(String),
}

/// How to mend that something could not be looked at without privileges.
const LOOK_AGAIN: &str = "look again with sudo";

/// What was looked at, how it stands, what that costs, and how to mend it.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    /// What was looked at.
    pub(super) name: String,
    /// The part of the host that it belongs to.
    pub(super) group: Group,
    /// How it stands.
    pub(super) state: State,
    /// What the lack costs; none where nothing lacks.
    pub(super) costs: Option<String>,
    /// How to mend it; none where nothing lacks.
    pub(super) remedy: Option<String>,
    /// What was found.
    pub(super) detail: String,
    #[serde(skip)]
    pub(super) need: Need,
}

impl Check {
    /// What a look of this name found. The file system and the kernel are not trusted to
    /// hold only what may reach a terminal.
    pub(super) fn new(
        (group, name): (Group, &str),
        need: Need,
        found: Found,
        (costs, remedy): (&str, &str),
    ) -> Self {
        let (state, detail) = match found {
            Found::Ok(detail) => (State::Ok, detail),
            Found::Degraded(detail) => (State::Degraded, detail),
            Found::Missing(detail) => (State::Missing, detail),
            Found::Unknown(detail) => (State::Unknown, detail),
            Found::Hidden(detail) => {
                return Self::new((group, name), need, Found::Unknown(detail), (costs, LOOK_AGAIN));
            }
        };
        let lack = |text: &str| (state != State::Ok).then(|| printable(text).into_owned());
        Self {
            name: printable(name).into_owned(),
            group,
            state,
            costs: lack(costs),
            remedy: lack(remedy),
            detail: printable(&detail).into_owned(),
            need,
        }
    }
}

impl Probe {
    /// Looks.
    pub(super) fn check(&self, group: Group, host: &Host) -> Check {
        let lack = (self.costs, self.remedy);
        Check::new((group, self.name), self.need, (self.look)(host), lack)
    }
}

/// A part of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Group {
    /// What the running kernel is.
    Kernel,
    /// What this process may do.
    Privileges,
    /// What loads into the kernel.
    Hooks,
    /// What fits into memory.
    Memory,
    /// What can be known of processes and times.
    View,
    /// What the daemon needs of the host.
    Service,
}

impl Group {
    /// Its heading.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Kernel => "Kernel",
            Self::Privileges => "Privileges of this process",
            Self::Hooks => "Hooks",
            Self::Memory => "Memory",
            Self::View => "View of processes and time",
            Self::Service => "Service",
        }
    }
}

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// Nothing lacks.
    Ok,
    /// Something lacks.
    Degraded,
    /// All of it lacks.
    Missing,
    /// It could not be looked at.
    Unknown,
}

impl State {
    /// The word for it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        }
    }
}
