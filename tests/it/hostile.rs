//! Contexts made to cost, at a small size: both evaluators decide them as intended.
//! How the work grows with the size is counted by `.ci/instructions`.

use policyc::runtime::vm::decide::evaluate;
use policyc::runtime::vm::request::{Moment, Request};
use policyc::runtime::vm::scratch::Scratch;

use crate::support::both::Both;
use crate::support::hostile::{CASES, Case, Outcome};

const NOW: (i64, u32) = (1_767_787_200, 0);
/// Hundreds of elements and thousands of bytes: lists are rows, texts are longer than any stride.
const SMALLER: usize = 60;

fn both(case: &Case, size: usize) -> Both {
    let mut files = policyc::compiler::source::map::SourceMap::new();
    files.add("hostile.yaml".to_owned(), (case.policy)(size));
    Both::of(&files)
}

#[test]
fn hostile_contexts_are_decided_alike() {
    for case in CASES {
        let size = (case.size / SMALLER).max(8);
        let both = both(case, size);
        let context = (case.context)(size);
        let mut scratch = Scratch::for_program(&both.program);
        let moment = Moment::at(NOW.0, NOW.1);
        let request = Request { context: context.as_bytes(), moment };
        let decision = evaluate(&both.program, &request, &mut scratch);
        let effect = decision.effect();
        assert!(case.outcome.is(&decision), "{}: {decision:?}", case.name);
        // The reference is handed values, and these texts have none.
        if case.outcome != Outcome::Refused {
            let context = serde_json::from_str(&context).expect("JSON");
            let report = both.decide(&both.oracle(), &context, NOW, &[]);
            assert_eq!(report.effect, effect, "{}", case.name);
        }
    }
}
