//! Comments that keep a finding from being told: `# policyc: ignore[W0513] made by hand`.
//!
//! In:      the files, the tree, the findings.
//! Out:     the findings that are left, and those about the comments themselves.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`.
//!
//! A comment behind something speaks about its line. A comment on a line of its own speaks about
//! what begins on the next line, to the end of what is indented deeper: a whole rule, or a block
//! scalar. `ignore-file[..]` speaks about the file. In YAML a comment begins with `#`, in CEL with
//! `//`; the same text inside of a string is no comment. It must be the first of its comment: what
//! somebody quotes in one silences nothing.

use std::collections::BTreeMap;

use crate::base::arrange::Arrange as _;
use crate::base::span::{FileId, Span};
use crate::compiler::source::map::{SourceFile, SourceMap};
use crate::compiler::syntax::ast::{Ast, ExprKind, Literal};
use crate::compiler::syntax::document::goes_on;
use crate::compiler::syntax::document::path::extension;
use crate::compiler::syntax::document::yaml::{self, Node, NodeKind};
use crate::compiler::syntax::lexer::lexemes;
use crate::compiler::syntax::token::Token;
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::diag::sink::Sink;
use crate::tools::lint::LINTS;
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
    codes: Vec<SuppressedCode>,
    reason: String,
    /// The bytes that it speaks about.
    from: u32,
    to: u32,
}

/// A code between the brackets.
#[derive(Debug)]
struct SuppressedCode {
    at: Span,
    /// What it stands for, or why it stands for nothing.
    read: Result<Selector, String>,
    used: bool,
}

/// Which lints have run: what none of these needed is not needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// Some.
    Part,
    /// All but those that go by recorded sessions.
    WithoutSessions,
    /// All.
    All,
}

impl Ran {
    /// Whether those that report any of these have.
    fn has(self, selector: &Selector) -> bool {
        let mut waiting = LINTS.iter().filter(|lint| lint.needs_sessions());
        match self {
            Self::Part => false,
            Self::WithoutSessions => !waiting.any(|lint| selector.speaks_of(lint.code)),
            Self::All => true,
        }
    }
}

