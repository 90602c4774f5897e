//! Meters and limits: what sessions evaluate, and the rules that object.

use crate::base::arrange::Arrange as _;
use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::govern::GovernContext;
use crate::compiler::govern::error::GovernError;
use crate::compiler::govern::make::generated_rule;
use crate::compiler::syntax::ast::{Ast, ExprId, ExprKind};
use crate::compiler::syntax::document::meters::{Limit, Meter, Term, TermResult};
use crate::compiler::syntax::document::model::{PolicyDocument, Rule};
use crate::diag::sink::Sink;
use crate::diag::suggest::nearest;
use crate::lang::fixed;
use crate::lang::session::{Param, Question, Subject};

/// What says that a value is read as a number with decimals; it may stand around all of an amount.
const DECIMAL: &str = "decimal";

/// The meters and limits of all documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// Names of meters, ascending, unique.
    pub meters: Vec<Name>,
    /// Those that count calls, likewise.
    pub counters: Vec<Name>,
    /// Ids of limits, ascending, unique.
    pub limits: Vec<Name>,
    /// Ids of rules whose escalation somebody may grant, likewise.
    pub approvals: Vec<Name>,
    /// The steps of the plan, in order; `None` where there is no plan.
    pub steps: Option<Vec<Name>>,
    /// The parameters of the plan.
    pub params: Vec<(Name, Param)>,
}

impl Measures {
    /// Those of `documents`; a meter that is there twice is reported.
    pub(super) fn of(documents: &[PolicyDocument], sink: &mut Sink) -> Self {
        let mut seen: Vec<&Spanned<Name>> = Vec::new();
        for meter in documents.iter().flat_map(|document| &document.meters) {
            match seen.iter().find(|known| known.value == meter.name.value) {
                Some(first) => sink.report(GovernError::MeterTwice {
                    at: meter.name.span,
                    first: first.span,
                    name: meter.name.value.clone(),
                }),
                None => seen.push(&meter.name),
            }
        }
        let sorted = |names: &mut dyn Iterator<Item = &Name>| {
            let mut names: Vec<Name> = names.cloned().collect();
            names.arrange();
            names.dedup();
            names
        };
        let all = || documents.iter().flat_map(|document| &document.meters);
        let counters = all().filter(|meter| meter.amount.is_none());
        let limits = documents.iter().flat_map(|document| &document.limits);
        Self {
            meters: sorted(&mut all().map(|meter| &meter.name.value)),
            counters: sorted(&mut counters.map(|meter| &meter.name.value)),
            limits: sorted(&mut limits.map(|limit| &limit.id.value)),
            approvals: Vec::new(),
            steps: None,
            params: Vec::new(),
        }
    }

    /// The names that a question may be about; none where that is no name.
    #[must_use]
    pub fn named(&self, question: Question) -> &[Name] {
        match (question, question.subject()) {
            (Question::Count, _) => &self.counters,
            (_, Subject::Meter) => &self.meters,
            (_, Subject::Limit) => &self.limits,
            (_, Subject::Rule) => &self.approvals,
            (_, Subject::Step) => self.steps.as_deref().unwrap_or_default(),
            (_, Subject::Argument) => &[],
        }
    }

    /// Whether documents measure nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.meters.is_empty() && self.limits.is_empty() && self.steps.is_none()
    }
}

/// What a session evaluates for the meters of a document: for each its key and its amount, if it
/// has them.
pub(super) fn terms(ast: &Ast, meters: &[Meter]) -> Vec<Term> {
    let mut terms = Vec::new();
    for meter in meters {
        let key = meter.key.map(|key| (key, TermResult::Text));
        let amount = meter.amount.map(|amount| (plain(ast, amount), TermResult::Amount));
        for (expr, gives) in key.into_iter().chain(amount) {
            terms.push(Term { expr, on: meter.on.clone(), gives });
        }
    }
    terms
}

/// `x` of `decimal(x)`: amounts are read so in any case.
fn plain(ast: &Ast, amount: ExprId) -> ExprId {
    if let ExprKind::Call { target: None, name, args, .. } = ast.kind(amount)
        && name.value == DECIMAL
        && let [operand] = args.as_slice()
    {
        return *operand;
    }
    amount
}

/// Adds the rule of a limit, about the tools that its meter measures: it objects where the call
/// would pass the limit.
pub(super) fn rule(work: &mut GovernContext<'_>, meters: &[Meter], limit: &Limit) {
    let Some(meter) = meters.iter().find(|meter| meter.name.value == limit.meter.value) else {
        let (at, name) = (limit.meter.span, limit.meter.value.clone());
        let known = meters.iter().map(|meter| meter.name.value.as_str());
        let nearest = nearest(&name, known).map(str::to_owned);
        work.sink.report(GovernError::UnknownMeter { at, name, nearest });
        return;
    };
    let mut make = work.at(limit.meter.span);
    let id = make.text(&limit.id.value);
    let condition = make.call(Question::Over.word(), vec![id]);
    let max = fixed::write(i128::from(limit.max));
    let reason = format!("it would be more than {max} of `{}`", meter.name.value);
    work.made.push(Rule {
        span: limit.span,
        description: limit.description.clone(),
        on: meter.on.clone(),
        ..generated_rule(limit.id.clone(), Some(condition), &reason, limit.over.clone())
    });
}
