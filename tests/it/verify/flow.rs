//! Cases of V15, V16, V17, V23, V24 and V31: what is known on the way.

use policyc::lang::constant::Constant;
use policyc::lang::opcodes::{
    EXIT_FALSE, INFALLIBLE, Instruction, Op, X_EQUAL, X_GREATER, X_INVERT, X_LEVEL, X_PAIRS,
};
use policyc::runtime::bundle::module::{
    FrameRow, FunctionKind, Module, NONE, Requirement, RuleRow, TemplatePart, TypeRow,
};
use policyc::runtime::verify::annotate;

use super::{Cases, whole};
use crate::support::module::{R, Words, add_function, ins, ready, rich, small, string};

const CONDITION: FunctionKind = FunctionKind::Condition;
const VALUE: FunctionKind = FunctionKind::Value(2);

pub(super) fn cases(cases: &mut Cases) {
    assignment(cases);
    joins(cases);
    joins_of_joins(cases);
    proofs(cases);
    missing_proofs(cases);
    presence(cases);
    costs(cases);
    built(cases);
    results(cases);
}

fn assignment(cases: &mut Cases) {
    let load = |to| ins(Op::LoadConst).abc(0, 0, to);
    let give = |from| ins(Op::Return).abc(from, 0, 0);
    let value = |code: &[Instruction]| ready(VALUE, 2, 1, code);
    let ask = ins(Op::Has).abc(3, 0, 0).e(INFALLIBLE);
    cases.accept(
        15,
        "written on both ways",
        value(&[ask.f(3), load(R), ins(Op::Jump).f(4), load(R), give(R)]),
    );
    let unassigned = "Unassigned";
    cases.refuse(unassigned, "never written", value(&[give(R)]));
    cases.refuse(unassigned, "written on one way", value(&[ask.f(2), load(R), give(R)]));
    let failed = [ins(Op::Move).abc(3, 0, R).e(1), give(R)];
    cases.refuse(unassigned, "not written by what failed", value(&failed));
    let again = [load(R), ins(Op::Move).abc(3, 0, R).e(2), give(R)];
    cases.refuse(unassigned, "lost by what failed", value(&again));
    let argument = [load(R), ins(Op::Call).abc(R, 1, R), give(R)];
    cases.refuse(unassigned, "an argument", value(&argument));
    let turn = [
        load(R),
        ins(Op::Iter).abc(3, 0, R + 1).f(5),
        ins(Op::Move).abc(R, 0, R + 1).e(INFALLIBLE),
        load(R),
        ins(Op::Next).abc(0, 0, R + 1).f(2),
        load(R),
        give(R),
    ];
    cases.refuse(unassigned, "read by the next turn", value(&turn));
    let after = [ins(Op::Iter).abc(3, 0, R).f(2), ins(Op::Next).abc(0, 0, R).f(1), give(R)];
    cases.refuse(unassigned, "an element behind the loop", value(&after));
}

/// `has(user) ? 10000 : "send"`, returned.
fn either() -> Module {
    let code = [
        ins(Op::Has).abc(3, 0, 0).f(3).e(INFALLIBLE),
        ins(Op::LoadConst).abc(0, 0, R),
        ins(Op::Jump).f(4),
        ins(Op::LoadConst).abc(0, 1, R),
        ins(Op::Return).abc(R, 0, 0).e(INFALLIBLE),
    ];
    ready(VALUE, 2, 0, &code)
}

/// The row of a type.
fn row(module: &Module, wanted: &TypeRow) -> u16 {
    let at = module.types.iter().position(|row| row == wanted);
    u16::try_from(at.unwrap()).unwrap()
}

