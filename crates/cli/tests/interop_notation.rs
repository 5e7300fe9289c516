//! What `notation` signs, judged by notation and by Plimsoll under the same trust policies, on
//! Debian's registry: the verdicts are the same. The outcome is `docs/interop-notation.md`, which
//! `UPDATE_DOCS=1` writes anew.
//!
//! Skipped where `notation`, `docker-registry`, `skopeo` or `openssl` is not there: `make
//! sign-peers` fetches the first, `make test-tools` the others.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_testkit::{Compression, DockerRegistry, Image, Reply, Server};
use tempfile::TempDir;

const KEYS: [&str; 6] = ["rsa-2048", "rsa-3072", "rsa-4096", "ec-256", "ec-384", "ec-521"];
const FORMS: [&str; 2] = ["jws", "cose"];

/// Extensions of the certificates; `HOST` serves lists of revoked ones.
const OPENSSL: &str = "
[req]
distinguished_name = name
prompt = no
[name]
CN = unused
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
[listed]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
crlDistributionPoints = URI:http://HOST/crl
[lost]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
crlDistributionPoints = URI:http://HOST/lost
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
[stamp]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[ca]
default_ca = authority
[authority]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 30
[tsa]
default_tsa = service
[service]
serial = serial
default_policy = 1.2.3
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
signer_digest = sha256
";

struct Bench {
    folder: TempDir,
    registry: DockerRegistry,
    server: Server,
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .env("HOME", folder)
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{program} {}: {err}", arguments.join(" ")))
}

/// A timestamp service, and the place where lists of revoked certificates are.
fn serve(folder: PathBuf) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(move |request| match request.path.as_str() {
        "/crl" => Reply::new(200, fs::read(folder.join("crl.der")).unwrap_or_default()),
        "/tsa" => {
            let at = count.fetch_add(1, Ordering::SeqCst);
            let (query, reply) = (format!("{at}.tsq"), format!("{at}.tsr"));
            fs::write(folder.join(&query), &request.bytes).unwrap();
            let arguments = [
                "ts",
                "-reply",
                "-config",
                "openssl.cnf",
                "-queryfile",
                &query,
                "-signer",
                "stamp.leaf.pem",
                "-inkey",
                "stamp.key",
                "-chain",
                "root.pem",
                "-out",
                &reply,
            ];
            run(&folder, "openssl", &arguments).unwrap();
            let body = fs::read(folder.join(&reply)).unwrap();
            Reply::new(200, body).header("content-type", "application/timestamp-reply")
        }
        _ => Reply::new(404, "nothing here"),
    })
}

