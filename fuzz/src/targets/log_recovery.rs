//! What is left of a log: its whole part is found, or the damage is told. What a whole part holds
//! of a writer under its blocks is what that writer wrote.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use policyc::runtime::record::chain::Batch;
use policyc::runtime::record::log::{Log, LogOptions, Storage};
use policyc::runtime::record::recover::recover;

use crate::support::generate::random::Random;

/// A storage in memory.
#[derive(Clone, Debug, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Storage for Memory {
    fn append(&mut self, batch: &Batch) -> io::Result<()> {
        self.0.lock().expect("no panics").extend(&batch.lines);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A log of a few blocks that was closed.
static LOG: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let memory = Memory::default();
    let options = LogOptions { block_bytes: 300, ..LogOptions::new("w") };
    let log = Log::open(memory.clone(), options).expect("a thread");
    for at in 0..20 {
        let line = format!("{{\"v\":1,\"id\":\"r{at}\",\"ctx\":{{\"n\":{at}}}}}");
        log.append(line.as_bytes()).expect("room");
    }
    log.close().expect("it is written");
    memory.0.lock().expect("no panics").clone()
});

pub(crate) fn run(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else { return };
    if how % 4 == 0 {
        any(rest);
    } else {
        changed(&mut Random::drawn(rest));
    }
}

/// Any bytes: what is found to be whole is found to be whole again.
fn any(log: &[u8]) -> Option<usize> {
    let found = recover(log, "w").ok()?;
    assert_eq!(found.whole_bytes + found.torn_bytes, log.len() as u64);
    let whole = usize::try_from(found.whole_bytes).expect("it lies in memory");
    let again = recover(&log[..whole], "w").expect("it is whole");
    assert_eq!((again.whole_bytes, again.torn_bytes), (found.whole_bytes, 0));
    let tails = [&again, &found].map(|it| format!("{:?}", (it.lines, &it.tail)));
    assert_eq!(tails[0], tails[1]);
    Some(whole)
}

/// A log of ours, changed in a few places and cut.
fn changed(random: &mut Random) {
    let mut log = LOG.clone();
    for _ in 0..random.below(4) {
        let at = random.below(log.len());
        match random.below(5) {
            0 => log[at] ^= 1 << random.below(8),
            1 => log.truncate(at.max(1)),
            2 => drop(log.drain(at..(at + random.below(80)).min(log.len()))),
            3 => log.insert(at, b"\"{}[]0a\n"[random.below(8)]),
            _ => {
                let line = LOG.split_inclusive(|byte| *byte == b'\n').nth(random.below(24));
                log.splice(at..at, line.unwrap_or_default().iter().copied());
            }
        }
        if log.is_empty() {
            return;
        }
    }
    let Some(whole) = any(&log) else { return };
    // Blocks chain what stands in front of them; behind the last one nothing is promised yet.
    let blocks = log[..whole].windows(6).rposition(|it| it == b"\"$blk\"");
    let end = blocks.map_or(0, |at| log[..at].iter().rposition(|it| *it == b'\n').unwrap_or(0));
    // Lines of another name are another's, which no block of this writer is about, and lines
    // without a chain nobody's.
    let names = [&b"\"ch\":{\"w\":\"w\""[..], b"\"$blk\":{\"w\":\"w\""];
    let own = |line: &&[u8]| names.iter().any(|it| line.windows(it.len()).any(|at| at == *it));
    let held = log[..end].split_inclusive(|byte| *byte == b'\n').filter(own);
    let held: Vec<u8> = held.flatten().copied().collect();
    let said = || String::from_utf8_lossy(&log[..whole]).into_owned();
    assert!(LOG.starts_with(&held), "a change under a block was not found: {}", said());
}
