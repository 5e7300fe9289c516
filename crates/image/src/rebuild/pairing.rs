//! Which layer of one image belongs to which of the other.

use plimsoll_model::Layer;

/// Layers up to which an image is looked at by instruction: Docker's own limit is 127.
const MAX_LAYERS: usize = 1000;

/// Positions that belong together, bottom first. Where the counts agree they are those of the
/// same height; else the instructions of the longest common sequence.
pub(super) fn pair(one: &[Layer], other: &[Layer]) -> Vec<(Option<usize>, Option<usize>)> {
    let by_height = one.len() == other.len() || one.len().max(other.len()) > MAX_LAYERS;
    if by_height {
        let height = |at, layers: &[Layer]| (at < layers.len()).then_some(at);
        return (0..one.len().max(other.len()))
            .map(|at| (height(at, one), height(at, other)))
            .collect();
    }
    let same = |a: usize, b: usize| match (one.get(a), other.get(b)) {
        (Some(a), Some(b)) => {
            a.created_by == b.created_by || (a.digest.is_some() && a.digest == b.digest)
        }
        _ => false,
    };
    let width = other.len() + 1;
    let mut longest = vec![0_u32; (one.len() + 1) * width];
    let at = |a: usize, b: usize| a * width + b;
    for a in (0..one.len()).rev() {
        for b in (0..other.len()).rev() {
            let of = |longest: &[u32], a, b| longest.get(at(a, b)).copied().unwrap_or(0);
            let best = if same(a, b) {
                of(&longest, a + 1, b + 1) + 1
            } else {
                of(&longest, a + 1, b).max(of(&longest, a, b + 1))
            };
            if let Some(slot) = longest.get_mut(at(a, b)) {
                *slot = best;
            }
        }
    }
    let of = |a, b| longest.get(at(a, b)).copied().unwrap_or(0);
    let (mut a, mut b, mut pairs) = (0, 0, Vec::new());
    while a < one.len() || b < other.len() {
        if a < one.len() && b < other.len() && same(a, b) {
            pairs.push((Some(a), Some(b)));
            (a, b) = (a + 1, b + 1);
        } else if b >= other.len() || (a < one.len() && of(a + 1, b) >= of(a, b + 1)) {
            pairs.push((Some(a), None));
            a += 1;
        } else {
            pairs.push((None, Some(b)));
            b += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(instructions: &[&str]) -> Vec<Layer> {
        let layer = |created_by: &&str| Layer {
            digest: None,
            diff_id: None,
            created_by: (*created_by).to_owned(),
            size: 0,
            media_type: String::new(),
        };
        instructions.iter().map(layer).collect()
    }

    #[test]
    fn as_many_layers_go_by_height() {
        assert_eq!(
            pair(&layers(&["a", "b"]), &layers(&["a", "c"])),
            [(Some(0), Some(0)), (Some(1), Some(1))]
        );
    }

    #[test]
    fn a_layer_more_is_told_and_the_others_still_meet() {
        assert_eq!(
            pair(&layers(&["a", "b", "c"]), &layers(&["a", "x", "b", "c"])),
            [(Some(0), Some(0)), (None, Some(1)), (Some(1), Some(2)), (Some(2), Some(3))]
        );
        assert_eq!(pair(&layers(&["a"]), &[]), [(Some(0), None)]);
    }
}
