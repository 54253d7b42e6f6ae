//! Under which settings a finding stands, for when nothing else is known of its case.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::pipeline::input::SocketAddress;
use crate::pipeline::output::Name;
use crate::pipeline::policy::allows;
use crate::pipeline::process::Process;
use crate::pipeline::settings::{Settings, TlsProfile};

/// What has to be so of the settings for a finding to stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Condition {
    /// Nothing.
    Always,
    /// There is no policy.
    NoPolicy,
    /// There is a policy, and it does not allow this.
    Denied {
        /// Who talks, where that is known.
        process: Option<Arc<Process>>,
        /// To what address.
        destination: SocketAddress,
        /// What that is called, where that is known.
        name: Option<Name>,
    },
    /// TLS has to be what it had to be.
    Profile(Box<TlsProfile>),
    /// TLS is expected on this port.
    TlsPort(u16),
    /// Clear text is expected on this port.
    ClearPort(u16),
}

impl Condition {
    /// Whether it is so.
    #[must_use]
    pub fn holds(&self, settings: &Settings) -> bool {
        match self {
            Self::Always => true,
            Self::NoPolicy => settings.allow.is_empty(),
            Self::Denied { process, destination, name } => {
                !settings.allow.is_empty()
                    && !allows(&settings.allow, process.as_deref(), *destination, name.as_ref())
            }
            Self::Profile(profile) => **profile == settings.tls,
            Self::TlsPort(port) => settings.tls.tls_ports.contains(port),
            Self::ClearPort(port) => settings.tls.clear_ports.contains(port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::settings::AllowRule;

    #[test]
    fn settings_decide_whether_it_holds() {
        let plain = Settings::default();
        let rule = |port| AllowRule { ports: vec![port], ..AllowRule::default() };
        let policy = |port| Settings { allow: vec![rule(port)], ..Settings::default() };
        let mut strict = Settings::default();
        strict.tls.require_256_bit = true;
        strict.tls.tls_ports = vec![9443];
        strict.tls.clear_ports = vec![];
        let destination = SocketAddress { address: [203, 0, 113, 7].into(), port: 80 };
        let denied = Condition::Denied { process: None, destination, name: None };
        let profile = Condition::Profile(Box::default());
        for (condition, settings, expected) in [
            (&Condition::Always, &strict, true),
            (&Condition::NoPolicy, &plain, true),
            (&Condition::NoPolicy, &policy(1), false),
            (&denied, &plain, false),
            (&denied, &policy(80), false),
            (&denied, &policy(81), true),
            (&profile, &plain, true),
            (&profile, &strict, false),
            (&Condition::TlsPort(443), &plain, true),
            (&Condition::TlsPort(443), &strict, false),
            (&Condition::ClearPort(80), &plain, true),
            (&Condition::ClearPort(80), &strict, false),
        ] {
            assert_eq!(condition.holds(settings), expected, "{condition:?}");
        }
    }
}
