//! The fixtures of the admission plugin on a real API server: by its own admission, by `kube lint`
//! and by the webhook that stands in for its own.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::pss::{Policy, Version, evaluate};
use plimsoll_kube::{Object, Workload};
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Answer, Cluster, fixtures};

/// The newest version whose checks the API server under test has.
const NEWEST: u32 = 37;

fn name_of(level: &str, version: &str) -> String {
    format!("{level}-{}", version.replace('.', "-"))
}

/// What the admission plugin says by what we know.
fn expected(level: &str, version: &str, pod: &Value) -> Option<String> {
    let shown = version;
    let version = match version.parse().unwrap() {
        Version::Minor(minor) => Version::Minor(minor.min(NEWEST)),
        Version::Latest => Version::Minor(NEWEST),
    };
    let manifest = Manifest::from_json(pod.to_string().as_bytes()).unwrap();
    let workload = Workload::new(Object::new(&manifest.documents[0]), &manifest.source).unwrap();
    let found = evaluate(&workload.pod, Policy { profile: level.parse().unwrap(), version });
    let said: Vec<String> = found.iter().map(|(_, one)| one.message()).collect();
    let name = pod["metadata"]["name"].as_str().unwrap();
    (!said.is_empty()).then(|| {
        let all = said.join(", ");
        format!("pods {name:?} is forbidden: violates PodSecurity \"{level}:{shown}\": {all}")
    })
}

/// Asks about every fixture in its namespace.
fn ask_all(cluster: &Cluster, fixtures: &[(String, String, String, Value)]) -> Vec<Answer> {
    let namespaces: BTreeSet<(&str, &str)> =
        fixtures.iter().map(|(_, level, version, _)| (level.as_str(), version.as_str())).collect();
    for (level, version) in namespaces {
        let labels = [("enforce", level), ("enforce-version", version), ("warn", "privileged")];
        cluster.namespace(&name_of(level, version), &labels);
    }
    let ask = |(_, level, version, pod): &(String, String, String, Value)| {
        cluster.dry_run(&name_of(level, version), pod)
    };
    fixtures.iter().map(ask).collect()
}

