//! Lints: what is probably a mistake in policies that compile.
//!
//! In:      `Subject`: a project without errors, its tree, its types and its program.
//! Out:     findings in the sink.
//! Imports: `diag`.
//!
//! A lint is a row of `LINTS` and a file: in `source` where it goes by what is written, in
//! `meaning` where it asks about all inputs and shows one, in `traces` where it goes by what
//! recorded sessions did. Every lint reports at the level of its
//! code; `suppress` and `select` say afterwards what a project wants to hear.

pub mod annotate;
pub mod cache;
pub mod fix;
pub mod lengths;
pub mod loops;
pub mod meaning;
pub mod names;
pub mod opening;
pub mod outputs;
pub mod parts;
pub mod plans;
pub mod select;
pub mod shape;
pub mod source;
pub mod spelling;
pub mod subject;
pub mod suppress;
pub mod taint;
pub mod traces;

use crate::diag::codes::Code;
use crate::diag::sink::Sink;
use crate::tools::lint::meaning::{
    MeaningCheck, always, conflict, duplicate, idle, missing, never, shadowed, tool, vain_grant,
};
use crate::tools::lint::select::{Level, Selection};
use crate::tools::lint::subject::Subject;
use crate::tools::lint::traces::{unused_capability, unused_step, written_text};

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
    run: Run,
}

