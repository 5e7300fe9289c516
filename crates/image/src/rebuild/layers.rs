//! Two layers: their bytes, their members, and what differs in content.

use super::LayerComparison;
use super::cause;
use super::tally::Tally;
use super::{content, lockstep};
use crate::compression::Compression;
use crate::error::ImageError;
use crate::opened::{OpenImage, Walked};

/// Compares layer `a` of the original with `b` of the rebuilt image.
pub(super) fn compare(
    original: &OpenImage,
    rebuilt: &OpenImage,
    a: Option<usize>,
    b: Option<usize>,
) -> Result<LayerComparison, ImageError> {
    let layer = |image: &OpenImage, at: Option<usize>| image.layers.get(at?).cloned();
    let (one, other) = (layer(original, a), layer(rebuilt, b));
    let created_by = one.as_ref().or(other.as_ref()).map(|it| it.created_by.clone());
    let mut done = LayerComparison {
        original: a,
        rebuilt: b,
        created_by: created_by.unwrap_or_default(),
        is_equal: false,
        members: 0,
        found: Vec::new(),
    };
    let mut tally = Tally::default();
    let (Some(at), Some(bt), Some(one), Some(other)) = (a, b, one, other) else {
        let (x, y) = if a.is_some() { ("there", "-") } else { ("-", "there") };
        tally.add(&cause::LAYER, &done.created_by, x, y);
        done.found = tally.done();
        return Ok(done);
    };
    // Whoever pulls either of them checks its bytes against the digest.
    if one.digest.is_some() && one.digest == other.digest {
        done.is_equal = true;
        return Ok(done);
    }
    let stepped = lockstep::compare(original, at, rebuilt, bt, &mut tally)?;
    done.members = stepped.members;
    content::explain(original, at, rebuilt, bt, &stepped, &mut tally)?;
    if let Some([first, second]) = &stepped.walked {
        for (why, x, y) in [(&first.absent, "absent", "-"), (&second.absent, "-", "absent")] {
            if let Some(why) = why {
                tally.add(&cause::MISSING, why, x, y);
            }
        }
        let same_tar = first.diff_id.is_some() && first.diff_id == second.diff_id;
        let both_stored = one.digest.is_some() && other.digest.is_some();
        if same_tar && both_stored {
            tally.add(&cause::COMPRESSION, "layer", form(first), form(second));
        } else if !same_tar && tally.is_empty() {
            let shown = |it: &Walked| it.diff_id.as_ref().map(ToString::to_string);
            let (x, y) = (shown(first).unwrap_or_default(), shown(second).unwrap_or_default());
            tally.add(&cause::TAR_FORM, "layer", x, y);
        }
        done.is_equal = same_tar && tally.is_empty();
    }
    done.found = tally.done();
    Ok(done)
}

/// How a layer is compressed, with what gzip's header says (RFC 1952, section 2.3).
fn form(layer: &Walked) -> String {
    match (layer.compression, layer.head.as_slice()) {
        (Compression::Gzip, [_, _, _, flags, a, b, c, d, level, system, ..]) => {
            let time = u32::from_le_bytes([*a, *b, *c, *d]);
            format!("gzip: flags {flags}, time {time}, level byte {level}, system {system}")
        }
        (Compression::Gzip, _) => "gzip".into(),
        (Compression::Zstd, _) => "zstd".into(),
        (Compression::None, _) => "plain tar".into(),
    }
}
