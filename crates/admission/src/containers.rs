//! Which container of a pod a place is in, found without looking at all of them each time.

use plimsoll_kube::manifest::Node;
use plimsoll_kube::{Container, Pod};
use plimsoll_model::text::Span;

/// The containers of a pod by their places.
pub(crate) struct Containers<'p, 'm> {
    sorted: Vec<&'p Container<'m>>,
}

impl<'p, 'm> Containers<'p, 'm> {
    pub(crate) fn of(pod: &'p Pod<'m>) -> Self {
        let mut sorted: Vec<&Container<'m>> = pod.containers.iter().collect();
        sorted.sort_by_key(|one| one.node.span);
        Self { sorted }
    }

    /// The container that a place is in.
    pub(crate) fn at(&self, place: Span) -> Option<&'p Container<'m>> {
        let behind = self.sorted.partition_point(|one| one.node.span.start <= place.start);
        let found = self.sorted.get(behind.checked_sub(1)?)?;
        found.node.span.contains(place).then_some(*found)
    }
}

/// The way from an object to a place in it: `spec.containers[0].image`.
pub(crate) fn path(node: &Node, place: Span) -> String {
    let mut path = String::new();
    let mut here = node;
    loop {
        if let Some(mapping) = here.as_mapping() {
            let field = mapping
                .fields
                .iter()
                .find(|field| field.name_span.contains(place) || field.value.span.contains(place));
            let Some(field) = field else { return path };
            let dot = if path.is_empty() { "" } else { "." };
            path = format!("{path}{dot}{}", field.name);
            if field.name_span.contains(place) {
                return path;
            }
            here = &field.value;
            continue;
        }
        // Items stand one behind the other.
        let items = here.items();
        let behind = items.partition_point(|item| item.span.start <= place.start);
        let index = behind.wrapping_sub(1);
        match items.get(index).filter(|item| item.span.contains(place)) {
            Some(item) => {
                path = format!("{path}[{index}]");
                here = item;
            }
            None => return path,
        }
    }
}