impl Bench {
    fn new() -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), "notation", &["version"])?;
        let registry = DockerRegistry::start(None, None)?;
        let server = serve(folder.path().into());
        let bench = Self { folder, registry, server };
        let image = Image::new().layer("COPY a", &[("a", "1")]);
        image.write_oci_dir(Compression::Gzip, &bench.path("layout"));
        bench.authorities()?;
        Ok(bench)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn openssl(&self, arguments: &str) -> Result<(), String> {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        run(self.folder.path(), "openssl", &arguments).map(drop)
    }

    /// Two roots, a certificate for each kind of key and for each special case, and a list on which
    /// one is revoked.
    fn authorities(&self) -> Result<(), String> {
        self.write("openssl.cnf", &OPENSSL.replace("HOST", &self.server.host()));
        self.write("index.txt", "");
        self.write("serial", "01\n");
        self.write("crlnumber", "01\n");
        for root in ["root", "stranger"] {
            self.key(root, "ec-256")?;
            self.openssl(&format!(
                "req -x509 -new -config openssl.cnf -extensions root -key {root}.key \
                 -subj /C=US/ST=WA/O=Example/CN={root} -days 100 -out {root}.pem"
            ))?;
        }
        let special = [
            ("listed", "listed"),
            ("revoked", "listed"),
            ("lost", "lost"),
            ("server", "server"),
            ("stamp", "stamp"),
        ];
        let kinds = KEYS.map(|key| (key, "leaf")).into_iter().chain(special);
        let mut keys = Vec::new();
        for (name, extensions) in kinds {
            self.key(name, if extensions == "leaf" { name } else { "ec-256" })?;
            self.openssl(&format!(
                "req -new -config openssl.cnf -key {name}.key \
                 -subj /C=US/ST=WA/O=Example/CN={name} -out {name}.csr"
            ))?;
            self.openssl(&format!(
                "x509 -req -in {name}.csr -CA root.pem -CAkey root.key -CAcreateserial -days 90 \
                 -sha256 -extfile openssl.cnf -extensions {extensions} -out {name}.leaf.pem"
            ))?;
            let chain = ["leaf.pem", "pem"].map(|end| {
                let file = if end == "pem" { "root.pem".into() } else { format!("{name}.{end}") };
                fs::read_to_string(self.path(&file)).unwrap()
            });
            self.write(&format!("{name}.chain.pem"), &chain.concat());
            keys.push(serde_json::json!({
                "name": name,
                "keyPath": self.path(&format!("{name}.key")),
                "certPath": self.path(&format!("{name}.chain.pem")),
            }));
        }
        self.openssl(
            "ca -config openssl.cnf -cert root.pem -keyfile root.key -revoke revoked.leaf.pem",
        )?;
        self.openssl(
            "ca -config openssl.cnf -cert root.pem -keyfile root.key -gencrl -out crl.pem",
        )?;
        self.openssl("crl -in crl.pem -outform DER -out crl.der")?;
        let keys = serde_json::json!({ "keys": keys }).to_string();
        self.write("config/notation/signingkeys.json", &keys);
        for (store, root) in [("ca/test", "root"), ("ca/other", "stranger"), ("tsa/test", "root")] {
            let text = fs::read_to_string(self.path(&format!("{root}.pem"))).unwrap();
            self.write(&format!("config/notation/truststore/x509/{store}/root.pem"), &text);
        }
        Ok(())
    }

    fn key(&self, name: &str, kind: &str) -> Result<(), String> {
        let (kind, size) = kind.split_once('-').unwrap();
        let how = match kind {
            "rsa" => format!("RSA -pkeyopt rsa_keygen_bits:{size}"),
            _ => format!("EC -pkeyopt ec_paramgen_curve:P-{size}"),
        };
        self.openssl(&format!("genpkey -algorithm {how} -out {name}.key"))
    }

    fn notation(&self, arguments: &str) -> Result<String, String> {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        run(self.folder.path(), "notation", &arguments)
    }

    /// Both verdicts on an image: notation's and ours.
    fn verdicts(&self, image: &str, arguments: &str) -> (Result<(), String>, Result<(), String>) {
        let theirs = self.notation(&format!("verify --insecure-registry {arguments} {image}"));
        let host = self.registry.host();
        let ours = format!("verify --notation --insecure-registry {host} {arguments} {image}");
        let ours: Vec<&str> = ours.split_whitespace().collect();
        let ours = run(self.folder.path(), env!("CARGO_BIN_EXE_plimsoll"), &ours);
        (theirs.map(drop), ours.map(drop))
    }

    /// An image of its own for each case, signed.
    fn signed(&self, name: &str, key: &str, arguments: &str) -> String {
        self.registry.push(&self.path("layout"), &format!("{name}:1")).unwrap();
        let image = format!("{}/{name}:1", self.registry.host());
        let command = format!("sign --insecure-registry --key {key} {arguments} {image}");
        self.notation(&command).unwrap();
        image
    }

    fn policy(&self, policy: &Policy) {
        let scope = policy.scope.replace("HOST", self.registry.host());
        let mut statement = serde_json::json!({
            "name": "test",
            "registryScopes": [scope],
            "signatureVerification": serde_json::from_str::<serde_json::Value>(policy.level).unwrap(),
        });
        if !policy.stores.is_empty() {
            statement["trustStores"] = serde_json::json!(policy.stores);
            statement["trustedIdentities"] = serde_json::json!([policy.identity]);
        }
        let document = serde_json::json!({"version": "1.0", "trustPolicies": [statement]});
        self.write("config/notation/trustpolicy.json", &document.to_string());
    }
}

#[derive(Clone, Copy)]
struct Policy {
    level: &'static str,
    stores: &'static [&'static str],
    identity: &'static str,
    scope: &'static str,
}

