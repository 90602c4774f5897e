//! Comments that keep a finding from being told: `# policyc: ignore[W0513] made by hand`.
//!
//! In:      the files, the tree, the findings.
//! Out:     the findings that are left, and those about the comments themselves.
//! Imports: `base`, `diag`, `compiler`.
//!
//! A comment behind something speaks about its line. A comment on a line of its own speaks about
//! what begins on the next line, to the end of what is indented deeper: a whole rule, or a block
//! scalar. `ignore-file[..]` speaks about the file. In YAML a comment begins with `#`, in CEL with
//! `//`; the same text inside of a string is no comment.

use std::collections::BTreeMap;

use crate::base::arrange::Arrange as _;
use crate::base::span::{FileId, Span};
use crate::compiler::source::map::{SourceFile, SourceMap};
use crate::compiler::syntax::ast::{Ast, ExprKind, Literal};
use crate::compiler::syntax::document::goes_on;
use crate::compiler::syntax::document::path::extension;
use crate::compiler::syntax::document::yaml::{self, Node, NodeKind};
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::diag::sink::Sink;
use crate::tools::lint::select::{Level, Selection, Selector};

/// What follows the sign of a comment.
pub const MARK: &str = "policyc: ignore";

/// A comment that keeps findings from being told.
#[derive(Debug)]
struct Suppression {
    /// The comment.
    at: Span,
    /// What goes with it: its whole line, or the blanks in front of it.
    whole: Span,
    /// The codes between the brackets.
    codes: Vec<Named>,
    reason: String,
    /// The bytes that it speaks about.
    from: u32,
    to: u32,
}

/// A code between the brackets.
#[derive(Debug)]
struct Named {
    at: Span,
    /// What it stands for, or why it stands for nothing.
    read: Result<Selector, String>,
    used: bool,
}

/// The findings that are told. `whole` says that every lint has run, so that what no finding needed
/// is not needed.
#[must_use]
pub fn told(
    files: &SourceMap,
    ast: &Ast,
    selection: &Selection,
    findings: Vec<Diagnostic>,
    whole: bool,
) -> Vec<Diagnostic> {
    let mut suppressions = Vec::new();
    let marked: Vec<_> = files.iter().filter(|(_, it)| it.text.contains(MARK)).collect();
    let mut strings = if marked.is_empty() { BTreeMap::new() } else { strings(ast) };
    for (file, source) in marked {
        let strings = Disjoint::of(strings.remove(&file).unwrap_or_default());
        suppressions.extend(Comments::of(file, source, files, strings).read());
    }
    let path = |at: Option<Span>| {
        let file = at.and_then(|at| files.get(at.file));
        file.map_or("", |file| file.path.as_str())
    };
    let mut kept = Vec::with_capacity(findings.len());
    for finding in findings {
        let forbidden = selection.level(finding.code) == Level::Forbid;
        let mut silent = false;
        if !forbidden && finding.severity < Severity::Error {
            for own in &mut suppressions {
                silent |= own.takes(&finding);
            }
        }
        if !silent {
            let at = finding.span();
            kept.extend(selection.told(finding, path(at)));
        }
    }
    for own in &suppressions {
        for finding in own.findings(selection, whole) {
            let at = finding.span();
            kept.extend(selection.told(finding, path(at)));
        }
    }
    kept
}

impl Suppression {
    /// Whether it keeps a finding from being told; notes that it was needed.
    fn takes(&mut self, finding: &Diagnostic) -> bool {
        let about_suppressions =
            matches!(finding.code, Code::UnusedSuppression | Code::BareSuppression);
        let Some(at) = finding.span().filter(|_| !about_suppressions) else { return false };
        if at.file != self.at.file || at.start < self.from || at.start >= self.to {
            return false;
        }
        let mut takes = false;
        for named in &mut self.codes {
            if named.read.as_ref().is_ok_and(|selector| selector.speaks_of(finding.code)) {
                named.used = true;
                takes = true;
            }
        }
        takes
    }

