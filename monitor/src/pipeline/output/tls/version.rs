//! Versions of TLS.

use super::{TlsVersion, hexadecimal};

impl TlsVersion {
    /// SSL 3.0 (RFC 6101).
    pub const SSL3: Self = Self(0x0300);
    /// TLS 1.0 (RFC 2246).
    pub const TLS10: Self = Self(0x0301);
    /// TLS 1.1 (RFC 4346).
    pub const TLS11: Self = Self(0x0302);
    /// TLS 1.2 (RFC 5246).
    pub const TLS12: Self = Self(0x0303);
    /// TLS 1.3 (RFC 8446).
    pub const TLS13: Self = Self(0x0304);

    /// Whether handshakes are those of TLS 1.3: from it on, and in its drafts.
    #[must_use]
    pub const fn encrypts_handshake(self) -> bool {
        matches!(self.0, 0x0304..=0x03ff | 0x7f00..=0x7fff)
    }

    /// The version that is shown so.
    #[must_use]
    pub fn from_shown(shown: &str) -> Option<Self> {
        Some(Self(match shown {
            "ssl2.0" => 0x0002,
            "ssl3.0" => 0x0300,
            "1.0" => 0x0301,
            "1.1" => 0x0302,
            "1.2" => 0x0303,
            "1.3" => 0x0304,
            other => match other.strip_prefix("1.3-draft") {
                Some(draft) => 0x7f00 + draft.parse::<u16>().ok().filter(|draft| *draft <= 0x1c)?,
                None => hexadecimal(other)?,
            },
        }))
    }
}

/// `1.2`, `ssl3.0`; the number on the wire where it is unknown.
impl std::fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            0x0002 => f.write_str("ssl2.0"),
            0x0300 => f.write_str("ssl3.0"),
            0x0301 => f.write_str("1.0"),
            0x0302 => f.write_str("1.1"),
            0x0303 => f.write_str("1.2"),
            0x0304 => f.write_str("1.3"),
            // RFC 8446 drafts: draft-ietf-tls-tls13-28 section 4.2.1.1.
            draft @ 0x7f00..=0x7f1c => write!(f, "1.3-draft{}", draft & 0xff),
            other => write!(f, "0x{other:04x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_shown_as_people_say_them() {
        for (number, shown, encrypts) in [
            (0x0002, "ssl2.0", false),
            (0x0300, "ssl3.0", false),
            (0x0301, "1.0", false),
            (0x0302, "1.1", false),
            (0x0303, "1.2", false),
            (0x0304, "1.3", true),
            (0x7f1c, "1.3-draft28", true),
            (0x7f1d, "0x7f1d", true),
            (0x0a0a, "0x0a0a", false),
        ] {
            let version = TlsVersion(number);
            assert_eq!(version.to_string(), shown);
            assert_eq!(TlsVersion::from_shown(shown), Some(version));
            assert_eq!(version.encrypts_handshake(), encrypts, "{shown}");
        }
        for unknown in ["", "1.4", "0x", "0x+123", "0x12345", "1.3-draft29", "1.3-draft-1"] {
            assert_eq!(TlsVersion::from_shown(unknown), None, "{unknown}");
        }
    }
}
