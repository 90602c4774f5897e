//! What an instruction belongs to: its rule, its atom, its line.
//!
//! In:      a program.
//! Out:     tables beside its code.
//! Imports: `runtime::bundle`, `compiler::source`.
//!
//! Instructions stand in functions. A function is that of one rule, of several rules with the same
//! condition, or of an output. Any other is a variable, which is computed once a decision, whoever
//! asks for it first: it stands for itself, so that no rule grows because another one went away.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::compiler::source::map::SourceMap;
use crate::lang::opcodes::NO_ATOM;
use crate::runtime::bundle::debug::{self, Debug, Place};
use crate::runtime::bundle::module::{Module, NONE};
use crate::runtime::program::Program;

/// What an owner is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A rule, or several with one condition.
    #[default]
    Rule,
    /// An output.
    Output,
    /// A variable.
    Variable,
}

/// Whose instructions are: rules that share a function, an output, a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// What it is.
    pub kind: Kind,
    /// The ids of the rules, joined by commas; or the name of the output or variable.
    pub name: String,
    /// The name of the document, of a variable the file; empty where the bundle does not say.
    pub policy: String,
    /// Where the first rule stands; an empty place where the bundle does not say.
    pub place: Place,
    /// Its function.
    pub function: u16,
}

/// What findings about owners are drawn on.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// Sources: logical path and text.
    pub sources: Vec<(String, String)>,
    /// What of each owner is marked: its condition, else the whole of it.
    pub rules: Vec<Place>,
}

/// The tables.
#[derive(Debug)]
pub struct Places<'p> {
    /// The program.
    pub program: &'p Program,
    /// Names and places, if the bundle has them.
    pub debug: Debug,
    /// Its sources, in their order.
    pub files: SourceMap,
    /// Rules in document order, then outputs, then variables.
    pub owners: Vec<Owner>,
    /// For each instruction its owner, or `NONE`.
    owner: Vec<u16>,
    /// For each instruction the atom that it is a part of, or `NO_ATOM`.
    atom: Vec<u16>,
}

impl<'p> Places<'p> {
    /// Looks at a program once.
    #[must_use]
    pub fn of(program: &'p Program) -> Self {
        let module = program.module();
        let debug = debug::of(module);
        let mut files = SourceMap::new();
        for (path, text) in &debug.sources {
            files.add(path.clone(), text.clone());
        }
        let (owners, by_function) = owners(program, &debug);
        let mut owner = vec![NONE; module.code.len()];
        for (number, function) in module.functions.iter().enumerate() {
            let of = u16::try_from(number).ok().and_then(|number| by_function.get(&number));
            let code = owner.iter_mut().skip(function.first as usize);
            for place in code.take(usize::from(function.len)) {
                *place = of.copied().unwrap_or(NONE);
            }
        }
        let atom = atoms(module, &debug);
        Self { program, debug, files, owners, owner, atom }
    }

    /// What findings about the owners are drawn on.
    #[must_use]
    pub fn drawn(&self) -> Drawn {
        let rules = self.owners.iter().map(|owner| {
            let named = self.debug.functions.get(usize::from(owner.function));
            let place = named.map(|(_, place)| *place).filter(|place| place.end > 0);
            place.unwrap_or(owner.place)
        });
        Drawn { sources: self.debug.sources.clone(), rules: rules.collect() }
    }

    /// The owner of instruction `pc`.
    #[inline]
    #[must_use]
    pub fn owner_of(&self, pc: usize) -> Option<usize> {
        self.owner.get(pc).filter(|owner| **owner != NONE).map(|owner| usize::from(*owner))
    }

    /// The atom that instruction `pc` is a part of.
    #[must_use]
    pub fn atom_of(&self, pc: usize) -> Option<u16> {
        self.atom.get(pc).copied().filter(|atom| *atom != NO_ATOM)
    }

    /// `payments.yaml` and line 21, where the bundle knows them.
    #[must_use]
    pub fn line_of(&self, place: Place) -> Option<(&str, u32)> {
        let (path, text) = self.debug.sources.get(place.source as usize)?;
        let (_, file) = self.files.iter().nth(place.source as usize)?;
        (place.end > 0).then(|| (path.as_str(), file.lines.place(text, place.start).line))
    }

