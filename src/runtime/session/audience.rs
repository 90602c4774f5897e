//! Who may read what tools gave.
//!
//! In:      for each part of an output everyone, or a list of principals.
//! Out:     audiences, each kept once; those who may read all of several values.
//! Imports: `base`, `lang`.
//! Source:  `docs/sessions.md`, "Audiences".
//!
//! What stands in several places, or is made of several values, is for those who may read every
//! one of them: an audience can only become smaller. Whoever shares a file says how many names it
//! has, and each part of it carries them: so they are hashed and compared once, not once a part.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::base::limits::{SESSION_ID_BYTES_MAX, SESSION_READERS_MAX};
use crate::lang::session::EVERYONE;
use crate::runtime::session::ENTRY_BYTES;
use crate::runtime::session::index::Full;
use crate::runtime::session::json::{items, string};

/// Audiences that are known to have been met already; beyond that they are met again.
const MET_KEPT: usize = 256;

/// Who may read a value.
#[derive(Clone, Debug, Default)]
pub struct Audience(Option<Arc<Readers>>);

/// What audiences are told apart by.
type ReadersDigest = [u8; 32];

/// Some principals.
#[derive(Debug)]
struct Readers {
    names: BTreeSet<Box<str>>,
    /// Of the names: equal for equal ones.
    digest: ReadersDigest,
    bytes: usize,
}

impl From<BTreeSet<Box<str>>> for Readers {
    fn from(names: BTreeSet<Box<str>>) -> Self {
        let (mut digest, mut bytes) = (Sha256::new(), 2 * ENTRY_BYTES);
        for name in &names {
            digest.update((name.len() as u64).to_le_bytes());
            digest.update(name.as_bytes());
            bytes += ENTRY_BYTES + name.len();
        }
        Self { names, digest: digest.finalize().into(), bytes }
    }
}

impl PartialEq for Audience {
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }
}

impl Eq for Audience {}

impl Hash for Audience {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest().hash(state);
    }
}

impl Audience {
    /// Nobody: of what nothing is known.
    pub(super) fn nobody() -> Self {
        Self::of(BTreeSet::new())
    }

    fn of(names: BTreeSet<Box<str>>) -> Self {
        Self(Some(Arc::new(names.into())))
    }

    /// Equal for equal audiences; `None` of everyone.
    pub(super) fn digest(&self) -> Option<&ReadersDigest> {
        self.0.as_ref().map(|readers| &readers.digest)
    }

    /// Those in a list of strings that is JSON; nobody where it is none, or one that is too long.
    /// Nobody is called everyone.
    pub(super) fn of_list(text: &str) -> Self {
        let names: Option<BTreeSet<Box<str>>> = items(text).ok().and_then(|items| {
            items.into_iter().map(|item| string(item).map(|name| Box::from(&*name))).collect()
        });
        let mut names = names.unwrap_or_default();
        names.remove(EVERYONE);
        if names.len() > SESSION_READERS_MAX
            || names.iter().any(|name| name.len() > SESSION_ID_BYTES_MAX)
        {
            return Self::nobody();
        }
        Self::of(names)
    }

    /// Whether nobody has narrowed it.
    #[must_use]
    pub const fn is_everyone(&self) -> bool {
        self.0.is_none()
    }

    /// The names, ascending; `EVERYONE` alone where nobody has narrowed it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let everyone = self.is_everyone().then_some(EVERYONE);
        let names = self.0.iter().flat_map(|readers| readers.names.iter());
        everyone.into_iter().chain(names.map(|name| &**name))
    }

    /// Whether all of these are among them.
    pub(super) fn has(&self, names: &[String]) -> bool {
        let own = self.0.as_ref();
        own.is_none_or(|own| names.iter().all(|name| own.names.contains(name.as_str())))
    }

    /// What it takes.
    pub(super) fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |readers| readers.bytes)
    }

    /// Leaves those who may read both.
    pub(super) fn meet(&mut self, other: &Self) {
        match (&self.0, &other.0) {
            (_, None) => {}
            (None, Some(_)) => self.clone_from(other),
            (Some(own), Some(others)) => {
                if own.digest != others.digest && !own.names.is_subset(&others.names) {
                    *self = Self::of(own.names.intersection(&others.names).cloned().collect());
                }
            }
        }
    }
}

/// Those who may read all of many values, most of which have few audiences.
#[derive(Clone, Debug, Default)]
pub(super) struct Readable {
    all: Audience,
    met: HashSet<ReadersDigest>,
}

impl Readable {
    /// Those who may read all of them.
    pub(super) const fn all(&self) -> &Audience {
        &self.all
    }

    /// One value more; whether fewer may read all of them.
    pub(super) fn meet(&mut self, audience: &Audience) -> bool {
        let Some(digest) = audience.digest() else { return false };
        if self.met.len() >= MET_KEPT {
            self.met.clear();
        }
        if !self.met.insert(*digest) {
            return false;
        }
        let before = self.all.clone();
        self.all.meet(audience);
        self.all != before
    }

    /// What it takes.
    pub(super) fn bytes(&self) -> usize {
        self.all.bytes() + self.met.len() * ENTRY_BYTES
    }
}

