//! `grype`.

use serde_json::Value;

use crate::sample;

#[test]
fn json_is_laid_out_as_grypes_readers_expect_it() {
    let machine = sample::machine();
    let document = machine.run("as grype docker-archive:app.tar -o json").ended(0).json();
    let matches = document["matches"].as_array().unwrap();
    let openssl = matches.iter().find(|it| it["artifact"]["name"] == "libssl3").unwrap();
    assert_eq!(openssl["vulnerability"]["severity"], "Critical");
    assert_eq!(openssl["vulnerability"]["fix"]["state"], "fixed");
    assert_eq!(openssl["vulnerability"]["fix"]["versions"][0], "3.0.13-1~deb12u1");
    assert_eq!(openssl["artifact"]["type"], "deb");
    assert_eq!(openssl["artifact"]["upstreams"][0]["name"], "openssl");
    assert_eq!(openssl["matchDetails"][0]["type"], "exact-indirect-match");
    assert_eq!(openssl["artifact"]["locations"][0]["path"], "/var/lib/dpkg/status");
    let lodash = matches.iter().find(|it| it["vulnerability"]["id"] == "CVE-2025-1004").unwrap();
    assert_eq!(lodash["vulnerability"]["knownExploited"][0]["cve"], "CVE-2025-1004");
    assert_eq!(document["source"]["type"], "image");
    assert_eq!(document["distro"]["name"], "debian");
}

#[test]
fn over_the_gate_it_ends_with_two() {
    let machine = sample::machine();
    machine.run("as grype app.tar").ended(0);
    machine.run("as grype app.tar --fail-on critical").ended(2);
    machine.run("as grype app.tar -f high --only-fixed -o json --file out.json").ended(2);
    assert!(!machine.json("out.json").to_string().contains("CVE-2025-1002"));
    machine.run_with(&[("GRYPE_FAIL_ON_SEVERITY", "high")], "as grype app.tar").ended(2);
    machine.run("as grype missing.tar:/x").ended(1);
    machine.run("as grype app.tar --fail-on worst").ended(1);
}

#[test]
fn rules_of_its_file_pass_matches_over_and_are_told() {
    let machine = sample::machine();
    machine.write(
        ".grype.yaml",
        "fail-on-severity: critical\nignore:\n  - vulnerability: CVE-2025-1004\n    reason: not reached\n  - package: {name: libssl3}\n",
    );
    let ran = machine.run("as grype app.tar -o json").ended(0);
    let document = ran.json();
    assert_eq!(document["ignoredMatches"].as_array().unwrap().len(), 2);
    assert_eq!(
        document["ignoredMatches"].to_string().matches("not reached").count(),
        1,
        "{}",
        document["ignoredMatches"]
    );
}

#[test]
fn an_sbom_is_judged_as_the_image_is() {
    let machine = sample::machine();
    machine.run("sbom docker-archive:app.tar -o cyclonedx-json=a.json").ended(0);
    let ran = machine.run("as grype sbom:a.json -o json --fail-on critical").ended(2);
    assert_eq!(ran.json()["distro"]["version"], "12");
    let text = machine.read("a.json");
    machine.run_with_stdin("as grype --fail-on critical", &text).ended(2);
    machine.write("no.json", "{}");
    machine.run("as grype sbom:no.json").ended(1);
}

/// Ids and names of the packages of what counts, and of what is passed over.
fn split(document: &Value) -> [Vec<String>; 2] {
    ["matches", "ignoredMatches"].map(|field| {
        let all = document[field].as_array().cloned().unwrap_or_default();
        let text = |one: &Value| {
            let (id, name) = (&one["vulnerability"]["id"], &one["artifact"]["name"]);
            format!("{} {}", id.as_str().unwrap(), name.as_str().unwrap())
        };
        let mut texts: Vec<String> = all.iter().map(text).collect();
        texts.sort();
        texts
    })
}

#[test]
fn a_rule_passes_over_what_all_of_its_fields_mean_and_nothing_else() {
    let machine = sample::machine();
    let lodash = "CVE-2025-1004 lodash";
    for (rule, passed) in [
        ("package: {type: deb, upstream-name: openssl}", vec!["DEBIAN-CVE-2025-1001 libssl3"]),
        ("package: {type: deb, upstream-name: linux}", vec![]),
        ("package: {upstream-name: 'open(ssl|vpn)'}", vec!["DEBIAN-CVE-2025-1001 libssl3"]),
        ("match-type: exact-indirect-match", vec!["DEBIAN-CVE-2025-1001 libssl3"]),
        ("package: {language: javascript}", vec![lodash, "GHSA-aaaa-bbbb-cccc lodash"]),
        ("package: {language: python}", vec![]),
        (
            "{namespace: 'debian:distro:debian:12', package: {name: ba.+}}",
            vec!["DEBIAN-CVE-2025-1002 bash"],
        ),
        ("namespace: nvd:cpe", vec![]),
        ("{package: {name: lodash}, fix-state: fixed}", vec![lodash]),
        ("vulnerability: GHSA-jf85-cpcp-j695", vec![lodash]),
        ("{vulnerability: CVE-2025-1004, package: {location: '/app/**'}}", vec![lodash]),
        ("{vulnerability: CVE-2025-1004, package: {location: '/app/*'}}", vec![]),
        ("{vulnerability: CVE-2025-1004, package: {location: 'app/**'}}", vec![]),
        ("{package: {version: 5.2.15-2}}", vec!["DEBIAN-CVE-2025-1002 bash"]),
        ("{vulnerability: CVE-2025-1004, reason: ''}", vec![lodash]),
        ("reason: all of it", vec![]),
    ] {
        machine.write(".grype.yaml", format!("ignore:\n  - {rule}\n"));
        let ran = machine.run("as grype app.tar -o json").ended(0);
        let [counted, ignored] = split(&ran.json());
        let short = |all: Vec<String>| -> Vec<String> {
            all.into_iter().map(|it| it.replace("DEBIAN-", "")).collect()
        };
        let passed: Vec<String> = passed.iter().map(|it| it.replace("DEBIAN-", "")).collect();
        assert_eq!(short(ignored), passed, "{rule}: {}", ran.err);
        assert_eq!(counted.len() + passed.len(), 4, "{rule}");
    }
}

