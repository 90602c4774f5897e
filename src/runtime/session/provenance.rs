//! Where the values of a call came from.
//!
//! In:      the arguments, what the session has seen.
//! Out:     for each value how it is known to come, from where, and what it carries.
//! Imports: `base`, `lang`, `runtime::vm`.
//! Source:  `docs/sessions.md`, "Provenance".

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::base::limits::{SESSION_MATCH_BYTES_MAX, SESSION_SOURCES_MAX};
use crate::lang::session::{MODEL, NONE, PROMPT, SEVERAL, UNDECLARED};
use crate::runtime::session::audience::{Audience, Readable};
use crate::runtime::session::ground::Ground;
use crate::runtime::session::json::{Leaf, TreeItem, has_twins, walk};
use crate::runtime::session::labels::LabelSet;
use crate::runtime::session::sought::{Found, Sought, Spelled};
use crate::runtime::session::speakers::Caller;
use crate::runtime::session::state::State;
use crate::runtime::session::text::{is_edged, is_time, may_be_short, push_form, push_short};
use crate::runtime::vm::request::error::InputKind;

/// How it is known where a value came from; the later, the less is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// There is no value, or an empty one.
    None,
    /// The host said so.
    Ref,
    /// It was seen before, in these places.
    Match,
    /// It was seen nowhere, or as a piece of longer names alone: the model made it of whatever it
    /// has read.
    Model,
}

impl Kind {
    /// As rules spell it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Ref => "ref",
            Self::Match => "match",
            Self::Model => "model",
        }
    }
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// There is no value.
    None,
    /// What the principal said.
    Prompt,
    /// Outputs of the tool of this call.
    Tool(u32),
    /// Outputs of several tools.
    Several,
    /// Nobody knows.
    Model,
}

/// A value of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Its JSON Pointer in the arguments.
    pub pointer: String,
    /// How its origin is known.
    pub kind: Kind,
    /// What it carries.
    pub labels: LabelSet,
    /// Who may read it.
    pub audience: Audience,
    pub(super) from: From,
    /// The fields that it was found in, ascending: as many as are told; where it is nothing but a
    /// piece of longer names, those.
    pub(super) sources: Vec<u32>,
    /// Whether the model made it: it was looked for, and stands nowhere, be it as a piece.
    pub(super) is_made: bool,
}

impl Provenance {
    /// Whether it lies at a place of the arguments, or in it.
    #[must_use]
    pub fn lies_in(&self, place: &str) -> bool {
        is_within(&self.pointer, place)
    }
}

/// What the values at a place of the arguments come to together.
#[derive(Clone, Debug)]
pub(super) struct Joined {
    pub(super) kind: Kind,
    pub(super) from: From,
    pub(super) labels: LabelSet,
    pub(super) audience: Audience,
}

/// Most values have no longer forms.
const FORM_BYTES: usize = 64;

impl Joined {
    /// What no values come to.
    pub(super) fn none(state: &State) -> Self {
        let (labels, audience) = (LabelSet::of(state.labels), Audience::default());
        Self { kind: Kind::None, from: From::None, labels, audience }
    }
}

/// Why the values of a call are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Untraced {
    /// The arguments cannot be read.
    Args(InputKind),
    /// A handle is for a place that they lack.
    Ref,
}

