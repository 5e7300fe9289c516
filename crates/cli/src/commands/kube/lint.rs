//! `plimsoll kube lint`: may these pods run, and what would mend them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::pss::{Profile, Version};
use plimsoll_kube::redact::redacted;
use plimsoll_kube::{Config, Estate, Family, Finding, Fixed, fix, lint, objects, rules};
use plimsoll_model::text::{Level, Safety, Source};
use plimsoll_report::lint::{Judged, LintFormat};
use rayon::prelude::*;

use super::files::{self, Origin, Read, Reads};
use super::rendered::Rendering;
use super::{compliance, effective, images, live, pages};
use crate::commands::lint::files::is_stdin;
use crate::commands::lint::mend::Mended;
use crate::exit::{Outcome, Usage, tell};
use crate::output;
use crate::style::stdout_style;
use crate::target::Reading;

/// Judge Kubernetes manifests, and mend them
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll kube lint                            every manifest below this folder
  plimsoll kube lint --pss restricted --pss-version v1.31 --only pss - < pod.yaml
  plimsoll kube lint charts/shop --values prod.yaml --namespace shop
  plimsoll kube lint cluster --context prod     what runs, by kubeconfig; Secrets are never asked for
  plimsoll kube lint -f sarif=lint.sarif -f tty deploy/
  plimsoll kube lint --fix deploy/web.yaml      set what ordinary programs do not notice
  plimsoll kube lint --compliance nsa -f markdown=nsa.md deploy/
  plimsoll kube lint --effective deploy/web.yaml      each securityContext as the kubelet merges it
  plimsoll kube lint --explain hostNamespaces

Without --pss, the labels of the namespaces in the given files decide what their pods have to
meet; where there are none, what baseline forbids is an error, what restricted forbids a warning.

Exit codes: 0 clean, 1 findings at or over --failure-threshold, 2 wrong usage or a file that
cannot be parsed, 3 a file that cannot be read.")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Lint {
    /// Manifests, folders to look for them in, Helm charts, kustomizations, `-` for stdin, or `cluster`
    /// for a live one
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The level of the Pod Security Standards that every pod has to meet: privileged, baseline,
    /// restricted
    #[arg(long, value_name = "LEVEL")]
    pss: Option<String>,

    /// The version of the standards: v1.N or latest
    #[arg(long, value_name = "VERSION", default_value = "latest")]
    pss_version: String,

    /// Ask the rules of one family alone: pss, practice
    #[arg(long, value_name = "FAMILY")]
    only: Option<String>,

    /// Report on a standard instead: nsa, cis, pss-baseline, pss-restricted; as text, json, markdown
    #[arg(long, value_name = "STANDARD", conflicts_with_all = ["pss", "only", "fix"])]
    compliance: Option<String>,

    /// Show instead what each container runs with: the securityContext of its pod and its own, merged;
    /// as text, json
    #[arg(long, conflicts_with_all = ["compliance", "fix", "only"])]
    effective: bool,

    /// FORMAT or FORMAT=FILE, several times if wanted: tty, text, gnu, json, sarif, github,
    /// checkstyle, codeclimate, gitlab, sonarqube
    #[arg(short = 'f', long = "format", visible_short_alias = 'o', value_name = "FORMAT[=FILE]")]
    formats: Vec<String>,

    /// Set what ordinary programs do not notice
    #[arg(long)]
    fix: bool,

    /// Take away also what a program may need; with --fix
    #[arg(long, requires = "fix")]
    unsafe_fixes: bool,

    /// Show what --fix would change, and change nothing
    #[arg(long, requires = "fix")]
    diff: bool,

    /// Turn a rule off, by any of its names
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    ignore: Vec<String>,

    /// Make a rule an error
    #[arg(long = "error", value_name = "RULE", value_delimiter = ',')]
    errors: Vec<String>,

    /// Make a rule a warning
    #[arg(long = "warning", value_name = "RULE", value_delimiter = ',')]
    warnings: Vec<String>,

    /// Make a rule an info
    #[arg(long = "info", value_name = "RULE", value_delimiter = ',')]
    infos: Vec<String>,

    /// Exit 1 only for findings of this level or above: error, warning, info, style
    #[arg(short = 't', long, value_name = "LEVEL", default_value = "info")]
    failure_threshold: String,

    /// Read the images too: does the kubelet start them as the pod asks?
    #[arg(long)]
    images: bool,

    #[command(flatten)]
    reading: Reading,

    #[command(flatten)]
    rendering: Rendering,

    /// Exit 0 whatever is found
    #[arg(long)]
    no_fail: bool,

    /// Print the page of a rule
    #[arg(long, value_name = "RULE", exclusive = true)]
    explain: Option<String>,

    /// List all rules
    #[arg(long, exclusive = true)]
    list_rules: bool,
}

