//! What a session knows of labels, tools, meters and limits: rows of the bundle.

use rustc_hash::FxHashMap;

use crate::base::arrange::Arrange as _;
use crate::base::limits::LABELS_MAX;
use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::check::analysis::{Analysis, Checked};
use crate::compiler::emit::CapacityExceeded;
use crate::compiler::emit::tables::Tables;
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::document::agents::{Output, StorePart as DocumentPart};
use crate::compiler::syntax::document::denials::{DEFAULT, Denial, Offer};
use crate::compiler::syntax::document::meters::{Limit, MeterWindow};
use crate::compiler::syntax::document::model::{
    PolicyDocument, Role, TemplatePart, Tool, TypeField,
};
use crate::compiler::syntax::document::plans::Plan as DocumentPlan;
use crate::compiler::syntax::document::trust::{Declassify, Sanitizer};
use crate::lang::glob;
use crate::lang::session::{ArgumentKind, DECLASSIFIED, Param, SANITIZER, UNKNOWN, is_mark};
use crate::lang::types::{Type, TypeId, TypeTable};
use crate::runtime::bundle::govern::{
    ArgumentRow, BacktrackRow, DeclassifyRow, DenialRow, FieldLabels, Govern, LabelRow, LimitRow,
    MeterRow, OfferRow, PlanRow, QuestionPart, SanitizerRow, StepRow, StorePart, ToolRow,
    WindowRow,
};
use crate::runtime::bundle::module::{NONE, Step};

/// Makes the rows but for terms; their strings get their numbers later.
///
/// # Errors
/// `CapacityExceeded` where there are more labels than a bundle can hold.
pub(crate) fn govern(
    checked: &Checked<'_>,
    tables: &mut Tables,
) -> Result<Govern, CapacityExceeded> {
    let known = &checked.analysis().labels;
    if known.names.len() > LABELS_MAX {
        return Err(CapacityExceeded { what: "labels", most: LABELS_MAX, at: None });
    }
    let labels = known
        .names
        .iter()
        .zip(&known.implies)
        .map(|(name, implies)| LabelRow { name: tables.string(name), implies: implies.clone() });
    let labels = labels.collect();
    let policies = &checked.parsed().policies;
    let terms = terms(checked);
    let mut tools: Vec<&Tool> = policies.iter().flat_map(|document| &document.tools).collect();
    tools.arrange_by(|a, b| a.name.value.cmp(&b.name.value));
    if known.is_empty() {
        tools.clear();
    }
    let tools = tools.into_iter().map(|tool| {
        let number = |name: &Name| known.number(name);
        let args = arguments(checked.analysis(), tool, tables);
        ToolRow {
            name: tables.string(&tool.name.value),
            args: tool.says_args.then_some(args),
            outputs: outputs(tool, (&number, &terms), tables),
            store: tool.store.iter().map(|part| store(part, tables)).collect(),
            writes: !tool.only_reads(),
        }
    });
    let tools = tools.collect();
    let (meters, limits) = (meters(checked, tables), limits(checked, tables));
    let plan = plan(checked, tables);
    let denials = denials(checked, tables);
    let (sanitizers, declassify) = takers(checked, tables);
    let terms = Vec::new();
    Ok(Govern { labels, tools, terms, meters, limits, plan, denials, sanitizers, declassify })
}

/// What a session holds the arguments of a tool to.
fn arguments(analysis: &Analysis, tool: &Tool, tables: &mut Tables) -> Vec<ArgumentRow> {
    let types = &analysis.types;
    let declared = analysis.tools.iter().find(|it| it.name == tool.name.value);
    let declared = declared.and_then(|it| types.fields(it.args)).unwrap_or_default();
    let row = |field: &TypeField| {
        let name = &field.name.value;
        let ty = declared.iter().find(|it| it.name == *name).map(|it| it.ty);
        let (lists, kind) = ty.map_or((0, ArgumentKind::Any), |ty| held(types, ty));
        let is_target = field.role.as_ref().is_some_and(|role| role.value == Role::Target);
        ArgumentRow {
            name: tables.string(name),
            lists,
            kind,
            optional: field.optional,
            needed: is_target && !field.optional,
        }
    };
    tool.args.iter().map(row).collect()
}