#[test]
fn every_fixture_has_the_verdict_of_a_real_api_server_in_its_words() {
    let Some(cluster) = Cluster::start(&["--disable-admission-plugins", "ServiceAccount"]) else {
        return;
    };
    let fixtures = fixtures();
    let answers = ask_all(&cluster, &fixtures);
    let mut wrong = Vec::new();
    let (mut judged, mut invalid) = (0, BTreeMap::<String, usize>::new());
    for ((id, level, version, pod), answer) in fixtures.iter().zip(&answers) {
        match answer.status {
            // The API server refuses it before any admission is asked.
            400 | 422 => {
                let family = id.rsplit('/').next().unwrap().trim_end_matches(char::is_numeric);
                *invalid.entry(family.to_owned()).or_default() += 1;
                continue;
            }
            201 | 403 => judged += 1,
            _ => wrong.push(format!("{id}: {answer:?}")),
        }
        let said = (answer.status == 403).then(|| answer.message().to_owned());
        let ours = expected(level, version, pod);
        if said != ours {
            wrong.push(format!("{id}:\n  {said:?}\n  {ours:?}"));
        }
    }
    println!("{judged} fixtures judged alike; refused as no pods: {invalid:?}");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(judged * 10 > fixtures.len() * 8, "{judged} of {}", fixtures.len());

    // The same by our webhook, where the API server's own admission is off.
    let flags = ["--disable-admission-plugins", "ServiceAccount,PodSecurity"];
    let Some(other) = Cluster::start(&flags) else { return };
    let settings = "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: closed\n\
                    podSecurity: {mode: enforce}\n";
    let _webhook = other.webhook(settings, &[]);
    let by_webhook = ask_all(&other, &fixtures);
    let prefix = "admission webhook \"pods.admission.plimsoll.dev\" denied the request: ";
    let mut wrong = Vec::new();
    for (((id, _, version, _), own), webhook) in fixtures.iter().zip(&answers).zip(&by_webhook) {
        let is_newer = matches!(version.parse(), Ok(Version::Minor(minor)) if minor > NEWEST);
        if is_newer || own.status == 400 || own.status == 422 {
            continue;
        }
        let said = webhook.message();
        if webhook.status != own.status
            || said.strip_prefix(prefix).unwrap_or(said) != own.message()
        {
            wrong.push(format!("{id}:\n  {}\n  {said}", own.message()));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn pod(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
}

fn containers() -> Value {
    json!([{"name": "c", "image": "registry.example/c:1"}])
}

#[test]
fn warnings_and_audit_annotations_are_those_of_the_api_server() {
    let settings = "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: closed\n\
                    podSecurity: {mode: enforce}\n";
    let own = ["--disable-admission-plugins", "ServiceAccount"];
    let ours = ["--disable-admission-plugins", "ServiceAccount,PodSecurity"];
    let (Some(own), Some(ours)) = (Cluster::start(&own), Cluster::start(&ours)) else { return };
    let _webhook = ours.webhook(settings, &[]);
    let labels = [
        ("enforce", "baseline"),
        ("enforce-version", "v1.30"),
        ("audit", "restricted"),
        ("audit-version", "v1.25"),
        ("warn", "restricted"),
        ("warn-version", "v1.28"),
    ];
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "made"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}},
        "spec": {"hostPID": true, "containers": containers()}}}});
    let cron = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "timed"},
        "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": {
        "restartPolicy": "Never", "hostNetwork": true, "containers": containers()}}}}}});
    let requests = [
        (
            "refused",
            "/api/v1/namespaces/shop/pods",
            pod("refused", json!({"hostPID": true, "containers": containers()})),
        ),
        (
            "warned",
            "/api/v1/namespaces/shop/pods",
            pod("warned", json!({"containers": containers()})),
        ),
        ("made", "/apis/apps/v1/namespaces/shop/deployments", deployment),
        ("timed", "/apis/batch/v1/namespaces/shop/cronjobs", cron),
        (
            "free",
            "/api/v1/namespaces/free/pods",
            pod("free", json!({"hostPID": true, "containers": containers()})),
        ),
    ];
    for cluster in [&own, &ours] {
        cluster.namespace("shop", &labels);
        cluster.namespace("free", &[]);
    }
    let prefix = "admission webhook \"pods.admission.plimsoll.dev\" denied the request: ";
    for (name, path, object) in &requests {
        let (first, second) = (own.post(path, object), ours.post(path, object));
        assert_eq!(first.status, second.status, "{name}: {second:?}");
        assert_eq!(first.warnings, second.warnings, "{name}");
        if first.status == 403 {
            assert_eq!(Some(first.message()), second.message().strip_prefix(prefix), "{name}");
        }
        let (first, second) = (own.audited(name), ours.audited(name));
        for key in ["enforce-policy", "audit-violations", "exempt", "error"] {
            let webhooks = ["pods", "templates"];
            let said = webhooks
                .map(|it| second[format!("{it}.admission.plimsoll.dev/{key}")].as_str())
                .into_iter()
                .flatten()
                .next();
            let own = first[format!("pod-security.kubernetes.io/{key}")].as_str();
            assert_eq!(own, said, "{name} {key}: {second}");
        }
    }
    updates_and_namespaces(&own, &ours);
}

