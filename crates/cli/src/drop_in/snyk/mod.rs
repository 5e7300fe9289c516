//! `snyk`: `container`, `test`, `sbom` and `iac test` are understood.
//!
//! Source: <https://docs.snyk.io/developer-tools/snyk-cli/commands>.

mod bill;
mod iac;
mod report;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use plimsoll_model::{Reference, Scan, Severity};

use super::{Absent, NEAR, Other, Tool, scanned, syft};
use crate::exit::{Codes, Outcome, Usage, tell};
use crate::monitor::Monitored;
use crate::{clock, output, snyk_policy as policy};

pub(super) const TOOL: Tool = Tool {
    name: "snyk",
    release: "1.1307.0",
    own: "`plimsoll scan --help`, `plimsoll lint --help`",
    variables: None,
    has_go_switches: true,
    has_single_dashes: false,
    codes: Codes { usage: 2, failed: 2, partial: 2 },
    command: Snyk::command,
    others: OTHERS,
    ours: &[],
    absent: ABSENT,
    settings: None,
    run: |matches: &ArgMatches| Snyk::from_arg_matches(matches)?.run(),
};

const MONITORED: &str = "`snyk container monitor` and `plimsoll serve` take images";

const ABSENT: &[Absent] = &[
    Absent::new("aibom", "`plimsoll sbom` lists packages"),
    Absent::new("apps", "users and keys are `plimsoll serve`'s"),
    Absent::new("code", "sources are not judged here, images and their parts are"),
    Absent::new("config", "nothing is kept"),
    Absent::new("fix", "`plimsoll update --write`"),
    Absent::new("help", "`--help` behind a command"),
    Absent::new("iac describe", "`plimsoll kube scan` reads the cluster"),
    Absent::new("ignore", "write the `.snyk`: `--policy-path` reads it"),
    Absent::new("log4shell", "`plimsoll scan DIR` finds it, jars in jars too"),
    Absent::new("monitor", MONITORED),
    Absent::new("policy", "the `.snyk` is YAML: read it"),
    Absent::new("redteam", "nothing is attacked here"),
    Absent::new("sbom monitor", "`plimsoll serve` takes bills: `/api/v1/sboms`"),
    Absent::new("sbom test", "`plimsoll scan sbom:FILE`, or `plimsoll as grype sbom:FILE`"),
    Absent::new("woof", "no dog is here"),
];

const OTHERS: &[Other] = &[
    Other::silent("debug", false).short('d'),
    Other::silent("app-vulns", false),
    Other::silent("quiet", false).short('q'),
    Other::told("insecure", false, "certificates are always checked"),
    Other::told("org", true, "a server's teams go by the names of images"),
    Other::told("project-name", true, "images go by their own names"),
    Other::told("target-reference", true, "images go by their own names"),
    Other::told("tags", true, "images go by their own names"),
    Other::told("group-issues", false, "each package with a weakness is one issue"),
    Other::told("show-vulnerable-paths", true, "the table has the place of each package"),
    Other::told("project-environment", true, "images go by their own names"),
    Other::told("project-lifecycle", true, "images go by their own names"),
    Other::told("project-business-criticality", true, "images go by their own names"),
    Other::told("project-tags", true, "images go by their own names"),
    Other::told("exclude-node-modules", false, "`--exclude-app-vulns` leaves out all of languages"),
    Other::told("shaded-jars-depth", true, "jars in jars are always read"),
    Other::told("trust-policies", false, "policies in packages are not followed"),
    Other::told("print-deps", false, "`plimsoll sbom` lists what is there"),
    Other::told("nested-jars-depth", true, "jars in jars are always read"),
];

#[derive(Debug, clap::Parser)]
#[command(about = "Snyk's command line, answered by Plimsoll", subcommand_required = true)]
struct Snyk {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Images
    Container {
        #[command(subcommand)]
        action: Container,
    },
    /// A folder with a project
    Test(Project),
    /// What a project's lock files ask for
    Sbom(bill::Folder),
    /// Dockerfiles and manifests
    Iac {
        #[command(subcommand)]
        action: Iac,
    },
    /// Nothing has to be proven to anybody: stderr says so
    Auth {
        /// Not looked at, and kept nowhere
        #[arg(value_name = "TOKEN", help_heading = NEAR)]
        token: Option<String>,
    },
    /// Which release this is
    Version,
}

#[derive(Debug, clap::Subcommand)]
enum Container {
    /// Find known vulnerabilities
    Test(Box<Image>),
    /// What is in an image
    Sbom(bill::Image),
    /// Hand what an image has to `plimsoll serve` (`PLIMSOLL_SERVER`), which goes on matching it
    Monitor(Box<Image>),
}

#[derive(Debug, clap::Subcommand)]
enum Iac {
    /// Judge them by Plimsoll's own rules
    Test(iac::Test),
}

