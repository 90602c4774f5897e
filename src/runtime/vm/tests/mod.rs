//! Programs put together by hand, and what they decide.

#[cfg(feature = "tools")]
mod ahead;
mod bounds;
mod calls;
mod canonical;
mod clauses;
mod combining;
mod conform;
#[cfg(feature = "serde")]
mod differential;
mod filled;
mod hosts;
mod input;
mod instructions;
mod lanes;
mod lists;
mod loops;
mod members;
mod messages;
mod numbers;
mod pending;
mod probes;
mod quick;
#[cfg(feature = "serde")]
mod reader;
mod reading;
mod refused;
mod reports;
mod said;
mod sift;
mod sweeps;
mod table;
mod terms;
mod trees;
mod watched;
mod withheld;

use crate::base::name::Name;
use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::opcodes::{EXIT_ERROR, EXIT_FALSE, Instruction, NO_ATOM, Op};
use crate::lang::pattern::search::Pattern;
use crate::runtime::bundle::govern::Govern;
use crate::runtime::bundle::module::{
    Fallback, FunctionKind, FunctionRow, Manifest, Module, NONE, NodeMode, OutcomeRow, PathNode,
    Phase, RuleIndex, RuleRow, SlotRow, Str, TemplatePart, TypeRow,
};
use crate::runtime::program::Program;
use crate::runtime::vm::decision::Decision;
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::Scratch;

/// A module in the making.
pub(super) struct Sketch {
    pub(super) module: Module,
}

/// A place in the context: its key, how it is read, its type, the places below it.
pub(super) struct Place {
    pub(super) key: &'static str,
    pub(super) mode: NodeMode,
    pub(super) ty: TypeRow,
    pub(super) required: bool,
    pub(super) below: Vec<Place>,
}

pub(super) fn place(key: &'static str, ty: TypeRow) -> Place {
    Place { key, mode: NodeMode::Whole, ty, required: false, below: Vec::new() }
}

pub(super) fn object(key: &'static str, strict: bool, below: Vec<Place>) -> Place {
    Place { key, mode: NodeMode::Object(strict), ty: TypeRow::Dyn, required: false, below }
}

pub(super) fn rows(key: &'static str, ty: TypeRow, below: Vec<Place>) -> Place {
    Place { key, mode: NodeMode::Rows, ty, required: false, below }
}

/// An instruction that leaves the function by F and E, and decides no atom.
pub(super) const fn op(op: Op, a: u16, b: u16, c: u16) -> Instruction {
    Instruction { op, x: 0, a, b, c, f: EXIT_FALSE, e: EXIT_ERROR, w: NO_ATOM }
}

impl Instruction {
    pub(super) const fn x(mut self, x: u8) -> Self {
        self.x |= x;
        self
    }

    pub(super) const fn to(mut self, f: u16, e: u16) -> Self {
        (self.f, self.e) = (f, e);
        self
    }

    pub(super) const fn atom(mut self, w: u16) -> Self {
        self.w = w;
        self
    }
}

pub(super) fn text(text: &str) -> Constant {
    Constant::String(Name::from(text))
}

impl Sketch {
    /// A module that reads these places. Every place has a slot for its value, then one for its
    /// presence, in breadth-first order; the last slot is the time.
    pub(super) fn new(places: Vec<Place>) -> Self {
        let deny = Fallback { effect: Effect::Deny, escalation: NONE };
        let manifest = Manifest {
            name: 0,
            compiler: 0,
            tzdb: 0,
            semantics: 1,
            created: None,
            sources: Vec::new(),
            default: Some(deny),
            on_error: deny,
            atoms: 8,
            cost: 0,
            metered: false,
        };
        let index = RuleIndex { key_slot: NONE, ..RuleIndex::default() };
        let mut sketch = Self {
            module: Module {
                manifest,
                strings: [""].into_iter().collect(),
                types: vec![],
                messages: vec![],
                fields: vec![],
                enums: vec![],
                context: NONE,
                paths: vec![],
                slots: vec![],
                constants: vec![],
                sets: vec![],
                patterns: vec![],
                dispatch: vec![],
                hosts: vec![],
                functions: vec![],
                code: vec![],
                rules: vec![],
                outcomes: vec![],
                escalations: vec![],
                templates: vec![],
                requirements: vec![],
                keyed: vec![],
                outputs: vec![],
                index,
                redactions: vec![],
                govern: Govern::default(),
                debug: vec![],
            },
        };
        sketch.paths(places);
        sketch
    }

