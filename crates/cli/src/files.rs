//! Files of a bounded size.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context as _;
use serde::de::DeserializeOwned;

use crate::exit::Usage;

/// The bytes of a file, if it has at most `most`.
pub(crate) fn read(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

/// What a file in YAML says, if it has at most `most` bytes.
pub(crate) fn yaml<T: DeserializeOwned>(file: &Path, most: u64) -> anyhow::Result<T> {
    let shown = file.display();
    let bytes = read(file, most).with_context(|| format!("cannot read `{shown}`"))?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(serde_saphyr::from_str(&text)
        .map_err(|error| Usage(format!("`{shown}`: {}", error.without_snippet())))?)
}
