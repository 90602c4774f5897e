//! Rules together: which effects are possible, what these hang on, and what all that a digest
//! covers hangs on.

use policyc::lang::decision::Effect;
use policyc::runtime::vm::partial::decision::{AtomOutcomes, PartialDecision};
use policyc::runtime::vm::partial::unknown::Unknown;
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::ingest;
use policyc::runtime::vm::scratch::Scratch;

use crate::unknown_answers::{
    HIDE, NOW, SEAL, context, outcomes, paths, program, seal, shape, told,
};

/// The effects that are possible, and behind `<` what they hang on; behind `|` what the digest
/// hangs on, or behind `=` the message, where there is a digest.
pub(super) fn summary(decision: &PartialDecision, unknowns: &[Unknown]) -> String {
    let effects = decision.effects.iter().map(|effect| match effect {
        Some(Effect::Allow) => "allow",
        Some(Effect::Deny) => "deny",
        Some(Effect::Escalate) => "escalate",
        None => "none",
    });
    let mut all = effects.collect::<Vec<_>>().join(" ");
    if decision.refused {
        all = format!("refused or {all}");
    }
    if !decision.blockers.is_empty() {
        all = format!("{all} < {}", paths(&decision.blockers, unknowns));
    }
    assert_eq!(decision.report.is_some(), decision.reason.is_some());
    assert_eq!(decision.report.is_some(), decision.digest().is_some());
    assert_eq!(decision.report.is_some(), decision.canonical.is_some());
    assert!(decision.report.is_none() || decision.effects.len() == 1);
    let [only] = decision.effects.as_slice() else {
        assert_eq!(decision.effect(), None);
        return format!("{all} | {}", paths(&decision.open, unknowns));
    };
    assert_eq!(decision.effect(), Some(*only));
    match &decision.reason {
        Some(reason) => format!("{all} = {reason}").trim_end().to_owned(),
        None => format!("{all} | {}", paths(&decision.open, unknowns)),
    }
}

