//! The words of findings about expressions. The wording follows `docs/codes`.

use crate::base::name::Name;
use crate::base::span::Span;
use crate::compiler::check::error::calls::{
    argument_count, escalate_words, example, macro_fault, pattern_words, size_words,
};
use crate::compiler::check::error::documents::{output_words, policy_words, schema_words};
use crate::compiler::check::error::{
    CallError, CheckError, ComparisonFix, Hint, LiteralKind, NameError, OperandType, TypeError,
};
use crate::compiler::govern::error::{unknown_label, unknown_named};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::session::{KINDS, Question};

impl From<CheckError> for Diagnostic {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Name(error) => name_words(&error),
            CheckError::Type(error) => type_words(&error),
            CheckError::Call(error) => call_words(&error),
            CheckError::Policy(error) => policy_words(error),
            CheckError::Output(error) => output_words(error),
            CheckError::Schema(error) => schema_words(error),
            CheckError::Redact(error) => error.into(),
        }
    }
}

/// A type with its article, as people say it: `an int`, `a string`, `a timestamp`.
pub(super) fn a(ty: &str) -> String {
    let word = match ty {
        "null_type" => return "null".to_owned(),
        "bytes" => return "bytes".to_owned(),
        "google.protobuf.Timestamp" => "timestamp",
        "google.protobuf.Duration" => "duration",
        "list(dyn)" => "list",
        "map(dyn, dyn)" => "map",
        "dyn" => "dyn value",
        other => other,
    };
    let article = if word.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {word}")
}

