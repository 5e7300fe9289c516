//! The shipped facts: their form, and which of them hold for a reference.
//!
//! A family is what one Dockerfile repository makes. Its facts hold for all its tags; each of its
//! variants adds to them where its condition holds, in the order of the file. `on` names the image
//! below, of which the rest is taken: what is installed there is here too, but what is absent
//! there may have been added, so absence is taken only where a family says `inherit_absent`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use plimsoll_model::Timestamp;
use serde::Deserialize;

use super::lifecycle::{lifetime, product};
use super::name::{BaseName, compare_versions, is_like, words};
use super::{Base, Distribution, Libc, PackageManager, Shell, ShellFact, put_account};

/// How many images may stand below each other.
const DEEPEST: usize = 4;

const FILES: &[(&str, &str)] = &[
    ("alpine", include_str!("facts/alpine.toml")),
    ("databases", include_str!("facts/databases.toml")),
    ("debian", include_str!("facts/debian.toml")),
    ("dotnet", include_str!("facts/dotnet.toml")),
    ("golang", include_str!("facts/golang.toml")),
    ("java", include_str!("facts/java.toml")),
    ("languages", include_str!("facts/languages.toml")),
    ("minimal", include_str!("facts/minimal.toml")),
    ("node", include_str!("facts/node.toml")),
    ("python", include_str!("facts/python.toml")),
    ("rpm", include_str!("facts/rpm.toml")),
    ("rust", include_str!("facts/rust.toml")),
    ("ubuntu", include_str!("facts/ubuntu.toml")),
    ("web", include_str!("facts/web.toml")),
];

/// A file of facts that is not as it must be.
#[derive(Debug, thiserror::Error)]
#[error("facts/{file}.toml: {why}")]
pub struct FactsError {
    /// Its name.
    pub file: &'static str,
    /// What the reader said.
    pub why: toml::de::Error,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FactsFile {
    family: Vec<Family>,
}

/// Images that one repository of Dockerfiles makes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// Repositories; a `*` at the end leaves the rest open, whose words count as the tag's.
    pub repositories: Vec<String>,
    /// Where the facts were read.
    pub source: String,
    /// The day on which they were.
    pub as_of: Timestamp,
    /// Whose lifecycle the version in the tag is of.
    #[serde(default)]
    pub product: Option<String>,
    /// Whether the version in the tag is the distribution's own.
    #[serde(default)]
    pub releases: bool,
    /// The image below, unless a variant names another.
    #[serde(default)]
    on: Option<String>,
    #[serde(default)]
    facts: Facts,
    #[serde(default, rename = "variant")]
    variants: Vec<Facts>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    without: Vec<String>,
    #[serde(default)]
    release: Vec<String>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    before: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    /// When they hold: of a variant alone.
    #[serde(default)]
    when: Condition,
    on: Option<String>,
    inherit_absent: Option<bool>,
    /// Whose lifecycle a word like `nodejs22` is of.
    product: Option<String>,
    distro: Option<String>,
    package_manager: Option<PackageManager>,
    libc: Option<Libc>,
    shell: Option<Shell>,
    shells: Option<Vec<String>>,
    user: Option<String>,
    workdir: Option<String>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    #[serde(default)]
    users: BTreeMap<String, u32>,
    #[serde(default)]
    without_users: Vec<String>,
    /// Packages that are not installed, though a command of their name is there.
    #[serde(default)]
    without_packages: Vec<String>,
    /// Whether the users and groups are all that the image has beyond those of its distribution;
    /// not taken from the image below.
    accounts_complete: Option<bool>,
    #[serde(default)]
    groups: BTreeMap<String, u32>,
    #[serde(default)]
    present: Vec<String>,
    #[serde(default)]
    absent: Vec<String>,
    /// Commands of the image below of which it is not known whether they are still there.
    #[serde(default)]
    unknown: Vec<String>,
    complete: Option<bool>,
    compressed_kb: Option<u64>,
    unpacked_kb: Option<u64>,
    sizes_as_of: Option<Timestamp>,
    packages: Option<u64>,
}

