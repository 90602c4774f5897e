//! What recorded decisions exercise, drawn.
//!
//! In:      `BundleExercise`, the rules of a bundle.
//! Out:     text for people, JSON, Markdown, a page.
//! Imports: `compiler::solve`, `diag`, `runtime::program`, `tools::decide`, `tools::inspect`,
//!          `tools::replay`.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use unicode_width::UnicodeWidthStr;

use crate::compiler::solve::input::Example;
use crate::diag::numbers::grouped;
use crate::runtime::program::Program;
use crate::tools::decide::{Moments, time_text};
use crate::tools::inspect::{bundle_name, digest_text};
use crate::tools::replay::cover::{BundleExercise, Reach, RuleCover};
use crate::tools::report::json::document;
use crate::tools::report::markdown::{cell, code};
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::replay::page::{head, text};
use crate::tools::report::replay::records;
use crate::tools::report::visible::{visible, wrap};
use crate::tools::report::{NamedFormat, counted};

/// Columns of a bar.
const BAR: u64 = 20;
/// Columns of ids, at most.
const ID_COLUMNS_MAX: usize = 28;

/// A bundle and what exercises it.
#[derive(Clone, Copy, Debug)]
pub struct CoveredBundle<'a> {
    /// The bundle.
    pub program: &'a Program,
    /// What exercises it.
    pub exercised: &'a BundleExercise,
    /// Its rules.
    pub rules: &'a [RuleCover],
}

/// A format: its name, and how it is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// As it is chosen.
    pub name: &'static str,
    /// Draws every bundle.
    pub draw: fn(&[CoveredBundle<'_>], Style) -> String,
}

/// Every format. The first is the default.
pub const FORMATS: &[Format] = &[
    Format { name: "full", draw: full },
    Format { name: "html", draw: html },
    Format { name: "json", draw: json },
    Format { name: "markdown", draw: markdown },
];

impl NamedFormat for Format {
    const ALL: &'static [Self] = FORMATS;

    fn name(&self) -> &'static str {
        self.name
    }
}

impl CoveredBundle<'_> {
    /// Rules that fired, that did not, and that cannot.
    fn counts(&self) -> [usize; 3] {
        let count =
            |wanted: fn(&RuleCover) -> bool| self.rules.iter().filter(|rule| wanted(rule)).count();
        let dead = count(|rule| rule.reach == Some(Reach::Impossible));
        let cold = count(|rule| rule.fired == 0) - dead;
        [self.rules.len() - cold - dead, cold, dead]
    }

    /// What is said of outputs, where there are any: records do not tell of their entries.
    fn uncounted(&self) -> Option<String> {
        let outputs = self.program.module().outputs.len();
        (outputs > 0).then(|| {
            format!(
                "{}: records do not say which entry yielded; `policyc test --coverage` counts \
                 entries",
                counted(outputs, "output")
            )
        })
    }

    /// `18 204 records, 3 without a witness · agent-banking@b68dd1c66ba5`.
    fn about(&self) -> String {
        let BundleExercise { records: all, unwitnessed, .. } = self.exercised;
        let less = match unwitnessed {
            0 => String::new(),
            some => format!(", {} without a witness", grouped(*some)),
        };
        format!("{}{less} · {}", records(*all), bundle_name(self.program))
    }
}

/// What is known of a rule that never fired, and of its atoms: a word, and what it says.
fn state(rule: &RuleCover) -> (&'static str, String) {
    let (both, all) = rule.atoms;
    match &rule.reach {
        None if all == 0 => ("hot", String::new()),
        None => ("hot", format!("atoms {both}/{all} both ways")),
        Some(Reach::Impossible) => ("dead", "it fires on no input (proved)".to_owned()),
        Some(Reach::Open) => ("cold", "whether it can fire is not known".to_owned()),
        Some(Reach::Reachable(_)) => ("cold", "it would fire on".to_owned()),
    }
}

