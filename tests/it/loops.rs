//! Random questions about lists, short and long: the program, the program while it is watched, and
//! the reference must agree.
//!
//! The seeds are fixed, so a failure comes back. `DIFFERENTIAL_ROUNDS` sets how many policies are
//! tried.

use policyc::compiler::source::map::SourceMap;
use serde_json::{Value as Json, json};

use crate::support::both::Both;
use crate::support::generate::random::Random;

const SCHEMA: &str = "\
schema:
  i: int
  w: string
  d: double
  gone: optional int
  ints: {items: int, maxItems: 200}
  words: {items: string, maxItems: 200}
  perhaps: optional list<int>
  rows:
    maxItems: 200
    items: {n: int, m: int, d: double, s: string, t: string, b: bool, o: optional int, \
  q: optional string, l: {items: int, maxItems: 3}, k: {items: string, maxItems: 3}}
  others:
    maxItems: 20
    items: {n: int, s: string}
";

/// Elements of the long lists: around the number that is looked at together, and beyond.
const LENGTHS: [usize; 12] = [0, 1, 2, 5, 31, 63, 64, 65, 66, 127, 129, 200];
const RULES: usize = 3;
const CONTEXTS: usize = 8;

const INTS: [i64; 8] = [0, 1, 2, 3, -1, -7, i64::MAX, i64::MIN];
const DOUBLES: [&str; 5] = ["0.0", "1.0", "1.5", "-2.0", "1e300"];
const TEXTS: [&str; 12] = [
    "",
    "a",
    "ab",
    "abc",
    "abcd",
    "abce",
    "abcdefg",
    "abcdefh",
    "abcdefghijklm",
    "abcdefghijkln",
    "abcdefghijklmnopqrst",
    "\u{e9}\u{1F600}",
];

/// What an element is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Int,
    Double,
    Text,
    Row,
    Other,
}

/// A writer of conditions.
struct Writer<'r> {
    random: &'r mut Random,
    /// Loop variables so far.
    names: usize,
}

