//! What was stored: labels and audiences that stay with an object, until it is read again.
//!
//! In:      calls of tools that say under which key they store, and what these gave.
//! Out:     what an object carries that was written before.
//! Imports: `base`, `runtime::bundle`.
//! Source:  `docs/sessions.md`, "What is stored".
//!
//! A key that cannot be made whole may be any with the same beginning: what is written under it
//! all of those carry, and what is read under it carries what all of those do.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::base::limits::{SESSION_ELEMENTS_MAX, SESSION_ID_BYTES_MAX, SESSION_STORED_OPEN_MAX};
use crate::base::pointer;
use crate::runtime::bundle::govern::StorePart;
use crate::runtime::bundle::module::Str;
use crate::runtime::session::ENTRY_BYTES;
use crate::runtime::session::audience::Audience;
use crate::runtime::session::index::Full;
use crate::runtime::session::json::{items, members, string};
use crate::runtime::session::labels::LabelSet;
use crate::runtime::session::state::Call;
use crate::runtime::session::step::Session;
use crate::runtime::session::text::push_short;

/// Under which key a tool stores.
#[derive(Debug)]
pub(super) struct Place<'p> {
    parts: Vec<Part<'p>>,
    /// Whether it does more than read.
    pub(super) writes: bool,
}

/// A part of a key.
#[derive(Debug)]
enum Part<'p> {
    Text(&'p str),
    /// A member of the object that the tool gives.
    Member(&'p str),
    /// An argument of the call.
    Argument(&'p str),
}

/// A key, or as much of it as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Whole(String),
    Open(String),
}

/// The arguments of a call that keys are made of: their names and texts.
pub(super) type Named = [(Box<str>, Box<str>)];

impl<'p> Place<'p> {
    /// That of a tool, if it stores.
    pub(super) fn of(
        parts: &[StorePart],
        writes: bool,
        text: impl Fn(Str) -> &'p str,
    ) -> Option<Self> {
        let part = |part: &StorePart| match part {
            StorePart::Text(name) => Part::Text(text(*name)),
            StorePart::Member(name) => Part::Member(text(*name)),
            StorePart::Argument(name) => Part::Argument(text(*name)),
        };
        let parts: Vec<Part<'p>> = parts.iter().map(part).collect();
        (!parts.is_empty()).then_some(Self { parts, writes })
    }

    /// The arguments of a call, as JSON, that its key is made of.
    pub(super) fn arguments(&self, args: &str) -> Box<Named> {
        let args = members(args).unwrap_or_default();
        let named = self.parts.iter().filter_map(|part| match part {
            Part::Argument(name) => Some(*name),
            Part::Text(_) | Part::Member(_) => None,
        });
        let value = |name: &str| {
            let (_, value) = args.iter().find(|(key, _)| key == name)?;
            Some((Box::from(name), spelled(value)?.into()))
        };
        named.filter_map(value).collect()
    }

    /// The key of a call before anything is known of what it gives.
    pub(super) fn asked(&self, named: &Named) -> Key {
        self.key::<&str>(named, &[])
    }

    /// The objects that a tool gave, with their keys: all of it, or the elements of a list.
    pub(super) fn objects(&self, out: &str, named: &Named) -> Vec<(String, Key)> {
        let whole = |key| vec![(String::new(), key)];
        if !self.parts.iter().any(|part| matches!(part, Part::Member(_))) {
            return whole(self.key::<&str>(named, &[]));
        }
        if let Ok(members) = members(out) {
            return whole(self.key(named, &members));
        }
        let items = items(out).ok().filter(|items| !items.is_empty());
        let Some(items) = items else { return whole(self.key::<&str>(named, &[])) };
        let object = |(at, item): (usize, &&str)| {
            let mut pointer = String::new();
            pointer::push(&mut pointer, &at.to_string());
            (pointer, self.key(named, &members(item).unwrap_or_default()))
        };
        let known = items.iter().take(SESSION_ELEMENTS_MAX).enumerate().map(object);
        // Of what is beyond nobody knows which object it is.
        let rest = (items.len() > SESSION_ELEMENTS_MAX).then(|| self.key::<&str>(named, &[]));
        known.chain(rest.map(|key| (String::new(), key))).collect()
    }

    fn key<S: AsRef<str>>(&self, named: &Named, object: &[(S, &str)]) -> Key {
        let mut key = String::new();
        for part in &self.parts {
            let found = match part {
                Part::Text(text) => Some((*text).to_owned()),
                Part::Argument(name) => {
                    let found = named.iter().find(|(own, _)| **own == **name);
                    found.map(|(_, value)| value.to_string())
                }
                Part::Member(name) => {
                    let found = object.iter().find(|(own, _)| own.as_ref() == *name);
                    found.and_then(|(_, value)| spelled(value))
                }
            };
            match found {
                Some(text) => key.push_str(&text),
                None => return Key::Open(key),
            }
        }
        Key::Whole(key)
    }
}

/// A text or a number as keys have it, if it is no longer than an id may be.
fn spelled(value: &str) -> Option<String> {
    let is_number = value.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let text = if is_number {
        let mut form = String::new();
        push_short(value, &mut form);
        Some(form)
    } else {
        string(value).map(Into::into)
    };
    text.filter(|text| text.len() <= SESSION_ID_BYTES_MAX)
}

/// What objects carry that were written in a session.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    whole: BTreeMap<Box<str>, (LabelSet, Audience)>,
    open: BTreeMap<Box<str>, (LabelSet, Audience)>,
    /// What calls write that have not been answered, under keys that their answers make whole.
    waiting: BTreeMap<u32, (Box<str>, LabelSet, Audience)>,
    held: usize,
}

