//! The Helm chart, rendered by Helm: every set of values in its `ci` folder holds by our own rules.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

use crate::machine::Machine;
use crate::{at, is_there, path, said};

const CHART: &str = "deploy/chart/plimsoll";

fn helm(machine: &Machine, arguments: &[&str]) -> Output {
    let mut command = Command::new("helm");
    command.env("HOME", machine.path("home")).current_dir(at(CHART)).args(arguments);
    command.output().unwrap()
}

/// A machine with Helm; nothing where there is none.
fn machine() -> Option<Machine> {
    is_there("helm", "version").then(Machine::new)
}

/// What Helm renders, document by document.
fn rendered(machine: &Machine, arguments: &[&str]) -> Vec<Value> {
    let all = [&["template", "rel", ".", "-n", "shop"], arguments].concat();
    let text = said(&helm(machine, &all));
    text.split("\n---")
        .map(|text| serde_saphyr::from_str::<Value>(text).unwrap_or_else(|e| panic!("{e}: {text}")))
        .filter(Value::is_object)
        .collect()
}

fn of_kind<'o>(objects: &'o [Value], kind: &str) -> Vec<&'o Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

fn sets() -> Vec<String> {
    let mut found: Vec<String> = fs::read_dir(at(CHART).join("ci"))
        .unwrap()
        .map(|entry| format!("ci/{}", entry.unwrap().file_name().to_string_lossy()))
        .collect();
    found.sort();
    found
}

#[test]
fn every_set_of_values_is_taken_by_helm() {
    let Some(machine) = machine() else { return };
    for set in sets() {
        let told = said(&helm(&machine, &["lint", "--strict", ".", "-f", &set]));
        assert!(told.contains("0 chart(s) failed"), "{set}: {told}");
    }
    said(&helm(&machine, &["lint", "--strict", "."]));
}

#[test]
fn all_but_the_sensor_meets_the_restricted_profile_and_our_rules() {
    let Some(machine) = machine() else { return };
    let path = path();
    let path = path.to_string_lossy();
    let chart = at(CHART);
    for set in sets() {
        let arguments = format!(
            "kube lint --pss restricted --namespace shop -f json --values {} {}",
            chart.join(&set).display(),
            chart.display()
        );
        let ran = machine.run_with(&[("PATH", &path)], &arguments);
        let found: BTreeSet<String> = ran
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["code"].as_str().unwrap().to_owned())
            .collect();
        // What docs/watch.md says that it is granted, and the socket that these values ask for.
        let granted: &[&str] = match set.as_str() {
            "ci/sensor-values.yaml" => &[
                "PK3005",
                "PK3006",
                "capabilities_restricted",
                "hostNamespaces",
                "restrictedVolumes",
                "runAsNonRoot",
                "runAsUser",
            ],
            _ => &[],
        };
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), granted, "{set}");
    }
}

