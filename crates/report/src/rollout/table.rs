//! Namespace by namespace: what it meets, what is in the way, what to type; for people.

use std::io::{self, Write};

use plimsoll_kube::pss::{Blocker, Profile, Rollout};
use plimsoll_model::text::Safety;

use super::RolloutFormat;
use crate::style::{Role, Style};
use crate::text;

pub(super) const FORMAT: RolloutFormat = RolloutFormat {
    name: "table",
    about: "what each namespace meets and what is in its way",
    write,
};

/// How many workloads are named that are in the way of one profile.
const NAMED: usize = 10;

fn write(rollouts: &[Rollout], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if rollouts.is_empty() {
        return writeln!(out, "No namespace and no workload is in what was read.");
    }
    for (number, one) in rollouts.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        namespace(one, style, out)?;
    }
    Ok(())
}

fn namespace(one: &Rollout, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let name = style.paint(Role::Strong, &text::one_line(&one.namespace));
    let role = match one.meets {
        Profile::Privileged => Role::Bad,
        Profile::Baseline => Role::Warning,
        Profile::Restricted => Role::Good,
    };
    let meets = style.paint(role, one.meets.name());
    let workloads = text::plural(one.workloads, "workload");
    writeln!(out, "{name}: {workloads}, meets {meets} ({})", one.version)?;
    match one.modes {
        Some(modes) => writeln!(
            out,
            "  now enforces {}, audits {}, warns {}",
            modes.enforce, modes.audit, modes.warn
        )?,
        None => writeln!(out, "  now enforces nothing: it has no label")?,
    }
    if let Some(modes) = one.modes
        && modes.enforce.profile > one.meets
    {
        let profile = modes.enforce.profile;
        let count = text::plural(one.blockers(profile).len(), "workload");
        let said = format!("{} is enforced, and {count} cannot start anew", profile.name());
        writeln!(out, "  {}", style.paint(Role::Bad, &said))?;
    }
    if let Some(next) = one.next() {
        in_the_way(one, next, style, out)?;
        for line in one.warnings(next) {
            let line = style.paint(Role::Faint, &format!("Warning: {}", text::one_line(&line)));
            writeln!(out, "  {line}")?;
        }
    }
    match one.command() {
        _ if one.is_labelled() => writeln!(out, "  its labels say so already"),
        Some(command) => writeln!(out, "  {command}"),
        None => writeln!(out, "  this is no name that a namespace can have"),
    }
}

fn in_the_way(
    one: &Rollout,
    profile: Profile,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let blockers = one.blockers(profile);
    let verb = if blockers.len() == 1 { "stands" } else { "stand" };
    let count = text::plural(blockers.len(), "workload");
    writeln!(out, "  {count} {verb} in the way of {}:", profile.name())?;
    for blocker in blockers.iter().take(NAMED) {
        self::blocker(blocker, style, out)?;
    }
    let more = blockers.len().saturating_sub(NAMED);
    if more > 0 {
        writeln!(out, "    and {more} more: `-o json` has all")?;
    }
    Ok(())
}

fn blocker(one: &Blocker, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let place = format!("{}:{}", text::one_line(&one.path), one.line);
    let changed = if one.changed { " (its template is allowed: something changed it)" } else { "" };
    let object = text::one_line(&one.object);
    writeln!(out, "    {object}{changed}  {}", style.paint(Role::Faint, &place))?;
    for violation in &one.forbidden {
        writeln!(out, "      {}", text::one_line(&violation.message))?;
    }
    let fixes: Vec<Safety> = one.forbidden.iter().filter_map(|violation| violation.fix).collect();
    if fixes.is_empty() {
        return Ok(());
    }
    let is_safe = fixes.iter().all(|safety| *safety == Safety::Safe);
    let command = if is_safe { "kube lint --fix" } else { "kube lint --fix --unsafe-fixes" };
    let all = one.forbidden.len();
    let share =
        if fixes.len() == all { "it".to_owned() } else { format!("{} of {all}", fixes.len()) };
    let said = format!("`{command}` mends {share}");
    writeln!(out, "      {}", style.paint(Role::Good, &said))
}
