//! Questions about the session: `label(args.x, "untrusted.*")`, `from(args.x)` and their siblings.
//!
//! Each becomes a place of the context below a root that only a session fills, so that all that
//! comes after knows it as input.

use crate::base::name::Name;
use crate::base::pointer;
use crate::compiler::check::analysis::Use;
use crate::compiler::check::error::{CallError, NameError};
use crate::compiler::check::infer::Infer;
use crate::compiler::check::infer::name::chain;
use crate::compiler::check::scope::Entity;
use crate::compiler::syntax::ast::{ExprId, ExprKind, Literal};
use crate::diag::suggest::nearest;
use crate::lang::session::{
    CTX, KINDS, MODEL, NONE, PLAN, PROMPT, Question, ROOT, SEVERAL, Subject,
};
use crate::lang::types::TypeTable;

impl Infer<'_, '_> {
    /// A question about the session: true if it is one, right or not.
    pub(super) fn visit_session(&mut self, id: ExprId) -> bool {
        let ExprKind::Call { target, name, root: false, args } = self.ast.kind(id) else {
            return false;
        };
        if !self.is_asked_so(*target, &name.value) {
            return false;
        }
        let asks = self.scope.ours && self.cx.out.about_tools;
        let Some(question) = Question::of(&name.value).filter(|_| asks) else { return false };
        if self.scope.declared(&name.value, false).is_some() {
            return false;
        }
        let named = [Question::Label, Question::Via, Question::Readable].contains(&question);
        let wanted = if named { 2 } else { 1 };
        if args.len() != wanted {
            let function = question.word().to_owned();
            let (at, wanted, given) = (name.span, vec![wanted], args.len());
            self.refuse(id, CallError::ArgumentCount { at, function, wanted, given });
            return true;
        }
        let at = args.first().map_or(name.span, |arg| self.ast.span(*arg));
        let subject = if question.subject() == Subject::Argument {
            let subject = args.first().and_then(|arg| self.subject(*arg, question));
            let ctx = [Question::Label, Question::Labels].contains(&question);
            if subject.is_none() {
                self.refuse(id, CallError::NoSubject { at, function: question.word(), ctx });
            }
            subject
        } else {
            args.first().and_then(|arg| self.measure(id, *arg, question))
        };
        let Some(subject) = subject else { return true };
        let mut path = vec![Name::new(ROOT), Name::new(question.word())];
        if let Some(pattern) = args.get(1).copied() {
            let found = if question == Question::Via {
                self.sources(id, pattern)
            } else if question == Question::Readable {
                self.readers(id, pattern)
            } else {
                self.pattern(id, pattern)
            };
            let Some(pattern) = found else { return true };
            path.push(pattern);
        }
        path.push(subject);
        let ty = match question {
            Question::Label
            | Question::Over
            | Question::Readable
            | Question::Via
            | Question::Done
            | Question::Approved => TypeTable::BOOL,
            Question::Labels | Question::Audience => TypeTable::LIST_STRING,
            Question::From | Question::Origin | Question::Kind => TypeTable::STRING,
            Question::Count => TypeTable::INT,
            Question::Sum => TypeTable::DOUBLE,
        };
        let place = self.cx.root(&path, ty, None);
        self.set(id, ty);
        let there = question == Question::Approved;
        self.refer(id, if there { Use::Answered(place) } else { Use::Root(place) });
        true
    }

    /// Reports a text that no answer to `kind(..)` is, where one is compared with it, and one that
    /// is nearly an answer to `from(..)`.
    pub(super) fn compare_answer(&mut self, one: ExprId, other: ExprId) {
        let ExprKind::Call { target: None, name, root: false, args } = self.ast.kind(one) else {
            return;
        };
        let is_question = self.scope.ours
            && self.cx.out.about_tools
            && args.len() == 1
            && self.scope.declared(&name.value, false).is_none();
        let tools = self.cx.out.tools.iter().map(|tool| tool.name.as_str());
        let (question, known): (_, Vec<&str>) = match Question::of(&name.value) {
            Some(it @ Question::Kind) if is_question => (it, KINDS.to_vec()),
            Some(it @ Question::From) if is_question && !self.cx.out.tools.is_empty() => {
                (it, tools.chain([PROMPT, MODEL, NONE, SEVERAL]).collect())
            }
            Some(_) | None => return,
        };
        let texts = if let ExprKind::List { elements } = self.ast.kind(other) {
            elements.iter().map(|item| item.value).collect()
        } else {
            vec![other]
        };
        let mut strange = Vec::new();
        for text in texts {
            if let ExprKind::Literal(Literal::String(word)) = self.ast.kind(text)
                && !known.contains(&word.as_str())
            {
                let nearest = nearest(word, known.iter().copied()).map(str::to_owned);
                // Another name may be that of a tool that nobody declares.
                if question == Question::Kind || nearest.is_some() {
                    strange.push((text, word.clone(), nearest));
                }
            }
        }
        for (text, name, nearest) in strange {
            let at = self.ast.span(text);
            self.report(NameError::NoAnswer { at, question: question.word(), name, nearest });
        }
    }

