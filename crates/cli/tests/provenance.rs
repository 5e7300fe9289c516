//! Provenance as a user meets it: made in a job, signed, checked, and compared with a rebuild.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use plimsoll_testkit::{Compression, Dockerd, Image};
use serde_json::{Value, json};
use tempfile::TempDir;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

struct Job {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Job {
    fn plain() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    fn github() -> Self {
        let mut job = Self::plain();
        let event = job.path("event.json");
        fs::write(&event, r#"{"inputs": {"channel": "stable"}, "installation": {"id": 1}}"#)
            .unwrap();
        job.variables = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "octo/app"),
            ("GITHUB_REF", "refs/heads/main"),
            ("GITHUB_SHA", COMMIT),
            ("GITHUB_WORKFLOW_REF", "octo/app/.github/workflows/ci.yml@refs/heads/main"),
            ("GITHUB_RUN_ID", "42"),
            ("GITHUB_EVENT_NAME", "workflow_dispatch"),
            ("GITHUB_TOKEN", "ghs_planted_secret"),
            ("NPM_TOKEN", "npm_planted_secret"),
            ("UNRELATED", "planted_secret_elsewhere"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec();
        job.variables.push(("GITHUB_EVENT_PATH", event.display().to_string()));
        job
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), content).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command.current_dir(&self.folder).args(arguments).stdin(Stdio::null());
        for name in ["GITHUB_ACTIONS", "GITLAB_CI", "PLIMSOLL_KEY", "SOURCE_DATE_EPOCH"] {
            command.env_remove(name);
        }
        command.env("PLIMSOLL_KEY_PASSWORD", "pass");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let output = command.output().unwrap();
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
        serde_json::from_str(&ran.out).unwrap()
    }
}

const GENERATE: [&str; 2] = ["provenance", "generate"];

#[test]
fn files_images_and_patterns_become_subjects_and_no_secret_is_told() {
    let job = Job::github();
    job.write("dist/a.tar.gz", "a");
    job.write("dist/b.tar.gz", "b");
    job.write("dist/b.txt", "");
    Image::new().layer("COPY", &[("a", "1")]).write_oci_dir(Compression::Gzip, &job.path("layout"));
    let digest = "c".repeat(64);
    let pinned = format!("registry.invalid/app@sha256:{digest}");
    let arguments = [&GENERATE[..], &["dist/*.tar.gz", "oci-dir:layout", &pinned]].concat();
    let statement = job.json(&arguments);
    let names: Vec<&str> = statement["subject"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["dist/a.tar.gz", "dist/b.tar.gz", "layout", "registry.invalid/app"]);
    assert_eq!(statement["subject"][3]["digest"]["sha256"], digest);
    assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
    let external = &statement["predicate"]["buildDefinition"]["externalParameters"];
    assert_eq!(external["inputs"], json!({"channel": "stable"}));
    assert!(!statement.to_string().contains("planted_secret"));
    let none = job.run(&[&GENERATE[..], &["nothing-*.zip"]].concat());
    assert_eq!(none.code, Some(2));
    assert!(none.err.contains("no file has such a name"), "{}", none.err);
}

