//! The XML of `JUnit`: a suite a policy, a case for each thing that is judged.

use std::fmt::Write as _;

use crate::tools::bench::budget::Verdict;
use crate::tools::bench::compare::What;
use crate::tools::bench::document::Measured;
use crate::tools::bench::draw::Drawing;
use crate::tools::bench::draw::text::{number, time, values, what};
use crate::tools::project::config::Limit;
use crate::tools::report::paint::Style;

/// One thing that is judged: its name, and why it fails or was not judged.
struct Case {
    name: String,
    failure: Option<String>,
    skipped: Option<String>,
}

/// The document.
#[must_use]
pub fn draw(drawing: &Drawing<'_>, _style: Style) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (at, policy) in drawing.document.policies.iter().enumerate() {
        let cases = cases(drawing, at, policy);
        let failures = cases.iter().filter(|case| case.failure.is_some()).count();
        let skipped = cases.iter().filter(|case| case.skipped.is_some()).count();
        let name = escape(&policy.name);
        let count = cases.len();
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "  <testsuite name=\"policyc bench {name}\" tests=\"{count}\" \
             failures=\"{failures}\" skipped=\"{skipped}\">"
        );
        for case in cases {
            let (class, case_name) = (&name, escape(&case.name));
            let _ = write!(text, "    <testcase classname=\"{class}\" name=\"{case_name}\"");
            let inside = match (&case.failure, &case.skipped) {
                (Some(why), _) => format!("<failure message=\"{}\"/>", escape(why)),
                (None, Some(why)) => format!("<skipped message=\"{}\"/>", escape(why)),
                (None, None) => {
                    text.push_str("/>\n");
                    continue;
                }
            };
            let _ = writeln!(text, ">{inside}</testcase>");
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn cases(drawing: &Drawing<'_>, at: usize, policy: &Measured) -> Vec<Case> {
    let mut cases = vec![Case { name: "measured".to_owned(), failure: None, skipped: None }];
    let comparison = drawing.against.as_ref().and_then(|against| against.comparisons.get(at));
    for change in comparison.map_or(&[][..], |it| it.changes.as_slice()) {
        let name = match change.what {
            What::Count(_) | What::Time(_) => what(change).to_owned(),
            What::Rule(rule) => {
                format!("rule {}", policy.rules.get(rule).map_or("", |rule| rule.rule.as_str()))
            }
        };
        let (after, before) = values(change);
        let failure = change.worse.then(|| format!("{after} a decision, {before} before"));
        cases.push(Case { name: format!("{name} against the base"), failure, skipped: None });
    }
    for judged in drawing.budgets.get(at).map_or(&[][..], Vec::as_slice) {
        let budget = judged.budget;
        let (found, limit) = match budget.limit {
            #[expect(clippy::cast_precision_loss, reason = "for people")]
            Limit::Count(limit) => (number(judged.found), number(limit as f64)),
            Limit::Nanoseconds(limit) => (time(judged.found), time(limit)),
        };
        let said = format!("{found}, and the budget is {limit}");
        let (failure, skipped) = match judged.verdict {
            Verdict::Kept => (None, None),
            Verdict::Missed => (Some(said), None),
            Verdict::Unclear => (None, Some(format!("{said}: rounds differ by more"))),
            Verdict::Unmeasured => (None, Some("it was not measured".to_owned())),
        };
        cases.push(Case { name: format!("budget {}", budget.key), failure, skipped });
    }
    cases
}

/// Text inside an attribute. What XML has no way to say becomes a mark.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c < ' ' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_stay_inside_their_quotes() {
        assert_eq!(super::escape("a\"<b>&\n\u{1}"), "a&quot;&lt;b&gt;&amp;&#10;\u{fffd}");
    }
}
