//! The measurement for people: one policy in full, several in a row each.
//!
//! ```text
//!   payments  4 contexts · payments_test.yaml
//!             p50     p90     p99   p99.9  p99.99     max    mean
//!   decide  31 ns   34 ns   58 ns  112 ns  840 ns  4.1 us   33 ns
//! ```
//!
//! Imports: `base`, `diag`, `tools::inspect`, `tools::project`, `tools::report`.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use crate::base::arrange::Arrange as _;
use crate::diag::numbers::grouped;
use crate::tools::bench::budget::{BudgetResult, Verdict};
use crate::tools::bench::compare::{Change, Comparison, Metric, Source};
use crate::tools::bench::document::{Measurement, RuleMeasurement};
use crate::tools::bench::draw::text::{Side, columns, growth, number, rate, time, values, what};
use crate::tools::bench::draw::{ComparisonView, Drawing};
use crate::tools::bench::places::Kind;
use crate::tools::bench::summary::{QUANTILES, Times};
use crate::tools::inspect::size_text;
use crate::tools::project::config::Limit;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::visible::visible;
use crate::tools::report::{counted, full};

/// Most rows of a table; of more the number is said.
const ROWS_MAX: usize = 10;
/// Columns of the words at the left.
const WORD_COLUMNS: usize = 12;

/// Everything, then the findings on their sources.
#[must_use]
pub fn draw(drawing: &Drawing<'_>, style: Style) -> String {
    let policies = &drawing.document.policies;
    let mut text = String::new();
    if drawing.stopped {
        let word = style.paint(Paint::Wait, "interrupted");
        let _ = writeln!(text, "  {word}: what was measured until then");
    }
    match policies.as_slice() {
        [policy] => one(drawing, policy, style, &mut text),
        policies => several(drawing, policies, style, &mut text),
    }
    let findings = full::draw(&drawing.report, style);
    if !findings.is_empty() {
        text.push('\n');
        text.push_str(&findings);
    }
    text
}

/// One policy in full.
fn one(drawing: &Drawing<'_>, policy: &Measurement, style: Style, text: &mut String) {
    let about = drawing.abouts.first();
    let (origin, prefix) = about.map_or(("", ""), |about| (about.origin, about.prefix));
    let contexts = &policy.contexts;
    let decisions = if contexts.decisions == contexts.distinct as u64 {
        String::new()
    } else {
        format!(" for {} decisions", grouped(contexts.decisions))
    };
    let name = style.paint(Paint::Strong, &visible(&policy.name));
    let count = counted(contexts.distinct, "context");
    let chosen = match contexts.chosen.as_str() {
        "" => String::new(),
        chosen => format!(" · {}", visible(chosen)),
    };
    let _ = writeln!(text, "  {name}  {count}{decisions} · {}{chosen}", visible(origin));
    times(policy, style, text);
    row(text, style, "count", &counts(policy));
    if !policy.throughput.is_empty() {
        let rates: Vec<String> = policy
            .throughput
            .iter()
            .map(|it| format!("{} {}", counted(it.threads, "thread"), rate(it.per_second)))
            .chain(["decisions from bytes".to_owned()])
            .collect();
        row(text, style, "rate", &rates);
    }
    let load = policy.load.map(|load| format!("the bundle loads in {}", time(load)));
    let held = policy.memory.iter().flat_map(|held| {
        let size = |bytes: u64| size_text(usize::try_from(bytes).unwrap_or(usize::MAX));
        let (load, scratch) = (size(held.load_bytes), size(held.scratch_bytes));
        [format!("loading takes {load} at most"), format!("a scratch holds {scratch}")]
    });
    row(text, style, "set-up", &load.into_iter().chain(held).collect::<Vec<_>>());
    let comparison = drawing.against.as_ref().zip(comparison(drawing, 0));
    if let Some((against, comparison)) = comparison {
        row(text, style, "against", &against_text(against, comparison));
    }
    for judged in drawing.budgets.first().map_or(&[][..], Vec::as_slice) {
        row(text, style, "budget", &[budget_text(judged)]);
    }
    rules((policy, prefix), comparison.map(|(_, comparison)| comparison), style, text);
    tools(policy, style, text);
    blame((policy, prefix), style, text);
}

