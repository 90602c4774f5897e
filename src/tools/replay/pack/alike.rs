//! When two records are alike to programs: what these can tell apart in each column.
//!
//! In:      programs that were verified, and the layout of a pack.
//! Out:     `Alike`: for every column what is asked of its values; for every rule the columns that
//!          its message quotes. `None` where a decision may hang on more than columns.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`.
//!
//! Nothing is evaluated here. Records that give the same answers to all that a program's code asks
//! of its slots, with the same states, are decided alike, so one of them is decided for all. What
//! the code does with a slot otherwise than to compare it with constants may tell any two values
//! apart; then only equal values are alike. The same holds for values whose reading converts them.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::arrange::Arrange as _;
use crate::lang::constant::Constant;
use crate::lang::opcodes::{Instruction, Op, Operand};
use crate::lang::pattern::Automaton;
use crate::runtime::bundle::module::{
    Module, NONE, NodeMode, Requirement, RuleRow, SlotRow, TemplatePart, TypeRow,
};
use crate::runtime::program::Program;
use crate::runtime::program::withheld::RedactionPlan;
use crate::tools::replay::pack::asked::{ColumnTests, Needle, Test};
use crate::tools::replay::pack::layout::{Kind, Layout, pointer};

/// Ints of this size and below are doubles, each its own.
const EXACT_MAX: u64 = 1 << 53;

/// What programs tell apart.
#[derive(Debug)]
pub struct Alike {
    /// By column.
    pub columns: BTreeMap<usize, ColumnTests>,
    /// The places in `state` of the nodes that are read, and whether a column is theirs.
    pub nodes: Vec<(usize, bool)>,
    /// For each program: for each rule what its messages quote.
    pub quotes: Vec<Vec<Quoted>>,
}

/// What the messages of a rule quote.
#[derive(Clone, Debug)]
pub struct Quoted {
    /// These columns.
    pub columns: Vec<usize>,
    /// The message piece by piece, where there is one that quotes values as they are.
    pub pieces: Option<Vec<Piece>>,
}

impl Quoted {
    /// The message piece by piece, where there is one that quotes values as they are.
    #[must_use]
    pub fn pieces(&self) -> Option<&[Piece]> {
        self.pieces.as_deref()
    }
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A text.
    Text(Box<str>),
    /// The value of a column: a text as it is, a number or a bool as it is written.
    Column(usize),
}

/// What one program does.
struct ProgramReader<'p> {
    module: &'p Module,
    layout: &'p Layout,
    /// The column of each slot; presences have none.
    slots: Vec<Option<usize>>,
    /// Of each slot whether its value is the one of the column, a text, a number or a bool.
    scalar: Vec<bool>,
    /// What records of the program withhold.
    withheld: &'p RedactionPlan,
    alike: &'p mut Alike,
}

impl Alike {
    /// What `programs` tell apart in packs with this layout.
    #[must_use]
    pub fn of(programs: &[&Program], layout: &Layout) -> Option<Self> {
        let mut alike = Self { columns: BTreeMap::new(), nodes: Vec::new(), quotes: Vec::new() };
        for program in programs {
            let module = program.module();
            // Where cost is counted as it arises, the sizes of values count.
            if module.manifest.metered || module.context != NONE {
                return None;
            }
            let (slots, scalar) = (vec![None; module.slots.len()], vec![false; module.slots.len()]);
            let withheld = program.withheld();
            let alike = &mut alike;
            let mut reading = ProgramReader { module, layout, slots, scalar, withheld, alike };
            reading.places()?;
            reading.index();
            reading.code()?;
            let quotes =
                module.rules.iter().map(|rule| reading.quoted(rule)).collect::<Option<_>>()?;
            reading.alike.quotes.push(quotes);
        }
        alike.nodes.arrange();
        alike.nodes.dedup();
        // Programs mostly ask the same.
        alike.columns.values_mut().for_each(ColumnTests::ask_once);
        Some(alike)
    }
}

