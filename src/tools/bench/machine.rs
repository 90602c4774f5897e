//! The machine that measures, as far as times depend on it.
//!
//! In:      the system.
//! Out:     `Machine`.
//! Imports: `tools::project`.

use std::num::NonZero;
use std::path::Path;
use std::thread::available_parallelism;

use serde::{Deserialize, Serialize};

use crate::tools::project::read_bytes;

/// Most bytes of the system's description that are read.
const CPUINFO_BYTES_MAX: usize = 4 << 20;

/// A machine, and how this program was built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Model of the processor; empty where the system does not say.
    pub cpu: String,
    /// Threads that run at a time.
    pub cores: usize,
    /// Operating system.
    pub os: String,
    /// Architecture.
    pub arch: String,
    /// `release` or `debug`.
    pub build: String,
}

impl Machine {
    /// This one.
    #[must_use]
    pub fn here() -> Self {
        Self {
            cpu: cpu(),
            cores: available_parallelism().map_or(1, NonZero::get),
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            build: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
        }
    }

    /// `AMD EPYC 7B13, 4 cores, linux x86_64`.
    #[must_use]
    pub fn text(&self) -> String {
        let cpu = if self.cpu.is_empty() { "an unnamed processor" } else { &self.cpu };
        let cores = if self.cores == 1 { "core" } else { "cores" };
        let build = if self.build == "release" { "" } else { ", debug build" };
        format!("{cpu}, {} {cores}, {} {}{build}", self.cores, self.os, self.arch)
    }
}

/// The model of the processor, where the system has a file that says it, or a variable.
fn cpu() -> String {
    let named = std::env::var("PROCESSOR_IDENTIFIER").unwrap_or_default();
    let Ok(bytes) = read_bytes(Path::new("/proc/cpuinfo"), CPUINFO_BYTES_MAX) else { return named };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let value = |key: &str| {
        let row = text.lines().find_map(|line| line.strip_prefix(key))?;
        Some(row.trim_start_matches(['\t', ' ', ':']).trim().to_owned())
    };
    value("model name").or_else(|| value("Model")).unwrap_or(named)
}
