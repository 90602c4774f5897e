//! Approvals: who may grant what, for what, how often, until when.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use policyc::lang::decision::Effect;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Outcome, Session, Work};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::program;

const POLICY: &str = r#"
policyc: 1
default: deny
labels: {integrity: {untrusted: [file]}}
tools:
  pay: {effect: egress, args: {to: string, amount: double}}
  move: {effect: egress, args: {to: string, amount: double}}
  read: {effect: none}
rules:
  - {id: all, allow: a call}
  - id: large
    on: [pay, move]
    when: args.amount > 10.0
    escalate:
      to: ["role:treasury", user, agent]
      quorum: 2
      timeout: 10m
      on_timeout: deny
      valid_for: 5m
      uses: 2
      reason: large
  - id: foreign
    on: [pay]
    when: args.to == "abroad"
    priority: 1
    escalate: {to: [ann], binds: [tool], reason: abroad}
  - {id: both, on: [read], when: 'approved("large")', deny: never for this call}
"#;

/// A session that is told what was asked.
struct Desk<'g, 'p> {
    session: Session<'g, 'p>,
    work: Work,
    seq: u64,
    time: u64,
}

impl<'g, 'p> Desk<'g, 'p> {
    fn of(ground: &'g Ground<'p>) -> Self {
        Self { session: Session::new(ground), work: Work::of(ground), seq: 0, time: 0 }
    }

    fn tell(&mut self, mut event: Json) -> (String, Option<Effect>, Option<String>) {
        self.seq += 1;
        event["seq"] = json!(self.seq);
        let (hours, minutes, seconds) = (self.time / 3_600, self.time / 60 % 60, self.time % 60);
        event["ts"] = json!(format!("2026-01-01T{hours:02}:{minutes:02}:{seconds:02}Z"));
        let outcome = self.session.line(event.to_string().as_bytes(), &mut self.work);
        let effect = outcome.effect();
        match outcome {
            Outcome::Decided(it) => {
                let digest = it.asking.as_ref().map(|asking| {
                    let mut text = "sha256:".to_owned();
                    for byte in asking.digest {
                        let _ = write!(text, "{byte:02x}");
                    }
                    text
                });
                (it.rule().unwrap_or("-").to_owned(), effect, digest)
            }
            Outcome::Recorded(note) => (format!("{note:?}"), effect, None),
            Outcome::Refused(fault) => (fault.to_string(), effect, None),
        }
    }

    fn call(&mut self, tool: &str, args: &Json) -> (String, Option<Effect>, Option<String>) {
        self.call_by("agent:1", (tool, args))
    }

    fn call_by(
        &mut self,
        agent: &str,
        (tool, args): (&str, &Json),
    ) -> (String, Option<Effect>, Option<String>) {
        self.call_of(agent, (tool, args), &json!({}))
    }

    fn call_of(
        &mut self,
        agent: &str,
        (tool, args): (&str, &Json),
        resource: &Json,
    ) -> (String, Option<Effect>, Option<String>) {
        let call = self.seq.to_string();
        self.tell(json!({"ev": "request", "call": call, "principal": {"id": agent},
            "resource": resource, "action": {"tool": tool, "args": args}}))
    }

    /// The rule that decides a call, and in a word what it decides.
    fn word(&mut self, tool: &str, args: &Json) -> String {
        let (rule, effect, _) = self.call(tool, args);
        format!("{} {rule}", effect.map_or("none", Effect::word))
    }

    fn says(&mut self, digest: &str, by: &str, verdict: &str) -> String {
        self.tell(json!({"ev": "approval", "for": digest, "by": by, "verdict": verdict})).0
    }
}

fn large(amount: f64) -> Json {
    json!({"to": "bob", "amount": amount})
}

/// Whoever leads the model may ask for many calls that are refused: there is room for others.
#[test]
fn refusals_do_not_fill_what_may_be_asked() {
    let program = program(POLICY);
    let ground = Ground::of(&program);
    let mut desk = Desk::of(&ground);
    let amount = |at: u32| large(20.0 + f64::from(at));
    // `SESSION_ASKS_MAX`
    let most = 1_024;
    for at in 0..most {
        desk.time += 1;
        let digest = desk.call("pay", &amount(at)).2.expect("it is asked");
        assert_eq!(desk.says(&digest, "user:mona", "refused"), "Approval(Refused)");
    }
    assert_eq!(desk.word("pay", &amount(0)), "deny large");
    let (_, effect, digest) = desk.call("pay", &amount(most));
    assert_eq!((effect, digest.is_some()), (Some(Effect::Escalate), true));
    // The first refusal is forgotten, and nothing is granted by that.
    let (_, effect, digest) = desk.call("pay", &amount(0));
    assert_eq!((effect, digest.is_some()), (Some(Effect::Escalate), true));
    assert_eq!(desk.word("pay", &amount(2)), "deny large");
    assert_eq!(desk.word("pay", &amount(most - 1)), "deny large");
}

