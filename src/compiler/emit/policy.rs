//! Decisions and CEL Policy documents: trees of conditions with outcomes at their leaves.

use crate::compiler::emit::condition::Edges;
use crate::compiler::emit::function::{Dest, Draft, Label, Ref};
use crate::compiler::emit::generator::Generator;
use crate::compiler::emit::lowered::{
    ChoiceOutcome, LoweredBlock, LoweredDecision, LoweredOutput, is_always,
};
use crate::compiler::ir::NodeId;
use crate::compiler::ir::lower::rows_of;
use crate::compiler::syntax::ast::ExprId;
use crate::lang::constant::Constant;
use crate::lang::functions::Style;
use crate::lang::opcodes::Op;
use crate::lang::types::TypeTable;
use crate::runtime::bundle::module::FunctionKind;

/// Where the value of an output goes.
#[derive(Clone, Copy, Debug)]
struct OutputTarget {
    register: u16,
    /// Whether values are wrapped in an optional.
    optional: bool,
    /// Where to go on with a value, and without one.
    done: Dest,
    none: Dest,
}

/// Where the code of an entry of `match` or `aggregate` stands, from the first instruction of its
/// output's function on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChoiceCode {
    /// Blocks around its own.
    pub(crate) depth: u16,
    /// Its condition.
    pub(crate) condition: (usize, usize),
    /// What it yields: a value, or a nested block. Nothing stands there where no input leads there.
    pub(crate) outcome: (usize, usize),
}