    /// Whether a call is written as questions are: `plan.done(..)`, all others without a target.
    fn is_asked_so(&mut self, target: Option<ExprId>, name: &str) -> bool {
        let Some(target) = target else { return name != Question::Done.word() };
        let is_plan = matches!(self.ast.kind(target),
            ExprKind::Ident { name, root: false } if *name == *PLAN);
        let planned = self.cx.out.measures.steps.is_some();
        let asks =
            is_plan && planned && name == Question::Done.word() && self.local(PLAN).is_none();
        if asks {
            self.set(target, TypeTable::DYN);
            self.refer(target, Use::Part);
        }
        asks
    }

    /// The argument that says who reads.
    fn readers(&mut self, call: ExprId, id: ExprId) -> Option<Name> {
        let found = self.subject(id, Question::Readable);
        if found.is_none() {
            let (at, function) = (self.ast.span(id), Question::Readable.word());
            self.refuse(call, CallError::NoSubject { at, function, ctx: false });
        }
        found
    }

    /// Where values come from: a literal of names of steps, `prompt` or `model`, with blanks
    /// between.
    fn sources(&mut self, call: ExprId, id: ExprId) -> Option<Name> {
        let at = self.ast.span(id);
        let ExprKind::Literal(Literal::String(names)) = self.ast.kind(id) else {
            let (function, wanted) = ("via".to_owned(), vec!["literal string".to_owned()]);
            let given = "expression".to_owned();
            self.refuse(call, CallError::ArgumentType { at, function, wanted, given });
            return None;
        };
        let steps = self.cx.out.measures.steps.as_deref().unwrap_or_default();
        let known = |name: &&str| {
            [PROMPT, MODEL].contains(name) || steps.iter().any(|step| *step == **name)
        };
        if let Some(strange) = names.split(' ').find(|name| !known(name)) {
            let all = steps.iter().map(Name::as_str).chain([PROMPT, MODEL]);
            let nearest = nearest(strange, all).map(str::to_owned);
            let (what, name) = ("step", Name::new(strange));
            self.refuse(call, NameError::UnknownMeasure { at, what, name, nearest });
            return None;
        }
        self.refer(id, Use::Part);
        Some(names.clone())
    }

    /// The meter or limit that is asked about: a literal that names one.
    fn measure(&mut self, call: ExprId, id: ExprId, question: Question) -> Option<Name> {
        let (at, what) = (self.ast.span(id), question.subject());
        let ExprKind::Literal(Literal::String(name)) = self.ast.kind(id) else {
            let (function, wanted) =
                (question.word().to_owned(), vec!["literal string".to_owned()]);
            let given = "expression".to_owned();
            self.refuse(call, CallError::ArgumentType { at, function, wanted, given });
            return None;
        };
        let known = self.cx.out.measures.named(question);
        if !known.contains(name) {
            let nearest = nearest(name, known.iter().map(Name::as_str)).map(str::to_owned);
            let (what, name) = (what.word(), name.clone());
            self.refuse(call, NameError::UnknownMeasure { at, what, name, nearest });
            return None;
        }
        self.refer(id, Use::Part);
        Some(name.clone())
    }

    /// What is asked about: an argument of the call, as a pointer, or what the model has read.
    /// `None` where it is neither; an argument that the tools do not have is reported.
    fn subject(&mut self, id: ExprId, question: Question) -> Option<Name> {
        let found = chain(self.ast, id)?;
        let first = found.segments.first().copied()?;
        if found.root || self.local(first).is_some() {
            return None;
        }
        let of_labels = [Question::Label, Question::Labels].contains(&question);
        match (self.scope.names.get(first), found.segments.get(1..)?) {
            (Some(Entity::Args), [argument, ..]) => {
                if self.frame.union {
                    self.read_argument(Name::new(argument));
                } else {
                    self.argument_of_each(argument, self.ast.span(id));
                }
            }
            (Some(Entity::Root { path, .. }), []) if of_labels && is_ctx(path) => {
                self.parts(&found, found.nodes.len());
                return Some(Name::new(CTX));
            }
            _ => return None,
        }
        let keys = found.segments.iter().skip(1);
        let pointer = keys.fold(String::new(), |mut text, key| {
            pointer::push(&mut text, key);
            text
        });
        self.parts(&found, found.nodes.len());
        Some(Name::from(pointer))
    }

    /// A pattern of labels: a literal that fits one that is declared.
    fn pattern(&mut self, call: ExprId, id: ExprId) -> Option<Name> {
        let at = self.ast.span(id);
        let ExprKind::Literal(Literal::String(pattern)) = self.ast.kind(id) else {
            let (function, wanted) = ("label".to_owned(), vec!["literal string".to_owned()]);
            let given = "expression".to_owned();
            self.refuse(call, CallError::ArgumentType { at, function, wanted, given });
            return None;
        };
        if !self.cx.out.labels.has(pattern) {
            let nearest = self.cx.out.labels.nearest(pattern);
            self.refuse(call, NameError::UnknownLabel { at, name: pattern.clone(), nearest });
            return None;
        }
        self.refer(id, Use::Part);
        Some(pattern.clone())
    }
}

/// Whether a root is what the model has read.
fn is_ctx(path: &[Name]) -> bool {
    matches!(path, [root, ctx] if *root == *ROOT && *ctx == *CTX)
}
