//! Loss of power and failing disks.

use std::io;

use policyc::runtime::audit::OpenError;
use policyc::runtime::audit::open;
use policyc::runtime::record::log::{Durability, LogError, LogOptions};

use crate::audit::disk::Disk;
use crate::audit::{line, looked_at, opened, options};
use crate::support::generate::random::Random;

/// Opens a log on a disk, appends until the power goes, and returns the ids that were acknowledged.
fn written(disk: &Disk, random: &mut Random, from: usize, durability: Durability) -> Vec<String> {
    let log = LogOptions {
        block_bytes: 100 + random.below(900),
        queue: 1 + random.below(64),
        durability,
        ..LogOptions::new("gw-3")
    };
    let segment_bytes = 500 + random.below(4_000) as u64;
    let Ok((log, _)) = open(disk.clone(), options(log, segment_bytes)) else { return Vec::new() };
    let mut tickets = Vec::new();
    for at in from..from + 40 {
        match log.append(line(at).as_bytes()) {
            Ok(ticket) => tickets.push((at, ticket.expect("records are required"))),
            Err(LogError::Full) => {}
            Err(LogError::Storage(_)) => break,
            Err(error) => panic!("{error:?}"),
        }
        if random.once_in(5)
            && let Some((_, ticket)) = tickets.last()
            && log.wait(*ticket).is_err()
        {
            break;
        }
    }
    let kept = |(at, ticket): &(usize, _)| log.wait(*ticket).is_ok().then(|| format!("r{at}"));
    let acknowledged = tickets.iter().filter_map(kept).collect();
    drop(log);
    acknowledged
}

/// The power goes at every boundary between two writes or syncs, comes back, and goes again: no
/// record that was acknowledged is ever missing, and nothing else is wrong with what is there.
#[test]
fn what_was_acknowledged_outlasts_every_loss_of_power() {
    let (mut torn, mut losses, mut boundaries) = (0, 0, 0);
    let rounds = std::env::var("AUDIT_ROUNDS").map_or(8, |text| text.parse().expect("a number"));
    for seed in 0..rounds {
        let durability = [Durability::Strict, Durability::Grouped][seed as usize % 2];
        for boundary in 0.. {
            let mut random = Random::new(seed);
            let disk = Disk::default();
            disk.stop_after(boundary);
            let mut acknowledged = written(&disk, &mut random, 0, durability);
            let all = disk.steps() < boundary;
            boundaries += 1;
            let mut random = Random::new(seed ^ (boundary as u64) << 32);
            let mut left = disk.after_power_loss(&mut random);
            for life in 1..3 {
                losses += 1;
                let place = format!("seed {seed}, boundary {boundary}, life {life}");
                if !left.is_empty() {
                    let (kept, trace, _) =
                        looked_at(&left).unwrap_or_else(|damage| panic!("{place}: {damage}"));
                    torn += usize::from(trace.is_some());
                    for id in &acknowledged {
                        assert!(kept.ids.contains(id), "{place}: {id} is lost");
                    }
                }
                let disk = Disk::holding(&left);
                disk.stop_after(random.below(30));
                acknowledged.extend(written(&disk, &mut random, life * 1_000, durability));
                left = disk.after_power_loss(&mut random);
            }
            let disk = Disk::holding(&left);
            let (log, _) = opened(&disk, options(LogOptions::new("gw-3"), 4_000));
            log.append(line(9_999).as_bytes()).expect("room");
            log.close().expect("it is written");
            let (kept, trace, ended) = looked_at(&disk.files()).expect("it is whole");
            assert_eq!((trace, ended), (None, true), "seed {seed}, boundary {boundary}");
            for id in acknowledged.iter().map(String::as_str).chain(["r9999"]) {
                let times = kept.ids.iter().filter(|kept| *kept == id).count();
                assert_eq!(times, 1, "seed {seed}, boundary {boundary}: {id}");
            }
            if all {
                break;
            }
        }
    }
    assert!(torn > losses / 20, "{torn} of {losses}");
    println!("{boundaries} boundaries, {losses} losses of power, {torn} torn frames");
}

