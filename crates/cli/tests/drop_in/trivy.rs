//! `trivy`.

use serde_json::Value;

use crate::machine::Machine;
use crate::sample;

const IMAGE: &str = "as trivy image --input app.tar";

fn ids(document: &Value) -> Vec<&str> {
    let results = document["Results"].as_array().unwrap().iter();
    let all = results.filter_map(|it| it["Vulnerabilities"].as_array()).flatten();
    all.map(|it| it["VulnerabilityID"].as_str().unwrap()).collect()
}

#[test]
fn json_is_laid_out_as_trivys_readers_expect_it() {
    let machine = sample::machine();
    let ran = machine.run(&format!("{IMAGE} -f json -o results.json")).ended(0);
    assert_eq!(ran.out, "");
    let document = machine.json("results.json");
    assert_eq!(document["SchemaVersion"], 2);
    assert_eq!(document["ArtifactName"], "app.tar");
    assert_eq!(document["ArtifactType"], "container_image");
    assert_eq!(document["Metadata"]["OS"]["Family"], "debian");
    assert_eq!(document["Metadata"]["OS"]["Name"], "12");
    assert_eq!(document["Metadata"]["RepoTags"][0], "example/app:1");
    assert_eq!(document["Metadata"]["DiffIDs"].as_array().unwrap().len(), 3);
    let results = document["Results"].as_array().unwrap();
    let heads: Vec<[&str; 3]> = results
        .iter()
        .map(|it| ["Target", "Class", "Type"].map(|field| it[field].as_str().unwrap()))
        .collect();
    assert_eq!(
        heads,
        [["app.tar (debian 12)", "os-pkgs", "debian"], ["Node.js", "lang-pkgs", "node-pkg"]]
    );
    let openssl = results[0]["Vulnerabilities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["PkgName"] == "libssl3")
        .unwrap();
    assert_eq!(openssl["InstalledVersion"], "3.0.11-1~deb12u2");
    assert_eq!(openssl["FixedVersion"], "3.0.13-1~deb12u1");
    assert_eq!(openssl["Severity"], "CRITICAL");
    assert_eq!(openssl["Status"], "fixed");
    assert!(openssl["Layer"]["DiffID"].as_str().unwrap().starts_with("sha256:"));
    let lodash = &results[1]["Vulnerabilities"][0];
    assert_eq!(lodash["PkgPath"], "app/node_modules/lodash/package.json");
    let names = |result: &Value| -> Vec<String> {
        let all = result["Packages"].as_array().unwrap().iter();
        all.map(|it| it["ID"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        names(&results[0]),
        ["bash@5.2.15-2", "libssl3@3.0.11-1~deb12u2", "python3-requests@2.28.1+dfsg-1"]
    );
    let ssl = &results[0]["Packages"][1];
    assert_eq!((&ssl["Version"], &ssl["Release"]), (&"3.0.11".into(), &"1~deb12u2".into()));
    assert_eq!(ssl["SrcName"], "openssl");
    let short = machine.run(&format!("{IMAGE} -f json --list-all-pkgs=false")).ended(0);
    assert!(!short.out.contains("\"Packages\""), "{}", short.out);
    let again = machine.run(&format!("{IMAGE} -f json")).ended(0);
    assert_eq!(again.json(), document, "the same image gives the same bytes");
}

#[test]
fn findings_end_with_zero_unless_a_code_is_asked_for() {
    let machine = sample::machine();
    machine.run(IMAGE).ended(0);
    machine.run(&format!("{IMAGE} --exit-code 7")).ended(7);
    machine.run(&format!("{IMAGE} --exit-code=7 --severity HIGH,CRITICAL")).ended(7);
    machine.run(&format!("{IMAGE} --exit-code 7 --severity LOW")).ended(0);
    let quiet = machine.run_with(&[("TRIVY_EXIT_CODE", "9"), ("TRIVY_QUIET", "true")], IMAGE);
    assert_eq!(quiet.ended(9).err, "");
    machine.run_with(&[("TRIVY_EXIT_CODE", "9")], &format!("{IMAGE} --exit-code 7")).ended(7);
    machine.run("as trivy image --input missing.tar").ended(1);
}

#[test]
fn severities_fixes_and_ignored_ids_are_left_out() {
    let machine = sample::machine();
    let of = |more: &str| machine.run(&format!("{IMAGE} -f json {more}")).ended(0).json();
    let all = of("").to_string();
    assert!(all.contains("CVE-2025-1002") && all.contains("CVE-2025-1004"));
    assert!(!ids(&of("--severity CRITICAL")).iter().any(|id| id.ends_with("1002")));
    assert!(!ids(&of("--ignore-unfixed=true")).iter().any(|id| id.ends_with("1002")));
    machine.write(
        ".trivyignore",
        "# known\nCVE-2025-1004 # not reached\nCVE-2025-1001 exp:2025-12-31\n",
    );
    let ran = machine.run(&format!("{IMAGE} -f json")).ended(0);
    assert!(ran.err.contains("1 entries of `.trivyignore` are over"), "{}", ran.err);
    let document = ran.json();
    let left = ids(&document);
    assert!(!left.contains(&"CVE-2025-1004"), "{left:?}");
    assert!(left.iter().any(|id| id.ends_with("CVE-2025-1001")), "{left:?}");
    machine
        .write("ignore.yaml", "vulnerabilities:\n  - id: CVE-2025-1004\n    paths: [\"app/**\"]\n");
    assert!(!ids(&of("--ignorefile ignore.yaml")).contains(&"CVE-2025-1004"));
    machine.run(&format!("{IMAGE} --ignorefile missing")).ended(1);
}

#[test]
fn folders_and_kinds_of_packages_are_left_out() {
    let machine = sample::machine();
    let of = |more: &str| machine.run(&format!("{IMAGE} -f json {more}")).ended(0).json();
    for more in ["--skip-dirs app/node_modules", "--skip-files **/package.json", "--pkg-types os"] {
        let left = of(more);
        assert!(!ids(&left).contains(&"CVE-2025-1004"), "{more}: {left}");
        assert!(ids(&left).contains(&"CVE-2025-1001"), "{more}: {left}");
    }
    let left = of("--vuln-type library");
    assert!(!ids(&left).contains(&"CVE-2025-1001"), "{left}");
}

#[test]
fn settings_of_trivy_yaml_hold_where_neither_flag_nor_variable_says_otherwise() {
    let machine = sample::machine();
    machine.write("trivy.yaml", "format: json\nexit-code: 5\nseverity:\n  - CRITICAL\nvulnerability:\n  ignore-unfixed: true\n");
    let ran = machine.run(IMAGE).ended(5);
    assert!(!ids(&ran.json()).iter().any(|id| id.ends_with("1002")));
    machine.run(&format!("{IMAGE} --exit-code 6")).ended(6);
    machine.run_with(&[("TRIVY_EXIT_CODE", "8")], IMAGE).ended(8);
}

#[test]
fn an_sbom_that_was_written_is_read_back_to_the_same_findings() {
    let machine = sample::machine();
    let before = machine.run(&format!("{IMAGE} -f json --pkg-types os")).ended(0).json();
    for format in ["cyclonedx", "spdx-json"] {
        machine.run(&format!("{IMAGE} -f {format} -o bill.json")).ended(0);
        let after = machine.run("as trivy sbom bill.json -f json --pkg-types os").ended(0).json();
        assert_eq!(ids(&after), ids(&before), "{format}");
    }
}

#[test]
fn dockerfiles_and_manifests_are_results_of_class_config() {
    let machine = Machine::new();
    machine.write("src/Dockerfile", "FROM node:latest\nRUN sudo ls\n");
    machine.write(
        "src/pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: a\n    securityContext: {privileged: true}\n",
    );
    let ran = machine.run("as trivy config --exit-code 3 -f json src").ended(3);
    let document = ran.json();
    let kinds: Vec<&str> = document["Results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["Type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["dockerfile", "kubernetes"]);
    let first = &document["Results"][0]["Misconfigurations"][0];
    assert_eq!(first["Status"], "FAIL");
    assert!(first["CauseMetadata"]["StartLine"].as_u64().unwrap() >= 1);
    machine.run("as trivy config --exit-code 3 --severity CRITICAL src").ended(0);
    assert!(
        machine
            .run("as trivy fs --scanners vuln,misconfig -f json src")
            .ended(0)
            .out
            .contains("DL3007")
    );
}

/// Rules and files of what `-f json` says is misconfigured.
fn misconfigured(document: &Value) -> Vec<String> {
    let results = document["Results"].as_array().unwrap().iter();
    let of = |result: &Value| -> Vec<String> {
        let all = result["Misconfigurations"].as_array().cloned().unwrap_or_default();
        let path = result["Target"].as_str().unwrap();
        all.iter().map(|it| format!("{path} {}", it["ID"].as_str().unwrap())).collect()
    };
    results.flat_map(of).collect()
}

#[test]
fn ignore_files_hold_for_misconfigurations_by_our_ids_and_by_trivys() {
    let machine = Machine::new();
    machine.write("src/Dockerfile", "FROM node:latest\nRUN sudo ls\n");
    machine.write("src/b/Dockerfile", "FROM node:latest\nRUN sudo ls\n");
    machine.write(
        "src/pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: a\n    securityContext: {privileged: true}\n",
    );
    let has = |document: &Value, one: &str| misconfigured(document).iter().any(|it| it == one);
    let run = || machine.run("as trivy config -f json src").ended(0).json();
    let whole = run();
    let privileged = misconfigured(&whole).len();
    for one in ["Dockerfile DL3007", "b/Dockerfile DL3007", "Dockerfile DL3004"] {
        assert!(has(&whole, one), "{one}: {:?}", misconfigured(&whole));
    }
    machine.write(".trivyignore", "AVD-DS-0001\nKSV017\nDL3004 exp:2020-01-01\n");
    let ran = machine.run("as trivy config -f json src").ended(0);
    let document = ran.json();
    assert!(!has(&document, "Dockerfile DL3007") && !has(&document, "b/Dockerfile DL3007"));
    assert!(has(&document, "Dockerfile DL3004"), "the entry is over");
    assert!(ran.err.contains("1 entries of `.trivyignore` are over"), "{}", ran.err);
    assert_eq!(misconfigured(&document).len(), privileged - 3, "{:?}", misconfigured(&document));
    let words = "as trivy fs --scanners misconfig -f json src";
    let ran = machine.run(words).ended(0);
    assert!(!has(&ran.json(), "Dockerfile DL3007"), "{}", ran.out);
    std::fs::remove_file(machine.path(".trivyignore")).unwrap();
    machine.write(
        "some.yaml",
        "misconfigurations:\n  - {id: DS-0001, paths: ['b/**']}\nvulnerabilities:\n  - id: DL3004\n",
    );
    let words = "as trivy config --ignorefile some.yaml -f json src";
    let document = machine.run(words).ended(0).json();
    assert!(has(&document, "Dockerfile DL3007") && !has(&document, "b/Dockerfile DL3007"));
    assert!(has(&document, "Dockerfile DL3004"), "it stands under vulnerabilities");
    // A report that was written before is held against it as well.
    machine.write("report.json", whole.to_string());
    let words = "as trivy convert --ignorefile some.yaml -f json report.json";
    let document = machine.run(words).ended(0).json();
    assert!(has(&document, "Dockerfile DL3007") && !has(&document, "b/Dockerfile DL3007"));
    for (text, why) in [
        ("misconfigurations: [{id: DS-0001, path: b}]\n", "`path`"),
        ("misconfigurations: [{id: DS-0001, paths: ['{a,b}']}]\n", "not understood in patterns"),
        ("misconfiguration: [{id: DS-0001}]\n", "`misconfiguration`"),
    ] {
        machine.write("some.yaml", text);
        let ran = machine.run("as trivy config --ignorefile some.yaml src").ended(1);
        assert!(ran.err.contains("some.yaml") && ran.err.contains(why), "{}", ran.err);
    }
}

#[test]
fn a_folder_that_is_not_looked_into_is_told_and_passes_no_gate() {
    let machine = Machine::new();
    let deep = format!("src{}", "/a".repeat(40));
    machine.write(&format!("{deep}/Dockerfile"), "FROM node:latest\n");
    let ran = machine.run("as trivy config --exit-code 3 src").ended(3);
    assert!(ran.err.contains("partial: `src/a/a/"), "{}", ran.err);
    let ran = machine.run("as trivy config --exit-code 3 --skip-dirs a src").ended(0);
    assert!(!ran.err.contains("partial"), "{}", ran.err);
    machine.write("other/vendor/Dockerfile", "FROM node:latest\n");
    machine.run("as trivy config --exit-code 3 other").ended(3);
}

#[test]
fn what_is_not_here_is_one_line_that_names_our_own_way() {
    let machine = sample::machine();
    for (words, said) in [
        ("image --vex x a", "trivy: `--vex` is not here"),
        ("image -f template -t @own.tpl a", "--template: `@own.tpl` is not here: those of Trivy's"),
        ("vm disk.img", "trivy: `vm` is not here: mount the disk"),
        ("--quiet server", "trivy: `server` is not here: `plimsoll serve`"),
        (
            "image --no-such-flag a",
            "`--no-such-flag` is not understood here; Plimsoll's own way: `plimsoll scan",
        ),
        ("plugin install x", "trivy: `plugin` is not here"),
        ("image --scanners secret --input app.tar", "secrets and licences are not looked for here"),
        ("image -f html --input app.tar", "`html` is no format here"),
        ("repo https://example.org/a", "clone it"),
    ] {
        let ran = machine.run(&format!("as trivy {words}")).ended(1);
        assert!(ran.err.contains(said), "{words}: {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    }
    let told = machine.run(&format!("{IMAGE} --db-repository x --no-progress -q")).ended(0);
    assert_eq!(told.err.lines().count(), 1, "{}", told.err);
    assert!(told.err.contains("the advisories are Plimsoll's own"), "{}", told.err);
}
