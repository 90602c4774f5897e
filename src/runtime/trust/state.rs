//! What was loaded before: the highest version of each name, and the trust policy behind it.
//!
//! In:      a file that the host names; releases that were loaded.
//! Out:     whether a release is an older one, or another one of the same version.
//! Imports: `base`, `runtime::bundle`.
//! Source:  `docs/trust.md`, "Older versions".
//!
//! The file is replaced as a whole, by a name: whenever a process ends, the old file is there or
//! the new one. A lock beside it lets one process at a time compare and write. A link is followed
//! first, so that all who mean one file use one lock. A file that is not as it was written is
//! refused, never taken for an empty one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::base::file::open_regular;
use crate::base::hex;
use crate::base::limits::TRUST_STATE_BYTES_MAX;
use crate::runtime::bundle::digest::{self, Digest};
use crate::runtime::trust::error::MemoryFault;
use crate::runtime::trust::policy::{Rollback, TrustPolicy};
use crate::runtime::trust::release::{Release, is_name};
use crate::runtime::trust::replace::{Files as _, System, beside, lock_file, real, replace};

/// The first line.
const HEAD: &str = "policyc trust state 1";

/// The highest versions that were loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Version and digest of the trust policy; version 0 where none was there.
    trust: (u64, Digest),
    /// Version and root by name.
    bundles: BTreeMap<String, (u64, Digest)>,
}

impl State {
    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// The line that is wrong, from 1.
    pub fn read(bytes: &[u8]) -> Result<Self, usize> {
        let text = std::str::from_utf8(bytes).ok().filter(|_| bytes.len() <= TRUST_STATE_BYTES_MAX);
        let text = text.ok_or(1_usize)?;
        let all = text.lines().count().max(1);
        let (body, sum) = text.trim_end_matches('\n').rsplit_once('\n').ok_or(all)?;
        let sum = sum.strip_prefix("sum ").and_then(hex::parse).ok_or(all)?;
        if sum != digest::of(format!("{body}\n").as_bytes()) {
            return Err(all);
        }
        let mut state = Self::default();
        let mut lines = body.lines().enumerate();
        if lines.next().map(|(_, line)| line) != Some(HEAD) {
            return Err(1);
        }
        for (at, line) in lines {
            state.line(line).ok_or(at + 1)?;
        }
        // Its one spelling, so that nothing in it is passed over.
        if state.to_text() == text { Ok(state) } else { Err(all) }
    }

    fn line(&mut self, line: &str) -> Option<()> {
        let (word, rest) = line.split_once(' ')?;
        let (version, rest) = rest.split_once(' ')?;
        let version: u64 = version.parse().ok()?;
        if word == "trust" {
            self.trust = (version, hex::parse(rest)?);
            return Some(());
        }
        let (root, name) = rest.split_once(' ').filter(|_| word == "bundle")?;
        let is_new = self.bundles.insert(name.to_owned(), (version, hex::parse(root)?)).is_none();
        (is_new && is_name(name)).then_some(())
    }

    /// As text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEAD}\ntrust {} ", self.trust.0);
        text += &hex::text(&self.trust.1);
        text.push('\n');
        for (name, (version, root)) in &self.bundles {
            // Writing to a string does not fail.
            let _ = writeln!(text, "bundle {version} {} {name}", hex::text(root));
        }
        let sum = digest::of(text.as_bytes());
        text.push_str("sum ");
        text += &hex::text(&sum);
        text.push('\n');
        text
    }

    /// The highest version of a name that was loaded.
    #[must_use]
    pub fn highest(&self, name: &str) -> Option<u64> {
        self.bundles.get(name).map(|(version, _)| *version)
    }

    /// Whether a release may come behind what was loaded.
    fn check(&self, policy: &TrustPolicy, release: &Release) -> Result<(), MemoryFault> {
        self.check_policy(policy)?;
        let Some((known, root)) = self.bundles.get(&release.name) else { return Ok(()) };
        let (name, found) = (release.name.clone(), release.version);
        if found < *known {
            return Err(MemoryFault::Older { name, found, known: *known });
        }
        if found == *known && release.root != *root {
            return Err(MemoryFault::Equivocation { name, version: found });
        }
        Ok(())
    }

    /// Whether a trust policy may be asked behind the one that was used last.
    fn check_policy(&self, policy: &TrustPolicy) -> Result<(), MemoryFault> {
        let (version, digest) = self.trust;
        if policy.version < version || policy.version == version && policy.digest != digest {
            return Err(MemoryFault::OlderPolicy { found: policy.version, known: version });
        }
        Ok(())
    }

    /// With a release that is loaded.
    fn with(&self, policy: &TrustPolicy, release: &Release) -> Self {
        let mut next = self.clone();
        next.trust = (policy.version, policy.digest);
        next.bundles.insert(release.name.clone(), (release.version, release.root));
        next
    }
}

