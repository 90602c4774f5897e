//! Whether a mutant decides every input as the policy does, or an input on which it does not.
//!
//! In:      two programs of the same rules.
//! Out:     `Verdict`.
//! Imports: `compiler::solve`, `runtime::bundle`, `runtime::program`, `runtime::vm`, `tools::diff`,
//!          `tools::standalone`.
//! Source:  `docs/diff.md`, section "How".
//!
//! What is asked first is what people care for most: the effect; then inputs that one of both
//! refuses; then the rule that wins; then the lists of rules that spoke.

use serde_json::Value as Json;

use crate::compiler::solve::formula::{Formulas, Lit};
use crate::compiler::solve::input::Example;
use crate::compiler::solve::query::{Answer, Query, QuerySolver};
use crate::compiler::solve::rules::{EffectFormulas, Meaning, PHASES, RuleMeaning, meanings};
use crate::compiler::solve::store::Store;
use crate::runtime::bundle::module::{Module, Phase};
use crate::runtime::program::Program;
use crate::runtime::vm::report::DecisionReport;
use crate::runtime::vm::request::Moment;
use crate::runtime::vm::scratch::Scratch;
use crate::tools::diff::search::{self, Search, beside};
use crate::tools::mutate::Witness;
use crate::tools::standalone::{ContextDecider, refused};

/// What is known of two programs.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// They decide every input alike: proved.
    Alike,
    /// On this input they do not.
    Apart(Box<Witness>),
    /// It is not known.
    Open,
}

/// What of two decisions must differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// The effect, or to whom it escalates.
    Effect,
    /// Whether the input is refused.
    Refused,
    /// The rule that wins.
    Winner,
    /// Anything that a test may expect.
    Anything,
}

/// Compares a program with a mutant of it. `seeds` are inputs to begin with where something has to
/// be tried out; with `speaks` the messages may differ, which nothing is proved about.
#[must_use]
pub fn compare(base: &Program, mutant: &Program, seeds: &[Example], speaks: bool) -> Verdict {
    let modules = [base.module(), mutant.module()];
    let mut store = Store::default();
    let [old, new] = meanings(modules, &mut store);
    let mut asker = QuerySolver::new(&mut store, &modules);
    let mut both = ProgramPair::of(base, mutant);
    let mut open = speaks
        || modules.iter().any(|module| module.manifest.metered)
        || old.outputs != new.outputs
        || old.rules.len() != new.rules.len();
    let mut tried: Vec<Example> = seeds.to_vec();
    for level in [Level::Effect, Level::Refused, Level::Winner, Level::Anything] {
        for (at, phase) in PHASES.into_iter().enumerate() {
            let question = question(&mut asker.store().formulas, (&old, &new), modules, level, at);
            if question.holds == Lit::FALSE {
                continue;
            }
            let shows = &mut |example: &Example| both.differ(example, phase, level);
            match asker.ask(question, shows) {
                Answer::Proved => {}
                Answer::Found(example) => {
                    let values = Search::of(&modules);
                    let (example, level) =
                        both.plainer(example, phase, level, (seeds, values.values()));
                    return Verdict::Apart(Box::new(both.witness(example, phase, level)));
                }
                // What is not settled of the winner is asked again of anything.
                Answer::Undecided(_) => {
                    open |= level != Level::Winner;
                    tried.append(&mut asker.tried);
                }
            }
        }
    }
    if !open {
        return Verdict::Alike;
    }
    let search = Search::of(&modules);
    for phase in PHASES {
        let level = Level::Anything;
        let shows = &mut |it: &Example| both.differ(it, phase, level);
        let found = beside(seeds, search.values(), shows);
        if let Some(example) = found.or_else(|| search.run(&tried, shows).ok()) {
            return Verdict::Apart(Box::new(both.witness(example, phase, level)));
        }
    }
    Verdict::Open
}

/// Where two programs may differ, in the phase of this number.
fn question(
    f: &mut Formulas,
    (old, new): (&Meaning, &Meaning),
    modules: [&Module; 2],
    level: Level,
    at: usize,
) -> Query {
    let accepted = |meaning: &Meaning| meaning.accepted.get(at).copied().unwrap_or(Lit::FALSE);
    let (was, is) = (accepted(old), accepted(new));
    let domain = f.and(was, is);
    let holds = match level {
        Level::Effect => match (old.effects.get(at), new.effects.get(at)) {
            (Some(old), Some(new)) => says_apart(f, old, new),
            (_, _) => Lit::FALSE,
        },
        Level::Refused => return Query { domain: Lit::TRUE, holds: apart(f, was, is) },
        Level::Winner | Level::Anything => {
            let phase = PHASES.get(at).copied();
            let rules: Vec<(&RuleMeaning, &RuleMeaning)> =
                old.rules.iter().zip(&new.rules).collect();
            let own = rules.iter().filter(|(rule, _)| Some(rule.phase) == phase);
            let mut holds = Lit::FALSE;
            for (old, new) in own {
                let differs = rule_apart(f, old, new);
                holds = f.or(holds, differs);
            }
            let order = order_apart(f, new, modules, phase);
            f.or(holds, order)
        }
    };
    Query { domain, holds }
}

fn apart(f: &mut Formulas, a: Lit, b: Lit) -> Lit {
    let (one, other) = (f.and(a, !b), f.and(!a, b));
    f.or(one, other)
}

