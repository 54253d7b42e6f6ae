//! How far away an address is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far bytes to an address travel, as far as the address says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// They stay in the host.
    Loopback,
    /// They stay in networks that one organisation or carrier runs.
    Private,
    /// They may cross the internet. Also every address not known to be nearer.
    Public,
}

impl Scope {
    /// The scope of an address. An IPv4-mapped IPv6 address is its IPv4 address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Public => "public",
        }
    }

    /// RFC 1918 private use, RFC 3927 link-local, RFC 6598 shared (carrier-grade
    /// NAT). Linux connects 0.0.0.0 to the host itself.
    const fn of_v4(address: Ipv4Addr) -> Self {
        let [a, b, ..] = address.octets();
        match (a, b) {
            (127, _) => Self::Loopback,
            _ if address.is_unspecified() => Self::Loopback,
            (10, _) | (172, 16..=31) | (192, 168) | (169, 254) | (100, 64..=127) => Self::Private,
            _ => Self::Public,
        }
    }

    /// RFC 4193 unique local, RFC 4291 section 2.5.6 link-local, RFC 3879 the
    /// former site-local.
    const fn of_v6(address: Ipv6Addr) -> Self {
        if address.is_loopback() || address.is_unspecified() {
            return Self::Loopback;
        }
        match address.segments()[0] {
            0xfc00..=0xfdff | 0xfe80..=0xfebf | 0xfec0..=0xfeff => Self::Private,
            _ => Self::Public,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_end_where_their_networks_end() {
        use Scope::{Loopback, Private, Public};
        for (address, scope) in [
            ("127.0.0.1", Loopback),
            ("127.255.255.255", Loopback),
            ("128.0.0.0", Public),
            ("0.0.0.0", Loopback),
            ("0.0.0.1", Public),
            ("9.255.255.255", Public),
            ("10.0.0.0", Private),
            ("10.255.255.255", Private),
            ("11.0.0.0", Public),
            ("172.15.255.255", Public),
            ("172.16.0.0", Private),
            ("172.31.255.255", Private),
            ("172.32.0.0", Public),
            ("192.168.0.0", Private),
            ("192.169.0.0", Public),
            ("169.254.169.254", Private),
            ("169.255.0.0", Public),
            ("100.63.255.255", Public),
            ("100.64.0.0", Private),
            ("100.127.255.255", Private),
            ("100.128.0.0", Public),
            ("203.0.113.7", Public),
            ("255.255.255.255", Public),
            ("::", Loopback),
            ("::1", Loopback),
            ("::2", Public),
            ("::ffff:127.0.0.1", Loopback),
            ("::ffff:10.1.2.3", Private),
            ("::ffff:203.0.113.7", Public),
            ("fbff::1", Public),
            ("fc00::", Private),
            ("fdff::1", Private),
            ("fe00::", Public),
            ("fe80::1", Private),
            ("febf::1", Private),
            ("fec0::1", Private),
            ("ff02::1", Public),
            ("2001:db8::1", Public),
        ] {
            assert_eq!(Scope::of(address.parse().unwrap()), scope, "{address}");
        }
    }
}
