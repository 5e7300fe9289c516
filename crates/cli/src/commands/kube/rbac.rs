//! `plimsoll kube rbac`: who may do what, and who can come to the whole cluster.

use std::path::PathBuf;

use plimsoll_kube::rbac::{Access, Builder, Paths, Request, Subject};
use plimsoll_report::escalation::{EscalationFormat, Escalations};

use super::files;
use super::rendered::{Charts, Rendering};
use super::stream;
use crate::exit::{Outcome, Usage};
use crate::output;
use crate::style::stdout_style;

/// Tell who may do what by the roles and bindings of a cluster
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Examples:
  kubectl get roles,clusterroles,rolebindings,clusterrolebindings,serviceaccounts,pods -A -o json \\
    | plimsoll kube rbac paths -
  plimsoll kube rbac paths deploy/                   exit 1 where somebody can come to everything
  plimsoll kube rbac paths --from shop/web deploy/
  plimsoll kube rbac paths cluster --context prod
  plimsoll kube rbac who-can create pods/exec -n shop deploy/
  plimsoll kube rbac who-can update deployments.apps deploy/")]
pub(crate) enum Rbac {
    Paths(PathsCommand),
    WhoCan(WhoCan),
}

impl Rbac {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self {
            Self::Paths(command) => command.run(),
            Self::WhoCan(command) => command.run(),
        }
    }
}

/// Tell who can come to the whole cluster, step by step
#[derive(Debug, clap::Args)]
pub(crate) struct PathsCommand {
    /// FORMAT or FORMAT=FILE, several times if wanted: table, json
    #[arg(short = 'o', long = "format", value_name = "FORMAT[=FILE]", default_value = "table")]
    formats: Vec<String>,

    /// Ask about one alone: NAMESPACE/SERVICEACCOUNT, user:NAME, group:NAME
    #[arg(long, value_name = "SUBJECT")]
    from: Option<String>,

    /// Ask about the accounts of Kubernetes itself too
    #[arg(long)]
    system: bool,

    /// Manifests, folders to look for them in, `-` for stdin, or `cluster` for a live one
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    rendering: Rendering,
}

impl PathsCommand {
    fn run(self) -> anyhow::Result<Outcome> {
        let known: Vec<&str> = EscalationFormat::ALL.iter().map(|format| format.name).collect();
        let outputs = output::parse(&self.formats, EscalationFormat::named, &known)?;
        let from = self.from.as_deref().map(subject).transpose()?;
        let (access, outcome) = read(&self.files, &self.rendering)?;
        let all = Paths::new(&access);
        let paths = match &from {
            Some(from) if !access.subjects().any(|one| one == from) => {
                return Err(Usage(format!("{from} is not in what was read")).into());
            }
            Some(from) => all.of(from).into_iter().collect(),
            None => all.all(self.system),
        };
        let is_whole = outcome == Outcome::Clean;
        let found = Escalations { access: &access, paths, is_whole };
        for (format, file) in outputs {
            let style =
                if file.is_some() { plimsoll_report::Style::default() } else { stdout_style() };
            output::write(file, |out| (format.write)(&found, &style, out))?;
        }
        let gate = if found.paths.is_empty() { Outcome::Clean } else { Outcome::Gate(1) };
        Ok(outcome.or(gate))
    }
}

/// Tell who may do something, and which binding lets them
#[derive(Debug, clap::Args)]
pub(crate) struct WhoCan {
    /// get, list, create, delete, escalate, …
    verb: String,

    /// What it is done to: pods, pods/exec, deployments.apps, secrets/NAME is `--name NAME`
    resource: String,

    /// In this namespace; without it, in the whole cluster
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,

    /// To the one of this name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Manifests, folders to look for them in, `-` for stdin, or `cluster` for a live one
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    charts: Charts,
}

impl WhoCan {
    fn run(self) -> anyhow::Result<Outcome> {
        // What is asked of a namespace is asked of the release in it.
        let rendering = self.charts.clone().into(self.namespace.clone());
        let (access, outcome) = read(&self.files, &rendering)?;
        let (resource, part) =
            self.resource.split_once('/').map_or((&*self.resource, None), |(a, b)| (a, Some(b)));
        let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
        let resource = part.map_or(resource.to_owned(), |part| format!("{resource}/{part}"));
        let request =
            Request { verb: &self.verb, group, resource: &resource, name: self.name.as_deref() };
        let found = access.who_can(&request, self.namespace.as_deref());
        let style = stdout_style();
        output::write(None, |out| {
            for (subject, held) in &found {
                plimsoll_report::escalation::line(subject, *held, &style, out)?;
            }
            if found.is_empty() {
                let place = self.namespace.as_deref().map_or("the whole cluster", |name| name);
                let known =
                    if outcome == Outcome::Clean { "" } else { ", as far as could be read" };
                writeln!(out, "Nobody may {} {} in {place}{known}.", self.verb, self.resource)?;
            }
            Ok(())
        })?;
        Ok(outcome)
    }
}

fn subject(text: &str) -> Result<Subject, Usage> {
    Subject::named(text).ok_or_else(|| {
        let forms = "NAMESPACE/SERVICEACCOUNT, user:NAME, group:NAME";
        Usage(format!("`{text}` is no subject: expected {forms}"))
    })
}

/// What the files say together, and how the reading ended. A long list is read item by item, and none
/// of it is kept.
fn read(named: &[PathBuf], rendering: &Rendering) -> anyhow::Result<(Access, Outcome)> {
    let mut builder = Builder::default();
    let mut wrong = Outcome::Clean;
    let outcome = stream::all(named, rendering, &mut |read| {
        wrong = wrong.or(files::tell_of_problems(&read.path, &read.manifest));
        builder.add(&read.path.display().to_string(), &read.manifest);
    })?;
    Ok((builder.finish(), outcome.or(wrong)))
}
