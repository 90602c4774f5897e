//! What must hold for a bundle that was accepted, whoever made it.

use std::time::{Duration, Instant};

use policyc::runtime::bundle::reader::read;
use policyc::runtime::bundle::writer::write;
use policyc::runtime::program::Program;
use policyc::runtime::vm::request::Moment;
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::decide::{Form, Moments, decide, decide_explained};
use policyc::tools::inspect::listing::listing;
use policyc::tools::inspect::{BundleInspection, summary, to_json};
use policyc::tools::replay::explain::Explanation;
use policyc::tools::report::paint::Style;
use policyc::tools::report::why::{DecisionExplanation, FORMATS};
use policyc::tools::standalone::ContextDecider;

use super::watch::Claimed;

/// No decision of whatever program takes longer.
const DECISION_MAX: Duration = Duration::from_secs(20);

/// Whatever was accepted runs: decisions, explanations and listings end, values are what the proof
/// takes them to be, and the bundle is the one spelling of its content.
pub(crate) fn runs(bytes: &[u8], program: &Program, contexts: &[Vec<u8>]) {
    assert!(write(&read(bytes).unwrap()).as_deref() == Ok(bytes), "a second spelling");
    let mut scratch = Scratch::for_program(program);
    let moments = Moments { seconds: 1_773_741_600, nanoseconds: 0, given: true };
    let claimed = Claimed::of(bytes);
    for context in contexts {
        if let Err(escape) = claimed.decide(program, context, &Moment::at(1_773_741_600, 0)) {
            panic!("{escape:?}, on {}", String::from_utf8_lossy(context));
        }
        let start = Instant::now();
        let report = decide(
            &ContextDecider::of(program),
            &mut scratch,
            (Form::Json, context),
            &moments.with(None),
        );
        assert!(start.elapsed() < DECISION_MAX, "a decision took {:?}", start.elapsed());
        assert!(!report.to_json().is_empty());
        let named = ("context.json", Form::Json, context.as_slice());
        let (explained, why) = decide_explained(
            &ContextDecider::of(program),
            &mut scratch,
            named,
            &moments.with(None),
            true,
        );
        assert_eq!(explained.effect, report.effect, "watching changes nothing");
        let told =
            Explanation::Decided { report: Box::new(explained), exact: None, why: Box::new(why) };
        let mut told = DecisionExplanation::of(&serde_json::Value::Null, "", program, &told);
        told.tree = true;
        for format in FORMATS {
            assert!(!(format.draw)(&told, Style::PLAIN).is_empty(), "{}", format.name);
        }
    }
    let digest = program.digest();
    let inspected = BundleInspection { module: program.module(), digest, bytes: bytes.len() };
    assert!(!summary(&inspected, Style::PLAIN).is_empty());
    assert!(to_json(&inspected).is_object());
    let _ = listing(&inspected, Style::PLAIN);
}
