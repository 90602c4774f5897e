//! What runs under callgrind: prints a line for each size, `bytes UNITS`.

use std::hint::black_box;

use crate::SIZES;
use crate::families::FAMILIES;

/// Callgrind goes by the name of this function: what runs inside is counted by itself.
#[inline(never)]
fn counted_by_callgrind(work: &mut dyn FnMut() -> usize) -> usize {
    // What is held here keeps the call from becoming a jump.
    black_box(work())
}

pub(crate) fn run(name: &str) {
    let family = FAMILIES.iter().find(|family| family.name == name).expect("a family");
    // What is made once is made before.
    (family.run)(&family.input(SIZES[0]));
    for size in SIZES {
        let input = family.input(size);
        counted_by_callgrind(&mut || {
            (family.run)(&input);
            input.len()
        });
        println!("bytes {}", input.len());
    }
}
