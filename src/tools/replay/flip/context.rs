//! The recorded context, and what of it may change.
//!
//! In:      typed JSON, the program that reads it, what is asked.
//! Out:     `RecordedContext`, as `compiler::solve::neighbourhood` asks for it.
//! Imports: `base`, `compiler::solve`, `lang`, `runtime::bundle`, `runtime::program`,
//!          `runtime::vm`.

use std::rc::Rc;

use serde_json::{Map, Value as Json};

use crate::base::arrange::Arrange as _;
use crate::base::pointer;
use crate::compiler::solve::change::covers;
use crate::compiler::solve::neighbourhood::{GivenInput, GivenValue, NOW};
use crate::compiler::solve::places::paths;
use crate::lang::constant::Constant;
use crate::lang::value::{duration, time};
use crate::runtime::bundle::module::SlotRow;
use crate::runtime::program::Program;
use crate::runtime::vm::request::Moment;
use crate::tools::replay::flip::{FIXED, FlipQuery};
use crate::tools::replay::plain::plain;

/// A recorded context.
pub(super) struct RecordedContext<'a> {
    typed: &'a Json,
    now: (i64, u32),
    /// The places that the program reads, those around others first.
    read: Vec<Rc<str>>,
    /// Those of them of which only is read whether they are there.
    there: Vec<Rc<str>>,
    /// Whether rules read the time.
    timed: bool,
    mutable: Vec<String>,
    fixed: Vec<String>,
}

impl<'a> RecordedContext<'a> {
    pub(super) fn of(
        program: &Program,
        typed: &'a Json,
        moment: &Moment<'_>,
        asked: &FlipQuery,
    ) -> Self {
        let module = program.module();
        let all = paths(module);
        let path = |slot: &SlotRow| match slot {
            SlotRow::Value(node) => all.get(usize::from(*node)).cloned(),
            SlotRow::Presence(_) | SlotRow::Now => None,
        };
        let there = |slot: &SlotRow| match slot {
            SlotRow::Presence(node) => all.get(usize::from(*node)).cloned(),
            SlotRow::Value(_) | SlotRow::Now => None,
        };
        let mut read: Vec<Rc<str>> = module.slots.iter().filter_map(path).collect();
        let mut there: Vec<Rc<str>> = module.slots.iter().filter_map(there).collect();
        let all: Vec<Rc<str>> = there.iter().chain(&read).cloned().collect();
        let holds = |path: &Rc<str>| all.iter().any(|it| it != path && covers(path, it));
        there.retain(|path| !holds(path) && !read.iter().any(|read| covers(read, path)));
        read.extend(there.iter().cloned());
        read.arrange_by_key(|path| path.len());
        read.dedup();
        let fixed = FIXED.iter().map(|place| (*place).to_owned());
        Self {
            typed,
            now: (moment.seconds, moment.nanoseconds),
            timed: module.slots.contains(&SlotRow::Now),
            read,
            there,
            mutable: asked.mutable.clone(),
            fixed: fixed.chain(asked.fixed.iter().cloned()).collect(),
        }
    }

    /// Whether a place may change: what is said of it, or of the nearest place around it, decides.
    fn free(&self, place: &str) -> bool {
        let nearest =
            |places: &[String]| places.iter().filter(|it| covers(it, place)).map(String::len).max();
        let inside = |it: &String| it != place && covers(place, it);
        match (nearest(&self.fixed), nearest(&self.mutable)) {
            (Some(fixed), Some(mutable)) => mutable >= fixed,
            (Some(_), None) => false,
            (None, _) => !self.fixed.iter().any(inside),
        }
    }

    /// Places that stay, of those that are read.
    pub(super) fn fixed(&self) -> Vec<String> {
        let stays = |place: &&String| {
            let around = self.read.iter().filter(|read| covers(place, read));
            let now = *place == NOW && self.timed;
            now || around.into_iter().any(|read| !self.free(read))
        };
        let mut fixed: Vec<String> = self.fixed.iter().filter(stays).cloned().collect();
        fixed.dedup();
        let own = fixed.clone();
        fixed.retain(|place| !own.iter().any(|other| other != place && covers(other, place)));
        fixed
    }

    /// Places that the record withholds.
    pub(super) fn withheld(&self) -> Vec<String> {
        let mut withheld = Vec::new();
        let _ = plain(self.typed, &mut withheld);
        withheld
    }
}

/// The value at a path of a context in typed JSON; one that is withheld ends the way.
pub(super) fn at<'j>(typed: &'j Json, path: &str) -> Option<&'j Json> {
    let mut at = typed;
    for key in path.split('/').skip(1) {
        let Json::Object(entries) = at else { return None };
        if entries.contains_key("$x") {
            return Some(at);
        }
        at = entries.get(&spelled(key))?;
    }
    Some(at)
}

