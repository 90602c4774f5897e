//! The fields of a record, one by one.
//!
//! In:      a cursor in front of a record.
//! Out:     `Record`.
//! Imports: `base`, `lang`, `runtime::bundle`.
//! Source:  `docs/records.md`, "Fields".
//!
//! A field that is known may be given once: of two readers none may take the first and another the
//! second.

use crate::base::limits::RECORD_COUNT_MAX;
use crate::lang::decision::Effect;
use crate::lang::value::time::{self, Instant};
use crate::runtime::bundle::module::Phase;
use crate::runtime::record::VERSION;
use crate::runtime::record::cursor::{Cursor, Failed, Read, Text};
use crate::runtime::record::error::Fault;
use crate::runtime::record::lines::{block, chain, gap};
use crate::runtime::record::memo::Memo;
use crate::runtime::record::read::{
    Block, Bundle, ContextReader, Entry, Event, Form, Gap, Input, Outcome, Record, Session,
    SessionKnowledge,
};

macro_rules! fields {
    ($($name:ident $key:literal $word:literal;)*) => {
        /// A field of a record that this build reads.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Field {$($name,)*}

        impl Field {
            /// The field with this key.
            #[inline]
            fn of(key: &[u8]) -> Option<Self> {
                match key {$($key => Some(Self::$name),)* _ => None}
            }

            /// The field with this number.
            fn numbered(number: u8) -> Option<Self> {
                const ALL: &[Field] = &[$(Field::$name,)*];
                ALL.get(usize::from(number)).copied()
            }

            /// As it stands behind another field.
            const fn spelled(self) -> &'static [u8] {
                match self {$(Self::$name => concat!(",\"", $word, "\":").as_bytes(),)*}
            }

            const fn name(self) -> &'static str {
                match self {$(Self::$name => $word,)*}
            }
        }
    };
}

fields! {
    Version b"v" "v";
    Id b"id" "id";
    Made b"ts" "ts";
    Session b"ses" "ses";
    Engine b"eng" "eng";
    Bundle b"bun" "bun";
    Event b"ev" "ev";
    Context b"ctx" "ctx";
    Raw b"raw" "raw";
    Form b"form" "form";
    Now b"now" "now";
    Phase b"phase" "phase";
    Replayable b"replayable" "replayable";
    Reads b"reads" "reads";
    Given b"nd" "nd";
    Outcome b"out" "out";
    Sig b"sig" "sig";
    Writes b"writes" "writes";
    Labels b"labels" "labels";
    Links b"chain" "chain";
    Plan b"plan" "plan";
    Approval b"approval" "approval";
    Note b"note" "note";
    States b"st" "st";
    Took b"ns" "ns";
    Sampled b"smp" "smp";
    Folded b"rep" "rep";
    Shadow b"shadow" "shadow";
    Wire b"wire" "wire";
    Trace b"otel" "otel";
    Chain b"ch" "ch";
    Block b"$blk" "$blk";
    Gap b"$gap" "$gap";
}

/// How many fields this build reads.
pub(super) const FIELDS: usize = Field::Gap as usize + 1;

/// What was found so far.
struct RecordBuilder<'a> {
    record: Record<'a>,
    /// Fields that were found, one bit each.
    found: u64,
    raw: Option<Text<'a>>,
    form: Form,
    block: Option<Block<'a>>,
    gap: Option<Gap<'a>>,
}

