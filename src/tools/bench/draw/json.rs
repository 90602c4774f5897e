//! The measurement as the document that `--compare` reads.

use crate::tools::bench::draw::Drawing;
use crate::tools::report::paint::Style;

/// The document.
#[must_use]
pub fn draw(drawing: &Drawing<'_>, _style: Style) -> String {
    drawing.document.to_json()
}
