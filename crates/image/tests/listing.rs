//! The files of an image, where they are asked for.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use plimsoll_image::{Options, read};
use plimsoll_model::{FileKind, Listing};
use plimsoll_testkit::{Compression, Image, tar, tar_with_modes};

fn image() -> Image {
    Image::new()
        .raw_layer(
            "ADD",
            tar_with_modes(&[("bin/sudo", 0o4755, "program"), ("etc/motd", 0o644, "hello")]),
        )
        .raw_layer("RUN", tar(&[("etc/.wh.motd", ""), ("app/.wh..wh..opq", ""), ("app/run", "x")]))
}

fn listing(reference: &str) -> Option<Listing> {
    let options = Options { files: true, ..Options::default() };
    read(&reference.parse().unwrap(), &options).unwrap().listing
}

fn shown(listing: &Listing) -> Vec<Vec<String>> {
    let layer = |layer: &plimsoll_model::LayerFiles| {
        let one = |file: &plimsoll_model::ListedFile| {
            format!("{:?} {} {} {:o}", file.kind, file.path, file.size, file.mode)
        };
        layer.files.iter().map(one).collect()
    };
    listing.layers.iter().map(layer).collect()
}

#[test]
fn every_form_of_an_image_has_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    for compression in Compression::ALL {
        let archive = folder.path().join("app.tar");
        std::fs::write(&archive, image().docker_archive(compression)).unwrap();
        let layout = folder.path().join(format!("{compression:?}"));
        image().write_oci_dir(compression, &layout);
        for reference in [
            format!("docker-archive:{}", archive.display()),
            format!("oci-dir:{}", layout.display()),
        ] {
            let listing = listing(&reference).unwrap();
            assert_eq!(
                shown(&listing),
                [
                    vec!["File bin/sudo 7 4755", "File etc/motd 5 644"],
                    vec!["Opaque app 0 0", "File app/run 1 644", "Whiteout etc/motd 0 0"],
                ],
                "{reference}"
            );
            assert_eq!(listing.layers[0].bytes, 12);
        }
    }
}

#[test]
fn a_folder_lists_folders_links_and_owners() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("a")).unwrap();
    std::fs::write(folder.path().join("a/file"), "123").unwrap();
    std::os::unix::fs::symlink("../elsewhere", folder.path().join("a/link")).unwrap();
    let listing = listing(&format!("dir:{}", folder.path().display())).unwrap();
    let files = &listing.layers[0].files;
    let told: Vec<(FileKind, &str, &str)> =
        files.iter().map(|file| (file.kind, &*file.path, &*file.link)).collect();
    assert_eq!(
        told,
        [
            (FileKind::Folder, "a", ""),
            (FileKind::File, "a/file", ""),
            (FileKind::Symlink, "a/link", "../elsewhere")
        ]
    );
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(folder.path()).unwrap());
    assert!(files.iter().all(|file| file.uid == owner));
}

#[test]
fn who_does_not_ask_gets_none() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("app.tar");
    std::fs::write(&archive, image().docker_archive(Compression::Gzip)).unwrap();
    let reference = format!("docker-archive:{}", archive.display()).parse().unwrap();
    assert_eq!(read(&reference, &Options::default()).unwrap().listing, None);
}