/// Reads a record and the end of its line: the cursor stands on its bracket.
pub(super) fn read<'a>(
    cursor: &mut Cursor<'a>,
    memo: &mut Memo,
    ahead: &mut ContextReader<'_, 'a>,
) -> Read<Entry<'a>> {
    let mut reading = RecordBuilder::new(cursor.bytes);
    cursor.expect(b'{')?;
    let (mut first, mut last) = (true, FIELDS);
    loop {
        // Lines of one writer have their fields in one order.
        let guess = memo.next.get(last).copied().and_then(Field::numbered);
        if let Some(field) = guess.filter(|field| cursor.goes_past(field.spelled(), first)) {
            reading.field(cursor, field, (memo, ahead))?;
            (first, last) = (false, field as usize);
            continue;
        }
        if !cursor.more(&mut first, b'}')? {
            break;
        }
        let field = match cursor.key()? {
            Ok(key) => Field::of(key),
            Err(key) => Field::of(key.as_bytes()),
        };
        let Some(field) = field else {
            cursor.part()?;
            continue;
        };
        if let Some(next) = memo.next.get_mut(last) {
            *next = field as u8;
        }
        last = field as usize;
        reading.field(cursor, field, (memo, ahead))?;
    }
    cursor.peek();
    if (cursor.at as usize) < cursor.bytes.len() {
        return Err(cursor.fail(Fault::Trailing));
    }
    reading.finish(cursor)
}

/// Reads an object: `member` is given every key, and goes past its value.
pub(super) fn object<'a>(
    cursor: &mut Cursor<'a>,
    mut member: impl FnMut(&mut Cursor<'a>, &[u8]) -> Read<()>,
) -> Read<()> {
    cursor.expect(b'{')?;
    let mut first = true;
    while cursor.more(&mut first, b'}')? {
        match cursor.key()? {
            Ok(key) => member(cursor, key)?,
            Err(key) => member(cursor, key.as_bytes())?,
        }
    }
    Ok(())
}

impl<'a> RecordBuilder<'a> {
    const fn new(line: &'a [u8]) -> Self {
        let record = Record {
            line,
            id: None,
            made: None,
            session: None,
            engine: None,
            bundle: None,
            event: None,
            states: None,
            input: Input::Context(&[], 0),
            now: None,
            phase: Phase::Request,
            replayable: true,
            reads: None,
            knew: SessionKnowledge::NOTHING,
            given: None,
            outcome: None,
            sig: None,
            took_ns: None,
            share: 1.0,
            folded: 1,
            shadow: None,
            wire: None,
            trace: None,
            chain: None,
            is_front_plain: false,
        };
        Self { record, found: 0, raw: None, form: Form::Json, block: None, gap: None }
    }

    const fn has(&self, field: Field) -> bool {
        self.found >> field as u32 & 1 == 1
    }

    /// Reads the value of a field.
    fn field(
        &mut self,
        cursor: &mut Cursor<'a>,
        field: Field,
        (memo, ahead): (&mut Memo, &mut ContextReader<'_, 'a>),
    ) -> Read<()> {
        if self.has(field) {
            return Err(cursor.fail(Fault::Twice(field.name())));
        }
        if field == Field::Context {
            // What writers put in front of it stands in front of it in the table, too.
            self.record.is_front_plain = self.found < 1 << field as u32;
        }
        self.found |= 1 << field as u32;
        let record = &mut self.record;
        match field {
            Field::Version => version(cursor)?,
            Field::Id => record.id = Some(text(cursor, "id")?),
            Field::Made => record.made = Some(text(cursor, "ts")?),
            Field::Session => record.session = Some(session(cursor)?),
            Field::Engine => {
                let known = memo.engine(cursor);
                record.engine = Some(match known {
                    Some(engine) => engine,
                    None => container(cursor, b'{', "eng", "an object")?,
                });
                if known.is_none() {
                    memo.keep_engine(record.engine.unwrap_or_default());
                }
            }
            Field::Bundle => record.bundle = Some(bundle_after(cursor, memo)?),
            Field::Event => record.event = Some(event(cursor)?),
            Field::States => record.states = Some(states(cursor)?),
            Field::Context => record.input = context(cursor, record.bundle.as_ref(), ahead)?,
            Field::Raw => self.raw = Some(text(cursor, "raw")?),
            Field::Form => {
                let form = word(cursor, "form", "`proto`", &[("proto", Form::Proto)])?;
                self.form = form;
            }
            Field::Now => record.now = Some(instant(cursor, "now", memo)?),
            Field::Phase => {
                let known = [("request", Phase::Request), ("response", Phase::Response)];
                record.phase = word(cursor, "phase", "`request` or `response`", &known)?;
            }
            Field::Replayable => record.replayable = flag(cursor, "replayable")?,
            Field::Reads => record.reads = Some(container(cursor, b'{', "reads", "an object")?),
            Field::Writes => record.knew.writes = Some(cursor.part()?),
            Field::Labels => record.knew.labels = Some(cursor.part()?),
            Field::Links => record.knew.chain = Some(cursor.part()?),
            Field::Plan => record.knew.plan = Some(cursor.part()?),
            Field::Approval => record.knew.approval = Some(cursor.part()?),
            Field::Note => record.knew.note = Some(cursor.part()?),
            Field::Given => record.given = Some(container(cursor, b'[', "nd", "a list")?),
            Field::Outcome => record.outcome = Some(outcome(cursor)?),
            Field::Sig => record.sig = Some(text(cursor, "sig")?),
            Field::Took => record.took_ns = Some(count(cursor, "ns", 0)?),
            Field::Sampled => record.share = share(cursor)?,
            Field::Folded => record.folded = count(cursor, "rep", 1)?,
            Field::Shadow => record.shadow = Some(container(cursor, b'{', "shadow", "an object")?),
            Field::Wire => record.wire = Some(digest(cursor, "wire")?),
            Field::Trace => record.trace = Some(container(cursor, b'{', "otel", "an object")?),
            Field::Chain => record.chain = Some(chain(cursor)?),
            Field::Block => self.block = Some(block(cursor)?),
            Field::Gap => self.gap = Some(gap(cursor)?),
        }
        Ok(())
    }

