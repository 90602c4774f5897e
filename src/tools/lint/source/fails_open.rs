//! W0528: a guard that lets a call through where what it guards is not there.

use rustc_hash::FxHashMap;

use crate::base::pointer;
use crate::base::span::FileId;
use crate::compiler::syntax::ast::{BinaryOp, ExprId, ExprKind, LogicOp, UnaryOp};
use crate::compiler::syntax::document::model::{Form, PolicyDocument, Rule, RuleBody};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::decision::Effect;
use crate::tools::lint::opening::{Opening, Openings};
use crate::tools::lint::shape::{binary, boolean, fingerprint, has_operand, path, same};
use crate::tools::lint::subject::Subject;

/// Reports `!has(x) || ..x..` in what lets a call through, and `has(x) && !x` in what holds it
/// back, where `x` is what the host says of the call.
///
/// Documents of Kubernetes are left alone: what an object lacks there was left out by the author
/// of the object, and validations are written for what is there.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = subject.checked.parsed().policies.iter();
    let documents: FxHashMap<FileId, &PolicyDocument> =
        documents.map(|document| (document.file, document)).collect();
    let (mut demanded, mut rules, mut openings) = (None, None, None);
    for part in subject.parts().iter().filter(|part| !part.lets_pass) {
        let Some(field) = has_operand(subject, part.expr) else { continue };
        let document = documents.get(&subject.ast().span(part.expr).file).copied();
        let Some(document) = document.filter(|it| it.form != Form::Admission) else { continue };
        if demanded.get_or_insert_with(|| RequiredFields::of(subject)).holds(subject, field) {
            continue;
        }
        let fires = part.effect == Effect::Allow;
        let found = if fires {
            opens(subject, part.expr, field)
        } else {
            stays_silent(subject, document, part.expr, field)
        };
        let Some(found) = found else { continue };
        let rules = rules.get_or_insert_with(|| roots(subject));
        let opening = guarded(subject, rules, part.expr, field).map(|(rule, path)| {
            let openings = openings.get_or_insert_with(|| Openings::of(subject.program));
            openings.find(rule, &path, fires)
        });
        match opening.unwrap_or(Opening::Unknown) {
            Opening::Closed => {}
            Opening::Unknown => sink.report(found),
            Opening::Shown(example) => {
                let example = Some(format!("{} → allow", example.context));
                sink.report(Diagnostic { example, ..found });
            }
        }
    }
}

/// Fields without which some rule holds a call back, those together that are written much alike.
struct RequiredFields(FxHashMap<u64, Vec<ExprId>>);

impl RequiredFields {
    fn of(subject: &Subject<'_>) -> Self {
        let mut own = Self(FxHashMap::default());
        let parts = subject.parts().iter();
        for part in parts.filter(|part| part.lets_pass && part.effect != Effect::Allow) {
            if let Some(field) = has_operand(subject, part.expr)
                && !own.holds(subject, field)
            {
                own.0.entry(fingerprint(subject.ast(), field)).or_default().push(field);
            }
        }
        own
    }

    fn holds(&self, subject: &Subject<'_>, field: ExprId) -> bool {
        let alike = self.0.get(&fingerprint(subject.ast(), field));
        alike.into_iter().flatten().any(|it| same(subject.ast(), *it, field))
    }
}

/// The numbers of rules in the program, by their condition.
fn roots(subject: &Subject<'_>) -> FxHashMap<ExprId, u16> {
    let rules = subject.checked.parsed().policies.iter().flat_map(|document| &document.rules);
    let root = |(number, rule): (u16, &Rule)| match &rule.body {
        RuleBody::When { condition, .. } => Some(((*condition)?, number)),
        RuleBody::Decision(decision) => Some((*decision, number)),
    };
    (0..).zip(rules).filter_map(root).collect()
}

/// The rule of which `id` is a part, and the path of `field` in inputs. Of a variable, which many
/// rules may use, nothing is asked.
fn guarded(
    subject: &Subject<'_>,
    rules: &FxHashMap<ExprId, u16>,
    id: ExprId,
    field: ExprId,
) -> Option<(u16, String)> {
    let root = subject.ancestors(id).last().unwrap_or(id);
    let rule = *rules.get(&root)?;
    let steps = path(subject.ast(), field)?;
    let action = if steps.first() == Some(&"args") { "/action" } else { "" };
    let escaped = steps.iter().map(|step| pointer::token(step));
    Some((rule, escaped.fold(action.to_owned(), |path, step| path + "/" + &step)))
}

