//! What emitting can find wrong, in words.

use crate::base::limits::{DECISION_COST_MAX, LIST_LENGTH_ASSUMED, RULE_COST_MAX};
use crate::compiler::emit::CapacityExceeded;
use crate::compiler::emit::costs::{Excess, Subject, Unbounded, UnboundedKind};
use crate::compiler::emit::duplicates::DuplicateName;
use crate::compiler::emit::finish::ROW;
use crate::compiler::emit::redactions::OverlappingRedaction;
use crate::compiler::emit::secrets::SensitiveQuote;
use crate::compiler::syntax::ast::Ast;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::numbers::grouped;

/// What helps where functions call one another in too long a row.
const SHORTER: &str =
    "write a few of these variables as one: each that is read more than once, or in a loop, counts";
/// What helps elsewhere.
const NAMED: &str = "give parts of it names of their own, or write less";

impl CapacityExceeded {
    /// In words, with the place of the expression that needs so many.
    pub(in crate::compiler) fn diagnostic(self, ast: &Ast) -> Diagnostic {
        let fact = format!("the bundle would need more than {} {}", self.most, self.what);
        match self.at {
            Some(at) => {
                let label = "this needs too many";
                Diagnostic::new(Code::TooMany, ast.span(at), fact, label)
                    .help(if self.what == ROW { SHORTER } else { NAMED })
            }
            None => Diagnostic::without_place(Code::TooMany, fact),
        }
    }
}

impl From<Excess> for Diagnostic {
    fn from(excess: Excess) -> Self {
        let code = if excess.metered { Code::Metered } else { Code::CostLimit };
        let (subject, most, label) = match excess.subject {
            Subject::Part { within: None } => {
                ("this", RULE_COST_MAX, format!("up to {}", units(excess.cost)))
            }
            Subject::Part { within: Some(part) } => {
                ("this condition", RULE_COST_MAX, format!("up to {} of them", units(part)))
            }
            Subject::Decision { rules, most } => {
                let label = format!("the most expensive of {rules} rules: {}", units(most));
                ("a decision", DECISION_COST_MAX, label)
            }
        };
        let fact = if excess.metered {
            format!("{subject} may cost {}, so units are counted while it runs", units(excess.cost))
        } else {
            format!("{subject} may cost {}; the limit is {}", units(excess.cost), grouped(most))
        };
        let found = Self::new(code, excess.at, fact, label);
        match excess.unbounded {
            Some(unbounded) => unbounded.told(found),
            None if excess.typed => found.help("ask about fewer elements, or with one loop"),
            None => found.help("a schema can bound its lists with `maxItems`"),
        }
    }
}

impl Unbounded {
    /// `found`, with the place and a bound to write there.
    fn told(self, found: Diagnostic) -> Diagnostic {
        let Self { at, name, kind } = self;
        let assumed = grouped(LIST_LENGTH_ASSUMED);
        let (label, help) = match kind {
            UnboundedKind::List { items } => {
                let form = items.map_or_else(
                    || "maxItems: 100".to_owned(),
                    |items| format!("{name}: {{items: {items}, maxItems: 100}}"),
                );
                let label = format!("without `maxItems` it counts as {assumed} elements");
                (label, format!("bound `{name}`, as in `{form}`"))
            }
            UnboundedKind::Map { key, value } => (
                format!("maps have no bound, so it counts as {assumed} entries"),
                format!(
                    "declare a list of entries instead, as `{name}: {{items: {{key: {key}, value: \
                     {value}}}, maxItems: 100}}`"
                ),
            ),
        };
        found.label(at, label).help(help)
    }
}

impl From<SensitiveQuote> for Diagnostic {
    fn from(quoted: SensitiveQuote) -> Self {
        let what = if quoted.output { "an output" } else { "a message" };
        let field = &quoted.field;
        let fact = format!("{what} may not tell `{field}`, which is sensitive");
        let label = match &quoted.via {
            Some(variable) => format!("`{variable}` is made from it"),
            None => "told here".to_owned(),
        };
        let found = Self::new(Code::SensitiveQuoted, quoted.at, fact, label)
            .help("leave it out; conditions may ask about it");
        match quoted.declared {
            Some(span) => found.label(span, "`x-sensitive: true`"),
            None => found,
        }
    }
}

impl From<DuplicateName> for Diagnostic {
    fn from(found: DuplicateName) -> Self {
        let DuplicateName { at, first, name, what, written } = found;
        let (one, has) = match what {
            "outputs" => ("output", "name"),
            _ => ("rule", "id"),
        };
        let help = if written {
            format!("{has}s are unique in a bundle, give this {one} another")
        } else {
            format!("`{name}` was made for it, as for the first: give this {one} an {has}")
        };
        let fact = format!("two {what} have the {has} `{name}`");
        Self::new(Code::DuplicateKey, at, fact, "the second").label(first, "the first").help(help)
    }
}

impl From<OverlappingRedaction> for Diagnostic {
    fn from(found: OverlappingRedaction) -> Self {
        let OverlappingRedaction { at, path, above, declared } = found;
        let fact = format!("`{path}` lies in `{above}`, which the schema marks as sensitive");
        let found = Self::new(Code::RedactionOverlap, at, fact, "withheld with all around it")
            .help(format!("write an entry for `{above}`, or for nothing in it"));
        match declared {
            Some(span) => found.label(span, "`x-sensitive: true`"),
            None => found,
        }
    }
}

/// `1 200 000 units`; sums stop at the largest number.
fn units(cost: u64) -> String {
    if cost == u64::MAX { "endless units".to_owned() } else { format!("{} units", grouped(cost)) }
}
