//! The bundle of an example, its bytes or its content changed under digests that fit: refused, or
//! it runs within its bounds.

use std::sync::LazyLock;

use policyc::tools::pipeline::load;

use crate::support::accepted::runs;
use crate::support::change::{bytes_changed, content_changed};
use crate::support::examples::{Example, examples};
use crate::support::generate::random::Random;

static EXAMPLES: LazyLock<Vec<Example>> = LazyLock::new(examples);

pub(super) fn run(data: &[u8]) {
    let mut random = Random::drawn(data);
    let example = &EXAMPLES[random.below(EXAMPLES.len())];
    let changed = if random.once_in(4) {
        Some(bytes_changed(&example.bundle, &mut random))
    } else {
        content_changed(&example.bundle, &mut random)
    };
    let Some(bytes) = changed else { return };
    if let Ok(program) = load(&bytes, "changed") {
        runs(&bytes, &program, &example.contexts);
    }
}
