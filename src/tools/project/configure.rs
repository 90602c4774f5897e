//! What the configurations of a project make of its reading.

use std::fs;
use std::path::Path;

use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::path::{file_and_message, join};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::paths::{relative, slashed};
use crate::tools::project::FROM_HERE;
use crate::tools::project::config::Config;
use crate::tools::project::config::layers::{Layers, Overrides};
use crate::tools::project::{Budgets, ProjectReader, reason};

impl ProjectReader<'_> {
    /// Reads the configuration; `None` where it cannot be used: then it is the only file.
    pub(super) fn configure(
        &mut self,
        path: Option<&Path>,
        overrides: &Overrides,
        sink: &mut Sink,
    ) -> Option<Config> {
        let mark = sink.mark();
        let mut files = SourceMap::new();
        let (root, here) = (self.project.root.clone(), self.here.clone());
        let name = |full: &Path| slashed(&relative(&root, full));
        let layers = Layers {
            over: self.over,
            root: &root,
            here: &here,
            name: &name,
            files: &mut files,
            sink: &mut *sink,
        };
        let config = layers.read(path, overrides);
        self.project.files = files.clone();
        self.project.settings.strict = config.strict.unwrap_or(false);
        self.project.settings.tags.clone_from(&config.check.tags);
        self.project.check = config.check.clone();
        self.project.format = config.format.settings();
        self.project.budgets = Budgets { files, list: config.budgets.clone() };
        let schema = config.schema.as_ref().map(|path| (path, join("", &path.value)));
        if let Some((path, schema)) = &schema
            && let Err(found) = self.load(file_and_message(schema).0)
        {
            let code = Code::BadConfiguration;
            sink.report(
                Diagnostic::new(code, path.span, found.message, "named here").help(FROM_HERE),
            );
        }
        for path in &config.sources {
            let full = self.project.root.join(&path.value);
            if let Err(error) = fs::metadata(full) {
                let fact = format!("`{}` cannot be read: {}", path.value, reason(&error));
                let code = Code::BadConfiguration;
                sink.report(Diagnostic::new(code, path.span, fact, "named here").help(FROM_HERE));
            }
        }
        self.project.settings.schema = schema.map(|(_, schema)| schema);
        (!sink.errors_since(mark)).then_some(config)
    }
}
