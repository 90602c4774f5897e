//! A reference for sessions: small, slow, and by another way. It reads the documents as they are
//! written, keeps texts as they came, and looks for values letter by letter.
//!
//! In:      `Parsed`, events as JSON.
//! Out:     for a request the answers that rules get, and the flow rules that object.
//! Source:  `docs/sessions.md`.

use std::collections::{BTreeMap, BTreeSet};

use policyc::compiler::syntax::document::agents::ToolEffect;
use policyc::compiler::syntax::document::agents::{Flow, Output, SinkArg};
use policyc::compiler::syntax::document::model::{Parsed, Role, Tool};
use serde_json::Value as Json;

type Labels = BTreeSet<String>;

/// A text that came in.
struct Text {
    letters: Vec<char>,
    /// Words of it with numbers that have a shorter form, in that.
    numbers: Vec<Vec<char>>,
    /// Whether white space stands at its ends.
    is_edged: bool,
    /// The tool whose output it is in; `None`: the principal said it.
    tool: Option<String>,
    labels: Labels,
}

/// What is known of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) kind: &'static str,
    pub(crate) from: String,
    pub(crate) labels: Labels,
}

/// A session so far.
pub(crate) struct Fold<'a> {
    parsed: &'a Parsed,
    texts: Vec<Text>,
    ctx: Labels,
    calls: BTreeMap<String, (String, Labels)>,
}

impl<'a> Fold<'a> {
    pub(crate) fn new(parsed: &'a Parsed) -> Self {
        Self { parsed, texts: Vec::new(), ctx: Labels::new(), calls: BTreeMap::new() }
    }

