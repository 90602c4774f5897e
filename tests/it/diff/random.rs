//! Random pairs of small policies: every verdict against every input of a small world.

use std::fmt::Write as _;

use policyc::lang::decision::Effect;
use policyc::runtime::program::Program;
use policyc::runtime::vm::report::DecisionReport;
use policyc::tools::diff::{Change, Changes, compare};
use serde_json::{Value as Json, json};

use super::{compiled, program, rank, refused, said};
use crate::support::generate::random::Random;

const HEAD: &str = "policyc: 1\nname: p\ndefault: deny\nschema:\n  action: {tool: string}\n  \
    x: int\n  y: int\n  \
    e: double\n  s: string\n  t: string\n  flag: bool\n  m: {o: optional string}\n  \
    l: {items: int, maxItems: 4}\n";

/// Conditions about every kind of place; `#k` is a small number, `#w` a word.
const ATOMS: &[&str] = &[
    "x < #k",
    "x >= #k",
    "x == #k",
    "x != #k",
    "x in [#k, #k]",
    "x % 2 == #k",
    "x + 1 > #k",
    "s == '#w'",
    "s != '#w'",
    "s < '#w'",
    "s in ['#w', '#w']",
    "s.startsWith('#w')",
    "s.endsWith('#w')",
    "s.contains('#w')",
    "s.matches('^#wb*$')",
    "size(s) > #k",
    "size(s) == #k",
    "s == t",
    "t != s",
    "t == '#w'",
    "s < t",
    "t <= s",
    "x < y",
    "y <= x",
    "x != y",
    "y < #k",
    "x < e",
    "e <= y",
    "e < #k.5",
    "size(l) > y",
    "size(s) <= size(t)",
    "l.exists(e, e < y)",
    "flag",
    "has(m.o)",
    "m.o == '#w'",
    "has(m.o) && m.o.startsWith('#w')",
    "has(m.o) && m.o == s",
    "size(l) > #k",
    "#k in l",
    "x in l",
    "l.exists(e, e > #k)",
    "l.exists(e, e == x)",
    "l.all(e, e <= #k)",
    "l.all(e, e < x)",
    "l.exists(e, 4 / e > #k)",
    "l.exists_one(e, e == #k)",
    "l.filter(e, e > #k).size() > 1",
    "action.tool == '#w'",
    "action.tool.startsWith('#w')",
];

fn atom(random: &mut Random) -> String {
    let mut text = (*random.pick(ATOMS)).to_owned();
    while text.contains("#k") {
        text = text.replacen("#k", &random.below(4).to_string(), 1);
    }
    while text.contains("#w") {
        text = text.replacen("#w", random.pick(&["a", "b", "ab"]), 1);
    }
    text
}

fn condition(random: &mut Random, depth: usize) -> String {
    if depth == 0 || random.once_in(3) {
        return atom(random);
    }
    let mut part = || condition(random, depth - 1);
    let (a, b, c) = (part(), part(), part());
    match random.below(5) {
        0 | 1 => format!("({a}) && ({b})"),
        2 => format!("({a}) || ({b})"),
        3 => format!("!({a})"),
        _ => format!("({a}) ? ({b}) : ({c})"),
    }
}

/// The same condition, spelled otherwise.
fn rewritten(random: &mut Random, text: &str) -> String {
    match random.below(4) {
        0 => format!("!(!({text}))"),
        1 => format!("({text}) && true"),
        2 => format!("!(!({text}) || !({text}))"),
        _ => format!("({text}) || ({text})"),
    }
}

/// A rule of such a policy.
#[derive(Clone)]
pub(crate) struct Rule {
    id: usize,
    on: Option<&'static str>,
    when: String,
    effect: &'static str,
}

impl Rule {
    /// A rule that fires where this one does, with any effect.
    pub(crate) fn again(&self, random: &mut Random, id: usize) -> Self {
        let when = rewritten(random, &self.when);
        Self { id, when, effect: EFFECTS[random.below(EFFECTS.len())], on: self.on }
    }
}

