//! A person logs in, in a browser here or by a code elsewhere, at a real identity provider.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use plimsoll_supply::bundle::{Bundle, Signer};
use plimsoll_supply::certificate::Identity;

use super::programs::{PERSON, Running, fulcio, missing, provider, run};

struct Bench {
    folder: tempfile::TempDir,
    issuer: String,
    fulcio: String,
    _running: [Running; 2],
}

impl Bench {
    fn start() -> Result<Self, String> {
        if let Some(program) = missing(&["fulcio"]) {
            return Err(format!("`{program}` is not there"));
        }
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        fs::write(at.join("app"), "content").unwrap();
        let (provider, issuer) = provider(at)?;
        let (authority, fulcio) = fulcio(at, &issuer);
        Ok(Self { folder, issuer, fulcio, _running: [provider, authority] })
    }

    fn at(&self) -> &Path {
        self.folder.path()
    }

    fn sign(&self, more: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        let line = format!(
            "sign --keyless --yes --no-log --oidc-issuer {} --fulcio {} {more} app",
            self.issuer, self.fulcio
        );
        command.args(line.split_whitespace()).current_dir(self.at()).stdin(Stdio::null());
        for name in ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "SIGSTORE_ID_TOKEN"] {
            command.env_remove(name);
        }
        for name in ["GITHUB_ACTIONS", "GITLAB_CI", "ACTIONS_ID_TOKEN_REQUEST_URL"] {
            command.env_remove(name);
        }
        command
    }

    /// Checks that the person is in the certificate, and the signature is over the file.
    fn is_signed(&self) {
        let bundle = fs::read(self.at().join("app.sigstore.json")).unwrap();
        let bundle = Bundle::parse(&bundle).unwrap();
        let Signer::Certificate(certificate, _) = &bundle.signer else { panic!("no certificate") };
        let identity = Identity::of(certificate).unwrap();
        assert_eq!(identity.subject(), Some(PERSON));
        let key = certificate.public_key().unwrap();
        key.verify(b"content", bundle.content.signature()).unwrap();
        fs::remove_file(self.at().join("app.sigstore.json")).unwrap();
    }
}

#[test]
fn a_person_logs_in_with_a_browser_here() {
    let bench = match Bench::start() {
        Ok(bench) => bench,
        Err(why) => return println!("skipped: {why}"),
    };
    let output = bench.sign("").env("BROWSER", bench.at().join("browser")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let open = said.lines().find(|line| line.starts_with("Open ")).unwrap();
    assert!(open.contains("code_challenge_method=S256"), "{open}");
    assert!(open.contains("redirect_uri=http%3A%2F%2Flocalhost%3A"), "{open}");
    assert!(said.contains(&format!("certifies `{PERSON}`")), "{said}");
    assert!(!said.contains("eyJ"), "a token is a secret: {said}");
    bench.is_signed();
}

#[test]
fn a_person_confirms_a_code_on_another_machine() {
    let bench = match Bench::start() {
        Ok(bench) => bench,
        Err(why) => return println!("skipped: {why}"),
    };
    let mut child = bench.sign("").stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
        said.push_str(&line);
        said.push('\n');
        if let Some(rest) = line.strip_prefix("Open ") {
            let (place, code) = rest.split_once(" and confirm the code ").unwrap();
            assert!(place.contains(code), "{line}");
            run(bench.at(), "python3", &format!("browser.py {PERSON} {place}"));
        }
    }
    assert!(child.wait().unwrap().success(), "{said}");
    assert!(said.contains(&format!("certifies `{PERSON}`")), "{said}");
    assert!(!said.contains("eyJ"), "a token is a secret: {said}");
    bench.is_signed();
}

#[test]
fn an_issuer_that_says_to_be_another_is_refused_before_anybody_logs_in() {
    let bench = match Bench::start() {
        Ok(bench) => bench,
        Err(why) => return println!("skipped: {why}"),
    };
    let other = bench.issuer.replace("127.0.0.1", "localhost");
    let line = format!("--oidc-issuer {other} --oidc-flow device");
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command.args(format!("sign --keyless --yes --fulcio {} {line} app", bench.fulcio).split(' '));
    for name in ["SIGSTORE_ID_TOKEN", "GITHUB_ACTIONS", "GITLAB_CI", "ACTIONS_ID_TOKEN_REQUEST_URL"]
    {
        command.env_remove(name);
    }
    let output = command.current_dir(bench.at()).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains(&format!("it says to be `{}`", bench.issuer)), "{said}");
    assert!(!said.contains("Open "), "{said}");
}