/// A file after judgement.
struct Done {
    path: String,
    manifest: Manifest,
    findings: Vec<Finding>,
    mended: Option<Mended>,
}

impl Lint {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        if let Some(name) = &self.explain {
            return pages::explain(name);
        }
        if self.list_rules {
            return pages::list();
        }
        if let Some(name) = &self.compliance {
            return self.report(name);
        }
        if self.effective {
            return self.effective();
        }
        let config = self.config()?;
        let threshold: Level =
            self.failure_threshold.parse().map_err(|error| Usage(format!("{error}")))?;
        let formats =
            if self.formats.is_empty() { vec!["tty".to_owned()] } else { self.formats.clone() };
        let offered = || LintFormat::ALL.iter().filter(|format| format.name != "syntax");
        let known: Vec<&str> = offered().map(|format| format.name).collect();
        let named = |name: &str| offered().copied().find(|format| format.name == name);
        let outputs = output::parse(&formats, named, &known)?;

        let Reads { manifests, mut outcome } = self.read()?;
        if self.fix && manifests.iter().any(|read| read.origin != Origin::File) {
            tell(
                "charts and kustomizations are judged as they are rendered, long lists and clusters \
                 object by object: --fix leaves them alone",
            );
        }
        let (users, whole) = images::users(&manifests, self.images, &self.reading);
        outcome = outcome.or(whole);
        let estate =
            Estate::of(manifests.iter().map(|read| &read.manifest)).with_image_users(users);
        let done: Vec<Done> = live::own(manifests)
            .into_par_iter()
            .map(|read| self.judge(read, &estate, &config))
            .collect();