/// What two audiences have in common, found out once for each two.
#[derive(Debug, Default)]
pub(super) struct Common(RefCell<HashMap<(ReadersDigest, ReadersDigest), Audience>>);

impl Common {
    /// Leaves those who may read both.
    pub(super) fn meet(&self, own: &mut Audience, other: &Audience) {
        let (Some(a), Some(b)) = (own.digest(), other.digest()) else { return own.meet(other) };
        if a == b {
            return;
        }
        let found = self.0.borrow().get(&(*a, *b)).cloned();
        *own = found.unwrap_or_else(|| {
            let (key, mut both) = ((*a, *b), own.clone());
            both.meet(other);
            self.0.borrow_mut().insert(key, both.clone());
            both
        });
    }
}

/// The audiences of a session, each once. The first is everyone.
#[derive(Clone, Debug, Default)]
pub(super) struct Audiences {
    narrow: Vec<Audience>,
    numbers: HashMap<Audience, u32>,
    held: usize,
}

impl Audiences {
    /// Bytes that are kept.
    pub(super) const fn bytes(&self) -> usize {
        self.held
    }

    /// The number of an audience.
    pub(super) fn number(&mut self, audience: &Audience, room: usize) -> Result<u32, Full> {
        if audience.is_everyone() {
            return Ok(0);
        }
        if let Some(number) = self.numbers.get(audience) {
            return Ok(*number);
        }
        let bytes = audience.bytes();
        if bytes > room {
            return Err(Full);
        }
        self.held += bytes;
        self.narrow.push(audience.clone());
        let number = u32::try_from(self.narrow.len()).map_err(|_| Full)?;
        self.numbers.insert(audience.clone(), number);
        Ok(number)
    }

    /// The audience with this number.
    pub(super) fn get(&self, number: u32) -> Audience {
        let at = (number as usize).checked_sub(1);
        at.map_or_else(Audience::default, |at| {
            self.narrow.get(at).cloned().unwrap_or_else(Audience::nobody)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Audience, Audiences, Common, MET_KEPT, Readable};
    use crate::base::limits::{SESSION_ID_BYTES_MAX, SESSION_READERS_MAX};

    fn names(audience: &Audience) -> Vec<&str> {
        audience.names().collect()
    }

    #[test]
    fn audiences_only_become_smaller() {
        let mut all = Audience::default();
        assert_eq!(names(&all), ["everyone"]);
        all.meet(&Audience::of_list(r#"["bob","ann","everyone"]"#));
        assert_eq!(names(&all), ["ann", "bob"]);
        all.meet(&Audience::default());
        all.meet(&Audience::of_list(r#"["bob","eve"]"#));
        assert_eq!(names(&all), ["bob"]);
        for strange in ["", "1", "[1]", "[\"bob\",1]", "\"bob\"", "null"] {
            assert_eq!(Audience::of_list(strange), Audience::nobody(), "{strange}");
        }
        all.meet(&Audience::nobody());
        assert_eq!(names(&all), [""; 0]);
        for (count, wanted) in [(SESSION_READERS_MAX, SESSION_READERS_MAX), (1_025, 0)] {
            let list: Vec<String> = (0..count).map(|at| format!("\"n{at}\"")).collect();
            let many = Audience::of_list(&format!("[{}]", list.join(",")));
            assert_eq!(names(&many).len(), wanted);
        }
        let long = format!("[\"{}\"]", "n".repeat(SESSION_ID_BYTES_MAX + 1));
        assert_eq!(Audience::of_list(&long), Audience::nobody());
    }

    #[test]
    fn whatever_is_remembered_the_same_is_left() {
        let lists = [r#"["a","b"]"#, r#"["b","c"]"#, r#"["b"]"#, r#"["a","b"]"#, "[]"];
        let (common, mut many) = (Common::default(), Readable::default());
        let (mut plain, mut shared) = (Audience::default(), Audience::default());
        many.meet(&Audience::default());
        for list in lists.iter().chain(&lists) {
            let audience = Audience::of_list(list);
            plain.meet(&audience);
            many.meet(&audience);
            common.meet(&mut shared, &audience);
            assert_eq!(names(&plain), names(many.all()), "{list}");
            assert_eq!(names(&plain), names(&shared), "{list}");
        }
        // More than are remembered.
        let mut many = Readable::default();
        for at in 0..=2 * MET_KEPT {
            many.meet(&Audience::of_list(&format!("[\"all\",\"own{at}\"]")));
        }
        assert_eq!(names(many.all()), ["all"]);
        assert!(many.met.len() <= MET_KEPT);
        assert_ne!(Audience::of_list(r#"["ab","c"]"#), Audience::of_list(r#"["a","bc"]"#));
        assert_ne!(Audience::nobody(), Audience::default());
    }

    #[test]
    fn audiences_are_kept_once() {
        let mut all = Audiences::default();
        let bob = Audience::of_list(r#"["bob"]"#);
        let numbers = [Audience::default(), bob.clone(), Audience::nobody(), bob.clone()]
            .map(|audience| all.number(&audience, usize::MAX).unwrap_or(9));
        assert_eq!(numbers, [0, 1, 2, 1]);
        assert_eq!([0, 1, 7].map(|at| all.get(at)), [Audience::default(), bob, Audience::nobody()]);
    }
}
