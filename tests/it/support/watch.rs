//! The verifier against what runs: in front of every instruction each value must be one that the
//! proof takes it to be.
//!
//! What a value is, is told here from its tag and its parts, without a word of the verifier's.

use std::collections::HashSet;

use policyc::lang::value::heap::View;
use policyc::lang::value::{Tag, Value};
use policyc::runtime::bundle::module::{Module, TypeRow};
use policyc::runtime::bundle::reader::read;
use policyc::runtime::program::Program;
use policyc::runtime::verify::{Claims, Kind, Known, Presence, Ty, UNBOUNDED, claims};
use policyc::runtime::vm::observe::{AtomObservation, Observer, Step};
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;

/// A module, and what the proof of it takes values to be.
pub(crate) struct Claimed {
    pub(crate) module: Module,
    pub(crate) claims: Claims,
}

impl Claimed {
    /// Of a bundle that the verifier accepts.
    pub(crate) fn of(bundle: &[u8]) -> Self {
        let module = read(bundle).expect("a bundle");
        let claims = claims(&module).expect("a bundle that was accepted");
        Self { module, claims }
    }

    /// Decides while the claims are held against the values; the decision, or the first value that
    /// is not what the proof takes it to be.
    pub(crate) fn decide(
        &self,
        program: &Program,
        context: &[u8],
        moment: &Moment<'_>,
    ) -> Result<(DecisionReport, Watch<'_>), Escape> {
        let mut watch = Watch { claimed: self, within: HashSet::new(), held: 0, escape: None };
        let mut scratch = Scratch::for_program(program);
        let mut filled = ingest(program, context, &mut scratch);
        let mut decision = filled.decide_observed(moment, &mut watch);
        let _ = decision.reason_observed(&mut watch);
        let report = DecisionReport::of(&mut decision);
        match watch.escape.take() {
            Some(escape) => Err(escape),
            None => Ok((report, watch)),
        }
    }
}

/// A value that is not what the proof takes it to be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Escape {
    /// The instruction that it was found in front of, from the start of the program's code.
    pub(crate) pc: u32,
    /// Its place in the file.
    pub(crate) place: u16,
    pub(crate) known: Known,
    pub(crate) tag: Option<Tag>,
}

/// Holds claims against values.
pub(crate) struct Watch<'a> {
    claimed: &'a Claimed,
    /// Lists, maps and optionals whose parts were looked at, by where they lie. What is built is
    /// not changed before the decision ends.
    within: HashSet<(Tag, u8, u32, u64, Ty)>,
    /// How many claims, `dyn` aside, were held against a value.
    pub(crate) held: u64,
    escape: Option<Escape>,
}

impl Observer for Watch<'_> {
    fn see(&mut self, _sight: AtomObservation<'_>) {}

    fn step(&mut self, step: Step<'_>) {
        let claimed = self.claimed;
        for (place, known) in &claimed.claims.values[step.pc as usize] {
            let value = step.file.get(usize::from(*place));
            let holds = value.is_some_and(|value| self.is_known(&step.view, value, known));
            self.held += u64::from(known.ty != Ty::Plain(Kind::Dyn));
            if !holds && self.escape.is_none() {
                let tag = value.map(Value::tag);
                self.escape = Some(Escape { pc: step.pc, place: *place, known: *known, tag });
            }
        }
    }
}

