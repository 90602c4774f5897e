//! Folders of test data.

use std::fs;
use std::path::{Path, PathBuf};

use policyc::compiler::source::map::SourceMap;

/// The folder that `variable` names, else `fallback` seen from the package. A missing one is an
/// error that says so: a test that tests nothing must not pass.
pub(crate) fn data(variable: &str, fallback: &str) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = std::env::var_os(variable).map_or_else(|| package.join(fallback), PathBuf::from);
    assert!(found.is_dir(), "no test data at {}: set {variable} to its folder", found.display());
    found
}

/// The folders in `folder`, in order of name.
pub(crate) fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

/// The examples with contexts of their own.
#[allow(dead_code, reason = "fuzz targets find them from another package")]
pub(crate) fn examples() -> Vec<PathBuf> {
    let all = folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples"));
    all.into_iter().filter(|path| !contexts(path).is_empty()).collect()
}

/// The contexts of an example, in order of name.
pub(crate) fn contexts(example: &Path) -> Vec<PathBuf> {
    let is_context = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("context") && name.ends_with(".json")
    };
    let entries = fs::read_dir(example).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = entries.filter(is_context).collect();
    found.sort();
    found
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder, in order of name, their logical paths being `name/FILE`.
pub(crate) fn sources(folder: &Path) -> SourceMap {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut files = SourceMap::new();
    for path in paths.iter().filter(|path| path.is_file()) {
        let file = path.file_name().unwrap().to_string_lossy();
        files.add(format!("{name}/{file}"), text(path));
    }
    files
}
