//! Changes that no test can notice, because what is promised holds with them too.
//!
//! In:      `mutants/equivalent.txt`: reasons, each a few lines that begin with `#`, and under each
//!          the changes that it is true of, by their names without the line; `*` stands for all
//!          changes of a function.
//! Out:     the names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Where the list lies in the project.
const LIST: &str = "mutants/equivalent.txt";

/// Reads the list of a project.
pub(crate) fn read(project: &Path) -> Result<BTreeSet<String>, String> {
    let text = fs::read_to_string(project.join(LIST)).map_err(|why| format!("{LIST}: {why}"))?;
    let mut found = BTreeSet::new();
    let mut has_reason = false;
    for (at, line) in text.lines().enumerate() {
        let refuse = |why: &str| Err(format!("{LIST}:{}: {why}: {line}", at + 1));
        if line.is_empty() {
            has_reason = false;
        } else if line.starts_with('#') {
            has_reason = true;
        } else if !has_reason {
            return refuse("a change without a reason");
        } else if !found.insert(line.to_owned()) {
            return refuse("a change that stands there twice");
        }
    }
    Ok(found)
}
