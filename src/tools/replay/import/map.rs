//! Maps: how events of a foreign log become records.
//!
//! In:      a map file: YAML whose keys hold CEL over the event.
//! Out:     `Map`: programs that compute the targets; findings that point into the file.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`, `runtime::program`,
//!          `tools::pipeline`.
//! Source:  `docs/import.md`.

use crate::base::span::FileId;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::model::Parsed;
use crate::compiler::syntax::document::outputs::{self, InputEnvironment, Key, Kind};
use crate::compiler::{Options, compile_parsed};
use crate::diag::codes::Code;
use crate::diag::sink::Sink;
use crate::runtime::program::Program;
use crate::tools::pipeline::load_own;
use crate::tools::replay::import::host;

/// How much of a decision a log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fidelity {
    /// What the evaluator saw, the time and what it read elsewhere too.
    Exact,
    /// What the evaluator was asked about; not what it read elsewhere.
    Context,
    /// Which tool was called with which arguments.
    Shape,
}

impl Fidelity {
    const WORDS: &[&str] = &["exact", "context", "shape"];

    /// As maps write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Context => "context",
            Self::Shape => "shape",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "exact" => Self::Exact,
            "context" => Self::Context,
            _ => Self::Shape,
        }
    }
}

/// A part of a record that a map computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Which record.
    Id,
    /// When the log says that it was made.
    Ts,
    /// The session that it belongs to.
    Session,
    /// The context.
    Ctx,
    /// The time of the decision.
    Now,
    /// What was decided.
    Effect,
    /// The rule that decided.
    Rule,
    /// The message.
    Reason,
    /// The policies that decided.
    Bundle,
    /// What host functions gave.
    Nd,
    /// Places of the context that the log redacted.
    Redacted,
    /// Trace and span.
    Otel,
}

impl Target {
    /// Every target, in the order of docs and reports.
    pub const ALL: [Self; 12] = [
        Self::Id,
        Self::Ts,
        Self::Session,
        Self::Ctx,
        Self::Now,
        Self::Effect,
        Self::Rule,
        Self::Reason,
        Self::Bundle,
        Self::Nd,
        Self::Redacted,
        Self::Otel,
    ];

    /// The key of maps.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Ts => "ts",
            Self::Session => "session",
            Self::Ctx => "ctx",
            Self::Now => "now",
            Self::Effect => "effect",
            Self::Rule => "rule",
            Self::Reason => "reason",
            Self::Bundle => "bundle",
            Self::Nd => "nd",
            Self::Redacted => "redacted",
            Self::Otel => "otel",
        }
    }

    /// Whether an event without it becomes no record.
    #[must_use]
    pub const fn is_required(self) -> bool {
        matches!(self, Self::Ts | Self::Ctx)
    }

    /// The target with this key.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }
}

/// Says of an event that it is no record.
pub(super) const SKIP: &str = "skip";
/// A list, each element of which is an event from there on.
pub(super) const EACH: &str = "each";
/// Whether an event is of this format; presets only.
pub(super) const DETECT: &str = "detect";

/// The event.
pub(super) const EVENT: &str = "e";
/// What stands beside the event in the objects that enveloped it.
pub(super) const AROUND: &str = "around";

/// What expressions of maps may use.
const SURROUNDINGS: InputEnvironment<'static> = InputEnvironment {
    roots: &[EVENT, AROUND],
    functions: host::FUNCTIONS,
    libraries: &[
        "bindings",
        "encoders",
        "lists",
        "math",
        "network",
        "regex",
        "sets",
        "strings",
        "two-var-comprehensions",
    ],
};

/// A map that was compiled.
#[derive(Debug)]
pub struct Map {
    /// What people call the log.
    pub format: String,
    /// What the log holds of a decision.
    pub fidelity: Fidelity,
    /// The targets that it has an expression for.
    pub targets: Vec<Target>,
    /// Keys of the lists that envelop events, from the outermost on.
    pub(super) unwrap: Vec<String>,
    /// Computes `detect`.
    pub(super) detector: Option<Program>,
    /// Computes `skip` and `each`.
    pub(super) sifter: Option<Program>,
    /// Computes the targets.
    pub(super) mapper: Program,
}

/// Compiles a map; `None` where the sink holds an error. `preset`: it may say what it detects.
#[must_use]
pub fn compile(file: FileId, files: &SourceMap, preset: bool, sink: &mut Sink) -> Option<Map> {
    let expression = |name| Key { name, kind: Kind::Expression, required: false };
    let mut keys = vec![
        Key { name: "format", kind: Kind::Text, required: true },
        Key { name: "fidelity", kind: Kind::Word(Fidelity::WORDS), required: true },
        Key { name: "unwrap", kind: Kind::Texts, required: false },
    ];
    keys.extend(preset.then(|| expression(DETECT)));
    keys.extend([expression(SKIP), expression(EACH)]);
    let of_target =
        |target: Target| Key { required: target.is_required(), ..expression(target.name()) };
    keys.extend(Target::ALL.map(of_target));
    let read = outputs::read(file, files, ("a map", &keys), &SURROUNDINGS, sink)?;
    if sink.has_errors() {
        // What the expressions say is checked all the same, so that everything is told at once.
        programs(&read.parsed, files, sink);
        return None;
    }
    let [detector, sifter, mapper] = programs(&read.parsed, files, sink)?;
    let text = |key| read.text(key).map_or("", |text| text.value.as_str());
    let is_there = |target: &Target| {
        read.parsed.cel_policies.iter().any(|document| document.name.value == *target.name())
    };
    Some(Map {
        format: text("format").to_owned(),
        fidelity: Fidelity::of(text("fidelity")),
        targets: Target::ALL.into_iter().filter(is_there).collect(),
        unwrap: read.texts("unwrap").iter().map(|key| key.value.clone()).collect(),
        detector,
        sifter,
        mapper: mapper?,
    })
}

/// The programs for `detect`; for `skip` and `each`; for the targets. `None` for one that computes
/// nothing.
fn programs(parsed: &Parsed, files: &SourceMap, sink: &mut Sink) -> Option<[Option<Program>; 3]> {
    let mut found = Sink::new();
    let is_target = |name: &str| Target::named(name).is_some();
    let made = [
        program(parsed, files, |name| name == DETECT, &mut found),
        program(parsed, files, |name| matches!(name, SKIP | EACH), &mut found),
        program(parsed, files, is_target, &mut found),
    ];
    let good = !found.has_errors();
    // An expression that may cost much is counted while it runs; nobody waits for a decision here.
    let (findings, _) = found.finish();
    findings.into_iter().filter(|it| it.code != Code::Metered).for_each(|it| sink.report(it));
    good.then_some(made)
}

fn program(
    parsed: &Parsed,
    files: &SourceMap,
    wanted: impl Fn(&str) -> bool,
    sink: &mut Sink,
) -> Option<Program> {
    let mut parsed = parsed.clone();
    parsed.cel_policies.retain(|document| wanted(&document.name.value));
    if parsed.cel_policies.is_empty() {
        return None;
    }
    let compiled = compile_parsed(files, parsed, &Options::default(), sink)?;
    load_own(&compiled).map_err(|finding| sink.report(*finding)).ok()
}
