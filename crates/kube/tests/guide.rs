//! The pod and the namespace of the guide that commands are taken from: what is said of them, and
//! nothing else.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::pss::{Profile, Version, plan};
use plimsoll_kube::{Config, Estate, Family, lint};
use plimsoll_model::text::Source;
use plimsoll_testkit::shared;

/// The manifest of a kind, as the guide has it.
fn manifest(kind: &str) -> Option<String> {
    let path = shared("../guide/container-security-guide.txt")?;
    let guide = std::fs::read_to_string(path).unwrap();
    let at = guide.find(&format!("apiVersion: v1\nkind: {kind}\n")).unwrap();
    let text = guide.get(at..).and_then(|rest| rest.split("\n\n").next()).unwrap();
    Some(format!("{text}\n"))
}

#[test]
fn the_guides_pod_passes_restricted_and_what_is_missing_is_told() {
    let Some(pod) = manifest("Pod") else { return };
    let manifest = Manifest::parse(Source::new(pod));
    let estate = Estate::of([&manifest]);
    for version in (0..=40).map(Version::Minor).chain([Version::Latest]) {
        let config = Config {
            only: Some(Family::Pss),
            profile: Some(Profile::Restricted),
            version,
            ..Config::default()
        };
        assert!(lint(&manifest, &estate, &config).is_empty(), "{version:?}");
    }
    let said: Vec<String> = lint(&manifest, &estate, &Config::default())
        .iter()
        .map(|one| {
            let line = manifest.source.line(one.span.start);
            format!("{line} {} {}: {}", one.level, one.rule.id, one.message)
        })
        .collect();
    assert_eq!(
        said,
        [
            "4 warning PK3004: the pod gets a token of the default service account",
            "4 info PK4002: no network policy selects the pods of Pod/secure-pod",
            "4 info PK5003: nothing makes this pod anew when it is gone",
            "8 info PK3002: user 1000 may be one of the node's own",
            "13 warning PK2001: container `app` has no cpu request",
            "13 warning PK2002: container `app` has no memory request",
            "13 warning PK2003: container `app` has no memory limit",
            "13 info PK2005: container `app` does not say when it is ready",
            "14 warning PK1001: image `myapp:latest` is another one tomorrow",
            "24 info PK3002: user 1000 may be one of the node's own",
        ]
    );
}

#[test]
fn the_guides_namespace_enforces_what_its_pod_meets() {
    let (Some(pod), Some(namespace)) = (manifest("Pod"), manifest("Namespace")) else { return };
    let parse = |text: &str| Manifest::parse(Source::new(text));
    let namespace = parse(&namespace);
    let inside = pod.replace("metadata:\n", "metadata:\n  namespace: production\n");
    let rollout =
        |pod: &Manifest| plan([("ns.yaml", &namespace), ("pod.yaml", pod)], Version::Latest);
    let met = rollout(&parse(&inside));
    let production = met.iter().find(|one| one.namespace == "production").unwrap();
    assert_eq!(production.meets, Profile::Restricted);
    assert!(production.is_labelled() && production.blockers(Profile::Restricted).is_empty());

    // Its labels refuse a pod that lacks what the guide's has.
    let open = parse(&inside.replace("allowPrivilegeEscalation: false", "privileged: true"));
    let open_plan = rollout(&open);
    let production = open_plan.iter().find(|one| one.namespace == "production").unwrap();
    assert_eq!(production.meets, Profile::Privileged);
    let config = Config { only: Some(Family::Pss), ..Config::default() };
    let found = lint(&open, &Estate::of([&namespace, &open]), &config);
    let ids: Vec<&str> = found.iter().map(|one| one.rule.id).collect();
    assert_eq!(ids, ["privileged", "allowPrivilegeEscalation"]);
    assert!(found.iter().all(|one| one.level == plimsoll_model::text::Level::Error));
}
