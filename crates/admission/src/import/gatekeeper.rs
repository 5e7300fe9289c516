//! Constraints of Gatekeeper's library that are about images.
//!
//! <https://open-policy-agent.github.io/gatekeeper-library/website/>

use plimsoll_kube::manifest::Node;

use super::{Imported, Policy, Reader, ask};
use crate::settings::Mode;

pub(super) const READER: Reader =
    Reader { is_one: |version, _| version.starts_with("constraints.gatekeeper.sh/"), read };

/// Constraints that Pod Security has, by the level that first asks for it.
const POD_SECURITY: [(&str, &str); 12] = [
    ("K8sPSPPrivilegedContainer", "baseline"),
    ("K8sPSPHostNamespace", "baseline"),
    ("K8sPSPHostNetworkingPorts", "baseline"),
    ("K8sPSPHostFilesystem", "baseline"),
    ("K8sPSPProcMount", "baseline"),
    ("K8sPSPSELinuxV2", "baseline"),
    ("K8sPSPAppArmor", "baseline"),
    ("K8sPSPForbiddenSysctls", "baseline"),
    ("K8sPSPCapabilities", "restricted"),
    ("K8sPSPAllowPrivilegeEscalationContainer", "restricted"),
    ("K8sPSPAllowedUsers", "restricted"),
    ("K8sPSPSeccomp", "restricted"),
];

fn read(policy: &Policy<'_>, into: &mut Imported) {
    let kind = policy.called.split('/').next().unwrap_or_default();
    let spec = policy.node.get("spec");
    let at = policy.node.at(&["metadata", "name"]).unwrap_or(policy.node);
    let action = spec.and_then(|spec| spec.text("enforcementAction")).map(|it| it.value);
    let mode = match action {
        None | Some("deny") => Mode::Enforce,
        Some("warn") => Mode::Warn,
        Some("dryrun") => Mode::Audit,
        Some(other) => {
            let why = format!("the action `{other}` is not read");
            return policy.remark(at, "", Some(why), into);
        }
    };
    let mut differences: Vec<String> = spec.into_iter().flat_map(narrowed).collect();
    let parameters = spec.and_then(|spec| spec.get("parameters"));
    let is_of_images = ["K8sAllowedRepos", "K8sImageDigests", "K8sDisallowedTags"].contains(&kind);
    match kind {
        "K8sAllowedRepos" => {
            let repos: Vec<&str> = parameters
                .into_iter()
                .flat_map(|it| it.texts("repos"))
                .map(|it| it.value)
                .collect();
            if repos.is_empty() {
                differences.push("it has no `parameters.repos`".to_owned());
            } else if into.registries.is_some() {
                differences.push(
                    "another one asks about registries already, and both must hold there: here one \
                     list counts"
                        .to_owned(),
                );
            } else {
                let bare = repos.iter().filter(|repo| !is_whole(repo)).copied();
                let bare: Vec<&str> = bare.collect();
                if !bare.is_empty() {
                    differences.push(format!(
                        "names are written out here before they are compared, so that {} is of \
                         index.docker.io",
                        bare.join(", ")
                    ));
                }
                into.allowed.extend(repos.iter().map(|repo| format!("{repo}**")));
                ask(&mut into.registries, mode);
            }
        }
        "K8sImageDigests" => ask(&mut into.digest, mode),
        "K8sDisallowedTags" => {
            let tags = parameters.into_iter().flat_map(|it| it.texts("tags")).map(|it| it.value);
            let others: Vec<&str> = tags.filter(|tag| *tag != "latest").collect();
            if !others.is_empty() {
                differences.push(format!(
                    "of tags, `latest` and none at all are asked about here, not {}",
                    others.join(", ")
                ));
            }
            ask(&mut into.tags, mode);
        }
        _ => match POD_SECURITY.iter().find(|(own, _)| *own == kind) {
            Some((_, level)) => {
                differences.push(format!("Pod Security has it: `podSecurity` at `{level}`"));
            }
            None => differences.push("this kind of constraint is not read".to_owned()),
        },
    }
    if is_of_images {
        differences.extend(parameters.into_iter().filter_map(exempted));
    }
    let difference = (!differences.is_empty()).then(|| differences.join("; "));
    policy.remark(at, "", difference, into);
}

/// Whether a prefix begins with a registry.
fn is_whole(repo: &str) -> bool {
    let first = repo.split('/').next().unwrap_or_default();
    repo.contains('/') && (first.contains('.') || first.contains(':') || first == "localhost")
}

fn exempted(parameters: &Node) -> Option<String> {
    let images: Vec<&str> = parameters.texts("exemptImages").map(|it| it.value).collect();
    (!images.is_empty()).then(|| format!("{} are not exempt here", images.join(", ")))
}

/// What a constraint is not for.
fn narrowed(spec: &Node) -> Vec<String> {
    let Some(matched) = spec.get("match") else { return Vec::new() };
    let mut differences = Vec::new();
    let names = |field| -> Vec<&str> { matched.texts(field).map(|it| it.value).collect() };
    let namespaces = names("namespaces");
    if !namespaces.is_empty() {
        differences
            .push(format!("only namespaces {} are asked there, all here", namespaces.join(", ")));
    }
    let excluded = names("excludedNamespaces");
    if !excluded.is_empty() {
        differences.push(format!(
            "namespaces {} are not asked there: name them in `exemptNamespaces`",
            excluded.join(", ")
        ));
    }
    for field in ["labelSelector", "namespaceSelector", "scope", "name"] {
        if matched.get(field).is_some() {
            differences.push(format!("`match.{field}` is not read: here all are asked"));
        }
    }
    differences
}