/// A process dies at every boundary, the power stays, and the next one goes on; then the power
/// goes. Nobody saw to what the first one left, neither to bytes nor to names, but the next.
#[test]
fn what_a_process_that_died_left_to_the_system_outlasts_with_what_came_behind() {
    let mut lives = 0;
    for seed in 0..24 {
        let durability = [Durability::Strict, Durability::Grouped, Durability::Async][seed % 3];
        for boundary in 0.. {
            let mut random = Random::new(seed as u64);
            let disk = Disk::default();
            disk.stop_after(boundary);
            let mut acknowledged = written(&disk, &mut random, 0, durability);
            let all = disk.steps() < boundary;
            if durability == Durability::Async {
                acknowledged.clear();
            }
            disk.is_taken_over();
            acknowledged.extend(written(&disk, &mut random, 1_000, Durability::Grouped));
            lives += 1;
            let place = format!("seed {seed}, boundary {boundary}");
            let left = disk.after_power_loss(&mut random);
            let (kept, ..) = looked_at(&left).unwrap_or_else(|damage| panic!("{place}: {damage}"));
            for id in &acknowledged {
                assert!(kept.ids.contains(id), "{place}: {id} is lost");
            }
            if all {
                break;
            }
        }
    }
    println!("{lives} processes that died");
}

/// What was only handed to the system may be lost, and nothing else is wrong then.
#[test]
fn what_was_not_synced_may_be_lost_and_the_log_goes_on() {
    let mut lost = 0;
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let disk = Disk::default();
        disk.stop_after(1 + random.below(40));
        let handed = written(&disk, &mut random, 0, Durability::Async);
        let left = disk.after_power_loss(&mut random);
        if left.is_empty() {
            continue;
        }
        let disk = Disk::holding(&left);
        let (log, found) = opened(&disk, options(LogOptions::new("gw-3"), 4_000));
        lost += usize::from(found.torn.is_some());
        log.append(line(9_999).as_bytes()).expect("room");
        log.close().expect("it is written");
        let (kept, ..) = looked_at(&disk.files()).expect("it is whole");
        // A front of what was handed over, in its order, and perhaps what nobody acknowledged.
        let front = &kept.ids[..kept.ids.len() - 1];
        let both = front.len().min(handed.len());
        assert_eq!(front[..both], handed[..both], "seed {seed}");
    }
    assert!(lost > 40, "{lost}");
}

#[test]
fn a_sync_that_failed_is_never_tried_again() {
    let disk = Disk::default();
    let (log, _) = opened(&disk, options(LogOptions::new("gw-3"), 4_000));
    let ticket = log.append(line(0).as_bytes()).expect("room").expect("it is taken");
    log.wait(ticket).expect("it is kept");
    disk.fail_next_sync(io::ErrorKind::StorageFull);
    let ticket = log.append(line(1).as_bytes()).expect("room").expect("it is taken");
    let full = LogError::Storage(io::ErrorKind::StorageFull);
    assert_eq!(log.wait(ticket), Err(full));
    let (syncs, bytes) = (disk.syncs(), disk.files());
    assert_eq!(log.append(line(2).as_bytes()), Err(full));
    assert_eq!(log.close(), Err(full));
    assert_eq!((disk.syncs(), disk.files()), (syncs, bytes));
}

#[test]
fn logs_of_others_are_not_gone_on_with() {
    let disk = Disk::default();
    let (log, found) = opened(&disk, options(LogOptions::new("gw-3"), 4_000));
    assert_eq!((found.lines, found.next, found.torn), (0, 0, None));
    log.append(line(0).as_bytes()).expect("room");
    assert_eq!(log.close().expect("it is written").next, 1);
    let other = open(disk.clone(), options(LogOptions::new("gw-4"), 4_000));
    assert!(matches!(other, Err(OpenError::Other { writer, .. }) if writer == "gw-3"));
    let mut renamed = options(LogOptions::new("gw-3"), 4_000);
    renamed.signer = None;
    renamed.origin = "example.com/gw-4".to_owned();
    assert!(matches!(open(disk.clone(), renamed), Err(OpenError::Other { .. })));
    let (_, found) = opened(&disk, options(LogOptions::new("gw-3"), 4_000));
    assert_eq!((found.lines, found.next), (2, 1));
}
