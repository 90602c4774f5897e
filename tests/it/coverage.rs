//! `policyc test --coverage`: counted by hand, and what would cover the rest does.

use std::fmt::Write as _;

use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::tools::coverage::{AtomCover, Coverage, Goal, Reach, RuleCover, Shares, measure};
use policyc::tools::project::Settings;
use policyc::tools::suite::case;
use policyc::tools::suite::choose::TestSources;

use crate::support::run::{Folder, git, ran};

const DOORS: &str = "\
policyc: 1
name: doors
default: deny
schema: {badge: {level: int, guest: bool}, hosts: list<string>}
tools: {open: {effect: state}, close: {effect: none}, log: {effect: none}}
variables:
  - trusted: badge.level >= 3 && !badge.guest
rules:
  - {id: open, on: [open], when: trusted || size(hosts) > 0, allow: \"come in\"}
  - {id: close, on: [close], allow: \"shut\"}
  - {id: crowd, on: [open], when: size(hosts) > 5, deny: \"too many\"}
  - {id: nobody, on: [log], when: badge.level > 5 && badge.level < 3, deny: \"never\"}
";

const CASES: &str = "\
policy: doors
base: {badge: {level: 3, guest: false}, hosts: [], action: {tool: open}}
cases:
  - {name: a member, expect: {allow: open}}
  - {name: a guest, patch: {/badge/guest: true}, expect: {deny: null}}
  - {name: a log, patch: {/action/tool: log}, expect: {deny: null}}
";

fn covered(policy: &str, cases: &str) -> (SourceMap, Coverage) {
    let mut files = SourceMap::new();
    files.add("p.yaml", policy);
    let file = files.add("p_test.yaml", cases);
    let mut sink = Sink::new();
    let reader = |_: &str| Err(String::new());
    let test = case::read(file, &files, &reader, &mut sink).expect("a test file");
    let sources = TestSources::of(&files);
    let coverage = measure(&[test], true, &sources, &Settings::default(), &mut sink);
    assert!(!sink.has_errors());
    drop(sources);
    (files, coverage)
}

#[test]
fn policies_without_tests_count() {
    let mut files = SourceMap::new();
    let policy = |name: &str| {
        format!(
            "policyc: 1\nname: {name}\ndefault: deny\nschema: {{a: int}}\nrules:\n\
             - {{id: {name}, when: a > 1, allow: yes}}\n"
        )
    };
    let paths = ["one/p.yaml", "two/p.yaml", "two/q.yaml"];
    for (path, name) in paths.into_iter().zip(["tested", "alone", "beside"]) {
        files.add(path, policy(name));
    }
    let file =
        files.add("one/p_test.yaml", "base: {a: 2}\ncases: [{name: c, expect: {allow: tested}}]");
    let mut sink = Sink::new();
    let test = case::read(file, &files, &|_| Err(String::new()), &mut sink).expect("a test file");
    let sources = TestSources::of(&files);
    let mut fired = |whole| -> Vec<(String, usize, usize)> {
        let tests = std::slice::from_ref(&test);
        let coverage = measure(tests, whole, &sources, &Settings::default(), &mut sink);
        coverage.rules.into_iter().map(|it| (it.policy, it.asked, it.fired)).collect()
    };
    let of = |name: &str, count| (name.to_owned(), count, count);
    assert_eq!(fired(false), [of("tested", 1)], "what was chosen");
    assert_eq!(fired(true), [of("tested", 1), of("alone", 0), of("beside", 0)]);
    assert!(!sink.has_errors());
}

fn rule<'c>(coverage: &'c Coverage, id: &str) -> &'c RuleCover {
    coverage.rules.iter().find(|rule| rule.id == id).expect("the rule")
}

fn atom<'c>(files: &SourceMap, rule: &'c RuleCover, text: &str) -> &'c AtomCover {
    let found = rule.atoms.iter().find(|atom| !atom.guard && files.text(atom.span) == text);
    found.unwrap_or_else(|| panic!("{text} in {rule:?}"))
}

