//! Classes of values, and combinations of them.
//!
//! In:      the columns of a group, and what is asked of their values.
//! Out:     of each row the number of its combination of classes; of each combination its classes,
//!          numbered alike in all groups.
//! Imports: its own room alone.
//!
//! What is asked of a value is asked once for each value of a dictionary.

use std::collections::HashMap;

use rustc_hash::FxHashMap;

use crate::tools::replay::pack::alike::{ColumnTests, ColumnValues};
use crate::tools::replay::pack::decode::{Coded, LENGTH_BYTES, NONE};
use crate::tools::replay::pack::group::Data;
use crate::tools::replay::pack::layout::{Kind, Layout};

/// Classes of a column that are kept.
const CLASSES_MAX: usize = 1 << 20;
/// Combinations that are looked up in a table rather than by hash.
const TABLE_MAX: usize = 1 << 20;

/// The classes of all columns, numbered.
#[derive(Debug, Default)]
pub struct Classes {
    known: HashMap<usize, HashMap<Box<[u8]>, u32>>,
}

/// Rows by their combinations.
#[derive(Debug)]
pub struct Folded {
    /// Of each row.
    of_rows: Vec<u32>,
    rows: Vec<u32>,
    /// For each column so far, of each combination: the one before and the class that made it.
    made: Vec<Vec<(u32, u32)>>,
    /// A row of each combination.
    first: Vec<u32>,
}

/// Pairs of numbers as numbers.
#[derive(Debug)]
pub struct Pairs {
    known: FxHashMap<u64, u32>,
    next: u32,
}

impl Pairs {
    /// No pair yet; numbers below `count` are those of others.
    #[must_use]
    pub fn above(count: usize) -> Self {
        let next = u32::try_from(count).unwrap_or(u32::MAX);
        Self { known: FxHashMap::default(), next }
    }

    /// The number of a pair. No other pair has it.
    pub fn of(&mut self, first: u32, second: u32) -> u32 {
        let Self { known, next } = self;
        *known.entry(u64::from(first) << 32 | u64::from(second)).or_insert_with(|| {
            *next += 1;
            *next
        })
    }
}

impl Folded {
    /// All rows are alike.
    #[must_use]
    pub fn of(rows: &[u32]) -> Self {
        let first = rows.first().copied().into_iter().collect();
        Self { of_rows: vec![0; rows.len()], rows: rows.to_vec(), made: Vec::new(), first }
    }

    /// How many combinations there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.first.len()
    }

    /// The combination of each row.
    #[must_use]
    pub fn combinations(&self) -> &[u32] {
        &self.of_rows
    }

    /// A row with a combination.
    #[must_use]
    pub fn first(&self, at: usize) -> u32 {
        self.first.get(at).copied().unwrap_or_default()
    }

    /// The classes of a combination, the last column's first.
    #[must_use]
    pub fn classes(&self, at: usize) -> Vec<u32> {
        let mut at = at;
        let mut classes = Vec::with_capacity(self.made.len());
        for made in self.made.iter().rev() {
            let Some((before, class)) = made.get(at) else { return classes };
            classes.push(*class);
            at = *before as usize;
        }
        classes
    }

    /// Notes one more column, of which all rows have the class with this number.
    fn fold_same(&mut self, number: u32) {
        let all = 0..u32::try_from(self.first.len()).unwrap_or(u32::MAX);
        self.made.push(all.map(|own| (own, number)).collect());
    }

    /// Tells rows apart by one more column, of which each has a class below `count`. `numbers` are
    /// those that classes have in all groups.
    fn fold(&mut self, class: impl Fn(u32) -> u32, numbers: &[u32]) {
        let (before, count) = (self.first.len(), numbers.len());
        let (mut made, mut first) = (Vec::new(), Vec::new());
        let mut add = |own: u32, class: u32, row: u32| {
            let number = numbers.get(class as usize).copied().unwrap_or_default();
            made.push((own, number));
            first.push(row);
            u32::try_from(first.len() - 1).unwrap_or(u32::MAX)
        };
        let rows = self.of_rows.iter_mut().zip(&self.rows);
        if before.saturating_mul(count) <= TABLE_MAX {
            let mut table = vec![NONE; before * count];
            for (own, row) in rows {
                let class = class(*row);
                let Some(known) = table.get_mut(*own as usize * count + class as usize) else {
                    continue;
                };
                if *known == NONE {
                    *known = add(*own, class, *row);
                }
                *own = *known;
            }
        } else {
            let mut table: FxHashMap<u64, u32> = FxHashMap::default();
            for (own, row) in rows {
                let class = class(*row);
                let key = u64::from(*own) << 32 | u64::from(class);
                *own = *table.entry(key).or_insert_with(|| add(*own, class, *row));
            }
        }
        self.made.push(made);
        self.first = first;
    }
}

/// The classes of a column of a group while they are found.
struct ColumnClasses<'k> {
    /// The numbers of all groups.
    known: &'k mut HashMap<Box<[u8]>, u32>,
    /// By the number in all groups: here.
    here: FxHashMap<u32, u32>,
    /// The numbers in all groups.
    numbers: Vec<u32>,
    /// What was answered last, and the class: mostly the next value answers the same.
    last: (Vec<u8>, u32),
}

impl<'k> ColumnClasses<'k> {
    fn of(known: &'k mut HashMap<Box<[u8]>, u32>) -> Self {
        let (here, numbers) = (FxHashMap::default(), Vec::new());
        Self { known, here, numbers, last: (Vec::new(), NONE) }
    }

