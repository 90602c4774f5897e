//! `--watch`: a command again, whenever a file changes that it may read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use ignore::WalkBuilder;

use crate::cli::exit::Exit;
use crate::cli::sources::shown;
use crate::cli::terminal::Terminal;
use crate::tools::report::visible::visible;

/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(200);

/// When each file was changed last, and its length.
type Marks = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// Runs `command`, and again after each change of a file below `paths`, until `stop` is set.
/// Changes that come while it runs count too; those that come in one go are one. What the command
/// writes itself, its `reports`, is none.
pub fn watched(
    terminal: &Terminal,
    paths: &[&Path],
    reports: &[&Path],
    stop: &AtomicBool,
    mut command: impl FnMut() -> Exit,
) -> Exit {
    let marks = |paths| {
        let own = reports.iter().filter_map(|path| fs::canonicalize(path).ok());
        let own: Vec<PathBuf> = own.collect();
        let mut marks = marks(paths);
        marks.retain(|path, _| !fs::canonicalize(path).is_ok_and(|path| own.contains(&path)));
        marks
    };
    let mut seen = marks(paths);
    loop {
        let _ = command();
        terminal.notice("  watching files; Ctrl-C ends\n");
        let mut now = marks(paths);
        while now == seen {
            if stop.load(Ordering::Relaxed) {
                return Exit::Interrupted;
            }
            sleep(LOOK);
            now = marks(paths);
        }
        let changed = changed(&seen, &now);
        // An editor writes several files, or one in steps.
        loop {
            sleep(LOOK);
            let later = marks(paths);
            if later == now {
                break;
            }
            now = later;
        }
        seen = now;
        terminal.notice(&format!("\n  {} changed\n", visible(&changed)));
    }
}

/// The files below these paths, as `.gitignore` has it, and files that are named.
fn marks(paths: &[&Path]) -> Marks {
    let mut marks = Marks::new();
    for path in paths {
        let walk = WalkBuilder::new(path).require_git(false).git_global(false).build();
        for entry in walk.flatten().filter(|entry| !entry.path().is_dir()) {
            let about = fs::metadata(entry.path()).ok();
            let mark = about.map_or((None, 0), |about| (about.modified().ok(), about.len()));
            marks.insert(entry.into_path(), mark);
        }
    }
    marks
}

/// The first file that differs, and whether there are more.
fn changed(before: &Marks, after: &Marks) -> String {
    let differs = |path: &&PathBuf| before.get(*path) != after.get(*path);
    let mut paths =
        after.keys().filter(differs).chain(before.keys().filter(|it| !after.contains_key(*it)));
    let first = paths.next().map_or(String::new(), |path| shown(path));
    match paths.count() {
        0 => format!("`{first}`"),
        more => format!("`{first}` and {more} more"),
    }
}
