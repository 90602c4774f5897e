//! Requests: what they are made of, what meters say of them, and what is decided.
//!
//! In:      an event that asks for a call.
//! Out:     a decision; the call in the state, with what it takes of meters.
//! Imports: `base`, `lang`, `runtime::vm`.

use std::sync::Arc;

use crate::base::arrange::Arrange as _;
use crate::base::limits::{SESSION_ID_BYTES_MAX, SESSION_SOURCES_MAX};
use crate::lang::decision::Effect;
use crate::lang::glob;
use crate::lang::value::Value;
use crate::lang::value::heap::View;
use crate::runtime::session::answer::{Counts, Objection};
use crate::runtime::session::answer_template::AnswerValue;
use crate::runtime::session::approvals::{Asking, QuestionStatus, called};
use crate::runtime::session::arguments::hold;
use crate::runtime::session::audience::Audience;
use crate::runtime::session::context::{self, Known};
use crate::runtime::session::decided::Decided;
use crate::runtime::session::index::Full;
use crate::runtime::session::json::{members, string};
use crate::runtime::session::meters::{self, Meter, Meters, Reading, Share};
use crate::runtime::session::places::{CallStatus, off};
use crate::runtime::session::plan::Place;
use crate::runtime::session::provenance::{Provenance, Untraced, trace};
use crate::runtime::session::speakers::{Caller, who};
use crate::runtime::session::state::{Call, Closed, Rare, Stage};
use crate::runtime::session::step::{Fault, Outcome, Session};
use crate::runtime::session::trust::CarriedLabels;
use crate::runtime::session::work::{Memory, Work};
use crate::runtime::vm::decision::Decision;
use crate::runtime::vm::observe::Witness;
use crate::runtime::vm::pending::PendingCall;
use crate::runtime::vm::request::setters::{SlotHandle, answer_on};
use crate::runtime::vm::request::{Filled, Moment, ingest_answered};
use crate::runtime::vm::scratch::Scratch;

/// Most letters of the name of an argument that are told.
pub(super) const ARGUMENT_SHOWN: usize = 64;

/// What an event brings is no longer, mostly: then it is far from what contexts may be, with all
/// answers.
const FEW_BYTES: usize = 1 << 16;

/// A call that is asked for, what it carries, and its values.
pub(super) type Asked = (Call, CarriedLabels, Vec<Provenance>);

/// A root of the context: its name, and JSON.
pub(super) type Root<'b> = (&'b str, &'b str);

/// What an event brings, and who calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Brought<'b> {
    /// The call, as JSON.
    pub(super) action: &'b str,
    /// Other roots of the context that the program reads.
    pub(super) roots: &'b [Root<'b>],
    /// See `Session::asker`.
    pub(super) asker: Option<&'b str>,
}

impl<'b> Brought<'b> {
    /// The principal that a request brings by itself, as JSON.
    pub(super) fn principal(&self) -> Option<&'b str> {
        own_principal(self.roots)
    }
}

fn own_principal<'b>(roots: &[Root<'b>]) -> Option<&'b str> {
    roots.iter().find(|(name, _)| *name == "principal").map(|(_, value)| *value)
}

