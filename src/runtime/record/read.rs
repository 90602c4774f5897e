//! Reading records.
//!
//! In:      a line of a file of records.
//! Out:     `Record`, which borrows the line: what it says of a decision.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::vm`.
//! Source:  `docs/records.md`.
//!
//! Fields come in any order. Those that this build does not know stay in `Record::line`; what they
//! hold is gone past. The context is not looked into: `ingest_record` does that for a program.

use crate::base::limits::{RECORD_BYTES_MAX, RECORD_UNCHAINED_BYTES_MAX};
use crate::lang::decision::Effect;
use crate::lang::value::time::Instant;
use crate::runtime::bundle::module::Phase;
use crate::runtime::record::context::{ContextCopier, DollarKeys};
use crate::runtime::record::cursor::Cursor;
pub use crate::runtime::record::cursor::Text;
use crate::runtime::record::error::{Fault, RecordError};
use crate::runtime::record::memo::Memo;
use crate::runtime::record::outline::HOST_FIELDS;
use crate::runtime::record::{fields, given, sig};
use crate::runtime::vm::canonical::Canonical;
use crate::runtime::vm::hosts::HostTable;

/// Bytes that these take at most where it is asked whether a line had room: nobody can check them.
const HOST_BYTES: usize = 4 << 10;

/// A recorded decision.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The whole line, with what this build does not know.
    pub line: &'a [u8],
    /// Its id.
    pub id: Option<Text<'a>>,
    /// When it was made, as it is spelled.
    pub made: Option<Text<'a>>,
    /// The session that the call belongs to.
    pub session: Option<Session<'a>>,
    /// Which engine decided: JSON.
    pub engine: Option<&'a [u8]>,
    /// Which bundle decided.
    pub bundle: Option<Bundle<'a>>,
    /// The event of a session that it is of.
    pub event: Option<Event<'a>>,
    /// SHA-256 of the state of the session before that event, and after it.
    pub states: Option<[[u8; 32]; 2]>,
    /// What was decided about.
    pub input: Input<'a>,
    /// The time of the decision.
    pub now: Option<Instant>,
    /// Which rules were asked.
    pub phase: Phase,
    /// Whether all that the decision depended on is here.
    pub replayable: bool,
    /// State that was read: JSON.
    pub reads: Option<&'a [u8]>,
    /// What a session knew, and what changed.
    pub knew: SessionKnowledge<'a>,
    /// What host functions gave: JSON.
    pub given: Option<&'a [u8]>,
    /// What was decided.
    pub outcome: Option<Outcome<'a>>,
    /// How the atoms came out, as text.
    pub sig: Option<Text<'a>>,
    /// Nanoseconds that the decision took.
    pub took_ns: Option<u64>,
    /// The share of such decisions that is recorded.
    pub share: f64,
    /// How many equal decisions the record stands for.
    pub folded: u64,
    /// Another bundle that ran beside: JSON.
    pub shadow: Option<&'a [u8]>,
    /// SHA-256 of the call as it came over the wire.
    pub wire: Option<[u8; 32]>,
    /// The trace that the call belongs to: JSON.
    pub trace: Option<&'a [u8]>,
    /// Who wrote the record, and its number.
    pub chain: Option<Chain<'a>>,
    /// Whether in front of the context stands only what writers say there.
    pub is_front_plain: bool,
}

/// Reads a context for the bundle that decided about it: it is given the rest of the line from the
/// context on, and tells how many bytes of it are the context. `None`: nobody read it.
pub(crate) type ContextReader<'r, 'a> = dyn FnMut(&Bundle<'a>, &'a [u8]) -> Option<usize> + 'r;

