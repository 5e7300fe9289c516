//! `cosign sign IMAGE` as the guides write it, with the services of this machine in the environment.

use std::process::{Command, Output, Stdio};

use plimsoll_testkit::{Compression, DockerRegistry, Image};
use serde_json::Value;

use super::programs::{PERSON, run};
use super::services::Services;

#[test]
fn an_image_is_signed_without_a_key_and_verified_by_who_signed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let registry = match DockerRegistry::start(None, None) {
        Ok(registry) => registry,
        Err(why) => return println!("skipped: {why}"),
    };
    let services = match Services::start(folder) {
        Ok(services) => services,
        Err(why) => return println!("skipped: {why}"),
    };
    let image = Image::new().layer("COPY a", &[("a", "1")]);
    image.write_oci_dir(Compression::Gzip, &folder.join("layout"));
    registry.push(&folder.join("layout"), "user/image:tag").unwrap();
    let image = format!("{}/user/image:tag", registry.host());
    let cosign = |words: &str| -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command.arg("as").arg("cosign").args(words.split(' ')).current_dir(folder);
        for name in ["SIGSTORE_ID_TOKEN", "GITHUB_ACTIONS", "GITLAB_CI", "ACTIONS_ID_TOKEN_REQUEST_URL"] {
            command.env_remove(name);
        }
        command
            .env("HOME", folder)
            .env("BROWSER", folder.join("browser"))
            .env("COSIGN_YES", "true")
            .env("PLIMSOLL_OIDC_ISSUER", &services.issuer)
            .env("PLIMSOLL_FULCIO", &services.fulcio)
            .env("PLIMSOLL_LOG", &services.log)
            .env("PLIMSOLL_LOG_VERSION", "2")
            .env("PLIMSOLL_TIMESTAMP", &services.stamps)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let signed = cosign(&format!("sign {image}"));
    assert!(signed.status.success(), "{}", said(&signed));

    // Nobody in particular is asked for, which cosign refuses since its second version.
    let anybody = cosign(&format!("verify {image}"));
    assert_eq!(anybody.status.code(), Some(1), "{}", said(&anybody));
    assert!(said(&anybody).contains("--certificate-identity"), "{}", said(&anybody));

    let trust = "--trusted-root root.json --insecure-ignore-sct --use-signed-timestamps";
    let by = |person: &str| {
        format!(
            "verify --certificate-identity {person} --certificate-oidc-issuer {} {trust} {image}",
            services.issuer
        )
    };
    let verified = cosign(&by(PERSON));
    assert!(verified.status.success(), "{}", said(&verified));
    let claims: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(claims.as_array().unwrap().len(), 1, "{claims}");
    let other = cosign(&by("mallory@example.com"));
    assert_eq!(other.status.code(), Some(1), "{}", said(&other));
    assert!(other.stdout.is_empty());

    // cosign itself says the same of what was signed.
    let theirs = run(folder, "cosign", &by(PERSON));
    let theirs: Value = serde_json::from_slice(&theirs.stdout).unwrap();
    assert_eq!(theirs, claims);
}
