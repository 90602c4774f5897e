//! Foreign logs as records.
//!
//! In:      a log of another engine, and a map that says what its events mean.
//! Out:     records, and how much of each was filled; what becomes no record is told with its line.
//! Imports: `base`, `lang`, `runtime::program`, `runtime::vm`, `tools::locate`.
//! Source:  `docs/import.md`.
//!
//! Events are bytes until a program reads them: the expressions of a map are outputs of a bundle,
//! compiled and run as every other. Memory does not depend on the length of a log.

pub mod decided;
pub mod error;
pub mod map;
pub mod presets;
pub mod tally;

mod events;
mod host;
mod line;
mod pieces;
mod typed;

use std::collections::VecDeque;
use std::fmt::Write;
use std::io::{self, BufReader, Read};

use crate::base::limits::CONTEXT_BYTES_MAX;
use crate::lang::value::heap::View;
use crate::lang::value::json::{self, Form};
use crate::lang::value::{Tag, Value, map as maps};
use crate::runtime::program::Program;
use crate::runtime::vm::decision::Decision;
use crate::runtime::vm::hosts::HostTable;
use crate::runtime::vm::report::DecisionReport;
use crate::runtime::vm::request::{Filled, Moment, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::locate::Locator;
use crate::tools::replay::import::error::{EventError, Refusal};
use crate::tools::replay::import::events::{Events, Next};
use crate::tools::replay::import::line::{TypeMismatch, Values};
use crate::tools::replay::import::map::{AROUND, DETECT, EACH, EVENT, Map, SKIP, Target};
use crate::tools::replay::import::pieces::{Member, Piece, PieceFault, pieces};
use crate::tools::replay::import::tally::{PARTS, Tally};

/// Bytes that are read at a time.
const BUFFER_BYTES: usize = 1 << 16;

/// Bytes of events that are looked at ahead; the last may be longer.
const LOOK_AHEAD_BYTES: usize = 1 << 20;

/// A log that is read.
pub struct Log {
    name: String,
    events: Events<BufReader<Box<dyn Read + Send>>>,
    /// Events that were looked at before their turn.
    ahead: VecDeque<(u64, Next, Vec<u8>)>,
}

impl Log {
    /// The log that people call `name`; `input` are its bytes, unpacked.
    #[must_use]
    pub fn new(name: String, input: Box<dyn Read + Send>) -> Self {
        let input = BufReader::with_capacity(BUFFER_BYTES, input);
        Self { name, events: Events::new(input), ahead: VecDeque::new() }
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes of up to `count` events from the start, of fewer where they are long. They are
    /// read again in their turn.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn look_ahead(&mut self, count: usize) -> io::Result<Vec<&[u8]>> {
        let mut bytes = 0;
        while self.ahead.len() < count && bytes < LOOK_AHEAD_BYTES {
            let mut event = Vec::new();
            let Some(next) = self.events.next(&mut event)? else { break };
            bytes += event.len();
            self.ahead.push_back((self.events.at, next, event));
        }
        let good = self.ahead.iter().filter(|(_, next, _)| *next == Next::Event);
        Ok(good.map(|(_, _, event)| event.as_slice()).collect())
    }

    fn next(&mut self, event: &mut Vec<u8>) -> io::Result<Option<(u64, Next)>> {
        if let Some((line, next, bytes)) = self.ahead.pop_front() {
            *event = bytes;
            return Ok(Some((line, next)));
        }
        let next = self.events.next(event)?;
        Ok(next.map(|next| (self.events.at, next)))
    }
}

/// Makes records of events.
#[derive(Debug)]
pub struct Importer<'m> {
    map: &'m Map,
    hosts: HostTable,
    sifter: Option<Scratch>,
    mapper: Scratch,
    /// The event as the context of the programs.
    context: Vec<u8>,
    misfits: Vec<TypeMismatch>,
    tally: Tally,
}

/// Where an event stands.
#[derive(Clone, Copy, Debug)]
struct Place<'p> {
    log: &'p str,
    line: u64,
}