    fn finish(mut self, cursor: &mut Cursor<'a>) -> Read<Entry<'a>> {
        // Such a line is about nothing else.
        let alone = self.found.is_power_of_two();
        match (self.block, self.gap) {
            (Some(block), None) if alone => return Ok(Entry::Block(block)),
            (None, Some(gap)) if alone => return Ok(Entry::Gap(gap)),
            (None, None) => {}
            (Some(_), _) => return Err(cursor.fail_at(0, Fault::Twice("$blk"))),
            (None, Some(_)) => return Err(cursor.fail_at(0, Fault::Twice("$gap"))),
        }
        if !self.has(Field::Version) {
            return Err(cursor.fail(Fault::Missing("v")));
        }
        match (self.has(Field::Context), self.raw) {
            (true, Some(_)) => return Err(cursor.fail(Fault::Twice("ctx"))),
            (true, None) => {}
            (false, Some(raw)) => self.record.input = Input::Raw(raw, self.form),
            (false, None) => return Err(cursor.fail(Fault::Missing("ctx"))),
        }
        Ok(Entry::Record(self.record))
    }
}

/// That a field holds something else.
#[cold]
pub(super) fn wrong(cursor: &mut Cursor<'_>, field: &'static str, wanted: &'static str) -> Failed {
    let fault = if cursor.is_cut() { Fault::Truncated } else { Fault::Wrong(field, wanted) };
    cursor.fail(fault)
}

/// Likewise, where the value began at `at`.
#[cold]
fn wrong_at(cursor: &mut Cursor<'_>, at: u32, field: &'static str, wanted: &'static str) -> Failed {
    cursor.at = at;
    cursor.peek();
    wrong(cursor, field, wanted)
}

/// Puts a value where none is.
pub(super) fn once<T>(
    place: &mut Option<T>,
    value: T,
    cursor: &mut Cursor<'_>,
    field: &'static str,
) -> Read<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(cursor.fail(Fault::Twice(field))),
    }
}

pub(super) fn text<'a>(cursor: &mut Cursor<'a>, field: &'static str) -> Read<Text<'a>> {
    if cursor.peek() == b'"' { cursor.text() } else { Err(wrong(cursor, field, "a text")) }
}

/// A text, or null.
fn text_or_null<'a>(cursor: &mut Cursor<'a>, field: &'static str) -> Read<Option<Text<'a>>> {
    if cursor.word(b"null") {
        return Ok(None);
    }
    let wanted = "a text or null";
    if cursor.peek() == b'"' { cursor.text().map(Some) } else { Err(wrong(cursor, field, wanted)) }
}

