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
];

#[test]
fn plans() {
    for (code, more, steps) in PLANS {
        let text = format!("{HEAD}{more}plan:\n  id: p\n  steps:\n{steps}");
        assert_found(*code, "p.yaml", &text);
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
