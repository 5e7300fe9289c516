//! What every format of bill says, worked out once: names, ids and edges.

use std::collections::HashMap;

use plimsoll_model::{Artifact, Distro, ImageName, Inventory, Location, Package, Purl, Timestamp};
use uuid::Uuid;

use crate::licence::{self, Declared};
use crate::{edges, moment};

/// A bill that is not yet written.
#[derive(Debug)]
pub(crate) struct Bill<'i> {
    pub(crate) inventory: &'i Inventory,
    pub(crate) created: Timestamp,
    pub(crate) root: Root,
    pub(crate) system: Option<&'i Distro>,
    pub(crate) parts: Vec<Part<'i>>,
    /// What each needs, in the order root, system, parts; every part is reached from the root.
    pub(crate) edges: Vec<(Node, Vec<Node>)>,
}

/// The thing that was read.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) purl: Option<String>,
    pub(crate) is_image: bool,
}

/// A package.
#[derive(Debug)]
pub(crate) struct Part<'i> {
    pub(crate) package: &'i Package,
    /// Letters, digits, `.` and `-`; the same from bill to bill as long as the package, its
    /// version and its place are.
    pub(crate) id: String,
    /// A package without a name has none.
    pub(crate) purl: Option<String>,
    pub(crate) licence: Declared,
}

/// An end of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Node {
    Root,
    System,
    Part(usize),
}

impl<'i> Bill<'i> {
    pub(crate) fn of(inventory: &'i Inventory) -> Self {
        let packages: Vec<&Package> = inventory.present().collect();
        let system = inventory.distro.as_ref().filter(|distro| !distro.id.is_empty());
        let mut ids = Ids::default();
        let part = |package: &&'i Package| {
            let purl = Purl::of(package, inventory.distro.as_ref()).to_string();
            Part {
                package,
                id: ids.of(package, &purl),
                purl: Some(purl).filter(|_| !package.name.is_empty()),
                licence: licence::declared(&package.licenses),
            }
        };
        Self {
            inventory,
            created: moment::of(inventory.artifact.created),
            root: Root::of(inventory),
            system,
            parts: packages.iter().map(part).collect(),
            edges: edges(&packages, system.is_some()),
        }
    }

    /// The id of an edge's end.
    pub(crate) fn id(&self, node: Node) -> &str {
        match node {
            Node::Root => "root",
            Node::System => "os",
            Node::Part(at) => self.parts.get(at).map_or("root", |part| part.id.as_str()),
        }
    }

    /// The digest of the layer at a place, and the instruction that made it.
    pub(crate) fn layer(&self, place: &Location) -> Option<(u32, Option<String>, &'i str)> {
        let index = place.layer?;
        let layer = self.inventory.layers.get(usize::try_from(index).ok()?)?;
        let digest = layer.diff_id.as_ref().or(layer.digest.as_ref());
        Some((index, digest.map(ToString::to_string), &layer.created_by))
    }
}

/// The root holds the system, the system its packages; a package of a language belongs to the
/// root itself.
fn edges(packages: &[&Package], has_system: bool) -> Vec<(Node, Vec<Node>)> {
    let needs = edges::resolve(packages);
    let entries = edges::entries(&needs);
    let of_system = |at: &usize| has_system && packages.get(*at).is_some_and(|p| p.kind.is_os());
    let (system, own): (Vec<usize>, Vec<usize>) = entries.into_iter().partition(of_system);
    let nodes = |indices: Vec<usize>| indices.into_iter().map(Node::Part);
    let mut root = Vec::new();
    root.extend(has_system.then_some(Node::System));
    root.extend(nodes(own));
    let mut all = vec![(Node::Root, root)];
    if has_system {
        all.push((Node::System, nodes(system).collect()));
    }
    let parts = needs.into_iter().enumerate();
    all.extend(parts.map(|(at, on)| (Node::Part(at), nodes(on).collect())));
    all
}

impl Root {
    fn of(inventory: &Inventory) -> Self {
        let artifact = &inventory.artifact;
        let name = artifact.names.first().unwrap_or(&artifact.reference);
        let digest = artifact.manifest_digest.as_ref().or(artifact.config_digest.as_ref());
        Self {
            name: if name.is_empty() { "unknown".into() } else { name.clone() },
            version: digest.map(ToString::to_string),
            purl: image_purl(artifact),
            is_image: !inventory.layers.is_empty(),
        }
    }
}

