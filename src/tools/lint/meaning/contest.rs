//! Rules against each other: whether a rule ever decides, and if not, which ones win.
//!
//! In:      a rule.
//! Out:     `Contest`.
//! Imports: `compiler::solve`, `compiler::syntax`, `lang`, `runtime::bundle`.
//!
//! An input on which the rule fires is decided. If another rule wins, each of those that fired may
//! be one that always does, if it asks for nothing that the rule does not ask for: then that is
//! asked. So most rules take one input, and no two are compared that never meet. Of small projects
//! it is also asked whether several rules together leave nothing to one.

use std::rc::Rc;

use crate::compiler::solve::formula::Lit;
use crate::compiler::solve::query::Answer;
use crate::compiler::solve::rules::RuleMeaning;
use crate::compiler::syntax::document::model::RuleBody;
use crate::lang::decision::Effect;
use crate::runtime::bundle::module::{FunctionKind, RuleRow, failure_effect};
use crate::tools::lint::meaning::world::World;

/// How a rule fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contest {
    /// It decides some input, which was tried.
    Decides,
    /// It fires on no input: proved.
    Never,
    /// Whenever it fires one of these wins, and its failures decide nothing: proved. None can be
    /// left out.
    Beaten {
        /// By number.
        by: Vec<u16>,
        /// Whether it is one, and fires on exactly the same inputs.
        same: bool,
    },
    /// It is not known.
    Open,
}

/// Most rules that together win.
const WINNERS_MAX: usize = 4;
/// Most rules of a project in which that is asked.
const TOGETHER_MAX: usize = 256;

/// What came of an input on which a rule fires.
#[derive(Debug)]
enum FiringResult {
    /// There is none: proved.
    None,
    /// Who won, and who fired.
    Some { winner: Option<u16>, fired: Vec<u16> },
}

