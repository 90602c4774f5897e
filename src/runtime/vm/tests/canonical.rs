//! The canonical form of decisions, which their digests are made of, written out.

use sha2::{Digest, Sha256};

use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::lang::opcodes::{EXIT_TRUE, Op};
use crate::runtime::bundle::module::{
    FunctionKind, NONE, OutputRow, Redaction, Step, TemplatePart, TypeRow, Withhold,
};
use crate::runtime::vm::canonical::{Canonical, digest_of_words};
use crate::runtime::vm::tests::{Sketch, decide, op, place, text};

fn sketch() -> Sketch {
    Sketch::new(vec![place("x", TypeRow::Dyn)])
}

/// Asks that the digest of the decision about a context is that of the text.
#[track_caller]
fn check(sketch: Sketch, context: &str, wanted: &str) {
    let program = sketch.program();
    let digest: [u8; 32] = Sha256::digest(format!("policyc.decision.v1\0{wanted}")).into();
    let mut canonical = Canonical::of(&program);
    decide(&program, context, |decision| {
        for _ in 0..2 {
            assert!(canonical.digest(decision) == digest, "{context} {wanted}");
        }
        let parts =
            [canonical.errors(), canonical.fired(), canonical.outputs(), canonical.reason()];
        assert!(parts.iter().all(|part| wanted.contains(part)), "{parts:?}");
    });
}

/// A value function that gives a constant.
fn gives(sketch: &mut Sketch, constant: Constant) -> u16 {
    let ty = sketch.ty(TypeRow::Dyn);
    let (register, constant) = (sketch.register(0), sketch.constant(constant));
    let code = [op(Op::LoadConst, 0, constant, register), op(Op::Return, register, 0, 0)];
    sketch.function(FunctionKind::Value(ty), false, &code)
}

/// A value function that gives `x`, which fails where it is not there.
fn gives_x(sketch: &mut Sketch) -> u16 {
    let ty = sketch.ty(TypeRow::Dyn);
    sketch.function(FunctionKind::Value(ty), false, &[op(Op::Return, 0, 0, 0)])
}

fn output(sketch: &mut Sketch, name: &str, function: u16, explanation: u16) {
    let name = sketch.string(name);
    let (first_requirement, requirements) = (0, 0);
    let row = OutputRow { name, function, explanation, first_requirement, requirements };
    sketch.module.outputs.push(row);
}

fn texts<const N: usize>(parts: [&str; N]) -> Constant {
    Constant::List(parts.map(text).to_vec())
}

#[test]
fn effects_rules_and_errors_are_told() {
    let silent = "\"fired\":[],\"obligations\":[],\"outputs\":{},\"reason\":\"\"}";
    check(sketch(), "{}", &format!("{{\"effect\":\"deny\",\"errors\":[],{silent}"));
    let mut open = sketch();
    open.module.manifest.default = None;
    check(open, "{}", &format!("{{\"effect\":null,\"errors\":[],{silent}"));
    let refused = "{\"effect\":\"deny\",\"errors\":[{\"class\":\"INPUT\",\"rule\":null}],";
    check(sketch(), "[]", &format!("{refused}{silent}"));

    let mut rules = sketch();
    for (id, code) in [
        ("first", op(Op::Fail, 0, EvalError::Zone as u16, 0)),
        ("\"second\"", op(Op::Jump, 0, 0, 0).to(EXIT_TRUE, 0)),
        ("third", op(Op::Fail, 0, EvalError::Overflow as u16, 0)),
        ("fourth", op(Op::Jump, 0, 0, 0).to(EXIT_TRUE, 0)),
    ] {
        let function = rules.function(FunctionKind::Condition, false, &[code]);
        rules.rule(id, function, Effect::Allow);
    }
    check(
        rules,
        "{}",
        "{\"effect\":\"allow\",\"errors\":[{\"class\":\"ZONE\",\"rule\":\"first\"},\
         {\"class\":\"OVERFLOW\",\"rule\":\"third\"}],\"fired\":[\"\\\"second\\\"\",\"fourth\"],\
         \"obligations\":[],\"outputs\":{},\"reason\":\"\"}",
    );
}

#[test]
fn outputs_and_what_explains_them_are_told_by_name() {
    let around = |outputs: &str, explanations: &str| {
        format!(
            "{{\"effect\":\"deny\",\"errors\":[],\"fired\":[],\"obligations\":[],\
             \"outputs\":{{{outputs}}},\"reason\":\"\"{explanations}}}"
        )
    };
    let mut plain = sketch();
    for (name, constant) in [
        ("b", Constant::Int(2)),
        ("c", Constant::Optional(None)),
        ("a", Constant::Optional(Some(Box::new(text("one"))))),
    ] {
        let function = gives(&mut plain, constant);
        output(&mut plain, name, function, NONE);
    }
    check(plain, "{}", &around("\"a\":\"one\",\"b\":2", ""));

    let mut explained = sketch();
    for (name, value, because) in [
        ("d", Constant::Int(4), texts(["later"])),
        ("c", Constant::Int(3), texts([])),
        ("b", Constant::Optional(None), texts(["nothing is there"])),
        ("a", Constant::Int(1), texts(["one", "and \"two\""])),
    ] {
        let value = gives(&mut explained, value);
        let because = gives(&mut explained, because);
        output(&mut explained, name, value, because);
    }
    let program = Sketch { module: explained.module.clone() }.program();
    decide(&program, "{}", |decision| {
        let because = [0, 1, 2, 3, 4].map(|at| decision.explanations(at));
        assert_eq!(because[3], ["one", "and \"two\""]);
        assert_eq!((because[0].as_slice(), because[1].len()), (&["later".to_owned()][..], 0));
        assert!(because[4].is_empty() && decision.failures().is_empty(), "no such output");
    });
    let because = ",\"explanations\":{\"a\":[\"one\",\"and \\\"two\\\"\"],\"d\":[\"later\"]}";
    check(explained, "{}", &around("\"a\":1,\"c\":3,\"d\":4", because));
}

