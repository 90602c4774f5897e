//! Cases at the edge: the last that is allowed, and the first that is not.

use policyc::base::limits::{CONTEXT_DEPTH_MAX, OFFERS_MAX};
use policyc::lang::opcodes::{
    EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, Op, X_EQUAL, X_GREATER, X_INVERT, X_LESS,
    X_PAIRS,
};
use policyc::lang::session::Respond;
use policyc::runtime::bundle::govern::{Govern, OfferRow, WindowRow};
use policyc::runtime::bundle::module::{FunctionKind, Module, NodeMode, SlotRow, Step, TypeRow};
use policyc::runtime::verify::annotate;

use super::{Cases, whole};
use crate::support::module::{R, Words, ins, ready, small};

const CONDITION: FunctionKind = FunctionKind::Condition;
const VALUE: FunctionKind = FunctionKind::Value(2);

pub(super) fn cases(cases: &mut Cases) {
    tables(cases);
    rows(cases);
    references(cases);
    sums(cases);
    kinds(cases);
    ways(cases);
    loops(cases);
    govern(cases);
    answers(cases);
}

fn compare() -> Instruction {
    ins(Op::CompareInt).abc(0, 0, 0).x(X_GREATER)
}

fn condition(code: &[Instruction]) -> Module {
    ready(CONDITION, 4, 2, code)
}

/// Tables that stand for themselves: the first row that is not there, and rows twice.
fn tables(cases: &mut Cases) {
    type Change = fn(&mut Module);
    let rows: [(&'static str, &'static str, Change); 15] = [
        ("FunctionType", "the type behind the last, of a function", |it| {
            let behind = u16::try_from(it.types.len()).expect("a number of 16 bits");
            it.functions[5].kind = FunctionKind::Value(behind);
        }),
        ("PathMode", "a list in columns that is required", |it| it.paths[2].required = true),
        ("PathMode", "a column that tells whether it is there", |it| {
            it.slots.push(SlotRow::Presence(6));
            it.paths[6].presence = 6;
        }),
        ("TableReference", "the string behind the last", |it| {
            it.manifest.compiler = u32::try_from(it.strings.len()).expect("a number of 32 bits");
        }),
        ("TypePart", "a message where none is", |it| it.types.push(TypeRow::Message(0))),
        ("TypeDepth", "types nested one level too deep", |it| {
            it.types.extend((4..34).map(TypeRow::Optional));
        }),
        ("FieldOrder", "a field twice", |it| {
            if let TypeRow::Record { fields, .. } = &mut it.types[3] {
                fields[1] = fields[0].clone();
            }
        }),
        ("SetMember", "a member twice", |it| it.sets[0] = vec![0, 0, 1]),
        ("Dispatch", "a builtin twice", |it| it.dispatch[0] = vec![1, 1]),
        ("TableReference", "the type behind the last, of a host", |it| {
            it.hosts[0].result = u16::try_from(it.types.len()).expect("a number of 16 bits");
        }),
        ("TableReference", "a host that has no time", |it| it.hosts[0].timeout_ns = Some(0)),
        ("PathChildren", "a place twice", |it| it.paths[7].key = it.paths[6].key),
        ("PathChildren", "places below those behind them", |it| it.paths[1].first_child = 1),
        ("PathSlot", "a slot that tells of another place", |it| it.paths[3].presence = 5),
        ("PathMode", "a column with columns", |it| {
            (it.paths[6].mode, it.paths[6].ty) = (NodeMode::Object(true), 2);
        }),
    ];
    for (fault, what, change) in rows {
        cases.change(fault, what, change);
    }
    let mut patient = whole();
    patient.hosts[0].timeout_ns = Some(1);
    cases.accept(6, "a host that has a nanosecond", patient);
}

/// Rules and what they name.
fn rows(cases: &mut Cases) {
    type Change = fn(&mut Module);
    let rows: [(&'static str, &'static str, Change); 8] = [
        ("Escalation", "the escalation behind the last", |it| it.outcomes[2].escalation = 1),
        ("Fatigue", "an escalation that tires at once", |it| {
            it.escalations[0].fatigue = Some((1, 0));
        }),
        ("Outcomes", "a decision without an outcome", |it| it.rules[1].outcomes = 0),
        ("TableReference", "the message behind the last", |it| it.outcomes[1].template = 1),
        ("RequirementSlot", "the type behind the last, of a slot", |it| {
            it.requirements[6].ty = u16::try_from(it.types.len()).expect("a number of 16 bits");
        }),
        ("RequirementSlot", "a type that hangs on a row that is not there", |it| {
            it.requirements[6].keyed = 0;
        }),
        ("IndexOrder", "a rule twice in a list", |it| it.index.keys[0].1 = vec![0, 0]),
        ("IndexOrder", "a rule that is always asked twice", |it| it.index.always = vec![1, 1]),
    ];
    for (fault, what, change) in rows {
        cases.change(fault, what, change);
    }
}

