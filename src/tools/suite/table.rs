//! What a case is told of the world: what host functions give (`functions: [{name, args, result}]`)
//! and what meters have measured (`reads: {METER/KEY: AMOUNT}`).

use crate::base::span::Spanned;
use crate::compiler::syntax::document::yaml::Node;
use crate::diag::sink::Sink;
use crate::lang::fixed;
use crate::tools::suite::tree::{Keys, json, wrong};
use crate::tools::suite::{HostResult, MeterUse};

/// Reads a `functions` table.
pub(super) fn read(rows: &[Node], sink: &mut Sink) -> Vec<HostResult> {
    rows.iter().filter_map(|row| read_row(row, sink)).collect()
}

fn read_row(row: &Node, sink: &mut Sink) -> Option<HostResult> {
    let keys = Keys::open(row, "a result of a function", &["name", "args", "result"], sink)?;
    keys.need("name", sink)?;
    let Spanned { value: name, span } = keys.text("name", sink)?;
    let items = keys.items("args", sink);
    let args = items.iter().map(|item| json(item, sink)).collect::<Option<Vec<_>>>()?;
    let Some(entry) = keys.entry("result") else {
        keys.need("result", sink);
        return None;
    };
    Some(HostResult { name, at: Some(span), args, result: json(&entry.value, sink)? })
}

/// Reads `reads`, which says what meters have measured before: `METER` or `METER/KEY`, and how
/// much. `None` where it is wrong, which was reported.
pub(super) fn reads(keys: &Keys<'_>, sink: &mut Sink) -> Option<Vec<MeterUse>> {
    let Some(node) = keys.get("reads") else { return Some(Vec::new()) };
    let Some(entries) = node.entries() else {
        wrong(node, "reads", "a mapping from meters and their keys to what is used", sink);
        return None;
    };
    let used = entries.iter().map(|entry| {
        let found = json(&entry.value, sink)?;
        let spelled = found.as_str().map_or_else(|| found.to_string(), ToOwned::to_owned);
        let Some((amount, _)) = fixed::parse(&spelled) else {
            wrong(&entry.value, &entry.key.value, "how much is used, as `49700.00`", sink);
            return None;
        };
        let name = entry.key.value.as_str();
        let (meter, key) = match name.split_once('/') {
            Some((meter, key)) => (meter, Some(key.to_owned())),
            None => (name, None),
        };
        Some(MeterUse { meter: meter.to_owned(), key, amount })
    });
    used.collect()
}
