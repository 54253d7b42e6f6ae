use std::net::IpAddr;

use crate::pipeline::settings::Network;

/// Why a text is not a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NetworkError {
    /// The address cannot be read.
    #[error("not an IPv4 or IPv6 address")]
    Address,
    /// The prefix length cannot be read or is too long.
    #[error("the prefix length must be a number from 0 to {longest}")]
    Prefix { longest: u8 },
    /// The address has bits set outside of its prefix.
    #[error("the address has bits set beyond the first {prefix}")]
    HostBits { prefix: u8, network: String },
    /// IPv4 written as IPv6: such destinations are seen as IPv4.
    #[error("an IPv4 network in IPv6 notation")]
    Mapped { network: String },
}

impl NetworkError {
    /// What was probably meant, where that can be said.
    pub(super) fn correction(&self) -> Option<&str> {
        match self {
            Self::HostBits { network, .. } | Self::Mapped { network } => Some(network),
            Self::Address | Self::Prefix { .. } => None,
        }
    }
}

/// Reads `10.0.0.0/8`, `2001:db8::/32`, or an address for that address alone.
pub(super) fn parse(text: &str) -> Result<Network, NetworkError> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| NetworkError::Address)?;
    let longest = width(address);
    let prefix = match prefix {
        None => longest,
        Some(digits) => prefix_length(digits)
            .filter(|&prefix| prefix <= longest)
            .ok_or(NetworkError::Prefix { longest })?,
    };
    checked(Network { address, prefix })
}

/// The network as [`parse`] reads it.
pub(super) fn format(network: &Network) -> String {
    if network.prefix == width(network.address) {
        network.address.to_string()
    } else {
        format!("{}/{}", network.address, network.prefix)
    }
}

fn checked(network: Network) -> Result<Network, NetworkError> {
    let base = Network { address: masked(network), prefix: network.prefix };
    if let Some(unmapped) = unmapped(base) {
        return Err(NetworkError::Mapped { network: format(&unmapped) });
    }
    if base != network {
        return Err(NetworkError::HostBits { prefix: network.prefix, network: format(&base) });
    }
    Ok(network)
}

fn prefix_length(digits: &str) -> Option<u8> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn masked(network: Network) -> IpAddr {
    let absent = u32::from(width(network.address).saturating_sub(network.prefix));
    match network.address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(absent).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(absent).unwrap_or(0);
            IpAddr::V6((address.to_bits() & mask).into())
        }
    }
}

/// The IPv4 network behind `::ffff:0:0/96` (RFC 4291 section 2.5.5.2).
fn unmapped(network: Network) -> Option<Network> {
    let IpAddr::V6(address) = network.address else { return None };
    let prefix = network.prefix.checked_sub(96)?;
    Some(Network { address: IpAddr::V4(address.to_ipv4_mapped()?), prefix })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn networks() {
        let cases = [
            ("10.0.0.0/8", Ok("10.0.0.0/8")),
            ("203.0.113.7", Ok("203.0.113.7")),
            ("203.0.113.7/32", Ok("203.0.113.7")),
            ("0.0.0.0/0", Ok("0.0.0.0/0")),
            ("::/0", Ok("::/0")),
            ("2001:DB8::/32", Ok("2001:db8::/32")),
            ("::1/128", Ok("::1")),
            ("10.1.2.3/8", Err(Some("10.0.0.0/8"))),
            ("1.2.3.4/0", Err(Some("0.0.0.0/0"))),
            ("2001:db8::1/32", Err(Some("2001:db8::/32"))),
            ("::ffff:10.0.0.0/104", Err(Some("10.0.0.0/8"))),
            ("::ffff:10.0.0.1", Err(Some("10.0.0.1"))),
            ("10.0.0.0/33", Err(None)),
            ("::/129", Err(None)),
            ("10.0.0.0/", Err(None)),
            ("10.0.0.0/+8", Err(None)),
            ("10.0.0.0/-1", Err(None)),
            ("10.0.0.0/8/8", Err(None)),
            ("10.0.0.0/255.0.0.0", Err(None)),
            ("10.0.0/8", Err(None)),
            ("010.0.0.0/8", Err(None)),
            ("10.0.0.0 /8", Err(None)),
            ("fe80::1%eth0", Err(None)),
            ("example.com", Err(None)),
            ("", Err(None)),
        ];
        for (text, expected) in cases {
            let found = parse(text);
            let found = match &found {
                Ok(network) => Ok(format(network)),
                Err(error) => Err(error.correction().map(str::to_owned)),
            };
            let expected = expected.map(str::to_owned).map_err(|e| e.map(str::to_owned));
            assert_eq!(found, expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn corrections_are_networks(address: IpAddr, prefix in 0u8..=128) {
            if let Err(error) = parse(&format!("{address}/{prefix}"))
                && let Some(correction) = error.correction()
            {
                prop_assert!(parse(correction).is_ok(), "{}", correction);
            }
        }
    }
}
