//! `policyc replay pack`: lines come back byte for byte, columns say what lines say, and what was
//! cut or changed is not read.

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use parquet::file::reader::{FileReader, SerializedFileReader};
use policyc::runtime::program::Program;
use policyc::runtime::record::read::Record;
use policyc::tools::replay::comparer::Comparer;
use policyc::tools::replay::filter::Filter;
use policyc::tools::replay::impact::Impact;
use policyc::tools::replay::pack::columns::compare;
use policyc::tools::replay::pack::file::Pack;
use policyc::tools::replay::pack::{Candidates, PackError, Packer, lines};
use policyc::tools::replay::store::Store;
use policyc::tools::replay::stream::Chunk;
use serde_json::Value as Json;

use crate::records::round_trip::{others, spelled, try_program};
use crate::records::{NOW, recorded};
use crate::replay::impact::{contexts, logged};
use crate::replay::pack_messages::text;
use crate::replay::undetermined::{self, DIFF};
use crate::replay::{POLICY, file, payment, project, records};
use crate::support::generate::random::Random;
use crate::support::policies::{Vocabularies, context, policy};
use crate::support::run::{Folder, ran};

use policyc::runtime::vm::request::ingest;
use policyc::runtime::vm::scratch::Scratch;

/// A pack of groups of lines.
pub(super) fn packed(programs: &[Program], groups: &[&[u8]]) -> Vec<u8> {
    let packer = Packer::of(programs.iter()).expect("a layout");
    let mut writer = packer.begin(Cursor::new(Vec::new())).expect("a pack");
    let mut shredder = packer.shredder();
    for group in groups {
        let torn = group.last().is_some_and(|last| *last != b'\n');
        writer.append(packer.pack(&mut shredder, group).expect("a group"), torn).expect("appended");
    }
    writer.finish().expect("finished").into_inner()
}

fn unpacked(path: &Path) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    lines(File::open(path)?, &Arc::new(AtomicU64::new(0)))?.read_to_end(&mut all)?;
    Ok(all)
}

/// Records of random programs about random contexts, with the programs.
fn random_records(random: &mut Random, known: &Vocabularies) -> (Vec<Program>, Vec<String>) {
    let (mut programs, mut all) = (others(), Vec::new());
    for _ in 0..4 {
        let Some(own) = try_program(&policy(random, known)) else { continue };
        let mut scratch = Scratch::for_program(&own);
        for _ in 0..12 {
            let context = spelled(random);
            all.push(recorded(&mut ingest(&own, context.as_bytes(), &mut scratch), &NOW).0);
        }
        programs.push(own);
    }
    (programs, all)
}

/// A line with something else in it, at a random place.
fn slipped(line: &str, random: &mut Random) -> Vec<u8> {
    let mut bytes = line.as_bytes().to_vec();
    let slips: [&[u8]; 14] = [
        b"\x01",
        b"\x02\x05\x00",
        b"\x03",
        b"\"",
        b"\\",
        b" ",
        b"{",
        b"}",
        b",",
        b"\xff",
        b"5",
        b"\"id\":\"x\",",
        b"\"$x\":1,",
        b"null",
    ];
    let at = random.below(bytes.len());
    let slip = slips[random.below(slips.len())];
    if random.once_in(2) {
        bytes.splice(at..at, slip.iter().copied());
    } else {
        bytes.truncate(at);
        bytes.extend_from_slice(slip);
    }
    bytes
}

