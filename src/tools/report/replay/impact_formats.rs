//! What a candidate changes in recorded decisions, for programs and pull requests.
//!
//! In:      a `Drawing`.
//! Out:     JSON, `JUnit`, Markdown.
//! Imports: `tools::inspect`, `tools::replay`.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::tools::inspect::digest_text;
use crate::tools::replay::gate::GateStatus;
use crate::tools::replay::impact::{Example, FirstChange, Outcome, Turn};
use crate::tools::report::json::document as json_document;
use crate::tools::report::junit::{Case, document};
use crate::tools::report::markdown::{cell, code};
use crate::tools::report::paint::Style;
use crate::tools::report::replay::caveats::{Caveat, caveats};
use crate::tools::report::replay::chain;
use crate::tools::report::replay::impact::{
    Cluster, Drawing, baseline, cause, count, counts, decisions, example, names, nothing, number,
    sign, turns_in_words, with_later_changes,
};

/// For programs: one document.
pub(super) fn json(drawing: &Drawing<'_>, _style: Style) -> String {
    let impact = drawing.impact;
    let matrix = impact.matrix.iter().map(|((from, to), count)| {
        json!({"from": from, "to": to, "records": count.records, "decisions": count.decisions})
    });
    let clusters = drawing.clusters.iter().map(|cluster| {
        let Cluster { name, way, changed, condition } = cluster;
        let examples: Vec<&Example> = changed.examples.rows().map(|(it, _)| it).collect();
        json!({
            "name": name, "from": way.from, "to": way.to,
            "turn": Turn::of(way.from, way.to).map(Turn::name), "gone": way.gone, "new": way.new,
            "failed": way.failed, "refused": way.refused,
            "records": changed.count.records, "decisions": changed.count.decisions,
            "where": condition.text, "while": condition.beside,
            "members": condition.members, "others": condition.others,
            "agents": changed.principals.count(), "sessions": changed.sessions.count(),
            "examples": examples,
        })
    });
    let gates = drawing.gates.iter().map(|(text, standing)| {
        let (broken, judged) = (*standing == GateStatus::Broken, *standing != GateStatus::Open);
        json!({"if": text, "broken": broken, "judged": judged})
    });
    let counts: serde_json::Map<String, Json> =
        counts(impact).into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect();
    let obstacles = impact.obstacles.iter();
    let left_out: Vec<Json> = obstacles
        .map(|(obstacle, count)| json!({"why": obstacle.words(), "records": count}))
        .collect();
    let not_judged = impact.not_judged.iter();
    let not_judged: Vec<Json> =
        not_judged.map(|(about, count)| json!({"about": about, "records": count})).collect();
    let needs: serde_json::Map<String, Json> =
        impact.needs.rows().map(|(path, count)| (path.clone(), (*count).into())).collect();
    let from = drawing.from.map(|from| digest_text(&from.program.digest()));
    let later = drawing.downstream.then(|| {
        let row = |(id, it): &(&String, &FirstChange)| {
            json!({"session": id, "first": it.step, "later": it.changes - 1})
        };
        with_later_changes(impact).iter().map(row).collect::<Vec<_>>()
    });
    json_document(&json!({
        "format": "policyc.impact", "version": 2,
        "from": from, "to": digest_text(&drawing.to.program.digest()),
        "counts": counts, "matrix": matrix.collect::<Vec<_>>(),
        "clusters": clusters.collect::<Vec<_>>(), "gates": gates.collect::<Vec<_>>(),
        "changed_sessions": impact.changed_sessions.count(), "downstream": later,
        "left_out": left_out, "not_judged": not_judged, "needs": needs,
        "stopped": drawing.stopped, "reasons": reasons(drawing),
        "chain": chain::facts(&drawing.chained, impact.unchained),
    }))
}

/// Why the command does not end with 0, gates beside.
fn reasons(drawing: &Drawing<'_>) -> Vec<String> {
    let failing = caveats(drawing).into_iter().filter(|caveat| caveat.fails);
    failing.map(|Caveat { word, says, .. }| format!("{word}: {says}")).collect()
}

