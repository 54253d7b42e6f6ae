use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::kernel::BpfObjects;
use apiwatch_tests::load::Load;
use apiwatch_tests::server::Nginx;
use apiwatch_tests::{PATIENCE, wait_for};

use super::TIERS;

/// How often the daemon is killed, the tiers in turns.
const ROUNDS: usize = 100;
/// What each tier has at least: programs, their attachments but for iterators, and maps.
const LEAST: [usize; 3] = [5, 5, 10];

/// Each time while it watches traffic. Whatever of it the kernel had is gone then, and no
/// request ever fails.
#[test]
fn a_hundred_kills_leave_nothing_and_fail_no_request() {
    let nginx = Nginx::start();
    let load = Load::start(nginx.address);
    for round in 0..ROUNDS {
        let daemon = Daemon::start_with(TIERS[round % TIERS.len()], "finding", "");
        let before = load.exchanges();
        wait_for("traffic", PATIENCE, || (load.exchanges() > before + 10).then_some(()));
        let held = BpfObjects::of(daemon.pid());
        let counts = [held.programs.len(), held.links.len(), held.maps.len()];
        assert!(counts.iter().zip(LEAST).all(|(count, least)| *count >= least), "{held:?}");
        assert_eq!(held.left(), held, "round {round}: all of it is in the kernel");
        daemon.signal("-KILL");
        // Dropping waits for the end of the process; the kernel frees in the background.
        drop(daemon);
        wait_for(&format!("an end of {held:?}, round {round}"), PATIENCE, || {
            held.left().is_empty().then_some(())
        });
        assert_eq!(load.failures(), 0, "round {round}");
    }
    assert!(load.exchanges() > ROUNDS as u64 * 10, "{} exchanges", load.exchanges());
}
