//! A made-up image: a distribution, two applications, odd licences and suppliers.

use plimsoll_model::{
    Artifact, Distro, Hash, Inventory, Layer, Location, Package, PackageKind, Platform, Problem,
    ProblemKind, Scope, SourcePackage,
};

fn package(kind: PackageKind, name: &str, version: &str, path: &str, layer: u32) -> Package {
    let mut package = Package::new(kind, name, version);
    package.locations = vec![Location { path: path.into(), layer: Some(layer), line: None }];
    package.cataloguer = kind.purl_type().into();
    package
}

/// The image.
pub(crate) fn inventory() -> Inventory {
    let digest = |c: &str| format!("sha256:{}", c.repeat(64)).parse().ok();
    let layer = |c, created_by: &str| Layer {
        digest: None,
        diff_id: digest(c),
        created_by: created_by.into(),
        size: 1,
        media_type: String::new(),
    };
    Inventory {
        artifact: Artifact {
            reference: "docker-archive:shop.tar".into(),
            source: "docker-archive".into(),
            manifest_digest: digest("5"),
            names: vec!["registry.example.org/shop/web:1.8".into()],
            platform: Some(Platform {
                os: "linux".into(),
                architecture: "amd64".into(),
                variant: None,
            }),
            created: "2026-01-02T03:04:05Z".parse().ok(),
            ..Artifact::default()
        },
        layers: vec![layer("0", "ADD rootfs.tar /"), layer("1", "COPY . /app # buildkit")],
        distro: Some(Distro {
            id: "debian".into(),
            version: "12".into(),
            name: "Debian GNU/Linux 12 (bookworm)".into(),
            cpe: Some("cpe:2.3:o:debian:debian_linux:12:*:*:*:*:*:*:*".into()),
            ..Distro::default()
        }),
        packages: packages(),
        survey: None,
        listing: None,
        problems: Vec::new(),
        owned: Vec::new(),
    }
}

fn packages() -> Vec<Package> {
    const STATUS: &str = "var/lib/dpkg/status";
    let mut bash = package(PackageKind::Deb, "bash", "5.2-1", STATUS, 0);
    bash.depends_on = vec!["libc6".into(), "debianutils".into()];
    bash.licenses = vec!["GPL-3.0-or-later".into()];
    bash.supplier = Some("Matthias Klose <doko@debian.org>".into());
    let mut libc = package(PackageKind::Deb, "libc6", "2.36-9", STATUS, 0);
    libc.source = Some(SourcePackage { name: "glibc".into(), version: "2.36-9".into() });
    libc.depends_on = vec!["libgcc-s1".into()];
    libc.arch = Some("amd64".into());
    let mut libgcc = package(PackageKind::Deb, "libgcc-s1", "12.2.0-14", STATUS, 0);
    libgcc.depends_on = vec!["libc6".into()];
    let lock = "app/package-lock.json";
    let mut lodash = package(PackageKind::Npm, "lodash", "4.17.4", lock, 1);
    lodash.licenses = vec!["MIT".into()];
    lodash.locations[0].line = Some(12);
    lodash.hashes = vec![
        Hash { algorithm: "sha512".into(), hex: "ab".repeat(64) },
        Hash { algorithm: "sha1".into(), hex: "cut off".into() },
    ];
    let mut parser = package(PackageKind::Npm, "@babel/parser", "7.0.0", lock, 1);
    parser.depends_on = vec!["lodash".into()];
    parser.licenses = vec!["MIT OR Apache-2.0".into(), "Zlib".into()];
    parser.scope = Scope::Development;
    let mut twin = package(PackageKind::Npm, "lodash", "4.17.4", "tool/package-lock.json", 1);
    twin.licenses = vec!["MIT".into(), "see LICENSE\nfile".into()];
    let mut log4j = package(
        PackageKind::Maven,
        "org.apache.logging.log4j:log4j-core",
        "2.14.1",
        "srv/a.war!/WEB-INF/lib/log4j-core-2.14.1.jar",
        1,
    );
    log4j.owner = Some("liblog4j2-java".into());
    log4j.supplier = Some("The Apache Software Foundation".into());
    let mut gone = package(PackageKind::Deb, "curl", "7.88.1-10", STATUS, 0);
    gone.removed_in = Some(1);
    vec![bash, libc, libgcc, lodash, parser, twin, log4j, gone]
}

/// An image that was not read whole, in which every text is odd.
pub(crate) fn hostile() -> Inventory {
    let odd = "a\u{1b}[2J\nb\u{0}\"<x>&\u{202e}#?@/ ü";
    let mut inventory = inventory();
    for package in &mut inventory.packages {
        package.name = odd.into();
        package.version = odd.into();
        package.licenses = vec![odd.into(), "(".repeat(400)];
        package.supplier = Some(odd.into());
        package.depends_on = vec![odd.into()];
        package.notes = vec![odd.into()];
        package.locations[0].path = odd.into();
    }
    let mut nameless = Package::new(PackageKind::Generic, "", "");
    nameless.supplier = Some(String::new());
    inventory.packages.push(nameless);
    inventory.artifact.names = vec![odd.into()];
    inventory.layers[0].created_by = odd.into();
    inventory.problems = vec![Problem {
        kind: ProblemKind::Partial,
        path: odd.into(),
        layer: None,
        line: None,
        message: odd.into(),
    }];
    inventory
}
