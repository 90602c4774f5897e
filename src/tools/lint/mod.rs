//! Lints: what is probably a mistake in policies that compile.
//!
//! In:      `Subject`: a project without errors, its tree, its types and its program.
//! Out:     findings in the sink.
//! Imports: `base`, `diag`, `lang`, `compiler`, `runtime`.
//!
//! A lint is a row of `LINTS` and a file: in `source` where it goes by what is written, in
//! `meaning` where it asks about all inputs and shows one. Every lint reports at the level of its
//! code; `suppress` and `select` say afterwards what a project wants to hear.

pub mod annotate;
pub mod fix;
pub mod lengths;
pub mod loops;
pub mod names;
pub mod parts;
pub mod select;
pub mod shape;
pub mod source;
pub mod spelling;
pub mod subject;
pub mod suppress;

use crate::diag::codes::Code;
use crate::diag::sink::Sink;
use crate::tools::lint::select::{Level, Selection};
use crate::tools::lint::subject::Subject;

/// What lints are about. People choose them by these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Conditions and rules that cannot mean what they say.
    Bugs,
    /// Ways around a policy.
    Security,
    /// What costs more than it must.
    Cost,
    /// What nobody uses.
    Unused,
    /// Shorter or clearer ways to write the same.
    Style,
    /// What a house may demand. Silent until it is chosen.
    Pedantic,
}

impl Group {
    /// Every group.
    pub const ALL: [Self; 6] =
        [Self::Bugs, Self::Security, Self::Cost, Self::Unused, Self::Style, Self::Pedantic];

    /// As people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bugs => "bugs",
            Self::Security => "security",
            Self::Cost => "cost",
            Self::Unused => "unused",
            Self::Style => "style",
            Self::Pedantic => "pedantic",
        }
    }
}

/// A lint.
#[derive(Clone, Copy, Debug)]
pub struct Lint {
    /// What it reports.
    pub code: Code,
    /// What it is about.
    pub group: Group,
    run: fn(&Subject<'_>, &mut Sink),
}

/// Every lint, by code.
pub const LINTS: &[Lint] = &[
    Lint { code: Code::FailsOpen, group: Group::Security, run: source::fails_open::run },
    Lint {
        code: Code::UnwrittenDefault,
        group: Group::Pedantic,
        run: source::unwritten_default::run,
    },
    Lint { code: Code::WildcardAllow, group: Group::Security, run: source::wildcard_allow::run },
    Lint { code: Code::TextComparison, group: Group::Security, run: source::text_comparison::run },
    Lint { code: Code::ShellPattern, group: Group::Security, run: source::shell_pattern::run },
    Lint {
        code: Code::UnanchoredPattern,
        group: Group::Security,
        run: source::unanchored_pattern::run,
    },
    Lint { code: Code::LooseMatch, group: Group::Security, run: source::loose_match::run },
    Lint { code: Code::SecretInReason, group: Group::Security, run: source::secret_in_reason::run },
    Lint { code: Code::Confusable, group: Group::Security, run: source::confusable::run },
    Lint { code: Code::NestedLoops, group: Group::Cost, run: source::nested_loops::run },
    Lint { code: Code::TimeWithoutZone, group: Group::Cost, run: source::time_without_zone::run },
    Lint { code: Code::RepeatedSearch, group: Group::Cost, run: source::repeated_search::run },
    Lint { code: Code::UnusedVariable, group: Group::Unused, run: source::unused_variable::run },
    Lint { code: Code::UnusedTool, group: Group::Unused, run: source::unused_tool::run },
    Lint {
        code: Code::UnusedDeclaration,
        group: Group::Unused,
        run: source::unused_declaration::run,
    },
    Lint { code: Code::UnknownTag, group: Group::Unused, run: source::unknown_tag::run },
    Lint { code: Code::MissingReason, group: Group::Pedantic, run: source::missing_reason::run },
    Lint { code: Code::MissingOwner, group: Group::Pedantic, run: source::missing_owner::run },
    Lint { code: Code::IdNaming, group: Group::Style, run: source::id_naming::run },
    Lint {
        code: Code::RedundantParentheses,
        group: Group::Style,
        run: source::redundant_parentheses::run,
    },
    Lint { code: Code::BoolComparison, group: Group::Style, run: source::bool_comparison::run },
    Lint { code: Code::DoubleNegation, group: Group::Style, run: source::double_negation::run },
    Lint { code: Code::SizeComparison, group: Group::Style, run: source::size_comparison::run },
    Lint { code: Code::PresenceChain, group: Group::Style, run: source::presence_chain::run },
    Lint {
        code: Code::NegatedComparison,
        group: Group::Style,
        run: source::negated_comparison::run,
    },
    Lint { code: Code::SingleMembership, group: Group::Style, run: source::single_membership::run },
    Lint { code: Code::EqualityChain, group: Group::Style, run: source::equality_chain::run },
    Lint { code: Code::BoolConditional, group: Group::Style, run: source::bool_conditional::run },
];

/// Reports what those lints find that `selection` tells. The others do not run: what they would
/// find is never told, and would take the room of what is.
pub fn lint(subject: &Subject<'_>, selection: &Selection, sink: &mut Sink) {
    for lint in LINTS.iter().filter(|lint| selection.level(lint.code) != Level::Allow) {
        (lint.run)(subject, sink);
    }
}
