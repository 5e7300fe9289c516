//! Programs that Go and Rust built, for several systems, give the modules and crates in them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_image::cataloguer::{File, Found, listing};
use plimsoll_image::cataloguers;

const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn catalogue(cataloguer: &str, program: &[u8]) -> Found {
    let cataloguer = cataloguers::ALL.iter().find(|c| c.name() == cataloguer).unwrap();
    let mut found = Found::default();
    cataloguer.catalogue(&File::new("usr/bin/app", &program, true), &mut found).unwrap();
    found
}

fn write(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// A module proxy as a folder, with `example.com/NAME` in version 1.2.3.
fn publish(proxy: &Path, name: &str, source: &str) {
    let folder = proxy.join("example.com").join(name).join("@v");
    let go_mod = format!("module example.com/{name}\n");
    write(&folder.join("list"), b"v1.2.3\n");
    write(&folder.join("v1.2.3.info"), br#"{"Version":"v1.2.3","Time":"2024-01-02T03:04:05Z"}"#);
    write(&folder.join("v1.2.3.mod"), go_mod.as_bytes());
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (file, content) in [("go.mod", go_mod.as_str()), ("lib.go", source)] {
        zip.start_file(format!("example.com/{name}@v1.2.3/{file}"), options).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    write(&folder.join("v1.2.3.zip"), &zip.finish().unwrap().into_inner());
}

/// A program with a module, a module that stands in for another, and a folder that does.
struct GoProject {
    folder: tempfile::TempDir,
}

impl GoProject {
    /// `None` where Go is missing.
    fn new() -> Option<Self> {
        if Command::new("go").arg("version").output().is_err() {
            println!("skipped: `go` is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let proxy = folder.path().join("proxy");
        publish(&proxy, "plain", "package plain\n\nfunc Name() string { return \"plain\" }\n");
        publish(&proxy, "fork", "package old\n\nfunc Name() string { return \"fork\" }\n");
        let source = folder.path().join("src");
        write(&source.join("local/go.mod"), b"module example.com/local\n");
        write(
            &source.join("local/lib.go"),
            b"package local\n\nfunc Name() string { return \"local\" }\n",
        );
        write(
            &source.join("go.mod"),
            b"module example.com/app\n\ngo 1.18\n\nrequire (\n\texample.com/plain v1.2.3\n\
              \texample.com/old v1.0.0\n\texample.com/local v0.0.0\n)\n\n\
              replace example.com/old => example.com/fork v1.2.3\n\n\
              replace example.com/local => ./local\n",
        );
        write(
            &source.join("main.go"),
            b"package main\n\nimport (\n\t\"example.com/local\"\n\told \"example.com/old\"\n\
              \t\"example.com/plain\"\n)\n\nfunc main() { println(plain.Name(), old.Name(), local.Name()) }\n",
        );
        Some(Self { folder })
    }

    fn build(&self, system: &str, machine: &str, flags: &[&str]) -> PathBuf {
        let program = self.folder.path().join(format!("{system}-{machine}{}", flags.concat()));
        let output = Command::new("go")
            .current_dir(self.folder.path().join("src"))
            .args(["build", "-mod=mod", "-modcacherw", "-buildvcs=false", "-o"])
            .arg(&program)
            .args(flags)
            .env("GOPROXY", format!("file://{}", self.folder.path().join("proxy").display()))
            .env("GOMODCACHE", self.folder.path().join("modules"))
            .envs([("GOSUMDB", "off"), ("GOFLAGS", ""), ("GOWORK", "off"), ("CGO_ENABLED", "0")])
            .envs([("GOTOOLCHAIN", "local"), ("GOOS", system), ("GOARCH", machine)])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        program
    }
}

/// The modules' sums as Go itself reads them back, in the order of the file.
fn sums_by_go(program: &Path) -> Vec<String> {
    let output = Command::new("go").args(["version", "-m"]).arg(program).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let sums = text.lines().filter_map(|line| line.split('\t').find(|f| f.starts_with("h1:")));
    sums.map(str::to_owned).collect()
}

fn base64(hex: &str) -> String {
    // Three hexadecimal digits are two of base64; 64 and two of padding make whole groups.
    let padded = format!("{hex}00");
    let groups = padded.as_bytes().chunks(3).flat_map(|three| {
        let three = std::str::from_utf8(three).unwrap();
        let bits = usize::from_str_radix(three, 16).unwrap();
        [DIGITS[bits >> 6], DIGITS[bits & 63]].map(char::from)
    });
    groups.take(43).collect::<String>() + "="
}

fn assert_modules(program: &[u8], what: &str) -> Found {
    let found = catalogue("go-binary", program);
    let listed: Vec<(&str, &str)> =
        found.packages.iter().map(|p| (p.name.as_str(), p.version.as_str())).collect();
    let (stdlib, modules) = listed.split_last().unwrap();
    let expected = [
        ("example.com/app", ""),
        ("example.com/local", ""),
        ("example.com/fork", "v1.2.3"),
        ("example.com/plain", "v1.2.3"),
    ];
    assert_eq!(modules, expected, "{what}");
    assert_eq!(stdlib.0, "stdlib");
    assert!(stdlib.1.starts_with("1."), "{what}: {}", stdlib.1);
    assert_eq!(found.packages[0].depends_on.len(), 4, "{what}");
    found
}

#[test]
fn go_programs_of_every_system_give_their_modules() {
    let Some(project) = GoProject::new() else { return };
    let targets: [(&str, &str, &[&str]); 6] = [
        ("linux", "amd64", &[]),
        ("linux", "amd64", &["-ldflags=-s -w"]),
        ("linux", "386", &["-ldflags=-s -w"]),
        ("linux", "s390x", &["-ldflags=-s -w"]),
        ("windows", "amd64", &["-ldflags=-s -w"]),
        ("darwin", "arm64", &["-ldflags=-s -w"]),
    ];
    for (system, machine, flags) in targets {
        let path = project.build(system, machine, flags);
        let what = format!("{system} {machine} {flags:?}");
        let found = assert_modules(&std::fs::read(&path).unwrap(), &what);
        let sums: Vec<String> = found
            .packages
            .iter()
            .flat_map(|p| &p.hashes)
            .map(|hash| format!("h1:{}", base64(&hash.hex)))
            .collect();
        assert_eq!(sums, sums_by_go(&path), "{what}");
    }
}

#[test]
fn a_go_program_without_a_section_table_still_gives_its_modules() {
    let Some(project) = GoProject::new() else { return };
    let mut program = std::fs::read(project.build("linux", "amd64", &["-ldflags=-s -w"])).unwrap();
    // Place, size and number of the sections in the header of 64-bit ELF.
    program[40..48].fill(0);
    program[58..64].fill(0);
    assert_modules(&program, "without sections");
}

#[test]
fn a_universal_file_gives_what_its_first_program_has() {
    let Some(project) = GoProject::new() else { return };
    let program = std::fs::read(project.build("darwin", "arm64", &["-ldflags=-s -w"])).unwrap();
    let size = u32::try_from(program.len()).unwrap();
    // Magic, number of programs, then machine, its variant, place, size and alignment.
    let head = [0xcafe_babe_u32, 1, 0x0100_000c, 0, 4096, size, 12];
    let mut universal: Vec<u8> = head.into_iter().flat_map(u32::to_be_bytes).collect();
    universal.resize(4096, 0);
    universal.extend(program);
    assert_modules(&universal, "universal");
}

#[test]
fn a_program_of_go_1_17_is_read_by_its_pointers() {
    let Ok(output) = Command::new("go").args(["env", "GOROOT"]).output() else {
        println!("skipped: `go` is not installed");
        return;
    };
    let root = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    let path = root.join("src/debug/buildinfo/testdata/go117/go117.base64");
    let Ok(text) = std::fs::read(&path) else {
        println!("skipped: no `{}`", path.display());
        return;
    };
    let digit = |byte: &u8| DIGITS.iter().position(|known| known == byte);
    let digits: Vec<usize> = text.iter().filter_map(digit).collect();
    let program: Vec<u8> = digits
        .chunks(4)
        .flat_map(|four| {
            let bits = four.iter().fold(0, |bits, digit| (bits << 6) | digit);
            let bits = bits << (6 * (4 - four.len()));
            [bits >> 16, bits >> 8, bits].map(|byte| u8::try_from(byte & 0xff).unwrap())
        })
        .collect();
    let go = cataloguers::ALL.iter().find(|c| c.name() == "go-binary").unwrap();
    let listed = listing(*go, "usr/bin/app", &program);
    assert_eq!(listed, "golang example.com/go117 \ngolang stdlib 1.17\n");
}

#[test]
fn a_go_program_that_is_cut_off_gives_nothing_or_the_same() {
    let Some(project) = GoProject::new() else { return };
    let program = std::fs::read(project.build("linux", "amd64", &[])).unwrap();
    for tenth in 1..10 {
        let cut = &program[..program.len() / 10 * tenth];
        let found = catalogue("go-binary", cut);
        assert!(matches!(found.packages.len(), 0 | 5), "{tenth}: {}", found.packages.len());
    }
}

#[test]
fn a_section_of_cargo_auditable_is_read_from_a_real_program() {
    if Command::new("objcopy").arg("--version").output().is_err() {
        println!("skipped: `objcopy` is not installed");
        return;
    }
    let tree = br#"{"packages":[{"name":"app","version":"0.1.0","source":"local","dependencies":[1],"root":true},
        {"name":"libc","version":"0.2.9","source":"crates.io"},
        {"name":"cc","version":"1.0.1","source":"crates.io","kind":"build"}]}"#;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(tree).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let section = folder.path().join("section");
    std::fs::write(&section, encoder.finish().unwrap()).unwrap();
    let mut programs = vec![std::env::current_exe().unwrap()];
    let project = GoProject::new();
    programs.extend(project.iter().map(|go| go.build("windows", "amd64", &[])));
    for program in programs {
        let out = folder.path().join("app");
        let status = Command::new("objcopy")
            .arg(format!("--add-section=.dep-v0={}", section.display()))
            .arg("--set-section-flags=.dep-v0=alloc,load,readonly,data")
            .args([&program, &out])
            .status()
            .unwrap();
        assert!(status.success());
        let rust = cataloguers::ALL.iter().find(|c| c.name() == "rust-binary").unwrap();
        let listed = listing(*rust, "usr/bin/app", &std::fs::read(&out).unwrap());
        let expected = "cargo app 0.1.0\ncargo libc 0.2.9\ncargo cc 1.0.1 (Development)\n";
        assert_eq!(listed, expected, "{}", program.display());
    }
}
