//! Values that stand below lists: what every container of a pod has, every rule of a role.

use super::Json;
use crate::event::{Arena, Value, Values};
use bumpalo::collections::Vec as ArenaVec;

/// Why there are no values: either way the field is absent.
#[derive(Debug)]
pub(super) struct Missing;

/// What is under these keys, of each item of a list on the way, or of one; none for an item that
/// lacks it.
pub(super) fn gather<'e>(
    value: &'e Json,
    index: Option<usize>,
    keys: &[&str],
    into: &mut Vec<Option<&'e Json>>,
) -> Result<(), Missing> {
    let mut value = value;
    for (at, key) in keys.iter().enumerate() {
        if let Json::Array(items) = value {
            match index {
                None => {
                    let rest = keys.get(at..).unwrap_or_default();
                    for item in items {
                        let before = into.len();
                        if gather(item, index, rest, into).is_err() {
                            into.truncate(before);
                            into.push(None);
                        }
                    }
                    return Ok(());
                }
                Some(index) => value = items.get(index).ok_or(Missing)?,
            }
        }
        if !key.is_empty() {
            value = value.get(key).ok_or(Missing)?;
        }
    }
    into.push(Some(value));
    Ok(())
}

/// Several texts as values; of none the field is absent.
pub(super) fn texts<'e>(texts: impl IntoIterator<Item = &'e str>, arena: &'e Arena) -> Values<'e> {
    let mut values = ArenaVec::new_in(arena);
    values.extend(texts.into_iter().map(Value::text));
    if values.is_empty() { Values::Absent } else { Values::Many(values.into_bump_slice()) }
}

/// A field of the containers in a list of a pod.
pub(super) fn field<'e>(
    document: &'e Json,
    list: &str,
    name: &str,
    index: Option<usize>,
    arena: &'e Arena,
) -> Values<'e> {
    values(document, list, name, index, arena).unwrap_or(Values::Absent)
}

fn values<'e>(
    document: &'e Json,
    list: &str,
    name: &str,
    index: Option<usize>,
    arena: &'e Arena,
) -> Result<Values<'e>, Missing> {
    let below = |keys: &[&str]| {
        let keys: Vec<&str> = ["requestObject", "spec", list].iter().chain(keys).copied().collect();
        let mut found = Vec::new();
        gather(document, index, &keys, &mut found).map(|()| found)
    };
    // An item that lacks the value is passed over.
    let given = |keys: &[&str]| {
        below(keys)
            .map(|found| texts(found.into_iter().flatten().map(|one| one.shown(arena)), arena))
    };
    // An item that lacks the value makes the field absent.
    let all = |key: &str| {
        let found = below(&[key])?;
        let shown = found.into_iter().map(|one| one.map(|one| one.shown(arena)).ok_or(Missing));
        shown.collect::<Result<Vec<&str>, Missing>>()
    };
    match name {
        "name" | "image" => {
            let found = all(name)?;
            Ok(texts(found, arena))
        }
        "image.repository" => {
            let found = all("image")?;
            let repository = |image: &'e str| {
                image.split(':').next().unwrap_or_default().split('@').next().unwrap_or_default()
            };
            Ok(texts(found.into_iter().map(repository), arena))
        }
        "args" | "command" => {
            let mut lines = Vec::new();
            for words in below(&[name])?.into_iter().flatten() {
                let words: Option<Vec<&str>> =
                    words.items().ok_or(Missing)?.iter().map(Json::text).collect();
                lines.push(&*arena.alloc_str(&words.ok_or(Missing)?.join(" ")));
            }
            Ok(texts(lines, arena))
        }
        "host_port" => {
            let mut ports = Vec::new();
            for list in below(&["ports"])?.into_iter().flatten() {
                for port in list.items().ok_or(Missing)? {
                    // With the network of the host the port of the container is the host's.
                    let port = port.get("hostPort").or_else(|| port.get("containerPort"));
                    ports.extend(port.map(|port| port.shown(arena)));
                }
            }
            Ok(texts(ports, arena))
        }
        "privileged" => given(&["securityContext", "privileged"]),
        "allow_privilege_escalation" => given(&["securityContext", "allowPrivilegeEscalation"]),
        "read_only_fs" => given(&["securityContext", "readOnlyRootFilesystem"]),
        "run_as_user" => given(&["securityContext", "runAsUser"]),
        "run_as_group" => given(&["securityContext", "runAsGroup"]),
        "proc_mount" => given(&["securityContext", "procMount"]),
        "add_capabilities" => given(&["securityContext", "capabilities", "add"]),
        "eff_run_as_user" | "eff_run_as_group" => {
            let key = if name.ends_with("user") { "runAsUser" } else { "runAsGroup" };
            let of_pod = document.at(&["requestObject", "spec", key]);
            let default = of_pod.map_or("0", |value| value.shown(arena));
            let found = below(&[key])?;
            Ok(texts(
                found.into_iter().map(|one| one.map_or(default, |one| one.shown(arena))),
                arena,
            ))
        }
        _ => Err(Missing),
    }
}
