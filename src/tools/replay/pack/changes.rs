//! Rows of a group whose effect changes, counted.
//!
//! In:      the columns of a group, and of rows in which way they change.
//! Out:     for each way who made these decisions, in which sessions, and examples.
//! Imports: `lang`.

use rustc_hash::FxHashMap;

use crate::lang::value::time;
use crate::tools::replay::impact::{Changed, Count, Example, FirstChange, Impact, Way};
use crate::tools::replay::pack::PackError;
use crate::tools::replay::pack::decode::{Coded, NONE};
use crate::tools::replay::pack::file::PackGroup;
use crate::tools::replay::pack::group::Data;
use crate::tools::replay::pack::layout::{Kind, Layout, pointer};
use crate::tools::replay::pack::spell::Value;
use crate::tools::replay::pack::tallies::{Columns, weight};
use crate::tools::replay::pack::walk::{ABSENT, HELD, NULL};
use crate::tools::replay::sketch::{Merge, hash};

/// A place of the context that people recognise records by.
#[derive(Debug)]
struct Place {
    coded: Coded,
    /// For each code of `state`: whether the place holds a text; `None` where no column tells.
    holds: Vec<Option<bool>>,
}

impl Place {
    fn read(
        group: &PackGroup<'_>,
        columns: &Columns<'_>,
        path: [&str; 2],
    ) -> Result<Option<Self>, PackError> {
        let layout = group.pack().layout();
        let path = path.map(str::to_owned);
        let Some((node, column, is_text)) = found(layout, &path) else { return Ok(None) };
        let letter = |code: usize| {
            let state = columns.state.bytes(u32::try_from(code).ok()?)?.get(node)?;
            match *state {
                ABSENT | NULL => Some(false),
                HELD if is_text => Some(true),
                _ => None,
            }
        };
        let holds = (0..columns.state.count()).map(letter).collect();
        Ok(Some(Self { coded: group.column(column)?, holds }))
    }

    /// The code of the text of a row, `NONE` where there is none. `None` where no column tells.
    fn code(&self, columns: &Columns<'_>, row: usize) -> Option<u32> {
        let state = *columns.state.codes.get(row)?;
        let holds = (*self.holds.get(state as usize)?)?;
        if holds { self.coded.codes.get(row).copied() } else { Some(NONE) }
    }

    fn text(&self, code: u32) -> Option<String> {
        self.coded.bytes(code).map(|text| String::from_utf8_lossy(text).into_owned())
    }
}

/// A place's node and column, and whether that holds texts.
fn found(layout: &Layout, path: &[String]) -> Option<(usize, usize, bool)> {
    let column = layout.named(&pointer(path))?;
    let kind = layout.columns.get(column)?.kind;
    Some((layout.node(path)?, column, kind == Kind::Text))
}

/// The columns that tell of rows that change.
#[derive(Debug)]
struct Details {
    id: Coded,
    step: Coded,
    tool: Place,
    principal: Place,
}

/// What is told of a row.
#[derive(Clone, Copy, Debug)]
struct Row {
    at: usize,
    tool: u32,
    principal: u32,
    session: u32,
    step: u64,
}

/// Rows of a group that change, while they are counted.
#[derive(Debug)]
pub struct Changes<'c> {
    columns: &'c Columns<'c>,
    details: Option<Details>,
    /// By the number of a way.
    ways: FxHashMap<u32, Changed>,
    /// By way and code of the principal: how many decisions.
    principals: FxHashMap<(u32, u32), u64>,
    /// By way and code of the session: how many records.
    sessions: FxHashMap<(u32, u32), u64>,
    /// By code of the session.
    firsts: FxHashMap<u32, FirstChange>,
}