fn joins(cases: &mut Cases) {
    assert_eq!(either().functions[0].frames.len(), 1, "one register of two types");
    cases.accept(16, "a join of two types", either());
    let mut never_read = either();
    never_read.functions[0].frames.clear();
    cases.refuse("Unassigned", "a join of two types that nothing declares", never_read);
    let mut changed = either();
    changed.functions[0].frames[0].ty = row(&changed, &TypeRow::Int);
    cases.refuse("FrameType", "a type that one edge does not have", changed);
    let mut extra = either();
    let ty = extra.functions[0].frames[0].ty;
    extra.functions[0].frames.insert(0, FrameRow { at: 3, register: R, ty });
    cases.refuse("FrameUnused", "a row about no join", extra.clone());
    extra.functions[0].frames.swap(0, 1);
    cases.refuse("FrameOrder", "rows out of order", extra.clone());
    extra.functions[0].frames = vec![FrameRow { at: 4, register: 0, ty }];
    cases.refuse("FrameOrder", "a row about a slot", extra.clone());
    extra.functions[0].frames = vec![FrameRow { at: 9, register: R, ty }];
    cases.refuse("FrameOrder", "a row behind the function", extra.clone());
    extra.functions[0].frames = vec![FrameRow { at: 5, register: R, ty }];
    cases.refuse("FrameOrder", "a row at the end of the function", extra.clone());
    let types = u16::try_from(extra.types.len()).unwrap();
    extra.functions[0].frames = vec![FrameRow { at: 4, register: R, ty: types }];
    cases.refuse("FrameOrder", "a row with a type that is not there", extra.clone());
    extra.functions[0].frames = vec![FrameRow { at: 4, register: R, ty }; 2];
    cases.refuse("FrameOrder", "a row twice", extra);
    let read = |op: Op| {
        let code =
            [ins(op).abc(2, 0, if op == Op::Move { R } else { 0 }), ins(Op::Jump).f(EXIT_FALSE)];
        ready(CONDITION, 1, 1, &code)
    };
    cases.refuse("RowsRead", "columns as a value", read(Op::Move));
    cases.refuse("RowsRead", "columns in an equality", read(Op::EqualConst));
    let pairs = ins(Op::Iter).abc(2, 0, R).x(X_PAIRS);
    cases.refuse("RowsRead", "columns with an index", ready(CONDITION, 4, 1, &[pairs]));
}

/// What a join makes of others, and of more than two ways.
fn joins_of_joins(cases: &mut Cases) {
    let has = |to| ins(Op::Has).abc(3, 0, 0).f(to).e(INFALLIBLE);
    let load = |constant| ins(Op::LoadConst).abc(0, constant, R);
    let give = ins(Op::Return).abc(R, 0, 0).e(INFALLIBLE);
    let joined = |code: &[Instruction]| {
        let module = ready(VALUE, 2, 0, code);
        let at: Vec<u16> = module.functions[0].frames.iter().map(|row| row.at).collect();
        (module, at)
    };
    let first = [has(3), load(0), ins(Op::Jump).f(4), load(1)];
    let (module, at) = joined(&[&first[..], &[has(6), ins(Op::Jump).f(7), load(2), give]].concat());
    assert_eq!(at, [4, 7], "what the second join is made of is read too");
    cases.accept(16, "a join of a join", module);
    let three = [has(3), load(0), ins(Op::Jump).f(7), has(6), load(1), ins(Op::Jump).f(7), load(2)];
    let (module, at) = joined(&[&three[..], &[give]].concat());
    assert_eq!(at, [7]);
    cases.accept(16, "a join of three types", module);
    let (module, at) = joined(&[&first[..], &[load(2), give]].concat());
    assert!(at.is_empty(), "nothing reads what was joined");
    cases.accept(16, "a join that nothing reads", module);
}

/// A condition with what it claims: annotating takes claims back that nothing proves.
fn claim(code: &[Instruction]) -> Module {
    let mut module = ready(CONDITION, 3, 1, code);
    for (ins, claimed) in module.code.iter_mut().zip(code) {
        ins.e = claimed.e;
    }
    module
}

