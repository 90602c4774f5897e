//! W0527: a deny or escalate rule that fails where data are missing, as the schema lets them be.

use crate::base::pointer;
use crate::base::span::Span;
use crate::compiler::solve::formula::Lit;
use crate::compiler::solve::query::Answer;
use crate::compiler::solve::store::{Kind, TermId};
use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::compiler::syntax::document::model::Form;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::lang::types::Type;
use crate::runtime::bundle::module::Phase;
use crate::tools::lint::meaning::world::{RunResult, World};
use crate::tools::lint::subject::Subject;

/// Reports rules that an input was found for on which they fail for want of a value.
pub fn run(world: &mut World<'_>, rule: u16, found: &mut Vec<Diagnostic>) {
    let ground = world.ground;
    let Some(written) = ground.rules.get(usize::from(rule)).copied().flatten() else { return };
    let (Some(meaning), Some(effect)) = (world.rule(rule), world.effect(rule)) else { return };
    // What a response holds no schema requires: requests have it not.
    // Whoever writes for Kubernetes knows that an error denies, and has types for no object.
    if meaning.phase == Phase::Response || written.document.form == Form::Admission {
        return;
    }
    if meaning.shadow || effect == Effect::Allow || meaning.fails == Lit::FALSE {
        return;
    }
    let places = places(world, meaning.fails, written.typed);
    let domain = world.domain(Some(rule));
    let absent: Vec<Lit> = places.iter().map(|it| world.store.is(*it, Kind::Absent)).collect();
    let f = &mut world.store.formulas;
    let missing = f.any(absent);
    let fails = f.all([domain, meaning.fails, missing]);
    if fails == Lit::FALSE {
        return;
    }
    let of_rule = |ran: &RunResult| {
        let mut own = ran.failed.iter().filter(|(by, ..)| *by == rule);
        own.find(|(_, class, _)| *class == EvalError::NoSuchKey).copied()
    };
    let mut place = None;
    let mut shows = |ran: &RunResult| {
        let failed = of_rule(ran);
        place = failed.map(|(.., pc)| pc).or(place);
        failed.is_some()
    };
    let Answer::Found(example) = world.find(fails, meaning.phase, &mut shows) else { return };
    let example = world.smaller(rule, example, &mut shows);
    let at = place.and_then(|pc| ground.place(pc)).or_else(|| ground.id_at(rule));
    let Some(at) = at else { return };
    let lacking: Vec<String> = places
        .iter()
        .filter_map(|term| world.store.path(*term))
        .filter(|path| example.context.pointer(path).is_none())
        .map(|path| spelled(&path))
        .collect();
    let text = ground.subject.text(at);
    let named = |name: &&String| name.rsplit('.').next().is_some_and(|key| text.contains(key));
    let lacking = lacking.iter().find(named).or(lacking.first());
    let of_message = key_of_message(ground.subject, at);
    let what = match &of_message {
        Some(_) => format!("`{text}`"),
        None => lacking.map_or("a value".to_owned(), |name| format!("`{name}`")),
    };
    let on_error = ground.subject.program.module().manifest.on_error.effect;
    let stands = on_error.max(Effect::Escalate).word();
    let fact = format!("{} fails where {what} is missing", ground.name(rule));
    let finding = Diagnostic::new(Code::MissingData, at, fact, "fails without it")
        .detail(format!("a rule that fails counts as {stands}, as `on_error` says"));
    let example = Some(world.shown(rule, &example));
    let finding = Diagnostic { example, ..finding };
    let is_made = written.rule.made && !is_written(ground.subject, at);
    let is_root = lacking.is_some_and(|name| !name.contains(['.', '[']));
    found.push(finding.help(of_message.as_deref().unwrap_or(if is_made {
        "no expression is written here that could ask: let the schema require it, as in \
         `principal: {roles: list<string>}`"
    } else if is_root {
        "no expression asks whether a root is there: declare it inside another, as `request`, and \
         ask `has(request..)`"
    } else {
        "ask first with `has(..) &&`, or give a value: `.?x.orValue(..)`"
    })));
}

/// Whether somebody wrote an expression at `at`.
fn is_written(subject: &Subject<'_>, at: Span) -> bool {
    subject.written().any(|id| subject.ast().span(id) == at)
}

/// What asks whether a key is there, where the key of a map in a message is read at `at`: no
/// message fails for want of another, and an absent one is empty.
fn key_of_message(subject: &Subject<'_>, at: Span) -> Option<String> {
    let ast = subject.ast();
    subject.written().filter(|id| ast.span(*id) == at).find_map(|id| {
        let ExprKind::Index { operand, index, .. } = ast.kind(id) else { return None };
        let ExprKind::Select { operand: message, .. } = ast.kind(*operand) else { return None };
        let types = &subject.checked.analysis().types;
        let ty = |id: ExprId| types.get(subject.checked.type_of(id));
        let is_map = matches!(ty(*operand), Type::Map(..));
        let (map, key) = (subject.text(ast.span(*operand)), subject.text(ast.span(*index)));
        (is_map && matches!(ty(*message), Type::Message(_)))
            .then(|| format!("ask first with `{key} in {map} &&`"))
    })
}

/// The places that a formula is about of which somebody says whether they must be there: a schema
/// of all, and without one tools of their arguments.
fn places(world: &World<'_>, holds: Lit, typed: bool) -> Vec<TermId> {
    let about = world.store.about(&[holds]).into_iter();
    let argument = |path: &str| path.starts_with("/action/args/");
    let said = |term: &TermId| world.store.path(*term).is_some_and(|path| typed || argument(&path));
    about.filter(said).collect()
}

/// A JSON Pointer, as rules name the place.
fn spelled(path: &str) -> String {
    let dotted = pointer::keys(path).collect::<Vec<_>>().join(".");
    match dotted.strip_prefix("action.args.") {
        Some(argument) => format!("args.{argument}"),
        None => dotted,
    }
}
