//! `policyc.toml`: what a project says about itself.
//!
//! In:      the text of the file.
//! Out:     `Config`; findings at the bytes of the file.
//! Imports: `base`, `diag`.

use toml::Spanned as Toml;
use toml::de::{DeTable, DeValue};

use crate::base::span::{FileId, Span, Spanned};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::diag::suggest::nearest;

/// The names that a configuration may have.
pub const NAMES: [&str; 2] = ["policyc.toml", ".policyc.toml"];

/// The keys of `[project]`.
const KEYS: [&str; 3] = ["sources", "schema", "strict"];

/// Tables that later versions read.
const LATER: [&str; 6] = ["check", "fmt", "test", "bench", "replay", "bundles"];

/// What a project says about itself. Paths are relative to the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Files and directories with the sources; none: the directory of the file.
    pub sources: Vec<Spanned<String>>,
    /// The schema of documents that name none.
    pub schema: Option<Spanned<String>>,
    /// Whether a schema is demanded, and `dyn` that nobody wrote refused.
    pub strict: bool,
}

/// Reads `text`, which is file `file`.
pub fn read(file: FileId, text: &str, sink: &mut Sink) -> Config {
    let mut reader = Reader { file, sink, config: Config::default() };
    match DeTable::parse(text) {
        Ok(table) => reader.tables(table.get_ref()),
        Err(error) => {
            let at = reader.span(error.span().unwrap_or_default());
            let fact = format!("this is not TOML: {}", error.message());
            reader.refuse(at, fact, "here", None);
        }
    }
    reader.config
}

struct Reader<'s> {
    file: FileId,
    sink: &'s mut Sink,
    config: Config,
}

impl Reader<'_> {
    fn span(&self, range: std::ops::Range<usize>) -> Span {
        let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Span::new(self.file, place(range.start), place(range.end))
    }

    fn refuse(&mut self, at: Span, fact: String, label: &str, help: Option<String>) {
        let finding = Diagnostic::new(Code::BadConfiguration, at, fact, label);
        self.sink.report(finding.maybe_help(help));
    }

    fn tables(&mut self, tables: &DeTable<'_>) {
        for (key, value) in tables {
            let (at, name) = (self.span(key.span()), key.get_ref().as_ref());
            if name == "project" {
                self.project(value);
            } else if LATER.contains(&name) {
                let fact = format!("`[{name}]` is not built yet");
                self.refuse(at, fact, "this version reads `[project]` alone", None);
            } else {
                self.unknown(at, name, "`policyc.toml` has no table", &["project"]);
            }
        }
    }

    fn unknown(&mut self, at: Span, name: &str, what: &str, known: &[&str]) {
        let help = nearest(name, known.iter().copied()).map_or_else(
            || format!("the keys are {}", known.join(", ")),
            |name| format!("did you mean `{name}`?"),
        );
        self.refuse(at, format!("{what} `{name}`"), "not known", Some(help));
    }

    fn project(&mut self, value: &Toml<DeValue<'_>>) {
        let at = self.span(value.span());
        let DeValue::Table(table) = value.get_ref() else {
            self.refuse(at, "`project` is a table".to_owned(), "write `[project]` above", None);
            return;
        };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "sources" => self.config.sources = self.paths(value),
                "schema" => self.config.schema = self.path(value),
                "strict" => self.strict(value),
                other => {
                    let at = self.span(key.span());
                    self.unknown(at, other, "`[project]` has no key", &KEYS);
                }
            }
        }
    }

    fn wrong(&mut self, value: &Toml<DeValue<'_>>, fact: &str) {
        let at = self.span(value.span());
        self.refuse(at, fact.to_owned(), "this is something else", None);
    }

    fn path(&mut self, value: &Toml<DeValue<'_>>) -> Option<Spanned<String>> {
        let DeValue::String(text) = value.get_ref() else {
            self.wrong(value, "a path is a string");
            return None;
        };
        if std::path::Path::new(text.as_ref()).is_absolute() {
            let fact = format!("`{text}` is an absolute path");
            self.refuse(self.span(value.span()), fact, "no other machine finds it", None);
            return None;
        }
        Some(Spanned::new(text.to_string(), self.span(value.span())))
    }

    fn paths(&mut self, value: &Toml<DeValue<'_>>) -> Vec<Spanned<String>> {
        if let DeValue::Array(items) = value.get_ref()
            && !items.is_empty()
        {
            return items.iter().filter_map(|item| self.path(item)).collect();
        }
        self.wrong(value, "`sources` is a list of paths, as in [\"policies\"]");
        Vec::new()
    }

    fn strict(&mut self, value: &Toml<DeValue<'_>>) {
        if let DeValue::Boolean(strict) = value.get_ref() {
            self.config.strict = *strict;
        } else {
            self.wrong(value, "`strict` is true or false");
        }
    }
}
