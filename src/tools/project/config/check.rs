//! `[check]`: which findings a project wants to hear.
//!
//! In:      the table.
//! Out:     `Check`; findings at the bytes of the file.
//! Imports: `diag`, `tools::lint`.

use globset::GlobBuilder;
use toml::Spanned as Toml;
use toml::de::DeValue;

use crate::diag::diagnostic::Severity;
use crate::tools::lint::select::{Choice, FileIgnore, Level, Selector};
use crate::tools::project::config::Reader;

/// The keys of `[check]`.
const KEYS: [&str; 7] =
    ["select", "extend-select", "ignore", "levels", "per-file-ignores", "fail-level", "tags"];

/// Which findings are told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Check {
    /// By code.
    pub choice: Choice,
    /// What is not told in some files.
    pub per_file: Vec<FileIgnore>,
    /// From which severity on findings make a command fail.
    pub fail_level: Option<Severity>,
    /// The tags that rules may have; `None`: any.
    pub tags: Option<Vec<String>>,
}

/// Reads the table.
pub(super) fn read(reader: &mut Reader<'_>, value: &Toml<DeValue<'_>>) {
    for (key, value) in reader.table("check", value) {
        match key.get_ref().as_ref() {
            "select" => reader.config.check.choice.select = Some(selectors(reader, value)),
            "extend-select" => reader.config.check.choice.extend_select = selectors(reader, value),
            "ignore" => reader.config.check.choice.ignore = selectors(reader, value),
            "levels" => levels(reader, value),
            "per-file-ignores" => per_file(reader, value),
            "fail-level" => fail_level(reader, value),
            "tags" => reader.config.check.tags = Some(texts(reader, value)),
            other => {
                let at = reader.span(key.span());
                reader.unknown(at, other, "`[check]` has no key", &KEYS);
            }
        }
    }
}

/// `"W0513" = "deny"`
fn levels(reader: &mut Reader<'_>, value: &Toml<DeValue<'_>>) {
    for (key, value) in reader.table("check.levels", value) {
        let name = value.get_ref().as_str().unwrap_or_default();
        let Some(level) = Level::named(name) else {
            let names = Level::ALL.map(Level::name).join(", ");
            reader.wrong(value, &format!("a level is one of {names}"));
            continue;
        };
        match Selector::read(key.get_ref()) {
            Ok(selector) => reader.config.check.choice.levels.push((selector, level)),
            Err(why) => reader.refuse(reader.span(key.span()), why, "not known", None),
        }
    }
}

/// `"legacy/**" = ["W0513"]`
fn per_file(reader: &mut Reader<'_>, value: &Toml<DeValue<'_>>) {
    for (key, value) in reader.table("check.per-file-ignores", value) {
        match GlobBuilder::new(key.get_ref()).literal_separator(true).build() {
            Ok(glob) => {
                let (files, codes) = (glob.compile_matcher(), selectors(reader, value));
                reader.config.check.per_file.push(FileIgnore { files, codes });
            }
            Err(error) => {
                let fact = format!("this names no files: {}", error.kind());
                reader.refuse(reader.span(key.span()), fact, "a pattern of paths", None);
            }
        }
    }
}

fn fail_level(reader: &mut Reader<'_>, value: &Toml<DeValue<'_>>) {
    let name = value.get_ref().as_str().unwrap_or_default();
    match Severity::ALL.into_iter().find(|severity| severity.word() == name) {
        Some(severity) => reader.config.check.fail_level = Some(severity),
        None => reader.wrong(value, "`fail-level` is one of note, warning, error"),
    }
}

fn selectors(reader: &mut Reader<'_>, value: &Toml<DeValue<'_>>) -> Vec<Selector> {
    let mut selectors = Vec::new();
    for item in items(reader, value) {
        match Selector::read(item.get_ref().as_str().unwrap_or_default()) {
            Ok(selector) => selectors.push(selector),
            Err(why) => reader.refuse(reader.span(item.span()), why, "not known", None),
        }
    }
    selectors
}

fn texts(reader: &mut Reader<'_>, value: &Toml<DeValue<'_>>) -> Vec<String> {
    let items = items(reader, value);
    items.iter().filter_map(|item| Some(item.get_ref().as_str()?.to_owned())).collect()
}

/// The strings of a list.
fn items<'v, 't>(reader: &mut Reader<'_>, value: &'v Toml<DeValue<'t>>) -> &'v [Toml<DeValue<'t>>] {
    if let DeValue::Array(items) = value.get_ref()
        && items.iter().all(|item| item.get_ref().as_str().is_some())
    {
        return items.as_ref();
    }
    reader.wrong(value, "this is a list of strings, as [\"W0513\", \"style\"]");
    &[]
}