    fn tool(&self, name: &str) -> Option<&'a Tool> {
        let tools = self.parsed.policies.iter().flat_map(|it| &it.tools);
        tools.into_iter().find(|tool| tool.name.value == *name)
    }

    fn declares(&self, label: &str) -> bool {
        let mut names = self.parsed.policies.iter().flat_map(|it| &it.labels.names);
        names.any(|name| name.value == *label)
    }

    /// A label with all that it brings with it.
    fn with_implied(&self, label: &str) -> Labels {
        let mut all = Labels::from([label.to_owned()]);
        loop {
            let before = all.len();
            for (from, to) in self.parsed.policies.iter().flat_map(|it| &it.labels.implies) {
                if all.contains(from.value.as_str()) {
                    all.extend(to.iter().map(|it| it.value.to_string()));
                }
            }
            if all.len() == before {
                return all;
            }
        }
    }

    fn take_in(&mut self, text: &str, tool: Option<String>, labels: Labels) {
        self.ctx.extend(labels.clone());
        let (letters, numbers, is_edged) = (form(text), numbers(text), text.trim() != text);
        self.texts.push(Text { letters, numbers, is_edged, tool, labels });
    }

    pub(crate) fn prompt(&mut self, text: &str) {
        let user = self.declares("input.user").then(|| self.with_implied("input.user"));
        self.take_in(text, None, user.unwrap_or_default());
    }

    pub(crate) fn reset(&mut self) {
        self.ctx.clear();
    }

    /// The values of a request that may carry something, by pointer; it becomes a call.
    pub(crate) fn request(&mut self, id: &str, action: &Json) -> BTreeMap<String, Known> {
        let mut values = BTreeMap::new();
        for (pointer, value) in leaves(&action["args"], String::new()) {
            if let Some(known) = self.known(&value) {
                values.insert(pointer, known);
            }
        }
        let labels = values.values().flat_map(|it| it.labels.clone()).collect();
        let tool = action["tool"].as_str().unwrap_or_default().to_owned();
        self.calls.insert(id.to_owned(), (tool, labels));
        values
    }

    fn known(&self, value: &Json) -> Option<Known> {
        let model = Known { kind: "model", from: "model".into(), labels: self.ctx.clone() };
        let text = match value {
            Json::String(text) => text.clone(),
            Json::Number(number) => number.to_string(),
            Json::Bool(_) => return Some(model),
            _ => return None,
        };
        let (wanted, short, is_edged) = (form(&text), short_form(&text), text.trim() != text);
        if wanted.is_empty() {
            return Some(model);
        }
        let place = |it: &Text| {
            let own = holds(&it.letters, &wanted, is_or_breaks);
            let is_all = it.is_edged && it.letters == wanted;
            if own == Some(Place::Whole) && (!is_edged || is_all) {
                return own;
            }
            // A number is one however it is spelled; a text that is spelled otherwise is another.
            let bent = holds(&it.letters, &wanted, is_or_blank);
            let other = holds(&it.letters, &short, is_or_blank);
            let numbers = it.numbers.iter().filter_map(|word| holds(word, &short, is_or_blank));
            let all = numbers.chain(own).chain(bent).chain(other);
            all.map(|place| if value.is_number() { place } else { Place::Piece }).min()
        };
        let those = |wanted: Place| -> Vec<&Text> {
            self.texts.iter().filter(|it| place(it) == Some(wanted)).collect()
        };
        let (found, pieces) = (those(Place::Whole), those(Place::Piece));
        let labels = |texts: &[&Text]| texts.iter().flat_map(|it| it.labels.clone()).collect();
        let torn: Labels = labels(&pieces);
        if found.is_empty() {
            return Some(Known { labels: &model.labels | &torn, ..model });
        }
        let labels = &labels(&found) | &torn;
        let tools: BTreeSet<&String> = found.iter().filter_map(|it| it.tool.as_ref()).collect();
        let from = if found.iter().any(|it| it.tool.is_none()) {
            "prompt".to_owned()
        } else if tools.len() == 1 {
            tools.first().map(ToString::to_string).unwrap_or_default()
        } else {
            "several".to_owned()
        };
        Some(Known { kind: "match", from, labels })
    }

    pub(crate) fn response(&mut self, id: &str, out: &Json) {
        let (tool, carried) = self.calls.get(id).cloned().unwrap_or_default();
        let mut all: Vec<(String, Json)> = leaves(out, String::new());
        all.extend(keys(out, String::new()));
        for (pointer, value) in all {
            let labels = self.declared(&tool, (out, &pointer), &carried);
            match &value {
                Json::String(text) => self.take_in(text, Some(tool.clone()), labels),
                Json::Number(it) => self.take_in(&it.to_string(), Some(tool.clone()), labels),
                _ => self.ctx.extend(labels),
            }
        }
    }

    /// What lies at a place of a tool's output carries.
    fn declared(&self, tool: &str, (out, pointer): (&Json, &str), carried: &Labels) -> Labels {
        let mut found = Labels::new();
        let mut known = false;
        let unknown = || Labels::from(["untrusted.unknown".to_owned()]);
        let Some(tool) = self.tool(tool) else { return unknown() };
        let Some(outputs) = &tool.output else {
            let acts = tool.effect.as_ref().is_some_and(|it| it.value != ToolEffect::None);
            return if acts { &unknown() | carried } else { unknown() };
        };
        for output in outputs {
            let pattern: Vec<&str> = output.path.value.split('/').collect();
            let place: Vec<&str> = pointer.split('/').collect();
            let fits = pattern.len() <= place.len()
                && pattern.iter().zip(&place).all(|(wanted, key)| *wanted == "*" || wanted == key);
            if !fits {
                continue;
            }
            known = true;
            found.extend(output.labels.iter().flat_map(|it| self.with_implied(&it.value)));
            if output.inherit {
                found.extend(carried.clone());
            }
        }
        let strange = strange(outputs, out, pointer);
        if !known || !strange.is_empty() {
            found.extend(unknown());
        }
        for output in strange {
            found.extend(output.labels.iter().flat_map(|it| self.with_implied(&it.value)));
            if output.inherit {
                found.extend(carried.clone());
            }
        }
        found
    }

    /// The ids of the flow rules that object to a call. Of `unless` it knows one form: that the
    /// value comes from the prompt.
    pub(crate) fn objections(
        &self,
        action: &Json,
        values: &BTreeMap<String, Known>,
    ) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let Some(tool) = self.tool(action["tool"].as_str().unwrap_or_default()) else {
            return found;
        };
        for flow in self.parsed.policies.iter().flat_map(|it| &it.flow) {
            let named = |it: &str| it == "*" || it == tool.name.value.as_str();
            let of_tool =
                flow.sink.tools.is_empty() || flow.sink.tools.iter().any(|it| named(&it.value));
            let of_effect = flow.sink.effects.is_empty()
                || tool.effect.as_ref().is_none_or(|effect| {
                    flow.sink.effects.iter().any(|it| it.value == effect.value)
                });
            if !of_tool || !of_effect {
                continue;
            }
            if flow.sink.args.is_empty() && forbids(flow, &self.ctx) {
                found.insert(flow.id.value.to_string());
            }
            for field in &tool.args {
                let role = field.role.as_ref().map_or(Role::Value, |it| it.value);
                let meant = flow.sink.args.iter().any(|arg| match arg {
                    SinkArg::Role(it) => it.value == role,
                    SinkArg::Named(it) => it.value == field.name.value,
                });
                let place = format!("/{}", field.name.value);
                let all: Vec<&Known> = values
                    .iter()
                    .filter(|(at, _)| **at == place || at.starts_with(&format!("{place}/")))
                    .map(|(_, known)| known)
                    .collect();
                let bad = all.iter().any(|it| {
                    forbids(flow, &it.labels) || flow.closed_world.is_some() && it.kind == "model"
                });
                let excused = flow.unless.is_some() && all.iter().all(|it| it.from == "prompt");
                let is_one = matches!(flow.sink.args.as_slice(), [SinkArg::Named(_)]);
                if meant && bad && !excused {
                    let id = &flow.id.value;
                    found.insert(if is_one { id.to_string() } else { format!("{id}{place}") });
                }
            }
        }
        found
    }

    pub(crate) fn context(&self) -> &Labels {
        &self.ctx
    }
}