/// What the rules come to about a call.
pub(super) struct Judged<'w, 'p> {
    pub(super) decision: Decision<'w>,
    /// The context that was decided about.
    context: &'w str,
    /// What meters had measured.
    readings: Vec<Option<Reading<'p>>>,
    /// Escalations that are granted, and what for.
    granted: Vec<(&'p str, [u8; 32])>,
    /// The step of the plan that the call is, and how it deviates.
    planned: Option<(String, &'static str)>,
    /// The calls of host functions that it waits for: those of rules, and of what meters and plans
    /// go by.
    pub(super) pending: Vec<PendingCall>,
    /// How atoms came out, where that is to be told.
    witness: Option<&'w Witness>,
}

impl<'g, 'p> Session<'g, 'p> {
    /// Looks at a request that the state takes: the call that it will be.
    pub(super) fn request(
        &self,
        (id, seq): (&str, u64),
        brought: Brought<'_>,
        refs: &[(&str, &str)],
    ) -> Result<Asked, Fault> {
        if let Some(why) = self.state.closed {
            return Err(Fault::Closed(why));
        }
        if self.state.number(id).is_some() {
            return Err(Fault::SameCall);
        }
        let asked = self.look((id, seq), brought, refs)?;
        // What is no plan is asked of nobody.
        self.asked_plan(&asked.0.tool, brought.action)?;
        Ok(asked)
    }

    /// Looks at a call: what it will be, what it carries, and its values.
    pub(super) fn look(
        &self,
        (id, seq): (&str, u64),
        brought: Brought<'_>,
        refs: &[(&str, &str)],
    ) -> Result<Asked, Fault> {
        let fields = members(brought.action).map_err(|_| Fault::Action)?;
        let get = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
        let tool = get("tool").and_then(string).filter(|tool| tool.len() <= SESSION_ID_BYTES_MAX);
        let tool = tool.ok_or(Fault::Action)?;
        let refs = refs.iter().map(|(at, handle)| Ok((*at, self.handle(handle)?)));
        let refs = refs.collect::<Result<Vec<_>, Fault>>()?;
        let args = get("args").unwrap_or("{}");
        let values = trace(&self.state, args, &refs, self.caller(brought.asker));
        let values = values.map_err(|error| match error {
            Untraced::Ref => Fault::Ref,
            Untraced::Args(_) => Fault::Action,
        })?;
        if let Some(declared) = self.ground.arguments(&tool) {
            let given = members(args).map_err(|_| Fault::Action)?;
            hold(declared, &given).map_err(Fault::Argument)?;
        }
        let mut sources: Vec<u32> = Vec::new();
        let mut audience = Audience::default();
        for value in &values {
            audience.meet(&value.audience);
            sources.extend(&value.sources);
        }
        sources.arrange();
        sources.dedup();
        sources.truncate(SESSION_SOURCES_MAX);
        let named = self.ground.place(&tool).map(|place| place.arguments(args));
        let named = named.filter(|named| !named.is_empty());
        let rare = named.map(|named| Box::new(Rare { named, ..Rare::default() }));
        let call = Call {
            id: id.into(),
            tool: self.ground.name_of(&tool),
            carried: 0,
            audience,
            sources: sources.into(),
            stage: Stage::Denied,
            came: CallStatus::Open,
            allowed: false,
            twin: None,
            fields: (0, 0),
            seq,
            shares: Box::default(),
            step: None,
            places: Box::default(),
            rare,
        };
        let carried =
            self.ground.takers.carried(&call.tool, &values, (self.state.labels, &self.state.marks));
        Ok((call, carried, values))
    }

    /// The fields that a handle names, as `c1#/0/iban`. An id may hold the sign, too.
    fn handle(&self, handle: &str) -> Result<Vec<u32>, Fault> {
        let mut signs = handle.match_indices('#').filter_map(|(at, _)| {
            let (id, rest) = handle.split_at_checked(at)?;
            Some((self.state.number(id)?, rest.strip_prefix('#')?))
        });
        let (call, pointer) = signs.next_back().ok_or(Fault::Ref)?;
        let fields = self.state.fields_at(call, pointer);
        if fields.is_empty() { Err(Fault::Ref) } else { Ok(fields) }
    }

    /// What the rules come to about a call, in the state as it is.
    pub(super) fn judge<'w>(
        &self,
        call: &mut Call,
        values: &[Provenance],
        brought: Brought<'_>,
        memory: &'w mut Memory,
    ) -> Judged<'w, 'p>
    where
        'p: 'w,
    {
        let Memory { scratch, context, facts, witness } = memory;
        *facts = self.state.facts.table();
        let (seconds, nanoseconds) = self.state.now;
        let moment = Moment { hosts: Some(facts), ..Moment::at(seconds, nanoseconds) };
        let program = self.ground.program;
        let digests = || self.digests(&call.tool, brought);
        let granted =
            if self.state.asks.is_empty() { Vec::new() } else { self.granted(&digests()) };
        let approved: Vec<&str> = granted.iter().map(|(rule, _)| *rule).collect();
        let read = self.caller(brought.asker).read();
        let known = Known { values, approved: &approved, read: &read };
        context::begin(&self.state, brought, context);
        let told = self.tell(known, brought.action, (context, scratch));
        let mut filled = if let Some(told) = told {
            let told = told.iter().map(|(slot, said)| (*slot, said.input()));
            answer_on(program, context.as_bytes(), scratch, (None, told))
        } else {
            context::answer(self.ground, &self.state, (known, brought.action), context);
            ingest_answered(program, context.as_bytes(), scratch)
        };
        let mut pending = Vec::new();
        // What meters and plans go by is a part of the same input; what they say is the rest of it.
        let mut terms = Terms { filled: &mut filled, moment: &moment, pending: &mut pending };
        let readings = self.measure(call, &mut terms);
        self.place(call, (brought.action, values), &mut terms);
        let planned = self.planned(call);
        let error = filled.error();
        context::complete(self.ground, planned, &readings, context);
        let context: &'w str = context;
        let late = context::late(self.ground, planned, &readings);
        let filled = answer_on(program, context.as_bytes(), scratch, (error, late));
        let (decision, witness) = match witness {
            Some(witness) => {
                witness.clear();
                (filled.into_witnessed(&moment, witness), Some(&*witness))
            }
            None => (filled.into_decision(&moment), None),
        };
        let planned = planned.map(|(step, off)| (step.to_owned(), off));
        for call in decision.pending() {
            add(&mut pending, call);
        }
        Judged { decision, context, readings, granted, planned, pending, witness }
    }

    /// Reads what an event brought, and adds the answers to it: where they belong. `None`, and
    /// nothing is added, where they must be read from the text, or where what was brought is
    /// refused, or so large that the answers count.
    fn tell(
        &self,
        known: Known<'_>,
        action: &str,
        (context, scratch): (&mut String, &mut Scratch),
    ) -> Option<Vec<(SlotHandle, AnswerValue<'_>)>> {
        let told = self.ground.told.as_ref().filter(|_| known.approved.is_empty())?;
        if context.len() > FEW_BYTES {
            return None;
        }
        context.push('}');
        let error = ingest_answered(self.ground.program, context.as_bytes(), scratch).error();
        context.pop();
        if error.is_some() {
            return None;
        }
        let brought = context.len();
        let said = told.write(self.ground, (&self.state, known, action), context);
        debug_assert!(
            {
                let mut other = context.get(..brought).unwrap_or_default().to_owned();
                context::answer(self.ground, &self.state, (known, action), &mut other);
                other == *context
            },
            "both ways to write the answers come to the same"
        );
        Some(said)
    }

    pub(super) fn decide<'a>(
        &mut self,
        (mut call, carried, values): Asked,
        brought: Brought<'_>,
        Work { memory, aside }: &'a mut Work,
    ) -> Outcome<'a>
    where
        'p: 'a,
    {
        let judged = self.judge(&mut call, &values, brought, memory);
        let Judged { decision, context, readings, granted, planned, pending, witness } = judged;
        let Ok(is_overdue) = self.wait(&pending) else {
            self.close(Closed::Full);
            return Outcome::Refused(Fault::Closed(Closed::Full));
        };
        let readings = readings.into_iter().flatten().collect();
        let mut decided = Decided {
            decision,
            values,
            readings,
            asking: None,
            answer: None,
            is_refused: false,
            pending: if is_overdue { Vec::new() } else { pending },
            is_overdue,
            planned,
            witness,
        };
        if !decided.pending.is_empty() {
            // There is no such call yet: once the results came, it is asked for again.
            return Outcome::Decided(Box::new(decided));
        }
        let digests: Vec<[u8; 32]> = granted.into_iter().map(|(_, digest)| digest).collect();
        self.object(&mut decided, &call, (brought, context), aside);
        let before = self.state.principal.as_ref().map(|before| &*before.json);
        let principal = brought.principal().or(before);
        let freed = self.ground.takers.hold(&call.tool, principal);
        if !freed.is_empty() {
            call.rare_mut().freed = freed;
        }
        let is_allowed = decided.effect() == Some(Effect::Allow);
        let plan = if is_allowed { self.asked_plan(&call.tool, brought.action) } else { Ok(None) };
        let entered = self.enter((call, carried), decided.effect(), &digests).is_ok();
        let planned = plan.and_then(|plan| plan.map_or(Ok(()), |plan| self.replace(plan)));
        if !entered || planned.is_err() {
            self.close(Closed::Full);
        }
        if self.state.closed.is_some() {
            // Something of it had no room.
            return Outcome::Refused(Fault::Closed(Closed::Full));
        }
        Outcome::Decided(Box::new(decided))
    }