fn read(file: &'static str, text: &str) -> Result<Vec<Family>, FactsError> {
    let read: FactsFile = toml::from_str(text).map_err(|why| FactsError { file, why })?;
    Ok(read.family)
}

/// The families of the files whose text is wanted, in the order of the files. A file is read when
/// it is first wanted: who judges one file asks for one or two.
fn families(wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = &'static Family> {
    static FAMILIES: [OnceLock<Vec<Family>>; FILES.len()] =
        [const { OnceLock::new() }; FILES.len()];
    let files = FILES.iter().zip(&FAMILIES).filter(move |((_, text), _)| wanted(text));
    files.flat_map(|((file, text), read_once)| {
        read_once.get_or_init(|| read(file, text).unwrap_or_default())
    })
}

/// All families, in the order of the files.
pub fn all() -> impl Iterator<Item = &'static Family> {
    families(|_| true)
}

/// What is known of a base by its reference; `None` where that is nothing, as for images of
/// others and for those of Windows.
pub fn known(reference: &str) -> Option<Base> {
    known_below(&BaseName::parse(reference)?, 0)
}

fn known_below(name: &BaseName, depth: usize) -> Option<Base> {
    if depth > DEEPEST {
        return None;
    }
    let (family, rest) = family_of(&name.repository)?;
    let tag = Tag::new(family, rest, &name.tag);
    if tag.has("windowsservercore*") || tag.has("nanoserver*") {
        return None;
    }
    Some(family.base(name, &tag, depth))
}

/// The family of a repository, and what its pattern left open.
fn family_of(repository: &str) -> Option<(&'static Family, &str)> {
    let quoted = format!("\"{repository}\"");
    let exact = families(|text| text.contains(&quoted))
        .find(|family| family.repositories.iter().any(|known| known == repository));
    if let Some(family) = exact {
        return Some((family, ""));
    }
    // A pattern leaves nothing open before its first slash.
    let (first, _) = repository.split_once('/')?;
    let begun = format!("\"{first}/");
    families(|text| text.contains(&begun)).find_map(|family| {
        let rest = family
            .repositories
            .iter()
            .find_map(|pattern| repository.strip_prefix(pattern.strip_suffix('*')?))?;
        Some((family, rest))
    })
}

/// A tag's words and the release that it names.
struct Tag<'t> {
    words: Vec<&'t str>,
    release: Option<String>,
}

impl<'t> Tag<'t> {
    fn new(family: &Family, rest: &'t str, tag: &'t str) -> Self {
        let words: Vec<&str> = words(rest).chain(words(tag)).take(32).collect();
        let product = family.product.as_deref().and_then(product);
        let release = words.iter().find_map(|word| {
            let found = product.and_then(|product| product.release(word));
            match found {
                Some((cycle, _)) => Some(cycle.to_owned()),
                None => word.starts_with(|c: char| c.is_ascii_digit()).then(|| (*word).to_owned()),
            }
        });
        Self { words, release }
    }

    fn has(&self, pattern: &str) -> bool {
        self.words.iter().any(|word| is_like(word, pattern))
    }

    /// The release of a distribution that the words name: `bookworm`, `debian12`, `alpine3.20`.
    fn release_of(&self, distro: &str) -> Option<String> {
        let product = product(distro)?;
        self.words.iter().find_map(|word| {
            let version = match word.strip_prefix(distro) {
                Some(version) if version.starts_with(|c: char| c.is_ascii_digit()) => version,
                Some(_) => return None,
                None if word.starts_with(|c: char| c.is_ascii_digit()) => return None,
                None => word,
            };
            product.release(version).map(|(cycle, _)| cycle.to_owned())
        })
    }

    /// Fills `{debian}` and the like in; what is not known is left out.
    fn fill(&self, template: &str) -> String {
        let mut filled = template.to_owned();
        for distro in ["alpine", "debian", "ubuntu"] {
            let hole = format!("{{{distro}}}");
            if filled.contains(&hole) {
                filled = filled.replace(&hole, &self.release_of(distro).unwrap_or_default());
            }
        }
        filled
    }
}

