//! Steps that are denied, or asked about, whatever their arguments are.
//!
//! In:      the program, and the steps of its plan.
//! Out:     findings: proved for every input that is this step.
//! Imports: `base`, `compiler::syntax`, `diag`, `lang`, `runtime::bundle`, `runtime::program`,
//!          `runtime::vm`, `tools::bench`, `tools::lint`.
//! Source:  `docs/unknowns.md`.
//!
//! A step is decided with everything unknown that the plan does not say. What is definite then
//! holds whatever those are. Approvals are unknown, too, or missing: a step that is only allowed
//! with one is asked about each time.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::base::pointer;
use crate::compiler::syntax::document::model::Tool;
use crate::compiler::syntax::document::plans::{Demand, Literal, PlanStep};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::lang::session::{OFF, PLAN, Question, ROOT, STEP};
use crate::runtime::bundle::module::Module;
use crate::runtime::program::Program;
use crate::runtime::vm::partial::decision::PartialDecision;
use crate::runtime::vm::request::Moment;
use crate::runtime::vm::request::marked::{Recorded, ingest_record};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::bench::subject::reads_time;
use crate::tools::lint::plans::Planned;
use crate::tools::lint::subject::Subject;

/// The rule that has an effect, if one certainly does.
struct By(Option<u16>);

/// Values that are known, by their pointers.
type Known = BTreeMap<String, Json>;

/// Reports steps of which no call is ever allowed, and those of which none is without an approval.
pub(super) fn check(
    subject: &Subject<'_>,
    planned: &Planned<'_>,
    roles: &[String],
    sink: &mut Sink,
) {
    let program = subject.program;
    if reads_time(program) {
        // Nobody says when it will be decided.
        return;
    }
    let mut scratch = Scratch::for_program(program);
    let whose = if roles.is_empty() { String::new() } else { format!(" for {}", roles.join(", ")) };
    for (step, tool) in planned.steps() {
        let mut known = known(planned, (step, tool), roles);
        let mut always =
            |known: &Known, effects: &[_]| always(program, known, effects, &mut scratch);
        let (name, at) = (&step.name.value, step.tool.span);
        if let Some(By(rule)) = always(&known, &[Effect::Deny]) {
            let fact = format!("every call of the step `{name}` is denied{whose}");
            let label = if rule.is_some() { "denied" } else { "no rule allows it" };
            let found = Diagnostic::new(Code::StepDenied, at, fact, label);
            let found = found.help("take the step away, or let the policy allow it");
            sink.report(by(subject, found, rule));
            continue;
        }
        known.insert(answer(Question::Approved.word(), None), json!({}));
        let asked = always(&known, &[Effect::Escalate]).map(|by| (by, ""));
        // What a rule denies beside it, as flow rules do, is not allowed without a question either.
        let asked = asked
            .or_else(|| Some((always(&known, &[Effect::Escalate, Effect::Deny])?, " or denied")));
        if let Some((By(rule), or)) = asked {
            let fact = format!("each call of the step `{name}` is asked about{or}{whose}");
            let found = Diagnostic::new(Code::StepAsked, at, fact, "escalated");
            sink.report(by(subject, found, rule));
        }
    }
}

/// A finding with the place of the rule that it is because of.
fn by(subject: &Subject<'_>, found: Diagnostic, rule: Option<u16>) -> Diagnostic {
    let Some(rule) = rule else { return found };
    let id = subject.program.rule_id(rule);
    let mut rules = subject.checked.parsed().policies.iter().flat_map(|document| &document.rules);
    match rules.find(|rule| rule.id.value == *id) {
        Some(rule) => found.label(rule.id.span, format!("the rule `{id}`")),
        None => found,
    }
}

/// The pointer of an answer of the session.
fn answer(word: &str, subject: Option<&str>) -> String {
    let mut path = String::new();
    for key in [ROOT, word].into_iter().chain(subject) {
        pointer::push(&mut path, key);
    }
    path
}

