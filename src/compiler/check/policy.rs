//! Our documents: names, variables, rules, messages.
//!
//! In:      `PolicyDocument`.
//! Out:     `PolicyInfo`, and types for all of its expressions.
//! Imports: `base`, `compiler::syntax`, `lang`.

use rustc_hash::FxHashMap;

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::check::analysis::{PolicyInfo, Use, WindowInfo};
use crate::compiler::check::error::{CallError, PolicyError, TypeError};
use crate::compiler::check::infer::decision::has_text_form;
use crate::compiler::check::infer::{Place, infer};
use crate::compiler::check::schema::{self, DeclaredRoot, Schemas, data, environment, written};
use crate::compiler::check::scope::{Declared, Entity, Frame, Libraries, Scope};
use crate::compiler::check::state::Checker;
use crate::compiler::check::tools::{self, ActionTypes, FrameCache};
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::document::meters::{Term, TermResult};
use crate::compiler::syntax::document::model::{
    Form, PolicyDocument, Rule, RuleBody, Template, TemplatePart, Variable,
};
use crate::lang::constant::Constant;
use crate::lang::functions::{self, Library};
use crate::lang::session::{AGENT_ROOTS, CTX, OFF, OUT, PARAMS, PLAN, Param, ROOT, STEP};
use crate::lang::types::{Type, TypeId, TypeTable};

/// Where variables are found by their whole names.
const VARIABLES: &str = "variables";

/// Checks a document of ours.
pub(super) fn check<'a>(
    cx: &mut Checker<'a>,
    schemas: &mut Schemas<'a>,
    document: &'a PolicyDocument,
) -> PolicyInfo {
    let mut page = open(cx, schemas, document);
    let mut info = PolicyInfo { context: Some(page.context), ..PolicyInfo::default() };
    let frame = page.frames.of_variables(cx, page.types);
    let mut seen = FxHashMap::default();
    let declared = document.variables.iter().map(|it| (it.name.value.clone(), it.name.span));
    page.scope.later = declared.collect();
    for variable in &document.variables {
        let outcome = infer(cx, &page.scope, &frame, variable.expr, Place::Value);
        let (name, at) = (variable.name.value.clone(), variable.name.span);
        let id = cx.variable(name.clone(), variable.expr, outcome.ty, outcome.reads);
        info.variables.push(id);
        if let Some(first) = seen.insert(name.clone(), at) {
            cx.report(PolicyError::Overlap { at, first, name });
            continue;
        }
        page.scope.later.remove(&name);
        page.scope.names.insert(format!("variables.{name}"), Entity::Variable(id));
        // In Kubernetes a variable has no short name, so it hides nothing.
        if document.form == Form::Admission || shadows(cx, &page.scope, variable) {
            continue;
        }
        page.scope.names.insert(name.to_string(), Entity::Variable(id));
    }
    for rule in &document.rules {
        let named = tools::named_by(cx, &rule.on);
        let frame = page.frames.of_rule(cx, rule, named.as_deref(), page.types);
        check_rule(cx, &page.scope, &frame, rule, document.form == Form::Admission);
        info.tools.push(named.map(|named| {
            named.iter().filter_map(|at| cx.tool(*at)).map(|tool| tool.name.clone()).collect()
        }));
    }
    let about_output = scope_of_output(&page.scope);
    for term in &document.terms {
        let named = tools::named_by(cx, &term.on);
        if [TermResult::Output, TermResult::Readers].contains(&term.gives) {
            check_term(cx, &about_output, &Frame::default(), term);
            check_hosts(cx, term.expr);
        } else {
            let frame = page.frames.of_term(cx, named.as_deref(), page.types);
            check_term(cx, &page.scope, &frame, term);
        }
        info.terms.push(named.map(|named| {
            named.iter().filter_map(|at| cx.tool(*at)).map(|tool| tool.name.clone()).collect()
        }));
    }
    info
}

/// What is visible to what a session evaluates about an output: that, and constants.
fn scope_of_output(scope: &Scope) -> Scope {
    let mut scope = scope.clone();
    scope.flexible = false;
    scope.names.retain(|_, entity| matches!(entity, Entity::Constant(..)));
    let path = vec![Name::new(ROOT), Name::new(OUT)];
    let (ty, span, response_only) = (TypeTable::DYN, None, false);
    let entity = Entity::Root { path, ty, span, response_only };
    scope.names.insert(OUT.to_owned(), entity);
    scope
}