/// What another entry takes.
fn need(key: &str, labels: &LabelSet, audience: &Audience) -> usize {
    ENTRY_BYTES + key.len() + labels.bytes() + audience.bytes()
}

impl Stored {
    /// Bytes that are kept.
    pub(super) const fn bytes(&self) -> usize {
        self.held
    }

    /// What was written under a key carries this, too. Whether that changes anything.
    pub(super) fn write(
        &mut self,
        key: &Key,
        (labels, audience): (&LabelSet, &Audience),
        room: usize,
    ) -> Result<bool, Full> {
        let (map, key) = match key {
            Key::Whole(key) => (&mut self.whole, key.as_str()),
            Key::Open(key) => {
                // Many beginnings come to any key at all.
                let many = self.open.len() >= SESSION_STORED_OPEN_MAX
                    && !self.open.contains_key(key.as_str());
                (&mut self.open, if many { "" } else { key.as_str() })
            }
        };
        let Some(carried) = map.get_mut(key) else {
            let bytes = need(key, labels, audience);
            if bytes > room {
                return Err(Full);
            }
            self.held += bytes;
            map.insert(key.into(), (labels.clone(), audience.clone()));
            return Ok(true);
        };
        let mut after = carried.clone();
        after.0.join(labels);
        after.1.meet(audience);
        if after == *carried {
            return Ok(false);
        }
        let (before, bytes) = (carried.1.bytes(), after.1.bytes());
        if bytes > room + before {
            return Err(Full);
        }
        self.held = self.held + bytes - before;
        *carried = after;
        Ok(true)
    }

    /// A call writes under a key with this beginning; which one it is its answer tells.
    pub(super) fn wait(
        &mut self,
        call: u32,
        key: &str,
        (labels, audience): (&LabelSet, &Audience),
        room: usize,
    ) -> Result<(), Full> {
        if self.waiting.len() >= SESSION_STORED_OPEN_MAX {
            let open = Key::Open(key.to_owned());
            return self.write(&open, (labels, audience), room).map(drop);
        }
        let bytes = need(key, labels, audience);
        if bytes > room {
            return Err(Full);
        }
        self.held += bytes;
        self.waiting.insert(call, (key.into(), labels.clone(), audience.clone()));
        Ok(())
    }

    /// A call has told what it wrote. Whether that was waited for.
    pub(super) fn told(&mut self, call: u32) -> bool {
        let Some((key, labels, audience)) = self.waiting.remove(&call) else { return false };
        self.held -= need(&key, &labels, &audience);
        true
    }

