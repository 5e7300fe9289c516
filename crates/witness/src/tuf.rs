//! Repositories of TUF on the web or in a folder, and the folder where trusted metadata is kept.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};

use plimsoll_supply::tuf::{Repository, Store};
use reqwest::Url;

use crate::web::{Web, WitnessError, address};

/// A repository: metadata at its top or in `metadata/`, targets in `targets/`.
pub struct Mirror {
    metadata: Place,
    targets: Place,
}

enum Place {
    Folder(PathBuf),
    Web(Web, Url),
}

impl Mirror {
    /// The repository at a URL or in a folder.
    pub fn open(mirror: &str) -> Result<Self, WitnessError> {
        if mirror.contains("://") {
            let base = mirror.trim_end_matches('/');
            return Self::at(base, &format!("{base}/targets"));
        }
        let folder = PathBuf::from(mirror);
        if !folder.is_dir() {
            let why = "it is neither a URL nor a folder".into();
            return Err(WitnessError::Address { url: mirror.to_owned(), why });
        }
        let inner = folder.join("metadata");
        Ok(Self {
            targets: Place::Folder(folder.join("targets")),
            metadata: Place::Folder(if inner.is_dir() { inner } else { folder }),
        })
    }

    /// The repository whose metadata and targets are at two addresses.
    pub fn at(metadata: &str, targets: &str) -> Result<Self, WitnessError> {
        Ok(Self {
            metadata: Place::Web(Web::new()?, address(metadata, "/")?),
            targets: Place::Web(Web::new()?, address(targets, "/")?),
        })
    }
}

impl Repository for Mirror {
    fn metadata(&mut self, name: &str, most: u64) -> Result<Option<Vec<u8>>, String> {
        match &self.metadata {
            Place::Folder(folder) => file(&folder.join(name), most),
            Place::Web(web, base) => fetch(web, base, name, most),
        }
    }

    fn target(&mut self, path: &str, most: u64) -> Result<Option<Vec<u8>>, String> {
        let parts: Vec<&str> = path.split('/').collect();
        if parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
            return Err("its path leaves the folder of targets".into());
        }
        match &self.targets {
            Place::Folder(folder) => {
                let path = Path::new(path);
                if path.components().any(|part| !matches!(part, Component::Normal(_))) {
                    return Err("its path leaves the folder of targets".into());
                }
                file(&folder.join(path), most)
            }
            Place::Web(web, base) => {
                let parts: Vec<String> = parts.into_iter().map(escaped).collect();
                fetch(web, base, &parts.join("/"), most)
            }
        }
    }
}

/// A part of a path as a URL writes it.
fn escaped(part: &str) -> String {
    use std::fmt::Write as _;
    part.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

fn fetch(web: &Web, base: &Url, path: &str, most: u64) -> Result<Option<Vec<u8>>, String> {
    let url = Url::parse(&format!("{base}{path}")).map_err(|error| error.to_string())?;
    web.bytes(&url, most).map_err(|error| error.to_string())
}

/// The content of a file, of which one byte more than allowed is read to notice that; `None` where
/// there is none.
pub fn file(path: &Path, most: u64) -> Result<Option<Vec<u8>>, String> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|it| it.to_string())?;
    Ok(Some(bytes))
}

/// The largest file of the store, in bytes: what Docker Content Trust takes of targets is the most
/// that any client keeps.
const MAX_STORED: u64 = 64 << 20;

/// A folder of which each file is replaced whole.
pub struct Folder(pub PathBuf);

impl Store for Folder {
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let bytes = file(&self.0.join(name), MAX_STORED)?;
        match bytes {
            // A part of it would be read as no metadata at all, and an older version then pass.
            Some(bytes) if bytes.len() as u64 > MAX_STORED => {
                Err(format!("more than {MAX_STORED} bytes"))
            }
            bytes => Ok(bytes),
        }
    }

    fn save(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let write = || -> io::Result<()> {
            fs::create_dir_all(&self.0)?;
            let new = self.0.join(format!(".{name}.{}", std::process::id()));
            let mut file = fs::File::create(&new)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&new, self.0.join(name))
        };
        write().map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_supply::tuf::{Repository as _, Store as _};

    use super::{Folder, MAX_STORED, Mirror, escaped};

    #[test]
    fn large_metadata_is_read_whole_or_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = Folder(folder.path().to_owned());
        let large = vec![b' '; 16 << 20];
        store.save("snapshot.json", &large).expect("written");
        assert!(store.load("snapshot.json").expect("read").is_some_and(|it| it == large));
        let file = std::fs::File::create(folder.path().join("targets.json")).expect("a file");
        file.set_len(MAX_STORED + 1).expect("as large");
        assert!(store.load("targets.json").is_err());
        assert_eq!(store.load("root.json"), Ok(None));
    }

    #[test]
    fn a_target_stays_in_its_folder() {
        let folder = std::env::temp_dir();
        let mut mirror = Mirror::open(folder.to_str().expect("UTF-8")).expect("a folder");
        for path in ["../a", "/etc/passwd", "a//b", "a/./b", "", ".."] {
            assert!(mirror.target(path, 10).is_err(), "{path}");
        }
        assert_eq!(mirror.target("no-such-target", 10), Ok(None));
        assert!(Mirror::open("/no/such/folder").is_err());
    }

    #[test]
    fn what_a_url_reserves_is_escaped() {
        assert_eq!(escaped("a b?c#d%é.json"), "a%20b%3Fc%23d%25%C3%A9.json");
    }
}
