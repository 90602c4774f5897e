//! What can be wrong with a test file.

use crate::base::span::Span;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::suite::patch::PatchError;

/// Why a test file cannot be used. Spans point into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SuiteError {
    /// `key` is none of the keys that `what` has.
    UnknownKey { at: Span, key: String, what: &'static str, nearest: Option<&'static str> },
    /// `what` has no `key`.
    MissingKey { at: Span, key: &'static str, what: &'static str },
    /// `what` is something else than what is `wanted`.
    WrongNode { at: Span, what: String, wanted: &'static str, found: &'static str },
    /// `key` belongs to a part of the product that this version does not have.
    NotBuilt { at: Span, key: &'static str },
    /// A patch that does not fit its context: `path` is a JSON Pointer.
    BadPatch { at: Span, path: String, why: PatchError },
    /// A matrix with more than `max` cases.
    TooMany { at: Span, max: usize },
    /// The file at `path` cannot be read; `why` says so in words.
    NoFile { at: Span, path: String, why: String },
    /// The file at `path` does not hold a JSON object; `why` says so in words.
    NotObject { at: Span, path: String, why: String },
    /// No policy is called `name`.
    UnknownPolicy { at: Span, name: String, nearest: Option<String> },
    /// No policy lies beside the test file.
    NoPolicy { at: Span },
    /// `text` is no time.
    BadTime { at: Span, text: String },
    /// `what` has two keys that exclude one another.
    Exclusive { at: Span, what: &'static str, keys: (&'static str, &'static str) },
    /// The expression does not yield what a context can hold; `why` says so in words.
    BadInput { at: Span, name: String, why: String },
    /// The reviewed decisions at `path` cannot be used; `why` says so in words.
    BadSnapshots { at: Span, path: String, why: String },
    /// Another case that expects what was reviewed has the name `name`.
    TwoSnapshots { at: Span, name: String },
    /// An event that no session can read; `why` says so in words.
    BadEvent { at: Span, why: String, help: Option<String> },
    /// A result of a host function that no call can get; `why` says so in words.
    BadFunction { at: Span, why: String, nearest: Option<String> },
    /// An expectation that asks for two winners, or for none and for a rule.
    TwoEffects { at: Span },
}

/// What helps who wants to see an event refused.
const LINES: &str = "to try what is no event, name a file of lines under `session`";

impl From<SuiteError> for Diagnostic {
    fn from(error: SuiteError) -> Self {
        let bad =
            |at, message: String, label: &str| Self::new(Code::BadTestFile, at, message, label);
        match error {
            SuiteError::UnknownKey { at, key, what, nearest } => {
                bad(at, format!("{what} has no key `{key}`"), "unknown")
                    .maybe_help(nearest.map(|name| format!("did you mean `{name}`?")))
            }
            SuiteError::MissingKey { at, key, what } => {
                bad(at, format!("{what} has no `{key}`"), "it is missing here")
            }
            SuiteError::WrongNode { at, what, wanted, found } => {
                bad(at, format!("{what} must be {wanted}"), &format!("this is {found}"))
            }
            SuiteError::NotBuilt { at, key } => {
                let fact = format!("`{key}` in tests is not built yet");
                let found = bad(at, fact, "this version cannot run it");
                let state = "`reads` says what meters had measured, `session` what happened before";
                found.maybe_help((key == "state").then(|| state.to_owned()))
            }
            SuiteError::BadPatch { at, path, why } => {
                bad(at, format!("`{path}` cannot be patched: {}", why.text()), "this patch")
            }
            SuiteError::TooMany { at, max } => {
                bad(at, format!("a matrix may have {max} cases, this one has more"), "too many")
            }
            SuiteError::NoFile { at, path, why } => {
                bad(at, format!("`{path}` cannot be read: {why}"), "named here")
            }
            SuiteError::NotObject { at, path, why } => {
                bad(at, format!("`{path}` does not hold a JSON object: {why}"), "named here")
            }
            SuiteError::UnknownPolicy { at, name, nearest } => {
                bad(at, format!("no policy is called `{name}`"), "named here")
                    .maybe_help(nearest.map(|name| format!("did you mean `{name}`?")))
            }
            SuiteError::NoPolicy { at } => {
                bad(at, "no policy lies beside this test file".to_owned(), "nothing to test")
                    .help("name the policy, as in `policy: payments`")
            }
            SuiteError::BadTime { at, text } => {
                bad(at, format!("`{text}` is no time"), "not RFC 3339")
                    .help("write it as in `2026-03-17T10:00:00Z`")
            }
            SuiteError::Exclusive { at, what, keys: (one, other) } => {
                bad(at, format!("{what} has `{one}` or `{other}`, not both"), "the second")
            }
            SuiteError::BadInput { at, name, why } => {
                bad(at, format!("the expression of `{name}` gives no value"), &why)
            }
            SuiteError::BadSnapshots { at, path, why } => {
                bad(at, format!("`{path}` cannot be used: {why}"), "its reviewed decisions")
            }
            SuiteError::TwoSnapshots { at, name } => {
                bad(at, format!("two snapshots are called `{name}`"), "the second")
                    .help("a decision that was reviewed is found by its name")
            }
            SuiteError::BadEvent { at, why, help } => {
                bad(at, format!("an event cannot be used: {why}"), "here")
                    .help(help.unwrap_or_else(|| LINES.to_owned()))
            }
            SuiteError::BadFunction { at, why, nearest } => {
                bad(at, format!("a result answers no call: {why}"), "given here")
                    .maybe_help(nearest.map(|name| format!("did you mean `{name}`?")))
            }
            SuiteError::TwoEffects { at } => {
                bad(at, "a case expects one effect".to_owned(), "this names more")
            }
        }
    }
}
