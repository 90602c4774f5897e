//! What lints find, and what looks like it: marked by hand.
//!
//! `«..»` stands around the bytes of each finding of the code; everything else is no finding of it.
//! Findings of other codes are left aside.

use policyc::diag::codes::Code;
use policyc::diag::sink::Sink;
use policyc::tools::pipeline::lint;
use policyc::tools::project::Settings;

use super::{checked, project};
use crate::checking::only;

/// Checks `marked`, a document in which the findings of `code` are marked.
#[track_caller]
pub(super) fn assert_found(code: Code, name: &str, marked: &str) {
    let mut wanted = Vec::new();
    let mut text = String::new();
    for (at, piece) in marked.split(['«', '»']).enumerate() {
        if at % 2 == 1 {
            wanted.push((text.len(), piece));
        }
        text.push_str(piece);
    }
    let files = project(name, &text);
    let found = checked(&files).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    let of_code = found.iter().filter(|it| it.code == code).filter_map(|it| it.span());
    let places: Vec<(usize, &str)> =
        of_code.map(|span| (span.start as usize, files.text(span))).collect();
    assert_eq!(places, wanted, "{}:\n{text}", code.id());
}

const TYPES: &str = "schema: {r: {k: string, n: int, d: double, b: bool, c: bool, \
    o: optional bool, t: list<string>, x: dyn, m: 'map<string, map<string, string>>'}, \
    at: timestamp, span: duration}\n";

