//! The same sources give the same bytes, wherever, whenever and by whomever they are built.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::bundle::reader::read;
use policyc::tools::pipeline::references;
use policyc::tools::project;

use crate::support::folder::folders;
use crate::support::run::{Folder, policyc};

/// Files by path from the root of the project.
type Files = BTreeMap<String, Vec<u8>>;

/// The variables that a build must not care about.
type Around<'a> = &'a [(&'a str, &'a str)];

const HERE: Around<'static> =
    &[("LC_ALL", "C"), ("LANG", "C"), ("TZ", "UTC"), ("HOME", "/"), ("USER", "root")];
const THERE: Around<'static> = &[
    ("LC_ALL", "tr_TR.UTF-8"),
    ("LANG", "de_DE.ISO-8859-1"),
    ("TZ", "Pacific/Kiritimati"),
    ("HOME", "/nowhere"),
    ("USER", "somebody"),
    ("COLUMNS", "40"),
    ("TMPDIR", "/nowhere"),
];

fn examples() -> Vec<PathBuf> {
    folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples"))
}

/// The files of an example.
fn files_of(folder: &Path) -> Files {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = |path: PathBuf| {
        (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())
    };
    entries.filter(|path| path.is_file()).map(named).collect()
}

/// Several documents in several folders, one schema for two of them.
fn project_of_three() -> Files {
    let policy = |name: &str, schema: &str, rule: &str| {
        format!(
            "policyc: 1\nname: {name}\ndefault: deny\nschema: {schema}\nrules:\n  \
             - id: {name}-{rule}\n    \
             when: request.amount > 10.0 && request.note.startsWith('{name}')\n    \
             deny: \"{{request.amount}} is too much\"\n"
        )
    };
    let schema = r#"{"type": "object", "required": ["request"], "properties": {"request": {
        "type": "object", "required": ["amount", "note"],
        "properties": {"amount": {"type": "number"}, "note": {"type": "string"}}}}}"#;
    let files = [
        ("b/money.yaml", policy("money", "../shared/request.json", "sum")),
        ("a/über.yaml", policy("above", "../shared/request.json", "sum")),
        ("c/deep/er/İ.cel", "// @id plain\n1 > 2 ? deny('never') : allow()\n".to_owned()),
        ("shared/request.json", schema.to_owned()),
    ];
    files.into_iter().map(|(path, text)| (path.to_owned(), text.into_bytes())).collect()
}

