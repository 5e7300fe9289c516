//! A program of Kubernetes and the arguments that it was started with.

use std::collections::BTreeMap;

use crate::manifest::Node;

/// What a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// `kube-apiserver`.
    ApiServer,
    /// `kube-controller-manager`.
    ControllerManager,
    /// `kube-scheduler`.
    Scheduler,
    /// `etcd`.
    Etcd,
    /// `kubelet`.
    Kubelet,
    /// `kube-proxy`.
    Proxy,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ApiServer,
        Self::ControllerManager,
        Self::Scheduler,
        Self::Etcd,
        Self::Kubelet,
        Self::Proxy,
    ];

    /// What the program is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Etcd => "etcd",
            Self::Kubelet => "kubelet",
            Self::Proxy => "kube-proxy",
        }
    }

    /// The role of a program by the first words of its command.
    fn of(command: &[String]) -> Option<(Self, usize)> {
        let base = |at: usize| command.get(at).and_then(|word| word.rsplit('/').next());
        let first = base(0)?;
        // One program that is all of them, told by the word after it.
        let (name, at) = match first {
            "hyperkube" => (base(1)?, 2),
            other => (other, 1),
        };
        let name = match (first, name) {
            ("hyperkube", "apiserver") => "kube-apiserver",
            ("hyperkube", "controller-manager") => "kube-controller-manager",
            ("hyperkube", "scheduler") => "kube-scheduler",
            ("hyperkube", "proxy") => "kube-proxy",
            (_, other) => other,
        };
        Self::ALL.into_iter().find(|role| role.name() == name).map(|role| (role, at))
    }
}

/// A program and how it was started.
#[derive(Debug, Clone)]
pub struct Program {
    /// What it is.
    pub role: Role,
    /// Where that was seen: a file, or `process 42`.
    pub source: String,
    arguments: Vec<(String, String)>,
    environment: BTreeMap<String, String>,
}

impl Program {
    /// Of a command line; `None` where it is no program of Kubernetes.
    pub fn of_command(command: &[String], source: String) -> Option<Self> {
        let (role, at) = Role::of(command)?;
        let rest = command.get(at..).unwrap_or_default();
        Some(Self { role, source, arguments: arguments(rest), environment: BTreeMap::new() })
    }

    /// Of the spec of a pod: the first container that is one.
    pub fn of_pod(spec: &Node, source: &str) -> Option<Self> {
        spec.list("containers").iter().find_map(|container| {
            let words = ["command", "args"].iter().flat_map(|field| container.texts(field));
            let words: Vec<String> = words.map(|word| word.value.to_owned()).collect();
            let mut program = Self::of_command(&words, source.to_owned())?;
            program.environment = container
                .list("env")
                .iter()
                .filter_map(|one| {
                    let value = one.text("value").map_or("", |value| value.value);
                    Some((one.text("name")?.value.to_owned(), value.to_owned()))
                })
                .collect();
            Some(program)
        })
    }

    /// The value of an argument; the last counts. A switch without a value is `true`.
    pub fn argument(&self, name: &str) -> Option<&str> {
        let mut all = self.arguments.iter().rev();
        let found = all.find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        // etcd takes every argument from its environment as well; an argument counts more.
        found.or_else(|| {
            if self.role != Role::Etcd {
                return None;
            }
            let name = format!("ETCD_{}", name.replace('-', "_").to_uppercase());
            self.environment.get(&name).map(String::as_str)
        })
    }
}

/// `--name=value`, `--name value` and `--name`.
fn arguments(words: &[String]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let Some(word) = word.strip_prefix('-') else { continue };
        let word = word.strip_prefix('-').unwrap_or(word);
        let (name, value) = if let Some((name, value)) = word.split_once('=') {
            (name, value.to_owned())
        } else {
            let next = words.next_if(|next| !next.starts_with('-'));
            (word, next.cloned().unwrap_or_else(|| "true".to_owned()))
        };
        all.push((name.to_owned(), value));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(line: &str) -> Option<Program> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Program::of_command(&words, String::new())
    }

    #[test]
    fn arguments_are_read_in_each_way_that_they_are_written() {
        let one = program("/usr/bin/kubelet --config=/a --v 2 --fail-swap-on -b=1 --v=3").unwrap();
        assert_eq!(one.role, Role::Kubelet);
        let values = ["config", "v", "fail-swap-on", "b", "none"].map(|name| one.argument(name));
        assert_eq!(values, [Some("/a"), Some("3"), Some("true"), Some("1"), None]);
        assert_eq!(program("hyperkube apiserver --a=b").unwrap().role, Role::ApiServer);
        assert!(program("sh -c kubelet").is_none() && program("").is_none());
    }
}
