//! Engines that take signed bundles: what is not trusted never decides, and is told once.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use policyc::runtime::engine::Engine;
use policyc::runtime::engine::files::Files;
use policyc::runtime::engine::watch::{Event, poll, start};
use policyc::runtime::record::about::About;
use policyc::runtime::trust::error::{AdmissionFault, MemoryFault, SignatureFault, TrustError};
use policyc::runtime::trust::files::signed;
use policyc::runtime::trust::state::Memory;
use policyc::runtime::vm::request::ingest;

use crate::records::{MADE, NOW};
use crate::support::run::Folder;
use crate::trust::{AT, UNTIL, bundle, policy, released, secret, simple};

/// Puts another file in the place of one, as a deployment does.
fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let part = folder.join("part");
    fs::write(&part, bytes).expect("a file");
    fs::rename(&part, folder.join(name)).expect("a name");
}

fn release(folder: &Path, rule: &str, version: u64, by: u8) {
    let bundle = bundle("payments", rule);
    put(folder, "p.plcb.sig", &released(&bundle, "payments", version, &[secret(by)]));
    put(folder, "p.plcb", &bundle);
}

fn files(folder: &Path, clock: &Arc<AtomicI64>) -> Files {
    let trust = policy(&simple().replace("\"minimum\"\n[", "\"state\"\n["));
    let (memory, clock) = (Memory::at(folder.join("state")), Arc::clone(clock));
    let (bundle, envelope) = (folder.join("p.plcb"), folder.join("p.plcb.sig"));
    signed(bundle, envelope, trust, memory, move || clock.load(Ordering::Relaxed))
}

/// Looks until nothing is new; the words of what was refused, and the rule that decides.
fn settle(engine: &Engine, files: &mut Files) -> (Vec<String>, String) {
    let mut said = Vec::new();
    for _ in 0..3 {
        match poll(engine, files) {
            Some(Event::Refused { refused, kept }) => {
                assert_eq!(kept, engine.active().program().digest());
                said.push(refused.to_string());
            }
            Some(Event::Loaded { digest, .. }) => {
                assert_eq!(digest, engine.active().program().digest());
            }
            None => {}
        }
    }
    let mut decider = engine.decider();
    let pinned = decider.pin();
    let mut filled = ingest(pinned.program, b"{\"n\": 5}", pinned.scratch);
    let mut recording = pinned.recorder.decide(&mut filled, &NOW);
    let rule = recording.decision.rule().expect("a rule").to_owned();
    let line = String::from_utf8(recording.line(&About::new("r", MADE)).to_vec()).expect("text");
    assert!(!line.contains("\"unsigned\""), "{line}");
    (said, rule)
}

#[test]
fn what_is_not_trusted_keeps_what_decided() {
    let folder = Folder::new("trust-reload");
    let (folder, clock) = (folder.path(), Arc::new(AtomicI64::new(AT)));
    release(folder, "first", 1, 2);
    assert!(start(&mut files(folder, &clock)).is_err(), "a stranger starts no engine");
    release(folder, "first", 1, 1);
    let mut files = files(folder, &clock);
    let engine = start(&mut files).expect("a good bundle");
    assert!(!engine.active().is_unsigned());
    assert_eq!(settle(&engine, &mut files), (vec![], "first".to_owned()));
    let mut refused = |what: &str, words: &str| {
        let (said, rule) = settle(&engine, &mut files);
        let told = said.iter().any(|said| said.contains(words));
        assert!(told && said.len() <= 2, "{what}: {said:?}");
        assert_eq!((rule.as_str(), engine.active().generation()), ("first", 1), "{what}");
    };
    release(folder, "second", 2, 2);
    refused("a stranger", "signed by 0 of 1 keys");
    put(folder, "p.plcb.sig", b"{}");
    refused("no envelope", "cannot be read");
    fs::remove_file(folder.join("p.plcb.sig")).expect("a file");
    refused("nothing", "p.plcb.sig");
    release(folder, "other", 1, 1);
    refused("the same version", "not the bundle that was loaded as version 1");
    clock.store(UNTIL, Ordering::Relaxed);
    release(folder, "second", 2, 1);
    refused("expired", "expired");
    clock.store(AT, Ordering::Relaxed);
    release(folder, "second", 3, 1);
    assert_eq!(settle(&engine, &mut files).1, "second");
    release(folder, "first", 2, 1);
    let (said, rule) = settle(&engine, &mut files);
    assert!(said.iter().any(|said| said.contains("version 3 was loaded before")), "{said:?}");
    assert_eq!((rule.as_str(), engine.active().generation()), ("second", 2));
}

#[test]
fn what_may_pass_is_tried_again() {
    let folder = Folder::new("trust-reload-again");
    let (folder, clock) = (folder.path(), Arc::new(AtomicI64::new(AT)));
    release(folder, "first", 1, 1);
    let mut files = files(folder, &clock);
    let engine = start(&mut files).expect("a good bundle");
    let state = folder.join("state");
    let away = folder.join("away");
    // Nobody can write a folder.
    fs::rename(&state, &away).expect("a name");
    fs::create_dir(&state).expect("a folder");
    release(folder, "second", 2, 1);
    let (said, rule) = settle(&engine, &mut files);
    assert!(said.len() == 1 && said[0].contains("not loaded yet"), "{said:?}");
    assert_eq!(rule, "first");
    assert_eq!(settle(&engine, &mut files), (vec![], "first".to_owned()), "told once");
    fs::remove_dir(&state).expect("a folder");
    fs::rename(&away, &state).expect("a name");
    assert_eq!(settle(&engine, &mut files), (vec![], "second".to_owned()));
    clock.store(0, Ordering::Relaxed);
    release(folder, "third", 3, 1);
    let (said, _) = settle(&engine, &mut files);
    assert!(said.len() == 1 && said[0].contains("0 seconds since 1970"), "{said:?}");
    clock.store(AT, Ordering::Relaxed);
    assert_eq!(settle(&engine, &mut files), (vec![], "third".to_owned()));
}

#[test]
fn the_clock_and_the_memory_alone_may_let_the_same_bytes_in_later() {
    let path = Path::new("state").to_owned();
    let unusable = MemoryFault::Unusable { path, error: std::io::ErrorKind::Other };
    let later: [TrustError; 4] = [
        AdmissionFault::NoTime { at: 0 }.into(),
        AdmissionFault::PolicyExpired { since: 0 }.into(),
        AdmissionFault::Expired { since: 0 }.into(),
        TrustError::from(unusable),
    ];
    assert!(later.iter().all(TrustError::may_pass), "{later:?}");
    assert!(later[2].to_string().contains("1970-01-01T00:00:00Z"), "{}", later[2]);
    let never: [TrustError; 4] = [
        SignatureFault::Missing.into(),
        SignatureFault::OtherFile.into(),
        AdmissionFault::Name { name: "p".to_owned() }.into(),
        TrustError::from(MemoryFault::NotNamed),
    ];
    assert!(!never.iter().any(TrustError::may_pass), "{never:?}");
}
