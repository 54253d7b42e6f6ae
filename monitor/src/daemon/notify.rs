//! What the daemon tells the service manager that started it (`sd_notify(3)`), over a
//! datagram socket that is kept open. Without such a manager nothing happens.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use crate::clock;
use crate::pipeline::text::printable;
use crate::pipeline::time::Timestamp;

/// Time between two lines of status.
const STATUS_INTERVAL: Duration = Duration::from_secs(10);

/// How long the start may take on a host whose kernel checks programs slowly.
const LOADING_TIMEOUT: Duration = Duration::from_secs(300);

/// How long a message may wait for a manager that does not read.
const SEND_TIMEOUT: Duration = Duration::from_millis(100);

/// Whether all is as it should be; a change is said at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Health {
    #[default]
    Healthy,
    Degraded,
}

/// Tells the service manager how the daemon fares.
#[derive(Debug, Default)]
pub(super) struct Notifier {
    socket: Option<UnixDatagram>,
    /// Time between two signs of life.
    watchdog: Option<Duration>,
    alive: Timestamp,
    said: Timestamp,
    health: Health,
}

/// What the service manager says in the environment.
#[derive(Debug, Default)]
struct Environment {
    socket: Option<OsString>,
    watchdog_microseconds: Option<OsString>,
    watchdog_pid: Option<OsString>,
}

impl Notifier {
    pub(super) fn from_environment() -> Self {
        Self::new(&Environment {
            socket: env::var_os("NOTIFY_SOCKET"),
            watchdog_microseconds: env::var_os("WATCHDOG_USEC"),
            watchdog_pid: env::var_os("WATCHDOG_PID"),
        })
    }

    fn new(environment: &Environment) -> Self {
        let socket = environment.socket.as_deref().and_then(|address| {
            connect(address)
                .inspect_err(|error| {
                    tracing::warn!(%error, "The service manager cannot be reached at $NOTIFY_SOCKET.");
                })
                .ok()
        });
        Self {
            socket,
            watchdog: environment.watchdog_interval(),
            alive: Timestamp::default(),
            said: Timestamp::default(),
            health: Health::default(),
        }
    }

    /// The start begins, and may take a while.
    pub(super) fn loading(&self) {
        let timeout = LOADING_TIMEOUT.as_micros();
        self.send(&format!("EXTEND_TIMEOUT_USEC={timeout}\nSTATUS=Loading programs."));
    }

    /// All is attached and bound; or a reload has ended, whether it succeeded or not.
    pub(super) fn ready(&mut self, status: &str, health: Health, now: Timestamp) {
        self.send(&format!("READY=1\nSTATUS={}", printable(status)));
        (self.said, self.health) = (now, health);
    }

    /// The configuration is read again.
    pub(super) fn reloading(&self) {
        let microseconds = clock::monotonic().0 / 1000;
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={microseconds}"));
    }

    /// The end begins.
    pub(super) fn stopping(&self) {
        self.send("STOPPING=1\nSTATUS=Stopping.");
    }

    /// The capture loop has turned: only it may say that the daemon lives.
    pub(super) fn turned(&mut self, now: Timestamp) {
        if self.watchdog.is_some_and(|interval| now.since(self.alive) >= interval) {
            self.alive = now;
            self.send("WATCHDOG=1");
        }
    }

    /// How the daemon fares, said now and then, and at once where its health has changed.
    pub(super) fn status(&mut self, health: Health, now: Timestamp, text: impl FnOnce() -> String) {
        if health == self.health && now.since(self.said) < STATUS_INTERVAL {
            return;
        }
        (self.said, self.health) = (now, health);
        self.send(&format!("STATUS={}", printable(&text())));
    }

    fn send(&self, message: &str) {
        if let Some(socket) = &self.socket
            && let Err(error) = socket.send(message.as_bytes())
        {
            tracing::debug!(%error, "The service manager cannot be told.");
        }
    }
}

impl Environment {
    /// Half of what the manager waits, where it waits for this process.
    fn watchdog_interval(&self) -> Option<Duration> {
        let number = |text: &Option<OsString>| text.as_ref()?.to_str()?.parse::<u64>().ok();
        let is_ours = self.watchdog_pid.is_none()
            || number(&self.watchdog_pid) == Some(std::process::id().into());
        let microseconds = number(&self.watchdog_microseconds).filter(|it| is_ours && *it > 0)?;
        Some(Duration::from_micros(microseconds) / 2)
    }
}

