//! Sessions of which every event becomes a record.
//!
//! In:      events, what the host says of each.
//! Out:     what came of an event, and its line.
//! Imports: `base`, `lang`, `runtime::program`, `runtime::session`, `runtime::vm`.
//! Source:  `docs/records.md`, "Sessions".
//!
//! An event is taken in as it will stand in its record, without white space: so whoever folds the
//! records anew comes to the same states, byte for byte.
//!
//! ```
//! # #[cfg(feature = "compiler")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use policyc::compiler::{Options, compile, source::map::SourceMap};
//! # use policyc::diag::sink::Sink;
//! use policyc::lang::decision::Effect;
//! use policyc::lang::value::time::Instant;
//! use policyc::runtime::program::Program;
//! use policyc::runtime::record::about::{About, Loaded};
//! use policyc::runtime::record::session::SessionRecorder;
//! use policyc::runtime::session::ground::Ground;
//!
//! # let policy = "policyc: 1\ndefault: deny\nlabels: {integrity: {untrusted: [file]}}\n\
//! #   tools: {read: {effect: none, args: {path: string}}}\n\
//! #   rules: [{id: calls, on: [read], allow: a call}]\n";
//! # let mut files = SourceMap::new();
//! # files.add("p.yaml", policy);
//! # let built = compile(&files, &Options::default(), &mut Sink::new());
//! # let bundle = built.ok_or("the policy is not in order")?.bundle;
//! let program = Program::load_unsigned(&bundle)?;
//! let ground = Ground::of(&program);
//! let mut recorder = SessionRecorder::of(&ground, &Loaded::default());
//! let mut session = recorder.begin("s-77af");
//! let event = br#"{"ev":"request","seq":1,"ts":"2026-11-19T14:03:20Z","call":"c1",
//!     "action":{"tool":"read","args":{"path":"bill.txt"}}}"#;
//! let about = About::new("01ARZ3NDEKTSV4RRFFQ69G5FAV", Instant { seconds: 0, nanoseconds: 0 });
//! let recorded = recorder.event(&mut session, event, &about, None);
//! assert_eq!(recorded.outcome.effect(), Some(Effect::Allow));
//! assert!(recorded.line.starts_with(br#"{"v":1,"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV""#));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "compiler"))]
//! # fn main() {}
//! ```

use crate::base::limits::{RECORD_LINKS_MAX, RECORD_UNCHAINED_BYTES_MAX, SESSION_EVENT_BYTES_MAX};
use crate::lang::fixed;
use crate::lang::value::time::Instant;
use crate::runtime::program::Program;
use crate::runtime::record::about::{self, About, Loaded};
use crate::runtime::record::context::DollarKeys;
use crate::runtime::record::seal::Keeper;
use crate::runtime::record::text::{Line, whole_based};
use crate::runtime::record::write::{Recorder, not_replayable, text};
use crate::runtime::session::approvals::QuestionStatus;
use crate::runtime::session::chain::Link;
use crate::runtime::session::decided::{Decided, SessionDenial};
use crate::runtime::session::event::{Event, EventFault, EventKind};
use crate::runtime::session::ground::Ground;
use crate::runtime::session::provenance::{Kind, Provenance};
use crate::runtime::session::state::Closed;
use crate::runtime::session::step::{Fault, Note, Outcome, Session, Work};
use crate::runtime::vm::observe::Witness;
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::Scratch;

/// Records the events of sessions of one program, one after the other.
#[derive(Debug)]
pub struct SessionRecorder<'g, 'p> {
    ground: &'g Ground<'p>,
    recorder: Recorder,
    work: Work,
    /// The event at hand, without white space.
    event: Vec<u8>,
    /// What requests that are refused are denied in, once there is one.
    refusing: Option<Scratch>,
}

/// A session whose events are recorded.
#[derive(Clone, Debug)]
pub struct OpenSession<'g, 'p> {
    session: Session<'g, 'p>,
    id: String,
    /// How many events there were.
    events: u64,
    /// SHA-256 of the state.
    state: [u8; 32],
}

