//! What was measured, as one document: what `--output-format json` prints and `--save` keeps.
//!
//! In:      counts, times, places.
//! Out:     `Document`, which is read again by `--compare`.
//! Imports: its own room alone.
//!
//! Sums are of all decisions, each context times its weight; times are nanoseconds of one decision.

use serde::{Deserialize, Serialize};

use crate::tools::bench::error::BenchError;
use crate::tools::bench::machine::Machine;
use crate::tools::bench::memory::MemoryUse;
use crate::tools::bench::places::Kind;
use crate::tools::bench::summary::Times;

/// What the first member of a document says.
const FORMAT: &str = "policyc.bench";
/// Version of its shape.
const VERSION: u32 = 1;

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// `policyc.bench`
    pub format: String,
    /// Version of the shape.
    pub version: u32,
    /// Version of the program that measured.
    pub policyc: String,
    /// Where.
    pub machine: Machine,
    /// Each bundle that was measured.
    pub policies: Vec<Measurement>,
}

/// What was measured of one bundle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Name of the bundle.
    pub name: String,
    /// Where the project lies that it was made of; empty for a bundle, and for the project here.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// Digest of the bundle.
    pub bundle: String,
    /// What it decided about.
    pub contexts: Contexts,
    /// Instructions of the virtual machine.
    pub instructions: Quantity,
    /// Cost in units.
    pub cost: Quantity,
    /// Allocations of reading and deciding; nothing where nobody counted.
    pub allocations: Option<Quantity>,
    /// Deciding about a context that was read.
    pub decide: Option<Times>,
    /// Reading a context.
    pub read: Option<Times>,
    /// Nanoseconds of loading the bundle: the least of several.
    pub load: Option<f64>,
    /// Decisions a second, from bytes.
    pub throughput: Vec<Rate>,
    /// Bytes that are held.
    pub memory: Option<MemoryUse>,
    /// Each rule, output, variable and shared part.
    pub rules: Vec<RuleMeasurement>,
    /// Each tool.
    pub tools: Vec<ToolMeasurement>,
    /// Where the time goes, the most first.
    pub blame: Vec<Blame>,
}

/// What was decided about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contexts {
    /// Digest of contexts, times and weights.
    pub digest: String,
    /// Decisions that they stand for.
    pub decisions: u64,
    /// Different contexts.
    pub distinct: usize,
    /// Contexts that are refused, and stand in no number here.
    pub refused: usize,
    /// Which of them were chosen, in words; empty where all were.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub chosen: String,
}

/// A sum, and the most that one decision has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantity {
    /// Of all decisions.
    pub sum: u64,
    /// Of one.
    pub most: u64,
    /// Where the context that has the most stands.
    pub most_at: String,
}

/// Decisions a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Threads.
    pub threads: usize,
    /// Decisions a second of all of them.
    pub per_second: f64,
}

/// What a rule does, an output, a variable or a part that several share. Rules with the same
/// condition are one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleMeasurement {
    /// Which of the four it is.
    pub kind: Kind,
    /// Its id or name, or the text of a part.
    pub rule: String,
    /// Name of its document, of a variable its file.
    pub policy: String,
    /// Its file; empty where the bundle does not say.
    pub file: String,
    /// Its line, from 1; 0 where the bundle does not say.
    pub line: u32,
    /// Decisions that asked it.
    pub asked: u64,
    /// Instructions of all decisions.
    pub instructions: u64,
    /// Nanoseconds of one decision that go to it, where every rule is run.
    pub nanoseconds: Option<f64>,
}

/// What deciding about one tool takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolMeasurement {
    /// The value of the slot that chooses rules.
    pub tool: String,
    /// Decisions.
    pub decisions: u64,
    /// Instructions of all of them.
    pub instructions: u64,
    /// Nanoseconds of one decision, in the best round.
    pub nanoseconds: Option<f64>,
}

/// An atom that time goes to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Blame {
    /// Whether a rule, an output or a variable takes it.
    pub kind: Kind,
    /// Its id or name.
    pub rule: String,
    /// The atom or the variable as it is written; empty for the rest of a rule.
    pub atom: String,
    /// Its file; empty where the bundle does not say.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// Nanoseconds of one decision, where every rule is run.
    pub nanoseconds: f64,
    /// Part of the time that all rules take, from 0 to 1.
    pub share: f64,
}

