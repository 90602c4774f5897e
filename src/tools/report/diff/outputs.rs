//! What becomes of outputs, drawn.
//!
//! In:      an `OutputChange`.
//! Out:     words, and JSON.
//! Imports: `tools::diff`.

use serde_json::{Value as Json, json};

use crate::tools::diff::outputs::OutputChange;
use crate::tools::report::diff::{labelled, recorded, time};
use crate::tools::report::paint::Style;

/// What stands where an output has no value.
const NOTHING: &str = "nothing";

/// `'gold' -> 'silver'`
fn values([old, new]: &[Option<String>; 2]) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| NOTHING.to_owned());
    format!("{} -> {}", text(old), text(new))
}

/// `differs, "gold" -> "silver" on {..} at 2026-01-01T00:00:00Z`, in one line.
pub(super) fn output_says(change: &OutputChange) -> String {
    match change {
        OutputChange::Differs { example, record, values: both } => {
            let of = record.as_ref().map_or(String::new(), |it| format!(", {}", recorded(it)));
            let (gives, context) = (values(both), &example.context);
            format!("{}, {gives} on {context} at {}{of}", change.word(), time(example))
        }
        OutputChange::Added | OutputChange::Removed | OutputChange::Unknown => {
            change.word().to_owned()
        }
    }
}

/// The lines below the word.
pub(super) fn output_text(text: &mut String, change: &OutputChange, style: Style) {
    let OutputChange::Differs { example, record, values: both } = change else { return };
    let says = format!("{} at {}", example.context, time(example));
    labelled(text, "as", &says, style);
    labelled(text, "gives", &values(both), style);
    if let Some(record) = record {
        labelled(text, "of", &recorded(record), style);
    }
}

pub(super) fn output_json(name: &str, change: &OutputChange) -> Json {
    let mut all = json!({"name": name, "is": change.word()});
    if let (OutputChange::Differs { example, record, values: [old, new] }, Some(all)) =
        (change, all.as_object_mut())
    {
        let typed = |value: &Option<String>| {
            value.as_ref().and_then(|it| serde_json::from_str::<Json>(it).ok())
        };
        let record = record.as_ref().map(|it| it.id.clone());
        all.extend([
            ("input".to_owned(), example.context.clone()),
            ("now".to_owned(), json!(time(example))),
            ("record".to_owned(), json!(record)),
            ("old".to_owned(), json!(typed(old))),
            ("new".to_owned(), json!(typed(new))),
        ]);
    }
    all
}
