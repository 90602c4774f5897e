//! What an answer of a tool carries: what is declared of it, what its arguments carry, and what
//! sanitizers and declassifications take away.
//!
//! In:      a call, its output, what documents say of its tool.
//! Out:     `Given`, by which the labels of each field are found.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`, `runtime::vm`.
//! Source:  `docs/sessions.md`, "Labels that are taken away".
//!
//! No label is lost but one that a sanitizer or a declassification names, and what either did
//! leaves a mark. Marks are no labels of what was read: no value has one that does not stand as a
//! whole in a field that has it.

use std::collections::HashMap;

use crate::base::limits::SESSION_ELEMENTS_MAX;
use crate::base::pointer;
use crate::lang::session::{OUT, ROOT};
use crate::lang::value::Value;
use crate::lang::value::heap::View;
use crate::lang::value::json::{Form, write};
use crate::runtime::bundle::module::{NONE, Step};
use crate::runtime::program::Program;
use crate::runtime::session::approvals::{id_of, is_up_to};
use crate::runtime::session::audience::{Audience, Common};
use crate::runtime::session::ground::Ground;
use crate::runtime::session::json::{elements, items, members, string};
use crate::runtime::session::labels::LabelSet;
use crate::runtime::session::provenance::{Provenance, is_within};
use crate::runtime::session::shape::MisshapenPlaces;
use crate::runtime::session::state::Call;
use crate::runtime::session::step::Session;
use crate::runtime::session::words::ByName;
use crate::runtime::session::work::Memory;
use crate::runtime::vm::request::{Moment, ingest_answered};

/// A sanitizer of a tool.
#[derive(Debug)]
pub(super) struct Sanitizer {
    /// The argument that it makes clean, as a pointer.
    arg: String,
    removes: LabelSet,
    adds: LabelSet,
    /// The term that must hold of the output.
    requires: Option<u16>,
    /// Whether what is made of its output is clean, too.
    typed: bool,
}

/// A declassification of what a tool gives.
#[derive(Debug)]
pub(super) struct Freed<'p> {
    pub(super) path: Vec<Option<&'p str>>,
    removes: LabelSet,
    adds: LabelSet,
    by: Vec<&'p str>,
}

/// What takes labels away from what tools give, by tool.
#[derive(Debug, Default)]
pub(super) struct LabelRemovers<'p> {
    sanitizers: ByName<'p, Vec<Sanitizer>>,
    freed: ByName<'p, Vec<Freed<'p>>>,
}

/// What the arguments of a call carry, by the sanitizers of its tool.
#[derive(Clone, Debug)]
pub(super) struct CarriedLabels {
    /// All of them.
    pub(super) all: LabelSet,
    /// Those that no sanitizer is about.
    pub(super) outside: LabelSet,
    /// Those that each sanitizer is about.
    pub(super) inside: Vec<LabelSet>,
}

/// By what the labels of an output are found.
#[derive(Debug)]
pub(super) struct Given {
    /// What parts that inherit carry.
    pub(super) arguments: LabelSet,
    /// What a piece of their text carries, and what the model has read with it: a piece of a clean
    /// text is not clean.
    pub(super) pieces: LabelSet,
    /// Who may read the arguments, and so what inherits.
    pub(super) audience: Audience,
    /// Which declassifications hold, by number.
    freed: Vec<usize>,
    /// Of parts that say `when`, by number, whether that holds of each element.
    whens: HashMap<usize, HashMap<String, Option<bool>>>,
    /// Of parts that say `audience`, by number, who may read each element.
    readers: HashMap<usize, HashMap<String, Audience>>,
    /// What objects carry that were stored: where they lie in the output, and what.
    stored: Vec<(String, LabelSet, Audience)>,
    /// Where it is not as it was declared.
    strange: MisshapenPlaces,
    /// What audiences of its parts have in common.
    pub(super) common: Common,
}

