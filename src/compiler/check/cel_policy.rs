//! CEL Policy documents: blocks of rules, their variables and outputs.
//!
//! In:      `CelPolicyDocument` and the environment beside it.
//! Out:     `CelPolicyInfo`, and types for all of its expressions.
//! Imports: `base`, `compiler::syntax`, `lang`.
//! Source:  the CEL Policy format; where it is silent, its conformance tests.

use rustc_hash::FxHashMap;

use crate::base::span::Span;
use crate::compiler::check::analysis::{CelPolicyInfo, VariableId};
use crate::compiler::check::error::{OperandType, OutputError, PolicyError};
use crate::compiler::check::infer::{Place, infer};
use crate::compiler::check::policy::{check_condition, check_text};
use crate::compiler::check::schema::environment;
use crate::compiler::check::scope::{Entity, Frame, Scope};
use crate::compiler::check::state::{CallAccess, Checker};
use crate::compiler::syntax::ast::{ExprId, ExprKind, Literal};
use crate::compiler::syntax::document::model::{CelPolicyDocument, CelRule, Choice, Outcome};
use crate::lang::types::{TypeId, TypeTable};

/// Checks a CEL Policy document.
pub(super) fn check(cx: &mut Checker<'_>, document: &CelPolicyDocument) -> CelPolicyInfo {
    let environments = &cx.parsed.environments;
    let beside = document.environment;
    let found = environments.iter().find(|it| beside.is_some() && it.file == beside);
    environment::agree_on_enums(cx, &document.name, found);
    let mut scope = environment::scope(cx, found);
    scope.flexible |= document.environment_lost;
    environment::abbreviate(cx, &mut scope, &document.imports);
    for import in &document.imports {
        environment::hides(cx, &scope, import);
    }
    let mut walk = Walk { cx, blocks: Vec::new() };
    let yields = walk.block(&scope, &document.rule, None);
    let blocks = walk.blocks;
    let ty = yields.output.map_or(TypeTable::DYN, |output| output.ty);
    let optional = !yields.always;
    let output = if optional { cx.out.types.optional(ty) } else { ty };
    scope.names.insert("rule.result".to_owned(), Entity::Result(output));
    for invariant in &document.invariants {
        for claim in invariant.assume.iter().chain(&invariant.assert) {
            check_parsed(cx, &scope, *claim);
        }
    }
    CelPolicyInfo { output, optional, variables: blocks }
}

/// Types a condition. One that does not parse was reported; what else stands in it is not known.
fn check_parsed(cx: &mut Checker<'_>, scope: &Scope, condition: ExprId) {
    if !cx.is_misread(condition) {
        check_condition(cx, scope, &Frame::default(), condition);
    }
}

/// The type of an expression; that of one that does not parse is not known.
fn typed(cx: &mut Checker<'_>, scope: &Scope, expr: ExprId, place: Place) -> TypeId {
    if cx.is_misread(expr) {
        return TypeTable::ERROR;
    }
    infer(cx, scope, &Frame::default(), expr, place).ty
}

struct Walk<'c, 'a> {
    cx: &'c mut Checker<'a>,
    /// The variables of the blocks met so far.
    blocks: Vec<Vec<VariableId>>,
}

/// The type of outputs.
#[derive(Clone, Copy, Debug)]
struct OutputType {
    /// What all of them are.
    ty: TypeId,
    /// What is known of one of them beside that, as that it is a list of ints where others are
    /// empty: all others must fit it, in whichever order they stand.
    known: TypeId,
    /// Where the first stands.
    at: Span,
}

impl OutputType {
    const fn of(ty: TypeId, at: Span) -> Self {
        Self { ty, known: ty, at }
    }
}

/// What a block yields.
#[derive(Clone, Debug)]
struct BlockResult {
    /// Its outputs, if there is one.
    output: Option<OutputType>,
    /// Whether it yields a value whatever happens.
    always: bool,
}

impl Walk<'_, '_> {
    /// Types a block. Blocks nest as deep as documents may.
    fn block(&mut self, outer: &Scope, block: &CelRule, aggregate: Option<Span>) -> BlockResult {
        let at = self.blocks.len();
        self.blocks.push(Vec::new());
        let mut scope = outer.clone();
        let variables = self.variables(&mut scope, block);
        if let Some(place) = self.blocks.get_mut(at) {
            *place = variables;
        }
        if let (true, Some(outer)) = (block.aggregate, aggregate) {
            self.cx.report(OutputError::NestedAggregate { at: block.span, outer });
        }
        let inside = if block.aggregate { aggregate.or(Some(block.span)) } else { aggregate };
        if block.aggregate {
            self.all(&scope, block, inside)
        } else {
            self.first(&scope, block, inside)
        }
    }

