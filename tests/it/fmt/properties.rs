//! What holds for expressions that nobody chose: however they are spaced, in every style of
//! scalar and at every width, formatting keeps their trees and comments, and is stable.

use policyc::base::span::FileId;
use policyc::compiler::format::Settings;
use policyc::compiler::source::map::SourceMap;
use policyc::compiler::syntax::document::model::{Outcome, RuleBody};
use policyc::compiler::syntax::document::read;
use policyc::diag::sink::Sink;

use super::formatted;
use crate::support::generate::random::Random;
use crate::support::tree::shape;
use crate::syntax::corpus::corpus;

const EXPRESSIONS: u64 = 50;
const WIDTHS: [usize; 4] = [40, 60, 100, 400];

/// The words of an expression.
struct Writer {
    random: Random,
    words: Vec<String>,
}

impl Writer {
    fn put(&mut self, word: &str) {
        self.words.push(word.to_owned());
    }

    fn expression(&mut self, depth: usize) {
        self.chain(depth);
        if depth > 0 && self.random.once_in(5) {
            self.put("?");
            self.chain(depth - 1);
            self.put(":");
            self.expression(depth - 1);
        }
    }

    fn chain(&mut self, depth: usize) {
        self.operand(depth);
        for _ in 0..self.random.below(if depth > 0 { 4 } else { 1 }) {
            let ops = ["&&", "||", "==", "!=", "<", ">=", "in", "+", "-", "*", "/", "%"];
            let op = self.random.pick(&ops).to_owned();
            self.put(&op);
            self.operand(depth - 1);
        }
    }

    fn operand(&mut self, depth: usize) {
        if self.random.once_in(6) {
            let sign = *["!", "-"].get(self.random.below(2)).unwrap();
            for _ in 0..=self.random.below(2) {
                self.put(sign);
            }
        }
        self.atom(depth);
        for _ in 0..self.random.below(if depth > 0 { 4 } else { 2 }) {
            self.put(".");
            if self.random.once_in(6) {
                self.put("?");
                self.put("field");
                continue;
            }
            let names = ["b", "within", "exists", "a_rather_long_name", "size"];
            let name = self.random.pick(&names).to_owned();
            self.put(&name);
            if depth > 0 && self.random.once_in(2) {
                self.arguments(depth - 1);
            } else if depth > 0 && self.random.once_in(4) {
                self.put("[");
                if self.random.once_in(3) {
                    self.put("?");
                }
                self.expression(depth - 1);
                self.put("]");
            }
        }
    }

    fn arguments(&mut self, depth: usize) {
        self.put("(");
        for at in 0..self.random.below(4) {
            if at > 0 {
                self.put(",");
            }
            self.expression(depth);
        }
        self.put(")");
    }

    fn atom(&mut self, depth: usize) {
        let names = ["x", "request", "facts", ".root", "1", "0x1Fu", ".5", "true", "null"];
        let texts = ["'s'", "\"it's\"", r"r'\d+'", r"b'\xff'", r#"'''a "b" c'''"#, "'é // no'"];
        match self.random.below(if depth > 0 { 8 } else { 4 }) {
            0 | 1 => self.put("name"),
            2 => {
                let word = self.random.pick(&names).to_owned();
                // A dot behind a number would need a blank.
                let number = word.starts_with(|c: char| c.is_ascii_digit()) || word == ".5";
                self.put(if number { "(" } else { &word });
                if number {
                    self.put(&word);
                    self.put(")");
                }
            }
            3 => {
                let text = self.random.pick(&texts).to_owned();
                self.put(&text);
            }
            4 => {
                self.put("(");
                self.expression(depth - 1);
                self.put(")");
            }
            5 => {
                self.put("f");
                self.arguments(depth - 1);
            }
            6 => self.elements(depth - 1, "[", "]", false),
            _ => {
                if self.random.once_in(2) {
                    self.put("acme");
                    self.put(".");
                    self.put("Message");
                    self.elements(depth - 1, "{", "}", true);
                } else {
                    self.elements(depth - 1, "{", "}", false);
                }
            }
        }
    }

    fn elements(&mut self, depth: usize, open: &str, close: &str, fields: bool) {
        self.put(open);
        let count = self.random.below(4);
        for at in 0..count {
            if self.random.once_in(6) {
                self.put("?");
            }
            if fields {
                self.put("field");
            } else {
                self.expression(depth);
            }
            if open == "{" {
                self.put(":");
                self.expression(depth);
            }
            if at + 1 < count || self.random.once_in(3) {
                self.put(",");
            }
        }
        self.put(close);
    }
}

fn words(seed: u64) -> Vec<String> {
    let mut writer = Writer { random: Random::new(seed), words: Vec::new() };
    writer.expression(3);
    writer.words
}

/// The words with blanks, line breaks and perhaps comments between them; lines start with `indent`.
fn spaced(words: &[String], random: &mut Random, comments: bool, indent: &str) -> String {
    let mut text = String::new();
    let mut count = 0;
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            let tight = |word: &str| "()[]{},".contains(word);
            match random.below(8) {
                0 => text.push_str(&format!("\n{indent}")),
                1 => text.push_str("   "),
                2 if comments => {
                    count += 1;
                    text.push_str(&format!(" // c{count}\n{indent}"));
                }
                3 if comments => {
                    count += 1;
                    text.push_str(&format!("\n{indent}//c{count} \n{indent}"));
                }
                4 | 5 if tight(word) || tight(&words[at - 1]) => {}
                _ => text.push(' '),
            }
        }
        text.push_str(word);
    }
    text
}

