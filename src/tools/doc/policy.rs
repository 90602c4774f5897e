//! A policy: its variables, a table of its rules, and what there is to say about each of them.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;

use crate::base::span::{FileId, Span};
use crate::compiler::syntax::document::model::{
    CelPolicyDocument, Outcome, PolicyDocument, Rule, RuleBody, Variable,
};
use crate::lang::decision::Effect;
use crate::tools::doc::block::{Block, Inline, code, heading, listed, paragraph, table, text};
use crate::tools::doc::condition::{line, lines};
use crate::tools::doc::{Set, escalation_words, made, place};

/// Which tests name which rule.
pub(super) struct Tests<'a> {
    by_rule: BTreeMap<&'a str, Vec<NamedTest<'a>>>,
}

/// A test that names a rule.
struct NamedTest<'a> {
    name: &'a str,
    span: Span,
    /// Names of the policies that it is about; none: those in the folder of `file`.
    policies: Rc<[&'a str]>,
    file: FileId,
}

impl<'a> Tests<'a> {
    /// The tests of a set.
    pub(super) fn of(set: &Set<'a>) -> Self {
        let mut by_rule: BTreeMap<&str, Vec<NamedTest<'_>>> = BTreeMap::new();
        for test in set.tests {
            let policies: Rc<[&str]> = test.policies.iter().map(|it| it.value.as_str()).collect();
            for case in &test.cases {
                let rule = case.expect.value.parts().and_then(|parts| parts.get("rule"));
                let Some(rule) = rule.and_then(Json::as_str) else { continue };
                let (name, span) = (case.name.as_str(), case.span);
                let policies = Rc::clone(&policies);
                let named = NamedTest { name, span, policies, file: test.file };
                by_rule.entry(rule).or_default().push(named);
            }
        }
        Self { by_rule }
    }

    /// Those that name `rule` of `document`.
    fn that_name(
        &self,
        set: &Set<'_>,
        document: &PolicyDocument,
        rule: &Rule,
    ) -> Vec<&NamedTest<'a>> {
        let folder = |file| {
            let path = set.files.get(file).map_or("", |file| file.path.as_str());
            path.rsplit_once('/').map_or("", |(folder, _)| folder)
        };
        let about = |case: &&NamedTest<'_>| {
            let own = document.name.value.as_str();
            case.policies.contains(&own)
                || (case.policies.is_empty() && folder(case.file) == folder(document.file))
        };
        let named = self.by_rule.get(rule.id.value.as_str());
        named.into_iter().flatten().filter(about).collect()
    }
}

/// A link to a rule: document `at`, rule `nth` of it.
pub(super) fn link(at: usize, nth: usize, rule: &Rule) -> Inline {
    Inline::Link(rule.id.value.to_string(), anchor(at, nth))
}

fn anchor(at: usize, nth: usize) -> String {
    format!("policy-{}-rule-{}", at + 1, nth + 1)
}

/// One of our documents, or of plain CEL.
pub(super) fn policy(
    set: &Set<'_>,
    tests: &Tests<'_>,
    at: usize,
    document: &PolicyDocument,
) -> Vec<Block> {
    let name = &document.name.value;
    let mut blocks = vec![heading(2, Some(format!("policy-{}", at + 1)), format!("Policy {name}"))];
    blocks.extend(document.description.iter().map(|about| paragraph(vec![text(about)])));
    blocks.push(paragraph(vec![text("Written in "), place(set.files, document.span), text(".")]));
    blocks.extend(variables(set, &document.variables));
    let rows = document.rules.iter().enumerate().map(|(nth, rule)| {
        let owner = rule.owner.iter().map(|owner| text(owner.as_str()));
        let tags = rule.tags.iter().map(|tag| code(tag.value.as_str()));
        let severity = rule.severity.iter().map(|severity| text(severity.as_str()));
        let count = tests.that_name(set, document, rule).len();
        vec![
            vec![link(at, nth, rule)],
            vec![text(effect(rule))],
            tools(rule),
            listed(severity),
            listed(owner),
            listed(tags),
            vec![text(count.to_string())],
        ]
    });
    let head = ["rule", "effect", "tools", "severity", "owner", "tags", "tests"];
    blocks.push(table(&head, rows.collect()));
    for (nth, rule) in document.rules.iter().enumerate() {
        blocks.push(heading(3, Some(anchor(at, nth)), rule.id.value.to_string()));
        blocks.extend(about(set, tests, document, rule));
    }
    blocks
}

/// What a rule says, in a word, and whether it counts.
fn effect(rule: &Rule) -> String {
    let word = match rule.body {
        RuleBody::When { effect: Effect::Deny, .. } => "deny",
        RuleBody::When { effect: Effect::Escalate, .. } => "escalate",
        RuleBody::When { effect: Effect::Allow, .. } => "allow",
        RuleBody::Decision(_) => "as it says",
    };
    let mut words = word.to_owned();
    if rule.response {
        words += ", of responses";
    }
    if rule.shadow {
        words += ", in shadow: it does not count";
    }
    words
}

