//! `container` and `k8s`: what the container plugin tells of the container of a thread.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Answer, bytes, number, yes};
use crate::event::{Arena, FieldRef, Values};
use crate::scap::codes as code;
use crate::syscall::call::SystemCall;
use crate::syscall::show::Words;
use crate::syscall::state::containers::{Container, Mount, SHOWN};

pub(super) fn answer(name: &str) -> Option<Answer> {
    Some(match name {
        "container.id" => |call, _, _| match container(call) {
            Some(container) => text(&container.id),
            None => Values::text(container_id(call)),
        },
        "container.full_id" => |call, _, _| of(call, |it| text(&it.full_id)),
        "container.name" => |call, _, _| of(call, |it| text(&it.name)),
        "container.image" => |call, _, _| of(call, |it| text(&it.image)),
        "container.image.id" => |call, _, _| of(call, |it| text(&it.imageid)),
        "container.image.repository" => |call, _, _| of(call, |it| text(&it.imagerepo)),
        "container.image.tag" => |call, _, _| of(call, |it| text(&it.imagetag)),
        "container.image.digest" => |call, _, _| of(call, |it| text(&it.imagedigest)),
        "container.type" => |call, _, _| of(call, |it| text(it.kind())),
        "container.privileged" => |call, _, _| of(call, |it| yes(it.privileged)),
        "container.host_pid" => |call, _, _| of(call, |it| yes(it.host_pid)),
        "container.host_network" => |call, _, _| of(call, |it| yes(it.host_network)),
        "container.host_ipc" => |call, _, _| of(call, |it| yes(it.host_ipc)),
        "container.ip" => |call, _, _| of(call, |it| text(&it.ip)),
        "container.cni.json" => |call, _, _| of(call, |it| text(&it.cni_json)),
        "container.mounts" => |call, _, arena| of(call, |it| mounts(it, arena)),
        "container.mount" => |call, field, arena| {
            mount(call, field, |mount| {
                let mut words = Words::new(arena);
                write_mount(&mut words, mount);
                bytes(words.finish())
            })
        },
        "container.mount.source" => {
            |call, field, _| mount(call, field, |mount| text(&mount.source))
        }
        "container.mount.dest" => {
            |call, field, _| mount(call, field, |mount| text(&mount.destination))
        }
        "container.mount.mode" => |call, field, _| mount(call, field, |mount| text(&mount.mode)),
        "container.mount.rdwr" => |call, field, _| {
            mount(call, field, |mount| text(if mount.writable { "true" } else { "false" }))
        },
        "container.mount.propagation" => {
            |call, field, _| mount(call, field, |mount| text(&mount.propagation))
        }
        "container.start_ts" => |call, _, _| started(call).map_or(Values::Absent, number),
        "container.duration" => |call, _, _| {
            started(call).map_or(Values::Absent, |start| number(time(call).wrapping_sub(start)))
        },
        "container.label" => {
            |call, field, _| of(call, |it| Values::text(field.key().and_then(|key| it.label(key))))
        }
        "container.labels" => |call, _, arena| of(call, |it| labels(it.labels.as_ref(), arena)),
        "k8s.pod.name" => |call, _, _| label(call, "io.kubernetes.pod.name"),
        "k8s.ns.name" => |call, _, _| label(call, "io.kubernetes.pod.namespace"),
        "k8s.pod.id" | "k8s.pod.uid" => |call, _, _| label(call, "io.kubernetes.pod.uid"),
        "k8s.pod.sandbox_id" => |call, _, _| {
            of(call, |it| text(it.pod_sandbox_id.get(..SHOWN).unwrap_or(&it.pod_sandbox_id)))
        },
        "k8s.pod.full_sandbox_id" => |call, _, _| of(call, |it| text(&it.pod_sandbox_id)),
        "k8s.pod.label" => |call, field, _| {
            of(call, |it| {
                let sandbox = sandbox(call, it).and_then(|it| it.pod_sandbox_labels.as_ref());
                let labels = [sandbox, it.pod_sandbox_labels.as_ref()];
                let found = field.key().and_then(|key| {
                    labels.into_iter().flatten().find_map(|labels| labels.get(key))
                });
                Values::text(found.map(String::as_str))
            })
        },
        "k8s.pod.labels" => |call, _, arena| {
            of(call, |it| {
                let holder = sandbox(call, it).unwrap_or(it);
                labels(holder.pod_sandbox_labels.as_ref(), arena)
            })
        },
        "k8s.pod.ip" => |call, _, _| of(call, |it| of_pod(call, it, |it| &it.ip)),
        "k8s.pod.cni.json" => |call, _, _| of(call, |it| of_pod(call, it, |it| &it.cni_json)),
        // Retired: the plugin extracts nothing for them.
        "container.healthcheck"
        | "container.liveness_probe"
        | "container.readiness_probe"
        | "proc.is_container_healthcheck"
        | "proc.is_container_liveness_probe"
        | "proc.is_container_readiness_probe" => |_, _, _| Values::Absent,
        _ if name.starts_with("k8s.") => |_, _, _| Values::Absent,
        _ => return None,
    })
}