fn container<'a>(
    cursor: &mut Cursor<'a>,
    bracket: u8,
    field: &'static str,
    wanted: &'static str,
) -> Read<&'a [u8]> {
    if cursor.peek() == bracket { cursor.part() } else { Err(wrong(cursor, field, wanted)) }
}

pub(super) fn count(cursor: &mut Cursor<'_>, field: &'static str, least: u64) -> Read<u64> {
    let before = cursor.at;
    let count = cursor.count().filter(|count| (least..=RECORD_COUNT_MAX).contains(count));
    count.ok_or_else(|| wrong_at(cursor, before, field, "a count"))
}

pub(super) fn flag(cursor: &mut Cursor<'_>, field: &'static str) -> Read<bool> {
    if cursor.word(b"true") {
        Ok(true)
    } else if cursor.word(b"false") {
        Ok(false)
    } else {
        Err(wrong(cursor, field, "a bool"))
    }
}

/// One of several words.
fn word<T: Copy>(
    cursor: &mut Cursor<'_>,
    field: &'static str,
    wanted: &'static str,
    known: &[(&str, T)],
) -> Read<T> {
    let before = cursor.at;
    let found = text(cursor, field)?;
    let known = known.iter().find(|(word, _)| found.is(word));
    known.map(|(_, value)| *value).ok_or_else(|| wrong_at(cursor, before, field, wanted))
}

fn instant(cursor: &mut Cursor<'_>, field: &'static str, memo: &mut Memo) -> Read<Instant> {
    let before = cursor.at;
    let found = text(cursor, field)?;
    if let Some(known) = memo.time(found.spelled()) {
        return Ok(known);
    }
    let parsed = found.plain().and_then(|text| time::parse(text).ok());
    let wanted = "a time as 2026-03-17T10:00:00Z";
    let time = parsed.ok_or_else(|| wrong_at(cursor, before, field, wanted))?;
    memo.keep_time(found.spelled(), time);
    Ok(time)
}

pub(super) fn digest(cursor: &mut Cursor<'_>, field: &'static str) -> Read<[u8; 32]> {
    if let Some(digest) = cursor.digest() {
        return Ok(digest);
    }
    let before = cursor.at;
    text(cursor, field)?;
    let wanted = "sha256: and 64 hexadecimal digits in lower case";
    Err(wrong_at(cursor, before, field, wanted))
}

fn version(cursor: &mut Cursor<'_>) -> Read<()> {
    cursor.peek();
    let before = cursor.at;
    match cursor.count() {
        Some(VERSION) => Ok(()),
        Some(_) => Err(cursor.fail_at(before, Fault::Version)),
        None => Err(wrong_at(cursor, before, "v", "a version")),
    }
}

fn session<'a>(cursor: &mut Cursor<'a>) -> Read<Session<'a>> {
    let (mut id, mut step, mut parent) = (None, None, None);
    if cursor.peek() != b'{' {
        return Err(wrong(cursor, "ses", "an object"));
    }
    object(cursor, |cursor, key| match key {
        b"id" => once(&mut id, text(cursor, "ses.id")?, cursor, "ses.id"),
        b"n" => once(&mut step, count(cursor, "ses.n", 0)?, cursor, "ses.n"),
        b"parent" => once(&mut parent, text(cursor, "ses.parent")?, cursor, "ses.parent"),
        _ => cursor.part().map(drop),
    })?;
    let id = id.ok_or_else(|| cursor.fail(Fault::Missing("ses.id")))?;
    Ok(Session { id, step: step.unwrap_or_default(), parent })
}

/// An event: an object, or bytes that are none.
fn event<'a>(cursor: &mut Cursor<'a>) -> Read<Event<'a>> {
    match cursor.peek() {
        b'{' => cursor.part().map(Event::Json),
        b'"' => cursor.text().map(Event::Raw),
        _ => Err(wrong(cursor, "ev", "an object or a text")),
    }
}