#[test]
fn an_approval_is_for_exactly_what_was_asked() {
    let program = program(POLICY);
    let ground = Ground::of(&program);
    let mut desk = Desk::of(&ground);
    let (_, effect, digest) = desk.call("pay", &large(20.0));
    assert_eq!(effect, Some(Effect::Escalate));
    let digest = digest.expect("it is asked");
    assert_eq!(desk.says(&digest, "eve", "granted"), "it is not for them to approve");
    // Who asks does not grant, and nobody counts twice.
    assert_eq!(desk.says(&digest, "user:mona", "granted"), "Approval(Waiting(1, 2))");
    assert_eq!(desk.says(&digest, "user:mona", "granted"), "Approval(Waiting(1, 2))");
    assert_eq!(desk.word("pay", &large(20.0)), "escalate large");
    let event = json!({"ev": "approval", "for": digest, "by": "bob", "roles": ["treasury"],
        "verdict": "granted"});
    assert_eq!(desk.tell(event).0, "Approval(Granted)");
    assert_eq!(desk.says(&digest, "user:jim", "granted"), "it was answered already");
    // Another amount, another tool, another principal.
    assert_eq!(desk.word("pay", &large(21.0)), "escalate large");
    assert_eq!(desk.word("move", &large(20.0)), "escalate large");
    let other = json!({"ev": "request", "call": "o", "principal": {"id": "agent:2"},
        "action": {"tool": "pay", "args": large(20.0)}});
    assert_eq!(desk.tell(other).0, "large");
    // Members in another order are the same call; it may be made twice.
    let args = "{\"amount\":20.0, \"to\":\"\\u0062ob\"}";
    desk.seq += 1;
    let line = format!(
        "{{\"ev\":\"request\",\"seq\":{},\"ts\":\"2026-01-01T00:00:00Z\",\"call\":\"s\",\
         \"principal\":{{\"id\":\"agent:1\"}},\"action\":{{\"args\":{args},\"tool\":\"pay\"}}}}",
        desk.seq
    );
    let effect = desk.session.line(line.as_bytes(), &mut desk.work).effect();
    assert_eq!(effect, Some(Effect::Allow));
    assert_eq!(desk.word("pay", &large(20.0)), "allow all");
    assert_eq!(desk.word("pay", &large(20.0)), "escalate large");
    assert_eq!(desk.word("read", &json!({})), "allow all");
}

const BROUGHT: &str = r#"
policyc: 1
default: deny
labels: {integrity: {untrusted: [file]}}
schema:
  resource:
    owner: optional string
    note: optional string
    account: optional string
    of: {in: optional string}
tools: {pay: {effect: egress, args: {to: string, amount: double}}}
meters:
  spent:
    {on: [pay], key: 'resource.?account.orValue("")', amount: decimal(args.amount), window: session}
limits:
  - {id: cap, meter: spent, max: 10, over: {escalate: {to: [user], uses: 9}}}
rules:
  - {id: all, allow: a call}
  - id: theirs
    on: [pay]
    when: has(resource.owner) && resource.owner != "ann"
    escalate: {to: [user], timeout: 10m, on_timeout: deny, uses: 9}
  - id: told
    on: [pay]
    when: args.amount == 2.0
    escalate: {to: [user], uses: 9, reason: "of {resource.?note.orValue('')}"}
  - {id: there, on: [pay], when: has(resource.of), escalate: {to: [user], uses: 9}}
  - {id: marked, on: [pay], when: 'resource.?note.orValue("") == "no"', deny: marked}
"#;

