//! The rules of the house, read off the sources. `docs/architecture.md` says why they are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use policyc::diag::codes::Code;

/// Who may import whom. A room may always import from itself; the longest name that fits counts.
const FLOORS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("diag", &["base"]),
    ("lang", &["base", "diag"]),
    ("runtime::bundle", &["base", "diag", "lang"]),
    ("runtime::verify", &["base", "diag", "lang", "runtime::bundle"]),
    ("runtime::program", &["base", "diag", "lang", "runtime::bundle", "runtime::verify"]),
    ("runtime::vm", &["base", "diag", "lang", "runtime::bundle", "runtime::program"]),
    (
        "runtime::record",
        &["base", "lang", "runtime::bundle", "runtime::program", "runtime::session", "runtime::vm"],
    ),
    ("runtime::audit", &["base", "lang", "runtime::record"]),
    (
        "runtime::engine",
        &["base", "lang", "runtime::bundle", "runtime::program", "runtime::record", "runtime::vm"],
    ),
    (
        "runtime::trust",
        &[
            "base",
            "diag",
            "lang",
            "runtime::bundle",
            "runtime::engine",
            "runtime::program",
            "runtime::vm",
        ],
    ),
    ("runtime::session", &["base", "lang", "runtime::bundle", "runtime::program", "runtime::vm"]),
    ("runtime", &["base", "diag", "lang"]),
    ("compiler::source", &["base", "diag", "lang"]),
    ("compiler::syntax", &["base", "diag", "lang", "compiler::source"]),
    ("compiler::format", &["base", "diag", "lang", "compiler::source", "compiler::syntax"]),
    ("compiler::govern", &["base", "diag", "lang", "compiler::syntax"]),
    (
        "compiler::check",
        &["base", "diag", "lang", "compiler::source", "compiler::syntax", "compiler::govern"],
    ),
    (
        "compiler::ir",
        &[
            "base",
            "diag",
            "lang",
            "compiler::source",
            "compiler::syntax",
            "compiler::check",
            "runtime::bundle",
        ],
    ),
    (
        "compiler::lint",
        &[
            "base",
            "diag",
            "lang",
            "compiler::source",
            "compiler::syntax",
            "compiler::check",
            "compiler::ir",
        ],
    ),
    (
        "compiler::emit",
        &[
            "base",
            "diag",
            "lang",
            "compiler::source",
            "compiler::syntax",
            "compiler::check",
            "compiler::ir",
            "runtime::bundle",
            "runtime::verify",
        ],
    ),
    ("compiler::solve", &["base", "lang", "runtime::bundle"]),
    ("compiler", &["base", "diag", "lang", "runtime::bundle", "runtime::verify"]),
    ("tools", &["base", "diag", "lang", "runtime", "compiler"]),
    ("cli", &["base", "diag", "lang", "runtime", "compiler", "tools"]),
];

/// Macros, which stand at the root of the crate.
const MACROS: &[&str] = &["newtype_index"];

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;
const LINE_COLUMNS_MAX: usize = 100;

/// Files that break a length, each with its reason.
const EXCEPTIONS: &[(&str, &str)] =
    &[("src/runtime/vm/exec.rs", "one match over all instructions, an arm for each")];

/// Files beside `src/lib.rs` that may ask for a feature.
/// The build script needs one because an optional build-dependency is only there with its feature;
/// the debug section of a bundle is written and read by those who show sources, never to decide;
/// contexts from `serde_json` are for hosts that have it, and those read ahead for `tools` alone;
/// `.proto` files are read where the crates that compile them are there;
/// signatures are for hosts that ask for them;
/// a command line without an editor's server is smaller.
const FEATURE_ROOMS: &[&str] = &[
    "grammar/build.rs",
    "src/compiler/check/schema/proto/mod.rs",
    "src/cli/commands/mod.rs",
    "src/cli/mod.rs",
    "src/runtime/bundle/mod.rs",
    "src/runtime/mod.rs",
    "src/runtime/vm/request/mod.rs",
    "src/runtime/vm/tests/mod.rs",
    "src/tools/mod.rs",
    "src/tools/oci/mod.rs",
    "src/tools/replay/pack/mod.rs",
    "tests/it/replay/mod.rs",
];