fn comparison<'a>(drawing: &Drawing<'a>, at: usize) -> Option<&'a Comparison> {
    drawing.against.as_ref().and_then(|against| against.comparisons.get(at))
}

/// A word at the left and what it says; what does not fit on a line goes to the next, part by part.
fn row(text: &mut String, style: Style, word: &str, parts: &[String]) {
    let room = style.width.saturating_sub(WORD_COLUMNS);
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        let part = visible(part);
        match lines.last_mut() {
            Some(line) if line.width() + 3 + part.width() <= room => line.extend([" · ", &part]),
            Some(_) | None => lines.push(part.into_owned()),
        }
    }
    for (at, line) in lines.iter().enumerate() {
        let word = if at == 0 { word } else { "" };
        let _ = writeln!(text, "  {}{line}", style.paint(Paint::Help, &format!("{word:<10}")));
    }
}

/// Percentiles of deciding and reading.
fn times(policy: &Measurement, style: Style, text: &mut String) {
    let rows: Vec<(&str, &Times)> = [("decide", &policy.decide), ("read", &policy.read)]
        .into_iter()
        .filter_map(|(word, times)| Some((word, times.as_ref().filter(|it| it.samples > 0)?)))
        .collect();
    if rows.is_empty() {
        return;
    }
    let mut cells = vec![vec![String::new()]];
    if let Some(head) = cells.first_mut() {
        let names = QUANTILES.iter().map(|(name, _)| *name);
        head.extend(names.chain(["max", "mean"]).map(str::to_owned));
    }
    for (word, times) in &rows {
        let values = times.p.iter().chain([&times.max, &times.mean]).map(|ns| time(*ns));
        cells.push([(*word).to_owned()].into_iter().chain(values).collect());
    }
    let sides = [Side::Left].into_iter().chain([Side::Right; 7]).collect::<Vec<_>>();
    table(&cells, &sides, style, text);
    let batch = rows.first().map_or(1, |(_, times)| times.batch);
    if batch > 1 {
        let says = format!("short decisions are timed together, up to {batch}");
        row(text, style, "", &[says]);
    }
}

/// The first row pale, the others plain.
fn table(cells: &[Vec<String>], sides: &[Side], style: Style, text: &mut String) {
    for (at, line) in columns(cells, sides, style.width.saturating_sub(2)).iter().enumerate() {
        let line = if at == 0 { style.paint(Paint::Frame, line) } else { line.clone() };
        let _ = writeln!(text, "  {line}");
    }
}

/// `214 instructions a decision, 260 at most`, `412 units of cost`, `0 allocations`.
fn counts(policy: &Measurement) -> Vec<String> {
    let amount = |sum: u64, most: u64, word: &str| {
        let mean = number(policy.mean(sum));
        let most = grouped(most);
        if mean == most {
            format!("{mean} {word}")
        } else {
            format!("{mean} {word}, {most} at most")
        }
    };
    let (ran, cost) = (&policy.instructions, &policy.cost);
    let mut parts = vec![
        amount(ran.sum, ran.most, "instructions a decision"),
        amount(cost.sum, cost.most, "units of cost"),
    ];
    let allocations = policy.allocations.as_ref();
    parts.extend(allocations.map(|it| amount(it.sum, it.most, "allocations")));
    parts
}

/// `base.json`, `instructions +21 % (was 176)`, `cost same`, `p50 same`.
fn against_text(against: &ComparisonView<'_>, comparison: &Comparison) -> Vec<String> {
    let told = comparison.changes.iter().filter(|change| !matches!(change.what, Metric::Rule(_)));
    let part = |change: &Change| {
        let (_, before) = values(change);
        let mark = if change.worse { "✗ " } else { "" };
        match growth(change) {
            same if same == "same" => format!("{mark}{} same", what(change)),
            grown => format!("{mark}{} {grown} (was {before})", what(change)),
        }
    };
    let aside = match against.source {
        Source::Elsewhere => Some("its times are of another machine and left aside".to_owned()),
        Source::ThisRun | Source::Earlier => None,
    };
    [against.name.to_owned()].into_iter().chain(told.map(part)).chain(aside).collect()
}