impl ProgramReader<'_> {
    fn asked(&mut self, column: usize) -> &mut ColumnTests {
        self.alike.columns.entry(column).or_default()
    }

    fn whole(&mut self, slot: u16) {
        if let Some(Some(column)) = self.slots.get(usize::from(slot)).copied() {
            self.asked(column).whole = true;
        }
    }

    /// Finds the columns and states of all places that the program reads.
    fn places(&mut self) -> Option<()> {
        let module = self.module;
        let mut paths: Vec<Option<Vec<String>>> = vec![None; module.paths.len()];
        *paths.first_mut()? = Some(Vec::new());
        for (at, node) in module.paths.iter().enumerate() {
            let Some(path) = paths.get_mut(at).and_then(Option::take) else { continue };
            let first = usize::from(node.first_child);
            let below = if node.mode == NodeMode::Rows { 0 } else { usize::from(node.children) };
            for child in first..first + below {
                let key = module.strings.get(module.paths.get(child)?.key as usize)?;
                let mut path = path.clone();
                path.push(key.to_owned());
                *paths.get_mut(child)? = Some(path);
            }
            let object = matches!(node.mode, NodeMode::Object(_));
            if path.is_empty() {
                // A context that is read as a whole is in no column.
                if !object {
                    return None;
                }
                continue;
            }
            let column = self.layout.named(&pointer(&path));
            self.alike.nodes.push((self.layout.node(&path)?, column.is_some()));
            if object {
                // For another bundle it is a column of any JSON.
                if let Some(column) = column {
                    self.asked(column).whole = true;
                }
                continue;
            }
            let column = column?;
            let asked = self.asks(node.slot, node.ty, self.layout.columns.get(column)?.kind);
            if let Some(scalar) = self.scalar.get_mut(usize::from(node.slot)) {
                *scalar = asked.is_some() && is_scalar(module, node.ty);
            }
            let known = self.asked(column);
            match asked {
                None => known.whole = true,
                Some(tests) => known.tests.extend(tests),
            }
            if let Some(slot) = self.slots.get_mut(usize::from(node.slot)) {
                *slot = Some(column);
            }
        }
        // Every moment is another, and what is read of it is no column.
        let timed = module.slots.contains(&SlotRow::Now);
        let unread = |(row, column): (&SlotRow, &Option<usize>)| {
            matches!(row, SlotRow::Value(_)) && column.is_none()
        };
        let all = module.slots.iter().zip(&self.slots);
        if timed || all.into_iter().any(unread) { None } else { Some(()) }
    }

    /// What reading a value of this type asks of it; `None` where that may tell any two apart.
    fn asks(&self, slot: u16, ty: u16, kind: Kind) -> Option<Vec<Test>> {
        let mut tests = self.natural(ty, kind)?;
        let module = self.module;
        for row in module.requirements.iter().filter(|row| row.slot == slot) {
            let Requirement { ty, keyed, .. } = row;
            if *ty != NONE {
                tests.extend(self.natural(*ty, kind)?);
            }
            if let Some(keyed) = module.keyed.get(usize::from(*keyed)) {
                let cases = keyed.cases.iter().map(|(_, ty)| *ty).chain([keyed.otherwise]);
                for ty in cases {
                    tests.extend(self.natural(ty, kind)?);
                }
            }
        }
        Some(tests)
    }

    /// What a type asks of the values of a column of `kind`; `None` where it changes them.
    fn natural(&self, ty: u16, kind: Kind) -> Option<Vec<Test>> {
        let types = &self.module.types;
        match (types.get(usize::from(ty))?, kind) {
            (TypeRow::Dyn, Kind::Text | Kind::Int | Kind::Double | Kind::Bool | Kind::Texts)
            | (TypeRow::String, Kind::Text)
            | (TypeRow::Int, Kind::Int)
            | (TypeRow::Double, Kind::Double)
            | (TypeRow::Bool, Kind::Bool) => Some(Vec::new()),
            (TypeRow::List(inner, most), Kind::Texts) => {
                let texts = matches!(types.get(usize::from(*inner))?, TypeRow::String);
                let most = most.map(|most| Test::Size(i64::from(most)));
                texts.then(|| most.into_iter().collect())
            }
            // The part of a type stands before it.
            (TypeRow::Nullable(inner), _) if *inner < ty => self.natural(*inner, kind),
            _ => None,
        }
    }

    /// Slots whose value chooses: rules, or types.
    fn index(&mut self) {
        let module = self.module;
        self.whole(module.index.key_slot);
        for keyed in &module.keyed {
            self.whole(keyed.slot);
        }
    }

    /// What rules and outputs ask.
    fn code(&mut self) -> Option<()> {
        let module = self.module;
        let rules = module.rules.iter().map(|rule| rule.function);
        let outputs = module.outputs.iter().flat_map(|row| [row.function, row.explanation]);
        for function in self.reached(rules.chain(outputs)) {
            for ins in self.instructions(function) {
                self.instruction(ins)?;
            }
        }
        Some(())
    }

    /// The functions that these call, and they themselves.
    fn reached(&self, from: impl Iterator<Item = u16>) -> BTreeSet<u16> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<u16> = from.filter(|function| *function != NONE).collect();
        while let Some(function) = open.pop() {
            if reached.insert(function) {
                let calls = self.instructions(function).iter();
                let calls = calls.filter(|ins| matches!(ins.op, Op::Test | Op::Need));
                open.extend(calls.map(|ins| ins.a));
            }
        }
        reached
    }

    fn instructions<'m>(&self, function: u16) -> &'m [Instruction]
    where
        Self: 'm,
    {
        let row = self.module.functions.get(usize::from(function));
        let code = row.and_then(|row| {
            let first = row.first as usize;
            self.module.code.get(first..first + usize::from(row.len))
        });
        code.unwrap_or_default()
    }

    /// The slots that an instruction reads.
    fn read(&self, ins: &Instruction) -> Option<Vec<u16>> {
        let slots = self.slots.len();
        let roles = ins.op.operands().into_iter().zip([ins.a, ins.b, ins.c]);
        let read: Vec<u16> = roles
            .filter(|(role, at)| *role == Operand::Read && usize::from(*at) < slots)
            .map(|(_, at)| at)
            .collect();
        // Calls read on behind what they name.
        let calls = matches!(ins.op, Op::Call | Op::CallAny | Op::CallHost);
        if calls && usize::from(ins.a) < slots { None } else { Some(read) }
    }

    fn instruction(&mut self, ins: &Instruction) -> Option<()> {
        for slot in self.read(ins)? {
            let Some(column) = self.slots.get(usize::from(slot)).copied().flatten() else {
                // A presence: states tell it.
                continue;
            };
            let kind = self.layout.columns.get(column)?.kind;
            match self.tests(ins, kind) {
                Some(tests) => self.asked(column).tests.extend(tests),
                None => self.asked(column).whole = true,
            }
        }
        Some(())
    }

    /// What an instruction asks of its first operand, a value of `kind`; `None` where it may ask
    /// anything.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of an instruction that is not known here any two values count as different"
    )]
    fn tests(&self, ins: &Instruction, kind: Kind) -> Option<Vec<Test>> {
        let constant = || self.module.constants.get(usize::from(ins.b));
        let one = |test: Option<Test>| test.map(|test| vec![test]);
        let text = |make: fn(Vec<u8>) -> Test| match (constant()?, kind) {
            (Constant::String(text), Kind::Text) => Some(vec![make(text.as_bytes().to_vec())]),
            _ => None,
        };
        match ins.op {
            Op::Has => Some(Vec::new()),
            Op::CompareInt
            | Op::CompareUint
            | Op::CompareDouble
            | Op::CompareOther
            | Op::EqualString
            | Op::EqualConst => one(compared(constant()?, kind)),
            Op::InSet => {
                let set = self.module.sets.get(usize::from(ins.b))?.iter();
                let constants = set.map(|at| self.module.constants.get(usize::from(*at)));
                constants.map(|constant| compared(constant?, kind)).collect()
            }
            Op::StartsWith => text(Test::Starts),
            Op::EndsWith => text(Test::Ends),
            Op::Contains => match (constant()?, kind) {
                (Constant::String(text), Kind::Text) => {
                    one(Needle::of(text.as_bytes()).map(|needle| Test::Contains(Box::new(needle))))
                }
                _ => None,
            },
            Op::Matches if kind == Kind::Text => one(self.pattern(ins.b)),
            Op::CompareSize => match (constant()?, kind) {
                (Constant::Int(size), Kind::Text | Kind::Texts) => Some(vec![Test::Size(*size)]),
                _ => None,
            },
            _ => None,
        }
    }

    fn pattern(&self, at: u16) -> Option<Test> {
        let row = self.module.patterns.get(usize::from(at))?;
        // Where there is no automaton searching takes memory, so values count as they are.
        Automaton::from_bytes(&row.automaton).map(|automaton| Test::Matches(Box::new(automaton)))
    }

    /// The columns that the messages of a rule quote.
    fn quoted(&self, rule: &RuleRow) -> Option<Quoted> {
        let first = usize::from(rule.first_outcome);
        let outcomes = self.module.outcomes.get(first..first + usize::from(rule.outcomes))?;
        let templates = outcomes.iter().filter(|outcome| outcome.template != NONE);
        let mut columns = BTreeSet::new();
        for outcome in templates {
            let template = self.module.templates.get(usize::from(outcome.template))?;
            let values = template.iter().filter_map(|part| part.function());
            for function in self.reached(values) {
                for ins in self.instructions(function) {
                    let slots = self.read(ins)?.into_iter();
                    columns.extend(slots.filter_map(|slot| *self.slots.get(usize::from(slot))?));
                }
            }
        }
        let pieces = if let [outcome] = outcomes { self.pieces(outcome.template) } else { None };
        Some(Quoted { columns: columns.into_iter().collect(), pieces })
    }

    /// A message that quotes values as they are, piece by piece.
    fn pieces(&self, template: u16) -> Option<Vec<Piece>> {
        if template == NONE {
            return Some(Vec::new());
        }
        let piece = |part: &TemplatePart| match part {
            TemplatePart::Text(text) => {
                Some(Piece::Text(self.module.strings.get(*text as usize)?.into()))
            }
            TemplatePart::Value(function) => {
                let [Instruction { op: Op::Return, a: slot, .. }] = self.instructions(*function)
                else {
                    return None;
                };
                let slot = usize::from(*slot);
                let column = (*self.slots.get(slot)?)?;
                self.scalar.get(slot)?.then_some(Piece::Column(column))
            }
            TemplatePart::Else(..) => None,
        };
        // Of what is withheld digests have the path.
        let template = (!self.withheld.is_quoted_in(template)).then_some(usize::from(template))?;
        self.module.templates.get(template)?.iter().map(piece).collect()
    }
}

