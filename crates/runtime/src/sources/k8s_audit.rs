//! The audit log of a Kubernetes API server, as the plugin `k8saudit` reads it.
//!
//! After `extract.go` and `source.go` of falcosecurity/plugins.

use super::containers::{self, gather, texts};
use super::{Json, Log};
use crate::event::{Arena, FieldRef, Value, Values};
use crate::fields::Source;

pub(super) static LOG: Log = Log {
    source: Source::K8sAudit,
    plugin: Some("k8saudit"),
    code: |_| None,
    is_event: |document| document.get("auditID").is_some() || is_kind(document, "Event"),
    batch: |document| {
        if is_kind(document, "EventList") { document.get("items")?.items() } else { None }
    },
    time: |document| {
        super::time(document.get("stageTimestamp")).ok_or("it has no time in `stageTimestamp`")
    },
    field,
    info: Json::to_string,
};

fn is_kind(document: &Json, kind: &str) -> bool {
    document.get("kind").and_then(Json::text) == Some(kind)
}

/// Fields that stand where they stand, each by its path.
const PATHS: [(&str, &[&str]); 37] = [
    ("ka.auditid", &["auditID"]),
    ("ka.stage", &["stage"]),
    ("ka.auth.decision", &["annotations", "authorization.k8s.io/decision"]),
    ("ka.auth.reason", &["annotations", "authorization.k8s.io/reason"]),
    ("ka.auth.openshift.decision", &["annotations", "authentication.openshift.io/decision"]),
    ("ka.auth.openshift.username", &["annotations", "authentication.openshift.io/username"]),
    (
        "ka.validations.admission.policy.failure",
        &["annotations", "validation.policy.admission.k8s.io/validation_failure"],
    ),
    ("ka.security.pod.violations", &["annotations", "pod-security.kubernetes.io/audit-violations"]),
    ("ka.user.name", &["user", "username"]),
    ("ka.user.groups", &["user", "groups"]),
    ("ka.impuser.name", &["impersonatedUser", "username"]),
    ("ka.verb", &["verb"]),
    ("ka.uri", &["requestURI"]),
    ("ka.target.name", &["objectRef", "name"]),
    ("ka.target.namespace", &["objectRef", "namespace"]),
    ("ka.target.resource", &["objectRef", "resource"]),
    ("ka.target.subresource", &["objectRef", "subresource"]),
    ("ka.req.binding.subjects", &["requestObject", "subjects"]),
    ("ka.req.binding.role", &["requestObject", "roleRef", "name"]),
    ("ka.req.configmap.name", &["objectRef", "name"]),
    ("ka.req.configmap.obj", &["requestObject", "data"]),
    ("ka.req.pod.host_ipc", &["requestObject", "spec", "hostIPC"]),
    ("ka.req.pod.host_network", &["requestObject", "spec", "hostNetwork"]),
    ("ka.req.container.host_network", &["requestObject", "spec", "hostNetwork"]),
    ("ka.req.pod.host_pid", &["requestObject", "spec", "hostPID"]),
    ("ka.req.pod.run_as_user", &["requestObject", "spec", "securityContext", "runAsUser"]),
    ("ka.req.pod.run_as_group", &["requestObject", "spec", "securityContext", "runAsGroup"]),
    ("ka.req.role.rules", &["requestObject", "rules"]),
    ("ka.req.pod.fs_group", &["requestObject", "spec", "securityContext", "fsGroup"]),
    (
        "ka.req.pod.supplemental_groups",
        &["requestObject", "spec", "securityContext", "supplementalGroups"],
    ),
    ("ka.req.service.type", &["requestObject", "spec", "type"]),
    ("ka.resp.name", &["responseObject", "metadata", "name"]),
    ("ka.response.code", &["responseStatus", "code"]),
    ("ka.response.reason", &["responseStatus", "reason"]),
    ("ka.useragent", &["userAgent"]),
    ("ka.cluster.name", &["annotations", "cluster_name"]),
    // The plugin looks for these below the rules of a role, where they never are.
    ("ka.sourceips", &["sourceIPs"]),
];

/// The lists of containers in a pod.
const LISTS: [(&str, &str); 3] = [
    ("ka.req.pod.containers.", "containers"),
    ("ka.req.pod.initContainers.", "initContainers"),
    ("ka.req.pod.ephemeralContainers.", "ephemeralContainers"),
];

