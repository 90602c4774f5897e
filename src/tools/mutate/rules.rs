//! The mutants of a document.
//!
//! In:      a document of `Parsed`.
//! Out:     its mutants, in order of the source; the same for the same text, whatever is parsed
//!          with it.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `lang`.

use std::collections::BTreeSet;

use crate::base::name::Name;
use crate::base::span::{FileId, Span, Spanned};
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::ast::{Ast, ExprId, ExprKind};
use crate::compiler::syntax::document::model::{
    CelPolicyDocument, CelRule, Escalation, Fallback, Form, Outcome, Parsed, PolicyDocument, Rule,
    RuleBody, TemplatePart,
};
use crate::lang::decision::Effect;
use crate::tools::mutate::edit::{Edit, RuleEdit};
use crate::tools::mutate::walk;
use crate::tools::mutate::{Mutant, Operator, Owner};

/// Deepest nesting of rules of the CEL Policy format that is looked into.
const DEPTH_MAX: usize = 64;

/// The mutants of the document in `file`.
pub(super) fn mutants(files: &SourceMap, parsed: &Parsed, file: FileId) -> Vec<Mutant> {
    let mut found = Vec::new();
    let own = |policy| MutationSource { files, ast: &parsed.ast, policy };
    let documents = parsed.policies.iter().enumerate();
    for (at, document) in documents.filter(|(_, document)| document.file == file) {
        own(&document.name.value).document(at, document, &mut found);
    }
    for document in parsed.cel_policies.iter().filter(|document| document.file == file) {
        let own = own(&document.name.value);
        own.cel_policy(document, &mut found);
    }
    found
}

/// A document, and what its mutants are made from.
struct MutationSource<'a> {
    files: &'a SourceMap,
    ast: &'a Ast,
    policy: &'a Name,
}

impl MutationSource<'_> {
    fn mutant(&self, owner: &Owner, operator: Operator, edit: Edit, span: Span) -> Mutant {
        let (policy, owner, text) = (self.policy.to_string(), owner.clone(), String::new());
        Mutant { operator, policy, owner, span, text, speaks: false, on: Vec::new(), edit }
    }

    /// The mutants of an expression.
    fn expression(
        &self,
        owner: &Owner,
        root: ExprId,
        condition: bool,
        speaks: bool,
    ) -> Vec<Mutant> {
        let found = walk::mutants(self.files, self.ast, root, condition).into_iter();
        let mutant = |found: walk::ExpressionMutant| {
            let edit = Edit::Expr { at: found.at, with: found.with };
            let own = self.mutant(owner, found.operator, edit, found.span);
            Mutant { text: found.text, speaks, ..own }
        };
        found.map(mutant).collect()
    }

    fn document(&self, number: usize, document: &PolicyDocument, found: &mut Vec<Mutant>) {
        let spoken = spoken(self.ast, document);
        for variable in &document.variables {
            let owner = Owner::Variable(variable.name.value.to_string());
            let speaks = spoken.contains(variable.name.value.as_str());
            found.extend(self.expression(&owner, variable.expr, false, speaks));
        }
        for (at, rule) in document.rules.iter().enumerate().filter(|(_, rule)| !rule.response) {
            let mut own = self.rule((number, at), rule, document.form);
            for mutant in own.iter_mut().filter(|it| it.operator != Operator::Guard) {
                mutant.on = rule.on.iter().map(|tool| tool.value.to_string()).collect();
            }
            found.extend(own);
        }
        if let Some(own) = &document.default {
            let (other, text) = match own.value {
                Fallback::Deny => (Fallback::Allow, "allow"),
                Fallback::Allow | Fallback::Escalate(_) => (Fallback::Deny, "deny"),
            };
            let edit = Edit::Default(other);
            let mutant = self.mutant(&Owner::Document, Operator::Default, edit, own.span);
            found.push(Mutant { text: text.to_owned(), ..mutant });
        }
        if let Some(own) = &document.on_error {
            let (other, text) = match own.value {
                Fallback::Deny => {
                    let to = vec![Spanned::new(Name::from("anyone"), own.span)];
                    let escalation = Escalation { to, ..Escalation::default() };
                    (Fallback::Escalate(escalation), "{escalate: {to: [anyone]}}")
                }
                Fallback::Allow | Fallback::Escalate(_) => (Fallback::Deny, "deny"),
            };
            let edit = Edit::OnError(other);
            let mutant = self.mutant(&Owner::Document, Operator::OnError, edit, own.span);
            found.push(Mutant { text: text.to_owned(), ..mutant });
        }
    }

    fn rule(&self, (document, at): (usize, usize), rule: &Rule, form: Form) -> Vec<Mutant> {
        let owner = &Owner::Rule(rule.id.value.to_string());
        let mut found = Vec::new();
        let mut add = |operator, change, (span, text): (Span, String)| {
            let edit = Edit::Rule { document, rule: at, change };
            found.push(Mutant { text, ..self.mutant(owner, operator, edit, span) });
        };
        let mut tools = Vec::new();
        for gone in 0..rule.on.len() {
            let mut kept = rule.on.clone();
            let tool = kept.remove(gone);
            // With the comma behind it; that in front of the last.
            let span = match (kept.get(gone), kept.last()) {
                (Some(next), _) => Span { end: next.span.start, ..tool.span },
                (None, Some(before)) => Span { start: before.span.end, ..tool.span },
                (None, None) => continue,
            };
            tools.push((kept, (span, String::new())));
        }
        if let (Some(first), Some(last)) = (rule.on.first(), rule.on.last()) {
            tools.push((Vec::new(), (first.span.to(last.span), "\"*\"".to_owned())));
        }
        for (tools, shown) in tools {
            add(Operator::Guard, RuleEdit::On(tools), shown);
        }
        if rule.priority != 0 {
            let span = priority_span(self.files, rule);
            for other in [0, rule.priority.saturating_neg()] {
                let shown = (span, format!("priority: {other}"));
                add(Operator::Priority, RuleEdit::Priority(other), shown);
            }
        }
        match &rule.body {
            RuleBody::Decision(root) => found.extend(self.expression(owner, *root, false, false)),
            RuleBody::When { condition, effect, effect_span, .. } => {
                // What Kubernetes documents say is a denial by their nature.
                if form != Form::Admission {
                    for other in [Effect::Allow, Effect::Deny] {
                        if other != *effect {
                            let shown = (*effect_span, other.word().to_owned());
                            add(Operator::Effect, RuleEdit::Effect(other), shown);
                        }
                    }
                }
                if let Some(root) = condition {
                    found.extend(self.expression(owner, *root, true, false));
                } else {
                    let shown = (effect_span.at_start(), "when: false, ".to_owned());
                    add(Operator::Never, RuleEdit::Never, shown);
                }
            }
        }
        found
    }

    fn cel_policy(&self, document: &CelPolicyDocument, found: &mut Vec<Mutant>) {
        let owner = Owner::Rule(document.name.value.to_string());
        let mut left: Vec<(&CelRule, usize)> = vec![(&document.rule, 0)];
        while let Some((rule, depth)) = left.pop() {
            for variable in &rule.variables {
                let owner = Owner::Variable(variable.name.value.to_string());
                found.extend(self.expression(&owner, variable.expr, false, true));
            }
            for choice in &rule.choices {
                if let Some(condition) = choice.condition {
                    found.extend(self.expression(&owner, condition, true, false));
                }
                match &choice.outcome {
                    Outcome::Output(root) => {
                        found.extend(self.expression(&owner, *root, false, true));
                    }
                    Outcome::Rule(inner) if depth < DEPTH_MAX => left.push((inner, depth + 1)),
                    Outcome::Rule(_) => {}
                }
            }
        }
    }
}