fn proofs(cases: &mut Cases) {
    let sure = |op: Op| ins(op).e(INFALLIBLE);
    let has = |slot| sure(Op::Has).abc(slot, 0, 0);
    cases.accept(17, "a required int", claim(&[sure(Op::CompareInt).abc(0, 0, 0).x(X_GREATER)]));
    cases.accept(17, "a required string", claim(&[sure(Op::StartsWith).abc(1, 1, 0)]));
    cases.accept(17, "equality of what is there", claim(&[sure(Op::EqualConst).abc(1, 0, 0)]));
    cases.accept(17, "two ints", claim(&[sure(Op::Compare).abc(0, 0, 0).x(X_EQUAL)]));
    cases.accept(
        17,
        "the size of a required list",
        claim(&[sure(Op::CompareSize).abc(2, 0, 0).x(X_EQUAL)]),
    );
    for size in [Op::CompareSize, Op::Size] {
        let (to, x) = if size == Op::Size { (R, 0) } else { (0, X_EQUAL) };
        let code = [ins(Op::LoadConst).abc(0, 6, R), sure(size).abc(R, 0, to).x(x), has(3)];
        cases.accept(17, "the size of bytes", claim(&code));
        let code = [sure(size).abc(1, 0, to).x(x), has(3)];
        cases.accept(17, "the size of a text", claim(&code));
    }
    let mut called = small(CONDITION, 0, 0, &[ins(Op::Test).abc(1, 0, 0)]);
    add_function(&mut called, CONDITION, &[sure(Op::Has).abc(3, 0, 0)], (R, 0), 0);
    annotate(&mut called);
    called.code[0].e = INFALLIBLE;
    cases.accept(17, "a condition that cannot fail", called);
    cases.accept(
        17,
        "a constant",
        claim(&[ins(Op::LoadConst).abc(0, 2, R), sure(Op::Flag).abc(R, 0, 0)]),
    );
    cases.accept(
        17,
        "a number of doubles",
        claim(&[
            ins(Op::LoadConst).abc(0, 5, R),
            sure(Op::Divide).abc(R, R, R),
            ins(Op::CompareInt).abc(R, 0, 0).x(X_GREATER).e(INFALLIBLE),
        ]),
    );
    cases.accept(
        17,
        "elements of a constant list",
        claim(&[
            ins(Op::LoadConst).abc(0, 11, R),
            sure(Op::Iter).abc(R, 0, R + 1).x(X_PAIRS),
            sure(Op::EqualConst).abc(R + 1, 0, 0).f(3),
            ins(Op::Next).abc(0, 0, R + 1).x(X_PAIRS).f(2),
        ]),
    );
}

fn missing_proofs(cases: &mut Cases) {
    let sure = |op: Op| ins(op).e(INFALLIBLE);
    let fallible = "Fallible";
    cases.refuse(fallible, "an optional value", claim(&[sure(Op::EqualConst).abc(3, 0, 0)]));
    cases.refuse(
        fallible,
        "text as a number",
        claim(&[sure(Op::CompareInt).abc(1, 0, 0).x(X_GREATER)]),
    );
    cases.refuse(fallible, "a number as text", claim(&[sure(Op::Contains).abc(0, 1, 0)]));
    cases.refuse(fallible, "an int as a bool", claim(&[sure(Op::Flag)]));
    cases.refuse(
        fallible,
        "an int as a list",
        claim(&[sure(Op::Iter).abc(0, 0, R), ins(Op::Jump).f(EXIT_FALSE)]),
    );
    cases.refuse(
        fallible,
        "a sum of ints",
        claim(&[sure(Op::Add).abc(0, 0, R), sure(Op::Has).abc(3, 0, 0)]),
    );
    cases.refuse(
        fallible,
        "text and a number",
        claim(&[sure(Op::Compare).abc(0, 1, 0).x(X_EQUAL)]),
    );
    cases.refuse(
        fallible,
        "text of the wrong kind",
        claim(&[sure(Op::CompareOther).abc(0, 1, 0).x(X_EQUAL)]),
    );
    cases.refuse(fallible, "an element of an int", claim(&[sure(Op::Holds).abc(0, 0, 0)]));
    cases.refuse(fallible, "a key of an int", claim(&[sure(Op::HasKey).abc(0, 1, 0)]));
    cases.refuse(fallible, "a level", claim(&[sure(Op::Has).abc(3, 0, 0).x(X_LEVEL)]));
    cases.refuse(fallible, "a failure", claim(&[sure(Op::Fail).abc(0, 1, 0)]));
    cases.refuse(
        fallible,
        "a call",
        claim(&[sure(Op::Call).abc(0, 1, R), sure(Op::Has).abc(3, 0, 0)]),
    );
    cases.refuse(
        fallible,
        "an error that was kept",
        claim(&[ins(Op::Catch).abc(0, 0, R), sure(Op::EqualConst).abc(R, 0, 0)]),
    );
    cases.refuse(
        fallible,
        "whether an error is there",
        claim(&[ins(Op::Catch).abc(0, 0, R), sure(Op::Has).abc(R, 0, 0)]),
    );
    let mut test = whole();
    test.code[1].e = INFALLIBLE;
    cases.refuse(fallible, "a condition that can fail", test);
    let mut twice = small(CONDITION, 0, 0, &[ins(Op::Test).abc(1, 0, 0)]);
    add_function(&mut twice, CONDITION, &[ins(Op::Flag).abc(3, 0, 0); 2], (R, 0), 0);
    annotate(&mut twice);
    twice.code[0].e = INFALLIBLE;
    cases.refuse(fallible, "a condition that can fail at two places", twice.clone());
    twice.code[1] = ins(Op::Iter).abc(3, 0, R);
    twice.functions[1].registers = 1;
    twice.functions[1].cursors = 1;
    annotate(&mut twice);
    twice.code[0].e = INFALLIBLE;
    twice.code[2].e = EXIT_FALSE;
    cases.refuse(fallible, "a condition whose loop can fail", twice);
    entries(cases);
}

