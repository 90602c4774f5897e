//! Entries of CEL Policy documents, at random: those that never yield are those that are told.

use policyc::compiler::source::map::SourceMap;

use super::found_in;
use crate::support::generate::random::Random;

/// A comparison of one of two numbers, and how it comes out.
struct Comparison {
    text: String,
    of: usize,
    op: &'static str,
    with: i64,
}

impl Comparison {
    fn random(random: &mut Random) -> Self {
        let of = random.below(2);
        let op = ["<", "<=", ">", ">=", "==", "!="][random.below(6)];
        let with = i64::try_from(random.below(6)).expect("small");
        Self { text: format!("{} {op} {with}", ["n", "m"][of]), of, op, with }
    }

    fn holds(&self, input: [i64; 2]) -> bool {
        let own = input[self.of];
        match self.op {
            "<" => own < self.with,
            "<=" => own <= self.with,
            ">" => own > self.with,
            ">=" => own >= self.with,
            "==" => own == self.with,
            _ => own != self.with,
        }
    }
}

/// One or two comparisons, all of which must hold, or one.
struct Condition {
    parts: Vec<Comparison>,
    all: bool,
}

impl Condition {
    fn random(random: &mut Random) -> Self {
        let parts = (0..=random.below(2)).map(|_| Comparison::random(random)).collect();
        Self { parts, all: random.once_in(2) }
    }

    fn text(&self) -> String {
        let parts: Vec<&str> = self.parts.iter().map(|part| part.text.as_str()).collect();
        parts.join(if self.all { " && " } else { " || " })
    }

    fn holds(&self, input: [i64; 2]) -> bool {
        let mut parts = self.parts.iter().map(|part| part.holds(input));
        if self.all { parts.all(|it| it) } else { parts.any(|it| it) }
    }
}

/// All that these numbers can be, as comparisons with 0 to 5 see it.
fn inputs() -> Vec<[i64; 2]> {
    (-1..=6).flat_map(|n| (-1..=6).map(move |m| [n, m])).collect()
}

/// The entries that never yield, those aside of which it is told by themselves, or because of one
/// before them that always does.
fn silent(conditions: &[Condition]) -> Vec<usize> {
    let inputs = inputs();
    let any = |holds: &dyn Fn([i64; 2]) -> bool| inputs.iter().any(|input| holds(*input));
    let is_silent = |at: &usize| {
        let (before, own) = (&conditions[..*at], &conditions[*at]);
        let free = |input| before.iter().all(|it| !it.holds(input));
        let always = before.iter().any(|it| !any(&|input| !it.holds(input)));
        any(&|input| own.holds(input)) && !always && !any(&|input| free(input) && own.holds(input))
    };
    (0..conditions.len()).filter(is_silent).collect()
}

#[test]
fn entries_that_never_yield_are_told_and_no_others() {
    let (mut random, mut count) = (Random::new(11), 0);
    for _ in 0..120 {
        let conditions: Vec<Condition> = (0..4).map(|_| Condition::random(&mut random)).collect();
        let mut policy = "name: p\nrule:\n  match:\n".to_owned();
        let mut starts = Vec::new();
        for condition in &conditions {
            policy.push_str("    - condition: ");
            starts.push(policy.len());
            policy.push_str(&condition.text());
            policy.push_str("\n      output: \"'x'\"\n");
        }
        policy.push_str("    - output: \"'y'\"\n");
        let mut files = SourceMap::new();
        files.add("p.yaml", policy.clone());
        files.add("config.yaml", "variables: [{name: n, type: int}, {name: m, type: int}]\n");
        let told: Vec<usize> = found_in(&files)
            .iter()
            .filter(|finding| finding.message == "this entry never yields")
            .map(|finding| finding.span().expect("a place").start as usize)
            .map(|at| starts.iter().position(|start| *start == at).expect("a condition"))
            .collect();
        assert_eq!(told, silent(&conditions), "{policy}");
        count += told.len();
    }
    assert!(count > 20, "{count} are too few");
}
