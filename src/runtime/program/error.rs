//! Why bytes are no program.
//!
//! In:      what reading or verifying refused.
//! Out:     `ProgramError`.
//! Imports: `diag`, `runtime::bundle`, `runtime::verify`.

use std::fmt;

use crate::diag::diagnostic::Diagnostic;
use crate::runtime::bundle::error::LoadError;
use crate::runtime::verify::error::VerifyError;

/// Why bytes are no program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramError {
    /// They are no bundle.
    Load(LoadError),
    /// The bundle breaks a rule of the verifier.
    Verify(VerifyError),
}

impl ProgramError {
    /// As a finding about the bundle called `name`.
    #[must_use]
    pub fn diagnostic(&self, name: &str) -> Diagnostic {
        match self {
            Self::Load(error) => error.diagnostic(name),
            Self::Verify(error) => error.diagnostic(name),
        }
    }
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic("bundle").message)
    }
}

impl std::error::Error for ProgramError {}
