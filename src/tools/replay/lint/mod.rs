//! Whether records are as they should be: by the published schema, by their bundles, one after the
//! other.
//!
//! In:      records, and the store of their bundles.
//! Out:     `Remark`s with places.
//! Imports: `base`, `diag`, `runtime::program`, `runtime::record`, `runtime::vm`, `tools::bench`.
//! Source:  `docs/replay.md`, section "Lint"; `docs/schema/record.schema.json`.
//!
//! Contexts are decided again to see whether their bundle refuses them; what else came of it is
//! compared by `verify`. Of one line no more than `LINT_REMARKS_MAX` misfits are told.

mod order;
mod place;
mod schema;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::base::arrange::Arrange as _;
use crate::base::limits::LINT_REMARKS_MAX;
use crate::diag::codes::Code;
use crate::diag::numbers::grouped;
use crate::runtime::program::Program;
use crate::runtime::record::error::RecordError;
use crate::runtime::record::read::{Entry, Record};
use crate::runtime::vm::report::DecisionReport;
use crate::runtime::vm::request::marked::Recorded;
use crate::runtime::vm::scratch::Scratch;
use crate::tools::bench::subject::reads_time;
use crate::tools::replay::filter::Filter;
use crate::tools::replay::lint::order::Mark;
pub use crate::tools::replay::lint::order::Order;
use crate::tools::replay::lint::place::offset;
use crate::tools::replay::lint::schema::Rules;
use crate::tools::replay::redecide::{Obstacle, ProgramRunners, input, moment};
use crate::tools::replay::store::{Digest, Store};
use crate::tools::replay::stream::Chunk;

/// What is said of a record whose bundle nobody knows.
const NAMELESS: &str = "no bundle is named by its digest";

/// What is to be said of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Which source.
    pub source: usize,
    /// The line, from 1.
    pub line: u64,
    /// Byte of the line.
    pub byte: usize,
    /// Of which kind it is.
    pub code: Code,
    /// What is the case, in words.
    pub fact: String,
    /// What to do next, if there is something.
    pub help: Option<&'static str>,
}

/// Records that nobody can verify. A log of another engine has nothing else, so of the lines of a
/// source that lack the same the first is told, with how many more there are.
#[derive(Debug, Default)]
pub struct Unverifiable(BTreeMap<(usize, String), (Remark, u64)>);

impl Unverifiable {
    /// Takes such a remark in; any other comes back, to be told at once.
    pub fn take(&mut self, remark: Remark) -> Option<Remark> {
        if remark.code != Code::Unverifiable {
            return Some(remark);
        }
        let lacking = (remark.source, remark.fact.clone());
        self.0.entry(lacking).and_modify(|(_, more)| *more += 1).or_insert((remark, 0));
        None
    }

    /// What is to be said of them, by source and line.
    #[must_use]
    pub fn told(self) -> Vec<Remark> {
        let mut told: Vec<Remark> = Vec::new();
        for (remark, more) in self.0.into_values() {
            let lines = if more == 1 { "line" } else { "lines" };
            let fact = match more {
                0 => remark.fact,
                _ => format!("{}; so with {} {lines} more", remark.fact, grouped(more)),
            };
            told.push(Remark { fact, ..remark });
        }
        told.arrange_by_key(|remark| (remark.source, remark.line));
        told
    }
}

/// What is to be said of a part of the records.
#[derive(Debug, Default)]
pub struct LintSummary {
    /// Lines that are records.
    pub records: u64,
    /// What is to be said, in order.
    pub remarks: Vec<Remark>,
    /// Bundles that records name and nobody has, or that cannot be used.
    pub missing: BTreeSet<Digest>,
    /// What `Order` looks at.
    marks: Vec<Mark>,
}

/// Looks at records.
#[derive(Debug)]
pub struct Linter<'s> {
    seats: ProgramRunners<'s>,
    filter: &'s Filter,
    rules: Rules,
    known: HashMap<Digest, LintedBundle>,
}

/// A bundle, and what is asked of it for every record that it made.
#[derive(Debug)]
struct LintedBundle {
    program: Arc<Program>,
    /// Its rules by name, and which of them are shadows.
    rules: HashMap<String, bool>,
    timed: bool,
    scratch: Scratch,
    /// Bytes of a context that is no JSON.
    raw: Vec<u8>,
}

impl LintedBundle {
    fn of(program: Arc<Program>) -> Self {
        let rules = program.module().rules.iter();
        let rules = rules.map(|row| (program.string(row.id).to_owned(), row.shadow)).collect();
        let (timed, scratch) = (reads_time(&program), Scratch::for_program(&program));
        Self { program, rules, timed, scratch, raw: Vec::new() }
    }
}

