//! `grype`.
//!
//! Source: <https://github.com/anchore/grype>.

mod rules;
mod settings;

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use plimsoll_model::Severity;
use plimsoll_policy::{Filter, Gates};
use plimsoll_report::Format;

use super::anchore::{self, Chosen};
use super::skipped::Skipped;
use super::{Absent, NEAR, Other, Tool, scanned, syft};
use crate::exit::{Codes, Outcome, Usage, tell};
use crate::{clock, output};

pub(super) const TOOL: Tool = Tool {
    name: "grype",
    release: "0.121.2",
    own: "`plimsoll scan --help`",
    variables: Some("GRYPE_"),
    has_go_switches: true,
    has_single_dashes: false,
    codes: Codes { usage: 1, failed: 1, partial: 0 },
    command: Grype::command,
    others: OTHERS,
    ours: &[],
    absent: ABSENT,
    settings: Some(settings::read),
    run: |matches: &ArgMatches| Grype::from_arg_matches(matches)?.run(),
};

/// Grype's exit code over `--fail-on`.
const OVER: u8 = 2;

const ABSENT: &[Absent] = &[
    Absent::new("completion", "`plimsoll completions SHELL`"),
    Absent::new("config", "`--help` lists what is understood of `.grype.yaml`"),
    Absent::new("explain", "`plimsoll explain CVE`"),
    Absent::new("help", "`--help` behind a command"),
];

const OTHERS: &[Other] = &[
    Other::silent("verbose", false).short('v'),
    Other::silent("quiet", false).short('q'),
    Other::silent("by-cve", false),
    Other::told("add-cpes-if-none", false, "packages are known by their names, not by CPEs"),
    Other::told("show-suppressed", false, "the table counts them"),
    Other::told("sort-by", true, "the worst come first"),
    Other::told("name", true, "the target is called as it is named"),
    Other::refused("template", true, "`plimsoll scan -o json` with jq").short('t'),
    Other::refused("vex", true, "`plimsoll verify --scan --vex`"),
    Other::refused("distro", true, "the image or SBOM says which distribution it is"),
];

#[derive(Debug, clap::Parser)]
#[command(
    about = "Grype's command line, answered by Plimsoll",
    args_conflicts_with_subcommands = true,
    subcommand_precedence_over_arg = true,
    arg_required_else_help = true
)]
struct Grype {
    /// An image, or sbom:, docker:, podman:, registry:, docker-archive:, oci-archive:, oci-dir:, dir:
    /// and what is meant; without it an SBOM on standard input
    #[arg(value_name = "SOURCE")]
    source: Option<String>,

    /// table (Plimsoll's own), json (Grype's), sarif, cyclonedx-json (the SBOM, without
    /// vulnerabilities, is `syft`); FORMAT=FILE, several times
    #[arg(short, long, value_name = "FORMAT[=FILE]", value_delimiter = ',', help_heading = NEAR)]
    output: Vec<String>,

    /// Where the one output goes
    #[arg(long, value_name = "FILE")]
    file: Option<String>,

    /// End with 2 where a match is at least as severe: negligible, low, medium, high, critical
    #[arg(short, long, value_name = "SEVERITY")]
    fail_on: Option<String>,

    /// Only what an update repairs
    #[arg(long)]
    only_fixed: bool,

    /// Only what no update repairs
    #[arg(long)]
    only_notfixed: bool,

    /// Not those of these states: fixed, not-fixed, wont-fix, unknown
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    ignore_states: Vec<String>,

    /// Which image of a multi-platform one
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,

    /// docker, registry, …, where the name does not say
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    from: Vec<String>,

    /// Files and folders to leave out
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    exclude: Vec<String>,

    #[command(flatten)]
    scope: anchore::Scope,

    #[command(flatten)]
    chosen: Chosen,

    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// The advisories, which are Plimsoll's own
    Db {
        /// update, or status; check is the same as status
        #[arg(value_name = "ACTION", help_heading = NEAR)]
        action: String,
    },
    /// Which release this is
    Version,
}

impl Grype {
    fn run(self) -> anyhow::Result<Outcome> {
        match &self.action {
            Some(Action::Db { action }) => {
                let action = if action == "check" { "status" } else { action.as_str() };
                return super::words::Words::of(&["db", action]).run();
            }
            Some(Action::Version) => {
                let front = "Application:         grype\nVersion:             ";
                return TOOL.print_version(front);
            }
            None => {}
        }
        let default = vec!["table".to_owned()];
        let texts = if self.output.is_empty() { &default } else { &self.output };
        let mut outputs = output::parse(texts, named, &["table", "json", "sarif"])?;
        for (_, place) in outputs.iter_mut().filter(|(_, place)| place.is_none()) {
            *place = self.file.as_deref();
        }
        let fail_on = self.fail_on.as_deref().map(str::parse::<Severity>).transpose();
        let fail_on = fail_on.map_err(|why| Usage(format!("--fail-on: {why}")))?;
        self.scope.check(TOOL.name)?;
        let source = self.source.as_deref().unwrap_or("sbom:-");
        let mut inventory = match source.strip_prefix("sbom:") {
            Some(path) => scanned::sbom(path)?,
            None if is_bill(source) => scanned::sbom(source)?,
            None => {
                let reference = syft::reference(source, &self.from)?;
                scanned::read(&reference, &scanned::options(self.platform.as_deref())?)?
            }
        };
        Skipped::of(&self.exclude, &self.exclude)?.apply(&mut inventory);
        syft::leave_out_development(&mut inventory);
        let mut scan = scanned::judged(inventory, None)?;
        rules::ignore(&self.chosen, &mut scan)?;
        Filter { severities: None, only_fixed: self.only_fixed, only_loaded: false }
            .apply(&mut scan);
        scan.findings.retain(|it| {
            let state = plimsoll_report::formats::grype::state(&it.fix);
            !(self.only_notfixed && state == "fixed"
                || self.ignore_states.iter().any(|it| it == state))
        });
        // What was not read whole is told; where a gate is asked for, it has not passed it.
        let gates = Gates { fail_on, allow_partial: fail_on.is_none(), ..Gates::default() };
        scan.verdict = gates.verdict(&scan, clock::now());
        for (format, file) in outputs {
            scanned::write(&scan, &format, file)?;
        }
        if scan.verdict.is_pass() {
            return Ok(Outcome::Clean);
        }
        for reason in &scan.verdict.failed {
            tell(&format!("{}: {}", reason.gate, reason.reason));
        }
        Ok(Outcome::Gate(OVER))
    }
}

/// A file that is an SBOM, and no image in a tar.
fn is_bill(source: &str) -> bool {
    let path = std::path::Path::new(source);
    path.is_file() && path.extension().is_some_and(|end| end == "json")
}

fn named(name: &str) -> Option<Format> {
    match name {
        "table" | "sarif" => Format::named(name),
        "json" => Format::named("grype-json"),
        _ => None,
    }
}
