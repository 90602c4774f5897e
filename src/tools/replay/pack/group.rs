//! The rows of a group in columns.
//!
//! In:      lines.
//! Out:     `Group`: every column with its values, nulls and lists; `rest` with what they do not
//!          hold.
//! Imports: `runtime::bundle`, `runtime::record`.
//!
//! `rest` is the line with a mark for every value that comes out of its column as it was spelled.
//! Marks begin with bytes that no JSON holds outside of escapes; a line that holds one of them all
//! the same has none, and says so.

use std::collections::{BTreeMap, BTreeSet};

use crate::runtime::bundle::module::Phase;
use crate::runtime::record::read::{Entry, Input, Record};
use crate::tools::replay::pack::asked::{ColumnTests, ColumnValues};
use crate::tools::replay::pack::layout::{
    Answers, Kind, LINE, Layout, Lists, PLAIN, SAID, STATE, TrieNode, WEIGHT,
};
use crate::tools::replay::pack::said::Messages;
use crate::tools::replay::pack::spell::Value;
use crate::tools::replay::pack::walk::{HELD, HELD_INT, ShreddedLine, is_regular};

/// Begins a mark: two bytes follow, the number of the column.
pub const MARK: u8 = 0x01;
/// As `MARK`, for a double that is spelled as an int.
pub const MARK_INT: u8 = 0x02;
/// In front of a line that has no marks, whatever bytes are in it.
pub const VERBATIM: u8 = 0x03;

/// Different lists of a group that are written as values as well.
const LISTS_MAX: usize = 1 << 10;

/// Columns whose values `diff` goes by, in the order of `has`.
const ENVELOPE: [&str; 10] =
    ["session", "engine", "bundle", "now", "effect", "digest", "rule", "fired", "reason", "errors"];

/// The values of a column, in order, without nulls.
#[derive(Clone, Debug)]
pub enum Data {
    /// Texts, JSON, digests: all bytes, and where each value ends.
    Bytes(Vec<u8>, Vec<usize>),
    /// Ints and times.
    Ints(Vec<i64>),
    /// Doubles.
    Doubles(Vec<f64>),
    /// Bools.
    Bools(Vec<bool>),
}

/// A column of a group.
#[derive(Clone, Debug)]
pub struct GroupColumn {
    /// The values.
    pub data: Data,
    /// A level for each value and each null. 0: null. Of lists 1 is an empty one, 2 an element;
    /// else 1 is a value.
    pub levels: Vec<i16>,
    /// Of lists: 0 where a row begins, 1 where it goes on.
    pub repeats: Vec<i16>,
    /// Rows.
    rows: usize,
}

impl GroupColumn {
    fn of(kind: Kind) -> Self {
        let data = match kind {
            Kind::Text | Kind::Json | Kind::Digest | Kind::Texts | Kind::Bytes => {
                Data::Bytes(Vec::new(), Vec::new())
            }
            Kind::Int | Kind::Time => Data::Ints(Vec::new()),
            Kind::Double => Data::Doubles(Vec::new()),
            Kind::Bool => Data::Bools(Vec::new()),
        };
        Self { data, levels: Vec::new(), repeats: Vec::new(), rows: 0 }
    }

    fn push(&mut self, value: Option<&Value<'_>>) {
        self.rows += 1;
        let Some(value) = value else {
            self.levels.push(0);
            self.repeats.push(0);
            return;
        };
        if let Value::Texts(texts) = value {
            self.repeats.push(0);
            self.repeats.extend(texts.iter().skip(1).map(|_| 1));
            if texts.is_empty() {
                self.levels.push(1);
            }
            self.levels.extend(texts.iter().map(|_| 2));
            for text in texts {
                self.bytes(text);
            }
            return;
        }
        self.levels.push(1);
        self.repeats.push(0);
        match (value, &mut self.data) {
            (Value::Bytes(bytes), Data::Bytes(..)) => self.bytes(bytes),
            (Value::Int(number), Data::Ints(all)) => all.push(*number),
            (Value::Double(number, _), Data::Doubles(all)) => all.push(*number),
            (Value::Bool(holds), Data::Bools(all)) => all.push(*holds),
            // A value of the kind of its column is one of these.
            _ => {}
        }
    }