/// Where a rule writes its priority; where it begins if that is not found.
fn priority_span(files: &SourceMap, rule: &Rule) -> Span {
    let text = files.text(rule.span);
    let number = rule.priority.to_string();
    let written = text.match_indices("priority:").find_map(|(at, key)| {
        let behind = text.get(at + key.len()..)?;
        let rest = behind.trim_start().strip_prefix(&number)?;
        Some((at, text.len() - rest.len()))
    });
    let place = |at: usize| rule.span.start.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
    match written {
        Some((start, end)) => Span::new(rule.span.file, place(start), place(end)),
        None => rule.span.at_start(),
    }
}

/// The variables that messages of a document may quote: named in one, or in such a variable.
fn spoken<'a>(ast: &'a Ast, document: &'a PolicyDocument) -> BTreeSet<&'a str> {
    let mut named = BTreeSet::new();
    let mut whole = false;
    for rule in &document.rules {
        match &rule.body {
            RuleBody::When { reason, .. } => {
                for part in reason.iter().flat_map(|reason| &reason.parts) {
                    if let TemplatePart::Expr(root) = part {
                        names(ast, *root, &mut named);
                    }
                }
            }
            // What stands in the braces of its text is not parsed yet.
            RuleBody::Decision(_) => whole = true,
        }
    }
    for variable in document.variables.iter().rev() {
        let name = variable.name.value.as_str();
        if whole || named.contains(name) {
            named.insert(name);
            names(ast, variable.expr, &mut named);
        }
    }
    named
}

/// The names in an expression: also the last of `variables.x`.
fn names<'a>(ast: &'a Ast, root: ExprId, found: &mut BTreeSet<&'a str>) {
    let mut left = vec![root];
    while let Some(at) = left.pop() {
        if let ExprKind::Ident { name, .. } = ast.kind(at) {
            found.insert(name.as_str());
        } else if let ExprKind::Select { field, .. } = ast.kind(at) {
            found.insert(field.name.as_str());
        }
        left.extend(ast.children(at));
    }
}
