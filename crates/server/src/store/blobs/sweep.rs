//! Removes what nobody refers to any more.
//!
//! Whoever refers to a blob stores it first ([`super::Blobs::put`], which makes an old one new), and says so
//! in the store a moment later. What is younger than [`SETTLED`] is therefore left alone, and what is found
//! old is looked at once more before it goes.

use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use super::Blobs;
use crate::error::Result;
use crate::moment::{Millis, now};

/// What is younger may be referred to in a moment.
pub const SETTLED: Millis = 24 * 60 * 60 * 1000;

/// A blob that is as old is written anew where it is stored again.
pub(super) const OLD: Millis = SETTLED / 2;

/// What is kept, by the beginning of its hash: two that begin alike are both kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept(Vec<u64>);

impl Kept {
    /// These names.
    pub fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut kept = Self::default();
        kept.extend(names);
        kept.sorted()
    }

    /// These, too; [`Kept::sorted`] once it is all.
    pub fn extend<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        self.0.extend(names.into_iter().map(start));
    }

    /// As it can be asked.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.0.sort_unstable();
        self.0.dedup();
        self
    }

    fn has(&self, name: &str) -> bool {
        self.0.binary_search(&start(name)).is_ok()
    }
}

/// The beginning of a hash as a number; whatever is no hash is one thing.
fn start(name: &str) -> u64 {
    name.get(..16).and_then(|head| u64::from_str_radix(head, 16).ok()).unwrap_or(u64::MAX)
}

pub(super) fn age(found: &ObjectMeta) -> Millis {
    now().saturating_sub(found.last_modified.timestamp_millis())
}

impl Blobs {
    /// Removes what is in a family, is older than `settled` and is not kept; says how many it were.
    pub async fn sweep(&self, family: &str, kept: &Kept, settled: Millis) -> Result<u64> {
        // What is no hash is nobody's that is swept here.
        self.remove_old(family, settled, |name| name.len() != 40 || kept.has(name)).await
    }

    /// Removes what is in a family, is older than `settled` and has none of these names; says how many it
    /// were.
    pub async fn sweep_but(&self, family: &str, names: &[String], settled: Millis) -> Result<u64> {
        self.remove_old(family, settled, |name| names.iter().any(|it| it == name)).await
    }

    /// Whether something is stored there that is younger than `most`.
    pub async fn has_younger(&self, family: &str, name: &str, most: Millis) -> Result<bool> {
        match self.store.head(&super::place(family, name)).await {
            Ok(found) => Ok(age(&found) < most),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn remove_old(
        &self,
        family: &str,
        settled: Millis,
        is_kept: impl Fn(&str) -> bool,
    ) -> Result<u64> {
        let prefix = Path::from(family);
        let mut all = self.store.list(Some(&prefix));
        let mut gone = 0;
        while let Some(found) = all.try_next().await? {
            let name = found.location.filename().unwrap_or_default();
            if is_kept(name) || age(&found) < settled {
                continue;
            }
            match self.store.head(&found.location).await {
                Ok(now) if age(&now) >= settled => {}
                Ok(_) | Err(object_store::Error::NotFound { .. }) => continue,
                Err(error) => return Err(error.into()),
            }
            match self.store.delete(&found.location).await {
                Ok(()) => gone += 1,
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_kept_young_or_of_another_family_stays() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_folder(folder.path()).unwrap();
        let kept = blobs.put("a", b"kept").await.unwrap();
        let gone = blobs.put("a", b"gone").await.unwrap();
        let other = blobs.put("b", b"gone").await.unwrap();
        blobs.put_named("a", "no-hash", b"x").await.unwrap();
        let known = Kept::new([kept.as_str()]);
        assert_eq!(blobs.sweep("a", &known, SETTLED).await.unwrap(), 0, "all are young");
        assert_eq!(blobs.sweep("a", &known, 0).await.unwrap(), 1);
        assert!(blobs.has("a", &kept).await.unwrap() && blobs.has("b", &other).await.unwrap());
        assert!(!blobs.has("a", &gone).await.unwrap() && blobs.has("a", "no-hash").await.unwrap());
        assert_eq!(blobs.sweep("none", &known, 0).await.unwrap(), 0);
        assert!(blobs.has_younger("b", &other, SETTLED).await.unwrap());
        assert!(!blobs.has_younger("b", &other, 0).await.unwrap());
        assert_eq!(blobs.sweep_but("a", &["no-hash".into()], SETTLED).await.unwrap(), 0);
        assert_eq!(blobs.sweep_but("a", &["no-hash".into()], 0).await.unwrap(), 1);
        assert!(blobs.has("a", "no-hash").await.unwrap());
    }
}
