//! Tools: their arguments, the patterns of `on`, and what `args` and `action` are in a rule.
//!
//! In:      the tools of all documents.
//! Out:     `Analysis::tools`; a `Frame` for every rule.
//! Imports: `base`, `compiler::syntax`, `diag`, `lang`.

use rustc_hash::FxHashMap;

use crate::base::arrange::Arrange as _;
use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::check::analysis::ToolInfo;
use crate::compiler::check::error::PolicyError;
use crate::compiler::check::schema::{record, written};
use crate::compiler::check::scope::Frame;
use crate::compiler::check::state::Checker;
use crate::compiler::syntax::document::model::Rule;
use crate::diag::suggest::nearest;
use crate::lang::glob;
use crate::lang::types::{RecordField, Type, TypeId, TypeTable};

/// Declares the tools of all documents; a name may be declared once.
pub(super) fn declare(cx: &mut Checker<'_>) {
    let mut seen: FxHashMap<Name, Span> = FxHashMap::default();
    for tool in cx.parsed.policies.iter().flat_map(|document| &document.tools) {
        let (name, at) = (tool.name.value.clone(), tool.name.span);
        if let Some(first) = seen.get(&name).copied() {
            cx.report(PolicyError::ToolTwice { at, first, name });
            continue;
        }
        seen.insert(name.clone(), at);
        let fields = tool.args.iter().map(|field| written::field(cx, field)).collect();
        let args = record(cx, None, fields, None, Some(at));
        cx.out.tools.push(ToolInfo { name, args, span: Some(at) });
    }
}

/// What the roots of a call are, apart from the tools.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ActionTypes {
    /// The type that the schema gives `action`.
    pub action: Option<TypeId>,
}

/// Makes frames; rules about the same tools share one.
#[derive(Default)]
pub(super) struct FrameCache {
    made: FxHashMap<(Vec<usize>, bool), (TypeId, TypeId)>,
}

impl FrameCache {
    /// What variables see: every argument that any tool has.
    pub(super) fn of_variables(&mut self, cx: &mut Checker<'_>, types: ActionTypes) -> Frame {
        let tools: Vec<usize> = (0..cx.out.tools.len()).collect();
        let (args, action) = self.types(cx, &tools, true, types);
        Frame {
            args: Some(args),
            action: Some(action),
            tools,
            narrowed: false,
            union: true,
            response: true,
        }
    }

    /// What a rule sees: every argument that all of its tools have with one type.
    pub(super) fn of_rule(
        &mut self,
        cx: &mut Checker<'_>,
        rule: &Rule,
        named: Option<&[usize]>,
        types: ActionTypes,
    ) -> Frame {
        let frame = self.of_term(cx, named, types);
        Frame { narrowed: !rule.on.is_empty(), response: rule.response, ..frame }
    }

    /// The same of what a session evaluates about calls of some tools.
    pub(super) fn of_term(
        &mut self,
        cx: &mut Checker<'_>,
        named: Option<&[usize]>,
        types: ActionTypes,
    ) -> Frame {
        let tools: Vec<usize> =
            named.map_or_else(|| (0..cx.out.tools.len()).collect(), <[usize]>::to_vec);
        let (args, action) = self.types(cx, &tools, false, types);
        Frame {
            args: Some(args),
            action: Some(action),
            tools,
            narrowed: true,
            union: false,
            response: false,
        }
    }

    fn types(
        &mut self,
        cx: &mut Checker<'_>,
        tools: &[usize],
        union: bool,
        types: ActionTypes,
    ) -> (TypeId, TypeId) {
        let key = (tools.to_vec(), union);
        if let Some(made) = self.made.get(&key) {
            return *made;
        }
        let args = if tools.is_empty() {
            declared_args(cx, types)
        } else {
            let fields = arguments(cx, tools, union);
            let known = fields.len();
            let has_more = |tool: &usize| {
                let args = cx.tool(*tool).and_then(|tool| cx.out.types.fields(tool.args));
                args.is_some_and(|args| args.len() > known)
            };
            let partial = tools.iter().any(has_more);
            let args = record(cx, Some(Name::new("args")), fields, None, None);
            if partial {
                cx.out.types.mark_partial(args);
            }
            args
        };
        let action = action(cx, types, args);
        self.made.insert(key, (args, action));
        (args, action)
    }
}

