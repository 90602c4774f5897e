//! What checking a project came to, as bytes that can be kept and found again.
//!
//! In:      everything that a check goes by: files, settings, what is told, who checks.
//! Out:     `CacheKey`, which only equal checks share; bytes of an `CheckOutcome`, and the outcome
//!          of bytes.
//! Imports: `base`, `compiler::source`, `diag`, `runtime::bundle`, `tools::project`.
//!
//! A project is kept as a whole: a rule can be told about because of any other, so nothing smaller
//! than all files settles what is found in one. Bytes begin with a digest over the key and
//! themselves. Those that are damaged, cut off, or were kept for something else give no outcome.

use crate::base::hex;
use crate::base::span::{FileId, Span};
use crate::compiler::source::map::SourceMap;
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Edit, Fix, Label, Severity};
use crate::runtime::bundle::digest::{Digest, of};
use crate::tools::lint::select::Selection;
use crate::tools::project::Settings;

/// What the bytes of every key and outcome start with; another form has another number.
const FORM: &[u8] = b"policyc.check.1\0";

/// What a check goes by, in 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheKey(Digest);

/// What a check came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOutcome {
    /// What is told, in order.
    pub findings: Vec<Diagnostic>,
    /// How many findings had no room.
    pub dropped: usize,
    /// The number of documents.
    pub policies: usize,
    /// The number of rules.
    pub rules: usize,
}

impl CacheKey {
    /// The key of a check; `compiler` tells the program that checks from all others.
    #[must_use]
    pub fn of(
        compiler: &str,
        files: &SourceMap,
        settings: &Settings,
        selection: &Selection,
    ) -> Self {
        let mut all = Writer(FORM.to_vec());
        all.text(compiler);
        all.text(&format!("{settings:?}"));
        all.text(&format!("{selection:?}"));
        for (_, file) in files.iter() {
            all.text(&file.path);
            let bytes = file.bytes.as_deref();
            all.0.push(u8::from(bytes.is_some()));
            all.0.extend(of(bytes.unwrap_or(file.text.as_bytes())));
        }
        Self(of(&all.0))
    }

    /// In hexadecimal digits.
    #[must_use]
    pub fn name(&self) -> String {
        hex::text(&self.0)
    }
}

/// An outcome as bytes.
#[must_use]
pub fn written(key: &CacheKey, outcome: &CheckOutcome) -> Vec<u8> {
    let mut out = Writer(Vec::new());
    for count in [outcome.dropped, outcome.policies, outcome.rules, outcome.findings.len()] {
        out.count(count);
    }
    for finding in &outcome.findings {
        out.finding(finding);
    }
    let mut bytes = checksum(key, &out.0).to_vec();
    bytes.append(&mut out.0);
    bytes
}

/// The outcome that bytes were written of, for this key and these files; `None` for any others.
#[must_use]
pub fn read(key: &CacheKey, bytes: &[u8], files: &SourceMap) -> Option<CheckOutcome> {
    let (sum, rest) = bytes.split_first_chunk::<32>()?;
    if *sum != checksum(key, rest) {
        return None;
    }
    let mut from = Reader { rest, files };
    let [dropped, policies, rules, count] =
        [from.count()?, from.count()?, from.count()?, from.count()?];
    let findings = (0..count).map(|_| from.finding()).collect::<Option<Vec<_>>>()?;
    from.rest.is_empty().then_some(CheckOutcome { findings, dropped, policies, rules })
}

fn checksum(key: &CacheKey, bytes: &[u8]) -> Digest {
    of(&[FORM, &key.0, bytes].concat())
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, number: u32) {
        self.0.extend(number.to_le_bytes());
    }

    fn count(&mut self, count: usize) {
        self.number(u32::try_from(count).unwrap_or(u32::MAX));
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend(text.as_bytes());
    }

    fn maybe<T>(&mut self, value: Option<&T>, write: impl Fn(&mut Self, &T)) {
        self.0.push(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn many<T>(&mut self, values: &[T], write: impl Fn(&mut Self, &T)) {
        self.count(values.len());
        for value in values {
            write(self, value);
        }
    }

    /// A text about some bytes.
    fn about(&mut self, at: Span, text: &str) {
        for number in [at.file.0, at.start, at.end] {
            self.number(number);
        }
        self.text(text);
    }

    fn finding(&mut self, finding: &Diagnostic) {
        let Diagnostic { code, severity, message, primary, secondary, .. } = finding;
        let Diagnostic { detail, example, help, fix, .. } = finding;
        self.text(code.id());
        self.text(severity.word());
        self.text(message);
        let label = |out: &mut Self, label: &Label| out.about(label.span, &label.text);
        self.maybe(primary.as_ref(), label);
        self.many(secondary, label);
        for text in [detail, example, help] {
            self.maybe(text.as_ref(), |out, text| out.text(text));
        }
        self.maybe(fix.as_ref(), |out, fix| {
            out.text(&fix.title);
            out.0.push(u8::from(fix.safe));
            out.many(&fix.edits, |out, edit| out.about(edit.span, &edit.text));
        });
    }
}

struct Reader<'b> {
    rest: &'b [u8],
    files: &'b SourceMap,
}