    /// Waits for calls of host functions; whether one was waited for in vain.
    fn wait(&mut self, calls: &[PendingCall]) -> Result<bool, Full> {
        let now = meters::nanoseconds(self.state.now);
        let room = self.state.room();
        let overdue = self.state.facts.wait(calls, (now, room))?;
        for call in calls {
            for part in [b"wait", call.function.as_bytes(), &call.digest] {
                self.state.note(part);
            }
        }
        Ok(overdue)
    }

    /// Answers a call that is not allowed, and asks approvers about it.
    fn object<'a>(
        &mut self,
        decided: &mut Decided<'a>,
        call: &Call,
        (brought, context): (Brought<'_>, &str),
        aside: &mut Option<Box<Memory>>,
    ) where
        'p: 'a,
    {
        let effect = decided.effect();
        if effect == Some(Effect::Allow) {
            return;
        }
        let rule = decided.decision.rule();
        let winner = self.ground.approvals.iter().position(|of| Some(of.rule) == rule);
        // Whom to ask about a rule that failed `on_error` says, and not the rule.
        let number = decided.decision.winner();
        let fired = decided.decision.fired().iter().any(|it| Some(it.rule) == number);
        let asks = fired && effect == Some(Effect::Escalate);
        let open = winner.filter(|_| asks).and_then(|rule| {
            let digests = self.digests(&call.tool, brought);
            Some((rule, *digests.get(rule)?))
        });
        let now = meters::nanoseconds(self.state.now);
        let (asks, all) = (&self.state.asks, &self.ground.approvals);
        let standing = open.as_ref().and_then(|(_, digest)| asks.standing(digest, all, now));
        let tired = |(rule, _): &(usize, [u8; 32])| {
            all.get(*rule).is_some_and(|of| asks.is_tired((*rule, of), now))
        };
        let is_tired = standing.is_none() && open.as_ref().is_some_and(tired);
        decided.is_refused = standing == Some(QuestionStatus::Refused);
        let objection = Objection {
            effect: if is_tired || decided.is_refused { Some(Effect::Deny) } else { effect },
            // A rule that allows is not what objects where a result did not come.
            winner: number.filter(|_| decided.decision.effect() != Some(Effect::Allow)),
            counts: match standing {
                _ if decided.is_overdue => Counts::Overdue,
                Some(QuestionStatus::Waiting(..)) => Counts::Waits,
                Some(QuestionStatus::Granted | QuestionStatus::Refused) | None => Counts::Try,
            },
            digest: open.map(|(_, digest)| digest),
            brought,
            context,
            moment: decided.decision.moment(),
        };
        let answer = self.answer(call, objection, aside);
        let told = decided.is_refused || answer.decision == Effect::Escalate;
        decided.asking =
            open.filter(|_| told).and_then(|(rule, digest)| self.ask(rule, digest, brought.asker));
        decided.answer = Some(answer);
    }

