//! `policyc test`: what a case says when it passes, when it fails, and when it cannot be run.

use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::tools::project::Settings;
use policyc::tools::report::paint::Style;
use policyc::tools::suite::choose::TestSources;
use policyc::tools::suite::run::{CaseResult, Outcome, run};
use policyc::tools::suite::{case, format, show};

const POLICY: &str = "\
policyc: 1
name: doors
default: deny
schema: {badge: {level: int, name: string}, hosts: optional list<string>}
functions:
  floor.of: {params: [string], result: int}
rules:
  - {id: open, when: badge.level >= 2 && badge.name != \"\", allow: \"level {badge.level}\"}
  - {id: upstairs, when: floor.of(badge.name) > 3, deny: \"too high\"}
";

/// Runs the cases of `pets/tests.yaml`, which are about a policy that yields whether `pet` is one
/// that lies among the message types of the project.
fn pets(section: &str) -> Vec<CaseResult> {
    let proto = "syntax = \"proto3\";\npackage acme;\n\
                 message Pet { string name = 1; int64 age = 2; }\n";
    let policy = "name: pets\nrule:\n  match:\n    \
                  - output: \"acme.Pet{name: pet.name, age: 2}\"\n";
    let mut files = SourceMap::new();
    files.add("api/pet.proto", proto);
    files.add("pets/config.yaml", "container: acme\nvariables: [{name: pet, type_name: dyn}]\n");
    files.add("pets/policy.yaml", policy);
    let file =
        files.add("pets/tests.yaml", format!("section:\n  - name: s\n    tests:\n{section}"));
    let mut sink = Sink::new();
    let test = format::read(file, &files, &mut sink).expect("a test file of the format");
    let ran = run(&test, &TestSources::of(&files), &Settings::default(), &mut sink);
    let (found, _) = sink.finish();
    assert_eq!(found.iter().map(|it| it.message.as_str()).collect::<Vec<_>>(), [""; 0]);
    ran
}

/// Expressions of test files know the message types of the project, as its policies do.
#[test]
fn expressions_of_tests_know_the_message_types_of_the_project() {
    let ran = pets(
        "      - name: one\n        input: {pet: {expr: \"Pet{name: 'Rex'}\"}}\n        \
         output: {expr: \"Pet{name: 'Rex', age: 2}\"}\n      \
         - name: other\n        input: {pet: {expr: \"acme.Pet{name: 'Tom'}\"}}\n        \
         output: {expr: \"Pet{name: 'Rex', age: 2}\"}\n",
    );
    assert!(matches!(ran[0].outcome, Outcome::Passed { .. }), "{:?}", ran[0].outcome);
    let Outcome::Failed(failure) = &ran[1].outcome else { panic!("{:?}", ran[1].outcome) };
    assert!(failure.actual.contains("Tom"), "{}", failure.actual);
}

/// Runs the cases of a test file; the findings in words, with their codes.
fn ran(tests: &str) -> (Vec<CaseResult>, Vec<String>) {
    ran_with(POLICY, tests)
}

fn ran_with(policy: &str, tests: &str) -> (Vec<CaseResult>, Vec<String>) {
    let mut files = SourceMap::new();
    files.add("doors.yaml", policy);
    let file = files.add("doors_test.yaml", tests);
    let reader = |path: &str| match path {
        "context.json" => Ok("[]".to_owned()),
        _ => Err("there is no such file".to_owned()),
    };
    let mut sink = Sink::new();
    let test = case::read(file, &files, &reader, &mut sink);
    let ran = test
        .map(|test| run(&test, &TestSources::of(&files), &Settings::default(), &mut sink))
        .unwrap_or_default();
    let (found, _) = sink.finish();
    let errors = found.iter().filter(|found| found.code.id().starts_with('P'));
    let said = errors.map(|found| format!("{} {}", found.code.id(), found.message));
    (ran, said.collect())
}

const TABLE: &str = "\
functions:
  - {name: floor.of, args: [ann], result: 1}
  - {name: floor.of, args: [bob], result: 9}
base: {badge: {level: 2, name: ann}}
";

#[test]
fn a_pass_shows_the_decision() {
    let cases = "cases:\n  - {name: in, expect: {allow: open}}\n";
    let (ran, said) = ran(&format!("{TABLE}{cases}"));
    assert_eq!(said, [""; 0]);
    assert_eq!(
        show::case(&ran[0], ("x:1", &[]), Style::PLAIN),
        "pass  doors · in  ALLOW  open  \"level 2\"\n"
    );
}

#[test]
fn functions_of_the_host_come_from_the_table() {
    let cases = "\
cases:
  - {name: high, patch: {/badge/name: bob}, expect: {deny: upstairs, fired: [open, upstairs]}}
  - {name: nobody knows, patch: {/badge/name: eve}, expect: {effect: pending,
     rule: upstairs, fired: [open], errors: [{rule: upstairs, class: PENDING}]}}
  - {name: later, skip: no floors yet, expect: {deny: null}}
";
    let (ran, said) = ran(&format!("{TABLE}{cases}"));
    assert_eq!(said, [""; 0]);
    let shown: Vec<String> =
        ran.iter().map(|ran| show::case(ran, ("x:1", &[]), Style::PLAIN)).collect();
    assert!(matches!(ran[0].outcome, Outcome::Passed { .. }), "{}", shown[0]);
    assert!(matches!(ran[1].outcome, Outcome::Passed { .. }), "{}", shown[1]);
    assert_eq!(shown[2], "skip  doors · later  no floors yet\n");
}

/// `5s` is a duration where one is declared, and `1` a double.
#[test]
fn results_are_for_arguments_of_the_declared_types() {
    let policy = "policyc: 1\nname: doors\ndefault: deny\nschema: {r: {n: double, d: duration}}\n\
                  functions: {risk: {params: [double], result: double}, waits: {params: \
                  [duration], result: bool}}\nrules:\n  - {id: low, when: risk(r.n) < 0.5, allow: \
                  x}\n  - {id: soon, when: waits(r.d), allow: y}\n";
    let tests = "base: {r: {n: 1, d: 5s}}\ncases:\n  - name: both\n    functions:\n    - {name: \
                 risk, args: [1], result: 0.1}\n    - {name: waits, args: [5s], result: true}\n    \
                 expect: {allow: low, fired: [low, soon]}\n";
    let (ran, said) = ran_with(policy, tests);
    assert_eq!(said, [""; 0]);
    assert!(matches!(ran[0].outcome, Outcome::Passed { .. }), "{:?}", ran[0].outcome);
}

#[test]
fn a_failure_shows_expected_actual_difference_and_atom() {
    let cases = "cases:\n  - {name: low, patch: {/badge/level: 1}, expect: {allow: open}}\n";
    let (ran, said) = ran(&format!("{TABLE}{cases}"));
    assert_eq!(said, [""; 0]);
    let shown = show::case(&ran[0], ("doors_test.yaml:6", &[]), Style::PLAIN);
    for part in [
        "FAIL  doors · low  doors_test.yaml:6\n",
        "      expected  ALLOW  open\n",
        "      actual    DENY  by default\n",
        "      /effect  \"allow\" expected, \"deny\" there\n",
        "      /rule  \"open\" expected, null there\n",
        "badge.level >= 2",
        "      next  policyc test --filter \"test=low\"\n",
    ] {
        assert!(shown.contains(part), "`{part}` is missing in\n{shown}");
    }
}

/// Everything that no case is about comes out as the file says: of six combinations two are told,
/// one of them by a number that is spelled otherwise.
#[test]
fn what_no_case_is_about_comes_out_as_the_file_says() {
    let complete = "complete:\n  matrix: {/badge/level: [1, 2, 3], /badge/name: [ann, \"\"]}\n";
    let cases = "cases:\n  - {name: in, expect: {allow: open}}\n  \
                 - {name: up, patch: {/badge/level: 3.0}, expect: {allow: open}}\n";
    let (found, said) = ran(&format!("{TABLE}{cases}{complete}  default: deny\n"));
    assert_eq!(said, [""; 0]);
    let names: Vec<&str> = found.iter().map(|ran| ran.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "in",
            "up",
            "complete [/badge/level=1 /badge/name=\"ann\"]",
            "complete [/badge/level=1 /badge/name=\"\"]",
            "complete [/badge/level=2 /badge/name=\"\"]",
            "complete [/badge/level=3 /badge/name=\"\"]",
        ]
    );
    assert!(found.iter().all(|ran| matches!(ran.outcome, Outcome::Passed { .. })));
    // A combination that comes out otherwise fails until a case says so.
    let one = cases.lines().take(2).map(|line| format!("{line}\n")).collect::<String>();
    let (found, _) = ran(&format!("{TABLE}{one}{complete}  default: deny\n"));
    let failed: Vec<&str> = found
        .iter()
        .filter(|ran| matches!(ran.outcome, Outcome::Failed(_)))
        .map(|ran| ran.name.as_str())
        .collect();
    assert_eq!(failed, ["complete [/badge/level=3 /badge/name=\"ann\"]"]);
    for (keys, says) in [
        ("  default: maybe\n", "P0905 `default` must be `allow`, `deny` or `escalate`"),
        ("", "P0905 `complete` has no `default`"),
        ("  default: deny\n  cases: []\n", "P0905 `complete` has no key `cases`"),
    ] {
        let (_, said) = ran(&format!("{TABLE}{cases}{complete}{keys}"));
        assert_eq!(said, [says]);
    }
}

#[test]
fn a_matrix_is_every_combination() {
    let cases = "\
cases:
  - name: grid
    matrix: {/badge/level: [2, 3], /badge/name: [ann, bob, \"\"]}
    expect: {effect: allow}
";
    let (ran, _) = ran(&format!("{TABLE}{cases}"));
    assert_eq!(ran.len(), 6);
    assert_eq!(ran[1].name, "grid [/badge/level=2 /badge/name=\"bob\"]");
    let passed = ran.iter().filter(|ran| matches!(ran.outcome, Outcome::Passed { .. }));
    assert_eq!(passed.count(), 2);
}

#[test]
fn what_cannot_be_run_is_said() {
    let cases = [
        (
            "cases: [{name: a, session: [], expect: {deny: null}}]",
            "a session that expects something must be one with a request",
        ),
        (
            "cases: [{name: a, session: [{ev: clock, expect: {deny: null}}]}]",
            "an event with `expect` must be a request",
        ),
        (
            "cases: [{name: a, session: [{ev: request, call: c, action: {tool: t}}]}]",
            "a case has no `expect`",
        ),
        (
            "cases: [{name: a, file: a.json, session: [{ev: clock}], expect: {deny: null}}]",
            "a case has `session` or `file`, not both",
        ),
        (
            "cases: [{name: a, session: no.jsonl, expect: {deny: null}}]",
            "`no.jsonl` cannot be read: there is no such file",
        ),
        (
            "cases: [{name: a, session: context.json, expect: {deny: null}}]",
            "`context.json` does not hold a JSON object: line 1 holds something else",
        ),
        (
            "cases: [{name: a, state: {}, expect: {deny: null}}]",
            "`state` in tests is not built yet",
        ),
        (
            "cases: [{name: a, reads: {spend/a: -1}, expect: {deny: null}}]",
            "`spend/a` must be how much is used, as `49700.00`",
        ),
        ("cases: [{name: a, expects: {deny: null}}]", "a case has no key `expects`"),
        ("cases: [{name: a, expect: {deny: x, allow: x}}]", "a case expects one effect"),
        (
            "cases: [{name: a, patch: {badge: 1}, expect: {deny: null}}]",
            "`badge` cannot be patched: a JSON Pointer starts with `/`",
        ),
        (
            "cases: [{name: a, file: no.json, expect: {deny: null}}]",
            "`no.json` cannot be read: there is no such file",
        ),
        (
            "cases: [{name: a, file: context.json, expect: {deny: null}}]",
            "`context.json` does not hold a JSON object: it holds something else",
        ),
        ("policy: door\ncases: [{name: a, expect: {deny: null}}]", "no policy is called `door`"),
        ("cases: [{name: a, now: noon, expect: {deny: null}}]", "`noon` is no time"),
        (
            "cases: [{name: a, functions: [{name: flor.of, args: [a], result: 1}], expect: \
             {deny: null}}]",
            "a result answers no call: no rule calls a function `flor.of` of the host",
        ),
        (
            "cases: [{name: a, functions: [{name: floor.of, args: [], result: 1}], expect: \
             {deny: null}}]",
            "a result answers no call: `floor.of` does not take these arguments",
        ),
        ("case: []", "a test file has no key `case`"),
    ];
    for (tests, message) in cases {
        let (ran, said) = ran(tests);
        assert!(said.contains(&format!("P0905 {message}")), "{tests}: {said:?}");
        assert!(ran.is_empty(), "{tests}");
    }
}

/// The findings of a test file of the format beside a policy that asks its host.
fn of_the_format(tests: &str) -> (Vec<CaseResult>, Vec<String>) {
    let mut files = SourceMap::new();
    let function = "{name: f, overloads: [{id: f_i, args: [int], return: int}]}";
    files.add(
        "a/config.yaml",
        format!("variables: [{{name: n, type: int}}]\nfunctions: [{function}]\n"),
    );
    files.add("a/policy.yaml", "name: p\nrule: {match: [{output: f(n)}]}\n");
    // What lies elsewhere is not looked at.
    files.add("b/config.yaml", "variables: [{name: n, type: nothing}]\n");
    files.add("b/policy.yaml", "name: p\nrule: {match: [{output: n}]}\n");
    let file = files.add("a/tests.yaml", format!("section:\n- name: s\n  tests:\n  - {tests}\n"));
    let mut sink = Sink::new();
    let test = format::read(file, &files, &mut sink);
    let settings = Settings::default();
    let ran = test.map(|test| run(&test, &TestSources::of(&files), &settings, &mut sink));
    let said = sink.finish().0;
    let said =
        said.iter().map(|it| format!("{}: {}", it.message, it.primary.as_ref().unwrap().text));
    (ran.unwrap_or_default(), said.collect())
}

#[test]
fn outputs_are_compared_as_cel_compares() {
    let run_one = |output: &str, expected: &str| {
        let mut files = SourceMap::new();
        files.add(
            "a/policy.yaml",
            format!("name: p\nrule: {{match: [{{output: \"{output}\"}}]}}\n"),
        );
        let test = format!("{{name: a, output: {expected}}}");
        let text = format!("section:\n- name: s\n  tests:\n  - {test}\n");
        let file = files.add("a/tests.yaml", text);
        let mut sink = Sink::new();
        let test = format::read(file, &files, &mut sink).expect("a test file of the format");
        let ran = run(&test, &TestSources::of(&files), &Settings::default(), &mut sink);
        match &ran[0].outcome {
            Outcome::Passed { .. } => None,
            Outcome::Failed(failure) => Some((failure.expected.clone(), failure.actual.clone())),
            Outcome::Skipped { reason } => panic!("{reason}"),
        }
    };
    for (output, expected) in [
        ("5u", "{value: 5}"),
        ("[1u, 2.0]", "{value: [1, 2]}"),
        ("{1u: 'a'}", "{expr: \"{1: 'a'}\"}"),
        ("0.0 / 0.0", "{expr: '0.0 / 0.0'}"),
    ] {
        assert_eq!(run_one(output, expected), None, "{output} {expected}");
    }
    for (output, expected, says) in [
        ("5u", "{value: 6}", ("6", "5")),
        ("'5'", "{value: 5}", ("5", "\"5\"")),
        ("b'a'", "{value: YQ==}", ("\"YQ==\"", "\"YQ==\", bytes")),
        ("[duration('1s')]", "{value: [1s]}", ("[\"1s\"]", "[{\"$d\":\"1s\"}]")),
        ("optional.none()", "{value: 1}", ("1", "nothing")),
    ] {
        let says = (says.0.to_owned(), says.1.to_owned());
        assert_eq!(run_one(output, expected), Some(says), "{output} {expected}");
    }
}

/// What became of a test of `output`, whose variable `n` has any type and is what `input` says.
fn of_any(output: &str, input: &str) -> Outcome {
    let mut files = SourceMap::new();
    files.add("a/config.yaml", "variables: [{name: n, type: dyn}]\n");
    files.add("a/policy.yaml", format!("name: p\nrule: {{match: [{{output: \"{output}\"}}]}}\n"));
    let test = format!("{{name: a, {input}, output: {{value: true}}}}");
    let file = files.add("a/tests.yaml", format!("section:\n- name: s\n  tests:\n  - {test}\n"));
    let mut sink = Sink::new();
    let test = format::read(file, &files, &mut sink).expect("a test file of the format");
    let mut ran = run(&test, &TestSources::of(&files), &Settings::default(), &mut sink);
    assert!(!sink.has_errors(), "{:?}", sink.finish().0);
    ran.remove(0).outcome
}

#[test]
fn expressions_keep_the_kinds_of_their_values() {
    for (expression, holds) in [
        ("1u", "type(n) == uint"),
        ("{'a': 1u, '$b': 2}", "type(n.a) == uint && n['$b'] == 2"),
        ("timestamp('2024-07-30T00:30:00Z')", "n.getFullYear() == 2024"),
        ("[duration('90s')]", "n[0] == duration('1m30s')"),
        ("b'abc'", "n == b'abc'"),
        ("2.0", "type(n) == double"),
        ("double('NaN')", "n != n"),
        ("'1'", "type(n) == string"),
        ("{'$u': '1'}", "n['$u'] == '1'"),
    ] {
        for input in [
            format!("input: {{n: {{expr: \"{expression}\"}}}}"),
            format!("context_expr: \"{{'n': {expression}}}\""),
            format!("input: {{n: {{expr: \"{expression}\"}}, m: {{value: {{$u: 1}}}}}}"),
        ] {
            let outcome = of_any(holds, &input);
            assert!(matches!(outcome, Outcome::Passed { .. }), "{input}: {outcome:?}");
        }
    }
    let outcome = of_any("n['$u'] == 1", "input: {n: {value: {$u: 1}}}");
    assert!(matches!(outcome, Outcome::Passed { .. }), "{outcome:?}");
}

#[test]
fn the_format_says_what_is_wrong_with_it() {
    for (test, says) in [
        (
            "{name: a, input: {n: {value: 1, expr: '2'}}, output: {value: 1}}",
            "an input has `value` or `expr`, not both: the second",
        ),
        (
            "{name: a, input: {n: {value: 1}}, context_expr: '{}', output: {value: 1}}",
            "a test has `context_expr` or `input`, not both: the second",
        ),
        (
            "{name: a, input: {n: {value: 1}}, output: {value: 1, error_set: [a]}}",
            "an output has `value` or `error_set`, not both: the second",
        ),
        (
            "{name: a, input: {n: {expr: m + 1}}, output: {value: 1}}",
            "the expression of `n` gives no value: undeclared reference to 'm' (in container '')",
        ),
        (
            "{name: a, input: {n: {expr: optional.none()}}, output: {value: 1}}",
            "the expression of `n` gives no value: it yields nothing",
        ),
    ] {
        assert_eq!(of_the_format(test).1, [says], "{test}");
    }
    let (ran, said) = of_the_format("{name: a, input: {n: {value: 1}}, output: {value: 1}}");
    assert_eq!(said, [""; 0]);
    let Outcome::Failed(failure) = &ran[0].outcome else { panic!("it has no answer") };
    assert!(failure.notes[1].contains("`functions`"), "{:?}", failure.notes);
}

/// A document with `flow` or `capabilities` alone.
const CEILING: &str = "policyc: 1\nname: ceiling\ndefault: deny\nlabels: {i: {bad: [web]}}\n\
    tools: {send: {args: {to: string}}}\ncapabilities:\n  operator: {allow: [send]}\n";
const FLOW: &str = "policyc: 1\nname: leak\ndefault: deny\nlabels: {i: {bad: [web]}}\n\
    tools: {send: {args: {to: string}}}\nflow: [{id: exfil, sink: {arg: to}, forbid: [bad.web]}]\n";

#[test]
fn documents_of_which_rules_are_made_are_policies() {
    let mut files = SourceMap::new();
    files.add("a/ceiling.yaml", CEILING);
    files.add("b/leak.yaml", FLOW);
    files.add(
        "shared/tools.yaml",
        "policyc: 1\ntools: {read: {output: {/a: {labels: [bad.web]}}}}\n",
    );
    let tested = TestSources::of(&files);
    assert_eq!(tested.policy_names(), ["ceiling", "leak"]);
    assert_eq!(tested.rule_ids(), ["tool.declared", "capability", "exfil"]);
}

/// What one folder forbids is not forbidden in the tests of another one.
#[test]
fn rules_that_are_made_are_those_of_their_folder() {
    let mut files = SourceMap::new();
    files.add("a/ceiling.yaml", CEILING);
    files.add(
        "b/doors.yaml",
        "policyc: 1\ndefault: allow\nrules: [{id: r, when: now() == now(), allow: r}]\n",
    );
    let own = files.add(
        "a/a_test.yaml",
        "policies: [ceiling]\ncases:\n- {name: n, expect: {deny: capability}}\n\
        base: {principal: {roles: []}, action: {tool: send, args: {to: x}}}\n",
    );
    let other = files.add(
        "b/b_test.yaml",
        "cases:\n- {name: n, expect: {allow: r}}\n\
        base: {principal: {roles: []}, action: {tool: send, args: {to: x}}}\n",
    );
    let tested = TestSources::of(&files);
    for file in [own, other] {
        let mut sink = Sink::new();
        let test = case::read(file, &files, &|_| Err(String::new()), &mut sink);
        let test = test.expect("a test file");
        let ran = run(&test, &tested, &Settings::default(), &mut sink);
        assert!(matches!(ran[0].outcome, Outcome::Passed { .. }), "{:?}", ran[0].outcome);
    }
}

#[test]
fn a_session_is_not_decided_without_a_result_that_it_was_given() {
    let policy = "policyc: 1\nname: doors\ndefault: deny\n\
        functions: {floor.of: {params: [string], result: int}}\n\
        meters: {all: {on: enter, window: session}}\n\
        tools: {enter: {effect: state, args: {who: string}}}\n\
        rules: [{id: low, on: [enter], when: floor.of(args.who) < 3, allow: a floor}]\n";
    let ran = |given: &str| {
        let mut files = SourceMap::new();
        files.add("doors.yaml", policy);
        let tests = format!(
            "functions: [{given}]\ncases:\n  - name: a\n    session:\n      \
             - {{ev: request, call: c, action: {{tool: enter, args: {{who: ann}}}}}}\n    \
             expect: {{allow: low}}\n"
        );
        let file = files.add("doors_test.yaml", tests);
        let reader = |_: &str| Err("there is no such file".to_owned());
        let mut sink = Sink::new();
        let test = case::read(file, &files, &reader, &mut sink).expect("a test file");
        let ran = run(&test, &TestSources::of(&files), &Settings::default(), &mut sink);
        let [CaseResult { outcome, .. }] = ran.as_slice() else { panic!("{ran:?}") };
        match outcome {
            Outcome::Failed(failure) => format!("{} {}", failure.actual, failure.notes.join(" ")),
            outcome => format!("{outcome:?}").chars().take(6).collect(),
        }
    };
    assert_eq!(ran("{name: floor.of, args: [ann], result: 1}"), "Passed");
    for (given, why) in [
        ("{name: floor.of, args: [ann], result: low}", "has not the type that `floor.of` declares"),
        (
            "{name: floor.of, args: [ann], result: 1}, {name: floor.of, args: [ann], result: 2}",
            "there is a result for this call",
        ),
    ] {
        let said = ran(given);
        assert!(said.contains("the result that is given for `floor.of` is refused"), "{said}");
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_context_by_itself_is_the_first_request_of_a_session() {
    let policy = "policyc: 1\nname: pay\ndefault: deny\n\
        schema: {principal: {id: string}, request: {approvers: list<string>}}\n\
        tools: {send: {effect: egress, args: {to: string target, amount: double}}}\n\
        variables: [{others: 'request.approvers.filter(a, a != principal.id).distinct()'}]\n\
        rules:\n  - {id: own, on: [send], when: args.amount <= 900.0, allow: fine}\n  \
        - {id: two, on: [send], when: args.amount > 500.0 && others.size() < 2, deny: two}\n\
        meters: {spend: {on: [send], key: principal.id, window: {calendar: day, zone: UTC}, \
        amount: decimal(args.amount)}}\n\
        limits: [{meter: spend, max: \"1000.00\", over: deny}]\n";
    let tests = "base: {principal: {id: a/7}, request: {approvers: []}, \
        action: {tool: send, args: {to: x, amount: 400.0}}}\ncases:\n\
        - {name: first, expect: {allow: own}}\n\
        - {name: room, reads: {spend/a/7: \"600.00\"}, expect: {allow: own}}\n\
        - {name: none, reads: {spend/a/7: \"600.01\"}, expect: {deny: limit.spend}}\n\
        - {name: whole, reads: {spend/a/7: 601}, expect: {deny: limit.spend}}\n\
        - {name: of others, reads: {spend/b: 601}, expect: {allow: own}}\n\
        - {name: two, patch: {/action/args/amount: 600.0}, expect: {deny: two}}\n\
        - {name: no meter, reads: {spent: 1}, expect: {deny: null}}\n\
        - {name: events, reads: {spend/a/7: 601}, session: [{ev: request, call: c, \
        principal: {id: a/7}, request: {approvers: []}, \
        action: {tool: send, args: {to: x, amount: 400.0}}}], expect: {deny: limit.spend}}\n";
    let mut files = SourceMap::new();
    files.add("pay.yaml", policy);
    let file = files.add("pay_test.yaml", tests);
    let reader = |_: &str| Err("there is no such file".to_owned());
    let mut sink = Sink::new();
    let test = case::read(file, &files, &reader, &mut sink).expect("a test file");
    let ran = run(&test, &TestSources::of(&files), &Settings::default(), &mut sink);
    assert_eq!(ran.len(), 8);
    for ran in ran {
        let Outcome::Passed { decision } = ran.outcome else { panic!("{ran:#?}") };
        let says = |words: &str| decision.to_string().contains(words);
        let why = says("a meter `spent` without keys; the policy has no such one");
        assert_eq!(why, ran.name == "no meter", "{decision}");
    }
}
