//! A disk that loses its power: of what was not synced each sector is there or not, in any order,
//! and so is each name.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::sync::{Arc, Mutex};

use policyc::runtime::audit::store::{Source, Store};

use crate::support::generate::random::Random;

const SECTOR: usize = 512;

/// Files of a disk, by the numbers of their segments.
pub(crate) type Files = BTreeMap<u64, Vec<u8>>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<u64, Contents>,
    /// The file that is written to.
    current: Option<u64>,
    /// Steps that were done, and after how many the power goes.
    steps: usize,
    stop: Option<usize>,
    /// The next sync fails.
    fails: Option<io::ErrorKind>,
    syncs: usize,
}

#[derive(Clone, Debug, Default)]
struct Contents {
    bytes: Vec<u8>,
    /// How much of it outlasts a loss of power.
    synced: usize,
    /// Whether its name does.
    named: bool,
    /// What it was before it was cut, as long as the cut may be undone.
    uncut: Option<Vec<u8>>,
}

impl Disk {
    pub(crate) fn holding(files: &Files) -> Self {
        let contents = |bytes: &Vec<u8>| Contents {
            bytes: bytes.clone(),
            synced: bytes.len(),
            named: true,
            uncut: None,
        };
        let files = files.iter().map(|(name, bytes)| (*name, contents(bytes))).collect();
        Self(Arc::new(Mutex::new(State { files, ..State::default() })))
    }

    /// Until what comes of this goes, whoever writes waits.
    pub(crate) fn held(&self) -> impl Drop + '_ {
        self.0.lock().unwrap()
    }

    /// Whoever wrote died, and somebody else goes on: the power stayed.
    pub(crate) fn is_taken_over(&self) {
        self.0.lock().unwrap().stop = None;
    }

    /// The power goes in the step behind so many more.
    pub(crate) fn stop_after(&self, steps: usize) {
        let mut state = self.0.lock().unwrap();
        state.stop = Some(state.steps + steps);
    }

    pub(crate) fn fail_next_sync(&self, kind: io::ErrorKind) {
        self.0.lock().unwrap().fails = Some(kind);
    }

    pub(crate) fn steps(&self) -> usize {
        self.0.lock().unwrap().steps
    }

    pub(crate) fn syncs(&self) -> usize {
        self.0.lock().unwrap().syncs
    }

    /// All that was written.
    pub(crate) fn files(&self) -> Files {
        let state = self.0.lock().unwrap();
        state.files.iter().map(|(name, file)| (*name, file.bytes.clone())).collect()
    }

    /// What is there when the power comes back: all that was synced; of the rest each sector as it
    /// was written, in its front part, or as it was before, up to a random end.
    pub(crate) fn after_power_loss(&self, random: &mut Random) -> Files {
        let state = self.0.lock().unwrap();
        let left = |file: &Contents, random: &mut Random| {
            if let Some(uncut) = file.uncut.as_ref().filter(|_| random.once_in(2)) {
                return uncut.clone();
            }
            let mut bytes = file.bytes.clone();
            let end = match random.below(3) {
                0 => bytes.len(),
                1 => file.synced,
                _ => file.synced + random.below(bytes.len() - file.synced + 1),
            };
            bytes.truncate(end);
            let lossy = random.once_in(2);
            let mut at = file.synced;
            while at < end {
                let next = end.min((at / SECTOR + 1) * SECTOR);
                if lossy && random.once_in(3) {
                    bytes[at..next].fill(0);
                }
                at = next;
            }
            bytes
        };
        let mut files = Files::new();
        for (name, file) in &state.files {
            if file.named || random.once_in(2) {
                files.insert(*name, left(file, random));
            }
        }
        files
    }
}

impl State {
    fn step(&mut self) -> io::Result<()> {
        if self.stop.is_some_and(|stop| self.steps >= stop) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.steps += 1;
        Ok(())
    }

    fn current(&mut self) -> &mut Contents {
        let current = self.current.expect("a segment was begun");
        self.files.get_mut(&current).expect("it is there")
    }
}

impl Source for Disk {
    fn list(&mut self) -> io::Result<Vec<u64>> {
        Ok(self.0.lock().unwrap().files.keys().copied().collect())
    }

    fn read(&mut self, segment: u64, from: u64) -> io::Result<Box<dyn Read + '_>> {
        let state = self.0.lock().unwrap();
        let file = state.files.get(&segment).ok_or(io::ErrorKind::NotFound)?;
        let from = usize::try_from(from).expect("a small file");
        Ok(Box::new(Cursor::new(file.bytes[from.min(file.bytes.len())..].to_vec())))
    }
}

impl Store for Disk {
    fn begin(&mut self, segment: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        assert!(state.files.insert(segment, Contents::default()).is_none(), "it is there");
        state.current = Some(segment);
        Ok(())
    }

    fn resume(&mut self, segment: u64, bytes: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        state.current = Some(segment);
        let file = state.current();
        file.uncut.get_or_insert_with(|| file.bytes.clone());
        file.bytes.truncate(usize::try_from(bytes).expect("a small file"));
        file.synced = file.synced.min(file.bytes.len());
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        // A write that the power cuts may have begun.
        state.current().bytes.extend_from_slice(bytes);
        state.step()
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.syncs += 1;
        if let Some(kind) = state.fails.take() {
            return Err(kind.into());
        }
        state.step()?;
        let file = state.current();
        (file.synced, file.uncut) = (file.bytes.len(), None);
        Ok(())
    }

    fn sync_names(&mut self) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        state.files.values_mut().for_each(|file| file.named = true);
        Ok(())
    }
}
