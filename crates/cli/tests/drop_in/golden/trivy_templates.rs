//! Trivy's templates: what the real ones write of a report, and what stands for them here.

use std::path::PathBuf;

use serde_json::Value;

use super::{inputs, theirs};
use crate::machine::Machine;
use crate::peers::peer;

/// A machine with a report of findings and one of misconfigurations, both ours.
fn machine() -> Machine {
    let machine = inputs::machine();
    inputs::advisories(&machine);
    machine.write("src/Dockerfile", "FROM node:latest\nRUN sudo ls & \"x\"\n");
    machine.run("as trivy image -q -f json -o found.json --input debian.tar").ended(0);
    machine.run("as trivy config -f json -o checks.json src").ended(0);
    machine
}

/// The folder with the templates, beside the program.
fn templates() -> Option<PathBuf> {
    Some(peer("trivy-contrib/junit.tpl")?.parent()?.to_owned())
}

/// Text in which space between tags is no matter.
fn tight(text: &str) -> String {
    let lines: String = text.lines().map(str::trim).collect();
    lines.replace("&#xA;</failure>", "</failure>")
}

/// What stands in each row of a page, without its tags.
fn rows(page: &str) -> Vec<String> {
    let rows = page.split("<tr class=\"severity-").skip(1);
    let text = |row: &str| {
        let row = row.split("</tr>").next().unwrap();
        let mut words = String::new();
        for piece in row.split('<').skip(1) {
            words.push(' ');
            words.push_str(piece.split_once('>').unwrap().1.trim());
        }
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    rows.map(text).collect()
}

#[test]
fn templates_of_trivy_say_of_our_reports_what_ours_say() {
    let (Some(trivy), Some(folder)) = (peer("trivy"), templates()) else { return };
    let machine = machine();
    for report in ["found.json", "checks.json"] {
        let both = |template: &str| {
            let path = folder.join(template).display().to_string();
            let words = format!("convert --format template --template @{path} {report}");
            let real = theirs(&trivy, &machine, &[("TRIVY_QUIET", "true")], &words).ended(0).out;
            let ours = machine.run(&format!("as trivy {words}")).ended(0).out;
            (real, ours)
        };
        let (real, ours) = both("junit.tpl");
        assert_eq!(tight(&ours), tight(&real), "{report}");
        let (real, ours) = both("gitlab-codequality.tpl");
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(json(&ours), json(&real), "{report}");
        assert_ne!(json(&ours).as_array().unwrap().len(), 0, "{report}");
        let (real, ours) = both("html.tpl");
        assert_eq!(rows(&ours), rows(&real), "{report}");
        assert!(!rows(&ours).is_empty(), "{report}");
    }
}

#[test]
fn gitlabs_template_is_gitlabs_report_with_the_same_weaknesses() {
    let (Some(trivy), Some(folder)) = (peer("trivy"), templates()) else { return };
    let machine = machine();
    let words = format!(
        "convert --format template --template @{} found.json",
        folder.join("gitlab.tpl").display()
    );
    let real = theirs(&trivy, &machine, &[("TRIVY_QUIET", "true")], &words).ended(0).json();
    let ours = machine.run(&format!("as trivy {words}")).ended(0).json();
    let found = |document: &Value| {
        let all = document["vulnerabilities"].as_array().unwrap().iter();
        let mut all: Vec<String> = all
            .map(|it| {
                let package = &it["location"]["dependency"];
                format!(
                    "{} {} {} {}",
                    it["identifiers"][0]["value"],
                    package["package"]["name"],
                    package["version"],
                    it["severity"]
                )
            })
            .collect();
        all.sort();
        all
    };
    assert_eq!(found(&ours), found(&real));
    assert_eq!(ours["version"], real["version"]);
}
