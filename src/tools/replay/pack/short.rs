//! Records of a group as lines that hold no more than deciding about them takes.
//!
//! In:      columns of a group; which nodes of the context programs read.
//! Out:     lines that come out as the whole ones do: engine, bundle, what was recorded, and of
//!          the context what programs read.
//! Imports: `lang`, `runtime::record`.
//!
//! Of a whole line every column would have to be unpacked. Where a context is refused, a short line
//! may be refused for another of its faults: what is told of the fault is told of whole lines only.

use crate::lang::value::json;
use crate::runtime::record::read::Record;
use crate::tools::replay::pack::alike::Alike;
use crate::tools::replay::pack::layout::{Kind, Layout, pointer};
use crate::tools::replay::pack::spell::Value;
use crate::tools::replay::pack::tallies::Columns;
use crate::tools::replay::pack::walk::{HELD, HELD_INT, NULL, OBJECT};

/// The nodes of contexts that programs read, each behind the one that it lies in.
#[derive(Debug)]
pub struct Shape {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    /// The place of its letter in `state`.
    state: usize,
    /// Its column, and what that holds.
    column: Option<(usize, Kind)>,
    depth: usize,
    /// Its key as it is written, with the colon.
    key: Vec<u8>,
}

impl Shape {
    /// The nodes that are read of packs with this layout.
    #[must_use]
    pub fn of(alike: &Alike, layout: &Layout) -> Self {
        let node = |(state, _): &(usize, bool)| {
            let path = layout.nodes.get(*state)?;
            let mut key = String::new();
            // Writing to a string does not fail.
            let _ = json::write_string(&mut key, "", path.last()?);
            key.push(':');
            let column = layout.named(&pointer(path));
            let column = column.and_then(|at| Some((at, layout.columns.get(at)?.kind)));
            Some(Node { state: *state, column, depth: path.len(), key: key.into_bytes() })
        };
        // Layouts have nodes in the order of their paths, and `alike` has them in that of layouts.
        Self { nodes: alike.nodes.iter().filter_map(node).collect() }
    }

    /// Appends the line of a row that columns tell whole. `None` if they do not.
    pub fn line(&self, columns: &Columns<'_>, row: usize, out: &mut Vec<u8>) -> Option<()> {
        let start = out.len();
        let values = columns.values()?;
        out.extend_from_slice(b"{\"v\":1");
        if let Some(engine) = columns.engine.value(row, false) {
            out.extend_from_slice(b",\"eng\":");
            engine.spell(Kind::Json, out);
        }
        if let Some(bundle) = columns.bundle.value(row, false) {
            out.extend_from_slice(b",\"bun\":{\"dig\":");
            bundle.spell(Kind::Digest, out);
            out.push(b'}');
        }
        out.extend_from_slice(b",\"ctx\":");
        self.context(columns, row, out)?;
        out.extend_from_slice(b",\"out\":{");
        let said =
            [(&b"effect"[..], &values.effect, Kind::Text), (b"reason", &values.reason, Kind::Text)];
        let names = [(&b"rule"[..], Kind::Text), (b"fired", Kind::Texts), (b"err", Kind::Json)];
        let words = names.into_iter().zip(&values.words);
        let words = words.map(|((name, kind), coded)| (name, coded, kind));
        for (name, coded, kind) in said.into_iter().chain(words) {
            let Some(value) = coded.value(row, false) else { continue };
            if out.last() != Some(&b'{') {
                out.push(b',');
            }
            out.push(b'"');
            out.extend_from_slice(name);
            out.extend_from_slice(b"\":");
            value.spell(kind, out);
        }
        out.extend_from_slice(b"}}");
        // Of a row that columns tell it is that of the words (`group`), and so is in no column.
        let record = Record::read(out.get(start..)?).ok()?;
        let digest = record.outcome?.digest_of_words()?;
        out.truncate(out.len() - b"}}".len());
        out.extend_from_slice(if out.last() == Some(&b'{') { b"\"dig\":" } else { b",\"dig\":" });
        Value::Bytes((&digest[..]).into()).spell(Kind::Digest, out);
        out.extend_from_slice(b"}}");
        Some(())
    }

    fn context(&self, columns: &Columns<'_>, row: usize, out: &mut Vec<u8>) -> Option<()> {
        let code = *columns.state.codes.get(row)?;
        let states = columns.state.bytes(code)?;
        out.push(b'{');
        // How many objects are open; what lies in others is not there.
        let mut open = 1;
        for node in &self.nodes {
            while node.depth < open {
                out.push(b'}');
                open -= 1;
            }
            let state = *states.get(node.state)?;
            if node.depth > open || !matches!(state, OBJECT | NULL | HELD | HELD_INT) {
                continue;
            }
            if out.last() != Some(&b'{') {
                out.push(b',');
            }
            out.extend_from_slice(&node.key);
            match (state, node.column) {
                (NULL, _) => out.extend_from_slice(b"null"),
                (OBJECT, _) => {
                    out.push(b'{');
                    open += 1;
                }
                (_, Some((column, kind))) => {
                    let value = columns.asked(column)?.value(row, state == HELD_INT)?;
                    value.spell(kind, out);
                }
                (_, None) => return None,
            }
        }
        out.extend(std::iter::repeat_n(b'}', open));
        Some(())
    }
}
