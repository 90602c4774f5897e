//! What lies below what: the bounds that follow, and in which turn values are to be chosen.
//!
//! In:      classes of equal terms, each with its own bounds, and which lies below which.
//! Out:     `Order`: tighter bounds, or facts that cannot come out so together.
//! Imports: `base`.
//!
//! Whole numbers and times step by one, other numbers have one between any two, and behind a text
//! comes the text with a zero byte. Where each class takes its value behind those below it, and
//! within bounds that hold for all above it, no choice has to be taken back.

use std::collections::VecDeque;

use crate::base::arrange::Arrange as _;
use crate::compiler::solve::point::{Line, LineValue, Point, Real};

/// Most classes that are put in order, and most relations of them.
pub const ORDER_MAX: usize = 256;

/// A class whose value lies on a line.
#[derive(Clone, Debug)]
pub struct Member {
    /// Which class it is.
    pub class: usize,
    /// The line that its value lies on.
    pub line: Line,
    /// The least that its value can be.
    pub low: Option<Bound>,
    /// The most that its value can be.
    pub high: Option<Bound>,
}

/// One end of where a value lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    at: LineValue,
    /// Whether the end itself is left out.
    open: bool,
    /// The facts that say so.
    from: Vec<usize>,
}

/// One class lies below another.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The member below.
    pub below: usize,
    /// The member above.
    pub above: usize,
    /// Whether both cannot be equal.
    pub strict: bool,
    /// The fact that says so.
    pub fact: usize,
}

/// Members in the turn in which their values are chosen, with all bounds that follow.
#[derive(Debug, Default)]
pub struct Order {
    /// The members.
    pub members: Vec<Member>,
    /// The members by turn: none comes before one that lies below it.
    pub turns: Vec<usize>,
    steps: Vec<Step>,
    /// Of every member, whether a way leads up to each.
    reach: Vec<Vec<bool>>,
}

impl Bound {
    /// A bound of a class that `from` speaks of: its cut, from which on (`low`) or below which its
    /// value lies.
    #[must_use]
    pub fn of(point: &Point, low: bool, from: &[usize]) -> Self {
        let (at, open) = match point {
            Point::Whole(at) => (LineValue::Number(Real::whole(*at)), !low),
            Point::Real(at, above) => (LineValue::Number(*at), *above == low),
            Point::Text(text) => (LineValue::Text(text.clone()), !low),
        };
        Self { at, open, from: from.to_vec() }
    }

    /// The cut that it is on a line.
    #[must_use]
    pub fn cut(&self, line: Line, low: bool) -> Point {
        match &self.at {
            LineValue::Number(at) if line == Line::Real => Point::Real(*at, self.open == low),
            LineValue::Number(at) if self.open == low => Point::Whole(at.above()),
            LineValue::Number(at) => Point::Whole(at.ceiling()),
            LineValue::Text(text) => Point::Text(text.clone()),
        }
    }

    /// As a bound of a value on `line`, where not every number lies.
    fn on(mut self, line: Line, low: bool) -> Self {
        match &self.at {
            LineValue::Number(_) if line == Line::Real => {}
            LineValue::Number(at) => {
                let first = if self.open == low { at.above() } else { at.ceiling() };
                // A cut divides what lies below it from `first` on.
                let end = if low { first } else { first - 1 };
                (self.at, self.open) = (LineValue::Number(Real::whole(end)), false);
            }
            LineValue::Text(text) if low == self.open => {
                let behind = [text.as_ref(), &[0]].concat();
                (self.at, self.open) = (LineValue::Text(behind.into()), !low);
            }
            LineValue::Text(_) => {}
        }
        self
    }

    /// What it says of a value that lies beyond one that has this bound.
    fn beyond(&self, step: Step, (line, low): (Line, bool), own: &[usize]) -> Self {
        let mut from = self.from.clone();
        from.push(step.fact);
        from.extend(own);
        from.arrange();
        from.dedup();
        let (mut at, mut open) = (self.at.clone(), self.open || step.strict);
        if let (LineValue::Text(text), false, true) = (&at, low, step.strict) {
            // Who lies below what ends at `t` with `t` itself lies below `t`.
            at = LineValue::Text(text.strip_suffix(&[0]).unwrap_or(text).into());
            open = true;
        }
        Self { at, open, from }.on(line, low)
    }

