use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::{DeInteger, DeValue};

use super::Config;
use super::diagnostic::obeyed;
use super::list::{self, Fault, cipher, list, port};
use super::listen;
use super::path;
use super::schema::{Kind, TIERS, Unit};
use super::value::{format_duration, format_size, parse_duration, parse_size};
use crate::control::socket::LONGEST_PATH as LONGEST_SOCKET;
use crate::pipeline::output::tls::CipherSuite;
use crate::suggest::nearest;

/// Longest path, in bytes (`PATH_MAX`).
const LONGEST_PATH: usize = 4096;

/// What turns a socket or a file off.
const OFF: &str = "off";

/// Why a value is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// What is wrong with it.
    pub(super) reason: String,
    /// What to do about it.
    pub(super) remedy: Option<String>,
}

impl Refusal {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), remedy: None }
    }

    pub(super) fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// The value is of another type.
    pub(super) fn found(value: &DeValue<'_>) -> Self {
        Self::new(format!("this is {}", type_name(value)))
    }
}

impl Kind {
    /// Puts a value into its place.
    pub(super) fn accept(&self, config: &mut Config, value: &DeValue<'_>) -> Result<(), Fault> {
        match self {
            Self::Whole { unit, least, most, set, .. } => {
                set(config, whole(*unit, *least, *most, value)?);
            }
            Self::Duration { least, most, set, .. } => {
                set(config, duration(*least, *most, value)?);
            }
            Self::Real { least, most, set, .. } => set(config, real(*least, *most, value)?),
            Self::Flag { set, .. } => set(config, flag(value)?),
            Self::Choice { choices, set, .. } => set(config, choice(choices, value)?),
            Self::Ports { set, .. } => set(config, list(value, port)?),
            Self::Ciphers { set, .. } => set(config, list(value, cipher)?),
            Self::Paths { set, .. } => set(config, list(value, path::pattern)?),
            Self::File { set, .. } => set(config, path_or_off(value, LONGEST_PATH, "file")?),
            Self::Tier => config.capture.tier = choice(TIERS, value)?,
            Self::Listen => config.metrics.listen = listen::read(value)?,
            Self::Directory => config.state.directory = absolute(value, LONGEST_PATH)?,
            Self::Socket => {
                config.control.socket = path_or_off(value, LONGEST_SOCKET, "socket")?;
            }
        }
        Ok(())
    }

    /// What is taken, as the end of "it must be ...".
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Whole { least, most, .. } if least == most => least.to_string(),
            Self::Whole { unit: Unit::Count, least, most, .. } => {
                format!("a whole number from {least} to {most}")
            }
            Self::Whole { unit, least, most, .. } => {
                let form = if *unit == Unit::Bytes { "" } else { ", a power of two" };
                format!("a size from {} to {}{form}", format_size(*least), format_size(*most))
            }
            Self::Duration { least, most, .. } => {
                format!("a duration from {} to {}", format_duration(*least), format_duration(*most))
            }
            Self::Real { least, most, .. } => format!("a number from {least:?} to {most:?}"),
            Self::Flag { .. } => "true or false".to_owned(),
            Self::Choice { choices, .. } => one_of(choices),
            Self::Ports { .. } => "a list of ports from 1 to 65535, as [443]".to_owned(),
            Self::Ciphers { .. } => {
                "a list of cipher suites, as [\"TLS_AES_256_GCM_SHA384\"]".to_owned()
            }
            Self::Paths { .. } => {
                "a list of paths, as [\"/accounts/{id}\", \"/static/*\"]".to_owned()
            }
            Self::File { .. } => format!("an absolute path, or \"{OFF}\""),
            Self::Tier => one_of(TIERS),
            Self::Listen => {
                "an IP address with a port, or \"unix:\" with an absolute path".to_owned()
            }
            Self::Directory => "an absolute path".to_owned(),
            Self::Socket => {
                format!("an absolute path of at most {LONGEST_SOCKET} bytes, or \"{OFF}\"")
            }
        }
    }

    /// The value in its place, as TOML on one line.
    pub(super) fn show(&self, config: &Config) -> String {
        match self {
            Self::Whole { unit: Unit::Count, value, .. } => value(config).to_string(),
            Self::Whole { value, .. } => quoted(&format_size(value(config))),
            Self::Duration { value, .. } => quoted(&format_duration(value(config))),
            Self::Real { value, .. } => format!("{:?}", value(config)),
            Self::Flag { value, .. } => value(config).to_string(),
            Self::Choice { choices, value, .. } => quoted(name_of(choices, value(config))),
            Self::Ports { value, .. } => list::show(value(config).iter().map(u16::to_string)),
            Self::Ciphers { value, .. } => {
                let suites = value(config).iter().map(|suite| CipherSuite(*suite));
                list::show(suites.map(|suite| quoted(&suite.to_string())))
            }
            Self::Paths { value, .. } => list::show(value(config).iter().map(|path| quoted(path))),
            Self::Tier => quoted(name_of(TIERS, config.capture.tier)),
            Self::Listen => quoted(&config.metrics.listen.to_string()),
            Self::Directory => quoted(&config.state.directory.to_string_lossy()),
            Self::File { value, .. } => shown(value(config)),
            Self::Socket => shown(config.control.socket.as_deref()),
        }
    }
}