/// What was decided about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A context in typed JSON, and where in the line it begins.
    Context(&'a [u8], usize),
    /// The bytes of a context, in base64.
    Raw(Text<'a>, Form),
}

/// An event of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// As it was taken in, in typed JSON.
    Json(&'a [u8]),
    /// Bytes that are no event, or no JSON that can stand in a record, in base64.
    Raw(Text<'a>),
}

/// How the bytes of a context are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As JSON.
    Json,
    /// As the bytes of a Protocol Buffers message.
    Proto,
}

/// What a record says that a session knew of an event, and what changed by it: JSON, part by part.
#[derive(Clone, Copy, Debug)]
pub struct SessionKnowledge<'a> {
    /// State that changed.
    pub writes: Option<&'a [u8]>,
    /// What the values of the call carry.
    pub labels: Option<&'a [u8]>,
    /// Where they came from.
    pub chain: Option<&'a [u8]>,
    /// What the call is in the plan.
    pub plan: Option<&'a [u8]>,
    /// What is asked of approvers, and how it stands.
    pub approval: Option<&'a [u8]>,
    /// What was odd about the event.
    pub note: Option<&'a [u8]>,
}

/// The session that a call belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// Which.
    pub id: Text<'a>,
    /// Number of the call in it.
    pub step: u64,
    /// The record of the call before.
    pub parent: Option<Text<'a>>,
}

/// The bundle that decided.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bundle<'a> {
    /// Its name.
    pub name: Option<Text<'a>>,
    /// The revision of its sources.
    pub revision: Option<Text<'a>>,
    /// SHA-256 root.
    pub digest: Option<[u8; 32]>,
    /// SHA-256 of its schema.
    pub schema: Option<[u8; 32]>,
    /// SHA-256 of its reference data.
    pub data: Option<[u8; 32]>,
    /// Whether it was loaded without signatures.
    pub unsigned: bool,
}

/// What was decided.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The effect; `None` where nothing could decide.
    pub effect: Option<Effect>,
    /// The rule that won; `None` where the default spoke.
    pub rule: Option<Text<'a>>,
    pub(crate) fired: Option<&'a [u8]>,
    pub(crate) shadow: Option<&'a [u8]>,
    /// The message of the winner.
    pub reason: Option<Text<'a>>,
    pub(crate) obligations: Option<&'a [u8]>,
    /// Outputs by name: JSON.
    pub outputs: Option<&'a [u8]>,
    pub(crate) errors: Option<&'a [u8]>,
    /// Cost in units.
    pub cost: Option<u64>,
    /// SHA-256 of the canonical form of the decision.
    pub digest: Option<[u8; 32]>,
}

/// The place of a record among those of its writer.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a> {
    /// The writer.
    pub writer: Text<'a>,
    /// The number of the record.
    pub number: u64,
}

/// What a line is.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every line is a record, and none is kept")]
pub enum Entry<'a> {
    /// A record.
    Record(Record<'a>),
    /// About the lines in front of it.
    Block(Block<'a>),
    /// About records that are lost.
    Gap(Gap<'a>),
}

/// A block: what the lines of a writer since the block before were.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// The writer.
    pub writer: Text<'a>,
    /// Number of the first record.
    pub first: u64,
    /// Number of the last record.
    pub last: u64,
    /// Root of the Merkle tree over the lines.
    pub root: [u8; 32],
    /// Leaf of the line about the block before; zeros where this is the first.
    pub previous: [u8; 32],
    /// Whether the writer ended its log with it.
    pub end: bool,
}

/// Records that were lost.
#[derive(Clone, Copy, Debug)]
pub struct Gap<'a> {
    /// The writer.
    pub writer: Text<'a>,
    /// Number of the first of them.
    pub number: u64,
    /// How many.
    pub count: u64,
}

impl<'a> Entry<'a> {
    /// Reads a line, without its line break.
    ///
    /// # Errors
    /// `RecordError` for what is no line of a file of records.
    pub fn read(line: &'a [u8]) -> Result<Self, RecordError> {
        Self::read_after(line, &mut Memo::default())
    }

    /// Reads one of many lines. What is the same as in the one before is not read again; what is
    /// read is the same.
    ///
    /// # Errors
    /// `RecordError` for what is no line of a file of records.
    pub fn read_after(line: &'a [u8], memo: &mut Memo) -> Result<Self, RecordError> {
        Self::read_with(line, memo, &mut |_, _| None)
    }

