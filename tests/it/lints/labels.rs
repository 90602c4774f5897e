//! What lints find in labels, outputs, flow rules and approvals, and what looks like it: marked by
//! hand.

use policyc::diag::codes::Code;

use super::found::assert_found;

const HEAD: &str = "policyc: 1\ndefault: deny\n";

const LABELS: &str = "labels: {integrity: {untrusted: [mail], own: [row], clean: [sql]}, \
    secrecy: {secret: [mail, key]}, implies: {secret.key: [secret.mail]}}\n";

/// A section or more of a document each, with marks.
const DOCUMENTS: &[(Code, &str)] = &[
    (
        Code::TrustedRest,
        "tools: {a: {effect: none, output: {'«»': {labels: [own.row]}, \
            /*/body: {labels: [untrusted.mail]}}}}\n",
    ),
    (
        Code::TrustedRest,
        "tools: {a: {effect: none, output: {«/mails/*»: {labels: [own.row]}, \
            /*/0/body: {labels: inherit}}}}\n",
    ),
    // Beside each other, in another list, below what nobody trusts.
    (
        Code::TrustedRest,
        "tools: {a: {effect: none, output: {/*/id: {labels: [own.row]}, \
            /*/body: {labels: [untrusted.mail]}}}, \
            b: {effect: none, output: {/a: {labels: [own.row]}, /b/c: {labels: inherit}}}, \
            c: {effect: none, output: {'': {labels: [untrusted.mail]}, /a: {labels: [own.row]}, \
            /a/b: {labels: [untrusted.mail]}}}}\n",
    ),
    (
        Code::ReadBack,
        "tools: {set: {effect: state, args: {text: string payload, n: int payload}}, \
            get: {effect: none, output: {«/*/text»: {labels: [own.row]}, \
            /*/n: {labels: [own.row]}}}}\n",
    ),
    (
        Code::ReadBack,
        "tools: {add_notes: {effect: state, args: {text: string payload}}, \
            read_note: {effect: none, output: {'«»': {labels: [own.row]}}}, \
            read_page: {effect: none, output: {'': {labels: [own.row]}}}}\n",
    ),
    // It is said to be untrusted, by whom it was written, or it is no payload.
    (
        Code::ReadBack,
        "tools: {add_notes: {effect: state, args: {text: string payload, id: string target}}, \
            read_note: {effect: none, output: {/*/id: {labels: [own.row]}, \
            /*/text: {labels: [untrusted.mail]}}}, \
            all_notes: {effect: none, output: {'': {labels: [own.row]}, \
            /*/text: {labels: [untrusted.mail]}}}}\n",
    ),
    (
        Code::ReadBack,
        "tools: {add: {effect: state, store: 'n/{args.id}', \
            args: {id: string target, text: string payload}}, \
            read: {effect: none, store: 'n/{id}', output: {/*/text: {labels: [own.row]}}}}\n",
    ),
    // What is said of names is said of nothing that members hold.
    (
        Code::TrustedRest,
        "tools: {a: {effect: none, output: {/~keys: {labels: [own.row]}, \
            /*/text: {labels: [untrusted.mail]}}}}\n",
    ),
    // Who lists channels, or who is in one, gives no messages.
    (
        Code::ReadBack,
        "tools: {send_channel_message: {effect: egress, args: {to: string target, \
            body: string payload}}, \
            get_channels: {effect: none, output: {/*: {labels: [own.row]}}}, \
            get_users_in_channel: {effect: none, output: {'': {labels: [own.row]}}}, \
            read_channel_messages: {effect: none, output: {«/*»: {labels: [own.row]}}}, \
            get_message: {effect: none, output: {'«»': {labels: [own.row]}}}}\n",
    ),
    (
        Code::ReadBack,
        "tools: {reply_to_thread: {effect: egress, args: {text: string payload}}, \
            get_threads: {effect: none, output: {/*: {labels: [own.row]}}}, \
            get_thread_replies: {effect: none, output: {«/*»: {labels: [own.row]}}}, \
            add_comment_to_issue: {effect: egress, args: {text: string payload}}, \
            list_issues: {effect: none, output: {/*: {labels: [own.row]}}}, \
            get_issue: {effect: none, output: {'«»': {labels: [own.row]}}}}\n",
    ),
    (
        Code::UnsaidOutput,
        "tools: {«a»: {effect: state}, b: {effect: none}, c: {effect: egress, \
            output: {'': {labels: inherit}}}, d: {args: {x: string}}}\n",
    ),
    (
        Code::UnreadTarget,
        "tools: {a: {effect: egress, args: {to: string target, cc: string target, \
            by: string, body: string payload}}, b: {effect: state, args: {to: string target, \
            x: string target, body: string payload}}}\n\
            flow: [{id: f, sink: {effect: egress, arg: payload}, forbid: 'secret.*', \
            unless: '«readable(arg, args.to)»', over: deny}]\n",
    ),
    (
        Code::UnreadTarget,
        "tools: {a: {effect: egress, args: {to: string target, cc: string target, \
            body: string payload}}}\n\
            flow: [{id: f, sink: {effect: egress, arg: payload}, forbid: 'secret.*', \
            unless: 'readable(arg, args.to) && (readable(arg, args.cc) || args.cc == \"\")', \
            over: deny}]\n",
    ),
    (
        Code::WideApproval,
        "tools: {a: {effect: egress, args: {to: string target}}}\n\
            flow: [{id: «f», sink: {arg: target}, forbid: 'untrusted.*', \
            over: {escalate: {to: [user], timeout: 5m, binds: [tool], uses: 2}}}, \
            {id: g, sink: {arg: target}, forbid: 'secret.*', \
            over: {escalate: {to: [user], timeout: 5m, binds: [tool], uses: 1}}}, \
            {id: h, sink: {arg: target}, forbid: 'own.*', \
            over: {escalate: {to: [user], timeout: 5m, binds: [args], uses: 9}}}]\n\
            meters: {m: {on: a, window: session}}\n\
            limits: [{meter: «m», max: 1, \
            over: {escalate: {to: [user], timeout: 5m, binds: [tool], uses: 1000}}}]\n\
            rules: [{id: r, on: [a], \
            «escalate»: {to: [user], timeout: 5m, binds: [tool], uses: 2}}]\n",
    ),
    (
        Code::TrustedExcuse,
        "tools: {a: {effect: egress, args: {to: string target}}}\n\
            flow: [{id: f, sink: {arg: target}, forbid: 'untrusted.*', unless: \
            \"«label(arg, 'own.*')» || «kind(arg) == 'model'» || from(arg) == 'prompt'\", \
            over: deny}, {id: g, sink: {arg: target}, forbid: 'secret.*', unless: \
            \"!label(arg, 'own.*') || label(arg, 'clean.sql') || kind(arg) != 'model'\", \
            over: deny}, {id: h, sink: {arg: target}, forbid: 'own.*', unless: \
            \"label(arg, 'own.row') && kind(arg) != 'model' || \
            «label(arg, 'own.*')» && from(arg) != 'prompt'\", over: deny}]\n",
    ),
    (
        Code::UnwatchedTool,
        "tools: {a: {effect: egress, args: {to: string target}}, \
            «b»: {effect: egress, args: {to: string, n: int}}, \
            c: {effect: state, args: {n: int}}, d: {effect: none, args: {to: string}}, \
            «e»: {effect: egress, args: {to: string payload}}, \
            f: {effect: credential, args: {to: string}}}\n\
            flow: [{id: f, sink: {effect: egress, arg: target}, forbid: 'untrusted.*', \
            over: deny}, {id: g, sink: {tool: f}, forbid: 'untrusted.*', over: deny}]\n",
    ),
    // A rule objects to whatever it is called with; in the shadow, or to some of it, it does not.
    (
        Code::UnwatchedTool,
        "tools: {a: {effect: egress, args: {to: string target}}, \
            b: {effect: credential, args: {to: string}}, \
            «c»: {effect: credential, args: {to: string}}, \
            «d»: {effect: credential, args: {to: string}}}\n\
            rules: [{id: r, on: [b], escalate: {to: [user]}}, \
            {id: s, on: [c], mode: shadow, deny: x}, \
            {id: t, on: [d], when: \"args.to == 'x'\", deny: x}, {id: u, on: [d], allow: x}]\n\
            flow: [{id: f, sink: {arg: target}, forbid: 'untrusted.*', over: deny}]\n",
    ),
    // One that asks where a value comes from looks at it; what else was read is no value.
    (
        Code::UnwatchedTool,
        "tools: {a: {effect: egress, args: {to: string target}}, \
            b: {effect: credential, args: {to: string}}, \
            «c»: {effect: credential, args: {to: string}}, \
            «d»: {effect: credential, args: {to: string}}}\n\
            rules: [{id: r, on: [b], when: \"from(args.to) != 'prompt' || ctx != []\", \
            escalate: {to: [user]}}, \
            {id: s, on: [c], when: \"label(ctx, 'untrusted.*')\", deny: x}, \
            {id: t, on: [d], when: \"from(args.to) == 'prompt'\", allow: x}]\n\
            flow: [{id: f, sink: {arg: target}, forbid: 'untrusted.*', over: deny}]\n",
    ),
    (Code::UnwatchedTool, "tools: {b: {effect: egress, args: {to: string}}}\n"),
    (
        Code::AddressRead,
        "tools: {a: {effect: egress, args: {to: string target}}, \
            b: {effect: none, args: {«page_url»: string}}, \
            c: {effect: none, args: {curl: string}}, \
            d: {effect: egress, args: {url: string}}, e: {effect: none, args: {url: int}}}\n\
            flow: [{id: f, sink: {arg: target}, forbid: 'untrusted.*', over: deny}]\n",
    ),
    (
        Code::FreeKey,
        "tools: {a: {effect: egress, args: {to: string, by: string, n: int}}}\n\
            meters: {m: {on: a, key: 'principal.id + «args.to» + args.by + string(args.n)', \
            window: session}, o: {on: a, key: args.to, window: session}}\n\
            limits: [{meter: m, max: 1, over: deny}]\n\
            rules: [{id: r, on: [a], when: \"!(args.by in ['x'])\", deny: x}]\n",
    ),
    (
        Code::UnaskedLabel,
        "tools: {a: {effect: egress, args: {to: string target}}}\n\
            flow: [{id: f, sink: {arg: target}, forbid: 'secret.mail', over: deny}]\n",
    ),
];