/// In how many lists the values of a type lie, and what each of them is.
fn held(types: &TypeTable, mut ty: TypeId) -> (u8, ArgumentKind) {
    let mut lists = 0_u8;
    loop {
        let kind = match types.get(ty) {
            Type::List(element) => {
                let Some(more) = lists.checked_add(1) else { return (0, ArgumentKind::Any) };
                (lists, ty) = (more, *element);
                continue;
            }
            Type::String | Type::Bytes | Type::Timestamp | Type::Duration => ArgumentKind::Text,
            Type::Int => ArgumentKind::Int,
            Type::Uint => ArgumentKind::Uint,
            Type::Double => ArgumentKind::Double,
            Type::Bool => ArgumentKind::Bool,
            Type::Map(..) | Type::Record(_) => ArgumentKind::Object,
            Type::Dyn
            | Type::Error
            | Type::Null
            | Type::Decision
            | Type::Optional(_)
            | Type::Wrapper(_)
            | Type::Type(_)
            | Type::Message(_)
            | Type::Enum(_)
            | Type::Opaque(..)
            | Type::Param(_)
            | Type::Variable(_) => ArgumentKind::Any,
        };
        return (lists, kind);
    }
}

/// The meters, ascending by name. Terms are numbered as documents have them.
fn meters(checked: &Checked<'_>, tables: &mut Tables) -> Vec<MeterRow> {
    let mut found: Vec<(&Name, MeterRow)> = Vec::new();
    let policies = checked.parsed().policies.iter();
    let numbered = policies.zip(first_terms(checked));
    let meters = numbered.flat_map(|(document, first)| {
        document.meters.iter().scan(first, |next, meter| {
            let own = *next;
            *next += u16::from(meter.key.is_some()) + u16::from(meter.amount.is_some());
            Some((meter, own))
        })
    });
    for (meter, mut terms) in meters {
        let mut term = |written: bool| {
            let number = if written { terms } else { NONE };
            terms = terms.saturating_add(u16::from(written));
            number
        };
        let (key, amount) = (term(meter.key.is_some()), term(meter.amount.is_some()));
        let window = match &meter.window {
            MeterWindow::Session => WindowRow::Session,
            MeterWindow::Sliding(length, part) => WindowRow::Sliding(*length, *part),
            MeterWindow::Calendar(period, zone) => {
                WindowRow::Calendar(*period, tables.string(zone))
            }
            MeterWindow::Bucket(refill, per) => WindowRow::Bucket(*refill, *per),
        };
        let on = meter.on.iter().map(|pattern| tables.string(&pattern.value)).collect();
        let (name, keys_max) = (tables.string(&meter.name.value), meter.keys_max);
        let count = if amount == NONE { meter.count } else { 0 };
        let row = MeterRow { name, on, key, amount, count, window, keys_max };
        found.push((&meter.name.value, row));
    }
    found.arrange_by(|a, b| a.0.cmp(b.0));
    found.into_iter().map(|(_, row)| row).collect()
}

/// The number of the first term of each document.
fn first_terms(checked: &Checked<'_>) -> Vec<u16> {
    let mut next = 0_usize;
    let first = |document: &PolicyDocument| {
        let own = next;
        next += document.terms.len();
        u16::try_from(own).unwrap_or(NONE)
    };
    checked.parsed().policies.iter().map(first).collect()
}

