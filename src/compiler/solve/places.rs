//! The slots of a program as terms: places of the context by path and by what is read there.
//!
//! In:      a module.
//! Out:     `Slots`: a term for each slot, with the kinds that reading lets through.
//! Imports: `base`, `runtime::bundle`.
//!
//! Two programs that read a place alike share its term. Where one reads a text as a timestamp and
//! the other as a string the values differ, so there are two terms.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::base::arrange::Arrange as _;
use crate::base::pointer;
use crate::compiler::solve::store::{Kind, Kinds, NumberType, Place, Store, Term, TermId};
use crate::compiler::solve::whole::asked_whole;
use crate::runtime::bundle::module::{Module, NONE, NodeMode, Requirement, SlotRow, TypeRow};

/// The slots of a program.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    /// The term of every slot.
    pub terms: Vec<TermId>,
    /// Of every slot, how rules that ask for types change what they find; empty where nothing
    /// changes but the kind of a number.
    pub changed: Vec<Rc<str>>,
    /// The path of every node.
    pub paths: Vec<Rc<str>>,
    /// Names of the columns of the list in a slot, if it is read in rows.
    pub columns: Vec<Vec<Rc<str>>>,
}

/// Paths of all nodes, as JSON Pointers.
#[must_use]
pub fn paths(module: &Module) -> Vec<Rc<str>> {
    let mut paths: Vec<Rc<str>> = vec!["".into(); module.paths.len()];
    for (at, node) in module.paths.iter().enumerate() {
        let own = paths.get(at).cloned().unwrap_or_default();
        let first = usize::from(node.first_child);
        for child in first..first + usize::from(node.children) {
            let key = module.paths.get(child).and_then(|row| module.strings.get(row.key as usize));
            let key = pointer::token(key.map_or("", AsRef::as_ref));
            if let Some(path) = paths.get_mut(child) {
                *path = format!("{own}/{key}").into();
            }
        }
    }
    paths
}

/// What a type lets through, whether its numbers are whole, and what text is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The kinds.
    pub kinds: Kinds,
    /// Whether its numbers are whole.
    pub whole: bool,
    /// What text is read as; empty for text.
    pub reading: &'static str,
}

/// What JSON can hold.
const JSON: [Kind; 6] = [Kind::Null, Kind::Bool, Kind::Number, Kind::Text, Kind::List, Kind::Map];

/// The shape of type `at`.
#[must_use]
pub fn shape(module: &Module, at: u16) -> Shape {
    let plain = |kind| Shape { kinds: Kinds::of(&[kind]), whole: false, reading: "" };
    let read = |kind, reading| Shape { kinds: Kinds::of(&[kind]), whole: false, reading };
    match module.types.get(usize::from(at)).unwrap_or(&TypeRow::Dyn) {
        TypeRow::Dyn => Shape { kinds: Kinds::of(&JSON), whole: false, reading: "" },
        TypeRow::Null => plain(Kind::Null),
        TypeRow::Bool => plain(Kind::Bool),
        TypeRow::Int | TypeRow::Uint => Shape { whole: true, ..plain(Kind::Number) },
        TypeRow::Double => plain(Kind::Number),
        TypeRow::String => plain(Kind::Text),
        TypeRow::Bytes => read(Kind::Other, "bytes"),
        TypeRow::Timestamp => read(Kind::Time, "timestamp"),
        TypeRow::Duration => read(Kind::Span, "duration"),
        TypeRow::Type => read(Kind::Other, "type"),
        TypeRow::Nullable(inner) => {
            let inner = shape(module, *inner);
            Shape { kinds: inner.kinds.either(Kinds::of(&[Kind::Null])), ..inner }
        }
        TypeRow::List(..) => plain(Kind::List),
        TypeRow::Map(..) | TypeRow::Record { .. } => plain(Kind::Map),
        TypeRow::Optional(_) => read(Kind::Other, "optional"),
        TypeRow::Message(_) => read(Kind::Other, "message"),
        TypeRow::Enum(_) => read(Kind::Other, "enum"),
    }
}

/// Which numbers a type lets through, if it lets no others through.
#[must_use]
pub fn number_type(module: &Module, at: u16) -> Option<NumberType> {
    let row = |at: u16| module.types.get(usize::from(at));
    let own = row(at)?;
    let own = if let TypeRow::Nullable(inner) = own { row(*inner)? } else { own };
    let types = [
        (TypeRow::Int, NumberType::Int),
        (TypeRow::Uint, NumberType::Uint),
        (TypeRow::Double, NumberType::Double),
    ];
    types.into_iter().find(|(row, _)| row == own).map(|(_, numbers)| numbers)
}

