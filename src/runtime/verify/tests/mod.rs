//! What the rules take for granted of one another, asked part by part: a module that is wrong there
//! would be refused for something else first, or is one that no compiler makes.

mod transfer;
mod types;

use crate::compiler::source::map::SourceMap;
use crate::compiler::{Options, compile};
use crate::diag::sink::Sink;
use crate::lang::value::message::{Kind, Presence};
use crate::runtime::bundle::module::{
    FieldRow, MessageFieldRow, MessageRow, Module, NONE, TypeRow,
};
use crate::runtime::bundle::reader;

/// The module of a small policy.
pub(super) fn small() -> Module {
    let mut files = SourceMap::new();
    let policy = "policyc: 1\nname: p\ndefault: deny\nschema: {n: int}\nrules:\n  \
                  - {id: few, when: n < 5, allow: few}\n";
    files.add("p.yaml", policy);
    let built = compile(&files, &Options::default(), &mut Sink::new()).expect("it compiles");
    reader::read(&built.bundle).expect("a module")
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
fn typed() -> Module {
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
    module
}
