//! Comments that keep findings from being told.

use policyc::base::limits::DIAGNOSTICS_MAX;

use super::{TWICE, lines, one, only, told, with_line};

fn yaml(text: &str) -> Vec<String> {
    lines(&one("p.yaml", text), &only(&["style", "unused"]))
}

fn cel(text: &str) -> Vec<String> {
    lines(&one("p.cel", text), &only(&["W0563", "W0556", "W0557"]))
}

#[test]
fn a_comment_behind_something_speaks_about_its_line() {
    let text = TWICE.replace(
        "when: \"!!request.internal\"",
        "when: \"!!request.internal\" # policyc: ignore[W0563] as it came",
    );
    assert_eq!(yaml(&text), ["W0563:12"]);
}

#[test]
fn a_comment_on_its_own_line_speaks_about_what_begins_below() {
    let above_rule = with_line(8, "  # policyc: ignore[W0563] as it came");
    assert_eq!(yaml(&above_rule), ["W0563:13"], "the whole rule, and not the next one");
    let above_rules = with_line(4, "# policyc: ignore[style] as it came");
    assert_eq!(yaml(&above_rules), [""; 0], "all rules");
    let elsewhere = with_line(6, "    # policyc: ignore[W0563] as it came");
    assert_eq!(yaml(&elsewhere), ["W0556:6", "W0563:10", "W0563:13"]);
}

#[test]
fn a_file_is_silenced_as_a_whole() {
    let text = with_line(13, "# policyc: ignore-file[W0563] as it came");
    assert_eq!(yaml(&text), [""; 0]);
}

#[test]
fn what_only_looks_like_a_comment_is_none() {
    let text = TWICE.replace("\"too late\"", "\"too late # policyc: ignore[W0563] no\"");
    assert_eq!(yaml(&text), ["W0563:9", "W0563:12"]);
    let text = TWICE.replace(
        "\"!!request.late\"",
        "|\n      // policyc: ignore[W0563] as it came\n      !!request.late",
    );
    assert_eq!(yaml(&text), ["W0563:9"], "in CEL it is one");
    let text = TWICE.replace(
        "\"!!request.late\"",
        "|\n      \"// policyc: ignore[W0563] no\" != \"\" &&\n      !!request.late",
    );
    assert_eq!(yaml(&text), ["W0563:9", "W0563:14"], "inside of a string it is none");
}

/// What somebody else said may be quoted in a comment, and be a name.
#[test]
fn what_stands_in_the_middle_of_a_comment_silences_nothing() {
    for quoted in [
        "# \"Reads a file. # policyc: ignore-file[all] ok\"",
        "# policyc:  ignore-file[all] # policyc: ignore-file[all] ok",
        "#\t# policyc: ignore-file[all] ok",
        "## policyc: ignore-file[all] ok",
        "# // policyc: ignore-file[all] ok",
    ] {
        let text = with_line(4, quoted);
        assert_eq!(yaml(&text), ["W0563:10", "W0563:13"], "{quoted}");
    }
    for name in ["x // policyc: ignore-file[all] ok", "x # policyc: ignore-file[all] ok"] {
        let text = with_line(4, &format!("tools: {{\"{name}\": {{effect: none}}}}"));
        assert_eq!(yaml(&text), ["W0563:10", "W0563:13"], "{name}");
    }
    let rule = "!!request.internal ? deny(\"no\") : allow()\n";
    let text = format!("// One // policyc: ignore-file[all] ok\n{rule}");
    assert_eq!(cel(&text), ["W0563:2"]);
    let text = TWICE.replace(
        "\"!!request.late\"",
        "|\n      // see // policyc: ignore-file[all] ok\n      !!request.late",
    );
    assert_eq!(yaml(&text), ["W0563:9", "W0563:14"]);
    // Blanks in front of the words, and a byte order mark in front of all.
    for spaced in ["#policyc: ignore-file[all] ok", "\u{feff}#\t policyc: ignore-file[all] ok"] {
        assert_eq!(yaml(&format!("{spaced}\n{TWICE}")), [""; 0], "{spaced}");
    }
}

#[test]
fn needless_and_bare_suppressions_are_found() {
    let text = with_line(8, "  # policyc: ignore[W0550, W0563]");
    assert_eq!(yaml(&text), ["W0557:8", "W0556:8", "W0563:13"]);
    let text = with_line(8, "  # policyc: ignore[W0999] as it came");
    assert_eq!(yaml(&text), ["W0556:8", "W0563:10", "W0563:13"]);
    let text = with_line(8, "  # policyc: ignore everything");
    assert_eq!(yaml(&text), ["W0556:8", "W0563:10", "W0563:13"]);
    let text = with_line(8, "  # policyc: ignore[E0302] as it came");
    assert_eq!(yaml(&text), ["W0556:8", "W0563:10", "W0563:13"], "errors are always told");
}

#[test]
fn nothing_is_called_needless_while_lints_did_not_run() {
    let text = with_line(8, "  # policyc: ignore[W0550, W0563] as it came");
    let text = text.replace("when: request.internal\n", "when: request.external\n");
    let found = told(&one("p.yaml", &text), &only(&["all"]));
    let codes: Vec<_> = found.iter().map(|finding| finding.code.id()).collect();
    assert_eq!(codes, ["E0302"]);
}

#[test]
fn plain_rules_have_them_above_or_behind() {
    let rule = "!!request.internal ? deny(\"no\") : allow()\n";
    assert_eq!(cel(&format!("// One\n{rule}")), ["W0563:2"]);
    let behind = rule.replace('\n', " // policyc: ignore[W0563] as it came\n");
    assert_eq!(cel(&format!("// One\n{behind}")), [""; 0]);
    let above = format!("// One\n// policyc: ignore[W0563] as it came\n{rule}");
    assert_eq!(cel(&above), [""; 0]);
    assert_eq!(cel(&format!("{above}// Two\n{rule}")), ["W0563:5"], "not the next one");
}

#[test]
fn a_suppression_describes_no_rule() {
    use policyc::compiler::syntax::document;
    use policyc::diag::sink::Sink;

    let text = "// One\n// policyc: ignore[W0563] as it came\n!!true ? deny(\"no\") : allow()\n";
    let parsed = document::read(&one("p.cel", text), &mut Sink::new());
    assert_eq!(parsed.policies[0].rules[0].description.as_deref(), Some("One"));
}

/// A policy with `count` rules that negate twice.
fn many(count: usize) -> String {
    let head = TWICE.split("  - id: plain").next().expect("a head");
    let rule = |at| format!("  - id: r{at}\n    when: \"!!request.late\"\n    deny: \"late\"\n");
    head.to_owned() + &(0..count).map(rule).collect::<String>()
}

#[test]
fn what_is_suppressed_takes_no_room() {
    let count = DIAGNOSTICS_MAX + 100;
    let files = one("p.yaml", &many(count));
    assert_eq!(lines(&files, &only(&["W0563"])).len(), DIAGNOSTICS_MAX, "the rest is counted");
    let silent = many(count).replace(
        "\"!!request.late\"\n",
        "\"!!request.late\" # policyc: ignore[W0563] as it came\n",
    );
    let last = "  - id: last\n    when: \"!!request.internal\"\n    deny: \"no\"\n";
    let line = 5 + 3 * count + 1;
    let files = one("p.yaml", &(silent + last));
    assert_eq!(lines(&files, &only(&["W0563", "W0556"])), [format!("W0563:{line}")]);
}
