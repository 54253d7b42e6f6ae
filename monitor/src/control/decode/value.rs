//! Texts, times and numbers, read from JSON.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::pipeline::output::PerDirection;
use crate::pipeline::time::WallTime;

/// Times.
mod time;

/// Text, borrowed where it has no escapes.
#[derive(Debug)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn boxed(self) -> Box<str> {
        self.0.into()
    }

    pub(super) fn string(self) -> String {
        self.0.into_owned()
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(Texts)
    }
}

/// Something that stands in a string.
macro_rules! in_text {
    ($(#[$doc:meta])* $name:ident($inner:ty) = $parse:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(super) struct $name(pub(super) $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = Text::deserialize(from)?;
                let parse: fn(&str) -> Option<$inner> = $parse;
                parse(text.as_str()).map(Self).ok_or_else(|| Error::custom("another form"))
            }
        }
    };
}

in_text! {
    /// RFC 3339 with nanoseconds.
    Time(WallTime) = time::parse
}

in_text! {
    /// RFC 3339 to the second, in seconds since 1970.
    Seconds(i64) = |text| {
        let seconds = time::parse_date_time(text.strip_suffix('Z')?)?;
        i64::try_from(seconds).ok()
    }
}

in_text! {
    /// 16 hexadecimal digits.
    Id(u64) = |text| {
        let is_id = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| u64::from_str_radix(text, 16).ok()).flatten()
    }
}

in_text! {
    /// An address; one of IPv4 within IPv6 is one of IPv4.
    Address(IpAddr) = |text| text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Seconds with nine decimals at most, read exactly.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span(pub(super) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(from)?;
        time::parse_seconds(raw.get()).map(Self).ok_or_else(|| Error::custom("another form"))
    }
}

/// A count for each way.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub(super) struct Ways {
    to_server: u64,
    to_client: u64,
}

impl From<Ways> for PerDirection<u64> {
    fn from(Ways { to_server, to_client }: Ways) -> Self {
        Self { to_server, to_client }
    }
}

/// Members of an object whose names are data, in their order.
#[derive(Debug)]
pub(super) struct Members<'a, T>(pub(super) Vec<(Text<'a>, T)>);

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Members<'a, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Pairs<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
            type Value = Vec<(Text<'de>, T)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        from.deserialize_map(Pairs(PhantomData)).map(Members)
    }
}

/// Words of a list that this version knows; those it does not are left out.
pub(super) fn known_words<T>(words: &[Text<'_>], from_name: fn(&str) -> Option<T>) -> Vec<T> {
    words.iter().filter_map(|word| from_name(word.as_str())).collect()
}

/// Texts that outlive the line.
pub(super) fn boxed(texts: Vec<Text<'_>>) -> Vec<Box<str>> {
    texts.into_iter().map(Text::boxed).collect()
}
