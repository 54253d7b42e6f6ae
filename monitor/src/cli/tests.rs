use clap::FromArgMatches as _;
use clap::error::ErrorKind;

use super::*;
use crate::tui::{Glyphs, Palette, Zone};

fn parse(line: &str) -> Result<Cli, clap::Error> {
    let words = std::iter::once("apiwatch").chain(line.split_whitespace());
    Cli::from_arg_matches(&grammar().try_get_matches_from(words)?)
}

#[test]
fn the_grammar_is_sound() {
    grammar().debug_assert();
}

#[test]
fn exactly_the_commands_of_this_version_exist() {
    let command = grammar();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let expected = [
        "daemon",
        "top",
        "tail",
        "status",
        "reload",
        "record",
        "replay",
        "check-config",
        "doctor",
        "completions",
        "man",
    ];
    assert_eq!(names, expected);
}

#[test]
fn every_help_text_is_one_line() {
    let mut command = grammar();
    command.build();
    for command in command.get_subcommands() {
        let about = command.get_about().expect("every command has a help text").to_string();
        assert_eq!(about.lines().count(), 1, "{about}");
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            assert_eq!(
                help.lines().count(),
                1,
                "{} {}: {help}",
                command.get_name(),
                argument.get_id()
            );
        }
    }
}

#[test]
fn right_lines_are_taken() {
    let lines = [
        "daemon",
        "daemon --tier a --print finding,exchange,connection,loss -v",
        "--config /etc/x.toml daemon",
        "daemon --config /etc/x.toml",
        "top",
        "top --standalone --tier b",
        "top --replay trace",
        "tail",
        "tail --filter method:POST --type exchange,status --rate 100 --snapshot --socket /x",
        "status --json --socket /x",
        "reload --config x.toml",
        "top --socket /x --theme dark",
        "top --replay trace --speed 0.5 --theme high-contrast --ascii --utc",
        "top --standalone --theme light --color always",
        "--color never doctor",
        "record --out trace",
        "record --out trace --for 10s --print loss --tier a -q",
        "replay trace --config x.toml --print finding",
        "replay trace -o - --no-progress",
        "replay trace --out records.jsonl",
        "record -o trace",
        "check-config",
        "check-config x.toml --print-effective",
        "--config x.toml check-config",
        "doctor --json",
        "completions bash",
        "man",
        "man check-config",
    ];
    for line in lines {
        assert!(parse(line).is_ok(), "{line}: {}", parse(line).unwrap_err());
    }
}

#[test]
fn wrong_lines_are_refused_with_the_code_of_wrong_usage() {
    let lines = [
        ("", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
        ("serve", ErrorKind::InvalidSubcommand),
        ("tail --type findings", ErrorKind::InvalidValue),
        ("tail --rate 0", ErrorKind::ValueValidation),
        ("status now", ErrorKind::UnknownArgument),
        ("daemon --tier c", ErrorKind::InvalidValue),
        ("daemon --print findings", ErrorKind::InvalidValue),
        ("daemon --print", ErrorKind::InvalidValue),
        ("daemon -v -q", ErrorKind::ArgumentConflict),
        ("top --tier a", ErrorKind::MissingRequiredArgument),
        ("top --standalone --replay trace", ErrorKind::ArgumentConflict),
        ("top --replay trace --tier a", ErrorKind::ArgumentConflict),
        ("top --standalone --speed 2", ErrorKind::ArgumentConflict),
        ("top --speed 2", ErrorKind::MissingRequiredArgument),
        ("top --socket /x --speed 2", ErrorKind::ArgumentConflict),
        ("top --socket /x --standalone", ErrorKind::ArgumentConflict),
        ("top --socket /x --replay trace", ErrorKind::ArgumentConflict),
        ("top --socket /x --tier a", ErrorKind::ArgumentConflict),
        ("top --replay trace --speed 0", ErrorKind::ValueValidation),
        ("top --replay trace --theme pink", ErrorKind::InvalidValue),
        ("doctor --color sometimes", ErrorKind::InvalidValue),
        ("record", ErrorKind::MissingRequiredArgument),
        ("record --out trace --for 10", ErrorKind::ValueValidation),
        ("record --out trace --for 0s", ErrorKind::ValueValidation),
        ("replay", ErrorKind::MissingRequiredArgument),
        ("replay trace --tier a", ErrorKind::UnknownArgument),
        ("check-config x.toml --config y.toml", ErrorKind::ArgumentConflict),
        ("completions csh", ErrorKind::InvalidValue),
        ("man tali", ErrorKind::InvalidValue),
    ];
    for (line, kind) in lines {
        let error = parse(line).expect_err(line);
        assert_eq!(error.kind(), kind, "{line}: {error}");
        assert_eq!(error.exit_code(), i32::from(Exit::Usage as u8), "{line}");
    }
}

#[test]
fn defaults_of_what_is_printed() {
    let Ok(Cli { command: Command::Daemon(daemon), .. }) = parse("daemon") else { panic!() };
    assert_eq!(daemon.print, [RecordType::Finding, RecordType::CoverageGap]);
    assert_eq!(daemon.capture.tier, None);
    let Ok(Cli { command: Command::Replay(replay), .. }) = parse("replay trace") else { panic!() };
    assert_eq!(replay.output.print, RecordType::value_variants());
    let line = "record --out trace --for 1m30s --tier b";
    let Ok(Cli { command: Command::Record(record), .. }) = parse(line) else { panic!() };
    assert_eq!(record.output.print, RecordType::value_variants());
    assert_eq!(record.duration, Some(Duration::from_secs(90)));
    assert_eq!(record.capture.tier, Some(Tier::B));
}

#[test]
fn traffic_of_top() {
    let Ok(Cli { command: Command::Top(daemon), .. }) = parse("top") else { panic!() };
    assert_eq!(daemon.traffic(), Traffic::Daemon);
    let Ok(Cli { command: Command::Top(live), .. }) = parse("top --standalone") else { panic!() };
    assert_eq!(live.traffic(), Traffic::Live);
    let Ok(Cli { command: Command::Top(trace), .. }) = parse("top --replay f") else { panic!() };
    assert_eq!(trace.traffic(), Traffic::Trace(Path::new("f")));
}

#[test]
fn log_levels() {
    let cases = [
        ("daemon", LevelFilter::INFO),
        ("daemon -v", LevelFilter::DEBUG),
        ("-v daemon -v", LevelFilter::DEBUG),
        ("daemon -vv", LevelFilter::TRACE),
        ("daemon -q", LevelFilter::WARN),
        ("daemon -qq", LevelFilter::ERROR),
    ];
    for (line, level) in cases {
        assert_eq!(parse(line).unwrap().log_level(), level, "{line}");
    }
}

#[test]
fn colours_are_those_of_the_theme_unless_there_are_none() {
    for (line, palette) in [
        ("top --standalone --color never --theme dark", Palette::Mono),
        ("top --standalone --color always --theme dark", Palette::Dark),
        ("top --standalone --color always", Palette::Ansi),
        ("top --standalone --color always --theme mono", Palette::Mono),
    ] {
        let Ok(Cli { command: Command::Top(top), color, .. }) = parse(line) else {
            panic!("{line}")
        };
        assert_eq!(top.look.palette(color), palette, "{line}");
    }
    let Ok(Cli { command: Command::Top(top), .. }) = parse("top --replay f --ascii --utc") else {
        panic!()
    };
    assert_eq!(top.look.glyphs(), Glyphs::Ascii);
    assert_eq!(top.look.zone(Zone::east(3_600)), Zone::UTC);
    assert_eq!(top.speed, Speed::Max);
}
