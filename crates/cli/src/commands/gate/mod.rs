//! `plimsoll gate`: one verdict over everything that a project asks of its images and sources.

mod attest;
mod judges;
mod policy;
mod rule_pages;
mod target;

use std::path::PathBuf;

use plimsoll_model::gate::{Decision, Effect, Ruling, State};
use plimsoll_policy::gate::{Answers, Policy, decide};
use plimsoll_report::Style;
use plimsoll_report::gate::{GateFormat, Looks};

pub(super) use self::judges::pages;

use self::judges::Judge;
use self::policy::Chosen;
use self::target::{Kind, Means, Target};
use crate::exit::{Outcome, Usage, tell};
use crate::signing::{Signing, Storage};
use crate::style::stdout_style;
use crate::target::Reading;
use crate::{clock, output};

/// Give one verdict over image, Dockerfile, manifests and signatures, by a policy in a file
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll gate registry.example/app:1.2 .        the image and the sources beside it
  plimsoll gate -f policy/plimsoll.toml registry.example/app:1.2
  plimsoll gate .                                 before there is an image
  plimsoll gate --only signature,provenance registry.example/app:1.2
  plimsoll gate -o markdown=summary.md -o sarif=gate.sarif registry.example/app:1.2 .
  plimsoll gate --attest --key plimsoll.key registry.example/app:1.2
  plimsoll gate --explain .                       every rule with its reason and its fix
  plimsoll gate --explain=signature.signed        the page of a rule

Without -f, the nearest plimsoll.toml with a table [gate] decides, from the working folder up to the
repository's root; where there is none, every rule has the effect that --list-rules shows. A name
without a transport is an image in a registry; `docker:NAME` is one of a daemon.

Exit codes: 0 the gate is open, 2 wrong usage or a policy that cannot be read, 3 a rule that denies
could not be judged, 4 advisory data older than the policy allows, 5 denied. A denial comes first:
nothing that is not known can undo it.")]
pub(crate) struct Gate {
    /// Images as `plimsoll scan` takes them, folders with sources, Dockerfiles, manifests
    #[arg(value_name = "REF|PATH", required_unless_present_any = ["list_rules", "explain", "schema"])]
    targets: Vec<String>,

    /// The policy: a plimsoll.toml with the table [gate]
    #[arg(short = 'f', long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// FORMAT or FORMAT=FILE, several times if wanted: table, json, sarif, junit, markdown
    #[arg(short, long, value_name = "FORMAT[=FILE]", default_value = "table")]
    output: Vec<String>,

    /// Change what a violation comes to, whatever the policy says: RULE=deny, warn or off; `JUDGE.*`
    /// stands for all rules of a judge
    #[arg(long, value_name = "RULE=EFFECT")]
    rule: Vec<String>,

    /// Ask these judges alone
    #[arg(long, value_name = "JUDGE", value_delimiter = ',')]
    only: Vec<String>,

    /// Leave these judges out
    #[arg(long, value_name = "JUDGE", value_delimiter = ',', conflicts_with = "only")]
    skip: Vec<String>,

    /// Show every rule with its reason and its fix, and not only what speaks against a target; with
    /// a rule, print its page
    #[arg(long, value_name = "RULE", require_equals = true)]
    #[allow(clippy::option_option, reason = "a flag whose value may be left out")]
    explain: Option<Option<String>>,

    /// List all rules with what they come to by the policy
    #[arg(long)]
    list_rules: bool,

    /// Print the JSON schema of the policy
    #[arg(long, exclusive = true)]
    schema: bool,

    /// Folder of the advisory database
    #[arg(long, value_name = "DIR")]
    db: Option<PathBuf>,

    /// Sign the verdict, and store it with the images that were judged
    #[arg(long)]
    attest: bool,

    /// How the attestation is stored with an image
    #[arg(long, value_name = "HOW", default_value = "referrer", requires = "attest")]
    storage: Storage,

    /// Write the attestation to a file as well, `-` for stdout; with --attest
    #[arg(long, value_name = "FILE", requires = "attest")]
    bundle: Option<String>,

    #[command(flatten)]
    signing: Signing,

    #[command(flatten)]
    reading: Reading,
}

