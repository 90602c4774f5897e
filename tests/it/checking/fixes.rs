//! Fixes, and comments that are written.

use policyc::base::limits::FINDINGS_MAX;
use policyc::compiler::source::map::SourceMap;
use policyc::diag::codes::Code;
use policyc::diag::sink::Sink;
use policyc::tools::lint::annotate::annotate;
use policyc::tools::lint::fix::fix;
use policyc::tools::pipeline;
use policyc::tools::project::Settings;

use super::{TWICE, one, only, told};

fn text(files: &SourceMap) -> String {
    files.iter().next().expect("a file").1.text.clone()
}

#[test]
fn fixes_are_applied_in_every_style_of_scalar() {
    let block = "|\n      !!request.late\n        && !!!(request.internal)";
    let before = TWICE.replace("\"!!request.late\"", block);
    let fixed = fix(&one("p.yaml", &before), &Settings::default(), &only(&["W0563"]), false);
    let after = before
        .replace("\"!!request.internal\"", "\"request.internal\"")
        .replace("!!request.late", "request.late")
        .replace("!!!(request.internal)", "!(request.internal)");
    assert_eq!(text(&fixed.files), after);
    assert_eq!(fixed.applied[&Code::DoubleNegation], 3);
    assert_eq!((fixed.refused, fixed.sink.worst()), (0, None));
}

#[test]
fn a_needless_comment_is_taken_away_with_its_line() {
    let before = "# policyc: ignore[W0563] as it came\n".to_owned() + TWICE;
    let fixed = fix(&one("p.yaml", &before), &Settings::default(), &only(&["W0556"]), false);
    assert_eq!(text(&fixed.files), before, "W0563 is not selected, so nothing is needless");
    let selection = only(&["W0556", "W0563"]);
    let fixed = fix(&one("p.yaml", &before), &Settings::default(), &selection, false);
    let after = TWICE.replace("!!", "");
    assert_eq!(text(&fixed.files), after);
}

#[test]
fn what_was_suppressed_is_not_told_again() {
    let block = "|\n      !!request.late\n        && !!request.internal";
    for before in [TWICE.to_owned(), TWICE.replace("\"!!request.late\"", block)] {
        let files = one("p.yaml", &before);
        let findings = told(&files, &only(&["style"]));
        let annotated = annotate(&files, &findings, "as it came");
        assert_eq!((annotated.suppressed, annotated.left), (findings.len(), 0));
        assert!(told(&annotated.files, &only(&["style", "W0556"])).is_empty(), "{before}");
        let kept: String = text(&annotated.files)
            .lines()
            .map(|line| line.split("# policyc").next().unwrap_or_default().trim_end())
            .filter(|line| !line.is_empty())
            .map(|line| line.to_owned() + "\n")
            .collect();
        assert_eq!(kept, before, "nothing else changed");
    }
}

#[test]
fn codes_are_added_to_a_comment_that_is_there() {
    let with = TWICE.replace(
        "when: \"!!request.late\"",
        "when: \"!!request.late\" # policyc: ignore[W0550] as it came",
    );
    let files = one("p.yaml", &with);
    let annotated = annotate(&files, &told(&files, &only(&["W0563"])), "later");
    let line = "when: \"!!request.late\" # policyc: ignore[W0550, W0563] as it came";
    assert!(text(&annotated.files).contains(line), "{}", text(&annotated.files));
}

#[test]
fn a_comment_that_is_there_stays_behind_the_new_one() {
    for said in ["# as it was", "# as it was # policyc: ignore[W0563] no"] {
        let end = "when: \"!!request.late\"";
        let with = TWICE.replace(end, &format!("{end}  {said}"));
        let files = one("p.yaml", &with);
        let annotated = annotate(&files, &told(&files, &only(&["W0563"])), "later");
        let line = format!("{end}  # policyc: ignore[W0563] later {said}\n");
        assert!(text(&annotated.files).contains(&line), "{}", text(&annotated.files));
        assert!(told(&annotated.files, &only(&["W0563", "W0556"])).is_empty());
    }
    let files = one("p.cel", "!!request.internal ? deny(\"no\") : allow() // as it was\n");
    let annotated = annotate(&files, &told(&files, &only(&["W0563"])), "later");
    assert!(told(&annotated.files, &only(&["W0563", "W0556"])).is_empty());
    assert!(text(&annotated.files).ends_with(" later // as it was\n"));
}

#[test]
fn line_ends_stay_as_they_are() {
    let with = TWICE.replace("\"!!request.late\"", "|\n      !!request.late").replace('\n', "\r\n");
    let files = one("p.yaml", &with);
    let annotated = annotate(&files, &told(&files, &only(&["W0563"])), "later");
    let after = text(&annotated.files);
    assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
    assert!(told(&annotated.files, &only(&["W0563", "W0556"])).is_empty(), "{after}");
}

#[test]
fn more_than_is_told_is_fixed_and_suppressed() {
    let rule = |at: usize| {
        TWICE.split("rules:\n").nth(1).expect("rules").replace("id: ", &format!("id: r{at}-"))
    };
    let rules: String = (0..600).map(rule).collect();
    let before = TWICE.split("  - id").next().expect("a head").to_owned() + &rules;
    let files = one("p.yaml", &before);
    let mut all = Sink::with_room(FINDINGS_MAX);
    let _ = pipeline::lint(&files, &Settings::default(), &only(&["W0563"]), &mut all);
    let annotated = annotate(&files, &all.finish().0, "as it came");
    assert_eq!((annotated.suppressed, annotated.left), (1200, 0));
    assert!(told(&annotated.files, &only(&["W0563", "W0556"])).is_empty());
    let fixed = fix(&files, &Settings::default(), &only(&["W0563"]), false);
    assert_eq!(text(&fixed.files), before.replace("!!", ""));
}

/// YAML stops at the first mistake, so one that is cured brings the next one to light.
#[test]
fn quotes_that_yaml_took_are_given_back_one_after_the_other() {
    let head = "policyc: 1\nname: p\ndefault: deny\nschema: {r: {s: string, m: map<string, int>}}\n\
                rules:\n";
    let rule = |id: &str, when: &str| format!("  - id: {id}\n    when: {when}\n    allow: \"y\"\n");
    let before = head.to_owned()
        + &rule("a", "\"a\" == r.s")
        + &rule("b", "\"r.s == \"b\"\"")
        + &rule("c", "'c' in [r.s]")
        + &rule("d", "\"r.m[\"x\"] == 1\"");
    let after = head.replace("map<string, int>", "\"map<string, int>\"")
        + &rule("a", "'\"a\" == r.s'")
        + &rule("b", "'r.s == \"b\"'")
        + &rule("c", "\"'c' in [r.s]\"")
        + &rule("d", "'r.m[\"x\"] == 1'");
    let fixed = fix(&one("p.yaml", &before), &Settings::default(), &only(&["bugs"]), true);
    assert_eq!(text(&fixed.files), after);
}