/// Folders of `snapshots/` whose cases are written in Rust, and where.
const CASES_IN_RUST: &[(&str, &str)] = &[("report", "tests/it/report.rs")];

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file under `folder` with this ending, by path from the root, in order.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|known| known == ending) {
                let path = path.strip_prefix(root()).expect("under the root").to_path_buf();
                found.push(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<String> {
    let folders = [
        "src",
        "tests",
        "grammar",
        "benches",
        "examples",
        "fuzz/src",
        "fuzz/fuzz_targets",
        "mutants/src",
    ];
    folders.iter().flat_map(|folder| files(folder, "rs")).collect()
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A file without its comments, so that prose may speak of what code may not do.
pub(crate) fn code(path: &str) -> String {
    let text = read(path);
    let kept = text.lines().map(|line| {
        let comment = line.trim_start().starts_with("//");
        if comment { "" } else { line.split(" // ").next().unwrap_or_default() }
    });
    // How far something can be seen is no import.
    kept.collect::<Vec<_>>().join("\n").replace("pub(in crate::", "pub(in ")
}

/// `src/runtime/vm/exec.rs` is `runtime::vm::exec`.
pub(crate) fn module(path: &str) -> String {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs");
    path.trim_end_matches("/mod").replace('/', "::")
}

fn is_in(module: &str, room: &str) -> bool {
    module.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn floor_of(module: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    FLOORS.iter().filter(|(room, _)| is_in(module, room)).max_by_key(|(room, _)| room.len())
}

/// What follows every `crate::` in `text`.
pub(crate) fn imports(text: &str) -> impl Iterator<Item = &str> {
    text.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | ':'));
        rest[..end.unwrap_or(rest.len())].trim_end_matches(':')
    })
}

fn assert_none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

#[test]
fn imports_go_down_the_floors() {
    let mut found = Vec::new();
    for path in files("src", "rs") {
        let here = module(&path);
        let Some((room, below)) = floor_of(&here) else {
            if !matches!(here.as_str(), "lib" | "main") {
                found.push(format!("{path}: no floor; add its room to FLOORS"));
            }
            continue;
        };
        for there in code(&path)
            .split('\n')
            .flat_map(|line| imports(line).map(str::to_owned).collect::<Vec<_>>())
        {
            if MACROS.contains(&there.as_str()) {
                continue;
            }
            if !is_in(&there, room) && !below.iter().any(|room| is_in(&there, room)) {
                found.push(format!("{path}: `{room}` may not import `{there}`"));
            }
        }
    }
    assert_none(&found, "imports go down the floors");
}

#[test]
fn paths_do_not_climb() {
    let climbs = sources().into_iter().filter(|path| path != "tests/it/tidy.rs");
    let found: Vec<String> = climbs.filter(|path| code(path).contains("super::super")).collect();
    assert_none(&found, "`super::super`; spell the path from the crate");
}

#[test]
fn files_functions_and_lines_are_short() {
    let mut found = Vec::new();
    for path in sources() {
        let own = too_long(&path);
        if EXCEPTIONS.iter().any(|(known, _)| *known == path) {
            if own.is_empty() {
                found.push(format!("{path}: breaks no length; take it out of EXCEPTIONS"));
            }
            continue;
        }
        found.extend(own);
    }
    let limits = format!("{FILE_LINES_MAX} lines, {FUNCTION_LINES_MAX} a function");
    assert_none(&found, &format!("{limits}, {LINE_COLUMNS_MAX} columns"));
}

/// What in a file is too long.
fn too_long(path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let text = read(path);
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() > FILE_LINES_MAX {
        found.push(format!("{path}: {} lines", lines.len()));
    }
    for (at, line) in lines.iter().enumerate() {
        let place = format!("{path}:{}", at + 1);
        if line.chars().count() > LINE_COLUMNS_MAX {
            found.push(format!("{place}: {} columns", line.chars().count()));
        }
        let length = function_lines(&lines, at);
        if length > FUNCTION_LINES_MAX {
            found.push(format!("{place}: a function of {length} lines"));
        }
    }
    found
}

