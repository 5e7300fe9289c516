//! An example of an estate: 26 images of a made-up shop, of real packages of their time, with a past,
//! a registry under watch, a cluster where they run, decisions and alerts.
//!
//! It is what pages are measured and pictured with; `estate/` has the packages and the images.

mod past;
mod surroundings;

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_advisory::database::{EndOfLife, Enrichment, compile};
use plimsoll_advisory::feeds::starter;
use plimsoll_model::{
    Distro, EcosystemName, Inventory, Layer, Location, Package, PackageKind, SourcePackage,
    Timestamp,
};
use plimsoll_server::store::components;
use sha2::{Digest, Sha256};

use crate::site::Site;

const PACKAGES: &str = include_str!("estate/packages.txt");
const IMAGES: &str = include_str!("estate/images.txt");

const HOST: &str = "registry.example";

/// An image of the example.
#[derive(Debug, Clone)]
struct Wanted {
    name: String,
    base: String,
    on_it: String,
    user: String,
    days: i64,
    evidence: String,
    workloads: Vec<String>,
    digest: String,
}

/// A server that has the example, and addresses of what is in it.
pub(crate) struct Estate {
    /// The image with the most to mend, and the same of a later version.
    pub(crate) worst: [String; 2],
    /// A component with findings.
    pub(crate) component: i64,
}

impl Estate {
    /// Advisories as an update would have brought them: those that are part of the program.
    pub(crate) fn advisories(path: &Path) {
        let (mut records, enrichment) = starter().unwrap();
        for record in &mut records {
            let ecosystem = record.affected.first().map(|it| it.ecosystem.name());
            record.feed = match ecosystem {
                Some(EcosystemName::Alpine) => "alpine-secdb".into(),
                Some(name) => format!("osv/{}", name.as_str()),
                None => "osv".into(),
            };
        }
        let now = plimsoll_server::moment::now() / 1000;
        let compiled = Some(Timestamp::from_unix(now - 3 * 3600));
        let end_of_life = vec![
            end("alpine-linux", "3.15", 1_698_796_800),
            end("debian", "11", 1_723_593_600),
            end("debian", "12", 1_845_936_000),
        ];
        let enrichment = Enrichment { compiled, starter: false, end_of_life, ..enrichment };
        compile(records.into_iter(), &enrichment, path).unwrap();
    }

    /// Puts the example into a server.
    pub(crate) async fn fill(site: &Site) -> Self {
        let parts = parts();
        let images: Vec<Wanted> = IMAGES.lines().filter_map(wanted).collect();
        for image in &images {
            site.inventory(&inventory(image, &parts)).await;
        }
        surroundings::put(&site.app.store, &images).await;
        past::tell(&site.app.store).await;
        plimsoll_server::store::summaries::refresh(&site.app).await.unwrap();
        let digest = |name: &str| {
            images.iter().find(|it| it.name.ends_with(name)).map(|it| it.digest.clone()).unwrap()
        };
        let mut read = site.app.store.read().await.unwrap();
        let found = components::called(&mut read, "log4j-core", 1).await.unwrap();
        Self {
            worst: [digest("shop/checkout:1.8"), digest("shop/checkout:1.9")],
            component: found[0].id,
        }
    }
}

fn end(product: &str, cycle: &str, at: i64) -> EndOfLife {
    EndOfLife {
        product: product.into(),
        cycle: cycle.into(),
        codename: String::new(),
        end: Some(Timestamp::from_unix(at)),
        extended_end: None,
    }
}

fn parts() -> BTreeMap<&'static str, Vec<Package>> {
    let mut parts: BTreeMap<&str, Vec<Package>> = BTreeMap::new();
    let mut current = "";
    for line in PACKAGES.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            current = name;
            continue;
        }
        let words: Vec<&str> = line.split(' ').collect();
        let kind = PackageKind::ALL.iter().find(|it| it.purl_type() == words[0]).unwrap();
        let mut package = Package::new(*kind, words[1], words[2]);
        if let [_, _, _, name, version] = words[..] {
            package.source = Some(SourcePackage { name: name.into(), version: version.into() });
        }
        if matches!(kind, PackageKind::Deb | PackageKind::Apk) {
            package.arch = Some(if words[0] == "deb" { "amd64" } else { "x86_64" }.into());
        }
        parts.entry(current).or_default().push(package);
    }
    parts
}

