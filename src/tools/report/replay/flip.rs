//! What flips a decision, drawn.
//!
//! In:      `Flips`.
//! Out:     text for people, JSON, Markdown.
//! Imports: `lang`, `tools::replay`.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::lang::decision::Effect;
use crate::tools::replay::flip::{Change, Flips, place_name};
use crate::tools::report::decision::{effect_paint, effect_word};
use crate::tools::report::json::document;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::visible::{visible, wrap};
use crate::tools::report::{NamedFormat, counted};

/// What there is to draw.
#[derive(Clone, Copy, Debug)]
pub struct Drawing<'a> {
    /// Id of the record.
    pub id: Option<&'a str>,
    /// What was found.
    pub flips: &'a Flips,
    /// How long it took.
    pub took: &'a str,
}

/// A way of drawing it.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// What people call it.
    pub name: &'static str,
    /// Draws it.
    pub draw: fn(&Drawing<'_>, Style) -> String,
}

/// Every way.
pub const FORMATS: &[Format] = &[
    Format { name: "full", draw: full },
    Format { name: "json", draw: json },
    Format { name: "markdown", draw: markdown },
];

impl NamedFormat for Format {
    const ALL: &'static [Self] = FORMATS;

    fn name(&self) -> &'static str {
        self.name
    }
}

/// Longest value that is written out, in characters.
const VALUE_MAX: usize = 60;

/// For people.
#[must_use]
pub fn full(drawing: &Drawing<'_>, style: Style) -> String {
    let Drawing { flips, took, .. } = drawing;
    let word = |effect| style.paint(effect_paint(effect), &effect_word(effect));
    let count = format!("{} · {took}", counted(flips.evaluations, "evaluation"));
    let mut text = format!("  {} → {}   {count}\n", word(flips.from), word(Some(flips.to)));
    if flips.found.is_empty() {
        let _ = writeln!(text, "\n  {}", nothing(flips));
    } else {
        text.push('\n');
    }
    let rows = |changes: &[Change]| changes.iter().map(words).collect::<Vec<_>>();
    let names = flips.found.iter().flat_map(|changes| rows(changes));
    let width = names.map(|(place, _)| place.chars().count()).max().unwrap_or(0);
    for (at, changes) in (1..).zip(&flips.found) {
        for (row, (place, says)) in rows(changes).into_iter().enumerate() {
            let number = if row == 0 { format!("{at}") } else { "&".to_owned() };
            let number = style.paint(Paint::Frame, &format!("{number:>3}"));
            let _ = writeln!(text, "{number}  {place:<width$}  {says}");
        }
    }
    let notes = notes(flips);
    if !notes.is_empty() && !flips.found.is_empty() {
        text.push('\n');
    }
    for note in notes {
        for (line, part) in wrap(&note, style.width.saturating_sub(4)).into_iter().enumerate() {
            let indent = if line == 0 { "  " } else { "    " };
            let _ = writeln!(text, "{indent}{part}");
        }
    }
    text
}

/// A change: the place, and what becomes of it.
pub(super) fn words(change: &Change) -> (String, String) {
    let value = |value: Option<&Json>, none: &str| match value {
        None => none.to_owned(),
        Some(value) => {
            let text = value.to_string();
            let cut: String = text.chars().take(VALUE_MAX).collect();
            let text = if cut == text { text } else { format!("{cut}…") };
            visible(&text).into_owned()
        }
    };
    if let (Some(Json::Array(from)), Some(Json::Array(to))) = (&change.from, &change.to) {
        let elements = |items: &[Json]| value(Some(&json!(items)), "");
        let place = visible(&place_name(&change.place)).into_owned();
        if let Some(more) = to.strip_prefix(from.as_slice()) {
            return (place, format!("and {} more: {}", more.len(), elements(more)));
        }
        let gone: Vec<Json> = from.iter().filter(|it| !to.contains(it)).cloned().collect();
        if gone.len() + to.len() == from.len() {
            return (place, format!("without {}", elements(&gone)));
        }
    }
    let from = value(change.from.as_ref(), "(not there)");
    let to = value(change.to.as_ref(), "(taken away)");
    (visible(&place_name(&change.place)).into_owned(), format!("{from} → {to}"))
}

