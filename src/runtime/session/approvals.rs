//! Approvals: what was asked of people, who agreed, and what that still allows.
//!
//! In:      calls that were escalated, what approvers say, the time of the session.
//! Out:     which escalations are granted for a call.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`.
//! Source:  `docs/sessions.md`, "Approvals".
//!
//! An approval is for what was asked and for nothing else: a call by a digest of the bundle, the
//! rule, the principal and what the escalation binds; and a question by that and the state of the
//! session when it was asked, so that no approval counts twice, later or elsewhere.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sha2::{Digest as _, Sha256};

use crate::base::arrange::Arrange as _;
use crate::base::invisible::invisible;
use crate::base::limits::{GRANT_SECONDS, SESSION_ASKS_MAX};
use crate::lang::session::REPLACE;
use crate::runtime::bundle::module::EscalationRow;
use crate::runtime::program::reads::Read;
use crate::runtime::session::ENTRY_BYTES;
use crate::runtime::session::event::Verdict;
use crate::runtime::session::json::{Leaf, TreeItem, members, string, walk};
use crate::runtime::session::request::Root;
use crate::runtime::session::text::push_short;

const NANOSECONDS: i64 = 1_000_000_000;
/// What the time takes at which something was asked.
const TIME_BYTES: usize = size_of::<i128>();
/// What the last question about a call takes beside itself.
const LAST_BYTES: usize = ENTRY_BYTES + size_of::<[[u8; 32]; 2]>();
/// What an approval is bound to where its escalation does not say it.
const BINDS: [&str; 2] = ["tool", "args"];
/// What an entry begins with that names a role.
const ROLE: &str = "role:";
/// A sign that `invisible` leaves to emoji: names have none.
const EMOJI: char = '\u{FE0F}';

/// A rule whose escalation somebody may grant.
#[derive(Debug)]
pub(super) struct Approvable<'p> {
    pub(super) rule: &'p str,
    pub(super) row: &'p EscalationRow,
    /// Who may approve.
    pub(super) to: Vec<&'p str>,
    /// What an approval is bound to.
    pub(super) binds: Vec<&'p str>,
    /// What the rule reads of the context beside the call and what the session answers.
    reads: Vec<Read<'p>>,
}

/// A question to approvers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    /// What it is about: what `Approvable::digest` says of the call.
    about: [u8; 32],
    /// The rule, as a number of `Ground::approvals`.
    pub(super) rule: usize,
    /// Who asked: the id of the principal.
    asker: Option<Box<str>>,
    since: i128,
    by: BTreeSet<Box<str>>,
    stage: AskStage,
}

impl Ask {
    /// What it takes.
    fn bytes(&self) -> usize {
        let by = self.by.iter().map(|by| ENTRY_BYTES + by.len());
        ENTRY_BYTES
            + size_of::<([u8; 32], Self)>()
            + LAST_BYTES
            + self.asker.as_ref().map_or(0, |asker| asker.len())
            + by.sum::<usize>()
    }

    fn lives(&self, all: &[Approvable<'_>], now: i128) -> bool {
        let Some(of) = all.get(self.rule) else { return false };
        match self.stage {
            AskStage::Waiting => !of.is_late(self, now),
            AskStage::Granted(since, left) => left > 0 && !of.is_over(since, now),
            AskStage::Refused => true,
        }
    }
}

/// How far a question has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AskStage {
    Waiting,
    /// Since when, and for how many calls.
    Granted(i128, u32),
    Refused,
}

/// All questions of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OpenQuestions {
    /// By what an approval is to name.
    all: BTreeMap<[u8; 32], Ask>,
    /// The last one about a call.
    last: BTreeMap<[u8; 32], [u8; 32]>,
    /// When rules that say how often they ask have asked: the last time last.
    times: BTreeMap<usize, VecDeque<i128>>,
    /// Bytes of the questions.
    held: usize,
}

/// How a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuestionStatus {
    /// So many of so many have agreed.
    Waiting(u32, u32),
    /// The call may be made.
    Granted,
    /// It may not.
    Refused,
}

