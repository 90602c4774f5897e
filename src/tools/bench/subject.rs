//! One bundle measured, alone or beside what it is compared with.
//!
//! In:      programs, contexts, how much is wanted.
//! Out:     `Figures`: what was measured of each.
//! Imports: `base`, `diag`, `runtime::bundle`, `runtime::program`, `tools::inspect`,
//!          `tools::report`.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::hint::black_box;

use crate::base::arrange::Arrange as _;
use crate::diag::numbers::grouped;
use crate::runtime::bundle::module::SlotRow;
use crate::runtime::program::Program;
use crate::tools::bench::blame::{ProfileKey, TimeProfile, spent};
use crate::tools::bench::choose::Choice;
use crate::tools::bench::clock::Clock;
use crate::tools::bench::compare::same_rule;
use crate::tools::bench::contexts::{Sample, Workload, digest};
use crate::tools::bench::count::{self, Amount, ExactCounts, RefusedContext, count};
use crate::tools::bench::document::{
    Blame, Contexts, Measurement, Quantity, Rate, RuleMeasurement, ToolMeasurement,
};
use crate::tools::bench::error::BenchError;
use crate::tools::bench::measure::{Effort, Timings, Watch, measure};
use crate::tools::bench::memory::{allocations, memory_use};
use crate::tools::bench::places::{Kind, Owner, OwnerSources, Places};
use crate::tools::bench::summary::nanoseconds;
use crate::tools::bench::threads::throughput;
use crate::tools::inspect::digest_text;
use crate::tools::report;

/// How often a bundle is loaded; the least time counts.
const LOADS: usize = 7;
/// Most atoms that are blamed.
const BLAMED_MAX: usize = 10;

/// What is measured.
#[derive(Debug)]
pub struct Task<'a> {
    /// The program.
    pub program: &'a Program,
    /// Its bundle.
    pub bundle: &'a [u8],
    /// What it is compared with in this run.
    pub base: Option<&'a Program>,
    /// What is decided about.
    pub workload: &'a Workload,
}

/// How much is wanted.
#[derive(Clone, Debug, Default)]
pub struct Extent {
    /// Passes over the contexts; `None`: nothing is timed.
    pub effort: Option<Effort>,
    /// Numbers of threads.
    pub threads: Vec<usize>,
    /// Whether to weigh what is held.
    pub memory: bool,
    /// Which decisions, and whose rows.
    pub choice: Choice,
}

/// What was measured.
#[derive(Debug)]
pub struct Figures {
    /// Of the program.
    pub own: Measurement,
    /// Of what it is compared with.
    pub base: Option<Measurement>,
    /// What findings about its rules are drawn on.
    pub drawn: OwnerSources,
    /// What to tell beside it: what was refused or left out.
    pub notes: Vec<String>,
    /// Whether it was stopped before the end.
    pub stopped: bool,
}

/// Whether the time is anything that decisions of the program rest on.
#[must_use]
pub fn reads_time(program: &Program) -> bool {
    program.module().slots.contains(&SlotRow::Now)
}

