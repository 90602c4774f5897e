//! The XML of `JUnit`: a suite a policy, a case for each thing that is judged.
//!
//! Imports: `tools::project`, `tools::report`.

use crate::tools::bench::budget::Verdict;
use crate::tools::bench::compare::Metric;
use crate::tools::bench::document::Measurement;
use crate::tools::bench::draw::Drawing;
use crate::tools::bench::draw::text::{number, time, values, what};
use crate::tools::project::config::Limit;
use crate::tools::report::junit::{Case, document};
use crate::tools::report::paint::Style;

/// The document.
#[must_use]
pub fn draw(drawing: &Drawing<'_>, _style: Style) -> String {
    let policies = drawing.document.policies.iter().enumerate();
    let suite = |(at, policy): (usize, &Measurement)| {
        (format!("policyc bench {}", policy.name), policy.name.clone(), cases(drawing, at, policy))
    };
    document(&policies.map(suite).collect::<Vec<_>>())
}

fn cases(drawing: &Drawing<'_>, at: usize, policy: &Measurement) -> Vec<Case> {
    let mut cases = vec![Case { name: "measured".to_owned(), failure: None, skipped: None }];
    let comparison = drawing.against.as_ref().and_then(|against| against.comparisons.get(at));
    for change in comparison.map_or(&[][..], |it| it.changes.as_slice()) {
        let name = match change.what {
            Metric::Count(_) | Metric::Time(_) => what(change).to_owned(),
            Metric::Rule(rule) => {
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
