//! JSON objects (RFC 8259 section 4), member by member.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::{string, time};
use crate::pipeline::time::WallTime;

/// 9999-12-31T23:59:59Z: RFC 3339 has years of four digits.
const LAST_SECOND: i64 = 253_402_300_799;

/// An object being written; [`Object::close`] ends it.
pub(crate) struct Object<'a> {
    to: &'a mut Vec<u8>,
    /// What comes before the next member.
    separator: u8,
}

impl<'a> Object<'a> {
    pub(crate) const fn open(to: &'a mut Vec<u8>) -> Self {
        Self { to, separator: b'{' }
    }

    pub(crate) fn close(self) {
        if self.separator == b'{' {
            self.to.push(b'{');
        }
        self.to.push(b'}');
    }

    /// A member that is itself an object.
    #[inline]
    pub(crate) fn object(&mut self, key: &'static str) -> Object<'_> {
        Object::open(self.key(key))
    }

    /// Text from outside.
    #[inline]
    pub(crate) fn text(&mut self, key: &'static str, value: &str) {
        string::write(value, self.key(key));
    }

    /// Text under a name that may be from outside too.
    pub(crate) fn named_text(&mut self, key: &str, value: &str) {
        self.to.push(self.separator);
        self.separator = b',';
        string::write(key, self.to);
        self.to.push(b':');
        string::write(value, self.to);
    }

    /// A member that is a list of objects.
    pub(crate) fn objects<T>(
        &mut self,
        key: &'static str,
        values: impl IntoIterator<Item = T>,
        write: impl Fn(Object<'_>, T),
    ) {
        let to = self.key(key);
        to.push(b'[');
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                to.push(b',');
            }
            write(Object::open(to), value);
        }
        to.push(b']');
    }

    #[inline]
    pub(crate) fn optional_text(&mut self, key: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    pub(crate) fn texts<'t>(&mut self, key: &'static str, values: impl Iterator<Item = &'t str>) {
        let to = self.key(key);
        to.push(b'[');
        for (index, value) in values.enumerate() {
            if index > 0 {
                to.push(b',');
            }
            string::write(value, to);
        }
        to.push(b']');
    }

    /// A word of this program, which needs no escape.
    #[inline]
    pub(crate) fn word(&mut self, key: &'static str, value: &'static str) {
        let to = self.key(key);
        to.push(b'"');
        to.extend_from_slice(value.as_bytes());
        to.push(b'"');
    }

    #[inline]
    pub(crate) fn number(&mut self, key: &'static str, value: impl Into<u64>) {
        write_decimal(value.into(), self.key(key));
    }

    #[inline]
    pub(crate) fn flag(&mut self, key: &'static str, value: bool) {
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.key(key).extend_from_slice(text);
    }

    /// 16 hexadecimal digits in a string: JSON numbers are exact only up to 2^53
    /// in many readers (RFC 8259 section 6).
    #[inline]
    pub(crate) fn id(&mut self, key: &'static str, value: u64) {
        let to = self.key(key);
        to.push(b'"');
        to.extend_from_slice(&hexadecimal(value));
        to.push(b'"');
    }

    pub(crate) fn ipv4(&mut self, key: &'static str, address: Ipv4Addr) {
        let [a, b, c, d] = address.octets();
        let to = self.key(key);
        for (before, octet) in [(b'"', a), (b'.', b), (b'.', c), (b'.', d)] {
            to.push(before);
            write_decimal(octet.into(), to);
        }
        to.push(b'"');
    }

    pub(crate) fn ipv6(&mut self, key: &'static str, address: Ipv6Addr) {
        write!(self.key(key), "\"{address}\"").expect("writing to a vector cannot fail");
    }

    /// RFC 3339, UTC, with nanoseconds.
    #[inline]
    pub(crate) fn time(&mut self, key: &'static str, value: WallTime) {
        let to = self.key(key);
        to.push(b'"');
        time::write_time(value, to);
        to.push(b'"');
    }

    /// RFC 3339, UTC, to the second; times outside of 1970 to 9999 are its start or end.
    pub(crate) fn seconds(&mut self, key: &'static str, value: i64) {
        let to = self.key(key);
        to.push(b'"');
        time::write_date_time(value.clamp(0, LAST_SECOND) as u64, to);
        to.extend_from_slice(b"Z\"");
    }

    /// Seconds, exact to the nanosecond.
    #[inline]
    pub(crate) fn optional_duration(&mut self, key: &'static str, value: Option<Duration>) {
        if let Some(value) = value {
            time::write_seconds(value, self.key(key));
        }
    }

    #[inline]
    fn key(&mut self, key: &'static str) -> &mut Vec<u8> {
        self.to.extend_from_slice(&[self.separator, b'"']);
        self.to.extend_from_slice(key.as_bytes());
        self.to.extend_from_slice(b"\":");
        self.separator = b',';
        self.to
    }
}

/// Appends a number in decimal.
pub(crate) fn write_decimal(mut value: u64, to: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut length = 0;
    for digit in digits.iter_mut().rev() {
        *digit = decimal_digit(value % 10);
        length += 1;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    let (_, used) = digits.split_at(digits.len() - length);
    to.extend_from_slice(used);
}

/// Appends a number in decimal with leading zeros; higher digits are cut.
pub(crate) fn write_padded<const DIGITS: usize>(mut value: u64, to: &mut Vec<u8>) {
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = decimal_digit(value % 10);
        value /= 10;
    }
    to.extend_from_slice(&digits);
}

const fn decimal_digit(value: u64) -> u8 {
    b'0' + value as u8
}

fn hexadecimal(value: u64) -> [u8; 16] {
    std::array::from_fn(|index| {
        let nibble = (value >> (60 - 4 * index)) as u8 & 0xf;
        if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_those_of_the_standard_library() {
        for value in [0, 1, 9, 10, 99, 100, 12_345_678_901, u64::MAX - 1, u64::MAX] {
            let mut written = Vec::new();
            write_decimal(value, &mut written);
            assert_eq!(written, value.to_string().into_bytes());
        }
    }

    #[test]
    fn padding_fills_from_the_left() {
        let mut written = Vec::new();
        write_padded::<9>(1_234, &mut written);
        assert_eq!(written, b"000001234");
    }

    #[test]
    fn ids_are_sixteen_hexadecimal_digits() {
        for value in [0, 0xa, 0x0123_4567_89ab_cdef, u64::MAX] {
            assert_eq!(hexadecimal(value).to_vec(), format!("{value:016x}").into_bytes());
        }
    }

    #[test]
    fn an_object_without_members_is_an_object() {
        let mut written = Vec::new();
        Object::open(&mut written).close();
        assert_eq!(written, b"{}");
    }

    #[test]
    fn lists_and_names_from_outside_stay_in_their_place() {
        let mut written = Vec::new();
        let mut object = Object::open(&mut written);
        object.named_text("a\"\x1b", "b");
        object.objects("list", [1_u64, 2], |mut one, value| {
            one.number("n", value);
            one.close();
        });
        object.objects("none", [0_u64; 0], |one, _| one.close());
        object.seconds("last", i64::MAX);
        object.seconds("first", i64::MIN);
        object.close();
        assert_eq!(
            String::from_utf8(written).unwrap(),
            concat!(
                r#"{"a\"\u001b":"b","list":[{"n":1},{"n":2}],"none":[],"#,
                r#""last":"9999-12-31T23:59:59Z","first":"1970-01-01T00:00:00Z"}"#
            )
        );
    }
}
