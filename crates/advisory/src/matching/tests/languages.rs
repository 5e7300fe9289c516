//! Packages of languages: each with the names, versions and oddities of its own ecosystem.

use plimsoll_model::{Package, PackageKind};

use super::{known_as, of_language, package, record};

fn go(name: &str, version: &str) -> Package {
    package(PackageKind::Golang, name, version)
}

#[test]
fn a_pseudo_version_stands_before_the_release_that_it_leads_to() {
    let records = || vec![record("GO-2025-1", "Go", "golang.org/x/net", "0.7.0")];
    let of = |version: &str| of_language(records(), go("golang.org/x/net", version));
    assert_ne!(of("v0.0.0-20210405180319-a5a99cb37ef4"), "");
    assert_ne!(of("v0.6.1-0.20230101000000-a5a99cb37ef4"), "");
    assert_ne!(of("v0.7.0-rc.1.0.20230101000000-a5a99cb37ef4"), "");
    assert_eq!(of("v0.7.0"), "");
    assert_eq!(of("v0.7.1-0.20230301000000-a5a99cb37ef4"), "");
}

#[test]
fn a_fix_may_be_a_pseudo_version() {
    let fixed = "0.0.0-20220314234659-1baeb1ce4c0b";
    let records = || vec![record("GO-2025-1", "Go", "golang.org/x/crypto", fixed)];
    let of = |version: &str| of_language(records(), go("golang.org/x/crypto", version));
    assert_ne!(of("v0.0.0-20210921155107-089bfa567519"), "");
    assert_eq!(of("v0.0.0-20220314234659-1baeb1ce4c0b"), "");
    assert_eq!(of("v0.1.0"), "");
}

#[test]
fn incompatible_is_no_part_of_a_version_s_order() {
    let fixed = "20.10.24+incompatible";
    let records = || vec![record("GO-2025-1", "Go", "github.com/docker/docker", fixed)];
    let of = |version: &str| of_language(records(), go("github.com/docker/docker", version));
    assert_ne!(of("v20.10.23+incompatible"), "");
    assert_eq!(of("v20.10.24+incompatible"), "");
    assert_eq!(of("v20.10.24"), "");
    assert_eq!(of("v23.0.0+incompatible"), "");
}

#[test]
fn a_patched_toolchain_is_undecided_and_the_go_project_s_is_not() {
    let records = || vec![record("GO-2025-1", "Go", "stdlib", "1.20.13")];
    let mut stdlib = go("stdlib", "1.20.12");
    assert_eq!(
        of_language(records(), stdlib.clone()),
        "GO-2025-1 unknown stdlib 1.20.12: Fixed([\"1.20.13\"])\n"
    );
    stdlib.notes.push("built with a patched toolchain: `go1.20.12 (Red Hat 1.20.12-2.el9)`".into());
    insta::assert_snapshot!(of_language(records(), stdlib.clone()), @"undecided GO-2025-1 stdlib 1.20.12: built with a patched toolchain: `go1.20.12 (Red Hat 1.20.12-2.el9)`: its maker repairs without a new version number");
    // What the upstream version already has needs nobody's word.
    stdlib.version = "1.20.13".into();
    assert_eq!(of_language(records(), stdlib), "");
}

#[test]
fn a_go_module_of_no_version_is_undecided() {
    let records = vec![record("GO-2025-1", "Go", "example.org/m", "1.0.0")];
    insta::assert_snapshot!(of_language(records, go("example.org/m", "(devel)")), @"undecided GO-2025-1 example.org/m (devel): `(devel)` is no version for Go modules: it does not begin with a number");
}

#[test]
fn final_and_release_of_maven_are_the_version_itself() {
    let name = "org.hibernate:hibernate-core";
    let records = || vec![record("GHSA-1", "Maven", name, "5.4.24")];
    let of = |version: &str| of_language(records(), package(PackageKind::Maven, name, version));
    assert_ne!(of("5.4.23.Final"), "");
    assert_ne!(of("5.4.24.Alpha1"), "");
    assert_ne!(of("5.4.24-SNAPSHOT"), "");
    assert_eq!(of("5.4.24.Final"), "");
    assert_eq!(of("5.4.24.GA"), "");
    assert_eq!(of("5.4.24.SP1"), "");
    let records = || vec![record("GHSA-1", "Maven", name, "5.4.24.Final")];
    assert_eq!(of_language(records(), package(PackageKind::Maven, name, "5.4.24")), "");
}

