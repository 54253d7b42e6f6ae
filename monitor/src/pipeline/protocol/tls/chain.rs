//! The certificates of a server up to TLS 1.2 (RFC 5246 section 7.4.2), as they come.
//!
//! The first one is read and then let go; of the others only their number is kept.

use super::super::anomaly::{Anomalies, Anomaly};
use super::certificate;
use super::message::append;
use crate::pipeline::output::tls::Certificate;

/// Where in the chain the bytes are.
#[derive(Debug, Default)]
pub(super) struct Chain {
    next: Next,
    length: [u8; 3],
    /// Bytes of the length that are there.
    have: u8,
    /// Bytes of the certificate that are to come.
    left: usize,
    /// Bytes of the list that are to come after it.
    list_left: usize,
    /// Certificates that have begun.
    count: u8,
    /// The start of the first certificate.
    first: Vec<u8>,
    certificate: Option<Certificate>,
    anomalies: Anomalies,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Next {
    #[default]
    ListLength,
    Length,
    First,
    Other,
    /// Nothing: the list is over, or is none.
    Nothing,
}

impl Chain {
    /// Bytes held.
    pub(super) fn buffered(&self) -> usize {
        self.first.capacity()
    }

    /// Takes the next bytes of the message, keeping at most `most` bytes.
    pub(super) fn take(&mut self, mut bytes: &[u8], most: usize) {
        while !bytes.is_empty() {
            match self.next {
                Next::ListLength | Next::Length => self.take_length(&mut bytes, most),
                Next::First | Next::Other => self.take_certificate(&mut bytes),
                Next::Nothing => {
                    self.anomalies.add(Anomaly::InvalidCertificate);
                    return;
                }
            }
        }
    }

    /// What is known at the end of the message.
    pub(super) fn conclude(self, anomalies: &mut Anomalies) -> Option<Certificate> {
        anomalies.add_all(self.anomalies);
        if self.next != Next::Nothing || self.count == 0 {
            anomalies.add(Anomaly::InvalidCertificate);
        }
        self.certificate.map(|certificate| Certificate { chain_length: self.count, ..certificate })
    }

    fn take_length(&mut self, bytes: &mut &[u8], most: usize) {
        while let Some((byte, rest)) = bytes.split_first() {
            *bytes = rest;
            if let Some(place) = self.length.get_mut(usize::from(self.have)) {
                *place = *byte;
            }
            self.have += 1;
            if usize::from(self.have) == self.length.len() {
                self.have = 0;
                let [high, middle, low] = self.length.map(usize::from);
                return self.begin(high << 16 | middle << 8 | low, most);
            }
        }
    }

    /// A length is there.
    fn begin(&mut self, length: usize, most: usize) {
        if self.next == Next::ListLength {
            self.list_left = length;
            return self.go_on();
        }
        let Some(rest) = self.list_left.checked_sub(3 + length).filter(|_| length > 0) else {
            self.anomalies.add(Anomaly::InvalidCertificate);
            self.next = Next::Nothing;
            return;
        };
        (self.left, self.list_left) = (length, rest);
        self.count = self.count.saturating_add(1);
        self.next = if self.count > 1 {
            Next::Other
        } else if length > most {
            self.anomalies.add(Anomaly::OversizedHandshake);
            Next::Other
        } else {
            Next::First
        };
    }

    fn take_certificate(&mut self, bytes: &mut &[u8]) {
        let Some((part, rest)) = bytes.split_at_checked(bytes.len().min(self.left)) else { return };
        *bytes = rest;
        let is_whole = part.len() == self.left;
        if self.next == Next::First && is_whole && self.first.is_empty() {
            self.certificate = certificate::parse(part, &mut self.anomalies);
        } else if self.next == Next::First {
            let whole = self.first.len() + self.left;
            append(&mut self.first, part, whole);
            if is_whole {
                let first = std::mem::take(&mut self.first);
                self.certificate = certificate::parse(&first, &mut self.anomalies);
            }
        }
        self.left -= part.len();
        if is_whole {
            self.go_on();
        }
    }

    fn go_on(&mut self) {
        self.next = if self.list_left == 0 { Next::Nothing } else { Next::Length };
    }
}
