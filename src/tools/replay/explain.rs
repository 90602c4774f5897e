//! Why a recorded decision is what it is.
//!
//! In:      a record, and the bundle that made it.
//! Out:     `Account`: the decision made again, and what was seen while it was made.
//! Imports: `lang`, `runtime::program`, `runtime::record`, `runtime::vm`, `tools::bench`,
//!          `tools::inspect`, `tools::locate`, `tools::why`.

use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::runtime::record::read::{DecisionContent, Record};
use crate::runtime::vm::canonical::Canonical;
use crate::runtime::vm::observe::Witness;
use crate::runtime::vm::partial::decision::{PartialDecision, RuleOutcomes};
use crate::runtime::vm::partial::unknown::Unknowns;
use crate::runtime::vm::report::DecisionReport;
use crate::runtime::vm::request::marked::Recorded;
use crate::runtime::vm::scratch::Scratch;
use crate::tools::bench::subject::reads_time;
use crate::tools::inspect::description::DescribedProgram;
use crate::tools::locate::Locator;
use crate::tools::replay::knew::{is_refused, refusal};
use crate::tools::replay::redecide::{Obstacle, input, may_fire, moment};
use crate::tools::replay::residual::residual;
use crate::tools::why::exhaust::exhaust;
use crate::tools::why::watch::Watcher;
use crate::tools::why::{Origin, WatchedDecision, Why, slots, why};

/// A recorded decision, made again and told.
#[derive(Clone, Debug, PartialEq)]
pub enum Explanation {
    /// All that it depends on is known.
    Decided {
        /// The decision.
        report: Box<DecisionReport>,
        /// Whether it is what the record says, bit by bit; nothing where the record does not say.
        exact: Option<bool>,
        /// Every rule, its atoms and the values that it read.
        why: Box<Why>,
    },
    /// Some values are withheld.
    Withheld {
        /// The decision, where it is the same whatever they are.
        report: Option<Box<DecisionReport>>,
        /// Whether that is what the record says.
        exact: Option<bool>,
        /// Whether that needed how atoms came out when all values were known.
        by_facts: bool,
        /// The effects that are possible.
        effects: Vec<Option<Effect>>,
        /// The paths of what the effect hangs on.
        blockers: Vec<String>,
        /// The paths of everything that is withheld.
        paths: Vec<String>,
        /// What rules can say, where that is known: id and words.
        rules: Vec<(String, String)>,
    },
}

/// Explains a record; `exhaustive`: what nobody needed is asked as well, in a second decision.
///
/// # Errors
/// If the record does not hold what the decision depends on.
pub fn explain(
    record: &Record<'_>,
    program: &Program,
    exhaustive: bool,
) -> Result<Explanation, Obstacle> {
    let mut scratch = Scratch::for_program(program);
    let mut raw = Vec::new();
    let hosts = record.hosts();
    let moment = moment(record, reads_time(program), hosts.as_ref())?;
    let mut seen = Watcher::new(program);
    let mut canonical = Canonical::of(program);
    let (mut report, slots, unlike) = {
        let mut filled = match input(record, program, &mut scratch, &mut raw)? {
            Recorded::Known(filled) => filled,
            Recorded::Partial(mut partial) => {
                let mut bits = Vec::new();
                let facts = record.witness(&mut bits).map(|()| Witness::of(bits));
                let facts = facts.filter(|_| {
                    let by = record.bundle.and_then(|bundle| bundle.digest);
                    by == Some(program.digest())
                });
                let decision = match &facts {
                    Some(facts) => partial.decide_again(&moment, facts),
                    None => partial.decide(&moment, None),
                };
                return Ok(withheld(program, record, &decision, partial.unknowns()));
            }
        };
        let mut decision = filled.decide_observed(&moment, &mut seen);
        canonical.digest(&mut decision);
        let report = DecisionReport::of(&mut decision);
        let shadow = decision.shadow().iter().map(|fired| program.rule_id(fired.rule));
        let shadow: Vec<&str> = shadow.collect();
        let unlike = unlike(record, &report, Some(&canonical), [&shadow, &[]]);
        (report, slots(&decision), unlike)
    };
    let watched =
        WatchedDecision { report: &report, seen: &mut seen, slots, origin: Origin::Record };
    let worded = DescribedProgram::of(program);
    let mut why = Box::new(why(&worded, watched));
    if exhaustive {
        exhaust(&mut why, &worded, &mut |other, seen| {
            let mut scratch = Scratch::for_program(other);
            let mut raw = Vec::new();
            if let Ok(Recorded::Known(mut filled)) = input(record, other, &mut scratch, &mut raw) {
                drop(filled.decide_observed(&moment, seen));
            }
        });
    }
    Locator::new(program).locate(&mut report);
    let recorded = record.outcome.and_then(|outcome| outcome.digest);
    let exact = recorded.map(|recorded| recorded == report.digest && !unlike);
    as_the_session(record, &mut report);
    Ok(Explanation::Decided { report: Box::new(report), exact, why })
}

