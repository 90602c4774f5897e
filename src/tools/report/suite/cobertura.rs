//! Coverage as Cobertura writes it.
//!
//! In:      `Drawing`.
//! Out:     XML, as `coverage-04.dtd` has it.
//! Imports: its own room alone.
//!
//! A source is a class, a rule a method, an atom a condition of its line: half of it for each way
//! that it came out. Lines are those of `lcov`.

use std::fmt::Write as _;

use crate::tools::report::paint::Style;
use crate::tools::report::replay::page::text as escaped;
use crate::tools::report::suite::coverage::Drawing;
use crate::tools::report::suite::lcov::{Branch, Source, sources};

/// Covered and all.
#[derive(Clone, Copy, Default)]
struct Rate(usize, usize);

impl Rate {
    fn add(&mut self, other: Self) {
        self.0 += other.0;
        self.1 += other.1;
    }

    /// Between 0 and 1; of nothing all is covered.
    fn text(self) -> String {
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = self.0 as f64 / self.1.max(1) as f64;
        if self.1 == 0 { "1".to_owned() } else { format!("{rate:.4}") }
    }
}

fn lines(source: &Source<'_>) -> Rate {
    Rate(source.lines.values().filter(|count| **count > 0).count(), source.lines.len())
}

fn taken(branches: &[(usize, Branch)]) -> Rate {
    let taken = branches.iter().filter(|(_, count)| count.is_some_and(|count| count > 0));
    Rate(taken.count(), branches.len())
}

fn branches(source: &Source<'_>) -> Rate {
    let mut all = Rate::default();
    source.branches.values().for_each(|own| all.add(taken(own)));
    all
}

pub(super) fn draw(drawing: &Drawing<'_>, _style: Style) -> String {
    let found: Vec<(String, Source<'_>)> = drawing.projects.iter().flat_map(sources).collect();
    let (mut line_rate, mut branch_rate) = (Rate::default(), Rate::default());
    for (_, source) in &found {
        line_rate.add(lines(source));
        branch_rate.add(branches(source));
    }
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE coverage SYSTEM \"http://cobertura.sourceforge.net/xml/coverage-04.dtd\">\n",
    );
    let _ = writeln!(
        text,
        "<coverage line-rate=\"{}\" branch-rate=\"{}\" lines-covered=\"{}\" lines-valid=\"{}\" \
         branches-covered=\"{}\" branches-valid=\"{}\" complexity=\"0\" version=\"policyc {}\" \
         timestamp=\"{}\">",
        line_rate.text(),
        branch_rate.text(),
        line_rate.0,
        line_rate.1,
        branch_rate.0,
        branch_rate.1,
        env!("CARGO_PKG_VERSION"),
        drawing.created.unwrap_or(0),
    );
    text.push_str("  <sources>\n    <source>.</source>\n  </sources>\n  <packages>\n");
    let _ = writeln!(
        text,
        "    <package name=\"policies\" line-rate=\"{}\" branch-rate=\"{}\" \
         complexity=\"0\">\n      <classes>",
        line_rate.text(),
        branch_rate.text(),
    );
    for (path, source) in &found {
        class(&mut text, path, source);
    }
    text.push_str("      </classes>\n    </package>\n  </packages>\n</coverage>\n");
    text
}

fn class(text: &mut String, path: &str, source: &Source<'_>) {
    let (line_rate, branch_rate) = (lines(source).text(), branches(source).text());
    let path = escaped(path);
    let _ = writeln!(
        text,
        "        <class name=\"{path}\" filename=\"{path}\" line-rate=\"{line_rate}\" \
         branch-rate=\"{branch_rate}\" complexity=\"0\">\n          <methods>",
    );
    for (line, rule) in &source.rules {
        let rate = usize::from(rule.fired > 0);
        let _ = writeln!(
            text,
            "            <method name=\"{}\" signature=\"()\" line-rate=\"{rate}\" \
             branch-rate=\"{rate}\" complexity=\"0\">\n              <lines>\n                \
             <line number=\"{line}\" hits=\"{}\"/>\n              </lines>\n            </method>",
            escaped(&rule.id),
            rule.fired,
        );
    }
    text.push_str("          </methods>\n          <lines>\n");
    for (line, hits) in &source.lines {
        let Some(own) = source.branches.get(line) else {
            let _ = writeln!(text, "            <line number=\"{line}\" hits=\"{hits}\"/>");
            continue;
        };
        let Rate(covered, all) = taken(own);
        let _ = writeln!(
            text,
            "            <line number=\"{line}\" hits=\"{hits}\" branch=\"true\" \
             condition-coverage=\"{}% ({covered}/{all})\">\n              <conditions>",
            100 * covered / all.max(1),
        );
        for (number, atom) in own.chunks(2).enumerate() {
            let half = 50 * taken(atom).0;
            let _ = writeln!(
                text,
                "{:16}<condition number=\"{number}\" type=\"jump\" coverage=\"{half}%\"/>",
                "",
            );
        }
        text.push_str("              </conditions>\n            </line>\n");
    }
    text.push_str("          </lines>\n        </class>\n");
}
