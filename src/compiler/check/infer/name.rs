//! Names: variables of macros first, then the longest prefix that is declared.

use crate::base::name::Name;
use crate::base::span::Span;
use crate::compiler::check::analysis::{LocalId, Use, VariableId};
use crate::compiler::check::error::{Hint, NameError};
use crate::compiler::check::infer::{Infer, Step};
use crate::compiler::check::overload::open;
use crate::compiler::check::schema::proto::message_type;
use crate::compiler::check::scope::{Entity, Resolution};
use crate::compiler::check::state::CallAccess;
use crate::compiler::syntax::ast::{Ast, ExprId, ExprKind};
use crate::diag::suggest::nearest;
use crate::lang::constant::Constant;
use crate::lang::types::{Type, TypeId, TypeTable};

/// A chain of plain selections from an identifier, as `a.b.c`.
pub(super) struct Chain<'a> {
    /// The identifier and every selection, innermost first.
    pub nodes: Vec<ExprId>,
    /// Its names, beside `nodes`.
    pub segments: Vec<&'a str>,
    /// Whether it begins with a dot.
    pub root: bool,
}

/// The chain that ends at `id`, if it is one.
pub(super) fn chain(ast: &Ast, id: ExprId) -> Option<Chain<'_>> {
    let (mut nodes, mut segments) = (Vec::new(), Vec::new());
    let mut at = id;
    while let ExprKind::Select { operand, field, optional: false } = ast.kind(at) {
        if field.quoted {
            return None;
        }
        nodes.push(at);
        segments.push(field.name.as_str());
        at = *operand;
    }
    let ExprKind::Ident { name, root } = ast.kind(at) else { return None };
    nodes.push(at);
    segments.push(name.as_str());
    nodes.reverse();
    segments.reverse();
    Some(Chain { nodes, segments, root: *root })
}

impl Infer<'_, '_> {
    /// The innermost variable of a macro with this name.
    pub(super) fn local(&self, name: &str) -> Option<LocalId> {
        let locals = &self.cx.out.locals;
        let named = |id: &LocalId| locals.get(*id).is_some_and(|local| local.name == *name);
        self.locals.iter().rev().copied().find(named)
    }

    pub(super) fn visit_name(&mut self, id: ExprId) {
        let Some(found) = chain(self.ast, id) else {
            self.visit_then_finish(id, self.ast.children(id).into_iter());
            return;
        };
        let first = found.segments.first().copied().unwrap_or_default();
        let local = if found.root { None } else { self.local(first) };
        if let (Some(local), Some(node)) = (local, found.nodes.first().copied()) {
            let ty = self.local_type(local);
            self.set(node, ty);
            self.refer(node, Use::Local(local));
            self.finish_later(&found, 1);
            return;
        }
        let scope = self.scope;
        if let Some((count, meaning)) = scope.resolve(&found.segments, found.root) {
            self.parts(&found, count.saturating_sub(1));
            if let Some(node) = found.nodes.get(count.saturating_sub(1)).copied() {
                self.mean(node, meaning);
            }
            self.finish_later(&found, count);
        } else if self.unknown_member(&found) || self.in_unusable_file(&found) {
            // Reported.
        } else if let (true, Some(node)) = (scope.flexible, found.nodes.first().copied()) {
            let root = self.cx.root(&[Name::new(first)], TypeTable::DYN, None);
            self.set(node, TypeTable::DYN);
            self.refer(node, Use::Root(root));
            self.finish_later(&found, 1);
        } else {
            self.unknown(&found);
        }
    }

    /// Marks the first `count` nodes as parts of a longer name.
    pub(super) fn parts(&mut self, found: &Chain<'_>, count: usize) {
        for node in found.nodes.iter().take(count) {
            self.refer(*node, Use::Part);
        }
    }

    fn finish_later(&mut self, found: &Chain<'_>, from: usize) {
        self.steps.extend(found.nodes.iter().skip(from).rev().map(|node| Step::Finish(*node)));
    }