/// A path, or a name in the abstract namespace, which begins with `@`.
fn connect(address: &OsStr) -> io::Result<UnixDatagram> {
    let address = match address.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        [b'/', ..] => SocketAddr::from_pathname(address)?,
        _ => return Err(io::Error::other("it is neither a path nor an abstract name")),
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    socket.set_write_timeout(Some(SEND_TIMEOUT))?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A service manager.
    struct Fake {
        socket: UnixDatagram,
        notifier: Notifier,
        _directory: tempfile::TempDir,
    }

    impl Fake {
        /// One that waits for so many microseconds.
        fn new(watchdog: Option<&str>) -> Self {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("notify");
            let socket = UnixDatagram::bind(&path).unwrap();
            socket.set_nonblocking(true).unwrap();
            let notifier = Notifier::new(&Environment {
                socket: Some(path.into()),
                watchdog_microseconds: watchdog.map(Into::into),
                watchdog_pid: Some(std::process::id().to_string().into()),
            });
            Self { socket, notifier, _directory: directory }
        }

        fn told(&self) -> Vec<String> {
            let mut buffer = [0; 4096];
            let next = || Some(self.socket.recv(&mut buffer).ok()?).map(|it| (it, buffer));
            std::iter::from_fn(next)
                .map(|(length, bytes)| String::from_utf8(bytes[..length].to_vec()).unwrap())
                .collect()
        }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::default().plus(SECOND * 1000 + SECOND * u32::try_from(seconds).unwrap())
    }

    #[test]
    fn a_life_is_told_in_order() {
        let mut fake = Fake::new(None);
        let before = clock::monotonic().0 / 1000;
        fake.notifier.loading();
        fake.notifier.ready("Tier a.", Health::Healthy, at(0));
        fake.notifier.reloading();
        fake.notifier.ready("Refused:\n\u{1b}[2JREADY=0", Health::Degraded, at(1));
        fake.notifier.turned(at(2));
        fake.notifier.stopping();
        let told = fake.told();
        let reloading = told[2].strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        let began: u64 = reloading.parse().unwrap();
        assert!((before..=clock::monotonic().0 / 1000).contains(&began), "{began}");
        let others = [&told[0], &told[1], &told[3], &told[4]];
        assert_eq!(
            others,
            [
                "EXTEND_TIMEOUT_USEC=300000000\nSTATUS=Loading programs.",
                "READY=1\nSTATUS=Tier a.",
                "READY=1\nSTATUS=Refused:\u{fffd}\u{fffd}[2JREADY=0",
                "STOPPING=1\nSTATUS=Stopping.",
            ]
        );
        assert_eq!(told.len(), 5);
    }

    #[test]
    fn signs_of_life_come_at_half_the_time_and_only_from_turns() {
        let mut fake = Fake::new(Some("10000000"));
        fake.notifier.ready("", Health::Healthy, at(0));
        fake.told();
        for (seconds, expected) in [(0, 1), (4, 0), (5, 1), (9, 0), (100, 1), (104, 0)] {
            fake.notifier.status(Health::Healthy, at(seconds), String::new);
            assert!(!fake.told().contains(&"WATCHDOG=1".to_owned()), "no turn, no sign");
            fake.notifier.turned(at(seconds));
            assert_eq!(fake.told(), vec!["WATCHDOG=1"; expected], "after {seconds} s");
        }
    }

    #[test]
    fn the_status_is_said_now_and_then_and_when_health_changes() {
        let mut fake = Fake::new(None);
        fake.notifier.ready("", Health::Healthy, at(0));
        fake.told();
        for (seconds, health, is_said) in [
            (1, Health::Healthy, false),
            (9, Health::Healthy, false),
            (10, Health::Healthy, true),
            (11, Health::Degraded, true),
            (12, Health::Degraded, false),
            (13, Health::Healthy, true),
            (23, Health::Healthy, true),
        ] {
            fake.notifier.status(health, at(seconds), || "so".to_owned());
            assert_eq!(!fake.told().is_empty(), is_said, "after {seconds} s");
        }
    }

    #[test]
    fn an_abstract_name_is_reached() {
        let name = format!("apiwatch-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        let environment =
            Environment { socket: Some(format!("@{name}").into()), ..Environment::default() };
        Notifier::new(&environment).stopping();
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).unwrap();
        assert!(buffer[..length].starts_with(b"STOPPING=1"));
    }

    #[test]
    fn without_a_manager_nothing_happens() {
        for socket in [None, Some("/nonexistent/notify"), Some("vsock:2:1"), Some(""), Some("@")] {
            let socket = socket.map(OsString::from);
            let mut notifier = Notifier::new(&Environment { socket, ..Environment::default() });
            notifier.ready("", Health::Healthy, at(0));
            notifier.turned(at(100));
            notifier.stopping();
        }
    }

    #[test]
    fn a_watchdog_of_another_process_or_of_no_number_is_none() {
        for (microseconds, pid, expected) in [
            ("10", None, Some(Duration::from_micros(5))),
            ("10", Some("1"), None),
            ("0", None, None),
            ("-1", None, None),
            ("", None, None),
            ("99999999999999999999", None, None),
        ] {
            let environment = Environment {
                socket: None,
                watchdog_microseconds: Some(microseconds.into()),
                watchdog_pid: pid.map(Into::into),
            };
            assert_eq!(environment.watchdog_interval(), expected, "{microseconds} {pid:?}");
        }
    }
}