    /// A call was decided: it becomes one of the state, and if it is allowed takes what it takes.
    fn enter(
        &mut self,
        (mut call, carried): (Call, CarriedLabels),
        effect: Option<Effect>,
        granted: &[[u8; 32]],
    ) -> Result<(), Full> {
        call.stage = match effect {
            Some(Effect::Allow) => Stage::Open,
            Some(Effect::Escalate) => Stage::Asked,
            Some(Effect::Deny) | None => Stage::Denied,
        };
        call.allowed = call.stage == Stage::Open;
        let Self { ground, state } = self;
        call.carried = state.set_number(&carried.all)?;
        if !carried.inside.is_empty() {
            let outside = state.set_number(&carried.outside)?;
            let inside = carried.inside.iter().map(|it| state.set_number(it));
            let inside = inside.collect::<Result<_, _>>()?;
            call.rare_mut().sanitized = Some((outside, inside));
        }
        state.note_call(&call);
        if call.stage != Stage::Open {
            // Whatever comes of it is not what a step gave.
            (call.step, call.places) = (None, Box::default());
        }
        let need: usize = call.shares.iter().map(Meters::need).sum();
        if need + call.bytes() > state.room() {
            return Err(Full);
        }
        if call.stage == Stage::Open {
            let now = meters::nanoseconds(state.now);
            for share in &mut call.shares {
                if let Some(meter) = ground.meters.get(share.meter) {
                    state.take(meter, share, now);
                }
            }
            if let Some(planned) = &ground.plan {
                state.begin(planned, &call.places);
            }
            for digest in granted {
                state.asks.spend(digest);
                // What was granted was no try in vain.
                state.tried.retain(|(of, _), _| of != digest);
                state.note(digest);
            }
        }
        let is_open = call.stage == Stage::Open;
        let number = state.push_call(call)?;
        if is_open { self.writes(number) } else { Ok(()) }
    }

