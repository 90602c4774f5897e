//! The words of findings about documents, schemas and environments.

use crate::base::span::Span;
use crate::compiler::check::error::words::{a, did_you_mean};
use crate::compiler::check::error::{
    ContextFault, OutputError, PolicyError, SchemaError, SchemaFault,
};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::session::REPLACE;

/// Everything about documents as a whole.
pub(super) fn policy_words(error: PolicyError) -> Diagnostic {
    match error {
        PolicyError::MissingDefault { at, insert } => {
            let fact = "nothing says what happens when no rule speaks";
            let found = Diagnostic::new(Code::MissingKey, at, fact, "this policy has no `default`");
            match insert {
                Some(at) => found.fix("deny is the safe choice", at, "\ndefault: deny"),
                None => found.help("write `default: deny`, the safe choice"),
            }
        }
        PolicyError::ConflictingFallback { key, at, first } => {
            let fact = format!("two documents name different values of `{key}`");
            Diagnostic::new(Code::Conflict, at, fact, "another one here")
                .label(first, "the first")
                .help(format!("`{key}` belongs to the whole bundle: write it once"))
        }
        PolicyError::AllowByDefault { at } => {
            let fact = "whatever no rule speaks about is allowed";
            Diagnostic::new(Code::AllowByDefault, at, fact, "allow is the default here")
                .help("write `default: deny` and a rule for each thing that is allowed")
        }
        PolicyError::NoSchema { at, policy, plain_cel } => {
            let fact = format!("`{policy}` has no schema, so nothing is known about its input");
            Diagnostic::new(Code::NoSchema, at, fact, "every value is dyn")
                .help(name_a_schema(plain_cel))
        }
        PolicyError::StrictSchema { at, policy, plain_cel } => {
            let fact = format!("`{policy}` has no schema, which strict mode demands");
            Diagnostic::new(Code::DynNotAllowed, at, fact, "every value is dyn")
                .help(name_a_schema(plain_cel))
        }
        PolicyError::UnknownTool { at, pattern, nearest } => {
            unknown_tool(at, &pattern, nearest.as_ref())
        }
        PolicyError::RootTypes { at, first, path, types } => {
            let fact = format!("two documents give `{path}` two types");
            Diagnostic::new(Code::Conflict, at, fact, a(&types.1))
                .label(first, a(&types.0))
                .help("give all documents of a bundle one schema")
        }
        PolicyError::EnumModes { at, first, policy } => enum_modes(at, first, &policy),
        PolicyError::Context { at, first, fault } => context_words(at, first, fault),
        PolicyError::TermType { at, what, wanted, given } => term_type(at, what, wanted, &given),
        PolicyError::HostOfOutput { at } => host_of_output(at),
        PolicyError::OfferType { at, argument, wanted, given } => {
            offer_type(at, &argument, &wanted, &given)
        }
        PolicyError::HostTwice { at, first, call, results } => {
            host_twice(at, first, &call, results)
        }
        PolicyError::ToolTwice { at, first, name } => tool_twice(at, first, &name),
        PolicyError::Shadowed { at, name, declared, what } => shadowed(at, &name, declared, what),
        PolicyError::HiddenRoot { at, first, name } => hidden_root(at, first, name),
        PolicyError::UnfilledRoot { at, name } => unfilled_root(at, &name),
        PolicyError::Overlap { at, first, name } => {
            let fact = format!("overlapping identifier: the variable `{name}` is declared twice");
            Diagnostic::new(Code::Overlap, at, fact, "the second")
                .label(first, "the first")
                .help("give one of them another name")
        }
    }
}

/// A pattern that no declared tool fits.
fn unknown_tool(at: Span, pattern: &str, nearest: Option<&String>) -> Diagnostic {
    let fact = if pattern.contains('*') {
        format!("no declared tool matches `{pattern}`")
    } else {
        format!("there is no tool `{pattern}`")
    };
    let help = if pattern == REPLACE.0 {
        "write `replace` in the plan: plans are replaced by it".to_owned()
    } else {
        did_you_mean(nearest).unwrap_or_else(|| "declare it under `tools`".to_owned())
    };
    Diagnostic::new(Code::UnknownTool, at, fact, "the rule would never apply").help(help)
}

fn term_type(at: Span, what: &str, wanted: &str, given: &str) -> Diagnostic {
    let fact = format!("{what} cannot be of type {given}");
    Diagnostic::new(Code::BadValue, at, fact, "of another type").help(format!("give it {wanted}"))
}

fn host_of_output(at: Span) -> Diagnostic {
    let fact = "a function of the host cannot be asked about an output";
    Diagnostic::new(Code::BadValue, at, fact, "a tool has answered: nobody waits for this")
        .help("ask it in `when` of a rule about the next call, with the argument of that")
}