impl Reader<'_> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(u32::from_le_bytes(*number))
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    fn flag(&mut self) -> Option<bool> {
        let (flag, rest) = self.rest.split_first()?;
        self.rest = rest;
        (*flag < 2).then_some(*flag == 1)
    }

    fn text(&mut self) -> Option<String> {
        let count = self.count()?;
        let (text, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    #[expect(clippy::option_option, reason = "what is not there, and what cannot be read")]
    fn maybe<T>(&mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.flag()? { read(self).map(Some) } else { Some(None) }
    }

    fn many<T>(&mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.count()?;
        (0..count).map(|_| read(self)).collect()
    }

    fn about(&mut self) -> Option<(Span, String)> {
        let (file, start, end) = (FileId(self.number()?), self.number()?, self.number()?);
        let text = &self.files.get(file)?.text;
        text.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?;
        Some((Span::new(file, start, end), self.text()?))
    }

    fn label(&mut self) -> Option<Label> {
        self.about().map(|(span, text)| Label { span, text })
    }

    fn finding(&mut self) -> Option<Diagnostic> {
        let code = Code::from_id(&self.text()?)?;
        let word = self.text()?;
        let severity = Severity::ALL.into_iter().find(|severity| severity.word() == word)?;
        Some(Diagnostic {
            code,
            severity,
            message: self.text()?,
            primary: self.maybe(Self::label)?,
            secondary: self.many(Self::label)?,
            detail: self.maybe(Self::text)?,
            example: self.maybe(Self::text)?,
            help: self.maybe(Self::text)?,
            fix: self.maybe(Self::fix)?,
        })
    }

    fn fix(&mut self) -> Option<Fix> {
        let (title, safe) = (self.text()?, self.flag()?);
        let edits = self.many(|own| own.about().map(|(span, text)| Edit { span, text }))?;
        Some(Fix { title, edits, safe })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> SourceMap {
        let mut files = SourceMap::new();
        files.add("a.yaml", "policyc: 1\n");
        files.add("b.yaml", "name: é\n");
        files
    }

    fn key(files: &SourceMap) -> CacheKey {
        CacheKey::of("1", files, &Settings::default(), &Selection::default())
    }

    /// One with everything that a finding can have.
    fn outcome() -> CheckOutcome {
        let at = |start, end| Span::new(FileId(1), start, end);
        let full = Diagnostic::new(Code::IdlePart, at(6, 8), "a fact", "a label");
        let full = full.label(at(0, 4), "another").detail("more").help("a step");
        let full = full.fix("write it", at(6, 8), "e");
        let full = Diagnostic { example: Some("{} → deny".into()), ..full };
        let bare = Diagnostic::without_place(Code::LintGivenUp, "given up");
        let hard = Diagnostic { severity: Severity::Error, ..bare.clone() };
        CheckOutcome { findings: vec![full, bare, hard], dropped: 3, policies: 2, rules: 7 }
    }

    #[test]
    fn what_was_written_is_read() {
        let (files, outcome) = (project(), outcome());
        let bytes = written(&key(&files), &outcome);
        assert_eq!(read(&key(&files), &bytes, &files), Some(outcome));
    }

    #[test]
    fn damaged_bytes_are_not_believed() {
        let (files, key) = (project(), key(&project()));
        let bytes = written(&key, &outcome());
        for at in 0..bytes.len() {
            assert_eq!(read(&key, &bytes[..at], &files), None, "cut off at {at}");
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[at] ^= 1 << bit;
                assert_eq!(read(&key, &other, &files), None, "bit {bit} of byte {at}");
            }
        }
        assert_eq!(read(&key, &[&bytes[..], &[0]].concat(), &files), None);
    }

    #[test]
    fn whatever_a_check_goes_by_has_its_own_key() {
        use crate::tools::lint::select::{Choice, Selector};

        let files = project();
        let own = key(&files);
        assert_eq!(own, key(&files.clone()));
        let bytes = written(&own, &outcome());
        let mut others = Vec::new();
        let (plain, chosen) = (Settings::default(), Selection::default());
        others.push(CacheKey::of("2", &files, &plain, &chosen));
        for settings in [
            Settings { strict: true, ..plain.clone() },
            Settings { schema: Some("a.yaml".into()), ..plain.clone() },
            Settings { tags: Some(Vec::new()), ..plain.clone() },
        ] {
            others.push(CacheKey::of("1", &files, &settings, &chosen));
        }
        let select = Some(vec![Selector::read("all").expect("all")]);
        let all = Selection::of(&Choice { select, ..Choice::default() }, &[]);
        others.push(CacheKey::of("1", &files, &plain, &all));
        let mut more = files.clone();
        more.add("c.yaml", "");
        let mut moved = SourceMap::new();
        moved.add("b.yaml", "name: é\n");
        moved.add("a.yaml", "policyc: 1\n");
        let mut bytes_of = SourceMap::new();
        bytes_of.add("a.yaml", "policyc: 1\n");
        bytes_of.add_bytes("b.yaml", "name: é\n".into());
        others.extend([key(&more), key(&moved), key(&bytes_of)]);
        for (at, other) in others.iter().enumerate() {
            assert_ne!(*other, own, "{at}");
            assert!(!others.iter().skip(at + 1).any(|it| it == other), "{at}");
            assert_eq!(read(other, &bytes, &files), None, "kept for something else");
        }
    }

    #[test]
    fn places_lie_in_the_files() {
        let (files, key) = (project(), key(&project()));
        for at in [(1, 7, 8), (1, 0, 99), (1, 4, 2), (2, 0, 0)] {
            let (file, start, end) = at;
            let span = Span { file: FileId(file), start, end };
            let findings = vec![Diagnostic::new(Code::IdlePart, span, "a fact", "")];
            let bytes = written(&key, &CheckOutcome { findings, ..CheckOutcome::default() });
            assert_eq!(read(&key, &bytes, &files), None, "{at:?}");
        }
    }
}