fn text(text: &str) -> Values<'_> {
    Values::text(Some(text))
}

fn time(call: &SystemCall<'_>) -> u64 {
    crate::event::Event::time(call)
}

fn container_id<'e>(call: &SystemCall<'e>) -> Option<&'e str> {
    call.thread()?.cgroups.container()
}

/// The container that an event tells of, or in which it happened.
fn container<'e>(call: &SystemCall<'e>) -> Option<&'e Container> {
    let containers = &call.state().containers;
    if matches!(call.event_type().code, code::CONTAINER_E | code::ASYNCEVENT_E)
        && let Some((event, told)) = &containers.told
        && *event == crate::event::Event::number(call)
    {
        return Some(told);
    }
    call.thread()?;
    containers.get(container_id(call))
}

fn of<'e>(call: &SystemCall<'e>, value: impl FnOnce(&'e Container) -> Values<'e>) -> Values<'e> {
    container(call).map_or(Values::Absent, value)
}

fn label<'e>(call: &SystemCall<'e>, key: &str) -> Values<'e> {
    of(call, |container| Values::text(container.label(key)))
}

fn started(call: &SystemCall<'_>) -> Option<u64> {
    Some(call.thread()?.pidns_start).filter(|start| *start != 0)
}

/// The container that holds the pod's network, where this one does not say it itself.
fn sandbox<'e>(call: &SystemCall<'e>, container: &Container) -> Option<&'e Container> {
    if !container.cni_json.is_empty() {
        return None;
    }
    call.state().containers.sandbox(container)
}

fn of_pod<'e>(
    call: &SystemCall<'e>,
    container: &'e Container,
    value: fn(&Container) -> &String,
) -> Values<'e> {
    if !container.cni_json.is_empty() {
        return text(value(container));
    }
    Values::text(sandbox(call, container).map(|it| value(it).as_str()))
}

fn labels<'e>(labels: Option<&BTreeMap<String, String>>, arena: &'e Arena) -> Values<'e> {
    let mut words = Words::new(arena);
    for (key, value) in labels.into_iter().flatten() {
        // Annotations and what the kubelet notes for itself.
        if key.starts_with("annotation.") || key.starts_with("io.kubernetes.") {
            continue;
        }
        if !words.is_empty() {
            words.push(b", ");
        }
        words.push(key.as_bytes());
        if !value.is_empty() {
            words.push(b":");
            words.push(value.as_bytes());
        }
    }
    bytes(words.finish())
}

fn write_mount(words: &mut Words<'_>, mount: &Mount) {
    let Mount { source, destination, mode, writable, propagation } = mount;
    let _ = write!(words, "{source}:{destination}:{mode}:{writable}:{propagation}");
}

fn mounts<'e>(container: &Container, arena: &'e Arena) -> Values<'e> {
    let mut words = Words::new(arena);
    for (at, mount) in container.mounts.iter().flatten().enumerate() {
        if at > 0 {
            words.push(b",");
        }
        write_mount(&mut words, mount);
    }
    bytes(words.finish())
}

/// A mount by its place, or by a pattern that its source has, of `.source` its destination.
fn mount<'e>(
    call: &SystemCall<'e>,
    field: &FieldRef,
    value: impl FnOnce(&'e Mount) -> Values<'e>,
) -> Values<'e> {
    of(call, |container| {
        let mounts = container.mounts.as_deref().unwrap_or_default();
        let found = match (field.index(), field.key()) {
            (Some(index), _) => usize::try_from(index).ok().and_then(|at| mounts.get(at)),
            (None, Some(pattern)) => {
                let by_destination = field.name == "container.mount.source";
                let pattern = regex::RegexBuilder::new(pattern).multi_line(true).build().ok();
                pattern.and_then(|pattern| {
                    mounts.iter().find(|mount| {
                        let side = if by_destination { &mount.destination } else { &mount.source };
                        pattern.is_match(side)
                    })
                })
            }
            (None, None) => None,
        };
        found.map_or(Values::Absent, value)
    })
}
