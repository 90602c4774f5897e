//! Which records count.
//!
//! In:      what is asked for.
//! Out:     whether a record is.
//! Imports: `lang`, `runtime::record`.

use serde_json::Value as Json;

use crate::lang::decision::Effect;
use crate::lang::value::time::Instant;
use crate::runtime::record::read::{Input, Record};

/// What is asked for; nothing: all records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Decided then or later.
    pub since: Option<(i64, u32)>,
    /// Decided before.
    pub until: Option<(i64, u32)>,
    /// Of this session.
    pub session: Option<String>,
    /// About this tool.
    pub tool: Option<String>,
    /// By this principal.
    pub principal: Option<String>,
    /// Recorded with this effect.
    pub effect: Option<Effect>,
    /// This rule fired.
    pub rule: Option<String>,
}

impl Filter {
    /// Whether a record is asked for. One that does not say what is asked is not.
    #[must_use]
    pub fn takes(&self, record: &Record<'_>) -> bool {
        let time = record.now.map(|Instant { seconds, nanoseconds }| (seconds, nanoseconds));
        let outcome = record.outcome.as_ref();
        self.since.is_none_or(|since| time.is_some_and(|time| time >= since))
            && self.until.is_none_or(|until| time.is_some_and(|time| time < until))
            && self
                .session
                .as_ref()
                .is_none_or(|wanted| record.session.is_some_and(|session| session.id.is(wanted)))
            && self
                .effect
                .is_none_or(|effect| outcome.is_some_and(|outcome| outcome.effect == Some(effect)))
            && self.rule.as_ref().is_none_or(|rule| {
                outcome.is_some_and(|outcome| outcome.fired().any(|id| id.is(rule)))
            })
            && self.says(record)
    }

    /// Whether the context says what is asked of it.
    fn says(&self, record: &Record<'_>) -> bool {
        if self.tool.is_none() && self.principal.is_none() {
            return true;
        }
        let Input::Context(context, _) = record.input else { return false };
        let context: Json = serde_json::from_slice(context).unwrap_or_default();
        let at = |pointer, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| {
                context.pointer(pointer).and_then(Json::as_str) == Some(wanted)
            })
        };
        at("/action/tool", &self.tool) && at("/principal/id", &self.principal)
    }
}
