//! The words of findings about expressions that cannot be read. The wording follows `docs/codes`.
//!
//! In:      a `SyntaxError`.
//! Out:     a diagnostic.
//! Imports: `base`, `diag`.

use crate::base::invisible::{Invisible, escape_of, invisible, spelled};
use crate::base::limits::{EXPRESSION_CODE_POINTS_MAX, EXPRESSION_DEPTH_MAX};
use crate::base::span::Span;
use crate::compiler::syntax::error::{Expected, NumberKind, Place, SyntaxError, replacement};
use crate::compiler::syntax::literal::LiteralFault;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;

/// Each variant's words stand in the function of its name.
impl From<SyntaxError> for Diagnostic {
    fn from(error: SyntaxError) -> Self {
        use SyntaxError as E;
        match error {
            E::UnclosedString { at, quote, before } => unclosed_string(at, &quote, before),
            E::UnclosedBracket { at, open, close, missing, instead } => {
                unclosed_bracket(at, (open, close), missing, instead)
            }
            E::Unopened { at, close } => unopened(at, close),
            E::Reserved { at, word, call } => reserved(at, &word, call),
            E::Assignment { at, entry } => assignment(at, entry),
            E::WordOperator { at, word, op } => word_operator(at, &word, op.text()),
            E::WordNot { at, op } => word_not(at, op.text()),
            E::NotIn { at } => not_in(at),
            E::ForeignOperator { at, text, op } => foreign_operator(at, &text, op),
            E::PatternLiteral { at, text } => pattern_literal(at, &text),
            E::OptionalDot { at } => {
                Self::new(Code::UnexpectedToken, at, "CEL has no operator `?.`", "not an operator")
                    .fix("write `.?`", at, ".?")
            }
            E::NumberCommas { at, plain } => number_commas(at, plain),
            E::BareList { at, first } => bare_list(at, first),
            E::Invisible { at, c, place } => invisible_character(at, c, place),
            E::UnknownCharacter { at, c } => unknown_character(at, c),
            E::ForeignName { at, text } => foreign_name(at, &text),
            E::QuotedCharacter { at, c } => quoted_character(at, c),
            E::EmptyName { at } => {
                Self::new(Code::ExpectedName, at, "this name is empty", "nothing in back-quotes")
                    .help("write the name of the field between them")
            }
            E::Escape { at, text, fault } => escape(at, &text, &fault),
            E::BadNumber { at, text } => bad_number(at, &text),
            E::NumberRange { at, text, kind } => number_range(at, &text, kind),
            E::BarePoint { at, text } => bare_point(at, &text),
            E::Unexpected { at, found, expected } => unexpected(at, found, &expected),
            E::ExpectedName { at, found, keyword, field } => {
                expected_name(at, found, keyword, field)
            }
            E::QuotedName { at, call } => quoted_name(at, call),
            E::MixedUnary { at } => mixed_unary(at),
            E::InnerConditional { at, outer } => inner_conditional(at, outer),
            E::NoColon { at, question } => no_colon(at, question),
            E::ArgumentComma { at } => argument_comma(at),
            E::Infix { at, name } => infix(at, &name),
            E::NotAType { at, brace } => not_a_type(at, brace),
            E::Empty { at } => {
                Self::new(Code::EmptyExpression, at, "this expression is empty", "nothing here")
                    .help("write `true` if it always holds")
            }
            E::TooLong { at, code_points } => too_long(at, code_points),
            E::TooDeep { at } => too_deep(at),
        }
    }
}

fn unopened(at: Span, close: char) -> Diagnostic {
    let message = format!("this `{close}` closes nothing");
    Diagnostic::new(Code::UnexpectedToken, at, message, "never opened")
        .help(format!("take the `{close}` away, or open it further left"))
}

fn assignment(at: Span, entry: bool) -> Diagnostic {
    let (title, text) = if entry { ("write `:`", ":") } else { ("compare with `==`", "==") };
    Diagnostic::new(Code::Assignment, at, "CEL has no assignment", "one `=`").fix(title, at, text)
}

fn word_operator(at: Span, word: &str, op: &str) -> Diagnostic {
    let message = format!("CEL spells `{word}` as `{op}`");
    Diagnostic::new(Code::WordOperator, at, message, "not an operator").fix(
        format!("write `{op}`"),
        at,
        op,
    )
}

/// No fix: elsewhere `not a == b` negates all of it, and `!a == b` would not.
fn word_not(at: Span, op: &str) -> Diagnostic {
    let message = format!("CEL spells `not` as `{op}`");
    Diagnostic::new(Code::WordOperator, at, message, "not an operator")
        .help(format!("write `{op}`, and parentheses around all that it negates"))
}

fn not_in(at: Span) -> Diagnostic {
    Diagnostic::new(Code::WordOperator, at, "CEL has no `not in`", "not an operator")
        .help("negate the whole test, as in `!(x in list)`")
}

