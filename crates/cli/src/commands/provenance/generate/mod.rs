//! `plimsoll provenance generate`: the provenance of the build that runs now.

mod buildkit;
mod materials;
mod subjects;

use std::env;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use plimsoll_model::Timestamp;
use plimsoll_supply::provenance::generate::{
    Build, Environment, EnvironmentError, MAX_EVENT, Place, Version, guard,
};
use plimsoll_supply::sign::statement;
use serde_json::Value;

use self::subjects::Subjects;
use super::checkout;
use crate::exit::{Outcome, Usage, tell};
use crate::output;
use crate::signing::attestation::{self, BUNDLE_SUFFIX};
use crate::signing::{Signing, Storage};
use crate::target::Reading;

/// Write the SLSA provenance of images and files, where they are built
///
/// What is known of the build comes from the environment of GitHub Actions or GitLab CI, else from
/// the git checkout. Of the environment only variables that are documented are read, and values of
/// secret ones are masked wherever they stand.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll provenance generate registry.example/app@sha256:… > provenance.json
  plimsoll provenance generate 'dist/*.tar.gz' --predicate-only -o predicate.json
  plimsoll provenance generate registry.example/app:1.2 --from-buildkit registry.example/app:1.2 \\
    --dockerfile Dockerfile --sign --keyless --yes

Exit codes: 0 written, 2 wrong usage, 3 failed.")]
pub(super) struct Generate {
    /// Images, OCI layouts (`oci-dir:`), files and patterns of files
    #[arg(value_name = "SUBJECT")]
    subjects: Vec<String>,

    /// Where the build runs
    #[arg(long, value_enum, default_value_t, value_name = "WHERE")]
    ci: Ci,

    /// The version of the predicate
    #[arg(long, value_enum, default_value_t, value_name = "VERSION")]
    slsa_version: SlsaVersion,

    /// Write the predicate alone, for `plimsoll attest --predicate`
    #[arg(long, conflicts_with = "sign")]
    predicate_only: bool,

    /// Write it here
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,

    /// Who builds, as a URI: a reusable workflow, for example
    #[arg(long, value_name = "URI")]
    builder_id: Option<String>,

    /// Something that whoever started the build chose; several times if wanted
    #[arg(long, value_name = "NAME=VALUE")]
    parameter: Vec<String>,

    /// A Dockerfile whose base images went into the build; several times if wanted
    #[arg(long, value_name = "FILE")]
    dockerfile: Vec<PathBuf>,

    /// Ask no registry for the digests of base images that are not pinned
    #[arg(long)]
    no_resolve: bool,

    /// A file that pins what went into the build, such as a lock file; several times if wanted
    #[arg(long, value_name = "FILE")]
    lock: Vec<PathBuf>,

    /// What BuildKit wrote: an image with its attestations, the file of `buildx --metadata-file`, or
    /// a statement
    #[arg(long, value_name = "REF|FILE")]
    from_buildkit: Option<String>,

    /// A file that came out of the build beside the subjects; several times if wanted
    #[arg(long, value_name = "FILE")]
    byproduct: Vec<String>,

    /// When the build began, such as 2026-01-02T03:04:05Z
    #[arg(long, value_name = "TIME")]
    started_on: Option<String>,

    /// When it ended
    #[arg(long, value_name = "TIME")]
    finished_on: Option<String>,

    /// The checkout that is built, where no CI system says it
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    source: PathBuf,

    /// Sign it, and store it with each image and beside each file
    #[arg(long)]
    sign: bool,

    /// How the attestation is stored with an image
    #[arg(long, value_name = "HOW", default_value = "referrer")]
    storage: Storage,

    #[command(flatten)]
    signing: Signing,