    /// Finds out what a call is in the plans of the session.
    fn place(
        &self,
        call: &mut Call,
        (action, values): (&str, &[Provenance]),
        terms: &mut Terms<'_, '_>,
    ) {
        let Some(planned) = &self.ground.plan else { return };
        // The plan of the program asks by terms.
        let asks = !self.state.plans.is_empty();
        let fields = if asks { members(action).unwrap_or_default() } else { Vec::new() };
        let args = fields.iter().find(|(key, _)| key == "args").map_or("{}", |(_, args)| *args);
        let places = self.state.places(planned, (&call.tool, args), values, |term| {
            terms.get(term, |_, value| value.as_bool()) == Some(true)
        });
        call.places = places.into();
        call.step = match call.places.first() {
            Some(Place::Step(at)) if !planned.plan.steps.is_empty() => Some(*at),
            Some(_) | None => None,
        };
    }

    /// The step of the plan that a call is, and how it deviates.
    fn planned(&self, call: &Call) -> Option<(&'g str, &'static str)> {
        let planned = self.ground.plan.as_ref()?;
        let step = call.step.and_then(|at| planned.plan.steps.get(at));
        Some((step.map_or("", |step| &step.name), off(&call.places)))
    }

    /// What the session knows for whoever calls.
    fn caller<'s>(&'s self, who: Option<&'s str>) -> Caller<'s> {
        Caller::of(&self.state, who, &self.ground.unknown)
    }

