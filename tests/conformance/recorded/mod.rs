//! What two other implementations recorded: the tables of cel-go and the baselines of cel-java.
//!
//! Each case is read, and its tree compared with theirs; it is checked in its environment, and the
//! deduced type compared, or the place of the error; it is run on both evaluators, and what comes
//! out compared. They show what those programs do, not what is right: where they differ from here
//! a row of `differences.txt` says why. A row that no longer differs fails the test.

mod differences;
mod go;
mod java;
mod judge;
mod tree;
mod values;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::environment::EXTENSIONS;
use crate::suite::{self, Declaration, Expect, Test};

/// One expression of a table.
struct Case {
    /// The table.
    file: String,
    /// The expression in its environment.
    test: Test,
    /// The drawn tree, where there is one.
    tree: Option<String>,
    /// Whether their parser reads it.
    is_read: bool,
    /// The deduced type.
    ty: Option<String>,
    /// Line and column of each error, in characters from 1.
    places: Vec<(usize, usize)>,
    /// The errors in their words; empty where there is none.
    error: String,
    runs: Vec<Run>,
}

/// What is bound, and what comes out.
struct Run {
    bindings: String,
    said: Result<String, String>,
}

/// What is compared, whether it agrees, and both sides in words.
struct Verdict {
    aspect: &'static str,
    agrees: bool,
    words: String,
}

impl Case {
    /// A case of table `file` about an expression in its environment; nothing is known of it yet.
    fn of(file: String, expr: &str, container: String, declarations: Vec<Declaration>) -> Self {
        let test = Test {
            path: file.clone(),
            expr: expr.to_owned(),
            container,
            needs_protos: false,
            extensions: &EXTENSIONS,
            strong_enums: false,
            disable_macros: false,
            disable_check: false,
            check_only: false,
            declarations,
            bindings: Vec::new(),
            expect: Expect::Error,
            deduced: None,
        };
        Self {
            file,
            test,
            tree: None,
            is_read: true,
            ty: None,
            places: Vec::new(),
            error: String::new(),
            runs: Vec::new(),
        }
    }
}

#[test]
fn recorded_tables_agree() {
    let spec = crate::suite_folder();
    let go = folder("CEL_GO_SUITE_DIR", "cel-go-suite");
    let java = folder("CEL_JAVA_BASELINES_DIR", "cel-java-baselines");
    let (Some(spec), Some(go), Some(java)) = (spec, go, java) else { return };
    let suite = suite::read(&spec);
    let mut counts = Counts::new();
    let mut wrong = Vec::new();
    let mut listed = differences::Listed::default();
    for mut case in go::read(&go).into_iter().chain(java::read(&java)) {
        for Verdict { aspect, agrees, words } in judge::judge(&mut case, &suite) {
            let row = counts.entry(case.file.clone()).or_default();
            row.entry(aspect).or_default()[usize::from(!agrees)] += 1;
            let expr = &case.test.expr;
            if !agrees && !listed.has(&case.file, aspect, expr) {
                wrong.push(format!("{}: {aspect}: {expr:?}\n    {words}", case.file));
            }
        }
    }
    for row in listed.idle() {
        wrong.push(format!("{row}\n    is listed, and does not differ"));
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    compare(&counts);
}

/// A folder of tables, beside the project or where the environment says.
fn folder(variable: &str, name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    let path = std::env::var_os(variable).map_or_else(beside, PathBuf::from);
    if !path.is_dir() {
        println!(
            "SKIPPED: no {name} at {}, so no recorded table was compared.\n\
             Set {variable} to the folder.",
            path.display()
        );
        return None;
    }
    Some(path)
}

/// The places of errors, as in `ERROR: <input>:1:2: ..`, in characters from 1.
fn places(error: &str) -> Vec<(usize, usize)> {
    let lines = error.lines().map(|line| line.strip_prefix("E: ").unwrap_or(line));
    let place = |line: &str| {
        let mut parts = line.strip_prefix("ERROR: ")?.split(':').skip(1);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    lines.filter_map(place).collect()
}

/// Counts of each table: of each aspect what agrees and what is listed.
type Counts = BTreeMap<String, BTreeMap<&'static str, [usize; 2]>>;

/// What is compared, in the order of the columns.
const ASPECTS: [&str; 6] = ["tree", "type", "error", "place", "value", LEFT_OUT];

/// What is not compared.
const LEFT_OUT: &str = "left out";

/// Compares the committed page; `UPDATE=1` writes it.
fn compare(counts: &Counts) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recorded.md");
    let page = page(counts);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &page).expect("the page can be written");
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page, "{path:?}: run with UPDATE=1 and look at the difference");
}

fn page(counts: &Counts) -> String {
    let mut page = TOP.to_owned();
    let mut sums = [[0; 2]; ASPECTS.len()];
    let mut line = |name: &str, cells: &[[usize; 2]]| {
        let cells =
            cells.iter().zip(ASPECTS).map(|([agree, differ], aspect)| match agree + differ {
                0 => " |".to_owned(),
                all if aspect == LEFT_OUT => format!(" {all} |"),
                all => format!(" {agree} of {all} |"),
            });
        let cells: String = cells.collect();
        writeln!(page, "| {name} |{cells}").expect("a string takes everything");
    };
    for (file, row) in counts {
        let cells = ASPECTS.map(|aspect| row.get(aspect).copied().unwrap_or_default());
        for (sum, cell) in sums.iter_mut().zip(cells) {
            *sum = [sum[0] + cell[0], sum[1] + cell[1]];
        }
        line(&format!("`{file}`"), &cells);
    }
    line("all", &sums);
    page + "\n## What differs\n" + &differences::page()
}

const TOP: &str = "\
# What other implementations recorded

Written by a test from the tables of cel-go and the baselines of cel-java:

```text
CEL_SPEC_DIR=.. CEL_GO_SUITE_DIR=.. CEL_JAVA_BASELINES_DIR=.. cargo test --test conformance recorded
```

They show what those programs print; where they differ from the conformance suite of CEL, the suite
is right. *Tree*: our tree drawn as theirs, macros expanded. *Type*: the deduced type. *Error*: an
expression that they refuse is refused here, as text where their parser refuses it. *Place*: one of
our errors touches their first place, or lies inside the smallest expression around it: they point
at the operator or the parenthesis, we at the operand or argument. That a name is not declared is
said at the same place. *Value*: what comes out of both evaluators. *Left out*: what rests on
functions or messages of a program in Java, on values that no context holds, or on partial
evaluation.

| table | tree | type | error | place | value | left out |
| --- | --- | --- | --- | --- | --- | --- |
";