/// The number of lines of the function that starts on line `at`, else 0. Sources are formatted,
/// so its closing brace is the next one that is indented as much; a declaration without a body
/// ends in a semicolon before any line opens a brace.
fn function_lines(lines: &[&str], at: usize) -> usize {
    let line = lines[at];
    let words: Vec<&str> = line.split_whitespace().collect();
    let head = words.iter().take_while(|word| !word.starts_with("fn")).collect::<Vec<_>>();
    let is_qualifier = |word: &&&str| {
        matches!(**word, "const" | "async" | "unsafe" | "extern")
            || word.starts_with("pub")
            // The path of `pub(in crate::runtime)`.
            || word.starts_with("crate::") && word.ends_with(')')
    };
    if words.get(head.len()) != Some(&"fn") || !head.iter().all(is_qualifier) {
        return 0;
    }
    let indent = line.len() - line.trim_start().len();
    let closing = format!("{}}}", " ".repeat(indent));
    let rest = &lines[at..];
    let head = rest.iter().position(|line| line.ends_with(['{', ';', '}']));
    if head.is_none_or(|head| !rest[head].ends_with('{')) {
        return 1;
    }
    rest.iter().position(|line| *line == closing).map_or(0, |end| end + 1)
}

#[test]
fn every_source_is_declared_and_says_what_it_is() {
    let mut found = Vec::new();
    for path in sources() {
        if !read(&path).starts_with("//!") {
            found.push(format!("{path}: opens without its contract (`//!`)"));
        }
        let name = Path::new(&path).file_stem().expect("a name").to_string_lossy().into_owned();
        let folder = Path::new(&path).parent().expect("a folder");
        let is_root = matches!(name.as_str(), "lib" | "main" | "build")
            || matches!(
                folder.to_string_lossy().as_ref(),
                "tests" | "benches" | "examples" | "fuzz/fuzz_targets"
            );
        if is_root {
            continue;
        }
        let (parent, name) = if name == "mod" {
            let name = folder.file_name().expect("a folder").to_string_lossy().into_owned();
            (folder.parent().expect("a folder"), name)
        } else {
            (folder, name)
        };
        let declared = ["mod.rs", "lib.rs", "main.rs"].iter().any(|file| {
            let file = parent.join(file).to_string_lossy().into_owned();
            root().join(&file).exists() && read(&file).contains(&format!("mod {name};"))
        });
        if !declared {
            found.push(format!("{path}: no `mod {name};`"));
        }
    }
    assert_none(&found, "every file is part of the crate and opens with its contract");
}

#[test]
fn features_are_asked_for_on_the_map_only() {
    let asks = |path: &String| {
        let code = code(path).replace("target_feature =", "");
        code.contains("feature =") && path != "tests/it/tidy.rs"
    };
    let found: Vec<String> = sources()
        .into_iter()
        .filter(asks)
        .filter(|path| path != "src/lib.rs" && !FEATURE_ROOMS.contains(&path.as_str()))
        .collect();
    assert_none(&found, "`cfg(feature)` stands in `src/lib.rs`");
}

#[test]
fn only_reports_draw() {
    let draws = |path: &String| code(path).contains(['╭', '╰', '├', '┬']);
    let found: Vec<String> = files("src", "rs")
        .into_iter()
        .filter(|path| !path.starts_with("src/tools/report/"))
        .filter(draws)
        .collect();
    assert_none(&found, "frames are drawn in `src/tools/report` alone");
}

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let mut found = Vec::new();
    let pages = files("docs/codes", "md").into_iter();
    let pages: BTreeSet<String> = pages.filter(|page| !page.ends_with("/README.md")).collect();
    for page in &pages {
        let id = page.trim_start_matches("docs/codes/").trim_end_matches(".md");
        if Code::from_id(id).is_none() {
            found.push(format!("{page}: no such code"));
        }
    }
    for code in Code::ALL {
        let heading = format!("# {}: {}", code.id(), code.title());
        if code.page().lines().next() != Some(heading.as_str()) {
            found.push(format!("docs/codes/{}.md: does not begin with `{heading}`", code.id()));
        }
    }
    assert_none(&found, "codes and pages belong together");
}