    /// What is to be said about it.
    fn findings(&self, selection: &Selection, whole: bool) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        if self.codes.is_empty() {
            let fact = "a suppression names no code";
            let finding = Diagnostic::new(Code::UnusedSuppression, self.at, fact, "of what?");
            found.push(finding.help("write the codes in brackets, as `ignore[W0513]`"));
        }
        let needless = |named: &Named| match &named.read {
            Err(_) => true,
            Ok(selector) => whole && !named.used && selection.tells(selector),
        };
        let all = self.codes.iter().all(needless);
        for (at, named) in self.codes.iter().enumerate().filter(|(_, named)| needless(named)) {
            let (fact, label) = match &named.read {
                Err(why) => (why.clone(), "no finding can be meant"),
                Ok(selector) => {
                    (format!("nothing here is found by {}", selector.text()), "needless")
                }
            };
            let finding = Diagnostic::new(Code::UnusedSuppression, named.at, fact, label);
            found.push(if all {
                finding.fix("take the comment away", self.whole, "")
            } else {
                finding.fix("take the code away", self.without(at), "")
            });
        }
        if self.reason.is_empty() && !self.codes.is_empty() {
            let fact = "a suppression without a reason";
            let finding = Diagnostic::new(Code::BareSuppression, self.at, fact, "why?");
            found.push(finding.help("write behind the bracket why this is right"));
        }
        found
    }

    /// The bytes of a code with the comma beside it.
    fn without(&self, at: usize) -> Span {
        let mut span = self.codes.get(at).map_or(self.at, |named| named.at);
        let before = at.checked_sub(1).and_then(|at| self.codes.get(at));
        match (before, self.codes.get(at + 1)) {
            (Some(before), _) => span.start = before.at.end,
            (None, Some(after)) => span.end = after.at.start,
            (None, None) => {}
        }
        span
    }
}

/// The comments of a file.
struct Comments<'a> {
    file: FileId,
    source: &'a SourceFile,
    /// Bytes of YAML scalars: a `#` inside begins no comment.
    scalars: Disjoint,
    /// Bytes of CEL strings: a `//` inside begins no comment.
    strings: Disjoint,
    is_cel: bool,
}

impl<'a> Comments<'a> {
    fn of(file: FileId, source: &'a SourceFile, files: &SourceMap, strings: Disjoint) -> Self {
        let is_cel = extension(&source.path) == "cel";
        let scalars = if is_cel { Disjoint::default() } else { scalars(file, files) };
        Self { file, source, scalars, strings, is_cel }
    }

    fn read(&self) -> Vec<Suppression> {
        let text = &self.source.text;
        let marks = text.match_indices(MARK).map(|(at, _)| at);
        marks.filter_map(|at| self.suppression(at)).collect()
    }

    /// The suppression whose mark stands at `mark`, if it is one.
    fn suppression(&self, mark: usize) -> Option<Suppression> {
        let text = self.source.text.as_str();
        let line = text.get(..mark)?.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let end = text.get(mark..)?.find(['\n', '\r']).map_or(text.len(), |len| mark + len);
        let before = text.get(line..mark)?.trim_end();
        let (sign, begin) = if let Some(rest) = before.strip_suffix("//") {
            ("//", line + rest.len())
        } else {
            ("#", line + before.strip_suffix('#')?.len())
        };
        if !self.is_comment(sign, begin) {
            return None;
        }
        let at = self.span(begin, end);
        let rest = text.get(mark + MARK.len()..end)?;
        let (whole_file, rest) = match rest.strip_prefix("-file") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (codes, reason) = match rest.strip_prefix('[').and_then(|it| it.split_once(']')) {
            Some((codes, reason)) => {
                let from = end - rest.len() + 1;
                (self.codes(codes, from), reason.trim().to_owned())
            }
            None => (Vec::new(), String::new()),
        };
        let lead = text.get(line..begin)?;
        let alone = lead.trim().is_empty();
        let (from, to) = match (whole_file, alone) {
            (true, _) => (0, text.len()),
            (false, true) => self.below(end),
            (false, false) => (line, end),
        };
        let whole = if alone {
            let next = text.get(end..)?.find('\n').map_or(end, |len| end + len + 1);
            self.span(line, next)
        } else {
            self.span(line + lead.trim_end().len(), end)
        };
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        // An empty file behind its last byte is a place, too.
        Some(Suppression { at, whole, codes, reason, from: narrow(from), to: narrow(to).max(1) })
    }

