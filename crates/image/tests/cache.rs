//! An image that was read before is not read again, and another one is never taken for it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::path::Path;

use plimsoll_image::{ImageError, Options, read};
use plimsoll_model::Inventory;
use plimsoll_testkit::{Compression, Image};

const STATUS: &str = "var/lib/dpkg/status";

fn status(version: &str) -> String {
    format!("Package: bash\nStatus: install ok installed\nVersion: {version}\n")
}

fn image(version: &str) -> Image {
    Image::new()
        .layer(
            "FROM",
            &[
                (STATUS, &status(version)),
                ("a/node_modules/b/package.json", "{\"name\":\"b\",\"version\":\"1\"}"),
            ],
        )
        .layer("RUN rm", &[("a/.wh.node_modules", "")])
}

fn inventory(reference: &str, cache: Option<&Path>) -> Result<Inventory, ImageError> {
    let options = Options { cache: cache.map(Path::to_path_buf), ..Options::default() };
    read(&reference.parse().unwrap(), &options)
}

fn entries(cache: &Path) -> usize {
    std::fs::read_dir(cache).map_or(0, Iterator::count)
}

/// Writes zeros over all layers of a layout, so that only the cache can know them.
fn destroy(layout: &Path) {
    for blob in std::fs::read_dir(layout.join("blobs/sha256")).unwrap() {
        let path = blob.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        if !bytes.starts_with(b"{") {
            std::fs::write(&path, vec![0; bytes.len()]).unwrap();
        }
    }
}

#[test]
fn a_verified_layer_is_known_by_its_digest() {
    let cache = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    image("1").write_oci_dir(Compression::Gzip, folder.path());
    let reference = format!("oci-dir:{}", folder.path().display());
    let first = inventory(&reference, Some(cache.path())).unwrap();
    assert_eq!(first, inventory(&reference, None).unwrap());
    assert_eq!(entries(cache.path()), 2);
    destroy(folder.path());
    assert_eq!(inventory(&reference, Some(cache.path())).unwrap(), first);
    assert!(inventory(&reference, None).is_err());
}

#[test]
fn a_plain_layer_is_known_only_as_long_as_its_file_is_the_same() {
    let cache = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tar");
    let reference = format!("docker-archive:{}", path.display());
    let versions = |inventory: Inventory| {
        inventory.packages.iter().map(|p| p.version.clone()).collect::<Vec<_>>()
    };
    for version in ["1", "2"] {
        std::fs::write(&path, image(version).docker_archive(Compression::None)).unwrap();
        for _ in 0..2 {
            let found = inventory(&reference, Some(cache.path())).unwrap();
            assert_eq!(found, inventory(&reference, None).unwrap());
            assert_eq!(versions(found), [version, "1"]);
        }
    }
    assert_eq!(entries(cache.path()), 4);
}

#[test]
fn damaged_entries_are_written_anew() {
    let cache = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    image("1").write_oci_dir(Compression::Zstd, folder.path());
    let reference = format!("oci-dir:{}", folder.path().display());
    let first = inventory(&reference, Some(cache.path())).unwrap();
    for entry in std::fs::read_dir(cache.path()).unwrap() {
        std::fs::write(entry.unwrap().path(), b"plmlyr01 nonsense").unwrap();
    }
    assert_eq!(inventory(&reference, Some(cache.path())).unwrap(), first);
    destroy(folder.path());
    assert_eq!(inventory(&reference, Some(cache.path())).unwrap(), first);
}

#[test]
fn a_layer_with_a_wrong_digest_is_not_kept() {
    let cache = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    image("1").write_oci_dir(Compression::Gzip, folder.path());
    let other = tempfile::tempdir().unwrap();
    Image::new()
        .layer("x", &[(STATUS, &status("9"))])
        .write_oci_dir(Compression::Gzip, other.path());
    let layers = |folder: &Path| {
        let blobs = std::fs::read_dir(folder.join("blobs/sha256")).unwrap();
        let paths = blobs.map(|entry| entry.unwrap().path());
        paths.filter(|path| std::fs::read(path).unwrap().starts_with(&[0x1f])).collect::<Vec<_>>()
    };
    for layer in layers(folder.path()) {
        std::fs::copy(&layers(other.path())[0], layer).unwrap();
    }
    let reference = format!("oci-dir:{}", folder.path().display());
    assert!(inventory(&reference, Some(cache.path())).is_err());
    assert_eq!(entries(cache.path()), 0);
}

#[test]
fn a_layer_that_was_the_bottom_of_one_image_serves_in_another() {
    let cache = tempfile::tempdir().unwrap();
    let base = [(STATUS, &*status("1"))];
    let shared = [("srv/node_modules", "a file in place of the folder")];
    let below = [("srv/node_modules/b/package.json", "{\"name\":\"b\",\"version\":\"1\"}")];
    let images = [
        Image::new().layer("FROM", &shared).layer("x", &base),
        Image::new().layer("FROM", &below).layer("x", &shared),
    ];
    for image in images {
        let folder = tempfile::tempdir().unwrap();
        image.write_oci_dir(Compression::Gzip, folder.path());
        let reference = format!("oci-dir:{}", folder.path().display());
        let found = inventory(&reference, Some(cache.path())).unwrap();
        assert_eq!(found, inventory(&reference, None).unwrap());
        assert_eq!(found, inventory(&reference, Some(cache.path())).unwrap());
    }
}
