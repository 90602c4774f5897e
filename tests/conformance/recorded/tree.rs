//! Trees as cel-go and cel-java draw them.
//!
//! In:      a tree of ours; or a drawing of theirs.
//! Out:     one line without white space, comments and the kinds of nodes.

use policyc::compiler::syntax::ast::{Ast, Element, ExprId, ExprKind, Literal, LogicOp};

/// Without white space, comments and the kinds of nodes.
pub(super) fn plain(tree: &str) -> String {
    let lines = tree.lines().filter(|line| !line.trim_start().starts_with("//"));
    let text: String = lines.collect();
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("^#") {
        out.push_str(&rest[..at]);
        rest = rest[at + 2..].split_once('#').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out.retain(|c| !c.is_whitespace());
    out
}

/// The tree with macros expanded, pairs of `!` and `-` folded, `&&` and `||` balanced.
pub(super) fn draw(ast: &Ast, id: ExprId) -> String {
    let list = |ids: &[ExprId]| ids.iter().map(|id| draw(ast, *id)).collect::<Vec<_>>().join(",");
    let mark = |optional: bool| if optional { "?" } else { "" };
    match ast.kind(id) {
        ExprKind::Error => panic!("a hole"),
        ExprKind::Literal(literal) => draw_literal(literal),
        ExprKind::Ident { name, root } => format!("{}{name}", if *root { "." } else { "" }),
        ExprKind::Select { operand, field, optional: false } => {
            format!("{}.{}", draw(ast, *operand), field.name)
        }
        ExprKind::Select { operand, field, optional: true } => {
            format!("_?._({},{:?})", draw(ast, *operand), field.name)
        }
        ExprKind::Index { operand, index, optional } => {
            format!("_[{}_]({},{})", mark(*optional), draw(ast, *operand), draw(ast, *index))
        }
        ExprKind::Call { target, name, root, args } => {
            if let Some(expanded) = expand(ast, *target, &name.value, args) {
                return expanded;
            }
            let target = target.map_or_else(String::new, |target| draw(ast, target) + ".");
            format!("{target}{}{}({})", if *root { "." } else { "" }, name.value, list(args))
        }
        ExprKind::Unary { op, operand } => {
            if let ExprKind::Unary { operand: inner, .. } = ast.kind(*operand) {
                return draw(ast, *inner);
            }
            format!("{}_({})", op.value.text(), draw(ast, *operand))
        }
        ExprKind::Binary { op, lhs, rhs } => {
            let name = match op.value.text() {
                "in" => "@in".to_owned(),
                text => format!("_{text}_"),
            };
            format!("{name}({},{})", draw(ast, *lhs), draw(ast, *rhs))
        }
        ExprKind::Logic { op, operands, .. } => balance(ast, *op, operands),
        ExprKind::Conditional { condition, yes, no, .. } => {
            format!("_?_:_({})", list(&[*condition, *yes, *no]))
        }
        ExprKind::List { elements } => {
            let part = |part: &Element| format!("{}{}", mark(part.optional), draw(ast, part.value));
            format!("[{}]", elements.iter().map(part).collect::<Vec<_>>().join(","))
        }
        ExprKind::Map { entries } => {
            let parts = entries.iter().map(|part| {
                let (key, value) = (draw(ast, part.key), draw(ast, part.value));
                format!("{}{key}:{value}", mark(part.optional))
            });
            format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
        }
        ExprKind::Message { name, root, fields } => {
            let parts = fields.iter().map(|part| {
                format!("{}{}:{}", mark(part.optional), part.field.name, draw(ast, part.value))
            });
            let dot = if *root { "." } else { "" };
            format!("{dot}{}{{{}}}", name.value, parts.collect::<Vec<_>>().join(","))
        }
    }
}

/// cel-go keeps long chains shallow: the operator in the middle is the root.
fn balance(ast: &Ast, op: LogicOp, operands: &[ExprId]) -> String {
    if let [only] = operands {
        return draw(ast, *only);
    }
    let (left, right) = operands.split_at(operands.len() / 2 + operands.len() % 2);
    let (left, right) = (balance(ast, op, left), balance(ast, op, right));
    format!("_{}_({left},{right})", op.text())
}

fn draw_literal(literal: &Literal) -> String {
    match literal {
        Literal::Null => "null".to_owned(),
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) => value.to_string(),
        Literal::Uint(value) => format!("{value}u"),
        Literal::Double(value) => value.to_string(),
        Literal::String(text) => quote(text),
        Literal::Bytes(bytes) => format!("b{}", quote(&String::from_utf8_lossy(bytes))),
    }
}

fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match "\x07a\x08b\x0Cf\nn\rr\tt\x0Bv\"\"\\\\"
            .chars()
            .collect::<Vec<_>>()
            .chunks(2)
            .find(|pair| pair[0] == c)
        {
            Some(pair) => out.extend(['\\', pair[1]]),
            None => out.push(c),
        }
    }
    out + "\""
}

/// The standard macros, as cel-go expands them.
fn expand(ast: &Ast, target: Option<ExprId>, name: &str, args: &[ExprId]) -> Option<String> {
    let Some(target) = target else {
        let [only] = args else { return None };
        let ExprKind::Select { operand, field, .. } = ast.kind(*only) else { return None };
        return (name == "has")
            .then(|| format!("{}.{}~test-only~", draw(ast, *operand), field.name));
    };
    let ExprKind::Ident { name: variable, root: false } = ast.kind(*args.first()?) else {
        return None;
    };
    let part = |at: usize| args.get(at).map(|id| draw(ast, *id));
    let append = |value: &str| format!("_+_(@result,[{value}])");
    let when = |test: &str, step: &str| format!("_?_:_({test},{step},@result)");
    let (init, test, step, result) = match (name, args.len()) {
        ("all", 2) => (
            "true",
            "@not_strictly_false(@result)",
            format!("_&&_(@result,{})", part(1)?),
            "@result",
        ),
        ("exists", 2) => (
            "false",
            "@not_strictly_false(!_(@result))",
            format!("_||_(@result,{})", part(1)?),
            "@result",
        ),
        ("exists_one", 2) => ("0", "true", when(&part(1)?, "_+_(@result,1)"), "_==_(@result,1)"),
        ("map", 2) => ("[]", "true", append(&part(1)?), "@result"),
        ("map", 3) => ("[]", "true", when(&part(1)?, &append(&part(2)?)), "@result"),
        ("filter", 2) => ("[]", "true", when(&part(1)?, &append(variable)), "@result"),
        _ => return None,
    };
    let target = draw(ast, target);
    Some(format!("__comprehension__({variable},{target},@result,{init},{test},{step},{result})"))
}
