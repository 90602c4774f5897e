//! What all parts of the checker share.
//!
//! In:      the files, the parsed project, the options.
//! Out:     the tables of `Analysis`, filled part by part.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`, `lang`.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::arrange::Arrange as _;
use crate::base::index::IndexVec;
use crate::base::name::Name;
use crate::base::span::{FileId, Span};
use crate::compiler::check::Options;
use crate::compiler::check::analysis::{
    Analysis, Host, HostId, Root, RootId, ToolInfo, Use, VariableId, VariableInfo,
};
use crate::compiler::check::decision::Templates;
use crate::compiler::check::error::{CheckError, ContextFault, PolicyError};
use crate::compiler::check::overload::FunctionIndex;
use crate::compiler::check::schema::proto::UnusableFile;
use crate::compiler::check::schema::{DeclaredRoot, environment, proto};
use crate::compiler::check::scope::Declared;
use crate::compiler::check::unify::Unifier;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::ast::{Ast, ExprId};
use crate::compiler::syntax::document::model::{Parsed, Wait};
use crate::diag::codes::Code;
use crate::diag::sink::Sink;
use crate::lang::messages::Messages;
use crate::lang::session::MEMBERS;
use crate::lang::types::{Type, TypeId, TypeTable};

/// Most parts of two types that are compared; whatever comes after is taken as equal.
const DIFFERENCE_STEPS_MAX: usize = 100_000;

/// The state of one run.
pub(super) struct Checker<'a> {
    /// The files.
    pub files: &'a SourceMap,
    /// The project.
    pub parsed: &'a Parsed,
    /// The messages of decisions, cut at their braces.
    pub templates: &'a Templates,
    /// Whether every type must come from somewhere.
    pub strict: bool,
    /// Whether every expression is `dyn`.
    pub unchecked: bool,
    /// The builtins.
    pub table: FunctionIndex,
    /// What was found out so far.
    pub out: Analysis,
    /// The message and enum types of the project.
    pub messages: Arc<Messages>,
    /// The files of types that cannot be used.
    unusable: Vec<UnusableFile>,
    /// Those that were reported, by what is wrong in them.
    blamed: FxHashSet<FileId>,
    /// Where an environment makes types of enums.
    pub strong_enums: Option<Span>,
    /// The type variables of the expression at hand.
    pub unifier: Unifier,
    /// What each variable reads of a call, directly or through others.
    pub reads: IndexVec<VariableId, CallAccess>,
    /// Where to report.
    pub sink: &'a mut Sink,
    roots: FxHashMap<Vec<Name>, RootId>,
    hosts: FxHashMap<Declared, HostId>,
    /// Functions of the host that documents declare, by name and the types of their arguments.
    declared_hosts: FxHashMap<(Name, String), (String, Wait, Span)>,
    /// The message that a document says the context is, and where.
    whole_context: Option<(Name, Span)>,
    /// Whether documents name several.
    several_contexts: bool,
    /// The types that documents give the roots of the context.
    declared: FxHashMap<Vec<Name>, (TypeId, Span)>,
}

/// What an expression reads of a call.
#[derive(Clone, Debug, Default)]
pub(super) struct CallAccess {
    /// The arguments of tools.
    pub args: Vec<Name>,
    /// A field that exists after the call only.
    pub response: Option<String>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(
        files: &'a SourceMap,
        parsed: &'a Parsed,
        templates: &'a Templates,
        options: Options,
        sink: &'a mut Sink,
    ) -> Self {
        let (mut messages, unusable) = proto::messages(files);
        let strong_enums = environment::strong_enums(&parsed.environments);
        messages.strong_enums = strong_enums.is_some();
        let messages = Arc::new(messages);
        let mut out = Analysis { messages: messages.clone(), ..Analysis::default() };
        out.expr_types.resize(parsed.ast.exprs.len(), TypeTable::DYN);
        out.uses.resize(parsed.ast.exprs.len(), Use::Plain);
        Self {
            files,
            parsed,
            templates,
            strict: options.strict,
            unchecked: options.unchecked,
            table: FunctionIndex::new(),
            out,
            messages,
            unusable,
            blamed: FxHashSet::default(),
            strong_enums,
            unifier: Unifier::default(),
            reads: IndexVec::new(),
            sink,
            roots: FxHashMap::default(),
            hosts: FxHashMap::default(),
            declared_hosts: FxHashMap::default(),
            whole_context: None,
            several_contexts: false,
            declared: FxHashMap::default(),
        }
    }

