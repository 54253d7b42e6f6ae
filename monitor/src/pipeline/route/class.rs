//! What a segment of a path looks like: a word of the interface, or a value.

use shape::Shape;

/// Which parts of a compound look like values.
mod parts;
/// Characters of a segment, counted.
mod shape;

/// Bytes of a segment that can be a word.
const WORD_BYTES: usize = 96;

/// What a segment looks like. All but [`Class::Word`] stand for values, which a route
/// never has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// A word of the interface: `accounts`, `v2.1`, `oauth2`, `openid-configuration`.
    Word,
    /// Digits, with the separators of phone, card and decimal numbers.
    Number,
    /// RFC 9562.
    Uuid,
    /// Eight hexadecimal digits or more, one of them below ten.
    Hex,
    /// A day or month, with or without the time of day.
    Date,
    /// An address of e-mail.
    Email,
    /// Sixteen letters of both cases and digits, or more, as base64 gives.
    Token,
    /// Letters and digits mixed: account numbers, `pay_29QQoUBi66xm2f`, ULIDs.
    Id,
    /// Anything else that is no word: percent-encoded, other characters, too long.
    /// Also any segment of a place that has had too many different ones.
    Param,
}

impl Class {
    const VALUES: [Self; 8] = [
        Self::Number,
        Self::Uuid,
        Self::Hex,
        Self::Date,
        Self::Email,
        Self::Token,
        Self::Id,
        Self::Param,
    ];

    /// What stands for it in a route; nothing for a word, which stands for itself.
    pub(super) const fn placeholder(self) -> &'static str {
        match self {
            Self::Word => "",
            Self::Number => "{number}",
            Self::Uuid => "{uuid}",
            Self::Hex => "{hex}",
            Self::Date => "{date}",
            Self::Email => "{email}",
            Self::Token => "{token}",
            Self::Id => "{id}",
            Self::Param => "{param}",
        }
    }

    /// A placeholder is of the class that it stands for, so that the route of a route
    /// is the route.
    fn of_placeholder(text: &str) -> Option<Self> {
        Self::VALUES.into_iter().find(|class| class.placeholder() == text)
    }
}

/// The class of a segment.
pub(super) fn classify(segment: &str) -> Class {
    if segment.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits(segment.as_bytes());
    }
    if segment.starts_with('{') {
        return match Class::of_placeholder(segment) {
            Some(class) => class,
            None => braced(segment),
        };
    }
    if segment.len() > WORD_BYTES {
        return long(segment.as_bytes());
    }
    if segment.bytes().any(|byte| byte == b'%') {
        let mut room = [0; WORD_BYTES];
        return match decode(segment.as_bytes(), &mut room).map(classify_bytes) {
            // Words of an interface need no encoding; what people type does.
            None | Some(Class::Word) => Class::Param,
            Some(class) => class,
        };
    }
    classify_bytes(segment.as_bytes())
}

fn digits(bytes: &[u8]) -> Class {
    if bytes.len() >= 8 && is_date(bytes) { Class::Date } else { Class::Number }
}

fn classify_bytes(bytes: &[u8]) -> Class {
    let shape = Shape::of(bytes);
    if shape.is_uuid(bytes) {
        Class::Uuid
    } else if shape.digits > 0 && is_date(bytes) {
        Class::Date
    } else if shape.others > 0 {
        with_other_characters(bytes, &shape)
    } else if shape.letters() == 0 {
        if shape.digits == 0 || is_plain_version(bytes) { Class::Word } else { Class::Number }
    } else if is_iban(bytes) {
        Class::Id
    } else if shape.is_hex(bytes) {
        Class::Hex
    } else if parts::are_words(bytes, &shape) {
        Class::Word
    } else if shape.is_mixed() && !parts::have_prefix(bytes) {
        Class::Token
    } else {
        Class::Id
    }
}

/// Values in braces, as some systems write UUIDs; names in braces are not ours.
fn braced(segment: &str) -> Class {
    let inner = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let inner = inner.unwrap_or_default().as_bytes();
    if Shape::of(inner).is_uuid(inner) { Class::Uuid } else { Class::Param }
}

/// Too long for a word: only tokens are told apart.
fn long(bytes: &[u8]) -> Class {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~+=".contains(byte);
    if bytes.iter().all(is_token) { Class::Token } else { Class::Param }
}

