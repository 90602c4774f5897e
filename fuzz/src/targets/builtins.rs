//! A builtin with arguments of any types: it fails, or gives what it declares.

use std::sync::LazyLock;

use policyc::lang::functions::{Function, all, named};
use policyc::lang::value::Value;
use policyc::lang::value::heap::{Heap, Store};

use crate::support::generate::random::Random;
use crate::support::values::{any, is_of};

static ROWS: LazyLock<Vec<&'static Function>> = LazyLock::new(|| all().collect());

pub(crate) fn run(data: &[u8]) {
    let mut random = Random::drawn(data);
    let row = ROWS[random.below(ROWS.len())];
    let mut store = Store::new(1 << 16, 1 << 12);
    let mut heap = Heap::of(&mut store);
    let arguments: Option<Vec<Value>> =
        row.params.iter().map(|_| any(&mut heap, &mut random, 2)).collect();
    let Some(arguments) = arguments else { return };
    let Ok(value) = (row.call)(&mut heap, &arguments) else { return };
    // Of a name with rows of other results, which one answers goes by the kinds of the arguments.
    let shares = named(row.name, row.style).any(|it| it.result != row.result);
    let fits = row.params.iter().zip(&arguments).all(|(sig, it)| is_of(&heap, it, sig));
    if !shares || fits {
        assert!(is_of(&heap, &value, &row.result), "{} of {arguments:?}: {value:?}", row.id);
    }
}
