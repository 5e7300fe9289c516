//! The images of a cluster, each once by its digest.

use std::collections::{BTreeSet, HashMap};

/// An image that runs, or would.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image {
    /// As pods name it.
    pub names: BTreeSet<String>,
    /// Names by which it can be got, those with a digest where the runtime tells it; the first is
    /// tried first.
    pub references: Vec<String>,
    /// `sha256:…`, where it is known.
    pub digest: Option<String>,
    /// How many pods have it.
    pub pods: u64,
}

/// All images.
#[derive(Debug, Default)]
pub(super) struct Images {
    all: Vec<Image>,
    numbers: HashMap<String, usize>,
}

impl Images {
    /// Takes what a container says of its image: its name in the spec, and what the runtime calls it.
    pub(super) fn add(&mut self, written: &str, id: Option<&str>) -> usize {
        let id = id.map(bare).filter(|id| id.contains('@'));
        // Without a repository an id is that of a configuration, by which no registry finds it.
        let reference = id.unwrap_or(written);
        let digest = reference.rsplit_once('@').map(|(_, digest)| digest);
        let key = digest.unwrap_or(reference);
        let number = if let Some(number) = self.numbers.get(key) {
            *number
        } else {
            let number = self.all.len();
            let digest = digest.map(str::to_owned);
            self.all.push(Image { digest, ..Image::default() });
            self.numbers.insert(key.to_owned(), number);
            number
        };
        if let Some(image) = self.all.get_mut(number) {
            if !image.names.contains(written) {
                image.names.insert(written.to_owned());
            }
            if !image.references.iter().any(|known| known == reference) {
                image.references.push(reference.to_owned());
            }
        }
        number
    }

    pub(super) fn count_pod(&mut self, number: usize) {
        if let Some(image) = self.all.get_mut(number) {
            image.pods = image.pods.saturating_add(1);
        }
    }

    pub(super) fn into_all(self) -> Vec<Image> {
        self.all
    }
}

/// An id without what Docker's runtime put before it.
fn bare(id: &str) -> &str {
    let id = id.strip_prefix("docker-pullable://").unwrap_or(id);
    id.strip_prefix("docker://").unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_one_by_its_digest_whatever_it_is_called() {
        let mut images = Images::default();
        let first = images.add("nginx:1.27", Some("docker.io/library/nginx@sha256:aa"));
        assert_eq!(images.add("nginx", Some("docker-pullable://mirror/nginx@sha256:aa")), first);
        assert_eq!(images.add("nginx@sha256:aa", None), first);
        let other = images.add("app:1", Some("sha256:bb"));
        assert_eq!(images.add("app:1", None), other);
        let all = images.into_all();
        assert_eq!(all.len(), 2);
        assert_eq!(
            all[0].references,
            ["docker.io/library/nginx@sha256:aa", "mirror/nginx@sha256:aa", "nginx@sha256:aa"]
        );
        assert_eq!(
            (all[1].references.as_slice(), &all[1].digest),
            (&["app:1".to_owned()][..], &None)
        );
    }
}
