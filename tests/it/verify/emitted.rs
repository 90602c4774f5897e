//! What the compiler writes: every example becomes a bundle that is read and accepted, and whose
//! damage is found.

use std::fs;
use std::path::{Path, PathBuf};

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::opcodes::{INFALLIBLE, Op, Yield};
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

/// The operations of a rule that are written as ones that can fail.
fn can_fail(when: &str) -> Vec<Op> {
    let mut files = SourceMap::new();
    files.add(
        "p.yaml",
        format!(
            "policyc: 1\nname: p\ndefault: deny\n\
             schema: {{a: {{n: int, xs: {{items: string, maxItems: 9}}, \
             ms: {{items: string, maxItems: 9}}}}}}\n\
             rules:\n  - id: r\n    when: '{when}'\n    allow: fine\n"
        ),
    );
    let mut sink = Sink::new();
    let compiled = compile(&files, &Options::default(), &mut sink);
    let Some(compiled) = compiled else { panic!("{when}: {:?}", sink.finish().0) };
    let module = read(&compiled.bundle).unwrap();
    assert!(verify(&module).is_ok(), "{when}");
    let fails = module.code.iter().filter(|it| it.e != INFALLIBLE);
    fails.map(|it| it.op).filter(|op| op.yields() != Yield::Control).collect()
}

#[test]
fn what_loops_name_is_there() {
    let bodies = [
        r#"a.xs.exists(x, x == "b")"#,
        r#"a.n > 1 && a.xs.exists(x, x == "b" || x.startsWith("c"))"#,
        r#"a.n > 1 || !a.xs.all(x, a.ms.exists(y, y == x || x == "b"))"#,
        r#"a.xs.exists(x, x == "b") == (a.n > 1)"#,
        r#"a.n > 1 && a.xs.all(k, k != "b" && k.size() > a.n)"#,
    ];
    for when in bodies {
        assert_eq!(can_fail(when), [], "{when}");
    }
    // What is none of the types is still seen to fail.
    assert_ne!(can_fail(r#"a.n > 1 && a.xs.exists(x, x + "b" == "ab")"#), []);
}