#[test]
fn every_snapshot_has_its_case() {
    let mut found = Vec::new();
    for snapshot in files("snapshots", "snap") {
        let inside = snapshot.trim_start_matches("snapshots/");
        let (folder, name) = inside.rsplit_once('/').unwrap_or(("", inside));
        let stem = name.split('.').next().unwrap_or(name);
        if let Some((_, source)) = CASES_IN_RUST.iter().find(|(known, _)| *known == folder) {
            if !read(source).contains(&format!("\"{stem}\"")) {
                found.push(format!("{snapshot}: no case `{stem}` in {source}"));
            }
            continue;
        }
        let cases = root().join("tests/cases").join(folder);
        let exists = fs::read_dir(&cases)
            .into_iter()
            .flatten()
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().split('.').next() == Some(stem));
        if !exists {
            found.push(format!("{snapshot}: no case of this name in {}", cases.display()));
        }
    }
    assert_none(&found, "a snapshot belongs to a case");
}

#[test]
fn the_page_of_limits_is_true() {
    let page = read("docs/limits.md");
    let mut found = Vec::new();
    let mut rows = page.lines().filter(|line| line.starts_with("| `"));
    let source = read("src/base/limits.rs");
    let is_there = |row: &str| {
        let name = row.split('`').nth(1).unwrap_or_default();
        source.contains(&format!("pub const {name}: "))
    };
    found.extend(rows.find(|row| !is_there(row)).map(|row| format!("no such limit: {row}")));
    for line in source.lines() {
        let Some((name, rest)) = line.strip_prefix("pub const ").and_then(|l| l.split_once(": "))
        else {
            continue;
        };
        let value = rest.split_once("= ").map_or("", |(_, value)| value.trim_end_matches(';'));
        let number = |text: &str| text.trim().replace('_', "").parse::<u64>().unwrap_or(0);
        let value = match value.split_once("<<") {
            Some((base, shift)) => number(base) << number(shift),
            None => number(value),
        };
        let row = format!("| `{name}` | {value} |");
        if !page.contains(&row) {
            found.push(format!("docs/limits.md: no row `{row} ..`"));
        }
    }
    assert_none(&found, "every limit has its row");
}

#[test]
fn ceilings_stand_in_one_file() {
    let mut found = Vec::new();
    for path in files("src/runtime", "rs").iter().filter(|path| !path.contains("/tests/")) {
        for line in code(path).lines().filter(|line| line.contains("const ")) {
            let name = line.split("const ").nth(1).and_then(|rest| rest.split(':').next());
            let name = name.unwrap_or_default();
            if name.ends_with("_MAX") || name.ends_with("_ASSUMED") {
                found.push(format!("{path}: `{name}` belongs into src/base/limits.rs"));
            }
        }
    }
    assert_none(&found, "what bundles and contexts are held to stands in one file");
}

/// Whether a test (`file::name`), a module of tests or a file is there.
fn is_there(name: &str) -> bool {
    let Some((place, test)) = name.rsplit_once("::") else { return root().join(name).is_file() };
    let place = place.replace("::", "/");
    let files = [
        format!("tests/it/{place}.rs"),
        format!("tests/it/{place}/mod.rs"),
        format!("tests/{place}.rs"),
        format!("src/{place}.rs"),
        format!("src/{place}/mod.rs"),
    ];
    let file = files.iter().find(|file| root().join(file).is_file());
    file.is_some_and(|file| read(file).contains(&format!("fn {test}(")))
}

/// Each row of "What always holds" names a test (`file::name`) or a file that is there.
#[test]
fn every_invariant_is_held_by_something() {
    let page = read("docs/architecture.md");
    let table = page.split_once("## What always holds").expect("the section").1;
    let mut found = Vec::new();
    for row in table.lines().filter(|line| line.starts_with("| ")).skip(2) {
        let held = row.trim_end_matches('|').rsplit(" | ").next().unwrap_or_default();
        let named: Vec<&str> = held.split('`').skip(1).step_by(2).collect();
        let holds = |name: &&str| is_there(name);
        if !named.iter().any(holds) {
            found.push(row.to_owned());
        }
        let tests = named.iter().filter(|name| name.contains("::"));
        found.extend(tests.filter(|name| !holds(name)).map(|name| format!("no test `{name}`")));
    }
    assert_none(&found, "an invariant is held by a test or a file that exists");
}