    fn variables(&mut self, scope: &mut Scope, block: &CelRule) -> Vec<VariableId> {
        let mut seen = FxHashMap::default();
        let mut found = Vec::new();
        let names = block.variables.iter().map(|it| (it.name.value.clone(), it.name.span));
        scope.later = names.collect();
        for variable in &block.variables {
            let ty = typed(self.cx, scope, variable.expr, Place::Value);
            let (name, at) = (variable.name.value.clone(), variable.name.span);
            found.push(self.cx.variable(name.clone(), variable.expr, ty, CallAccess::default()));
            if let Some(first) = seen.insert(name.clone(), at) {
                self.cx.report(PolicyError::Overlap { at, first, name });
                continue;
            }
            scope.later.remove(&name);
            if let Some(id) = found.last() {
                scope.names.insert(format!("variables.{name}"), Entity::Variable(*id));
            }
        }
        found
    }

    /// `match`: the first choice that holds.
    fn first(&mut self, scope: &Scope, block: &CelRule, aggregate: Option<Span>) -> BlockResult {
        let mut yields = BlockResult { output: None, always: false };
        let mut may_commit_to_none = false;
        let mut ended: Option<(Span, bool)> = None;
        for choice in &block.choices {
            if let Some((at, rule)) = ended.take() {
                self.cx.report(OutputError::Unreachable { at, next: choice.span, rule });
            }
            let unconditional = self.condition(scope, choice);
            let found = self.outcome(scope, choice, aggregate);
            self.join(&mut yields, found.output);
            let nested = matches!(choice.outcome, Outcome::Rule(_));
            if unconditional && found.always {
                let at = match &choice.outcome {
                    Outcome::Output(_) => choice.span,
                    Outcome::Rule(rule) => rule.span,
                };
                ended = Some((at, nested));
                yields.always = true;
            } else if !unconditional && !found.always {
                may_commit_to_none = true;
            }
        }
        yields.always &= !may_commit_to_none;
        yields
    }

    /// `aggregate`: the outputs of all choices that hold.
    fn all(&mut self, scope: &Scope, block: &CelRule, aggregate: Option<Span>) -> BlockResult {
        let mut yields = BlockResult { output: None, always: true };
        for choice in &block.choices {
            self.condition(scope, choice);
            if let Some(condition) = choice.condition {
                let literal = self.cx.ast().kind(condition);
                if *literal == ExprKind::Literal(Literal::Bool(false)) {
                    let at = self.cx.ast().span(condition);
                    self.cx.report(OutputError::AlwaysFalse { at });
                }
            }
            let found = self.outcome(scope, choice, aggregate);
            self.join(&mut yields, found.output);
        }
        let element = yields.output.unwrap_or(OutputType::of(TypeTable::DYN, block.span));
        let types = &mut self.cx.out.types;
        let (ty, known) = (types.list(element.ty), types.list(element.known));
        yields.output = Some(OutputType { ty, known, ..element });
        yields
    }

    /// Types the condition; whether it is missing or literally true.
    fn condition(&mut self, scope: &Scope, choice: &Choice) -> bool {
        let Some(condition) = choice.condition else { return true };
        check_parsed(self.cx, scope, condition);
        *self.cx.ast().kind(condition) == ExprKind::Literal(Literal::Bool(true))
    }

    fn outcome(&mut self, scope: &Scope, choice: &Choice, aggregate: Option<Span>) -> BlockResult {
        let found = match &choice.outcome {
            Outcome::Rule(rule) => self.block(scope, rule, aggregate),
            Outcome::Output(output) => {
                // A list of decisions decides nothing.
                let place = if aggregate.is_some() { Place::Element } else { Place::Outcome };
                let ty = typed(self.cx, scope, *output, place);
                let output = OutputType::of(ty, self.cx.ast().span(*output));
                BlockResult { output: Some(output), always: true }
            }
        };
        if let Some(explanation) = choice.explanation.filter(|it| !self.cx.is_misread(*it)) {
            check_text(self.cx, scope, explanation);
        }
        found
    }

    /// Takes in one more output type; outputs must be assignable to one another.
    fn join(&mut self, yields: &mut BlockResult, found: Option<OutputType>) {
        let Some(found) = found else { return };
        let Some(before) = yields.output else {
            yields.output = Some(found);
            return;
        };
        let types = &self.cx.out.types;
        let known = self.cx.unifier.join(types, found.known, before.known);
        let ty = self.cx.unifier.join(types, found.ty, before.ty);
        if let Some((known, ty)) = known.zip(ty) {
            let narrower = [before.known, found.known].into_iter().find(|own| *own != known);
            let known = narrower.unwrap_or(known);
            yields.output = Some(OutputType { ty, known, at: before.at });
            return;
        }
        let before: OperandType = (before.at, self.cx.show(before.known));
        let (at, given) = (found.at, self.cx.show(found.known));
        self.cx.report(OutputError::IncompatibleOutputs { at, given, before });
        // The next one is compared with this one, as the format's own tests expect.
        yields.output = Some(found);
    }
}
