//! Objects and rows that are read the quick way: how far it goes, what it leaves to be read with
//! care, and what it fills.

use crate::base::limits::{CONTEXT_DEPTH_MAX, CONTEXT_NODES_MAX};
use crate::lang::value::{Space, Tag, Value};
use crate::runtime::bundle::module::{NONE, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::program::paths::Leaf;
use crate::runtime::vm::request::error::InputKind;
use crate::runtime::vm::request::members::Stop::{self, Left, Member, Unread};
use crate::runtime::vm::request::reader::Reader;
use crate::runtime::vm::request::walk::{FrameKind, Walk};
use crate::runtime::vm::request::{blank, heap, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Place, Sketch, object, place, rows};

/// Nodes of the places, in the order of their numbers; the value of node n is in slot 2n - 2.
const B: u16 = 1;
const D: u16 = 2;
const I: u16 = 3;
const L: u16 = 4;
const O: u16 = 5;
const R: u16 = 6;
const S: u16 = 7;
const T: u16 = 8;
const W: u16 = 9;
const IN_O: u16 = 10;
const ID: u16 = 12;
const OBJECT: u16 = 14;

fn program() -> Program {
    let mut sketch = Sketch::new(Vec::new());
    let [dynamic, int, string] =
        [TypeRow::Dyn, TypeRow::Int, TypeRow::String].map(|ty| sketch.ty(ty));
    let columns = vec![
        Place { required: true, ..place("id", TypeRow::Int) },
        place("n", TypeRow::String),
        object("o", false, Vec::new()),
    ];
    sketch.module.paths.clear();
    sketch.module.slots.clear();
    sketch.paths(vec![
        place("b", TypeRow::Bool),
        place("d", TypeRow::Double),
        place("i", TypeRow::Int),
        place("l", TypeRow::List(int, Some(3))),
        object("o", true, vec![place("i", TypeRow::Int), object("p", true, Vec::new())]),
        rows("r", TypeRow::List(dynamic, Some(2)), columns),
        place("s", TypeRow::String),
        place("t", TypeRow::List(string, None)),
        place("w", TypeRow::Dyn),
    ]);
    // As the compiler makes them: a leaf has no slot for its presence.
    for node in &mut sketch.module.paths {
        if node.children == 0 && node.mode == crate::runtime::bundle::module::NodeMode::Whole {
            node.presence = NONE;
        }
    }
    sketch.program()
}

/// What is known when an object is opened.
#[derive(Clone, Copy, Default)]
struct Start {
    /// Values that were read before.
    values: usize,
    /// Containers that are open around it.
    depth: usize,
    /// Whether the bytes go away.
    copy: bool,
}

/// What was read: why it stopped, the byte where it did, how many values were counted.
type Seen = (Stop, u32, usize);

/// Reads the object that a text begins with.
fn quick<T>(json: &str, start: Start, look: impl FnOnce(Seen, &Walk<'_, '_>) -> T) -> T {
    let program = program();
    let mut scratch = Scratch::for_program(&program);
    let Scratch { file, store, frames, trails, objects, .. } =
        &mut *blank(&program, &mut scratch).scratch;
    let mut heap = heap(&program, json.as_bytes(), store);
    let mut walk = Walk {
        program: &program,
        reader: Reader::new(json.as_bytes()),
        heap: &mut heap,
        file,
        frames,
        trails,
        objects,
        copy: start.copy,
        marks: None,
    };
    for _ in 0..start.depth {
        walk.open(FrameKind::List, NONE, NONE, NONE).expect("it is not deep");
    }
    walk.reader.at = 0;
    walk.open(FrameKind::Object, 0, NONE, NONE).expect("it is not deep");
    walk.reader.values = start.values;
    let stop = walk.quick();
    let seen = (stop, walk.reader.at, walk.reader.values);
    look(seen, &walk)
}

fn read(json: &str) -> Seen {
    quick(json, Start::default(), |seen, _| seen)
}

#[test]
fn what_is_spelled_as_it_mostly_is_is_read_to_its_end() {
    for (json, values) in [
        ("{}", 0),
        ("{ }", 0),
        (r#"{"b":true}"#, 1),
        (r#"{"b":false,"i":5}"#, 2),
        (r#"{"i":5,"b":false,"d":1.5}"#, 3),
        (r#"{ "b" : true , "i" : -5 }"#, 2),
        (r#"{"s":"","d":-0.5,"i":12345678}"#, 3),
        (r#"{"s":"longer than any word of eight","b":true}"#, 2),
        (r#"{"q":1,"i":5}"#, 2),
        (r#"{"i":5,"q":1}"#, 2),
        (r#"{"q":-5.5,"a":null,"c":"text","e":false,"f":true,"g":0}"#, 6),
        (r#"{"a":1,"c":1,"e":1,"f":1,"g":1,"h":1,"j":1,"k":1}"#, 8),
        (r#"{"sam1":1,"sam2":1,"sam":1}"#, 3),
        (r#"{"l":[]}"#, 1),
        (r#"{"l":[1]}"#, 2),
        (r#"{"l": [ 1 , 2 , 3 ] ,"i":5}"#, 5),
        (r#"{"t":["a","","b"],"l":[7]}"#, 6),
        (r#"{"o":{}}"#, 1),
        (r#"{"o":{"i":5},"i":7}"#, 3),
        (r#"{"b":true,"o":{"p":{},"i":5,"q":1},"i":7,"s":"x"}"#, 7),
    ] {
        let end = u32::try_from(json.len()).expect("it is short");
        assert_eq!(read(json), (Left, end, values), "{json}");
    }
}

#[test]
fn what_is_unusual_is_left_where_it_begins() {
    for (json, stop, at) in [
        // No member and no end.
        ("{", Member, 1),
        ("{ ", Member, 1),
        ("{,}", Member, 1),
        (r#"{,"b":true}"#, Member, 1),
        (r#"{b":true}"#, Member, 1),
        (r#"{"b":true"#, Member, 9),
        (r#"{"b":true,}"#, Member, 9),
        (r#"{"b":true,,"i":5}"#, Member, 9),
        (r#"{"b":true "i":5}"#, Member, 9),
        (r#"{"b":true;"i":5}"#, Member, 9),
        (r#"{"b":true]"#, Member, 9),
        // Keys.
        (r#"{"b" true}"#, Member, 1),
        (r#"{"b"}"#, Member, 1),
        (r#"{"q" 1}"#, Member, 1),
        (r#"{"q"#, Member, 1),
        ("{\"q\n\":1}", Member, 1),
        (r#"{"\u0062":true}"#, Member, 1),
        (r#"{"b":true,"b":true}"#, Member, 9),
        (r#"{"b":true,"i":5,"b":true}"#, Member, 15),
        (r#"{"q":1,"q":2}"#, Member, 12),
        (r#"{"same1":1,"same2":2}"#, Member, 20),
        (r#"{"a":1,"c":1,"e":1,"f":1,"g":1,"h":1,"j":1,"k":1,"m":1}"#, Member, 54),
        // Values that somebody reads.
        (r#"{"b":tru}"#, Stop::Value(B, 5), 5),
        (r#"{"b":falsx}"#, Stop::Value(B, 5), 5),
        (r#"{"b": 1}"#, Stop::Value(B, 6), 6),
        (r#"{"i":5.0}"#, Stop::Value(I, 5), 5),
        (r#"{"i":"5"}"#, Stop::Value(I, 5), 5),
        (r#"{"d":1e3}"#, Stop::Value(D, 5), 5),
        (r#"{"s":5}"#, Stop::Value(S, 5), 5),
        (r#"{"s":"a\n"}"#, Stop::Value(S, 5), 5),
        (r#"{"s":"open"#, Stop::Value(S, 5), 5),
        (r#"{"w":1}"#, Stop::Value(W, 5), 5),
        (r#"{"o":5}"#, Stop::Value(O, 5), 5),
        (r#"{"o":[]}"#, Stop::Value(O, 5), 5),
        (r#"{"i":{}}"#, Stop::Value(I, 5), 5),
        (r#"{"r":[{"id":1}]}"#, Stop::Value(R, 5), 5),
        (r#"{"b":true,"o":{"i":true}}"#, Stop::Value(IN_O, 19), 19),
        (r#"{"l":5}"#, Stop::Value(L, 5), 5),
        (r#"{"l":{}}"#, Stop::Value(L, 5), 5),
        (r#"{"l":[1,2,3,4]}"#, Stop::Value(L, 5), 5),
        (r#"{"l":[1,]}"#, Stop::Value(L, 5), 5),
        (r#"{"l":[,1]}"#, Stop::Value(L, 5), 5),
        (r#"{"l":[1 2]}"#, Stop::Value(L, 5), 5),
        (r#"{"l":[1"#, Stop::Value(L, 5), 5),
        (r#"{"l":[1,"a"]}"#, Stop::Value(L, 5), 5),
        (r#"{"l":[1}"#, Stop::Value(L, 5), 5),
        (r#"{"t":["a",1]}"#, Stop::Value(T, 5), 5),
        // Values that nobody reads.
        (r#"{"q":[1]}"#, Unread(5), 5),
        (r#"{"q": {}}"#, Unread(6), 6),
        (r#"{"q":nul}"#, Unread(5), 5),
        (r#"{"q":tru}"#, Unread(5), 5),
        (r#"{"q":01}"#, Unread(5), 5),
        (r#"{"q":"a\n"}"#, Unread(5), 5),
        (r#"{"q":"open"#, Unread(5), 5),
        (r#"{"q":x}"#, Unread(5), 5),
    ] {
        let (found, end, _) = read(json);
        assert_eq!((found, end), (stop, at), "{json}");
    }
}

/// Values are counted as those are that are read with care; a list that is left counts for nothing,
/// and nothing of it stays on the build stack.
#[test]
fn no_more_values_are_read_than_there_may_be() {
    let most = CONTEXT_NODES_MAX;
    for (json, before, wanted, height) in [
        (r#"{"i":5}"#, most - 1, (Left, 7, most), 0),
        (r#"{"i":5}"#, most, (Member, 1, most), 0),
        (r#"{"q":5}"#, most - 1, (Left, 7, most), 0),
        // The key that nobody reads waits for the end of the object.
        (r#"{"q":5}"#, most, (Unread(5), 5, most), 1),
        (r#"{"l":[1,2]}"#, most - 3, (Left, 11, most), 0),
        (r#"{"l":[1,2]}"#, most - 2, (Stop::Value(L, 5), 5, most - 2), 0),
        (r#"{"o":{}}"#, most - 1, (Left, 8, most), 0),
        (r#"{"o":{}}"#, most, (Member, 1, most), 0),
    ] {
        let start = Start { values: before, ..Start::default() };
        let found = quick(json, start, |seen, walk| (seen, walk.heap.store.height()));
        assert_eq!(found, (wanted, height), "{json} {before}");
    }
}

#[test]
fn objects_are_opened_as_deep_as_they_may_be() {
    for (depth, wanted) in
        [(CONTEXT_DEPTH_MAX - 2, (Left, 8, 1)), (CONTEXT_DEPTH_MAX - 1, (Stop::Value(O, 5), 5, 0))]
    {
        let start = Start { depth, ..Start::default() };
        // The object around is closed, and what is around that is not an object.
        assert_eq!(quick(r#"{"o":{}}"#, start, |seen, _| seen), wanted, "{depth}");
    }
}

#[test]
fn what_is_read_stands_in_its_slot() {
    let json = r#"{"b":true,"d":2.5,"l":[4,5],"o":{"i":-7},"s":"text","i":6}"#;
    for copy in [false, true] {
        quick(json, Start { copy, ..Start::default() }, |_, walk| {
            let slot = |node: u16| walk.file[2 * usize::from(node) - 2];
            let is_there = |node: u16| walk.file[2 * usize::from(node) - 1].as_bool();
            assert_eq!(slot(B).as_bool(), Some(true));
            assert_eq!((slot(D).tag(), slot(D).float()), (Tag::Double, 2.5));
            assert_eq!((slot(I).signed(), slot(IN_O).signed()), (6, -7));
            let view = walk.heap.view();
            let items: Vec<i64> = view.elements(&slot(L)).iter().map(Value::signed).collect();
            assert_eq!((items.as_slice(), slot(L).columns()), (&[4, 5][..], 1));
            let space = if copy { Space::Arena } else { Space::Request };
            assert_eq!((view.str(&slot(S)), slot(S).space()), ("text", space));
            assert_eq!((is_there(O), slot(W).tag()), (Some(true), Tag::Absent));
        });
    }
}

/// Reads the rows of a list from the first one on, of which the bracket was read: what was seen,
/// how many rows there are then, and their cells.
fn quick_rows(json: &str, values: usize) -> (Seen, u32, Vec<Tag>) {
    let program = program();
    let mut scratch = Scratch::for_program(&program);
    let Scratch { file, store, frames, trails, objects, .. } =
        &mut *blank(&program, &mut scratch).scratch;
    let mut heap = heap(&program, json.as_bytes(), store);
    let reader = Reader::new(json.as_bytes());
    let (program, heap) = (&program, &mut heap);
    let (copy, marks) = (false, None);
    let mut walk = Walk { program, reader, heap, file, frames, trails, objects, copy, marks };
    walk.open(FrameKind::Rows, R, NONE, NONE).expect("it is not deep");
    walk.frames.last_mut().expect("it was opened").count = 1;
    walk.open(FrameKind::Row, R, NONE, NONE).expect("it is not deep");
    walk.heap.store.push_absent(3).expect("there is room");
    walk.reader.values = values;
    let stop = walk.quick();
    let seen = (stop, walk.reader.at, walk.reader.values);
    let cells = walk.heap.store.stack_mut(0).iter().map(Value::tag).collect();
    (seen, walk.frames[0].count, cells)
}

#[test]
fn rows_are_read_one_after_the_other() {
    use Tag::{Absent as A, Int as I, String as S};
    let most = CONTEXT_NODES_MAX;
    for (json, before, seen, count, cells) in [
        (r#"[{"id":1}]"#, 0, (Left, 9, 1), 1, vec![I, A, A]),
        (r#"[{"id":1},{"id":2}]"#, 0, (Left, 18, 3), 2, vec![I, A, A, I, A, A]),
        (r#"[{"n":"a","id":1} , {"id":2,"n":"b"}]"#, 0, (Left, 36, 5), 2, vec![I, S, A, I, S, A]),
        (r#"[{"id":1,"q":2,"n":"a"},{"q":0,"id":2}]"#, 0, (Left, 38, 6), 2, vec![I, S, A, I, A, A]),
        // No row comes.
        (r#"[{"id":1} {"id":2}]"#, 0, (Left, 9, 1), 1, vec![I, A, A]),
        (r#"[{"id":1};{"id":2}]"#, 0, (Left, 9, 1), 1, vec![I, A, A]),
        (r#"[{"id":1},5]"#, 0, (Left, 9, 1), 1, vec![I, A, A]),
        (r#"[{"id":1},]"#, 0, (Left, 9, 1), 1, vec![I, A, A]),
        (r#"[{"id":1}"#, 0, (Left, 9, 1), 1, vec![I, A, A]),
        // No more may come.
        (r#"[{"id":1},{"id":2},{"id":3}]"#, 0, (Left, 18, 3), 2, vec![I, A, A, I, A, A]),
        (r#"[{"id":1},{}]"#, most - 2, (Member, 11, most), 2, vec![I, A, A, A, A, A]),
        (r#"[{"id":1},{"id":2}]"#, most - 1, (Left, 9, most), 1, vec![I, A, A]),
        // What must be there is not, or what is there is unusual.
        ("[{}]", 0, (Member, 2, 0), 1, vec![A, A, A]),
        (r#"[{"n":"a"}]"#, 0, (Member, 9, 1), 1, vec![A, S, A]),
        (r#"[{"id":1},{"n":"a"}]"#, 0, (Member, 18, 3), 2, vec![I, A, A, A, S, A]),
        (r#"[{"id":1,"id":1}]"#, 0, (Member, 8, 1), 1, vec![I, A, A]),
        (r#"[{"id":true}]"#, 0, (Stop::Value(ID, 7), 7, 0), 1, vec![A, A, A]),
        (r#"[{"id":1,"o":{}}]"#, 0, (Stop::Value(OBJECT, 13), 13, 1), 1, vec![I, A, A]),
    ] {
        assert_eq!(quick_rows(json, before), (seen, count, cells), "{json} {before}");
    }
}

/// What a value is that is spelled as values of its kind mostly are; anything else is left, and
/// nothing but white space was read then.
#[test]
fn leaves_are_read_where_they_are_usual() {
    let leaf = |spelled: &str, leaf| {
        let program = program();
        let mut scratch = Scratch::for_program(&program);
        let Scratch { file, store, frames, trails, objects, .. } =
            &mut *blank(&program, &mut scratch).scratch;
        let mut heap = heap(&program, spelled.as_bytes(), store);
        let reader = Reader::new(spelled.as_bytes());
        let (program, heap, marks) = (&program, &mut heap, None);
        let mut walk =
            Walk { program, reader, heap, file, frames, trails, objects, copy: false, marks };
        let value = walk.leaf(leaf).map(|value| value.map(|it| (it.tag(), it.bits())));
        (value, walk.reader.at, walk.reader.values)
    };
    let text = Value::text(Tag::String, Space::Request, 0, b"ab");
    for (spelled, kind, wanted, at) in [
        (" 5,", Leaf::Int, Value::int(5), 2),
        (" \"ab\",", Leaf::String, text, 5),
        ("true", Leaf::Bool, Value::bool(true), 4),
        (" false", Leaf::Bool, Value::bool(false), 6),
        (" 2.5e1,", Leaf::Double, Value::double(25.0), 6),
    ] {
        let wanted = (Ok(Some((wanted.tag(), wanted.bits()))), at, 1);
        assert_eq!(leaf(spelled, kind), wanted, "{spelled}");
    }
    for (spelled, kind) in [
        (" 5.0", Leaf::Int),
        (" true", Leaf::Int),
        (" 5", Leaf::String),
        (" 5", Leaf::Bool),
        (" null", Leaf::Bool),
        (" -2.5", Leaf::Double),
        (" \"2.5\"", Leaf::Double),
        (" 5", Leaf::None),
        (" true", Leaf::None),
    ] {
        assert_eq!(leaf(spelled, kind), (Ok(None), 1, 0), "{spelled}");
    }
    assert_eq!(leaf(" 1e999", Leaf::Double), (Err(InputKind::NumberRange), 1, 0));
    assert_eq!(leaf(" \"a", Leaf::String), (Err(InputKind::Truncated), 3, 0));
    assert_eq!(leaf(" trux", Leaf::Bool), (Err(InputKind::Syntax), 4, 0));
}

#[test]
fn the_order_of_keys_is_kept_in_mind() {
    let program = program();
    let mut scratch = Scratch::for_program(&program);
    let filled = ingest(&program, br#"{"i":1,"q":2,"b":true,"o":{"i":3}}"#, &mut scratch);
    let next = |node: u16| filled.scratch.trails[usize::from(node)];
    assert_eq!((next(0).first, next(I).next, next(B).next, next(O).next), (I, B, O, NONE));
    assert_eq!((next(O).first, next(IN_O).next, next(0).next), (IN_O, NONE, NONE));
}

/// Whatever was read before, and in whatever order: the keys that are expected are only a guess.
#[test]
fn what_was_read_before_changes_nothing() {
    let program = program();
    let mut scratch = Scratch::for_program(&program);
    for (json, refused) in [
        (r#"{"b":true,"i":1}"#, None),
        (r#"{"i":1,"b":true}"#, None),
        (r#"{"i":1,"q":[],"b":true,"s":"x"}"#, None),
        (r#"{,"i":1}"#, Some(InputKind::Syntax)),
        (r#"{"i":1,"b":true,}"#, Some(InputKind::Syntax)),
        (r#"{"i":1,"b":true,"i":1}"#, Some(InputKind::DuplicateKey)),
        (r#"{"r":[{,"id":1}]}"#, Some(InputKind::Syntax)),
        (r#"{"r":[{"id":1},{,"id":2}]}"#, Some(InputKind::Syntax)),
        (r#"{"r":[{"id":1},{"n":"a"}]}"#, Some(InputKind::MissingField)),
        (r#"{"r":[{"n":"a","id":1},{"id":2,"n":"b"}]}"#, None),
        (r#"{"r":[{"id":1},{"id":2},{"id":3}]}"#, Some(InputKind::TooLong)),
        (r#"{"o":{"i":1,"i":1}}"#, Some(InputKind::DuplicateKey)),
        (r#"{"o":{"i":1},"i":2}"#, None),
    ] {
        for _ in 0..2 {
            let filled = ingest(&program, json.as_bytes(), &mut scratch);
            assert_eq!(filled.error().map(|error| error.kind), refused, "{json}");
        }
    }
}