/// A line, while it is looked at.
struct LinePosition<'l> {
    source: usize,
    number: u64,
    line: &'l [u8],
}

impl LinePosition<'_> {
    /// A remark about the value at a path of the line: keys, and numbers of elements.
    fn remark(&self, code: Code, path: &[&str], fact: String) -> Remark {
        let byte = offset(self.line, path);
        Remark { source: self.source, line: self.number, byte, code, fact, help: None }
    }
}

impl<'s> Linter<'s> {
    /// Bundles come from `store`.
    #[must_use]
    pub fn of(store: &'s Store, filter: &'s Filter) -> Self {
        Self {
            seats: ProgramRunners::of(store),
            filter,
            rules: Rules::published(),
            known: HashMap::new(),
        }
    }

    /// Looks at the lines of a chunk.
    pub fn chunk(&mut self, chunk: &Chunk) -> LintSummary {
        let mut linted = LintSummary::default();
        for (number, line) in (chunk.line..).zip(chunk.bytes.split(|byte| *byte == b'\n')) {
            let trimmed = line.trim_ascii();
            if !trimmed.is_empty() {
                let at = LinePosition { source: chunk.source, number, line: trimmed };
                self.line(&at, &mut linted);
            }
        }
        linted
    }

    fn line(&mut self, at: &LinePosition<'_>, linted: &mut LintSummary) {
        let entry = Entry::read(at.line);
        if let Ok(Entry::Record(record)) = &entry
            && !self.filter.takes(record)
        {
            return;
        }
        // A line that says something else than it may has a place in the order all the same.
        let json: Json = serde_json::from_slice(at.line).unwrap_or_default();
        linted.marks.extend(Mark::of((at.source, at.number), &json));
        let misfits = if json.is_object() { self.rules.check(&json) } else { Vec::new() };
        if let Err(RecordError { fault, offset }) = entry
            && misfits.is_empty()
        {
            let remark = at.remark(Code::BadRecord, &[], fault.to_string());
            linted.remarks.push(Remark { byte: offset, ..remark });
        }
        let told = misfits.len().min(LINT_REMARKS_MAX);
        let more = misfits.len() - told;
        for (path, fact) in misfits.into_iter().take(told) {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            linted.remarks.push(at.remark(Code::UnlikeSchema, &path, fact));
        }
        if more > 0 {
            let fact = format!("{more} more values of the line are not as the schema says");
            linted.remarks.push(at.remark(Code::UnlikeSchema, &[], fact));
        }
        if let Ok(Entry::Record(record)) = &entry {
            linted.records += 1;
            lacks(at, record, self.seats.only().is_some(), linted);
            self.bundle(at, record, linted);
        }
    }

    /// What a record says, beside the bundle that it names.
    fn bundle(&mut self, at: &LinePosition<'_>, record: &Record<'_>, linted: &mut LintSummary) {
        let program = match self.seats.for_record(record) {
            Ok(seat) => &seat.program,
            Err(Obstacle::MissingBundle(digest) | Obstacle::UnusableBundle(digest)) => {
                linted.missing.insert(digest);
                return;
            }
            Err(_) => return,
        };
        let known = self.known.entry(program.digest());
        let known = known.or_insert_with(|| LintedBundle::of(Arc::clone(program)));
        let mut room = LINT_REMARKS_MAX;
        let mut say = |path: &[&str], fact: String| {
            if room > 0 {
                room -= 1;
                linted.remarks.push(at.remark(Code::UnlikeBundle, path, fact));
            }
        };
        let name =
            record.bundle.and_then(|bundle| bundle.name).map(|name| name.text().into_owned());
        if let Some(name) = name.filter(|name| name != program.name()) {
            let fact = format!("the bundle of this digest is `{}`, not `{name}`", program.name());
            say(&["bun", "name"], fact);
        }
        witness(record, program, &mut say);
        names(record, &known.rules, &mut say);
        if record.now.is_none() && known.timed {
            let fact = "there is no `now`, and rules of the bundle ask for the time".to_owned();
            say(&[], fact);
        }
        if let Some(fact) = context(record, known) {
            say(&["ctx"], fact);
        }
    }
}

