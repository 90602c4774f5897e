//! Logs: what was acknowledged is there after a loss of power, and what cannot be kept is said.

use std::io;
use std::sync::mpsc;

use policyc::base::limits::{CHAIN_WRITER_BYTES_MAX, RECORD_BYTES_MAX};
use policyc::lang::decision::Effect;
use policyc::lang::error::EvalError;
use policyc::runtime::record::chain::{Batch, Tail};
use policyc::runtime::record::check::{Break, BreakKind, Chains, Place};
use policyc::runtime::record::error::{Fault, RecordError};
use policyc::runtime::record::log::{Durability, Keep, Log, LogError, LogOptions, Storage, Ticket};
use policyc::runtime::record::read::Entry;
use policyc::runtime::record::recover::{Damage, recover};
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::ingest;
use policyc::runtime::vm::scratch::Scratch;

use crate::records::chain::wrong;
use crate::records::disk::Disk;
use crate::records::{NOW, program};
use crate::support::generate::random::Random;

fn line(at: usize) -> String {
    format!("{{\"v\":1,\"id\":\"r{at}\",\"ctx\":{{\"text\":\"{}\"}}}}", "x".repeat(at % 90))
}

/// Ids of the records at the front of a file that can be read, up to the first line that cannot.
fn kept(bytes: &[u8]) -> Vec<String> {
    let mut ids = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\n") else { break };
        match Entry::read(line) {
            Ok(Entry::Record(record)) => ids.extend(record.id.map(|id| id.text().into_owned())),
            Ok(Entry::Block(_) | Entry::Gap(_)) => {}
            Err(_) => break,
        }
    }
    ids
}

#[test]
fn what_was_acknowledged_outlasts_a_loss_of_power() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let durability = [Durability::Strict, Durability::Grouped][usize::from(random.once_in(2))];
        let disk = Disk::new();
        let options = LogOptions {
            block_bytes: 100 + random.below(900),
            queue: 1 + random.below(64),
            durability,
            ..LogOptions::new("w")
        };
        disk.stop_after(random.below(24));
        let log = Log::open(disk.clone(), options).expect("a thread");
        let mut tickets: Vec<(usize, Ticket)> = Vec::new();
        for at in 0..120 {
            match log.append(line(at).as_bytes()) {
                Ok(ticket) => tickets.push((at, ticket.expect("records are required"))),
                Err(LogError::Full) => {}
                Err(LogError::Storage(_)) => break,
                Err(error) => panic!("{error:?}"),
            }
            if random.once_in(9)
                && let Some((_, ticket)) = tickets.last()
                && log.wait(*ticket).is_err()
            {
                break;
            }
        }
        // The power goes: nothing is written from here on.
        disk.stop_after(0);
        let acknowledged: Vec<usize> = tickets
            .iter()
            .filter(|(_, ticket)| log.wait(*ticket).is_ok())
            .map(|(at, _)| *at)
            .collect();
        drop(log);
        for _ in 0..4 {
            let left = kept(&disk.after_power_loss(&mut random));
            for at in &acknowledged {
                assert!(left.contains(&format!("r{at}")), "seed {seed}: record {at} is lost");
            }
        }
    }
}

#[test]
fn a_log_that_was_cut_is_gone_on_with() {
    let mut torn = 0;
    for seed in 0..120 {
        let mut random = Random::new(seed);
        let options = || LogOptions {
            block_bytes: 300,
            durability: [Durability::Strict, Durability::Async][usize::from(seed % 2 == 0)],
            ..LogOptions::new("w")
        };
        let disk = Disk::new();
        disk.stop_after(1 + random.below(30));
        let log = Log::open(disk.clone(), options()).expect("a thread");
        let mut acknowledged = Vec::new();
        for at in 0..40 {
            let Ok(Some(ticket)) = log.append(line(at).as_bytes()) else { break };
            if seed % 2 == 1 && log.wait(ticket).is_ok() {
                acknowledged.push(format!("r{at}"));
            }
        }
        disk.stop_after(0);
        drop(log);
        let left = disk.after_a_cut(&mut random);
        let found = recover(left.as_slice(), "w").expect("nothing but its end is cut");
        torn += usize::from(found.torn_bytes > 0);
        let whole = usize::try_from(found.whole_bytes).expect("a small file");
        assert_eq!(whole as u64 + found.torn_bytes, left.len() as u64);
        let disk = Disk::holding(&left[..whole]);
        let log = Log::go_on(disk.clone(), options(), found.tail).expect("a thread");
        for at in 40..50 {
            log.append(line(at).as_bytes()).expect("room");
        }
        log.close().expect("it is written");
        let bytes = disk.written();
        assert_eq!(wrong(&bytes), (0, vec![]), "seed {seed}");
        let ids = kept(&bytes);
        assert!(acknowledged.iter().all(|id| ids.contains(id)), "seed {seed}");
        assert!((40..50).all(|at| ids.contains(&format!("r{at}"))), "seed {seed}");
    }
    assert!(torn > 10, "{torn}");
}

