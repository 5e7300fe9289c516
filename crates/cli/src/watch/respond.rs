//! Responses to alerts: what the arguments ask for, and what is said at the begin and the end.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use plimsoll_response::{
    ActionResult, Journal, Orders, Policy, Responder, Scope, Switch, is_in_first_pid_namespace,
    missing,
};
use plimsoll_runtime::loader::Rule;
use plimsoll_runtime::plain::Plain;
use plimsoll_sensor::{Execution, Kill, Live};
use signal_hook::consts::{SIGUSR1, SIGUSR2};

use super::drift;
use crate::exit::{Usage, tell};

/// What is asked.
#[derive(Debug, Default)]
pub(crate) struct Respond {
    /// Files of responses.
    pub(crate) files: Vec<PathBuf>,
    /// Otherwise it is only said what would be done.
    pub(crate) enforce: bool,
    /// Where it is noted; standard error where there is none.
    pub(crate) journal: Option<PathBuf>,
}

/// What responds, where that is asked for.
pub(super) fn new(asked: &Respond, rules: &[&Rule]) -> anyhow::Result<Option<Responder>> {
    let mut all: Option<Policy> = None;
    for path in &asked.files {
        let policy = policy(path)?;
        match &mut all {
            Some(all) => all.append(policy),
            None => all = Some(policy),
        }
    }
    let Some(policy) = all else { return Ok(None) };
    // Drift is told of by no rule of a file.
    let has = |name: &str| name == drift::NAME || rules.iter().any(|rule| rule.name == name);
    let unknown = policy.unknown_rules(&has);
    if !unknown.is_empty() {
        let names = unknown.join("`, `");
        tell(&format!("warning: responses name rules that are not loaded: `{names}`"));
    }
    let lacking = missing(&policy, plimsoll_sensor::privilege::effective());
    for (capability, actions) in &lacking {
        let grade = if asked.enforce { "error" } else { "warning" };
        tell(&format!("{grade}: {capability} is missing for {}", actions.join(", ")));
    }
    if asked.enforce && !lacking.is_empty() {
        anyhow::bail!("responses cannot be enforced without these capabilities");
    }
    if asked.enforce && !is_in_first_pid_namespace() {
        anyhow::bail!(
            "responses cannot be enforced in a namespace of processes of its own, where numbers mean other \
             processes than the kernel's: run plimsoll with the machine's (`--pid=host`, `hostPID: true`)"
        );
    }
    let switch = Switch::new(policy.off_switch.clone());
    listen(&switch)?;
    let shown = policy.off_switch.display().to_string();
    if asked.enforce
        && let Err(error) = switch.prepare()
    {
        tell(&format!("warning: the folder of `{shown}` cannot be made: {error}"));
    }
    let count = policy.len();
    let journal = Journal::new(asked.journal.as_deref()).context("cannot open the journal")?;
    let orders = Orders { enforce: asked.enforce, switch: switch.clone() };
    let responder = Responder::new(policy, orders, journal).context("cannot respond")?;
    tell(&if asked.enforce {
        format!("{count} responses are enforced; `touch {shown}` or SIGUSR1 stops them")
    } else {
        format!("{count} responses are only told of: --enforce has them done")
    });
    if let Some(why) = switch.off().filter(|_| asked.enforce) {
        tell(&format!("warning: responses are off: {why}"));
    }
    Ok(Some(responder))
}

fn policy(path: &Path) -> anyhow::Result<Policy> {
    let read = Policy::read(&super::text(path)?);
    Ok(read.map_err(|error| Usage(format!("`{}`: {error}", path.display())))?)
}

/// SIGUSR1 switches responses off, SIGUSR2 on again.
fn listen(switch: &Switch) -> anyhow::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGUSR1, SIGUSR2])
        .context("cannot wait for signals")?;
    let flag = switch.flag();
    std::thread::Builder::new()
        .name("switch".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                flag.store(signal == SIGUSR1, Ordering::Relaxed);
                let now = if signal == SIGUSR1 { "off" } else { "on again" };
                tell(&format!("responses are {now}"));
            }
        })
        .context("cannot wait for signals")?;
    Ok(())
}

