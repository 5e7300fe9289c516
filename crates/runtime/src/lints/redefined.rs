//! A list, macro or rule that takes the place of another.

use plimsoll_model::text::Level;

use super::{Finding, Lint};
use crate::loader::Definitions;

pub(super) static LINT: Lint = Lint {
    id: "redefined",
    level: Level::Info,
    title: "a definition takes the place of an earlier one of the same name",
    why: "Of two definitions the later counts, and nothing says that the first is gone: a list of a \
          second file that was meant to add to one empties it. `override` says what is meant.",
    bad: "- list: shell_binaries\n  items: [fish]",
    good: "- list: shell_binaries\n  items: [fish]\n  override:\n    items: append",
    check,
};

fn check(definitions: &Definitions, found: &mut Vec<Finding>) {
    for again in &definitions.redefined {
        found.push(Finding {
            lint: &LINT,
            item: again.name.clone(),
            message: format!(
                "the {} `{}` takes the place of the one that {} defines: say `override` with \
                 `append` or `replace` where it is meant",
                again.kind.name(),
                again.name,
                again.first,
            ),
            place: again.place,
        });
    }
}
