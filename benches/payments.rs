//! Records of a made-up payment service: eight rules, one of them over a list.

use std::fmt::Write as _;
use std::ops::Range;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::value::time;
use policyc::runtime::program::Program;
use policyc::runtime::record::about::{About, Loaded, Session, ulid};
use policyc::runtime::record::write::Recorder;
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;

/// The rules.
pub(crate) const POLICY: &str = r#"policyc: 1
name: payments
default: deny
schema:
  principal: {id: string, role: string, team: string}
  action:
    tool: string
    args: {amount: int, to: string, memo: string, users: {items: string, maxItems: 64}}
  resource: {type: string, team: string}
  request: {approvers: {items: string, maxItems: 8}, env: string}
rules:
  - id: two-person
    when: action.args.amount > 10000 && size(request.approvers) < 2
    deny: "{action.args.amount} needs two approvers"
  - {id: blast-radius, when: size(action.args.users) > 50, deny: more than 50 users}
  - {id: scope, when: resource.team != principal.team, deny: another team}
  - id: production
    when: request.env == 'prod' && action.tool.startsWith('k8s.')
    escalate: {to: [ops], reason: production}
  - {id: secret, when: action.args.memo.contains('secret'), deny: a secret}
  - id: outsiders
    when: "action.args.users.exists(u, u.startsWith('ext-'))"
    escalate: {to: [security], reason: outsiders}
  - id: finance
    when: "principal.role in ['ops', 'finance'] && action.args.amount <= 25000"
    allow: "{principal.role} may pay"
  - {id: reads, when: action.tool.endsWith('.read'), allow: reads}
"#;

/// The bundle of a policy.
pub(crate) fn compiled(policy: &str) -> Vec<u8> {
    let mut files = SourceMap::new();
    files.add("payments.yaml", policy);
    compile(&files, &Options::default(), &mut Sink::new()).expect("compiles").bundle
}

/// Decides about contexts, none like the one before, and hands on their records.
pub(crate) fn write(program: &Program, numbers: Range<usize>, mut line_of: impl FnMut(&[u8])) {
    let start = time::parse("2026-11-19T14:00:00Z").expect("a time");
    let mut recorder = Recorder::for_program(program, &Loaded::default());
    let mut scratch = Scratch::for_program(program);
    let (mut context, mut id) = (String::new(), String::new());
    for at in numbers {
        write_context(&mut context, at);
        let mut now = start;
        now.seconds += i64::try_from(at / 1000).expect("few records");
        now.nanoseconds = u32::try_from(at % 1000).expect("below a thousand") * 1_000_000 + 481_907;
        let random = (at as u128).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C).to_be_bytes();
        let milliseconds =
            u64::try_from(now.seconds).expect("after 1970") * 1000 + (at % 1000) as u64;
        id.clear();
        id.push_str(&ulid(milliseconds, *random.last_chunk().expect("ten bytes")));
        let mut filled = ingest(program, context.as_bytes(), &mut scratch);
        let moment = Moment::at(now.seconds, now.nanoseconds);
        let mut recording = recorder.decide(&mut filled, &moment);
        let session = format!("s-{:04x}", at / 31);
        let mut about = About::new(&id, now);
        about.session = Some(Session { id: &session, step: (at % 31 + 1) as u64, parent: None });
        about.took_ns = Some(840 + (at % 997) as u64);
        line_of(recording.line(&about));
    }
}

fn write_context(context: &mut String, at: usize) {
    let pick = |from: &[&'static str], salt: usize| {
        from.get((at / salt) % from.len()).copied().unwrap_or_default()
    };
    let role = pick(&["ops", "finance", "support"], 1);
    let team = pick(&["payments", "platform"], 3);
    let tool = pick(&["bank.transfer", "crm.read", "k8s.scale", "mail.send"], 5);
    let memo = pick(&["invoice", "refund of", "the secret of", "order"], 11);
    let (amount, to) = (at * 7919 % 30_000, at % 9973);
    context.clear();
    let _ = write!(context, r#"{{"principal":{{"id":"agent:billing-{}","#, at % 97);
    let _ = write!(context, r#""role":"{role}","team":"{team}"}},"action":{{"tool":"{tool}","#);
    let _ = write!(context, r#""server":"mcp://bank","args":{{"amount":{amount},"#);
    let _ = write!(context, r#""to":"acct_{to}","memo":"{memo} {at}","users":["#);
    let kind = if at.is_multiple_of(13) { "ext" } else { "u" };
    for user in 0..at % 6 {
        let _ = write!(context, "{}\"{kind}-{user}\"", if user > 0 { "," } else { "" });
    }
    let owner = pick(&["payments", "payments", "platform"], 2);
    let approvers = pick(&["", r#""mona""#, r#""mona","kim""#], 7);
    let env = pick(&["prod", "stage"], 2);
    let _ = write!(context, r#"]}}}},"resource":{{"type":"account","team":"{owner}"}},"#);
    let _ = write!(context, r#""request":{{"approvers":[{approvers}],"env":"{env}"}}}}"#);
}
