//! What folding a session goes by in the record of an event, kept from when its line was read.
//!
//! In:      a record that was read, and later the same line again.
//! Out:     `EventLine`: the event, its place in its session, which engine and bundle decided; and
//!          all of the record for whoever asks for more.
//! Imports: `runtime::vm`.
//!
//! Most events come to what their records say, byte for byte: of these nothing else is looked at,
//! so their lines are read once.

use std::borrow::Cow;

use crate::runtime::record::context::{ContextCopier, DollarKeys};
use crate::runtime::record::error::RecordError;
use crate::runtime::record::read::{Event, Input, Record, Text, members};
use crate::runtime::vm::request::marked::may_hold_marks;

/// Fields that the host says.
pub(super) const HOST_FIELDS: [&str; 10] =
    ["id", "ts", "ses", "eng", "bun", "ns", "smp", "wire", "otel", "ch"];

/// Where a part stands in a line.
type Span = (u32, u32);

/// Where an event stands, and as what.
#[derive(Clone, Copy, Debug)]
enum EventSpan {
    Json(Span),
    /// The inside of a text.
    Raw(Span),
}

/// What is kept of a line.
#[derive(Clone, Copy, Debug)]
pub struct EventOutline {
    session: Span,
    /// Number of the event in its session.
    step: u64,
    engine: Option<Span>,
    bundle: Option<[u8; 32]>,
    event: EventSpan,
    /// Where the context begins, if it is JSON and in front of it stands what writers say there.
    context: Option<u32>,
    replayable: bool,
    has_states: bool,
}

/// The record of an event, of which that is known.
#[derive(Clone, Copy, Debug)]
pub struct EventLine<'a> {
    /// The whole line.
    pub line: &'a [u8],
    outline: EventOutline,
}

impl EventOutline {
    /// That of a record; `None` where it is no record of an event of a session.
    #[must_use]
    pub fn of(record: &Record<'_>) -> Option<Self> {
        let base = record.line.as_ptr().addr();
        // All parts of a record are parts of its line.
        let span = |part: &[u8]| {
            let from = u32::try_from(part.as_ptr().addr().checked_sub(base)?).ok()?;
            Some((from, from.checked_add(u32::try_from(part.len()).ok()?)?))
        };
        let session = record.session?;
        let event = match record.event? {
            Event::Json(event) => EventSpan::Json(span(event)?),
            Event::Raw(text) => EventSpan::Raw(span(text.spelled())?),
        };
        let context = match record.input {
            Input::Context(_, at) if record.is_front_plain => u32::try_from(at).ok(),
            Input::Context(..) | Input::Raw(..) => None,
        };
        Some(Self {
            session: span(session.id.spelled())?,
            step: session.step,
            engine: record.engine.and_then(span),
            bundle: record.bundle.and_then(|bundle| bundle.digest),
            event,
            context,
            replayable: record.replayable,
            has_states: record.states.is_some(),
        })
    }

    /// The record on its line, which is the one that it is of.
    #[must_use]
    pub const fn on(self, line: &[u8]) -> EventLine<'_> {
        EventLine { line, outline: self }
    }
}

impl<'a> EventLine<'a> {
    /// What of it is kept beside its line.
    #[must_use]
    pub const fn outline(&self) -> EventOutline {
        self.outline
    }

    fn part(&self, (from, to): Span) -> &'a [u8] {
        self.line.get(from as usize..to as usize).unwrap_or_default()
    }

    /// All that the record says.
    ///
    /// # Errors
    /// None: its line was read before.
    pub fn whole(&self) -> Result<Record<'a>, RecordError> {
        Record::read(self.line)
    }

    /// The id of its session.
    #[must_use]
    pub fn session(&self) -> Cow<'a, str> {
        Text::of(self.part(self.outline.session)).text()
    }

    /// Number of the event in it.
    #[must_use]
    pub const fn step(&self) -> u64 {
        self.outline.step
    }

    /// Which engine decided: JSON; empty where that is not said.
    #[must_use]
    pub fn engine(&self) -> &'a [u8] {
        self.outline.engine.map_or(&[], |engine| self.part(engine))
    }

    /// Which bundle decided.
    #[must_use]
    pub const fn bundle(&self) -> Option<[u8; 32]> {
        self.outline.bundle
    }

    /// Whether all that the decision depended on is there.
    #[must_use]
    pub const fn is_replayable(&self) -> bool {
        self.outline.replayable
    }

    /// Whether it says what the state was before the event, and after it.
    #[must_use]
    pub const fn has_states(&self) -> bool {
        self.outline.has_states
    }

    /// The event as it was taken in; `None` where the record does not hold it. `memory` holds it
    /// where it has to be made.
    #[must_use]
    pub fn taken_in<'e>(&self, memory: &'e mut Vec<u8>) -> Option<&'e [u8]>
    where
        'a: 'e,
    {
        let event = match self.outline.event {
            EventSpan::Json(span) => Event::Json(self.part(span)),
            EventSpan::Raw(span) => Event::Raw(Text::of(self.part(span))),
        };
        event.taken_in(memory)
    }

    /// Whether it says byte for byte what `made` does, a line of what a session knew and came to,
    /// and of these nothing else. Where not, it may say the same in other words.
    #[must_use]
    pub fn is_spelled_as(&self, made: &[u8]) -> bool {
        let Some(at) = self.outline.context else { return false };
        let own = (at as usize).checked_sub(b",\"ctx\":".len());
        let own = own.and_then(|from| self.line.get(from..));
        let told = made.strip_prefix(b"{\"v\":1").and_then(|told| told.strip_suffix(b"}"));
        let (Some(own), Some(told)) = (own, told) else { return false };
        let is_of_host = |rest: &[u8]| {
            let rest = [b"{", rest].concat();
            let is_known = |(key, _): &(String, &[u8])| HOST_FIELDS.contains(&key.as_str());
            members(&rest).is_some_and(|all| all.iter().all(is_known))
        };
        match own.strip_prefix(told) {
            Some([b'}']) => true,
            Some([b',', rest @ ..]) => is_of_host(rest),
            Some(_) | None => false,
        }
    }
}

