//! `docs/lints.md`: its table is that of the code. `UPDATE=1` writes it anew.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use policyc::diag::codes::Code;
use policyc::tools::lint::Group;
use policyc::tools::lint::select::selectable;

use crate::pages::wrong;

/// The first line of the table.
const HEAD: &str = "| code | group | level | fix | fact |\n| --- | --- | --- | --- | --- |\n";

/// Whether the example that its page calls wrong is fixed.
fn fix(code: Code) -> &'static str {
    let found = wrong(code).into_iter().filter(|it| it.code == code);
    let fixes: Vec<bool> = found.filter_map(|it| it.fix).map(|fix| fix.safe).collect();
    match fixes.first() {
        None => "",
        Some(true) => "yes",
        Some(false) => "unsafe",
    }
}

fn table() -> String {
    let mut rows: Vec<(Code, Group)> = selectable().collect();
    rows.sort_by_key(|(code, _)| code.id());
    let mut out = HEAD.to_owned();
    for (code, group) in rows {
        let id = code.id();
        let level = if group == Group::Pedantic { "silent" } else { code.severity().word() };
        let (group, fix, title) = (group.name(), fix(code), code.title());
        let row = format!("| [{id}](codes/{id}.md) | {group} | {level} | {fix} | {title} |");
        writeln!(out, "{row}").expect("a string takes everything");
    }
    out
}

#[test]
fn the_table_of_lints_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lints.md");
    let page = fs::read_to_string(&path).expect("the page");
    let start = page.find(HEAD).expect("the page has the table");
    let end = page[start..].find("\n\n").map_or(page.len(), |at| start + at + 1);
    let (table, written) = (table(), &page[start..end]);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, page.replace(written, &table)).expect("the page can be written");
    } else {
        assert!(written == table, "run with UPDATE=1 and look at the difference");
    }
}
