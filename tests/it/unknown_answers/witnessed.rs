//! What a witness of the full decision leaves.

use policyc::runtime::program::Program;
use policyc::runtime::vm::observe::Witness;
use policyc::runtime::vm::partial::decision::PartialDecision;
use policyc::runtime::vm::partial::unknown::Unknown;
use policyc::runtime::vm::request::ingest;
use policyc::runtime::vm::request::marked::{Recorded, ingest_record};
use policyc::runtime::vm::scratch::Scratch;

use crate::unknown_answers::{NOW, SEAL, condition, context, outcomes, program, told};

/// The witness of a decision about a context that is known.
fn witness(program: &Program, known: &str) -> Witness {
    let mut scratch = Scratch::for_program(program);
    let mut witness = Witness::new(program.atoms());
    let mut filled = ingest(program, known.as_bytes(), &mut scratch);
    let _ = filled.decide_witnessed(&NOW, &mut witness);
    witness
}

/// What is decided where the witness tells of all that was asked.
fn again(program: &Program, sealed: &str, witness: &Witness) -> (PartialDecision, Vec<Unknown>) {
    let mut scratch = Scratch::for_program(program);
    let Recorded::Partial(mut partial) = ingest_record(program, sealed.as_bytes(), &mut scratch)
    else {
        panic!("something is withheld")
    };
    let decision = partial.decide_again(&NOW, witness);
    (decision, partial.unknowns().rows().to_vec())
}

