//! What was found in a layer, kept for the next image that has it.
//!
//! An entry is a file whose name is a hash of its key: the layer's digest, or where its bytes
//! were not verified the file that they are in; with the versions of all cataloguers, because
//! another version may find something else. The whole key stands in the entry again. An entry
//! that is damaged, cut off or for another key is as good as none, and is written anew.
//!
//! ```text
//! magic (8) · checksum of the rest but the names (8) · length of key, payload, number of owned
//! paths, of names + 1 or 0 (8 each) · key · payload (postcard) · owned (12 each) · checksum of
//! names (8) · names (8 each)
//! ```

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use plimsoll_model::PackageKind;
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_128};

use crate::cataloguer::Cataloguer;
use crate::layer::{LayerInventory, Owned};

/// Also raised with each change of [`LayerInventory`] or of the model below it.
const MAGIC: &[u8; 8] = b"plmlyr03";

/// What all entries together may take: 2 GiB.
const MAX_TOTAL: u64 = 2 << 30;

/// An entry in use is marked as such at most this often.
const MARKED_FOR: Duration = Duration::from_hours(24);

/// Inventories of layers, in a folder.
pub(crate) struct LayerCache {
    folder: PathBuf,
    versions: String,
    has_grown: AtomicBool,
}

impl LayerCache {
    /// Keeps entries in `folder`, which is made when the first one is written.
    pub(crate) fn new(folder: &Path, cataloguers: &[&dyn Cataloguer]) -> Self {
        let mut hash = Xxh3::new();
        for cataloguer in cataloguers {
            hash.update(format!("{}={}\n", cataloguer.name(), cataloguer.version()).as_bytes());
        }
        // An entry has kinds as numbers.
        for kind in PackageKind::ALL {
            hash.update(kind.purl_type().as_bytes());
        }
        let versions = format!("{} {:032x}", env!("CARGO_PKG_VERSION"), hash.digest128());
        Self { folder: folder.into(), versions, has_grown: AtomicBool::new(false) }
    }

    /// The entry for `layer`, if there is one; with names only if they are asked for.
    pub(crate) fn load(&self, layer: &str, with_names: bool) -> Option<LayerInventory> {
        let key = self.key(layer);
        let mut file = File::open(self.path(&key)).ok()?;
        let found = decode(&mut file, &key, with_names)?;
        let modified = file.metadata().ok()?.modified().ok()?;
        if modified.elapsed().is_ok_and(|age| age > MARKED_FOR) {
            // Only the order in which entries are deleted depends on it.
            let _ = file.set_modified(SystemTime::now());
        }
        Some(found)
    }

    /// Keeps `found`; a cache that cannot be written is as good as none.
    pub(crate) fn store(&self, layer: &str, found: &LayerInventory, has_names: bool) {
        let key = self.key(layer);
        let write = || -> io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let mut partial = tempfile::NamedTempFile::new_in(&self.folder)?;
            encode(&key, found, has_names, partial.as_file_mut())?;
            partial.persist(self.path(&key)).map_err(|error| error.error)?;
            Ok(())
        };
        if write().is_ok() {
            self.has_grown.store(true, Ordering::Relaxed);
        }
    }

    /// Deletes what was not used for longest, if entries were added and there is too much.
    pub(crate) fn trim(&self) {
        if self.has_grown.swap(false, Ordering::Relaxed) {
            // What cannot be deleted now can be next time.
            let _ = trim(&self.folder, MAX_TOTAL);
        }
    }

    fn key(&self, layer: &str) -> String {
        format!("{} {layer}", self.versions)
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{:032x}", xxh3_128(key.as_bytes())))
    }
}