fn budget_text(judged: &BudgetResult<'_>) -> String {
    let key = &judged.budget.key;
    let (found, limit) = match judged.budget.limit {
        Limit::Count(limit) => (number(judged.found), grouped(limit)),
        Limit::Nanoseconds(limit) => (time(judged.found), time(limit)),
    };
    match judged.verdict {
        Verdict::Kept => format!("{key} {found} of {limit}"),
        Verdict::Missed => format!("✗ {key} {found}, {limit} allowed"),
        Verdict::Unclear => {
            format!("{key} {found}, {limit} allowed: not judged, for rounds differ by more")
        }
        Verdict::Unmeasured => format!("{key} {limit}: not measured"),
    }
}

/// The rules with the most instructions; those that changed come first.
fn rules(
    (policy, prefix): (&Measurement, &str),
    comparison: Option<&Comparison>,
    style: Style,
    text: &mut String,
) {
    let change = |at: usize| {
        let changes = comparison.map_or(&[][..], |it| it.changes.as_slice());
        changes.iter().find(|change| change.what == Metric::Rule(at))
    };
    let is_new = |at: usize| comparison.is_some_and(|it| it.new_rules.contains(&at));
    let mut order: Vec<(usize, &RuleMeasurement)> =
        policy.rules.iter().enumerate().filter(|(_, rule)| rule.asked > 0).collect();
    let changed = |at: usize| change(at).is_some() || is_new(at);
    order.arrange_by_key(|(at, rule)| (!changed(*at), std::cmp::Reverse(rule.instructions), *at));
    if order.is_empty() {
        return;
    }
    let mut sides = vec![Side::Left, Side::Right, Side::Right];
    let mut head = vec!["rule", "asked", "instructions"];
    if comparison.is_some() {
        head.push("growth");
        sides.push(Side::Right);
    }
    let timed = order.iter().any(|(_, rule)| rule.nanoseconds.is_some());
    if timed {
        head.push("time");
        sides.push(Side::Right);
    }
    head.push("where");
    sides.push(Side::Left);
    let mut cells: Vec<Vec<String>> = vec![head.into_iter().map(str::to_owned).collect()];
    for (at, rule) in order.iter().take(ROWS_MAX) {
        let mut row = vec![
            named(rule.kind, &rule.rule),
            share(rule.asked, policy.contexts.decisions),
            number(policy.mean(rule.instructions)),
        ];
        if comparison.is_some() {
            let grown = change(*at).map(growth);
            row.push(grown.unwrap_or_else(|| if is_new(*at) { "new" } else { "" }.to_owned()));
        }
        if timed {
            row.push(rule.nanoseconds.map_or(String::new(), time));
        }
        row.push(place(prefix, &rule.file, rule.line));
        cells.push(row);
    }
    text.push('\n');
    table(&cells, &sides, style, text);
    more(order.len(), "rule", text);
}

/// The tools with the most decisions.
fn tools(policy: &Measurement, style: Style, text: &mut String) {
    if policy.tools.len() < 2 {
        return;
    }
    let mut order: Vec<_> = policy.tools.iter().collect();
    order.arrange_by_key(|tool| std::cmp::Reverse(tool.decisions));
    let timed = order.iter().any(|tool| tool.nanoseconds.is_some());
    let mut head = vec!["tool", "decisions", "instructions"];
    head.extend(timed.then_some("decide"));
    let mut cells: Vec<Vec<String>> = vec![head.into_iter().map(str::to_owned).collect()];
    for tool in order.iter().take(ROWS_MAX) {
        #[expect(clippy::cast_precision_loss, reason = "a mean is shown with a few digits")]
        let mean = tool.instructions as f64 / tool.decisions.max(1) as f64;
        let decisions = share(tool.decisions, policy.contexts.decisions);
        let mut row = vec![tool.tool.clone(), decisions, number(mean)];
        row.extend(tool.nanoseconds.map(time));
        cells.push(row);
    }
    let sides = [Side::Left, Side::Right, Side::Right, Side::Right];
    text.push('\n');
    table(&cells, sides.get(..3 + usize::from(timed)).unwrap_or(&sides), style, text);
    more(order.len(), "tool", text);
}