impl<'p> LabelRemovers<'p> {
    /// Those of a program.
    pub(super) fn of(program: &'p Program, closures: &[LabelSet]) -> Self {
        let govern = &program.module().govern;
        let text = |at: u32| program.string(at);
        let exact = |labels: &[u16]| {
            let mut set = LabelSet::of(closures.len());
            for label in labels {
                set.insert(usize::from(*label));
            }
            set
        };
        let closed = |labels: &[u16]| {
            let mut set = LabelSet::of(closures.len());
            for closure in labels.iter().filter_map(|label| closures.get(usize::from(*label))) {
                set.join(closure);
            }
            set
        };
        let mut takers = Self::default();
        for row in &govern.sanitizers {
            let mut arg = String::new();
            row.arg.iter().for_each(|key| pointer::push(&mut arg, text(*key)));
            takers.sanitizers.entry(text(row.tool)).or_default().push(Sanitizer {
                arg,
                removes: exact(&row.removes),
                adds: closed(&row.adds),
                requires: Some(row.requires).filter(|term| *term != NONE),
                typed: row.typed,
            });
        }
        for row in &govern.declassify {
            let path = row.path.iter().map(|step| match step {
                Step::Key(key) => Some(text(*key)),
                Step::Any | Step::Names => None,
            });
            takers.freed.entry(text(row.tool)).or_default().push(Freed {
                path: path.collect(),
                removes: exact(&row.removes),
                adds: closed(&row.adds),
                by: row.by.iter().map(|name| text(*name)).collect(),
            });
        }
        takers
    }

    /// The sanitizers of a tool.
    fn sanitizers(&self, tool: &str) -> &[Sanitizer] {
        self.sanitizers.get(tool).map_or(&[], Vec::as_slice)
    }

    /// The declassifications of what a tool gives.
    pub(super) fn freed(&self, tool: &str) -> &[Freed<'p>] {
        self.freed.get(tool).map_or(&[], Vec::as_slice)
    }

    /// Which declassifications of a tool hold for a principal, which is JSON.
    pub(super) fn hold(&self, tool: &str, principal: Option<&str>) -> Vec<usize> {
        let all = self.freed(tool);
        let Some(principal) = principal.filter(|_| !all.is_empty()) else { return Vec::new() };
        let id = id_of(principal).unwrap_or_default();
        let fields = members(principal).unwrap_or_default();
        let roles = fields.iter().find(|(key, _)| key == "roles").map_or("[]", |(_, it)| *it);
        let roles = items(roles).unwrap_or_default();
        let roles: Vec<_> = roles.into_iter().filter_map(string).collect();
        let roles: Vec<&str> = roles.iter().map(AsRef::as_ref).collect();
        let holds = |at: &usize| all.get(*at).is_some_and(|freed| is_up_to(&freed.by, &id, &roles));
        (0..all.len()).filter(holds).collect()
    }

    /// What the arguments of a call carry, without marks.
    pub(super) fn carried(
        &self,
        tool: &str,
        values: &[Provenance],
        (labels, marks): (usize, &LabelSet),
    ) -> CarriedLabels {
        let none = LabelSet::of(labels);
        let own = self.sanitizers(tool);
        let inside = vec![none.clone(); own.len()];
        let mut carried = CarriedLabels { all: none.clone(), outside: none, inside };
        for value in values {
            carried.all.join(&value.labels);
            let mut is_inside = false;
            for (sanitizer, set) in own.iter().zip(&mut carried.inside) {
                if value.lies_in(&sanitizer.arg) {
                    set.join(&value.labels);
                    is_inside = true;
                }
            }
            if !is_inside {
                carried.outside.join(&value.labels);
            }
        }
        let CarriedLabels { all, outside, inside } = &mut carried;
        inside.iter_mut().chain([all, outside]).for_each(|set| set.remove(marks));
        carried
    }
}

impl Freed<'_> {
    /// What a field carries, once this was done to it.
    pub(super) fn free(&self, set: &mut LabelSet) {
        set.remove(&self.removes);
        set.join(&self.adds);
    }
}

impl Given {
    /// What is known of an output that no document speaks of, or of a failure.
    pub(super) fn plain(arguments: LabelSet, audience: Audience) -> Self {
        let pieces = arguments.clone();
        let (whens, readers) = (HashMap::new(), HashMap::new());
        let (freed, stored, common) = (Vec::new(), Vec::new(), Common::default());
        let strange = MisshapenPlaces::default();
        Self { arguments, pieces, audience, freed, whens, readers, stored, strange, common }
    }

    /// The same, and what was stored before.
    pub(super) fn with_stored(mut self, stored: Vec<(String, LabelSet, Audience)>) -> Self {
        self.stored = stored;
        self
    }

    /// Whether it says the same of all elements.
    pub(super) fn is_plain(&self) -> bool {
        self.whens.is_empty()
            && self.readers.is_empty()
            && self.stored.is_empty()
            && self.strange.is_empty()
    }

