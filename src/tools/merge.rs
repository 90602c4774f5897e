//! Several projects as one, to report about them together.
//!
//! In:      projects, each with its findings.
//! Out:     one map of all files, and the findings in it.
//! Imports: `base`, `compiler::source`, `diag`, `tools::paths`, `tools::project`.

use crate::base::span::FileId;
use crate::compiler::source::map::SourceMap;
use crate::diag::sink::Sink;
use crate::tools::paths::{common, relative, slashed};
use crate::tools::project::{Project, prefix};

/// Several projects as one.
#[derive(Debug, Default)]
pub struct Merged {
    /// The files of all.
    pub files: SourceMap,
    /// What stands before their logical paths.
    pub prefix: String,
    /// The findings of all.
    pub sink: Sink,
    /// Whether something that the user named does not exist.
    pub missing: bool,
}

/// Merges projects. One alone stays as it is.
#[must_use]
pub fn merge(projects: Vec<(Project, Sink)>) -> Merged {
    let mut merged = Merged::default();
    let roots = projects.iter().map(|(project, _)| project.root.clone());
    let here = std::env::current_dir().unwrap_or_default();
    let Some(root) = roots.reduce(|a, b| common(&a, &b)) else { return merged };
    for (project, sink) in projects {
        merged.missing |= project.missing;
        let way = slashed(&relative(&root, &project.root));
        merged.prefix = prefix(&here, &root, project.prefix.starts_with('/'));
        let inside = if way.is_empty() { way } else { format!("{way}/") };
        let ids: Vec<FileId> = project
            .files
            .iter()
            .map(|(_, file)| merged.files.add(format!("{inside}{}", file.path), &*file.text))
            .collect();
        let (findings, dropped) = sink.finish();
        let mut moved = Sink::new();
        for mut finding in findings {
            finding.move_files(|file| {
                let at = usize::try_from(file.0).unwrap_or(usize::MAX);
                ids.get(at).copied().unwrap_or(file)
            });
            moved.report(finding);
        }
        moved.count_dropped(dropped);
        merged.sink.append(moved);
    }
    merged
}
