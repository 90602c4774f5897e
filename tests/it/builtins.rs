//! Builtins on both evaluators: the examples of every row, and what lies at their edges.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use policyc::compiler::source::map::SourceMap;
use policyc::lang::decision::Effect;
use policyc::lang::functions::{self, Function};
use serde_json::{Value as Json, json};

use crate::support::both::Both;

/// The libraries that are there only where a document asks for them.
fn asked_for() -> Vec<&'static str> {
    let libraries = functions::all().map(|row| row.library);
    let mut names: Vec<_> =
        libraries.filter(|it| it.must_be_asked_for()).map(|it| it.name).collect();
    names.dedup();
    names
}

/// Decides policies of one rule for each condition; returns the conditions that do not hold.
fn false_ones(conditions: &[String]) -> Vec<String> {
    let decide = |condition: &String| {
        let mut text = String::from("policyc: 1\nname: builtins\ndefault: deny\n");
        writeln!(text, "extensions: [{}]", asked_for().join(", ")).unwrap();
        let when = Json::from(condition.as_str());
        write!(text, "rules:\n  - {{id: holds, when: {when}, allow: holds}}\n").unwrap();
        let mut files = SourceMap::new();
        files.add("builtins.yaml", text);
        let both = match Both::try_of(&files) {
            Ok(both) => both,
            Err(findings) => return Err(findings),
        };
        let decided =
            AssertUnwindSafe(|| both.decide(&both.oracle(), &json!({}), (1_773_785_730, 0), &[]));
        let report = catch_unwind(decided).map_err(|_| "the evaluators differ".to_owned())?;
        if report.effect == Some(Effect::Allow) { Ok(()) } else { Err("it does not hold".into()) }
    };
    let said = conditions.iter().map(|condition| (condition, decide(condition)));
    said.filter_map(|(condition, said)| Some(format!("{condition}: {}", said.err()?))).collect()
}

/// Rows that the reference lacks in part, each with what it lacks.
const UNLIKE: &[(&str, &str)] = &[
    ("string_to_url", "it does not bring a URL into its normal form"),
    ("url_get_query", "it does not read parameters"),
];

#[test]
fn examples_hold() {
    let condition = |(expression, value): &(&str, &str)| format!("({expression}) == ({value})");
    let is_unlike = |id: &str| UNLIKE.iter().any(|(known, _)| *known == id);
    let (unlike, alike): (Vec<&Function>, Vec<_>) =
        functions::all().partition(|row| is_unlike(row.id));
    let alike = alike.iter().flat_map(|row| row.examples).map(condition);
    let wrong = false_ones(&alike.collect::<Vec<_>>());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for row in unlike {
        let wrong = false_ones(&row.examples.iter().map(condition).collect::<Vec<_>>());
        assert!(!wrong.is_empty(), "{} is alike; take it out of UNLIKE", row.id);
    }
}