/// What is asked about a call that was escalated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking<'p> {
    /// What an approval is to name.
    pub digest: [u8; 32],
    /// Who may approve.
    pub to: Vec<&'p str>,
    /// How it stands.
    pub standing: QuestionStatus,
}

/// Why what somebody says about a question changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoredApproval {
    /// Nobody asked in this session.
    NotAsked,
    /// The session holds as much as it may.
    Full,
    /// It comes too late.
    LateAnswer,
    /// It was answered.
    Answered,
    /// Who says so may not say it.
    NotTheirs,
}

impl<'p> Approvable<'p> {
    pub(super) fn of(
        rule: &'p str,
        row: &'p EscalationRow,
        (to, binds): (Vec<&'p str>, Vec<&'p str>),
        reads: Vec<Read<'p>>,
    ) -> Self {
        let known = !binds.is_empty() && binds.iter().all(|name| BINDS.contains(name));
        let binds = if known { binds } else { BINDS.to_vec() };
        Self { rule, row, to, binds, reads }
    }

    /// The calls that an approval of this one would allow. What the rule has read of other roots
    /// is what the approver has agreed to, too: `roots` has them, the first of a name first.
    pub(super) fn digest(
        &self,
        program: &[u8; 32],
        call: &Called<'_>,
        roots: &[Root<'_>],
    ) -> [u8; 32] {
        let called = call.under((program, self.rule), &self.binds);
        if self.reads.is_empty() {
            return called;
        }
        let mut hash = Sha256::new_with_prefix(b"policyc.approval.read.v1\0");
        hash.update(called);
        for Read { keys, is_value } in &self.reads {
            let found = found(keys, roots);
            hash.update([u8::from(found.is_some())]);
            let value = match found {
                Some(value) if *is_value => canonical(value).unwrap_or_else(|| value.into()),
                Some(value) => vec![u8::from(value.starts_with('{'))],
                None => continue,
            };
            hash.update((value.len() as u64).to_le_bytes());
            hash.update(value);
        }
        hash.finalize().into()
    }

    fn is_late(&self, ask: &Ask, now: i128) -> bool {
        let waits = self.row.timeout_ns.filter(|_| !self.row.suspend);
        waits.is_some_and(|waits| now >= ask.since + i128::from(waits))
    }

    fn is_over(&self, since: i128, now: i128) -> bool {
        let unsaid = GRANT_SECONDS * NANOSECONDS;
        now >= since + i128::from(self.row.valid_for_ns.unwrap_or(unsaid))
    }
}

/// The value at a place of the context, if it is there.
fn found<'r>(keys: &[&str], roots: &[Root<'r>]) -> Option<&'r str> {
    let (root, keys) = keys.split_first()?;
    let (_, value) = roots.iter().find(|(name, _)| name == root)?;
    keys.iter().try_fold(*value, |value, key| {
        let found = members(value).ok()?.into_iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value)
    })
}

/// What an approval is to name: what is asked about, and the digest of the session's state then.
pub(super) fn question(about: &[u8; 32], state: &[u8; 32]) -> [u8; 32] {
    let hash = Sha256::new_with_prefix(b"policyc.question.v1\0");
    hash.chain_update(about).chain_update(state).finalize().into()
}

/// Whether two names may be of one person: however they are spelled, without what nobody sees in
/// them, and with their kind, as `user` in `user:mona`, or without it.
fn is_same(one: &str, other: &str) -> bool {
    let is_seen =
        |letter: &char| letter.is_whitespace() || *letter != EMOJI && invisible(*letter).is_none();
    let [one, other] = [one, other].map(|name| {
        let name: String = name.chars().filter(is_seen).collect();
        let (kind, id) = match name.split_once(':') {
            Some((kind, id)) => (Some(kind), id),
            None => (None, name.as_str()),
        };
        let form = |text: &str| {
            let words: Vec<_> = text.split_whitespace().map(str::to_lowercase).collect();
            let mut form = String::new();
            push_short(&words.join(" "), &mut form);
            form
        };
        (kind.map(form), form(id))
    });
    one.1 == other.1 && (one.0 == other.0 || one.0.is_none() || other.0.is_none())
}

