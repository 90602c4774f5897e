//! Mutants, and what became of them.
//!
//! In:      `Drawing`.
//! Out:     text for people, JSON, Markdown, one page of HTML.
//! Imports: `compiler::source`, `tools::mutate`, `tools::suite`.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::compiler::source::map::SourceMap;
use crate::tools::mutate::{Counts, Mutant, MutantStatus, Owner, Survivor, TestedMutant, Witness};
use crate::tools::report::json::document;
use crate::tools::report::markdown::{cell, code};
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::replay::page;
use crate::tools::report::suite::{changed_lines, input_line, percent, share, spoke, time_text};
use crate::tools::report::visible::{visible, wrap};
use crate::tools::report::{NamedFormat, Report, counted};
use crate::tools::suite::show::decided;

/// The mutants of one project.
#[derive(Clone, Copy, Debug)]
pub struct ProjectMutants<'a> {
    /// Its files.
    pub files: &'a SourceMap,
    /// What stands before their logical paths.
    pub prefix: &'a str,
    /// Its mutants.
    pub tried: &'a [TestedMutant],
}

/// What there is to draw.
#[derive(Clone, Copy, Debug)]
pub struct Drawing<'a> {
    /// By project.
    pub projects: &'a [ProjectMutants<'a>],
    /// Hundredths of the mutants that must be killed.
    pub threshold: Option<f64>,
    /// Whether it was stopped before the end.
    pub stopped: bool,
}

impl Drawing<'_> {
    /// Of all projects together.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts::of(self.projects.iter().flat_map(|project| project.tried))
    }

    /// How far the share of killed mutants is below the threshold, in hundredths.
    #[must_use]
    pub fn missing(&self) -> Option<f64> {
        let counts = self.counts();
        let wanted = self.threshold?;
        // Without mutants that were judged nothing was shown.
        let share = share(counts.killed, counts.judged()).unwrap_or(0.0);
        (share < wanted).then_some(wanted - share)
    }
}

/// A way to write mutants.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// As it is chosen.
    pub name: &'static str,
    /// Draws everything.
    pub draw: fn(&Drawing<'_>, Style) -> String,
    /// Whether people read it on a screen.
    pub for_people: bool,
}

/// Every format. The first is the default.
pub const FORMATS: &[Format] = &[
    Format { name: "full", draw: full, for_people: true },
    Format { name: "json", draw: json, for_people: false },
    Format { name: "markdown", draw: markdown, for_people: false },
    Format { name: "html", draw: html, for_people: false },
];

impl NamedFormat for Format {
    const ALL: &'static [Self] = FORMATS;

    fn name(&self) -> &'static str {
        self.name
    }
}

/// A mutant that no case noticed, with its project.
struct SurvivingMutant<'a> {
    project: ProjectMutants<'a>,
    mutant: &'a Mutant,
    survivor: &'a Survivor,
}

fn survivors<'a>(drawing: &Drawing<'a>) -> Vec<SurvivingMutant<'a>> {
    let mut found = Vec::new();
    for project in drawing.projects {
        for tried in project.tried {
            if let MutantStatus::Survived(survivor) = &tried.fate {
                found.push(SurvivingMutant { project: *project, mutant: &tried.mutant, survivor });
            }
        }
    }
    found
}

impl SurvivingMutant<'_> {
    fn place(&self) -> String {
        let ProjectMutants { files, prefix, .. } = self.project;
        Report { files, prefix, findings: &[], dropped: 0, cases: None, command: "policyc" }
            .place(self.mutant.span)
    }

    fn lines(&self) -> (Vec<String>, Vec<String>) {
        changed_lines(self.project.files, self.mutant.span, &self.mutant.text)
    }

    /// Why no case noticed it, in a few words.
    fn why(&self) -> String {
        if self.survivor.asked == Some(0) {
            return "no case asks this rule".to_owned();
        }
        match &self.survivor.witness {
            None => "whether any input tells them apart is not known".to_owned(),
            Some(Witness { same_winner: true, .. }) => {
                "the winner is the same; what fired, or the message, is not".to_owned()
            }
            Some(_) => "no case is like this one".to_owned(),
        }
    }
}

/// What a decision of a witness is, in a few words.
fn decision_text(decision: &Json, lists: bool) -> String {
    let words = decided(decision);
    if lists { format!("{words}  ({})", spoke(decision)) } else { words }
}

/// `payments  62 of 64 killed (96.9 %)`, and what was not judged.
fn score(counts: Counts) -> String {
    let all = counts.judged();
    let mut text = format!("{} of {all} killed ({})", counts.killed, percent(counts.killed, all));
    for (count, words) in [
        (counts.survived, "survived"),
        (counts.equivalent, "equivalent (proved)"),
        (counts.refused, "not compiled"),
        (counts.skipped, "not tried"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {count} {words}");
        }
    }
    text
}