fn offer_type(at: Span, argument: &str, wanted: &str, given: &str) -> Diagnostic {
    let fact = format!("the argument `{argument}` is of type {wanted}");
    Diagnostic::new(Code::BadOffer, at, fact, format!("this is of type {given}"))
        .help(format!("give it a value of type {wanted}"))
}

fn shadowed(at: Span, name: &str, declared: Option<Span>, what: &str) -> Diagnostic {
    let fact = format!("`{name}` is {what} already");
    let found = Diagnostic::new(Code::Shadowed, at, fact, "a variable of the same name")
        .help("give the variable another name");
    match declared {
        Some(span) => found.label(span, "declared here"),
        None => found,
    }
}

fn enum_modes(at: Span, first: Span, policy: &str) -> Diagnostic {
    let fact = format!("enums are ints in `{policy}`, and types in another document");
    Diagnostic::new(Code::Conflict, at, fact, "ints here")
        .label(first, "types by this feature")
        .help("one bundle takes enums in one way: give its documents one environment")
}

fn context_words(at: Span, first: Option<Span>, fault: ContextFault) -> Diagnostic {
    let (fact, label, help) = match fault {
        ContextFault::Messages(first, name) => {
            let fact = format!("the context is the message `{first}` and the message `{name}`");
            (fact, "the second", "one bundle has one context: make a bundle of each")
        }
        ContextFault::Root(path, name) => {
            let fact = format!("the context is the message `{name}`, which has no field `{path}`");
            (fact, "declared here", "give all documents of a bundle one schema")
        }
        ContextFault::Tools(name) => {
            let fact = format!("the context is the message `{name}`, and rules are about tools");
            (fact, "a message here", "calls of tools are JSON objects: type parts of them")
        }
    };
    let found = Diagnostic::new(Code::Conflict, at, fact, label).help(help);
    match first {
        Some(first) => found.label(first, "the message"),
        None => found,
    }
}

fn tool_twice(at: Span, first: Span, name: &str) -> Diagnostic {
    let fact = format!("the tool `{name}` is declared twice");
    Diagnostic::new(Code::Conflict, at, fact, "the second")
        .label(first, "the first")
        .help("declare it once, in one of the documents")
}

fn host_twice(at: Span, first: Span, call: &str, results: Option<(String, String)>) -> Diagnostic {
    let (before, after) = results.map_or_else(
        || ("the first".to_owned(), "waited for in another way".to_owned()),
        |(before, after)| (format!("gives {}", a(&before)), format!("gives {} here", a(&after))),
    );
    let fact = format!("two documents declare `{call}` in two ways");
    Diagnostic::new(Code::Conflict, at, fact, after)
        .label(first, before)
        .help("declare it alike: about the same arguments the host gives one result")
}

fn hidden_root(at: Span, first: Option<Span>, name: &str) -> Diagnostic {
    let what = if name == "args" { "the arguments of calls" } else { "what the document declares" };
    let fact = format!("a root is called `{name}`, as {what}");
    let found = Diagnostic::new(Code::Shadowed, at, fact, "no rule can read both");
    let found = match first {
        Some(first) => found.label(first, format!("read as `{name}`, too")),
        None => found,
    };
    found.help("give the root another name")
}

fn unfilled_root(at: Span, name: &str) -> Diagnostic {
    let fact = format!("events have a member `{name}`, so no session has a root of that name");
    Diagnostic::new(Code::Conflict, at, fact, "no request can bring it")
        .help(format!("give the root another name, as `{name}_info`, also where it is read"))
}

fn import_hides(at: Span, name: &str, declared: Option<Span>) -> Diagnostic {
    let fact = format!("`{name}` is a variable already");
    let found = Diagnostic::new(Code::Shadowed, at, fact, "would stand for it here")
        .help("write the whole name out in the stead of importing it");
    match declared {
        Some(span) => found.label(span, "declared here"),
        None => found,
    }
}

fn overload_of_builtin(at: Span, name: &str, builtin: &str) -> Diagnostic {
    let fact = format!("`{name}` of CEL takes what this overload takes (`{builtin}`)");
    Diagnostic::new(Code::Conflict, at, fact, "this overload is never called").help(
        "give the function another name, or leave the overload of CEL out: \
         `stdlib: {exclude_functions: ..}`",
    )
}

fn overload_twice(at: Span, first: Span, id: &str) -> Diagnostic {
    let fact = format!("two overloads are called `{id}`");
    Diagnostic::new(Code::Conflict, at, fact, "the second")
        .label(first, "the first")
        .help("give each an id of its own")
}

fn import_twice(at: Span, name: &str, other: &str) -> Diagnostic {
    let fact = format!("`{name}` stands for `{other}` already");
    Diagnostic::new(Code::Conflict, at, fact, "the second import that ends so")
        .help("import one of them, and write the name of the other out")
}

