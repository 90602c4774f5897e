//! What lies inside a type, and what parts of a value are.

use super::*;
use crate::lang::functions::Sig;
use crate::runtime::verify::types::{Kind, Known, Presence, Ty};

const fn plain(kind: Kind) -> Ty {
    Ty::Plain(kind)
}

/// Each type lies inside the first rows and not inside the others.
fn within(rows: &[(Ty, &[u16], &[u16])]) {
    let module = typed();
    for (ty, inside, outside) in rows {
        for row in *inside {
            assert!(ty.is_within(&module, *row), "{ty:?} in {:?}", module.types[usize::from(*row)]);
        }
        for row in *outside {
            let wanted = &module.types[usize::from(*row)];
            assert!(!ty.is_within(&module, *row), "{ty:?} not in {wanted:?}");
        }
    }
}

#[test]
fn a_value_lies_inside_its_type_any_type_and_what_may_be_null() {
    within(&[
        (Ty::Never, &[INT, INTS_3, CLOSED], &[]),
        (plain(Kind::Int), &[INT, DYN, NULLABLE_INT], &[STRING, LIST, MAP, OPTIONAL, CLOSED]),
        (plain(Kind::Null), &[DYN, NULLABLE_INT], &[INT]),
        (plain(Kind::String), &[STRING, DYN], &[NULLABLE_INT]),
        (plain(Kind::Dyn), &[DYN], &[INT, LIST, NULLABLE_INT]),
        (Ty::Columns(0), &[], &[DYN, LIST]),
        (Ty::Sensitive, &[], &[DYN, STRING]),
        (Ty::Message(0), &[DYN], &[MAP, OPEN]),
    ]);
}

#[test]
fn a_list_lies_inside_another_if_its_elements_do_and_it_is_no_longer() {
    within(&[
        (Ty::Row(INTS), &[INTS, LIST], &[INTS_3, INTS_5, LIST_4, STRINGS, MAP, OPTIONAL]),
        (Ty::Row(INTS_3), &[INTS, INTS_3_TOO, INTS_5, LIST, LIST_4], &[STRINGS]),
        (Ty::Row(INTS_5), &[INTS, LIST], &[INTS_3, LIST_4]),
        (Ty::ListOf(Kind::Int), &[INTS, LIST], &[INTS_5, STRINGS, LIST_4]),
        (Ty::RowsOf(OPEN), &[RECORDS, LIST], &[RECORDS_4, INTS]),
        (plain(Kind::List), &[LIST], &[INTS, LIST_4]),
    ]);
}

#[test]
fn a_map_lies_inside_another_if_its_keys_and_values_do() {
    within(&[
        (
            Ty::Row(INT_BY_STRING),
            &[MAP, INT_BY_ANY, ANY_BY_STRING],
            &[BOOL_BY_STRING, INT_BY_INT, LIST, OPTIONAL],
        ),
        (
            Ty::MapOf(Kind::String, Kind::Int),
            &[INT_BY_STRING, MAP, INT_BY_ANY, ANY_BY_STRING],
            &[BOOL_BY_STRING, INT_BY_INT, LIST],
        ),
        (plain(Kind::Map), &[MAP], &[INT_BY_ANY, ANY_BY_STRING, CLOSED]),
        (Ty::Row(OPEN), &[OPEN, MAP, DYN], &[INT_BY_ANY, ANY_BY_STRING, CLOSED]),
    ]);
}

#[test]
fn an_optional_lies_inside_another_if_what_it_holds_does() {
    within(&[
        (Ty::Row(OPTIONAL_INT), &[OPTIONAL, DYN], &[MAP, LIST, INT]),
        (Ty::Row(OPTIONAL), &[], &[OPTIONAL_INT]),
        (plain(Kind::Optional), &[OPTIONAL], &[OPTIONAL_INT]),
    ]);
}

