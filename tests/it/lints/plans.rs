//! What lints find in plans, tools and limits, and what looks like it: marked by hand.

use policyc::diag::codes::Code;

use super::found::assert_found;

const HEAD: &str = "\
policyc: 1
default: deny
labels: {integrity: {untrusted: [file], own: [row]}}
tools:
  look: {effect: none, args: {at: optional string}, output: {'': {labels: [own.row]}}}
  read: {effect: none, args: {at: optional string}}
  copy: {effect: state, args: {text: string payload}}
  note: {effect: state, args: {text: string payload}, output: {'': {labels: [own.row]}}}
  pay: {effect: egress, args: {to: string target, cc: optional string target, body: payload}}
  wipe: {effect: destructive, args: {id: string target}}
rules: [{id: all, on: [look, read, copy, note, pay, wipe], allow: a call}]
";

const WATCHED: &str = "flow: [{id: f, sink: {arg: target}, forbid: 'untrusted.*', over: deny}]\n";

const CLOSED: &str = "flow: [{id: f, sink: {arg: target}, closed_world: true, over: deny}]\n";

/// Sections, and the steps of a plan, with marks.
const PLANS: &[(Code, &str, &str)] = &[
    (Code::OpenTarget, "", "    «a»: {tool: pay, args: {to: {eq: x}, body: {eq: y}}}\n"),
    (Code::OpenTarget, "", "    a: {tool: pay, args: {to: {eq: x}, '«*»': {max_bytes: 9}}}\n"),
    (Code::OpenTarget, "", "    a: {tool: pay, args: {'*': {from: [model]}}}\n"),
    (Code::OpenTarget, WATCHED, "    a: {tool: pay}\n    b: {tool: read}\n"),
    (Code::OpenTarget, "", "    a: {tool: copy}\n    b: {tool: read}\n"),
    // Through a tool that gives back what it is given.
    (
        Code::TaintedSink,
        "",
        "    a: {tool: read}\n    b: {tool: copy, after: [a], \
            args: {text: {from: [a]}}}\n    c: {tool: pay, after: [b], \
            args: {to: {from: [prompt, «b»]}, body: {max_bytes: 9}}}\n",
    ),
    (
        Code::TaintedSink,
        "",
        "    a: {tool: read}\n    b: {tool: note, after: [a], \
            args: {text: {from: [a]}}}\n    c: {tool: pay, after: [b], \
            args: {to: {from: [prompt, b]}}}\n",
    ),
    (
        Code::TaintedSink,
        "",
        "    a: {tool: look}\n    c: {tool: pay, after: [a], \
            args: {to: {from: [a]}, body: {from: [prompt]}}}\n",
    ),
    (
        Code::TaintedSink,
        "",
        "    a: {tool: read}\n    c: {tool: pay, after: [a], args: \
            {to: {from: [a], matches: '^x$'}, cc: {from: [a], in: [x]}, body: {from: [«a»]}}}\n",
    ),
    (
        Code::UnboundedStep,
        "",
        "    «a»: {tool: copy}\n    b: {tool: read}\n    \
            c: {tool: copy, times: 2}\n",
    ),
    (
        Code::UnboundedStep,
        "meters: {m: {on: [copy], window: session}}\n\
            limits: [{meter: m, max: 2, over: deny}]\n",
        "    a: {tool: copy}\n",
    ),
    (
        Code::UnboundedStep,
        "meters: {m: {on: [copy], window: session}}\n",
        "    «a»: {tool: copy}\n",
    ),
    (
        Code::IrreversibleFirst,
        "",
        "    a: {tool: look}\n    b: {tool: look, after: [a]}\n    \
            w: {tool: wipe, after: [a], args: {id: {from: [a, «b»]}}}\n",
    ),
    (
        Code::IrreversibleFirst,
        "",
        "    a: {tool: look}\n    b: {tool: look, after: [a]}\n    \
            w: {tool: wipe, after: [b], args: {id: {from: [a, b, prompt]}}}\n",
    ),
    (
        Code::DeadStep,
        "",
        "    a: {tool: look}\n    «b»: {tool: look}\n    \
            c: {tool: look, args: {at: {eq: x}}}\n",
    ),
    (
        Code::DeadStep,
        "",
        "    a: {tool: look, times: 1}\n    b: {tool: look, times: 1}\n    \
            c: {tool: read, after: [b]}\n    d: {tool: read}\n",
    ),
    (
        Code::DeadStep,
        "",
        "    «a»: {tool: copy, args: {text: {from: [b]}}}\n    \
            b: {tool: read, after: [a]}\n",
    ),
    (
        Code::DeadStep,
        "",
        "    a: {tool: copy, args: {text: {from: [b, prompt]}}}\n    \
            b: {tool: look, after: [a], args: {at: {from: [b]}}}\n",
    ),
    (
        Code::OpenWorld,
        CLOSED,
        "    a: {tool: pay, args: {to: {from: [prompt, «model»]}, body: {from: [model]}}}\n",
    ),
    (Code::OpenWorld, CLOSED, "    a: {tool: wipe, args: {id: {from: [prompt]}}}\n"),
    // What is said of all arguments excuses none.
    (Code::OpenWorld, CLOSED, "    a: {tool: pay, args: {'*': {from: [model]}}}\n"),
    (Code::OpenWorld, WATCHED, "    a: {tool: pay, args: {to: {from: [model]}}}\n"),
];

