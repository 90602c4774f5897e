//! Whether what is decided differs from what was recorded, and from what is decided before.
//!
//! In:      rows of a group that are decided, by combinations of all that programs tell apart.
//! Out:     how many differ; the effects are counted elsewhere (`columns`).
//! Imports: `base`.
//!
//! Where what was said tells it for all that are alike, no row is looked at; else messages are put
//! together row by row, and what they do not tell is decided once for every set of quoted values.

use crate::base::arrange::Arrange as _;
use crate::tools::replay::impact::{Count, Outcome};
use crate::tools::replay::pack::PackError;
use crate::tools::replay::pack::alike::{Piece, Quoted};
use crate::tools::replay::pack::columns::{Compared, Worker};
use crate::tools::replay::pack::decode::NONE;
use crate::tools::replay::pack::entry::{Decided, Entry};
use crate::tools::replay::pack::message::{Found, Retold};
use crate::tools::replay::pack::tallies::{Columns, Counted, Tally, Tallying, append};
use crate::tools::replay::store::Digest;

impl Compared {
    /// So many records are found so.
    fn add(&mut self, found: Found, records: u64) {
        self.impact.reworded += u64::from(found.reworded) * records;
        self.impact.drift += u64::from(found.drift) * records;
    }
}

impl<'p> Worker<'p, '_> {
    /// The number of all that the digests of the last decisions tell, but for what their messages
    /// quote, and of what the row says in words. Where more than rules that fired is told, no two
    /// sorts of records share one; else messages may tell what is said of all of them.
    pub(super) fn frame(
        &mut self,
        ((from, to), bundle): ((Outcome, Outcome), Digest),
        (columns, row): (&Columns<'_>, u32),
        (quotes, drifts): (&[usize], bool),
    ) -> Option<(u32, Option<Retold>)> {
        let next = u32::try_from(self.frames.len()).unwrap_or(u32::MAX);
        let mut key = bundle.to_vec();
        key.extend([from as u8, to as u8]);
        let values = columns.values()?;
        for coded in [&values.effect].into_iter().chain(&values.words) {
            append(coded, row as usize, &mut key);
        }
        // An int in a column of doubles may be quoted as one.
        let layout = self.plan.pack.layout();
        let node = |column: &usize| layout.node(layout.columns.get(*column)?.path.get(1..)?);
        let states = columns.state.codes.get(row as usize).and_then(|at| columns.state.bytes(*at));
        let state = |column| node(column).and_then(|node| states?.get(node).copied());
        key.extend(quotes.iter().map(|column| state(column).unwrap_or_default()));
        let mut more = false;
        let last = self.comparer.last(bundle);
        for (seat, winner) in last.into_iter().flatten() {
            let module = seat.program.module();
            let several = |rule: &u16| {
                module.rules.get(usize::from(*rule)).is_none_or(|rule| rule.outcomes != 1)
            };
            more |= seat.refused().is_some()
                || !seat.failed().is_empty()
                || !module.outputs.is_empty()
                || seat.fired().iter().any(several);
            key.extend(winner.unwrap_or(u16::MAX).to_le_bytes());
            key.extend(seat.fired().len().to_le_bytes());
            key.extend(seat.fired().iter().flat_map(|rule| rule.to_le_bytes()));
        }
        if more {
            key.extend(self.known.len().to_le_bytes());
        }
        let retold = last.filter(|_| !more && !drifts).and_then(|last| {
            let of_rules = self.quoted_by(bundle).map(|own| own.and_then(Quoted::pieces));
            let winners = last.map(|(_, winner)| winner);
            // Of what no rule says nothing is quoted.
            let is_told = |(winner, pieces): (Option<u16>, Option<&[Piece]>)| {
                winner.is_none() || pieces.is_some()
            };
            let is_all_told = winners.into_iter().zip(of_rules).all(is_told);
            let seats = last.map(|(seat, _)| seat);
            let how = (from == to, !self.by_effects);
            is_all_told.then(|| Retold::of(seats, of_rules, (columns, row), how)).flatten()
        });
        Some((*self.frames.entry(key.into()).or_insert(next), retold))
    }

    /// What the rules that won in the last decisions quote.
    fn quoted_by(&self, bundle: Digest) -> [Option<&'p Quoted>; 2] {
        let winners = self.comparer.last(bundle).map(|last| last.map(|(_, winner)| winner));
        let [was, is] = winners.unwrap_or_default();
        let plan = self.plan;
        let before = plan.before.iter().position(|own| own.digest() == bundle);
        let of = |program: Option<usize>, rule: Option<u16>| {
            let rules = program.and_then(|program| plan.alike.quotes.get(program));
            rules.zip(rule).and_then(|(rules, rule)| rules.get(usize::from(rule)))
        };
        [of(before, was), of(Some(plan.before.len()), is)]
    }

    /// The columns that the messages of the last decisions quote.
    pub(super) fn quotes(&self, bundle: Digest) -> Vec<usize> {
        let own = self.quoted_by(bundle).into_iter().flatten();
        let mut columns: Vec<usize> = own.flat_map(|quoted| &quoted.columns).copied().collect();
        columns.arrange();
        columns.dedup();
        columns
    }

    /// Counts whether what rows come to differs from what was recorded, and from each other, where
    /// their messages tell it. Gives those where they do not.
    pub(super) fn words(
        &mut self,
        columns: &Columns<'_>,
        kept: Counted<'_>,
        (entries, counts): (&[usize], &[Count]),
    ) -> Result<Vec<Tally>, PackError> {
        let Self { known, compared, room, plan, .. } = self;
        let decided_at = |entry: &usize| match known.get(*entry) {
            Some(Entry::Decided(decided)) => Some(&**decided),
            Some(Entry::Left(_) | Entry::Apart) | None => None,
        };
        let mut is_open = false;
        for (decided, count) in entries.iter().map(decided_at).zip(counts) {
            match decided.map(|decided| decided.found) {
                Some(Some(found)) => compared.add(found, count.records),
                Some(None) => is_open |= count.records > 0,
                None => {}
            }
        }
        if !is_open {
            return Ok(Vec::new());
        }
        columns.read_values(plan.columns, plan.alike)?;
        let reasons = columns.values().map(|values| values.reason.codes.as_slice());
        let reasons = reasons.unwrap_or_default();
        let open_at = |entry| decided_at(entry).filter(|decided| decided.found.is_none());
        // Of each combination what was found last, and with which recorded reason: where nothing is
        // quoted, the next one is mostly the same.
        let mut last: Vec<(Option<&Decided>, u32, Found)> =
            entries.iter().map(|entry| (open_at(entry), NONE - 1, Found::default())).collect();
        let mut tallying = Tallying::of(columns, entries.len());
        for (row, combination) in kept.rows.iter().zip(kept.combinations) {
            let Some((Some(decided), code, found)) = last.get_mut(*combination as usize) else {
                continue;
            };
            let said = reasons.get(*row as usize).copied().unwrap_or(NONE);
            if !decided.quotes.is_empty() || *code != said {
                let retold = decided.retold.as_ref();
                let told = retold.and_then(|retold| retold.found((columns, *row), room));
                let Some(told) = told else {
                    tallying.row(*row, *combination, &decided.quotes);
                    continue;
                };
                (*code, *found) = (said, told);
            }
            compared.add(*found, 1);
        }
        Ok(tallying.tallies)
    }

    /// Counts whether what rows come to differs from what was recorded, and from each other, of
    /// which that has to be decided.
    pub(super) fn digests(&mut self, columns: &Columns<'_>, entries: &[usize], tallies: &[Tally]) {
        let Some(values) = columns.values() else { return };
        for tally in tallies {
            let entry = entries.get(tally.combination as usize).and_then(|at| self.known.get(*at));
            let Some(Entry::Decided(decided)) = entry else { continue };
            let asked = decided.quotes.iter().filter_map(|column| columns.asked(*column));
            self.key.clear();
            self.key.extend(decided.frame.to_le_bytes());
            for coded in [&values.reason].into_iter().chain(asked) {
                append(coded, tally.first as usize, &mut self.key);
            }
            let found = self.differs((columns, tally.first));
            self.compared.add(found, tally.records);
        }
    }

    /// What is found of a row, which is decided if none with the same key was.
    fn differs(&mut self, (columns, row): (&Columns<'_>, u32)) -> Found {
        if let Some(known) = self.quoted.get(self.key.as_slice()) {
            return *known;
        }
        self.line.clear();
        let told = self.plan.shape.line(columns, row as usize, &mut self.line);
        let differs = told.and_then(|()| self.comparer.differs(&self.line));
        let (reworded, drift) = differs.unwrap_or_default();
        let found = Found { reworded, drift };
        self.compared.decided += 1;
        self.quoted.insert(self.key.as_slice().into(), found);
        found
    }
}
