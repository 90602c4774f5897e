//! The debug section: where everything was written.

use std::collections::BTreeMap;

use crate::base::name::Name;
use crate::base::span::{FileId, Span};
use crate::compiler::check::analysis::Checked;
use crate::compiler::emit::lowered::{LoweredOutput, LoweredProgram, LoweredRule, RuleSource};
use crate::compiler::emit::rules::{
    EmittedAtom, EmittedChoice, EmittedOutput, EmittedProgram, EmittedRule,
};
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::document::model::{CelRule, Choice, Outcome};
use crate::runtime::bundle::debug::{ChoiceDebug, Debug, OutputDebug, Place, RuleAtom, RuleDebug};

/// The files of a bundle, in order of logical path, and their numbers.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) files: Vec<FileId>,
    numbers: BTreeMap<FileId, u32>,
}

impl Sources {
    /// All files of `map`.
    pub(crate) fn new(map: &SourceMap) -> Self {
        let files: Vec<FileId> = map.by_path().into_iter().map(|(id, _)| id).collect();
        let numbers = files.iter().copied().zip(0..).collect();
        Self { files, numbers }
    }

    fn place(&self, span: Span) -> Place {
        let source = self.numbers.get(&span.file).copied().unwrap_or(0);
        Place { source, start: span.start, end: span.end }
    }
}

/// Names, places and sources.
pub(crate) fn debug(
    map: &SourceMap,
    sources: &Sources,
    checked: &Checked<'_>,
    plan: &LoweredProgram,
    written: &EmittedProgram,
) -> Debug {
    let ast = &checked.parsed().ast;
    let place = |expr: ExprId| {
        ast.exprs.get(expr).map_or_else(Place::default, |expr| sources.place(expr.span))
    };
    let texts = sources.files.iter().filter_map(|id| map.get(*id));
    Debug {
        sources: texts.map(|file| (file.path.clone(), file.text.clone())).collect(),
        code: written
            .functions
            .iter()
            .flat_map(|function| &function.builder.code)
            .map(|draft| place(draft.origin))
            .collect(),
        atoms: written.tables.atoms.iter().map(|atom| place(*atom)).collect(),
        functions: written
            .functions
            .iter()
            .map(|function| (function.name.clone(), place(function.origin)))
            .collect(),
        rules: plan
            .rules
            .iter()
            .zip(&written.rules)
            .map(|(rule, written)| rule_debug(sources, checked, rule, written, &place))
            .collect(),
        outputs: plan
            .outputs
            .iter()
            .zip(&written.outputs)
            .map(|(output, written)| output_debug(sources, checked, output, written, &place))
            .collect(),
    }
}

fn rule_atom(own: EmittedAtom, place: &dyn Fn(ExprId) -> Place) -> RuleAtom {
    let EmittedAtom { atom, origin, bound, guard } = own;
    RuleAtom { atom, place: place(origin), bound, guard }
}

fn output_debug(
    sources: &Sources,
    checked: &Checked<'_>,
    output: &LoweredOutput,
    written: &EmittedOutput,
    place: &dyn Fn(ExprId) -> Place,
) -> OutputDebug {
    let Some(document) = checked.parsed().cel_policies.get(output.policy) else {
        return OutputDebug::default();
    };
    let mut entries = Vec::new();
    choices(&document.rule, &mut entries);
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let choice = |(entry, written): (&Choice, &EmittedChoice)| {
        let atoms = |own: &Vec<EmittedAtom>| own.iter().map(|it| rule_atom(*it, place)).collect();
        let [condition, yields] = &written.atoms;
        ChoiceDebug {
            depth: written.code.depth,
            place: sources.place(entry.span),
            outcome: match &entry.outcome {
                Outcome::Output(expr) => place(*expr),
                Outcome::Rule(nested) => sources.place(nested.span),
            },
            first: narrow(written.code.condition.0),
            then: narrow(written.code.outcome.0),
            end: narrow(written.code.outcome.1),
            condition: atoms(condition),
            yields: atoms(yields),
        }
    };
    OutputDebug {
        place: sources.place(document.rule.span),
        description: document.description.clone().unwrap_or_default(),
        choices: entries.into_iter().zip(&written.choices).map(choice).collect(),
    }
}

/// The entries of a block and of those below it, in the order of the document.
fn choices<'a>(rule: &'a CelRule, entries: &mut Vec<&'a Choice>) {
    for choice in &rule.choices {
        entries.push(choice);
        if let Outcome::Rule(nested) = &choice.outcome {
            choices(nested, entries);
        }
    }
}

fn rule_debug(
    sources: &Sources,
    checked: &Checked<'_>,
    rule: &LoweredRule,
    written: &EmittedRule,
    place: &dyn Fn(ExprId) -> Place,
) -> RuleDebug {
    let atoms = written.atoms.iter().map(|own| rule_atom(*own, place)).collect();
    let mut debug = RuleDebug { atoms, ..RuleDebug::default() };
    match rule.source {
        RuleSource::Rule(policy, number) => {
            let Some(document) = checked.parsed().policies.get(policy) else { return debug };
            debug.policy = document.name.value.to_string();
            let Some(rule) = document.rules.get(number) else { return debug };
            let text =
                |name: &Option<Name>| name.as_ref().map(ToString::to_string).unwrap_or_default();
            debug.place = sources.place(rule.span);
            debug.description = rule.description.clone().unwrap_or_default();
            debug.severity = text(&rule.severity);
            debug.owner = text(&rule.owner);
            debug.tags = rule.tags.iter().map(|tag| tag.value.to_string()).collect();
        }
        RuleSource::CelPolicy(policy) => {
            debug.place = place(rule.origin);
            if let Some(document) = checked.parsed().cel_policies.get(policy) {
                debug.policy = document.name.value.to_string();
                debug.description = document.description.clone().unwrap_or_default();
                debug.place = sources.place(document.rule.span);
            }
        }
    }
    debug
}
