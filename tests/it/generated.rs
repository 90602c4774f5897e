//! Pages of `docs/` that are written from the tables of the code.
//!
//! `UPDATE=1` writes them anew; review the difference. They are ledgers too: what bundles, records
//! and people hold of a table (the number of an instruction or a builtin, a code) is never given
//! to something else, so a row whose first two columns changed is refused even then.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use policyc::diag::codes::Code;
use policyc::lang::error::EvalError;
use policyc::lang::functions::{self, BUILTIN_ABI, Function, Library, Style};
use policyc::lang::opcodes::{Op, Operand, Work, Yield};
use policyc::runtime::bundle::layout::ISA;

/// Compares the page at `path` with a heading, a table of these columns and these rows.
fn assert_page(path: &str, top: &str, columns: &[&str], rows: &[Vec<String>]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let mut page = format!("{top}\n\n| {} |\n", columns.join(" | "));
    writeln!(page, "|{}", " --- |".repeat(columns.len())).expect("a string takes everything");
    for row in rows {
        writeln!(page, "| {} |", row.join(" | ")).expect("a string takes everything");
    }
    let named = |line: &str| line.splitn(4, " | ").take(2).collect::<Vec<_>>().join(" | ");
    let table = |text: &str| -> Vec<String> {
        let rows = text.lines().filter(|line| line.starts_with("| ")).skip(1);
        rows.map(named).collect()
    };
    let kept = table(&page);
    for row in table(&committed) {
        assert!(kept.contains(&row), "`{row}` is in use; a new row needs a new number: {path:?}");
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &page).expect("the page can be written");
    } else {
        assert!(committed == page, "{path:?}: run with UPDATE=1 and look at the difference");
    }
}

/// The heading of a page about a table that bundles name by its version, which must have gone up
/// if rows were added since the page was written.
fn versioned(path: &str, top: &str, version: u16, rows: &[Vec<String>]) -> String {
    let committed = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    let committed = fs::read_to_string(committed).unwrap_or_default();
    let told = format!("This is version {version} of the table: it goes up when rows are added.");
    if committed.contains(&told) {
        let known = |row: &&Vec<String>| committed.contains(&format!("\n| {} | ", row[0]));
        let added = rows.iter().find(|row| !known(row));
        assert!(added.is_none(), "{path}: {added:?} is new; the version of the table goes up");
    }
    format!("{top} {told}")
}

#[test]
fn functions() {
    let rows: Vec<Vec<String>> = functions::all()
        .map(|row| {
            let Library { name, since } = row.library;
            vec![
                row.number.to_string(),
                format!("`{}`", row.id),
                format!("`{}`", declaration(row).replace('|', "\\|")),
                format!("{name} {since}"),
                row.doc.to_owned(),
            ]
        })
        .collect();
    let top = "# Functions\n\nWritten by a test from the table in `src/lang/functions`. \
        A number is what bundles hold: it is never changed or given to another row.";
    let columns = ["number", "id", "declaration", "library", "meaning"];
    let path = "docs/functions.md";
    assert_page(path, &versioned(path, top, BUILTIN_ABI, &rows), &columns, &rows);
}

fn declaration(row: &Function) -> String {
    let params: Vec<String> = row.params.iter().map(ToString::to_string).collect();
    match (row.style, params.split_first()) {
        (Style::Member, Some((receiver, params))) => {
            format!("{receiver}.{}({}) -> {}", row.name, params.join(", "), row.result)
        }
        _ => format!("{}({}) -> {}", row.name, params.join(", "), row.result),
    }
}

