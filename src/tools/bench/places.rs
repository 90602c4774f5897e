//! What an instruction belongs to: its rule, its atom, its line.
//!
//! In:      a program.
//! Out:     tables beside its code.
//! Imports: `base`, `compiler::source`, `lang`, `runtime::bundle`, `runtime::program`.
//!
//! Instructions stand in functions. A function is that of one rule, of several rules with the same
//! condition, or of an output; a part that one of them alone calls is its as well. A variable is
//! computed once a decision, whoever asks for it first: it stands for itself, so that no rule grows
//! because another one went away. So does a part that several share, under the text of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::base::arrange::Arrange as _;
use crate::compiler::source::map::SourceMap;
use crate::lang::opcodes::{Instruction, NO_ATOM};
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
    /// What several of the others share.
    Part,
}

/// Whose instructions are: rules that share a function, an output, a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// What it is.
    pub kind: Kind,
    /// The ids of the rules, joined by commas; the name of the output or variable; the text of a
    /// part.
    pub name: String,
    /// The name of the document, of a variable the file; empty for a part, which may stand in
    /// several, and where the bundle does not say.
    pub policy: String,
    /// Where the first rule stands; an empty place where the bundle does not say.
    pub place: Place,
    /// Its function.
    pub function: u16,
}

/// Between the ids of rules that are one owner.
pub const NAMES: &str = ", ";

/// What findings about owners are drawn on.
#[derive(Clone, Debug, Default)]
pub struct OwnerSources {
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
    /// Rules in document order, then outputs, variables, parts.
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
    pub fn drawn(&self) -> OwnerSources {
        let rules = self.owners.iter().map(|owner| {
            let named = self.debug.functions.get(usize::from(owner.function));
            let place = named.map(|(_, place)| *place).filter(|place| place.end > 0);
            place.unwrap_or(owner.place)
        });
        OwnerSources { sources: self.debug.sources.clone(), rules: rules.collect() }
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
            owner.name.extend([NAMES, id]);
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
    for (function, (name, place)) in (0..).zip(&debug.functions) {
        if name.is_empty() || of.contains_key(&function) {
            continue;
        }
        let file = debug.sources.get(place.source as usize).filter(|_| place.end > 0);
        let policy = file.map_or(String::new(), |(path, _)| path.clone());
        let (kind, name, place) = (Kind::Variable, name.clone(), *place);
        join(&mut owners, &mut of, Owner { kind, name, policy, place, function });
    }
    parts(module, debug, &mut owners, &mut of);
    (owners, of)
}

/// Gives `owner` its function; to the one that is the same, if there is one.
fn join(owners: &mut Vec<Owner>, of: &mut BTreeMap<u16, u16>, owner: Owner) {
    let name = |it: &Owner| (it.kind, it.name.clone(), it.policy.clone());
    let known = owners.iter().position(|it| name(it) == name(&owner));
    if let Ok(at) = u16::try_from(known.unwrap_or(owners.len())) {
        of.insert(owner.function, at);
    }
    if known.is_none() {
        owners.push(owner);
    }
}

/// Gives what is left to whoever calls it, if that is one owner; else it stands for itself.
fn parts(module: &Module, debug: &Debug, owners: &mut Vec<Owner>, of: &mut BTreeMap<u16, u16>) {
    let callers = callers(module);
    // A part may be called by a part, so this is done until nothing is found any more.
    loop {
        let mut found = Vec::new();
        for (callee, callers) in callers.iter().filter(|(callee, _)| !of.contains_key(callee)) {
            let mut by = callers.iter().map(|caller| of.get(caller));
            let first = by.next().flatten();
            if let Some(owner) = first.filter(|owner| by.all(|it| it == Some(owner))) {
                found.push((*callee, *owner));
            }
        }
        if found.is_empty() {
            break;
        }
        of.extend(found);
    }
    for function in (0..).take(module.functions.len()) {
        if of.contains_key(&function) {
            continue;
        }
        let place = debug.functions.get(usize::from(function)).map(|(_, place)| *place);
        let place = place.unwrap_or_default();
        let source = debug.sources.get(place.source as usize);
        let text = source.and_then(|(_, text)| text.get(place.start as usize..place.end as usize));
        let name = text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let (kind, policy) = (Kind::Part, String::new());
        join(owners, of, Owner { kind, name, policy, place, function });
    }
}

/// For each function that is called the functions that call it.
fn callers(module: &Module) -> BTreeMap<u16, BTreeSet<u16>> {
    let mut callers: BTreeMap<u16, BTreeSet<u16>> = BTreeMap::new();
    for (caller, function) in (0..).zip(&module.functions) {
        for callee in function.code(module).iter().filter_map(Instruction::callee) {
            callers.entry(callee).or_default().insert(caller);
        }
    }
    callers
}

/// For each instruction the atom that it decides, or the one in whose text its own place lies.
fn atoms(module: &Module, debug: &Debug) -> Vec<u16> {
    // Sorted by start; of several that begin alike the longest first, so that the last one that
    // holds a place is the innermost.
    let mut known: Vec<(Place, u16)> = debug.atoms.iter().copied().zip(0..).collect();
    known.arrange_by_key(|(place, _)| (place.source, place.start, u32::MAX - place.end));
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