        for one in &done {
            if let Some(mended) = &one.mended {
                mended.deliver(self.diff)?;
            }
        }
        let views: Vec<Judged<'_>> = done
            .iter()
            .map(|one| Judged::manifest(&one.path, &one.manifest, &one.findings))
            .collect();
        let mended_stdin = self.fix && self.files.iter().any(|path| is_stdin(path));
        for (format, file) in outputs {
            // The mended text, or the diff, is the result.
            if file.is_none() && (self.diff || mended_stdin) {
                continue;
            }
            let style =
                if file.is_some() { plimsoll_report::Style::default() } else { stdout_style() };
            output::write(file, |out| (format.write)(&views, &style, out))?;
        }
        let unreadable =
            |one: &Done| one.manifest.problems.iter().any(|one| !one.kind.is_readable());
        if done.iter().any(unreadable) {
            outcome = outcome.or(Outcome::Gate(2));
        }
        let over = done.iter().flat_map(|one| &one.findings).any(|one| one.level >= threshold);
        if over && !self.no_fail {
            outcome = outcome.or(Outcome::Gate(1));
        }
        Ok(outcome)
    }

    /// What was named; where nothing at all could be read, that was told.
    fn read(&self) -> anyhow::Result<Reads> {
        let Reads { manifests, mut outcome } = files::read_all(&self.files, &self.rendering)?;
        if outcome == Outcome::Clean || !manifests.is_empty() {
            outcome = outcome.or(tell_of_nothing(&manifests));
        }
        Ok(Reads { manifests, outcome })
    }

    fn report(&self, name: &str) -> anyhow::Result<Outcome> {
        let standard = compliance::standard(name)?;
        let Reads { manifests, outcome } = self.read()?;
        let outcome = outcome.or(files::tell_of_all_problems(&manifests));
        let (users, whole) = images::users(&manifests, self.images, &self.reading);
        let estate =
            Estate::of(manifests.iter().map(|read| &read.manifest)).with_image_users(users);
        let manifests = live::own(manifests);
        let found = compliance::run(standard, &self.formats, &manifests, &estate)?;
        Ok(outcome.or(whole).or(if self.no_fail { Outcome::Clean } else { found }))
    }

    fn effective(&self) -> anyhow::Result<Outcome> {
        let Reads { manifests, outcome } = self.read()?;
        let outcome = outcome.or(files::tell_of_all_problems(&manifests));
        let (users, whole) = images::users(&manifests, self.images, &self.reading);
        let estate =
            Estate::of(manifests.iter().map(|read| &read.manifest)).with_image_users(users);
        effective::run(&self.formats, &live::own(manifests), &estate)?;
        Ok(outcome.or(whole))
    }

    fn config(&self) -> anyhow::Result<Config> {
        let usage = |error: plimsoll_kube::pss::PolicyError| Usage(error.to_string());
        let mut config = Config {
            profile: self
                .pss
                .as_ref()
                .map(|name| name.parse::<Profile>())
                .transpose()
                .map_err(usage)?,
            version: self.pss_version.parse::<Version>().map_err(usage)?,
            ..Config::default()
        };
        if let Some(name) = &self.only {
            let family = Family::named(name)
                .ok_or_else(|| Usage(format!("`{name}` is no family: it is pss or practice")))?;
            config.only = Some(family);
        }
        for (names, level) in [
            (&self.errors, Level::Error),
            (&self.warnings, Level::Warning),
            (&self.infos, Level::Info),
            (&self.ignore, Level::Ignore),
        ] {
            for name in names {
                if rules::named(name).is_none() {
                    let hint = "`plimsoll kube lint --list-rules` lists them";
                    return Err(Usage(format!("there is no rule `{name}`: {hint}")).into());
                }
                config.levels.insert(name.clone(), level);
            }
        }
        Ok(config)
    }

    fn judge(&self, read: Read, estate: &Estate, config: &Config) -> Done {
        let Read { path, mut manifest, origin } = read;
        let rendered = origin != Origin::File;
        let mut mended = None;
        if self.fix && !rendered && manifest.source.not_utf8().is_none() {
            let safety = if self.unsafe_fixes { Safety::Unsafe } else { Safety::Safe };
            let source = &manifest.source;
            let before = format!("{}{}", source.byte_order_mark(), source.text());
            let Fixed { text: after, made } = fix(&before, estate, config, safety);
            manifest = Manifest::parse(Source::new(after.clone()));
            mended = Some(Mended { path: path.clone(), before, after, made, shown: redacted });
        }
        let mut findings = lint(&manifest, estate, config);
        if rendered {
            // The text at these places is not what was judged, so no edit fits it.
            for one in &mut findings {
                one.fix = None;
            }
            let mut seen = BTreeSet::new();
            findings.retain(|one| seen.insert((one.rule.id, one.span, one.message.clone())));
        }
        Done { path: path.display().to_string(), manifest, findings, mended }
    }
}

/// Where no object is among all that was read, something else was meant.
fn tell_of_nothing(manifests: &[Read]) -> Outcome {
    let empty =
        |read: &Read| read.manifest.problems.is_empty() && objects(&read.manifest).0.is_empty();
    if manifests.iter().all(empty) {
        tell("error: there is no Kubernetes object in what was read: nothing was judged");
        return Outcome::Gate(2);
    }
    for read in manifests.iter().filter(|read| empty(read)) {
        tell(&format!("`{}` has no Kubernetes object", read.path.display()));
    }
    Outcome::Clean
}
