//! The places of errors in CEL Policy documents, beside those that the suite's files hold.
//!
//! `cel-java/NAME/expected_errors.baseline` belongs to `conformance/compile_errors/NAME`. Its words
//! are another implementation's; its places, and how many there are, are the format's.

use std::collections::BTreeSet;

use policyc::compiler::{Options, compile};
use policyc::diag::codes::Code;
use policyc::diag::diagnostic::Severity;
use policyc::diag::sink::Sink;

use crate::support::folder;

/// Line and column, from 1.
type Place = (u32, u32);

/// A place that we report elsewhere or not at all: directory, theirs, ours, and why.
const DIFFERENCES: &[(&str, Place, Option<Place>, &str)] = &[
    (
        "duplicate_variable",
        (23, 19),
        Some((20, 13)),
        "theirs is the condition that comes next, in which nothing is wrong; ours is the second \
         declaration",
    ),
    (
        "syntax",
        (19, 67),
        None,
        "what their parser says after it took the wrong `)` for the missing one; the text has one \
         mistake, at 19:51, and lacks nothing at its end",
    ),
];

/// The places of `ERROR: NAME/policy.yaml:LINE:COLUMN: WORDS` lines.
fn expected(baseline: &str) -> BTreeSet<Place> {
    let lines = baseline.lines().filter_map(|line| line.strip_prefix("ERROR: "));
    let place = |line: &str| {
        let mut parts = line.split(':').skip(1).map(str::parse::<u32>);
        (parts.next().unwrap().unwrap(), parts.next().unwrap().unwrap())
    };
    lines.map(place).collect()
}

/// The places of our errors. Where two outputs contradict each other both places count, as the
/// suite has an error at each.
fn found(name: &str) -> BTreeSet<Place> {
    let root = folder::data("CEL_POLICY_DIR", "../shared/cel-policy");
    let files = folder::sources(&root.join("conformance/compile_errors").join(name));
    let mut sink = Sink::new();
    assert!(compile(&files, &Options::default(), &mut sink).is_none(), "{name} must be refused");
    let mut places = BTreeSet::new();
    for found in sink.finish().0.iter().filter(|it| it.severity == Severity::Error) {
        let sides = if found.code == Code::IncompatibleOutputs { found.secondary.len() } else { 0 };
        let labels = found.primary.iter().chain(found.secondary.iter().take(sides));
        for label in labels {
            let file = files.get(label.span.file).unwrap();
            assert!(file.path.ends_with("policy.yaml"), "{name}: {}", file.path);
            let place = file.lines.place(&file.text, label.span.start);
            places.insert((place.line, place.column));
        }
    }
    places
}

#[test]
fn errors_stand_where_the_suite_has_them() {
    let baselines = folder::data("CEL_POLICY_DIR", "../shared/cel-policy").join("cel-java");
    let mut compared = 0;
    for folder in folder::folders(&baselines) {
        let baseline = folder.join("expected_errors.baseline");
        if !baseline.is_file() {
            continue;
        }
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let mut wanted = expected(&folder::text(&baseline));
        assert!(!wanted.is_empty(), "{name} expects no error");
        compared += wanted.len();
        for (_, theirs, ours, why) in DIFFERENCES.iter().filter(|it| it.0 == name) {
            assert!(wanted.remove(theirs), "{name} no longer has {theirs:?}: {why}");
            wanted.extend(*ours);
        }
        assert_eq!(found(&name), wanted, "{name}");
    }
    assert_eq!(compared, 13, "places in the baselines");
}

/// Directories without expected places. What contradicts is told by the words of their tests.
const UNPLACED: &[(&str, &[Place])] = &[
    ("aggregate_errors", &[(22, 22), (24, 22)]),
    ("aggregate_heterogeneous_outputs", &[(19, 16), (21, 16), (23, 16)]),
    ("aggregate_list_errors", &[(22, 22), (24, 22)]),
    ("aggregate_subrule_heterogeneous_outputs", &[(21, 22), (23, 22)]),
    // The entry, and the rule, that create unreachable outputs.
    ("aggregate_unreachable_in_nested_first_match", &[(21, 13)]),
    ("unreachable_under_unconditional_aggregate_subrule", &[(20, 9)]),
];

#[test]
fn other_errors_stand_at_what_they_speak_of() {
    for (name, places) in UNPLACED {
        assert_eq!(found(name), places.iter().copied().collect(), "{name}");
    }
    let root = folder::data("CEL_POLICY_DIR", "../shared/cel-policy");
    let placed = |name: &str| root.join("cel-java").join(name).is_dir();
    for folder in folder::folders(&root.join("conformance/compile_errors")) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let known = UNPLACED.iter().any(|(unplaced, _)| *unplaced == name);
        assert!(known || placed(&name), "nothing says where the errors of {name} stand");
    }
}