impl<'m> Importer<'m> {
    /// Nothing imported yet.
    #[must_use]
    pub fn new(map: &'m Map) -> Self {
        Self {
            map,
            hosts: HostTable::computing(host::COMPUTED),
            sifter: map.sifter.as_ref().map(Scratch::for_program),
            mapper: Scratch::for_program(&map.mapper),
            context: Vec::new(),
            misfits: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// What became of the events so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Takes the next event of `log`: its records replace what `out` holds, each with its end of
    /// line. `false` at the end of the log.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn step(
        &mut self,
        log: &mut Log,
        event: &mut Vec<u8>,
        out: &mut String,
        refuse: &mut dyn FnMut(Refusal),
    ) -> io::Result<bool> {
        out.clear();
        let Some((line, next)) = log.next(event)? else { return Ok(false) };
        let place = Place { log: &log.name, line };
        match next {
            Next::Event => self.event(place, event, out, refuse),
            Next::Damaged(damage) => self.refused(place, EventError::Damaged(damage), refuse),
        }
        Ok(true)
    }

    fn refused(&mut self, place: Place<'_>, why: EventError, refuse: &mut dyn FnMut(Refusal)) {
        self.tally.refused += 1;
        refuse(Refusal { log: place.log.to_owned(), line: place.line, why });
    }

    fn event(
        &mut self,
        place: Place<'_>,
        event: &[u8],
        out: &mut String,
        refuse: &mut dyn FnMut(Refusal),
    ) {
        let found = match pieces(event, &self.map.unwrap) {
            Ok(found) => found,
            Err(PieceFault::Syntax(byte)) => {
                return self.refused(place, EventError::Envelope { byte }, refuse);
            }
            Err(PieceFault::NotAList(level)) => {
                let key = self.map.unwrap.get(level).cloned().unwrap_or_default();
                return self.refused(place, EventError::NotAList { key }, refuse);
            }
        };
        if found.is_empty() && serde_json::from_slice::<serde::de::IgnoredAny>(event).is_err() {
            return self.refused(place, EventError::Envelope { byte: 0 }, refuse);
        }
        let mut made = 0;
        for piece in found {
            self.tally.events += 1;
            let before = event.len() - event.trim_ascii_start().len();
            let start = piece.bytes.as_ptr().addr().saturating_sub(event.as_ptr().addr()) - before;
            if let Err(why) = self.piece(place, &piece, start, &mut made, out) {
                self.refused(place, why, refuse);
            }
        }
    }

    /// Makes records of one event, `start` bytes behind the start of what envelops it.
    fn piece(
        &mut self,
        place: Place<'_>,
        piece: &Piece<'_>,
        start: usize,
        made: &mut u64,
        out: &mut String,
    ) -> Result<(), EventError> {
        compose(&mut self.context, piece.bytes, &piece.around);
        let bytes = piece.bytes.len();
        if self.context.len() > CONTEXT_BYTES_MAX {
            return Err(EventError::TooLarge { bytes });
        }
        match self.sift(start, bytes)? {
            SiftResult::Skip => self.tally.skipped += 1,
            SiftResult::Keep => self.record(place, (start, bytes), made, out)?,
            SiftResult::Each(elements) if elements.is_empty() => self.tally.skipped += 1,
            SiftResult::Each(elements) => {
                for element in elements {
                    compose(&mut self.context, element.as_bytes(), &piece.around);
                    if self.context.len() > CONTEXT_BYTES_MAX {
                        return Err(EventError::TooLarge { bytes: element.len() });
                    }
                    self.record(place, (start, 0), made, out)?;
                }
            }
        }
        Ok(())
    }

    /// Asks whether the event is skipped, and what it consists of.
    fn sift(&mut self, start: usize, bytes: usize) -> Result<SiftResult, EventError> {
        let (Some(program), Some(scratch)) = (&self.map.sifter, &mut self.sifter) else {
            return Ok(SiftResult::Keep);
        };
        let filled = ingest(program, &self.context, scratch);
        readable(&filled, program, (start, bytes))?;
        let mut filled = filled;
        let moment = Moment { hosts: Some(&self.hosts), ..Moment::at(0, 0) };
        let mut decision = filled.decide(&moment);
        if let Some((name, words, at)) = failure(program, &mut decision, |_| true) {
            let key = if name == SKIP { SKIP } else { EACH };
            // What is skipped need not be a list of anything.
            let skipped = || output(&decision, SKIP).and_then(|it| it.as_bool()) == Some(true);
            if key == EACH && skipped() {
                return Ok(SiftResult::Skip);
            }
            return Err(EventError::Failed { key, words, at });
        }
        if let Some(skip) = output(&decision, SKIP) {
            let wanted = "true or false";
            let wrong = EventError::WrongKind { key: SKIP, wanted };
            if skip.as_bool().ok_or(wrong)? {
                return Ok(SiftResult::Skip);
            }
        }
        let Some(each) = output(&decision, EACH) else {
            let has_each =
                program.module().outputs.iter().any(|row| program.string(row.name) == EACH);
            return if has_each {
                Err(EventError::Empty { key: EACH })
            } else {
                Ok(SiftResult::Keep)
            };
        };
        if each.tag() != Tag::List {
            return Err(EventError::WrongKind { key: EACH, wanted: "a list" });
        }
        let view = decision.view();
        let written = view.elements(&each).iter().map(|element| {
            let mut text = String::new();
            json::write(&view, element, Form::Plain, &mut text).map(|()| text)
        });
        let elements = written.collect::<Result<Vec<_>, _>>();
        let large = |_| EventError::WrongKind { key: EACH, wanted: "a list that JSON can hold" };
        elements.map(SiftResult::Each).map_err(large)
    }

    /// Appends the record of what the context holds.
    fn record(
        &mut self,
        place: Place<'_>,
        (start, bytes): (usize, usize),
        made: &mut u64,
        out: &mut String,
    ) -> Result<(), EventError> {
        let program = &self.map.mapper;
        let mut filled = ingest(program, &self.context, &mut self.mapper);
        readable(&filled, program, (start, bytes))?;
        let moment = Moment { hosts: Some(&self.hosts), ..Moment::at(0, 0) };
        let mut decision = filled.decide(&moment);
        let required = |name: &str| Target::named(name).is_none_or(Target::is_required);
        if let Some((name, words, at)) = failure(program, &mut decision, required) {
            let key = Target::named(&name).map_or("", Target::name);
            return Err(EventError::Failed { key, words, at });
        }
        let mut values = Values::default();
        let found: Vec<(Target, Value)> = decision
            .outputs()
            .filter_map(|(name, value)| Some((Target::named(name)?, value)))
            .collect();
        for (target, value) in found {
            if let Some(value) = present(&decision.view(), value) {
                values.set(target, value);
            }
        }
        // A list of what is redacted that failed must not leave what is redacted in.
        if let Some((name, words, at)) =
            failure(program, &mut decision, |name| name == Target::Redacted.name())
        {
            drop(name);
            let key = Target::Redacted.name();
            return Err(EventError::Failed { key, words, at });
        }
        let mut id = format!("{}:{}", place.log, place.line);
        if *made > 0 {
            let _ = write!(id, ".{}", *made + 1);
        }
        let before = out.len();
        self.misfits.clear();
        let view = decision.view();
        let names = (self.map.format.as_str(), id.as_str());
        if let Err(why) = line::write(&view, &values, names, &mut self.misfits, out) {
            out.truncate(before);
            return Err(why);
        }
        *made += 1;
        count_parts(&mut self.tally, &view, &values);
        count(&mut self.tally, program, &mut decision, (place, &values, &self.misfits));
        Ok(())
    }
}

/// What a sifter says of an event.
enum SiftResult {
    Skip,
    Keep,
    /// Events in its place, as JSON.
    Each(Vec<String>),
}

/// Writes the context of the programs: the event, and what stands around it.
fn compose(context: &mut Vec<u8>, event: &[u8], around: &[Member<'_>]) {
    context.clear();
    context.extend_from_slice(prefix().as_bytes());
    context.extend_from_slice(event);
    context.extend_from_slice(format!(",\"{AROUND}\":{{").as_bytes());
    for (at, (key, value)) in around.iter().enumerate() {
        if at > 0 {
            context.push(b',');
        }
        context.extend_from_slice(key);
        context.push(b':');
        context.extend_from_slice(value);
    }
    context.extend_from_slice(b"}}");
}

/// What stands in front of the event.
fn prefix() -> String {
    format!("{{\"{EVENT}\":")
}

/// That the programs can read the event, which has `bytes` bytes and begins `start` bytes behind
/// the start of what envelops it.
fn readable(
    filled: &Filled<'_>,
    program: &Program,
    (start, bytes): (usize, usize),
) -> Result<(), EventError> {
    let Some(error) = filled.error() else { return Ok(()) };
    let inside = |offset: usize| offset.checked_sub(prefix().len()).filter(|at| *at <= bytes);
    let byte = error.offset.and_then(inside).map(|at| start + at);
    let mut words = error.message(program);
    let path = error.path(program);
    if let Some(path) = path.strip_prefix(&format!("/{EVENT}")).filter(|path| !path.is_empty()) {
        words = format!("{words} at `{path}`");
    }
    Err(EventError::Unread { byte, words })
}

/// The value of an output that has one.
fn output(decision: &Decision<'_>, name: &str) -> Option<Value> {
    let (_, value) = decision.outputs().find(|(known, _)| *known == name)?;
    present(&decision.view(), value)
}

/// What an output holds: nothing where it failed, is null, or is an optional without a value.
fn present(view: &View<'_>, value: Value) -> Option<Value> {
    let mut value = value;
    if value.tag() == Tag::Optional {
        value = *view.elements(&value).first()?;
    }
    (value.is_present() && value.tag() != Tag::Null).then_some(value)
}

/// The first of the `wanted` outputs that failed: its name, how, and where in the map.
fn failure(
    program: &Program,
    decision: &mut Decision<'_>,
    wanted: impl Fn(&str) -> bool,
) -> Option<(String, String, Option<String>)> {
    // A report reads what only people need: it is made where there is something to tell.
    if !decision.failures().iter().any(|failure| wanted(failure.by.name(program))) {
        return None;
    }
    let mut report = DecisionReport::of(decision);
    Locator::new(program).locate(&mut report);
    let found =
        report.errors.into_iter().find(|error| error.rule.as_deref().is_some_and(&wanted))?;
    Some((found.rule.unwrap_or_default(), found.message, found.at))
}

fn count_parts(tally: &mut Tally, view: &View<'_>, values: &Values) {
    for (count, (_, path)) in tally.parts.iter_mut().zip(PARTS) {
        let step = |value: Value, key: &&str| {
            (value.tag() == Tag::Map).then(|| maps::get_str(view, &value, key)).flatten()
        };
        let found = path.iter().try_fold(*values.get(Target::Ctx).unwrap_or(&Value::NULL), step);
        *count += u64::from(found.is_some_and(|value| value.tag() != Tag::Null));
    }
}

/// Counts a record that was made.
fn count(
    tally: &mut Tally,
    program: &Program,
    decision: &mut Decision<'_>,
    (place, values, misfits): (Place<'_>, &Values, &[TypeMismatch]),
) {
    tally.records += 1;
    let view = decision.view();
    let digest = values.get(Target::Bundle).and_then(|bundle| {
        let named = bundle.tag() == Tag::Map;
        if named { maps::get_str(&view, bundle, "dig") } else { Some(*bundle) }
    });
    let digest = digest.is_some_and(|digest| line::is_digest(view.str(&digest)));
    tally.digests += u64::from(digest);
    for target in Target::ALL {
        let misfit = misfits.iter().find(|misfit| misfit.target == target);
        let filled = values.get(target).is_some() && misfit.is_none();
        let Some(fill) = tally.fill_mut(target) else { continue };
        fill.filled += u64::from(filled);
        if filled {
            continue;
        }
        let line = place.line;
        if let Some(misfit) = misfit {
            fill.failed += 1;
            let words = || format!("line {line}, not {}", misfit.wanted);
            fill.first.get_or_insert_with(words);
        } else if decision.failures().iter().any(|it| it.by.name(program) == target.name()) {
            fill.failed += 1;
            if fill.first.is_none() {
                let found = failure(program, decision, |name| name == target.name());
                fill.first = found.map(|(_, words, at)| {
                    let at = at.map_or(String::new(), |at| format!(" at `{at}`"));
                    format!("line {line}, {words}{at}")
                });
            }
        }
    }
}
