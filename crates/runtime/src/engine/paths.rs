//! `pmatch`: whether one of many paths is a prefix of a path, by whole components.
//!
//! After libsinsp's `prefix_search.h`: empty components do not count, and one with `?`, `*` or `[`
//! is a shell pattern.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use regex::bytes::Regex;

use super::glob;

/// Paths by their components.
#[derive(Debug, Default)]
pub(super) struct Paths {
    plain: HashMap<Box<[u8]>, Self, RandomState>,
    patterns: Vec<(Box<[u8]>, Option<Regex>, Self)>,
    is_end: bool,
}

fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    path.split(|byte| *byte == b'/').filter(|component| !component.is_empty())
}

impl Paths {
    pub(super) fn new<'p>(paths: impl Iterator<Item = &'p [u8]>) -> Self {
        let mut root = Self::default();
        paths.for_each(|path| root.add(path));
        root
    }

    fn add(&mut self, path: &[u8]) {
        let mut node = self;
        for component in components(path) {
            if node.is_end {
                return;
            }
            node = if component.iter().any(|byte| matches!(byte, b'?' | b'*' | b'[')) {
                let known = node.patterns.iter().position(|(text, ..)| **text == *component);
                let at = known.unwrap_or(node.patterns.len());
                if known.is_none() {
                    let pattern = glob::compile(component, false);
                    node.patterns.push((component.into(), pattern, Self::default()));
                }
                match node.patterns.get_mut(at) {
                    Some((_, _, below)) => below,
                    None => return,
                }
            } else {
                node.plain.entry(component.into()).or_default()
            };
        }
        *node = Self { is_end: true, ..Self::default() };
    }

    /// Whether one of the paths is this one or a folder above it.
    pub(super) fn has_prefix_of(&self, path: &[u8]) -> bool {
        self.matches(components(path))
    }

    fn matches<'p>(&self, mut rest: impl Iterator<Item = &'p [u8]> + Clone) -> bool {
        if self.is_end {
            return true;
        }
        let Some(component) = rest.next() else { return false };
        // The depth is that of the longest of the paths, which a condition bounds.
        if self.plain.get(component).is_some_and(|below| below.matches(rest.clone())) {
            return true;
        }
        self.patterns.iter().any(|(_, pattern, below)| {
            pattern.as_ref().is_some_and(|pattern| pattern.is_match(component))
                && below.matches(rest.clone())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_whole_components() {
        let paths = Paths::new(
            ["/var/run", "/etc", "/etc/pam.d", "/home/*/.ssh", "/usr/lib"]
                .iter()
                .map(|path| path.as_bytes()),
        );
        for path in ["/var/run", "/var/run/docker", "//etc//passwd", "/home/a/.ssh/id_rsa"] {
            assert!(paths.has_prefix_of(path.as_bytes()), "{path}");
        }
        for path in ["/var", "/var/runx", "/", "", "/usr", "/home/.ssh"] {
            assert!(!paths.has_prefix_of(path.as_bytes()), "{path}");
        }
        assert!(Paths::new([b"/".as_slice()].into_iter()).has_prefix_of(b"/boot"));
    }
}
