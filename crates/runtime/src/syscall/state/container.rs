//! The container that a process runs in, as its control groups tell.
//!
//! After the container plugin, falcosecurity/plugins `plugins/container/src/matchers`.

use std::sync::{Arc, LazyLock};

/// The control groups of a process.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cgroups {
    /// `subsystem=path`, each ends with NUL.
    raw: Box<[u8]>,
    container: Option<Box<str>>,
}

static NONE: LazyLock<Arc<Cgroups>> = LazyLock::new(Arc::default);

impl Cgroups {
    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        self.raw.len()
    }

    pub(crate) fn none() -> Arc<Self> {
        Arc::clone(&NONE)
    }

    pub(crate) fn new(raw: &[u8]) -> Arc<Self> {
        if raw.is_empty() {
            return Self::none();
        }
        let cgroups = Self { raw: raw.into(), container: None };
        let paths = cgroups.iter().map(|(_, path)| path);
        let container =
            paths.filter_map(|path| std::str::from_utf8(path).ok()).find_map(container_of);
        Arc::new(Self { container, ..cgroups })
    }

    /// The same groups again, or new ones.
    pub(crate) fn reuse(known: &Arc<Self>, raw: &[u8]) -> Arc<Self> {
        if *known.raw == *raw { Arc::clone(known) } else { Self::new(raw) }
    }

    /// The first twelve digits of the container's number.
    pub(crate) fn container(&self) -> Option<&str> {
        self.container.as_deref()
    }

    /// The same, where a path has all 64 digits of it.
    pub(crate) fn numbered(&self) -> Option<&str> {
        let paths = self.iter().map(|(_, path)| path);
        paths.filter_map(|path| std::str::from_utf8(path).ok()).find_map(numbered)
    }

    /// Subsystems and paths; those behind one without a path are left out.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let list = super::thread::list(super::thread::without_nul(&self.raw));
        list.map_while(|one| {
            let at = memchr::memchr(b'=', one)?;
            let (name, path) = one.split_at_checked(at)?;
            Some((subsystem(name), path.get(1..)?))
        })
    }
}

/// The name that fields have for a subsystem.
fn subsystem(name: &[u8]) -> &[u8] {
    let name = name.strip_suffix(b"_cgroup").unwrap_or(name);
    match name {
        b"perf" => b"perf_event",
        b"mem" => b"memory",
        b"io" => b"blkio",
        _ => name,
    }
}

/// What stands before and behind the number in the path of a runtime that runc does the work for.
type Layout = (&'static str, &'static str);

const PODMAN: [Layout; 6] = [
    ("/libpod-", ".scope"),
    ("/libpod-", ".scope/container"),
    ("/libpod-", ""),
    ("/libpod-payload-", ".scope"),
    ("/libpod-payload-", ".scope/container"),
    ("/libpod-payload-", ""),
];
const DOCKER: [Layout; 2] = [("/", ""), ("/docker-", ".scope")];
const CRI: [Layout; 7] = [
    ("/", ""),
    ("/crio-", ""),
    ("/cri-containerd-", ".scope"),
    ("/crio-", ".scope"),
    (":cri-containerd:", ""),
    ("/docker-", ".scope"),
    ("/nerdctl-", ".scope"),
];
const LXC: [&str; 3] = ["/lxc/", "/lxc.payload/", "/lxc.payload."];
/// A container's number, and how much of it is shown.
const DIGITS: usize = 64;
const SHOWN: usize = 12;

fn numbered(path: &str) -> Option<&str> {
    let runc = PODMAN.iter().chain(&DOCKER).chain(&CRI);
    runc.copied().find_map(|layout| by_layout(path, layout))
}

fn container_of(path: &str) -> Option<Box<str>> {
    numbered(path)
        .or_else(|| containerd(path))
        .or_else(|| lxc(path))
        .or_else(|| libvirt(path))
        .or_else(|| bpm(path))
        .map(Into::into)
}

fn by_layout(path: &str, (before, behind): Layout) -> Option<&str> {
    let (_, rest) = path.rsplit_once(before)?;
    let number = if behind.is_empty() { rest } else { rest.get(..rest.rfind(behind)?)? };
    let hexadecimal = number.bytes().all(|digit| digit.is_ascii_hexdigit());
    (number.len() == DIGITS && hexadecimal).then(|| number.get(..SHOWN)).flatten()
}

