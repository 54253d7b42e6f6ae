//! Whether policy allows a process to talk to a destination.
//!
//! Names are what clients say they want (SNI, the authority of HTTP) or asked for (DNS).
//! A process that lies can say any name; a rule with `networks` too holds against that.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::input::SocketAddress;
use super::output::{Name, NameSource};
use super::process::Process;
use super::settings::{AllowRule, Network};

/// Names of hosts, and patterns of them.
pub mod host;

/// Whether any of the rules allows it. The name is what the destination is called,
/// where that is known.
#[must_use]
pub fn allows(
    rules: &[AllowRule],
    process: Option<&Process>,
    destination: SocketAddress,
    name: Option<&Name>,
) -> bool {
    rules.iter().any(|rule| rule.allows(process, destination, name))
}

impl AllowRule {
    /// Whether this rule allows it: everything that the rule names must match. A
    /// process that is not known matches only rules that name no process, a
    /// destination without a name only rules without names.
    ///
    /// An executable in a container is matched by its path there, as it is shown.
    #[must_use]
    pub fn allows(
        &self,
        process: Option<&Process>,
        destination: SocketAddress,
        name: Option<&Name>,
    ) -> bool {
        self.is_about(process)
            && (self.ports.is_empty() || self.ports.contains(&destination.port))
            && (self.networks.is_empty()
                || self.networks.iter().any(|network| network.contains(destination.address)))
            && (self.names.is_empty() || name.is_some_and(|name| self.calls_it(name)))
    }

    fn calls_it(&self, name: &Name) -> bool {
        self.names.iter().any(|pattern| host::fits(pattern, &name.text))
    }

    fn is_about(&self, process: Option<&Process>) -> bool {
        let unit = process.and_then(|process| process.unit.as_deref());
        let exe = process.and_then(|process| process.exe.as_deref());
        named(self.unit.as_deref(), |pattern| unit.is_some_and(|unit| fits(pattern, unit)))
            && named(self.exe.as_deref(), |pattern| exe.is_some_and(|exe| fits(pattern, exe)))
            && named(self.user.as_deref(), |user| process.is_some_and(|p| is_user(user, p)))
    }

    /// The narrowest rule that allows a process to talk to a destination. It names
    /// the unit, else the executable, else the user; and the destination by its name
    /// where TLS or DNS has it, else by its address: the authority of HTTP is content,
    /// which gateways pass on from whoever sent it.
    #[must_use]
    pub fn narrowest(
        process: Option<&Process>,
        destination: SocketAddress,
        name: Option<&Name>,
    ) -> Self {
        let mut rule = Self { ports: vec![destination.port], ..Self::default() };
        match name.filter(|name| name.is_asked_for()) {
            Some(name) => rule.names = vec![name.text.as_ref().to_owned()],
            None => rule.networks = vec![Network::only(destination.address)],
        }
        let Some(process) = process else { return rule };
        if let Some(unit) = process.unit.as_deref().filter(|unit| is_exact(unit)) {
            rule.unit = Some(unit.to_owned());
        } else if let Some(exe) = process.exe.as_deref().filter(|exe| is_exact(exe)) {
            rule.exe = Some(exe.to_owned());
        } else {
            rule.user =
                Some(process.user.as_deref().map_or(process.uid.to_string(), str::to_owned));
        }
        rule
    }

    /// The lines of the rule in the configuration, the first of them `[[allow]]`.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec!["[[allow]]".to_owned()];
        for (key, value) in [("unit", &self.unit), ("exe", &self.exe), ("user", &self.user)] {
            lines.extend(value.as_deref().map(|value| format!("{key} = {}", quoted(value))));
        }
        if !self.names.is_empty() {
            let names = self.names.iter().map(|name| quoted(name));
            lines.push(format!("names = [{}]", names.collect::<Vec<_>>().join(", ")));
        }
        if !self.networks.is_empty() {
            let networks = self.networks.iter().map(|network| format!("\"{network}\""));
            lines.push(format!("networks = [{}]", networks.collect::<Vec<_>>().join(", ")));
        }
        if !self.ports.is_empty() {
            let ports = self.ports.iter().map(u16::to_string);
            lines.push(format!("ports = [{}]", ports.collect::<Vec<_>>().join(", ")));
        }
        lines
    }
}