/// The mutants by policy, in order.
fn by_policy<'a>(drawing: &Drawing<'a>) -> Vec<(&'a str, Counts)> {
    let mut policies: Vec<(&str, Vec<&TestedMutant>)> = Vec::new();
    for tried in drawing.projects.iter().flat_map(|project| project.tried) {
        let name = tried.mutant.policy.as_str();
        match policies.iter_mut().find(|(known, _)| *known == name) {
            Some((_, all)) => all.push(tried),
            None => policies.push((name, vec![tried])),
        }
    }
    policies.into_iter().map(|(name, all)| (name, Counts::of(all))).collect()
}

/// For people.
fn full(drawing: &Drawing<'_>, style: Style) -> String {
    let mut text = String::new();
    for shown in survivors(drawing) {
        let mutant = shown.mutant;
        let what = format!("{} · {}", mutant.owner_name(), mutant.operator.words());
        let (word, what) = (style.paint(Paint::Bad, "survived"), visible(&what).into_owned());
        let _ = writeln!(text, "{word}  {what}  {}", style.paint(Paint::Frame, &shown.place()));
        let (old, new) = shown.lines();
        for (sign, paint, lines) in [("-", Paint::Bad, old), ("+", Paint::Good, new)] {
            for line in lines {
                let line = format!("{sign} {}", visible(&line));
                let _ = writeln!(text, "      {}", style.paint(paint, &line));
            }
        }
        let _ = writeln!(text, "      {}", shown.why());
        if let Some(witness) = &shown.survivor.witness {
            let input = visible(&input_line(&witness.example)).into_owned();
            for line in wrap(&input, style.width.saturating_sub(8)) {
                let _ = writeln!(text, "        {line}");
            }
            for (word, decision) in
                [("the policy", &witness.before), ("the mutant", &witness.after)]
            {
                let told = decision_text(decision, witness.same_winner);
                let _ = writeln!(text, "        {word}  {}", visible(&told));
            }
        }
        text.push('\n');
    }
    let policies = by_policy(drawing);
    let width = policies.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, counts) in &policies {
        let _ = writeln!(text, "  {:width$}  {}", visible(name), score(*counts));
    }
    if policies.len() > 1 {
        let _ = writeln!(text, "  {:width$}  {}", "all", score(drawing.counts()));
    }
    if let Some(missing) = missing(drawing) {
        let _ = writeln!(text, "  {}", style.paint(Paint::Bad, &missing));
    }
    text
}

/// `below the threshold of 90 % by 2.4`.
fn missing(drawing: &Drawing<'_>) -> Option<String> {
    let (wanted, missing) = (drawing.threshold?, drawing.missing()?);
    Some(format!("killed: below the threshold of {wanted} % by {missing:.1}"))
}

/// For programs.
fn json(drawing: &Drawing<'_>, _style: Style) -> String {
    let mut mutants = Vec::new();
    for project in drawing.projects {
        let report = |tried: &TestedMutant| {
            let ProjectMutants { files, prefix, .. } = *project;
            let report = Report {
                files,
                prefix,
                findings: &[],
                dropped: 0,
                cases: None,
                command: "policyc",
            };
            let file = files.get(tried.mutant.span.file);
            let at = file.map(|file| file.lines.place(&file.text, tried.mutant.span.start));
            mutant_json(
                tried,
                &report.path(tried.mutant.span),
                at.map(|at| (at.line, at.column)),
                files,
            )
        };
        mutants.extend(project.tried.iter().map(report));
    }
    let counts = drawing.counts();
    let policies: Vec<Json> = by_policy(drawing)
        .into_iter()
        .map(|(name, counts)| json!({"policy": name, "counts": counts_json(counts)}))
        .collect();
    document(&json!({
        "format": "policyc.mutants", "version": 1, "counts": counts_json(counts),
        "threshold": drawing.threshold, "stopped": drawing.stopped,
        "policies": policies, "mutants": mutants,
    }))
}

fn counts_json(counts: Counts) -> Json {
    json!({
        "killed": counts.killed, "survived": counts.survived, "equivalent": counts.equivalent,
        "refused": counts.refused, "skipped": counts.skipped,
        "killed_percent": share(counts.killed, counts.judged()),
    })
}

