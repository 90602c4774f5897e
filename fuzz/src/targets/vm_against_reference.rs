//! A random policy, whose choices are the bytes, and contexts: both evaluators say the same.

use std::sync::LazyLock;

use policyc::compiler::source::map::SourceMap;

use crate::support::both::Both;
use crate::support::generate::random::Random;
use crate::support::policies::{Vocabularies, context, policy};

/// Contexts for each.
const CONTEXTS: usize = 4;

static KNOWN: LazyLock<Vocabularies> = LazyLock::new(Vocabularies::new);

pub(crate) fn run(data: &[u8]) {
    let mut random = Random::drawn(data);
    let mut files = SourceMap::new();
    let text = policy(&mut random, &KNOWN);
    files.add("random.yaml", text);
    let Ok(both) = Both::try_of(&files) else { return };
    let oracle = both.oracle();
    // Whatever the bytes left for the context, and contexts that are as they should be.
    both.decide(&oracle, &context(&mut random), (1_773_785_730, 0), &[]);
    for seed in 0..CONTEXTS {
        let context = context(&mut Random::new(seed as u64));
        both.decide(&oracle, &context, (1_773_785_730, 0), &[]);
    }
}
