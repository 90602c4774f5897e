//! Coverage as one page: no other file, no network, light and dark.
//!
//! In:      `Drawing`.
//! Out:     HTML.
//! Imports: `base`, `tools::coverage`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::base::span::FileId;
use crate::tools::coverage::RuleCover;
use crate::tools::report::paint::Style;
use crate::tools::report::place::line_text;
use crate::tools::report::replay::page::{FILTER, TAIL, head, text};
use crate::tools::report::suite::coverage::{
    Drawing, ProjectCoverage, measures, name, rule_notes, why, witnesses,
};
use crate::tools::report::suite::percent;

pub(super) fn draw(drawing: &Drawing<'_>, _style: Style) -> String {
    let mut page = head("coverage");
    page.push_str("<h1>Coverage</h1>\n<table><tr><th>measure</th><th>covered</th><th></th></tr>\n");
    for (name, _, share) in measures(drawing.shares()) {
        let _ = writeln!(
            page,
            "<tr><th>{name}</th><td>{} of {}</td><td>{}</td></tr>",
            share.covered,
            share.all,
            percent(share.covered, share.all),
        );
    }
    page.push_str("</table>\n");
    for missing in drawing.missing() {
        let _ = writeln!(page, "<p class=\"broken\">{}</p>", text(&missing));
    }
    page.push_str(FILTER);
    for project in drawing.projects {
        for rule in &project.coverage.rules {
            details(&mut page, project, rule);
        }
    }
    page.push_str(TAIL);
    page
}

fn details(page: &mut String, project: &ProjectCoverage<'_>, rule: &RuleCover) {
    let gaps: Vec<_> =
        rule.atoms.iter().filter_map(|atom| Some((atom, why(rule, atom)?))).collect();
    let covered = rule.fired > 0 && gaps.is_empty();
    let (open, class, sign) =
        if covered { ("", "kept", "✓") } else { (" open", "broken", "✗") };
    let _ = writeln!(
        page,
        "<details{open}><summary><span class=\"{class}\">{sign}</span> {} · fired {} of {} · {}\
         </summary>\n<pre><code>",
        text(&rule.id),
        rule.fired,
        rule.asked,
        text(&project.report().place(rule.span)),
    );
    let mut told: BTreeMap<(FileId, u32), Vec<String>> = BTreeMap::new();
    for (atom, why) in &gaps {
        let line = format!("{}: {why}", name(project, atom));
        told.entry((atom.span.file, project.lines(atom.span).0)).or_default().push(line);
    }
    let (first, last) = project.lines(rule.span);
    if let Some(file) = project.files.get(rule.span.file) {
        for line in first..=last {
            let class = if told.contains_key(&(rule.span.file, line)) { "broken" } else { "kept" };
            let source = text(line_text(file, line));
            let _ = writeln!(page, "{line:>4} <span class=\"{class}\">{source}</span>");
        }
    }
    page.push_str("</code></pre><ul>\n");
    let notes = rule_notes(rule).into_iter().chain(witnesses(project, rule));
    for note in told.into_values().flatten().chain(notes) {
        let _ = writeln!(page, "<li>{}</li>", text(&note));
    }
    page.push_str("</ul></details>\n");
}
