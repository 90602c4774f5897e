//! Did you mean: the nearest of some known names.

/// The name among `known` that is nearest to `typed`, if one is near enough to be meant.
///
/// Near enough is an edit distance (swap of neighbours counts one) of at most a third of the
/// length, or a difference in case alone; of two names of one letter neither is near the other.
/// Of equally near names those that go on where `typed` ends come first, then the first in byte
/// order, so that the order of `known` never matters.
#[must_use]
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = typed.chars().count();
    let limit = (letters / 3).max(1);
    known
        .into_iter()
        .filter(|name| *name != typed)
        .filter_map(|name| {
            if name.eq_ignore_ascii_case(typed) {
                return Some((0, false, name));
            }
            let distance = distance(typed, name, limit);
            let apart = letters == 1 && name.chars().count() == 1;
            let is_cut = name.starts_with(typed);
            (!apart && distance <= limit).then_some((distance, !is_cut, name))
        })
        .min()
        .map(|(.., name)| name)
}

/// Optimal string alignment distance in code points, as far as it is at most `most`. Long names
/// are never near.
fn distance(a: &str, b: &str, most: usize) -> usize {
    const LONGEST: usize = 64;
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    if a.len() > LONGEST || b.len() > LONGEST || a.len().abs_diff(b.len()) > most {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, right) in b.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(LONGEST);
            let mut best = (at(&above, j) + usize::from(left != right))
                .min(at(&above, j + 1) + 1)
                .min(at(&row, j) + 1);
            let swapped =
                i > 0 && j > 0 && a.get(i - 1) == Some(right) && b.get(j - 1) == Some(left);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        // From here on it only grows.
        if row.iter().min().is_some_and(|least| *least > most) {
            return usize::MAX;
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_typos_and_case() {
        let names = ["amount", "account", "startsWith"];
        assert_eq!(nearest("amout", names), Some("amount"));
        assert_eq!(nearest("amuont", names), Some("amount"));
        assert_eq!(nearest("startswith", names), Some("startsWith"));
        assert_eq!(nearest("zebra", names), None);
        assert_eq!(nearest("j", ["i", "k"]), None);
        assert_eq!(nearest("I", ["i", "k"]), Some("i"));
        assert_eq!(nearest("j", ["ij"]), Some("ij"));
        assert_eq!(nearest("case", ["base", "cases"]), Some("cases"));
    }
}
