//! Types, names and overloads: what every expression means.
//!
//! In:      `Parsed` and the files it came from.
//! Out:     `Analysis`: tables beside the tree, and findings in the sink.
//! Imports: `compiler::govern`, `compiler::source`, `compiler::syntax`, `diag`.
//! Source:  CEL language definition; `docs/decisions.md` for what is ours.

pub mod analysis;
mod error;
pub mod macros;
pub mod tools;

mod cel_policy;
mod decision;
mod fallback;
mod infer;
mod overload;
mod policy;
mod redact;
mod schema;
mod scope;
mod state;
mod unify;

use crate::compiler::check::analysis::Analysis;
use crate::compiler::check::decision::Templates;
use crate::compiler::check::schema::Schemas;
use crate::compiler::check::state::Checker;
use crate::compiler::govern;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::model::Parsed;
use crate::compiler::syntax::document::model::Rule;
use crate::diag::sink::Sink;

/// How strict checking is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Every policy needs a schema, and nothing is `dyn` that nobody wrote.
    pub strict: bool,
    /// Every expression is `dyn`; what has no meaning fails when it is evaluated.
    pub unchecked: bool,
}

/// Finds out what every expression of the project means.
///
/// The tree in `parsed` grows by the expressions in messages of decisions, as
/// `deny("{args.amount} is too much")`, and the documents by the rules that are made of other
/// sections; nothing that was there changes. The analysis is complete
/// even when there are errors; `Analysis::checked` is the proof that there are none.
#[must_use]
pub fn check(
    files: &SourceMap,
    parsed: &mut Parsed,
    options: Options,
    sink: &mut Sink,
) -> Analysis {
    let (labels, measures) = govern::expand(parsed, sink);
    let templates = Templates::parse(files, parsed);
    let mut cx = Checker::new(files, parsed, &templates, options, sink);
    let documents = &cx.parsed.policies;
    (cx.out.labels, cx.out.measures) = (labels, measures);
    // What is made of other sections is about calls, too.
    let speaks_of_tools = |rule: &Rule| !rule.on.is_empty() || rule.made;
    cx.out.about_tools = !cx.out.labels.is_empty()
        || documents
            .iter()
            .any(|document| document.has_tools || document.rules.iter().any(speaks_of_tools));
    tools::declare(&mut cx);
    let mut schemas = Schemas::default();
    let mut has_schema = false;
    let mut lacks_schema = false;
    for document in documents {
        let info = policy::check(&mut cx, &mut schemas, document);
        cx.out.policies.push(info);
        let speaks = document.decides();
        has_schema |= document.schema.is_some() || !document.tools.is_empty();
        lacks_schema |= speaks && document.schema.is_none() && cx.out.tools.is_empty();
    }
    for document in &cx.parsed.cel_policies {
        let info = cel_policy::check(&mut cx, document);
        cx.out.cel_policies.push(info);
    }
    cx.out.has_schema = has_schema && !lacks_schema;
    cx.settle_copied();
    cx.settle_context();
    fallback::check(&mut cx);
    redact::check(&mut cx);
    cx.out
}