/// Counts and measures.
///
/// # Errors
/// `AllRefused` where no context is left; those of `Choice`.
pub fn gauge(task: &Task<'_>, wanted: &Extent, watch: Watch<'_>) -> Result<Figures, BenchError> {
    let own = Places::of(task.program);
    let base = task.base.map(Places::of);
    let all: Vec<&Sample> = task.workload.samples.iter().collect();
    let named = wanted.choice.owners(&own)?;
    let shown = named.as_deref();
    let first = count(&own, &all, shown.unwrap_or_default());
    let mut refused = first.refused.clone();
    if let Some(base) = &base {
        refused.extend(count(base, &all, &[]).refused);
        refused.arrange_by_key(|refused| refused.at);
        refused.dedup_by_key(|refused| refused.at);
    }
    let notes = notes(task.workload, &all, &refused);
    let is_left = |at: &usize| refused.binary_search_by_key(at, |refused| refused.at).is_err();
    if refused.len() == all.len() {
        return Err(all_refused(task.workload, &all, &refused));
    }
    let chosen = wanted.choice.of(&first)?;
    let samples: Vec<&Sample> =
        chosen.iter().filter(|at| is_left(at)).filter_map(|at| all.get(*at).copied()).collect();
    if samples.is_empty() {
        return Err(all_refused(task.workload, &all, &refused));
    }
    let counted = count(&own, &samples, &[]);
    let contexts = Contexts {
        digest: digest_text(&digest(if wanted.choice.is_all() { &all } else { &samples })),
        decisions: counted.weight,
        distinct: samples.len(),
        refused: refused.len(),
        chosen: wanted.choice.text(),
    };
    let mut of_own = measured(&own, &contexts, &counted, &samples);
    let of_base = |base| measured(base, &contexts, &count(base, &samples, &[]), &samples);
    let mut of_base = base.as_ref().map(of_base);
    if wanted.memory {
        of_own.memory = memory_use(task.bundle);
    }
    if let Some(effort) = wanted.effort {
        let clock = Clock::calibrated();
        let mut programs = vec![task.program];
        programs.extend(task.base);
        let mut timed = measure(&clock, &programs, &samples, effort, watch).into_iter();
        if let Some(timed) = timed.next() {
            time_tools(&mut of_own, &timed, &counted.keys, &samples);
            (of_own.decide, of_own.read) = (Some(timed.decide), Some(timed.read));
        }
        if let (Some(timed), Some(base)) = (timed.next(), &mut of_base) {
            (base.decide, base.read) = (Some(timed.decide), Some(timed.read));
        }
        of_own.load = load_time(&clock, task.bundle);
        for threads in &wanted.threads {
            let rate = throughput(task.program, &samples, *threads, watch);
            let rate = rate.map(|per_second| Rate { threads: *threads, per_second });
            of_own.throughput.extend(rate);
        }
        if let Some(spent) = spent(&own, &samples, watch) {
            blame(&mut of_own, &own, &spent, shown);
        }
    }
    let mut drawn = own.drawn();
    if let Some(shown) = shown {
        of_own.rules = only(shown, &of_own.rules);
        drawn.rules = only(shown, &drawn.rules);
        if let Some(base) = &mut of_base {
            base.rules.retain(|old| of_own.rules.iter().any(|rule| same_rule(old, rule)));
        }
    }
    Ok(Figures { own: of_own, base: of_base, drawn, notes, stopped: watch.stopped() })
}

/// The rows with these numbers.
fn only<T: Clone>(numbers: &[usize], rows: &[T]) -> Vec<T> {
    numbers.iter().filter_map(|at| rows.get(*at).cloned()).collect()
}

/// What to tell about contexts that stand in no number.
fn notes(workload: &Workload, all: &[&Sample], refused: &[RefusedContext]) -> Vec<String> {
    let mut notes = workload.left_out.clone();
    if let Some(first) = refused.first() {
        let place = all.get(first.at).map_or("", |sample| sample.place.as_str());
        let refused = grouped(refused.len() as u64);
        let of = report::counted(all.len(), "context");
        let why = &first.why;
        notes.push(format!("{refused} of {of} refused and left out; the first, {place}: {why}"));
    }
    notes
}

fn all_refused(workload: &Workload, all: &[&Sample], refused: &[RefusedContext]) -> BenchError {
    let Some(first) = refused.first() else {
        return BenchError::NoContexts { place: workload.origin.clone() };
    };
    BenchError::AllRefused {
        count: refused.len(),
        place: all.get(first.at).map_or(String::new(), |sample| sample.place.clone()),
        why: first.why.clone(),
    }
}