#[test]
fn damage_that_is_no_cut_is_told_with_its_place() {
    let disk = Disk::new();
    let options = LogOptions { block_bytes: 300, ..LogOptions::new("w") };
    let log = Log::open(disk.clone(), options).expect("a thread");
    for at in 0..20 {
        log.append(line(at).as_bytes()).expect("room");
    }
    log.close().expect("it is written");
    let bytes = disk.written();
    assert_eq!(recover(bytes.as_slice(), "w").expect("it is whole").torn_bytes, 0);
    let second = bytes.iter().position(|byte| *byte == b'\n').expect("lines") + 1;
    let mut unread = bytes.clone();
    unread[second] = b'x';
    let error = recover(unread.as_slice(), "w").expect_err("a line that is none");
    let fault = RecordError { fault: Fault::NotAnObject, offset: 0 };
    assert_eq!(error, Damage::Line(2, second as u64, fault));
    let mut changed = bytes.clone();
    let text = bytes[second..].windows(2).position(|pair| pair == b"\"x").expect("a text");
    changed[second + text + 1] = b'y';
    let error = recover(changed.as_slice(), "w").expect_err("another record");
    let Damage::Chain(found) = error else { panic!("{error:?}") };
    assert!(matches!(found.kind, BreakKind::Content { first: 0, .. }), "{found:?}");
}

/// Found by fuzzing: a block that seems to be another writer's hides what was changed under it.
#[test]
fn a_block_under_another_name_hides_no_change() {
    let disk = Disk::new();
    let options = LogOptions { block_bytes: 300, ..LogOptions::new("w") };
    let log = Log::open(disk.clone(), options).expect("a thread");
    for at in 0..20 {
        log.append(line(at).as_bytes()).expect("room");
    }
    log.close().expect("it is written");
    let text = String::from_utf8(disk.written()).expect("lines are text");
    let changed = text.replacen("\"id\":\"r1\"", "\"id\":\"r0\"", 1);
    assert!(matches!(recover(changed.as_bytes(), "w"), Err(Damage::Chain(_))));
    // Nothing comes behind the block that would miss it.
    let block = changed.find("{\"$blk\"").expect("a block");
    let end = block + changed[block..].find('\n').expect("its end") + 1;
    let named = |name: &str| {
        changed[..end].replacen("$blk\":{\"w\":\"w\"", &format!("$blk\":{{\"w\":\"{name}\""), 1)
    };
    for name in ["v".to_owned(), "v".repeat(CHAIN_WRITER_BYTES_MAX)] {
        let found = recover(named(&name).as_bytes(), "w").expect_err("a block of nobody");
        assert!(matches!(found, Damage::Chain(Break { writer, .. }) if writer == name));
    }
    let lines = changed[..end].lines().count() as u64;
    let long = "v".repeat(CHAIN_WRITER_BYTES_MAX + 1);
    let found = recover(named(&long).as_bytes(), "w").expect_err("a name that is too long");
    assert_eq!(found, Damage::Writer(lines, block as u64));
}

#[test]
fn a_storage_that_failed_is_not_used_again() {
    let disk = Disk::new();
    let log = Log::open(disk.clone(), LogOptions::new("w")).expect("a thread");
    let ticket = log.append(line(0).as_bytes()).expect("room").expect("it is taken");
    assert_eq!(log.wait(ticket), Ok(()));
    disk.fail_next_sync(io::ErrorKind::StorageFull);
    let ticket = log.append(line(1).as_bytes()).expect("room").expect("it is taken");
    let full = LogError::Storage(io::ErrorKind::StorageFull);
    assert_eq!(log.wait(ticket), Err(full));
    let syncs = disk.syncs();
    assert_eq!(log.append(line(2).as_bytes()), Err(full));
    assert_eq!(log.close(), Err(full));
    assert_eq!(disk.syncs(), syncs, "a failed sync is never tried again");
}