impl Condition {
    fn holds(&self, tag: &Tag<'_>) -> bool {
        let release = tag.release.as_deref();
        let within = |bound: Option<&String>, holds: fn(Ordering) -> bool| {
            bound.is_none_or(|bound| {
                release.is_some_and(|release| holds(compare_versions(release, bound)))
            })
        };
        self.words.iter().all(|pattern| tag.has(pattern))
            && !self.without.iter().any(|pattern| tag.has(pattern))
            && (self.release.is_empty()
                || release.is_some_and(|release| self.release.iter().any(|r| r == release)))
            && within(self.from.as_ref(), Ordering::is_ge)
            && within(self.before.as_ref(), Ordering::is_lt)
    }
}

impl Family {
    fn base(&self, name: &BaseName, tag: &Tag<'_>, depth: usize) -> Base {
        let holding: Vec<&Facts> = std::iter::once(&self.facts)
            .chain(self.variants.iter().filter(|variant| variant.when.holds(tag)))
            .collect();
        let on = holding.iter().rev().find_map(|facts| facts.on.as_ref()).or(self.on.as_ref());
        let below = on
            .and_then(|on| BaseName::parse(&tag.fill(on)))
            .and_then(|below| known_below(&below, depth.saturating_add(1)));
        let mut base = match below {
            Some(below) => self.above(below, &holding, name),
            None => Base::empty(&name.familiar(), &self.source),
        };
        base.as_of = Some(self.as_of);
        let product = holding.iter().rev().find_map(|facts| facts.product.as_deref());
        for facts in holding {
            facts.apply(&mut base);
        }
        self.date(&mut base, tag, product);
        base
    }

    /// What an image keeps of the one below it: neither its size nor what was absent there.
    fn above(&self, below: Base, holding: &[&Facts], name: &BaseName) -> Base {
        let mut base = Base {
            name: name.familiar(),
            source: self.source.clone(),
            size: super::Size::default(),
            size_as_of: None,
            packages: None,
            accounts_complete: false,
            ..below
        };
        if !holding.iter().rev().find_map(|facts| facts.inherit_absent).unwrap_or(false) {
            base.commands.absent.clear();
            base.without_packages.clear();
            base.commands.complete = false;
        }
        base
    }

    /// Releases and when they end.
    fn date(&self, base: &mut Base, tag: &Tag<'_>, product: Option<&str>) {
        if self.releases {
            if let Some(distro) = &mut base.distro {
                distro.version.clone_from(&tag.release);
            }
        } else if let Some(distro) = &mut base.distro
            && distro.version.is_none()
        {
            distro.version = tag.release_of(&distro.id);
        }
        let of_distro = base
            .distro
            .as_ref()
            .and_then(|distro| lifetime(&distro.id, distro.version.as_deref()?));
        let named = product.and_then(|id| Some((id, tag.release_of(id)?)));
        let of_product = self
            .product
            .as_deref()
            .zip(tag.release.clone())
            .or(named)
            .and_then(|(product, release)| lifetime(product, &release));
        for lifetime in of_distro.into_iter().chain(of_product) {
            if !base.lifetimes.contains(&lifetime) {
                base.add_lifetime(lifetime);
            }
        }
    }
}