/// An event that was recorded.
#[derive(Debug)]
pub struct RecordedEvent<'a> {
    /// What came of it.
    pub outcome: Outcome<'a>,
    /// The line of its record, without a line break. Empty where the session has ended because
    /// an event could not be recorded: nothing more of it is to be written.
    pub line: &'a [u8],
    /// SHA-256 of the state before the event, and after it.
    pub states: [[u8; 32]; 2],
}

impl RecordedEvent<'_> {
    /// Denies what came of the event, and ends its session: the record must be kept, and could
    /// not be. From then on every event of the session is refused, and none has a record.
    pub fn deny_unrecorded(&mut self, open: &mut OpenSession<'_, '_>) {
        open.session.end_unrecorded();
        open.state = open.session.state().digest();
        self.states[1] = open.state;
        self.outcome = Outcome::Refused(Fault::Closed(Closed::Unrecorded));
    }
}

impl<'g, 'p> OpenSession<'g, 'p> {
    /// What has happened in it.
    #[must_use]
    pub const fn session(&self) -> &Session<'g, 'p> {
        &self.session
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// How much of an event a line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EventDetail {
    /// All of it.
    Whole,
    /// All that a replay needs.
    Plain,
    /// What is short: it cannot be replayed.
    Short,
}

/// An event as it will stand in its record.
struct EventBytes<'h> {
    /// What was taken in: as it will stand there, or what cannot stand there as JSON.
    bytes: &'h [u8],
    is_json: bool,
}

/// An event on its way into a line.
struct EventRecord<'h, 'g, 'p> {
    event: Option<&'h Event<'h>>,
    session: &'h Session<'g, 'p>,
    /// SHA-256 of the state before the event, and after it.
    states: [[u8; 32]; 2],
}

impl<'g, 'p> SessionRecorder<'g, 'p> {
    /// A recorder of sessions of the program that `ground` is of.
    #[must_use]
    pub fn of(ground: &'g Ground<'p>, loaded: &Loaded<'_>) -> Self {
        Self {
            ground,
            recorder: Recorder::for_program(ground.program(), loaded),
            work: Work::witnessed(ground),
            event: Vec::new(),
            refusing: None,
        }
    }

    /// A session in which nothing has happened. Its id is no other session's.
    #[must_use]
    pub fn begin(&self, id: impl Into<String>) -> OpenSession<'g, 'p> {
        let session = Session::new(self.ground);
        let state = session.state().digest();
        OpenSession { session, id: id.into(), events: 0, state }
    }

    /// Takes in an event that is a line of JSON, and writes its record. `about` is what the host
    /// says; that of the session is put in. `keeper` is given what was sealed. Where records are
    /// required and this one cannot be kept: `RecordedEvent::deny_unrecorded`.
    pub fn event<'a>(
        &'a mut self,
        open: &mut OpenSession<'g, 'p>,
        line: &[u8],
        about: &About<'_>,
        mut keeper: Option<&mut (dyn Keeper + '_)>,
    ) -> RecordedEvent<'a>
    where
        'p: 'a,
    {
        let Self { recorder, work, event: spelled, refusing, .. } = self;
        let OpenSession { session, id, events, state } = open;
        if session.state().closed() == Some(Closed::Unrecorded) {
            let outcome = Outcome::Refused(Fault::Closed(Closed::Unrecorded));
            return RecordedEvent { outcome, line: &[], states: [*state; 2] };
        }
        spelled.clear();
        let is_json = line.len() <= SESSION_EVENT_BYTES_MAX
            && recorder.copyist.copy(line, DollarKeys::Keep, spelled).is_ok();
        let bytes: &[u8] = if is_json { spelled } else { line };
        let event = Event::read(bytes);
        let mut outcome = match &event {
            Ok(event) => session.step(event, work),
            Err(fault) => session.unreadable(fault.clone()),
        };
        *events += 1;
        let before = std::mem::replace(state, session.state().digest());
        let own = about::Session { id, step: *events, parent: None };
        let about = About { session: Some(own), ..*about };
        let spelled = EventBytes { bytes, is_json: is_json && event.is_ok() };
        let states = [before, *state];
        let happened = EventRecord { event: event.as_ref().ok(), session, states };
        // A prompt or an output may hold what is withheld elsewhere.
        let is_told = session.ground().program().withheld().is_empty();
        for extent in [EventDetail::Whole, EventDetail::Plain, EventDetail::Short] {
            recorder.begin(&about);
            let is_told = is_told && extent != EventDetail::Short;
            event_field(recorder, &spelled, happened.event, is_told);
            write_outcome(
                recorder,
                &happened,
                (&mut outcome, refusing),
                extent,
                keeper.as_deref_mut(),
            );
            recorder.end(&about);
            if recorder.line.len() <= RECORD_UNCHAINED_BYTES_MAX {
                break;
            }
        }
        if let Some(keeper) = keeper {
            recorder.hand_over(keeper);
        }
        RecordedEvent { outcome, line: &recorder.line, states }
    }

