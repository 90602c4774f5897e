//! A disk that loses its power: what was not synced may be there, in part, or not, in any order.

use std::io;
use std::sync::{Arc, Mutex};

use policyc::runtime::record::chain::Batch;
use policyc::runtime::record::log::Storage;

use crate::support::generate::random::Random;

#[derive(Clone, Debug)]
pub(crate) struct Disk(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    synced: Vec<u8>,
    /// Writes since, each with its place.
    loose: Vec<Vec<u8>>,
    syncs: usize,
    /// Writes and syncs that are still done.
    left: usize,
    fails: Option<io::ErrorKind>,
}

impl Disk {
    pub(crate) fn new() -> Self {
        let state = State {
            synced: Vec::new(),
            loose: Vec::new(),
            syncs: 0,
            left: usize::MAX,
            fails: None,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// A disk on which these bytes lie.
    pub(crate) fn holding(bytes: &[u8]) -> Self {
        let disk = Self::new();
        disk.0.lock().expect("no panics").synced = bytes.to_vec();
        disk
    }

    /// What is left where writes reach the disk in their order: all up to some byte.
    pub(crate) fn after_a_cut(&self, random: &mut Random) -> Vec<u8> {
        let state = self.0.lock().expect("no panics");
        let loose = state.loose.concat();
        let end = random.below(loose.len() + 1);
        [&state.synced, &loose[..end]].concat()
    }

    /// The power goes after so many more writes and syncs.
    pub(crate) fn stop_after(&self, steps: usize) {
        let mut state = self.0.lock().expect("no panics");
        state.left = state.left.min(steps);
    }

    pub(crate) fn fail_next_sync(&self, kind: io::ErrorKind) {
        self.0.lock().expect("no panics").fails = Some(kind);
    }

    pub(crate) fn syncs(&self) -> usize {
        self.0.lock().expect("no panics").syncs
    }

    /// All that was written, as whoever reads the file before the power goes sees it.
    pub(crate) fn written(&self) -> Vec<u8> {
        let state = self.0.lock().expect("no panics");
        [state.synced.clone(), state.loose.concat()].concat()
    }

    /// What is left when the power comes back: of each write that was not synced all, nothing, or
    /// its front; what lies behind a hole is there, and the hole holds zeros.
    pub(crate) fn after_power_loss(&self, random: &mut Random) -> Vec<u8> {
        let state = self.0.lock().expect("no panics");
        let mut left = state.synced.clone();
        let mut at = left.len();
        for write in &state.loose {
            let kept = match random.below(3) {
                0 => 0,
                1 => random.below(write.len() + 1),
                _ => write.len(),
            };
            if kept > 0 {
                left.resize(at, 0);
                left.extend_from_slice(&write[..kept]);
            }
            at += write.len();
        }
        left
    }
}

impl State {
    fn step(&mut self) -> io::Result<()> {
        if self.left == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.left -= 1;
        Ok(())
    }
}

impl Storage for Disk {
    fn append(&mut self, batch: &Batch) -> io::Result<()> {
        let mut state = self.0.lock().expect("no panics");
        // A write that the power cuts may have begun.
        state.loose.push(batch.lines.clone());
        state.step()
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.0.lock().expect("no panics");
        state.syncs += 1;
        if let Some(kind) = state.fails.take() {
            return Err(kind.into());
        }
        state.step()?;
        let loose = std::mem::take(&mut state.loose).concat();
        state.synced.extend_from_slice(&loose);
        Ok(())
    }
}