impl Writer<'_> {
    fn int(&mut self) -> String {
        INTS[self.random.below(INTS.len())].to_string()
    }

    fn text(&mut self) -> String {
        format!("'{}'", TEXTS[self.random.below(TEXTS.len())])
    }

    fn relation(&mut self) -> &'static str {
        self.random.pick(&["==", "!=", "<", "<=", ">", ">="])
    }

    /// A number that stands still while loops run, or a constant.
    fn fixed_int(&mut self) -> String {
        match self.random.below(6) {
            0 => "i".to_owned(),
            1 => "gone".to_owned(),
            _ => self.int(),
        }
    }

    fn fixed_text(&mut self) -> String {
        if self.random.once_in(3) { "w".to_owned() } else { self.text() }
    }

    /// What can be asked of `it`.
    fn test(&mut self, it: &str, kind: Kind, depth: usize) -> String {
        match kind {
            Kind::Int => self.of_int(it),
            Kind::Double => {
                let double = self.random.pick(&DOUBLES);
                let (relation, int) = (self.relation(), self.int());
                match self.random.below(4) {
                    0 => format!("{it} {relation} d"),
                    1 => format!("{it} {relation} {int}"),
                    2 => format!("{it} {relation} 0.0 / 0.0"),
                    _ => format!("{it} {relation} {double}"),
                }
            }
            Kind::Text => self.of_text(it),
            Kind::Other if self.random.once_in(2) => self.of_text(&format!("{it}.s")),
            Kind::Other => self.of_int(&format!("{it}.n")),
            Kind::Row => self.of_row(it, depth),
        }
    }

    fn of_int(&mut self, it: &str) -> String {
        let (relation, fixed) = (self.relation(), self.fixed_int());
        let (a, b) = (self.int(), self.int());
        match self.random.below(8) {
            0 => format!("{fixed} {relation} {it}"),
            1 => format!("{it} in [{a}, {b}, 3]"),
            2 if self.random.once_in(3) => format!("{it} in ints"),
            3 => format!("{it} {relation} 1.5"),
            4 => {
                let (operator, operand) =
                    (self.random.pick(&["+", "-", "*", "/", "%"]), self.int());
                format!("{it} {operator} {operand} {relation} {fixed}")
            }
            _ => format!("{it} {relation} {fixed}"),
        }
    }

    fn of_text(&mut self, it: &str) -> String {
        let (relation, fixed) = (self.relation(), self.fixed_text());
        let (a, b) = (self.text(), self.text());
        // What searches texts of any length may cost more than a loop may.
        let searches = self.random.once_in(8);
        match self.random.below(12) {
            0 => format!("{it}.startsWith({a})"),
            1 => format!("{it}.endsWith({a})"),
            2 if searches => format!("{it}.contains({a})"),
            3 => format!("{it}.startsWith(w)"),
            4 => format!("{it} in [{a}, {b}]"),
            5 => format!("{it} in [{a}, {b}, 'a', 'ab', 'abc']"),
            6 => format!("{it} in words"),
            7 if searches => format!("{it}.matches('b.*[dg]')"),
            8 => format!("size({it}) {relation} 3"),
            9 => format!("{it} {relation} {fixed}"),
            _ => format!("{it} {} {fixed}", self.random.pick(&["==", "!="])),
        }
    }

    fn of_row(&mut self, it: &str, depth: usize) -> String {
        let int = self.random.pick(&["n", "m", "o"]);
        let text = self.random.pick(&["s", "t", "q"]);
        match self.random.below(14) {
            0..=3 => self.of_int(&format!("{it}.{int}")),
            4..=6 => self.of_text(&format!("{it}.{text}")),
            7 => self.test(&format!("{it}.d"), Kind::Double, 0),
            8 => format!("{it}.b"),
            9 => format!("has({it}.{})", self.random.pick(&["o", "q"])),
            10 if self.random.once_in(2) => {
                let (operator, fixed) = (self.random.pick(&["+", "-", "*"]), self.fixed_int());
                let sum = format!("{it}.{int} {operator} {it}.m");
                match self.random.below(4) {
                    0 => format!("{sum} {} {it}.n - 1", self.relation()),
                    1 => format!("{it}.d * 2.0 + d {} {it}.d", self.relation()),
                    2 => format!("-({sum}) + {fixed} {} 2", self.relation()),
                    _ => format!("{sum} {} {fixed}", self.relation()),
                }
            }
            10 => format!("{it}.n {} {it}.{int}", self.relation()),
            11 => format!("{it}.s == {it}.{text}"),
            12 => format!("size({it}.l) {} 1", self.relation()),
            _ if depth > 0 => {
                let (list, kind) = [("l", Kind::Int), ("k", Kind::Text)][self.random.below(2)];
                self.question(&format!("{it}.{list}"), kind, depth - 1)
            }
            _ => format!("{} in {it}.k", self.fixed_text()),
        }
    }

    /// Tests, joined.
    fn condition(&mut self, it: &str, kind: Kind, depth: usize) -> String {
        let count = 1 + self.random.below(3);
        let tests: Vec<String> = (0..count)
            .map(|_| {
                let test = self.test(it, kind, depth);
                if self.random.once_in(4) { format!("!({test})") } else { test }
            })
            .collect();
        match self.random.below(5) {
            0 if count == 3 => format!("({} ? {} : {})", tests[0], tests[1], tests[2]),
            1 if count == 3 => format!("({} && {} || {})", tests[0], tests[1], tests[2]),
            0 | 1 => format!("({})", tests.join(" || ")),
            _ => format!("({})", tests.join(" && ")),
        }
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("x{}", self.names)
    }

    /// A list of the context, perhaps with some of it left out, or something made of each.
    fn list(&mut self, depth: usize) -> (String, Kind) {
        let lists = [
            ("rows", Kind::Row),
            ("rows", Kind::Row),
            ("rows", Kind::Row),
            ("others", Kind::Other),
            ("ints", Kind::Int),
            ("words", Kind::Text),
            ("perhaps", Kind::Int),
        ];
        let (list, kind) = lists[self.random.below(lists.len())];
        let mut made = (list.to_owned(), kind);
        for _ in 0..self.random.below(3) {
            let x = self.name();
            let (list, kind) = made;
            made = if self.random.once_in(2) {
                let condition = self.condition(&x, kind, depth);
                (format!("{list}.filter({x}, {condition})"), kind)
            } else {
                let (field, to) = self.made_of(&x, kind);
                if self.random.once_in(3) {
                    let condition = self.condition(&x, kind, depth);
                    (format!("{list}.map({x}, {condition}, {field})"), to)
                } else {
                    (format!("{list}.map({x}, {field})"), to)
                }
            };
        }
        made
    }

    /// Something that is made of `it`.
    fn made_of(&mut self, it: &str, kind: Kind) -> (String, Kind) {
        match kind {
            Kind::Row => match self.random.below(8) {
                0 | 1 => (format!("{it}.n"), Kind::Int),
                2 => (format!("{it}.o"), Kind::Int),
                3 => (format!("{it}.n * {it}.m"), Kind::Int),
                4 => (format!("{it}.d"), Kind::Double),
                5 => (format!("{it}.q"), Kind::Text),
                _ => (format!("{it}.s"), Kind::Text),
            },
            Kind::Other => (format!("{it}.s"), Kind::Text),
            Kind::Int if self.random.once_in(2) => (format!("{it} + 1"), Kind::Int),
            Kind::Int | Kind::Double | Kind::Text => (it.to_owned(), kind),
        }
    }

    /// What is asked of a list.
    fn question(&mut self, list: &str, kind: Kind, depth: usize) -> String {
        let x = self.name();
        let mut condition = self.condition(&x, kind, depth);
        if depth > 0 && kind == Kind::Row && self.random.once_in(4) {
            let y = self.name();
            let join = self.random.pick(&["n == X.n", "s == X.s", "n < X.m && Y.s != X.t"]);
            let join = join.replace("X.", &format!("{x}.")).replace("Y.", &format!("{y}."));
            condition = format!("{condition} && others.exists({y}, {y}.{join})");
        }
        let relation = self.relation();
        let scalar = matches!(kind, Kind::Int | Kind::Text);
        match self.random.below(9) {
            0..=2 => format!("{list}.exists({x}, {condition})"),
            3 | 4 => format!("{list}.all({x}, {condition})"),
            5 => format!("{list}.exists_one({x}, {condition})"),
            6 if scalar && self.random.once_in(2) => {
                let value = if kind == Kind::Int { self.fixed_int() } else { self.fixed_text() };
                format!("{value} in {list}")
            }
            7 if kind == Kind::Int => self.total(list, relation),
            6 => format!("size({list}) {relation} {}", self.random.below(4)),
            _ => {
                let count = self.random.below(4);
                format!("size({list}.filter({x}, {condition})) {relation} {count}")
            }
        }
    }

    /// What is made of a whole list of ints.
    fn total(&mut self, list: &str, relation: &str) -> String {
        let int = self.int();
        match self.random.below(3) {
            0 => format!("math.greatest({list}) {relation} {int}"),
            1 => format!("math.least({list}) {relation} {int}"),
            _ => format!("{list}[2] {relation} {int}"),
        }
    }

    fn rule(&mut self) -> String {
        let (list, kind) = self.list(1);
        let question = self.question(&list, kind, 2);
        if self.random.once_in(3) { format!("!({question})") } else { question }
    }
}

