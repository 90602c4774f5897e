//! The examples: their bundles, and contexts for them.

use std::fs;
use std::path::{Path, PathBuf};

use policyc::compiler::Compiled;
use policyc::tools::pipeline::{compile, references};
use policyc::tools::project;

use super::folder::{contexts, folders};

/// An example: its bundle, and contexts for it.
pub(crate) struct Example {
    pub(crate) name: String,
    pub(crate) bundle: Vec<u8>,
    pub(crate) contexts: Vec<Vec<u8>>,
}

/// All of them, in order of name.
pub(crate) fn examples() -> Vec<Example> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The fuzz targets are a package of their own below the one that holds the examples.
    let found = package.ancestors().map(|it| it.join("examples")).find(|it| it.is_dir());
    let found = folders(&found.expect("the examples"));
    found.iter().filter(|path| !contexts(path).is_empty()).map(example).collect()
}

fn example(folder: &PathBuf) -> Example {
    let (project, mut sink) = project::read(std::slice::from_ref(folder), references).remove(0);
    let Compiled { bundle, .. } = compile(&project.files, &project.settings, &mut sink).unwrap();
    let mut contexts: Vec<Vec<u8>> =
        contexts(folder).iter().map(|path| fs::read(path).unwrap()).collect();
    contexts.push(b"{}".to_vec());
    Example { name: folder.file_name().unwrap().to_string_lossy().into_owned(), bundle, contexts }
}