fn mutant_json(
    tried: &TestedMutant,
    file: &str,
    at: Option<(u32, u32)>,
    files: &SourceMap,
) -> Json {
    let TestedMutant { mutant, fate } = tried;
    let (rule, variable) = match &mutant.owner {
        Owner::Rule(id) => (Some(id), None),
        Owner::Variable(name) => (None, Some(name)),
        Owner::Document => (None, None),
    };
    let (word, by, survivor) = match fate {
        MutantStatus::Killed(case) => ("killed", Some(case), None),
        MutantStatus::Refused => ("refused", None, None),
        MutantStatus::Equivalent => ("equivalent", None, None),
        MutantStatus::Survived(survivor) => ("survived", None, Some(survivor)),
        MutantStatus::Skipped => ("skipped", None, None),
    };
    let witness = survivor.and_then(|it| it.witness.as_ref()).map(|witness| {
        json!({
            "context": witness.example.context, "now": time_text(&witness.example),
            "policy_decides": witness.before, "mutant_decides": witness.after,
        })
    });
    json!({
        "operator": mutant.operator.name(), "policy": mutant.policy, "rule": rule,
        "variable": variable, "file": file, "line": at.map(|at| at.0),
        "column": at.map(|at| at.1), "old": files.text(mutant.span), "new": mutant.text,
        "fate": word, "killed_by": by, "cases_that_ask": survivor.and_then(|it| it.asked),
        "witness": witness,
    })
}

/// For comments on pull requests.
fn markdown(drawing: &Drawing<'_>, _style: Style) -> String {
    let counts = drawing.counts();
    let mut text = format!("### policyc: {}\n\n", score(counts));
    text.push_str("| policy | killed | survived | equivalent | not compiled |\n");
    text.push_str("|---|--:|--:|--:|--:|\n");
    for (name, counts) in by_policy(drawing) {
        let _ = writeln!(
            text,
            "| {} | {} ({}) | {} | {} | {} |",
            cell(name),
            counts.killed,
            percent(counts.killed, counts.judged()),
            counts.survived,
            counts.equivalent,
            counts.refused,
        );
    }
    if let Some(missing) = missing(drawing) {
        let _ = writeln!(text, "\n**{missing}**");
    }
    for shown in survivors(drawing) {
        let mutant = shown.mutant;
        let name = cell(mutant.owner_name());
        let _ = writeln!(
            text,
            "\n<details><summary>{name}: {} ({})</summary>\n\n```diff",
            mutant.operator.words(),
            cell(&shown.place()),
        );
        let (old, new) = shown.lines();
        for (sign, lines) in [("-", old), ("+", new)] {
            for line in lines {
                let _ = writeln!(text, "{sign} {}", visible(&line).replace('`', "'"));
            }
        }
        let _ = writeln!(text, "```\n\n{}", shown.why());
        if let Some(witness) = &shown.survivor.witness {
            let told = |decision| cell(&decision_text(decision, witness.same_winner));
            let _ = writeln!(text, "\n`{}`\n", code(&input_line(&witness.example)));
            let _ = writeln!(text, "- the policy: {}", told(&witness.before));
            let _ = writeln!(text, "- the mutant: {}", told(&witness.after));
        }
        text.push_str("\n</details>\n");
    }
    text
}

/// One page.
fn html(drawing: &Drawing<'_>, _style: Style) -> String {
    let text = page::text;
    let mut out = page::head("mutants");
    let _ = writeln!(out, "<h1>Mutants</h1>\n<p>{}</p>", text(&score(drawing.counts())));
    if let Some(missing) = missing(drawing) {
        let _ = writeln!(out, "<p class=\"broken\">{}</p>", text(&missing));
    }
    out.push_str(
        "<table><tr><th>policy</th><th>killed</th><th>survived</th><th>equivalent</th>\
         <th>not compiled</th></tr>\n",
    );
    for (name, counts) in by_policy(drawing) {
        let _ = writeln!(
            out,
            "<tr><th>{}</th><td>{} ({})</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            text(name),
            counts.killed,
            percent(counts.killed, counts.judged()),
            counts.survived,
            counts.equivalent,
            counts.refused,
        );
    }
    out.push_str("</table>\n");
    let survivors = survivors(drawing);
    if survivors.is_empty() {
        let all = counted(drawing.counts().judged(), "mutant");
        let _ = writeln!(out, "<p>No survivor among {all}.</p>\n</body></html>");
        return out;
    }
    out.push_str(page::FILTER);
    for shown in survivors {
        let mutant = shown.mutant;
        let _ = writeln!(
            out,
            "<details open><summary>{}: {}</summary>\n<p>{}</p><pre><code>",
            text(mutant.owner_name()),
            mutant.operator.words(),
            text(&shown.place()),
        );
        let (old, new) = shown.lines();
        for (sign, class, lines) in [("-", "broken", old), ("+", "kept", new)] {
            for line in lines {
                let _ = writeln!(out, "<span class=\"{class}\">{sign} {}</span>", text(&line));
            }
        }
        let _ = writeln!(out, "</code></pre><p>{}</p>", text(&shown.why()));
        if let Some(witness) = &shown.survivor.witness {
            let told = |decision| text(&decision_text(decision, witness.same_winner));
            let _ = writeln!(
                out,
                "<p><code>{}</code></p><p>the policy: {}<br>the mutant: {}</p>",
                text(&input_line(&witness.example)),
                told(&witness.before),
                told(&witness.after),
            );
        }
        out.push_str("</details>\n");
    }
    out.push_str(page::TAIL);
    out
}