/// What containerd starts by itself lies below its namespace: `/default/NAME`.
fn containerd(path: &str) -> Option<&str> {
    let mut from = 0;
    let namespace = loop {
        let begin = from + path.get(from..)?.find('/')? + 1;
        let end = begin + path.get(begin..)?.find('/')?;
        let name = path.get(begin..end)?;
        let parts = name.split(['.', '_', '-']);
        if !name.is_empty()
            && parts.clone().all(|part| {
                !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            })
        {
            break path.get(begin - 1..=end)?;
        }
        from = begin;
    };
    let (_, name) = path.rsplit_once(namespace)?;
    if [".service", ".slice", ".scope"].iter().any(|end| path.ends_with(end)) {
        return None;
    }
    if name.is_empty() || name.len() > DIGITS {
        return None;
    }
    Some(name.get(..SHOWN).unwrap_or(name))
}

fn lxc(path: &str) -> Option<&str> {
    let rest = LXC.iter().find_map(|before| path.split_once(before).map(|(_, rest)| rest))?;
    Some(rest.split_once('/').map_or(rest, |(name, _)| name))
}

fn libvirt(path: &str) -> Option<&str> {
    if let Some(rest) = path.strip_suffix(".libvirt-lxc")
        && let Some((_, name)) = rest.rsplit_once('/')
    {
        return Some(name);
    }
    if let Some((_, rest)) = path.split_once("-lxc\\x2") {
        let end = if path.contains(".scope/libvirt") { ".scope/libvirt" } else { ".scope" };
        // The digit that ends the escaped dash.
        if let Some(name) = rest.strip_suffix(end).and_then(|name| name.get(1..)) {
            return Some(name);
        }
    }
    path.split_once("/libvirt/lxc/").map(|(_, name)| name)
}

fn bpm(path: &str) -> Option<&str> {
    let (_, rest) = path.split_once("bpm-")?;
    let name = rest.split_once(".scope").map_or(rest, |(name, _)| name);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (!name.is_empty() && name.bytes().all(fits)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "f1c2d3e4a5b6978812345678901234567890abcdefabcdefabcdefabcdefabcd";

    fn container(path: &str) -> Option<String> {
        let raw = format!("cpuset={path}\0");
        Cgroups::new(raw.as_bytes()).container().map(str::to_owned)
    }

    #[test]
    fn the_container_is_known_by_each_runtimes_path() {
        for path in [
            format!("/docker/{ID}"),
            format!("/system.slice/docker-{ID}.scope"),
            format!("/kubepods/besteffort/pod1/{ID}"),
            format!("/kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope"),
            format!("/kubepods.slice/kubepods-pod1.slice/crio-{ID}.scope"),
            format!("/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:{ID}"),
            format!("/machine.slice/libpod-{ID}.scope"),
            format!("/machine.slice/libpod-{ID}.scope/container"),
            format!("/default/{ID}"),
        ] {
            assert_eq!(container(&path).as_deref(), ID.get(..12), "{path}");
        }
        assert_eq!(container("/lxc/debian").as_deref(), Some("debian"));
        assert_eq!(container("/lxc.payload.debian").as_deref(), Some("debian"));
        assert_eq!(container("/default/nginx").as_deref(), Some("nginx"));
        assert_eq!(container("/test.libvirt-lxc").as_deref(), Some("test"));
        // The plugin asks for a namespace of containerd first, which any folder may be.
        assert_eq!(container("/lxc/debian/a").as_deref(), Some("debian/a"));
        for path in ["/", "/user.slice/user-0.slice/session-1.scope", "/system.slice/cron.service"]
        {
            assert_eq!(container(path), None, "{path}");
        }
    }

    #[test]
    fn only_a_path_with_all_digits_is_a_container_for_whoever_acts() {
        let numbered = |path: &str| {
            let cgroups = Cgroups::new(format!("memory={path}\0").as_bytes());
            cgroups.numbered().map(str::to_owned)
        };
        assert_eq!(numbered(&format!("/docker/{ID}")).as_deref(), ID.get(..12));
        for path in [
            "/system.slice/systemd-udevd.service/udev",
            "/machine.slice/machine-qemu.scope/libvirt/emulator",
            "/default/nginx",
            "/lxc/debian",
        ] {
            assert!(container(path).is_some(), "{path}");
            assert_eq!(numbered(path), None, "{path}");
        }
    }
}
