//! Files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::limits::SOURCE_BYTES_MAX;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::paths::{normalize, slashed};
use crate::tools::project::{read_bytes, reason};

/// The drafts that have no name of their own yet.
static DRAFTS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn drafts() -> MutexGuard<'static, Vec<PathBuf>> {
    DRAFTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes all drafts away, for a program that ends now: none is begun or gets its name any more.
pub fn give_up_drafts() {
    let mut drafts = drafts();
    for draft in drafts.drain(..) {
        drop(fs::remove_file(draft));
    }
    // Whoever finishes one waits for the end.
    std::mem::forget(drafts);
}

/// Writes `bytes` to a new file beside `path`, then gives it that name.
///
/// # Errors
/// `P0906` if the file system refuses; then `path` is as it was.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Box<Diagnostic>> {
    let mut draft = Draft::begin(path)?;
    draft.write(bytes)?;
    draft.finish()
}

/// Writes a file that must not be there yet, which its owner alone may read.
///
/// # Errors
/// If it is there, or the file system refuses.
pub fn new_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Appends Markdown to the page of the step of a workflow, if `formats`, those that were chosen,
/// hold `github` and GitHub names such a page.
///
/// # Errors
/// `P0906` if the file system refuses.
pub fn step_summary<'f>(
    formats: impl IntoIterator<Item = &'f str>,
    markdown: impl FnOnce() -> String,
) -> Result<(), Box<Diagnostic>> {
    let path = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
    let chosen = formats.into_iter().any(|name| name == "github");
    let Some(path) = path.filter(|_| chosen).map(PathBuf::from) else { return Ok(()) };
    let file = OpenOptions::new().append(true).create(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(markdown().as_bytes()));
    written.map_err(|error| Box::new(unwritable(&path, &error)))
}

/// Puts `after` in the place of a file that was read as `before`. Whoever else wrote it in the
/// meantime loses nothing; a link stays one, and who may read the file stays as it is.
///
/// # Errors
/// `P0906` if the file holds something else by now, may not be written, or the file system refuses;
/// then it is as it was.
pub fn rewrite(path: &Path, before: &str, after: &str) -> Result<(), Box<Diagnostic>> {
    let refuse = |error: io::Error| Box::new(unwritable(path, &error));
    let real = fs::canonicalize(path).map_err(refuse)?;
    let permissions = fs::metadata(&real).map_err(refuse)?.permissions();
    if permissions.readonly() {
        return Err(refuse(io::ErrorKind::PermissionDenied.into()));
    }
    let mut draft = Draft::begin(&real)?;
    draft.write(after.as_bytes())?;
    fs::set_permissions(&draft.beside, permissions).map_err(refuse)?;
    // As late as can be.
    if read_bytes(&real, SOURCE_BYTES_MAX).map_err(refuse)? != before.as_bytes() {
        let shown = slashed(&normalize(path));
        let found = format!("`{shown}` was changed while it was worked on, and is left alone");
        let finding = Diagnostic::without_place(Code::Unwritable, found);
        return Err(Box::new(finding.help("run the command again")));
    }
    draft.finish()
}

/// A file beside `path` that gets its name when it is whole. One that is given up is taken away.
#[derive(Debug)]
pub struct Draft {
    /// The name that it gets.
    path: PathBuf,
    /// The name that it has.
    beside: PathBuf,
    /// `None` once it has its name.
    file: Option<BufWriter<File>>,
}

impl Draft {
    /// An empty one.
    ///
    /// # Errors
    /// `P0906` if the file system refuses.
    pub fn begin(path: &Path) -> Result<Self, Box<Diagnostic>> {
        let beside = draft_of(path);
        let mut drafts = drafts();
        let file = File::create_new(&beside).map_err(|error| Box::new(unwritable(path, &error)))?;
        drafts.push(beside.clone());
        Ok(Self { path: path.to_owned(), beside, file: Some(BufWriter::new(file)) })
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// `P0906` if the file system refuses.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Box<Diagnostic>> {
        let written = self.file.as_mut().map_or(Ok(()), |file| file.write_all(bytes));
        written.map_err(|error| Box::new(unwritable(&self.path, &error)))
    }

