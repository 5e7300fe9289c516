//! Each format on one decision with everything in it.

use plimsoll_model::Timestamp;
use plimsoll_model::gate::{
    Decision, Effect, Exception, Place, Practice, Rule, Ruling, State, Subject, Violation,
};

use super::{GateFormat, Looks};
use crate::Style;

const PAGE: Rule = Rule {
    id: "dockerfile.pinned",
    title: "Build on a release that is named",
    why: "A tag moves on.",
    fix: "Name a release.",
    practice: Practice::Dockerfiles,
    effect: Effect::Deny,
    exit_code: Rule::DENIED,
};
static PINNED: Rule = PAGE;
static SIGNED: Rule = Rule { id: "signature.signed", practice: Practice::Sign, ..PAGE };
static AGE: Rule = Rule { id: "base.age", practice: Practice::Updates, ..PAGE };

fn hostile() -> Decision {
    let ruling = |rule, effect, subject: &str, state, violations, why: &str| Ruling {
        rule,
        effect,
        subject: subject.into(),
        state,
        violations,
        why: why.into(),
    };
    let place = Place { file: "a b/Dockerfile".into(), line: 1, column: 6 };
    let odd = Violation::new("`x` <b>|[a](b)\u{1b}[2J\n is latest")
        .called("DL3007")
        .at(place.clone())
        .mended_by("name a release");
    let spared = Violation { excepted: Some(0), ..odd.clone() };
    let exception = Exception {
        rule: "dockerfile.pinned".into(),
        id: Some("DL3007".into()),
        subject: None,
        path: None,
        owner: "team@example.com".into(),
        reason: "moves | in March".into(),
        expires: "2026-03-31".into(),
        expired: false,
        used: 1,
        line: 7,
    };
    Decision {
        subjects: vec![
            Subject { name: "registry.example/app:1.2".into(), kind: "image", digest: None },
            Subject { name: ".".into(), kind: "folder", digest: None },
        ],
        rulings: vec![
            ruling(
                &PINNED,
                Effect::Deny,
                ".",
                State::Denied,
                vec![odd.clone(), spared.clone()],
                "",
            ),
            ruling(&PINNED, Effect::Warn, "other", State::Warned, vec![odd; 7], ""),
            ruling(&PINNED, Effect::Deny, "third", State::Excepted, vec![spared], ""),
            ruling(
                &SIGNED,
                Effect::Deny,
                "registry.example/app:1.2",
                State::Unknown,
                vec![],
                "the registry does not answer",
            ),
            ruling(&AGE, Effect::Warn, "registry.example/app:1.2", State::Passed, vec![], "ok"),
            ruling(&AGE, Effect::Warn, ".", State::NotAsked, vec![], "it is asked of images"),
        ],
        exceptions: vec![exception],
        policy: Some("plimsoll.toml".into()),
        policy_sha256: Some("ab".repeat(32)),
        decided_at: Timestamp::from_unix(1_767_323_045),
    }
}

fn written(name: &str, explain: bool) -> String {
    let format = GateFormat::named(name).unwrap();
    let style = Style::default();
    let mut out = Vec::new();
    (format.write)(&hostile(), &Looks { style: &style, explain }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_table_shows_the_worst_first_and_ends_with_the_counts() {
    insta::assert_snapshot!(written("table", false));
}

#[test]
fn explained_every_rule_is_shown_with_its_reason() {
    let text = written("table", true);
    assert!(text.contains("pass      base.age"), "{text}");
    assert_eq!(text.matches("why: A tag moves on.").count(), 5, "{text}");
    assert!(text.contains("mend: name a release"), "{text}");
}

#[test]
fn the_summary_is_a_checklist_in_which_nothing_of_a_target_is_markup() {
    let text = written("markdown", false);
    assert!(!text.contains("<b>") && !text.contains("[a](b)") && !text.contains('\u{1b}'));
    insta::assert_snapshot!(text);
}

#[test]
fn build_servers_get_a_test_for_each_rule() {
    insta::assert_snapshot!(written("junit", false));
}

#[test]
fn programs_get_every_ruling_and_code_scanning_every_violation_with_its_exception() {
    let json: serde_json::Value = serde_json::from_str(&written("json", false)).unwrap();
    assert_eq!(json["verdict"], "deny");
    assert_eq!(json["rulings"].as_array().unwrap().len(), 6);
    assert_eq!(json["rulings"][0]["violations"][1]["excepted"]["owner"], "team@example.com");
    assert_eq!(json["exceptions"][0]["covers"], 1);
    let sarif: serde_json::Value = serde_json::from_str(&written("sarif", false)).unwrap();
    let run = &sarif["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 10);
    assert_eq!(run["results"][0]["suppressions"].as_array().unwrap().len(), 0);
    assert_eq!(run["results"][1]["suppressions"][0]["kind"], "external");
    let file = "/locations/0/physicalLocation/artifactLocation/uri";
    assert_eq!(run["results"][0].pointer(file).unwrap(), "a%20b/Dockerfile");
    let told = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(told["associatedRule"]["id"], "signature.signed");
    let prints: std::collections::BTreeSet<String> = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["partialFingerprints"].to_string())
        .collect();
    assert_eq!(prints.len(), 10);
}