/// `a, b or c`
pub(super) fn one_of(words: &[String]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

pub(super) fn did_you_mean(name: Option<&String>) -> Option<String> {
    name.map(|name| format!("did you mean `{name}`?"))
}

/// What helps, in a sentence.
fn hint_words(hint: Option<&Hint>) -> Option<String> {
    Some(match hint? {
        Hint::Nearest(name) => format!("did you mean `{name}`?"),
        Hint::Null => {
            "CEL has `null`; whether a field is missing asks `!has(x.field)`, whether it is there \
             `has(x.field)`"
                .to_owned()
        }
        Hint::Admission => {
            "expressions read `object`, `oldObject`, `request`, `namespaceObject`, and \
                            `params` where `spec` has `paramKind`"
                .to_owned()
        }
        Hint::LeftOut => "`stdlib` of the environment leaves it out".to_owned(),
        Hint::Later { name, line: Some(line) } => {
            format!("`variables.{name}` is declared further down, on line {line}: move it up")
        }
        Hint::Later { name, line: None } => {
            format!("`variables.{name}` cannot be made from itself")
        }
        Hint::NotBuilt(name) => format!("its library `{name}` is not built: ask with `matches`"),
        Hint::Library { name, since, selected: Some(version) } => {
            format!("`{name}` has it from version {since} on; version {version} is selected")
        }
        Hint::Library { name, since: 0, selected: None } => {
            format!("the library `{name}` has it: add that to `extensions`")
        }
        Hint::Library { name, since, selected: None } => {
            format!("the library `{name}` has it from version {since} on: add that to `extensions`")
        }
    })
}

fn with_declaration(found: Diagnostic, declared: Option<Span>) -> Diagnostic {
    match declared {
        Some(span) => found.label(span, "declared here"),
        None => found,
    }
}

const NO_BACKTICKS: &str = "the environment does not allow fields in backticks";

fn unknown_name(at: Span, name: &str, hint: Option<&Hint>) -> Diagnostic {
    let whose = if hint == Some(&Hint::Admission) { "this policy" } else { "the schema" };
    let help = hint_words(hint)
        .unwrap_or_else(|| "if the host sends it, declare it in the schema".to_owned());
    Diagnostic::new(Code::UnknownName, at, format!("{whose} has no `{name}`"), "read here")
        .help(help)
}

fn undeclared_field(
    at: Span,
    path: &str,
    field: &str,
    json: bool,
    declared: Option<Span>,
) -> Diagnostic {
    let entry = if json {
        format!("\"{field}\": {{\"type\": \"string\"}}")
    } else {
        format!("{field}: string")
    };
    let fact = format!("the schema has no `{path}.{field}`");
    let help = format!("if the host sends it, add `{entry}` there");
    let found = Diagnostic::new(Code::UnknownName, at, fact, "read here").help(help);
    with_declaration(found, declared)
}

fn name_words(error: &NameError) -> Diagnostic {
    match error {
        NameError::UnknownName { at, name, hint } => unknown_name(*at, name, hint.as_ref()),
        NameError::WindowValue { at, name } => {
            let fact = "a window is no value, it is asked about a time";
            Diagnostic::new(Code::UnknownName, *at, fact, "read here")
                .help(format!("write `windows.{name}.contains(now)`"))
        }
        NameError::Undeclared { at, name, container, hint } => {
            undeclared(*at, name, container).maybe_help(hint_words(hint.as_ref()))
        }
        NameError::UndeclaredCall { at, name, container, hint } => {
            undeclared_call(*at, name, container).maybe_help(hint_words(hint.as_ref()))
        }
        NameError::OperatorLeftOut { at, op, operands } => left_out_words(*at, op, operands),
        NameError::Backticks { at } => {
            Diagnostic::new(Code::UnknownFunction, *at, NO_BACKTICKS, "quoted here")
                .help("its feature `cel.feature.backtick_escape_syntax` is off")
        }
        NameError::UndeclaredField { at, path, field, declared, json } => {
            undeclared_field(*at, path, field, *json, *declared)
        }
        NameError::UnknownField { at, on, field, nearest, declared } => {
            let fact = format!("`{on}` has no field `{field}`");
            let found = Diagnostic::new(Code::UnknownField, *at, fact, "no such field")
                .maybe_help(did_you_mean(nearest.as_ref()));
            with_declaration(found, *declared)
        }
        NameError::UnknownArgument { .. } => argument_words(error),
        NameError::ArgumentTypes { at, field, first, second } => {
            argument_types_words(*at, field, first, second)
        }
        NameError::NoFields { at, on, method } => {
            let fact = format!("{} has no fields", a(on));
            let help =
                method.as_ref().map(|name| format!("to call the function, write `.{name}()`"));
            Diagnostic::new(Code::UnknownField, *at, fact, "no field can be read here")
                .maybe_help(help)
        }
        NameError::WrongPhase { at, field, declared } => {
            let fact = format!("`{field}` exists only after the call");
            let found = Diagnostic::new(Code::WrongPhase, *at, fact, "read before the call")
                .help("a rule with `phase: response` may read it");
            with_declaration(found, *declared)
        }
        NameError::NobodyWrote { at, name } => {
            let fact = format!("nothing gives `{name}` a type");
            Diagnostic::new(Code::DynNotAllowed, *at, fact, "this is dyn")
                .help(format!("declare `{name}` in the schema"))
        }
        NameError::UnknownMember { at, space, name, hint } => {
            let fact = format!("there is no `{space}.{name}`");
            let help =
                hint_words(hint.as_ref()).unwrap_or_else(|| format!("declare it under `{space}`"));
            Diagnostic::new(Code::UnknownName, *at, fact, "not declared").help(help)
        }
        NameError::UnknownFunction { at, name, on, hint } => {
            function_words(*at, name, on.as_ref(), hint.as_ref())
        }
        NameError::UnknownLabel { at, name, nearest } => unknown_label(*at, name, nearest.clone()),
        NameError::UnknownMeasure { at, what, name, nearest } => {
            unknown_named(*at, (*what, name), nearest.clone())
        }
        NameError::NoAnswer { at, question, name, nearest } => {
            no_answer(*at, question, name).maybe_help(did_you_mean(nearest.as_ref()))
        }
        NameError::Message { at, name, nearest } => message_words(*at, name, nearest.as_ref()),
    }
}

fn no_answer(at: Span, question: &str, name: &str) -> Diagnostic {
    if question != Question::Kind.word() {
        let fact = format!("there is no tool `{name}`");
        let found = Diagnostic::new(Code::UnknownTool, at, fact, "no value comes from it");
        return found.help("name a declared tool, `prompt`, `model`, `none` or `several`");
    }
    let fact = format!("`{question}` never answers `{name}`");
    let known = KINDS.map(|word| format!("`{word}`")).join(", ");
    Diagnostic::new(Code::BadLiteral, at, fact, "no value is equal to it")
        .help(format!("it answers {known}"))
}

fn no_subject(at: Span, function: &str, ctx: bool) -> Diagnostic {
    let fact = format!("`{function}` asks about an argument of the call");
    let help = if ctx {
        "name it as `args.recipient`, or `ctx`, what the model has read"
    } else {
        "name it as `args.recipient`"
    };
    Diagnostic::new(Code::WrongArguments, at, fact, "no argument").help(help)
}

fn message_words(at: Span, name: &Name, nearest: Option<&String>) -> Diagnostic {
    let fact = format!("there is no message type `{name}`");
    let map = || "a map is written without a name, as `{\"key\": value}`".to_owned();
    Diagnostic::new(Code::UnknownType, at, fact, "not a message type")
        .help(did_you_mean(nearest).unwrap_or_else(map))
}

fn undeclared(at: Span, name: &str, container: &str) -> Diagnostic {
    let fact = format!("undeclared reference to '{name}' (in container '{container}')");
    Diagnostic::new(Code::UnknownName, at, fact, "nothing declares this")
}

fn undeclared_call(at: Span, (named, name): &(Span, String), container: &str) -> Diagnostic {
    let fact = undeclared(*named, name, container).message;
    Diagnostic::new(Code::UnknownFunction, at, fact, "called here")
        .label(*named, "nothing declares this")
}

fn argument_words(error: &NameError) -> Diagnostic {
    let NameError::UnknownArgument { at, tool, declared, field, nearest, via, narrowed } = error
    else {
        return Diagnostic::without_place(Code::UnknownField, "no such argument");
    };
    let (fact, label) = match via {
        Some(variable) => (
            format!("`{tool}` has no argument `{field}`, which `{variable}` reads"),
            format!("reads `args.{field}`"),
        ),
        None => (format!("`{tool}` has no argument `{field}`"), "no such argument".to_owned()),
    };
    let help = did_you_mean(nearest.as_ref()).or_else(|| {
        let text = "name the tools that have it, as in `on: [..]`";
        (!narrowed).then(|| text.to_owned())
    });
    let found = Diagnostic::new(Code::UnknownField, *at, fact, label).maybe_help(help);
    match declared {
        Some(span) if nearest.is_none() => found.label(*span, "this tool does not have it"),
        Some(_) | None => found,
    }
}

fn argument_types_words(
    at: Span,
    field: &str,
    first: &(Name, String),
    second: &(Name, String),
) -> Diagnostic {
    let fact = format!("`{field}` has another type in `{}` than in `{}`", first.0, second.0);
    let label = format!("{} in `{}`, {} in `{}`", a(&first.1), first.0, a(&second.1), second.0);
    Diagnostic::new(Code::UnknownField, at, fact, label)
        .help("write a rule for each, with its own `on`")
}

fn left_out_words(at: Span, op: &str, operands: &[String]) -> Diagnostic {
    let of: Vec<String> = operands.iter().map(|ty| a(ty)).collect();
    let fact = format!("the environment leaves out `{op}` of {}", of.join(" and "));
    Diagnostic::new(Code::UnknownFunction, at, fact, "not there")
        .help("its `stdlib` says which functions there are")
}

fn function_words(at: Span, name: &str, on: Option<&String>, hint: Option<&Hint>) -> Diagnostic {
    let fact = match on.map(String::as_str) {
        Some("dyn") | None => format!("there is no function `{name}`"),
        Some(ty) => format!("{} has no function `{name}`", a(ty)),
    };
    if name == "not" && on.is_none() {
        return Diagnostic::new(
            Code::WordOperator,
            at,
            "CEL spells `not` as `!`",
            "not a function",
        )
        .help("write `!` in its place");
    }
    let found = Diagnostic::new(Code::UnknownFunction, at, fact, "no such function");
    match hint {
        Some(Hint::Nearest(near)) if !near.contains('.') && !name.contains('.') => {
            found.fix(format!("the name is `{near}`"), at, near.as_str())
        }
        hint => found.maybe_help(hint_words(hint)),
    }
}

fn two_labels(code: Code, fact: String, left: &OperandType, right: &OperandType) -> Diagnostic {
    Diagnostic::new(code, left.0, fact, a(&left.1)).label(right.0, a(&right.1))
}

fn field_type(given: &OperandType, field: &str, wanted: &str) -> Diagnostic {
    let fact = format!("`{field}` holds {}", a(wanted));
    Diagnostic::new(Code::WrongType, given.0, fact, format!("this is {}", a(&given.1)))
}

fn field_twice(at: Span, first: Span, field: &str) -> Diagnostic {
    let fact = format!("the field `{field}` is given twice");
    Diagnostic::new(Code::DuplicateKey, at, fact, "the second")
        .label(first, "the first")
        .help("keep one of them")
}

fn type_words(error: &TypeError) -> Diagnostic {
    match error {
        TypeError::NotBool { at, given, text, operator } => {
            let fact = not_bool(*operator);
            let label = format!("this is {}", a(given));
            Diagnostic::new(Code::NotBool, *at, fact, label).maybe_help(compare_it(given, text))
        }
        TypeError::NegatedOperand { at, given, rest } => {
            let fact = "`!` needs values that are true or false";
            Diagnostic::new(Code::NotBool, *at, fact, format!("this is {}", a(given)))
                .help(format!("`!` takes what comes next alone: write `!({rest})`"))
        }
        TypeError::NoOperator { at, op, operands, fix } => {
            let fact = no_operator(op, operands.len());
            let found = match operands.as_slice() {
                [left, right] => two_labels(Code::NoOperator, fact, left, right),
                [one] => Diagnostic::new(Code::NoOperator, one.0, fact, a(&one.1)),
                _ => Diagnostic::new(Code::NoOperator, *at, fact, "here"),
            };
            match fix {
                Some(fix) if op != "%" || fix.to != "double" => {
                    let title = format!("write the int as {}", a(fix.to));
                    found.fix(title, fix.span, fix.text.as_str())
                }
                Some(_) | None => found.maybe_help(convert(op, operands)),
            }
        }
        TypeError::NotComparable { op, left, right, meant } => {
            let fact = format!("`{op}` cannot compare {} with {}", a(&left.1), a(&right.1));
            let help = meant.as_ref().map(meant_words);
            two_labels(Code::NotComparable, fact, left, right).maybe_help(help)
        }
        TypeError::NotIn { left, right } => not_in(left, right),
        TypeError::NoIndex { operand, index } => {
            let fact = format!("{} cannot be indexed with {}", a(&operand.1), a(&index.1));
            two_labels(Code::NoOperator, fact, operand, index)
                .help("a list is read by an int from 0, a map by a key of its own type")
        }
        TypeError::BranchTypes { yes, no } => {
            let fact = "both branches of `?:` must have one type".to_owned();
            two_labels(Code::WrongType, fact, yes, no)
                .help("give both one type, as `string(..)` and its siblings do")
        }
        TypeError::MixedElements { first, other, strict } => {
            let code = if *strict { Code::DynNotAllowed } else { Code::MixedElements };
            let fact = format!("{} stands beside {}", a(&other.1), a(&first.1));
            two_labels(code, fact, other, first).help("give all elements one type")
        }
        TypeError::NotOptional { at, given } => {
            let fact = "an optional is needed here".to_owned();
            Diagnostic::new(Code::WrongType, *at, fact, format!("this is {}", a(given)))
                .help("to make one, write `optional.of(..)`")
        }
        TypeError::FieldType { at, field, wanted, given, declared } => {
            let typed = (*at, given.clone());
            with_declaration(field_type(&typed, field, wanted), *declared)
                .help(format!("give it {}", a(wanted)))
        }
        TypeError::FieldTwice { at, first, field } => field_twice(*at, *first, field),
        TypeError::NotIterable { at, name, given, optional } => {
            let over = if *optional { "an optional" } else { "a list or a map" };
            let fact = format!("`{name}` needs {over}");
            Diagnostic::new(Code::NotIterable, *at, fact, format!("this is {}", a(given)))
                .help(iterate(given, *optional))
        }
    }
}

fn not_in(left: &OperandType, right: &OperandType) -> Diagnostic {
    let fact = if right.1.starts_with("list") || right.1.starts_with("map") {
        format!("{} cannot be in {}", a(&left.1), a(&right.1))
    } else {
        format!("`in` looks into a list or a map, not into {}", a(&right.1))
    };
    let text = left.1 == "string" && right.1 == "string";
    let help = text.then(|| "to look into a string, write `.contains(..)`".to_owned());
    two_labels(Code::NotComparable, fact, left, right).maybe_help(help)
}

fn meant_words(meant: &ComparisonFix) -> String {
    match meant {
        ComparisonFix::Field(name, ty) => format!("did you mean `{name}`, which is {}?", a(ty)),
        ComparisonFix::Between(text) => format!("write both comparisons, as in `{text}`"),
        ComparisonFix::Presence(Some(text)) if text.starts_with('!') => {
            format!("to ask whether it is missing, write `{text}`")
        }
        ComparisonFix::Presence(Some(text)) => {
            format!("to ask whether it is there, write `{text}`")
        }
        ComparisonFix::TakenOut(text) => {
            format!("take the value out, and say what holds without one, as in `{text}`")
        }
        ComparisonFix::Presence(None) => {
            "this is never null, so there is nothing to compare".to_owned()
        }
        ComparisonFix::Number(text) => format!("a number stands without quotes, as in `{text}`"),
        ComparisonFix::Call(text) => format!("write it as `{text}`"),
    }
}

fn not_bool(operator: Option<&str>) -> String {
    match operator {
        None | Some("?:") => "a condition must be true or false".to_owned(),
        Some(operator @ ("&&" | "||" | "!")) => {
            format!("`{operator}` needs values that are true or false")
        }
        Some(name) => format!("the condition of `{name}` must be true or false"),
    }
}

fn no_operator(op: &str, operands: usize) -> String {
    match op {
        "-" if operands == 1 => "`-` needs an int or a double".to_owned(),
        "+" => "`+` needs two values of one type".to_owned(),
        "%" => "`%` needs two whole numbers of one type".to_owned(),
        op => format!("`{op}` needs two numbers of one type"),
    }
}

/// What to do with a value that a loop cannot go over.
fn iterate(given: &str, optional: bool) -> &'static str {
    match given {
        _ if optional => "to make one, write `optional.of(..)`",
        "string" => "to look into a string, write `.contains(..)` or `.matches(..)`",
        _ if given.starts_with("optional") => "take the value out first, with `.orValue([])`",
        _ => "a list of one value is `[x]`",
    }
}