#[test]
fn an_approval_is_for_what_the_rule_has_read() {
    let program = program(BROUGHT);
    let ground = Ground::of(&program);
    let pay = |desk: &mut Desk<'_, '_>, amount: f64, resource: &Json| {
        desk.call_of("agent:1", ("pay", &large(amount)), resource)
    };
    // An amount, what is granted, what is then asked for, and what comes of it.
    for (amount, granted, asked, wanted) in [
        (1.0, json!({"owner": "bob"}), json!({"owner": "bob"}), Effect::Allow),
        (1.0, json!({"owner": "bob"}), json!({"owner": "eve"}), Effect::Escalate),
        (1.0, json!({"owner": "bob"}), json!({"owner": "bob", "note": "x"}), Effect::Allow),
        (1.0, json!({"owner": "bob"}), json!({"note": "no", "owner": "bob"}), Effect::Deny),
        // What the approvers are told.
        (2.0, json!({"note": "mine"}), json!({"note": "mine"}), Effect::Allow),
        (2.0, json!({"note": "mine"}), json!({"note": "hers"}), Effect::Escalate),
        (2.0, json!({"note": "mine"}), json!({"note": "mine", "owner": "ann"}), Effect::Allow),
        // Under which key a meter measures.
        (11.0, json!({"account": "a"}), json!({"account": "a"}), Effect::Allow),
        (11.0, json!({"account": "a"}), json!({"account": "b"}), Effect::Escalate),
        (11.0, json!({"account": "a"}), json!({"account": "a", "note": "x"}), Effect::Allow),
        // Of what is only looked for it does not matter what it holds.
        (1.0, json!({"of": {}}), json!({"of": {"in": "x"}}), Effect::Allow),
    ] {
        let mut desk = Desk::of(&ground);
        let (rule, effect, digest) = pay(&mut desk, amount, &granted);
        assert_eq!(effect, Some(Effect::Escalate), "{rule}: {granted}");
        let digest = digest.expect("it is asked");
        assert_eq!(desk.says(&digest, "user:mona", "granted"), "Approval(Granted)");
        let (rule, effect, _) = pay(&mut desk, amount, &asked);
        assert_eq!(effect, Some(wanted), "{rule}: {granted}, then {asked}");
        // What was granted is so still.
        let again = pay(&mut desk, amount, &granted).1;
        assert_eq!(again, Some(Effect::Allow), "{granted}, then {asked}, then that again");
    }
}

#[test]
fn objects_are_no_lists_to_an_approval() {
    let policy = "policyc: 1\ndefault: deny\ntools: {pay: {args: {a: dyn}}}\n\
        meters: {m: {on: pay, window: session}}\nrules:\n  \
        - {id: all, on: [pay], allow: a call}\n  \
        - {id: ask, on: [pay], escalate: {to: [user], uses: 9}}\n";
    let program = program(policy);
    let ground = Ground::of(&program);
    let mut desk = Desk::of(&ground);
    let trees = [
        json!(["x"]),
        json!({"0": "x"}),
        json!([["x"]]),
        json!({"0": ["x"]}),
        json!([{"0": "x"}]),
        json!({"0": {"0": "x"}}),
        json!({"00": "x"}),
        json!({"": "x"}),
        json!([]),
        json!({}),
        json!({"0": []}),
        json!({"0": {}}),
        json!([{}]),
        json!([[]]),
        json!("x"),
        json!(null),
    ];
    let mut seen: BTreeMap<String, Json> = BTreeMap::new();
    for tree in trees {
        let (_, effect, digest) = desk.call("pay", &json!({"a": tree}));
        assert_eq!(effect, Some(Effect::Escalate), "{tree}");
        let digest = digest.expect("it is asked");
        assert_eq!(desk.says(&digest, "user:mona", "granted"), "Approval(Granted)");
        let before = seen.insert(digest, tree.clone());
        assert_eq!(before, None, "what is granted for one is granted for {tree}");
    }
}

