//! `syft`, which is `plimsoll sbom`.
//!
//! Source: <https://github.com/anchore/syft>.

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use plimsoll_model::{Inventory, PackageKind, Reference, Scope, Transport};
use plimsoll_supply::Format;

use super::anchore::{self, Chosen, FIRST_SOURCE, Program};
use super::skipped::Skipped;
use super::{Absent, NEAR, Other, Tool, scanned};
use crate::exit::{Codes, Outcome, Usage, tell};
use crate::output;

pub(super) const TOOL: Tool = Tool {
    name: "syft",
    release: "1.57.0",
    own: "`plimsoll sbom --help`",
    variables: Some("SYFT_"),
    has_go_switches: true,
    has_single_dashes: false,
    codes: Codes { usage: 1, failed: 1, partial: 0 },
    command: Syft::command,
    others: OTHERS,
    ours: &[],
    absent: ABSENT,
    settings: Some(settings),
    run: |matches: &ArgMatches| Syft::from_arg_matches(matches)?.run(),
};

const ABSENT: &[Absent] = &[
    Absent::new(
        "attest",
        "`plimsoll sbom -o spdx-json=F IMAGE`, then `plimsoll attest --predicate F IMAGE`",
    ),
    Absent::new("cataloger", "all cataloguers are asked; `docs/sbom.md` lists them"),
    Absent::new("completion", "`plimsoll completions SHELL`"),
    Absent::new("config", "what of `.syft.yaml` does nothing here is told when it is read"),
    Absent::new("help", "`--help` behind a command"),
    Absent::new("login", "`docker login`, whose file is read"),
];

const OTHERS: &[Other] = &[
    Other::silent("verbose", false).short('v'),
    Other::silent("parallelism", true),
    Other::told("select-catalogers", true, "all are asked"),
    Other::told("override-default-catalogers", true, "all are asked"),
    Other::told("enrich", true, "nothing is fetched"),
    Other::told("base-path", true, "links out of a folder are never followed"),
    Other::told("source-supplier", true, "an SBOM says of the image what the image says"),
    Other::refused("template", true, "`plimsoll sbom -o json` with jq").short('t'),
];

const SYFT: Program = Program {
    name: "syft",
    variables: "SYFT_",
    flags: &[
        ("output", "output"),
        ("exclude", "exclude"),
        ("from", "from"),
        ("platform", "platform"),
        ("scope", "scope"),
        ("source.name", "source-name"),
        ("source.version", "source-version"),
        ("source.supplier", "source-supplier"),
        ("source.base-path", "base-path"),
        ("source.image.default-pull-source", FIRST_SOURCE),
        ("select-catalogers", "select-catalogers"),
        ("default-catalogers", "override-default-catalogers"),
        ("enrich", "enrich"),
    ],
    idle: &["cache", "check-for-app-update", "dev", "log", "parallelism", "quiet"],
};

/// What of `.syft.yaml` stands for flags, where something is looked into.
fn settings(matches: &ArgMatches) -> anyhow::Result<super::Settings> {
    match matches.subcommand() {
        None => SYFT.settings(matches),
        Some(("scan" | "packages", matches)) => SYFT.settings(matches),
        Some(_) => Ok(super::Settings::new()),
    }
}

#[derive(Debug, clap::Parser)]
#[command(
    about = "Syft's command line, answered by Plimsoll",
    args_conflicts_with_subcommands = true,
    subcommand_precedence_over_arg = true,
    arg_required_else_help = true
)]
struct Syft {
    #[command(flatten)]
    asked: Asked,

    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// What is in an image or folder
    Scan(Asked),
    /// The same, as older releases called it
    Packages(Asked),
    /// An SBOM in another format
    Convert {
        /// CycloneDX, SPDX, Syft's or our own JSON; `-` is standard input
        #[arg(value_name = "SBOM", help_heading = NEAR)]
        path: String,

        /// FORMAT or FORMAT=FILE, several times
        #[arg(short, long, value_name = "FORMAT[=FILE]", value_delimiter = ',')]
        output: Vec<String>,
    },
    /// Which release this is
    Version,
}

#[derive(Debug, clap::Args)]
struct Asked {
    /// An image, or docker:, podman:, containerd:, registry:, docker-archive:, oci-archive:, oci-dir:,
    /// dir:, file: and what is meant
    #[arg(value_name = "SOURCE")]
    source: Option<String>,

    /// FORMAT or FORMAT=FILE, several times: table, json and syft-json (Syft's), cyclonedx-json,
    /// spdx-json, purls; versions behind `@` are not chosen
    #[arg(short, long, value_name = "FORMAT[=FILE]", value_delimiter = ',', help_heading = NEAR)]
    output: Vec<String>,

    /// Where the one output goes
    #[arg(long, value_name = "FILE")]
    file: Option<String>,

    /// docker, registry, …, where the name does not say
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    from: Vec<String>,

    /// Which image of a multi-platform one
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,

    /// Files and folders to leave out
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    exclude: Vec<String>,

    /// What the target is called in the SBOM
    #[arg(long, value_name = "NAME", alias = "name")]
    source_name: Option<String>,

