//! What the runbook tells people to type is understood.

use std::path::PathBuf;

use monitor::filter::Filter;

/// The pages, each with its name.
fn pages() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/runbook");
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the runbook is there") {
        let path = entry.expect("a page").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        pages.push((name, std::fs::read_to_string(path).expect("text")));
    }
    pages.sort();
    pages
}

/// Every filter is for a shell, in single quotes, so that it can be found.
#[test]
fn every_filter_of_the_runbook_is_one() {
    let mut count = 0;
    for (name, text) in pages() {
        for after in text.split("--filter ").skip(1) {
            let filter = after.strip_prefix('\'').and_then(|after| after.split('\'').next());
            let filter = filter.unwrap_or_else(|| panic!("{name}: a filter without quotes"));
            if let Err(error) = Filter::parse(filter) {
                panic!("{name}: {filter}: {error}");
            }
            count += 1;
        }
    }
    assert!(count > 5, "{count} filters");
}