/// Conditions with marks.
const CONDITIONS: &[(Code, &str)] = &[
    (Code::AlwaysFails, "«r.n / 0» == 1 || «r.n % 0» == 1 || r.d / 0.0 > 1.0 || 0 / r.n == 1"),
    (
        Code::AlwaysFails,
        "«[1, 2][2]» == r.n || [1, 2][1] == r.n || «r.t[-1]» == r.k || r.t[9] == r.k",
    ),
    (Code::AlwaysFails, "{'a': 1, «'a'»: 2}[r.k] == 1 || {1: 1, «1u»: 2}.size() == r.n"),
    (Code::AlwaysFails, "{«null»: r.n}.size() == 1 || {r.k: 1, 'a': 2}.size() == 1"),
    (Code::AlwaysFails, "«'%d'.format([r.k])» == r.k || '%d'.format([r.n]) == r.k"),
    (Code::AlwaysFails, "«'%s %s'.format([r.k])» == 'x' || '%d'.format([r.x]) == 'x'"),
    (Code::AlwaysFails, "«int('0x10')» == r.n || int('16') == r.n || int(r.k) == r.n"),
    (Code::AlwaysFails, "«r.k.substring(-1)» == 'x' || r.k.substring(100) == 'x'"),
    (Code::AlwaysFails, "«ip('1.2.3.400')» == ip('1.2.3.4') || «cidr('10.0.0.0/33')» == cidr(r.k)"),
    (Code::AlwaysFails, "«at.getHours('Europe/Zurick')» > 3 || at.getHours('Europe/Zurich') > 3"),
    (Code::AlwaysFails, "timestamp('2026-01-01T00:00:00Z').getHours(r.k) > 3 || 5 / r.n == 1"),
    (Code::TimeWithoutZone, "at.«getHours»() > 3 || at.«getDayOfWeek»() == 0"),
    (Code::TimeWithoutZone, "at.getHours('UTC') > 3 || span.getHours() > 3 || r.b"),
    (Code::TimeWithoutZone, "at.getMinutes() > 3 || at.getSeconds() == 0"),
    (Code::RedundantParentheses, "«((r.b || r.c))» && r.b"),
    (Code::RedundantParentheses, "«(r.k)» == 'x' || size(«(r.t)») > 3"),
    (Code::RedundantParentheses, "(r.b && r.c) || (r.n == 1)"),
    (Code::RedundantParentheses, "(r.b || r.c) && -(r.n + 1) == 3 && !(r.n in [1, 2])"),
    (Code::BoolComparison, "«r.b == true» || «false != r.c» || «r.o == false»"),
    (Code::BoolComparison, "r.x == true || r.b == r.c || r.x.y != false"),
    (Code::NullOptional, "«r.?o == null» || «null != r.m[?r.k]»"),
    (Code::NullOptional, "r.x == null || !r.?o.hasValue() || r.?o == optional.none()"),
    (Code::SizeComparison, "«size(r.t) >= 1» && «r.k.size() < 1» || «0 != size(r.t)»"),
    (Code::SizeComparison, "size(r.t) > 0 && r.k.size() == 0 && 0 < size(r.t) && size(r.t) >= 2"),
    (Code::SizeComparison, "r.n >= 1 && size(r.t) > 1 && size(r.t) != 1"),
    (Code::PresenceChain, "r.b && «has(r.m.a) && has(r.m.a.b) && r.m.a.b == 'x'» && r.c"),
    (Code::PresenceChain, "has(r.m.a) && has(r.m.a.b) && r.m.a.b == r.k"),
    (Code::PresenceChain, "has(r.m.a) && r.m.a.b == 'x'"),
    // An input without `r.m` is refused.
    (Code::PresenceChain, "has(r.m) && has(r.m.a) && r.m.a == {}"),
    (Code::PresenceChain, "has(r.m.a) && has(r.m.b) && r.m.b == {}"),
    (Code::PresenceChain, "has(r.m.a) && has(r.m.a.b) && r.m.a.b != 'x'"),
    (Code::PresenceChain, "has(r.m.a) && has(r.m.a.b) && r.m.a.c == 'x'"),
    (Code::NegatedComparison, "«!(r.k == 'x')» || «!(r.n != 3)»"),
    (Code::NegatedComparison, "!(r.d < 3.0) || !(r.k in ['x', 'y']) || !(r.b && r.c)"),
    (Code::SingleMembership, "«r.k in ['x']» || «r.n in [r.n + 1]»"),
    (Code::SingleMembership, "r.k in ['x', 'y'] || r.k in r.t || r.k in {'x': 1} || r.x in [null]"),
    (Code::SingleMembership, "r.k in [?optional.of('x')]"),
    (Code::EqualityChain, "r.b || «r.k == 'x' || r.k == 'y' || r.k == 'z'» || r.n == 1"),
    (Code::EqualityChain, "«r.n != 1 && r.n != 2 && r.n != 3» && r.b"),
    (Code::EqualityChain, "r.k == 'x' || r.k == 'y'"),
    (Code::EqualityChain, "r.k != 'x' || r.k != 'y' || r.k != 'z'"),
    (Code::EqualityChain, "r.x == 'x' || r.x == 1 || r.x == 2 || r.k == 'x' || r.n == 1"),
    (Code::EqualityChain, "r.k == 'x' || r.b || r.k == 'y' || r.k == 'z'"),
    (Code::EqualityChain, "r.t[0] == 'x' || r.t[1] == 'y' || r.t[2] == 'z'"),
    (Code::BoolConditional, "(«r.n == 1 ? true : false») || («r.b ? false : true»)"),
    (Code::BoolConditional, "r.b ? true : r.c"),
    (Code::BoolConditional, "r.x ? true : false"),
];

#[test]
fn conditions() {
    for (code, when) in CONDITIONS {
        let head = format!("policyc: 1\ndefault: deny\n{TYPES}rules:\n");
        let marked = format!("{head}  - id: r\n    when: |-\n      {when}\n    deny: x\n");
        assert_found(*code, "p.yaml", &marked);
    }
}

const CALLS: &str = "schema: {p: dyn, a: dyn, n: {n: int}, s: {limit: string, balance: string, \
    day: string, today: string}, l: {emails: {items: string, maxItems: 9}}}\n";

