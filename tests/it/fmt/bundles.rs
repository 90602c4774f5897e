//! Bundles of formatted sources are those of the sources, but for places and digests.

use std::fs;
use std::path::{Path, PathBuf};

use policyc::compiler::format::{Refused, Settings, format};
use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::bundle::module::Module;
use policyc::runtime::bundle::reader::read;

use crate::support::folder::{data, folders, sources};

/// What a bundle says, without the places in its sources.
fn said(files: &SourceMap) -> Result<Box<Module>, Vec<String>> {
    let mut sink = Sink::new();
    match compile(files, &Options::default(), &mut sink) {
        Some(compiled) => {
            let mut module = read(&compiled.bundle).expect("a bundle of ours");
            module.debug = Vec::new();
            for source in &mut module.manifest.sources {
                source.digest = [0; 32];
            }
            Ok(Box::new(module))
        }
        None => {
            let findings = sink.finish().0;
            Err(findings
                .iter()
                .map(|found| format!("{:?} {}", found.code, found.message))
                .collect())
        }
    }
}

/// The files, formatted; and how many changed. Files that do not parse stay.
fn formatted(files: &SourceMap, settings: Settings) -> (SourceMap, usize) {
    let mut after = SourceMap::new();
    let mut changed = 0;
    for (_, file) in files.iter() {
        let text = match format(&file.path, &file.text, settings) {
            Ok(text) => text,
            Err(Refused::Unread(_)) => file.text.clone(),
            Err(Refused::Changed) => panic!("{} would mean something else", file.path),
        };
        changed += usize::from(text != file.text);
        after.add(file.path.clone(), text);
    }
    (after, changed)
}

/// Every folder below `root` with files in it.
fn below(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![root.to_path_buf()];
    let mut at = 0;
    while let Some(folder) = found.get(at).cloned() {
        found.extend(folders(&folder));
        at += 1;
    }
    let holds = |folder: &PathBuf| {
        fs::read_dir(folder).unwrap().any(|entry| {
            let path = entry.unwrap().path();
            path.extension().is_some_and(|end| end == "yaml" || end == "cel" || end == "celpolicy")
        })
    };
    found.into_iter().filter(holds).collect()
}

/// Compares what is built in each folder; returns how many built and how many files changed.
fn compare(root: &Path) -> (usize, usize) {
    let (mut built, mut changed) = (0, 0);
    for folder in below(root) {
        let files = sources(&folder);
        let before = said(&files);
        built += usize::from(before.is_ok());
        for settings in [
            Settings::default(),
            Settings { width: 60, indent: 4 },
            Settings { width: 40, indent: 1 },
        ] {
            let (after, more) = formatted(&files, settings);
            changed += more;
            assert!(said(&after) == before, "{} at {settings:?}", folder.display());
        }
    }
    (built, changed)
}

#[test]
fn examples_build_the_same_bundles() {
    let (built, changed) = compare(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples"));
    assert!(built >= 12 && changed >= 12, "{built} built, {changed} changed");
}

#[test]
fn policies_of_others_build_the_same_bundles() {
    let (built, changed) = compare(&data("CEL_POLICY_DIR", "../shared/cel-policy"));
    assert!(built >= 20 && changed >= 40, "{built} built, {changed} changed");
}
