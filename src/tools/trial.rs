//! Inputs, tried: what the real evaluator says of one, as `policyc eval` would. Where the program
//! asks sessions, an input is the first request of one.
//!
//! In:      a program and an example.
//! Out:     `TrialDecision`.
//! Imports: `compiler::solve`, `lang`, `runtime::bundle`, `runtime::program`, `runtime::vm`,
//!          `tools::standalone`.

use std::collections::BTreeMap;

use crate::compiler::solve::input::Example;
use crate::compiler::solve::rules::escalation_key;
use crate::lang::decision::Effect;
use crate::runtime::bundle::module::{Module, Phase, failure_effect};
use crate::runtime::program::Program;
use crate::runtime::program::dispatch::ProgramItem;
use crate::runtime::vm::hosts::HostTable;
use crate::runtime::vm::report::DecisionReport;
use crate::runtime::vm::request::Moment;
use crate::runtime::vm::scratch::Scratch;
use crate::tools::standalone::ContextDecider;

/// What a program says of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialDecision {
    /// The effect.
    pub effect: Option<Effect>,
    /// To whom it escalates, and how.
    pub target: String,
    /// Whether the input was refused.
    pub refused: bool,
    /// What each rule that spoke stands for; `true` for shadow rules, which decide nothing.
    pub rules: BTreeMap<(String, bool), Effect>,
    /// Outputs by name, as JSON that keeps kinds apart.
    pub outputs: Vec<(String, String)>,
}

impl TrialDecision {
    /// Of an input that a session refuses.
    fn refused() -> Self {
        let (effect, target) = (Some(Effect::Deny), String::new());
        Self { effect, target, refused: true, rules: BTreeMap::new(), outputs: Vec::new() }
    }
}

/// A program that inputs are tried on.
#[derive(Debug)]
pub struct Trial<'p> {
    subject: ContextDecider<'p>,
    scratch: Scratch,
}

/// What is tried: an input, and what host functions give about it.
#[derive(Clone, Copy, Debug)]
pub struct TrialInput<'i> {
    /// The context and the time.
    pub example: &'i Example,
    /// What of the call is decided about.
    pub phase: Phase,
    /// What host functions give, where that is known.
    pub hosts: Option<&'i HostTable>,
}

impl<'p> Trial<'p> {
    /// Tries inputs on a program.
    #[must_use]
    pub fn of(program: &'p Program) -> Self {
        Self { subject: ContextDecider::of(program), scratch: Scratch::for_program(program) }
    }

    /// The effect, and the numbers of the rules that fired, shadow rules too.
    pub fn fired(&mut self, example: &Example, phase: Phase) -> (Option<Effect>, Vec<u16>) {
        let Ok(taken) = self.subject.take(example) else {
            return (Some(Effect::Deny), Vec::new());
        };
        let mut filled = self.subject.fill(&taken, &mut self.scratch);
        let moment = Moment { phase, ..Moment::at(example.now.0, example.now.1) };
        let decision = filled.decide(&moment);
        let fired = decision.fired().iter().chain(decision.shadow()).map(|it| it.rule);
        (decision.effect(), fired.collect())
    }

    /// What the program says.
    pub fn decide(&mut self, example: &Example, phase: Phase) -> TrialDecision {
        self.decide_given(TrialInput { example, phase, hosts: None })
    }

    /// What the program says where host functions give this.
    pub fn decide_given(&mut self, input: TrialInput<'_>) -> TrialDecision {
        let TrialInput { example, phase, hosts } = input;
        let program = self.subject.program;
        let Ok(taken) = self.subject.take(example) else { return TrialDecision::refused() };
        let mut filled = self.subject.fill(&taken, &mut self.scratch);
        let moment = Moment { phase, hosts, ..Moment::at(example.now.0, example.now.1) };
        let mut decision = filled.decide(&moment);
        let module = program.module();
        let mut rules = BTreeMap::new();
        let key = |rule: u16| {
            let shadow = module.rules.get(usize::from(rule)).is_some_and(|row| row.shadow);
            (program.rule_id(rule).to_owned(), shadow)
        };
        for fired in decision.fired().iter().chain(decision.shadow()) {
            let effect = module.outcomes.get(usize::from(fired.outcome)).map(|row| row.effect);
            if let Some(effect) = effect {
                rules.insert(key(fired.rule), effect);
            }
        }
        for failure in decision.failures() {
            if let ProgramItem::Rule(rule) = failure.by
                && let Some(effect) = failed(module, rule)
            {
                rules.insert(key(rule), effect);
            }
        }
        let target = decision.escalation().map_or(String::new(), |row| escalation_key(module, row));
        let report = DecisionReport::of(&mut decision);
        let outputs = report.outputs.iter().map(|it| (it.name.clone(), it.canonical.clone()));
        TrialDecision {
            effect: report.effect,
            target,
            refused: report.errors.iter().any(|error| error.rule.is_none()),
            rules,
            outputs: outputs.collect(),
        }
    }
}

/// What a rule stands for that failed.
fn failed(module: &Module, rule: u16) -> Option<Effect> {
    let row = module.rules.get(usize::from(rule))?;
    let kind = module.functions.get(usize::from(row.function)).map(|it| it.kind);
    let first = module.outcomes.get(usize::from(row.first_outcome)).map(|it| it.effect);
    failure_effect(kind, first, module.manifest.on_error.effect)
}
