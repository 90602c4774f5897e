//! Which records count.
//!
//! In:      what is asked for.
//! Out:     whether a record is.
//! Imports: `lang`, `runtime::record`.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::Value as Json;

use crate::lang::decision::Effect;
use crate::lang::value::time::Instant;
use crate::runtime::record::read::{Record, Text};
use crate::tools::replay::expression::Expression;
use crate::tools::replay::knew::recorded_effect;
use crate::tools::replay::plain::context;
use crate::tools::replay::sketch::hash;

/// What a condition over a record may name: all fields that `docs/records.md` lists.
const FIELDS: [&str; 32] = [
    "v",
    "id",
    "ses",
    "eng",
    "bun",
    "ev",
    "ctx",
    "raw",
    "form",
    "replayable",
    "why",
    "refused",
    "redacted",
    "phase",
    "reads",
    "writes",
    "nd",
    "out",
    "sig",
    "labels",
    "chain",
    "plan",
    "approval",
    "note",
    "st",
    "ns",
    "smp",
    "rep",
    "shadow",
    "wire",
    "otel",
    "ch",
];
/// Those of them that are times.
const TIMES: [&str; 2] = ["ts", "now"];

/// A condition over the fields of a record.
///
/// # Errors
/// What is wrong with it, in words.
pub fn condition(text: &str) -> Result<Expression, String> {
    let fields = FIELDS.map(|name| (name, "dyn"));
    Expression::of(text, fields.into_iter().chain(TIMES.map(|name| (name, "timestamp"))))
}

/// What is asked for; nothing: all records.
#[derive(Debug, Default)]
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
    /// This holds of its fields.
    pub condition: Option<Expression>,
    /// One of so many sessions; records without one count alone.
    pub one_of: Option<NonZero<u64>>,
    /// How many are asked for.
    pub limit: Option<Limit>,
    /// What is known of the records that were asked about.
    pub seen: Seen,
}

/// What is known of records while none is taken: how many there were, and what some of them have.
#[derive(Debug, Default)]
pub struct Seen {
    taken: AtomicBool,
    records: AtomicU64,
    session: AtomicBool,
    tool: AtomicBool,
    principal: AtomicBool,
    rule: AtomicBool,
    /// The condition can be told of one.
    condition: AtomicBool,
}

impl Seen {
    /// Forgets all: the records are asked about once more.
    fn forget(&self) {
        let Self { taken, records, session, tool, principal, rule, condition } = self;
        records.store(0, Ordering::Relaxed);
        for flag in [taken, session, tool, principal, rule, condition] {
            flag.store(false, Ordering::Relaxed);
        }
    }
}

/// That no record was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoneTaken {
    /// How many there were.
    pub records: u64,
    /// What was asked for and none of them has, in words.
    pub nowhere: Vec<String>,
}

/// A number of records that is used up.
#[derive(Debug)]
pub struct Limit(AtomicU64);

impl Limit {
    /// The first `count` records.
    #[must_use]
    pub const fn of(count: u64) -> Self {
        Self(AtomicU64::new(count))
    }
}

