//! What the bundle runs, as nodes: every rule, output and message of a project, lowered.

use rustc_hash::FxHashMap;

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::check::analysis::{
    Checked, DecisionUse, LocalId, MacroUse, ReasonPart, Use, VariableId,
};
use crate::compiler::emit::arguments::TOOL;
use crate::compiler::emit::claims::{InvariantRules, claims};
use crate::compiler::emit::parts::Part;
use crate::compiler::ir::lower::Lowering;
use crate::compiler::ir::{Ir, NodeId, NodeKind, Variant};
use crate::compiler::syntax::ast::{ExprId, ExprKind, LogicOp};
use crate::compiler::syntax::document::meters::TermResult;
use crate::compiler::syntax::document::model::{
    CelRule, Escalation, Outcome, PolicyDocument, Rule, RuleBody, Template, TemplatePart,
};
use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::types::{Type, TypeId, TypeTable};

/// Everything lowered.
#[derive(Debug, Default)]
pub(crate) struct LoweredProgram {
    pub(crate) ir: Ir,
    pub(crate) rules: Vec<LoweredRule>,
    pub(crate) outputs: Vec<LoweredOutput>,
    pub(crate) terms: Vec<LoweredTerm>,
    pub(crate) variables: FxHashMap<Variant, NodeId>,
}

/// A rule, lowered.
#[derive(Debug)]
pub(crate) struct LoweredRule {
    pub(crate) id: Name,
    /// The conjuncts of the condition, in order; `on` first. Empty: it always speaks.
    pub(crate) conjuncts: Vec<NodeId>,
    /// The patterns of `on` where other tools fit it than those that are declared: what the first
    /// conjunct says.
    pub(crate) patterns: Vec<Name>,
    /// The declared tools that `on` names: what the first conjunct says where `patterns` is empty.
    pub(crate) tools: Option<Vec<Name>>,
    /// A `.cel` rule or a CEL Policy document that decides.
    pub(crate) decision: Option<LoweredDecision>,
    pub(crate) outcomes: Vec<LoweredOutcome>,
    pub(crate) origin: ExprId,
    pub(crate) source: RuleSource,
}

impl LoweredRule {
    /// Whether it has `on`, which is its first conjunct then.
    pub(crate) fn has_on(&self) -> bool {
        self.tools.is_some() || !self.patterns.is_empty()
    }
}

/// An expression that sessions evaluate.
#[derive(Debug)]
pub(crate) struct LoweredTerm {
    pub(crate) node: NodeId,
    /// The declared tools that it is about.
    pub(crate) tools: Option<Vec<Name>>,
    /// Whether what it gives is a part of an answer.
    pub(crate) tells: bool,
}

/// Where a rule stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RuleSource {
    /// Policy and rule, by index.
    Rule(usize, usize),
    /// CEL Policy document, by index.
    CelPolicy(usize),
}

/// What a rule says.
#[derive(Debug)]
pub(crate) struct LoweredOutcome {
    pub(crate) effect: Effect,
    pub(crate) reason: Vec<LoweredReason>,
    pub(crate) escalation: Option<Escalation>,
}

/// A part of a message.
#[derive(Debug)]
pub(crate) enum LoweredReason {
    Text(String),
    Value(NodeId),
    /// A value, and the text where it is none that Kubernetes shows.
    Else(NodeId, String),
}

/// A decision: a tree of conditions with outcomes at its leaves.
#[derive(Debug)]
pub(crate) enum LoweredDecision {
    /// The outcome with this number.
    Outcome(u16),
    /// One or the other.
    If(NodeId, Box<LoweredDecision>, Box<LoweredDecision>),
    /// A decision that may read the local, which stands for the node.
    Bind(LocalId, NodeId, Box<LoweredDecision>),
    /// The first choice that holds; `None` where no choice does.
    Match(Vec<(Option<NodeId>, LoweredDecision)>),
}