    /// The value that was put in last, if it is a text or an int.
    fn last(&self) -> Option<Value<'_>> {
        match &self.data {
            Data::Bytes(all, ends) => {
                let (end, before) = ends.split_last()?;
                let own = all.get(before.last().copied().unwrap_or_default()..*end)?;
                Some(Value::Bytes(own.into()))
            }
            Data::Ints(all) => all.last().copied().map(Value::Int),
            Data::Doubles(_) | Data::Bools(_) => None,
        }
    }

    /// What the values answer, each as an int. `None` if they cannot be asked.
    fn answers(&self, tests: &ColumnTests, kind: Kind) -> Option<Self> {
        if kind == Kind::Texts {
            return self.answers_of_lists(tests);
        }
        let mut keys = Vec::new();
        let values = match &self.data {
            Data::Bytes(all, ends) => ColumnValues::Texts(all, ends, 0),
            Data::Ints(all) => ColumnValues::Ints(all),
            Data::Doubles(all) => ColumnValues::Doubles(all),
            Data::Bools(_) => return None,
        };
        tests.keys(values, &mut keys)?;
        let keys: Result<_, _> = keys.into_iter().map(i64::try_from).collect();
        let (levels, repeats) = (self.levels.clone(), self.repeats.clone());
        Some(Self { data: Data::Ints(keys.ok()?), levels, repeats, rows: self.rows })
    }

    /// The lists as JSON, each of them; none if there are many.
    fn lists(&self) -> Self {
        let Data::Bytes(all, ends) = &self.data else { return Self::of(Kind::Json) };
        let (mut own, mut from) = (Self::of(Kind::Json), 0);
        let mut known: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut ends = ends.iter();
        let mut levels = self.levels.iter().zip(&self.repeats).peekable();
        while let Some((level, _)) = levels.next() {
            let mut texts = Vec::new();
            let mut text = || {
                let end = ends.next().copied().unwrap_or(from);
                texts.push(all.get(from..end).unwrap_or_default().into());
                from = end;
            };
            if *level > 1 {
                text();
            }
            while levels.next_if(|(_, repeat)| **repeat > 0).is_some() {
                text();
            }
            if *level == 0 {
                own.push(None);
                continue;
            }
            let mut json = Vec::new();
            Value::Texts(texts).spell(Kind::Json, &mut json);
            own.push(Some(&Value::Bytes(json.as_slice().into())));
            known.insert(json);
            if known.len() > LISTS_MAX {
                let mut none = Self::of(Kind::Json);
                (0..self.rows).for_each(|_| none.push(None));
                return none;
            }
        }
        own
    }

    /// As `answers`, of lists, whose size alone is asked.
    fn answers_of_lists(&self, tests: &ColumnTests) -> Option<Self> {
        let mut own = Self::of(Kind::Int);
        let mut levels = self.levels.iter().zip(&self.repeats).peekable();
        let mut answers = Vec::new();
        while let Some((level, _)) = levels.next() {
            let mut size = usize::from(*level > 1);
            while levels.next_if(|(_, repeat)| **repeat > 0).is_some() {
                size += 1;
            }
            if *level == 0 {
                own.push(None);
                continue;
            }
            answers.clear();
            tests.answers(ColumnValues::List(size), &mut answers)?;
            own.push(Some(&Value::Int(key_of(&answers)?)));
        }
        Some(own)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if let Data::Bytes(all, ends) = &mut self.data {
            all.extend_from_slice(bytes);
            ends.push(all.len());
        }
    }
}

/// What the bundles that are named ask of columns, and what they say.
#[derive(Debug, Default)]
pub struct Asked {
    /// By column.
    pub columns: BTreeMap<usize, ColumnTests>,
    /// The messages of their rules.
    pub messages: Messages,
}

/// Makes groups of lines.
#[derive(Debug)]
pub struct Shredder<'l> {
    layout: &'l Layout,
    asked: &'l Asked,
    /// The columns of `ENVELOPE`.
    envelope: [Option<usize>; ENVELOPE.len()],
    trie: Vec<TrieNode>,
    found: ShreddedLine,
    rest: Vec<u8>,
    spelled: Vec<u8>,
}

