//! Lints that ask about all inputs: what they report is proved, or an input that was decided shows
//! it. What is not known is not reported.
//!
//! In:      `Subject`.
//! Out:     findings.
//! Imports: `base`, `compiler::check`, `compiler::emit`, `compiler::solve`, `compiler::syntax`,
//!          `diag`, `lang`, `tools::parallel`, `tools::standalone`.
//!
//! `world` answers questions; `part`, `verdict`, `contest` and `reads` are what several lints ask.
//! Rules are looked at a few at a time, on all processors, each few in a world of their own: so
//! findings hang neither on the number of processors nor on what others say.

pub mod always;
pub mod conflict;
pub mod contest;
pub mod duplicate;
pub mod entries;
pub mod idle;
pub mod missing;
pub mod never;
pub mod part;
pub mod reads;
pub mod shadowed;
mod show;
pub mod tool;
pub mod vain_grant;
pub mod verdict;
pub mod world;

use std::sync::{Arc, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::span::Span;
use crate::compiler::check::analysis::{LocalId, MacroUse, Use};
use crate::compiler::emit::parts::{Part, parts};
use crate::compiler::solve::input::Frame;
use crate::compiler::solve::rules::Guards;
use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::compiler::syntax::document::model::{Form, RuleBody};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::types::{Type, TypeId, TypeTable};
use crate::tools::lint::meaning::entries::{EntryPath, EntryPaths, entries};
use crate::tools::lint::meaning::part::operands;
use crate::tools::lint::meaning::reads::Reads;
use crate::tools::lint::meaning::world::{Condition, Role, RuleSource, SharedWorld, World};
use crate::tools::lint::shape::boolean;
use crate::tools::lint::subject::Subject;
use crate::tools::parallel::each;
use crate::tools::standalone;

/// What a lint of this room looks at.
#[derive(Clone, Copy, Debug)]
pub enum MeaningCheck {
    /// Every condition.
    Condition(fn(&mut World<'_>, &Condition, &mut Vec<Diagnostic>)),
    /// Every rule, by number.
    Rule(fn(&mut World<'_>, u16, &mut Vec<Diagnostic>)),
}

/// Rules that are looked at together.
const TOGETHER: usize = 64;

/// A rule with its conditions, or a condition of none.
#[derive(Clone, Debug, Default)]
struct Task {
    rule: Option<u16>,
    conditions: Vec<Condition>,
}

/// Reports what `looks` find.
pub fn lint(subject: &Subject<'_>, looks: &[MeaningCheck], sink: &mut Sink) {
    let mut plan = LintPlan {
        subject,
        tasks: Vec::new(),
        wanted: PartSet::default(),
        rules: Vec::new(),
        entries: EntryPaths::default(),
    };
    plan.documents();
    plan.cel_policies();
    let LintPlan { tasks, wanted, rules, entries, .. } = plan;
    // Where a bundle has no room for more, nothing is asked.
    let Ok(made) = parts(&subject.checked, &wanted.parts) else {
        sink.report(given_up("the project is too large to be asked about all inputs".to_owned()));
        return;
    };
    let functions = wanted.parts.iter().map(|part| part.expr).zip(made.functions.iter().copied());
    let leaves: FxHashMap<ExprId, u16> = functions.collect();
    let ground = SharedWorld {
        subject,
        alone: standalone::ContextDecider::of(subject.program),
        parts: &made,
        leaves: &leaves,
        guards: Guards::of(&made.module),
        frame: Arc::new(Frame::of(&[&made.module])),
        rules,
        entries,
        reads: Reads::of(&made.module),
        debug: OnceLock::new(),
    };
    let few: Vec<&[Task]> = tasks.chunks(TOGETHER).collect();
    let done = each(&few, |tasks| run_checks(&ground, tasks, looks));
    let mut seen: FxHashSet<(Code, Option<Span>)> = FxHashSet::default();
    let mut unknown = 0;
    for (found, own) in done {
        unknown += own;
        for finding in found {
            // Rules can share a condition that is written once.
            if seen.insert((finding.code, finding.span())) {
                sink.report(finding);
            }
        }
    }
    if unknown > 0 {
        sink.report(given_up(format!("{unknown} questions about all inputs were given up")));
    }
}

fn given_up(fact: String) -> Diagnostic {
    let found = Diagnostic::without_place(Code::LintGivenUp, fact);
    found.help("findings that are reported are true; others may be missing")
}

fn run_checks(
    ground: &SharedWorld<'_>,
    tasks: &[Task],
    looks: &[MeaningCheck],
) -> (Vec<Diagnostic>, usize) {
    let (mut world, mut found) = (World::of(ground), Vec::new());
    for task in tasks.iter().take_while(|_| !ground.subject.is_stopped()) {
        for condition in &task.conditions {
            for look in looks {
                if let MeaningCheck::Condition(run) = look {
                    run(&mut world, condition, &mut found);
                }
            }
        }
        for look in looks {
            if let (MeaningCheck::Rule(run), Some(rule)) = (look, task.rule) {
                run(&mut world, rule, &mut found);
            }
        }
    }
    (found, world.given_up)
}

/// What there is to look at.
struct LintPlan<'a> {
    subject: &'a Subject<'a>,
    tasks: Vec<Task>,
    wanted: PartSet,
    rules: Vec<Option<RuleSource<'a>>>,
    entries: EntryPaths,
}

/// Parts of conditions that become functions, each once.
#[derive(Default)]
struct PartSet {
    parts: Vec<Part>,
    known: FxHashSet<ExprId>,
}

impl PartSet {
    /// The parts of a condition that nothing smaller is a part of.
    fn leaves(&mut self, subject: &Subject<'_>, root: ExprId, context: Option<TypeId>) {
        let mut waiting = vec![root];
        while let Some(expr) = waiting.pop() {
            let inner = operands(subject, expr);
            if inner.is_empty() && self.known.insert(expr) {
                self.parts.push(Part { expr, context });
            }
            waiting.extend(inner);
        }
    }
}

impl LintPlan<'_> {
    fn task(&mut self, roots: &[(ExprId, Role)], rule: bool, context: Option<TypeId>) {
        let rule = if rule { u16::try_from(self.rules.len()).ok() } else { None };
        let mut task = Task { rule, conditions: Vec::new() };
        for (root, role) in roots {
            self.wanted.leaves(self.subject, *root, context);
            task.conditions.push(Condition { root: *root, rule, role: *role });
        }
        self.tasks.push(task);
    }

    fn documents(&mut self) {
        let checked = self.subject.checked;
        let (parsed, analysis) = (checked.parsed(), checked.analysis());
        for (document, info) in parsed.policies.iter().zip(&analysis.policies) {
            for variable in &document.variables {
                if checked.type_of(variable.expr) == TypeTable::BOOL {
                    // Nobody has made sure of anything for a variable: rules that read it do.
                    self.task(&[(variable.expr, Role::Variable)], false, None);
                }
            }
            for rule in &document.rules {
                let context = info.context.filter(|_| !rule.shadow);
                let roots = match &rule.body {
                    // Nobody wrote the condition: what is true of it is not true of the text that
                    // it stands for, and what could be taken away of it stands nowhere.
                    _ if rule.made => Vec::new(),
                    RuleBody::When { condition: Some(root), .. }
                        if document.form == Form::Admission =>
                    {
                        vec![(self.validated(*root), Role::Validation)]
                    }
                    RuleBody::When { condition, .. } => {
                        condition.iter().map(|root| (*root, Role::When)).collect()
                    }
                    RuleBody::Decision(expr) => self.decided(*expr),
                };
                self.task(&roots, true, context);
                let typed = analysis.has_schema;
                self.rules.push(Some(RuleSource { document, rule, typed }));
            }
        }
    }

    /// What a validation asks for, of the condition that was made of it, which denies where that
    /// does not hold and the match conditions do.
    fn validated(&self, root: ExprId) -> ExprId {
        let ast = self.subject.ast();
        let mut at = root;
        while let ExprKind::Conditional { condition, yes, no, .. } = ast.kind(at) {
            let made = ast.span(*yes) == ast.span(*no);
            at = match (boolean(ast, *yes), boolean(ast, *no)) {
                (None, Some(false)) if made => *yes,
                (Some(false), Some(true)) if made => return *condition,
                _ => break,
            };
        }
        root
    }

    /// The conditions of a `.cel` rule. One that reads what `cel.bind` names is left out: by itself
    /// it means nothing.
    fn decided(&self, expr: ExprId) -> Vec<(ExprId, Role)> {
        let (mut found, mut waiting, mut bound) = (Vec::new(), vec![expr], Vec::new());
        while let Some(next) = waiting.pop() {
            match (self.subject.checked.used(next), self.subject.ast().kind(next)) {
                (Use::Decision(_), _) => {}
                (_, ExprKind::Conditional { condition, yes, no, .. }) => {
                    if !self.reads(*condition, &bound) {
                        found.push((*condition, Role::Decision));
                    }
                    waiting.extend([*no, *yes]);
                }
                (Use::Macro(MacroUse::Bind(local)), ExprKind::Call { args, .. }) => {
                    bound.push(*local);
                    waiting.extend(args.last());
                }
                _ => {}
            }
        }
        found
    }

    /// Whether an expression reads one of these names.
    fn reads(&self, expr: ExprId, bound: &[LocalId]) -> bool {
        let mut waiting = vec![expr];
        while let Some(next) = waiting.pop().filter(|_| !bound.is_empty()) {
            if matches!(self.subject.checked.used(next), Use::Local(own) if bound.contains(own)) {
                return true;
            }
            waiting.extend(self.subject.ast().children(next));
        }
        false
    }

    fn cel_policies(&mut self) {
        let checked = self.subject.checked;
        let (parsed, analysis) = (checked.parsed(), checked.analysis());
        for (document, info) in parsed.cel_policies.iter().zip(&analysis.cel_policies) {
            for variable in info.variables.iter().flatten() {
                if let Some(variable) = analysis.variables.get(*variable)
                    && variable.ty == TypeTable::BOOL
                {
                    self.task(&[(variable.expr, Role::Variable)], false, None);
                }
            }
            let mut found = Vec::new();
            entries(&document.rule, &EntryPath::default(), &mut found);
            for (root, path) in found {
                self.task(&[(root, Role::Choice)], false, None);
                self.entries.insert(root, path);
            }
            let inner = analysis.types.get(info.output);
            let output = if let Type::Optional(inner) = inner { *inner } else { info.output };
            if output == TypeTable::DECISION {
                self.rules.push(None);
            }
        }
    }
}
