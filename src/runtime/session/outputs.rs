//! What the parts of tools' outputs carry.
//!
//! In:      what documents declare of an output, what its call carries, where a field lies.
//! Out:     the labels of the field, those of a piece of it, and who may read it.
//! Imports: `base`.
//! Source:  `docs/sessions.md`, "Labels".

use crate::base::pointer;
use crate::runtime::session::audience::Audience;
use crate::runtime::session::ground::Ground;
use crate::runtime::session::labels::LabelSet;
use crate::runtime::session::shape::{MisshapenPlaces, Path};
use crate::runtime::session::trust::Given;

/// What a part of a tool's output carries.
#[derive(Debug)]
pub(super) struct Part<'p> {
    /// Keys; `None` is any.
    pub(super) path: Vec<Option<&'p str>>,
    /// Whether it is the names of the members there, and not what these hold.
    pub(super) names: bool,
    pub(super) labels: LabelSet,
    pub(super) inherit: bool,
    /// The term that says whether it is about an element, and how many keys lead to that.
    pub(super) when: Option<(u16, usize)>,
    /// The same of the term that says who may read it.
    pub(super) audience: Option<(u16, usize)>,
}

/// A part of a tool's output that asks each element something.
#[derive(Debug)]
pub(super) struct Asking<'g, 'p> {
    /// Its number.
    pub(super) part: usize,
    /// The way to the elements.
    pub(super) path: &'g [Option<&'p str>],
    /// Whether it is about the element.
    pub(super) when: Option<u16>,
    /// Who may read it.
    pub(super) audience: Option<u16>,
}

/// The parts of an output of which each leads to a field or does not: fields to which the same ones
/// lead carry the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Covering<'g, 'p>(&'g [Part<'p>]);

impl Covering<'_, '_> {
    /// Which of them lead to a field, a bit for each.
    pub(super) fn of(&self, field: At<'_>) -> u64 {
        leading(self.0, field, |_, _| true).map(|(at, _)| 1 << at).sum()
    }
}

/// Where a field of an output lies, and whether it is the name of the member there.
pub(super) type At<'f> = (&'f str, bool);

