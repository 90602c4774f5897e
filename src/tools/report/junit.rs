//! The XML of `JUnit`.
//!
//! In:      suites of cases.
//! Out:     a document.
//! Imports: `base`.

use std::fmt::Write as _;

use crate::base::invisible::invisible;

/// One thing that is judged: its name, and why it fails or was not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Why it fails.
    pub failure: Option<String>,
    /// Why it was not judged.
    pub skipped: Option<String>,
}

/// A document of suites: name, class of its cases, cases.
#[must_use]
pub fn document(suites: &[(String, String, Vec<Case>)]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (name, class, cases) in suites {
        let failures = cases.iter().filter(|case| case.failure.is_some()).count();
        let skipped = cases.iter().filter(|case| case.skipped.is_some()).count();
        let (name, class, count) = (escape(name), escape(class), cases.len());
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "  <testsuite name=\"{name}\" tests=\"{count}\" failures=\"{failures}\" \
             skipped=\"{skipped}\">"
        );
        for case in cases {
            let case_name = escape(&case.name);
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
            c if invisible(c).is_some() || c < ' ' => out.push('\u{fffd}'),
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