/// What sums and differences are, so that what follows cannot fail.
fn sums(cases: &mut Cases) {
    let text = ins(Op::StartsWith).abc(R + 2, 1, 0);
    let other = |constant: u16| ins(Op::CompareOther).abc(R + 2, constant, 0).x(X_LESS);
    for (what, op, [left, right], then) in [
        ("texts", Op::Add, [1, 1], text),
        ("bytes", Op::Add, [6, 6], other(6)),
        ("a time and a duration", Op::Add, [7, 8], other(7)),
        ("a duration and a time", Op::Add, [8, 7], other(7)),
        ("two durations", Op::Add, [8, 8], other(8)),
        ("times apart", Op::Subtract, [7, 7], other(8)),
        ("a duration before a time", Op::Subtract, [7, 8], other(7)),
        ("durations apart", Op::Subtract, [8, 8], other(8)),
    ] {
        let mut module = condition(&[
            ins(Op::LoadConst).abc(0, left, R),
            ins(Op::LoadConst).abc(0, right, R + 1),
            ins(op).abc(R, R + 1, R + 2),
            then,
        ]);
        module.code[3].e = INFALLIBLE;
        cases.accept(17, what, module);
    }
}

/// The first row that is not there, of each table that instructions name.
fn references(cases: &mut Cases) {
    // Annotating leaves out what nothing names: the first of two names all that is left.
    let mut refuse = |what, ins: Instruction, rows: fn(&Module) -> usize| {
        let mut module = condition(&[ins, ins, compare()]);
        module.code[1].b = u16::try_from(rows(&module)).expect("a number of 16 bits");
        cases.refuse("Reference", what, module);
    };
    refuse("the constant behind the last", compare(), |it| it.constants.len());
    refuse("the set behind the last", ins(Op::InSet).abc(0, 0, 0), |it| it.sets.len());
    refuse("the pattern behind the last", ins(Op::Matches).abc(1, 0, 0), |it| it.patterns.len());
    let load = ins(Op::CallAny).abc(0, 0, R);
    refuse("the list behind the last", load, |it| it.dispatch.len());
    let load = ins(Op::CallHost).abc(0, 0, R);
    refuse("the host behind the last", load, |it| it.hosts.len());
    let other = condition(&[ins(Op::Test).abc(1, 0, 0), compare()]);
    cases.refuse("Reference", "the function behind the last", other);
    let none = ready(CONDITION, 0, 0, &[compare().abc(R, 0, 0)]);
    cases.refuse("Register", "the place behind the slots", none);
    let last = [ins(Op::Call).abc(R - 2, 1, R), compare()];
    cases.accept(12, "the last slots as arguments", condition(&last));
    cases.refuse(
        "Flags",
        "a relation that is inverted and none",
        condition(&[compare().x(X_INVERT)]),
    );
}

/// Every kind of constant that an instruction takes.
fn kinds(cases: &mut Cases) {
    for constant in [1, 2, 6, 7, 8] {
        let order = ins(Op::CompareOther).abc(3, constant, 0).x(X_LESS);
        cases.accept(13, "an order of what has one", condition(&[order]));
    }
    for constant in [0, 1, 2, 4] {
        cases.accept(13, "a key", condition(&[ins(Op::HasKey).abc(3, constant, 0)]));
    }
}

