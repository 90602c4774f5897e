//! Sources: our YAML, CEL Policy documents and their environments, plain `.cel`.

use super::{Findings, Stream, at_sign, crlf, folder, huge, judge, marked, settle, with};

const YAML: &str = "\
policyc: 1
name: p
default: deny
schema: {request: {amount: double, note: string}}
rules:
  - id: big
    when: request.amount > 10.0
    deny: big
";

const CEL: &str = "\
// @id a
request.amount > 10 ? deny('big') : allow()
";

const CEL_POLICY: &str = "\
name: p
rule:
  match:
    - condition: request.amount > 10.0
      output: \"'big'\"
    - output: \"'ok'\"
";

const ENVIRONMENT: &str = "\
name: e
variables:
  - name: request
    type_name: map
    params: [{type_name: string}, {type_name: dyn}]
";

/// The ways to get at sources: what they end with when there are findings, and when there is
/// nothing to work on.
const COMMANDS: [(&str, i32); 3] = [
    ("check src", 1),
    ("build src -o out/policy.plcb", 1),
    ("eval src -c {} --now 2026-03-17T10:00:00Z", 2),
];

/// Sources in `src/`, and what every command says about them.
struct Row {
    what: &'static str,
    files: Vec<(&'static str, Vec<u8>)>,
    found: Findings,
}

fn row(what: &'static str, file: &'static str, bytes: Vec<u8>, found: Findings) -> Row {
    Row { what, files: vec![(file, bytes)], found }
}

fn settle_rows(rows: Vec<Row>) {
    let mut wrong = Vec::new();
    for Row { what, files, found } in rows {
        let folder = folder(what, &files);
        folder.add("context.json", "{}");
        for (line, exit) in COMMANDS {
            let line = line.replace("{}", "context.json");
            let found = judge(&folder, &line, exit, Stream::Out, found);
            wrong.extend(found.into_iter().map(|it| format!("{what}: {it}")));
        }
    }
    settle(&wrong);
}

fn yaml(what: &'static str, changes: &[(usize, &str)], found: Findings) -> Row {
    row(what, "src/p.yaml", with(YAML, changes), found)
}

fn cel(what: &'static str, changes: &[(usize, &str)], found: Findings) -> Row {
    row(what, "src/p.cel", with(CEL, changes), found)
}

fn cel_policy(
    what: &'static str,
    policy: &[(usize, &str)],
    environment: &[(usize, &str)],
    found: Findings,
) -> Row {
    let files = vec![
        ("src/policy.yaml", with(CEL_POLICY, policy)),
        ("src/config.yaml", with(ENVIRONMENT, environment)),
    ];
    Row { what, files, found }
}

#[test]
fn the_samples_are_good() {
    let mut wrong = Vec::new();
    for row in [yaml("yaml", &[], &[]), cel("cel", &[], &[]), cel_policy("policy", &[], &[], &[])] {
        let folder = folder(&format!("good {}", row.what), &row.files);
        wrong.extend(judge(&folder, "check src", 0, Stream::Out, &[]));
    }
    settle(&wrong);
}

#[test]
fn our_yaml() {
    let not_text = at_sign(with(YAML, &[(8, "    deny: b@g")]), 0xFF);
    let carriage = crlf(&with(YAML, &[(7, "    when: request.amout > 10.0")]));
    settle_rows(vec![
        row("yaml that is not UTF-8", "src/p.yaml", not_text, &[("E0207", "src/p.yaml:8:12")]),
        row(
            "yaml behind a byte order mark",
            "src/p.yaml",
            marked(&with(YAML, &[(1, "policyc: 2")])),
            &[("E0210", "src/p.yaml:1:10")],
        ),
        yaml(
            "yaml with a byte order mark inside",
            &[(6, "  - id: \u{FEFF}big")],
            &[("E0203", "src/p.yaml:6:9")],
        ),
        row("yaml with CRLF", "src/p.yaml", carriage, &[("E0302", "src/p.yaml:7:19")]),
        yaml("yaml with a tab", &[(7, "\twhen: true")], &[("E0203", "src/p.yaml:7:1")]),
        yaml("a key twice", &[(9, "    when: true")], &[("E0201", "src/p.yaml:9:5")]),
        yaml("a key twice at the top", &[(9, "name: q")], &[("E0201", "src/p.yaml:9:1")]),
        yaml("an anchor", &[(8, "    deny: &a big")], &[("E0206", "src/p.yaml:8:11")]),
        yaml("an alias", &[(8, "    deny: *a")], &[("E0206", "src/p.yaml:8:11")]),
        yaml("a tag", &[(2, "name: !!str p")], &[("E0206", "src/p.yaml:2:7")]),
        yaml("a negation", &[(7, "    when: !true")], &[("E0209", "src/p.yaml:7:11")]),
        yaml("a merge key", &[(9, "<<: {on_error: deny}")], &[("E0206", "src/p.yaml:9:1")]),
        yaml("a second document", &[(9, "---")], &[("E0206", "src/p.yaml:9:1")]),
        yaml("an unknown key", &[(9, "    wehn: x")], &[("E0202", "src/p.yaml:9:5")]),
        yaml(
            "an unknown key at the top",
            &[(3, "defualt: deny")],
            &[("E0204", "src/p.yaml:2:7"), ("E0202", "src/p.yaml:3:1")],
        ),
    ]);
}

#[test]
fn strings_that_are_never_closed() {
    let block = |line: &str| with(YAML, &[(7, "    when: |-"), (8, line), (9, "    deny: big")]);
    let mut rows = Vec::new();
    for (what, text) in [
        ("a single quote", "'abc"),
        ("a double quote", "\"abc"),
        ("three quotes", "'''abc"),
        ("three double quotes", "\"\"\"abc"),
        ("a raw string", "r'abc"),
        ("bytes", "b'abc"),
        ("raw bytes", "br\"abc"),
    ] {
        let line = format!("        request.note == {text}");
        rows.push(row(what, "src/p.yaml", block(&line), &[("E0101", "src/p.yaml:8:25")]));
        let line = format!("request.note == {text}");
        let bytes = with(CEL, &[(2, &line)]);
        rows.push(row(what, "src/p.cel", bytes, &[("E0101", "src/p.cel:2:17")]));
    }
    rows.push(yaml("a YAML quote", &[(8, "    deny: \"big")], &[("E0203", "src/p.yaml:8:11")]));
    rows.push(yaml("a YAML quote", &[(8, "    deny: 'big")], &[("E0203", "src/p.yaml:8:11")]));
    rows.push(yaml("a YAML quote", &[(7, "    when: \"a")], &[("E0203", "src/p.yaml:7:11")]));
    rows.push(yaml("a YAML quote", &[(2, "name: \"p")], &[("E0203", "src/p.yaml:2:7")]));
    let quote = &[("E0203", "src/config.yaml:1:7")];
    rows.push(cel_policy("a YAML quote", &[], &[(1, "name: 'e")], quote));
    settle_rows(rows);
}

#[test]
fn a_hundred_thousand_brackets() {
    let many = |open: &str| open.repeat(100_000);
    settle_rows(vec![
        // An expression nests 250 levels; the quote stands in column 11.
        yaml(
            "brackets of CEL in YAML",
            &[(7, &format!("    when: \"{}\"", many("(")))],
            &[("E0603", "src/p.yaml:7:262")],
        ),
        // The 65th bracket is refused while the line is scanned; the first stands in column 7.
        yaml(
            "brackets of YAML",
            &[(2, &format!("name: {}", many("[")))],
            &[("E0603", "src/p.yaml:2:71")],
        ),
        // The document is a level too, so it is the 64th brace; one and its key are four columns.
        yaml(
            "braces of YAML",
            &[(2, &format!("name: {}", many("{a: ")))],
            &[("E0603", "src/p.yaml:2:259")],
        ),
        cel("brackets of CEL", &[(2, &many("("))], &[("E0603", "src/p.cel:2:251")]),
        cel("braces of CEL", &[(2, &"{1:".repeat(30_000))], &[("E0603", "src/p.cel:2:751")]),
        cel("too many braces", &[(2, &many("{1:"))], &[("E0602", "src/p.cel:2:100001")]),
        cel("lists of CEL", &[(2, &many("["))], &[("E0603", "src/p.cel:2:251")]),
        cel_policy(
            "brackets in a CEL Policy",
            &[(7, &format!("description: {}", many("[")))],
            &[],
            &[("E0603", "src/policy.yaml:7:78")],
        ),
        cel_policy(
            "brackets in an environment",
            &[],
            &[(1, &format!("name: {}", many("[")))],
            &[("E0603", "src/config.yaml:1:71")],
        ),
    ]);
}

#[test]
fn plain_cel() {
    settle_rows(vec![
        row(
            "cel that is not UTF-8",
            "src/p.cel",
            at_sign(b"// @id a\n1 == 1 ? deny('\xFF') : allow()\n// x".to_vec(), b' '),
            &[("E0207", "src/p.cel:2:16")],
        ),
        row(
            "cel behind a byte order mark",
            "src/p.cel",
            marked(&with(CEL, &[(1, "// @idd a")])),
            &[("E0202", "src/p.cel:1:4")],
        ),
        row(
            "cel with CRLF",
            "src/p.cel",
            crlf(&with(CEL, &[(2, "request.amount > ? deny('big') : allow()")])),
            &[("E0107", "src/p.cel:2:18")],
        ),
        cel(
            "an annotation twice",
            &[(2, "// @id b"), (3, "allow()")],
            &[("E0201", "src/p.cel:2:8")],
        ),
        cel("an empty file", &[(1, ""), (2, "")], &[("E0208", "src/p.cel:1:1")]),
        cel("a name", &[(2, "1 > 2 ? dney('x') : allow()")], &[("E0401", "src/p.cel:2:9")]),
    ]);
}

#[test]
fn cel_policies_and_environments() {
    let mut rows = vec![
        cel_policy("a tab", &[(3, "\tmatch:")], &[], &[("E0203", "src/policy.yaml:3:1")]),
        cel_policy("a key twice", &[(7, "name: q")], &[], &[("E0201", "src/policy.yaml:7:1")]),
        cel_policy("an anchor", &[(1, "name: &n p")], &[], &[("E0206", "src/policy.yaml:1:7")]),
        cel_policy("an alias", &[(1, "name: *n")], &[], &[("E0206", "src/policy.yaml:1:7")]),
        cel_policy("an unknown key", &[(7, "ruel: x")], &[], &[("E0202", "src/policy.yaml:7:1")]),
        // What an environment declares is not known while it cannot be read: nothing more is said.
        cel_policy(
            "an environment with a tab",
            &[],
            &[(3, "\t- name: request")],
            &[("E0203", "src/config.yaml:3:1")],
        ),
        cel_policy(
            "an environment with a key twice",
            &[],
            &[(6, "name: f")],
            &[("E0201", "src/config.yaml:6:1")],
        ),
        cel_policy(
            "an environment with an alias",
            &[],
            &[(1, "name: *n")],
            &[("E0206", "src/config.yaml:1:7")],
        ),
        cel_policy(
            "an environment with an unknown key",
            &[],
            &[(6, "varaibles: []")],
            &[("E0202", "src/config.yaml:6:1")],
        ),
    ];
    let not_text = at_sign(with(CEL_POLICY, &[(5, "      output: \"'b@g'\"")]), 0xE9);
    rows.push(Row {
        what: "a CEL Policy that is not UTF-8",
        files: vec![("src/policy.yaml", not_text), ("src/config.yaml", with(ENVIRONMENT, &[]))],
        found: &[("E0207", "src/policy.yaml:5:18")],
    });
    rows.push(Row {
        what: "an environment that is not UTF-8",
        files: vec![
            ("src/policy.yaml", with(CEL_POLICY, &[])),
            ("src/config.yaml", at_sign(with(ENVIRONMENT, &[(6, "# @")]), 0xFF)),
        ],
        found: &[("E0207", "src/config.yaml:6:3")],
    });
    rows.push(Row {
        what: "an empty environment declares nothing",
        files: vec![("src/policy.yaml", with(CEL_POLICY, &[])), ("src/config.yaml", Vec::new())],
        found: &[("E0402", "src/policy.yaml:4:18")],
    });
    rows.push(row(
        "an empty CEL Policy",
        "src/p.celpolicy",
        Vec::new(),
        &[("E0208", "src/p.celpolicy:1:1")],
    ));
    settle_rows(rows);
}

#[test]
fn nothing_to_work_on() {
    let nothing = folder("nothing", &[("src/README.md", b"nothing".to_vec())]);
    nothing.add("context.json", "{}");
    let mut wrong = Vec::new();
    for (line, _) in COMMANDS {
        let line = line.replace("{}", "context.json");
        wrong.extend(judge(&nothing, &line, 2, Stream::Out, &[("P0902", "")]));
        let line = line.replace("src", "nowhere");
        wrong.extend(judge(&nothing, &line, 5, Stream::Out, &[("P0901", "")]));
    }
    let empty = folder("empty files", &[("p.yaml", Vec::new()), ("words.yaml", b"# a\n".to_vec())]);
    let found = &[("E0208", "p.yaml:1:1")];
    wrong.extend(judge(&empty, "check p.yaml", 1, Stream::Out, found));
    let found = &[("E0208", "words.yaml:1:1")];
    wrong.extend(judge(&empty, "check words.yaml", 1, Stream::Out, found));
    settle(&wrong);
}

#[test]
fn a_hundred_megabytes() {
    let mut wrong = Vec::new();
    for name in ["src/p.yaml", "src/p.cel", "src/p.celpolicy"] {
        let folder = folder(&format!("huge {name}"), &[]);
        huge(&folder, name);
        folder.add("context.json", "{}");
        for (line, exit) in COMMANDS {
            let line = line.replace("{}", "context.json");
            wrong.extend(judge(&folder, &line, exit, Stream::Out, &[("E0602", "")]));
        }
    }
    let tests = folder("huge tests", &[("src/p.yaml", with(YAML, &[]))]);
    huge(&tests, "src/p_test.yaml");
    wrong.extend(judge(&tests, "test src", 1, Stream::Out, &[("E0602", "")]));
    let beside = folder("huge environment", &[("src/policy.yaml", with(CEL_POLICY, &[]))]);
    huge(&beside, "src/config.yaml");
    wrong.extend(judge(&beside, "check src", 1, Stream::Out, &[("E0602", "")]));
    settle(&wrong);
}

#[test]
fn what_cannot_be_opened() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder("unreadable sources", &[("src/p.yaml", with(YAML, &[]))]);
    folder.add("context.json", "{}");
    if !super::permissions_hold(folder.path()) {
        return;
    }
    let none = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(folder.path().join("src/p.yaml"), none).unwrap();
    let mut wrong = Vec::new();
    for (line, _) in COMMANDS {
        let line = line.replace("{}", "context.json");
        wrong.extend(judge(&folder, &line, 2, Stream::Out, &[("P0901", "")]));
    }
    settle(&wrong);
}