/// Everything about CEL Policy documents and environments.
pub(super) fn output_words(error: OutputError) -> Diagnostic {
    match error {
        OutputError::IncompatibleOutputs { at, given, before } => {
            let fact = format!(
                "incompatible output types: block has output type {given}, \
                 but previous outputs have type {}",
                before.1
            );
            Diagnostic::new(Code::IncompatibleOutputs, at, fact, a(&given))
                .label(before.0, a(&before.1))
                .help("give all outputs one type")
        }
        OutputError::Unreachable { at, next, rule } => {
            let what = if rule { "rule" } else { "match" };
            let fact = format!("{what} creates unreachable outputs");
            Diagnostic::new(Code::Unreachable, at, fact, "this always yields")
                .label(next, "never reached")
                .help("what always yields stands last: move it, or give it a condition")
        }
        OutputError::NestedAggregate { at, outer } => {
            let fact = "nested aggregate rules are not allowed";
            Diagnostic::new(Code::Conflict, at, fact, "an aggregate below an aggregate")
                .label(outer, "the outer one")
                .help("aggregate in one of them only")
        }
        OutputError::AlwaysFalse { at } => {
            let fact = "condition is always false";
            Diagnostic::new(Code::Unreachable, at, fact, "its output is never yielded")
                .help("correct the condition, or take the match away")
        }
        OutputError::UnknownExtension { at, name, nearest, known } => {
            no_library(at, &name, nearest.as_ref(), &known)
        }
        OutputError::UnknownVersion { at, name, newest } => {
            let fact = format!("`{name}` has no such version");
            let help = match newest {
                0 => "the only version is 0".to_owned(),
                _ => format!("the versions are 0 to {newest}"),
            };
            Diagnostic::new(Code::UnknownExtension, at, fact, "does not exist").help(help)
        }
        OutputError::UnknownPart { at, what, name, nearest } => {
            let fact = format!("the standard library has no {what} `{name}`");
            Diagnostic::new(Code::UnknownFunction, at, fact, "does not exist")
                .maybe_help(did_you_mean(nearest.as_ref()))
        }
        OutputError::OverloadTwice { at, first, id } => overload_twice(at, first, &id),
        OutputError::OverloadsAlike { at, first, id } => {
            let fact = format!("`{id}` takes what another overload of the function takes");
            Diagnostic::new(Code::Conflict, at, fact, "no call tells them apart")
                .label(first, "the other")
                .help("take one of them away")
        }
        OutputError::OverloadOfMacro { at, name, args } => {
            let fact = format!("`{name}` with {args} arguments is a macro");
            Diagnostic::new(Code::Conflict, at, fact, "this overload is never called")
                .help("give the function another name")
        }
        OutputError::OverloadOfBuiltin { at, name, builtin } => {
            overload_of_builtin(at, &name, builtin)
        }
        OutputError::ImportTwice { at, name, other } => import_twice(at, &name, &other),
        OutputError::ImportHides { at, name, declared } => import_hides(at, &name, declared),
        OutputError::UnbuiltExtension { at, name, why } => {
            let fact = format!("the library `{name}` is not built");
            Diagnostic::new(Code::UnknownExtension, at, fact, why)
                .help("take it out, and the calls of its functions")
        }
    }
}

fn every_type() -> String {
    "a number is an int, a uint or a double; others are string, bool, bytes, timestamp, duration, \
     list<T> and map<K, V>"
        .to_owned()
}

fn no_library(at: Span, name: &str, nearest: Option<&String>, known: &[&str]) -> Diagnostic {
    let fact = format!("there is no library `{name}`");
    let all = format!("the libraries are {}", known.join(", "));
    let near = did_you_mean(nearest);
    let help = near.map_or_else(|| all.clone(), |near| format!("{near} {all}"));
    Diagnostic::new(Code::UnknownExtension, at, fact, "does not exist").help(help)
}

fn name_a_schema(plain_cel: bool) -> &'static str {
    if plain_cel {
        "name the file with the types of the context on top, as `// @schema FILE`"
    } else {
        "name the types of the context under `schema`"
    }
}

