//! Answers to calls that are not allowed: which rules they are about, what offers and questions
//! are made of, and what a plan that goes back leaves undone.

mod error;
pub(in crate::compiler) mod messages;

use crate::base::arrange::Arrange as _;
use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::govern::GovernContext;
use crate::compiler::govern::denials::error::AnswerError;
use crate::compiler::govern::denials::messages::{path, question};
use crate::compiler::govern::error::GovernError;
use crate::compiler::govern::make::ExprBuilder;
use crate::compiler::syntax::ast::{ExprId, LogicOp};
use crate::compiler::syntax::document::agents::ToolEffect;
use crate::compiler::syntax::document::denials::{Backtrack, DEFAULT, Denial, Offer};
use crate::compiler::syntax::document::meters::{Term, TermResult};
use crate::compiler::syntax::document::model::{
    PolicyDocument, Rule, RuleBody, Template, TemplatePart, Variable,
};
use crate::compiler::syntax::document::plans::Plan;
use crate::diag::sink::Sink;
use crate::diag::suggest::nearest;
use crate::lang::session::{CTX, Disclose, PLAN, Question, STEP};

/// What stands in a question where a session has no answer.
const NOTHING: &str = "nothing that is known";
/// Roots that the host does not fill: the model makes the call, tools and plans say the others.
const FOREIGN: [&str; 4] = ["action", "args", CTX, PLAN];
/// The root below which the variables of a document stand, too.
const VARIABLES: &str = "variables";

/// The rules of a project, as answers name them.
#[derive(Clone, Debug)]
pub(super) struct DeclaredRule {
    id: Name,
    on: Vec<Spanned<Name>>,
    /// Whether its message quotes anything.
    quotes: bool,
}

/// The rules of all documents, also those that were made.
pub(super) fn declared_rules(policies: &[PolicyDocument]) -> Vec<DeclaredRule> {
    let quotes = |rule: &Rule| match &rule.body {
        RuleBody::When { reason, .. } => reason.iter().any(quotes),
        RuleBody::Decision(_) => true,
    };
    let known = policies.iter().flat_map(|document| &document.rules).map(|rule| DeclaredRule {
        id: rule.id.value.clone(),
        on: rule.on.clone(),
        quotes: quotes(rule),
    });
    known.collect()
}

fn quotes(message: &Template) -> bool {
    message.parts.iter().any(|part| matches!(part, TemplatePart::Expr(_)))
}

/// Reports a rule that two answers are about.
pub(super) fn check_duplicates(policies: &[PolicyDocument], sink: &mut Sink) {
    let mut seen: Vec<&Spanned<Name>> = Vec::new();
    for denial in policies.iter().flat_map(|document| &document.denials) {
        match seen.iter().find(|known| known.value == denial.rule.value) {
            Some(first) => sink.report(AnswerError::AnswerTwice {
                at: denial.rule.span,
                first: first.span,
                name: denial.rule.value.clone(),
            }),
            None => seen.push(&denial.rule),
        }
    }
}

/// Finds out what the answers of a document are about, and gives what sessions evaluate for them.
pub(super) fn expand(
    work: &mut GovernContext<'_>,
    (denials, variables): (&mut [Denial], &[Variable]),
    (all, keys): (&[DeclaredRule], &[Name]),
) -> Vec<Term> {
    let mut terms = Vec::new();
    let is_variable = |root: &str| {
        !variables.is_empty() && root == VARIABLES
            || variables.iter().any(|variable| *variable.name.value == *root)
    };
    for denial in denials {
        let rules = rules(work, denial, (all, keys));
        let on = on(&rules);
        denial.rules = rules.iter().map(|rule| rule.id.clone()).collect();
        denial.rules.arrange();
        denial.rules.dedup();
        if let (Disclose::Reason, Some(at)) = (denial.disclose, denial.disclose_at)
            && let Some(rule) = rules.iter().find(|rule| rule.quotes)
        {
            work.sink.report(AnswerError::QuotingReason { at, rule: rule.id.clone() });
        }
        for offer in &denial.offers {
            check_offer(work, offer);
            terms.extend(offer.set.iter().map(|(argument, expr)| {
                let gives = TermResult::Argument(offer.tool.value.clone(), argument.value.clone());
                Term { expr: *expr, on: on.clone(), gives }
            }));
        }
        for part in denial.question.iter_mut().flat_map(|question| &mut question.parts) {
            if let TemplatePart::Expr(hole) = part {
                let path = path(work.ast, *hole);
                denial.names.push(path.as_ref().map_or(Name::new(NOTHING), |path| joined(path)));
                *hole = quoted(work, *hole, path, is_variable);
                terms.push(Term { expr: *hole, on: on.clone(), gives: TermResult::Quote });
            }
        }
        if let Some(backtrack) = &mut denial.backtrack {
            undone(work, backtrack);
        }
    }
    terms
}

