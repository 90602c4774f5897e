//! A bug of ours ends the command line with 70, wherever it is met.

use std::path::Path;
use std::process::Command;
use std::{env, fs, thread};

use policyc::cli::exit::Exit;
use policyc::cli::guard::guarded;
use policyc::cli::write::Draft;

use crate::support::run::Folder;

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

#[test]
fn a_panic_leaves_no_file_that_was_begun() {
    if let Some(folder) = env::var_os(INSIDE) {
        let folder = Path::new(&folder);
        let ended = guarded(|| {
            let mut drafts = ["a.txt", "b.txt"].map(|name| Draft::begin(&folder.join(name)));
            for draft in &mut drafts {
                draft.as_mut().expect("a draft").write(b"half").expect("it is written");
            }
            let [first, second] = drafts;
            first.expect("a draft").finish().expect("it gets its name");
            let panics =
                || panic!("with {} files", fs::read_dir(folder).into_iter().flatten().count());
            thread::scope(|scope| scope.spawn(panics).join()).expect_err("it panics");
            drop(second);
            Exit::Done
        });
        unreachable!("{ended:?}");
    }
    let folder = Folder::new("bug-drafts");
    let mut again = Command::new(env::current_exe().expect("this test"));
    again.args(["--exact", "bugs::a_panic_leaves_no_file_that_was_begun", "--nocapture"]);
    let ran = again.env(INSIDE, folder.path()).output().expect("it runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(70), "{said}");
    assert!(said.contains("with 2 files"), "the draft is there when it panics: {said}");
    assert_eq!(folder.names(), ["a.txt"], "{said}");
}
