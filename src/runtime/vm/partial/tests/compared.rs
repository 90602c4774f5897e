//! What comparing two values can come to.

use std::cmp::Ordering;

use crate::lang::value::{Space, Tag, Value};
use crate::runtime::bundle::module::{NONE, TypeRow};
use crate::runtime::vm::partial::equal::{Answer, orders_with};
use crate::runtime::vm::partial::eval::Evaluator;
use crate::runtime::vm::partial::fact::{Fact, INTS, Kinds, Sources};
use crate::runtime::vm::partial::tests::{X, Y, condition, evaluated, kinds, nested, sketch};
use crate::runtime::vm::partial::unknown::UnknownReference;

/// A context of two marks.
fn two(x: &str, y: &str) -> String {
    format!(r#"{{"x":{{"$x":{x}}},"y":{{"$x":{y}}}}}"#)
}

/// A part of what row 0 is about, of which nobody knows whether it is there.
fn part() -> Value {
    UnknownReference { row: 0, ty: NONE, below: true, rows: NONE }.value()
}

#[test]
fn what_is_perhaps_not_there_equals_perhaps() {
    let program = condition(sketch(), &[]);
    for (mark, wanted) in
        [(r#""seal","t":"string""#, Answer::No), (r#""hide","t":"string""#, Answer::Open)]
    {
        evaluated(&program, &two(mark, r#""seal","t":"int""#), |evaluator| {
            let (x, y) = (evaluator.file[usize::from(X)], evaluator.file[usize::from(Y)]);
            let text = evaluator.machine.heap.new_string("a").unwrap();
            for other in [Value::int(5), Value::NULL, y] {
                assert_eq!(evaluator.equal(&x, &other), Ok(wanted), "{mark} {other:?}");
                assert_eq!(evaluator.equal(&other, &x), Ok(wanted), "{mark} {other:?}");
            }
            assert_eq!(evaluator.equal(&x, &text), Ok(Answer::Open));
        });
    }
}

/// Lists of rows have columns; of what is as long and as wide the parts are compared.
#[test]
fn lists_with_columns() {
    let program = condition(sketch(), &[]);
    evaluated(&program, &two(r#""seal""#, r#""seal""#), |evaluator| {
        evaluator.deep = true;
        let x = evaluator.file[usize::from(X)];
        let elements = [x, Value::int(1), Value::int(2), Value::int(3)];
        let off = evaluator.machine.heap.store.push_elements(&elements).unwrap();
        let list = |len, columns| Value::list(Space::Arena, off, len, columns);
        for (one, other, wanted) in [
            (list(1, 2), list(1, 1), Answer::No),
            (list(1, 1), list(1, 2), Answer::No),
            (list(2, 2), list(2, 1), Answer::No),
            (list(2, 2), list(1, 2), Answer::No),
            (list(1, 2), list(1, 2), Answer::Open),
            (list(4, 1), list(3, 1), Answer::No),
        ] {
            assert_eq!(evaluator.equal(&one, &other), Ok(wanted), "{one:?} {other:?}");
        }
    });
}

/// A size, or bounds of ints, tell of values of one kind; of what may be of others nothing is told.
#[test]
fn what_sizes_and_bounds_tell() {
    let program = condition(sketch(), &[]);
    let marks = two(r#""seal","t":"int""#, r#""seal""#);
    evaluated(&program, &marks, |evaluator| {
        let list = |evaluator: &mut Evaluator<'_>, len: usize| {
            nested(evaluator, &vec![Value::int(1); len], 1)
        };
        let lists: Vec<Value> = (0..4).map(|len| list(evaluator, len)).collect();
        let unknown = |evaluator: &mut Evaluator<'_>, kinds: &[Tag], sizes, ints| {
            let all = kinds.iter().fold(Kinds::NONE, |all, tag| all.and(Kinds::of(*tag)));
            evaluator.value(Fact { sizes, ints, ..Fact::of(all, Sources::one(0)) })
        };
        let size = |evaluator: &mut Evaluator<'_>, kinds: &[Tag], least, most| {
            unknown(evaluator, kinds, (least, most), INTS)
        };
        // Of a list or a map without elements nobody knows which it is.
        for (kinds, least, most, wanted) in [
            (&[Tag::List][..], 0, 0, [Answer::Yes, Answer::No, Answer::No]),
            (&[Tag::List, Tag::Map], 0, 0, [Answer::Open, Answer::No, Answer::No]),
            (&[Tag::List], 1, 1, [Answer::No, Answer::Open, Answer::No]),
            (&[Tag::List], 1, 2, [Answer::No, Answer::Open, Answer::Open]),
            (&[Tag::List], 0, 1, [Answer::Open, Answer::Open, Answer::No]),
            (&[Tag::Map], 0, 0, [Answer::No, Answer::No, Answer::No]),
        ] {
            let value = size(evaluator, kinds, least, most);
            for (known, wanted) in lists.iter().zip(wanted) {
                assert_eq!(
                    evaluator.equal(&value, known),
                    Ok(wanted),
                    "{kinds:?} {least} {known:?}"
                );
                assert_eq!(
                    evaluator.equal(known, &value),
                    Ok(wanted),
                    "{kinds:?} {least} {known:?}"
                );
            }
        }
        let ints = |evaluator: &mut Evaluator<'_>, kinds: &[Tag], ints| {
            unknown(evaluator, kinds, (0, u32::MAX), ints)
        };
        let int = &[Tag::Int][..];
        for (first, second, wanted) in [
            ((0, 3), (3, 9), Answer::Open),
            ((0, 3), (4, 9), Answer::No),
            ((-5, -1), (0, 0), Answer::No),
            ((0, 3), (1, 2), Answer::Open),
            (INTS, (1, 2), Answer::Open),
        ] {
            let one = ints(evaluator, int, first);
            let other = ints(evaluator, int, second);
            assert_eq!(evaluator.equal(&one, &other), Ok(wanted), "{first:?} {second:?}");
            assert_eq!(evaluator.equal(&other, &one), Ok(wanted), "{first:?} {second:?}");
        }
        // What may be of another kind too is compared by kinds alone.
        let either = ints(evaluator, &[Tag::Int, Tag::Double], (0, 3));
        for wanted in [ints(evaluator, int, (4, 9)), Value::int(7), Value::double(7.0)] {
            assert_eq!(evaluator.equal(&either, &wanted), Ok(Answer::Open), "{wanted:?}");
        }
        let either = size(evaluator, &[Tag::List, Tag::Int], 1, 1);
        assert_eq!(evaluator.equal(&either, &lists[2]), Ok(Answer::Open));
    });
}

