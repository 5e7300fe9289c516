//! The account of the base in the place of a new one that asks for the same number.

use crate::bases::Base;
use crate::context::Context;
use crate::finding::Edit;
use crate::flow::{Effect, Event, NewAccount};
use crate::rules::hadolint::lines::removal;
use crate::syntax::{Argument, Keyword};

/// The edits that take out a `RUN` that does nothing but make accounts whose numbers the base has
/// given away, and put these numbers where their names stood; `None` where it does more, or where
/// a name stands in a place that cannot be changed.
pub(super) fn mend(context: &Context<'_>, base: &Base, event: &Event) -> Option<Vec<Edit>> {
    let run = context.file.instructions.get(event.instruction)?;
    let commands = context.all_commands().find(|one| one.text.instruction == event.instruction)?;
    let makes = ["adduser", "addgroup", "useradd", "groupadd"];
    let only = commands
        .invocations
        .iter()
        .all(|program| makes.contains(&program.through_wrappers().program()));
    let stage = commands.text.stage?;
    let accounts: Vec<&NewAccount> = context
        .flow()
        .own_events(stage)
        .iter()
        .filter(|one| one.instruction == event.instruction)
        .filter_map(|one| match &one.effect {
            Effect::Account(account) => Some(account),
            _ => None,
        })
        .collect();
    let taken = accounts.iter().all(|new| {
        new.id.is_some_and(|id| {
            let user = base.user_with_id(id).is_some();
            if new.group { base.group_with_id(id).is_some() } else { user }
        })
    });
    if !only || !taken || accounts.len() != commands.invocations.len() {
        return None;
    }
    let mut edits = vec![Edit::remove(removal(context.file, run)?)];
    for step in context.steps().filter(|step| step.index > event.instruction) {
        if let (Keyword::User, Some(user)) =
            (step.instruction.keyword, step.instruction.arguments.text())
        {
            edits.extend(numbers(&accounts, user));
            continue;
        }
        if let Some(flag) = step.instruction.flag("chown") {
            let value = flag.value().unwrap_or_default().to_owned();
            let mut own = numbers(&accounts, &Argument { text: value, span: flag.span });
            if let Some(edit) = &mut own {
                edit.text.insert_str(0, "--chown=");
            }
            edits.extend(own);
        }
        let text = step.instruction.arguments_text.text();
        let documents = step.instruction.heredocs.iter().map(|one| one.content.as_str());
        let mut all = std::iter::once(text).chain(documents);
        if all.any(|text| accounts.iter().any(|account| mentions(text, &account.name))) {
            return None;
        }
    }
    Some(edits)
}

/// `user:group` with the numbers of the accounts; `None` where it names none of them.
fn numbers(accounts: &[&NewAccount], written: &Argument) -> Option<Edit> {
    let number = |name: &str, group: bool| {
        let account = accounts.iter().find(|one| one.name == name && one.group == group);
        account.and_then(|one| one.id).map(|id| id.to_string())
    };
    let text = match written.text.split_once(':') {
        Some((user, group)) => {
            let (new_user, new_group) = (number(user, false), number(group, true));
            if new_user.is_none() && new_group.is_none() {
                return None;
            }
            let user = new_user.unwrap_or_else(|| user.to_owned());
            format!("{user}:{}", new_group.unwrap_or_else(|| group.to_owned()))
        }
        None => number(&written.text, false)?,
    };
    Some(Edit::replace(written.span, text))
}

/// Whether a text has a name as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
    text.split(|one: char| !one.is_alphanumeric() && !"-_.".contains(one)).any(|word| word == name)
}
