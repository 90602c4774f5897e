//! Who may read what tools gave.
//!
//! In:      for each part of an output everyone, or a list of principals.
//! Out:     audiences, each kept once; those who may read all of several values.
//! Imports: `base::limits`, `lang::session`, `runtime::session`.
//! Source:  `docs/sessions.md`, "Audiences".
//!
//! What stands in several places, or is made of several values, is for those who may read every
//! one of them: an audience can only become smaller.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::base::limits::{SESSION_ID_BYTES_MAX, SESSION_READERS_MAX};
use crate::lang::session::EVERYONE;
use crate::runtime::session::ENTRY_BYTES;
use crate::runtime::session::index::Full;
use crate::runtime::session::json::{items, string};

/// Who may read a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Audience(Option<Arc<BTreeSet<Box<str>>>>);

impl Audience {
    /// Nobody: of what nothing is known.
    pub(super) fn nobody() -> Self {
        Self(Some(Arc::default()))
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
        Self(Some(Arc::new(names)))
    }

    /// Whether nobody has narrowed it.
    #[must_use]
    pub const fn is_everyone(&self) -> bool {
        self.0.is_none()
    }

    /// The names, ascending; `EVERYONE` alone where nobody has narrowed it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let everyone = self.is_everyone().then_some(EVERYONE);
        let names = self.0.iter().flat_map(|names| names.iter());
        everyone.into_iter().chain(names.map(|name| &**name))
    }

    /// Whether all of these are among them.
    pub(super) fn has(&self, names: &[String]) -> bool {
        let own = self.0.as_ref();
        own.is_none_or(|own| names.iter().all(|name| own.contains(name.as_str())))
    }

    /// What it takes.
    pub(super) fn bytes(&self) -> usize {
        if self.is_everyone() {
            return 0;
        }
        2 * ENTRY_BYTES + self.names().map(|name| ENTRY_BYTES + name.len()).sum::<usize>()
    }

    /// Leaves those who may read both.
    pub(super) fn meet(&mut self, other: &Self) {
        match (&self.0, &other.0) {
            (_, None) => {}
            (None, Some(_)) => self.clone_from(other),
            (Some(own), Some(others)) if own == others => {}
            (Some(own), Some(others)) => {
                self.0 = Some(Arc::new(own.intersection(others).cloned().collect()));
            }
        }
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
    use super::{Audience, Audiences};
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
    fn audiences_are_kept_once() {
        let mut all = Audiences::default();
        let bob = Audience::of_list(r#"["bob"]"#);
        let numbers = [Audience::default(), bob.clone(), Audience::nobody(), bob.clone()]
            .map(|audience| all.number(&audience, usize::MAX).unwrap_or(9));
        assert_eq!(numbers, [0, 1, 2, 1]);
        assert_eq!([0, 1, 7].map(|at| all.get(at)), [Audience::default(), bob, Audience::nobody()]);
    }
}
