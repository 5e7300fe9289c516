//! Rules about images, and the digests that pods get.

use std::collections::BTreeSet;

use plimsoll_kube::Sort;
use plimsoll_model::ImageName;

use crate::exception::{Case, spared};
use crate::facts::{Facts, ImageFact, ImageRule};
use crate::judge::{Found, Undecided, Violation};
use crate::review::{Operation, Request, Subject};
use crate::settings::{ByDigest, Images, Mode, Settings};

/// An image that a request newly names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    /// As it is written.
    pub(crate) name: String,
    /// The container; empty where a volume has it.
    pub(crate) container: String,
    /// A JSON pointer to where it stands.
    pub(crate) pointer: String,
}

/// The images that a request names and that were not there before.
pub(crate) fn named(request: &Request<'_>) -> Vec<Named> {
    if !matches!(request.subject(), Subject::Pod | Subject::Template) {
        return Vec::new();
    }
    let Some(workload) = request.workload() else { return Vec::new() };
    let before: BTreeSet<String> = if request.operation == Operation::Update {
        let old = request.old_workload();
        old.iter().flat_map(of).map(|image| image.name).collect()
    } else {
        BTreeSet::new()
    };
    of(&workload).into_iter().filter(|image| !before.contains(&image.name)).collect()
}

fn of(workload: &plimsoll_kube::Workload<'_>) -> Vec<Named> {
    let pod = &workload.pod;
    let root: String = pod.path.iter().flat_map(|field| ["/", *field]).collect();
    let mut all = Vec::new();
    for sort in [Sort::Init, Sort::Regular, Sort::Ephemeral] {
        for (index, node) in pod.spec.list(sort.field()).iter().enumerate() {
            let Some(image) = node.text("image").filter(|image| !image.value.is_empty()) else {
                continue;
            };
            all.push(Named {
                name: image.value.to_owned(),
                container: node.text("name").map_or("", |name| name.value).to_owned(),
                pointer: format!("{root}/spec/{}/{index}/image", sort.field()),
            });
        }
    }
    for (index, volume) in pod.spec.list("volumes").iter().enumerate() {
        let reference = volume.get("image").and_then(|image| image.text("reference"));
        if let Some(image) = reference.filter(|image| !image.value.is_empty()) {
            all.push(Named {
                name: image.value.to_owned(),
                container: String::new(),
                pointer: format!("{root}/spec/volumes/{index}/image/reference"),
            });
        }
    }
    all
}

/// Whether the registry of an image may be asked: whoever names an image must not lead us wherever he
/// likes.
pub(crate) fn may_ask(own: &Images, image: &str) -> bool {
    let Ok(name) = image.parse::<ImageName>() else { return false };
    own.registries
        .as_ref()
        .is_none_or(|registries| registries.allowed.iter().any(|one| one.glob.matches_name(&name)))
}

/// Asks the rules about images.
pub(crate) fn judge(request: &Request<'_>, settings: &Settings, facts: &Facts, found: &mut Found) {
    let Some(own) = &settings.images else { return };
    let mut seen = BTreeSet::new();
    for image in named(request) {
        if !seen.insert(image.name.clone()) {
            continue;
        }
        let mut violations = Vec::new();
        match image.name.parse::<ImageName>() {
            Err(error) => violations.push((ImageRule::Name, own.strictest(), error.to_string())),
            Ok(name) => {
                if let Some(registries) = &own.registries
                    && !registries.allowed.iter().any(|one| one.glob.matches_name(&name))
                {
                    let why = format!("image `{}` is not from where images may come", image.name);
                    violations.push((ImageRule::Registry, registries.mode, why));
                }
                if let Some(digest) = own.digest
                    && name.digest().is_none()
                {
                    by_digest(request, &image, digest, facts, found, &mut violations);
                }
                asked(&image, own, facts, found, &mut violations);
            }
        }
        for (rule, mode, why) in violations {
            let containers: Vec<&str> =
                Some(image.container.as_str()).into_iter().filter(|it| !it.is_empty()).collect();
            let case = Case {
                rule: rule.id(),
                namespace: request.namespace,
                kind: request.kind.name,
                name: request.called(),
                containers: &containers,
                image: Some(&image.name),
            };
            let answer = spared(&settings.exceptions, &case, facts.now);
            if !found.notes.spared(answer, rule.id()) {
                found.violations.push(Violation { rule: rule.id(), mode, why });
            }
        }
    }
}

/// An image without a digest. Where pods are to get one, templates are as they should be, and a pod
/// is without it because its registry did not answer.
fn by_digest(
    request: &Request<'_>,
    image: &Named,
    own: ByDigest,
    facts: &Facts,
    found: &mut Found,
    violations: &mut Vec<(ImageRule, Mode, String)>,
) {
    let (rule, name) = (ImageRule::Digest, &image.name);
    let why = format!("image `{name}` is not named by digest");
    match facts.images.get(name) {
        _ if own.pin && request.subject() == Subject::Template => {}
        Some(ImageFact::Unknown(said)) if own.pin => {
            let why = format!("{why}, and {said}");
            found.undecided.push(Undecided { rule: rule.id(), mode: own.mode, why });
        }
        _ => violations.push((rule, own.mode, why)),
    }
}

/// What a registry was asked for.
fn asked(
    image: &Named,
    own: &Images,
    facts: &Facts,
    found: &mut Found,
    violations: &mut Vec<(ImageRule, Mode, String)>,
) {
    let modes = [
        (ImageRule::Signature, own.signature.as_ref().map(|it| it.mode)),
        (ImageRule::Scan, own.scan.as_ref().map(|it| it.mode)),
        (ImageRule::Base, own.base.map(|it| it.mode)),
    ];
    let asked = modes.into_iter().filter_map(|(rule, mode)| Some((rule, mode?)));
    match facts.images.get(&image.name) {
        Some(ImageFact::Judged(verdict)) => {
            for one in &verdict.violations {
                let mode = asked.clone().find(|(rule, _)| *rule == one.rule);
                let Some((rule, mode)) = mode else { continue };
                let mode = if one.warns { mode.min(Mode::Warn) } else { mode };
                violations.push((rule, mode, format!("image `{}` {}", image.name, one.why)));
            }
        }
        unknown => {
            // One cause is told once, by the strictest of the rules that it keeps from an answer.
            let Some((rule, mode)) = asked.max_by_key(|(_, mode)| *mode) else { return };
            let why = match unknown {
                Some(ImageFact::Unknown(why)) => why.as_str(),
                _ => "its registry is not asked",
            };
            let why = format!("image `{}`: {why}", image.name);
            found.undecided.push(Undecided { rule: rule.id(), mode, why });
        }
    }
}

/// The images of a pod that get a digest.
pub(crate) fn to_pin(request: &Request<'_>, settings: &Settings) -> Vec<Named> {
    let pins = settings.images.as_ref().and_then(|images| images.digest);
    if !pins.is_some_and(|digest| digest.pin && digest.mode >= Mode::Warn)
        || request.subject() != Subject::Pod
        || !["", "ephemeralcontainers"].contains(&request.subresource)
        || settings.exempt_namespaces.iter().any(|one| one == request.namespace)
    {
        return Vec::new();
    }
    let mut all = named(request);
    let own = settings.images.as_ref();
    all.retain(|image| {
        !image.name.contains('@') && own.is_some_and(|own| may_ask(own, &image.name))
    });
    all
}
