//! Sources that read otherwise than they look: whatever turns text around or takes no room is
//! refused at each place of each kind of source, with a finding that points at it.
//!
//! Source: Unicode, `Bidi_Control` and `Default_Ignorable_Code_Point`; CVE-2021-42574.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::diagnostic::Severity;
use policyc::diag::sink::Sink;
use policyc::tools::lint::select::Selection;
use policyc::tools::pipeline;
use policyc::tools::project::Settings;

/// What turns the text around it.
const BIDI: [char; 12] = [
    '\u{61C}', '\u{200E}', '\u{200F}', '\u{202A}', '\u{202B}', '\u{202C}', '\u{202D}', '\u{202E}',
    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
];

/// What takes no room, from and to. The last variation selector is left out: emoji have it.
const HIDDEN: [(u32, u32); 18] = [
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200D),
    (0x2060, 0x2065),
    (0x206A, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0E),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE007F),
    (0xE0080, 0xE01EF),
    (0xE01F0, 0xE0FFF),
];

/// Expressions; `@` is where the character stands.
const EXPRESSIONS: [&str; 27] = [
    "@a == b",
    "a@ == b",
    "a@b == c",
    "a == b@",
    "a =@= b",
    "a &@& b",
    "a in@ b",
    "a.@b == c",
    "a.`b@c` == d",
    "a[@0] == b",
    "a ?@ b : c",
    "f(@a)",
    "f(a,@b)",
    "[a@, b]",
    "{a@: b}",
    "M{a@: b}",
    "1@2 == a",
    "0x@1f == a",
    "1.@5 == a",
    "1e@5 == a",
    "a == 'x@y'",
    "a == \"x@y\"",
    "a == r'x@y'",
    "a == b'x@y'",
    "a == '''x\n@y'''",
    "a // x@y\n == b",
    "a == b // @",
];

/// Documents; `@` is where the character stands.
const DOCUMENTS: [&str; 22] = [
    "policyc: 1@\nname: n\ndefault: deny\nrules: []\n",
    "policyc: 1\nna@me: n\ndefault: deny\nrules: []\n",
    "policyc: 1\nname: n@x\ndefault: deny\nrules: []\n",
    "policyc: 1\nname: n\ndefault: de@ny\nrules: []\n",
    "policyc: 1\nname: n\ndefault: deny@\nrules: []\n",
    "policyc: 1 # x@y\nname: n\ndefault: deny\nrules: []\n",
    "policyc: 1\n# @\nname: n\ndefault: deny\nrules: []\n",
    "policyc: 1\nname: n\n@default: deny\nrules: []\n",
    "policyc: 1\nname: n\ndefault: deny\nrules: [@]\n",
    "policyc: 1\nname: n\ndescription: x@y\ndefault: deny\nrules: []\n",
    "policyc: 1\nname: n\ndescription: 'x@y'\ndefault: deny\nrules: []\n",
    "policyc: 1\nname: n\ndescription: |\n  x@y\ndefault: deny\nrules: []\n",
    "policyc: 1\nname: n\ndefault: deny\nrules:\n  - {id: r@s, when: a == 1, deny: no}\n",
    "policyc: 1\nname: n\ndefault: deny\nrules:\n  - {id: r, when: a@ == 1, deny: no}\n",
    "policyc: 1\nname: n\ndefault: deny\nrules:\n  - {id: r, when: \"a == 'x@y'\", deny: no}\n",
    "policyc: 1\nname: n\ndefault: deny\nrules:\n  - {id: r, when: a == 1, deny: x@y}\n",
    "policyc: 1\nname: n\ndefault: deny\nrules:\n  - {id: r, when: a == 1, deny: 'x@{a}'}\n",
    "policyc: 1\nname: n\ndefault: deny\nrules:\n  - {id: r, on: [x@y], when: a == 1, deny: no}\n",
    "policyc: 1\nname: n\ndefault: deny\nschema: {a@b: int}\nrules: []\n",
    "policyc: 1\nname: n\ndefault: deny\nschema: {a: i@nt}\nrules: []\n",
    "policyc: 1\nname: n\ndefault: deny\nvariables:\n  - v@w: 1 == 1\nrules: []\n",
    "policyc: 1\nname: n\ndefault: deny\nrules: []\n@",
];

fn hidden() -> impl Iterator<Item = char> {
    HIDDEN.iter().flat_map(|(from, to)| *from..=*to).filter_map(char::from_u32)
}

/// Whether an error of a file points at the bytes `at..end`, or at what holds them.
fn is_refused(path: &str, text: &str, (at, end): (usize, usize)) -> bool {
    let (mut files, mut sink) = (SourceMap::new(), Sink::new());
    files.add(path, text);
    let compiled = compile(&files, &Options::default(), &mut sink);
    let points = sink.finish().0.iter().any(|found| {
        found.severity == Severity::Error
            && found.span().is_some_and(|span| {
                (span.start as usize) <= at && end <= (span.end as usize).max(at + 1)
            })
    });
    compiled.is_none() && points
}