/// The rules that an answer is about; none where it is about all. That there is none is reported.
fn rules<'k>(
    work: &mut GovernContext<'_>,
    denial: &Denial,
    (all, keys): (&'k [DeclaredRule], &[Name]),
) -> Vec<&'k DeclaredRule> {
    let key = &denial.rule;
    if key.value == DEFAULT {
        return Vec::new();
    }
    let lies = |id: &Name, key: &Name| {
        let rest = id.strip_prefix(key.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let found: Vec<&DeclaredRule> = all.iter().filter(|rule| lies(&rule.id, &key.value)).collect();
    if found.is_empty() {
        let ids = all.iter().map(|rule| rule.id.as_str());
        let starts = all.iter().filter_map(|rule| rule.id.split_once('/')).map(|(it, _)| it);
        let nearest = nearest(&key.value, ids.chain(starts)).map(str::to_owned);
        work.sink.report(AnswerError::UnknownRule {
            at: key.span,
            name: key.value.clone(),
            nearest,
        });
    }
    // A key that says more of a rule takes it away from one that says less.
    let closer = |rule: &&DeclaredRule| {
        let more = |other: &&Name| other.len() > key.value.len() && lies(&rule.id, other);
        !keys.iter().any(|other| more(&other))
    };
    found.into_iter().filter(closer).collect()
}

/// The tools of which rules speak: none, if one speaks of every tool.
fn on(rules: &[&DeclaredRule]) -> Vec<Spanned<Name>> {
    if rules.iter().any(|rule| rule.on.is_empty()) {
        return Vec::new();
    }
    let mut on: Vec<Spanned<Name>> = Vec::new();
    for pattern in rules.iter().flat_map(|rule| &rule.on) {
        if !on.iter().any(|known| known.value == pattern.value) {
            on.push(pattern.clone());
        }
    }
    on
}

/// Reports an offer that no call can be.
fn check_offer(work: &mut GovernContext<'_>, offer: &Offer) {
    let Some(tool) = work.declared(&offer.tool) else { return };
    let (args, says) = (tool.args.clone(), tool.says_args);
    let named = || offer.keep.iter().chain(offer.set.iter().map(|(name, _)| name));
    for argument in named() {
        if says && !args.iter().any(|field| field.name.value == argument.value) {
            let known = args.iter().map(|field| field.name.value.as_str());
            let nearest = nearest(&argument.value, known).map(str::to_owned);
            work.sink.report(AnswerError::OfferArgument {
                at: argument.span,
                tool: offer.tool.value.clone(),
                name: argument.value.clone(),
                nearest,
            });
        }
    }
    for (argument, _) in &offer.set {
        if let Some(first) = offer.keep.iter().find(|kept| kept.value == argument.value) {
            let (at, first, name) = (argument.span, first.span, argument.value.clone());
            work.sink.report(AnswerError::OfferTwice { at, first, name });
        }
    }
    let missing = |name: &Name| !named().any(|argument| argument.value == *name);
    for field in args.iter().filter(|field| !field.optional && missing(&field.name.value)) {
        work.sink.report(AnswerError::OfferLacks {
            at: offer.tool.span,
            tool: offer.tool.value.clone(),
            name: field.name.value.clone(),
        });
    }
}

/// What a question says at a place: a value that carries what is not trusted is named there. What
/// is neither an argument nor told by the host or the session is reported.
fn quoted(
    work: &mut GovernContext<'_>,
    hole: ExprId,
    path: Option<Vec<Name>>,
    is_variable: impl Fn(&str) -> bool,
) -> ExprId {
    let at = work.ast.span(hole);
    let Some(path) = path else {
        match question(work.ast, hole) {
            Some(Question::From) => return messages::origins(work.ast, work.tools, hole),
            Some(Question::Audience) => work.sink.report(AnswerError::QuotedReaders { at }),
            None if !work.ast.broken.contains(&hole) => {
                work.sink.report(AnswerError::Quote { at });
            }
            Some(_) | None => {}
        }
        return hole;
    };
    let names: Vec<&str> = path.iter().map(Name::as_str).collect();
    match names.as_slice() {
        ["action", "tool"] => messages::tool(work.ast, work.tools, hole),
        ["args", _, ..] => {
            let foreign = &work.labels.foreign;
            let mut make = ExprBuilder { ast: work.ast, at };
            let written = make.text(&joined(&path));
            let mut carries = Vec::new();
            for pattern in foreign {
                let pattern = make.text(pattern);
                let mut subject = make.ident("args");
                for name in names.iter().skip(1) {
                    subject = make.select(subject, name);
                }
                carries.push(make.call(Question::Label.word(), vec![subject, pattern]));
            }
            // Without labels nobody knows who made it.
            match make.logic(LogicOp::Or, carries) {
                Some(foreign) => make.choice(foreign, written, hole),
                None => written,
            }
        }
        [PLAN, STEP] => hole,
        // Those of the host: what no schema declares the checker reports.
        [root, ..] if !FOREIGN.contains(root) && !is_variable(root) => hole,
        _ => {
            work.sink.report(AnswerError::Quote { at });
            hole
        }
    }
}

/// A path as it is written.
fn joined(path: &[Name]) -> Name {
    let names: Vec<&str> = path.iter().map(Name::as_str).collect();
    Name::from(names.join("."))
}

/// Finds the steps that become undone, and what undoes them; one that nothing undoes is reported.
fn undone(work: &mut GovernContext<'_>, backtrack: &mut Backtrack) {
    let to = backtrack.to.clone();
    let known = |plan: &&Plan| plan.steps.iter().any(|step| step.name.value == to.value);
    let Some(plan) = work.plan.filter(known) else {
        let steps = work.plan.iter().flat_map(|plan| &plan.steps);
        let nearest = nearest(&to.value, steps.map(|step| step.name.value.as_str()));
        let nearest = nearest.map(str::to_owned);
        work.sink.report(GovernError::UnknownStep { at: to.span, name: to.value, nearest });
        return;
    };
    let mut behind: Vec<&Name> = vec![&to.value];
    for step in plan.ordered().0 {
        if !step.after.iter().any(|name| behind.contains(&&name.value)) {
            continue;
        }
        behind.push(&step.name.value);
        let Some(tool) = work.tools.iter().find(|tool| tool.name.value == step.tool.value) else {
            continue;
        };
        let reads = tool.effect.as_ref().is_some_and(|it| it.value == ToolEffect::None);
        let undo = tool.undo.clone();
        if !reads && undo.is_none() {
            let (at, step) = (to.span, step.name.clone());
            let tool = tool.name.clone();
            work.sink.report(AnswerError::NotUndone { at, step, tool });
        }
        let undo = undo.filter(|_| !reads).map(|undo| undo.value);
        backtrack.undone.push((step.name.value.clone(), undo));
    }
}

/// Reports tools that are undone by what is no tool.
pub(super) fn check_undo(work: &mut GovernContext<'_>) {
    let undone: Vec<Spanned<Name>> =
        work.tools.iter().filter_map(|tool| tool.undo.clone()).collect();
    for undo in undone {
        work.declared(&undo);
    }
}