#[test]
fn labels() {
    for (code, text) in DOCUMENTS {
        // One label of three is asked for there: one brings it with it, and one nobody trusts.
        let is_asked = *code == Code::UnaskedLabel;
        let labels =
            if is_asked { LABELS.replace("[mail],", "[«mail»],") } else { LABELS.into() };
        let rules = "rules: [{id: all, on: ['*'], allow: a call}]\n";
        let rules = if text.contains("rules:") { "" } else { rules };
        assert_found(*code, "p.yaml", &format!("{HEAD}{labels}{text}{rules}"));
    }
}

#[test]
fn who_sees_all_labels_asks_for_each() {
    for (asks, mark) in [
        ("labels(args.to) == []", false),
        ("ctx == []", false),
        ("label(ctx, 'secret.*') && label(args.to, 'untrusted.*')", false),
        ("label(ctx, 'own.*')", true),
    ] {
        let labels = if mark {
            "labels: {integrity: {untrusted: [«mail»], own: [row]}, \
                secrecy: {secret: [«key»]}}\n"
        } else {
            "labels: {integrity: {untrusted: [mail], own: [row]}, secrecy: {secret: [key]}}\n"
        };
        let text = format!(
            "{HEAD}{labels}tools: {{a: {{effect: egress, args: {{to: string target}}}}}}\n\
             rules: [{{id: r, on: [a], when: \"{asks}\", deny: x}}]\n"
        );
        assert_found(Code::UnaskedLabel, "p.yaml", &text);
    }
}