#[test]
fn lines_come_back_byte_for_byte() {
    let folder = Folder::new("pack-lines");
    let known = Vocabularies::new();
    let rounds = std::env::var("PACK_ROUNDS").ok().and_then(|text| text.parse().ok());
    for seed in 0..rounds.unwrap_or(30_u64) {
        let mut random = Random::new(seed);
        let (mut programs, all) = random_records(&mut random, &known);
        // Any of them gives columns, also one that reads otherwise.
        programs.rotate_left(random.below(4));
        programs.truncate(random.below(5));
        let mut lines: Vec<Vec<u8>> = Vec::new();
        for line in &all {
            lines.push(line.as_bytes().to_vec());
            if random.once_in(2) {
                lines.push(slipped(line, &mut random));
            }
        }
        lines.push(Vec::new());
        lines.push(br#"{"$gap":{"w":"gw","n":3,"count":2}}"#.to_vec());
        lines.push(br#" {"v":1, "id" : "a", "ctx" : { "a":{"i": 5 } } } "#.to_vec());
        let mut content = lines.join(&b'\n');
        if random.once_in(2) {
            content.push(b'\n');
        }
        let cut = content.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
        let (first, rest) = content.split_at(cut);
        let path = folder.add("a.pdr.parquet", packed(&programs, &[first, b"", rest]));
        assert!(unpacked(&path).expect("lines") == content, "seed {seed}");
    }
}

#[test]
fn columns_say_what_records_say() {
    let folder = Folder::new("pack-columns");
    let known = Vocabularies::new();
    let (mut texts, mut rows) = (0, 0);
    for seed in 100..110_u64 {
        let mut random = Random::new(seed);
        let (programs, all) = random_records(&mut random, &known);
        let path = folder.add("a.pdr.parquet", packed(&programs[4..], &[file(&all).as_bytes()]));
        // The reader is the one of the crate, and reads rows, not our codes.
        let reader =
            SerializedFileReader::new(File::open(&path).expect("a file")).expect("Parquet");
        for (row, line) in reader.get_row_iter(None).expect("rows").zip(&all) {
            let row = row.expect("a row");
            let said = |name: &str| {
                text(row.get_column_iter().find(|(own, _)| *own == name).map(|(_, it)| it))
            };
            let record = Record::read(line.as_bytes()).expect("a record");
            let outcome = record.outcome.expect("an outcome");
            assert_eq!(said("line").as_deref(), Some("record"));
            assert_eq!(said("effect").as_deref(), outcome.effect.map(|it| it.word()));
            assert_eq!(said("rule"), outcome.rule.map(|it| it.text().into_owned()));
            assert_eq!(said("reason"), outcome.reason.map(|it| it.text().into_owned()));
            let fired: Vec<String> = outcome.fired().map(|it| it.text().into_owned()).collect();
            assert_eq!(said("fired").unwrap_or_default(), fired.join(","));
            let digest = outcome.digest.expect("a digest");
            let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(said("digest"), Some(hex));
            assert_eq!(said("weight").as_deref(), Some("1"));
            let json: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let place = json.pointer("/ctx/a/s").and_then(|it| it.as_str());
            let is_column = row.get_column_iter().any(|(own, _)| own == "/a/s");
            if said("plain").as_deref() == Some("true") && is_column {
                let told = said("/a/s");
                // Where a program of this pack reads it as anything else, the column is JSON.
                let same = told.as_deref() == place || told.is_some_and(|it| it.starts_with('"'));
                assert!(same, "{line}");
                texts += usize::from(place.is_some());
            }
            rows += 1;
        }
    }
    assert!(rows > 300 && texts > rows / 4, "{texts} of {rows}");
}

#[test]
fn what_was_cut_or_changed_is_not_read() {
    let folder = Folder::new("pack-damage");
    let known = Vocabularies::new();
    let mut random = Random::new(7);
    let (programs, all) = random_records(&mut random, &known);
    let content = file(&all);
    let pack = packed(&programs, &[content.as_bytes()]);
    let read = |bytes: &[u8]| unpacked(&folder.add("a.pdr.parquet", bytes));
    for len in (0..pack.len()).step_by(61) {
        assert!(read(&pack[..len]).is_err(), "cut at {len}");
    }
    let mut refused = 0;
    for _ in 0..600 {
        let (at, bit) = (random.below(pack.len()), random.below(8));
        let mut changed = pack.clone();
        changed[at] ^= 1 << bit;
        // Columns that no line asks for are not read, and so may be anything.
        match read(&changed) {
            Ok(lines) => assert!(lines == content.as_bytes(), "bit {bit} of byte {at}"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 300, "{refused}");
}

/// What the footer says of a group is read when the group is, so it may have changed since.
#[test]
fn a_footer_that_changes_behind_an_open_pack_is_not_gone_by() {
    let folder = Folder::new("pack-behind");
    let program = try_program(POLICY).expect("a policy");
    let lines = file(&records(&program, &contexts()));
    let bytes = packed(&[program], &[lines.as_bytes()]);
    let path = folder.add("a.pdr.parquet", &bytes);
    let pack = Pack::open(File::open(&path).expect("a file")).expect("a pack");
    let told = || -> Result<Vec<String>, PackError> {
        let group = pack.group(0)?;
        let column = |at| group.column(at).map(|column| format!("{column:?}"));
        (0..pack.layout().columns.len()).map(column).collect()
    };
    let (before, mut refused) = (told().expect("columns"), 0);
    let (_, tail) = bytes.split_last_chunk::<8>().expect("an end");
    let len = u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]) as usize;
    for at in (bytes.len() - 8 - len..bytes.len()).step_by(5) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(&path, changed).expect("a file");
        match told() {
            Ok(now) => assert_eq!(now, before, "{at}"),
            Err(PackError::Changed(_)) => refused += 1,
            Err(other) => panic!("{at}: {other}"),
        }
    }
    assert!(refused > len / 10, "{refused} of {len}");
}

#[test]
fn bad_packs_end_commands_as_the_table_says() {
    let (folder, program) = project("pack-bad", POLICY);
    let contexts: Vec<String> = (0..40).map(|at| payment(at * 1_000, "rent", &["ann"])).collect();
    folder.add("logs/a.jsonl", file(&records(&program, &contexts)));
    let run = |line: &str| ran(folder.path(), line);
    run("replay pack logs --bundle policy.plcb -o a.pdr.parquet").expect(0, &["40 lines"]);
    let pack = fs::read(folder.path().join("a.pdr.parquet")).expect("the pack");
    let verify = || run("replay verify bad --bundle policy.plcb");
    run("replay verify a.pdr.parquet --bundle policy.plcb").expect(0, &["exact", "40"]);
    let bad = |bytes: &[u8]| folder.add("bad/a.pdr.parquet", bytes);
    bad(&pack[..pack.len() - 100]);
    verify().expect(2, &["the end of the pack is missing"]);
    let with = |at: usize, byte: u8| {
        let mut pack = pack.clone();
        pack[at] = byte;
        bad(&pack);
    };
    with(4, b'X');
    verify().expect(2, &["it is Parquet, and no pack"]);
    with(8, 5);
    verify().expect(2, &["a pack of version 5, and this build knows 1 to 4"]);
    // Columns said less then; lines are the same.
    for older in [1, 2, 3] {
        with(8, older);
        verify().expect(0, &["exact", "40"]);
        let told = "is taken line by line: its columns are those of an older";
        run("replay diff bad --bundle policy.plcb --to policy.plcb")
            .expect(0, &["40 decisions", told]);
    }
    let last = pack.len() - 12;
    with(last, !pack[last]);
    verify().expect(4, &["the footer of the pack is not what was written"]);
    let middle = pack.len() / 4;
    with(middle, !pack[middle]);
    let changed = run("replay convert bad -o all.jsonl");
    changed.expect(4, &["of the pack is not what was written"]);
    assert!(!folder.names().iter().any(|name| name.contains("all.jsonl")), "nothing half-written");
    run("replay pack logs --bundle policy.plcb -o logs/a.jsonl").expect(2, &["is read"]);
    run("replay pack logs -o nowhere/a.pdr.parquet").expect(2, &["there is no such directory"]);
    // A line that would be lost ends it.
    folder.add("logs/b.jsonl.gz", [0x1F, 0x8B, 8, 0]);
    let cut = run("replay pack logs --bundle policy.plcb -o b.pdr.parquet");
    cut.expect(2, &["cannot be read on", "nothing was written"]);
    assert!(!folder.names().iter().any(|name| name.contains("b.pdr.parquet")));
}

#[test]
fn the_bytes_do_not_hang_on_threads() {
    let (folder, program) = project("pack-threads", POLICY);
    let contexts: Vec<String> = (0..300).map(|at| payment(at * 100, "rent", &["ann"])).collect();
    let lines = file(&records(&program, &contexts));
    folder.add("logs/a.jsonl", lines.repeat(90));
    folder.add("logs/b.jsonl", lines.trim_end());
    let packs: Vec<Vec<u8>> = ["1", "3"]
        .iter()
        .map(|threads| {
            let line = format!(
                "replay pack logs --bundle policy.plcb -o {threads}.pdr.parquet --threads {threads}"
            );
            ran(folder.path(), &line).expect(0, &["300 lines"]);
            fs::read(folder.path().join(format!("{threads}.pdr.parquet"))).expect("a pack")
        })
        .collect();
    assert!(packs[0] == packs[1]);
    let columns = "replay convert logs --bundle policy.plcb -o 2.pdr.parquet";
    ran(folder.path(), columns).expect(0, &["300 lines"]);
    assert!(fs::read(folder.path().join("2.pdr.parquet")).expect("a pack") == packs[0]);
    ran(folder.path(), "replay convert 1.pdr.parquet -o all.jsonl").expect(0, &[]);
    ran(folder.path(), "replay convert logs -o plain.jsonl").expect(0, &[]);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("lines");
    assert!(read("all.jsonl") == lines.repeat(91).trim_end());
    assert!(read("plain.jsonl") == read("all.jsonl"));
}

/// A disk that is full after so many bytes.
struct Full(Cursor<Vec<u8>>, usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.position() as usize + bytes.len() > self.1 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Full {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_full_disk_is_told() {
    let mut random = Random::new(11);
    let (programs, all) = random_records(&mut random, &Vocabularies::new());
    let lines = file(&all);
    let whole = packed(&programs, &[lines.as_bytes()]).len();
    let packer = Packer::of(programs.iter()).expect("a layout");
    let write = |room: usize| -> Result<(), PackError> {
        let mut writer = packer.begin(Full(Cursor::new(Vec::new()), room))?;
        writer.append(packer.pack(&mut packer.shredder(), lines.as_bytes())?, false)?;
        writer.finish().map(drop)
    };
    assert!(write(whole).is_ok());
    for room in (0..whole).step_by(257) {
        match write(room) {
            Err(PackError::Io(error)) => {
                assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{room}: {error}");
            }
            other => panic!("{room}: {other:?}"),
        }
    }
}

/// What a candidate changes, told from the lines and from the columns of a pack of them, with how
/// many records columns had to decide. The same comes of a pack for which the candidate was not
/// named, if its columns tell it.
pub(super) fn told_twice(
    folder: &Folder,
    (before, from, to): (&[Arc<Program>], Option<&Arc<Program>>, &Arc<Program>),
    lines: &[u8],
) -> (Impact, Option<(Impact, u64)>) {
    let (store, filter) = (Store::default(), Filter::default());
    for program in before {
        store.add(again(program));
    }
    let chunk = Chunk { source: 0, line: 1, bytes: lines.to_vec() };
    let mut by_lines = Comparer::of((&store, &filter), from, to).chunk(&chunk);
    // Chains are looked at where lines are.
    (by_lines.chains, by_lines.unchained) = (Default::default(), 0);
    let own: Vec<Program> = before.iter().chain([to]).map(|program| again(program)).collect();
    let cut = lines.len() / 2;
    let cut = cut + lines[cut..].iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let told = |programs: &[Program]| {
        let path = folder.add("a.pdr.parquet", packed(programs, &[&lines[..cut], &lines[cut..]]));
        let pack = Pack::open(File::open(path).expect("a file")).expect("a pack");
        let candidates = Candidates { store: &store, from, to };
        let far = (&AtomicU64::new(0), &AtomicBool::new(false));
        let two = NonZero::new(2).expect("two");
        let compared = compare(&pack, candidates, two, far).expect("columns");
        compared.ok().map(|compared| (compared.impact, compared.decided))
    };
    let of_others = told(&own[..before.len()]);
    assert!(of_others.is_none_or(|(impact, _)| impact == by_lines), "the candidate is not named");
    (by_lines, told(&own))
}

/// A program as it was loaded once more.
fn again(program: &Program) -> Program {
    let bytes = policyc::runtime::bundle::writer::write(program.module());
    Program::load_unsigned_whole(&bytes.expect("written")).expect("loads")
}

#[test]
fn columns_tell_what_lines_tell() {
    let folder = Folder::new("pack-impact");
    let known = Vocabularies::new();
    let rounds = std::env::var("PACK_ROUNDS").ok().and_then(|text| text.parse().ok());
    let (mut tried, mut told, mut rows, mut decided) = (0, 0, 0, 0);
    for seed in 0..rounds.unwrap_or(40_u64) {
        let mut random = Random::new(seed ^ 0x5EED);
        let mut program = || try_program(&policy(&mut random, &known)).map(Arc::new);
        let (Some(own), Some(other), Some(to)) = (program(), program(), program()) else {
            continue;
        };
        let to = if seed % 2 == 0 { Arc::clone(&own) } else { to };
        let before = [own, other];
        let contexts: Vec<String> = (0..5)
            .map(|at| match at {
                0 => spelled(&mut random),
                _ => context(&mut random).to_string(),
            })
            .collect();
        let mut lines = Vec::new();
        for _ in 0..120 {
            let own = &before[random.below(2)];
            let mut scratch = Scratch::for_program(own);
            let context = &contexts[random.below(contexts.len())];
            let (mut line, _) = recorded(&mut ingest(own, context.as_bytes(), &mut scratch), &NOW);
            if random.once_in(9) {
                line = line.replacen(
                    "\"eng\":{",
                    "\"ses\":{\"id\":\"s\",\"n\":1},\"rep\":3,\"eng\":{",
                    1,
                );
            }
            if random.once_in(40) {
                line = line.replacen("\"dig\":\"sha256:", "\"dig\":\"sha256:0", 1);
            }
            // What is said in words counts as its digest does.
            for (said, other) in [
                ("\"rule\":\"", "\"rule\":\"x"),
                ("\"reason\":\"", "\"reason\":\"x"),
                ("\"fired\":[\"", "\"fired\":[\"x\",\""),
                ("\"fired\":", "\"fired\":5,\"x\":"),
                ("\"reason\":", "\"shadow\":[\"x\"],\"reason\":"),
                ("\"err\":[", "\"err\": ["),
            ] {
                if random.once_in(60) {
                    line = line.replacen(said, other, 1);
                }
            }
            lines.extend_from_slice(line.as_bytes());
            lines.push(b'\n');
        }
        let from = random.once_in(3).then_some(&before[0]);
        let (by_lines, by_columns) = told_twice(&folder, (&before, from, &to), &lines);
        tried += 1;
        let Some((by_columns, count)) = by_columns else { continue };
        assert_eq!(by_columns, by_lines, "seed {seed}");
        (told, rows, decided) = (told + 1, rows + 120, decided + count);
    }
    println!("{told} of {tried} by columns; {decided} of {rows} records decided");
    assert!(tried > 10 && told > tried / 3, "{told} of {tried}");
    assert!(decided < rows * 9 / 10, "{decided} of {rows}");
}

#[test]
fn records_that_are_alike_are_decided_once() {
    let folder = Folder::new("pack-alike");
    let program = |text: &str| Arc::new(try_program(text).expect("a policy"));
    let own = program(POLICY);
    let mut lines = String::new();
    for _ in 0..8 {
        lines.push_str(&file(&records(&own, &contexts())));
    }
    let candidates = [
        POLICY.replacen("amount > 10000", "amount > 20000", 1),
        POLICY.replacen("contains('secret')", "startsWith('sec')", 1),
        POLICY.replacen("size(approvers) < 2", "size(approvers) < 3", 1),
        POLICY.replacen("needs two approvers", "needs more approvers", 1),
        POLICY.replacen("within the limit", "{action.args.memo}", 1),
        POLICY.replacen("maxItems: 9", "maxItems: 2", 1),
        POLICY.replacen("amount: int", "amount: double", 1).replace("0000", "0000.0"),
        POLICY.to_owned(),
    ];
    for text in &candidates {
        let Some(to) = try_program(text).map(Arc::new) else { continue };
        for from in [None, Some(&to)] {
            let before = [Arc::clone(&own)];
            let (by_lines, by_columns) =
                told_twice(&folder, (&before, from, &to), lines.as_bytes());
            let (by_columns, decided) = by_columns.expect("columns tell it");
            assert_eq!(by_columns, by_lines, "{text}");
            let changed: u64 = by_lines
                .matrix
                .iter()
                .filter(|((from, to), _)| from != to)
                .map(|(_, count)| count.records)
                .sum();
            // Of the others most are like one that was decided.
            let rest = 8 * 160 - changed;
            assert!(decided <= changed + rest * 3 / 4, "{decided}, {changed} of {rest}: {text}");
        }
    }
}

#[test]
fn diff_says_of_packs_what_it_says_of_lines() {
    let folder = logged("pack-diff");
    folder.add("new.yaml", POLICY.replacen("10000", "20000", 1));
    folder.add(
        "timed.yaml",
        POLICY.replacen(
            "amount > 10000",
            "amount > 10000 && now() > timestamp('2020-01-01T00:00:00Z')",
            1,
        ),
    );
    let run = |line: &str| ran(folder.path(), line);
    run("replay pack logs --bundle policy.plcb -o a.pdr.parquet").expect(0, &["160 lines"]);
    for to in ["new.yaml", "timed.yaml"] {
        for more in ["", "--effect deny", "--from new.yaml"] {
            let said = |source: &str| {
                let rest = format!("--bundle policy.plcb --to {to} --output-format json {more}");
                let ran = run(&format!("replay diff {source} {rest}"));
                ran.expect(0, &["clusters"]);
                let mut json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
                if let Some(json) = json.as_object_mut() {
                    // Chains are looked at where lines are.
                    json.remove("chain");
                }
                json
            };
            assert_eq!(said("a.pdr.parquet"), said("logs"), "{to} {more}");
        }
    }
}

/// Of records of sessions a pack is their lines: all that is said of these is said of it.
#[test]
fn sessions_in_packs_are_verified_and_compared_as_their_lines() {
    let (folder, _) = project("pack-sessions", crate::session::POLICY);
    let events: Vec<String> = crate::records::sessions::lines(vec![
        serde_json::json!({"ev": "prompt", "text": "go",
            "principal": {"id": "b-7", "roles": ["owner"]}}),
        serde_json::json!({"ev": "request", "call": "1",
            "action": {"tool": "read", "args": {"path": "a"}}}),
        serde_json::json!({"ev": "response", "call": "1", "out": "DE89 3704"}),
        serde_json::json!({"ev": "request", "call": "2",
            "action": {"tool": "send", "args": {"to": "DE89 3704", "body": "x"}}}),
    ]);
    folder.add("events.jsonl", events.join("\n") + "\n");
    folder.add(
        "new.yaml",
        crate::session::POLICY
            .replace("owner: {allow: [\"*\"]}", "owner: {allow: [\"*\"], deny: [send]}"),
    );
    let run = |line: &str| ran(folder.path(), line);
    run("eval policy.plcb --session events.jsonl --record a.jsonl").expect(0, &[]);
    run("replay pack a.jsonl --bundle policy.plcb -o a.pdr.parquet").expect(0, &["4 lines"]);
    run("replay convert a.pdr.parquet -o b.jsonl").expect(0, &[]);
    let read = |name: &str| fs::read(folder.path().join(name)).expect("lines");
    assert_eq!(read("a.jsonl"), read("b.jsonl"));
    run("replay verify a.pdr.parquet --bundle policy.plcb").expect(0, &["exact 4", "1 session"]);
    for to in ["new.yaml", "policy.plcb"] {
        for state in ["frozen", "resim"] {
            let said = |source: &str| {
                let line = format!(
                    "replay diff {source} --bundle policy.plcb --to {to} --state {state} \
                     --output-format json"
                );
                let ran = run(&line);
                let mut json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
                if let Some(json) = json.as_object_mut() {
                    json.remove("chain");
                }
                (ran.exit, json)
            };
            assert_eq!(said("a.pdr.parquet"), said("a.jsonl"), "{to} {state}");
        }
    }
}

/// Records that withhold what decides.
#[test]
fn columns_say_what_lines_say_of_what_is_undetermined() {
    let folder = undetermined::folder("columns");
    undetermined::run(&folder, "pack a.jsonl -o a.pdr.parquet").expect(0, &[]);
    let json = |line: &str| {
        let found = undetermined::run(&folder, &format!("{line} --output-format json"));
        found.expect(3, &[]);
        serde_json::from_str::<Json>(&found.out).expect("JSON")
    };
    let (lines, packed) = (json(DIFF), json(&DIFF.replace("a.jsonl", "a.pdr.parquet")));
    for part in ["counts", "matrix", "clusters", "gates"] {
        assert_eq!(lines[part], packed[part], "{part}");
    }
}
