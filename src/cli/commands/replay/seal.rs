//! `policyc replay seal`: records that exist, without what is to be withheld.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::bundles::Settings;
use crate::cli::commands::replay::convert::spare;
use crate::cli::commands::replay::input::{Filters, Stream, StreamEnd, sources_of};
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::secrets::{OpenVault, Secrets};
use crate::cli::terminal::Terminal;
use crate::cli::write::Draft;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::numbers::grouped;
use crate::runtime::program::withheld::{RedactionClass, RedactionRule, RedactionRules};
use crate::runtime::record::read::{Entry, Record};
use crate::runtime::record::redact::Redactor;
use crate::runtime::record::seal::Keeper;
use crate::tools::replay::filter::Filter;
use crate::tools::replay::findings;
use crate::tools::replay::plain::context;
use crate::tools::replay::seal::{
    MakerBundle, OtherPlace, RewriteError, SealOptions, holds, rewritten,
};
use crate::tools::replay::store::Store;
use crate::tools::replay::verify::Found;
use crate::tools::report::counted;
use crate::tools::report::visible::visible;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "seal",
    group: "replay",
    short: "withhold values of records",
    about: "Withhold values of records that exist, by the rules of a bundle or by paths, and all \
            of a record that tells of them",
    usage: "SRC.. -o OUT [OPTIONS]",
    examples: &[
        (
            "policyc replay seal logs --bundle prod.plcb --vault calls.vault -o sealed.pdr.jsonl",
            "by what `redact` of a bundle says",
        ),
        (
            "policyc replay seal logs --path /action/args/memo --as drop -o out.pdr.jsonl",
            "one place",
        ),
    ],
    arguments: Options::augment_args,
    run,
};

/// How many of the lines that are left out are told one by one.
const TOLD_MAX: usize = 20;

#[derive(Debug, Args)]
struct Options {
    /// Files, directories, patterns in quotes, `-`; without any, `records` of `[replay]`.
    #[arg(value_name = "SRC")]
    records: Vec<PathBuf>,
    /// The bundle whose rules count, beside those of --path: a path, git:REV, or a name of
    /// `[bundles]`. Of its own records it proves what does not tell the values.
    #[arg(long, value_name = "BUNDLE", required_unless_present = "path")]
    bundle: Option<String>,
    /// A place to withhold, as /args/memo or /request/headers/*; some record must hold it.
    #[arg(long, value_name = "PATH")]
    path: Vec<String>,
    /// How: drop, seal, shape or hide.
    #[arg(long = "as", value_name = "CLASS", default_value = "seal")]
    class: String,
    /// Leave out how conditions came out that read the values.
    #[arg(long)]
    no_facts: bool,
    /// The records to write.
    #[arg(short, value_name = "FILE")]
    out: PathBuf,
    /// The directory of the bundles by their digests.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    #[command(flatten)]
    secrets: Secrets,
    #[command(flatten)]
    filter: Filters,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, sealed)
}

/// What was done.
#[derive(Debug, Default)]
struct Tally {
    records: u64,
    values: usize,
    /// Records parts of whose outcome went.
    less: u64,
    /// Records whose witness went.
    unwitnessed: u64,
    /// Lines about other lines.
    chained: u64,
    /// Places that hold what is withheld elsewhere, and in how many records.
    elsewhere: BTreeMap<OtherPlace, u64>,
}

/// Lines that are left out.
#[derive(Debug, Default)]
struct OmittedLines {
    lines: u64,
    /// The first of them.
    told: Vec<Found<RewriteError>>,
}

impl OmittedLines {
    fn add(&mut self, source: usize, line: u64, what: RewriteError) {
        self.lines += 1;
        if self.told.len() < TOLD_MAX {
            self.told.push(Found { source, line, what });
        }
    }
}

