//! What a bundle holds, for people and for programs.
//!
//! In:      a `Module`, its digest and its length.
//! Out:     a summary, its JSON, a listing with source lines.
//! Imports: `base`, `diag`, `lang`, `runtime::bundle`, `runtime::program`, `tools::report`.

pub mod atoms;
pub mod constant;
pub mod description;
pub mod generated;
pub mod listing;
pub mod reads;

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::base::arrange::Arrange as _;
use crate::base::hex;
use crate::diag::numbers::grouped;
use crate::lang::decision::Effect;
use crate::lang::value::Value;
use crate::lang::value::text::write_scalar;
use crate::runtime::bundle::debug::{self, Debug};
use crate::runtime::bundle::module::{Module, NONE, RuleRow, Str};
use crate::runtime::program::Program;
use crate::runtime::program::withheld::{RedactionClass, RedactionRules};
use crate::tools::report::counted;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::visible::{visible, wrap};

/// Digits of a digest that a screen shows.
const DIGEST_DIGITS: usize = 12;
/// Most tools that the summary names one by one.
const TOOLS_MAX: usize = 8;
/// Columns of the words at the left of the summary.
const WORD_COLUMNS: usize = 12;

/// A bundle, opened to be looked at.
#[derive(Debug)]
pub struct BundleInspection<'a> {
    /// What it holds.
    pub module: &'a Module,
    /// SHA-256 root.
    pub digest: [u8; 32],
    /// Its length in bytes.
    pub bytes: usize,
}

impl BundleInspection<'_> {
    fn string(&self, at: Str) -> &str {
        self.module.strings.get(at as usize).unwrap_or_default()
    }

    /// Names and places, if the bundle has them and they are about it.
    #[must_use]
    pub fn debug(&self) -> Debug {
        debug::of(self.module)
    }

    /// The digest as `sha256:` and all digits.
    #[must_use]
    pub fn digest_text(&self) -> String {
        digest_text(&self.digest)
    }
}

/// `sha256:` and all digits.
#[must_use]
pub fn digest_text(digest: &[u8; 32]) -> String {
    format!("sha256:{}", hex::text(digest))
}

/// The digest that `sha256:` and 64 hexadecimal digits say, in upper or lower case: people ask.
#[must_use]
pub fn read_digest(text: &str) -> Option<[u8; 32]> {
    hex::parse(&text.strip_prefix("sha256:")?.to_ascii_lowercase())
}

/// The beginning of a digest, for a screen.
#[must_use]
pub fn digest_short(digest: &[u8; 32]) -> String {
    digest_text(digest).chars().take("sha256:".len() + DIGEST_DIGITS).collect()
}

/// A bundle, for a screen: `payments@9f2c41d07a3e`.
#[must_use]
pub fn bundle_name(program: &Program) -> String {
    let short = digest_short(&program.digest());
    format!("{}@{}", program.name(), short.trim_start_matches("sha256:"))
}

/// `6.1 KiB`.
#[must_use]
pub fn size_text(bytes: usize) -> String {
    if bytes < 1024 {
        return counted(bytes, "byte");
    }
    let tenths = bytes * 10 / 1024;
    if tenths < 10_240 {
        return format!("{}.{} KiB", tenths / 10, tenths % 10);
    }
    format!("{}.{} MiB", tenths / 10_240, tenths % 10_240 / 1024)
}

