//! IP datagrams from their fragments, bounded in number, bytes and age.
//!
//! Fragments that overlap are an attack or damage: as hosts do, the datagram is refused
//! whole (RFC 8200 section 4.5, RFC 5722), for IPv4 too.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use super::ip::{Datagram, FragmentPart};
use crate::pipeline::time::Timestamp;

/// Datagrams that are put together at a time.
const MOST_DATAGRAMS: usize = 1024;
/// Bytes that are held for all of them.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Bytes that a fragment is counted with, besides its own.
const FRAGMENT_COST: usize = 96;
/// Fragments that come later than this after the first are of no use.
const AGE: Duration = Duration::from_secs(30);
/// Bytes of the longest datagram.
const LONGEST: u32 = 65_535;

/// Datagrams whose fragments have not all come.
#[derive(Default)]
pub(super) struct Fragments {
    partial: HashMap<Key, Partial>,
    /// In the order of their age; one that is gone from the table is passed over.
    ages: VecDeque<(Timestamp, Key)>,
    bytes: usize,
    /// The datagram that was last put together.
    whole: Vec<u8>,
    counts: FragmentCounts,
}

/// What became of fragments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FragmentCounts {
    /// Datagrams that were refused since fragments of theirs overlap.
    pub(super) overlapping: u64,
    /// Datagrams of which a fragment did not come, or not in time.
    pub(super) unfinished: u64,
}

/// What makes fragments fragments of one datagram.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    identification: u32,
}

/// A datagram of which fragments are missing.
struct Partial {
    began: Timestamp,
    /// By their offsets, none overlapping another.
    fragments: BTreeMap<u32, Fragment>,
    /// Sum of their lengths.
    covered: u32,
    /// Its length, once its last fragment has come.
    length: Option<u32>,
    is_refused: bool,
}

struct Fragment {
    length: u32,
    bytes: Box<[u8]>,
}

/// How a fragment fits to those before it.
enum Fit {
    New,
    Duplicate,
    Overlap,
}

impl Fragments {
    /// What became of fragments, those that still wait counted as unfinished.
    pub(super) fn counts(&self) -> FragmentCounts {
        let waiting = self.partial.values().filter(|partial| !partial.is_refused).count() as u64;
        FragmentCounts { unfinished: self.counts.unfinished + waiting, ..self.counts }
    }

    /// Takes a fragment; the datagram, where that was the last one missing.
    pub(super) fn take(
        &mut self,
        datagram: &Datagram<'_>,
        part: FragmentPart,
        now: Timestamp,
    ) -> Option<Datagram<'_>> {
        self.make_room(now);
        let Datagram { source, destination, protocol, .. } = *datagram;
        let FragmentPart { identification, .. } = part;
        let key = Key { source, destination, protocol, identification };
        let partial = self.partial.entry(key).or_insert_with(|| {
            self.ages.push_back((now, key));
            Partial::new(now)
        });
        let before = partial.cost();
        partial.add(datagram, part, &mut self.counts);
        self.bytes = (self.bytes + partial.cost()).saturating_sub(before);
        let length = partial.length.filter(|length| *length == partial.covered)?;
        let partial = self.partial.remove(&key)?;
        self.bytes = self.bytes.saturating_sub(partial.cost());
        self.whole = partial.join();
        Some(Datagram { length, payload: &self.whole, part: None, ..*datagram })
    }

    /// Gives up what is too old, and the oldest where there is too much.
    fn make_room(&mut self, now: Timestamp) {
        while let Some(&(began, key)) = self.ages.front() {
            let is_over = self.partial.len() >= MOST_DATAGRAMS || self.bytes >= MOST_BYTES;
            // Datagrams that were put together leave their places in the queue.
            if !is_over && now.since(began) < AGE && self.ages.len() < 4 * MOST_DATAGRAMS {
                break;
            }
            self.ages.pop_front();
            if self.partial.get(&key).is_some_and(|partial| partial.began == began)
                && let Some(partial) = self.partial.remove(&key)
            {
                self.bytes = self.bytes.saturating_sub(partial.cost());
                self.counts.unfinished += u64::from(!partial.is_refused);
            }
        }
    }
}

impl Partial {
    fn new(began: Timestamp) -> Self {
        let fragments = BTreeMap::new();
        Self { began, fragments, covered: 0, length: None, is_refused: false }
    }

    fn cost(&self) -> usize {
        self.covered as usize + self.fragments.len() * FRAGMENT_COST
    }

    fn add(&mut self, datagram: &Datagram<'_>, part: FragmentPart, counts: &mut FragmentCounts) {
        if self.is_refused {
            return; // so are those that are still to come (RFC 5722 section 4)
        }
        let end = part.offset.saturating_add(datagram.length);
        match self.fit(part, datagram.length, end) {
            Fit::Duplicate => {}
            Fit::New => {
                if !part.more {
                    self.length = Some(end);
                }
                let fragment = Fragment { length: datagram.length, bytes: datagram.payload.into() };
                self.covered += datagram.length;
                self.fragments.insert(part.offset, fragment);
            }
            Fit::Overlap => {
                counts.overlapping += 1;
                *self = Self { is_refused: true, ..Self::new(self.began) };
            }
        }
    }