const EFFECTS: &[&str] = &["allow: yes", "deny: no", "escalate: {to: [a], reason: r}"];
const ON: &[&str] = &["[a]", "[a, b]", "['a*']"];

/// A rule with a condition about anything.
pub(crate) fn rule(random: &mut Random, id: usize) -> Rule {
    let on = random.once_in(3).then(|| ON[random.below(ON.len())]);
    let when = condition(random, 2);
    Rule { id, on, when, effect: EFFECTS[random.below(EFFECTS.len())] }
}

/// A policy of these rules, which denies where none speaks.
pub(crate) fn document(rules: &[Rule]) -> String {
    let mut text = HEAD.to_owned();
    text.push_str("rules:\n");
    for rule in rules {
        let Rule { id, on, when, effect } = rule;
        write!(text, "  - id: r{id}\n    when: \"{when}\"\n    {effect}\n").expect("a string");
        if let Some(on) = on {
            writeln!(text, "    on: {on}").expect("a string");
        }
    }
    text
}

/// Another policy, one change away.
fn changed(random: &mut Random, rules: &[Rule]) -> Vec<Rule> {
    let mut rules = rules.to_vec();
    let at = random.below(rules.len());
    match random.below(6) {
        0 => rules[at].when = condition(random, 2),
        1 => rules[at].when = format!("({}) && ({})", rules[at].when, atom(random)),
        2 => rules[at].effect = EFFECTS[random.below(EFFECTS.len())],
        3 => {
            rules.remove(at);
            rules.push(rule(random, 9));
        }
        4 => rules[at].on = Some(ON[random.below(ON.len())]),
        _ => rules[at].when = rewritten(random, &rules[at].when.clone()),
    }
    rules
}

/// Every input of the small world.
pub(crate) fn world() -> Vec<Json> {
    let mut inputs = Vec::new();
    for tool in ["a", "ab", "b"] {
        for x in 0..4 {
            for s in ["", "a", "b", "ab"] {
                for (t, flag, y, e) in
                    [("a", true, 1, 2.5), ("ab", false, 2, 1.0), ("b", true, 3, 0.5)]
                {
                    for o in [None, Some("a"), Some("b")] {
                        for l in [json!([]), json!([0]), json!([1]), json!([1, 3]), json!([2, 2])] {
                            let mut input = json!({
                                "action": {"tool": tool}, "x": x, "y": y, "e": e, "s": s, "t": t,
                                "flag": flag, "l": l, "m": {},
                            });
                            if let Some(o) = o {
                                input["m"] = json!({"o": o});
                            }
                            inputs.push(input);
                        }
                    }
                }
            }
        }
    }
    inputs
}

/// What one rule stands for in a decision; failures count as `on_error` does, which is deny.
fn voice(report: &DecisionReport, id: &str, effect: &str) -> u8 {
    if report.fired.iter().any(|fired| fired == id) {
        return match effect.split(':').next() {
            Some("allow") => 0,
            Some("deny") => 3,
            _ => 2,
        };
    }
    let failed = report.errors.iter().any(|error| error.rule.as_deref() == Some(id));
    if failed && !effect.starts_with("allow") { 3 } else { 1 }
}

#[derive(Default, Debug)]
struct Tally {
    never: usize,
    when: usize,
    /// Conditions that were held to the inputs that meet them.
    conditions: usize,
    unknown: usize,
    open: Vec<String>,
}

/// Whether each of these inputs meets a condition; `None` where it is not written as CEL.
fn met(condition: &str, world: &[Json]) -> Option<Vec<bool>> {
    let when = condition.replace('\\', "\\\\").replace('"', "\\\"");
    let document = format!("{HEAD}rules:\n  - {{id: c, when: \"{when}\", allow: met}}\n");
    let program = compiled(&document).ok()?;
    let allows = |input| said(&program, input, (0, 0)).effect == Some(Effect::Allow);
    Some(world.iter().map(allows).collect())
}

