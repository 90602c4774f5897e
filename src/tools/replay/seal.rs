//! Records that exist, without what is to be withheld.
//!
//! In:      a record, rules, the bundle that made it, what keeps secrets.
//! Out:     its line with marks in the place of values; which parts of the outcome went with them.
//! Imports: `base`, `runtime::program`, `runtime::record`, `tools::inspect`.
//! Source:  `docs/redaction.md`, "Records that exist".
//!
//! What might tell of the values goes as well: the message and the outputs, unless the bundle that
//! made the record proves that they do not, and with them the digest of the decision, which can be
//! compared with guesses; what host functions gave, if it may be about the values or holds them;
//! what a session answered. What a record says of its place in a chain goes, for it is another line
//! now; so does the digest of the call on the wire, and what nobody here knows.

use std::collections::BTreeSet;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde_json::{Map, Value as Json};

use crate::base::hex;
use crate::base::limits::RECORD_BYTES_MAX;
use crate::base::pointer;
use crate::runtime::program::Program;
use crate::runtime::program::withheld::{RedactionPlan, RedactionRules};
use crate::runtime::record::error::{Fault, RecordError};
use crate::runtime::record::read::{Form, Input, Record, elements, members};
use crate::runtime::record::redact::Redactor;
use crate::runtime::record::seal::Keeper;
use crate::tools::inspect::digest_text;
use crate::tools::replay::plain::shown;

/// What is withheld, and on whose word.
#[derive(Debug)]
pub struct SealOptions<'a> {
    /// What is withheld.
    pub rules: &'a RedactionRules,
    /// The bundle whose rules these are, if they are those of one.
    pub by: Option<[u8; 32]>,
}

/// A bundle that made records, and what in it would tell of what is withheld.
#[derive(Debug)]
pub struct MakerBundle {
    program: Arc<Program>,
    withheld: RedactionPlan,
}

impl MakerBundle {
    /// A bundle, looked at under these rules: what its sessions answer tells of values, too.
    #[must_use]
    pub fn of(program: Arc<Program>, rules: &RedactionRules) -> Self {
        let withheld = RedactionPlan::under(program.module(), rules.clone().and_answers());
        Self { program, withheld }
    }
}

/// A record that was rewritten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RewrittenRecord {
    /// The line, without a line break.
    pub line: Vec<u8>,
    /// How many values were withheld.
    pub values: usize,
    /// The parts of the outcome that were withheld.
    pub parts: Vec<&'static str>,
    /// Whether how the atoms came out was withheld.
    pub witness: bool,
    /// Places that hold a value that was withheld elsewhere: nobody asked for these.
    pub elsewhere: BTreeSet<OtherPlace>,
}

/// Where a value that is withheld stands, too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OtherPlace {
    /// At this path, which can be withheld.
    Value(String),
    /// As the name of a member of the object at this path. It goes with the object alone; one at
    /// the top never does.
    Name(String),
}

/// Fields that hold nothing of the context, and what of each is known.
const KEPT: [(&str, &[&str]); 13] = [
    ("v", &[]),
    ("id", &[]),
    ("ts", &[]),
    ("ses", &["id", "n", "parent"]),
    ("eng", &["name", "ver", "sem", "tz"]),
    ("bun", &["name", "rev", "dig", "sch", "data", "unsigned"]),
    ("now", &[]),
    ("phase", &[]),
    ("refused", &["n", "c"]),
    ("ns", &[]),
    ("smp", &["p", "by"]),
    ("rep", &[]),
    ("otel", &["trace", "span"]),
];

/// Bytes from which on a text is not the same as another by chance.
const TOLD_APART: usize = 4;

/// Why a record is not rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RewriteError {
    /// Its line is no record.
    Line(RecordError),
    /// The line that comes of it is longer than a record may be: marks take more room than values.
    TooLong,
}

