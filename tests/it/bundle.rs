//! The bundle as bytes: what is written is read, and nothing else is.

use std::collections::BTreeSet;

use policyc::base::limits::{
    BUNDLE_BYTES_MAX, CONSTANT_ELEMENTS_MAX, STRINGS_MAX, TABLE_ENTRIES_MAX,
};
use policyc::diag::codes::Code;
use policyc::lang::constant::Constant;
use policyc::lang::functions::BUILTIN_ABI;
use policyc::runtime::bundle::digest;
use policyc::runtime::bundle::error::{LoadError, Part, Problem, WriteError};
use policyc::runtime::bundle::govern::Govern;
use policyc::runtime::bundle::layout::{ENTRY_BYTES, HEADER_BYTES, MINOR, Section, aligned};
use policyc::runtime::bundle::module::Module;
use policyc::runtime::bundle::reader::{read, root};
use policyc::runtime::bundle::writer::write;
use proptest::prelude::{ProptestConfig, any, proptest};

use crate::support::module::rich;
use crate::support::seal::{body, entries, reseal, said};

fn bytes() -> Vec<u8> {
    write(&rich()).unwrap()
}

/// The section's offset and length.
fn place(bytes: &[u8], section: Section) -> (usize, usize) {
    let kind = section.kind().to_le_bytes();
    let entry = entries(bytes).find(|at| bytes[*at..at + 2] == kind).unwrap();
    said(bytes, entry)
}

/// What reading says after `change`, digests made to fit.
fn resealed(change: impl FnOnce(&mut Vec<u8>)) -> LoadError {
    let mut bytes = bytes();
    change(&mut bytes);
    reseal(&mut bytes);
    read(&bytes).expect_err("it was changed")
}

#[test]
fn what_is_written_is_read() {
    let bytes = bytes();
    let module = read(&bytes).unwrap();
    // NaN is not equal to itself, so that texts are compared.
    assert_eq!(format!("{module:?}"), format!("{:?}", rich()));
    assert_eq!(write(&module).unwrap(), bytes);
    assert_eq!(root(&bytes).as_ref().map(|root| &root[..]), Some(&bytes[32..64]));
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let mut bytes = bytes();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            assert!(read(&bytes).is_err(), "byte {at}, bit {bit}");
            bytes[at] ^= 1 << bit;
        }
        assert!(read(&bytes[..at]).is_err(), "cut at {at}");
    }
    bytes.push(0);
    assert!(read(&bytes).is_err(), "a byte too many");
}

#[test]
fn a_changed_byte_under_good_digests_is_refused_or_means_something_else() {
    let good = bytes();
    let start = body(&good);
    for at in start..good.len() {
        for byte in [0, 1, 2, 0x7F, 0xFF] {
            let mut bytes = good.clone();
            bytes[at] = byte;
            reseal(&mut bytes);
            if let Ok(module) = read(&bytes) {
                assert_eq!(write(&module).as_ref(), Ok(&bytes), "byte {at} as {byte}");
            }
        }
    }
}

#[test]
fn damage_is_named() {
    let good = bytes();
    let (from, len) = place(&good, Section::Code);
    let mut bytes = good.clone();
    bytes[from + 3] ^= 1;
    let error = read(&bytes).unwrap_err();
    assert_eq!(error, LoadError::Digest { section: Section::Code, from, to: from + len });
    assert!(error.is_integrity());
    let said = error.diagnostic("payments.plcb");
    assert_eq!(said.code, Code::Damaged);
    let to = from + len;
    assert_eq!(
        said.message,
        format!(
            "`payments.plcb` is damaged and was not loaded: section `code`, bytes {from} to {to}, \
             is not what its digest says"
        )
    );
}