#[test]
fn instructions() {
    let rows: Vec<Vec<String>> = Op::ALL
        .iter()
        .map(|op| {
            vec![
                format!("`0x{:02X}`", *op as u8),
                format!("`{}`", op.mnemonic()),
                operands(*op),
                exits(*op).to_owned(),
                units(op.work()).to_owned(),
                errors(*op),
                op.doc().trim().to_owned(),
            ]
        })
        .collect();
    let top = "# Instructions\n\nWritten by a test from the table in `src/lang/opcodes.rs`. \
        A number is what bundles hold: it is never changed or given to another row.\n\n\
        An instruction has 16 bytes, little-endian: `op` and `x` (one byte each), then `a`, `b`, \
        `c`, `f`, `e`, `w` and zero (two bytes each). `x` holds flags; an operand that is not \
        used is zero.\n\n\
        Exits: T goes on with the next instruction, F to `f`, E to `e`. An operand that is absent \
        is `NO_SUCH_KEY`; one that holds an error raises that error, whatever its class. For \
        `BUDGET` alone no `e` is asked: without one it leaves the function with E. Units are \
        those of static costs: the size of a text is a tenth of its bytes, that of a list or map \
        the number of its elements.";
    let columns = ["number", "name", "operands", "exits", "units", "errors", "meaning"];
    let path = "docs/opcodes.md";
    assert_page(path, &versioned(path, top, ISA, &rows), &columns, &rows);
}

fn operands(op: Op) -> String {
    let named = op.operands().into_iter().zip(["a", "b", "c"]);
    let shown: Vec<String> = named
        .filter(|(operand, _)| *operand != Operand::None)
        .map(|(operand, name)| format!("`{name}` {}", operand_words(operand)))
        .collect();
    if shown.is_empty() { "none".to_owned() } else { shown.join(", ") }
}

const fn operand_words(operand: Operand) -> &'static str {
    match operand {
        Operand::None => "unused",
        Operand::Read => "read",
        Operand::Write => "written",
        Operand::Const => "constant",
        Operand::Set => "constant set",
        Operand::Pattern => "pattern",
        Operand::Function => "function",
        Operand::Builtin => "builtin",
        Operand::Dispatch => "list of builtins",
        Operand::Host => "host function",
        Operand::Message => "message type",
        Operand::Enum => "enum",
        Operand::Field => "field of a message",
        Operand::Cursor => "cursor",
        Operand::Outcome => "outcome",
        Operand::Class => "error class",
    }
}

fn exits(op: Op) -> &'static str {
    let fails = !op.errors().is_empty();
    match (op, op.yields()) {
        (Op::Jump, _) => "F",
        (Op::Return, _) => "leaves with T, E",
        (Op::Decide, _) => "leaves with T",
        (Op::Next, _) => "T, F (back), E",
        (Op::LoopEnd, _) => "F, E",
        (_, Yield::Control) => "E",
        (_, Yield::Branch) if fails => "T, F, E",
        (_, Yield::Branch) => "T, F",
        (_, Yield::Value | Yield::Effect) if fails => "T, E",
        (_, Yield::Value | Yield::Effect) => "T",
    }
}

const fn units(work: Work) -> &'static str {
    match work {
        Work::Unit => "1",
        Work::Constant => "1 + size of `b`",
        Work::ConstantOrA | Work::Smaller => "1 + smaller of the sizes of `a` and `b`",
        Work::OfA => "1 + size of `a`",
        Work::OfB => "1 + size of `b`",
        Work::Both => "1 + sizes of `a` and `b`",
        Work::Measured => "1 + size of `a`, at most that of a text without a bound",
        Work::Search => "1 + size of `a`, ten times that if `b` is simulated",
        Work::Callee => "1 + those of `a`",
        Work::Row => "1 + those of `b`",
        Work::Rows => "1 + those of the most expensive row of `b`",
        Work::Host => "2 + sizes of the arguments",
    }
}

fn errors(op: Op) -> String {
    if op.errors() == EvalError::ALL {
        return "any".to_owned();
    }
    let words: Vec<String> =
        op.errors().iter().map(|class| format!("`{}`", class.word())).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

#[test]
fn codes() {
    let rows: Vec<Vec<String>> = Code::ALL
        .iter()
        .map(|code| {
            let id = code.id();
            vec![
                format!("[{id}](codes/{id}.md)"),
                format!("`{code:?}`"),
                code.severity().word().to_owned(),
                code.title().to_owned(),
            ]
        })
        .collect();
    let top = "# Codes\n\nWritten by a test from the table in `src/diag/codes.rs`. A code is never \
        renumbered or given another meaning; one that is no longer reported keeps its row. \
        `policyc explain CODE` shows its page.";
    assert_page("docs/codes.md", top, &["code", "name", "severity", "fact"], &rows);
}
