//! What was signed: bytes, a file, or something of which only the digest is at hand.

use std::cell::OnceCell;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::hash::{HashAlgorithm, hex};

/// What was signed.
///
/// A large file is hashed as a stream, once for each hash function that is asked for, and read
/// whole only where a scheme signs the content itself.
#[derive(Debug)]
pub struct Artefact {
    source: Source,
    digests: [OnceCell<Vec<u8>>; 3],
}

#[derive(Debug)]
enum Source {
    Bytes(Vec<u8>),
    File(PathBuf),
    Digest(HashAlgorithm, Vec<u8>),
}

/// Up to this size in bytes a file is read whole at once.
const READ_WHOLE: u64 = 1024 * 1024;

impl Artefact {
    /// Content in memory.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Source::Bytes(bytes.into()))
    }

    /// The file at `path`.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        if about.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        if about.is_file() && about.len() > READ_WHOLE {
            return Ok(Self::new(Source::File(path.to_owned())));
        }
        let mut bytes = Vec::new();
        { file }.read_to_end(&mut bytes)?;
        Ok(Self::bytes(bytes))
    }

    /// Something with that digest.
    pub fn digest_only(hash: HashAlgorithm, digest: impl Into<Vec<u8>>) -> Self {
        Self::new(Source::Digest(hash, digest.into()))
    }

    fn new(source: Source) -> Self {
        Self { source, digests: Default::default() }
    }

    /// The digest by `hash`, `None` where only another one is known.
    pub fn digest(&self, hash: HashAlgorithm) -> io::Result<Option<&[u8]>> {
        let cell = match hash {
            HashAlgorithm::Sha256 => &self.digests[0],
            HashAlgorithm::Sha384 => &self.digests[1],
            HashAlgorithm::Sha512 => &self.digests[2],
        };
        if let Some(digest) = cell.get() {
            return Ok(Some(digest));
        }
        let digest = match &self.source {
            Source::Bytes(bytes) => hash.digest(bytes),
            Source::File(path) => hash_file(path, hash)?,
            Source::Digest(known, digest) if *known == hash => digest.clone(),
            Source::Digest(..) => return Ok(None),
        };
        Ok(Some(cell.get_or_init(|| digest)))
    }

    /// The content, `None` where only a digest is known.
    pub fn content(&self) -> io::Result<Option<Vec<u8>>> {
        match &self.source {
            Source::Bytes(bytes) => Ok(Some(bytes.clone())),
            Source::File(path) => std::fs::read(path).map(Some),
            Source::Digest(..) => Ok(None),
        }
    }

    /// The content where it is in memory already.
    pub(crate) fn small_content(&self) -> Option<&[u8]> {
        match &self.source {
            Source::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The digest as people write it, such as `sha256:…`.
    pub fn describe(&self) -> String {
        if let Source::Digest(hash, digest) = &self.source {
            return format!("{}:{}", hash.name(), hex(digest));
        }
        match self.digest(HashAlgorithm::Sha256) {
            Ok(Some(digest)) => format!("sha256:{}", hex(digest)),
            Ok(None) => "no digest".into(),
            Err(error) => format!("unreadable: {error}"),
        }
    }
}

fn hash_file(path: &Path, hash: HashAlgorithm) -> io::Result<Vec<u8>> {
    fn stream<D: sha2::Digest>(path: &Path) -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let mut state = D::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(state.finalize().to_vec()),
                count => state.update(buffer.get(..count).unwrap_or_default()),
            }
        }
    }
    match hash {
        HashAlgorithm::Sha256 => stream::<sha2::Sha256>(path),
        HashAlgorithm::Sha384 => stream::<sha2::Sha384>(path),
        HashAlgorithm::Sha512 => stream::<sha2::Sha512>(path),
    }
}
