//! Invariants are proved, or broken by an input; what is told holds for every input.

use std::fmt::Write as _;

use policyc::compiler::source::map::SourceMap;
use policyc::diag::diagnostic::Diagnostic;
use policyc::diag::sink::Sink;
use policyc::tools::pipeline;
use policyc::tools::project::Settings;

const CONFIG: &str = "\
name: e
variables:
  - {name: p, type_name: int}
  - {name: b, type_name: bool}
  - {name: names, type: {type_name: list, params: [{type_name: string}]}}
  - {name: flags, type: {type_name: map, params: [{type_name: string}, {type_name: bool}]}}
";

/// The findings about invariants of a document.
fn proved(rule: &str, invariants: &str) -> Vec<Diagnostic> {
    let mut files = SourceMap::new();
    files.add("config.yaml", CONFIG);
    let text = format!("name: policy\nrule:\n{rule}verification:\n  invariants:\n{invariants}");
    files.add("policy.yaml", text.as_str());
    let mut sink = Sink::new();
    let _ = pipeline::build(&files, &Settings::default(), &mut sink);
    let found = sink.finish().0;
    let about = ["E0314", "W0558", "W0559"];
    assert!(found.iter().all(|it| about.contains(&it.code.id())), "{text}\n{found:#?}");
    found
}

fn codes(rule: &str, assume: &[&str], assert: &[&str]) -> Vec<&'static str> {
    let text = format!("    - {{id: it, assume: {assume:?}, assert: {assert:?}}}\n");
    proved(rule, &text).iter().map(|found| found.code.id()).collect()
}

const TWO: &str = "  match:\n    - {condition: \"p > 100\", output: \"'REVIEW'\"}\n    - {output: \
                   \"'ALLOW'\"}\n";

#[test]
fn an_assertion_is_proved_or_broken_by_an_input() {
    assert_eq!(codes(TWO, &["rule.result == 'ALLOW'"], &["p <= 100"]), [""; 0]);
    assert_eq!(codes(TWO, &["rule.result == 'REVIEW'"], &["p > 100"]), [""; 0]);
    assert_eq!(codes(TWO, &[], &["rule.result in ['ALLOW', 'REVIEW']"]), [""; 0]);
    assert_eq!(codes(TWO, &["rule.result == 'ALLOW'"], &["p < 100"]), ["E0314"]);
    assert_eq!(codes(TWO, &[], &["rule.result.startsWith('A')"]), ["E0314"]);
}

#[test]
fn the_input_that_breaks_an_assertion_is_told_with_the_result() {
    let text = "    - id: small\n      assume: [\"rule.result == 'ALLOW'\"]\n      assert: [\"p <= \
                100\", \"p != 100\"]\n";
    let found = proved(TWO, text);
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(one.example.as_deref(), Some("{\"p\":100} → \"ALLOW\""));
    assert_eq!(one.message, "`small` does not hold");
}

#[test]
fn a_broken_invariant_is_no_bundle() {
    let build = |assert: &str| {
        let mut files = SourceMap::new();
        files.add("config.yaml", CONFIG);
        let text = format!(
            "name: policy\nrule:\n{TWO}verification:\n  invariants:\n    - {{id: it, assert: \
             [\"{assert}\"]}}\n"
        );
        files.add("policy.yaml", text);
        pipeline::build(&files, &Settings::default(), &mut Sink::new()).is_some()
    };
    assert!(build("p > 100 || rule.result == 'ALLOW'"));
    assert!(!build("rule.result == 'ALLOW'"));
}

#[test]
fn where_an_output_may_be_missing_the_result_is_optional() {
    let rule = "  match:\n    - {condition: \"p > 100\", output: \"'DENY'\"}\n";
    assert_eq!(codes(rule, &["rule.result.hasValue()"], &["p > 100"]), [""; 0]);
    assert_eq!(codes(rule, &[], &["rule.result.orValue('') != 'ALLOW'"]), [""; 0]);
    assert_eq!(codes(rule, &[], &["rule.result.hasValue()"]), ["E0314"]);
    assert_eq!(codes(rule, &[], &["rule.result == optional.of('DENY') || p <= 100"]), [""; 0]);
}

