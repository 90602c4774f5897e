//! What nobody trusts on its way through a plan: from the tools that bring it in, through those
//! that give back what they are given, less what sanitizers take away.
//!
//! In:      a plan and what its documents declare.
//! Out:     `Taints`: for each step the labels that its output carries, and the way of each.
//! Imports: `compiler::syntax`, `lang`.
//! Source:  `docs/sessions.md`, "Labels" and "Labels that are taken away".

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::compiler::syntax::document::model::Tool;
use crate::compiler::syntax::document::plans::PlanStep;
use crate::compiler::syntax::document::trust::Sanitizer;
use crate::lang::glob;
use crate::lang::session::UNKNOWN;
use crate::tools::lint::plans::{Planned, UNTRUSTED, is_step};

/// The untrusted labels of the outputs of steps, each with the step that it came from; `None` where
/// the tool of the step itself brings it in.
#[derive(Debug)]
pub struct Taints<'a> {
    steps: &'a [PlanStep],
    found: Vec<BTreeMap<String, Option<usize>>>,
    numbers: FxHashMap<&'a str, usize>,
}

impl<'a> Taints<'a> {
    /// Those of all steps of a plan.
    #[must_use]
    pub fn of(planned: &Planned<'a>) -> Self {
        let steps = planned.plan.steps.as_slice();
        let numbers: FxHashMap<&str, usize> =
            steps.iter().enumerate().map(|(at, step)| (step.name.value.as_str(), at)).collect();
        let mut found: Vec<BTreeMap<String, Option<usize>>> = vec![BTreeMap::new(); steps.len()];
        let mut flows: Vec<Vec<Flow<'_>>> = steps.iter().map(|_| Vec::new()).collect();
        let mut waiting: Vec<(usize, String)> = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let Some(tool) = planned.tool(step) else { continue };
            for label in brings(tool) {
                waiting.push((at, label.clone()));
                if let Some(own) = found.get_mut(at) {
                    own.insert(label, None);
                }
            }
            for flow in through(planned, (at, step), tool) {
                let from = numbers.get(flow.from).copied();
                if let Some(flows) = from.and_then(|from| flows.get_mut(from)) {
                    flows.push(flow);
                }
            }
        }
        // Each step gets each label once.
        while let Some((from, label)) = waiting.pop() {
            for flow in flows.get(from).into_iter().flatten() {
                let Some(own) = found.get_mut(flow.to) else { continue };
                if !own.contains_key(&label) && !flow.takes_away(&label) {
                    own.insert(label.clone(), Some(from));
                    waiting.push((flow.to, label.clone()));
                }
            }
        }
        Self { steps, found, numbers }
    }

    /// How what nobody trusts comes into the output of a step: the steps on the way, from the one
    /// whose tool brings it in, and the label that it carries there.
    #[must_use]
    pub fn way(&self, step: &str) -> Option<(Vec<&'a PlanStep>, &str)> {
        let mut at = *self.numbers.get(step)?;
        let label = self.found.get(at)?.keys().next()?;
        let mut way = vec![self.steps.get(at)?];
        while let Some(before) = self.found.get(at)?.get(label)? {
            way.push(self.steps.get(*before)?);
            at = *before;
        }
        way.reverse();
        Some((way, label))
    }
}

/// What a step gives back of what another one gave.
struct Flow<'a> {
    from: &'a str,
    to: usize,
    /// Sanitizers of the argument on the way.
    sanitizers: Vec<&'a Sanitizer>,
}

impl Flow<'_> {
    /// Whether a sanitizer takes a label away: what nobody knows only where it is named, or where
    /// the answer is one of few.
    fn takes_away(&self, label: &str) -> bool {
        self.sanitizers.iter().any(|sanitizer| {
            let typed = sanitizer.values.is_some();
            sanitizer.removes.iter().any(|pattern| {
                let fits = glob::matches(&pattern.value, label);
                fits && (label != UNKNOWN || typed || *pattern.value == *UNKNOWN)
            })
        })
    }
}

/// The flows through a step whose tool gives back what it is given.
fn through<'a>(
    planned: &Planned<'a>,
    (to, step): (usize, &'a PlanStep),
    tool: &'a Tool,
) -> Vec<Flow<'a>> {
    let mut flows = Vec::new();
    if !inherits(tool) {
        return flows;
    }
    for field in &tool.args {
        let name = &field.name.value;
        // One that cleans a part of an argument leaves the rest.
        let of_argument = |it: &&Sanitizer| {
            it.tool.value == tool.name.value && it.arg.value.as_slice() == [name.clone()]
        };
        let sanitizers: Vec<&Sanitizer> = planned.sanitizers().filter(of_argument).collect();
        for source in planned.asked(step, name).sources().filter(|it| is_step(&it.value)) {
            let (from, sanitizers) = (source.value.as_str(), sanitizers.clone());
            flows.push(Flow { from, to, sanitizers });
        }
    }
    flows
}

/// The labels of what nobody trusts in the output of a tool, as far as it brings such in.
fn brings(tool: &Tool) -> Vec<String> {
    let Some(outputs) = &tool.output else {
        return if tool.acts() { Vec::new() } else { vec![UNKNOWN.to_owned()] };
    };
    let labels = outputs.iter().flat_map(|output| &output.labels);
    let untrusted = labels.filter(|label| label.value.starts_with(UNTRUSTED));
    untrusted.map(|label| label.value.to_string()).collect()
}

/// Whether what a tool gives carries what it is given.
fn inherits(tool: &Tool) -> bool {
    let Some(outputs) = &tool.output else { return tool.acts() };
    outputs.iter().any(|output| output.inherit)
}