/// Lines `CONDITION => OUTCOMES ; OUTCOMES`: by a witness that knows what some atoms came to, and
/// by one of this very decision. Where a witness alone tells what an atom came to, the outcomes
/// begin with how many.
#[track_caller]
fn all(known: &[(&str, &str)], sealed: &[&str], table: &str) {
    let full = context(known);
    let withheld: Vec<(&str, &str)> = known
        .iter()
        .filter(|(key, _)| !sealed.contains(key))
        .copied()
        .chain(sealed.iter().map(|key| (*key, SEAL)))
        .collect();
    let withheld = context(&withheld);
    let mut wrong = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (when, wanted) = line.split_once(" => ").expect("CONDITION => OUTCOMES ; OUTCOMES");
        let program = condition(when);
        let witness = witness(&program, &full);
        let found =
            [told(&program, &withheld, Some(&witness)), again(&program, &withheld, &witness)];
        let found = found.map(|(decision, unknowns)| {
            let [rule] = decision.rules.as_slice() else { panic!("{when}: one rule is asked") };
            format!("{} {}", decision.by_facts, outcomes(rule, &unknowns))
        });
        let found = found.join(" ; ");
        if found != wanted.trim() {
            wrong.push(format!("{when} => {found}, and not {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "{full} as {withheld}:\n{}", wrong.join("\n"));
}

#[test]
fn atoms_come_out_as_they_did() {
    let table = "
        i > 4 && j == 6 => 1 yes ; 1 yes
        i > 5 && j == 6 => 1 no ; 1 no
        i > 5 || j == 6 => 1 yes ; 1 yes
        !(i > 5) => 1 yes ; 1 yes
        i != 5 => 1 no ; 1 no
        i == i => 0 yes ; 0 yes
        j == 7 && i == 5 => 0 no ; 0 no
        i == 4 && w == 1u => 1 no ; 1 no
        i == 5 && w == 1u => 2 no ; 2 no
        i == 5 && w == 7u => 2 yes ; 2 yes
        i == 5 || w == 7u => 1 yes ; 1 yes
        i == 4 || w == 7u => 2 yes ; 2 yes
        i == 5 ? w == 7u : w == 8u => 2 yes ; 2 yes
        l.exists(x, x == i) => 1 no ; 1 no
        [1 / (j - 6) == 1 || i == 5][0] => 0 yes DIVIDE_BY_ZERO < /i ; 0 yes DIVIDE_BY_ZERO < /i
        [1 / (j - 6) == 1 || i == 6][0] => 0 yes DIVIDE_BY_ZERO < /i ; 0 DIVIDE_BY_ZERO
        [1 / (i - 5) == 1 || j == 6][0] => 0 yes ; 0 yes
        l.exists(x, x + 2 == i) => 1 yes ; 1 yes
        l.all(x, x < i) => 1 yes ; 1 yes
        6 / i == 1 => 2 yes ; 2 yes
        6 / i == 2 => 2 no ; 2 no
        1 / (i - 5) == 1 => 0 yes no OVERFLOW DIVIDE_BY_ZERO < /i ; 1 OVERFLOW DIVIDE_BY_ZERO < /i
        1 / (i - 5) == 1 && j == 7 => 0 no ; 1 no
        1 / (i - 5) == 1 || j == 6 => 0 yes ; 1 yes
    ";
    all(&[], &["i", "w"], table);
}

/// What fails inside of a loop may be absorbed there, so the loop tells nothing of it.
#[test]
fn failures_that_are_absorbed() {
    let table = "
        l.exists(x, 1 / (x - i) == 1) => 1 yes ; 1 yes
        l.all(x, 1 / (x - i) == 1) => 1 no ; 1 no
    ";
    all(&[("i", "2")], &["i"], table);
    let fails = "1 OVERFLOW DIVIDE_BY_ZERO < /i";
    let table = format!("l.exists(x, 1 / (x - i) == 7) => {fails} ; {fails}");
    all(&[("i", "2")], &["i"], &table);
}

/// A witness of another decision leaves no way: then it tells nothing.
#[test]
fn witnesses_of_something_else() {
    let program = condition("i > 4 && j == 6");
    let other = witness(&program, &context(&[("i", "1")]));
    let range = r#"{"$x":"range","t":"int","lo":5,"hi":9}"#;
    let sealed = context(&[("i", range)]);
    for decision in [told(&program, &sealed, Some(&other)), again(&program, &sealed, &other)] {
        assert_eq!(outcomes(&decision.0.rules[0], &decision.1), "yes");
        assert_eq!(decision.0.by_facts, 0);
    }
    // One that saw nothing says that nothing was asked: then the rule was not.
    let nothing = Witness::new(program.atoms());
    let sealed = context(&[("i", SEAL)]);
    let decision = told(&program, &sealed, Some(&nothing));
    assert_eq!(outcomes(&decision.0.rules[0], &decision.1), "yes no < /i");
    let decision = again(&program, &sealed, &nothing);
    assert_eq!(outcomes(&decision.0.rules[0], &decision.1), "yes no < /i");
}

/// Who alone can have decided an atom that was seen was asked, whatever the key was.
#[test]
fn rules_that_were_asked() {
    let open = "yes no < /s";
    let tests: [(&str, &str, [&str; 2], [&str; 2]); 9] = [
        (
            "s == 'a' && i == 5; s == 'b' && i == 6",
            "a",
            [open, "yes no < /i /s"],
            ["yes < /s", "no < /s"],
        ),
        ("s == 'a' && i == 5; s == 'b' && i == 5", "a", [open, open], [open, open]),
        (
            "s == 'a' && five && (!five || j == 6); s == 'b' && i == 6",
            "a",
            [open, "yes no < /i /s"],
            ["yes < /s", "no < /s"],
        ),
        ("s == 'a' && i == 5; i == 5", "a", [open, "yes"], [open, "yes"]),
        (
            "s == 'a' && i == 5; s == 'b' && 6u / w == 1u",
            "a",
            [open, "yes no OVERFLOW DIVIDE_BY_ZERO < /w /s"],
            ["yes < /s", "no < /s"],
        ),
        ("s == 'a'; s == 'b' && i == 5", "b", [open, open], [open, "yes < /s"]),
        (
            "s == 'a' && five; s == 'b' && i == 6",
            "a",
            [open, "yes no < /i /s"],
            ["yes < /s", "no < /s"],
        ),
        (
            "s == 'a' && (i == 5 || w == 1u) && (i == 5 || j == 7); s == 'b' && i == 6",
            "a",
            [open, "yes no < /i /s"],
            ["yes < /s", "no < /s"],
        ),
        (
            "s == 'a' && i == 5; s == 'b' && i == 6",
            "c",
            ["yes no < /i /s", "yes no < /i /s"],
            ["no < /s", "no < /s"],
        ),
    ];
    for (rules, key, by_facts, by_all) in tests {
        let rows = (0..).zip(rules.split(';')).map(|(at, when)| {
            format!("  - id: r{at}\n    when: {:?}\n    allow: ok\n", when.trim())
        });
        let head = "variables:\n  - five: i == 5 || w == 1u\nrules:\n";
        let program = program(&format!("{head}{}", rows.collect::<String>()));
        let witness = witness(&program, &context(&[("s", &format!("\"{key}\""))]));
        let sealed = context(&[("s", SEAL), ("i", SEAL), ("w", SEAL)]);
        let found = [told(&program, &sealed, Some(&witness)), again(&program, &sealed, &witness)];
        let found = found.map(|(decision, unknowns)| {
            decision.rules.iter().map(|rule| outcomes(rule, &unknowns)).collect::<Vec<_>>()
        });
        assert_eq!(found, [by_facts.to_vec(), by_all.to_vec()], "{rules} on {key}");
    }
}

/// The same of many rules, whose numbers are also those of places.
#[test]
fn rules_of_many_that_were_asked() {
    let whens = (0..12).map(|at| {
        format!("  - id: r{at}\n    when: s == 'k{at}' && i == {at} && w != {at}u\n    allow: ok\n")
    });
    let program = program(&format!("rules:\n{}", whens.collect::<String>()));
    for key in [0_usize, 5, 11] {
        let known = [("s", format!("\"k{key}\"")), ("i", key.to_string()), ("w", "99".to_owned())];
        let known: Vec<(&str, &str)> = known.iter().map(|(key, it)| (*key, it.as_str())).collect();
        let witness = witness(&program, &context(&known));
        let sealed = context(&[("s", SEAL), ("i", SEAL), ("w", SEAL)]);
        let (decision, unknowns) = again(&program, &sealed, &witness);
        // Each of the two atoms of the rule, and of eleven others that they were not asked.
        assert_eq!(decision.by_facts, 13);
        for (at, rule) in decision.rules.iter().enumerate() {
            let wanted = if at == key { "yes < /s" } else { "no < /s" };
            assert_eq!(outcomes(rule, &unknowns), wanted, "{at} of {key}");
        }
        let (decision, _) = told(&program, &sealed, Some(&witness));
        assert_eq!(decision.by_facts, 2);
    }
}

/// An input of which an atom was seen was not refused.
#[test]
fn who_was_asked_was_not_refused() {
    let program = condition("i == 5");
    let sealed = context(&[("i", r#"{"$x":"hide"}"#)]);
    let nothing = Witness::new(program.atoms());
    assert!(told(&program, &sealed, None).0.refused);
    assert!(told(&program, &sealed, Some(&nothing)).0.refused);
    let seen = witness(&program, &context(&[]));
    let (decision, _) = told(&program, &sealed, Some(&seen));
    assert!(!decision.refused && decision.digest().is_some() && decision.asks);
}
