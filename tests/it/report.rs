//! How findings look, in every format: one snapshot for a case and a format.

use policyc::base::span::{FileId, Span};
use policyc::compiler::source::map::SourceMap;
use policyc::diag::codes::Code;
use policyc::diag::diagnostic::{Diagnostic, Severity};
use policyc::tools::report::paint::Style;
use policyc::tools::report::{FORMATS, Report, counted, tally};

/// The bytes of the first `needle` in `text` of file `id`.
fn find(files: &SourceMap, id: FileId, needle: &str) -> Span {
    let text = &files.get(id).expect("a known file").text;
    let start = text.find(needle).unwrap_or_else(|| panic!("`{needle}` is not there"));
    let narrow = |n: usize| u32::try_from(n).expect("a small file");
    Span::new(id, narrow(start), narrow(start + needle.len()))
}

fn snapshot(name: &str, files: &SourceMap, findings: &[Diagnostic]) {
    let report =
        Report { files, prefix: "", findings, dropped: 0, cases: None, command: "policyc check" };
    let read = |name| ["full", "concise", "json", "json-lines"].contains(&name);
    for format in FORMATS.iter().filter(|format| read(format.name)) {
        let text = (format.draw)(&report, Style::PLAIN);
        let wide = text.lines().filter(|line| line.chars().count() > 80).count();
        assert!(format.name != "full" || wide == 0, "{name} is wider than the screen:\n{text}");
        insta::with_settings!({
            snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/report"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, { insta::assert_snapshot!(format!("{name}.{}", format.name), text) });
    }
}

const PAYMENTS: &str = "\
policyc: 1
name: payments
schema: {principal: {id: string}, request: {approvers: list<string>}}
default: deny
rules:
  - id: routine
    on: [send_money]
    when: args.amout > 0.0 && args.recipient <= 25000.0
    allow: \"within what an agent may send\"
  - id: strange
    when: |-
      args.diff.matches(r\"AKIA[0-9A-Z]{16}) ||
      args.amount * 2 > 20000.0
    deny: no
";

fn payments() -> (SourceMap, FileId) {
    let mut files = SourceMap::new();
    let id = files.add("payments.yaml", PAYMENTS);
    (files, id)
}

#[test]
fn one_label() {
    let (files, id) = payments();
    let found = Diagnostic::new(
        Code::UnknownField,
        find(&files, id, "amout"),
        "`send_money` has no argument `amout`",
        "no such argument",
    )
    .help("did you mean `amount`?");
    snapshot("one_label", &files, &[found]);
}

#[test]
fn two_labels_on_a_line() {
    let (files, id) = payments();
    let found = Diagnostic::new(
        Code::NotComparable,
        find(&files, id, "args.recipient"),
        "`<=` cannot compare a string with a double",
        "a string",
    )
    .label(find(&files, id, "25000.0"), "a double")
    .help("did you mean `args.amount`, which is a double?");
    snapshot("two_labels_on_a_line", &files, &[found]);
}

#[test]
fn labels_that_overlap() {
    let (files, id) = payments();
    let found = Diagnostic::new(
        Code::NotBool,
        find(&files, id, "args.amout > 0.0"),
        "three labels, two of them inside the first",
        "the whole comparison",
    )
    .label(find(&files, id, "args.amout"), "the left")
    .label(find(&files, id, "0.0"), "the right");
    snapshot("labels_that_overlap", &files, &[found]);
}

#[test]
fn fix_in_a_block_scalar() {
    let (files, id) = payments();
    let found = Diagnostic::new(
        Code::NoOperator,
        find(&files, id, "args.amount * 2"),
        "`*` needs two numbers of one type",
        "a double times an int",
    )
    .fix("write the int as a double", find(&files, id, "2 >").at_start(), "1.0 * ");
    let open = Diagnostic::new(
        Code::UnclosedString,
        find(&files, id, "r\"AKIA[0-9A-Z]{16}) ||"),
        "this string is never closed",
        "still open",
    )
    .help("add the closing `\"`, probably before `)`");
    snapshot("fix_in_a_block_scalar", &files, &[open, found]);
}

#[test]
fn fixes_that_add_and_remove_lines() {
    let (files, id) = payments();
    let name = find(&files, id, "payments\n");
    let added = Diagnostic::new(
        Code::MissingKey,
        name,
        "nothing says what happens when no rule speaks",
        "this policy has no `default`",
    )
    .fix("deny is the safe choice", name.at_end(), "default: deny\n");
    let line = find(&files, id, "    on: [send_money]\n");
    let removed = Diagnostic::new(Code::UnknownKey, line, "a line too many", "not needed").fix(
        "remove the line",
        line,
        "",
    );
    snapshot("fixes_that_add_and_remove_lines", &files, &[added, removed]);
}

#[test]
fn two_files_and_an_example() {
    let (mut files, id) = payments();
    let schema = files.add("schema.yaml", "type: object\nrows: {items: row, maxItems: 1000}\n");
    let mut found = Diagnostic::new(
        Code::CostLimit,
        find(&files, id, "args.amout > 0.0"),
        "up to 6 004 003 units, a rule may use 1 000 000",
        "up to 1000 turns",
    )
    .label(find(&files, schema, "maxItems: 1000"), "1000 comes from here")
    .help("`maxItems: 407` fits; more rows are then refused");
    found.example = Some("query(table: \"orders\") → allow".to_owned());
    snapshot("two_files_and_an_example", &files, &[found]);
}

#[test]
fn labels_over_many_lines() {
    let (files, id) = payments();
    let whole = find(&files, id, "id: routine").to(find(&files, id, "may send\""));
    let two = find(&files, id, "args.diff").to(find(&files, id, "20000.0"));
    snapshot(
        "labels_over_many_lines",
        &files,
        &[
            Diagnostic::new(Code::Unreachable, whole, "a rule of four lines", "all of this"),
            Diagnostic::new(Code::NotBool, two, "an expression of two lines", "a string"),
        ],
    );
}

#[test]
fn wide_and_joined_characters() {
    let mut files = SourceMap::new();
    let text = "when: user.名前 == \"José 👩\u{200d}👩\u{200d}👧 e\u{301}\" && user.agee > 3\n";
    let id = files.add("wide.yaml", text);
    let found = Diagnostic::new(
        Code::UnknownField,
        find(&files, id, "agee"),
        "no `agee`",
        "did not find it",
    )
    .label(find(&files, id, "名前"), "a string")
    .label(find(&files, id, "👩\u{200d}👩\u{200d}👧"), "a family");
    snapshot("wide_and_joined_characters", &files, &[found]);
}

#[test]
fn tabs_and_crlf() {
    let mut files = SourceMap::new();
    let id = files.add("tabs.yaml", "rules:\r\n\ton: [query]\r\n\twhen:\ttrue\r\n");
    let tab = find(&files, id, "\t");
    snapshot(
        "tabs_and_crlf",
        &files,
        &[
            Diagnostic::new(Code::YamlSyntax, tab, "a tab cannot indent YAML", "a tab, shown as →")
                .fix("four spaces, as in the lines around", tab, "    "),
            Diagnostic::new(Code::NotBool, find(&files, id, "true\r\n"), "with its end", "here"),
        ],
    );
}

#[test]
fn invisible_text_is_spelled_out() {
    let mut files = SourceMap::new();
    let id = files.add("evil\u{1b}[2J.yaml", "when: branch == \"main\u{202e}\u{1b}[31m\"\n");
    let found = Diagnostic::new(
        Code::InvisibleCharacter,
        find(&files, id, "\u{202e}"),
        "an invisible character changes this line: \u{202e}",
        "turns text around \u{7}",
    )
    .help("delete it\n, or write `\\u202e` if it is meant")
    .fix("spell \u{1b} it", find(&files, id, "\u{1b}"), "\u{9b}");
    snapshot("invisible_text_is_spelled_out", &files, &[found]);
}

#[test]
fn places_at_the_edge() {
    let mut files = SourceMap::new();
    let id = files.add("end.cel", "a && (b");
    let empty = files.add("empty.yaml", "");
    let last = files.add("lines.cel", "a &&\n");
    let at = |file, start, end| Span::new(file, start, end);
    let found = |span, label| Diagnostic::new(Code::UnclosedBracket, span, "at the edge", label);
    let nowhere = Span::new(FileId(77), 3, 9);
    snapshot(
        "places_at_the_edge",
        &files,
        &[
            found(at(id, 7, 7), "`)` is missing here").label(at(id, 5, 6), "opened here"),
            found(at(id, 90, 400), "past the end"),
            found(at(id, 6, 2), "reversed"),
            found(at(empty, 0, 0), "an empty file"),
            found(at(last, 5, 5), "after the last line"),
            found(nowhere, "in no file at all"),
        ],
    );
}

#[test]
fn long_lines_are_clipped() {
    let mut files = SourceMap::new();
    let filler = "a_long_name_for_a_field && ".repeat(40);
    let id = files.add("long.cel", format!("{filler}middle == 1 || {filler}last\nshort\n"));
    let wordy =
        "these words are too many to stand beside the mark, so they stand below it, and wrap";
    let found = |needle, label: &str| {
        Diagnostic::new(Code::NotBool, find(&files, id, needle), "a long line", label)
    };
    snapshot(
        "long_lines_are_clipped",
        &files,
        &[
            found("middle", "in the middle"),
            found("last", "at the end"),
            found("a_long", "at the start"),
            found("short", wordy),
            found("middle", wordy).label(find(&files, id, "|| a_long"), "an or").help(
                "a help that is longer than the screen is wide goes on in the next row, under its \
                 first word, so that the frame stays whole",
            ),
        ],
    );
}

#[test]
fn without_a_place() {
    let mut warning = Diagnostic::without_place(
        Code::NoPolicies,
        "nothing in `policies` is a policy, and a sentence that is longer than a screen is wide \
         has to go on in the next row",
    );
    warning.severity = Severity::Note;
    let damaged =
        Diagnostic::without_place(Code::Damaged, "payments.plcb is damaged and was not loaded")
            .detail("section `code`, bytes 4096 to 7231: not what its digest says")
            .help("fetch it again");
    snapshot("without_a_place", &SourceMap::new(), &[damaged, warning]);
}

#[test]
fn colours_mark_the_same_text() {
    let (files, id) = payments();
    let found =
        Diagnostic::new(Code::UnknownField, find(&files, id, "amout"), "no `amout`", "here").fix(
            "spell it right",
            find(&files, id, "amout"),
            "amount",
        );
    let findings = [found];
    let report = Report {
        files: &files,
        prefix: "sub/",
        findings: &findings,
        dropped: 0,
        cases: None,
        command: "policyc check",
    };
    let codes = regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("a pattern");
    for format in FORMATS.iter().filter(|format| format.for_people) {
        let plain = (format.draw)(&report, Style::PLAIN);
        let coloured = (format.draw)(&report, Style { colour: true, width: 80 });
        // Whoever listens has no use for marks.
        let listens = format.name == "narrated";
        assert_eq!(coloured.contains('\u{1b}'), !listens, "{}", format.name);
        assert_eq!(codes.replace_all(&coloured, ""), plain, "{}", format.name);
        let place = if listens { "line 8, column 16" } else { "8:16" };
        assert!(plain.contains("sub/payments.yaml") && plain.contains(place), "{plain}");
    }
}

#[test]
fn every_span_can_be_drawn() {
    let mut files = SourceMap::new();
    let text = "a: é名\r\n\tb\u{202e}👩\u{200d}👧\r\r\n\nz";
    let id = files.add("odd.yaml", text);
    let end = u32::try_from(text.len()).expect("short") + 3;
    for start in 0..end {
        for stop in 0..end {
            for width in [0, 1, 20, 80] {
                let findings =
                    [Diagnostic::new(Code::NotBool, Span::new(id, start, stop), "any", "label")
                        .fix("cut", Span::new(id, start, stop), "x\ny")];
                let report = Report {
                    files: &files,
                    prefix: "",
                    findings: &findings,
                    dropped: 0,
                    cases: None,
                    command: "policyc check",
                };
                for format in FORMATS {
                    (format.draw)(&report, Style { colour: false, width });
                }
            }
        }
    }
}

#[test]
fn the_tally_counts() {
    let files = SourceMap::new();
    let findings = [
        Diagnostic::without_place(Code::NotBool, "one"),
        Diagnostic::without_place(Code::NoSchema, "two"),
        Diagnostic::without_place(Code::NoSchema, "three"),
    ];
    let report = Report {
        files: &files,
        prefix: "",
        findings: &findings,
        dropped: 4,
        cases: None,
        command: "policyc check",
    };
    assert_eq!(tally(&report), "1 error, 2 warnings, 4 more left out");
    assert_eq!(counted(2, "policy"), "2 policies");
    assert_eq!(counted(1, "policy"), "1 policy");
    assert_eq!(counted(0, "rule"), "0 rules");
}
