//! An explanation for people.
//!
//! In:      a `DecisionExplanation`.
//! Out:     text.
//! Imports: `tools::replay`.

use crate::tools::replay::explain::Explanation;
use crate::tools::report::decision::{details, effect_paint, effect_word, headline, row};
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::visible::visible;
use crate::tools::report::why::{DecisionExplanation, source};

/// Text.
pub(super) fn draw(told: &DecisionExplanation<'_>, style: Style) -> String {
    let mut text = if let Some(report) = told.report() {
        headline(report, told.tool.as_deref(), style)
    } else {
        let paint = match told.effects() {
            [effect] => effect_paint(*effect),
            _ => Paint::Wait,
        };
        let said = format!("recorded {}", effect_word(told.recorded));
        let tool = told.tool.as_deref().map(|it| visible(it).into_owned());
        let parts: Vec<String> = tool.into_iter().chain([said]).collect();
        format!("  {}  {}\n", style.paint(paint, &told.word()), parts.join(" · "))
    };
    let line = "─".repeat(style.width.saturating_sub(4));
    text.push_str(&style.paint(Paint::Frame, &format!("  {line}\n")));
    for (word, says) in &told.facts {
        row(&mut text, style, word, says);
    }
    match told.explained {
        Explanation::Decided { why, report, .. } => {
            text.push('\n');
            text.push_str(&source::draw(why, None, told.tree, style));
            text.push_str(&details(report, true, style));
        }
        Explanation::Withheld { rules, .. } => {
            for (word, says) in told.withheld() {
                row(&mut text, style, word, &says);
            }
            for (id, says) in rules {
                row(&mut text, style, "rule", &format!("{id}  {says}"));
            }
        }
    }
    text
}
