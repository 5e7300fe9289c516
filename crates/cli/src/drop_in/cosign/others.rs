//! Flags of cosign's that do nothing here, commands that are not here, flags of ours, and why.

use crate::drop_in::{Absent, Other};

const COPY: &str =
    "`skopeo copy`, `crane copy` or `oras copy -r` move images, and what refers to them";

pub(super) const ABSENT: &[Absent] = &[
    Absent::new("attach", "what is signed is pushed by `plimsoll sign` and `plimsoll attest`"),
    Absent::new("bundle", "`plimsoll sign --bundle` writes bundles"),
    Absent::new("clean", "a registry deletes what nobody needs: `crane delete`"),
    Absent::new("completion", "`plimsoll completions SHELL`"),
    Absent::new("copy", COPY),
    Absent::new(
        "dockerfile",
        "`plimsoll verify --pin Dockerfile` verifies the images that it names",
    ),
    Absent::new("download sbom", "`plimsoll download attestation --type spdxjson IMAGE`"),
    Absent::new("env", "every flag is a variable too: `COSIGN_FULCIO_URL` for `--fulcio-url`"),
    Absent::new("help", "`--help` behind a command"),
    Absent::new("load", COPY),
    Absent::new("login", "`docker login`, whose file is read"),
    Absent::new(
        "manifest",
        "`plimsoll verify --pin deployment.yaml` verifies the images that it names",
    ),
    Absent::new("piv-tool", "a token by PKCS#11: `plimsoll sign --key pkcs11:…`"),
    Absent::new("pkcs11-tool", "a token by PKCS#11: `plimsoll sign --key pkcs11:…`"),
    Absent::new("save", COPY),
    Absent::new(
        "signing-config",
        "services are named: `plimsoll sign --log`, `--fulcio`, `--timestamp`",
    ),
    Absent::new("trusted-root", "`plimsoll trust init`, `--trusted-root FILE`"),
    Absent::new("upload", "`oras push` uploads files"),
];

/// Flags of our own commands that these take too.
pub(super) const OURS: &[(&str, &[&str])] = &[
    ("verify", VERIFIED),
    ("verify-attestation", VERIFIED),
    ("verify-attestation", &["annotation"]),
];

const VERIFIED: &[&str] = &[
    "require",
    "workflow-repository",
    "workflow-ref",
    "workflow-sha",
    "workflow-name",
    "workflow-trigger",
    "certificate-extension",
    "log-entries",
    "times",
    "certificate-logs",
];

const HERE: &str =
    "what is signed is kept with the image: `plimsoll download signature`, `attestation`";
const ONE: &str = "`--bundle`, which has it in it";
const ROOT: &str = "`--trusted-root`";