/// Types what a session evaluates.
fn check_term(cx: &mut Checker<'_>, scope: &Scope, frame: &Frame, term: &Term) {
    let (what, wanted, known): (_, _, &[TypeId]) = match &term.gives {
        TermResult::Text => (
            "a key",
            "a string, an int, a uint or a bool",
            &[TypeTable::STRING, TypeTable::INT, TypeTable::UINT, TypeTable::BOOL],
        ),
        TermResult::Condition | TermResult::Output => {
            return check_condition(cx, scope, frame, term.expr);
        }
        TermResult::Quote => {
            infer(cx, scope, frame, term.expr, Place::Value);
            return;
        }
        TermResult::Argument(tool, argument) => {
            return check_argument(cx, (scope, frame), term.expr, (tool, argument));
        }
        TermResult::Readers => ("an audience", "a list of strings", &[TypeTable::LIST_STRING]),
        TermResult::Amount => (
            "an amount",
            "a number, or a string that spells one",
            &[TypeTable::INT, TypeTable::UINT, TypeTable::DOUBLE, TypeTable::STRING],
        ),
    };
    let ty = infer(cx, scope, frame, term.expr, Place::Value).ty;
    if !known.contains(&ty) && ![TypeTable::DYN, TypeTable::ERROR].contains(&ty) {
        let (at, given) = (cx.ast().span(term.expr), cx.show(ty));
        cx.report(PolicyError::TermType { at, what, wanted, given });
    }
}

/// Reports functions of the host in what a session evaluates about an output.
fn check_hosts(cx: &mut Checker<'_>, root: ExprId) {
    let mut waiting = vec![root];
    while let Some(id) = waiting.pop() {
        if matches!(cx.used(id), Use::Host(_)) {
            let at = cx.ast().span(id);
            cx.report(PolicyError::HostOfOutput { at });
        }
        waiting.extend(cx.ast().children(id));
    }
}

/// Types what an offer gives an argument of a tool.
fn check_argument(
    cx: &mut Checker<'_>,
    (scope, frame): (&Scope, &Frame),
    expr: ExprId,
    (tool, argument): (&Name, &Name),
) {
    let given = infer(cx, scope, frame, expr, Place::Value).ty;
    let args = cx.out.tools.iter().find(|it| it.name == *tool).map(|it| it.args);
    let Some(Type::Record(args)) = args.map(|args| cx.ty(args)) else { return };
    let field = cx.out.types.field(*args, argument).map(|field| field.ty);
    let Some(wanted) = field else { return };
    if !cx.unifier.assignable(&cx.out.types, given, wanted) {
        let (at, given) = (cx.ast().span(expr), cx.show(given));
        let (argument, wanted) = (argument.clone(), cx.show(wanted));
        cx.report(PolicyError::OfferType { at, argument, wanted, given });
    }
}

/// A document whose names are known.
struct ResolvedDocument {
    scope: Scope,
    types: ActionTypes,
    frames: FrameCache,
    context: TypeId,
}

fn open<'a>(
    cx: &mut Checker<'a>,
    schemas: &mut Schemas<'a>,
    document: &'a PolicyDocument,
) -> ResolvedDocument {
    let mut scope = Scope {
        ours: true,
        admission: document.form == Form::Admission,
        cross_numeric: true,
        reads_durations: true,
        reads_timestamps: true,
        messages: cx.messages.clone(),
        ..Scope::default()
    };
    environment::add_types(cx, &mut scope);
    let mut pins = environment::libraries(cx, &document.extensions);
    if scope.admission {
        let rows = functions::all().map(|row| row.library);
        let names = rows.filter(Library::must_be_asked_for).map(|it| it.name.to_owned());
        pins.extend(names.map(|name| (name, u32::MAX)));
    }
    scope.libraries = Libraries::Pinned(pins);
    let mut roots = Vec::new();
    let mut environment = None;
    let mut refused = false;
    if let Some(source) = &document.schema {
        match schemas.load(cx, document.file, source) {
            Some(found) => {
                roots = found.roots;
                environment = found.environment;
                if let Some(environment) = environment {
                    environment::add_functions(cx, &mut scope, &environment.functions);
                }
            }
            // What the schema would have declared is not known; nothing is said about names.
            None => refused = true,
        }
    }
    let speaks = document.speaks();
    if speaks && !refused {
        environment::agree_on_enums(cx, &document.name, environment);
    }
    hidden_roots(cx, document, &roots);
    let silent = document.schema.is_none() && cx.out.tools.is_empty();
    scope.flexible = silent || refused;
    if silent && speaks {
        let (at, policy) = (document.name.span, document.name.value.clone());
        let plain_cel = document.form == Form::PlainCel;
        cx.report(if cx.strict {
            PolicyError::StrictSchema { at, policy, plain_cel }
        } else {
            PolicyError::NoSchema { at, policy, plain_cel }
        });
    }
    cx.agree_on(&roots);
    let types = declare_roots(cx, &mut scope, &roots);
    declare_data(cx, &mut scope, document);
    declare_functions(cx, &mut scope, document);
    declare_windows(cx, &mut scope, document);
    let whole = scope.flexible || cx.out.about_tools;
    let context = schema::context(cx, &roots, whole);
    ResolvedDocument { scope, types, frames: FrameCache::default(), context }
}