    /// Refuses `variables.x` and `data.x` where the document has such a section without an `x`.
    fn unknown_member(&mut self, found: &Chain<'_>) -> bool {
        let [first, name, ..] = found.segments.as_slice() else { return false };
        let spaces = ["variables", "data"];
        let Some(space) = spaces.into_iter().find(|space| self.scope.ours && space == first) else {
            return false;
        };
        let Some(node) = found.nodes.get(1).copied() else { return false };
        let mut known = self.scope.members(space).peekable();
        let later = self.declared_later(found);
        let unread = space == "variables" && !self.scope.later.is_empty();
        if known.peek().is_none() && !unread {
            return false;
        }
        let nearest = || nearest(name, known).map(str::to_owned).map(Hint::Nearest);
        let hint = later.or_else(nearest);
        let (at, name) = (self.field_span(node), (*name).to_owned());
        self.refuse_all(found);
        self.report(NameError::UnknownMember { at, space, name, hint });
        true
    }

    /// Refuses a name that a file of types would define which cannot be used.
    fn in_unusable_file(&mut self, found: &Chain<'_>) -> bool {
        let names = self.scope.candidates(&found.segments.join("."), found.root);
        let at = found.nodes.last().map(|node| self.ast.span(*node));
        let blamed = at.is_some_and(|at| self.cx.blame(at, &names));
        if blamed {
            self.refuse_all(found);
        }
        blamed
    }

    /// Where `variables.x`, or `x` in a document of ours, is declared, if that is not above.
    fn declared_later(&self, found: &Chain<'_>) -> Option<Hint> {
        let bare = self.scope.ours && !self.scope.admission;
        let name = match found.segments.as_slice() {
            ["variables", name, ..] => name,
            [name, ..] if bare => name,
            _ => return None,
        };
        let at = self.ast.span(*found.nodes.first()?);
        let declared = self.scope.later.get(*name)?;
        let file = self.cx.files.get(declared.file)?;
        let below = declared.start > at.start;
        let line = below.then(|| file.lines.place(&file.text, declared.start).line);
        Some(Hint::Later { name: (*name).to_owned(), line })
    }

    /// The variable that is nearest to `variables.x`.
    fn near_member(&self, found: &Chain<'_>) -> Option<String> {
        let ["variables", name, ..] = found.segments.as_slice() else { return None };
        let known: Vec<&str> = self.scope.members("variables").collect();
        let near = nearest(name, known.iter().copied());
        let only = || known.first().copied().filter(|_| known.len() == 1 && name.len() > 1);
        let near = near.or_else(only)?;
        Some(format!("variables.{near}"))
    }

    fn refuse_all(&mut self, found: &Chain<'_>) {
        for node in &found.nodes {
            self.set(*node, TypeTable::ERROR);
        }
    }

    fn unknown(&mut self, found: &Chain<'_>) {
        self.refuse_all(found);
        let at = found.nodes.first().map(|node| self.ast.span(*node));
        let Some(at) = at else { return };
        let first = found.segments.first().copied().unwrap_or_default();
        if let ["windows", window, ..] = found.segments.as_slice()
            && self.scope.windows.contains_key(*window)
        {
            let name = (*window).to_owned();
            return self.report(NameError::WindowValue { at, name });
        }
        let whole = found.segments.join(".");
        let locals = self.local_names();
        let later = self.declared_later(found);
        let nearest = literal_elsewhere(first)
            .map(str::to_owned)
            .or_else(|| self.scope.nearest_name(first, &locals))
            .or_else(|| self.near_member(found))
            .or_else(|| self.scope.nearest_name(&whole, &[]).filter(|_| whole != first));
        let other = if is_null_elsewhere(first) { Some(Hint::Null) } else { None };
        let given = if self.scope.admission { Some(Hint::Admission) } else { None };
        let hint = later.or(other).or_else(|| nearest.map(Hint::Nearest)).or(given);
        let name = first.to_owned();
        if self.scope.ours {
            self.report(NameError::UnknownName { at, name, hint });
        } else {
            let container = self.scope.container();
            self.report(NameError::Undeclared { at, name, container, hint });
        }
    }