/// An expression and its value, or `error`.
const EDGES: &[(&str, &str)] = &[
    ("[1, 2, 3].slice(1, 1)", "[]"),
    ("[1, 2, 3].slice(2, 1)", "error"),
    ("[1, 2, 3].slice(0, 4)", "error"),
    ("[1, 2, 3].slice(-1, 2)", "error"),
    ("[1, [2, [3, [4]]]].flatten(0)", "[1, [2, [3, [4]]]]"),
    ("[1, [2, [3, [4]]]].flatten(9223372036854775807)", "[1, 2, 3, 4]"),
    ("[[1]].flatten(-1)", "error"),
    ("[].sort()", "[]"),
    ("['b', 'a', 'B'].sort()", "['B', 'a', 'b']"),
    ("[duration('2s'), duration('1s')].sort()", "[duration('1s'), duration('2s')]"),
    ("[1, dyn('a')].sort()", "error"),
    ("[1, dyn(2u)].sort()", "error"),
    ("[[1], [0]].sort()", "error"),
    ("[{'a': 1}].sort()", "error"),
    ("[1.0, 0.0 / 0.0].sort()", "error"),
    ("['bb', 'a', 'cc', 'd'].sortBy(v, size(v))", "['a', 'd', 'bb', 'cc']"),
    ("[3, 1, 2].sortBy(v, -v)", "[3, 2, 1]"),
    ("[3, 1, 0].sortBy(v, 1 / v)", "error"),
    ("[[2, 1], [1, 2]].sortBy(v, v.sortBy(w, w)[0] + v[0])", "[[1, 2], [2, 1]]"),
    ("lists.range(0)", "[]"),
    ("lists.range(-3)", "[]"),
    ("[].reverse()", "[]"),
    ("sets.contains([], [])", "true"),
    ("sets.contains([1], [1.0, 1u])", "true"),
    ("sets.equivalent([1, 2], [1])", "false"),
    ("sets.intersects([], [])", "false"),
    ("sets.intersects([[1], 2], [[1.0]])", "true"),
    ("regex.replace('banana', 'a', 'x', 0)", "'banana'"),
    ("regex.replace('banana', 'a', 'x', 2)", "'bxnxna'"),
    ("regex.replace('foo bar', '(fo)o (ba)r', r'\\2 \\1')", "'ba fo'"),
    ("regex.replace('test', '(.)', r'\\2')", "error"),
    ("regex.replace('a', 'b', r'\\x')", "error"),
    (r"regex.replace('a', 'a', r'\\')", r"r'\'"),
    ("regex.replace('abc', '', '-')", "'-a-b-c-'"),
    ("regex.replace('éa', '', '-')", "'-é-a-'"),
    ("regex.extract('user@host', '(.*)@')", "optional.of('user')"),
    ("regex.extract('@host', '(.*)@')", "optional.none()"),
    ("regex.extract('ab', '(a)(b)')", "error"),
    ("regex.extractAll('a1b22', '[a-z]([0-9]*)')", "['1', '22']"),
    ("regex.extractAll('ab', '(a)|(b)')", "error"),
    ("regex.extractAll('', 'x')", "[]"),
    ("[].isSorted() && [1].isSorted() && [1, 1u, 1.5].isSorted()", "true"),
    ("[1, dyn('a')].isSorted()", "error"),
    ("[1.0, 0.0 / 0.0].isSorted()", "error"),
    ("[9223372036854775807, 1].sum()", "error"),
    ("[dyn('a')].sum()", "error"),
    ("dyn([duration('1s'), duration('2s')]).sum()", "duration('3s')"),
    ("[].min()", "error"),
    ("[].max()", "error"),
    ("[dyn([1])].min()", "error"),
    ("[1, dyn('a')].max()", "error"),
    ("[1.0, 0.0 / 0.0].min()", "error"),
    ("type([2, dyn(2.0), dyn(2u)].max()) == int", "true"),
    ("[].indexOf('string')", "-1"),
    ("[1, dyn('1'), dyn(1.0)].lastIndexOf(1)", "2"),
    ("'abc'.indexOf('c') + ['a', 'c'].indexOf('c')", "3"),
    ("quantity('Mi')", "error"),
    ("quantity('200K')", "error"),
    ("quantity('1e67')", "error"),
    ("quantity('0.1n') == quantity('1n')", "true"),
    ("quantity('100Ei') == quantity('9223372036854775807')", "true"),
    ("quantity('-0').sign()", "0"),
    ("dyn(quantity('1')) == dyn(1) || dyn(quantity('1')) == dyn('1')", "false"),
    ("type(quantity('1')) == kubernetes.Quantity", "true"),
    ("quantity('1') in [quantity('1000m')]", "true"),
    ("[quantity('1'), quantity('1000m')].distinct().size()", "1"),
    ("quantity('1500m').asInteger()", "error"),
    ("quantity('9223372036854775808').asInteger()", "error"),
    ("quantity('-9223372036854775808').asInteger() < 0", "true"),
    ("quantity('0.3').asApproximateFloat()", "0.3"),
    ("quantity('-1e66').asApproximateFloat()", "-1e66"),
    ("quantity('9e66').add(quantity('9e66'))", "error"),
    ("quantity('50k').add(20).sub(quantity('100k')).sub(-50000) == quantity('20')", "true"),
    ("quantity('1e40').sub(1).add(1) == quantity('1e40')", "true"),
    ("quantity('-1').isLessThan(quantity('-1m'))", "true"),
    ("dyn(quantity('1')).add(dyn('1'))", "error"),
    ("semver('v1.0.0')", "error"),
    ("semver('1.0', false)", "error"),
    ("semver('01.01.01', true) == semver('1.1.1')", "true"),
    ("semver('v1-a', true)", "error"),
    ("semver('1.2.3-rc.1+b.2') == semver('1.2.3-rc.1')", "true"),
    ("semver('1.2.3-rc.1') == semver('1.2.3-rc.2')", "false"),
    ("semver('1.0.0-9').compareTo(semver('1.0.0-10'))", "-1"),
    ("semver('1.0.0-9').compareTo(semver('1.0.0-a'))", "-1"),
    ("semver('1.0.0-a.b').isGreaterThan(semver('1.0.0-a'))", "true"),
    ("semver('9223372036854775808.0.0').major()", "error"),
    ("type(semver('1.0.0')) == kubernetes.Semver", "true"),
    ("dyn(semver('1.0.0')) == dyn('1.0.0')", "false"),
    ("dyn(semver('1.0.0')).compareTo(dyn(quantity('1')))", "error"),
    ("'abc 123'.find('[0-9]*')", "''"),
    ("'aé'.findAll('')", "['', '', '']"),
    ("'a1'.find('(')", "error"),
    ("'1 2'.findAll('[0-9]', 0)", "[]"),
    ("'1 2'.findAll('[0-9]', -1)", "['1', '2']"),
    ("math.greatest([])", "error"),
    ("math.greatest(1, 1.0)", "1"),
    ("math.least(1, 0.0 / 0.0)", "error"),
    ("math.greatest(1, 2u, 3.0, dyn('x'))", "error"),
    ("math.abs(-9223372036854775807 - 1)", "error"),
    ("math.bitShiftRight(-1, 1)", "9223372036854775807"),
    ("math.bitShiftLeft(1, 64)", "0"),
    ("math.bitShiftLeft(1, -1)", "error"),
    ("math.round(-0.5)", "-1.0"),
    ("base64.decode('a')", "error"),
    ("base64.decode('aGk_')", "error"),
    ("base64.encode(b'')", "''"),
    ("string(ip('::ffff:c0a8:1'))", "'192.168.0.1'"),
    ("ip('::ffff:c0a8:1') == ip('192.168.0.1')", "true"),
    ("type(ip('1.2.3.4')) == net.IP && type(cidr('::/0')) == net.CIDR", "true"),
    ("dyn(ip('1.2.3.4')) == dyn('1.2.3.4')", "false"),
    ("ip('1.2.3.4') in [ip('4.3.2.1'), ip('1.2.3.4')]", "true"),
    ("[ip('1.2.3.4'), ip('1.2.3.4')].distinct().size()", "1"),
    ("cidr('10.0.0.1/8') == cidr('10.0.0.2/8')", "false"),
    ("cidr('0.0.0.0/0').containsIP('255.255.255.255')", "true"),
    ("cidr('::/0').containsIP('1.2.3.4')", "false"),
    ("cidr('10.0.0.0/8').containsIP('10')", "error"),
    ("string(cidr('2001:db8:ffff::/32').masked())", "'2001:db8::/32'"),
    ("cel.bind(x, 1 / 0, true)", "true"),
    ("cel.block([1 / 0, 2], cel.index(1))", "2"),
    ("cel.block([1 / 0, 2], cel.index(0) == 1 || cel.index(1) == 2)", "true"),
    ("cel.block([[1, 2]], cel.index(0).map(cel.iterVar(0, 0), cel.iterVar(0, 0) * 2))", "[2, 4]"),
];

