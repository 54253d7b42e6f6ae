use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::schema::{Kind, SECTIONS, TIERS, Unit};
use super::*;
use crate::pipeline::output::tls::CipherSuite;
use crate::pipeline::settings::{AllowRule, Network};

/// What `check-config --print-effective` says of a text: diagnostics, then the result.
fn told(bytes: Vec<u8>) -> String {
    match parse("case.toml", bytes) {
        Err(error) => error.render(Color::Plain),
        Ok(effective) => {
            let warnings = effective.warnings().map(|report| report.render(Color::Plain) + "\n\n");
            warnings.unwrap_or_default() + &effective.to_toml()
        }
    }
}

fn read_back(text: &str) -> Config {
    match parse("effective.toml", text.as_bytes().to_vec()) {
        Ok(effective) => effective.config,
        Err(error) => panic!("{error}\n\n{text}"),
    }
}

#[test]
fn every_case_is_told_as_recorded() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/cases");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&directory);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut cases = 0;
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        let bytes = fs::read(&path).unwrap();
        let valid = parse("case.toml", bytes.clone()).is_ok();
        assert_eq!(valid, name.starts_with("valid-"), "{name}: {}", told(bytes));
        settings.bind(|| insta::assert_snapshot!(name, told(fs::read(&path).unwrap())));
        cases += 1;
    }
    assert!(cases >= 17, "{cases} cases");
}

#[test]
fn the_packaged_example_documents_every_key_and_gives_the_defaults() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/apiwatch.toml");
    let packaged = fs::read_to_string(path).unwrap();
    assert_eq!(packaged, example(), "write config::example() to packaging/apiwatch.toml");
    assert_eq!(read_back(&packaged), Config::default());
}

#[test]
fn the_example_with_its_values_uncommented_gives_the_defaults() {
    let uncommented: String = example()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(value) if !value.is_empty() && !value.starts_with(' ') => format!("{value}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let keys = SECTIONS.iter().map(|section| section.keys.len()).sum::<usize>();
    assert_eq!(
        uncommented.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')).count(),
        keys
    );
    assert_eq!(read_back(&uncommented), Config::default());
}

#[test]
fn the_example_rules_of_the_documentation_are_valid() {
    let rule: String = example()
        .lines()
        .filter_map(|line| line.strip_prefix("#     "))
        .map(|line| format!("{line}\n"))
        .collect();
    let config = read_back(&rule);
    assert_eq!(config.pipeline.allow.len(), 2);
    assert_eq!(config.pipeline.allow[0].names.len(), 2);
    assert_eq!(config.pipeline.allow[1].networks.len(), 2);
}

#[test]
fn defaults_are_shown_as_defaults() {
    let effective = Effective::default();
    assert_eq!(effective.file(), None);
    let values = effective.to_toml().lines().filter(|line| line.contains(" = ")).count();
    assert_eq!(effective.to_toml().matches("  # default\n").count(), values);
    assert_eq!(read_back(&effective.to_toml()), Config::default());
}

#[test]
fn a_file_that_cannot_be_used_is_told_with_its_remedy() {
    let error = load(Some(Path::new("/nonexistent/\x1b[31m.toml"))).unwrap_err();
    let expected = "error: /nonexistent/\\u{1b}[31m.toml: there is no such file\n |\n \
                    = help: without a configuration the built-in defaults are used";
    assert_eq!(error.render(Color::Plain), expected);
}

#[test]
fn a_file_is_named_with_the_line_that_set_a_value() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("my.toml");
    fs::write(&path, "\n[metrics]\nmax_series = 77\n").unwrap();
    let effective = load(Some(&path)).unwrap();
    assert_eq!(effective.config.metrics.max_series, 77);
    let expected = format!("# {}:3\n", path.display());
    let shown = effective.to_toml();
    assert!(shown.lines().any(|line| line.starts_with("max_series = 77 ")), "{shown}");
    assert!(shown.contains(&expected), "{shown}");
}

#[test]
fn a_file_name_cannot_leave_its_comment() {
    let bytes = b"[metrics]\nmax_series = 77\n".to_vec();
    let effective = parse("a\nversion = 3\x1b", bytes).unwrap();
    assert_eq!(read_back(&effective.to_toml()).metrics.max_series, 77);
    assert!(!effective.to_toml().contains('\x1b'));
}

#[test]
fn deep_and_endless_texts_are_refused_with_few_words() {
    let texts = [
        "[".repeat(500_000),
        format!("a = {}", "[".repeat(500_000)),
        format!("a = {}", "{a=".repeat(300_000)),
        format!("{}a = 1", "a.".repeat(500_000)),
        "a=1\n".repeat(25_000),
        (0..10_000).map(|key| format!("k{key} = 1\n")).collect(),
        format!("{} = 1", "k".repeat(1_000_000)),
        format!("allow = [{}]", "1,".repeat(50_000)),
    ];
    for text in texts {
        let start: String = text.chars().take(20).collect();
        let told = parse("case.toml", text.into_bytes()).unwrap_err().render(Color::Plain);
        assert!(told.len() < 100_000, "{} bytes for {start}", told.len());
    }
}

