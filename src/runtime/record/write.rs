//! The recorder: decides while it watches, and writes what was decided as one line.
//!
//! In:      a filled scratch, a moment, what the host says of the decision.
//! Out:     the line of a record, without its line break.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`, `runtime::vm`.
//! Source:  `docs/records.md`.
//!
//! Memory is kept from one decision to the next: once lines as long were written, nothing
//! allocates. What the bundle withholds is written nowhere (`docs/redaction.md`).

use std::fmt::Write;

use crate::base::limits::{CONTEXT_BYTES_MAX, RECORD_UNCHAINED_BYTES_MAX};
use crate::lang::decision::Effect;
use crate::lang::value::time::Instant;
use crate::lang::value::zone::TZDB_VERSION;
use crate::runtime::bundle::module::{Phase, SEMANTICS};
use crate::runtime::program::Program;
use crate::runtime::record::VERSION;
use crate::runtime::record::about::{About, Loaded};
use crate::runtime::record::context::{ContextCopier, DollarKeys};
use crate::runtime::record::redact::Redactor;
use crate::runtime::record::seal::Keeper;
use crate::runtime::record::text::{Line, based};
use crate::runtime::record::{sig, slots};
use crate::runtime::vm::canonical::Canonical;
use crate::runtime::vm::decision::Decision;
use crate::runtime::vm::hosts::HostTable;
use crate::runtime::vm::observe::Witness;
use crate::runtime::vm::request::error::InputKind;
use crate::runtime::vm::request::reader::Reader;
use crate::runtime::vm::request::{Filled, Moment, Origin};

/// Records decisions of one program, one after the other.
#[derive(Debug)]
pub struct Recorder {
    /// Root of the bundle of that program, and whether nobody signed for it.
    program: ([u8; 32], bool),
    /// `eng` and `bun`, which are the same in every record.
    head: String,
    witness: Witness,
    canonical: Canonical,
    pub(super) copyist: ContextCopier,
    open: Vec<slots::OpenObject>,
    redactor: Redactor,
    /// A context of slots before anything of it is withheld; the bits of the witness that are told.
    whole: Vec<u8>,
    pub(super) line: Vec<u8>,
}

/// A decision that can be written as a record.
#[derive(Debug)]
pub struct Recording<'s, 'r> {
    /// The decision.
    pub decision: Decision<'s>,
    recorder: &'r mut Recorder,
}

/// Bytes that most lines stay below.
const LINE_BYTES: usize = 8 << 10;

impl Recorder {
    /// A recorder of decisions of `program`.
    #[must_use]
    pub fn for_program(program: &Program, loaded: &Loaded<'_>) -> Self {
        let mut head = Vec::new();
        write_head(&mut Line(&mut head), program, loaded);
        Self {
            program: (program.digest(), program.is_unsigned()),
            head: String::from_utf8(head).unwrap_or_default(),
            witness: Witness::new(program.atoms()),
            canonical: Canonical::of(program),
            copyist: ContextCopier::new(),
            open: Vec::with_capacity(64),
            redactor: Redactor::default(),
            whole: Vec::new(),
            line: Vec::with_capacity(LINE_BYTES),
        }
    }

    /// Decides about an input of the program that this recorder was made for. Every rule is run,
    /// so that the atoms of all of them are seen.
    #[must_use]
    pub fn decide<'s, 'r, 'a: 's>(
        &'r mut self,
        filled: &'s mut Filled<'a>,
        moment: &Moment<'s>,
    ) -> Recording<'s, 'r> {
        if (filled.program.digest(), filled.program.is_unsigned()) != self.program {
            // Another program: its records must not be taken for those of the first.
            *self = Self::for_program(filled.program, &Loaded::default());
        }
        self.witness.clear();
        let decision = filled.decide_witnessed(moment, &mut self.witness);
        Recording { decision, recorder: self }
    }
}

impl Recording<'_, '_> {
    /// The line of this decision, without a line break. What is to be sealed, or to become a token,
    /// is dropped.
    pub fn line(&mut self, about: &About<'_>) -> &[u8] {
        self.line_kept(about, None)
    }

    /// The same with seals and tokens. `keeper` is given what was sealed.
    pub fn line_kept(
        &mut self,
        about: &About<'_>,
        mut keeper: Option<&mut (dyn Keeper + '_)>,
    ) -> &[u8] {
        self.write(about, true, keeper.as_deref_mut());
        if self.recorder.line.len() > RECORD_UNCHAINED_BYTES_MAX {
            self.write(about, false, None);
        }
        if let Some(keeper) = keeper {
            self.recorder.hand_over(keeper);
        }
        &self.recorder.line
    }

    /// Writes the line; without what may be long, if it is not to be `whole`.
    fn write(&mut self, about: &About<'_>, whole: bool, keeper: Option<&mut (dyn Keeper + '_)>) {
        let Self { decision, recorder } = self;
        recorder.begin(about);
        recorder.decision(decision, None, whole, keeper);
        recorder.end(about);
    }
}