/// How an int meets a double.
fn convert(op: &str, operands: &[OperandType]) -> Option<String> {
    let kinds: Vec<&str> = operands.iter().map(|(_, ty)| ty.as_str()).collect();
    if op == "%" {
        let help = "doubles have no `%`: put `int(..)` around the double";
        return kinds.contains(&"double").then(|| help.to_owned());
    }
    matches!(kinds.as_slice(), ["int", "double"] | ["double", "int"])
        .then(|| "put `double(..)` around the int".to_owned())
}

/// How to make a condition of a value that is none.
fn compare_it(given: &str, text: &str) -> Option<String> {
    if text.len() > 40 || text.contains('\n') {
        return None;
    }
    match given {
        "int" => Some(format!("compare it, as in `{text} < 2`")),
        "uint" => Some(format!("compare it, as in `{text} < 2u`")),
        "double" => Some(format!("compare it, as in `{text} < 2.0`")),
        "string" => Some(format!("compare it, as in `{text} == \"..\"`")),
        _ if given.starts_with("list") || given.starts_with("map") => {
            Some(format!("ask how many there are, as in `{text}.size() > 0`"))
        }
        _ => None,
    }
}

fn call_words(error: &CallError) -> Diagnostic {
    match error {
        CallError::ArgumentCount { at, function, wanted, given } => {
            argument_count(*at, function, wanted, *given)
        }
        CallError::ArgumentType { at, function, wanted, given } => {
            let wanted: Vec<String> = wanted.iter().map(|ty| a(ty)).collect();
            let fact = format!("`{function}` takes {}, here is {}", one_of(&wanted), a(given));
            Diagnostic::new(Code::WrongArguments, *at, fact, a(given)).maybe_help(example(function))
        }
        CallError::NoSubject { at, function, ctx } => no_subject(*at, function, *ctx),
        CallError::ArgumentTypesTogether { at, function, given } => {
            let given: Vec<String> = given.iter().map(|ty| a(ty)).collect();
            let fact = format!("no form of `{function}` takes these types together");
            Diagnostic::new(Code::WrongArguments, *at, fact, given.join(", "))
                .maybe_help(example(function))
        }
        CallError::MacroArgument { at, name, fault } => {
            let (fact, label, help) = macro_fault(*fault);
            Diagnostic::new(Code::MacroArgument, *at, format!("`{name}` {fact}"), label).help(help)
        }
        CallError::TooLarge { at, fault } => size_words(*at, *fault),
        CallError::NotText { at, given } => {
            let label = format!("this is {}", a(given));
            Diagnostic::new(Code::WrongType, *at, "a message must be a string", label)
                .help("put `string(..)` around it")
        }
        CallError::NoTextForm { at, given, text } => {
            let fact = format!("{} cannot be written into a message", a(given));
            let list = given.starts_with("list") && text.len() <= 40;
            let help = if list {
                format!("write how many there are, as in `{{{text}.size()}}`")
            } else {
                "write a part of it that is text, a number or a time".to_owned()
            };
            let label = format!("this is {}", a(given));
            Diagnostic::new(Code::WrongType, *at, fact, label).help(help)
        }
        CallError::DecisionPlace { at, effect, gathered } => decision_place(*at, effect, *gathered),
        CallError::NotDecision { at, given } => {
            let fact = "a rule must end in `deny`, `allow` or `escalate`";
            let label = format!("this is {}", a(given));
            let help = (given == "bool")
                .then(|| "write `.. ? deny(\"reason\") : allow()` around it".to_owned());
            Diagnostic::new(Code::WrongType, *at, fact, label).maybe_help(help)
        }
        CallError::Escalate { at, fault } => escalate_words(*at, fault),
        CallError::BadLiteral { at, kind, text } => {
            let (what, help) = match kind {
                LiteralKind::Duration => ("duration", "write it as `1h30m` or `250ms`"),
                LiteralKind::Timestamp => ("timestamp", "write it as `2026-03-17T10:00:00Z`"),
            };
            let fact = format!("`{text}` is not a {what}");
            Diagnostic::new(Code::BadLiteral, *at, fact, format!("no {what} is written so"))
                .help(help)
        }
        CallError::BadPattern { at, kind } => pattern_words(*at, kind),
        CallError::DynamicPattern { at } => {
            let fact = "this pattern is compiled when it is met";
            Diagnostic::new(Code::DynamicPattern, *at, fact, "not known before the request")
                .help("write the pattern as a literal")
        }
    }
}

fn decision_place(at: Span, effect: &str, gathered: bool) -> Diagnostic {
    let fact = format!("`{effect}` decides, and no decision can stand here");
    let help = if gathered {
        "`aggregate` makes a list, which decides nothing: write `match` in its place"
    } else {
        "write `condition ? deny(\"..\") : allow()` as a whole rule"
    };
    Diagnostic::new(Code::DecisionPlace, at, fact, "a value is needed here").help(help)
}
