//! The normal form of a condition, as text: equal forms are one atom.
//!
//! Locals are numbered in the order in which they appear, so their names do not matter. One that
//! was bound outside stands for what it is bound to.

use std::fmt::Write as _;

use rustc_hash::FxHashMap;

use crate::compiler::check::analysis::{Analysis, LocalId};
use crate::compiler::ir::{Ir, NodeId, NodeKind};

/// What locals are bound to by `Bind`.
pub(crate) type Bindings = FxHashMap<LocalId, NodeId>;

/// What all locals are bound to.
pub(crate) fn bindings(ir: &Ir) -> Bindings {
    let bound = ir.nodes.iter().filter_map(|node| match node.kind {
        NodeKind::Bind(local, value, _) => Some((local, value)),
        _ => None,
    });
    bound.collect()
}

/// The normal form of `node`.
pub(crate) fn shape_of(ir: &Ir, bound: &Bindings, node: NodeId, analysis: &Analysis) -> String {
    let (locals, text) = (FxHashMap::default(), String::new());
    let mut shape = Shape { ir, bound, analysis, locals, text };
    shape.node(node);
    shape.text
}

struct Shape<'a> {
    ir: &'a Ir,
    bound: &'a Bindings,
    analysis: &'a Analysis,
    locals: FxHashMap<LocalId, usize>,
    text: String,
}

impl Shape<'_> {
    fn node(&mut self, node: NodeId) {
        let ir = self.ir;
        if let NodeKind::Local(local) = ir.kind(node)
            && !self.locals.contains_key(local)
            && let Some(value) = self.bound.get(local)
        {
            return self.node(*value);
        }
        let head = match ir.kind(node) {
            NodeKind::Constant(constant) => format!("{constant:?}"),
            NodeKind::Path(path, _) => format!("/{:?}", ir.paths[*path].keys),
            NodeKind::Now => "now".to_owned(),
            NodeKind::Local(local) => self.local(*local),
            NodeKind::Variable(variable) => format!("v{}", variable.id.0),
            NodeKind::Logic(op, _) => op.text().to_owned(),
            NodeKind::Not(_) => "!".to_owned(),
            NodeKind::Conditional(..) => "?".to_owned(),
            NodeKind::Compare(relation, ..) => format!("{relation:?}"),
            NodeKind::In(..) => "in".to_owned(),
            NodeKind::Operator(operator, _) => format!("{operator:?}"),
            NodeKind::Call(rows, _) => format!("call{rows:?}"),
            NodeKind::Host(host, _) => format!("host{}", self.analysis.hosts[*host].id),
            NodeKind::Select(_, key) => format!(".{key:?}"),
            NodeKind::HasPath(level, path, _) => {
                format!("has{}/{:?}", u8::from(level.is_some()), ir.paths[*path].keys)
            }
            NodeKind::HasKey(_, key) => format!("has.{key:?}"),
            NodeKind::HasValue(_) => "hasValue".to_owned(),
            NodeKind::List(elements) => {
                let flags: Vec<bool> = elements.iter().map(|(_, optional)| *optional).collect();
                format!("list{flags:?}")
            }
            NodeKind::Map(entries) => {
                let flags: Vec<bool> = entries.iter().map(|(_, _, optional)| *optional).collect();
                format!("map{flags:?}")
            }
            NodeKind::Message(name, fields) => {
                let fields: Vec<_> = fields.iter().map(|(name, _, it)| (name, it)).collect();
                format!("{name:?}{fields:?}")
            }
            NodeKind::EnumOf(name, _) => format!("enum {name:?}"),
            NodeKind::Loop(it) => {
                let first = self.local(it.first);
                let second = it.second.map(|second| self.local(second)).unwrap_or_default();
                format!("{:?} {first} {second} {}", it.kind, it.filter.is_some())
            }
            NodeKind::Bind(local, ..) => format!("bind {}", self.local(*local)),
        };
        // Writing to a string cannot fail.
        let _ = write!(self.text, "({head}");
        for child in ir.children(node) {
            self.node(child);
        }
        self.text.push(')');
    }

    fn local(&mut self, local: LocalId) -> String {
        let next = self.locals.len();
        format!("${}", self.locals.entry(local).or_insert(next))
    }
}