/// Conditions of an allow, and of a deny: what lets a call through, what holds it back.
const ALLOW: &[(Code, &str)] = &[
    (Code::TextComparison, "«p.amount < '1000'» || «s.limit >= s.balance» || s.day < s.today"),
    (Code::TextComparison, "«a.name > '9'» || a.day < '2026-01-01' || a.hour < '0900' || n.n < 3"),
    (Code::TextComparison, "«p.user.contains('admin')» || «p.email.startsWith('root')»"),
    (
        Code::TextComparison,
        "«p.user.id.endsWith('admin')» || l.emails.exists(e, «e.contains('@x.org')»)",
    ),
    (Code::TextComparison, "p.user.startsWith('system:') || p.email.endsWith('@x.org')"),
    (
        Code::TextComparison,
        "!p.user.contains('admin') || a.name.contains('x') || a.id.contains('x')",
    ),
    (Code::TextComparison, "p.user.«lowerAscii»() == 'root' || p.email.lowerAscii() == 'a@x.org'"),
    (Code::TextComparison, "a.name.lowerAscii() == 'x' || p.user == 'root'"),
    (Code::ShellPattern, "«p.command.matches('^git ')» || «p.cmd.startsWith('ls')»"),
    (Code::ShellPattern, "p.command.matches('^git (status|diff)$') || p.command == 'ls'"),
    (Code::ShellPattern, "p.command.matches('^ls [a-z/]*$') || «p.command.matches('^ls .*$')»"),
    (Code::ShellPattern, "a.name.matches('^git') || p.commands.exists(c, c == 'ls')"),
    (Code::UnanchoredPattern, "a.env.matches(«'prod|test'») || a.env.matches(«'^prod'»)"),
    (Code::UnanchoredPattern, "a.env.matches('^(prod|test)$') || a.env.matches('^prod-')"),
    (Code::UnanchoredPattern, "!a.env.matches('prod') || a.title.matches('[A-Z]+-[0-9]+')"),
    (Code::UnanchoredPattern, "l.emails.all(e, e.matches(«'prod'»)) || p.command.matches('x')"),
    (Code::UnanchoredPattern, "p.email.matches('@example[.]com$') || a.env.matches('.*prod.*')"),
    (Code::LooseMatch, "«p.host.endsWith('example.com')» || «a.name.endsWith('example.com')»"),
    (Code::LooseMatch, "p.host.endsWith('.example.com') || p.email.endsWith('@example.com')"),
    (Code::LooseMatch, "a.name.endsWith('main.go') || p.file.endsWith('README.md')"),
    (Code::LooseMatch, "«p.url.startsWith('https://example.com')» || p.url.startsWith('https://')"),
    (Code::LooseMatch, "p.url.startsWith('https://example.com/') || a.name.startsWith('x.y')"),
    (Code::LooseMatch, "«p.path.startsWith('/srv/data')» || p.path.startsWith('/srv/data/')"),
    (Code::LooseMatch, "a.name.startsWith('/srv') || p.path.startsWith('srv') || p.path == '/'"),
    (Code::LooseMatch, "«p.image.startsWith('gcr.io/team')» || p.image.startsWith('gcr.io/team/')"),
    (Code::LooseMatch, "«p.url.contains('example.com')» || «p.path.contains('/public/')»"),
    (Code::LooseMatch, "!«p.path.contains('..')» || a.name.contains('example.com')"),
    (Code::FailsOpen, "«!has(p.limit)» || p.limit <= 'x'"),
    (Code::FailsOpen, "«has(p.limit)» ? p.limit <= 'x' : true"),
    (Code::FailsOpen, "!has(p.limit) || p.other == 'x'"),
    (Code::FailsOpen, "has(p.limit) && p.limit <= 'x' || !has(p.limit) && p.user == 'x'"),
    (Code::FailsOpen, "has(p.limit) ? p.limit <= 'x' : false"),
];

const DENY: &[(Code, &str)] = &[
    (Code::TextComparison, "p.user.contains('admin') || «p.amount < '1000'»"),
    (Code::TextComparison, "!«p.user.contains('admin')»"),
    (Code::ShellPattern, "«p.command.contains('rm -rf')»"),
    (Code::UnanchoredPattern, "a.env.matches('prod') || !a.env.matches(«'^prod'»)"),
    (Code::LooseMatch, "p.host.endsWith('example.com') || p.path.startsWith('/etc')"),
    (Code::LooseMatch, "!«p.host.endsWith('example.com')» || «p.path.contains('..')»"),
    // Policies that are not about calls of tools, and arguments of calls.
    (Code::FailsOpen, "has(p.mfa) && !p.mfa"),
];

#[test]
fn what_lets_a_call_through() {
    for (rows, effect) in [(ALLOW, "allow"), (DENY, "deny")] {
        for (code, when) in rows {
            let head = format!("policyc: 1\ndefault: deny\n{CALLS}rules:\n");
            let marked = format!("{head}  - id: r\n    when: |-\n      {when}\n    {effect}: x\n");
            assert_found(*code, "p.yaml", &marked);
        }
    }
}

