//! Random values of a type, as contexts can hold them.

use std::rc::Rc;

use crate::support::generate::random::Random;
use crate::support::generate::types::Type;
use crate::support::oracle::value::{V, list, map, text};

const SECOND: i128 = 1_000_000_000;
/// 9999-12-31T23:59:59.999999999Z.
const LAST: i128 = 253_402_300_800 * SECOND - 1;
/// 0001-01-01T00:00:00Z.
const FIRST: i128 = -62_135_596_800 * SECOND;

/// A value of the type `ty`.
pub(crate) fn value(ty: &Type, random: &mut Random) -> V {
    match ty {
        Type::Scalar(name) => scalar(name, random),
        Type::List(inner) => {
            let elements = (0..random.below(4)).map(|_| value(inner, random));
            list(elements.collect())
        }
        Type::Map(_, inner) => {
            let mut entries = Vec::new();
            for key in ["x", "y", "", "\u{1F600}", "12"] {
                if random.once_in(2) {
                    entries.push((text(key), value(inner, random)));
                }
            }
            map(entries).unwrap()
        }
        Type::Optional(inner) => {
            V::Opt((!random.once_in(3)).then(|| Rc::new(value(inner, random))))
        }
        Type::Param(param) => panic!("`{param}` is not replaced"),
    }
}

fn scalar(name: &str, random: &mut Random) -> V {
    match name {
        "bool" => V::Bool(random.once_in(2)),
        "int" => {
            let few = [0, 1, -1, 2, 3, 63, i64::MAX, i64::MIN, 1 << 53];
            V::Int(if random.once_in(8) {
                random.next() as i64
            } else {
                few[random.below(few.len())]
            })
        }
        "uint" => {
            let few = [0, 1, 2, 3, 64, u64::MAX, 1 << 63];
            V::Uint(if random.once_in(8) { random.next() } else { few[random.below(few.len())] })
        }
        "double" => {
            let few = [0.0, -0.0, 1.0, 1.5, -2.5, 1e21, 1e-7, f64::MAX, 9_007_199_254_740_992.0];
            let any = f64::from_bits(random.next());
            let is_any = random.once_in(8) && any.is_finite();
            V::Double(if is_any { any } else { few[random.below(few.len())] })
        }
        "string" => {
            let few =
                ["", "a", "x", "aXb", "\u{e9}", "\u{1F600}b", "12", "true", "a\u{0}\n", " a "];
            text(random.pick(&few))
        }
        "bytes" => {
            let few: [&[u8]; 5] = [b"", b"a", b"\xFF\x00", b"x\xC3\xA9", b"abc"];
            V::Bytes(Rc::from(few[random.below(few.len())]))
        }
        "time" => {
            let few = [0, 1_709_251_199 * SECOND + 999_999_999, FIRST, LAST, -SECOND / 2];
            V::Timestamp(few[random.below(few.len())])
        }
        "span" => {
            let few = [0, 1, -1_500_000_000, 5_400_000_000_000, i64::MAX, i64::MIN];
            V::Duration(few[random.below(few.len())])
        }
        "dyn" => free(random),
        _ => panic!("`{name}` is no type of a context"),
    }
}

/// What JSON without a type can be.
fn free(random: &mut Random) -> V {
    let of = |ty, random: &mut Random| value(&Type::of(ty), random);
    match random.below(9) {
        0 => V::Null,
        1 => of("bool", random),
        2 => of("int", random),
        // JSON without a type is a uint only where it is no int.
        3 => V::Uint(u64::MAX - random.next() % 2),
        4 => of("double", random),
        5 => of("string", random),
        6 => of("[int]", random),
        7 => of("{string:dyn}", random),
        _ => of("[dyn]", random),
    }
}
