//! What a session has come to: a function of the events so far and the program, of bounded size.
//!
//! In:      what happened.
//! Out:     what is known of it, and a digest.
//! Imports: `base`.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, BuildHasherDefault, RandomState};
use std::sync::Arc;

use crate::base::limits::{SESSION_BYTES_MAX, SESSION_CALLS_MAX, SESSION_TEXT_BYTES_MAX};
use crate::runtime::session::ENTRY_BYTES;
use crate::runtime::session::answer::{TRIED_BYTES, Tried};
use crate::runtime::session::approvals::OpenQuestions;
use crate::runtime::session::audience::{Audience, Audiences, Readable};
use crate::runtime::session::facts::Facts;
use crate::runtime::session::index::{Full, Index};
use crate::runtime::session::json::{Leaf, TreeItem, walk};
use crate::runtime::session::labels::{LabelSet, Sets};
use crate::runtime::session::log::{Log, LogTag};
use crate::runtime::session::meters::{Meter, Meters, Share};
use crate::runtime::session::params::Params;
use crate::runtime::session::places::CallStatus;
use crate::runtime::session::plan::{Place, Plan, Progress};
use crate::runtime::session::speakers::{Principal, Speakers};
use crate::runtime::session::store::{Key, Named, Stored};
use crate::runtime::session::taint::Taints;
use crate::runtime::session::words::{Spread, grow};

/// The state of a session.
#[derive(Clone, Debug)]
pub struct State {
    /// Root of the bundle of the program.
    pub(super) program: [u8; 32],
    /// Number of labels of the program.
    pub(super) labels: usize,
    /// Those that are marks: the model reads none.
    pub(super) marks: LabelSet,
    /// Number of the last event.
    pub(super) seq: Option<u64>,
    /// The time of the session: it never goes back.
    pub(super) now: (i64, u32),
    pub(super) principal: Option<Principal>,
    /// Who has said what.
    pub(super) speakers: Speakers,
    pub(super) index: Index,
    pub(super) sets: Sets,
    pub(super) audiences: Audiences,
    /// What fields carry.
    pub(super) taints: Taints,
    pub(super) stored: Stored,
    pub(super) meters: Meters,
    /// What the last event took of meters, and gave back.
    pub(super) moved: Vec<Share>,
    pub(super) asks: OpenQuestions,
    /// What functions of the host gave.
    pub(super) facts: Facts,
    /// How far the plan of the program has come.
    pub(super) plan: Progress,
    /// What that plan is about, once it was told.
    pub(super) params: Option<Params>,
    /// The plans that came at run time, and how far they have come.
    pub(super) plans: Vec<(Plan, Progress)>,
    /// Bytes of these.
    pub(super) plan_bytes: usize,
    /// How often a rule has objected to a call, by a digest of both, and as which step.
    pub(super) tried: BTreeMap<Tried, u32>,
    /// How often the plan went back, by answers.
    pub(super) went_back: BTreeMap<usize, u32>,
    calls: Vec<Arc<Call>>,
    /// By a hash of its id the last call that has that.
    numbers: HashMap<u32, u32, BuildHasherDefault<Spread>>,
    hashing: RandomState,
    /// Bytes of the calls.
    call_bytes: usize,
    /// What the model has read since it last forgot.
    pub(super) ctx: LabelSet,
    /// What any field carries, whether the model has forgotten it or not.
    pub(super) seen: LabelSet,
    /// Who may read all that the model has read, and all of any field.
    pub(super) ctx_audience: Readable,
    pub(super) seen_audience: Readable,
    /// Why nothing is decided any more.
    pub(super) closed: Option<Closed>,
    pub(super) log: Log,
    /// How many fields that is of.
    pub(super) noted: u32,
    /// Whether it is not of all that the model has read.
    pub(super) reads_more: bool,
}

/// Why a session decides nothing any more: it denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It holds as much as it may.
    Full,
    /// Something that the model may have read could not be read here.
    Lost,
    /// A plan came that could not be taken.
    Unplanned,
    /// An event could not be recorded.
    Unrecorded,
}

/// A call of a tool.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) id: Box<str>,
    /// Its tool; empty where nobody asked for the call.
    pub(super) tool: Arc<str>,
    /// What its arguments carry, as the number of a set.
    pub(super) carried: u32,
    /// Who may read all of its arguments.
    pub(super) audience: Audience,
    /// Fields that its arguments were found in: as many as are told.
    pub(super) sources: Box<[u32]>,
    pub(super) stage: Stage,
    /// What is known of what it has done.
    pub(super) came: CallStatus,
    /// Whether it was allowed.
    pub(super) allowed: bool,
    /// The call before with the same hash of its id.
    pub(super) twin: Option<u32>,
    /// The fields of its output: first, and behind the last.
    pub(super) fields: (u32, u32),
    /// Number of the event that asked for it.
    pub(super) seq: u64,
    /// What it takes of meters, as long as that may change.
    pub(super) shares: Box<[Share]>,
    /// The step of the program's plan that it is.
    pub(super) step: Option<usize>,
    /// What it is in that plan, if that has steps, and in those that came at run time.
    pub(super) places: Box<[Place]>,
    /// What few calls have.
    pub(super) rare: Option<Box<Rare>>,
}

