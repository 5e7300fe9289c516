//! `--policy`: sigstore's `ClusterImagePolicy` and our `ImagePolicy`.

use plimsoll_testkit::DockerRegistry;

use crate::folder::Folder;

/// A registry with the image `app:1`, or why there is none.
fn registry(folder: &Folder) -> Option<DockerRegistry> {
    let started = DockerRegistry::start(None, None);
    let pushed = started.and_then(|registry| {
        registry.push(&folder.path("layout"), "team/app:1")?;
        Ok(registry)
    });
    pushed.map_err(|why| println!("skipped: {why}")).ok()
}

fn indented(text: &str) -> String {
    let indent = " ".repeat(10);
    text.lines().flat_map(|line| [&indent, line, "\n"]).collect()
}

fn cluster_policy(folder: &Folder, name: &str, glob: &str, key: &str) -> String {
    let key = indented(&folder.read(&format!("{key}.pub")));
    format!(
        "apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\nmetadata:\n  name: \
         {name}\nspec:\n  images:\n  - glob: \"{glob}\"\n  authorities:\n  - key:\n      hashAlgorithm: \
         sha256\n      data: |\n{key}"
    )
}

#[test]
fn every_cluster_image_policy_that_matches_must_hold() {
    let folder = Folder::new();
    let Some(registry) = registry(&folder) else { return };
    let host = registry.host();
    let image = format!("{host}/team/app:1");
    let allow = format!("--insecure-registry {host}");
    let verify =
        |more: &str| folder.run(&format!("verify {image} {allow} --policy policy.yaml {more}"));
    folder.write("policy.yaml", cluster_policy(&folder, "team", &format!("{host}/team/**"), "a"));
    let ran = verify("").ended(5);
    assert!(ran.out.starts_with("denied: "), "{}", ran.out);
    assert!(ran.out.contains("policy team: does not hold"), "{}", ran.out);
    folder.run(&format!("sign --key a.key {allow} {image}")).ended(0);
    let ran = verify("").ended(0);
    assert!(ran.out.contains("policy team: holds"), "{}", ran.out);
    assert!(ran.err.contains(&format!("{host}/team/app@sha256:")), "{}", ran.err);

    let second = cluster_policy(&folder, "all", "**", "b");
    let both = format!("{}---\n{second}", folder.read("policy.yaml"));
    folder.write("policy.yaml", &both);
    let ran = verify("").ended(5);
    assert!(ran.out.contains("policy team: holds"), "{}", ran.out);
    assert!(ran.out.contains("policy all: does not hold"), "{}", ran.out);
    folder.write("policy.yaml", both.replace("spec:", "spec:\n  mode: warn"));
    let ran = verify("").ended(0);
    assert!(ran.out.contains("policy all: does not hold, and only warns"), "{}", ran.out);
}

