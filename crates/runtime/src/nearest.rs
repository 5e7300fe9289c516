//! What a mistyped word was meant for.

/// The one of these words that differs from `word` least, where it differs little.
pub(crate) fn nearest<'w>(word: &str, among: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    // A long word is no typing error, and comparing it would take its length squared.
    if word.len() > 64 {
        return None;
    }
    let allowed = (word.len() / 3).clamp(1, 3);
    among
        .filter(|known| *known != word && known.len().abs_diff(word.len()) <= allowed)
        .map(|known| (strsim::osa_distance(word, known), known))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}
