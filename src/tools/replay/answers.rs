//! Which answers of a session another bundle would give otherwise.
//!
//! In:      the bundle that recorded what its sessions answered, and one that is to go by that.
//! Out:     `Answers`: the places of answers that hang on what the two define differently; records
//!          without them; `Needs`: what a decision hangs on then.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`, `runtime::record`.
//! Source:  `docs/replay.md`, section "Diff".
//!
//! What a session answers hangs on labels, meters, limits, approvals and the plan of its bundle. Of
//! a bundle that defines one of them differently nobody knows what it would have answered without
//! folding the session anew: such an answer is unknown, as a value is that a record withholds. What
//! is defined alike is found by comparing definitions; where they only look different the answer is
//! unknown as well.

use std::collections::BTreeSet;

use crate::base::pointer;
use crate::lang::session::{CTX, PLAN, Question, ROOT};
use crate::runtime::bundle::govern::{Govern, LimitRow, StorePart, ToolRow, WindowRow};
use crate::runtime::bundle::module::{Module, NONE, RuleRow, Step, Str};
use crate::runtime::program::Program;
use crate::runtime::program::withheld::{RedactionClass, RedactionRule, RedactionRules};
use crate::runtime::record::read::{Input, Record};
use crate::runtime::record::redact::Redactor;
use crate::tools::replay::form::Forms;
use crate::tools::replay::redecide::Obstacle;

/// The answers that another bundle may give otherwise.
#[derive(Debug, Default)]
pub struct Answers {
    rules: RedactionRules,
    /// Whether calls may be tried more often, or less: who asks too often is denied.
    pub(super) retries: bool,
}

/// What that is called where a decision hangs on it.
pub(super) const RETRIES: &str = "retries";

impl Answers {
    /// Those of `to`, where sessions of `from` were recorded.
    #[must_use]
    pub fn between(from: &Program, to: &Program) -> Self {
        if from.digest() == to.digest() {
            return Self::default();
        }
        let (mut was, mut is) = (Definitions::of(from), Definitions::of(to));
        let mut paths: Vec<(String, RedactionClass)> = Vec::new();
        let mut others = |question: &str, class: RedactionClass| {
            paths.push((format!("/{ROOT}/{question}"), class));
        };
        if was.labels() != is.labels() {
            others(CTX, RedactionClass::Drop);
            others(Question::Label.word(), RedactionClass::Drop);
            others(Question::Labels.word(), RedactionClass::Drop);
            others(Question::Audience.word(), RedactionClass::Drop);
            others(Question::Readable.word(), RedactionClass::Drop);
        }
        if was.origins() != is.origins() {
            others(Question::From.word(), RedactionClass::Drop);
            others(Question::Origin.word(), RedactionClass::Drop);
            others(Question::Kind.word(), RedactionClass::Drop);
        }
        if was.plan() != is.plan() {
            others(PLAN, RedactionClass::Drop);
            others(Question::Via.word(), RedactionClass::Drop);
            others(Question::Done.word(), RedactionClass::Drop);
        }
        for question in [Question::Count, Question::Sum] {
            for (name, form) in is.meters() {
                if !was.meters().contains(&(name.clone(), form)) {
                    others(
                        &format!("{}/{}", question.word(), pointer::token(&name)),
                        RedactionClass::Drop,
                    );
                }
            }
        }
        for (name, form) in is.limits() {
            if !was.limits().contains(&(name.clone(), form)) {
                others(
                    &format!("{}/{}", Question::Over.word(), pointer::token(&name)),
                    RedactionClass::Drop,
                );
            }
        }
        for (rule, form) in is.approvals() {
            if !was.approvals().contains(&(rule.clone(), form)) {
                // That it was not granted is no answer either.
                let at = format!("{}/{}", Question::Approved.word(), pointer::token(&rule));
                others(&at, RedactionClass::Hide);
            }
        }
        let rules =
            paths.into_iter().filter_map(|(path, class)| RedactionRule::of(&path, class, true));
        Self { rules: RedactionRules::new(rules.collect()), retries: was.retries() != is.retries() }
    }

    /// A record of a session without those answers. `memory` holds its context then.
    ///
    /// # Errors
    /// If the context is no JSON, so that nobody knows where they stand.
    pub fn without<'r>(
        &self,
        record: &Record<'r>,
        memory: &'r mut Vec<u8>,
    ) -> Result<Record<'r>, Obstacle> {
        if self.rules.is_empty() || record.event.is_none() {
            return Ok(*record);
        }
        let Input::Context(context, at) = record.input else { return Err(Obstacle::Asks) };
        memory.clear();
        let open = Redactor::default().redact(&self.rules, context, None, memory);
        open.map_err(|_| Obstacle::Asks)?;
        Ok(Record { input: Input::Context(memory, at), ..*record })
    }
}