impl Recorder {
    /// Hands over what was sealed in the last line.
    pub(super) fn hand_over(&mut self, keeper: &mut (dyn Keeper + '_)) {
        self.redactor.hand_over(keeper);
    }

    /// Begins a line: all in front of the context.
    pub(super) fn begin(&mut self, about: &About<'_>) {
        let Self { head, redactor, line, .. } = self;
        line.clear();
        redactor.clear();
        let mut out = Line(line);
        out.put("{\"v\":");
        out.number(VERSION);
        text(&mut out, ",\"id\":", about.id);
        out.put(",\"ts\":");
        out.time(about.at);
        session(&mut out, about);
        out.put(head);
    }

    /// Begins a line that says nothing of who decided, and when it was written.
    pub(super) fn begin_bare(&mut self) {
        let Self { redactor, line, .. } = self;
        line.clear();
        redactor.clear();
        let mut out = Line(line);
        out.put("{\"v\":");
        out.number(VERSION);
    }

    /// Ends a line.
    pub(super) fn end(&mut self, about: &About<'_>) {
        let mut out = Line(&mut self.line);
        behind(&mut out, about);
        out.put("}");
    }

    /// What was decided about, and what was decided; without what may be long, if it is not to be
    /// `whole`. `seen` is how the atoms came out, where another than this recorder watched.
    pub(super) fn decision(
        &mut self,
        decision: &mut Decision<'_>,
        seen: Option<&Witness>,
        whole: bool,
        keeper: Option<&mut (dyn Keeper + '_)>,
    ) {
        let Self { witness, canonical, copyist, open, redactor, whole: bytes, line, .. } = self;
        let moment = decision.moment();
        let withheld = &decision.program().withheld;
        let mut out = Line(line);
        let context = if !whole {
            Context::Lost("size")
        } else if withheld.is_empty() {
            context(decision, copyist, open, out.0)
        } else {
            redacted(decision, (copyist, open, redactor, bytes), keeper, out.0)
        };
        if let Context::Lost(why) = context {
            out.put(",\"ctx\":{}");
            not_replayable(why, &mut out);
        }
        out.put(",\"now\":");
        out.time(Instant { seconds: moment.seconds, nanoseconds: moment.nanoseconds });
        if moment.phase == Phase::Response {
            out.put(",\"phase\":\"response\"");
        }
        if let Some(hosts) = moment.hosts.filter(|_| whole)
            && given(&mut out, hosts, decision.program(), copyist)
            && context == Context::Whole
        {
            not_replayable(REDACTED, &mut out);
        }
        outcome(&mut out, decision, canonical, whole);
        let told = without_silent(seen.unwrap_or(witness).bits(), withheld.silent(), bytes);
        if told.iter().any(|byte| *byte != 0) {
            out.put(",\"sig\":\"");
            sig::write(told, out.0);
            out.put("\"");
        }
    }
}

/// The bits of a witness without those that are `silent`. `memory` holds them, if there are some.
fn without_silent<'b>(bits: &'b [u8], silent: &[u8], memory: &'b mut Vec<u8>) -> &'b [u8] {
    if silent.is_empty() {
        return bits;
    }
    memory.clear();
    memory.extend(bits.iter().zip(silent).map(|(bits, silent)| bits & !silent));
    memory
}

/// `,"eng":{..},"bun":{..}`
fn write_head(out: &mut Line<'_>, program: &Program, loaded: &Loaded<'_>) {
    text(out, ",\"eng\":{\"name\":\"policyc\",\"ver\":", env!("CARGO_PKG_VERSION"));
    out.put(",\"sem\":\"pcs-");
    out.number(u64::from(SEMANTICS));
    text(out, "\",\"tz\":", TZDB_VERSION);
    text(out, "},\"bun\":{\"name\":", program.name());
    if let Some(revision) = loaded.revision {
        text(out, ",\"rev\":", revision);
    }
    out.put(",\"dig\":");
    out.digest(&program.digest());
    for (key, digest) in [(",\"sch\":", &loaded.schema), (",\"data\":", &loaded.data)] {
        if let Some(digest) = digest {
            out.put(key);
            out.digest(digest);
        }
    }
    out.put(if program.is_unsigned() { ",\"unsigned\":true}" } else { "}" });
}

/// A key, with what stands in front of it, and a text.
pub(super) fn text(out: &mut Line<'_>, key: &str, text: &str) {
    out.put(key);
    out.text(text);
}

fn session(out: &mut Line<'_>, about: &About<'_>) {
    let Some(session) = about.session else { return };
    text(out, ",\"ses\":{\"id\":", session.id);
    out.put(",\"n\":");
    out.number(session.step);
    if let Some(parent) = session.parent {
        text(out, ",\"parent\":", parent);
    }
    out.put("}");
}

/// Why a record is not replayable of which something is withheld that nothing stands for.
const REDACTED: &str = "redacted";

/// What the record holds of the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Context {
    /// All that the decision depended on, or marks.
    Whole,
    /// Less, and it says so.
    Declared,
    /// Nothing is written yet, for this reason.
    Lost(&'static str),
}

/// The context as it came; as bytes where it cannot stand as it is.
fn context(
    decision: &Decision<'_>,
    copyist: &mut ContextCopier,
    open: &mut Vec<slots::OpenObject>,
    line: &mut Vec<u8>,
) -> Context {
    let start = line.len();
    let (bytes, origin) = decision.input();
    if origin == Origin::Proto {
        raw(bytes, line);
        line.extend_from_slice(b",\"form\":\"proto\"");
        return Context::Whole;
    }
    line.extend_from_slice(b",\"ctx\":");
    if typed(decision, copyist, open, line) {
        return Context::Whole;
    }
    line.truncate(start);
    if origin != Origin::Json {
        return Context::Lost("context");
    }
    raw(bytes, line);
    Context::Whole
}

/// Appends the context as typed JSON; whether it can be written so.
fn typed(
    decision: &Decision<'_>,
    copyist: &mut ContextCopier,
    open: &mut Vec<slots::OpenObject>,
    line: &mut Vec<u8>,
) -> bool {
    let (bytes, origin) = decision.input();
    match origin {
        Origin::Json => was_read(decision) && copyist.copy(bytes, DollarKeys::Mark, line).is_ok(),
        Origin::Record => copyist.copy(bytes, DollarKeys::Keep, line).is_ok(),
        // Fields of a message have defaults: nobody could tell which were set.
        Origin::Slots => {
            decision.program().context.is_none() && slots::write(decision, open, line).is_ok()
        }
        Origin::Proto | Origin::Broken => false,
    }
}

/// Whether a context is JSON: what follows a place that was refused was never read.
fn was_read(decision: &Decision<'_>) -> bool {
    decision.input_error().is_none() || is_json(decision.input().0)
}

/// The context without what is withheld.
fn redacted(
    decision: &Decision<'_>,
    (copyist, open, redactor, whole): (
        &mut ContextCopier,
        &mut Vec<slots::OpenObject>,
        &mut Redactor,
        &mut Vec<u8>,
    ),
    mut keeper: Option<&mut (dyn Keeper + '_)>,
    line: &mut Vec<u8>,
) -> Context {
    let start = line.len();
    let withheld = &decision.program().withheld;
    whole.clear();
    let context = match decision.input() {
        (bytes, Origin::Json) if was_read(decision) => Some((bytes, DollarKeys::Mark)),
        (bytes, Origin::Record) => Some((bytes, DollarKeys::Keep)),
        (_, Origin::Slots) if typed(decision, copyist, open, whole) => {
            Some((whole.as_slice(), DollarKeys::Keep))
        }
        (_, Origin::Json | Origin::Slots | Origin::Proto | Origin::Broken) => None,
    };
    if let Some(context) = context {
        line.extend_from_slice(b",\"ctx\":");
        let (rules, keeper) = (withheld.rules(), keeper.as_deref_mut());
        if redactor.redact_spelled(rules, context, keeper, line).is_ok() {
            let refused = decision.input_error().filter(|error| {
                // What is missing is missing, whatever is withheld elsewhere.
                let missing = matches!(error.kind, InputKind::Needed(..) | InputKind::MissingField);
                !missing || error.offset.is_some() || withheld.touches(error.node)
            });
            if refused.is_none() || redactor.withheld() == 0 {
                return Context::Whole;
            }
            not_replayable(REDACTED, &mut Line(line));
            return Context::Declared;
        }
    }
    line.truncate(start);
    redactor.clear();
    let (bytes, origin) = decision.input();
    if !matches!(origin, Origin::Json | Origin::Proto) {
        return Context::Lost("context");
    }
    line.extend_from_slice(b",\"ctx\":{}");
    not_replayable(REDACTED, &mut Line(line));
    line.extend_from_slice(b",\"refused\":");
    redactor.refuse(bytes, keeper, whole, line);
    Context::Declared
}

/// Whether bytes are one JSON object.
#[cold]
fn is_json(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    bytes.len() <= CONTEXT_BYTES_MAX
        && reader.peek() == b'{'
        && reader.skip(0).is_ok()
        && reader.peek() == 0
        && reader.is_at_end()
}

/// Bytes that cannot stand as JSON.
fn raw(bytes: &[u8], line: &mut Vec<u8>) {
    line.extend_from_slice(b",\"raw\":\"");
    based(bytes, line);
    line.push(b'"');
}

/// That the decision cannot be made again from the record, and why.
pub(super) fn not_replayable(why: &str, out: &mut Line<'_>) {
    text(out, ",\"replayable\":false,\"why\":", why);
}

/// What host functions gave. All of it is kept: another bundle may ask for more. But of functions
/// that may be asked about what is withheld; whether something was left out for that.
fn given(
    out: &mut Line<'_>,
    hosts: &HostTable,
    program: &Program,
    copyist: &mut ContextCopier,
) -> bool {
    let (mut first, mut left_out) = (true, false);
    for entry in hosts.entries() {
        match asked_about_withheld(program, &entry.name) {
            Some(false) => {}
            // Who asks this bundle nothing is not missed when it decides again.
            None => continue,
            Some(true) => {
                left_out = true;
                continue;
            }
        }
        out.put(if std::mem::take(&mut first) { ",\"nd\":[" } else { "," });
        text(out, "{\"f\":", &entry.name);
        out.put(",\"a\":");
        out.digest(&entry.arguments);
        let start = out.0.len();
        out.put(",\"r\":");
        let mut reader = Reader::new(entry.result.as_bytes());
        let is_json = reader.skip(0).is_ok();
        if !is_json || copyist.copy(entry.result.as_bytes(), DollarKeys::Keep, out.0).is_err() {
            out.0.truncate(start);
            raw(entry.result.as_bytes(), out.0);
        }
        out.put("}");
    }
    out.put(if first { "" } else { "]" });
    left_out
}

/// Whether what a host function is asked may hang on what is withheld; `None` where something is,
/// and the bundle does not call it.
fn asked_about_withheld(program: &Program, name: &str) -> Option<bool> {
    if program.withheld.is_empty() {
        return Some(false);
    }
    let rows = program.module.hosts.iter().enumerate();
    let mut rows = rows.filter(|(_, row)| program.string(row.name) == name).peekable();
    rows.peek()?;
    Some(rows.any(|(at, _)| program.withheld.is_asked_by_host(at)))
}

fn outcome(
    out: &mut Line<'_>,
    decision: &mut Decision<'_>,
    canonical: &mut Canonical,
    whole: bool,
) {
    let digest = canonical.digest(decision);
    out.put(",\"out\":{\"effect\":");
    match decision.effect().map(Effect::word) {
        Some(effect) => text(out, "", effect),
        None => out.put("null"),
    }
    out.put(",\"rule\":");
    match decision.rule() {
        Some(rule) => text(out, "", rule),
        None => out.put("null"),
    }
    if whole {
        lists(out, decision, canonical);
    }
    // What is counted hangs on values.
    let program = decision.program();
    if !program.module.manifest.metered || program.withheld.is_empty() {
        out.put(",\"cost\":");
        out.number(decision.cost());
    }
    out.put(",\"dig\":");
    out.digest(&digest);
    out.put("}");
}

/// What of an outcome may be long.
fn lists(out: &mut Line<'_>, decision: &Decision<'_>, canonical: &Canonical) {
    out.put(",\"fired\":");
    out.put(canonical.fired());
    let mut first = true;
    for id in decision.shadow_ids() {
        text(out, if std::mem::take(&mut first) { ",\"shadow\":[" } else { "," }, id);
    }
    out.put(if first { "" } else { "]" });
    out.put(",\"reason\":");
    out.put(canonical.reason());
    out.put(",\"oblig\":[]");
    if canonical.outputs() != "{}" {
        out.put(",\"outputs\":");
        out.put(canonical.outputs());
    }
    out.put(",\"err\":");
    out.put(canonical.errors());
}

/// What stands behind the outcome.
fn behind(out: &mut Line<'_>, about: &About<'_>) {
    if let Some(nanoseconds) = about.took_ns {
        out.put(",\"ns\":");
        out.number(nanoseconds);
    }
    if let Some(sampled) = about.sampled {
        // Writing to bytes does not fail.
        let _ = write!(out, ",\"smp\":{{\"p\":{:?}", sampled.share);
        text(out, ",\"by\":", sampled.by);
        out.put("}");
    }
    if let Some(wire) = &about.wire {
        out.put(",\"wire\":");
        out.digest(wire);
    }
    if let Some(trace) = about.trace {
        text(out, ",\"otel\":{\"trace\":", trace.trace);
        text(out, ",\"span\":", trace.span);
        out.put("}");
    }
    if let Some(chain) = about.chain {
        text(out, ",\"ch\":{\"w\":", chain.writer);
        out.put(",\"n\":");
        out.number(chain.number);
        out.put("}");
    }
}