/// The rows of a group.
#[derive(Clone, Debug)]
pub struct Group {
    /// The columns, as the layout has them.
    pub columns: Vec<GroupColumn>,
    /// How many rows.
    pub rows: usize,
}

impl<'l> Shredder<'l> {
    /// Makes groups with the columns of `layout`.
    #[must_use]
    pub fn of(layout: &'l Layout, asked: &'l Asked) -> Self {
        let (found, rest, spelled) = (ShreddedLine::default(), Vec::new(), Vec::new());
        let envelope = ENVELOPE.map(|name| layout.named(name));
        Self { layout, asked, envelope, trie: layout.trie(), found, rest, spelled }
    }

    /// The group of these lines. The last may lack its end.
    pub fn group(&mut self, lines: &[u8]) -> Group {
        let columns =
            self.layout.columns.iter().map(|column| GroupColumn::of(column.kind)).collect();
        let mut group = Group { columns, rows: 0 };
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            self.line(line.strip_suffix(b"\n").unwrap_or(line), &mut group);
        }
        self.answers(&mut group);
        for Lists { column, of } in &self.layout.lists {
            let own = group.columns.get(*of).map(GroupColumn::lists);
            if let Some((own, place)) = own.zip(group.columns.get_mut(*column)) {
                *place = own;
            }
        }
        group
    }

    /// Puts in what values answer. Where they do not, columns tell nothing.
    fn answers(&self, group: &mut Group) {
        for Answers { column, of, .. } in &self.layout.answers {
            let kind = self.layout.columns.get(*of).map(|column| column.kind);
            let tests = self.asked.columns.get(of);
            let own = group.columns.get(*of).zip(tests).zip(kind);
            let own = own.and_then(|((own, tests), kind)| own.answers(tests, kind));
            match (own, group.columns.get_mut(*column)) {
                (Some(own), Some(place)) => *place = own,
                _ => {
                    if let Some(Data::Bools(plain)) =
                        group.columns.get_mut(PLAIN).map(|plain| &mut plain.data)
                    {
                        plain.fill(false);
                    }
                }
            }
        }
    }

    fn line(&mut self, line: &[u8], group: &mut Group) {
        group.rows += 1;
        // Replaying takes white space away first, too.
        let entry = Entry::read(line.trim_ascii());
        let (what, record) = match entry {
            Ok(Entry::Record(record)) => ("record", Some(record)),
            Ok(Entry::Block(_)) => ("block", None),
            Ok(Entry::Gap(_)) => ("gap", None),
            Err(_) => ("other", None),
        };
        self.rest.clear();
        let marks = !line.iter().any(|byte| matches!(*byte, MARK | MARK_INT | VERBATIM));
        if !marks {
            self.rest.push(VERBATIM);
        }
        let mut plain = false;
        self.found.states.clear();
        if let Some(record) = record {
            let nodes = self.layout.nodes.len();
            let walked = self.found.walk(line, &self.trie, nodes).is_some();
            plain = walked && !self.found.twice && is_plain(&record);
            set(group, WEIGHT, &int(record.weight()));
            self.values(line, marks, group);
            let columns = self.envelope.iter().zip(has(&record));
            plain &= columns.into_iter().all(|(column, has)| {
                let column = column.and_then(|column| group.columns.get(column));
                column.is_some_and(|column| (column.rows == group.rows) == has)
            });
            plain &= plain && self.said(&record, group).is_some();
        } else {
            self.rest.extend_from_slice(line);
        }
        set(group, LINE, &Value::Bytes(what.as_bytes().into()));
        set(group, PLAIN, &Value::Bool(plain));
        set(group, STATE, &Value::Bytes((&self.found.states).into()));
        set(group, self.layout.rest(), &Value::Bytes((&self.rest).into()));
        let rows = group.rows;
        for column in group.columns.iter_mut().filter(|column| column.rows < rows) {
            column.push(None);
        }
    }

    /// Puts in what a record says was decided. `None` if that cannot be told.
    fn said(&self, record: &Record<'_>, group: &mut Group) -> Option<()> {
        let columns = &self.layout.columns;
        let value = |column: usize| {
            let kind = columns.get(column)?.kind;
            let own = group.columns.get(column)?;
            let is_own = own.rows == group.rows && matches!(kind, Kind::Text | Kind::Int);
            own.last().filter(|_| is_own)
        };
        let said = self.asked.messages.said(record, value)?;
        set(group, self.layout.named(SAID)?, &Value::Bytes(said.as_bytes().into()));
        Some(())
    }

    /// Puts the values that were found into their columns, and all else into `rest`.
    fn values(&mut self, line: &[u8], marks: bool, group: &mut Group) {
        let mut from = 0;
        for (number, span) in &self.found.spans {
            let Some(column) = self.layout.columns.get(*number) else { continue };
            let spelled = line.get(span.clone()).unwrap_or_default();
            let Some(value) = Value::read(column.kind, spelled) else { continue };
            self.spelled.clear();
            value.spell(column.kind, &mut self.spelled);
            let same = self.spelled == spelled;
            set(group, *number, &value);
            let node = self.layout.node(column.path.get(1..).unwrap_or_default());
            let state = node.and_then(|node| self.found.states.get_mut(node));
            let as_int = matches!(value, Value::Double(_, true));
            if let Some(state) = state
                && (same || value.tells_its_spelling())
            {
                *state = if as_int { HELD_INT } else { HELD };
            }
            // A value inside of one that left a mark already has none of its own.
            if marks && same && span.start >= from {
                self.rest.extend_from_slice(line.get(from..span.start).unwrap_or_default());
                self.rest.push(if as_int { MARK_INT } else { MARK });
                let [low, high, ..] = number.to_le_bytes();
                self.rest.extend_from_slice(&[low, high]);
                from = span.end;
            }
        }
        self.rest.extend_from_slice(line.get(from..).unwrap_or_default());
    }
}