/// What the state of a session was before an event, and after it.
fn states(cursor: &mut Cursor<'_>) -> Read<[[u8; 32]; 2]> {
    let (mut before, mut after) = (None, None);
    if cursor.peek() != b'{' {
        return Err(wrong(cursor, "st", "an object"));
    }
    object(cursor, |cursor, key| match key {
        b"before" => once(&mut before, digest(cursor, "st.before")?, cursor, "st.before"),
        b"after" => once(&mut after, digest(cursor, "st.after")?, cursor, "st.after"),
        _ => cursor.part().map(drop),
    })?;
    let before = before.ok_or_else(|| cursor.fail(Fault::Missing("st.before")))?;
    Ok([before, after.ok_or_else(|| cursor.fail(Fault::Missing("st.after")))?])
}

/// The context: past what is read ahead, else by its brackets.
fn context<'a>(
    cursor: &mut Cursor<'a>,
    bundle: Option<&Bundle<'a>>,
    ahead: &mut ContextReader<'_, 'a>,
) -> Read<Input<'a>> {
    cursor.peek();
    let start = cursor.at as usize;
    let rest = cursor.bytes.get(start..).unwrap_or_default();
    let read = bundle.and_then(|bundle| ahead(bundle, rest));
    let context = match read.and_then(|len| cursor.past(len)) {
        Some(context) => context,
        None => container(cursor, b'{', "ctx", "an object")?,
    };
    Ok(Input::Context(context, start))
}

fn bundle_after<'a>(cursor: &mut Cursor<'a>, memo: &mut Memo) -> Read<Bundle<'a>> {
    if let Some(bundle) = memo.bundle(cursor) {
        return Ok(bundle);
    }
    cursor.peek();
    let start = cursor.at;
    let bundle = bundle(cursor)?;
    memo.keep_bundle(&bundle, cursor.bytes, (start, cursor.at));
    Ok(bundle)
}

fn bundle<'a>(cursor: &mut Cursor<'a>) -> Read<Bundle<'a>> {
    let mut bundle = Bundle::default();
    let mut unsigned = None;
    if cursor.peek() != b'{' {
        return Err(wrong(cursor, "bun", "an object"));
    }
    object(cursor, |cursor, key| match key {
        b"name" => once(&mut bundle.name, text(cursor, "bun.name")?, cursor, "bun.name"),
        b"rev" => once(&mut bundle.revision, text(cursor, "bun.rev")?, cursor, "bun.rev"),
        b"dig" => once(&mut bundle.digest, digest(cursor, "bun.dig")?, cursor, "bun.dig"),
        b"sch" => once(&mut bundle.schema, digest(cursor, "bun.sch")?, cursor, "bun.sch"),
        b"data" => once(&mut bundle.data, digest(cursor, "bun.data")?, cursor, "bun.data"),
        b"unsigned" => once(&mut unsigned, flag(cursor, "bun.unsigned")?, cursor, "bun.unsigned"),
        _ => cursor.part().map(drop),
    })?;
    bundle.unsigned = unsigned.unwrap_or(false);
    Ok(bundle)
}