fn named(pattern: Option<&str>, matches: impl Fn(&str) -> bool) -> bool {
    pattern.is_none_or(matches)
}

fn fits(pattern: &str, value: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == value, |start| value.starts_with(start))
}

/// Whether a value stands for itself alone as a pattern.
fn is_exact(value: &str) -> bool {
    !value.ends_with('*')
}

fn is_user(user: &str, process: &Process) -> bool {
    process.user.as_deref() == Some(user) || user.parse() == Ok(process.uid)
}

/// A TOML basic string (TOML 1.0.0, "String"); what could steer a terminal is
/// escaped too, so that the line may be shown and still means the same.
fn quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            other if super::text::is_steering(other) => {
                write!(text, "\\U{:08X}", u32::from(other)).expect("a string takes any text");
            }
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

impl Name {
    /// Whether it is a host name that the client asked for: of TLS or DNS, not of the
    /// content of a request.
    #[must_use]
    pub fn is_asked_for(&self) -> bool {
        matches!(self.source, NameSource::Sni | NameSource::Dns) && host::is_name(&self.text)
    }
}

impl Network {
    /// The network of one address.
    #[must_use]
    pub fn only(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { address, prefix: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// Whether an address belongs to the network. IPv4-mapped IPv6 addresses and
    /// networks are their IPv4 ones; a prefix that is too long contains nothing.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let this = self.canonical();
        match (this.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                32u32.checked_sub(this.prefix.into()).is_some_and(|rest| {
                    (network.to_bits() ^ address.to_bits()).checked_shr(rest).unwrap_or(0) == 0
                })
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                128u32.checked_sub(this.prefix.into()).is_some_and(|rest| {
                    (network.to_bits() ^ address.to_bits()).checked_shr(rest).unwrap_or(0) == 0
                })
            }
            _ => false,
        }
    }

