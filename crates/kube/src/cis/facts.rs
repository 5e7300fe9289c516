//! What is known of a machine: its files, its processes, and what they say together.

use plimsoll_model::text::Source;

use super::program::{Program, Role};
use crate::manifest::Manifest;
use crate::object::objects;

/// Who owns a file and who may do what with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// The lower twelve bits.
    pub mode: u32,
    /// Of its owner.
    pub uid: u32,
    /// Of its group.
    pub gid: u32,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub id: u32,
    /// Its program and arguments.
    pub command: Vec<String>,
}

/// A machine, looked at. Paths are absolute and mean what they mean to it.
pub trait Machine {
    /// What a path leads to; `None` where there is nothing.
    fn file(&self, path: &str) -> Result<Option<File>, String>;

    /// What is in a file; `None` where there is none.
    fn text(&self, path: &str) -> Result<Option<Vec<u8>>, String>;

    /// The files and folders below a folder, itself left out.
    fn below(&self, path: &str) -> Result<Vec<String>, String>;

    /// What runs.
    fn processes(&self) -> Vec<Process>;
}

/// Where manifests of static pods are, where no kubelet says.
const MANIFESTS: [&str; 2] =
    ["/etc/kubernetes/manifests", "/var/lib/rancher/rke2/agent/pod-manifests"];

/// Where a kubelet's configuration is, where it does not say.
const CONFIGS: [&str; 6] = [
    "/var/lib/kubelet/config.yaml",
    "/etc/kubernetes/kubelet-config.yaml",
    "/etc/kubernetes/kubelet/kubelet-config.json",
    "/etc/kubernetes/kubelet/config.json",
    "/var/lib/kubelet/config.yml",
    "/home/kubernetes/kubelet-config.yaml",
];

/// Where kubeadm keeps arguments that are not in the kubelet's configuration.
const ENVIRONMENT: &str = "/var/lib/kubelet/kubeadm-flags.env";

/// A machine and what its programs were started with.
pub struct Facts<'m> {
    pub(super) machine: &'m dyn Machine,
    programs: Vec<Program>,
    /// The kubelet's configuration and where it is.
    pub(super) config: Option<(String, Manifest)>,
    /// Why it could not be read.
    pub(super) unread: Option<String>,
    /// The manifests of static pods by what they start.
    manifests: Vec<(Role, String)>,
}

impl<'m> Facts<'m> {
    /// Looks at a machine.
    pub fn of(machine: &'m dyn Machine) -> Self {
        let mut programs: Vec<Program> = machine
            .processes()
            .iter()
            .filter_map(|one| Program::of_command(&one.command, format!("process {}", one.id)))
            .collect();
        let kubelet = programs.iter().find(|one| one.role == Role::Kubelet);
        let named = kubelet.and_then(|one| one.argument("config")).map(str::to_owned);
        let mut facts = Self {
            machine,
            programs: Vec::new(),
            config: None,
            unread: None,
            manifests: Vec::new(),
        };
        facts.read_config(named);
        if kubelet.is_none() {
            programs.extend(facts.kubelet_of_files());
        }
        programs.extend(facts.static_pods());
        facts.programs = programs;
        facts
    }

    fn read_config(&mut self, named: Option<String>) {
        let candidates = CONFIGS.iter().map(|path| (*path).to_owned());
        let all: Vec<String> = named.map_or_else(|| candidates.collect(), |path| vec![path]);
        for path in all {
            match self.machine.text(&path) {
                Ok(Some(bytes)) => {
                    let manifest = Manifest::parse(Source::from_bytes(bytes));
                    if manifest.documents.is_empty() {
                        self.unread = Some(format!("`{path}` is no configuration"));
                    }
                    self.config = Some((path, manifest));
                    return;
                }
                Ok(None) => {}
                Err(why) => {
                    self.unread = Some(why);
                    return;
                }
            }
        }
    }

    /// A kubelet that does not run now, by the arguments that kubeadm keeps.
    fn kubelet_of_files(&self) -> Option<Program> {
        let (path, _) = self.config.as_ref()?;
        let bytes = self.machine.text(ENVIRONMENT).ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let line = text.lines().find_map(|line| line.trim().split_once('='));
        let words = line.map_or("", |(_, value)| value.trim_matches(['"', '\'']));
        let mut command = vec!["kubelet".to_owned(), format!("--config={path}")];
        command.extend(words.split_whitespace().map(str::to_owned));
        Program::of_command(&command, path.clone())
    }

    fn static_pods(&mut self) -> Vec<Program> {
        let config = self.config.as_ref().and_then(|(_, config)| config.documents.first());
        let named = config.and_then(|config| Some(config.text("staticPodPath")?.value.to_owned()));
        let folders: Vec<String> =
            named.map_or_else(|| MANIFESTS.map(str::to_owned).to_vec(), |path| vec![path]);
        let mut programs = Vec::new();
        for folder in folders {
            let files = match self.machine.below(&folder) {
                Ok(files) => files,
                Err(why) => {
                    self.unread = Some(why);
                    continue;
                }
            };
            for path in files {
                let Ok(Some(bytes)) = self.machine.text(&path) else { continue };
                let manifest = Manifest::parse(Source::from_bytes(bytes));
                let pods = objects(&manifest).0.into_iter().filter(|object| object.kind == "Pod");
                for program in pods
                    .filter_map(|pod| pod.node.get("spec"))
                    .filter_map(|spec| Program::of_pod(spec, &path))
                {
                    self.manifests.push((program.role, path.clone()));
                    programs.push(program);
                }
            }
        }
        programs
    }

    /// A program, as it runs where it does, else as a file would start it.
    pub fn program(&self, role: Role) -> Option<&Program> {
        self.programs.iter().find(|one| one.role == role)
    }

    /// The manifest that starts a program.
    pub(super) fn manifest(&self, role: Role) -> Option<&str> {
        self.manifests.iter().find(|(own, _)| *own == role).map(|(_, path)| path.as_str())
    }

    /// What is here.
    pub(super) fn parts(&self) -> Vec<(Role, String)> {
        let here = |role| Some((role, self.program(role)?.source.clone()));
        Role::ALL.into_iter().filter_map(here).collect()
    }

    /// Whether this is a machine of the control plane.
    pub(super) fn is_control_plane(&self) -> bool {
        let roles = [Role::ApiServer, Role::ControllerManager, Role::Scheduler];
        roles.into_iter().any(|role| self.program(role).is_some())
    }

    /// The number of an account or group by its name, as the machine's own files have it.
    pub(super) fn number(&self, file: &str, name: &str) -> Option<u32> {
        if name == "root" {
            return Some(0);
        }
        let bytes = self.machine.text(file).ok().flatten()?;
        let text = String::from_utf8_lossy(&bytes);
        text.lines().find_map(|line| {
            let mut parts = line.split(':');
            (parts.next() == Some(name)).then(|| parts.nth(1)?.parse().ok())?
        })
    }
}
