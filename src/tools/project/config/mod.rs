//! `policyc.toml`: what a project says about itself.
//!
//! In:      the text of the file.
//! Out:     `Config`; findings at the bytes of the file.
//! Imports: `base`, `compiler::format`, `diag`.

pub mod check;
pub mod layers;

use toml::Spanned as Toml;
use toml::de::{DeString, DeTable, DeValue};

use crate::base::span::{FileId, Span, Spanned};
use crate::compiler::format::{INDENTS, Settings, WIDTHS};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::diag::suggest::nearest;
use crate::tools::project::config::check::Check;

/// The names that a configuration may have.
pub const NAMES: [&str; 2] = ["policyc.toml", ".policyc.toml"];

/// The tables.
const TABLES: [&str; 6] = ["project", "check", "fmt", "bench", "replay", "bundles"];

/// The keys of `[bench]`: times, then counts.
const TIMES: [&str; 5] = ["p50", "p90", "p99", "p99.9", "p99.99"];
const COUNTS: [&str; 3] = ["instructions", "cost", "allocations"];

/// The keys of `[project]`.
const KEYS: [&str; 3] = ["sources", "schema", "strict"];

/// The keys of `[replay]`.
const REPLAY: [&str; 2] = ["records", "store"];

/// The keys of `[fmt]`.
const FMT: [&str; 2] = ["width", "indent"];

/// Tables that later versions read.
const LATER: [&str; 1] = ["test"];

/// What a project says about itself. Paths are relative to the file.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file that says what this one does not.
    pub extend: Option<Spanned<String>>,
    /// Files and directories with the sources; none: the directory of the file.
    pub sources: Vec<Spanned<String>>,
    /// The schema of documents that name none.
    pub schema: Option<Spanned<String>>,
    /// Whether a schema is demanded, and `dyn` that nobody wrote refused.
    pub strict: Option<bool>,
    /// Which findings are told: `[check]`.
    pub check: Check,
    /// How sources are laid out: `[fmt]`.
    pub format: Layout,
    /// What one decision may take: `[bench]`.
    pub budgets: Vec<Budget>,
    /// Where records lie: `records` of `[replay]`.
    pub records: Vec<Spanned<String>>,
    /// The directory that bundles are kept in by their digests: `store` of `[replay]`.
    pub store: Option<Spanned<String>>,
    /// Names of bundles and what they stand for: `[bundles]`.
    pub bundles: Vec<(String, Spanned<String>)>,
}

/// How sources are laid out, as far as it is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Columns of a line.
    pub width: Option<usize>,
    /// Columns of a step inwards.
    pub indent: Option<usize>,
}

impl Layout {
    /// With what is usual where nothing is said.
    #[must_use]
    pub fn settings(self) -> Settings {
        let usual = Settings::default();
        let width = self.width.unwrap_or(usual.width);
        Settings { width, indent: self.indent.unwrap_or(usual.indent) }
    }
}

/// What one decision may take.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// As it is written: `p99`, `instructions`.
    pub key: String,
    /// How much.
    pub limit: Limit,
    /// The bytes of the value.
    pub at: Span,
}

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// A time, in nanoseconds.
    Nanoseconds(f64),
    /// A number.
    Count(u64),
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

