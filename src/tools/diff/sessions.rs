//! What sessions know of two bundles, where it differs, in words.
//!
//! In:      the tables of two modules that speak of sessions.
//! Out:     a line for each limit, label, tool, meter and part of a plan that is not the same.
//! Imports: `lang`, `runtime::bundle`.
//!
//! What an expression says is not told: whether one differs is `meta::sessions_may_differ`'s.

use std::collections::BTreeMap;

use crate::lang::value::duration::shortest;
use crate::runtime::bundle::govern::{ArgumentRow, FieldLabels, Govern, WindowRow};
use crate::runtime::bundle::module::{Module, NONE, Step, Str};

/// Lines such as `limit cap: at most 500 -> 1000`.
#[must_use]
pub(in crate::tools::diff) fn differences(old: &Module, new: &Module) -> Vec<String> {
    let (was, is) = (Tables(old).rows(), Tables(new).rows());
    let mut lines = Vec::new();
    for (name, before) in &was {
        match is.get(name) {
            None => lines.push(format!("{name}: removed ({before})")),
            Some(after) if after != before => lines.push(format!("{name}: {before} -> {after}")),
            Some(_) => {}
        }
    }
    let added = is.iter().filter(|(name, _)| !was.contains_key(*name));
    lines.extend(added.map(|(name, after)| format!("{name}: added ({after})")));
    lines
}

/// The tables of a module.
struct Tables<'m>(&'m Module);

impl Tables<'_> {
    fn govern(&self) -> &Govern {
        &self.0.govern
    }

    fn text(&self, at: Str) -> &str {
        self.0.strings.get(at as usize).unwrap_or_default()
    }

    fn texts(&self, all: &[Str]) -> String {
        let all: Vec<&str> = all.iter().map(|at| self.text(*at)).collect();
        format!("[{}]", all.join(", "))
    }

    fn arguments(&self, all: &[ArgumentRow]) -> String {
        let row = |row: &ArgumentRow| format!("{}: {}", self.text(row.name), row.words());
        format!("[{}]", all.iter().map(row).collect::<Vec<_>>().join(", "))
    }

    fn labels(&self, all: &[u16]) -> String {
        let row = |at: &u16| self.govern().labels.get(usize::from(*at));
        let all: Vec<&str> = all.iter().filter_map(row).map(|row| self.text(row.name)).collect();
        format!("[{}]", all.join(", "))
    }

    /// Everything that has a name, and what is known of it.
    fn rows(&self) -> BTreeMap<String, String> {
        let govern = self.govern();
        let mut rows = BTreeMap::new();
        for row in &govern.limits {
            let meter =
                govern.meters.get(usize::from(row.meter)).map_or("", |it| self.text(it.name));
            let text = format!("at most {} of {meter}", decimal(row.max));
            rows.insert(format!("limit {}", self.text(row.id)), text);
        }
        for row in &govern.meters {
            let (on, window) = (self.texts(&row.on), self.window(&row.window));
            let text = format!("{on}, {window}, {} keys", row.keys_max);
            rows.insert(format!("meter {}", self.text(row.name)), text);
        }
        for row in &govern.labels {
            let name = format!("label {}", self.text(row.name));
            rows.insert(name, format!("brings {}", self.labels(&row.implies)));
        }
        for row in &govern.tools {
            let name = format!("tool {}", self.text(row.name));
            let args = row.args.as_ref();
            let args = args.map_or("any arguments".to_owned(), |args| self.arguments(args));
            let does = if row.writes { "acts" } else { "reads" };
            rows.insert(name.clone(), format!("{does}, {args}"));
            for field in &row.outputs {
                let path = self.path(field);
                let kept = rows.remove(&format!("{name} output {path}"));
                let text = kept.into_iter().chain([self.output(field)]).collect::<Vec<_>>();
                rows.insert(format!("{name} output {path}"), text.join(" and "));
            }
        }
        for row in &govern.sanitizers {
            let (removes, adds) = (self.labels(&row.removes), self.labels(&row.adds));
            let text = format!("{} takes away {removes}, adds {adds}", self.text(row.tool));
            rows.insert(format!("sanitizer {}", self.text(row.name)), text);
        }
        for row in &govern.declassify {
            let (removes, by) = (self.labels(&row.removes), self.texts(&row.by));
            let text = format!("{} takes away {removes} for {by}", self.text(row.tool));
            rows.insert(format!("declassify {}", self.text(row.id)), text);
        }
        self.plan(&mut rows);
        rows
    }

    fn plan(&self, rows: &mut BTreeMap<String, String>) {
        let Some(plan) = &self.govern().plan else { return };
        let often = |count: Option<u32>| count.map_or("any number".to_owned(), |it| it.to_string());
        let reads = format!("{} of {}", often(plan.budget), self.texts(&plan.reads));
        rows.insert("plan reads".to_owned(), reads);
        for row in &plan.steps {
            let name = |at: &u16| plan.steps.get(usize::from(*at)).map(|it| it.name);
            let after: Vec<Str> = row.after.iter().filter_map(name).collect();
            let (tool, after) = (self.text(row.tool), self.texts(&after));
            let text = format!("{tool}, {} times, after {after}", often(row.times));
            rows.insert(format!("plan step {}", self.text(row.name)), text);
        }
    }

    fn window(&self, window: &WindowRow) -> String {
        match window {
            WindowRow::Session => "a session".to_owned(),
            WindowRow::Sliding(length, _) => format!("the last {}", shortest(*length)),
            WindowRow::Calendar(period, zone) => {
                format!("a {} in {}", format!("{period:?}").to_lowercase(), self.text(*zone))
            }
            WindowRow::Bucket(amount, length) => {
                format!("{} in {}", decimal(*amount), shortest(*length))
            }
        }
    }

    fn path(&self, field: &FieldLabels) -> String {
        let step = |step: &Step| match step {
            Step::Key(key) => format!("/{}", self.text(*key)),
            Step::Any => "/*".to_owned(),
            Step::Names => "/~keys".to_owned(),
        };
        let path: String = field.path.iter().map(step).collect();
        if path.is_empty() { "\"\"".to_owned() } else { path }
    }

    fn output(&self, field: &FieldLabels) -> String {
        let inherits = if field.inherit { " and what arguments carry" } else { "" };
        let when = if field.when == NONE { "" } else { " on a condition" };
        let audience = if field.audience == NONE { "" } else { ", for an audience" };
        format!("{}{inherits}{when}{audience}", self.labels(&field.labels))
    }
}

/// Millionths as a number.
fn decimal(millionths: i64) -> String {
    let (whole, rest) = (millionths / 1_000_000, (millionths % 1_000_000).unsigned_abs());
    let sign = if millionths < 0 && whole == 0 { "-" } else { "" };
    let rest = format!("{rest:06}");
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}