const OURS: &str = "policyc: 1\nname: n\ndefault: deny\nrules:\n  - id: a\n    when: ";
const OURS_END: &str = "\n    deny: \"no\"\n";
const THEIRS: &str = "name: n\nrule:\n  match:\n    - output: ";

/// The tree of the one expression of a document.
fn tree(path: &str, text: &str) -> String {
    let (mut files, mut sink) = (SourceMap::new(), Sink::new());
    let file = files.add(path, text);
    assert_eq!(file, FileId(0));
    let parsed = read(&files, &mut sink);
    let errors: Vec<_> = sink.finish().0;
    let errors: Vec<_> = errors.iter().filter(|it| it.code.id().starts_with("E01")).collect();
    assert!(errors.is_empty(), "{errors:?} in\n{text}");
    let root = match parsed.policies.first() {
        Some(document) => match &document.rules[0].body {
            RuleBody::When { condition, .. } => condition.expect("a condition"),
            RuleBody::Decision(decision) => *decision,
        },
        None => match &parsed.cel_policies[0].rule.choices[0].outcome {
            Outcome::Output(output) => *output,
            other => panic!("{other:?}"),
        },
    };
    shape(&parsed.ast, root)
}

/// The numbers of the comments, in the order in which they stand.
fn comments(text: &str) -> Vec<usize> {
    let number = |rest: &str| {
        let digits = rest.trim_start().strip_prefix('c')?;
        let len = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits.get(..len)?.parse().ok()
    };
    text.split("//").skip(1).filter_map(number).collect()
}

/// The documents that hold an expression, in every style; those with comments where lines are kept.
fn documents(words: &[String], random: &mut Random) -> Vec<(&'static str, String)> {
    let deep = "      ";
    let mut text = |comments, indent| spaced(words, random, comments, indent);
    let single = |text: &str| format!("'{}'", text.replace('\'', "''").replace('\n', " "));
    let double = |text: &str| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        format!("\"{text}\"")
    };
    vec![
        ("a.cel", text(true, "  ") + "\n"),
        ("a.cel", text(false, "\t") + "\n"),
        ("a.yaml", format!("{OURS}|\n{deep}{}{OURS_END}", text(true, deep))),
        ("a.yaml", format!("{OURS}|4-\n        {}{OURS_END}", text(true, "        "))),
        ("a.yaml", format!("{OURS}>-\n{deep}{}{OURS_END}", text(false, deep))),
        ("a.yaml", format!("{OURS}{}{OURS_END}", single(&text(false, "")))),
        ("a.yaml", format!("{OURS}{}{OURS_END}", double(&text(true, "")))),
        (
            "a.json",
            format!(
                "{{\"policyc\": 1, \"name\": \"n\", \"default\": \"deny\", \"rules\": \
             [{{\"id\": \"a\", \"when\": {}, \"deny\": \"no\"}}]}}",
                double(&text(true, ""))
            ),
        ),
        ("a.yaml", format!("{THEIRS}|+\n        {}\n", text(true, "        "))),
        ("a.yaml", format!("{THEIRS}>\n        {}\n", text(true, "        "))),
        ("a.yaml", format!("{THEIRS}{}\n", double(&text(true, "")))),
    ]
}

#[test]
fn trees_and_comments_stay_whatever_the_style() {
    for seed in 1..=EXPRESSIONS {
        let words = words(seed);
        let random = &mut Random::new(seed);
        let width = WIDTHS[random.below(WIDTHS.len())];
        let settings = Settings { width, indent: 1 + random.below(4) };
        for (path, text) in documents(&words, random) {
            let after = formatted(path, &text, settings);
            assert_eq!(tree(path, &after), tree(path, &text), "{text}\nbecame\n{after}");
            assert_eq!(comments(&after), comments(&text), "{text}\nbecame\n{after}");
        }
    }
}

#[test]
fn blanks_of_the_author_do_not_matter() {
    for seed in 1..=EXPRESSIONS {
        let words = words(seed);
        let random = &mut Random::new(seed);
        let settings = Settings { width: WIDTHS[random.below(WIDTHS.len())], indent: 2 };
        let mut block = || {
            let text = spaced(&words, random, false, "        ");
            formatted("a.yaml", &format!("{THEIRS}|\n        {text}\n"), settings)
        };
        assert_eq!(block(), block());
    }
}

#[test]
fn expressions_of_others_stay_what_they_are() {
    let mut count = 0;
    for record in corpus() {
        let text = record["expr"].as_str().expect("a record has an expression");
        if record["parses"] != true || text.contains('\r') {
            continue;
        }
        count += 1;
        let quoted = serde_json::to_string(text).expect("JSON");
        let block = text.replace('\n', "\n        ");
        let (path, document) = match count % 3 {
            0 => ("a.yaml", format!("{THEIRS}{quoted}\n")),
            1 => ("a.yaml", format!("{THEIRS}|-\n        {block}\n")),
            _ => ("a.cel", format!("{}\n", text.trim().replace('\n', "\n  "))),
        };
        let settings = Settings { width: if count % 2 == 0 { 40 } else { 100 }, indent: 2 };
        let after = formatted(path, &document, settings);
        if path == "a.yaml" {
            assert_eq!(tree(path, &after), tree(path, &document), "{text}");
        }
    }
    assert!(count > 1000, "{count} expressions: set CEL_CORPUS_DIR to their folder");
}
