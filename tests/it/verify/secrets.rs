//! Cases of V30: what messages and outputs must not tell.
//!
//! Slot 2 is a list in columns, slot 3 a list of the same objects as a whole: `name`, and `price`,
//! which is sensitive.

use policyc::lang::constant::Constant;
use policyc::lang::opcodes::{INFALLIBLE, Instruction, Op, X_PAIRS};
use policyc::runtime::bundle::govern::DenialRow;
use policyc::runtime::bundle::module::{
    FrameRow, FunctionKind, Module, NONE, NodeMode, PathNode, Requirement, SlotRow, TypeRow,
};
use policyc::runtime::verify::{annotate, verify};

use super::{Cases, whole};
use crate::support::module::{R, Words, add_function, ins, rich, small, string};

/// The types of an object and of a list of them, before rows that nothing names are taken out.
const OBJECT: u16 = 3;
const LIST: u16 = 5;
const ANY: FunctionKind = FunctionKind::Value(2);
/// The constants that are the names of the fields.
const NAME: u16 = 13;
const PRICE: u16 = 14;

pub(super) fn cases(cases: &mut Cases) {
    places(cases);
    columns(cases);
    walks(cases);
    lists(cases);
    calls(cases);
    types(cases);
    answers(cases);
}

/// Answers tell what their terms give: arguments of calls that are offered, parts of questions.
fn answers(cases: &mut Cases) {
    let told = |change: fn(&mut [DenialRow])| {
        let mut module = rich();
        module.paths[4].sensitive = true;
        let first = usize::try_from(module.functions[5].first).unwrap();
        module.code[first] = ins(Op::Move).abc(0, 0, R);
        change(&mut module.govern.denials);
        done(module)
    };
    let asks = |rows: &mut [DenialRow]| rows[2].offers[0].set[0].1 = NONE;
    let offers = |rows: &mut [DenialRow]| rows[1].question.truncate(1);
    cases.refuse("Told", "a question", told(asks));
    cases.refuse("Told", "an offer", told(offers));
    let neither = |rows: &mut [DenialRow]| {
        rows[2].offers[0].set[0].1 = NONE;
        rows[1].question.truncate(1);
    };
    cases.accept(30, "a term that no answer tells", told(neither));
}

/// The function of an output, with four registers and three cursors.
fn draft(code: &[Instruction]) -> Module {
    let mut module = small(ANY, 4, 3, code);
    module.constants.push(Constant::String("name".into()));
    module.constants.push(Constant::String("price".into()));
    let TypeRow::Record { fields, .. } = &mut module.types[usize::from(OBJECT)] else {
        panic!("an object")
    };
    fields[1].sensitive = true;
    module.paths[7].sensitive = true;
    module.types.push(TypeRow::List(OBJECT, None));
    module.paths[3].ty = LIST;
    module
}

fn done(mut module: Module) -> Module {
    annotate(&mut module);
    module
}

fn output(code: &[Instruction]) -> Module {
    done(draft(code))
}

fn give(from: u16) -> Instruction {
    ins(Op::Return).abc(from, 0, 0)
}

/// Element 10 000 of the list `from` to `to`.
fn element(from: u16, to: u16) -> [Instruction; 2] {
    [ins(Op::LoadConst).abc(0, 0, R), ins(Op::Index).abc(from, R, to)]
}

fn places(cases: &mut Cases) {
    assert!(verify(&whole()).is_ok(), "but for the mark nothing is wrong");
    cases.change("Told", "a message reads a sensitive place", |module| {
        module.paths[3].sensitive = true;
    });
    cases.change("Told", "an output reads a sensitive place", |module| {
        let moved = module.code.iter_mut().find(|ins| ins.op == Op::Move).unwrap();
        moved.a = 0;
        module.paths[4].sensitive = true;
    });
    let mut asked = draft(&[
        ins(Op::Has).abc(3, 0, 0).f(1).e(INFALLIBLE),
        ins(Op::LoadConst).abc(0, 0, R),
        give(R),
    ]);
    asked.paths[3].sensitive = true;
    cases.accept(30, "whether a sensitive place is there", done(asked));
    let mut rule = whole();
    rule.paths[4].sensitive = true;
    cases.accept(30, "a condition reads a sensitive place", rule);
    let mut child = draft(&[ins(Op::LoadConst).abc(0, 0, R + 1), give(R + 1)]);
    child.functions[0].first_register = R + 1;
    child.slots.push(SlotRow::Value(8));
    (child.paths[3].ty, child.paths[3].first_child, child.paths[3].children) = (OBJECT, 8, 1);
    let place = PathNode {
        key: string(&child, "price"),
        mode: NodeMode::Whole,
        first_child: 0,
        children: 0,
        slot: 6,
        sensitive: true,
        ..child.paths[7].clone()
    };
    child.paths.push(place);
    cases.accept(30, "a sensitive field with a place of its own", done(child.clone()));
    child.paths[8].sensitive = false;
    cases.refuse("Unmarked", "a place that is not marked as its field is", done(child));
}

