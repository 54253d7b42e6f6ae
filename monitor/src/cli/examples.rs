//! Examples of each command, for its help and its manual page. Tests hold each line to the
//! grammar.

/// A line to type, and what it is for.
pub(super) struct Example {
    pub(super) line: &'static str,
    pub(super) purpose: &'static str,
}

const fn example(line: &'static str, purpose: &'static str) -> Example {
    Example { line, purpose }
}

/// Name of each command, with its examples; the empty name is apiwatch itself.
pub(super) static EXAMPLES: &[(&str, &[Example])] = &[
    (
        "",
        &[
            example("apiwatch doctor", "what this host allows, and what each lack costs"),
            example("sudo apiwatch top --standalone", "look at the traffic now"),
            example("apiwatch replay traffic.pcapng", "look at a capture of another program"),
        ],
    ),
    (
        "daemon",
        &[
            example("sudo apiwatch daemon", "findings as JSON lines, metrics on 127.0.0.1:9464"),
            example("sudo apiwatch daemon --print finding,exchange", "each exchange too"),
            example("sudo apiwatch daemon --config ./test.toml -v", "try a configuration"),
        ],
    ),
    (
        "top",
        &[
            example("apiwatch top", "show what the daemon sees"),
            example("sudo apiwatch top --standalone", "capture in this process, without a daemon"),
            example("apiwatch top --replay traffic.trace", "look at a recording"),
        ],
    ),
    (
        "tail",
        &[
            example("apiwatch tail", "everything, as it comes"),
            example(
                "apiwatch tail --type finding --snapshot",
                "findings, those that are open first",
            ),
            example("apiwatch tail --filter status:5xx", "what fails"),
        ],
    ),
    (
        "status",
        &[
            example("apiwatch status", "how the daemon fares"),
            example("apiwatch status --json", "for programs"),
        ],
    ),
    ("reload", &[example("sudo apiwatch reload", "have the configuration read again")]),
    (
        "record",
        &[
            example("sudo apiwatch record -o traffic.trace --for 10s", "ten seconds of this host"),
            example("sudo apiwatch record -o traffic.trace --print loss", "until Ctrl-C, quietly"),
        ],
    ),
    (
        "replay",
        &[
            example("apiwatch replay traffic.trace", "the records of a trace as JSON lines"),
            example("apiwatch replay capture.pcapng --print finding", "what is wrong in a capture"),
            example("apiwatch replay traffic.trace --config new.toml", "try another policy"),
            example("apiwatch replay big.pcap -o records.jsonl", "to a file for its owner only"),
            example("apiwatch replay traffic.trace | head", "a reader may stop when it likes"),
        ],
    ),
    (
        "check-config",
        &[
            example("apiwatch check-config", "the file that the daemon would use"),
            example("apiwatch check-config ./new.toml", "before it is installed"),
            example("apiwatch check-config --print-effective", "what is in force, and why"),
        ],
    ),
    (
        "doctor",
        &[
            example("sudo apiwatch doctor", "all that the daemon needs"),
            example("apiwatch doctor", "what an ordinary user may do, and what lacks for more"),
            example("sudo apiwatch doctor --json | jq .checks", "for programs"),
        ],
    ),
    (
        "completions",
        &[
            example(
                "apiwatch completions bash >~/.local/share/bash-completion/completions/apiwatch",
                "for bash",
            ),
            example("apiwatch completions zsh >~/.zfunc/_apiwatch", "for zsh, with it in fpath"),
            example(
                "apiwatch completions fish >~/.config/fish/completions/apiwatch.fish",
                "for fish",
            ),
        ],
    ),
    (
        "man",
        &[
            example("apiwatch man | man -l -", "read about all of apiwatch"),
            example("apiwatch man replay | man -l -", "read about one command"),
        ],
    ),
];

/// The examples of a command; none where there are none.
pub(super) fn of(name: &str) -> &'static [Example] {
    EXAMPLES.iter().find(|(command, _)| *command == name).map_or(&[], |(_, examples)| examples)
}

/// The examples of a command as the end of its help.
pub(super) fn help(name: &str) -> Option<String> {
    let examples = of(name);
    let lines = examples.iter().map(|it| format!("  # {}\n  {}", it.purpose, it.line));
    let lines: Vec<String> = lines.collect();
    (!lines.is_empty()).then(|| format!("Examples:\n{}", lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::grammar;

    #[test]
    fn every_command_has_examples_and_no_other() {
        let names: Vec<String> =
            grammar().get_subcommands().map(|it| it.get_name().to_owned()).collect();
        for name in &names {
            assert!(!of(name).is_empty(), "{name}");
        }
        for (name, _) in EXAMPLES.iter().filter(|(name, _)| !name.is_empty()) {
            assert!(names.iter().any(|it| it == name), "{name}");
        }
    }

    #[test]
    fn every_example_is_a_right_line_of_its_command() {
        for (name, examples) in EXAMPLES {
            for Example { line, purpose } in *examples {
                let words = words(line).into_iter().skip_while(|word| word == "sudo");
                let matches = grammar().try_get_matches_from(words).expect(line);
                let command = matches.subcommand_name().unwrap();
                assert!(name.is_empty() || command == *name, "{line}");
                assert!(!purpose.is_empty() && !purpose.ends_with('.'), "{purpose}");
            }
        }
    }

    /// The words of a command line up to a pipe, as a shell has them; only single quotes
    /// are known.
    fn words(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (index, part) in line.split('\'').enumerate() {
            if index % 2 == 1 {
                words.push(part.to_owned());
                continue;
            }
            let command = part.split(['|', '>']).next().unwrap_or_default();
            words.extend(command.split_whitespace().map(str::to_owned));
            if command.len() < part.len() {
                break;
            }
        }
        words
    }
}
