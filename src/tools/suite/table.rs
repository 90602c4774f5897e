//! Results of host functions in tests: `functions: [{name, args, result}]`.

use crate::compiler::syntax::document::yaml::Node;
use crate::diag::sink::Sink;
use crate::tools::suite::HostResult;
use crate::tools::suite::tree::{Keys, json};

/// Reads a `functions` table.
pub(super) fn read(rows: &[Node], sink: &mut Sink) -> Vec<HostResult> {
    rows.iter().filter_map(|row| read_row(row, sink)).collect()
}

fn read_row(row: &Node, sink: &mut Sink) -> Option<HostResult> {
    let keys = Keys::open(row, "a result of a function", &["name", "args", "result"], sink)?;
    keys.need("name", sink)?;
    let name = keys.text("name", sink)?.value;
    let items = keys.items("args", sink);
    let args = items.iter().map(|item| json(item, sink)).collect::<Option<Vec<_>>>()?;
    let Some(entry) = keys.entry("result") else {
        keys.need("result", sink);
        return None;
    };
    Some(HostResult { name, args, result: json(&entry.value, sink)? })
}
