//! The rules, each a function of one file.

use super::source::Source;

const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 60;
/// The crates whose layout is held to the rules for modules.
const PRODUCT: [&str; 3] = ["monitor/src/", "monitor-common/src/", "monitor-ebpf/src/"];

/// Code that has one home.
struct Home {
    code: &'static str,
    /// Where the rule holds.
    within: &'static str,
    /// Beginnings of the paths that may have it.
    homes: &'static [&'static str],
    rule: &'static str,
}

const HOMES: [Home; 13] = [
    Home::new("aya::", "monitor/src/", &["monitor/src/capture"], "only capture names aya"),
    Home::new("toml::", "monitor/src/", &["monitor/src/config"], "only config knows TOML"),
    Home::new("Instant::now", "monitor/src/", CLOCK, READS_CLOCK),
    Home::new("SystemTime::now", "monitor/src/", CLOCK, READS_CLOCK),
    Home::new("clock_gettime", "monitor/src/", CLOCK, READS_CLOCK),
    Home::new("protocol::", "monitor/src/pipeline/detect", &[], "detectors know no protocol"),
    Home::new("detect::", "monitor/src/pipeline/protocol", &[], "protocols know no detector"),
    Home::new("std::fs", "monitor/src/pipeline", &[], PURE),
    Home::new("std::env", "monitor/src/pipeline", &[], PURE),
    Home::new("std::thread", "monitor/src/pipeline", &[], PURE),
    Home::new("tokio::", "monitor/src/pipeline", &[], PURE),
    Home::new("RandomState", "monitor/src/pipeline", &[], PURE),
    Home::new("anyhow::", "monitor/src/pipeline", &[], "each layer has an error type of its own"),
];
const CLOCK: &[&str] = &["monitor/src/clock.rs"];
const READS_CLOCK: &str = "only clock.rs reads the clock";
const PURE: &str = "the pipeline is a function of its inputs";

impl Home {
    const fn new(
        code: &'static str,
        within: &'static str,
        homes: &'static [&'static str],
        rule: &'static str,
    ) -> Self {
        Self { code, within, homes, rule }
    }

    fn is_breached_by(&self, path: &str, code: &str) -> bool {
        let begins = |prefix: &&str| path.starts_with(*prefix);
        begins(&self.within) && !self.homes.iter().any(begins) && has(code, self.code)
    }
}

/// Code that has no home.
const BANNED: [(&str, &str); 4] = [
    ("todo!", "unfinished code does not land"),
    ("unimplemented!", "unfinished code does not land"),
    ("#[allow", "use #[expect(…, reason = \"…\")]"),
    ("#![allow", "use #![expect(…, reason = \"…\")]"),
];

/// The rules for every text file.
pub(super) fn check_text(path: &str, text: &str, breaches: &mut Vec<String>) {
    for (number, line) in text.lines().enumerate() {
        if line.ends_with([' ', '\t']) {
            breaches.push(breach(path, number, "white space at the end of the line"));
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        breaches.push(breach(path, text.lines().count() - 1, "the last line has no end"));
    }
}

/// The rules for Rust files.
pub(super) fn check_source(source: &Source, breaches: &mut Vec<String>) {
    check_size(source, breaches);
    check_code(source, breaches);
    if PRODUCT.iter().any(|product| source.path.starts_with(product)) {
        check_modules(source, breaches);
    }
}

fn check_size(source: &Source, breaches: &mut Vec<String>) {
    let lines = source.product_lines();
    if lines > LONGEST_FILE {
        let rule = format!("{lines} lines without tests; {LONGEST_FILE} are the most");
        breaches.push(breach(&source.path, LONGEST_FILE, &rule));
    }
    for (name, range) in source.functions() {
        if range.len() > LONGEST_FUNCTION {
            let rule = format!("{name} has {} lines; {LONGEST_FUNCTION} are the most", range.len());
            breaches.push(breach(&source.path, range.start, &rule));
        }
    }
}

fn check_code(source: &Source, breaches: &mut Vec<String>) {
    let product = source.product_lines();
    for (number, code) in source.code.iter().enumerate() {
        let banned = BANNED.iter().filter(|(banned, _)| has(code, banned)).map(|(_, rule)| *rule);
        let homeless = HOMES
            .iter()
            .filter(|home| number < product && home.is_breached_by(&source.path, code))
            .map(|home| home.rule);
        breaches.extend(banned.chain(homeless).map(|rule| breach(&source.path, number, rule)));
    }
}

fn check_modules(source: &Source, breaches: &mut Vec<String>) {
    if source.path.ends_with("/mod.rs") {
        breaches.push(breach(&source.path, 0, "a module with a folder is foo.rs beside foo/"));
    }
    for (number, code) in source.code.iter().enumerate() {
        let is_module = declares_module(code);
        if is_module && !is_documented(&source.lines[..number]) {
            breaches.push(breach(&source.path, number, "each `mod` line has one sentence of docs"));
        }
    }
}

/// Whether the line is `mod name;`, of any visibility, and not of tests.
fn declares_module(code: &str) -> bool {
    let words: Vec<&str> = code.split_whitespace().collect();
    match words.as_slice() {
        ["mod", name] | [_, "mod", name] => {
            name.ends_with(';') && !["tests;", "testing;"].contains(name)
        }
        _ => false,
    }
}

/// Whether a doc comment stands last but for attributes.
fn is_documented(before: &[String]) -> bool {
    let mut lines = before.iter().rev().map(|line| line.trim_start());
    lines.find(|line| !line.starts_with("#[")).is_some_and(|line| line.starts_with("///"))
}

/// Whether the code has this, and not as the end of a longer word.
fn has(code: &str, wanted: &str) -> bool {
    code.match_indices(wanted).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|character| character.is_alphanumeric() || character == '_')
    })
}