/// Variables are looked through, and so are plain rules of CEL.
#[test]
fn parts_of_conditions_are_found_wherever_they_stand() {
    let marked = "policyc: 1\ndefault: deny\nschema: {p: dyn}\nvariables:\n  \
        - known: p.env.matches(«'prod'»)\nrules:\n  - {id: r, when: variables.known, allow: x}\n";
    assert_found(Code::UnanchoredPattern, "p.yaml", marked);
    let marked = "policyc: 1\ndefault: deny\nschema: {p: dyn}\nvariables:\n  \
        - known: p.env.matches('prod')\nrules:\n  - {id: r, when: variables.known, deny: x}\n";
    assert_found(Code::UnanchoredPattern, "p.yaml", marked);
    for (text, code) in [
        ("p.env.matches('prod') ? deny('x') : allow()", Code::UnanchoredPattern),
        ("!p.env.matches(«'prod'») ? deny('x') : allow()", Code::UnanchoredPattern),
        ("p.env.matches(«'prod'») ? allow() : deny('x')", Code::UnanchoredPattern),
        ("p.a == 1 ? deny('not {«p.password»}') : allow()", Code::SecretInReason),
    ] {
        assert_found(code, "p.cel", &format!("// @id r\n{text}\n"));
    }
}

/// Guards about what the host says of a call of a tool.
#[test]
fn guards_of_calls() {
    let document = |rules: &str| {
        format!(
            "policyc: 1\ndefault: deny\nschema: {{s: {{mfa: optional bool, \
             zone: optional string}}}}\ntools: {{send: {{args: {{to: optional string}}}}}}\n\
             rules:\n  - {{id: a, on: [send], allow: x}}\n{rules}"
        )
    };
    for rules in [
        "  - {id: r, on: [send], when: «has(s.mfa)» && !s.mfa, deny: x}\n",
        "  - {id: r, on: [send], when: «has(s.zone)» && s.zone != 'eu', deny: x}\n",
        "  - {id: r, on: [send], when: \"«has(s.zone)» && !(s.zone in ['eu'])\", \
         escalate: {to: [a]}}\n",
        // What is bad is not held back where it is not there.
        "  - {id: r, on: [send], when: has(s.zone) && s.zone == 'us', deny: x}\n",
        // Who leaves an argument out asks for less.
        "  - {id: r, on: [send], when: has(args.to) && args.to != 'a', deny: x}\n",
        // Another rule asks for it.
        "  - {id: r, on: [send], when: has(s.mfa) && !s.mfa, deny: x}\n  \
         - {id: q, on: [send], when: '!has(s.mfa)', deny: x}\n",
    ] {
        assert_found(Code::FailsOpen, "p.yaml", &document(rules));
    }
    // Everything is denied in the end, so nothing gets through.
    let closed = "  - {id: r, on: [send], when: has(s.mfa) && !s.mfa, deny: x}\n  \
        - {id: q, on: [send], deny: x}\n";
    assert_found(Code::FailsOpen, "p.yaml", &document(closed));
}

/// The input that shows an open guard was decided, and lacks the value.
#[test]
fn open_guards_come_with_an_input() {
    for (rule, example) in [
        (
            "{id: r, on: [send], when: '!has(args.n) || args.n < 3', allow: x}",
            r#"{"action":{"args":{},"tool":"send"}} → allow"#,
        ),
        (
            "{id: a, on: [send], allow: x}\n  - {id: r, on: [send], \
             when: has(s.mfa) && !s.mfa, deny: x}",
            r#"{"action":{"tool":"send"},"s":{}} → allow"#,
        ),
    ] {
        let text = format!(
            "policyc: 1\ndefault: deny\nschema: {{s: {{mfa: optional bool}}}}\n\
             tools: {{send: {{args: {{n: optional int}}}}}}\nrules:\n  - {rule}\n"
        );
        let found = checked(&project("p.yaml", &text)).expect("a policy");
        let open = found.iter().find(|it| it.code == Code::FailsOpen).expect("it is open");
        assert_eq!(open.example.as_deref(), Some(example));
    }
}

