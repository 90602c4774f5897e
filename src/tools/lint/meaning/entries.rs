//! Entries of `match` that hold only where one before them does, or not where they are asked.
//!
//! In:      the blocks of CEL Policy documents.
//! Out:     what keeps an entry from ever yielding: proved for every input.
//! Imports: `compiler::solve`, `compiler::syntax`.

use rustc_hash::FxHashMap;

use crate::compiler::solve::formula::Lit;
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::document::model::{CelRule, Outcome};
use crate::tools::lint::meaning::world::World;

/// What comes before an entry is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryPath {
    /// The conditions of entries around it: they hold.
    pub around: Vec<ExprId>,
    /// The conditions of entries before it, and before those around it: they do not hold.
    pub before: Vec<ExprId>,
}

/// Most conditions before an entry of which is asked what they leave to it.
const BEFORE_MAX: usize = 64;

/// The conditions of a block and of nested ones, each with what comes before it is asked.
pub(super) fn entries(rule: &CelRule, path: &EntryPath, found: &mut Vec<(ExprId, EntryPath)>) {
    let mut own = path.clone();
    for choice in &rule.choices {
        let mut inner = own.clone();
        if let Some(condition) = choice.condition {
            found.push((condition, own.clone()));
            inner.around.push(condition);
            // Every entry of `aggregate` is asked.
            own.before.extend((!rule.aggregate).then_some(condition));
        }
        if let Outcome::Rule(nested) = &choice.outcome {
            entries(nested, &inner, found);
        }
    }
}

impl World<'_> {
    /// Conditions because of which an entry never yields, though its own holds of some inputs; no
    /// more of them than it takes, in the order of the document. Empty where it may yield.
    pub(super) fn never_asked(&mut self, entry: ExprId) -> Vec<ExprId> {
        let Some(path) = self.ground.entries.get(&entry) else { return Vec::new() };
        let count = path.around.len() + path.before.len();
        if count == 0 || count > BEFORE_MAX {
            return Vec::new();
        }
        let domain = self.meaning(entry).yes;
        let mut lits: Vec<(ExprId, Lit)> = Vec::with_capacity(count);
        for around in &path.around {
            lits.push((*around, self.meaning(*around).yes));
        }
        for before in &path.before {
            let three = self.meaning(*before);
            lits.push((*before, three.no(&mut self.store)));
        }
        // Of what never holds, or always does, it is told where it stands.
        if self.never(domain) || lits.iter().any(|(_, lit)| self.never(*lit)) {
            return Vec::new();
        }
        let mut kept = self.core(domain, lits);
        kept.sort_unstable();
        kept
    }
}

/// By the conditions of entries.
pub type EntryPaths = FxHashMap<ExprId, EntryPath>;