    /// As `read_after`, where a context that stands behind its bundle is offered to `ahead`: the
    /// bundle, and the line from the context on. What `ahead` reads as a context, and tells the
    /// length of, is not gone through again; any other is.
    ///
    /// # Errors
    /// `RecordError` for what is no line of a file of records.
    pub(crate) fn read_with(
        line: &'a [u8],
        memo: &mut Memo,
        ahead: &mut ContextReader<'_, 'a>,
    ) -> Result<Self, RecordError> {
        if line.len() > RECORD_BYTES_MAX {
            return Err(RecordError { fault: Fault::TooLong, offset: RECORD_BYTES_MAX });
        }
        let mut cursor = Cursor::new(line);
        if cursor.peek() != b'{' {
            let fault = if cursor.is_cut() {
                Fault::Truncated
            } else if line.starts_with(b"\xEF\xBB\xBF") {
                Fault::ByteOrderMark
            } else {
                Fault::NotAnObject
            };
            return Err(RecordError { fault, offset: cursor.at as usize });
        }
        fields::read(&mut cursor, memo, ahead).map_err(|_| cursor.found())
    }
}

impl<'a> Record<'a> {
    /// Reads a line, without its line break.
    ///
    /// # Errors
    /// `Fault::NotARecord` for lines about blocks and gaps; the other faults for what is no record.
    pub fn read(line: &'a [u8]) -> Result<Self, RecordError> {
        match Entry::read(line)? {
            Entry::Record(record) => Ok(record),
            Entry::Block(_) | Entry::Gap(_) => {
                Err(RecordError { fault: Fault::NotARecord, offset: 0 })
            }
        }
    }

    /// What host functions gave; `None` where nothing was given.
    #[must_use]
    pub fn hosts(&self) -> Option<HostTable> {
        given::table(self.given?)
    }

    /// The bits of the witness, appended to `bits`; `None` if there are none.
    #[must_use]
    pub fn witness(&self, bits: &mut Vec<u8>) -> Option<()> {
        sig::read(self.sig?.plain()?.as_bytes(), bits)
    }

    /// Whether the context marks a value as withheld, anywhere.
    #[must_use]
    pub fn withholds(&self) -> bool {
        match self.input {
            Input::Context(context, _) => Cursor::new(context).withholds(),
            Input::Raw(..) => false,
        }
    }

    /// The event of a session as it was taken in; `None` where the record does not hold it.
    /// `memory` holds it where it has to be made.
    #[must_use]
    pub fn taken_in<'e>(&self, memory: &'e mut Vec<u8>) -> Option<&'e [u8]>
    where
        'a: 'e,
    {
        self.event?.taken_in(memory)
    }

    /// The first field that does not say what that of `made` does, of those that tell what a
    /// session knew and came to; white space or not.
    #[must_use]
    pub fn first_other(&self, made: &Record<'_>) -> Option<&'static str> {
        let (own, other) = (&self.knew, &made.knew);
        // Of a line that would be too long labels and chains are left out.
        let is_plain =
            own.labels.is_none() && own.chain.is_none() && self.is_too_long_for(made.line);
        let fields = [
            ("now", self.now == made.now),
            ("phase", self.phase == made.phase),
            ("nd", alike(self.given, made.given)),
            ("reads", alike(self.reads, made.reads)),
            ("writes", alike(own.writes, other.writes)),
            ("labels", is_plain || alike(own.labels, other.labels)),
            ("chain", is_plain || alike(own.chain, other.chain)),
            ("plan", alike(own.plan, other.plan)),
            ("approval", alike(own.approval, other.approval)),
            ("note", alike(own.note, other.note)),
        ];
        fields.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
    }

    /// Whether a writer would have had no room for all of `made`: what it says of the event beside
    /// the event itself. What no writer writes, and white space, takes no room.
    fn is_too_long_for(&self, made: &[u8]) -> bool {
        let event = match self.event {
            Some(Event::Json(event)) => compact(event).map_or(0, |event| event.len()),
            Some(Event::Raw(text)) => text.spelled().len(),
            None => 0,
        };
        let host = members(self.line).unwrap_or_default().into_iter();
        let host = host.filter(|(key, _)| HOST_FIELDS.contains(&key.as_str()));
        let host = host.map(|(key, value)| key.len() + value.len() + ",\"\":".len());
        let host = host.sum::<usize>().min(HOST_BYTES);
        made.len() + ",\"ev\":\"\"".len() + event + host > RECORD_UNCHAINED_BYTES_MAX
    }

    /// How many decisions the record stands for: those that were folded into it, and those that
    /// sampling left away.
    #[must_use]
    pub fn weight(&self) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 1, and a cast stops at the highest number"
        )]
        let sampled = (1.0 / self.share).round() as u64;
        self.folded.saturating_mul(sampled)
    }
}

