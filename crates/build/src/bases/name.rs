//! The name of a base, in the words that facts are found by.
//!
//! A tag of an official image is words between hyphens: a version, then variants
//! (`3.12-slim-bookworm`). Names at Docker Hub's mirrors mean the same image, so
//! `docker.io/library/`, `public.ecr.aws/docker/library/` and the like are dropped.

/// Longest reference that is looked at; a longer one names no image.
const MOST_BYTES: usize = 1024;

const MIRRORS: &[&str] = &[
    "docker.io/",
    "index.docker.io/",
    "registry-1.docker.io/",
    "registry.hub.docker.com/",
    "public.ecr.aws/docker/",
    "mirror.gcr.io/",
];

/// `library/node` is built for several architectures, `arm64v8/node` is one of them.
const ARCHITECTURES: &[&str] = &[
    "library", "amd64", "arm32v5", "arm32v6", "arm32v7", "arm64v8", "i386", "mips64le", "ppc64le",
    "riscv64", "s390x",
];

/// A reference taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseName {
    /// `node`, `gcr.io/distroless/static-debian12`.
    pub repository: String,
    /// The tag; empty where there is none.
    pub tag: String,
}

impl BaseName {
    /// Takes a reference apart; a digest is dropped, a transport prefix (`docker:`) is not.
    /// `None` for what is no reference at all, or has a variable in it.
    pub fn parse(reference: &str) -> Option<Self> {
        let reference = reference.trim();
        if reference.is_empty() || reference.len() > MOST_BYTES {
            return None;
        }
        if !reference.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/:@+".contains(&b)) {
            return None;
        }
        let named = reference.split('@').next().unwrap_or(reference);
        let (repository, tag) = match named.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, tag),
            _ => (named, ""),
        };
        let repository = repository.to_ascii_lowercase();
        let mut repository = repository.as_str();
        if let Some(rest) = MIRRORS.iter().find_map(|mirror| repository.strip_prefix(mirror)) {
            repository = rest;
        }
        if let Some((first, rest)) = repository.split_once('/')
            && ARCHITECTURES.contains(&first)
        {
            repository = rest;
        }
        (!repository.is_empty())
            .then(|| Self { repository: repository.to_owned(), tag: tag.to_ascii_lowercase() })
    }

    /// As people write it.
    pub fn familiar(&self) -> String {
        match self.tag.as_str() {
            "" => self.repository.clone(),
            tag => format!("{}:{tag}", self.repository),
        }
    }

    /// Words of the tag.
    pub fn words(&self) -> Vec<&str> {
        words(&self.tag).collect()
    }
}

/// Words of a tag, or of the part of a repository that a pattern left open.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(['-', '/', '_']).filter(|word| !word.is_empty())
}

/// Whether a word is as `pattern` wants it: alternatives between `|`, each with a `*` at its end
/// or not.
pub(super) fn is_like(word: &str, pattern: &str) -> bool {
    pattern.split('|').any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => word.starts_with(start),
        None => word == pattern,
    })
}

/// Order of dotted numbers: `3.9` before `3.20`. A part that is no number counts as 0.
pub(crate) fn compare_versions(left: &str, right: &str) -> std::cmp::Ordering {
    let parts = |text: &str| -> Vec<u64> {
        text.split('.').take(8).map(|part| part.parse().unwrap_or(0)).collect()
    };
    let (mut left, mut right) = (parts(left), parts(right));
    let length = left.len().max(right.len());
    left.resize(length, 0);
    right.resize(length, 0);
    left.cmp(&right)
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::{BaseName, compare_versions, is_like};

    #[test]
    fn mirrors_of_docker_hub_name_the_same_image() {
        for reference in [
            "node:20",
            "library/node:20",
            "docker.io/node:20",
            "docker.io/library/node:20@sha256:abc",
            "index.docker.io/library/node:20",
            "public.ecr.aws/docker/library/node:20",
            "mirror.gcr.io/library/node:20",
        ] {
            assert_eq!(BaseName::parse(reference).unwrap().familiar(), "node:20", "{reference}");
        }
    }

    #[test]
    fn a_port_is_no_tag() {
        let name = BaseName::parse("localhost:5000/node").unwrap();
        assert_eq!((name.repository.as_str(), name.tag.as_str()), ("localhost:5000/node", ""));
    }

    #[test]
    fn a_variable_is_no_name() {
        assert_eq!(BaseName::parse("node:${VERSION}"), None);
        assert_eq!(BaseName::parse(""), None);
    }

    #[test]
    fn patterns_have_alternatives_and_open_ends() {
        assert!(is_like("alpine3.20", "alpine*"));
        assert!(is_like("jammy", "noble|jammy"));
        assert!(!is_like("jammyx", "noble|jammy"));
    }

    #[test]
    fn versions_are_numbers() {
        assert_eq!(compare_versions("3.9", "3.20"), Ordering::Less);
        assert_eq!(compare_versions("12", "12.0"), Ordering::Equal);
    }
}