#[test]
fn a_secret_that_comes_in_by_an_input_or_parameter_is_masked_and_told() {
    let job = Job::github();
    job.write("event.json", r#"{"inputs": {"channel": "npm_planted_secret"}}"#);
    job.write("a", "a");
    let ran = job.run(
        &[&GENERATE[..], &["a", "--parameter", "url=https://x:ghs_planted_secret@h/"]].concat(),
    );
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(!ran.out.contains("planted_secret") && ran.out.contains("[MASKED]"), "{}", ran.out);
    assert!(ran.err.contains("`NPM_TOKEN`") && ran.err.contains("`GITHUB_TOKEN`"), "{}", ran.err);
    assert!(!ran.err.contains("planted_secret"));
}

#[test]
fn base_images_locks_and_byproducts_stand_with_their_digests() {
    let job = Job::github();
    let digest = "d".repeat(64);
    job.write(
        "Dockerfile",
        format!("FROM alpine:3.20@sha256:{digest} AS a\nFROM registry.invalid/b:1\nFROM a\nFROM scratch\n"),
    );
    job.write("Cargo.lock", "lock");
    job.write("app", "app");
    job.write("app.log", "log");
    let extra = [
        "app",
        "--dockerfile",
        "Dockerfile",
        "--no-resolve",
        "--lock",
        "Cargo.lock",
        "--byproduct",
        "app.log",
        "--started-on",
        "2026-01-02T03:04:05Z",
    ];
    let statement = job.json(&[&GENERATE[..], &extra].concat());
    let dependencies = &statement["predicate"]["buildDefinition"]["resolvedDependencies"];
    let uris: Vec<&str> =
        dependencies.as_array().unwrap().iter().map(|it| it["uri"].as_str().unwrap()).collect();
    assert_eq!(
        uris,
        [
            "git+https://github.com/octo/app@refs/heads/main",
            &format!("pkg:docker/alpine@3.20?digest=sha256:{digest}"),
            "pkg:docker/registry.invalid/b@1",
            "file:Cargo.lock",
        ]
    );
    assert_eq!(dependencies[1]["digest"]["sha256"], digest);
    let details = &statement["predicate"]["runDetails"];
    assert_eq!(details["byproducts"][0]["name"], "app.log");
    assert_eq!(details["metadata"]["startedOn"], "2026-01-02T03:04:05Z");
}

/// A layout as `docker buildx build --output type=oci` writes it with provenance.
fn with_buildkit(job: &Job, base: &str) {
    Image::new().layer("COPY", &[("a", "1")]).write_oci_dir(Compression::Gzip, &job.path("layout"));
    let blob = |value: &Value| {
        let bytes = value.to_string();
        job.write("blob", &bytes);
        let digest = job.json(&[&GENERATE[..], &["blob", "--ci", "github"]].concat());
        let digest = digest["subject"][0]["digest"]["sha256"].as_str().unwrap().to_owned();
        job.write(&format!("layout/blobs/sha256/{digest}"), &bytes);
        (format!("sha256:{digest}"), bytes.len())
    };
    let index: Value =
        serde_json::from_slice(&fs::read(job.path("layout/index.json")).unwrap()).unwrap();
    let mut image = index["manifests"][0].clone();
    image["platform"] = json!({"os": "linux", "architecture": "amd64"});
    let hex = image["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    let (statement, size) = blob(&json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "subject": [{"name": "app", "digest": {"sha256": hex}}],
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "predicate": {
            "builder": {"id": ""}, "buildType": "https://mobyproject.org/buildkit@v1",
            "materials": [{"uri": "pkg:docker/alpine@3.20", "digest": {"sha256": base}}],
            "invocation": {"parameters": {"frontend": "dockerfile.v0", "args": {"build-arg:KEY": "planted_secret"}}},
        },
    }));
    let layer = json!({
        "mediaType": "application/vnd.in-toto+json", "digest": statement, "size": size,
        "annotations": {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"},
    });
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": image, "layers": [layer],
    });
    let (attested, attested_size) = blob(&manifest);
    let entry = json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": attested,
        "size": attested_size, "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": image["digest"]},
    });
    let (inner, inner_size) = blob(&json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [image, entry],
    }));
    let outer = json!({"schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.index.v1+json", "digest": inner, "size": inner_size,
    }]});
    job.write("layout/index.json", outer.to_string());
}

#[test]
fn what_buildkit_attests_becomes_materials_and_must_agree_with_the_dockerfile() {
    let job = Job::github();
    let digest = "e".repeat(64);
    with_buildkit(&job, &digest);
    job.write("Dockerfile", format!("FROM alpine:3.20@sha256:{digest}\n"));
    let extra =
        ["oci-dir:layout", "--from-buildkit", "oci-dir:layout", "--dockerfile", "Dockerfile"];
    let statement = job.json(&[&GENERATE[..], &extra].concat());
    let definition = &statement["predicate"]["buildDefinition"];
    assert_eq!(definition["resolvedDependencies"][1]["uri"], "pkg:docker/alpine@3.20");
    assert_eq!(definition["resolvedDependencies"].as_array().unwrap().len(), 2);
    assert_eq!(definition["externalParameters"]["buildkit"]["buildArguments"], json!(["KEY"]));
    assert!(!statement.to_string().contains("planted_secret"));
    job.write("Dockerfile", format!("FROM alpine:3.20@sha256:{}\n", "f".repeat(64)));
    let other = job.run(&[&GENERATE[..], &extra].concat());
    assert_eq!(other.code, Some(3));
    assert!(other.err.contains("BuildKit did not build from"), "{}", other.err);
}

