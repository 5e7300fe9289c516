//! Our own rules, pinning and failure, through a real API server.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Cluster, file, plimsoll};

const FLAGS: [&str; 2] = ["--disable-admission-plugins", "ServiceAccount,PodSecurity"];

fn pod(name: &str, image: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": image}]}})
}

#[test]
fn pods_are_refused_warned_of_and_audited_by_the_mode_of_each_rule() {
    let Some(cluster) = Cluster::start(&FLAGS) else { return };
    let settings = "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: closed\nrules:\n- \
                    {rule: PK1001, mode: enforce}\n- {rule: PK2003, mode: warn}\n- {rule: PK2001, \
                    mode: audit}\nimages: {registries: {allowed: ['registry.example/**'], mode: \
                    enforce}}\n";
    let _webhook = cluster.webhook(settings, &[]);
    cluster.namespace("shop", &[]);
    let pods = "/api/v1/namespaces/shop/pods";
    let refused = cluster.post(pods, &pod("a", "registry.example/app:latest"));
    assert_eq!(refused.status, 403, "{refused:?}");
    let start = "admission webhook \"pods.admission.plimsoll.dev\" denied the request: pods \"a\" is \
                 forbidden: PK1001: ";
    assert!(refused.message().starts_with(start), "{refused:?}");
    let elsewhere = cluster.post(pods, &pod("b", "elsewhere.example/app:1"));
    assert!(elsewhere.message().contains("images/registry"), "{elsewhere:?}");
    let made = cluster.post(pods, &pod("c", "registry.example/app:1")).ok();
    assert!(made.warnings.iter().any(|it| it.starts_with("PK2003: ")), "{made:?}");
    assert!(!made.warnings.iter().any(|it| it.starts_with("PK2001: ")), "{made:?}");
    let noted = cluster.audited("c")["pods.admission.plimsoll.dev/violations"].clone();
    assert!(noted.as_str().unwrap().contains("PK2001: "), "{noted}");
    // What makes pods is warned of, and a rule on rights is asked too.
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "registry.example/app:latest"}]}}}});
    let made = cluster.post("/apis/apps/v1/namespaces/shop/deployments", &deployment).ok();
    assert!(made.warnings.iter().any(|it| it.starts_with("PK1001: ")), "{made:?}");
    let config =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "free"}, "data": {}});
    cluster.post("/api/v1/namespaces/shop/configmaps", &config).ok();
    cluster
        .post("/api/v1/namespaces/kube-system/pods", &pod("k", "elsewhere.example/app:latest"))
        .ok();
}

#[test]
fn with_the_webhook_away_the_cluster_does_what_the_settings_state() {
    for (failure, wanted) in [("closed", 500), ("open", 201)] {
        let Some(cluster) = Cluster::start(&FLAGS) else { return };
        let settings = format!(
            "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: {failure}\ntimeout: \
             2s\npodSecurity: {{mode: enforce}}\n"
        );
        let webhook = cluster.webhook(&settings, &[]);
        cluster.namespace("shop", &[]);
        drop(webhook);
        let answer = cluster.post("/api/v1/namespaces/shop/pods", &pod("a", "a"));
        assert_eq!(answer.status, wanted, "{failure}: {answer:?}");
        // The cluster itself stays usable.
        cluster.post("/api/v1/namespaces/kube-system/pods", &pod("a", "a")).ok();
        cluster.ask(Method::GET, "/api/v1/namespaces/shop/pods", None).ok();
    }
}

#[test]
fn certificates_of_its_own_are_kept_in_a_secret_and_the_webhooks_are_told() {
    let Some(cluster) = Cluster::start(&FLAGS) else { return };
    cluster.namespace("plimsoll", &[]);
    let settings = "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: closed\n\
                    podSecurity: {mode: enforce, defaults: {enforce: baseline}}\n";
    let config = cluster.at("admit.yaml");
    std::fs::write(&config, settings).unwrap();
    let port = plimsoll_testkit::free_port();
    let url = format!("https://127.0.0.1:{port}");
    let own = cluster.admin();
    let printed = plimsoll()
        .args(["kube", "admit", "--print-config", "--url", &url, "--config"])
        .arg(&config)
        .args(["--own-tls", "secret:plimsoll/webhook", "--kubeconfig"])
        .arg(&own)
        .output()
        .unwrap();
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(text.contains("caBundle: "), "{}", String::from_utf8_lossy(&printed.stderr));
    // Registered with another authority, which the webhook mends.
    let stale = text.lines().map(|line| match line.split_once("caBundle: ") {
        Some((blanks, _)) => format!("{blanks}caBundle: \"\"\n"),
        None => format!("{line}\n"),
    });
    cluster.apply(&stale.collect::<String>());
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
        .args(["--own-tls", "secret:plimsoll/webhook", "--patch-webhooks", "plimsoll-admission"])
        .arg("--kubeconfig")
        .arg(&own)
        .stderr(std::fs::File::create(cluster.at("webhook.log")).unwrap())
        .spawn()
        .unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let refused = loop {
        cluster.ask(
            Method::POST,
            "/api/v1/namespaces",
            Some(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})),
        );
        let mut bad = pod("a", "a");
        bad["spec"]["hostPID"] = true.into();
        let answer = cluster.dry_run("shop", &bad);
        if answer.status == 403 || std::time::Instant::now() > until {
            break answer;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    };
    let _ = child.kill();
    let _ = child.wait();
    assert!(
        refused.message().contains("violates PodSecurity"),
        "{refused:?} {}",
        file(&cluster.at("webhook.log"))
    );
    let secret = cluster.ask(Method::GET, "/api/v1/namespaces/plimsoll/secrets/webhook", None).ok();
    assert_eq!(secret.body["type"], "kubernetes.io/tls");
}