#[test]
fn rules_are_granted_one_by_one_and_refusals_stay() {
    let program = program(POLICY);
    let ground = Ground::of(&program);
    let mut desk = Desk::of(&ground);
    let abroad = json!({"to": "abroad", "amount": 50.0});
    let (rule, _, digest) = desk.call("pay", &abroad);
    assert_eq!(rule, "large");
    let digest = digest.expect("it is asked");
    for by in ["user:a", "user:b"] {
        desk.says(&digest, by, "granted");
    }
    // What the one rule grants the other does not.
    let (rule, effect, second) = desk.call("pay", &abroad);
    assert_eq!((rule.as_str(), effect), ("foreign", Some(Effect::Escalate)));
    assert_eq!(desk.says(&second.expect("it is asked"), "ann", "granted"), "Approval(Granted)");
    assert_eq!(desk.word("pay", &abroad), "allow all");
    // It was bound to the tool alone, and for one call.
    let small = json!({"to": "abroad", "amount": 1.0});
    let (_, _, third) = desk.call("pay", &small);
    let third = third.expect("it is asked");
    assert_eq!(desk.says(&third, "ann", "refused"), "Approval(Refused)");
    assert_eq!(desk.word("pay", &json!({"to": "abroad", "amount": 2.0})), "deny foreign");
    assert_eq!(desk.says(&third, "ann", "granted"), "it was answered already");
    let event = |digest: &str| {
        json!({"ev": "approval", "for": digest, "by": "ann",
        "verdict": "granted"})
    };
    let unknown = format!("sha256:{}", "0".repeat(64));
    assert_eq!(desk.tell(event(&unknown)).0, "nobody asked for this approval");
    // What cannot be read closes the session.
    assert_eq!(desk.tell(event("sha256:00")).0, "it has no `for`, or one of another kind");
    assert_eq!(desk.tell(json!({"ev": "clock"})).1, None);
    assert_eq!(desk.call("read", &json!({})).1, Some(Effect::Deny));
}

#[test]
fn an_approval_counts_once_and_for_the_question_that_it_names() {
    let policy = POLICY.replace("quorum: 2", "quorum: 1").replace("uses: 2", "uses: 1");
    let program = program(&policy);
    let ground = Ground::of(&program);
    let mut desk = Desk::of(&ground);
    let asked = |desk: &mut Desk<'_, '_>| desk.call("pay", &large(20.0)).2.expect("it is asked");
    let first = asked(&mut desk);
    assert_eq!(asked(&mut desk), first, "to ask again while it waits is to ask once");
    assert_eq!(desk.says(&first, "user:mona", "granted"), "Approval(Granted)");
    assert_eq!(desk.word("pay", &large(20.0)), "allow all");
    // The same approval once more is none of the next call, whether that is asked for or not.
    assert_eq!(desk.says(&first, "user:mona", "granted"), "it was answered already");
    let second = asked(&mut desk);
    assert_ne!(second, first);
    assert_eq!(desk.says(&first, "user:mona", "granted"), "it was answered already");
    assert_eq!(desk.word("pay", &large(20.0)), "escalate large");
    // Nobody answers that in time. What comes late does not answer the question after it.
    desk.time += 600;
    assert_eq!(desk.says(&second, "user:mona", "granted"), "it comes too late");
    let third = asked(&mut desk);
    assert_eq!(desk.says(&second, "user:mona", "granted"), "it comes too late");
    assert_eq!(desk.word("pay", &large(20.0)), "escalate large");
    assert_eq!(desk.says(&third, "user:mona", "granted"), "Approval(Granted)");
    assert_eq!(desk.word("pay", &large(20.0)), "allow all");
    // What was granted and not used in time is asked anew.
    let fourth = asked(&mut desk);
    assert_eq!(desk.says(&fourth, "user:mona", "granted"), "Approval(Granted)");
    desk.time += 300;
    assert_ne!(asked(&mut desk), fourth);
    assert_eq!(desk.says(&fourth, "user:mona", "granted"), "it was answered already");
}

#[test]
fn a_grant_ends_where_nobody_says_how_long_it_holds() {
    let policy = POLICY.replace("quorum: 2", "quorum: 1").replace("valid_for: 5m", "");
    let program = program(&policy);
    let ground = Ground::of(&program);
    let mut desk = Desk::of(&ground);
    let digest = desk.call("pay", &large(20.0)).2.expect("it is asked");
    assert_eq!(desk.says(&digest, "user:mona", "granted"), "Approval(Granted)");
    desk.time += 3_599;
    assert_eq!(desk.word("pay", &large(20.0)), "allow all");
    desk.time += 1;
    assert_eq!(desk.word("pay", &large(20.0)), "escalate large");
}