/// The parts of an output that lead to a field, with their numbers. To the name of a member leads
/// what is said of names, in the stead of what is said of the members; `holds` says whether a part
/// is about what lies there.
fn leading<'g, 'p>(
    parts: &'g [Part<'p>],
    (pointer, is_name): At<'_>,
    holds: impl Fn(usize, &Part<'p>) -> bool,
) -> impl Iterator<Item = (usize, &'g Part<'p>)> {
    let depth = pointer.bytes().filter(|it| *it == b'/').count();
    let all = parts.iter().enumerate().filter(move |(_, part)| covers(&part.path, pointer));
    let of_names =
        |(at, part): (usize, &Part<'p>)| part.names && part.path.len() == depth && holds(at, part);
    let is_named = is_name && all.clone().any(of_names);
    all.filter(move |(_, part)| {
        let is_last = part.path.len() == depth;
        if part.names { is_name && is_last } else { !(is_named && is_last) }
    })
}

impl<'p> Ground<'p> {
    /// What a field of an output of `tool` carries, and a piece of it.
    fn output(&self, tool: &str, field: At<'_>, given: &Given) -> (LabelSet, LabelSet) {
        let (pointer, _) = field;
        let mut set = LabelSet::of(self.label_count());
        let mut inherits = false;
        let mut known = false;
        for (at, part) in self.leading(tool, field, given) {
            if let Some((_, keys)) = part.when {
                match given.when(at, beginning(pointer, keys)) {
                    Some(false) => continue,
                    Some(true) => {}
                    // It may be about this, or not.
                    None => set.join(&self.unknown),
                }
            }
            known = true;
            set.join(&part.labels);
            inherits |= part.inherit;
        }
        if let Some(around) = given.around(pointer) {
            known = false;
            for part in around.iter().filter_map(|at| self.parts(tool).get(*at)) {
                set.join(&part.labels);
                inherits |= part.inherit;
            }
        }
        if !known {
            set.join(&self.unknown);
        }
        for (_, labels, _) in given.stored(pointer) {
            set.join(labels);
        }
        let mut piece = set.clone();
        if inherits {
            set.join(&given.arguments);
            piece.join(&given.pieces);
        }
        let freed = self.takers.freed(tool);
        for freed in given.freed().iter().filter_map(|at| freed.get(*at)) {
            if covers(&freed.path, pointer) {
                freed.free(&mut set);
                freed.free(&mut piece);
            }
        }
        (set, piece)
    }

    /// The parts of a tool's output that lead to a field.
    fn leading(
        &self,
        tool: &str,
        field: At<'_>,
        given: &Given,
    ) -> impl Iterator<Item = (usize, &Part<'p>)> {
        leading(self.parts(tool), field, |at, part| {
            let holds = |(_, keys)| given.when(at, beginning(field.0, keys)) == Some(true);
            part.when.is_none_or(holds)
        })
    }

    /// What a field of an output of `tool` carries, a piece of it, and who may read it.
    pub(super) fn carried(
        &self,
        tool: &str,
        field: At<'_>,
        given: &Given,
    ) -> (LabelSet, LabelSet, Audience) {
        let (set, pieces) = self.output(tool, field, given);
        (set, pieces, self.audience(tool, field, given))
    }

    /// Who may read a field of an output of `tool`.
    fn audience(&self, tool: &str, field: At<'_>, given: &Given) -> Audience {
        let (pointer, _) = field;
        let mut audience = Audience::default();
        let parts = self.parts(tool);
        for (at, part) in self.leading(tool, field, given) {
            let is_meant = part
                .when
                .is_none_or(|(_, keys)| given.when(at, beginning(pointer, keys)) != Some(false));
            if let Some((_, keys)) = part.audience.filter(|_| is_meant) {
                given.common.meet(&mut audience, &given.readers(at, beginning(pointer, keys)));
            }
            if part.inherit && is_meant {
                given.common.meet(&mut audience, &given.audience);
            }
        }
        let around = given.around(pointer).unwrap_or_default();
        for part in around.iter().filter_map(|at| parts.get(*at)) {
            if part.audience.is_some() {
                given.common.meet(&mut audience, &Audience::nobody());
            }
            if part.inherit {
                given.common.meet(&mut audience, &given.audience);
            }
        }
        for (_, _, readers) in given.stored(pointer) {
            given.common.meet(&mut audience, readers);
        }
        audience
    }

    /// What tells fields of an output of `tool` apart, where `given` knows nothing of single
    /// elements. `None` where that is not enough to say what a field carries.
    pub(super) fn covering(&self, tool: &str, given: &Given) -> Option<Covering<'_, 'p>> {
        let (parts, freed) = (self.parts(tool), self.takers.freed(tool));
        let plain = given.is_plain() && freed.is_empty() && parts.len() <= 64;
        let asks = |part: &Part<'_>| part.when.is_some() || part.audience.is_some();
        (plain && !parts.iter().any(asks)).then_some(Covering(parts))
    }

    /// Whether something is said of names of members in an output of `tool`.
    pub(super) fn tells_names(&self, tool: &str) -> bool {
        self.parts(tool).iter().any(|part| part.names)
    }

    /// Where an output of `tool` is not as its parts say that are about it.
    pub(super) fn strange(&self, tool: &str, out: &str, given: &Given) -> MisshapenPlaces {
        let parts = self.parts(tool);
        if parts.iter().all(|part| part.path.is_empty()) {
            return MisshapenPlaces::default();
        }
        let paths: Vec<&Path<'_>> = parts.iter().map(|part| part.path.as_slice()).collect();
        MisshapenPlaces::of(out, &paths, |at, place| {
            // What is said of elements that are deeper is not known here.
            let when = parts.get(at).and_then(|part| part.when);
            when.is_none_or(|(_, keys)| given.when(at, beginning(place, keys)) != Some(false))
        })
    }

    /// The parts of a tool's output that say `when` or `audience`: their numbers, the ways to their
    /// elements, the terms.
    pub(super) fn asking(&self, tool: &str) -> impl Iterator<Item = Asking<'_, 'p>> {
        let parts = self.parts(tool).iter().enumerate();
        parts.filter_map(|(part, it)| {
            let (_, keys) = it.when.or(it.audience)?;
            let term = |asks: Option<(u16, usize)>| asks.map(|(term, _)| term);
            let path = it.path.get(..keys)?;
            Some(Asking { part, path, when: term(it.when), audience: term(it.audience) })
        })
    }

    /// Whether the field at `pointer` of an output of `tool` carries what the arguments carry.
    pub(super) fn inherits(&self, tool: &str, pointer: &str) -> bool {
        let parts = self.parts(tool).iter();
        parts.filter(|part| part.inherit).any(|part| covers(&part.path, pointer))
    }
}

/// As much of a pointer as so many keys take.
fn beginning(pointer: &str, keys: usize) -> &str {
    let end = pointer.match_indices('/').nth(keys).map_or(pointer.len(), |(at, _)| at);
    pointer.get(..end).unwrap_or_default()
}

/// Whether a path leads to what lies at `pointer`, or to what that lies in.
pub(super) fn covers(path: &[Option<&str>], pointer: &str) -> bool {
    let mut rest = pointer;
    path.iter().all(|step| {
        let Some(inner) = rest.strip_prefix('/') else { return false };
        let end = inner.bytes().position(|it| it == b'/').unwrap_or(inner.len());
        let (key, behind) = inner.split_at_checked(end).unwrap_or((inner, ""));
        rest = behind;
        step.is_none_or(|wanted| pointer::is(key, wanted))
    })
}