/// A few lines for people.
#[must_use]
pub fn summary(bundle: &BundleInspection<'_>, style: Style) -> String {
    let module = bundle.module;
    let manifest = &module.manifest;
    let name = visible(bundle.string(manifest.name)).into_owned();
    let mut text = String::new();
    let _ = writeln!(
        text,
        "  {}  {} · {}",
        style.paint(Paint::Strong, &name),
        digest_short(&bundle.digest),
        size_text(bundle.bytes)
    );
    let default = manifest.default.map_or("none: nothing decides", |row| row.effect.word());
    let on_error = manifest.on_error.effect.word();
    let default = if default == on_error {
        format!("{default}, also on error")
    } else {
        format!("{default}, on error {on_error}")
    };
    let versions = format!(
        "{default} · tzdata {} · {} · {}",
        bundle.string(manifest.tzdb),
        bundle.string(manifest.compiler),
        counted(manifest.sources.len(), "source file")
    );
    row(&mut text, style, "default", &versions);
    let reads = reads::reads(module).join(" ");
    row(&mut text, style, "reads", if reads.is_empty() { "nothing" } else { &reads });
    row(&mut text, style, "rules", &rules_text(bundle));
    let metered = if manifest.metered { ", counted while it runs" } else { "" };
    let values = module.functions.iter().map(|row| row.first_register + row.registers).max();
    let values = usize::from(values.unwrap_or(0)).max(module.slots.len());
    let cost = format!(
        "{} units at most{metered} · {} · {} of code",
        grouped(manifest.cost),
        counted(values, "value"),
        counted(module.code.len(), "instruction")
    );
    row(&mut text, style, "cost", &cost);
    for output in &module.outputs {
        row(&mut text, style, "output", bundle.string(output.name));
    }
    let withheld = redactions(module).into_iter().map(|it| it.words());
    let withheld: Vec<String> = withheld.collect();
    if !withheld.is_empty() {
        row(&mut text, style, "withholds", &withheld.join(", "));
    }
    text
}

/// What records withhold, for people and for programs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RedactionEntry {
    /// The path, as a JSON Pointer in which `*` is every key.
    pub path: String,
    /// As documents write it.
    pub class: &'static str,
    /// What the class asks for: the key of a token, the bounds of a range; else empty.
    pub with: String,
    /// Whether records tell how conditions came out that read it.
    pub facts: bool,
}

impl RedactionEntry {
    /// `seal /args/memo`, and what else is said.
    #[must_use]
    pub fn words(&self) -> String {
        let with = if self.with.is_empty() { String::new() } else { format!(" {}", self.with) };
        let facts = if self.facts { "" } else { " without facts" };
        format!("{} {}{with}{facts}", self.class, self.path)
    }
}

/// What records of decisions of a module withhold, in order of path.
#[must_use]
pub fn redactions(module: &Module) -> Vec<RedactionEntry> {
    let rules = RedactionRules::of(module);
    let bound = |bound: &Value| {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = write_scalar(&mut text, bound);
        text
    };
    let mut rows: Vec<RedactionEntry> = rules
        .rows()
        .iter()
        .map(|rule| {
            let with = match rule.class() {
                RedactionClass::Token(key) => key.to_string(),
                RedactionClass::Range(bounds) => {
                    bounds.iter().map(bound).collect::<Vec<_>>().join("..")
                }
                RedactionClass::Drop
                | RedactionClass::Seal
                | RedactionClass::Shape
                | RedactionClass::Hide => String::new(),
            };
            let (path, class) = (rule.path(), rule.class().word());
            RedactionEntry { path, class, with, facts: rule.tells_facts() }
        })
        .collect();
    rows.arrange();
    rows
}

/// A word at the left and what it says, wrapped.
fn row(text: &mut String, style: Style, word: &str, says: &str) {
    let says = visible(says);
    for (at, line) in wrap(&says, style.width.saturating_sub(WORD_COLUMNS)).iter().enumerate() {
        let word = if at == 0 { word } else { "" };
        let _ = writeln!(text, "  {}{line}", style.paint(Paint::Help, &format!("{word:<10}")));
    }
}