const STRICT: Policy = Policy {
    level: r#"{"level": "strict"}"#,
    stores: &["ca:test"],
    identity: "x509.subject: C=US, ST=WA, O=Example",
    scope: "*",
};
const STAMPED: Policy = Policy { stores: &["ca:test", "tsa:test"], ..STRICT };
const PERMISSIVE: Policy = Policy { level: r#"{"level": "permissive"}"#, ..STRICT };

/// What a case shows, which key signs and how, the policy, the flags of the verifier, the verdict.
type Case = (&'static str, &'static str, &'static str, Policy, &'static str, bool);

const CASES: [Case; 22] = [
    (
        "the identity is another",
        "ec-256",
        "",
        Policy { identity: "x509.subject: C=US, ST=WA, O=Other", ..STRICT },
        "",
        false,
    ),
    ("any identity", "ec-256", "", Policy { identity: "*", ..STRICT }, "", true),
    (
        "the identity has a common name",
        "ec-256",
        "",
        Policy { identity: "x509.subject: CN=ec-256, C=US, S=WA, O=Example", ..STRICT },
        "",
        true,
    ),
    (
        "another root is trusted",
        "ec-256",
        "",
        Policy { stores: &["ca:other"], ..STRICT },
        "",
        false,
    ),
    (
        "two roots are trusted",
        "ec-256",
        "",
        Policy { stores: &["ca:other", "ca:test"], ..STRICT },
        "",
        true,
    ),
    (
        "the trust store is missing",
        "ec-256",
        "",
        Policy { stores: &["ca:none"], ..STRICT },
        "",
        false,
    ),
    (
        "another root, `audit`",
        "ec-256",
        "",
        Policy { level: r#"{"level": "audit"}"#, stores: &["ca:other"], ..STRICT },
        "",
        true,
    ),
    (
        "another root, `audit` with authenticity enforced",
        "ec-256",
        "",
        Policy {
            level: r#"{"level": "audit", "override": {"authenticity": "enforce"}}"#,
            stores: &["ca:other"],
            ..STRICT
        },
        "",
        false,
    ),
    (
        "`skip`",
        "ec-256",
        "",
        Policy { level: r#"{"level": "skip"}"#, stores: &[], ..STRICT },
        "",
        true,
    ),
    ("the scope is another", "ec-256", "", Policy { scope: "HOST/other", ..STRICT }, "", false),
    ("metadata that was signed", "ec-256", "-m env=prod", STRICT, "-m env=prod", true),
    ("metadata of another value", "ec-256", "-m env=prod", STRICT, "-m env=test", false),
    ("expired", "ec-256", "--expiry 1s", STRICT, "", false),
    ("expired, `permissive`", "ec-256", "--expiry 1s", PERMISSIVE, "", true),
    ("not expired", "ec-256", "--expiry 24h", STRICT, "", true),
    (
        "a timestamp",
        "rsa-2048",
        "--timestamp-url http://TSA/tsa --timestamp-root-cert root.pem",
        STAMPED,
        "",
        true,
    ),
    ("no timestamp where one is due", "rsa-2048", "", STAMPED, "", false),
    (
        "no timestamp, due after expiry",
        "rsa-2048",
        "",
        Policy { level: r#"{"level": "strict", "verifyTimestamp": "afterCertExpiry"}"#, ..STAMPED },
        "",
        true,
    ),
    ("not on the list of revoked certificates", "listed", "", STRICT, "", true),
    ("revoked", "revoked", "", STRICT, "", false),
    ("revoked, `permissive`", "revoked", "", PERMISSIVE, "", true),
    ("the list is not there", "lost", "", STRICT, "", false),
];

#[test]
fn notation_and_plimsoll_agree() {
    let bench = match Bench::new() {
        Ok(bench) => bench,
        Err(why) => return println!("skipped: {why}"),
    };
    let mut rows = String::new();
    bench.policy(&STRICT);
    for key in KEYS {
        let mut cells = String::new();
        for form in FORMS {
            let how = format!("--signature-format {form}");
            let image = bench.signed(&format!("{key}-{form}"), key, &how);
            let (theirs, ours) = bench.verdicts(&image, "");
            assert_eq!((&theirs, &ours), (&Ok(()), &Ok(())), "{key} {form}");
            cells.push_str(" yes |");
        }
        let _ = writeln!(rows, "| {key} |{cells}");
    }
    let mut verdicts = String::new();
    for (at, (what, key, how, policy, arguments, expected)) in CASES.into_iter().enumerate() {
        bench.policy(&policy);
        let how = how.replace("TSA", &bench.server.host());
        for form in FORMS {
            let how = format!("{how} --signature-format {form}");
            let image = bench.signed(&format!("case-{at}-{form}"), key, &how);
            if how.contains("--expiry 1s") {
                std::thread::sleep(std::time::Duration::from_millis(1500));
            }
            let (theirs, ours) = bench.verdicts(&image, arguments);
            assert_eq!(theirs.is_ok(), expected, "{what}, {form}, notation: {theirs:?}");
            assert_eq!(ours.is_ok(), expected, "{what}, {form}, Plimsoll: {ours:?}");
        }
        let verdict = if expected { "verified" } else { "refused" };
        let _ = writeln!(verdicts, "| {what} | {verdict} | {verdict} |");
    }
    let refused = bench.notation(&format!(
        "sign --insecure-registry --key server {}/ec-256-jws:1",
        bench.registry.host()
    ));
    assert!(refused.is_err(), "notation does not sign with a certificate for servers");
    let page = format!(
        "# Interoperation with notation\n\
         notation 1.3.2 signs, and both verify under the same trust policy and trust store. These\n\
         tables are written by a run of `crates/cli/tests/interop_notation.rs` on Debian's\n\
         `docker-registry`; `make sign-peers` fetches notation.\n\n\
         | key | JWS | COSE |\n| --- | --- | --- |\n{rows}\n\
         Each of these with both forms of envelope:\n\n\
         | case | notation | Plimsoll |\n| --- | --- | --- |\n{verdicts}"
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interop-notation.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert!(page == fs::read_to_string(path).unwrap_or_default(), "run with `UPDATE_DOCS=1`");
}