/// For people.
fn full(all: &[CoveredBundle<'_>], style: Style) -> String {
    all.iter().map(|covered| bundle_full(covered, style)).collect()
}

fn bundle_full(covered: &CoveredBundle<'_>, style: Style) -> String {
    let CoveredBundle { exercised, rules, .. } = covered;
    let head = format!("cover · {}", visible(&covered.about()));
    let [hot, cold, dead] = covered.counts();
    let mut text = format!("  {}\n", style.paint(Paint::Strong, &head));
    let _ = writeln!(
        text,
        "  rules {}   hot {hot}   cold {cold}   dead {dead}   no rule won {}\n",
        rules.len(),
        grouped(exercised.default)
    );
    let most = rules.iter().map(|rule| rule.fired).max().unwrap_or(0).max(1);
    let width = rules.iter().map(|rule| rule.id.width()).max().unwrap_or(0).min(ID_COLUMNS_MAX);
    let digits = rules.iter().map(|rule| grouped(rule.fired).len()).max().unwrap_or(0);
    for rule in *rules {
        rule_text(&mut text, rule, (width, digits, most), style);
    }
    if let Some(says) = covered.uncounted() {
        let _ = writeln!(text, "  {says}");
    }
    text
}

fn rule_text(
    text: &mut String,
    rule: &RuleCover,
    (width, digits, most): (usize, usize, u64),
    style: Style,
) {
    let id = visible(&rule.id);
    let gap = " ".repeat(width.saturating_sub(id.width()));
    let fired = format!("{:>digits$}", grouped(rule.fired));
    let _ = write!(text, "  {id}{gap}  {fired}  ");
    let (word, says) = state(rule);
    let says = match &rule.reach {
        None => {
            let columns = usize::try_from((BAR * rule.fired).div_ceil(most)).unwrap_or(0);
            let bar = format!("{:<20}", "█".repeat(columns));
            format!("{}  {says}", style.paint(Paint::Good, &bar))
        }
        Some(Reach::Impossible) => style.paint(Paint::Bad, &format!("{word}  {says}")),
        Some(Reach::Open | Reach::Reachable(_)) => {
            style.paint(Paint::Wait, &format!("{word}  {says}"))
        }
    };
    let _ = writeln!(text, "{}", says.trim_end());
    if let Some(witness) = witness(rule) {
        for line in wrap(&visible(&witness), style.width.saturating_sub(width + digits + 12)) {
            let _ = writeln!(text, "{:indent$}{line}", "", indent = width + digits + 12);
        }
    }
}

/// For a pull request.
fn markdown(all: &[CoveredBundle<'_>], _style: Style) -> String {
    let mut text = String::new();
    for (nth, covered) in (0..).zip(all) {
        let [hot, cold, dead] = covered.counts();
        let gap = if nth == 0 { "" } else { "\n" };
        let _ = writeln!(
            text,
            "{gap}**Coverage** by {}: of {} rules {hot} hot, {cold} cold, {dead} dead. No rule won \
             {} times.\n\n| rule | fired | | |\n|---|--:|---|---|",
            cell(&covered.about()),
            covered.rules.len(),
            grouped(covered.exercised.default)
        );
        for rule in covered.rules {
            let (word, says) = state(rule);
            let witness = witness(rule).map_or(String::new(), |it| format!(" `{}`", code(&it)));
            let (id, fired) = (code(&rule.id), grouped(rule.fired));
            let _ = writeln!(text, "| `{id}` | {fired} | {word} | {}{witness} |", cell(&says));
        }
        if let Some(says) = covered.uncounted() {
            let _ = writeln!(text, "\n{says}");
        }
    }
    text
}

/// As one page that fetches nothing.
fn html(all: &[CoveredBundle<'_>], _style: Style) -> String {
    let mut page = head("cover");
    for covered in all {
        let [hot, cold, dead] = covered.counts();
        let _ = writeln!(
            page,
            "<h1>Coverage</h1>\n<p>{}. Of {} rules {hot} hot, {cold} cold, {dead} dead. No rule \
             won {} times.</p>\n<table class=\"facts\">\n<tr><th>rule</th><th>fired</th><th></th>\
             <th></th></tr>",
            text(&covered.about()),
            covered.rules.len(),
            grouped(covered.exercised.default)
        );
        for rule in covered.rules {
            let (word, says) = state(rule);
            let witness =
                witness(rule).map_or(String::new(), |it| format!(" <code>{}</code>", text(&it)));
            let class = match word {
                "hot" => "is-allow",
                "dead" => "is-deny",
                _ => "is-open",
            };
            let _ = writeln!(
                page,
                "<tr><td><code>{}</code></td><td class=\"number\">{}</td>\
                 <td class=\"{class}\">{word}</td><td>{}{witness}</td></tr>",
                text(&rule.id),
                grouped(rule.fired),
                text(&says)
            );
        }
        page.push_str("</table>\n");
        if let Some(says) = covered.uncounted() {
            let _ = writeln!(page, "<p>{}</p>", text(&says));
        }
    }
    page.push_str("</body></html>\n");
    page
}

/// The input on which a rule that never fired does, and when.
fn witness(rule: &RuleCover) -> Option<String> {
    match &rule.reach {
        Some(Reach::Reachable(example)) => {
            Some(format!("{} at {}", example.context, time(example)))
        }
        Some(Reach::Impossible | Reach::Open) | None => None,
    }
}

/// When an input is decided about.
fn time(example: &Example) -> String {
    let (seconds, nanoseconds) = example.now;
    time_text(Moments { seconds, nanoseconds, given: true })
}

/// For programs.
fn json(all: &[CoveredBundle<'_>], _style: Style) -> String {
    let bundle = |covered: &CoveredBundle<'_>| {
        let rules = covered.rules.iter().map(|rule| {
            let reach = rule.reach.as_ref().map(|reach| match reach {
                Reach::Reachable(_) => "reachable",
                Reach::Impossible => "impossible",
                Reach::Open => "not decided",
            });
            let witness = match &rule.reach {
                Some(Reach::Reachable(example)) => example.context.clone(),
                Some(Reach::Impossible | Reach::Open) | None => Json::Null,
            };
            let now = match &rule.reach {
                Some(Reach::Reachable(example)) => Some(time(example)),
                Some(Reach::Impossible | Reach::Open) | None => None,
            };
            json!({
                "id": rule.id, "fired": rule.fired, "atoms": rule.atoms.1,
                "atoms_both_ways": rule.atoms.0, "reach": reach, "witness": witness, "now": now,
            })
        });
        json!({
            "name": covered.program.name(), "digest": digest_text(&covered.program.digest()),
            "records": covered.exercised.records, "default": covered.exercised.default,
            "without_witness": covered.exercised.unwitnessed,
            "rules": rules.collect::<Vec<_>>(),
        })
    };
    let bundles: Vec<Json> = all.iter().map(bundle).collect();
    document(&json!({"format": "policyc.coverage", "version": 1, "bundles": bundles}))
}
