//! `trivy`.
//!
//! Source: <https://trivy.dev/latest/docs/references/configuration/cli/trivy/>.

mod asked;
mod cluster;
mod converted;
mod ignored;
pub(super) mod misconfiguration;
mod others;
mod remote;
mod settings;
mod snapshot;
mod templates;

use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches};
use plimsoll_model::{Inventory, Reference, Scan, Scope, Transport};

use self::asked::Asked;
use self::ignored::Ignored;
use super::skipped::Skipped;
use super::{NEAR, Tool, scanned};
use crate::exit::{Codes, Outcome, Usage, tell};
use crate::output;

pub(super) const TOOL: Tool = Tool {
    name: "trivy",
    release: "0.74.0",
    own: "`plimsoll scan --help`, `plimsoll sbom --help`, `plimsoll lint --help`, `plimsoll kube scan --help`",
    variables: Some("TRIVY_"),
    has_go_switches: true,
    has_single_dashes: false,
    codes: Codes { usage: 1, failed: 1, partial: 1 },
    command: Trivy::command,
    others: others::ALL,
    ours: others::OURS,
    absent: others::ABSENT,
    settings: Some(settings::read),
    run: |matches| Trivy::from_arg_matches(matches)?.run(),
};

#[derive(Debug, clap::Parser)]
#[command(about = "Trivy's command line, answered by Plimsoll", subcommand_required = true)]
struct Trivy {
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    quiet: bool,

    /// trivy.yaml [default: in the working folder]
    #[arg(short, long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,

    /// Layers are kept here, and the advisories are read here where `db/advisories.db` is there
    #[arg(long, value_name = "DIR", global = true, help_heading = NEAR)]
    cache_dir: Option<PathBuf>,

    /// Speak to any registry without TLS or with a certificate nobody vouches for
    #[arg(long, global = true)]
    insecure: bool,

    /// Certificates in PEM that registries are trusted by beside the system's
    #[arg(long, value_name = "FILE", global = true)]
    cacert: Option<PathBuf>,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// A container image
    #[command(alias = "i")]
    Image {
        /// Its name
        #[arg(value_name = "IMAGE", required_unless_present_any = ["input", "download_db_only"])]
        image: Option<String>,

        /// A tar of `docker save` or of an OCI layout, or the layout's folder
        #[arg(long, value_name = "FILE")]
        input: Option<String>,

        /// Which image of a multi-platform one
        #[arg(long, value_name = "PLATFORM")]
        platform: Option<String>,

        /// Where it is: docker, containerd, podman, remote; the first of several, else docker and
        /// then the registry
        #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = NEAR)]
        image_src: Vec<String>,

        /// Where Docker's daemon listens
        #[arg(long, value_name = "ADDR")]
        docker_host: Option<String>,

        /// Where podman's service listens
        #[arg(long, value_name = "ADDR")]
        podman_host: Option<String>,

        /// `plimsoll db update`, and nothing is scanned
        #[arg(long, help_heading = NEAR)]
        download_db_only: bool,

        #[command(flatten)]
        asked: Asked,
    },
    /// A folder with a project
    #[command(alias = "fs")]
    Filesystem {
        /// The folder
        #[arg(value_name = "PATH")]
        path: String,

        #[command(flatten)]
        asked: Asked,
    },
    /// The root of a system
    Rootfs {
        /// Its folder
        #[arg(value_name = "PATH")]
        path: String,

        #[command(flatten)]
        asked: Asked,
    },
    /// A repository that is checked out
    #[command(alias = "repo")]
    Repository {
        /// Its folder; an address has to be cloned first
        #[arg(value_name = "PATH", help_heading = NEAR)]
        path: String,

        #[command(flatten)]
        asked: Asked,
    },
    /// Dockerfiles and manifests
    #[command(alias = "conf")]
    Config {
        /// A file, or a folder to look for them in
        #[arg(value_name = "PATH")]
        path: String,

        #[command(flatten)]
        asked: Asked,
    },
    /// An SBOM
    Sbom {
        /// CycloneDX or SPDX in JSON
        #[arg(value_name = "FILE")]
        path: String,

        #[command(flatten)]
        asked: Asked,
    },
    /// A report in JSON in another format
    Convert {
        /// What `-f json` wrote
        #[arg(value_name = "REPORT")]
        path: String,

        #[command(flatten)]
        asked: Asked,
    },
    /// A cluster
    #[command(alias = "k8s")]
    Kubernetes(Box<cluster::Cluster>),
    /// Which release this is
    Version,
}