#[test]
fn what_an_output_or_its_explanation_fails_with_is_told() {
    let missing = |errors: &str, outputs: &str| {
        format!(
            "{{\"effect\":\"deny\",\"errors\":[{errors}],\"fired\":[],\"obligations\":[],\
             \"outputs\":{{{outputs}}},\"reason\":\"\"}}"
        )
    };
    let failing = "{\"class\":\"NO_SUCH_KEY\",\"rule\":\"a\"}";
    let mut values = sketch();
    let function = gives_x(&mut values);
    let because = gives(&mut values, texts(["because"]));
    output(&mut values, "a", function, because);
    let function = gives(&mut values, Constant::Int(1));
    output(&mut values, "b", function, NONE);
    let program = Sketch { module: values.module.clone() }.program();
    decide(&program, "{}", |decision| {
        let because = [0, 1].map(|at| decision.explanations(at).len());
        assert_eq!((because, decision.failures().len()), ([0, 0], 1));
    });
    check(values, "{}", &missing(failing, "\"b\":1"));
    let mut explained = sketch();
    let function = gives(&mut explained, Constant::Int(1));
    let because = gives_x(&mut explained);
    output(&mut explained, "a", function, because);
    check(explained, "{}", &missing(failing, "\"a\":1"));
}

/// In the place of what tells of `x` the path of it stands; nothing explains such an output, and it
/// tells of no failure.
#[test]
fn what_tells_of_what_is_withheld_is_not_told() {
    let withheld = || {
        let mut sketch = sketch();
        let key = sketch.string("x");
        let row = Redaction { path: vec![Step::Key(key)], class: Withhold::Drop, facts: false };
        sketch.module.redactions.push(row);
        let function = gives_x(&mut sketch);
        let because = gives(&mut sketch, texts(["because"]));
        output(&mut sketch, "b", function, because);
        let function = gives(&mut sketch, Constant::Int(1));
        output(&mut sketch, "c", function, NONE);
        let function = gives_x(&mut sketch);
        output(&mut sketch, "a", function, NONE);
        let fires = op(Op::Jump, 0, 0, 0).to(EXIT_TRUE, 0);
        let function = sketch.function(FunctionKind::Condition, false, &[fires]);
        let rule = sketch.rule("r", function, Effect::Deny);
        let [before, behind] = ["<", ">"].map(|text| sketch.string(text));
        let value = gives_x(&mut sketch);
        let parts =
            [TemplatePart::Text(before), TemplatePart::Value(value), TemplatePart::Text(behind)];
        sketch.template(rule, parts.to_vec());
        sketch
    };
    let told = "{\"effect\":\"deny\",\"errors\":[],\"fired\":[\"r\"],\"obligations\":[],\
                \"outputs\":{\"a\":\"{/x}\",\"b\":\"{/x}\",\"c\":1},\"reason\":\"<{/x}>\"}";
    check(withheld(), r#"{"x":"secret"}"#, told);
    let program = withheld().program();
    decide(&program, r#"{"x":"secret"}"#, |decision| {
        assert_eq!(decision.reason(), "<secret>", "who is answered is told all");
        assert_eq!(decision.said(), "<{/x}>");
    });
}

#[test]
fn words_have_the_digest_of_the_decision_that_says_them() {
    let errors = "[{\"class\":\"ZONE\",\"rule\":\"a\"}]";
    for (effect, spelled) in [
        (Some(Effect::Allow), "\"allow\""),
        (Some(Effect::Escalate), "\"escalate\""),
        (None, "null"),
    ] {
        let wanted = format!(
            "policyc.decision.v1\0{{\"effect\":{spelled},\"errors\":{errors},\"fired\":[\"r\"],\
             \"obligations\":[],\"outputs\":{{}},\"reason\":\"a \\\"word\\\"\"}}"
        );
        let wanted: [u8; 32] = Sha256::digest(wanted).into();
        assert!(digest_of_words(effect, [errors, "[\"r\"]"], "a \"word\"") == Some(wanted));
    }
}

/// A decision that could not be recorded denies, and says nothing else.
#[test]
fn what_could_not_be_recorded_says_so_alone() {
    let mut sketch = sketch();
    let fires = op(Op::Jump, 0, 0, 0).to(EXIT_TRUE, 0);
    for shadow in [false, true] {
        let function = sketch.function(FunctionKind::Condition, false, &[fires]);
        let rule = sketch.rule("r", function, Effect::Allow);
        sketch.module.rules[usize::from(rule)].shadow = shadow;
    }
    let function = gives_x(&mut sketch);
    output(&mut sketch, "a", function, NONE);
    let program = sketch.program();
    let mut canonical = Canonical::of(&program);
    decide(&program, "{}", |decision| {
        assert!(decision.is_allowed() && !decision.is_unrecorded());
        assert_eq!((decision.failures().len(), decision.outputs().count()), (1, 1));
        decision.deny_unrecorded();
        assert!(decision.is_unrecorded());
        assert_eq!((decision.effect(), decision.winner()), (Some(Effect::Deny), None));
        let left = [decision.fired().len(), decision.shadow().len(), decision.failures().len()];
        assert_eq!((left, decision.outputs().count()), ([0; 3], 0));
        canonical.digest(decision);
    });
    assert_eq!(canonical.errors(), "[{\"class\":\"AUDIT\",\"rule\":null}]");
    assert_eq!((canonical.fired(), canonical.outputs()), ("[]", "{}"));
}