/// What a session makes of a decision: what it refuses is denied, whatever rules say, and for want
/// of a context it says why.
fn as_the_session(record: &Record<'_>, report: &mut DecisionReport) {
    if record.event.is_some() && report.effect == Some(Effect::Escalate) && is_refused(record) {
        report.effect = Some(Effect::Deny);
        report.escalation = None;
    }
    let refused = report.errors.iter_mut().find(|error| error.rule.is_none());
    if let (Some(error), Some(why)) = (refused, refusal(record)) {
        why.clone_into(&mut error.message);
    }
}

/// Whether the words of a record say something else than what is decided now, whatever its digest
/// is. `shadow`: the shadow rules that fired, and those that may have.
fn unlike(
    record: &Record<'_>,
    report: &DecisionReport,
    words: Option<&Canonical>,
    [shadow, perhaps]: [&[&str]; 2],
) -> bool {
    let (Some(outcome), Some(words)) = (record.outcome, words) else { return false };
    let (effect, rule) = (report.effect, report.rule.as_deref());
    outcome.first_unlike(&DecisionContent { effect, rule, words, shadow, perhaps }).is_some()
}

/// What can be said where values are withheld.
fn withheld(
    program: &Program,
    record: &Record<'_>,
    decision: &PartialDecision,
    unknowns: &Unknowns,
) -> Explanation {
    let path = |row: &usize| unknowns.rows().get(*row).map(|unknown| unknown.path.clone());
    let worded = DescribedProgram::of(program);
    let rule = |rule: &RuleOutcomes| {
        let residual = || residual(&worded, rule.rule, &decision.atoms);
        let hangs: Vec<String> = rule.blockers.iter().filter_map(path).collect();
        let says = match (rule.silent, rule.fires.is_empty(), rule.fails.is_empty()) {
            (true, true, true) => return None,
            (false, false, true) => "fires".to_owned(),
            (false, true, false) => "fails".to_owned(),
            (_, true, true) => format!("unknown: hangs on {}", hangs.join(", ")),
            (_, fires, fails) => {
                let may = match (fires, fails) {
                    (false, true) => "fires where",
                    (true, _) => "may fail in",
                    (false, false) => "may fail in, or fires where,",
                };
                match residual() {
                    Some(text) => format!("{may} {text}"),
                    None => format!("unknown: hangs on {}", hangs.join(", ")),
                }
            }
        };
        Some((program.rule_id(rule.rule).to_owned(), says))
    };
    let recorded = record.outcome.and_then(|outcome| outcome.digest);
    let report = decision.report.clone().map(Box::new);
    let words = decision.canonical.as_ref();
    let [_, shadow, perhaps] = may_fire(program, decision)
        .map(|rules| rules.iter().map(|rule| program.rule_id(*rule)).collect::<Vec<&str>>());
    let exact = match (&report, decision.effects.as_slice()) {
        (Some(report), _) => recorded
            .map(|it| it == report.digest && !unlike(record, report, words, [&shadow, &perhaps])),
        // What is certain all the same must be what the record says.
        (None, [effect]) => record.outcome.filter(|it| it.effect != *effect).map(|_| false),
        (None, _) => None,
    };
    Explanation::Withheld {
        exact,
        by_facts: decision.by_facts > 0,
        report,
        effects: decision.effects.clone(),
        blockers: decision.blockers.iter().filter_map(path).collect(),
        paths: unknowns.rows().iter().map(|unknown| unknown.path.clone()).collect(),
        rules: decision.rules.iter().filter_map(rule).collect(),
    }
}