impl Gate {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        if self.schema {
            return rule_pages::schema();
        }
        if let Some(Some(name)) = &self.explain {
            return rule_pages::explain(name);
        }
        let known: Vec<&str> = GateFormat::ALL.iter().map(|format| format.name).collect();
        let outputs = output::parse(&self.output, GateFormat::named, &known)?;
        let Chosen { mut policy, folder } = policy::choose(self.policy.as_deref())?;
        policy::overrule(&mut policy, &self.rule)?;
        if self.list_rules {
            return rule_pages::list(&policy);
        }
        if self.targets.is_empty() {
            let why = "name what is to be judged: an image, a folder, a Dockerfile or a manifest";
            return Err(Usage(why.into()).into());
        }
        let asked = self.judges()?;
        let means = Means::new(self.reading.clone(), self.db.clone(), clock::now())?;
        let mut targets: Vec<Target<'_>> = Vec::new();
        for name in &self.targets {
            if targets.iter().any(|one| one.name == *name) {
                return Err(Usage(format!("`{name}` is named twice")).into());
            }
            targets.push(Target::new(name, &means)?);
        }
        // Asked for a key before all the work, and not after it.
        let ready = if self.attest { Some(self.signing.ready()?) } else { None };
        if ready.is_some() && !targets.iter().any(|one| one.kind == Kind::Image) {
            let why = "`--attest` is about images: name one";
            return Err(Usage(why.into()).into());
        }
        let mut answers = Answers::default();
        for target in &targets {
            for judge in &asked {
                judge.ask(target, &means, &policy, &folder, &mut answers);
            }
        }
        let subjects = targets.iter().map(Target::subject).collect();
        let asked_pages: Vec<_> = asked.iter().map(|judge| judge.page).collect();
        let decision = decide(&policy, &asked_pages, subjects, answers, means.now);
        for (format, file) in &outputs {
            let style = if file.is_some() { Style::default() } else { stdout_style() };
            let looks = Looks { style: &style, explain: self.explain.is_some() };
            output::write(*file, |out| (format.write)(&decision, &looks, out))?;
        }
        tell_of(&decision, &policy, &asked, &targets);
        if let Some(ready) = &ready {
            attest::store(&decision, &targets, ready, self.storage, self.bundle.as_deref())?;
        }
        Ok(Outcome::of_code(decision.exit_code()))
    }

    /// The judges that are asked.
    fn judges(&self) -> Result<Vec<&'static Judge>, Usage> {
        let names = self.only.iter().chain(&self.skip);
        for name in names {
            if !judges::ALL.iter().any(|judge| judge.page.name == *name) {
                let known: Vec<&str> = judges::ALL.iter().map(|judge| judge.page.name).collect();
                let known = known.join(", ");
                return Err(Usage(format!("there is no judge `{name}`: there is {known}")));
            }
        }
        let is_wanted = |name: &str| {
            let is_in = |names: &[String]| names.iter().any(|one| one == name);
            (self.only.is_empty() || is_in(&self.only)) && !is_in(&self.skip)
        };
        Ok(judges::ALL.iter().filter(|judge| is_wanted(judge.page.name)).collect())
    }
}

/// Says what nobody should have to look for: judges that had nothing to judge, exceptions that
/// expired or that nothing needs.
fn tell_of(decision: &Decision, policy: &Policy, asked: &[&Judge], targets: &[Target<'_>]) {
    let is_idle = |judge: &&&Judge| {
        policy.asks(judge.page) && !targets.iter().any(|target| judge.is_about(target.kind))
    };
    let idle: Vec<&str> = asked.iter().filter(is_idle).map(|judge| judge.page.name).collect();
    if !idle.is_empty() {
        let what = if targets.iter().any(|target| target.kind == Kind::Image) {
            "no folder, manifest or chart is"
        } else {
            "no image is"
        };
        tell(&format!("note: {what} named, so that nothing was asked by {}", idle.join(", ")));
    }
    let file = decision.policy.as_deref().unwrap_or_default();
    for exception in &decision.exceptions {
        let what = exception.id.as_deref().unwrap_or(&exception.rule);
        let place = format!("{file}:{}", exception.line);
        if exception.expired && exception.used > 0 {
            let (day, owner) = (&exception.expires, &exception.owner);
            tell(&format!("{place}: the exception of {what} expired on {day}; ask {owner}"));
        } else if exception.used == 0 {
            tell(&format!("note: {place}: nothing needs the exception of {what}"));
        }
    }
    let warned = |one: &&Ruling| one.state == State::Unknown && one.effect == Effect::Warn;
    let count = decision.rulings.iter().filter(warned).count();
    if count > 0 {
        let rules = if count == 1 { "rule that warns" } else { "rules that warn" };
        tell(&format!("note: {count} {rules} could not be judged"));
    }
}
