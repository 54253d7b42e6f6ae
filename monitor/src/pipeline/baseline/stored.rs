//! The form in which a baseline survives a restart: in its envelope
//! `postcard(window) · postcard((key, normal))*`, in the order of keys.
//!
//! Whatever is read back is hostile: every value is checked before any is used.

use std::time::Duration;

use thiserror::Error;

use super::{Baseline, BaselineKey, Normal, Tracked};
use crate::pipeline::stored::{self, Form, HEADER_BYTES, MOST_BYTES, StoredError};

pub(in crate::pipeline) const FORM: Form = Form { magic: *b"AWBL", version: 1 };
/// A path (`PATH_MAX` 4096) and what marks a container.
const MOST_IDENTITY_BYTES: usize = 4096 + 64;

/// Why stored bytes are of no use as a baseline.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BaselineError {
    /// They are no baseline, or damaged.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// Learned with windows of another length, so its volumes mean nothing now.
    #[error("it was learned with windows of {stored:?}, and now they are {now:?}")]
    OtherWindow {
        /// Length of its windows.
        stored: Duration,
        /// Length of windows now.
        now: Duration,
    },
}

impl Baseline {
    /// What was learned, sorted by key; as much of it as a stored baseline may hold.
    #[must_use]
    pub fn to_bytes(&self, window: Duration) -> Vec<u8> {
        let mut body = stored::encoded(&window);
        for handle in self.places.values() {
            let Some(Tracked { key, normal, .. }) = self.tracked.find(*handle) else { continue };
            let entry = stored::encoded(&(key, normal));
            if HEADER_BYTES + body.len() + entry.len() > MOST_BYTES {
                break;
            }
            if normal.windows > 0 {
                body.extend(entry);
            }
        }
        FORM.seal(&body)
    }

    /// Replaces what is known by what was stored. Where more was stored than the
    /// limits allow, the first by key are kept and the others count as evicted.
    ///
    /// # Errors
    ///
    /// [`BaselineError`]; nothing is known then.
    pub fn load(&mut self, bytes: &[u8], window: Duration) -> Result<(), BaselineError> {
        self.clear();
        let entries = read(bytes, window)?;
        let beyond = entries.len().saturating_sub(self.limit);
        for (key, normal) in entries.into_iter().take(self.limit) {
            let place = self.place(key);
            if let Some(tracked) = self.at(place) {
                tracked.normal = normal;
            }
        }
        self.evicted += beyond as u64;
        Ok(())
    }
}