/// Keys and values of a map that is walked through are of its types.
fn entries(cases: &mut Cases) {
    let walked = |then: Instruction| {
        let code = [
            ins(Op::LoadConst).abc(0, 13, R),
            ins(Op::Iter).abc(R, 0, R + 1).x(X_PAIRS).e(INFALLIBLE),
            then.f(3),
            ins(Op::Next).abc(0, 0, R + 1).x(X_PAIRS).f(2),
        ];
        let mut module = small(CONDITION, 3, 1, &code);
        let entries = [("a", 1), ("b", 2)];
        let entries =
            entries.map(|(key, value)| (Constant::String(key.into()), Constant::Int(value)));
        module.constants.push(Constant::Map(entries.to_vec()));
        annotate(&mut module);
        module.code[2].e = INFALLIBLE;
        module
    };
    let (key, value) = (R + 1, R + 2);
    cases.accept(17, "keys are strings", walked(ins(Op::StartsWith).abc(key, 1, 0)));
    cases.accept(17, "values are ints", walked(ins(Op::CompareInt).abc(value, 0, 0).x(X_GREATER)));
    cases.refuse("Fallible", "values are no strings", walked(ins(Op::StartsWith).abc(value, 1, 0)));
}

fn presence(cases: &mut Cases) {
    let sure = |op: Op| ins(op).e(INFALLIBLE);
    let equal = sure(Op::EqualConst).abc(3, 0, 0);
    let has = sure(Op::Has).abc(3, 0, 0);
    cases.accept(17, "what was asked for", claim(&[has, equal]));
    let inverted = claim(&[has.x(X_INVERT).f(1), equal]);
    cases.refuse("Fallible", "what may not be there", inverted);
    cases.accept(
        17,
        "what was asked for, inverted",
        claim(&[has.x(X_INVERT).f(2), ins(Op::Jump).f(EXIT_FALSE), equal]),
    );
    cases.refuse("Fallible", "asked for on one way only", claim(&[has.f(1), equal]));
    let level = ins(Op::Has).abc(3, 0, 0).x(X_LEVEL).f(0xFFFD);
    cases.accept(17, "a level that is there", claim(&[level, equal]));
    let column = |register: u16| {
        claim(&[
            sure(Op::Iter).abc(2, 0, R),
            sure(Op::EqualConst).abc(register, 0, 0).f(2),
            ins(Op::Next).abc(0, 0, R).f(1),
        ])
    };
    cases.accept(17, "a required column", column(R));
    cases.refuse("Fallible", "an optional column", column(R + 1));
    let mut typed = small(CONDITION, 0, 0, &[has, sure(Op::Flag).abc(3, 0, 0)]);
    typed.types.push(TypeRow::Bool);
    typed.requirements.push(Requirement { slot: 3, ty: 5, optional: true, keyed: NONE });
    typed.rules[0].requirements = 4;
    annotate(&mut typed);
    assert_eq!(typed.code[1].e, INFALLIBLE, "the rule asks for a bool");
    cases.accept(17, "a type that the rule asks for", typed);
    behind_another(cases);
    together(cases);
    callers(cases);
}

/// What one function finds and writes the next does not know.
fn behind_another(cases: &mut Cases) {
    let behind = |first: &[Instruction], second: &[Instruction]| {
        let mut module = small(CONDITION, 1, 0, first);
        add_function(&mut module, CONDITION, second, (R, 1), 0);
        let id = string(&module, "cel");
        let rule = RuleRow { id, function: 1, first_outcome: 1, ..module.rules[0].clone() };
        module.rules.push(RuleRow { first_requirement: 3, requirements: 0, ..rule });
        module.outcomes.push(module.outcomes[0].clone());
        module.index.always.push(1);
        annotate(&mut module);
        for (ins, claimed) in module.code.iter_mut().zip(first.iter().chain(second)) {
            ins.e = claimed.e;
        }
        module
    };
    let has = ins(Op::Has).abc(3, 0, 0).e(INFALLIBLE);
    let equal = ins(Op::EqualConst).abc(3, 0, 0).e(INFALLIBLE);
    cases.accept(17, "what both ask for", behind(&[has, equal], &[has, equal]));
    cases.refuse("Fallible", "what the one before asks for", behind(&[has, equal], &[equal]));
    let write = ins(Op::LoadConst).abc(0, 0, R).e(INFALLIBLE);
    let read = ins(Op::EqualConst).abc(R, 0, 0).e(INFALLIBLE);
    cases.accept(15, "a register that both write", behind(&[write, read], &[write, read]));
    cases.refuse("Unassigned", ".. and one that the next reads", behind(&[write, read], &[read]));
}

