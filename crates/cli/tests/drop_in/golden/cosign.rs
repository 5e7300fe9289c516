//! cosign on images in a real registry and on files: exit codes, and what is on stdout.

use std::path::PathBuf;

use plimsoll_testkit::{Compression, DockerRegistry, Image};
use serde_json::{Value, json};

use super::differences::{Comparison, Differences};
use super::{text, theirs};
use crate::machine::{Machine, Ran};
use crate::peers::peer;

const PAGE: &str = "from-cosign.md";
const PASSWORD: [(&str, &str); 1] = [("COSIGN_PASSWORD", "secret")];
/// Nothing is published, and no service is looked up.
const ALONE: &str = "--key cosign.key --tlog-upload=false --use-signing-config=false -y";
const OFFLINE: &str = "--insecure-ignore-tlog=true";

/// What a claim of `verify` is of.
fn claim(it: &Value) -> String {
    match text(&it["critical"]["type"]).as_str() {
        "https://sigstore.dev/cosign/sign/v1" | "cosign container image signature" => "signature",
        _ => "attestation",
    }
    .to_owned()
}

/// The payload of whatever was downloaded.
fn payload(it: &Value) -> String {
    let inner = [&it["dsseEnvelope"]["payload"], &it["payload"], &it["Payload"]];
    text(inner.into_iter().find(|it| it.is_string()).unwrap_or(it))
}

/// Whether something that was downloaded is a signature.
fn kind(it: &Value) -> String {
    use base64::Engine as _;
    let claim = base64::engine::general_purpose::STANDARD.decode(payload(it)).unwrap_or_default();
    let claim = String::from_utf8_lossy(&claim).into_owned();
    let is_signature =
        claim.contains("sigstore.dev/cosign/sign") || claim.contains("container image signature");
    if is_signature { "signature" } else { "attestation" }.to_owned()
}

const COMPARISON: Comparison = Comparison {
    known_by: &[
        ("verify", claim),
        ("download signature", payload),
        ("download attestation", payload),
        ("verify-attestation", payload),
    ],
    kinds: &[
        ("verify", claim),
        ("download signature", kind),
        ("download attestation", kind),
        ("verify-attestation", kind),
    ],
    left_out: &[],
    told: &[
        "exit codes.verify",
        "exit codes.verify-attestation",
        "exit codes.tree",
        "exit codes.triangulate",
        "exit codes.download signature",
        "exit codes.download attestation",
        "exit codes.others",
    ],
};

struct Bench {
    machine: Machine,
    registry: DockerRegistry,
    cosign: PathBuf,
}

impl Bench {
    /// With keys and a registry, where both can be had.
    fn start() -> Option<Self> {
        let cosign = peer("cosign")?;
        let registry = DockerRegistry::start(None, None).ok()?;
        let machine = Machine::new();
        let image = Image::new().layer("COPY a", &[("a", "1")]);
        image.write_oci_dir(Compression::Gzip, &machine.path("layout"));
        machine.write("claim.json", r#"{"spdxVersion":"SPDX-2.3"}"#);
        machine.write("app", "content");
        let bench = Self { machine, registry, cosign };
        bench.theirs("generate-key-pair").ended(0);
        bench.theirs("generate-key-pair --output-key-prefix other").ended(0);
        Some(bench)
    }

    fn theirs(&self, words: &str) -> Ran {
        theirs(&self.cosign, &self.machine, &PASSWORD, words)
    }

    fn ours(&self, words: &str) -> Ran {
        self.machine.run_with(&PASSWORD, &format!("as cosign {words}"))
    }

    fn image(&self, name: &str) -> String {
        self.registry.push(&self.machine.path("layout"), &format!("{name}:tag")).unwrap();
        format!("{}/{name}:tag", self.registry.host())
    }
}

/// What a command prints, so that order between its lines is no matter.
fn printed(verb: &str, ran: &Ran) -> Value {
    let lines = ran.out.lines().map(str::trim_end);
    let documents = |out: &str| -> Value {
        let lines = out.lines().filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_str::<Value>(line).unwrap()).collect()
    };
    match verb {
        _ if ran.code != 0 => Value::Null,
        "verify" if !ran.out.trim_start().starts_with('[') => documents(&ran.out),
        "verify" => ran.json(),
        "tree" | "triangulate" => lines.map(|line| json!(line)).collect(),
        _ => documents(&ran.out),
    }
}