/// What is read.
enum Read {
    Reference(Reference, Option<String>),
    Bill(String),
}

impl Trivy {
    fn run(self) -> anyhow::Result<Outcome> {
        let (read, asked) = match &self.action {
            Action::Image { download_db_only: true, .. } => {
                return super::words::Words::of(&["db", "update"]).run();
            }
            Action::Image { image, input, platform, image_src, asked, .. } => {
                let reference = match (input, image) {
                    (Some(path), _) => scanned::stored(path),
                    (None, image) => {
                        scanned::image(image.as_deref().unwrap_or_default(), source(image_src)?)?
                    }
                };
                (Read::Reference(reference, platform.clone()), asked)
            }
            Action::Filesystem { path, asked } => (folder(Transport::Dir, path), asked),
            Action::Rootfs { path, asked } => (folder(Transport::Rootfs, path), asked),
            Action::Repository { path, asked } => {
                if path.contains("://") {
                    let why = format!("`{path}` is not cloned here: clone it, and name the folder");
                    return Err(Usage(why).into());
                }
                (folder(Transport::Dir, path), asked)
            }
            Action::Config { path, asked } => {
                asked.check()?;
                let mut found = misconfiguration::find(
                    path,
                    asked.severities()?.as_deref(),
                    &Skipped::of(&asked.skip_dirs, &asked.skip_files)?,
                )?;
                found.ignore(&Ignored::read(&asked.ignorefile, crate::clock::now())?);
                let inventory = Inventory::default();
                let mut scan = Scan { inventory, ..Scan::default() };
                scan.scanned_at = Some(crate::clock::now());
                format!("dir:{path}").clone_into(&mut scan.inventory.artifact.reference);
                "dir".clone_into(&mut scan.inventory.artifact.source);
                asked.print(&scan, Some(&found))?;
                return Ok(asked.outcome(!found.is_empty(), found.is_partial));
            }
            Action::Sbom { path, asked } => (Read::Bill(path.clone()), asked),
            Action::Convert { path, asked } => return convert(path, asked),
            Action::Kubernetes(cluster) => return cluster.run(),
            Action::Version => {
                return TOOL.print_version("Version: ");
            }
        };
        self.scan(&read, asked)
    }

