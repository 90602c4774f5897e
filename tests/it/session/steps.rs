//! What answers tell of the steps of a plan, beside a model that knows nothing of how it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use policyc::lang::decision::Effect;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Session, Work};
use proptest::prelude::*;
use serde_json::json;

use super::hand::{request, response};
use super::program;

/// A step: which of those before it it comes after, as bits, and how often it is taken.
type Step = (u8, Option<u8>);

/// Each step has a tool of its own; a call of it that is bad is denied.
fn policy(steps: &[Step], retries: u32) -> String {
    let mut tools = String::new();
    let mut plan = String::new();
    for (at, (after, times)) in steps.iter().enumerate() {
        let _ = writeln!(tools, "  t{at}: {{effect: none, args: {{bad: bool}}}}");
        let after: Vec<String> =
            (0..at).filter(|it| after >> it & 1 == 1).map(|it| format!("s{it}")).collect();
        let times = times.map_or(String::new(), |times| format!(", times: {times}"));
        let _ = writeln!(plan, "    s{at}: {{tool: t{at}, after: [{}]{times}}}", after.join(", "));
    }
    format!(
        "policyc: 1\ndefault: deny\ntools:\n{tools}rules:\n  - {{id: all, allow: a call}}\n  \
         - {{id: bad, when: args.bad, deny: bad, priority: -1}}\nplan:\n  id: p\n  steps:\n{plan}\
         on_deny:\n  default: {{respond: fail, retries: {retries}, disclose: rule_id}}\n"
    )
}

/// What is known of a step.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    begun: u32,
    done: u32,
    is_closed: bool,
}

struct Model {
    steps: Vec<Step>,
    retries: u32,
    seen: Vec<Seen>,
    /// By the rule and whether the call was the step.
    tries: BTreeMap<(bool, usize, bool), u32>,
    /// Calls that are not answered, and the steps that they are.
    open: BTreeMap<String, usize>,
}

impl Model {
    fn before(&self, step: usize) -> impl Iterator<Item = usize> {
        let after = self.steps[step].0;
        (0..step).filter(move |it| after >> it & 1 == 1)
    }

    fn may_begin(&self, step: usize) -> bool {
        let seen = self.seen[step];
        !seen.is_closed && self.steps[step].1.is_none_or(|times| seen.begun < u32::from(times))
    }

    fn is_open(&self, step: usize) -> bool {
        self.may_begin(step) && self.before(step).all(|it| self.seen[it].done > 0)
    }

    /// The steps that some way leads to: those that are done or under way, and then again and again
    /// those that may begin behind such as are reached.
    fn reached(&self) -> BTreeSet<usize> {
        let all = 0..self.steps.len();
        let mut reached: BTreeSet<usize> =
            all.clone().filter(|it| self.seen[*it].begun > 0).collect();
        loop {
            let more = |it: &usize| {
                self.may_begin(*it) && self.before(*it).all(|before| reached.contains(&before))
            };
            let next: BTreeSet<usize> = all.clone().filter(more).collect();
            let count = reached.len();
            reached.extend(next);
            if reached.len() == count {
                return reached;
            }
        }
    }

    /// Asks for a call: whether it is allowed.
    fn request(&mut self, call: &str, step: usize, bad: bool) -> bool {
        let is_step = self.is_open(step);
        if is_step && !bad {
            self.seen[step].begun += 1;
            self.open.insert(call.to_owned(), step);
            return true;
        }
        let tries = self.tries.entry((bad, step, is_step)).or_default();
        *tries += 1;
        if is_step && *tries > self.retries {
            self.seen[step].is_closed = true;
        }
        false
    }

    fn answer(&mut self, call: &str, failed: bool) {
        let Some(step) = self.open.remove(call) else { return };
        let seen = &mut self.seen[step];
        if failed {
            seen.begun -= 1;
        } else {
            seen.done += 1;
        }
    }
}

fn names(steps: impl Iterator<Item = usize>) -> BTreeSet<String> {
    steps.map(|step| format!("s{step}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// `open` names the steps that the next call may be, and `unreachable` those that no events to
    /// come make done.
    #[test]
    fn answers_tell_the_truth_about_steps(
        steps in prop::collection::vec((any::<u8>(), prop::option::of(1..3_u8)), 1..6),
        retries in 0..3_u32,
        acts in prop::collection::vec((0..8_u8, 0..5_usize, any::<prop::sample::Index>()), 1..40),
    ) {
        let program = program(&policy(&steps, retries));
        let ground = Ground::of(&program);
        let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
        let seen = vec![Seen::default(); steps.len()];
        let (tries, open) = (BTreeMap::new(), BTreeMap::new());
        let mut model = Model { steps, retries, seen, tries, open };
        for (at, (act, step, index)) in acts.into_iter().enumerate() {
            let (call, step) = (format!("c{at}"), step % model.steps.len());
            let waiting: Vec<String> = model.open.keys().cloned().collect();
            let (mut event, allowed) = match act {
                0..4 => {
                    let bad = act == 0;
                    let allowed = model.request(&call, step, bad);
                    (request(&call, &format!("t{step}"), json!({"bad": bad})), Some(allowed))
                }
                _ if waiting.is_empty() => continue,
                4 => {
                    let call = &waiting[index.index(waiting.len())];
                    model.answer(call, true);
                    (json!({"ev": "response", "call": call, "error": "no"}), None)
                }
                _ => {
                    let call = &waiting[index.index(waiting.len())];
                    model.answer(call, false);
                    (response(call, json!("done")), None)
                }
            };
            (event["seq"], event["ts"]) = (json!(at + 1), json!("2026-01-01T00:00:00Z"));
            let outcome = session.line(event.to_string().as_bytes(), &mut work);
            let effect = allowed.map(|it| if it { Effect::Allow } else { Effect::Deny });
            prop_assert_eq!(outcome.effect(), effect, "{}", event);
            let Some(answer) = outcome.answer() else { continue };
            let all = 0..model.steps.len();
            let open = names(all.clone().filter(|step| model.is_open(*step)));
            prop_assert_eq!(answer.open.into_iter().collect::<BTreeSet<_>>(), open, "{}", event);
            let reached = model.reached();
            let lost = names(all.filter(|step| !reached.contains(step)));
            let told: BTreeSet<String> = answer.unreachable.into_iter().collect();
            prop_assert_eq!(told, lost, "{}", event);
        }
    }
}
