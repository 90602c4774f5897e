//! Which tests are about Protocol Buffers messages: their expression, environment, bindings or
//! result name a message or an enum.
//!
//! In:      a test, and the descriptors of the suite.
//! Out:     whether it is one.

use std::collections::BTreeSet;

use prost_reflect::DescriptorPool;
use regex::Regex;

use crate::suite::{Datum, Declaration, Expect, Test, Type};

/// Types that CEL itself has, although Protocol Buffers call them messages.
const OWN: [&str; 2] = ["google.protobuf.Timestamp", "google.protobuf.Duration"];

/// The names of all messages and enums.
pub(crate) struct Names {
    known: BTreeSet<String>,
    string: Regex,
    comment: Regex,
    name: Regex,
}

impl Names {
    pub(crate) fn of(pool: &DescriptorPool) -> Self {
        let messages = pool.all_messages().map(|it| it.full_name().to_owned());
        let enums = pool.all_enums().map(|it| it.full_name().to_owned());
        let triple = r#""""(?:\\.|[^\\])*?"""|'''(?:\\.|[^\\])*?'''"#;
        let single = r#""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'"#;
        let string = format!("(?s)[rRbB]{{0,2}}(?:{triple}|{single})");
        Self {
            known: messages.chain(enums).collect(),
            string: Regex::new(&string).unwrap(),
            comment: Regex::new("//[^\n]*").unwrap(),
            name: Regex::new(r"\.?[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*(\s*\{)?").unwrap(),
        }
    }

    /// Whether `test` cannot be run without messages.
    pub(crate) fn needed_by(&self, test: &Test) -> bool {
        let bound = test.bindings.iter().map(|(_, datum)| datum);
        let wanted = match &test.expect {
            Expect::Value(datum) => Some(datum),
            Expect::Error | Expect::Unknown => None,
        };
        bound.chain(wanted).any(|datum| matches!(datum, Datum::Message(_)))
            || test.deduced.as_ref().is_some_and(is_message)
            || test.declarations.iter().any(declares_message)
            || self.in_expression(&test.expr, &test.container)
    }

    /// Whether an expression names a message or an enum, or writes a message.
    fn in_expression(&self, expr: &str, container: &str) -> bool {
        let bare = self.string.replace_all(expr, "''");
        let bare = self.comment.replace_all(&bare, "");
        self.name.captures_iter(&bare).any(|found| {
            let name: String = found[0].chars().filter(|it| !it.is_whitespace()).collect();
            name.ends_with('{') || self.is_known(&name, container)
        })
    }

    fn is_known(&self, name: &str, container: &str) -> bool {
        let (name, root) = name.strip_prefix('.').map_or((name, false), |name| (name, true));
        let mut spaces = vec![String::new()];
        for segment in container.split('.').filter(|_| !root && !container.is_empty()) {
            spaces.push(format!("{}{segment}.", spaces.last().unwrap()));
        }
        let prefixes = name.match_indices('.').map(|(at, _)| &name[..at]).chain([name]);
        let prefixes: Vec<&str> = prefixes.collect();
        spaces.iter().any(|space| {
            prefixes.iter().any(|prefix| {
                let full = format!("{space}{prefix}");
                !OWN.contains(&full.as_str()) && self.known.contains(&full)
            })
        })
    }
}

fn declares_message(declaration: &Declaration) -> bool {
    match declaration {
        Declaration::Variable(_, ty) => is_message(ty),
        Declaration::Function(_, overloads) => {
            overloads.iter().any(|it| it.params.iter().chain([&it.result]).any(is_message))
        }
    }
}

fn is_message(ty: &Type) -> bool {
    match ty {
        Type::Message(name) => !OWN.contains(&name.as_str()),
        Type::Named(_, params) => params.iter().any(is_message),
        Type::Wrapper(_) | Type::Param(_) => false,
    }
}