#[test]
fn edges_are_sharp() {
    let condition = |(expression, value): &(&str, &str)| match *value {
        // An error on one side of `||` is there if the other side does not hide it.
        "error" => format!("[({expression}) == dyn(null)].size() == 9 || true"),
        value => format!("({expression}) == ({value})"),
    };
    let wrong = false_ones(&EDGES.iter().map(condition).collect::<Vec<_>>());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let fails = EDGES.iter().filter(|(_, value)| *value == "error");
    let fails: Vec<String> =
        fails.map(|(expression, _)| format!("[({expression}) == dyn(null)].size() == 1")).collect();
    assert_eq!(false_ones(&fails).len(), fails.len(), "what fails has no value");
}

/// A format, texts that have it, and texts that do not.
const FORMATS: &[(&str, &[&str], &[&str])] = &[
    ("dns1123Label", &["a", "0-9", "a--b"], &["", "-a", "a-", "A", "a.b", "a_b", "ä"]),
    ("dns1123Subdomain", &["a", "a.b-c.0"], &["", ".a", "a.", "a..b", "a.-b", "a-.b", "A.b"]),
    ("dns1035Label", &["a", "a-0"], &["", "0a", "-a", "a-", "a.b"]),
    // A dash at the end, and what stands before it, count as one letter.
    ("dns1123LabelPrefix", &["a-", "a--", "--", "A-"], &["-", "a.", "AB-"]),
    ("dns1123SubdomainPrefix", &["a.-", "a.b-", "a..-"], &["a..b-", "-"]),
    ("dns1035LabelPrefix", &["a-", "0-"], &["0a-", "-"]),
    ("qualifiedName", &["a", "A_b.c-d", "x.y/A"], &["", "/a", "a/", "X/a", "a/b/c", "-a", "a-"]),
    ("labelValue", &["", "a", "A_b.c-d"], &["-a", "a-", "a/b", "ä"]),
    (
        "uri",
        &[
            "https://u:p@a.b:1/c%20d?%zz",
            "/a",
            "*",
            "a:b",
            "a:/b",
            "a://[::1]:2/",
            "a:///b",
            "a://",
        ],
        &["", "a", "a/b", "1a:b", ":a", "a://b c/", "a://b:c/", "/%zz", "a://b%41/", "/\\u0007"],
    ),
    (
        "uuid",
        &["123e4567-e89b-12d3-a456-426614174000", "123E4567e89b12d3a456426614174000"],
        &["", "123e4567-e89b-12d3-a456-42661417400", "123e4567--e89b12d3a456426614174000"],
    ),
    ("byte", &["aGk=", "aGVs", "YQ=="], &["", "a", "a===", "aGk_", "aG=k", "===="]),
    ("date", &["2024-02-29", "0000-01-01"], &["", "2023-02-29", "2023-13-01", "2023-1-1", "1-01"]),
    (
        "datetime",
        &["2024-02-29T23:59:59Z", "2024-02-29t00:00:00.5+01:00"],
        &["", "2024-02-29", "2024-02-29T24:00:00Z", "2024-02-29T00:00:00", "2024-02-29T00:00:00.Z"],
    ),
];

