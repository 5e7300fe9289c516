//! `verifyImages` of Kyverno's policies.
//!
//! Every attestor of a rule must hold, of its entries as many as `count` says, or all. A
//! `ClusterImagePolicy` holds by any one authority and all that match must hold: so an attestor of which
//! one entry is enough is one of them, and one of which all are needed is one for each entry.
//!
//! <https://kyverno.io/docs/policy-types/cluster-policy/verify-images/>

use plimsoll_kube::manifest::Node;
use serde_json::{Value, json};

use super::{Imported, Policy, Reader, ask};
use crate::settings::Mode;

pub(super) const READER: Reader = Reader {
    is_one: |version, kind| {
        version.starts_with("kyverno.io/") && matches!(kind, "ClusterPolicy" | "Policy")
    },
    read,
};

/// Where signatures are written down unless a rule names another log.
const REKOR: &str = "https://rekor.sigstore.dev";

fn read(policy: &Policy<'_>, into: &mut Imported) {
    let Some(spec) = policy.node.get("spec") else { return };
    let action = |node: &Node, name| node.text(name).map(|it| it.value.to_ascii_lowercase());
    let whole = action(spec, "validationFailureAction");
    let overrides = spec.list("validationFailureActionOverrides");
    let is_overridden = !overrides.is_empty();
    let enforces = |it: &Node| action(it, "action").as_deref() == Some("enforce");
    let enforced_somewhere = overrides.iter().any(|it| enforces(it));
    for rule in spec.list("rules") {
        let name = rule.text("name").map_or("", |it| it.value);
        let part = format!(" rule {name}");
        let checks = rule.list("verifyImages");
        if checks.is_empty() {
            let why = "it is about something else than signatures".to_owned();
            policy.remark(rule, &part, Some(why), into);
            continue;
        }
        for check in checks {
            let action = action(check, "failureAction").or_else(|| whole.clone());
            // Without a word Kyverno only reports.
            let refuses = action.as_deref() == Some("enforce") || enforced_somewhere;
            let mode = if refuses { Mode::Enforce } else { Mode::Audit };
            let mut differences = narrowed(policy, rule);
            if is_overridden {
                differences.push(
                    "it is as grave in all namespaces as it is in the gravest there".to_owned(),
                );
            }
            if !check.list("skipImageReferences").is_empty() {
                differences.push(SKIPPED.to_owned());
            }
            match self::check(check) {
                Ok((authorities, others)) => {
                    differences.extend(others);
                    let base = format!("{}-{name}", policy.called.replace('/', "-"));
                    add(check, &base.to_ascii_lowercase(), authorities, mode, into);
                }
                Err(why) => {
                    differences.push(why);
                }
            }
            let difference = (!differences.is_empty()).then(|| differences.join("; "));
            policy.remark(check, &part, difference, into);
        }
    }
}

const SKIPPED: &str = "images of skipImageReferences are asked for here too";

/// Writes policies that hold together.
fn add(check: &Node, base: &str, sets: Vec<Vec<Value>>, mode: Mode, into: &mut Imported) {
    let images: Vec<Value> = check
        .texts("imageReferences")
        .flat_map(|it| globs(it.value))
        .map(|glob| json!({ "glob": glob }))
        .collect();
    for authorities in sets {
        // No two of one name, whatever policies are called.
        let number = into.policies.len();
        into.policies.push(json!({
            "apiVersion": "policy.sigstore.dev/v1beta1",
            "kind": "ClusterImagePolicy",
            "metadata": { "name": format!("{base}-{number}") },
            "spec": {
                "images": images,
                "authorities": authorities,
                "mode": if mode == Mode::Enforce { "enforce" } else { "warn" },
            },
        }));
    }
    ask(&mut into.signature, mode);
    let is_on = |name: &str| check.boolean(name).is_none_or(|it| it.value);
    if is_on("verifyDigest") || is_on("mutateDigest") {
        into.pins |= is_on("mutateDigest");
        ask(&mut into.digest, if is_on("verifyDigest") { mode } else { Mode::DryRun });
    }
}

/// The patterns of a reference. What Docker's registry has itself is of `library` when its name is
/// written out, which Kyverno leaves away.
fn globs(reference: &str) -> Vec<String> {
    let glob = reference.replace('*', "**");
    match reference.strip_prefix("docker.io/") {
        Some(own) if !own.contains('/') => {
            vec![format!("docker.io/library/{}", own.replace('*', "**")), glob]
        }
        _ => vec![glob],
    }
}

