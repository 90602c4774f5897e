//! Formulas as clauses, and what is true of their facts on every input.
//!
//! In:      the store, with everything in it that will be asked.
//! Out:     `Encoder`: a solver that knows each formula that was shown to it.
//! Imports: `base`.
//!
//! What is true of facts: a value has one kind; who reaches a cut reaches the lower ones; equal
//! values lie on one side of every cut and pass the same tests; what lies in an object is not there
//! without it; a loop leaves where an element says so. Whatever is left out makes a question harder
//! to deny, never easier. Clauses are never taken back, so all of them are about every input.
//! What is true of equal values is told only of those that a model takes to be equal.

use std::collections::BTreeMap;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::limits::SOLVE_TURNS_MAX;
use crate::compiler::solve::formula::{Lit, Node};
use crate::compiler::solve::point::{Line, Point};
use crate::compiler::solve::sat::{Batsat, Literal, SatResult, SatSolver};
use crate::compiler::solve::store::{Fact, Kind, Store, Term, TermId, kind_on};

/// The variable of a node that was not shown.
const NO_VAR: u32 = u32::MAX;

/// A solver that knows formulas.
#[derive(Debug)]
pub struct Encoder<'s, S = Batsat> {
    /// The formulas.
    pub store: &'s mut Store,
    /// The solver.
    pub sat: S,
    /// The variable of every node that was shown, else `NO_VAR`.
    vars: Vec<u32>,
    fact_vars: FxHashMap<u32, u32>,
    var_facts: FxHashMap<u32, u32>,
    cuts: FxHashMap<(TermId, Line), BTreeMap<Point, Literal>>,
    kinds: FxHashMap<TermId, Vec<(Kind, Literal)>>,
    same: FxHashMap<TermId, Vec<TermId>>,
    /// Pairs of `same` that the solver need not hold to one side of every cut yet: a model in which
    /// they are equal is what asks for that.
    loose: Vec<(TermId, TermId, Literal)>,
    /// The others, each by both of its terms.
    linked: FxHashMap<TermId, Vec<TermId>>,
    tests: FxHashMap<TermId, Vec<u32>>,
    /// How many loops there are over a list.
    loops: FxHashMap<TermId, u8>,
    /// Formulas that say what a fact comes to, by its number.
    meanings: FxHashMap<u32, Vec<Lit>>,
}

impl<'s, S: SatSolver + Default> Encoder<'s, S> {
    /// A solver that knows nothing yet, for questions about anything in the store.
    pub fn new(store: &'s mut Store) -> Self {
        let all = 0..store.walks().count();
        let all: Vec<u32> = all.filter_map(|number| u32::try_from(number).ok()).collect();
        Self::with_loops(store, &all)
    }

    /// A solver that knows nothing yet, for questions about these formulas alone.
    pub fn about(store: &'s mut Store, roots: &[Lit]) -> Self {
        let (mut seen, mut open) = (FxHashSet::default(), roots.to_vec());
        while !open.is_empty() {
            let cone = store.formulas.cone(&std::mem::take(&mut open));
            for node in cone {
                let Node::Fact(number) = store.formulas.node(node) else { continue };
                if let Some(Fact::Leaves(walk) | Fact::Pends(walk)) = store.fact(number)
                    && seen.insert(*walk)
                    && let Some(walk) = store.walk(*walk)
                {
                    open.extend([walk.leave, walk.pend]);
                }
            }
        }
        let mut walks: Vec<u32> = seen.into_iter().collect();
        walks.sort_unstable();
        Self::with_loops(store, &walks)
    }