/// Whether something is up to somebody: whom an entry names, or whose kind it does, as `user` does
/// `user:mona`; or who has a role that it names. A role is nobody's id, whatever that reads.
pub(super) fn is_up_to(to: &[&str], by: &str, roles: &[&str]) -> bool {
    to.iter().any(|entry| match entry.strip_prefix(ROLE) {
        Some(role) => roles.contains(&role),
        None if by.starts_with(ROLE) => false,
        None => {
            let rest = by.strip_prefix(entry);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        }
    })
}

/// A call, as approvals go by it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Called<'c> {
    pub(super) tool: &'c str,
    /// SHA-256 of what `canonical` makes of the arguments, and of the order of steps.
    pub(super) args: [u8; 32],
    /// The id of the principal.
    pub(super) principal: Option<&'c str>,
}

/// A call, as approvals go by it; `None` where its arguments are no JSON.
pub(super) fn called<'c>(
    tool: &'c str,
    action: &str,
    principal: Option<&'c str>,
) -> Option<Called<'c>> {
    let fields = members(action).ok()?;
    let args = fields.iter().find(|(key, _)| key == "args").map_or("{}", |(_, args)| *args);
    let mut form = canonical(args)?;
    if tool == REPLACE.0 {
        // Of steps that ask as much it is the first that is taken, so their order is of the plan.
        for step in steps(args) {
            form.extend((step.len() as u64).to_le_bytes());
            form.extend(step.as_bytes());
        }
    }
    Some(Called { tool, args: Sha256::digest(form).into(), principal })
}

/// The names of the steps of the plan that is asked for, in the order in which they stand.
fn steps(args: &str) -> Vec<Cow<'_, str>> {
    let member = |text, name: &str| {
        let found = members(text).ok()?.into_iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value)
    };
    let steps = member(args, REPLACE.1).and_then(|plan| member(plan, "steps"));
    let steps = steps.and_then(|steps| members(steps).ok()).unwrap_or_default();
    steps.into_iter().map(|(name, _)| name).collect()
}

impl Called<'_> {
    /// The digest of a call to which a rule objects, as all is of it that is asked or counted.
    pub(super) fn objected(&self, program: &[u8; 32], rule: &str) -> [u8; 32] {
        self.under((program, rule), &BINDS)
    }

    fn under(&self, (program, rule): (&[u8; 32], &str), binds: &[&str]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"policyc.approval.v1\0");
        hash.update(program);
        let mut part = |text: &[u8]| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        part(rule.as_bytes());
        part(self.principal.unwrap_or_default().as_bytes());
        for name in binds {
            part(name.as_bytes());
            part(if *name == "tool" { self.tool.as_bytes() } else { &self.args });
        }
        hash.finalize().into()
    }
}

/// A tree of JSON in one form, however it is spelled but for numbers: its values by place. A key
/// of digits is told, for it is no index: so objects are not lists.
pub(super) fn canonical(text: &str) -> Option<Vec<u8>> {
    form(text, str::to_owned)
}

/// The same with one form for numbers that are equal, as `5`, `5.0` and `5e0`.
pub(super) fn by_value(text: &str) -> Option<Vec<u8>> {
    form(text, |number| {
        let whole = number.parse::<i64>().map(|it| it.to_string());
        let whole = whole.or_else(|_| number.parse::<u64>().map(|it| it.to_string()));
        let double = number.parse::<f64>();
        whole.unwrap_or_else(|_| match double {
            // Doubles that 64 bits may hold, as they are spelled without a fraction.
            Ok(double) if double.fract() == 0.0 && double.abs() < 1e19 => {
                format!("{:.0}", double + 0.0)
            }
            Ok(double) => format!("{double:e}"),
            Err(_) => number.to_owned(),
        })
    })
}