fn policy(random: &mut Random) -> String {
    let mut out = format!("policyc: 1\nname: loops\ndefault: deny\n{SCHEMA}rules:\n");
    let mut writer = Writer { random, names: 0 };
    for at in 0..RULES {
        let when = Json::from(writer.rule());
        out.push_str(&format!("  - id: r{at}\n    when: {when}\n    allow: x\n"));
    }
    out
}

/// A context whose lists are of one length, or two. In most of them few elements stand out.
fn context(random: &mut Random) -> Json {
    let few = random.once_in(2);
    let int = |random: &mut Random| {
        let most = if few && !random.once_in(40) { 2 } else { INTS.len() };
        INTS[random.below(most)]
    };
    let text = |random: &mut Random| {
        let most = if few && !random.once_in(40) { 2 } else { TEXTS.len() };
        TEXTS[random.below(most)]
    };
    let len = LENGTHS[random.below(LENGTHS.len())];
    let rows: Vec<Json> = (0..len)
        .map(|_| {
            let d: f64 = random.pick(&DOUBLES).parse().unwrap();
            let (n, m, s, t) = (int(random), int(random), text(random), text(random));
            let l: Vec<i64> = (0..random.below(3)).map(|_| int(random)).collect();
            let k: Vec<&str> = (0..random.below(3)).map(|_| text(random)).collect();
            let b = random.below(2) == 0;
            let mut row = json!({"n": n, "m": m, "d": d, "s": s, "t": t, "b": b, "l": l, "k": k});
            if !random.once_in(if few { 90 } else { 3 }) {
                row["o"] = json!(int(random));
                row["q"] = json!(text(random));
            }
            row
        })
        .collect();
    let len = LENGTHS[random.below(LENGTHS.len())];
    let ints: Vec<i64> = (0..len).map(|_| int(random)).collect();
    let words: Vec<&str> = (0..len).map(|_| text(random)).collect();
    let others: Vec<Json> =
        (0..len.min(20)).map(|_| json!({"n": int(random), "s": text(random)})).collect();
    let d: f64 = random.pick(&DOUBLES).parse().unwrap();
    let mut context = json!({
        "i": int(random), "w": text(random), "d": d,
        "ints": ints, "words": words, "rows": rows, "others": others,
    });
    if random.below(2) == 0 {
        context["gone"] = json!(int(random));
    }
    if random.below(2) == 0 {
        context["perhaps"] = context["ints"].clone();
    }
    context
}

