//! Which variables the image at the root of a stage may set: an image can set any, so only of the
//! plain ones is it known that nothing else is set.

use crate::bases::BaseName;
use crate::context::Context;
use crate::stage::Stage;

/// Images that set nothing but [`SET`].
const PLAIN: [&str; 16] = [
    "almalinux",
    "alpine",
    "amazonlinux",
    "archlinux",
    "busybox",
    "buildpack-deps",
    "centos",
    "debian",
    "fedora",
    "opensuse/leap",
    "opensuse/tumbleweed",
    "oraclelinux",
    "redhat/ubi9",
    "rockylinux",
    "scratch",
    "ubuntu",
];

/// What plain images and the builder set.
const SET: [&str; 6] = ["PATH", "LANG", "container", "DISTTAG", "FGC", "FBR"];

/// The variables that an image sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BaseVariables {
    /// None but [`SET`].
    Plain,
    /// Any.
    Unknown,
}

impl BaseVariables {
    pub(super) fn of(context: &Context<'_>, stage: &Stage) -> Self {
        let root = context.root_stage(stage);
        let plain = root.parent.is_none()
            && BaseName::parse(&root.image.text)
                .is_some_and(|name| PLAIN.contains(&name.repository.as_str()));
        if plain { Self::Plain } else { Self::Unknown }
    }

    /// Whether a variable is set by every image.
    pub(super) fn is_given(name: &str) -> bool {
        SET.contains(&name)
    }
}
