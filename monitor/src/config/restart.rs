use super::Config;
use super::schema::SECTIONS;

/// Keys, or tables of them, that a running daemon keeps as they were at its start.
const KEPT: [&str; 5] = ["capture", "metrics", "control", "state", "limits.memory"];

/// The dotted paths of the keys that differ and that take a restart to be followed.
#[must_use]
pub fn keys_for_restart(started_with: &Config, read: &Config) -> Vec<String> {
    let keys = SECTIONS.iter().flat_map(|section| section.keys.iter().map(move |it| (section, it)));
    keys.filter(|(section, key)| {
        let path = section.path(key);
        let is_kept = KEPT.contains(&section.name) || KEPT.contains(&path.as_str());
        is_kept && key.kind.show(started_with) != key.kind.show(read)
    })
    .map(|(section, key)| section.path(key))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    #[test]
    fn only_what_differs_and_is_kept_is_named() {
        for (text, expected) in [
            ("", &[][..]),
            ("[capture]\nring_bytes = \"4MiB\"\n", &[]),
            ("[findings]\nresolve_after = \"7d\"\n[limits]\nconnections = 100\n", &[]),
            ("[[allow]]\nunit = \"a.service\"\n", &[]),
            ("[metrics]\nlisten = \"127.0.0.1:1\"\n", &["metrics.listen"]),
            ("[metrics]\nusers = \"/x\"\n", &["metrics.users"]),
            (
                "[limits]\nmemory = \"1GiB\"\n[capture]\ntier = \"b\"\n[state]\ndirectory = \"/x\"\n\
                 [control]\nsocket = \"off\"\n",
                &["capture.tier", "limits.memory", "control.socket", "state.directory"],
            ),
        ] {
            let read = parse("case.toml", text.into()).unwrap().config;
            assert_eq!(keys_for_restart(&Config::default(), &read), expected, "{text}");
        }
    }

    #[test]
    fn every_name_is_one_of_the_schema() {
        for kept in KEPT {
            let is_known = SECTIONS.iter().any(|section| {
                section.name == kept || section.keys.iter().any(|key| section.path(key) == kept)
            });
            assert!(is_known, "{kept}");
        }
    }
}