/// The provenance of every value in `args`. Of what `refs` name the host knows it: pointers into
/// the arguments, and fields; of those that lead to a value, the longest counts.
pub(super) fn trace(
    state: &State,
    args: &str,
    refs: &[(&str, Vec<u32>)],
    caller: Caller<'_>,
) -> Result<Vec<Provenance>, Untraced> {
    let (mut found, mut keys) = (Vec::new(), Vec::new());
    let mut used = vec![false; refs.len()];
    let (mut form, mut short) = (String::with_capacity(FORM_BYTES), String::new());
    let mut left = SESSION_MATCH_BYTES_MAX;
    walk(args, |pointer, met| {
        form.clear();
        short.clear();
        let is_number = matches!(met, TreeItem::Leaf(Leaf::Number(_)));
        for (used, (at, _)) in used.iter_mut().zip(refs) {
            *used |= is_within(pointer, at);
        }
        let text = match met {
            // Names of arguments are the tool's; other keys the model has chosen.
            TreeItem::Key(key) if pointer.get(1..).is_some_and(|it| it.contains('/')) => Some(key),
            TreeItem::Key(name) => {
                keys.push(name);
                return;
            }
            TreeItem::Leaf(Leaf::Nothing(_)) => return,
            TreeItem::Leaf(Leaf::Text(text)) => Some(text),
            TreeItem::Leaf(Leaf::Number(text)) => Some(Cow::Borrowed(text)),
            TreeItem::Leaf(Leaf::Bool(_)) => None,
        };
        let Some(text) = text else {
            found.push(of_model(pointer, (caller.read(), state.ctx_audience.all())));
            return;
        };
        push_form(&text, &mut form);
        if form.is_empty() {
            // A blank text says something, too, and nobody but the model chose it.
            found.push(of_model(pointer, (caller.read(), state.ctx_audience.all())));
            return;
        }
        if may_be_short(&form) {
            push_short(&form, &mut short);
        } else {
            short.push_str(&form);
        }
        let spellings = spellings((&form, &short), is_number || is_time(&form), is_edged(&text));
        let meant = refs.iter().filter(|(at, _)| is_within(pointer, at));
        let handle = meant.max_by_key(|(at, _)| at.len());
        // A handle is for what stands where it leads to, and for nothing else.
        let mut named = handle.map_or(Vec::new(), |(_, fields)| fields.clone());
        let mut stands =
            |at| spellings.into_iter().flatten().any(|it| state.index.stands_in(at, it, &mut left));
        named.retain(|at| stands(*at));
        found.push(if named.is_empty() {
            of_found((state, caller), (pointer, &text), spellings, &mut left)
        } else {
            of_fields(state, (pointer, &text), Kind::Ref, named)
        });
    })
    .map_err(Untraced::Args)?;
    if used.contains(&false) {
        return Err(Untraced::Ref);
    }
    if !args.starts_with('{') || has_twins(&keys) {
        return Err(Untraced::Args(InputKind::DuplicateKey));
    }
    Ok(found)
}

/// A value as it is spelled, and, where that is another, with numbers in their short form.
type Spellings<'f> = [Option<Sought<'f>>; 2];

/// Numbers and times are the same in all their spellings. A text is another one in another: who
/// named `release/1.10` has not named `release/1.1`.
fn spellings<'f>((form, short): (&'f str, &'f str), is_number: bool, edged: bool) -> Spellings<'f> {
    let (own, other) = if is_number {
        (Spelled::Number, Spelled::Number)
    } else {
        (Spelled::Text { edged }, Spelled::Other)
    };
    let short = Some(short).filter(|short| *short != form);
    [Some(Sought { form, spelled: own }), short.map(|form| Sought { form, spelled: other })]
}

