//! The keys of the mappings of our documents, and the words that some of them hold: the one place
//! that readers, editors and the published schemas go by.
//!
//! In:      nothing.
//! Out:     tables.
//! Imports: `lang`.

use crate::compiler::syntax::document::agents::ToolEffect;
use crate::compiler::syntax::document::model::{OnTimeout, Role};
use crate::lang::session::{self, Disclose, Param, Period, Respond};

/// The keys of a mapping.
#[derive(Clone, Copy, Debug)]
pub struct Mapping {
    /// Those that are read.
    pub read: &'static [&'static str],
    /// Those that are known only to say that they are not built yet.
    pub later: &'static [&'static str],
}

impl Mapping {
    /// All that are known.
    pub fn all(&self) -> impl Iterator<Item = &'static str> {
        self.read.iter().chain(self.later).copied()
    }
}

/// The sections of a document.
pub const DOCUMENT: Mapping = Mapping {
    read: &[
        "policyc",
        "name",
        "description",
        "schema",
        "extensions",
        "default",
        "on_error",
        "data",
        "functions",
        "windows",
        "variables",
        "rules",
        "tools",
        "labels",
        "capabilities",
        "flow",
        "meters",
        "limits",
        "plan",
        "on_deny",
        "sanitizers",
        "declassify",
        "redact",
        "tests",
    ],
    later: &[],
};

/// A rule.
pub const RULE: Mapping = Mapping {
    read: &[
        "id",
        "description",
        "on",
        "when",
        "deny",
        "allow",
        "escalate",
        "severity",
        "tags",
        "owner",
        "priority",
        "mode",
        "phase",
    ],
    later: &["obligations"],
};

/// The escalation of a rule.
pub const ESCALATION: Mapping = Mapping {
    read: &[
        "to",
        "quorum",
        "timeout",
        "on_timeout",
        "binds",
        "valid_for",
        "uses",
        "fatigue",
        "reason",
    ],
    later: &[],
};

/// The escalation of `default` and `on_error`, which have no reason of their own.
pub const FALLBACK: Mapping = Mapping {
    read: &["to", "quorum", "timeout", "on_timeout", "binds", "valid_for", "uses", "fatigue"],
    later: &[],
};

/// How often approvers are asked.
pub const FATIGUE: Mapping = Mapping { read: &["max", "per", "then"], later: &[] };

/// A function of the host.
pub const FUNCTION: Mapping =
    Mapping { read: &["params", "result", "mode", "timeout", "on_timeout"], later: &[] };

/// Whether whoever asks for a decision waits for the result of a host function.
pub const ASKED: [(&str, bool); 2] = [("sync", false), ("async", true)];

/// What becomes of a decision that waits for a host function in vain: it never opens.
pub const IN_VAIN: [(&str, ()); 1] = [("deny", ())];

/// A window of time.
pub const WINDOW: Mapping = Mapping { read: &["days", "from", "to", "zone"], later: &[] };

/// A tool.
pub const TOOL: Mapping =
    Mapping { read: &["effect", "args", "output", "store", "undo"], later: &["idempotent"] };

/// What a part of a tool's output carries.
pub const OUTPUT: Mapping = Mapping { read: &["labels", "when", "audience"], later: &[] };

/// What a role may call.
pub const CAPABILITY: Mapping = Mapping { read: &["allow", "deny"], later: &[] };

/// An entry of `flow`.
pub const FLOW: Mapping = Mapping {
    read: &[
        "id",
        "description",
        "sink",
        "forbid",
        "closed_world",
        "trust_model",
        "sanitized_by",
        "unless",
        "over",
    ],
    later: &[],
};

/// The sink of an entry of `flow`.
pub const SINK: Mapping = Mapping { read: &["arg", "tool", "effect"], later: &[] };

/// A meter.
pub const METER: Mapping =
    Mapping { read: &["on", "key", "window", "count", "amount", "max_keys"], later: &[] };

/// The window of a meter.
pub const METER_WINDOW: Mapping = Mapping {
    read: &["sliding", "resolution", "calendar", "zone", "token_bucket", "refill"],
    later: &[],
};

/// A limit.
pub const LIMIT: Mapping =
    Mapping { read: &["id", "description", "meter", "max", "over"], later: &[] };

/// A plan.
pub const PLAN: Mapping =
    Mapping { read: &["id", "params", "steps", "reads", "deviation", "replace"], later: &[] };

/// What a parameter of a plan may be.
pub const PARAM_TYPES: [(&str, Param); 4] = [
    (Param::Text.word(), Param::Text),
    (Param::Int.word(), Param::Int),
    (Param::Double.word(), Param::Double),
    (Param::Bool.word(), Param::Bool),
];

/// A step of a plan.
pub const PLAN_STEP: Mapping =
    Mapping { read: &["tool", "after", "times", "args", "requires"], later: &[] };