/// A time as `31ns`, `1.5us`, `2 ms` or `1s` writes it, in nanoseconds.
#[must_use]
pub fn nanoseconds(text: &str) -> Option<f64> {
    let units = [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)];
    let (number, unit) = units.iter().find_map(|(name, unit)| {
        let number = text.trim_end().strip_suffix(name)?.trim_end();
        number.ends_with(|c: char| c.is_ascii_digit()).then_some((number, unit))
    })?;
    let number: f64 = number.parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number * unit)
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
            if name == "extend" {
                self.config.extend = self.path(value);
            } else if name == "project" {
                self.project(value);
            } else if name == "check" {
                check::read(self, value);
            } else if name == "fmt" {
                self.fmt(value);
            } else if name == "bench" {
                self.bench(value);
            } else if name == "replay" {
                self.replay(value);
            } else if name == "bundles" {
                self.bundles(value);
            } else if LATER.contains(&name) {
                let fact = format!("`[{name}]` is not built yet");
                self.refuse(at, fact, "this version does not read it", None);
            } else {
                self.unknown(at, name, "`policyc.toml` has no table", &TABLES);
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

    /// The entries of the table `name`; none where it is no table, which is reported.
    fn table<'v, 't>(
        &mut self,
        name: &str,
        value: &'v Toml<DeValue<'t>>,
    ) -> impl Iterator<Item = (&'v Toml<DeString<'t>>, &'v Toml<DeValue<'t>>)> + use<'v, 't> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            let at = self.span(value.span());
            let label = format!("write `[{name}]` above");
            self.refuse(at, format!("`{name}` is a table"), &label, None);
        }
        table.into_iter().flatten()
    }

    fn project(&mut self, value: &Toml<DeValue<'_>>) {
        for (key, value) in self.table("project", value) {
            match key.get_ref().as_ref() {
                "sources" => self.config.sources = self.paths("sources", value),
                "schema" => self.config.schema = self.path(value),
                "strict" => self.strict(value),
                other => {
                    let at = self.span(key.span());
                    self.unknown(at, other, "`[project]` has no key", &KEYS);
                }
            }
        }
    }

    fn fmt(&mut self, value: &Toml<DeValue<'_>>) {
        for (key, value) in self.table("fmt", value) {
            match key.get_ref().as_ref() {
                "width" => {
                    self.config.format.width = self.number("width", value, WIDTHS);
                }
                "indent" => {
                    self.config.format.indent = self.number("indent", value, INDENTS);
                }
                other => {
                    let at = self.span(key.span());
                    self.unknown(at, other, "`[fmt]` has no key", &FMT);
                }
            }
        }
    }

    /// A number between two others.
    fn number(
        &mut self,
        key: &str,
        value: &Toml<DeValue<'_>>,
        [least, most]: [usize; 2],
    ) -> Option<usize> {
        // TOML writes sixteen as 0x10, too.
        let number = value.get_ref().as_integer();
        let number = number.and_then(|it| usize::from_str_radix(it.as_str(), it.radix()).ok());
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.wrong(value, &format!("`{key}` is a number from {least} to {most}"));
        }
        number
    }

    fn replay(&mut self, value: &Toml<DeValue<'_>>) {
        for (key, value) in self.table("replay", value) {
            match key.get_ref().as_ref() {
                "records" => self.config.records = self.paths("records", value),
                "store" => self.config.store = self.path(value),
                other => {
                    let at = self.span(key.span());
                    self.unknown(at, other, "`[replay]` has no key", &REPLAY);
                }
            }
        }
    }

    /// `[bundles]`: `prod = "build/prod.plcb"`.
    fn bundles(&mut self, value: &Toml<DeValue<'_>>) {
        for (key, value) in self.table("bundles", value) {
            if let Some(path) = self.path(value) {
                self.config.bundles.push((key.get_ref().to_string(), path));
            }
        }
    }

    fn bench(&mut self, value: &Toml<DeValue<'_>>) {
        for (key, value) in self.table("bench", value) {
            let name = key.get_ref().as_ref();
            let at = self.span(value.span());
            let limit = if COUNTS.contains(&name) {
                let count = value.get_ref().as_integer();
                let count = count.and_then(|number| number.as_str().parse().ok());
                count.map(Limit::Count).ok_or("a number such as 200")
            } else if TIMES.contains(&name) {
                let time = value.get_ref().as_str().and_then(nanoseconds);
                time.map(Limit::Nanoseconds).ok_or("a time such as \"1us\"")
            } else {
                let known: Vec<&str> = TIMES.into_iter().chain(COUNTS).collect();
                self.unknown(self.span(key.span()), name, "`[bench]` has no key", &known);
                continue;
            };
            match limit {
                Ok(limit) => self.config.budgets.push(Budget { key: name.to_owned(), limit, at }),
                // A point in a key makes a table of it.
                Err(_) if matches!(value.get_ref(), DeValue::Table(_)) => {
                    let help = Some("write the key in quotes: \"p99.9\"".to_owned());
                    self.refuse(at, format!("`{name}` is no table"), "a key of it", help);
                }
                Err(wanted) => self.wrong(value, &format!("`{name}` is {wanted}")),
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

    fn paths(&mut self, key: &str, value: &Toml<DeValue<'_>>) -> Vec<Spanned<String>> {
        if let DeValue::Array(items) = value.get_ref()
            && !items.is_empty()
        {
            return items.iter().filter_map(|item| self.path(item)).collect();
        }
        self.wrong(value, &format!("`{key}` is a list of paths, as in [\"policies\"]"));
        Vec::new()
    }

    fn strict(&mut self, value: &Toml<DeValue<'_>>) {
        if let DeValue::Boolean(strict) = value.get_ref() {
            self.config.strict = Some(*strict);
        } else {
            self.wrong(value, "`strict` is true or false");
        }
    }
}
