//! Damaged and hostile images end with a clear word, and what could be read is kept.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::io::Write;
use std::path::Path;

use plimsoll_image::{ImageError, Options, read};
use plimsoll_model::{Inventory, ProblemKind};
use plimsoll_testkit::{Compression, Image, tar};
use serde_json::{Value, json};

const STATUS: &str = "var/lib/dpkg/status";
const BASH: &str = "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n";

fn inventory(reference: &str) -> Result<Inventory, ImageError> {
    read(&reference.parse().unwrap(), &Options::default())
}

fn of_archive(transport: &str, bytes: &[u8]) -> Result<Inventory, ImageError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    inventory(&format!("{transport}:{}", file.path().display()))
}

fn names(inventory: &Inventory) -> Vec<&str> {
    inventory.packages.iter().map(|package| package.name.as_str()).collect()
}

fn problems(inventory: &Inventory) -> String {
    let line = |p: &plimsoll_model::Problem| format!("{:?} {}: {}\n", p.kind, p.path, p.message);
    inventory.problems.iter().map(line).collect()
}

/// A layout whose documents can be changed: each is written under the digest that it then has.
struct Layout(tempfile::TempDir);

impl Layout {
    fn of(image: &Image, compression: Compression) -> Self {
        let folder = tempfile::tempdir().unwrap();
        image.write_oci_dir(compression, folder.path());
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn read(&self) -> Result<Inventory, ImageError> {
        inventory(&format!("oci-dir:{}", self.path().display()))
    }

    fn document(&self, descriptor: &Value) -> Value {
        let digest = descriptor["digest"].as_str().unwrap().replace(':', "/");
        serde_json::from_slice(&std::fs::read(self.path().join("blobs").join(digest)).unwrap())
            .unwrap()
    }

    fn index(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path().join("index.json")).unwrap()).unwrap()
    }

    fn store(&self, document: &Value) -> Value {
        use sha2::Digest;
        let bytes = serde_json::to_vec(document).unwrap();
        let hash = sha2::Sha256::digest(&bytes);
        let digest = plimsoll_model::Digest::sha256(&hash.into());
        std::fs::write(self.path().join("blobs/sha256").join(digest.hex()), &bytes).unwrap();
        json!({"digest": digest.to_string(), "size": bytes.len()})
    }

    /// Puts `document` in the place of the index's only manifest.
    fn with_manifest(self, document: &Value) -> Self {
        let index = json!({"schemaVersion": 2, "manifests": [self.store(document)]});
        std::fs::write(self.path().join("index.json"), index.to_string()).unwrap();
        self
    }

    fn manifest(&self) -> Value {
        self.document(&self.index()["manifests"][0])
    }

    fn delete(&self, descriptor: &Value) {
        let digest = descriptor["digest"].as_str().unwrap().replace(':', "/");
        std::fs::remove_file(self.path().join("blobs").join(digest)).unwrap();
    }
}

fn image() -> Image {
    Image::new().layer("FROM", &[(STATUS, BASH)]).layer("COPY", &[("etc/motd", "hello")])
}

#[test]
fn a_foreign_layer_that_is_not_there_makes_the_result_partial() {
    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    for change in [json!({"mediaType": foreign}), json!({"urls": ["https://example.com/layer"]})] {
        let layout = Layout::of(&image(), Compression::Gzip);
        let mut manifest = layout.manifest();
        layout.delete(&manifest["layers"][1]);
        for (key, value) in change.as_object().unwrap() {
            manifest["layers"][1][key] = value.clone();
        }
        let inventory = layout.with_manifest(&manifest).read().unwrap();
        assert_eq!(names(&inventory), ["bash"]);
        assert!(inventory.is_partial());
        assert!(problems(&inventory).contains("Partial : foreign layer `blobs/sha256/"));
        assert_eq!(inventory.problems[0].layer, Some(1));
    }
}

#[test]
fn a_layer_that_is_missing_and_not_foreign_is_an_error_that_names_it() {
    let layout = Layout::of(&image(), Compression::Gzip);
    layout.delete(&layout.manifest()["layers"][1]);
    let error = layout.read().unwrap_err().to_string();
    assert!(error.contains("cannot read `") && error.contains("blobs/sha256/"), "{error}");
}

