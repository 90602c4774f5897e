//! An explanation as one page: no other file, no network, light and dark.
//!
//! In:      a `DecisionExplanation`.
//! Out:     HTML: what was decided, the rules that spoke on their sources, then all others.
//! Imports: `base`, `compiler::source`, `tools::replay`, `tools::why`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::base::arrange::Arrange as _;
use crate::compiler::source::lines::Lines;
use crate::tools::replay::explain::Explanation;
use crate::tools::report::decision::{decider, detail_rows};
use crate::tools::report::paint::Style;
use crate::tools::report::replay::page::{FILTER, TAIL, head, text};
use crate::tools::report::why::{
    DecisionExplanation, REFUSED, because, did, name_of, policy_path, settled,
};
use crate::tools::why::{AtomWhy, RuleWhy, State, Truth, Why};

/// The page.
pub(super) fn draw(told: &DecisionExplanation<'_>, _style: Style) -> String {
    let mut page = head("explain");
    let tool = told.tool.as_deref().map_or(String::new(), |tool| format!(" {tool}"));
    let class = match told.effects() {
        [Some(effect)] => effect.word(),
        _ => "open",
    };
    let _ = writeln!(
        page,
        "<h1><span class=\"is-{class}\">{}</span>{}</h1>",
        text(&told.word()),
        text(&tool)
    );
    if let Some(report) = told.report() {
        let _ = write!(page, "<p class=\"lead\"><code>{}</code>", text(decider(report)));
        if !report.reason.is_empty() {
            let _ = write!(page, ": {}", text(&report.reason));
        }
        page.push_str("</p>\n");
    }
    let id = told.id.iter().map(|id| ("record", id.clone()));
    rows(&mut page, id.chain(told.facts.iter().cloned()).chain(told.withheld()));
    match told.explained {
        Explanation::Decided { why, report, .. } => {
            rules(&mut page, why, told.tree);
            rows(&mut page, detail_rows(report, true).into_iter());
        }
        Explanation::Withheld { rules, .. } => {
            rows(&mut page, rules.iter().map(|(id, says)| (id.as_str(), says.clone())));
        }
    }
    page.push_str(TAIL);
    page
}

/// A table of words and what they say.
fn rows<'w>(page: &mut String, rows: impl Iterator<Item = (&'w str, String)>) {
    let rows: Vec<(&str, String)> = rows.collect();
    if rows.is_empty() {
        return;
    }
    page.push_str("<table class=\"facts\">\n");
    for (word, says) in rows {
        let _ = writeln!(page, "<tr><th>{}</th><td>{}</td></tr>", text(word), text(&says));
    }
    page.push_str("</table>\n");
}

/// The rules: those that spoke are open, and come first.
fn rules(page: &mut String, why: &Why, tree: bool) {
    if why.refused {
        let _ = writeln!(page, "<p>Asked: {REFUSED}.</p>");
        return;
    }
    let rank = |rule: &&RuleWhy| match rule.state {
        State::Won => 0,
        State::Failed | State::Held => 1,
        State::Fired => 2,
        State::Silent => 3,
        State::NotAsked => 4,
    };
    let mut rules: Vec<&RuleWhy> = why.rules_and_entries(tree).collect();
    rules.arrange_by_key(rank);
    page.push_str(FILTER);
    for rule in rules {
        if rule.state == State::NotAsked && !tree {
            continue;
        }
        let open = if tree || rank(&rule) < 2 { " open" } else { "" };
        let _ = write!(
            page,
            "<details{open}><summary>{} <span class=\"aside\">{}",
            text(&name_of(rule)),
            did(rule.state)
        );
        if let Some(says) = settled(rule).filter(|_| rank(&rule) > 2) {
            let _ = write!(page, ": {}", text(&says));
        }
        page.push_str("</span></summary>\n");
        source(page, why, rule);
        if let Some(yields) = why.yields(rule) {
            let _ = writeln!(page, "<p>Yields <code>{}</code>.</p>", text(&yields));
        }
        atoms(page, rule);
        values(page, rule);
        page.push_str("</details>\n");
    }
    let skipped = why.rules.iter().filter(|rule| rule.state == State::NotAsked);
    let skipped: Vec<&str> = skipped.map(|rule| rule.id.as_str()).collect();
    if !skipped.is_empty() && !tree {
        let _ = writeln!(
            page,
            "<p class=\"aside\">Not asked, being about other calls: {}.</p>",
            text(&skipped.join(", "))
        );
    }
}