#[test]
fn rules_and_atoms_are_counted() {
    let (files, coverage) = covered(DOORS, CASES);
    let told = |id: &str| {
        let rule = rule(&coverage, id);
        (rule.asked, rule.fired, rule.won, rule.failed)
    };
    assert_eq!(coverage.cases, 3);
    assert_eq!(
        ["open", "close", "crowd", "nobody"].map(told),
        [(2, 1, 1, 0), (0, 0, 0, 0), (2, 0, 0, 0), (1, 0, 0, 0)]
    );
    let open = rule(&coverage, "open");
    let guard = open.atoms.iter().find(|atom| atom.guard).expect("the tool");
    assert_eq!((guard.yes, guard.no, guard.alone), (2, 1, true));
    let level = atom(&files, open, "badge.level >= 3");
    assert_eq!((level.yes, level.no, level.alone), (2, 0, false));
    assert_eq!(level.missing(), [Goal::No]);
    // A member and a guest differ in this alone, and only one comes in.
    let guest = atom(&files, open, "badge.guest");
    assert_eq!((guest.yes, guest.no, guest.alone), (1, 1, true));
    let hosts = atom(&files, rule(&coverage, "crowd"), "size(hosts) > 5");
    assert_eq!((hosts.yes, hosts.no, hosts.alone), (0, 2, false));
    assert!(matches!(rule(&coverage, "close").reach, Some(Reach::Found(_))));
    assert!(matches!(rule(&coverage, "nobody").reach, Some(Reach::Impossible)));
    assert!(open.reach.is_none());
    let shares = Shares::of(&coverage.rules);
    assert_eq!((shares.rules.covered, shares.rules.all), (1, 4));
}