/// The output of a CEL Policy document.
#[derive(Debug)]
pub(crate) struct LoweredOutput {
    pub(crate) policy: usize,
    pub(crate) rule: LoweredBlock,
    /// The type of the output, and whether values are wrapped in an optional.
    pub(crate) ty: TypeId,
    pub(crate) optional: bool,
    /// Whether an entry of the document explains its output.
    pub(crate) explained: bool,
}

/// A `rule` block.
#[derive(Debug)]
pub(crate) struct LoweredBlock {
    pub(crate) aggregate: bool,
    pub(crate) choices: Vec<LoweredChoice>,
    pub(crate) origin: ExprId,
}

/// A choice of a block.
#[derive(Debug)]
pub(crate) struct LoweredChoice {
    pub(crate) condition: Option<NodeId>,
    pub(crate) outcome: ChoiceOutcome,
}

/// What a choice yields.
#[derive(Debug)]
pub(crate) enum ChoiceOutcome {
    /// A value, and why.
    Value(NodeId, Option<NodeId>),
    Block(LoweredBlock),
}

/// Lowers everything that is checked.
pub(crate) fn lower(checked: &Checked<'_>, unfolded: bool) -> LoweredProgram {
    lower_with_parts(checked, unfolded, &[]).0
}

/// Lowers everything that is checked, and adds the rules of what documents claim of their results.
pub(crate) fn lower_with_claims(checked: &Checked<'_>) -> (LoweredProgram, Vec<InvariantRules>) {
    let mut planner = ProgramLowering::of(checked, false, false);
    planner.lowering.set_context(None);
    let found = claims(&mut planner);
    planner.plan.ir = planner.lowering.ir;
    (planner.plan, found)
}

/// Lowers everything that is checked, and `parts` of it once more: their nodes.
pub(crate) fn lower_with_parts(
    checked: &Checked<'_>,
    unfolded: bool,
    parts: &[Part],
) -> (LoweredProgram, Vec<NodeId>) {
    let bare = parts.iter().any(|part| part.context.is_none());
    let mut planner = ProgramLowering::of(checked, unfolded, bare);
    let mut nodes = Vec::with_capacity(parts.len());
    for part in parts {
        planner.lowering.set_context(part.context);
        nodes.push(planner.lowering.lower(part.expr));
    }
    planner.plan.ir = planner.lowering.ir;
    (planner.plan, nodes)
}

/// Whoever lowers a program.
pub(super) struct ProgramLowering<'a> {
    pub(super) checked: &'a Checked<'a>,
    pub(super) lowering: Lowering<'a>,
    /// The locals around the decision at hand, outermost first, and what they stand for.
    binds: Vec<(LocalId, NodeId)>,
    pub(super) plan: LoweredProgram,
}

impl<'a> ProgramLowering<'a> {
    /// Everything lowered; `ir` of the plan is still with `lowering`. `bare`: parts will read
    /// variables, and nobody will have made sure of what those read.
    fn of(checked: &'a Checked<'a>, unfolded: bool, bare: bool) -> Self {
        let mut planner = Self {
            checked,
            lowering: Lowering::new(&checked.parsed().ast, checked.analysis(), unfolded),
            binds: Vec::new(),
            plan: LoweredProgram::default(),
        };
        planner.variables(bare);
        for at in 0..checked.parsed().policies.len() {
            planner.policy(at);
        }
        for at in 0..checked.parsed().cel_policies.len() {
            planner.cel_policy(at);
        }
        if !checked.analysis().tools.is_empty() {
            // Where rules read what tools declare differently, the tool is read to know which is
            // meant.
            planner.lowering.path(TOOL.map(Name::new).to_vec());
        }
        planner
    }

    /// Variables stand before their uses, so that each is lowered once for those who ask for what
    /// it reads, and once for those who ask for nothing: shadow rules, terms and `bare` parts.
    fn variables(&mut self, bare: bool) {
        let analysis = self.checked.analysis();
        for (document, info) in self.checked.parsed().policies.iter().zip(&analysis.policies) {
            let shadow = document.rules.iter().any(|rule| rule.shadow);
            let term = document.terms.iter().any(|term| self.reads_variables(term.expr));
            let asks_nothing = (bare || shadow || term).then_some(None);
            for context in std::iter::once(info.context).chain(asks_nothing) {
                self.lowering.set_context(context);
                for variable in &info.variables {
                    self.variable(*variable);
                }
            }
        }
        self.lowering.set_context(None);
        for info in &analysis.cel_policies {
            for variable in info.variables.iter().flatten() {
                self.variable(*variable);
            }
        }
    }