fn says_apart(f: &mut Formulas, old: &EffectFormulas, new: &EffectFormulas) -> Lit {
    let mut parts = vec![
        apart(f, old.deny, new.deny),
        apart(f, old.escalate, new.escalate),
        apart(f, old.allow, new.allow),
    ];
    for target in old.targets.keys().chain(new.targets.keys()) {
        let of = |says: &EffectFormulas| says.targets.get(target).copied().unwrap_or(Lit::FALSE);
        parts.push(apart(f, of(old), of(new)));
    }
    f.any(parts)
}

fn rule_apart(f: &mut Formulas, old: &RuleMeaning, new: &RuleMeaning) -> Lit {
    let mut parts = vec![says_apart(f, &old.says, &new.says), apart(f, old.fails, new.fails)];
    for (old, new) in old.fires.iter().zip(&new.fires) {
        parts.push(apart(f, *old, *new));
    }
    if (old.phase, old.shadow, old.fires.len()) != (new.phase, new.shadow, new.fires.len()) {
        parts.push(Lit::TRUE);
    }
    f.any(parts)
}

/// Where two rules of one level speak, one of which has another priority now.
fn order_apart(
    f: &mut Formulas,
    new: &Meaning,
    [before, after]: [&Module; 2],
    phase: Option<Phase>,
) -> Lit {
    let moved = before.rules.iter().zip(&after.rules).enumerate();
    let moved = moved.filter(|(_, (old, new))| old.priority != new.priority);
    let mut holds = Lit::FALSE;
    for (at, _) in moved {
        let Some(own) = new.rules.get(at).filter(|rule| Some(rule.phase) == phase) else {
            continue;
        };
        for (_, other) in new.rules.iter().enumerate().filter(|(other, _)| *other != at) {
            for (one, two) in [
                (own.says.deny, other.says.deny),
                (own.says.escalate, other.says.escalate),
                (own.says.allow, other.says.allow),
            ] {
                let both = f.and(one, two);
                holds = f.or(holds, both);
            }
        }
    }
    holds
}

/// Two programs that inputs are tried on.
struct ProgramPair<'p> {
    programs: [(ContextDecider<'p>, Scratch); 2],
}

impl<'p> ProgramPair<'p> {
    fn of(base: &'p Program, mutant: &'p Program) -> Self {
        let subject = |program| (ContextDecider::of(program), Scratch::for_program(program));
        Self { programs: [base, mutant].map(subject) }
    }

    fn decide(&mut self, example: &Example, phase: Phase) -> [DecisionReport; 2] {
        let moment = Moment { phase, ..Moment::at(example.now.0, example.now.1) };
        self.programs.each_mut().map(|(subject, scratch)| match subject.take(example) {
            Ok(taken) => DecisionReport::of(&mut subject.fill(&taken, scratch).decide(&moment)),
            Err(fault) => refused(subject.program, fault.to_string()),
        })
    }

    fn differ(&mut self, example: &Example, phase: Phase, level: Level) -> bool {
        let [old, new] = self.decide(example, phase);
        let is_refused = |it: &DecisionReport| it.errors.iter().any(|error| error.rule.is_none());
        let effect = old.effect != new.effect || old.escalation != new.escalation;
        match level {
            Level::Effect => effect,
            Level::Refused => is_refused(&old) != is_refused(&new),
            Level::Winner => effect || old.rule != new.rule,
            Level::Anything => !same(&old, &new),
        }
    }

    /// Another input, on which the winner differs too, if there is one beside `seeds`.
    fn plainer(
        &mut self,
        example: Example,
        phase: Phase,
        level: Level,
        (seeds, values): (&[Example], &[Json]),
    ) -> (Example, Level) {
        if level != Level::Anything || self.differ(&example, phase, Level::Winner) {
            return (example, level);
        }
        match beside(seeds, values, &mut |it| self.differ(it, phase, Level::Winner)) {
            Some(found) => (found, Level::Winner),
            None => (example, level),
        }
    }

    /// The smallest input like this one that shows the same.
    fn witness(&mut self, example: Example, phase: Phase, level: Level) -> Witness {
        let example = search::smaller(example, &mut |it| self.differ(it, phase, level));
        let same_winner = !self.differ(&example, phase, Level::Winner);
        let [before, after] = self
            .decide(&example, phase)
            .map(|report| serde_json::from_str(&report.to_json()).unwrap_or(Json::Null));
        Witness { example, before, after, same_winner }
    }
}

/// Whether no expectation of a test tells two decisions apart.
fn same(a: &DecisionReport, b: &DecisionReport) -> bool {
    let outputs = |it: &DecisionReport| -> Vec<(String, String)> {
        it.outputs.iter().map(|it| (it.name.clone(), it.canonical.clone())).collect()
    };
    let errors = |it: &DecisionReport| -> Vec<_> {
        it.errors.iter().map(|it| (it.rule.clone(), it.class)).collect()
    };
    (a.effect, &a.rule, &a.fired, &a.shadow) == (b.effect, &b.rule, &b.fired, &b.shadow)
        && (&a.reason, &a.escalation) == (&b.reason, &b.escalation)
        && outputs(a) == outputs(b)
        && errors(a) == errors(b)
}