/// Requirements of one slot that say together what none says alone: that it is there, a bool.
fn together(cases: &mut Cases) {
    let asks = |rows: &[(u16, bool)]| {
        let mut module = small(CONDITION, 0, 0, &[ins(Op::Flag).abc(3, 0, 0).e(INFALLIBLE)]);
        module.types.push(TypeRow::Bool);
        for &(ty, optional) in rows {
            module.requirements.push(Requirement { slot: 3, ty, optional, keyed: NONE });
            module.rules[0].requirements += 1;
        }
        annotate(&mut module);
        module.code[0].e = INFALLIBLE;
        module
    };
    cases.accept(17, "a bool, and there", asks(&[(5, true), (NONE, false)]));
    cases.accept(17, "a bool that is there, and there", asks(&[(5, false), (NONE, false)]));
    cases.refuse("Fallible", "there, of any type", asks(&[(NONE, false), (NONE, true)]));
    cases.refuse("Fallible", "a bool if it is there", asks(&[(5, true), (NONE, true)]));
}

/// A function for the messages of two rules: what one of them asks is not enough.
fn callers(cases: &mut Cases) {
    let called = |both: bool, optional: bool| {
        let mut module = rich();
        module.rules[1].shadow = optional;
        for row in &mut module.requirements[3..6] {
            row.optional = optional;
        }
        if both {
            module.outcomes[1].template = 0;
        }
        let first = usize::try_from(module.functions[3].first).unwrap();
        module.code[first + 1] = ins(Op::InSet).abc(1, 0, 0).f(5);
        annotate(&mut module);
        module.code[first + 1].e = INFALLIBLE;
        module
    };
    cases.accept(17, "what the one caller asks", called(false, true));
    cases.accept(17, "what both callers ask", called(true, false));
    cases.refuse("Fallible", "what one of two callers asks", called(true, true));
    let mut third = called(true, false);
    third.requirements[5].optional = true;
    let first = usize::try_from(third.functions[3].first).unwrap();
    third.code[first + 1] = ins(Op::CompareSize).abc(2, 0, 0).x(X_EQUAL).f(5);
    annotate(&mut third);
    third.code[first + 1].e = INFALLIBLE;
    cases.refuse("Fallible", "the third of three slots, which one does not ask", third);
    types_of_callers(cases);
}

/// .. and of what type something is, where both ask that, though neither asks that it is there.
fn types_of_callers(cases: &mut Cases) {
    let asked = |one: u16, other: u16| {
        let mut module = rich();
        module.types.push(TypeRow::Bool);
        for (at, ty) in [(3, one), (7, other)] {
            module
                .requirements
                .insert(at, Requirement { slot: 3, ty, optional: true, keyed: NONE });
        }
        (module.rules[0].requirements, module.rules[1].requirements) = (4, 4);
        module.rules[1].first_requirement = 4;
        module.outputs[0].first_requirement = 8;
        module.govern.terms[0].first_requirement = 9;
        module.outcomes[1].template = 0;
        let first = usize::try_from(module.functions[3].first).unwrap();
        module.code[first + 1] = ins(Op::Flag).abc(3, 0, 0).f(5);
        annotate(&mut module);
        module.code[first + 1].e = INFALLIBLE;
        module
    };
    cases.accept(17, "a type that both callers ask", asked(5, 5));
    cases.refuse("Fallible", "a type that one of two callers asks", asked(5, 1));
    cases.refuse("Fallible", "a type that one caller asks, and the other none", asked(5, NONE));
}