/// Whether values of a type are texts, numbers or bools, if they are anything.
fn is_scalar(module: &Module, ty: u16) -> bool {
    match module.types.get(usize::from(ty)) {
        Some(TypeRow::String | TypeRow::Int | TypeRow::Double | TypeRow::Bool) => true,
        // The part of a type stands before it.
        Some(TypeRow::Nullable(inner)) if *inner < ty => is_scalar(module, *inner),
        Some(_) | None => false,
    }
}

/// How a value of `kind` is compared with a constant; `None` where more than that is asked.
fn compared(constant: &Constant, kind: Kind) -> Option<Test> {
    match (constant, kind) {
        (Constant::String(text), Kind::Text) => Some(Test::Text(text.as_bytes().to_vec())),
        (Constant::Int(number), Kind::Int) => Some(Test::Int(i128::from(*number))),
        (Constant::Uint(number), Kind::Int) => Some(Test::Int(i128::from(*number))),
        (Constant::Double(number), Kind::Double) => Some(Test::Double(*number)),
        #[expect(clippy::cast_precision_loss, reason = "such an int is a double")]
        (Constant::Int(number), Kind::Double) if number.unsigned_abs() <= EXACT_MAX => {
            Some(Test::Double(*number as f64))
        }
        _ => None,
    }
}
