//! `deploy/admission.yaml`: what it may, what it asks for, and that it holds by its own rules.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plimsoll_admission::settings::Settings;
use plimsoll_admission::webhook::{Authority, NAME, Target, configurations, yaml};
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Cluster, documents, file, plimsoll};

fn manifest() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/admission.yaml")
}

fn of_kind(kind: &str) -> Vec<Value> {
    let all = documents(&file(&manifest()));
    all.into_iter().filter(|it| it["kind"] == kind).collect()
}

#[test]
fn the_webhooks_are_those_that_the_settings_ask_for() {
    let settings = of_kind("ConfigMap")[0]["data"]["admit.yaml"].as_str().unwrap().to_owned();
    let settings = Settings::parse(&settings).unwrap();
    let target =
        Target::Service { namespace: "plimsoll".into(), name: "plimsoll-admission".into() };
    let printed = configurations(&settings, NAME, &target, &Authority::Bundle(Vec::new()));
    let path = manifest();
    let text = file(&path);
    let (head, _) = text.split_once("# As `plimsoll kube admit --print-config` prints it").unwrap();
    let note = "# As `plimsoll kube admit --print-config` prints it; the running webhook fills in its \
                authority.\n";
    let wanted = format!("{head}{note}{}", yaml(&printed));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    assert!(file(&path) == wanted, "UPDATE_DOCS=1 writes deploy/admission.yaml anew");
}

#[test]
fn it_holds_by_our_own_rules() {
    let ran = plimsoll()
        .args([
            "kube",
            "lint",
            "--pss",
            "restricted",
            "--failure-threshold",
            "warning",
            "-f",
            "text",
        ])
        .arg(manifest())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn with_the_rights_that_it_asks_for_it_works_on_a_real_api_server_and_may_nothing_else() {
    let flags = ["--disable-admission-plugins", "ServiceAccount,PodSecurity"];
    let Some(cluster) = Cluster::start(&flags) else { return };
    // Taken as it is, but that the webhooks are asked under a URL, since there is no node.
    let port = plimsoll_testkit::free_port();
    let url = format!("https://127.0.0.1:{port}");
    for mut object in documents(&file(&manifest())) {
        for webhook in object["webhooks"].as_array_mut().into_iter().flatten() {
            let path = webhook["clientConfig"]["service"]["path"].as_str().unwrap().to_owned();
            webhook["clientConfig"] = json!({"url": format!("{url}{path}")});
        }
        cluster.apply(&object.to_string());
    }
    let path = "/api/v1/namespaces/plimsoll/serviceaccounts/plimsoll-admission/token";
    let request =
        json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let token =
        cluster.post(path, &request).ok().body["status"]["token"].as_str().unwrap().to_owned();
    let config = cluster.at("admit.yaml");
    std::fs::write(&config, of_kind("ConfigMap")[0]["data"]["admit.yaml"].as_str().unwrap())
        .unwrap();
    let kubeconfig = cluster.kubeconfig("account");
    let text =
        file(&kubeconfig).replace("\"token\":\"account\"", &format!("\"token\":\"{token}\""));
    std::fs::write(&kubeconfig, text).unwrap();
    let mut child = plimsoll()
        .args([
            "kube",
            "admit",
            "--url",
            &url,
            "--listen",
            &format!("127.0.0.1:{port}"),
            "--config",
        ])
        .arg(&config)
        .args(["--own-tls", "secret:plimsoll/plimsoll-admission"])
        .args(["--patch-webhooks", "plimsoll-admission", "--kubeconfig"])
        .arg(&kubeconfig)
        .stderr(std::fs::File::create(cluster.at("webhook.log")).unwrap())
        .spawn()
        .unwrap();
    let namespace = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name,
            "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}})
    };
    let until = Instant::now() + Duration::from_secs(20);
    while cluster.post("/api/v1/namespaces", &namespace("shop")).status >= 300 {
        if Instant::now() > until {
            let _ = child.kill();
            panic!("{}", file(&cluster.at("webhook.log")));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    let bad = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bad"},
        "spec": {"hostPID": true, "containers": [{"name": "c", "image": "i"}]}});
    let answer = cluster.dry_run("shop", &bad);
    let labels =
        json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    let path = "/api/v1/namespaces/shop";
    let labelled = cluster.ask(Method::PATCH, path, Some(&labels));
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(answer.status, 403, "{answer:?}");
    assert!(labelled.warnings.is_empty() && labelled.status == 200, "{labelled:?}");
    // And nothing that it does not need.
    for (method, path) in [
        (Method::GET, "/api/v1/secrets"),
        (Method::GET, "/api/v1/namespaces/plimsoll/secrets"),
        (Method::GET, "/api/v1/namespaces/kube-system/secrets/other"),
        (Method::GET, "/api/v1/nodes"),
        (Method::GET, "/api/v1/namespaces/plimsoll/pods/x"),
        (
            Method::DELETE,
            "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/plimsoll-admission",
        ),
        (
            Method::GET,
            "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/other",
        ),
    ] {
        let answer = cluster.ask_as(&token, method.clone(), path, None);
        assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
    }
}