/// Refuses roots of the schema that something else of the document hides, or that hide it.
fn hidden_roots(cx: &mut Checker<'_>, document: &PolicyDocument, roots: &[DeclaredRoot]) {
    let first_of = |name: Option<&Spanned<Name>>| name.map(|name| Some(name.span));
    let hiding = [
        (VARIABLES, first_of(document.variables.first().map(|it| &it.name))),
        ("data", first_of(document.data.first().map(|it| &it.name))),
        ("windows", first_of(document.windows.first().map(|it| &it.name))),
        ("args", cx.out.about_tools.then_some(None)),
    ];
    for (name, by) in hiding {
        let hidden = roots.iter().find(|it| it.path.first().is_some_and(|it| *it == *name));
        if let (Some(root), Some(first)) = (hidden, by) {
            cx.report(PolicyError::HiddenRoot { at: root.span, first, name });
        }
    }
}

fn declare_roots(cx: &Checker<'_>, scope: &mut Scope, roots: &[DeclaredRoot]) -> ActionTypes {
    scope.names.insert("now".to_owned(), Entity::Now);
    if cx.out.about_tools {
        for name in AGENT_ROOTS {
            let path = vec![Name::new(name)];
            let (ty, span, response_only) = (TypeTable::DYN, None, false);
            let entity = Entity::Root { path, ty, span, response_only };
            scope.names.insert(name.to_owned(), entity);
        }
        scope.names.insert("action".to_owned(), Entity::Action);
        scope.names.insert("args".to_owned(), Entity::Args);
        if !cx.out.labels.is_empty() {
            let path = vec![Name::new(ROOT), Name::new(CTX)];
            let (ty, span, response_only) = (TypeTable::LIST_STRING, None, false);
            let entity = Entity::Root { path, ty, span, response_only };
            scope.names.insert(CTX.to_owned(), entity);
        }
    }
    if cx.out.measures.steps.is_some() {
        for name in [STEP, OFF] {
            let path = vec![Name::new(ROOT), Name::new(PLAN), Name::new(name)];
            let (ty, span, response_only) = (TypeTable::STRING, None, false);
            let entity = Entity::Root { path, ty, span, response_only };
            scope.names.insert(format!("{PLAN}.{name}"), entity);
        }
        for (name, ty) in &cx.out.measures.params {
            let ty = match ty {
                Param::Text => TypeTable::STRING,
                Param::Int => TypeTable::INT,
                Param::Double => TypeTable::DOUBLE,
                Param::Bool => TypeTable::BOOL,
            };
            let mut path: Vec<Name> = [ROOT, PLAN, PARAMS].map(Name::new).into();
            path.push(name.clone());
            let (span, response_only) = (None, false);
            let entity = Entity::Root { path, ty, span, response_only };
            scope.names.insert(format!("{PLAN}.{PARAMS}.{name}"), entity);
        }
    }
    let mut types = ActionTypes::default();
    for root in roots {
        let name = root.path.iter().map(Name::as_str).collect::<Vec<_>>().join(".");
        if cx.out.about_tools && name == "action" {
            types.action = Some(root.ty);
            continue;
        }
        scope.names.insert(name, root.entity());
    }
    types
}

fn declare_data(cx: &mut Checker<'_>, scope: &mut Scope, document: &PolicyDocument) {
    for file in &document.data {
        let found = data::load(cx, document, file);
        let (value, ty) = found.unwrap_or((Constant::Null, TypeTable::ERROR));
        let name = format!("data.{}", file.name.value);
        scope.names.insert(name, Entity::Constant(value, ty));
    }
}

