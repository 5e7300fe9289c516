//! Alerts of programs that are none of an image's.

#[cfg(target_os = "linux")]
mod content;

use plimsoll_model::Content;
use plimsoll_outputs::Settings;
use plimsoll_runtime::alert::{Alert, Formatter};
use plimsoll_runtime::drift::{Drift, Drifted, Judged, Programs};
use plimsoll_runtime::event::Arena;
use plimsoll_runtime::loader::{Loader, Priority};
use plimsoll_runtime::syscall::SystemCall;

#[cfg(target_os = "linux")]
use self::content::Answer;
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
    /// None where a capture is read.
    #[cfg(target_os = "linux")]
    comparer: Option<content::Comparer>,
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
        let programs = Programs::new(survey.programs, survey.links).with_contents(survey.contents);
        let drift = Drift::new(programs).of(image.only.clone());
        Ok(Self {
            drift,
            formatter,
            #[cfg(target_os = "linux")]
            comparer: None,
        })
    }

    /// Compares the content of programs as well: of what runs on this machine. Alerts are handed over
    /// as soon as they are known, and are among those of [`Self::told`]; whether responses are taken.
    #[cfg(target_os = "linux")]
    pub(super) fn compare(
        &mut self,
        hand_over: impl Fn(Alert) + Send + 'static,
        responds: bool,
    ) -> anyhow::Result<()> {
        self.comparer = Some(content::Comparer::new(hand_over, responds)?);
        Ok(())
    }

    /// Alerts that were handed over since this was asked last.
    #[cfg(target_os = "linux")]
    pub(super) fn told(&self) -> impl Iterator<Item = content::Told> + '_ {
        self.comparer.iter().flat_map(content::Comparer::told)
    }

    /// Waits for what is being compared; how many programs were not.
    #[cfg(target_os = "linux")]
    pub(super) fn end(&mut self) -> u64 {
        self.comparer.as_mut().map_or(0, content::Comparer::end)
    }

    /// The alert for an event, if there is one.
    pub(super) fn alert(
        &mut self,
        call: &SystemCall<'_>,
        host: &str,
        arena: &Arena,
    ) -> Option<Alert> {
        let (path, why) = match self.drift.judge(call, arena)? {
            Judged::Drifted { path, why } => (path, why),
            Judged::Claimed { path, content, is_upper } => {
                let why = self.claimed(call, host, arena, (&path, content), is_upper)?;
                (path, why)
            }
        };
        Some(said(self.formatter.alert(call, host, arena), &path, &why))
    }

    /// Why a program is none of the image's that has its path, where that is known at once.
    #[cfg(target_os = "linux")]
    fn claimed(
        &mut self,
        call: &SystemCall<'_>,
        host: &str,
        arena: &Arena,
        (path, content): (&str, Content),
        is_upper: bool,
    ) -> Option<Drifted> {
        let by_layer = is_upper.then_some(Drifted::UpperLayer);
        let Some(comparer) = &mut self.comparer else { return by_layer };
        let why = by_layer.clone().unwrap_or(Drifted::OtherContent);
        let alert = || said(self.formatter.alert(call, host, arena), path, &why);
        match comparer.ask(call, host, arena, (path, content), alert) {
            Answer::Same | Answer::Later => None,
            Answer::Other => Some(why),
            Answer::Unseen => by_layer,
        }
    }

    #[cfg(not(target_os = "linux"))]
    #[allow(clippy::unused_self, reason = "elsewhere it compares")]
    fn claimed(
        &mut self,
        _call: &SystemCall<'_>,
        _host: &str,
        _arena: &Arena,
        _content: (&str, Content),
        is_upper: bool,
    ) -> Option<Drifted> {
        is_upper.then_some(Drifted::UpperLayer)
    }
}

/// An alert with the path and the reason.
fn said(mut alert: Alert, path: &str, why: &Drifted) -> Alert {
    let why = why.to_string();
    let text = format!(": {why}");
    alert.message.push_str(&text);
    alert.output.push_str(&text);
    alert.fields.insert("plimsoll.drift.path".to_owned(), path.into());
    alert.fields.insert("plimsoll.drift.reason".to_owned(), why.into());
    alert
}