fn foreign_operator(at: Span, text: &str, op: Option<&'static str>) -> Diagnostic {
    let code =
        if matches!(text, "&" | "|") { Code::UnknownCharacter } else { Code::UnexpectedToken };
    let message = format!("CEL has no operator `{text}`");
    let found = Diagnostic::new(code, at, message, "not an operator");
    match op {
        Some(op) => found.fix(format!("write `{op}`"), at, op),
        None if text == "??" => found.help("write `has(a.b) ? a.b : c`, or `a.?b.orValue(c)`"),
        None if text == "=~" => found.help("a pattern is asked for as in `text.matches(\"a+\")`"),
        None if text == "=>" => found.help("a comparison is `>=`"),
        None => found.help("an expression compares, computes and joins: it changes nothing"),
    }
}

fn pattern_literal(at: Span, text: &str) -> Diagnostic {
    let message = "a pattern is written as a string";
    let found = Diagnostic::new(Code::UnexpectedToken, at, message, "not a string");
    if text.contains(['"', '\\']) {
        return found.help("put it between quotes, with an `r` before them");
    }
    found.fix("put it between quotes", at, format!("\"{text}\""))
}

fn number_commas(at: Span, plain: String) -> Diagnostic {
    let message = "a number is written without commas";
    let title = format!("write `{plain}`");
    Diagnostic::new(Code::BadNumber, at, message, "one number?").fix(title, at, plain)
}

fn bare_list(at: Span, first: Span) -> Diagnostic {
    let message = "a list stands between brackets";
    Diagnostic::new(Code::UnexpectedToken, at, message, "more than one value")
        .label(first, "the list begins here")
        .help("write `[` before it and `]` behind it")
}

fn unclosed_string(at: Span, quote: &str, before: Option<char>) -> Diagnostic {
    if quote == "`" {
        return Diagnostic::new(
            Code::UnclosedString,
            at,
            "this name is never closed",
            "still open",
        )
        .help("add the closing back-quote");
    }
    let place = before.map_or_else(String::new, |mark| format!(", probably before `{mark}`"));
    Diagnostic::new(Code::UnclosedString, at, "this string is never closed", "still open")
        .help(format!("add the closing `{quote}`{place}"))
}

fn unclosed_bracket(
    at: Span,
    (open, close): (char, char),
    missing: Span,
    instead: Option<char>,
) -> Diagnostic {
    let message = format!("this `{open}` is never closed");
    let found = Diagnostic::new(Code::UnclosedBracket, at, message, "opened here");
    match instead {
        Some(other) => found.label(missing, format!("`{close}` belongs here, not `{other}`")).fix(
            format!("write `{close}`"),
            missing,
            close,
        ),
        None => found
            .label(missing, format!("`{close}` is missing here"))
            .help(format!("add `{close}`, or take the `{open}` away")),
    }
}

fn reserved(at: Span, word: &str, call: bool) -> Diagnostic {
    let label = if call {
        "a method may be called so, a function not"
    } else {
        "a field may be called so, a variable not"
    };
    let help = match word {
        "if" | "else" => "a choice is written `condition ? yes : no`",
        "for" | "while" | "loop" => "a loop is written `list.all(x, ..)` or `list.exists(x, ..)`",
        "const" | "let" | "var" => "name a part of an expression under `variables`",
        "return" => "write the value alone",
        _ => "any other name will do",
    };
    let message = format!("`{word}` is a reserved word in CEL");
    Diagnostic::new(Code::ReservedWord, at, message, label).help(help)
}

fn invisible_character(at: Span, c: char, place: Place) -> Diagnostic {
    let label = match invisible(c) {
        Some(Invisible::Bidi) => "turns text around",
        Some(Invisible::ZeroWidth) | None => "takes no room",
        Some(Invisible::LineBreak) => "breaks the line for some programs",
        Some(Invisible::Control) => "steers a terminal",
    };
    let message = "an invisible character changes this line";
    let found = Diagnostic::new(Code::InvisibleCharacter, at, message, label);
    match place {
        Place::Code | Place::Comment => found.fix("delete it", at, ""),
        Place::String => {
            found.help(format!("delete it, or write `{}` if it is meant", escape_of(c)))
        }
        Place::RawString => found.help(format!(
            "delete it; if it is meant, a string without `r` may hold `{}`",
            escape_of(c)
        )),
        Place::Bytes => found.help("delete it, or write its bytes with `\\x` if they are meant"),
        Place::Document => found.help("delete it; if it is meant, `\"` and an escape show it"),
    }
}

