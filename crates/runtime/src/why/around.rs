//! The processes that an event comes from, and its container.

use super::Process;
use crate::alert::Template;
use crate::event::{Arena, Event};
use crate::fields::Source;

/// How many processes of an ancestry are told.
const MOST_ANCESTORS: usize = 32;
/// What is told of a container.
const CONTAINER: [&str; 7] = [
    "container.id",
    "container.name",
    "container.image.repository",
    "container.image.tag",
    "container.image.digest",
    "k8s.ns.name",
    "k8s.pod.name",
];
/// What a field shows that has no value.
const NOT_AVAILABLE: &str = "<NA>";

/// The fields that tell of the process and the container of an event.
pub(super) struct Around {
    /// By distance.
    processes: Vec<[Option<Template>; 4]>,
    container: Vec<(&'static str, Template)>,
}

impl Around {
    pub(super) fn new() -> Self {
        let template = |field: &str| Template::new(&format!("%{field}"), Source::Syscall).ok();
        let own = ["proc.pid", "proc.name", "proc.exepath", "proc.cmdline"].map(template);
        let above = (1..MOST_ANCESTORS).map(|far| {
            ["apid", "aname", "aexepath", "acmdline"]
                .map(|field| template(&format!("proc.{field}[{far}]")))
        });
        let container = CONTAINER.into_iter().filter_map(|name| Some((name, template(name)?)));
        Self {
            processes: std::iter::once(own).chain(above).collect(),
            container: container.collect(),
        }
    }

    /// None of an event that no process made.
    pub(super) fn of(
        &self,
        event: &dyn Event,
        host: &str,
        arena: &Arena,
    ) -> (Vec<Process>, Vec<(&'static str, String)>) {
        if event.source() != Source::Syscall {
            return (Vec::new(), Vec::new());
        }
        let text = |template: &Option<Template>| {
            template.as_ref().map_or_else(String::new, |it| it.text(event, host, arena))
        };
        let mut ancestry = Vec::new();
        for fields in &self.processes {
            let [pid, name, exe, command] = fields.each_ref().map(text);
            let known = |text: &str| !text.is_empty() && text != NOT_AVAILABLE;
            if !known(&pid) || !known(&name) {
                break;
            }
            let exe = if known(&exe) { exe } else { String::new() };
            let command = if known(&command) { command } else { String::new() };
            ancestry.push(Process { pid, name, exe, command });
        }
        let container = self.container.iter().filter_map(|(name, template)| {
            let value = template.text(event, host, arena);
            (!value.is_empty() && value != NOT_AVAILABLE).then_some((*name, value))
        });
        (ancestry, container.collect())
    }
}
