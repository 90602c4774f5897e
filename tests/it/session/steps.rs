//! What answers tell of the steps of a plan, beside a model that knows nothing of how it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use policyc::lang::decision::Effect;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Session, Work};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

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

/// A plan, in which the steps of some tools are missing.
struct Known {
    steps: Vec<Option<Step>>,
    seen: Vec<Seen>,
}

impl Known {
    fn of(steps: Vec<Option<Step>>) -> Self {
        let seen = vec![Seen::default(); steps.len()];
        Self { steps, seen }
    }

    fn before(&self, step: usize) -> impl Iterator<Item = usize> {
        let after = self.steps[step].map_or(0, |it| it.0);
        (0..step).filter(move |it| after >> it & 1 == 1 && self.steps[*it].is_some())
    }

    fn may_begin(&self, step: usize) -> bool {
        let Some((_, times)) = self.steps[step] else { return false };
        let seen = self.seen[step];
        !seen.is_closed && times.is_none_or(|times| seen.begun < u32::from(times))
    }

    fn is_open(&self, step: usize) -> bool {
        self.may_begin(step) && self.before(step).all(|it| self.seen[it].done > 0)
    }

    /// As the event `plan` has it.
    fn json(&self) -> Json {
        let steps = (0..self.steps.len()).filter_map(|at| {
            let (_, times) = self.steps[at]?;
            let after: Vec<String> = self.before(at).map(|it| format!("s{it}")).collect();
            let mut step = json!({"tool": format!("t{at}"), "after": after});
            if let Some(times) = times {
                step["times"] = json!(times);
            }
            Some((format!("s{at}"), step))
        });
        let steps: serde_json::Map<String, Json> = steps.collect();
        json!({"ev": "plan", "plan": {"steps": steps}})
    }
}

/// The plan of the policy, and those that came.
struct Model {
    plans: Vec<Known>,
    retries: u32,
    /// By the rule and whether the call was the step.
    tries: BTreeMap<(bool, usize, bool), u32>,
    /// Calls that are not answered, the steps that they are, and of how many plans.
    open: BTreeMap<String, (usize, usize)>,
}

impl Model {
    fn is_open(&self, step: usize) -> bool {
        self.plans.iter().all(|plan| plan.is_open(step))
    }

    /// The steps of the policy that some calls lead to: call after call is made of those that every
    /// plan knows by then.
    fn reached(&self) -> BTreeSet<usize> {
        let count = self.plans[0].steps.len();
        let begun = |plan: &Known| -> BTreeSet<usize> {
            (0..count).filter(|it| plan.seen[*it].begun > 0).collect()
        };
        let mut reached: Vec<BTreeSet<usize>> = self.plans.iter().map(begun).collect();
        loop {
            let next = (0..count).find(|step| {
                let known = self.plans.iter().zip(&reached).all(|(plan, reached)| {
                    plan.may_begin(*step) && plan.before(*step).all(|it| reached.contains(&it))
                });
                known && reached.iter().any(|reached| !reached.contains(step))
            });
            let Some(step) = next else { return reached.swap_remove(0) };
            reached.iter_mut().for_each(|reached| {
                reached.insert(step);
            });
        }
    }

    /// Asks for a call: whether it is allowed.
    fn request(&mut self, call: &str, step: usize, bad: bool) -> bool {
        let is_step = self.plans[0].is_open(step);
        if self.is_open(step) && !bad {
            self.plans.iter_mut().for_each(|plan| plan.seen[step].begun += 1);
            self.open.insert(call.to_owned(), (step, self.plans.len()));
            return true;
        }
        let tries = self.tries.entry((bad, step, is_step)).or_default();
        *tries += 1;
        if is_step && *tries > self.retries {
            self.plans[0].seen[step].is_closed = true;
        }
        false
    }

    fn answer(&mut self, call: &str, failed: bool) {
        let Some((step, plans)) = self.open.remove(call) else { return };
        for plan in self.plans.iter_mut().take(plans) {
            let seen = &mut plan.seen[step];
            if failed {
                seen.begun -= 1;
            } else {
                seen.done += 1;
            }
        }
    }
}

fn names(steps: impl Iterator<Item = usize>) -> BTreeSet<String> {
    steps.map(|step| format!("s{step}")).collect()
}

fn step() -> impl Strategy<Value = Step> {
    (any::<u8>(), prop::option::of(1..3_u8))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    /// `open` names the steps that the next call may be, and `unreachable` those that no calls to
    /// come lead to.
    #[test]
    fn answers_tell_the_truth_about_steps(
        steps in prop::collection::vec((step(), prop::option::weighted(0.8, step())), 1..6),
        comes in 0..60_usize,
        retries in 0..3_u32,
        acts in prop::collection::vec((0..8_u8, 0..5_usize, any::<prop::sample::Index>()), 1..40),
    ) {
        let (steps, later): (Vec<Step>, Vec<Option<Step>>) = steps.into_iter().unzip();
        let program = program(&policy(&steps, retries));
        let ground = Ground::of(&program);
        let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
        let own = Known::of(steps.iter().copied().map(Some).collect());
        let (tries, open) = (BTreeMap::new(), BTreeMap::new());
        let mut model = Model { plans: vec![own], retries, tries, open };
        let mut later = Some(Known::of(later));
        for (at, (act, step, index)) in acts.into_iter().enumerate() {
            let (call, step) = (format!("c{at}"), step % steps.len());
            let waiting: Vec<String> = model.open.keys().cloned().collect();
            let arrives = if at == comes { later.take() } else { None };
            let (mut event, allowed) = match (act, arrives) {
                (_, Some(plan)) => {
                    let event = plan.json();
                    model.plans.push(plan);
                    (event, None)
                }
                (0..4, None) => {
                    let bad = act == 0;
                    let allowed = model.request(&call, step, bad);
                    (request(&call, &format!("t{step}"), json!({"bad": bad})), Some(allowed))
                }
                (_, None) if waiting.is_empty() => continue,
                (4, None) => {
                    let call = &waiting[index.index(waiting.len())];
                    model.answer(call, true);
                    (json!({"ev": "response", "call": call, "error": "no"}), None)
                }
                (_, None) => {
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
            let all = 0..steps.len();
            let open = names(all.clone().filter(|step| model.is_open(*step)));
            prop_assert_eq!(answer.open.into_iter().collect::<BTreeSet<_>>(), open, "{}", event);
            let reached = model.reached();
            let lost = names(all.filter(|step| !reached.contains(step)));
            let told: BTreeSet<String> = answer.unreachable.into_iter().collect();
            prop_assert_eq!(told, lost, "{}", event);
        }
    }
}