fn declare_functions(cx: &mut Checker<'_>, scope: &mut Scope, document: &PolicyDocument) {
    for function in &document.functions {
        let name = function.name.value.clone();
        let declared = Declared {
            name: name.clone(),
            id: name.clone(),
            member: false,
            params: function.params.iter().map(|param| written::ty(cx, param)).collect(),
            result: written::ty(cx, &function.result),
            wait: function.wait,
        };
        cx.agree_on_host(&declared, function.name.span);
        scope.functions.entry(name.to_string()).or_default().push(declared);
    }
}

fn declare_windows(cx: &mut Checker<'_>, scope: &mut Scope, document: &PolicyDocument) {
    for window in &document.windows {
        let id = cx.out.windows.push(WindowInfo {
            name: window.name.value.clone(),
            days: window.days,
            from_minute: window.from_minute,
            to_minute: window.to_minute,
            zone: window.zone.value.clone(),
        });
        scope.windows.insert(window.name.value.to_string(), id);
    }
}

/// Whether a variable takes the name of a root, which is an error.
fn shadows(cx: &mut Checker<'_>, scope: &Scope, variable: &Variable) -> bool {
    let name = &variable.name.value;
    let found: Option<(Option<Span>, &'static str)> = match scope.names.get(name.as_str()) {
        Some(Entity::Root { span, .. }) => Some((*span, "a root of the context")),
        Some(Entity::Action | Entity::Args) => Some((None, "a root of the context")),
        Some(Entity::Now) => Some((None, "the time of the decision")),
        Some(Entity::Constant(..) | Entity::Variable(_) | Entity::Result(_)) => {
            Some((None, "a constant"))
        }
        None => match name.as_str() {
            "data" | "windows" | "variables" => Some((None, "a name of the language")),
            _ => None,
        },
    };
    let Some((declared, what)) = found else { return false };
    let (at, name) = (variable.name.span, name.clone());
    cx.report(PolicyError::Shadowed { at, name, declared, what });
    true
}

/// `admission`: a message is one expression, which is the text and is not made into one.
fn check_rule(cx: &mut Checker<'_>, scope: &Scope, frame: &Frame, rule: &Rule, admission: bool) {
    match &rule.body {
        RuleBody::When { condition, reason, .. } => {
            if let Some(condition) = condition {
                check_condition(cx, scope, frame, *condition);
            }
            match reason.as_ref().map(|reason| (reason, reason.parts.as_slice())) {
                Some((_, [TemplatePart::Expr(text)])) if admission => {
                    check_text(cx, scope, *text);
                }
                Some((reason, _)) => check_message(cx, scope, frame, reason),
                None => {}
            }
        }
        RuleBody::Decision(decision) => {
            let ty = infer(cx, scope, frame, *decision, Place::Outcome).ty;
            let known = [TypeTable::DECISION, TypeTable::ERROR].contains(&ty);
            if !known && !cx.is_misread(*decision) {
                let (at, given) = (cx.ast().span(*decision), cx.show(ty));
                cx.report(CallError::NotDecision { at, given });
            }
        }
    }
}

/// Types a condition, which must be a bool.
pub(super) fn check_condition(
    cx: &mut Checker<'_>,
    scope: &Scope,
    frame: &Frame,
    condition: ExprId,
) {
    let ty = infer(cx, scope, frame, condition, Place::Value).ty;
    if !cx.unifier.assignable(&cx.out.types, ty, TypeTable::BOOL) {
        let (at, given) = (cx.ast().span(condition), cx.show(ty));
        let text = cx.text(condition).to_owned();
        cx.report(TypeError::NotBool { at, given, text, operator: None });
    }
}

/// Types an expression that is a message, which must be a string.
pub(super) fn check_text(cx: &mut Checker<'_>, scope: &Scope, text: ExprId) {
    let ty = infer(cx, scope, &Frame::default(), text, Place::Value).ty;
    if !cx.unifier.assignable(&cx.out.types, ty, TypeTable::STRING) {
        let (at, given) = (cx.ast().span(text), cx.show(ty));
        cx.report(CallError::NotText { at, given });
    }
}

/// Types the holes of a message; each must have a text form.
fn check_message(cx: &mut Checker<'_>, scope: &Scope, frame: &Frame, message: &Template) {
    for part in &message.parts {
        let TemplatePart::Expr(hole) = part else { continue };
        let ty = infer(cx, scope, frame, *hole, Place::Value).ty;
        if !has_text_form(cx, ty) {
            let (at, given) = (cx.ast().span(*hole), cx.show(ty));
            let text = cx.text(*hole).to_owned();
            cx.report(CallError::NoTextForm { at, given, text });
        }
    }
}
