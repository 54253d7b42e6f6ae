//! Closed choices as sets, and methods as numbers.

use crate::pipeline::output::{Auth, Method, Protocol};

const AUTHS: [Auth; 8] = [
    Auth::None,
    Auth::Basic,
    Auth::Bearer,
    Auth::Digest,
    Auth::ApiKey,
    Auth::Cookie,
    Auth::Other,
    Auth::Unknown,
];

const PROTOCOLS: [Protocol; 6] = [
    Protocol::Http10,
    Protocol::Http11,
    Protocol::Http2,
    Protocol::Grpc,
    Protocol::GrpcWeb,
    Protocol::WebSocket,
];

/// A set of kinds of [`Auth`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AuthSet(u8);

impl AuthSet {
    pub(super) const fn add(&mut self, auth: Auth) {
        self.0 |= 1 << auth as u8;
    }

    pub(super) const fn absorb(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) fn list(self) -> Vec<Auth> {
        AUTHS.into_iter().filter(|auth| self.0 & 1 << *auth as u8 != 0).collect()
    }
}

/// A set of [`Protocol`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ProtocolSet(u8);

impl ProtocolSet {
    pub(super) const fn add(&mut self, protocol: Protocol) {
        self.0 |= 1 << protocol as u8;
    }

    pub(super) const fn absorb(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) fn list(self) -> Vec<Protocol> {
        PROTOCOLS.into_iter().filter(|it| self.0 & 1 << *it as u8 != 0).collect()
    }
}

/// A method, one of few: any text can be sent as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct MethodId(u8);

/// Those of [`Method`] in its order, what OpenTelemetry calls all others, and the ones
/// of `WebDAV`, caches and drafts that interfaces use (IANA's registry of methods).
const METHODS: [&str; 26] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "?",
    "_OTHER",
    "ACL",
    "COPY",
    "LINK",
    "LOCK",
    "MERGE",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "QUERY",
    "REPORT",
    "SEARCH",
    "UNLOCK",
];
const OTHER: u8 = 10;

impl MethodId {
    pub(super) fn of(method: &Method) -> Self {
        Self(match method {
            Method::Get => 0,
            Method::Head => 1,
            Method::Post => 2,
            Method::Put => 3,
            Method::Delete => 4,
            Method::Connect => 5,
            Method::Options => 6,
            Method::Trace => 7,
            Method::Patch => 8,
            Method::Unknown => 9,
            Method::Other(token) => {
                let known = METHODS.iter().position(|known| **known == **token);
                known.and_then(|at| u8::try_from(at).ok()).unwrap_or(OTHER)
            }
        })
    }

    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..METHODS.len() as u8).map(Self)
    }

    /// The method of a name that [`Self::name`] gives; `_OTHER` for any other.
    pub(super) fn from_name(name: &str) -> Self {
        let place = METHODS.iter().position(|known| *known == name);
        Self(place.and_then(|at| u8::try_from(at).ok()).unwrap_or(OTHER))
    }

    pub(super) fn name(self) -> &'static str {
        METHODS.get(usize::from(self.0)).copied().unwrap_or("_OTHER")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_list_what_was_added_in_order() {
        let mut auths = AuthSet::default();
        assert!(auths.list().is_empty());
        auths.add(Auth::Bearer);
        auths.add(Auth::None);
        assert_eq!(auths.list(), [Auth::None, Auth::Bearer]);
        for auth in AUTHS {
            auths.add(auth);
        }
        assert_eq!(auths.list(), AUTHS);
        let mut protocols = ProtocolSet::default();
        for protocol in PROTOCOLS {
            protocols.add(protocol);
        }
        assert_eq!(protocols.list(), PROTOCOLS);
    }

    #[test]
    fn methods_keep_their_names_where_they_are_known() {
        for name in METHODS {
            let expected = if name == "_OTHER" { "_OTHER" } else { name };
            assert_eq!(MethodId::of(&Method::from_token(name)).name(), expected);
            assert_eq!(MethodId::from_name(name).name(), name);
        }
        assert_eq!(MethodId::of(&Method::Unknown).name(), "?");
        assert_eq!(MethodId::of(&Method::Other("X-SECRET".into())).name(), "_OTHER");
        assert_eq!(MethodId::of(&Method::from_token("get")).name(), "_OTHER");
    }
}