    /// Whether it leaves less than another does.
    #[must_use]
    pub fn is_tighter(&self, than: &Self, low: bool) -> bool {
        let order = self.at.cmp(&than.at);
        let further = if low { order.is_gt() } else { order.is_lt() };
        further || order.is_eq() && self.open && !than.open
    }

    /// Whether nothing lies from `low` to `high`.
    fn excludes(low: &Self, high: &Self) -> bool {
        low.at > high.at || (low.at == high.at && (low.open || high.open))
    }
}

impl Order {
    /// The order of `members`, `from` of each being the facts that speak of it, by class.
    ///
    /// # Errors
    /// Facts that cannot come out so together.
    pub fn of(
        mut members: Vec<Member>,
        steps: Vec<Step>,
        from: &dyn Fn(usize) -> Vec<usize>,
    ) -> Result<Self, Vec<usize>> {
        for member in &mut members {
            let line = member.line;
            member.low = member.low.take().map(|bound| bound.on(line, true));
            member.high = member.high.take().map(|bound| bound.on(line, false));
        }
        let mut own = Self { members, steps, turns: Vec::new(), reach: Vec::new() };
        own.reach = (0..own.members.len()).map(|start| own.reached(start)).collect();
        own.circles(from)?;
        own.turns = own.sorted();
        own.tighten(from)?;
        Ok(own)
    }

