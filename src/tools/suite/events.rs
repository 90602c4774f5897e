//! Events of a session in a test: a list, or a file of JSON lines.
//!
//! In:      what stands under `session`.
//! Out:     the events, numbered and dated where they are not, and what some of them expect.
//! Imports: `base`, `compiler::syntax`, `diag`, `runtime::session`, `tools::event`,
//!          `tools::inspect`.

use serde_json::Value as Json;

use crate::base::span::{Span, Spanned};
use crate::compiler::syntax::document::yaml::Node;
use crate::diag::sink::Sink;
use crate::diag::suggest::nearest;
use crate::runtime::session::event::{self as runtime, EventFault};
use crate::tools::event::Event;
use crate::tools::inspect::{digest_text, read_digest};
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
            known_members(item, &event, sink)?;
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
            usable(item, &event, time, sink)?;
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

/// The members that events of each kind have, beside `ev`, `seq` and `ts`. A request brings roots
/// of the context, too.
const KINDS: &[(&str, &[&str])] = &[
    ("prompt", &["text", "principal"]),
    ("request", &["call", "action", "refs", "expect"]),
    ("response", &["call", "out", "error", "done"]),
    ("approval", &["for", "by", "verdict", "roles"]),
    ("fact", &["f", "args", "result"]),
    ("plan", &["plan", "params"]),
    ("clock", &[]),
    ("reset", &[]),
];

/// Reports members that an event has not: what is misspelt would be passed over, and a test that
/// says nothing passes. Of requests, which bring any root, it is what stands for a member that is
/// missing.
fn known_members(item: &Node, event: &Event, sink: &mut Sink) -> Option<()> {
    let kind = event.text("ev")?;
    let Some((_, own)) = KINDS.iter().find(|(known, _)| *known == kind) else { return Some(()) };
    let missing = own.iter().copied().filter(|name| event.get(name).is_none());
    let mut fine = Some(());
    for entry in item.entries().unwrap_or_default() {
        let key = entry.key.value.as_str();
        let stamp = ["ev", "seq", "ts", "expect"].contains(&key);
        if stamp || own.contains(&key) {
            continue;
        }
        let meant = nearest(key, missing.clone());
        if kind != "request" || meant.is_some() {
            let (at, key, what) = (entry.key.span, key.to_owned(), "an event of this kind");
            let nearest = own.iter().copied().find(|name| Some(*name) == meant);
            sink.report(SuiteError::UnknownKey { at, key, what, nearest });
            fine = None;
        }
    }
    fine
}

/// Reports an event that no session can read: it would close the session, and what is denied
/// afterwards says nothing of the policy.
fn usable(item: &Node, event: &Event, time: &str, sink: &mut Sink) -> Option<()> {
    let mut read = event.clone();
    for (key, value) in [("seq", Json::from(1)), ("ts", Json::from(time))] {
        if read.get(key).is_none() {
            read.set(key, value);
        }
    }
    // An approval may name a call; what was asked about that is known when it runs.
    let names_call = read.text("for").is_some_and(|call| read_digest(call).is_none());
    if names_call && read.text("ev") == Some("approval") {
        read.set("for", digest_text(&[0; 32]).into());
    }
    let Err(fault) = runtime::Event::read(read.line().as_bytes()) else { return Some(()) };
    let member = match &fault {
        EventFault::Unknown(_) => Some("ev"),
        EventFault::Member(name) => Some(*name),
        EventFault::Syntax(_)
        | EventFault::Output(_)
        | EventFault::NoAnswer
        | EventFault::TooLarge => None,
    };
    let entries = item.entries().unwrap_or_default();
    let entry = entries.iter().find(|entry| member == Some(entry.key.value.as_str()));
    let at = entry.map_or(item.span, |entry| entry.value.span);
    let help = match &fault {
        EventFault::Unknown(kind) => nearest(kind, KINDS.iter().map(|(kind, _)| *kind))
            .map(|near| format!("did you mean `{near}`?")),
        EventFault::Member("verdict") => Some("write `granted` or `refused`".to_owned()),
        EventFault::Member(_)
        | EventFault::Syntax(_)
        | EventFault::Output(_)
        | EventFault::NoAnswer
        | EventFault::TooLarge => None,
    };
    sink.report(SuiteError::BadEvent { at, why: fault.to_string(), help });
    None
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
