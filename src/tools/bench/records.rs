//! Recorded decisions as contexts: real traffic, each weighted by how often it occurs.
//!
//! In:      the bytes of a file of records, an object a line.
//! Out:     a `Workload`.
//! Imports: `runtime::record`, `tools::decide`, `tools::report`.
//!
//! Of a record this much is read: the context, `now`, `phase`, what host functions gave, and how
//! many decisions it stands for. Lines about blocks and gaps (`$blk`, `$gap`) are passed over. What
//! is redacted is not known, so such a record is left out, and counted.

use std::path::Path;

use crate::runtime::record::error::{Fault, RecordError};
use crate::runtime::record::read::{Form as Written, Input, Record};
use crate::tools::bench::contexts::{Line, Sample, Workload, lines};
use crate::tools::bench::error::{BenchError, named};
use crate::tools::decide::Form;
use crate::tools::report::counted;

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
        let record = match Record::read(line.bytes) {
            Err(RecordError { fault: Fault::NotARecord, .. }) => continue,
            Err(error) => return Err(refused(&file, line, error)),
            Ok(record) => record,
        };
        match sample(&file, line, &record)? {
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

/// What the record is about; `None` where a part of it is withheld.
fn sample(file: &str, line: Line<'_>, record: &Record<'_>) -> Result<Option<Sample>, BenchError> {
    let bad = |fault| refused(file, line, RecordError { fault, offset: 0 });
    let (bytes, form) = match record.input {
        _ if !record.replayable => return Ok(None),
        Input::Context(..) if record.withholds() => return Ok(None),
        Input::Context(context, _) => (context.to_owned(), Form::Record),
        Input::Raw(text, form) => {
            let bytes = text.bytes().ok_or_else(|| bad(Fault::Wrong("raw", "base64")))?;
            (bytes, if form == Written::Json { Form::Json } else { Form::Proto })
        }
    };
    let now = record.now.ok_or_else(|| bad(Fault::Missing("now")))?;
    Ok(Some(Sample {
        place: format!("{file}:{}", line.number),
        form,
        bytes,
        now: (now.seconds, now.nanoseconds),
        phase: record.phase,
        hosts: record.hosts(),
        weight: record.weight(),
    }))
}

/// Why a line is no record that can be measured.
fn refused(file: &str, line: Line<'_>, error: RecordError) -> BenchError {
    let (file, number) = (file.to_owned(), line.number);
    if error.fault != Fault::Version {
        return BenchError::BadRecord { file, line: number, fault: error.fault };
    }
    let found = line.bytes.get(error.offset..).unwrap_or_default();
    let end = found.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(found.len());
    let found = String::from_utf8_lossy(found.get(..end).unwrap_or_default()).into_owned();
    BenchError::NewerRecord { file, line: number, found }
}
