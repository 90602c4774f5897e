//! Conditions, and parts of them, of which all inputs say the same.
//!
//! In:      a condition.
//! Out:     `Verdict`s: each is proved, for every input that is not refused.
//! Imports: `compiler::check`, `compiler::solve`, `compiler::syntax`.
//!
//! Nothing is asked of a condition whose parts are about different places, each of which can come
//! out either way: that is most of them.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use crate::compiler::check::analysis::Use;
use crate::compiler::solve::atoms::Ternary;
use crate::compiler::solve::formula::Lit;
use crate::compiler::syntax::ast::{ExprId, ExprKind, LogicOp};
use crate::tools::lint::meaning::part::{Leaf, flat, operands, parts};
use crate::tools::lint::meaning::world::{Condition, Role, World};

/// What is proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A part always holds.
    Always {
        /// The part.
        at: ExprId,
        /// Operands of it, one of which holds each time; none where that is not because of several.
        by: Vec<ExprId>,
        /// Whether there are inputs on which it fails instead.
        fails: bool,
    },
    /// A part never holds.
    Never {
        /// The part.
        at: ExprId,
        /// Operands of it that cannot hold together; none where that is not because of several.
        by: Vec<ExprId>,
    },
    /// A part changes nothing: without it the condition holds, and fails, on the same inputs.
    Idle {
        /// The part.
        at: ExprId,
        /// Another operand that says as much.
        by: Option<ExprId>,
        /// What joins them.
        op: LogicOp,
    },
}

/// Most operands among which those are looked for that clash.
const OPERANDS_MAX: usize = 16;
/// Most parts of a condition of which is asked whether they change anything.
const PARTS_MAX: usize = 48;

