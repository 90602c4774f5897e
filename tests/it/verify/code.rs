//! Cases of V10 to V14, V18, V19, V22, V24 and V25: the form of the code.

use policyc::lang::opcodes::{
    EXIT_ERROR, EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, NO_ATOM, Op, X_COLD, X_EQUAL,
    X_GREATER, X_INVERT, X_LESS, X_PAIRS, X_PART,
};
use policyc::runtime::bundle::module::{FunctionKind, Module};

use super::{Cases, whole};
use crate::support::module::{R, Words, add_function, ins, ready, small};

const CONDITION: FunctionKind = FunctionKind::Condition;
const VALUE: FunctionKind = FunctionKind::Value(2);

pub(super) fn cases(cases: &mut Cases) {
    partition(cases);
    operands(cases);
    targets(cases);
    loops(cases);
    calls(cases);
    exits(cases);
}

fn condition(code: &[Instruction]) -> Module {
    ready(CONDITION, 4, 2, code)
}

fn compare() -> Instruction {
    ins(Op::CompareInt).abc(0, 0, 0).x(X_GREATER)
}

fn partition(cases: &mut Cases) {
    cases.accept(10, "functions that partition the code", whole());
    let partition = "Partition";
    cases.change(partition, "an empty function", |module| module.functions[0].len = 0);
    cases.change(partition, "a gap", |module| module.functions[1].first += 1);
    cases.change(partition, "more than there is", |module| {
        module.functions[4].len += 1;
    });
    // The end of a function is T: it is no mark, or what leads nowhere would lead there.
    cases.accept(10, "the longest function", condition(&vec![compare(); 65_531]));
    cases.refuse(partition, "a function that ends at a mark", condition(&vec![compare(); 65_532]));
    cases.change("CodeLeft", "code of no function", |module| module.code.push(ins(Op::Jump)));
}

fn operands(cases: &mut Cases) {
    let flags = "Flags";
    cases.accept(
        11,
        "flags that mean something",
        condition(&[compare().x(X_LESS | X_INVERT | X_COLD | X_PART)]),
    );
    cases.refuse(flags, "no relation", condition(&[compare().x(0)]));
    cases.refuse(flags, "every relation", condition(&[compare().x(X_LESS | X_EQUAL | X_GREATER)]));
    cases.refuse(flags, "a relation of equality", condition(&[ins(Op::EqualConst).x(X_LESS)]));
    cases.refuse(flags, "an inverted value", condition(&[ins(Op::Move).abc(0, 0, R).x(X_INVERT)]));
    cases.refuse(flags, "an unknown bit", condition(&[compare().x(X_GREATER | 1 << 5)]));
    cases.refuse("NotZero", "an operand too many", condition(&[compare().abc(0, 0, 1)]));
    let unused = condition(&[ins(Op::Move).abc(0, 0, R).f(EXIT_FALSE), compare()]);
    cases.refuse("NotNowhere", "a value with F", unused);
    cases.refuse(
        "NotNowhere",
        "a jump that fails",
        condition(&[ins(Op::Jump).f(1).e(EXIT_ERROR), compare()]),
    );

    cases.accept(12, "slots and own registers", whole());
    cases.refuse("Register", "a register of nobody", condition(&[compare().abc(R + 4, 0, 0)]));
    let call = [ins(Op::LoadConst).abc(0, 0, R), ins(Op::Call).abc(R + 3, 1, R), compare()];
    cases.refuse("Register", "an argument too far", condition(&call));
    let mixed = [ins(Op::LoadConst).abc(0, 0, R), ins(Op::Call).abc(R - 1, 1, R), compare()];
    cases.refuse("Register", "arguments half in slots", condition(&mixed));
    cases.change("Window", "registers over slots", |module| {
        module.functions[0].first_register = 2;
    });

    cases.accept(13, "operands of the right kind", whole());
    let reference = "Reference";
    cases.refuse(reference, "no such constant", condition(&[compare().abc(0, 99, 0)]));
    cases.refuse(reference, "no such set", condition(&[ins(Op::InSet).abc(0, 9, 0)]));
    cases.refuse(reference, "no such pattern", condition(&[ins(Op::Matches).abc(1, 9, 0)]));
    cases.refuse(reference, "no such function", condition(&[ins(Op::Test).abc(9, 0, 0)]));
    cases.refuse(reference, "no such list", condition(&[ins(Op::CallAny).abc(R, 9, R), compare()]));
    cases.refuse(
        reference,
        "no such host",
        condition(&[ins(Op::CallHost).abc(R, 9, R), compare()]),
    );
    cases.refuse(reference, "no such cursor", condition(&[ins(Op::Build).abc(0, 2, 0), compare()]));
    let outcome = [ins(Op::Decide).abc(0, 2, 0)];
    cases.refuse(reference, "no such outcome", ready(FunctionKind::Decision, 0, 0, &outcome));
    let kind = "ConstantKind";
    cases.refuse(kind, "an int against text", condition(&[compare().abc(0, 1, 0)]));
    cases.refuse(kind, "a uint against an int", condition(&[ins(Op::CompareUint).x(X_LESS)]));
    cases.refuse(kind, "a double against an int", condition(&[ins(Op::CompareDouble).x(X_LESS)]));
    cases.refuse(
        kind,
        "an order of types",
        condition(&[ins(Op::CompareOther).abc(0, 9, 0).x(X_LESS)]),
    );
    cases.refuse(kind, "a prefix that is an int", condition(&[ins(Op::StartsWith).abc(1, 0, 0)]));
    cases.refuse(kind, "null as a key", condition(&[ins(Op::HasKey).abc(3, 3, 0)]));
    cases.change("FunctionOfKind", "a test of a value", |module| module.code[1].a = 3);
    let itself = [ins(Op::Need).abc(0, 0, R), compare()];
    cases.refuse("FunctionOfKind", "the value of a condition", condition(&itself));
    cases.refuse("ErrorClass", "no such class", condition(&[ins(Op::Fail).abc(0, 99, 0)]));
    cases.refuse("ErrorClass", "class 0", condition(&[ins(Op::Fail).abc(0, 0, 0)]));
    cases.refuse("Atom", "no such atom", condition(&[compare().w(2)]));
}

