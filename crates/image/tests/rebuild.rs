//! Images that were built twice, and what is said of their differences.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::path::Path;

use plimsoll_image::opened::{OpenImage, open};
use plimsoll_image::rebuild::{Comparison, compare};
use plimsoll_image::{ImageError, Options};
use plimsoll_testkit::{Compression, Image};

/// A member of a layer.
struct File<'f> {
    path: &'f str,
    content: &'f [u8],
    time: u64,
    owner: u64,
    mode: u32,
}

fn file<'f>(path: &'f str, content: &'f [u8]) -> File<'f> {
    File { path, content, time: 1_700_000_000, owner: 0, mode: 0o644 }
}

fn layer(files: &[File<'_>]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(file.content.len() as u64);
        header.set_mode(file.mode);
        header.set_mtime(file.time);
        header.set_uid(file.owner);
        header.set_gid(0);
        tar.append_data(&mut header, file.path, file.content).unwrap();
    }
    tar.into_inner().unwrap()
}

fn opened(image: &Image, compression: Compression, folder: &Path, name: &str) -> OpenImage {
    let path = folder.join(name);
    std::fs::write(&path, image.oci_archive(compression)).unwrap();
    open(&format!("oci-archive:{}", path.display()).parse().unwrap(), &Options::default()).unwrap()
}

fn compared(one: &Image, other: &Image) -> Comparison {
    let folder = tempfile::tempdir().unwrap();
    let a = opened(one, Compression::Gzip, folder.path(), "a");
    let b = opened(other, Compression::Gzip, folder.path(), "b");
    compare(&a, &b).unwrap()
}

/// Causes with how often they were found, without those that follow in the documents.
fn causes(done: &Comparison) -> Vec<(&'static str, u64)> {
    done.layers.iter().flat_map(|it| &it.found).map(|it| (it.cause.id, it.count)).collect()
}