impl<'a> Event<'a> {
    /// The event as it was taken in; `memory` holds it where it has to be made.
    pub(super) fn taken_in<'e>(self, memory: &'e mut Vec<u8>) -> Option<&'e [u8]>
    where
        'a: 'e,
    {
        let event = match self {
            Self::Raw(text) => {
                *memory = text.bytes()?;
                return Some(memory);
            }
            Self::Json(event) => event,
        };
        if !may_hold_marks(event) {
            return Some(event);
        }
        memory.clear();
        let copied = ContextCopier::default().copy(event, DollarKeys::Unmark, memory);
        copied.is_ok().then_some(memory)
    }
}

#[cfg(test)]
mod tests {
    use super::{EventOutline, Record};

    #[test]
    fn what_is_added_to_a_line_is_not_what_was_made() {
        let digest = format!("\"sha256:{}\"", "0a".repeat(32));
        let states = format!("\"st\":{{\"before\":{digest},\"after\":{digest}}}");
        let told = format!(",\"ctx\":{{}},\"now\":\"2026-01-01T00:00:00Z\",{states}");
        let front = r#"{"v":1,"id":"r","ses":{"id":"s","n":1},"ev":{"seq":1}"#;
        let made = format!("{{\"v\":1{told}}}");
        let is = |line: String| {
            let record = Record::read(line.as_bytes()).ok()?;
            let outline = EventOutline::of(&record)?;
            Some(outline.on(line.as_bytes()).is_spelled_as(made.as_bytes()))
        };
        assert_eq!(is(format!("{front}{told}}}")), Some(true));
        assert_eq!(is(format!("{front}{told},\"ns\":7}}")), Some(true));
        for added in
            [r#","plan":{}"#, r#","note":"again""#, r#","out":{"effect":"deny"}"#, r#","x":1"#]
        {
            assert_eq!(is(format!("{front}{told}{added}}}")), Some(false), "{added} behind");
            if added != r#","x":1"# {
                assert_eq!(is(format!("{front}{added}{told}}}")), Some(false), "{added} in front");
            }
        }
        assert_eq!(is(format!("{front}{}}}", told.replace("2026", "2025"))), Some(false));
        assert_eq!(is(format!("{front}{}}}", told.replace("{}", "{ }"))), Some(false));
    }

    #[test]
    fn a_line_is_told_as_it_was_read() {
        let line = concat!(
            r#"{"v":1,"ses":{"n":7,"id":"s\u002d1"},"eng":{"sem":"pcs-1"},"ev":{"$$a":1},"#,
            r#""ctx":{},"replayable":false}"#
        );
        let record = Record::read(line.as_bytes()).expect("a record");
        let event = EventOutline::of(&record).expect("of an event").on(line.as_bytes());
        assert_eq!((&*event.session(), event.step()), ("s-1", 7));
        assert_eq!(event.engine(), br#"{"sem":"pcs-1"}"#);
        assert_eq!(
            (event.bundle(), event.is_replayable(), event.has_states()),
            (None, false, false)
        );
        assert_eq!(event.taken_in(&mut Vec::new()), Some(br#"{"$a":1}"#.as_slice()));
        assert_eq!(event.whole().map(|whole| whole.line), Ok(line.as_bytes()));
        let alone = Record::read(br#"{"v":1,"ctx":{}}"#).expect("a record");
        assert!(EventOutline::of(&alone).is_none());
    }
}