/// The templates and characters that are not refused.
fn missed<'a>(path: &str, templates: &[&'a str], chars: &[char]) -> Vec<(&'a str, char)> {
    let mut missed = Vec::new();
    for template in templates {
        let at = template.find('@').expect("a place");
        for c in chars {
            // Nothing but a mark of the encoding may begin a file.
            if at == 0 && *c == '\u{FEFF}' {
                continue;
            }
            let text = template.replacen('@', &c.to_string(), 1);
            if !is_refused(path, &text, (at, at + c.len_utf8())) {
                missed.push((*template, *c));
            }
        }
    }
    missed
}

#[test]
fn what_cannot_be_seen_is_refused_in_expressions() {
    let chars: Vec<char> = BIDI.into_iter().chain(hidden()).collect();
    // All of them at one place, then a few of each kind everywhere.
    assert_eq!(missed("a.cel", &["a == 'x@y'"], &chars), []);
    let few: Vec<char> = chars.iter().copied().filter(|c| *c < '\u{10000}').step_by(3).collect();
    let few: Vec<char> = BIDI.into_iter().chain(few).chain(['\u{E0041}', '\u{1D173}']).collect();
    assert_eq!(missed("a.cel", &EXPRESSIONS, &few), []);
}

#[test]
fn what_cannot_be_seen_is_refused_in_documents() {
    let few = ['\u{AD}', '\u{200B}', '\u{200C}', '\u{200D}', '\u{2060}', '\u{3164}', '\u{E0041}'];
    let chars: Vec<char> = BIDI.into_iter().chain(few).chain(['\u{FEFF}']).collect();
    assert_eq!(missed("a.yaml", &DOCUMENTS, &chars), []);
}

/// Each of several that stand side by side is told, and told once.
#[test]
fn neighbours_that_cannot_be_seen_are_told_apart() {
    for (text, wanted) in [
        ("policyc: 1\nname: n\u{202E}\u{2066}x\n", vec![(18, 21), (21, 24)]),
        ("policyc: 1\nname: n\nvariables: [{v: 'a\u{202E}\u{2066}'}]\n", vec![(37, 40), (40, 43)]),
    ] {
        let (mut files, mut sink) = (SourceMap::new(), Sink::new());
        files.add("a.yaml", text);
        let _ = policyc::compiler::syntax::document::read(&files, &mut sink);
        let found = sink.finish().0.into_iter().filter(|found| found.code.id() == "E0106");
        let places = found.filter_map(|found| found.span()).map(|at| (at.start, at.end));
        assert_eq!(places.collect::<Vec<_>>(), wanted, "{text:?}");
    }
}

/// Letters of other scripts that pass for those of ASCII, as an attacker would put them.
const DISGUISED: [&str; 8] = [
    "\u{430}dmin",
    "adm\u{456}n",
    "r\u{43E}\u{43E}t",
    "p\u{430}y\u{440}al",
    "\u{FF52}oot",
    "sen\u{501}_money",
    "\u{3BF}wner",
    "us\u{435}r",
];

#[test]
fn letters_that_pass_for_others_are_told() {
    let places: [fn(&str) -> String; 5] = [
        |name| format!("  - {{id: {name}, when: a == 'x', deny: no}}\n"),
        |name| format!("  - {{id: r, when: a == '{name}', deny: no}}\n"),
        |name| format!("  - {{id: r, when: \"a in ['x', '{name}']\", deny: no}}\n"),
        |name| format!("  - {{id: r, when: a.startsWith('{name}'), deny: no}}\n"),
        |name| format!("  - {{id: r, on: [{name}], when: a == 'x', deny: no}}\n"),
    ];
    for name in DISGUISED {
        for place in places {
            let rule = place(name);
            let text = "policyc: 1\nname: n\ndefault: deny\nschema: {a: string}\nrules:\n";
            let (mut files, mut sink) = (SourceMap::new(), Sink::new());
            files.add("a.yaml", format!("{text}{rule}"));
            let all = Selection::default();
            let _ = pipeline::lint(&files, &Settings::default(), &all, &mut sink);
            let told = sink.finish().0.iter().any(|it| matches!(it.code.id(), "W0536"));
            assert!(told || !is_plain(&files), "{rule}");
        }
        // Identifiers are of ASCII.
        let text = format!("{name} == 1");
        let at = name.find(|c: char| !c.is_ascii()).expect("a letter");
        assert!(is_refused("a.cel", &text, (at, at + 1)), "{text}");
    }
}

/// Whether the files compile without an error.
fn is_plain(files: &SourceMap) -> bool {
    let mut sink = Sink::new();
    compile(files, &Options::default(), &mut sink).is_some()
}