fn field<'e>(document: &'e Json, field: &FieldRef, arena: &'e Arena) -> Values<'e> {
    if document.get("auditID").is_none() {
        return Values::Absent;
    }
    let index = field.index().and_then(|index| usize::try_from(index).ok());
    for (prefix, list) in LISTS {
        if let Some(name) = field.name.strip_prefix(prefix) {
            return containers::field(document, list, name, index, arena);
        }
    }
    if let Some((_, path)) = PATHS.iter().find(|(name, _)| *name == field.name) {
        let found = document.at(path);
        if !field.traits.list {
            return Json::field(found, arena);
        }
        let Some(items) = found.and_then(Json::items) else { return Values::Absent };
        let wanted = items.iter().enumerate().filter(|(at, _)| index.is_none_or(|it| it == *at));
        return texts(wanted.map(|(_, item)| item.shown(arena)), arena);
    }
    let below = |keys: &[&str], index| {
        let mut found = Vec::new();
        gather(document, index, keys, &mut found).ok().map(|()| found)
    };
    let shown = |keys: &[&str]| match below(keys, index) {
        Some(found) => texts(found.into_iter().flatten().map(|one| one.shown(arena)), arena),
        None => Values::Absent,
    };
    let yes = |is: bool| Values::One(Value::text(if is { "true" } else { "false" }));
    let first = |values: Values<'e>| values.as_slice().first().copied().into();
    match field.name {
        "ka.uri.param" => {
            let uri = document.get("requestURI").and_then(Json::text).unwrap_or_default();
            let query = uri.split_once('?').map_or("", |(_, query)| query);
            let query = query.split('#').next().unwrap_or_default();
            match parameter(query, field.key().unwrap_or_default()) {
                Some(value) => Values::text(Some(arena.alloc_str(&value))),
                None => Values::Absent,
            }
        }
        "ka.target.pod.name" => {
            let of = |key| document.at(&["objectRef", key]).and_then(Json::text);
            if of("resource") == Some("pods") && of("subresource").unwrap_or_default().is_empty() {
                return Json::field(document.at(&["responseObject", "metadata", "name"]), arena);
            }
            Values::Absent
        }
        "ka.req.binding.subjects.user_names" => subjects(document, "User", false, arena),
        "ka.req.binding.subjects.group_names" => subjects(document, "Group", false, arena),
        "ka.req.binding.subjects.serviceaccount_names" => {
            subjects(document, "ServiceAccount", false, arena)
        }
        "ka.req.binding.subjects.serviceaccount_ns_names" => {
            subjects(document, "ServiceAccount", true, arena)
        }
        "ka.req.binding.subject.has_name" => yes(true),
        "ka.req.container.image" => {
            first(containers::field(document, "containers", "image", Some(0), arena))
        }
        "ka.req.container.image.repository" => {
            first(containers::field(document, "containers", "image.repository", Some(0), arena))
        }
        "ka.req.container.privileged" => {
            let keys = ["requestObject", "spec", "containers", "securityContext", "privileged"];
            match below(&keys, None) {
                Some(found) => yes(found.into_iter().flatten().any(Json::is_true)),
                None => Values::Absent,
            }
        }
        "ka.req.role.rules.apiGroups" => of_rules(document, "apiGroups", index, arena),
        "ka.req.role.rules.nonResourceURLs" => of_rules(document, "nonResourceURLs", index, arena),
        "ka.req.role.rules.verbs" => of_rules(document, "verbs", index, arena),
        "ka.req.role.rules.resources" => of_rules(document, "resources", index, arena),
        "ka.req.service.ports" => shown(&["requestObject", "spec", "ports"]),
        "ka.req.pod.volumes.hostpath" => {
            shown(&["requestObject", "spec", "volumes", "hostPath", "path"])
        }
        "ka.req.pod.volumes.flexvolume_driver" => {
            shown(&["requestObject", "spec", "volumes", "flexVolume", "driver"])
        }
        "ka.req.volume.hostpath" => {
            let keys = ["requestObject", "spec", "volumes", "hostPath", "path"];
            let Some(found) = below(&keys, None) else { return Values::Absent };
            let wanted = field.key().unwrap_or_default();
            let mut paths = found.into_iter().flatten().map(|one| one.shown(arena));
            yes(paths.any(|path| match wanted.strip_suffix('*') {
                Some(begin) => path.starts_with(begin),
                None => path == wanted,
            }))
        }
        "ka.req.pod.volumes.volume_type" => {
            let keys = ["requestObject", "spec", "volumes", ""];
            let Some(found) = below(&keys, index) else { return Values::Absent };
            let keys = found.into_iter().flatten().flat_map(|volume| match volume {
                Json::Object(fields) => fields.as_slice(),
                _ => &[],
            });
            texts(keys.map(|(name, _)| &**name).filter(|name| *name != "name"), arena)
        }
        _ => Values::Absent,
    }
}

