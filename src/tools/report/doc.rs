//! Documentation of a policy set, as Markdown and as one page of HTML.
//!
//! In:      blocks of `tools::doc`.
//! Out:     text. Whatever a policy says is shown as it is, and is no markup.
//! Imports: `tools::doc`.

use std::fmt::Write as _;

use crate::tools::doc::block::{Block, Inline};
use crate::tools::report::replay::page;
use crate::tools::report::visible::{visible, visible_lines};

/// As Markdown, which GitHub and GitLab show.
#[must_use]
pub fn markdown(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        if !out.is_empty() {
            out.push('\n');
        }
        match block {
            Block::Heading { level, anchor, words } => {
                if let Some(anchor) = anchor {
                    let _ = writeln!(out, "<a id=\"{anchor}\"></a>\n");
                }
                let marks = "#".repeat(usize::from(*level));
                let _ = writeln!(out, "{marks} {}", plain(words));
            }
            Block::Paragraph(parts) => {
                let _ = writeln!(out, "{}", opened(&inlines(parts)));
            }
            Block::Table(head, rows) => {
                let _ = writeln!(out, "| {} |", head.join(" | "));
                let _ = writeln!(out, "|{}", " --- |".repeat(head.len()));
                for row in rows {
                    let cells: Vec<String> = row.iter().map(|cell| inlines(cell)).collect();
                    let _ = writeln!(out, "| {} |", cells.join(" | "));
                }
            }
            Block::Code(code) => {
                let fence = "`".repeat(longest_ticks(code).max(2) + 1);
                let _ = writeln!(out, "{fence}\n{}\n{fence}", visible_lines(code).trim_end());
            }
        }
    }
    out
}

fn inlines(parts: &[Inline]) -> String {
    let piece = |part: &Inline| match part {
        Inline::Text(words) => plain(words),
        Inline::Code(code) => span(code),
        Inline::Link(words, anchor) => format!("[{}](#{anchor})", span(words)),
    };
    parts.iter().map(piece).collect()
}