#[test]
fn a_file_is_attested_beside_it_and_verified_by_type_and_level() {
    let job = Job::github();
    job.write("app", "content");
    assert_eq!(job.run(&["key", "generate"]).code, Some(0));
    let signed = job.run(&[&GENERATE[..], &["app", "--sign", "--key", "plimsoll.key"]].concat());
    assert_eq!(signed.code, Some(0), "{}", signed.err);
    let verify = ["verify", "app", "--key", "plimsoll.pub", "--type"];
    let verified = job.run(&[&verify[..], &["slsaprovenance1"]].concat());
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
    let refused = job.run(&[&verify[..], &["spdxjson"]].concat());
    assert_eq!(refused.code, Some(1), "{}{}", refused.out, refused.err);
    assert!(refused.out.contains("FAILED  predicate type"), "{}", refused.out);

    job.write("sbom.json", r#"{"spdxVersion": "SPDX-2.3"}"#);
    let attest = ["attest", "--key", "plimsoll.key", "--predicate", "sbom.json", "app"];
    let attested = job.run(&[&attest[..], &["--bundle", "b.json"]].concat());
    assert_eq!(attested.code, Some(0), "{}", attested.err);
    let verified = job.run(&[&verify[..], &["spdxjson", "--bundle", "b.json"]].concat());
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
    job.write("app", "other content");
    assert_eq!(job.run(&[&verify[..], &["spdxjson", "--bundle", "b.json"]].concat()).code, Some(1));
    job.write("app", "content");

    let slsa = job.run(&[
        "provenance",
        "verify",
        "app",
        "--provenance-path",
        "app.intoto.sigstore.json",
        "--source-uri",
        "github.com/octo/app",
        "--format",
        "json",
    ]);
    assert_eq!(slsa.code, Some(1), "{}", slsa.err);
    let slsa: Value = serde_json::from_str(&slsa.out).unwrap();
    assert_eq!((&slsa["verified"], &slsa["level"]), (&json!(false), &json!(1)));
    assert_eq!(slsa["lines"][0]["met"], true);
    assert_eq!(job.run(&GENERATE).code, Some(2), "nothing was built");
}

#[test]
fn a_checkout_says_commit_branch_and_whether_it_is_clean() {
    let job = Job::plain();
    let git = |arguments: &[&str]| {
        let done = Command::new("git")
            .current_dir(&job.folder)
            .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
            .args(arguments)
            .output();
        done.is_ok_and(|done| done.status.success())
    };
    if !git(&["init", "-q", "-b", "trunk"]) {
        println!("skipped: no git");
        return;
    }
    job.write("a", "1");
    assert!(git(&["add", "a"]) && git(&["commit", "-q", "-m", "a"]));
    assert!(git(&["remote", "add", "origin", "https://me:planted_secret@host.example/app.git"]));
    let generate = [&GENERATE[..], &["a"]].concat();
    let clean = job.json(&generate);
    let definition = &clean["predicate"]["buildDefinition"];
    assert_eq!(definition["externalParameters"]["source"], "https://host.example/app.git");
    assert_eq!(definition["externalParameters"]["ref"], "refs/heads/trunk");
    assert_eq!(definition["internalParameters"]["dirty"], false);
    let commit = definition["resolvedDependencies"][0]["digest"]["gitCommit"].as_str().unwrap();
    assert_eq!(commit.len(), 40);
    job.write("a", "2");
    let dirty = job.json(&generate);
    assert_eq!(dirty["predicate"]["buildDefinition"]["internalParameters"]["dirty"], true);
    let elsewhere = job.run(&[&generate[..], &["--source", "/"]].concat());
    assert_eq!(elsewhere.code, Some(2), "{}", elsewhere.err);
}

#[test]
fn a_rebuild_is_equal_or_says_why_not() {
    let job = Job::plain();
    let image = |stamp: &str| {
        Image::new().layer("FROM a", &[("b", "1")]).layer("RUN x", &[("etc/stamp", stamp)])
    };
    for (name, stamp) in [
        ("one", "2024-01-02T03:04:05Z"),
        ("two", "2025-01-02T03:04:05Z"),
        ("same", "2024-01-02T03:04:05Z"),
        ("other", "hello"),
    ] {
        image(stamp).write_oci_dir(Compression::Gzip, &job.path(name));
    }
    let rebuild = |arguments: &[&str]| job.run(&[&["provenance", "rebuild"], arguments].concat());
    let equal = rebuild(&["oci-dir:one", "oci-dir:same"]);
    assert_eq!(equal.code, Some(0), "{}{}", equal.out, equal.err);
    assert!(equal.out.starts_with("reproducible: bit for bit equal\n"), "{}", equal.out);
    let time = rebuild(&["oci-dir:one", "oci-dir:two"]);
    assert_eq!(time.code, Some(1), "{}", time.err);
    assert!(time.out.starts_with("not reproducible: equal but for text-time\n"), "{}", time.out);
    assert!(
        time.out.contains("layer #1 RUN x") && time.out.contains("SOURCE_DATE_EPOCH"),
        "{}",
        time.out
    );
    assert_eq!(rebuild(&["oci-dir:one", "oci-dir:two", "--accept", "text-time"]).code, Some(0));
    assert_eq!(rebuild(&["oci-dir:one", "oci-dir:two", "--accept", "benign"]).code, Some(0));
    assert_eq!(rebuild(&["oci-dir:one", "oci-dir:other", "--accept", "benign"]).code, Some(1));
    let unknown = rebuild(&["oci-dir:one", "oci-dir:two", "--accept", "weather"]);
    assert_eq!(unknown.code, Some(2));
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/provenance.md"))
        .unwrap();
    let (_, known) = unknown.err.trim().split_once("benign, ").unwrap();
    let missing: Vec<&str> =
        known.split(", ").filter(|id| !page.contains(&format!("\n| `{id}` |"))).collect();
    assert!(missing.is_empty() && known.len() > 300, "docs/provenance.md has no {missing:?}");
    let json = rebuild(&["oci-dir:one", "oci-dir:other", "--format", "json"]);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["schema"], "plimsoll.rebuild/v1");
    assert_eq!(json["layers"][1]["found"][0]["cause"], "content");
    assert_eq!(rebuild(&["dir:one", "oci-dir:two"]).code, Some(2));
    assert_eq!(rebuild(&["oci-dir:missing", "oci-dir:two"]).code, Some(3));
}