#[test]
fn an_approval_is_of_one_session() {
    let program = program(POLICY);
    let ground = Ground::of(&program);
    let asked = |text: &str| {
        let mut desk = Desk::of(&ground);
        let principal = json!({"id": "agent:1"});
        desk.tell(json!({"ev": "prompt", "principal": principal, "text": text}));
        let digest = desk.call("pay", &large(20.0)).2.expect("it is asked");
        (desk, digest)
    };
    let (_, of_one) = asked("pay bob");
    let (mut other, of_other) = asked("pay bob, please");
    assert_ne!(of_one, of_other);
    assert_eq!(other.says(&of_one, "user:mona", "granted"), "nobody asked for this approval");
    // Sessions of which all is the same ask the same: whoever folds events again finds it.
    assert_eq!(asked("pay bob").1, of_one);
}

#[test]
fn nobody_grants_what_is_their_own_or_counts_twice_by_another_spelling() {
    let program = program(POLICY);
    let ground = Ground::of(&program);
    let own = "it is not for them to approve";
    for (asker, by, wanted) in [
        ("user:mona", "user:mona", own),
        ("user:mona", "user:Mona", own),
        ("mona", "user:mona", own),
        ("MONA ", "user:mona", own),
        ("user: mona", "user:mona", own),
        // Another kind, and another one.
        ("agent:mona", "user:mona", "Approval(Waiting(1, 2))"),
        ("user:mona", "user:mon", "Approval(Waiting(1, 2))"),
        ("ona", "user:mona", "Approval(Waiting(1, 2))"),
    ] {
        let mut desk = Desk::of(&ground);
        let digest = desk.call_by(asker, ("pay", &large(20.0))).2.expect("it is asked");
        assert_eq!(desk.says(&digest, by, "granted"), wanted, "{asker} by {by}");
    }
    let mut desk = Desk::of(&ground);
    let digest = desk.call("pay", &large(20.0)).2.expect("it is asked");
    for by in ["user:mona", "user:Mona", "user:MONA", "user: mona"] {
        assert_eq!(desk.says(&digest, by, "granted"), "Approval(Waiting(1, 2))", "{by}");
    }
    // By a role, and with no kind.
    let event = json!({"ev": "approval", "for": digest, "by": "mona", "roles": ["treasury"],
        "verdict": "granted"});
    assert_eq!(desk.tell(event).0, "Approval(Waiting(1, 2))");
    assert_eq!(desk.says(&digest, "user:jim", "granted"), "Approval(Granted)");
}

#[test]
fn without_a_session_nothing_is_approved() {
    use policyc::runtime::vm::decide::evaluate;
    use policyc::runtime::vm::request::{Moment, Request};
    use policyc::runtime::vm::scratch::Scratch;
    let program = program(POLICY);
    let mut scratch = Scratch::for_program(&program);
    let mut context = json!({"action": {"tool": "pay", "args": large(20.0)}});
    let mut decide = |context: &Json| {
        let text = context.to_string();
        let request = Request { context: text.as_bytes(), moment: Moment::at(0, 0) };
        evaluate(&program, &request, &mut scratch).effect()
    };
    assert_eq!(decide(&context), Some(Effect::Escalate));
    context["@session"] = json!({"approved": {"large": true}});
    assert_eq!(decide(&context), Some(Effect::Deny));
}

/// A principal, a tool, an amount, an owner.
type Key = (usize, usize, usize, usize);

#[derive(Clone, Debug)]
enum Act {
    /// Who calls which tool with which amount.
    Call(Key),
    /// About whose call of what somebody says something.
    Say(Key, usize, bool),
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let key = || (0..2_usize, 0..2_usize, 0..2_usize, 0..2_usize);
    prop_oneof![
        5 => key().prop_map(Act::Call),
        8 => (key(), 0..4_usize, prop::bool::weighted(0.9))
            .prop_map(|(key, by, grants)| Act::Say(key, by, grants)),
        1 => prop::sample::select(vec![1, 60, 299, 300, 599, 600, 3_599, 3_600])
            .prop_map(Act::Wait),
    ]
}

const TOOLS: [&str; 2] = ["pay", "move"];
const AMOUNTS: [f64; 2] = [20.0, 30.0];
const OWNERS: [&str; 2] = ["ann", "eve"];
const AGENTS: [&str; 2] = ["agent:1", "agent:2"];
const PEOPLE: [&str; 4] = ["user:a", "user:b", "agent:1", "eve"];

/// Whether somebody may speak about a call of an agent: nobody about their own.
fn may_say(by: usize, agent: usize) -> bool {
    PEOPLE[by] != "eve" && PEOPLE[by] != AGENTS[agent]
}

