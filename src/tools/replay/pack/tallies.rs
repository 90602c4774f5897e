//! Rows of a group as they are counted.
//!
//! In:      the columns of a group; rows, each with its combination of classes.
//! Out:     how many rows have a combination; how many share quoted values and the recorded reason
//!          as well; their sessions and times.
//! Imports: its own room alone.

use std::cell::OnceCell;

use rustc_hash::FxHashMap;

use crate::tools::replay::impact::Count;
use crate::tools::replay::pack::PackError;
use crate::tools::replay::pack::alike::Alike;
use crate::tools::replay::pack::decode::{Coded, NONE};
use crate::tools::replay::pack::file::PackGroup;
use crate::tools::replay::pack::group::Data;
use crate::tools::replay::pack::layout::{Layout, PLAIN, SAID, STATE, WEIGHT};
use crate::tools::replay::pack::sources::Source;
use crate::tools::replay::pack::spell::Value;
use crate::tools::replay::pack::walk::{ABSENT, HELD, HELD_INT, NULL, OBJECT};
use crate::tools::replay::sketch::Merge;

/// Columns that every comparison may read.
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    /// Which engine decided.
    pub engine: usize,
    /// Which bundle decided.
    pub bundle: usize,
    /// The session.
    pub session: usize,
    /// The time of the decision.
    pub now: usize,
    /// What was said, but for what messages quote.
    pub said: usize,
    /// The recorded effect.
    pub effect: usize,
    /// The recorded reason.
    pub reason: usize,
    /// The other recorded words: rule, fired rules, errors.
    pub words: [usize; 3],
}

impl Fixed {
    /// Where they are in a layout.
    #[must_use]
    pub fn of(layout: &Layout) -> Self {
        let named = |name| layout.named(name).unwrap_or_default();
        Self {
            engine: named("engine"),
            bundle: named("bundle"),
            session: named("session"),
            now: named("now"),
            said: named(SAID),
            effect: named("effect"),
            reason: named("reason"),
            words: ["rule", "fired", "errors"].map(named),
        }
    }
}

/// The columns of a group that tell which records are alike, and count them.
#[derive(Debug)]
pub struct Columns<'g> {
    group: &'g PackGroup<'g>,
    /// Whether columns tell all.
    pub plain: Coded,
    /// How many decisions a record stands for.
    pub weight: Coded,
    /// The states of nodes.
    pub state: Coded,
    /// Which engine decided.
    pub engine: Coded,
    /// Which bundle decided.
    pub bundle: Coded,
    /// The session.
    pub session: Coded,
    /// The first and the last time of a decision, if every row has one.
    pub times: Option<(i64, i64)>,
    /// The time of each decision, where it is asked for one by one.
    pub now: Option<Coded>,
    /// What was said, but for what messages quote.
    pub said: Coded,
    /// Of the context, what tells records apart.
    pub sources: Vec<(Source, Coded)>,
    values: OnceCell<Values>,
}

/// The columns that tell what records hold, read when that is asked for first.
#[derive(Debug)]
pub struct Values {
    /// The recorded effect.
    pub effect: Coded,
    /// The recorded reason.
    pub reason: Coded,
    /// The other recorded words: rule, fired rules, errors.
    pub words: Vec<Coded>,
    /// Values of the context that are not among the sources.
    context: Vec<(usize, Coded)>,
}

impl<'g> Columns<'g> {
    /// Reads the columns of a group.
    ///
    /// # Errors
    /// If one cannot be read, or is not what was written.
    pub fn read(
        group: &'g PackGroup<'g>,
        fixed: Fixed,
        sources: &[Source],
    ) -> Result<Self, PackError> {
        let read = |column| group.column(column);
        let Fixed { engine, bundle, session, now, said, .. } = fixed;
        let times = group.times(now);
        let sources = sources.iter().map(|source| source.read(group));
        Ok(Self {
            group,
            plain: read(PLAIN)?,
            weight: read(WEIGHT)?,
            state: read(STATE)?,
            engine: read(engine)?,
            bundle: read(bundle)?,
            session: read(session)?,
            times,
            now: if times.is_none() { Some(read(now)?) } else { None },
            said: read(said)?,
            sources: sources.collect::<Result<_, PackError>>()?,
            values: OnceCell::new(),
        })
    }

    /// Reads the time of each decision as well.
    ///
    /// # Errors
    /// If the column cannot be read, or is not what was written.
    pub fn read_times(&mut self, fixed: Fixed) -> Result<(), PackError> {
        if self.now.is_none() {
            self.now = Some(self.group.column(fixed.now)?);
        }
        Ok(())
    }