#[test]
fn the_header_is_checked() {
    let len = bytes().len();
    assert_eq!(read(b""), Err(LoadError::NotABundle));
    assert_eq!(read(b"policyc: 1\n"), Err(LoadError::NotABundle));
    assert_eq!(read(&vec![0; BUNDLE_BYTES_MAX + 1]).unwrap_err().code(), Code::TooLarge);
    assert_eq!(read(&bytes()[..8]), Err(LoadError::Length { len: 8, said: None }));
    let version = |part, found, known| LoadError::Version { part, found, known };
    assert_eq!(resealed(|bytes| bytes[8] = 2), version(Part::Format, 2, 1));
    assert_eq!(resealed(|bytes| bytes[10] += 1), version(Part::Additions, MINOR + 1, MINOR));
    let older = resealed(|bytes| bytes[10] -= 1);
    assert_eq!(older, version(Part::Additions, MINOR - 1, MINOR));
    let said = older.diagnostic("p.plcb").message;
    let (older, here) = (MINOR - 1, MINOR);
    let line = format!("`p.plcb` is of an older version: format additions {older}, here {here}");
    assert_eq!(said, line);
    assert_eq!(resealed(|bytes| bytes[28] = 2), version(Part::Instructions, 2, 1));
    assert_eq!(resealed(|bytes| bytes[30] = 0), version(Part::Builtins, 0, BUILTIN_ABI));
    assert_eq!(resealed(|bytes| bytes[13] = 1), LoadError::NotZero { at: 13 });
    let longer = len as u64 + 1;
    let found = resealed(|bytes| bytes[16..24].copy_from_slice(&longer.to_le_bytes()));
    assert_eq!(found, LoadError::Length { len, said: Some(longer) });
    assert_eq!(resealed(|bytes| bytes[24] = 0), LoadError::SectionCount { found: 0 });
    assert_eq!(resealed(|bytes| bytes[24] = 17), LoadError::SectionCount { found: 17 });
    let mut bytes = bytes();
    bytes[40] ^= 1;
    assert_eq!(read(&bytes), Err(LoadError::Root));
}

#[test]
fn the_section_table_is_checked() {
    let entry = |at: usize| HEADER_BYTES + at * ENTRY_BYTES;
    let (start, _) = place(&bytes(), Section::Manifest);
    assert_eq!(
        resealed(|bytes| bytes[entry(10)] = 10),
        LoadError::Section { found: 10, expected: Some(Section::Debug) }
    );
    assert_eq!(
        resealed(|bytes| bytes[entry(0) + 2] = 3),
        LoadError::Flags { section: Section::Manifest, found: 3 }
    );
    assert_eq!(resealed(|bytes| bytes[entry(1) + 4] = 1), LoadError::NotZero { at: entry(1) + 4 });
    assert_eq!(
        resealed(|bytes| bytes[entry(0) + 8] += 8),
        LoadError::Place { section: Section::Manifest, found: start as u64 + 8, expected: start }
    );
    assert!(matches!(
        resealed(|bytes| bytes[entry(0) + 16 + 7] = 0xFF),
        LoadError::Place { section: Section::Manifest, .. }
    ));
    let (offset, len) = place(&bytes(), Section::Manifest);
    assert_ne!(aligned(len), len, "the sample has padding to test");
    assert_eq!(resealed(|bytes| bytes[offset + len] = 1), LoadError::NotZero { at: offset + len });
    let mut nine = bytes();
    nine[24] = 9;
    let found = digest::root(&nine[..32], &nine[HEADER_BYTES..entry(11)]);
    nine[32..64].copy_from_slice(&found);
    let nine = read(&nine).unwrap_err();
    assert_eq!(nine, LoadError::Root, "the root covers the table that the header announces");
}

#[test]
fn every_problem_in_a_section_is_found() {
    let mut found = BTreeSet::new();
    let good = bytes();
    for section in [Section::Manifest, Section::Schema, Section::Constants, Section::Code] {
        let (offset, len) = place(&good, section);
        for at in offset..offset + len {
            for byte in [1, 2, 0x55, 0xFF] {
                let mut bytes = good.clone();
                bytes[at] = byte;
                reseal(&mut bytes);
                if let Err(LoadError::Malformed { problem, .. }) = read(&bytes) {
                    found
                        .insert(format!("{problem:?}").split([' ', '(']).next().map(str::to_owned));
                }
            }
        }
    }
    let mut module = rich();
    module.constants = vec![Constant::Null];
    for _ in 0..32 {
        let last = module.constants.pop().unwrap();
        module.constants.push(Constant::List(vec![last]));
    }
    let mut deep = write(&module).unwrap();
    let (offset, len) = place(&deep, Section::Constants);
    // The innermost null becomes one more list that is empty: its tag, and the counts behind it.
    let at = deep[offset..offset + len].iter().rposition(|byte| *byte == 10).unwrap() + offset + 5;
    deep[at] = 10;
    reseal(&mut deep);
    if let Err(LoadError::Malformed { problem, .. }) = read(&deep) {
        found.insert(Some(format!("{problem:?}")));
    }
    let found: Vec<String> = found.into_iter().flatten().collect();
    let all = ["Count", "End", "Leftover", "NotCanonical", "Opcode", "Tag", "Text", "TooDeep"];
    assert_eq!(found, all);
}