/// Text on one line, in which no mark of Markdown or HTML counts: neither one inside of a line, nor
/// an address that would become a link.
fn plain(words: &str) -> String {
    let mut out = String::new();
    for c in visible(&unbroken(words)).chars() {
        match c {
            ':' if out.ends_with("http") || out.ends_with("https") || out.ends_with("ftp") => {
                out.push_str("\\:");
            }
            '.' if out.ends_with("www") => out.push_str("\\."),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '$' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// A paragraph whose first characters begin no list, no rule, no heading and no block of code.
fn opened(line: &str) -> String {
    let line = line.trim();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let at = if digits == 0 { 0 } else { digits };
    let (before, rest) = line.split_at(at);
    let marks = if digits == 0 { &['-', '+', '='][..] } else { &['.', ')'] };
    if rest.starts_with(marks) { format!("{before}\\{rest}") } else { line.to_owned() }
}

/// Code on one line. A bar inside of a table ends a cell even in code, unless it is escaped.
fn span(code: &str) -> String {
    let code = unbroken(code);
    let ticks = "`".repeat(longest_ticks(&code) + 1);
    // One blank at both ends is taken away by whoever shows it.
    let edge = |c: Option<char>| matches!(c, Some('`' | ' '));
    let gap = if edge(code.chars().next()) || edge(code.chars().last()) { " " } else { "" };
    format!("{ticks}{gap}{}{gap}{ticks}", visible(&code).replace('|', "\\|"))
}

/// The longest row of backticks.
fn longest_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// As one page of HTML that fetches nothing.
#[must_use]
pub fn html(blocks: &[Block]) -> String {
    let mut out = page::head("documentation");
    for block in blocks {
        match block {
            Block::Heading { level, anchor, words } => {
                let id = anchor.as_ref().map(|id| format!(" id=\"{id}\"")).unwrap_or_default();
                let _ = writeln!(out, "<h{level}{id}>{}</h{level}>", page::text(&unbroken(words)));
            }
            Block::Paragraph(parts) => {
                let _ = writeln!(out, "<p>{}</p>", html_inlines(parts));
            }
            Block::Table(head, rows) => {
                let head = head.join("</th><th>");
                let _ = writeln!(out, "<table class=\"facts\"><tr><th>{head}</th></tr>");
                for row in rows {
                    let cells: Vec<String> = row.iter().map(|it| html_inlines(it)).collect();
                    let _ = writeln!(out, "<tr><td>{}</td></tr>", cells.join("</td><td>"));
                }
                out.push_str("</table>\n");
            }
            Block::Code(code) => {
                let lines: Vec<String> = code.lines().map(page::text).collect();
                let _ = writeln!(out, "<pre><code>{}</code></pre>", lines.join("\n"));
            }
        }
    }
    out.push_str("</body></html>\n");
    out
}

fn html_inlines(parts: &[Inline]) -> String {
    let piece = |part: &Inline| match part {
        Inline::Text(words) => page::text(&unbroken(words)),
        Inline::Code(code) => format!("<code>{}</code>", page::text(&unbroken(code))),
        Inline::Link(words, anchor) => {
            format!("<a href=\"#{anchor}\"><code>{}</code></a>", page::text(words))
        }
    };
    parts.iter().map(piece).collect()
}

/// On one line, with all of its blanks: in code they may stand in a text.
fn unbroken(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::{html, markdown};
    use crate::tools::doc::block::{Block, Inline, code, table, text};

    /// Words that want to be markup, in every place where words may stand.
    fn hostile() -> Vec<Block> {
        let words = "<script>|`x`[y](z)\n# *b*\u{202e}";
        let cell = vec![text(words), code(words), Inline::Link(words.to_owned(), "a-1".to_owned())];
        vec![
            Block::Heading { level: 1, anchor: None, words: words.to_owned() },
            Block::Paragraph(vec![text(words)]),
            table(&["one"], vec![vec![cell]]),
            Block::Code("```\n<b>".to_owned()),
        ]
    }

    #[test]
    fn no_word_of_a_policy_is_markup_in_html() {
        let page = html(&hostile());
        assert!(!page.contains("<script>|") && !page.contains('\u{202e}'));
        assert!(page.contains("&lt;script&gt;|"));
    }

    #[test]
    fn no_word_of_a_policy_is_markup_in_markdown() {
        let page = markdown(&hostile());
        let row = page.lines().find(|line| line.starts_with("| &lt;")).expect("the row");
        let bars = row.replace("\\|", "").matches('|').count();
        assert_eq!(bars, 2, "a cell stays a cell: {row}");
        assert!(page.contains("# &lt;script&gt;\\|\\`x\\`\\[y\\](z) \\# \\*b\\*"));
        assert!(page.contains("````\n```\n<b>\n````") && !page.contains('\u{202e}'));
    }

    #[test]
    fn a_paragraph_is_a_paragraph() {
        for (words, shown) in [
            ("- no list", "\\- no list"),
            ("+ no list", "\\+ no list"),
            ("12. no list", "12\\. no list"),
            ("3) no list", "3\\) no list"),
            ("---", "\\---"),
            ("===", "\\==="),
            ("    no code", "no code"),
            ("12 of 14", "12 of 14"),
            ("see https://a.example, www.b.example", "see https\\://a.example, www\\.b.example"),
        ] {
            assert_eq!(markdown(&[Block::Paragraph(vec![text(words)])]), format!("{shown}\n"));
        }
    }

    #[test]
    fn code_keeps_its_blanks() {
        let blocks = [Block::Paragraph(vec![code("a == \"x  y\""), text(" "), code(" ` ")])];
        assert_eq!(markdown(&blocks), "`a == \"x  y\"` ``  `  ``\n");
        assert!(html(&blocks).contains("<code>a == &quot;x  y&quot;</code>"));
    }
}
