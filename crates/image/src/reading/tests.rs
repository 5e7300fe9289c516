//! The same layer in a file and as a stream gives the same, wherever both can.

use std::fs::File as StdFile;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use plimsoll_model::{Inventory, Package, PackageKind};
use sha2::Digest as _;

use super::*;
use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::tar::{FileWindow, Stream};

/// Says of each file how long it is and what it contains.
struct Digesting(&'static str, &'static [Want]);

impl Cataloguer for Digesting {
    fn name(&self) -> &'static str {
        self.0
    }

    fn wants(&self) -> &'static [Want] {
        self.1
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let content = file.content();
        let (mut hash, mut at, mut buffer) = (xxhash_rust::xxh3::Xxh3::new(), 0, vec![0; 1 << 16]);
        loop {
            let read = content.read_at(&mut buffer, at)?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            at += read as u64;
        }
        let version = format!("{at}:{:x}", hash.digest());
        found.add(Package::new(PackageKind::Generic, self.0, version));
        Ok(())
    }
}

const WANTED: Digesting = Digesting("wanted", &[Want::Name("wanted"), Want::Suffix(".wanted")]);
const PROGRAMS: Digesting = Digesting("program", &[Want::Executable]);

#[derive(Clone, Copy, PartialEq)]
enum Form {
    InFile,
    Stream,
}

fn read(tar: &Path, form: Form, is_bottom: bool) -> LayerInventory {
    let all: [&dyn Cataloguer; 2] = [&WANTED, &PROGRAMS];
    read_for(&WantIndex::new(&all), tar, form, is_bottom)
}

fn read_for(wants: &WantIndex<'_>, tar: &Path, form: Form, is_bottom: bool) -> LayerInventory {
    if form == Form::Stream {
        let bytes = std::io::BufReader::new(StdFile::open(tar).unwrap());
        return read_layer(Archive::new(Stream::new(bytes), 1000), || None, wants, is_bottom);
    }
    let file = Arc::new(StdFile::open(tar).unwrap());
    let archive = || Archive::new(FileWindow::new(Arc::clone(&file), 0, u64::MAX).unwrap(), 1000);
    read_layer(archive(), || Some(archive()), wants, is_bottom)
}

fn merged(layers: Vec<LayerInventory>) -> String {
    let mut inventory = Inventory::default();
    crate::merge::merge(layers, true, &mut inventory);
    let mut lines: Vec<String> = Vec::new();
    for package in &inventory.packages {
        let line = |l: &plimsoll_model::Location| {
            format!("{} {} {}\n", l.path, package.name, package.version)
        };
        lines.extend(package.locations.iter().map(line));
    }
    lines.sort();
    let problem = |p: &plimsoll_model::Problem| format!("{:?} {}: {}\n", p.kind, p.path, p.message);
    lines.into_iter().chain(inventory.problems.iter().map(problem)).collect()
}

fn listed(tar: &Path, form: Form) -> String {
    merged(vec![read(tar, form, true)])
}

struct Layer(::tar::Builder<Vec<u8>>);

impl Layer {
    fn new() -> Self {
        Self(::tar::Builder::new(Vec::new()))
    }

    fn file(mut self, path: &str, mode: u32, content: &[u8]) -> Self {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        self.0.append_data(&mut header, path, content).unwrap();
        self
    }

    fn special(mut self, path: &str, kind: ::tar::EntryType, target: &str) -> Self {
        let mut header = ::tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        header.set_mode(0o755);
        self.0.append_link(&mut header, path, target).unwrap();
        self
    }

    fn hard_link(self, path: &str, target: &str) -> Self {
        self.special(path, ::tar::EntryType::Link, target)
    }

    fn saved(self) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&self.0.into_inner().unwrap()).unwrap();
        file
    }
}

fn version(content: &[u8]) -> String {
    format!("{}:{:x}", content.len(), xxhash_rust::xxh3::xxh3_64(content))
}