#[test]
fn plans() {
    for (code, more, steps) in PLANS {
        let text = format!("{HEAD}{more}plan:\n  id: p\n  steps:\n{steps}");
        assert_found(*code, "p.yaml", &text);
    }
}

#[test]
fn approvals_that_nobody_counts() {
    let document = |escalation: &str, more: &str| {
        format!(
            "policyc: 1\ndefault: deny\ntools: {{pay: {{effect: egress, args: {{n: int}}}}}}\n\
             rules: [{{id: all, on: [pay], allow: a call}}, \
             {{id: r, on: [pay], when: args.n > 5, {escalation}}}]\n{more}"
        )
    };
    for (escalation, more) in [
        ("«escalate»: {to: [user], quorum: 2}", ""),
        ("«escalate»: {to: [user], binds: [tool]}", ""),
        ("«escalate»: {to: [user], valid_for: 5m}", ""),
        ("«escalate»: {to: [user], uses: 1}", ""),
        ("«escalate»: {to: [user], fatigue: {max: 2, per: 1h}}", ""),
        // A host may keep these itself.
        ("escalate: {to: [user], timeout: 5m, on_timeout: deny, quorum: 1}", ""),
        ("escalate: {to: [user], uses: 1}", "meters: {m: {on: pay, window: session}}\n"),
        ("escalate: {to: [user], uses: 1}", "labels: {i: {untrusted: [web]}}\n"),
        ("escalate: {to: [user], uses: 1}", "plan: {id: p, steps: {a: {tool: pay}}}\n"),
    ] {
        assert_found(Code::IdleApproval, "p.yaml", &document(escalation, more));
    }
}

#[test]
fn grants_that_change_nothing() {
    let document = |default: &str, rules: &str, more: &str| {
        format!(
            "policyc: 1\ndefault: {default}\ntools: {{pay: {{effect: egress, args: {{n: int}}}}, \
             look: {{effect: none}}}}\n{more}rules:\n{rules}"
        )
    };
    let (meter, ask) = ("meters: {m: {on: '*', window: session}}\n", "{to: [user]}");
    let large = format!("  - {{id: r, on: [pay], when: args.n > 5, «escalate»: {ask}}}\n");
    let plain = large.replace(['«', '»'], "");
    for (default, rules, more) in [
        ("deny", large.clone(), meter),
        ("{escalate: {to: [user]}}", large.clone(), meter),
        ("deny", format!("{large}  - {{id: a, on: [look], allow: x}}\n"), meter),
        ("deny", format!("{large}  - {{id: a, on: [pay], when: args.n < 5, allow: x}}\n"), meter),
        // One that only watches allows nothing.
        ("deny", format!("{large}  - {{id: a, on: [pay], mode: shadow, allow: x}}\n"), meter),
        ("deny", format!("{plain}  - {{id: a, on: [pay], allow: x}}\n"), meter),
        ("deny", format!("{plain}  - {{id: a, on: [pay], when: args.n < 7, allow: x}}\n"), meter),
        ("allow", plain.clone(), meter),
        // Approvals that a host keeps itself may mean anything.
        ("deny", plain.clone(), ""),
        (
            "deny",
            format!("{plain}  - {{id: a, on: [pay], when: 'approved(\"r\")', allow: x}}\n"),
            meter,
        ),
    ] {
        assert_found(Code::VainGrant, "p.yaml", &document(default, &rules, more));
    }
}

