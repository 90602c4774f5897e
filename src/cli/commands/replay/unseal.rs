//! `policyc replay unseal`: values of a record that were sealed.

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use clap::{ArgMatches, Args};
use serde_json::{Value as Json, json};

use crate::cli::Command;
use crate::cli::bundles::Settings;
use crate::cli::commands::replay::one::Named;
use crate::cli::commands::replay::vault::key_of;
use crate::cli::exit::Exit;
use crate::cli::reporting::Shape;
use crate::cli::root::with_options;
use crate::cli::secrets::refused;
use crate::cli::sources::unread;
use crate::cli::terminal::Terminal;
use crate::tools::inputs;
use crate::tools::project::read_bytes;
use crate::tools::replay::seal::{Sealed, sealed};
use crate::tools::replay::vault::{DisclosedValue, Secret, VaultError, VaultScan};
use crate::tools::report::counted;
use crate::tools::report::json::document;
use crate::tools::report::paint::Paint;
use crate::tools::report::visible::visible;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "unseal",
    group: "replay",
    short: "values that were sealed",
    about: "Disclose what a record seals, and prove that it is what was there",
    usage: "ID|@FILE|- --vault FILE [OPTIONS]",
    examples: &[
        (
            "policyc replay unseal 01JD4ZK7Q8 --records logs --vault calls.vault",
            "with the key calls.vault.key",
        ),
        (
            "policyc replay unseal 01JD4ZK7Q8 --vault v.vault --key v.key --path /args/memo",
            "one value, with a key that lies elsewhere",
        ),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    named: Named,
    /// The vault that the values went to.
    #[arg(long, value_name = "FILE")]
    vault: PathBuf,
    /// The file of its secret key; else that of the vault with `.key` behind it.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The value at this place alone, and what lies below it.
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// How it is written: for people, or as one JSON document.
    #[arg(long, value_name = "full|json", default_value = "full", hide_possible_values = true)]
    output_format: Shape,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, unsealed)
}

fn unsealed(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let settings = Settings::read(terminal)?;
    let wanted = options.named.find(terminal, &settings)?;
    let record = wanted.record(terminal)?;
    let mut seals = sealed(&record);
    if let Some(path) = &options.path {
        let below = format!("{path}/");
        seals.retain(|seal| seal.path == *path || seal.path.starts_with(&below));
    }
    if seals.is_empty() {
        return Err(wanted.stopped(terminal, "it seals nothing there"));
    }
    let key = options.key.clone().unwrap_or_else(|| key_of(&options.vault));
    let text = read_bytes(&key, 1 << 10).map_err(|error| unread(terminal, &key, &error))?;
    let secret = Secret::read(&String::from_utf8_lossy(&text));
    let secret = secret.map_err(|error| refused(terminal, &key, &error))?;
    inputs::note(&options.vault);
    let file = File::open(&options.vault);
    let file = file.map_err(|error| unread(terminal, &options.vault, &error))?;
    let commitments: Vec<[u8; 32]> = seals.iter().map(|seal| seal.commitment).collect();
    let looked = VaultScan::up(&mut BufReader::new(file), &commitments);
    let looked = looked.map_err(|error| refused(terminal, &options.vault, &error))?;
    warn(terminal, &looked);
    let disclosed: Vec<(Sealed, Result<DisclosedValue, VaultError>)> = seals
        .into_iter()
        .map(|seal| {
            let found = looked.disclose(&secret, &seal.commitment);
            // What was sealed elsewhere proves nothing about this place.
            let found = found.and_then(|it| {
                let same = it.path == seal.path && it.kind == seal.kind;
                if same { Ok(it) } else { Err(VaultError::Untrue) }
            });
            (seal, found)
        })
        .collect();
    let failed = disclosed.iter().any(|(_, found)| found.is_err());
    terminal.result(&match options.output_format {
        Shape::Full => full(terminal, &disclosed),
        Shape::Json => json_of(&disclosed),
    });
    Ok(if failed { Exit::Integrity } else { Exit::Done })
}

fn warn(terminal: &Terminal, looked: &VaultScan) {
    if looked.torn {
        terminal.notice("  the last entry of the vault was cut\n");
    }
    if !looked.damaged.is_empty() {
        let many = counted(looked.damaged.len(), "line");
        terminal.notice(&format!("  {many} of the vault are no entries\n"));
    }
}

fn full(terminal: &Terminal, all: &[(Sealed, Result<DisclosedValue, VaultError>)]) -> String {
    let style = terminal.style;
    let mut text = String::new();
    for (seal, found) in all {
        let path = if seal.path.is_empty() { "the whole context" } else { &seal.path };
        let said = match found {
            Ok(it) => format!("{}  {}", visible(&it.value), style.paint(Paint::Good, "proved")),
            Err(error) => style.paint(Paint::Bad, &error.to_string()),
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {}  {said}", style.paint(Paint::Strong, &visible(path)));
    }
    text
}

fn json_of(all: &[(Sealed, Result<DisclosedValue, VaultError>)]) -> String {
    let values = all.iter().map(|(seal, found)| match found {
        Ok(it) => {
            let value: Json = serde_json::from_str(&it.value).unwrap_or_default();
            json!({"path": seal.path, "kind": seal.kind, "value": value, "spelled": it.value})
        }
        Err(error) => json!({"path": seal.path, "kind": seal.kind, "error": error.to_string()}),
    });
    document(&json!({"schema": "policyc.unseal/1", "values": values.collect::<Vec<_>>()}))
}