/// How often it is looked whether responses were switched off, where the kernel takes them.
const OFF: Duration = Duration::from_millis(100);

/// How often what is allowed is reckoned again because more were killed meanwhile.
const ROUNDS: usize = 8;

/// What the kernel does by itself for rules that are plain enough.
pub(super) struct AtCall {
    execution: Execution,
    responses: Vec<usize>,
}

/// Has the kernel kill at the call itself for rules that it can judge alone.
pub(super) fn at_call(
    responder: &mut Responder,
    live: &mut Live,
    rules: &[&Rule],
    all_matches: bool,
) -> anyhow::Result<Option<AtCall>> {
    if !responder.enforces() {
        return Ok(None);
    }
    let (mut kills, mut told) = (Vec::new(), Vec::new());
    for (at, rule) in rules.iter().enumerate() {
        let (Some((response, scope)), Some(plain)) = (responder.kills(rule), Plain::of(rule))
        else {
            continue;
        };
        // Of several rules that hold the first is told: what the kernel does has to be that one's.
        let before = rules.get(..at).unwrap_or_default();
        if !all_matches && before.iter().any(|other| share_events(other, rule)) {
            continue;
        }
        told.push(format!("`{}`", rule.name));
        kills.push(Kill {
            calls: plain.types,
            names: plain.names,
            only_success: plain.only_success,
            anywhere: scope == Scope::Host && !plain.in_container,
            response,
        });
    }
    if kills.is_empty() {
        return Ok(None);
    }
    let responses: BTreeSet<usize> = kills.iter().map(|kill| kill.response).collect();
    let execution = live.kill(kills, &responder.spared())?;
    if !execution.knows_containers() {
        tell(
            "warning: control groups are not mounted here: processes of containers are killed later",
        );
    }
    tell(&format!("killed at the call itself: {}", told.join(", ")));
    let asked = execution.clone();
    responder.ask_kernel(Box::new(move |pid, time| asked.has_killed(pid, time)));
    let own = AtCall { execution, responses: responses.into_iter().collect() };
    own.allow(responder);
    own.stop_with(responder.switch())?;
    Ok(Some(own))
}

fn share_events(one: &Rule, other: &Rule) -> bool {
    match (&one.event_types, &other.event_types) {
        (Some(one), Some(other)) => one.iter().any(|name| other.contains(name)),
        _ => one.source == other.source,
    }
}

impl AtCall {
    /// Tells the kernel how many it may still kill.
    pub(super) fn allow(&self, responder: &mut Responder) {
        let executed = || -> Vec<(usize, u64)> {
            self.responses.iter().map(|at| (*at, self.execution.executed(*at))).collect()
        };
        let mut counted = executed();
        for _ in 0..ROUNDS {
            let shares = responder.shares(&counted);
            for (response, share) in self.responses.iter().zip(shares) {
                self.execution.allow(*response, share);
            }
            // What was killed in between would be allowed twice.
            let now = executed();
            if now == counted {
                break;
            }
            counted = now;
        }
    }

    /// The switch holds for the kernel too, whether or not anything happens.
    fn stop_with(&self, switch: Switch) -> anyhow::Result<()> {
        let (execution, responses) = (self.execution.clone(), self.responses.clone());
        let look = move || loop {
            if switch.off().is_some() {
                for response in &responses {
                    execution.allow(*response, 0);
                }
            }
            std::thread::sleep(OFF);
        };
        let thread = std::thread::Builder::new().name("switch".to_owned()).spawn(look);
        thread.map(|_| ()).context("cannot watch the switch")
    }

    /// How many the kernel killed that no event told of.
    pub(super) fn untold(&self, responder: &Responder) -> u64 {
        self.execution.count().saturating_sub(responder.noted_kills())
    }
}

/// Says what was done; how much of it failed.
pub(super) fn end(mut responder: Responder) -> u64 {
    let journal = responder.end();
    let mut failed = journal.unwritten();
    if failed > 0 {
        tell(&format!("error: {failed} lines of the journal could not be written"));
    }
    for ((action, result), count) in journal.tally() {
        tell(&format!("  {count:>6}  {:<13}  {action}", result.name()));
        if result == ActionResult::Failed {
            failed = failed.saturating_add(count);
        }
    }
    failed
}
