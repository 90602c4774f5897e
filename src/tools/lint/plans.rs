//! What lints about plans ask: the tools of steps, what comes before a step, what data carry.
//!
//! In:      the plan of a project and what its documents declare.
//! Out:     `Planned`, with the few questions that many lints ask.
//! Imports: `base`, `compiler::syntax`, `lang`.
//! Source:  `docs/sessions.md`, "Plans".

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::syntax::document::agents::{Flow, SinkArg, ToolEffect};
use crate::compiler::syntax::document::model::{PolicyDocument, Role, Tool, TypeField};
use crate::compiler::syntax::document::plans::{Demand, Deviation, Plan, PlanStep};
use crate::compiler::syntax::document::trust::Sanitizer;
use crate::lang::glob;
use crate::lang::session::{MODEL, PROMPT, REPLACE};
use crate::tools::lint::subject::Subject;

/// The family of labels that nobody trusts.
pub const UNTRUSTED: &str = "untrusted.";

/// A plan among the documents of its project.
#[derive(Debug)]
pub struct Planned<'a> {
    /// The plan.
    pub plan: &'a Plan,
    documents: &'a [PolicyDocument],
}

/// What is asked of an argument: its own demands, else those of `*`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArgumentDemands<'a> {
    demands: &'a [Spanned<Demand>],
    /// Where they are written.
    pub named: Option<&'a Spanned<Name>>,
}

impl<'a> ArgumentDemands<'a> {
    /// Whether only some values will do.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        let binds = |demand: &Spanned<Demand>| {
            matches!(demand.value, Demand::Equals(_) | Demand::OneOf(_) | Demand::Matches(_))
        };
        self.demands.iter().any(binds)
    }

    /// Whether its length has an end.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.demands.iter().any(|demand| matches!(demand.value, Demand::Bytes(_)))
    }

    /// Where its values may come from; nothing where it does not say.
    pub fn sources(&self) -> impl Iterator<Item = &'a Spanned<Name>> + use<'a> {
        let names = |demand: &'a Spanned<Demand>| {
            if let Demand::From(names) = &demand.value { names.as_slice() } else { &[] }
        };
        self.demands.iter().flat_map(names)
    }

    /// Whether it says where its values come from.
    #[must_use]
    pub fn says_from(&self) -> bool {
        self.demands.iter().any(|demand| matches!(demand.value, Demand::From(_)))
    }
}

/// Whether a call of the tool changes anything. What nobody says may.
#[must_use]
pub fn acts(tool: &Tool) -> bool {
    tool.effect.as_ref().is_none_or(|effect| effect.value != ToolEffect::None)
}

/// Whether a tool has this effect, or may have: what nobody says may be any.
#[must_use]
pub fn may_have(tool: &Tool, effect: ToolEffect) -> bool {
    tool.effect.as_ref().is_none_or(|own| own.value == effect)
}

impl<'a> Planned<'a> {
    /// The plan of a project, if it has one with steps.
    #[must_use]
    pub fn of(subject: &Subject<'a>) -> Option<Self> {
        let documents = subject.checked.parsed().policies.as_slice();
        let plan = documents.iter().find_map(|document| document.plan.as_ref());
        let plan = plan.filter(|plan| !plan.steps.is_empty())?;
        Some(Self { plan, documents })
    }

    /// The steps with their declared tools.
    pub fn steps(&self) -> impl Iterator<Item = (&'a PlanStep, &'a Tool)> + use<'_, 'a> {
        self.plan.steps.iter().filter_map(|step| Some((step, self.tool(step)?)))
    }

