//! "Did you mean": the known word that a mistyped one is nearest to.

/// The candidate with the fewest letters changed, added, dropped or swapped: at most a third.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // A longer word is no typing mistake of a keyword.
    if word.chars().count() > 64 {
        return None;
    }
    let word: Vec<char> = word.to_lowercase().chars().collect();
    let limit = word.len().saturating_add(2).checked_div(3)?;
    candidates
        .into_iter()
        .map(|candidate| {
            let letters: Vec<char> = candidate.to_lowercase().chars().collect();
            (distance(&word, &letters), candidate)
        })
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Damerau's distance in its simple form: neighbours that changed places count once.
fn distance(from: &[char], to: &[char]) -> usize {
    let width = to.len().saturating_add(1);
    let mut before: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for (row, letter) in from.iter().enumerate() {
        let mut line = vec![row.saturating_add(1); width];
        for (column, other) in to.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX);
            let right = column.saturating_add(1);
            let change = at(&last, column).saturating_add(usize::from(letter != other));
            let mut best = change
                .min(at(&last, right).saturating_add(1))
                .min(at(&line, column).saturating_add(1));
            let swapped = row > 0
                && column > 0
                && from.get(row.saturating_sub(1)) == Some(other)
                && to.get(column.saturating_sub(1)) == Some(letter);
            if swapped {
                best = best.min(at(&before, column.saturating_sub(1)).saturating_add(1));
            }
            if let Some(slot) = line.get_mut(right) {
                *slot = best;
            }
        }
        before = std::mem::replace(&mut last, line);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_word_is_recognised() {
        let known = ["FROM", "RUN", "COPY", "ENTRYPOINT"];
        assert_eq!(nearest("FORM", known), Some("FROM"));
        assert_eq!(nearest("entripoint", known), Some("ENTRYPOINT"));
        assert_eq!(nearest("SELECT", known), None);
    }
}
