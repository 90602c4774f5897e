//! Engines: every decision is of one bundle, whatever is exchanged meanwhile, and what is bad never
//! decides.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::engine::files::{Files, ReloadError};
use policyc::runtime::engine::watch::{Event, Watch, poll, start};
use policyc::runtime::engine::{Active, Candidate, Engine};
use policyc::runtime::record::about::About;
use policyc::runtime::record::read::Record;
use policyc::runtime::vm::request::ingest;

use crate::records::{MADE, NOW};

/// A bundle that allows everything by a rule of this name, which its reason repeats.
fn bundle(rule: &str) -> Vec<u8> {
    let mut files = SourceMap::new();
    let policy = format!(
        "policyc: 1\nname: p\ndefault: deny\nschema: {{n: int}}\nrules:\n  \
         - {{id: {rule}, when: n < 10, allow: 'by {rule} {{n}}'}}\n"
    );
    files.add("p.yaml", policy);
    compile(&files, &Options::default(), &mut Sink::new()).expect("it compiles").bundle
}

fn candidate(rule: &str) -> Candidate {
    Candidate::unsigned(&bundle(rule)).expect("it loads")
}

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// Kilobytes of memory that the process has; `None` where the system does not say.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Tells threads to stop, also where a test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Decides until told to stop; every record, its digest and its reason are of one bundle.
fn decide(engine: &Engine, roots: &[(String, [u8; 32])], stop: &AtomicBool, made: &AtomicU64) {
    let mut decider = engine.decider();
    let mut newest = 0;
    while !stop.load(Ordering::Relaxed) {
        let pinned = decider.pin();
        assert!(pinned.generation >= newest, "an older bundle than before");
        newest = pinned.generation;
        let digest = pinned.program.digest();
        let mut filled = ingest(pinned.program, b"{\"n\": 5}", pinned.scratch);
        let mut recording = pinned.recorder.decide(&mut filled, &NOW);
        let rule = recording.decision.rule().expect("a rule").to_owned();
        assert_eq!(recording.decision.reason(), format!("by {rule} 5"));
        let record = Record::read(recording.line(&About::new("r", MADE))).expect("a record");
        let of_record = record.bundle.expect("it names its bundle");
        let of_rule = roots.iter().find(|(name, _)| *name == rule).expect("a bundle of ours").1;
        assert_eq!(of_record.digest, Some(of_rule), "the record names another bundle");
        assert_eq!(digest, of_rule, "the decision is by another bundle");
        assert!(of_record.unsigned, "nobody asked for signatures");
        made.fetch_add(1, Ordering::Relaxed);
    }
}

/// `ENGINE_SECONDS`, `ENGINE_THREADS` and `ENGINE_RELOAD_MS` make it as long as one likes.
#[test]
fn every_decision_is_of_one_bundle_while_bundles_are_exchanged() {
    let (seconds, threads) = (variable("ENGINE_SECONDS", 1), variable("ENGINE_THREADS", 16));
    let every = Duration::from_millis(variable("ENGINE_RELOAD_MS", 20));
    let bundles: Vec<(String, Vec<u8>)> =
        (0..8).map(|at| (format!("rule{at}"), bundle(&format!("rule{at}")))).collect();
    let load = |at: usize| Candidate::unsigned(&bundles[at % bundles.len()].1).expect("it loads");
    let roots: Vec<(String, [u8; 32])> = bundles
        .iter()
        .map(|(name, bytes)| {
            let engine = Engine::start(Candidate::unsigned(bytes).expect("it loads"));
            (name.clone(), engine.active().program().digest())
        })
        .collect();
    let engine = Engine::start(load(0));
    let (stop, made) = (AtomicBool::new(false), AtomicU64::new(0));
    let (mut old, mut memory): (Vec<Weak<Active>>, Vec<u64>) = (Vec::new(), Vec::new());
    let mut reloads = 0;
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| decide(&engine, &roots, &stop, &made));
        }
        let (_stop, begun) = (Stop(&stop), Instant::now());
        while begun.elapsed() < Duration::from_secs(seconds) {
            thread::sleep(every);
            reloads += 1;
            old.push(Arc::downgrade(&engine.swap(load(reloads))));
            // What lives is held by threads that have not decided since.
            old.retain(|active| active.strong_count() > 0);
            assert!(old.len() <= usize::try_from(threads).unwrap() + 1, "bundles are kept");
            memory.extend(resident());
        }
    });
    assert!(old.iter().all(|active| active.strong_count() == 0), "a bundle outlives its threads");
    let made = made.into_inner();
    assert!(made > 0 && reloads > 0);
    let settled = &memory[memory.len() / 10..];
    let (least, most) = (settled.iter().min(), settled.iter().max());
    println!(
        "{made} decisions by {threads} threads in {seconds} s, {reloads} reloads; resident from \
         {least:?} to {most:?} kB, at the end {:?}",
        memory.last()
    );
}