/// The names of the subjects of a kind, with their namespace if that is asked.
fn subjects<'e>(document: &'e Json, kind: &str, full: bool, arena: &'e Arena) -> Values<'e> {
    let subjects = document.at(&["requestObject", "subjects"]).and_then(Json::items);
    let named = subjects.unwrap_or_default().iter().filter_map(|subject| {
        if subject.get("kind").and_then(Json::text) != Some(kind) {
            return None;
        }
        let name = subject.get("name")?.shown(arena);
        if !full {
            return Some(name);
        }
        let namespace = subject.get("namespace")?.shown(arena);
        Some(&*arena.alloc_str(&format!("{namespace}:{name}")))
    });
    texts(named, arena)
}

/// What the rules of a role list under a key.
fn of_rules<'e>(
    document: &'e Json,
    key: &str,
    index: Option<usize>,
    arena: &'e Arena,
) -> Values<'e> {
    let mut found = Vec::new();
    if gather(document, index, &["requestObject", "rules", key], &mut found).is_err() {
        return Values::Absent;
    }
    let items = found.into_iter().flatten().filter_map(Json::items).flatten();
    texts(items.map(|item| item.shown(arena)), arena)
}

/// The first value of a parameter in the query of a URI.
fn parameter(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(key)? == name).then(|| decoded(value)).flatten()
    })
}

/// A part of a query without `+` and `%20`.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(document: &str, name: &str, argument: Option<&str>) -> String {
        let document: Json = serde_json::from_str(document).unwrap();
        let reference = FieldRef::resolve(Source::K8sAudit, name, argument).unwrap();
        let arena = Arena::new();
        match field(&document, &reference, &arena) {
            Values::Absent => "<NA>".to_owned(),
            values => {
                let all = values.as_slice().iter().map(|one| one.bytes().unwrap());
                all.map(|one| String::from_utf8_lossy(one).into_owned())
                    .collect::<Vec<_>>()
                    .join("|")
            }
        }
    }

    #[test]
    fn values_are_read_where_the_plugin_reads_them() {
        let event = r#"{"auditID":"1","requestURI":"/a?x=1%202&y=a+b","sourceIPs":["10.0.0.1"],
            "objectRef":{"resource":"pods"},"responseObject":{"metadata":{"name":"web"}},
            "requestObject":{"spec":{"runAsUser":7,"containers":[
              {"name":"a","image":"r/a:1","args":["x","y"],"securityContext":{"privileged":true}},
              {"name":"b","image":"r/b@sha256:0","ports":[{"containerPort":80},{"hostPort":8}]}],
              "volumes":[{"name":"v","hostPath":{"path":"/etc/x"}},{"name":"w","emptyDir":{}}]},
              "subjects":[{"kind":"ServiceAccount","name":"s","namespace":"n"},
                {"kind":"User","name":"u"}],
              "rules":[{"verbs":["get"]},{"verbs":["*"],"resources":["pods"]}]}}"#;
        let all = [
            ("ka.uri.param", Some("x"), "1 2"),
            ("ka.uri.param", Some("y"), "a b"),
            ("ka.sourceips", None, "10.0.0.1"),
            ("ka.target.pod.name", None, "web"),
            ("ka.req.pod.containers.name", None, "a|b"),
            ("ka.req.pod.containers.image", Some("0"), "r/a:1"),
            ("ka.req.pod.containers.image", Some("9"), "<NA>"),
            ("ka.req.pod.containers.image.repository", None, "r/a|r/b"),
            ("ka.req.pod.containers.args", None, "x y"),
            ("ka.req.pod.containers.privileged", None, "true"),
            ("ka.req.pod.containers.host_port", None, "80|8"),
            ("ka.req.pod.containers.eff_run_as_user", None, "7|7"),
            ("ka.req.container.privileged", None, "true"),
            ("ka.req.pod.volumes.hostpath", None, "/etc/x"),
            ("ka.req.volume.hostpath", Some("/etc*"), "true"),
            ("ka.req.volume.hostpath", Some("/e"), "false"),
            ("ka.req.pod.volumes.volume_type", None, "hostPath|emptyDir"),
            ("ka.req.binding.subjects.serviceaccount_ns_names", None, "n:s"),
            ("ka.req.binding.subjects.user_names", None, "u"),
            ("ka.req.role.rules.verbs", None, "get|*"),
            ("ka.req.role.rules.verbs", Some("1"), "*"),
            ("ka.req.role.rules.resources", None, "pods"),
            ("ka.verb", None, "<NA>"),
        ];
        for (name, argument, expected) in all {
            assert_eq!(shown(event, name, argument), expected, "{name}{argument:?}");
        }
        assert_eq!(shown(r#"{"verb":"get"}"#, "ka.verb", None), "<NA>");
    }
}
