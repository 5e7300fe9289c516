//! The file: a tar under zstd, readable to its owner alone, and there only when it is whole.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

type Packed = zstd::stream::write::Encoder<'static, BufWriter<File>>;

/// A file that is being written.
pub(super) struct Draft {
    tar: tar::Builder<Packed>,
    unfinished: PathBuf,
    file: PathBuf,
}

impl Draft {
    pub(super) fn new(file: &Path) -> Result<Self> {
        if file.exists() {
            return Err(Error::Refused(format!(
                "`{}` is there: a backup does not replace another",
                file.display()
            )));
        }
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let draft = PathBuf::from(name);
        let failed = |source| Error::Io { action: "make", path: draft.clone(), source };
        let options = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .map_err(failed)?;
        let mut packed = Packed::new(BufWriter::new(options), 6).map_err(failed)?;
        // A bent byte of a text is a text as well: only the sum at the end tells.
        packed.include_checksum(true).map_err(failed)?;
        Ok(Self { tar: tar::Builder::new(packed), file: file.to_owned(), unfinished: draft })
    }

    pub(super) fn add(&mut self, path: &str, content: &[u8]) -> Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(content.len()).unwrap_or(u64::MAX));
        header.set_mode(0o600);
        header.set_mtime(0);
        let added = self.tar.append_data(&mut header, path, content);
        added.map_err(|source| Error::Io { action: "write", path: self.unfinished.clone(), source })
    }

    pub(super) fn json(&mut self, path: &str, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_vec_pretty(value).map_err(|_| Error::Damaged("a backup"))?;
        self.add(path, &text)
    }

    /// Now it is whole.
    pub(super) fn finish(self) -> Result<()> {
        let Self { tar, unfinished, file } = self;
        let end = || {
            let file_of_it = tar.into_inner()?.finish()?.into_inner()?;
            file_of_it.sync_all()?;
            // Unlike a renaming, a link replaces nothing.
            std::fs::hard_link(&unfinished, &file)
        };
        let ended: std::io::Result<()> = end();
        let removed = std::fs::remove_file(&unfinished);
        ended.and(removed).map_err(|source| Error::Io { action: "write", path: file, source })
    }
}

type Unpacked = zstd::stream::read::Decoder<'static, BufReader<File>>;

/// A file that is read.
pub(super) fn open(file: File) -> std::io::Result<tar::Archive<Unpacked>> {
    Ok(tar::Archive::new(Unpacked::new(file)?))
}

pub(super) type Entry<'a> = tar::Entry<'a, Unpacked>;

pub(super) fn entries(
    archive: &mut tar::Archive<Unpacked>,
) -> std::io::Result<tar::Entries<'_, Unpacked>> {
    archive.entries()
}

/// Reads to the end, where the checksum of all is; what comes behind a tar is a block of zeros or two.
pub(super) fn ended(archive: tar::Archive<Unpacked>) -> std::io::Result<()> {
    const PADDING: u64 = 1 << 16;
    let mut rest = archive.into_inner().take(PADDING);
    if std::io::copy(&mut rest, &mut std::io::sink())? == PADDING {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    Ok(())
}

/// The path of an entry; `None` where it is not one that is written here.
pub(super) fn path(entry: &Entry<'_>) -> Option<String> {
    let path = entry.path_bytes();
    let path = std::str::from_utf8(&path).ok()?;
    let is_plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    (entry.header().entry_type().is_file() && path.split('/').all(is_plain))
        .then(|| path.to_owned())
}

/// Something small in JSON.
pub(super) fn json<T: DeserializeOwned>(entry: Entry<'_>) -> std::io::Result<T> {
    let mut text = Vec::new();
    entry.take(1 << 20).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// Puts the key of sealed secrets where it belongs; one that is there stays.
pub(super) fn key(entry: &mut Entry<'_>, to: &Path) -> Result<()> {
    let failed = |source| Error::Io { action: "write", path: to.into(), source };
    let mut text = Vec::new();
    entry.take(4096).read_to_end(&mut text).map_err(failed)?;
    let options = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    options.and_then(|mut file| file.write_all(&text)).map_err(failed)
}