fn costs(cases: &mut Cases) {
    let costly = whole();
    let each = costly.functions[2].cost;
    // Eight turns of compare, pend and next, one of them with the jump; start and end.
    assert!((8 * 3..=8 * 4 + 3).contains(&each), "a list of at most eight: {each}");
    cases.accept(23, "declared costs", costly);
    cases.change("Cost", "a function that costs less", |module| module.functions[0].cost -= 1);
    cases.change("Cost", "a function that costs more", |module| module.functions[3].cost += 1);
    cases.change("DecisionCost", "a decision that costs less", |module| module.manifest.cost -= 1);
    cases.change("Metered", "costs that nobody need count", |module| {
        module.manifest.metered = true;
    });
    let mut long = small(CONDITION, 9, 9, &[]);
    long.code.clear();
    long.functions.clear();
    let mut code = Vec::new();
    for at in 0..2 {
        let empty = if at == 0 { EXIT_FALSE } else { 3 };
        code.push(ins(Op::Iter).abc(3, at, R + at).f(empty));
    }
    code.push(ins(Op::Next).abc(0, 1, R + 1).f(2));
    code.push(ins(Op::Next).abc(0, 0, R).f(1));
    let mut long = ready(CONDITION, 2, 2, &code);
    assert!(long.manifest.metered && long.functions[0].cost > 10_000_000_000);
    cases.accept(23, "a loop in a loop is metered", long.clone());
    long.manifest.metered = false;
    cases.refuse("Metered", "a loop in a loop that nobody counts", long);
}

/// A list of the first items, which the loop leaves by a `break` as soon as one has a price; what
/// walks it counts what earlier turns put into it.
fn left_early() -> Module {
    let code = [
        ins(Op::Build).abc(0, 0, 0),
        ins(Op::Iter).abc(2, 1, R).f(EXIT_FALSE).e(INFALLIBLE),
        ins(Op::CompareUint).abc(R + 1, 4, 0).x(X_EQUAL).f(4).e(4),
        ins(Op::Jump).f(7),
        ins(Op::Append).abc(R, 0, 0),
        ins(Op::Next).abc(0, 1, R).f(2),
        ins(Op::Jump).f(EXIT_FALSE),
        ins(Op::EndList).abc(0, 0, R + 2),
        ins(Op::Iter).abc(R + 2, 1, R + 3).f(EXIT_FALSE),
        ins(Op::Next).abc(0, 1, R + 3).f(9),
    ];
    ready(CONDITION, 4, 2, &code)
}

fn built(cases: &mut Cases) {
    let early = left_early();
    // Eight turns of compare, append and next, and eight of next; start and end.
    let cost = early.functions[0].cost;
    assert!((8 * 3 + 8..=8 * 3 + 8 + 8).contains(&cost), "a list of at most eight: {cost}");
    cases.accept(23, "a list behind a loop that was left early", early.clone());
    let mut forged = early;
    forged.functions[0].cost -= 7;
    cases.refuse("Cost", "a list of one turn behind a loop that was left early", forged);
}

fn results(cases: &mut Cases) {
    let mut returned = either();
    let int = row(&returned, &TypeRow::Int);
    returned.functions[0].kind = FunctionKind::Value(int);
    cases.refuse("ReturnType", "any value as an int", returned.clone());
    returned.functions[0].kind = FunctionKind::Value(99);
    cases.refuse("FunctionType", "a type that is not there", returned);
    cases.accept(31, "steps within bounds", whole());
    let count: u16 = 4_000;
    let mut code: Vec<Instruction> = Vec::new();
    for at in 0..count {
        code.push(ins(Op::EqualConst).abc(3, 0, 0).f(at + 1).e(at + 1));
    }
    code.push(ins(Op::EqualConst).abc(3, 0, 0));
    let many = ready(CONDITION, 16_000, 0, &code);
    cases.refuse("TooComplex", "many registers and many jumps", many);
    for ins in &mut code {
        ins.f = EXIT_FALSE;
    }
    let many = ready(CONDITION, 16_000, 0, &code);
    cases.refuse("TooComplex", "many registers and many failures", many);
    // A way takes one place more than it has registers, and gives back what it took.
    for (jumps, registers, waits) in [
        (60_u16, 16_000, false),
        (70, 16_000, true),
        (128, 8_191, false),
        (200, 5_241, false),
        (200, 5_242, true),
    ] {
        let mut code = vec![ins(Op::EqualConst).abc(3, 0, 0).f(1)];
        for at in 0..jumps {
            code.push(ins(Op::EqualConst).abc(3, 0, 0).f(1 + jumps + at));
        }
        code.extend(vec![ins(Op::EqualConst).abc(3, 0, 0); usize::from(jumps)]);
        let mut module = small(CONDITION, registers, 0, &code);
        // Text pays for steps.
        module.templates = vec![vec![TemplatePart::Text(0); 4_000]];
        module.outcomes[0].template = 0;
        annotate(&mut module);
        if waits {
            cases.refuse("Waiting", "many registers that wait", module);
        } else {
            cases.accept(31, "registers that wait within bounds", module);
        }
    }
}
