//! The form in which a baseline survives a restart.
//!
//! ```text
//! "AWBL" · version u16 LE · CRC-32 of the rest u32 LE · postcard(window) · postcard((key, normal))*
//! ```
//!
//! Whatever is read back is hostile: it is bounded, checked against its checksum,
//! and every value is checked before any is used.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Baseline, BaselineKey, Normal, Tracked};

const MAGIC: [u8; 4] = *b"AWBL";
const VERSION: u16 = 1;
const HEADER_BYTES: usize = 10;
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// A path (`PATH_MAX` 4096) and what marks a container.
const MOST_IDENTITY_BYTES: usize = 4096 + 64;

/// Why stored bytes are not a baseline.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BaselineError {
    /// Larger than any baseline.
    #[error("the stored baseline has {0} bytes, more than {MOST_BYTES}")]
    TooLarge(usize),
    /// It does not begin like one.
    #[error("this is not a stored baseline")]
    NotABaseline,
    /// A version that this program does not know.
    #[error("the stored baseline has version {0}, this program knows version {VERSION}")]
    Version(u16),
    /// Damaged.
    #[error("the stored baseline is damaged: its checksum does not match")]
    Checksum,
    /// The checksum is right and the content is not.
    #[error("the stored baseline is malformed")]
    Malformed,
    /// Learned with windows of another length, so its volumes mean nothing now.
    #[error("the stored baseline was learned with windows of {stored:?}, now they are {now:?}")]
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
        let mut body = encoded(&window);
        for handle in self.places.values() {
            let Some(Tracked { key, normal, .. }) = self.tracked.find(*handle) else { continue };
            let entry = encoded(&(key, normal));
            if HEADER_BYTES + body.len() + entry.len() > MOST_BYTES {
                break;
            }
            if normal.windows > 0 {
                body.extend(entry);
            }
        }
        let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(crc32fast::hash(&body).to_le_bytes());
        bytes.extend(body);
        bytes
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

fn encoded(value: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).expect("plain values always serialise to a vector")
}

fn read(bytes: &[u8], now: Duration) -> Result<Vec<(BaselineKey, Normal)>, BaselineError> {
    let body = checked_body(bytes)?;
    let (stored, mut rest) = decoded::<Duration>(body)?;
    if stored != now {
        return Err(BaselineError::OtherWindow { stored, now });
    }
    let mut entries: Vec<(BaselineKey, Normal)> = Vec::new();
    while !rest.is_empty() {
        let (entry, more) = decoded::<(BaselineKey, Normal)>(rest)?;
        let (key, normal) = &entry;
        let ascends = entries.last().is_none_or(|(last, _)| last < key);
        if !ascends || key.identity.len() > MOST_IDENTITY_BYTES || !normal.is_sound() {
            return Err(BaselineError::Malformed);
        }
        entries.push(entry);
        rest = more;
    }
    Ok(entries)
}

fn decoded<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<(T, &'a [u8]), BaselineError> {
    postcard::take_from_bytes(bytes).map_err(|_| BaselineError::Malformed)
}

fn checked_body(bytes: &[u8]) -> Result<&[u8], BaselineError> {
    if bytes.len() > MOST_BYTES {
        return Err(BaselineError::TooLarge(bytes.len()));
    }
    let Some(rest) = bytes.strip_prefix(&MAGIC) else { return Err(BaselineError::NotABaseline) };
    let Some((version, rest)) = rest.split_first_chunk() else {
        return Err(BaselineError::NotABaseline);
    };
    let version = u16::from_le_bytes(*version);
    if version != VERSION {
        return Err(BaselineError::Version(version));
    }
    let Some((checksum, body)) = rest.split_first_chunk() else {
        return Err(BaselineError::NotABaseline);
    };
    if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
        return Err(BaselineError::Checksum);
    }
    Ok(body)
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
        assert_eq!(baseline.load(&longer, WINDOW), Err(BaselineError::Checksum));
    }

    fn with_checksum(body: &[u8]) -> Vec<u8> {
        let checksum = crc32fast::hash(body).to_le_bytes();
        [&MAGIC[..], &VERSION.to_le_bytes(), &checksum, body].concat()
    }

    #[test]
    fn a_right_checksum_does_not_make_it_right() {
        let window = encoded(&WINDOW);
        let entry = |identity: &str, buckets: &[(u8, u16)]| {
            let buckets = buckets.to_vec();
            let none: Vec<(u8, u16)> = Vec::new();
            encoded(&(key(identity, "10.0.0.1", Side::Client), (20u32, 0u16, buckets, none)))
        };
        let good = entry("a", &[(1, 8), (2, 8)]);
        let long = "x".repeat(5000);
        let other = BaselineError::OtherWindow { stored: Duration::from_secs(1), now: WINDOW };
        for (name, bytes, error) in [
            ("sound", with_checksum(&[&window[..], &good].concat()), None),
            ("no window", with_checksum(b""), Some(BaselineError::Malformed)),
            ("other window", with_checksum(&encoded(&Duration::from_secs(1))), Some(other)),
            (
                "twice the same key",
                with_checksum(&[&window[..], &good, &good].concat()),
                Some(BaselineError::Malformed),
            ),
            (
                "buckets out of order",
                with_checksum(&[&window[..], &entry("a", &[(2, 8), (1, 8)])].concat()),
                Some(BaselineError::Malformed),
            ),
            (
                "a bucket without weight",
                with_checksum(&[&window[..], &entry("a", &[(2, 0)])].concat()),
                Some(BaselineError::Malformed),
            ),
            (
                "too much weight",
                with_checksum(&[&window[..], &entry("a", &[(2, 60000)])].concat()),
                Some(BaselineError::Malformed),
            ),
            (
                "a long identity",
                with_checksum(&[&window[..], &entry(&long, &[])].concat()),
                Some(BaselineError::Malformed),
            ),
            ("another file", b"PNG and so on".to_vec(), Some(BaselineError::NotABaseline)),
            ("nothing", Vec::new(), Some(BaselineError::NotABaseline)),
            ("another version", b"AWBL\x02\0\0\0\0\0".to_vec(), Some(BaselineError::Version(2))),
            ("too large", vec![0; MOST_BYTES + 1], Some(BaselineError::TooLarge(MOST_BYTES + 1))),
        ] {
            assert_eq!(empty().load(&bytes, WINDOW).err(), error, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut baseline = empty();
            let _ = baseline.load(&body, WINDOW);
            let body = [encoded(&WINDOW), body].concat();
            if baseline.load(&with_checksum(&body), WINDOW).is_ok() {
                // Postcard may have more than one form of a number; ours is read back.
                let again = baseline.to_bytes(WINDOW);
                prop_assert!(empty().load(&again, WINDOW).is_ok());
            }
        }
    }
}