    /// Its version; no effect
    #[arg(long, value_name = "VERSION", help_heading = NEAR)]
    source_version: Option<String>,

    #[command(flatten)]
    scope: anchore::Scope,

    #[command(flatten)]
    chosen: Chosen,

    /// Say nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

impl Syft {
    fn run(self) -> anyhow::Result<Outcome> {
        match self.action {
            None => self.asked.run(),
            Some(Action::Scan(asked)) => asked.run(),
            Some(Action::Packages(asked)) => {
                scanned::dated("syft", "packages", "it is `syft scan` today");
                asked.run()
            }
            Some(Action::Convert { path, output }) => {
                let inventory = scanned::sbom(&path)?;
                write(&inventory, &output, None)?;
                Ok(Outcome::Clean)
            }
            Some(Action::Version) => TOOL.print_version("Application: syft\nVersion:     "),
        }
    }
}

impl Asked {
    fn run(self) -> anyhow::Result<Outcome> {
        let Some(source) = &self.source else {
            return Err(Usage("name what is to be read: `syft scan nginx:1.27`".to_owned()).into());
        };
        if self.source_version.is_some() && !self.quiet {
            tell("note: syft: `--source-version` does nothing here");
        }
        self.scope.check(TOOL.name)?;
        let reference = reference(source, &self.from)?;
        let mut inventory =
            scanned::read(&reference, &scanned::options(self.platform.as_deref())?)?;
        Skipped::of(&self.exclude, &self.exclude)?.apply(&mut inventory);
        leave_out_development(&mut inventory);
        if let Some(name) = &self.source_name {
            name.clone_into(&mut inventory.artifact.reference);
            inventory.artifact.names = vec![name.clone()];
        }
        write(&inventory, &self.output, self.file.as_deref())?;
        // Syft ends with 0 where files could not be read; stderr has named them.
        Ok(Outcome::Clean)
    }
}

/// Writes an inventory in all formats that are asked for; those that name no file to `file`.
fn write(inventory: &Inventory, texts: &[String], file: Option<&str>) -> anyhow::Result<()> {
    let default = ["table".to_owned()];
    let texts = if texts.is_empty() { default.as_slice() } else { texts };
    for (format, place) in output::parse(texts, named, &KNOWN)? {
        output::write(place.or(file), |out| (format.write)(inventory, out))?;
    }
    Ok(())
}

const KNOWN: [&str; 6] =
    ["table", "syft-table", "json", "syft-json", "cyclonedx-json", "spdx-json"];

fn named(name: &str) -> Option<Format> {
    let bare = name.split('@').next().unwrap_or(name);
    match bare {
        "table" | "syft-table" => Format::named("table"),
        "json" | "syft-json" => Format::named("syft-json"),
        "cyclonedx-json" | "spdx-json" => Format::named(bare),
        _ => None,
    }
}

/// Leaves out what a lock file of npm, yarn or pnpm names for development alone, as both Syft and Grype do.
pub(super) fn leave_out_development(inventory: &mut Inventory) {
    inventory
        .packages
        .retain(|it| it.kind != PackageKind::Npm || !it.declared || it.scope != Scope::Development);
}

/// What a source stands for, in the schemes that Syft and Grype have.
pub(super) fn reference(source: &str, from: &[String]) -> Result<Reference, Usage> {
    let schemes = [
        ("docker", Transport::Docker),
        ("podman", Transport::Podman),
        ("containerd", Transport::Containerd),
        ("registry", Transport::Registry),
        ("docker-archive", Transport::DockerArchive),
        ("oci-archive", Transport::OciArchive),
        ("oci-dir", Transport::OciDir),
        ("dir", Transport::Dir),
        ("file", Transport::Dir),
    ];
    if let Some(name) = from.first() {
        let known = schemes.iter().find(|(scheme, _)| scheme == name);
        let Some((_, transport)) = known else {
            return Err(Usage(format!("--from: `{name}` is no source that is known here")));
        };
        return of(*transport, source);
    }
    if let Some((scheme, rest)) = source.split_once(':')
        && let Some((_, transport)) = schemes.iter().find(|(known, _)| *known == scheme)
        && !rest.is_empty()
    {
        // `docker:27` is the image of that name.
        let is_tag = matches!(transport, Transport::Docker | Transport::Registry)
            && rest.starts_with(|c: char| c.is_ascii_digit())
            && !rest.contains(['/', ':', '@']);
        if !is_tag {
            return of(*transport, rest);
        }
    }
    let path = std::path::Path::new(source);
    if path.is_dir() && !path.join("oci-layout").is_file() {
        return of(Transport::Dir, source);
    }
    if path.exists() {
        return Ok(scanned::stored(source));
    }
    scanned::image(source, Transport::Auto)
}

fn of(transport: Transport, rest: &str) -> Result<Reference, Usage> {
    match transport {
        Transport::Docker | Transport::Podman | Transport::Containerd | Transport::Registry => {
            scanned::image(rest, transport)
        }
        _ => Ok(Reference::Path { transport, path: rest.to_owned() }),
    }
}
