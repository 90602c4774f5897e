//! Columns of packs and what messages quote: digests are made of columns, as they are decided.

use std::fs::File;
use std::sync::Arc;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use policyc::runtime::record::read::Record;
use serde_json::Value as Json;

use crate::records::round_trip::try_program;
use crate::replay::pack::{packed, told_twice};
use crate::replay::{POLICY, file, payment, project, records};
use crate::support::generate::random::Random;
use crate::support::run::Folder;

/// What a column of a row says, as text.
pub(super) fn text(field: Option<&Field>) -> Option<String> {
    match field? {
        Field::Str(text) => Some(text.clone()),
        Field::Null => None,
        Field::Bytes(bytes) => {
            Some(bytes.data().iter().map(|byte| format!("{byte:02x}")).collect())
        }
        Field::Long(number) => Some(number.to_string()),
        Field::Double(number) => Some(number.to_string()),
        Field::ListInternal(list) => {
            let texts: Vec<String> =
                list.elements().iter().filter_map(|it| text(Some(it))).collect();
            Some(texts.join(","))
        }
        other => Some(other.to_string()),
    }
}

/// A policy whose messages quote values of every kind that columns hold.
const QUOTING: &str = "policyc: 1
name: quoting
default: deny
schema:
  action: {tool: string, args: {amount: int, rate: double, urgent: bool, memo: string}}