#[test]
fn a_manifest_of_the_first_schema_is_named() {
    let old = json!({"schemaVersion": 1, "name": "a", "fsLayers": [], "history": []});
    let layout = Layout::of(&image(), Compression::None).with_manifest(&old);
    let error = layout.read().unwrap_err().to_string();
    assert!(error.contains("it has schema 1"), "{error}");
}

#[test]
fn a_manifest_without_configuration_is_an_error_and_one_without_layers_an_empty_image() {
    let layout = Layout::of(&image(), Compression::None);
    let mut manifest = layout.manifest();
    manifest["layers"] = json!([]);
    let layout = layout.with_manifest(&manifest);
    let inventory = layout.read().unwrap();
    assert!(inventory.packages.is_empty() && inventory.layers.is_empty());
    assert_eq!(
        problems(&inventory),
        "Note : the history has 2 steps for 0 layers: which made which is not known\n"
    );
    let error = layout.with_manifest(&json!({"schemaVersion": 2})).read().unwrap_err().to_string();
    assert!(error.contains("names no configuration"), "{error}");
}

#[test]
fn an_index_in_an_index_is_followed_but_not_for_ever() {
    let mut layout = Layout::of(&image(), Compression::None);
    let mut document = layout.manifest();
    for depth in 0..12 {
        let outer = json!({"schemaVersion": 2, "manifests": [layout.store(&document)]});
        document = outer;
        layout = layout.with_manifest(&document);
        let outcome = layout.read();
        if depth < 8 {
            assert_eq!(names(&outcome.unwrap()), ["bash"], "{depth}");
        } else {
            let error = outcome.unwrap_err().to_string();
            assert!(error.contains("nested more than 8 deep"), "{error}");
        }
    }
}

#[test]
fn a_history_that_does_not_fit_leaves_the_instructions_open() {
    let layout = Layout::of(&image(), Compression::None);
    let mut manifest = layout.manifest();
    let mut config = layout.document(&manifest["config"]);
    config["history"] = json!([{"created_by": "ADD"}]);
    manifest["config"] = layout.store(&config);
    let inventory = layout.with_manifest(&manifest).read().unwrap();
    assert_eq!(names(&inventory), ["bash"]);
    assert!(inventory.layers.iter().all(|layer| layer.created_by.is_empty()));
    assert!(!inventory.is_partial());
    assert_eq!(inventory.problems[0].kind, ProblemKind::Note);
}

#[test]
fn damage_within_a_compressed_layer_keeps_what_came_before_it() {
    // Noise, because a layer that compresses well is over before the damage.
    let mut state = 1_u32;
    let noise: String = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'!' + state.to_be_bytes()[0] % 90)
    })
    .take(3_000_000)
    .collect();
    let layer =
        tar(&[(STATUS, BASH), ("noise", &noise), ("app/node_modules/a/package.json", "{}")]);
    for pack in [gzip, zstd] {
        let packed = Image::new().raw_layer("x", pack(&layer));
        let archive = packed.docker_archive(Compression::None);
        for (at, what) in [(archive.len() / 2, "changed"), (archive.len() / 3, "zeroed")] {
            let mut damaged = archive.clone();
            damaged[at..at + 600].fill(if what == "changed" { 0xa5 } else { 0 });
            let inventory = of_archive("docker-archive", &damaged).unwrap();
            assert_eq!(names(&inventory), ["bash"], "{what}");
            assert!(inventory.is_partial(), "{what}");
            assert!(problems(&inventory).contains("layer is damaged:"), "{what}");
        }
    }
}