    fn paths(&mut self, places: Vec<Place>) {
        let mut queue = vec![object("", true, places)];
        let mut next = 1;
        let mut at = 0;
        while at < queue.len() {
            let here = &mut queue[at];
            let below = std::mem::take(&mut here.below);
            let (key, mode, required) = (here.key, here.mode, here.required);
            let ty = std::mem::replace(&mut here.ty, TypeRow::Dyn);
            let (key, ty) = (self.string(key), self.ty(ty));
            let slot = u16::try_from(self.module.slots.len()).unwrap();
            let node = u16::try_from(at).unwrap();
            let root = at == 0;
            if !root {
                self.module.slots.extend([SlotRow::Value(node), SlotRow::Presence(node)]);
            }
            let children = u16::try_from(below.len()).unwrap();
            self.module.paths.push(PathNode {
                key,
                mode,
                first_child: next,
                children,
                slot: if root { NONE } else { slot },
                presence: if root { NONE } else { slot + 1 },
                ty,
                required,
                sensitive: false,
            });
            next += children;
            queue.extend(below);
            at += 1;
        }
        self.module.slots.push(SlotRow::Now);
    }

    pub(super) fn string(&mut self, text: &str) -> Str {
        let known = self.module.strings.iter().position(|known| known == text);
        let at = known.unwrap_or_else(|| {
            self.module.strings.push(text);
            self.module.strings.len() - 1
        });
        u32::try_from(at).unwrap()
    }

    pub(super) fn ty(&mut self, ty: TypeRow) -> u16 {
        self.module.types.push(ty);
        u16::try_from(self.module.types.len() - 1).unwrap()
    }

    pub(super) fn constant(&mut self, constant: Constant) -> u16 {
        self.module.constants.push(constant);
        u16::try_from(self.module.constants.len() - 1).unwrap()
    }

    pub(super) fn set(&mut self, members: impl IntoIterator<Item = Constant>) -> u16 {
        let members = members.into_iter().map(|member| self.constant(member)).collect();
        self.module.sets.push(members);
        u16::try_from(self.module.sets.len() - 1).unwrap()
    }

    /// A function with 16 registers behind the slots and behind those of functions before it, and
    /// four cursors.
    pub(super) fn function(&mut self, kind: FunctionKind, memo: bool, code: &[Instruction]) -> u16 {
        let number = u16::try_from(self.module.functions.len()).unwrap();
        self.module.functions.push(FunctionRow {
            kind,
            first: u32::try_from(self.module.code.len()).unwrap(),
            len: u16::try_from(code.len()).unwrap(),
            first_register: self.register(0),
            registers: 16,
            first_cursor: 4 * number,
            cursors: 4,
            memo,
            cost: code.len() as u64,
            frames: vec![],
        });
        self.module.code.extend_from_slice(code);
        number
    }

    /// Register `at` of the function that comes next.
    pub(super) fn register(&self, at: u16) -> u16 {
        let before = 16 * self.module.functions.len();
        u16::try_from(self.module.slots.len() + before).unwrap() + at
    }

    pub(super) fn rule(&mut self, id: &str, function: u16, effect: Effect) -> u16 {
        let number = u16::try_from(self.module.rules.len()).unwrap();
        let id = self.string(id);
        let first_outcome = u16::try_from(self.module.outcomes.len()).unwrap();
        self.module.outcomes.push(OutcomeRow { effect, template: NONE, escalation: NONE });
        self.module.rules.push(RuleRow {
            id,
            function,
            first_outcome,
            outcomes: 1,
            priority: 0,
            shadow: false,
            phase: Phase::Request,
            first_requirement: 0,
            requirements: 0,
        });
        self.module.index.always.push(number);
        number
    }

    pub(super) fn template(&mut self, rule: u16, parts: Vec<TemplatePart>) {
        let at = u16::try_from(self.module.templates.len()).unwrap();
        self.module.templates.push(parts);
        let outcome = usize::from(self.module.rules[usize::from(rule)].first_outcome);
        self.module.outcomes[outcome].template = at;
    }

    pub(super) fn program(self) -> Program {
        let patterns = self.module.patterns.iter().map(|row| {
            let text = self.module.strings.get(row.text as usize).unwrap();
            Pattern::of(text, &row.automaton).unwrap()
        });
        let patterns = patterns.collect();
        Program::from_verified(self.module, patterns, [7; 32])
    }
}

/// What `look` sees of the decision about a context.
fn decide<T>(program: &Program, json: &str, look: impl FnOnce(&mut Decision<'_>) -> T) -> T {
    let mut scratch = Scratch::for_program(program);
    let mut filled = ingest(program, json.as_bytes(), &mut scratch);
    let moment = Moment::at(1_700_000_000, 5);
    look(&mut filled.decide(&moment))
}