fn of_layer(files: &[File<'_>]) -> Image {
    Image::new()
        .layer("FROM base", &[("etc/os-release", "ID=debian")])
        .raw_layer("RUN make", layer(files))
}

#[test]
fn the_same_image_is_equal_bit_for_bit_in_every_form() {
    let image = of_layer(&[file("a", b"1")]);
    let done = compared(&image, &image);
    assert!(done.is_equal && done.is_benign() && done.found().next().is_none());
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str, transport: &str, bytes: Vec<u8>| {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let reference = format!("{transport}:{}", folder.path().join(name).display());
        open(&reference.parse().unwrap(), &Options::default()).unwrap()
    };
    let saved = read("saved", "docker-archive", image.docker_archive(Compression::None));
    let oci = read("oci", "oci-archive", image.oci_archive(Compression::Gzip));
    let done = compare(&saved, &oci).unwrap();
    assert!(done.is_equal, "a daemon keeps layers that are not compressed: {:?}", causes(&done));
    assert!(done.original.manifest.is_none() && done.rebuilt.manifest.is_some());
}

#[test]
fn each_attribute_of_a_member_is_a_cause_of_its_own() {
    let one = of_layer(&[file("a", b"1"), file("b", b"2"), file("c", b"3"), file("d", b"4")]);
    let other = of_layer(&[
        File { time: 1_700_000_001, ..file("a", b"1") },
        File { owner: 7, ..file("b", b"2") },
        File { mode: 0o600, ..file("c", b"3") },
        file("d", b"5"),
    ]);
    let done = compared(&one, &other);
    assert_eq!(causes(&done), [("content", 1), ("mode", 1), ("owner", 1), ("mtime", 1)]);
    assert!(!done.is_equal && !done.is_benign());
    let layer = &done.layers[1];
    assert!(done.layers[0].is_equal);
    assert_eq!((layer.created_by.as_str(), layer.members), ("RUN make", 4));
    let mtime = &layer.found[3].examples[0];
    assert_eq!(
        (mtime.path.as_str(), mtime.original.as_str(), mtime.rebuilt.as_str()),
        ("a", "2023-11-14T22:13:20Z", "2023-11-14T22:13:21Z")
    );
}

#[test]
fn another_order_is_told_once_and_nothing_else() {
    let one = of_layer(&[file("a", b"1"), file("b", b"2"), file("c", b"3")]);
    let other = of_layer(&[file("c", b"3"), file("a", b"1"), file("b", b"2")]);
    assert_eq!(causes(&compared(&one, &other)), [("order", 1)]);
}

#[test]
fn a_member_more_or_less_is_told_and_is_no_other_order() {
    let one = of_layer(&[file("a", b"1"), file("x", b""), file("b", b"2"), file("c", b"3")]);
    let other = of_layer(&[file("y", b""), file("a", b"1"), file("b", b"2"), file("c", b"3")]);
    assert_eq!(causes(&compared(&one, &other)), [("only-in-original", 1), ("only-in-rebuilt", 1)]);
}

#[test]
fn a_path_that_stands_twice_meets_its_namesakes_in_order() {
    let one = of_layer(&[file("a", b"1"), file("b", b""), file("a", b"2")]);
    let other = of_layer(&[file("a", b"1"), file("b", b""), file("a", b"3"), file("a", b"4")]);
    assert_eq!(causes(&compared(&one, &other)), [("content", 1), ("only-in-rebuilt", 1)]);
}

#[test]
fn another_compression_of_one_tar_is_no_other_content() {
    let image = of_layer(&[file("a", &b"text ".repeat(1000))]);
    let folder = tempfile::tempdir().unwrap();
    let gzip = opened(&image, Compression::Gzip, folder.path(), "a");
    let zstd = opened(&image, Compression::Zstd, folder.path(), "b");
    let done = compare(&gzip, &zstd).unwrap();
    assert_eq!(causes(&done), [("compression", 1), ("compression", 1)]);
    assert!(done.is_benign() && !done.is_equal);
    assert!(done.layers[1].found[0].examples[0].original.starts_with("gzip: flags 0, time 0"));
}

#[test]
fn logs_caches_and_times_in_files_are_known() {
    let log = |time: &str| format!("{time} status installed libc6:amd64 2.36\n").into_bytes();
    let pyc = |time: u8| {
        [&b"\xcb\x0d\x0d\x0a\0\0\0\0"[..], &[time, 0, 0, 0, 9, 0, 0, 0], b"code"].concat()
    };
    let files = |n: u8| {
        let day = format!("2024-01-0{n} 10:00:00");
        layer(&[
            file("var/log/dpkg.log", &log(&day)),
            file("usr/lib/a.pyc", &pyc(n)),
            file("etc/stamp", day.as_bytes()),
            file("etc/list", if n == 1 { b"a\nb\n" } else { b"b\na\n" }),
        ])
    };
    let image = |n| Image::new().raw_layer("RUN apt-get install", files(n));
    let done = compared(&image(1), &image(2));
    assert_eq!(
        causes(&done),
        [("package-log", 1), ("pyc", 1), ("text-time", 1), ("line-order", 1)]
    );
    assert!(done.is_benign());
    let remedies: Vec<&str> = done.causes().iter().map(|cause| cause.remedy).collect();
    assert!(remedies.iter().any(|remedy| remedy.contains("PYTHONDONTWRITEBYTECODE")));
}

#[test]
fn a_layer_that_only_one_image_has_is_told_by_its_instruction() {
    let one = of_layer(&[file("a", b"1")]);
    let other = Image::new()
        .layer("FROM base", &[("etc/os-release", "ID=debian")])
        .layer("COPY extra", &[("extra", "")])
        .raw_layer("RUN make", layer(&[file("a", b"1")]));
    let done = compared(&one, &other);
    assert_eq!(causes(&done), [("layer", 1)]);
    assert_eq!(done.layers[1].created_by, "COPY extra");
    assert!(done.layers[2].is_equal);
}

#[test]
fn a_layer_whose_bytes_are_not_those_of_its_digest_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layout");
    let image = of_layer(&[file("a", b"1")]);
    image.write_oci_dir(Compression::Gzip, &path);
    let reference = format!("oci-dir:{}", path.display()).parse().unwrap();
    let good = opened(&of_layer(&[file("a", b"2")]), Compression::Gzip, folder.path(), "b");
    let bad = open(&reference, &Options::default()).unwrap();
    let digest = bad.layers[1].digest.clone().unwrap();
    let blob = path.join("blobs/sha256").join(digest.hex());
    std::fs::write(blob, other_layer()).unwrap();
    match compare(&bad, &good) {
        Err(ImageError::WrongDigest { expected, .. }) => assert_eq!(expected, digest),
        other => panic!("{:?}", other.map(|done| done.is_equal)),
    }
}

/// The stored form of a layer that nobody promised.
fn other_layer() -> Vec<u8> {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&layer(&[file("a", b"evil")])).unwrap();
    gzip.finish().unwrap()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn damaged_layers_are_errors_or_differences_and_never_a_panic(
        at in 0_usize..4096, byte in proptest::num::u8::ANY, cut in 0_usize..4096,
    ) {
        let good = layer(&[file("a", b"1"), file("b", &[7; 600])]);
        let mut bad = good.clone();
        if let Some(slot) = bad.get_mut(at) {
            *slot = byte;
        }
        bad.truncate(cut);
        let folder = tempfile::tempdir().unwrap();
        let image = |tar| Image::new().raw_layer("RUN", tar);
        let a = opened(&image(good.clone()), Compression::None, folder.path(), "a");
        let b = opened(&image(bad.clone()), Compression::None, folder.path(), "b");
        if let Ok(done) = compare(&a, &b) {
            proptest::prop_assert_eq!(done.is_equal, good == bad);
        }
    }
}