fn targets(cases: &mut Cases) {
    cases.accept(14, "jumps forward", condition(&[compare().f(1).e(1), compare()]));
    let backward = "Backward";
    cases.refuse(backward, "a jump to itself", condition(&[compare().f(0)]));
    cases.refuse(backward, "a jump back", condition(&[compare(), compare().e(0)]));
    cases.refuse(backward, "a jump out of the function", condition(&[compare().f(1)]));
    cases.refuse(backward, "F to nowhere", condition(&[compare().f(INFALLIBLE)]));
    let dead = [ins(Op::Jump).f(EXIT_TRUE), compare()];
    cases.refuse("Unreachable", "code behind a jump", condition(&dead));
    let end = [ins(Op::Iter).abc(2, 0, R).e(INFALLIBLE), ins(Op::LoopEnd), compare()];
    cases.refuse("Unreachable", "code that only T of a loop's end leads to", condition(&end));
}

/// `items.exists(i, i.price > 10000)`, told of its loop's instructions.
fn exists(change: impl FnOnce(&mut Vec<Instruction>)) -> Module {
    let mut code = vec![
        ins(Op::Iter).abc(2, 0, R).e(INFALLIBLE),
        ins(Op::CompareInt).abc(R + 1, 0, 0).x(X_GREATER).f(4).e(3),
        ins(Op::Jump).f(EXIT_TRUE),
        ins(Op::Pend),
        ins(Op::Next).abc(0, 0, R).f(1),
        ins(Op::LoopEnd),
    ];
    change(&mut code);
    condition(&code)
}

