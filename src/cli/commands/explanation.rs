//! How explanations are written: what the commands that tell why have in common.

use std::path::PathBuf;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::reporting::{alone, format_named, output_named};
use crate::cli::terminal::Terminal;
use crate::cli::write::write;
use crate::tools::report::paint::Style;
use crate::tools::report::why::{DecisionExplanation, Format};

/// How an explanation is written.
#[derive(Clone, Debug, Args)]
pub(super) struct ExplanationOptions {
    /// How it is written: full, html, json, json-lines, markdown or narrated.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "full",
        value_parser = format_named::<Format>
    )]
    pub(super) output_format: Format,
    /// Write it to a file as well; may be given more than once.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output_named::<Format>)]
    pub(super) output: Vec<(Format, PathBuf)>,
    /// Every rule on its source, with every condition of it.
    #[arg(long)]
    pub(super) tree: bool,
    /// Ask what was passed over as well, in a second decision: it is marked `would be`.
    #[arg(long)]
    pub(super) exhaustive: bool,
}

impl ExplanationOptions {
    /// Writes it, and says how the command ends.
    pub(super) fn write(&self, terminal: &Terminal, mut told: DecisionExplanation<'_>) -> Exit {
        told.tree = self.tree;
        terminal.result(&(self.output_format.draw)(&told, terminal.style));
        self.files(terminal, &told)
    }

    /// Writes the files that were asked for, and says how the command ends because of them.
    pub(super) fn files(&self, terminal: &Terminal, told: &DecisionExplanation<'_>) -> Exit {
        let mut exit = Exit::Done;
        for (format, path) in &self.output {
            if let Err(finding) = write(path, (format.draw)(told, Style::PLAIN).as_bytes()) {
                exit = exit.max(alone(terminal, &finding));
            }
        }
        exit
    }
}