/// The findings that are told.
#[must_use]
pub fn told(
    files: &SourceMap,
    ast: &Ast,
    selection: &Selection,
    findings: Vec<Diagnostic>,
    ran: Ran,
) -> Vec<Diagnostic> {
    let mut suppressions = Vec::new();
    let marked: Vec<_> = files.iter().filter(|(_, it)| it.text.contains(MARK)).collect();
    let mut code = if marked.is_empty() { BTreeMap::new() } else { code(ast) };
    for (file, source) in marked {
        let code = code.remove(&file).unwrap_or_default();
        suppressions.extend(Comments::of(file, source, files, code).read());
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
            kept.extend(selection.apply(finding, path(at)));
        }
    }
    for own in &suppressions {
        for finding in own.findings(selection, ran) {
            let at = finding.span();
            kept.extend(selection.apply(finding, path(at)));
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
    fn findings(&self, selection: &Selection, ran: Ran) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        if self.codes.is_empty() {
            let fact = "a suppression names no code";
            let finding = Diagnostic::new(Code::UnusedSuppression, self.at, fact, "of what?");
            found.push(finding.help("write the codes in brackets, as `ignore[W0513]`"));
        }
        let needless = |named: &SuppressedCode| match &named.read {
            Err(_) => true,
            Ok(selector) => ran.has(selector) && !named.used && selection.includes(selector),
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
    /// Where they begin, ascending, each with what follows its sign.
    begins: Vec<(usize, usize)>,
    is_cel: bool,
}

impl<'a> Comments<'a> {
    fn of(file: FileId, source: &'a SourceFile, files: &SourceMap, code: Expressions) -> Self {
        let is_cel = extension(&source.path) == "cel";
        let values = if is_cel { Disjoint::default() } else { scalars(file, files) };
        let own = comments(file, source, &values).0.into_iter();
        let sign = if is_cel { 2 } else { 1 };
        let mut begins: Vec<_> =
            own.map(|at| (at.start as usize, at.start as usize + sign)).collect();
        begins.extend(code.comments(source, &values));
        begins.arrange();
        Self { file, source, begins, is_cel }
    }

    fn read(&self) -> Vec<Suppression> {
        let begins = self.begins.iter();
        begins.filter_map(|(begin, behind)| self.suppression(*begin, *behind)).collect()
    }

    /// The suppression that is the comment at `begin`, behind whose sign `behind` stands, if it is
    /// one.
    fn suppression(&self, begin: usize, behind: usize) -> Option<Suppression> {
        let text = self.source.text.as_str();
        let said = text.get(behind..)?;
        let mark = behind + (said.len() - said.trim_start_matches([' ', '\t']).len());
        if !text.get(mark..)?.starts_with(MARK) {
            return None;
        }
        let line = text.get(..begin)?.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let end = line_end(text, mark);
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
    fn codes(&self, list: &str, from: usize) -> Vec<SuppressedCode> {
        let mut at = from;
        let mut named = Vec::new();
        for part in list.split(',') {
            let lead = part.len() - part.trim_start().len();
            let name = part.trim();
            if !name.is_empty() {
                let span = self.span(at + lead, at + lead + name.len());
                named.push(SuppressedCode { at: span, read: Selector::read(name), used: false });
            }
            at += part.len() + 1;
        }
        named
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

    /// The first one that begins at byte `from` or behind it, but not at `to` or behind that.
    #[must_use]
    pub fn first(&self, from: usize, to: usize) -> Option<Span> {
        let next = self.0.partition_point(|span| (span.start as usize) < from);
        self.0.get(next).copied().filter(|span| (span.start as usize) < to)
    }

    /// The one that holds byte `at`.
    #[must_use]
    pub fn at(&self, at: usize) -> Option<Span> {
        let before = self.0.partition_point(|span| span.start as usize <= at);
        let span = self.0.get(before.checked_sub(1)?)?;
        (at < span.end as usize).then_some(*span)
    }
}

/// Where the line ends that holds byte `at`.
fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.find(['\n', '\r']).map_or(text.len(), |len| at + len)
}

/// The comments of a file: of YAML those that `#` begins outside of `values`, its scalars; of CEL
/// all.
#[must_use]
pub fn comments(file: FileId, source: &SourceFile, values: &Disjoint) -> Disjoint {
    let text = source.text.as_str();
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let span = |from, to| Span::new(file, narrow(from), narrow(to));
    if extension(&source.path) == "cel" {
        let words = lexemes(text).filter(|word| word.token == Token::Comment);
        return Disjoint(words.map(|word| span(word.start, word.end)).collect());
    }
    let (mut found, mut free) = (Vec::new(), 0);
    for (at, _) in text.match_indices('#') {
        let before = text.get(..at).and_then(|it| it.chars().next_back());
        let parted = before.is_none_or(|it| matches!(it, ' ' | '\t' | '\n' | '\r' | '\u{feff}'));
        if at >= free && parted && values.at(at).is_none() {
            free = line_end(text, at);
            found.push(span(at, free));
        }
    }
    Disjoint(found)
}

/// Expressions of a file.
#[derive(Debug, Default)]
struct Expressions {
    /// Where each begins.
    starts: Vec<u32>,
    /// The strings among them: a `//` inside begins no comment.
    strings: Vec<Span>,
}

impl Expressions {
    /// Where comments of CEL begin in those `values` of a YAML file that hold expressions, each
    /// with what follows its sign.
    fn comments(mut self, source: &SourceFile, values: &Disjoint) -> Vec<(usize, usize)> {
        self.starts.arrange();
        let strings = Disjoint::of(self.strings);
        let mut found = Vec::new();
        for value in &values.0 {
            let next = self.starts.partition_point(|at| *at < value.start);
            if self.starts.get(next).is_none_or(|at| *at >= value.end) {
                continue;
            }
            let (from, mut free) = (value.start as usize, 0);
            let text = source.text.get(from..value.end as usize).unwrap_or_default();
            for (at, sign) in text.match_indices("//") {
                if at >= free && strings.at(from + at).is_none() {
                    free = line_end(text, at);
                    found.push((from + at, from + at + sign.len()));
                }
            }
        }
        found
    }
}

/// All expressions, by file.
fn code(ast: &Ast) -> BTreeMap<FileId, Expressions> {
    let mut found: BTreeMap<FileId, Expressions> = BTreeMap::new();
    for expr in &ast.exprs {
        let own = found.entry(expr.span.file).or_default();
        own.starts.push(expr.span.start);
        if let ExprKind::Literal(Literal::String(_) | Literal::Bytes(_)) = expr.kind {
            own.strings.push(expr.span);
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