/// Which orders are possible.
#[test]
fn orders_between_bounds() {
    use Ordering::{Equal, Greater, Less};
    let program = condition(sketch(), &[]);
    evaluated(&program, "{}", |evaluator| {
        let of = |tags: &[Tag], ints| {
            let all = tags.iter().fold(Kinds::NONE, |all, tag| all.and(Kinds::of(*tag)));
            Fact { ints, ..Fact::of(all, Sources::default()) }
        };
        let (any, int) = (vec![Some(Less), Some(Equal), Some(Greater)], &[Tag::Int][..]);
        let mut with_nan = any.clone();
        with_nan.push(None);
        let text = evaluator.machine.heap.new_string("a").unwrap();
        for (fact, known, wanted) in [
            (of(int, (1, 3)), Value::int(0), Some(vec![Some(Greater)])),
            (of(int, (1, 3)), Value::int(1), Some(vec![Some(Equal), Some(Greater)])),
            (of(int, (1, 3)), Value::int(2), Some(any.clone())),
            (of(int, (1, 3)), Value::int(3), Some(vec![Some(Less), Some(Equal)])),
            (of(int, (1, 3)), Value::int(4), Some(vec![Some(Less)])),
            (of(int, (2, 2)), Value::int(2), Some(vec![Some(Equal)])),
            (of(int, (1, 3)), Value::double(3.5), Some(vec![Some(Less)])),
            (of(int, (1, 3)), Value::uint(0), Some(vec![Some(Greater)])),
            (of(int, (1, 3)), Value::double(f64::NAN), Some(with_nan.clone())),
            (of(int, INTS), Value::int(4), Some(any.clone())),
            (of(int, (1, 3)), text, None),
            (of(int, (1, 3)), Value::NULL, None),
            (of(&[Tag::Double], INTS), Value::int(4), Some(with_nan.clone())),
            (of(&[Tag::Double, Tag::Int], (1, 3)), Value::int(4), Some(with_nan.clone())),
            (of(&[Tag::Uint], INTS), Value::double(4.0), Some(any.clone())),
            (of(&[Tag::Uint, Tag::Int], (1, 3)), Value::int(4), Some(any.clone())),
            (of(&[Tag::String], INTS), text, Some(any.clone())),
            (of(&[Tag::String, Tag::Int], (1, 3)), text, Some(any.clone())),
            (of(&[Tag::List], INTS), text, None),
            (of(&[], INTS), text, None),
        ] {
            assert_eq!(evaluator.orders(&fact, &known), wanted, "{fact:?} {known:?}");
        }
        let bytes = evaluator.machine.heap.new_text(Tag::Bytes, b"a").unwrap();
        let list = nested(evaluator, &[Value::int(1)], 1);
        for (kind, known, wanted) in [
            (Tag::Int, Value::double(1.0), true),
            (Tag::Uint, Value::int(1), true),
            (Tag::Int, Value::int(1), true),
            (Tag::Int, text, false),
            (Tag::String, Value::int(1), false),
            (Tag::String, text, true),
            (Tag::Bytes, text, false),
            (Tag::Bytes, bytes, true),
            (Tag::Bool, Value::bool(true), true),
            (Tag::Bool, Value::int(1), false),
            (Tag::Timestamp, Value::timestamp(1, 0), true),
            (Tag::Timestamp, Value::duration(1), false),
            (Tag::Duration, Value::duration(1), true),
            (Tag::List, list, false),
            (Tag::Null, Value::NULL, false),
        ] {
            assert_eq!(orders_with(kind, &known), wanted, "{kind:?} {known:?}");
        }
    });
}