fn tools(rule: &Rule) -> Vec<Inline> {
    if rule.on.is_empty() {
        return vec![text("every tool")];
    }
    listed(rule.on.iter().map(|pattern| code(pattern.value.as_str())))
}

/// The section of a rule.
fn about(set: &Set<'_>, tests: &Tests<'_>, document: &PolicyDocument, rule: &Rule) -> Vec<Block> {
    let mut blocks: Vec<Block> =
        rule.description.iter().map(|about| paragraph(vec![text(about)])).collect();
    let mut rows = vec![vec![vec![text("effect")], vec![text(effect(rule))]]];
    let mut row = |what: &str, says: Vec<Inline>| rows.push(vec![vec![text(what)], says]);
    row("tools", tools(rule));
    let expr = match &rule.body {
        RuleBody::When { condition, reason, escalation, .. } => {
            let sections = made::rows(set, document, rule);
            if sections.is_empty() {
                let when = condition.map_or_else(|| text("always"), |it| code(line(set, it)));
                row("when", vec![when]);
            }
            for (what, says) in sections {
                row(what, says);
            }
            if let Some(reason) = reason {
                let written = || set.files.text(reason.span).to_owned();
                let said = if rule.made { made::reason(reason) } else { written() };
                row("reason", vec![text(said)]);
            }
            if let Some(escalation) = escalation {
                row("handed on", vec![text(escalation_words(escalation))]);
            }
            *condition
        }
        RuleBody::Decision(expr) => {
            row("says", vec![code(line(set, *expr))]);
            Some(*expr)
        }
    };
    if rule.priority != 0 {
        row("priority", vec![text(rule.priority.to_string())]);
    }
    row("source", vec![place(set.files, rule.span)]);
    let named = tests.that_name(set, document, rule);
    for case in &named {
        row("test", vec![text(case.name), text(", "), place(set.files, case.span)]);
    }
    if named.is_empty() {
        row("test", vec![text("none names this rule")]);
    }
    blocks.push(table(&["what", "says"], rows));
    // Behind an expression that nobody wrote stand other things than CEL.
    let written = expr.filter(|_| !rule.made);
    blocks.extend(written.and_then(|expr| lines(set, expr)).map(Block::Code));
    blocks
}

fn variables(set: &Set<'_>, variables: &[Variable]) -> Option<Block> {
    let row = |variable: &Variable| {
        vec![
            vec![code(variable.name.value.as_str())],
            vec![code(line(set, variable.expr))],
            listed(variable.description.iter().map(text)),
        ]
    };
    let rows: Vec<_> = variables.iter().map(row).collect();
    (!rows.is_empty()).then(|| table(&["variable", "stands for", "about"], rows))
}

/// A CEL Policy document: its choices in order, with the conditions that lead to each.
pub(super) fn cel_policy(set: &Set<'_>, at: usize, document: &CelPolicyDocument) -> Vec<Block> {
    let name = &document.name.value;
    let anchor = format!("cel-policy-{}", at + 1);
    let mut blocks = vec![heading(2, Some(anchor), format!("Policy {name}"))];
    blocks.extend(document.description.iter().map(|about| paragraph(vec![text(about)])));
    let start = Span::new(document.file, 0, 0);
    blocks.push(paragraph(vec![text("Written in "), place(set.files, start), text(".")]));
    blocks.push(paragraph(vec![text(if document.rule.aggregate {
        "Every row whose conditions all hold adds its output."
    } else {
        "The first row whose conditions all hold says the output."
    })]));
    let mut rows = Vec::new();
    // Choices in order; those of a rule inside of a rule stand in the place of its choice, each
    // with the conditions that lead there.
    blocks.extend(variables(set, &document.rule.variables));
    let mut open = vec![(document.rule.choices.iter(), Vec::new())];
    while let Some((choices, above)) = open.last_mut() {
        let Some(choice) = choices.next() else {
            open.pop();
            continue;
        };
        let mut when: Vec<Inline> = above.clone();
        when.extend(choice.condition.map(|it| code(line(set, it))));
        match &choice.outcome {
            Outcome::Output(output) => {
                let says = vec![code(line(set, *output))];
                let when = if when.is_empty() { vec![text("always")] } else { listed(when) };
                rows.push(vec![when, says, vec![place(set.files, choice.span)]]);
            }
            Outcome::Rule(inner) => {
                blocks.extend(inner.description.iter().map(|about| paragraph(vec![text(about)])));
                blocks.extend(variables(set, &inner.variables));
                open.push((inner.choices.iter(), when));
            }
        }
    }
    blocks.push(table(&["when all of", "the output is", "source"], rows));
    blocks
}