fn breach(path: &str, line: usize, rule: &str) -> String {
    format!("{path}:{}: {rule}", line + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches_of(path: &str, text: &str) -> Vec<String> {
        let mut breaches = Vec::new();
        check_text(path, text, &mut breaches);
        check_source(&Source::new(path, text), &mut breaches);
        breaches
    }

    #[test]
    fn each_rule_finds_its_breach() {
        let long_file = "x();\n".repeat(401);
        let long_function = format!("fn f() {{\n{}}}\n", "x();\n".repeat(59));
        let cases = [
            ("monitor/src/a.rs", "use aya::Ebpf;\n", "1: only capture"),
            ("monitor/src/sink.rs", "\ntoml::from_str(x);\n", "2: only config"),
            ("monitor/src/daemon.rs", "let now = Instant::now();\n", "1: only clock.rs"),
            (
                "monitor/src/pipeline/detect/a.rs",
                "use crate::pipeline::protocol::http1;\n",
                "1: detectors",
            ),
            ("monitor/src/pipeline/protocol.rs", "use super::detect::A;\n", "1: protocols"),
            ("monitor/src/pipeline/a.rs", "std::fs::read(x);\n", "1: the pipeline"),
            ("monitor/src/a.rs", "todo!()\n", "1: unfinished"),
            ("xtask/src/a.rs", "#[allow(x)]\nfn a() {}\n", "1: use #[expect"),
            ("monitor/src/a.rs", "use x;\nmod b;\n", "2: each `mod`"),
            ("monitor/src/a/mod.rs", "use x;\n", "1: a module with a folder"),
            ("xtask/src/a.rs", "a \n", "1: white space"),
            ("xtask/src/a.rs", "a", "1: the last line"),
            ("tests/src/a.rs", &long_file, "401: 401 lines"),
            ("xtask/src/a.rs", &long_function, "1: f has 61 lines"),
        ];
        for (path, text, expected) in cases {
            let breaches = breaches_of(path, text);
            assert_eq!(breaches.len(), 1, "{path} {text}: {breaches:?}");
            assert!(breaches[0].starts_with(&format!("{path}:{expected}")), "{breaches:?}");
        }
    }

    #[test]
    fn what_is_right_is_no_breach() {
        let cases = [
            ("monitor/src/capture/load.rs", "use aya::Ebpf;\n"),
            ("monitor/src/config.rs", "toml::from_str(x);\n"),
            ("monitor/src/clock.rs", "SystemTime::now();\n"),
            ("monitor/src/pipeline/detect.rs", "/// Not of `protocol::`.\nmod a;\n"),
            (
                "monitor/src/a.rs",
                "/// Doc.\n#[cfg(x)]\npub(crate) mod a;\n#[cfg(test)]\nmod tests;\n",
            ),
            ("monitor/src/a.rs", "let a = \"todo!\"; // #[allow\n"),
            ("monitor/src/a.rs", "#[cfg(test)]\nmod tests {\n    fn a() { Instant::now(); }\n}\n"),
            ("monitor/src/a.rs", "playa::x();\n"),
            ("xtask/src/a.rs", "mod b;\n"),
        ];
        for (path, text) in cases {
            assert_eq!(breaches_of(path, text), Vec::<String>::new(), "{path}");
        }
    }
}
