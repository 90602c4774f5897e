//! What a candidate changes in recorded decisions, drawn.
//!
//! In:      `Impact`, and both bundles.
//! Out:     text for people; the other formats are beside.
//! Imports: `base`, `diag`, `lang`, `runtime::record`, `tools::inspect`, `tools::replay`.

use std::fmt::Write as _;

use crate::base::arrange::Arrange as _;
use crate::diag::numbers::grouped;
use crate::lang::value::time::Instant;
use crate::runtime::record::check::ChainReport;
use crate::tools::inspect::bundle_name;
use crate::tools::inspect::description::DescribedProgram;
use crate::tools::replay::condition::{Condition, condition};
use crate::tools::replay::gate::GateStatus;
use crate::tools::replay::impact::{
    Changed, Count, Example, FirstChange, Impact, Outcome, Turn, Way,
};
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::replay::caveats::{Caveat, caveats};
use crate::tools::report::replay::{chain, html, impact_formats, share};
use crate::tools::report::visible::{visible, wrap};

/// Principals that are named; of more the number is told.
const PRINCIPALS_SHOWN: usize = 2;
/// Lines of a rule that are shown where they changed.
const LINES_SHOWN: usize = 6;
/// Sessions that are named of those with later changes.
const SESSIONS_SHOWN: usize = 20;
/// Columns in front of what a row of a cluster says.
const SAYS: usize = 14;

/// Decisions that change in one way.
#[derive(Clone, Debug)]
pub struct Cluster<'a> {
    /// `A`, `B`, ..
    pub name: String,
    /// The way.
    pub way: &'a Way,
    /// What is known of them.
    pub changed: &'a Changed,
    /// What tells them from all others.
    pub condition: Condition,
}

/// What there is to draw.
#[derive(Clone, Debug)]
pub struct Drawing<'a> {
    /// What was found out.
    pub impact: &'a Impact,
    /// What is known of the chains of the logs.
    pub chained: ChainReport,
    /// The bundle that decides before, where it is one.
    pub from: Option<&'a DescribedProgram<'a>>,
    /// The candidate.
    pub to: &'a DescribedProgram<'a>,
    /// As people call the candidate.
    pub to_name: &'a str,
    /// How long it took, in words.
    pub took: &'a str,
    /// The gates, and what came of each.
    pub gates: &'a [(String, GateStatus)],
    /// The ways, the gravest first.
    pub clusters: Vec<Cluster<'a>>,
    /// Whether it was stopped before the end.
    pub stopped: bool,
    /// Undetermined records that are no reason to fail.
    pub max_undetermined: u64,
    /// Whether the sessions with later changes are named.
    pub downstream: bool,
}

/// A format: its name, and how it is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// As it is chosen.
    pub name: &'static str,
    /// Draws everything.
    pub draw: fn(&Drawing<'_>, Style) -> String,
}

/// Every format. The first is the default.
pub const FORMATS: &[Format] = &[
    Format { name: "full", draw: full },
    Format { name: "html", draw: html::draw },
    Format { name: "json", draw: impact_formats::json },
    Format { name: "junit", draw: impact_formats::junit },
    Format { name: "markdown", draw: impact_formats::markdown },
];

/// The ways in which decisions change, the gravest first: what is newly allowed, then by number.
#[must_use]
pub fn clusters<'a>(
    impact: &'a Impact,
    from: Option<&DescribedProgram<'_>>,
    to: &DescribedProgram<'_>,
) -> Vec<Cluster<'a>> {
    let mut ways: Vec<(&Way, &Changed)> = impact.ways.rows().collect();
    ways.arrange_by_key(|(way, changed)| {
        (rank(way), std::cmp::Reverse(changed.count.decisions), (*way).clone())
    });
    (0..)
        .zip(ways)
        .map(|(at, (way, changed))| Cluster {
            name: letters(at),
            way,
            changed,
            condition: condition(impact, way, from, to),
        })
        .collect()
}