/// What is known of a call that is a step.
fn known<'a>(
    planned: &Planned<'a>,
    (step, tool): (&'a PlanStep, &Tool),
    roles: &[String],
) -> Known {
    let mut known = Known::new();
    known.insert("/action/tool".to_owned(), json!(tool.name.value.as_str()));
    known.insert(answer(PLAN, Some(STEP)), json!(step.name.value.as_str()));
    known.insert(answer(PLAN, Some(OFF)), json!(""));
    if tool.says_args {
        let mut args = Map::new();
        for field in &tool.args {
            let asked = planned.demands(step, &field.name.value);
            let value = asked.iter().find_map(|demand| {
                if let Demand::Equals(value) = &demand.value { literal(value) } else { None }
            });
            let unknown = withheld(if field.optional { "hide" } else { "drop" });
            // One that is optional need not be given.
            let value = value.filter(|_| !field.optional).unwrap_or(unknown);
            args.insert(field.name.value.to_string(), value);
        }
        known.insert("/action/args".to_owned(), Json::Object(args));
    }
    if !roles.is_empty() {
        known.insert("/principal/roles".to_owned(), json!(roles));
    }
    known
}

/// That a value is withheld, as records say it.
fn withheld(class: &str) -> Json {
    json!({"$x": class})
}

/// A value; `None` where it is told at run time.
fn literal(value: &Literal) -> Option<Json> {
    match value {
        Literal::Text(text) => Some(json!(text.as_str())),
        Literal::Int(int) => Some(json!(int)),
        Literal::Double(double) => Some(json!(double)),
        Literal::Bool(value) => Some(json!(value)),
        Literal::Param(_) => None,
    }
}

/// Whether every call of which that is known has one of these effects, and may have the first; the
/// rule that has that one, if one certainly does. `None` where it is not certain, or hangs on a
/// function of the host.
fn always(
    program: &Program,
    known: &Known,
    effects: &[Effect],
    scratch: &mut Scratch,
) -> Option<By> {
    let first = *effects.first()?;
    let context = context(program.module(), 0, &mut String::new(), known).to_string();
    let moment = Moment::at(0, 0);
    match ingest_record(program, context.as_bytes(), scratch) {
        // What is no input says nothing of the step.
        input if input.error().is_some() => None,
        Recorded::Known(mut filled) => {
            let decision = filled.decide(&moment);
            let holds = decision.effect() == Some(first) && decision.input_error().is_none();
            (holds && !decision.is_pending()).then(|| By(decision.winner()))
        }
        Recorded::Partial(mut partial) => {
            let decision = partial.decide(&moment, None);
            let mut rules = decision.rules.iter();
            let waits = rules.any(|rule| rule.fails.contains(&EvalError::Pending));
            let known = |effect: &Option<Effect>| effect.is_some_and(|it| effects.contains(&it));
            let holds = decision.effects.iter().all(known)
                && decision.effects.contains(&Some(first))
                && !waits;
            // What is refused as input is denied, too.
            let told = effects.contains(&Effect::Deny) || !decision.refused;
            (holds && told).then(|| By(objector(program.module(), &decision, first)))
        }
    }
}

/// The context, place by place: what is known, and the rest withheld. It is as deep as the paths of
/// the program.
fn context(module: &Module, at: usize, path: &mut String, known: &Known) -> Json {
    if let Some(value) = known.get(path.as_str()) {
        return value.clone();
    }
    let below = format!("{path}/");
    let reaches = path.is_empty() || known.keys().any(|known| known.starts_with(&below));
    let Some(node) = module.paths.get(at).filter(|_| reaches) else { return withheld("hide") };
    let first = usize::from(node.first_child);
    let mut members = Map::new();
    for at in first..first + usize::from(node.children) {
        let key = module.paths.get(at).and_then(|child| module.strings.get(child.key as usize));
        let Some(key) = key else { continue };
        let length = path.len();
        pointer::push(path, key);
        members.insert(key.to_owned(), context(module, at, path, known));
        path.truncate(length);
    }
    Json::Object(members)
}

/// The first rule that certainly has this effect.
fn objector(module: &Module, decision: &PartialDecision, effect: Effect) -> Option<u16> {
    let found = decision.rules.iter().filter(|rule| rule.is_definite()).find(|rule| {
        let row = module.rules.get(usize::from(rule.rule)).filter(|row| !row.shadow);
        row.zip(rule.fires.first()).is_some_and(|(row, chosen)| {
            let outcome = module.outcomes.get(usize::from(row.first_outcome + chosen));
            outcome.is_some_and(|outcome| outcome.effect == effect)
        })
    });
    found.map(|rule| rule.rule)
}