/// Refuses fields that are not known here: they may ask for more.
fn only(node: &Node, known: &[&str], what: &str) -> Result<(), String> {
    let fields = node.as_mapping().map_or(&[][..], |it| &it.fields);
    match fields.iter().find(|field| !known.contains(&&*field.name)) {
        Some(field) => Err(format!("`{}` of {what} is not read", field.name)),
        None => Ok(()),
    }
}

/// The fields of a check.
const CHECK: [&str; 11] = [
    "imageReferences",
    "skipImageReferences",
    "type",
    "attestors",
    "attestations",
    "mutateDigest",
    "verifyDigest",
    "required",
    "failureAction",
    // How it asks, not what.
    "useCache",
    "imageRegistryCredentials",
];

/// The authorities of each policy, and what is not the same; an error where it cannot be said at all.
fn check(check: &Node) -> Result<(Vec<Vec<Value>>, Vec<String>), String> {
    only(check, &CHECK, "a check")?;
    let mut differences = Vec::new();
    if check.text("type").is_some_and(|it| it.value != "Cosign" && it.value != "SigstoreBundle") {
        return Err(
            "signatures of Notary are not read: `kube admit` judges those of sigstore".into()
        );
    }
    if check.texts("imageReferences").next().is_none() {
        return Err("it names no images".into());
    }
    if check.texts("imageReferences").any(|it| it.value.contains('?')) {
        return Err("`?` in imageReferences is no pattern here".into());
    }
    if check.boolean("required").is_some_and(|it| !it.value) {
        differences.push("images that were not verified pass there: `required` is off".to_owned());
    }
    let mut sets = Vec::new();
    for attestor in check.list("attestors") {
        sets.extend(attestor_sets(attestor, &[])?);
    }
    for attestation in check.list("attestations") {
        let known = ["name", "type", "predicateType", "attestors", "conditions"];
        only(attestation, &known, "an attestation")?;
        let kind = attestation.text("type").or_else(|| attestation.text("predicateType"));
        let kind = kind.ok_or("an attestation without a type")?.value;
        if !attestation.list("conditions").is_empty() {
            differences.push(format!("conditions on {kind} are not read: only that it is there"));
        }
        let claim = json!({ "name": "claim", "predicateType": kind });
        let attestors = attestation.list("attestors");
        if attestors.is_empty() {
            return Err(format!("nobody is named who claims {kind}"));
        }
        for attestor in attestors {
            sets.extend(attestor_sets(attestor, std::slice::from_ref(&claim))?);
        }
    }
    if sets.is_empty() {
        return Err("nobody is named who signs".into());
    }
    Ok((sets, differences))
}

/// The policies that an attestor comes to.
fn attestor_sets(attestor: &Node, claims: &[Value]) -> Result<Vec<Vec<Value>>, String> {
    only(attestor, &["count", "entries"], "an attestor")?;
    let entries = attestor.list("entries");
    let authorities: Vec<Value> =
        entries.iter().map(|entry| authority(entry, claims)).collect::<Result<_, _>>()?;
    let count = attestor.integer("count").map(|it| it.value);
    let all = i64::try_from(authorities.len()).unwrap_or(i64::MAX);
    match count {
        _ if authorities.is_empty() => Err("an attestor without entries".into()),
        Some(1) => Ok(vec![authorities]),
        Some(count) if count > 1 && count < all => Err(format!(
            "{count} of {all} entries are no ClusterImagePolicy: an `ImagePolicy` has `require` for that"
        )),
        _ => Ok(authorities.into_iter().map(|one| vec![one]).collect()),
    }
}

fn authority(entry: &Node, claims: &[Value]) -> Result<Value, String> {
    if entry.get("attestor").is_some() {
        return Err("an attestor within an attestor is not read".into());
    }
    if entry.get("annotations").is_some() {
        return Err("annotations of signatures are not read".into());
    }
    if entry.text("repository").is_some() {
        return Err("signatures in another repository are not read".into());
    }
    only(entry, &["keys", "keyless", "certificates"], "an entry")?;
    let mut authority = if let Some(keys) = entry.get("keys") {
        key(keys)?
    } else if let Some(keyless) = entry.get("keyless") {
        self::keyless(keyless)?
    } else {
        return Err("an entry by a certificate is not read".into());
    };
    if let (Value::Object(fields), false) = (&mut authority, claims.is_empty()) {
        fields.insert("attestations".into(), json!(claims));
    }
    Ok(authority)
}

