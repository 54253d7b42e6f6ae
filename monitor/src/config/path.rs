use std::collections::BTreeSet;

use toml::de::DeValue;

use super::diagnostic::escape_short;
use super::kind::{Refusal, plain_text};

/// Longest pattern, in bytes.
const LONGEST: usize = 1024;

/// Reads a pattern of paths: `/accounts/{id}/orders`, or `/static/*` for all below.
pub(super) fn pattern(value: &DeValue<'_>) -> Result<String, Refusal> {
    let DeValue::String(text) = value else { return Err(Refusal::found(value)) };
    plain_text(text, LONGEST)?;
    let Some(path) = text.strip_prefix('/') else {
        let refusal = Refusal::new("it does not start with `/`");
        return Err(suggest(refusal, &format!("/{text}")));
    };
    if text.contains(['?', '#']) {
        return Err(Refusal::new("a path ends before `?` and `#`"));
    }
    check(path).map(|()| text.clone().into_owned())
}

/// Checks each segment of a path without its first `/`. An empty one stands only at the
/// end: `/a/` is another path than `/a`.
fn check(path: &str) -> Result<(), Refusal> {
    let last = path.split('/').count() - 1;
    let mut names = BTreeSet::new();
    for (index, segment) in path.split('/').enumerate() {
        if segment.is_empty() && index != last {
            return Err(Refusal::new("a segment is empty"));
        }
        if segment == "*" && index == last {
            continue;
        }
        if segment.contains('*') {
            return Err(Refusal::new("`*` stands elsewhere than as the last segment"));
        }
        if segment.starts_with(':') {
            let meant = format!("{{{}}}", segment.trim_start_matches(':'));
            return Err(Refusal::new("parameters stand in braces")
                .remedy(format!("did you mean `{}`?", escape_short(&meant))));
        }
        if segment.contains(['{', '}']) && !names.insert(parameter(segment)?) {
            return Err(Refusal::new("two parameters have the same name"));
        }
    }
    Ok(())
}

/// The name of a parameter, which has its segment for itself.
fn parameter(segment: &str) -> Result<&str, Refusal> {
    let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let Some(name) = name.filter(|name| !name.contains(['{', '}'])) else {
        return Err(Refusal::new("a parameter is not a whole segment, as `{id}`"));
    };
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(Refusal::new("the name of a parameter has only letters, digits, `_` and `-`"));
    }
    Ok(name)
}

fn suggest(refusal: Refusal, meant: &str) -> Refusal {
    match check(meant.trim_start_matches('/')) {
        Ok(()) => refusal.remedy(format!("did you mean \"{}\"?", escape_short(meant))),
        Err(_) => refusal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_paths_with_whole_segments_for_parameters() {
        let long = format!("/{}", "a".repeat(LONGEST));
        for (text, is_sound) in [
            ("/", true),
            ("/a", true),
            ("/a/", true),
            ("/a/{id}/b/{other-id}", true),
            ("/*", true),
            ("/a/{id}/*", true),
            ("/v1/x:cancel", true),
            ("/ö/é", true),
            ("", false),
            ("a/b", false),
            ("//a", false),
            ("/a//b", false),
            ("/a?x=1", false),
            ("/a#x", false),
            ("/a/*/b", false),
            ("/a*", false),
            ("/**", false),
            ("/*/", false),
            ("/a/x{id}", false),
            ("/a/{id}x", false),
            ("/a/{id", false),
            ("/a/id}", false),
            ("/a/{{id}}", false),
            ("/a/{}", false),
            ("/a/{a b}", false),
            ("/a/{id}/{id}", false),
            ("/a/:id", false),
            ("/a\nb", false),
            (&long, false),
        ] {
            let value = DeValue::String(text.into());
            assert_eq!(pattern(&value).is_ok(), is_sound, "{text:?}");
        }
    }
}