#[test]
fn names_of_pypi_are_one_in_every_writing() {
    for written in ["ruamel.yaml", "Ruamel_YAML", "ruamel-yaml", "ruamel--yaml"] {
        for installed in ["ruamel.yaml", "RUAMEL-yaml", "ruamel._-yaml"] {
            let records = vec![record("PYSEC-1", "PyPI", written, "1.0")];
            let found = of_language(records, package(PackageKind::Pypi, installed, "0.9"));
            assert!(found.starts_with("PYSEC-1 "), "{written} {installed}: {found}");
        }
    }
    let records = vec![record("PYSEC-1", "PyPI", "ruamelyaml", "1.0")];
    assert_eq!(of_language(records, package(PackageKind::Pypi, "ruamel.yaml", "0.9")), "");
}

#[test]
fn an_installed_version_that_cannot_be_read_is_undecided_in_every_order() {
    let cases = [
        (PackageKind::Npm, "npm", "workspace"),
        (PackageKind::Cargo, "crates.io", "one"),
        (PackageKind::Gem, "RubyGems", "!"),
        (PackageKind::Composer, "Packagist", "dev-main"),
        (PackageKind::Nuget, "NuGet", "x"),
    ];
    let said: String = cases
        .iter()
        .map(|(kind, ecosystem, version)| {
            let records = vec![record("GHSA-1", ecosystem, "p", "1.0.0")];
            let said = of_language(records, package(*kind, "p", version));
            assert!(said.starts_with("undecided GHSA-1 p "), "{ecosystem}: {said}");
            said
        })
        .collect();
    insta::assert_snapshot!(said, @"
    undecided GHSA-1 p workspace: `workspace` is no version for SemVer: it does not begin with a number
    undecided GHSA-1 p one: `one` is no version for SemVer: it does not begin with a number
    undecided GHSA-1 p !: `!` is no version for RubyGems: it has characters that no version has
    undecided GHSA-1 p dev-main: `dev-main` is a branch, of which nobody knows the state
    undecided GHSA-1 p x: `x` is no version for NuGet: it does not begin with a number
    ");
}

#[test]
fn what_python_accepted_before_its_versions_had_rules_is_older_than_all() {
    let records = vec![record("PYSEC-1", "PyPI", "p", "0.1")];
    assert!(
        of_language(records, package(PackageKind::Pypi, "p", "2004d-ours")).starts_with("PYSEC-1 ")
    );
}

#[test]
fn an_empty_version_is_undecided_where_an_advisory_speaks_of_the_package() {
    let records = || vec![record("GHSA-1", "npm", "p", "1.0.0")];
    insta::assert_snapshot!(of_language(records(), package(PackageKind::Npm, "p", "")), @"undecided GHSA-1 p : the installed version is not known");
    assert_eq!(of_language(records(), package(PackageKind::Npm, "other", "")), "");
}

#[test]
fn names_of_one_weakness_in_three_feeds_are_one_finding() {
    let django = |id: &str, fixed: &str, aliases: &[&str]| {
        known_as(record(id, "PyPI", "Django", fixed), aliases)
    };
    let records = vec![
        django("PYSEC-2019-13", "2.2.4", &["CVE-2019-14234"]),
        django("GHSA-6r97-cj55-9hrq", "2.2.4", &["CVE-2019-14234"]),
        django("OSV-2019-1", "2.2.4", &["PYSEC-2019-13"]),
        django("GHSA-other-other-one", "2.2.5", &[]),
    ];
    assert_eq!(
        of_language(records, package(PackageKind::Pypi, "django", "2.2")),
        "CVE-2019-14234 unknown django 2.2: Fixed([\"2.2.4\"])\n\
         GHSA-other-other-one unknown django 2.2: Fixed([\"2.2.5\"])\n"
    );
}

#[test]
fn a_record_that_was_taken_back_says_nothing() {
    let mut record = record("GHSA-1", "npm", "p", "1.0.0");
    record.withdrawn = Some(plimsoll_model::Timestamp::from_unix(0));
    assert_eq!(of_language(vec![record], package(PackageKind::Npm, "p", "0.1.0")), "");
}
