//! Whether a request comes from a user, and how much it may cost to find out.

use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::credentials::Credentials;
use super::users::Users;
use crate::clock;

/// After a verification that failed there is none for so many times as long as it took: a
/// flood of wrong passwords costs a tenth of a core.
const RESTS: u32 = 9;

/// Longest rest, so that a host that was slow for once is not shut for long.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A user has this name and password.
    Granted,
    /// There are none, or none that a user has.
    Denied,
    /// Nobody knows yet: too many ask at a time.
    Busy,
}

/// Verifies one password at a time, in a thread of its own, and rests after wrong ones. One
/// that was right before costs no verification.
#[derive(Clone, Debug)]
pub(super) struct Authenticator {
    turns: Arc<Semaphore>,
    /// How long a request waits for its turn.
    patience: Duration,
}

impl Authenticator {
    pub(super) fn new(patience: Duration) -> Self {
        Self { turns: Arc::new(Semaphore::new(1)), patience }
    }

    /// Judges a request by its headers.
    pub(super) async fn judge(&self, headers: &HeaderMap, users: &Arc<Users>) -> Verdict {
        let Some(credentials) = Credentials::of(headers) else { return Verdict::Denied };
        if users.remembers(&credentials) {
            return Verdict::Granted;
        }
        let turn = timeout(self.patience, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Verdict::Busy };
        // Another request of the same user may have been first.
        if users.remembers(&credentials) {
            return Verdict::Granted;
        }
        verify(credentials, Arc::clone(users), turn).await
    }
}

/// Verifies in a task that goes on where the client does not, so that its turn is over only
/// when its work is.
async fn verify(
    credentials: Credentials,
    users: Arc<Users>,
    turn: OwnedSemaphorePermit,
) -> Verdict {
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let begun = clock::monotonic();
        let is_right = spawn_blocking(move || users.verify(&credentials)).await.unwrap_or(false);
        let took = clock::monotonic().since(begun);
        let _gone = tell.send(is_right);
        if !is_right {
            sleep(took.saturating_mul(RESTS).min(LONGEST_REST)).await;
        }
        drop(turn);
    });
    if told.await.unwrap_or(false) { Verdict::Granted } else { Verdict::Denied }
}

#[cfg(test)]
mod tests {
    use hyper::header::{AUTHORIZATION, HeaderValue};

    use super::super::sample::{CREDENTIALS, USERS};
    use super::*;

    fn headers(credentials: &str) -> HeaderMap {
        let value = HeaderValue::from_str(&format!("Basic {credentials}")).unwrap();
        [(AUTHORIZATION, value)].into_iter().collect()
    }

    fn users() -> Arc<Users> {
        Arc::new(Users::parse(USERS.as_bytes()).unwrap())
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(future)
    }

    #[test]
    fn while_one_password_is_verified_others_wait_and_known_ones_do_not() {
        block_on(async {
            let (authenticator, users) = (Authenticator::new(Duration::from_millis(1)), users());
            let (right, wrong) = (headers(CREDENTIALS), headers("YTpi"));
            assert_eq!(authenticator.judge(&right, &users).await, Verdict::Granted);
            let turn = Arc::clone(&authenticator.turns).acquire_owned().await.unwrap();
            assert_eq!(authenticator.judge(&wrong, &users).await, Verdict::Busy);
            assert_eq!(authenticator.judge(&right, &users).await, Verdict::Granted);
            assert_eq!(authenticator.judge(&HeaderMap::new(), &users).await, Verdict::Denied);
            drop(turn);
            assert_eq!(authenticator.judge(&wrong, &users).await, Verdict::Denied);
        });
    }

    #[test]
    fn there_is_a_rest_after_a_wrong_password_and_none_after_a_right_one() {
        block_on(async {
            let (authenticator, users) = (Authenticator::new(Duration::from_secs(60)), users());
            for (credentials, verdict, turns) in
                [(CREDENTIALS, Verdict::Granted, 1), ("YTpi", Verdict::Denied, 0)]
            {
                assert_eq!(authenticator.judge(&headers(credentials), &users).await, verdict);
                tokio::task::yield_now().await;
                assert_eq!(authenticator.turns.available_permits(), turns, "{verdict:?}");
            }
            // The rest ends.
            assert_eq!(authenticator.judge(&headers("YTpi"), &users).await, Verdict::Denied);
        });
    }

    #[test]
    fn who_hangs_up_does_not_give_others_a_turn_at_once() {
        block_on(async {
            let (authenticator, users) = (Authenticator::new(Duration::from_secs(60)), users());
            let wrong = headers("YTpi");
            assert!(timeout(Duration::ZERO, authenticator.judge(&wrong, &users)).await.is_err());
            assert_eq!(authenticator.turns.available_permits(), 0);
            assert_eq!(authenticator.judge(&wrong, &users).await, Verdict::Denied);
        });
    }
}
