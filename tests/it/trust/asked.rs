//! Passphrases that are typed: on a terminal of the test, whose letters nobody sees.
//!
//! `setsid` makes that terminal the one that `policyc` asks.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use policyc::tools::sign::secret::SecretKey;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::support::run::{Folder, policyc};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command that runs on a terminal.
struct Session {
    child: Child,
    terminal: File,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl Session {
    fn of(folder: &Path, arguments: &[&str]) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&terminal).expect("it is ours");
        unlockpt(&terminal).expect("it is open");
        let name = ptsname(&terminal, Vec::new()).expect("a name");
        let other = File::options().read(true).write(true).open(name.to_str().expect("a path"));
        let other = other.expect("its other end");
        let end = || other.try_clone().expect("its other end");
        let own = policyc(folder);
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(own.get_program()).args(arguments);
        for (name, value) in own.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.current_dir(folder).stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().expect("setsid runs");
        let terminal = File::from(terminal);
        let (mut from, shown) = (terminal.try_clone().expect("it"), Arc::default());
        let kept: Arc<Mutex<Vec<u8>>> = Arc::clone(&shown);
        thread::spawn(move || {
            let mut bytes = [0; 4_096];
            // Once nobody holds the other end, there is an error.
            while let Ok(count) = from.read(&mut bytes) {
                kept.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        Self { child, terminal, shown }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// Waits until something is asked, and letters that are typed are not shown; then types.
    fn answer(&mut self, question: &str, text: &str) {
        let since = Instant::now();
        let hidden = |terminal: &File| {
            let modes = tcgetattr(terminal).expect("a terminal").local_modes;
            !modes.contains(LocalModes::ECHO)
        };
        while !(self.shown().contains(question) && hidden(&self.terminal)) {
            assert!(since.elapsed() < PATIENCE, "{question} is not asked: {}", self.shown());
            thread::sleep(Duration::from_millis(5));
        }
        self.terminal.write_all(text.as_bytes()).expect("it is typed");
    }

    /// How it ends, and all that was to be seen.
    fn end(mut self) -> (Option<i32>, String) {
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it runs") {
                break status;
            }
            assert!(since.elapsed() < PATIENCE, "it does not end: {}", self.shown());
            thread::sleep(Duration::from_millis(5));
        };
        let modes = tcgetattr(&self.terminal).expect("a terminal").local_modes;
        assert!(modes.contains(LocalModes::ECHO), "letters are shown again");
        // What was written last may still be on its way.
        thread::sleep(Duration::from_millis(100));
        (status.code(), self.shown())
    }
}

#[test]
fn passphrases_are_typed_and_not_shown() {
    let folder = Folder::new("trust-asked");
    let secret = "correct horse battery";
    let mut session = Session::of(folder.path(), &["keygen", "k.key"]);
    session.answer("New passphrase of k.key: ", &format!("{secret}\n"));
    session.answer("Once more, the passphrase of k.key: ", &format!("{secret}\n"));
    let (exit, shown) = session.end();
    assert_eq!(exit, Some(0), "{shown}");
    assert!(shown.contains("[keys.k]") && !shown.contains(secret), "{shown}");
    let pem = std::fs::read_to_string(folder.path().join("k.key")).expect("a key");
    assert!(SecretKey::from_pem(&pem, secret.as_bytes()).is_ok());
    // It is asked for once, and another one opens nothing.
    for (typed, wanted) in [(secret, 0), ("incorrect horse", 2)] {
        let mut session = Session::of(folder.path(), &["keygen", "k.key", "--public"]);
        session.answer("Passphrase of k.key: ", &format!("{typed}\n"));
        let (exit, shown) = session.end();
        assert_eq!(exit, Some(wanted), "{shown}");
        assert!(!shown.contains(typed), "{shown}");
    }
}

#[test]
fn what_is_typed_otherwise_the_second_time_makes_no_key() {
    let folder = Folder::new("trust-asked-twice");
    let mut session = Session::of(folder.path(), &["keygen", "k.key"]);
    session.answer("New passphrase", "correct horse battery\n");
    session.answer("Once more", "correct horse bettery\n");
    let (exit, shown) = session.end();
    assert_eq!(exit, Some(2), "{shown}");
    assert!(shown.contains("the two passphrases are not the same"), "{shown}");
    assert!(!shown.contains("horse") && folder.names().is_empty(), "{shown}");
    // Whoever ends the input instead has typed nothing.
    let mut session = Session::of(folder.path(), &["keygen", "k.key"]);
    session.answer("New passphrase", "\u{4}");
    let (exit, shown) = session.end();
    assert_eq!(exit, Some(2), "{shown}");
    assert!(folder.names().is_empty(), "{shown}");
}