/// `args` where no tool is declared: what the schema says, or `dyn`.
fn declared_args(cx: &Checker<'_>, types: ActionTypes) -> TypeId {
    let Some(Type::Record(record)) = types.action.map(|ty| cx.ty(ty)) else {
        return TypeTable::DYN;
    };
    cx.out.types.field(*record, "args").map_or(TypeTable::DYN, |field| field.ty)
}

/// The object `action`, whose `args` are those of the rule.
fn action(cx: &mut Checker<'_>, types: ActionTypes, args: TypeId) -> TypeId {
    let field = |name: &str, ty: TypeId, required: bool| {
        RecordField::new(Name::new(name), ty, required, None)
    };
    let mut fields = vec![field("args", args, false)];
    let (mut rest, mut span) = (None, None);
    if let Some(Type::Record(declared)) = types.action.map(|ty| cx.ty(ty)) {
        let declared = &cx.out.types.object(*declared);
        fields.extend(declared.fields.iter().filter(|it| it.name != "args").cloned());
        (rest, span) = (declared.rest, declared.span);
    }
    for (name, required) in [("tool", true), ("server", false)] {
        if !fields.iter().any(|field| field.name == name) {
            fields.push(field(name, TypeTable::STRING, required));
        }
    }
    record(cx, Some(Name::new("action")), fields, rest, span)
}

/// The arguments that all of the tools have with one type, or (`union`) that any of them has.
fn arguments(cx: &Checker<'_>, tools: &[usize], union: bool) -> Vec<RecordField> {
    let types = &cx.out.types;
    // A field, how many tools have it, whether with different types.
    let mut found: Vec<(RecordField, usize, bool)> = Vec::new();
    for tool in tools {
        let Some(Type::Record(args)) = cx.tool(*tool).map(|tool| types.get(tool.args)) else {
            continue;
        };
        for field in &types.object(*args).fields {
            match found.iter_mut().find(|(known, ..)| known.name == field.name) {
                Some((known, count, differs)) => {
                    *count += 1;
                    known.required &= field.required;
                    *differs |= !same(cx, known.ty, field.ty);
                    known.max_items = looser(known.max_items.take(), field.max_items.clone());
                }
                None => found.push((field.clone(), 1, false)),
            }
        }
    }
    let fields = found.into_iter().filter_map(|(mut field, count, differs)| {
        field.required &= count == tools.len();
        if union {
            field.ty = if differs { TypeTable::DYN } else { field.ty };
            return Some(field);
        }
        (count == tools.len() && !differs).then_some(field)
    });
    fields.collect()
}

/// The bound that admits what either admits: none where one of them is none.
fn looser(a: Option<Spanned<u64>>, b: Option<Spanned<u64>>) -> Option<Spanned<u64>> {
    let (a, b) = (a?, b?);
    Some(if b.value > a.value { b } else { a })
}

/// Whether two arguments have one type; objects do if they have the same fields.
fn same(cx: &Checker<'_>, a: TypeId, b: TypeId) -> bool {
    let shape = |ty| {
        let fields = cx.out.types.fields(ty)?.iter();
        Some(fields.map(|field| (field.name.clone(), field.ty)).collect::<Vec<_>>())
    };
    a == b || shape(a).is_some_and(|a| Some(a) == shape(b))
}

/// The tools that the patterns of a rule name, by position; `None` where there are no patterns
/// or no tools to compare them with. A pattern that names none is reported.
pub(super) fn named_by(cx: &mut Checker<'_>, on: &[Spanned<Name>]) -> Option<Vec<usize>> {
    if on.is_empty() || cx.out.tools.is_empty() {
        return None;
    }
    let mut found: Vec<usize> = Vec::new();
    for pattern in on {
        let mut any = false;
        for (at, tool) in cx.out.tools.iter().enumerate() {
            if glob::matches(&pattern.value, &tool.name) {
                any = true;
                if !found.contains(&at) {
                    found.push(at);
                }
            }
        }
        if !any {
            let known = cx.out.tools.iter().map(|tool| tool.name.as_str());
            let nearest = nearest(&pattern.value, known).map(str::to_owned);
            let (at, pattern) = (pattern.span, pattern.value.clone());
            cx.report(PolicyError::UnknownTool { at, pattern, nearest });
        }
    }
    found.arrange();
    Some(found)
}