    #[command(flatten)]
    reading: Reading,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Ci {
    /// What the environment says
    #[default]
    Auto,
    /// GitHub Actions
    Github,
    /// GitLab CI/CD
    Gitlab,
    /// None: the checkout is all that is known
    None,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum SlsaVersion {
    /// <https://slsa.dev/provenance/v1>
    #[default]
    V1,
    /// <https://slsa.dev/provenance/v0.2>
    #[value(name = "v0.2")]
    V02,
}

impl Generate {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        if self.subjects.is_empty() && !self.predicate_only {
            let why = "name what was built, or ask for the `--predicate-only`";
            return Err(Usage(why.into()).into());
        }
        let options = self.reading.options()?;
        let subjects = Subjects::find(&self.subjects, &options, self.sign)?;
        let build = self.build(&options)?;
        let version = match self.slsa_version {
            SlsaVersion::V1 => Version::V1,
            SlsaVersion::V02 => Version::V0_2,
        };
        let mut predicate = build.predicate(version);
        mask(&mut predicate);
        let statement: Value =
            serde_json::from_slice(&statement::about(&subjects.all(), version.uri(), &predicate))?;
        if self.sign {
            return self.sign(&subjects, version, &statement);
        }
        let document = if self.predicate_only { predicate } else { statement };
        self.write(&document)?;
        Ok(Outcome::Clean)
    }

    fn write(&self, document: &Value) -> anyhow::Result<()> {
        let file = self.output.as_deref().filter(|file| *file != "-");
        output::write(file, |out| {
            serde_json::to_writer_pretty(&mut *out, document)?;
            writeln!(out)
        })
    }

    fn sign(
        &self,
        subjects: &Subjects,
        version: Version,
        statement: &Value,
    ) -> anyhow::Result<Outcome> {
        let ready = self.signing.ready()?;
        let bundle = attestation::sign(&ready, statement.to_string().into_bytes())?;
        let beside: Vec<String> =
            subjects.files.iter().map(|file| format!("{file}{BUNDLE_SUFFIX}")).collect();
        let beside: Vec<&str> = beside.iter().map(String::as_str).collect();
        attestation::write_signed(&bundle, &beside)?;
        for (repository, subject) in &subjects.images {
            let (name, digest) = (repository.name(), &subject.descriptor.digest);
            attestation::attach(&ready, &bundle, self.storage, repository, subject, version.uri())
                .with_context(|| format!("`{name}@{digest}` was not attested"))?;
            output::write(None, |out| writeln!(out, "{name}@{digest}"))?;
        }
        if self.output.is_some() {
            self.write(statement)?;
        }
        Ok(Outcome::Clean)
    }

    fn build(&self, options: &plimsoll_image::Options) -> anyhow::Result<Build> {
        let lookup = |name: &str| env::var(name).ok();
        let environment = Environment::new(&lookup);
        let place = match self.ci {
            Ci::Auto => Place::of(&environment),
            Ci::Github => Place::GitHub,
            Ci::Gitlab => Place::GitLab,
            Ci::None => Place::Plain,
        };
        let wrong = |error: EnvironmentError| Usage(error.to_string());
        let mut build = match place {
            Place::GitHub => Build::of_github(&environment, event()?.as_deref()).map_err(wrong)?,
            Place::GitLab => Build::of_gitlab(&environment).map_err(wrong)?,
            Place::Plain => Build::of_checkout(&checkout::read(&self.source)?),
        };
        if let Some(id) = &self.builder_id {
            build.builder_id.clone_from(id);
        }
        for text in &self.parameter {
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| Usage(format!("`{text}` is not of the form NAME=VALUE")))?;
            build.external.insert(name.to_owned(), value.into());
        }
        let bases = materials::bases(&self.dockerfile, !self.no_resolve, options)?;
        if let Some(what) = &self.from_buildkit {
            let known = buildkit::read(what, options)?;
            let missing = known.missing(&bases);
            if let Some(first) = missing.first() {
                anyhow::bail!(
                    "the Dockerfile names `{}` with a digest that BuildKit did not build from: is \
                     `{what}` of another build?",
                    first.uri
                );
            }
            known.add_to(&mut build);
        }
        for base in bases {
            let known = |it: &plimsoll_supply::provenance::generate::Resource| {
                !base.digest.is_empty() && it.digest == base.digest
            };
            if !build.dependencies.iter().any(known) {
                build.dependencies.push(base);
            }
        }
        build.dependencies.extend(materials::files(&self.lock)?);
        for file in &self.byproduct {
            build.byproducts.push(materials::file(file)?);
        }
        build.started = time(self.started_on.as_deref())?.or(build.started);
        build.finished = time(self.finished_on.as_deref())?.or(build.finished);
        Ok(build)
    }
}

/// Masks values of secret variables, and says which it found.
fn mask(predicate: &mut Value) {
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    for name in guard::mask(predicate, variables) {
        tell(&format!("warning: the value of `{name}` would have been published: it was masked"));
    }
}

/// The payload of the event that started a workflow of GitHub's.
fn event() -> anyhow::Result<Option<Vec<u8>>> {
    let Some(path) = env::var_os("GITHUB_EVENT_PATH").filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let shown = Path::new(&path).display();
    let mut bytes = Vec::new();
    File::open(&path)
        .and_then(|file| file.take(MAX_EVENT + 1).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read the payload of the event, `{shown}`"))?;
    anyhow::ensure!(bytes.len() as u64 <= MAX_EVENT, "`{shown}` has more than 8 MiB");
    Ok(Some(bytes))
}

fn time(text: Option<&str>) -> Result<Option<Timestamp>, Usage> {
    text.map(|text| text.parse().map_err(|_| Usage(format!("`{text}` is no time")))).transpose()
}
