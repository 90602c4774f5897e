//! The bundle of an example, its bytes or its content changed under digests that fit: refused, or
//! it runs within its bounds.

use std::sync::LazyLock;

use policyc::runtime::bundle::module::Module;
use policyc::runtime::bundle::reader::read;
use policyc::tools::pipeline::load;

use crate::support::accepted::runs;
use crate::support::change::{bytes_changed, module_changed};
use crate::support::examples::{Example, examples};
use crate::support::generate::random::Random;

/// Contexts of a bundle that is accepted: those of the example take long, and nearly all of them
/// go the same way through what was changed.
const CONTEXTS: usize = 2;

static EXAMPLES: LazyLock<Vec<(Example, Module)>> = LazyLock::new(|| {
    let with_module = |it: Example| {
        let module = read(&it.bundle).expect("a bundle");
        (it, module)
    };
    examples().into_iter().map(with_module).collect()
});

pub(crate) fn run(data: &[u8]) {
    let mut random = Random::drawn(data);
    let (example, module) = &EXAMPLES[random.below(EXAMPLES.len())];
    let changed = if random.once_in(4) {
        Some(bytes_changed(&example.bundle, &mut random))
    } else {
        module_changed(module.clone(), &mut random)
    };
    let Some(bytes) = changed else { return };
    if let Ok(program) = load(&bytes, "changed") {
        let all = &example.contexts;
        let chosen = (0..CONTEXTS).map(|_| all[random.below(all.len())].clone());
        runs(&bytes, &program, &chosen.collect::<Vec<_>>());
    }
}
