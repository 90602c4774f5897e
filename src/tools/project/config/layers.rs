//! Configurations on top of one another: what a file extends below it, what `--config` says above.
//!
//! In:      the file of a project, and what the command line says.
//! Out:     one `Config`; findings in the file that says what is wrong.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`, `tools::paths`.
//!
//! A key takes the place of the same key further down. Names of `[bundles]`, budgets of `[bench]`
//! and levels of `[check]` stand for themselves, and the lists `extend-select`, `ignore` and
//! `per-file-ignores` are added to, as the command line adds to them.

use std::path::{Path, PathBuf};

use crate::base::limits::SOURCE_BYTES_MAX;
use crate::base::span::Spanned;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::path::join;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::paths::{normalize, relative, slashed};
use crate::tools::project::FROM_HERE;
use crate::tools::project::config::check::Check;
use crate::tools::project::config::{self, Config, Layout};
use crate::tools::project::overlay::Overlay;
use crate::tools::project::{reason, text_of};

/// Most configurations that extend one another in a row. A team extends what its company has.
const EXTEND_MAX: usize = 8;

/// What a command line says about configurations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Whether every `policyc.toml` is left unread.
    pub isolated: bool,
    /// Files, and texts such as `check.select = ["style"]`; the last goes before the others.
    pub given: Vec<String>,
}

/// Where configurations are read.
pub(in crate::tools::project) struct Layers<'a> {
    /// What stands for files.
    pub over: &'a Overlay,
    /// The directory that paths of the result are relative to.
    pub root: &'a Path,
    /// The working directory.
    pub here: &'a Path,
    /// What a file is called in `files`.
    pub name: &'a dyn Fn(&Path) -> String,
    /// Gets every configuration that was read.
    pub files: &'a mut SourceMap,
    /// Gets what is wrong with them.
    pub sink: &'a mut Sink,
}

impl Layers<'_> {
    /// What `file` says, the files that it extends and the command line.
    pub(in crate::tools::project) fn read(
        mut self,
        file: Option<&Path>,
        overrides: &Overrides,
    ) -> Config {
        let mut config = Config::default();
        if let Some(file) = file {
            match self.file(file, &mut Vec::new()) {
                Ok(own) => config = own,
                Err(why) => self.refuse(&format!("`{}` {why}", (self.name)(file))),
            }
        }
        for given in &overrides.given {
            let full = normalize(&self.here.join(given));
            let own = if given.contains('=') && !full.exists() {
                self.text(&self.here.join("--config"), given)
            } else {
                match self.file(&full, &mut Vec::new()) {
                    Ok(own) => own,
                    Err(why) => {
                        self.refuse(&format!("`{given}` {why}"));
                        continue;
                    }
                }
            };
            config = above(config, own);
        }
        config
    }

    fn refuse(&mut self, fact: &str) {
        let finding = Diagnostic::without_place(Code::BadConfiguration, fact);
        self.sink
            .report(finding.help("`--config` takes a file or a text, as 'project.strict=true'"));
    }

    /// What a text of the command line says: its paths are those of the project.
    fn text(&mut self, shown: &Path, text: &str) -> Config {
        let file = self.files.add((self.name)(shown), text);
        let config = config::read(file, text, self.sink);
        if let Some(extend) = &config.extend {
            let fact = "`extend` stands in a file".to_owned();
            let label = "the command line names files with `--config FILE`";
            let code = Code::BadConfiguration;
            self.sink.report(Diagnostic::new(code, extend.span, fact, label));
        }
        config
    }

    /// What a file says, and the files that it extends; `chain` are those that extend it.
    ///
    /// # Errors
    /// Why it cannot be read, as the end of a sentence.
    fn file(&mut self, path: &Path, chain: &mut Vec<PathBuf>) -> Result<Config, String> {
        let bytes = self
            .over
            .read(path, SOURCE_BYTES_MAX)
            .map_err(|error| format!("cannot be read: {}", reason(&error)))?;
        let (text, wrong) = text_of(bytes);
        let file = self.files.add((self.name)(path), text.clone());
        if let Some(wrong) = wrong {
            self.sink.report(wrong.diagnostic(file));
        }
        let mut config = config::read(file, &text, self.sink);
        let folder = path.parent().unwrap_or(path);
        rebase(&mut config, &slashed(&relative(self.root, folder)));
        let Some(extend) = config.extend.take() else { return Ok(config) };
        chain.push(path.to_path_buf());
        let base = normalize(&folder.join(&extend.value));
        let below = if chain.contains(&base) {
            Err(("extends this one".to_owned(), "what both share belongs into a third file"))
        } else if chain.len() >= EXTEND_MAX {
            let most = format!("is one too many: at most {EXTEND_MAX} extend one another");
            Err((most, "write the settings of several into one of them"))
        } else {
            self.file(&base, chain).map_err(|why| (why, FROM_HERE))
        };
        match below {
            Ok(below) => Ok(above(below, config)),
            Err((why, help)) => {
                let fact = format!("`{}` {why}", extend.value);
                let code = Code::BadConfiguration;
                let found = Diagnostic::new(code, extend.span, fact, "named here");
                self.sink.report(found.help(help));
                Ok(config)
            }
        }
    }
}

/// Makes the paths of a file in `folder`, as seen from the root, those of the root.
fn rebase(config: &mut Config, folder: &str) {
    if folder.is_empty() {
        return;
    }
    let base = format!("{folder}/policyc.toml");
    let move_path = |path: &mut Spanned<String>| path.value = join(&base, &path.value);
    config.sources.iter_mut().for_each(move_path);
    config.schema.iter_mut().for_each(move_path);
    config.records.iter_mut().for_each(move_path);
    config.store.iter_mut().for_each(move_path);
    let paths = config.bundles.iter_mut().map(|(_, meant)| meant);
    let is_path = |meant: &&mut Spanned<String>| {
        !meant.value.starts_with("git:") && !meant.value.starts_with("sha256:")
    };
    paths.filter(is_path).for_each(move_path);
}

/// What two configurations say together; `own` goes before `below`.
fn above(below: Config, own: Config) -> Config {
    let Config {
        extend,
        sources,
        schema,
        strict,
        check,
        format: layout,
        budgets,
        records,
        store,
        bundles,
    } = own;
    let or = |own: Vec<Spanned<String>>, below| if own.is_empty() { below } else { own };
    let mut kept_budgets = below.budgets;
    kept_budgets.retain(|old| budgets.iter().all(|new| new.key != old.key));
    let mut kept_bundles = below.bundles;
    kept_bundles.retain(|(old, _)| bundles.iter().all(|(new, _)| new != old));
    Config {
        extend,
        sources: or(sources, below.sources),
        schema: schema.or(below.schema),
        strict: strict.or(below.strict),
        check: Check {
            choice: below.check.choice.with(check.choice),
            per_file: below.check.per_file.into_iter().chain(check.per_file).collect(),
            fail_level: check.fail_level.or(below.check.fail_level),
            tags: check.tags.or(below.check.tags),
        },
        format: Layout {
            width: layout.width.or(below.format.width),
            indent: layout.indent.or(below.format.indent),
        },
        budgets: kept_budgets.into_iter().chain(budgets).collect(),
        records: or(records, below.records),
        store: store.or(below.store),
        bundles: kept_bundles.into_iter().chain(bundles).collect(),
    }
}