/// What people have said about one call, since it was asked.
#[derive(Default)]
struct Book {
    asked: Option<u64>,
    by: BTreeSet<usize>,
    granted: Option<(u64, u32)>,
    refused: bool,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// No call is made that was not granted by two who may, for itself and what the rule has read
    /// beside it, in time, and often enough; and every such call is.
    #[test]
    fn nothing_is_made_that_was_not_granted(
        acts in prop::collection::vec(act(), 1..120),
        is_said in prop::bool::ANY,
    ) {
        let policy = POLICY
            .replace("> 10.0", "> 10.0 && resource.owner != ''")
            .replace("tools:", "schema: {resource: {owner: string, at: optional int}}\ntools:");
        // What holds an hour does not say so.
        let holds = if is_said { 300 } else { 3_600 };
        let policy = if is_said { policy } else { policy.replace("valid_for: 5m", "") };
        let program = program(&policy);
        let ground = Ground::of(&program);
        let mut desk = Desk::of(&ground);
        let mut digests: BTreeMap<Key, String> = BTreeMap::new();
        let mut books: BTreeMap<Key, Book> = BTreeMap::new();
        for act in acts {
            let now = desk.time;
            match act {
                Act::Wait(seconds) => {
                    desk.time += seconds;
                }
                Act::Say(key, by, grants) => {
                    let Some(digest) = digests.get(&key) else { continue };
                    let verdict = if grants { "granted" } else { "refused" };
                    desk.says(digest, PEOPLE[by], verdict);
                    let book = books.entry(key).or_default();
                    let open = book.asked.is_some_and(|asked| now < asked + 600)
                        && book.granted.is_none()
                        && !book.refused;
                    if !open || !may_say(by, key.0) {
                        continue;
                    }
                    if !grants {
                        book.refused = true;
                        continue;
                    }
                    book.by.insert(by);
                    if book.by.len() == 2 {
                        book.granted = Some((now, 2));
                    }
                }
                Act::Call(key) => {
                    let (agent, tool, amount, owner) = key;
                    let what = (TOOLS[tool], &large(AMOUNTS[amount]));
                    // What no rule has read is not asked about.
                    let resource = json!({"owner": OWNERS[owner], "at": desk.seq});
                    let (_, effect, digest) = desk.call_of(AGENTS[agent], what, &resource);
                    digests.extend(digest.map(|digest| (key, digest)));
                    let book = books.entry(key).or_default();
                    let lives = |(since, left): &(u64, u32)| now < since + holds && *left > 0;
                    let live = book.granted.filter(lives);
                    let wanted = if book.refused {
                        Effect::Deny
                    } else if let Some((since, left)) = live {
                        book.granted = Some((since, left - 1));
                        Effect::Allow
                    } else {
                        let waits = book.granted.is_none()
                            && book.asked.is_some_and(|asked| now < asked + 600);
                        if !waits {
                            *book = Book { asked: Some(now), ..Book::default() };
                        }
                        Effect::Escalate
                    };
                    prop_assert_eq!(effect, Some(wanted), "{:?} at {}", key, now);
                }
            }
        }
    }
}

/// Roles are what the host vouches for, and a name is nobody else's for what cannot be seen in it.
#[test]
fn a_name_is_no_role_and_what_nobody_sees_makes_no_other_person() {
    let policy = POLICY.replace("quorum: 2", "quorum: 1");
    let program = program(&policy);
    let ground = Ground::of(&program);
    let mut desk = Desk::of(&ground);
    let digest = desk.call_by("ann", ("pay", &large(20.0))).2.expect("it is asked");
    let mut says = |by: &str, roles: Json| {
        let event = json!({"ev": "approval", "for": digest, "by": by, "roles": roles,
            "verdict": "granted"});
        desk.tell(event).0
    };
    let theirs = "it is not for them to approve";
    assert_eq!(says("role:treasury", json!([])), theirs);
    assert_eq!(says("role:treasury:x", json!(["boss"])), theirs);
    for own in ["ann", "ann\u{200b}", "\u{2060}Ann", "a\u{ad}nn", "ann\u{fe0f}", "user\u{200d}:ann"]
    {
        assert_eq!(says(own, json!(["treasury"])), theirs, "{own:?}");
    }
    assert_eq!(says("bob", json!(["treasury"])), "Approval(Granted)");
}