impl Generator<'_> {
    /// The function of a decision.
    pub(crate) fn decision_function(
        &mut self,
        conjuncts: &[NodeId],
        decision: &LoweredDecision,
        origin: ExprId,
    ) -> u16 {
        self.function(FunctionKind::Decision, "", false, origin, |this| {
            for conjunct in conjuncts {
                let next = this.f.label();
                let t = Dest::To(next);
                this.condition(
                    *conjunct,
                    Edges { t, f: Dest::False, e: Dest::Error, next: Some(next) },
                );
                this.place(next, origin);
            }
            this.decided(decision, Dest::False, origin);
        })
    }

    /// Code that ends with an outcome, or goes to `none`.
    fn decided(&mut self, decision: &LoweredDecision, none: Dest, origin: ExprId) {
        match decision {
            LoweredDecision::Outcome(number) => {
                let b = Ref::Index(*number);
                self.f.push(Draft { b, ..Draft::new(Op::Decide, origin) });
            }
            LoweredDecision::If(condition, yes, no) => {
                let other = self.ask(*condition, origin);
                self.decided(yes, none, origin);
                self.place(other, origin);
                self.decided(no, none, origin);
            }
            LoweredDecision::Bind(local, init, body) => {
                let mark = self.f.mark();
                self.bind(*local, *init);
                self.decided(body, none, origin);
                self.f.release(mark);
            }
            LoweredDecision::Match(choices) => {
                for (condition, decision) in choices {
                    let Some(condition) = condition.filter(|node| !is_always(Some(*node), self.ir))
                    else {
                        let next = self.f.label();
                        self.decided(decision, Dest::To(next), origin);
                        self.place(next, origin);
                        continue;
                    };
                    let next = self.ask(condition, origin);
                    // A nested rule under a condition commits: without an outcome it is silent.
                    self.decided(decision, none, origin);
                    self.place(next, origin);
                }
                self.f.jump(none, origin);
            }
        }
    }

    /// Falls through where `condition` holds; otherwise goes to the label that is returned.
    fn ask(&mut self, condition: NodeId, origin: ExprId) -> Label {
        let (then, other) = (self.f.label(), self.f.label());
        let edges =
            Edges { t: Dest::To(then), f: Dest::To(other), e: Dest::Error, next: Some(then) };
        self.condition(condition, edges);
        self.place(then, origin);
        other
    }

    /// The function of a document's output.
    pub(crate) fn output_function(&mut self, output: &LoweredOutput, name: &str) -> u16 {
        let origin = output.rule.origin;
        let ty = self.tables.type_row(&self.analysis.types, output.ty);
        self.function(FunctionKind::Value(ty), name, false, origin, |this| {
            let register = this.f.take(1);
            let (done, none) = (this.f.label(), this.f.label());
            let target = OutputTarget {
                register,
                optional: output.optional,
                done: Dest::To(done),
                none: Dest::To(none),
            };
            this.choices.clear();
            this.block(&output.rule, target, 0);
            this.place(none, origin);
            if this.f.reachable {
                let b = Ref::Index(this.tables.constant(&Constant::Optional(None)));
                let c = Ref::Register(register);
                this.f.push(Draft { b, c, ..Draft::new(Op::LoadConst, origin) });
            }
            this.place(done, origin);
            this.give_back(Ref::Register(register), origin);
        })
    }

    /// The function that explains an output: it takes the way of the output, and gathers the
    /// explanations of the entries that yield.
    pub(crate) fn explanation_function(&mut self, output: &LoweredOutput) -> u16 {
        let origin = output.rule.origin;
        // A part that is `dyn` may turn out to be no string; it is written as in a message.
        let ty = self.tables.type_row(&self.analysis.types, TypeTable::LIST_DYN);
        self.function(FunctionKind::Value(ty), "", false, origin, |this| {
            let builder = this.build(origin);
            let done = this.f.label();
            this.explain(&output.rule, builder, Dest::To(done), Dest::To(done));
            this.place(done, origin);
            let register = this.f.take(1);
            let c = Ref::Register(register);
            let end = Draft { b: builder, c, e: Dest::Error, ..Draft::new(Op::EndList, origin) };
            this.f.push(end);
            this.f.release_cursor();
            this.give_back(c, origin);
        })
    }

    /// Appends what explains the value of `block`; goes on at `done` with a value, at `none`
    /// without one.
    fn explain(&mut self, block: &LoweredBlock, builder: Ref, done: Dest, none: Dest) {
        let origin = block.origin;
        for choice in &block.choices {
            let always = is_always(choice.condition, self.ir);
            let next = match choice.condition {
                Some(condition) if !always => self.ask(condition, origin),
                Some(_) | None => self.f.label(),
            };
            let after = if block.aggregate { Dest::To(next) } else { done };
            match &choice.outcome {
                ChoiceOutcome::Value(_, explanation) => {
                    if let Some(node) = explanation {
                        self.append(*node, builder);
                    }
                    self.f.jump(after, origin);
                }
                ChoiceOutcome::Block(nested) => {
                    let falls = always || block.aggregate;
                    let none = if falls { Dest::To(next) } else { none };
                    self.explain(nested, builder, after, none);
                }
            }
            self.place(next, origin);
        }
        self.f.jump(if block.aggregate { done } else { none }, origin);
    }

    fn append(&mut self, node: NodeId, builder: Ref) {
        let origin = self.ir.nodes[node].origin;
        let mark = self.f.mark();
        let register = self.f.take(1);
        self.value(node, Some(register), Dest::Error);
        let a = Ref::Register(register);
        self.f.push(Draft { a, b: builder, e: Dest::Error, ..Draft::new(Op::Append, origin) });
        self.f.release(mark);
    }

    fn block(&mut self, block: &LoweredBlock, target: OutputTarget, depth: u16) {
        if block.aggregate {
            self.aggregate(block, target, depth);
            return;
        }
        let origin = block.origin;
        for choice in &block.choices {
            let always = is_always(choice.condition, self.ir);
            let (next, entry) = self.choice(choice.condition, origin, depth);
            match &choice.outcome {
                ChoiceOutcome::Value(node, _) => {
                    self.output(*node, target);
                    self.f.jump(target.done, origin);
                }
                ChoiceOutcome::Block(nested) => {
                    // Without a condition a nested rule falls through when it yields nothing.
                    let none = if always { Dest::To(next) } else { target.none };
                    self.block(nested, OutputTarget { none, ..target }, depth.saturating_add(1));
                }
            }
            self.end_choice(entry);
            self.place(next, origin);
        }
        self.f.jump(target.none, origin);
    }

    /// The condition of an entry; the label of what comes after the entry, and the number of its
    /// row in `choices`.
    fn choice(&mut self, condition: Option<NodeId>, origin: ExprId, depth: u16) -> (Label, usize) {
        let first = self.f.code.len();
        let next = match condition {
            Some(node) if !is_always(condition, self.ir) => self.ask(node, origin),
            Some(_) | None => self.f.label(),
        };
        let then = self.f.code.len();
        let (condition, outcome) = ((first, then), (then, then));
        self.choices.push(ChoiceCode { depth, condition, outcome });
        (next, self.choices.len() - 1)
    }

    fn end_choice(&mut self, entry: usize) {
        let end = self.f.code.len();
        if let Some(choice) = self.choices.get_mut(entry) {
            choice.outcome.1 = end;
        }
    }

    fn output(&mut self, node: NodeId, target: OutputTarget) {
        let origin = self.ir.nodes[node].origin;
        self.value(node, Some(target.register), Dest::Error);
        if target.optional {
            self.wrap(target.register, origin);
        }
    }

    fn wrap(&mut self, register: u16, origin: ExprId) {
        let row = rows_of("optional.of", Style::Global, 1).first().copied().unwrap_or(u16::MAX);
        let (a, c) = (Ref::Register(register), Ref::Register(register));
        let b = Ref::Index(row);
        self.f.push(Draft { a, b, c, e: Dest::Error, ..Draft::new(Op::Call, origin) });
    }

    fn aggregate(&mut self, block: &LoweredBlock, target: OutputTarget, depth: u16) {
        let origin = block.origin;
        let builder = self.build(origin);
        for choice in &block.choices {
            let (next, entry) = self.choice(choice.condition, origin, depth);
            let mark = self.f.mark();
            let register = self.f.take(1);
            match &choice.outcome {
                ChoiceOutcome::Value(node, _) => {
                    self.value(*node, Some(register), Dest::Error);
                }
                ChoiceOutcome::Block(nested) => {
                    let got = self.f.label();
                    let (done, none) = (Dest::To(got), Dest::To(next));
                    let target = OutputTarget { register, optional: false, done, none };
                    self.block(nested, target, depth.saturating_add(1));
                    self.place(got, origin);
                }
            }
            let a = Ref::Register(register);
            let append = Draft { a, b: builder, e: Dest::Error, ..Draft::new(Op::Append, origin) };
            self.f.push(append);
            self.f.release(mark);
            self.end_choice(entry);
            self.place(next, origin);
        }
        let c = Ref::Register(target.register);
        let end = Draft { b: builder, c, e: Dest::Error, ..Draft::new(Op::EndList, origin) };
        self.f.push(end);
        self.f.release_cursor();
        if target.optional {
            self.wrap(target.register, origin);
        }
        self.f.jump(target.done, origin);
    }
}
