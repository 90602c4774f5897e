//! What can be wrong with a document, and how it is said.
//!
//! In:      facts found by the readers of this folder.
//! Out:     diagnostics.
//! Imports: `base`, `diag`.

use crate::base::span::Span;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;

/// A replacement of bytes that cures a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    /// What it does.
    pub title: String,
    /// The bytes to replace.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// A part of YAML that documents may not use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feature {
    /// `&name`
    Anchor,
    /// `*name`
    Alias,
    /// `!name`
    Tag,
    /// `<<`
    MergeKey,
    /// A key that is a list or a mapping.
    ComplexKey,
    /// A second document after `---`.
    SecondDocument,
    /// `%YAML`, `%TAG`
    Directive,
}

/// Why YAML reads an expression otherwise than its author meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// `!` starts a tag.
    Tag,
    /// A quote at the start quotes only a part.
    Quote,
    /// `[` starts a list.
    List,
    /// `{` starts a mapping.
    Mapping,
    /// `: ` starts a value.
    Colon,
    /// ` #` starts a comment.
    Comment,
    /// `,`, a bracket or a brace ends a value inside `{}` or `[]`.
    Flow,
    /// A line break in a folded scalar is a space, so that a comment of CEL goes on behind it.
    Fold,
}

/// Why a message cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageProblem {
    /// `{` without `}`.
    Unclosed,
    /// `}` without `{`.
    Unopened,
    /// `{}`.
    Empty,
}

/// A limit of `base::limits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// Bytes of a file.
    SourceBytes(usize),
    /// Bytes of a scalar.
    ScalarBytes(usize),
    /// Nodes of a document.
    Nodes(usize),
    /// Depth of a document.
    Depth(usize),
    /// Depth of a type.
    TypeDepth(usize),
}

