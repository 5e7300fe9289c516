//! Databases that rpm itself wrote, in SQLite and Berkeley DB, give what rpm says of them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use plimsoll_image::cataloguer::{File, Found};
use plimsoll_image::cataloguers;
use plimsoll_model::{Package, ProblemKind};

/// Sixty small packages, one with an epoch, and one with so many files that its header needs
/// many overflow pages.
const SPEC: &str = r#"
Name: tree
Version: 1.4
Release: 2%{?dist}
Summary: Packages for a test
License: MIT AND Apache-2.0
Vendor: Example
BuildArch: noarch
%description
A package.
%package large
Summary: Many files
Epoch: 3
Version: 2.0~rc1
Requires: tree-5, /srv/large/file-7, tool(seven)
%description large
Many files.
%files large
/srv/large
%{lua:
for i = 1, 60 do
  print("%package " .. i .. "\nSummary: Small\nProvides: alias(" .. i .. ")\nRequires: alias(" .. (i % 60 + 1) .. ")\n")
  if i == 7 then print("Provides: tool(seven) = 1\n") end
  print("%description " .. i .. "\nSmall.\n%files " .. i .. "\n/srv/small/" .. i .. "\n")
end
}
%install
mkdir -p %{buildroot}/srv/large %{buildroot}/srv/small
for i in $(seq 1 3000); do : > %{buildroot}/srv/large/file-$i; done
for i in $(seq 1 60); do : > %{buildroot}/srv/small/$i; done
"#;

fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        println!("skipped: `{program}` is not installed");
    }
    found
}

/// Builds the packages and installs them into `folder/rpmdb.sqlite`; `None` without the tools.
fn sqlite_database(folder: &Path) -> Option<()> {
    if !has("rpmbuild") || !has("rpm") {
        return None;
    }
    let spec = folder.join("tree.spec");
    std::fs::write(&spec, SPEC).unwrap();
    let top = format!("_topdir {}", folder.join("build").display());
    run("rpmbuild", &["-bb", "--quiet", "--define", &top, spec.to_str().unwrap()])?;
    let built = folder.join("build/RPMS/noarch");
    let rpms: Vec<String> = std::fs::read_dir(built)
        .unwrap()
        .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(rpms.len(), 61);
    let database = folder.to_str().unwrap();
    let install =
        ["--dbpath", database, "-i", "--justdb", "--nodeps", "--ignorearch", "--ignoreos"];
    let rpms = rpms.iter().map(String::as_str);
    run("rpm", &install.into_iter().chain(rpms).collect::<Vec<_>>())?;
    assert!(folder.join("rpmdb.sqlite").exists());
    Some(())
}

fn catalogue(bytes: &[u8]) -> Found {
    let rpm = cataloguers::ALL.iter().find(|c| c.name() == "rpm").unwrap();
    let mut found = Found::default();
    rpm.catalogue(&File::new("var/lib/rpm/Packages", &bytes, false), &mut found).unwrap();
    found
}

fn sorted(mut lines: Vec<String>) -> String {
    lines.sort();
    lines.join("\n")
}

/// What rpm says, in the words of [`assert_same`].
fn asked(folder: &Path, backend: &str, format: &str) -> String {
    let backend = format!("_db_backend {backend}");
    let folder = folder.to_str().unwrap();
    let text = run("rpm", &["--define", &backend, "--dbpath", folder, "-qa", "--qf", format]);
    sorted(text.unwrap().lines().map(str::to_owned).collect())
}

fn assert_same(found: &Found, folder: &Path, backend: &str) {
    let format = "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{ARCH} %{SOURCERPM} \
                  %{VENDOR} %{LICENSE} %{SIGMD5}\\n";
    let line = |p: &Package| {
        let source = p.source.as_ref().unwrap();
        let version = source.version.trim_start_matches("3:");
        format!(
            "{} {} {} {}-{version}.src.rpm {} {} {}",
            p.name,
            p.version,
            p.arch.as_deref().unwrap(),
            source.name,
            p.supplier.as_deref().unwrap(),
            p.licenses[0],
            p.hashes[0].hex,
        )
    };
    assert_eq!(found.problems, []);
    let packages = found.packages.iter().map(line).collect();
    assert_eq!(sorted(packages), asked(folder, backend, format));
    let owned = found.owned.iter().map(|(name, path)| format!("{name} /{path}")).collect();
    let said =
        asked(folder, backend, "[%{=NAME} %{FILENAMES}\\n]").replace("tree-large /srv/large\n", "");
    assert_eq!(sorted(owned), said);
}