    /// The same, and where the output is not as documents say of its tool.
    pub(super) fn with_shape(mut self, ground: &Ground<'_>, tool: &str, out: &str) -> Self {
        self.strange = ground.strange(tool, out, &self);
        self
    }

    /// The parts of which the field at a place may be one, though their paths do not lead there.
    pub(super) fn around(&self, place: &str) -> Option<&[usize]> {
        self.strange.around(place)
    }

    /// The declassifications that hold, by number.
    pub(super) fn freed(&self) -> &[usize] {
        &self.freed
    }

    /// Whether a part that says `when` is about an element; `None` where nobody knows.
    pub(super) fn when(&self, part: usize, element: &str) -> Option<bool> {
        self.whens.get(&part)?.get(element).copied().flatten()
    }

    /// What was stored of what lies at a place of the output.
    pub(super) fn stored<'s>(
        &'s self,
        pointer: &'s str,
    ) -> impl Iterator<Item = &'s (String, LabelSet, Audience)> {
        self.stored.iter().filter(move |(place, ..)| is_within(pointer, place))
    }

    /// Who may read an element of a part that says so: nobody where that is not known.
    pub(super) fn readers(&self, part: usize, element: &str) -> Audience {
        let found = self.readers.get(&part).and_then(|all| all.get(element));
        found.cloned().unwrap_or_else(Audience::nobody)
    }
}

impl Session<'_, '_> {
    /// By what the labels of a call's output are found.
    pub(super) fn given(&self, call: &Call, out: &str, memory: &mut Option<Box<Memory>>) -> Given {
        let ground = self.ground;
        let set = |number: u32| {
            let set = self.state.sets.get(number).cloned();
            set.unwrap_or_else(|| ground.unknown.clone())
        };
        let (outside, apart) = call.sanitized();
        let mut given = Given::plain(set(outside), call.audience.clone());
        given.freed = call.freed().to_vec();
        let sanitizers = ground.takers.sanitizers(&call.tool);
        for (sanitizer, inside) in sanitizers.iter().zip(apart) {
            let mut carried = set(*inside);
            let whole = carried.clone();
            let holds = match sanitizer.requires {
                Some(term) => self.holds(out, term, memory) == Some(true),
                None => true,
            };
            if holds {
                carried.remove(&sanitizer.removes);
                carried.join(&sanitizer.adds);
            }
            given.arguments.join(&carried);
            given.pieces.join(if holds && sanitizer.typed { &carried } else { &whole });
        }
        given.stored = self.stored_in(call, out);
        for asking in ground.asking(&call.tool) {
            let mut found = elements(out, asking.path).unwrap_or_default();
            // What is beyond nobody knows.
            found.truncate(SESSION_ELEMENTS_MAX);
            for (pointer, element) in found {
                if let Some(term) = asking.when {
                    let holds = self.holds(element, term, memory);
                    given.whens.entry(asking.part).or_default().insert(pointer.clone(), holds);
                }
                if let Some(term) = asking.audience {
                    let readers = self.of_output(element, term, memory, |view, value| {
                        let mut list = String::new();
                        write(view, value, Form::Plain, &mut list).ok().map(|()| list)
                    });
                    let readers = Audience::of_list(&readers.unwrap_or_default());
                    given.readers.entry(asking.part).or_default().insert(pointer, readers);
                }
            }
        }
        given.with_shape(ground, &call.tool, out)
    }

    /// Whether a term holds of an output, or a part of one.
    fn holds(&self, out: &str, term: u16, memory: &mut Option<Box<Memory>>) -> Option<bool> {
        self.of_output(out, term, memory, |_, value| value.as_bool())
    }

    /// What a term gives of an output, or a part of one.
    fn of_output<T>(
        &self,
        out: &str,
        term: u16,
        memory: &mut Option<Box<Memory>>,
        read: impl FnOnce(&View<'_>, &Value) -> Option<T>,
    ) -> Option<T> {
        let ground: &Ground<'_> = self.ground;
        let memory = &mut **memory.get_or_insert_with(|| Box::new(Memory::of(ground)));
        let (seconds, nanoseconds) = self.state.now;
        let moment = Moment::at(seconds, nanoseconds);
        memory.context = format!("{{\"{ROOT}\":{{\"{OUT}\":{out}}}}}");
        let context = memory.context.as_bytes();
        let mut filled = ingest_answered(ground.program, context, &mut memory.scratch);
        filled.term(&moment, term, read)
    }
}