    fn with_loops(store: &'s mut Store, walks: &[u32]) -> Self {
        let mut loops: FxHashMap<TermId, u8> = FxHashMap::default();
        for walk in walks.iter().filter_map(|number| store.walk(*number)) {
            let count = loops.entry(walk.list).or_default();
            *count = count.saturating_add(1);
        }
        Self {
            store,
            sat: S::default(),
            vars: Vec::new(),
            fact_vars: FxHashMap::default(),
            var_facts: FxHashMap::default(),
            cuts: FxHashMap::default(),
            kinds: FxHashMap::default(),
            same: FxHashMap::default(),
            loose: Vec::new(),
            linked: FxHashMap::default(),
            tests: FxHashMap::default(),
            loops,
            meanings: FxHashMap::default(),
        }
    }

    /// A formula as a literal of the solver.
    pub fn lit(&mut self, root: Lit) -> Literal {
        for node in self.unknown(root) {
            self.node(node);
        }
        self.known(root)
    }

    /// The nodes of a formula that were not shown yet. What a shown node is made of was shown.
    fn unknown(&self, root: Lit) -> Vec<usize> {
        self.store.formulas.cone_above(&[root], |node| self.is_shown(node))
    }

    /// The facts that settle some formulas, those of loops opened up.
    #[must_use]
    pub fn settling(&self, roots: &[Lit]) -> Vec<u32> {
        let (mut seen, mut facts) = (FxHashSet::default(), Vec::new());
        let mut open: Vec<Lit> = roots.to_vec();
        while !open.is_empty() {
            let roots = std::mem::take(&mut open);
            for node in self.store.formulas.cone(&roots) {
                if let Node::Fact(number) = self.store.formulas.node(node)
                    && seen.insert(number)
                {
                    match self.meanings.get(&number) {
                        Some(meaning) => open.extend(meaning),
                        None => facts.push(number),
                    }
                }
            }
        }
        facts.sort_unstable();
        facts
    }

    /// The facts that a formula is made of, loops over lists as they are.
    #[must_use]
    pub fn made_of(&self, root: Lit) -> Vec<u32> {
        let fact = |node| match self.store.formulas.node(node) {
            Node::Fact(number) => Some(number),
            Node::True | Node::And(..) => None,
        };
        self.store.formulas.cone(&[root]).into_iter().filter_map(fact).collect()
    }

    /// Facts that settle a formula as it comes out in the model: of a conjunction that does not
    /// hold, those of one part.
    #[must_use]
    pub fn reasons(&self, root: Lit) -> Vec<u32> {
        let (mut seen, mut facts, mut open) = (FxHashSet::default(), Vec::new(), vec![root.node()]);
        let holds = |lit: &Lit| self.holds(self.known(*lit));
        while let Some(node) = open.pop() {
            if !seen.insert(node) {
                continue;
            }
            match self.store.formulas.node(node) {
                Node::True => {}
                Node::And(a, b) => {
                    let failing = [a, b].into_iter().filter(|lit| !holds(lit));
                    let is_fact =
                        |lit: &Lit| matches!(self.store.formulas.node(lit.node()), Node::Fact(_));
                    // One that was looked at already tells nothing more, a fact little.
                    let least = failing
                        .min_by_key(|lit| (!seen.contains(&lit.node()), !is_fact(lit), lit.node()));
                    match least {
                        Some(part) => open.push(part.node()),
                        None => open.extend([a.node(), b.node()]),
                    }
                }
                Node::Fact(number) => match self.meanings.get(&number) {
                    Some(meaning) => open.extend(meaning.iter().map(|lit| lit.node())),
                    None => facts.push(number),
                },
            }
        }
        facts.sort_unstable();
        facts
    }

    /// Whether a literal holds in the model.
    fn holds(&self, lit: Literal) -> bool {
        self.sat.value(lit.var) == lit.holds
    }

    /// The variable of a fact that was shown.
    #[must_use]
    pub fn var_of(&self, fact: u32) -> Option<u32> {
        self.fact_vars.get(&fact).copied()
    }

    /// The fact that a variable is.
    #[must_use]
    pub fn fact_of(&self, var: u32) -> Option<u32> {
        self.var_facts.get(&var).copied()
    }

    fn is_shown(&self, node: usize) -> bool {
        self.vars.get(node).is_some_and(|var| *var != NO_VAR)
    }

