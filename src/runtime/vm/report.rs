//! A decision as data of its own: for records, tools and other languages.
//!
//! In:      a `Decision`.
//! Out:     `DecisionReport`, its JSON, its digest.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`.
//! Source:  `docs/decisions.md`, section "A decision in JSON".

use std::fmt::{self, Write};

use crate::base::arrange::Arrange as _;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::lang::value::Value;
use crate::lang::value::heap::View;
use crate::lang::value::json::{self, Form};
use crate::lang::value::text::write_scalar;
use crate::runtime::bundle::module::EscalationRow;
use crate::runtime::program::Program;
use crate::runtime::vm::canonical::{Canonical, output_value, write_digest};
use crate::runtime::vm::decision::Decision;
use crate::runtime::vm::machine::FailureSite;
use crate::runtime::vm::pending::PendingCall;

/// What is said in the place of an effect while a decision waits for a host function.
pub const PENDING: &str = "pending";

/// A decision that owns what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionReport {
    /// The effect; `None` where nothing can decide.
    pub effect: Option<Effect>,
    /// Id of the rule that won; `None` where the default spoke.
    pub rule: Option<String>,
    /// Ids of the rules that fired, in document order.
    pub fired: Vec<String>,
    /// Ids of the shadow rules that fired.
    pub shadow: Vec<String>,
    /// The winner's message; empty where it has none.
    pub reason: String,
    /// Outputs by name.
    pub outputs: Vec<OutputReport>,
    /// What failed.
    pub errors: Vec<ErrorReport>,
    /// The calls of host functions that it waits for. Where there are any nothing may be done yet.
    pub pending: Vec<PendingCall>,
    /// The calls that outputs alone wait for: the effect does not.
    pub awaited: Vec<PendingCall>,
    /// To whom it goes, where it escalates.
    pub escalation: Option<EscalationReport>,
    /// What a call of a session is answered that is not allowed, as JSON.
    pub answer: Option<String>,
    /// Cost in units.
    pub cost: u64,
    /// SHA-256 of what the decision says, without places and texts of errors.
    pub digest: [u8; 32],
    /// SHA-256 root of the bundle.
    pub bundle: [u8; 32],
    /// Whether that was loaded without signatures.
    pub unsigned: bool,
    /// Seconds and nanoseconds since the epoch.
    pub now: (i64, u32),
}

/// The output of a CEL Policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputReport {
    /// Name of the document.
    pub name: String,
    /// As JSON for people and other programs.
    pub plain: String,
    /// As JSON that keeps kinds apart.
    pub canonical: String,
    /// Why it is so, in the words of its document: the explanations of the entries that gave it,
    /// in their order.
    pub explanations: Vec<String>,
}

/// Something that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorReport {
    /// The rule or output; `None` where the input was refused.
    pub rule: Option<String>,
    /// How.
    pub class: EvalError,
    /// Where: the path of an input, as a JSON Pointer; the place in a source where tools know it.
    pub at: Option<String>,
    /// The instruction that failed, from the start of the program's code, if it was one.
    pub pc: Option<u32>,
    /// Byte of the context.
    pub offset: Option<usize>,
    /// Whether the input is no context at all: not JSON, not an object, beyond a limit.
    pub unreadable: bool,
    /// One sentence.
    pub message: String,
}

/// To whom a decision goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationReport {
    /// Who may approve.
    pub to: Vec<String>,
    /// How many must.
    pub quorum: u32,
    /// Nanoseconds; `None` without an end.
    pub timeout_ns: Option<i64>,
    /// Whether no answer suspends rather than denies.
    pub suspend: bool,
}

impl DecisionReport {
    /// The report of a decision, its message included.
    #[must_use]
    pub fn of(decision: &mut Decision<'_>) -> Self {
        let reason = decision.reason().to_owned();
        let outputs = outputs(decision);
        let digest = Canonical::of(decision.program()).digest(decision);
        Self::of_parts(decision, digest, reason, outputs)
    }

