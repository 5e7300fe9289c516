//! `clair-scanner`: hands an image's layers to Clair, or to `plimsoll serve`, and judges what comes back
//! by a list of what is approved.
//!
//! Source: <https://github.com/arminc/clair-scanner>.

mod clair;
mod layers;
mod report;

use std::path::{Path, PathBuf};

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use plimsoll_image::opened;
use plimsoll_model::Transport;
use serde::Deserialize;

use self::clair::{Clair, Unread};
use self::layers::Served;
use self::report::{Approved, Report};
use super::{NEAR, Other, Tool, scanned};
use crate::exit::{Codes, Outcome, Usage, tell};
use crate::{files, output};

pub(super) const TOOL: Tool = Tool {
    name: "clair-scanner",
    release: "13.0.0",
    own: "`plimsoll scan --help`, `plimsoll serve --help`",
    variables: None,
    has_go_switches: true,
    has_single_dashes: false,
    codes: Codes { usage: 1, failed: 1, partial: 1 },
    command: Scanner::command,
    others: OTHERS,
    ours: &[],
    absent: &[],
    settings: None,
    run: |matches: &ArgMatches| Scanner::from_arg_matches(matches)?.run(),
};

const OTHERS: &[Other] =
    &[Other::told("log", true, "what is said goes to stderr alone").short('l')];

/// Its exit code where an image has nothing that could be judged.
const NO_FEATURES: u8 = 5;

/// The largest list of what is approved: 4 MiB.
const MAX_FILE: u64 = 4 << 20;

/// Where clair-scanner serves layers, which firewalls may know.
const PORT: u16 = 9279;

#[derive(Debug, clap::Parser)]
#[command(about = "clair-scanner's command line, answered by Plimsoll")]
struct Scanner {
    /// The image, in docker or else a registry
    #[arg(value_name = "IMAGE", help_heading = NEAR)]
    image: Option<String>,

    /// What is approved, in YAML: generalwhitelist, images
    #[arg(short, long, value_name = "FILE")]
    whitelist: Option<PathBuf>,

    /// What is less severe is approved: Critical, High, Medium, Low, Negligible, Unknown
    #[arg(short, long, value_name = "SEVERITY", default_value = "Unknown")]
    threshold: String,

    /// Where Clair or `plimsoll serve` is
    #[arg(
        short,
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:6060",
        env = "CLAIR_URL"
    )]
    clair: String,

    /// Under which name or address Clair reaches this machine. Where Clair is on this machine and reads
    /// nothing from there, 127.0.0.1 is tried as well
    #[arg(long, value_name = "ADDR", default_value = "localhost", help_heading = NEAR)]
    ip: String,

    /// List what is approved, too
    #[arg(
        long,
        alias = "reportAll",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value = "true",
        default_missing_value = "true"
    )]
    all: String,

    /// Where a report in JSON goes
    #[arg(short, long, value_name = "FILE")]
    report: Option<String>,

    /// Print no table
    #[arg(short, long)]
    quiet: bool,

    /// End with 5 where no packages are found
    #[arg(long)]
    exit_when_no_features: bool,
}

#[derive(Debug, Default, Deserialize)]
struct Document {
    #[serde(default)]
    generalwhitelist: Option<Approved>,
    #[serde(default)]
    images: Option<std::collections::BTreeMap<String, Option<Approved>>>,
}

impl Scanner {
    fn run(self) -> anyhow::Result<Outcome> {
        let Some(name) = &self.image else {
            return Err(Usage("clair-scanner: name an image".to_owned()).into());
        };
        let threshold = report::rank(&self.threshold).ok_or_else(|| {
            let all = report::SEVERITIES.join(", ");
            Usage(format!("--threshold: `{}` is none of {all}", self.threshold.escape_debug()))
        })?;
        let approved = self.approved(name)?;
        let clair = Clair::at(&self.clair)?;
        clair.answers()?;
        let reference = scanned::image(name, Transport::Auto)?;
        let mut options = scanned::options(None)?;
        scanned::reach(&reference, &mut options);
        let image = opened::open(&reference, &options)?;
        let loopback = clair.is_here() && self.ip != "localhost" && self.ip != "127.0.0.1";
        let served = Served::of(&image, &self.ip, loopback || self.ip != "localhost", PORT)?;
        let hash = match clair.index(&served.manifest(&self.ip)) {
            Err(error) if loopback && error.is::<Unread>() => {
                tell(&format!(
                    "note: clair-scanner: Clair reads no layers from `{}` ({error:#}): it is on this machine, so \
                     that they are offered at 127.0.0.1",
                    self.ip.escape_debug()
                ));
                clair.index(&served.manifest("127.0.0.1"))
            }
            other => other,
        }?;
        let read = clair.read(&hash)?;
        drop(served);
        if self.exit_when_no_features && read.packages == 0 {
            tell(&format!("clair-scanner: no packages were found in `{}`", name.escape_debug()));
            return Ok(Outcome::Gate(NO_FEATURES));
        }
        let report = Report::of(name, read.found, &approved, threshold);
        report.tell();
        let lists_all = self.all != "false";
        if !self.quiet && report.has_rows(lists_all) {
            let colour = crate::style::stdout_style().colour;
            output::write(None, |out| report.table(lists_all, colour, out))?;
        }
        if let Some(file) = &self.report {
            output::json(Some(file), &report)?;
        }
        Ok(Outcome::of_code(u8::from(!report.unapproved.is_empty())))
    }

    /// What is approved for this image.
    fn approved(&self, name: &str) -> anyhow::Result<Approved> {
        let Some(file) = &self.whitelist else { return Ok(Approved::new()) };
        let document: Document = files::yaml(Path::new(file), MAX_FILE)?;
        let bare = name.split(':').next().unwrap_or(name);
        let mut images = document.images.unwrap_or_default();
        let mut all = document.generalwhitelist.unwrap_or_default();
        all.extend(images.remove(bare).flatten().unwrap_or_default());
        Ok(all)
    }
}
