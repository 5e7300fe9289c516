//! The same image in every form gives the same inventory, and a damaged one says what is wrong.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::path::Path;

use plimsoll_image::{ImageError, Options, read};
use plimsoll_model::{Inventory, Package};
use plimsoll_testkit::{Compression, Image, tar};

const OS: (&str, &str) =
    ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian 12\"\n");
const BASE: &str = "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n\nPackage: gcc\nStatus: install ok installed\nVersion: 12\n";
const LATER: &str = "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n\nPackage: python3-django\nStatus: install ok installed\nVersion: 3:3.2-1\n";
const DJANGO: &str = "usr/lib/python3/dist-packages/Django-3.2.dist-info/METADATA";
const STATUS: &str = "var/lib/dpkg/status";

fn image() -> Image {
    let list = format!("/.\n/{DJANGO}\n");
    Image::new()
        .layer(
            "FROM debian:12",
            &[
                OS,
                (STATUS, BASE),
                ("app/node_modules/a/package.json", r#"{"name":"a","version":"1.0.0"}"#),
            ],
        )
        .layer(
            "RUN apt-get install -y python3-django",
            &[
                (STATUS, LATER),
                ("var/lib/dpkg/info/python3-django.list", &list),
                (DJANGO, "Name: Django\nVersion: 3.2\n"),
            ],
        )
        .layer("RUN rm -r /app", &[(".wh.app", "")])
}

fn inventory(reference: &str) -> Result<Inventory, ImageError> {
    read(&reference.parse().unwrap(), &Options::default())
}

fn saved(bytes: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

fn of_archive(transport: &str, bytes: &[u8]) -> Result<Inventory, ImageError> {
    let file = saved(bytes);
    inventory(&format!("{transport}:{}", file.path().display()))
}

fn shown(package: &Package) -> String {
    let layer = package.locations[0].layer.map(|l| format!(" layer {l}")).unwrap_or_default();
    let gone = package.removed_in.map(|l| format!(" removed in {l}")).unwrap_or_default();
    let owner = package.owner.as_ref().map(|o| format!(" of {o}")).unwrap_or_default();
    format!("{} {}{layer}{gone}{owner}\n", package.name, package.version)
}

fn packages(inventory: &Inventory) -> String {
    inventory.packages.iter().map(shown).collect()
}

#[test]
fn every_form_and_compression_gives_the_same_packages() {
    let expected = "bash 5.2-1 layer 0\ngcc 12 layer 0 removed in 1\npython3-django 3:3.2-1 layer 1\n\
                    a 1.0.0 layer 0 removed in 2\nDjango 3.2 layer 1 of python3-django\n";
    for compression in Compression::ALL {
        let image = image();
        let folder = tempfile::tempdir().unwrap();
        image.write_oci_dir(compression, folder.path());
        let forms = [
            of_archive("docker-archive", &image.docker_archive(compression)).unwrap(),
            of_archive("oci-archive", &image.oci_archive(compression)).unwrap(),
            inventory(&format!("oci-dir:{}", folder.path().display())).unwrap(),
        ];
        for inventory in forms {
            assert_eq!(packages(&inventory), expected, "{compression:?}");
            assert!(inventory.problems.is_empty(), "{:?}", inventory.problems);
            assert_eq!(inventory.distro.unwrap().ecosystem.unwrap().to_string(), "Debian:12");
            assert_eq!(inventory.layers[1].created_by, "RUN apt-get install -y python3-django");
            assert_eq!(inventory.artifact.user, "app");
        }
    }
}

#[test]
fn a_folder_lists_what_lies_in_it_and_follows_no_link() {
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("node_modules/a");
    std::fs::create_dir_all(&package).unwrap();
    std::fs::write(package.join("package.json"), r#"{"name":"a","version":"1.0.0"}"#).unwrap();
    let outside = tempfile::tempdir().unwrap();
    let other = outside.path().join("node_modules/b");
    std::fs::create_dir_all(&other).unwrap();
    std::fs::write(other.join("package.json"), r#"{"name":"b","version":"1.0.0"}"#).unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
    let inventory = inventory(&format!("dir:{}", folder.path().display())).unwrap();
    assert_eq!(packages(&inventory), "a 1.0.0\n");
}

#[test]
fn a_cut_layer_keeps_what_came_before_and_is_partial() {
    let full = tar(&[OS, (STATUS, BASE), ("big", &"x".repeat(5000))]);
    for compression in Compression::ALL {
        let image = Image::new().raw_layer("FROM debian:12", full[..full.len() - 4000].to_vec());
        let inventory = of_archive("docker-archive", &image.docker_archive(compression)).unwrap();
        assert_eq!(packages(&inventory), "bash 5.2-1 layer 0\ngcc 12 layer 0\n");
        assert!(inventory.is_partial());
        assert!(
            inventory.problems[0].message.contains("tar is cut off at byte"),
            "{:?}",
            inventory.problems
        );
    }
}

#[test]
fn a_layer_with_other_bytes_than_its_digest_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    image().write_oci_dir(Compression::Gzip, folder.path());
    let other = tempfile::tempdir().unwrap();
    Image::new().layer("x", &[OS]).write_oci_dir(Compression::Gzip, other.path());
    let largest = |folder: &Path| {
        let blobs = std::fs::read_dir(folder.join("blobs/sha256")).unwrap();
        blobs
            .map(|e| e.unwrap().path())
            .filter(|p| std::fs::read(p).unwrap().starts_with(&[0x1f, 0x8b]))
            .max()
            .unwrap()
    };
    std::fs::copy(largest(other.path()), largest(folder.path())).unwrap();
    let error = inventory(&format!("oci-dir:{}", folder.path().display())).unwrap_err();
    assert!(matches!(error, ImageError::WrongDigest { .. }), "{error}");
}

#[test]
fn what_is_no_image_is_named() {
    let missing = inventory("docker-archive:/nowhere.tar").unwrap_err().to_string();
    assert!(missing.contains("cannot read `/nowhere.tar`"), "{missing}");
    let text = of_archive("docker-archive", b"not a tar at all").unwrap_err().to_string();
    assert!(text.contains("tar is cut off at byte"), "{text}");
    let empty = of_archive("oci-archive", &tar(&[("index.json", "{")])).unwrap_err().to_string();
    assert!(empty.contains("index.json is malformed"), "{empty}");
    let alien = of_archive("docker-archive", &tar(&[("a", "b")])).unwrap_err().to_string();
    assert!(alien.contains("has no member `index.json`"), "{alien}");
}

#[test]
fn paths_that_lead_out_of_the_image_are_passed_over_and_told() {
    // The tar crate refuses to write `..`: the name is put into the finished header.
    let mut bytes = tar(&[("aa/var/lib/dpkg/status", BASE)]);
    bytes[..2].copy_from_slice(b"..");
    bytes[148..156].copy_from_slice(b"        ");
    let sum: u32 = bytes[..512].iter().map(|&b| u32::from(b)).sum();
    bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let inventory = of_archive(
        "docker-archive",
        &Image::new().raw_layer("x", bytes).docker_archive(Compression::None),
    )
    .unwrap();
    assert_eq!(packages(&inventory), "");
    assert_eq!(inventory.problems[0].message, "path leads out of the image");
}

/// Sixteen package databases of real Alpine root file systems.
#[test]
fn real_alpine_roots_list_every_package_of_their_database() {
    let shared = std::env::var("PLIMSOLL_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").into());
    let roots = Path::new(&shared).join("data/roots");
    let Ok(roots) = std::fs::read_dir(&roots) else {
        println!("skipped: no {}", roots.display());
        return;
    };
    for root in roots.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let inventory = inventory(&format!("rootfs:{}", root.display())).unwrap();
        let database = std::fs::read_to_string(root.join("lib/apk/db/installed")).unwrap();
        let stated = database.lines().filter(|line| line.starts_with("P:")).count();
        assert!(stated > 10);
        assert_eq!(inventory.packages.len(), stated, "{}", root.display());
        let ecosystem = inventory.distro.unwrap().ecosystem.unwrap();
        assert_eq!(ecosystem.name().as_str(), "Alpine", "{}", root.display());
    }
}
