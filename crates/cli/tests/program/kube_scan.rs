//! `plimsoll kube scan` of files: what is told of images, workloads and namespaces, and how it ends.

use plimsoll_testkit::{Compression, Served, Server};
use serde_json::{Value, json};

use crate::machine::Machine;
use crate::sample;

/// What the schema of the document has against it.
fn complaints(document: &Value) -> Vec<String> {
    let schema = include_str!("../../../../docs/schema/cluster-scan-v1.schema.json");
    let schema = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

fn pod(name: &str, image: &str, id: &str, owner: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "ownerReferences": [{
            "apiVersion": "apps/v1", "kind": "Deployment", "name": owner, "controller": true}]},
        "spec": {"containers": [{"name": "c", "image": image}]},
        "status": {"containerStatuses": [{"name": "c", "imageID": id}]}})
}

fn deployment(name: &str, image: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"template": {"metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "c", "image": image}]}}}})
}

fn list(items: &[Value]) -> String {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    serde_json::to_string_pretty(&list).unwrap()
}

/// A registry with one image under every name, and what it is asked for.
fn registry() -> (Server, String) {
    let served = Served::new(&sample::image(), Compression::Gzip);
    let root = served.root.clone();
    (Server::start(move |request| served.reply(request)), root)
}

#[test]
fn an_image_is_read_once_by_its_digest_and_counts_for_each_workload_that_runs_it() {
    let machine = Machine::new();
    sample::update(&machine);
    let (server, digest) = registry();
    let host = server.host();
    let id = format!("{host}/app@{digest}");
    let items = [
        deployment("web", &format!("{host}/app:1")),
        deployment("api", &format!("{host}/app:2")),
        pod("web-a", &format!("{host}/app:1"), &id, "web"),
        pod("web-b", &format!("{host}/app:1"), &id, "web"),
        pod("api-a", &format!("{host}/app:2"), &id, "api"),
    ];
    machine.write("list.json", list(&items));
    let scan = format!("kube scan --image-source registry --insecure-registry {host}");
    let found = machine.run(&format!("{scan} --report all -o json list.json")).ended(0).json();
    assert_eq!(complaints(&found), [""; 0], "{found:#}");
    let images = found["images"].as_array().unwrap();
    assert_eq!(images.len(), 1, "{images:#?}");
    assert_eq!(images[0]["pods"], 3);
    assert_eq!(images[0]["names"], json!([format!("{host}/app:1"), format!("{host}/app:2")]));
    assert_eq!(images[0]["scan"]["distribution"], "Debian GNU/Linux 12 (bookworm)");
    let counts = images[0]["scan"]["vulnerabilities"].clone();
    assert!(counts["critical"].as_u64().unwrap() >= 2, "{counts}");
    for row in found["workloads"].as_array().unwrap() {
        assert_eq!(row["vulnerabilities"], counts, "{row:#}");
    }
    let asked = server.requests();
    let manifests = asked.iter().filter(|request| request.path.contains("/manifests/")).count();
    assert_eq!(manifests, 1, "{asked:?}");

    // As `plimsoll scan` judges the same image.
    let alone = machine
        .run(&format!("scan --insecure-registry {host} -o json registry:{id}"))
        .ended(0)
        .json();
    let ids = |all: &Value| {
        let all = all.as_array().unwrap().iter();
        let mut ids: Vec<String> = all.map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&images[0]["scan"]["findings"]), ids(&alone["findings"]));

    let gate = machine.run(&format!("{scan} --fail-on critical list.json")).ended(1);
    assert!(gate.err.contains("severity: 1 images have vulnerabilities"), "{}", gate.err);
    let trivy =
        machine.run(&format!("{scan} --report all -o trivy-json list.json")).ended(0).json();
    let resources = trivy["Resources"].as_array().unwrap();
    let of = |name: &str, class: &str| {
        resources.iter().any(|one| one["Name"] == name && one["Results"][0]["Class"] == class)
    };
    assert!(of("web", "os-pkgs") && of("web", "config") && of("api", "os-pkgs"), "{trivy:#}");
}

