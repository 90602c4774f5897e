//! Explanations of decisions, drawn.
//!
//! In:      a `DecisionExplanation`: a decision, made again or just made, and why it is so.
//! Out:     text: one function for each format.
//! Imports: `lang`, `runtime::program`, `runtime::record`, `runtime::vm`, `tools::inspect`,
//!          `tools::replay`, `tools::why`.

mod full;
mod html;
mod json;
mod markdown;
mod narrated;
pub mod source;

use serde_json::Value as Json;

use crate::lang::decision::Effect;
use crate::lang::value::time::Instant;
use crate::runtime::program::Program;
use crate::runtime::record::read::{Input, Outcome, Record, Text};
use crate::runtime::vm::report::DecisionReport;
use crate::tools::inspect::description::DescribedProgram;
use crate::tools::inspect::digest_short;
use crate::tools::replay::explain::Explanation;
use crate::tools::replay::knew::{knew, limits, recorded_effect};
use crate::tools::report::NamedFormat;
use crate::tools::report::decision::effect_word;
use crate::tools::report::paint::Style;
use crate::tools::why::{AtomWhy, RuleWhy, State, Why};

/// Said where no rule was asked.
const REFUSED: &str = "no rule: a context that is refused is not evaluated";
/// Most characters of the source of an atom in a row.
const ATOM_CHARACTERS_MAX: usize = 60;

/// An explanation, and what it is about.
#[derive(Debug)]
pub struct DecisionExplanation<'a> {
    /// The id of the record.
    pub id: Option<String>,
    /// The tool.
    pub tool: Option<String>,
    /// What else is known, a word in front: when, who, bundle.
    pub facts: Vec<(&'static str, String)>,
    /// The effect that was recorded.
    pub recorded: Option<Effect>,
    /// The program that decided.
    pub program: &'a Program,
    /// The decision, and why.
    pub explained: &'a Explanation,
    /// Whether every rule is drawn with every atom.
    pub tree: bool,
}

/// A format: its name, and how it is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// As it is chosen.
    pub name: &'static str,
    /// Draws everything.
    pub draw: fn(&DecisionExplanation<'_>, Style) -> String,
}

/// Every format. The first is the default.
pub const FORMATS: &[Format] = &[
    Format { name: "full", draw: full },
    Format { name: "html", draw: html::draw },
    Format { name: "json", draw: json::draw },
    Format { name: "json-lines", draw: json::lines },
    Format { name: "markdown", draw: markdown::draw },
    Format { name: "narrated", draw: narrated::draw },
];

impl NamedFormat for Format {
    const ALL: &'static [Self] = FORMATS;

    fn name(&self) -> &'static str {
        self.name
    }
}

/// For people.
#[must_use]
pub fn full(told: &DecisionExplanation<'_>, style: Style) -> String {
    full::draw(told, style)
}

impl<'a> DecisionExplanation<'a> {
    /// What is told of a recorded decision.
    #[must_use]
    pub fn of_record(
        record: &Record<'_>,
        program: &'a Program,
        explained: &'a Explanation,
    ) -> Self {
        let context: Json = match record.input {
            Input::Context(context, _) => serde_json::from_slice(context).unwrap_or_default(),
            Input::Raw(..) => Json::Null,
        };
        let revision = record.bundle.and_then(|bundle| bundle.revision);
        let revision = revision.map(|revision| revision.text().into_owned());
        let now = record
            .now
            .map(|Instant { seconds, nanoseconds }| Instant { seconds, nanoseconds }.to_string());
        let session = record
            .session
            .map(|session| format!("session {}, step {}", session.id.text(), session.step));
        let when: Vec<String> = now.into_iter().chain(session).collect();
        let mut told = Self::of(&context, &when.join(" · "), program, explained);
        told.id = record.id.map(|id| id.text().into_owned());
        told.recorded = recorded_effect(record).flatten();
        if let (Some(revision), Some(("bundle", says))) = (revision, told.facts.last_mut()) {
            *says =
                format!("{} @ {revision} ({})", program.name(), digest_short(&program.digest()));
        }
        told.facts.push(("replay", replayed(explained, record.outcome.is_some())));
        let (Explanation::Decided { exact, .. } | Explanation::Withheld { exact, .. }) = explained;
        // Without a digest nobody compares, and readers have to see both.
        let differs = record.outcome.filter(|_| *exact != Some(true));
        told.facts.extend(differs.map(|outcome| ("recorded", recorded(&outcome))));
        told.facts.extend(knew(record));
        if record.reads.is_some() {
            told.facts.extend(limits(record, &DescribedProgram::of(program)));
        }
        told
    }

    /// What is told of a decision about `context`, made at `when`, in words.
    #[must_use]
    pub fn of(
        context: &Json,
        when: &str,
        program: &'a Program,
        explained: &'a Explanation,
    ) -> Self {
        let mut facts = Vec::new();
        if !when.is_empty() {
            facts.push(("when", when.to_owned()));
        }
        facts.extend(who(context).map(|who| ("who", who)));
        let bundle = format!("{} ({})", program.name(), digest_short(&program.digest()));
        facts.push(("bundle", bundle));
        let tool = context.pointer("/action/tool").and_then(Json::as_str).map(str::to_owned);
        Self { id: None, tool, facts, recorded: None, program, explained, tree: false }
    }