impl Filter {
    /// How many records one that is taken stands for.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.one_of.map_or(1, NonZero::get)
    }

    /// Whether all records are asked for.
    #[must_use]
    pub const fn is_all(&self) -> bool {
        let Self { since, until, session, tool, principal, effect, rule, .. } = self;
        let Self { condition, one_of, limit, .. } = self;
        let times = since.is_none() && until.is_none();
        let texts = session.is_none() && tool.is_none() && principal.is_none() && rule.is_none();
        let others = effect.is_none() && condition.is_none() && one_of.is_none();
        times && texts && others && limit.is_none()
    }

    /// Whether no more records are asked for.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.limit.as_ref().is_some_and(|limit| limit.0.load(Ordering::Relaxed) == 0)
    }

    /// Whether a record is asked for. One that does not say what is asked is not. With a limit
    /// records are to be asked about in order, by one thread.
    #[must_use]
    pub fn takes(&self, record: &Record<'_>) -> bool {
        let less = |left: u64| left.checked_sub(1);
        let wants = self.wants(record);
        self.note(record, wants);
        wants
            && self.limit.as_ref().is_none_or(|limit| {
                limit.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
            })
    }

    /// Notes what a record has of what is asked, until one is taken.
    fn note(&self, record: &Record<'_>, taken: bool) {
        let seen = &self.seen;
        if self.is_all() || seen.taken.load(Ordering::Relaxed) {
            return;
        }
        seen.taken.fetch_or(taken, Ordering::Relaxed);
        seen.records.fetch_add(1, Ordering::Relaxed);
        let told = |condition: &Expression| condition.holds_of_record(record.line).is_some();
        for (flag, has) in [
            (&seen.session, self.is_in_session(record)),
            (&seen.rule, self.fired(record)),
            (&seen.tool, says(record, [&self.tool, &None])),
            (&seen.principal, says(record, [&None, &self.principal])),
            (&seen.condition, self.condition.as_ref().is_none_or(told)),
        ] {
            flag.fetch_or(has, Ordering::Relaxed);
        }
    }

    /// That nothing was taken of all records that were asked about, and what none of them has.
    #[must_use]
    pub fn none_taken(&self) -> Option<NoneTaken> {
        let seen = &self.seen;
        if self.is_all() || seen.taken.load(Ordering::Relaxed) {
            return None;
        }
        let asked = [
            (&seen.session, "session", &self.session),
            (&seen.rule, "rule", &self.rule),
            (&seen.tool, "tool", &self.tool),
            (&seen.principal, "principal", &self.principal),
        ];
        let nowhere = asked.into_iter().filter(|(flag, ..)| !flag.load(Ordering::Relaxed));
        let mut nowhere: Vec<String> = nowhere
            .filter_map(|(_, what, name)| Some(format!("{what} `{}`", name.as_deref()?)))
            .collect();
        if self.condition.is_some() && !seen.condition.load(Ordering::Relaxed) {
            nowhere.push("all that `--where` asks".to_owned());
        }
        Some(NoneTaken { records: seen.records.load(Ordering::Relaxed), nowhere })
    }

    /// Forgets the records that were asked about, none of which was taken.
    pub fn forget(&self) {
        self.seen.forget();
    }

    fn is_in_session(&self, record: &Record<'_>) -> bool {
        let is = |wanted: &String| record.session.is_some_and(|session| session.id.is(wanted));
        self.session.as_ref().is_none_or(is)
    }

    fn fired(&self, record: &Record<'_>) -> bool {
        let outcome = record.outcome.as_ref();
        self.rule
            .as_ref()
            .is_none_or(|rule| outcome.is_some_and(|it| it.fired().any(|id| id.is(rule))))
    }

    fn wants(&self, record: &Record<'_>) -> bool {
        let time = record.now.map(|Instant { seconds, nanoseconds }| (seconds, nanoseconds));
        self.since.is_none_or(|since| time.is_some_and(|time| time >= since))
            && self.until.is_none_or(|until| time.is_some_and(|time| time < until))
            && self.is_in_session(record)
            && self.effect.is_none_or(|effect| recorded_effect(record) == Some(Some(effect)))
            && self.fired(record)
            && self.one_of.is_none_or(|share| {
                let whose = record.session.map(|session| session.id).or(record.id);
                let name = whose.map(Text::text);
                name.is_some_and(|name| hash(name.as_bytes()) % share == 0)
            })
            && says(record, [&self.tool, &self.principal])
            && self
                .condition
                .as_ref()
                .is_none_or(|condition| condition.holds_of_record(record.line) == Some(true))
    }
}

