//! Patterns: RE2's dialect as automata.
//!
//! In:      a pattern, or the bytes of an automaton.
//! Out:     automata, their bytes, whether a text matches.
//! Imports: `base`.
//! Source:  RE2's syntax page.
//!
//! A pattern becomes a dense automaton where that stays small: one table look-up for each byte,
//! no memory of its own, and it travels in the bundle. Others are simulated, with memory that is
//! set aside before the first decision. Both search anywhere in the text.

mod agree;
mod groups;
mod re2;
pub(in crate::lang) mod register;
mod rows;
pub mod search;
mod triggers;

pub use groups::{Groups, Match};

use std::fmt;
use std::ops::Range;

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson::pikevm::{self, PikeVM};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::{Input, MatchKind};
use regex_syntax::hir::Hir;

use crate::base::limits::{DETERMINIZE_BYTES_MAX, DFA_BYTES_MAX, NFA_BYTES_MAX, PATTERN_BYTES_MAX};
use crate::lang::error::EvalError;

/// Why a pattern was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// What is wrong.
    pub kind: PatternErrorKind,
    /// Where, in bytes of the pattern.
    pub range: Range<usize>,
}

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternErrorKind {
    /// RE2 does not have this construct, named as in "a look-ahead".
    Missing(&'static str),
    /// It breaks the grammar, as in "unclosed group".
    Syntax(String),
    /// The pattern or its automaton is too large.
    TooLarge,
}

/// One sentence without its full stop, as diagnostics print it.
impl fmt::Display for PatternErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(construct) => write!(f, "RE2 does not have {construct}"),
            Self::Syntax(text) => f.write_str(text),
            Self::TooLarge => f.write_str("the pattern is too large"),
        }
    }
}

/// A pattern, ready for searching.
#[derive(Clone, Debug)]
pub enum Automaton {
    /// One state at a time.
    Dense(Box<dense::DFA<Vec<u32>>>),
    /// All states at once.
    Simulated(Box<PikeVM>),
}

/// Memory that searching with one automaton takes.
#[derive(Clone, Debug)]
pub struct Cache(Option<Box<pikevm::Cache>>);

/// Makes the automaton of a pattern: dense if it fits, otherwise simulated.
///
/// # Errors
/// What is wrong with the pattern, and where.
pub fn compile(pattern: &str) -> Result<Automaton, PatternError> {
    let nfa = nfa(pattern, WhichCaptures::None)?;
    if let Some(dense) = determinize(&nfa) {
        return Ok(Automaton::Dense(Box::new(dense)));
    }
    simulate(nfa).ok_or_else(|| too_large(pattern))
}

/// What a pattern says, for those who make no automaton of it.
///
/// # Errors
/// What is wrong with the pattern, and where.
pub fn read(pattern: &str) -> Result<Hir, PatternError> {
    re2::parse(pattern)
}

/// Makes the simulated automaton of a pattern: what a bundle keeps where no dense one fits.
///
/// # Errors
/// What is wrong with the pattern, and where.
pub fn compile_simulated(pattern: &str) -> Result<Automaton, PatternError> {
    simulate(nfa(pattern, WhichCaptures::None)?).ok_or_else(|| too_large(pattern))
}

/// Whether a pattern that is known only now matches somewhere in a text. Allocates.
///
/// # Errors
/// `Pattern` if it is no pattern or too large.
pub fn matches_once(pattern: &str, text: &[u8]) -> Result<bool, EvalError> {
    let automaton = compile_simulated(pattern).map_err(|_| EvalError::Pattern)?;
    automaton.is_match(&mut automaton.cache(), text)
}

impl Automaton {
    /// The automaton as bytes, the same on every machine; `None` if it is not dense.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Dense(dense) => {
                let (mut bytes, padding) = dense.to_bytes_little_endian();
                bytes.drain(..padding);
                Some(bytes)
            }
            Self::Simulated(_) => None,
        }
    }

    /// The memory, in bytes, of one that is simulated; 0 of a dense one, whose bytes are there.
    #[must_use]
    pub fn simulated_bytes(&self) -> usize {
        match self {
            Self::Dense(_) => 0,
            Self::Simulated(simulated) => simulated.get_nfa().memory_usage(),
        }
    }

    /// The dense automaton with these bytes, if they are one: every transition is checked.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > DFA_BYTES_MAX * 2 {
            return None;
        }
        // The table must lie on a boundary of four bytes.
        let mut aligned = vec![0; bytes.len() + 4];
        let start = aligned.as_ptr().align_offset(4);
        let room = aligned.get_mut(start..start + bytes.len())?;
        room.copy_from_slice(bytes);
        let (dense, read) = dense::DFA::from_bytes(room).ok()?;
        let whole = read == bytes.len() && dense.start_kind() == StartKind::Unanchored;
        whole.then(|| Self::Dense(Box::new(dense.to_owned())))
    }

    /// Memory for searching.
    #[must_use]
    pub fn cache(&self) -> Cache {
        match self {
            Self::Dense(_) => Cache(None),
            Self::Simulated(simulated) => Cache(Some(Box::new(simulated.create_cache()))),
        }
    }

    /// Whether the pattern matches somewhere in `text`, which is UTF-8. `cache` is of this
    /// automaton.
    ///
    /// # Errors
    /// `Pattern` if the cache is of another automaton, or a loaded automaton gives up.
    pub fn is_match(&self, cache: &mut Cache, text: &[u8]) -> Result<bool, EvalError> {
        let input = Input::new(text).earliest(true);
        match (self, &mut cache.0) {
            (Self::Dense(dense), _) => {
                let found = dense.try_search_fwd(&input).map_err(|_| EvalError::Pattern)?;
                Ok(found.is_some())
            }
            (Self::Simulated(simulated), Some(cache)) => Ok(simulated.is_match(cache, input)),
            (Self::Simulated(_), None) => Err(EvalError::Pattern),
        }
    }
}

