//! Where words go: results to standard output, notices to standard error.
//!
//! A reader that went away (`policyc explain --all | head`) is no error: what is left is not
//! written, and the command ends as it would have. A result that cannot be written for another
//! reason, a full disk mostly, is one: `Terminal::lost` has it when the command is through.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::ValueEnum;
use terminal_size::{Width, terminal_size_of};

use crate::cli::write::output_is_taken;
use crate::tools::project::config::layers::Overrides;
use crate::tools::report::paint::Style;

/// Columns of a screen whose size nobody tells.
const WIDTH: usize = 80;
/// Columns that a frame and a few words need.
const WIDTH_MIN: usize = 40;
/// Rows longer than this are hard to read.
const WIDTH_MAX: usize = 120;

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Options that every command takes.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Globals {
    /// Colours: auto, always or never.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub color: Colour,
    /// Say nothing but results and errors.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Say which sources and tests are read.
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// A file that goes before policyc.toml, or a text such as 'project.strict = true'; may be
    /// given more than once.
    #[arg(long, global = true, value_name = "FILE|TEXT")]
    pub config: Vec<String>,
    /// Read no policyc.toml.
    #[arg(long, global = true)]
    pub isolated: bool,
    /// Load no bundle but such as this trust policy lets in.
    #[arg(long, global = true, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// The file that remembers which versions were loaded.
    #[arg(long, global = true, value_name = "FILE")]
    pub trust_state: Option<PathBuf>,
}

/// The two streams of a command, and how to draw on them.
#[derive(Debug)]
pub struct Terminal {
    /// Style of standard output.
    pub style: Style,
    /// Style of standard error.
    pub notice_style: Style,
    globals: Globals,
    /// Why a result was not written, the first time.
    lost: OnceLock<io::Error>,
}

impl Terminal {
    /// Looks at the streams and at the environment once.
    #[must_use]
    pub fn new(globals: Globals) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let plain = set("NO_COLOR") || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colour = |is_terminal: bool| match globals.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => is_terminal && !plain,
        };
        let (out, err) = (io::stdout(), io::stderr());
        let style = Style { colour: colour(out.is_terminal()), width: result_width() };
        let width = width(terminal_size_of(&err).map(|(width, _)| width));
        let notice_style = Style { colour: colour(err.is_terminal()), width };
        Self { style, notice_style, globals, lost: OnceLock::new() }
    }

    /// What the command line says about configurations.
    #[must_use]
    pub fn overrides(&self) -> Overrides {
        let Globals { isolated, config, .. } = &self.globals;
        Overrides { isolated: *isolated, given: config.clone() }
    }

    /// The trust policy that is asked about bundles, and the file that remembers versions.
    #[must_use]
    pub fn trust(&self) -> (Option<&Path>, Option<&Path>) {
        (self.globals.trust.as_deref(), self.globals.trust_state.as_deref())
    }

    /// Writes a result; where a file was asked for on standard output, to standard error.
    pub fn result(&self, text: &str) {
        if output_is_taken() {
            return self.error(text);
        }
        let mut out = io::stdout().lock();
        if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            let _ = self.lost.set(error);
        }
    }

    /// Why a result was not written as a whole, where that is an error.
    #[must_use]
    pub fn lost(&self) -> Option<&io::Error> {
        self.lost.get()
    }

    /// Writes an error: something that `--quiet` does not hide. Where that fails, nobody is left
    /// to tell.
    pub fn error(&self, text: &str) {
        drop(io::stderr().lock().write_all(text.as_bytes()));
    }

    /// Writes a notice, unless `--quiet`.
    pub fn notice(&self, text: &str) {
        if !self.globals.quiet {
            self.error(text);
        }
    }

    /// Writes what only `--verbose` asks for.
    pub fn detail(&self, text: impl FnOnce() -> String) {
        if self.globals.verbose {
            self.notice(&text());
        }
    }
}

/// Whether standard output is a screen.
#[must_use]
pub fn on_screen() -> bool {
    io::stdout().is_terminal()
}

/// Columns of standard output.
#[must_use]
pub fn result_width() -> usize {
    width(terminal_size_of(io::stdout()).map(|(width, _)| width))
}

/// `COLUMNS` before what the terminal says; without either it is no screen.
fn width(terminal: Option<Width>) -> usize {
    let wanted = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse::<usize>().ok());
    let columns = wanted.or_else(|| terminal.map(|Width(columns)| usize::from(columns)));
    columns.map_or(WIDTH, |columns| columns.clamp(WIDTH_MIN, WIDTH_MAX))
}
