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

use crate::tools::replay::pack::alike::{Asked, Seen};
use crate::tools::replay::pack::decode::{Coded, NONE};
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
#[derive(Default)]
struct Local {
    /// By the number in all groups: here.
    here: FxHashMap<u32, u32>,
    /// The numbers in all groups.
    numbers: Vec<u32>,
}

impl Local {
    fn of(&mut self, number: u32) -> u32 {
        let Self { here, numbers } = self;
        *here.entry(number).or_insert_with(|| {
            numbers.push(number);
            u32::try_from(numbers.len() - 1).unwrap_or(u32::MAX)
        })
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
        asked: Option<&Asked>,
    ) {
        let known = self.known.entry(column).or_default();
        // Mostly the next value gives the same answers.
        let mut last: (Vec<u8>, u32) = (Vec::new(), NONE);
        let mut number = |answers: &[u8]| {
            if last.1 != NONE && last.0 == answers {
                return last.1;
            }
            let found = known.get(answers).copied().unwrap_or_else(|| {
                let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                known.insert(answers.into(), next);
                next
            });
            last.0.clear();
            last.0.extend_from_slice(answers);
            last.1 = found;
            found
        };
        let mut local = Local::default();
        let none = local.of(number(b""));
        let kind = layout.columns.get(column).map_or(Kind::Bytes, |column| column.kind);
        let mut answers = Vec::new();
        if kind == Kind::Texts {
            let rows = u32::try_from(coded.there.len()).unwrap_or_default();
            let mut by_codes: FxHashMap<&[u32], u32> = FxHashMap::default();
            let by_row: Vec<u32> = (0..rows)
                .map(|row| {
                    let Some(list) = coded.list(row as usize) else { return none };
                    *by_codes.entry(list).or_insert_with(|| {
                        answers.clear();
                        of_list(coded, list, asked, &mut answers);
                        local.of(number(&answers))
                    })
                })
                .collect();
            let of = |row: u32| by_row.get(row as usize).copied().unwrap_or(none);
            folded.fold(of, &local.numbers);
            return;
        }
        let most = u32::try_from(coded.count()).unwrap_or_default();
        let by_code: Vec<u32> = (0..most)
            .map(|code| {
                answers.clear();
                of_value(coded, code, asked, &mut answers);
                local.of(number(&answers))
            })
            .collect();
        let of = |row: u32| {
            let code = coded.codes.get(row as usize).copied().unwrap_or(NONE);
            by_code.get(code as usize).copied().unwrap_or(none)
        };
        folded.fold(of, &local.numbers);
    }
}

/// What tells a value from others: the answers that it gives, or all of it.
fn of_value(coded: &Coded, code: u32, asked: Option<&Asked>, out: &mut Vec<u8>) {
    let at = code as usize;
    let seen = match &coded.values {
        Data::Bytes(..) => Some(Seen::Text(coded.bytes(code).unwrap_or_default())),
        Data::Ints(all) => all.get(at).map(|number| Seen::Int(*number)),
        Data::Doubles(all) => all.get(at).map(|number| Seen::Double(*number)),
        Data::Bools(_) => None,
    };
    out.push(b'a');
    let answered = asked.filter(|asked| !asked.whole).zip(seen);
    if answered.and_then(|(asked, seen)| asked.answer(seen, out)).is_some() {
        return;
    }
    out.clear();
    out.push(b'v');
    match seen {
        Some(Seen::Text(text)) => out.extend_from_slice(text),
        Some(Seen::Int(number)) => out.extend_from_slice(&number.to_le_bytes()),
        Some(Seen::Double(number)) => out.extend_from_slice(&number.to_bits().to_le_bytes()),
        Some(Seen::Texts(_)) => {}
        None => {
            if let Data::Bools(all) = &coded.values {
                out.push(u8::from(all.get(at).copied().unwrap_or_default()));
            }
        }
    }
}

/// As `of_value`, for a list.
fn of_list(coded: &Coded, list: &[u32], asked: Option<&Asked>, out: &mut Vec<u8>) {
    out.push(b'a');
    let answered = asked.filter(|asked| !asked.whole);
    if answered.and_then(|asked| asked.answer(Seen::Texts(list.len()), out)).is_some() {
        return;
    }
    out.clear();
    out.push(b'v');
    for code in list {
        let text = coded.bytes(*code).unwrap_or_default();
        out.extend_from_slice(&text.len().to_le_bytes());
        out.extend_from_slice(text);
    }
}
