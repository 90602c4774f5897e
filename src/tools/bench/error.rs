//! What can be wrong with the input of a measurement.

use std::path::Path;

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::record::error::Fault;
use crate::tools::paths::{normalize, slashed};

/// Why a measurement cannot be made, or compared. Files are named as people wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "a variant says what its fields are")]
pub enum BenchError {
    /// Nothing to decide about: `place` holds no context.
    NoContexts { place: String },
    /// Every one of `count` contexts is refused; the first, at `place`, for `why`.
    AllRefused { count: usize, place: String, why: String },
    /// The policy has no rule, output or variable of this name; the nearest that it has.
    NoRule { policy: String, name: String, near: Option<String> },
    /// No context is of what was chosen; the nearest tool of which there are some.
    NoneChosen { choice: String, near: Option<String> },
    /// What begins in line `line` of `file` is no JSON object: at byte `byte` of the file, `why`.
    NotObject { file: String, line: usize, byte: usize, why: String },
    /// `file` ends at byte `byte` in the middle of line `line`.
    CutShort { file: String, line: usize, byte: usize },
    /// A record of a version that this one does not read.
    NewerRecord { file: String, line: usize, found: String },
    /// A record whose `key` is missing or is not what it must be.
    BadRecord { file: String, line: usize, fault: Fault },
    /// `file` is no baseline: `why`.
    NotBaseline { file: String, why: String },
    /// The baseline `file` was made by another version, or by another build.
    OtherVersion { file: String, found: String, own: String },
    /// The baseline `file` is about other policies: it knows those in `known`.
    OtherPolicy { file: String, name: String, known: String },
    /// The baseline `file` was made with other contexts: `found` of them, and not our `own`.
    OtherContexts { file: String, name: String, found: u64, own: u64 },
}

impl BenchError {
    /// Whether nothing is wrong but what was chosen.
    #[must_use]
    pub const fn is_of_choice(&self) -> bool {
        matches!(self, Self::NoRule { .. } | Self::NoneChosen { .. })
    }

    /// The finding about it.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            Self::NoRule { policy, name, near } => {
                choice(format!("`{policy}` has no rule `{name}`"), near.as_deref())
            }
            Self::NoneChosen { choice: wanted, near } => {
                choice(format!("there is no context for {wanted}"), near.as_deref())
            }
            Self::NoContexts { .. }
            | Self::AllRefused { .. }
            | Self::NotObject { .. }
            | Self::CutShort { .. }
            | Self::NewerRecord { .. }
            | Self::BadRecord { .. } => self.of_contexts(),
            Self::NotBaseline { .. }
            | Self::OtherVersion { .. }
            | Self::OtherPolicy { .. }
            | Self::OtherContexts { .. } => self.of_baseline(),
        }
    }

    fn of_contexts(&self) -> Diagnostic {
        let (fact, help) = match self {
            Self::NoContexts { place } => (
                format!("there is no context in {place}"),
                "write tests beside the policies, or name a file: `--contexts calls.jsonl`".into(),
            ),
            Self::AllRefused { count, place, why } => {
                let all = match count {
                    1 => "the only context is refused".to_owned(),
                    count => format!("all {count} contexts are refused"),
                };
                let fact = format!("{all}; the first, {place}: {why}");
                (fact, "a refused context is denied before any rule is asked".to_owned())
            }
            Self::NotObject { file, line, byte, why } => (
                format!("`{file}` line {line} is no JSON object: at byte {byte}, {why}"),
                "write one context a line".to_owned(),
            ),
            Self::CutShort { file, line, byte } => (
                format!("`{file}` is cut short: it ends at byte {byte}, inside line {line}"),
                "copy the whole file, or take the unfinished line away".to_owned(),
            ),
            Self::NewerRecord { file, line, found } => (
                format!("`{file}` line {line} is a record of version {found}; 1 is known here"),
                "use a policyc that is as new as the one that recorded".to_owned(),
            ),
            Self::BadRecord { file, line, fault } => (
                format!("`{file}` line {line} is no record: {fault}"),
                "a record has `v`, `ctx` and `now`; contexts alone go to `--contexts`".to_owned(),
            ),
            Self::NoRule { .. }
            | Self::NoneChosen { .. }
            | Self::NotBaseline { .. }
            | Self::OtherVersion { .. }
            | Self::OtherPolicy { .. }
            | Self::OtherContexts { .. } => (String::new(), String::new()),
        };
        Diagnostic::without_place(Code::BadContext, fact).help(help)
    }

    fn of_baseline(&self) -> Diagnostic {
        let (fact, help) = match self {
            Self::NotBaseline { file, why } => (
                format!("`{file}` is no baseline: {why}"),
                "`policyc bench --save FILE` writes one".to_owned(),
            ),
            Self::OtherVersion { file, found, own } => (
                format!("`{file}` was made by policyc {found}, and this is {own}"),
                "versions compile differently: save it again, or use `--base`".to_owned(),
            ),
            Self::OtherPolicy { file, name, known } => (
                format!("`{file}` knows no policy `{name}`, only {known}"),
                "save it again with the policy that is measured".to_owned(),
            ),
            Self::OtherContexts { file, name, found, own } => (
                if found == own {
                    format!("`{file}` measured `{name}` with other contexts")
                } else {
                    format!("`{file}` measured `{name}` with {found} contexts, and here are {own}")
                },
                "save it again, or use `--base`, which asks both the same".to_owned(),
            ),
            Self::NoContexts { .. }
            | Self::AllRefused { .. }
            | Self::NoRule { .. }
            | Self::NoneChosen { .. }
            | Self::NotObject { .. }
            | Self::CutShort { .. }
            | Self::NewerRecord { .. }
            | Self::BadRecord { .. } => (String::new(), String::new()),
        };
        Diagnostic::without_place(Code::BadBaseline, fact).help(help)
    }
}

/// A name on the command line that chooses nothing.
fn choice(fact: String, near: Option<&str>) -> Diagnostic {
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "without `--rule` and `--tool` everything is measured".to_owned(),
    };
    Diagnostic::without_place(Code::BadUsage, fact).help(help)
}

/// A path as findings name it.
#[must_use]
pub fn named(path: &Path) -> String {
    slashed(&normalize(path))
}