rules:
  - id: small
    when: action.args.amount < 200
    allow: \"{action.args.memo} for {action.args.amount}\"
  - {id: rate, when: action.args.rate > 1.0, deny: \"{action.args.rate}, {action.args.urgent}\"}
  - {id: sum, when: action.args.amount >= 360, deny: \"{action.args.amount + 1} is much\"}
  - id: long
    when: action.args.memo.startsWith('long')
    escalate: {to: [ops], reason: \"{action.args.memo}\"}
";

/// Digests of what messages quote are made of columns, and nothing is decided for them; also where
/// records were changed, quote what is escaped, or quote more than a message holds.
#[test]
fn messages_are_put_together_as_they_are_decided() {
    let folder = Folder::new("pack-messages");
    let program = |text: &str| Arc::new(try_program(text).expect("a policy"));
    let own = program(QUOTING);
    let mut random = Random::new(3);
    let long = format!("long {}", "x".repeat(64 << 10));
    let memos = ["tea", "\"quoted\" \\ \u{7}\u{e9}", "", "long ago", "{action}", &long];
    let contexts: Vec<String> = (0..400)
        .map(|at| {
            // Once is enough for what fills a message.
            let memo = memos[if at == 200 { 5 } else { random.below(5) }];
            let rate = ["0", "1.5", "2", "1e21", "0.1"][random.below(5)];
            let memo = Json::from(memo);
            let urgent = random.once_in(2);
            format!(
                "{{\"action\":{{\"tool\":\"pay\",\"args\":{{\"amount\":{},\"rate\":{rate},\
                 \"urgent\":{urgent},\"memo\":{memo}}}}}}}",
                at
            )
        })
        .collect();
    let mut all = records(&own, &contexts);
    let whole = file(&all);
    for line in &mut all {
        // The digest of another, the words of another, and words and digest left away.
        if random.once_in(40) {
            *line = line.replacen("\"dig\":\"sha256:", "\"dig\":\"sha256:0", 1);
        }
        if random.once_in(40) {
            *line = line.replacen("tea for ", "tea for 1", 1);
        }
        if random.once_in(40) {
            *line = line.replacen("\"reason\":", "\"because\":", 1);
        }
        if random.once_in(40) {
            let digits = line.rfind("\"dig\":\"").map_or(0, |at| at + 14);
            line.replace_range(digits..digits + 4, "0000");
        }
    }
    let changed = file(&all);
    let candidates = [
        QUOTING.to_owned(),
        QUOTING.replacen("for {action.args.amount}", "to {action.args.amount}", 1),
        QUOTING.replacen("for {action.args.amount}", "for {action.args.rate}", 1),
        QUOTING.replacen("< 200", "< 240", 1),
        QUOTING.replacen(", {action.args.urgent}", ", {action.args.amount}", 1),
    ];
    for (text, lines) in candidates.iter().flat_map(|it| [(it, &whole), (it, &changed)]) {
        let to = program(text);
        for from in [None, Some(&to)] {
            let before = [Arc::clone(&own)];
            let (by_lines, by_columns) =
                told_twice(&folder, (&before, from, &to), lines.as_bytes());
            let (by_columns, decided) = by_columns.expect("columns tell it");
            assert_eq!(by_columns, by_lines, "{text}");
            if lines == &whole {
                assert!(decided < 250, "{decided}: {text}");
            }
        }
    }
}

/// A context of `QUOTING`.
fn quoting(amount: u32, memo: &str) -> String {
    format!(
        "{{\"action\":{{\"tool\":\"pay\",\"args\":{{\"amount\":{amount},\"rate\":0.5,\
         \"urgent\":true,\"memo\":\"{memo}\"}}}}}}"
    )
}

/// What is said has the numbers of columns in the stead of what is quoted, but where another
/// message was recorded; and answers say how values stand to constants.
#[test]
fn what_is_said_names_the_columns_that_are_quoted() {
    let folder = Folder::new("pack-said");
    let own = Arc::new(try_program(QUOTING).expect("a policy"));
    let contexts = [(100, "tea"), (200, "tea"), (7, "rent"), (400, "tea"), (199, "long ago")];
    let contexts = contexts.map(|(amount, memo)| quoting(amount, memo));
    let mut all = records(&own, &contexts);
    // The words of another, with the digest of these words.
    let forged = all[0].replacen("tea for 100", "tea for 101", 1);
    let digest = Record::read(forged.as_bytes()).expect("a record").outcome.expect("an outcome");
    let digest = digest.digest_of_words().expect("a digest");
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let at = forged.rfind("\"dig\":\"sha256:").expect("a digest") + 14;
    all.push(format!("{}{digits}{}", &forged[..at], &forged[at + 64..]));
    let lines = file(&all);
    let path = folder.add(
        "b.pdr.parquet",
        packed(&[try_program(QUOTING).expect("a policy")], &[lines.as_bytes()]),
    );
    let reader = SerializedFileReader::new(File::open(&path).expect("a file")).expect("Parquet");
    let schema = reader.metadata().file_metadata().schema_descr();
    let number = |name: &str| {
        schema.root_schema().get_fields().iter().position(|field| field.name() == name)
    };
    let memo = number("/action/args/memo").expect("a column");
    let amount = number("/action/args/amount").expect("a column");
    let small = format!("[\"allow\",\"small\",[\"small\"],[],[{memo},\" for \",{amount}]]");
    let changed = "[\"allow\",\"small\",[\"small\"],[],null]".to_owned();
    let said: Vec<(Option<String>, Option<String>)> = reader
        .get_row_iter(None)
        .expect("rows")
        .map(|row| {
            let row = row.expect("a row");
            let of = |name: &str| {
                text(row.get_column_iter().find(|(own, _)| *own == name).map(|(_, it)| it))
            };
            (of("said"), of("answers/action/args/amount"))
        })
        .collect();
    let said_of = |at: usize| said[at].0.as_deref();
    assert_eq!(said_of(0), Some(small.as_str()));
    assert_eq!(said_of(2), Some(small.as_str()));
    assert_eq!(said_of(5), Some(changed.as_str()));
    // The sum is none of the values, so nobody knows what the message is made of.
    assert_eq!(said_of(3), Some("[\"deny\",\"sum\",[\"sum\"],[],null]"));
    assert_eq!(said_of(1), Some("[\"deny\",null,[],[],[]]"));
    // Two bits each, how it stands to 200, then to 360: below, equal, above.
    let answers: Vec<Option<&str>> = said.iter().map(|(_, answers)| answers.as_deref()).collect();
    let wanted = ["0", "4", "0", "10", "0", "0"].map(Some);
    assert_eq!(answers, wanted);
    let (by_lines, by_columns) =
        told_twice(&folder, (&[Arc::clone(&own)], None, &own), lines.as_bytes());
    let (by_columns, _) = by_columns.expect("columns tell it");
    assert_eq!(by_columns.drift, 1);
    assert_eq!(by_columns, by_lines);
}

/// Whoever compares the words of a row that columns tell compares the digest with them, so that has
/// to be the one of the words; and lists have to be spelled as they are made.
#[test]
fn columns_tell_no_record_whose_digest_is_not_that_of_its_words() {
    let folder = Folder::new("pack-words");
    let (_, program) = project("pack-words-policy", POLICY);
    let whole = records(&program, &[payment(15_000, "rent", &["ann"])]).remove(0);
    let digits = whole.rfind("\"dig\":\"sha256:").expect("a digest") + 14;
    let mut lines = vec![whole.clone()];
    lines.push(format!("{}0123{}", &whole[..digits], &whole[digits + 4..]));
    for (from, to) in [
        ("15000 needs two", "15001 needs two"),
        ("[\"routine\",\"two-person\"]", "[\"two-person\"]"),
        ("[\"routine\",\"two-person\"]", "[\"routine\", \"two-person\"]"),
        ("[\"routine\",\"two-person\"]", "[\"routine\",\"two\\u002dperson\"]"),
        ("\"effect\":\"deny\"", "\"effect\":\"allow\""),
        ("\"err\":[]", "\"err\":[ ]"),
    ] {
        lines.push(whole.replacen(from, to, 1));
        assert_ne!(lines.last(), Some(&whole), "{from}");
    }
    let path = folder.add("a.pdr.parquet", packed(&[program], &[file(&lines).as_bytes()]));
    let reader = SerializedFileReader::new(File::open(&path).expect("a file")).expect("Parquet");
    let plain: Vec<Option<String>> = reader
        .get_row_iter(None)
        .expect("rows")
        .map(|row| {
            let row = row.expect("a row");
            text(row.get_column_iter().find(|(own, _)| *own == "plain").map(|(_, it)| it))
        })
        .collect();
    assert_eq!(plain.len(), 8);
    assert_eq!(plain[0].as_deref(), Some("true"));
    assert!(plain[1..].iter().all(|it| it.as_deref() == Some("false")), "{plain:?}");
}