    /// The literal of a formula that was shown.
    fn known(&self, lit: Lit) -> Literal {
        let var = self.vars.get(lit.node()).copied().unwrap_or(0);
        Literal { var, holds: !lit.negated() }
    }

    fn fresh(&mut self, node: usize) -> Literal {
        let var = self.sat.var();
        if self.vars.len() <= node {
            self.vars.resize(node + 1, NO_VAR);
        }
        if let Some(own) = self.vars.get_mut(node) {
            *own = var;
        }
        Literal { var, holds: true }
    }

    fn node(&mut self, node: usize) {
        if self.is_shown(node) {
            return;
        }
        let own = self.fresh(node);
        match self.store.formulas.node(node) {
            Node::True => self.sat.clause(&[own]),
            Node::And(a, b) => {
                let (a, b) = (self.known(a), self.known(b));
                self.sat.clause(&[!own, a]);
                self.sat.clause(&[!own, b]);
                self.sat.clause(&[own, !a, !b]);
            }
            Node::Fact(number) => self.axioms(number, own),
        }
    }

    /// The facts that were shown, in order of number.
    #[must_use]
    pub fn shown(&self) -> Vec<u32> {
        let mut facts: Vec<u32> = self.fact_vars.keys().copied().collect();
        facts.sort_unstable();
        facts
    }

    /// Whether it is known what a fact comes to, by other facts.
    #[must_use]
    pub fn is_opened(&self, fact: u32) -> bool {
        self.meanings.contains_key(&fact)
    }

    /// The literal of a fact, which is shown to the solver now if it was not before.
    pub fn of(&mut self, fact: Fact) -> Literal {
        let lit = self.store.ask(fact);
        if !self.is_shown(lit.node()) {
            self.node(lit.node());
        }
        self.known(lit)
    }

    fn axioms(&mut self, number: u32, own: Literal) {
        let Some(fact) = self.store.fact(number).cloned() else { return };
        if self.fact_vars.insert(number, own.var).is_some() {
            return;
        }
        self.var_facts.insert(own.var, number);
        match fact {
            Fact::Kind(term, kind) => self.kind(term, kind, own),
            Fact::Reaches(term, line, point) => self.cut(term, line, &point, own),
            Fact::Text(term, ref test) => {
                self.tests.entry(term).or_default().push(number);
                for partner in self.linked.get(&term).cloned().unwrap_or_default() {
                    self.link(term, partner, (Kind::Text, own), |partner| {
                        Fact::Text(partner, test.clone())
                    });
                }
            }
            Fact::Same(a, b) => self.equal(a, b, own),
            Fact::Less(a, b) => {
                let turned = self.of(Fact::Less(b, a));
                self.sat.clause(&[!own, !turned]);
            }
            Fact::Unknown(term, 0) => {
                let fails = self.of(Fact::Unknown(term, 1));
                self.sat.clause(&[!own, !fails]);
            }
            Fact::Unknown(..) => {}
            Fact::Leaves(walk) | Fact::Pends(walk) => {
                let leaves = matches!(fact, Fact::Leaves(_));
                self.turns(number, (walk, leaves), own);
            }
        }
    }

    /// A value has one kind, of those that are possible.
    fn kind(&mut self, term: TermId, kind: Kind, own: Literal) {
        let others = self.kinds.entry(term).or_default().clone();
        for (_, other) in &others {
            self.sat.clause(&[!own, !*other]);
        }
        let mut all: Vec<(Kind, Literal)> = others;
        all.push((kind, own));
        let possible = self.store.kinds(term);
        if !possible.holds(kind) {
            self.sat.clause(&[!own]);
        }
        if possible.iter().all(|kind| all.iter().any(|(own, _)| *own == kind)) {
            let clause: Vec<Literal> = all.iter().map(|(_, lit)| *lit).collect();
            self.sat.clause(&clause);
        }
        self.kinds.insert(term, all);
        for partner in self.same.get(&term).cloned().unwrap_or_default() {
            self.same_kind(term, partner, (kind, own));
        }
        if kind == Kind::Absent {
            self.needs_object(term, own);
            self.same_place(term, own);
        }
    }