/// What `cel.bind` names is asked in its body: the atoms are those of the body.
#[test]
fn atoms_below_a_binding_are_counted() {
    let policy = "\
policyc: 1
name: bound
default: deny
schema: {a: int, b: bool}
rules:
  - {id: one, when: \"cel.bind(x, a + 1, x > 3 && b)\", allow: \"one\"}
";
    let cases = "policy: bound\ncases:\n  \
                 - {name: one, patch: {/a: 3, /b: true}, expect: {allow: one}}\n  \
                 - {name: two, patch: {/a: 0, /b: true}, expect: {deny: null}}\n";
    let (files, coverage) = covered(policy, cases);
    let one = rule(&coverage, "one");
    let counts = |it: &AtomCover| (files.text(it.span).to_owned(), it.guard, it.yes, it.no);
    let told: Vec<_> = one.atoms.iter().map(counts).collect();
    assert_eq!(told, [("x > 3".to_owned(), false, 1, 1), ("b".to_owned(), false, 1, 0)]);
}

/// A rule that fires and never wins names who wins.
#[test]
fn who_wins_instead_is_named() {
    let policy = "\
policyc: 1
name: two
default: deny
schema: {a: int}
rules:
  - {id: first, when: a > 0, deny: \"first\"}
  - {id: second, when: a > 0, allow: \"second\"}
";
    let cases = "policy: two\ncases:\n  - {name: one, patch: {/a: 1}, expect: {deny: first}}\n";
    let (_, coverage) = covered(policy, cases);
    let second = rule(&coverage, "second");
    assert_eq!((second.fired, second.won), (1, 0));
    assert_eq!(second.masked_by.iter().collect::<Vec<_>>(), ["first"]);
}

/// Every input that is shown covers what it is said to cover: as a case it does.
#[test]
fn what_would_cover_the_rest_does() {
    let (_, before) = covered(DOORS, CASES);
    let mut cases = CASES.to_owned();
    let mut wanted: Vec<(String, usize, Goal)> = Vec::new();
    let mut number = 0;
    let mut add = |cases: &mut String, context: &serde_json::Value| {
        number += 1;
        let patch = serde_json::json!({"": context});
        writeln!(cases, "  - {{name: more {number}, patch: {patch}, expect: {{deny: null}}}}")
            .unwrap();
    };
    for rule in &before.rules {
        if let Some(Reach::Found(example)) = &rule.reach {
            add(&mut cases, &example.context);
        }
        for (at, atom) in rule.atoms.iter().enumerate() {
            for (goal, example) in &atom.witnesses {
                add(&mut cases, &example.context);
                wanted.push((rule.id.clone(), at, *goal));
            }
        }
    }
    assert!(wanted.len() >= 4, "{wanted:?}");
    let (_, after) = covered(DOORS, &cases);
    for (id, at, goal) in wanted {
        let atom = &rule(&after, &id).atoms[at];
        assert!(!atom.missing().contains(&goal), "{id} {at} {goal:?}: {atom:?}");
    }
    for rule in &before.rules {
        let fires = matches!(rule.reach, None | Some(Reach::Found(_)));
        let after = after.rules.iter().find(|it| it.id == rule.id).expect("the rule");
        assert_eq!(after.fired > 0, fires, "{}", rule.id);
    }
}

/// The rules that coverage since `rev` counts, in a project below the root of a repository.
fn since(folder: &Folder, rev: &str) -> Vec<String> {
    let line = format!("test --coverage --changed{rev} --output-format json");
    let found = ran(&folder.path().join("team"), &line);
    assert_eq!(found.exit, Some(0), "{}", found.err);
    let found: serde_json::Value = serde_json::from_str(&found.out).expect("JSON");
    let rules = found["rules"].as_array().expect("rules").iter();
    rules.map(|rule| rule["id"].as_str().expect("an id").to_owned()).collect()
}

/// Counts what stands on lines that differ from a revision: of rules, of the variables that their
/// conditions ask, and all of a new file.
#[test]
fn what_changed_since_a_revision_is_counted_alone() {
    let folder = Folder::new("coverage-changed");
    folder.add("team/doors.yaml", DOORS);
    folder.add("team/doors_test.yaml", CASES);
    ran(folder.path(), "test team --coverage --changed").expect(2, &["P0911", "git repository"]);
    git(folder.path(), "init --quiet");
    git(folder.path(), "add .");
    git(folder.path(), "commit --quiet --message=first");
    assert_eq!(since(&folder, ""), [""; 0]);
    folder.add("team/doors.yaml", DOORS.replace("size(hosts) > 5", "size(hosts) > 6"));
    assert_eq!(since(&folder, ""), ["crowd"]);
    git(folder.path(), "commit --quiet --all --message=second");
    assert_eq!(since(&folder, ""), [""; 0]);
    assert_eq!(since(&folder, "=HEAD~1"), ["crowd"]);
    // A variable is a part of every condition that asks it.
    let variable = DOORS.replace("badge.level >= 3", "badge.level >= 2");
    folder.add("team/doors.yaml", &variable);
    assert_eq!(since(&folder, "=HEAD~1"), ["open"]);
    // Lines above move the rules, and change none.
    folder.add("team/doors.yaml", format!("# The doors of the house.\n{DOORS}"));
    assert_eq!(since(&folder, "=HEAD~1"), [""; 0]);
    folder.add(
        "team/late.yaml",
        "policyc: 1\nname: late\ndefault: deny\nschema: {hour: int}\nrules:\n  \
         - {id: late, when: hour > 20, deny: \"too late\"}\n",
    );
    assert_eq!(since(&folder, "=HEAD~1"), ["late"]);
    ran(&folder.path().join("team"), "test --coverage --changed=nothing").expect(2, &["P0911"]);
}

#[test]
fn entries_of_outputs_count_as_rules() {
    let folder = Folder::new("coverage-entries");
    folder.add("config.yaml", "variables:\n- {name: a, type: int}\n- {name: b, type: bool}\n");
    folder.add(
        "policy.yaml",
        "name: size\nrule:\n  match:\n    - {condition: a > 10 && b, output: \"'big'\"}\n    \
         - {condition: a > 5, output: \"'some'\"}\n    - {condition: 1 > 2, \
         output: \"'never'\"}\n    - output: \"b ? 'few' : 'none'\"\n",
    );
    let case = |name: &str, a: i32, b: bool, size: &str| {
        format!(
            "  - {{name: {name}, input: {{a: {{value: {a}}}, b: {{value: {b}}}}}, \
             output: {{value: {size}}}}}\n"
        )
    };
    let first = case("one", 11, true, "big") + &case("two", 1, true, "few");
    folder.add("tests.yaml", format!("section:\n- name: all\n  tests:\n{first}"));
    // The first was asked twice and fired once; `b` held in both.
    ran(folder.path(), "test --coverage").expect(
        0,
        &[
            "size match 1 fired 1 of 2 cases both ways 1/2 MC/DC 1/2",
            "true in all it is looked at (2 cases) `b` false on {\"b\":false}",
            "size match 2 fired 0 of 1 case both ways 0/1 MC/DC 0/1",
            "never fired; it fires on",
            "size match 3 fired 0 of 1 case",
            "never fired: it fires on no input (proved)",
            "size match 4 fired 1 of 1 case both ways 0/1 MC/DC 0/1",
            "rules fired 2 of 4",
        ],
    );
    let more = case("three", 11, false, "some") + &case("four", 1, false, "none");
    folder.add("tests.yaml", format!("section:\n- name: all\n  tests:\n{first}{more}"));
    ran(folder.path(), "test --coverage").expect(
        0,
        &[
            "size match 1 fired 1 of 4 cases both ways 2/2 MC/DC 2/2",
            "size match 2 fired 1 of 3 cases both ways 1/1 MC/DC 1/1",
            "size match 4 fired 2 of 2 cases both ways 1/1 MC/DC 1/1",
            "rules fired 3 of 4",
        ],
    );
}