/// A tree of JSON by place, numbers as `number` gives them.
fn form(text: &str, number: impl Fn(&str) -> String) -> Option<Vec<u8>> {
    let mut parts: BTreeMap<(String, u8), String> = BTreeMap::new();
    let walked = walk(text, |pointer, met| {
        let (kind, text) = match met {
            TreeItem::Key(key) if key.bytes().all(|byte| byte.is_ascii_digit()) => {
                (3, String::new())
            }
            TreeItem::Key(_) => return,
            TreeItem::Leaf(Leaf::Text(text)) => (0, text.into_owned()),
            TreeItem::Leaf(Leaf::Number(text)) => (1, number(text)),
            TreeItem::Leaf(Leaf::Bool(word) | Leaf::Nothing(word)) => (2, word.to_owned()),
        };
        parts.insert((pointer.to_owned(), kind), text);
    });
    walked.ok()?;
    let mut out = Vec::new();
    for ((pointer, kind), text) in &parts {
        out.push(*kind);
        for part in [pointer, text] {
            out.extend((part.len() as u64).to_le_bytes());
            out.extend(part.as_bytes());
        }
    }
    Some(out)
}

/// The id of a principal, which is JSON.
pub(super) fn id_of(principal: &str) -> Option<Box<str>> {
    let members = members(principal).ok()?;
    let (_, id) = members.into_iter().find(|(key, _)| key == "id")?;
    string(id).map(|id| id.as_ref().into())
}

impl OpenQuestions {
    /// Bytes that are kept.
    pub(super) fn bytes(&self) -> usize {
        let times = self.times.values().map(|it| ENTRY_BYTES + it.len() * TIME_BYTES);
        self.held + times.sum::<usize>()
    }