pub(super) const ALL: &[Other] = &[
    Other::silent("verbose", false).short('d'),
    Other::silent("timeout", true).short('t'),
    Other::refused("upload", false, "`plimsoll sign` keeps signatures with their image").off(),
    Other::told("check-claims", false, "what is claimed is held against the image in any case")
        .off(),
    Other::silent("max-workers", true),
    Other::silent("offline", false),
    Other::silent("yes", false).short('y'),
    Other::silent("experimental-oci11", false),
    // cosign itself checks nothing there any more.
    Other::silent("insecure-skip-verify", false),
    Other::told("output-file", true, "what is said goes to stderr"),
    Other::told("new-bundle-format", false, "bundles and the older form are both looked for").off(),
    Other::told(
        "registry-referrers-mode",
        true,
        "bundles refer to their image; `--new-bundle-format=false` keeps signatures under a tag",
    ),
    Other::told("use-signed-timestamps", false, "timestamps that are there are checked"),
    Other::told("use-signing-config", false, "services are named by flags"),
    Other::told(
        "rekor-entry-type",
        true,
        "`plimsoll sign --log-kind` says how attestations are kept",
    ),
    Other::told("rekor-url", true, "no log is asked: the proof beside the signature counts"),
    Other::told(
        "k8s-keychain",
        false,
        "registries are told who asks by `docker login` and its credential helpers",
    ),
    Other::silent("allow-certificate-chain", false),
    Other::told("record-creation-timestamp", false, "a bundle says nothing of it"),
    Other::told("replace", false, "older attestations stay beside the new one"),
    Other::told("fulcio-auth-flow", true, "tokens are found as the environment offers them"),
    Other::told("oidc-provider", true, "tokens are found as the environment offers them"),
    Other::refused("oidc-disable-ambient-providers", false, "`--identity-token`"),
    Other::told("oidc-redirect-url", true, "a port that is free is listened on"),
    Other::told("signing-algorithm", true, "the key says which"),
    Other::refused("oidc-client-secret-file", true, "`--identity-token`"),
    Other::refused("local-image", false, "a layout by its name: `oci-dir:FOLDER`"),
    Other::refused("platform", true, "name the image by its digest"),
    Other::refused("no-upload", false, "`plimsoll attest --bundle FILE`"),
    Other::refused("statement", true, "`--predicate` and `--type`"),
    Other::refused("certificate", true, "`--bundle`, which has the certificate in it"),
    Other::refused("certificate-chain", true, "a key without a certificate, or `--fulcio-url`"),
    Other::refused("issue-certificate", false, "a key without a certificate, or none: keyless"),
    Other::refused("bundle", true, HERE),
    Other::refused("output-signature", true, HERE),
    Other::refused("output-payload", true, HERE),
    Other::refused("output-certificate", true, ONE),
    Other::refused("output-attestation", true, ONE),
    Other::refused("rfc3161-timestamp", true, ONE),
    Other::refused("rfc3161-timestamp-bundle", true, ONE),
    Other::refused("b64", false, "`base64 -d` behind it").off(),
    Other::refused("payload", true, "the payload is made of the image's digest, and found with it"),
    Other::refused("signature", true, "signatures are found with their image"),
    Other::refused("sign-container-identity", true, "the name that is signed is the image's"),
    Other::refused("attachment-tag-prefix", true, "tags are those that cosign has without it"),
    Other::refused("hash", true, "the digest is worked out from the file"),
    Other::refused("digest", true, "the digest is worked out from the file"),
    Other::refused("digestAlg", true, "the digest is worked out from the file"),
    Other::refused(
        "ca-roots",
        true,
        "`--certificate-chain` with the root last, or `--trusted-root`",
    ),
    Other::refused(
        "ca-intermediates",
        true,
        "`--certificate-chain` with the root last, or `--trusted-root`",
    ),
    Other::refused("sct", true, "the certificate has it in it"),
    Other::refused("timestamp-certificate-chain", true, ROOT),
    Other::refused("policy", true, "`plimsoll verify --type TYPE --rego FILE` or `--cel`"),
    Other::refused("outfile", true, "the shell: `> FILE`"),
    Other::refused("root", true, "`plimsoll trust init`"),
    Other::refused("root-checksum", true, "`plimsoll trust init`"),
    Other::refused("staging", false, "`plimsoll trust init`"),
    Other::refused("json", false, "`plimsoll --version`"),
    Other::refused("registry-client-cert", true, "registries are told who asks by `docker login`"),
    Other::refused("registry-client-key", true, "registries are told who asks by `docker login`"),
    Other::refused("registry-server-name", true, "the registry by the name in its certificate"),
    Other::refused("timestamp-client-cacert", true, "`--trusted-root`"),
    Other::refused("timestamp-client-cert", true, "an authority that asks for no certificate"),
    Other::refused("timestamp-client-key", true, "an authority that asks for no certificate"),
    Other::refused("timestamp-server-name", true, "the authority by the name in its certificate"),
    Other::refused(
        "signing-config",
        true,
        "name the services: `--rekor-url`, `--fulcio-url`, `--timestamp-server-url`",
    ),
    Other::refused("sk", false, "a token by PKCS#11: `--key pkcs11:…`"),
    Other::refused("slot", true, "a token by PKCS#11: `--key pkcs11:…`"),
    Other::refused("attachment", true, "attach an SBOM as an attestation: `plimsoll attest`"),
    Other::refused("signature-digest-algorithm", true, "the key says which"),
    Other::refused("registry-username", true, "`docker login`, whose file is read"),
    Other::refused("registry-password", true, "`docker login`, whose file is read"),
    Other::refused("registry-token", true, "`docker login`, whose file is read"),
];

/// Variables that stand for no flag, and what is here in their place.
///
/// Source: <https://github.com/sigstore/cosign/blob/main/pkg/cosign/env/env.go>.
pub(super) const VARIABLES: &[(&str, &str)] = &[
    ("COSIGN_REPOSITORY", "signatures lie beside their image"),
    ("SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", "`--trusted-root FILE`"),
    ("SIGSTORE_REKOR_PUBLIC_KEY", "`--trusted-root FILE`"),
    ("SIGSTORE_ROOT_FILE", "`--trusted-root FILE`"),
    ("SIGSTORE_TSA_CERTIFICATE_FILE", "`--trusted-root FILE`"),
];