    /// The report of a decision whose message and outputs were made elsewhere.
    pub(in crate::runtime) fn of_parts(
        decision: &Decision<'_>,
        digest: [u8; 32],
        reason: String,
        outputs: Vec<OutputReport>,
    ) -> Self {
        let program = decision.program();
        let moment = decision.moment();
        Self {
            effect: decision.effect(),
            rule: decision.rule().map(str::to_owned),
            fired: decision.fired_ids().map(str::to_owned).collect(),
            shadow: decision.shadow_ids().map(str::to_owned).collect(),
            reason,
            outputs,
            errors: errors(decision),
            pending: decision.pending(),
            awaited: decision.awaited_by_outputs(),
            escalation: decision.escalation().map(|row| escalation(program, row)),
            answer: None,
            cost: decision.cost(),
            digest,
            bundle: program.digest(),
            unsigned: program.is_unsigned(),
            now: (moment.seconds, moment.nanoseconds),
        }
    }

    /// What is said of its effect: `pending` where it waits for a host function.
    #[must_use]
    pub fn effect_word(&self) -> Option<&'static str> {
        if self.pending.is_empty() { self.effect.map(Effect::word) } else { Some(PENDING) }
    }

    /// The calls of host functions that are waited for, by the decision or by an output.
    pub fn calls(&self) -> impl Iterator<Item = &PendingCall> {
        self.pending.iter().chain(&self.awaited)
    }

    /// The decision as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        out.write_str("{\"effect\":")?;
        optional(out, self.effect_word())?;
        out.write_str(",\"rule\":")?;
        optional(out, self.rule.as_deref())?;
        out.write_str(",\"fired\":")?;
        list(out, &self.fired, |out, id| string(out, id))?;
        out.write_str(",\"shadow\":")?;
        list(out, &self.shadow, |out, id| string(out, id))?;
        out.write_str(",\"reason\":")?;
        string(out, &self.reason)?;
        out.write_str(",\"obligations\":[],\"outputs\":{")?;
        for (at, output) in self.outputs.iter().enumerate() {
            out.write_str(if at == 0 { "" } else { "," })?;
            string(out, &output.name)?;
            write!(out, ":{}", output.plain)?;
        }
        out.write_char('}')?;
        self.write_explanations(out)?;
        out.write_str(",\"errors\":")?;
        list(out, &self.errors, error)?;
        if self.calls().next().is_some() {
            let calls: Vec<&PendingCall> = self.calls().collect();
            out.write_str(",\"pending\":")?;
            list(out, &calls, |out, call| pending(out, call))?;
        }
        if let Some(escalation) = &self.escalation {
            out.write_str(",\"to\":")?;
            list(out, &escalation.to, |out, who| string(out, who))?;
            write!(out, ",\"quorum\":{},\"timeout\":", escalation.quorum)?;
            let timeout = escalation.timeout_ns.map(|timeout| text(&Value::duration(timeout)));
            optional(out, timeout.as_deref())?;
            let then = if escalation.suspend { "suspend" } else { "deny" };
            write!(out, ",\"on_timeout\":\"{then}\"")?;
        }
        if let Some(answer) = &self.answer {
            write!(out, ",\"answer\":{answer}")?;
        }
        write!(out, ",\"cost\":{},\"digest\":\"sha256:", self.cost)?;
        write_digest(out, &self.digest)?;
        out.write_str("\",\"bundle\":\"sha256:")?;
        write_digest(out, &self.bundle)?;
        out.write_str(if self.unsigned { "\",\"unsigned\":true" } else { "\"" })?;
        let now = text(&Value::timestamp(self.now.0, self.now.1));
        write!(out, ",\"now\":\"{now}\"}}")
    }

    /// `,"explanations":{..}`, where an output has some.
    fn write_explanations(&self, out: &mut String) -> fmt::Result {
        let mut explained: Vec<_> =
            self.outputs.iter().filter(|output| !output.explanations.is_empty()).collect();
        if explained.is_empty() {
            return Ok(());
        }
        explained.arrange_by(|a, b| a.name.cmp(&b.name));
        out.write_str(",\"explanations\":{")?;
        for (at, output) in explained.iter().enumerate() {
            out.write_str(if at == 0 { "" } else { "," })?;
            string(out, &output.name)?;
            out.write_char(':')?;
            list(out, &output.explanations, |out, text| string(out, text))?;
        }
        out.write_char('}')
    }
}

