//! `policyc init`: a starter project that works as it is.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::PathBuf;

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::options;
use crate::cli::terminal::Terminal;
use crate::cli::write::{unwritable, write};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::paths::{normalize, slashed};
use crate::tools::report::paint::Paint;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "init",
    group: "write",
    short: "write a starter project",
    about: "Write a starter project: a policy, its schema, its tests, a call to try, a CI file",
    usage: "[DIR]",
    examples: &[
        ("policyc init", "a starter here"),
        ("policyc init payments", "a starter in a new directory"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    /// The directory to write to; made if it does not exist.
    #[arg(default_value = ".")]
    dir: PathBuf,
}

/// A file of the starter project.
struct StarterFile {
    path: &'static str,
    text: &'static str,
    about: &'static str,
}

const FILES: &[StarterFile] = &[
    StarterFile {
        path: "policyc.toml",
        text: include_str!("../starter/policyc.toml"),
        about: "what is asked of all of it",
    },
    StarterFile {
        path: "policy.yaml",
        text: include_str!("../starter/policy.yaml"),
        about: "small payments pass, large ones need two people",
    },
    StarterFile {
        path: "policy_test.yaml",
        text: include_str!("../starter/policy_test.yaml"),
        about: "3 cases",
    },
    StarterFile {
        path: "schema.json",
        text: include_str!("../starter/schema.json"),
        about: "what a call comes with",
    },
    StarterFile {
        path: "context.json",
        text: include_str!("../starter/context.json"),
        about: "one call to try",
    },
    StarterFile {
        path: ".github/workflows/policy.yaml",
        text: include_str!("../starter/workflow.yaml"),
        about: "for CI",
    },
];

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: Options = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    if let Some(taken) = FILES.iter().find(|file| options.dir.join(file.path).exists()) {
        let path = slashed(&normalize(&options.dir.join(taken.path)));
        let found = format!("`{path}` exists already, so nothing was written");
        let finding = Diagnostic::without_place(Code::Unwritable, found)
            .help("`policyc init DIR` starts in another directory");
        return alone(terminal, &finding);
    }
    let mut text = String::new();
    for file in FILES {
        let path = options.dir.join(file.path);
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        let written = folder
            .map_err(|error: io::Error| Box::new(unwritable(&path, &error)))
            .and_then(|()| write(&path, file.text.as_bytes()));
        if let Err(finding) = written {
            return alone(terminal, &finding);
        }
        let about = terminal.notice_style.paint(Paint::Frame, file.about);
        let _ = writeln!(text, "  {:<29}  {about}", file.path);
    }
    let folder = options.dir.display();
    let next = terminal.notice_style.paint(Paint::Help, "next");
    let context = slashed(&normalize(&options.dir.join("context.json")));
    let _ = writeln!(text, "  {next}  policyc eval {folder} -c {context} --explain");
    terminal.notice(&text);
    Exit::Done
}
