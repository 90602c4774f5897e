//! Cases of V33: message and enum types, and the instructions on them.

use policyc::base::name::Name;
use policyc::lang::constant::Constant;
use policyc::lang::opcodes::{Instruction, Op};
use policyc::lang::value::message::{Kind, Presence};
use policyc::runtime::bundle::govern::Govern;
use policyc::runtime::bundle::module::{
    EnumRow, FunctionKind, MessageFieldRow, MessageRow, Module, NONE, TypeRow,
};
use policyc::runtime::verify::annotate;

use super::Cases;
use crate::support::module::{R, Words, ins, small};

/// ```text
/// acme.Item                  1 count: int32, 2 color: acme.Color = 1, 3 flag: BoolValue
/// google.protobuf.BoolValue  1 value: bool
/// acme.Color                 BLUE = 1, RED = 0; a type of its own
/// ```
/// and an output that makes an item and selects its flag.
fn typed(change: impl FnOnce(&mut Module)) -> Module {
    let mut module = small(FunctionKind::Value(2), 2, 1, &code());
    let names = ["acme.Color", "BLUE", "RED", "acme.Item", "color", "count", "flag"];
    let known = ["google.protobuf.BoolValue", "value"];
    let first = u32::try_from(module.strings.len()).unwrap();
    let old: Vec<String> = module.strings.iter().map(str::to_owned).collect();
    module.strings = old.iter().map(String::as_str).chain(names).chain(known).collect();
    let text = |at: u32| first + at;
    let types = u16::try_from(module.types.len()).unwrap();
    module.types.extend([TypeRow::Bool, TypeRow::Nullable(types), TypeRow::Enum(0)]);
    let field = |name, number, kind, presence, ty| {
        let (name, json) = (text(name), text(name));
        MessageFieldRow { name, json, number, kind, presence, default: NONE, ty }
    };
    let flag = Kind::Message { kind: 1, group: false };
    module.fields = vec![
        field(5, 1, Kind::Int32, Presence::Implicit, 0),
        field(4, 2, Kind::Enum(0), Presence::Explicit, types + 2),
        field(6, 3, flag, Presence::Explicit, types + 1),
        field(8, 1, Kind::Bool, Presence::Implicit, types),
    ];
    // The first constant is an int of 32 bits.
    module.fields[1].default = 0;
    module.messages = vec![
        MessageRow { name: text(3), first_field: 0, fields: 3 },
        MessageRow { name: text(7), first_field: 3, fields: 1 },
    ];
    let values = vec![(text(1), 1), (text(2), 0)];
    module.enums = vec![EnumRow { name: text(0), values, closed: false, strong: true }];
    annotate(&mut module);
    change(&mut module);
    module
}

fn code() -> Vec<Instruction> {
    vec![
        ins(Op::Build),
        ins(Op::LoadConst).abc(0, 0, R),
        ins(Op::PutField).abc(R, 0, 0),
        ins(Op::EndMessage).abc(0, 0, R),
        ins(Op::HasField).abc(R, 1, 0).f(5).e(policyc::lang::opcodes::INFALLIBLE),
        ins(Op::Field).abc(R, 2, R + 1).e(policyc::lang::opcodes::INFALLIBLE),
        ins(Op::Return).abc(R + 1, 0, 0).e(policyc::lang::opcodes::INFALLIBLE),
    ]
}

/// What is behind the last message, and what no enum is called.
fn behind_the_last(cases: &mut Cases) {
    let message = typed(|module| module.types.push(TypeRow::Message(2)));
    cases.refuse("TypePart", "a value of the message behind the last", message);
    let constant = Constant::Enum(Name::from("acme.Colour"), 1);
    let constant = typed(|module| module.constants.push(constant));
    cases.refuse("ConstantRange", "a constant of no enum", constant);
}