/// Whether the context names this tool and this principal, where they are asked for.
fn says(record: &Record<'_>, [tool, principal]: [&Option<String>; 2]) -> bool {
    if tool.is_none() && principal.is_none() {
        return true;
    }
    let context = context(record);
    let at = |pointer, wanted: &Option<String>| {
        wanted
            .as_ref()
            .is_none_or(|wanted| context.pointer(pointer).and_then(Json::as_str) == Some(wanted))
    };
    at("/action/tool", tool) && at("/principal/id", principal)
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use super::{Filter, Limit, condition};
    use crate::runtime::record::read::Record;

    /// Which of ten records, in ten sessions, are taken; their amounts are their numbers.
    fn taken(filter: &Filter) -> Vec<usize> {
        let line = |n: usize| {
            format!(
                "{{\"v\":1,\"id\":\"r{n}\",\"ses\":{{\"id\":\"s{n}\",\"n\":1}},\"ctx\":{{\"n\":{n},\
                 \"memo\":{{\"$x\":\"drop\",\"t\":\"string\"}}}},\
                 \"out\":{{\"effect\":\"deny\",\"fired\":[\"a\"]}}}}"
            )
        };
        let takes = |n: &usize| filter.takes(&Record::read(line(*n).as_bytes()).unwrap());
        (0..10).filter(takes).collect()
    }

    fn holds(text: &str) -> Vec<usize> {
        taken(&Filter { condition: Some(condition(text).unwrap()), ..Filter::default() })
    }

    #[test]
    fn conditions_are_about_the_fields_of_a_record() {
        assert_eq!(holds("ctx.n > 7"), [8, 9]);
        assert_eq!(holds("ctx.n > 7 && out.effect == 'allow'"), [0; 0]);
        assert_eq!(holds("id in ['r1', 's2'] || ses.id == 's3'"), [1, 3]);
        assert_eq!(holds("'a' in out.fired && ctx.n == 4"), [4]);
        assert!(condition("amount > 7").unwrap_err().contains("amount"));
        assert!(condition("ctx.n +").is_err());
    }

    #[test]
    fn every_field_of_a_record_can_be_asked_about() {
        let page = include_str!("../../../docs/records.md");
        let rows = page.split("\n## The context").next().unwrap_or_default();
        let knew = page.split("\n## Sessions").nth(1).unwrap_or_default();
        let knew = knew.split("\n## ").next().unwrap_or_default();
        let cells = |line: &str| Some(line.strip_prefix("| `")?.split(" |").next()?.to_owned());
        let rows = [rows, knew].into_iter().flat_map(str::lines).filter_map(cells);
        let names: Vec<String> = rows
            .flat_map(|row| row.split(", ").map(|it| it.replace('`', "")).collect::<Vec<_>>())
            .collect();
        assert!(names.len() > 34, "{names:?}");
        for name in names {
            assert!(condition(&format!("string({name}) != ''")).is_ok(), "{name}");
        }
    }

    #[test]
    fn times_are_timestamps() {
        let line = r#"{"v":1,"id":"r","ts":"2026-11-19T14:03:22.5Z",
            "now":"2026-11-19T16:00:00+02:00","ctx":{}}"#;
        let record = Record::read(line.as_bytes()).unwrap();
        let holds = |text: &str| {
            let condition = Some(condition(text).unwrap());
            Filter { condition, ..Filter::default() }.takes(&record)
        };
        assert!(holds("now == timestamp('2026-11-19T14:00:00Z') && ts > now"));
        assert!(holds("now.getHours('Europe/Berlin') == 15"));
        assert!(!holds("now > timestamp('2026-11-19T14:00:00Z')"));
        assert!(condition("now == '2026-11-19T14:00:00Z'").is_err());
    }

    #[test]
    fn what_cannot_be_told_is_not_taken() {
        assert_eq!(holds("ctx.missing == 7"), [0; 0]);
        // A value that is withheld may be this or that; but it is there.
        assert_eq!(holds("ctx.memo == 'x' && ctx.n == 2"), [0; 0]);
        assert_eq!(holds("has(ctx.memo) && ctx.n == 2"), [2]);
        assert_eq!(holds("ctx.memo == 'x' || ctx.n == 2"), [2]);
    }

    #[test]
    fn what_no_record_has_is_named() {
        let none = |filter: &Filter| {
            assert_eq!(taken(filter), [0; 0]);
            filter.none_taken().map(|it| (it.records, it.nowhere.join(", ")))
        };
        let name = |name: &str| Some(name.to_owned());
        let wrong = Filter { rule: name("b"), session: name("s3"), ..Filter::default() };
        assert_eq!(none(&wrong), Some((10, "rule `b`".to_owned())));
        let wrong = Filter { tool: name("t"), ..Filter::default() };
        assert_eq!(none(&wrong), Some((10, "tool `t`".to_owned())));
        // Both are there, and never together; a condition that is false is one that can be told.
        let apart = Filter { since: Some((1, 0)), rule: name("a"), ..Filter::default() };
        assert_eq!(none(&apart), Some((10, String::new())));
        let holds = |text| Filter { condition: condition(text).ok(), ..Filter::default() };
        assert_eq!(none(&holds("ctx.n > 100")), Some((10, String::new())));
        assert_eq!(none(&holds("ctx.m > 100")).map(|it| it.1), name("all that `--where` asks"));
        let some = holds("ctx.n > 7");
        assert_eq!((taken(&some).len(), some.none_taken()), (2, None));
    }

    #[test]
    fn a_sample_keeps_sessions_whole_and_a_limit_the_first() {
        let one_of = |count| taken(&Filter { one_of: NonZero::new(count), ..Filter::default() });
        assert_eq!(one_of(1).len(), 10);
        let halves = one_of(2);
        assert!(!halves.is_empty() && halves.len() < 10 && halves == one_of(2));
        let filter = Filter { limit: Some(Limit::of(3)), ..Filter::default() };
        assert_eq!(taken(&filter), [0, 1, 2]);
        assert!(filter.is_spent() && taken(&filter).is_empty());
    }
}
