//! Those who may scrape: names with bcrypt hashes of passwords, as `htpasswd -B` writes them.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bcrypt::HashParts;
use subtle::ConstantTimeEq;

use super::credentials::{Credentials, Digest};

/// Most users.
const MOST_USERS: usize = 100;

/// Highest cost of a hash: at this one a verification takes about a second.
const HIGHEST_COST: u32 = 14;

/// What stands before the hashes that are known. They differ in the bugs of old programs
/// with passwords that no ASCII is, not in how they are verified.
const PREFIXES: [&str; 3] = ["$2a$", "$2b$", "$2y$"];

/// Those who may scrape; never none.
pub struct Users(Vec<User>);

struct User {
    name: String,
    hash: String,
    /// What was let in last, so that only the first scrape costs a verification.
    verified: Mutex<Option<Digest>>,
}

/// Names and hashes are nothing for a log.
impl fmt::Debug for Users {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Users({})", self.0.len())
    }
}

impl Users {
    /// Reads lines of a name, `:` and a hash. Empty lines, and those that begin with `#`,
    /// are passed over.
    ///
    /// # Errors
    ///
    /// [`UsersFault`], with the first line that is not as it should be. It has nothing of a
    /// hash.
    pub fn parse(bytes: &[u8]) -> Result<Self, UsersFault> {
        let text = std::str::from_utf8(bytes).map_err(|_| UsersFault::NotText)?;
        let mut users = Vec::new();
        let mut names = BTreeSet::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let user = user(text).map_err(|fault| UsersFault::Line { line, fault })?;
            if !names.insert(user.name.clone()) {
                return Err(UsersFault::Line { line, fault: LineFault::Twice });
            }
            users.push(user);
            if users.len() > MOST_USERS {
                return Err(UsersFault::TooMany);
            }
        }
        if users.is_empty() { Err(UsersFault::Nobody) } else { Ok(Self(users)) }
    }

    /// Takes over what was let in before of users with the same name and hash, so that a
    /// reload does not have their passwords verified again.
    pub(super) fn remember(&self, before: &Self) {
        for user in &self.0 {
            let known = before.find(&user.name).filter(|it| it.hash == user.hash);
            if let Some(known) = known {
                // One lock at a time: they may be the same user.
                let verified = *known.verified();
                *user.verified() = verified;
            }
        }
    }

    /// Whether these are what was let in before.
    pub(super) fn remembers(&self, credentials: &Credentials) -> bool {
        self.find(credentials.name()).is_some_and(|user| {
            user.verified().is_some_and(|it| it.ct_eq(credentials.digest()).into())
        })
    }

    /// Whether a user has this name and password; remembered where it is so. Takes long, and
    /// as long for a name that nobody has.
    pub(super) fn verify(&self, credentials: &Credentials) -> bool {
        let found = self.find(credentials.name());
        let Some(user) = found.or(self.0.first()) else { return false };
        let is_right = bcrypt::verify(credentials.password(), &user.hash).unwrap_or(false);
        if !is_right || found.is_none() {
            return false;
        }
        *user.verified() = Some(*credentials.digest());
        true
    }

    fn find(&self, name: &str) -> Option<&User> {
        self.0.iter().find(|user| user.name == name)
    }
}

impl User {
    fn verified(&self) -> MutexGuard<'_, Option<Digest>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why there are no users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsersFault {
    /// The file is something else.
    #[error("is no text in UTF-8")]
    NotText,
    /// Nobody could scrape.
    #[error("has no user")]
    Nobody,
    /// They are kept in memory.
    #[error("has more than {MOST_USERS} users")]
    TooMany,
    /// A line is not as it should be.
    #[error("has an error in line {line}: {fault}")]
    Line {
        /// Its number, from one.
        line: usize,
        /// What is wrong with it.
        fault: LineFault,
    },
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// There is no `:`.
    #[error("there is no `:` between a name and a hash")]
    NoColon,
    /// The name is empty or has a control character.
    #[error("the name is empty, or has a control character")]
    Name,
    /// The name was there before.
    #[error("this name was there before")]
    Twice,
    /// A password in clear text, or a hash of another kind.
    #[error("what stands behind the name is no bcrypt hash")]
    NotBcrypt,
    /// A verification would take too long.
    #[error("the cost of the hash is not from 4 to {HIGHEST_COST}")]
    Cost,
}

impl UsersFault {
    /// What to do about it.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::TooMany => "let those with the same rights share a name",
            Self::Line { fault: LineFault::Twice, .. } => "take one of them out",
            _ => "write a line for each user with `htpasswd -nBC 10 NAME`",
        }
    }
}