impl Document {
    /// Whether bytes say that they are such a document, of whatever version.
    #[must_use]
    pub fn is_one(bytes: &[u8]) -> bool {
        let said: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
        said.is_some_and(|it| it.get("format").and_then(|it| it.as_str()) == Some(FORMAT))
    }

    /// A document of this version and this machine.
    #[must_use]
    pub fn here(policies: Vec<Measurement>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            policyc: env!("CARGO_PKG_VERSION").to_owned(),
            machine: Machine::here(),
            policies,
        }
    }

    /// As JSON, indented.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Numbers and strings always have a JSON form.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The document in `bytes`, the file called `file`.
    ///
    /// # Errors
    /// `NotBaseline` for bytes that are none, `OtherVersion` for one of another version of this
    /// program or another build of it.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Self, BenchError> {
        let not = |why: String| BenchError::NotBaseline { file: file.to_owned(), why };
        let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| {
            if error.is_eof() {
                return not("it is cut short".to_owned());
            }
            not(format!("at line {}, column {}, it is no JSON", error.line(), error.column()))
        })?;
        if value.get("format").and_then(serde_json::Value::as_str) != Some(FORMAT) {
            return Err(not(format!("its `format` is not `{FORMAT}`")));
        }
        let version = value.get("version").cloned().unwrap_or_default();
        if version.as_u64() != Some(VERSION.into()) {
            return Err(not(format!("its `version` is {version}, and {VERSION} is known here")));
        }
        let own = env!("CARGO_PKG_VERSION").to_owned();
        let found = value.get("policyc").and_then(serde_json::Value::as_str).unwrap_or("?");
        if found != own {
            let (file, found) = (file.to_owned(), found.to_owned());
            return Err(BenchError::OtherVersion { file, found, own });
        }
        serde_json::from_value(value).map_err(|error| not(error.to_string()))
    }

    /// What it says about `own`, one of the policies that are measured now. Projects tell policies
    /// of one name apart; where a name stands once in both, its project may lie elsewhere.
    ///
    /// # Errors
    /// `OtherPolicy` where it says nothing.
    pub fn policy(
        &self,
        file: &str,
        (own, now): (&Measurement, &Self),
    ) -> Result<&Measurement, BenchError> {
        let named = |all: &'_ [Measurement]| all.iter().filter(|it| it.name == own.name).count();
        let single = named(&self.policies) == 1 && named(&now.policies) == 1;
        let is_own =
            |it: &&Measurement| it.name == own.name && (single || it.project == own.project);
        self.policies.iter().find(is_own).ok_or_else(|| {
            let known: Vec<String> =
                self.policies.iter().map(|policy| format!("`{}`", policy.title())).collect();
            BenchError::OtherPolicy {
                file: file.to_owned(),
                name: own.title(),
                known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
            }
        })
    }
}

impl Measurement {
    /// Its name, and where its project lies.
    fn title(&self) -> String {
        let Self { name, project, .. } = self;
        if project.is_empty() { name.clone() } else { format!("{name} in {project}") }
    }

    /// Sees to it that both were measured with the same contexts.
    ///
    /// # Errors
    /// `OtherContexts`.
    pub fn same_contexts(&self, file: &str, own: &Self) -> Result<(), BenchError> {
        let what = |it: &Self| {
            let Contexts { digest, decisions, chosen, .. } = &it.contexts;
            (digest.clone(), *decisions, chosen.clone())
        };
        if what(self) == what(own) {
            return Ok(());
        }
        Err(BenchError::OtherContexts {
            file: file.to_owned(),
            name: own.name.clone(),
            found: self.contexts.decisions,
            own: own.contexts.decisions,
        })
    }

    /// A sum as what one decision has in the mean.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a mean is shown with a few digits")]
    pub fn mean(&self, sum: u64) -> f64 {
        sum as f64 / self.contexts.decisions.max(1) as f64
    }
}