#[test]
fn programs_are_summed_whoever_else_wants_them_and_nothing_else_is() {
    let large: Vec<u8> = (0..3_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    let tar = Layer::new()
        .file("bin/small", 0o644, b"#!/bin/sh")
        .file("opt/large", 0o755, &large)
        .file("opt/wanted", 0o755, b"\x7fELF program")
        .file("opt/empty", 0o755, b"")
        .file("etc/wanted", 0o644, b"text")
        .hard_link("opt/other", "opt/large")
        .saved();
    let all: [&dyn Cataloguer; 2] = [&WANTED, &PROGRAMS];
    let wants = WantIndex::new(&all).with_survey().with_contents();
    for form in [Form::InFile, Form::Stream] {
        let mut inventory = Inventory::default();
        crate::merge::merge(vec![read_for(&wants, tar.path(), form, true)], true, &mut inventory);
        let contents = inventory.survey.unwrap().contents;
        let sizes: Vec<(&str, u64)> =
            contents.iter().map(|(path, content)| (path.as_str(), content.size)).collect();
        let expected = [
            ("bin/small", 9),
            ("opt/empty", 0),
            ("opt/large", 3_000_000),
            ("opt/other", 3_000_000),
            ("opt/wanted", 12),
        ];
        assert_eq!(sizes, expected);
        assert_eq!(contents["opt/large"].sha256, *sha2::Sha256::digest(&large));
        assert_eq!(inventory.packages.len(), 2, "those who want files still read them");
    }
}

#[test]
fn content_is_the_same_in_a_file_and_in_a_stream_whatever_its_size() {
    let large: Vec<u8> = (0..5_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    let tar = Layer::new()
        .file("a/wanted", 0o644, b"small")
        .file("other", 0o644, &[7; 3000])
        .file("b/wanted", 0o644, &large)
        .file("c/wanted", 0o644, b"")
        .saved();
    let expected = format!(
        "a/wanted wanted {}\nb/wanted wanted {}\nc/wanted wanted {}\n",
        version(b"small"),
        version(&large),
        version(b"")
    );
    assert_eq!(listed(tar.path(), Form::InFile), expected);
    assert_eq!(listed(tar.path(), Form::Stream), expected);
}

#[test]
fn programs_are_read_by_their_first_bytes_and_libraries_are_not() {
    let program = [&b"\x7fELF"[..], &[1; 200]].concat();
    let tar = Layer::new()
        .file("bin/tool", 0o755, &program)
        .file("app/plain", 0o644, &program)
        .file("usr/lib/libx.so.1", 0o755, &program)
        .file("bin/script", 0o755, b"#!/bin/sh\necho, and enough text to be as long as a header")
        .file("both.wanted", 0o755, &program)
        .hard_link("bin/other", "bin/tool")
        .saved();
    let it = version(&program);
    let expected = format!(
        "bin/other program {it}\nbin/tool program {it}\nboth.wanted program {it}\nboth.wanted wanted {it}\n"
    );
    assert_eq!(listed(tar.path(), Form::InFile), expected);
    assert_eq!(listed(tar.path(), Form::Stream), expected);
}

#[test]
fn a_hard_link_to_a_file_that_was_read_gives_the_same() {
    let tar = Layer::new().file("a/wanted", 0o644, b"one").hard_link("b/wanted", "./a/wanted");
    let tar = tar.hard_link("c/nobody", "a/wanted").saved();
    let it = version(b"one");
    let expected = format!("a/wanted wanted {it}\nb/wanted wanted {it}\n");
    assert_eq!(listed(tar.path(), Form::InFile), expected);
    assert_eq!(listed(tar.path(), Form::Stream), expected);
}

#[test]
fn a_hard_link_to_a_file_that_nobody_wants_is_read_where_it_can_be() {
    let tar =
        Layer::new().file("store/17", 0o644, b"one").hard_link("a/wanted", "store/17").saved();
    let it = version(b"one");
    assert_eq!(listed(tar.path(), Form::InFile), format!("a/wanted wanted {it}\n"));
    assert_eq!(
        listed(tar.path(), Form::Stream),
        "Partial a/wanted: not read: a hard link to `store/17`, whose content is not at hand\n"
    );
}

#[test]
fn a_hard_link_may_name_a_file_of_a_lower_layer() {
    let lower = Layer::new().file("a/wanted", 0o644, b"one").saved();
    let upper =
        Layer::new().hard_link("b/wanted", "a/wanted").hard_link("c/wanted", "nowhere").saved();
    for form in [Form::InFile, Form::Stream] {
        let layers = vec![read(lower.path(), form, true), read(upper.path(), form, false)];
        let it = version(b"one");
        assert_eq!(
            merged(layers),
            format!(
                "a/wanted wanted {it}\nb/wanted wanted {it}\nPartial c/wanted: not read: a hard link to `nowhere`, whose content is not at hand\n"
            )
        );
    }
}

#[test]
fn of_a_path_that_stands_twice_the_later_content_counts() {
    let tar = Layer::new().file("a/wanted", 0o644, b"one").file("a/wanted", 0o644, b"two").saved();
    let expected = format!("a/wanted wanted {}\n", version(b"two"));
    assert_eq!(listed(tar.path(), Form::InFile), expected);
    assert_eq!(listed(tar.path(), Form::Stream), expected);
}

#[test]
fn links_devices_and_pipes_are_passed_over() {
    let tar = Layer::new()
        .special("loop/wanted", ::tar::EntryType::Symlink, "../loop/wanted")
        .special("dev/wanted", ::tar::EntryType::Char, "x")
        .special("pipe/wanted", ::tar::EntryType::Fifo, "x")
        .hard_link("self/wanted", "self/wanted")
        .file("a/wanted", 0o644, b"one")
        .saved();
    let listed = [listed(tar.path(), Form::InFile), listed(tar.path(), Form::Stream)];
    for listed in listed {
        assert!(listed.starts_with("a/wanted wanted"), "{listed}");
        assert!(listed.contains("Partial self/wanted: not read: a hard link"), "{listed}");
        assert_eq!(listed.lines().count(), 2, "{listed}");
    }
}

#[test]
fn a_file_of_gigabytes_is_read_in_place_and_refused_in_a_stream() {
    let size = 3_u64 << 30;
    let mut header = ::tar::Header::new_gnu();
    header.set_path("a/wanted.other").unwrap();
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    let tar = tempfile::NamedTempFile::new().unwrap();
    tar.as_file().write_all_at(header.as_bytes(), 0).unwrap();
    let after = Layer::new().file("b/wanted", 0o644, b"after").saved();
    let after = std::fs::read(after.path()).unwrap();
    tar.as_file().write_all_at(&after, 512 + size).unwrap();
    let expected = format!("b/wanted wanted {}\n", version(b"after"));
    assert_eq!(listed(tar.path(), Form::InFile), expected);
}

/// Each form in which GNU tar writes sparse files, by GNU tar itself.
#[test]
fn sparse_files_read_as_they_were_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let content = {
        let path = folder.path().join("wanted");
        let file = StdFile::create(&path).unwrap();
        file.set_len(9_000_000).unwrap();
        for at in 0..60_u64 {
            file.write_all_at(format!("piece {at}").as_bytes(), at * 131_072).unwrap();
        }
        std::fs::read(path).unwrap()
    };
    let expected = format!("wanted wanted {}\n", version(&content));
    for form in [
        &["--format=gnu"][..],
        &["--format=pax", "--sparse-version=0.0"],
        &["--format=pax", "--sparse-version=0.1"],
        &["--format=pax", "--sparse-version=1.0"],
    ] {
        let tar = folder.path().join("layer.tar");
        let made = Command::new("tar")
            .args(form)
            .args(["--sparse", "-C"])
            .arg(folder.path())
            .arg("-cf")
            .arg(&tar)
            .arg("wanted")
            .status();
        if !made.is_ok_and(|status| status.success()) {
            println!("skipped: no GNU tar that knows {form:?}");
            continue;
        }
        if std::fs::metadata(&tar).unwrap().len() > 5_000_000 {
            println!("skipped: the file system keeps no holes");
            continue;
        }
        assert_eq!(listed(&tar, Form::InFile), expected, "{form:?}");
        assert_eq!(listed(&tar, Form::Stream), expected, "{form:?}");
    }
}

#[test]
fn a_sparse_map_that_makes_no_sense_costs_one_file() {
    let mut tar = Layer::new();
    tar.0
        .append_pax_extensions([("GNU.sparse.map", &b"5,10,3,9"[..]), ("GNU.sparse.size", b"99")])
        .unwrap();
    let tar = tar.file("a/wanted", 0o644, b"0123456789").file("b/wanted", 0o644, b"one").saved();
    for form in [Form::InFile, Form::Stream] {
        let listed = listed(tar.path(), form);
        assert!(listed.starts_with("b/wanted wanted"), "{listed}");
        assert!(listed.contains("Partial a/wanted: not read:"), "{listed}");
    }
}

#[test]
fn paths_lose_what_is_no_name_and_never_leave_the_root() {
    let normal = |path: &str| normal_path(path, &mut String::new()).map(str::to_owned);
    assert_eq!(normal("./usr//bin/./ls").as_deref(), Some("usr/bin/ls"));
    assert_eq!(normal("/etc/passwd").as_deref(), Some("etc/passwd"));
    assert_eq!(normal("a/../../etc/passwd"), None);
    assert_eq!(normal("a/.hidden").as_deref(), Some("a/.hidden"));
    assert_eq!(normal("./").as_deref(), Some(""));
}

proptest::proptest! {
    #[test]
    fn no_damage_panics_and_nothing_grows(at in 0_usize..4000, byte in proptest::num::u8::ANY, cut in 0_usize..6000) {
        let mut tar = Layer::new();
        tar.0.append_pax_extensions([("GNU.sparse.map", &b"0,5,9,5"[..]), ("GNU.sparse.size", b"99")]).unwrap();
        let tar = tar.file("a/wanted", 0o755, b"0123456789").hard_link("b/wanted", "c").file("c", 0o644, b"x");
        let mut bytes = tar.0.into_inner().unwrap();
        if let Some(slot) = bytes.get_mut(at) {
            *slot = byte;
        }
        bytes.truncate(cut);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        for form in [Form::InFile, Form::Stream] {
            listed(file.path(), form);
        }
    }
}
