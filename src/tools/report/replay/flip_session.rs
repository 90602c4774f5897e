//! What flips the decision about a request of a session, drawn.
//!
//! In:      `SessionFlips`, and the events.
//! Out:     text for people, JSON, Markdown.
//! Imports: `lang`, `tools::event`, `tools::replay`.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::lang::decision::Effect;
use crate::tools::event::Event;
use crate::tools::replay::flip::place_name;
use crate::tools::replay::flip::session::SessionFlips;
use crate::tools::report::decision::{effect_paint, effect_word};
use crate::tools::report::json::document;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::replay::flip::{change_json, words};
use crate::tools::report::visible::{visible, wrap};
use crate::tools::report::{NamedFormat, counted};

/// Letters of an event that are shown.
const EVENT_SHOWN: usize = 90;

/// What there is to draw.
#[derive(Clone, Copy, Debug)]
pub struct SessionDrawing<'a> {
    /// Id of the record.
    pub id: Option<&'a str>,
    /// The events of the session, up to the request.
    pub events: &'a [Event],
    /// What was found.
    pub flips: &'a SessionFlips,
    /// How long it took.
    pub took: &'a str,
}

/// Draws it in the format of this name: full, json or markdown.
#[must_use]
pub fn draw(drawing: &SessionDrawing<'_>, format: &impl NamedFormat, style: Style) -> String {
    match format.name() {
        "json" => json(drawing),
        "markdown" => markdown(drawing),
        _ => full(drawing, style),
    }
}

/// For people.
fn full(drawing: &SessionDrawing<'_>, style: Style) -> String {
    let SessionDrawing { events, flips, took, .. } = drawing;
    let word = |effect| style.paint(effect_paint(effect), &effect_word(effect));
    let by = flips.from.rule.as_deref().map_or(String::new(), |rule| format!(" by `{rule}`"));
    let mut count = counted(flips.decisions, "decision");
    if flips.folds > 0 {
        let _ = write!(count, " · {}", counted(flips.folds, "fold"));
    }
    let mut text = format!(
        "  {}{} → {}   {count} · {took}\n",
        word(flips.from.effect),
        visible(&by),
        word(Some(flips.to)),
    );
    let rows: Vec<Vec<(String, String)>> =
        flips.found.iter().map(|changes| changes.iter().map(words).collect()).collect();
    let places = rows.iter().flatten().map(|(place, _)| place.chars().count());
    let width = places.max().unwrap_or(0);
    let number = |at: usize, row: usize| {
        let number = if row == 0 { format!("{at}") } else { "&".to_owned() };
        style.paint(Paint::Frame, &format!("{number:>3}"))
    };
    if !rows.is_empty() {
        text.push('\n');
    }
    for (at, changes) in (1..).zip(&rows) {
        for (row, (place, says)) in changes.iter().enumerate() {
            let _ = writeln!(text, "{}  {place:<width$}  {says}", number(at, row));
        }
    }
    let say = |text: &mut String, note: &str| {
        for (line, part) in wrap(note, style.width.saturating_sub(4)).into_iter().enumerate() {
            let indent = if line == 0 { "  " } else { "    " };
            let _ = writeln!(text, "{indent}{part}");
        }
    };
    if flips.left_away {
        text.push('\n');
        say(&mut text, &told_of_events(flips));
    }
    if !flips.without.is_empty() {
        text.push('\n');
    }
    for (at, gone) in (1..).zip(&flips.without) {
        for (row, place) in gone.iter().enumerate() {
            let line = events.get(*place).map(Event::line).unwrap_or_default();
            let _ = writeln!(text, "{}  {:>4}  {}", number(at, row), place + 1, cut(&line));
        }
    }
    text.push('\n');
    for note in notes(flips) {
        say(&mut text, &note);
    }
    text
}

