//! Whom an alert is about: the process and the container of its event.

use plimsoll_runtime::alert::Template;
use plimsoll_runtime::event::{Arena, Event};
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::syscall::numbered_container_of;
use serde_json::{Map, Value};

/// The fields that are noted of an event; the first is the number of the process.
const FIELDS: [&str; 13] = [
    "proc.pid",
    "proc.name",
    "proc.exepath",
    "proc.cmdline",
    "user.uid",
    "container.id",
    "container.full_id",
    "container.name",
    "container.image.repository",
    "container.image.tag",
    "k8s.ns.name",
    "k8s.pod.name",
    "k8s.pod.uid",
];
/// Subsystems whose control groups a container has of its own.
const GROUPS: [&str; 3] = ["memory", "cpuset", "cpu"];
/// What a field shows that has no value.
const NOT_AVAILABLE: &str = "<NA>";
/// What the machine itself is called where containers are.
const HOST: &str = "host";

/// A process as it was at an event.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Its number in the machine's namespace; 0 where there is none.
    pub pid: i32,
    /// When the event was, in nanoseconds since 1970.
    pub time: u64,
    fields: Vec<(&'static str, String)>,
    /// Paths of its control groups at the event.
    pub(crate) groups: Vec<String>,
    is_in_container: bool,
}

impl Target {
    /// A field of the event, where it has a value.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }

    /// The first digits of the number of its container; none of a process of the machine. Folders of
    /// control groups that merely look like a container's make none: the number has all its digits there,
    /// or a runtime has told of it.
    pub fn container(&self) -> Option<&str> {
        self.named().filter(|_| self.is_in_container)
    }

    /// What rules take for the number of its container.
    pub(crate) fn named(&self) -> Option<&str> {
        self.field("container.id").filter(|id| *id != HOST)
    }

    /// Its pod: namespace and name.
    pub(crate) fn pod(&self) -> Option<(&str, &str)> {
        Some((self.field("k8s.ns.name")?, self.field("k8s.pod.name")?))
    }

    /// What the journal says of it.
    pub(crate) fn json(&self) -> Value {
        let fields = self.fields.iter().map(|(name, value)| {
            let value = match *name {
                "proc.pid" => Value::from(self.pid),
                _ => Value::from(value.as_str()),
            };
            ((*name).to_owned(), value)
        });
        Value::Object(fields.collect::<Map<String, Value>>())
    }

    /// In a few words.
    pub(crate) fn words(&self) -> String {
        let name = self.field("proc.name").unwrap_or("a process");
        let pid = self.pid;
        match self.container() {
            Some(id) => format!(
                "{name} ({pid}) of container {}",
                self.field("container.name").unwrap_or(id)
            ),
            None => format!("{name} ({pid}) of the machine"),
        }
    }

    #[cfg(test)]
    pub(crate) fn made(pid: i32, time: u64, fields: &[(&'static str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { pid, time, fields, groups: Vec::new(), is_in_container: true }
    }

    #[cfg(test)]
    pub(crate) fn of_the_machine(mut self) -> Self {
        self.is_in_container = false;
        self
    }
}

/// Notes targets of events.
#[derive(Debug)]
pub struct Observer {
    fields: Vec<(&'static str, Template)>,
    groups: Vec<Template>,
}

impl Default for Observer {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer {
    /// One that knows the fields.
    pub fn new() -> Self {
        let template = |name: &str| Template::new(&format!("%{name}"), Source::Syscall).ok();
        let fields = FIELDS.into_iter().filter_map(|name| Some((name, template(name)?)));
        let groups = GROUPS.iter().filter_map(|name| template(&format!("thread.cgroup.{name}")));
        Self { fields: fields.collect(), groups: groups.collect() }
    }

    /// Whom an event is about; none where no process made it.
    pub fn target(&self, event: &dyn Event, host: &str, arena: &Arena) -> Option<Target> {
        if event.source() != Source::Syscall {
            return None;
        }
        let fields: Vec<(&'static str, String)> = self
            .fields
            .iter()
            .map(|(name, template)| (*name, template.text(event, host, arena)))
            .filter(|(_, value)| !value.is_empty() && value != NOT_AVAILABLE)
            .collect();
        let groups = self.groups.iter().map(|template| template.text(event, host, arena));
        let groups: Vec<String> = groups.collect();
        let pid = fields.iter().find(|(name, _)| *name == "proc.pid")?.1.parse().ok()?;
        let is_in_container = is_in_container(&fields, &groups);
        Some(Target { pid, time: event.time(), groups, fields, is_in_container })
    }
}

/// Whether the number of a container is known for certain.
fn is_in_container(fields: &[(&'static str, String)], groups: &[String]) -> bool {
    let field = |name: &str| fields.iter().find(|(own, _)| *own == name).map(|(_, value)| &**value);
    let numbered = |path: &String| numbered_container_of(format!("memory={path}\0").as_bytes());
    let is_numbered = |id: &str| groups.iter().any(|path| numbered(path).as_deref() == Some(id));
    field("container.image.repository").is_some() || field("container.id").is_some_and(is_numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_looks_like_a_container_is_none_unless_a_runtime_tells_of_it() {
        let fields = |more: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
            more.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
        };
        let udev = fields(&[("container.id", "udev")]);
        let groups = ["/system.slice/systemd-udevd.service/udev".to_owned()];
        assert!(!is_in_container(&udev, &groups));
        let told = fields(&[("container.id", "udev"), ("container.image.repository", "box")]);
        assert!(is_in_container(&told, &groups));
        let number = format!("/docker/0123456789ab{}", "0".repeat(52));
        assert!(is_in_container(
            &fields(&[("container.id", "0123456789ab")]),
            std::slice::from_ref(&number)
        ));
        assert!(!is_in_container(&udev, &[number]), "the number of another");
    }
}