fn set(group: &mut Group, column: usize, value: &Value<'_>) {
    let rows = group.rows;
    if let Some(column) = group.columns.get_mut(column).filter(|column| column.rows < rows) {
        column.push(Some(value));
    }
}

/// Answers as an int, two bits each.
fn key_of(answers: &[u8]) -> Option<i64> {
    answers
        .iter()
        .try_fold(0_i64, |key, answer| key.checked_mul(4)?.checked_add(i64::from(*answer)))
}

fn int(number: u64) -> Value<'static> {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Whether a record has a value for each column of `ENVELOPE`, as replaying reads it.
fn has(record: &Record<'_>) -> [bool; ENVELOPE.len()] {
    let outcome = record.outcome.as_ref();
    [
        record.session.is_some(),
        record.engine.is_some(),
        record.bundle.is_some_and(|bundle| bundle.digest.is_some()),
        record.now.is_some(),
        outcome.is_some_and(|outcome| outcome.effect.is_some()),
        outcome.is_some_and(|outcome| outcome.digest.is_some()),
        outcome.is_some_and(|outcome| outcome.rule.is_some()),
        outcome.is_some_and(|outcome| outcome.fired.is_some()),
        outcome.is_some_and(|outcome| outcome.reason.is_some()),
        outcome.is_some_and(|outcome| outcome.errors.is_some()),
    ]
}

/// Whether deciding about a record again hangs on its context and its engine alone, and columns
/// hold all that was said: the digest is that of the words, so whoever compares these compares it.
fn is_plain(record: &Record<'_>) -> bool {
    record.event.is_none() && is_plain_alone(record) && is_of_its_words(record)
}

fn is_of_its_words(record: &Record<'_>) -> bool {
    let Some(outcome) = &record.outcome else { return false };
    outcome.digest.is_some() && outcome.digest == outcome.digest_of_words()
}

fn is_plain_alone(record: &Record<'_>) -> bool {
    let Input::Context(context, _) = record.input else { return false };
    // Of what was said these are no columns.
    let more = record.outcome.is_some_and(|it| it.outputs.is_some() || it.shadow.is_some());
    record.replayable
        && !more
        && record.reads.is_none()
        && record.given.is_none()
        && record.phase == Phase::Request
        && record.weight() < i64::MAX as u64
        && is_regular(context)
}
