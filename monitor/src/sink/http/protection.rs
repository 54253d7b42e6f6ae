//! Who may scrape, and how that is kept from others.

use std::sync::{Arc, Mutex, PoisonError};

use super::tls::Tls;
use super::users::Users;

/// What stands between metrics and those who ask for them. The default is nothing.
#[derive(Clone, Debug, Default)]
pub struct Protection {
    /// Encrypts; none for clear text.
    pub tls: Option<Tls>,
    /// Those who are let in; none for everyone.
    pub users: Option<Arc<Users>>,
}

/// The protection in force, which can be replaced. A connection keeps the one it began with.
#[derive(Clone, Debug)]
pub(super) struct InForce(Arc<Mutex<Protection>>);

impl InForce {
    pub(super) fn new(protection: Protection) -> Self {
        Self(Arc::new(Mutex::new(protection)))
    }

    pub(super) fn current(&self) -> Protection {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn replace(&self, protection: Protection) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(users), Some(before)) = (&protection.users, &current.users) {
            users.remember(before);
        }
        *current = protection;
    }
}
