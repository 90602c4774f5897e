//! Many texts side by side: one piece of memory, however many there are.
//!
//! Imports: nothing of ours.

/// Texts, each with the number of its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    text: String,
    /// Where each ends in `text`, in bytes; the next one starts there.
    ends: Vec<u32>,
}

impl Texts {
    /// No texts yet, and room for `texts` of them, `bytes` in all.
    #[must_use]
    pub fn with_capacity(texts: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(texts) }
    }

    /// Appends a text. Beyond 4 GiB in all, far above what a bundle holds, texts are cut off.
    pub fn push(&mut self, text: &str) {
        let end = u32::try_from(self.text.len() + text.len());
        if end.is_ok() {
            self.text.push_str(text);
        }
        let last = self.ends.last().copied().unwrap_or(0);
        self.ends.push(end.unwrap_or(last));
    }

    /// Number of texts.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Text `at`, if there are so many.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&str> {
        self.text.get(self.range(at)?)
    }

    /// The bytes of `as_str` that are text `at`, if there are so many.
    #[must_use]
    pub fn range(&self, at: usize) -> Option<std::ops::Range<usize>> {
        let end = *self.ends.get(at)? as usize;
        let before = at.checked_sub(1).and_then(|before| self.ends.get(before));
        Some(before.map_or(0, |start| *start as usize)..end)
    }

    /// The texts, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// All of them as one text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<T: AsRef<str>> FromIterator<T> for Texts {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let mut all = Self::default();
        for text in texts {
            all.push(text.as_ref());
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::Texts;

    #[test]
    fn texts_stay_apart() {
        let texts: Texts = ["", "ab", "", "é"].into_iter().collect();
        assert_eq!(texts.iter().collect::<Vec<_>>(), ["", "ab", "", "é"]);
        assert_eq!((texts.len(), texts.is_empty(), texts.as_str()), (4, false, "abé"));
        assert_eq!((texts.get(3), texts.get(4), texts.range(3)), (Some("é"), None, Some(2..4)));
        assert!(Texts::default().is_empty());
    }
}
