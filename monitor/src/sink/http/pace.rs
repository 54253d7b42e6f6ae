//! A bound on how often something costly is begun.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;

/// Lets so many begin at once, and each time as many again after a rest. Those who wait are
/// taken in order.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    turns: Arc<Semaphore>,
    rest: Duration,
}

impl Pace {
    pub(super) fn new(at_once: usize, rest: Duration) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once)), rest }
    }

    /// Waits for a turn. It comes back after the rest, whatever becomes of who had it.
    pub(super) async fn turn(&self) {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.expect("the semaphore is never closed");
        let rest = self.rest;
        tokio::spawn(async move {
            sleep(rest).await;
            drop(turn);
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[test]
    fn those_beyond_the_pace_wait_for_a_rest() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let slow = Pace::new(2, Duration::from_secs(3600));
            for is_let in [true, true, false, false] {
                assert_eq!(timeout(Duration::ZERO, slow.turn()).await.is_ok(), is_let);
            }
            let quick = Pace::new(1, Duration::from_millis(1));
            for _ in 0..3 {
                quick.turn().await;
            }
        });
    }
}
