//! The images of a cluster, several at a time: got by their digest, judged as `plimsoll scan` does.

use anyhow::{Context, anyhow};
use plimsoll_advisory::database::Database;
use plimsoll_image::Options;
use plimsoll_kube::assessment::{Assessment, Image};
use plimsoll_model::{GateReason, ImageName, Reference, Scan, Timestamp, Transport, Verdict};
use plimsoll_policy::{Filter, Gates};
use plimsoll_report::cluster::{ClusterScan, ImageScan, Vulnerability};
use rayon::prelude::*;

use super::ScanCommand;
use crate::clock;
use crate::commands::scan::{judged, open_database};
use crate::exit::{Usage, chain};
use crate::target::spinner;

/// Where images may be. A pod may name any image, but never a file here.
const SOURCES: [Transport; 5] = [
    Transport::Auto,
    Transport::Docker,
    Transport::Podman,
    Transport::Containerd,
    Transport::Registry,
];

/// The exit code of the gate that fails where an image was not read whole.
const PARTIAL: u8 = 3;

/// The source of that name.
pub(in crate::commands::kube) fn transport(named: &str) -> Result<Transport, Usage> {
    let prefix = if named == "auto" { "" } else { named };
    SOURCES.into_iter().find(|one| one.prefix() == prefix).ok_or_else(|| {
        let known = "auto, docker, podman, containerd, registry";
        Usage(format!("`{named}` is no source of images: expected one of {known}"))
    })
}

/// How images are scanned.
pub(super) struct Scanning {
    transport: Transport,
    options: Options,
    database: Database,
    filter: Filter,
    gates: Gates,
    jobs: usize,
    now: Timestamp,
}

impl Scanning {
    pub(super) fn new(command: &ScanCommand) -> anyhow::Result<Self> {
        let severities = (!command.severity.is_empty()).then(|| command.severity.clone());
        Ok(Self {
            transport: transport(&command.image_source)?,
            options: command.reading.options()?,
            database: open_database(command.db.clone())?,
            filter: Filter { severities, only_fixed: command.only_fixed, only_loaded: false },
            gates: Gates {
                fail_on: command.fail_on,
                max_data_age: command.max_data_age,
                ..Gates::default()
            },
            jobs: usize::from(command.jobs),
            now: clock::now(),
        })
    }

    /// Scans all images, and tells which gates were not passed.
    pub(super) fn all(&self, found: &Assessment, scan: &mut ClusterScan<'_>) -> anyhow::Result<()> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.jobs).build();
        let pool = pool.context("there are no threads to read images")?;
        let progress = spinner(&format!("scanning {} images", found.images.len()));
        let done: Vec<(ImageScan, Verdict)> =
            pool.install(|| found.images.par_iter().map(|image| self.one(image)).collect());
        progress.finish_and_clear();

        let data = self.database.data();
        // The age of the advisories is one for all.
        let empty = Scan { data: data.clone(), ..Scan::default() };
        let stale = self.gates.verdict(&empty, self.now).failed;
        scan.failed.extend(stale);
        let over = done
            .iter()
            .filter(|(_, verdict)| verdict.failed.iter().any(|reason| reason.exit_code == 1))
            .count();
        if let Some(level) = self.gates.fail_on.filter(|_| over > 0) {
            scan.failed.push(GateReason {
                gate: "severity".into(),
                reason: format!("{over} images have vulnerabilities of severity {level} or worse"),
                exit_code: 1,
            });
        }
        scan.images = done.into_iter().map(|(image, _)| image).collect();
        let troubles = scan.images.iter().zip(&found.images);
        scan.missing.extend(troubles.filter_map(|(done, image)| {
            let names: Vec<&str> = image.names.iter().map(String::as_str).collect();
            Some(format!("image {}: {}", names.join(", "), done.problem.as_ref()?))
        }));
        scan.data = Some(data);
        Ok(())
    }

    /// Scans an image by the first of its names by which it can be got.
    fn one(&self, image: &Image) -> (ImageScan, Verdict) {
        let mut why = None;
        for reference in &image.references {
            match self.by_name(reference) {
                Ok(done) => return done,
                Err(error) => why = why.or(Some(chain(&error))),
            }
        }
        let problem = Some(why.unwrap_or_else(|| "it has no name".to_owned()));
        (ImageScan { problem, ..ImageScan::default() }, Verdict::default())
    }

    fn by_name(&self, text: &str) -> anyhow::Result<(ImageScan, Verdict)> {
        let name: ImageName = text.parse().map_err(|error| anyhow!("`{text}`: {error}"))?;
        let reference = Reference::Image { transport: self.transport, name };
        let inventory = plimsoll_image::read(&reference, &self.options)?;
        let (mut scan, _) = judged(inventory, &self.database, false, self.now)?;
        self.filter.apply(&mut scan);
        let verdict = self.gates.verdict(&scan, self.now);
        let partial = verdict.failed.iter().find(|reason| reason.exit_code == PARTIAL);
        let problem = partial.map(|reason| reason.reason.clone());
        let standing = scan.findings.iter().filter(|finding| finding.suppressed.is_none());
        let findings = standing.map(|finding| Vulnerability {
            id: finding.id.clone(),
            package: finding.package.name.clone(),
            version: finding.package.version.clone(),
            fixed: finding.fix.nearest().map(str::to_owned),
            severity: finding.severity,
            title: finding.title.clone(),
            is_exploited: finding.kev.is_some(),
            is_of_system: finding.package.kind.is_os(),
        });
        let findings = findings.collect();
        let distro = scan.inventory.distro.as_ref().map(|distro| {
            if distro.name.is_empty() {
                format!("{} {}", distro.id, distro.version)
            } else {
                distro.name.clone()
            }
        });
        let distro = distro.unwrap_or_default();
        Ok((ImageScan { reference: text.to_owned(), distro, findings, problem }, verdict))
    }
}
