//! Which changes of a pod matter: `isSignificantPodUpdate` of the admission plugin.

use plimsoll_kube::{Container, Pod, Sort};

/// Whether containers came or went, or have other images.
pub(crate) fn is_significant(new: &Pod<'_>, old: &Pod<'_>) -> bool {
    [Sort::Regular, Sort::Init].into_iter().any(|sort| {
        let (new, old) = (of(new, sort), of(old, sort));
        new.len() != old.len() || new.iter().zip(&old).any(|(new, old)| image(new) != image(old))
    }) || of(new, Sort::Ephemeral).iter().any(|new| {
        let old = of(old, Sort::Ephemeral);
        let before = old.iter().find(|old| old.name == new.name);
        before.is_none_or(|old| image(new) != image(old))
    })
}

fn of<'p, 'm>(pod: &'p Pod<'m>, sort: Sort) -> Vec<&'p Container<'m>> {
    pod.containers.iter().filter(|one| one.sort == sort).collect()
}

fn image<'m>(container: &Container<'m>) -> &'m str {
    container.node.text("image").map_or("", |it| it.value)
}
