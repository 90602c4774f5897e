//! Cases of V33: message and enum types, and the instructions on them.

use policyc::base::name::Name;
use policyc::lang::constant::Constant;
use policyc::lang::opcodes::{Instruction, Op};
use policyc::lang::value::message::{Kind, Presence};
use policyc::runtime::bundle::govern::Govern;
use policyc::runtime::bundle::module::{
    EnumRow, FunctionKind, MessageFieldRow, MessageRow, Module, NONE, TypeRow,
};
use policyc::runtime::verify::{annotate, verify};

use super::Cases;
use super::tables::change_strings;
use crate::support::module::{R, Words, ins, small};

/// ```text
/// acme.Item                  1 count: int32, 2 color: acme.Color = 1, 3 flag: BoolValue
/// google.protobuf.BoolValue  1 value: bool
/// acme.Color                 BLUE = 1, RED = 0; a type of its own
/// ```
/// and an output that makes an item and selects its flag.
fn typed(change: impl FnOnce(&mut Module)) -> Module {
    let mut module = draft();
    annotate(&mut module);
    change(&mut module);
    module
}

/// .. before it is annotated.
fn draft() -> Module {
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
    let message = typed(|module| {
        module.fields[2].kind = Kind::Message { kind: 0, group: false };
        module.fields[2].ty = type_of(module, TypeRow::Message(0));
        annotate(module);
    });
    cases.accept(33, "a field that is a message", message);
    let constant = typed(|module| {
        module.fields[1].default = NONE;
        module.constants[0] = Constant::Enum(Name::from("acme.Color"), 1);
        annotate(module);
    });
    cases.accept(33, "a constant of an enum", constant);
}

/// The context is an item.
fn in_context(change: impl FnOnce(&mut Module)) -> Module {
    typed(|module| {
        module.govern = Govern::default();
        module.redactions.clear();
        module.context = 0;
        change(module);
        annotate(module);
    })
}

/// A field is read as its own type, or as any value.
fn fields_of_contexts(cases: &mut Cases) {
    let context = |ty: fn(&Module) -> u16| {
        in_context(|module| {
            module.fields[0].name = module.paths[3].key;
            module.paths[3].ty = ty(module);
        })
    };
    cases.accept(33, "a field that is read as any value", context(|module| module.paths[3].ty));
    cases.accept(33, "a field that is read as its type", context(|module| module.fields[0].ty));
}

/// Messages in any order are put in that of their names, and all that names them goes with them.
#[test]
fn messages_are_sorted_with_what_names_them() {
    let mut module = draft();
    module.messages.swap(0, 1);
    module.fields.rotate_right(1);
    (module.messages[0].first_field, module.messages[1].first_field) = (0, 1);
    module.fields[3].kind = Kind::Message { kind: 0, group: false };
    (module.code[2].c, module.code[3].a, module.code[4].b, module.code[5].b) = (1, 1, 2, 3);
    annotate(&mut module);
    assert_eq!(format!("{module:?}"), format!("{:?}", typed(|_| {})));
}

/// A step for each message, each field of it and each value of an enum, and of a context for each
/// place below its root and each field that it may be.
#[test]
fn steps_for_messages_are_counted() {
    let steps = |module: &Module| verify(module).expect("it runs").steps();
    assert_eq!(steps(&typed(|_| {})), 246);
    assert_eq!(steps(&in_context(|_| {})), steps(&in_context(|it| it.context = NONE)) + 3 * 4);
}

/// The number of a type, added where it is not there.
fn type_of(module: &mut Module, row: TypeRow) -> u16 {
    let at = module.types.iter().position(|known| *known == row);
    let at = at.unwrap_or_else(|| {
        module.types.push(row);
        module.types.len() - 1
    });
    u16::try_from(at).unwrap()
}

/// Types that a field may be said to have.
fn types(module: &mut Module) -> Vec<u16> {
    let scalars = [
        TypeRow::Dyn,
        TypeRow::Bool,
        TypeRow::Int,
        TypeRow::Uint,
        TypeRow::Double,
        TypeRow::String,
        TypeRow::Bytes,
        TypeRow::Timestamp,
        TypeRow::Duration,
    ];
    let mut found = scalars.map(|row| type_of(module, row)).to_vec();
    let (any, bool, text) = (found[0], found[1], found[5]);
    for row in [
        TypeRow::Map(text, any),
        TypeRow::Map(bool, any),
        TypeRow::Map(text, bool),
        TypeRow::List(any, None),
    ] {
        found.push(type_of(module, row));
    }
    found
}

/// Of these types the one at `own` alone is that of the field which `change` makes.
fn is_of_its_type(what: &str, own: usize, change: impl Fn(&mut Module, u16, u16)) {
    for at in 0..types(&mut draft()).len() {
        let module = typed(|module| {
            let types = types(module);
            change(module, types[at], types[own]);
            annotate(module);
        });
        let found = verify(&module).map_err(|error| error.fault.name());
        let expected = if at == own { Ok(()) } else { Err("MessageField") };
        assert_eq!(found.map(|_| ()), expected, "{what} as type {at}");
    }
}

#[test]
fn every_kind_of_field_is_of_one_type() {
    for (kind, own) in [
        (Kind::Bool, 1),
        (Kind::Int32, 2),
        (Kind::Int64, 2),
        (Kind::Sint32, 2),
        (Kind::Sint64, 2),
        (Kind::Sfixed32, 2),
        (Kind::Sfixed64, 2),
        (Kind::Uint32, 3),
        (Kind::Uint64, 3),
        (Kind::Fixed32, 3),
        (Kind::Fixed64, 3),
        (Kind::Double, 4),
        (Kind::Float, 4),
        (Kind::String, 5),
        (Kind::Bytes, 6),
    ] {
        is_of_its_type(&format!("{kind:?}"), own, |module, ty, _| {
            (module.fields[0].kind, module.fields[0].ty) = (kind, ty);
        });
    }
}

#[test]
fn every_message_that_cel_converts_is_of_one_type() {
    let value = Kind::Message { kind: 2, group: false };
    for (name, own, presence) in [
        ("Any", 0, Presence::Implicit),
        ("Timestamp", 7, Presence::Implicit),
        ("Duration", 8, Presence::Implicit),
        ("Struct", 9, Presence::Map(Kind::String)),
        ("ListValue", 12, Presence::Repeated),
    ] {
        is_of_its_type(name, own, |module, ty, right| {
            let name = format!("google.protobuf.{name}");
            change_strings(module, |strings| {
                let at = strings.iter().position(|it| it == "google.protobuf.BoolValue").unwrap();
                strings[at] = name;
                strings.insert(at + 1, "google.protobuf.Value".to_owned());
            });
            let value_name = module.messages[1].name + 1;
            module.messages.push(MessageRow { name: value_name, first_field: 4, fields: 0 });
            let text = value_name + 1;
            (module.fields[3].name, module.fields[3].json) = (text, text);
            module.fields[2].ty = ty;
            if presence != Presence::Implicit {
                (module.fields[3].kind, module.fields[3].presence) = (value, presence);
                module.fields[3].ty = right;
            }
        });
    }
}

pub(super) fn cases(cases: &mut Cases) {
    cases.accept(33, "messages and enums", typed(|_| {}));
    fields_of_contexts(cases);
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
    refuse("Reference", "the message behind the last, ended", &|module| module.code[3].a = 2);
    refuse("Reference", "the field behind the last", &|module| module.code[5].b = 4);
}
