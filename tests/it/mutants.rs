//! `policyc test --mutants`: which mutants there are, and that what is said of them holds.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use policyc::base::span::FileId;
use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::tools::mutate::run::{Choice, MutationError, run};
use policyc::tools::mutate::{Counts, MutantStatus, TestedMutant};
use policyc::tools::project::Settings;
use policyc::tools::suite::choose::TestSources;
use policyc::tools::suite::{TestFile, case};

use crate::support::folder;

/// The mutants of the policies beside `tests`, each with its fate.
fn mutants(files: &SourceMap, choice: &Choice) -> Result<Vec<TestedMutant>, MutationError> {
    let find = |path: &str| files.find(path).and_then(|file| files.get(file));
    let reader = |path: &str| find(path).map(|it| it.text.clone()).ok_or_else(String::new);
    let mut sink = Sink::new();
    let is_test = |(_, path): &(FileId, &str)| path.ends_with("_test.yaml");
    let paths = files.iter().map(|(file, source)| (file, source.path.as_str()));
    let tests: Vec<TestFile> = paths
        .filter(is_test)
        .map(|(file, _)| case::read(file, files, &reader, &mut sink).expect("a test file"))
        .collect();
    let (sources, settings) = (TestSources::of(files), Settings::default());
    run(&tests, &sources, &settings, choice, &AtomicBool::new(false), &mut sink)
}

fn project(policy: &str, tests: &str) -> SourceMap {
    let mut files = SourceMap::new();
    files.add("p.yaml", policy);
    files.add("p_test.yaml", tests);
    files
}

/// What a mutant makes of its bytes: operator, old text, new text.
fn told(files: &SourceMap, tried: &[TestedMutant]) -> Vec<String> {
    let line = |tried: &TestedMutant| {
        let mutant = &tried.mutant;
        format!("{}: {} -> {}", mutant.operator.name(), files.text(mutant.span), mutant.text)
    };
    tried.iter().map(line).collect()
}

/// A document of which everything can be changed.
const WHOLE: &str = "\
policyc: 1
name: p
default: deny
on_error: deny
schema: {a: int, b: bool, s: string, l: list<int>}
tools: {t: {effect: none}, u: {effect: none}}
variables:
  - v: a * 2 - 1 == 3
