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

use crate::runtime::bundle::module::Phase;
use crate::runtime::record::read::{Entry, Input, Record};
use crate::tools::replay::pack::layout::{Kind, LINE, Layout, PLAIN, STATE, TrieNode, WEIGHT};
use crate::tools::replay::pack::spell::Value;
use crate::tools::replay::pack::walk::{HELD, HELD_INT, ShreddedLine, is_regular};

/// Begins a mark: two bytes follow, the number of the column.
pub const MARK: u8 = 0x01;
/// As `MARK`, for a double that is spelled as an int.
pub const MARK_INT: u8 = 0x02;
/// In front of a line that has no marks, whatever bytes are in it.
pub const VERBATIM: u8 = 0x03;

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

    fn bytes(&mut self, bytes: &[u8]) {
        if let Data::Bytes(all, ends) = &mut self.data {
            all.extend_from_slice(bytes);
            ends.push(all.len());
        }
    }
}

/// Makes groups of lines.
#[derive(Debug)]
pub struct Shredder<'l> {
    layout: &'l Layout,
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
    pub fn of(layout: &'l Layout) -> Self {
        let (found, rest, spelled) = (ShreddedLine::default(), Vec::new(), Vec::new());
        let envelope = ENVELOPE.map(|name| layout.named(name));
        Self { layout, envelope, trie: layout.trie(), found, rest, spelled }
    }

    /// The group of these lines. The last may lack its end.
    pub fn group(&mut self, lines: &[u8]) -> Group {
        let columns =
            self.layout.columns.iter().map(|column| GroupColumn::of(column.kind)).collect();
        let mut group = Group { columns, rows: 0 };
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            self.line(line.strip_suffix(b"\n").unwrap_or(line), &mut group);
        }
        group
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