/// The parts declared of what lies around a place, where it has none of them.
fn strange<'o>(outputs: &'o [Output], out: &Json, pointer: &str) -> Vec<&'o Output> {
    let keys: Vec<&str> = pointer.split('/').skip(1).collect();
    for depth in 0..=keys.len() {
        let place: String = keys.iter().take(depth).map(|key| format!("/{key}")).collect();
        let own: Vec<String> = match out.pointer(&place) {
            Some(Json::Object(members)) if !members.is_empty() => members.keys().cloned().collect(),
            Some(Json::Array(items)) if !items.is_empty() => {
                (0..items.len()).map(|at| at.to_string()).collect()
            }
            Some(Json::Bool(_) | Json::Number(_)) => Vec::new(),
            Some(Json::String(text)) if !text.is_empty() => Vec::new(),
            _ => continue,
        };
        let fits = |wanted: &str, key: &str| wanted == "*" || wanted == key;
        let below = |output: &&Output| {
            let steps: Vec<&str> = output.path.value.split('/').skip(1).collect();
            let mut way = steps.iter().zip(&keys).take(depth);
            steps.len() > depth && way.all(|(wanted, key)| fits(wanted, key))
        };
        let below: Vec<&Output> = outputs.iter().filter(below).collect();
        let is_there = below.iter().any(|output| {
            let step = output.path.value.split('/').nth(depth + 1).unwrap_or_default();
            own.iter().any(|key| fits(step, key))
        });
        if !below.is_empty() && !is_there {
            return below;
        }
    }
    Vec::new()
}

/// Whether a flow rule forbids one of the labels. Patterns are names or families.
fn forbids(flow: &Flow, labels: &Labels) -> bool {
    flow.forbid.iter().any(|pattern| {
        let family = pattern.value.strip_suffix('*');
        labels.iter().any(|label| match family {
            Some(family) => label.starts_with(family),
            None => pattern.value == *label.as_str(),
        })
    })
}

fn leaves(value: &Json, pointer: String) -> Vec<(String, Json)> {
    match value {
        Json::Object(members) if !members.is_empty() => {
            members.iter().flat_map(|(key, it)| leaves(it, format!("{pointer}/{key}"))).collect()
        }
        Json::Array(items) if !items.is_empty() => {
            let items = items.iter().enumerate();
            items.flat_map(|(at, it)| leaves(it, format!("{pointer}/{at}"))).collect()
        }
        other => vec![(pointer, other.clone())],
    }
}