/// What a record lacks so that nobody can verify it; `meant`: one bundle was named besides.
fn lacks(at: &LinePosition<'_>, record: &Record<'_>, meant: bool, linted: &mut LintSummary) {
    let nameless = !meant && record.bundle.and_then(|bundle| bundle.digest).is_none();
    let lacking = match record.outcome {
        // Of what is no request nothing is decided.
        None if record.event.is_some() => None,
        None => Some("it does not say what was decided"),
        Some(outcome) if outcome.digest.is_none() => Some("the decision has no digest"),
        Some(_) => None,
    };
    let (path, fact, help) = match (nameless, lacking) {
        (false, None) => return,
        (true, None) => ("bun", NAMELESS.to_owned(), "`--bundle` says which one is meant"),
        (true, Some(lacking)) => {
            let help = "`--bundle` says which one is meant: then explain and diff can use it";
            ("bun", format!("{NAMELESS}, and {lacking}"), help)
        }
        (false, Some(lacking)) => ("out", lacking.to_owned(), "explain and diff can use it"),
    };
    let remark = at.remark(Code::Unverifiable, &[path], fact);
    linted.remarks.push(Remark { help: Some(help), ..remark });
}

/// The witness has two bits for every atom.
fn witness(record: &Record<'_>, program: &Program, say: &mut dyn FnMut(&[&str], String)) {
    if record.sig.is_none() {
        return;
    }
    let mut bits = Vec::new();
    let atoms = usize::from(program.atoms());
    if record.witness(&mut bits).is_none() {
        say(&["sig"], "it is no witness: base64url, runs of zeros by their length".to_owned());
        return;
    }
    let over = bits.get(atoms / 4).is_some_and(|last| last >> (2 * (atoms % 4)) != 0);
    if bits.len() != atoms.div_ceil(4) || (over && !atoms.is_multiple_of(4)) {
        let found = 4 * bits.len();
        let fact = format!("it is a witness of {found} atoms at most, and the bundle has {atoms}");
        say(&["sig"], fact);
    }
}

/// The rules that a decision names are those of the bundle.
fn names(record: &Record<'_>, rules: &HashMap<String, bool>, say: &mut dyn FnMut(&[&str], String)) {
    let Some(outcome) = record.outcome else { return };
    let fired: Vec<String> = outcome.fired().map(|id| id.text().into_owned()).collect();
    let shadow: Vec<String> = outcome.shadow().map(|id| id.text().into_owned()).collect();
    for (field, ids, is_shadow) in [("fired", &fired, false), ("shadow", &shadow, true)] {
        for (nth, id) in ids.iter().enumerate() {
            let nth = nth.to_string();
            let path = ["out", field, nth.as_str()];
            match rules.get(id) {
                None => say(&path, format!("the bundle has no rule `{id}`")),
                Some(shadow) if *shadow != is_shadow => {
                    let is = if *shadow { "a shadow rule" } else { "no shadow rule" };
                    say(&path, format!("`{id}` is {is} of the bundle"));
                }
                Some(_) => {}
            }
        }
    }
    let failed = || outcome.errors().filter_map(|(rule, _)| rule.map(|it| it.text().into_owned()));
    if let Some(rule) = outcome.rule.map(|rule| rule.text().into_owned()) {
        if !rules.contains_key(&rule) {
            say(&["out", "rule"], format!("the bundle has no rule `{rule}`"));
        } else if !fired.contains(&rule) && !failed().any(|id| id == rule) {
            say(&["out", "rule"], format!("`{rule}` won, and neither fired nor failed"));
        }
    }
}

/// Whether a context is refused by the bundle exactly where the record says so.
fn context(record: &Record<'_>, known: &mut LintedBundle) -> Option<String> {
    let recorded = record.outcome?.errors().any(|(rule, _)| rule.is_none());
    let LintedBundle { program, scratch, raw, .. } = known;
    let hosts = record.hosts();
    let moment = moment(record, false, hosts.as_ref()).ok()?;
    let Ok(Recorded::Known(mut filled)) = input(record, program, scratch, raw) else {
        return None;
    };
    let mut decision = filled.decide(&moment);
    let refused = decision.input_error().is_some();
    if refused == recorded {
        return None;
    }
    if recorded {
        return Some("the record says that it was refused, and the bundle takes it".to_owned());
    }
    let report = DecisionReport::of(&mut decision);
    let why = report.errors.iter().find(|error| error.rule.is_none());
    let why = why.map_or_else(String::new, |error| {
        let at = error.at.as_deref().filter(|at| !at.is_empty());
        format!(": {}{}", at.map_or(String::new(), |at| format!("{at}: ")), error.message)
    });
    Some(format!("the bundle refuses it{why}"))
}
