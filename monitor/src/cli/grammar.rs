//! The grammar as a whole: what is declared, with examples, and with what can only be said
//! once all commands are known.

use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory as _, FromArgMatches as _};

use super::{Cli, examples};

/// Reads the command line; help, version and mistakes end the process as clap has it.
#[must_use]
pub fn parse() -> Cli {
    let matches = grammar().get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// The grammar of the command line.
#[must_use]
pub fn grammar() -> Command {
    let mut grammar = with_examples(Cli::command(), "");
    let names: Vec<String> = grammar.get_subcommands().map(|it| it.get_name().to_owned()).collect();
    // Each goes to the end when it is changed, so all are, in their order.
    for name in &names {
        grammar = grammar.mut_subcommand(name, |command| {
            let command = with_examples(command, name);
            match name.as_str() {
                "man" => command.mut_arg("command", |it| {
                    it.value_parser(PossibleValuesParser::new(names.clone()))
                }),
                "top" => {
                    command.mut_arg("tier", |it| it.requires("standalone").conflicts_with("socket"))
                }
                _ => command,
            }
        });
    }
    grammar
}

fn with_examples(command: Command, name: &str) -> Command {
    match examples::help(name) {
        Some(help) => command.after_help(help),
        None => command,
    }
}