#[test]
fn sqlite_gives_what_rpm_says_and_needs_are_resolved() {
    let folder = tempfile::tempdir().unwrap();
    let Some(()) = sqlite_database(folder.path()) else { return };
    let found = catalogue(&std::fs::read(folder.path().join("rpmdb.sqlite")).unwrap());
    assert_same(&found, folder.path(), "sqlite");
    let needs: BTreeMap<&str, &[String]> =
        found.packages.iter().map(|p| (p.name.as_str(), p.depends_on.as_slice())).collect();
    assert_eq!(needs["tree-large"], ["tree-5", "tree-7"]);
    assert_eq!(needs["tree-60"], ["tree-1"]);
}

#[test]
fn of_a_damaged_database_the_readable_part_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let Some(()) = sqlite_database(folder.path()) else { return };
    let mut bytes = std::fs::read(folder.path().join("rpmdb.sqlite")).unwrap();
    let whole = catalogue(&bytes).packages.len();

    let half = &bytes[..bytes.len() / 2];
    let found = catalogue(half);
    assert!((1..whole).contains(&found.packages.len()), "{}", found.packages.len());
    assert!(found.problems.iter().all(|problem| problem.kind == ProblemKind::Partial));
    assert!(
        found.problems[0].message.contains("the file ends behind page"),
        "{:?}",
        found.problems
    );

    let middle = bytes.len() / 2;
    bytes[middle..middle + 3 * 4096].fill(0xaa);
    let found = catalogue(&bytes);
    assert!((1..=whole).contains(&found.packages.len()), "{}", found.packages.len());
}

/// The same headers in a Berkeley DB, written by its own tool in this byte order.
fn berkeley_database(sqlite: &Path, folder: &Path, order: &str) {
    let query = "select hnum, hex(blob) from Packages";
    let rows = run("sqlite3", &["-separator", " ", sqlite.to_str().unwrap(), query]).unwrap();
    let mut dump = format!(
        "VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\ndb_lorder={order}\nHEADER=END\n"
    );
    for row in rows.lines() {
        let (number, header) = row.split_once(' ').unwrap();
        let number: u32 = number.parse().unwrap();
        let key = number.to_ne_bytes().map(|byte| format!("{byte:02x}")).concat();
        writeln!(dump, " {key}\n {}", header.to_lowercase()).unwrap();
    }
    // Under number 0 rpm keeps the next number to give.
    dump.push_str(" 00000000\n 3e000000\nDATA=END\n");
    let text = folder.join("dump");
    std::fs::write(&text, dump).unwrap();
    let database = folder.join("Packages");
    run("db5.3_load", &["-f", text.to_str().unwrap(), database.to_str().unwrap()]).unwrap();
}

#[test]
fn berkeley_db_gives_what_rpm_says_in_both_byte_orders() {
    let sqlite = tempfile::tempdir().unwrap();
    if !has("db5.3_load") || !has("sqlite3") {
        return;
    }
    let Some(()) = sqlite_database(sqlite.path()) else { return };
    for order in ["1234", "4321"] {
        let folder = tempfile::tempdir().unwrap();
        berkeley_database(&sqlite.path().join("rpmdb.sqlite"), folder.path(), order);
        let bytes = std::fs::read(folder.path().join("Packages")).unwrap();
        let found = catalogue(&bytes);
        assert_same(&found, folder.path(), "bdb_ro");

        let half = &bytes[..bytes.len() / 2];
        let found = catalogue(half);
        assert!(found.packages.len() < 61 && !found.problems.is_empty());
    }
}