#[test]
fn a_rule_with_a_field_that_is_not_understood_is_refused_with_its_line() {
    let machine = sample::machine();
    for (rule, field) in [
        ("package: {type: deb, upstream: linux}", "upstream"),
        ("{vulnerability: CVE-2025-1004, severity: low}", "severity"),
        ("package: {name: '('}", "no regular expression"),
        ("package: {location: '/a/{b,c}'}", "not understood in patterns"),
    ] {
        machine.write(".grype.yaml", format!("output: json\nignore:\n  - {rule}\n"));
        let ran = machine.run("as grype app.tar").ended(1);
        assert!(ran.out.is_empty(), "{}", ran.out);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        for word in [".grype.yaml", field, "3"] {
            assert!(ran.err.contains(word), "{word}: {}", ran.err);
        }
    }
}

#[test]
fn a_rule_about_vex_documents_passes_nothing_over_and_is_told() {
    let machine = sample::machine();
    let rule = "ignore:\n  - {vex-status: fixed, package: {type: deb}}\n";
    machine.write(".grype.yaml", rule);
    let ran = machine.run("as grype app.tar -o json").ended(0);
    assert_eq!(split(&ran.json())[0].len(), 4);
    assert!(ran.err.contains("the rule at `.grype.yaml:2` is about VEX documents"), "{}", ran.err);
}

#[test]
fn its_files_are_found_where_grype_looks_and_are_joined() {
    let machine = sample::machine();
    machine.write(".grype/config.yaml", "output: json\nignore: [{vulnerability: CVE-2025-1004}]\n");
    machine.write(
        "home/.grype.yaml",
        "output: table\nfail-on-severity: critical\nignore: [{package: {name: bash}}]\n",
    );
    machine.write(
        "home/.config/grype/config.yaml",
        "ignore: [{package: {name: libssl3}}]\nprofiles: {strict: {ignore: []}}\n",
    );
    let home = machine.path("home");
    let run = |more: &[(&str, &str)], words: &str| {
        let mut all = vec![("HOME", home.to_str().unwrap())];
        all.extend(more);
        machine.run_with(&all, words)
    };
    let ran = run(&[], "as grype app.tar").ended(0);
    let [counted, ignored] = split(&ran.json());
    assert_eq!((counted.len(), ignored.len()), (1, 3), "{}", ran.out);
    let strict = run(&[], "as grype app.tar --profile strict").ended(2);
    assert_eq!(split(&strict.json())[0].len(), 4);
    let unknown = run(&[], "as grype app.tar --profile other").ended(1);
    assert!(unknown.err.contains("`other`"), "{}", unknown.err);
    // A file that is named is the only one.
    let one = run(&[], "as grype app.tar -c home/.config/grype/config.yaml -o json").ended(0);
    assert_eq!(split(&one.json())[1].len(), 1);
    let one = run(&[("XDG_CONFIG_HOME", "/nowhere")], "as grype app.tar").ended(2);
    assert_eq!(split(&one.json())[1].len(), 2);
    run(&[], "as grype app.tar -c missing.yaml").ended(1);
}

#[test]
fn settings_and_variables_that_do_nothing_here_are_told() {
    let machine = sample::machine();
    machine.write(
        ".grype.yaml",
        "check-for-app-update: false\nlog: {level: debug}\ndb: {max-allowed-built-age: 24h}\n\
         match: {java: {using-cpes: true}}\nsearch: {scope: all-layers}\nexclude: ['/app/**']\n",
    );
    let variables = [("GRYPE_DB_CACHE_DIR", "/x"), ("GRYPE_LOG_LEVEL", "debug")];
    let ran = machine.run_with(&variables, "as grype app.tar -o json").ended(0);
    for told in [
        "`db.max-allowed-built-age`",
        "`match.java.using-cpes`",
        "`GRYPE_DB_CACHE_DIR`",
        "`--scope all-layers`",
    ] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    assert!(!ran.err.contains("`log") && !ran.err.contains("LOG_LEVEL"), "{}", ran.err);
    assert!(!ran.out.contains("lodash"), "what lies below `/app` is left out");
    machine.write(".grype.yaml", "vex-documents: [a.json]\n");
    let ran = machine.run("as grype app.tar").ended(1);
    assert!(ran.err.contains("`--vex` is not here"), "{}", ran.err);
}