fn columns(cases: &mut Cases) {
    let read = |ins: Instruction| {
        output(&[
            self::ins(Op::Iter).abc(2, 0, R).f(4),
            self::ins(Op::Has).abc(R + 1, 0, 0).f(3).e(INFALLIBLE),
            ins,
            self::ins(Op::Next).abc(0, 0, R).f(1),
            self::ins(Op::LoadConst).abc(0, 0, R),
            give(R),
        ])
    };
    cases.accept(30, "a column beside a sensitive one", read(give(R)));
    cases.refuse("Told", "a sensitive column", read(give(R + 1)));
    let moved = ins(Op::Move).abc(R + 1, 0, R + 2);
    cases.refuse("Told", "a sensitive column in another register", read(moved));
    let mut unmarked = read(give(R));
    unmarked.paths[7].sensitive = false;
    cases.refuse("Unmarked", "a column that is not marked as its field is", unmarked);
}

fn walks(cases: &mut Cases) {
    let field = |name: u16| {
        let select = ins(Op::Select).abc(R + 1, name, R + 2);
        output(&[element(3, R + 1).as_slice(), &[select, give(R + 2)]].concat())
    };
    cases.accept(30, "a field of an element", field(NAME));
    cases.refuse("Told", "a sensitive field of an element", field(PRICE));
    let size = output(&[ins(Op::Size).abc(3, 0, R), give(R)]);
    cases.accept(30, "the size of a list", size);
    cases.refuse("Told", "a whole list", output(&[give(3)]));
    let after = |rest: &[Instruction]| output(&[&element(3, R + 1), rest].concat());
    cases.refuse("Told", "an element", after(&[give(R + 1)]));
    let compared = [ins(Op::EqualConst).abc(R + 1, 0, 0).f(0xFFFD), give(R)];
    cases.refuse("Told", "what an element equals", after(&compared));
    let named = [ins(Op::LoadConst).abc(0, PRICE, R), ins(Op::Index).abc(R + 1, R, R + 2), give(R)];
    cases.refuse("Told", "a field by a key that nobody knows", after(&named));
    let entries = [ins(Op::Iter).abc(R + 1, 0, R + 2).x(X_PAIRS).f(3), give(R + 3), give(R)];
    cases.refuse("Told", "the entries of an object", after(&entries));
    let asked = [ins(Op::HasKey).abc(R + 1, PRICE, 0).f(3), give(R)];
    cases.accept(30, "whether an object has a sensitive field", after(&asked));
}

