//! Classes of values.
//!
//! In:      the columns of a group, and what is asked of their values.
//! Out:     of each row the class of its value, and of each class its number, which is the same in
//!          all groups.
//! Imports: its own room alone.
//!
//! What is asked of a value is asked once for each value of a dictionary.

use std::collections::HashMap;

use rustc_hash::FxHashMap;

use crate::tools::replay::pack::asked::{ColumnTests, ColumnValues};
use crate::tools::replay::pack::decode::{Coded, LENGTH_BYTES, NONE};
use crate::tools::replay::pack::group::Data;

/// Classes of a column that are kept.
const CLASSES_MAX: usize = 1 << 20;

/// The classes of all columns, numbered.
#[derive(Debug, Default)]
pub struct Classes {
    known: HashMap<usize, HashMap<Box<[u8]>, u32>>,
    keys: Vec<u64>,
}

/// The classes of a column of a group.
#[derive(Debug)]
pub struct Classed<'c> {
    /// The class of each row.
    pub of_rows: OfRows<'c>,
    /// Of each class its number in all groups.
    pub numbers: Vec<u32>,
}

/// Which class the value of a row has.
#[derive(Debug)]
pub enum OfRows<'c> {
    /// All have the first.
    Same,
    /// Each row has its own.
    Each(Vec<u32>),
    /// Each row has that of its code, or this one where it has no value.
    Coded(&'c [u32], Vec<u32>, u32),
}

impl OfRows<'_> {
    /// The class of a row.
    #[must_use]
    pub fn of(&self, row: usize) -> u32 {
        match self {
            Self::Same => 0,
            Self::Each(all) => all.get(row).copied().unwrap_or_default(),
            Self::Coded(codes, classes, none) => {
                let code = codes.get(row).copied().unwrap_or(NONE);
                classes.get(code as usize).copied().unwrap_or(*none)
            }
        }
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
    /// What is told of a value.
    told: Vec<u8>,
}

impl<'k> ColumnClasses<'k> {
    fn of(known: &'k mut HashMap<Box<[u8]>, u32>) -> Self {
        Self { known, here: FxHashMap::default(), numbers: Vec::new(), told: Vec::new() }
    }

    /// The class of the value at a code.
    fn of_code(&mut self, coded: &Coded, code: u32, asked: Option<&ColumnTests>) -> u32 {
        self.told.clear();
        tell(coded, code, asked, &mut self.told);
        self.class()
    }

    /// The class of a list.
    fn of_list(&mut self, coded: &Coded, list: Option<&[u32]>, asked: Option<&ColumnTests>) -> u32 {
        self.told.clear();
        if let Some(list) = list {
            tell_list(coded, list, asked, &mut self.told);
        }
        self.class()
    }

    /// The class of values of which the same is told.
    fn class(&mut self) -> u32 {
        let Self { known, here, numbers, told } = self;
        let number = known.get(told.as_slice()).copied().unwrap_or_else(|| {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            known.insert(told.as_slice().into(), next);
            next
        });
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

    /// The classes of a column: by what is asked of its values, or each value its own.
    pub fn of<'c>(
        &mut self,
        column: usize,
        coded: &'c Coded,
        asked: Option<&ColumnTests>,
    ) -> Classed<'c> {
        let Self { known, keys } = self;
        let mut own = ColumnClasses::of(known.entry(column).or_default());
        let asked = asked.filter(|asked| !asked.whole);
        let of_rows = if coded.is_of_lists() {
            of_lists(coded, asked, &mut own)
        } else if coded.is_same {
            let code = coded.codes.first().copied().unwrap_or(NONE);
            own.of_code(coded, code, asked);
            OfRows::Same
        } else {
            let classes = of_codes(coded, asked, (&mut own, keys));
            if coded.is_whole && own.numbers.len() == 1 {
                OfRows::Same
            } else if coded.is_in_order {
                OfRows::Each(classes)
            } else {
                let none = if coded.is_whole { 0 } else { own.of_code(coded, NONE, asked) };
                OfRows::Coded(&coded.codes, classes, none)
            }
        };
        Classed { of_rows, numbers: own.numbers }
    }
}

