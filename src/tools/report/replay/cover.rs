//! What recorded decisions exercise, drawn.
//!
//! In:      `Exercised`, the rules of a bundle.
//! Out:     text for people, JSON.
//! Imports: `diag`, `tools::replay`, `tools::report`.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use unicode_width::UnicodeWidthStr;

use crate::diag::numbers::grouped;
use crate::runtime::program::Program;
use crate::tools::inspect::{bundle_name, digest_text};
use crate::tools::replay::cover::{Exercised, Reach, RuleCover};
use crate::tools::report::json::document;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::replay::records;
use crate::tools::report::visible::{visible, wrap};

/// Columns of a bar.
const BAR: u64 = 20;
/// Columns of ids, at most.
const ID_COLUMNS_MAX: usize = 28;

/// A bundle and what exercises it.
#[derive(Clone, Copy, Debug)]
pub struct Covered<'a> {
    /// The bundle.
    pub program: &'a Program,
    /// What exercises it.
    pub exercised: &'a Exercised,
    /// Its rules.
    pub rules: &'a [RuleCover],
}

/// For people.
#[must_use]
pub fn full(covered: &Covered<'_>, style: Style) -> String {
    let Covered { program, exercised, rules } = covered;
    let name = bundle_name(program);
    let head = format!("cover · {} · {}", records(exercised.records), visible(&name));
    let count = |wanted: fn(&RuleCover) -> bool| rules.iter().filter(|rule| wanted(rule)).count();
    let dead = count(|rule| rule.reach == Some(Reach::Impossible));
    let cold = count(|rule| rule.fired == 0) - dead;
    let hot = rules.len() - cold - dead;
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
    let (both, all) = rule.atoms;
    let atoms = if all == 0 { String::new() } else { format!("atoms {both}/{all} both ways") };
    let says = match &rule.reach {
        None => {
            let columns = usize::try_from((BAR * rule.fired).div_ceil(most)).unwrap_or(0);
            let bar = format!("{:<20}", "█".repeat(columns));
            format!("{}  {atoms}", style.paint(Paint::Good, &bar))
        }
        Some(Reach::Impossible) => style.paint(Paint::Bad, "dead  it fires on no input (proved)"),
        Some(Reach::Open) => style.paint(Paint::Wait, "cold  whether it can fire is not known"),
        Some(Reach::Reachable(_)) => style.paint(Paint::Wait, "cold  it would fire on"),
    };
    let _ = writeln!(text, "{}", says.trim_end());
    if let Some(Reach::Reachable(example)) = &rule.reach {
        let context = example.context.to_string();
        for line in wrap(&visible(&context), style.width.saturating_sub(width + digits + 12)) {
            let _ = writeln!(text, "{:indent$}{line}", "", indent = width + digits + 12);
        }
    }
}

/// For programs.
#[must_use]
pub fn json(all: &[Covered<'_>]) -> String {
    let bundle = |covered: &Covered<'_>| {
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
            json!({
                "id": rule.id, "fired": rule.fired, "atoms": rule.atoms.1,
                "atoms_both_ways": rule.atoms.0, "reach": reach, "witness": witness,
            })
        });
        json!({
            "name": covered.program.name(), "digest": digest_text(&covered.program.digest()),
            "records": covered.exercised.records, "default": covered.exercised.default,
            "rules": rules.collect::<Vec<_>>(),
        })
    };
    let bundles: Vec<Json> = all.iter().map(bundle).collect();
    document(&json!({"format": "policyc.coverage", "version": 1, "bundles": bundles}))
}
