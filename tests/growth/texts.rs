//! Sources, contexts and records of any size.

/// What documents begin with.
pub(crate) const HEAD: &str = "policyc: 1\nname: n\ndefault: deny\n";

/// `part` for each number below `n`.
pub(crate) fn each(n: usize, part: impl Fn(usize) -> String) -> String {
    (0..n).map(part).collect()
}

/// A document of `n` rules that `rule` writes, with a schema.
pub(crate) fn rules(n: usize, rule: impl Fn(usize) -> String) -> String {
    let schema = "schema: {action: {tool: string}, a: {i: int, s: string, b: bool}}\n";
    format!("{HEAD}{schema}rules:\n{}", each(n, rule))
}

/// Rules that compare a number and a text each.
pub(crate) fn plain_rules(n: usize) -> String {
    rules(n, |at| {
        format!(
            "  - {{id: r{at:06}, when: \"a.i > {at:06} && a.s != 't{at:06}'\", \
             deny: 'no {{a.i}}'}}\n"
        )
    })
}

/// Rules about one tool each.
pub(crate) fn tool_rules(n: usize) -> String {
    rules(n, |at| {
        format!("  - {{id: r{at:06}, on: [tool{at:06}], when: a.i > {at:06}, deny: no}}\n")
    })
}

/// A record whose context has `n` elements.
pub(crate) fn record(n: usize) -> String {
    let list = each(n, |at| format!("{{\"n\":{at:06},\"s\":\"a\\\"b\"}},"));
    format!("{{\"v\":1,\"id\":\"x\",\"ctx\":{{\"l\":[{list}1]}},\"out\":{{\"effect\":\"deny\"}}}}")
}

/// `n` records, a line each.
pub(crate) fn records(n: usize) -> String {
    each(n, |at| format!("{{\"v\":1,\"id\":\"r{at:06}\",\"ctx\":{{\"n\":{at:06}}}}}\n"))
}