#[test]
fn tools_that_go_around() {
    let document = |on: &str, more: &str| {
        format!(
            "policyc: 1\ndefault: deny\ntools:\n  \
             send: {{effect: egress, args: {{to: target}}}}\n  \
             plan: {{effect: egress, args: {{to: target, at: string}}}}\n  \
             store: {{effect: state, args: {{to: target}}}}\n  \
             ask: {{effect: egress, args: {{to: target, by: target}}}}\n\
             meters: {{{on}}}\nlimits: [{{meter: m, max: 3, over: deny}}{more}]\n\
             rules: [{{id: all, on: [send, plan, store, ask], allow: a call}}]\n"
        )
    };
    for (on, more) in [
        ("«m»: {on: send, window: session}", ""),
        ("m: {on: [send, plan], window: session}", ""),
        ("m: {on: '*', window: session}", ""),
        (
            "m: {on: send, window: session}, n: {on: plan, window: session}",
            ", {meter: n, max: 3, over: deny}",
        ),
        ("«m»: {on: send, window: session}, n: {on: plan, window: session}", ""),
        ("m: {on: ask, window: session}", ""),
    ] {
        assert_found(Code::SplitLimit, "p.yaml", &document(on, more));
    }
}

/// A plan whose text goes through `pick` or `scrub` before it names whom to pay.
fn cleaned(sanitizer: &str, tool: &str, argument: &str, source: &str) -> String {
    format!(
        "policyc: 1\ndefault: deny\n\
         labels: {{integrity: {{untrusted: [file, web], own: [row]}}}}\n\
         tools:\n  \
         read: {{effect: none, output: {{'': {{labels: [untrusted.file]}}}}}}\n  \
         crawl: {{effect: none}}\n  \
         pick: {{effect: none, args: {{text: string, other: optional string}}, \
         output: {{'': {{labels: inherit}}}}}}\n  \
         scrub: {{effect: state, args: {{doc: dyn}}, output: {{'': {{labels: inherit}}}}}}\n  \
         pay: {{effect: egress, args: {{to: string target}}}}\n\
         sanitizers: {{{sanitizer}}}\n\
         rules: [{{id: all, on: ['*'], allow: a call}}]\n\
         plan:\n  id: p\n  steps:\n    \
         r: {{tool: {source}}}\n    \
         p: {{tool: {tool}, after: [r], args: {{{argument}: {{from: [r]}}}}}}\n    \
         s: {{tool: pay, after: [p], times: 1, args: {{to: {{from: [«p»]}}}}}}\n"
    )
}