    fn fit(&self, part: FragmentPart, length: u32, end: u32) -> Fit {
        let before = self.fragments.range(..=part.offset).next_back();
        let after = self.fragments.range(part.offset..).next();
        let is_last = !part.more;
        // All but the last are multiples of eight bytes, and nothing is behind the last.
        let is_odd = length == 0
            || end > LONGEST
            || (part.more && !length.is_multiple_of(8))
            || self.length.is_some_and(|whole| end > whole || (is_last && end != whole))
            || (is_last && self.fragments.range(end..).next().is_some());
        match (before, after) {
            _ if is_odd => Fit::Overlap,
            (Some((start, it)), _) if *start == part.offset && it.length == length => {
                Fit::Duplicate
            }
            (Some((start, it)), _) if start + it.length > part.offset => Fit::Overlap,
            (_, Some((start, _))) if *start < end => Fit::Overlap,
            _ => Fit::New,
        }
    }

    /// The bytes, up to the first that was not captured.
    fn join(self) -> Vec<u8> {
        let mut whole = Vec::with_capacity(self.covered as usize);
        for fragment in self.fragments.into_values() {
            whole.extend_from_slice(&fragment.bytes);
            if fragment.bytes.len() < fragment.length as usize {
                break;
            }
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn datagram(length: u32, payload: &[u8]) -> Datagram<'_> {
        Datagram { source: ADDRESS, destination: ADDRESS, protocol: 6, length, payload, part: None }
    }

    fn part(identification: u32, offset: u32, more: bool) -> FragmentPart {
        FragmentPart { identification, offset, more }
    }

    /// What comes of fragments, each (offset, length, more follow), of bytes that count.
    fn put_together(fragments: &[(usize, usize, bool)]) -> (Option<Vec<u8>>, FragmentCounts) {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut all = Fragments::default();
        let mut whole = None;
        for (offset, length, more) in fragments {
            let piece = datagram(*length as u32, &bytes[*offset..offset + length]);
            let came = all.take(&piece, part(1, *offset as u32, *more), Timestamp(1));
            whole = whole.or(came.map(|it| it.payload.to_vec()));
        }
        (whole, all.counts())
    }

    #[test]
    fn a_datagram_is_whole_in_whatever_order_its_fragments_come() {
        let parts = [(0, 16, true), (16, 8, true), (24, 16, true), (40, 3, false)];
        let expected: Vec<u8> = (0..43).collect();
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]] {
            let mut fragments: Vec<_> = order.map(|place| parts[place]).into();
            fragments.insert(2, fragments[1]); // a duplicate
            let (whole, counts) = put_together(&fragments);
            assert_eq!(whole.as_ref(), Some(&expected), "{order:?}");
            assert_eq!(counts.overlapping, 0);
        }
        let (whole, counts) = put_together(&parts[1..]);
        assert_eq!((whole, counts.unfinished), (None, 1));
    }

    #[test]
    fn fragments_that_overlap_are_refused() {
        let cases: [&[(usize, usize, bool)]; 7] = [
            &[(0, 16, true), (8, 16, true), (24, 3, false)],
            &[(8, 16, true), (0, 16, true), (24, 3, false)],
            &[(0, 16, true), (0, 24, true), (24, 3, false)],
            &[(16, 3, false), (16, 8, false), (0, 16, true)],
            &[(16, 3, false), (24, 8, true), (0, 16, true)],
            &[(0, 15, true), (15, 3, false)],
            &[(24, 8, true), (16, 3, false), (0, 16, true)],
        ];
        for fragments in cases {
            let (whole, counts) = put_together(fragments);
            assert_eq!(whole, None, "{fragments:?}");
            assert_eq!(counts, FragmentCounts { overlapping: 1, unfinished: 0 });
        }
    }

    #[test]
    fn what_was_not_captured_of_a_fragment_ends_the_bytes_and_not_the_length() {
        let mut all = Fragments::default();
        let now = Timestamp(1);
        assert!(all.take(&datagram(16, b"0123456789"), part(1, 0, true), now).is_none());
        let whole = all.take(&datagram(4, b"abcd"), part(1, 16, false), now).expect("whole");
        assert_eq!((whole.length, whole.payload), (20, b"0123456789".as_slice()));
    }

    #[test]
    fn number_bytes_and_age_are_bounded() {
        let mut all = Fragments::default();
        let bytes = vec![0; 32_000];
        for id in 0..5000 {
            all.take(&datagram(32_000, &bytes), part(id, 0, true), Timestamp(1));
            assert!(all.partial.len() <= MOST_DATAGRAMS && all.bytes <= MOST_BYTES + 40_000);
        }
        let late = Timestamp(1).plus(AGE);
        all.take(&datagram(8, &bytes[..8]), part(9_999, 0, true), late);
        assert_eq!((all.partial.len(), all.ages.len()), (1, 1));
        assert_eq!(all.counts().unfinished, 5001);
        for id in 0..100_000 {
            all.take(&datagram(8, &bytes[..8]), part(id, 0, true), late);
            all.take(&datagram(8, &bytes[..8]), part(id, 8, false), late);
            assert!(all.ages.len() <= 4 * MOST_DATAGRAMS);
        }
    }
}