/// What is said where nothing was found.
fn nothing(flips: &Flips) -> String {
    let many = match flips.fewest.complete {
        0 => return "no change was found".to_owned(),
        many if many >= flips.fewest.places => "what may change".to_owned(),
        1 => "one place".to_owned(),
        many => format!("up to {many} places"),
    };
    if flips.is_open() {
        format!("no change of {many} was found; it is not proved that there is none")
    } else {
        format!("no change of {many} does it: proved")
    }
}

/// What was looked for in vain, and what stays.
fn notes(flips: &Flips) -> Vec<String> {
    let names = |places: &mut dyn Iterator<Item = &str>| {
        let names: Vec<String> =
            places.map(|place| visible(&place_name(place)).into_owned()).collect();
        names.join(", ")
    };
    let mut notes = Vec::new();
    let never = &flips.fewest.never;
    if !never.is_empty() && !flips.found.is_empty() {
        let names = names(&mut never.iter().map(AsRef::as_ref));
        notes.push(format!("no single change of: {names} (proved)"));
    }
    let missed = &flips.fewest.missed;
    if !missed.is_empty() {
        let names = names(&mut missed.iter().map(AsRef::as_ref));
        notes.push(format!("no single change found of: {names} (not proved)"));
    }
    if flips.fewest.spent {
        notes.push("the search was given up: it would have taken too long".to_owned());
    }
    if !flips.fixed.is_empty() {
        let names = names(&mut flips.fixed.iter().map(String::as_str));
        notes.push(format!("fixed: {names} (`--mutable` lets them change)"));
    }
    if !flips.withheld.is_empty() {
        let names = names(&mut flips.withheld.iter().map(String::as_str));
        notes.push(format!("withheld, and so fixed: {names}"));
    }
    notes
}

/// A change, for programs.
pub(super) fn change_json(change: &Change) -> Json {
    json!({
        "path": change.place, "from": change.from, "to": change.to,
        "was_there": change.from.is_some(), "removed": change.to.is_none(),
    })
}

fn json(drawing: &Drawing<'_>, _: Style) -> String {
    let Drawing { id, flips, .. } = drawing;
    let found = flips.found.iter().map(|changes| {
        json!({
            "cost": changes.len(),
            "changes": changes.iter().map(change_json).collect::<Vec<_>>(),
        })
    });
    let places =
        |places: &[std::rc::Rc<str>]| places.iter().map(ToString::to_string).collect::<Vec<_>>();
    document(&json!({
        "format": "policyc.flip", "version": 1, "id": id,
        "from": flips.from.map(Effect::word), "to": flips.to.word(),
        "flips": found.collect::<Vec<_>>(),
        "no_single_change": places(&flips.fewest.never),
        "no_single_change_found": places(&flips.fewest.missed),
        "complete_up_to": flips.fewest.complete, "gave_up": flips.fewest.spent,
        "fixed": flips.fixed, "withheld": flips.withheld, "evaluations": flips.evaluations,
    }))
}

fn markdown(drawing: &Drawing<'_>, _: Style) -> String {
    let Drawing { id, flips, .. } = drawing;
    let id = id.map_or(String::new(), |id| format!(" of `{}`", visible(id).replace('`', "'")));
    let (from, to) = (effect_word(flips.from), effect_word(Some(flips.to)));
    let mut text = format!("**{from} → {to}**{id}\n\n");
    if flips.found.is_empty() {
        let _ = writeln!(text, "{}", nothing(flips));
    } else {
        text.push_str("| | place | change |\n| --: | --- | --- |\n");
    }
    let cell = |text: &str| text.replace('`', "'").replace('|', "\\|");
    for (at, changes) in (1..).zip(&flips.found) {
        for (place, says) in changes.iter().map(words) {
            let _ = writeln!(text, "| {at} | `{}` | `{}` |", cell(&place), cell(&says));
        }
    }
    for note in notes(flips) {
        let _ = writeln!(text, "\n- {note}");
    }
    text
}