fn lists(cases: &mut Cases) {
    let both = [
        ins(Op::Build),
        ins(Op::Append).abc(3, 0, 0),
        ins(Op::LoadConst).abc(0, 0, R),
        ins(Op::Append).abc(R, 0, 0),
        ins(Op::EndList).abc(0, 0, R),
        give(R),
    ];
    cases.refuse("Told", "a slot that holds a secret, in a list with a number", output(&both));
    // 3.filter(..)[10000].FIELD, with something else in the list.
    let built = |more: &[Instruction], name: u16| {
        let start = [ins(Op::Build).abc(0, 1, 0)];
        let at = u16::try_from(1 + more.len()).unwrap();
        let turns = [
            ins(Op::Iter).abc(3, 0, R).f(at + 3),
            ins(Op::Append).abc(R, 1, 0),
            ins(Op::Next).abc(0, 0, R).f(at + 1),
            ins(Op::EndList).abc(0, 1, R + 3),
        ];
        let rest = [ins(Op::Select).abc(R + 1, name, R + 2), give(R + 2)];
        output(&[&start, more, &turns, &element(R + 3, R + 1), &rest].concat())
    };
    cases.accept(30, "a field of an element of a list that was built", built(&[], NAME));
    cases.refuse("Told", "a sensitive one", built(&[], PRICE));
    let other = [ins(Op::LoadConst).abc(0, 0, R + 2), ins(Op::Append).abc(R + 2, 1, 0)];
    cases.refuse("Told", "a list of objects and others", built(&other, NAME));
    // Lists of ints hold no secret, so a list of one of them and of a number is one of anything.
    let mut mixed = draft(&[
        ins(Op::Build),
        ins(Op::Append).abc(1, 0, 0),
        ins(Op::LoadConst).abc(0, 0, R),
        ins(Op::Append).abc(R, 0, 0),
        ins(Op::EndList).abc(0, 0, R),
        ins(Op::LoadConst).abc(0, 0, R + 2),
        ins(Op::Index).abc(R, R + 2, R + 1),
        ins(Op::Size).abc(R + 1, 0, R + 2),
        give(R + 2),
    ]);
    mixed.paths[5].ty = u16::try_from(mixed.types.len()).unwrap();
    mixed.types.push(TypeRow::List(0, None));
    let mut mixed = done(mixed);
    mixed.code[7].e = INFALLIBLE;
    cases.refuse("Fallible", "the size of an element of a list of lists and numbers", mixed);
    let put = [
        ins(Op::Build).abc(0, 1, 0),
        ins(Op::LoadConst).abc(0, NAME, R),
        ins(Op::Put).abc(R, 1, 3),
        ins(Op::EndMap).abc(0, 1, R),
        give(R),
    ];
    cases.refuse("Told", "a list in a map", output(&put));
}

fn calls(cases: &mut Cases) {
    // An output that measures, or returns, what another function gives.
    let through = |kind: FunctionKind, inner: &[Instruction], outer: &[Instruction]| {
        let call = match kind {
            FunctionKind::Value(_) => ins(Op::Need).abc(1, 0, R),
            FunctionKind::Condition | FunctionKind::Decision => {
                ins(Op::Test).abc(1, 0, 0).f(0xFFFD)
            }
        };
        let mut module = draft(&[&[call], outer].concat());
        add_function(&mut module, kind, inner, (R + 4, 2), 0);
        module.functions[1].first_cursor = 3;
        done(module)
    };
    let size = [ins(Op::Size).abc(R, 0, R + 1), give(R + 1)];
    let list = FunctionKind::Value(LIST);
    cases.accept(30, "the size of a list that a function gives", through(list, &[give(3)], &size));
    cases.refuse("Told", "the list", through(list, &[give(3)], &[give(R)]));
    cases.refuse("Told", "a list that is given as any value", through(ANY, &[give(3)], &size));
    let load = [ins(Op::LoadConst).abc(0, 0, R), give(R)];
    let asks = [ins(Op::EqualConst).abc(3, 0, 0)];
    cases.refuse("Told", "a condition", through(FunctionKind::Condition, &asks, &load));
}

fn types(cases: &mut Cases) {
    let asked = |name: u16| {
        let select = [ins(Op::Select).abc(R + 1, name, R + 2), give(R + 2)];
        let mut module = draft(&[element(3, R + 1).as_slice(), &select].concat());
        module.requirements = vec![Requirement { slot: 3, ty: 2, optional: true, keyed: NONE }];
        module.outputs[0].requirements = 1;
        done(module)
    };
    cases.accept(30, "a place has its type whatever is asked of it", asked(NAME));
    cases.refuse("Told", "a sensitive field of what any value is asked of", asked(PRICE));
    let code = [
        ins(Op::Has).abc(4, 0, 0).f(3).e(INFALLIBLE),
        ins(Op::Move).abc(3, 0, R),
        ins(Op::Jump).f(4),
        ins(Op::LoadConst).abc(0, 0, R),
        ins(Op::Size).abc(R, 0, R + 1),
        give(R + 1),
    ];
    let mut joined = output(&code);
    let any = joined.types.iter().position(|row| *row == TypeRow::Dyn).unwrap();
    let ty = u16::try_from(any).unwrap();
    joined.functions[0].frames = vec![FrameRow { at: 4, register: R, ty }];
    cases.refuse("Told", "a list or another value", joined);
}