/// `5: get_balance 1 allow; send_money 1 allow, 2 deny, 1 escalate`.
fn rules_text(bundle: &BundleInspection<'_>) -> String {
    let module = bundle.module;
    let total = module.rules.len();
    let index = &module.index;
    if index.key_slot == NONE {
        let all: Vec<u16> = (0..module.rules.len()).filter_map(|at| at.try_into().ok()).collect();
        return format!("{total}: {}", effects(module, &all));
    }
    let mut parts = Vec::new();
    if !index.always.is_empty() {
        parts.push(format!("every call {}", effects(module, &index.always)));
    }
    for (key, rules) in index.keys.iter().take(TOOLS_MAX) {
        parts.push(format!("{} {}", bundle.string(*key), effects(module, rules)));
    }
    for (prefix, rules) in index.prefixes.iter().take(TOOLS_MAX) {
        parts.push(format!("{}* {}", bundle.string(*prefix), effects(module, rules)));
    }
    for (pattern, rules) in index.patterns.iter().take(TOOLS_MAX) {
        parts.push(format!("{} {}", bundle.string(*pattern), effects(module, rules)));
    }
    let more = index.keys.len().saturating_sub(TOOLS_MAX);
    if more > 0 {
        parts.push(format!("{more} more tools"));
    }
    format!("{total}: {}", parts.join("; "))
}

/// `1 allow, 2 deny`.
fn effects(module: &Module, rules: &[u16]) -> String {
    let rules = rules.iter().filter_map(|rule| module.rules.get(usize::from(*rule)));
    let found: Vec<Effect> = rules.flat_map(|rule| own(module, rule)).collect();
    let count = |effect: &Effect| found.iter().filter(|found| *found == effect).count();
    let parts: Vec<String> = [Effect::Allow, Effect::Deny, Effect::Escalate]
        .iter()
        .map(|effect| (count(effect), effect.word()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// The effects that a rule can have, each once, weakest first.
fn own(module: &Module, rule: &RuleRow) -> Vec<Effect> {
    let first = usize::from(rule.first_outcome);
    let rows = module.outcomes.iter().skip(first).take(usize::from(rule.outcomes));
    let mut effects: Vec<Effect> = rows.map(|row| row.effect).collect();
    effects.arrange();
    effects.dedup();
    effects
}

/// Everything that the summary says and more, for programs.
#[must_use]
pub fn to_json(bundle: &BundleInspection<'_>) -> Json {
    let module = bundle.module;
    let manifest = &module.manifest;
    let debug = bundle.debug();
    let rules: Vec<Json> = module
        .rules
        .iter()
        .enumerate()
        .map(|(at, rule)| {
            let about = debug.rules.get(at).cloned().unwrap_or_default();
            json!({
                "id": bundle.string(rule.id),
                "policy": about.policy,
                "description": about.description,
                "severity": about.severity,
                "tags": about.tags,
                "owner": about.owner,
                "effects": own(module, rule).iter().map(|e| e.word()).collect::<Vec<_>>(),
                "priority": rule.priority,
                "shadow": rule.shadow,
            })
        })
        .collect();
    let sources: Vec<Json> = manifest
        .sources
        .iter()
        .map(|row| json!({"path": bundle.string(row.path), "digest": digest_text(&row.digest)}))
        .collect();
    let withheld = redactions(module)
        .into_iter()
        .map(|it| json!({"path": it.path, "as": it.class, "with": it.with, "facts": it.facts}));
    json!({
        "name": bundle.string(manifest.name),
        "digest": bundle.digest_text(),
        "bytes": bundle.bytes,
        "compiler": bundle.string(manifest.compiler),
        "tzdata": bundle.string(manifest.tzdb),
        "semantics": manifest.semantics,
        "created": manifest.created,
        "default": manifest.default.map(|row| row.effect.word()),
        "on_error": manifest.on_error.effect.word(),
        "cost": manifest.cost,
        "metered": manifest.metered,
        "instructions": module.code.len(),
        "reads": reads::pointers(module),
        "rules": rules,
        "withholds": withheld.collect::<Vec<_>>(),
        "outputs": module.outputs.iter().map(|row| bundle.string(row.name)).collect::<Vec<_>>(),
        "sources": sources,
    })
}

#[cfg(test)]
mod tests {
    use super::size_text;

    #[test]
    fn sizes_have_units() {
        assert_eq!(size_text(1), "1 byte");
        assert_eq!(size_text(6_300), "6.1 KiB");
        assert_eq!(size_text(3 << 20), "3.0 MiB");
    }
}
