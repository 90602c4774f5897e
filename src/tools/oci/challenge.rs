//! How a registry wants to know who asks: the challenges of `WWW-Authenticate`.
//!
//! In:      the values of that header.
//! Out:     `Challenge`s, in their order.
//! Source:  RFC 9110, 11.3 and 11.6.1.
//!
//! One header may hold several challenges, and a response several headers. What is no challenge is
//! passed over: then nobody is told who asks.

/// A way to say who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Its name, in lower case.
    scheme: String,
    /// Names, in lower case, and values.
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The challenges of headers.
    #[must_use]
    pub fn all<'h>(headers: impl Iterator<Item = &'h str>) -> Vec<Self> {
        headers.flat_map(Self::of_header).collect()
    }

    /// The challenges of a header: `Basic realm="a", Bearer realm="b",service="c"`.
    fn of_header(header: &str) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for item in items(header) {
            let (first, rest) = item.split_once([' ', '\t']).unwrap_or((item, ""));
            let is_parameter = first.contains('=') || rest.trim_start().starts_with('=');
            let parameter = if is_parameter {
                item
            } else if !is_word(first) {
                continue;
            } else {
                let (scheme, parameters) = (first.to_ascii_lowercase(), Vec::new());
                all.push(Self { scheme, parameters });
                rest
            };
            if let (Some(own), Some((name, value))) = (all.last_mut(), parameter.split_once('=')) {
                own.parameters.push((name.trim().to_ascii_lowercase(), unquoted(value.trim())));
            }
        }
        all
    }

    /// Whether it is of this scheme, in lower case.
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme == scheme
    }

    /// The value of a parameter, by its name in lower case.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Whether something may be called so.
fn is_word(text: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(sign)
}

/// What stands between commas that are not quoted, but for what is empty.
fn items(header: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let items = header.split(move |sign| {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            _ => {}
        }
        sign == ',' && !quoted
    });
    items.map(str::trim).filter(|item| !item.is_empty())
}

/// A value without its quotes.
fn unquoted(value: &str) -> String {
    let Some(inside) = value.strip_prefix('"') else { return value.to_owned() };
    let mut text = String::new();
    let mut signs = inside.chars();
    while let Some(sign) = signs.next().filter(|sign| *sign != '"') {
        text.extend(if sign == '\\' { signs.next() } else { Some(sign) });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Schemes with their parameters.
    fn read(headers: &[&str]) -> Vec<String> {
        let told = |it: Challenge| {
            let parameters = it.parameters.iter().map(|(name, value)| format!(" {name}={value}"));
            format!("{}{}", it.scheme, parameters.collect::<String>())
        };
        Challenge::all(headers.iter().copied()).into_iter().map(told).collect()
    }

    #[test]
    fn challenges_are_read() {
        let bearer = r#"Bearer realm="https://a.example/token", service="r.example",scope="x:y,z""#;
        let as_read = "bearer realm=https://a.example/token service=r.example scope=x:y,z";
        assert_eq!(read(&[bearer]), [as_read]);
        assert_eq!(read(&["BASIC", bearer]), ["basic", as_read]);
        let one = format!("Basic realm=\"a, \\\"b\\\" = c\" , {bearer},Negotiate");
        assert_eq!(read(&[&one]), ["basic realm=a, \"b\" = c", as_read, "negotiate"]);
        assert_eq!(read(&["Basic realm = plain ,, charset=\"\""]), ["basic realm=plain charset="]);
        let found = Challenge::all([bearer].into_iter());
        assert!(found[0].is("bearer") && !found[0].is("basic"));
        assert_eq!(found[0].parameter("service"), Some("r.example"));
        assert_eq!(found[0].parameter("error"), None);
    }

    #[test]
    fn what_is_no_challenge_says_nothing() {
        for header in ["", ",", " , ,", "realm=\"a\"", "=", "\"", "realm = x"] {
            assert_eq!(read(&[header]), Vec::<String>::new(), "{header}");
        }
        // A parameter is of the header that it stands in.
        assert_eq!(read(&["Bearer", "realm=\"a\""]), ["bearer"]);
        assert_eq!(read(&["Bearer realm=\"open"]), ["bearer realm=open"]);
        assert_eq!(read(&["Bearer realm=\"open\\"]), ["bearer realm=open"]);
    }
}