    /// Reads what records hold as well, as far as programs ask for it.
    ///
    /// # Errors
    /// If a column cannot be read, or is not what was written.
    pub fn read_values(&self, fixed: Fixed, alike: &Alike) -> Result<(), PackError> {
        if self.values.get().is_some() {
            return Ok(());
        }
        let read = |column| self.group.column(column);
        let missing = alike.columns.keys().filter(|column| self.source(**column).is_none());
        let values = Values {
            effect: read(fixed.effect)?,
            reason: read(fixed.reason)?,
            words: fixed.words.into_iter().map(read).collect::<Result<_, PackError>>()?,
            context: missing
                .map(|column| Ok((*column, read(*column)?)))
                .collect::<Result<_, PackError>>()?,
        };
        self.values.get_or_init(|| values);
        Ok(())
    }

    /// What records hold, if it was read.
    #[must_use]
    pub fn values(&self) -> Option<&Values> {
        self.values.get()
    }

    fn source(&self, column: usize) -> Option<&Coded> {
        let own = self.sources.iter().find(|(source, _)| source.column == column);
        own.map(|(_, coded)| coded)
    }

    /// A column of the context, if it was read.
    #[must_use]
    pub fn asked(&self, column: usize) -> Option<&Coded> {
        self.source(column).or_else(|| {
            let mut known = self.values()?.context.iter();
            known.find(|(own, _)| *own == column).map(|(_, coded)| coded)
        })
    }

    /// The rows that columns tell whole, and the others.
    #[must_use]
    pub fn told(&self, nodes: &[(usize, bool)]) -> (Vec<u32>, Vec<u32>) {
        let fits = |state: &[u8]| {
            nodes.iter().all(|(at, column)| match state.get(*at) {
                Some(&(ABSENT | NULL)) => true,
                Some(&OBJECT) => !column,
                Some(&(HELD | HELD_INT)) => *column,
                Some(_) | None => false,
            })
        };
        let states = (0..self.state.count()).map(|code| {
            u32::try_from(code).is_ok_and(|code| self.state.bytes(code).is_some_and(fits))
        });
        let states: Vec<bool> = states.collect();
        let rows = u32::try_from(self.plain.codes.len()).unwrap_or_default();
        let Data::Bools(plain) = &self.plain.values else {
            return (Vec::new(), (0..rows).collect());
        };
        let whole = |coded: &Coded| coded.is_whole;
        let all_whole = [&self.plain, &self.state, &self.weight].into_iter().all(whole)
            && self.now.as_ref().is_none_or(whole);
        if all_whole && plain.iter().chain(&states).all(|holds| *holds) {
            return ((0..rows).collect(), Vec::new());
        }
        let is_told = |row: usize| {
            let code = |coded: &Coded| coded.codes.get(row).is_some_and(|code| *code != NONE);
            let state = self.state.codes.get(row).and_then(|code| states.get(*code as usize));
            let is_plain = self.plain.codes.get(row).and_then(|code| plain.get(*code as usize));
            let is_timed = self.now.as_ref().is_none_or(code);
            is_plain == Some(&true) && state == Some(&true) && is_timed && code(&self.weight)
        };
        (0..rows).partition(|row| is_told(*row as usize))
    }
}

/// Rows of a group that are counted, and the combination of each.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'r> {
    /// The rows.
    pub rows: &'r [u32],
    /// Their combinations.
    pub combinations: &'r [u32],
}

impl Counted<'_> {
    /// Of each of `count` combinations how many records there are.
    #[must_use]
    pub fn counts(self, columns: &Columns<'_>, count: usize) -> Vec<Count> {
        if columns.weight.is_same {
            let each = Count::of(weight(&columns.weight, 0));
            let mut records = vec![0_u64; count];
            for at in self.combinations {
                if let Some(own) = records.get_mut(*at as usize) {
                    *own += 1;
                }
            }
            return records.into_iter().map(|records| each.times(records)).collect();
        }
        let mut counts = vec![Count::default(); count];
        for (row, at) in self.rows.iter().zip(self.combinations) {
            if let Some(own) = counts.get_mut(*at as usize) {
                own.merge(Count::of(weight(&columns.weight, *row as usize)));
            }
        }
        counts
    }

    /// Records of each session, by its code.
    #[must_use]
    pub fn sessions(self, columns: &Columns<'_>) -> Vec<u64> {
        let coded = &columns.session;
        let mut sessions = vec![0_u64; coded.count()];
        let mut add = |code: &u32| {
            if let Some(own) = sessions.get_mut(*code as usize) {
                *own += 1;
            }
        };
        if self.rows.len() == coded.codes.len() {
            coded.codes.iter().for_each(add);
        } else {
            self.rows.iter().filter_map(|row| coded.codes.get(*row as usize)).for_each(&mut add);
        }
        sessions
    }

    /// The first and the last time.
    #[must_use]
    pub fn times(self, columns: &Columns<'_>) -> Option<(i64, i64)> {
        let Some(now) = &columns.now else { return columns.times };
        let Data::Ints(all) = &now.values else { return None };
        let time = |row: &u32| all.get(*now.codes.get(*row as usize)? as usize).copied();
        let wider = |known: Option<(i64, i64)>, time: i64| {
            let (first, last) = known.unwrap_or((time, time));
            Some((first.min(time), last.max(time)))
        };
        self.rows.iter().filter_map(time).fold(None, wider)
    }
}