fn unknown_character(at: Span, c: char) -> Diagnostic {
    let shown = spelled(&c.to_string());
    let message = format!("CEL has no character `{shown}`");
    let found = Diagnostic::new(Code::UnknownCharacter, at, message, "not a word of CEL");
    if let Some(text) = replacement(c) {
        let title = if text == " " { "write a plain space" } else { &format!("write `{text}`") };
        return found.fix(title, at, text);
    }
    match c {
        '“' | '”' | '„' | '‘' | '’' | '«' | '»' => {
            found.help("text stands between plain `\"` or `'`")
        }
        '#' => found.help("a comment begins with `//`"),
        ';' => found.help("take it away: an expression needs no end mark"),
        '\\' => found.help("a backslash stands only inside a string"),
        '^' | '~' => found.help("CEL has no operators on bits"),
        '$' => found.help("a name is written without `$`"),
        _ => found.help("if it is text, put quotes around it; else take it away"),
    }
}

fn escape(at: Span, text: &str, fault: &LiteralFault) -> Diagnostic {
    let shown = spelled(text);
    let diagnostic =
        |message: String, label: &str| Diagnostic::new(Code::BadEscape, at, message, label);
    match fault {
        LiteralFault::Escape => diagnostic(format!("CEL has no escape `{shown}`"), "not an escape")
            .help(format!("write `\\{shown}` for a backslash, or put `r` before the string")),
        LiteralFault::Digits(3) => {
            diagnostic(format!("`{shown}` needs three octal digits"), "too short")
                .help("write `\\\\` for a backslash")
        }
        LiteralFault::Digits(count) => {
            diagnostic(format!("`{shown}` needs {count} hexadecimal digits"), "too short")
                .help("put zeros in front, or write `\\\\` for a backslash")
        }
        LiteralFault::Surrogate(Some(c)) => {
            let whole = escape_of(*c);
            diagnostic(format!("`{shown}` is cut as in UTF-16"), "one character in two halves").fix(
                format!("write `{whole}`"),
                at,
                whole,
            )
        }
        LiteralFault::Surrogate(None) => {
            diagnostic(format!("`{shown}` is half of a character"), "its other half is missing")
                .help("write the whole character, as in `\\U0001f600`")
        }
        LiteralFault::NoCharacter => {
            diagnostic(format!("`{shown}` is no character"), "the last one is `\\U0010ffff`")
                .help("write the number of the character that is meant")
        }
        LiteralFault::CharacterInBytes => {
            diagnostic(format!("bytes have no escape `{shown}`"), "names a character, not bytes")
                .help("write the bytes with `\\x`")
        }
    }
}

fn bad_number(at: Span, text: &str) -> Diagnostic {
    let message = format!("`{text}` is not a number");
    let found = Diagnostic::new(Code::BadNumber, at, message, "digits run into letters");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    if plain != text && plain.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return found.fix("write it without `_`", at, plain);
    }
    if let Some(hex) = text.strip_prefix("0X") {
        return found.fix("write a small `x`", at, format!("0x{hex}"));
    }
    match unit {
        "ns" | "us" | "ms" | "s" | "m" | "h" => {
            let duration = format!("duration(\"{text}\")");
            found.fix(format!("write `{duration}`"), at, duration)
        }
        _ => found.help("numbers are decimal, or hexadecimal after `0x`"),
    }
}

fn number_range(at: Span, text: &str, kind: NumberKind) -> Diagnostic {
    let (name, label) = match kind {
        NumberKind::Int => ("an int", "ints end at -9223372036854775808 and 9223372036854775807"),
        NumberKind::Uint => ("a uint", "uints end at 18446744073709551615"),
        NumberKind::Double => ("a double", "doubles end at about 1.8e308"),
    };
    let shown = if text.len() > 40 { "this number".to_owned() } else { format!("`{text}`") };
    let found =
        Diagnostic::new(Code::BadNumber, at, format!("{shown} does not fit into {name}"), label);
    if kind == NumberKind::Int && text.parse::<u64>().is_ok() {
        return found.help(format!("as a uint it is `{text}u`"));
    }
    found.help(if kind == NumberKind::Double {
        "write a number that is meant"
    } else {
        "where its last digits do not matter write a double, as in `1e20`"
    })
}

fn unexpected(at: Span, found: Option<String>, expected: &Expected) -> Diagnostic {
    let wanted = expected.words();
    let Some(found) = found else {
        let message = format!("the expression ends where {wanted} was expected");
        return Diagnostic::new(Code::UnexpectedToken, at, message, "ends here")
            .help("write the rest, or take the last operator away");
    };
    let (label, help) = match (expected.operand, expected.operator) {
        (true, _) => ("not an expression", "a value stands here: a name, a literal or a call"),
        (false, true) if expected.marks.contains(&",") => {
            ("neither a comma nor an operator before it", "write a `,` between two values")
        }
        (false, true) => ("no operator before it", "join two conditions with `&&` or `||`"),
        (false, false) => ("not expected", "take it away"),
    };
    let message = format!("{wanted} was expected, not {found}");
    Diagnostic::new(Code::UnexpectedToken, at, message, label).help(help)
}