impl World<'_> {
    /// How a rule fares against all others.
    pub fn contest(&mut self, rule: u16) -> Rc<Contest> {
        if let Some((known, contest)) = &self.contest
            && *known == rule
        {
            return contest.clone();
        }
        let found = Rc::new(self.fought(rule).unwrap_or(Contest::Open));
        self.contest = Some((rule, found.clone()));
        found
    }

    /// The effect of a rule that has one alone, and whose failure is not its only voice.
    #[must_use]
    pub fn effect(&self, rule: u16) -> Option<Effect> {
        let module = self.ground.subject.program.module();
        let row = module.rules.get(usize::from(rule))?;
        let kind = module.functions.get(usize::from(row.function)).map(|it| it.kind);
        let single = row.outcomes == 1 && kind != Some(FunctionKind::Decision);
        let outcome = module.outcomes.get(usize::from(row.first_outcome))?;
        single.then_some(outcome.effect)
    }

    fn row(&self, rule: u16) -> Option<&RuleRow> {
        self.ground.subject.program.module().rules.get(usize::from(rule))
    }

    fn fought(&mut self, rule: u16) -> Option<Contest> {
        let effect = self.effect(rule)?;
        let own = self.rule(rule).filter(|own| !own.shadow)?;
        let domain = self.domain(Some(rule));
        let fires = self.store.formulas.any(own.fires.iter().copied());
        let left = self.store.formulas.and(domain, fires);
        let (winner, mut others) = match self.meets(rule, left)? {
            FiringResult::None => return Some(Contest::Never),
            FiringResult::Some { winner, .. } if winner == Some(rule) => {
                return Some(Contest::Decides);
            }
            FiringResult::Some { winner, fired } => (winner, fired),
        };
        others.extend(winner);
        others.dedup();
        others.retain(|other| self.may_cover((rule, effect), *other));
        while let Some(other) = others.pop() {
            let apart = self.unbeaten((rule, effect), other)?;
            let apart = self.store.formulas.and(left, apart);
            match self.meets(rule, apart) {
                Some(FiringResult::None) => return Some(self.beaten((rule, effect), vec![other])),
                Some(FiringResult::Some { winner, .. }) if winner == Some(rule) => {
                    return Some(Contest::Decides);
                }
                Some(FiringResult::Some { winner, fired }) => {
                    others.retain(|it| fired.contains(it) || winner == Some(*it));
                }
                None => {}
            }
        }
        let rules = self.ground.parts.module.rules.len();
        if rules > TOGETHER_MAX {
            return None;
        }
        self.against_all((rule, effect), left)
    }

    /// How a rule fares against several others together; `left` is where it fires.
    fn against_all(&mut self, rule: (u16, Effect), left: Lit) -> Option<Contest> {
        let (mut by, mut left): (Vec<u16>, Lit) = (Vec::new(), left);
        while by.len() <= WINNERS_MAX {
            match self.meets(rule.0, left)? {
                FiringResult::None => return Some(self.beaten(rule, by)),
                FiringResult::Some { winner: Some(winner), .. } if winner == rule.0 => {
                    return Some(Contest::Decides);
                }
                FiringResult::Some { winner: Some(winner), .. } if !by.contains(&winner) => {
                    let apart = self.unbeaten(rule, winner)?;
                    left = self.store.formulas.and(left, apart);
                    by.push(winner);
                }
                FiringResult::Some { .. } => return None,
            }
        }
        None
    }

    /// What comes of an input among `left` on which a rule fires; `None` where it is not known.
    fn meets(&mut self, rule: u16, left: Lit) -> Option<FiringResult> {
        let mut met = FiringResult::None;
        let phase = self.phase(Some(rule));
        let answer = self.find(left, phase, &mut |ran| {
            met = FiringResult::Some { winner: ran.winner, fired: ran.fired.clone() };
            ran.fired.contains(&rule)
        });
        match answer {
            Answer::Proved => Some(FiringResult::None),
            Answer::Found(_) => Some(met),
            Answer::Undecided(_) => None,
        }
    }

    /// Whether another rule may win wherever a rule fires: its effect is no weaker, and it asks for
    /// nothing else.
    fn may_cover(&self, (rule, effect): (u16, Effect), other: u16) -> bool {
        let stronger = self.effect(other).is_none_or(|theirs| {
            theirs > effect || theirs == effect && self.stands_before(other, rule)
        });
        if other == rule || !stronger {
            return false;
        }
        self.ground.reads.are_within(other, rule)
    }

    /// The inputs on which `other` does not win over a rule, among those that are not refused.
    fn unbeaten(&mut self, (rule, effect): (u16, Effect), other: u16) -> Option<Lit> {
        let meaning = self.rule(other)?;
        let mut wins = Lit::FALSE;
        if effect < Effect::Deny {
            wins = self.store.formulas.or(wins, meaning.says.deny);
        }
        if effect < Effect::Escalate {
            wins = self.store.formulas.or(wins, meaning.says.escalate);
        }
        if self.effect(other) == Some(effect) && self.stands_before(other, rule) {
            let fires = self.store.formulas.any(meaning.fires.iter().copied());
            wins = self.store.formulas.or(wins, fires);
        }
        Some(self.among_accepted(&meaning, !wins))
    }

    fn among_accepted(&mut self, rule: &RuleMeaning, holds: Lit) -> Lit {
        let f = &mut self.store.formulas;
        let accepted = f.or(!rule.asked, rule.needs);
        f.and(accepted, holds)
    }

    fn stands_before(&self, other: u16, rule: u16) -> bool {
        let place = |at: u16| self.row(at).map(|row| (row.priority, at));
        place(other) < place(rule)
    }

    /// A rule that never decides, with as few as possible of those that win.
    fn beaten(&mut self, (rule, effect): (u16, Effect), by: Vec<u16>) -> Contest {
        let mut by = by;
        let mut at = 0;
        while at < by.len() && by.len() > 1 {
            let without = by.iter().enumerate().filter(|(own, _)| *own != at).map(|(_, it)| *it);
            let without: Vec<u16> = without.collect();
            if self.is_beaten((rule, effect), &without) {
                by = without;
            } else {
                at += 1;
            }
        }
        if !self.fails_unheard((rule, effect), &by) {
            return Contest::Open;
        }
        let same = match by.as_slice() {
            [other] => self.fires_within(*other, rule),
            _ => false,
        };
        Contest::Beaten { by, same }
    }

    /// Whether the failures of a rule decide nothing either: wherever it fails, one of `by` says
    /// something stronger, or the same before it.
    fn fails_unheard(&mut self, (rule, effect): (u16, Effect), by: &[u16]) -> bool {
        let on_error = self.ground.subject.program.module().manifest.on_error.effect;
        let of = |effect| failure_effect(Some(FunctionKind::Condition), effect, on_error);
        let (Some(said), Some(own)) = (of(Some(effect)), self.rule(rule)) else { return true };
        let domain = self.domain(Some(rule));
        let mut left = self.store.formulas.and(domain, own.fails);
        for other in by {
            let Some(meaning) = self.rule(*other) else { return false };
            let theirs = self.effect(*other);
            // Of those that say the same, who fires comes before who fails.
            let mut wins = if said == Effect::Escalate { meaning.says.deny } else { Lit::FALSE };
            if theirs == Some(said) {
                let fires = self.store.formulas.any(meaning.fires.iter().copied());
                wins = self.store.formulas.or(wins, fires);
            }
            if of(theirs) == Some(said) && theirs.is_some() && self.stands_before(*other, rule) {
                wins = self.store.formulas.or(wins, meaning.fails);
            }
            let apart = self.among_accepted(&meaning, !wins);
            left = self.store.formulas.and(left, apart);
        }
        self.never(left)
    }

    fn is_beaten(&mut self, rule: (u16, Effect), by: &[u16]) -> bool {
        let Some(own) = self.rule(rule.0) else { return false };
        let domain = self.domain(Some(rule.0));
        let fires = self.store.formulas.any(own.fires.iter().copied());
        let mut left = self.store.formulas.and(domain, fires);
        for other in by {
            let Some(apart) = self.unbeaten(rule, *other) else { return false };
            left = self.store.formulas.and(left, apart);
        }
        self.never(left)
    }

    /// Whether `inner` fires only where `outer` does.
    fn fires_within(&mut self, inner: u16, outer: u16) -> bool {
        let (Some(own), Some(other)) = (self.rule(inner), self.rule(outer)) else { return false };
        let domain = self.domain(Some(inner));
        let f = &mut self.store.formulas;
        let fires = f.any(own.fires.iter().copied());
        let not = !f.any(other.fires.iter().copied());
        let left = f.all([domain, fires, not]);
        let left = self.among_accepted(&other, left);
        self.never(left)
    }

    /// Whether a rule has a condition that always holds.
    pub fn is_always(&mut self, rule: u16) -> bool {
        let written = self.ground.rules.get(usize::from(rule)).copied().flatten();
        let condition = written.and_then(|own| match &own.rule.body {
            RuleBody::When { condition, .. } => *condition,
            RuleBody::Decision(_) => None,
        });
        let (Some(_), Some(own)) = (condition, self.rule(rule)) else { return false };
        let domain = self.domain(Some(rule));
        let f = &mut self.store.formulas;
        let not = !f.any(own.fires.iter().copied());
        let left = f.and(domain, not);
        self.never(left)
    }
}