fn loops(cases: &mut Cases) {
    cases.accept(18, "a loop", exists(|_| {}));
    let all = exists(|code| code[5] = code[5].x(X_INVERT).f(EXIT_ERROR));
    cases.accept(18, "a loop that ends with T", all);
    let once = condition(&[ins(Op::Iter).abc(2, 0, R).e(INFALLIBLE), ins(Op::Jump).f(EXIT_TRUE)]);
    cases.accept(18, "a loop without a second turn", once);
    let next = "LoopNext";
    cases.refuse(next, "another cursor", exists(|code| code[4].b = 1));
    cases.refuse(next, "other registers", exists(|code| code[4].c = R + 1));
    cases.refuse(next, "pairs", exists(|code| code[4].x = X_PAIRS));
    cases.refuse(next, "into the middle", exists(|code| code[4].f = 2));
    cases.refuse(next, "to the start of the function", exists(|code| code[4].f = 0));
    let two = exists(|code| code.insert(5, ins(Op::Next).abc(0, 0, R).f(1)));
    cases.refuse(next, "two ends", two);
    let entry = "LoopEntry";
    cases.refuse(entry, "an empty loop into its body", exists(|code| code[0].f = 4));
    let mut outside = exists(|_| {}).code;
    outside.insert(0, compare().f(4));
    for ins in &mut outside[1..] {
        for target in [&mut ins.f, &mut ins.e] {
            *target += u16::from(*target < 9);
        }
    }
    cases.refuse(entry, "from before the loop", condition(&outside));
    let overlap = [
        ins(Op::Iter).abc(2, 0, R).e(INFALLIBLE),
        ins(Op::Iter).abc(2, 1, R + 2).e(INFALLIBLE),
        ins(Op::Next).abc(0, 0, R).f(1),
        ins(Op::Next).abc(0, 1, R + 2).f(2),
    ];
    cases.refuse("LoopNesting", "loops that overlap", condition(&overlap));
    cases.refuse("LoopDepth", "nine loops", nested(9));
    cases.accept(18, "eight loops", nested(8));
    let busy = [
        ins(Op::Iter).abc(2, 0, R).e(INFALLIBLE),
        ins(Op::Iter).abc(2, 0, R + 2).e(INFALLIBLE).f(2),
        ins(Op::Next).abc(0, 0, R).f(1),
    ];
    cases.refuse("CursorBusy", "one cursor for two loops", condition(&busy));
    let built = exists(|code| code[3] = ins(Op::Build));
    cases.refuse("CursorBusy", "a builder for a loop's cursor", built);
    cases.refuse("CursorIdle", "a failure of no loop", exists(|code| code[3].b = 1));
    cases.refuse("CursorIdle", "the end of no loop", exists(|code| code[5].b = 1));
    cases.refuse(
        "CursorIdle",
        "a count without a loop",
        condition(&[ins(Op::Counted).abc(0, 0, R), compare()]),
    );
    cases.refuse("AtomInLoop", "an atom in a loop", exists(|code| code[1].w = 0));
    builders(cases);
    builders_around_failures(cases);
}

/// This many loops inside one another.
fn nested(depth: u16) -> Module {
    let mut code = Vec::new();
    for at in 0..depth {
        let empty = if at == 0 { EXIT_FALSE } else { 2 * depth - at };
        let iter = ins(Op::Iter).abc(3, at, R + at).f(empty).e(EXIT_ERROR);
        code.push(iter);
    }
    for at in (0..depth).rev() {
        code.push(ins(Op::Next).abc(0, at, R + at).f(at + 1));
    }
    ready(CONDITION, depth, depth, &code)
}

