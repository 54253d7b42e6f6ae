//! Manual pages: what clap knows, and what it does not.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::examples::{self, Example};
use super::grammar;
use crate::config::DEFAULT_PATH;

/// A word and what it means.
type Entry = (&'static str, &'static str);

const EXIT_STATUS: &[Entry] = &[
    ("0", "Fine. A reader of standard output that closed it early is no failure."),
    ("1", "A failure or a violation; for doctor: something lacks, and the daemon runs without it."),
    ("2", "The command line is wrong."),
    ("69", "The daemon is not reachable, or this kernel cannot be watched."),
    ("77", "A privilege lacks: run it with sudo, or grant CAP_BPF and CAP_PERFMON."),
    ("78", "The configuration is wrong: apiwatch check-config says where."),
];

const FILES: &[Entry] = &[
    (DEFAULT_PATH, "Configuration. It need not exist; an empty file gives the defaults."),
    (
        "/var/lib/apiwatch/",
        "What was learned and the findings that are open, kept across restarts (state.directory).",
    ),
    ("/run/apiwatch/apiwatch.sock", "Where the daemon is reached by the other commands."),
    ("/sys/kernel/btf/vmlinux", "The kernel's own types, by which its structures are found."),
];

const ENVIRONMENT: &[Entry] = &[
    ("NO_COLOR", "If it is set and not empty, nothing is coloured."),
    ("TERM", "The kind of the terminal that top draws on."),
];

/// The manual page of apiwatch or of one of its commands, in roff.
pub(super) fn page(name: Option<&str>) -> Vec<u8> {
    let mut page = Vec::new();
    render(name, &mut page).expect("writing to memory does not fail");
    page
}

fn render(name: Option<&str>, page: &mut Vec<u8>) -> io::Result<()> {
    let mut all = grammar();
    all.build();
    let command = name.and_then(|name| all.find_subcommand(name)).unwrap_or(&all).clone();
    let has_commands = command.has_subcommands();
    let man = Man::new(command).manual("apiwatch");
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if has_commands {
        man.render_subcommands_section(page)?;
    }
    example_section(name.unwrap_or_default()).to_writer(page)?;
    for (title, entries) in
        [("EXIT STATUS", EXIT_STATUS), ("FILES", FILES), ("ENVIRONMENT", ENVIRONMENT)]
    {
        entry_section(title, entries).to_writer(page)?;
    }
    see_also(name, &all).to_writer(page)
}

fn example_section(name: &str) -> Roff {
    let mut section = Roff::new();
    section.control("SH", ["EXAMPLES"]);
    for Example { line, purpose } in examples::of(name) {
        section.control("TP", []);
        section.text([bold(*line)]);
        section.text([roman(*purpose)]);
    }
    section
}

fn entry_section(title: &str, entries: &[Entry]) -> Roff {
    let mut section = Roff::new();
    section.control("SH", [title]);
    for (word, meaning) in entries {
        section.control("TP", []);
        section.text([bold(*word)]);
        section.text([roman(*meaning)]);
    }
    section
}

/// The other pages: those of all commands, or the one of apiwatch.
fn see_also(name: Option<&str>, all: &Command) -> Roff {
    let mut section = Roff::new();
    section.control("SH", ["SEE ALSO"]);
    let pages = match name {
        Some(_) => "apiwatch(1)".to_owned(),
        None => {
            let pages = all.get_subcommands().map(|it| format!("apiwatch-{}(1)", it.get_name()));
            pages.collect::<Vec<_>>().join(", ")
        }
    };
    section.text([roman(pages)]);
    section
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Exit;

    fn text_of(name: Option<&str>) -> String {
        String::from_utf8(page(name)).unwrap()
    }

    #[test]
    fn every_command_has_a_page_with_every_section() {
        let all = text_of(None);
        for command in grammar().get_subcommands() {
            let name = command.get_name().replace('-', "\\-");
            assert!(all.contains(&format!("apiwatch\\-{name}(1)")), "{name}");
            let own = text_of(Some(command.get_name()));
            assert!(own.contains(&format!("apiwatch\\-{name}")), "{own}");
            for section in [
                "NAME",
                "SYNOPSIS",
                "OPTIONS",
                "EXAMPLES",
                "\"EXIT STATUS\"",
                "FILES",
                "ENVIRONMENT",
            ] {
                let heads = own.lines().filter(|line| *line == format!(".SH {section}")).count();
                assert_eq!(heads, 1, "{name}: {section}");
            }
        }
    }

    #[test]
    fn the_exit_codes_are_those_of_the_commands() {
        let codes: Vec<u8> = EXIT_STATUS.iter().map(|(code, _)| code.parse().unwrap()).collect();
        let exits = [
            Exit::Success,
            Exit::Failure,
            Exit::Usage,
            Exit::Unavailable,
            Exit::Privilege,
            Exit::Config,
        ];
        assert_eq!(codes, exits.map(|exit| exit as u8));
    }
}