/// What few calls have.
#[derive(Clone, Debug, Default)]
pub(super) struct Rare {
    /// What its arguments carry that no sanitizer of its tool is about, and those that each is
    /// about; as numbers of sets. `None` where its tool is none.
    pub(super) sanitized: Option<(u32, Box<[u32]>)>,
    /// The declassifications of what its tool gives that hold for who calls.
    pub(super) freed: Vec<usize>,
    /// The arguments that the key is made of under which its tool stores.
    pub(super) named: Box<Named>,
    /// The step and the places of a call that has failed: what it says then is not what the step
    /// gives.
    pub(super) failed: Option<(Option<usize>, Box<[Place]>)>,
}

impl Call {
    /// What few calls have, to be changed.
    pub(super) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// See `Rare::freed`.
    pub(super) fn freed(&self) -> &[usize] {
        self.rare.as_ref().map_or(&[], |rare| &rare.freed)
    }

    /// See `Rare::named`.
    pub(super) fn named(&self) -> &Named {
        self.rare.as_ref().map_or(&[], |rare| &rare.named)
    }

    /// What its arguments carry, as numbers of sets, apart by the sanitizers of its tool.
    pub(super) fn sanitized(&self) -> (u32, &[u32]) {
        let apart = self.rare.as_ref().and_then(|rare| rare.sanitized.as_ref());
        apart.map_or((self.carried, &[]), |(outside, inside)| (*outside, inside))
    }

    /// What it is in plans, whether it has failed or not.
    pub(super) fn planned_mut(&mut self) -> &mut Box<[Place]> {
        let Self { places, rare, .. } = self;
        let failed = rare.as_mut().and_then(|rare| rare.failed.as_mut());
        failed.map_or(places, |(_, places)| places)
    }

    /// What it takes.
    pub(super) fn bytes(&self) -> usize {
        let named = self.named().iter().map(|(name, text)| ENTRY_BYTES + name.len() + text.len());
        size_of::<Self>()
            + ENTRY_BYTES
            + self.id.len()
            + self.tool.len()
            + self.rare.as_ref().map_or(0, |_| size_of::<Rare>())
            + size_of_val(self.sanitized().1)
            + size_of_val(self.freed())
            + self.sources.len() * size_of::<u32>()
            + self.places.len() * size_of::<Place>()
            + self.audience.bytes()
            + named.sum::<usize>()
            + share_bytes(&self.shares)
    }
}

/// What shares of meters take.
fn share_bytes(shares: &[Share]) -> usize {
    shares.iter().map(|share| size_of::<Share>() + share.key.len()).sum()
}

/// How far a call has come. The numbers are those of digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It was allowed, or nobody asked for it; an answer is expected.
    Open = 0,
    /// It was escalated.
    Asked = 1,
    /// It was denied.
    Denied = 2,
    /// It was answered.
    Answered = 3,
}

impl State {
    /// That of a session in which nothing has happened, of a program with so many labels.
    pub(super) fn new(
        (labels, marks): (usize, &LabelSet),
        meters: usize,
        program: [u8; 32],
    ) -> Self {
        Self {
            program,
            labels,
            marks: marks.clone(),
            seq: None,
            now: (i64::MIN, 0),
            principal: None,
            speakers: Speakers::default(),
            index: Index::default(),
            sets: Sets::default(),
            audiences: Audiences::default(),
            taints: Taints::default(),
            noted: 0,
            reads_more: false,
            stored: Stored::default(),
            meters: Meters::of(meters),
            moved: Vec::new(),
            asks: OpenQuestions::default(),
            facts: Facts::default(),
            plan: Progress::default(),
            params: None,
            plans: Vec::new(),
            plan_bytes: 0,
            tried: BTreeMap::new(),
            went_back: BTreeMap::new(),
            calls: Vec::new(),
            numbers: HashMap::default(),
            hashing: RandomState::new(),
            call_bytes: 0,
            ctx: LabelSet::of(labels),
            seen: LabelSet::of(labels),
            ctx_audience: Readable::default(),
            seen_audience: Readable::default(),
            closed: None,
            log: Log::of(&program),
        }
    }

