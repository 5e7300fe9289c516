//! Which containers run, as far as events and runtimes have told.

use std::collections::BTreeSet;

use super::SystemCall;
use super::state::State;
use super::state::containers::Container;

/// A container that has a process.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunningContainer {
    /// The number by which rules know it.
    pub id: String,
    /// Its runtime, as `docker`; empty where nobody has told of it.
    pub runtime: String,
    /// What it is called there.
    pub name: String,
    /// The image as whoever started it wrote it; empty where that is not told.
    pub image: String,
    /// The repository of the image.
    pub repository: String,
    /// The digest under which a registry has the image; empty where it came from none.
    pub digest: String,
    /// The namespace of its pod; empty outside Kubernetes.
    pub namespace: String,
    /// The name of its pod.
    pub pod: String,
    /// What its pod calls it.
    pub container: String,
}

impl RunningContainer {
    fn of(id: &str, known: Option<&Container>) -> Self {
        let Some(known) = known else { return Self { id: id.to_owned(), ..Self::default() } };
        let label = |key| known.label(key).unwrap_or_default().to_owned();
        let digest = known.imagedigest.rsplit('@').next().unwrap_or_default();
        Self {
            id: id.to_owned(),
            runtime: known.kind().to_owned(),
            name: known.name.clone(),
            image: known.image.clone(),
            repository: known.imagerepo.clone(),
            digest: digest.to_owned(),
            namespace: label("io.kubernetes.pod.namespace"),
            pod: label("io.kubernetes.pod.name"),
            container: label("io.kubernetes.container.name"),
        }
    }

    /// Whether its image is known.
    pub fn has_image(&self) -> bool {
        !self.image.is_empty() || !self.digest.is_empty()
    }
}

/// Whether it does nothing but hold what the containers of a pod share.
fn is_sandbox(state: &State, id: &str, known: &Container) -> bool {
    let is_own = !known.pod_sandbox_id.is_empty() && known.pod_sandbox_id.starts_with(id);
    is_own
        || known.label("io.cri-containerd.kind") == Some("sandbox")
        || known.label("io.kubernetes.docker.type") == Some("podsandbox")
        || state.containers.holds_others(id)
}

impl SystemCall<'_> {
    /// The number of the container that it happens in.
    pub fn container_number(&self) -> Option<&str> {
        self.thread()?.cgroups.container()
    }

    /// The container that it happens in, if that runs an image of its own.
    pub fn container(&self) -> Option<RunningContainer> {
        running(self.state(), self.container_number()?)
    }

    /// All containers with a process at this moment, by their numbers.
    pub fn running_containers(&self) -> Vec<RunningContainer> {
        let state = self.state();
        let alive = state.threads.iter().filter(|it| !it.is_dead() && !it.is_invalid());
        let ids: BTreeSet<&str> = alive.filter_map(|it| it.cgroups.container()).collect();
        ids.into_iter().filter_map(|id| running(state, id)).collect()
    }
}

fn running(state: &State, id: &str) -> Option<RunningContainer> {
    let known = state.containers.get(Some(id));
    let is_sandbox = known.is_some_and(|known| is_sandbox(state, id, known));
    (!is_sandbox).then(|| RunningContainer::of(id, known))
}