fn builders(cases: &mut Cases) {
    let list = |change: fn(&mut Vec<Instruction>)| {
        let mut code = vec![
            ins(Op::Build),
            ins(Op::Append).abc(0, 0, 0),
            ins(Op::EndList).abc(0, 0, R),
            ins(Op::Return).abc(R, 0, 0),
        ];
        change(&mut code);
        ready(VALUE, 1, 2, &code)
    };
    cases.accept(18, "a list", list(|_| {}));
    let builder = "Builder";
    cases.refuse(
        builder,
        "a list that is not started",
        list(|code| code[0] = ins(Op::LoadConst).abc(0, 0, R)),
    );
    cases.refuse(builder, "a list that ends as a map", list(|code| code[2].op = Op::EndMap));
    cases.refuse(builder, "another builder", list(|code| code[1].b = 1));
    cases.refuse(
        builder,
        "an outer builder",
        list(|code| {
            code.insert(1, ins(Op::Build).abc(0, 1, 0));
            code.insert(2, ins(Op::Append).abc(0, 1, 0));
        }),
    );
    let unfinished = [
        ins(Op::Build),
        ins(Op::Iter).abc(3, 1, R).f(5),
        ins(Op::Append).abc(R, 0, 0),
        ins(Op::EndList).abc(0, 0, R + 1),
        ins(Op::Next).abc(0, 1, R).f(2),
        ins(Op::LoadConst).abc(0, 0, R),
        ins(Op::Return).abc(R, 0, 0),
    ];
    cases.refuse(builder, "a list that a turn ends", ready(VALUE, 2, 2, &unfinished));
    let mut once = unfinished;
    once[2] = ins(Op::LoadConst).abc(0, 0, R + 1);
    cases.refuse(builder, "a list that the first turn ends", ready(VALUE, 2, 2, &once));
    let left = [
        ins(Op::Build),
        ins(Op::Iter).abc(3, 1, R).f(7),
        ins(Op::Has).abc(4, 0, 0).f(5).e(INFALLIBLE),
        ins(Op::EndList).abc(0, 0, R + 1),
        ins(Op::Return).abc(R + 1, 0, 0),
        ins(Op::Append).abc(R, 0, 0),
        ins(Op::Next).abc(0, 1, R).f(2),
        ins(Op::Return).abc(3, 0, 0),
    ];
    cases.refuse(builder, "a list that ends inside the loop", ready(VALUE, 2, 2, &left));
    let two = [
        ins(Op::Has).abc(4, 0, 0).f(3).e(INFALLIBLE),
        ins(Op::Build),
        ins(Op::Jump).f(4),
        ins(Op::Build),
        ins(Op::EndList).abc(0, 0, R),
        ins(Op::Return).abc(R, 0, 0),
    ];
    cases.refuse(builder, "a list that starts in two places", ready(VALUE, 1, 1, &two));
}

/// A loop that notes elements that failed drops what was built in it: a builder around it is filled
/// behind it.
fn builders_around_failures(cases: &mut Cases) {
    let build = ins(Op::Build);
    let end = [ins(Op::EndList).abc(0, 0, R), ins(Op::Return).abc(R, 0, 0)];
    let value = [ins(Op::LoadConst).abc(0, 0, R), ins(Op::Return).abc(R, 0, 0)];
    let add = |register| ins(Op::Append).abc(register, 0, 0);
    // Loops over the list with cursors 1 and 2, the end of which lies at `to`.
    let (outer, inner) =
        (|to| ins(Op::Iter).abc(3, 1, R).f(to), |to| ins(Op::Iter).abc(3, 2, R + 2).f(to));
    let (outer_next, inner_next) =
        (|to| ins(Op::Next).abc(0, 1, R).f(to), |to| ins(Op::Next).abc(0, 2, R + 2).f(to));
    // What may fail, and where it leads then; what lies in front of `Pend` goes over it.
    let fails = |to| ins(Op::Move).abc(4, 0, R + 1).e(to);
    let over = |to| [ins(Op::Jump).f(to), ins(Op::Pend).abc(0, 1, 0)];
    let module = |parts: &[&[Instruction]]| ready(VALUE, 4, 3, &parts.concat());
    let within = module(&[
        &[outer(8), build, fails(6), add(R), ins(Op::EndList).abc(0, 0, R + 1)],
        &over(7),
        &[outer_next(1)],
        &value,
    ]);
    cases.accept(18, "a list of an element that may fail", within);
    let deeper = module(&[
        &[outer(10), build, inner(5), add(R + 2), inner_next(3)],
        &[ins(Op::EndList).abc(0, 0, R + 1), fails(8)],
        &over(9),
        &[outer_next(1)],
        &value,
    ]);
    cases.accept(18, "a list of a loop in an element that may fail", deeper);
    let mut between = over(6);
    between[1].b = 2;
    let behind = module(&[
        &[build, outer(9), inner(7), fails(5)],
        &between,
        &[inner_next(3), add(R), outer_next(2)],
        &end,
    ]);
    cases.accept(18, "a list that is filled behind a loop that notes failures", behind);
    let around = module(&[&[build, outer(7), fails(5), add(R)], &over(6), &[outer_next(2)], &end]);
    cases.refuse("BuilderDropped", "a list that is filled where failures are noted", around);
    let far = module(&[
        &[build, outer(9), inner(5), add(R + 2), inner_next(3), fails(7)],
        &over(8),
        &[outer_next(2)],
        &end,
    ]);
    cases.refuse("BuilderDropped", "a list that is filled in a loop where failures are noted", far);
    let [over_both, pend] = over(8);
    let twice = module(&[
        &[build, outer(9), fails(6), fails(7), add(R), over_both, pend, pend, outer_next(2)],
        &end,
    ]);
    cases.refuse("BuilderDropped", "a list that is filled where two failures are noted", twice);
}

