//! What of an output is not as it was declared.
//!
//! In:      an output, the paths of the parts that are declared of it.
//! Out:     the places that have none of the parts declared of them.
//! Imports: `base`.
//! Source:  `docs/sessions.md`, "Labels".
//!
//! A path that leads nowhere says nothing. But whoever declares `/*/body` takes the output for a
//! list of mails: of one that is a text, or has its mails one level deeper, nobody knows where the
//! bodies are. So any of it may be one.

use std::collections::HashMap;

use crate::base::limits::SESSION_POINTER_BYTES_MAX;
use crate::runtime::session::json::each_child;
use crate::runtime::session::outputs::covers;

/// A path to a part of an output; `None` is any key.
pub(super) type Path<'p> = [Option<&'p str>];

/// Places of an output that are not as they were declared, with the numbers of the parts that may
/// be anywhere in them.
#[derive(Debug, Default)]
pub(super) struct MisshapenPlaces(HashMap<String, Vec<usize>>);

impl MisshapenPlaces {
    /// Those of an output. `applies` says whether a part is about what lies at a place.
    pub(super) fn of(
        out: &str,
        paths: &[&Path<'_>],
        applies: impl Fn(usize, &str) -> bool,
    ) -> Self {
        let mut found = Self::default();
        if paths.iter().all(|path| path.is_empty()) {
            return found;
        }
        let mut left = SESSION_POINTER_BYTES_MAX;
        let mut waiting = vec![(String::new(), 0, out)];
        let (mut keys, mut below, mut deeper) = (Vec::new(), Vec::new(), Vec::new());
        while let Some((place, depth, text)) = waiting.pop() {
            let leads = |at: &usize| leads_through(paths, *at, depth, &place);
            below.clear();
            below.extend((0..paths.len()).filter(|at| leads(at) && applies(*at, &place)));
            if below.is_empty() || is_nothing(text) {
                continue;
            }
            let (mut is_strange, mut is_endless) = (true, false);
            deeper.clear();
            let seen = each_child(text, &mut keys, |key, child| {
                let meant = below.iter().filter_map(|at| paths.get(*at)).filter(|path| {
                    let step = path.get(depth);
                    step.is_some_and(|step| step.is_none_or(|wanted| key.is(wanted)))
                });
                let Some(longest) = meant.map(|path| path.len()).max() else { return true };
                is_strange = false;
                if longest > depth + 1 {
                    let mut own = place.clone();
                    key.push(&mut own);
                    is_endless = left < own.len();
                    left = left.saturating_sub(own.len());
                    deeper.push((own, depth + 1, child));
                }
                !is_endless
            });
            if is_endless {
                // Nobody looks further: any of it may be anything.
                let all = (0..paths.len()).collect();
                return Self(HashMap::from([(String::new(), all)]));
            }
            // What is no JSON is found out by whoever takes it in.
            if seen.is_err() {
                return found;
            }
            waiting.append(&mut deeper);
            if is_strange {
                found.0.insert(place, below.clone());
            }
        }
        found
    }

    /// Whether all of the output is as it was declared.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The parts that the field at a place may be, though their paths do not lead there; `None`
    /// where all around it is as it was declared.
    pub(super) fn around(&self, place: &str) -> Option<&[usize]> {
        if self.is_empty() {
            return None;
        }
        let ends = place.match_indices('/').map(|(at, _)| at).chain([place.len()]);
        // What lies in a strange place is not looked at, so there is one at most.
        ends.filter_map(|end| place.get(..end)).find_map(|it| self.0.get(it)).map(Vec::as_slice)
    }
}

/// Whether a path leads to a place, which so many keys lead to, and further.
fn leads_through(paths: &[&Path<'_>], at: usize, depth: usize, place: &str) -> bool {
    let path = paths.get(at).filter(|path| path.len() > depth);
    path.and_then(|path| path.get(..depth)).is_some_and(|path| covers(path, place))
}

/// Whether a value holds nothing that could be anything.
fn is_nothing(text: &str) -> bool {
    let text = text.trim();
    let inner = |open, close| text.strip_prefix(open).and_then(|it| it.strip_suffix(close));
    text == "null"
        || text == "\"\""
        || [('{', '}'), ('[', ']')]
            .into_iter()
            .any(|(open, close)| inner(open, close).is_some_and(|it: &str| it.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::{MisshapenPlaces, Path};
    use crate::base::limits::SESSION_POINTER_BYTES_MAX;

    const MAILS: [&Path<'static>; 3] = [&[], &[None, Some("body")], &[None, Some("from")]];

    fn places(out: &str, paths: &[&Path<'_>]) -> Vec<String> {
        let found = MisshapenPlaces::of(out, paths, |_, _| true);
        let mut places: Vec<String> = found.0.into_keys().collect();
        places.sort();
        places
    }

    #[test]
    fn places_without_what_is_declared_of_them_are_found() {
        let none = [""; 0];
        for out in [
            r#"[{"body": "x"}, {"from": "y", "id": 7}, {}, null, ""]"#,
            r#"{"first": {"body": "x"}}"#,
            "[]",
            " { } ",
            "null",
            "\"\"",
        ] {
            assert_eq!(places(out, &MAILS), none, "{out}");
        }
        for (out, wanted) in [
            ("\"[]\"", vec![""]),
            ("7", vec![""]),
            ("true", vec![""]),
            (r#"{"mails": [{"body": "x"}]}"#, vec!["/mails"]),
            (r#"[[{"body": "x"}]]"#, vec!["/0"]),
            (r#"["x", {"body": "x"}, {"id": 7}]"#, vec!["/0", "/2"]),
            (r#"{"body": "x", "a/b": {"Body": 1}}"#, vec!["/a~1b", "/body"]),
        ] {
            assert_eq!(places(out, &MAILS), wanted, "{out}");
        }
        assert_eq!(places("7", &[&[]]), none);
        // What stands beside is enough, a part of a part is asked for where that is.
        let deep: [&Path<'_>; 2] = [&[Some("id")], &[Some("who"), None, Some("mail")]];
        assert_eq!(places(r#"{"id": 1}"#, &deep), none);
        assert_eq!(places(r#"{"id": 1, "who": ["x"]}"#, &deep), ["/who/0"]);
    }

    #[test]
    fn what_lies_in_a_strange_place_may_be_any_part_of_it() {
        let out = r#"{"a": [{"body": "x"}], "b": {"body": "x"}}"#;
        let found = MisshapenPlaces::of(out, &MAILS, |_, _| true);
        assert_eq!(found.around("/a/0/body"), Some([1, 2].as_slice()));
        assert_eq!(found.around("/a"), Some([1, 2].as_slice()));
        for place in ["/b/body", "/b", "", "/aa/0"] {
            assert_eq!(found.around(place), None, "{place}");
        }
        let found = MisshapenPlaces::of(out, &MAILS, |at, place| at != 2 || place.is_empty());
        assert_eq!(found.around("/a/0"), Some([1].as_slice()));
    }

    #[test]
    fn long_ways_are_bounded() {
        let many = "1,".repeat(SESSION_POINTER_BYTES_MAX >> 20);
        let out = format!("{{\"{}\": [{many}1]}}", "k".repeat(1 << 20));
        let paths: [&Path<'_>; 1] = [&[None, None, Some("x")]];
        assert_eq!(places(&out, &paths), [""]);
    }
}