/// A fact about a document. Spans point into the file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DocumentError {
    /// `what` (as "a rule") has `key` at `first` and again at `at`.
    DuplicateKey { at: Span, first: Span, key: String, what: &'static str },
    /// Two of `what` (as "rules") have the id `id`.
    DuplicateId { at: Span, first: Span, id: String, what: &'static str },
    /// `what` has no key `key`.
    UnknownKey {
        at: Span,
        key: String,
        what: &'static str,
        nearest: Option<String>,
        label: &'static str,
    },
    /// A parser of JSON stops here; `words` say why.
    NotJson { at: Span, words: String },
    /// A parser of YAML stops here; `words` say why.
    NotYaml { at: Span, words: String, label: &'static str, help: Option<&'static str> },
    /// A tab at `at`, where `spaces` spaces would do.
    TabIndent { at: Span, spaces: usize },
    /// `what` has no `key`.
    MissingKey { at: Span, key: &'static str, what: String, help: Option<String> },
    /// A rule has neither `deny`, `allow` nor `escalate`; or an entry has no outcome.
    NoOutcome { at: Span, what: String, wanted: &'static str },
    /// `what` is `found`, where `wanted` was expected.
    WrongNode { at: Span, what: String, found: &'static str, wanted: &'static str },
    /// The expression `key` holds nothing but white space; it yields a value, not a condition.
    EmptyValue { at: Span, key: String },
    /// An expression is a number, a boolean or null; it must be text.
    NotText { at: Span, key: String, found: &'static str, cure: Replacement },
    /// A part of YAML that documents may not use.
    Feature { at: Span, feature: Feature },
    /// A source without a policy.
    Empty { at: Span, help: &'static str },
    /// YAML takes the expression `key` apart at `at`.
    ReadFirst { at: Span, cause: Cause, cure: Option<Replacement> },
    /// `what` cannot be `found`; `wanted` can.
    BadValue { at: Span, what: String, found: String, wanted: String, nearest: Option<String> },
    /// `what` has both `first` and `second`.
    Both { at: Span, first: Span, what: String, first_key: String, second_key: String },
    /// `what` has both `first` and `second`, which exclude one another.
    Exclusive { at: Span, first: Span, what: &'static str, keys: (&'static str, &'static str) },
    /// An import that is no qualified name.
    BadImport { at: Span, name: String },
    /// A variable is written as `- name: expression` where its name and its expression have keys.
    ShortVariable { at: Span, name: String },
    /// A variable is named by a reserved word.
    ReservedName { at: Span, name: String },
    /// A part of the language that this version does not have.
    NotBuilt { at: Span, key: String, what: &'static str },
    /// A message that cannot be read.
    BadMessage { at: Span, problem: MessageProblem },
    /// A rule without an id; `id` was made.
    MissingRuleId { at: Span, id: String },
    /// A plain `yes`, `no`, `on` or `off`.
    YamlBoolean { at: Span, word: String },
    /// A comment of CEL that goes on over what YAML joined to its line, where readers of the format
    /// take it so.
    FoldedComment { at: Span },
    /// A limit is passed.
    Beyond { at: Span, limit: Limit },
}

impl From<DocumentError> for Diagnostic {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::DuplicateKey { at, first, key, what } => {
                duplicate_key(at, first, &key, what)
            }
            DocumentError::DuplicateId { at, first, id, what } => {
                duplicate_id(at, first, &id, what)
            }
            DocumentError::UnknownKey { at, key, what, nearest, label } => {
                let message = format!("`{key}` is not a key of {what}");
                let help = did_you_mean(nearest);
                let help = help.unwrap_or_else(|| "take it away, or correct its name".to_owned());
                Self::new(Code::UnknownKey, at, message, label).help(help)
            }
            DocumentError::NotJson { at, words } => {
                Self::new(Code::YamlSyntax, at, "this file is not JSON", words)
                    .help("correct it there; what stands behind it was not read")
            }
            DocumentError::NotYaml { at, words, label, help } => {
                Self::new(Code::YamlSyntax, at, words, label).maybe_help(help.map(str::to_owned))
            }
            DocumentError::TabIndent { at, spaces } => tab_indent(at, spaces),
            DocumentError::MissingKey { at, key, what, help } => {
                let message = format!("{what} needs `{key}`");
                let help = help.unwrap_or_else(|| format!("add `{key}`"));
                Self::new(Code::MissingKey, at, message, "not found here").help(help)
            }
            DocumentError::NoOutcome { at, what, wanted } => no_outcome(at, &what, wanted),
            DocumentError::WrongNode { at, what, found, wanted } => {
                let message = format!("{what} must be {wanted}");
                Self::new(Code::WrongNode, at, message, format!("this is {found}"))
                    .help(written(wanted))
            }
            DocumentError::EmptyValue { at, key } => empty_value(at, &key),
            DocumentError::NotText { at, key, found, cure } => not_text(at, &key, found, cure),
            DocumentError::Feature { at, feature } => yaml_feature(at, feature),
            DocumentError::Empty { at, help } => {
                let message = "this file holds no policy";
                Self::new(Code::EmptySource, at, message, "nothing to decide with").help(help)
            }
            DocumentError::ReadFirst { at, cause, cure } => read_first(at, cause, cure),
            DocumentError::BadValue { at, what, found, wanted, nearest } => {
                let message = format!("`{found}` cannot be {what}");
                Self::new(Code::BadValue, at, message, format!("expected {wanted}"))
                    .help(did_you_mean(nearest).unwrap_or_else(|| format!("write {wanted}")))
            }
            DocumentError::Both { at, first, what, first_key, second_key } => {
                let message = format!("{what} has one outcome, this one has two");
                two_of(at, first, message, (&first_key, &second_key))
            }
            DocumentError::Exclusive { at, first, what, keys } => exclusive(at, first, what, keys),
            DocumentError::BadImport { at, name } => {
                let message = format!("invalid qualified name: {name}");
                Self::new(Code::BadValue, at, message, "expected names with dots between them")
                    .help("write it as `acme.policy`")
            }
            DocumentError::ShortVariable { at, name } => short_variable(at, &name),
            DocumentError::ReservedName { at, name } => reserved_name(at, &name),
            DocumentError::NotBuilt { at, key, what } => {
                let message = format!("`{key}` of {what} is not built yet");
                Self::new(Code::NotBuilt, at, message, "this version cannot enforce it")
                    .help("remove it, or keep it for a later version")
            }
            DocumentError::BadMessage { at, problem } => bad_message(at, problem),
            DocumentError::MissingRuleId { at, id } => missing_rule_id(at, &id),
            DocumentError::YamlBoolean { at, word } => yaml_boolean(at, &word),
            DocumentError::FoldedComment { at } => folded_comment(at),
            DocumentError::Beyond { at, limit } => beyond(at, limit),
        }
    }
}

fn empty_value(at: Span, key: &str) -> Diagnostic {
    Diagnostic::new(Code::EmptyExpression, at, format!("`{key}` is empty"), "nothing here")
        .help("write the value; text stands in quotes of its own, as `'\"text\"'`")
}

fn reserved_name(at: Span, name: &str) -> Diagnostic {
    let message = format!("`{name}` is a reserved word in CEL");
    let label = "a field may be called so, a variable not";
    Diagnostic::new(Code::ReservedWord, at, message, label).help("any other name will do")
}

/// How a node of this kind is written.
fn written(wanted: &str) -> String {
    if wanted.starts_with("a list") {
        "begin each entry with `- `, or write them as `[a, b]`".to_owned()
    } else if wanted.starts_with("a mapping") {
        "write a key, `:` and a value on each line, or `{key: value}`".to_owned()
    } else {
        format!("write {wanted}")
    }
}

fn did_you_mean(nearest: Option<String>) -> Option<String> {
    nearest.map(|name| format!("did you mean `{name}`?"))
}

fn cured(diagnostic: Diagnostic, cure: Option<Replacement>) -> Diagnostic {
    match cure {
        Some(cure) => diagnostic.fix(cure.title, cure.span, cure.text),
        None => diagnostic,
    }
}

fn duplicate_key(at: Span, first: Span, key: &str, what: &str) -> Diagnostic {
    let message = format!("{what} has one `{key}`, this one has two");
    let help = match (what, key) {
        ("a rule", "when") => "join them with `&&`, or make two rules",
        _ => "keep one of them",
    };
    Diagnostic::new(Code::DuplicateKey, at, message, "the second")
        .label(first, "the first")
        .help(help)
}

fn duplicate_id(at: Span, first: Span, id: &str, what: &str) -> Diagnostic {
    let message = format!("two {what} have the id `{id}`");
    let one = what.strip_suffix('s').unwrap_or(what);
    Diagnostic::new(Code::DuplicateKey, at, message, "the second")
        .label(first, "the first")
        .help(format!("an id names one {one}, give this one another"))
}

fn tab_indent(at: Span, spaces: usize) -> Diagnostic {
    let title = match spaces {
        0 => "no space, as in the lines around".to_owned(),
        1 => "one space, as in the lines around".to_owned(),
        _ => format!("{spaces} spaces, as in the lines around"),
    };
    let message = "a tab cannot indent YAML";
    Diagnostic::new(Code::YamlSyntax, at, message, "a tab, shown as →").fix(
        title,
        at,
        " ".repeat(spaces),
    )
}

fn not_text(at: Span, key: &str, found: &str, cure: Replacement) -> Diagnostic {
    let message = format!("`{key}` must be text that holds an expression");
    let label = format!("YAML reads this as {found}");
    Diagnostic::new(Code::WrongNode, at, message, label).fix(cure.title, cure.span, cure.text)
}

fn yaml_feature(at: Span, feature: Feature) -> Diagnostic {
    let (message, label, help) = match feature {
        Feature::Anchor => ("a policy may not use YAML anchors", "an anchor", ANCHOR_HELP),
        Feature::Alias => ("a policy may not use YAML aliases", "an alias", ANCHOR_HELP),
        Feature::Tag => ("a policy may not use YAML tags", "a tag", "quote it if it is text"),
        Feature::MergeKey => {
            ("a policy may not use merge keys", "a merge key", "write the keys out")
        }
        Feature::ComplexKey => {
            ("a key must be a word", "a list or a mapping", "quote it if it is text")
        }
        Feature::SecondDocument => {
            ("a file holds one document", "the second starts here", "move it to a file of its own")
        }
        Feature::Directive => {
            ("a policy may not use YAML directives", "a directive", "remove it: YAML is 1.2 here")
        }
    };
    Diagnostic::new(Code::YamlFeature, at, message, label).help(help)
}

const ANCHOR_HELP: &str = "write the value out: what a rule says must stand in it";

fn read_first(at: Span, cause: Cause, cure: Option<Replacement>) -> Diagnostic {
    let label = match cause {
        Cause::Tag => "`!` starts a YAML tag",
        Cause::Quote => "YAML takes these quotes for its own",
        Cause::List => "`[` starts a YAML list",
        Cause::Mapping => "`{` starts a YAML mapping",
        Cause::Colon => "`: ` ends a YAML key",
        Cause::Comment => "` #` starts a YAML comment",
        Cause::Flow => "this ends the value inside a YAML list or mapping",
        Cause::Fold => "YAML joins these lines, so the next one belongs to this comment",
    };
    let message = "YAML read this before CEL did";
    let diagnostic = Diagnostic::new(Code::YamlReadFirst, at, message, label);
    let diagnostic = match cure {
        Some(_) => diagnostic,
        None if cause == Cause::Fold => {
            diagnostic.help("put the expression below `|-`, where a line stays a line")
        }
        None => diagnostic.help("put the whole expression in quotes, or below `|-`"),
    };
    cured(diagnostic, cure)
}

fn short_variable(at: Span, name: &str) -> Diagnostic {
    let fact = "a variable has a `name` and an `expression`";
    Diagnostic::new(Code::UnknownKey, at, fact, "neither")
        .help(format!("write `name: {name}`, and the expression under `expression`"))
}

fn no_outcome(at: Span, what: &str, wanted: &str) -> Diagnostic {
    Diagnostic::new(Code::MissingKey, at, format!("{what} has no outcome"), "says nothing")
        .help(format!("add one of {wanted}"))
}

fn exclusive(
    at: Span,
    first: Span,
    what: &str,
    (one, other): (&'static str, &'static str),
) -> Diagnostic {
    two_of(at, first, format!("{what} has `{one}` or `{other}`, not both"), (one, other))
}

/// One of two keys has to go.
fn two_of(at: Span, first: Span, fact: String, (one, other): (&str, &str)) -> Diagnostic {
    Diagnostic::new(Code::Conflict, at, fact, "the second")
        .label(first, "the first")
        .help(format!("keep `{one}` or `{other}`"))
}

fn bad_message(at: Span, problem: MessageProblem) -> Diagnostic {
    let (message, label, help) = match problem {
        MessageProblem::Unclosed => {
            let help = "add the closing `}`; a brace that is text is written `{{`";
            ("a brace in this message is never closed", "opened here", help)
        }
        MessageProblem::Unopened => {
            ("a brace in this message closes nothing", "not opened", "for a brace write `}}`")
        }
        MessageProblem::Empty => (
            "the braces of this message hold nothing",
            "an expression is missing",
            "for two braces write `{{}}`",
        ),
    };
    Diagnostic::new(Code::BadMessage, at, message, label).help(help)
}

fn missing_rule_id(at: Span, id: &str) -> Diagnostic {
    let message = format!("this rule has no id, `{id}` was made for it");
    let help = "an id of your own stays when the words around it change";
    Diagnostic::new(Code::MissingRuleId, at, message, "a rule without an id").help(help)
}

fn yaml_boolean(at: Span, word: &str) -> Diagnostic {
    let message = format!("`{word}` is text here, older YAML reads it as a boolean");
    Diagnostic::new(Code::YamlBoolean, at, message, "read as text").fix(
        "say that it is text",
        at,
        format!("\"{word}\""),
    )
}

fn folded_comment(at: Span) -> Diagnostic {
    let fact = "this comment takes the lines behind it along";
    let label = "YAML joins the next line to it, so that is not asked";
    Diagnostic::new(Code::FoldedComment, at, fact, label)
        .help("put the expression below `|`, where a line stays a line")
}

fn beyond(at: Span, limit: Limit) -> Diagnostic {
    let split = "make several documents of it";
    let (code, message, label, help) = match limit {
        Limit::SourceBytes(most) => {
            (Code::TooLong, format!("a file has at most {most} bytes"), "this one has more", split)
        }
        Limit::ScalarBytes(most) => {
            let help = "make several values of it";
            (Code::TooLong, format!("a text has at most {most} bytes"), "this one has more", help)
        }
        Limit::Nodes(most) => {
            (Code::TooLong, format!("a document has at most {most} values"), "one too many", split)
        }
        Limit::Depth(most) => {
            let fact = format!("a document is at most {most} levels deep");
            (Code::TooDeep, fact, "one too deep", "write what lies so deep further up")
        }
        Limit::TypeDepth(most) => {
            let fact = format!("a type is at most {most} levels deep");
            (Code::TooDeep, fact, "one too deep", "leave out what lies so deep: it is dyn then")
        }
    };
    Diagnostic::new(code, at, message, label).help(help)
}