#[derive(Debug, clap::Args)]
struct Project {
    /// Its folder
    #[arg(value_name = "PATH", default_value = ".")]
    path: String,

    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_field_names, reason = "snyk names its argument so")]
struct Image {
    /// The image, or docker-archive:, oci-archive: and a file
    #[arg(value_name = "IMAGE")]
    image: String,

    /// The Dockerfile, which names the base image
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Leave out what the base image brings; its layers are read
    #[arg(long)]
    exclude_base_image_vulns: bool,

    /// Leave out packages of languages
    #[arg(long)]
    exclude_app_vulns: bool,

    /// Which image of a multi-platform one
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,

    /// User of the registry; else as `docker login` has it
    #[arg(long, value_name = "NAME", env = "SNYK_REGISTRY_USERNAME")]
    username: Option<String>,

    /// Password of this user
    #[arg(long, value_name = "PASSWORD", env = "SNYK_REGISTRY_PASSWORD", hide_env_values = true)]
    password: Option<String>,

    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, clap::Args)]
struct Asked {
    /// .snyk, or the folder that holds it: ignores by CVE or GHSA; Snyk's own ids are not known here
    #[arg(long, value_name = "PATH", help_heading = NEAR)]
    policy_path: Option<PathBuf>,

    /// Pass no vulnerability over
    #[arg(long)]
    ignore_policy: bool,

    /// Only at least this: low, medium, high, critical
    #[arg(long, value_name = "SEVERITY")]
    severity_threshold: Option<String>,

    /// all; upgradable: fail only where an update repairs something
    #[arg(long, value_name = "WHICH")]
    fail_on: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Write JSON here as well
    #[arg(long, value_name = "FILE")]
    json_file_output: Option<String>,

    /// Print SARIF
    #[arg(long)]
    sarif: bool,

    /// Write SARIF here as well
    #[arg(long, value_name = "FILE")]
    sarif_file_output: Option<String>,
}

impl Snyk {
    fn run(self) -> anyhow::Result<Outcome> {
        match self.action {
            Action::Auth { token } => {
                if token.is_some() {
                    tell("note: snyk: the token is not looked at, and kept nowhere");
                }
                tell(
                    "snyk auth: nothing has to be proven: images are scanned on this machine, and no account \
                     and no token is asked for or kept",
                );
                Ok(Outcome::Clean)
            }
            Action::Version => TOOL.print_version(""),
            Action::Test(project) => {
                let reference = Reference::Path {
                    transport: plimsoll_model::Transport::Dir,
                    path: project.path.clone(),
                };
                let inventory = scanned::read(&reference, &scanned::options(None)?)?;
                let scan = scanned::judged(inventory, None)?;
                project.asked.conclude(scan, &project.path, None)
            }
            Action::Sbom(bill) => bill.run(),
            Action::Iac { action: Iac::Test(test) } => test.run(),
            Action::Container { action: Container::Sbom(bill) } => bill.run(),
            Action::Container { action: Container::Test(image) } => image.test(),
            Action::Container { action: Container::Monitor(image) } => image.monitor(),
        }
    }
}

impl Image {
    fn monitor(&self) -> anyhow::Result<Outcome> {
        let mut options = scanned::options(self.platform.as_deref())?;
        self.log_in(&mut options);
        let mut inventory = scanned::read(&syft::reference(&self.image, &[])?, &options)?;
        if !self.asked.ignore_policy
            && policy::read(self.asked.policy_path.as_deref(), clock::now())?.has_rules()
        {
            tell(
                "note: snyk: ignores of the policy stay here: decisions are made on the server \
                 (`/api/v1/triage`)",
            );
        }
        let asked = &self.asked;
        let idle = [
            ("severity-threshold", asked.severity_threshold.is_some()),
            ("fail-on", asked.fail_on.is_some()),
            ("sarif", asked.sarif),
            ("sarif-file-output", asked.sarif_file_output.is_some()),
            ("exclude-base-image-vulns", self.exclude_base_image_vulns),
        ];
        for (flag, _) in idle.iter().filter(|(_, is_given)| *is_given) {
            tell(&format!(
                "note: snyk: `--{flag}`: the server tells all of an image that is monitored"
            ));
        }
        if self.exclude_app_vulns {
            inventory.packages.retain(|it| it.kind.is_os());
        }
        let is_partial = inventory.is_partial();
        let manager = report::manager(&inventory);
        let monitored = Monitored::hand_over(&inventory, &self.image, manager, None)?;
        if self.asked.json {
            output::json(None, &monitored.json())?;
        } else {
            output::write(None, |out| monitored.text(out))?;
        }
        if let Some(file) = &self.asked.json_file_output {
            output::json(Some(file), &monitored.json())?;
        }
        Ok(if is_partial { Outcome::Partial } else { Outcome::Clean })
    }