    /// The class of values that answer so.
    fn class(&mut self, answers: &[u8]) -> u32 {
        let Self { known, here, numbers, last } = self;
        if last.1 != NONE && last.0 == answers {
            return last.1;
        }
        let number = known.get(answers).copied().unwrap_or_else(|| {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            known.insert(answers.into(), next);
            next
        });
        let class = *here.entry(number).or_insert_with(|| {
            numbers.push(number);
            u32::try_from(numbers.len() - 1).unwrap_or(u32::MAX)
        });
        last.0.clear();
        last.0.extend_from_slice(answers);
        last.1 = class;
        class
    }
}

impl Classes {
    /// Whether so many are known that it is better to begin anew.
    #[must_use]
    pub fn are_many(&self) -> bool {
        self.known.values().any(|classes| classes.len() > CLASSES_MAX)
    }

    /// Tells rows apart by a column: by what is asked of its values, or by all of them.
    pub fn fold(
        &mut self,
        folded: &mut Folded,
        (column, layout): (usize, &Layout),
        coded: &Coded,
        asked: Option<&ColumnTests>,
    ) {
        let mut local = ColumnClasses::of(self.known.entry(column).or_default());
        let kind = layout.columns.get(column).map_or(Kind::Bytes, |column| column.kind);
        let mut bytes = Vec::new();
        if kind == Kind::Texts {
            let none = local.class(b"");
            let rows = u32::try_from(coded.there.len()).unwrap_or_default();
            let mut by_codes: FxHashMap<&[u32], u32> = FxHashMap::default();
            let by_row: Vec<u32> = (0..rows)
                .map(|row| {
                    let Some(list) = coded.list(row as usize) else { return none };
                    *by_codes.entry(list).or_insert_with(|| {
                        bytes.clear();
                        of_list(coded, list, asked, &mut bytes);
                        local.class(&bytes)
                    })
                })
                .collect();
            let of = |row: u32| by_row.get(row as usize).copied().unwrap_or(none);
            folded.fold(of, &local.numbers);
            return;
        }
        let answered = asked.filter(|asked| !asked.whole).and_then(|asked| answers(coded, asked));
        let most = u32::try_from(coded.count()).unwrap_or_default();
        let mut class = |local: &mut ColumnClasses<'_>, code: u32| {
            if let Some((all, width)) = answered.as_ref().filter(|_| code < most) {
                let start = code as usize * width;
                return local.class(all.get(start..start + width).unwrap_or_default());
            }
            bytes.clear();
            if code < most {
                of_value(coded, code, &mut bytes);
            }
            local.class(&bytes)
        };
        if coded.is_same {
            class(&mut local, coded.codes.first().copied().unwrap_or(NONE));
            return folded.fold_same(local.numbers.first().copied().unwrap_or_default());
        }
        let by_code: Vec<u32> = (0..most).map(|code| class(&mut local, code)).collect();
        if coded.is_whole && local.numbers.len() == 1 {
            return folded.fold_same(local.numbers.first().copied().unwrap_or_default());
        }
        let none = class(&mut local, NONE);
        let of = |row: u32| {
            let code = coded.codes.get(row as usize).copied().unwrap_or(NONE);
            by_code.get(code as usize).copied().unwrap_or(none)
        };
        folded.fold(of, &local.numbers);
    }
}

/// What all values of a dictionary answer, in rows of so many bytes. `None` if they cannot be
/// asked.
fn answers(coded: &Coded, asked: &ColumnTests) -> Option<(Vec<u8>, usize)> {
    let seen = match &coded.values {
        Data::Bytes(all, ends) => ColumnValues::Texts(all, ends, LENGTH_BYTES),
        Data::Ints(all) => ColumnValues::Ints(all),
        Data::Doubles(all) => ColumnValues::Doubles(all),
        Data::Bools(_) => return None,
    };
    let width = asked.answers() + 1;
    let mut all = vec![b'a'; coded.count() * width];
    asked.answer(seen, (&mut all, width))?;
    Some((all, width))
}

/// All of a value, so that no other has the same bytes.
fn of_value(coded: &Coded, code: u32, out: &mut Vec<u8>) {
    let at = code as usize;
    out.push(b'v');
    match &coded.values {
        Data::Bytes(..) => out.extend_from_slice(coded.bytes(code).unwrap_or_default()),
        Data::Ints(all) => out.extend(all.get(at).map(|it| it.to_le_bytes()).into_iter().flatten()),
        Data::Doubles(all) => {
            out.extend(all.get(at).map(|it| it.to_bits().to_le_bytes()).into_iter().flatten());
        }
        Data::Bools(all) => out.push(u8::from(all.get(at).copied().unwrap_or_default())),
    }
}

/// What tells a list from others: what it answers, or all of it.
fn of_list(coded: &Coded, list: &[u32], asked: Option<&ColumnTests>, out: &mut Vec<u8>) {
    if let Some(asked) = asked.filter(|asked| !asked.whole) {
        out.resize(asked.answers() + 1, b'a');
        let width = out.len();
        if asked.answer(ColumnValues::List(list.len()), (out, width)).is_some() {
            return;
        }
    }
    out.clear();
    out.push(b'v');
    for code in list {
        let text = coded.bytes(*code).unwrap_or_default();
        out.extend_from_slice(&text.len().to_le_bytes());
        out.extend_from_slice(text);
    }
}
