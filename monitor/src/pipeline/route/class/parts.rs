//! Which parts of a compound look like values.
//!
//! Words of interfaces have few digits, and all in one place: `oauth2`, `s3`, `i18n`.
//! What has more is a value, but for versions and for names that are known.

use super::shape::{Shape, joins};

/// Letters and digits beyond which a part is no word.
const LONGEST_PART: usize = 40;
/// Digits of a compound that make it a value.
const MANY_DIGITS: usize = 4;
/// Letters at most of what stands before an id: `pay_29QQoUBi66xm2f`.
const LONGEST_PREFIX: usize = 10;

/// Names with more digits than words have.
const KNOWN: [&str; 29] = [
    "aes128", "aes192", "aes256", "base58", "ed25519", "es256", "es384", "es512", "h264", "h265",
    "hs256", "hs384", "hs512", "iso20022", "iso8583", "iso3166", "iso4217", "ps256", "ps384",
    "ps512", "rs256", "rs384", "rs512", "sha224", "sha256", "sha384", "sha512", "x25519", "x509",
];
/// Message families of ISO 20022 and SWIFT, which three digits follow: `pain.001`, `mt940`.
const FAMILIES: [&str; 11] =
    ["acmt", "admi", "auth", "camt", "head", "mt", "pacs", "pain", "reda", "remt", "setr"];

/// Whether every part of a segment without other characters is a word.
pub(super) fn are_words(bytes: &[u8], shape: &Shape) -> bool {
    if shape.digits == 0 {
        return !is_case_noise(bytes, shape) && each(bytes).all(|part| part.len() <= LONGEST_PART);
    }
    let mut digits = 0;
    let mut in_message = false;
    for part in each(bytes) {
        in_message = belongs_to_message(part, in_message);
        match digits_of_word(part) {
            _ if in_message => {}
            Some(more) => digits += more,
            None => return false,
        }
    }
    digits < MANY_DIGITS
}

/// Whether it begins like the ids of an interface that says what they are ids of.
pub(super) fn have_prefix(bytes: &[u8]) -> bool {
    let prefix = bytes.split(|&byte| byte == b'_').next().unwrap_or_default();
    (1..=LONGEST_PREFIX).contains(&prefix.len())
        && prefix.len() < bytes.len()
        && prefix.iter().all(u8::is_ascii_lowercase)
}

fn each(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&byte| joins(byte)).filter(|part| !part.is_empty())
}

/// Digits that a part adds to those of the compound; none where it is no word.
fn digits_of_word(part: &[u8]) -> Option<usize> {
    let run = Run::of(part);
    if run.digits == 0 {
        return (part.len() <= LONGEST_PART).then_some(0);
    }
    if is_version(part) || is_one_of(part, &KNOWN) {
        return Some(0);
    }
    let is_word = match (run.begins_with_digit, run.switches) {
        (true, 0) => run.digits <= 2,
        (true, _) => run.digits <= 2 && run.switches <= 2 && part.len() <= 6,
        (false, 1) => run.digits <= 2 && part.len() <= LONGEST_PART,
        (false, _) => run.digits <= 2 && run.switches == 2 && run.rises == 0 && part.len() <= 16,
    };
    is_word.then_some(run.digits)
}

/// Digits of a part, and how often letters and digits take turns, or small letters and
/// capitals.
struct Run {
    digits: usize,
    switches: usize,
    rises: usize,
    begins_with_digit: bool,
}

impl Run {
    fn of(part: &[u8]) -> Self {
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        let turns = part.iter().zip(part.iter().skip(1));
        Self {
            digits: part.iter().filter(|byte| is_digit(byte)).count(),
            rises: rises(part),
            switches: turns.filter(|(a, b)| is_digit(a) != is_digit(b)).count(),
            begins_with_digit: part.first().is_some_and(is_digit),
        }
    }
}

/// `v1`, `V12`, `v1alpha1`: at most three digits, a stage, and at most two.
fn is_version(part: &[u8]) -> bool {
    let Some(rest) = part.strip_prefix(b"v").or_else(|| part.strip_prefix(b"V")) else {
        return false;
    };
    let count = |bytes: &[u8], is: fn(&u8) -> bool| bytes.iter().take_while(|b| is(b)).count();
    let digits = count(rest, u8::is_ascii_digit);
    let stage = rest.get(digits..).unwrap_or_default();
    let letters = count(stage, u8::is_ascii_lowercase);
    let last = stage.get(letters..).unwrap_or_default();
    let has_stage = stage.is_empty() || (2..=8).contains(&letters);
    (1..=3).contains(&digits) && has_stage && last.len() <= 2 && last.iter().all(u8::is_ascii_digit)
}

/// Whether a part is of the name of a message: `pain001`, or `pain.001.001.03`.
fn belongs_to_message(part: &[u8], in_message: bool) -> bool {
    let letters = part.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (family, number) = part.split_at_checked(letters).unwrap_or_default();
    let has_number = number.len() <= 3 && number.iter().all(u8::is_ascii_digit);
    has_number && (is_one_of(family, &FAMILIES) || (in_message && family.is_empty()))
}

fn is_one_of(part: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// Letters only, but their case changes as in base64, not as between words: at two of
/// five places in a long part, or twice after a prefix.
fn is_case_noise(bytes: &[u8], shape: &Shape) -> bool {
    if shape.uppers == 0 || shape.lowers == 0 {
        return false;
    }
    let last = bytes.split(|&byte| byte == b'_').next_back().unwrap_or_default();
    let turns = last.iter().zip(last.iter().skip(1));
    let capitals = turns.filter(|(_, after)| after.is_ascii_uppercase()).count();
    let rises = rises(last);
    let is_long = last.len() >= 20 && rises >= 3 && 5 * capitals >= 2 * last.len();
    is_long || (have_prefix(bytes) && last.len() >= 10 && rises >= 2)
}

/// Capitals right after small letters.
fn rises(part: &[u8]) -> usize {
    let turns = part.iter().zip(part.iter().skip(1));
    turns.filter(|(a, b)| a.is_ascii_lowercase() && b.is_ascii_uppercase()).count()
}
