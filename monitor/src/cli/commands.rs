use std::io::{self, Write};
use std::path::Path;

use super::{CheckConfigArgs, CompletionsArgs, Exit, ManArgs, grammar, manual};
use crate::config::{self, Config, Effective};
use crate::terminal::Color;

/// Reads the configuration that a command uses, and says its warnings on standard error.
///
/// # Errors
///
/// Says every error on standard error and returns [`Exit::Config`] if it cannot be
/// used.
pub fn load_config(path: Option<&Path>, color: Color) -> Result<Config, Exit> {
    load(path, &mut io::stderr().lock(), color).map(|effective| effective.config)
}

/// `check-config`: says every error of a configuration, and prints the merged result
/// if asked to. `path` is what `--config` names.
#[must_use]
pub fn check_config(args: &CheckConfigArgs, path: Option<&Path>, color: Color) -> Exit {
    let (mut out, mut diagnostics) = (io::stdout().lock(), io::stderr().lock());
    check(args, path, &mut out, &mut diagnostics, color)
}

/// `completions`: prints completions for a shell.
#[must_use]
pub fn completions(args: &CompletionsArgs) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut grammar(), "apiwatch", &mut text);
    print(&text, &mut io::stdout().lock(), &mut io::stderr().lock())
}

/// `man`: prints a manual page in roff.
#[must_use]
pub fn man(args: &ManArgs) -> Exit {
    let page = manual::page(args.command.as_deref());
    print(&page, &mut io::stdout().lock(), &mut io::stderr().lock())
}

fn check(
    args: &CheckConfigArgs,
    path: Option<&Path>,
    out: &mut dyn Write,
    diagnostics: &mut dyn Write,
    color: Color,
) -> Exit {
    let effective = match load(args.file.as_deref().or(path), diagnostics, color) {
        Ok(effective) => effective,
        Err(exit) => return exit,
    };
    if args.print_effective {
        return print(effective.to_toml().as_bytes(), out, diagnostics);
    }
    say(
        diagnostics,
        &match effective.file() {
            Some(file) => format!("{file}: fine"),
            None => format!("there is no {}; the built-in defaults are used", config::DEFAULT_PATH),
        },
    );
    Exit::Success
}

fn load(path: Option<&Path>, diagnostics: &mut dyn Write, color: Color) -> Result<Effective, Exit> {
    match config::load(path) {
        Ok(effective) => {
            if let Some(warnings) = effective.warnings() {
                say(diagnostics, &warnings.render(color));
            }
            Ok(effective)
        }
        Err(error) => {
            say(diagnostics, &error.render(color));
            Err(Exit::Config)
        }
    }
}

/// Writes data to standard output. A reader that has read enough and closed the pipe is no
/// failure.
///
/// # Errors
/// When it cannot be written, as to a full disk.
pub fn write_stdout(data: &[u8]) -> io::Result<()> {
    write(data, &mut io::stdout().lock())
}

fn write(data: &[u8], out: &mut dyn Write) -> io::Result<()> {
    match out.write_all(data).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Prints data, and says why where it cannot.
fn print(text: &[u8], out: &mut dyn Write, diagnostics: &mut dyn Write) -> Exit {
    match write(text, out) {
        Err(error) => {
            say(diagnostics, &format!("error: cannot write to standard output: {error}"));
            Exit::Failure
        }
        Ok(()) => Exit::Success,
    }
}

/// Says a line. There is nowhere to complain if nobody listens.
fn say(diagnostics: &mut dyn Write, line: &str) {
    let _ = writeln!(diagnostics, "{line}");
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    /// Exit, standard output and standard error of `check-config`.
    fn checked(file: &Path, print_effective: bool) -> (Exit, String, String) {
        let args = CheckConfigArgs { file: Some(file.to_owned()), print_effective };
        let (mut out, mut diagnostics) = (Vec::new(), Vec::new());
        let exit = check(&args, None, &mut out, &mut diagnostics, Color::Plain);
        (exit, String::from_utf8(out).unwrap(), String::from_utf8(diagnostics).unwrap())
    }

    fn file(directory: &tempfile::TempDir, text: &str) -> PathBuf {
        let path = directory.path().join("config.toml");
        fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn a_good_file_is_fine() {
        let directory = tempfile::tempdir().unwrap();
        let path = file(&directory, "version = 1\n");
        let said = format!("{}: fine\n", path.display());
        assert_eq!(checked(&path, false), (Exit::Success, String::new(), said));
        let (exit, out, said) = checked(&path, true);
        assert_eq!((exit, said.as_str()), (Exit::Success, ""));
        assert!(out.starts_with("version = 1  # /"), "{out}");
    }

    #[test]
    fn warnings_are_said_and_are_no_failure() {
        let directory = tempfile::tempdir().unwrap();
        let path = file(&directory, "[[allow]]\n");
        let (exit, out, said) = checked(&path, false);
        assert_eq!((exit, out.as_str()), (Exit::Success, ""));
        assert!(said.starts_with("warning: this rule lets every process"), "{said}");
    }

    #[test]
    fn a_bad_file_is_refused_without_output() {
        let directory = tempfile::tempdir().unwrap();
        let path = file(&directory, "colour = 1\n[metrics]\nmax_series = 0\n");
        for path in [path.as_path(), directory.path(), Path::new("/dev/zero"), Path::new("/none")] {
            let (exit, out, said) = checked(path, true);
            assert_eq!((exit, out.as_str()), (Exit::Config, ""));
            assert!(said.starts_with("error: "), "{said}");
        }
        assert_eq!(checked(&path, false).2.matches("error: ").count(), 2);
    }

    #[test]
    fn a_closed_pipe_is_no_failure_and_a_full_disk_is() {
        struct Broken(io::ErrorKind);
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let cases = [
            (io::ErrorKind::BrokenPipe, Exit::Success),
            (io::ErrorKind::StorageFull, Exit::Failure),
        ];
        for (kind, exit) in cases {
            assert_eq!(print(b"text", &mut Broken(kind), &mut Vec::new()), exit);
        }
    }
}