    /// Who calls, where a request brings these roots.
    pub(super) fn asker(&self, roots: &[Root<'_>]) -> Option<Arc<str>> {
        let before = || self.state.principal.as_ref().and_then(|before| before.who.clone());
        own_principal(roots).map_or_else(before, who)
    }

    /// What an approval of a call would be for, rule by rule; nothing where nobody is asked.
    fn digests(&self, tool: &str, brought: Brought<'_>) -> Vec<[u8; 32]> {
        let Some(called) = called(tool, brought.action, brought.asker) else { return Vec::new() };
        let program = self.ground.program.digest();
        let before = self.state.principal.as_ref().map(|before| ("principal", &*before.json));
        let roots: Vec<Root<'_>> = brought.roots.iter().copied().chain(before).collect();
        self.ground.approvals.iter().map(|of| of.digest(&program, &called, &roots)).collect()
    }

    /// The rules whose escalation is granted for a call, and what that was granted for.
    fn granted(&self, digests: &[[u8; 32]]) -> Vec<(&'p str, [u8; 32])> {
        let now = meters::nanoseconds(self.state.now);
        let all = self.ground.approvals.iter().zip(digests);
        let granted = all.filter(|(of, digest)| self.state.asks.is_granted(digest, of, now));
        granted.map(|(of, digest)| (of.rule, *digest)).collect()
    }

    /// Asks approvers about a call, unless they were asked.
    fn ask(&mut self, rule: usize, about: [u8; 32], asker: Option<&str>) -> Option<Asking<'p>> {
        let state = self.state.digest();
        let now = (meters::nanoseconds(self.state.now), self.state.room());
        let rule = (rule, self.ground.approvals.as_slice());
        let asker = asker.map(Box::from);
        let (asking, is_new) = self.state.asks.ask((about, &state), rule, asker, now)?;
        if is_new {
            self.state.note(b"ask");
            self.state.note(&asking.digest);
        }
        Some(asking)
    }

    /// What meters have measured under the keys of a call; and in the call what it takes of them.
    /// `None` where nobody asks, or nobody knows.
    fn measure(&self, call: &mut Call, terms: &mut Terms<'_, '_>) -> Vec<Option<Reading<'p>>> {
        let now = meters::nanoseconds(self.state.now);
        // Few meters measure a call.
        let mut shares = Vec::with_capacity(1);
        let reading = |(at, meter): (usize, &Meter<'p>)| {
            let measured = meter.on.iter().any(|pattern| glob::matches(pattern, &call.tool));
            if !(measured || meter.asked) || !meter.is_sound() {
                return None;
            }
            // Both are asked before either is missed: one may wait for the host as the other does.
            let key = match meter.key {
                Some(term) => terms.get(term, meters::key_text),
                None => Some(String::new()),
            };
            let amount = match meter.amount.filter(|_| measured) {
                Some(term) => Some(terms.get(term, meters::amount)?),
                None => measured.then_some(meter.count),
            };
            let key = key?;
            let used = self.state.meters.used(at, meter, &key, now)?;
            if let Some(amount) = amount {
                let key = key.as_str().into();
                shares.push(Share { meter: at, key, amount, place: None });
            }
            Some(Reading {
                meter: meter.name,
                key,
                used,
                amount,
                limits: Arc::clone(&meter.limits),
            })
        };
        let readings = self.ground.meters.iter().enumerate().map(reading).collect();
        call.shares = shares.into();
        readings
    }
}

/// What meters and plans go by, evaluated about one call.
struct Terms<'t, 'f> {
    filled: &'t mut Filled<'f>,
    moment: &'t Moment<'t>,
    /// The calls of host functions that have given no result yet.
    pending: &'t mut Vec<PendingCall>,
}

impl Terms<'_, '_> {
    /// What `read` reads from the value of a term; nothing where that has none. The calls that it
    /// waits for are noted.
    fn get<T>(
        &mut self,
        term: u16,
        read: impl FnOnce(&View<'_>, &Value) -> Option<T>,
    ) -> Option<T> {
        let found = self.filled.term(self.moment, term, read);
        for call in self.filled.awaited() {
            add(self.pending, call);
        }
        found
    }
}

/// Adds a call, once.
fn add(calls: &mut Vec<PendingCall>, call: PendingCall) {
    if !calls.iter().any(|known| known.digest == call.digest && known.function == call.function) {
        calls.push(call);
    }
}
