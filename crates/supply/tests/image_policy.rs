//! Policy files: every shape that sigstore's own examples have, and files that mean no good.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use plimsoll_model::ImageName;
use plimsoll_supply::image_policy::{Kind, NoMatch, PolicyError, PolicyFile, Settings};
use plimsoll_supply::quorum::{Condition, Conditions, Group, NoConditions, Trust};
use plimsoll_supply::verify::SignerPolicy;
use proptest::prelude::*;
use serde_json::Value;

fn parse_with(text: &str, conditions: &dyn Conditions) -> Result<PolicyFile, PolicyError> {
    let load = |_: &str| Err("there are no files".to_owned());
    PolicyFile::parse(text, &Settings { load: &load, conditions, has_root: false })
}

fn parse(text: &str) -> Result<PolicyFile, PolicyError> {
    parse_with(text, &NoConditions)
}

/// A policy with these authorities, indented as list items below `authorities`.
fn policy(kind: &str, version: &str, rest: &str) -> String {
    format!(
        "apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: p\n  annotations: {{a: b}}\nspec:\n  \
         images:\n  - glob: r.example/**\n{rest}"
    )
}

fn cluster(rest: &str) -> String {
    policy("ClusterImagePolicy", "policy.sigstore.dev/v1alpha1", rest)
}

#[test]
fn a_keyless_authority_with_expressions_a_log_and_claims_is_read_as_it_is() {
    let text = cluster(
        "  match:\n  - resource: pods\n    version: v1\n  mode: warn\n  authorities:\n  - name: ci\n    \
         keyless:\n      url: https://fulcio.sigstore.dev\n      identities:\n      - issuerRegExp: \
         .*kubernetes.default.*\n        subjectRegExp: .*/serviceaccounts/default\n    ctlog:\n      \
         url: https://rekor.sigstore.dev\n    signatureFormat: bundle\n    source:\n    - oci: \
         r.example/signatures\n    attestations:\n    - name: sbom\n      predicateType: spdxjson\n    - \
         name: other\n      predicateType: https://cosign.sigstore.dev/attestation/v1\n",
    );
    let file = parse(&text).unwrap();
    let policy = &file.policies[0];
    assert_eq!((policy.kind, policy.warns), (Kind::ClusterImagePolicy, true));
    assert_eq!(policy.sources[0].to_string(), "r.example/signatures:latest");
    let authority = &policy.requirements.authorities[0];
    let uris: Vec<_> = authority.claims.iter().map(|claim| claim.predicate_type.as_str()).collect();
    assert_eq!(uris, ["https://spdx.dev/Document", "https://cosign.sigstore.dev/attestation/v1"]);
    let Trust::Signers(signers) = &authority.trust else { panic!("no signer") };
    assert_eq!(signers[0].log_entries, Some(1));
    let SignerPolicy::Identities(identities) = &signers[0].signer else { panic!("no identity") };
    let subject = identities[0].subject.as_ref().unwrap();
    assert!(subject.matches("https://kubernetes.io/namespaces/x/serviceaccounts/default"));
    assert_eq!(policy.requirements.groups, [Group { count: 1, of: vec![0] }]);
}

#[test]
fn what_the_log_must_say_follows_policy_controller() {
    let entries = |rest: &str| {
        let keyless = "keyless: {identities: [{issuer: i, subject: s}], insecureIgnoreSCT: true}";
        let text = cluster(&format!("  authorities:\n  - {keyless}\n{rest}"));
        let file = parse(&text).unwrap();
        let Trust::Signers(signers) = &file.policies[0].requirements.authorities[0].trust else {
            panic!("no signer")
        };
        assert_eq!(signers[0].certificate_logs, 0);
        signers[0].log_entries
    };
    assert_eq!(entries(""), Some(1));
    assert_eq!(entries("    ctlog: {}\n"), Some(0));
    assert_eq!(entries("    ctlog: {url: https://rekor.example}\n"), Some(1));
    assert_eq!(entries("    rfc3161timestamp: {}\n"), Some(0));
}

#[test]
fn the_name_of_an_image_is_matched_with_its_tag_and_docker_by_either_name() {
    let text = cluster("  authorities:\n  - static: {action: pass}\n")
        .replace("r.example/**", "index.docker.io/library/nginx:1.*");
    let file = parse(&text).unwrap();
    let applies = |name: &str| {
        let name: ImageName = name.parse().unwrap();
        !file.applicable(&name, None).is_empty()
    };
    assert!(applies("nginx:1.27") && applies("docker.io/library/nginx:1.0"));
    assert!(!applies("nginx") && !applies("other/nginx:1.27"));
}