/// The names of members, each at the place of its value.
fn keys(value: &Json, pointer: String) -> Vec<(String, Json)> {
    let below = |key: &str, it: &Json| {
        let place = format!("{pointer}/{key}");
        let mut found = keys(it, place.clone());
        found.push((place, Json::String(key.to_owned())));
        found
    };
    match value {
        Json::Object(members) => members.iter().flat_map(|(key, it)| below(key, it)).collect(),
        Json::Array(items) => {
            let items = items.iter().enumerate();
            items.flat_map(|(at, it)| keys(it, format!("{pointer}/{at}"))).collect()
        }
        _ => Vec::new(),
    }
}

/// Lower case; a blank between words, or a line break where more white space stands.
fn form(text: &str) -> Vec<char> {
    let lower = text.trim().to_lowercase();
    let mut words = lower.split(char::is_whitespace).peekable();
    let mut found = String::new();
    while let Some(word) = words.next() {
        found.push_str(word);
        let blanks = std::iter::from_fn(|| words.next_if(|next| next.is_empty())).count();
        if words.peek().is_some() {
            found.push(if blanks == 0 { ' ' } else { '\n' });
        }
    }
    found.chars().collect()
}

/// A blank is any white space of texts, which are broken anywhere.
fn is_or_breaks(text: char, wanted: char) -> bool {
    text == wanted || (text, wanted) == ('\n', ' ')
}

fn is_or_blank(text: char, wanted: char) -> bool {
    is_or_breaks(text, wanted) || is_or_breaks(wanted, text)
}

/// .. and no zeros behind the last digit of a fraction.
fn short_form(text: &str) -> Vec<char> {
    let form: String = form(text).into_iter().collect();
    let words = form.split_inclusive(char::is_whitespace).map(|part| {
        let word = part.trim_end();
        part.replace(word, &short(word))
    });
    words.collect::<String>().chars().collect()
}

/// The words of a text that have another short form. Only one that is all of the text is whole.
fn numbers(text: &str) -> Vec<Vec<char>> {
    let blank = if text.trim().contains(char::is_whitespace) { " " } else { "" };
    let words = text.split_whitespace().map(|word| (word, short(&word.to_lowercase())));
    let other = words.filter(|(word, short)| word.to_lowercase() != *short);
    other.map(|(_, short)| format!("{blank}{short}").chars().collect()).collect()
}

/// A word whose only point stands between digits loses what its fraction does not need.
fn short(word: &str) -> String {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|it| it.is_ascii_digit());
    match word.split_once('.') {
        Some((whole, fraction)) if digits(whole) && digits(fraction) => {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        }
        _ => word.to_owned(),
    }
}

/// How a value stands in a text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// As a name of its own, somewhere.
    Whole,
    /// As a piece of longer names only.
    Piece,
}

fn holds(text: &[char], wanted: &[char], is: fn(char, char) -> bool) -> Option<Place> {
    let short = wanted.len() < if wanted.iter().all(char::is_ascii_digit) { 4 } else { 3 };
    if short {
        return (text == wanted).then_some(Place::Whole);
    }
    let letter = |at: Option<&char>| at.is_some_and(|it| it.is_alphanumeric());
    let places = (0..text.len()).filter(|start| {
        let end = start + wanted.len();
        let same = |text: &[char]| text.iter().zip(wanted).all(|(one, other)| is(*one, *other));
        text.get(*start..end).is_some_and(same)
            && !(letter(wanted.first()) && *start > 0 && letter(text.get(start - 1)))
            && !(letter(wanted.last()) && letter(text.get(end)))
    });
    let place = |start: usize| {
        let (before, rest) = text.split_at(start);
        let goes_on = goes_on(wanted.first(), before.iter().rev())
            || goes_on(wanted.last(), rest.iter().skip(wanted.len()));
        if goes_on { Place::Piece } else { Place::Whole }
    };
    places.map(place).min()
}

/// Whether a letter follows an edge of a value behind signs alone, of which there is one at least.
fn goes_on<'l>(edge: Option<&char>, mut letters: impl Iterator<Item = &'l char>) -> bool {
    let joins =
        |it: &char| !it.is_alphanumeric() && !it.is_whitespace() && !"(),;\"<>".contains(*it);
    let mut is_joined = edge.is_some_and(joins);
    let next = letters.find(|it| {
        is_joined |= joins(it);
        !joins(it)
    });
    is_joined && next.is_some_and(|it| it.is_alphanumeric())
}