    /// Credentials for the registry, where there are any.
    fn log_in(&self, options: &mut plimsoll_image::Options) {
        let registry = &mut options.registry;
        registry.username = self.username.clone().or(registry.username.take());
        registry.password = self.password.clone().or(registry.password.take());
    }

    fn test(&self) -> anyhow::Result<Outcome> {
        let base = match (self.exclude_base_image_vulns, &self.file) {
            (false, _) => None,
            (true, Some(file)) => Some(base(file)?),
            (true, None) => {
                let why = "`--exclude-base-image-vulns` asks which image is the base: `--file=Dockerfile`";
                return Err(Usage(why.to_owned()).into());
            }
        };
        let mut options = scanned::options(self.platform.as_deref())?;
        self.log_in(&mut options);
        let reference = syft::reference(&self.image, &[])?;
        let inventory = scanned::read(&reference, &options)?;
        let mut scan = scanned::judged(inventory, None)?;
        if let Some(name) = &base {
            let inventory = scanned::read(&syft::reference(name, &[])?, &options)?;
            let known: BTreeSet<String> = inventory
                .layers
                .iter()
                .filter_map(|layer| Some(layer.diff_id.as_ref()?.to_string()))
                .collect();
            let of_base = |layer: u32| {
                let layer =
                    usize::try_from(layer).ok().and_then(|at| scan.inventory.layers.get(at));
                layer
                    .and_then(|it| it.diff_id.as_ref())
                    .is_some_and(|it| known.contains(&it.to_string()))
            };
            let keep: Vec<bool> = scan
                .findings
                .iter()
                .map(|it| {
                    !it.package.locations.first().and_then(|it| it.layer).is_some_and(of_base)
                })
                .collect();
            let mut keep = keep.into_iter();
            scan.findings.retain(|_| keep.next().unwrap_or(true));
        }
        if self.exclude_app_vulns {
            scan.findings.retain(|it| it.package.kind.is_os());
        }
        self.asked.conclude(scan, &self.image, base.as_deref())
    }
}

/// The image that the last stage of a Dockerfile is built on.
fn base(file: &Path) -> anyhow::Result<String> {
    let shown = file.display();
    let bytes = crate::commands::lint::files::read(file)
        .map_err(|error| anyhow::anyhow!("cannot read `{shown}`: {error}"))?;
    let source = plimsoll_model::text::Source::from_bytes(bytes);
    let dockerfile = plimsoll_build::syntax::Dockerfile::parse(source);
    let stages = plimsoll_build::stages(&dockerfile);
    let root = stages.last().and_then(|last| stages.get(last.root));
    let named = root.filter(|stage| !stage.is_scratch() && !stage.image.text.contains('$'));
    match named {
        Some(stage) => Ok(stage.image.text.clone()),
        None => {
            Err(Usage(format!("`{shown}` does not say by name what its last stage is built on"))
                .into())
        }
    }
}

impl Asked {
    fn conclude(&self, mut scan: Scan, path: &str, base: Option<&str>) -> anyhow::Result<Outcome> {
        let threshold = self.severity_threshold.as_deref().map(str::parse::<Severity>).transpose();
        let threshold = threshold.map_err(|why| Usage(format!("--severity-threshold: {why}")))?;
        let only_fixable = match self.fail_on.as_deref() {
            None | Some("all") => false,
            Some("upgradable" | "patchable") => true,
            Some(other) => {
                return Err(Usage(format!(
                    "--fail-on: `{other}` is none of all, upgradable, patchable"
                ))
                .into());
            }
        };
        if !self.ignore_policy {
            policy::read(self.policy_path.as_deref(), clock::now())?.apply(&mut scan);
        }
        if let Some(least) = threshold {
            // Snyk has no level below low.
            let level = |it: Severity| it.max(Severity::Low);
            scan.findings.retain(|it| level(it.severity) >= least);
        }
        let counted = |it: &&plimsoll_model::Finding| {
            it.suppressed.is_none() && (!only_fixable || it.fix.nearest().is_some())
        };
        let is_found = scan.findings.iter().filter(counted).count() > 0;
        let document = report::document(&scan, path, base);
        let json = |file: Option<&str>| output::json(file, &document);
        match (self.json, self.sarif) {
            (true, _) => json(None)?,
            (false, true) => scanned::write(&scan, &scanned::format("sarif")?, None)?,
            (false, false) => scanned::write(&scan, &scanned::format("table")?, None)?,
        }
        if let Some(file) = &self.json_file_output {
            json(Some(file))?;
        }
        if let Some(file) = &self.sarif_file_output {
            scanned::write(&scan, &scanned::format("sarif")?, Some(file))?;
        }
        // What was not read whole is not known to be free of anything.
        Ok(match (is_found, scan.inventory.is_partial()) {
            (true, _) => Outcome::Gate(1),
            (false, true) => Outcome::Partial,
            (false, false) => Outcome::Clean,
        })
    }
}