#[test]
fn a_rebuild_is_held_against_what_provenance_names() {
    let mut job = Job::github();
    Image::new().layer("FROM a", &[("b", "1")]).write_oci_dir(Compression::Gzip, &job.path("one"));
    Image::new().layer("FROM a", &[("b", "2")]).write_oci_dir(Compression::Gzip, &job.path("two"));
    let written = job.run(&[&GENERATE[..], &["oci-dir:one", "-o", "p.json"]].concat());
    assert_eq!((written.code, written.out.as_str()), (Some(0), ""), "{}", written.err);
    job.variables.clear();
    let rebuild = ["provenance", "rebuild", "--provenance", "p.json"];
    let same = job.run(&[&rebuild[..], &["oci-dir:one"]].concat());
    assert_eq!(same.code, Some(0), "{}{}", same.out, same.err);
    let other = job.run(&[&rebuild[..], &["oci-dir:two"]].concat());
    assert_eq!(other.code, Some(1), "{}", other.err);
    assert!(
        other.out.contains("not reproduced") && other.out.contains("expected sha256:"),
        "{}",
        other.out
    );
    let compared = job.run(&[&rebuild[..], &["oci-dir:one", "oci-dir:two"]].concat());
    assert!(compared.code == Some(1) && compared.out.contains("content"), "{}", compared.out);
}

#[test]
fn a_folder_is_built_twice_by_the_daemon_that_is_there() {
    let daemon = match Dockerd::for_builds() {
        Ok(daemon) => daemon,
        Err(why) => return println!("skipped: {why}"),
    };
    let mut job = Job::plain();
    job.variables = vec![
        ("DOCKER_HOST", format!("unix://{}", daemon.socket().display())),
        // The builder that every daemon has; the other one wants a plug-in.
        ("DOCKER_BUILDKIT", "0".into()),
    ];
    job.write("app/Dockerfile", "FROM scratch\nCOPY a /a\n");
    job.write("app/a", "1");
    let ran = job.run(&["provenance", "rebuild", "--build", "app", "--format", "json"]);
    assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.err);
    let done: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(done["benign"], true, "{}", ran.out);
    let causes: Vec<&str> =
        done["causes"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert!(causes.contains(&"created"), "{causes:?}");
    assert!(!causes.contains(&"content"), "{causes:?}");
}
