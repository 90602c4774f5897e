//! The one table of builtins: operators, functions, methods.
//!
//! The checker, the runtime, the documentation, completions and the example tests all read these
//! rows. A row's `number` is its overload id in bundles; it is never changed or reused, and
//! `BUILTIN_ABI` goes up when rows are added.

pub mod agents;
pub mod collections;
pub mod convert;
pub mod cross_type;
pub mod detect;
pub mod encoders;
pub mod extremes;
mod format;
pub mod kubernetes;
pub mod lists;
pub mod math;
pub mod network;
pub mod operators;
pub mod optionals;
pub mod regex;
pub mod strings;
pub mod text;
pub mod time;
pub mod url;

use std::fmt;

use crate::lang::error::EvalError;
use crate::lang::value::heap::Heap;
use crate::lang::value::{Tag, Value};

/// Version of the table in bundles: of another a bundle is refused. It goes up when rows are
/// added; `docs/functions.md` is the ledger, and is not written anew without it.
pub const BUILTIN_ABI: u16 = 3;

/// A type in a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sig {
    /// `dyn`
    Dyn,
    /// `null_type`
    Null,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `uint`
    Uint,
    /// `double`
    Double,
    /// `string`
    String,
    /// `bytes`
    Bytes,
    /// `google.protobuf.Timestamp`
    Timestamp,
    /// `google.protobuf.Duration`
    Duration,
    /// `list(T)`
    List(&'static Sig),
    /// `map(K, V)`
    Map(&'static Sig, &'static Sig),
    /// `optional_type(T)`
    Optional(&'static Sig),
    /// `type(T)`
    Type(&'static Sig),
    /// A kind of value with a name of its own, as `net.IP`.
    Kind(Tag),
    /// A named type without parameters, as `policyc.Url`.
    Opaque(&'static str),
    /// A type parameter, as `A`.
    Param(&'static str),
}

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// An operator; the name is CEL's, as `_+_`.
    Operator,
    /// `f(a, b)`
    Global,
    /// `a.f(b)`; the receiver is the first parameter.
    Member,
}

/// The library that a function belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Library {
    /// As environment files name it; `stdlib` for the standard library, `policyc` for ours.
    pub name: &'static str,
    /// First version that has the function.
    pub since: u32,
}

/// The standard library of CEL.
pub const STDLIB: Library = Library { name: "stdlib", since: 0 };
/// What we add.
pub const POLICYC: Library = Library { name: "policyc", since: 0 };
/// Optional values.
pub const OPTIONALS: Library = Library { name: "optional", since: 0 };

/// Comparison between kinds of number, which the checker accepts only where an environment asks
/// for it (`cel.feature.cross_type_numeric_comparisons`).
pub const CROSS_TYPE: Library = Library { name: "cross_type_numeric_comparisons", since: 0 };
/// CEL's extension of list functions.
pub const LISTS: Library = Library { name: "lists", since: 2 };

/// What a call costs, in units: a base and a share for each byte or element of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// This many units.
    Fixed(u32),
    /// One unit, and one for every ten bytes (or one an element) of these operands together.
    Linear,
    /// One unit, and the product of a tenth of the bytes of both operands.
    Product,
}

/// The implementation of a row: the arguments are as many as the parameters and were checked
/// against the row's kinds only if the checker knew them, so a wrong kind is `NoSuchOverload`.
pub type Native = fn(&mut Heap<'_>, &[Value]) -> Result<Value, EvalError>;

/// A builtin.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Overload id in bundles.
    pub number: u16,
    /// As it is called; operators as `_+_`, `!_`, `-_`, `_[_]`, `@in`.
    pub name: &'static str,
    /// CEL's overload id, as `starts_with_string`.
    pub id: &'static str,
    /// How it is called.
    pub style: Style,
    /// Types of the parameters, receiver first.
    pub params: &'static [Sig],
    /// Type of the result.
    pub result: Sig,
    /// Where it belongs.
    pub library: Library,
    /// Whether it can fail although its arguments have the declared types.
    pub fails: bool,
    /// What a call costs.
    pub cost: Cost,
    /// Whether the result has at most as many elements as the first argument has elements or bytes.
    pub keeps_length: bool,
    /// One sentence.
    pub doc: &'static str,
    /// Expressions and their values, both CEL, which a test evaluates and compares.
    pub examples: &'static [(&'static str, &'static str)],
    /// What it does.
    pub call: Native,
}

/// What a row answers.
pub(crate) type Outcome = Result<Value, EvalError>;

impl Function {
    /// A row of the standard library that cannot fail and costs one unit; what differs is said by
    /// the methods below.
    const fn new(number: u16, style: Style, name: &'static str, id: &'static str) -> Self {
        Self {
            number,
            name,
            id,
            style,
            params: &[],
            result: Sig::Dyn,
            library: STDLIB,
            fails: false,
            cost: Cost::Fixed(1),
            keeps_length: false,
            doc: "",
            examples: &[],
            call: unreachable_row,
        }
    }

    const fn takes(mut self, params: &'static [Sig], result: Sig) -> Self {
        self.params = params;
        self.result = result;
        self
    }

    const fn of(mut self, library: Library) -> Self {
        self.library = library;
        self
    }

    const fn fails(mut self) -> Self {
        self.fails = true;
        self
    }

    const fn costs(mut self, cost: Cost) -> Self {
        self.cost = cost;
        self
    }

    const fn keeps_length(mut self) -> Self {
        self.keeps_length = true;
        self
    }

    const fn doc(
        mut self,
        doc: &'static str,
        examples: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.doc = doc;
        self.examples = examples;
        self
    }

    const fn calls(mut self, call: Native) -> Self {
        self.call = call;
        self
    }
}

/// What a row without an implementation would answer; a test finds that there is none.
fn unreachable_row(_: &mut Heap<'_>, _: &[Value]) -> Outcome {
    Err(EvalError::NoSuchOverload)
}

const fn operator(number: u16, name: &'static str, id: &'static str) -> Function {
    Function::new(number, Style::Operator, name, id)
}

const fn global(number: u16, name: &'static str, id: &'static str) -> Function {
    Function::new(number, Style::Global, name, id)
}

const fn member(number: u16, name: &'static str, id: &'static str) -> Function {
    Function::new(number, Style::Member, name, id)
}

/// The rows, file by file.
const FILES: &[&[Function]] = &[
    operators::ROWS,
    convert::ROWS,
    strings::ROWS,
    collections::ROWS,
    time::ROWS,
    time::SHORT_ROWS,
    optionals::ROWS,
    agents::ROWS,
    cross_type::ROWS,
    text::ROWS,
    extremes::ROWS,
    math::ROWS,
    network::ROWS,
    detect::ROWS,
    encoders::ROWS,
    lists::ROWS,
    regex::ROWS,
    kubernetes::lists::ROWS,
    kubernetes::quantity::ROWS,
    kubernetes::semver::ROWS,
    kubernetes::regex::ROWS,
    kubernetes::format::ROWS,
];

#[expect(clippy::indexing_slicing, reason = "evaluated when this is compiled")]
const COUNT: usize = {
    let mut count = 0;
    let mut file = 0;
    while file < FILES.len() {
        count += FILES[file].len();
        file += 1;
    }
    count
};

/// The rows by number. A number given twice or left out would leave a row out; a test looks.
#[expect(clippy::indexing_slicing, reason = "evaluated when this is compiled")]
static TABLE: [&Function; COUNT] = {
    let mut table = [&FILES[0][0]; COUNT];
    let mut file = 0;
    while file < FILES.len() {
        let mut row = 0;
        while row < FILES[file].len() {
            table[FILES[file][row].number as usize] = &FILES[file][row];
            row += 1;
        }
        file += 1;
    }
    table
};

/// Every row, by number.
pub fn all() -> impl Iterator<Item = &'static Function> {
    TABLE.iter().copied()
}