/// A key of a JSON Pointer, as typed JSON spells it.
pub(super) fn spelled(key: &str) -> String {
    let key = pointer::key(key);
    if key.starts_with('$') { format!("${key}") } else { key }
}

/// A key as it came.
fn plain_key(key: &str) -> &str {
    if key.starts_with("$$") { key.get(1..).unwrap_or(key) } else { key }
}

/// Whether an object is a mark.
fn is_mark(entries: &Map<String, Json>) -> bool {
    entries.keys().any(|key| key.starts_with('$') && !key.starts_with("$$"))
}

/// What typed JSON stands for.
fn given_value(typed: &Json) -> GivenValue {
    let known =
        |constant: Option<Constant>| constant.map_or(GivenValue::Withheld, GivenValue::Known);
    match typed {
        Json::Null => GivenValue::Known(Constant::Null),
        Json::Bool(value) => GivenValue::Known(Constant::Bool(*value)),
        Json::Number(number) => known(match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Some(Constant::Int(whole)),
            (None, Some(whole)) => Some(Constant::Uint(whole)),
            (None, None) => number.as_f64().map(Constant::Double),
        }),
        Json::String(text) => GivenValue::Known(Constant::String(text.as_str().into())),
        Json::Array(items) => {
            let items = items.iter().map(|item| match given_value(item) {
                GivenValue::Known(item) => Some(item),
                GivenValue::Absent | GivenValue::Withheld => None,
            });
            known(items.collect::<Option<Vec<_>>>().map(Constant::List))
        }
        Json::Object(entries) => match entries.iter().next() {
            Some((mark, value)) if is_mark(entries) => known(marked(mark, value)),
            _ => {
                let mut named: Vec<_> =
                    entries.iter().map(|(key, it)| (plain_key(key), it)).collect();
                named.arrange_by_key(|(key, _)| *key);
                let entry = |(key, value): (&str, &Json)| match given_value(value) {
                    GivenValue::Known(value) => Some((Constant::String(key.into()), value)),
                    GivenValue::Absent | GivenValue::Withheld => None,
                };
                known(named.into_iter().map(entry).collect::<Option<Vec<_>>>().map(Constant::Map))
            }
        },
    }
}

/// A value that JSON has no kind for.
fn marked(mark: &str, value: &Json) -> Option<Constant> {
    match mark {
        "$u" => value.as_u64().map(Constant::Uint),
        "$ts" => {
            let at = time::parse(value.as_str()?).ok()?;
            Some(Constant::Timestamp(at.seconds, at.nanoseconds))
        }
        "$d" => duration::parse(value.as_str()?).ok().map(Constant::Duration),
        // Bytes, and doubles that are no numbers, lie on no line; what is withheld is not known.
        _ => None,
    }
}

impl GivenInput for RecordedContext<'_> {
    fn held(&self, path: &str) -> GivenValue {
        at(self.typed, path).map_or(GivenValue::Absent, given_value)
    }

    fn object(&self, path: &str) -> GivenValue {
        match at(self.typed, path) {
            None => GivenValue::Absent,
            Some(Json::Object(entries)) if entries.contains_key("$x") => GivenValue::Withheld,
            Some(Json::Object(entries)) => GivenValue::Known(Constant::Bool(!is_mark(entries))),
            Some(_) => GivenValue::Known(Constant::Bool(false)),
        }
    }

    fn change(&self, path: &str) -> Option<Rc<str>> {
        let top = self.read.iter().find(|read| covers(read, path))?;
        let changes = match self.held(top) {
            GivenValue::Known(Constant::Map(_)) => self.there.contains(top),
            GivenValue::Withheld => false,
            GivenValue::Known(_) => true,
            GivenValue::Absent => {
                let mut around = top.as_ref();
                while let Some((above, _)) = around.rsplit_once('/') {
                    around = above;
                    match self.object(around) {
                        GivenValue::Absent => {}
                        GivenValue::Known(Constant::Bool(true)) => break,
                        GivenValue::Known(_) | GivenValue::Withheld => return None,
                    }
                }
                true
            }
        };
        (changes && self.free(top)).then(|| top.clone())
    }

    fn inside(&self, path: &str) -> Vec<Rc<str>> {
        let inside = self.read.iter().filter(|read| covers(path, read));
        let mut changes: Vec<Rc<str>> = inside.filter_map(|read| self.change(read)).collect();
        changes.dedup();
        changes
    }

    fn now(&self) -> ((i64, u32), bool) {
        (self.now, self.timed && self.free(NOW))
    }
}