/// What an answer at a path is about, as documents call it; nothing for any other path.
fn subject(path: &str) -> Option<String> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut keys = path.strip_prefix(ROOT)?.strip_prefix(['/', '.'])?.splitn(2, ['/', '.']);
    let (question, about) = (keys.next()?, keys.next().unwrap_or_default());
    let about = pointer::key(about);
    Some(match Question::of(question) {
        Some(Question::Count | Question::Sum) => format!("meter `{about}`"),
        Some(Question::Over) => format!("limit `{about}`"),
        Some(Question::Approved) => format!("approvals of `{about}`"),
        Some(Question::Via | Question::Done) => "the plan".to_owned(),
        Some(Question::From | Question::Origin | Question::Kind) => "origins".to_owned(),
        None if question == PLAN => "the plan".to_owned(),
        // What the model has read, too.
        Some(Question::Label | Question::Labels | Question::Audience | Question::Readable)
        | None => "labels".to_owned(),
    })
}

/// What a bundle defines, in a form that is the same for the same definitions.
struct Definitions<'p> {
    module: &'p Module,
    govern: &'p Govern,
    forms: Forms<'p>,
}

impl<'p> Definitions<'p> {
    fn of(program: &'p Program) -> Self {
        let module = program.module();
        Self { module, govern: &module.govern, forms: Forms::of(module) }
    }

