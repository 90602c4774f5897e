//! What documents say about how much: meters, and the limits of what they measure.
//!
//! In:      the values of `meters` and `limits`.
//! Out:     them as data, with their places. What they mean is `compiler::govern`'s business.
//! Imports: `base`, `diag`, `lang`.
//! Source:  `docs/sessions.md`, "Meters".

use crate::base::limits::{METER_BUCKETS_MAX, METER_KEYS, METER_KEYS_MAX};
use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::document::agents::over;
use crate::compiler::syntax::document::keys::{
    IDENTIFIER, Keys, bad, choice, choice_or, is_identifier, list, mapping, name, number,
    some_names, text, wrong,
};
use crate::compiler::syntax::document::mappings;
use crate::compiler::syntax::document::model::Escalation;
use crate::compiler::syntax::document::reader::Reader;
use crate::compiler::syntax::document::rule::duration;
use crate::compiler::syntax::document::sections::known_zone;
use crate::compiler::syntax::document::yaml::{Entry, Node};
use crate::diag::sink::Sink;
use crate::lang::fixed;
use crate::lang::session::Period;

/// Buckets of a window that slides, where its resolution is not written.
const BUCKETS: i64 = 60;

/// A meter: it adds up what calls take.
#[derive(Clone, Debug)]
pub struct Meter {
    /// Its name.
    pub name: Spanned<Name>,
    /// `on`: patterns of the tools whose calls it measures.
    pub on: Vec<Spanned<Name>>,
    /// `key`: it measures apart for each value of this.
    pub key: Option<ExprId>,
    /// `amount`: what a call takes; without it, `count`.
    pub amount: Option<ExprId>,
    /// `count`: what a call counts for.
    pub count: u32,
    /// `window`.
    pub window: MeterWindow,
    /// `max_keys`: under how many keys it measures.
    pub keys_max: u32,
}

/// For how long a meter remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeterWindow {
    /// All of the session.
    Session,
    /// So many nanoseconds back, in buckets of so many.
    Sliding(i64, i64),
    /// The period at hand, in a zone.
    Calendar(Period, Name),
    /// What it holds runs out: so much in so many nanoseconds.
    Bucket(i64, i64),
}

/// A limit of what a meter measures.
#[derive(Clone, Debug)]
pub struct Limit {
    /// `id`, or `limit.METER`.
    pub id: Spanned<Name>,
    /// The whole entry.
    pub span: Span,
    /// `description`.
    pub description: Option<String>,
    /// `meter`.
    pub meter: Spanned<Name>,
    /// `max`, in millionths.
    pub max: i64,
    /// `over`: what happens then; `None` denies.
    pub over: Option<Escalation>,
}

/// An expression that a session evaluates beside decisions.
#[derive(Clone, Debug)]
pub struct Term {
    /// The expression.
    pub expr: ExprId,
    /// Patterns of the tools whose calls it is about; empty: every tool.
    pub on: Vec<Spanned<Name>>,
    /// What it must give.
    pub gives: TermResult,
}

/// What an expression gives that a session evaluates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermResult {
    /// A string, an int, a uint or a bool, which becomes text.
    Text,
    /// A number, or a string that spells one.
    Amount,
    /// A bool.
    Condition,
    /// What may be the argument of a tool that has this name.
    Argument(Name, Name),
    /// A bool about `out`, what a tool gave, and about nothing else.
    Output,
    /// A list of strings about `out`, and about nothing else.
    Readers,
    /// Anything: a part of a question.
    Quote,
}

/// `{name: {on, key, window, count, amount}}`.
pub(super) fn meters(node: &Node, reader: &mut Reader<'_>) -> Vec<Meter> {
    let entries = mapping(node, "`meters`", reader.sink).unwrap_or_default();
    entries.iter().filter_map(|entry| meter(entry, reader)).collect()
}

fn meter(entry: &Entry, reader: &mut Reader<'_>) -> Option<Meter> {
    let keys = Keys::open(&entry.value, "a meter", reader.sink)?;
    keys.known(&mappings::METER, reader.sink);
    let sink = &mut *reader.sink;
    let name = Spanned::new(Name::new(&entry.key.value), entry.key.span);
    if !entry.key.value.split('.').all(is_identifier) {
        bad(name.span, "the name of a meter", &name.value, IDENTIFIER, &[], sink);
    }
    let on = keys.need("on", sink).map_or(Vec::new(), |it| some_names(&it.value, "`on`", sink));
    let count = keys.value("count").and_then(|it| number(it, "`count`", 1, sink));
    let keys_max = keys.value("max_keys").and_then(|it| {
        let found: u32 = number(it, "`max_keys`", 1, sink)?;
        if found > METER_KEYS_MAX {
            let wanted = format!("a whole number up to {METER_KEYS_MAX}");
            bad(it.span, "`max_keys`", &found.to_string(), &wanted, &[], sink);
        }
        Some(found)
    });
    let window = keys.need("window", sink).and_then(|it| window(&it.value, sink));
    if let (Some(count), Some(_)) = (keys.get("count"), keys.get("amount")) {
        let wanted = "nothing, where `amount` says what a call takes";
        bad(count.key.span, "`count`", "count", wanted, &[], sink);
    }
    let key = keys.value("key").map(|it| reader.expression("key", it));
    let amount = keys.value("amount").map(|it| reader.expression("amount", it));
    let keys_max = keys_max.unwrap_or(METER_KEYS);
    Some(Meter { name, on, key, amount, count: count.unwrap_or(1), window: window?, keys_max })
}