/// The row with this number.
#[must_use]
pub fn by_number(number: u16) -> Option<&'static Function> {
    TABLE.get(usize::from(number)).copied()
}

/// The rows that are called like this, in order of the table.
pub fn named(name: &str, style: Style) -> impl Iterator<Item = &'static Function> {
    all().filter(move |row| row.style == style && row.name == name)
}

impl Sig {
    /// The name of a type that is none of the standard library's, as `net.IP`.
    #[must_use]
    pub const fn opaque_name(&self) -> Option<&'static str> {
        match self {
            Self::Kind(tag) => tag.type_name(),
            Self::Opaque(name) => Some(name),
            Self::Dyn
            | Self::Null
            | Self::Bool
            | Self::Int
            | Self::Uint
            | Self::Double
            | Self::String
            | Self::Bytes
            | Self::Timestamp
            | Self::Duration
            | Self::List(_)
            | Self::Map(..)
            | Self::Optional(_)
            | Self::Type(_)
            | Self::Param(_) => None,
        }
    }

    /// Whether `value` is of this kind; what it contains is not looked at.
    #[must_use]
    pub const fn fits(&self, value: &Value) -> bool {
        match self {
            Self::Dyn | Self::Param(_) => value.is_present(),
            Self::Null => matches!(value.tag(), Tag::Null),
            Self::Bool => matches!(value.tag(), Tag::Bool),
            Self::Int => matches!(value.tag(), Tag::Int),
            Self::Uint => matches!(value.tag(), Tag::Uint),
            Self::Double => matches!(value.tag(), Tag::Double),
            // Our opaque types are text that was checked when it was made.
            Self::String | Self::Opaque(_) => matches!(value.tag(), Tag::String),
            Self::Bytes => matches!(value.tag(), Tag::Bytes),
            Self::Timestamp => matches!(value.tag(), Tag::Timestamp),
            Self::Duration => matches!(value.tag(), Tag::Duration),
            Self::List(_) => matches!(value.tag(), Tag::List),
            Self::Map(..) => matches!(value.tag(), Tag::Map),
            Self::Kind(tag) => value.tag() as u8 == *tag as u8,
            Self::Optional(_) => matches!(value.tag(), Tag::Optional),
            Self::Type(_) => matches!(value.tag(), Tag::Type),
        }
    }
}