/// Records of a group with equal quoted values and the same recorded reason.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    /// Their combination of classes.
    pub combination: u32,
    /// One of them.
    pub first: u32,
    /// How many.
    pub records: u64,
}

/// Rows while they are counted by what they quote.
#[derive(Debug)]
pub struct Tallying<'c> {
    columns: &'c Columns<'c>,
    pairs: Pairs,
    /// By combination with quoted values, and the recorded reason: which tally.
    known: FxHashMap<u64, u32>,
    /// What was counted.
    pub tallies: Vec<Tally>,
}

impl<'c> Tallying<'c> {
    /// Nothing yet.
    #[must_use]
    pub fn of(columns: &'c Columns<'c>, combinations: usize) -> Self {
        let pairs = Pairs::above(combinations);
        Self { columns, pairs, known: FxHashMap::default(), tallies: Vec::new() }
    }

    /// Counts a row. `quotes`: the columns that its messages quote.
    pub fn row(&mut self, row: u32, combination: u32, quotes: &[usize]) {
        let at = row as usize;
        let code = |coded: &Coded| coded.codes.get(at).copied().unwrap_or(NONE);
        let mut key = combination;
        for column in quotes {
            key = match self.columns.asked(*column) {
                Some(coded) if coded.there.is_empty() => self.pairs.of(key, code(coded)),
                // Of lists each row is taken as its own.
                Some(_) | None => self.pairs.of(key, row),
            };
        }
        let fresh = u32::try_from(self.tallies.len()).unwrap_or(u32::MAX);
        let reason = self.columns.values().map_or(NONE, |values| code(&values.reason));
        let key = u64::from(key) << 32 | u64::from(reason);
        let tally = *self.known.entry(key).or_insert(fresh);
        if tally == fresh {
            self.tallies.push(Tally { combination, first: row, records: 0 });
        }
        if let Some(tally) = self.tallies.get_mut(tally as usize) {
            tally.records += 1;
        }
    }
}

/// Pairs of numbers as numbers.
#[derive(Debug)]
struct Pairs {
    known: FxHashMap<u64, u32>,
    next: u32,
}

impl Pairs {
    /// No pair yet; numbers below `count` are those of others.
    fn above(count: usize) -> Self {
        let next = u32::try_from(count).unwrap_or(u32::MAX);
        Self { known: FxHashMap::default(), next }
    }

    /// The number of a pair. No other pair has it.
    fn of(&mut self, first: u32, second: u32) -> u32 {
        let Self { known, next } = self;
        *known.entry(u64::from(first) << 32 | u64::from(second)).or_insert_with(|| {
            *next += 1;
            *next
        })
    }
}

/// How many decisions the record of a row stands for.
#[must_use]
pub fn weight(coded: &Coded, row: usize) -> u64 {
    let Data::Ints(all) = &coded.values else { return 0 };
    let weight = coded.codes.get(row).and_then(|code| all.get(*code as usize));
    weight.and_then(|weight| u64::try_from(*weight).ok()).unwrap_or_default()
}

/// Appends the value of a row so that no other gives the same bytes.
pub fn append(coded: &Coded, row: usize, out: &mut Vec<u8>) {
    let mut bytes = |bytes: &[u8]| {
        out.extend_from_slice(&bytes.len().to_le_bytes());
        out.extend_from_slice(bytes);
    };
    match coded.value(row, false) {
        None => bytes(&[]),
        Some(Value::Bytes(text)) => {
            bytes(b"b");
            bytes(&text);
        }
        Some(Value::Int(number)) => bytes(&number.to_le_bytes()),
        Some(Value::Double(number, _)) => bytes(&number.to_bits().to_le_bytes()),
        Some(Value::Bool(holds)) => bytes(&[u8::from(holds)]),
        Some(Value::Texts(texts)) => {
            bytes(&texts.len().to_le_bytes());
            for text in &texts {
                bytes(text);
            }
        }
    }
}