    fn mean(&mut self, node: ExprId, meaning: Resolution<'_>) {
        let (ty, refers) = match meaning {
            Resolution::Type(name, ty) => {
                let ty = self.cx.out.types.intern(Type::Type(ty));
                (ty, Use::Constant(Constant::Type(name)))
            }
            Resolution::Message(name) => {
                let ty = message_type(&mut self.cx.out.types, name);
                let ty = self.cx.out.types.intern(Type::Type(ty));
                (ty, Use::Constant(Constant::Type(name.clone())))
            }
            Resolution::Enum(name) => {
                let ty = self.cx.out.types.intern(Type::Enum(name.clone()));
                let ty = self.cx.out.types.intern(Type::Type(ty));
                (ty, Use::Constant(Constant::Type(name.clone())))
            }
            Resolution::EnumValue(of, number) if self.scope.messages.strong_enums => {
                let ty = self.cx.out.types.intern(Type::Enum(of.clone()));
                (ty, Use::Enum(of.clone(), number))
            }
            Resolution::EnumValue(_, number) => {
                (TypeTable::INT, Use::Constant(Constant::Int(number.into())))
            }
            Resolution::Entity(Entity::Root { path, ty, span, response_only }) => {
                self.nobody_wrote(node, path, *ty, *span);
                let field = path.last().map(ToString::to_string).unwrap_or_default();
                let at = self.ast.span(node);
                if *response_only && !self.may_read_response(at, field, *span) {
                    self.set(node, TypeTable::ERROR);
                    return;
                }
                let id = self.cx.root(path, *ty, *span);
                let (types, unifier) = (&mut self.cx.out.types, &mut self.cx.unifier);
                // A type parameter in the type of a variable stands for any type.
                (open(types, unifier, *ty, &mut Vec::new()), Use::Root(id))
            }
            Resolution::Entity(Entity::Action) => {
                let ty = self.frame.action.unwrap_or(TypeTable::DYN);
                let path = [Name::new("action")];
                (ty, Use::Root(self.cx.root(&path, ty, None)))
            }
            Resolution::Entity(Entity::Args) => {
                let ty = self.frame.args.unwrap_or(TypeTable::DYN);
                let path = [Name::new("action"), Name::new("args")];
                (ty, Use::Root(self.cx.root(&path, ty, None)))
            }
            Resolution::Entity(Entity::Variable(id)) => {
                (self.variable(node, *id), Use::Variable(*id))
            }
            Resolution::Entity(Entity::Constant(value, ty)) => (*ty, Use::Constant(value.clone())),
            Resolution::Entity(Entity::Now) => (TypeTable::TIMESTAMP, Use::Now),
            Resolution::Entity(Entity::Result(ty)) => (*ty, Use::Result),
        };
        self.set(node, ty);
        self.refer(node, refers);
    }

    /// Notes that a field of the response is read; false, after a report, where none may be.
    pub(super) fn may_read_response(
        &mut self,
        at: Span,
        field: String,
        declared: Option<Span>,
    ) -> bool {
        if !self.frame.response {
            self.report(NameError::WrongPhase { at, field, declared });
            return false;
        }
        self.reads.response = Some(field);
        true
    }

    /// In strict mode a root needs a type from somewhere.
    fn nobody_wrote(&mut self, node: ExprId, path: &[Name], ty: TypeId, span: Option<Span>) {
        if self.cx.strict && ty == TypeTable::DYN && span.is_none() {
            let at = self.ast.span(node);
            let name = path.last().map(ToString::to_string).unwrap_or_default();
            self.report(NameError::NobodyWrote { at, name });
        }
    }