/// A storage that waits until it may go on.
pub(crate) struct Gate(pub(crate) mpsc::Receiver<()>, pub(crate) Disk);

impl Storage for Gate {
    fn append(&mut self, batch: &Batch) -> io::Result<()> {
        // Once nobody holds the other end it is open for good.
        let _ = self.0.recv();
        self.1.append(batch)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.1.sync()
    }
}

#[test]
fn a_full_queue_denies_or_is_counted() {
    for keep in [Keep::Required, Keep::BestEffort] {
        let (open, gate) = mpsc::channel();
        let disk = Disk::new();
        let options = LogOptions { queue: 4, keep, ..LogOptions::new("w") };
        let log = Log::open(Gate(gate, disk.clone()), options).expect("a thread");
        // What is being written waits too.
        let answers: Vec<_> = (0..20).map(|at| log.append(line(at).as_bytes())).collect();
        let taken = answers.iter().filter(|answer| matches!(answer, Ok(Some(_)))).count();
        assert_eq!(taken, 4);
        let refused = if keep == Keep::Required { Err(LogError::Full) } else { Ok(None) };
        assert_eq!(answers.iter().filter(|answer| **answer == refused).count(), 20 - taken);
        drop(open);
        log.close().expect("it is written");
        let bytes = disk.written();
        assert_eq!(kept(&bytes).len(), taken);
        let mut chains = Chains::of_whole();
        for (line, at) in bytes.split(|byte| *byte == b'\n').filter(|it| !it.is_empty()).zip(1..) {
            let entry = Entry::read(line).expect("a line of ours");
            assert!(chains.line(&entry, line, Place { source: 0, line: at }));
        }
        let all = chains.finish();
        assert_eq!((all.breaks, all.open), (vec![], vec![]));
        let extents = all.writers;
        let lost = if keep == Keep::Required { 0 } else { 20 - taken as u64 };
        assert_eq!((extents[0].1.lost, extents[0].1.ended), (lost, true));
        assert_eq!(extents[0].1.end.next, taken as u64 + lost);
    }
}

#[test]
fn a_decision_that_must_be_recorded_and_is_not_is_denied() {
    let program = program(
        "policyc: 1\nname: p\ndefault: deny\nschema: {n: int}\nrules:\n  \
         - {id: few, when: n < 10, allow: ok}\n  - {id: bad, when: 1 / n > 0, allow: ok}\n",
    );
    let mut scratch = Scratch::for_program(&program);
    let mut filled = ingest(&program, b"{\"n\": 0}", &mut scratch);
    let mut decision = filled.decide(&NOW);
    assert_eq!((decision.effect(), decision.rule()), (Some(Effect::Allow), Some("few")));
    decision.deny_unrecorded();
    assert_eq!((decision.effect(), decision.rule()), (Some(Effect::Deny), None));
    let report = DecisionReport::of(&mut decision);
    assert_eq!((report.reason.as_str(), report.fired.len()), ("", 0));
    let classes: Vec<_> = report.errors.iter().map(|it| (it.class, it.rule.clone())).collect();
    assert_eq!(classes, [(EvalError::Audit, None)]);
    // The input is still there, and is decided as ever.
    assert_eq!(filled.decide(&NOW).effect(), Some(Effect::Allow));
}