/// `A` to `Z`, then `AA`.
fn letters(at: usize) -> String {
    let digit = char::from(b'A' + u8::try_from(at % 26).unwrap_or(0));
    if at < 26 { digit.to_string() } else { format!("{}{digit}", letters(at / 26 - 1)) }
}

const fn rank(way: &Way) -> u8 {
    match Turn::of(way.from, way.to) {
        Some(Turn::NewlyAllowed) => 0,
        Some(Turn::Relaxed) => 1,
        Some(Turn::NewlyDenied) => 2,
        Some(Turn::Tightened) => 3,
        None => 4,
    }
}

/// `▼ newly allowed 3   ▽ relaxed 0   ..`
fn turns(impact: &Impact) -> String {
    let told =
        |turn: Turn| format!("{} {} {}", turn_sign(turn), turn.words(), count(impact.turned(turn)));
    Turn::ALL.map(told).join("   ")
}

/// `3 newly allowed, 0 relaxed, ..`
pub(super) fn turns_in_words(impact: &Impact) -> String {
    let told = |turn: Turn| format!("{} {}", count(impact.turned(turn)), turn.words());
    Turn::ALL.map(told).join(", ")
}

const fn turn_sign(turn: Turn) -> &'static str {
    match turn {
        Turn::NewlyAllowed => "▼",
        Turn::Relaxed => "▽",
        Turn::NewlyDenied => "▲",
        Turn::Tightened => "△",
    }
}

/// The sign and the words of a way.
pub(super) const fn sign(way: &Way) -> (&'static str, &'static str) {
    match (way.from, way.to) {
        (Outcome::Undetermined, _) => ("◇", "now determined"),
        (_, Outcome::Undetermined) => ("◇", "now undetermined"),
        (from, to) => match Turn::of(from, to) {
            Some(turn) => (turn_sign(turn), turn.words()),
            None => ("◇", "the same effect"),
        },
    }
}

/// `1 204`, and how sure that is where records stand for others.
pub(super) fn count(count: Count) -> String {
    if count.spread == 0 {
        return grouped(count.decisions);
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an interval for people"
    )]
    let half = (1.96 * (count.spread as f64).sqrt()).round() as u64;
    format!("{} ± {}", grouped(count.decisions), grouped(half))
}

/// `1 204 recorded decisions`.
pub(super) fn decisions(total: Count, what: &str) -> String {
    let one = total.decisions == 1 && total.spread == 0;
    format!("{} {what}decision{}", count(total), if one { "" } else { "s" })
}

/// `1 agent`, `about 4 000 agents`.
pub(super) fn number(many: u64, whole: bool, word: &str) -> String {
    let about = if whole { "" } else { "about " };
    format!("{about}{} {word}{}", grouped(many), if many == 1 { "" } else { "s" })
}

/// What makes the difference: `` `two-person` no longer fires``.
pub(super) fn cause(way: &Way) -> String {
    if let Some(why) = &way.refused {
        return format!("the candidate refuses the context: {why}");
    }
    if way.open {
        return "which rules fire is not known".to_owned();
    }
    let named = |ids: &[String]| {
        let ids: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
        ids.join(", ")
    };
    let verb = |ids: &[String]| if ids.len() == 1 { "fires" } else { "fire" };
    let gone = (!way.gone.is_empty()).then(|| {
        let no_longer = if way.gone.len() == 1 { "no longer fires" } else { "no longer fire" };
        format!("{} {no_longer}", named(&way.gone))
    });
    let new = (!way.new.is_empty()).then(|| format!("{} {} now", named(&way.new), verb(&way.new)));
    let fails = if way.failed.len() == 1 { "fails" } else { "fail" };
    let failed = (!way.failed.is_empty()).then(|| format!("{} {fails} now", named(&way.failed)));
    let parts: Vec<String> = gone.into_iter().chain(new).chain(failed).collect();
    if parts.is_empty() { "the same rules fire".to_owned() } else { parts.join(", ") }
}

