//! What is known of values: kinds, sizes, bounds, what they hang on.

use crate::lang::error::EvalError;
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{NONE, TypeRow};
use crate::runtime::vm::partial::decision::{AtomOutcomes, RuleOutcomes};
use crate::runtime::vm::partial::fact::{Classes, Fact, INTS, Kinds, SIZES, Sources};
use crate::runtime::vm::partial::tests::{evaluated, kinds, nested, sketch};

fn rows(sources: &Sources) -> Vec<usize> {
    sources.rows().collect()
}

#[test]
fn sources_are_sets_of_rows() {
    for row in [0, 1, 62, 63, 64, 65, 127, 128, 200] {
        assert_eq!(rows(&Sources::one(row)), [row as usize]);
    }
    for (first, second) in [(0, 0), (0, 63), (63, 64), (64, 63), (2, 200), (200, 2), (65, 66)] {
        let both = Sources::one(first).with(&Sources::one(second));
        let mut wanted = vec![first as usize, second as usize];
        wanted.sort_unstable();
        wanted.dedup();
        assert_eq!(rows(&both), wanted);
        // What is in it already stays.
        assert_eq!(rows(&both.clone().with(&both)), wanted);
        assert_eq!(rows(&both.clone().with(&Sources::one(first))), wanted);
    }
    assert!(rows(&Sources::default()).is_empty());
    assert_eq!(rows(&Sources::default().with(&Sources::one(70))), [70]);
}

#[test]
fn kinds_and_classes_are_sets() {
    let (int, text) = (Kinds::of(Tag::Int), Kinds::of(Tag::String));
    let both = int.and(text);
    assert_eq!(kinds(both), ["Int", "String"]);
    assert_eq!(
        (kinds(both.among(text)), kinds(both.without(text))),
        (vec!["String".into()], vec!["Int".into()])
    );
    assert!(both.has(Tag::Int) && !both.has(Tag::Bool) && int.within(both) && !both.within(int));
    assert!(int.among(text).is_empty() && !both.is_empty() && Kinds::NONE.within(int));
    for gone in [Tag::Absent, Tag::Error, Tag::Unknown] {
        assert!(!Kinds::DATA.has(gone));
    }
    assert_eq!(Kinds::DATA.tags().count(), Tag::ALL.len() - 3);
    let two = Classes::of(EvalError::Overflow).and(Classes::of(EvalError::Budget));
    assert_eq!(two.list(), [EvalError::Overflow, EvalError::Budget]);
    assert!(Classes::NONE.is_empty() && !two.is_empty() && Classes::NONE.list().is_empty());
}

/// Bounds hold for values of their kind: who has none of it adds nothing to them.
#[test]
fn either_of_two() {
    let of = |tag: Tag, sizes, ints, row| Fact {
        sizes,
        ints,
        identity: Some(row),
        ty: 3,
        rows: 4,
        ..Fact::of(Kinds::of(tag), Sources::one(row))
    };
    let text = |sizes| of(Tag::String, sizes, INTS, 0);
    let int = |ints| of(Tag::Int, SIZES, ints, 1);
    let both = text((1, 3)).joined(&text((2, 7)));
    assert_eq!((both.sizes, both.ints, both.identity), ((1, 7), INTS, None));
    assert_eq!(text((2, 3)).joined(&text((1, 2))).sizes, (1, 3));
    let both = int((1, 3)).joined(&int((-2, 2)));
    assert_eq!((both.ints, both.sizes), ((-2, 3), SIZES));
    for both in [text((1, 3)).joined(&int((4, 5))), int((4, 5)).joined(&text((1, 3)))] {
        assert_eq!((both.sizes, both.ints, both.ty, both.rows), ((1, 3), (4, 5), 3, 4));
        assert_eq!(
            (kinds(both.kinds), rows(&both.sources)),
            (vec!["Int".into(), "String".into()], vec![0, 1])
        );
    }
    let other = Fact { ty: 5, rows: 6, ..int((4, 5)) };
    let both = int((4, 5)).joined(&other);
    assert_eq!((both.ty, both.rows), (NONE, NONE));
    let failed = Fact::failure(Classes::of(EvalError::Overflow), Sources::one(2));
    let both = int((4, 5)).joined(&failed);
    assert_eq!((both.errors.list(), both.ints), (vec![EvalError::Overflow], (4, 5)));
}

