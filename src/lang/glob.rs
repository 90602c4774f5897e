//! Patterns of `on:`, in which `*` stands for any text, also for none.
//!
//! Imports: nothing of ours.

/// Whether `text` matches `pattern`, byte for byte where there is no `*`. Takes time in proportion
/// to both.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    // The first place for each part leaves the most to those that follow.
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, text, wanted) in [
            ("send_money", "send_money", true),
            ("send_money", "send_money2", false),
            ("get_*", "get_", true),
            ("*_file", "read_file", true),
            ("a*a", "a", false),
            ("*", "anything", true),
            ("**", "", true),
            ("a*b*c", "a_b_b_c", true),
            ("a*b*c", "a_c_b", false),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
        }
    }
}
