//! Commands on a terminal of the test: what is asked there is answered as if somebody typed.
//!
//! `setsid` makes that terminal the one that `policyc` asks.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::support::run::policyc;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command that runs on a terminal.
pub(crate) struct Session {
    child: Child,
    terminal: File,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl Session {
    pub(crate) fn of(folder: &Path, arguments: &[&str]) -> Self {
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

    /// Waits until something is asked for the `time`th time, counted from 1; then types.
    pub(crate) fn answer(&mut self, (question, time): (&str, usize), text: &str) {
        self.wait(question, |shown, _| shown.matches(question).count() >= time);
        self.terminal.write_all(text.as_bytes()).expect("it is typed");
    }

    /// Waits until something is asked, and letters that are typed are not shown; then types.
    pub(crate) fn answer_unseen(&mut self, question: &str, text: &str) {
        let hidden = |terminal: &File| {
            let modes = tcgetattr(terminal).expect("a terminal").local_modes;
            !modes.contains(LocalModes::ECHO)
        };
        self.wait(question, |shown, terminal| shown.contains(question) && hidden(terminal));
        self.terminal.write_all(text.as_bytes()).expect("it is typed");
    }

    fn wait(&self, question: &str, is_asked: impl Fn(&str, &File) -> bool) {
        let since = Instant::now();
        while !is_asked(&self.shown(), &self.terminal) {
            assert!(since.elapsed() < PATIENCE, "{question} is not asked: {}", self.shown());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// How it ends, and all that was to be seen.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
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