/// Entries of a map that are perhaps not there, and elements that are hidden themselves.
#[test]
fn what_lists_and_maps_hide() {
    let program = condition(sketch(), &[]);
    evaluated(&program, &two(r#""seal""#, r#""hide""#), |evaluator| {
        evaluator.deep = true;
        let (x, y) = (evaluator.file[usize::from(X)], evaluator.file[usize::from(Y)]);
        let key = evaluator.machine.heap.new_string("k").unwrap();
        let list = |elements: &[Value]| (Tag::List, elements.to_vec());
        let map = |elements: &[Value]| (Tag::Map, elements.to_vec());
        for ((tag, elements), wanted) in [
            (list(&[]), None),
            (list(&[Value::int(1), x]), None),
            (list(&[x, y]), Some((1, vec![1]))),
            (list(&[y, Value::int(1), y]), Some((2, vec![1]))),
            (list(&[part()]), None),
            (list(&[part(), y]), Some((1, vec![1]))),
            (map(&[key, x]), None),
            (map(&[key, y]), Some((1, vec![1]))),
            (map(&[key, part()]), Some((1, vec![0]))),
            (map(&[key, part(), key, y]), Some((2, vec![0, 1]))),
        ] {
            let off = evaluator.machine.heap.store.push_elements(&elements).unwrap();
            let len = u32::try_from(elements.len()).unwrap();
            let value = if tag == Tag::List {
                Value::list(Space::Arena, off, len, 1)
            } else {
                Value::map(Space::Arena, off, len / 2)
            };
            let found = evaluator.hides(&value);
            let found = found.map(|(count, sources)| (count, sources.rows().collect::<Vec<_>>()));
            assert_eq!(found, wanted.clone(), "{tag:?} {elements:?}");
            let in_register = evaluator.hidden_in(5_000, &value).map(|(count, _)| count);
            assert_eq!(in_register, wanted.map(|(count, _)| count));
            evaluator.deep = false;
            assert!(evaluator.hides(&value).is_none());
            evaluator.deep = true;
        }
        // What is hidden in a row is a column of it: the row is there.
        let off = evaluator.machine.heap.store.push_elements(&[Value::int(1), y]).unwrap();
        let rows = Value::list(Space::Arena, off, 1, 2);
        assert!(evaluator.hidden_in(5_000, &rows).is_none() && evaluator.hides(&rows).is_some());
        assert!(evaluator.hides(&y).is_none() && evaluator.hides(&Value::int(1)).is_none());
    });
}

