//! Files to a bundle to decisions: whatever the files say, compiling ends, what it makes is
//! accepted by the verifier, and every decision stays within what the proof says.
//!
//! The bytes are files, one behind the other: a line `%%% NAME` begins each. What begins with
//! `context` is a context; the others are sources.

use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::runtime::vm::request::Moment;
use policyc::tools::lint::select::{Choice, Selection, Selector};
use policyc::tools::pipeline::{lint, load_own};
use policyc::tools::project::Settings;

use super::yaml_source::draw;
use crate::support::watch::Claimed;

/// Longer texts take longer, and say no more.
const BYTES_MAX: usize = 16 << 10;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.len() > BYTES_MAX {
        return;
    }
    let (mut files, mut contexts) = (SourceMap::new(), vec!["{}"]);
    for part in text.split("%%% ").skip(1) {
        let Some((name, content)) = part.split_once('\n') else { continue };
        let taken = files.find(name).is_some();
        if name.starts_with("context") {
            contexts.push(content);
        } else if !name.is_empty() && !taken && !name.contains("..") {
            files.add(name, content);
        }
    }
    let mut sink = Sink::new();
    // Lints that ask about all inputs take their time: `tests/it/meaning` has them.
    let select = Some(vec![Selector::read("style").expect("a selector")]);
    let selection = Selection::of(&Choice { select, ..Choice::default() }, &[]);
    let compiled = lint(&files, &Settings::default(), &selection, &mut sink);
    if let Some(compiled) = &compiled {
        let program = load_own(compiled).unwrap_or_else(|found| panic!("refused: {found:?}"));
        let claimed = Claimed::of(&compiled.bundle);
        for context in contexts {
            let at = Moment::at(1_773_785_730, 0);
            let decided = claimed.decide(&program, context.as_bytes(), &at);
            let report = decided.unwrap_or_else(|escape| panic!("{escape:?}, on {context}")).0;
            let most = claimed.module.manifest.cost;
            assert!(report.cost <= most || claimed.module.manifest.metered, "{report:?} {most}");
        }
    }
    draw(&files, sink);
}
