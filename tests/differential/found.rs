//! What was found once: expressions on which evaluators differed, or whose bundle was refused.

use serde_json::{Value as Json, json};

use crate::ours::{Fault, Ours};

/// Expression, context, and what all must say: a value, or the class of the failure.
fn rows() -> Vec<(&'static str, Json, Result<&'static str, &'static str>)> {
    let at = |time: &str| json!({"at": time});
    vec![
        // Doubles that are no number are one constant, whatever made them.
        ("[d, 0.0 / 0.0, double('NaN')].size()", json!({"d": 1.0}), Ok("3")),
        ("double('NaN') < (0.0 / 0.0) + d", json!({"d": 1.0}), Ok("false")),
        // A text that is no duration is none, however many digits it has.
        ("duration(s)", json!({"s": "9".repeat(64)}), Err("BAD_CONVERSION")),
        ("duration(s)", json!({"s": "2562048h"}), Err("OVERFLOW")),
        ("timestamp(s)", json!({"s": "9999-12-31T23:59:59-01:00"}), Err("OVERFLOW")),
        // Below what is no object there are no keys.
        ("x.x", json!({"x": []}), Err("NO_SUCH_KEY")),
        ("x.x.y", json!({"x": {"x": 1}}), Err("NO_SUCH_KEY")),
        ("dyn(x).x", json!({"x": null}), Err("NO_SUCH_KEY")),
        ("[x][0].x", json!({"x": []}), Err("NO_SUCH_KEY")),
        ("x['x']", json!({"x": null}), Err("NO_SUCH_KEY")),
        ("[x][0][s]", json!({"x": [1], "s": "x"}), Err("NO_SUCH_KEY")),
        ("x[?'x']", json!({"x": []}), Err("NO_SUCH_OVERLOAD")),
        // A value that is true is no object.
        ("[z.?x.orValue(i), z][0]", json!({"z": true, "i": 1}), Err("NO_SUCH_OVERLOAD")),
        ("[has(z.x), z][0]", json!({"z": true}), Err("NO_SUCH_OVERLOAD")),
        ("[has(z.x), z][0]", json!({"z": {"x": 1}}), Ok("true")),
        ("dyn(li).x", json!({"li": []}), Err("NO_SUCH_KEY")),
        ("(false ? dyn(1u) : x).x", json!({"x": []}), Err("NO_SUCH_KEY")),
        ("has(x.x)", json!({"x": []}), Err("NO_SUCH_OVERLOAD")),
        ("x.?x", json!({"x": []}), Err("NO_SUCH_OVERLOAD")),
        // The last hours of the last year have a local time too.
        ("at.getDate('Asia/Kathmandu')", at("9999-12-31T23:59:59.999999999Z"), Ok("1")),
        ("at.getFullYear('+01:00')", at("9999-12-31T23:59:59.999999999Z"), Ok("10000")),
        ("[math.trunc(d), math.round(d)]", json!({"d": -0.0}), Ok("[-0.0,-0.0]")),
        ("math.round(1.0 / (d * 0.0))", json!({"d": 1.0}), Ok(r#"{"$f":"Infinity"}"#)),
        // Both zeros have the sign 0.
        ("math.sign(d)", json!({"d": -0.0}), Ok("0.0")),
        // `%s` writes a duration in seconds by way of a double.
        (
            "'%s|%s'.format([duration(s), duration('1.854775807s')])",
            json!({"s": "1709251199.999999999s"}),
            Ok("\"1709251200s|1.854775807s\""),
        ),
        // In a class a bracket is one of its characters; a brace that begins no count is a brace.
        ("s.matches('[]%[9]') || s.matches('{}%[^]]$')", json!({"s": "x"}), Ok("false")),
        ("s.matches('[]%[9]+') && s.matches('{}%[^]]$')", json!({"s": "][{}%9"}), Ok("true")),
        // Operands of the wrong kind come before what is wrong with one of the right kind.
        ("math.bitShiftLeft(x, i)", json!({"x": null, "i": -1}), Err("NO_SUCH_OVERLOAD")),
        ("math.greatest([d / d, x])", json!({"d": 0.0, "x": true}), Err("NO_SUCH_OVERLOAD")),
        // Bits are moved by an int, of a uint too.
        ("math.bitShiftRight(u, dyn(1u))", json!({"u": 2}), Err("NO_SUCH_OVERLOAD")),
        // What a key may be is looked at when the map is complete.
        ("[0, 1].transformMapEntry(v, w, {dyn([b'a'][v]): w})", json!({}), Err("OUT_OF_RANGE")),
        // A whole double beyond every index is the index of nothing.
        ("[1][?x].orValue(i)", json!({"x": 9_007_199_254_740_992.0, "i": 7}), Ok("7")),
        ("[1][x]", json!({"x": 9_007_199_254_740_992.0}), Err("OUT_OF_RANGE")),
        // A library of Kubernetes has a method of that name, but nobody asked for it.
        ("dyn([1]).indexOf(s)", json!({"s": "1"}), Err("NO_SUCH_OVERLOAD")),
        ("optional.ofNonZeroValue(at)", at("0001-01-01T00:00:00Z"), Ok("optional.none()")),
    ]
}

#[test]
fn what_was_found_stays_cured() {
    let mut wrong = Vec::new();
    for (expression, context, wanted) in rows() {
        let said = match Ours::of(expression) {
            Ok(ours) => ours.agreed(&context),
            Err(Fault::Refused(why) | Fault::Broken(why)) => Err(why),
        };
        let wanted = Ok(wanted.map(str::to_owned).map_err(str::to_owned));
        if said != wanted {
            wrong.push(format!("{expression}: {said:?}, not {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