    /// The decision, where there is one.
    fn report(&self) -> Option<&DecisionReport> {
        match self.explained {
            Explanation::Decided { report, .. } => Some(report),
            Explanation::Withheld { report, .. } => report.as_deref(),
        }
    }

    /// Why, where every value was known.
    const fn why(&self) -> Option<&Why> {
        match self.explained {
            Explanation::Decided { why, .. } => Some(why),
            Explanation::Withheld { .. } => None,
        }
    }

    /// The effects that are possible; one where it is certain.
    const fn effects(&self) -> &[Option<Effect>] {
        match self.explained {
            Explanation::Decided { report, .. } => std::slice::from_ref(&report.effect),
            Explanation::Withheld { effects, .. } => effects.as_slice(),
        }
    }

    /// The effect in capitals.
    fn word(&self) -> String {
        match self.effects() {
            [effect] => effect_word(*effect),
            _ => "UNDETERMINED".to_owned(),
        }
    }

    /// What is known of values that are withheld, a word in front.
    fn withheld(&self) -> Vec<(&'static str, String)> {
        let Explanation::Withheld { effects, blockers, paths, .. } = self.explained else {
            return Vec::new();
        };
        let words: Vec<String> = effects.iter().map(|it| effect_word(*it)).collect();
        let mut rows = vec![("possible", words.join(", ")), ("withheld", paths.join(", "))];
        if !blockers.is_empty() {
            rows.push(("hangs on", blockers.join(", ")));
        }
        rows
    }
}

/// What a record says was decided: `DENY by` rule and message.
fn recorded(outcome: &Outcome<'_>) -> String {
    let mut text = effect_word(outcome.effect);
    if let Some(rule) = outcome.rule {
        text.extend([" by ", &rule.text()]);
    }
    if let Some(reason) = outcome.reason.map(Text::text).filter(|it| !it.is_empty()) {
        text.extend([": ", &reason]);
    }
    text
}

/// Whether it is what was recorded, in words. `says`: the record says what that is.
fn replayed(explained: &Explanation, says: bool) -> String {
    let says = match explained {
        Explanation::Decided { exact: Some(true), .. } => "bit-exact",
        Explanation::Withheld { report: Some(_), exact: Some(true), by_facts: true, .. } => {
            "bit-exact by facts: recorded atoms decide where values are withheld"
        }
        Explanation::Withheld { report: Some(_), exact: Some(true), .. } => {
            "bit-exact, whatever the withheld values are"
        }
        Explanation::Decided { exact: Some(false), .. }
        | Explanation::Withheld { exact: Some(false), .. } => "differs from what was recorded",
        Explanation::Decided { exact: None, .. }
        | Explanation::Withheld { report: Some(_), exact: None, .. }
            if says =>
        {
            "not compared: the record has no digest of a decision"
        }
        Explanation::Decided { exact: None, .. } => "the record does not say what was decided",
        Explanation::Withheld { report: Some(_), exact: None, .. } => {
            "certain, and the record does not say what was decided"
        }
        Explanation::Withheld { report: None, exact: Some(true) | None, .. } => {
            "not certain: it hangs on what the record withholds"
        }
    };
    says.to_owned()
}

/// The scalar parts of the principal: `agent:billing-7 · role ops · team payments`.
fn who(context: &Json) -> Option<String> {
    let principal = context.get("principal")?;
    let text = |value: &Json| match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(truth) => Some(truth.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    };
    let members = principal.as_object()?.iter();
    let others = members.filter(|(key, _)| *key != "id");
    let others = others.filter_map(|(key, value)| Some(format!("{key} {}", text(value)?)));
    let id = principal.get("id").and_then(text);
    let parts: Vec<String> = id.into_iter().chain(others).collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// A path as policies write it: `args.amount`.
fn policy_path(path: &str) -> String {
    path.strip_prefix("action.args").map_or_else(|| path.to_owned(), |it| format!("args{it}"))
}

/// The id of a rule, with what sets it apart.
fn name_of(rule: &RuleWhy) -> String {
    if rule.shadow { format!("{} (shadow)", rule.id) } else { rule.id.clone() }
}

/// What decided an atom, paths as policies write them.
fn because(atom: &AtomWhy) -> String {
    let values = (!atom.values.is_empty()).then(|| atom.values.clone());
    let loops = atom.loops.iter().map(|it| it.words(&policy_path(&it.list)));
    values.into_iter().chain(loops).collect::<Vec<_>>().join(", ")
}

/// `` `args.amount > 10000.0` false: 98.7 > 10000.0 ``: the atom that settled a rule.
fn settled(rule: &RuleWhy) -> Option<String> {
    let atom = rule.settled()?;
    let because = because(atom);
    let because = if because.is_empty() { because } else { format!(": {because}") };
    Some(format!("`{}` {}{because}", clipped(&atom.line()), atom.outcome()))
}

/// Cut where it is long.
fn clipped(text: &str) -> String {
    if text.chars().count() <= ATOM_CHARACTERS_MAX {
        return text.to_owned();
    }
    text.chars().take(ATOM_CHARACTERS_MAX - 1).chain(['…']).collect()
}

/// What a rule did, in a word or two, for people.
const fn did(state: State) -> &'static str {
    match state {
        State::Won => "decided",
        State::Fired => "fired",
        State::Failed => "failed",
        State::Held => "held",
        State::Silent => "silent",
        State::NotAsked => "not asked",
    }
}