fn with_other_characters(bytes: &[u8], shape: &Shape) -> Class {
    if is_email(bytes) {
        return Class::Email;
    }
    let rest = bytes.strip_prefix(b"+").unwrap_or(bytes);
    if shape.letters() == 0 && shape.digits > 0 && shape.others + rest.len() == bytes.len() {
        return Class::Number; // +49 30 …: a plus and digits
    }
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+=-_".contains(byte);
    if bytes.iter().all(is_base64) && bytes.len() >= 16 && shape.uppers > 0 && shape.lowers > 0 {
        return Class::Token;
    }
    Class::Param
}

/// International bank account numbers (ISO 13616), some of which are hexadecimal too.
fn is_iban(bytes: &[u8]) -> bool {
    let Some((head, account)) = bytes.split_at_checked(4) else { return false };
    let is_framed = matches!(head, [b'A'..=b'Z', b'A'..=b'Z', b'0'..=b'9', b'0'..=b'9']);
    if !is_framed || !(11..=30).contains(&account.len()) {
        return false;
    }
    if account.iter().all(u8::is_ascii_digit) {
        return true; // two capitals and digits only; with a wrong checksum it is one too
    }
    let rest = account.iter().chain(head).try_fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => Some((10 * rest + u32::from(byte - b'0')) % 97),
        b'A'..=b'Z' => Some((100 * rest + u32::from(byte - b'A') + 10) % 97),
        _ => None,
    });
    rest == Some(1)
}

fn is_email(bytes: &[u8]) -> bool {
    let Some(at) = bytes.iter().rposition(|&byte| byte == b'@') else { return false };
    let domain = bytes.get(at + 1..).unwrap_or_default();
    let is_domain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.".contains(byte);
    at > 0 && domain.contains(&b'.') && domain.iter().all(is_domain)
}

/// `1.0`, `2.1`: versions are written so more often than values of a path.
fn is_plain_version(bytes: &[u8]) -> bool {
    matches!(bytes, [major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
}

/// Dates as ISO 8601 writes them, with any time of day after; with other separators,
/// with the day first, and as digits only.
fn is_date(bytes: &[u8]) -> bool {
    let rest = match *bytes {
        [y @ b'1'..=b'2', u, v, w, s @ (b'-' | b'_' | b'.'), m, n, t, d, e, ref rest @ ..]
            if s == t && is_day(&[y, u, v, w], &[m, n], &[d, e]) =>
        {
            rest
        }
        [y @ b'1'..=b'2', u, v, w, m, n, d, e, ref rest @ ..]
            if is_day(&[y, u, v, w], &[m, n], &[d, e]) && is_time_or_nothing(rest) =>
        {
            rest
        }
        [d, e, s @ (b'-' | b'_' | b'.'), m, n, t, y @ b'1'..=b'2', u, v, w]
            if s == t && is_day(&[y, u, v, w], &[m, n], &[d, e]) =>
        {
            &[]
        }
        [y @ b'1'..=b'2', u, v, w, b'-' | b'_', m, n] if is_day(&[y, u, v, w], &[m, n], b"01") => {
            &[]
        }
        _ => return false,
    };
    rest.iter().all(|byte| byte.is_ascii_digit() || b"Tt Zz:.+-_".contains(byte))
}

fn is_day(year: &[u8], month: &[u8], day: &[u8]) -> bool {
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0u32, |sum, byte| {
            byte.is_ascii_digit().then(|| 10 * sum + u32::from(byte - b'0'))
        })
    };
    number(year).is_some_and(|year| (1900..2200).contains(&year))
        && number(month).is_some_and(|month| (1..=12).contains(&month))
        && number(day).is_some_and(|day| (1..=31).contains(&day))
}

/// After eight digits: nothing, a time after `T`, or the six digits of one.
fn is_time_or_nothing(rest: &[u8]) -> bool {
    match rest {
        [] | [b'T' | b't', ..] => true,
        [b'0'..=b'2', _, b'0'..=b'5', _, b'0'..=b'5', _] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Takes percent-encoding away (RFC 3986 section 2.1); none where it is broken.
fn decode<'a>(mut bytes: &[u8], room: &'a mut [u8; WORD_BYTES]) -> Option<&'a [u8]> {
    let mut length = 0;
    while let Some((&first, rest)) = bytes.split_first() {
        let (byte, rest) = match (first, rest) {
            (b'%', &[high, low, ref rest @ ..]) => {
                let high = char::from(high).to_digit(16)?;
                let low = char::from(low).to_digit(16)?;
                (u8::try_from(16 * high + low).ok()?, rest)
            }
            (b'%', _) => return None,
            _ => (first, rest),
        };
        *room.get_mut(length)? = byte;
        length += 1;
        bytes = rest;
    }
    room.get(..length)
}
