//! Requests: what they are made of, what meters say of them, and what is decided.
//!
//! In:      an event that asks for a call.
//! Out:     a decision; the call in the state, with what it takes of meters.
//! Imports: `base`, `lang`, `runtime::vm`, `runtime::session`.

use crate::base::arrange::Arrange as _;
use crate::base::limits::SESSION_SOURCES_MAX;
use crate::lang::decision::Effect;
use crate::lang::glob;
use crate::runtime::session::context::{self, Known};
use crate::runtime::session::json::{members, string};
use crate::runtime::session::labels::LabelSet;
use crate::runtime::session::meters::{self, Meter, Reading, Share};
use crate::runtime::session::provenance::{Provenance, Untraced, trace};
use crate::runtime::session::state::{Call, Closed, Stage};
use crate::runtime::session::step::{Decided, Fault, Outcome, Session, Work};
use crate::runtime::vm::request::{Filled, Moment, ingest_answered};

impl<'p> Session<'_, 'p> {
    /// Looks at a request: its values, and the call that it will be.
    pub(super) fn request(
        &mut self,
        (id, seq): (&str, u64),
        action: &str,
        refs: &[(&str, &str)],
    ) -> Result<(Call, Vec<Provenance>), Fault> {
        if let Some(why) = self.state.closed {
            return Err(Fault::Closed(why));
        }
        if self.state.number(id).is_some() {
            return Err(Fault::SameCall);
        }
        let fields = members(action).map_err(|_| Fault::Action)?;
        let get = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
        let tool = get("tool").and_then(string).ok_or(Fault::Action)?;
        let refs = refs.iter().map(|(at, handle)| Ok((*at, self.handle(handle)?)));
        let refs = refs.collect::<Result<Vec<_>, Fault>>()?;
        let args = get("args").unwrap_or("{}");
        let values = trace(&self.state, args, &refs).map_err(|error| match error {
            Untraced::Ref => Fault::Ref,
            Untraced::Args(_) => Fault::Action,
        })?;
        let mut labels = LabelSet::of(self.state.labels);
        let mut sources: Vec<u32> = Vec::new();
        for value in &values {
            labels.join(&value.labels);
            sources.extend(&value.sources);
        }
        sources.arrange();
        sources.dedup();
        sources.truncate(SESSION_SOURCES_MAX);
        let (labels, stage) = (self.state.sets.number(&labels), Stage::Denied);
        let (id, tool) = (id.into(), tool.as_ref().into());
        let shares = Vec::new();
        Ok((Call { id, tool, labels, sources, stage, fields: (0, 0), seq, shares }, values))
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

    pub(super) fn decide<'a>(
        &mut self,
        (mut call, values): (Call, Vec<Provenance>),
        (action, brought): (&str, &[(&'static str, &str)]),
        work: &'a mut Work,
    ) -> Outcome<'a>
    where
        'p: 'a,
    {
        let Work { scratch, context } = work;
        let (seconds, nanoseconds) = self.state.now;
        let moment = Moment::at(seconds, nanoseconds);
        let program = self.ground.program;
        let mut readings = Vec::new();
        if !self.ground.meters.is_empty() {
            // What meters go by is a part of the same input.
            let known = Known { values: &values, readings: &[] };
            context::write(self.ground, &self.state, known, (action, brought), context);
            let mut filled = ingest_answered(program, context.as_bytes(), scratch);
            readings = self.measure(&mut call, &mut filled, &moment);
        }
        let known = Known { values: &values, readings: &readings };
        context::write(self.ground, &self.state, known, (action, brought), context);
        let filled = ingest_answered(program, context.as_bytes(), scratch);
        let decision = filled.into_decision(&moment);
        let effect = decision.effect();
        let denied = effect.is_none_or(|effect| effect == Effect::Deny);
        call.stage = if denied { Stage::Denied } else { Stage::Open };
        let state = &mut self.state;
        for part in [call.id.as_bytes(), call.tool.as_bytes(), &[u8::from(denied)]] {
            state.note(part);
        }
        for at in &call.sources {
            state.note(&at.to_le_bytes());
        }
        // An answer may inherit them.
        state.note_set(call.labels);
        if effect == Some(Effect::Allow) {
            let now = meters::nanoseconds(state.now);
            for share in &mut call.shares {
                if let Some(meter) = self.ground.meters.get(share.meter) {
                    state.take(meter, share, now);
                }
            }
        }
        if state.push_call(call).is_err() {
            self.close(Closed::Full);
            return Outcome::Refused(Fault::Closed(Closed::Full));
        }
        let readings = readings.into_iter().flatten().collect();
        Outcome::Decided(Box::new(Decided { decision, values, readings }))
    }

    /// What meters have measured under the keys of a call; and in the call what it takes of them.
    /// `None` where nobody asks, or nobody knows.
    fn measure(
        &self,
        call: &mut Call,
        filled: &mut Filled<'_>,
        moment: &Moment<'_>,
    ) -> Vec<Option<Reading<'p>>> {
        let now = meters::nanoseconds(self.state.now);
        let reading = |(at, meter): (usize, &Meter<'p>)| {
            let measured = meter.on.iter().any(|pattern| glob::matches(pattern, &call.tool));
            if !(measured || meter.asked) || !meter.is_sound() {
                return None;
            }
            let key = match meter.key {
                Some(term) => filled.term(moment, term, meters::key_text)?,
                None => String::new(),
            };
            let used = self.state.meters.used(at, meter, &key, now)?;
            let amount = match meter.amount.filter(|_| measured) {
                Some(term) => Some(filled.term(moment, term, meters::amount)?),
                None => measured.then_some(meter.count),
            };
            if let Some(amount) = amount {
                let key = key.as_str().into();
                call.shares.push(Share { meter: at, key, amount, place: None });
            }
            Some(Reading { meter: meter.name, key, used, amount, limits: meter.limits.clone() })
        };
        self.ground.meters.iter().enumerate().map(reading).collect()
    }
}
