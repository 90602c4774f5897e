//! Runs this program again under callgrind and reads what that counted.
//!
//! In:      the arguments of the run, and the file that the counts go to.
//! Out:     `Counted`, a row for each call of `count::counted_by_callgrind`,
//!          or one for the whole process.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a piece of work took.
pub(crate) struct Counted {
    /// What was done; for hostile contexts what a unit is.
    pub(crate) what: String,
    /// How often it was done, or how many units it was done about.
    pub(crate) units: u64,
    /// Instructions, all together.
    pub(crate) total: u64,
}

impl Counted {
    /// Instructions a unit.
    pub(crate) const fn each(&self) -> u64 {
        self.total / self.units
    }
}

/// A folder for one run of the gate; it goes away with the value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Result<Self, String> {
        let path = env::temp_dir().join(format!("policyc-instructions-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// # Errors
/// A sentence that says what to install.
pub(crate) fn is_there() -> Result<(), String> {
    match Command::new("valgrind").arg("--version").output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(_) | Err(_) => Err("`valgrind` does not run; apt-get install valgrind".to_owned()),
    }
}

/// Counts what happens inside of `count::counted_by_callgrind`, call by call.
pub(crate) fn marked(arguments: &[PathBuf], profile: &Path) -> Result<Vec<Counted>, String> {
    // A name, for callgrind takes only one of two options with the same pattern.
    let name = concat!(env!("CARGO_CRATE_NAME"), "::count::counted_by_callgrind");
    let options = [format!("--toggle-collect={name}"), format!("--dump-after={name}")];
    let said = run(&options, arguments, profile)?;
    let part = |number: usize| PathBuf::from(format!("{}.{number}", profile.display()));
    let mut rows = Vec::new();
    for (line, number) in said.lines().zip(1..) {
        let (what, units) = line.rsplit_once(' ').ok_or_else(|| format!("not a row: {line}"))?;
        let units = units.parse().map_err(|_| format!("not a number: {line}"))?;
        rows.push(Counted { what: what.to_owned(), units, total: total(&part(number))? });
    }
    if rows.is_empty() || part(rows.len() + 1).exists() {
        return Err(format!("callgrind and the program disagree on {} rows", rows.len()));
    }
    Ok(rows)
}

/// Counts a whole process, whatever threads it has.
pub(crate) fn whole(arguments: &[PathBuf], profile: &Path) -> Result<Vec<Counted>, String> {
    let said = run(&[], arguments, profile)?;
    Ok(vec![Counted { what: said.trim().to_owned(), units: 1, total: total(profile)? }])
}

/// Runs this program; gives what it printed.
fn run(options: &[String], arguments: &[PathBuf], profile: &Path) -> Result<String, String> {
    let this = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["-q", "--tool=callgrind"])
        .args(options)
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(this)
        .arg("--count")
        .args(arguments)
        // What stands in the environment moves the stack, and so the counts of copies.
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() && !said.is_empty() {
        return Ok(said);
    }
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{arguments:?} under callgrind: {}\n{words}", output.status))
}

/// The sum that callgrind wrote at the end of a profile.
fn total(profile: &Path) -> Result<u64, String> {
    let text = fs::read_to_string(profile)
        .map_err(|error| format!("callgrind wrote no {}: {error}", profile.display()))?;
    let line = text.lines().rev().find_map(|line| line.strip_prefix("totals: "));
    let sum = line.and_then(|sum| sum.trim().parse().ok()).filter(|sum| *sum > 0);
    sum.ok_or_else(|| format!("{} has no sum: nothing was counted", profile.display()))
}
