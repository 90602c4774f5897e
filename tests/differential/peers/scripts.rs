//! Peers that are scripts beside this file, and run packages of npm and PyPI.
//!
//! Each package lies in a folder that an environment variable names. Without it the tests of that
//! peer say that they are skipped, and how to get the package.

use std::io::Write;
use std::process::Command;

use super::Peer;
use super::known::{Lack, Row, known};
use super::run::{assert_there, compare};
use crate::cases::Family;
use crate::support::generate::write::Row as Form;

/// A peer that is a script.
pub(crate) struct Script {
    /// What implements CEL, with its version.
    pub(crate) package: &'static str,
    /// The environment variable that names its folder.
    pub(crate) variable: &'static str,
    /// The command that installs it in the folder `FOLDER`.
    pub(crate) install: &'static str,
    /// The command that runs the script `path` with the package of a folder.
    pub(crate) command: fn(folder: &str, path: &str) -> Command,
    /// The script.
    pub(crate) file: &'static str,
    /// The libraries that it has, without the rows that it lacks.
    pub(crate) libraries: &'static [&'static [Form]],
    /// The types of whole expressions.
    pub(crate) types: &'static [&'static str],
    pub(crate) lacks: &'static [Lack],
    pub(crate) known: &'static [Row],
}

/// Rows that show the order of a map's entries, which the language leaves open.
const UNORDERED: [&str; 2] = ["<{K:S}>.filter(", "<{K:S}>.map("];

impl Script {
    /// What starts the peer; nothing where its package is not there, which is said aloud.
    fn peer(&self) -> Option<impl Fn() -> Peer + Sync + use<>> {
        let Ok(folder) = std::env::var(self.variable) else {
            // Written past the harness, which keeps what a test that passes prints.
            let skipped = format!(
                "\nSKIPPED: {} is not asked what expressions mean.\n{}\nand set {} to FOLDER.\n",
                self.package, self.install, self.variable
            );
            std::io::stderr().write_all(skipped.as_bytes()).expect("standard error is open");
            return None;
        };
        let path = format!("{}/tests/differential/peers/{}", env!("CARGO_MANIFEST_DIR"), self.file);
        let command = self.command;
        Some(move || {
            let (folder, path) = (folder.clone(), path.clone());
            Peer::new(move || command(&folder, &path))
        })
    }

    /// Random expressions: every difference must be listed.
    pub(crate) fn agrees(&self) {
        let Some(peer) = self.peer() else { return };
        let left_out: Vec<&str> =
            self.lacks.iter().map(|(part, _)| *part).chain(UNORDERED).collect();
        let family = Family::of(self.libraries, self.types, &left_out);
        compare(500, &family, peer, &known(self.known, &[]));
    }

    /// Every listed difference must be there.
    pub(crate) fn differs_as_listed(&self) {
        let Some(peer) = self.peer() else { return };
        assert_there(peer(), &known(self.known, &[]), self.lacks);
    }
}