#[test]
fn a_bomb_is_stopped_and_named() {
    let mut bomb = Vec::new();
    let mut encoder = flate2::write::GzEncoder::new(&mut bomb, flate2::Compression::best());
    let mut header = ::tar::Header::new_gnu();
    header.set_path("zeros").unwrap();
    header.set_size(1 << 32);
    header.set_cksum();
    encoder.write_all(header.as_bytes()).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..120 {
        encoder.write_all(&zeros).unwrap();
    }
    encoder.finish().unwrap();
    let archive = Image::new().raw_layer("x", bomb).docker_archive(Compression::None);
    let inventory = of_archive("docker-archive", &archive).unwrap();
    assert!(problems(&inventory).contains("decompression bomb"), "{}", problems(&inventory));
}

#[test]
fn absolute_paths_and_loops_of_links_are_read_as_what_they_are_in_the_image() {
    let mut layer = ::tar::Builder::new(Vec::new());
    let mut link = |path: &str, target: &str| {
        let mut header = ::tar::Header::new_gnu();
        header.set_entry_type(::tar::EntryType::Symlink);
        header.set_size(0);
        layer.append_link(&mut header, path, target).unwrap();
    };
    link("a", "b");
    link("b", "a");
    link("var", "var");
    let mut bytes = tar(&[("xvar/lib/dpkg/status", BASH)]);
    bytes[0] = b'/';
    bytes[148..156].fill(b' ');
    let sum: u32 = bytes[..512].iter().map(|&byte| u32::from(byte)).sum();
    bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut layer = layer.into_inner().unwrap();
    layer.truncate(3 * 512);
    layer.extend(bytes);
    let archive = Image::new().raw_layer("x", layer).docker_archive(Compression::None);
    let inventory = of_archive("docker-archive", &archive).unwrap();
    assert_eq!(names(&inventory), ["bash"]);
    assert_eq!(problems(&inventory), "");
}

#[test]
fn an_archive_that_was_compressed_as_a_whole_reads_like_any_other() {
    for pack in [gzip, zstd] {
        let archive = pack(&image().docker_archive(Compression::Gzip));
        assert_eq!(names(&of_archive("docker-archive", &archive).unwrap()), ["bash"]);
        let cut = of_archive("docker-archive", &archive[..archive.len() - 20]).unwrap_err();
        assert!(cut.to_string().contains("cannot read"), "{cut}");
    }
}

#[test]
fn a_database_that_a_symbolic_link_leads_to_is_read_once_where_it_is() {
    let mut layer = ::tar::Builder::new(Vec::new());
    let mut header = ::tar::Header::new_gnu();
    header.set_entry_type(::tar::EntryType::Symlink);
    header.set_size(0);
    layer.append_link(&mut header, "lib", "usr/lib").unwrap();
    let mut layer = layer.into_inner().unwrap();
    layer.truncate(512);
    layer.extend(tar(&[("usr/lib/apk/db/installed", "P:musl\nV:1.2.5-r0\n\n")]));
    let archive = Image::new().raw_layer("x", layer).docker_archive(Compression::None);
    assert_eq!(names(&of_archive("docker-archive", &archive).unwrap()), ["musl"]);
}

#[test]
fn a_file_list_with_the_old_place_of_a_file_owns_it_in_the_new_one() {
    let layer = [
        ("var/lib/dpkg/info/python3-a.list", "/lib/python3/a-1.dist-info/METADATA\n"),
        ("usr/lib/python3/a-1.dist-info/METADATA", "Name: a\nVersion: 1\n"),
        (STATUS, BASH),
    ];
    let archive = Image::new().layer("x", &layer).docker_archive(Compression::Gzip);
    let inventory = of_archive("docker-archive", &archive).unwrap();
    let owner = |name| inventory.packages.iter().find(|p| p.name == name).unwrap().owner.as_deref();
    assert_eq!(owner("a"), Some("python3-a"));
    assert_eq!(owner("bash"), None);
}

#[test]
fn what_fills_up_a_compressed_layer_at_its_end_is_no_damage() {
    let padded = [gzip(&tar(&[(STATUS, BASH)])), vec![0; 600]].concat();
    let archive = Image::new().raw_layer("x", padded).docker_archive(Compression::None);
    let inventory = of_archive("docker-archive", &archive).unwrap();
    assert_eq!((names(&inventory), problems(&inventory)), (vec!["bash"], String::new()));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// With the checksum that zstd(1) writes too.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