#[test]
fn formats_are_those_of_kubernetes() {
    let judged = |name: &str, given: &str, wrong: bool| {
        format!("format.{name}().validate('{given}').hasValue() == {wrong}")
    };
    let mut conditions = Vec::new();
    for (name, good, bad) in FORMATS {
        conditions.extend(good.iter().map(|given| judged(name, given, false)));
        conditions.extend(bad.iter().map(|given| judged(name, given, true)));
    }
    let long = "a".repeat(64);
    for (given, says) in
        [(long.as_str(), "['must be no more than 63 bytes']"), ("a.b", "['must not contain dots']")]
    {
        conditions.push(format!("format.dns1123Label().validate('{given}').value() == {says}"));
    }
    // Both evaluators say the same of everything that is wrong with a name.
    let long = format!("X/{long}_");
    for given in ["", "/", "X/", "-/-", "a/b/c", long.as_str()] {
        let found = format!("format.qualifiedName().validate('{given}').value()");
        conditions.push(format!("{found}.all(says, size(says) > 10)"));
        conditions.push(format!("{found}.size() > 0"));
    }
    let says = "a DNS-1035 label must consist of lower case alphanumeric characters or \\'-\\', \
        start with an alphabetic character, and end with an alphanumeric character (e.g. \
        \\'my-name\\',  or \\'abc-123\\', regex used for validation is \
        \\'[a-z]([-a-z0-9]*[a-z0-9])?\\')";
    conditions.push(format!("format.dns1035Label().validate('0').value() == ['{says}']"));
    let wrong = false_ones(&conditions);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