fn wanted(line: &str) -> Option<Wanted> {
    let words: Vec<&str> = line.split(' ').collect();
    let [name, base, on_it, user, days, evidence, workloads] = words[..] else { return None };
    if line.starts_with('#') {
        return None;
    }
    let name = format!("{HOST}/{name}");
    Some(Wanted {
        digest: digest(&name),
        name,
        base: base.into(),
        on_it: on_it.into(),
        user: user.into(),
        days: days.parse().unwrap_or(0),
        evidence: evidence.into(),
        workloads: workloads.split(',').filter(|it| *it != "-").map(str::to_owned).collect(),
    })
}

fn digest(text: &str) -> String {
    let bytes = Sha256::digest(text);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn inventory(image: &Wanted, parts: &BTreeMap<&str, Vec<Package>>) -> Inventory {
    let (id, version) = image.base.split_once('-').unwrap();
    let now = plimsoll_server::moment::now() / 1000;
    let mut inventory = Inventory { distro: Some(distro(id, version)), ..Inventory::default() };
    let artifact = &mut inventory.artifact;
    artifact.reference.clone_from(&image.name);
    artifact.source = "registry".into();
    artifact.manifest_digest = image.digest.parse().ok();
    artifact.config_digest = digest(&format!("{} config", image.name)).parse().ok();
    artifact.platform = "linux/amd64".parse().ok();
    artifact.created = Some(Timestamp::from_unix(now - image.days * 86_400));
    artifact.user = if image.user == "root" { String::new() } else { image.user.clone() };
    artifact.command = vec!["/usr/bin/tini".into(), "--".into(), "/srv/app/start".into()];
    artifact.size = 48 << 20;
    artifact.labels = vec![
        ("org.opencontainers.image.base.name".into(), format!("docker.io/library/{id}:{version}")),
        ("org.opencontainers.image.vendor".into(), "Example Shop".into()),
    ];
    let add = format!("ADD rootfs.tar.xz / # buildkit ({})", image.base);
    let install = match id {
        "debian" => {
            "RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends tini"
        }
        _ => "RUN /bin/sh -c apk add --no-cache tini",
    };
    let copy = format!("COPY --chown={} {} /srv/app # buildkit", image.user, image.on_it);
    inventory.layers =
        [(image.base.clone(), add, 29 << 20), ("tools".into(), install.into(), 6 << 20)]
            .into_iter()
            .chain([(image.on_it.clone(), copy, 13 << 20)])
            .map(|(name, created_by, size)| Layer {
                digest: digest(&format!("{name} stored")).parse().ok(),
                diff_id: digest(&name).parse().ok(),
                created_by,
                size,
                media_type: "application/vnd.oci.image.layer.v1.tar+gzip".into(),
            })
            .collect();
    for (part, layer) in [(&image.base, 0), (&image.on_it, 2)] {
        for package in parts.get(part.as_str()).into_iter().flatten() {
            let mut package = package.clone();
            package.locations = vec![Location {
                path: path(&package),
                layer: Some(if package.name.starts_with("nginx") { 1 } else { layer }),
                line: None,
            }];
            package.licenses = vec![license(&package).into()];
            inventory.packages.push(package);
        }
    }
    inventory
}

fn distro(id: &str, version: &str) -> Distro {
    let ecosystem = match id {
        "debian" => format!("Debian:{version}"),
        _ => format!("Alpine:v{version}"),
    };
    let name = match id {
        "debian" => format!("Debian GNU/Linux {version}"),
        _ => format!("Alpine Linux {version}"),
    };
    Distro {
        id: id.into(),
        version: version.into(),
        name,
        ecosystem: ecosystem.parse().ok(),
        end_of_life: None,
        id_like: Vec::new(),
        codename: None,
        cpe: None,
        extended_support: false,
    }
}

fn path(package: &Package) -> String {
    let name = &package.name;
    match package.kind {
        PackageKind::Deb => "/var/lib/dpkg/status".into(),
        PackageKind::Apk => "/lib/apk/db/installed".into(),
        PackageKind::Npm => format!("/srv/app/node_modules/{name}/package.json"),
        PackageKind::Pypi => {
            format!("/usr/lib/python3/site-packages/{name}-{}.dist-info/METADATA", package.version)
        }
        PackageKind::Maven => {
            let artifact = name.rsplit(':').next().unwrap_or(name);
            format!("/srv/app/lib/{artifact}-{}.jar", package.version)
        }
        _ => "/srv/app/start".into(),
    }
}

fn license(package: &Package) -> &'static str {
    match package.kind {
        PackageKind::Deb => "GPL-2.0-or-later",
        PackageKind::Maven => "Apache-2.0",
        PackageKind::Pypi | PackageKind::Golang => "BSD-3-Clause",
        _ => "MIT",
    }
}