/// The class of each code.
fn of_codes(
    coded: &Coded,
    asked: Option<&ColumnTests>,
    (own, keys): (&mut ColumnClasses<'_>, &mut Vec<u64>),
) -> Vec<u32> {
    let count = u32::try_from(coded.count()).unwrap_or_default();
    let answered = values(coded).zip(asked).and_then(|(values, asked)| asked.keys(values, keys));
    if answered.is_none() {
        return (0..count).map(|code| own.of_code(coded, code, asked)).collect();
    }
    // Of all values with a key one says what there is to tell.
    let mut by_key = ByKey::new();
    let class = |(code, key): (u32, &u64)| by_key.of(*key, || own.of_code(coded, code, asked));
    (0..count).zip(&*keys).map(class).collect()
}

/// Keys below this are looked up in a table.
const TABLE_MAX: usize = 1 << 12;

/// Classes by key.
struct ByKey {
    /// Of small keys; `NONE` where there is none yet.
    small: Vec<u32>,
    large: FxHashMap<u64, u32>,
}

impl ByKey {
    fn new() -> Self {
        Self { small: vec![NONE; TABLE_MAX], large: FxHashMap::default() }
    }

    /// The class of a key, made where it is the first of its like.
    #[inline]
    fn of(&mut self, key: u64, make: impl FnOnce() -> u32) -> u32 {
        match usize::try_from(key).ok().and_then(|key| self.small.get_mut(key)) {
            Some(known) if *known == NONE => {
                *known = make();
                *known
            }
            Some(known) => *known,
            None => *self.large.entry(key).or_insert_with(make),
        }
    }
}

/// The class of each row of a column of lists.
fn of_lists<'c>(
    coded: &Coded,
    asked: Option<&ColumnTests>,
    own: &mut ColumnClasses<'_>,
) -> OfRows<'c> {
    // Short lists of few texts are numbers, whose digits are codes.
    let base = coded.count() as u64 + 1;
    let digit = |key: u64, code: &u32| key.checked_mul(base)?.checked_add(u64::from(*code) + 1);
    let mut short = ByKey::new();
    let mut long: FxHashMap<&[u32], u32> = FxHashMap::default();
    // Of lists only their sizes are asked.
    let sizes = ColumnValues::List(0);
    let asked = asked.filter(|asked| asked.answers(sizes, &mut Vec::new()).is_some());
    let none = own.of_list(coded, None, asked);
    let class = |row: usize| {
        let Some(list) = coded.list(row) else { return none };
        let key = match asked {
            Some(_) => Some(list.len() as u64),
            None => list.iter().try_fold(0, digit),
        };
        let make = || own.of_list(coded, Some(list), asked);
        match key {
            Some(key) => short.of(key, make),
            None => *long.entry(list).or_insert_with(make),
        }
    };
    OfRows::Each((0..coded.there.len()).map(class).collect())
}

/// The values of a column, where they can be asked.
const fn values(coded: &Coded) -> Option<ColumnValues<'_>> {
    match &coded.values {
        Data::Bytes(all, ends) => {
            Some(ColumnValues::Texts(all.as_slice(), ends.as_slice(), LENGTH_BYTES))
        }
        Data::Ints(all) => Some(ColumnValues::Ints(all.as_slice())),
        Data::Doubles(all) => Some(ColumnValues::Doubles(all.as_slice())),
        Data::Bools(_) => None,
    }
}

/// Appends what is told of the value at a code: its answers, or else all of it, so that no other
/// has the same bytes. Nothing where there is none.
fn tell(coded: &Coded, code: u32, asked: Option<&ColumnTests>, out: &mut Vec<u8>) {
    let at = code as usize;
    if at >= coded.count() {
        return;
    }
    out.push(b'a');
    if asked.is_some_and(|asked| tell_answers(coded, at, asked, out).is_some()) {
        return;
    }
    out.clear();
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

fn tell_answers(coded: &Coded, at: usize, asked: &ColumnTests, out: &mut Vec<u8>) -> Option<()> {
    match &coded.values {
        Data::Bytes(all, ends) => {
            let before = at.checked_sub(1).and_then(|before| ends.get(before)).copied();
            let own = all.get(before.unwrap_or_default()..*ends.get(at)?)?;
            asked.answers(ColumnValues::Texts(own, &[own.len()], LENGTH_BYTES), out)
        }
        Data::Ints(all) => asked.answers(ColumnValues::Ints(all.get(at..=at)?), out),
        Data::Doubles(all) => asked.answers(ColumnValues::Doubles(all.get(at..=at)?), out),
        Data::Bools(_) => None,
    }
}

/// Appends what tells a list from others: what it answers, or all of it.
fn tell_list(coded: &Coded, list: &[u32], asked: Option<&ColumnTests>, out: &mut Vec<u8>) {
    out.push(b'a');
    let own = ColumnValues::List(list.len());
    if asked.is_some_and(|asked| asked.answers(own, out).is_some()) {
        return;
    }
    out.clear();
    out.push(b'l');
    for code in list {
        let text = coded.bytes(*code).unwrap_or_default();
        out.extend_from_slice(&text.len().to_le_bytes());
        out.extend_from_slice(text);
    }
}