    /// The tool of a step.
    #[must_use]
    pub fn tool(&self, step: &PlanStep) -> Option<&'a Tool> {
        let mut tools = self.documents.iter().flat_map(|document| &document.tools);
        tools.find(|tool| tool.name.value == step.tool.value)
    }

    /// The step with this name.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&'a PlanStep> {
        self.plan.steps.iter().find(|step| step.name.value == *name)
    }

    /// The steps that are done before a step, the nearest first.
    #[must_use]
    pub fn before(&self, step: &PlanStep) -> Vec<&'a PlanStep> {
        let mut found: Vec<&PlanStep> = Vec::new();
        let mut waiting: Vec<&Spanned<Name>> = step.after.iter().collect();
        while let Some(name) = waiting.pop() {
            let Some(step) = self.step(&name.value) else { continue };
            if !found.iter().any(|it| it.name.value == step.name.value) {
                found.push(step);
                waiting.extend(&step.after);
            }
        }
        found
    }

    /// Whether a call of a tool may be in the plan: it has a step, needs none, asks for another
    /// plan or undoes a step.
    #[must_use]
    pub fn knows(&self, tool: &Tool) -> bool {
        let (plan, name) = (self.plan, &tool.name.value);
        let reads = plan.reads.iter().any(|pattern| glob::matches(&pattern.value, name));
        let mut tools = self.documents.iter().flat_map(|document| &document.tools);
        plan.steps.iter().any(|step| step.tool.value == *name)
            || reads && !acts(tool) && plan.budget != Some(0)
            || **name == *REPLACE.0
            || tools.any(|it| it.undo.as_ref().is_some_and(|undo| undo.value == *name))
    }

    /// Whether the plan lets a call of a tool through: it knows it, or what deviates is not denied.
    #[must_use]
    pub fn allows(&self, tool: &Tool) -> bool {
        let deviation = if acts(tool) { &self.plan.effect } else { &self.plan.read_only };
        self.knows(tool) || *deviation != Deviation::Deny
    }

    /// What a step asks of an argument.
    #[must_use]
    pub fn asked(&self, step: &'a PlanStep, argument: &str) -> ArgumentDemands<'a> {
        let named = |wanted: &str| step.args.iter().find(|(name, _)| name.value == *wanted);
        let found = named(argument).or_else(|| named("*"));
        found.map_or_else(ArgumentDemands::default, |(name, demands)| ArgumentDemands {
            demands,
            named: Some(name),
        })
    }

    /// The same, as it is written.
    #[must_use]
    pub fn demands(&self, step: &'a PlanStep, argument: &str) -> &'a [Spanned<Demand>] {
        self.asked(step, argument).demands
    }

    /// Whether labels are declared, so that data carry something.
    #[must_use]
    pub fn has_labels(&self) -> bool {
        self.documents.iter().any(|document| !document.labels.names.is_empty())
    }

    /// Whether a rule of `flow` looks at what an argument of a tool carries.
    #[must_use]
    pub fn is_watched(&self, tool: &Tool, argument: &TypeField) -> bool {
        let role = argument.role.as_ref().map_or(Role::Value, |role| role.value);
        let names = |flow: &&Flow| {
            let sink = &flow.sink;
            let of_tool = sink.tools.is_empty()
                || sink.tools.iter().any(|it| glob::matches(&it.value, &tool.name.value));
            let of_effect =
                sink.effects.is_empty() || sink.effects.iter().any(|it| may_have(tool, it.value));
            let of_argument = sink.args.iter().any(|it| match it {
                SinkArg::Role(own) => own.value == role,
                SinkArg::Named(name) => name.value == argument.name.value,
            });
            of_tool && of_effect && of_argument
        };
        self.documents.iter().flat_map(|document| &document.flow).any(|flow| names(&flow))
    }

    /// Whether a limit holds back calls of a tool.
    #[must_use]
    pub fn is_limited(&self, tool: &str) -> bool {
        let meters = || self.documents.iter().flat_map(|document| &document.meters);
        let mut limits = self.documents.iter().flat_map(|document| &document.limits);
        limits.any(|limit| {
            let mut meters = meters().filter(|meter| meter.name.value == limit.meter.value);
            meters.any(|meter| meter.on.iter().any(|it| glob::matches(&it.value, tool)))
        })
    }

    /// The sanitizers of the project.
    pub fn sanitizers(&self) -> impl Iterator<Item = &'a Sanitizer> + use<'a> {
        self.documents.iter().flat_map(|document| &document.sanitizers)
    }
}

/// A way through a plan, as people read it: `read → copy → pay.recipient`.
#[must_use]
pub fn way(steps: &[&PlanStep], end: &PlanStep, argument: &str) -> String {
    let mut names: Vec<String> = steps.iter().map(|step| step.name.value.to_string()).collect();
    names.push(format!("{}.{argument}", end.name.value));
    names.join(" → ")
}

/// Whether a source of values is a step, not the prompt or the model.
#[must_use]
pub fn is_step(name: &str) -> bool {
    ![PROMPT, MODEL].contains(&name)
}
