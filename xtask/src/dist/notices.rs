//! The libraries that are part of the program, with their licences: most ask that their
//! notice goes with every copy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// Beginnings of the names of files with licences, in small letters.
const FILES: [&str; 5] = ["license", "licence", "copying", "notice", "unlicense"];
const INTRODUCTION: &str = "\
Libraries that are part of /usr/bin/apiwatch, besides Rust's standard library (MIT OR Apache-2.0),
and their licences. The texts of the licences follow, each with the libraries that come with it.
";
const RULE: &str = "------------------------------------------------------------------------";

/// A library, as its package describes it.
struct Library {
    /// Name and version, as `bytes 1.12.2`.
    name: String,
    license: String,
    /// What is in its files of licences.
    texts: Vec<String>,
}

/// The notices of the libraries of the program for a target.
pub(super) fn collect(triple: &str) -> Result<String> {
    let mut tree = process::cargo(&["tree", "--locked", "--prefix", "none", "--format", "{p}"]);
    tree.args(["--package", "monitor", "--package", "monitor-ebpf", "--target", triple]);
    let tree = process::output(tree.args(["--edges", "normal,no-proc-macro"]))?;
    let mut metadata = process::cargo(&["metadata", "--locked", "--format-version", "1"]);
    let metadata = process::output(metadata.args(["--filter-platform", triple]))?;
    let metadata = serde_json::from_str(&metadata).context("reading what cargo metadata says")?;
    let places = places(&metadata);
    let mut libraries = Vec::new();
    for name in names(&tree) {
        // What is not there is of the workspace.
        if let Some((license, directory)) = places.get(&name) {
            let texts = texts(directory)
                .with_context(|| format!("looking for licences in {}", directory.display()))?;
            libraries.push(Library { name, license: license.clone(), texts });
        }
    }
    Ok(written(&libraries))
}

/// Name and version of each package of a tree, in order.
fn names(tree: &str) -> Vec<String> {
    let packages = tree.lines().filter_map(|line| {
        let (name, rest) = line.split_once(" v")?;
        Some(format!("{name} {}", rest.split_whitespace().next()?))
    });
    let mut names: Vec<String> = packages.collect();
    names.sort();
    names.dedup();
    names
}

/// Licence and directory of each package that is not of the workspace.
fn places(metadata: &Value) -> BTreeMap<String, (String, PathBuf)> {
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let foreign = packages.iter().filter(|package| !package["source"].is_null());
    let places = foreign.filter_map(|package| {
        let name = format!("{} {}", package["name"].as_str()?, package["version"].as_str()?);
        let license = package["license"].as_str().unwrap_or("see the text").to_owned();
        let directory = Path::new(package["manifest_path"].as_str()?).parent()?.to_owned();
        Some((name, (license, directory)))
    });
    places.collect()
}

/// The licences that are beside a manifest, in the order of their names.
fn texts(directory: &Path) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if entry.file_type()?.is_file() && FILES.iter().any(|begin| name.starts_with(begin)) {
            paths.push(entry.path());
        }
    }
    paths.sort();
    let read = |path: &PathBuf| Ok(String::from_utf8_lossy(&std::fs::read(path)?).into_owned());
    paths.iter().map(read).collect()
}

/// One file of all: the list, then each different text once.
fn written(libraries: &[Library]) -> String {
    let mut written = format!("{INTRODUCTION}\n");
    let mut owners: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for library in libraries {
        written.push_str(&format!("{}: {}\n", library.name, library.license));
        for text in &library.texts {
            owners.entry(normal(text)).or_default().push(&library.name);
        }
    }
    let mut texts: Vec<_> = owners.into_iter().map(|(text, names)| (names, text)).collect();
    texts.sort();
    for (names, text) in texts {
        written.push_str(&format!("\n{RULE}\n{}:\n\n{text}", names.join(", ")));
    }
    written
}

/// Texts that differ in white space at line ends only are the same.
fn normal(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_from_what_cargo_prints() {
        let tree = "monitor v0.1.0 (/a/monitor)\nbytes v1.2.3\naya v0.14.0\nbytes v1.2.3 (*)\n\n";
        assert_eq!(names(tree), ["aya 0.14.0", "bytes 1.2.3", "monitor 0.1.0"]);
        let metadata = serde_json::json!({"packages": [
            {"name": "monitor", "version": "0.1.0", "source": null, "license": "MIT",
             "manifest_path": "/a/monitor/Cargo.toml"},
            {"name": "bytes", "version": "1.2.3", "source": "registry+x", "license": "MIT",
             "manifest_path": "/r/bytes/Cargo.toml"},
        ]});
        let places = places(&metadata);
        let expected = ("MIT".to_owned(), PathBuf::from("/r/bytes"));
        assert_eq!(places, BTreeMap::from([("bytes 1.2.3".to_owned(), expected)]));
    }

    #[test]
    fn a_text_of_several_libraries_is_written_once() {
        let library = |name: &str, texts: &[&str]| Library {
            name: name.to_owned(),
            license: "MIT".to_owned(),
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
        };
        let libraries = [
            library("a 1.0.0", &["shared\r\n", "of a"]),
            library("b 2.0.0", &["\nshared \n"]),
            library("c 3.0.0", &[]),
        ];
        let expected = format!(
            "{INTRODUCTION}\na 1.0.0: MIT\nb 2.0.0: MIT\nc 3.0.0: MIT\n\n{RULE}\na 1.0.0:\n\nof \
             a\n\n{RULE}\na 1.0.0, b 2.0.0:\n\nshared\n"
        );
        assert_eq!(written(&libraries), expected);
    }
}