#[test]
fn where_conditions_fail_there_is_no_result() {
    let rule = "  match:\n    - {condition: flags.x, output: \"'A'\"}\n    - {output: \
                \"'B'\"}\n";
    assert_eq!(codes(rule, &["!has(flags.x)"], &["rule.result == 'A'"]), ["W0559"]);
    assert_eq!(codes(rule, &["rule.result == 'B'"], &["has(flags.x)"]), [""; 0]);
}

#[test]
fn an_assertion_that_fails_does_not_hold() {
    assert_eq!(codes(TWO, &["p <= 3"], &["10 / p < 100"]), ["E0314"]);
}

#[test]
fn an_invariant_about_no_input_says_nothing() {
    assert_eq!(codes(TWO, &["rule.result == 'Allow'"], &["p <= 100"]), ["W0559"]);
    assert_eq!(codes(TWO, &["p < 3", "p > 3"], &["b"]), ["W0559"]);
}

#[test]
fn of_lists_of_results_each_element_is_claimed() {
    let rule = "  aggregate:\n    - {condition: \"p > 5\", output: \"'many'\"}\n    - {condition: \
                b, output: \"'flag'\"}\n";
    assert_eq!(codes(rule, &["!b", "p <= 5"], &["size(rule.result) == 0"]), [""; 0]);
    assert_eq!(codes(rule, &["b"], &["size(rule.result) == 1"]), ["E0314"]);
    assert_eq!(codes(rule, &["b"], &["'flag' in rule.result"]), [""; 0]);
    assert_eq!(codes(rule, &[], &["'many' in rule.result"]), ["E0314"]);
}

#[test]
fn lists_of_the_input_are_reasoned_about() {
    let rule = "  match:\n    - {condition: \"names.exists(n, n == 'root')\", output: \
                \"'DENY'\"}\n    - {output: \"'ALLOW'\"}\n";
    assert_eq!(codes(rule, &["rule.result == 'ALLOW'"], &["!('root' in names)"]), [""; 0]);
    assert_eq!(codes(rule, &["rule.result == 'ALLOW'"], &["!('toor' in names)"]), ["E0314"]);
}

#[test]
fn what_is_not_looked_at_is_said_to_be_open() {
    let decides = "  match:\n    - {condition: b, output: deny('no')}\n    - {output: allow()}\n";
    assert_eq!(codes(decides, &[], &["b"]), ["W0558"]);
    let mut many = String::from("  match:\n");
    for number in 0..128 {
        writeln!(many, "    - {{condition: \"p == {number}\", output: \"'x'\"}}").expect("a text");
    }
    let last = "    - {output: \"'y'\"}\n";
    assert_eq!(codes(&format!("{many}{last}"), &["p == 1"], &["rule.result == 'x'"]), ["W0558"]);
    let fewer = many.replace("    - {condition: \"p == 127\", output: \"'x'\"}\n", "");
    assert_eq!(codes(&format!("{fewer}{last}"), &["p == 1"], &["rule.result == 'x'"]), [""; 0]);
    assert_eq!(codes(&format!("{fewer}{last}"), &["p == 127"], &["rule.result == 'x'"]), ["E0314"]);
}

/// A block of a random document: conditions with what they lead to.
#[derive(Debug)]
struct Block(Vec<(Option<Condition>, Outcome)>);

#[derive(Debug)]
enum Outcome {
    Output(&'static str),
    Rule(Block),
}

/// Conditions of which numbers from -1 to 6 show all there is to tell apart.
#[derive(Clone, Copy, Debug)]
enum Condition {
    Below(i64),
    Is(i64),
    Flag,
    FlagFrom(i64),
}

impl Condition {
    fn text(self) -> String {
        match self {
            Self::Below(number) => format!("p < {number}"),
            Self::Is(number) => format!("p == {number}"),
            Self::Flag => "b".to_owned(),
            Self::FlagFrom(number) => format!("b && p >= {number}"),
        }
    }

