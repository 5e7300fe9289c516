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

/// A file that is read. Extensions of the format, which may be as long as they say and are read at once,
/// are taken for entries of their own, and those for none of ours.
pub(super) type Archive<R> = tar::Archive<Bounded<Decoder<BufReader<R>>>>;

pub(super) type Entry<'a, R> = tar::Entry<'a, Bounded<Decoder<BufReader<R>>>>;

type Decoder<R> = zstd::stream::read::Decoder<'static, R>;

/// What was packed is at most so many times as long, and so much more.
const RATIO: u64 = 500;
const SPARE: u64 = 64 << 20;

/// Reads so many bytes, and fails at more: a small file that unpacks to all there is room for is no
/// backup.
pub(super) struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| std::io::Error::other("it unpacks to more than a backup would"))?;
        Ok(read)
    }
}

/// A file of so many bytes that is read.
pub(super) fn open<R: Read>(file: R, length: u64) -> std::io::Result<Archive<R>> {
    let mut inner = Decoder::new(file)?;
    inner.window_log_max(27)?;
    let left = length.saturating_mul(RATIO).saturating_add(SPARE);
    Ok(tar::Archive::new(Bounded { inner, left }))
}

pub(super) fn entries<R: Read>(
    archive: &mut Archive<R>,
) -> std::io::Result<impl Iterator<Item = std::io::Result<Entry<'_, R>>>> {
    Ok(archive.entries()?.raw(true))
}

/// Reads to the end, where the checksum of all is; what comes behind a tar is a block of zeros or two.
pub(super) fn ended<R: Read>(archive: Archive<R>) -> std::io::Result<()> {
    const PADDING: u64 = 1 << 16;
    let mut rest = archive.into_inner().take(PADDING);
    if std::io::copy(&mut rest, &mut std::io::sink())? == PADDING {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    Ok(())
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Rows of this table.
    Rows(String),
    /// The blob of this path.
    Blob(String),
    /// The key of sealed secrets.
    Key,
    /// How much there was.
    End,
}

/// What an entry is, by its path; `None` where it is nothing that is written here: no path leads
/// anywhere else than to a table's name or into the blobs.
pub(super) fn piece<R: Read>(entry: &Entry<'_, R>) -> Option<Piece> {
    let path = entry.path_bytes();
    let path = std::str::from_utf8(&path).ok()?;
    let is_plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    if !entry.header().entry_type().is_file() || !path.split('/').all(is_plain) {
        return None;
    }
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["tables", name, _] => Some(Piece::Rows((*name).to_owned())),
        ["blobs", rest @ ..] if !rest.is_empty() => Some(Piece::Blob(rest.join("/"))),
        ["secret.key"] => Some(Piece::Key),
        ["end.json"] => Some(Piece::End),
        _ => None,
    }
}

/// A blob has at most so many bytes.
const BLOB: u64 = 1 << 30;

/// The content of a blob.
pub(super) fn blob<R: Read>(entry: Entry<'_, R>) -> std::io::Result<Vec<u8>> {
    if entry.size() > BLOB {
        return Err(std::io::ErrorKind::FileTooLarge.into());
    }
    let mut content = Vec::new();
    entry.take(BLOB).read_to_end(&mut content)?;
    Ok(content)
}

/// Something small in JSON.
pub(super) fn json<T: DeserializeOwned, R: Read>(entry: Entry<'_, R>) -> std::io::Result<T> {
    let mut text = Vec::new();
    entry.take(1 << 20).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// Puts the key of sealed secrets where it belongs; one that is there stays.
pub(super) fn key<R: Read>(entry: &mut Entry<'_, R>, to: &Path) -> Result<()> {
    let failed = |source| Error::Io { action: "write", path: to.into(), source };
    let mut text = Vec::new();
    entry.take(4096).read_to_end(&mut text).map_err(failed)?;
    let options = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    options.and_then(|mut file| file.write_all(&text)).map_err(failed)
}
