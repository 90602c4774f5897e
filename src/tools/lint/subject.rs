//! What lints look at.
//!
//! In:      files, the tree, types and names, the program.
//! Out:     `Subject`, with the few questions that many lints ask.
//! Imports: `base`, `compiler::check`, `compiler::source`, `compiler::syntax`, `diag`,
//!          `runtime::program`, `tools::learn`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::index::IndexVec;
use crate::base::span::Span;
use crate::compiler::check::analysis::Checked;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::ast::{Ast, ExprId};
use crate::diag::diagnostic::{Edit, Fix};
use crate::runtime::program::Program;
use crate::tools::learn::Recorded;
use crate::tools::lint::parts::{Part, parts};
use crate::tools::lint::spelling::{SourceSpelling, SourceSpellings, rewrite};

/// A project without errors.
#[derive(Debug)]
pub struct Subject<'a> {
    /// Its files.
    pub files: &'a SourceMap,
    /// What it says and means.
    pub checked: Checked<'a>,
    /// Its program, with positions.
    pub program: &'a Program,
    parents: IndexVec<ExprId, Option<ExprId>>,
    homes: OnceLock<SourceSpellings>,
    parts: OnceLock<Vec<Part>>,
    tags: Option<&'a [String]>,
    stop: Option<&'a AtomicBool>,
    sessions: &'a [Recorded],
}

impl<'a> Subject<'a> {
    /// The expressions that somebody wrote, in order.
    pub fn written(&self) -> impl Iterator<Item = ExprId> + use<'a> {
        let ast = self.checked.ast();
        ast.exprs.ids().filter(|id| !ast.made.contains(id))
    }

    /// A project that lints look at.
    #[must_use]
    pub fn of(files: &'a SourceMap, checked: Checked<'a>, program: &'a Program) -> Self {
        let ast = checked.ast();
        let mut parents: IndexVec<ExprId, Option<ExprId>> =
            ast.exprs.iter().map(|_| None).collect();
        for id in ast.exprs.ids() {
            for child in ast.children(id) {
                if let Some(parent) = parents.get_mut(child) {
                    *parent = Some(id);
                }
            }
        }
        Self {
            files,
            checked,
            program,
            parents,
            homes: OnceLock::new(),
            parts: OnceLock::new(),
            tags: None,
            stop: None,
            sessions: &[],
        }
    }

    /// The same project, whose rules may have these tags alone.
    #[must_use]
    pub fn with_tags(self, tags: Option<&'a [String]>) -> Self {
        Self { tags, ..self }
    }

    /// The same project, at which lints stop looking when `stop` is raised: what they have found
    /// then is not all there is.
    #[must_use]
    pub fn with_stop(self, stop: &'a AtomicBool) -> Self {
        Self { stop: Some(stop), ..self }
    }

    /// The same project, and what recorded sessions did with its tools.
    #[must_use]
    pub fn with_sessions(self, sessions: &'a [Recorded]) -> Self {
        Self { sessions, ..self }
    }

    /// The sessions that lints go by; none where nobody named any.
    #[must_use]
    pub const fn sessions(&self) -> &'a [Recorded] {
        self.sessions
    }

    /// Whether lints shall stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// The tags that rules may have; `None`: any.
    #[must_use]
    pub const fn tags(&self) -> Option<&'a [String]> {
        self.tags
    }

    /// The tree.
    #[must_use]
    pub const fn ast(&self) -> &'a Ast {
        self.checked.ast()
    }

    /// The expression of which `id` is an operand; `None` where it stands for itself.
    #[must_use]
    pub fn parent(&self, id: ExprId) -> Option<ExprId> {
        self.parents.get(id).copied().flatten()
    }

    /// The expressions that `id` is a part of, the nearest first.
    pub fn ancestors(&self, id: ExprId) -> impl Iterator<Item = ExprId> + use<'_, 'a> {
        std::iter::successors(self.parent(id), |at| self.parent(*at))
    }

    /// The parts of all conditions that decide.
    pub fn parts(&self) -> &[Part] {
        self.parts.get_or_init(|| parts(self))
    }

    /// How the text around the bytes `at` is spelled.
    #[must_use]
    pub fn home(&self, at: Span) -> Option<SourceSpelling> {
        self.homes().find(at)
    }

    fn homes(&self) -> &SourceSpellings {
        self.homes.get_or_init(|| SourceSpellings::of(self.files, self.checked.parsed()))
    }

    /// A safe fix of these edits, which ascend; none where the text around them could not hold
    /// what they make.
    #[must_use]
    pub fn rewrite(&self, title: &str, edits: Vec<Edit>) -> Option<Fix> {
        rewrite(self.files, self.homes(), title, edits)
    }

    /// The bytes as they are written; empty where there are none. Inside YAML they may hold
    /// indentation and escapes: only whole pieces may be moved, within one scalar.
    #[must_use]
    pub fn text(&self, at: Span) -> &'a str {
        self.files.text(at)
    }
}