impl Facts {
    fn apply(&self, base: &mut Base) {
        fn set<T: Clone>(to: &mut Option<T>, from: Option<&T>) {
            if let Some(from) = from {
                *to = Some(from.clone());
            }
        }
        if let Some(id) = &self.distro {
            base.distro = Some(Distribution { id: id.clone(), version: None });
        }
        set(&mut base.package_manager, self.package_manager.as_ref());
        set(&mut base.libc, self.libc.as_ref());
        set(&mut base.user, self.user.as_ref());
        set(&mut base.workdir, self.workdir.as_ref());
        set(&mut base.entrypoint, self.entrypoint.as_ref());
        set(&mut base.cmd, self.cmd.as_ref());
        set(&mut base.size_as_of, self.sizes_as_of.as_ref());
        set(&mut base.packages, self.packages.as_ref());
        self.apply_shell(base);
        for name in &self.without_users {
            base.users.retain(|account| account.name != *name);
            base.groups.retain(|account| account.name != *name);
        }
        for (name, id) in &self.users {
            put_account(&mut base.users, name, *id);
        }
        for (name, id) in &self.groups {
            put_account(&mut base.groups, name, *id);
        }
        if let Some(complete) = self.accounts_complete {
            base.accounts_complete = complete;
        }
        base.without_packages.extend(self.without_packages.iter().cloned());
        for name in &self.absent {
            base.commands.deny(name);
        }
        for name in &self.present {
            base.commands.add(name);
        }
        for name in &self.unknown {
            base.commands.present.remove(name);
            base.commands.absent.remove(name);
        }
        if let Some(complete) = self.complete {
            base.commands.complete = complete;
        }
        let bytes = |kilobytes: Option<u64>| kilobytes.map(|kb| kb.saturating_mul(1000));
        base.size.compressed = bytes(self.compressed_kb).or(base.size.compressed);
        base.size.unpacked = bytes(self.unpacked_kb).or(base.size.unpacked);
    }

    fn apply_shell(&self, base: &mut Base) {
        if self.shell.is_none() && self.shells.is_none() {
            return;
        }
        let known = base.shell.take();
        let kind = self.shell.or(known.as_ref().map(|shell| shell.kind));
        let Some(kind) = kind else { return };
        let mut paths = known.map(|shell| shell.paths).unwrap_or_default();
        if kind == Shell::None {
            paths.clear();
        }
        paths.extend(self.shells.iter().flatten().cloned());
        paths.sort_unstable();
        paths.dedup();
        base.shell = Some(ShellFact { kind, paths });
    }
}

#[cfg(test)]
mod tests {
    use super::{Family, all, family_of, read};

    #[test]
    fn every_file_is_well_formed() {
        let read = |(file, text): &(&'static str, &str)| read(file, text).unwrap();
        let families: Vec<Family> = super::FILES.iter().flat_map(read).collect();
        assert_eq!(families.len(), all().count());
        assert!(families.len() >= 40, "{} families", families.len());
        for family in &families {
            let name = &family.repositories;
            assert!(!name.is_empty());
            assert!(family.source.starts_with("https://"), "{name:?} has no source");
            if let Some(product) = &family.product {
                let known = crate::bases::lifecycles().products.contains_key(product);
                assert!(known, "{name:?}: no lifecycle of {product}");
            }
        }
    }

    #[test]
    fn no_repository_is_in_two_families() {
        let mut seen = std::collections::BTreeSet::new();
        for repository in all().flat_map(|family| &family.repositories) {
            let whole = repository.strip_suffix('*').is_none_or(|start| start.contains('/'));
            assert!(whole, "{repository} leaves its first part open");
            assert!(seen.insert(repository), "{repository} twice");
        }
    }

    #[test]
    fn a_command_is_present_or_absent_and_not_both_in_one_entry() {
        let contradicts = |facts: &super::Facts| {
            facts.present.iter().find(|name| facts.absent.contains(name)).cloned()
        };
        let entries =
            |family: &'static Family| std::iter::once(&family.facts).chain(&family.variants);
        for family in all() {
            for facts in entries(family) {
                assert_eq!(contradicts(facts), None, "{:?}", family.repositories);
            }
        }
    }

    #[test]
    fn every_image_below_is_known() {
        for family in all() {
            let ons = std::iter::once(&family.facts)
                .chain(&family.variants)
                .filter_map(|facts| facts.on.as_ref())
                .chain(family.on.as_ref());
            for on in ons {
                let repository = on.split(':').next().unwrap();
                assert!(family_of(repository).is_some(), "{on}");
            }
        }
    }
}