#[test]
fn only_lines_that_can_be_read_again_are_taken() {
    let disk = Disk::new();
    let log = Log::open(disk.clone(), LogOptions::new("w")).expect("a thread");
    let long = format!("{{\"v\":1,\"a\":\"{}\"}}", "x".repeat(RECORD_BYTES_MAX));
    for (wrong, fault) in [
        ("", Fault::Truncated),
        ("{}", Fault::Missing("v")),
        ("[1]", Fault::NotAnObject),
        ("{\"v\":1", Fault::Truncated),
        ("{\"v\":1,\"ctx\":{}}\n{\"v\":1,\"ctx\":{}}", Fault::Trailing),
        ("{\"v\":1,\n\"id\":\"a\"}", Fault::Trailing),
        ("{\"v\":1,\"ctx\":{}} ", Fault::Trailing),
        ("{\"v\":2}", Fault::Version),
        ("{\"v\":1,\"ctx\":{},\"ch\":{\"w\":\"w\",\"n\":0}}", Fault::Twice("ch")),
        ("{\"$gap\":{\"w\":\"w\",\"n\":0,\"count\":1}}", Fault::NotARecord),
        (long.as_str(), Fault::TooLong),
    ] {
        let refused = log.append(wrong.as_bytes());
        let Err(LogError::NotARecord(error)) = refused else { panic!("{wrong}: {refused:?}") };
        assert_eq!(error.fault, fault, "{wrong}");
    }
    log.append(line(0).as_bytes()).expect("it is a record");
    log.close().expect("it is written");
    assert_eq!(kept(&disk.written()), ["r0"]);
}

/// The longest line, of the writer whose name takes the most room: it is read again.
#[test]
fn a_record_has_room_for_what_it_says_of_its_chain() {
    let writer = "\u{1}".repeat(CHAIN_WRITER_BYTES_MAX);
    let disk = Disk::new();
    let log = Log::open(disk.clone(), LogOptions::new(writer.as_str())).expect("a thread");
    let record =
        |bytes: usize| format!("{{\"v\":1,\"ctx\":{{}},\"a\":\"{}\"}}", "x".repeat(bytes - 23));
    let fits = |bytes: usize| log.append(record(bytes).as_bytes()).is_ok();
    // The name is spelled in six bytes each, and the highest number in twenty digits.
    let chain = ",'ch':{'w':'','n':}".len() + 6 * CHAIN_WRITER_BYTES_MAX + 20;
    let longest = RECORD_BYTES_MAX - chain;
    assert_eq!(record(100).len(), 100);
    assert!(fits(longest) && !fits(longest + 1));
    log.close().expect("it is written");
    let found = recover(disk.written().as_slice(), &writer).expect("it is whole");
    assert_eq!(found.tail.position().next, 1);
    for name in [String::new(), "w".repeat(CHAIN_WRITER_BYTES_MAX + 1)] {
        let refused = Log::open(Disk::new(), LogOptions::new(name)).map(drop);
        assert_eq!(refused.map_err(|error| error.kind()), Err(io::ErrorKind::InvalidInput));
    }
}

/// A write that ends with its block leaves nothing open, and is synced all the same.
#[test]
fn what_was_only_handed_over_is_synced_where_nothing_comes() {
    let disk = Disk::new();
    let options =
        LogOptions { block_bytes: 1, durability: Durability::Async, ..LogOptions::new("w") };
    let log = Log::open(disk.clone(), options).expect("a thread");
    let ticket = log.append(line(0).as_bytes()).expect("room").expect("it is taken");
    log.wait(ticket).expect("it is handed over");
    let waited = (0..200).find(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        disk.syncs() > 0
    });
    assert!(waited.is_some(), "nobody synced it for ten seconds");
    // Nothing came since, and nothing is written: the end alone is synced once more.
    log.close().expect("it is written");
    assert_eq!(disk.syncs(), 2);
}

/// A log that ended and is opened again says so once.
#[test]
fn a_log_that_ended_is_not_ended_again() {
    let disk = Disk::new();
    let log = Log::open(disk.clone(), LogOptions::new("w")).expect("a thread");
    assert_eq!(log.close().map(|end| end.next), Ok(0));
    assert_eq!(disk.written(), b"", "what was never begun has no end");
    let log = Log::open(disk.clone(), LogOptions::new("w")).expect("a thread");
    log.append(line(0).as_bytes()).expect("room");
    let end = log.close().expect("it is written");
    let bytes = disk.written();
    let found = recover(bytes.as_slice(), "w").expect("it is whole");
    for tail in [Tail::from(end), found.tail] {
        let log = Log::go_on(disk.clone(), LogOptions::new("w"), tail).expect("a thread");
        assert_eq!(log.close(), Ok(end));
        assert_eq!(disk.written(), bytes);
    }
    let log = Log::go_on(disk.clone(), LogOptions::new("w"), end.into()).expect("a thread");
    log.append(line(1).as_bytes()).expect("room");
    log.close().expect("it is written");
    assert_eq!(wrong(&disk.written()), (0, vec![]));
}