fn key(keys: &Node) -> Result<Value, String> {
    let known = ["publicKeys", "signatureAlgorithm", "rekor", "ctlog", "kms", "secret"];
    only(keys, &known, "keys")?;
    let text = keys.text("publicKeys").map(|it| it.value.trim());
    let Some(text) = text.filter(|it| !it.is_empty()) else {
        return Err("an entry by a key of a key service is not read".into());
    };
    if text.starts_with("k8s://") || text.contains("://") || keys.get("secret").is_some() {
        return Err("a key in a secret or a key service is not read: give the key itself".into());
    }
    if text.matches("BEGIN").count() != 1 {
        return Err("several keys in one entry are not read: make an entry of each".into());
    }
    let mut authority = json!({ "key": { "data": format!("{text}\n") } });
    log(keys)?;
    let rekor = keys.get("rekor");
    let ignored = rekor.and_then(|it| it.boolean("ignoreTlog")).is_some_and(|it| it.value);
    if !ignored && let Value::Object(fields) = &mut authority {
        let url = rekor.and_then(|it| it.text("url")).map_or(REKOR, |it| it.value);
        fields.insert("ctlog".into(), json!({ "url": url }));
    }
    Ok(authority)
}

/// Refuses logs that the trusted root does not have.
fn log(of: &Node) -> Result<(), String> {
    for name in ["rekor", "ctlog"] {
        let Some(log) = of.get(name) else { continue };
        only(log, &["url", "ignoreTlog", "ignoreSCT", "pubkey", "tsaCertChain"], "a log")?;
        if log.text("pubkey").is_some() || log.text("tsaCertChain").is_some() {
            return Err("a log's key in the policy is not read: give it in a trusted root".into());
        }
    }
    Ok(())
}

fn keyless(keyless: &Node) -> Result<Value, String> {
    let known = [
        "subject",
        "issuer",
        "subjectRegExp",
        "issuerRegExp",
        "rekor",
        "ctlog",
        "roots",
        "additionalExtensions",
    ];
    only(keyless, &known, "keyless")?;
    log(keyless)?;
    if keyless.text("roots").is_some() {
        return Err("roots in the policy are not read: give them in a trusted root".into());
    }
    if keyless.get("additionalExtensions").is_some() {
        return Err("additionalExtensions are not read: an `ImagePolicy` has `extensions`".into());
    }
    let mut identity = serde_json::Map::new();
    for name in ["subject", "issuer"] {
        let pattern = format!("{name}RegExp");
        if let Some(found) = keyless.text(&pattern) {
            identity.insert(pattern, json!(found.value));
        } else if let Some(found) = keyless.text(name) {
            if found.value.contains(['*', '?']) {
                identity.insert(pattern, json!(wildcard(found.value)));
            } else {
                identity.insert(name.to_owned(), json!(found.value));
            }
        } else {
            return Err(format!("an entry names no {name}: anybody might sign"));
        }
    }
    let rekor = keyless.get("rekor");
    let url = rekor.and_then(|it| it.text("url")).map_or(REKOR, |it| it.value);
    Ok(json!({ "keyless": { "identities": [identity] }, "ctlog": { "url": url } }))
}

/// A pattern with `*` and `?` as a regular expression of the whole text.
fn wildcard(pattern: &str) -> String {
    let mut regex = String::from("^");
    for char in pattern.chars() {
        match char {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            char if char.is_ascii_alphanumeric() || matches!(char, '/' | ':' | '-' | '_' | '@') => {
                regex.push(char);
            }
            char => {
                regex.push('\\');
                regex.push(char);
            }
        }
    }
    regex.push('$');
    regex
}

/// What a rule is not for.
fn narrowed(policy: &Policy<'_>, rule: &Node) -> Vec<String> {
    let mut differences = Vec::new();
    let matched = rule.get("match");
    let any = matched.map_or(&[][..], |it| it.list("any"));
    let all = matched.map_or(&[][..], |it| it.list("all"));
    let alone = matched.and_then(|it| it.get("resources"));
    let resources = any.iter().chain(all).filter_map(|it| it.get("resources")).chain(alone);
    for resource in resources {
        let names: Vec<&str> = resource.texts("namespaces").map(|it| it.value).collect();
        if !names.is_empty() {
            differences
                .push(format!("only namespaces {} are asked there, all here", names.join(", ")));
        }
        for field in ["names", "selector", "namespaceSelector", "annotations"] {
            if resource.get(field).is_some() {
                differences.push(format!("`match.{field}` is not read: here all are asked"));
            }
        }
    }
    if rule.get("exclude").is_some() {
        differences.push("`exclude` is not read: here all are asked".to_owned());
    }
    if rule.get("preconditions").is_some() {
        differences.push("`preconditions` are not read: here all are asked".to_owned());
    }
    if policy.called.starts_with("Policy/") {
        differences.push("it is for its namespace there, for all here".to_owned());
    }
    differences
}