impl<'c> Changes<'c> {
    /// None yet. `any`: whether rows of the group change.
    ///
    /// # Errors
    /// If a column cannot be read, or is not what was written.
    pub fn of(
        group: &PackGroup<'_>,
        columns: &'c Columns<'c>,
        any: bool,
    ) -> Result<Self, PackError> {
        let read = || -> Result<Option<Details>, PackError> {
            let named = |name| group.pack().layout().named(name);
            let (Some(id), Some(step)) = (named("id"), named("step")) else { return Ok(None) };
            let tool = Place::read(group, columns, ["action", "tool"])?;
            let principal = Place::read(group, columns, ["principal", "id"])?;
            let Some((tool, principal)) = tool.zip(principal) else { return Ok(None) };
            let (id, step) = (group.column(id)?, group.column(step)?);
            Ok(Some(Details { id, step, tool, principal }))
        };
        Ok(Self {
            columns,
            details: if any { read()? } else { None },
            ways: FxHashMap::default(),
            principals: FxHashMap::default(),
            sessions: FxHashMap::default(),
            firsts: FxHashMap::default(),
        })
    }

    /// Counts a row that changes in the way with this number. `None` if columns do not tell all
    /// that is told of it: then it was not counted.
    pub fn row(&mut self, row: u32, way: u32) -> Option<()> {
        let told = self.told(row as usize)?;
        let details = self.details.as_ref()?;
        let id = details.id.bytes(*details.id.codes.get(told.at)?)?;
        let own = self.ways.entry(way).or_insert_with(|| Changed::new(Count::default()));
        let hashed = hash(id);
        if !own.examples.passes_over(hashed) {
            let example = Example {
                id: String::from_utf8_lossy(id).into_owned(),
                tool: details.tool.text(told.tool),
                principal: details.principal.text(told.principal),
                now: self.columns.now.as_ref().and_then(|coded| now(coded, told.at)),
            };
            own.examples.add(hashed, example, 1);
        }
        if told.principal != NONE {
            let count = self.principals.entry((way, told.principal)).or_default();
            count.merge(weight(&self.columns.weight, told.at));
        }
        if told.session != NONE {
            *self.sessions.entry((way, told.session)).or_default() += 1;
            let change = FirstChange { step: told.step, changes: 1 };
            let first = self.firsts.entry(told.session);
            first.and_modify(|first| first.merge(change)).or_insert(change);
        }
        Some(())
    }

    /// What columns tell of a row, if they tell all.
    fn told(&self, at: usize) -> Option<Row> {
        let details = self.details.as_ref()?;
        let tool = details.tool.code(self.columns, at)?;
        let principal = details.principal.code(self.columns, at)?;
        let session = *self.columns.session.codes.get(at)?;
        let step = match details.step.value(at, false) {
            Some(Value::Int(step)) => u64::try_from(step).ok()?,
            _ if session == NONE => 0,
            _ => return None,
        };
        (*details.id.codes.get(at)? != NONE).then_some(Row { at, tool, principal, session, step })
    }

    /// So many of the rows change in the way with this number.
    pub fn count(&mut self, way: u32, count: Count) {
        if let Some(own) = self.ways.get_mut(&way) {
            own.count.merge(count);
        }
    }

    /// Adds all that was counted. `ways` has each way with its hash.
    pub fn tell(mut self, ways: &[(u64, Way)], impact: &mut Impact) {
        let Some(details) = self.details.take() else { return };
        let sessions = &self.columns.session;
        let session = |code: u32| sessions.bytes(code).unwrap_or_default();
        for ((way, code), count) in self.principals.drain() {
            if let (Some(own), Some(text)) = (self.ways.get_mut(&way), details.principal.text(code))
            {
                own.principals.add(hash(text.as_bytes()), text, count);
            }
        }
        for ((way, code), count) in self.sessions.drain() {
            if let Some(own) = self.ways.get_mut(&way) {
                let id = session(code);
                own.sessions.add(hash(id), String::from_utf8_lossy(id).into_owned(), count);
            }
        }
        for (code, first) in self.firsts.drain() {
            let id = session(code);
            let id_text = String::from_utf8_lossy(id).into_owned();
            impact.changed_sessions.add(hash(id), id_text, first);
        }
        for (way, changed) in self.ways.drain() {
            if let Some((hash, way)) = ways.get(way as usize) {
                impact.ways.add(*hash, way.clone(), changed);
            }
        }
    }
}

fn now(coded: &Coded, row: usize) -> Option<(i64, u32)> {
    let Data::Ints(all) = &coded.values else { return None };
    let now = all.get(*coded.codes.get(row)? as usize)?;
    time::from_nanoseconds(i128::from(*now)).map(|at| (at.seconds, at.nanoseconds))
}