    /// The tree; it lives as long as the project.
    pub(super) fn ast(&self) -> &'a Ast {
        &self.parsed.ast
    }

    pub(super) fn report(&mut self, error: impl Into<CheckError>) {
        self.sink.report(error.into());
    }

    /// Reports the file of types that would define one of `names`, which `at` refers to, if it
    /// cannot be used; false if there is no such file.
    pub(super) fn blame(&mut self, at: Span, names: &[String]) -> bool {
        self.blame_if(at, |file| names.iter().any(|name| file.defines(name)))
    }

    /// Reports the file of types at `path`, which `at` refers to, if it cannot be used.
    pub(super) fn blame_file(&mut self, at: Span, path: &str) -> bool {
        self.blame_if(at, |file| file.is_at(path))
    }

    fn blame_if(&mut self, at: Span, refers: impl Fn(&UnusableFile) -> bool) -> bool {
        let Some(file) = self.unusable.iter().find(|file| refers(file)) else { return false };
        if self.blamed.insert(file.cause) {
            self.sink.report(file.why.clone().label(at, "needed here"));
        }
        true
    }

    /// Whether a syntax error stands in `root`: then nobody knows where a decision was meant.
    pub(super) fn is_misread(&self, root: ExprId) -> bool {
        self.sink.has_error_at(self.ast().span(root), Code::is_syntax)
    }

    /// The bytes of an expression as they are written.
    pub(super) fn text(&self, id: ExprId) -> &'a str {
        self.files.text(self.ast().span(id))
    }

    /// The bytes that spell `range` of the string that `literal` stands for; all of the literal
    /// where escapes are between.
    pub(super) fn inside(&self, literal: ExprId, text: &str, range: Range<usize>) -> Span {
        let span = self.ast().span(literal);
        let Some(from) = verbatim(self.files.text(span), text) else { return span };
        let place = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let start = span.start.saturating_add(from);
        let (first, last) = (place(range.start), place(range.end.max(range.start)));
        Span::new(span.file, start.saturating_add(first), start.saturating_add(last))
    }

    /// The type in CEL's words.
    pub(super) fn show(&self, ty: TypeId) -> String {
        self.out.types.show(ty)
    }

    /// The type of a typed expression.
    pub(super) fn type_at(&self, id: ExprId) -> TypeId {
        self.out.expr_types.get(id).copied().unwrap_or(TypeTable::ERROR)
    }

    pub(super) fn set_type(&mut self, id: ExprId, ty: TypeId) {
        if let Some(entry) = self.out.expr_types.get_mut(id) {
            *entry = ty;
        }
    }

    /// What an expression refers to.
    pub(super) fn used(&self, id: ExprId) -> &Use {
        self.out.uses.get(id).unwrap_or(&Use::Plain)
    }

    /// What `id` is.
    pub(super) fn ty(&self, id: TypeId) -> &Type {
        self.out.types.get(id)
    }

    /// The root at `path`; its type is that of the first document that names it.
    pub(super) fn root(&mut self, path: &[Name], ty: TypeId, span: Option<Span>) -> RootId {
        if let Some(id) = self.roots.get(path) {
            return *id;
        }
        let id = self.out.roots.push(Root { path: path.to_vec(), ty, span });
        self.roots.insert(path.to_vec(), id);
        id
    }

    /// Takes in the roots that a document declares; a part of the context has one type, whichever
    /// document speaks of it.
    pub(super) fn agree_on(&mut self, roots: &[DeclaredRoot]) {
        for root in roots {
            let Some((before, first)) = self.declared.get(&root.path).copied() else {
                self.declared.insert(root.path.clone(), (root.ty, root.span));
                self.can_be_filled(root);
                continue;
            };
            let path = root.path.iter().map(Name::as_str).collect::<Vec<_>>().join(".");
            let found =
                difference(&self.out.types, (path, Some(first), Some(root.span)), before, root.ty);
            if let Some(((path, first, at), before, after)) = found {
                let types = (self.show(before), self.show(after));
                let (at, first) = (at.unwrap_or(root.span), first.unwrap_or(root.span));
                self.report(PolicyError::RootTypes { at, first, path, types });
            }
        }
    }

    /// Takes in a function of the host that a document declares: about the same arguments the host
    /// gives one result, whichever document asks.
    pub(super) fn agree_on_host(&mut self, function: &Declared, at: Span) {
        let params = function.params.iter().map(|ty| self.show(*ty)).collect::<Vec<_>>().join(", ");
        let (result, wait) = (self.show(function.result), function.wait);
        let key = (function.name.clone(), params);
        let Some((before, waits, first)) = self.declared_hosts.get(&key).cloned() else {
            self.declared_hosts.insert(key, (result, wait, at));
            return;
        };
        if before != result || waits != wait {
            let results = (before != result).then_some((before, result));
            let call = format!("{}({})", key.0, key.1);
            self.report(PolicyError::HostTwice { at, first, call, results });
        }
    }

    /// Reports a root that no request of a session can bring.
    fn can_be_filled(&mut self, root: &DeclaredRoot) {
        let sessions = !(self.out.labels.is_empty() && self.out.measures.is_empty());
        let name = root.path.first().filter(|name| MEMBERS.contains(&name.as_str()));
        if let (true, Some(name)) = (sessions, name) {
            self.report(PolicyError::UnfilledRoot { at: root.span, name: name.clone() });
        }
    }

    /// Takes in that a document has the message `name` as its context.
    pub(super) fn is_whole_context(&mut self, at: Span, name: &Name) {
        let Some((before, first)) = &self.whole_context else {
            self.whole_context = Some((name.clone(), at));
            self.out.context = Some(name.clone());
            return;
        };
        if before != name {
            self.several_contexts = true;
            let (first, fault) =
                (Some(*first), ContextFault::Messages(before.clone(), name.clone()));
            self.report(PolicyError::Context { at, first, fault });
        }
    }

    /// Gives expressions that stand in rules only as copies what was found out of their copies: a
    /// type where all have the same, and what the first one means.
    pub(super) fn settle_copied(&mut self) {
        let mut seen = FxHashSet::default();
        for (id, copy) in &self.parsed.ast.copied {
            let (Some(ty), Some(used)) =
                (self.out.expr_types.get(*copy).copied(), self.out.uses.get(*copy).cloned())
            else {
                continue;
            };
            let (Some(own), Some(meaning)) =
                (self.out.expr_types.get_mut(*id), self.out.uses.get_mut(*id))
            else {
                continue;
            };
            if seen.insert(*id) {
                (*own, *meaning) = (ty, used);
            } else if *own != ty {
                *own = TypeTable::DYN;
            }
        }
    }

    /// Sees whether what documents declare can stand in the message that the context is.
    pub(super) fn settle_context(&mut self) {
        let Some((name, at)) = self.whole_context.clone().filter(|_| !self.several_contexts) else {
            return;
        };
        if self.out.about_tools {
            let (first, fault) = (None, ContextFault::Tools(name));
            self.report(PolicyError::Context { at, first, fault });
            return;
        }
        let messages = self.messages.clone();
        let Some(message) = messages.message(&name) else { return };
        let known = |path: &[Name]| matches!(path, [field] if message.field(field).is_some());
        let strangers = self.declared.iter().filter(|(path, _)| !known(path));
        let mut strangers: Vec<_> =
            strangers.map(|(path, (_, span))| (*span, path.clone())).collect();
        strangers.arrange();
        for (span, path) in strangers {
            let path = path.iter().map(Name::as_str).collect::<Vec<_>>().join(".");
            let (first, fault) = (Some(at), ContextFault::Root(path, name.clone()));
            self.report(PolicyError::Context { at: span, first, fault });
        }
    }

    /// The host function, which is now called.
    pub(super) fn host(&mut self, function: &Declared) -> HostId {
        if let Some(id) = self.hosts.get(function) {
            return *id;
        }
        let id = self.out.hosts.push(Host {
            name: function.name.clone(),
            id: function.id.clone(),
            params: function.params.clone(),
            result: function.result,
            wait: function.wait,
        });
        self.hosts.insert(function.clone(), id);
        id
    }

    /// A new variable of a policy.
    pub(super) fn variable(
        &mut self,
        name: Name,
        expr: ExprId,
        ty: TypeId,
        reads: CallAccess,
    ) -> VariableId {
        self.reads.push(reads);
        self.out.variables.push(VariableInfo { name, expr, ty })
    }

    /// The tool at this position.
    pub(super) fn tool(&self, at: usize) -> Option<&ToolInfo> {
        self.out.tools.get(at)
    }
}

