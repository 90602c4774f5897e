//! What came of the changes: what nothing noticed by name, and a table by folder.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::hunt::Results;
use crate::plant::Planted;

#[derive(Default)]
struct Row {
    noticed: usize,
    timed_out: usize,
    listed: usize,
    missed: usize,
    unreached: usize,
    unviable: usize,
    open: usize,
}

impl Row {
    /// Those that a test could notice, as far as they were tried.
    fn all(&self) -> usize {
        self.noticed + self.missed + self.unreached
    }
}

/// Prints it, and says whether the list of what no test can notice is right.
pub(crate) fn print(
    results: &Results,
    changes: &[Planted],
    prefixes: &[PathBuf],
    listed: &BTreeSet<String>,
) -> bool {
    let mut is_right = true;
    let mut rows: Vec<Row> = prefixes.iter().map(|_| Row::default()).collect();
    for change in changes {
        let of = prefixes.iter().position(|prefix| change.file.starts_with(prefix));
        let Some(row) = of.and_then(|at| rows.get_mut(at)) else { continue };
        let status = results.get(&change.name).map_or("open", String::as_str);
        let is_listed = listed.contains(&change.key) || listed.contains(&change.all);
        match status {
            _ if !change.is_viable => row.unviable += 1,
            "caught" | "timeout" => {
                row.noticed += 1;
                row.timed_out += usize::from(status == "timeout");
                if is_listed {
                    is_right = false;
                    println!("listed as what no test can notice, and noticed: {}", change.key);
                }
            }
            "missed" | "unreached" if is_listed => row.listed += 1,
            "missed" => row.missed += 1,
            "unreached" => row.unreached += 1,
            _ => row.open += 1,
        }
        if matches!(status, "missed" | "unreached") && change.is_viable && !is_listed {
            println!("{status}: {}", change.name);
        }
    }
    let names = changes.iter().flat_map(|change| [change.key.as_str(), change.all.as_str()]);
    let keys: BTreeSet<&str> = names.collect();
    let is_asked = |key: &&String| {
        let path = key.split(": ").next().unwrap_or_default();
        prefixes.iter().any(|prefix| PathBuf::from(path).starts_with(prefix))
    };
    for key in listed.iter().filter(is_asked).filter(|key| !keys.contains(key.as_str())) {
        is_right = false;
        println!("listed as what no test can notice, and not there: {key}");
    }
    table(prefixes, &rows);
    is_right
}

fn table(prefixes: &[PathBuf], rows: &[Row]) {
    println!();
    println!(
        "| folder | noticed | of | part | in time that ran out | listed | missed | unreached | \
         not tried | do not compile |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |");
    for (prefix, row) in prefixes.iter().zip(rows) {
        let all = row.all();
        let tenths = row.noticed * 1000 / all.max(1);
        println!(
            "| `{}` | {} | {all} | {}.{} % | {} | {} | {} | {} | {} | {} |",
            prefix.display(),
            row.noticed,
            tenths / 10,
            tenths % 10,
            row.timed_out,
            row.listed,
            row.missed,
            row.unreached,
            row.open,
            row.unviable,
        );
    }
}
