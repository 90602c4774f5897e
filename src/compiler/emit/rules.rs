//! Rules, outcomes and outputs: their functions, messages and requirements.

use crate::base::name::Name;
use crate::compiler::emit::condition::Edges;
use crate::compiler::emit::function::Dest;
use crate::compiler::emit::generator::Generator;
use crate::compiler::emit::paths::Places;
use crate::compiler::emit::plan::{
    BlockPlan, DecisionPlan, OutcomeOf, OutcomePlan, Plan, ReasonPlan, RulePlan,
};
use crate::compiler::emit::requirements::Asking;
use crate::compiler::emit::tables::{Built, Tables};
use crate::compiler::ir::{NodeId, NodeKind};
use crate::compiler::syntax::ast::LogicOp;
use crate::compiler::syntax::document::model::{Escalation, OnTimeout};
use crate::lang::types::TypeTable;
use crate::runtime::bundle::govern::Govern;
use crate::runtime::bundle::module::{
    EscalationRow, FunctionKind, NONE, OutcomeRow, Requirement, TemplatePart,
};

/// A rule whose functions are written.
#[derive(Debug)]
pub(crate) struct WrittenRule {
    pub(crate) function: u16,
    pub(crate) outcomes: Vec<OutcomeRow>,
    pub(crate) requirements: Vec<Requirement>,
    /// Atoms of its condition, in the order of the language.
    pub(crate) atoms: Vec<u16>,
}

/// Everything written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) tables: Tables,
    pub(crate) functions: Vec<Built>,
    pub(crate) rules: Vec<WrittenRule>,
    pub(crate) outputs: Vec<WrittenOutput>,
    pub(crate) terms: Vec<WrittenTerm>,
    pub(crate) govern: Govern,
}

/// An output whose functions are written.
#[derive(Debug)]
pub(crate) struct WrittenOutput {
    pub(crate) function: u16,
    /// `NONE` where nothing explains it.
    pub(crate) explanation: u16,
    pub(crate) requirements: Vec<Requirement>,
}

/// A term whose function is written.
#[derive(Debug)]
pub(crate) struct WrittenTerm {
    pub(crate) function: u16,
    pub(crate) requirements: Vec<Requirement>,
}

/// Every node that the bundle may run.
pub(crate) fn roots(plan: &Plan) -> Vec<NodeId> {
    let mut roots = Vec::new();
    for rule in &plan.rules {
        roots.extend(&rule.conjuncts);
        decision_nodes(rule.decision.as_ref(), &mut roots);
        for outcome in &rule.outcomes {
            roots.extend(reason_nodes(outcome));
        }
    }
    for output in &plan.outputs {
        block_nodes(&output.rule, &mut roots);
    }
    roots.extend(plan.terms.iter().map(|term| term.node));
    roots
}

fn reason_nodes(outcome: &OutcomePlan) -> impl Iterator<Item = NodeId> {
    outcome.reason.iter().filter_map(|part| match part {
        ReasonPlan::Text(_) => None,
        ReasonPlan::Value(node) => Some(*node),
    })
}

fn decision_nodes(decision: Option<&DecisionPlan>, nodes: &mut Vec<NodeId>) {
    match decision {
        None | Some(DecisionPlan::Outcome(_)) => {}
        Some(DecisionPlan::If(condition, yes, no)) => {
            nodes.push(*condition);
            decision_nodes(Some(yes), nodes);
            decision_nodes(Some(no), nodes);
        }
        Some(DecisionPlan::Bind(_, init, body)) => {
            nodes.push(*init);
            decision_nodes(Some(body), nodes);
        }
        Some(DecisionPlan::Match(choices)) => {
            for (condition, decision) in choices {
                nodes.extend(condition);
                decision_nodes(Some(decision), nodes);
            }
        }
    }
}

fn block_nodes(block: &BlockPlan, nodes: &mut Vec<NodeId>) {
    for choice in &block.choices {
        nodes.extend(choice.condition);
        match &choice.outcome {
            OutcomeOf::Value(node, explanation) => {
                nodes.push(*node);
                nodes.extend(explanation);
            }
            OutcomeOf::Block(nested) => block_nodes(nested, nodes),
        }
    }
}

