//! What the kernel holds of the eBPF of a process.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::output_of;

/// Ids of objects. The kernel counts them up and comes back to a number only after two
/// thousand million others, so one that is gone is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BpfObjects {
    /// Programs.
    pub programs: BTreeSet<u64>,
    /// Attachments of programs.
    pub links: BTreeSet<u64>,
    /// Maps.
    pub maps: BTreeSet<u64>,
}

impl BpfObjects {
    /// Those that a process holds open, and the maps of its programs.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        let folder = std::fs::read_dir(format!("/proc/{pid}/fdinfo")).expect("the process runs");
        let files = folder.flatten().filter_map(|it| std::fs::read_to_string(it.path()).ok());
        let mut held = Self::default();
        for file in files {
            for (field, ids) in [
                ("prog_id:", &mut held.programs),
                ("link_id:", &mut held.links),
                ("map_id:", &mut held.maps),
            ] {
                ids.extend(number_in(&file, field));
            }
        }
        let programs = listed("prog");
        let ours = programs.iter().filter(|it| held.programs.contains(&id_of(it)));
        held.maps.extend(ours.flat_map(maps_of));
        held
    }

    /// Those that the kernel still has.
    #[must_use]
    pub fn left(&self) -> Self {
        let among = |ids: &BTreeSet<u64>, kind: &str| {
            listed(kind).iter().map(id_of).filter(|id| ids.contains(id)).collect()
        };
        Self {
            programs: among(&self.programs, "prog"),
            links: among(&self.links, "link"),
            maps: among(&self.maps, "map"),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn number_in(fdinfo: &str, field: &str) -> Option<u64> {
    fdinfo.lines().find_map(|line| line.strip_prefix(field))?.trim().parse().ok()
}

/// All of one kind that the kernel has.
fn listed(kind: &str) -> Vec<Value> {
    let text = output_of(Command::new("bpftool").args(["--json", kind, "show"]));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn id_of(object: &Value) -> u64 {
    object["id"].as_u64().expect("each object has an id")
}

fn maps_of(program: &Value) -> Vec<u64> {
    program["map_ids"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect()
}