pub(super) fn cases(cases: &mut Cases) {
    cases.accept(33, "messages and enums", typed(|_| {}));
    behind_the_last(cases);
    let mut refuse = |name, what: &'static str, change: &dyn Fn(&mut Module)| {
        cases.refuse(name, what, typed(change));
    };
    refuse("MessageOrder", "messages swapped", &|module| {
        let name = module.messages[0].name;
        module.messages[0].name = module.messages[1].name;
        module.messages[1].name = name;
    });
    refuse("EnumOrder", "values swapped", &|module| module.enums[0].values.swap(0, 1));
    refuse("MessageFields", "a field of two messages", &|module| {
        module.messages[1].first_field = 2
    });
    refuse("MessageFields", "fields out of order", &|module| module.fields[0].number = 9);
    refuse("MessageFields", "a number that no field has", &|module| {
        module.fields[2].number = 1 << 29
    });
    refuse("MessageField", "an int that says it is a string", &|module| {
        module.fields[0].kind = Kind::String;
    });
    refuse("MessageField", "a message that is not there", &|module| {
        module.fields[2].kind = Kind::Message { kind: 7, group: false };
    });
    refuse("MessageField", "a default where presence is implicit", &|module| {
        module.fields[0].default = 0;
    });
    refuse("WellKnown", "a wrapper of another type", &|module| {
        module.fields[3].kind = Kind::Int32;
        module.fields[3].ty = module.fields[0].ty;
    });
    refuse("Context", "a context of no type", &|module| module.context = 9);
    refuse("Context", "a context that is a wrapper", &|module| module.context = 1);
    let place =
        |name: &'static str, what, at: usize, wrong: &'static dyn Fn(&mut Module, usize)| {
            (name, what, at, wrong)
        };
    for (name, what, at, wrong) in [
        place("ContextPlace", "a field that is read in rows", 2, &|_, _| {}),
        place("ContextPlace", "a field of another type", 3, &|module, at| {
            let flag = &module.fields[2];
            module.paths[at].ty = flag.ty;
        }),
    ] {
        refuse(name, what, &|module| {
            module.context = 0;
            module.fields[0].name = module.paths[at].key;
            wrong(module, at);
        });
    }
    refuse("GovernMessage", "labels of a call that is a message", &|module| {
        assert!(!module.govern.labels.is_empty());
        module.context = 0;
    });
    refuse("RedactedMessage", "parts of a message withheld", &|module| {
        assert!(!module.redactions.is_empty());
        module.govern = Govern::default();
        module.context = 0;
    });
    refuse("ConstantRange", "a value of an enum that is not there", &|module| {
        module.fields[1].default = NONE;
        module.constants[0] = Constant::Enum("acme.Shape".into(), 0);
    });
    refuse("Builder", "a field of another message", &|module| module.code[2].c = 3);
    refuse("Reference", "a field that is not there", &|module| module.code[5].b = 9);
    behind(cases);
}

/// Rows behind the last, and names that are no strings.
fn behind(cases: &mut Cases) {
    let mut refuse = |name, what: &'static str, change: &dyn Fn(&mut Module)| {
        cases.refuse(name, what, typed(change));
    };
    refuse("MessageField", "the message behind the last", &|module| {
        module.fields[2].kind = Kind::Message { kind: 2, group: false };
    });
    refuse("MessageField", "the enum behind the last", &|module| {
        module.fields[1].kind = Kind::Enum(1);
    });
    refuse("MessageFields", "two fields of one name", &|module| {
        module.fields[1].name = module.fields[0].name;
    });
    refuse("MessageField", "a field whose name is no string", &|module| {
        module.fields[3].name = 9_999;
    });
    refuse("MessageField", "a field that JSON spells by no string", &|module| {
        module.fields[3].json = 9_999;
    });
    refuse("WellKnown", "a wrapper of a list", &|module| {
        module.fields[3].presence = Presence::Repeated;
    });
    refuse("Context", "the message behind the last as the context", &|module| module.context = 2);
    refuse("Reference", "the field behind the last", &|module| module.code[5].b = 4);
}