#[test]
fn wildcards_that_reach_tools_that_act() {
    let document = |rules: &str| {
        format!(
            "policyc: 1\ndefault: deny\ntools:\n  read_file: {{effect: none}}\n  \
             write_file: {{effect: state}}\n  other: {{}}\nrules:\n{rules}"
        )
    };
    for rules in [
        "  - {id: r, on: ['«*_file»'], allow: x}\n",
        "  - {id: r, on: ['«*»'], when: action.server == 'a', allow: x}\n",
        "  - {id: «r», allow: x}\n",
        "  - {id: r, on: ['read_*', 'o*'], allow: x}\n",
        "  - {id: r, on: ['*_file', write_file], allow: x}\n",
        "  - {id: r, on: ['*'], when: 'action.tool in [\"read_file\"]', allow: x}\n",
        "  - {id: r, on: ['*_file'], allow: x}\n  - {id: s, on: ['write_*'], deny: x}\n",
        "  - {id: r, when: action.server == 'a', allow: x}\n",
        "  - {id: r, on: ['*_file'], deny: x}\n",
    ] {
        assert_found(Code::WildcardAllow, "p.yaml", &document(rules));
    }
    let unknown = "policyc: 1\ndefault: deny\nrules:\n  - {id: r, on: ['«*»'], allow: x}\n";
    assert_found(Code::WildcardAllow, "p.yaml", unknown);
}

#[test]
fn messages_that_tell() {
    for message in [
        "no {«p.password»}",
        "no {p.user.name + «p.api_key»}",
        "no {«p['token']»}",
        "no {v}",
        "{p.max_tokens} of {p.page_token} {size(p.token)} {has(p.token)} {p.token == 'x'}",
        "{p.keyboard} {p.key} {p.secretary} {n.token}",
    ] {
        let document = format!(
            "policyc: 1\ndefault: deny\nschema: {{p: dyn, n: {{token: int}}}}\nvariables:\n  \
             - v: p.x\nrules:\n  - {{id: r, when: p.x == 1, deny: \"{message}\"}}\n"
        );
        assert_found(Code::SecretInReason, "p.yaml", &document);
    }
    let through = "policyc: 1\ndefault: deny\nschema: {p: dyn}\nvariables:\n  - v: «p.secret»\n\
        rules:\n  - {id: r, when: p.x == 1, deny: 'no {v}'}\n";
    assert_found(Code::SecretInReason, "p.yaml", through);
}

#[test]
fn letters_that_look_like_others() {
    let marked = "policyc: 1\ndefault: deny\nschema: {p: dyn}\ntools: {«rеad»: {}, list: {}}\n\
        rules:\n  - {id: «pаy», on: [list], when: \"p.role == «'аdmin'» || p.x.matches('[aа]')\", \
        deny: 'аdmin'}\n  - {id: роса, on: ['l*'], when: \"p.role in [«'rооt'», 'корень']\", \
        escalate: {to: [«rоle»]}}\n";
    assert_found(Code::Confusable, "p.yaml", marked);
}

#[test]
fn loops_in_loops() {
    for when in [
        "r.a.exists(x, «r.b».exists(y, x == y))",
        "r.a.all(x, «r.b».filter(y, x == y).size() == 1)",
        "r.l.all(x, x.l.exists(y, y == 1))",
        "r.a.exists(x, r.few.exists(y, x == y))",
        "r.a.filter(x, r.b[0] == x).exists(y, y == 1)",
        "r.a.exists(x, [1, 2, 3].exists(y, x == y))",
        "v.exists(x, «r.b».exists(y, x == y))",
        "r.b.filter(y, y == 1).exists(x, x == 3) && r.a.exists(x, x == 1)",
    ] {
        let document = format!(
            "policyc: 1\ndefault: deny\nschema: {{r: {{a: {{items: int, maxItems: 200}}, \
             b: {{items: int, maxItems: 100}}, few: {{items: int, maxItems: 5}}, \
             l: {{items: {{l: {{items: int, maxItems: 200}}}}, maxItems: 200}}}}}}\n\
             variables: [{{v: 'r.a.map(x, x)'}}]\nrules:\n  \
             - {{id: r, when: \"{when}\", deny: x}}\n"
        );
        assert_found(Code::NestedLoops, "p.yaml", &document);
    }
    for when in [
        "r.a.exists(x, x in «r.b»)",
        "r.a.exists(x, x in r.few) || r.a[0] in r.b",
        "r.a.exists(x, x in [1, 2])",
    ] {
        let document = format!(
            "policyc: 1\ndefault: deny\nschema: {{r: {{a: {{items: int, maxItems: 200}}, \
             b: {{items: int, maxItems: 100}}, few: {{items: int, maxItems: 5}}}}}}\nrules:\n  \
             - {{id: r, when: \"{when}\", deny: x}}\n"
        );
        assert_found(Code::RepeatedSearch, "p.yaml", &document);
    }
}

