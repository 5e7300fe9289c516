//! The files of a zip archive, one after the other, within bounds.

use std::fs::File;
use std::io::{BufReader, Read};

use zip::ZipArchive;

use super::{FeedError, FeedFile};

/// The largest record that a feed is known to hold is a tenth of it.
const MOST_PER_FILE: u64 = 32 << 20;
const MOST_IN_ALL: u64 = 16 << 30;
const MOST_FILES: usize = 4_000_000;
/// Text that lists versions does not get past this; a bomb does.
const MOST_RATIO: u64 = 200;
/// Below it, nobody asks for the ratio.
const SMALL: u64 = 1 << 20;

/// Calls `each` with name and content of each file, or with why it cannot be read.
pub(super) fn each_file(
    file: &FeedFile,
    mut each: impl FnMut(&str, Result<&[u8], String>),
) -> Result<(), FeedError> {
    let mut archive = open(file)?;
    if archive.len() > MOST_FILES {
        return Err(file.broken(&format!("{} files in it", archive.len())));
    }
    let (mut bytes, mut in_all) = (Vec::new(), 0_u64);
    for index in 0..archive.len() {
        let name = match archive.name_for_index(index) {
            Some(Ok(name)) => name.into_owned(),
            _ => format!("file {index}"),
        };
        if name.ends_with('/') {
            continue;
        }
        bytes.clear();
        let read = read(&mut archive, index, &mut bytes);
        in_all = in_all.saturating_add(bytes.len() as u64);
        if in_all > MOST_IN_ALL {
            return Err(FeedError::TooLarge { path: file.path.clone(), most: MOST_IN_ALL });
        }
        each(&name, read.map(|()| bytes.as_slice()));
    }
    Ok(())
}

fn open(file: &FeedFile) -> Result<ZipArchive<BufReader<File>>, FeedError> {
    ZipArchive::new(BufReader::new(file.open()?)).map_err(|error| file.broken(&error))
}

fn read(
    archive: &mut ZipArchive<BufReader<File>>,
    index: usize,
    bytes: &mut Vec<u8>,
) -> Result<(), String> {
    let entry = archive.by_index(index).map_err(|error| error.to_string())?;
    // What it says of its own size is not believed, only what it has been compressed to.
    let most = entry.compressed_size().saturating_mul(MOST_RATIO).clamp(SMALL, MOST_PER_FILE);
    entry.take(most + 1).read_to_end(bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > most {
        return Err(format!("inflates to more than {most} bytes"));
    }
    Ok(())
}
