//! The guide's two lines of cosign without a key, as written: variables say where the services are, and
//! whose signature is asked for. cosign itself reads the same variables.

use std::path::Path;
use std::process::{Command, Stdio};

use plimsoll_testkit::{Compression, DockerRegistry, Image, free_port};

use super::programs::{PERSON, fulcio, missing, provider, run, start};

/// What is run: cosign, or ours in its place; with what it said on stderr.
fn line(folder: &Path, variables: &[(&str, &str)], program: &[&str], line: &str) -> (i32, String) {
    let [program, before @ ..] = program else { panic!("no program") };
    let mut command = Command::new(program);
    command.args(before).args(line.split(' ')).current_dir(folder).stdin(Stdio::null());
    command.env("HOME", folder).env("BROWSER", folder.join("browser"));
    for name in ["GITHUB_ACTIONS", "GITLAB_CI", "ACTIONS_ID_TOKEN_REQUEST_URL", "SIGSTORE_ID_TOKEN"]
    {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_guides_lines_without_a_key_sign_and_verify_where_somebody_says_who_signs() {
    if let Some(missing) = missing(&["fulcio", "timestamp-server", "cosign"]) {
        return println!("skipped: `{missing}` is not there");
    }
    let registry = match DockerRegistry::start(None, None) {
        Ok(registry) => registry,
        Err(why) => return println!("skipped: {why}"),
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (provider, issuer) = match provider(folder) {
        Ok(provider) => provider,
        Err(why) => return println!("skipped: {why}"),
    };
    let (authority, fulcio) = fulcio(folder, &issuer);
    let port = free_port();
    let arguments = format!(
        "serve --host 127.0.0.1 --port {port} --timestamp-signer memory --disable-ntp-monitoring"
    );
    let _running = [provider, authority, start(folder, port, "timestamp-server", &arguments)];
    let stamps = format!("http://127.0.0.1:{port}/api/v1/timestamp");
    for (url, file) in [
        (format!("{fulcio}/api/v1/rootCert"), "ca.pem"),
        (format!("{stamps}/certchain"), "tsa.pem"),
    ] {
        run(folder, "curl", &format!("--silent --fail --output {file} {url}"));
    }
    run(
        folder,
        "cosign",
        &format!(
            "trusted-root create --out root.json --fulcio url={fulcio},certificate-chain=ca.pem \
             --tsa url={stamps},certificate-chain=tsa.pem"
        ),
    );
    let services = [
        ("COSIGN_YES", "true"),
        ("COSIGN_OIDC_ISSUER", issuer.as_str()),
        ("COSIGN_FULCIO_URL", fulcio.as_str()),
        ("COSIGN_TIMESTAMP_SERVER_URL", stamps.as_str()),
        ("COSIGN_TLOG_UPLOAD", "false"),
    ];
    let trust = [
        ("COSIGN_CERTIFICATE_IDENTITY", PERSON),
        ("COSIGN_CERTIFICATE_OIDC_ISSUER", issuer.as_str()),
        ("COSIGN_TRUSTED_ROOT", "root.json"),
        ("COSIGN_INSECURE_IGNORE_TLOG", "true"),
        ("COSIGN_INSECURE_IGNORE_SCT", "true"),
        ("COSIGN_USE_SIGNED_TIMESTAMPS", "true"),
    ];
    Image::new()
        .layer("COPY a", &[("a", "1")])
        .write_oci_dir(Compression::Gzip, &folder.join("oci"));
    registry.push(&folder.join("oci"), "user/image:tag").unwrap();
    let image = format!("{}/user/image:tag", registry.host());
    let ours = [env!("CARGO_BIN_EXE_plimsoll"), "as", "cosign"];
    let (code, said) = line(folder, &services, &ours, &format!("sign {image}"));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(&format!("certifies `{PERSON}` (as {issuer} says)")), "{said}");

    for program in [&ours[..], &["cosign"]] {
        let (code, said) = line(folder, &trust, program, &format!("verify {image}"));
        assert_eq!(code, 0, "{program:?}: {said}");
        let mut other = trust;
        other[0].1 = "mallory@example.com";
        let (code, said) = line(folder, &other, program, &format!("verify {image}"));
        assert_ne!(code, 0, "{program:?}: {said}");
    }
    // Nobody is asked for by the line alone.
    let (code, said) = line(folder, &[], &ours, &format!("verify {image}"));
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("--certificate-identity"), "{said}");
}
