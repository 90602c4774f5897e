//! What the compiler writes: every example becomes a bundle that is read and accepted, and whose
//! damage is found.

use std::fs;
use std::path::{Path, PathBuf};

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::lang::opcodes::INFALLIBLE;
use policyc::runtime::bundle::debug;
use policyc::runtime::bundle::reader::read;
use policyc::runtime::bundle::writer::write;
use policyc::runtime::verify::verify;
use policyc::tools::pipeline::references;
use policyc::tools::project;

/// The folders of `examples/`.
fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// The bundle of a folder.
fn bundle(folder: &Path) -> Vec<u8> {
    let mut projects = project::read(&[folder.to_path_buf()], references);
    let (project, mut sink) = projects.pop().expect("a folder is a project");
    assert!(projects.is_empty(), "{} is one project", folder.display());
    let files: &SourceMap = &project.files;
    let compiled = compile(files, &Options::default(), &mut sink);
    let Some(compiled) = compiled else { panic!("{}: {:?}", folder.display(), sink.finish().0) };
    compiled.bundle
}

#[test]
fn every_example_is_accepted() {
    for folder in examples() {
        let name = folder.display();
        let bytes = bundle(&folder);
        let module = read(&bytes).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let proof = verify(&module).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(proof.steps() > 0, "{name}");
        assert_eq!(write(&module).as_ref(), Ok(&bytes), "{name}");
        let names = debug::decode(&module.debug).unwrap();
        assert_eq!(debug::check(&names, &module), Ok(()), "{name}");
        let sure = module.code.iter().filter(|ins| ins.e == INFALLIBLE).count();
        assert!(sure > 0, "{name}: a schema proves something");
    }
}
