//! A bug of ours ends the command line with 70, wherever it is met.

use std::env;
use std::process::Command;
use std::thread;

use policyc::cli::exit::Exit;
use policyc::cli::guard::guarded;

/// Set in the process that meets the bug.
const INSIDE: &str = "POLICYC_TEST_BUG";

#[test]
fn a_panic_in_any_thread_ends_in_exit_70() {
    if env::var_os(INSIDE).is_some() {
        let ended = guarded(|| {
            let joined = thread::scope(|scope| scope.spawn(|| panic!("out of luck")).join());
            joined.expect_err("it panics");
            Exit::Done
        });
        unreachable!("{ended:?}");
    }
    let mut again = Command::new(env::current_exe().expect("this test"));
    again.args(["--exact", "bugs::a_panic_in_any_thread_ends_in_exit_70", "--nocapture"]);
    let ran = again.env(INSIDE, "1").output().expect("it runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(70), "{said}");
    assert!(said.contains("a bug of its own, not one of your policy: out of luck"), "{said}");
}