/// What tells older versions: a file, or the minima of the trust policy alone.
#[derive(Clone, Debug)]
pub struct Memory {
    path: Option<PathBuf>,
}

impl Memory {
    /// A file; there need not be one yet.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()) }
    }

    /// Nothing, for trust policies that say `rollback = "minimum"`.
    #[must_use]
    pub const fn none() -> Self {
        Self { path: None }
    }

    /// The files that it writes: what it is called, where a link leads to, and what lies beside
    /// that while it is replaced.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let Some(path) = &self.path else { return Vec::new() };
        let there = real(path).unwrap_or_else(|_| path.clone());
        let (lock, part) = (beside(&there, "lock"), beside(&there, "part"));
        vec![path.clone(), there, lock, part]
    }

    /// What the file remembers; `None` where there is none to be asked.
    ///
    /// # Errors
    /// If the file cannot be read, or is damaged.
    pub fn recall(&self) -> Result<Option<State>, MemoryFault> {
        let Some(path) = &self.path else { return Ok(None) };
        let refuse = |error| MemoryFault::unusable(path, &error);
        let bytes = match bytes_of(&real(path).map_err(refuse)?) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Some(State::default()));
            }
            Err(error) => return Err(refuse(error)),
        };
        let read = State::read(&bytes);
        read.map(Some).map_err(|line| MemoryFault::Damaged { path: path.clone(), line })
    }

    /// Whether a release may come behind what was loaded.
    pub(super) fn check(&self, policy: &TrustPolicy, release: &Release) -> Result<(), MemoryFault> {
        match (self.recall()?, policy.rollback) {
            (Some(state), _) => state.check(policy, release),
            (None, Rollback::Minimum) => Ok(()),
            (None, Rollback::State) => Err(MemoryFault::NotNamed),
        }
    }

    /// Whether `next` may follow `policy` behind what was used last. Without a file nobody is
    /// asked.
    ///
    /// # Errors
    /// If the file cannot be read, or one of the two is another than the one that it remembers.
    pub fn check_successor(
        &self,
        policy: &TrustPolicy,
        next: &TrustPolicy,
    ) -> Result<(), MemoryFault> {
        let Some(state) = self.recall()? else { return Ok(()) };
        let (known, digest) = state.trust;
        if (next.version, next.digest) == (known, digest) {
            return Ok(()); // It has followed already.
        }
        if next.version <= known {
            return Err(MemoryFault::NotBehind { found: next.version, known });
        }
        state.check_policy(policy)
    }

    /// Remembers a release, after it was compared once more: another process may have loaded a
    /// later one meanwhile.
    pub(super) fn keep(&self, policy: &TrustPolicy, release: &Release) -> Result<(), MemoryFault> {
        let Some(named) = &self.path else { return self.check(policy, release) };
        let refuse = |error| MemoryFault::unusable(named, &error);
        // Once, for all that follows: whatever link is put in its place meanwhile.
        let path = real(named).map_err(refuse)?;
        let there = Self::at(&path);
        // Nobody writes where nothing is new, so that a file that is only read serves as well.
        let known = there.recall()?.unwrap_or_default();
        known.check(policy, release)?;
        if known.with(policy, release) == known {
            // Who wrote it may have died before it outlasted a loss of power. Who may not open its
            // folder never wrote it.
            return match System.sync_names(&path) {
                Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(refuse(error)),
                Ok(()) | Err(_) => Ok(()),
            };
        }
        let lock = lock_file(&path).map_err(refuse)?;
        lock.lock().map_err(refuse)?;
        let known = there.recall()?.unwrap_or_default();
        known.check(policy, release)?;
        let next = known.with(policy, release);
        let text = next.to_text();
        if text.len() > TRUST_STATE_BYTES_MAX {
            return Err(refuse(io::ErrorKind::FileTooLarge.into()));
        }
        replace(&mut System, &path, text.as_bytes()).map_err(refuse)
    }
}

/// The bytes of a file that remembers, and one more where there are too many.
fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(TRUST_STATE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