#[test]
fn what_a_sanitizer_takes_away_flows_no_further() {
    let typed = "t: {tool: pick, arg: text, kind: typed, schema: {enum: [a, b]}, max_bits: 1, \
                 removes: ['untrusted.*']}";
    let named = "t: {tool: pick, arg: text, removes: [untrusted.file], requires: 'out != \"\"'}";
    let all = "t: {tool: pick, arg: text, removes: ['untrusted.*'], requires: 'out != \"\"'}";
    let unknown =
        "t: {tool: pick, arg: text, removes: [untrusted.unknown], requires: 'out != \"\"'}";
    let part = "t: {tool: scrub, arg: /doc/text, removes: [untrusted.file], requires: 'true'}";
    let whole = "t: {tool: scrub, arg: /doc, removes: [untrusted.file], requires: 'true'}";
    for (sanitizer, tool, argument, source, flows) in [
        (typed, "pick", "text", "read", false),
        (named, "pick", "text", "read", false),
        (all, "pick", "text", "read", false),
        (whole, "scrub", "doc", "read", false),
        (typed, "pick", "text", "crawl", false),
        (unknown, "pick", "text", "crawl", false),
        // What nobody knows goes only where it is named.
        (all, "pick", "text", "crawl", true),
        // Another label, another argument, another tool, and what is only a part.
        (unknown, "pick", "text", "read", true),
        (named, "pick", "other", "read", true),
        (named, "scrub", "doc", "read", true),
        (part, "scrub", "doc", "read", true),
    ] {
        let text = cleaned(sanitizer, tool, argument, source);
        let text = if flows { text } else { text.replace(['«', '»'], "") };
        let text = if argument == "other" {
            text.replace("other: {from", "text: {from: [prompt]}, other: {from")
        } else {
            text
        };
        assert_found(Code::TaintedSink, "p.yaml", &text);
    }
}

#[test]
fn a_tool_that_does_not_say_its_effect_may_have_any() {
    for (code, tools, more, steps) in [
        // It may leave.
        (
            Code::TaintedSink,
            "  read: {effect: none}\n  post: {args: {body: payload}}\n",
            "",
            "    r: {tool: read}\n    s: {tool: post, after: [r], times: 1, \
             args: {body: {from: [«r»]}}}\n",
        ),
        // It may bring in anything.
        (
            Code::TaintedSink,
            "  read: {args: {}}\n  pay: {effect: egress, args: {to: target}}\n",
            "",
            "    r: {tool: read, times: 1}\n    s: {tool: pay, after: [r], times: 1, \
             args: {to: {from: [«r»]}}}\n",
        ),
        // It may destroy.
        (
            Code::IrreversibleFirst,
            "  look: {effect: none, output: {'': {labels: [own.row]}}}\n  \
             tidy: {args: {id: target}}\n",
            "",
            "    r: {tool: look}\n    s: {tool: tidy, times: 1, args: {id: {from: [«r»]}}}\n",
        ),
        // It may store, and give back.
        (
            Code::Echo,
            "  keep: {args: {text: payload}, output: {'«»': {labels: [own.row]}}}\n",
            "",
            "    s: {tool: keep, times: 1}\n",
        ),
        // It may be what a rule of `flow` is about.
        (
            Code::OpenTarget,
            "  pay: {args: {to: target}}\n",
            "flow: [{id: f, sink: {effect: egress, arg: target}, forbid: 'untrusted.*', \
             over: deny}]\n",
            "    s: {tool: pay, times: 1}\n",
        ),
        // It may do what a limit holds back of another.
        (
            Code::SplitLimit,
            "  pay: {effect: egress, args: {to: target}}\n  send: {args: {to: target}}\n",
            "meters: {«m»: {on: pay, window: session}}\n\
             limits: [{meter: m, max: 3, over: deny}]\n",
            "    s: {tool: pay, times: 1, args: {to: {eq: x}}}\n",
        ),
    ] {
        let text = format!(
            "policyc: 1\ndefault: deny\nlabels: {{integrity: {{untrusted: [file], own: [row]}}}}\n\
             tools:\n{tools}{more}rules: [{{id: all, on: ['*'], allow: a call}}]\n\
             plan:\n  id: p\n  steps:\n{steps}"
        );
        assert_found(code, "p.yaml", &text);
    }
}