/// The lines of the rules that fire now or do not any more which one of both bundles lacks: sign,
/// number, text.
fn lines(drawing: &Drawing<'_>, way: &Way) -> Vec<(char, u32, String)> {
    let of = |worded: Option<&DescribedProgram<'_>>| -> Vec<(u32, String)> {
        let Some(DescribedProgram { program, debug, .. }) = worded else { return Vec::new() };
        let ids = way.gone.iter().chain(&way.new);
        let rules = ids.filter_map(|id| {
            (0..).zip(&debug.rules).find(|(at, _)| program.rule_id(*at) == id).map(|(_, row)| row)
        });
        let mut all = Vec::new();
        for rule in rules {
            let Some((_, text)) = debug.sources.get(rule.place.source as usize) else { continue };
            let (start, end) = (rule.place.start as usize, rule.place.end as usize);
            let before = text.get(..start).map_or(0, |text| text.matches('\n').count());
            let first = u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1);
            let own = text.get(start..end).unwrap_or_default().lines();
            all.extend((first..).zip(own.map(|line| line.trim_end().to_owned())));
        }
        all
    };
    let (old, new) = (of(drawing.from), of(Some(drawing.to)));
    let lacks = |these: &[(u32, String)], line: &str| !these.iter().any(|(_, it)| it == line);
    let gone = old.iter().filter(|(_, line)| lacks(&new, line) && drawing.from.is_some());
    let come = new.iter().filter(|(_, line)| lacks(&old, line) && drawing.from.is_some());
    let gone = gone.map(|(at, line)| ('-', *at, line.clone()));
    let come = come.map(|(at, line)| ('+', *at, line.clone()));
    gone.chain(come).take(LINES_SHOWN).collect()
}

/// `deploy-2 812, deploy-9 214, 39 others 178`.
fn principals(changed: &Changed) -> Option<String> {
    let mut all: Vec<(&String, u64)> =
        changed.principals.rows().map(|(id, count)| (id, *count)).collect();
    if all.is_empty() {
        return None;
    }
    all.arrange_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let (shown, others) = all.split_at(all.len().min(PRINCIPALS_SHOWN));
    let mut parts: Vec<String> =
        shown.iter().map(|(id, count)| format!("{id} {}", grouped(*count))).collect();
    if !others.is_empty() {
        let more = changed.principals.count() - shown.len() as u64;
        let decisions: u64 = others.iter().map(|(_, count)| count).sum();
        let others = number(more, changed.principals.is_whole(), "other");
        parts.push(format!("{others} {}", grouped(decisions)));
    }
    Some(parts.join(", "))
}

