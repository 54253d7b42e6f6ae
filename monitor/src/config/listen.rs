use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use toml::de::DeValue;

use super::kind::{Refusal, absolute};
use crate::control::socket::LONGEST_PATH;

/// What stands before the path of a socket.
const UNIX: &str = "unix:";

/// The port where the configuration names none.
const DEFAULT_PORT: u16 = 9464;

/// Where metrics are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// An address with a port; port 0 lets the kernel choose.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Listen {
    /// Whether only who is on this host can connect.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self::Tcp((std::net::Ipv4Addr::LOCALHOST, DEFAULT_PORT).into())
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(to),
            Self::Unix(path) => write!(to, "{UNIX}{}", path.display()),
        }
    }
}

/// Reads `127.0.0.1:9464` or `unix:/run/apiwatch/metrics.sock`.
pub(super) fn read(value: &DeValue<'_>) -> Result<Listen, Refusal> {
    let DeValue::String(text) = value else { return Err(Refusal::found(value)) };
    if let Some(path) = text.strip_prefix(UNIX) {
        if path.ends_with('/') {
            let refusal = Refusal::new("it names a directory");
            return Err(refusal.remedy("add the name of the socket"));
        }
        return absolute(&DeValue::String(path.into()), LONGEST_PATH).map(Listen::Unix);
    }
    if let Ok(address) = text.parse() {
        return Ok(Listen::Tcp(address));
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        let complete = SocketAddr::new(address, DEFAULT_PORT);
        return Err(Refusal::new("the port is missing").remedy(format!("write \"{complete}\"")));
    }
    if text.starts_with('/') {
        let meant = format!("did you mean \"{UNIX}{}\"?", super::diagnostic::escape_short(text));
        return Err(Refusal::new("a path stands behind `unix:`").remedy(meant));
    }
    Err(Refusal::new("not an address with a port")
        .remedy("names are not resolved; write as \"127.0.0.1:9464\" or \"[::1]:9464\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_sockets_are_read_and_shown() {
        for (text, is_local) in [
            ("127.0.0.1:9464", Some(true)),
            ("[::1]:0", Some(true)),
            ("[::ffff:127.0.0.1]:1", Some(true)),
            ("0.0.0.0:9464", Some(false)),
            ("[::]:9464", Some(false)),
            ("unix:/run/apiwatch/metrics.sock", Some(true)),
            ("unix:run/x", None),
            ("unix:/run/", None),
            ("unix:", None),
            ("unix:/a\u{1b}b", None),
            ("/run/apiwatch/metrics.sock", None),
            ("127.0.0.1", None),
            ("localhost:9464", None),
            ("", None),
        ] {
            let listen = read(&DeValue::String(text.into()));
            assert_eq!(listen.as_ref().ok().map(Listen::is_local), is_local, "{text}");
            if let Ok(listen) = listen {
                assert_eq!(listen.to_string(), text);
            }
        }
    }
}