    /// Takes in an event that was recorded, and writes a line of all that its record has to say,
    /// but the event itself and what the host said. `before` is SHA-256 of the state.
    pub fn again<'a>(
        &'a mut self,
        session: &mut Session<'g, 'p>,
        event: &Result<Event<'_>, EventFault>,
        before: [u8; 32],
    ) -> RecordedEvent<'a>
    where
        'p: 'a,
    {
        let Self { recorder, work, refusing, .. } = self;
        let mut outcome = match event {
            Ok(event) => session.step(event, work),
            Err(fault) => session.unreadable(fault.clone()),
        };
        let states = [before, session.state().digest()];
        let happened = EventRecord { event: event.as_ref().ok(), session, states };
        for extent in [EventDetail::Whole, EventDetail::Plain] {
            recorder.begin_bare();
            write_outcome(recorder, &happened, (&mut outcome, refusing), extent, None);
            recorder.line.push(b'}');
            if recorder.line.len() <= RECORD_UNCHAINED_BYTES_MAX {
                break;
            }
        }
        RecordedEvent { outcome, line: &recorder.line, states }
    }
}

/// Writes what came of an event.
fn write_outcome(
    recorder: &mut Recorder,
    happened: &EventRecord<'_, '_, '_>,
    (outcome, refusing): (&mut Outcome<'_>, &mut Option<Scratch>),
    extent: EventDetail,
    keeper: Option<&mut (dyn Keeper + '_)>,
) {
    let EventRecord { event, session, states } = happened;
    let program = session.ground().program();
    // A digest over what is withheld can be compared with a guess.
    let withholds = !program.withheld().is_empty();
    let whole = extent != EventDetail::Short;
    let asks = event.is_some_and(|event| matches!(event.kind, EventKind::Request { .. }));
    match outcome {
        Outcome::Decided(decided) => {
            recorder.decision(&mut decided.decision, decided.witness, whole, keeper);
        }
        Outcome::Refused(_) if asks => refused(recorder, (program, refusing), session),
        Outcome::Refused(_) | Outcome::Recorded(_) => {
            let mut out = Line(&mut recorder.line);
            out.put(",\"ctx\":{}");
            if !whole {
                not_replayable("size", &mut out);
            }
            now(&mut out, session);
        }
    }
    let mut out = Line(&mut recorder.line);
    if whole && !withholds {
        write_knowledge(&mut out, session, outcome, extent == EventDetail::Whole);
    }
    let note = match outcome {
        Outcome::Decided(decided) => decided.denial().map(SessionDenial::word),
        Outcome::Recorded(note) => note.word(),
        Outcome::Refused(fault) => Some(fault.word()),
    };
    if let Some(note) = note {
        text(&mut out, ",\"note\":", note);
    }
    if !withholds {
        out.put(",\"st\":{\"before\":");
        out.digest(&states[0]);
        out.put(",\"after\":");
        out.digest(&states[1]);
        out.put("}");
    }
}

/// `,"now":..`: the time of a session.
fn now(out: &mut Line<'_>, session: &Session<'_, '_>) {
    if let Some((seconds, nanoseconds)) = session.state().now() {
        out.put(",\"now\":");
        out.time(Instant { seconds, nanoseconds });
    }
}

/// The event itself; a mark, with what it was, where it is not to be told.
fn event_field(
    recorder: &mut Recorder,
    EventBytes { bytes, is_json }: &EventBytes<'_>,
    event: Option<&Event<'_>>,
    is_told: bool,
) {
    let Recorder { copyist, line, .. } = recorder;
    line.extend_from_slice(b",\"ev\":");
    if is_told && *is_json {
        // It was read, so it can be copied.
        let _ = copyist.copy(bytes, DollarKeys::Mark, line);
        return;
    }
    let mut out = Line(line);
    match event {
        _ if is_told => {
            out.put("\"");
            whole_based(bytes, out.0);
            out.put("\"");
        }
        Some(event) => {
            text(&mut out, "{\"$x\":\"drop\",\"t\":\"map\",\"ev\":", event.kind.word());
            out.put(",\"seq\":");
            out.number(event.seq);
            out.put(",\"ts\":");
            let (seconds, nanoseconds) = event.ts;
            out.time(Instant { seconds, nanoseconds });
            out.put("}");
        }
        None => {
            out.put("{\"$x\":\"drop\",\"t\":\"bytes\",\"n\":");
            out.number(bytes.len() as u64);
            out.put("}");
        }
    }
}

/// That a request was denied because it was refused: as one about nothing is.
fn refused(
    recorder: &mut Recorder,
    (program, refusing): (&Program, &mut Option<Scratch>),
    session: &Session<'_, '_>,
) {
    let (seconds, nanoseconds) = session.state().now().unwrap_or_default();
    let scratch = refusing.get_or_insert_with(|| Scratch::for_program(program));
    let mut filled = ingest(program, b"", scratch);
    let mut decision = filled.decide(&Moment::at(seconds, nanoseconds));
    recorder.decision(&mut decision, Some(&Witness::new(program.atoms())), true, None);
}

/// What the session knew of a call, and what changed in it; with `chains` where values came from.
fn write_knowledge(
    out: &mut Line<'_>,
    session: &Session<'_, '_>,
    outcome: &Outcome<'_>,
    chains: bool,
) {
    if let Outcome::Decided(decided) = outcome {
        let reads = decided.readings.iter();
        let reads = reads.map(|reading| (reading.meter, reading.key.as_str(), reading.used));
        meters(out, "reads", reads, false);
    }
    meters(out, "writes", session.moved(), true);
    match outcome {
        Outcome::Decided(decided) => {
            if chains {
                labels(out, session, &decided.values);
                origins(out, session, &decided.values);
            }
            call(out, session, decided);
        }
        Outcome::Recorded(Note::Approval(how)) => {
            out.put(",\"approval\":{");
            standing(out, *how);
            out.put("}");
        }
        Outcome::Recorded(_) | Outcome::Refused(_) => {}
    }
}

/// Amounts by meter and key; what is written as a change, with its sign.
fn meters<'m>(
    out: &mut Line<'_>,
    field: &str,
    amounts: impl Iterator<Item = (&'m str, &'m str, i128)>,
    change: bool,
) {
    let mut first = true;
    for (meter, key, amount) in amounts {
        if std::mem::take(&mut first) {
            out.put(",\"");
            out.put(field);
            out.put("\":{");
        } else {
            out.put(",");
        }
        let slash = if key.is_empty() { "" } else { "/" };
        out.text_of(&[meter, slash, key]);
        let number = fixed::write(amount);
        out.put(":");
        if change {
            let sign = if amount < 0 { "" } else { "+" };
            out.text_of(&[sign, &number]);
        } else {
            out.put(&number);
        }
    }
    out.put(if first { "" } else { "}" });
}

/// A list of the names of labels.
fn names<'n>(out: &mut Line<'_>, names: impl Iterator<Item = &'n str>) {
    out.put("[");
    for (at, name) in names.enumerate() {
        text(out, if at > 0 { "," } else { "" }, name);
    }
    out.put("]");
}