impl SessionKnowledge<'_> {
    /// Of a record that says nothing of it.
    pub(super) const NOTHING: Self =
        Self { writes: None, labels: None, chain: None, plan: None, approval: None, note: None };
}

impl Input<'_> {
    /// Whether it is the same input, white space or not.
    #[must_use]
    pub fn is(&self, other: &Input<'_>) -> bool {
        match (self, other) {
            (Input::Context(own, _), Input::Context(other, _)) => alike(Some(own), Some(other)),
            (Input::Raw(own, form), Input::Raw(other, kind)) => {
                form == kind && own.text() == other.text()
            }
            (Input::Context(..), Input::Raw(..)) | (Input::Raw(..), Input::Context(..)) => false,
        }
    }
}

/// Whether two parts are the same JSON, spelled alike, white space or not.
fn alike(one: Option<&[u8]>, other: Option<&[u8]>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return one.is_none() && other.is_none() };
    one == other || compact(one).is_some_and(|one| compact(other) == Some(one))
}

/// JSON without white space.
fn compact(part: &[u8]) -> Option<Vec<u8>> {
    let mut compact = Vec::with_capacity(part.len());
    ContextCopier::default().copy(part, DollarKeys::Keep, &mut compact).ok().map(|()| compact)
}

/// What a decision says, as records say it.
#[derive(Clone, Copy, Debug)]
pub struct DecisionContent<'s> {
    /// The effect.
    pub effect: Option<Effect>,
    /// The rule that won.
    pub rule: Option<&'s str>,
    /// What its digest is made of.
    pub words: &'s Canonical,
    /// The shadow rules that fired, which no digest covers. What a decision cost is no part of what
    /// it says: another build may count otherwise.
    pub shadow: &'s [&'s str],
    /// Shadow rules that may have fired, where not all values are known.
    pub perhaps: &'s [&'s str],
}