/// Writes the functions of all rules and outputs.
pub(crate) fn write(
    mut generator: Generator<'_>,
    plan: &Plan,
    places: &Places,
    left: Vec<Vec<NodeId>>,
) -> Written {
    let asking = Asking {
        ir: generator.ir,
        analysis: generator.analysis,
        places,
        variables: generator.variables,
    };
    let mut rules = Vec::new();
    for (rule, left) in plan.rules.iter().zip(left) {
        let outcomes =
            rule.outcomes.iter().map(|outcome| outcome_row(&mut generator, outcome)).collect();
        let function = rule_function(&mut generator, rule, &left);
        let mut nodes = rule.conjuncts.clone();
        decision_nodes(rule.decision.as_ref(), &mut nodes);
        let atoms = generator.atoms_of(&nodes);
        nodes.extend(rule.outcomes.iter().flat_map(reason_nodes));
        let tools = rule.tools.as_deref();
        let requirements = asking.requirements(&nodes, tools, &mut generator.tables);
        rules.push(WrittenRule { function, outcomes, requirements, atoms });
    }
    let mut outputs = Vec::new();
    for output in &plan.outputs {
        let function = generator.output_function(output, "");
        let explained = output.explained.then(|| generator.explanation_function(output));
        let mut nodes = Vec::new();
        block_nodes(&output.rule, &mut nodes);
        outputs.push(WrittenOutput {
            function,
            explanation: explained.unwrap_or(NONE),
            requirements: asking.requirements(&nodes, None, &mut generator.tables),
        });
    }
    let mut terms = Vec::new();
    for term in &plan.terms {
        let function = generator.value_function(term.node, "", false);
        let tools = term.tools.as_deref();
        let requirements = asking.requirements(&[term.node], tools, &mut generator.tables);
        terms.push(WrittenTerm { function, requirements });
    }
    let Generator { tables, functions, .. } = generator;
    Written { tables, functions, rules, outputs, terms, govern: Govern::default() }
}

fn rule_function(generator: &mut Generator<'_>, rule: &RulePlan, left: &[NodeId]) -> u16 {
    if let Some(decision) = &rule.decision {
        return generator.decision_function(left, decision, rule.origin);
    }
    if left.is_empty() {
        return NONE;
    }
    generator.function(FunctionKind::Condition, "", false, rule.origin, |this| {
        let edges = Edges { t: Dest::True, f: Dest::False, e: Dest::Error, next: None };
        this.logic(LogicOp::And, left, edges, rule.origin);
    })
}

fn outcome_row(generator: &mut Generator<'_>, outcome: &OutcomePlan) -> OutcomeRow {
    let parts: Vec<TemplatePart> = outcome
        .reason
        .iter()
        .map(|part| match part {
            ReasonPlan::Text(text) => TemplatePart::Text(generator.tables.string(text)),
            ReasonPlan::Value(node) => {
                TemplatePart::Value(generator.value_function(*node, "", false))
            }
        })
        .collect();
    let template = if parts.is_empty() { NONE } else { generator.tables.template(parts) };
    let escalation = outcome.escalation.as_ref();
    let escalation =
        escalation.map_or(NONE, |escalation| escalation_of(&mut generator.tables, escalation));
    OutcomeRow { effect: outcome.effect, template, escalation }
}

/// The number of an escalation's row.
pub(crate) fn escalation_of(tables: &mut Tables, escalation: &Escalation) -> u16 {
    let names = |tables: &mut Tables, names: &mut dyn Iterator<Item = &Name>| {
        names.map(|name| tables.string(name)).collect()
    };
    let row = EscalationRow {
        to: names(tables, &mut escalation.to.iter().map(|name| &name.value)),
        quorum: escalation.quorum.unwrap_or(1),
        timeout_ns: escalation.timeout_ns,
        suspend: escalation.on_timeout == Some(OnTimeout::Suspend),
        binds: names(tables, &mut escalation.binds.iter()),
        valid_for_ns: escalation.valid_for_ns,
        uses: escalation.uses,
        fatigue: escalation.fatigue.as_ref().map(|fatigue| fatigue.value),
    };
    tables.escalation(row)
}

impl Generator<'_> {
    /// The atoms below `nodes`, in the order of the language.
    fn atoms_of(&mut self, nodes: &[NodeId]) -> Vec<u16> {
        let ir = self.ir;
        let mut atoms = Vec::new();
        let mut waiting: Vec<NodeId> = nodes.iter().rev().copied().collect();
        while let Some(node) = waiting.pop() {
            match ir.kind(node) {
                NodeKind::Logic(..) | NodeKind::Not(_) => {
                    waiting.extend(ir.children(node).into_iter().rev());
                }
                NodeKind::Conditional(..) if ir.nodes[node].ty == TypeTable::BOOL => {
                    waiting.extend(ir.children(node).into_iter().rev());
                }
                NodeKind::Variable(variable) => {
                    if ir.nodes[node].ty == TypeTable::BOOL {
                        waiting.extend(self.variables.get(variable));
                    }
                }
                NodeKind::Constant(_) => {}
                _ => {
                    let atom = self.tables.atom(ir, node, self.analysis);
                    if !atoms.contains(&atom) {
                        atoms.push(atom);
                    }
                }
            }
        }
        atoms
    }
}
