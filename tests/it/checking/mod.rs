//! What `check` tells of lints: selection, suppressions, fixes.

mod fixes;
mod formats;
mod helps;
mod kept;
mod suppressions;

use policyc::compiler::source::map::SourceMap;
use policyc::diag::diagnostic::Diagnostic;
use policyc::diag::sink::Sink;
use policyc::tools::lint::select::{Choice, Selection, Selector};
use policyc::tools::pipeline;
use policyc::tools::project::Settings;

/// A map of one file.
pub(super) fn one(path: &str, text: &str) -> SourceMap {
    let mut files = SourceMap::new();
    files.add(path, text);
    files
}

/// A selection of these alone.
pub(crate) fn only(selectors: &[&str]) -> Selection {
    let read = |text: &&str| Selector::read(text).expect("a selector");
    let select = Some(selectors.iter().map(read).collect());
    Selection::of(&Choice { select, ..Choice::default() }, &[])
}

/// What is told.
pub(super) fn told(files: &SourceMap, selection: &Selection) -> Vec<Diagnostic> {
    let mut sink = Sink::new();
    let _ = pipeline::lint(files, &Settings::default(), selection, &mut sink);
    sink.finish().0
}

/// What is told, as `W0563:7`: code and line.
pub(super) fn lines(files: &SourceMap, selection: &Selection) -> Vec<String> {
    let line = |finding: &Diagnostic| {
        let at = finding.span().expect("a place");
        let file = files.get(at.file).expect("a file");
        let line = file.lines.place(&file.text, at.start).line;
        format!("{}:{line}", finding.code.id())
    };
    told(files, selection).iter().map(line).collect()
}

/// A policy of three rules, the last two of which negate twice: on lines 9 and 12.
pub(super) const TWICE: &str = "\
policyc: 1
default: deny
schema: {request: {internal: bool, late: bool}}
rules:
  - id: plain
    when: request.internal
    allow: \"an internal call\"
  - id: first
    when: \"!!request.internal\"
    allow: \"an internal call\"
  - id: second
    when: \"!!request.late\"
    deny: \"too late\"
";

/// The policy with `line` in front of line `number`, counted from 1.
pub(super) fn with_line(number: usize, line: &str) -> String {
    let mut lines: Vec<&str> = TWICE.lines().collect();
    lines.insert(number - 1, line);
    lines.join("\n") + "\n"
}

#[test]
fn what_is_not_selected_is_not_told() {
    let files = one("p.yaml", TWICE);
    assert_eq!(lines(&files, &only(&["style"])), ["W0563:9", "W0563:12"]);
    assert_eq!(lines(&files, &only(&["W0563"])), ["W0563:9", "W0563:12"]);
    assert_eq!(lines(&files, &only(&["unused"])), [""; 0]);
}

/// Documents become one bundle, in which an id names one rule.
#[test]
fn rules_of_two_documents_have_ids_of_their_own() {
    let document = |name: &str, rule: &str| {
        format!("policyc: 1\nname: {name}\ndefault: deny\nschema: {{n: int}}\nrules:\n  - {rule}\n")
    };
    let project = |rules: [&str; 2]| {
        let mut files = SourceMap::new();
        files.add("a.yaml", document("a", rules[0]));
        files.add("b.yaml", document("b", rules[1]));
        files
    };
    let written = project(["{id: r, when: n > 1, deny: x}", "{id: r, when: n > 2, deny: x}"]);
    let made = project(["{when: n > 1, deny: x}", "{when: n > 2, deny: x}"]);
    for (files, fact, help) in [
        (written, "two rules have the id `r`", "ids are unique in a bundle"),
        (made, "two rules have the id `rule-1`", "give this rule an id"),
    ] {
        let found = told(&files, &only(&["W0563"]));
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((found.code.id(), found.message.as_str()), ("E0201", fact));
        assert!(found.help.as_ref().is_some_and(|it| it.contains(help)), "{found:?}");
        let places = [found.span(), found.secondary.first().map(|it| it.span)];
        let paths =
            places.map(|at| files.get(at.expect("a place").file).expect("a file").path.as_str());
        assert_eq!(paths, ["b.yaml", "a.yaml"]);
    }
}