/// Refuses values of other kinds.
fn expect(value: &Value, tag: Tag) -> Result<(), EvalError> {
    if value.tag() == tag { Ok(()) } else { Err(EvalError::NoSuchOverload) }
}

/// As CEL writes types.
impl fmt::Display for Sig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn => f.write_str("dyn"),
            Self::Null => f.write_str("null_type"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Timestamp => f.write_str("google.protobuf.Timestamp"),
            Self::Duration => f.write_str("google.protobuf.Duration"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Map(key, value) => write!(f, "map({key}, {value})"),
            Self::Optional(value) => write!(f, "optional_type({value})"),
            Self::Type(value) => write!(f, "type({value})"),
            Self::Kind(tag) => f.write_str(tag.type_name().unwrap_or_default()),
            Self::Opaque(name) | Self::Param(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_are_dense_and_ids_unique() {
        let mut ids = HashSet::new();
        for (number, row) in all().enumerate() {
            assert_eq!(usize::from(row.number), number, "{} is given twice or left out", row.id);
            assert!(ids.insert(row.id), "{} is the id of two rows", row.id);
            assert!(row.doc.ends_with('.'), "{} needs a sentence", row.id);
            assert!(!row.examples.is_empty(), "{} needs an example", row.id);
            let is_method = row.style == Style::Member;
            assert!(!is_method || !row.params.is_empty(), "{} needs a receiver", row.id);
        }
        let rows: usize = FILES.iter().map(|file| file.len()).sum();
        assert_eq!(all().count(), rows);
        assert!(by_number(u16::try_from(rows).expect("few rows")).is_none());
    }

    #[test]
    fn rows_answer_to_any_values() {
        let mut store = crate::lang::value::heap::Store::new(4096, 256);
        let mut heap = Heap::of(&mut store);
        let text = heap.new_string("2026-01-01T00:00:00Z").expect("room");
        let list = heap.new_list(&[text, Value::int(1)]).expect("room");
        let values = [
            Value::ABSENT,
            Value::NULL,
            Value::bool(true),
            Value::int(-1),
            Value::uint(u64::MAX),
            Value::double(f64::NAN),
            Value::timestamp(0, 1),
            Value::duration(i64::MIN),
            text,
            list,
        ];
        let mark = heap.store.mark();
        for row in all() {
            let missing = std::ptr::fn_addr_eq(row.call, unreachable_row as Native);
            assert!(!missing, "{} has no implementation", row.id);
            for a in &values {
                for b in &values {
                    for args in [&[][..], &[*a], &[*a, *b], &[*a, *b, *a]] {
                        let result = (row.call)(&mut heap, args);
                        let fits = row.params.len() == args.len()
                            && row.params.iter().zip(args).all(|(sig, arg)| sig.fits(arg));
                        assert!(
                            row.fails || !fits || result.is_ok(),
                            "{} of {args:?} fails but may not: {result:?}",
                            row.id
                        );
                        assert_eq!(heap.store.height(), 0, "{} leaves its stack", row.id);
                    }
                    heap.store.reset(mark);
                }
            }
        }
    }
}