/// The kinds that a value can have that is said to be of a kind, and lies where a type is asked
/// for.
#[test]
fn kinds_of_what_is_withheld() {
    let mut s = sketch();
    let int = s.ty(TypeRow::Int);
    let types = [
        ("dyn", s.ty(TypeRow::Dyn)),
        ("int", int),
        ("uint", s.ty(TypeRow::Uint)),
        ("double", s.ty(TypeRow::Double)),
        ("string", s.ty(TypeRow::String)),
        ("bytes", s.ty(TypeRow::Bytes)),
        ("timestamp", s.ty(TypeRow::Timestamp)),
        ("duration", s.ty(TypeRow::Duration)),
        ("bool", s.ty(TypeRow::Bool)),
        ("list", s.ty(TypeRow::List(int, None))),
        ("map", s.ty(TypeRow::Map(int, int))),
        ("int or null", s.ty(TypeRow::Nullable(int))),
        ("optional", s.ty(TypeRow::Optional(int))),
    ];
    let later = s.ty(TypeRow::Null);
    let itself = u16::try_from(s.module.types.len()).unwrap();
    assert_eq!(s.ty(TypeRow::Nullable(itself)), itself);
    let program = condition(s, &[]);
    let type_of = |name: &str| types.iter().find(|(it, _)| *it == name).map(|(_, ty)| *ty).unwrap();
    let marks = "
        null Null - - - - - - - - - - Null Optional
        bool Bool - - - - - - - Bool - - - Optional
        int Int Int Uint Double - - - - - - - Int Optional
        double Double Int Uint Double - - - - - - - Null+Int Optional
        string String - - - String Bytes Timestamp Duration - - - - Optional
        timestamp Timestamp - - - - - Timestamp - - - - - Optional
        list List - - - - - - - - List - - Optional
        map Map - - - - - - - - - Map - Optional
    ";
    for line in marks.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (mark, wanted) = line.split_once(' ').unwrap();
        let json = two(&format!("\"seal\",\"t\":\"{mark}\""), r#""seal""#);
        evaluated(&program, &json, |evaluator| {
            for ((name, ty), wanted) in types.iter().zip(wanted.split(' ')) {
                let wanted = wanted.trim_matches('-').replace('+', " ");
                let whole = UnknownReference { row: 0, ty: *ty, below: false, rows: NONE };
                let fact = evaluator.fact(&whole.value());
                assert_eq!(kinds(fact.kinds).join(" "), wanted, "{mark} as {name}");
                assert_eq!((fact.identity, fact.ty, fact.is_there()), (Some(0), *ty, true));
                // Of a part of it the kind says nothing.
                let below = UnknownReference { below: true, ..whole };
                let fact = evaluator.fact(&below.value());
                assert_eq!((fact.identity, fact.is_there()), (None, false), "{mark} as {name}");
                let of_type = Kinds::of_type(&evaluator.program.module, *ty);
                assert_eq!(kinds(fact.there().kinds), kinds(of_type));
            }
        });
    }
    let of = |ty: u16| kinds(Kinds::of_type(&program.module, ty)).join(" ");
    assert_eq!((of(type_of("int or null")), of(later)), ("Null Int".to_owned(), "Null".to_owned()));
    assert_eq!((of(NONE), of(itself)), (of(type_of("dyn")), of(type_of("dyn"))));
}
