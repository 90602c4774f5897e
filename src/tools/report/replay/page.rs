//! Pages of HTML that fetch nothing: light and dark, with a filter.
//!
//! In:      what stands in the page.
//! Out:     HTML.
//! Imports: its own room alone.
//!
//! A page shows all without its script, which only hides what a reader does not look for.

use crate::tools::report::visible::visible;

const HEAD: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>policyc: TITLE</title><style>
:root { color-scheme: light dark; --line: #8886; --bad: #c22; --good: #282; --wait: #a60; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; }
th, td { padding: .2em .8em; border-bottom: 1px solid var(--line); }
td { text-align: right; font-variant-numeric: tabular-nums; } th { text-align: left; }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .8em 0; padding: .5em .9em; }
summary { cursor: pointer; font-weight: 600; } .allow summary { color: var(--bad); }
.broken { color: var(--bad); } .kept { color: var(--good); } input { font: inherit; width: 24em; }
.aside, .path { opacity: .7; font-weight: normal; } .path { margin: .6em 0 .2em; font-size: 13px; }
.lead { font-size: 17px; } .facts { margin: .6em 0; } .facts td { text-align: left; }
.facts td.number { text-align: right; }
.is-allow { color: var(--good); } .is-deny { color: var(--bad); }
.is-escalate, .is-open { color: var(--wait); }
pre { font: 13px/1.6 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere;
 margin: 0; padding: .5em .8em; border: 1px solid var(--line); border-radius: 6px; }
mark { color: inherit; background: none; border-bottom: 2px solid var(--line); }
mark.true { border-color: var(--good); } mark.false, mark.error { border-color: var(--bad); }
</style></head><body>
"#;

/// The field of a filter.
pub(in crate::tools::report) const FILTER: &str =
    "<p><input type=\"search\" placeholder=\"show only what holds\"></p>\n";

/// The end of a page that has a filter: its `details` are what is filtered.
pub(in crate::tools::report) const TAIL: &str = r#"<script>
document.querySelector("input").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const one of document.querySelectorAll("details"))
    one.hidden = !one.textContent.toLowerCase().includes(wanted);
});
</script></body></html>
"#;

/// The beginning of a page, up to its first heading.
pub(in crate::tools::report) fn head(title: &str) -> String {
    HEAD.replace("TITLE", title)
}

/// Text that HTML shows as it is.
pub(in crate::tools::report) fn text(text: &str) -> String {
    let mut out = String::new();
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_of_a_name_is_markup() {
        let hostile = "<script>'\"&\u{202e}";
        let shown = super::text(hostile);
        assert!(shown.starts_with("&lt;script&gt;&#39;&quot;&amp;") && !shown.contains('\u{202e}'));
    }
}
