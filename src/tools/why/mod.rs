//! Why a decision is what it is: every rule, its atoms and the values that it read, as data.
//!
//! In:      a program, a decision that was watched, where its context came from.
//! Out:     `Why`; `tools::report` draws it.
//! Imports: `compiler::source`, `lang`, `runtime::bundle`, `runtime::vm`, `tools::inspect`,
//!          `tools::report`.
//!
//! What stands in sources stands in those of the bundle, so what is told is about what decided.

pub mod exhaust;
pub mod outputs;
mod sight;
pub mod watch;

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::compiler::source::lines::Lines;
use crate::lang::value::Value;
use crate::runtime::bundle::debug::{Place, RuleAtom, RuleDebug};
use crate::runtime::bundle::module::{Module, NONE, RuleRow, SlotRow};
use crate::runtime::vm::decision::Decision;
use crate::runtime::vm::report::DecisionReport;
use crate::tools::inspect::description::DescribedProgram;
use crate::tools::inspect::reads::dotted;
use crate::tools::report::context::locate;
use crate::tools::why::sight::rows_text;
use crate::tools::why::watch::{AtomTrace, Loop, RuleTrace, Watcher, columns};

/// Most values of a rule that are told.
const VALUES_MAX: usize = 12;

/// Why a decision is what it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Why {
    /// The sources: logical path and text.
    pub sources: Vec<(String, String)>,
    /// Whether the context was refused, so that no rule was asked.
    pub refused: bool,
    /// Every rule, in document order.
    pub rules: Vec<RuleWhy>,
    /// Every entry of every output, in document order.
    pub entries: Vec<RuleWhy>,
}

/// What a rule did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It fired, and decided.
    Won,
    /// It fired, and others decided; of a shadow rule: it would have fired.
    Fired,
    /// It failed.
    Failed,
    /// Of an entry of an output: its condition held, and its block was asked.
    Held,
    /// It was asked, and did not fire.
    Silent,
    /// It is about other inputs: nobody asked it. Of an entry: one before it held.
    NotAsked,
}

impl State {
    /// In a word, for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Fired => "fired",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Silent => "silent",
            Self::NotAsked => "not_asked",
        }
    }
}

/// A rule, or an entry of an output.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleWhy {
    /// Its id; of an entry the output and its number.
    pub id: String,
    /// Whether it decides nothing.
    pub shadow: bool,
    /// What it did.
    pub state: State,
    /// Where it stands, where sources are known.
    pub place: Option<Place>,
    /// The atoms of its condition, in the order of the language.
    pub atoms: Vec<AtomWhy>,
    /// Which of them settled what it says: of a silent rule, why it was silent.
    pub settled_by: Option<usize>,
    /// The values that it reads.
    pub values: Vec<ValueWhy>,
    /// Of an entry: where the value or the block stands that it yields.
    pub outcome: Option<Place>,
}

/// How an atom came out, as its source words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It failed: how, in words.
    Failed(String),
    /// Nobody needed to know.
    NotNeeded,
}

/// An atom of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct AtomWhy {
    /// Its number in the bundle.
    pub atom: u16,
    /// Where it stands.
    pub place: Place,
    /// Its source.
    pub text: String,
    /// How it came out.
    pub truth: Truth,
    /// Whether that was found out by deciding once more, with what was passed over asked as well.
    pub would_be: bool,
    /// The values that decided it: `12000 > 10000`; perhaps nothing.
    pub values: String,
    /// The loops that ran for it.
    pub loops: Vec<Loop>,
    /// Whether nobody wrote it: its place is that of a declaration.
    pub made: bool,
}

/// A value that a rule reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueWhy {
    /// Its path.
    pub path: String,
    /// As JSON, cut where it is long; `absent`.
    pub value: String,
    /// Where it comes from; nothing where that is not known.
    pub from: Option<String>,
}

/// Where the context of a decision came from.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// Nothing is said of it.
    Given,
    /// A record.
    Record,
    /// A file with its name: its places are told.
    File(&'a str, &'a [u8]),
}