/// A text as a TOML string on one line, fit for a terminal.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if obeyed(letter) || letter == '\t' => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// A whole number of any radix; none beyond 128 bits.
pub(super) fn integer(number: &DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(number.as_str(), number.radix()).ok()
}

/// A text that stays on its line wherever it is shown.
pub(super) fn plain_text(text: &str, longest: usize) -> Result<(), Refusal> {
    if text.is_empty() {
        return Err(Refusal::new("empty"));
    }
    if text.len() > longest {
        return Err(Refusal::new(format!("longer than {longest} bytes")));
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::new("it has a control character"));
    }
    Ok(())
}

fn whole(unit: Unit, least: u64, most: u64, value: &DeValue<'_>) -> Result<u64, Refusal> {
    let number = match (unit, value) {
        (_, DeValue::Integer(number)) => integer(number).map(u64::try_from).and_then(Result::ok),
        (Unit::Bytes | Unit::PowerOfTwoBytes, DeValue::String(text)) => {
            Some(parse_size(text).map_err(|error| size_refusal(error.to_string(), text))?)
        }
        (Unit::Bytes | Unit::PowerOfTwoBytes, other) => {
            let remedy = "write a number of bytes, or a text with a unit, as \"64MiB\"";
            return Err(Refusal::found(other).remedy(remedy));
        }
        (Unit::Count, other) => return Err(Refusal::found(other)),
    };
    let number = number.filter(|number| (least..=most).contains(number));
    let number = number.ok_or_else(|| Refusal::new("out of range"))?;
    if unit == Unit::PowerOfTwoBytes && !number.is_power_of_two() {
        return Err(not_a_power_of_two(number, most));
    }
    Ok(number)
}

fn size_refusal(reason: String, text: &str) -> Refusal {
    let binary = text.trim_end_matches(['B', 'b', 'i']).to_ascii_uppercase().replace(' ', "");
    let binary =
        binary.replace('K', "Ki").replace('M', "Mi").replace('G', "Gi").replace('T', "Ti") + "B";
    let refusal = Refusal::new(reason);
    if parse_size(&binary).is_ok() {
        return refusal.remedy(format!("did you mean \"{binary}\"?"));
    }
    refusal
}

fn not_a_power_of_two(number: u64, most: u64) -> Refusal {
    let above = number.next_power_of_two();
    let near = [above / 2, above].map(format_size);
    let remedy = match near {
        [below, above_text] if above <= most => format!("the nearest are {below} and {above_text}"),
        [below, _] => format!("the nearest is {below}"),
    };
    Refusal::new("not a power of two").remedy(remedy)
}