    /// What an object carries that is read under a key, if anything was written there.
    pub(super) fn read(&self, key: &Key) -> Option<(LabelSet, Audience)> {
        let (Key::Whole(text) | Key::Open(text)) = key;
        let exact = self.whole.get(text.as_str()).filter(|_| matches!(key, Key::Whole(_)));
        let is_open = matches!(key, Key::Open(_));
        let below = |own: &str| is_open && own.starts_with(text.as_str());
        let from = (Bound::Included(text.as_str()), Bound::Unbounded);
        let all = self.whole.range::<str, _>(from);
        let all = all.take_while(|(own, _)| below(own)).map(|(_, carried)| carried);
        let meant = |own: &str| text.starts_with(own) || below(own);
        let open = self.open.iter().filter(|(own, _)| meant(own)).map(|(_, carried)| carried);
        let known = exact.into_iter().chain(all).chain(open);
        let waiting = self.waiting.values().filter(|(own, ..)| meant(own));
        let mut found = known
            .map(|(labels, audience)| (labels, audience))
            .chain(waiting.map(|(_, labels, audience)| (labels, audience)));
        let (labels, audience) = found.next()?;
        let (mut labels, mut audience) = (labels.clone(), audience.clone());
        for (others, readers) in found {
            labels.join(others);
            audience.meet(readers);
        }
        Some((labels, audience))
    }
}

impl Session<'_, '_> {
    /// A call that is allowed writes from now on: nobody knows when that is done.
    pub(super) fn writes(&mut self, number: u32) -> Result<(), Full> {
        let place = |call: &Call| {
            let place = self.ground.place(&call.tool).filter(|place| place.writes)?;
            Some(place.asked(call.named()))
        };
        match self.state.call(number).and_then(place) {
            Some(key @ Key::Whole(_)) => self.state.store(&key, number),
            Some(Key::Open(beginning)) => self.state.wait(&beginning, number),
            None => Ok(()),
        }
    }

    /// What a call has written, as it gave, carries what the call carried. Of one that failed
    /// nobody knows what it has written, so it may be all that it was asked to.
    pub(super) fn stored(
        &mut self,
        (number, call): (u32, &Call),
        (out, failed): (Option<&str>, bool),
    ) -> Result<(), Full> {
        let Some(place) = self.ground.place(&call.tool).filter(|place| place.writes) else {
            return Ok(());
        };
        if failed {
            self.state.store(&place.asked(call.named()), number)?;
        }
        let objects = out.map_or(Vec::new(), |out| place.objects(out, call.named()));
        objects.iter().try_for_each(|(_, key)| self.state.store(key, number))
    }

    /// What was stored of what a call gave: where it lies in the output, and what it carries.
    pub(super) fn stored_in(&self, call: &Call, out: &str) -> Vec<(String, LabelSet, Audience)> {
        let mut stored = Vec::new();
        let objects = self.ground.place(&call.tool).map(|place| place.objects(out, call.named()));
        let mut last: Option<(Key, Option<(LabelSet, Audience)>)> = None;
        for (pointer, key) in objects.into_iter().flatten() {
            // Elements of which nothing is known have one key.
            let found = match last {
                Some((known, found)) if known == key => found,
                _ => self.state.stored.read(&key),
            };
            let carried = found.clone().map(|(labels, readers)| (pointer, labels, readers));
            stored.extend(carried);
            last = Some((key, found));
        }
        stored
    }

    /// What was stored of what a call that failed may speak of.
    pub(super) fn stored_of(&self, call: &Call) -> Option<(LabelSet, Audience)> {
        self.state.stored.read(&self.ground.place(&call.tool)?.asked(call.named()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Named, Part, Place};

    fn place(parts: Vec<Part<'static>>) -> Place<'static> {
        Place { parts, writes: true }
    }

    #[test]
    fn keys_are_made_of_objects_and_arguments() {
        let drive = place(vec![Part::Text("drive/"), Part::Member("id")]);
        let none: Box<Named> = Box::default();
        let whole = |key: &str| Key::Whole(key.to_owned());
        let open = Key::Open("drive/".to_owned());
        let all = |out: &str| drive.objects(out, &none);
        assert_eq!(all(r#"{"id":"7"}"#), [(String::new(), whole("drive/7"))]);
        let list = [("/0".to_owned(), whole("drive/7")), ("/1".to_owned(), open.clone())];
        assert_eq!(all(r#"[{"id":7},{"id":null}]"#), list);
        assert_eq!(all(r#"[{"id":7.0},{"id":null}]"#), list);
        assert_eq!(all("\"done\""), [(String::new(), open)]);
        let file = place(vec![Part::Text("f:"), Part::Argument("path")]);
        let named = file.arguments(r#"{"path":"a","text":"b"}"#);
        assert_eq!(file.asked(&named), whole("f:a"));
        assert_eq!(file.objects("[1]", &named), [(String::new(), whole("f:a"))]);
    }
}