/// What was counted, as a document says it.
fn measured(
    places: &Places<'_>,
    contexts: &Contexts,
    counted: &ExactCounts,
    samples: &[&Sample],
) -> Measurement {
    let quantity = |amount: Amount| Quantity {
        sum: amount.sum,
        most: amount.most,
        most_at: samples.get(amount.at).map_or(String::new(), |sample| sample.place.clone()),
    };
    let rule = |(owner, (instructions, asked)): (&Owner, (&u64, &u64))| {
        let (file, line) = places.line_of(owner.place).unwrap_or_default();
        RuleMeasurement {
            kind: owner.kind,
            rule: owner.name.clone(),
            policy: owner.policy.clone(),
            file: file.to_owned(),
            line,
            asked: *asked,
            instructions: *instructions,
            nanoseconds: None,
        }
    };
    let sums = counted.owners.iter().zip(&counted.asked);
    let tool = |(tool, of): (&String, &count::ToolCounts)| ToolMeasurement {
        tool: tool.clone(),
        decisions: of.weight,
        instructions: of.instructions,
        nanoseconds: None,
    };
    Measurement {
        name: places.program.name().to_owned(),
        bundle: digest_text(&places.program.digest()),
        contexts: contexts.clone(),
        instructions: quantity(counted.instructions),
        cost: quantity(counted.cost),
        allocations: allocations(places.program, samples).map(quantity),
        rules: places.owners.iter().zip(sums).map(rule).collect(),
        tools: counted.tools.iter().map(tool).collect(),
        ..Measurement::default()
    }
}

/// The least time that loading the bundle takes, in nanoseconds.
fn load_time(clock: &Clock, bundle: &[u8]) -> Option<f64> {
    let times =
        (0..LOADS).map(|_| clock.time(1, || drop(black_box(Program::load_unsigned(bundle)))));
    times.min().map(nanoseconds)
}

/// The mean time of the decisions about each tool.
fn time_tools(measured: &mut Measurement, timed: &Timings, keys: &[String], samples: &[&Sample]) {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for ((key, ps), sample) in keys.iter().zip(&timed.samples).zip(samples) {
        let sum = sums.entry(key).or_default();
        *sum = sum.saturating_add(ps.saturating_mul(sample.weight));
    }
    for tool in &mut measured.tools {
        let sum = sums.get(tool.tool.as_str()).copied();
        tool.nanoseconds = sum.and_then(|sum| sum.checked_div(tool.decisions)).map(nanoseconds);
    }
}

/// Gives each rule its time, and names the atoms that take the most; of `shown`, if that is said.
fn blame(
    measured: &mut Measurement,
    places: &Places<'_>,
    spent: &TimeProfile,
    shown: Option<&[usize]>,
) {
    let total: u64 = spent.parts.values().sum();
    let is_shown = |owner: &Option<usize>| {
        shown.is_none_or(|shown| owner.is_some_and(|owner| shown.contains(&owner)))
    };
    let of_one = |ps: u64| nanoseconds(ps.checked_div(spent.weight).unwrap_or(0));
    let mut of_rules = vec![0_u64; places.owners.len()];
    for ((owner, _), ps) in &spent.parts {
        if let Some(sum) = owner.and_then(|owner| of_rules.get_mut(owner)) {
            *sum += ps;
        }
    }
    let parts = spent.parts.iter().filter(|((owner, _), ps)| **ps > 0 && is_shown(owner));
    let mut ranked: Vec<(&ProfileKey, &u64)> = parts.collect();
    ranked.arrange_by_key(|(part, ps)| (Reverse(**ps), **part));
    let row = |((owner, atom), ps): &(&ProfileKey, &u64)| {
        let owner = owner.and_then(|owner| places.owners.get(owner));
        let of_atom = atom.and_then(|atom| places.debug.atoms.get(usize::from(atom)).copied());
        let place = of_atom.or(owner.map(|owner| owner.place)).unwrap_or_default();
        let whole = owner.is_some_and(|it| matches!(it.kind, Kind::Variable | Kind::Part));
        let text = of_atom.or(Some(place).filter(|_| whole));
        let (file, line) = places.line_of(place).unwrap_or_default();
        Blame {
            kind: owner.map_or(Kind::default(), |owner| owner.kind),
            rule: owner.map_or(String::new(), |owner| owner.name.clone()),
            atom: text.map_or(String::new(), |place| places.text_of(place)),
            file: file.to_owned(),
            line,
            nanoseconds: of_one(**ps),
            share: share(**ps, total),
        }
    };
    measured.blame = ranked.iter().take(BLAMED_MAX).map(row).collect();
    for (rule, ps) in measured.rules.iter_mut().zip(of_rules) {
        rule.nanoseconds = Some(of_one(ps));
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share is shown with two digits")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}