/// A decision that was watched.
#[derive(Debug)]
pub struct WatchedDecision<'a> {
    /// The decision.
    pub report: &'a DecisionReport,
    /// What was seen while it was made.
    pub seen: &'a mut Watcher<'a>,
    /// Its slots.
    pub slots: Vec<String>,
    /// Where its context came from.
    pub origin: Origin<'a>,
}

/// The slots of a decision as JSON, each cut where it is long.
#[must_use]
pub fn slots(decision: &Decision<'_>) -> Vec<String> {
    let view = decision.view();
    let module = decision.program().module();
    let text = |(slot, value): (&SlotRow, &Value)| {
        let columns = match slot {
            SlotRow::Value(node) => columns(module, *node),
            SlotRow::Presence(_) | SlotRow::Now => Vec::new(),
        };
        rows_text(&view, value, &columns)
    };
    module.slots.iter().zip(decision.file()).map(text).collect()
}

/// Why it is decided so.
#[must_use]
pub fn why(worded: &DescribedProgram<'_>, watched: WatchedDecision<'_>) -> Why {
    let program = worded.program;
    let WatchedDecision { report, seen, slots, origin } = watched;
    seen.end();
    let refused = report.errors.iter().any(|error| error.rule.is_none());
    let module = program.module();
    let cx = ExplanationInput { module, worded, report, refused, seen, slots: &slots, origin };
    let rules = (0..).zip(&program.module().rules);
    let rules = rules.map(|(at, row)| cx.rule(at, row, program.string(row.id)));
    let outputs = module.outputs.iter().zip(&worded.debug.outputs);
    let entries = outputs.flat_map(|(row, own)| cx.entries(row, program.string(row.name), own));
    Why {
        sources: worded.debug.sources.clone(),
        refused,
        rules: rules.collect(),
        entries: entries.collect(),
    }
}

/// What the parts of an explanation are read from.
struct ExplanationInput<'a> {
    module: &'a Module,
    worded: &'a DescribedProgram<'a>,
    report: &'a DecisionReport,
    refused: bool,
    seen: &'a Watcher<'a>,
    slots: &'a [String],
    origin: Origin<'a>,
}