fn sealed(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let settings = Settings::read(terminal)?;
    let store = settings.open_store(terminal, options.store.as_deref())?;
    let mut rules = redaction_rules(terminal, options)?;
    let mut by = None;
    if let Some(name) = &options.bundle {
        let program = store.add(settings.bundle(terminal, &store, name)?);
        // With others beside them the rules are not those of the bundle alone.
        by = rules.is_empty().then(|| program.digest());
        let own = RedactionRules::of(program.module());
        rules = RedactionRules::new([own.rows(), rules.rows()].concat());
    }
    if rules.is_empty() {
        let fact = "the bundle withholds nothing";
        let help = "name places with --path, or write `redact` in a policy";
        let finding = Diagnostic::without_place(Code::BadUsage, fact).help(help);
        return Err(alone(terminal, &finding));
    }
    let sources = sources_of(terminal, &settings, &options.records)?;
    spare(terminal, &sources, &options.out)?;
    let filter = options.filter.filter(terminal)?;
    let mut vault = options.secrets.open(terminal, &rules)?;
    let failed = |finding: Box<Diagnostic>| alone(terminal, &finding);
    let mut draft = Draft::begin(&options.out).map_err(failed)?;
    let sealing = SealOptions { rules: &rules, by };
    let mut work = SealJob {
        store: &store,
        makers: HashMap::new(),
        sealing,
        filter: &filter,
        vault: vault.as_mut(),
        redactor: Redactor::default(),
        missed: options.path.clone(),
        tally: Tally::default(),
        left_out: OmittedLines::default(),
    };
    let (threads, progress) = (None, false);
    let stream = Stream { terminal, sources: &sources, threads, filter: &filter, progress };
    let mut problem = None;
    let StreamEnd { stopped, broken: mut exit, .. } = stream.run(
        || (),
        |(), chunk| (chunk.source, chunk.line, chunk.bytes.clone()),
        |chunk, _| {
            if problem.is_some() {
                return;
            }
            let written =
                work.chunk((chunk.0, chunk.1), &chunk.2).and_then(|lines| draft.write(&lines));
            problem = written.err();
        },
    );
    if let Some(finding) = problem {
        return Err(failed(finding));
    }
    for found in &work.left_out.told {
        let name = sources.get(found.source).map_or("", |source| source.name.as_str());
        exit = exit.max(alone(terminal, &findings::unsealed(found, name)));
    }
    if stopped {
        return Err(Exit::Interrupted);
    }
    if work.tally.records > 0 && !work.missed.is_empty() {
        return Err(alone(terminal, &in_no_record(&work.missed, work.tally.records)));
    }
    draft.finish().map_err(failed)?;
    terminal.notice(&work.tally.words(work.left_out.lines));
    Ok(exit)
}

/// The rules that were written as paths.
fn redaction_rules(terminal: &Terminal, options: &Options) -> Result<RedactionRules, Exit> {
    let class = match options.class.as_str() {
        "drop" => RedactionClass::Drop,
        "seal" => RedactionClass::Seal,
        "shape" => RedactionClass::Shape,
        "hide" => RedactionClass::Hide,
        other => {
            let fact = format!("`{other}` is no class that `--as` takes");
            let help = "it is drop, seal, shape or hide; `redact` of a policy has the others";
            let finding = Diagnostic::without_place(Code::BadUsage, fact).help(help);
            return Err(alone(terminal, &finding));
        }
    };
    let rules = options.path.iter().flat_map(|asked| places(asked).map(move |at| (asked, at)));
    let rules = rules.map(|(path, place)| {
        RedactionRule::of(&place, class.clone(), !options.no_facts).ok_or_else(|| {
            let fact = format!("`{path}` is no path from the top of a context");
            let help = "write it as /action/args/memo";
            let finding = Diagnostic::without_place(Code::BadUsage, fact).help(help);
            alone(terminal, &finding)
        })
    });
    rules.collect::<Result<Vec<RedactionRule>, Exit>>().map(RedactionRules::new)
}

/// The places that a path may mean: `/args/memo` is short for `/action/args/memo`, too.
fn places(path: &str) -> impl Iterator<Item = String> {
    let long = path.starts_with("/args/").then(|| format!("/action{path}"));
    std::iter::once(path.to_owned()).chain(long)
}

/// That something was to be withheld which is nowhere.
fn in_no_record(missed: &[String], records: u64) -> Diagnostic {
    let shown: Vec<String> = missed.iter().map(|path| format!("`{path}`")).collect();
    let of = match records {
        1 => "the record holds nothing".to_owned(),
        all => format!("none of {} records holds anything", grouped(all)),
    };
    let fact = format!("{of} at {}, and nothing was written", shown.join(", "));
    let help = "`policyc replay explain ID` shows what a record holds; leave out what is not there";
    Diagnostic::without_place(Code::BadUsage, fact).help(help)
}

struct SealJob<'w> {
    store: &'w Store,
    /// The bundles that made records, where they are to be had.
    makers: HashMap<[u8; 32], Option<MakerBundle>>,
    sealing: SealOptions<'w>,
    filter: &'w Filter,
    vault: Option<&'w mut OpenVault>,
    redactor: Redactor,
    /// Paths at which no record held anything so far.
    missed: Vec<String>,
    tally: Tally,
    left_out: OmittedLines,
}