    /// Whether a variable stands in an expression.
    fn reads_variables(&self, expr: ExprId) -> bool {
        let mut open = vec![expr];
        while let Some(next) = open.pop() {
            if matches!(self.checked.used(next), Use::Variable(_)) {
                return true;
            }
            open.extend(self.checked.ast().children(next));
        }
        false
    }

    fn variable(&mut self, variable: VariableId) {
        let node = self.lowering.lower(self.checked.analysis().variables[variable].expr);
        self.plan.variables.insert(self.lowering.variant(variable), node);
    }

    fn policy(&mut self, at: usize) {
        let Some(document) = self.checked.parsed().policies.get(at) else { return };
        for (number, rule) in document.rules.iter().enumerate() {
            let info = self.checked.analysis().policies.get(at);
            // What only shadow rules read may be missing, for they decide nothing.
            let context = info.and_then(|info| info.context).filter(|_| !rule.shadow);
            self.lowering.set_context(context);
            let tools = info.and_then(|info| info.tools.get(number)).cloned().flatten();
            self.rule(RuleSource::Rule(at, number), document, rule, tools);
        }
        // What a term reads may be missing, for whoever asks for it sees to that.
        self.lowering.set_context(None);
        let tools = self.checked.analysis().policies.get(at).map(|info| info.terms.as_slice());
        for (term, tools) in document.terms.iter().zip(tools.unwrap_or_default()) {
            let (node, tools) = (self.lowering.lower(term.expr), tools.clone());
            let tells = matches!(term.gives, TermResult::Argument(..) | TermResult::Quote);
            self.plan.terms.push(LoweredTerm { node, tools, tells });
        }
    }

    fn rule(
        &mut self,
        source: RuleSource,
        document: &PolicyDocument,
        rule: &Rule,
        tools: Option<Vec<Name>>,
    ) {
        let origin = origin_of(document, rule);
        let mut conjuncts = Vec::new();
        let mut patterns: Vec<Name> = rule.on.iter().map(|it| it.value.clone()).collect();
        let tools = tools.filter(|_| !patterns.is_empty());
        // A rule that allows is about tools that are declared. Whoever holds back what fits a
        // pattern holds back calls of tools that nobody declared, too.
        let allows = matches!(rule.body, RuleBody::When { effect: Effect::Allow, .. });
        let any = !allows && patterns.iter().any(|pattern| pattern.contains('*'));
        match &tools {
            Some(names) if !any => {
                conjuncts.push(self.lowering.tool_guard(names, origin));
                patterns.clear();
            }
            None if patterns.is_empty() => {}
            Some(_) | None => conjuncts.push(self.lowering.tool_patterns(&patterns, origin)),
        }
        let mut outcomes = Vec::new();
        let decision = match &rule.body {
            RuleBody::When { condition, effect, reason, escalation, .. } => {
                if let Some(condition) = condition {
                    let node = self.lowering.lower(*condition);
                    conjuncts.extend(self.conjuncts(node));
                }
                let reason = self.message(reason.as_ref());
                let escalation = escalation.clone();
                outcomes.push(LoweredOutcome { effect: *effect, reason, escalation });
                None
            }
            RuleBody::Decision(expr) => Some(self.decision(*expr, &mut outcomes)),
        };
        let id = rule.id.value.clone();
        let plan =
            LoweredRule { id, conjuncts, patterns, tools, decision, outcomes, origin, source };
        self.plan.rules.push(plan);
    }

    /// The parts of a condition all of which must hold.
    pub(super) fn conjuncts(&self, node: NodeId) -> Vec<NodeId> {
        match self.lowering.ir.kind(node) {
            NodeKind::Logic(LogicOp::And, operands) => operands.clone(),
            NodeKind::Constant(Constant::Bool(true)) => Vec::new(),
            _ => vec![node],
        }
    }