/// The plan. Its terms stand behind those of the meters of its document, step by step.
fn plan(checked: &Checked<'_>, tables: &mut Tables) -> Option<PlanRow> {
    let policies = &checked.parsed().policies;
    let at = policies.iter().position(|document| document.plan.is_some())?;
    let (document, first) = (policies.get(at)?, *first_terms(checked).get(at)?);
    let plan = document.plan.as_ref()?;
    let asking = plan.steps.iter().filter(|step| step.asks());
    let behind = document.terms.len().checked_sub(asking.clone().count())?;
    let first = first.saturating_add(u16::try_from(behind).ok()?);
    let numbers: Vec<(&Name, u16)> = asking.map(|step| &step.name.value).zip(first..).collect();
    let (steps, _) = plan.ordered();
    let rows = steps.iter().map(|step| {
        let place = |name: &Spanned<Name>| steps.iter().position(|it| it.name.value == name.value);
        let mut after: Vec<u16> =
            step.after.iter().filter_map(place).filter_map(|at| u16::try_from(at).ok()).collect();
        after.arrange();
        after.dedup();
        let demands: usize = step.args.iter().map(|(_, demands)| demands.len()).sum();
        let demands = demands + usize::from(step.requires.is_some());
        let number = numbers.iter().find(|(name, _)| **name == step.name.value);
        StepRow {
            name: tables.string(&step.name.value),
            tool: tables.string(&step.tool.value),
            after,
            times: step.times,
            weight: u16::try_from(demands).unwrap_or(u16::MAX),
            term: number.map_or(NONE, |(_, number)| *number),
        }
    });
    let rows = rows.collect();
    let mut tools: Vec<&Tool> = policies.iter().flat_map(|document| &document.tools).collect();
    tools.arrange_by(|a, b| a.name.value.cmp(&b.name.value));
    let (readers, others): (Vec<&Tool>, Vec<&Tool>) =
        tools.into_iter().partition(|tool| tool.only_reads());
    let mut names =
        |tools: &[&Tool]| tools.iter().map(|tool| tables.string(&tool.name.value)).collect();
    let (readers, others) = (names(&readers), names(&others));
    let reads = plan.reads.iter().map(|pattern| tables.string(&pattern.value)).collect();
    let mut params: Vec<(&Name, Param)> =
        plan.params.iter().map(|(name, ty)| (&name.value, *ty)).collect();
    params.arrange_by(|(a, _), (b, _)| a.cmp(b));
    let params = params.into_iter().map(|(name, ty)| (tables.string(name), ty)).collect();
    Some(PlanRow { params, steps: rows, reads, budget: plan.budget, readers, others })
}

/// The numbers of terms, by their expressions.
fn terms(checked: &Checked<'_>) -> FxHashMap<ExprId, u16> {
    let terms = checked.parsed().policies.iter().flat_map(|document| &document.terms);
    terms.map(|term| term.expr).zip(0..NONE).collect()
}