/// How a value of a type differs from what JSON has: nothing for what JSON has too.
fn reading(module: &Module, at: u16, depth: usize) -> String {
    let row = module.types.get(usize::from(at)).unwrap_or(&TypeRow::Dyn);
    let inner = |at: u16| if depth > 32 { "deep".into() } else { reading(module, at, depth + 1) };
    let around = |name: &str, inner: String| {
        if inner.is_empty() { inner } else { format!("{name}<{inner}>") }
    };
    match row {
        TypeRow::Dyn | TypeRow::Null | TypeRow::Bool | TypeRow::String => String::new(),
        TypeRow::Int => "int".into(),
        TypeRow::Uint => "uint".into(),
        TypeRow::Double => "double".into(),
        TypeRow::Nullable(of) => inner(*of),
        TypeRow::List(of, _) => around("list", inner(*of)),
        TypeRow::Map(_, of) => around("map", inner(*of)),
        TypeRow::Record { fields, rest } => {
            let name = |field: u32| module.strings.get(field as usize).unwrap_or_default();
            let parts = fields.iter().map(|it| (name(it.name), inner(it.ty)));
            let mut parts: Vec<String> = parts
                .filter(|(_, inner)| !inner.is_empty())
                .map(|(name, inner)| format!("{name}:{inner}"))
                .collect();
            if *rest != NONE && !inner(*rest).is_empty() {
                parts.push(inner(*rest));
            }
            around("object", parts.join(","))
        }
        TypeRow::Bytes
        | TypeRow::Timestamp
        | TypeRow::Duration
        | TypeRow::Type
        | TypeRow::Optional(_)
        | TypeRow::Message(_)
        | TypeRow::Enum(_) => format!("text {}", shape(module, at).reading),
    }
}

/// What rules ask of a slot, as text: equal texts change a value alike.
fn asked_paths(module: &Module, asked: Requirement) -> Vec<String> {
    let keyed = module.keyed.get(usize::from(asked.keyed));
    let cases = keyed.iter().flat_map(|keyed| keyed.cases.iter().map(|(_, ty)| *ty));
    let otherwise = keyed.iter().map(|keyed| keyed.otherwise);
    let own = (asked.ty != NONE).then_some(asked.ty);
    let types = cases.chain(otherwise).chain(own);
    types.map(|ty| reading(module, ty, 0)).filter(|text| !text.is_empty()).collect()
}

impl Slots {
    /// The slots of a module.
    pub fn of(module: &Module, store: &mut Store) -> Self {
        let mut slots = Self { paths: paths(module), ..Self::default() };
        let mut readings: BTreeMap<u16, Vec<String>> = BTreeMap::new();
        for requirement in &module.requirements {
            let texts = asked_paths(module, *requirement);
            if !texts.is_empty() {
                readings.entry(requirement.slot).or_default().extend(texts);
            }
        }
        for ((at, row), whole) in (0..).zip(&module.slots).zip(asked_whole(module)) {
            let mut texts = readings.remove(&at).unwrap_or_default();
            texts.arrange();
            texts.dedup();
            slots.slot(module, store, *row, (&texts, whole));
        }
        slots
    }

    /// `texts` are how a value is read, and `asked_whole` is whether its numbers are whole
    /// wherever it is, though its place holds others too.
    fn slot(
        &mut self,
        module: &Module,
        store: &mut Store,
        row: SlotRow,
        (texts, asked_whole): (&[String], bool),
    ) {
        let (mut changed, mut columns) = (String::new(), Vec::new());
        let term = match row {
            SlotRow::Now => store.make(Term::Now, Kinds::of(&[Kind::Time])),
            SlotRow::Presence(node) => {
                let path = self.paths.get(usize::from(node)).cloned().unwrap_or_default();
                let kinds = Kinds::of(&[Kind::Absent, Kind::Bool]);
                store.make(Term::Presence(path), kinds)
            }
            SlotRow::Value(node) => {
                let row = module.paths.get(usize::from(node));
                let ty = row.map_or(NONE, |row| row.ty);
                let mut shape = shape(module, ty);
                changed = texts.join(" ");
                let typed = !matches!(module.types.get(usize::from(ty)), None | Some(TypeRow::Dyn));
                if typed {
                    changed = reading(module, ty, 0);
                }
                if changed.contains("text ") && shape.reading.is_empty() {
                    shape.reading = "converted";
                    shape.kinds = if typed { shape.kinds } else { Kinds::ALL };
                }
                if module.context != NONE {
                    shape = Shape { kinds: Kinds::ALL, reading: "field", ..shape };
                }
                if let Some(row) = row.filter(|row| row.mode == NodeMode::Rows) {
                    let first = usize::from(row.first_child);
                    let own = module.paths.get(first..first + usize::from(row.children));
                    let names = own.unwrap_or_default().iter();
                    let name = |key: u32| module.strings.get(key as usize).unwrap_or_default();
                    columns = names.map(|row| name(row.key).into()).collect();
                }
                let path = self.paths.get(usize::from(node)).cloned().unwrap_or_default();
                let place = Place { path, reading: shape.reading };
                let kinds = shape.kinds.either(Kinds::of(&[Kind::Absent]));
                let term = store.make(Term::Place(place.into()), kinds);
                let own = number_type(module, ty).or(match changed.as_str() {
                    "int" if asked_whole => Some(NumberType::Int),
                    "uint" if asked_whole => Some(NumberType::Uint),
                    _ => None,
                });
                store.set_numbers(term, shape.whole || asked_whole, own);
                term
            }
        };
        self.terms.push(term);
        self.changed.push(changed.into());
        self.columns.push(columns);
    }
}
