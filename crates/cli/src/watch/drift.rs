//! Alerts of programs that are none of an image's.

use plimsoll_outputs::Settings;
use plimsoll_runtime::alert::{Alert, Formatter};
use plimsoll_runtime::drift::{Drift, Programs};
use plimsoll_runtime::event::Arena;
use plimsoll_runtime::loader::{Loader, Priority};
use plimsoll_runtime::syscall::SystemCall;

use super::image::Surveyed;
use crate::exit::{Usage, tell};

/// What such alerts are called.
pub(super) const NAME: &str = "Drift from the image";
/// How grave they are.
pub(super) const PRIORITY: Priority = Priority::Critical;

/// What is told; which events it is told of is decided elsewhere.
const RULE: &str = "- rule: Drift from the image
  desc: A program was executed in a container that is none of its image's.
  condition: evt.type in (execve, execveat) and evt.arg.res = 0
  output: A program was executed that is none of the image's (exe=%proc.exepath command=%proc.cmdline parent=%proc.pname container=%container.id)
  priority: CRITICAL
  tags: [drift, container]
";

/// Follows containers of an image.
pub(super) struct Drifting {
    drift: Drift,
    formatter: Formatter,
}

impl Drifting {
    /// Reads the programs of an image.
    pub(super) fn new(image: &Surveyed, settings: &Settings) -> anyhow::Result<Self> {
        let reference = &image.reference;
        let survey = image.inventory.survey.clone().unwrap_or_default();
        if survey.is_cut {
            tell("warning: the image has more programs than are read: some will be told as drift");
        }
        if survey.programs.is_empty() {
            return Err(Usage(format!("`{reference}` has no programs to compare with")).into());
        }
        let mut loader = Loader::default();
        let is_loaded = loader.load("drift", RULE).is_loaded();
        let rule = loader.definitions().rules.first().filter(|_| is_loaded);
        let rule = rule.ok_or_else(|| anyhow::anyhow!("the rule of drift does not load"))?;
        let formatter = Formatter::new(rule, &settings.style(), &settings.added_fields(rule))
            .map_err(|why| Usage(format!("rule `{NAME}`: {why}")))?;
        let programs = Programs::new(survey.programs, survey.links);
        let drift = Drift::new(programs).of(image.only.clone());
        Ok(Self { drift, formatter })
    }

    /// The alert for an event, if there is one.
    pub(super) fn alert(
        &mut self,
        call: &SystemCall<'_>,
        host: &str,
        arena: &Arena,
    ) -> Option<Alert> {
        let (path, why) = self.drift.judge(call, arena)?;
        let mut alert = self.formatter.alert(call, host, arena);
        let said = format!(": {why}");
        alert.message.push_str(&said);
        alert.output.push_str(&said);
        alert.fields.insert("plimsoll.drift.path".to_owned(), path.into());
        alert.fields.insert("plimsoll.drift.reason".to_owned(), why.to_string().into());
        Some(alert)
    }
}