impl World<'_> {
    /// What is proved of a condition and its parts.
    pub fn verdicts(&mut self, condition: &Condition) -> Rc<Vec<Verdict>> {
        if let Some((root, known)) = &self.verdicts
            && *root == condition.root
        {
            return known.clone();
        }
        let found = Rc::new(self.judge(condition));
        self.verdicts = Some((condition.root, found.clone()));
        found
    }

    fn judge(&mut self, condition: &Condition) -> Vec<Verdict> {
        let subject = self.ground.subject;
        let parts = parts(subject, condition.root);
        if self.is_plain(condition, &parts) {
            return Vec::new();
        }
        let domain = self.domain(condition.rule);
        let whole = self.compose(&parts, &FxHashSet::default());
        let mut found = if self.never_in(domain, whole.yes) {
            vec![self.why_never(domain, condition.root)]
        } else {
            let no = whole.no(&mut self.store);
            if self.never_in(domain, no) {
                vec![self.why_always(domain, condition.root, whole)]
            } else {
                self.idle(domain, condition.root, &parts)
            }
        };
        found.retain(|verdict| !self.is_said_of_variable(verdict));
        // Where there is no input at all, whatever is said of it is true.
        if !found.is_empty() && self.never(domain) { Vec::new() } else { found }
    }

    /// Whether it is a variable that always or never holds, wherever it stands.
    fn is_said_of_variable(&mut self, verdict: &Verdict) -> bool {
        let (Verdict::Always { at, .. } | Verdict::Never { at, .. }) = verdict else {
            return false;
        };
        if !matches!(self.ground.subject.checked.used(*at), Use::Variable(_)) {
            return false;
        }
        let three = self.leaf(*at);
        let no = three.no(&mut self.store);
        self.never(three.yes) || self.never(no)
    }

    fn never_in(&mut self, domain: Lit, holds: Lit) -> bool {
        let both = self.store.formulas.and(domain, holds);
        self.never(both)
    }

    /// What a part means.
    pub(super) fn meaning(&mut self, part: ExprId) -> Ternary {
        let parts = parts(self.ground.subject, part);
        self.compose(&parts, &FxHashSet::default())
    }

    /// Whether no part tells of another, and each can come out either way.
    fn is_plain(&mut self, condition: &Condition, all: &[ExprId]) -> bool {
        let subject = self.ground.subject;
        let leaves = all.iter().filter(|part| operands(subject, **part).is_empty());
        let mut seen: Vec<Rc<Leaf>> = Vec::new();
        if let Some(rule) = condition.rule {
            let on = self.on(rule);
            let three = Ternary { yes: on, error: Lit::FALSE };
            seen.push(Rc::new(Leaf { three, about: self.store.about(&[on]), free: true }));
        }
        for leaf in leaves {
            let Some(function) = self.ground.leaves.get(leaf).copied() else { return false };
            let known = self.known.get(&function).cloned();
            let leaf = known.unwrap_or_else(|| {
                let made = Rc::new(self.about_leaf(*leaf));
                self.known.insert(function, made.clone());
                made
            });
            seen.push(leaf);
        }
        let abouts: Vec<_> = seen.iter().map(|leaf| &leaf.about).collect();
        self.store.are_apart(&abouts) && seen.iter().all(|leaf| leaf.free)
    }

    /// The part of one that never holds which is to blame.
    fn why_never(&mut self, domain: Lit, part: ExprId) -> Verdict {
        let mut at = part;
        loop {
            let all = self.operands_of(at, LogicOp::And);
            let lits = all.iter().map(|it| (*it, self.meaning(*it).yes)).collect();
            match self.core(domain, lits).as_slice() {
                [one] if *one != at => at = *one,
                by => {
                    return Verdict::Never {
                        at,
                        by: if by.len() > 1 { by.into() } else { Vec::new() },
                    };
                }
            }
        }
    }

    /// The part of one that always holds which is to blame.
    fn why_always(&mut self, domain: Lit, part: ExprId, whole: Ternary) -> Verdict {
        let fails = !self.never_in(domain, whole.error);
        let mut at = part;
        loop {
            let all = self.operands_of(at, LogicOp::Or);
            let lits = all
                .iter()
                .map(|it| {
                    let three = self.meaning(*it);
                    let not = if fails { three.no(&mut self.store) } else { !three.yes };
                    (*it, not)
                })
                .collect();
            match self.core(domain, lits).as_slice() {
                [one] if *one != at => at = *one,
                by => {
                    let by = if by.len() > 1 { by.into() } else { Vec::new() };
                    return Verdict::Always { at, by, fails };
                }
            }
        }
    }

    /// The operands of a part that `op` joins; none where another does, or there are too many.
    fn operands_of(&self, part: ExprId, op: LogicOp) -> Vec<ExprId> {
        let subject = self.ground.subject;
        let joined =
            matches!(subject.ast().kind(part), ExprKind::Logic { op: own, .. } if *own == op);
        let all = if joined { flat(subject, part) } else { Vec::new() };
        if all.len() > OPERANDS_MAX { Vec::new() } else { all }
    }

    /// Those of `lits` that cannot hold together, none of which can be left out; empty where all
    /// can.
    pub(super) fn core(&mut self, domain: Lit, lits: Vec<(ExprId, Lit)>) -> Vec<ExprId> {
        let single = lits.iter().find(|(_, lit)| self.never_in(domain, *lit));
        if let Some((part, _)) = single {
            return vec![*part];
        }
        let all = self.store.formulas.all(lits.iter().map(|(_, lit)| *lit));
        if !self.never_in(domain, all) {
            return Vec::new();
        }
        let mut kept = lits;
        let mut at = 0;
        while at < kept.len() {
            let without = kept.iter().enumerate().filter(|(own, _)| *own != at);
            let without = self.store.formulas.all(without.map(|(_, (_, lit))| *lit));
            if self.never_in(domain, without) {
                kept.remove(at);
            } else {
                at += 1;
            }
        }
        kept.into_iter().map(|(part, _)| part).collect()
    }

    /// The parts that change nothing, the last ones first.
    fn idle(&mut self, domain: Lit, root: ExprId, all: &[ExprId]) -> Vec<Verdict> {
        let subject = self.ground.subject;
        let (mut found, mut gone) = (Vec::new(), FxHashSet::default());
        let mut waiting = vec![root];
        let mut asked = 0;
        while let Some(next) = waiting.pop() {
            let ExprKind::Logic { op, .. } = subject.ast().kind(next) else {
                waiting.extend(operands(subject, next));
                continue;
            };
            // In the order in which they are taken from the end: what comes later goes first.
            for operand in operands(subject, next).into_iter().rev() {
                asked += 1;
                let last =
                    operands(subject, next).iter().all(|it| *it == operand || gone.contains(it));
                if asked > PARTS_MAX || last || !self.changes_nothing(domain, all, &gone, operand) {
                    waiting.push(operand);
                    continue;
                }
                gone.insert(operand);
                found.push(self.idle_part(domain, (next, operand), *op, &gone));
            }
        }
        found
    }

    /// Whether a condition is the same without `part`, errors included.
    fn changes_nothing(
        &mut self,
        domain: Lit,
        all: &[ExprId],
        gone: &FxHashSet<ExprId>,
        part: ExprId,
    ) -> bool {
        let with = self.compose(all, gone);
        let mut less = gone.clone();
        less.insert(part);
        let without = self.compose(all, &less);
        let f = &mut self.store.formulas;
        let (holds, fails) = (f.differ(with.yes, without.yes), f.differ(with.error, without.error));
        let differs = f.or(holds, fails);
        self.never_in(domain, differs)
    }

    /// Why a part changes nothing.
    fn idle_part(
        &mut self,
        domain: Lit,
        (whole, at): (ExprId, ExprId),
        op: LogicOp,
        gone: &FxHashSet<ExprId>,
    ) -> Verdict {
        let own = self.meaning(at);
        let no = own.no(&mut self.store);
        if self.never_in(domain, no) {
            return self.why_always(domain, at, own);
        }
        if self.never_in(domain, own.yes) {
            return self.why_never(domain, at);
        }
        let others = operands(self.ground.subject, whole);
        let by = others.into_iter().filter(|it| !gone.contains(it)).find(|other| {
            let other = self.meaning(*other);
            let apart = match op {
                LogicOp::And => self.store.formulas.and(other.yes, !own.yes),
                LogicOp::Or => self.store.formulas.and(own.yes, !other.yes),
            };
            self.never_in(domain, apart)
        });
        Verdict::Idle { at, by, op }
    }
}

/// What a part is, at the beginning of a message.
#[must_use]
pub const fn subject_of(condition: &Condition, part: ExprId) -> &'static str {
    match (condition.root.0 == part.0, condition.role) {
        (true, Role::When | Role::Validation | Role::Decision | Role::Choice) => "this condition",
        (true, Role::Variable) => "this variable",
        (false, _) => "this part of the condition",
    }
}