/// Changes that do not matter, ephemeral containers, and labels of namespaces.
fn updates_and_namespaces(own: &Cluster, ours: &Cluster) {
    let both = |method: &Method, path: &str, body: &Value, wanted: u16| {
        let answers = [own, ours].map(|cluster| cluster.ask(method.clone(), path, Some(body)));
        let [first, second] = &answers;
        assert_eq!(first.status, wanted, "{first:?}");
        assert_eq!(first.status, second.status, "{path}: {second:?}");
        assert_eq!(first.warnings, second.warnings, "{path}");
        let said = second.message();
        let said = said.split_once("denied the request: ").map_or(said, |(_, said)| said);
        if wanted >= 400 {
            assert_eq!(first.message(), said, "{path}");
        }
    };
    let privileged = json!({"containers": [{"name": "c", "image": "registry.example/c:1",
        "securityContext": {"privileged": true}}]});
    both(&Method::POST, "/api/v1/namespaces/free/pods", &pod("old", privileged), 201);
    let label = |mode: &str, value: &str| json!({"metadata": {"labels": {format!("pod-security.kubernetes.io/{mode}"): value}}});
    // What runs there already is told.
    for level in ["baseline", "restricted", "strict"] {
        let wanted = if level == "strict" { 422 } else { 200 };
        let path = "/api/v1/namespaces/free?dryRun=All";
        both(&Method::PATCH, path, &label("enforce", level), wanted);
    }
    both(&Method::PATCH, "/api/v1/namespaces/free", &label("enforce", "baseline"), 200);
    let path = "/api/v1/namespaces/free/pods/old";
    both(&Method::PATCH, path, &json!({"metadata": {"labels": {"a": "b"}}}), 200);
    let image = json!([{"op": "replace", "path": "/spec/containers/0/image", "value": "registry.example/c:2"}]);
    for cluster in [own, ours] {
        let answer = cluster
            .client
            .patch(format!("{}{path}", cluster.url))
            .bearer_auth("a-token-for-tests")
            .header("Content-Type", "application/json-patch+json")
            .body(image.to_string())
            .send()
            .unwrap();
        assert_eq!(answer.status().as_u16(), 403);
    }
    both(&Method::PATCH, &format!("{path}/status"), &json!({"status": {"message": "x"}}), 200);
    let ephemeral =
        json!({"spec": {"ephemeralContainers": [{"name": "e", "image": "registry.example/e:1"}]}});
    both(&Method::PATCH, &format!("{path}/ephemeralcontainers"), &ephemeral, 403);
    let scale = json!({"spec": {"replicas": 3}});
    let path = "/apis/apps/v1/namespaces/shop/deployments/made/scale";
    both(&Method::PATCH, path, &scale, 200);
    both(&Method::DELETE, "/api/v1/namespaces/free/pods/old?gracePeriodSeconds=0", &json!({}), 200);
}

#[test]
fn what_pss_plan_warns_of_is_what_a_dry_run_of_labels_warns_of() {
    let Some(cluster) = Cluster::start(&["--disable-admission-plugins", "ServiceAccount"]) else {
        return;
    };
    cluster.namespace("shop", &[]);
    let specs = [
        ("b", json!({"containers": containers()})),
        ("a", json!({"containers": containers()})),
        ("host", json!({"hostNetwork": true, "containers": containers()})),
        (
            "volume",
            json!({"containers": containers(), "volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
        ),
        ("c", json!({"containers": containers()})),
    ];
    for (name, spec) in specs {
        cluster.post("/api/v1/namespaces/shop/pods", &pod(name, spec)).ok();
    }
    let pods = cluster.ask(Method::GET, "/api/v1/namespaces/shop/pods", None).body;
    let mut items = pods["items"].as_array().unwrap().clone();
    for item in &mut items {
        item["apiVersion"] = "v1".into();
        item["kind"] = "Pod".into();
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    let manifest = Manifest::from_json(list.as_bytes()).unwrap();
    let version = Version::Minor(NEWEST);
    let rollouts = plimsoll_kube::pss::plan([("pods", &manifest)], version);
    for level in ["baseline", "restricted"] {
        let labels = json!({"metadata": {"labels": {
            "pod-security.kubernetes.io/enforce": level,
            "pod-security.kubernetes.io/enforce-version": version.to_string()}}});
        let path = "/api/v1/namespaces/shop?dryRun=All";
        let answer = cluster.ask(Method::PATCH, path, Some(&labels)).ok();
        assert_eq!(rollouts[0].warnings(level.parse().unwrap()), answer.warnings, "{level}");
        assert!(answer.warnings.len() > 2, "{:?}", answer.warnings);
    }
}
