//! Comprehensions: counted loops over lists and maps.
//!
//! `NEXT` is the only jump back. In `all` and `exists` an element that fails does not end the
//! loop: `PEND` notes it, and behind an exhausted loop `LOOPEND` raises it.

use crate::base::name::Name;
use crate::compiler::emit::condition::Edges;
use crate::compiler::emit::function::{Dest, Draft, Label, Ref};
use crate::compiler::emit::generator::{Generator, Place};
use crate::compiler::ir::{Loop, LoopKind, NodeId, NodeKind};
use crate::compiler::syntax::ast::ExprId;
use crate::lang::constant::Constant;
use crate::lang::functions::{Style, named};
use crate::lang::opcodes::{Op, X_EQUAL, X_INVERT, X_PAIRS};
use crate::lang::types::{Type, TypeTable};

/// A loop whose head is written.
#[derive(Clone, Copy, Debug)]
struct OpenLoop {
    cursor: Ref,
    registers: Ref,
    x: u8,
    body: Label,
    next: Label,
}

impl Generator<'_> {
    /// Code that decides `all`, `exists` or `exists_one`.
    pub(crate) fn loop_condition(&mut self, it: &Loop, edges: Edges, origin: ExprId) {
        if it.kind == LoopKind::ExistsOne {
            self.exists_one(it, edges, origin);
            return;
        }
        let mark = self.f.mark();
        let (decided, exhausted) =
            if it.kind == LoopKind::All { (edges.f, edges.t) } else { (edges.t, edges.f) };
        let open = self.open(it, exhausted, edges.e, origin);
        let pend = self.f.label();
        let go_on = Dest::To(open.next);
        let e = Dest::To(pend);
        let body = if it.kind == LoopKind::All {
            Edges { t: go_on, f: decided, e, next: Some(open.next) }
        } else {
            Edges { t: decided, f: go_on, e, next: Some(open.next) }
        };
        self.condition(it.body, body);
        let pends = self.f.is_used(pend);
        if pends {
            if self.f.reachable {
                self.f.jump(go_on, origin);
            }
            self.place(pend, origin);
            let b = open.cursor;
            self.f.push(Draft { b, ..Draft::new(Op::Pend, origin) });
        }
        self.close(open, origin);
        if pends {
            let (b, e) = (open.cursor, edges.e);
            // F is what falls through; there is no T.
            self.f.push(Draft { x: X_INVERT, b, f: e, e, ..Draft::new(Op::LoopEnd, origin) });
        }
        self.f.release_cursor();
        self.f.release(mark);
        self.settle(exhausted, edges.next, origin);
    }

    fn exists_one(&mut self, it: &Loop, edges: Edges, origin: ExprId) {
        let mark = self.f.mark();
        let count = self.counted(it, None, edges.e, origin);
        let one = Ref::Index(self.tables.constant(&Constant::Int(1)));
        let falls = edges.next.map(Dest::To) == Some(edges.f) && edges.t != edges.f;
        let (x, f, rest) = if falls {
            (X_EQUAL | X_INVERT, edges.t, edges.f)
        } else {
            (X_EQUAL, edges.f, edges.t)
        };
        let draft = Draft { x, a: count, b: one, f, ..Draft::new(Op::CompareInt, origin) };
        self.f.push(draft);
        self.f.release(mark);
        self.settle(rest, edges.next, origin);
    }

    /// For how many elements the body holds.
    fn counted(&mut self, it: &Loop, want: Option<u16>, e: Dest, origin: ExprId) -> Ref {
        let c = self.into(want);
        let done = self.f.label();
        let open = self.open(it, Dest::To(done), e, origin);
        let hit = self.f.label();
        let edges = Edges { t: Dest::To(hit), f: Dest::To(open.next), e, next: Some(hit) };
        self.condition(it.body, edges);
        self.place(hit, origin);
        let b = open.cursor;
        self.f.push(Draft { b, ..Draft::new(Op::Count, origin) });
        self.close(open, origin);
        self.place(done, origin);
        self.f.push(Draft { b, c, ..Draft::new(Op::Counted, origin) });
        self.f.release_cursor();
        c
    }

    /// Code that computes a list, a map or a count.
    pub(crate) fn loop_value(
        &mut self,
        it: &Loop,
        want: Option<u16>,
        e: Dest,
        origin: ExprId,
    ) -> Ref {
        let c = want.unwrap_or_else(|| self.f.take(1));
        let mark = self.f.mark();
        if it.kind == LoopKind::Count {
            self.counted(it, Some(c), e, origin);
            self.f.release(mark);
            return Ref::Register(c);
        }
        let builder = self.build(origin);
        let done = self.f.label();
        let open = self.open(it, Dest::To(done), e, origin);
        if let Some(filter) = it.filter {
            self.only_if(filter, open.next, e, origin);
        }
        self.collect(it, builder, open.next, e, origin);
        self.close(open, origin);
        self.f.release_cursor();
        self.place(done, origin);
        let op = match it.kind {
            LoopKind::MapValues | LoopKind::MapEntries => Op::EndMap,
            LoopKind::All
            | LoopKind::Exists
            | LoopKind::ExistsOne
            | LoopKind::Count
            | LoopKind::Filter
            | LoopKind::List => Op::EndList,
        };
        self.f.push(Draft { b: builder, c: Ref::Register(c), e, ..Draft::new(op, origin) });
        self.f.release_cursor();
        self.f.release(mark);
        Ref::Register(c)
    }

    /// Goes on only where `condition` holds, else to `next`.
    fn only_if(&mut self, condition: NodeId, next: Label, e: Dest, origin: ExprId) {
        let hit = self.f.label();
        let edges = Edges { t: Dest::To(hit), f: Dest::To(next), e, next: Some(hit) };
        self.condition(condition, edges);
        self.place(hit, origin);
    }

    /// What one turn adds to the list or map.
    fn collect(&mut self, it: &Loop, b: Ref, next: Label, e: Dest, origin: ExprId) {
        let first = match self.locals.get(&it.first) {
            Some(Place::Register(register)) => Ref::Register(*register),
            Some(Place::Row { .. }) | None => Ref::Index(0),
        };
        let mark = self.f.mark();
        match it.kind {
            LoopKind::Filter => {
                self.only_if(it.body, next, e, origin);
                self.f.push(Draft { a: first, b, e, ..Draft::new(Op::Append, origin) });
            }
            LoopKind::MapValues => {
                let c = self.value(it.body, None, e);
                self.f.push(Draft { a: first, b, c, e, ..Draft::new(Op::Put, origin) });
            }
            LoopKind::MapEntries => match self.ir.kind(it.body) {
                NodeKind::Map(entries) => self.put(entries, b, e, origin),
                NodeKind::Constant(Constant::Map(entries)) => {
                    for (key, value) in entries {
                        let (a, c) = (self.loaded(key, origin), self.loaded(value, origin));
                        self.f.push(Draft { a, b, c, e, ..Draft::new(Op::Put, origin) });
                    }
                }
                _ => {}
            },
            LoopKind::All
            | LoopKind::Exists
            | LoopKind::ExistsOne
            | LoopKind::Count
            | LoopKind::List => {
                let a = self.value(it.body, None, e);
                self.f.push(Draft { a, b, e, ..Draft::new(Op::Append, origin) });
            }
        }
        self.f.release(mark);
    }

    fn loaded(&mut self, constant: &Constant, origin: ExprId) -> Ref {
        let b = Ref::Index(self.tables.constant(constant));
        let c = self.into(None);
        self.f.push(Draft { b, c, ..Draft::new(Op::LoadConst, origin) });
        c
    }

    /// The head of a loop: the range, the cursor, and the registers of its variables.
    fn open(&mut self, it: &Loop, empty: Dest, e: Dest, origin: ExprId) -> OpenLoop {
        let a = self.value(it.range, None, e);
        let cursor = Ref::Cursor(self.f.take_cursor());
        let sure_range = self.infallible.is_infallible(it.range);
        let range_ty = self.ir.nodes[it.range].ty;
        let container = matches!(self.analysis.types.get(range_ty), Type::List(_) | Type::Map(..));
        let infallible = sure_range && container;
        let columns = self.row_columns(it);
        let (first, x) = match (&columns, it.second) {
            (Some(columns), _) => {
                // A list of which no column is read still has one value an element.
                let count = u16::try_from(columns.len().max(1)).unwrap_or(u16::MAX);
                (self.f.take(count), 0)
            }
            (None, Some(_)) => (self.f.take(2), X_PAIRS),
            (None, None) => (self.f.take(1), 0),
        };
        self.name_locals(it, columns, first, infallible);
        let registers = Ref::Register(first);
        let e = if infallible { Dest::Never } else { e };
        let draft =
            Draft { x, a, b: cursor, c: registers, f: empty, e, ..Draft::new(Op::Iter, origin) };
        self.f.push(draft);
        self.f.loops += 1;
        let (body, next) = (self.f.label(), self.f.label());
        self.f.place(body);
        OpenLoop { cursor, registers, x, body, next }
    }

    fn name_locals(&mut self, it: &Loop, columns: Option<Vec<Name>>, first: u16, infallible: bool) {
        if let Some(columns) = columns {
            self.locals.insert(it.first, Place::Row { first, columns });
            if infallible {
                self.infallible.trust_row(it.first);
            }
            return;
        }
        self.locals.insert(it.first, Place::Register(first));
        if let Some(second) = it.second {
            self.locals.insert(second, Place::Register(first.saturating_add(1)));
        }
        if infallible {
            self.infallible.trust(it.first);
            if let Some(second) = it.second {
                self.infallible.trust(second);
            }
        }
    }

    /// The columns of the range, if it is a list that is read as rows.
    fn row_columns(&self, it: &Loop) -> Option<Vec<Name>> {
        let NodeKind::Path(path, _) = self.ir.kind(it.range) else { return None };
        self.places.columns(*path).map(<[_]>::to_vec)
    }

    /// The end of a loop's body.
    fn close(&mut self, open: OpenLoop, origin: ExprId) {
        self.place(open.next, origin);
        let OpenLoop { cursor: b, registers: c, x, body, .. } = open;
        let draft = Draft { x, b, c, f: Dest::To(body), ..Draft::new(Op::Next, origin) };
        self.f.push(draft);
        self.f.loops -= 1;
    }

    /// Whether a call has a branch instruction of its own.
    pub(crate) fn is_fused(&self, rows: &[u16], args: &[NodeId]) -> bool {
        let [_, argument] = args else { return false };
        let asks = |name| {
            named(name, Style::Member)
                .chain(named(name, Style::Global))
                .any(|row| rows.contains(&row.number))
        };
        self.ir.nodes[*argument].ty == TypeTable::STRING
            && self.ir.constant(*argument).is_some()
            && ["startsWith", "endsWith", "contains", "matches"].into_iter().any(asks)
    }
}