/// The lines that hold atoms of a rule, each atom marked as it came out.
fn source(page: &mut String, why: &Why, rule: &RuleWhy) {
    let mut lines: BTreeMap<(u32, u32), Vec<&AtomWhy>> = BTreeMap::new();
    for atom in rule.atoms.iter().filter(|atom| atom.is_seen()) {
        let Some((_, source)) = why.sources.get(atom.place.source as usize) else { continue };
        let line = Lines::new(source).place(source, atom.place.start).line;
        lines.entry((atom.place.source, line)).or_default().push(atom);
    }
    if let (true, Some(place)) = (lines.is_empty(), rule.place)
        && let Some((_, source)) = why.sources.get(place.source as usize)
    {
        let line = Lines::new(source).place(source, place.start).line;
        lines.entry((place.source, line)).or_default();
    }
    let mut shown = None;
    for ((source, line), mut atoms) in lines {
        let Some((path, whole)) = why.sources.get(source as usize) else { continue };
        if shown != Some(source) {
            let end = if shown.is_some() { "</pre>" } else { "" };
            let _ = write!(page, "{end}<p class=\"path\">{}</p><pre>", text(path));
            shown = Some(source);
        }
        let begin = Lines::new(whole).start(line).unwrap_or(0) as usize;
        let own = whole.get(begin..).unwrap_or_default().lines().next().unwrap_or_default();
        let _ = write!(page, "<span class=\"aside\">{line:>4}</span> ");
        let mut at = 0;
        atoms.arrange_by_key(|atom| atom.place.start);
        for atom in atoms {
            let inside = |at: u32| (at as usize).saturating_sub(begin).min(own.len());
            let (start, end) = (inside(atom.place.start), inside(atom.place.end));
            // What lies in another atom was marked with it.
            if let (true, Some(before), Some(marked)) =
                (start >= at, own.get(at..start), own.get(start..end))
            {
                let class = atom.truth.word();
                let title = text(&format!("{} {}", atom.outcome(), because(atom)));
                let (before, marked) = (text(before), text(marked));
                let _ = write!(
                    page,
                    "{before}<mark class=\"{class}\" title=\"{title}\">{marked}</mark>"
                );
                at = end;
            }
        }
        let _ = writeln!(page, "{}", text(own.get(at..).unwrap_or_default()));
    }
    if shown.is_some() {
        page.push_str("</pre>\n");
    }
}

fn atoms(page: &mut String, rule: &RuleWhy) {
    if rule.atoms.is_empty() {
        return;
    }
    page.push_str("<table class=\"facts\">\n");
    for atom in &rule.atoms {
        let class = match atom.truth {
            Truth::NotNeeded => "aside",
            Truth::True | Truth::False | Truth::Failed(_) => "",
        };
        let _ = writeln!(
            page,
            "<tr class=\"{class}\"><td><code>{}</code></td><td>{}</td>\
             <td><code>{}</code></td></tr>",
            text(&atom.line()),
            text(&atom.outcome()),
            text(&because(atom)),
        );
    }
    page.push_str("</table>\n");
}

fn values(page: &mut String, rule: &RuleWhy) {
    if rule.values.is_empty() {
        return;
    }
    page.push_str("<table class=\"facts\">\n");
    for value in &rule.values {
        let _ = writeln!(
            page,
            "<tr><th>{}</th><td><code>{}</code></td><td class=\"aside\">{}</td></tr>",
            text(&policy_path(&value.path)),
            text(&value.value),
            text(value.from.as_deref().unwrap_or_default()),
        );
    }
    page.push_str("</table>\n");
}