fn expected_name(at: Span, found: Option<String>, keyword: bool, field: bool) -> Diagnostic {
    let place = if field { "in front of the `:`" } else { "after the `.`" };
    let Some(found) = found else {
        let message = format!("the expression ends where a name was expected {place}");
        return Diagnostic::new(Code::ExpectedName, at, message, "ends here")
            .help("write the name of a field");
    };
    let message = format!("a name was expected {place}, not {found}");
    let diagnostic = Diagnostic::new(Code::ExpectedName, at, message, "not a name");
    if keyword {
        let word = found.trim_matches('`');
        return diagnostic.fix("put back-quotes around it", at, format!("`{word}`"));
    }
    if field {
        return diagnostic.help("write the name of a field; maps have keys in quotes");
    }
    diagnostic.help("any key can be read by index, as in `x[\"key\"]`")
}

fn foreign_name(at: Span, text: &str) -> Diagnostic {
    let message = format!("`{}` is not a name in CEL", spelled(text));
    let label = "a name has the letters a to z, digits and `_`";
    Diagnostic::new(Code::UnknownCharacter, at, message, label)
        .help("if it is text, put quotes around it")
}

fn quoted_character(at: Span, c: char) -> Diagnostic {
    let message = format!("a name in back-quotes cannot hold `{}`", spelled(&c.to_string()));
    Diagnostic::new(Code::UnknownCharacter, at, message, "not in a name")
        .help("read the field by index, as in `x[\"a name\"]`")
}

fn bare_point(at: Span, text: &str) -> Diagnostic {
    let message = format!("`{text}.` is not a number");
    Diagnostic::new(Code::BadNumber, at, message, "digits must follow the point").fix(
        format!("write `{text}.0`"),
        at,
        format!("{text}.0"),
    )
}

fn quoted_name(at: Span, call: bool) -> Diagnostic {
    let (message, label) = if call {
        (
            "the name of a function cannot stand in back-quotes",
            "a field may be quoted, a function not",
        )
    } else {
        ("a name in back-quotes is a field, and needs its object", "nothing stands before it")
    };
    let found = Diagnostic::new(Code::ExpectedName, at, message, label);
    found.help(if call {
        "take the back-quotes away"
    } else {
        "text stands in `\"`; a field after its object and a dot"
    })
}

fn mixed_unary(at: Span) -> Diagnostic {
    let message = "`!` and `-` need parentheses between them";
    Diagnostic::new(Code::UnexpectedToken, at, message, "directly after another kind")
        .help("write the inner one in parentheses, as in `!(-x)`")
}

fn inner_conditional(at: Span, outer: Span) -> Diagnostic {
    let message = "a conditional between `?` and `:` needs parentheses";
    Diagnostic::new(Code::UnexpectedToken, at, message, "a second `?`")
        .label(outer, "the first still waits for its `:`")
        .help("write `a ? (b ? c : d) : e`")
}

fn no_colon(at: Span, question: Span) -> Diagnostic {
    Diagnostic::new(Code::UnexpectedToken, question, "this `?` has no `:`", "asked here")
        .label(at, "`:` and the other value are missing here")
        .help("say what holds otherwise, as in `a ? b : c`")
}

fn argument_comma(at: Span) -> Diagnostic {
    let message = "arguments do not end with a comma";
    Diagnostic::new(Code::UnexpectedToken, at, message, "nothing follows it").fix(
        "take the comma away",
        at,
        "",
    )
}

fn infix(at: Span, name: &str) -> Diagnostic {
    let message = format!("`{name}` is a function, not an operator");
    Diagnostic::new(Code::UnexpectedToken, at, message, "between its operands")
        .help(format!("call it, as in `a.{name}(b)`"))
}

fn not_a_type(at: Span, brace: Span) -> Diagnostic {
    let message = "only the name of a type can stand before `{`";
    Diagnostic::new(Code::UnexpectedToken, brace, message, "opens a message")
        .label(at, "not the name of a type")
        .help("a map stands alone, as `{\"key\": value}`")
}

fn too_long(at: Span, code_points: usize) -> Diagnostic {
    let message = format!(
        "this expression has {code_points} code points, {EXPRESSION_CODE_POINTS_MAX} are allowed"
    );
    Diagnostic::new(Code::TooLong, at, message, "too long from here")
        .help("split it into several rules or variables")
}

fn too_deep(at: Span) -> Diagnostic {
    let message = format!("this expression is nested more than {EXPRESSION_DEPTH_MAX} levels deep");
    Diagnostic::new(Code::TooDeep, at, message, "one level too many")
        .help("give a part of it a name of its own")
}
