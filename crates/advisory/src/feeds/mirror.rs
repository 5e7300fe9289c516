//! Where feeds come from: a folder, a server with the same layout, or the publishers themselves.

use std::fmt;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use plimsoll_model::Timestamp;

use super::Part;
use super::download::{Downloads, FetchError};

/// A place that has feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mirror {
    /// A folder laid out as a mirror.
    Folder(PathBuf),
    /// Base address of a server laid out as a mirror.
    Url(String),
    /// Each file from its own publisher.
    Publishers,
}

/// A file that a mirror has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fetched {
    pub(crate) path: PathBuf,
    /// URL, or path in the folder.
    pub(crate) from: String,
    /// When it was fetched or last asked for; for a folder, when the file was written.
    pub(crate) at: Option<Timestamp>,
}

impl Mirror {
    /// An address that begins with `http://` or `https://`; everything else is a folder.
    pub fn named(text: &str) -> Self {
        if text.starts_with("http://") || text.starts_with("https://") {
            Self::Url(text.into())
        } else {
            Self::Folder(text.into())
        }
    }

    /// Gets a file; `None` where the mirror does not have it.
    pub(crate) fn fetch(
        &self,
        part: &Part,
        downloads: &Downloads<'_>,
    ) -> Result<Option<Fetched>, FetchError> {
        let url = match self {
            Self::Folder(folder) => return from_folder(folder.join(&part.path)),
            Self::Url(base) => format!("{}/{}", base.trim_end_matches('/'), part.path),
            Self::Publishers => part.url.clone(),
        };
        // The only character in names of ecosystems that an address cannot hold.
        let url = url.replace(' ', "%20");
        let fetched = downloads.fetch(&url)?;
        Ok(fetched.map(|(path, at)| Fetched { path, from: url, at: Some(at) }))
    }
}

fn from_folder(path: PathBuf) -> Result<Option<Fetched>, FetchError> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(FetchError::Io { path, source }),
    };
    let written = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let at = written.and_then(|age| i64::try_from(age.as_secs()).ok()).map(Timestamp::from_unix);
    Ok(Some(Fetched { from: path.display().to_string(), path, at }))
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Url(url) => f.write_str(url),
            Self::Publishers => f.write_str("its publisher"),
        }
    }
}
