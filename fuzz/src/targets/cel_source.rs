//! A text as an expression of CEL: read or told why not, the tree holds together, and as the
//! condition of a rule it is decided alike by both evaluators.

use policyc::compiler::source::map::SourceMap;
use serde_json::{Value as Json, json};

use crate::support::both::Both;
use crate::support::generate::random::Random;
use crate::support::policies::{SCHEMA, context};
use crate::support::tree::holds_together;

/// Longer texts are those of `syntax::limits`.
const BYTES_MAX: usize = 4 << 10;
const NOW: (i64, u32) = (1_773_785_730, 0);
/// Contexts for each.
const CONTEXTS: u64 = 3;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.len() > BYTES_MAX {
        return;
    }
    holds_together(text);
    let mut files = SourceMap::new();
    let when = Json::from(text);
    let rule = format!("rules:\n  - id: r\n    when: {when}\n    deny: no\n");
    files.add("p.yaml", format!("policyc: 1\nname: p\ndefault: allow\n{SCHEMA}{rule}"));
    let Ok(both) = Both::try_of(&files) else { return };
    let oracle = both.oracle();
    both.decide(&oracle, &json!({}), NOW, &[]);
    for seed in 0..CONTEXTS {
        both.decide(&oracle, &context(&mut Random::new(seed)), NOW, &[]);
    }
}