/// `!has(x) || ..x..`, `has(x) ? ..x.. : true`: what `has` at `id` is an operand of.
fn opens(subject: &Subject<'_>, id: ExprId, field: ExprId) -> Option<Diagnostic> {
    let ast = subject.ast();
    let parent = subject.parent(id)?;
    let whole = match ast.kind(parent) {
        ExprKind::Unary { .. } => {
            let chain = subject.parent(parent)?;
            let ExprKind::Logic { op: LogicOp::Or, operands, .. } = ast.kind(chain) else {
                return None;
            };
            let others = operands.iter().filter(|it| **it != parent);
            others.copied().any(|it| reads(subject, it, field)).then_some(parent)?
        }
        ExprKind::Conditional { condition, yes, no, .. } => {
            let open = *condition == id && boolean(ast, *no) == Some(true);
            (open && reads(subject, *yes, field)).then_some(id)?
        }
        ExprKind::Error
        | ExprKind::Literal(_)
        | ExprKind::Ident { .. }
        | ExprKind::Select { .. }
        | ExprKind::Index { .. }
        | ExprKind::Call { .. }
        | ExprKind::Binary { .. }
        | ExprKind::Logic { .. }
        | ExprKind::List { .. }
        | ExprKind::Map { .. }
        | ExprKind::Message { .. } => return None,
    };
    let name = path(ast, field)?.join(".");
    let fact = format!("this allow also holds without `{name}`");
    let found = Diagnostic::new(Code::FailsOpen, ast.span(whole), fact, "true where it is missing");
    Some(found.help(format!("`has({name}) && ..` asks for it")))
}

/// `has(x) && !x` in a deny or an escalation about the calls of tools, where `x` is no argument:
/// whoever leaves an argument out asks for less, but what the host does not say is not known.
fn stays_silent(
    subject: &Subject<'_>,
    document: &PolicyDocument,
    id: ExprId,
    field: ExprId,
) -> Option<Diagnostic> {
    let ast = subject.ast();
    let chain = subject.parent(id)?;
    let ExprKind::Logic { op: LogicOp::And, operands, .. } = ast.kind(chain) else { return None };
    let steps = path(ast, field)?;
    let argument = matches!(steps.as_slice(), ["args" | "action", ..]);
    let about_calls = document.has_tools || document.rules.iter().any(|rule| !rule.on.is_empty());
    if argument || !about_calls {
        return None;
    }
    let wanted = operands.iter().find(|it| wants_good(subject, **it, field))?;
    let name = steps.join(".");
    let fact = format!("this rule says nothing without `{name}`");
    let label = "what is missing is not held back";
    let found = Diagnostic::new(Code::FailsOpen, ast.span(id), fact, label);
    let found = found.label(ast.span(*wanted), "only what is there and wrong is");
    Some(found.help(format!("`!has({name}) || ..` holds back what lacks it")))
}

/// Whether `id` holds where `field` is not one of the good values: `!x`, `x == false`,
/// `x != "good"`, `!(x in good)`.
fn wants_good(subject: &Subject<'_>, id: ExprId, field: ExprId) -> bool {
    let ast = subject.ast();
    let is_field = |id: ExprId| same(ast, id, field);
    if let ExprKind::Unary { op, operand } = ast.kind(id) {
        let member = matches!(binary(ast, *operand), Some((BinaryOp::In, _, x, _)) if is_field(x));
        return op.value == UnaryOp::Not && (is_field(*operand) || member);
    }
    match binary(ast, id) {
        Some((BinaryOp::NotEqual, _, lhs, rhs)) => is_field(lhs) || is_field(rhs),
        Some((BinaryOp::Equal, _, lhs, rhs)) => {
            let fails =
                |x: ExprId, value: ExprId| is_field(x) && boolean(ast, value) == Some(false);
            fails(lhs, rhs) || fails(rhs, lhs)
        }
        _ => false,
    }
}

/// Whether `field` is read somewhere in `id`.
fn reads(subject: &Subject<'_>, id: ExprId, field: ExprId) -> bool {
    let mut left = vec![id];
    while let Some(at) = left.pop() {
        if same(subject.ast(), at, field) {
            return true;
        }
        left.extend(subject.ast().children(at));
    }
    false
}
