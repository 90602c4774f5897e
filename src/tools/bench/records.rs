//! Recorded decisions as contexts: real traffic, each weighted by how often it occurs.
//!
//! In:      the bytes of a file of records, an object a line.
//! Out:     a `Workload`.
//! Imports: `runtime`, `tools::bench`.
//!
//! Of a record this much is read: `v`, which must be 1; `ctx`, the context in typed JSON; `now`;
//! `phase`, where it is not the request; `nd`, what host functions gave; `rep` and `smp.p`, how
//! many decisions it stands for. Lines about blocks and gaps (`$blk`, `$gap`) are passed over.
//! What is redacted is not known, so such a record is left out, and counted.

use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::lang::value::time;
use crate::runtime::bundle::module::Phase;
use crate::runtime::vm::hosts::{HostEntry, HostTable};
use crate::tools::bench::contexts::{Line, Sample, Workload, lines};
use crate::tools::bench::error::{BenchError, named};
use crate::tools::decide::Form;
use crate::tools::report::counted;

/// The version of records that is read.
const VERSION: u64 = 1;
/// Values of types that JSON lacks: unsigned, bytes, timestamps, durations.
const TYPES: [&str; 4] = ["$u", "$b", "$ts", "$d"];

/// The contexts of the records in the file at `path`. Where nothing that is measured reads the
/// time (`timed`), records that differ in it alone are one context.
///
/// # Errors
/// `BenchError` for a line that is no record, and for a file that is cut short.
pub fn read(path: &Path, bytes: &[u8], timed: bool) -> Result<Workload, BenchError> {
    let file = named(path);
    let mut workload = Workload::from(file.clone());
    let (mut redacted, mut first) = (0_usize, None);
    for line in lines(bytes) {
        line.object(&file)?;
        let record: Map<String, Json> =
            serde_json::from_slice(line.bytes).map_err(|error| line.refused(&file, &error))?;
        if record.contains_key("$blk") || record.contains_key("$gap") {
            continue;
        }
        let reading = Reading { file: &file, line, record: &record };
        match reading.sample()? {
            Some(mut sample) => {
                let now = *first.get_or_insert(sample.now);
                if !timed {
                    sample.now = now;
                }
                workload.add(sample);
            }
            None => redacted += 1,
        }
    }
    if redacted > 0 {
        let records = counted(redacted, "record");
        workload.left_out.push(format!("left out, for what they hold is redacted: {records}"));
    }
    if workload.samples.is_empty() {
        let place = match redacted {
            0 => format!("`{file}`"),
            count => format!("`{file}` that is not redacted: {}", counted(count, "record")),
        };
        return Err(BenchError::NoContexts { place });
    }
    Ok(workload)
}

/// A record that is read.
struct Reading<'a> {
    file: &'a str,
    line: Line<'a>,
    record: &'a Map<String, Json>,
}

