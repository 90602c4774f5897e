//! An event as it is written: its members in the order in which they stand.
//!
//! In:      the text of an event, or its value.
//! Out:     its value, to look things up; and a line of text, to fold and to write.
//! Imports: nothing of ours.
//! Source:  `docs/sessions.md`, "The fold".
//!
//! The order of members is part of an event: steps of plans go by it, and so does the digest of a
//! state. The maps of `serde_json` sort their keys, so the text is kept beside the value.

use serde_json::Value as Json;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    value: Json,
    /// Keys, and the texts of their values.
    members: Vec<(String, String)>,
}

impl Event {
    /// The event that a text spells: `None` where it is no object, or has a key twice anywhere.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let value: Json = serde_json::from_str(text).ok()?;
        let (text, keys) = compact(text)?;
        if !value.is_object() || keys != count(&value) {
            return None;
        }
        Some(Self { members: members(&text)?, value })
    }

    /// An event whose members nobody has ordered.
    #[must_use]
    pub fn of(value: &Json) -> Option<Self> {
        Self::read(&value.to_string())
    }

    /// Its value.
    #[must_use]
    pub const fn value(&self) -> &Json {
        &self.value
    }

    /// The value of a member.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.value.get(key)
    }

    /// The text of a member.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Json::as_str)
    }

    /// Gives a member another value, or adds it at the end.
    pub fn set(&mut self, key: &str, value: Json) {
        let text = value.to_string();
        match self.members.iter_mut().find(|(own, _)| own == key) {
            Some((_, own)) => *own = text,
            None => self.members.push((key.to_owned(), text)),
        }
        if let Some(members) = self.value.as_object_mut() {
            members.insert(key.to_owned(), value);
        }
    }

    /// Takes a member away.
    pub fn remove(&mut self, key: &str) {
        self.members.retain(|(own, _)| own != key);
        if let Some(members) = self.value.as_object_mut() {
            members.remove(key);
        }
    }

    /// It as one line.
    #[must_use]
    pub fn line(&self) -> String {
        let members =
            self.members.iter().map(|(key, text)| format!("{}:{text}", Json::from(&**key)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }
}

/// How many members objects have in all.
fn count(value: &Json) -> usize {
    match value {
        Json::Object(members) => members.len() + members.values().map(count).sum::<usize>(),
        Json::Array(items) => items.iter().map(count).sum(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => 0,
    }
}

/// The string that a text of JSON begins with, and what is behind it.
fn string(text: &str) -> Option<(String, &str)> {
    let mut strings = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let string = strings.next()?.ok()?;
    Some((string, text.get(strings.byte_offset()..)?))
}

/// JSON without white space, texts spelled in one way; and how many members its objects have.
fn compact(text: &str) -> Option<(String, usize)> {
    let (mut out, mut keys, mut rest) = (String::with_capacity(text.len()), 0, text);
    while let Some(letter) = rest.chars().next() {
        if letter == '"' {
            let (string, behind) = string(rest)?;
            out.push_str(&Json::from(string).to_string());
            rest = behind;
            continue;
        }
        keys += usize::from(letter == ':');
        if !letter.is_ascii_whitespace() {
            out.push(letter);
        }
        rest = rest.get(letter.len_utf8()..)?;
    }
    Some((out, keys))
}

/// The members of an object without white space.
fn members(text: &str) -> Option<Vec<(String, String)>> {
    let mut rest = text.strip_prefix('{')?;
    let mut found = Vec::new();
    while rest.starts_with('"') {
        let (key, behind) = string(rest)?;
        let value = behind.strip_prefix(':')?;
        let mut values =
            serde_json::Deserializer::from_str(value).into_iter::<serde::de::IgnoredAny>();
        values.next()?.ok()?;
        let (value, behind) = value.split_at_checked(values.byte_offset())?;
        found.push((key, value.to_owned()));
        rest = behind.strip_prefix(',').unwrap_or(behind);
    }
    (rest == "}").then_some(found)
}

#[cfg(test)]
mod tests {
    use super::Event;

    #[test]
    fn members_stay_in_their_order() {
        let read = |text: &str| Event::read(text).map(|event| event.line());
        for (text, wanted) in [
            (r#"{"z":1,"a":{"y":[ {"x" : 1e2,"b":7.00}], "c":null}}"#, None),
            (r#" { "z" : "\u0061\/\ud83d\ude00 : \"" } "#, Some(r#"{"z":"a/😀 : \""}"#)),
            ("{}", Some("{}")),
            (r#"{"a":12345678901234567890123,"":-0.0}"#, None),
            (r#"{"a":true,"b":"}","c":[[],{}]}"#, None),
        ] {
            let wanted = wanted.map_or_else(|| text.replace(' ', ""), str::to_owned);
            assert_eq!(read(text), Some(wanted), "{text}");
        }
        for bad in ["[]", "", "{", r#"{"a":1,"a":2}"#, r#"{"a":[{"b":1,"\u0062":2}]}"#, "{} {}"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn members_are_changed_where_they_stand() {
        let mut event = Event::read(r#"{"z":1,"for":"x","a":2}"#).expect("an event");
        event.set("for", "y".into());
        event.set("b", 3.into());
        event.remove("z");
        assert_eq!(event.line(), r#"{"for":"y","a":2,"b":3}"#);
        assert_eq!((event.text("for"), event.get("z")), (Some("y"), None));
        assert_eq!(Event::of(event.value()).expect("one").line(), r#"{"a":2,"b":3,"for":"y"}"#);
    }
}