    fn holds(self, p: i64, b: bool) -> bool {
        match self {
            Self::Below(number) => p < number,
            Self::Is(number) => p == number,
            Self::Flag => b,
            Self::FlagFrom(number) => b && p >= number,
        }
    }
}

/// Numbers from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % most
    }

    fn condition(&mut self) -> Condition {
        let number = i64::try_from(self.below(6)).expect("a small number");
        match self.below(4) {
            0 => Condition::Below(number),
            1 => Condition::Is(number),
            2 => Condition::Flag,
            _ => Condition::FlagFrom(number),
        }
    }

    /// A block whose last entry has no condition where it is the outermost.
    fn block(&mut self, depth: u64) -> Block {
        let mut entries = Vec::new();
        for _ in 0..1 + self.below(3) {
            let nested = depth < 2 && self.below(3) == 0;
            let condition = (!nested || self.below(2) == 0).then(|| self.condition());
            entries.push((condition, self.outcome(nested, depth)));
        }
        if depth == 0 {
            entries.push((None, Outcome::Output("'D'")));
        }
        Block(entries)
    }

    fn outcome(&mut self, nested: bool, depth: u64) -> Outcome {
        if nested {
            return Outcome::Rule(self.block(depth + 1));
        }
        Outcome::Output(["'A'", "'B'", "'C'"][usize::try_from(self.below(3)).expect("small")])
    }
}

fn write_block(block: &Block, indent: usize, text: &mut String) {
    let blanks = " ".repeat(indent);
    writeln!(text, "{blanks}match:").expect("a text");
    for (condition, outcome) in &block.0 {
        let mut dash = "- ";
        if let Some(condition) = condition {
            writeln!(text, "{blanks}  - condition: \"{}\"", condition.text()).expect("a text");
            dash = "  ";
        }
        match outcome {
            Outcome::Output(value) => {
                writeln!(text, "{blanks}  {dash}output: \"{value}\"").expect("a text");
            }
            Outcome::Rule(nested) => {
                writeln!(text, "{blanks}  {dash}rule:").expect("a text");
                write_block(nested, indent + 6, text);
            }
        }
    }
}

/// What the format says of a block: the first entry that holds; a nested rule without a condition
/// that yields nothing lets the next entry have its turn, one with a condition does not.
fn result(block: &Block, p: i64, b: bool) -> Option<&'static str> {
    for (condition, outcome) in &block.0 {
        if condition.is_some_and(|it| !it.holds(p, b)) {
            continue;
        }
        match outcome {
            Outcome::Output(value) => return Some(value),
            Outcome::Rule(nested) => match (result(nested, p, b), condition) {
                (None, None) => {}
                (found, _) => return found,
            },
        }
    }
    None
}

/// Whether a block yields whatever happens: a nested rule under a condition may be chosen and yield
/// nothing.
fn always(block: &Block) -> bool {
    let yields = |outcome: &Outcome| match outcome {
        Outcome::Output(_) => true,
        Outcome::Rule(nested) => always(nested),
    };
    block.0.iter().any(|(condition, outcome)| condition.is_none() && yields(outcome))
        && !block.0.iter().any(|(condition, outcome)| condition.is_some() && !yields(outcome))
}

#[test]
fn verdicts_are_those_of_trying_every_input() {
    let (mut broken, mut held) = (0, 0);
    for seed in 0..120 {
        let mut random = Random(seed);
        let block = random.block(0);
        let mut rule = String::new();
        write_block(&block, 2, &mut rule);
        let (claim, wanted) = (random.condition(), ["'A'", "'B'", "'C'", "'D'"]);
        let wanted = wanted[usize::try_from(random.below(4)).expect("small")];
        let world = (-1..=6).flat_map(|p| [(p, false), (p, true)]);
        let assumed = |p, b| result(&block, p, b) == Some(wanted);
        let all: Vec<(i64, bool)> = world.filter(|(p, b)| assumed(*p, *b)).collect();
        let expected: &[&str] = if all.is_empty() {
            &["W0559"]
        } else if all.iter().all(|(p, b)| claim.holds(*p, *b)) {
            held += 1;
            &[]
        } else {
            broken += 1;
            &["E0314"]
        };
        let wanted = if always(&block) { wanted } else { &format!("optional.of({wanted})") };
        let (assume, assert) = (format!("rule.result == {wanted}"), claim.text());
        let found = codes(&rule, &[assume.as_str()], &[assert.as_str()]);
        assert_eq!(found, expected, "seed {seed}, {claim:?} where {wanted}:\n{rule}");
    }
    assert!(broken > 20 && held > 5, "{broken} broken, {held} proved");
}