/// Ways that lead on, and what is known on them.
fn ways(cases: &mut Cases) {
    let mut code = vec![
        ins(Op::Iter).abc(2, 0, R).e(INFALLIBLE),
        ins(Op::CompareUint).abc(R + 1, 4, 0).x(X_EQUAL).f(4).e(3),
        ins(Op::Jump).f(EXIT_TRUE),
        ins(Op::Pend),
        ins(Op::Next).abc(0, 0, R).f(1),
        ins(Op::LoopEnd).f(6),
        compare(),
    ];
    cases.accept(14, "a way on from the end of a loop", condition(&code));
    code[5] = ins(Op::LoopEnd).x(X_INVERT).f(EXIT_FALSE);
    cases.accept(14, "a way on from the inverted end of a loop", condition(&code));
    cases.refuse(
        "CursorIdle",
        "an error kept where no loop is",
        condition(&[ins(Op::Pend), compare()]),
    );
    let found = |claimed: u16| {
        let has = ins(Op::Has).abc(R + 1, 0, 0).f(3).e(INFALLIBLE);
        let mut module = condition(&[
            ins(Op::Iter).abc(2, 0, R).e(INFALLIBLE),
            has,
            ins(Op::EqualConst).abc(claimed, 0, 0).f(3).e(INFALLIBLE),
            ins(Op::Next).abc(0, 0, R).f(1),
        ]);
        module.code[2].e = INFALLIBLE;
        module
    };
    cases.accept(17, "an optional column that was asked for", found(R + 1));
    cases.refuse("Fallible", "a slot, where a column was asked for", found(3));
    cases.accept(17, "an optional column in the first register, that was asked for", first_found());
    let index = [
        ins(Op::LoadConst).abc(0, 10, R),
        ins(Op::Iter).abc(R, 0, R + 1).x(X_PAIRS).e(INFALLIBLE),
        compare().abc(R + 1, 0, 0).f(3).e(INFALLIBLE),
        ins(Op::Next).abc(0, 0, R + 1).x(X_PAIRS).f(2),
    ];
    let mut counted = condition(&index);
    counted.code[2].e = INFALLIBLE;
    cases.accept(17, "the index of a list is an int", counted);
}

/// A loop over objects of which the name is optional, which lies in the first register, and what
/// it equals where it is there.
fn first_found() -> Module {
    let code = [
        ins(Op::Iter).abc(2, 0, R).e(INFALLIBLE),
        ins(Op::Has).abc(R, 0, 0).f(3).e(INFALLIBLE),
        ins(Op::EqualConst).abc(R, 0, 0).f(3).e(INFALLIBLE),
        ins(Op::Next).abc(0, 0, R).f(1),
    ];
    let mut module = small(CONDITION, 4, 2, &code);
    (module.paths[6].required, module.paths[7].required) = (false, true);
    if let TypeRow::Record { fields, .. } = &mut module.types[3] {
        (fields[0].required, fields[1].required) = (false, true);
    }
    annotate(&mut module);
    module.code[2].e = INFALLIBLE;
    module
}

/// What a turn leaves behind, and what it may use of what was there before.
fn loops(cases: &mut Cases) {
    let left = [
        ins(Op::Iter).abc(3, 0, R).f(EXIT_FALSE),
        ins(Op::Next).abc(0, 0, R).f(1),
        ins(Op::Flag).abc(R, 0, 0),
    ];
    cases.refuse("Unassigned", "the last element behind its loop", condition(&left));
    let once = [ins(Op::Iter).abc(3, 0, R).f(EXIT_FALSE), ins(Op::Flag).abc(R, 0, 0)];
    cases.accept(15, "the first element of what is no loop", condition(&once));
    let give = ins(Op::Return).abc(R + 2, 0, 0);
    let outside = [
        ins(Op::LoadConst).abc(0, 0, R + 2),
        ins(Op::Build),
        ins(Op::Iter).abc(3, 1, R).f(5),
        ins(Op::Put).abc(R, 0, R + 2),
        ins(Op::Next).abc(0, 1, R).f(3),
        ins(Op::EndMap).abc(0, 0, R + 2),
        give,
    ];
    cases.accept(15, "what was made before is there in each turn", ready(VALUE, 3, 2, &outside));
    // The inner loop writes R + 1 and R + 2, so the second turn does not find what was loaded.
    let inner = [
        ins(Op::LoadConst).abc(0, 0, R + 2),
        ins(Op::Iter).abc(3, 0, R).f(EXIT_FALSE),
        ins(Op::Flag).abc(R + 2, 0, 0),
        ins(Op::Iter).abc(3, 1, R + 1).x(X_PAIRS).f(5),
        ins(Op::Next).abc(0, 1, R + 1).x(X_PAIRS).f(4),
        ins(Op::Next).abc(0, 0, R).f(2),
    ];
    cases.refuse("Unassigned", "what the turn before wrote over", condition(&inner));
}