fn too_large(pattern: &str) -> PatternError {
    PatternError { kind: PatternErrorKind::TooLarge, range: 0..pattern.len() }
}

fn nfa(pattern: &str, captures: WhichCaptures) -> Result<NFA, PatternError> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(too_large(pattern));
    }
    let hir = re2::parse(pattern)?;
    let config =
        thompson::Config::new().which_captures(captures).nfa_size_limit(Some(NFA_BYTES_MAX));
    let mut compiler = thompson::Compiler::new();
    compiler.configure(config).build_from_hir(&hir).map_err(|_| too_large(pattern))
}

fn determinize(nfa: &NFA) -> Option<dense::DFA<Vec<u32>>> {
    // Only whether there is a match is asked, so all matches count alike: fewer states.
    let config = dense::Config::new()
        .match_kind(MatchKind::All)
        .start_kind(StartKind::Unanchored)
        .minimize(true)
        .dfa_size_limit(Some(DFA_BYTES_MAX))
        .determinize_size_limit(Some(DETERMINIZE_BYTES_MAX));
    let dense = dense::Builder::new().configure(config).build_from_nfa(nfa).ok()?;
    // The limit above is that of its tables: as bytes it is some hundreds larger.
    (dense.write_to_len() <= DFA_BYTES_MAX).then_some(dense)
}

