//! Why the output of a CEL Policy document is what it is: its entries, and how each came out.
//!
//! In:      a decision that was watched.
//! Out:     a `RuleWhy` for each entry of `match` and `aggregate`.
//! Imports: `runtime::bundle`.
//!
//! Which entry yielded follows from the instructions that ran: each entry has its own.

use crate::runtime::bundle::debug::{ChoiceDebug, OutputDebug};
use crate::runtime::bundle::module::OutputRow;
use crate::tools::why::watch::RuleTrace;
use crate::tools::why::{AtomWhy, ExplanationInput, RuleWhy, State};

impl ExplanationInput<'_> {
    /// The entries of an output, as they came out.
    pub(super) fn entries(&self, row: &OutputRow, name: &str, debug: &OutputDebug) -> Vec<RuleWhy> {
        let first = self.module.functions.get(usize::from(row.function)).map(|it| it.first);
        let ran = |at: u32| first.is_some_and(|first| self.seen.ran(first.saturating_add(at)));
        // What fails in an explanation takes no output away.
        let has_value = self.report.outputs.iter().any(|output| output.name == name);
        let errors = &self.report.errors;
        let failed = !has_value && errors.iter().any(|error| error.rule.as_deref() == Some(name));
        let last = debug.choices.iter().rposition(|choice| choice.is_asked(ran));
        let trace = self.seen.of(row.function);
        let (mut numbers, mut entries) = (Vec::new(), Vec::new());
        for (at, choice) in debug.choices.iter().enumerate() {
            let id = entry_id(name, &mut numbers, choice.depth);
            let (asked, entered) = (choice.is_asked(ran), choice.is_entered(ran));
            let state = match () {
                () if failed && last == Some(at) => State::Failed,
                () if !asked => State::NotAsked,
                () if !entered => State::Silent,
                () if is_block(&debug.choices, at) => State::Held,
                () => State::Won,
            };
            let own = EntryTrace { trace: trace.filter(|_| asked), entered };
            entries.push(self.entry(id, choice, state, own));
        }
        entries
    }

    fn entry(
        &self,
        id: String,
        choice: &ChoiceDebug,
        state: State,
        own: EntryTrace<'_>,
    ) -> RuleWhy {
        let atoms = |all: &[_], trace: Option<&RuleTrace>| self.atoms_of(all, trace);
        let mut told: Vec<AtomWhy> = atoms(&choice.condition, own.trace);
        let settled_by = told.iter().rposition(AtomWhy::is_seen);
        told.extend(atoms(&choice.yields, own.trace.filter(|_| own.entered)));
        RuleWhy {
            id,
            shadow: false,
            state,
            place: Some(choice.place),
            atoms: told,
            settled_by,
            values: Vec::new(),
            outcome: Some(choice.outcome),
        }
    }
}

/// What was seen of an entry.
#[derive(Clone, Copy)]
struct EntryTrace<'a> {
    trace: Option<&'a RuleTrace>,
    /// Whether its condition held.
    entered: bool,
}

/// Whether an entry yields what a nested block does.
fn is_block(choices: &[ChoiceDebug], at: usize) -> bool {
    let depth = choices.get(at).map(|it| it.depth);
    depth < choices.get(at + 1).map(|next| next.depth)
}

/// What the next entry of output `name`, `depth` blocks deep, is called: `name match 2.1` is the
/// first one below the second.
pub fn entry_id(name: &str, numbers: &mut Vec<usize>, depth: u16) -> String {
    numbers.resize(usize::from(depth) + 1, 0);
    if let Some(last) = numbers.last_mut() {
        *last += 1;
    }
    let number = numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(".");
    format!("{name} match {number}")
}
