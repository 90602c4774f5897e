//! What is looked for together, against other engines.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::lang::pattern::compile;

/// Whether a pattern with these bytes of an automaton matches.
pub(in crate::lang::pattern) fn one(
    pattern: &str,
    bytes: &[u8],
    text: &str,
) -> Result<bool, EvalError> {
    let pattern = Pattern::of(pattern, bytes).expect("an automaton of its text");
    search(&[SearchTarget::Pattern(&pattern)], text).of(0)
}

fn search(wanted: &[SearchTarget<'_>], text: &str) -> Answers {
    let whole = |_, pattern: &Pattern| pattern.is_match(&mut pattern.cache(), text.as_bytes());
    let wanted_of = |number: u8| wanted.get(usize::from(number)).copied();
    MultiSearch::of(wanted).search(wanted_of, whole, text.as_bytes())
}

fn dense(pattern: &str) -> Pattern {
    let bytes = compile(pattern).expect(pattern).to_bytes().expect("dense");
    Pattern::of(pattern, &bytes).expect("its own automaton")
}

const PATTERNS: [&str; 14] = [
    "(?i)ignore (all )?(previous|prior) instructions",
    "[0-9]{3}-[0-9]{2}-[0-9]{4}",
    "AKIA[0-9A-Z]{16}",
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
    "(?i)ask|skip",
    "(foo|bar|quux)+z",
    r"\bcat\b",
    "^x9.*y$",
    "aab.*baa",
    "(?:ab){3}c",
    "x[^y]{0,4}y",
    "q\u{e9}q",
    "(?s)begin.*end",
    r"(?m)^--$",
];

const NEEDLES: [&str; 8] =
    ["prior", "6789-", "b", "", "abababc", " instructions", "cat ", "\u{1f469}-"];

#[test]
fn most_patterns_are_searched_in_part() {
    for pattern in PATTERNS {
        let pattern = dense(pattern);
        assert!(pattern.has_rows(), "{pattern:?}");
    }
    let parted = PATTERNS.iter().filter(|pattern| dense(pattern).window.is_some());
    // Where what comes first may be as long as it likes, the automaton sees the whole text.
    let whole = ["^x9.*y$", "aab.*baa", "(?s)begin.*end"];
    assert!(
        parted.clone().count() >= PATTERNS.len() - whole.len(),
        "{:?}",
        parted.collect::<Vec<_>>()
    );
}

static COMPILED: LazyLock<Vec<Pattern>> =
    LazyLock::new(|| PATTERNS.iter().map(|pattern| dense(pattern)).collect());

/// The same for another engine, with word boundaries of ASCII.
static OTHERS: LazyLock<Vec<regex::Regex>> = LazyLock::new(|| {
    let other = |pattern: &&str| regex::Regex::new(&pattern.replace(r"\b", r"(?-u:\b)"));
    PATTERNS.iter().map(|pattern| other(pattern).expect(pattern)).collect()
});

/// Texts that are put together from parts of the patterns and from what resembles them.
fn text() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "ignore ",
        "IGNORE",
        "all ",
        "previous",
        "prior",
        " in\u{17f}tructions",
        " instructions",
        "123",
        "-45",
        "-6789",
        "AKIA",
        "AKI",
        "0123456789ABCDEF",
        "a@b",
        ".c",
        "om",
        "@",
        "a\u{17f}k",
        "s\u{212a}ip",
        "skip",
        "foo",
        "bar",
        "quux",
        "z",
        "cat",
        " ",
        "x9",
        "y",
        "aab",
        "baa",
        "ab",
        "ababab",
        "c",
        "x",
        "q\u{e9}q",
        "\u{e9}",
        "begin",
        "end",
        "\n",
        "--",
        "\u{1f469}",
        "-",
    ]);
    prop::collection::vec(parts, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn together_is_as_each_alone(text in text(), pad in 0..70_usize) {
        let text = " ".repeat(pad) + &text;
        let mut wanted: Vec<_> = COMPILED.iter().map(SearchTarget::Pattern).collect();
        wanted.extend(NEEDLES.iter().map(|needle| SearchTarget::Needle(needle.as_bytes())));
        let answers = search(&wanted, &text);
        let others = OTHERS.iter().map(|other| other.is_match(&text));
        let held = NEEDLES.iter().map(|needle| text.contains(needle));
        for (expected, number) in others.chain(held).zip(0..) {
            let wanted = PATTERNS.iter().chain(&NEEDLES).nth(usize::from(number));
            prop_assert_eq!(answers.of(number), Ok(expected), "{:?} in {:?}", wanted, text);
        }
    }

    #[test]
    fn many_are_as_each_alone(text in "[a-g \u{e9}]{0,150}") {
        let letters = || "abcdefg".chars();
        let needles: Vec<String> =
            letters().flat_map(|a| letters().map(move |b| format!("{a}{b}"))).collect();
        let wanted: Vec<SearchTarget<'_>> =
            needles.iter().map(|needle| SearchTarget::Needle(needle.as_bytes())).collect();
        prop_assert!(MultiSearch::of(&wanted).triggers.are_in_a_table());
        let answers = search(&wanted, &text);
        for (needle, number) in needles.iter().zip(0..) {
            prop_assert_eq!(answers.of(number), Ok(text.contains(needle)), "{}", needle);
        }
    }

    #[test]
    fn needles_are_found(text in "[ab\u{e9}]{0,200}", needle in "[ab\u{e9}]{0,12}") {
        prop_assert_eq!(occurs(text.as_bytes(), needle.as_bytes()), text.contains(&needle));
        let wanted = [SearchTarget::Needle(needle.as_bytes())];
        prop_assert_eq!(search(&wanted, &text).of(0), Ok(text.contains(&needle)));
    }
}

#[test]
fn texts_that_are_given_up_are_searched_to_their_end() {
    let (zero, mail) = (dense("\\x00b*\\x00c"), dense("[a-z]+@[a-z]+[.]com"));
    let wanted =
        [SearchTarget::Pattern(&zero), SearchTarget::Pattern(&mail), SearchTarget::Needle(b"@@x")];
    for pad in 0..70 {
        let text = " ".repeat(pad) + &"@\0@".repeat(100);
        for (end, expected) in [
            ("", [false; 3]),
            ("\0bbb\0c@", [true, false, false]),
            ("a@b.com@@x", [false, true, true]),
        ] {
            let answers = search(&wanted, &(text.clone() + end));
            assert_eq!(
                [0, 1, 2].map(|at| answers.of(at)),
                expected.map(Ok),
                "{end:?} behind {pad}"
            );
        }
    }
}

#[test]
fn near_misses_end() {
    let needle = "a".repeat(5_000) + "b";
    let text = "a".repeat(200_000);
    assert!(!occurs(text.as_bytes(), needle.as_bytes()));
    assert!(occurs((text.clone() + "b").as_bytes(), needle.as_bytes()));
    assert_eq!(search(&[SearchTarget::Needle(needle.as_bytes())], &text).of(0), Ok(false));
}
