//! `RUN --mount=…`: what is there only while a command runs.
//!
//! After <https://github.com/moby/buildkit/blob/master/frontend/dockerfile/instructions/commands_runmount.go>.

use super::instruction::{Flag, Instruction};
use super::nearest::nearest;

/// What is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MountKind {
    /// Files of the build context, a stage or an image.
    #[default]
    Bind,
    /// A folder that later builds find again.
    Cache,
    /// Memory.
    Tmpfs,
    /// A file that the build's caller gives.
    Secret,
    /// The caller's SSH agent.
    Ssh,
}

impl MountKind {
    const NAMES: [(&'static str, Self); 5] = [
        ("bind", Self::Bind),
        ("cache", Self::Cache),
        ("tmpfs", Self::Tmpfs),
        ("secret", Self::Secret),
        ("ssh", Self::Ssh),
    ];
}

/// A mount.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mount {
    /// What is mounted.
    pub kind: MountKind,
    /// The stage or image of a bind or cache mount.
    pub from: Option<String>,
    /// The path there.
    pub source: Option<String>,
    /// Where it is mounted, as written.
    pub target: Option<String>,
    /// The name of the cache, secret or socket.
    pub id: Option<String>,
}

/// The keys that take a value, with their other names.
const KEYS: [&str; 19] = [
    "type",
    "from",
    "source",
    "target",
    "readonly",
    "id",
    "sharing",
    "required",
    "size",
    "mode",
    "uid",
    "gid",
    "src",
    "dst",
    "destination",
    "ro",
    "rw",
    "readwrite",
    "env",
];

impl Mount {
    /// Reads the value of a `--mount`; `Err` says what the builder refuses.
    pub fn parse(value: &str) -> Result<Self, String> {
        let mut mount = Self::default();
        for field in fields(value) {
            let Some((key, value)) = field.split_once('=') else {
                let key = field.to_ascii_lowercase();
                if matches!(key.as_str(), "readonly" | "ro" | "readwrite" | "rw" | "required") {
                    continue;
                }
                return Err(format!("`{field}` of --mount must be of the form key=value"));
            };
            let key = key.to_ascii_lowercase();
            match key.as_str() {
                "type" => mount.kind = kind(value)?,
                "from" => {
                    if value.trim_end_matches('$').contains('$') {
                        let why = "`from` of --mount is not expanded: name the stage, and build it \
                                   `FROM` the variable";
                        return Err(why.to_owned());
                    }
                    mount.from = Some(value.to_owned());
                }
                "source" | "src" => mount.source = Some(value.to_owned()),
                "target" | "dst" | "destination" => mount.target = Some(value.to_owned()),
                "id" => mount.id = Some(value.to_owned()),
                "sharing" => sharing(value)?,
                known if KEYS.contains(&known) => {}
                _ => {
                    let hint = nearest(&key, KEYS)
                        .map(|one| format!(" (did you mean {one}?)"))
                        .unwrap_or_default();
                    return Err(format!("unexpected key `{key}` of --mount{hint}"));
                }
            }
        }
        Ok(mount)
    }
}

fn kind(value: &str) -> Result<MountKind, String> {
    let names = MountKind::NAMES.iter();
    let found = names.clone().find(|(name, _)| name.eq_ignore_ascii_case(value));
    if let Some((_, kind)) = found {
        return Ok(*kind);
    }
    // What a variable holds is known to the builder alone.
    if value.contains('$') {
        return Ok(MountKind::Bind);
    }
    let hint = nearest(value, names.map(|(name, _)| *name))
        .map(|one| format!(" (did you mean {one}?)"))
        .unwrap_or_default();
    Err(format!("unsupported mount type `{value}`{hint}"))
}

fn sharing(value: &str) -> Result<(), String> {
    let known = ["shared", "private", "locked"];
    if known.iter().any(|name| name.eq_ignore_ascii_case(value)) || value.contains('$') {
        return Ok(());
    }
    Err(format!("unsupported sharing `{value}` of --mount: it is shared, private or locked"))
}

/// The fields of one line of CSV: a field in double quotes may hold commas.
fn fields(value: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => {
                fields.last_mut().into_iter().for_each(|field| field.push('"'));
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => fields.last_mut().into_iter().for_each(|field| field.push(other)),
        }
    }
    fields
}

impl Flag {
    /// The mount of a `--mount`; `None` for other flags and for what the builder refuses.
    pub fn mount(&self) -> Option<Mount> {
        Mount::parse(self.value().filter(|_| self.name() == "mount")?).ok()
    }
}

impl Instruction {
    /// What is mounted while it runs.
    pub fn mounts(&self) -> impl Iterator<Item = Mount> {
        self.flags.iter().filter_map(Flag::mount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_read_as_the_builder_reads_it() {
        let mount = Mount::parse("type=cache,target=/var/cache/apt,sharing=locked").unwrap();
        assert_eq!(
            (mount.kind, mount.target.as_deref()),
            (MountKind::Cache, Some("/var/cache/apt"))
        );
        let mount = Mount::parse("from=build,src=/a,\"dst=/b,c\",ro").unwrap();
        assert_eq!((mount.kind, mount.target.as_deref()), (MountKind::Bind, Some("/b,c")));
    }

    #[test]
    fn what_the_builder_refuses_is_told() {
        let refused = |text: &str| Mount::parse(text).unwrap_err();
        assert_eq!(refused("type=cash"), "unsupported mount type `cash` (did you mean cache?)");
        assert_eq!(refused("targt=/a"), "unexpected key `targt` of --mount (did you mean target?)");
        assert!(refused("type=bind,from=$X").contains("not expanded"));
        assert!(refused("cache").contains("key=value"));
    }
}
