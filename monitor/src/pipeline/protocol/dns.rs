//! DNS over TCP (RFC 1035 section 4.2.2): what servers answer.
//!
//! Each message follows its length. Where bytes were missed that may have held a length,
//! no later one can be told from what surrounds it, and the connection is given up.

use std::collections::VecDeque;

use super::{Delivery, Way};
use crate::pipeline::names::{Answer, Ignored, parse};
use crate::pipeline::settings::Limits;

/// Bytes of the length before a message.
const LENGTH_BYTES: usize = 2;

/// The answers of a connection.
#[derive(Default)]
pub(super) struct Dns {
    /// The start of a message that goes on, its length included.
    buffer: Vec<u8>,
    /// Bytes that are left of a message that is not looked at.
    passed_over: u64,
    /// It is not known where the next message begins.
    is_lost: bool,
    /// A message named addresses: this is DNS.
    pub(super) is_certain: bool,
    /// What the messages of the last delivery say.
    answers: VecDeque<Result<Answer, Ignored>>,
}

/// What is kept prints as its size, like any payload.
impl std::fmt::Debug for Dns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dns")
            .field("buffer", &format_args!("{} bytes", self.buffer.len()))
            .field("passed_over", &self.passed_over)
            .field("is_lost", &self.is_lost)
            .finish_non_exhaustive()
    }
}

impl Dns {
    /// Takes the next part of one way.
    pub(super) fn feed(&mut self, limits: &Limits, way: Way, delivery: Delivery<'_>) {
        if way == Way::ToServer || self.is_lost {
            return;
        }
        match delivery {
            Delivery::Bytes(bytes) => self.take(bytes, limits.stream_bytes as usize),
            Delivery::Gap(bytes) | Delivery::GapToldBefore(bytes) => self.skip(bytes),
            Delivery::End => self.buffer = Vec::new(),
        }
    }

    /// Bytes held in buffers.
    pub(super) fn buffered(&self) -> usize {
        self.buffer.capacity()
    }

    /// Whether there is something to take.
    pub(super) fn has_answer(&self) -> bool {
        !self.answers.is_empty()
    }

    /// What the next message says, in order.
    pub(super) fn poll(&mut self) -> Option<Result<Answer, Ignored>> {
        self.answers.pop_front()
    }

    fn take(&mut self, mut bytes: &[u8], most: usize) {
        while !bytes.is_empty() {
            let passed_over = self.passed_over.min(bytes.len() as u64);
            self.passed_over -= passed_over;
            bytes = bytes.get(passed_over as usize..).unwrap_or_default();
            bytes = if self.buffer.is_empty() {
                self.take_whole(bytes, most)
            } else {
                self.join(bytes, most)
            };
        }
    }

    /// Takes a message that is whole in the delivery, or keeps the start of one.
    fn take_whole<'a>(&mut self, bytes: &'a [u8], most: usize) -> &'a [u8] {
        match split_message(bytes) {
            Some((message, rest)) => {
                // What is said does not depend on where bytes were split.
                if !is_too_long(bytes, most) {
                    self.answer(message);
                }
                rest
            }
            None => {
                self.keep(bytes.to_vec(), most);
                b""
            }
        }
    }

    /// Adds to the start of a message; answers what comes after it.
    fn join<'a>(&mut self, bytes: &'a [u8], most: usize) -> &'a [u8] {
        let missing = missing(&self.buffer).unwrap_or(1).min(bytes.len());
        let (more, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, b""));
        self.buffer.extend_from_slice(more);
        let start = std::mem::take(&mut self.buffer);
        match split_message(&start) {
            Some((message, _)) => self.answer(message),
            None => self.keep(start, most),
        }
        rest
    }

    /// Keeps the start of a message, unless it is longer than what is kept.
    fn keep(&mut self, start: Vec<u8>, most: usize) {
        if is_too_long(&start, most) {
            self.passed_over = missing(&start).unwrap_or_default() as u64;
        } else {
            self.buffer = start;
        }
    }

    /// Bytes were missed: the message that they are part of is, if it is one only.
    fn skip(&mut self, bytes: u64) {
        // How many follows before any more bytes of this way do.
        if bytes == 0 {
            return;
        }
        let left = match length_of(&self.buffer) {
            Some(_) => missing(&self.buffer).unwrap_or_default() as u64,
            None => self.passed_over,
        };
        let is_between = self.buffer.len() < LENGTH_BYTES && self.passed_over == 0;
        self.buffer = Vec::new();
        self.is_lost = is_between || bytes > left;
        self.passed_over = left.saturating_sub(bytes);
    }

    fn answer(&mut self, message: &[u8]) {
        let answer = parse(message);
        self.is_certain |= answer.is_ok();
        if !matches!(answer, Err(Ignored::NoAddress)) {
            self.answers.push_back(answer);
        }
    }
}

/// The length that a message begins with.
fn length_of(start: &[u8]) -> Option<usize> {
    start.first_chunk().map(|length| usize::from(u16::from_be_bytes(*length)))
}

/// Bytes that a message with this start lacks; none where its length is not known.
fn missing(start: &[u8]) -> Option<usize> {
    let whole = LENGTH_BYTES + length_of(start)?;
    Some(whole.saturating_sub(start.len()))
}

fn is_too_long(start: &[u8], most: usize) -> bool {
    length_of(start).is_some_and(|length| LENGTH_BYTES + length > most)
}

/// The message at the start of `bytes` without its length, and what follows it.
fn split_message(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, rest) = bytes.split_at_checked(LENGTH_BYTES)?;
    rest.split_at_checked(length_of(bytes)?)
}

#[cfg(test)]
mod tests;