    /// The file, for whoever writes at places of their own.
    ///
    /// # Errors
    /// Never: a draft has its file until it is finished.
    pub fn file(&mut self) -> io::Result<&mut BufWriter<File>> {
        self.file.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Sees that all of it is on the disk.
    ///
    /// # Errors
    /// `P0906` if the file system refuses.
    pub fn sync(&mut self) -> Result<(), Box<Diagnostic>> {
        let synced = self.file.as_mut().map_or(Ok(()), |file| {
            file.flush()?;
            file.get_ref().sync_all()
        });
        synced.map_err(|error| Box::new(unwritable(&self.path, &error)))
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// `P0906` if the file system refuses; then the path is as it was.
    pub fn finish(self) -> Result<(), Box<Diagnostic>> {
        self.named(true)
    }

    /// As `finish`, but a loss of power may leave the name to a file that is not whole: for what
    /// is checked when it is read.
    ///
    /// # Errors
    /// As `finish`.
    pub fn finish_soon(self) -> Result<(), Box<Diagnostic>> {
        self.named(false)
    }

    fn named(mut self, lasting: bool) -> Result<(), Box<Diagnostic>> {
        let written = self.file.as_mut().map_or(Ok(()), |file| {
            file.flush()?;
            if lasting {
                file.get_ref().sync_all()?;
            }
            let mut drafts = drafts();
            fs::rename(&self.beside, &self.path)?;
            drafts.retain(|draft| *draft != self.beside);
            Ok(())
        });
        written.map_err(|error| Box::new(unwritable(&self.path, &error)))?;
        self.file = None;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let mut drafts = drafts();
            drop(fs::remove_file(&self.beside));
            drafts.retain(|draft| *draft != self.beside);
        }
    }
}

/// `P0906`.
#[must_use]
pub fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    let shown = slashed(&normalize(path));
    let found = format!("`{shown}` cannot be written: {}", folder_reason(error));
    Diagnostic::without_place(Code::Unwritable, found)
}

/// A missing file is a missing directory where one is to be made.
fn folder_reason(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "there is no such directory".to_owned();
    }
    reason(error)
}

/// A name in the same directory, so that renaming never crosses file systems.
fn draft_of(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use std::path::Path;

    use super::{SOURCE_BYTES_MAX, read_bytes, rewrite};

    fn read(path: &Path) -> Vec<u8> {
        read_bytes(path, SOURCE_BYTES_MAX).expect("a file")
    }

    #[test]
    fn nobody_loses_what_was_written_in_between() {
        let folder = std::env::temp_dir().join(format!("policyc-rewrite-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("p.yaml");
        fs::write(&path, "an edit of somebody else").expect("a file");
        let refused = rewrite(&path, "as it was read", "fixed").expect_err("it changed");
        assert!(refused.message.ends_with("was changed while it was worked on, and is left alone"));
        assert_eq!(read(&path), b"an edit of somebody else");
        rewrite(&path, "an edit of somebody else", "fixed").expect("it is as it was read");
        assert_eq!(read(&path), b"fixed");
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1, "no draft is left");
        fs::remove_dir_all(&folder).expect("the folder goes away");
    }

    #[cfg(unix)]
    #[test]
    fn links_and_modes_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = std::env::temp_dir().join(format!("policyc-links-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let (real, link) = (folder.join("real.yaml"), folder.join("link.yaml"));
        fs::write(&real, "before").expect("a file");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("a mode");
        symlink(&real, &link).expect("a link");
        rewrite(&link, "before", "after").expect("it is as it was read");
        assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
        assert_eq!(read(&real), b"after");
        let mode = fs::metadata(&real).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        fs::remove_dir_all(&folder).expect("the folder goes away");
    }
}
