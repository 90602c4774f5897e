//! Files whose keys hold expressions that are computed from one input: maps of foreign logs.
//!
//! In:      a file, and the keys that it may have.
//! Out:     `Outputs`: a CEL Policy document for each expression, named by its key; the texts.
//! Imports: `base`, `compiler::source`, `diag`.

use crate::base::name::Name;
use crate::base::span::{FileId, Span, Spanned};
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::ast::{Ast, ExprId};
use crate::compiler::syntax::document::keys::{Keys, bad, list, one_of, text};
use crate::compiler::syntax::document::model::{
    CelPolicyDocument, CelRule, Choice, EnvFunction, EnvOverload, EnvVariable, Environment,
    Extension, Features, Outcome, Parsed, TypeExpr, TypeExprKind,
};
use crate::compiler::syntax::document::reader::Reader;
use crate::compiler::syntax::document::yaml::{self, Node};
use crate::diag::sink::Sink;

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// CEL.
    Expression,
    /// Text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of texts.
    Texts,
}

/// A key that a file may have.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
}

/// What expressions may use, beside the standard library and CEL's extensions.
#[derive(Clone, Copy, Debug)]
pub struct InputEnvironment<'a> {
    /// Roots of the input, of type `dyn`.
    pub roots: &'a [&'a str],
    /// Host functions with their number of arguments; those and the results are `dyn`.
    pub functions: &'a [(&'a str, usize)],
    /// Libraries, as environment files name them.
    pub libraries: &'a [&'a str],
}

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// A document for each expression, its name the key, in order of the keys.
    pub parsed: Parsed,
    /// The texts by key.
    pub texts: Vec<(&'static str, Vec<Spanned<String>>)>,
}

impl Outputs {
    /// The text of a key, if it is there.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&Spanned<String>> {
        self.texts(key).first()
    }

    /// The texts of a key.
    #[must_use]
    pub fn texts(&self, key: &str) -> &[Spanned<String>] {
        let found = self.texts.iter().find(|(name, _)| *name == key);
        found.map_or(&[], |(_, texts)| texts)
    }
}

/// Reads a file, which findings call `what`, as "a map". `None` if it is no mapping at all.
pub fn read(
    file: FileId,
    files: &SourceMap,
    (what, known): (&'static str, &[Key]),
    around: &InputEnvironment<'_>,
    sink: &mut Sink,
) -> Option<Outputs> {
    let root = yaml::parse(file, files, sink)?;
    let keys = Keys::open(&root, what, sink)?;
    let names: Vec<&str> = known.iter().map(|key| key.name).collect();
    keys.only(&names, sink);
    let source = files.get(file).map_or("", |file| file.text.as_str());
    let (mut ast, mut sites) = (Ast::default(), Vec::new());
    let (mut texts, mut documents) = (Vec::new(), Vec::new());
    for key in known {
        let node = if key.required {
            keys.need(key.name, sink).map(|entry| &entry.value)
        } else {
            keys.value(key.name)
        };
        let Some(node) = node else { continue };
        match key.kind {
            Kind::Expression => {
                let (ast, sites) = (&mut ast, &mut sites);
                let mut reader = Reader { file, source, ast, sites, sink };
                let expr = reader.expression(key.name, node);
                documents.push(document(file, key.name, node.span, expr));
            }
            Kind::Text | Kind::Word(_) => texts.push((key.name, of_one(key, node, sink))),
            Kind::Texts => texts.push((key.name, of_list(key, node, sink))),
        }
    }
    let environments = vec![environment(file, around)];
    let policies = Vec::new();
    let parsed = Parsed { ast, policies, cel_policies: documents, environments, sites };
    Some(Outputs { parsed, texts })
}

fn of_one(key: &Key, node: &Node, sink: &mut Sink) -> Vec<Spanned<String>> {
    let what = format!("`{}`", key.name);
    let found = text(node, &what, sink);
    if let (Kind::Word(words), Some(found)) = (key.kind, &found)
        && !words.contains(&found.value.as_str())
    {
        bad(found.span, &what, &found.value, &one_of(words), words, sink);
    }
    found.into_iter().collect()
}

fn of_list(key: &Key, node: &Node, sink: &mut Sink) -> Vec<Spanned<String>> {
    let what = format!("`{}`", key.name);
    let items = list(node, &what, sink).unwrap_or_default();
    items.iter().filter_map(|item| text(item, &what, sink)).collect()
}

/// A document that yields what `expr` yields.
fn document(file: FileId, name: &str, span: Span, expr: ExprId) -> CelPolicyDocument {
    let choice =
        Choice { span, condition: None, outcome: Outcome::Output(expr), explanation: None };
    let rule = CelRule {
        id: None,
        span,
        description: None,
        variables: Vec::new(),
        aggregate: false,
        choices: vec![choice],
    };
    CelPolicyDocument {
        file,
        name: Spanned::new(Name::new(name), span),
        description: None,
        imports: Vec::new(),
        rule,
        invariants: Vec::new(),
        environment: Some(file),
        environment_lost: false,
    }
}

/// The environment of all expressions. Nothing in it is written, so nothing is ever wrong with it.
fn environment(file: FileId, around: &InputEnvironment<'_>) -> Environment {
    let span = Span::new(file, 0, 0);
    let named = |name: &str| Spanned::new(Name::new(name), span);
    let any = || TypeExpr {
        kind: TypeExprKind::Named { name: Name::new("dyn"), params: Vec::new() },
        span,
    };
    let root = |name: &&str| EnvVariable { name: named(name), ty: any() };
    let mut functions: Vec<EnvFunction> = Vec::new();
    for (name, count) in around.functions {
        let overload = EnvOverload {
            id: named(&format!("{name}_{count}")),
            examples: Vec::new(),
            target: None,
            args: (0..*count).map(|_| any()).collect(),
            result: any(),
        };
        match functions.iter_mut().find(|function| function.name.value == **name) {
            Some(function) => function.overloads.push(overload),
            None => {
                functions.push(EnvFunction { name: named(name), overloads: vec![overload] });
            }
        }
    }
    let library = |name: &&str| {
        let name = Name::new(name);
        Spanned::new(Extension { name, version: None, version_at: span }, span)
    };
    Environment {
        file: Some(file),
        extensions: around.libraries.iter().map(library).collect(),
        variables: around.roots.iter().map(root).collect(),
        functions,
        features: Features { cross_type: Some(true), ..Features::default() },
        ..Environment::default()
    }
}