/// Where the string of a literal starts in its spelling, if it is spelled without escapes.
pub(super) fn verbatim(written: &str, text: &str) -> Option<u32> {
    let from = written.find(text)?;
    let shortest = text.len() + 2;
    let plain = (1..=5).contains(&from) && written.len() >= shortest && !text.is_empty();
    let quotes = written.len() - text.len() - from;
    (plain && (1..=3).contains(&quotes)).then_some(u32::try_from(from).ok()?)
}

/// A part of the context, and where two documents declare it.
type ContextPart = (String, Option<Span>, Option<Span>);

/// The first part of two types of one root in which they differ, with both of its types. What is
/// `dyn` in one of them differs from nothing.
fn difference(
    types: &TypeTable,
    part: ContextPart,
    a: TypeId,
    b: TypeId,
) -> Option<(ContextPart, TypeId, TypeId)> {
    let mut left = vec![(part, a, b)];
    let mut steps = 0;
    while let Some((part, a, b)) = left.pop() {
        steps += 1;
        if a == b || steps > DIFFERENCE_STEPS_MAX {
            continue;
        }
        let open = |ty| matches!(types.get(ty), Type::Dyn | Type::Error | Type::Map(..));
        if open(a) || open(b) {
            continue;
        }
        if let (Type::List(a), Type::List(b)) = (types.get(a), types.get(b)) {
            left.push((part, *a, *b));
            continue;
        }
        let (Some(one), Some(other)) = (types.fields(a), types.fields(b)) else {
            return Some((part, a, b));
        };
        for field in one {
            if let Some(twin) = other.iter().find(|twin| twin.name == field.name) {
                let path = format!("{}.{}", part.0, field.name);
                left.push(((path, field.span, twin.span), field.ty, twin.ty));
            }
        }
    }
    None
}
