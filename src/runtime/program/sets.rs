//! Constant sets: whether a value is one of many that are known at load.
//!
//! In:      the sets of a module, and the values of its constants.
//! Out:     `Set`.
//! Imports: `lang`, `runtime::bundle`.
//!
//! A few strings are searched one by one: length and first bytes tell nearly all apart. Anything
//! else is sorted by a key under which equal values, and numbers of any kind, meet.

use crate::lang::value::heap::Heap;
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::Module;
use crate::runtime::program::pool::Pool;

/// Most strings that are searched one by one.
const FEW: usize = 8;

/// A constant set.
#[derive(Debug)]
pub(in crate::runtime) enum Set {
    /// Strings alone, and few.
    Few(Box<[Value]>),
    /// Sorted by key, then by text.
    Sorted(Box<[(Key, Value)]>),
}

/// What equal values share: class of the value, its `off` where that is part of it, its bits.
pub(in crate::runtime) type Key = (u8, u32, u64);

pub(in crate::runtime) fn of(module: &Module, pool: &Pool) -> Vec<Set> {
    module.sets.iter().map(|members| set(members, pool)).collect()
}

fn set(members: &[u16], pool: &Pool) -> Set {
    let constant = |at: &u16| pool.constants.get(usize::from(*at)).copied();
    let values: Vec<Value> = members.iter().filter_map(constant).collect();
    if values.len() <= FEW && values.iter().all(|value| value.tag() == Tag::String) {
        return Set::Few(values.into());
    }
    let keyed = values.into_iter().filter_map(|value| Some((key(&value)?, value)));
    let mut sorted: Vec<(Key, Value)> = keyed.collect();
    sorted.sort_by(|(a, x), (b, y)| a.cmp(b).then_with(|| text(pool, x).cmp(text(pool, y))));
    Set::Sorted(sorted.into())
}

fn text<'p>(pool: &'p Pool, value: &Value) -> &'p [u8] {
    if is_text(value) { pool.bytes(value) } else { &[] }
}

const fn is_text(value: &Value) -> bool {
    matches!(value.tag(), Tag::String | Tag::Bytes | Tag::Type)
}

/// `None` for what no set holds: `NaN`, containers, absent.
#[expect(clippy::cast_possible_truncation, reason = "only where the double is whole and in range")]
#[expect(clippy::cast_sign_loss, reason = "only where the double is not negative")]
fn key(value: &Value) -> Option<Key> {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    const TWO_64: f64 = 18_446_744_073_709_551_616.0;
    let (int, uint, double) = (Tag::Int as u8, Tag::Uint as u8, Tag::Double as u8);
    Some(match value.tag() {
        Tag::Int => (int, 0, value.bits()),
        Tag::Uint if i64::try_from(value.bits()).is_ok() => (int, 0, value.bits()),
        Tag::Uint => (uint, 0, value.bits()),
        Tag::Double => {
            let float = value.float();
            if float.is_nan() {
                return None;
            } else if float.fract() != 0.0 || !(-TWO_63..TWO_64).contains(&float) {
                (double, 0, value.bits())
            } else if float < TWO_63 {
                (int, 0, (float as i64).cast_unsigned())
            } else {
                (uint, 0, float as u64)
            }
        }
        Tag::Timestamp => (Tag::Timestamp as u8, value.off(), value.bits()),
        tag @ (Tag::Null
        | Tag::Bool
        | Tag::Duration
        | Tag::String
        | Tag::Bytes
        | Tag::Type
        | Tag::Enum) => (tag as u8, 0, value.bits()),
        Tag::Absent
        | Tag::Error
        | Tag::List
        | Tag::Map
        | Tag::Optional
        | Tag::Ip
        | Tag::Cidr
        | Tag::Quantity
        | Tag::Semver
        | Tag::Message
        | Tag::Unknown => return None,
    })
}

impl Set {
    /// Whether `value` is in the set; absent is in none.
    pub(in crate::runtime) fn holds(&self, heap: &Heap<'_>, value: &Value) -> bool {
        match self {
            Self::Few(strings) => {
                value.tag() == Tag::String
                    && strings.iter().any(|string| heap.same_text(value, string))
            }
            Self::Sorted(sorted) => key(value).is_some_and(|wanted| {
                let view = heap.view();
                let first = sorted.partition_point(|(key, member)| {
                    (*key)
                        .cmp(&wanted)
                        .then_with(|| view.bytes(member).cmp(view.bytes(value)))
                        .is_lt()
                });
                let found = sorted.get(first);
                found.is_some_and(|(key, member)| {
                    *key == wanted && view.bytes(member) == view.bytes(value)
                })
            }),
        }
    }
}
