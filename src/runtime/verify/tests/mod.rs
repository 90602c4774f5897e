//! What the rules take for granted of one another, asked part by part: a module that is wrong there
//! would be refused for something else first, or is one that no compiler makes.

mod messages;
mod transfer;
mod types;

use crate::lang::decision::Effect;
use crate::lang::opcodes::{Instruction, NO_ATOM, Op};
use crate::lang::value::message::{Kind, Presence};
use crate::runtime::bundle::govern::Govern;
use crate::runtime::bundle::module::{
    Fallback, FieldRow, FunctionKind, FunctionRow, Manifest, MessageFieldRow, MessageRow, Module,
    NONE, NodeMode, OutcomeRow, PathNode, Phase, Requirement, RuleIndex, RuleRow, SlotRow, TypeRow,
};

pub(super) const fn ins(op: Op) -> Instruction {
    Instruction { op, x: 0, a: 0, b: 0, c: 0, f: 0, e: 0, w: NO_ATOM }
}

/// A module of one rule, that reads one place.
pub(super) fn small() -> Module {
    Module {
        manifest: manifest(),
        strings: ["", "few"].iter().collect(),
        types: vec![TypeRow::Dyn],
        messages: Vec::new(),
        fields: Vec::new(),
        enums: Vec::new(),
        context: NONE,
        paths: vec![place()],
        slots: vec![SlotRow::Value(0)],
        constants: Vec::new(),
        sets: Vec::new(),
        patterns: Vec::new(),
        dispatch: Vec::new(),
        hosts: Vec::new(),
        functions: vec![function()],
        code: vec![ins(Op::Flag)],
        rules: vec![rule()],
        outcomes: vec![OutcomeRow { effect: Effect::Allow, template: NONE, escalation: NONE }],
        escalations: Vec::new(),
        templates: Vec::new(),
        requirements: vec![Requirement { slot: 0, ty: NONE, optional: false, keyed: NONE }],
        keyed: Vec::new(),
        outputs: Vec::new(),
        index: RuleIndex { key_slot: NONE, always: vec![0], ..RuleIndex::default() },
        redactions: Vec::new(),
        govern: Govern::default(),
        debug: Vec::new(),
    }
}

fn manifest() -> Manifest {
    Manifest {
        name: 0,
        compiler: 0,
        tzdb: 0,
        semantics: 1,
        created: None,
        sources: Vec::new(),
        default: None,
        on_error: Fallback { effect: Effect::Deny, escalation: NONE },
        atoms: 0,
        cost: 0,
        metered: false,
    }
}

fn place() -> PathNode {
    PathNode {
        key: 0,
        mode: NodeMode::Whole,
        first_child: 0,
        children: 0,
        slot: 0,
        presence: NONE,
        ty: 0,
        required: false,
        sensitive: false,
    }
}

fn function() -> FunctionRow {
    FunctionRow {
        kind: FunctionKind::Condition,
        first: 0,
        len: 1,
        first_register: 1,
        registers: 0,
        first_cursor: 0,
        cursors: 0,
        memo: false,
        cost: 1,
        frames: Vec::new(),
    }
}

fn rule() -> RuleRow {
    RuleRow {
        id: 1,
        function: 0,
        first_outcome: 0,
        outcomes: 1,
        priority: 0,
        shadow: false,
        phase: Phase::Request,
        first_requirement: 0,
        requirements: 1,
    }
}

/// Rows of `typed`.
const DYN: u16 = 0;
const INT: u16 = 1;
const STRING: u16 = 2;
const BOOL: u16 = 3;
const INTS: u16 = 4;
/// At most three, five.
const INTS_3: u16 = 5;
const INTS_5: u16 = 6;
const LIST: u16 = 7;
const LIST_4: u16 = 8;
const INT_BY_STRING: u16 = 9;
const MAP: u16 = 10;
const INT_BY_ANY: u16 = 11;
const ANY_BY_STRING: u16 = 12;
const BOOL_BY_STRING: u16 = 13;
const INT_BY_INT: u16 = 14;
const OPTIONAL_INT: u16 = 15;
const OPTIONAL: u16 = 16;
const NULLABLE_INT: u16 = 17;
/// `a` is an int, others are strings.
const OPEN: u16 = 18;
/// `a` is an int, and there are no others.
const CLOSED: u16 = 19;
const RECORDS: u16 = 20;
const RECORDS_4: u16 = 21;
const STRINGS: u16 = 22;
const INTS_3_TOO: u16 = 23;

/// A module with types of every form, and two messages: of `a`, an int, and `b`, a string; and of
/// `c`, a bool.
pub(super) fn typed() -> Module {
    let mut module = small();
    let mut name = |text: &str| {
        module.strings.push(text);
        u32::try_from(module.strings.len() - 1).expect("few strings")
    };
    let (a, b, c, m) = (name("a"), name("b"), name("c"), name("m"));
    let field = || vec![FieldRow { name: a, ty: INT, required: false, sensitive: false }];
    module.types = vec![
        TypeRow::Dyn,
        TypeRow::Int,
        TypeRow::String,
        TypeRow::Bool,
        TypeRow::List(INT, None),
        TypeRow::List(INT, Some(3)),
        TypeRow::List(INT, Some(5)),
        TypeRow::List(DYN, None),
        TypeRow::List(DYN, Some(4)),
        TypeRow::Map(STRING, INT),
        TypeRow::Map(DYN, DYN),
        TypeRow::Map(DYN, INT),
        TypeRow::Map(STRING, DYN),
        TypeRow::Map(STRING, BOOL),
        TypeRow::Map(INT, INT),
        TypeRow::Optional(INT),
        TypeRow::Optional(DYN),
        TypeRow::Nullable(INT),
        TypeRow::Record { fields: field(), rest: STRING },
        TypeRow::Record { fields: field(), rest: NONE },
        TypeRow::List(OPEN, None),
        TypeRow::List(OPEN, Some(4)),
        TypeRow::List(STRING, None),
        TypeRow::List(INT, Some(3)),
    ];
    let row = |name, kind, ty| MessageFieldRow {
        name,
        json: name,
        number: 1,
        kind,
        presence: Presence::Implicit,
        default: NONE,
        ty,
    };
    module.messages = vec![
        MessageRow { name: m, first_field: 0, fields: 2 },
        MessageRow { name: m, first_field: 2, fields: 1 },
    ];
    module.fields =
        vec![row(a, Kind::Int64, INT), row(b, Kind::String, STRING), row(c, Kind::Bool, BOOL)];
    module.fields[1].number = 2;
    module
}
