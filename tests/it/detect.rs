//! Detectors: cases written by hand, the reference on any text, the shares that the page tells.
//!
//! A case is a line of `tests/cases/detect/KIND.txt`. What should be found and is stands in «»,
//! what should be found and is not in ‹›, a false alarm in ⟦⟧. A line without any is a near miss.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use policyc::compiler::source::map::SourceMap;
use policyc::lang::decision::Effect;
use policyc::lang::detect::{Kind, Search};
use serde_json::{Value as Json, json};

use crate::support::both::Both;
use crate::support::folder;
use crate::support::generate::random::Random;
use crate::support::oracle::detect;

const KINDS: [(&str, Kind); 12] = [
    ("email", Kind::Email),
    ("phone", Kind::Phone),
    ("card", Kind::Card),
    ("iban", Kind::Iban),
    ("secret", Kind::Secret),
    ("ch_ahv", Kind::ChAhv),
    ("de_tax_id", Kind::DeTaxId),
    ("es_dni", Kind::EsDni),
    ("fr_nir", Kind::FrNir),
    ("it_tax_code", Kind::ItTaxCode),
    ("us_ssn", Kind::UsSsn),
    ("national_id", Kind::NationalId),
];
const NATIONAL: [&str; 6] = ["ch_ahv", "de_tax_id", "es_dni", "fr_nir", "it_tax_code", "us_ssn"];
/// Texts of each kind that both evaluators search.
const ROUNDS: usize = 400;
/// Fewest of each that the cases of a kind hold.
const CASES_MIN: usize = 20;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// A line without its marks, and what they mark.
#[derive(Default)]
struct Case {
    text: String,
    found: Vec<Range<usize>>,
    right: usize,
    missed: usize,
    wrong: usize,
}

impl Case {
    fn read(line: &str) -> Self {
        let mut case = Self::default();
        let mut start = 0;
        for char in line.chars() {
            match char {
                '«' | '‹' | '⟦' => start = case.text.len(),
                '»' | '⟧' => case.found.push(start..case.text.len()),
                _ => case.text.push(char),
            }
            case.right += usize::from(char == '»');
            case.missed += usize::from(char == '›');
            case.wrong += usize::from(char == '⟧');
        }
        case
    }
}

fn cases(kind: &str) -> Vec<Case> {
    let path = root().join("tests/cases/detect").join(format!("{kind}.txt"));
    let text = fs::read_to_string(path).expect("cases");
    text.lines().filter(|line| !line.starts_with('#')).map(Case::read).collect()
}

fn texts_of(kind: &str) -> Vec<String> {
    cases(kind).into_iter().map(|case| case.text).collect()
}

fn found(kind: Kind, text: &str) -> Vec<Range<usize>> {
    let mut search = Search::of(kind);
    std::iter::from_fn(|| search.next_in(text.as_bytes())).collect()
}