fn user(line: &str) -> Result<User, LineFault> {
    let (name, hash) = line.split_once(':').ok_or(LineFault::NoColon)?;
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(LineFault::Name);
    }
    if !PREFIXES.iter().any(|prefix| hash.starts_with(prefix)) {
        return Err(LineFault::NotBcrypt);
    }
    let parts = HashParts::from_str(hash).map_err(|_| LineFault::NotBcrypt)?;
    if !(4..=HIGHEST_COST).contains(&parts.get_cost()) {
        return Err(LineFault::Cost);
    }
    Ok(User { name: name.to_owned(), hash: hash.to_owned(), verified: Mutex::new(None) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `correct horse` at the lowest cost.
    const HASH: &str = "$2b$04$YNpiekAPpH7qu2LxCv2ILucXuvv6yqql58iRpnL/vTa0lRtgaGM1S";

    #[test]
    fn files_are_read_or_refused_with_the_line() {
        let at = |line, fault| Err(UsersFault::Line { line, fault });
        let costly = HASH.replace("$04$", "$15$");
        let many: String = (0..101).map(|number| format!("u{number}:{HASH}\n")).collect();
        for (text, expected) in [
            (format!("a:{HASH}"), Ok(1)),
            (format!("# scrapers\r\n\r\na:{HASH}\r\nb ö:{HASH}\n\n"), Ok(2)),
            (format!("a:{}", HASH.replace("$2b$", "$2y$")), Ok(1)),
            (format!("a:{}", HASH.replace("$2b$", "$2a$")), Ok(1)),
            (String::new(), Err(UsersFault::Nobody)),
            ("# nobody\n".to_owned(), Err(UsersFault::Nobody)),
            (many, Err(UsersFault::TooMany)),
            ("\nprometheus\n".to_owned(), at(2, LineFault::NoColon)),
            (format!(":{HASH}"), at(1, LineFault::Name)),
            (format!("a\u{1b}[2J:{HASH}"), at(1, LineFault::Name)),
            (format!("a:{HASH}\na:{HASH}"), at(2, LineFault::Twice)),
            ("a:secret".to_owned(), at(1, LineFault::NotBcrypt)),
            ("a:".to_owned(), at(1, LineFault::NotBcrypt)),
            ("a:$apr1$wVCkSyvs$yuP8qJMIq5Kd0cBH6sbPz0".to_owned(), at(1, LineFault::NotBcrypt)),
            (format!("a:{}", HASH.replace("$2b$", "$2x$")), at(1, LineFault::NotBcrypt)),
            (format!("a:{HASH}x"), at(1, LineFault::NotBcrypt)),
            (format!("a:{}", HASH.replace("$04$", "$ä$")), at(1, LineFault::NotBcrypt)),
            (format!("a:{costly}"), at(1, LineFault::Cost)),
            (format!("a:{}", HASH.replace("$04$", "$03$")), at(1, LineFault::Cost)),
        ] {
            let users = Users::parse(text.as_bytes());
            assert_eq!(
                users.as_ref().map(|users| users.0.len()).map_err(|it| *it),
                expected,
                "{text}"
            );
        }
        assert_eq!(Users::parse(b"a:\xff").unwrap_err(), UsersFault::NotText);
    }

    #[test]
    fn nothing_of_a_file_is_in_what_is_said_of_it() {
        let fault = Users::parse(b"hunter2:hunter2").unwrap_err();
        assert!(!format!("{fault} {fault:?} {}", fault.remedy()).contains("hunter2"));
        let users = Users::parse(format!("hunter2:{HASH}").as_bytes()).unwrap();
        assert_eq!(format!("{users:?}"), "Users(1)");
    }

    #[test]
    fn the_right_password_of_a_user_is_let_in_and_remembered() {
        let users = Users::parse(format!("a:{HASH}\nb:{HASH}").as_bytes()).unwrap();
        for (name, password, is_right) in [
            ("a", "correct horse", true),
            ("b", "correct horse", true),
            ("c", "correct horse", false),
            ("A", "correct horse", false),
            ("", "correct horse", false),
            ("a", "correct horse ", false),
            ("a", "", false),
            ("a", HASH, false),
        ] {
            let credentials = Credentials::new(name, password.as_bytes());
            assert!(!users.remembers(&credentials), "{name} {password}");
            assert_eq!(users.verify(&credentials), is_right, "{name} {password}");
            assert_eq!(users.remembers(&credentials), is_right, "{name} {password}");
        }
    }

    #[test]
    fn what_was_right_is_remembered_while_the_line_of_the_user_stays() {
        let right = Credentials::new("a", b"correct horse");
        let before = Users::parse(format!("a:{HASH}").as_bytes()).unwrap();
        assert!(before.verify(&right));
        let other = bcrypt::hash("correct horse", 4).unwrap();
        for (text, is_remembered) in [
            (format!("b:{HASH}\na:{HASH}"), true),
            (format!("a:{other}"), false),
            (format!("b:{HASH}"), false),
        ] {
            let users = Users::parse(text.as_bytes()).unwrap();
            assert!(!users.remembers(&right), "{text}");
            users.remember(&before);
            assert_eq!(users.remembers(&right), is_remembered, "{text}");
        }
    }
}