#[test]
fn roles_are_granted_what_the_plan_needs() {
    let document = |allow: &str, plan: &str| {
        format!(
            "policyc: 1\ndefault: deny\nschema: {{principal: {{roles: list<string>}}}}\ntools:\n  \
             look: {{effect: none}}\n  \
             pay: {{effect: egress, args: {{to: target}}, undo: refund}}\n  \
             refund: {{effect: egress, args: {{id: string}}}}\n  \
             wipe: {{effect: destructive, args: {{id: target}}}}\n\
             capabilities: {{default: deny, clerk: {{allow: [{allow}]}}}}\n\
             rules: [{{id: all, on: ['*'], allow: a call}}]\n\
             plan:\n  id: p\n{plan}"
        )
    };
    let steps = "  steps: {pay: {tool: pay, times: 1, args: {to: {eq: x}}}}\n";
    let ask = "{escalate: {to: [user], timeout: 5m, on_timeout: deny}}";
    for (allow, plan) in [
        ("pay, «wipe», «look»", steps.to_owned()),
        // What undoes a step is planned some time; a pattern means what is there.
        ("pay, refund", steps.to_owned()),
        ("pay, plan.replace", format!("{steps}  replace: {ask}\n")),
        ("pay, 'w*'", steps.to_owned()),
        ("pay, «wipe», look", format!("{steps}  reads: {{allow: [look]}}\n")),
        ("pay, wipe, «look»", format!("{steps}  deviation: {{effect: {ask}}}\n")),
        ("pay, «wipe», look", format!("{steps}  deviation: {{read_only: allow}}\n")),
        // Steps come at run time.
        ("wipe, look", String::new()),
    ] {
        assert_found(Code::UnusedGrant, "p.yaml", &document(allow, &plan));
    }
}

#[test]
fn labels_are_taken_away_family_by_family() {
    let document = |more: &str| {
        format!(
            "policyc: 1\ndefault: deny\n\
             labels: {{integrity: {{untrusted: [web, file]}}, secrecy: {{secret: [pii, key]}}}}\n\
             tools:\n  scrub: {{effect: state, args: {{text: string}}, \
             output: {{'': {{labels: inherit}}}}}}\n\
             rules: [{{id: all, on: [scrub], allow: a call}}]\n{more}"
        )
    };
    let sanitizer = |removes: &str| {
        document(&format!(
            "sanitizers: {{s: {{tool: scrub, arg: text, removes: [{removes}], \
             requires: 'true'}}}}\n"
        ))
    };
    let declassify = |from: &str| {
        document(&format!(
            "declassify: [{{id: d, from: {from}, to: none, at: {{tool: scrub, path: ''}}, \
             by: 'role:owner', reason: theirs}}]\n"
        ))
    };
    for text in [
        sanitizer("untrusted.web, untrusted.file, «secret.pii», secret.key"),
        sanitizer("'untrusted.*'"),
        declassify("[secret.pii, «untrusted.web»]"),
        declassify("'secret.*'"),
    ] {
        assert_found(Code::WideSanitizer, "p.yaml", &text);
    }
}

#[test]
fn the_model_is_trusted_with_payloads_alone() {
    let document = |sink: &str, trust: &str| {
        format!(
            "policyc: 1\ndefault: deny\nlabels: {{integrity: {{untrusted: [web]}}}}\ntools:\n  \
             find: {{effect: none, args: {{who: string target}}}}\n  \
             send: {{effect: egress, args: {{to: target, body: payload}}}}\n\
             flow: [{{id: f, sink: {{{sink}}}, forbid: 'untrusted.*', {trust}, over: deny}}]\n\
             rules: [{{id: all, on: [find, send], allow: a call}}]\n"
        )
    };
    for (sink, trust) in [
        ("arg: [payload, target]", "trust_model: «true»"),
        ("arg: to", "trust_model: «true»"),
        ("effect: egress, arg: target", "trust_model: «true»"),
        ("arg: target", "trust_model: false"),
        ("arg: payload", "trust_model: true"),
        // It only reads.
        ("tool: find, arg: target", "trust_model: true"),
        ("effect: [state, none], arg: target", "trust_model: true"),
    ] {
        assert_found(Code::TrustedModel, "p.yaml", &document(sink, trust));
    }
}