/// Rewrites a record. `maker` is the bundle that made it, where that is to be had. What was sealed
/// is with its keeper then, and only then.
///
/// # Errors
/// What is wrong with the line, or with the one that comes of it.
pub fn rewritten(
    record: &Record<'_>,
    maker: Option<&MakerBundle>,
    sealing: &SealOptions<'_>,
    redactor: &mut Redactor,
    mut keeper: Option<&mut (dyn Keeper + '_)>,
) -> Result<RewrittenRecord, RewriteError> {
    let made = written(record, maker, sealing, redactor, keeper.as_deref_mut());
    let syntax = RecordError { fault: Fault::Syntax, offset: 0 };
    let made = made.ok_or(RewriteError::Line(syntax))?;
    // A longer line is no record: nobody could read it.
    if made.line.len() > RECORD_BYTES_MAX {
        return Err(RewriteError::TooLong);
    }
    if let Some(keeper) = keeper {
        redactor.hand_over(keeper);
    }
    Ok(made)
}

fn written(
    record: &Record<'_>,
    maker: Option<&MakerBundle>,
    sealing: &SealOptions<'_>,
    redactor: &mut Redactor,
    mut keeper: Option<&mut (dyn Keeper + '_)>,
) -> Option<RewrittenRecord> {
    redactor.clear();
    let (secrets, elsewhere, out) = (BTreeSet::new(), BTreeSet::new(), b"{".to_vec());
    let (declared, witness) = (false, false);
    let mut work =
        RecordRewriter { record, maker, sealing, out, declared, witness, secrets, elsewhere };
    let (mut parts, mut said, mut before, mut given) = (Vec::new(), Vec::new(), None, None);
    let mut host = Vec::new();
    for (key, value) in members(record.line)? {
        match key.as_str() {
            "ctx" | "raw" => work.context(redactor, keeper.as_deref_mut())?,
            "nd" => given = Some(value),
            "out" => parts = work.outcome(value)?,
            "sig" => work.sig(value),
            // The bytes of a message are gone, and with them how they are written.
            "form" => {}
            "redacted" => before = Some(value),
            // What a session has seen no rule knows the places of.
            "ev" => work.member("ev", b"{\"$x\":\"drop\",\"t\":\"map\"}"),
            // Keys of state are made of values. Of a session it is told of its events.
            "reads" if record.event.is_none() => work.not_replayable(),
            "replayable" | "why" => said.push((key, value)),
            key => {
                if let Some((_, known)) = KEPT.iter().find(|(kept, _)| *kept == key) {
                    work.member(key, &only(known, value)?);
                    host.push((key.to_owned(), shown(value)));
                }
            }
        }
    }
    if let Some(value) = given {
        work.given(value)?;
    }
    if !work.declared {
        for (key, value) in said {
            work.member(&key, value);
        }
    }
    if let (true, Some(before)) = (parts.is_empty() && !work.witness, before) {
        work.member("redacted", before);
    } else if !parts.is_empty() || work.witness {
        let went = went(before, (&parts, work.witness), sealing.by);
        work.member("redacted", went.to_string().as_bytes());
    }
    work.out.push(b'}');
    for (key, value) in host {
        work.stands(&value, &format!("/{key}"));
    }
    let RecordRewriter { out: line, witness, elsewhere, .. } = work;
    Some(RewrittenRecord { line, values: redactor.withheld(), parts, witness, elsewhere })
}

/// A value with those members alone that are known; as it is, where it has none.
fn only(known: &[&str], value: &[u8]) -> Option<Vec<u8>> {
    if known.is_empty() {
        return Some(value.to_vec());
    }
    let members = members(value)?;
    let members = members.into_iter().filter(|(key, _)| known.contains(&key.as_str()));
    let members: Vec<Vec<u8>> =
        members.map(|(key, value)| [format!("\"{key}\":").as_bytes(), value].concat()).collect();
    Some([b"{".to_vec(), members.join(&b','), b"}".to_vec()].concat())
}

/// What went before, as the record says, and what goes now: parts of the outcome, and whether the
/// witness did.
fn went(before: Option<&[u8]>, (parts, witness): (&[&str], bool), by: Option<[u8; 32]>) -> Json {
    let said = before.map(shown).unwrap_or_default();
    let names = said.get("out").and_then(Json::as_array).into_iter().flatten();
    let mut all: Vec<&str> = names.filter_map(Json::as_str).collect();
    for part in parts {
        if !all.contains(part) {
            all.push(part);
        }
    }
    let mut went = Map::from_iter([("out".to_owned(), Json::from(all))]);
    if let Some(by) = by {
        went.insert("by".to_owned(), digest_text(&by).into());
    }
    if witness || said.get("sig") == Some(&Json::Bool(true)) {
        went.insert("sig".to_owned(), true.into());
    }
    Json::Object(went)
}

struct RecordRewriter<'w, 'r> {
    record: &'w Record<'r>,
    maker: Option<&'w MakerBundle>,
    sealing: &'w SealOptions<'w>,
    out: Vec<u8>,
    /// Whether the record says by now that it is not replayable.
    declared: bool,
    /// Whether the witness went.
    witness: bool,
    /// The texts and numbers that are withheld, as people read them.
    secrets: BTreeSet<String>,
    /// Places that hold one of them, too, and are not withheld.
    elsewhere: BTreeSet<OtherPlace>,
}

impl RecordRewriter<'_, '_> {
    fn member(&mut self, key: &str, value: &[u8]) {
        if self.out.len() > 1 {
            self.out.push(b',');
        }
        self.out.extend_from_slice(format!("\"{key}\":").as_bytes());
        self.out.extend_from_slice(value);
    }

    fn not_replayable(&mut self) {
        if !std::mem::replace(&mut self.declared, true) {
            self.member("replayable", b"false");
            self.member("why", b"\"redacted\"");
        }
    }

    /// Whether the rules are those that the record was made under, which withheld all else then.
    fn is_own(&self) -> bool {
        let made_by = self.record.bundle.and_then(|bundle| bundle.digest);
        made_by.is_some() && made_by == self.sealing.by
    }

    fn context(
        &mut self,
        redactor: &mut Redactor,
        keeper: Option<&mut (dyn Keeper + '_)>,
    ) -> Option<()> {
        let mut context = Vec::new();
        let text = match self.record.input {
            Input::Context(bytes, _) => {
                let rules = self.sealing.rules;
                redactor.redact(rules, bytes, keeper, &mut context).ok()?;
                texts(&shown(bytes), &shown(&context), &mut self.secrets);
                self.stands(&shown(&context), "");
                if self.record.event.is_some() {
                    let whole = std::mem::take(&mut context);
                    let answers = RedactionRules::new(vec![RedactionRules::answers(true)]);
                    redactor.redact(&answers, &whole, None, &mut context).ok()?;
                }
                self.member("ctx", &context);
                if redactor.withheld() > 0 && self.was_refused() {
                    self.not_replayable();
                }
                return Some(());
            }
            Input::Raw(text, Form::Json | Form::Proto) => text.bytes()?,
        };
        redactor.refuse(&text, keeper, &mut Vec::new(), &mut context);
        self.member("ctx", b"{}");
        self.not_replayable();
        self.member("refused", &context);
        Some(())
    }

    /// Notes where a value that is withheld stands, too.
    fn stands(&mut self, value: &Json, at: &str) {
        let mut open = vec![(at.to_owned(), value)];
        while let Some((at, value)) = open.pop() {
            let text = match value {
                Json::Object(entries) => {
                    for (key, value) in entries {
                        // Its place would tell a key that is withheld elsewhere.
                        let is_secret = self.is_told(key);
                        let key = if is_secret { "*".into() } else { pointer::token(key) };
                        if is_secret {
                            self.elsewhere.insert(OtherPlace::Name(at.clone()));
                        }
                        open.push((format!("{at}/{key}"), value));
                    }
                    continue;
                }
                Json::Array(items) => {
                    // No rule names an element by its number.
                    open.extend(items.iter().map(|item| (format!("{at}/*"), item)));
                    continue;
                }
                Json::String(text) => text.clone(),
                Json::Number(number) => number.to_string(),
                Json::Null | Json::Bool(_) => continue,
            };
            if self.is_told(&text) {
                self.elsewhere.insert(OtherPlace::Value(at));
            }
        }
    }

    /// Whether a text is one that is withheld, and not by chance.
    fn is_told(&self, text: &str) -> bool {
        text.len() >= TOLD_APART && self.secrets.contains(text)
    }

    /// Whether the context was refused: the places of what was wrong with it are not recorded.
    fn was_refused(&self) -> bool {
        self.record.outcome.is_some_and(|outcome| outcome.is_refusal())
    }

    /// What host functions gave, but where that may be about the values, or holds one.
    fn given(&mut self, value: &[u8]) -> Option<()> {
        let rows = elements(value)?.into_iter();
        let sought = self.secrets.iter().filter(|it| it.len() >= TOLD_APART);
        // Without a search nothing is kept.
        let sought =
            AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(sought);
        let (kept, gone): (Vec<&[u8]>, Vec<&[u8]>) =
            rows.partition(|row| self.keeps_given(row, sought.as_ref().ok()));
        let is_missed = |row: &&[u8]| self.maker.is_none() || self.hosts(row).next().is_some();
        if gone.iter().any(is_missed) {
            self.not_replayable();
        }
        if !kept.is_empty() {
            let kept: Option<Vec<Vec<u8>>> =
                kept.into_iter().map(|row| only(&["f", "a", "r", "raw"], row)).collect();
            self.member("nd", &[b"[".to_vec(), kept?.join(&b','), b"]".to_vec()].concat());
        }
        Some(())
    }

    /// Whether what a host function gave stays. `sought` finds what is withheld in texts.
    fn keeps_given(&self, row: &[u8], sought: Option<&AhoCorasick>) -> bool {
        let Some(maker) = self.maker else { return self.is_own() };
        let (result, mut found) = (shown(row).get("r").cloned(), BTreeSet::new());
        texts(result.as_ref().unwrap_or(&Json::Null), &Json::Null, &mut found);
        let holds = |text: &String| sought.is_none_or(|sought| sought.is_match(text));
        let is_secret = |text: &String| self.secrets.contains(text) || holds(text);
        // Bytes that are no JSON nobody has looked at.
        let is_silent = result.is_some() && !found.iter().any(is_secret);
        let mut hosts = self.hosts(row).peekable();
        self.is_own()
            || is_silent
                && hosts.peek().is_some()
                && !hosts.any(|at| maker.withheld.is_asked_by_host(at))
    }

    /// The host functions of the bundle that a row is about, by number.
    fn hosts(&self, row: &[u8]) -> impl Iterator<Item = usize> {
        let name = shown(row).get("f").and_then(Json::as_str).map(str::to_owned);
        let program = self.maker.map(|maker| &maker.program);
        let hosts = program.into_iter().flat_map(|program| {
            let rows = program.module().hosts.iter().enumerate();
            rows.map(|(at, row)| (at, program.string(row.name)))
        });
        hosts.filter(move |(_, own)| name.as_deref() == Some(*own)).map(|(at, _)| at)
    }

    /// The outcome; the parts of it that went.
    fn outcome(&mut self, value: &[u8]) -> Option<Vec<&'static str>> {
        let (mut gone, mut members_out): (Vec<&'static str>, Vec<(String, Vec<u8>)>) =
            (Vec::new(), Vec::new());
        let mut digest = None;
        for (key, value) in members(value)? {
            match key.as_str() {
                "reason" if !self.keeps_reason() && !matches!(value, b"\"\"" | b"null") => {
                    gone.push("reason");
                }
                "outputs" if !self.keeps_outputs() && value != b"{}" => gone.push("outputs"),
                "oblig" if value != b"[]" => gone.push("oblig"),
                "cost" if !self.keeps_cost() => gone.push("cost"),
                "dig" => digest = Some(value),
                "err" => {
                    let failed = elements(value)?.into_iter();
                    let failed: Option<Vec<Vec<u8>>> =
                        failed.map(|it| only(&["class", "rule"], it)).collect();
                    let failed = [b"[".to_vec(), failed?.join(&b','), b"]".to_vec()].concat();
                    members_out.push((key, failed));
                }
                "effect" | "rule" | "fired" | "shadow" | "reason" | "oblig" | "outputs"
                | "cost" => members_out.push((key, value.to_vec())),
                _ => {}
            }
        }
        // Whoever has the rest of a decision can try values until the digest comes out.
        match digest {
            Some(_) if gone.iter().any(|part| *part != "cost") => gone.push("dig"),
            Some(digest) => members_out.push(("dig".to_owned(), digest.to_vec())),
            None => {}
        }
        let text: Vec<Vec<u8>> = members_out
            .into_iter()
            .map(|(key, value)| [format!("\"{key}\":").as_bytes(), &value].concat())
            .collect();
        let text = [b"{".to_vec(), text.join(&b','), b"}".to_vec()].concat();
        self.member("out", &text);
        Some(gone)
    }

    fn keeps_reason(&self) -> bool {
        let Some(MakerBundle { program, withheld }) = self.maker else { return self.is_own() };
        let module = program.module();
        let rule = self.record.outcome.and_then(|outcome| outcome.rule);
        let rule =
            rule.and_then(|rule| module.rules.iter().find(|row| rule.is(program.string(row.id))));
        let Some(row) = rule else { return self.is_own() };
        let first = usize::from(row.first_outcome);
        let outcomes = module.outcomes.get(first..first + usize::from(row.outcomes));
        let mut outcomes = outcomes.unwrap_or_default().iter();
        self.is_own() || !outcomes.any(|outcome| withheld.is_quoted_in(outcome.template))
    }

    fn keeps_outputs(&self) -> bool {
        let Some(MakerBundle { program, withheld }) = self.maker else { return self.is_own() };
        let mut outputs = (0..).zip(&program.module().outputs);
        self.is_own() || !outputs.any(|(at, _)| withheld.output(at).is_some())
    }

    fn keeps_cost(&self) -> bool {
        self.maker.is_some_and(|maker| !maker.program.module().manifest.metered)
    }

    /// How atoms came out; where some may not be told of, none is: without its own rules a bundle
    /// takes an atom of which nothing is told for one that was not evaluated.
    fn sig(&mut self, value: &[u8]) {
        let silent = self.sealing.rules.rows().iter().any(|rule| !rule.tells_facts());
        if !silent || self.is_own() {
            self.member("sig", value);
        } else {
            self.witness = true;
        }
    }
}

/// Texts and numbers of a value that are not at the same place of another.
fn texts(value: &Json, left: &Json, found: &mut BTreeSet<String>) {
    let other = Json::Null;
    match (value, left) {
        (Json::Object(entries), _) => {
            for (key, value) in entries {
                texts(value, left.get(key).unwrap_or(&other), found);
                if left.get(key).is_none() {
                    found.insert(key.clone());
                }
            }
        }
        (Json::Array(items), _) => {
            for (at, value) in items.iter().enumerate() {
                texts(value, left.get(at).unwrap_or(&other), found);
            }
        }
        (value, left) if value == left => {}
        (Json::String(text), _) if !text.is_empty() => {
            found.insert(text.clone());
        }
        (Json::Number(number), _) => {
            found.insert(number.to_string());
        }
        (Json::String(_) | Json::Bool(_) | Json::Null, _) => {}
    }
}

/// Whether a context, in typed JSON, holds something at `path`, in which `*` is every key. What was
/// withheld before may be anything.
#[must_use]
pub fn holds(context: &Json, path: &str) -> bool {
    let mut open = vec![context];
    for step in pointer::keys(path) {
        let marked = |key: &str| key.starts_with('$').then(|| format!("${key}"));
        let mut below = Vec::new();
        for value in open {
            match value {
                Json::Object(entries) if entries.contains_key("$x") => return true,
                Json::Object(entries) if step == "*" => below.extend(entries.values()),
                Json::Object(entries) => {
                    below.extend(entries.get(&marked(&step).unwrap_or_else(|| step.clone())));
                }
                Json::Array(items) if step == "*" => below.extend(items),
                Json::Array(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                }
            }
        }
        open = below;
    }
    !open.is_empty()
}

/// A value that a record seals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Where it lay; empty for a context as a whole.
    pub path: String,
    /// What kind of value it is.
    pub kind: String,
    /// The commitment to it.
    pub commitment: [u8; 32],
}

/// What a record seals, in the order of its text.
#[must_use]
pub fn sealed(record: &Record<'_>) -> Vec<Sealed> {
    let mut found = Vec::new();
    let fields = members(record.line).unwrap_or_default();
    let refused = fields.iter().find(|(key, _)| key == "refused");
    if let Some((_, bytes)) = refused
        && let Some(commitment) = commitment_in(&members(bytes).unwrap_or_default())
    {
        found.push(Sealed { path: String::new(), kind: "bytes".to_owned(), commitment });
    }
    if let Input::Context(context, _) = record.input {
        let mut open = vec![(String::new(), context)];
        while let Some((path, value)) = open.pop() {
            let parts = parts(value);
            if let Some(("$x", b"\"seal\"")) = parts.first().map(|(key, it)| (key.as_str(), *it)) {
                let kind = parts.iter().find(|(key, _)| key == "t").map(|(_, value)| *value);
                let kind = kind.and_then(|kind| serde_json::from_slice(kind).ok());
                let commitment = commitment_in(&parts);
                found.extend(commitment.map(|commitment| Sealed {
                    path,
                    kind: kind.unwrap_or_default(),
                    commitment,
                }));
                continue;
            }
            open.extend(parts.into_iter().rev().map(|(key, value)| {
                let key = key.strip_prefix('$').unwrap_or(&key);
                (format!("{path}/{}", pointer::token(key)), value)
            }));
        }
    }
    found
}

/// The members of an object, the elements of a list under their numbers.
fn parts(value: &[u8]) -> Vec<(String, &[u8])> {
    match value.first() {
        Some(b'{') => members(value).unwrap_or_default(),
        Some(b'[') => {
            let items = elements(value).unwrap_or_default();
            items.into_iter().enumerate().map(|(at, it)| (at.to_string(), it)).collect()
        }
        _ => Vec::new(),
    }
}

fn commitment_in(members: &[(String, &[u8])]) -> Option<[u8; 32]> {
    let (_, text) = members.iter().find(|(key, _)| key == "c")?;
    let text = std::str::from_utf8(text).ok()?.strip_prefix("\"s256:")?;
    hex::parse(text.strip_suffix('"')?)
}
