//! What a git server says of a repository: its tags and branches, and the commits that they lead to.
//!
//! Only the advertisement of references is asked for, and no object is fetched.
//! Source: <https://git-scm.com/docs/http-protocol#_smart_clients>.

use crate::web::{Web, WitnessError, address};

/// The largest advertisement; large repositories have some hundred thousand references.
const MAX_ADVERTISEMENT: u64 = 64 << 20;

/// A server of repositories.
pub struct GitServer {
    web: Web,
    base: String,
}

/// A reference and what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitRef {
    /// `refs/tags/v1.2`, `refs/heads/main`.
    pub name: String,
    /// The commit; of an annotated tag the one behind it.
    pub commit: String,
}

impl GitServer {
    /// The server at an address, as `https://github.com`.
    pub fn at(base: &str) -> Result<Self, WitnessError> {
        address(base, "/")?;
        Ok(Self { web: Web::new()?, base: base.trim_end_matches('/').to_owned() })
    }

    /// The references of a repository, as `actions/checkout`.
    pub fn references(&self, repository: &str) -> Result<Vec<GitRef>, WitnessError> {
        let is_plain = |one: char| one.is_ascii_alphanumeric() || "-._/".contains(one);
        let odd = repository.split('/').any(|part| part.is_empty() || part == "." || part == "..");
        if odd || !repository.chars().all(is_plain) {
            let (url, why) = (self.base.clone(), format!("`{repository}` is no repository"));
            return Err(WitnessError::Address { url, why });
        }
        let path = format!("/{repository}.git/info/refs?service=git-upload-pack");
        let url = address(&self.base, &path)?;
        let useless = |why: &str| WitnessError::Answer { url: url.to_string(), why: why.into() };
        let bytes = self.web.bytes(&url, MAX_ADVERTISEMENT)?;
        let bytes = bytes.ok_or_else(|| useless("there is no such repository"))?;
        if bytes.len() as u64 > MAX_ADVERTISEMENT {
            return Err(useless("it has more than 64 MiB"));
        }
        references(&bytes).ok_or_else(|| useless("it is no advertisement of references"))
    }
}

/// Reads an advertisement: lines with their length before them.
fn references(mut bytes: &[u8]) -> Option<Vec<GitRef>> {
    let mut found: Vec<GitRef> = Vec::new();
    let mut began = false;
    while !bytes.is_empty() {
        let length = std::str::from_utf8(bytes.get(..4)?).ok()?;
        let length = usize::from_str_radix(length, 16).ok()?;
        if length < 4 {
            // A flush packet.
            bytes = bytes.get(4..)?;
            continue;
        }
        let line = bytes.get(4..length)?;
        bytes = bytes.get(length..)?;
        let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches('\n');
        if !began {
            // The first line says which service answers.
            began = true;
            if line.starts_with('#') {
                continue;
            }
        }
        let (commit, name) = line.split_once(' ')?;
        let is_id =
            matches!(commit.len(), 40 | 64) && commit.bytes().all(|it| it.is_ascii_hexdigit());
        if !is_id {
            return None;
        }
        // What a tag leads to stands behind it, under its name and `^{}`.
        match (name.strip_suffix("^{}"), found.last_mut()) {
            (Some(name), Some(last)) if last.name == name => commit.clone_into(&mut last.commit),
            _ => found.push(GitRef { name: name.to_owned(), commit: commit.to_owned() }),
        }
    }
    began.then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(line: &str) -> String {
        format!("{:04x}{line}", line.len() + 4)
    }

    #[test]
    fn a_tag_leads_to_the_commit_behind_it() {
        let (tag, commit, head) = ("1".repeat(40), "2".repeat(40), "3".repeat(40));
        let text = [
            packet("# service=git-upload-pack\n"),
            "0000".into(),
            packet(&format!("{head} HEAD\0multi_ack agent=git/2\n")),
            packet(&format!("{head} refs/heads/main\n")),
            packet(&format!("{tag} refs/tags/v1.0\n")),
            packet(&format!("{commit} refs/tags/v1.0^{{}}\n")),
            "0000".into(),
        ]
        .concat();
        let found = references(text.as_bytes()).unwrap();
        let shown: Vec<(&str, &str)> =
            found.iter().map(|it| (it.name.as_str(), it.commit.as_str())).collect();
        assert_eq!(
            shown,
            [("HEAD", &*head), ("refs/heads/main", &*head), ("refs/tags/v1.0", &*commit)]
        );
    }

    #[test]
    fn what_is_no_advertisement_is_none() {
        for text in ["<html>", "zzzz", "0010", "ffff", "0008abc\n", "", "0009x y\n"] {
            assert_eq!(references(text.as_bytes()), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = references(&bytes);
        }
    }
}