    fn message(&mut self, template: Option<&Template>) -> Vec<LoweredReason> {
        let parts = template.map(|template| template.parts.as_slice()).unwrap_or_default();
        let otherwise = template.and_then(|template| template.otherwise.as_ref());
        parts
            .iter()
            .map(|part| match (part, otherwise) {
                (TemplatePart::Text(text), _) => LoweredReason::Text(text.clone()),
                (TemplatePart::Expr(expr), None) => {
                    LoweredReason::Value(self.lowering.lower(*expr))
                }
                (TemplatePart::Expr(expr), Some(text)) => {
                    LoweredReason::Else(self.lowering.lower(*expr), text.clone())
                }
            })
            .collect()
    }

    /// The tree of a decision: conditionals and bindings down to calls of `deny`, `allow`,
    /// `escalate`.
    fn decision(&mut self, expr: ExprId, outcomes: &mut Vec<LoweredOutcome>) -> LoweredDecision {
        let (ast, analysis) = (&self.checked.parsed().ast, self.checked.analysis());
        match (analysis.uses.get(expr), ast.kind(expr)) {
            (Some(Use::Decision(decision)), _) => {
                let number = u16::try_from(outcomes.len()).unwrap_or(u16::MAX);
                outcomes.push(self.spoken(decision, expr));
                LoweredDecision::Outcome(number)
            }
            (_, ExprKind::Conditional { condition, yes, no, .. }) => {
                let condition = self.lowering.lower(*condition);
                let yes = self.decision(*yes, outcomes);
                let no = self.decision(*no, outcomes);
                LoweredDecision::If(condition, Box::new(yes), Box::new(no))
            }
            (Some(Use::Macro(MacroUse::Bind(local))), ExprKind::Call { args, .. }) => {
                let [_, init, body] = args.as_slice() else {
                    return LoweredDecision::Match(Vec::new());
                };
                let init = self.lowering.lower(*init);
                self.binds.push((*local, init));
                let body = self.decision(*body, outcomes);
                self.binds.pop();
                LoweredDecision::Bind(*local, init, Box::new(body))
            }
            // The checker lets decisions stand nowhere else; what yields none fails closed.
            _ => LoweredDecision::Match(Vec::new()),
        }
    }

    /// What a call of `deny`, `allow` or `escalate` says.
    fn spoken(&mut self, decision: &DecisionUse, expr: ExprId) -> LoweredOutcome {
        let reason = decision.reason.iter().map(|part| match part {
            ReasonPart::Text(text) => LoweredReason::Text(text.clone()),
            ReasonPart::Expr(expr) => LoweredReason::Value(self.bound(*expr)),
        });
        let reason = reason.collect();
        let at = self.checked.parsed().ast.span(expr);
        let escalation = (decision.effect == Effect::Escalate).then(|| Escalation {
            to: decision.to.iter().map(|name| Spanned::new(name.clone(), at)).collect(),
            timeout_ns: decision.timeout_ns,
            ..Escalation::default()
        });
        LoweredOutcome { effect: decision.effect, reason, escalation }
    }

    /// A part of a message, which is computed apart from its decision: the locals around that are
    /// bound anew.
    fn bound(&mut self, expr: ExprId) -> NodeId {
        let node = self.lowering.lower(expr);
        self.binds.iter().rev().fold(node, |body, (local, init)| {
            self.lowering.node(NodeKind::Bind(*local, *init, body), expr)
        })
    }

    fn cel_policy(&mut self, at: usize) {
        self.lowering.set_context(None);
        let parsed = self.checked.parsed();
        let (Some(document), Some(info)) =
            (parsed.cel_policies.get(at), self.checked.analysis().cel_policies.get(at))
        else {
            return;
        };
        let types = &self.checked.analysis().types;
        let inner = match types.get(info.output) {
            Type::Optional(inner) => *inner,
            _ => info.output,
        };
        if inner == TypeTable::DECISION {
            let mut outcomes = Vec::new();
            let decision = self.decision_block(&document.rule, &mut outcomes);
            self.plan.rules.push(LoweredRule {
                id: document.name.value.clone(),
                conjuncts: Vec::new(),
                patterns: Vec::new(),
                tools: None,
                decision: Some(decision),
                outcomes,
                origin: first_expr(&document.rule).unwrap_or(ExprId(0)),
                source: RuleSource::CelPolicy(at),
            });
            return;
        }
        let rule = self.block(&document.rule);
        let (ty, optional, explained) = (info.output, info.optional, explained(&rule));
        self.plan.outputs.push(LoweredOutput { policy: at, rule, ty, optional, explained });
    }

