//! What code scanning takes of a SARIF run: it refuses one with more results than this.
//!
//! <https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit>

/// The most results of a run.
pub(crate) const MAX_RESULTS: usize = 25_000;

/// The gravest results, in the order they came in, and a sentence on those that are left out.
pub(crate) fn gravest<T, K: Ord>(
    all: Vec<T>,
    gravity: impl Fn(&T) -> K,
    most: usize,
) -> (Vec<T>, Option<String>) {
    let count = all.len();
    if count <= most {
        return (all, None);
    }
    let mut numbered: Vec<(usize, T)> = all.into_iter().enumerate().collect();
    numbered.sort_by_key(|(_, one)| std::cmp::Reverse(gravity(one)));
    numbered.truncate(most);
    numbered.sort_by_key(|(number, _)| *number);
    let left_out = count.saturating_sub(most);
    let why = format!(
        "{left_out} of {count} results are left out, the least grave: code scanning takes {most}"
    );
    (numbered.into_iter().map(|(_, one)| one).collect(), Some(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_grave_are_left_out_and_counted() {
        let all = vec![('a', 1), ('b', 3), ('c', 2), ('d', 3), ('e', 1)];
        let (kept, why) = gravest(all.clone(), |one| one.1, 3);
        assert_eq!(kept, [('b', 3), ('c', 2), ('d', 3)]);
        assert!(why.is_some_and(|why| why.starts_with("2 of 5 results are left out")));
        assert_eq!(gravest(all.clone(), |one| one.1, 5), (all, None));
    }
}
