//! Bundles of files, where a trust policy is asked about them.
//!
//! In:      a trust policy, a memory of versions, the time; the bytes of a bundle and its path.
//! Out:     programs that say that they were signed.
//! Imports: `base`, `diag`, `runtime::program`, `runtime::trust`, `tools::inputs`,
//!          `tools::pipeline`, `tools::project`.

use std::io;
use std::path::{Path, PathBuf};

use crate::base::file::open_regular;
use crate::base::limits::ENVELOPE_BYTES_MAX;
use crate::runtime::program::Program;
use crate::runtime::trust::Unverified;
use crate::runtime::trust::envelope::EnvelopeFault;
use crate::runtime::trust::error::{SignatureFault, TrustError};
use crate::runtime::trust::policy::TrustPolicy;
use crate::runtime::trust::state::Memory;
use crate::tools::inputs;
use crate::tools::pipeline::LoadRefusal;
use crate::tools::project::{read_to, unreadable};

/// Whom to ask about bundles.
#[derive(Clone, Debug)]
pub struct TrustContext {
    /// The trust policy.
    pub policy: TrustPolicy,
    /// What was loaded before.
    pub memory: Memory,
    /// Seconds since the epoch.
    pub at: i64,
}

/// Where the envelope of a file lies: beside it.
#[must_use]
pub fn envelope_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".sig");
    path.with_file_name(name)
}

/// The bytes of a file that nobody named, for it lies beside one that was: what lies there in its
/// place is not waited for.
///
/// # Errors
/// Those of the file system; `FileTooLarge` for a longer file, `Other` for what is no file.
pub fn read_beside(path: &Path, max: usize) -> io::Result<Vec<u8>> {
    inputs::note(path);
    let mut bytes = Vec::new();
    read_to(&mut open_regular(path)?, max, &mut bytes)?;
    Ok(bytes)
}

/// The bytes of an envelope; `None` where there is none.
///
/// # Errors
/// If it cannot be read.
pub fn read_envelope(path: &Path) -> Result<Option<Vec<u8>>, LoadRefusal> {
    match read_beside(path, ENVELOPE_BYTES_MAX) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            let fault =
                SignatureFault::Envelope(EnvelopeFault::TooLarge { max: ENVELOPE_BYTES_MAX });
            Err(refused(&fault.into(), &path.display().to_string()))
        }
        Err(error) => {
            let finding = Box::new(unreadable(&path.display().to_string(), &error));
            Err(LoadRefusal { finding, integrity: false })
        }
    }
}

/// As a command tells it.
#[must_use]
pub fn refused(error: &TrustError, name: &str) -> LoadRefusal {
    LoadRefusal { finding: Box::new(error.diagnostic(name)), integrity: error.is_integrity() }
}

impl TrustContext {
    /// The program of the bundle at `path`, which people call `name`, to decide for a host: its
    /// version is remembered.
    ///
    /// # Errors
    /// Why it is not trusted, or is no program.
    pub fn load(&self, path: &Path, bytes: &[u8], name: &str) -> Result<Program, LoadRefusal> {
        let envelope = read_envelope(&envelope_of(path))?;
        Unverified::read(bytes, envelope.as_deref())
            .and_then(|it| it.verify(&self.policy, &self.memory, self.at)?.load_whole())
            .map_err(|error| refused(&error, name))
    }

    /// As `load`, for those who only look: older versions may be looked at, and nothing is
    /// remembered.
    ///
    /// # Errors
    /// As `load`.
    pub fn examine(&self, path: &Path, bytes: &[u8], name: &str) -> Result<Program, LoadRefusal> {
        let envelope = read_envelope(&envelope_of(path))?;
        Unverified::read(bytes, envelope.as_deref())
            .and_then(|it| it.examine(&self.policy, self.at))
            .map_err(|error| refused(&error, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::codes::Code;

    #[test]
    fn an_envelope_that_cannot_be_read_is_not_one_that_is_not_there() {
        let folder = std::env::temp_dir().join(format!("policyc-envelope-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        assert_eq!(read_envelope(&folder.join("p.plcb.sig")).expect("nothing is wrong"), None);
        let refused = read_envelope(&folder).expect_err("a folder is no file");
        assert!(!refused.integrity);
        assert_eq!(refused.finding.code, Code::Unreadable);
        let long = folder.join("long.plcb.sig");
        std::fs::write(&long, vec![b' '; ENVELOPE_BYTES_MAX + 1]).expect("it is written");
        let refused = read_envelope(&long).expect_err("it is too long");
        assert!(!refused.integrity);
        assert_eq!(refused.finding.code, Code::BadEnvelope);
        std::fs::remove_file(&long).expect("the file goes");
        std::fs::remove_dir(&folder).expect("the folder goes");
    }
}