#[test]
fn a_pod_that_names_a_file_of_this_machine_gets_nothing_of_it() {
    let machine = Machine::new();
    sample::update(&machine);
    let items = ["rootfs:/", "dir:.", "oci-dir:./layout"].map(|it| deployment("web", it));
    for item in items {
        machine.write("list.json", list(&[item]));
        let ran = machine.run("kube scan -o json --image-source registry list.json").ended(3);
        let found = ran.json();
        assert_eq!(found["images"][0]["scan"]["reference"], "", "{found:#}");
        assert_eq!(found["missing"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_long_list_says_the_same_item_by_item_and_keeps_its_lines() {
    let machine = Machine::new();
    let filler = "x".repeat(64);
    let mut items = vec![
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "closed", "namespace": "shop"},
            "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]}}),
        deployment("web", "a"),
        deployment("other", "a"),
    ];
    let policy = |items: &[Value]| {
        let text = list(items);
        let line = text.lines().position(|line| line.contains("\"closed\"")).unwrap() + 1;
        (text, line)
    };
    let ask = |name: &str| {
        let query = "kube netpol query --from shop/other --to shop/web --port 80";
        machine.run(&format!("{query} {name}"))
    };
    let (short, line) = policy(&items);
    machine.write("short.json", short);
    let first = ask("short.json");
    let place = format!("(short.json:{line})");
    assert!(first.out.contains(&place), "{}", first.said());
    // More than is read as a whole, with the policy at its end.
    for number in 0..30_000 {
        let name = format!("n-{number}");
        items.push(json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": "shop", "annotations": {"filler": filler}}}));
    }
    items.rotate_left(1);
    let (long, line) = policy(&items);
    assert!(long.len() > 4 << 20 && line > 100_000, "{} {line}", long.len());
    machine.write("long.json", &long);
    let same = ask("long.json");
    let moved = first.out.replace(&place, &format!("(long.json:{line})"));
    assert_eq!(same.out, moved);
    let piped = machine.run_with_stdin("kube rbac paths -", &long).ended(0);
    assert!(piped.out.starts_with("Nobody of 30"), "{}", piped.out);

    // What breaks off is told, and nothing is said over it.
    machine.write("cut.json", &long[..long.len() - 40_000]);
    let cut = ask("cut.json");
    assert_eq!(cut.code, 2, "{}", cut.said());
    assert!(cut.err.contains("breaks off"), "{}", cut.err);
}

#[test]
fn a_table_has_a_row_for_each_workload_and_namespace() {
    let machine = Machine::new();
    machine.write(
        "shop.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: \
         {pod-security.kubernetes.io/enforce: baseline}}\n---\napiVersion: v1\nkind: Node\nmetadata: \
         {name: a}\nstatus: {nodeInfo: {kubeletVersion: v1.33.1}}\n---\napiVersion: v1\nkind: \
         Service\nmetadata: {name: web, namespace: shop}\nspec: {type: LoadBalancer, selector: {app: \
         web}}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: \
         {name: web}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: \
         cluster-admin}\nsubjects: [{kind: ServiceAccount, namespace: shop, name: \
         web}]\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: \
         shop}\nspec: {template: {metadata: {labels: {app: web}}, spec: {serviceAccountName: web, \
         hostPID: true, containers: [{name: c, image: 'app:1', ports: [{containerPort: 80}]}]}}}\n",
    );
    insta::assert_snapshot!(machine.run("kube scan --skip-images shop.yaml").ended(0).out, @"
    shop.yaml: 0 pods of 1 workload in 1 namespace, 1 image
    Kubelet v1.33.1 (1 node): supported until 2026-06-28

    Workloads
    NAMESPACE  WORKLOAD        PODS  ERRORS  WARNINGS  INFOS  MEETS       NOTE
    shop       Deployment/web     0       1         4      3  privileged  open by Service shop/web (LoadBalancer); web comes to the whole cluster

    Namespaces
    NAMESPACE  WORKLOADS  MEETS       ENFORCES         POLICIES  OPEN WORKLOADS
    shop               1  privileged  baseline:latest         0               1

    Nodes
    NODE  KUBELET  RUNTIME  SYSTEM  PODS  ERRORS  WARNINGS
    a     v1.33.1  -        -          0       0         0

    Roles, bindings, services
    NAMESPACE  OBJECT                  ERRORS  WARNINGS  INFOS
    -          ClusterRoleBinding/web       1         0      0
    shop       Service/web                  0         0      1

    Ways to the whole cluster
    ServiceAccount shop/web: may do everything

    1 of 1 namespace with workloads have no network policy: shop
    1 workload is open to the world; from there one comes to 0 more over open ports
    ");
    for report in ["summary", "all"] {
        let scan = format!("kube scan --skip-images -t error -o json --report {report} shop.yaml");
        let found = machine.run(&scan).ended(1).json();
        assert_eq!(complaints(&found), [""; 0], "{found:#}");
    }
    for wrong in ["-n ../x", "--report some", "-o xml", "--image-source rootfs"] {
        machine.run(&format!("kube scan {wrong} shop.yaml")).ended(2);
    }
    machine.write("empty.yaml", "# nothing\n");
    machine.run("kube scan --skip-images empty.yaml").ended(2);
}

/// A registry that takes requests and never answers.
fn silent() -> std::net::TcpListener {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.try_clone().unwrap();
    std::thread::spawn(move || {
        let kept: Vec<_> = own.incoming().collect();
        drop(kept);
    });
    listener
}

#[test]
fn a_scan_ends_at_its_deadline_with_what_there_is() {
    let machine = Machine::new();
    sample::update(&machine);
    let (server, digest) = registry();
    let (good, bad) = (server.host(), silent().local_addr().unwrap().to_string());
    let items = [
        deployment("web", &format!("{good}/app@{digest}")),
        deployment("slow", &format!("{bad}/app:1")),
    ];
    machine.write("list.json", list(&items));
    let scan = format!(
        "kube scan --image-source registry --insecure-registry {good} --insecure-registry {bad} \
         --timeout 3s -o json list.json"
    );
    let begun = std::time::Instant::now();
    let ran = machine.run(&scan).ended(3);
    assert!(begun.elapsed().as_secs() < 20, "it took {:?}", begun.elapsed());
    let found = ran.json();
    assert_eq!(complaints(&found), [""; 0], "{found:#}");
    assert_eq!(found["stopped"], "its 3 seconds were over");
    assert_eq!(found["missing"], json!(["1 of 2 images: its 3 seconds were over"]));
    assert!(ran.err.contains("ended early: its 3 seconds were over"), "{}", ran.err);
    let images = found["images"].as_array().unwrap();
    let of = |host: &str| {
        let is_its = |one: &&Value| one["names"][0].as_str().unwrap().starts_with(host);
        images.iter().find(is_its).unwrap()["scan"].clone()
    };
    assert!(of(&good)["vulnerabilities"]["critical"].as_u64().unwrap() >= 2, "{found:#}");
    assert_eq!(of(&bad)["problem"], "not looked at: its 3 seconds were over");
    assert_eq!(found["workloads"].as_array().unwrap().len(), 2);
    for wrong in ["0s", "soon", "5"] {
        machine.run(&format!("kube scan --timeout {wrong} list.json")).ended(2);
    }
}

#[test]
fn a_scan_that_is_interrupted_tells_what_there_is() {
    let machine = Machine::new();
    sample::update(&machine);
    let bad = silent().local_addr().unwrap().to_string();
    machine.write("list.json", list(&[deployment("slow", &format!("{bad}/app:1"))]));
    let scan = format!(
        "kube scan --image-source registry --insecure-registry {bad} -o table -o json=scan.json list.json"
    );
    let child = machine
        .command()
        .args(scan.split_whitespace())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_secs(4));
    let killed =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    let ran = crate::machine::Ran::of(child.wait_with_output().unwrap()).ended(3);
    assert!(ran.out.contains("This is a part of it: it was interrupted"), "{}", ran.said());
    assert_eq!(machine.json("scan.json")["stopped"], "it was interrupted");
}

#[test]
fn nodes_say_what_they_run_on_and_what_is_worst_on_each() {
    let machine = Machine::new();
    sample::update(&machine);
    let (server, digest) = registry();
    let host = server.host();
    let node = |name: &str, runtime: &str, system: &str| {
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"nodeInfo": {
            "kubeletVersion": "v1.33.1", "kubeProxyVersion": "v1.20.0", "osImage": system,
            "containerRuntimeVersion": runtime, "kernelVersion": "5.4.0"}}})
    };
    let on = |mut pod: Value, node: &str| {
        pod["spec"]["nodeName"] = node.into();
        pod
    };
    let id = format!("{host}/app@{digest}");
    let image = format!("{host}/app:1");
    let items = [
        node("a", "containerd://1.4.0", "Ubuntu 18.04.6 LTS"),
        node("b", "containerd://2.3.1", "Ubuntu 24.04.1 LTS"),
        deployment("web", &image),
        deployment("idle", &image),
        on(pod("web-1", &image, &id, "web"), "a"),
        on(pod("web-2", &image, &id, "web"), "a"),
    ];
    machine.write("list.json", list(&items));
    let scan = format!("kube scan --image-source registry --insecure-registry {host} list.json");
    let found = machine.run(&format!("{scan} -o json")).ended(0).json();
    assert_eq!(complaints(&found), [""; 0], "{found:#}");
    let nodes = found["nodes"].as_array().unwrap();
    assert_eq!((&nodes[0]["name"], &nodes[0]["pods"]), (&"a".into(), &2.into()));
    let web = found["workloads"].as_array().unwrap().iter().position(|it| it["name"] == "web");
    assert_eq!(nodes[0]["workloads"], json!([web.unwrap()]));
    assert!(nodes[0]["vulnerabilities"]["critical"].as_u64().unwrap() >= 2, "{found:#}");
    assert_eq!(nodes[1]["vulnerabilities"]["critical"], 0);
    let ended = |name: &str| {
        let all = found["components"].as_array().unwrap().iter();
        let of = all.filter(|one| one["name"] == name);
        of.map(|one| one["ended"].as_bool().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ended("containerd"), [true, false]);
    assert_eq!(ended("operating system"), [true, false]);
    assert_eq!(ended("kube-proxy"), [true]);
    let table = machine.run(&scan).ended(0).out;
    for line in [
        "containerd 1.4.0 (1 node): support ended on 2022-03-03",
        "Ubuntu 18.04.6 LTS (1 node): support ended on 2023-05-31",
        "kube-proxy v1.20.0 (2 nodes): support ended before 2023-02-28",
        "a     v1.33.1  containerd 1.4.0  Ubuntu 18.04.6 LTS     2",
    ] {
        assert!(table.contains(line), "{line}: {table}");
    }
}