#[test]
fn what_is_pinned_after_a_swap_is_newer() {
    let engine = Engine::start(candidate("one").of_revision("git:1"));
    let (mut first, mut second) = (engine.decider(), engine.decider());
    assert_eq!((first.pin().generation, second.pin().generation), (1, 1));
    let before = engine.swap(candidate("two").of_revision("git:2"));
    assert_eq!((before.generation(), before.is_unsigned()), (1, true));
    let pinned = first.pin();
    let mut filled = ingest(pinned.program, b"{\"n\": 5}", pinned.scratch);
    let mut recording = pinned.recorder.decide(&mut filled, &NOW);
    assert_eq!(recording.decision.rule(), Some("two"));
    let line = String::from_utf8(recording.line(&About::new("r", MADE)).to_vec()).expect("text");
    assert!(line.contains("\"rev\":\"git:2\"") && line.contains("\"unsigned\":true"), "{line}");
    assert_eq!(second.pin().program.digest(), engine.active().program().digest());
}

/// A folder of its own, which goes away again.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("policyc-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn bundle(&self) -> PathBuf {
        self.0.join("p.plcb")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("the folder goes away");
    }
}

/// Puts another file in the place of one, as a deployment does.
fn replace(path: &Path, bytes: &[u8]) {
    let beside = path.with_extension("part");
    fs::write(&beside, bytes).expect("a file");
    fs::rename(&beside, path).expect("a name");
}

/// What a look found: the rule that decides now, and the words of a refusal.
fn found(engine: &Engine, files: &mut Files) -> (String, Option<String>) {
    let event = poll(engine, files);
    let words = match event {
        None => None,
        Some(Event::Loaded { digest, generation, .. }) => {
            let active = engine.active();
            assert_eq!((digest, generation), (active.program().digest(), active.generation()));
            Some("loaded".to_owned())
        }
        Some(Event::Refused { refused, kept }) => {
            assert_eq!(kept, engine.active().program().digest());
            Some(refused.to_string())
        }
    };
    (engine.active().program().rule_id(0).to_owned(), words)
}

#[test]
fn a_bad_update_keeps_what_decided_and_is_told_once() {
    let folder = Folder::new("engine-bad");
    let path = folder.bundle();
    let mut files = Files::unsigned(&path);
    assert!(matches!(start(&mut files), Err(ReloadError::Unreadable { .. })), "there is no file");
    let (one, two) = (bundle("one"), bundle("two"));
    replace(&path, &one[..one.len() - 1]);
    for _ in 0..2 {
        // Whoever tries again hears it again.
        assert!(matches!(start(&mut files), Err(ReloadError::Bundle(_))), "it was cut");
    }
    replace(&path, &one);
    let engine = start(&mut files).expect("a bundle");
    let mut looks = |wanted: &str, say: Option<&str>| {
        let (rule, words) = found(&engine, &mut files);
        assert_eq!(rule, wanted);
        match (say, words) {
            (None, None) => {}
            (Some(say), Some(words)) => assert!(words.contains(say), "{words}"),
            (say, words) => panic!("{say:?}, {words:?}"),
        }
    };
    looks("one", None);
    looks("one", None);
    let mut flipped = two.clone();
    flipped[two.len() / 2] ^= 4;
    for bad in [&two[..two.len() / 2], &flipped, b"", b"no bundle at all"] {
        replace(&path, bad);
        looks("one", Some("refused"));
        looks("one", None);
        looks("one", None);
    }
    fs::remove_file(&path).expect("it was there");
    looks("one", Some("cannot be read"));
    looks("one", None);
    fs::create_dir(&path).expect("a folder in its place");
    looks("one", Some("no regular file"));
    fs::remove_dir(&path).expect("it was there");
    // Longer than any bundle may be; it is not read.
    let long = fs::File::create(&path).expect("a file");
    long.set_len(1 << 40).expect("a hole");
    drop(long);
    looks("one", Some("it has 1099511627776 bytes of at most 16777216"));
    looks("one", None);
    replace(&path, &two);
    looks("two", Some("loaded"));
    // In place, in two halves: never half taken.
    fs::write(&path, &one[..one.len() / 2]).expect("a file");
    looks("two", Some("refused"));
    fs::write(&path, &one).expect("a file");
    looks("one", Some("loaded"));
    looks("one", None);
    looks("one", None);
}

#[test]
fn bytes_that_changed_within_a_tick_of_the_clock_are_found() {
    let folder = Folder::new("engine-tick");
    let path = folder.bundle();
    let (one, two) = (bundle("one"), bundle("two"));
    assert_eq!(one.len(), two.len());
    fs::write(&path, &one).expect("a file");
    let mut files = Files::unsigned(&path);
    let engine = start(&mut files).expect("a bundle");
    // The same file, size and time.
    rewrite(&path, &two);
    assert_eq!(found(&engine, &mut files), ("two".to_owned(), Some("loaded".to_owned())));
}