/// Where the time goes.
fn blame((policy, prefix): (&Measurement, &str), style: Style, text: &mut String) {
    if policy.blame.is_empty() {
        return;
    }
    let head = ["time", "share", "rule", "atom", "where"];
    let mut cells: Vec<Vec<String>> = vec![head.map(str::to_owned).to_vec()];
    for blame in &policy.blame {
        let atom = if blame.atom.is_empty() { "(the rest of it)" } else { &blame.atom };
        cells.push(vec![
            time(blame.nanoseconds),
            format!("{:.0} %", blame.share * 100.0),
            named(blame.kind, &blame.rule),
            atom.to_owned(),
            place(prefix, &blame.file, blame.line),
        ]);
    }
    let sides = [Side::Right, Side::Right, Side::Left, Side::Left, Side::Left];
    text.push('\n');
    table(&cells, &sides, style, text);
}

/// `12 of 18`.
fn share(part: u64, whole: u64) -> String {
    format!("{} of {}", grouped(part), grouped(whole))
}

/// A rule or an output by its name; a variable and a part with a word that says so.
fn named(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Rule | Kind::Output => name.to_owned(),
        Kind::Variable => format!("{name} (variable)"),
        Kind::Part => format!("(shared) {name}"),
    }
}

/// `payments.yaml:21`.
fn place(prefix: &str, file: &str, line: u32) -> String {
    if file.is_empty() { String::new() } else { format!("{prefix}{file}:{line}") }
}

fn more(count: usize, word: &str, text: &mut String) {
    if count > ROWS_MAX {
        let _ = writeln!(text, "  and {} with less", counted(count - ROWS_MAX, word));
    }
}

/// A row for each of several policies.
fn several(drawing: &Drawing<'_>, policies: &[Measurement], style: Style, text: &mut String) {
    let mut head = vec!["", "p50", "p99", "p99.9", "instructions", "allocs"];
    head.extend(drawing.against.as_ref().map(|_| "against"));
    let mut cells: Vec<Vec<String>> = vec![head.into_iter().map(str::to_owned).collect()];
    for (at, policy) in policies.iter().enumerate() {
        let quantile = |at: usize| {
            let ns = policy.decide.as_ref().and_then(|times| times.p.get(at));
            ns.map_or(String::new(), |ns| time(*ns))
        };
        let allocations = policy.allocations.as_ref();
        let mut row = vec![
            policy.name.clone(),
            quantile(0),
            quantile(2),
            quantile(3),
            number(policy.mean(policy.instructions.sum)),
            allocations.map_or(String::new(), |it| number(policy.mean(it.sum))),
        ];
        row.extend(comparison(drawing, at).map(in_a_word));
        cells.push(row);
    }
    let sides = [Side::Left].into_iter().chain([Side::Right; 5]).chain([Side::Left]);
    let mut sides: Vec<Side> = sides.collect();
    for at in (1..sides.len()).rev() {
        let empty = |row: &Vec<String>| row.get(at).is_none_or(String::is_empty);
        if cells.iter().skip(1).all(empty) {
            sides.remove(at);
            cells.iter_mut().filter(|row| at < row.len()).for_each(|row| drop(row.remove(at)));
        }
    }
    table(&cells, &sides, style, text);
}

/// The worst of a comparison: `✗ instructions +21 %`, `instructions -3.0 %`, `same`.
fn in_a_word(comparison: &Comparison) -> String {
    let told = |change: &&Change| growth(change) != "same";
    let worst = comparison.worse().next();
    let counts = || comparison.changes.iter().filter(|it| matches!(it.what, Metric::Count(_)));
    let mark = if worst.is_some() { "✗ " } else { "" };
    worst
        .or_else(|| counts().find(told))
        .map_or("same".to_owned(), |change| format!("{mark}{} {}", what(change), growth(change)))
}