#[test]
fn cosigns_answers_about_images_are_ours() {
    let Some(bench) = Bench::start() else { return };
    let (bundles, older, ours) =
        (bench.image("a/bundles"), bench.image("a/older"), bench.image("a/ours"));
    let older_form = "--new-bundle-format=false";
    let claim = "--type spdxjson --predicate claim.json";
    for (image, form) in [(&bundles, ""), (&older, older_form)] {
        bench.theirs(&format!("sign {ALONE} {form} -a env=prod {image}")).ended(0);
        bench.theirs(&format!("attest {ALONE} {form} {claim} {image}")).ended(0);
    }
    bench.ours(&format!("sign {ALONE} -a env=prod {ours}")).ended(0);
    bench.ours(&format!("attest {ALONE} {claim} {ours}")).ended(0);
    let missing = bundles.replace("a/bundles", "a/missing");
    let images = [bundles, older, ours, bench.image("a/bare"), missing];
    let mut differences = Differences::default();
    for (verb, words) in [
        ("verify", format!("verify --key cosign.pub {OFFLINE}")),
        ("verify", format!("verify --key cosign.pub {OFFLINE} -o text")),
        ("verify", format!("verify --key cosign.pub {OFFLINE} -a env=prod")),
        ("verify", format!("verify --key cosign.pub {OFFLINE} -a env=test")),
        ("verify", format!("verify --key other.pub {OFFLINE}")),
        ("verify", format!("verify --key missing.pub {OFFLINE}")),
        (
            "verify-attestation",
            format!("verify-attestation --key cosign.pub {OFFLINE} --type spdxjson"),
        ),
        (
            "verify-attestation",
            format!("verify-attestation --key cosign.pub {OFFLINE} --type vuln"),
        ),
        (
            "verify-attestation",
            format!("verify-attestation --key other.pub {OFFLINE} --type spdxjson"),
        ),
        ("tree", "tree".to_owned()),
        ("triangulate", "triangulate".to_owned()),
        ("triangulate", "triangulate --type attestation".to_owned()),
        ("triangulate", "triangulate --type sbom".to_owned()),
        ("triangulate", "triangulate --type digest".to_owned()),
        ("triangulate", "triangulate --type nothing".to_owned()),
        ("download signature", "download signature".to_owned()),
        ("download attestation", "download attestation".to_owned()),
    ] {
        for image in &images {
            let words = format!("{words} {image}");
            let (real, ours) = (bench.theirs(&words), bench.ours(&words));
            let document = |ran: &Ran| json!({"exit codes": {verb: ran.code.to_string()}, verb: printed(verb, ran)});
            differences.compare(&COMPARISON, &words, &document(&real), &document(&ours));
        }
    }
    differences.are_those_of(PAGE, "## Its answers, field by field", true);
}

#[test]
fn keys_and_files_of_one_are_the_others() {
    let Some(bench) = Bench::start() else { return };
    bench.ours("generate-key-pair --output-key-prefix ours").ended(0);
    let heads = |name: &str| {
        let text = bench.machine.read(name);
        text.lines().filter(|line| line.starts_with("-----")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(heads("ours.key"), heads("cosign.key"));
    assert_eq!(heads("ours.pub"), heads("cosign.pub"));
    for key in ["cosign", "ours"] {
        let words = format!("public-key --key {key}.key");
        assert_eq!(bench.ours(&words).ended(0).out, bench.theirs(&words).ended(0).out);
        assert_eq!(bench.ours(&words).out, bench.machine.read(&format!("{key}.pub")));
        // Both refuse to write over a key where nobody says yes.
        let words = format!("generate-key-pair --output-key-prefix {key}");
        assert_eq!(bench.ours(&words).code, bench.theirs(&words).code);
    }
    let claim = "--type spdxjson --predicate claim.json";
    bench.theirs(&format!("sign-blob {ALONE} --bundle theirs.json app")).ended(0);
    bench.ours(&format!("sign-blob {ALONE} --bundle ours.json app")).ended(0);
    bench.theirs(&format!("attest-blob {ALONE} {claim} --bundle theirs.att app")).ended(0);
    bench.ours(&format!("attest-blob {ALONE} {claim} --bundle ours.att app")).ended(0);
    for by in ["theirs", "ours"] {
        for (code, words) in [
            (0, format!("verify-blob --key cosign.pub {OFFLINE} --bundle {by}.json app")),
            (1, format!("verify-blob --key other.pub {OFFLINE} --bundle {by}.json app")),
            (1, format!("verify-blob --key cosign.pub {OFFLINE} --bundle {by}.json claim.json")),
            (1, format!("verify-blob --key cosign.pub {OFFLINE} --bundle missing.json app")),
            (
                0,
                format!(
                    "verify-blob-attestation --key cosign.pub {OFFLINE} --type spdxjson --bundle {by}.att app"
                ),
            ),
            (
                1,
                format!(
                    "verify-blob-attestation --key cosign.pub {OFFLINE} --type vuln --bundle {by}.att app"
                ),
            ),
            (
                1,
                format!(
                    "verify-blob-attestation --key other.pub {OFFLINE} --type spdxjson --bundle {by}.att app"
                ),
            ),
            (
                1,
                format!(
                    "verify-blob-attestation --key cosign.pub {OFFLINE} --type spdxjson --bundle {by}.att claim.json"
                ),
            ),
            (
                1,
                format!(
                    "verify-blob-attestation --key cosign.pub {OFFLINE} --type spdxjson --bundle {by}.json app"
                ),
            ),
        ] {
            for ran in [bench.theirs(&words).ended(code), bench.ours(&words).ended(code)] {
                assert_eq!(ran.err.contains("Verified OK"), code == 0, "{words}: {}", ran.said());
            }
        }
    }
}