impl<'a> Outcome<'a> {
    /// Whether the context was refused, so that no rule was asked.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.errors().any(|(rule, class)| rule.is_none() && class.is("INPUT"))
    }

    /// The first field that says something else than `made` does.
    #[must_use]
    pub fn first_other(&self, made: &Outcome<'_>) -> Option<&'static str> {
        let text = |own: Option<Text<'_>>, other: Option<Text<'_>>| {
            own == other || own.map(Text::text) == other.map(Text::text)
        };
        let fields = [
            ("effect", self.effect == made.effect),
            ("rule", text(self.rule, made.rule)),
            ("fired", alike(self.fired, made.fired)),
            ("shadow", alike(self.shadow, made.shadow)),
            ("reason", text(self.reason, made.reason)),
            ("oblig", alike(self.obligations, made.obligations)),
            ("outputs", alike(self.outputs, made.outputs)),
            ("err", alike(self.errors, made.errors)),
            ("cost", self.cost == made.cost),
            ("dig", self.digest == made.digest),
        ];
        fields.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
    }

    /// The first field that says something else than a decision does. What is missing says what
    /// an empty field would.
    #[must_use]
    pub fn first_unlike(&self, made: &DecisionContent<'_>) -> Option<&'static str> {
        if self.effect != made.effect {
            return Some("effect");
        }
        let is_one = self.rule.is_some() == made.rule.is_some();
        if !is_one || !self.rule.zip(made.rule).is_none_or(|(own, rule)| own.is(rule)) {
            return Some("rule");
        }
        let words = made.words;
        let reason = words.reason().as_bytes();
        let reason = Text::of(reason.get(1..reason.len().saturating_sub(1)).unwrap_or_default());
        let own = self.reason.unwrap_or(Text::of(b""));
        if own != reason && own.text() != reason.text() {
            return Some("reason");
        }
        let parts = [
            ("fired", self.fired.unwrap_or(b"[]"), words.fired()),
            ("oblig", self.obligations.unwrap_or(b"[]"), "[]"),
            ("outputs", self.outputs.unwrap_or(b"{}"), words.outputs()),
            ("err", self.errors.unwrap_or(b"[]"), words.errors()),
        ];
        let differs = |(_, own, made): &(_, &[u8], &str)| !alike(Some(own), Some(made.as_bytes()));
        if let Some((field, ..)) = parts.into_iter().find(differs) {
            return Some(field);
        }
        let is_open = |own: &Text<'_>| made.perhaps.iter().any(|id| own.is(id));
        let mut own = self.shadow().filter(|own| !is_open(own));
        let is_shadow = made.shadow.iter().all(|id| own.next().is_some_and(|own| own.is(id)));
        (!is_shadow || own.next().is_some()).then_some("shadow")
    }

    /// Ids of the rules that fired, in document order.
    pub fn fired(&self) -> impl Iterator<Item = Text<'a>> {
        texts(self.fired.unwrap_or(b"[]"))
    }

    /// Ids of the shadow rules that fired.
    pub fn shadow(&self) -> impl Iterator<Item = Text<'a>> {
        texts(self.shadow.unwrap_or(b"[]"))
    }

    /// What failed: the rule or output, `None` where the input was refused, and the class.
    pub fn errors(&self) -> impl Iterator<Item = (Option<Text<'a>>, Text<'a>)> {
        let mut cursor = Cursor::new(self.errors.unwrap_or(b"[]"));
        let mut first = true;
        let _ = cursor.expect(b'[');
        std::iter::from_fn(move || {
            cursor.more(&mut first, b']').ok().filter(|more| *more)?;
            fields::error(&mut cursor).ok()
        })
    }
}

/// The members of an object as they stand there: keys as they are meant, and the bytes of values;
/// `None` if it is none.
#[must_use]
pub fn members(object: &[u8]) -> Option<Vec<(String, &[u8])>> {
    let mut cursor = Cursor::new(object);
    let mut found = Vec::new();
    let read = fields::object(&mut cursor, |cursor, key| {
        let key = String::from_utf8_lossy(key).into_owned();
        found.push((key, cursor.part()?));
        Ok(())
    });
    read.ok().map(|()| found)
}

/// The elements of a list as they stand there; `None` if it is none.
#[must_use]
pub fn elements(list: &[u8]) -> Option<Vec<&[u8]>> {
    let mut cursor = Cursor::new(list);
    let (mut found, mut first) = (Vec::new(), true);
    cursor.expect(b'[').ok()?;
    while cursor.more(&mut first, b']').ok()? {
        found.push(cursor.part().ok()?);
    }
    Some(found)
}

/// The texts of a list that was read.
fn texts(list: &[u8]) -> impl Iterator<Item = Text<'_>> {
    let mut cursor = Cursor::new(list);
    let mut first = true;
    let _ = cursor.expect(b'[');
    std::iter::from_fn(move || {
        cursor.more(&mut first, b']').ok().filter(|more| *more)?;
        cursor.text().ok()
    })
}
