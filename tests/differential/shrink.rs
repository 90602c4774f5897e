//! Makes expressions smaller: a part gives way to a smaller one of its type.

use proptest::strategy::ValueTree;

use crate::support::generate::core::LEAVES;
use crate::support::generate::types::Type;
use crate::support::generate::write::{Node, Part};

/// An expression on its way to the smallest one that still fails.
///
/// The runner of proptest asks for a simpler one after a failure, and takes the last step back
/// after a success.
#[derive(Debug)]
pub(crate) struct Shrinking {
    /// The smallest that is known to fail.
    failing: Node,
    /// What is tried now.
    current: Node,
    /// Smaller ones that were not tried yet.
    untried: Vec<Node>,
}

impl Shrinking {
    pub(crate) fn of(node: Node) -> Self {
        let untried = smaller(&node);
        Self { failing: node.clone(), current: node, untried }
    }
}

impl ValueTree for Shrinking {
    type Value = String;

    fn current(&self) -> String {
        self.current.text()
    }

    fn simplify(&mut self) -> bool {
        self.untried = smaller(&self.current);
        self.failing = self.current.clone();
        self.complicate()
    }

    fn complicate(&mut self) -> bool {
        let next = self.untried.pop();
        let found = next.is_some();
        self.current = next.unwrap_or_else(|| self.failing.clone());
        found
    }
}

/// All that differ in one part, which is smaller; the smallest last.
fn smaller(node: &Node) -> Vec<Node> {
    let mut found = Vec::new();
    let mut path = Vec::new();
    visit(node, &mut path, &mut |path, part| {
        for smaller in instead_of(part) {
            let mut copy = node.clone();
            let place = path.iter().fold(&mut copy, |at, child| match &mut at.parts[*child] {
                Part::Child(child) => child,
                Part::Text(_) => panic!("the path leads to a part"),
            });
            *place = smaller;
            found.push(copy);
        }
    });
    found.sort_by_key(|it| std::cmp::Reverse(it.text().len()));
    found
}

/// Shows every part, with the way to it.
fn visit(node: &Node, path: &mut Vec<usize>, see: &mut impl FnMut(&[usize], &Node)) {
    see(path, node);
    for (at, part) in node.parts.iter().enumerate() {
        if let Part::Child(child) = part {
            path.push(at);
            visit(child, path, see);
            path.pop();
        }
    }
}

/// What can stand where `node` stands: a part of it of the same type, or the simplest of the type.
fn instead_of(node: &Node) -> Vec<Node> {
    let mut found = Vec::new();
    let mut below: Vec<&Node> = children(node).collect();
    let is_leaf = below.is_empty();
    while let Some(part) = below.pop() {
        if part.ty == node.ty {
            found.push(part.clone());
        }
        below.extend(children(part));
    }
    if !is_leaf && let Some(text) = simplest(&node.ty) {
        found.push(Node { ty: node.ty.clone(), parts: vec![Part::Text(text.to_owned())] });
    }
    found
}

fn children(node: &Node) -> impl Iterator<Item = &Node> {
    node.parts.iter().filter_map(|part| match part {
        Part::Text(_) => None,
        Part::Child(child) => Some(child),
    })
}

fn simplest(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::List(_) => Some("[]"),
        Type::Map(..) => Some("{}"),
        Type::Optional(_) => Some("optional.none()"),
        Type::Param(_) => None,
        Type::Scalar(name) => {
            let (_, texts) = LEAVES.iter().find(|(known, _)| known == name)?;
            texts.first().copied()
        }
    }
}
