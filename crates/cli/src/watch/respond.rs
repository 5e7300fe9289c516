//! Responses to alerts: what the arguments ask for, and what is said at the begin and the end.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::Context;
use plimsoll_response::{ActionResult, Journal, Orders, Policy, Responder, Switch, missing};
use plimsoll_runtime::loader::Rule;
use signal_hook::consts::{SIGUSR1, SIGUSR2};

use crate::commands::lint::files::read;
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
    let unknown = policy.unknown_rules(&|name| rules.iter().any(|rule| rule.name == name));
    if !unknown.is_empty() {
        let names = unknown.join("`, `");
        tell(&format!("warning: responses name rules that are not loaded: `{names}`"));
    }
    let lacking = missing(&policy);
    for (capability, actions) in &lacking {
        let grade = if asked.enforce { "error" } else { "warning" };
        tell(&format!("{grade}: {capability} is missing for {}", actions.join(", ")));
    }
    if asked.enforce && !lacking.is_empty() {
        anyhow::bail!("responses cannot be enforced without these capabilities");
    }
    let switch = Switch::new(policy.off_switch.clone());
    listen(&switch)?;
    let shown = policy.off_switch.display().to_string();
    let count = policy.len();
    let journal = Journal::new(asked.journal.as_deref()).context("cannot open the journal")?;
    let orders = Orders { enforce: asked.enforce, switch: switch.clone(), killed_at_call: None };
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
    let shown = path.display();
    let bytes = read(path).with_context(|| format!("cannot read `{shown}`"))?;
    let text = String::from_utf8(bytes).map_err(|_| Usage(format!("`{shown}` is no UTF-8 text")))?;
    Ok(Policy::read(&text).map_err(|error| Usage(format!("`{shown}`: {error}")))?)
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