/// Writes the files under `root`, the last first where `backwards`.
fn lay_out(files: &Files, root: &Path, backwards: bool) {
    let mut order: Vec<_> = files.iter().collect();
    if backwards {
        order.reverse();
    }
    for (path, bytes) in order {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// What `policyc build` makes of `paths`, seen from `from`.
fn build(from: &Path, paths: &[PathBuf], around: Around<'_>) -> Vec<u8> {
    let out = from.join("out.plcb");
    let output = policyc(from)
        .arg("build")
        .args(paths)
        .args(["--quiet", "-o"])
        .arg(&out)
        .envs(around.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{paths:?}: {said}");
    let bytes = fs::read(&out).unwrap();
    fs::remove_file(&out).unwrap();
    bytes
}

/// Builds `files` in two places in every way there is to name them; all bytes must be the same.
/// Returns them.
fn everywhere(name: &str, files: &Files) -> Vec<u8> {
    let folder = Folder::new(&format!("reproducible-{name}"));
    let near = folder.path().join("near");
    let far = folder.path().join("a long way/Ünter/x/y/z/another name");
    let other = folder.path().join("elsewhere");
    fs::create_dir(&other).unwrap();
    lay_out(files, &near, false);
    lay_out(files, &far, true);
    let first = build(&near, &[PathBuf::from(".")], HERE);
    let relative = PathBuf::from("../a long way/Ünter/../Ünter/x/y/z/another name");
    let ways: [(&Path, Vec<PathBuf>, Around<'_>); 4] = [
        (&far, vec![PathBuf::from(".")], THERE),
        (&other, vec![far.clone()], THERE),
        (&other, vec![relative], HERE),
        (Path::new("/"), vec![far.clone(), far.clone()], THERE),
    ];
    for (from, paths, around) in ways {
        let from = if from == Path::new("/") { folder.path() } else { from };
        assert!(build(from, &paths, around) == first, "{name}: {paths:?} from {}", from.display());
    }
    named_one_by_one(name, files, &far, &first);
    first
}

/// The sources named one by one, forwards, backwards, and one of them twice.
fn named_one_by_one(name: &str, files: &Files, root: &Path, wanted: &[u8]) {
    let is_test = |path: &str| path.ends_with("_test.yaml");
    let is_source = |path: &str| path.ends_with(".cel") || path.ends_with(".yaml");
    let sources = files.keys().filter(|path| is_source(path) && !is_test(path));
    let mut paths: Vec<PathBuf> = sources.map(|path| root.join(path)).collect();
    // The deepest directory that holds everything named is the root; so one must lie in it.
    paths.push(root.to_path_buf());
    for _ in 0..2 {
        paths.reverse();
        assert!(build(root, &paths, THERE) == wanted, "{name}: {paths:?}");
        paths.rotate_left(1);
        assert!(build(root, &paths, HERE) == wanted, "{name}: {paths:?}");
    }
}

#[test]
fn every_example_is_built_alike_everywhere() {
    let examples = examples();
    assert!(examples.len() >= 9);
    for folder in examples {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        everywhere(&name, &files_of(&folder));
    }
}

#[test]
fn a_project_of_several_folders_is_built_alike_everywhere() {
    let bytes = everywhere("project", &project_of_three());
    let module = read(&bytes).unwrap();
    let text = |at: u32| module.strings.get(usize::try_from(at).unwrap()).unwrap();
    let sources: Vec<&str> = module.manifest.sources.iter().map(|row| text(row.path)).collect();
    assert_eq!(sources, ["a/über.yaml", "b/money.yaml", "c/deep/er/İ.cel", "shared/request.json"]);
    let rules: Vec<&str> = module.rules.iter().map(|row| text(row.id)).collect();
    assert_eq!(rules, ["above-sum", "money-sum", "plain"], "rules stand in order of path");
    assert_eq!(module.manifest.created, None, "nobody said when");
}

#[test]
fn the_time_of_a_build_is_said_by_a_variable_or_not_at_all() {
    let files = project_of_three();
    let folder = Folder::new("reproducible-time");
    lay_out(&files, folder.path(), false);
    let here = [PathBuf::from(".")];
    let with = |value: &str| build(folder.path(), &here, &[("SOURCE_DATE_EPOCH", value)]);
    let (silent, early, late) = (build(folder.path(), &here, &[]), with("0"), with("1774000000"));
    assert_eq!(read(&silent).unwrap().manifest.created, None);
    assert_eq!(read(&early).unwrap().manifest.created, Some(0));
    assert_eq!(read(&late).unwrap().manifest.created, Some(1_774_000_000));
    assert!(late == with("1774000000"), "the same time, the same bytes");
    for wrong in ["", "yesterday", "1.5", "9223372036854775808"] {
        let output = policyc(folder.path())
            .args(["build", ".", "-o", "wrong.plcb"])
            .env("SOURCE_DATE_EPOCH", wrong)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {said}");
        assert!(said.contains("P0908") && said.contains("source-date-epoch"), "{said}");
        assert!(!folder.path().join("wrong.plcb").exists(), "{wrong:?}");
    }
}

#[test]
fn the_library_goes_by_path_whatever_the_order_of_files() {
    let folder = Folder::new("reproducible-library");
    lay_out(&project_of_three(), folder.path(), false);
    for root in examples().into_iter().chain([folder.path().to_path_buf()]) {
        let (project, _) = project::read(std::slice::from_ref(&root), references).remove(0);
        let files = project.files;
        let mut texts: Vec<(String, String)> =
            files.iter().map(|(_, file)| (file.path.clone(), file.text.clone())).collect();
        let made = |texts: &[(String, String)]| {
            let mut files = SourceMap::new();
            for (path, text) in texts {
                files.add(path.clone(), text.clone());
            }
            compile(&files, &Options::default(), &mut Sink::new()).unwrap().bundle
        };
        let wanted = made(&texts);
        for _ in 0..texts.len() {
            texts.rotate_left(1);
            assert!(made(&texts) == wanted, "{}: {texts:?}", root.display());
            texts.reverse();
            assert!(made(&texts) == wanted, "{}: {texts:?}", root.display());
            texts.reverse();
        }
    }
}