#[test]
fn cases_are_found_as_marked() {
    let mut wrong = Vec::new();
    for (name, kind) in &KINDS[..KINDS.len() - 1] {
        for case in cases(name) {
            let found = found(*kind, &case.text);
            let shown: Vec<&str> = found.iter().map(|range| &case.text[range.clone()]).collect();
            if found != case.found {
                wrong.push(format!("{name}: {}: found {shown:?}", case.text));
            }
            if detect::found(name, &case.text) != case.found {
                wrong.push(format!("{name}: {}: the reference differs", case.text));
            }
            let any = self::found(Kind::NationalId, &case.text);
            if NATIONAL.contains(name) && !case.found.iter().all(|it| any.contains(it)) {
                wrong.push(format!("{name}: {}: no national id", case.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_tells_the_shares() {
    let page = fs::read_to_string(root().join("docs/detectors.md")).expect("a page");
    for (name, _) in &KINDS[..KINDS.len() - 1] {
        let cases = cases(name);
        let sum = |of: fn(&Case) -> usize| cases.iter().map(of).sum::<usize>();
        let (right, missed, wrong) = (sum(|it| it.right), sum(|it| it.missed), sum(|it| it.wrong));
        let near = cases.iter().filter(|it| it.right + it.missed + it.wrong == 0).count();
        assert!(right >= CASES_MIN && near >= CASES_MIN, "{name}: {right} and {near}");
        let row = format!("| {name} | {right} | {missed} | {wrong} | {near} |");
        assert!(page.contains(&row), "docs/detectors.md lacks `{row}`");
    }
}

/// Texts made of pieces of the cases, cut anywhere, with what parts and joins numbers.
fn any_text(random: &mut Random, pieces: &[String]) -> String {
    const GLUE: [&str; 24] = [
        "", "", " ", "-", ".", ",", "@", "%40", "+", "(", ")", "(0)", "0", "1", "a", "_", "/", ":",
        "é", "\u{a0}", "'", "..", "--", "-----",
    ];
    let mut text = String::new();
    for _ in 0..1 + random.below(4) {
        let piece: Vec<char> = pieces[random.below(pieces.len())].chars().collect();
        let (a, b) = (random.below(piece.len() + 1), random.below(piece.len() + 1));
        let whole = random.once_in(2);
        let (from, to) = if whole { (0, piece.len()) } else { (a.min(b), a.max(b)) };
        text.extend(&piece[from..to]);
        text.push_str(random.pick(&GLUE));
        if random.once_in(6) && !text.is_empty() {
            let mut chars: Vec<char> = text.chars().collect();
            let at = random.below(chars.len());
            let digit = char::from(b'0' + u8::try_from(random.below(10)).expect("a digit"));
            chars[at] = digit;
            text = chars.into_iter().collect();
        }
    }
    text
}

#[test]
fn the_reference_finds_the_same_in_any_text() {
    let mut random = Random::new(11);
    let all: Vec<String> =
        KINDS[..KINDS.len() - 1].iter().flat_map(|(name, _)| texts_of(name)).collect();
    for (name, kind) in KINDS {
        let own: Vec<String> = match name {
            "national_id" => NATIONAL.iter().flat_map(|name| texts_of(name)).collect(),
            _ => texts_of(name),
        };
        let mut hits = 0;
        for round in 0..ROUNDS {
            let text = any_text(&mut random, if round % 4 == 0 { &all } else { &own });
            let found = found(kind, &text);
            hits += found.len();
            assert_eq!(found, detect::found(name, &text), "{name} in {text:?}");
        }
        assert!(hits > ROUNDS / 4, "{name}: {hits} found in {ROUNDS} texts tell little");
    }
}

/// Every text of a JSON value, keys left out.
fn texts<'j>(value: &'j Json, found: &mut Vec<&'j str>) {
    match value {
        Json::String(text) => found.push(text),
        Json::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Json::Object(members) => members.values().for_each(|member| texts(member, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// What is found in prompts and outputs of recorded agents; `--nocapture` prints it, for a reader
/// to judge. Nothing in them is a phone number, a card, a secret or an id, and the page says how
/// much there is of them.
#[test]
fn recorded_agents_raise_no_false_alarms() {
    let folder = folder::data("AGENTDOJO_DIR", "../shared/agentdojo");
    let mut all: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let (mut count, mut bytes) = (0, 0);
    for file in ["banking/benign", "banking/hijacked", "banking/llm_runs", "workspace/benign"] {
        for line in folder::text(&folder.join(format!("{file}.jsonl"))).lines() {
            let trace: Json = serde_json::from_str(line).expect("JSON");
            let mut read = vec![trace["user_prompt"].as_str().unwrap_or_default()];
            for step in trace["steps"].as_array().expect("steps") {
                texts(&step["output"], &mut read);
            }
            for text in read {
                (count, bytes) = (count + 1, bytes + text.len());
                for (name, kind) in KINDS {
                    for range in found(kind, text) {
                        *all.entry((name, text[range].to_owned())).or_default() += 1;
                    }
                }
            }
        }
    }
    println!("{count} texts, {bytes} bytes");
    all.iter().for_each(|((name, found), times)| println!("{name}: {found} ({times})"));
    assert!(count > 1_000, "the traces hold {count} texts");
    let page = fs::read_to_string(root().join("docs/detectors.md")).expect("a page");
    let (thousands, ones) = (count / 1_000, count % 1_000);
    let texts = format!("In {thousands} {ones:03} prompts and outputs");
    let size = format!("{} kB)", (bytes + 500) / 1_000);
    assert!(page.contains(&texts) && page.contains(&size), "{texts} .. {size}");
    let known = |kind: &str| ["email", "iban"].contains(&kind);
    let wrong: Vec<_> = all.keys().filter(|(kind, _)| !known(kind)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn the_example_of_the_page_decides() {
    let page = fs::read_to_string(root().join("docs/detectors.md")).expect("a page");
    let block = page.split("```yaml\n").nth(1).and_then(|it| it.split("```").next());
    let mut files = SourceMap::new();
    files.add("outgoing.yaml", block.expect("an example").to_owned());
    let both = Both::of(&files);
    let decided = |body: &str| {
        let args = json!({"to": "ann@example.com", "body": body});
        let context = json!({"action": {"tool": "send_email", "args": args}});
        both.decide(&both.oracle(), &context, (1_773_785_730, 0), &[]).effect
    };
    assert_eq!(decided("Hello, ann@example.com"), Some(Effect::Allow));
    assert_eq!(decided("ask bob@example.com"), Some(Effect::Escalate));
    assert_eq!(decided("ask bob@example.com, key AKIAIOSFODNN7EXAMPLE"), Some(Effect::Deny));
}
