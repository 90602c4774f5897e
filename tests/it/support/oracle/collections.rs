//! The `lists` and `sets` libraries of the reference evaluator.

use policyc::lang::error::EvalError;

use super::value::{R, V, list};

/// Calls a function of the libraries; `None` where they have none of that name.
pub(crate) fn call(name: &str, member: bool, args: &[V]) -> Option<R> {
    if member {
        return lists(name, args);
    }
    if let ("lists.range", [V::Int(n)]) = (name, args) {
        return Some(Ok(list((0..*n).map(V::Int).collect())));
    }
    sets(name, args)
}

fn lists(name: &str, args: &[V]) -> Option<R> {
    Some(match (name, args) {
        ("distinct", [V::List(elements)]) => {
            let mut kept: Vec<V> = Vec::new();
            for element in elements.iter() {
                if !kept.iter().any(|found| found.equals(element)) {
                    kept.push(element.clone());
                }
            }
            Ok(list(kept))
        }
        ("reverse", [V::List(elements)]) => Ok(list(elements.iter().rev().cloned().collect())),
        ("slice", [V::List(elements), V::Int(start), V::Int(end)]) => {
            let range = usize::try_from(*start).ok().zip(usize::try_from(*end).ok());
            range
                .and_then(|(start, end)| elements.get(start..end))
                .map(|part| list(part.to_vec()))
                .ok_or(EvalError::OutOfRange)
        }
        ("flatten", [V::List(elements)]) => Ok(list(flatten(elements, 1))),
        ("flatten", [V::List(elements), V::Int(depth)]) => match *depth {
            0.. => Ok(list(flatten(elements, *depth))),
            _ => Err(EvalError::InvalidArgument),
        },
        ("sort", [V::List(elements)]) => sort(elements),
        _ => return None,
    })
}

fn flatten(elements: &[V], depth: i64) -> Vec<V> {
    let mut out = Vec::new();
    for element in elements {
        match element {
            V::List(inner) if depth > 0 => out.extend(flatten(inner, depth - 1)),
            other => out.push(other.clone()),
        }
    }
    out
}

fn sort(elements: &[V]) -> R {
    sort_by(elements.iter().map(|element| (element.clone(), element.clone())).collect())
}

/// The values in the order of their keys, by insertion.
pub(crate) fn sort_by(keyed: Vec<(V, V)>) -> R {
    let mut sorted: Vec<(V, V)> = Vec::new();
    for (key, value) in keyed {
        if let Some((first, _)) = sorted.first()
            && first.type_name() != key.type_name()
        {
            return Err(EvalError::NoSuchOverload);
        }
        key.compare(&key)?.ok_or(EvalError::InvalidArgument)?;
        let mut at = sorted.len();
        while at > 0 && sorted[at - 1].0.compare(&key)?.is_some_and(std::cmp::Ordering::is_gt) {
            at -= 1;
        }
        sorted.insert(at, (key, value));
    }
    Ok(list(sorted.into_iter().map(|(_, value)| value).collect()))
}

fn sets(name: &str, args: &[V]) -> Option<R> {
    let [V::List(a), V::List(b)] = args else { return None };
    let holds = |set: &[V], value: &V| set.iter().any(|found| found.equals(value));
    Some(Ok(V::Bool(match name {
        "sets.contains" => b.iter().all(|value| holds(a, value)),
        "sets.equivalent" => {
            b.iter().all(|value| holds(a, value)) && a.iter().all(|value| holds(b, value))
        }
        "sets.intersects" => b.iter().any(|value| holds(a, value)),
        _ => return None,
    })))
}