    /// Whether nothing was ever asked.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether a rule has asked as often as it may.
    pub(super) fn is_tired(&self, (rule, of): (usize, &Approvable<'_>), now: i128) -> bool {
        let Some((max, per)) = of.row.fatigue else { return false };
        let times = self.times.get(&rule).into_iter().flatten();
        let counts = times.filter(|time| now - **time < i128::from(per)).count();
        u32::try_from(counts).is_ok_and(|counts| counts >= max)
    }

    /// The last question about a call.
    fn about(&self, about: &[u8; 32]) -> Option<&Ask> {
        self.all.get(self.last.get(about)?)
    }

    /// Whether the escalation of a rule is granted for the call that this digest is of.
    pub(super) fn is_granted(&self, about: &[u8; 32], of: &Approvable<'_>, now: i128) -> bool {
        self.about(about).is_some_and(|ask| match ask.stage {
            AskStage::Granted(since, left) => left > 0 && !of.is_over(since, now),
            AskStage::Waiting | AskStage::Refused => false,
        })
    }

    /// How a question about a call stands that was asked and is not over.
    pub(super) fn standing(
        &self,
        about: &[u8; 32],
        all: &[Approvable<'_>],
        now: i128,
    ) -> Option<QuestionStatus> {
        let ask = self.about(about).filter(|ask| ask.lives(all, now))?;
        Some(standing(ask, all.get(ask.rule)?.row.quorum))
    }

    /// A call was made that was granted.
    pub(super) fn spend(&mut self, about: &[u8; 32]) {
        let ask = self.last.get(about).and_then(|digest| self.all.get_mut(digest));
        if let Some(Ask { stage: AskStage::Granted(_, left), .. }) = ask {
            *left = left.saturating_sub(1);
        }
    }

    /// A call was escalated: what is asked, how it stands, and whether that is new, in a session
    /// with this digest. `None` where there is no room for another question.
    pub(super) fn ask<'p>(
        &mut self,
        (about, session): ([u8; 32], &[u8; 32]),
        (rule, all): (usize, &[Approvable<'p>]),
        asker: Option<Box<str>>,
        (now, room): (i128, usize),
    ) -> Option<(Asking<'p>, bool)> {
        let of = all.get(rule)?;
        let lives = |ask: &Ask| ask.lives(all, now);
        let is_new = !self.about(&about).is_some_and(lives);
        if is_new {
            let (by, stage) = (BTreeSet::new(), AskStage::Waiting);
            let ask = Ask { about, rule, asker, since: now, by, stage };
            let (cost, most) = (ask.bytes() + TIME_BYTES, self.held.saturating_add(room));
            let full = |asks: &Self| asks.all.len() >= SESSION_ASKS_MAX || asks.held + cost > most;
            if full(self) {
                self.keep(|_, ask| lives(ask));
            }
            // What was refused is asked anew, and never granted by that: so the oldest goes.
            for (_, digest) in if full(self) { self.refused() } else { Vec::new() } {
                if !full(self) {
                    break;
                }
                self.keep(|own, _| *own != digest);
            }
            if full(self) {
                return None;
            }
            self.held += ask.bytes();
            let digest = question(&about, session);
            self.all.insert(digest, ask);
            self.last.insert(about, digest);
            if let Some((max, _)) = of.row.fatigue {
                let times = self.times.entry(rule).or_default();
                times.push_back(now);
                let max = usize::try_from(max).unwrap_or(usize::MAX);
                while times.len() > max {
                    times.pop_front();
                }
            }
        }
        let digest = *self.last.get(&about)?;
        let standing = standing(self.all.get(&digest)?, of.row.quorum);
        Some((Asking { digest, to: of.to.clone(), standing }, is_new))
    }

    /// Forgets all but these questions.
    fn keep(&mut self, lives: impl Fn(&[u8; 32], &Ask) -> bool) {
        self.all.retain(|digest, ask| lives(digest, ask));
        self.last.retain(|_, digest| self.all.contains_key(digest));
        self.held = self.all.values().map(Ask::bytes).sum();
    }

    /// The questions that were refused, by when they were asked.
    fn refused(&self) -> Vec<(i128, [u8; 32])> {
        let refused = self.all.iter().filter(|(_, ask)| ask.stage == AskStage::Refused);
        let mut refused: Vec<_> = refused.map(|(digest, ask)| (ask.since, *digest)).collect();
        refused.arrange();
        refused
    }

    /// Somebody granted or refused something.
    pub(super) fn answer(
        &mut self,
        digest: &[u8; 32],
        (by, roles, verdict): (&str, &[&str], Verdict),
        all: &[Approvable<'_>],
        (now, room): (i128, usize),
    ) -> Result<QuestionStatus, IgnoredApproval> {
        let ask = self.all.get_mut(digest).ok_or(IgnoredApproval::NotAsked)?;
        let of = all.get(ask.rule).ok_or(IgnoredApproval::NotAsked)?;
        if ask.stage != AskStage::Waiting {
            return Err(IgnoredApproval::Answered);
        }
        if of.is_late(ask, now) {
            return Err(IgnoredApproval::LateAnswer);
        }
        // Nobody approves what is their own.
        let own = ask.asker.as_deref().is_some_and(|asker| is_same(asker, by));
        if !is_up_to(&of.to, by, roles) || own {
            return Err(IgnoredApproval::NotTheirs);
        }
        match verdict {
            Verdict::Refused => ask.stage = AskStage::Refused,
            Verdict::Granted => {
                let cost = ENTRY_BYTES + by.len();
                if cost > room {
                    return Err(IgnoredApproval::Full);
                }
                if !ask.by.iter().any(|known| is_same(known, by)) {
                    ask.by.insert(by.into());
                    self.held += cost;
                }
                if ask.by.len() >= usize::try_from(of.row.quorum).unwrap_or(usize::MAX) {
                    ask.stage = AskStage::Granted(now, of.row.uses.unwrap_or(1));
                }
            }
        }
        Ok(standing(ask, of.row.quorum))
    }
}

fn standing(ask: &Ask, quorum: u32) -> QuestionStatus {
    match ask.stage {
        AskStage::Waiting => {
            QuestionStatus::Waiting(u32::try_from(ask.by.len()).unwrap_or(u32::MAX), quorum)
        }
        AskStage::Granted(..) => QuestionStatus::Granted,
        AskStage::Refused => QuestionStatus::Refused,
    }
}
