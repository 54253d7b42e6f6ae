use crate::pipeline::policy::host::{PatternFault, bare, check};

/// Why a text is not the name of a host or a pattern of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostError {
    /// What is wrong with it.
    pub(super) fault: PatternFault,
    /// What to do about it.
    pub(super) remedy: Option<String>,
}

/// Reads `api.example.com`, or `*.example.com` for all names below that one: in lower
/// case, without a final dot.
pub(super) fn parse(text: &str) -> Result<String, HostError> {
    match check(text) {
        Ok(()) => Ok(folded(text)),
        Err(fault) => Err(HostError { fault, remedy: remedy(text, fault) }),
    }
}

fn remedy(text: &str, fault: PatternFault) -> Option<String> {
    match fault {
        PatternFault::Address => Some("addresses go under `networks`".to_owned()),
        _ if text == "*" => Some("leave the key out to allow any".to_owned()),
        _ => meant(text).map(|meant| format!("did you mean \"{meant}\"?")),
    }
}

/// The name in a URL, without its port; a star or a dot in front means all below.
fn meant(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split(['/', '?', '#']).next()?;
    let text = text.rsplit('@').next()?;
    let text = text.split_once(':').map_or(text, |(name, _)| name);
    let name = text.trim_start_matches(['*', '.']);
    let below = name.len() != text.len();
    let meant = if below { format!("*.{name}") } else { name.to_owned() };
    check(&meant).is_ok().then(|| folded(&meant))
}

fn folded(name: &str) -> String {
    bare(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_and_what_was_meant_is_suggested() {
        for (text, name) in [
            ("api.example.com", "api.example.com"),
            ("API.Example.com.", "api.example.com"),
            ("*.EXAMPLE.com", "*.example.com"),
        ] {
            assert_eq!(parse(text), Ok(name.to_owned()));
        }
        for (text, remedy) in [
            ("https://user@API.example.com:8443/path?x", "did you mean \"api.example.com\"?"),
            ("api.example.com:443", "did you mean \"api.example.com\"?"),
            (".example.com", "did you mean \"*.example.com\"?"),
            ("*example.com", "did you mean \"*.example.com\"?"),
            ("*.*.example.com", "did you mean \"*.example.com\"?"),
            ("*", "leave the key out to allow any"),
            ("10.0.0.1", "addresses go under `networks`"),
            ("::1", "addresses go under `networks`"),
            ("a.*.example.com", ""),
            ("bücher.example", ""),
            ("", ""),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.remedy.unwrap_or_default(), remedy, "{text}");
        }
    }
}