impl Watch<'_> {
    fn is_known(&mut self, view: &View<'_>, value: &Value, known: &Known) -> bool {
        match (value.tag(), known.presence) {
            (Tag::Absent, presence) => presence != Presence::Sure,
            (Tag::Error, presence) => presence == Presence::MaybeError,
            _ => is_short(value, known.len) && self.is_of(view, value, known.ty),
        }
    }

    fn is_of(&mut self, view: &View<'_>, value: &Value, ty: Ty) -> bool {
        let key = (value.tag(), value.space() as u8, value.off(), value.bits(), ty);
        if value.tag().has_elements() && self.within.contains(&key) {
            return true;
        }
        let holds = self.has_parts(view, value, ty);
        if holds {
            self.within.insert(key);
        }
        holds
    }

    fn has_parts(&mut self, view: &View<'_>, value: &Value, ty: Ty) -> bool {
        let parts = view.elements(value);
        let mut is_part =
            |part: &Value, kind: Kind| part.is_present() && self.is_of(view, part, Ty::Plain(kind));
        match ty {
            Ty::Never => false,
            Ty::Plain(kind) => is_kind(value, kind),
            Ty::ListOf(kind) => {
                value.tag() == Tag::List && parts.iter().all(|it| is_part(it, kind))
            }
            Ty::MapOf(key, of) => {
                value.tag() == Tag::Map
                    && parts.chunks(2).all(|it| is_part(&it[0], key) && is_part(&it[1], of))
            }
            Ty::RowsOf(row) => {
                value.tag() == Tag::List && parts.iter().all(|it| self.is_part(view, it, row))
            }
            // Any value, of which nothing is told.
            Ty::Sensitive => is_kind(value, Kind::Dyn),
            Ty::Message(of) => self.is_message(view, value, of),
            Ty::Enum(of) => value.tag() == Tag::Enum && value.kind() == u32::from(of),
            Ty::Row(row) => self.is_of_row(view, value, row),
            Ty::Columns(node) => self.is_columns(view, value, node),
        }
    }

    /// Whether `value` is there and of row `row` of the types.
    fn is_of_row(&mut self, view: &View<'_>, value: &Value, row: u16) -> bool {
        let module = &self.claimed.module;
        let parts = view.elements(value);
        let kind = match &module.types[usize::from(row)] {
            TypeRow::Dyn => Kind::Dyn,
            TypeRow::Null => Kind::Null,
            TypeRow::Bool => Kind::Bool,
            TypeRow::Int => Kind::Int,
            TypeRow::Uint => Kind::Uint,
            TypeRow::Double => Kind::Double,
            TypeRow::String => Kind::String,
            TypeRow::Bytes => Kind::Bytes,
            TypeRow::Timestamp => Kind::Timestamp,
            TypeRow::Duration => Kind::Duration,
            TypeRow::Type => Kind::Type,
            TypeRow::Message(of) => return self.is_of(view, value, Ty::Message(*of)),
            TypeRow::Enum(of) => return self.is_of(view, value, Ty::Enum(*of)),
            TypeRow::Nullable(part) => {
                return value.tag() == Tag::Null || self.is_of_row(view, value, *part);
            }
            TypeRow::List(part, max) => {
                return value.tag() == Tag::List
                    && is_short(value, max.unwrap_or(UNBOUNDED))
                    && parts.iter().all(|it| self.is_part(view, it, *part));
            }
            TypeRow::Map(key, of) => {
                return value.tag() == Tag::Map
                    && parts.chunks(2).all(|entry| {
                        self.is_part(view, &entry[0], *key) && self.is_part(view, &entry[1], *of)
                    });
            }
            TypeRow::Optional(part) => {
                return value.tag() == Tag::Optional
                    && parts.iter().all(|it| self.is_part(view, it, *part));
            }
            TypeRow::Record { fields, rest } => {
                let text = |name: u32| module.strings.get(name as usize);
                return value.tag() == Tag::Map
                    && parts.chunks(2).all(|entry| {
                        let name = Some(view.str(&entry[0]));
                        let field = fields.iter().find(|field| text(field.name) == name);
                        let ty = field.map_or(*rest, |field| field.ty);
                        entry[0].tag() == Tag::String && self.is_part(view, &entry[1], ty)
                    });
            }
        };
        is_kind(value, kind)
    }

    /// Whether `value` is a message of type `of` whose fields, ascending by number, hold what their
    /// types say.
    fn is_message(&mut self, view: &View<'_>, value: &Value, of: u16) -> bool {
        let module = &self.claimed.module;
        let row = &module.messages[usize::from(of)];
        let first = usize::from(row.first_field);
        let fields = &module.fields[first..first + usize::from(row.fields)];
        let pairs: Vec<&[Value]> = view.elements(value).chunks(2).collect();
        value.tag() == Tag::Message
            && value.kind() == u32::from(of)
            && pairs.is_sorted_by(|a, b| a[0].bits() < b[0].bits())
            && pairs.iter().all(|pair| {
                let number = pair[0].bits();
                match fields.iter().find(|field| u64::from(field.number) == number) {
                    Some(field) => self.is_part(view, &pair[1], field.ty),
                    None => number == 0 && pair[1].tag() == Tag::Bytes,
                }
            })
    }

    /// As `is_of_row`; nothing is said of a row that does not exist.
    fn is_part(&mut self, view: &View<'_>, value: &Value, row: u16) -> bool {
        let rows = self.claimed.module.types.len();
        let ty = if usize::from(row) < rows { Ty::Row(row) } else { Ty::Plain(Kind::Dyn) };
        value.is_present() && self.is_of(view, value, ty)
    }

    /// Whether `value` is a list that lies in the columns below node `node` of the path trie.
    fn is_columns(&mut self, view: &View<'_>, value: &Value, node: u16) -> bool {
        let module = &self.claimed.module;
        let node = &module.paths[usize::from(node)];
        let first = usize::from(node.first_child);
        let columns = &module.paths[first..first + usize::from(node.children)];
        if value.tag() != Tag::List {
            return false;
        }
        view.elements(value).chunks(columns.len().max(1)).all(|row| {
            row.len() == columns.len().max(1)
                && row.iter().zip(columns).all(|(cell, column)| {
                    let absent = cell.tag() == Tag::Absent && !column.required;
                    absent || self.is_part(view, cell, column.ty)
                })
        })
    }
}

/// Whether text, list or map is no longer than `len`.
fn is_short(value: &Value, len: u32) -> bool {
    let has_length = matches!(value.tag(), Tag::String | Tag::Bytes | Tag::List | Tag::Map);
    !has_length || value.len() <= len
}

fn is_kind(value: &Value, kind: Kind) -> bool {
    let tag = match kind {
        Kind::Dyn => return value.is_present(),
        Kind::Null => Tag::Null,
        Kind::Bool => Tag::Bool,
        Kind::Int => Tag::Int,
        Kind::Uint => Tag::Uint,
        Kind::Double => Tag::Double,
        Kind::String => Tag::String,
        Kind::Bytes => Tag::Bytes,
        Kind::Timestamp => Tag::Timestamp,
        Kind::Duration => Tag::Duration,
        Kind::Type => Tag::Type,
        Kind::List => Tag::List,
        Kind::Map => Tag::Map,
        Kind::Optional => Tag::Optional,
        Kind::Message => Tag::Message,
        Kind::Enum => Tag::Enum,
    };
    value.tag() == tag
}