/// Source: <https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md>.
fn image_purl(artifact: &Artifact) -> Option<String> {
    let name: ImageName = artifact.names.first()?.parse().ok()?;
    let digest = artifact.manifest_digest.as_ref()?;
    let last = name.repository().rsplit('/').next()?;
    let mut qualifiers = std::collections::BTreeMap::new();
    qualifiers
        .insert("repository_url".into(), format!("{}/{}", name.registry(), name.repository()));
    qualifiers.extend(name.tag().map(|tag| ("tag".into(), tag.to_owned())));
    let arch = artifact.platform.as_ref().map(|p| p.architecture.clone());
    qualifiers.extend(arch.filter(|arch| !arch.is_empty()).map(|arch| ("arch".into(), arch)));
    let purl = Purl {
        kind: "oci".into(),
        namespace: String::new(),
        name: last.to_owned(),
        version: digest.to_string(),
        qualifiers,
        subpath: String::new(),
    };
    Some(purl.to_string())
}

/// Ids given out so far.
#[derive(Debug, Default)]
struct Ids(HashMap<String, usize>);

impl Ids {
    fn of(&mut self, package: &Package, purl: &str) -> String {
        let place = package.locations.first();
        let path = place.map_or("", |place| place.path.as_str());
        let identity = Uuid::new_v5(&Uuid::NAMESPACE_URL, [purl, "\0", path].concat().as_bytes());
        let hex = identity.simple().to_string();
        let fit = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        let name: String = package.name.chars().map(fit).take(60).collect();
        let name = name.trim_matches('-');
        let kind = package.kind.purl_type();
        let id = format!("{kind}-{name}-{}", hex.get(..16).unwrap_or(&hex));
        let times = self.0.entry(id.clone()).or_insert(0);
        *times += 1;
        if *times == 1 { id } else { format!("{id}-{times}") }
    }
}

/// One line without control characters, for fields that are one.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Name and address of `Name <address>`, as Debian writes maintainers and npm authors.
pub(crate) fn contact(supplier: &str) -> (String, Option<String>) {
    let line = one_line(supplier);
    let parts = line.split_once('<').and_then(|(name, rest)| {
        let (address, _) = rest.split_once('>')?;
        let plain = address.bytes().all(|b| b.is_ascii_graphic() && !b"()<>".contains(&b));
        (plain && address.contains('@') && !name.trim().is_empty())
            .then(|| (name.trim().trim_matches('"').to_owned(), Some(address.to_owned())))
    });
    parts.unwrap_or((line, None))
}

/// The name that both standards have for a hash function, CycloneDX's first, where the digits
/// are as many as it makes.
pub(crate) fn hash_names(algorithm: &str, hex: &str) -> Option<(&'static str, &'static str)> {
    let (names, digits) = match algorithm.to_ascii_lowercase().replace('-', "").as_str() {
        "md5" => (("MD5", "MD5"), 32),
        "sha1" => (("SHA-1", "SHA1"), 40),
        "sha256" => (("SHA-256", "SHA256"), 64),
        "sha384" => (("SHA-384", "SHA384"), 96),
        "sha512" => (("SHA-512", "SHA512"), 128),
        _ => return None,
    };
    (hex.len() == digits && hex.bytes().all(|b| b.is_ascii_hexdigit())).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_apart_from_its_name() {
        assert_eq!(contact("A B <a@b.org>"), ("A B".into(), Some("a@b.org".into())));
        assert_eq!(contact("Red Hat, Inc.\n"), ("Red Hat, Inc.".into(), None));
        assert_eq!(contact("<a@b.org>"), ("<a@b.org>".into(), None));
    }

    #[test]
    fn a_digest_of_the_wrong_length_is_none() {
        assert!(hash_names("sha256", &"a".repeat(64)).is_some());
        assert!(hash_names("sha256", &"a".repeat(40)).is_none());
        assert!(hash_names("crc32", "00000000").is_none());
    }
}