fn encode(key: &str, found: &LayerInventory, has_names: bool, out: &mut File) -> io::Result<()> {
    let payload = postcard::to_stdvec(&(found, &found.owned.packages)).map_err(io::Error::other)?;
    let names = if has_names { found.names.len() as u64 + 1 } else { 0 };
    let mut head = Vec::with_capacity(64 + payload.len() + found.owned.paths.len() * 12);
    for length in [key.len() as u64, payload.len() as u64, found.owned.paths.len() as u64, names] {
        head.extend(length.to_le_bytes());
    }
    head.extend(key.as_bytes());
    head.extend(payload);
    for (path, package) in &found.owned.paths {
        head.extend(path.to_le_bytes());
        head.extend(package.to_le_bytes());
    }
    let mut out = io::BufWriter::with_capacity(64 << 10, out);
    out.write_all(MAGIC)?;
    out.write_all(&xxh3_64(&head).to_le_bytes())?;
    out.write_all(&head)?;
    if has_names {
        let mut hash = Xxh3::new();
        found.names.iter().for_each(|name| hash.update(&name.to_le_bytes()));
        out.write_all(&hash.digest().to_le_bytes())?;
        for name in &found.names {
            out.write_all(&name.to_le_bytes())?;
        }
    }
    out.flush()
}

fn decode(file: &mut File, key: &str, with_names: bool) -> Option<LayerInventory> {
    let size = file.metadata().ok()?.len();
    let mut start = [0; 48];
    file.read_exact(&mut start).ok()?;
    let (magic, rest) = start.split_first_chunk::<8>()?;
    let (checksum, lengths) = rest.split_first_chunk::<8>()?;
    let mut numbers = lengths.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
    let (key_len, payload_len, owned, names) =
        (numbers.next()?, numbers.next()?, numbers.next()?, numbers.next()?);
    let head_len = key_len.checked_add(payload_len)?.checked_add(owned.checked_mul(12)?)?;
    let names_len = names.saturating_sub(1).checked_mul(8)?;
    let whole = 48_u64.checked_add(head_len)?.checked_add(names_len)?;
    if magic != MAGIC || whole.checked_add(if names > 0 { 8 } else { 0 })? != size {
        return None;
    }
    if with_names && names == 0 {
        return None;
    }
    let mut head = lengths.to_vec();
    head.resize(32_usize.checked_add(usize::try_from(head_len).ok()?)?, 0);
    file.read_exact(head.get_mut(32..)?).ok()?;
    if xxh3_64(&head) != u64::from_le_bytes(*checksum) {
        return None;
    }
    let (stored_key, rest) = head.get(32..)?.split_at_checked(usize::try_from(key_len).ok()?)?;
    let (payload, paths) = rest.split_at_checked(usize::try_from(payload_len).ok()?)?;
    if stored_key != key.as_bytes() {
        return None;
    }
    let (mut found, packages): (LayerInventory, Vec<String>) =
        postcard::from_bytes(payload).ok()?;
    let paths = paths.as_chunks::<12>().0.iter().map(|[a, b, c, d, e, f, g, h, index @ ..]| {
        (u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), u32::from_le_bytes(*index))
    });
    found.owned = Owned { packages, paths: paths.collect() };
    if with_names {
        let mut bytes = vec![0; usize::try_from(names_len).ok()?.checked_add(8)?];
        file.read_exact(&mut bytes).ok()?;
        let (checksum, bytes) = bytes.split_first_chunk::<8>()?;
        if xxh3_64(bytes) != u64::from_le_bytes(*checksum) {
            return None;
        }
        found.names = bytes.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b)).collect();
    }
    Some(found)
}