/// The sanitizers and declassifications, ascending by name.
fn takers(checked: &Checked<'_>, tables: &mut Tables) -> (Vec<SanitizerRow>, Vec<DeclassifyRow>) {
    let (known, terms) = (&checked.analysis().labels, terms(checked));
    let policies = &checked.parsed().policies;
    // What nothing is known of stays, unless it is named, or one of few values comes of it.
    let fit = |patterns: &[Spanned<Name>], all: bool| {
        let meant = |label: &&Name| {
            patterns.iter().any(|pattern| {
                let exact = pattern.value == **label;
                exact || glob::matches(&pattern.value, label) && (all || ***label != *UNKNOWN)
            })
        };
        let found = known.names.iter().filter(|label| !is_mark(label)).filter(meant);
        found.filter_map(|label| known.number(label)).collect::<Vec<u16>>()
    };
    let numbers = |labels: &[Spanned<Name>], mark: String| {
        let names = labels.iter().map(|label| label.value.as_str()).chain([mark.as_str()]);
        let mut numbers: Vec<u16> = names.filter_map(|name| known.number(name)).collect();
        numbers.arrange();
        numbers.dedup();
        numbers
    };
    let sanitizers = policies.iter().flat_map(|document| &document.sanitizers);
    let mut sanitizers: Vec<&Sanitizer> = sanitizers.collect();
    sanitizers.arrange_by(|a, b| a.name.value.cmp(&b.name.value));
    let sanitizers = sanitizers.into_iter().map(|it| SanitizerRow {
        name: tables.string(&it.name.value),
        tool: tables.string(&it.tool.value),
        arg: it.arg.value.iter().map(|key| tables.string(key)).collect(),
        removes: fit(&it.removes, it.values.is_some()),
        adds: numbers(&it.adds, format!("{SANITIZER}{}", it.name.value)),
        requires: it.requires.and_then(|expr| terms.get(&expr).copied()).unwrap_or(NONE),
        typed: it.values.is_some(),
    });
    let sanitizers = sanitizers.collect();
    let entries = policies.iter().flat_map(|document| &document.declassify);
    let mut entries: Vec<&Declassify> = entries.collect();
    entries.arrange_by(|a, b| a.id.value.cmp(&b.id.value));
    let entries = entries.into_iter().map(|it| DeclassifyRow {
        id: tables.string(&it.id.value),
        tool: tables.string(&it.tool.value),
        path: way(&it.path, tables),
        removes: fit(&it.from, false),
        adds: numbers(it.to.as_slice(), format!("{DECLASSIFIED}{}", it.id.value)),
        by: it.by.iter().map(|name| tables.string(&name.value)).collect(),
    });
    (sanitizers, entries.collect())
}

/// A path, as rows have it.
fn way(keys: &[Option<Name>], tables: &mut Tables) -> Vec<Step> {
    let step = |key: &Option<Name>| match key {
        Some(key) => Step::Key(tables.string(key)),
        None => Step::Any,
    };
    keys.iter().map(step).collect()
}

/// The answers, ascending by the rules that they are about.
fn denials(checked: &Checked<'_>, tables: &mut Tables) -> Vec<DenialRow> {
    let policies = &checked.parsed().policies;
    let denials = policies.iter().flat_map(|document| &document.denials);
    let mut denials: Vec<&Denial> = denials.collect();
    denials.arrange_by(|a, b| a.rules.cmp(&b.rules));
    // An answer that others leave no rule is none.
    denials.retain(|denial| !denial.rules.is_empty() || denial.rule.value == DEFAULT);
    let plan = policies.iter().find_map(|document| document.plan.as_ref());
    let (steps, _) = plan.map(DocumentPlan::ordered).unwrap_or_default();
    let terms = terms(checked);
    let term = |expr: ExprId| terms.get(&expr).copied().unwrap_or(NONE);
    let tools = policies.iter().flat_map(|document| &document.tools);
    let declared = |name: &Name| tools.clone().find(|tool| tool.name.value == *name);
    let question = |denial: &Denial, tables: &mut Tables| -> Vec<QuestionPart> {
        let mut names = denial.names.iter();
        let parts = denial.question.iter().flat_map(|question| &question.parts);
        let part = |part: &TemplatePart| match part {
            TemplatePart::Text(text) => QuestionPart::Text(tables.string(text)),
            TemplatePart::Expr(hole) => {
                let name = names.next().map_or("", Name::as_str);
                QuestionPart::Value(term(*hole), tables.string(name))
            }
        };
        parts.map(part).collect()
    };
    let row = |denial: &&Denial| DenialRow {
        rules: denial.rules.iter().map(|rule| tables.string(rule)).collect(),
        respond: denial.respond,
        retries: denial.retries,
        disclose: denial.disclose,
        offers: denial
            .offers
            .iter()
            .map(|offer| offer_row(offer, declared(&offer.tool.value), term, tables))
            .collect(),
        question: question(denial, tables),
        backtrack: denial.backtrack.as_ref().map(|backtrack| {
            let mut undone: Vec<(u16, Option<u32>)> = backtrack
                .undone
                .iter()
                .filter_map(|(name, tool)| {
                    let at = steps.iter().position(|step| step.name.value == *name)?;
                    Some((u16::try_from(at).ok()?, tool.as_ref().map(|tool| tables.string(tool))))
                })
                .collect();
            undone.arrange();
            BacktrackRow { undone, max: backtrack.max, otherwise: backtrack.otherwise }
        }),
    };
    denials.iter().map(row).collect()
}

