//! A made-up image of the usual kind: an old Debian, an application in three languages.

use plimsoll_model::{
    AdvisoryData, AdvisoryRef, Artifact, Distro, Epss, EvidenceStep, FeedStatus, Finding, FixState,
    GateReason, Inventory, Kev, Layer, Link, LinkKind, Location, Package, PackageKind,
    PackageMatch, Platform, Problem, ProblemKind, Purl, Rating, RatingKind, Scan, Severity,
    SourcePackage, Timestamp, Undecided, Verdict,
};

pub(crate) fn day(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The findings of one scan in the making.
pub(crate) struct Builder {
    pub(crate) scan: Scan,
}

impl Builder {
    /// An image without packages.
    pub(crate) fn new() -> Self {
        let digest = |c: &str| format!("sha256:{}", c.repeat(64)).parse().ok();
        let layer = |c, size, created_by: &str| Layer {
            digest: None,
            diff_id: digest(c),
            created_by: created_by.into(),
            size,
            media_type: "application/vnd.oci.image.layer.v1.tar".into(),
        };
        let inventory = Inventory {
            artifact: Artifact {
                reference: "docker-archive:shop.tar".into(),
                source: "docker-archive".into(),
                manifest_digest: digest("5"),
                config_digest: digest("6"),
                names: vec!["registry.example.org/shop/web:1.8".into()],
                platform: Some(Platform {
                    os: "linux".into(),
                    architecture: "amd64".into(),
                    variant: None,
                }),
                created: Some(day("2026-01-02T03:04:05Z")),
                size: 91_000_000,
                ..Artifact::default()
            },
            layers: vec![
                layer("0", 80_000_000, "/bin/sh -c #(nop) ADD file:4b1be1de1a1e5aa60 in / "),
                layer(
                    "1",
                    9_000_000,
                    "RUN /bin/sh -c apt-get update && apt-get install -y curl # buildkit",
                ),
                layer("2", 2_000_000, "COPY . /app # buildkit"),
            ],
            distro: Some(Distro {
                id: "debian".into(),
                version: "12".into(),
                codename: Some("bookworm".into()),
                name: "Debian GNU/Linux 12 (bookworm)".into(),
                ecosystem: "Debian:12".parse().ok(),
                ..Distro::default()
            }),
            ..Inventory::default()
        };
        let feed = |name: &str, records, newest| FeedStatus {
            name: name.into(),
            source: "https://feeds.example.org".into(),
            records,
            rejected: 0,
            newest: Some(day(newest)),
            fetched: Some(day("2026-11-24")),
        };
        let data = AdvisoryData {
            starter: false,
            path: "/var/cache/plimsoll/advisories.db".into(),
            compiled: Some(day("2026-11-24T06:00:00Z")),
            feeds: vec![
                feed("kev", 1300, "2026-11-20"),
                feed("osv/Debian", 48_211, "2026-11-22T10:00:00Z"),
                feed("osv/npm", 21_044, "2026-11-23T09:00:00Z"),
            ],
        };
        let scanned_at = Some(day("2026-11-24T08:00:00Z"));
        Self { scan: Scan { inventory, data, scanned_at, ..Scan::default() } }
    }

    /// Adds a package and gives its index.
    pub(crate) fn package(
        &mut self,
        kind: PackageKind,
        name: &str,
        version: &str,
        path: &str,
        layer: u32,
    ) -> u32 {
        let mut package = Package::new(kind, name, version);
        package.locations = vec![Location { path: path.into(), layer: Some(layer), line: None }];
        self.scan.inventory.packages.push(package);
        u32::try_from(self.scan.inventory.packages.len() - 1).unwrap()
    }

    /// Adds a finding on a package, to be filled in.
    pub(crate) fn finding(
        &mut self,
        package: u32,
        id: &str,
        severity: Severity,
        title: &str,
    ) -> &mut Finding {
        let inventory = &self.scan.inventory;
        let found = &inventory.packages[usize::try_from(package).unwrap()];
        let finding = Finding {
            id: id.into(),
            aliases: vec![],
            package: PackageMatch {
                index: package,
                kind: found.kind,
                name: found.name.clone(),
                version: found.version.clone(),
                purl: Purl::of(found, inventory.distro.as_ref()).to_string(),
                locations: found.locations.clone(),
            },
            severity,
            severity_source: "nvd".into(),
            ratings: vec![],
            fix: FixState::NotFixed,
            title: title.into(),
            description: String::new(),
            published: Some(day("2023-10-11")),
            modified: None,
            references: vec![],
            advisories: vec![AdvisoryRef {
                id: id.into(),
                feed: if found.kind.is_os() { "osv/Debian" } else { "osv/npm" }.into(),
                modified: Some(day("2026-10-01")),
            }],
            kev: None,
            epss: None,
            evidence: vec![],
            suppressed: None,
            loaded: None,
        };
        self.scan.findings.push(finding);
        self.scan.findings.last_mut().unwrap()
    }
}

fn fixed(version: &str) -> FixState {
    FixState::Fixed(vec![version.into()])
}

fn cvss(score: f32, severity: Severity) -> Rating {
    Rating {
        source: "nvd".into(),
        kind: RatingKind::CvssV3,
        value: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H".into(),
        score: Some(score),
        severity,
    }
}

/// What is found in the image.
pub(crate) fn scan() -> Scan {
    let mut builder = Builder::new();
    system(&mut builder);
    applications(&mut builder);
    let mut scan = builder.scan;
    scan.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    scan.undecided = vec![Undecided {
        package: "left-pad".into(),
        version: "banana".into(),
        advisory: "GHSA-aaaa-bbbb-cccc".into(),
        why: "`banana` is no version of npm".into(),
    }];
    scan.inventory.problems = vec![Problem {
        kind: ProblemKind::Skipped,
        path: "var/lib/dpkg/status".into(),
        layer: Some(0),
        line: Some(712),
        message: "field before a package name".into(),
    }];
    scan.verdict = Verdict {
        failed: vec![GateReason {
            gate: "severity".into(),
            reason: "4 findings of severity high or worse".into(),
            exit_code: 1,
        }],
    };
    scan
}

fn system(builder: &mut Builder) {
    const STATUS: &str = "var/lib/dpkg/status";
    let curl = builder.package(PackageKind::Deb, "curl", "7.88.1-10", STATUS, 1);
    let finding = builder.finding(
        curl,
        "CVE-2023-38545",
        Severity::Critical,
        "SOCKS5 heap based buffer overflow when the proxy resolves the host name",
    );
    finding.fix = fixed("7.88.1-10+deb12u4");
    finding.aliases = vec!["DSA-5523-1".into()];
    finding.epss = Some(Epss { score: 0.26, percentile: 0.96 });
    finding.ratings = vec![cvss(9.8, Severity::Critical)];
    finding.references = vec![Link {
        kind: LinkKind::Advisory,
        url: "https://curl.se/docs/CVE-2023-38545.html".into(),
    }];
    for name in ["libc-bin", "libc6"] {
        let package = builder.package(PackageKind::Deb, name, "2.36-9", STATUS, 0);
        builder.scan.inventory.packages[usize::try_from(package).unwrap()].source =
            Some(SourcePackage { name: "glibc".into(), version: "2.36-9".into() });
        let finding = builder.finding(
            package,
            "CVE-2023-4911",
            Severity::High,
            "Looney Tunables: buffer overflow in ld.so by GLIBC_TUNABLES",
        );
        finding.fix = fixed("2.36-9+deb12u3");
        finding.kev = Some(Kev { added: day("2023-11-21"), due: None, ransomware: false });
        finding.epss = Some(Epss { score: 0.72, percentile: 0.99 });
        builder
            .finding(package, "CVE-2024-2961", Severity::Medium, "iconv: out-of-bounds write")
            .fix = fixed("2.36-9+deb12u7");
        let finding = builder.finding(
            package,
            "CVE-2010-4756",
            Severity::Negligible,
            "glob takes too much memory",
        );
        finding.fix = FixState::WillNotFix;
    }
    let zlib = builder.package(PackageKind::Deb, "zlib1g", "1:1.2.13.dfsg-1", STATUS, 0);
    let finding = builder.finding(zlib, "CVE-2023-45853", Severity::Low, "MiniZip overflow");
    finding.suppressed = Some("MiniZip is not built".into());
}

fn applications(builder: &mut Builder) {
    let lodash = builder.package(PackageKind::Npm, "lodash", "4.17.4", "app/package-lock.json", 2);
    builder.scan.inventory.packages[usize::try_from(lodash).unwrap()].locations[0].line =
        Some(1204);
    let finding = builder.finding(
        lodash,
        "CVE-2019-10744",
        Severity::Critical,
        "Prototype pollution in lodash",
    );
    finding.package.locations[0].line = Some(1204);
    finding.fix = fixed("4.17.12");
    finding.aliases = vec!["GHSA-jf85-cpcp-j695".into()];
    finding.ratings = vec![cvss(9.1, Severity::Critical)];
    finding.description = "`defaultsDeep` can be tricked into changing `Object.prototype`.\n\n\
                           ### Example\nSee [the report](https://example.org/report)."
        .into();
    finding.evidence = vec![
        EvidenceStep {
            step: "package".into(),
            says: "lodash 4.17.4 in app/package-lock.json".into(),
        },
        EvidenceStep { step: "range".into(), says: "4.17.4 is below 4.17.12".into() },
    ];
    for path in [
        "app/node_modules/qs/package.json",
        "app/node_modules/body-parser/node_modules/qs/package.json",
    ] {
        let package = builder.package(PackageKind::Npm, "qs", "6.5.1", path, 2);
        builder.finding(package, "CVE-2022-24999", Severity::High, "qs prototype poisoning").fix =
            fixed("6.5.3");
    }
    let log4j = builder.package(
        PackageKind::Maven,
        "org.apache.logging.log4j:log4j-core",
        "2.14.1",
        "srv/shop.war!/WEB-INF/lib/log4j-core-2.14.1.jar",
        2,
    );
    let finding = builder.finding(
        log4j,
        "CVE-2021-44228",
        Severity::Critical,
        "Log4Shell: code execution by a text that is logged",
    );
    finding.fix = FixState::Fixed(vec!["2.15.0".into(), "2.12.2".into()]);
    finding.kev =
        Some(Kev { added: day("2021-12-10"), due: Some(day("2021-12-24")), ransomware: true });
    finding.epss = Some(Epss { score: 0.944, percentile: 0.9999 });
    finding.ratings = vec![cvss(10.0, Severity::Critical)];
    let net =
        builder.package(PackageKind::Golang, "golang.org/x/net", "v0.7.0", "usr/local/bin/ship", 2);
    builder.finding(net, "GO-2023-1988", Severity::Unknown, "").fix = FixState::NotFixed;
}