#[test]
fn a_condition_on_a_claim_is_judged_in_cel_and_in_rego() {
    let folder = Folder::new();
    let Some(registry) = registry(&folder) else { return };
    let host = registry.host();
    let image = format!("{host}/team/app:1");
    let allow = format!("--insecure-registry {host}");
    folder.write("claim.json", r#"{"level": 3}"#);
    let kind = "https://example.com/p";
    let attest = format!("attest {image} {allow} --key a.key --type {kind} --predicate claim.json");
    folder.run(&attest).ended(0);
    let policy = cluster_policy(&folder, "team", "**", "a");
    let verify = |language: &str, text: &str, code| {
        let condition = format!(
            "    attestations:\n    - name: level\n      predicateType: {kind}\n      policy:\n        \
             type: {language}\n        data: |\n{}",
            indented(text)
        );
        folder.write("policy.yaml", format!("{policy}{condition}"));
        folder.run(&format!("verify {image} {allow} --policy policy.yaml")).ended(code).out
    };
    verify("cel", "predicate.level >= 3", 0);
    let refused = verify("cel", "predicate.level > 3", 5);
    assert!(refused.contains("predicate.level"), "{refused}");
    let rego = "package sigstore\nisCompliant {\n  input.predicate.level == 3\n}";
    verify("rego", rego, 0);
    verify("rego", &rego.replace("== 3", "== 4"), 5);
}

#[test]
fn an_image_that_no_policy_matches_is_denied_unless_the_file_says_otherwise() {
    let folder = Folder::new();
    let Some(registry) = registry(&folder) else { return };
    let host = registry.host();
    let policy = cluster_policy(&folder, "other", "elsewhere.example/**", "a");
    let verify = |text: &str| {
        folder.write("policy.yaml", text);
        let image = format!("{host}/team/app:1 --insecure-registry {host}");
        folder.run(&format!("verify {image} --policy policy.yaml"))
    };
    let ran = verify(&policy).ended(5);
    assert!(ran.out.contains("no policy is for it"), "{}", ran.out);
    let config = |mode: &str| {
        format!(
            "{policy}---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: \
             config-policy-controller\n  namespace: cosign-system\ndata:\n  no-match-policy: {mode}\n"
        )
    };
    verify(&config("deny")).ended(5);
    assert!(verify(&config("warn")).ended(0).out.starts_with("passed: "));
    verify(&config("allow")).ended(0);
}

#[test]
fn of_our_policies_the_longest_pattern_counts_with_thresholds_and_claims() {
    let folder = Folder::new();
    let Some(registry) = registry(&folder) else { return };
    let host = registry.host();
    let image = format!("{host}/team/app:1");
    let allow = format!("--insecure-registry {host}");
    folder.keys("release.pem", &["a", "b"]);
    folder.write(
        "policy.yaml",
        format!(
            "apiVersion: plimsoll.dev/v1
kind: ImagePolicy
metadata: {{name: everything}}
spec:
  images: [{{glob: '**'}}]
  authorities: [{{static: {{action: fail, message: nothing else may run}}}}]
---
apiVersion: plimsoll.dev/v1
kind: ImagePolicy
metadata: {{name: team}}
spec:
  images: [{{glob: '{host}/team/*'}}]
  authorities:
  - {{name: release, key: {{file: release.pem}}}}
  - {{name: build, key: {{file: c.pub}}}}
  require:
  - {{count: 2, of: [release]}}
  attestations:
  - {{predicateType: cyclonedx, signedBy: [build]}}
"
        ),
    );
    let verify = || folder.run(&format!("verify {image} {allow} --policy policy.yaml"));
    let sign = |key: &str| folder.run(&format!("sign --key {key}.key {allow} {image}")).ended(0);
    sign("a");
    let ran = verify().ended(5);
    assert!(ran.out.contains("policy team: does not hold"), "{}", ran.out);
    assert!(!ran.out.contains("everything"), "{}", ran.out);
    assert!(ran.out.contains("signers 1 of 2 needed"), "{}", ran.out);
    assert!(ran.out.contains("missing release[1]"), "{}", ran.out);
    assert!(ran.out.contains("MISSING cyclonedx by build"), "{}", ran.out);
    sign("b");
    folder.write("sbom.json", r#"{"bomFormat": "CycloneDX"}"#);
    let attest = |key: &str| {
        let claim = "--type cyclonedx --predicate sbom.json";
        folder.run(&format!("attest --key {key}.key {claim} {allow} {image}")).ended(0)
    };
    attest("a");
    verify().ended(5);
    attest("c");
    let ran = verify().ended(0);
    assert!(ran.out.contains("cyclonedx signed by"), "{}", ran.out);
    let elsewhere = folder.read("policy.yaml").replace("/team/*'", "/other/*'");
    folder.write("policy.yaml", elsewhere);
    let ran = verify().ended(5);
    assert!(ran.out.contains("missing authority-0: nothing else may run"), "{}", ran.out);
}

#[test]
fn what_is_wrong_with_a_policy_is_told_with_its_place_and_what_was_meant() {
    let folder = Folder::new();
    let policy = cluster_policy(&folder, "p", "r.example/**", "a");
    let said = |text: &str| {
        folder.write("policy.yaml", text);
        let ran = folder.run("verify r.example/app --policy policy.yaml").ended(2);
        ran.err.trim().strip_prefix("error: policy.yaml:").unwrap_or(&ran.err).to_owned()
    };
    let cases = [
        (
            "  authorities:",
            "  authoritys:",
            "8:3: unknown field `authoritys`: did you mean `authorities`?",
        ),
        (
            "ClusterImagePolicy",
            "ClusterImagPolicy",
            "2:7: `ClusterImagPolicy` is no kind of policy: did you mean `ClusterImagePolicy`?",
        ),
        (
            "ClusterImagePolicy",
            "TrustRoot",
            "2:7: a TrustRoot is not read: give its trusted root with `--trusted-root FILE`",
        ),
        (
            "v1beta1",
            "v2",
            "1:13: a ClusterImagePolicy has `apiVersion: policy.sigstore.dev/v1beta1`, not `policy.sigstore.dev/v2`",
        ),
        ("r.example/**", "r.example/[a]", "7:11: `[` is no part of a pattern"),
        (
            "spec:\n",
            "spec:\n  mode: enforced\n",
            "6:9: unknown mode `enforced`: did you mean `enforce`?",
        ),
        ("spec:\n", "spec:\n  require: all\n", "6:12: `require` is a field of `kind: ImagePolicy`"),
        (
            "spec:\n",
            "spec:\n  policy: {type: cue, data: x}\n",
            "6:11: a policy over all authorities is not evaluated",
        ),
        ("BEGIN PUBLIC KEY", "BEGIN PUBLIC KEE", "12:11: no public key: PEM"),
        (
            "  - key:",
            "  - attestations: [{name: x, predicateType: spdxjson, policy: {type: cue, data: x}}]\n    key:",
            "9:70: conditions in `cue` are not evaluated: write it in cel or rego",
        ),
        (
            "  - key:",
            "  - attestations: [{name: x, predicateType: spdxjsn}]\n    key:",
            "9:45: unknown type `spdxjsn`: a URI, or did you mean `spdxjson`?",
        ),
        (
            "  - key:",
            "  - keyless: {identities: []}\n  - key:",
            "9:14: `keyless` needs `identities`",
        ),
        (
            "  - key:",
            "  - keyless: {identities: [{subject: a, subjectRegExp: b}]}\n  - key:",
            "9:56: a text or an expression, not both",
        ),
        (
            "  - key:",
            "  - keyless: {trustRootRef: own, identities: [{subject: a}]}\n  - key:",
            "9:29: the trusted root `own` is not known: give it with `--trusted-root FILE`",
        ),
        ("  - key:", "  - static: {action: deny}\n  - key:", "9:22: unknown action `deny`"),
    ];
    for (from, to, expected) in cases {
        let changed = policy.replacen(from, to, 1);
        assert_ne!(changed, policy, "{from}");
        let found = said(&changed);
        assert!(found.starts_with(expected), "{to}\n expected {expected}\n found    {found}");
    }
}