fn offer_row(
    offer: &Offer,
    tool: Option<&Tool>,
    term: impl Fn(ExprId) -> u16,
    tables: &mut Tables,
) -> OfferRow {
    let needs = |name: &Name| {
        let args = tool.into_iter().flat_map(|tool| &tool.args);
        args.into_iter().any(|field| field.name.value == *name && !field.optional)
    };
    let (keep, rest): (Vec<_>, Vec<_>) = offer.keep.iter().partition(|name| needs(&name.value));
    let keep = keep.into_iter().map(|name| tables.string(&name.value)).collect();
    let rest = rest.into_iter().map(|name| (&name.value, NONE));
    let set = offer.set.iter().map(|(name, expr)| (&name.value, term(*expr)));
    let set = set.chain(rest).map(|(name, term)| (tables.string(name), term)).collect();
    OfferRow { tool: tables.string(&offer.tool.value), keep, set }
}

/// The limits, ascending by id.
fn limits(checked: &Checked<'_>, tables: &mut Tables) -> Vec<LimitRow> {
    let limits = checked.parsed().policies.iter().flat_map(|document| &document.limits);
    let mut limits: Vec<&Limit> = limits.collect();
    limits.arrange_by(|a, b| a.id.value.cmp(&b.id.value));
    let known = &checked.analysis().measures.meters;
    let row = |limit: &&Limit| {
        let meter = known.binary_search(&limit.meter.value).ok()?;
        let id = tables.string(&limit.id.value);
        Some(LimitRow { id, meter: u16::try_from(meter).ok()?, max: limit.max })
    };
    limits.iter().filter_map(row).collect()
}

/// A part of the key under which a tool stores.
fn store(part: &DocumentPart, tables: &mut Tables) -> StorePart {
    match part {
        DocumentPart::Text(text) => StorePart::Text(tables.string(text)),
        DocumentPart::Member(name) => StorePart::Member(tables.string(name)),
        DocumentPart::Argument(name) => StorePart::Argument(tables.string(name)),
    }
}

/// What the fields of a tool's output carry: as it is written; else nothing is known, and what its
/// arguments carry, if it acts.
fn outputs(
    tool: &Tool,
    (number, terms): (&impl Fn(&Name) -> Option<u16>, &FxHashMap<ExprId, u16>),
    tables: &mut Tables,
) -> Vec<FieldLabels> {
    let Some(written) = &tool.output else {
        // Many that act tell what they have met, as a tool that edits a file does.
        let (path, labels) = (Vec::new(), number(&Name::new(UNKNOWN)).into_iter().collect());
        let (when, audience) = (NONE, NONE);
        let inherits = FieldLabels { path, labels, inherit: true, when, audience };
        return if tool.acts() { vec![inherits] } else { Vec::new() };
    };
    let row = |output: &Output| {
        let mut path = way(&output.keys, tables);
        if let Some(last) = path.last_mut().filter(|_| output.names) {
            *last = Step::Names;
        }
        let names = output.labels.iter();
        let mut labels: Vec<u16> = names.filter_map(|name| number(&name.value)).collect();
        labels.arrange();
        labels.dedup();
        let term =
            |expr: Option<ExprId>| expr.and_then(|expr| terms.get(&expr).copied()).unwrap_or(NONE);
        let (when, audience) = (term(output.when), term(output.audience));
        FieldLabels { path, labels, inherit: output.inherit, when, audience }
    };
    written.iter().map(row).collect()
}