/// Each claim of `SECURITY.md` rests on something, and the tests that it names are there.
#[test]
fn every_claim_rests_on_something() {
    let page = read("SECURITY.md");
    let mut found = Vec::new();
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    for row in rows {
        let named = row.split('`').skip(1).step_by(2).filter(|name| name.contains("::"));
        found.extend(named.filter(|name| !is_there(name)).map(|name| format!("no test `{name}`")));
    }
    let claims = page.split_once("## What is claimed").expect("the section").1;
    let claims = claims.split("\n## ").next().expect("the section");
    let bare = claims.lines().filter(|row| row.starts_with("| ") && !row.contains('`'));
    found.extend(bare.skip(2).map(|row| format!("rests on nothing: {row}")));
    assert_none(&found, "a claim rests on something that exists");
}

#[test]
fn pages_that_are_named_exist() {
    let pages =
        files("docs", "md").into_iter().chain(["README.md".to_owned(), "SECURITY.md".to_owned()]);
    let mut found = Vec::new();
    for path in sources().into_iter().chain(files("grammar", "lalrpop")).chain(pages) {
        for rest in read(&path).split("docs/").skip(1) {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-_./".contains(c));
            let name = rest[..end.unwrap_or(rest.len())].trim_end_matches('.');
            let is_page = name.ends_with(".md") && !name.contains("ID") && !name.contains("id.md");
            if is_page && !root().join("docs").join(name).is_file() {
                found.push(format!("{path}: there is no docs/{name}"));
            }
        }
    }
    assert_none(&found, "a page that is named exists");
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = read("Cargo.toml");
    let page = read("docs/dependencies.md");
    let table = manifest.split_once("[dependencies]").expect("the table").1;
    let mut found = Vec::new();
    for line in table.lines().take_while(|line| *line != "[dev-dependencies]") {
        if let Some((name, _)) = line.split_once(" = ")
            && !page.contains(&format!("`{name}`"))
        {
            found.push(format!("docs/dependencies.md: no row for `{name}`"));
        }
    }
    assert_none(&found, "what is linked has a reason");
}

/// Nothing opens a socket but one module of a feature of its own, for registries, and two modules
/// alone start a process: `git`, for a revision, and the solver that `diff` was told to ask.
#[test]
fn nothing_leaves_the_machine() {
    let mut found = Vec::new();
    for path in files("src", "rs") {
        for (number, line) in (1..).zip(code(&path).lines()) {
            let sockets = ["TcpStream", "TcpListener", "UdpSocket", "UnixStream", "UnixListener"];
            let socket = sockets.iter().any(|name| line.contains(name));
            let process = line.contains("process::Command")
                || line.contains("process::{") && line.contains("Command");
            let socket = socket || line.contains("ureq::") && path != "src/tools/oci/network.rs";
            let starts = ["src/tools/revision.rs", "src/tools/diff/solver.rs"];
            if socket || process && !starts.contains(&path.as_str()) {
                found.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
    }
    assert_none(&found, "no socket, and no process but `git` and a solver");
}

/// A replay, a lint, a decision starts no solver: who makes one is the command `diff`.
#[test]
fn only_diff_asks_another_solver() {
    let asks = |path: &String| {
        let text = code(path);
        text.contains("Solver::find") || text.contains("compare_by(")
    };
    let own = ["src/cli/commands/diff.rs", "src/tools/diff/mod.rs"];
    let all: Vec<String> = files("src", "rs").into_iter().filter(asks).collect();
    assert_eq!(all, own);
    // What else names its module draws what it said.
    let names = |path: &String| {
        imports(&code(path)).any(|there| there.starts_with("tools::diff::solver"))
            && !path.starts_with("src/tools/diff/")
    };
    let all: Vec<String> = files("src", "rs").into_iter().filter(names).collect();
    let draws = "src/tools/report/diff/solver.rs";
    assert_eq!(all, ["src/cli/commands/diff.rs", draws]);
}