/// Writes other bytes into a file, which keeps its time.
fn rewrite(path: &Path, bytes: &[u8]) {
    let time = fs::metadata(path).expect("data").modified().expect("a time");
    fs::write(path, bytes).expect("a file");
    let file = fs::File::options().write(true).open(path).expect("a file");
    file.set_modified(time).expect("a time");
}

/// As `tar x` and `rsync --inplace -t` leave it, long after the file was looked at last.
#[cfg(unix)]
#[test]
fn bytes_that_changed_under_an_old_time_are_found() {
    let folder = Folder::new("engine-time");
    let path = folder.bundle();
    let (one, two) = (bundle("one"), bundle("two"));
    fs::write(&path, &one).expect("a file");
    let mut files = Files::unsigned(&path);
    let engine = start(&mut files).expect("a bundle");
    for _ in 0..3 {
        assert_eq!(found(&engine, &mut files), ("one".to_owned(), None));
    }
    thread::sleep(Duration::from_millis(20));
    rewrite(&path, &two);
    assert_eq!(found(&engine, &mut files), ("two".to_owned(), Some("loaded".to_owned())));
}

/// Opening a pipe waits until somebody writes to it.
#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_bundle_holds_nobody_up() {
    let folder = Folder::new("engine-pipe");
    let path = folder.bundle();
    replace(&path, &bundle("one"));
    let mut files = Files::unsigned(&path);
    let engine = start(&mut files).expect("a bundle");
    fs::remove_file(&path).expect("it was there");
    let made = std::process::Command::new("mkfifo").arg(&path).status().expect("`mkfifo` runs");
    assert!(made.success());
    let words = found(&engine, &mut files).1.expect("a refusal");
    assert!(words.contains("no regular file"), "{words}");
    let watch = Watch::start(engine, files, Duration::from_millis(1), |_| {}).expect("a thread");
    thread::sleep(Duration::from_millis(20));
    drop(watch);
}

#[test]
fn whole_bundles_decide_whatever_is_written_meanwhile() {
    let folder = Folder::new("engine-writes");
    let path = folder.bundle();
    let (one, two) = (bundle("one"), bundle("two"));
    replace(&path, &one);
    let mut files = Files::unsigned(&path);
    let engine = start(&mut files).expect("a bundle");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0_usize.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let bytes = if round % 2 == 0 { &two } else { &one };
                if round % 3 == 0 {
                    replace(&path, bytes)
                } else {
                    fs::write(&path, bytes).unwrap()
                }
            }
        });
        let mut loaded = 0;
        let (_stop, begun) = (Stop(&stop), Instant::now());
        while loaded < 40 && begun.elapsed() < Duration::from_secs(20) {
            let (rule, words) = found(&engine, &mut files);
            assert!(rule == "one" || rule == "two");
            loaded += usize::from(words.as_deref() == Some("loaded"));
        }
        assert!(loaded > 1, "{loaded}");
    });
}

#[test]
fn a_watch_loads_what_comes_and_ends_with_its_owner() {
    let folder = Folder::new("engine-watch");
    let path = folder.bundle();
    replace(&path, &bundle("one"));
    let mut files = Files::unsigned(&path);
    let engine = start(&mut files).expect("a bundle");
    let events = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&events);
    let tell = move |event| told.lock().unwrap().push(event);
    let watch = Watch::start(engine.clone(), files, Duration::from_millis(5), tell);
    let watch = watch.expect("a thread");
    let wait = |done: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < Duration::from_secs(20), "nothing happens");
            thread::sleep(Duration::from_millis(2));
        }
    };
    replace(&path, b"nothing good");
    wait(&|| !events.lock().unwrap().is_empty());
    replace(&path, &bundle("two"));
    wait(&|| engine.active().generation() == 2);
    assert!(watch.is_alive());
    drop(watch);
    replace(&path, &bundle("three"));
    thread::sleep(Duration::from_millis(30));
    assert_eq!(engine.active().generation(), 2, "nobody looks any more");
    let events = events.lock().unwrap();
    let [Event::Refused { .. }, Event::Loaded { name, generation: 2, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(name, "p");
}

#[test]
fn a_watch_whose_listener_panics_says_that_it_is_gone() {
    let folder = Folder::new("engine-panic");
    let path = folder.bundle();
    replace(&path, &bundle("one"));
    let mut files = Files::unsigned(&path);
    let engine = start(&mut files).expect("a bundle");
    replace(&path, &bundle("two"));
    let tell = |_| panic!("on purpose");
    let watch = Watch::start(engine.clone(), files, Duration::from_millis(1), tell);
    let watch = watch.expect("a thread");
    let begun = Instant::now();
    while watch.is_alive() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it is still there");
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(engine.active().generation(), 2, "the bundle was good");
    assert_eq!(engine.decider().pin().generation, 2);
}
