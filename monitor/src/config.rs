//! Configuration: the only code that knows TOML.
//!
//! ```text
//! file ─► source ─► syntax ─► reader (schema, kind, list, value, allow) ─► check ─► Effective
//!                      └──────────┴── diagnostic (suggest) ─► Report ◄───────┘
//! ```
//!
//! A file is judged as a whole: every error is said at once, each with its place.

use std::path::{Path, PathBuf};

use crate::capture::status::Tier;
use crate::pipeline::settings::Settings;

/// `[[allow]]` rules.
mod allow;
/// What keys say about each other.
mod check;
/// An error or warning with its place, and how it is shown.
mod diagnostic;
/// The merged result and the documented example as TOML.
mod effective;
/// Opens and reads the file without trust in it.
mod file;
/// Names of hosts in rules.
mod host;
/// What a key takes: reads and shows its values.
mod kind;
/// Lists, and what they hold.
mod list;
/// Where metrics are served.
mod listen;
/// Networks in CIDR notation.
mod network;
/// Patterns of paths.
mod path;
/// From a TOML table to a [`Config`].
mod reader;
/// What of a new configuration takes a restart.
mod restart;
/// Every key: its name, meaning, range and place in a [`Config`].
mod schema;
/// A text with its lines.
mod source;
/// Errors of syntax, and what is left without them.
mod syntax;
/// Durations and sizes as people write them.
mod value;

pub use diagnostic::Report;
pub use effective::{Effective, example};
pub use file::{FileFault, read as read_file};
pub use listen::Listen;
pub use restart::keys_for_restart;
pub use value::{ValueError, parse_duration};

pub use crate::terminal::Color;

/// The file that is used where none is named; it need not exist.
pub const DEFAULT_PATH: &str = "/etc/apiwatch/config.toml";

/// The control socket unless the configuration says otherwise.
const DEFAULT_SOCKET: &str = "/run/apiwatch/apiwatch.sock";

/// All that can be configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// `[capture]`: the kernel side.
    pub capture: CaptureConfig,
    /// `[metrics]`: the Prometheus exporter.
    pub metrics: MetricsConfig,
    /// `[control]`: the control socket.
    pub control: ControlConfig,
    /// `[state]`: what survives a restart.
    pub state: StateConfig,
    /// `limits.memory`: hard cap on the memory of the daemon, in bytes.
    pub memory_bytes: u64,
    /// `[limits]`, `[volume]`, `[tls]`, `[routes]`, `[findings]` and `[[allow]]`: what the
    /// pipeline wants.
    pub pipeline: Settings,
}

/// The kernel side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureConfig {
    /// Hooks to use.
    pub tier: TierChoice,
    /// Size of the payload ring in bytes; a power of two.
    pub ring_bytes: u32,
}

/// Hooks to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TierChoice {
    /// The best one that loads.
    #[default]
    Auto,
    /// This one or none.
    Only(Tier),
}

/// The Prometheus exporter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsConfig {
    /// Where it listens.
    pub listen: Listen,
    /// The file with its certificate, and those between it and a root; none for no TLS.
    pub tls_certificate: Option<PathBuf>,
    /// The file with the key of the certificate; there where the certificate is.
    pub tls_key: Option<PathBuf>,
    /// The file with those who may scrape, and hashes of their passwords; none for everyone.
    pub users: Option<PathBuf>,
    /// Whether others than this host may be let in without TLS or without a password.
    pub insecure: bool,
    /// Most time series of one metric; what comes after is counted as `_other`.
    pub max_series: u32,
}

impl MetricsConfig {
    /// Every file that it names.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.tls_certificate, &self.tls_key, &self.users].into_iter().filter_map(Option::as_deref)
    }
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self {
            listen: Listen::default(),
            tls_certificate: None,
            tls_key: None,
            users: None,
            insecure: false,
            max_series: 2000,
        }
    }
}

/// The control socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlConfig {
    /// Absolute path of it; none where it is off.
    pub socket: Option<PathBuf>,
}

/// What survives a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateConfig {
    /// Absolute path of the directory.
    pub directory: PathBuf,
}

impl StateConfig {
    /// The file with the learned baseline.
    #[must_use]
    pub fn baseline_file(&self) -> PathBuf {
        self.directory.join("baseline")
    }

    /// The file with the findings that are open.
    #[must_use]
    pub fn findings_file(&self) -> PathBuf {
        self.directory.join("findings")
    }

    /// The file that says when the daemon last watched.
    #[must_use]
    pub fn watched_file(&self) -> PathBuf {
        self.directory.join("watched")
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            capture: CaptureConfig {
                tier: TierChoice::Auto,
                ring_bytes: monitor_common::limits::DATA_RING_BYTES,
            },
            metrics: MetricsConfig::default(),
            control: ControlConfig { socket: Some(PathBuf::from(DEFAULT_SOCKET)) },
            state: StateConfig { directory: PathBuf::from("/var/lib/apiwatch") },
            memory_bytes: 256 * 1024 * 1024,
            pipeline: Settings::default(),
        }
    }
}

/// Why there is no configuration. The exit code of each is 78.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be used at all.
    #[error("{path}: {fault}")]
    File {
        /// Its path, fit for a terminal.
        path: String,
        /// What is wrong with it.
        fault: FileFault,
    },
    /// The text of the file has errors.
    #[error("{}", .0.render(Color::Plain))]
    Text(Report),
}

impl ConfigError {
    /// The errors as shown to a person: one or more lines, without control characters
    /// other than line ends and, where asked for, colour.
    #[must_use]
    pub fn render(&self, color: Color) -> String {
        match self {
            Self::File { path, fault } => diagnostic::render_fault(path, fault, color),
            Self::Text(report) => report.render(color),
        }
    }
}

/// Reads the configuration: from `path` where one is named, else from
/// [`DEFAULT_PATH`] where that exists, else the built-in defaults.
///
/// # Errors
///
/// Returns [`ConfigError`] if the file cannot be used or has any error.
pub fn load(path: Option<&Path>) -> Result<Effective, ConfigError> {
    let default_path = Path::new(DEFAULT_PATH);
    match path {
        Some(path) => load_file(path),
        None if file::is_absent(default_path) => Ok(Effective::default()),
        None => load_file(default_path),
    }
}

fn load_file(path: &Path) -> Result<Effective, ConfigError> {
    let name = diagnostic::escape(&path.to_string_lossy());
    match file::read(path) {
        Ok(bytes) => parse(&name, bytes),
        Err(fault) => Err(ConfigError::File { path: name, fault }),
    }
}

/// Reads the configuration from the bytes of a file. `name` is shown as its path.
///
/// # Errors
///
/// Returns [`ConfigError::Text`] if there is any error.
pub fn parse(name: &str, bytes: Vec<u8>) -> Result<Effective, ConfigError> {
    let source = source::Source::from_bytes(name, bytes);
    source.and_then(reader::read).map_err(ConfigError::Text)
}

#[cfg(test)]
mod tests;
