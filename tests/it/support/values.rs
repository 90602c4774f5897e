//! Values of the evaluator: whether they are of a type, and ones that nobody chose.

use policyc::lang::functions::Sig;
use policyc::lang::value::heap::{Heap, type_value};
use policyc::lang::value::{Tag, Value, map};

use super::generate::random::Random;

/// Whether `value` is one of type `sig`, its parts included.
pub(crate) fn is_of(heap: &Heap<'_>, value: &Value, sig: &Sig) -> bool {
    let parts = heap.elements(value);
    let all = |part: &Sig| parts.iter().all(|it| is_of(heap, it, part));
    sig.fits(value)
        && match sig {
            Sig::List(part) | Sig::Optional(part) => all(part),
            Sig::Map(key, of) => {
                parts.chunks(2).all(|it| is_of(heap, &it[0], key) && is_of(heap, &it[1], of))
            }
            _ => true,
        }
}

/// Texts that builtins look for.
const TEXTS: [&str; 24] = [
    "",
    "0",
    "-1",
    "1.5",
    "true",
    "a",
    "A b,c",
    "é",
    "UTC",
    "Europe/Berlin",
    "+02:00",
    "127.0.0.1",
    "::1",
    "10.0.0.0/8",
    "https://a.b/c?d=e#f",
    "/a/../b",
    "1.2.3-rc.1",
    "100Mi",
    "2026-01-31T23:59:60Z",
    "1h30m",
    "[a-z]+",
    "(a",
    "%s %d",
    "aGk=",
];
/// Names of types.
const TYPES: [&str; 4] = ["int", "string", "list", "type"];

/// A value of any kind, at most `depth` levels deep; `None` where the store is full.
pub(crate) fn any(heap: &mut Heap<'_>, random: &mut Random, depth: usize) -> Option<Value> {
    let kinds = if depth == 0 { 13 } else { 17 };
    let wide = |random: &mut Random| {
        let edges = [0, 1, 2, 10, 1 << 31, 1 << 53, i64::MAX as u64, i64::MIN as u64, u64::MAX];
        let edge = edges[random.below(edges.len())];
        edge.wrapping_add(random.below(5) as u64).wrapping_sub(2)
    };
    let made = match random.below(kinds) {
        0 => Ok(Value::NULL),
        1 => Ok(Value::bool(random.once_in(2))),
        2 => Ok(Value::int(wide(random).cast_signed())),
        3 => Ok(Value::uint(wide(random))),
        4 => {
            let edges = [0.0, -0.0, 0.5, 1e300, f64::INFINITY, f64::NAN, f64::MIN_POSITIVE, 9e18];
            Ok(Value::double(edges[random.below(edges.len())]))
        }
        5 => Ok(Value::duration(wide(random).cast_signed())),
        6 => {
            // Timestamps reach from the year 1 to the year 9999.
            let seconds = wide(random).cast_signed().clamp(-62_135_596_800, 253_402_300_799);
            Ok(Value::timestamp(seconds, random.next() as u32 % 1_000_000_000))
        }
        7 => return type_value(random.pick(&TYPES)),
        8 => heap.new_text(Tag::Ip, &[127, 0, 0, 1]),
        9 => heap.new_text(Tag::Cidr, &[10, 0, 0, 0, 8]),
        10 => heap.new_text(Tag::Bytes, &random.next().to_le_bytes()[..random.below(9)]),
        11 | 12 => text(heap, random),
        13 => {
            let inner = any(heap, random, depth - 1)?;
            heap.new_optional(inner)
        }
        14 | 15 => {
            let parts: Option<Vec<Value>> =
                (0..random.below(5)).map(|_| any(heap, random, depth - 1)).collect();
            heap.new_list(&parts?)
        }
        _ => {
            let height = heap.store.height();
            for _ in 0..random.below(4) {
                let key = if random.once_in(2) {
                    text(heap, random).ok()?
                } else {
                    Value::int(wide(random).cast_signed())
                };
                let value = any(heap, random, depth - 1)?;
                heap.store.push_stack(key).and_then(|()| heap.store.push_stack(value)).ok()?;
            }
            map::finish(heap, height)
        }
    };
    made.ok()
}

/// A text that builtins look for, or a few characters of any kind.
fn text(
    heap: &mut Heap<'_>,
    random: &mut Random,
) -> Result<Value, policyc::lang::error::EvalError> {
    if !random.once_in(4) {
        return heap.new_string(random.pick(&TEXTS));
    }
    let any = |random: &mut Random| char::from_u32(random.next() as u32 % 0x3000).unwrap_or('x');
    let text: String = (0..random.below(6)).map(|_| any(random)).collect();
    heap.new_string(&text)
}