impl ExplanationInput<'_> {
    fn rule(&self, at: usize, row: &RuleRow, id: &str) -> RuleWhy {
        let debug = self.worded.debug.rules.get(at);
        let asked = self.seen.of(row.function);
        let atoms = debug.map_or_else(Vec::new, |rule| self.atoms(rule, asked));
        let named = |ids: &[String]| ids.iter().any(|said| said == id);
        let failed = self.report.errors.iter().any(|error| error.rule.as_deref() == Some(id));
        let state = if self.report.rule.as_deref() == Some(id) && !failed {
            State::Won
        } else if failed {
            State::Failed
        } else if named(&self.report.fired) || named(&self.report.shadow) {
            State::Fired
        } else if asked.is_some() {
            State::Silent
        } else {
            State::NotAsked
        };
        let last = asked.and_then(|it| it.last);
        let last = last.and_then(|last| atoms.iter().position(|atom| atom.atom == last));
        // Calls of other tools are told together; what else the index asks is a condition.
        let passed_over = state == State::NotAsked && !self.is_by_tool();
        let state =
            if passed_over && atoms.iter().any(AtomWhy::is_seen) { State::Silent } else { state };
        let settled_by = last.or_else(|| atoms.iter().rposition(AtomWhy::is_seen));
        RuleWhy {
            id: id.to_owned(),
            shadow: row.shadow,
            state,
            place: debug.map(|rule| rule.place),
            atoms,
            settled_by,
            values: self.values(row),
            outcome: None,
        }
    }

    /// The atoms of a rule. A guard that no condition spells out, as `on`, has no text of its own,
    /// and is not told.
    fn atoms(&self, rule: &RuleDebug, asked: Option<&RuleTrace>) -> Vec<AtomWhy> {
        let holds = |outer: &Place, inner: &Place| {
            outer.source == inner.source && outer.start <= inner.start && inner.end <= outer.end
        };
        let mut told = Vec::new();
        for RuleAtom { atom, place, guard, .. } in &rule.atoms {
            let mut others = rule.atoms.iter().filter(|other| other.atom != *atom);
            let is_spelled =
                holds(&rule.place, place) && !others.any(|other| holds(place, &other.place));
            if *guard && !is_spelled {
                continue;
            }
            let mut own = self.atom(*atom, *place, asked.and_then(|it| it.atoms.get(atom)));
            if *guard && !self.refused {
                // The index asked it: of the rules that it left out it does not hold.
                own.truth = if asked.is_some() { Truth::True } else { Truth::False };
                own.values = self.key().unwrap_or_default();
            }
            told.push(own);
        }
        told
    }

    /// The value by which the index chooses rules.
    fn key(&self) -> Option<String> {
        self.slots.get(usize::from(self.module.index.key_slot)).cloned()
    }

    /// Whether the index chooses rules by the tool.
    fn is_by_tool(&self) -> bool {
        match self.module.slots.get(usize::from(self.module.index.key_slot)) {
            Some(SlotRow::Value(node)) => dotted(self.module, *node) == "action.tool",
            Some(SlotRow::Presence(_) | SlotRow::Now) | None => true,
        }
    }

    /// The atoms of an entry.
    fn atoms_of(&self, atoms: &[RuleAtom], asked: Option<&RuleTrace>) -> Vec<AtomWhy> {
        let trace = |atom: &RuleAtom| asked.and_then(|it| it.atoms.get(&atom.atom));
        atoms.iter().map(|atom| self.atom(atom.atom, atom.place, trace(atom))).collect()
    }

    fn atom(&self, atom: u16, place: Place, outcome: Option<&AtomTrace>) -> AtomWhy {
        let made = self.worded.generated_at(atom, place);
        let text = made.unwrap_or_else(|| self.worded.text(place)).to_owned();
        let made = made.is_some();
        let (truth, values) = outcome
            .map_or((Truth::NotNeeded, String::new()), |outcome| outcome.seen.describe(&text));
        let loops = outcome.map_or_else(Vec::new, |outcome| outcome.loops.clone());
        AtomWhy { atom, place, text, truth, would_be: false, values, loops, made }
    }

    /// The values that a rule reads, the tool aside, which every form names.
    fn values(&self, row: &RuleRow) -> Vec<ValueWhy> {
        let first = row.first_requirement as usize;
        let read = self.module.requirements.iter().skip(first);
        let slots = read.take(usize::from(row.requirements).min(VALUES_MAX)).map(|it| it.slot);
        let mut known = BTreeSet::new();
        let slots = slots.filter(|slot| *slot != NONE && known.insert(*slot));
        let value = |slot: u16| {
            let Some(SlotRow::Value(node)) = self.module.slots.get(usize::from(slot)) else {
                return None;
            };
            let path = dotted(self.module, *node);
            let value = self.slots.get(usize::from(slot)).cloned().unwrap_or_default();
            let from = self.origin.place(&path);
            (path != "action.tool").then_some(ValueWhy { path, value, from })
        };
        slots.filter_map(value).collect()
    }
}

impl Origin<'_> {
    /// `big.json:6:17`, `record`.
    fn place(&self, path: &str) -> Option<String> {
        match self {
            Self::Given => None,
            Self::Record => Some("record".to_owned()),
            Self::File(name, bytes) => {
                let at = locate(bytes, &path.split('.').collect::<Vec<_>>())?;
                let text = std::str::from_utf8(bytes).ok()?;
                let place = Lines::new(text).place(text, u32::try_from(at).ok()?);
                Some(format!("{name}:{}:{}", place.line, place.column))
            }
        }
    }
}

impl Truth {
    /// In a word, for programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Failed(_) => "error",
            Self::NotNeeded => "not_evaluated",
        }
    }
}

impl Loop {
    /// `users[7] = "u999"`, `all 60 of users checked`; `list` is what people call the list.
    #[must_use]
    pub fn words(&self, list: &str) -> String {
        match (&self.settled, self.checked) {
            (Some((at, value)), _) if list.is_empty() => format!("element {at} = {value}"),
            (Some((at, value)), _) => format!("{list}[{at}] = {value}"),
            (None, 0) if list.is_empty() => "nothing to look at".to_owned(),
            (None, 0) => format!("{list} is empty"),
            (None, all) if list.is_empty() => format!("all {all} checked"),
            (None, all) => format!("all {all} of {list} checked"),
        }
    }
}