    fn scan(&self, read: &Read, asked: &Asked) -> anyhow::Result<Outcome> {
        asked.check()?;
        let scanners = asked.scanners(self.quiet)?;
        let skipped = Skipped::of(&asked.skip_dirs, &asked.skip_files)?;
        let mut inventory = match read {
            Read::Reference(reference, platform) => {
                let mut options = scanned::options(platform.as_deref())?;
                let registry = &mut options.registry;
                registry.username = asked.username.clone().or(registry.username.take());
                registry.password = asked.password.clone().or(registry.password.take());
                options.registry.ca_files.extend(self.cacert.clone());
                if let Action::Image { docker_host, podman_host, .. } = &self.action {
                    let daemons = &mut options.daemons;
                    daemons.docker = docker_host.clone().unwrap_or_else(|| daemons.docker.clone());
                    daemons.podman = podman_host.clone().unwrap_or_else(|| daemons.podman.clone());
                }
                if let Some(folder) = &self.cache_dir {
                    options.cache = Some(folder.join("layers"));
                }
                if let (true, Reference::Image { name, .. }) = (self.insecure, reference) {
                    options.registry.insecure.push(name.registry().to_owned());
                }
                scanned::read(reference, &options)?
            }
            Read::Bill(path) => scanned::sbom(path)?,
        };
        skipped.apply(&mut inventory);
        if !asked.include_dev_deps {
            inventory.packages.retain(|it| it.scope != Scope::Development);
        }
        if !asked.pkg_types.is_empty() {
            let is_asked = |name: &str| asked.pkg_types.iter().any(|it| it == name);
            let (system, library) = (is_asked("os"), is_asked("library"));
            inventory.packages.retain(|it| if it.kind.is_os() { system } else { library });
        }
        if let Some(bill) = asked.bill() {
            let partial = inventory.is_partial();
            output::write(asked.output.as_deref(), |out| (bill.write)(&inventory, out))?;
            return Ok(asked.outcome(false, partial));
        }
        if asked.format == "github" {
            let document = snapshot::document(&inventory, crate::clock::now());
            asked.json(&document)?;
            return Ok(asked.outcome(false, inventory.is_partial()));
        }
        let database = self.cache_dir.as_ref().map(|folder| folder.join("db"));
        let database = database.filter(|folder| folder.join("advisories.db").is_file());
        let mut scan = if let (true, Some(address)) = (scanners.vulnerabilities, &asked.server) {
            let token = asked.token.clone();
            let dev_dependencies = asked.include_dev_deps;
            remote::Question { address, token, dev_dependencies }.ask(inventory)?
        } else if scanners.vulnerabilities {
            scanned::judged(inventory, database)?
        } else {
            Scan { inventory, scanned_at: Some(crate::clock::now()), ..Scan::default() }
        };
        if matches!(self.action, Action::Repository { .. }) {
            "repository".clone_into(&mut scan.inventory.artifact.source);
        }
        let ignored = Ignored::read(&asked.ignorefile, crate::clock::now())?;
        ignored.apply(&mut scan);
        asked.filter(&mut scan)?;
        let found = match (scanners.misconfigurations, read) {
            (true, Read::Reference(Reference::Path { path, .. }, _))
                if std::path::Path::new(path).is_dir() =>
            {
                let levels = asked.severities()?;
                let mut found = misconfiguration::find(path, levels.as_deref(), &skipped)?;
                found.ignore(&ignored);
                Some(found)
            }
            _ => None,
        };
        asked.print(&scan, found.as_ref())?;
        let is_found = scan.findings.iter().any(|finding| finding.suppressed.is_none())
            || found.as_ref().is_some_and(|found| !found.is_empty());
        let is_partial = scan.inventory.is_partial() || found.is_some_and(|found| found.is_partial);
        let ended = scan.inventory.distro.as_ref().and_then(|distro| distro.end_of_life);
        if asked.exit_on_eol > 0 && ended.is_some_and(|at| at < crate::clock::now()) {
            tell("error: the distribution is no longer supported");
            return Ok(Outcome::of_code(asked.exit_on_eol));
        }
        Ok(asked.outcome(is_found, is_partial))
    }
}

/// A report in another format.
fn convert(path: &str, asked: &Asked) -> anyhow::Result<Outcome> {
    asked.check()?;
    let converted::Converted { mut scan, others } = converted::read(path)?;
    crate::target::tell_problems(&scan.inventory);
    let ignored = Ignored::read(&asked.ignorefile, crate::clock::now())?;
    ignored.apply(&mut scan);
    scan.findings.retain(|finding| finding.suppressed.is_none());
    asked.filter(&mut scan)?;
    let partial = scan.inventory.is_partial();
    if let Some(bill) = asked.bill() {
        output::write(asked.output.as_deref(), |out| (bill.write)(&scan.inventory, out))?;
        return Ok(asked.outcome(false, partial));
    }
    if asked.format == "github" {
        asked.json(&snapshot::document(&scan.inventory, crate::clock::now()))?;
        return Ok(asked.outcome(false, partial));
    }
    let others = asked.chosen(others, &ignored)?;
    let is_found = !scan.findings.is_empty() || !others.is_empty();
    asked.print_results(&scan, others)?;
    Ok(asked.outcome(is_found, partial))
}

fn folder(transport: Transport, path: &str) -> Read {
    Read::Reference(Reference::Path { transport, path: path.to_owned() }, None)
}

/// The one place to look in, or docker and then the registry.
fn source(named: &[String]) -> Result<Transport, Usage> {
    match named {
        [] => Ok(Transport::Auto),
        [first, ..] => match first.as_str() {
            "docker" if named.len() > 1 => Ok(Transport::Auto),
            "docker" => Ok(Transport::Docker),
            "containerd" => Ok(Transport::Containerd),
            "podman" => Ok(Transport::Podman),
            "remote" => Ok(Transport::Registry),
            other => Err(Usage(format!(
                "--image-src: `{other}` is none of docker, containerd, podman, remote"
            ))),
        },
    }
}
