//! Contexts to decide about, and how often each occurs.
//!
//! In:      the bytes of a file: one context a line, an array, or one alone; cases of tests.
//! Out:     a `Workload`; equal contexts are one with their weights added.
//! Imports: `runtime::bundle`, `runtime::vm`, `tools::decide`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use rustc_hash::FxHashMap;
use serde::de::IgnoredAny;
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use crate::runtime::bundle::module::Phase;
use crate::runtime::vm::hosts::HostTable;
use crate::runtime::vm::request::Moment;
use crate::tools::bench::error::{BenchError, named};
use crate::tools::decide::{Form, Moments};

/// A context to decide about.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Where it was found, as `calls.jsonl:3` or the name of a test.
    pub place: String,
    /// How it is written.
    pub form: Form,
    /// The context.
    pub bytes: Vec<u8>,
    /// The time of the decision.
    pub now: (i64, u32),
    /// Which rules are asked.
    pub phase: Phase,
    /// What host functions gave.
    pub hosts: Option<HostTable>,
    /// How often it occurs.
    pub weight: u64,
}

impl Sample {
    /// What the decision is about, beside the context.
    #[must_use]
    pub const fn moment(&self) -> Moment<'_> {
        let (seconds, nanoseconds) = self.now;
        Moment { seconds, nanoseconds, phase: self.phase, hosts: self.hosts.as_ref() }
    }

    /// Whether nothing but place and weight tells the two apart.
    fn equals(&self, other: &Self) -> bool {
        self.hosts.is_none()
            && other.hosts.is_none()
            && (&self.bytes, self.now, self.phase) == (&other.bytes, other.now, other.phase)
            && self.form == other.form
    }
}

/// The contexts of a measurement.
#[derive(Clone, Debug, Default)]
pub struct Workload {
    /// The contexts, in the order in which each was met first.
    pub samples: Vec<Sample>,
    /// Where they come from, as `calls.jsonl` or `3 test files`.
    pub origin: String,
    /// What was left out, and why, in words.
    pub left_out: Vec<String>,
    /// Where in `samples` those of each hash are.
    known: FxHashMap<u64, Vec<usize>>,
}

impl Workload {
    /// Nothing yet.
    #[must_use]
    pub fn from(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), ..Self::default() }
    }

    /// Adds a context, or its weight to that of an equal one.
    pub fn add(&mut self, sample: Sample) {
        let mut hasher = DefaultHasher::new();
        (&sample.bytes, sample.now, sample.phase).hash(&mut hasher);
        let known = self.known.entry(hasher.finish()).or_default();
        for at in known.iter() {
            if let Some(same) = self.samples.get_mut(*at)
                && same.equals(&sample)
            {
                same.weight = same.weight.saturating_add(sample.weight);
                return;
            }
        }
        known.push(self.samples.len());
        self.samples.push(sample);
    }
}

/// SHA-256 of contexts with their times and weights.
#[must_use]
pub fn digest(samples: &[&Sample]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for sample in samples {
        let (seconds, nanoseconds) = sample.now;
        hash.update((sample.bytes.len() as u64).to_le_bytes());
        hash.update(&sample.bytes);
        hash.update(seconds.to_le_bytes());
        hash.update(nanoseconds.to_le_bytes());
        hash.update([u8::from(sample.phase == Phase::Response)]);
        hash.update(sample.weight.to_le_bytes());
    }
    hash.finalize().into()
}