    /// What is stored under a key carries what a call carries.
    pub(super) fn store(&mut self, key: &Key, call: u32) -> Result<(), Full> {
        let Some((set, labels, audience)) = self.carried_by(call) else { return Ok(()) };
        let room = self.room();
        if self.stored.write(key, (&labels, &audience), room)? {
            let (kind, text) = match key {
                Key::Whole(text) => (b"stored", text),
                Key::Open(text) => (b"spread", text),
            };
            self.note_stored(kind, text, (set, &audience));
        }
        Ok(())
    }

    /// A call writes under a key with this beginning, until it has told which one that is.
    pub(super) fn wait(&mut self, beginning: &str, call: u32) -> Result<(), Full> {
        let Some((set, labels, audience)) = self.carried_by(call) else { return Ok(()) };
        let room = self.room();
        self.stored.wait(call, beginning, (&labels, &audience), room)?;
        self.note_stored(b"writes", beginning, (set, &audience));
        Ok(())
    }

    /// A call has told what it wrote.
    pub(super) fn told(&mut self, call: u32) {
        if self.stored.told(call) {
            self.note(b"told");
        }
    }

    /// What a call carries, with the number of that set, and who may read it.
    fn carried_by(&self, call: u32) -> Option<(u32, LabelSet, Audience)> {
        let call = self.call(call)?;
        let labels = self.sets.get(call.carried).cloned();
        let labels = labels.unwrap_or_else(|| LabelSet::of(self.labels));
        Some((call.carried, labels, call.audience.clone()))
    }

    fn note_stored(&mut self, kind: &[u8], key: &str, (set, audience): (u32, &Audience)) {
        self.note(kind);
        self.note(key.as_bytes());
        self.log.number(u64::from(set));
        self.note_audience(audience);
    }

