//! Rules, outcomes and outputs: their functions, messages and requirements.

use rustc_hash::FxHashSet;

use crate::base::name::Name;
use crate::compiler::emit::condition::Edges;
use crate::compiler::emit::function::{Dest, Draft, Ref};
use crate::compiler::emit::generator::Generator;
use crate::compiler::emit::lowered::{
    ChoiceOutcome, LoweredBlock, LoweredDecision, LoweredOutcome, LoweredProgram, LoweredReason,
    LoweredRule,
};
use crate::compiler::emit::paths::Places;
use crate::compiler::emit::policy::ChoiceCode;
use crate::compiler::emit::requirements::RequirementContext;
use crate::compiler::emit::tables::{FinishedFunction, Tables};
use crate::compiler::ir::{Ir, NodeId, NodeKind};
use crate::compiler::syntax::ast::{ExprId, LogicOp};
use crate::compiler::syntax::document::model::{Escalation, OnTimeout};
use crate::lang::opcodes::{NO_ATOM, Op, X_PART};
use crate::lang::types::TypeTable;
use crate::runtime::bundle::govern::Govern;
use crate::runtime::bundle::module::{
    EscalationRow, FunctionKind, NONE, OutcomeRow, Requirement, TemplatePart,
};

/// A rule whose functions are written.
#[derive(Debug)]
pub(crate) struct EmittedRule {
    pub(crate) function: u16,
    pub(crate) outcomes: Vec<OutcomeRow>,
    pub(crate) requirements: Vec<Requirement>,
    /// Atoms of its condition, in the order of the language.
    pub(crate) atoms: Vec<EmittedAtom>,
}

/// An atom of a rule's condition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EmittedAtom {
    pub(crate) atom: u16,
    /// Where the rule says it.
    pub(crate) origin: ExprId,
    /// Whether it reads locals that are bound around it.
    pub(crate) bound: bool,
    /// Whether the index took it away, and nothing else of the rule asks it.
    pub(crate) guard: bool,
}

/// Everything written.
#[derive(Debug)]
pub(crate) struct EmittedProgram {
    pub(crate) tables: Tables,
    pub(crate) functions: Vec<FinishedFunction>,
    pub(crate) rules: Vec<EmittedRule>,
    pub(crate) outputs: Vec<EmittedOutput>,
    pub(crate) terms: Vec<EmittedTerm>,
    pub(crate) govern: Govern,
}

/// An output whose functions are written.
#[derive(Debug)]
pub(crate) struct EmittedOutput {
    pub(crate) function: u16,
    /// `NONE` where nothing explains it.
    pub(crate) explanation: u16,
    pub(crate) requirements: Vec<Requirement>,
    /// Its entries, in the order of the document.
    pub(crate) choices: Vec<EmittedChoice>,
}

/// An entry of an output.
#[derive(Debug)]
pub(crate) struct EmittedChoice {
    pub(crate) code: ChoiceCode,
    /// Atoms of its condition, then those of the value that it yields.
    pub(crate) atoms: [Vec<EmittedAtom>; 2],
}

/// A term whose function is written.
#[derive(Debug)]
pub(crate) struct EmittedTerm {
    pub(crate) function: u16,
    pub(crate) requirements: Vec<Requirement>,
}