/// `session`, `{sliding: 1h, resolution: 1m}`, `{calendar: day, zone: UTC}` or
/// `{token_bucket: 1m, refill: 10}`.
fn window(node: &Node, sink: &mut Sink) -> Option<MeterWindow> {
    if node.entries().is_none() {
        let longer = ["{sliding: 24h}", "{calendar: day, zone: UTC}"];
        choice_or(node, "a window", &[("session", ())], &longer, sink)?;
        return Some(MeterWindow::Session);
    }
    let keys = Keys::open(node, "a window", sink)?;
    keys.known(&mappings::METER_WINDOW, sink);
    let kinds = [
        ("sliding", &["sliding", "resolution"]),
        ("calendar", &["calendar", "zone"]),
        ("token_bucket", &["token_bucket", "refill"]),
    ];
    let Some((kind, own)) = kinds.into_iter().find(|(kind, _)| keys.get(kind).is_some()) else {
        wrong(node, "a window", "`sliding`, `calendar` or `token_bucket`", sink);
        return None;
    };
    keys.only(own, sink);
    match kind {
        "sliding" => {
            let length = duration(&keys, "sliding", sink)?;
            let own = keys.get("resolution").map(|_| duration(&keys, "resolution", sink));
            let resolution = own.unwrap_or(Some((length / BUCKETS).max(1)))?;
            let buckets = length / resolution;
            if buckets >= METER_BUCKETS_MAX || resolution > length {
                let at = keys.value("resolution").map_or(node.span, |it| it.span);
                let wanted = format!("at most the length, and {METER_BUCKETS_MAX} parts of it");
                let found = keys.text("resolution", sink).map_or(String::new(), |it| it.value);
                bad(at, "`resolution`", &found, &wanted, &[], sink);
                return None;
            }
            Some(MeterWindow::Sliding(length, resolution))
        }
        "calendar" => {
            let period = choice(keys.value("calendar")?, "`calendar`", &mappings::PERIODS, sink)?;
            let zone = keys.need("zone", sink).and_then(|it| name(&it.value, "`zone`", sink))?;
            if !known_zone(&zone, sink) {
                return None;
            }
            Some(MeterWindow::Calendar(period, zone.value))
        }
        _ => {
            let per = duration(&keys, "token_bucket", sink)?;
            let refill = fixed_number(&keys.need("refill", sink)?.value, "`refill`", sink)?;
            Some(MeterWindow::Bucket(refill, per))
        }
    }
}

/// A number in millionths, as `10` or `"500.00"`.
fn fixed_number(node: &Node, what: &str, sink: &mut Sink) -> Option<i64> {
    let found = text(node, what, sink)?;
    let exact = fixed::parse(&found.value).filter(|(_, exact)| *exact);
    let number = exact.and_then(|(number, _)| i64::try_from(number).ok());
    if number.is_none() {
        let wanted = "a number from 0 with at most six decimals, as `500.00`";
        bad(found.span, what, &found.value, wanted, &[], sink);
    }
    number
}

/// `[{meter, max, over}, ..]`.
pub(super) fn limits(node: &Node, reader: &mut Reader<'_>) -> Vec<Limit> {
    let items = list(node, "`limits`", reader.sink).unwrap_or_default();
    items.iter().filter_map(|item| limit(item, reader)).collect()
}

fn limit(node: &Node, reader: &mut Reader<'_>) -> Option<Limit> {
    let keys = Keys::open(node, "a limit", reader.sink)?;
    keys.known(&mappings::LIMIT, reader.sink);
    let sink = &mut *reader.sink;
    let description = keys.text("description", sink).map(|text| text.value);
    let meter = name(&keys.need("meter", sink)?.value, "`meter`", sink)?;
    let max = fixed_number(&keys.need("max", sink)?.value, "`max`", sink)?;
    let own = keys.value("id").map(|it| name(it, "`id`", sink));
    let made = || Spanned::new(Name::from(format!("limit.{}", meter.value)), meter.span);
    let id = own.unwrap_or_else(|| Some(made()))?;
    let over = over(&keys, reader).ok()?;
    Some(Limit { id, span: node.span, description, meter, max, over })
}