    /// The codes of `list`, which begins at byte `from`.
    fn codes(&self, list: &str, from: usize) -> Vec<Named> {
        let mut at = from;
        let mut named = Vec::new();
        for part in list.split(',') {
            let lead = part.len() - part.trim_start().len();
            let name = part.trim();
            if !name.is_empty() {
                let span = self.span(at + lead, at + lead + name.len());
                named.push(Named { at: span, read: Selector::read(name), used: false });
            }
            at += part.len() + 1;
        }
        named
    }

    fn is_comment(&self, sign: &str, at: usize) -> bool {
        let inside = |spans: &Disjoint| spans.at(at).is_some();
        match sign {
            "//" => (self.is_cel || inside(&self.scalars)) && !inside(&self.strings),
            _ => !self.is_cel && !inside(&self.scalars),
        }
    }

    /// What begins below the line that ends at `end`: its first line that says something, and
    /// those that belong to it.
    fn below(&self, end: usize) -> (usize, usize) {
        let text = self.source.text.as_str();
        let mut found: Option<(usize, usize)> = None;
        let (mut at, mut to) = (end, end);
        for line in text.get(end..).unwrap_or_default().split_inclusive('\n') {
            let start = at;
            at += line.len();
            let content = line.trim_start();
            let indent = line.len() - content.len();
            let blank = content.trim().is_empty();
            let comment = content.starts_with("//") || (content.starts_with('#') && !self.is_cel);
            match found {
                None if blank || comment => {}
                None => (found, to) = (Some((start, indent)), at),
                Some(_) if blank => {}
                Some((_, own)) if indent > own || (self.is_cel && goes_on(line)) => to = at,
                Some(_) => break,
            }
        }
        found.map_or((end, end), |(from, _)| (from, to))
    }

    fn span(&self, from: usize, to: usize) -> Span {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span::new(self.file, narrow(from), narrow(to))
    }
}

/// Places of one file, none of which holds another, in order.
#[derive(Clone, Debug, Default)]
pub struct Disjoint(Vec<Span>);

impl Disjoint {
    fn of(mut spans: Vec<Span>) -> Self {
        spans.arrange_by_key(|span| span.start);
        Self(spans)
    }

    /// The one that holds byte `at`.
    #[must_use]
    pub fn at(&self, at: usize) -> Option<Span> {
        let before = self.0.partition_point(|span| span.start as usize <= at);
        let span = self.0.get(before.checked_sub(1)?)?;
        (at < span.end as usize).then_some(*span)
    }
}

/// The bytes of all strings of CEL, by file.
fn strings(ast: &Ast) -> BTreeMap<FileId, Vec<Span>> {
    let mut found: BTreeMap<FileId, Vec<Span>> = BTreeMap::new();
    for expr in &ast.exprs {
        if let ExprKind::Literal(Literal::String(_) | Literal::Bytes(_)) = expr.kind {
            found.entry(expr.span.file).or_default().push(expr.span);
        }
    }
    found
}

/// The bytes of all keys and scalars of a YAML file; none where it is not YAML.
#[must_use]
pub fn scalars(file: FileId, files: &SourceMap) -> Disjoint {
    let root = yaml::parse(file, files, &mut Sink::new());
    let mut open: Vec<&Node> = root.iter().collect();
    let mut spans = Vec::new();
    while let Some(node) = open.pop() {
        match &node.kind {
            NodeKind::Scalar(_) => spans.push(node.span),
            NodeKind::Sequence { items, .. } => open.extend(items),
            NodeKind::Mapping { entries, .. } => {
                for entry in entries {
                    spans.push(entry.key.span);
                    open.push(&entry.value);
                }
            }
            NodeKind::Refused => {}
        }
    }
    Disjoint::of(spans)
}
