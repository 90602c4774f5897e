//! A bundle as people read it: its debug section, taken apart once.
//!
//! In:      a program.
//! Out:     sources, places, texts; of each atom whether its source says the opposite, and what it
//!          asks where its source is a declaration.
//! Imports: `runtime::bundle`, `runtime::program`.

use crate::runtime::bundle::debug::{self, Debug, Place, RuleAtom};
use crate::runtime::program::Program;
use crate::tools::inspect::atoms::turned;
use crate::tools::inspect::generated::{generated, is_expression};

/// What people may be told of a program.
#[derive(Clone, Debug)]
pub struct DescribedProgram<'p> {
    /// The program.
    pub program: &'p Program,
    /// Names, places and sources.
    pub debug: Debug,
    /// Of each atom whether its source says the opposite of what a witness does.
    turned: Vec<bool>,
    /// Of each atom that stands for a declaration, of one rule at least, what it asks.
    generated: Vec<Option<String>>,
    /// Of each atom a place that says it by itself.
    alone: Vec<Option<Place>>,
}

impl<'p> DescribedProgram<'p> {
    /// What people may be told of `program`.
    #[must_use]
    pub fn of(program: &'p Program) -> Self {
        let debug = debug::of(program.module());
        let turned = turned(program.module(), &debug);
        let generated = generated(program.module(), &debug);
        let alone = alone(&debug);
        Self { program, debug, turned, generated, alone }
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

    /// What an atom asks that nobody wrote: it stands for a declaration.
    #[must_use]
    pub fn generated(&self, atom: u16) -> Option<&str> {
        self.generated_at(atom, self.atom(atom)?)
    }

    /// What an atom asks that is said at a place, where that is a declaration: of an atom that
    /// rules share one may be written, and another stand for a declaration.
    #[must_use]
    pub fn generated_at(&self, atom: u16, place: Place) -> Option<&str> {
        let asks = self.generated.get(usize::from(atom))?.as_deref();
        asks.filter(|_| !is_expression(self.text(place)))
    }

    /// An atom as CEL: its source, or what it asks; nothing where there is no source, or none that
    /// says it by itself, outside of a `cel.bind`.
    #[must_use]
    pub fn atom_text(&self, atom: u16) -> &str {
        let alone = || self.alone.get(usize::from(atom)).copied().flatten();
        let own = || alone().map_or("", |place| self.text(place));
        self.generated(atom).unwrap_or_else(own)
    }

    /// The place of an atom.
    #[must_use]
    pub fn atom(&self, atom: u16) -> Option<Place> {
        self.debug.atoms.get(usize::from(atom)).copied()
    }
}

/// Of each atom a place that says it by itself: its own, or that of a rule which shares it where
/// the first one reads what a `cel.bind` names.
fn alone(debug: &Debug) -> Vec<Option<Place>> {
    let mut alone: Vec<Option<Place>> = debug.atoms.iter().copied().map(Some).collect();
    let own = || debug.rules.iter().flat_map(|rule| &rule.atoms);
    let mut put = |own: &RuleAtom, place: Option<Place>| {
        if let Some(row) = alone.get_mut(usize::from(own.atom)) {
            *row = place;
        }
    };
    own().filter(|own| own.bound).for_each(|own| put(own, None));
    own().filter(|own| !own.bound).for_each(|own| put(own, Some(own.place)));
    alone
}