/// The values of a call that carry something, place by place: a key and its value have one.
fn places(values: &[Provenance]) -> impl Iterator<Item = &[Provenance]> {
    let places = values.chunk_by(|a, b| a.pointer == b.pointer);
    places.filter(|place| place.iter().any(|value| !value.labels.is_empty()))
}

/// `,"labels":{"/to":["untrusted.file"]}`
fn labels(out: &mut Line<'_>, session: &Session<'_, '_>, values: &[Provenance]) {
    let mut first = true;
    for place in places(values).take(RECORD_LINKS_MAX) {
        let Some((value, others)) = place.split_first() else { continue };
        out.put(if std::mem::take(&mut first) { ",\"labels\":{" } else { "," });
        out.text(&value.pointer);
        out.put(":");
        let mut all = value.labels.clone();
        for other in others {
            all.join(&other.labels);
        }
        names(out, session.ground().names(&all));
    }
    out.put(if first { "" } else { "}" });
}

/// `,"chain":{"/to":[{"depth":0,"op":"match",..}]}`: where values came from.
fn origins(out: &mut Line<'_>, session: &Session<'_, '_>, values: &[Provenance]) {
    let (mut first, mut left) = (true, RECORD_LINKS_MAX);
    for place in places(values) {
        if left == 0 {
            break;
        }
        let Some(value) = place.first() else { continue };
        out.put(if std::mem::take(&mut first) { ",\"chain\":{" } else { "," });
        out.text(&value.pointer);
        out.put(":[");
        let mut begun = false;
        for value in place {
            let mut front = || if std::mem::replace(&mut begun, true) { "," } else { "" };
            if value.kind == Kind::Model {
                if left > 0 {
                    left -= 1;
                    out.put(front());
                    out.put("{\"depth\":0,\"op\":\"model\",\"labels\":");
                    names(out, session.ground().names(&value.labels));
                    out.put("}");
                }
                continue;
            }
            for link in session.chain(value).take(left) {
                left -= 1;
                out.put(front());
                write_link(out, session, (value.kind, &link));
            }
        }
        out.put("]");
    }
    out.put(if first { "" } else { "}" });
}