    /// A place is there for all that is asked of it, or for nothing.
    fn same_place(&mut self, term: TermId, absent: Literal) {
        let Some(path) = self.store.path(term) else { return };
        for other in self.store.at(&path) {
            // One that cannot be absent is a field of a message, which has a default.
            if other != term && self.store.kinds(other).holds(Kind::Absent) {
                let lit = self.of(Fact::Kind(other, Kind::Absent));
                self.sat.clause(&[absent, !lit]);
                self.sat.clause(&[!absent, lit]);
            }
        }
    }

    /// What is there lies in an object.
    fn needs_object(&mut self, term: TermId, absent: Literal) {
        let Some(path) = self.store.path(term) else { return };
        let mut path: &str = &path;
        while let Some((above, _)) = path.rsplit_once('/') {
            let object = self.store.known(&Term::Presence(Rc::from(above)));
            if let Some(object) = object {
                let is = self.of(Fact::Kind(object, Kind::Bool));
                let holds = self.of(Fact::Reaches(object, Line::Truth, Point::Whole(1)));
                self.sat.clause(&[absent, is]);
                self.sat.clause(&[absent, holds]);
                return;
            }
            path = above;
        }
    }

    /// Who reaches a cut reaches the lower ones.
    fn cut(&mut self, term: TermId, line: Line, point: &Point, own: Literal) {
        let cuts = self.cuts.entry((term, line)).or_default();
        let below = cuts.range(..point.clone()).next_back().map(|(_, lit)| *lit);
        let above = cuts.range(point.clone()..).next().map(|(_, lit)| *lit);
        cuts.insert(point.clone(), own);
        if let Some(below) = below {
            self.sat.clause(&[!own, below]);
        }
        if let Some(above) = above {
            self.sat.clause(&[!above, own]);
        }
        let kind = kind_on(line);
        for partner in self.linked.get(&term).cloned().unwrap_or_default() {
            self.link(term, partner, (kind, own), |partner| {
                Fact::Reaches(partner, line, point.clone())
            });
        }
    }

    fn same_fact(a: TermId, b: TermId) -> Fact {
        Fact::Same(a.min(b), a.max(b))
    }

    /// Equal values of a kind agree on a fact.
    fn link(
        &mut self,
        term: TermId,
        partner: TermId,
        (kind, own): (Kind, Literal),
        fact: impl Fn(TermId) -> Fact,
    ) {
        let same = self.of(Self::same_fact(term, partner));
        let (is, other) = (self.of(Fact::Kind(term, kind)), self.of(fact(partner)));
        self.sat.clause(&[!same, !is, !own, other]);
        self.sat.clause(&[!same, !is, own, !other]);
    }

    fn same_kind(&mut self, term: TermId, partner: TermId, (kind, own): (Kind, Literal)) {
        let same = self.of(Self::same_fact(term, partner));
        if matches!(kind, Kind::Absent | Kind::Error | Kind::Nan) {
            self.sat.clause(&[!same, !own]);
            return;
        }
        let possible = self.store.kinds(partner).holds(kind);
        if !possible {
            self.sat.clause(&[!same, !own]);
            return;
        }
        let other = self.of(Fact::Kind(partner, kind));
        self.sat.clause(&[!same, !own, other]);
        self.sat.clause(&[!same, own, !other]);
        if kind == Kind::Null {
            self.sat.clause(&[same, !own, !other]);
        }
        if kind == Kind::Bool {
            let one = |term| Fact::Reaches(term, Line::Truth, Point::Whole(1));
            let (a, b) = (self.of(one(term)), self.of(one(partner)));
            self.sat.clause(&[same, !own, !other, a, b]);
            self.sat.clause(&[same, !own, !other, !a, !b]);
        }
    }