#[test]
fn limits_are_errors_of_writing() {
    let mut module = rich();
    module.slots = vec![module.slots[0]; 65_536];
    let section = Section::Schema;
    assert_eq!(write(&module), Err(WriteError::TooMany { section, found: 65_536, max: 65_535 }));
    let mut module = rich();
    let mut constant = Constant::Null;
    for _ in 0..33 {
        constant = Constant::List(vec![constant]);
    }
    module.constants.push(constant);
    assert_eq!(write(&module), Err(WriteError::ConstantTooDeep { max: 32 }));
    let mut module = rich();
    module.constants.push(Constant::List(vec![Constant::Null; (1 << 20) + 1]));
    assert!(matches!(write(&module), Err(WriteError::TooMany { .. })));
    let mut module = rich();
    module.debug = vec![0; BUNDLE_BYTES_MAX];
    assert!(matches!(write(&module), Err(WriteError::TooLarge { .. })));
    assert_eq!(write(&module).unwrap_err().diagnostic().code, Code::TooMany);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(noise in any::<Vec<u8>>()) {
        let _ = read(&noise);
        let start = bytes().into_iter().take(64);
        let _ = read(&start.chain(noise).collect::<Vec<u8>>());
    }

    #[test]
    fn any_content_is_read_back_or_refused(
        at in any::<usize>(), with in any::<Vec<u8>>(), section in 0_usize..10,
    ) {
        let mut bytes = bytes();
        let (offset, len) = place(&bytes, Section::ALL[section]);
        for (at, byte) in with.iter().enumerate().map(|(by, byte)| (at.wrapping_add(by), byte)) {
            if len > 0 {
                bytes[offset + at % len] = *byte;
            }
        }
        reseal(&mut bytes);
        if let Ok(module) = read(&bytes) {
            assert_eq!(write(&module).as_ref(), Ok(&bytes));
        }
    }
}

/// The bundle with these sections: kind and content of each.
fn assembled(like: &[u8], sections: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut offset = HEADER_BYTES + sections.len() * ENTRY_BYTES;
    let (mut table, mut content): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
    for (kind, bytes) in sections {
        let flags = Section::from_kind(*kind).unwrap().flags();
        table.extend([kind.to_le_bytes(), flags.to_le_bytes(), [0; 2], [0; 2]].concat());
        table.extend([(offset as u64).to_le_bytes(), (bytes.len() as u64).to_le_bytes()].concat());
        table.extend(digest::of(bytes));
        let start = content.len();
        content.extend(bytes);
        content.resize(content.len().next_multiple_of(8), 0);
        offset += content.len() - start;
    }
    let mut header = like[..HEADER_BYTES].to_vec();
    header[16..24].copy_from_slice(&(offset as u64).to_le_bytes());
    header[24] = u8::try_from(sections.len()).unwrap();
    let mut bytes = [header, table, content].concat();
    reseal(&mut bytes);
    bytes
}

#[test]
fn what_records_withhold_and_sessions_know_has_a_section_only_where_there_is_some() {
    let good = bytes();
    let sections: Vec<(u16, Vec<u8>)> = Section::ALL
        .iter()
        .map(|section| {
            let (from, len) = place(&good, *section);
            (section.kind(), good[from..from + len].to_vec())
        })
        .collect();
    assert_eq!(assembled(&good, &sections), good);
    let none = Module { redactions: Vec::new(), govern: Govern::default(), ..rich() };
    let without: Vec<_> = sections.iter().filter(|(kind, _)| *kind != 10).cloned().collect();
    assert_eq!(assembled(&good, &without), write(&none).unwrap());
    assert_eq!(format!("{:?}", read(&assembled(&good, &without)).unwrap()), format!("{none:?}"));
    for empty in [vec![0; 12], Vec::new()] {
        let mut some = sections.clone();
        some[9].1.clone_from(&empty);
        let error = read(&assembled(&good, &some)).unwrap_err();
        assert!(
            matches!(error, LoadError::Malformed { section: Section::Govern, .. }),
            "{empty:?}: {error:?}"
        );
    }
}

/// A module with these constants and nothing that names them: its bytes can be read all the same.
fn with_constants(constants: Vec<Constant>) -> Module {
    Module { constants, ..rich() }
}

#[test]
fn bundles_reach_their_largest_size_and_do_not_pass_it() {
    assert_eq!(read(&vec![0; BUNDLE_BYTES_MAX]), Err(LoadError::NotABundle));
    let empty = write(&Module { debug: Vec::new(), ..rich() }).unwrap().len();
    let of = |debug: usize| write(&Module { debug: vec![0; debug], ..rich() });
    let most = BUNDLE_BYTES_MAX - empty;
    assert_eq!(of(most).map(|bytes| bytes.len()), Ok(BUNDLE_BYTES_MAX));
    let (len, max) = (BUNDLE_BYTES_MAX + 8, BUNDLE_BYTES_MAX);
    assert_eq!(of(most + 1), Err(WriteError::TooLarge { len, max }));
    let said = of(most + 1).unwrap_err().diagnostic();
    assert!(said.message.contains("16777224 bytes; a bundle has at most 16777216"), "{said:?}");
}

