//! Named formats of Kubernetes in the reference evaluator: as patterns, which its own sentences
//! quote.

use std::rc::Rc;

use policyc::lang::error::EvalError;
use regex::Regex;

use super::value::{R, V, list, text};

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const OLD_LABEL: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const NAMES: &[&str] = &[
    "dns1123Label",
    "dns1123Subdomain",
    "dns1035Label",
    "qualifiedName",
    "dns1123LabelPrefix",
    "dns1123SubdomainPrefix",
    "dns1035LabelPrefix",
    "labelValue",
    "uri",
    "uuid",
    "byte",
    "date",
    "datetime",
];

/// Calls a function of the library; `None` where it has none of that name.
pub(crate) fn call(name: &str, args: &[V]) -> Option<R> {
    Some(match (name, args) {
        ("validate", [V::Str(format), V::Str(given)]) => {
            if !NAMES.contains(&&**format) {
                return Some(Err(EvalError::NoSuchOverload));
            }
            let found: Vec<V> = faults(format, given).iter().map(|says| text(says)).collect();
            Ok(V::Opt((!found.is_empty()).then(|| Rc::new(list(found)))))
        }
        ("format.named", [V::Str(format)]) => {
            let known = NAMES.contains(&&**format);
            Ok(V::Opt(known.then(|| Rc::new(V::Str(Rc::clone(format))))))
        }
        (_, []) => {
            let format = name.strip_prefix("format.").filter(|format| NAMES.contains(format))?;
            Ok(text(format))
        }
        _ => return None,
    })
}

fn fits(pattern: &str, given: &str) -> bool {
    Regex::new(&format!("^(?:{pattern})$")).unwrap().is_match(given) && !given.ends_with('\n')
}

fn says(what: &str, pattern: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|example| format!("'{example}', ")).collect();
    format!("{what} (e.g. {}regex used for validation is '{pattern}')", examples.join(" or "))
}

fn longest(most: usize, given: &str) -> Option<String> {
    (given.len() > most).then(|| format!("must be no more than {most} bytes"))
}

fn subdomain(given: &str) -> Vec<String> {
    let pattern = format!("{LABEL}(\\.{LABEL})*");
    let what = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
                characters, '-' or '.', and must start and end with an alphanumeric character";
    let shape = (!fits(&pattern, given)).then(|| says(what, &pattern, &["example.com"]));
    longest(253, given).into_iter().chain(shape).collect()
}

fn label(given: &str) -> Vec<String> {
    let what = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or \
                '-', and must start and end with an alphanumeric character";
    let shape = if fits(LABEL, given) {
        None
    } else if fits(&format!("{LABEL}(\\.{LABEL})*"), given) {
        Some("must not contain dots".to_owned())
    } else {
        Some(says(what, LABEL, &["my-name", "123-abc"]))
    };
    longest(63, given).into_iter().chain(shape).collect()
}

fn old_label(given: &str) -> Vec<String> {
    let what = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', \
                start with an alphabetic character, and end with an alphanumeric character";
    let shape = (!fits(OLD_LABEL, given)).then(|| says(what, OLD_LABEL, &["my-name", "abc-123"]));
    longest(63, given).into_iter().chain(shape).collect()
}

fn qualified(given: &str) -> Vec<String> {
    let what = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end \
                with an alphanumeric character";
    let shape = || says(what, QUALIFIED, &["MyName", "my.name", "123-abc"]);
    let parts: Vec<&str> = given.split('/').collect();
    let (prefix, name) = match parts.as_slice() {
        [name] => (Vec::new(), *name),
        ["", name] => (vec!["must be non-empty".to_owned()], *name),
        [prefix, name] => (subdomain(prefix), *name),
        _ => {
            let rest = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a qualified name {} {rest}", shape())];
        }
    };
    let empty = name.is_empty().then(|| "must be non-empty".to_owned());
    let named = (!fits(QUALIFIED, name)).then(shape);
    let named = empty.into_iter().chain(longest(63, name)).chain(named);
    let prefix = prefix.into_iter().map(|says| format!("prefix part {says}"));
    prefix.chain(named.map(|says| format!("name part {says}"))).collect()
}

