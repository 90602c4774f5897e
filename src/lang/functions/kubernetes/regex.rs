//! Regular expressions in Kubernetes: what matches.
//!
//! In:      strings, patterns in the syntax of RE2.
//! Out:     strings, lists of strings.
//! Imports: its own room alone.
//! Source:  Kubernetes' documentation of its CEL library `regex`; what matches first, and where
//!          nothing matches: Go's `regexp`.

use crate::lang::error::EvalError;
use crate::lang::functions::regex::{part, string};
use crate::lang::functions::{Cost, Function, Library, Outcome, Sig, expect, member};
use crate::lang::pattern::{Groups, Match};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Tag, Value};

/// Regular expressions.
pub const REGEX: Library = Library { name: "kubernetes.regex", since: 0 };

/// The rows.
pub const ROWS: &[Function] = &[
    find_row(350, "find", "string_find_string")
        .takes(&[Sig::String, Sig::String], Sig::String)
        .doc(
            "The first part that the pattern matches; empty if it matches nowhere.",
            &[("'abc 123'.find('[0-9]+')", "'123'"), ("'abc 123'.find('xyz')", "''")],
        )
        .calls(find),
    find_row(351, "findAll", "string_find_all_string")
        .takes(&[Sig::String, Sig::String], Sig::List(&Sig::String))
        .doc(
            "All parts that the pattern matches, none inside of another.",
            &[
                ("'123 abc 456'.findAll('[0-9]+')", "['123', '456']"),
                ("'123 abc 456'.findAll('xyz')", "[]"),
            ],
        )
        .calls(find_all),
    find_row(352, "findAll", "string_find_all_string_int")
        .takes(&[Sig::String, Sig::String, Sig::Int], Sig::List(&Sig::String))
        .doc(
            "As `findAll`, at most so many parts; a negative number sets no limit.",
            &[("'123 abc 456'.findAll('[0-9]+', 1)", "['123']")],
        )
        .calls(find_all),
];

const fn find_row(number: u16, name: &'static str, id: &'static str) -> Function {
    member(number, name, id).of(REGEX).fails().costs(Cost::Product)
}

fn find(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (text, pattern) = (string(args, 0)?, string(args, 1)?);
    let found = Groups::of(heap.str(pattern))?.matches(heap.bytes(text), 1);
    part(heap, text, found.first().map(Match::whole).unwrap_or_default())
}

fn find_all(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (text, pattern) = (string(args, 0)?, string(args, 1)?);
    let most = match args.get(2) {
        Some(most) => {
            expect(most, Tag::Int)?;
            usize::try_from(most.signed()).unwrap_or(usize::MAX)
        }
        None => usize::MAX,
    };
    let found = Groups::of(heap.str(pattern))?.matches(heap.bytes(text), most);
    let parts: Result<Vec<Value>, EvalError> =
        found.iter().map(|found| part(heap, text, found.whole())).collect();
    heap.new_list(&parts?)
}