impl AtomWhy {
    /// Whether it came out at all.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        self.truth != Truth::NotNeeded
    }

    /// How it came out: `true`, `fails, a division by zero`; `would be` in front where nobody
    /// needed it.
    #[must_use]
    pub fn outcome(&self) -> String {
        let word = match &self.truth {
            Truth::True => "true".to_owned(),
            Truth::False => "false".to_owned(),
            Truth::Failed(how) => format!("fails, {how}"),
            Truth::NotNeeded => "not needed".to_owned(),
        };
        if self.would_be { format!("would be {word}") } else { word }
    }

    /// Its source in one line.
    #[must_use]
    pub fn line(&self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl RuleWhy {
    /// The atom that settled it.
    #[must_use]
    pub fn settled(&self) -> Option<&AtomWhy> {
        self.atoms.get(self.settled_by?)
    }
}

impl Why {
    /// `policies/transfer.yaml:15:9`.
    #[must_use]
    pub fn place(&self, place: Place) -> Option<String> {
        let (path, text) = self.sources.get(place.source as usize)?;
        let at = Lines::new(text).place(text, place.start);
        Some(format!("{path}:{}:{}", at.line, at.column))
    }

    /// The rules, then the entries of outputs; of those that nobody asked only with `tree`.
    pub fn rules_and_entries(&self, tree: bool) -> impl Iterator<Item = &RuleWhy> {
        let asked = self.entries.iter().filter(move |it| tree || it.state != State::NotAsked);
        self.rules.iter().chain(asked)
    }

    /// The source of the value that an entry yields, in one line.
    #[must_use]
    pub fn yields(&self, entry: &RuleWhy) -> Option<String> {
        let place = entry.outcome.filter(|_| entry.state == State::Won)?;
        let (_, text) = self.sources.get(place.source as usize)?;
        let text = text.get(place.start as usize..place.end as usize)?;
        Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// For programs: an object an entry of an output.
    #[must_use]
    pub fn entries_json(&self) -> Vec<Json> {
        let told = self.entries.iter().map(|entry| {
            let mut told = self.rule_json(entry);
            if let Some(all) = told.as_object_mut() {
                all.remove("shadow");
                let id = all.remove("rule").unwrap_or_default();
                all.insert("entry".to_owned(), id);
                let place = entry.outcome.and_then(|place| self.place(place));
                all.insert("yields".to_owned(), json!(place));
            }
            told
        });
        told.collect()
    }

    /// For programs: an object a rule.
    #[must_use]
    pub fn rules_json(&self) -> Vec<Json> {
        self.rules.iter().map(|rule| self.rule_json(rule)).collect()
    }

    fn rule_json(&self, rule: &RuleWhy) -> Json {
        let atoms = rule.atoms.iter().map(|atom| self.atom_json(atom));
        let values = rule
            .values
            .iter()
            .map(|value| json!({"path": value.path, "value": value.value, "from": value.from}));
        json!({
            "rule": rule.id,
            "state": rule.state.word(),
            "shadow": rule.shadow,
            "place": rule.place.and_then(|place| self.place(place)),
            "atoms": atoms.collect::<Vec<_>>(),
            "settled_by": rule.settled().map(|atom| atom.atom),
            "values": values.collect::<Vec<_>>(),
        })
    }

    fn atom_json(&self, atom: &AtomWhy) -> Json {
        let loops = atom.loops.iter().map(|it| {
            json!({
                "list": it.list, "checked": it.checked, "elements": it.elements,
                "settled": it.settled.as_ref().map(|(at, value)| json!({"at": at, "value": value})),
            })
        });
        let failed = match &atom.truth {
            Truth::Failed(how) => Some(how),
            Truth::True | Truth::False | Truth::NotNeeded => None,
        };
        let Place { source, start, end } = atom.place;
        let path = self.sources.get(source as usize).map(|(path, _)| path);
        json!({
            "id": atom.atom,
            "text": atom.text,
            "span": {"file": path, "start": start, "end": end},
            "place": self.place(atom.place),
            "state": atom.truth.word(),
            "error": failed,
            "would_be": atom.would_be,
            "values": atom.values,
            "iter": loops.collect::<Vec<_>>(),
        })
    }
}
