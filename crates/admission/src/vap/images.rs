//! Rules about images that need nobody to be asked: where they come from, and the digest.

use serde_json::Value;

use super::{Exported, SIGNIFICANT, Validation, binding, document};
use crate::settings::{Mode, Settings};

/// A name with its registry, as far as names leave it out.
const FULL: &str = "(i.matches('^[^/]*[.:][^/]*/') || i.startsWith('localhost/') ? i : \
    (i.contains('/') ? 'docker.io/' + i : 'docker.io/library/' + i))";

/// Every image of a pod.
const IMAGES: &str = "(variables.all.map(c, c.?image.orValue('')) + \
    object.spec.?volumes.orValue([]).filter(v, has(v.image)).map(v, v.image.?reference.orValue('')))";

pub(super) fn add(settings: &Settings, exported: &mut Exported) {
    let Some(images) = &settings.images else { return };
    if let Some(registries) = &images.registries {
        let patterns = registries.allowed.iter().map(|one| {
            let regex = one.glob.regex();
            // Docker's registry has two names, of which names are written out with one.
            regex
                .strip_prefix("index[.]")
                .filter(|it| it.starts_with("docker[.]io/"))
                .map_or_else(|| regex.clone(), str::to_owned)
        });
        let patterns: Vec<String> = patterns.collect();
        let expression = format!(
            "{IMAGES}.all(i, {FULL}.matches(r'^({})(:[^/@]*)?(@[^/]*)?$'))",
            patterns.join("|")
        );
        let message = "images/registry: an image is not from where images may come".to_owned();
        let one = Validation { expression, message };
        exported.documents.extend(policy(
            "plimsoll-image-registry",
            registries.mode,
            one,
            settings,
        ));
    }
    if let Some(digest) = images.digest {
        let expression = format!("{IMAGES}.all(i, i.matches('@[a-z0-9]+:[0-9a-f]{{64,}}$'))");
        let message = "images/digest: an image is not named by digest".to_owned();
        let one = Validation { expression, message };
        exported.documents.extend(policy("plimsoll-image-digest", digest.mode, one, settings));
        if digest.pin {
            exported.left_out.push("digests by mutation: a registry has to be asked".into());
        }
    }
    if images.signature.is_some() || images.scan.is_some() || images.base.is_some() {
        let what = "signatures, scans and the age of bases: a registry has to be asked";
        exported.left_out.push(what.into());
    }
}

fn policy(name: &str, mode: Mode, one: Validation, settings: &Settings) -> Vec<Value> {
    let conditions = [("significant", SIGNIFICANT.to_owned())];
    let mut all = vec![document(name, settings.failure, &conditions, &[one])];
    all.extend(binding(name, name, mode, Vec::new(), &settings.exempt_namespaces));
    all
}