    fn equal(&mut self, a: TermId, b: TermId, own: Literal) {
        self.same.entry(a).or_default().push(b);
        self.same.entry(b).or_default().push(a);
        debug_assert!(own.holds, "a fact is a variable");
        for (term, partner) in [(a, b), (b, a)] {
            let possible: Vec<Kind> = self.store.kinds(term).iter().collect();
            for kind in possible {
                // Those that are known already are linked by this; new ones link themselves.
                let known = self.kinds.get(&term).and_then(|known| {
                    known.iter().find(|(own, _)| *own == kind).map(|(_, lit)| *lit)
                });
                match known {
                    Some(lit) => self.same_kind(term, partner, (kind, lit)),
                    None => {
                        self.of(Fact::Kind(term, kind));
                    }
                }
            }
        }
        self.loose.push((a, b, own));
    }

    /// Whether everything that was shown can hold under these assumptions.
    pub fn solve(&mut self, assumptions: &[Literal]) -> SatResult {
        loop {
            let answer = self.sat.solve(assumptions);
            if answer != SatResult::Yes || !self.link_equal() {
                return answer;
            }
        }
    }

    /// Links the pairs that are equal in the model; whether there were any that were not.
    fn link_equal(&mut self) -> bool {
        let loose = std::mem::take(&mut self.loose);
        let (equal, rest): (Vec<_>, Vec<_>) =
            loose.into_iter().partition(|(.., same)| self.holds(*same));
        self.loose = rest;
        for (a, b, _) in &equal {
            self.linked.entry(*a).or_default().push(*b);
            self.linked.entry(*b).or_default().push(*a);
            self.agree(*a, *b);
            self.agree(*b, *a);
        }
        !equal.is_empty()
    }

    /// Where both are equal the partner is on the same side of each cut of a term, and passes the
    /// same tests.
    fn agree(&mut self, term: TermId, partner: TermId) {
        let lines = [Line::Truth, Line::Whole, Line::Real, Line::Text, Line::Time, Line::Span];
        for line in lines {
            let cuts = self.cuts.get(&(term, line)).cloned().unwrap_or_default();
            for (point, lit) in cuts {
                let kind = kind_on(line);
                // The partner's own line: a whole number lies on both, so nothing is lost.
                self.link(term, partner, (kind, lit), |it| Fact::Reaches(it, line, point.clone()));
            }
        }
        for number in self.tests.get(&term).cloned().unwrap_or_default() {
            let Some(Fact::Text(_, test)) = self.store.fact(number).cloned() else { continue };
            let lit = self.of(Fact::Text(term, test.clone()));
            self.link(term, partner, (Kind::Text, lit), |it| Fact::Text(it, test.clone()));
        }
    }

    /// A loop leaves where an element says so. As many elements are looked at as there are loops
    /// over the list: of more, those that settle no loop can be left out.
    fn turns(&mut self, number: u32, (walk, leaves): (u32, bool), own: Literal) {
        let Some(walk) = self.store.walk(walk).cloned() else { return };
        let body = if leaves { walk.leave } else { walk.pend };
        let generic = self.store.generic(walk.list);
        let count = self.loops.get(&generic).copied().unwrap_or(u8::MAX);
        if count > SOLVE_TURNS_MAX {
            return;
        }
        let size = self.store.size(walk.list);
        let mut any = Vec::new();
        for turn in 1..=count {
            let Some(says) = self.store.for_element(body, walk.list, turn) else { return };
            let there = self.store.reaches(size, Line::Whole, Point::Whole(turn.into()));
            let both = self.store.formulas.and(there, says);
            any.push(both);
        }
        let some = self.store.formulas.any(any);
        self.meanings.insert(number, vec![some]);
        for node in self.unknown(some) {
            self.node(node);
        }
        let some = self.known(some);
        self.sat.clause(&[!own, some]);
        self.sat.clause(&[own, !some]);
    }
}
