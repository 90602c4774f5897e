//! Events of a session in a test: a list, or a file of JSON lines.
//!
//! In:      what stands under `session`.
//! Out:     the events, numbered and dated where they are not, and what some of them expect.
//! Imports: `base`, `compiler::syntax`, `diag`, `tools::event`.

use serde_json::Value as Json;

use crate::base::span::{Span, Spanned};
use crate::compiler::syntax::document::yaml::Node;
use crate::diag::sink::Sink;
use crate::tools::event::Event;
use crate::tools::suite::Expect;
use crate::tools::suite::case::expect;
use crate::tools::suite::error::SuiteError;
use crate::tools::suite::tree::{ordered as text_of, wrong};

/// What stands under `session`, where it is no file.
pub(super) const EVENTS: &str = "a list of events, each a mapping";

/// The events of a session.
pub(super) struct Events {
    pub(super) events: Vec<Event>,
    /// By the places of events: what must come of them.
    pub(super) expected: Vec<(usize, Spanned<Expect>)>,
}

/// Reads events, which are at `time` where they do not say.
pub(super) fn read(
    node: &Node,
    file: &dyn Fn(&str) -> Result<String, String>,
    time: &str,
    sink: &mut Sink,
) -> Option<Events> {
    let mut found = Events { events: Vec::new(), expected: Vec::new() };
    if let Some(path) = node.text() {
        found.events = lines(path, node.span, file, sink)?;
    } else if let Some(items) = node.items() {
        for item in items {
            let mut text = String::new();
            text_of(item, &mut text, sink)?;
            let Some(mut event) = Event::read(&text) else {
                wrong(item, "session", EVENTS, sink);
                return None;
            };
            let entries = item.entries().unwrap_or_default();
            if let Some(entry) = entries.iter().find(|entry| entry.key.value == "expect") {
                if !is_request(&event) {
                    let (at, what) = (entry.key.span, "an event with `expect`".to_owned());
                    let (wanted, found) = ("a request", "another one");
                    sink.report(SuiteError::WrongNode { at, what, wanted, found });
                    return None;
                }
                found.expected.push((found.events.len(), expect(&entry.value, sink)?));
            }
            event.remove("expect");
            found.events.push(event);
        }
    } else {
        wrong(node, "session", "a list of events, or a file of them", sink);
        return None;
    }
    for (number, event) in (1..).zip(&mut found.events) {
        for (key, value) in [("seq", Json::from(number)), ("ts", Json::from(time))] {
            if event.get(key).is_none() {
                event.set(key, value);
            }
        }
    }
    Some(found)
}

/// The events of a file, a JSON object a line.
fn lines(
    path: &str,
    at: Span,
    file: &dyn Fn(&str) -> Result<String, String>,
    sink: &mut Sink,
) -> Option<Vec<Event>> {
    let path = path.to_owned();
    let text = match file(&path) {
        Ok(text) => text,
        Err(why) => {
            sink.report(SuiteError::NoFile { at, path, why });
            return None;
        }
    };
    let mut events = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        if let Some(event) = Event::read(line) {
            events.push(event);
            continue;
        }
        let why = match serde_json::from_str::<Json>(line) {
            Ok(Json::Object(_)) => format!("line {number} has a key twice"),
            Ok(_) => format!("line {number} holds something else"),
            Err(error) => format!("line {number}: {error}"),
        };
        sink.report(SuiteError::NotObject { at, path, why });
        return None;
    }
    Some(events)
}

/// What patches have made of events. Those that they left alone keep the order of their members.
pub(super) fn ordered(values: &Json, events: &[Event]) -> Option<Vec<Event>> {
    let own = |value: &Json| events.iter().find(|event| event.value() == value).cloned();
    let all = values.as_array()?;
    let at = |(at, value): (usize, &Json)| {
        let same = events.get(at).filter(|event| event.value() == value).cloned();
        same.or_else(|| own(value)).or_else(|| Event::of(value))
    };
    all.iter().enumerate().map(at).collect()
}

fn is_request(event: &Event) -> bool {
    event.text("ev") == Some("request")
}

/// The place of the last request; that there is none is reported at `at`.
pub(super) fn last(events: &[Event], at: Span, sink: &mut Sink) -> Option<usize> {
    let last = events.iter().rposition(is_request);
    if last.is_none() {
        let what = "a session that expects something".to_owned();
        let (wanted, found) = ("one with a request", "one without");
        sink.report(SuiteError::WrongNode { at, what, wanted, found });
    }
    last
}
