//! Reports of Trivy's own tests. What differs is listed here, and nothing else may.

use std::collections::BTreeSet;
use std::fs;

use plimsoll_advisory::database::{Enrichment, compile_to_bytes};
use plimsoll_testkit::shared;
use serde_json::Value;

use crate::machine::Machine;
use crate::trivy_advisories;

/// Inputs of Trivy's that no cataloguer here reads.
const UNREAD: [(&str, &str); 6] = [
    ("repo/composer-vendor", "a list of installed packages outside of its folder"),
    ("repo/sbt", "lock files of sbt"),
    ("repo/conda", "conda environments"),
    ("repo/conda-environment", "conda environments"),
    ("repo/packagesprops", "central package versions of NuGet"),
    ("repo/trivy-ci-test", "its own settings"),
];

/// What differs on purpose: the input, a word of the difference, why. The page lists it in words.
const KNOWN: [(&str, &str, &str); 11] = [
    ("repo/gomod", "submod2/go.mod", "before Go 1.17 Trivy adds what go.sum names"),
    ("repo/npm", " Node.js", INSTALLED),
    ("repo/npm", " package-lock.json", INSTALLED),
    ("repo/yarn", " Node.js", INSTALLED),
    ("repo/yarn", " yarn.lock", "what is installed, or for development by package.json alone"),
    ("repo/pnpm", " Node.js", INSTALLED),
    ("repo/pnpm", " pnpm-lock.yaml", INSTALLED),
    ("repo/uv", "uv-test", "the project itself is no package of it"),
    ("repo/swift", "swift-nio", REPAIRED),
    ("repo/cocoapods", "_NIODataStructures", REPAIRED),
    ("repo/cargo", "winapi", "packages for other systems are locked too"),
];

const INSTALLED: &str = "a package that is installed beside its lock file stands where it is";
const REPAIRED: &str = "only the versions that repair this one, not those of other branches";

/// Fields that Trivy has and ours has not: what they hold is its own.
const OWN_FIELDS: [&str; 6] =
    ["Fingerprint", "CweIDs", "Layer", "AnalyzedBy", "Relationship", "Indirect"];

/// Weaknesses by target: id, package, versions, state, package URL.
fn weaknesses(document: &Value) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    for result in document["Results"].as_array().into_iter().flatten() {
        for one in result["Vulnerabilities"].as_array().into_iter().flatten() {
            let text = |name: &str| one[name].as_str().unwrap_or("-");
            rows.insert(format!(
                "{} {} {}: {} {} {} -> {} {} {}",
                result["Target"].as_str().unwrap(),
                result["Class"].as_str().unwrap(),
                result["Type"].as_str().unwrap(),
                text("VulnerabilityID"),
                text("PkgName"),
                text("InstalledVersion"),
                text("FixedVersion"),
                text("Status"),
                one["PkgIdentifier"]["PURL"].as_str().unwrap_or("-"),
            ));
        }
    }
    rows
}

/// Names of the fields that weaknesses have.
fn fields(document: &Value) -> BTreeSet<String> {
    let results = document["Results"].as_array().into_iter().flatten();
    let all = results.flat_map(|it| it["Vulnerabilities"].as_array().into_iter().flatten());
    all.flat_map(|it| it.as_object().unwrap().keys().cloned()).collect()
}

fn packages(document: &Value) -> BTreeSet<String> {
    let results = document["Results"].as_array().into_iter().flatten();
    results
        .flat_map(|result| {
            let target = result["Target"].as_str().unwrap();
            let all = result["Packages"].as_array().into_iter().flatten();
            all.map(move |it| {
                format!("{target}: {}", it["Identifier"]["PURL"].as_str().unwrap_or("-"))
            })
        })
        .collect()
}

#[test]
fn trivys_own_reports_of_repositories_are_ours() {
    let Some(folder) = shared("matching/trivy") else { return };
    let mut files: Vec<_> =
        fs::read_dir(folder.join("db")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut records = trivy_advisories::read(&files);
    records.retain(|record| !record.affected.is_empty());
    let machine = Machine::new();
    let database = compile_to_bytes(records.into_iter(), &Enrichment::default()).unwrap();
    machine.write("cache/db/advisories.db", database);
    let text = fs::read_to_string(folder.join("cases.jsonl")).unwrap();
    let cases = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let (mut passed, mut wrong) = (BTreeSet::new(), Vec::new());
    let mut met: BTreeSet<&(&str, &str, &str)> = BTreeSet::new();
    for case in cases.filter(|case| case["golden"].is_string()) {
        let input = case["input"].as_str().unwrap();
        let options = &case["options"];
        let is_left = UNREAD.iter().any(|(known, _)| *known == input);
        let is_repository = input.starts_with("repo/") && folder.join(input).is_dir();
        let is_other = options.get("vex").is_some() || options.get("format").is_some();
        if is_left || !is_repository || is_other {
            continue;
        }
        let golden = fs::read(folder.join(case["golden"].as_str().unwrap())).unwrap();
        let golden: Value = serde_json::from_slice(&golden).unwrap();
        let skipped = |name: &str, flag: &str| {
            let all = options[name].as_array().into_iter().flatten();
            let inner = |it: &Value| {
                let path = it.as_str().unwrap();
                let path = path.strip_prefix(input).unwrap_or(path).trim_start_matches('/');
                format!(" {flag} {path}")
            };
            all.map(inner).collect::<String>()
        };
        let mut words = format!("as trivy repo -q -f json {}", folder.join(input).display());
        words.push_str(&skipped("skipFiles", "--skip-files"));
        words.push_str(&skipped("skipDirs", "--skip-dirs"));
        if options.get("includeDevDeps").is_some() {
            words.push_str(" --include-dev-deps");
        }
        let ours = machine.run(&words).ended(0).json();
        let mut differences = Vec::new();
        for (what, ours, theirs) in [
            ("weakness", weaknesses(&ours), weaknesses(&golden)),
            ("package", packages(&ours), packages(&golden)),
        ] {
            if what == "package" && options.get("listAllPkgs").is_none() {
                continue;
            }
            differences.extend(theirs.difference(&ours).map(|it| format!("- {what} {it}")));
            differences.extend(ours.difference(&theirs).map(|it| format!("+ {what} {it}")));
        }
        let known: BTreeSet<String> = OWN_FIELDS.iter().map(|it| (*it).to_owned()).collect();
        let missing = &(&fields(&golden) - &fields(&ours)) - &known;
        // The test database has no texts and ratings in the form that ours takes.
        let of_texts =
            ["Title", "Description", "References", "CVSS", "VendorSeverity", "SeveritySource"];
        let of_dates = ["PublishedDate", "LastModifiedDate", "PrimaryURL"];
        differences.extend(
            missing
                .into_iter()
                .filter(|it| !of_texts.iter().chain(&of_dates).any(|known| known == it))
                .map(|it| format!("- field {it}")),
        );
        differences.retain(|line| {
            let known = KNOWN.iter().find(|(of, word, _)| *of == input && line.contains(word));
            met.extend(known);
            known.is_none()
        });
        if differences.is_empty() {
            passed.insert(input.to_owned());
        } else {
            wrong.push(format!("{input}\n  {}", differences.join("\n  ")));
        }
    }
    println!("the same as Trivy's: {passed:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let gone: Vec<_> = KNOWN.iter().filter(|known| !met.contains(known)).collect();
    assert!(gone.is_empty(), "no longer so: {gone:?}");
    assert!(passed.len() >= 21, "{passed:?}");
}