    fn block(&mut self, rule: &CelRule) -> LoweredBlock {
        let choices = rule
            .choices
            .iter()
            .map(|choice| {
                let condition = choice.condition.map(|condition| self.lowering.lower(condition));
                let outcome = match &choice.outcome {
                    Outcome::Output(expr) => {
                        let explanation = choice.explanation.map(|it| self.lowering.lower(it));
                        ChoiceOutcome::Value(self.lowering.lower(*expr), explanation)
                    }
                    Outcome::Rule(nested) => ChoiceOutcome::Block(self.block(nested)),
                };
                LoweredChoice { condition, outcome }
            })
            .collect();
        let origin = first_expr(rule).unwrap_or(ExprId(0));
        LoweredBlock { aggregate: rule.aggregate, choices, origin }
    }

    /// A decision without a message says why its entry decides so, where that is written.
    fn explain(&mut self, explanation: Option<ExprId>, outcomes: &mut [LoweredOutcome]) {
        let Some(explanation) = explanation else { return };
        for outcome in outcomes.iter_mut().filter(|outcome| outcome.reason.is_empty()) {
            outcome.reason.push(LoweredReason::Value(self.lowering.lower(explanation)));
        }
    }

    fn decision_block(
        &mut self,
        rule: &CelRule,
        outcomes: &mut Vec<LoweredOutcome>,
    ) -> LoweredDecision {
        let mut choices = Vec::new();
        for choice in &rule.choices {
            let condition = choice.condition.map(|condition| self.lowering.lower(condition));
            let decision = match &choice.outcome {
                Outcome::Output(expr) => {
                    let first = outcomes.len();
                    let decision = self.decision(*expr, outcomes);
                    self.explain(choice.explanation, outcomes.get_mut(first..).unwrap_or_default());
                    decision
                }
                Outcome::Rule(nested) => self.decision_block(nested, outcomes),
            };
            choices.push((condition, decision));
        }
        LoweredDecision::Match(choices)
    }
}

/// Whether an entry of the block, or of one below it, explains its output.
fn explained(block: &LoweredBlock) -> bool {
    block.choices.iter().any(|choice| match &choice.outcome {
        ChoiceOutcome::Value(_, explanation) => explanation.is_some(),
        ChoiceOutcome::Block(nested) => explained(nested),
    })
}

/// Whether a condition is missing or literally true.
pub(crate) fn is_always(condition: Option<NodeId>, ir: &Ir) -> bool {
    condition.is_none_or(|node| ir.constant(node) == Some(&Constant::Bool(true)))
}

fn origin_of(document: &PolicyDocument, rule: &Rule) -> ExprId {
    let own = match &rule.body {
        RuleBody::When { condition, reason, .. } => condition.or_else(|| {
            let parts = reason.as_ref().map(|reason| reason.parts.as_slice()).unwrap_or_default();
            parts.iter().find_map(|part| match part {
                TemplatePart::Expr(expr) => Some(*expr),
                TemplatePart::Text(_) => None,
            })
        }),
        RuleBody::Decision(expr) => Some(*expr),
    };
    let any = document.variables.first().map(|variable| variable.expr);
    own.or(any).unwrap_or(ExprId(0))
}

fn first_expr(rule: &CelRule) -> Option<ExprId> {
    rule.choices.iter().find_map(|choice| {
        choice.condition.or_else(|| match &choice.outcome {
            Outcome::Output(expr) => Some(*expr),
            Outcome::Rule(nested) => first_expr(nested),
        })
    })
}