fn cut(line: &str) -> String {
    let cut: String = line.chars().take(EVENT_SHOWN).collect();
    let more = if cut.len() < line.len() { "…" } else { "" };
    format!("{}{more}", visible(&cut))
}

/// What came of leaving events away.
fn told_of_events(flips: &SessionFlips) -> String {
    let none = "no change of what the call says was found";
    let to = effect_word(Some(flips.to));
    let events = match flips.without.as_slice() {
        [] => format!("no event was found without which it is {to}"),
        [one] if one.len() == 1 => format!("this event, left out, makes it {to}"),
        [_] => format!("these events, left out together, make it {to}"),
        _ => format!("each of these, left out alone, makes it {to}"),
    };
    match (flips.found.is_empty(), flips.without.is_empty()) {
        (false, _) => events,
        (true, true) => format!("{none}, and {events}"),
        (true, false) => format!("{none}; {events}"),
    }
}

/// What is known of the search, and what stays.
fn notes(flips: &SessionFlips) -> Vec<String> {
    let mut notes = vec![
        "tried, and not proved: values that the policy names and the session holds; each answer \
         was decided by the session, taken in anew"
            .to_owned(),
    ];
    if flips.stopped {
        notes.push("the search was given up: it would have taken too long".to_owned());
    }
    if !flips.fixed.is_empty() {
        let names: Vec<String> =
            flips.fixed.iter().map(|place| visible(&place_name(place)).into_owned()).collect();
        notes.push(format!("fixed: {} (`--mutable` lets them change)", names.join(", ")));
    }
    notes
}

fn json(drawing: &SessionDrawing<'_>) -> String {
    let SessionDrawing { id, events, flips, .. } = drawing;
    let found = flips.found.iter().map(|changes| {
        let all: Vec<Json> = changes.iter().map(change_json).collect();
        json!({"cost": changes.len(), "changes": all})
    });
    let event = |at: &usize| json!({"event": at + 1, "is": events.get(*at).map(Event::value)});
    let without = flips.without.iter().map(|gone| gone.iter().map(event).collect::<Vec<_>>());
    document(&json!({
        "format": "policyc.session_flip", "version": 1, "id": id,
        "from": flips.from.effect.map(Effect::word), "rule": flips.from.rule,
        "to": flips.to.word(),
        "flips": found.collect::<Vec<_>>(),
        "without": without.collect::<Vec<_>>(), "left_away": flips.left_away,
        "fixed": flips.fixed, "decisions": flips.decisions, "folds": flips.folds,
        "gave_up": flips.stopped,
    }))
}

fn markdown(drawing: &SessionDrawing<'_>) -> String {
    let SessionDrawing { id, events, flips, .. } = drawing;
    let cell = |text: &str| text.replace('`', "'").replace('|', "\\|");
    let id = id.map_or(String::new(), |id| format!(" of `{}`", cell(&visible(id))));
    let (from, to) = (effect_word(flips.from.effect), effect_word(Some(flips.to)));
    let mut text = format!("**{from} → {to}**{id}\n\n");
    if !flips.found.is_empty() {
        text.push_str("| | place | change |\n| --: | --- | --- |\n");
    }
    for (at, changes) in (1..).zip(&flips.found) {
        for (place, says) in changes.iter().map(words) {
            let _ = writeln!(text, "| {at} | `{}` | `{}` |", cell(&place), cell(&says));
        }
    }
    if flips.left_away {
        let _ = writeln!(text, "\n{}", told_of_events(flips));
    }
    if !flips.without.is_empty() {
        text.push_str("\n| | event | |\n| --: | --: | --- |\n");
    }
    for (at, gone) in (1..).zip(&flips.without) {
        for place in gone {
            let line = events.get(*place).map(Event::line).unwrap_or_default();
            let _ = writeln!(text, "| {at} | {} | `{}` |", place + 1, cell(&cut(&line)));
        }
    }
    for note in notes(flips) {
        let _ = writeln!(text, "\n- {note}");
    }
    text
}