    fn text(&self, at: Str) -> &'p str {
        self.module.strings.get(at as usize).unwrap_or_default()
    }

    fn texts(&self, all: &[Str]) -> Vec<&'p str> {
        all.iter().map(|at| self.text(*at)).collect()
    }

    fn path(&self, path: &[Step]) -> Vec<Option<&'p str>> {
        let key = |step: &Step| match step {
            Step::Key(key) => Some(self.text(*key)),
            Step::Any => None,
            // No document spells such a key.
            Step::Names => Some("\0names"),
        };
        path.iter().map(key).collect()
    }

    /// What a term comes to.
    fn term(&mut self, number: u16) -> Option<[u8; 32]> {
        let row = self.govern.terms.get(usize::from(number)).filter(|_| number != NONE)?;
        Some(self.forms.function(row.function))
    }

    /// Names of labels.
    fn named(&self, labels: &[u16]) -> Vec<&'p str> {
        let row = |at: &u16| self.govern.labels.get(usize::from(*at));
        labels.iter().filter_map(row).map(|row| self.text(row.name)).collect()
    }

    /// What values carry.
    fn labels(&mut self) -> String {
        let mut all: Vec<String> = Vec::new();
        for row in &self.govern.labels {
            all.push(format!("{:?}", (self.text(row.name), self.named(&row.implies))));
        }
        for row in &self.govern.tools {
            for field in &row.outputs {
                let (when, audience) = (self.term(field.when), self.term(field.audience));
                let carries = (self.named(&field.labels), field.inherit, when, audience);
                all.push(format!("{:?}", (self.text(row.name), self.path(&field.path), carries)));
            }
            let parts = self.stores(row);
            if !parts.is_empty() {
                all.push(format!("{:?}", (self.text(row.name), parts, row.writes)));
            }
        }
        for row in &self.govern.sanitizers {
            let requires = self.term(row.requires);
            let what = (self.text(row.name), self.text(row.tool), self.texts(&row.arg));
            let how = (self.named(&row.removes), self.named(&row.adds), requires, row.typed);
            all.push(format!("{:?}", (what, how)));
        }
        for row in &self.govern.declassify {
            let what = (self.text(row.id), self.text(row.tool), self.path(&row.path));
            let how = (self.named(&row.removes), self.named(&row.adds), self.texts(&row.by));
            all.push(format!("{:?}", (what, how)));
        }
        all.join("\n")
    }

    /// What tools are declared, and what of their outputs comes from elsewhere.
    fn origins(&self) -> String {
        let mut all: Vec<String> = Vec::new();
        for row in &self.govern.tools {
            let inherits = row.outputs.iter().filter(|field| field.inherit);
            let inherits: Vec<_> = inherits.map(|field| self.path(&field.path)).collect();
            let args = row.args.as_ref().map(|args| {
                args.iter().map(|it| (self.text(it.name), it.words())).collect::<Vec<_>>()
            });
            let stores = self.stores(row);
            all.push(format!("{:?}", (self.text(row.name), args, inherits, stores, row.writes)));
        }
        all.sort_unstable();
        all.join("\n")
    }

    /// Where a tool keeps what it is given.
    fn stores(&self, row: &ToolRow) -> Vec<(u8, &'p str)> {
        let part = |part: &StorePart| match part {
            StorePart::Text(name) => (0, self.text(*name)),
            StorePart::Member(name) => (1, self.text(*name)),
            StorePart::Argument(name) => (2, self.text(*name)),
        };
        row.store.iter().map(part).collect()
    }

    /// How often calls may be tried.
    fn retries(&self) -> Vec<(Vec<&'p str>, Option<u32>)> {
        let rows = self.govern.denials.iter();
        rows.map(|row| (self.texts(&row.rules), row.retries)).collect()
    }

    /// The plan, and how it goes on where a call is denied.
    fn plan(&mut self) -> String {
        let Some(plan) = &self.govern.plan else { return String::new() };
        let mut all: Vec<String> = Vec::new();
        for (name, ty) in &plan.params {
            all.push(format!("{:?}", (self.text(*name), ty)));
        }
        for step in &plan.steps {
            let term = self.term(step.term);
            let what = (self.text(step.name), self.text(step.tool), &step.after);
            all.push(format!("{:?}", (what, step.times, step.weight, term)));
        }
        let [reads, readers, others] =
            [&plan.reads, &plan.readers, &plan.others].map(|names| self.texts(names));
        all.push(format!("{:?}", (reads, plan.budget, readers, others)));
        for row in &self.govern.denials {
            let back = row.backtrack.as_ref().map(|back| {
                let steps = back.undone.iter();
                let undone: Vec<(u16, Option<&str>)> =
                    steps.map(|(step, tool)| (*step, tool.map(|tool| self.text(tool)))).collect();
                (undone, back.max, back.otherwise)
            });
            all.push(format!("{:?}", (self.texts(&row.rules), row.respond, row.retries, back)));
        }
        all.join("\n")
    }

    /// Meters by name.
    fn meters(&mut self) -> Vec<(String, String)> {
        let govern = self.govern;
        let mut all = Vec::new();
        for row in &govern.meters {
            let (key, amount) = (self.term(row.key), self.term(row.amount));
            let window = match &row.window {
                WindowRow::Calendar(period, zone) => format!("{period:?} {}", self.text(*zone)),
                window @ (WindowRow::Session | WindowRow::Sliding(..) | WindowRow::Bucket(..)) => {
                    format!("{window:?}")
                }
            };
            let on = self.texts(&row.on);
            let form = format!("{:?}", (on, key, amount, row.count, window, row.keys_max));
            all.push((self.text(row.name).to_owned(), form));
        }
        all
    }

    /// Limits by id.
    fn limits(&mut self) -> Vec<(String, String)> {
        let meters = self.meters();
        let limit = |row: &LimitRow| {
            let meter = meters.get(usize::from(row.meter));
            let form = format!("{} of {meter:?}", row.max);
            (self.text(row.id).to_owned(), form)
        };
        self.govern.limits.iter().map(limit).collect()
    }

    /// What escalations of rules ask, by their ids.
    fn approvals(&self) -> Vec<(String, String)> {
        let rule = |rule: &RuleRow| {
            let outcome = self.module.outcomes.get(usize::from(rule.first_outcome))?;
            let row = self.module.escalations.get(usize::from(outcome.escalation))?;
            let who = (self.texts(&row.to), row.quorum, self.texts(&row.binds));
            let until = (row.timeout_ns, row.suspend, row.valid_for_ns, row.uses, row.fatigue);
            Some((self.text(rule.id).to_owned(), format!("{:?}", (who, until))))
        };
        self.module.rules.iter().filter_map(rule).collect()
    }
}

/// What a decision hangs on that is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// What of a session, as documents call it.
    pub session: BTreeSet<String>,
    /// The paths of what the record withholds.
    pub withheld: BTreeSet<String>,
}

impl Needs {
    /// What paths of unknown values stand for.
    #[must_use]
    pub fn of(paths: &[String]) -> Self {
        let mut needs = Self::default();
        for path in paths {
            match subject(path) {
                Some(subject) => needs.session.insert(subject),
                None => needs.withheld.insert(path.clone()),
            };
        }
        needs
    }

    /// Paths that a record withholds, whatever they are about.
    #[must_use]
    pub fn withheld(paths: &[String]) -> Self {
        Self { withheld: paths.iter().cloned().collect(), ..Self::default() }
    }

    /// Adds what another decision hangs on.
    pub fn add(&mut self, other: Self) {
        self.session.extend(other.session);
        self.withheld.extend(other.withheld);
    }
}