fn outputs(decision: &mut Decision<'_>) -> Vec<OutputReport> {
    let rows: Vec<_> = decision.outputs().collect();
    let mut outputs = Vec::new();
    for (at, row) in (0..).zip(rows) {
        if let Some(mut found) = output(decision, row) {
            found.explanations = decision.explanations(at);
            outputs.push(found);
        }
    }
    outputs
}

/// An output that has a value.
fn output(decision: &Decision<'_>, (name, value): (&str, Value)) -> Option<OutputReport> {
    written(&decision.view(), name, value)
}

/// The same, of a value that points into `view`.
pub(in crate::runtime) fn written(
    view: &View<'_>,
    name: &str,
    value: Value,
) -> Option<OutputReport> {
    let value = output_value(view, value)?;
    let (mut plain, mut canonical) = (String::new(), String::new());
    json::write(view, &value, Form::Plain, &mut plain).ok()?;
    json::write(view, &value, Form::Canonical, &mut canonical).ok()?;
    Some(OutputReport { name: name.to_owned(), plain, canonical, explanations: Vec::new() })
}

fn errors(decision: &Decision<'_>) -> Vec<ErrorReport> {
    let program = decision.program();
    let refused = decision.input_error().map(|error| ErrorReport {
        rule: None,
        class: EvalError::Input,
        at: Some(error.path(program)),
        pc: None,
        offset: error.offset,
        unreadable: error.kind.is_unreadable(),
        message: error.message(program),
    });
    let failed = decision.failures().iter().map(|failure| ErrorReport {
        rule: Some(failure.by.name(program).to_owned()),
        class: failure.class,
        at: None,
        pc: (failure.pc != FailureSite::NOWHERE).then_some(failure.pc),
        offset: None,
        unreadable: false,
        message: failure.class.code().title().to_owned(),
    });
    let unrecorded = decision.is_unrecorded().then(|| ErrorReport {
        rule: None,
        class: EvalError::Audit,
        at: None,
        pc: None,
        offset: None,
        unreadable: false,
        message: EvalError::Audit.code().title().to_owned(),
    });
    refused.into_iter().chain(unrecorded).chain(failed).collect()
}

fn escalation(program: &Program, row: &EscalationRow) -> EscalationReport {
    EscalationReport {
        to: row.to.iter().map(|who| program.string(*who).to_owned()).collect(),
        quorum: row.quorum,
        timeout_ns: row.timeout_ns,
        suspend: row.suspend,
    }
}

fn error(out: &mut String, error: &ErrorReport) -> fmt::Result {
    out.write_str("{\"rule\":")?;
    optional(out, error.rule.as_deref())?;
    let code = error.class.code();
    write!(out, ",\"code\":\"{}\",\"class\":\"{}\",\"at\":", code.id(), error.class.word())?;
    optional(out, error.at.as_deref())?;
    out.write_str(",\"message\":")?;
    string(out, &error.message)?;
    out.write_char('}')
}

fn pending(out: &mut String, call: &PendingCall) -> fmt::Result {
    out.write_str("{\"f\":")?;
    string(out, &call.function)?;
    write!(out, ",\"args\":{},\"digest\":\"sha256:", call.arguments)?;
    write_digest(out, &call.digest)?;
    write!(out, "\",\"mode\":\"{}\",\"timeout\":", if call.is_async { "async" } else { "sync" })?;
    let timeout = call.timeout_ns.map(|timeout| text(&Value::duration(timeout)));
    optional(out, timeout.as_deref())?;
    out.write_char('}')
}

fn string(out: &mut String, text: &str) -> fmt::Result {
    json::write_string(out, "", text)
}

fn optional(out: &mut String, text: Option<&str>) -> fmt::Result {
    match text {
        Some(text) => string(out, text),
        None => out.write_str("null"),
    }
}

fn list<T>(
    out: &mut String,
    items: &[T],
    mut write: impl FnMut(&mut String, &T) -> fmt::Result,
) -> fmt::Result {
    out.write_char('[')?;
    for (at, item) in items.iter().enumerate() {
        out.write_str(if at == 0 { "" } else { "," })?;
        write(out, item)?;
    }
    out.write_char(']')
}

/// A timestamp or duration as `string()` writes it.
fn text(value: &Value) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_scalar(&mut out, value);
    out
}