fn read(bytes: &[u8], now: Duration) -> Result<Vec<(BaselineKey, Normal)>, BaselineError> {
    let (stored, mut rest) = stored::decoded::<Duration>(FORM.open(bytes)?)?;
    if stored != now {
        return Err(BaselineError::OtherWindow { stored, now });
    }
    let mut entries: Vec<(BaselineKey, Normal)> = Vec::new();
    while !rest.is_empty() {
        let (entry, more) = stored::decoded::<(BaselineKey, Normal)>(rest)?;
        let (key, normal) = &entry;
        let ascends = entries.last().is_none_or(|(last, _)| last < key);
        if !ascends || key.identity.len() > MOST_IDENTITY_BYTES || !normal.is_sound() {
            return Err(StoredError::Malformed.into());
        }
        entries.push(entry);
        rest = more;
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Side, Volume};
    use super::*;
    use crate::pipeline::input::SocketAddress;
    use crate::pipeline::settings::Settings;

    const WINDOW: Duration = Duration::from_secs(60);

    fn key(identity: &str, address: &str, side: Side) -> BaselineKey {
        let destination = SocketAddress { address: address.parse().unwrap(), port: 443 };
        BaselineKey { identity: identity.into(), destination, side }
    }

    fn learned(limit: u32) -> Baseline {
        let mut settings = Settings::default();
        settings.limits.destinations = limit;
        let mut baseline = Baseline::new(&settings);
        for (key, scale) in [
            (key("nginx.service", "10.0.0.1", Side::Server), 7),
            (key("/usr/bin/curl", "203.0.113.7", Side::Client), 1),
            (key("/usr/bin/curl", "2001:db8::1", Side::Client), 1000),
        ] {
            let place = baseline.place(key);
            let normal = &mut baseline.at(place).unwrap().normal;
            for step in 0..40 {
                let volume = Volume { bytes: scale * (1000 + step % 7), requests: step % 5 };
                normal.learn(volume, normal.expected(&settings.volume).as_ref());
            }
        }
        baseline
    }

    fn empty() -> Baseline {
        Baseline::new(&Settings::default())
    }

    #[test]
    fn what_was_stored_is_read_back() {
        let stored = learned(100).to_bytes(WINDOW);
        let mut baseline = empty();
        baseline.load(&stored, WINDOW).unwrap();
        assert_eq!(baseline.tracked.len(), 3);
        assert_eq!(baseline.to_bytes(WINDOW), stored);
        assert!(stored.len() < 400, "{} bytes for three keys", stored.len());
        baseline.load(&empty().to_bytes(WINDOW), WINDOW).unwrap();
        assert!(baseline.tracked.is_empty());
    }

    #[test]
    fn more_than_the_limit_is_evicted_and_counted() {
        let stored = learned(100).to_bytes(WINDOW);
        let mut settings = Settings::default();
        settings.limits.destinations = 2;
        let mut baseline = Baseline::new(&settings);
        baseline.load(&stored, WINDOW).unwrap();
        assert_eq!((baseline.tracked.len(), baseline.evicted()), (2, 1));
        let kept: Vec<_> = baseline.places.keys().map(|key| &*key.identity).collect();
        assert_eq!(kept, ["/usr/bin/curl", "/usr/bin/curl"]);
    }

    #[test]
    fn every_prefix_and_every_flipped_bit_is_refused_and_leaves_nothing() {
        let stored = learned(100).to_bytes(WINDOW);
        let mut baseline = empty();
        for end in 0..stored.len() {
            baseline.load(&stored, WINDOW).unwrap();
            assert!(baseline.load(&stored[..end], WINDOW).is_err(), "prefix of {end}");
            assert!(baseline.tracked.is_empty() && baseline.places.is_empty());
        }
        for at in 0..stored.len() {
            for bit in 0..8 {
                let mut damaged = stored.clone();
                damaged[at] ^= 1 << bit;
                assert!(baseline.load(&damaged, WINDOW).is_err(), "byte {at} bit {bit}");
                assert!(baseline.tracked.is_empty());
            }
        }
        let longer = [&stored[..], b"x"].concat();
        assert_eq!(baseline.load(&longer, WINDOW), Err(StoredError::Checksum.into()));
    }

    #[test]
    fn a_right_checksum_does_not_make_it_right() {
        let window = stored::encoded(&WINDOW);
        let entry = |identity: &str, buckets: &[(u8, u16)]| {
            let buckets = buckets.to_vec();
            let none: Vec<(u8, u16)> = Vec::new();
            stored::encoded(&(
                key(identity, "10.0.0.1", Side::Client),
                (20u32, 0u16, buckets, none),
            ))
        };
        let good = entry("a", &[(1, 8), (2, 8)]);
        let long = "x".repeat(5000);
        let other = BaselineError::OtherWindow { stored: Duration::from_secs(1), now: WINDOW };
        let later = StoredError::Version { found: 2, known: 1 };
        for (name, bytes, error) in [
            ("sound", FORM.seal(&[&window[..], &good].concat()), None),
            ("no window", FORM.seal(b""), Some(StoredError::Malformed.into())),
            ("other window", FORM.seal(&stored::encoded(&Duration::from_secs(1))), Some(other)),
            (
                "twice the same key",
                FORM.seal(&[&window[..], &good, &good].concat()),
                Some(StoredError::Malformed.into()),
            ),
            (
                "buckets out of order",
                FORM.seal(&[&window[..], &entry("a", &[(2, 8), (1, 8)])].concat()),
                Some(StoredError::Malformed.into()),
            ),
            (
                "a bucket without weight",
                FORM.seal(&[&window[..], &entry("a", &[(2, 0)])].concat()),
                Some(StoredError::Malformed.into()),
            ),
            (
                "too much weight",
                FORM.seal(&[&window[..], &entry("a", &[(2, 60000)])].concat()),
                Some(StoredError::Malformed.into()),
            ),
            (
                "a long identity",
                FORM.seal(&[&window[..], &entry(&long, &[])].concat()),
                Some(StoredError::Malformed.into()),
            ),
            ("another file", b"PNG and so on".to_vec(), Some(StoredError::Foreign.into())),
            ("nothing", Vec::new(), Some(StoredError::Foreign.into())),
            ("another version", b"AWBL\x02\0\0\0\0\0".to_vec(), Some(later.into())),
        ] {
            assert_eq!(empty().load(&bytes, WINDOW).err(), error, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut baseline = empty();
            let _ = baseline.load(&body, WINDOW);
            let body = [stored::encoded(&WINDOW), body].concat();
            if baseline.load(&FORM.seal(&body), WINDOW).is_ok() {
                // Postcard may have more than one form of a number; ours is read back.
                let again = baseline.to_bytes(WINDOW);
                prop_assert!(empty().load(&again, WINDOW).is_ok());
            }
        }
    }
}