    /// RFC 4291 section 2.5.5.2: `::ffff:0:0/96` is all of IPv4.
    fn canonical(self) -> Self {
        match (self.address.to_canonical(), self.prefix.checked_sub(96)) {
            (address @ IpAddr::V4(_), Some(prefix)) if self.address.is_ipv6() => {
                Self { address, prefix }
            }
            _ => self,
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::process::{ProcessKey, identity_label};
    use crate::pipeline::time::WallTime;

    fn process(unit: Option<&str>, exe: Option<&str>, user: Option<&str>) -> Process {
        Process {
            key: ProcessKey { pid: 7, start: 1 },
            start_time: WallTime(0),
            comm: "comm".into(),
            exe: exe.map(Into::into),
            unit: unit.map(Into::into),
            container: None,
            uid: 33,
            user: user.map(Into::into),
            identity: identity_label(unit, None, exe, "comm"),
        }
    }

    fn destination(address: &str, port: u16) -> SocketAddress {
        SocketAddress { address: address.parse().unwrap(), port }
    }

    #[derive(serde::Deserialize)]
    struct Written {
        allow: Vec<WrittenRule>,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct WrittenRule {
        unit: Option<String>,
        exe: Option<String>,
        user: Option<String>,
        #[serde(default)]
        names: Vec<String>,
        #[serde(default)]
        networks: Vec<String>,
        #[serde(default)]
        ports: Vec<u16>,
    }

    fn rules(toml: &str) -> Vec<AllowRule> {
        let written: Written = toml::from_str(toml).expect(toml);
        let rule = |rule: WrittenRule| AllowRule {
            unit: rule.unit,
            exe: rule.exe,
            user: rule.user,
            names: rule.names,
            networks: rule
                .networks
                .iter()
                .map(|text| {
                    let (address, prefix) = text.split_once('/').unwrap();
                    Network { address: address.parse().unwrap(), prefix: prefix.parse().unwrap() }
                })
                .collect(),
            ports: rule.ports,
        };
        written.allow.into_iter().map(rule).collect()
    }

    #[test]
    fn a_rule_allows_what_all_it_names_matches() {
        let nginx = process(Some("nginx.service"), Some("/usr/sbin/nginx"), Some("www-data"));
        let bare = process(None, None, None);
        let there = destination("10.1.2.3", 443);
        for (rule, known, unknown, unnamed) in [
            ("", true, true, true),
            ("unit = 'nginx.service'", true, false, false),
            ("unit = 'nginx*'", true, false, false),
            ("unit = '*'", true, false, false),
            ("unit = 'nginx'", false, false, false),
            ("unit = 'ngin*.service'", false, false, false),
            ("exe = '/usr/sbin/nginx'", true, false, false),
            ("exe = '/usr/sbin/*'", true, false, false),
            ("exe = '/usr/bin/*'", false, false, false),
            ("user = 'www-data'", true, false, false),
            ("user = '33'", true, false, true),
            ("user = '34'", false, false, false),
            ("unit = 'nginx.service'\nuser = 'root'", false, false, false),
            ("networks = ['10.0.0.0/8']", true, true, true),
            ("networks = ['11.0.0.0/8']", false, false, false),
            ("networks = ['11.0.0.0/8', '10.1.2.3/32']", true, true, true),
            ("ports = [443]", true, true, true),
            ("ports = [80]", false, false, false),
            ("networks = ['10.0.0.0/8']\nports = [80]", false, false, false),
        ] {
            let rules = rules(&format!("[[allow]]\n{rule}"));
            assert_eq!(allows(&rules, Some(&nginx), there, None), known, "{rule}");
            assert_eq!(allows(&rules, None, there, None), unknown, "unknown process: {rule}");
            assert_eq!(
                allows(&rules, Some(&bare), there, None),
                unnamed,
                "unnamed process: {rule}"
            );
        }
        assert!(!allows(&[], Some(&nginx), there, None));
    }

    #[test]
    fn the_narrowest_rule_reads_back_and_allows_only_its_case() {
        let there = destination("10.1.2.3", 443);
        for process in [
            process(Some("nginx.service"), Some("/usr/sbin/nginx"), None),
            process(None, Some("/usr/bin/curl"), None),
            process(None, Some("/tmp/\"a\\b\u{1b}[2J\u{202e}\u{e0041}\n é"), None),
            process(None, Some("/tmp/*"), Some("eve")),
            process(None, None, None),
        ] {
            let rule = AllowRule::narrowest(Some(&process), there, None);
            let lines = rule.lines();
            assert_eq!(rules(&lines.join("\n")), std::slice::from_ref(&rule));
            assert!(!lines.concat().contains(crate::pipeline::text::is_steering));
            assert!(rule.allows(Some(&process), there, None));
            assert!(!rule.allows(None, there, None));
            assert!(!rule.allows(Some(&process), destination("10.1.2.4", 443), None));
            assert!(!rule.allows(Some(&process), destination("10.1.2.3", 444), None));
        }
        let v6 = AllowRule::narrowest(None, destination("2001:db8::1", 80), None);
        assert_eq!(v6.lines(), ["[[allow]]", "networks = [\"2001:db8::1/128\"]", "ports = [80]"]);
    }

    #[test]
    fn the_narrowest_rule_names_what_was_asked_for() {
        let there = destination("203.0.113.7", 443);
        let elsewhere = destination("198.51.100.9", 443);
        let by_name = ["[[allow]]", "names = [\"api.example.com\"]", "ports = [443]"];
        let by_address = ["[[allow]]", "networks = [\"203.0.113.7/32\"]", "ports = [443]"];
        for (name, lines) in [
            (name("api.example.com", NameSource::Sni), by_name),
            (name("api.example.com", NameSource::Dns), by_name),
            (name("api.example.com", NameSource::Host), by_address),
            (name("*.example.com", NameSource::Sni), by_address),
            (name("203.0.113.7", NameSource::Sni), by_address),
            (name("a\"]\nunit = \"x", NameSource::Sni), by_address),
        ] {
            let rule = AllowRule::narrowest(None, there, Some(&name));
            assert_eq!(rule.lines(), lines, "{name:?}");
            assert_eq!(rules(&rule.lines().join("\n")), std::slice::from_ref(&rule));
            assert!(rule.allows(None, there, Some(&name)));
            assert_eq!(rule.allows(None, elsewhere, Some(&name)), lines == by_name);
        }
    }

    #[test]
    fn names_and_networks_both_have_to_match() {
        let there = destination("203.0.113.7", 443);
        let api = name("api.example.com", NameSource::Sni);
        let host = name("api.example.com", NameSource::Host);
        let other = name("api.example.org", NameSource::Sni);
        for (rule, for_api, for_other, for_none) in [
            ("names = ['api.example.com']", true, false, false),
            ("names = ['API.Example.com.']", true, false, false),
            ("names = ['*.example.com', 'x.example']", true, false, false),
            ("names = ['example.com']", false, false, false),
            ("names = ['api.example.com']\nports = [443]", true, false, false),
            ("names = ['api.example.com']\nports = [80]", false, false, false),
            ("names = ['api.example.com']\nnetworks = ['203.0.113.0/24']", true, false, false),
            ("names = ['api.example.com']\nnetworks = ['10.0.0.0/8']", false, false, false),
            ("networks = ['203.0.113.0/24']", true, true, true),
        ] {
            let rules = rules(&format!("[[allow]]\n{rule}"));
            assert_eq!(allows(&rules, None, there, Some(&api)), for_api, "{rule}");
            assert_eq!(allows(&rules, None, there, Some(&host)), for_api, "{rule}");
            assert_eq!(allows(&rules, None, there, Some(&other)), for_other, "{rule}");
            assert_eq!(allows(&rules, None, there, None), for_none, "{rule}");
        }
    }

    fn name(text: &str, source: NameSource) -> Name {
        Name { text: text.into(), source }
    }

    #[test]
    fn mapped_networks_are_ipv4_networks() {
        for (network, prefix, address, within) in [
            ("::ffff:10.0.0.0", 104, "10.9.9.9", true),
            ("::ffff:10.0.0.0", 104, "11.9.9.9", false),
            ("::ffff:0.0.0.0", 96, "203.0.113.7", true),
            ("10.0.0.0", 8, "::ffff:10.9.9.9", true),
            ("::", 0, "2001:db8::1", true),
            ("::", 0, "10.9.9.9", false),
            ("0.0.0.0", 0, "10.9.9.9", true),
            ("0.0.0.0", 0, "::1", false),
            ("10.0.0.0", 33, "10.0.0.0", false),
            ("::", 129, "::", false),
        ] {
            let network = Network { address: network.parse().unwrap(), prefix };
            assert_eq!(network.contains(address.parse().unwrap()), within, "{network} {address}");
        }
    }

    fn bits(address: IpAddr) -> Vec<bool> {
        let bytes = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte & (0x80 >> bit) != 0)).collect()
    }

    fn contains_bit_by_bit(network: Network, address: IpAddr) -> bool {
        let (network_bits, address_bits) = (bits(network.address), bits(address));
        let prefix = usize::from(network.prefix);
        network_bits.len() == address_bits.len()
            && prefix <= network_bits.len()
            && network_bits[..prefix] == address_bits[..prefix]
    }

    proptest! {
        #[test]
        fn networks_match_bit_by_bit(
            base: u128, flip in 0u32..140, prefix in 0u8..=140, v4: bool, other_v4: bool,
        ) {
            let ip = |bits: u128, v4: bool| if v4 {
                IpAddr::from((bits as u32).to_be_bytes())
            } else {
                IpAddr::from((bits | 1 << 127).to_be_bytes())
            };
            let other = base ^ 1u128.checked_shl(flip).unwrap_or(0);
            let network = Network { address: ip(base, v4), prefix };
            let address = ip(other, other_v4);
            prop_assert_eq!(network.contains(address), contains_bit_by_bit(network, address));
        }
    }
}
