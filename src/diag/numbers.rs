//! Numbers as people read them.
//!
//! Imports: nothing of ours.

/// `50 000`: digits in groups of three.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_stand_in_groups_of_three() {
        assert_eq!(grouped(1_000_000), "1 000 000");
        assert_eq!(grouped(12), "12");
        assert_eq!(grouped(0), "0");
    }
}
