//! Numbers in what is shipped that follow from defaults of the configuration.

use super::Text;

/// Samples of a scrape beside the bounded ones: docs/metrics.md, at its end.
const OTHER_SAMPLES: u64 = 250;

/// The examples have the address and the bound that hold by default.
pub(super) fn check(configuration: &Text, prometheus: &Text, breaches: &mut Vec<String>) {
    let default = |key: &str| default_of(key, &configuration.text);
    let samples = default("max_series").and_then(|series| series.parse::<u64>().ok());
    let expected = [
        ("metrics.listen", prometheus, default("listen").map(|address| format!("\"{address}\""))),
        (
            "metrics.max_series",
            prometheus,
            samples.map(|series| format!("sample_limit: {}\n", series + OTHER_SAMPLES)),
        ),
    ];
    for (key, file, expected) in expected {
        let Some(expected) = expected else {
            breaches.push(format!("{}: the default of {key} is not found", configuration.path));
            continue;
        };
        if !file.text.contains(&expected) {
            let expected = expected.trim();
            breaches.push(format!("{}: {expected} follows from {key} and is missing", file.path));
        }
    }
}

/// The default of a key, which packaging/apiwatch.toml shows as a comment.
fn default_of<'a>(key: &str, configuration: &'a str) -> Option<&'a str> {
    let start = format!("#{key} = ");
    let value = configuration.lines().find_map(|line| line.strip_prefix(&start))?;
    Some(value.trim_matches('"'))
}