/// Everything about types, schemas and data.
pub(super) fn schema_words(error: SchemaError) -> Diagnostic {
    match error {
        SchemaError::TypeVariable { at, name } => {
            let fact = format!("`{name}` stands for any type, and a value has one");
            Diagnostic::new(Code::UnknownType, at, fact, "a type variable")
                .help("write a type, or `dyn`; type variables are for functions")
        }
        SchemaError::UnknownType { at, name, nearest, params } => {
            let (fact, help) = match params {
                Some(0) => (format!("`{name}` takes no parameters"), format!("write `{name}`")),
                Some(1) => {
                    (format!("`{name}` takes one parameter"), format!("write `{name}<string>`"))
                }
                Some(count) => {
                    let help = format!("write it as in `{name}<string, int>`");
                    (format!("`{name}` takes {count} parameters"), help)
                }
                None => {
                    let help = did_you_mean(nearest.as_ref());
                    (format!("there is no type `{name}`"), help.unwrap_or_else(every_type))
                }
            };
            Diagnostic::new(Code::UnknownType, at, fact, "not a type").help(help)
        }
        SchemaError::MapKey { at, given } => {
            let fact = format!("no map has keys that are {}", a(&given));
            Diagnostic::new(Code::UnknownType, at, fact, "not a type of keys")
                .help("keys are `bool`, `int`, `uint` or `string`, and `dyn` is any of them")
        }
        SchemaError::SchemaGap { at, what } => {
            let fact = format!("no type expresses {what}");
            Diagnostic::new(Code::SchemaGap, at, fact, "what this describes is dyn")
                .help("give it one type, or test it with `type(x) == string` where it is read")
        }
        SchemaError::Unenforced { at, keyword, denied } => {
            let fact = format!("`{keyword}` is not enforced: a schema gives types, no bounds");
            let rule = denied.map_or_else(
                || "deny in a rule what this does not let through".to_owned(),
                |denied| format!("deny it in a rule, as `when: {}`", in_yaml(&denied)),
            );
            let otherwise =
                "if something does, `ignore = [\"W0519\"]` below `[check]` in `policyc.toml`";
            let help = format!("{rule}; {otherwise}");
            Diagnostic::new(Code::Unenforced, at, fact, "refuses no value").help(help)
        }
        SchemaError::Schema { at, fault } => fault_words(at, fault),
    }
}

/// An expression as the value of a key, in quotes where YAML would read it as something else.
fn in_yaml(expression: &str) -> String {
    if expression.starts_with('!') || expression.contains([':', '#', '"', '[', ',']) {
        format!("'{}'", expression.replace('\'', "''"))
    } else {
        expression.to_owned()
    }
}

fn fault_words(at: Span, fault: SchemaFault) -> Diagnostic {
    let (fact, label, help) = match fault {
        SchemaFault::NoFile(path) => (
            format!("there is no file `{path}`"),
            "not found",
            Some("a path is taken from the folder of the document that names it".to_owned()),
        ),
        SchemaFault::NoSection(path) => (
            format!("`{path}` has no `schema`"),
            "named here",
            Some("name a document that has one, or a schema in a file of its own".to_owned()),
        ),
        SchemaFault::Circle(path) => (
            format!("the schema of `{path}` refers back to itself"),
            "a circle",
            Some("write the types in a file of their own, and name it in both".to_owned()),
        ),
        SchemaFault::BadKey { key, wanted } => {
            let help = format!("write {wanted} behind `{key}`");
            (format!("`{key}` must be {wanted}"), "something else", Some(help))
        }
        SchemaFault::NotASchema(found) => {
            let help = "as in `{\"type\": \"object\", \"properties\": {}}`".to_owned();
            let fact = format!("a schema must be an object, this is {found}");
            return Diagnostic::new(Code::BadSchema, at, fact, "not a schema").help(help);
        }
        SchemaFault::NoMessageNamed(example) => {
            let example = example.unwrap_or_else(|| "acme.Request".to_owned());
            (
                "a schema that is a `.proto` file names a message".to_owned(),
                "no message is named",
                Some(format!("write it behind a `#`, as `#{example}`")),
            )
        }
        SchemaFault::NoReference(text) => {
            let help = "write it as in `#/$defs/NAME`, and define it there".to_owned();
            (format!("`{text}` refers to nothing in this schema"), "not found", Some(help))
        }
        SchemaFault::NotAnObject => (
            "the schema of a context must be an object".to_owned(),
            "not an object",
            Some("write `type: object` and `properties`".to_owned()),
        ),
        SchemaFault::RequiredUnknown { name, nearest } => (
            format!("`{name}` is required but not declared"),
            "not among the properties",
            did_you_mean(nearest.as_ref()).or_else(|| {
                Some("add it to `properties`, or take it out of `required`".to_owned())
            }),
        ),
        SchemaFault::TooDeep => (
            "these types are nested too deeply".to_owned(),
            "one level too many",
            Some("leave the inner ones out: what they describe is dyn".to_owned()),
        ),
        SchemaFault::BadData(what) => (
            format!("a constant cannot hold {what}"),
            "not a constant",
            Some("data are texts, numbers, bools, null, lists and maps".to_owned()),
        ),
    };
    Diagnostic::new(Code::BadSchema, at, fact, label).maybe_help(help)
}
