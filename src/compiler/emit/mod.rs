//! Nodes to bundles: slots, code, rules, the index, and the module that holds them.
//!
//! In:      `Checked`.
//! Out:     a `Module`, canonical: the same sources give the same bytes.
//! Imports: `compiler::check`, `compiler::source`, `compiler::syntax`, `diag`, `runtime::bundle`.

#![expect(
    clippy::indexing_slicing,
    reason = "tables are read with ids that their own `push` returned; slices go through `get`"
)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a pattern picks the shapes that it improves; every other shape takes the general way"
)]

mod arguments;
pub mod claims;
mod condition;
mod costs;
mod debug;
mod duplicates;
mod error;
mod finish;
mod function;
mod generator;
mod govern;
mod index;
mod inline;
mod loops;
mod lowered;
mod marks;
mod messages;
pub mod parts;
mod paths;
mod policy;
mod redactions;
mod requirements;
mod rules;
mod secrets;
mod shape;
mod tables;

use crate::compiler::check::analysis::Checked;
use crate::compiler::emit::claims::InvariantRules;
use crate::compiler::emit::generator::Generator;
use crate::compiler::emit::lowered::LoweredProgram;
use crate::compiler::emit::marks::Marks;
use crate::compiler::emit::tables::Tables;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::ast::ExprId;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::runtime::bundle::module::Module;

/// What emitting may be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Seconds since the epoch that the manifest states, from `SOURCE_DATE_EPOCH`.
    pub created: Option<i64>,
    /// Leave it to the program to compute what is known before any request.
    pub unfolded: bool,
}

/// A table or a function that got more entries than a bundle can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapacityExceeded {
    /// What there is too much of.
    pub what: &'static str,
    /// How many there may be.
    pub most: usize,
    /// The expression that needs them, where one does.
    pub at: Option<ExprId>,
}

/// Makes a module. What may cost too much, tells what is sensitive or has the name of another goes
/// to `sink`.
///
/// # Errors
/// `CapacityExceeded` where the sources need more than a bundle can hold.
pub fn emit(
    files: &SourceMap,
    checked: &Checked<'_>,
    options: Options,
    sink: &mut Sink,
) -> Result<Module, CapacityExceeded> {
    written(files, checked, lowered::lower(checked, options.unfolded), options.created, sink)
}

/// Makes the module in which rules say where claims of documents hold.
///
/// # Errors
/// `CapacityExceeded` where the sources need more than a bundle can hold.
pub fn emit_claims(
    files: &SourceMap,
    checked: &Checked<'_>,
) -> Result<(Module, Vec<InvariantRules>), CapacityExceeded> {
    let (plan, claims) = lowered::lower_with_claims(checked);
    // What is wrong with the sources was said of the module without claims.
    let module = written(files, checked, plan, None, &mut Sink::new())?;
    Ok((module, claims))
}

fn written(
    files: &SourceMap,
    checked: &Checked<'_>,
    mut plan: LoweredProgram,
    created: Option<i64>,
    sink: &mut Sink,
) -> Result<Module, CapacityExceeded> {
    let roots = rules::roots(&plan);
    inline::inline(&mut plan, &roots);
    for twice in duplicates::duplicate_names(checked, &plan) {
        sink.report(Diagnostic::from(twice));
    }
    let mut marks = Marks::of(checked.analysis());
    for quoted in secrets::sensitive_quotes(checked, &plan, &mut marks) {
        sink.report(Diagnostic::from(quoted));
    }
    let mut tables = Tables::of(checked.analysis().messages.clone());
    for inside in redactions::redactions(checked.analysis(), &mut marks, &mut tables)? {
        sink.report(Diagnostic::from(inside));
    }
    let govern = govern::govern(checked, &mut tables)?;
    let variables = &plan.variables;
    let places = paths::places(&plan.ir, checked.analysis(), variables, &roots, marks, &mut tables);
    let (index, left) = index::index(&plan, &places, &mut tables);
    let generator = Generator::new(&plan.ir, checked.analysis(), &places, &plan.variables, tables);
    let mut written = rules::write(generator, &plan, &places, left);
    written.govern = govern;
    let (module, excesses) =
        finish::finish(files, checked, &plan, written, index, &places, created)?;
    for excess in excesses {
        sink.report(Diagnostic::from(excess));
    }
    Ok(module)
}