/// The text that stands for the beginning of a name: a dash at its end, and what stands before
/// it, become a letter.
fn masked(given: &str) -> String {
    let mut chars: Vec<char> = given.chars().collect();
    if given.ends_with('-') && given.len() > 1 {
        chars.truncate(chars.len() - 2);
        chars.push('a');
    }
    chars.into_iter().collect()
}

fn faults(format: &str, given: &str) -> Vec<String> {
    let one = |good: bool, says: &str| if good { Vec::new() } else { vec![says.to_owned()] };
    let value = "a valid label must be an empty string or consist of alphanumeric characters, \
                 '-', '_' or '.', and must start and end with an alphanumeric character";
    match format {
        "dns1123Label" => label(given),
        "dns1123LabelPrefix" => label(&masked(given)),
        "dns1123Subdomain" => subdomain(given),
        "dns1123SubdomainPrefix" => subdomain(&masked(given)),
        "dns1035Label" => old_label(given),
        "dns1035LabelPrefix" => old_label(&masked(given)),
        "qualifiedName" => qualified(given),
        "labelValue" => {
            let pattern = format!("({QUALIFIED})?");
            let shape = (!fits(&pattern, given))
                .then(|| says(value, &pattern, &["MyValue", "my_value", "12345"]));
            longest(63, given).into_iter().chain(shape).collect()
        }
        "uuid" => {
            let pattern = "(?i)[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}";
            one(fits(pattern, given), "does not match the UUID format")
        }
        "byte" => {
            let digit = "[A-Za-z0-9+/]";
            let pattern = format!("({digit}{{4}})*({digit}{{2}}==|{digit}{{3}}=|{digit}{{4}})");
            one(fits(&pattern, given), "invalid base64")
        }
        "date" => one(is_date(given), "invalid date"),
        "datetime" => {
            let time = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?";
            let pattern = format!("(?i)T{time}(Z|[+-][0-9]{{2}}:[0-9]{{2}})");
            let good = given.is_char_boundary(10.min(given.len())) && given.len() > 10 && {
                let (date, time) = given.split_at(10);
                is_date(date) && fits(&pattern, time)
            };
            one(good, "invalid datetime")
        }
        _ => one(is_uri(given), "invalid URI for request"),
    }
}

fn is_date(given: &str) -> bool {
    if !fits("[0-9]{4}-[0-9]{2}-[0-9]{2}", given) {
        return false;
    }
    let number = |range: std::ops::Range<usize>| given[range].parse::<u32>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let leap = year % 400 == 0 || year % 4 == 0 && year % 100 != 0;
    let days = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    (1..=12).contains(&month) && day >= 1 && day <= days[month as usize - 1]
}

fn is_uri(given: &str) -> bool {
    if given.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return false;
    }
    let given = given.split_once('?').map_or(given, |(before, _)| before);
    let path = "/([^%]|%[0-9A-Fa-f]{2})*";
    let user = "([-A-Za-z0-9._:~!$&'()*+,;=@]|%[0-9A-Fa-f]{2})*@";
    let host = "[-A-Za-z0-9._~!$&'()*+,;=:\\[\\]<>\"\u{80}-\u{10ffff}]*";
    let authority = format!("({user})?(\\[{host}\\](:[0-9]*)?|([^\\[/@]{host})?)");
    let authority = Regex::new(&format!("^{authority}$")).unwrap();
    let Some(found) = Regex::new("^([A-Za-z][-A-Za-z0-9+.]*):").unwrap().find(given) else {
        return given == "*" || fits(path, given);
    };
    let rest = &given[found.end()..];
    let Some(rest) = rest.strip_prefix("//") else {
        return !rest.starts_with('/') || fits(path, rest);
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let (name, path_of) = rest.split_at(end);
    let host = name.rsplit_once('@').map_or(name, |(_, host)| host);
    let port = host.rsplit_once(':').filter(|_| !host.starts_with('[')).map_or("", |(_, it)| it);
    authority.is_match(name)
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && !host.split(':').next().unwrap_or_default().contains('%')
        && (path_of.is_empty() || fits(path, path_of))
}
