//! Values that are guessed for a formula: it is not refuted, and comes true where it is decided.

use std::sync::Arc;

use policyc::base::limits::{SOLVE_ROUNDS_MAX, SOLVE_STEPS_MAX};
use policyc::compiler::solve::formula::{Lit, Node};
use policyc::compiler::solve::guess::guess;
use policyc::compiler::solve::input::Frame;
use policyc::compiler::solve::query::QuerySolver;
use policyc::compiler::solve::rules::meaning;
use policyc::compiler::solve::store::{Fact, Store, Term};

use crate::diff::random::{document, rule};
use crate::diff::{program, refused, said};
use crate::support::generate::random::Random;

#[derive(Debug, Default)]
struct Tally {
    /// Guessed, and an input of it does what the formula says.
    come_true: usize,
    /// Guessed, and the input does not: the formula hangs on something that is not understood.
    open: usize,
    /// Found by the solver alone.
    missed: usize,
    /// Proved by the solver.
    refuted: usize,
}

/// Whether a formula hangs on something of which the solver knows only that it is equal to itself.
fn is_open(store: &Store, holds: Lit) -> bool {
    let mut terms = Vec::new();
    for node in store.formulas.cone(&[holds]) {
        let Node::Fact(number) = store.formulas.node(node) else { continue };
        match store.fact(number).expect("a fact") {
            Fact::Kind(term, _) | Fact::Reaches(term, ..) | Fact::Text(term, _) => {
                terms.push(*term)
            }
            Fact::Same(a, b) | Fact::Less(a, b) => terms.extend([*a, *b]),
            Fact::Leaves(_) | Fact::Pends(_) | Fact::Unknown(..) => return true,
        }
    }
    while let Some(term) = terms.pop() {
        match store.term(term) {
            Term::Made(..) => return true,
            Term::Size(of) | Term::Element(of, ..) => terms.push(*of),
            Term::Choice(ways) => terms.extend(ways.iter().map(|(_, term)| *term)),
            Term::Place(_) | Term::Presence(_) | Term::Now | Term::Constant(_) => {}
        }
    }
    false
}

#[test]
fn what_is_guessed_is_not_refuted_and_comes_true() {
    let (mut random, mut tally) = (Random::new(11), Tally::default());
    for _ in 0..60 {
        let rules: Vec<_> = (0..3).map(|id| rule(&mut random, id)).collect();
        let text = document(&rules);
        let program = program(&text);
        let mut store = Store::default();
        let meaning = meaning(program.module(), &mut store);
        let frame = Arc::new(Frame::of(&[program.module()]));
        let [accepted, _] = meaning.accepted;
        for rule in &meaning.rules {
            let fires = store.formulas.any(rule.fires.iter().copied());
            for (wanted, does) in [(fires, Some(true)), (!fires, Some(false)), (rule.fails, None)] {
                let holds = store.formulas.and(accepted, wanted);
                let most = (SOLVE_ROUNDS_MAX, SOLVE_STEPS_MAX);
                let refuted = QuerySolver::about(&mut store, &frame, &[holds], most).refutes(holds);
                assert!(refuted.is_ok(), "small questions are answered:\n{text}");
                let Some(values) = guess(&store, holds) else {
                    tally.missed += usize::from(refuted == Ok(false));
                    tally.refuted += usize::from(refuted == Ok(true));
                    continue;
                };
                assert_eq!(refuted, Ok(false), "{}: {values:?}\n{text}", rule.id);
                let Some(example) = frame.example(&store, &values) else { continue };
                let report = said(&program, &example.context, example.now);
                let fired = report.fired.iter().any(|id| **id == *rule.id);
                let failed =
                    report.errors.iter().any(|error| error.rule.as_deref() == Some(&*rule.id));
                let held = !refused(&report) && does.map_or(failed, |does| fired == does);
                assert!(held || is_open(&store, holds), "{}: {example:?}\n{text}", rule.id);
                tally.come_true += usize::from(held);
                tally.open += usize::from(!held);
            }
        }
        assert!(guess(&store, Lit::FALSE).is_none());
    }
    let Tally { come_true, open, missed, refuted } = tally;
    println!("{come_true} came true, {open} did not, {missed} not guessed, {refuted} refuted");
    assert!(come_true > 3 * open && come_true > missed && refuted > 10, "{tally:?}");
}
