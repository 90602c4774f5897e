//! Contexts of records that are read while the line around them is.

use crate::runtime::bundle::module::TypeRow;
use crate::runtime::vm::request::Origin;
use crate::runtime::vm::request::ahead::{ingest_ahead, read_ahead};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, place};

#[test]
fn a_context_ends_where_the_line_goes_on() {
    let program = Sketch::new(vec![place("x", TypeRow::Int)]).program();
    let mut scratch = Scratch::for_program(&program);
    for (line, wanted) in [
        (r#"{"x":7}"#, Some(7)),
        (r#"{"x":7},"effect":"allow"}"#, Some(7)),
        (r#" { "x" : 7 } , 5"#, Some(12)),
        // Marks count where they stand in the context.
        (r#"{"x":7},"y":{"$x":"drop"}}"#, Some(7)),
        (r#"{"x":{"$x":"drop"}}"#, None),
        (r#"{"x":7,"$":1}"#, None),
        // What is refused.
        (r#"{"x":7"#, None),
        (r#"{"x":"7"}"#, None),
        ("7", None),
        ("", None),
    ] {
        let end = ingest_ahead(&program, line.as_bytes(), &mut scratch);
        assert_eq!(end, wanted, "{line}");
        if let Some(end) = end {
            let context = &line.as_bytes()[..end];
            let filled = read_ahead(&program, context, &mut scratch);
            assert_eq!((filled.error(), filled.request), (None, context), "{line}");
            assert_eq!(filled.scratch.file[0].signed(), 7, "{line}");
            assert_eq!(filled.scratch.origin, Origin::Record, "{line}");
        }
    }
}