#[test]
fn a_cut_header_is_told_from_a_length_that_is_wrong() {
    let bytes = bytes();
    for len in [8, 40, HEADER_BYTES - 1] {
        assert_eq!(read(&bytes[..len]), Err(LoadError::Length { len, said: None }));
    }
    let (len, said) = (HEADER_BYTES, Some(bytes.len() as u64));
    assert_eq!(read(&bytes[..len]), Err(LoadError::Length { len, said }));
    let newer = LoadError::Version { part: Part::Instructions, found: 9, known: 8 };
    let said = newer.diagnostic("p.plcb").message;
    assert_eq!(said, "`p.plcb` is of a newer version: instructions 9, here 8");
}

#[test]
fn what_cannot_be_read_is_told_with_its_place_and_in_words_of_its_own() {
    let (start, len) = place(&bytes(), Section::Code);
    let found = resealed(|bytes| bytes[start..start + 4].copy_from_slice(&[0xFF; 4]));
    let LoadError::Malformed { section: Section::Code, at, problem } = found else {
        panic!("{found:?}");
    };
    assert_eq!(at, start + 4);
    let Problem::Count { found: u32::MAX, max } = problem else { panic!("{problem:?}") };
    assert!(max < len, "{max}");
    let problems = [
        (Problem::End, "it ends too early"),
        (Problem::Leftover, "behind its end"),
        (Problem::Count { found: 7, max: 3 }, "7 entries where at most 3 can be"),
        (Problem::Tag(9), "the byte 9 means nothing"),
        (Problem::Opcode(9), "no instruction 0x09"),
        (Problem::Text, "not UTF-8"),
        (Problem::NotCanonical, "its one form"),
        (Problem::TooDeep, "nested too deeply"),
    ];
    for (problem, words) in problems {
        let error = LoadError::Malformed { section: Section::Code, at: 5, problem };
        let said = error.diagnostic("p").message;
        assert!(said.contains("at byte 5: ") && said.contains(words), "{said}");
    }
}

#[test]
fn nesting_ends_where_a_constant_ends() {
    let some = |it| Constant::Optional(Some(Box::new(Constant::Int(it))));
    let module = with_constants((0..100).map(some).collect());
    assert_eq!(read(&write(&module).unwrap()).unwrap().constants, module.constants);
}

#[test]
fn elements_of_all_constants_together_reach_their_limit_and_do_not_pass_it() {
    let max = CONSTANT_ELEMENTS_MAX;
    let nulls = |count: usize| Constant::List(vec![Constant::Null; count]);
    let fault = |found| Err(WriteError::TooMany { section: Section::Constants, found, max });
    assert_eq!(write(&with_constants(vec![nulls(max), nulls(1)])), fault(max + 1));
    let entries = |count: usize| Constant::Map(vec![(Constant::Null, Constant::Null); count]);
    assert!(write(&with_constants(vec![entries(max / 2)])).is_ok());
    assert_eq!(write(&with_constants(vec![entries(max / 2 + 1)])), fault(max + 2));
    // One byte becomes a list of one element, under digests that fit.
    let read_with = |elements: usize| {
        let constants = vec![nulls(elements), Constant::Bytes(vec![0])];
        let mut bytes = write(&with_constants(constants)).unwrap();
        let (start, _) = place(&bytes, Section::Constants);
        let tag = start + 4 + 5 + elements;
        assert_eq!(bytes[tag..tag + 6], [6, 1, 0, 0, 0, 0]);
        bytes[tag] = 10;
        reseal(&mut bytes);
        read(&bytes).map(|module| module.constants.len())
    };
    assert_eq!(read_with(max - 1), Ok(2));
    let found = read_with(max);
    let wanted = Problem::Count { found: 1, max: 0 };
    assert!(
        matches!(found, Err(LoadError::Malformed { problem, .. }) if problem == wanted),
        "{found:?}"
    );
}

#[test]
fn tables_reach_their_limits_and_do_not_pass_them() {
    let sets = |count: usize| write(&Module { sets: vec![Vec::new(); count], ..rich() });
    assert!(sets(TABLE_ENTRIES_MAX).is_ok());
    let (section, found, max) = (Section::Constants, TABLE_ENTRIES_MAX + 1, TABLE_ENTRIES_MAX);
    assert_eq!(sets(found), Err(WriteError::TooMany { section, found, max }));
    let strings = |count: usize| {
        write(&Module { strings: std::iter::repeat_n("", count).collect(), ..rich() })
    };
    assert!(strings(STRINGS_MAX).is_ok());
    let (section, found, max) = (Section::Strings, STRINGS_MAX + 1, STRINGS_MAX);
    assert_eq!(strings(found), Err(WriteError::TooMany { section, found, max }));
}