    /// SHA-256 of the program and of all that the state is: equal for equal events, whatever white
    /// space and escapes they are spelled with, in however many pieces they are folded. The order
    /// of their members is a part of events.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.log.digest()
    }

    /// The time of the session in seconds and nanoseconds since the epoch, which never goes back;
    /// `None` before anything happened.
    #[must_use]
    pub fn now(&self) -> Option<(i64, u32)> {
        self.seq.map(|_| self.now)
    }

    /// Why nothing is decided any more, if that is so.
    #[must_use]
    pub const fn closed(&self) -> Option<Closed> {
        self.closed
    }

    /// What the model has read.
    #[must_use]
    pub const fn context(&self) -> &LabelSet {
        &self.ctx
    }

    /// Bytes of text, fields, and calls that are kept.
    #[must_use]
    pub const fn size(&self) -> (usize, usize, usize) {
        (self.index.text_bytes(), self.index.len(), self.calls.len())
    }

    /// Bytes of all that is kept, at most `SESSION_BYTES_MAX`. Each entry of a map or a list is
    /// counted with what it takes beside its texts.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes_read() + self.bytes_beside()
    }

    /// Bytes of what was read, and of what that carries: these become more with each text.
    fn bytes_read(&self) -> usize {
        self.index.bytes()
            + self.sets.bytes()
            + self.audiences.bytes()
            + self.taints.bytes()
            + self.ctx_audience.bytes()
            + self.seen_audience.bytes()
    }

    /// Bytes of all else.
    fn bytes_beside(&self) -> usize {
        self.stored.bytes()
            + self.meters.bytes()
            + self.asks.bytes()
            + self.facts.bytes()
            + self.principal.as_ref().map_or(0, Principal::bytes)
            + self.speakers.bytes()
            + self.plan_bytes
            + self.plan.undoing.iter().map(|it| ENTRY_BYTES + it.tool.len()).sum::<usize>()
            + self.tried.len() * TRIED_BYTES
            + self.call_bytes
    }

    /// Bytes that may be added.
    pub(super) fn room(&self) -> usize {
        SESSION_BYTES_MAX.saturating_sub(self.bytes())
    }

    /// Bytes that all that is read may come to, as long as nothing else happens.
    pub(super) fn room_for_texts(&self) -> usize {
        SESSION_BYTES_MAX.saturating_sub(self.bytes_beside())
    }

    /// Of so many bytes what is left for texts.
    pub(super) fn room_of(&self, texts: usize) -> usize {
        texts.saturating_sub(self.bytes_read())
    }

    /// A call takes a share of a meter.
    pub(super) fn take(&mut self, meter: &Meter<'_>, share: &mut Share, now: i128) {
        self.meters.take(meter, share, now);
        self.moved.push(share.clone());
    }

    /// A call that failed gives back what it took of a meter.
    pub(super) fn release(&mut self, share: &mut Share) {
        let amount = -share.amount;
        if self.meters.release(share) {
            self.moved.push(Share { amount, ..share.clone() });
        }
    }

    /// The number of the call with this id.
    pub(super) fn number(&self, id: &str) -> Option<u32> {
        let mut next = self.numbers.get(&self.hash_of(id)).copied();
        while let Some(call) = next.and_then(|at| self.calls.get(at as usize)) {
            if *call.id == *id {
                break;
            }
            next = call.twin;
        }
        next
    }

    /// The hash that calls are found by. Others choose ids, so it is another one in each process.
    fn hash_of(&self, id: &str) -> u32 {
        let [a, b, c, d, ..] = self.hashing.hash_one(id).to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    /// The call with this number.
    pub(super) fn call(&self, at: u32) -> Option<&Call> {
        self.calls.get(at as usize).map(AsRef::as_ref)
    }

    /// The same, for whoever changes the state meanwhile.
    pub(super) fn shared_call(&self, at: u32) -> Option<Arc<Call>> {
        self.calls.get(at as usize).map(Arc::clone)
    }

    /// The call with this number.
    pub(super) fn call_mut(&mut self, at: u32) -> Option<&mut Call> {
        self.calls.get_mut(at as usize).map(Arc::make_mut)
    }

    /// Number of calls.
    pub(super) fn calls(&self) -> u32 {
        u32::try_from(self.calls.len()).unwrap_or(u32::MAX)
    }

    /// The tool of a call; empty where nobody asked for it.
    pub(super) fn tool_of(&self, call: u32) -> &str {
        self.call(call).map_or("", |call| &call.tool)
    }

    /// The number of a set of labels.
    pub(super) fn set_number(&mut self, set: &LabelSet) -> Result<u32, Full> {
        if let Some(number) = self.sets.known(set) {
            return Ok(number);
        }
        if Sets::need(set) > self.room() {
            return Err(Full);
        }
        self.note_new_set(set);
        Ok(self.sets.add(set))
    }

    /// Appends a call with a new id.
    pub(super) fn push_call(&mut self, mut call: Call) -> Result<u32, Full> {
        let number = u32::try_from(self.calls.len()).map_err(|_| Full)?;
        let bytes = call.bytes();
        if self.calls.len() >= SESSION_CALLS_MAX || bytes > self.room() {
            return Err(Full);
        }
        self.call_bytes += bytes;
        call.twin = self.numbers.insert(self.hash_of(&call.id), number);
        grow(&mut self.calls, 1);
        self.calls.push(Arc::new(call));
        Ok(number)
    }

    /// Appends a call that nobody asked for, and is answered all the same.
    pub(super) fn push_unasked(&mut self, id: &str, seq: u64) -> Result<u32, Full> {
        let labels = self.set_number(&LabelSet::of(self.labels))?;
        self.push_call(Call {
            id: id.into(),
            tool: "".into(),
            carried: labels,
            audience: Audience::default(),
            sources: Box::default(),
            stage: Stage::Open,
            came: CallStatus::Open,
            allowed: false,
            twin: None,
            fields: (0, 0),
            seq,
            shares: Box::default(),
            step: None,
            places: Box::default(),
            rare: None,
        })
    }

    /// Puts back what a call took of meters. Of one that was carried out it does not change any
    /// more, so nobody asks for it again.
    pub(super) fn put_shares(&mut self, number: u32, shares: Box<[Share]>, came: CallStatus) {
        if came == CallStatus::Done {
            self.call_bytes = self.call_bytes.saturating_sub(share_bytes(&shares));
        } else if let Some(call) = self.call_mut(number) {
            call.shares = shares;
        }
    }

    /// Takes in the principal.
    pub(super) fn set_principal(&mut self, principal: &str) -> Result<(), Full> {
        let before = self.principal.as_ref().map_or(0, Principal::bytes);
        if principal.len() > SESSION_TEXT_BYTES_MAX {
            return Err(Full);
        }
        let own = Principal::of(principal);
        if own.bytes() > self.room() + before {
            return Err(Full);
        }
        self.principal = Some(own);
        // Of what it says, not of how it is spelled. It is a value of an event, so it is JSON.
        self.log.kind(LogTag::Principal);
        let walked = walk(principal, |pointer, met| {
            let text = match &met {
                TreeItem::Key(_) => "",
                TreeItem::Leaf(Leaf::Text(text)) => text,
                TreeItem::Leaf(Leaf::Number(text) | Leaf::Bool(text) | Leaf::Nothing(text)) => text,
            };
            let kind = [u8::from(matches!(met, TreeItem::Leaf(Leaf::Text(_))))];
            for part in [pointer.as_bytes(), &kind, text.as_bytes()] {
                self.note(part);
            }
        });
        walked.map_err(|_| Full)
    }
}