impl Reading<'_> {
    /// What the record is about; `None` where a part of it is redacted.
    fn sample(&self) -> Result<Option<Sample>, BenchError> {
        match self.record.get("v") {
            Some(version) if version.as_u64() == Some(VERSION) => {}
            Some(version) => {
                let (file, line) = (self.file.to_owned(), self.line.number);
                return Err(BenchError::NewerRecord { file, line, found: version.to_string() });
            }
            None => return Err(self.bad("v", "missing")),
        }
        let context = self.record.get("ctx").filter(|context| context.is_object());
        let context = context.ok_or_else(|| self.bad("ctx", "no object"))?;
        let Some(context) = plain(context) else { return Ok(None) };
        Ok(Some(Sample {
            place: format!("{}:{}", self.file, self.line.number),
            form: Form::Json,
            bytes: context.to_string().into_bytes(),
            now: self.now()?,
            phase: self.phase()?,
            hosts: self.hosts(),
            weight: self.weight()?,
        }))
    }

    fn bad(&self, key: &'static str, wanted: &'static str) -> BenchError {
        BenchError::BadRecord { file: self.file.to_owned(), line: self.line.number, key, wanted }
    }

    fn now(&self) -> Result<(i64, u32), BenchError> {
        let text = self.record.get("now").and_then(Json::as_str);
        let at = text.and_then(|text| time::parse(text).ok());
        let at = at.ok_or_else(|| self.bad("now", "no time such as 2026-03-17T10:00:00Z"))?;
        Ok((at.seconds, at.nanoseconds))
    }

    fn phase(&self) -> Result<Phase, BenchError> {
        match self.record.get("phase").map(Json::as_str) {
            None | Some(Some("request")) => Ok(Phase::Request),
            Some(Some("response")) => Ok(Phase::Response),
            Some(_) => Err(self.bad("phase", "neither request nor response")),
        }
    }

    /// How many decisions the record stands for: those folded into it, and those that sampling
    /// left away.
    fn weight(&self) -> Result<u64, BenchError> {
        let folded = match self.record.get("rep").map(Json::as_u64) {
            None => 1,
            Some(Some(count @ 1..)) => count,
            Some(_) => return Err(self.bad("rep", "no count")),
        };
        let share = match self.record.get("smp").and_then(|sampled| sampled.get("p")) {
            None => 1.0,
            Some(share) => share
                .as_f64()
                .filter(|share| *share > 0.0 && *share <= 1.0)
                .ok_or_else(|| self.bad("smp.p", "no share between 0 and 1"))?,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 1, and a cast stops at the highest number"
        )]
        let sampled = (1.0 / share).round() as u64;
        Ok(folded.saturating_mul(sampled))
    }

    /// What host functions gave; those that failed gave nothing.
    fn hosts(&self) -> Option<HostTable> {
        let rows = self.record.get("nd").and_then(Json::as_array)?;
        let entry = |row: &Json| {
            let arguments = digest(row.get("a")?.as_str()?)?;
            let name = row.get("f")?.as_str()?.to_owned();
            Some(HostEntry { name, arguments, result: row.get("r")?.to_string() })
        };
        let entries: Vec<HostEntry> = rows.iter().filter_map(entry).collect();
        (!entries.is_empty()).then(|| HostTable::new(entries))
    }
}

/// The bytes of `sha256:…`.
fn digest(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix("sha256:")?;
    let mut bytes = [0; 32];
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Typed JSON as a context spells it: an object whose one key begins with `$` is a value of a type
/// that JSON lacks, and `$$` begins a key of the user. `None` for what is redacted, and for the
/// numbers that no context can spell. Nesting is what `serde_json` bounds.
fn plain(value: &Json) -> Option<Json> {
    match value {
        Json::Object(entries) => {
            if entries.contains_key("$x") || entries.contains_key("$f") {
                return None;
            }
            if entries.len() == 1
                && let Some(held) = TYPES.iter().find_map(|key| entries.get(*key))
            {
                return Some(held.clone());
            }
            let entry = |(key, value): (&String, &Json)| {
                let key = if key.starts_with("$$") { key.get(1..)? } else { key };
                Some((key.to_owned(), plain(value)?))
            };
            entries.iter().map(entry).collect::<Option<Map<_, _>>>().map(Json::Object)
        }
        Json::Array(items) => items.iter().map(plain).collect::<Option<Vec<_>>>().map(Json::Array),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Some(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{digest, plain};

    #[test]
    fn typed_json_is_what_a_context_holds() {
        let typed = json!({"a": {"$u": 7}, "b": [{"$ts": "2026-01-01T00:00:00Z"}], "$$c": 1});
        let context = json!({"a": 7, "b": ["2026-01-01T00:00:00Z"], "$c": 1});
        assert_eq!(plain(&typed), Some(context));
        let sealed = json!({"memo": {"$x": "seal", "t": "string", "c": "s256:51"}});
        assert_eq!(plain(&sealed), None);
        assert_eq!(plain(&json!([{"$f": "NaN"}])), None);
    }

    #[test]
    fn digests_have_sixty_four_digits() {
        assert_eq!(digest(&format!("sha256:{}", "0a".repeat(32))), Some([10; 32]));
        assert_eq!(digest("sha256:0a"), None);
        assert_eq!(digest(&format!("sha256:{}", "€".repeat(32))), None);
    }
}