/// Every node that the bundle may run.
pub(crate) fn roots(plan: &LoweredProgram) -> Vec<NodeId> {
    let mut roots = Vec::new();
    for rule in &plan.rules {
        roots.extend(&rule.conjuncts);
        decision_nodes(rule.decision.as_ref(), &|_| true, &mut roots);
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

fn reason_nodes(outcome: &LoweredOutcome) -> impl Iterator<Item = NodeId> {
    outcome.reason.iter().filter_map(|part| match part {
        LoweredReason::Text(_) => None,
        LoweredReason::Value(node) | LoweredReason::Else(node, _) => Some(*node),
    })
}

/// The nodes that a decision asks, and those values of its variables that `binds` takes.
fn decision_nodes(
    decision: Option<&LoweredDecision>,
    binds: &dyn Fn(NodeId) -> bool,
    nodes: &mut Vec<NodeId>,
) {
    match decision {
        None | Some(LoweredDecision::Outcome(_)) => {}
        Some(LoweredDecision::If(condition, yes, no)) => {
            nodes.push(*condition);
            decision_nodes(Some(yes), binds, nodes);
            decision_nodes(Some(no), binds, nodes);
        }
        Some(LoweredDecision::Bind(_, init, body)) => {
            nodes.extend(binds(*init).then_some(*init));
            decision_nodes(Some(body), binds, nodes);
        }
        Some(LoweredDecision::Match(choices)) => {
            for (condition, decision) in choices {
                nodes.extend(condition);
                decision_nodes(Some(decision), binds, nodes);
            }
        }
    }
}

fn block_nodes(block: &LoweredBlock, nodes: &mut Vec<NodeId>) {
    for choice in &block.choices {
        nodes.extend(choice.condition);
        match &choice.outcome {
            ChoiceOutcome::Value(node, explanation) => {
                nodes.push(*node);
                nodes.extend(explanation);
            }
            ChoiceOutcome::Block(nested) => block_nodes(nested, nodes),
        }
    }
}

/// Writes the functions of all rules and outputs.
pub(crate) fn write(
    mut generator: Generator<'_>,
    plan: &LoweredProgram,
    places: &Places,
    left: Vec<Vec<NodeId>>,
) -> EmittedProgram {
    let asking = RequirementContext {
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
        let atoms = generator.rule_atoms(rule, &left);
        let mut nodes = rule.conjuncts.clone();
        decision_nodes(rule.decision.as_ref(), &|_| true, &mut nodes);
        nodes.extend(rule.outcomes.iter().flat_map(reason_nodes));
        let tools = rule.tools.as_deref();
        let requirements = asking.requirements(&nodes, tools, &mut generator.tables);
        rules.push(EmittedRule { function, outcomes, requirements, atoms });
    }
    let mut outputs = Vec::new();
    for output in &plan.outputs {
        let function = generator.output_function(output, "");
        let choices = generator.choice_atoms(function);
        let explained = output.explained.then(|| generator.explanation_function(output));
        let mut nodes = Vec::new();
        block_nodes(&output.rule, &mut nodes);
        outputs.push(EmittedOutput {
            function,
            explanation: explained.unwrap_or(NONE),
            requirements: asking.requirements(&nodes, None, &mut generator.tables),
            choices,
        });
    }
    let mut terms = Vec::new();
    for term in &plan.terms {
        let function = generator.value_function(term.node, "", false);
        let tools = term.tools.as_deref();
        let requirements = asking.requirements(&[term.node], tools, &mut generator.tables);
        terms.push(EmittedTerm { function, requirements });
    }
    let Generator { tables, functions, .. } = generator;
    EmittedProgram { tables, functions, rules, outputs, terms, govern: Govern::default() }
}

fn rule_function(generator: &mut Generator<'_>, rule: &LoweredRule, left: &[NodeId]) -> u16 {
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

fn outcome_row(generator: &mut Generator<'_>, outcome: &LoweredOutcome) -> OutcomeRow {
    let parts: Vec<TemplatePart> = outcome
        .reason
        .iter()
        .map(|part| match part {
            LoweredReason::Text(text) => TemplatePart::Text(generator.tables.string(text)),
            LoweredReason::Value(node) => {
                TemplatePart::Value(generator.value_function(*node, "", false))
            }
            LoweredReason::Else(node, text) => {
                let function = generator.value_function(*node, "", false);
                TemplatePart::Else(function, generator.tables.string(text))
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
    /// The entries of the output that was written last, in function `function`.
    fn choice_atoms(&mut self, function: u16) -> Vec<EmittedChoice> {
        let entries = std::mem::take(&mut self.choices);
        let choice = |(at, code): (usize, &ChoiceCode)| {
            let is_block = entries.get(at + 1).is_some_and(|next| next.depth > code.depth);
            let yields = if is_block { (0, 0) } else { code.outcome };
            let atoms = [code.condition, yields].map(|part| self.code_atoms(function, part));
            EmittedChoice { code: *code, atoms }
        };
        entries.iter().enumerate().map(choice).collect()
    }

    /// The atoms that a part of a function decides, in order; those of variables that it asks
    /// stand where they are asked.
    fn code_atoms(&self, function: u16, (first, end): (usize, usize)) -> Vec<EmittedAtom> {
        let mut atoms: Vec<EmittedAtom> = Vec::new();
        let mut known = FxHashSet::default();
        let code = |function: u16| {
            let function = self.functions.get(usize::from(function));
            function.map_or(&[][..], |function| function.builder.code.as_slice())
        };
        let mut waiting: Vec<&Draft> =
            code(function).get(first..end).unwrap_or_default().iter().rev().collect();
        while let Some(draft) = waiting.pop() {
            match (draft.op, draft.a) {
                (_, _) if draft.w != NO_ATOM && draft.x & X_PART == 0 => {
                    if !atoms.iter().any(|known| known.atom == draft.w) {
                        let (atom, origin) = (draft.w, draft.origin);
                        atoms.push(EmittedAtom { atom, origin, bound: false, guard: false });
                    }
                }
                (Op::Test, Ref::Index(callee)) if known.insert(callee) => {
                    waiting.extend(code(callee).iter().rev());
                }
                (_, _) => {}
            }
        }
        atoms
    }

    /// The atoms of a rule, of whose conjuncts the index left `left`: in the order of the language,
    /// each with where it is said first, and what `condition` decides as one. What a local is bound
    /// to is asked where it is a condition.
    fn rule_atoms(&mut self, rule: &LoweredRule, left: &[NodeId]) -> Vec<EmittedAtom> {
        let ir = self.ir;
        let is_bool = |node: NodeId| ir.nodes[node].ty == TypeTable::BOOL;
        let mut nodes = Vec::new();
        decision_nodes(rule.decision.as_ref(), &is_bool, &mut nodes);
        let left: FxHashSet<NodeId> = left.iter().copied().collect();
        let asked = rule.conjuncts.iter().map(|node| (*node, !left.contains(node)));
        let asked = asked.chain(nodes.into_iter().map(|node| (node, false)));
        let mut waiting: Vec<(NodeId, bool)> = asked.collect();
        waiting.reverse();
        let mut atoms: Vec<EmittedAtom> = Vec::new();
        let mut known = FxHashSet::default();
        while let Some((node, guard)) = waiting.pop() {
            let mut wait = |node: NodeId| waiting.push((node, guard));
            match ir.kind(node) {
                NodeKind::Logic(..) | NodeKind::Not(_) | NodeKind::Conditional(..) => {
                    ir.children(node).into_iter().rev().for_each(wait);
                }
                NodeKind::Bind(_, init, body) => {
                    wait(*body);
                    is_bool(*init).then_some(*init).into_iter().for_each(wait);
                }
                NodeKind::Variable(variable) if is_bool(node) => {
                    let is_new = known.insert((*variable, guard));
                    self.variables
                        .get(variable)
                        .filter(|_| is_new)
                        .copied()
                        .into_iter()
                        .for_each(wait);
                }
                NodeKind::Constant(_) => {}
                // It is said where the local is bound.
                NodeKind::Local(_) if self.tables.is_inverse(ir, node) => {}
                _ => {
                    let atom = self.tables.atom(ir, node, self.analysis);
                    if let Some(known) = atoms.iter_mut().find(|known| known.atom == atom) {
                        known.guard &= guard;
                    } else {
                        let (origin, bound) = (ir.nodes[node].origin, reads_locals(ir, node));
                        atoms.push(EmittedAtom { atom, origin, bound, guard });
                    }
                }
            }
        }
        atoms
    }
}

/// Whether `node` reads locals that are bound around it.
fn reads_locals(ir: &Ir, node: NodeId) -> bool {
    let (mut read, mut bound) = (FxHashSet::default(), FxHashSet::default());
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        match ir.kind(node) {
            NodeKind::Local(local) => {
                read.insert(*local);
            }
            NodeKind::Bind(local, ..) => {
                bound.insert(*local);
            }
            NodeKind::Loop(it) => bound.extend(it.second.into_iter().chain([it.first])),
            _ => {}
        }
        waiting.extend(ir.children(node));
    }
    read.difference(&bound).next().is_some()
}
