//! Where metadata is, and what is remembered of it.

use std::path::PathBuf;

use plimsoll_image::TrustServer;
use plimsoll_supply::content_trust::{Source, Store};
use plimsoll_witness::tuf::{self, Folder};

use crate::exit::{Usage, tell};

/// Where metadata is.
pub(super) enum Place {
    Server(Box<TrustServer>),
    Folder(PathBuf),
}

impl Source for Place {
    fn fetch(
        &mut self,
        name: &str,
        sha256: Option<&str>,
        most: u64,
    ) -> Result<Option<Vec<u8>>, String> {
        match self {
            Self::Server(server) => {
                let path = match sha256 {
                    Some(digest) => format!("{name}.{digest}.json"),
                    None => format!("{name}.json"),
                };
                server.metadata(&path, most).map_err(|error| error.to_string())
            }
            Self::Folder(folder) => tuf::file(&folder.join(format!("{name}.json")), most),
        }
    }
}

/// What was seen before. Where it cannot be written the verdict is the same, and the user is told
/// once.
pub(super) struct Memory {
    pub(super) folder: Folder,
    pub(super) told: bool,
}

impl Store for Memory {
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        self.folder.load(name)
    }

    fn save(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        if let Err(why) = self.folder.save(name, bytes)
            && !self.told
        {
            self.told = true;
            let folder = self.folder.0.display();
            tell(&format!("note: what was seen is not remembered in `{folder}`: {why}"));
        }
        Ok(())
    }
}

/// Host and port of a server's URL, and whether it is without TLS.
pub(super) fn host(url: &str) -> Result<(String, bool), Usage> {
    let wrong = || Usage(format!("`{url}` is no server: `https://HOST[:PORT]` is"));
    let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
    let host = rest.strip_suffix('/').unwrap_or(rest);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    match scheme {
        "https" | "http" if !host.is_empty() && host.bytes().all(plain) => {
            Ok((host.to_owned(), scheme == "http"))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_server_is_a_host_and_nothing_else() {
        let of = |url: &str| host(url).ok();
        assert_eq!(of("https://notary.docker.io"), Some(("notary.docker.io".into(), false)));
        assert_eq!(of("http://127.0.0.1:4443/"), Some(("127.0.0.1:4443".into(), true)));
        for url in
            ["notary.docker.io", "ftp://a", "https://", "https://a/b", "https://u@a", "https://a?b"]
        {
            assert_eq!(of(url), None, "{url}");
        }
    }
}