rules:
  - id: r
    on: [t, u]
    priority: 2
    when: a >= 1 && !b || s in [\"x\", \"\"] || l.exists(e, e != 7) || v
    allow: \"yes\"
  - {id: q, on: [t], deny: \"no\"}
";

/// A call of a tool that it does not name.
const NOBODY: &str = "\
policy: p
cases:
  - {name: n, patch: {/action: {tool: w}}, expect: {deny: null}}
";

#[test]
fn every_kind_of_change_is_made() {
    let files = project(WHOLE, NOBODY);
    let tried = mutants(&files, &Choice::default()).expect("mutants");
    let whole = "a >= 1 && !b || s in [\"x\", \"\"] || l.exists(e, e != 7) || v";
    let mut wanted: Vec<String> = [
        "arithmetic: - -> +",
        "comparison: == -> !=",
        "arithmetic: * -> /",
        "number: 2 -> 1",
        "number: 2 -> 3",
        "number: 1 -> 0",
        "number: 1 -> 2",
        "number: 3 -> 2",
        "number: 3 -> 4",
        "guard: t,  -> ",
        "guard: , u -> ",
        "guard: t, u -> \"*\"",
        "priority: priority: 2 -> priority: 0",
        "priority: priority: 2 -> priority: -2",
        "effect: allow -> deny",
        &format!("logic: {whole} -> {}", whole.replace("||", "&&")),
        &format!("part: {whole} -> s in [\"x\", \"\"] || l.exists(e, e != 7) || v"),
        &format!("part: {whole} -> a >= 1 && !b || l.exists(e, e != 7) || v"),
        &format!("part: {whole} -> a >= 1 && !b || s in [\"x\", \"\"] || v"),
        &format!("part: {whole} -> a >= 1 && !b || s in [\"x\", \"\"] || l.exists(e, e != 7)"),
        &format!("always: {whole} -> true"),
        &format!("never: {whole} -> false"),
        &format!("negation: {whole} -> !({whole})"),
        "logic: a >= 1 && !b -> a >= 1 || !b",
        "part: a >= 1 && !b -> !b",
        "part: a >= 1 && !b -> a >= 1",
        "boundary: >= -> >",
        "comparison: >= -> <",
        "number: 1 -> 0",
        "number: 1 -> 2",
        "negation: !b -> b",
        "negation: s in [\"x\", \"\"] -> !(s in [\"x\", \"\"])",
        "element: [\"x\", \"\"] -> [\"\"]",
        "element: [\"x\", \"\"] -> [\"x\"]",
        "string: \"x\" -> \"xx\"",
        "string: \"\" -> \"x\"",
        "quantifier: exists -> all",
        "negation: l.exists(e, e != 7) -> !(l.exists(e, e != 7))",
        "comparison: != -> ==",
        "number: 7 -> 6",
        "number: 7 -> 8",
        "negation: v -> !(v)",
        "guard: t -> \"*\"",
        "effect: deny -> allow",
        "never:  -> when: false, ",
        "default: deny -> allow",
        "on_error: deny -> {escalate: {to: [anyone]}}",
    ]
    .iter()
    .map(ToString::to_string)
    .collect();
    let mut found = told(&files, &tried);
    wanted.sort();
    found.sort();
    assert_eq!(found, wanted);
}

/// Every input of a small world, with what the policy below says of it, by hand.
fn world() -> String {
    let mut cases = String::from("policy: p\ncases:\n");
    for a in -1_i64..=4 {
        for b in [false, true] {
            for s in ["", "x", "y"] {
                let small = a < 3;
                let (effect, rule) = match (b && s == "x", small && s != "y") {
                    (true, _) => ("deny", "blocked"),
                    (false, true) => ("allow", "fine"),
                    (false, false) => ("deny", "null"),
                };
                let fired: Vec<&str> = [("fine", small && s != "y"), ("blocked", b && s == "x")]
                    .into_iter()
                    .filter_map(|(id, fires)| fires.then_some(id))
                    .collect();
                cases.push_str(&format!(
                    "  - {{name: {a} {b} {s}, patch: {{/a: {a}, /b: {b}, /s: \"{s}\"}}, \
                     expect: {{{effect}: {rule}, fired: [{}]}}}}\n",
                    fired.join(", ")
                ));
            }
        }
    }
    cases
}

const SMALL: &str = "\
policyc: 1
name: p
default: deny
schema: {a: int, b: bool, s: string}
rules:
  - {id: fine, when: a < 3 && (a < 3 || b) && s != \"y\", allow: \"fine\"}
  - {id: blocked, when: b && s == \"x\" && (b || a == 9), deny: \"blocked\"}
";

/// One case about `SMALL`, which expects the default.
fn one_case(name: &str, a: i64) -> String {
    let patch = format!("{{/a: {a}, /b: false, /s: \"\"}}");
    format!("policy: p\ncases:\n  - {{name: {name}, patch: {patch}, expect: {{deny: null}}}}\n")
}

/// A mutant that is proved to be alike is noticed by no case, whatever the cases are; and of one
/// that survives, the decisions differ on the input that is shown.
#[test]
fn what_is_said_of_survivors_holds() {
    let few = one_case("n", 9);
    let some = mutants(&project(SMALL, &few), &Choice::default()).expect("mutants");
    let all = mutants(&project(SMALL, &world()), &Choice::default()).expect("mutants");
    assert_eq!(some.len(), all.len());
    let mut alike = 0;
    for (some, all) in some.iter().zip(&all) {
        let what = format!("{:?}", some.mutant);
        match &some.fate {
            MutantStatus::Equivalent => {
                alike += 1;
                assert!(matches!(all.fate, MutantStatus::Equivalent), "{what}");
            }
            MutantStatus::Survived(survivor) => {
                let witness = survivor.witness.as_ref().unwrap_or_else(|| panic!("{what}"));
                let part = |key: &str| (witness.before.get(key), witness.after.get(key));
                let differs = ["effect", "rule", "fired", "errors"].iter().any(|key| {
                    let (before, after) = part(key);
                    before != after
                });
                assert!(differs, "{what}");
            }
            MutantStatus::Killed(_) => {
                assert!(!matches!(all.fate, MutantStatus::Equivalent), "{what}")
            }
            MutantStatus::Refused | MutantStatus::Skipped => panic!("{what}"),
        }
    }
    // `(a < 3 || b)` and `(b || a == 9)` say nothing that is not said beside them.
    assert!(alike >= 4, "{alike} proved");
    // What the world does not tell apart lies beyond it: another text than the three.
    for tried in &all {
        if let MutantStatus::Survived(survivor) = &tried.fate {
            let witness = survivor.witness.as_ref().expect("a witness");
            let text = witness.example.context.get("s").and_then(|it| it.as_str());
            let number = witness.example.context.get("a").and_then(|it| it.as_i64());
            let inside = matches!(text, Some("" | "x" | "y"))
                && matches!(number, Some(-1..=4))
                && witness.example.context.get("b").is_some();
            assert!(!inside, "{:?} {:?}", tried.mutant, witness.example);
        }
    }
}

#[test]
fn a_choice_is_the_same_every_time() {
    let files = project(SMALL, &world());
    let told = |choice: &Choice| told(&files, &mutants(&files, choice).expect("mutants"));
    let all = told(&Choice::default());
    let sample = Choice { sample: Some(7), ..Choice::default() };
    let few = told(&sample);
    assert_eq!((few.len(), told(&sample)), (7, few.clone()));
    assert!(few.iter().all(|one| all.contains(one)));
    let first = told(&Choice { limit: Some(3), ..Choice::default() });
    assert_eq!(first, all[..3]);
    let own = mutants(&files, &Choice { owner: Some("fine".to_owned()), ..Choice::default() });
    let owners: BTreeSet<String> =
        own.expect("mutants").iter().map(|it| it.mutant.owner_name().to_owned()).collect();
    assert_eq!(owners, BTreeSet::from(["fine".to_owned()]));
}

#[test]
fn a_case_that_fails_without_any_change_is_named() {
    let tests = one_case("wrong", 1);
    let unfit = mutants(&project(SMALL, &tests), &Choice::default()).expect_err("it fails");
    assert!(matches!(unfit, MutationError::Fails(name, _) if name == "wrong"));
}

/// The share of mutants that the tests of an example notice, in hundredths: more than this.
const EXAMPLES_PERCENT: usize = 90;

#[test]
fn tests_of_examples_notice_nine_mutants_of_ten() {
    for path in folder::examples() {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let tried = mutants(&folder::sources(&path), &Choice::default()).expect("mutants");
        let counts = Counts::of(&tried);
        println!("{name}: {counts:?}");
        let (killed, judged) = (counts.killed, counts.judged());
        assert!(killed * 100 > judged * EXAMPLES_PERCENT, "{name}: {killed} of {judged}");
    }
}
