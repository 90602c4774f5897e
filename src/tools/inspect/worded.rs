//! A bundle as people read it: its debug section, taken apart once.
//!
//! In:      a program.
//! Out:     sources, places, texts; of each atom whether its source says the opposite.
//! Imports: `runtime::bundle`, `runtime::program`.

use crate::runtime::bundle::debug::{self, Debug, Place};
use crate::runtime::program::Program;
use crate::tools::inspect::atoms::turned;

/// What people may be told of a program.
#[derive(Clone, Debug)]
pub struct Worded<'p> {
    /// The program.
    pub program: &'p Program,
    /// Names, places and sources.
    pub debug: Debug,
    /// Of each atom whether its source says the opposite of what a witness does.
    turned: Vec<bool>,
}

impl<'p> Worded<'p> {
    /// What people may be told of `program`.
    #[must_use]
    pub fn of(program: &'p Program) -> Self {
        let debug = debug::of(program.module());
        let turned = turned(program.module(), &debug);
        Self { program, debug, turned }
    }

    /// Whether the source of an atom says the opposite of what a witness does.
    #[must_use]
    pub fn is_turned(&self, atom: u16) -> bool {
        self.turned.get(usize::from(atom)) == Some(&true)
    }

    /// The bytes at a place; nothing where there is no source.
    #[must_use]
    pub fn text(&self, place: Place) -> &str {
        let source = self.debug.sources.get(place.source as usize);
        let range = place.start as usize..place.end as usize;
        source.and_then(|(_, text)| text.get(range)).unwrap_or_default()
    }

    /// The place of an atom.
    #[must_use]
    pub fn atom(&self, atom: u16) -> Option<Place> {
        self.debug.atoms.get(usize::from(atom)).copied()
    }
}