    /// Which members lie above one, itself included.
    fn reached(&self, start: usize) -> Vec<bool> {
        let mut reached = vec![false; self.members.len()];
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            if let Some(known) = reached.get_mut(at).filter(|known| !**known) {
                *known = true;
                let above = self.steps.iter().filter(|step| step.below == at);
                open.extend(above.map(|step| step.above));
            }
        }
        reached
    }

    fn leads(&self, start: usize, end: usize) -> bool {
        self.reach.get(start).and_then(|own| own.get(end)).is_some_and(|reached| *reached)
    }

    /// The facts along the shortest way up from one member to another.
    fn way(&self, start: usize, end: usize) -> Option<Vec<usize>> {
        let mut came: Vec<Option<Step>> = vec![None; self.members.len()];
        let mut open = VecDeque::from([start]);
        while let Some(at) = open.pop_front() {
            for step in self.steps.iter().filter(|step| step.below == at) {
                let place = came.get_mut(step.above)?;
                if place.is_none() && step.above != start {
                    *place = Some(*step);
                    open.push_back(step.above);
                }
            }
        }
        let (mut facts, mut at) = (Vec::new(), end);
        while at != start {
            let step = (*came.get(at)?)?;
            facts.push(step.fact);
            at = step.below;
        }
        Some(facts)
    }

    /// No way leads back up to where it came from, if one of its steps is strict.
    fn circles(&self, from: &dyn Fn(usize) -> Vec<usize>) -> Result<(), Vec<usize>> {
        let back = |step: &&Step| step.strict && self.leads(step.above, step.below);
        let Some(step) = self.steps.iter().find(back) else { return Ok(()) };
        let mut facts = self.way(step.above, step.below).unwrap_or_default();
        facts.push(step.fact);
        Err(self.with_members(facts, from))
    }

    /// Steps, and what is said of the members that they lie between.
    fn with_members(&self, facts: Vec<usize>, from: &dyn Fn(usize) -> Vec<usize>) -> Vec<usize> {
        let steps = self.steps.iter().filter(|step| facts.contains(&step.fact));
        let members = steps.flat_map(|step| [step.below, step.above]);
        let classes = members.filter_map(|at| self.members.get(at)).map(|member| member.class);
        let said: Vec<usize> = classes.flat_map(from).collect();
        let mut all = [facts, said].concat();
        all.arrange();
        all.dedup();
        all
    }

    /// The class of a member.
    #[must_use]
    pub fn class(&self, at: usize) -> usize {
        self.members.get(at).map_or(usize::MAX, |member| member.class)
    }

    /// Whether both are equal: none lies below the other.
    #[must_use]
    pub fn is_tied(&self, a: usize, b: usize) -> bool {
        self.leads(a, b) && self.leads(b, a)
    }

    /// The facts that make two members equal.
    #[must_use]
    pub fn tie(&self, (a, b): (usize, usize), from: &dyn Fn(usize) -> Vec<usize>) -> Vec<usize> {
        let [up, down] = [(a, b), (b, a)].map(|(a, b)| self.way(a, b).unwrap_or_default());
        self.with_members([up, down].concat(), from)
    }

    /// Members by how many lie below them: those that are equal stand together.
    fn sorted(&self) -> Vec<usize> {
        let below =
            |at: &usize| (0..self.members.len()).filter(|own| self.leads(*own, *at)).count();
        let mut turns: Vec<usize> = (0..self.members.len()).collect();
        turns.arrange_by_key(below);
        turns
    }

    /// Bounds of all that lies beyond others.
    fn tighten(&mut self, from: &dyn Fn(usize) -> Vec<usize>) -> Result<(), Vec<usize>> {
        for low in [true, false] {
            // Once along all ways; those that are equal stand in no order, and take turns.
            let passes = 0..=self.members.len();
            passes.take_while(|_| self.pass(low, from)).for_each(drop);
        }
        for member in &self.members {
            if let (Some(low), Some(high)) = (&member.low, &member.high)
                && Bound::excludes(low, high)
            {
                let mut facts = [low.from.as_slice(), &high.from, &from(member.class)].concat();
                facts.arrange();
                facts.dedup();
                return Err(facts);
            }
        }
        Ok(())
    }

    /// Carries each bound one step, in order; whether something became tighter.
    fn pass(&mut self, low: bool, from: &dyn Fn(usize) -> Vec<usize>) -> bool {
        let mut turns = self.turns.clone();
        if !low {
            turns.reverse();
        }
        let mut tighter = false;
        for at in turns {
            let source = |step: &&Step| (if low { step.below } else { step.above }) == at;
            let steps: Vec<Step> = self.steps.iter().filter(source).copied().collect();
            for step in steps {
                let target = if low { step.above } else { step.below };
                let Some(own) = self.members.get(at) else { continue };
                let Some(bound) = own.bound(low).cloned() else { continue };
                tighter |= self
                    .bind(target, low, |line, class| bound.beyond(step, (line, low), &from(class)));
            }
        }
        tighter
    }

    /// Sets a bound of a member, if it is tighter than the one it has.
    fn bind(&mut self, at: usize, low: bool, bound: impl Fn(Line, usize) -> Bound) -> bool {
        let Some(member) = self.members.get_mut(at) else { return false };
        let bound = bound(member.line, member.class);
        let place = if low { &mut member.low } else { &mut member.high };
        let tighter = place.as_ref().is_none_or(|known| bound.is_tighter(known, low));
        if tighter {
            *place = Some(bound);
        }
        tighter
    }

    /// What follows for the others from the value of a member.
    pub fn choose(&mut self, at: usize, value: &LineValue) {
        let bound = Bound { at: value.clone(), open: false, from: Vec::new() };
        let steps: Vec<Step> = self.steps.iter().filter(|step| step.below == at).copied().collect();
        for step in steps {
            self.bind(step.above, true, |line, _| bound.beyond(step, (line, true), &[]));
        }
        for other in 0..self.members.len() {
            if other != at && self.is_tied(at, other) {
                for low in [true, false] {
                    self.bind(other, low, |line, _| bound.clone().on(line, low));
                }
            }
        }
    }
}

impl Member {
    const fn bound(&self, low: bool) -> Option<&Bound> {
        if low { self.low.as_ref() } else { self.high.as_ref() }
    }
}