/// What a plan asks of an argument.
pub const PLAN_ARG: Mapping =
    Mapping { read: &["eq", "in", "le", "ge", "matches", "max_bytes", "from"], later: &[] };

/// The calls that a plan leaves free.
pub const PLAN_READS: Mapping = Mapping { read: &["allow", "budget"], later: &[] };

/// What happens to calls that are not planned.
pub const PLAN_DEVIATION: Mapping = Mapping { read: &["read_only", "effect"], later: &[] };

/// What a call is answered to which a rule objects.
pub const DENIAL: Mapping = Mapping {
    read: &[
        "respond",
        "retries",
        "disclose",
        "offer",
        "question",
        "to",
        "compensate",
        "max",
        "else",
    ],
    later: &[],
};

/// Another call that is offered.
pub const OFFER: Mapping = Mapping { read: &["tool", "keep", "set"], later: &[] };

/// What `respond` of an answer may be.
pub const RESPONDS: [(&str, Respond); 4] = [
    (Respond::Fail.word(), Respond::Fail),
    (Respond::Alternatives.word(), Respond::Alternatives),
    (Respond::Ask.word(), Respond::Ask),
    (Respond::Backtrack.word(), Respond::Backtrack),
];

/// What `disclose` of an answer may be.
pub const DISCLOSES: [(&str, Disclose); 3] =
    [("none", Disclose::None), ("rule_id", Disclose::Rule), ("reason", Disclose::Reason)];

/// What `compensate` of an answer may be.
pub const COMPENSATE: &str = "reverse_order";

/// A sanitizer.
pub const SANITIZER: Mapping = Mapping {
    read: &["tool", "arg", "removes", "adds", "requires", "kind", "schema", "max_bits"],
    later: &[],
};

/// What `kind` of a sanitizer may be.
pub const KINDS: [(&str, ()); 1] = [("typed", ())];

/// The schema of a typed sanitizer.
pub const TYPED: Mapping = Mapping { read: &["enum"], later: &[] };

/// A declassification.
pub const DECLASSIFY: Mapping =
    Mapping { read: &["id", "from", "to", "at", "by", "reason"], later: &[] };

/// Where a declassification applies.
pub const DECLASSIFY_AT: Mapping = Mapping { read: &["tool", "path"], later: &[] };

/// What `to` of a declassification says where no label stands in the place of another.
pub const NONE: &str = "none";

/// Where values come from, beside steps.
pub const SOURCES: [&str; 2] = [session::PROMPT, session::MODEL];

/// An entry of `redact`.
pub const REDACTION: Mapping =
    Mapping { read: &["path", "as", "facts", "key", "bounds"], later: &[] };

/// What `mode` of a rule may be: whether the rule decides nothing.
pub const MODES: [(&str, bool); 2] = [("enforce", false), ("shadow", true)];

/// What `phase` of a rule may be: whether what a tool answered can be read.
pub const PHASES: [(&str, bool); 2] = [("request", false), ("response", true)];

/// What `on_timeout` of an escalation may be.
pub const WAITS: [(&str, OnTimeout); 2] =
    [("deny", OnTimeout::Deny), ("suspend", OnTimeout::Suspend)];

/// What `calendar` of a window may be.
pub const PERIODS: [(&str, Period); 5] = [
    ("hour", Period::Hour),
    ("day", Period::Day),
    ("week", Period::Week),
    ("month", Period::Month),
    ("year", Period::Year),
];

/// What `binds` of an escalation may name.
pub const BINDS: [&str; 2] = ["tool", "args"];

/// What `effect` of a tool may be.
pub const EFFECTS: [(&str, ToolEffect); 5] = [
    ("none", ToolEffect::None),
    ("state", ToolEffect::State),
    ("egress", ToolEffect::Egress),
    ("destructive", ToolEffect::Destructive),
    ("credential", ToolEffect::Credential),
];

/// The words of `arg` of a sink that stand for arguments with a role.
pub const ROLES: [(&str, Role); 3] =
    [("target", Role::Target), ("payload", Role::Payload), ("value", Role::Value)];

/// A word of `as` in an entry of `redact`, before what it asks for is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Nothing is recorded.
    Drop,
    /// The value, sealed for those who hold a key.
    Seal,
    /// A token that is the same for the same value.
    Token,
    /// The type and the size.
    Shape,
    /// Between which bounds it lies.
    Range,
    /// Not even that there is a value.
    Hide,
}

/// What `as` of an entry of `redact` may be.
pub const CLASSES: [(&str, Class); 6] = [
    ("drop", Class::Drop),
    ("seal", Class::Seal),
    ("token", Class::Token),
    ("shape", Class::Shape),
    ("range", Class::Range),
    ("hide", Class::Hide),
];

/// What `facts` of an entry of `redact` may be: whether conditions are told that read the value.
pub const FACTS: [(&str, bool); 2] = [("all", true), ("none", false)];
