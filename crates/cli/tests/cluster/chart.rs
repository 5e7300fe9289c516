//! The Helm chart on a real API server: it is installed, and an upgrade keeps what the running webhook wrote.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use plimsoll_testkit::free_port;
use reqwest::Method;
use serde_json::Value;

use crate::server::{Cluster, file, plimsoll};

const NAME: &str = "rel-plimsoll-admission";

fn helm(cluster: &Cluster, arguments: &[&str]) -> Output {
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/chart/plimsoll");
    Command::new("helm")
        .current_dir(chart)
        .env("HOME", cluster.at("helm"))
        .env("KUBECONFIG", cluster.admin())
        .args(arguments)
        .output()
        .unwrap()
}

#[track_caller]
fn good(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn read(cluster: &Cluster, path: &str) -> Value {
    cluster.ask(Method::GET, path, None).ok().body
}

/// The certificate that the webhook wrote, and the authority that it had the API server trust.
fn written(cluster: &Cluster) -> (String, String) {
    let secret = read(cluster, &format!("/api/v1/namespaces/shop/secrets/{NAME}"));
    let webhooks = read(
        cluster,
        &format!("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{NAME}"),
    );
    let bundle = webhooks["webhooks"][0]["clientConfig"]["caBundle"].as_str().unwrap_or_default();
    let certificate = secret["data"]["tls.crt"].as_str().unwrap_or_default();
    (certificate.to_owned(), bundle.to_owned())
}

#[test]
fn an_upgrade_of_the_chart_keeps_the_certificate_and_a_removal_the_reports() {
    if Command::new("helm").arg("version").output().is_err() {
        println!("skipped: there is no helm; `make sign-peers` fetches it");
        return;
    }
    let flags = ["--disable-admission-plugins", "ServiceAccount,PodSecurity"];
    let Some(cluster) = Cluster::start(&flags) else { return };
    let values = ["-n", "shop", "-f", "ci/cluster-values.yaml"];
    good(&helm(&cluster, &[&["install", "rel", ".", "--create-namespace"], &values[..]].concat()));
    assert_eq!(written(&cluster), (String::new(), String::new()));

    // There is no node, so the webhook that the chart starts is started here.
    let config = cluster.at("admit.yaml");
    let map = read(&cluster, &format!("/api/v1/namespaces/shop/configmaps/{NAME}"));
    std::fs::write(&config, map["data"]["admit.yaml"].as_str().unwrap()).unwrap();
    let mut child = plimsoll()
        .args(["kube", "admit", "--listen", &format!("127.0.0.1:{}", free_port()), "--config"])
        .arg(&config)
        .args(["--own-tls", &format!("secret:shop/{NAME}"), "--service", &format!("shop/{NAME}")])
        .args(["--patch-webhooks", NAME, "--kubeconfig"])
        .arg(cluster.admin())
        .stderr(std::fs::File::create(cluster.at("webhook.log")).unwrap())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    let kept = loop {
        let (certificate, bundle) = written(&cluster);
        if !certificate.is_empty() && !bundle.is_empty() {
            break (certificate, bundle);
        }
        if Instant::now() > until {
            let _ = child.kill();
            panic!("{}", file(&cluster.at("webhook.log")));
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    let _ = child.kill();
    let _ = child.wait();

    let more = ["--set", "admission.replicas=3"];
    good(&helm(&cluster, &[&["upgrade", "rel", "."], &values[..], &more].concat()));
    assert_eq!(written(&cluster), kept);
    let deployment = read(&cluster, &format!("/apis/apps/v1/namespaces/shop/deployments/{NAME}"));
    assert_eq!(deployment["spec"]["replicas"], 3);

    let kinds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let count = |cluster: &Cluster| read(cluster, kinds)["items"].as_array().unwrap().len();
    assert_eq!(count(&cluster), 12);
    good(&helm(&cluster, &["uninstall", "rel", "-n", "shop"]));
    assert_eq!(count(&cluster), 12);
    let gone = format!("/apis/apps/v1/namespaces/shop/deployments/{NAME}");
    assert_eq!(cluster.ask(Method::GET, &gone, None).status, 404);
}

#[test]
fn a_real_api_server_takes_every_object_of_every_set_of_values() {
    if Command::new("helm").arg("version").output().is_err() {
        return;
    }
    let flags = ["--disable-admission-plugins", "ServiceAccount,PodSecurity"];
    let Some(cluster) = Cluster::start(&flags) else { return };
    for (set, more) in [
        ("ci/sqlite-values.yaml", ""),
        // Kinds of other projects' operators are not there.
        (
            "ci/fleet-values.yaml",
            "workers.keda.enabled=false,workers.autoscaling.enabled=true,\
            monitoring.serviceMonitor=false,monitoring.prometheusRule=false",
        ),
        ("ci/sensor-values.yaml", ""),
    ] {
        let name = set.trim_start_matches("ci/").trim_end_matches("-values.yaml");
        let mut arguments = vec!["install", name, ".", "-n", name, "--create-namespace", "-f", set];
        if !more.is_empty() {
            arguments.extend(["--set", more]);
        }
        good(&helm(&cluster, &arguments));
    }
    let sensor = read(&cluster, "/apis/apps/v1/namespaces/plimsoll-watch/daemonsets");
    assert_eq!(sensor["items"].as_array().unwrap().len(), 1);
}
