//! Images of a real registry, through a real API server: pinned when a pod is made, and judged by the
//! digest that it got.

use plimsoll_testkit::{Compression, DockerRegistry, Image};
use reqwest::Method;
use serde_json::json;

use crate::server::{Cluster, plimsoll};

#[test]
fn a_pod_gets_the_digest_of_its_image_and_only_if_that_is_signed() {
    let flags = ["--disable-admission-plugins", "ServiceAccount,PodSecurity"];
    let Some(cluster) = Cluster::start(&flags) else { return };
    let registry = match DockerRegistry::start(None, None) {
        Ok(registry) => registry,
        Err(why) => return println!("skipped: {why}"),
    };
    let layout = cluster.at("layout");
    Image::new().layer("COPY a", &[("a", "1")]).write_oci_dir(Compression::Gzip, &layout);
    for name in ["app:signed", "app:plain"] {
        if let Err(why) = registry.push(&layout, name) {
            return println!("skipped: {why}");
        }
        Image::new().layer("COPY a", &[("a", "2")]).write_oci_dir(Compression::Gzip, &layout);
    }
    let host = registry.host().to_owned();
    let host = host.as_str();
    let run = |arguments: &[&str]| {
        let mut command = plimsoll();
        command.current_dir(cluster.folder.path()).env("PLIMSOLL_KEY_PASSWORD", "pass");
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["key", "generate", "--type", "ed25519", "-o", "a"]);
    let signed = format!("{host}/app:signed");
    run(&["sign", "--key", "a.key", "--insecure-registry", host, &signed]);
    let policy = format!(
        "apiVersion: plimsoll.dev/v1\nkind: ImagePolicy\nmetadata: {{name: team}}\nspec:\n  images: \
         [{{glob: '{host}/**'}}]\n  authorities: [{{name: release, key: {{file: a.pub}}}}]\n"
    );
    std::fs::write(cluster.at("policy.yaml"), policy).unwrap();
    let settings = "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: closed\nimages:\n  \
                    digest: {mode: enforce, pin: true}\n  signature: {policy: policy.yaml, mode: \
                    enforce}\n";
    let _webhook = cluster.webhook(settings, &["--insecure-registry", host]);
    cluster.namespace("shop", &[]);
    let pod = |name: &str, image: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": image}]}})
    };
    let pods = "/api/v1/namespaces/shop/pods";
    let made = cluster.post(pods, &pod("a", &signed)).ok();
    let image = made.body["spec"]["containers"][0]["image"].as_str().unwrap().to_owned();
    assert!(image.starts_with(&format!("{signed}@sha256:")), "{image}");
    let refused = cluster.post(pods, &pod("b", &format!("{host}/app:plain")));
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(refused.message().contains("images/signature"), "{refused:?}");
    drop(registry);
    let unknown = cluster.post(pods, &pod("c", &format!("{host}/app:other")));
    assert!(unknown.message().contains("cannot be decided"), "{unknown:?}");
    // What was judged before still is.
    cluster.post(pods, &pod("d", &image)).ok();
    cluster.ask(Method::DELETE, &format!("{pods}/a?gracePeriodSeconds=0"), None).ok();
}