fn trim(folder: &Path, limit: u64) -> io::Result<()> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Another process may have deleted it.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_file() {
            entries.push((metadata.modified()?, metadata.len(), entry.path()));
        }
    }
    let mut total: u64 = entries.iter().map(|(_, size, _)| size).sum();
    entries.sort_unstable();
    for (_, size, path) in entries {
        if total <= limit {
            break;
        }
        fs::remove_file(path)?;
        total = total.saturating_sub(size);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Distro, Hash, Location, Package, ProblemKind, Scope};

    use super::*;
    use crate::layer::{CataloguedFile, HardLink};

    /// A layer in which every field of everything is filled.
    fn full() -> LayerInventory {
        let mut package = Package::new(PackageKind::Rpm, "bash", "1:5-2");
        package.arch = Some("x86_64".into());
        package.source =
            Some(plimsoll_model::SourcePackage { name: "bash".into(), version: "5".into() });
        package.module = Some("a:b:c:d".into());
        package.licenses = vec!["MIT".into()];
        package.supplier = Some("somebody".into());
        package.depends_on = vec!["libc".into()];
        package.scope = Scope::Optional;
        package.locations = vec![Location { path: "a".into(), layer: Some(1), line: Some(2) }];
        package.owner = Some("o".into());
        package.removed_in = Some(3);
        package.cataloguer = "rpm".into();
        package.hashes = vec![Hash { algorithm: "md5".into(), hex: "00".into() }];
        package.notes = vec!["note".into()];
        let distro = Distro {
            id: "debian".into(),
            id_like: vec!["x".into()],
            version: "12".into(),
            codename: Some("bookworm".into()),
            name: "Debian 12".into(),
            cpe: Some("cpe:/o".into()),
            ecosystem: "Debian:12".parse().ok(),
            extended_support: true,
            end_of_life: "2028-06-30T00:00:00Z".parse().ok(),
        };
        let mut layer = LayerInventory::default();
        layer.files.push(CataloguedFile {
            path: "var/lib/db".into(),
            packages: vec![package],
            distro: Some(distro),
            extended_support: true,
        });
        let (path, target) = ("p".into(), "t".into());
        layer.links.push(HardLink { path, target, is_read: true });
        layer.names.extend([1, 2, u64::MAX]);
        layer.opaque.push(7);
        layer.owned = Owned { packages: vec!["bash".into()], paths: vec![(5, 0), (9, 0)] };
        layer.problem(ProblemKind::Skipped, "x", "odd".into());
        layer
    }

    fn cache(folder: &Path) -> LayerCache {
        LayerCache::new(folder, crate::cataloguers::ALL)
    }

    #[test]
    fn an_entry_comes_back_as_it_was_stored() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder.path().join("layers"));
        cache.store("sha256:1", &full(), true);
        assert_eq!(cache.load("sha256:1", true), Some(full()));
        assert!(cache.load("sha256:1", false).is_some_and(|layer| layer.names.is_empty()));
        assert_eq!(cache.load("sha256:2", false), None);
    }

    #[test]
    fn an_entry_without_names_does_not_serve_where_they_matter() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        cache.store("a", &full(), false);
        assert!(cache.load("a", false).is_some());
        assert_eq!(cache.load("a", true), None);
        cache.store("a", &LayerInventory::default(), true);
        assert_eq!(cache.load("a", true), Some(LayerInventory::default()));
    }

    #[test]
    fn another_set_of_cataloguers_has_other_entries() {
        let folder = tempfile::tempdir().unwrap();
        cache(folder.path()).store("a", &full(), true);
        assert_eq!(LayerCache::new(folder.path(), &[]).load("a", true), None);
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_as_good_as_no_entry() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        cache.store("a", &full(), true);
        let path = cache.path(&cache.key("a"));
        let bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            fs::write(&path, &bytes[..at]).unwrap();
            assert_eq!(cache.load("a", true), None, "cut at {at}");
            let mut changed = bytes.clone();
            changed[at] ^= 0x40;
            fs::write(&path, &changed).unwrap();
            assert_eq!(cache.load("a", true), None, "changed at {at}");
        }
        fs::write(&path, &bytes).unwrap();
        assert!(cache.load("a", true).is_some());
    }

    #[test]
    fn the_entries_that_were_not_used_for_longest_are_deleted_first() {
        let folder = tempfile::tempdir().unwrap();
        for (name, age) in [("old", 300), ("new", 1), ("older", 900)] {
            let path = folder.path().join(name);
            fs::write(&path, [0; 100]).unwrap();
            let time = SystemTime::now() - Duration::from_secs(age);
            File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        }
        trim(folder.path(), 150).unwrap();
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["new"]);
    }

    #[test]
    fn a_folder_that_cannot_be_written_costs_nothing_but_time() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let cache = cache(&file.path().join("layers"));
        cache.store("a", &full(), true);
        cache.trim();
        assert_eq!(cache.load("a", true), None);
    }
}
