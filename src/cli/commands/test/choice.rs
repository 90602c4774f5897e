//! Which cases are run: `--filter`.

use std::str::FromStr;

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::suggest::nearest;
use crate::tools::suite::choose::TestSources;
use crate::tools::suite::{Case, TestFile};

/// What `--filter` asks for; all of it must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    policy: Option<String>,
    rule: Option<String>,
    test: Option<String>,
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut filter = Self::default();
        let keys = ["policy", "rule", "test"];
        let key = text.split_once('=').map(|(key, _)| key.trim());
        let near = key.and_then(|key| nearest(key, keys));
        if let (Some(key), Some(near)) = (key.filter(|key| !keys.contains(key)), near) {
            return Err(format!("`{key}` is none of policy, rule, test: did you mean `{near}`?"));
        }
        if !key.is_some_and(|key| keys.contains(&key)) {
            return Ok(Self { test: Some(text.to_owned()), ..filter });
        }
        for part in text.split(';').filter(|part| !part.trim().is_empty()) {
            let Some((key, value)) = part.split_once('=') else {
                return Err(format!("`{part}` has no `=`: a name that holds `;` stands alone"));
            };
            let place = match key.trim() {
                "policy" => &mut filter.policy,
                "rule" => &mut filter.rule,
                "test" => &mut filter.test,
                other => return Err(format!("`{other}` is none of policy, rule, test")),
            };
            if place.replace(value.to_owned()).is_some() {
                return Err(format!("`{key}` is given twice"));
            }
        }
        Ok(filter)
    }
}

impl Filter {
    /// Keeps the cases of `test` that are asked for.
    pub(super) fn keep(&self, test: &mut TestFile, sources: &TestSources<'_>) {
        if let Some(policy) = &self.policy
            && !sources.policies_of(test).contains(&policy.as_str())
        {
            test.cases.clear();
        }
        let named = |case: &Case| self.test.as_ref().is_none_or(|text| case.name.contains(text));
        test.cases.retain(|case| named(case) && self.expects(case));
    }

    /// Whether the rule that is asked for stands in the expectation.
    fn expects(&self, case: &Case) -> bool {
        let Some(rule) = &self.rule else { return true };
        let Some(parts) = case.expect.value.parts() else { return false };
        let lists = [parts.get("fired"), parts.get("shadow")].into_iter().flatten();
        let fired = lists.filter_map(|list| list.as_array()).flatten();
        fired.chain(parts.get("rule")).any(|id| id.as_str() == Some(rule))
    }

    /// Whether it names a policy or a rule.
    pub(super) const fn names(&self) -> bool {
        self.policy.is_some() || self.rule.is_some()
    }

    /// What it names and no project has.
    pub(super) fn unknown(&self, all: &[TestSources<'_>]) -> Option<Diagnostic> {
        let asked = [("policy", &self.policy), ("rule", &self.rule)];
        asked.into_iter().find_map(|(what, name)| {
            let name = name.as_ref()?;
            let names = |tested: &'_ TestSources<'_>| -> Vec<String> {
                let own = if what == "policy" { tested.policy_names() } else { tested.rule_ids() };
                own.into_iter().map(str::to_owned).collect()
            };
            let known: Vec<String> = all.iter().flat_map(names).collect();
            if known.contains(name) {
                return None;
            }
            let fact = format!("`--filter` names the {what} `{name}`, which nobody has");
            let near = nearest(name, known.iter().map(String::as_str));
            let help = match (near, known.as_slice()) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, []) => "name a folder with policies".to_owned(),
                (None, [first, ..]) => format!("`--filter` takes a {what} there is, as `{first}`"),
            };
            Some(Diagnostic::without_place(Code::BadUsage, fact).help(help))
        })
    }
}

/// Reads hundredths, as `90` or `92.5`.
pub(super) fn threshold(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim_end().parse::<f64>();
    let wanted = number.ok().filter(|number| (0.0..=100.0).contains(number));
    wanted.ok_or_else(|| "a threshold is a number from 0 to 100".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_name_what_they_ask_for() {
        let read = |text: &str| text.parse::<Filter>();
        let plain = Filter { test: Some("a; b=c".to_owned()), ..Filter::default() };
        assert_eq!(read("a; b=c"), Ok(plain));
        let filter = read("policy=p;rule=r;test=t u").unwrap();
        assert_eq!((filter.policy.as_deref(), filter.rule.as_deref()), (Some("p"), Some("r")));
        assert_eq!(filter.test.as_deref(), Some("t u"));
        assert!(read("test=a;b").is_err() && read("rule=a;rule=b").is_err());
        assert!(read("policy=p;x=y").is_err());
        assert!(read("tset=x").is_err() && read("polcy=x").is_err());
    }

    #[test]
    fn thresholds_are_hundredths() {
        assert_eq!((threshold("90"), threshold("92.5 %")), (Ok(90.0), Ok(92.5)));
        for bad in ["", "many", "101", "-1", "NaN", "inf"] {
            assert!(threshold(bad).is_err(), "{bad}");
        }
    }
}
