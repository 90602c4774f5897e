//! Parts of conditions as functions of their own, for whoever asks what a part means.
//!
//! In:      `Checked`, and expressions of type bool in it.
//! Out:     `Parts`: the module that sources make, with a function more for each part. It is asked
//!          about, never run, so it has neither sources nor costs.

use rustc_hash::FxHashMap;

use crate::compiler::check::analysis::Checked;
use crate::compiler::emit::generator::Generator;
use crate::compiler::emit::inline::inline;
use crate::compiler::emit::marks::Marks;
use crate::compiler::emit::tables::Tables;
use crate::compiler::emit::{CapacityExceeded, finish, index, lowered, paths, rules};
use crate::compiler::ir::NodeId;
use crate::compiler::syntax::ast::ExprId;
use crate::lang::types::TypeId;
use crate::runtime::bundle::module::{Module, NONE};

/// A part of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    /// The expression, of type bool.
    pub expr: ExprId,
    /// The type of the context for whoever runs it, if they make sure of what it requires; as for
    /// the rule that it is a part of.
    pub context: Option<TypeId>,
}

/// A module with the parts that were asked for.
#[derive(Debug)]
pub struct Parts {
    /// The module; rules and what they need are those of the bundle.
    pub module: Module,
    /// The function of each part. Equal parts have the same one.
    pub functions: Vec<u16>,
    /// Beside `Module::rules`: the function that says what `on` says; `NONE` without one.
    pub on: Vec<u16>,
}

/// Makes functions of `parts`.
///
/// # Errors
/// `CapacityExceeded` where a bundle has no room for all of them.
pub fn parts(checked: &Checked<'_>, parts: &[Part]) -> Result<Parts, CapacityExceeded> {
    let (mut plan, nodes) = lowered::lower_with_parts(checked, false, parts);
    let analysis = checked.analysis();
    let mut tables = Tables::of(analysis.messages.clone());
    let mut roots = rules::roots(&plan);
    inline(&mut plan, &roots);
    roots.extend(&nodes);
    let marks = Marks::of(analysis);
    let places = paths::places(&plan.ir, analysis, &plan.variables, &roots, marks, &mut tables);
    let (index, left) = index::index(&plan, &places, &mut tables);
    let mut generator = Generator::new(&plan.ir, analysis, &places, &plan.variables, tables);
    let mut known = FxHashMap::default();
    let mut function = |generator: &mut Generator<'_>, node: NodeId, context: Option<TypeId>| {
        let atom = generator.tables.atom(&plan.ir, node, analysis);
        let made = || generator.condition_function(node, "", false);
        *known.entry((atom, context)).or_insert_with(made)
    };
    let functions =
        nodes.iter().zip(parts).map(|(node, part)| function(&mut generator, *node, part.context));
    let functions = functions.collect();
    let on = plan.rules.iter().map(|rule| match rule.conjuncts.first() {
        Some(node) if rule.has_on() => generator.condition_function(*node, "", false),
        Some(_) | None => NONE,
    });
    let on = on.collect();
    let written = rules::write(generator, &plan, &places, left);
    let module = finish::bare(checked, &plan, written, index, &places)?;
    Ok(Parts { module, functions, on })
}
