//! Every command line of the guide that is one of these tools', as it is written there.
//!
//! Images come from a docker daemon and a registry that the test starts; where a name can only be
//! one of Docker's own registry, the registry's host is put in front. Beside them runs a server.

use std::collections::BTreeSet;
use std::fs;

use plimsoll_testkit::{Compression, DockerRegistry, Dockerd, Reply, Server, layers_port, shared};
use serde_json::json;

use crate::machine::{Machine, Ran};
use crate::sample;
use crate::serving::Serving;

/// Lines that begin so are a tool's; what else the guide has installs tools or is no command.
const TOOLS: [&str; 10] = [
    "trivy ",
    "snyk ",
    "cosign ",
    "syft ",
    "slsa-verifier ",
    "falco ",
    "hadolint ",
    "grype ",
    "clair-scanner ",
    "dockle ",
];

/// The guide's command lines, with continued lines joined.
fn commands(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined
        .lines()
        .map(str::trim)
        .filter(|line| TOOLS.iter().any(|tool| line.starts_with(tool)));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

struct Place {
    machine: Machine,
    docker: String,
    image: String,
    server: Serving,
}

impl Place {
    fn run(&self, line: &str) -> Ran {
        let line = line.replace("user/image:tag", &self.image);
        // Another server of this machine may have the port.
        let line = line.replace("localhost:6060", &self.server.host);
        let variables = [
            ("DOCKER_HOST", self.docker.as_str()),
            ("COSIGN_PASSWORD", "secret"),
            ("KUBECONFIG", "kubeconfig"),
            ("PLIMSOLL_SERVER", &self.server.url()),
        ];
        // A shell would take `> FILE` away.
        let line = line.split(" > ").next().unwrap();
        self.machine.run_with(&variables, &format!("as {line}"))
    }
}

/// An API server with one pod.
fn cluster() -> Server {
    Server::start(|request| {
        let path = request.path.split('?').next().unwrap_or_default();
        let items = match path {
            "/version" => return Reply::new(200, r#"{"gitVersion":"v1.34.2"}"#),
            "/api/v1/pods" => json!([{
                "metadata": {"name": "web", "namespace": "shop"},
                "spec": {"containers": [{"name": "web", "image": "nginx:latest"}]},
            }]),
            "/api/v1/namespaces" => json!([{"metadata": {"name": "shop"}}]),
            _ => json!([]),
        };
        Reply::new(200, json!({"metadata": {"resourceVersion": "1"}, "items": items}).to_string())
            .header("content-type", "application/json")
    })
}

#[test]
fn the_guides_commands_run_as_written() {
    let Some(guide) = shared("../guide") else { return };
    let text = fs::read_to_string(guide.join("container-security-guide.txt")).unwrap();
    let lines = commands(&text);
    assert!(lines.len() >= 18, "{lines:?}");
    let (dockerd, registry) = match (Dockerd::start(None), DockerRegistry::start(None, None)) {
        (Ok(dockerd), Ok(registry)) => (dockerd, registry),
        (Err(why), _) | (_, Err(why)) => {
            println!("skipped: {why}");
            return;
        }
    };
    let machine = sample::machine();
    dockerd.docker(&["load", "-i", machine.path("app.tar").to_str().unwrap()]).unwrap();
    dockerd.docker(&["tag", "example/app:1", "nginx:latest"]).unwrap();
    sample::image().write_oci_dir(Compression::Gzip, &machine.path("layout"));
    registry.push(&machine.path("layout"), "user/image:tag").unwrap();
    machine.write(".snyk", "version: v1.25.0\nignore: {}\npatch: {}\n");
    machine.write(
        "package-lock.json",
        r#"{"lockfileVersion":3,"packages":{"node_modules/lodash":{"version":"4.17.4"}}}"#,
    );
    let server = Serving::on(&machine);
    // One of the lines is clair-scanner's.
    let Some(_port) = layers_port() else { return };
    let place = Place {
        machine,
        server,
        docker: format!("unix://{}", dockerd.socket().display()),
        image: format!("{}/user/image:tag", registry.host()),
    };
    let cluster = cluster();
    let server = format!("http://{}", cluster.host());
    let kubeconfig = json!({
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    });
    place.machine.write("kubeconfig", kubeconfig.to_string());
    let mut done = BTreeSet::new();
    for line in &lines {
        let ran = place.run(line);
        let said = ran.said();
        let (code, on_stdout, on_stderr) = match line.as_str() {
            "trivy image nginx:latest" => (0, "CVE-2025-1004", ""),
            "trivy image --severity HIGH,CRITICAL nginx:latest" => (0, "CVE-2025-1001", ""),
            "trivy image -f json -o results.json nginx:latest" => (0, "", ""),
            "trivy fs ." => (0, "lodash", ""),
            "trivy k8s cluster --report summary" => (0, "web", "`k8s cluster` is dated"),
            "snyk auth" => (0, "", "no account"),
            "snyk container monitor nginx:latest" => (0, "Explore this snapshot at http", ""),
            "snyk container test nginx:latest"
            | "snyk container test nginx:latest --policy-path=.snyk" => (1, "CVE-2025-1004", ""),
            "cosign generate-key-pair" => (0, "", "cosign.pub"),
            "cosign sign --key cosign.key user/image:tag" => {
                (0, "@sha256:", "is a tag, which may move")
            }
            "cosign verify --key cosign.pub user/image:tag" => {
                (0, "docker-manifest-digest", "stands for sha256:")
            }
            // Nobody can say here who we are: the identity provider is not on this machine.
            "cosign sign user/image:tag" => (1, "", "error: "),
            // cosign itself refuses it in these words.
            "cosign verify user/image:tag" => (
                1,
                "",
                "Error: --certificate-identity or --certificate-identity-regexp is required",
            ),
            line if line.starts_with("clair-scanner ") => {
                (1, "| Unapproved | Critical CVE-2025-1004 ", "unapproved vulnerabilities")
            }
            "syft packages docker:nginx:latest -o spdx-json > sbom.json" => {
                (0, "SPDX-2.3", "is dated")
            }
            "syft packages dir:. -o cyclonedx-json > sbom.json" => {
                (0, "pkg:npm/lodash@4.17.4", "is dated")
            }
            line if line.starts_with("slsa-verifier verify-image ") => (1, "", "is a tag"),
            other => panic!("no expectation of `{other}`: {said}"),
        };
        assert_eq!(ran.code, code, "{line}: {said}");
        assert!(ran.out.contains(on_stdout), "{line}: {said}");
        assert!(ran.err.contains(on_stderr), "{line}: {said}");
        done.insert(line.clone());
    }
    let results = place.machine.json("results.json");
    assert_eq!(results["ArtifactName"], "nginx:latest");
    assert!(done.len() >= 18, "{done:?}");
}