#[test]
fn what_is_missing() {
    let some = Fact::of(Kinds::of(Tag::Int), Sources::one(0));
    let with = |kinds: Kinds, errors: Classes| Fact {
        kinds: some.kinds.and(kinds),
        errors,
        ..some.clone()
    };
    let overflow = Classes::of(EvalError::Overflow);
    let (absent, error) = (Kinds::of(Tag::Absent), Kinds::of(Tag::Error));
    for (fact, is_there, missing) in [
        (some.clone(), true, vec![]),
        (with(absent, Classes::NONE), false, vec![EvalError::NoSuchKey]),
        (with(error, overflow), false, vec![EvalError::Overflow]),
        (with(absent.and(error), overflow), false, vec![EvalError::NoSuchKey, EvalError::Overflow]),
        // Without the kind the classes say nothing.
        (with(Kinds::NONE, overflow), true, vec![]),
    ] {
        let mut found = fact.missing().list();
        found.sort_by_key(|class| *class != EvalError::NoSuchKey);
        assert_eq!((fact.is_there(), found), (is_there, missing), "{fact:?}");
        assert_eq!(fact.there(), some);
    }
}

/// What is known of a value that is known.
#[test]
fn known_values() {
    let mut s = sketch();
    s.ty(TypeRow::Int);
    let program = s.program();
    evaluated(&program, "{}", |evaluator| {
        let list = nested(evaluator, &[Value::int(1), Value::int(2)], 1);
        let text = evaluator.machine.heap.new_string("äb").unwrap();
        for (value, kind, sizes, ints) in [
            (Value::int(7), "Int", SIZES, (7, 7)),
            (Value::uint(7), "Uint", SIZES, INTS),
            (Value::double(7.0), "Double", SIZES, INTS),
            (Value::bool(true), "Bool", SIZES, INTS),
            (list, "List", (2, 2), INTS),
            (text, "String", SIZES, INTS),
            (Value::ABSENT, "Absent", SIZES, INTS),
        ] {
            let fact = evaluator.fact(&value);
            assert_eq!(
                (kinds(fact.kinds), fact.sizes, fact.ints),
                (vec![kind.to_owned()], sizes, ints)
            );
            assert!(rows(&fact.sources).is_empty() && fact.identity.is_none());
            let size = if kind == "List" || kind == "String" { (2, 2) } else { SIZES };
            assert_eq!(evaluator.size_of(&value), size, "{kind}");
        }
        let error = Value::error(EvalError::Overflow as u8, 3);
        assert_eq!(evaluator.fact(&error).errors.list(), [EvalError::Overflow]);
    });
}

#[test]
fn what_atoms_and_rules_can_say() {
    let of = |holds, holds_not, fails| AtomOutcomes { holds, holds_not, fails };
    for bits in 0..8_u8 {
        let one = of(bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
        assert_eq!(one.is_seen(), bits != 0);
        let truth = match bits {
            1 => Some(true),
            2 => Some(false),
            _ => None,
        };
        assert_eq!(one.truth(), truth, "{one:?}");
        for more in 0..8_u8 {
            let mut both = one;
            both.merge(of(more & 1 != 0, more & 2 != 0, more & 4 != 0));
            let all = bits | more;
            assert_eq!(both, of(all & 1 != 0, all & 2 != 0, all & 4 != 0));
        }
    }
    let overflow = vec![EvalError::Overflow];
    for (silent, fires, fails, is_definite) in [
        (true, vec![], vec![], true),
        (false, vec![3], vec![], true),
        (false, vec![], overflow.clone(), true),
        (false, vec![], vec![], false),
        (true, vec![0], vec![], false),
        (true, vec![], overflow.clone(), false),
        (false, vec![0, 1], vec![], false),
        (false, vec![0], overflow, false),
    ] {
        let said = RuleOutcomes { rule: 0, silent, fires, fails, blockers: vec![] };
        assert_eq!(said.is_definite(), is_definite, "{said:?}");
    }
}