fn simulate(nfa: NFA) -> Option<Automaton> {
    let simulated = PikeVM::new_from_nfa(nfa).ok()?;
    Some(Automaton::Simulated(Box::new(simulated)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        let automaton = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error:?}"));
        let found = automaton.is_match(&mut automaton.cache(), text.as_bytes());
        assert_eq!(found, matches_once(pattern, text.as_bytes()), "{pattern} on {text}");
        let bytes = automaton.to_bytes().unwrap_or_default();
        let searched = search::tests::one(pattern, &bytes, text);
        assert_eq!(searched, found, "{pattern} on {text:?}, its rows first");
        if let Some(bytes) = automaton.to_bytes() {
            let loaded = Automaton::from_bytes(&bytes).expect("own bytes load");
            assert_eq!(loaded.is_match(&mut loaded.cache(), text.as_bytes()), found);
        }
        found.expect("own automata do not give up")
    }

    #[test]
    fn follows_re2() {
        let cases = [
            (r"^\d+$", "123", true),
            (r"^\d+$", "\u{661}", false),
            (r"^\w$", "\u{e9}", false),
            (r"^\W$", "\u{e9}", true),
            (r"\bfoo\b", "a foo b", true),
            (r"\Bo", "foo", true),
            (r"\Q.*\E", "a.*b", true),
            (r"\Q.*\E", "ab", false),
            (r"\Qab\E+c", "abbc", true),
            (r"[[a]", "[", true),
            (r"[a&&b]", "&", true),
            (r"[]x]", "]", true),
            (r"[\d\-x]", "-", true),
            (r"^[^\D5]$", "7", true),
            (r"^[^\D5]$", "5", false),
            (r"[[:alpha:]]{3}", "abc", true),
            (r"a{,2}", "a{,2}", true),
            (r"{x}", "{x}", true),
            (r"\<b\>", "<b>", true),
            (r"\101\x42\x{43}", "ABC", true),
            (r"\pL\p{Greek}\p{^Lu}", "a\u{3b1}b", true),
            (r"(?i)straSSe", "STRASSE", true),
            (r"(?P<n>a)(?<m>b)", "ab", true),
            (r"(?s)^.$", "\n", true),
            (r"^.$", "\n", false),
            (r"^.$", "\u{1f469}", true),
            (r"a$", "a\n", false),
            ("", "", true),
        ];
        for (pattern, text, wanted) in cases {
            assert_eq!(matches(pattern, text), wanted, "{pattern} on {text}");
        }
    }

    #[test]
    fn refuses_what_re2_does_not_have() {
        let cases = [
            (r"a(?=b)", 1..4, "a look-ahead"),
            (r"(?<!b)", 0..4, "a look-behind"),
            (r"(?>b)", 0..3, "an atomic group"),
            (r"(a)\1", 3..5, "a back-reference"),
            (r"a\C", 1..3, r"the escape `\C`"),
            (r"a**", 1..3, "a repetition of a repetition"),
            (r"a++", 1..3, "a repetition of a repetition"),
            (r"xa{1001}", 2..8, "a count above 1000"),
            (r"(?x)a", 0..4, "this flag"),
            (r"\u0041", 0..2, "this escape"),
            (r"\p{Letter}", 0..10, "this Unicode class"),
            (r"[[:foo:]]", 1..8, "this class"),
        ];
        for (pattern, range, construct) in cases {
            let error = compile(pattern).expect_err(pattern);
            let kind = PatternErrorKind::Missing(construct);
            assert_eq!(error, PatternError { kind, range }, "{pattern}");
        }
        for pattern in ["(", ")", "[a", "a{2,1}", "*", r"\", "(?P<1>a)", "[b-a]", "(?i"] {
            let error = compile(pattern).expect_err(pattern);
            assert!(matches!(error.kind, PatternErrorKind::Syntax(_)), "{pattern}: {error:?}");
            assert!(error.range.end <= pattern.len(), "{pattern}: {error:?}");
        }
    }

    #[test]
    fn large_patterns_end() {
        let small = std::thread::Builder::new().stack_size(256 << 10);
        small.spawn(compile_large).expect("a thread").join().expect("a small stack suffices");
    }

    fn compile_large() {
        let nested = "(".repeat(45) + "a" + &")*".repeat(45);
        compile(&nested).expect("as deep as allowed");
        let deep = "(".repeat(5_000) + &")".repeat(5_000);
        for pattern in [r"((a{1000}){1000}){1000}", &deep, &"a".repeat(20_000)] {
            compile(pattern).expect_err("too large");
        }
        let wide = compile(r"a.{20}b").expect("simulated");
        assert!(matches!(wide, Automaton::Simulated(_)));
        assert_eq!(wide.is_match(&mut wide.cache(), b"aab"), Ok(false));
    }

    #[test]
    fn damaged_bytes_are_refused_or_harmless() {
        let bytes = compile(r"^[a-z]+@[a-z]+\.com$").expect("valid").to_bytes().expect("dense");
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= 0x41;
            }
            if let Some(loaded) = Automaton::from_bytes(&damaged) {
                let _ = loaded.is_match(&mut loaded.cache(), b"someone@example.com");
            }
        }
        assert!(Automaton::from_bytes(bytes.get(..40).expect("longer")).is_none());
    }

    /// Of 2 035 to 2 040 letters the tables would be small enough, and the bytes are not.
    #[test]
    fn a_dense_automaton_fits_a_bundle() {
        for (letters, bytes) in
            [(1, Some(872)), (2_034, Some(262_020)), (2_035, None), (2_040, None), (2_041, None)]
        {
            let text: String = ('a'..='q').cycle().take(letters).collect();
            let automaton = compile(&text).expect("it is small");
            assert_eq!(automaton.to_bytes().map(|bytes| bytes.len()), bytes, "{letters} letters");
        }
    }

    fn pattern() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "[a-c]",
            Just(".".to_owned()),
            Just(r"\d".to_owned()),
            Just(r"\W".to_owned()),
            Just(r"\s".to_owned()),
            Just(r"[^ab]".to_owned()),
            Just(r"[\w.]".to_owned()),
            Just(r"\b".to_owned()),
            Just("^".to_owned()),
            Just("$".to_owned()),
            Just("\u{e9}".to_owned()),
        ];
        leaf.prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}{b}")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(?:{a}|{b})")),
                inner.clone().prop_map(|a| format!("(?:{a})*")),
                inner.clone().prop_map(|a| format!("(?:{a})+?")),
                inner.clone().prop_map(|a| format!("(?:{a}){{1,2}}")),
                inner.prop_map(|a| format!("(?i:{a})")),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_another_engine(pattern in pattern(), text in "[a-cA 1_.\u{e9}\n]{0,8}") {
            // ASCII classes for the other engine, written out.
            let other = pattern
                .replace(r"[\w.]", "[0-9A-Za-z_.]")
                .replace(r"\d", "[0-9]")
                .replace(r"\W", "[^0-9A-Za-z_]")
                .replace(r"\s", r"[\t\n\f\r ]")
                .replace(r"\b", r"(?-u:\b)");
            let other = regex::Regex::new(&other).expect("also a pattern there");
            let wanted = other.is_match(&text);
            prop_assert_eq!(matches(&pattern, &text), wanted, "{} on {:?}", pattern, text);
        }

        #[test]
        fn never_panics(pattern in r"[\[\](){}|*+?^$\\a-d0-9QEpPLxn:<>&~,-]{0,16}") {
            let _ = compile(&pattern);
        }
    }
}