/// `01JD4ZK7Q8  bank.transfer  agent:billing-7  2026-11-19T14:03:02Z`.
pub(super) fn example(example: &Example) -> String {
    let now = example.now.map(|(seconds, nanoseconds)| Instant { seconds, nanoseconds });
    let parts = [
        Some(example.id.clone()),
        example.tool.clone(),
        example.principal.clone(),
        now.map(|now| now.to_string()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// The bundle before and the candidate: `payments@9f2c41`.
pub(super) fn names(drawing: &Drawing<'_>) -> (String, String) {
    let bundles = || format!("{} bundles", drawing.impact.bundles.len());
    let from = drawing.from.map_or_else(bundles, |from| bundle_name(from.program));
    (from, format!("{} ({})", drawing.to_name, bundle_name(drawing.to.program)))
}

/// For people.
fn full(drawing: &Drawing<'_>, style: Style) -> String {
    let impact = drawing.impact;
    let mut text = String::new();
    let sessions = impact.sessions.count();
    let mut head = vec!["impact".to_owned(), decisions(impact.total(), "")];
    if sessions > 0 {
        head.push(number(sessions, impact.sessions.is_whole(), "session"));
    }
    if drawing.stopped {
        head.push("stopped before the end".to_owned());
    }
    let _ = writeln!(text, "  {}  {}", style.paint(Paint::Strong, &head.join(" · ")), drawing.took);
    let (from, to) = names(drawing);
    let _ = writeln!(text, "  from {}   to {}", visible(&from), visible(&to));
    let _ = writeln!(text, "  {}", baseline(impact));
    if !drawing.chained.writers.is_empty() {
        let (mark, paint, says) = chain::row(&drawing.chained, impact.unchained);
        let _ = writeln!(text, "  chain     {} {}", style.paint(paint, mark), visible(&says));
    }
    // Two have been told of.
    let told = |caveat: &Caveat| ["chain", "stopped"].contains(&caveat.word);
    for Caveat { word, says, .. } in caveats(drawing).into_iter().filter(|it| !told(it)) {
        let _ = writeln!(text, "  {word:<8}  {}", visible(&says));
    }
    text.push_str(&matrix(impact));
    text.push_str(&summary(drawing));
    for cluster in &drawing.clusters {
        cluster_full(&mut text, drawing, cluster, style);
    }
    for (gate, standing) in drawing.gates {
        let (mark, paint) = match standing {
            GateStatus::Kept => ("✓", Paint::Good),
            GateStatus::Broken => ("✗", Paint::Bad),
            GateStatus::Open => ("? not judged", Paint::Strong),
        };
        let _ = writeln!(text, "\n  gate  {}  {}", visible(gate), style.paint(paint, mark));
    }
    text
}

pub(super) fn baseline(impact: &Impact) -> String {
    format!(
        "baseline  recorded = replayed for all but {} (drift) + {} undetermined",
        grouped(impact.drift),
        grouped(impact.unsettled)
    )
}

/// From which effect to which: only rows and columns in which there is something.
fn matrix(impact: &Impact) -> String {
    let used = |outcome: &Outcome, as_from: bool| {
        impact.matrix.keys().any(|(from, to)| (if as_from { from } else { to }) == outcome)
    };
    let rows: Vec<Outcome> = Outcome::ALL.into_iter().filter(|it| used(it, true)).collect();
    let columns: Vec<Outcome> = Outcome::ALL.into_iter().filter(|it| used(it, false)).collect();
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|from| columns.iter().map(|to| count(impact.cell(*from, *to))).collect())
        .collect();
    let widths: Vec<usize> = (0..)
        .zip(&columns)
        .map(|(at, column)| {
            let cells = cells.iter().filter_map(|row: &Vec<String>| row.get(at));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(column.word().len())
        })
        .collect();
    let mut text = format!("\n  {:<19}", "from, to");
    for (column, width) in columns.iter().zip(&widths) {
        let _ = write!(text, "  {:>width$}", column.word());
    }
    text.push('\n');
    for (row, cells) in rows.iter().zip(&cells) {
        let _ = write!(text, "  {:<19}", row.word());
        for (cell, width) in cells.iter().zip(&widths) {
            let _ = write!(text, "  {cell:>width$}");
        }
        text.push('\n');
    }
    text
}

fn summary(drawing: &Drawing<'_>) -> String {
    let impact = drawing.impact;
    let mut text = format!("\n  {}\n", turns(impact));
    if impact.reworded > 0 {
        let same = number(impact.reworded, true, "decision");
        let _ = writeln!(text, "  the same effect for other reasons: {same}");
    }
    if impact.other_outputs > 0 {
        let other = number(impact.other_outputs, true, "decision");
        let _ = writeln!(text, "  other outputs: {other}");
    }
    let sessions = impact.changed_sessions.count();
    if sessions > 0 {
        let later: u64 = impact.changed_sessions.rows().map(|(_, it)| it.changes - 1).sum();
        let first = number(sessions, impact.changed_sessions.is_whole(), "session");
        let later = number(later, true, "later change");
        let _ = writeln!(text, "  first change in {first}; downstream of those: {later}");
        if drawing.downstream {
            text.push_str(&downstream(impact));
        }
    }
    if drawing.clusters.is_empty() {
        let _ = writeln!(text, "  {}", nothing(drawing));
    }
    text
}

/// That nothing changes, and of what that is known.
pub(super) fn nothing(drawing: &Drawing<'_>) -> &'static str {
    let whole = caveats(drawing).iter().all(|caveat| !caveat.fails);
    match (drawing.impact.other_outputs, whole) {
        (0, true) => "nothing changes",
        (0, false) => "nothing changes in what could be judged",
        (_, true) => "no effect changes, outputs do",
        (_, false) => "no effect changes in what could be judged, outputs do",
    }
}

fn cluster_full(text: &mut String, drawing: &Drawing<'_>, cluster: &Cluster<'_>, style: Style) {
    let Cluster { name, way, changed, condition } = cluster;
    let (sign, words) = sign(way);
    let mut head = vec![format!("{sign} {name}  {words}"), count(changed.count)];
    if changed.principals.count() > 0 {
        let many = changed.principals.count();
        head.push(number(many, changed.principals.is_whole(), "agent"));
    }
    if changed.sessions.count() > 0 {
        let many = changed.sessions.count();
        head.push(number(many, changed.sessions.is_whole(), "session"));
    }
    let first = if rank(way) == 0 { "   REVIEW FIRST" } else { "" };
    let paint = if rank(way) == 0 { Paint::Bad } else { Paint::Strong };
    let _ = writeln!(text, "\n  {}{first}", style.paint(paint, &head.join(" · ")));
    let mut say = |word: &str, says: &str| {
        let says = visible(says);
        let width = style.width.saturating_sub(SAYS);
        for (at, line) in wrap(&says, width).iter().enumerate() {
            let word = style.paint(Paint::Help, &format!("{:<7}", if at == 0 { word } else { "" }));
            let _ = writeln!(text, "      {word} {}", line.trim_end());
        }
    };
    let arrow = format!("{} → {}, {}", way.from.word(), way.to.word(), cause(way));
    say("why", &arrow);
    for (sign, number, line) in lines(drawing, way) {
        say("", &format!("{number:>4} │ {sign} {line}"));
    }
    if !condition.text.is_empty() {
        say("where", &condition.text);
    }
    if !condition.beside.is_empty() {
        say("while", &condition.beside);
    }
    let told = !condition.text.is_empty() || !condition.beside.is_empty();
    if told && condition.others > 0 {
        let precise = share(condition.members, condition.members + condition.others);
        let others = number(condition.others, true, "other decision");
        say("", &format!("(that fits {others}, too: {precise})"));
    }
    if let Some(principals) = principals(changed) {
        say("agents", &principals);
    }
    for (at, (shown, _)) in changed.examples.rows().enumerate() {
        say(if at == 0 { "e.g." } else { "" }, &example(shown));
    }
}

/// The sessions with later changes, those with most first.
pub(super) fn with_later_changes(impact: &Impact) -> Vec<(&String, &FirstChange)> {
    let mut sessions: Vec<(&String, &FirstChange)> =
        impact.changed_sessions.rows().filter(|(_, it)| it.changes > 1).collect();
    sessions.arrange_by_key(|(id, it)| (std::cmp::Reverse(it.changes), *id));
    sessions
}

fn downstream(impact: &Impact) -> String {
    let sessions = with_later_changes(impact);
    let mut text = String::new();
    for (id, it) in sessions.iter().take(SESSIONS_SHOWN) {
        let more = number(it.changes - 1, true, "more change");
        let _ = writeln!(text, "    {}  first at step {}, then {more}", visible(id), it.step);
    }
    let others = sessions.len().saturating_sub(SESSIONS_SHOWN) as u64;
    if others > 0 {
        let _ = writeln!(text, "    and {}", number(others, true, "other session"));
    }
    text
}

/// The counts that `--fail-on` may name, in order.
#[must_use]
pub fn counts(impact: &Impact) -> Vec<(&'static str, u64)> {
    let turned = |turn: Turn| (turn.name(), impact.turned(turn).decisions);
    let undetermined = impact.undetermined().decisions;
    let changed = impact.of(|from, to| from != to).decisions;
    let [allowed, relaxed, denied, tightened] = Turn::ALL.map(turned);
    vec![
        ("total", impact.total().decisions),
        ("changed", changed),
        allowed,
        relaxed,
        denied,
        tightened,
        ("undetermined", undetermined),
        ("drift", impact.drift),
        ("reworded", impact.reworded),
        ("other_outputs", impact.other_outputs),
        ("refused", impact.refused),
        ("left_out", impact.obstacles.values().sum::<u64>() + impact.unreadable),
    ]
}