#[test]
fn what_pods_are_told_is_what_the_program_takes() {
    let Some(machine) = machine() else { return };
    let mut started = BTreeSet::new();
    for set in sets() {
        for object in rendered(&machine, &["-f", &set]) {
            let pod = ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec"];
            let Some(pod) = pod.iter().find_map(|at| object.pointer(at)) else { continue };
            for container in pod["containers"].as_array().unwrap() {
                let words: Vec<&str> = container["args"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(Value::as_str)
                    .collect();
                started.insert(container["name"].as_str().unwrap().to_owned());
                // Flags before it are judged before it is obeyed.
                let ran = machine.command().args(&words).arg("--help").output().unwrap();
                said(&ran);
            }
        }
    }
    let all = ["admission", "operator", "scheduler", "server", "update", "watch", "worker"];
    assert_eq!(started.iter().map(String::as_str).collect::<Vec<_>>(), all);
}

#[test]
fn its_webhooks_are_those_that_the_program_prints_for_the_same_settings() {
    let Some(machine) = machine() else { return };
    let cases: [&[&str]; 5] = [
        &[],
        &["--set", "admission.settings.failure=open,admission.settings.timeout=5s"],
        &["--set", "admission.settings.images=null,admission.settings.templates=enforce"],
        &[
            "--set",
            "admission.settings.rules=null,admission.settings.podSecurity.mode=warn",
            "--set",
            "admission.settings.images.digest.mode=warn",
        ],
        &[
            "--set",
            "admission.settings.rules[0].severity=error,admission.settings.rules[0].mode=enforce",
        ],
    ];
    for case in cases {
        let objects = rendered(&machine, &[&["-f", "ci/cluster-values.yaml"], case].concat());
        let settings = of_kind(&objects, "ConfigMap")[0]["data"]["admit.yaml"].as_str().unwrap();
        machine.write("admit.yaml", settings);
        let printed = machine.run(
            "kube admit --config admit.yaml --print-config --service shop/rel-plimsoll-admission \
             --own-tls tls",
        );
        for text in printed.ended(0).out.split("\n---") {
            let ours: Value = serde_saphyr::from_str(text).unwrap();
            let of_chart = of_kind(&objects, ours["kind"].as_str().unwrap());
            assert_eq!(of_chart.len(), 1, "{case:?}: {}", ours["kind"]);
            let strip = |object: &Value| {
                let mut webhooks = object["webhooks"].clone();
                for webhook in webhooks.as_array_mut().unwrap() {
                    webhook["clientConfig"]["caBundle"] = Value::Null;
                }
                webhooks
            };
            assert_eq!(strip(of_chart[0]), strip(&ours), "{case:?}");
        }
    }
}

#[test]
fn cert_manager_gives_the_webhook_its_certificate_and_the_webhooks_their_authority() {
    let Some(machine) = machine() else { return };
    let set = ["-f", "ci/cert-manager-values.yaml"];
    for (more, certificates, issuer) in [
        ("admission.replicas=2", 1, "ClusterIssuer"),
        ("admission.certManager.issuer=null", 2, "Issuer"),
    ] {
        let objects = rendered(&machine, &[&set[..], &["--set", more]].concat());
        let all = of_kind(&objects, "Certificate");
        assert_eq!(all.len(), certificates, "{more}");
        let own = all.iter().find(|it| it["metadata"]["name"] == "rel-plimsoll-admission").unwrap();
        assert_eq!(own["spec"]["issuerRef"]["kind"], issuer);
        assert_eq!(own["spec"]["dnsNames"][0], "rel-plimsoll-admission.shop.svc");
        let pod = &of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"];
        let mounted = pod["volumes"].as_array().unwrap().iter().find(|it| it["name"] == "tls");
        assert_eq!(mounted.unwrap()["secret"]["secretName"], own["spec"]["secretName"]);
        assert!(pod["containers"][0]["args"].to_string().contains("--tls-cert="), "{pod}");
        // What `--print-config` prints for it has the same annotation.
        let settings = of_kind(&objects, "ConfigMap")[0]["data"]["admit.yaml"].as_str().unwrap();
        machine.write("admit.yaml", settings);
        let printed = machine.run(
            "kube admit --config admit.yaml --print-config --service shop/rel-plimsoll-admission \
             --ca-from shop/rel-plimsoll-admission",
        );
        let ours: Value = serde_saphyr::from_str(&printed.ended(0).out).unwrap();
        let of_chart = of_kind(&objects, "ValidatingWebhookConfiguration")[0];
        assert_eq!(of_chart["metadata"]["annotations"], ours["metadata"]["annotations"]);
        assert_eq!(of_kind(&objects, "Secret").len(), 0, "no certificate of its own");
    }
    let all = ["--set", "admission.tlsSecret=a"];
    let ran = helm(&machine, &[&["template", "rel", "."], &set[..], &all[..]].concat());
    assert!(String::from_utf8_lossy(&ran.stderr).contains("the certificate is of one of them"));
}

#[test]
fn values_that_are_wrong_are_refused_with_their_place() {
    let Some(machine) = machine() else { return };
    let refused = |set: &[&str], why: &str| {
        let ran = helm(&machine, &[&["template", "rel", ".", "-n", "shop"], set].concat());
        let told = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(!ran.status.success() && told.contains(why), "{set:?}: {told}");
    };
    refused(&["--set", "server.replica=3"], "'replica' not allowed");
    refused(&["--set", "image.digest=latest"], "/image/digest");
    refused(&["--set", "admission.settings.failure=maybe"], "/admission/settings/failure");
    refused(&["--set", "server.store.kind=postgres"], "server.store.existingSecret");
    refused(
        &["--set", "server.store.kind=postgres,server.store.existingSecret=a"],
        "server.keySecret",
    );
    refused(&["--set", "watch.enabled=true,watch.createNamespace=true"], "watch.namespace");
    refused(
        &[
            "--set",
            "server.oidc.issuer=https://id.example,server.oidc.client=a,server.oidc.publicAddress=https://b",
        ],
        "nobody would be let in",
    );
}

#[test]
fn a_server_of_sqlite_is_alone_and_one_of_postgresql_is_many() {
    let Some(machine) = machine() else { return };
    let objects = rendered(&machine, &[]);
    assert_eq!(of_kind(&objects, "StatefulSet")[0]["spec"]["replicas"], 1);
    assert!(of_kind(&objects, "Deployment").is_empty());
    let job = of_kind(&objects, "CronJob")[0];
    let claim = job.pointer("/spec/jobTemplate/spec/template/spec/volumes/0/persistentVolumeClaim");
    assert_eq!(claim.unwrap()["claimName"], "data-rel-plimsoll-server-0");

    let objects = rendered(&machine, &["-f", "ci/fleet-values.yaml"]);
    assert_eq!(of_kind(&objects, "StatefulSet")[0]["spec"]["replicas"], 3);
    let roles: Vec<&Value> = of_kind(&objects, "Deployment");
    assert_eq!(roles.len(), 2);
    for role in roles {
        let container = &role["spec"]["template"]["spec"]["containers"][0];
        let image = container["image"].as_str().unwrap();
        assert!(image.starts_with("ghcr.io/plimsoll/plimsoll@sha256:"), "{image}");
        let store = container["env"].as_array().unwrap().iter();
        let store = store.filter(|it| it["name"] == "PLIMSOLL_STORE").count();
        assert_eq!(store, 1);
    }
    // KEDA says how many there are.
    assert_eq!(of_kind(&objects, "ScaledObject").len(), 1);
    let rule = of_kind(&objects, "PrometheusRule")[0];
    assert!(rule["spec"]["groups"].as_array().unwrap().len() > 1);
    let boards = of_kind(&objects, "ConfigMap");
    assert_eq!(boards.len(), fs::read_dir(at("deploy/grafana/dashboards")).unwrap().count());
}

#[test]
fn a_packed_chart_is_the_folder_with_what_its_links_lead_to() {
    let Some(machine) = machine() else { return };
    let version = env!("CARGO_PKG_VERSION");
    let into = machine.path("packed").display().to_string();
    said(&helm(&machine, &["package", ".", "-d", &into]));
    let packed = machine.path(&format!("packed/plimsoll-{version}.tgz")).display().to_string();
    let template = |chart: &str| {
        let values = ["-f", "ci/cluster-values.yaml"];
        said(&helm(&machine, &[&["template", "rel", chart, "-n", "shop"], &values[..]].concat()))
    };
    assert_eq!(template(&packed), template("."));
    let objects = rendered(&machine, &["-f", "ci/cluster-values.yaml"]);
    let kinds = of_kind(&objects, "CustomResourceDefinition");
    assert_eq!(kinds.len(), 12);
    for kind in kinds {
        assert_eq!(kind["metadata"]["annotations"]["helm.sh/resource-policy"], "keep");
    }
}
