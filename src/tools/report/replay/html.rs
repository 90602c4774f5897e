//! What a candidate changes, as one page: no other file, no network, light and dark.
//!
//! In:      a `Drawing`.
//! Out:     HTML.
//! Imports: `tools::replay`.
//!
//! The page shows all without its script, which only hides what a reader does not look for.

use std::fmt::Write as _;

use crate::tools::replay::gate::GateStatus;
use crate::tools::replay::impact::Outcome;
use crate::tools::report::paint::Style;
use crate::tools::report::replay::caveats::{Caveat, caveats};
use crate::tools::report::replay::impact::{
    Cluster, Drawing, cause, count, decisions, example, names, nothing, sign, turns_in_words,
};
use crate::tools::report::replay::page::{FILTER, TAIL, head, text};

/// The page.
#[must_use]
pub fn draw(drawing: &Drawing<'_>, _style: Style) -> String {
    let impact = drawing.impact;
    let (from, to) = names(drawing);
    let mut page = head("impact");
    let _ = write!(
        page,
        "<h1>Impact of {}</h1>\n<p>{}, from <code>{}</code>. {}.</p>\n",
        text(&to),
        decisions(impact.total(), "recorded "),
        text(&from),
        turns_in_words(impact),
    );
    for Caveat { word, says, fails } in caveats(drawing) {
        let class = if fails { " class=\"broken\"" } else { "" };
        let _ = writeln!(page, "<p{class}>{word}: {}.</p>", text(&says));
    }
    matrix(&mut page, drawing);
    for (gate, standing) in drawing.gates {
        let (class, said) = match standing {
            GateStatus::Kept => ("kept", "kept"),
            GateStatus::Broken => ("broken", "broken"),
            GateStatus::Open => ("broken", "not judged"),
        };
        let _ = writeln!(page, "<p class=\"{class}\">Gate <code>{}</code>: {said}</p>", text(gate));
    }
    if !drawing.clusters.is_empty() {
        page.push_str(FILTER);
    }
    for cluster in &drawing.clusters {
        details(&mut page, cluster);
    }
    if drawing.clusters.is_empty() {
        let _ = writeln!(page, "<p>{}.</p>\n</body></html>", nothing(drawing));
    } else {
        page.push_str(TAIL);
    }
    page
}

fn matrix(page: &mut String, drawing: &Drawing<'_>) {
    let known = drawing.impact.matrix.keys();
    let columns: Vec<Outcome> =
        Outcome::ALL.into_iter().filter(|to| known.clone().any(|(_, it)| it == to)).collect();
    page.push_str("<table><tr><th>from, to</th>");
    for to in &columns {
        let _ = write!(page, "<th>{}</th>", to.word());
    }
    page.push_str("</tr>\n");
    for from in Outcome::ALL {
        if known.clone().any(|(it, _)| *it == from) {
            let _ = write!(page, "<tr><th>{}</th>", from.word());
            for to in &columns {
                let _ = write!(page, "<td>{}</td>", count(drawing.impact.cell(from, *to)));
            }
            page.push_str("</tr>\n");
        }
    }
    page.push_str("</table>\n");
}

fn details(page: &mut String, cluster: &Cluster<'_>) {
    let Cluster { name, way, changed, condition } = cluster;
    let (sign, words) = sign(way);
    let _ = writeln!(
        page,
        "<details open class=\"{}\"><summary>{sign} {name} {words} · {}</summary>\n\
         <p>{} → {}, {}</p>",
        way.to.word(),
        count(changed.count),
        way.from.word(),
        way.to.word(),
        text(&cause(way)),
    );
    if !condition.text.is_empty() {
        let _ = writeln!(page, "<p>where <code>{}</code></p>", text(&condition.text));
    }
    if !condition.beside.is_empty() {
        let _ = writeln!(page, "<p>while {}</p>", text(&condition.beside));
    }
    if condition.others > 0 {
        let _ = writeln!(page, "<p>(fits {} others)</p>", condition.others);
    }
    page.push_str("<ul>\n");
    for (shown, _) in changed.examples.rows() {
        let _ = writeln!(page, "<li><code>{}</code></li>", text(&example(shown)));
    }
    page.push_str("</ul></details>\n");
}