/// Functions in a row, each testing the next; the last one compares.
fn chain(count: u16) -> Module {
    let mut module = small(CONDITION, 0, 0, &[ins(Op::Test).abc(1, 0, 0)]);
    for at in 1..count {
        let code = if at + 1 == count { compare() } else { ins(Op::Test).abc(at + 1, 0, 0) };
        add_function(&mut module, CONDITION, &[code], (R, 0), 0);
    }
    policyc::runtime::verify::annotate(&mut module);
    module
}

fn calls(cases: &mut Cases) {
    cases.accept(19, "sixteen calls", chain(16));
    cases.refuse("CallDepth", "seventeen calls", chain(17));
    cases.refuse("CallCycle", "a function that calls itself", condition(&[ins(Op::Test)]));
    let mut cycle = chain(3);
    cycle.code[2] = ins(Op::Test).abc(1, 0, 0);
    policyc::runtime::verify::annotate(&mut cycle);
    cases.refuse("CallCycle", "two functions that call each other", cycle);
    let mut overlap = chain(2);
    overlap.functions[0].registers = 1;
    cases.refuse("CallWindow", "registers of the caller", overlap);
    let mut overlap = chain(2);
    overlap.functions[0].cursors = 1;
    cases.refuse("CallWindow", "cursors of the caller", overlap);
    cases.accept(
        22,
        "a file as large as it may be",
        ready(CONDITION, 16_384 - R, 1_024, &[compare()]),
    );
    cases.refuse(
        "FileSize",
        "a file that is too large",
        ready(CONDITION, 16_385 - R, 0, &[compare()]),
    );
    cases.refuse("Cursors", "too many cursors", ready(CONDITION, 0, 1_025, &[compare()]));
}

fn exits(cases: &mut Cases) {
    let value = |code: &[Instruction]| ready(VALUE, 1, 0, code);
    let load = ins(Op::LoadConst).abc(0, 0, R);
    cases.accept(24, "a value", value(&[load, ins(Op::Return).abc(R, 0, 0)]));
    let decision = [compare(), ins(Op::Decide).w(NO_ATOM)];
    cases.accept(24, "a decision", ready(FunctionKind::Decision, 0, 0, &decision));
    cases.refuse("Exit", "T of a value", value(&[ins(Op::Jump).f(EXIT_TRUE)]));
    cases.refuse("Exit", "F of a value", value(&[ins(Op::Fail).abc(0, 1, 0).e(EXIT_FALSE)]));
    let outcome = [ins(Op::Jump).f(EXIT_TRUE)];
    cases.refuse("Exit", "T of a decision", ready(FunctionKind::Decision, 0, 0, &outcome));
    cases.refuse(
        "Exit",
        "a value of a condition",
        condition(&[load, ins(Op::Return).abc(R, 0, 0)]),
    );
    cases.refuse("Exit", "an outcome of a condition", condition(&[ins(Op::Decide)]));
    cases.refuse("FallOff", "a value without a return", value(&[load]));
    let silent = ready(FunctionKind::Decision, 0, 0, &[compare()]);
    cases.refuse("FallOff", "a decision without an outcome", silent);

    cases.accept(25, "registers are written", whole());
    let write = |to: u16| condition(&[ins(Op::LoadConst).abc(0, 0, to), compare()]);
    cases.refuse("WriteSlot", "a slot that is written", write(0));
    cases.refuse("WriteSlot", "a register of nobody", write(R + 4));
    let wide = condition(&[ins(Op::Iter).abc(2, 0, R + 3).e(INFALLIBLE), compare()]);
    cases.refuse("WriteSlot", "a column too far", wide);
}