/// For continuous integration: a case a cluster, one for each reason to fail, and one a gate.
pub(super) fn junit(drawing: &Drawing<'_>, _style: Style) -> String {
    let mut cases: Vec<Case> = Vec::new();
    for Cluster { name, way, changed, condition } in &drawing.clusters {
        let (_, words) = sign(way);
        let mut said =
            format!("{} {words}: {}; where {}", count(changed.count), cause(way), condition.text);
        if !condition.beside.is_empty() {
            let _ = write!(said, "; while {}", condition.beside);
        }
        cases.push(Case { name: format!("{name} {words}"), failure: Some(said), skipped: None });
    }
    let failing = caveats(drawing).into_iter().filter(|caveat| caveat.fails);
    cases.extend(failing.map(|Caveat { word, says, .. }| Case {
        name: word.to_owned(),
        failure: Some(says),
        skipped: None,
    }));
    for (gate, standing) in drawing.gates {
        let failure = (*standing == GateStatus::Broken).then(|| "it holds".to_owned());
        let skipped = (*standing == GateStatus::Open).then(|| "it cannot be judged".to_owned());
        cases.push(Case { name: format!("gate {gate}"), failure, skipped });
    }
    if cases.is_empty() {
        let name = format!("{} decisions, {}", drawing.impact.total().decisions, nothing(drawing));
        cases.push(Case { name, failure: None, skipped: None });
    }
    document(&[("policyc replay diff".to_owned(), "impact".to_owned(), cases)])
}

/// For a pull request.
pub(super) fn markdown(drawing: &Drawing<'_>, _style: Style) -> String {
    let impact = drawing.impact;
    let (from, to) = names(drawing);
    let mut text = format!(
        "**{}**, `{}` → `{}`. {}.\n\n{}.\n",
        decisions(impact.total(), "recorded "),
        code(&from),
        code(&to),
        turns_in_words(impact),
        cell(&baseline(impact).replacen("baseline  r", "R", 1)),
    );
    for Caveat { word, says, .. } in caveats(drawing) {
        let _ = writeln!(text, "\n⚠ {word}: {}.", cell(&says));
    }
    if impact.other_outputs > 0 {
        let _ = writeln!(
            text,
            "\n⚠ other outputs: {}.",
            number(impact.other_outputs, true, "decision")
        );
    }
    let columns = Outcome::ALL.iter().filter(|to| impact.matrix.keys().any(|(_, it)| it == *to));
    let columns: Vec<Outcome> = columns.copied().collect();
    let _ = write!(text, "\n| from \\ to |");
    for to in &columns {
        let _ = write!(text, " {} |", to.word());
    }
    let _ = writeln!(text, "\n|---|{}", "--:|".repeat(columns.len()));
    for from in Outcome::ALL {
        if impact.matrix.keys().any(|(it, _)| *it == from) {
            let cells = columns.iter().map(|to| format!(" {} |", count(impact.cell(from, *to))));
            let _ = writeln!(text, "| {} |{}", from.word(), cells.collect::<String>());
        }
    }
    for Cluster { name, way, changed, condition } in &drawing.clusters {
        let (sign, words) = sign(way);
        let many = count(changed.count);
        let _ = writeln!(text, "\n{sign} **{name} {words}** · {many} · {}", cell(&cause(way)));
        if !condition.text.is_empty() {
            let _ = writeln!(text, "\nwhere `{}`", code(&condition.text));
        }
        if !condition.beside.is_empty() {
            let _ = writeln!(text, "\nwhile {}", cell(&condition.beside));
        }
        let _ = writeln!(text, "\n<details><summary>Examples</summary>\n");
        for (shown, _) in changed.examples.rows() {
            let _ = writeln!(text, "- `{}`", code(&example(shown)));
        }
        let _ = writeln!(text, "\n</details>");
    }
    for (gate, standing) in drawing.gates {
        let said = match standing {
            GateStatus::Kept => "kept",
            GateStatus::Broken => "**failed**",
            GateStatus::Open => "**not judged**",
        };
        let _ = writeln!(text, "\nGate `{}`: {said}.", code(gate));
    }
    text
}