#[test]
fn a_condition_goes_to_whoever_understands_its_language() {
    struct Cel;
    impl Conditions for Cel {
        fn languages(&self) -> &[&'static str] {
            &["cel"]
        }
        fn check(&self, _: &Condition, _: &Value) -> Result<(), String> {
            Ok(())
        }
    }
    let text = |language: &str| {
        cluster(&format!(
            "  authorities:\n  - keyless: {{identities: [{{subject: a}}]}}\n    attestations:\n    - name: a\n      \
             predicateType: vuln\n      policy: {{type: {language}, data: 'true'}}\n"
        ))
    };
    let said =
        |language: &str, by: &dyn Conditions| parse_with(&text(language), by).unwrap_err().message;
    let file = parse_with(&text("cel"), &Cel).unwrap();
    let claim = &file.policies[0].requirements.authorities[0].claims[0];
    assert_eq!(claim.condition.as_ref().unwrap().text, "true");
    assert!(said("cue", &Cel).contains("write it in cel"));
    assert!(said("rego", &NoConditions).contains("conditions in `rego` are not evaluated"));
}

#[test]
fn the_config_map_of_policy_controller_says_what_becomes_of_the_rest() {
    let rest = cluster("  authorities:\n  - static: {action: pass}\n");
    let config = |data: &str| {
        parse(&format!(
            "{rest}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: \
             config-policy-controller}}\ndata:\n  {data}\n"
        ))
    };
    assert_eq!(config("no-match-policy: allow").unwrap().no_match, NoMatch::Allow);
    assert_eq!(config("enable-oci11: 'true'").unwrap().no_match, NoMatch::Deny);
    assert!(config("no-match-polcy: allow").unwrap_err().message.contains("did you mean"));
    assert!(config("no-match-policy: alow").unwrap_err().message.contains("did you mean `allow`"));
    assert_eq!(parse(&rest).unwrap().no_match, NoMatch::Deny);
}

#[test]
fn thresholds_name_authorities_and_can_be_met() {
    let ours = |rest: &str| {
        let authorities = "  authorities:\n  - {name: a, static: {action: pass}}\n  - {name: b, static: \
                           {action: pass}}\n";
        parse(&policy("ImagePolicy", "plimsoll.dev/v1", &format!("{authorities}{rest}")))
    };
    let counts = |rest: &str| {
        let file = ours(rest).unwrap();
        let groups = file.policies[0].requirements.groups.clone();
        groups.into_iter().map(|group| (group.count, group.of)).collect::<Vec<_>>()
    };
    assert_eq!(counts(""), [(1, vec![0, 1])]);
    assert_eq!(counts("  require: all\n"), [(2, vec![0, 1])]);
    assert_eq!(
        counts("  require: [{count: any, of: [b]}, {count: 1}]\n"),
        [(1, vec![1]), (1, vec![0, 1])]
    );
    let said = |rest: &str| ours(rest).unwrap_err().message;
    assert_eq!(said("  require: 3\n"), "3 of 2 can never sign");
    assert_eq!(said("  require: 0\n"), "nothing would be asked for");
    assert_eq!(said("  require: []\n"), "nothing would be asked for");
    assert!(said("  require: al\n").contains("did you mean `all`?"));
    assert!(said("  require: [{count: 1, of: [bb]}]\n").contains("no authority `bb`"));
    assert!(
        said("  attestations: [{predicateType: vuln, signedBy: [c]}]\n").contains("no authority")
    );
    assert_eq!(
        counts("  require: 0\n  attestations: [{predicateType: vuln}]\n"),
        [(0, vec![0, 1])]
    );
}

#[test]
fn aliases_depth_and_keys_that_are_there_twice_end_the_reading() {
    let line = |at: usize| format!("a{at}: &a{at} [*a{0}, *a{0}, *a{0}, *a{0}]\n", at - 1);
    let bomb: String = (1..30).map(line).collect();
    assert!(parse(&format!("a0: &a0 [x]\n{bomb}")).is_err());
    assert!(parse(&"[".repeat(10_000)).is_err());
    assert!(parse(&" ".repeat(2 << 20)).is_err());
    let twice =
        cluster("  authorities: [{static: {action: pass}}]\n  mode: warn\n  mode: enforce\n");
    assert!(parse(&twice).is_err());
    assert!(parse("").is_err() && parse("---\n---\n").is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[ -~\n]{0,300}") {
        let _ = parse(&text);
    }

    #[test]
    fn a_policy_with_one_letter_changed_is_read_or_refused_with_a_place(
        at in 0_usize..600, letter in "[ -~\n]"
    ) {
        let mut text = cluster(
            "  authorities:\n  - name: a\n    keyless: {identities: [{issuer: i, subject: s}]}\n  - key:\n      \
             data: |\n        -----BEGIN PUBLIC KEY-----\n",
        );
        let at = at.min(text.len() - 1);
        text.replace_range(at..=at, &letter);
        if let Err(error) = parse(&text) {
            prop_assert!(error.place.line >= 1 && error.place.column >= 1);
        }
    }
}