/// What a lint goes by.
#[derive(Clone, Copy, Debug)]
enum Run {
    /// What is written.
    Source(fn(&Subject<'_>, &mut Sink)),
    /// What it means for all inputs.
    Meaning(MeaningCheck),
    /// What recorded sessions did.
    Traces(traces::TraceCheck),
}

const fn source(code: Code, group: Group, run: fn(&Subject<'_>, &mut Sink)) -> Lint {
    Lint { code, group, run: Run::Source(run) }
}

const fn meaning(code: Code, group: Group, look: MeaningCheck) -> Lint {
    Lint { code, group, run: Run::Meaning(look) }
}

const fn of_traces(code: Code, group: Group, look: traces::TraceCheck) -> Lint {
    Lint { code, group, run: Run::Traces(look) }
}

impl Lint {
    /// Whether it goes by recorded sessions, and finds nothing where there are none.
    #[must_use]
    pub const fn needs_sessions(&self) -> bool {
        matches!(self.run, Run::Traces(_))
    }
}

/// Every lint, by code.
pub const LINTS: &[Lint] = &[
    source(Code::AlwaysFails, Group::Bugs, source::always_fails::run),
    meaning(Code::AlwaysHolds, Group::Bugs, MeaningCheck::Condition(always::run)),
    meaning(Code::NeverHolds, Group::Bugs, MeaningCheck::Condition(never::run)),
    meaning(Code::IdlePart, Group::Bugs, MeaningCheck::Condition(idle::run)),
    meaning(Code::NeverDecides, Group::Bugs, MeaningCheck::Rule(shadowed::run)),
    meaning(Code::Contradiction, Group::Bugs, MeaningCheck::Rule(conflict::run)),
    meaning(Code::DuplicateRule, Group::Bugs, MeaningCheck::Rule(duplicate::run)),
    meaning(Code::NeverForTool, Group::Bugs, MeaningCheck::Rule(tool::run)),
    meaning(Code::MissingData, Group::Bugs, MeaningCheck::Rule(missing::run)),
    source(Code::FailsOpen, Group::Security, source::fails_open::run),
    source(Code::UnwrittenDefault, Group::Pedantic, source::unwritten_default::run),
    source(Code::WildcardAllow, Group::Security, source::wildcard_allow::run),
    source(Code::TextComparison, Group::Security, source::text_comparison::run),
    source(Code::ShellPattern, Group::Security, source::shell_pattern::run),
    source(Code::UnanchoredPattern, Group::Security, source::unanchored_pattern::run),
    source(Code::LooseMatch, Group::Security, source::loose_match::run),
    source(Code::SecretInReason, Group::Security, source::secret_in_reason::run),
    source(Code::Confusable, Group::Security, source::confusable::run),
    source(Code::NestedLoops, Group::Cost, source::nested_loops::run),
    source(Code::TimeWithoutZone, Group::Cost, source::time_without_zone::run),
    source(Code::RepeatedSearch, Group::Cost, source::repeated_search::run),
    source(Code::UnusedVariable, Group::Unused, source::unused_variable::run),
    source(Code::UnusedTool, Group::Unused, source::unused_tool::run),
    source(Code::UnusedDeclaration, Group::Unused, source::unused_declaration::run),
    source(Code::UnknownTag, Group::Unused, source::unknown_tag::run),
    source(Code::MissingReason, Group::Pedantic, source::missing_reason::run),
    source(Code::MissingOwner, Group::Pedantic, source::missing_owner::run),
    source(Code::IdNaming, Group::Style, source::id_naming::run),
    source(Code::RedundantParentheses, Group::Style, source::redundant_parentheses::run),
    source(Code::BoolComparison, Group::Style, source::bool_comparison::run),
    source(Code::DoubleNegation, Group::Style, source::double_negation::run),
    source(Code::SizeComparison, Group::Style, source::size_comparison::run),
    source(Code::PresenceChain, Group::Style, source::presence_chain::run),
    source(Code::NegatedComparison, Group::Style, source::negated_comparison::run),
    source(Code::SingleMembership, Group::Style, source::single_membership::run),
    source(Code::EqualityChain, Group::Style, source::equality_chain::run),
    source(Code::BoolConditional, Group::Style, source::bool_conditional::run),
    source(Code::OpenTarget, Group::Security, source::open_target::run),
    source(Code::TaintedSink, Group::Security, source::tainted_sink::run),
    source(Code::UnboundedStep, Group::Security, source::unbounded_step::run),
    source(Code::IrreversibleFirst, Group::Bugs, source::irreversible_first::run),
    source(Code::DeadStep, Group::Bugs, source::dead_step::run),
    source(Code::SplitLimit, Group::Security, source::split_limit::run),
    source(Code::WildcardCapability, Group::Security, source::wildcard_capability::run),
    source(Code::Echo, Group::Security, source::echo::run),
    source(Code::UnusedGrant, Group::Unused, source::unused_grant::run),
    source(Code::WideSanitizer, Group::Security, source::wide_sanitizer::run),
    source(Code::TrustedModel, Group::Security, source::trusted_model::run),
    source(Code::TrustedRest, Group::Security, source::trusted_rest::run),
    source(Code::ReadBack, Group::Security, source::read_back::run),
    source(Code::UnsaidOutput, Group::Pedantic, source::unsaid_output::run),
    source(Code::UnaskedLabel, Group::Security, source::unasked_label::run),
    source(Code::UnreadTarget, Group::Security, source::unread_target::run),
    source(Code::WideApproval, Group::Security, source::wide_approval::run),
    source(Code::TrustedExcuse, Group::Security, source::trusted_excuse::run),
    source(Code::UnwatchedTool, Group::Security, source::unwatched_tool::run),
    source(Code::AddressRead, Group::Security, source::address_read::run),
    source(Code::FreeKey, Group::Security, source::free_key::run),
    source(Code::IdleApproval, Group::Bugs, source::idle_approval::run),
    source(Code::OpenWorld, Group::Security, source::open_world::run),
    source(Code::NullOptional, Group::Bugs, source::null_optional::run),
    meaning(Code::VainGrant, Group::Bugs, MeaningCheck::Rule(vain_grant::run)),
    of_traces(Code::UnusedCapability, Group::Unused, unused_capability::run),
    of_traces(Code::WrittenText, Group::Security, written_text::run),
    of_traces(Code::UnusedStep, Group::Unused, unused_step::run),
];

/// Reports what lints of these codes find that go by what is written.
pub fn lint_only(subject: &Subject<'_>, selection: &Selection, codes: &[Code], sink: &mut Sink) {
    let told = |lint: &&Lint| selection.level(lint.code) != Level::Allow;
    for lint in LINTS.iter().filter(|lint| codes.contains(&lint.code)).filter(told) {
        if let Run::Source(run) = lint.run {
            run(subject, sink);
        }
    }
}

/// Reports what those lints find that `selection` tells. The others do not run: what they would
/// find is never told, and would take the room of what is.
pub fn lint(subject: &Subject<'_>, selection: &Selection, sink: &mut Sink) {
    let (mut looks, mut of_traces) = (Vec::new(), Vec::new());
    for lint in LINTS.iter().filter(|lint| selection.level(lint.code) != Level::Allow) {
        if subject.is_stopped() {
            return;
        }
        match lint.run {
            Run::Source(run) => run(subject, sink),
            Run::Meaning(look) => looks.push(look),
            Run::Traces(look) => of_traces.push(look),
        }
    }
    if !of_traces.is_empty() && !subject.sessions().is_empty() {
        traces::lint(subject, &of_traces, sink);
    }
    if !looks.is_empty() {
        meaning::lint(subject, &looks, sink);
    }
}
