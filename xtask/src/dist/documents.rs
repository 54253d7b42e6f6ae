//! Manual pages and completions, as the program prints them.

use std::borrow::Cow;
use std::path::Path;

use anyhow::Result;

use super::program::Program;
use crate::{generate, run};

/// A text that the program prints about itself.
#[derive(Clone, Debug)]
pub(super) enum Document {
    /// Manual page, as `apiwatch-top.1`.
    Manual { name: String, text: String },
    /// Completions for a shell.
    Completions { shell: Shell, text: String },
}

/// The shells that completions are packed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shell {
    Bash,
    Fish,
    Zsh,
}

impl Shell {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Bash, "bash"), (Self::Fish, "fish"), (Self::Zsh, "zsh")];
}

/// Has the program print its documents. One for another architecture does not run here;
/// what is built from the same sources then prints the same.
pub(super) fn print(program: &Program) -> Result<Vec<Document>> {
    let printer: Cow<'_, Path> = if program.architecture.is_native() {
        Cow::Borrowed(&program.path)
    } else {
        Cow::Owned(run::build()?)
    };
    let mut documents = vec![manual(&printer, "apiwatch.1".to_owned(), &["man"])?];
    for command in generate::commands_of(&generate::printed(&printer, &["--help"])?) {
        let name = format!("apiwatch-{command}.1");
        documents.push(manual(&printer, name, &["man", &command])?);
    }
    for (shell, name) in Shell::ALL {
        let text = generate::printed(&printer, &["completions", name])?;
        documents.push(Document::Completions { shell, text });
    }
    Ok(documents)
}

fn manual(printer: &Path, name: String, arguments: &[&str]) -> Result<Document> {
    Ok(Document::Manual { name, text: generate::printed(printer, arguments)? })
}