fn duration(least: Duration, most: Duration, value: &DeValue<'_>) -> Result<Duration, Refusal> {
    let DeValue::String(text) = value else {
        return Err(Refusal::found(value).remedy("write a text with a unit, as \"60s\""));
    };
    let duration = parse_duration(text).map_err(|error| Refusal::new(error.to_string()))?;
    let in_range = (least..=most).contains(&duration);
    if in_range { Ok(duration) } else { Err(Refusal::new("out of range")) }
}

fn real(least: f64, most: f64, value: &DeValue<'_>) -> Result<f64, Refusal> {
    let number: Option<f64> = match value {
        DeValue::Float(number) => number.as_str().parse().ok(),
        DeValue::Integer(number) => {
            integer(number).map(i32::try_from).and_then(Result::ok).map(f64::from)
        }
        other => return Err(Refusal::found(other)),
    };
    let number = number.filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| Refusal::new("out of range"))
}

fn flag(value: &DeValue<'_>) -> Result<bool, Refusal> {
    match value {
        DeValue::Boolean(flag) => Ok(*flag),
        DeValue::String(text) if matches!(text.as_ref(), "true" | "false") => {
            Err(Refusal::found(value).remedy(format!("write {text} without quotes")))
        }
        other => Err(Refusal::found(other)),
    }
}

fn choice<T: Copy>(choices: &[(&str, T)], value: &DeValue<'_>) -> Result<T, Refusal> {
    let text = match value {
        DeValue::String(text) => text,
        DeValue::Float(number) if choices.iter().any(|(name, _)| *name == number.as_str()) => {
            let remedy = format!("write it as a text: \"{}\"", number.as_str());
            return Err(Refusal::found(value).remedy(remedy));
        }
        other => return Err(Refusal::found(other)),
    };
    if let Some((_, choice)) = choices.iter().find(|(name, _)| name == text) {
        return Ok(*choice);
    }
    let refusal = Refusal::new("there is no such choice");
    // Of numbers the nearest is seldom the one that was meant.
    let words = choices.iter().map(|(name, _)| *name).filter(|name| !name.contains('.'));
    Err(match nearest(text, words) {
        Some(name) => refusal.remedy(format!("did you mean \"{name}\"?")),
        None => refusal,
    })
}

fn name_of<T: Copy + PartialEq>(choices: &[(&'static str, T)], value: T) -> &'static str {
    choices.iter().find(|(_, choice)| *choice == value).expect("every choice has a name").0
}

fn one_of<T>(choices: &[(&str, T)]) -> String {
    let names: Vec<String> = choices.iter().map(|(name, _)| quoted(name)).collect();
    format!("one of {}", names.join(", "))
}

/// Reads the absolute path of a file or socket, or that there is none.
fn path_or_off(
    value: &DeValue<'_>,
    longest: usize,
    what: &str,
) -> Result<Option<PathBuf>, Refusal> {
    match value {
        DeValue::String(text) if text == OFF => Ok(None),
        DeValue::Boolean(false) => Err(Refusal::found(value).remedy(format!("write \"{OFF}\""))),
        DeValue::String(text) if text.ends_with('/') => {
            let refusal = Refusal::new("it names a directory");
            Err(refusal.remedy(format!("add the name of the {what}")))
        }
        _ => absolute(value, longest).map(Some),
    }
}

fn shown(path: Option<&Path>) -> String {
    path.map_or_else(|| quoted(OFF), |path| quoted(&path.to_string_lossy()))
}

/// Reads an absolute path of at most so many bytes.
pub(super) fn absolute(value: &DeValue<'_>, longest: usize) -> Result<PathBuf, Refusal> {
    let DeValue::String(text) = value else { return Err(Refusal::found(value)) };
    plain_text(text, longest)?;
    if !text.starts_with('/') {
        return Err(Refusal::new("it does not start with `/`"));
    }
    Ok(PathBuf::from(text.as_ref()))
}

fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