fn outcome<'a>(cursor: &mut Cursor<'a>) -> Read<Outcome<'a>> {
    let (mut effect, mut rule, mut reason, mut outputs) = (None, None, None, None);
    let (mut fired, mut shadow, mut errors, mut cost, mut dig) = (None, None, None, None, None);
    let mut obligations = None;
    if cursor.peek() != b'{' {
        return Err(wrong(cursor, "out", "an object"));
    }
    object(cursor, |cursor, key| match key {
        b"effect" => once(&mut effect, effect_value(cursor)?, cursor, "out.effect"),
        b"rule" => once(&mut rule, text_or_null(cursor, "out.rule")?, cursor, "out.rule"),
        b"fired" => once(&mut fired, ids(cursor, "out.fired")?, cursor, "out.fired"),
        b"shadow" => once(&mut shadow, ids(cursor, "out.shadow")?, cursor, "out.shadow"),
        b"reason" => once(&mut reason, text_or_null(cursor, "out.reason")?, cursor, "out.reason"),
        b"oblig" => {
            let part = container(cursor, b'[', "out.oblig", "a list")?;
            once(&mut obligations, part, cursor, "out.oblig")
        }
        b"outputs" => {
            let part = container(cursor, b'{', "out.outputs", "an object")?;
            once(&mut outputs, part, cursor, "out.outputs")
        }
        b"err" => once(&mut errors, failed(cursor)?, cursor, "out.err"),
        b"cost" => once(&mut cost, count(cursor, "out.cost", 0)?, cursor, "out.cost"),
        b"dig" => once(&mut dig, digest(cursor, "out.dig")?, cursor, "out.dig"),
        _ => cursor.part().map(drop),
    })?;
    Ok(Outcome {
        effect: effect.ok_or_else(|| cursor.fail(Fault::Missing("out.effect")))?,
        rule: rule.flatten(),
        fired,
        shadow,
        reason: reason.flatten(),
        obligations,
        outputs,
        errors,
        cost,
        digest: dig,
    })
}

/// The effect, or null.
fn effect_value(cursor: &mut Cursor<'_>) -> Read<Option<Effect>> {
    if cursor.word(b"null") {
        return Ok(None);
    }
    let known = Effect::ALL.map(|effect| (effect.word(), effect));
    word(cursor, "out.effect", "an effect or null", &known).map(Some)
}

/// A list of texts.
fn ids<'a>(cursor: &mut Cursor<'a>, field: &'static str) -> Read<&'a [u8]> {
    let start = cursor.at;
    if cursor.peek() != b'[' {
        return Err(wrong(cursor, field, "a list of texts"));
    }
    cursor.at += 1;
    let mut first = true;
    while cursor.more(&mut first, b']')? {
        text(cursor, field)?;
    }
    Ok(cursor.bytes.get(start as usize..cursor.at as usize).unwrap_or_default())
}

/// The list of what failed.
fn failed<'a>(cursor: &mut Cursor<'a>) -> Read<&'a [u8]> {
    let start = cursor.at;
    if cursor.peek() != b'[' {
        return Err(wrong(cursor, "out.err", "a list of errors"));
    }
    cursor.at += 1;
    let mut first = true;
    while cursor.more(&mut first, b']')? {
        error(cursor)?;
    }
    Ok(cursor.bytes.get(start as usize..cursor.at as usize).unwrap_or_default())
}

/// Something that failed: the rule or output, and the class.
pub(super) fn error<'a>(cursor: &mut Cursor<'a>) -> Read<(Option<Text<'a>>, Text<'a>)> {
    let (mut rule, mut class) = (None, None);
    if cursor.peek() != b'{' {
        return Err(wrong(cursor, "out.err", "a list of errors"));
    }
    object(cursor, |cursor, key| match key {
        b"rule" => once(&mut rule, text_or_null(cursor, "out.err")?, cursor, "out.err"),
        b"class" => once(&mut class, text(cursor, "out.err")?, cursor, "out.err"),
        _ => cursor.part().map(drop),
    })?;
    let class = class.ok_or_else(|| cursor.fail(Fault::Missing("out.err.class")))?;
    Ok((rule.flatten(), class))
}

fn share(cursor: &mut Cursor<'_>) -> Read<f64> {
    let mut share = None;
    if cursor.peek() != b'{' {
        return Err(wrong(cursor, "smp", "an object"));
    }
    object(cursor, |cursor, key| match key {
        b"p" => {
            cursor.peek();
            let before = cursor.at;
            let number = std::str::from_utf8(cursor.part()?).ok();
            let number = number.and_then(|text| text.parse::<f64>().ok());
            let number = number.filter(|share| *share > 0.0 && *share <= 1.0);
            let wanted = "a share above 0, at most 1";
            let number = number.ok_or_else(|| wrong_at(cursor, before, "smp.p", wanted))?;
            once(&mut share, number, cursor, "smp.p")
        }
        _ => cursor.part().map(drop),
    })?;
    Ok(share.unwrap_or(1.0))
}
