//! What a session knows of labels, tools, meters and limits: rows of the bundle.

use crate::base::arrange::Arrange as _;
use crate::base::limits::LABELS_MAX;
use crate::base::name::Name;
use crate::compiler::check::analysis::Checked;
use crate::compiler::emit::TooMany;
use crate::compiler::emit::tables::Tables;
use crate::compiler::syntax::document::agents::Output;
use crate::compiler::syntax::document::meters::{Limit, MeterWindow};
use crate::compiler::syntax::document::model::{Tool, ToolEffect};
use crate::runtime::bundle::govern::{
    FieldLabels, Govern, LabelRow, LimitRow, MeterRow, ToolRow, WindowRow,
};
use crate::runtime::bundle::module::{NONE, Step};

/// Makes the rows but for terms; their strings get their numbers later.
///
/// # Errors
/// `TooMany` where there are more labels than a bundle can hold.
pub(crate) fn govern(checked: &Checked<'_>, tables: &mut Tables) -> Result<Govern, TooMany> {
    let known = &checked.analysis().labels;
    if known.names.len() > LABELS_MAX {
        return Err(TooMany { what: "labels", most: LABELS_MAX });
    }
    let labels = known
        .names
        .iter()
        .zip(&known.implies)
        .map(|(name, implies)| LabelRow { name: tables.string(name), implies: implies.clone() });
    let labels = labels.collect();
    let policies = &checked.parsed().policies;
    let mut tools: Vec<&Tool> = policies.iter().flat_map(|document| &document.tools).collect();
    tools.arrange_by(|a, b| a.name.value.cmp(&b.name.value));
    if known.is_empty() {
        tools.clear();
    }
    let tools = tools.into_iter().map(|tool| {
        let number = |name: &Name| known.number(name);
        ToolRow { name: tables.string(&tool.name.value), outputs: outputs(tool, number, tables) }
    });
    let tools = tools.collect();
    let (meters, limits) = (meters(checked, tables), limits(checked, tables));
    Ok(Govern { labels, tools, terms: Vec::new(), meters, limits })
}

/// The meters, ascending by name. Terms are numbered as documents have them.
fn meters(checked: &Checked<'_>, tables: &mut Tables) -> Vec<MeterRow> {
    let mut found: Vec<(&Name, MeterRow)> = Vec::new();
    let mut terms = 0_u16;
    for meter in checked.parsed().policies.iter().flat_map(|document| &document.meters) {
        let mut term = |written: bool| {
            let number = if written { terms } else { NONE };
            terms = terms.saturating_add(u16::from(written));
            number
        };
        let (key, amount) = (term(meter.key.is_some()), term(meter.amount.is_some()));
        let window = match &meter.window {
            MeterWindow::Session => WindowRow::Session,
            MeterWindow::Sliding(length, part) => WindowRow::Sliding(*length, *part),
            MeterWindow::Calendar(period, zone) => {
                WindowRow::Calendar(*period, tables.string(zone))
            }
            MeterWindow::Bucket(refill, per) => WindowRow::Bucket(*refill, *per),
        };
        let on = meter.on.iter().map(|pattern| tables.string(&pattern.value)).collect();
        let (name, keys_max) = (tables.string(&meter.name.value), meter.keys_max);
        let count = if amount == NONE { meter.count } else { 0 };
        let row = MeterRow { name, on, key, amount, count, window, keys_max };
        found.push((&meter.name.value, row));
    }
    found.arrange_by(|a, b| a.0.cmp(b.0));
    found.into_iter().map(|(_, row)| row).collect()
}

/// The limits, ascending by id.
fn limits(checked: &Checked<'_>, tables: &mut Tables) -> Vec<LimitRow> {
    let limits = checked.parsed().policies.iter().flat_map(|document| &document.limits);
    let mut limits: Vec<&Limit> = limits.collect();
    limits.arrange_by(|a, b| a.id.value.cmp(&b.id.value));
    let known = &checked.analysis().measures.meters;
    let row = |limit: &&Limit| {
        let meter = known.binary_search(&limit.meter.value).ok()?;
        let id = tables.string(&limit.id.value);
        Some(LimitRow { id, meter: u16::try_from(meter).ok()?, max: limit.max })
    };
    limits.iter().filter_map(row).collect()
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