/// Holds the changes of something to the inputs: `strictness` of both on an input.
fn hold(
    (changes, what): (&Changes, &str),
    (old, new): (&Program, &Program),
    (world, inputs): (&[Json], &[(DecisionReport, DecisionReport)]),
    strictness: &dyn Fn(&DecisionReport, bool) -> u8,
    tally: &mut Tally,
) {
    for (change, wider) in [(&changes.wider, true), (&changes.narrower, false)] {
        let shows = |(was, is): &(DecisionReport, DecisionReport)| {
            let (was_strict, is_strict) = (strictness(was, false), strictness(is, true));
            let other = if wider { is_strict < was_strict } else { is_strict > was_strict };
            !refused(was) && !refused(is) && other
        };
        match change {
            Change::Never(_) => {
                tally.never += 1;
                let found = inputs.iter().find(|pair| shows(pair));
                assert!(found.is_none(), "{what}: never wider ({wider}), but {found:#?}");
            }
            Change::When { conditions, example, .. } => {
                tally.when += 1;
                for condition in conditions {
                    let Some(met) = met(condition, world) else { continue };
                    tally.conditions += 1;
                    let none_fails = |(was, is): &(DecisionReport, DecisionReport)| {
                        was.errors.is_empty() && is.errors.is_empty()
                    };
                    let mut pairs = inputs
                        .iter()
                        .zip(met)
                        .filter(|(pair, met)| *met && none_fails(pair) && !shows(pair));
                    let found = pairs.next();
                    assert!(found.is_none(), "{what}: {condition}: {found:#?}");
                }
                let say = |program| said(program, &example.context, example.now);
                let pair = (say(old), say(new));
                assert!(shows(&pair), "{what}: {} shows nothing", example.context);
            }
            Change::Recorded { id } => panic!("{what}: no record was given, and {id} is named"),
            Change::Unknown { .. } => {
                tally.unknown += 1;
                tally.open.push(format!("{what} wider: {wider}"));
            }
        }
    }
}

fn run(seed: u64, pairs: usize) -> Tally {
    let (mut random, world, mut tally) = (Random::new(seed), world(), Tally::default());
    for pair in 0..pairs {
        let rules: Vec<Rule> = (0..3).map(|id| rule(&mut random, id)).collect();
        let others = changed(&mut random, &rules);
        let (was, is) = (document(&rules), document(&others));
        let (old, new) = (program(&was), program(&is));
        let found = compare(&old, &new);
        let decided = |input: &Json| (said(&old, input, (0, 0)), said(&new, input, (0, 0)));
        let inputs: Vec<_> = world.iter().map(decided).collect();
        let what = format!("seed {seed}, pair {pair}\n--- old\n{was}\n--- new\n{is}\n");
        let own = |report: &DecisionReport, _: bool| rank(report.effect);
        hold((&found.whole, &what), (&old, &new), (&world, &inputs), &own, &mut tally);
        for change in &found.rules {
            let effect = |rules: &[Rule]| {
                let rule = rules.iter().find(|rule| format!("r{}", rule.id) == change.id);
                rule.map_or("allow: nothing", |rule| rule.effect)
            };
            let (was, is) = (effect(&rules), effect(&others));
            let own = |report: &DecisionReport, new: bool| {
                voice(report, &change.id, if new { is } else { was })
            };
            let what = format!("{what}rule {}", change.id);
            hold((&change.changes, &what), (&old, &new), (&world, &inputs), &own, &mut tally);
        }
    }
    tally
}

#[test]
fn verdicts_hold_for_every_input_of_a_small_world() {
    let tally = run(1, 40);
    assert!(tally.never > 40 && tally.when > 40 && tally.conditions > 40, "{tally:?}");
    assert!(tally.unknown * 6 < tally.never + tally.when, "{tally:#?}");
}

#[test]
#[ignore = "long: docs/assurance.md says when it is run"]
fn verdicts_hold_for_many_pairs() {
    for seed in 2..40 {
        let tally = run(seed, 100);
        println!("seed {seed}: {tally:?}");
    }
}
