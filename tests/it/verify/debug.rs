//! Cases of V28: the debug section is about its bundle, its places inside its sources.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::bundle::debug::{
    Debug, DebugError, Place, RuleAtom, check, decode, encode, of,
};
use policyc::runtime::bundle::module::Module;
use policyc::runtime::bundle::reader::read;

const SOURCE: &str = "\
policyc: 1
name: ü
default: deny
schema: {request: {amount: double}}
rules:
  - {id: big, when: request.amount > 10.0, deny: big}
";

/// A module, and what its debug section says.
fn sample() -> (Module, Debug) {
    let mut files = SourceMap::new();
    files.add("p.yaml", SOURCE);
    let bundle = compile(&files, &Options::default(), &mut Sink::new()).unwrap().bundle;
    let module = read(&bundle).unwrap();
    let debug = decode(&module.debug).unwrap();
    (module, debug)
}

#[test]
fn what_the_compiler_writes_is_accepted() {
    let (module, debug) = sample();
    assert_eq!(check(&debug, &module), Ok(()));
    assert_eq!(of(&module), debug);
    assert_eq!(debug.sources[0].1, SOURCE);
}

#[test]
fn tables_that_stand_beside_other_tables_are_refused() {
    let changes: [fn(&mut Debug); 8] = [
        |debug| debug.code.push(Place::default()),
        |debug| debug.code.clear(),
        |debug| debug.atoms.push(Place::default()),
        |debug| debug.functions.clear(),
        |debug| debug.rules.clear(),
        |debug| debug.sources.clear(),
        |debug| debug.sources.push(("more.yaml".to_owned(), String::new())),
        |debug| debug.rules[0].atoms.push(RuleAtom { atom: 99, ..RuleAtom::default() }),
    ];
    for (nth, change) in changes.into_iter().enumerate() {
        let (module, mut debug) = sample();
        change(&mut debug);
        assert_eq!(check(&debug, &module), Err(DebugError::Beside), "change {nth}");
    }
}

#[test]
fn other_sources_are_refused() {
    let changes: [fn(&mut Debug); 3] = [
        |debug| debug.sources[0].0 = "q.yaml".to_owned(),
        |debug| debug.sources[0].1.push('\n'),
        |debug| debug.sources[0].1 = SOURCE.replace("10.0", "99.0"),
    ];
    for change in changes {
        let (module, mut debug) = sample();
        change(&mut debug);
        assert_eq!(check(&debug, &module), Err(DebugError::Source(0)));
    }
}

#[test]
fn places_outside_of_sources_are_refused() {
    let end = u32::try_from(SOURCE.len()).unwrap();
    let inside = u32::try_from(SOURCE.find('ü').unwrap()).unwrap() + 1;
    let places = [(0, 0, end + 1), (0, u32::MAX, u32::MAX), (0, 5, 4), (0, inside, end), (1, 0, 0)];
    for (source, start, end) in places {
        let place = Place { source, start, end };
        let (module, debug) = sample();
        let mut changed = [debug.clone(), debug.clone(), debug.clone(), debug.clone(), debug];
        changed[0].code[0] = place;
        changed[1].atoms[0] = place;
        changed[2].functions[0].1 = place;
        changed[3].rules[0].place = place;
        changed[4].rules[0].atoms[0].place = place;
        for debug in changed {
            assert_eq!(check(&debug, &module), Err(DebugError::Place(place)));
        }
    }
}

#[test]
fn nobody_is_shown_what_was_refused() {
    let (mut module, mut debug) = sample();
    debug.sources[0].1 = SOURCE.replace("10.0", "99.0");
    module.debug = encode(&debug).unwrap();
    assert_eq!(of(&module), Debug::default(), "another source");
    module.debug = vec![0xFF; 16];
    assert_eq!(of(&module), Debug::default(), "no section");
    module.debug.clear();
    assert_eq!(of(&module), Debug::default(), "an empty section");
}

#[test]
fn the_atom_behind_the_last_is_refused() {
    let (module, mut debug) = sample();
    let rule = debug.rules.first_mut().unwrap();
    let last = RuleAtom { atom: module.manifest.atoms - 1, ..RuleAtom::default() };
    rule.atoms = vec![last];
    assert_eq!(check(&debug, &module), Ok(()));
    debug.rules[0].atoms[0].atom += 1;
    assert_eq!(check(&debug, &module), Err(DebugError::Beside));
}

#[test]
fn each_fault_is_told_in_words() {
    let told = [
        (DebugError::Malformed, "cannot be read"),
        (DebugError::Trailing(7), "ends at byte 7, not later"),
        (DebugError::NotCanonical, "written in an unusual way"),
        (DebugError::Beside, "about another bundle"),
        (DebugError::Source(3), "source 3 is not the one"),
        (DebugError::Place(Place { source: 1, start: 2, end: 3 }), "source 1 has no bytes 2 to 3"),
    ];
    for (error, words) in told {
        assert!(error.to_string().contains(words), "{error}");
    }
}