/// A link of a value that is known like this, as an object.
fn write_link(out: &mut Line<'_>, session: &Session<'_, '_>, (kind, link): (Kind, &Link<'_>)) {
    out.put("{\"depth\":");
    out.number(link.depth as u64);
    // Behind the first link lies what a tool was given, and repeated.
    text(out, ",\"op\":", if link.depth > 0 { "inherit" } else { kind.word() });
    if let Some(call) = link.call {
        text(out, ",\"call\":", call.id);
        text(out, ",\"tool\":", call.tool);
        out.put(",\"seq\":");
        out.number(call.seq);
        text(out, ",\"pointer\":", link.pointer);
    }
    out.put(",\"labels\":");
    names(out, session.ground().names(&link.labels));
    out.put("}");
}

/// The step of the plan that a call is, and what is asked of approvers.
fn call(out: &mut Line<'_>, session: &Session<'_, '_>, decided: &Decided<'_>) {
    if let Some((step, off)) = &decided.planned {
        text(out, ",\"plan\":{\"step\":", step);
        text(out, ",\"off\":", off);
        out.put(",\"done\":");
        names(out, session.steps().filter(|(_, done)| *done).map(|(name, _)| name));
        out.put("}");
    }
    if let Some(asking) = &decided.asking {
        out.put(",\"approval\":{\"for\":");
        out.digest(&asking.digest);
        out.put(",\"to\":");
        names(out, asking.to.iter().copied());
        out.put(",");
        standing(out, asking.standing);
        out.put("}");
    }
}

fn standing(out: &mut Line<'_>, standing: QuestionStatus) {
    let word = match standing {
        QuestionStatus::Waiting(have, quorum) => {
            out.put("\"have\":");
            out.number(u64::from(have));
            out.put(",\"quorum\":");
            out.number(u64::from(quorum));
            out.put(",");
            "waiting"
        }
        QuestionStatus::Granted => "granted",
        QuestionStatus::Refused => "refused",
    };
    text(out, "\"standing\":", word);
}