/// Lines `RULES => SUMMARY`, where a rule is `EFFECT when CONDITION`, and `;` stands between two.
#[track_caller]
fn all(withheld: &[(&str, &str)], table: &str) {
    let context = context(withheld);
    let mut wrong = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (rules, wanted) = line.split_once(" => ").expect("RULES => SUMMARY");
        let mut text = "rules:\n".to_owned();
        for (at, rule) in rules.split(';').enumerate() {
            let (effect, when) = rule.trim().split_once(" when ").expect("EFFECT when CONDITION");
            let effect = match effect {
                "allow" | "deny" => format!("{effect}: \"{at} spoke\""),
                "escalate" => format!("escalate: {{to: [\"role:x\"], reason: \"{at} spoke\"}}"),
                "told" => "allow: \"i is {i}\"".to_owned(),
                "fails" => "allow: \"it is {1 / (j - 6)}\"".to_owned(),
                other => format!("mode: shadow\n    {other}: no"),
            };
            let effect = effect.replace("shadow-", "");
            text.push_str(&format!("  - id: r{at}\n    when: {when:?}\n    {effect}\n"));
        }
        let (decision, unknowns) = told(&program(&text), &context, None);
        let found = summary(&decision, &unknowns);
        if found != wanted.trim() {
            wrong.push(format!("{rules} => {found}, and not {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "on {context}:\n{}", wrong.join("\n"));
}

#[test]
fn effects_that_are_possible() {
    let table = "
        allow when i == 1 => allow deny < /i | /i
        allow when i == 1; allow when j == 6 => allow | /i
        deny when i == 1 => deny | /i
        deny when i == 1; allow when j == 6 => deny allow < /i | /i
        deny when j == 6; allow when i == 1 => deny | /i
        deny when j == 6; escalate when i == 1 => deny | /i
        escalate when i == 1; allow when j == 6 => escalate allow < /i | /i
        escalate when j == 6; allow when i == 1 => escalate | /i
        escalate when j == 6; deny when i == 1 => deny escalate < /i | /i
        escalate when i == 1 => escalate deny < /i | /i
        allow when w == 1u; deny when i == 1 => deny allow < /i /w | /i /w
        escalate when j == 6; deny when i == 1; allow when w == 1u => deny escalate < /i | /i /w
        allow when j == 6 => allow = 0 spoke
        deny when j == 6; allow when j == 6 => deny = 0 spoke
        allow when j == 7 => deny =
        allow when j == 7; deny when i == i => deny = 1 spoke
        allow when i == i; allow when j == 6 => allow = 0 spoke
        allow when j == 6; escalate when j == 6 => escalate = 1 spoke
    ";
    all(&[("i", SEAL), ("w", SEAL)], table);
    let all_three = "
        escalate when i == 1; deny when i == 2; allow when j == 6 => deny escalate allow < /i | /i
    ";
    all(&[("i", SEAL)], all_three);
}

/// A rule that denies or escalates and fails stands as `on_error` says, which denies; one that
/// allows does not allow.
#[test]
fn rules_that_may_fail() {
    let table = "
        allow when 6 / i == 1 => allow deny < /i | /i
        deny when 6 / i == 1; allow when j == 6 => deny allow < /i | /i
        deny when 1 / (j - 6) == 1; allow when i == 1 => deny | /i
        allow when 1 / (j - 6) == 1; allow when i == 1 => allow deny < /i | /i
        allow when 1 / (j - 6) == 1; allow when j == 6 => allow = 1 spoke
        deny when 1 / (j - 6) == 1; allow when j == 6 => deny =
        escalate when 1 / (j - 6) == 1; allow when j == 6 => deny =
        deny when i == 1 || 1 / (j - 6) == 1; allow when j == 6 => deny | /i
        escalate when i == 1 && 1 / (j - 6) == 1; allow when j == 6 => deny allow < /i | /i
    ";
    all(&[("i", SEAL)], table);
}

/// Which shadow rules fire is no part of a decision; what they fail with is.
#[test]
fn shadow_rules_decide_nothing() {
    let table = "
        shadow-deny when i == 1; allow when j == 6 => allow = 1 spoke
        shadow-deny when i == 1; allow when i == 2 => allow deny < /i | /i
        shadow-deny when 6 / i == 1; allow when j == 6 => allow | /i
        shadow-allow when 1 / (j - 6) == 1; allow when j == 6 => allow = 1 spoke
        shadow-allow when j == 6 => deny =
        shadow-allow when i == 1; shadow-deny when i == 2 => deny =
    ";
    all(&[("i", SEAL)], table);
}

#[test]
fn messages_of_the_winner() {
    let table = "
        told when j == 6 => allow | /i
        told when j == 6; deny when j == 6 => deny = 1 spoke
        told when j == 7 => deny =
        fails when j == 6 => allow = it is {DIVIDE_BY_ZERO}
        fails when j == 6; deny when w == 1u => deny allow < /w | /w
        told when j == 6; deny when w == 1u => deny allow < /w | /w
    ";
    all(&[("i", SEAL), ("w", SEAL)], table);
    all(&[("i", &shape("int", 1))], "told when j == 6 => allow | /i");
}

/// An input that does not have what rules ask for is refused; one that hides it may be.
#[test]
fn refusals() {
    let table = "
        allow when i == 1 => refused or deny allow < /i | /i
        allow when i == 1 || j == 6 => refused or deny allow < /i | /i
        deny when i == 1 => refused or deny | /i
        deny when j == 6; allow when i == 1 => refused or deny | /i
        escalate when j == 6; allow when i == 1 => refused or deny escalate < /i | /i
        allow when j == 6 => allow = 0 spoke
        shadow-deny when i == 1; allow when j == 6 => allow | /i
        allow when r.y == 1 => deny =
        allow when o == 1 => allow deny < /o | /o
        allow when o == 1 && i == 1 => refused or deny allow < /i /o | /i /o
    ";
    all(&[("i", HIDE), ("o", HIDE)], table);
    let wrong = "
        allow when i == 1 => refused or deny =
        allow when j == 6 => allow = 0 spoke
        allow when i == 1; allow when j == 6 => refused or deny =
    ";
    all(&[("i", &seal("string"))], wrong);
    all(&[("i", "")], "allow when i == 1 => refused or deny =");
    // Of an object that is withheld what the schema requires is there.
    let object = "
        allow when r.x == 1 => allow deny < /r | /r
        allow when r.x == r.x => allow deny < /r | /r
        allow when has(r.y) => allow deny < /r | /r
        allow when r.y == 1 => allow deny < /r | /r
        allow when j == 6 => allow = 0 spoke
    ";
    all(&[("r", SEAL)], object);
    let object = "
        allow when r.x == 1 => refused or deny allow < /r | /r
        allow when has(r.y) => refused or deny allow < /r | /r
    ";
    all(&[("r", HIDE)], object);
    all(
        &[("r", r#"{"x":{"$x":"hide"}}"#)],
        "allow when r.x == 1 => refused or deny allow < /r/x | /r/x",
    );
    // A column that a row need not have, and one that it must.
    let columns = "
        allow when rows.exists(y, y.s == 'a') => allow deny < /rows/0/s | /rows/0/s
        allow when j == 6 => allow = 0 spoke
    ";
    all(&[("rows", r#"[{"n":1,"s":{"$x":"hide"}}]"#)], columns);
    let columns =
        "allow when rows.exists(y, y.n == 1) => refused or deny allow < /rows/0/n | /rows/0/n";
    all(&[("rows", r#"[{"n":{"$x":"hide"}}]"#)], columns);
}

/// The text that most rules compare chooses those that are asked.
#[test]
fn the_key_that_chooses_rules() {
    let table = "
        allow when s == 'a'; deny when s == 'b' => deny allow < /s | /s
        allow when s == 'a' => allow deny < /s | /s
        allow when s == 'a'; allow when s == 'b'; allow when j == 6 => allow | /s
        deny when s == 'a'; deny when j == 6 => deny | /s
        allow when s == 'a' && j == 7 => deny =
        allow when s == 'a' && i == 1; allow when s == 'b' => allow deny < /i /s | /i /s
        allow when s == 'a'; deny when j == 6 => deny | /s
    ";
    all(&[("s", SEAL), ("i", SEAL)], table);
    let table = "
        allow when s == 'a' => refused or deny allow < /s | /s
        deny when s == 'a' => refused or deny | /s
    ";
    all(&[("s", HIDE)], table);
    all(&[("s", &seal("int"))], "allow when s == 'a' => refused or deny =");
    all(&[("s", "")], "allow when s == 'a' => refused or deny =");
    // Which rule is asked hangs on the key, and so does what it requires.
    let table = "
        allow when s == 'a' && i == 1 => refused or deny | /s
        allow when s == 'a' && i == 1; allow when j == 6 => refused or deny allow < /s | /s
        allow when s == 'a' && has(r.y); allow when j == 6 => allow = 1 spoke
        allow when s == 'a'; allow when i == 1 => refused or deny =
    ";
    all(&[("s", SEAL), ("i", "")], table);
    let table = "
        allow when s == 'a' && i == 1; allow when j == 6 => refused or deny allow < /i /s | /i /s
    ";
    all(&[("s", SEAL), ("i", HIDE)], table);
}

/// A decision that chooses one of several outcomes.
#[test]
fn decisions_with_several_outcomes() {
    for (expression, wanted, effects) in [
        ("i == 1 ? deny('no') : allow('ok')", "yes other < /i", "deny allow < /i | /i"),
        ("i == 1 ? deny('no') : deny('neither')", "yes other < /i", "deny | /i"),
        ("j == 6 ? deny('no') : allow('ok')", "yes", "deny = no"),
        ("j == 7 ? deny('no') : allow('ok')", "other", "allow = ok"),
        (
            "i == 1 ? deny('no') : j == 6 ? allow('ok') : allow('also')",
            "yes other < /i",
            "deny allow < /i | /i",
        ),
        (
            "i == 1 ? deny('no') : w == 1u ? allow('ok') : allow('also')",
            "yes other other < /i /w",
            "deny allow < /i /w | /i /w",
        ),
        (
            "6 / i == 1 ? deny('no') : allow('ok')",
            "yes other OVERFLOW DIVIDE_BY_ZERO < /i",
            "deny allow < /i | /i",
        ),
        ("1 / (j - 6) == 1 ? deny('no') : allow('ok')", "DIVIDE_BY_ZERO", "deny ="),
        ("i == 1 ? allow('a') : allow('b')", "yes other < /i", "allow | /i"),
        ("i == i ? allow('a') : allow('b')", "yes", "allow = a"),
        ("i == 1 || j == 6 ? deny('no') : allow('ok')", "yes", "deny = no"),
        ("i == 1 && j == 7 ? deny('no') : allow('ok')", "other", "allow = ok"),
    ] {
        let program = program(&format!("// @id it One of several.\n{expression}\n"));
        let withheld = context(&[("i", SEAL), ("w", SEAL)]);
        let (decision, unknowns) = told(&program, &withheld, None);
        let [rule] = decision.rules.as_slice() else { panic!("{expression}: one rule is asked") };
        assert_eq!(outcomes(rule, &unknowns), wanted, "{expression}");
        assert_eq!(summary(&decision, &unknowns), effects, "{expression}");
    }
}

/// With nothing unknown the decision is the ordinary one, with what failed and where.
#[test]
fn what_is_known_is_decided_as_ever() {
    for rules in [
        "  - {id: a, when: i == 5, allow: 'i is {i}'}\n",
        "  - {id: a, when: i == 4, deny: no it is not}\n",
        "  - {id: a, when: 1 / (j - 6) == 1, deny: never}\n  - {id: b, when: i == 5, allow: ok}\n",
        "  - {id: a, when: i == 5, allow: ok}\n  - {id: b, when: 'l[7] == 1', allow: ok}\n",
        "  - {id: a, when: i == 5, allow: 'it is {1 / (j - 6)}'}\n",
        "  - {id: a, when: i == 5, mode: shadow, deny: much}\n  \
         - {id: b, when: o == 1, allow: ok}\n",
        "  - {id: a, when: 's == \"text\"', escalate: {to: ['role:x']}}\n",
        "  - {id: a, when: 'l.exists(x, 1 / (x - 2) == 9)', deny: never}\n",
    ] {
        let program = program(&format!("rules:\n{rules}"));
        let known = context(&[]);
        let (decision, _) = told(&program, &known, None);
        let mut scratch = Scratch::for_program(&program);
        let mut filled = ingest(&program, known.as_bytes(), &mut scratch);
        let ordinary = DecisionReport::of(&mut filled.decide(&NOW));
        assert_eq!(decision.report, Some(ordinary), "{rules}");
        assert!(!decision.refused && decision.open.is_empty() && decision.blockers.is_empty());
    }
}

/// Each atom of a condition: `t` where it holds, `f` where it does not, `e` where it fails, more
/// than one where that is open, and `-` where no way looks at it.
#[test]
fn what_atoms_come_to() {
    for (when, wanted, asks) in [
        ("i == 1 && j == 6", "tf t", true),
        ("i == 1 || j == 6", "tf t", true),
        ("j == 6 && i == 1", "t tf", true),
        ("j == 7 && i == 1", "f -", true),
        ("j == 6 || i == 1", "t -", true),
        ("j != 6 || i != 1", "t tf", true),
        ("6 / i == 1 && j == 6", "tfe t", true),
        ("1 / (j - 6) == 1 && i == 1", "e tf", true),
        ("1 / (j - 6) == i && j == 6", "e t", true),
        ("l.exists(x, x == i) && j == 6", "tf t", true),
        ("!(i == 1) && !(j == 6)", "tf t", true),
        ("has(r.y) && j == 6", "f -", true),
        // One that is looked at twice comes out twice alike.
        ("(j == 6 && i == 1) || (j == 6 && i == 2)", "t tf tf", true),
        ("(j == 7 || i == 1) && (j == 7 || i == 2)", "f tf tf", true),
        ("(1 / (j - 6) == 1 || i == 1) && (1 / (j - 6) == 1 || i == 2)", "e tf tf", true),
        ("true", "", false),
    ] {
        let rule = format!("rules:\n  - id: it\n    when: {when:?}\n    allow: ok\n");
        let (decision, _) = told(&program(&rule), &context(&[("i", SEAL)]), None);
        let letters = |atom: &AtomOutcomes| {
            assert_eq!(atom.is_seen(), atom.holds || atom.holds_not || atom.fails);
            let all = [(atom.holds, 't'), (atom.holds_not, 'f'), (atom.fails, 'e')];
            let found: String = all.iter().filter(|(is, _)| *is).map(|(_, it)| *it).collect();
            let truth = match found.as_str() {
                "t" => Some(true),
                "f" => Some(false),
                _ => None,
            };
            assert_eq!(atom.truth(), truth, "{when}");
            if found.is_empty() { "-".to_owned() } else { found }
        };
        let atoms: Vec<String> = decision.atoms.iter().map(letters).collect();
        assert_eq!((atoms.join(" ").as_str(), decision.asks), (wanted, asks), "{when}");
    }
    // Where the input may be refused there may be no witness, nor where the key that chooses rules
    // is not known.
    let asks = |when: &str, withheld: &[(&str, &str)]| {
        let rule = format!("rules:\n  - id: it\n    when: {when:?}\n    allow: ok\n");
        told(&program(&rule), &context(withheld), None).0.asks
    };
    assert!(!asks("i == 1", &[("i", HIDE)]));
    assert!(!asks("i == 1", &[("i", &seal("string"))]));
    assert!(!asks("s == 'a' && j == 6", &[("s", SEAL)]));
    assert!(asks("s == 'text' && j == 6", &[("i", SEAL)]));
    // Of rules that the key may choose atoms are told all the same.
    let rules = "rules:\n  - {id: a, when: s == 'a' && j == 6, allow: ok}\n  \
                 - {id: b, when: s == 'b' && (j == 6 || i == 2), allow: ok}\n";
    let (decision, _) = told(&program(rules), &context(&[("s", SEAL), ("i", SEAL)]), None);
    let truths: Vec<Option<bool>> = decision.atoms.iter().map(|atom| atom.truth()).collect();
    let seen: Vec<bool> = decision.atoms.iter().map(|atom| atom.is_seen()).collect();
    assert_eq!(truths, [Some(true), None, None, None]);
    assert_eq!(seen, [true, false, false, false]);
    assert!(!decision.asks);
}
