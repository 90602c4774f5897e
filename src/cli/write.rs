//! Files that appear whole or not at all.
//!
//! What was read is not written over, unless that is what was asked for (`replace`, `rewrite`).
//! A link is followed, and who may read the file stays as it is. What is no file, as a pipe or a
//! device, gets the bytes once all of them are known; so does standard output, which is `-`. From
//! then on words that would go there go to standard error.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::limits::SOURCE_BYTES_MAX;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::inputs;
use crate::tools::paths::{normalize, slashed};
use crate::tools::project::{read_bytes, reason};

/// Whether standard output is for a file that was asked for there.
static OUTPUT_TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether standard output is for a file that was asked for there, so that words go elsewhere.
#[must_use]
pub fn output_is_taken() -> bool {
    OUTPUT_TAKEN.load(Ordering::Relaxed)
}

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

/// Writes `bytes` to `path`, whole or not at all.
///
/// # Errors
/// `P0908` if it was read, `P0906` if the file system refuses; then `path` is as it was.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Box<Diagnostic>> {
    let mut draft = Draft::begin(path)?;
    draft.write(bytes)?;
    draft.finish()
}

/// As `write`, for a file whose next state this is: it may have been read.
///
/// # Errors
/// `P0906` if the file system refuses; then `path` is as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Box<Diagnostic>> {
    let mut draft = Draft::begin(path)?;
    draft.write(bytes)?;
    draft.named(true)
}

/// Refuses to write over what was read.
///
/// # Errors
/// `P0908` if `path` leads to a file that was.
pub fn spare_what_was_read(path: &Path) -> Result<(), Box<Diagnostic>> {
    if inputs::holds(path) { Err(Box::new(over_an_input(path))) } else { Ok(()) }
}

/// `P0908`: what would be written would take the place of what is read.
#[must_use]
pub fn over_an_input(path: &Path) -> Diagnostic {
    let shown = slashed(&normalize(path));
    let fact = format!("`{shown}` is read, and would be written over");
    Diagnostic::without_place(Code::BadUsage, fact).help("name another file")
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
    let mut draft = Draft::begin(path)?;
    draft.write(after.as_bytes())?;
    // As late as can be.
    let now = read_bytes(path, SOURCE_BYTES_MAX);
    if now.map_err(|error| Box::new(unwritable(path, &error)))? != before.as_bytes() {
        let shown = slashed(&normalize(path));
        let found = format!("`{shown}` was changed while it was worked on, and is left alone");
        let finding = Diagnostic::without_place(Code::Unwritable, found);
        return Err(Box::new(finding.help("run the command again")));
    }
    draft.named(true)
}

/// Links that are followed to a file that is not there.
const LINKS_MAX: usize = 40;

/// Where bytes go.
#[derive(Debug)]
enum Target {
    /// A file: a draft gets its name, and the permissions of the one that is there.
    File(PathBuf, Option<Permissions>),
    /// What takes bytes one after the other: a pipe, a device, what somebody opened already.
    Stream(PathBuf),
    /// Standard output.
    Output,
}

impl Target {
    fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::Output);
        }
        match fs::metadata(path) {
            Ok(data) if data.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(data) if !data.is_file() || is_open(path) => Ok(Self::Stream(path.to_owned())),
            Ok(data) if data.permissions().readonly() => {
                Err(io::ErrorKind::PermissionDenied.into())
            }
            Ok(data) => Ok(Self::File(fs::canonicalize(path)?, Some(data.permissions()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => followed(path),
            Err(error) => Err(error),
        }
    }
}

/// The file that is to be made where links lead.
fn followed(path: &Path) -> io::Result<Target> {
    let mut end = path.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::read_link(&end) {
            Ok(next) => end = end.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(Target::File(end, None)),
        }
    }
    Err(io::ErrorKind::InvalidInput.into())
}

/// Whether a path names what this program has open, and not a place in a directory.
fn is_open(path: &Path) -> bool {
    ["/dev/fd", "/dev/stdout", "/dev/stderr", "/proc"].iter().any(|open| path.starts_with(open))
}

/// Whether `path` names a file, there or to be made: no directory, pipe, device or stream.
#[must_use]
pub fn is_file_name(path: &Path) -> bool {
    matches!(Target::of(path), Ok(Target::File(..)))
}

/// A file that gets its name, or goes where it is to go, when it is whole. One that is given up is
/// taken away.
#[derive(Debug)]
pub struct Draft {
    /// The path as it was asked for.
    path: PathBuf,
    target: Target,
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
        let refuse = |error: io::Error| Box::new(unwritable(path, &error));
        let target = Target::of(path).map_err(refuse)?;
        let beside = match &target {
            Target::File(real, _) => draft_of(real),
            Target::Stream(_) => draft_of(&std::env::temp_dir().join("stream")),
            Target::Output => draft_of(&std::env::temp_dir().join("output")),
        };
        let mut drafts = drafts();
        let file = created(&beside, &target).map_err(refuse)?;
        drafts.push(beside.clone());
        OUTPUT_TAKEN.fetch_or(matches!(target, Target::Output), Ordering::Relaxed);
        Ok(Self { path: path.to_owned(), target, beside, file: Some(BufWriter::new(file)) })
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
    /// `P0908` if it would take the place of what was read, `P0906` if the file system refuses;
    /// then the path is as it was.
    pub fn finish(self) -> Result<(), Box<Diagnostic>> {
        if matches!(self.target, Target::File(..)) {
            spare_what_was_read(&self.path)?;
        }
        self.named(true)
    }

    /// As `finish`, but a loss of power may leave the name to a file that is not whole: for what
    /// is checked when it is read.
    ///
    /// # Errors
    /// As `finish`, but that it may have been read.
    pub fn finish_soon(self) -> Result<(), Box<Diagnostic>> {
        self.named(false)
    }

    fn named(mut self, lasting: bool) -> Result<(), Box<Diagnostic>> {
        let written = self.settled(lasting);
        written.map_err(|error| Box::new(unwritable(&self.path, &error)))
    }

    fn settled(&mut self, lasting: bool) -> io::Result<()> {
        let Some(writer) = self.file.as_mut() else { return Ok(()) };
        writer.flush()?;
        let file = writer.get_mut();
        match &self.target {
            Target::File(real, permissions) => {
                if lasting {
                    file.sync_all()?;
                }
                if let Some(permissions) = permissions {
                    fs::set_permissions(&self.beside, permissions.clone())?;
                }
                let mut drafts = drafts();
                fs::rename(&self.beside, real)?;
                drafts.retain(|draft| *draft != self.beside);
                self.file = None;
                Ok(())
            }
            // Both leave the draft to be taken away.
            Target::Stream(path) => {
                file.rewind()?;
                let mut stream = OpenOptions::new().append(true).open(path)?;
                io::copy(file, &mut stream).map(drop)
            }
            Target::Output => {
                file.rewind()?;
                let mut output = io::stdout().lock();
                let written = io::copy(file, &mut output).and_then(|_| output.flush());
                // A reader that went away is no error.
                let is_gone = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
                written.or_else(|error| if is_gone(&error) { Ok(()) } else { Err(error) })
            }
        }
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

/// A new file that can be read again. What somebody alone may read, nobody else reads meanwhile.
fn created(beside: &Path, target: &Target) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    if !matches!(target, Target::File(_, None)) {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    options.open(beside)
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