/// Of a value without a handle.
fn of_found(
    (state, caller): (&State, Caller<'_>),
    (pointer, text): (&str, &str),
    spellings: Spellings<'_>,
    left: &mut usize,
) -> Provenance {
    let found = spellings.into_iter().flatten().map(|it| state.index.find(it, left));
    let found = found.reduce(Found::and).unwrap_or(Found::Anywhere);
    let (fields, torn) = match found {
        Found::Anywhere => {
            let all = of_model(pointer, (caller.seen(), state.seen_audience.all()));
            return Provenance { is_made: false, ..all };
        }
        Found::In { fields, torn } => (fields, torn),
    };
    // What another has said is not the word of who calls: nobody knows what they want.
    let is_of_another = |at: &u32| caller.is_of_another(*at);
    let (others, fields): (Vec<u32>, Vec<u32>) = if fields.iter().any(is_of_another) {
        fields.into_iter().partition(is_of_another)
    } else {
        (Vec::new(), fields)
    };
    let has_others = !others.is_empty() || torn.iter().any(is_of_another);
    let mut torn = torn;
    if !others.is_empty() {
        torn = torn.into_iter().chain(others).collect::<BTreeSet<u32>>().into_iter().collect();
    }
    // A piece of a name is another name: neither the principal's word nor that of a record.
    let mut value = if fields.is_empty() {
        let sources = torn.iter().copied().take(SESSION_SOURCES_MAX).collect();
        let model = of_model(pointer, (caller.read(), state.ctx_audience.all()));
        Provenance { sources, is_made: torn.is_empty(), ..model }
    } else {
        of_fields(state, (pointer, text), Kind::Match, fields)
    };
    if has_others {
        value.labels.join(caller.unknown());
    }
    for field in torn.iter().filter_map(|at| state.index.field(*at)) {
        let taint = state.taints.get(field.taint);
        if let Some(set) = state.sets.get(taint.pieces) {
            value.labels.join(set);
        }
        value.audience.meet(&state.audiences.get(taint.audience));
    }
    value
}

fn of_model(pointer: &str, (labels, audience): (Cow<'_, LabelSet>, &Audience)) -> Provenance {
    Provenance {
        pointer: pointer.to_owned(),
        kind: Kind::Model,
        labels: labels.into_owned(),
        audience: audience.clone(),
        from: From::Model,
        sources: Vec::new(),
        is_made: true,
    }
}

/// Of a value that was found in `fields`: it carries what all of them carry, so that nobody gains
/// by repeating what is trusted. What the principal said is the principal's, wherever else it
/// stands.
///
/// A mark it has only where it is, as it is spelled, all of a field that has it: what is a part of
/// a clean text need not be clean. Of what the host names, all fields must have it.
fn of_fields(
    state: &State,
    (pointer, text): (&str, &str),
    kind: Kind,
    fields: Vec<u32>,
) -> Provenance {
    let is_match = kind == Kind::Match;
    let none = LabelSet::of(state.labels);
    let mut labels = none.clone();
    let mut marks = if is_match { none.clone() } else { state.marks.clone() };
    let mut audience = Readable::default();
    let mut from = From::None;
    for (at, field) in fields.iter().filter_map(|at| Some((*at, state.index.field(*at)?))) {
        let taint = state.taints.get(field.taint);
        audience.meet(&state.audiences.get(taint.audience));
        let is_whole = state.index.is_exactly(at, text);
        let carried = if is_whole { taint.labels } else { taint.pieces };
        if let Some(set) = state.sets.get(carried) {
            labels.join(set);
            match (is_match, is_whole) {
                (true, true) => marks.join(set),
                (true, false) => {}
                (false, _) => marks.retain(if is_whole { set } else { &none }),
            }
        }
        let own = field.call.map_or(From::Prompt, From::Tool);
        from = match (from, own) {
            (From::Prompt, _) | (_, From::Prompt) => From::Prompt,
            (From::Tool(a), From::Tool(b)) if state.same_tool(a, b) => From::Tool(a),
            (From::Tool(_) | From::Several, From::Tool(_)) => From::Several,
            (From::None | From::Model, own) => own,
            (from, From::None | From::Several | From::Model) => from,
        };
    }
    marks.retain(&state.marks);
    labels.remove(&state.marks);
    labels.join(&marks);
    let mut sources = fields;
    sources.truncate(SESSION_SOURCES_MAX);
    let audience = audience.all().clone();
    let pointer = pointer.to_owned();
    Provenance { pointer, kind, labels, audience, from, sources, is_made: false }
}

/// Whether `pointer` leads to `place` or into it.
pub(super) fn is_within(pointer: &str, place: &str) -> bool {
    let rest = pointer.strip_prefix(place);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What the values at `place` of the arguments come to: all labels, and the weakest origin.
pub(super) fn joined(state: &State, values: &[Provenance], place: &str) -> Joined {
    let mut all = Joined::none(state);
    // Marks are those that every value has.
    let mut marks: Option<LabelSet> = None;
    for value in values.iter().filter(|value| is_within(&value.pointer, place)) {
        all.labels.join(&value.labels);
        all.audience.meet(&value.audience);
        marks.get_or_insert_with(|| state.marks.clone()).retain(&value.labels);
        all.kind = all.kind.max(value.kind);
        all.from = match (all.from, value.from) {
            (From::None, from) | (from, From::None) => from,
            (From::Model, _) | (_, From::Model) => From::Model,
            (From::Prompt, from) | (from, From::Prompt) => from,
            (From::Tool(a), From::Tool(b)) if state.same_tool(a, b) => From::Tool(a),
            (From::Tool(_) | From::Several, From::Tool(_) | From::Several) => From::Several,
        };
    }
    all.labels.remove(&state.marks);
    all.labels.join(&marks.unwrap_or_else(|| LabelSet::of(state.labels)));
    all
}

impl State {
    /// Whether two calls are of one tool.
    fn same_tool(&self, a: u32, b: u32) -> bool {
        a == b || self.tool_of(a) == self.tool_of(b)
    }

    /// An origin in words for people. It names no key of an output and no tool that no document
    /// declares, for whoever wrote that would be quoted.
    pub(super) fn origin(&self, ground: &Ground<'_>, from: From) -> String {
        match from {
            From::None => "nowhere".to_owned(),
            From::Prompt => "the prompt".to_owned(),
            From::Tool(number) => match self.call(number).filter(|call| !call.tool.is_empty()) {
                Some(call) => {
                    let is_known = ground.declares(&call.tool);
                    let tool = if is_known { &*call.tool } else { UNDECLARED };
                    format!("{tool} (event {})", call.seq)
                }
                None => "a call that nobody asked for".to_owned(),
            },
            From::Several => "several tools".to_owned(),
            From::Model => "the model".to_owned(),
        }
    }

    /// The word for an origin.
    pub(super) fn word(&self, from: From) -> &str {
        match from {
            From::None => NONE,
            From::Prompt => PROMPT,
            // Nobody passes for the principal by the name of a tool.
            From::Tool(call) => {
                let tool = self.tool_of(call);
                if [PROMPT, NONE, MODEL].contains(&tool) { SEVERAL } else { tool }
            }
            From::Several => SEVERAL,
            From::Model => MODEL,
        }
    }
}
