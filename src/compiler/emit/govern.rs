//! What a session knows of labels and tools: rows of the bundle.

use crate::base::arrange::Arrange as _;
use crate::base::limits::LABELS_MAX;
use crate::base::name::Name;
use crate::compiler::check::analysis::Checked;
use crate::compiler::emit::TooMany;
use crate::compiler::emit::tables::Tables;
use crate::compiler::syntax::document::agents::Output;
use crate::compiler::syntax::document::model::{Tool, ToolEffect};
use crate::runtime::bundle::module::{FieldLabels, Govern, LabelRow, Step, ToolRow};

/// Makes the rows; their strings get their numbers later.
///
/// # Errors
/// `TooMany` where there are more labels than a bundle can hold.
pub(crate) fn govern(checked: &Checked<'_>, tables: &mut Tables) -> Result<Govern, TooMany> {
    let known = &checked.analysis().labels;
    if known.names.len() > LABELS_MAX {
        return Err(TooMany { what: "labels", most: LABELS_MAX });
    }
    if known.is_empty() {
        return Ok(Govern::default());
    }
    let labels = known
        .names
        .iter()
        .zip(&known.implies)
        .map(|(name, implies)| LabelRow { name: tables.string(name), implies: implies.clone() });
    let labels = labels.collect();
    let mut tools: Vec<&Tool> =
        checked.parsed().policies.iter().flat_map(|document| &document.tools).collect();
    tools.arrange_by(|a, b| a.name.value.cmp(&b.name.value));
    let tools = tools.into_iter().map(|tool| {
        let number = |name: &Name| known.number(name);
        ToolRow { name: tables.string(&tool.name.value), outputs: outputs(tool, number, tables) }
    });
    Ok(Govern { labels, tools: tools.collect() })
}

/// What the fields of a tool's output carry: as it is written; else what its arguments carry, if
/// it acts; else nothing is known.
fn outputs(
    tool: &Tool,
    number: impl Fn(&Name) -> Option<u16>,
    tables: &mut Tables,
) -> Vec<FieldLabels> {
    let Some(written) = &tool.output else {
        let acts = tool.effect.as_ref().is_some_and(|effect| effect.value != ToolEffect::None);
        let inherits = FieldLabels { path: Vec::new(), labels: Vec::new(), inherit: true };
        return if acts { vec![inherits] } else { Vec::new() };
    };
    let row = |output: &Output| {
        let path = output.keys.iter().map(|key| match key {
            Some(key) => Step::Key(tables.string(key)),
            None => Step::Any,
        });
        let path = path.collect();
        let names = output.labels.iter().flatten();
        let mut labels: Vec<u16> = names.filter_map(|name| number(&name.value)).collect();
        labels.arrange();
        labels.dedup();
        FieldLabels { path, labels, inherit: output.labels.is_none() }
    };
    written.iter().map(row).collect()
}