impl SealJob<'_> {
    /// The lines of a chunk without what is withheld. What was sealed is in the vault by then.
    fn chunk(
        &mut self,
        (source, first): (usize, u64),
        bytes: &[u8],
    ) -> Result<Vec<u8>, Box<Diagnostic>> {
        let mut lines = Vec::with_capacity(bytes.len());
        for (number, line) in (first..).zip(bytes.split(|byte| *byte == b'\n')) {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            match Entry::read(line) {
                Ok(Entry::Record(record)) if self.filter.takes(&record) => {
                    self.record(&record, (source, number), &mut lines);
                }
                Ok(Entry::Record(_)) => {}
                Ok(Entry::Block(_) | Entry::Gap(_)) => self.tally.chained += 1,
                Err(error) => self.left_out.add(source, number, RewriteError::Line(error)),
            }
        }
        if let Some(vault) = &mut self.vault {
            vault.write()?;
        }
        Ok(lines)
    }

    fn record(&mut self, record: &Record<'_>, (source, number): (usize, u64), lines: &mut Vec<u8>) {
        let made_by = record.bundle.and_then(|bundle| bundle.digest);
        let (store, rules) = (self.store, self.sealing.rules);
        let maker = made_by.and_then(|digest| {
            let known = self.makers.entry(digest).or_insert_with(|| {
                store.get(digest).ok().map(|program| MakerBundle::of(program, rules))
            });
            known.as_ref()
        });
        let keeper = self.vault.as_mut().map(|vault| &mut vault.writer as &mut dyn Keeper);
        let made = rewritten(record, maker, &self.sealing, &mut self.redactor, keeper);
        let made = match made {
            Ok(made) => made,
            Err(why) => {
                self.left_out.add(source, number, why);
                return;
            }
        };
        if !self.missed.is_empty() {
            let context = context(record);
            let holds = |path: &String| places(path).any(|place| holds(&context, &place));
            // Of what is no object all is withheld.
            self.missed.retain(|path| !context.is_null() && !holds(path));
        }
        self.tally.records += 1;
        self.tally.values += made.values;
        self.tally.less += u64::from(!made.parts.is_empty());
        self.tally.unwitnessed += u64::from(made.witness);
        for place in made.elsewhere {
            if self.tally.elsewhere.len() < TOLD_MAX || self.tally.elsewhere.contains_key(&place) {
                *self.tally.elsewhere.entry(place).or_default() += 1;
            }
        }
        lines.extend_from_slice(&made.line);
        lines.push(b'\n');
    }
}

impl Tally {
    fn words(&self, left_out: u64) -> String {
        let many =
            |count: u64, what: &str| counted(usize::try_from(count).unwrap_or(usize::MAX), what);
        let mut words = vec![
            many(self.records, "record"),
            format!("{} withheld", counted(self.values, "value")),
        ];
        if self.less > 0 {
            words.push(format!("messages or outputs of {} withheld", grouped(self.less)));
        }
        if self.unwitnessed > 0 {
            words.push(format!("witnesses of {} withheld", grouped(self.unwitnessed)));
        }
        if self.chained > 0 {
            words.push(format!("{} about chains left out", many(self.chained, "line")));
        }
        if left_out > 0 {
            words.push(format!("{} left out", many(left_out, "line")));
        }
        let mut text = format!("  {}\n", words.join(" · "));
        for (place, count) in &self.elsewhere {
            let records = many(*count, "record");
            let said = match place {
                OtherPlace::Value(path) => format!("stands at {}", visible(path)),
                OtherPlace::Name(path) if path.is_empty() => "is a name at the top".to_owned(),
                OtherPlace::Name(path) => format!("is a name in the object {}", visible(path)),
            };
            text.extend(["  the same value ", &said, ", too, in ", &records, "\n"]);
        }
        let has = |is: fn(&OtherPlace) -> bool| self.elsewhere.keys().any(is);
        if has(|place| matches!(place, OtherPlace::Value(_))) {
            text += "  name such a place as well, with --path or in `redact`; what the host says, \
                     as /ses, stays\n";
        }
        if has(|place| matches!(place, OtherPlace::Name(path) if !path.is_empty())) {
            text += "  a name goes with its object: name that, and all in it is withheld\n";
        }
        if has(|place| matches!(place, OtherPlace::Name(path) if path.is_empty())) {
            text += "  no path withholds a name at the top\n";
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{OmittedLines, RewriteError, TOLD_MAX};

    #[test]
    fn however_many_lines_are_left_out_few_are_told() {
        let mut left_out = OmittedLines::default();
        for line in 1..1_000 {
            left_out.add(0, line, RewriteError::TooLong);
        }
        assert_eq!((left_out.lines, left_out.told.len()), (999, TOLD_MAX));
    }
}