/// The contexts that the file at `path` holds: one message, one object, an array of objects, or
/// an object a line.
///
/// # Errors
/// `BenchError` for text that is something else, with the line and the byte.
pub fn read(path: &Path, bytes: &[u8], now: Moments) -> Result<Workload, BenchError> {
    let file = named(path);
    let mut workload = Workload::from(file.clone());
    let sample = |place: String, bytes: Vec<u8>, form| Sample {
        place,
        form,
        bytes,
        now: (now.seconds, now.nanoseconds),
        phase: Phase::Request,
        hosts: None,
        weight: 1,
    };
    if Form::of(path) == Form::Proto {
        workload.add(sample(file, bytes.to_vec(), Form::Proto));
        return Ok(workload);
    }
    if bytes.trim_ascii_start().starts_with(b"[") {
        for (at, item) in (0..).zip(array(&file, bytes)?) {
            workload.add(sample(format!("{file}/{at}"), item.into_bytes(), Form::Json));
        }
    } else if serde_json::from_slice::<Map<String, Json>>(bytes).is_ok() {
        workload.add(sample(file, bytes.trim_ascii().to_vec(), Form::Json));
    } else {
        for line in lines(bytes) {
            line.object(&file)?;
            let place = format!("{file}:{}", line.number);
            workload.add(sample(place, line.bytes.to_vec(), Form::Json));
        }
    }
    if workload.samples.is_empty() {
        return Err(BenchError::NoContexts { place: format!("`{}`", workload.origin) });
    }
    Ok(workload)
}

/// The objects of an array, each as JSON.
fn array(file: &str, bytes: &[u8]) -> Result<Vec<String>, BenchError> {
    let items: Vec<Json> = serde_json::from_slice(bytes).map_err(|error| {
        let line = Line { number: 1, start: 0, bytes, last: true };
        line.refused(file, &error)
    })?;
    if let Some(at) = items.iter().position(|item| !item.is_object()) {
        let why = format!("item {at} of the array is something else");
        return Err(BenchError::NotObject { file: file.to_owned(), line: 1, byte: 0, why });
    }
    Ok(items.iter().map(Json::to_string).collect())
}

/// A line of a file that is not blank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Its number, from 1.
    pub(super) number: usize,
    /// Its first byte that is no blank.
    start: usize,
    /// Its text without the blanks around it.
    pub(super) bytes: &'a [u8],
    /// Whether nothing but blanks stands behind it.
    last: bool,
}

/// The lines of a file that are not blank.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    (1..)
        .zip(bytes.split(|byte| *byte == b'\n'))
        .map(move |(number, line)| {
            let indent = line.len() - line.trim_ascii_start().len();
            let here = start;
            start += line.len() + 1;
            let last = bytes.get(start..).is_none_or(|rest| rest.trim_ascii().is_empty());
            Line { number, start: here + indent, bytes: line.trim_ascii(), last }
        })
        .filter(|line| !line.bytes.is_empty())
}

impl Line<'_> {
    /// Sees to it that the line is one JSON object.
    pub(super) fn object(&self, file: &str) -> Result<(), BenchError> {
        if let Err(error) = serde_json::from_slice::<IgnoredAny>(self.bytes) {
            return Err(self.refused(file, &error));
        }
        if self.bytes.starts_with(b"{") {
            return Ok(());
        }
        let (file, why) = (file.to_owned(), "this is another kind of value".to_owned());
        Err(BenchError::NotObject { file, line: self.number, byte: self.start, why })
    }

    /// Why the line cannot be read, where it ends or where it breaks.
    pub(super) fn refused(&self, file: &str, error: &serde_json::Error) -> BenchError {
        let file = file.to_owned();
        if error.is_eof() && self.last {
            let lines = self.bytes.split(|byte| *byte == b'\n').count();
            let byte = self.start + self.bytes.len();
            return BenchError::CutShort { file, line: self.number + lines - 1, byte };
        }
        let above: usize = self
            .bytes
            .split_inclusive(|byte| *byte == b'\n')
            .take(error.line().saturating_sub(1))
            .map(<[u8]>::len)
            .sum();
        let byte = self.start + above + error.column().saturating_sub(1);
        let text = error.to_string();
        let why = text.split(" at line ").next().unwrap_or_default().to_owned();
        BenchError::NotObject {
            file,
            line: self.number + error.line().saturating_sub(1),
            byte,
            why,
        }
    }
}
