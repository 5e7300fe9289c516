//! `syft`.

use crate::sample;

#[test]
fn packages_is_dated_and_runs_as_written() {
    let machine = sample::machine();
    let ran = machine.run("as syft packages docker-archive:app.tar -o spdx-json").ended(0);
    assert_eq!(ran.json()["spdxVersion"], "SPDX-2.3");
    assert_eq!(ran.err, "note: syft: `packages` is dated: it is `syft scan` today\n");
    let ran = machine.run("as syft scan app.tar -q -o cyclonedx-json=a.json -o table").ended(0);
    assert!(ran.out.contains("lodash"), "{}", ran.out);
    assert_eq!(machine.json("a.json")["bomFormat"], "CycloneDX");
    machine.run_with(&[("SYFT_OUTPUT", "cyclonedx-json")], "as syft app.tar").ended(0).json();
}

#[test]
fn its_own_json_has_packages_with_ids_and_their_relations() {
    let machine = sample::machine();
    let document = machine.run("as syft app.tar -o json").ended(0).json();
    let names: Vec<&str> = document["artifacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"libssl3") && names.contains(&"lodash"), "{names:?}");
    assert!(!names.contains(&"minimist"), "a later layer removed it");
    assert_eq!(document["distro"]["id"], "debian");
    assert_eq!(document["source"]["type"], "image");
    let root = &document["source"]["id"];
    let relations = document["artifactRelationships"].as_array().unwrap();
    assert!(relations.iter().all(|it| it["parent"] == *root || it["type"] == "dependency-of"));
    machine.write("syft.json", document.to_string());
    machine.run("as grype sbom:syft.json --fail-on critical").ended(2);
}

#[test]
fn a_folder_is_read_and_nothing_at_all_is_wrong_usage() {
    let machine = sample::machine();
    machine.write(
        "src/package-lock.json",
        r#"{"lockfileVersion":3,"packages":{"node_modules/lodash":{"version":"4.17.4"}}}"#,
    );
    for source in ["dir:src", "src"] {
        let ran = machine.run(&format!("as syft packages {source} -o cyclonedx-json")).ended(0);
        assert!(ran.out.contains("pkg:npm/lodash@4.17.4"), "{}", ran.out);
    }
    machine.run("as syft src -o json=bill.json -o spdx-json=bill.spdx.json").ended(0);
    for bill in ["bill.json", "bill.spdx.json"] {
        let ran = machine.run(&format!("as syft convert {bill} -o cyclonedx-json")).ended(0);
        assert!(ran.out.contains("pkg:npm/lodash@4.17.4"), "{}", ran.out);
    }
    assert!(
        !machine.run("as syft src -o json --exclude **/package-lock.json").out.contains("lodash")
    );
    machine.run("as syft scan missing:x/y:z").ended(1);
    machine.run("as syft app.tar -o html").ended(1);
}

#[test]
fn its_file_says_what_flags_say_and_what_else_is_in_it_is_told() {
    let machine = sample::machine();
    machine.write(
        ".syft.yaml",
        "output: [cyclonedx-json]\nexclude: ['**/lodash/**']\nsource: {name: shop}\n\
         golang: {search-remote-licenses: true}\nselect-catalogers: [deb]\nscope: all-layers\n",
    );
    let ran = machine.run("as syft app.tar").ended(0);
    let document = ran.json();
    assert_eq!(document["metadata"]["component"]["name"], "shop");
    assert!(!ran.out.contains("pkg:npm/lodash"), "{}", ran.out);
    for told in ["`golang.search-remote-licenses`", "`--select-catalogers`", "`--scope all-layers`"]
    {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    // What is typed, and a variable, outweigh it.
    let ran = machine.run("as syft scan app.tar -o spdx-json").ended(0);
    assert_eq!(ran.json()["spdxVersion"], "SPDX-2.3");
    let ran = machine.run_with(&[("SYFT_SOURCE_NAME", "till")], "as syft app.tar").ended(0);
    assert_eq!(ran.json()["metadata"]["component"]["name"], "till");
    machine.write("other.yaml", "output: spdx-json\n");
    let ran = machine.run("as syft scan -c other.yaml app.tar").ended(0);
    assert_eq!(ran.json()["spdxVersion"], "SPDX-2.3");
    assert_eq!(ran.err, "");
    machine.write(".syft.yaml", "output: [\n");
    let ran = machine.run("as syft app.tar").ended(1);
    assert!(ran.err.contains(".syft.yaml"), "{}", ran.err);
}