    /// The text of a place on one line; empty where the bundle does not know it.
    #[must_use]
    pub fn text_of(&self, place: Place) -> String {
        let source = self.debug.sources.get(place.source as usize);
        let text = source.and_then(|(_, text)| text.get(place.start as usize..place.end as usize));
        text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Whoever can be asked, and whose each function is.
fn owners(program: &Program, debug: &Debug) -> (Vec<Owner>, BTreeMap<u16, u16>) {
    let module = program.module();
    let mut owners: Vec<Owner> = Vec::new();
    let mut of: BTreeMap<u16, u16> = BTreeMap::new();
    for (number, rule) in module.rules.iter().enumerate().filter(|(_, it)| it.function != NONE) {
        let id = program.string(rule.id);
        if let Some(owner) = of.get(&rule.function).and_then(|at| owners.get_mut(usize::from(*at)))
        {
            owner.name.extend([", ", id]);
            continue;
        }
        let about = debug.rules.get(number).cloned().unwrap_or_default();
        if let Ok(at) = u16::try_from(owners.len()) {
            of.insert(rule.function, at);
        }
        let (name, policy, place) = (id.to_owned(), about.policy, about.place);
        let kind = Kind::Rule;
        owners.push(Owner { kind, name, policy, place, function: rule.function });
    }
    for output in &module.outputs {
        let name = program.string(output.name).to_owned();
        let place = debug.functions.get(usize::from(output.function)).map(|(_, place)| *place);
        if let Ok(at) = u16::try_from(owners.len()) {
            of.entry(output.function).or_insert(at);
        }
        let (policy, place) = (name.clone(), place.unwrap_or_default());
        let kind = Kind::Output;
        owners.push(Owner { kind, name, policy, place, function: output.function });
    }
    for function in (0..).take(module.functions.len()) {
        if of.contains_key(&function) {
            continue;
        }
        let about = debug.functions.get(usize::from(function)).cloned();
        let (name, place) = about.unwrap_or_default();
        let file = debug.sources.get(place.source as usize).filter(|_| place.end > 0);
        let policy = file.map_or(String::new(), |(path, _)| path.clone());
        // Parts without a name are one.
        let same =
            |it: &Owner| it.kind == Kind::Variable && (&it.name, &it.policy) == (&name, &policy);
        let known = owners.iter().position(same);
        if let Ok(at) = u16::try_from(known.unwrap_or(owners.len())) {
            of.insert(function, at);
        }
        if known.is_none() {
            owners.push(Owner { kind: Kind::Variable, name, policy, place, function });
        }
    }
    (owners, of)
}

/// For each instruction the atom that it decides, or the one in whose text its own place lies.
fn atoms(module: &Module, debug: &Debug) -> Vec<u16> {
    // Sorted by start; of several that begin alike the longest first, so that the last one that
    // holds a place is the innermost.
    let mut known: Vec<(Place, u16)> = debug.atoms.iter().copied().zip(0..).collect();
    known.sort_unstable_by_key(|(place, _)| (place.source, place.start, u32::MAX - place.end));
    let inside = |place: Place| {
        let until =
            known.partition_point(|(it, _)| (it.source, it.start) <= (place.source, place.start));
        let before = known.iter().take(until).rev();
        let mut near = before.take_while(|(it, _)| it.source == place.source).take(NEAR_MAX);
        near.find(|(it, _)| it.end >= place.end && place.end > 0).map(|(_, atom)| *atom)
    };
    let places = debug.code.iter().copied().map(Some).chain(std::iter::repeat(None));
    let own = module.code.iter().zip(places);
    own.map(|(code, place)| match code.w {
        NO_ATOM => place.and_then(inside).unwrap_or(NO_ATOM),
        atom => atom,
    })
    .collect()
}

/// Most atoms that are looked at to find the one around a place.
const NEAR_MAX: usize = 64;
