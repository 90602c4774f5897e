//! Messages as descriptors say them: what a field may be, and what it yields.

use super::*;
use crate::lang::constant::Constant;
use crate::runtime::bundle::module::EnumRow;
use crate::runtime::verify::messages::{context, fields, names};
use crate::runtime::verify::steps::Steps;

/// Whether the second message, of one field, is in order after `change`.
fn holds(change: impl FnOnce(&mut Module)) -> bool {
    let mut module = typed();
    change(&mut module);
    let mut steps = Steps::of(&module);
    fields(&module, &mut steps).is_ok()
}

fn field(change: impl FnOnce(&mut MessageFieldRow)) -> bool {
    holds(|module| change(&mut module.fields[2]))
}

const fn message(kind: u32) -> Kind {
    Kind::of_message(kind)
}

#[test]
fn a_field_has_names_that_are_there_and_a_number() {
    assert!(field(|_| {}));
    let none = 9_999;
    assert!(!field(|row| row.name = none) && !field(|row| row.json = none));
    assert!(!field(|row| row.number = 0));
    // Ascending by number, each name once.
    assert!(!holds(|module| module.fields[1].number = 1));
    assert!(!holds(|module| module.fields[1].name = module.fields[0].name));
}

#[test]
fn what_a_field_names_is_there() {
    let of = |kind, ty, messages: u16| {
        holds(|module| {
            module.types.push(TypeRow::Message(1));
            module.types.push(TypeRow::Message(messages));
            let row = &mut module.fields[2];
            (row.kind, row.presence, row.ty) = (kind, Presence::Explicit, ty);
        })
    };
    let (last, behind) = (INTS_3_TOO + 1, INTS_3_TOO + 2);
    assert!(of(message(1), last, 2));
    assert!(!of(message(2), behind, 2), "there are two messages");
    assert!(!of(Kind::Enum(0), INT, 2), "there is no enum");
}

#[test]
fn a_field_yields_what_it_holds() {
    for (presence, kind, ty, wanted) in [
        (Presence::Implicit, Kind::Int64, INT, true),
        (Presence::Implicit, Kind::Int64, STRING, false),
        (Presence::Explicit, Kind::String, STRING, true),
        (Presence::Repeated, Kind::Int64, INTS, true),
        (Presence::Repeated, Kind::Int64, STRINGS, false),
        (Presence::Repeated, Kind::Int64, INTS_3, false),
        (Presence::Repeated, Kind::Int64, INT, false),
        (Presence::Map(Kind::String), Kind::Int64, INT_BY_STRING, true),
        (Presence::Map(Kind::String), Kind::Bool, INT_BY_STRING, false),
        (Presence::Map(Kind::Int64), Kind::Int64, INT_BY_STRING, false),
        (Presence::Map(Kind::Double), Kind::Int64, INT_BY_ANY, false),
        (Presence::Map(Kind::String), Kind::Int64, INT, false),
    ] {
        let found = field(|row| (row.presence, row.kind, row.ty) = (presence, kind, ty));
        assert_eq!(found, wanted, "{presence:?} {kind:?} as row {ty}");
    }
    // A double is no key, though a map of doubles can be written down.
    let doubles = holds(|module| {
        module.types.push(TypeRow::Double);
        module.types.push(TypeRow::Map(INTS_3_TOO + 1, INT));
        let row = &mut module.fields[2];
        row.presence = Presence::Map(Kind::Double);
        (row.kind, row.ty) = (Kind::Int64, INTS_3_TOO + 2);
    });
    assert!(!doubles);
}

#[test]
fn a_default_is_a_value_of_the_field_that_may_be_absent() {
    let default = |kind, ty, presence, constant| {
        holds(|module| {
            module.types.push(TypeRow::Uint);
            module.constants = vec![constant];
            let row = &mut module.fields[2];
            (row.kind, row.ty, row.presence, row.default) = (kind, ty, presence, 0);
        })
    };
    let (uint, set) = (INTS_3_TOO + 1, Presence::Explicit);
    let large = i64::from(i32::MAX) + 1;
    for (kind, ty, presence, constant, wanted) in [
        (Kind::Int32, INT, set, Constant::Int(7), true),
        (Kind::Int32, INT, set, Constant::Int(large), false),
        (Kind::Int64, INT, set, Constant::Int(large), true),
        (Kind::Int64, INT, Presence::Implicit, Constant::Int(7), false),
        (Kind::Int64, INT, set, Constant::Uint(7), false),
        (Kind::Uint32, uint, set, Constant::Uint(7), true),
        (Kind::Uint32, uint, set, Constant::Uint(1 << 32), false),
        (Kind::Uint64, uint, set, Constant::Uint(1 << 32), true),
        (Kind::Bool, BOOL, set, Constant::Bool(true), true),
        (Kind::Bool, BOOL, set, Constant::Int(1), false),
    ] {
        let told = format!("{kind:?} {presence:?} {constant:?}");
        assert_eq!(default(kind, ty, presence, constant), wanted, "{told}");
    }
}

