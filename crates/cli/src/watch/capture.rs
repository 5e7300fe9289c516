//! What a capture is, by its first bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Write};
use std::path::Path;

use plimsoll_runtime::event::Stream;
use plimsoll_runtime::scap::Limits;
use plimsoll_runtime::sources::{Json, Reader};
use plimsoll_runtime::syscall::Capture;
use plimsoll_runtime::telemetry::{self, Translation};

/// How captures of system calls begin: plain, with gzip, with zstd.
const CAPTURES: [&[u8]; 3] = [&[0x0a, 0x0d, 0x0d, 0x0a], &[0x1f, 0x8b], &[0x28, 0xb5, 0x2f, 0xfd]];

/// How much of a file is looked at to tell what its documents are.
const LOOK: usize = 1 << 20;

/// The events of a file, or of standard input for `-`; those that are kept go to another file.
pub(super) fn open(path: &Path, record: Option<&Path>) -> io::Result<Box<dyn Stream>> {
    let mut input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::with_capacity(1 << 16, File::open(path)?))
    };
    let begin = input.fill_buf()?;
    if CAPTURES.iter().any(|magic| begin.starts_with(magic)) {
        let mut capture = Capture::new(input, Limits::default())?;
        if let Some(record) = record {
            capture.record(recording(record)?);
        }
        return Ok(Box::new(capture));
    }
    let looked = look(&mut input)?;
    let is_audit = telemetry::is_audit(&looked);
    let first = serde_json::Deserializer::from_slice(&looked).into_iter::<Json>().next();
    let is_telemetry =
        first.is_some_and(|first| first.is_ok_and(|first| telemetry::is_telemetry(&first)));
    let input = io::Cursor::new(looked).chain(input);
    if !is_audit && !is_telemetry {
        if record.is_some() {
            let why = "only what tells of system calls can be recorded";
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
        return Ok(Box::new(Reader::new(input)));
    }
    let mut translation =
        if is_audit { Translation::audit(input)? } else { Translation::json(input)? };
    if let Some(record) = record {
        translation.record(recording(record)?);
    }
    Ok(Box::new(translation))
}

fn recording(path: &Path) -> io::Result<Box<dyn Write + Send>> {
    Ok(Box::new(BufWriter::new(File::create(path)?)))
}

/// Reads until a document or a line is whole.
fn look(input: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    let mut looked = Vec::new();
    let mut next_try = 1;
    loop {
        let more = input.fill_buf()?;
        let count = more.len();
        looked.extend_from_slice(more);
        input.consume(count);
        if count == 0 || looked.len() >= LOOK {
            return Ok(looked);
        }
        if looked.len() < next_try {
            continue;
        }
        next_try = looked.len().saturating_mul(2);
        let mut documents = serde_json::Deserializer::from_slice(&looked).into_iter::<Json>();
        let is_cut = documents.next().is_some_and(|first| first.is_err_and(|it| it.is_eof()));
        if !is_cut {
            return Ok(looked);
        }
    }
}