#[test]
fn questions_about_lists_are_answered_alike() {
    let rounds = std::env::var("DIFFERENTIAL_ROUNDS").ok().and_then(|text| text.parse().ok());
    let rounds: u64 = rounds.unwrap_or(100);
    let (mut compiled, mut decided, mut clean, mut fired) = (0, 0, 0, 0);
    for seed in 0..rounds {
        let mut random = Random::new(seed);
        let mut files = SourceMap::new();
        let text = policy(&mut random);
        files.add("loops.yaml", text.as_str());
        let Ok(both) = Both::try_of(&files) else { continue };
        compiled += 1;
        let oracle = both.oracle();
        for _ in 0..CONTEXTS {
            let context = context(&mut random);
            let agreed = std::panic::AssertUnwindSafe(|| {
                both.decide(&oracle, &context, (1_773_785_730, 0), &[])
            });
            let Ok(report) = std::panic::catch_unwind(agreed) else {
                panic!("seed {seed}:\n{text}");
            };
            decided += 1;
            clean += u64::from(report.errors.is_empty());
            fired += report.fired.len();
        }
    }
    println!(
        "{compiled} of {rounds} compile; {clean} of {decided} without an error, {fired} fired"
    );
    assert!(compiled * 2 > rounds, "{compiled} of {rounds} policies compile");
    assert!(clean * 8 > decided, "{clean} of {decided} decisions are without an error");
    assert!(fired as u64 > decided, "{fired} rules fired in {decided} decisions");
}