/// Calls the second message so, which has one field.
fn named(name: &str, kind: Kind, presence: Presence, ty: TypeRow) -> bool {
    holds(|module| {
        module.strings.push(name);
        module.messages[1].name = u32::try_from(module.strings.len() - 1).expect("few strings");
        module.strings.push("google.protobuf.Value");
        module.messages[0].name = u32::try_from(module.strings.len() - 1).expect("few strings");
        module.types.push(ty);
        let row = &mut module.fields[2];
        (row.kind, row.presence, row.ty) = (kind, presence, INTS_3_TOO + 1);
    })
}

#[test]
fn messages_that_are_made_into_values_have_the_field_that_is_read() {
    let (map, any) = (Presence::Map(Kind::String), message(0));
    let structure = |kind, presence, ty| named("google.protobuf.Struct", kind, presence, ty);
    assert!(structure(any, map, TypeRow::Map(STRING, DYN)));
    assert!(!structure(Kind::Int64, map, TypeRow::Map(STRING, INT)));
    assert!(!structure(any, Presence::Repeated, TypeRow::List(DYN, None)));
    let list = |kind, presence, ty| named("google.protobuf.ListValue", kind, presence, ty);
    assert!(list(any, Presence::Repeated, TypeRow::List(DYN, None)));
    assert!(!list(Kind::Int64, Presence::Repeated, TypeRow::List(INT, None)));
    assert!(!list(any, map, TypeRow::Map(STRING, DYN)));
    let wrapper = |kind, presence, ty| named("google.protobuf.BoolValue", kind, presence, ty);
    assert!(wrapper(Kind::Bool, Presence::Implicit, TypeRow::Bool));
    assert!(!wrapper(Kind::Int64, Presence::Implicit, TypeRow::Int));
    assert!(!wrapper(Kind::Bool, Presence::Repeated, TypeRow::List(BOOL, None)));
}

#[test]
fn names_of_messages_and_enums_ascend_and_their_rows_stand_together() {
    let fine = |change: &dyn Fn(&mut Module)| {
        let mut module = typed();
        module.messages[1].name = 0;
        module.messages.swap(0, 1);
        (module.messages[0].first_field, module.messages[1].first_field) = (0, 1);
        change(&mut module);
        let mut steps = Steps::of(&module);
        names(&module, &mut steps).is_ok()
    };
    let enums = |values: &[(u32, i32)]| {
        let row = |name| EnumRow { name, values: values.to_vec(), closed: false, strong: true };
        vec![row(0), row(1)]
    };
    assert!(fine(&|_| {}));
    assert!(!fine(&|it| it.messages[0].name = it.messages[1].name));
    assert!(!fine(&|it| it.messages[1].first_field = 2));
    assert!(!fine(&|it| it.messages[1].fields = 3) && !fine(&|it| it.messages[1].fields = 1));
    assert!(fine(&|it| it.enums = enums(&[(0, 5), (1, 5)])));
    assert!(!fine(&|it| it.enums = enums(&[(1, 5), (1, 6)])));
    assert!(!fine(&|it| it.enums = enums(&[(9_999, 5)])));
    assert!(!fine(&|it| {
        it.enums = enums(&[]);
        it.enums[0].name = 1;
    }));
    // The context is a message of the module, or none.
    assert!(fine(&|it| it.context = 1) && !fine(&|it| it.context = 2));
    let mut module = typed();
    module.context = 1;
    let mut steps = Steps::of(&module);
    assert!(context(&module, &mut steps).is_ok());
    assert_eq!(steps.spent(), 0, "no place is read");
}