#[test]
fn what_nobody_uses() {
    let tools = "policyc: 1\ndefault: deny\ntools: {a_b: {}, «c»: {}, d: {}}\nrules:\n";
    let rules = "  - {id: r, on: ['a_*', d], allow: x}\n";
    assert_found(Code::UnusedTool, "p.yaml", &format!("{tools}{rules}"));
    let all = "  - {id: q, when: action.server == 'x', deny: x}\n";
    let marked = format!("{tools}{rules}{all}").replace(['«', '»'], "");
    assert_found(Code::UnusedTool, "p.yaml", &marked);
    let marked = "policyc: 1\ndefault: deny\nschema: {p: dyn}\nfunctions:\n  \
        ask: {params: [string], result: bool}\n  \
        «tell»: {params: [string], result: bool}\nwindows:\n  \
        a: {days: [mon], from: '08:00', to: '09:00', zone: UTC}\n  \
        «b»: {days: [mon], from: '08:00', to: '09:00', zone: UTC}\nrules:\n  \
        - {id: r, when: windows.a.contains(now) && ask(p.x), deny: x}\n";
    assert_found(Code::UnusedDeclaration, "p.yaml", marked);
}

#[test]
fn ids() {
    let document = |ids: &[&str]| {
        let rule = |id: &&str| format!("  - {{id: {id}, when: r.b, deny: x}}\n");
        let rules: String = ids.iter().map(rule).collect();
        format!("policyc: 1\ndefault: deny\n{TYPES}rules:\n{rules}")
    };
    for ids in [
        &["a-b", "c-d", "«e_f»", "g", "«hI»", "k8s.x-y"][..],
        &["a_b", "c_d", "«e-f»"],
        &["aB", "cD", "«E»", "fG"],
        &["a_b", "c-d"],
        &["one", "two"],
        &["«a-B_c»", "d-e", "f-g"],
    ] {
        assert_found(Code::IdNaming, "p.yaml", &document(ids));
    }
}

/// What nobody asked for takes no room from what is told.
#[test]
fn silent_lints_take_no_room() {
    let rule = |at: usize| format!("  - {{id: r{at}, when: r.n == {at}, deny: x}}\n");
    let rules: String = (0..1_200).map(rule).collect();
    let last = "  - {id: last, when: r.b == true, deny: x}\n";
    let text = format!("policyc: 1\ndefault: deny\n{TYPES}rules:\n{rules}{last}");
    let mut sink = Sink::new();
    let files = project("p.yaml", &text);
    lint(&files, &Settings::default(), &only(&["W0562"]), &mut sink);
    let (found, dropped) = sink.finish();
    let codes: Vec<Code> = found.iter().map(|it| it.code).collect();
    assert_eq!((codes, dropped), (vec![Code::BoolComparison], 0));
}

/// Nobody wrote the conditionals, and numbered the rules, of a document of Kubernetes.
#[test]
fn documents_of_kubernetes_are_read_as_they_are_written() {
    let marked = "\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: a_b-C}
spec:
  failurePolicy: Fail
  matchConditions:
    - {name: a, expression: 'object.a == 1'}
    - {name: b, expression: 'object.a == 2'}
    - {name: c, expression: 'object.a == 3'}
  validations:
    - expression: 'object.b == 1'
    - expression: '!(object.b == 1)'
";
    for code in [Code::BoolConditional, Code::IdNaming, Code::EqualityChain, Code::DoubleNegation] {
        assert_found(code, "p.yaml", marked);
    }
}