    /// The type of a variable; what it reads must be there for all tools of the rule.
    fn variable(&mut self, node: ExprId, id: VariableId) -> TypeId {
        let Some(info) = self.cx.out.variables.get(id) else { return TypeTable::ERROR };
        let (ty, name) = (info.ty, info.name.clone());
        let CallAccess { args: reads, response } =
            self.cx.reads.get(id).cloned().unwrap_or_default();
        for field in &reads {
            if !self.frame.union {
                self.argument_of_all(field, self.ast.span(node), Some(&name));
            }
        }
        for field in reads {
            self.read_argument(field);
        }
        if let Some(field) = response {
            if !self.frame.response {
                let (at, declared) = (self.ast.span(node), None);
                self.report(NameError::WrongPhase { at, field, declared });
                return TypeTable::ERROR;
            }
            self.reads.response = Some(field);
        }
        ty
    }

    /// Notes that an argument of a tool is read.
    pub(super) fn read_argument(&mut self, field: Name) {
        if !self.reads.args.contains(&field) {
            self.reads.args.push(field);
        }
    }

    /// Whether all tools that the rule speaks about have the argument with one type; if not, it
    /// says so.
    pub(super) fn argument_of_all(&mut self, field: &str, at: Span, via: Option<&Name>) -> bool {
        let Some(Type::Record(record)) = self.frame.args.map(|ty| self.cx.ty(ty)) else {
            return true;
        };
        if self.cx.out.types.field(*record, field).is_some() {
            return true;
        }
        let error = self.missing_argument(field, at, via);
        self.report(error);
        false
    }

    /// Sees that all tools that the rule speaks about have the argument, of whatever type; if one
    /// lacks it, it says so.
    pub(super) fn argument_of_each(&mut self, field: &str, at: Span) {
        let Some(Type::Record(record)) = self.frame.args.map(|ty| self.cx.ty(ty)) else { return };
        if self.cx.out.types.field(*record, field).is_none() {
            let error = self.missing_argument(field, at, None);
            if !matches!(error, NameError::ArgumentTypes { .. }) {
                self.report(error);
            }
        }
    }

    fn missing_argument(&mut self, field: &str, at: Span, via: Option<&Name>) -> NameError {
        let types = &self.cx.out.types;
        let type_of = |tool: &usize| {
            let info = self.cx.tool(*tool)?;
            let Type::Record(record) = types.get(info.args) else { return None };
            Some((info, types.field(*record, field).map(|field| field.ty)))
        };
        let tools: Vec<_> = self.frame.tools.iter().filter_map(type_of).collect();
        let lacking = tools.iter().find(|(_, ty)| ty.is_none());
        if let Some((tool, _)) = lacking {
            let known = tools.iter().filter_map(|(info, _)| types.fields(info.args));
            let known = known.flatten().map(|field| field.name.as_str());
            return NameError::UnknownArgument {
                at,
                tool: tool.name.clone(),
                declared: tool.span,
                field: field.to_owned(),
                nearest: nearest(field, known).map(str::to_owned),
                via: via.cloned(),
                narrowed: self.frame.narrowed,
            };
        }
        let mut kinds = tools.iter().filter_map(|(info, ty)| Some((info.name.clone(), (*ty)?)));
        let first = kinds.next();
        let other = kinds.find(|(_, ty)| first.as_ref().is_some_and(|(_, first)| first != ty));
        match (first, other) {
            (Some((tool, ty)), Some((other, another))) => NameError::ArgumentTypes {
                at,
                field: field.to_owned(),
                first: (tool, types.show(ty)),
                second: (other, types.show(another)),
            },
            (first, _) => NameError::UnknownArgument {
                at,
                tool: first.map_or_else(|| Name::new("action"), |(tool, _)| tool),
                declared: None,
                field: field.to_owned(),
                nearest: None,
                via: via.cloned(),
                narrowed: true,
            },
        }
    }
}

/// What CEL writes for a literal of other languages.
fn literal_elsewhere(name: &str) -> Option<&'static str> {
    match name {
        "True" | "TRUE" | "yes" => Some("true"),
        "False" | "FALSE" | "no" => Some("false"),
        _ => None,
    }
}

/// Whether a name is what other languages call null.
fn is_null_elsewhere(name: &str) -> bool {
    matches!(name, "None" | "nil" | "NULL" | "Null" | "undefined")
}