#[test]
fn rows_are_of_the_kind_of_their_values() {
    let module = typed();
    for (ty, kind) in [
        (Ty::Row(INTS), Kind::List),
        (Ty::Row(INT_BY_STRING), Kind::Map),
        (Ty::Row(OPEN), Kind::Map),
        (Ty::Row(OPTIONAL_INT), Kind::Optional),
        (Ty::Row(NULLABLE_INT), Kind::Dyn),
        (Ty::Columns(0), Kind::List),
        (Ty::Message(0), Kind::Message),
    ] {
        assert_eq!(ty.kind(&module), kind, "{ty:?}");
    }
}

/// Elements of lists and keys of maps; what an index gives.
#[test]
fn parts_are_of_the_types_that_the_whole_names() {
    let module = typed();
    let any = plain(Kind::Dyn);
    let (int, string) = (plain(Kind::Int), plain(Kind::String));
    for (ty, element, entry) in [
        (Ty::ListOf(Kind::Int), int, int),
        (Ty::MapOf(Kind::String, Kind::Int), string, int),
        (Ty::RowsOf(OPEN), Ty::Row(OPEN), Ty::Row(OPEN)),
        (Ty::Row(INTS), int, int),
        (Ty::Row(INT_BY_STRING), string, int),
        (Ty::Row(OPEN), string, any),
        (Ty::Row(OPTIONAL_INT), any, plain(Kind::Optional)),
        (Ty::Row(NULLABLE_INT), any, any),
        (plain(Kind::Optional), any, plain(Kind::Optional)),
        (plain(Kind::Map), any, any),
    ] {
        assert_eq!(ty.element(&module), element, "{ty:?}");
        assert_eq!(ty.entry(&module), entry, "{ty:?}");
    }
}

#[test]
fn fields_are_of_the_types_that_are_declared() {
    let module = typed();
    let any = plain(Kind::Dyn);
    let (int, string) = (plain(Kind::Int), plain(Kind::String));
    for (ty, name, wanted) in [
        (Ty::Row(OPEN), "a", int),
        (Ty::Row(OPEN), "b", string),
        (Ty::Row(CLOSED), "a", int),
        (Ty::Row(CLOSED), "b", any),
        (Ty::Message(0), "a", int),
        (Ty::Message(0), "b", string),
        (Ty::Message(0), "c", any),
        (Ty::Message(1), "c", plain(Kind::Bool)),
        (Ty::Row(INT_BY_STRING), "a", int),
    ] {
        assert_eq!(ty.field(&module, name), wanted, "{ty:?}.{name}");
    }
}

#[test]
fn declared_lists_and_maps_of_anything_are_plain() {
    const ANYTHING: Sig = Sig::Dyn;
    const NUMBER: Sig = Sig::Int;
    for (sig, wanted) in [
        (Sig::List(&ANYTHING), plain(Kind::List)),
        (Sig::List(&NUMBER), Ty::ListOf(Kind::Int)),
        (Sig::Map(&ANYTHING, &ANYTHING), plain(Kind::Map)),
        (Sig::Map(&NUMBER, &ANYTHING), Ty::MapOf(Kind::Int, Kind::Dyn)),
        (Sig::Map(&ANYTHING, &NUMBER), Ty::MapOf(Kind::Dyn, Kind::Int)),
    ] {
        assert_eq!(Ty::of_sig(&sig), wanted, "{sig:?}");
    }
}

#[test]
fn what_may_be_absent_is_of_no_kind_for_sure() {
    let module = typed();
    let (int, string) = (Known::of(Kind::Int), Known::of(Kind::String));
    let absent = |known: Known| Known { presence: Presence::MaybeAbsent, ..known };
    assert!(int.is(&module, Kind::Int) && int.is_number(&module) && int.is_infallible());
    assert!(!int.is(&module, Kind::String) && !string.is_number(&module));
    let maybe = absent(int);
    assert!(!maybe.is(&module, Kind::Int) && !maybe.is_number(&module) && !maybe.is_infallible());
    let list = Known::of(Kind::List);
    assert!(list.is_container(&module) && Known::of(Kind::Map).is_container(&module));
    assert!(!absent(list).is_container(&module) && !string.is_container(&module));
}