/// Sessions: what is in order and just within its limit, and what is not.
fn govern(cases: &mut Cases) {
    type Change = fn(&mut Govern);
    let within: [(&'static str, Change); 7] = [
        ("two parts of an output", |it| {
            let mut row = it.tools[0].outputs[0].clone();
            row.path = vec![Step::Any];
            it.tools[0].outputs.push(row);
        }),
        ("an output as deep as contexts nest", |it| {
            it.tools[1].outputs[0].path.resize(CONTEXT_DEPTH_MAX, Step::Any);
        }),
        ("a window of 1023 parts", |it| it.meters[0].window = WindowRow::Sliding(2_046, 2)),
        ("tokens that never come back", |it| it.meters[2].window = WindowRow::Bucket(0, 60)),
        ("a declassification as deep as contexts nest", |it| {
            it.declassify[0].path.resize(CONTEXT_DEPTH_MAX, Step::Any);
        }),
        ("as many offers as there may be", |it| {
            it.denials[2].offers = vec![it.denials[2].offers[0].clone(); OFFERS_MAX];
        }),
        ("a third step after both others", |it| {
            let plan = it.plan.as_mut().expect("a plan");
            let mut row = plan.steps[1].clone();
            (row.name, row.after) = (plan.reads[0], vec![0, 1]);
            plan.steps.push(row);
        }),
    ];
    for (what, change) in within {
        let mut module = whole();
        change(&mut module.govern);
        annotate(&mut module);
        cases.accept(32, what, module);
    }
    let beyond: [(&'static str, &'static str, Change); 9] = [
        ("ToolOrder", "an argument twice", |it| {
            let row = it.tools[1].args.as_ref().expect("arguments")[0].clone();
            it.tools[1].args = Some(vec![row; 2]);
        }),
        ("ToolOrder", "an argument that is no string", |it| {
            it.tools[1].args.as_mut().expect("arguments")[0].name = 9_999;
        }),
        ("MeterOrder", "a meter twice", |it| it.meters[1].name = it.meters[0].name),
        ("MeterWindow", "tokens that come back at once", |it| {
            it.meters[2].window = WindowRow::Bucket(5, 0);
        }),
        ("LimitOrder", "a limit twice", |it| it.limits[1].id = it.limits[0].id),
        ("Declassify", "a place that is no string", |it| {
            it.declassify[0].path = vec![Step::Key(9_999)];
        }),
        ("Declassify", "a tool that is no string", |it| it.declassify[0].tool = 9_999),
        ("Declassify", "a name that is no string", |it| it.declassify[0].id = 9_999),
        ("Declassify", "an added label that is not there", |it| it.declassify[0].adds = vec![2]),
    ];
    for (fault, what, change) in beyond {
        cases.change(fault, what, move |module| change(&mut module.govern));
    }
    cases.change("MarkSet", "a mark that implies a label", |module| {
        let named = |text: &str| if text == "cel" { "clean." } else { text }.to_owned();
        let texts: Vec<String> = module.strings.iter().map(named).collect();
        module.strings = texts.iter().collect();
        let labels = &mut module.govern.labels;
        (labels[0].implies, labels[1].implies) = (Vec::new(), vec![0]);
    });
}

/// What calls are answered.
fn answers(cases: &mut Cases) {
    type Change = fn(&mut Govern);
    let rows: [(&'static str, &'static str, Change); 6] = [
        ("DenialOrder", "two answers to all rules", |it| it.denials[1].rules.clear()),
        ("DenialPart", "an offer of a tool that is no string", |it| {
            it.denials[2].offers[0].tool = 9_999;
        }),
        ("DenialPart", "an offer that keeps what is no string", |it| {
            it.denials[2].offers[0].keep = vec![9_999];
        }),
        ("DenialPart", "one offer too many", |it| {
            let offer: OfferRow = it.denials[2].offers[0].clone();
            it.denials[2].offers = vec![offer; OFFERS_MAX + 1];
        }),
        ("DenialPart", "going back and going back", |it| {
            let back = it.denials[2].backtrack.as_mut().expect("a way back");
            back.otherwise = Respond::Backtrack;
        }),
        ("DenialPart", "a question of a value that is no string", |it| {
            let part = policyc::runtime::bundle::govern::QuestionPart::Value(0, 9_999);
            it.denials[1].question = vec![part];
        }),
    ];
    for (fault, what, change) in rows {
        cases.change(fault, what, move |module| change(&mut module.govern));
    }
}
