//! W0527: a deny or escalate rule that fails where data are missing, as the schema lets them be.

use crate::base::pointer;
use crate::compiler::solve::formula::Lit;
use crate::compiler::solve::query::Answer;
use crate::compiler::solve::store::{Kind, TermId};
use crate::compiler::syntax::document::model::Form;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::runtime::bundle::module::Phase;
use crate::tools::lint::meaning::world::{RunResult, World};

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
    let what = lacking.map_or("a value".to_owned(), |name| format!("`{name}`"));
    let on_error = ground.subject.program.module().manifest.on_error.effect;
    let stands = on_error.max(Effect::Escalate).word();
    let fact = format!("{} fails where {what} is missing", ground.name(rule));
    let finding = Diagnostic::new(Code::MissingData, at, fact, "fails without it")
        .detail(format!("a rule that fails counts as {stands}, as `on_error` says"));
    let example = Some(world.shown(rule, &example));
    let finding = Diagnostic { example, ..finding };
    let is_root = lacking.is_some_and(|name| !name.contains(['.', '[']));
    found.push(finding.help(if is_root {
        "no expression asks whether a root is there: declare it inside another, as `request`, and \
         ask `has(request..)`"
    } else {
        "ask first with `has(..) &&`, or give a value: `.?x.orValue(..)`"
    }));
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
