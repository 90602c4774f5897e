//! Memories of versions: never back, never another bundle of one version, whatever is damaged and
//! whoever else writes.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use policyc::runtime::trust::Unverified;
use policyc::runtime::trust::error::{MemoryFault, TrustError};
use policyc::runtime::trust::state::{Memory, State};

use crate::support::generate::random::Random;
use crate::support::run::Folder;
use crate::trust::{AT, bundle, policy, released, secret, simple};

fn trust() -> String {
    simple()
        .replace("\"minimum\"\n[", "\"state\"\n[")
        .replace("[bundles.payments]", "[bundles.\"*\"]")
}

fn load(bundle: &[u8], name: &str, version: u64, memory: &Memory) -> Result<(), TrustError> {
    let envelope = released(bundle, name, version, &[secret(1)]);
    let trust = policy(&trust());
    let verified = Unverified::read(bundle, Some(&envelope))?.verify(&trust, memory, AT)?;
    verified.load().map(drop)
}

/// Random releases of two names by a model that keeps the highest version and its bundle.
#[test]
fn versions_go_up_as_a_model_says() {
    let folder = Folder::new("trust-model");
    let bundles: Vec<Vec<u8>> =
        ["one", "two"].iter().flat_map(|name| ["a", "b"].map(|rule| bundle(name, rule))).collect();
    let (mut refused, mut taken) = (0, 0);
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let memory = Memory::at(folder.path().join(format!("{seed}.state")));
        let mut model = [(0_u64, 0_usize); 2];
        for _ in 0..30 {
            let (name, rule) = (random.below(2), random.below(2));
            let version = 1 + random.below(6) as u64;
            let known = model[name];
            let wanted = match version.cmp(&known.0) {
                std::cmp::Ordering::Less => Some("older"),
                std::cmp::Ordering::Equal if rule != known.1 => Some("other"),
                std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => None,
            };
            let found = load(&bundles[2 * name + rule], ["one", "two"][name], version, &memory);
            let found = found.err().map(|error| match error {
                TrustError::Memory(MemoryFault::Older { .. }) => "older",
                TrustError::Memory(MemoryFault::Equivocation { .. }) => "other",
                error => panic!("{error:?}"),
            });
            assert_eq!(found, wanted, "seed {seed}: {name} {rule} {version} behind {known:?}");
            if wanted.is_none() {
                model[name] = (version, rule);
            }
            refused += usize::from(wanted.is_some());
            taken += usize::from(wanted.is_none());
        }
        let state = memory.recall().expect("it is whole").expect("it is there");
        for (name, (version, _)) in ["one", "two"].iter().zip(model) {
            assert_eq!(state.highest(name).unwrap_or_default(), version);
        }
    }
    assert!(refused > 50 && taken > 50, "{refused} {taken}");
}

#[test]
fn a_damaged_memory_lets_nothing_in() {
    let folder = Folder::new("trust-damaged");
    let path = folder.path().join("state");
    let (memory, bundle) = (Memory::at(&path), bundle("payments", "a"));
    load(&bundle, "payments", 3, &memory).expect("the first");
    let whole = fs::read(&path).expect("a file");
    assert_eq!(State::read(&whole).expect("it is whole").to_text().as_bytes(), whole);
    let refused = |bytes: &[u8], what: &str| {
        fs::write(&path, bytes).expect("a file");
        let error = load(&bundle, "payments", 3, &memory).expect_err(what);
        assert!(matches!(error, TrustError::Memory(MemoryFault::Damaged { .. })), "{error:?}");
        assert_eq!(fs::read(&path).expect("a file"), bytes, "{what}: it is left as it is");
    };
    for at in 0..whole.len() {
        refused(&whole[..at], &format!("cut at {at}"));
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            refused(&bytes, &format!("byte {at}, bit {bit}"));
        }
    }
    refused(&[&whole[..], b"\n"].concat(), "a line more");
    refused(&vec![b'x'; (1 << 20) + 1], "too long");
    fs::remove_file(&path).expect("a file");
    fs::create_dir(&path).expect("a folder in its place");
    let error = load(&bundle, "payments", 3, &memory).expect_err("a folder");
    assert!(matches!(error, TrustError::Memory(MemoryFault::Unusable { .. })), "{error:?}");
}

#[test]
fn what_cannot_be_remembered_is_not_loaded() {
    let memory = Memory::at("/nonexistent/folder/state");
    let error = load(&bundle("payments", "a"), "payments", 1, &memory).expect_err("no folder");
    assert!(matches!(error, TrustError::Memory(MemoryFault::Unusable { .. })), "{error:?}");
}

/// Many threads load releases in any order: in the end the highest is known, and none was let in
/// behind a higher one that had been let in before it began.
#[test]
fn writers_do_not_lose_what_others_wrote() {
    let folder = Folder::new("trust-writers");
    let memory = Memory::at(folder.path().join("state"));
    let bundles: Vec<(String, Vec<u8>)> =
        (0..8).map(|at| (format!("n{at}"), bundle(&format!("n{at}"), "a"))).collect();
    std::thread::scope(|scope| {
        for (name, bundle) in &bundles {
            let memory = &memory;
            scope.spawn(move || {
                for version in 1..=5 {
                    load(bundle, name, version, memory).expect("a later one");
                }
            });
        }
    });
    let state = memory.recall().expect("it is whole").expect("it is there");
    for (name, _) in &bundles {
        assert_eq!(state.highest(name), Some(5), "{name}");
    }
}

/// Not a test: what the next one kills. It loads one version after the other, and says each.
#[test]
fn loads_until_it_is_killed() {
    let Ok(path) = std::env::var("TRUST_KILL_STATE") else { return };
    let (memory, bundle) = (Memory::at(path), bundle("payments", "a"));
    let known = memory.recall().expect("it is whole").expect("a file");
    let first = known.highest("payments").unwrap_or_default() + 1;
    for version in first..first + 10_000 {
        load(&bundle, "payments", version, &memory).expect("a later one");
        println!("loaded {version}");
    }
}

/// `TRUST_KILLS` says how often.
#[cfg(unix)]
#[test]
fn a_memory_outlasts_the_process() {
    let kills = std::env::var("TRUST_KILLS").map_or(12, |text| text.parse().expect("a number"));
    let folder = Folder::new("trust-kill");
    let path = folder.path().join("state");
    let mut said = 0;
    for round in 0..kills {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "trust::memory::loads_until_it_is_killed", "--nocapture"])
            .env("TRUST_KILL_STATE", &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        std::thread::sleep(Duration::from_millis(150 + 17 * (round % 13)));
        child.kill().expect("it is killed");
        let output = child.wait_with_output().expect("it ends");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // The last line may be cut.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let numbers = whole.lines().filter_map(|line| line.split("loaded ").nth(1)?.parse().ok());
        said = numbers.max().unwrap_or(said);
        let state = Memory::at(&path).recall().expect("it is whole").expect("a file");
        assert!(state.highest("payments").unwrap_or_default() >= said, "round {round}");
    }
    println!("{kills} kills, version {said}");
}
