//! All rules, by where they come from; each is one file, and one line in its folder's registry.

mod buildkit;
mod hadolint;
mod image;
mod shellcheck;

use crate::rule::Rule;

pub(crate) use hadolint::{installs, pip};
pub(crate) use shellcheck::{Tree, leave_last};

/// Makes the modules of a folder and its list `ALL`.
macro_rules! registry {
    ($($module:ident)*) => {
        $(mod $module;)*
        /// The rules of this folder.
        pub(super) static ALL: &[&crate::rule::Rule] = &[$(&$module::RULE),*];
    };
}
pub(super) use registry;

/// All rules there are.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    let families = [hadolint::ALL, shellcheck::ALL, buildkit::ALL, image::ALL];
    families.into_iter().flatten().copied()
}

/// The rule of that id or alias, in any case.
pub fn named(name: &str) -> Option<&'static Rule> {
    all()
        .find(|rule| rule.id.eq_ignore_ascii_case(name))
        .or_else(|| all().find(|rule| rule.is_called(name)))
}
