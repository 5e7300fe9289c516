//! What can be reached in a graph of dependencies: tells packages that run from those that are
//! there for development only, where a lock file marks the project's own wishes and no others.

use std::collections::HashSet;

/// All nodes that can be reached from `roots`, they included. Circles end.
pub(crate) fn reached<'a>(
    roots: impl IntoIterator<Item = &'a str>,
    next: impl Fn(&'a str) -> Vec<&'a str>,
) -> HashSet<&'a str> {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut open: Vec<&str> = roots.into_iter().collect();
    while let Some(node) = open.pop() {
        if seen.insert(node) {
            open.extend(next(node));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::reached;

    #[test]
    fn circles_end_and_what_is_apart_stays_apart() {
        let next = |node: &str| match node {
            "a" => vec!["b"],
            "b" => vec!["a", "c"],
            _ => vec![],
        };
        let mut all: Vec<_> = reached(["a"], next).into_iter().collect();
        all.sort_unstable();
        assert_eq!(all, ["a", "b", "c"]);
    }
}