/// Any configuration that a file can give.
fn any_config() -> impl Strategy<Value = Config> {
    let numbers = prop::collection::vec(any::<u64>(), 60);
    let rules = prop::collection::vec(any_rule(), 0..4);
    let socket = prop::option::of("/(\\PC|\u{202e}){0,20}[^/\\pC]");
    let paths = ("/(\\PC|\u{202e}){0,30}", socket);
    (numbers, rules, any::<(std::net::IpAddr, u16)>(), paths, 0..TIERS.len()).prop_map(
        |(numbers, rules, listen, (directory, socket), tier)| {
            let mut config = Config::default();
            let mut numbers = numbers.into_iter();
            for key in SECTIONS.iter().flat_map(|section| section.keys) {
                within(&key.kind, &mut config, numbers.next().unwrap_or_default());
            }
            config.capture.tier = TIERS[tier].1;
            config.metrics.listen = Listen::Tcp(listen.into());
            config.metrics.insecure = true;
            config.state.directory = directory.into();
            config.control.socket = socket.map(Into::into);
            config.memory_bytes = 64 << 30;
            config.pipeline.limits.head_bytes = 4096;
            config.pipeline.limits.buffered_bytes |= 16 << 20;
            let tls = &mut config.pipeline.tls;
            tls.refused_ciphers.retain(|suite| !tls.allowed_ciphers.contains(suite));
            config.pipeline.allow = rules;
            config
        },
    )
}

fn within(kind: &Kind, config: &mut Config, number: u64) {
    match kind {
        Kind::Whole { unit: Unit::PowerOfTwoBytes, least, set, .. } => {
            set(config, least << (number % 12));
        }
        Kind::Whole { least, most, set, .. } => set(config, least + number % (most - least + 1)),
        Kind::Duration { least, most, set, .. } => {
            let span = most.as_nanos() as u64 - least.as_nanos() as u64;
            set(config, *least + std::time::Duration::from_nanos(number % (span + 1)));
        }
        Kind::Real { least, most, set, .. } => {
            set(config, least + (most - least) * (number as f64 / u64::MAX as f64));
        }
        Kind::Flag { set, .. } => set(config, number % 2 == 1),
        Kind::Choice { choices, set, .. } => {
            set(config, choices[number as usize % choices.len()].1);
        }
        // The ports of one list are odd, those of the other even.
        Kind::Ports { set, value } => {
            let is_odd = value(config).iter().any(|port| port % 2 == 1);
            let ports =
                number.to_le_bytes().map(|byte| u16::from(byte) * 2 + 2 - u16::from(is_odd));
            set(config, ports[..number as usize % 8].to_vec());
        }
        Kind::Ciphers { set, .. } => {
            let suites = CipherSuite::names().skip(number as usize % 300).take(number as usize % 4);
            let suites = suites.map(|name| CipherSuite::from_name(name).unwrap().0);
            set(config, suites.collect());
        }
        Kind::Paths { set, .. } => {
            let paths = ["/", "/accounts/{id}", "/\"a\\b\"/{x}/*", "/\u{202e}"];
            set(config, paths[..number as usize % 5].iter().map(|&path| path.into()).collect());
        }
        // A certificate goes with a key, so all files are there.
        Kind::File { set, .. } => set(config, Some("/etc/\"a\" ö/\u{202e}".into())),
        Kind::Tier | Kind::Listen | Kind::Directory | Kind::Socket => {}
    }
}

prop_compose! {
    fn any_rule()(
        unit in prop::option::of("[a-z\"\\\\ö@-]{1,20}[.]service[*]?"),
        exe in prop::option::of("/[a-z\"'\\\\ö \u{202e}]{0,20}[*]?"),
        user in prop::option::of("[a-z0-9\"#]{1,20}"),
        names in prop::collection::vec("([*][.])?[a-z][a-z0-9_]{0,9}[.]example", 0..3),
        addresses in prop::collection::vec((any::<std::net::IpAddr>(), any::<u8>()), 0..3),
        ports in prop::collection::vec(1u16.., 0..3),
    ) -> AllowRule {
        let networks = addresses.into_iter().filter_map(|(address, prefix)| any_network(address, prefix));
        AllowRule { unit, exe, user, names, networks: networks.collect(), ports }
    }
}

fn any_network(address: std::net::IpAddr, prefix: u8) -> Option<Network> {
    match network::parse(&format!("{address}/{}", prefix % 33)) {
        Ok(network) => Some(network),
        Err(error) => network::parse(error.correction()?).ok(),
    }
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_to_the_same(config in any_config()) {
        let mut effective = Effective::default();
        effective.config = config;
        let is_escaped = !effective.to_toml().contains('\u{202e}');
        prop_assert!(is_escaped);
        prop_assert_eq!(read_back(&effective.to_toml()), effective.config);
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = told(bytes);
    }

    #[test]
    fn any_mutation_of_a_good_file_is_answered(
        cut in 0usize..2400,
        length in 0usize..40,
        insert in "(\\PC|[\\[\\]={}\"'\n.,#*/-]){0,8}",
    ) {
        let mut text = include_str!("cases/valid-every-key.toml").to_owned();
        text.push_str(include_str!("cases/valid-allow.toml").split_once('\n').unwrap().1);
        let from = text.floor_char_boundary(cut.min(text.len()));
        let to = text.floor_char_boundary((from + length).min(text.len()));
        text.replace_range(from..to.max(from), &insert);
        let _ = told(text.into_bytes());
    }
}
