//! Not what was found but what was read: the syntax tree as the builder's own tools print it.

use std::io::{self, Write};

use super::{Judged, LintFormat};
use crate::Style;

pub(super) const FORMAT: LintFormat =
    LintFormat { name: "syntax", about: "the syntax tree as BuildKit's parser dumps it", write };

fn write(all: &[Judged<'_>], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let trees = all.iter().filter_map(|judged| judged.syntax.as_ref());
    trees.map(|tree| tree()).try_for_each(|tree| out.write_all(tree.as_bytes()))
}
