//! Cases of limits that are reached and passed by one, and of parts of tables that no other case
//! asks for.

use policyc::base::limits::{FATIGUE_MAX, LABELS_MAX, PLAN_STEPS_MAX};
use policyc::runtime::bundle::govern::{LabelRow, TermRow};
use policyc::runtime::bundle::module::{Bound, Module, NONE, Step, Withhold};
use policyc::runtime::verify::annotate;

use super::rules::asking;
use super::tables::change_strings;
use super::{Cases, whole};
use crate::support::module::string;

pub(super) fn cases(cases: &mut Cases) {
    cases.accept(35, "as many labels as there may be", labels(LABELS_MAX));
    cases.refuse("LabelOrder", "one label too many", labels(LABELS_MAX + 1));
    cases.accept(35, "as many steps as a plan may have", steps(PLAN_STEPS_MAX));
    cases.refuse("PlanStep", "one step too many", steps(PLAN_STEPS_MAX + 1));
    let mut exactly = asking(1_024);
    exactly.requirements.drain(4_096..4_099);
    exactly.rules[1].requirements = 0;
    exactly.outputs[0].first_requirement -= 3;
    exactly.govern.terms[0].first_requirement -= 3;
    annotate(&mut exactly);
    cases.accept(31, "lists that ask as much as they may", exactly);
    for per in [1, 60] {
        for most in [1, FATIGUE_MAX] {
            let mut module = whole();
            module.escalations[0].fatigue = Some((most, per));
            cases.accept(27, "an escalation that is asked as often as it may be", module);
        }
    }
    cases.change("Fatigue", "an escalation that is asked once too often", |module| {
        module.escalations[0].fatigue = Some((FATIGUE_MAX + 1, 60));
    });
    names_of_members(cases);
    bounds(cases);
    rows(cases);
}

/// The module with everything, with more strings at the end; the number of the first.
fn with_strings(count: usize) -> (Module, u32) {
    let mut module = whole();
    let first = u32::try_from(module.strings.len()).unwrap();
    change_strings(&mut module, |strings| {
        strings.extend((0..count).map(|at| format!("~{at:05}")));
    });
    (module, first)
}

/// So many labels.
fn labels(count: usize) -> Module {
    let (mut module, first) = with_strings(count - 2);
    let names = (first..).take(count - 2);
    module.govern.labels.extend(names.map(|name| LabelRow { name, implies: Vec::new() }));
    module
}

/// A plan of so many steps.
fn steps(count: usize) -> Module {
    let (mut module, first) = with_strings(count - 2);
    let plan = module.govern.plan.as_mut().expect("a plan");
    let step = plan.steps[0].clone();
    plan.steps.extend((first..).take(count - 2).map(|name| {
        let mut step = step.clone();
        (step.name, step.term) = (name, NONE);
        step
    }));
    module
}

/// The names of the members of an object are the last part of a path, of outputs alone.
fn names_of_members(cases: &mut Cases) {
    let mut module = whole();
    module.govern.tools[1].outputs[0].path = vec![Step::Any, Step::Names];
    cases.accept(35, "the names of the members of all elements", module);
    cases.change("ToolOutput", "what lies below names of members", |module| {
        module.govern.tools[1].outputs[0].path = vec![Step::Names, Step::Any];
    });
    cases.change("Declassify", "a declassification of names of members", |module| {
        module.govern.declassify[0].path = vec![Step::Any, Step::Names];
    });
    cases.change("RedactionPath", "a redaction of names of members", |module| {
        module.redactions[1].path[1] = Step::Names;
    });
}

fn bounds(cases: &mut Cases) {
    let range =
        |a: f64, b: f64| Withhold::Range([a, b].map(|it| Bound::Double(it.to_bits())).to_vec());
    for (what, a, b) in [
        ("a range with a double twice", 1.5, 1.5),
        ("a range of doubles that fall", 2.5, 1.5),
        ("a range without a beginning", f64::NEG_INFINITY, 2.5),
    ] {
        cases.change("RedactionClass", what, |module| module.redactions[6].class = range(a, b));
    }
}

/// Rows that claim what belongs to others, or nothing.
fn rows(cases: &mut Cases) {
    cases.change("Requirements", "requirements of a term that are not there", |module| {
        module.govern.terms[0].requirements = 9;
    });
    cases.change("Requirements", "requirements of a term, of an output", |module| {
        module.govern.terms.push(TermRow { function: 5, first_requirement: 6, requirements: 1 });
        module.govern.meters[1].key = 1;
    });
    cases.change("IndexPrefix", "a key without the rules of the prefix that it is", |module| {
        module.escalations[0].binds.push(module.index.prefixes[0].0);
        module.index.always.clear();
        module.index.prefixes = vec![(string(module, "send"), vec![1])];
    });
    cases.change("PathChildren", "a place below itself", |module| {
        (module.paths[0].first_child, module.paths[0].children) = (0, 0);
        (module.paths[1].first_child, module.paths[1].children) = (1, 1);
    });
}
