//! The same claim in the form that cosign calls `vuln`.
//!
//! Source: <https://github.com/sigstore/cosign/blob/main/specs/COSIGN_VULN_ATTESTATION_SPEC.md>.

use serde_json::{Value, json};

use super::ScanClaim;

/// The predicate of type `https://cosign.sigstore.dev/attestation/vuln/v1`, whose result is the
/// whole scan. Cosign leaves open what a result is.
pub fn cosign_vuln(claim: &ScanClaim) -> Value {
    let scan = &claim.scan;
    let digest = scan.database.digest.iter().next();
    let digest = digest.map(|(name, hex)| format!("{name}:{hex}")).unwrap_or_default();
    let newest = scan.database.feeds.iter().filter_map(|feed| feed.newest).max();
    let scanner = &scan.scanner;
    json!({
        "invocation": {
            "parameters": if scan.declared { vec!["--declared"] } else { Vec::new() },
            "uri": "",
            "event_id": "",
            "builder.id": "",
        },
        "scanner": {
            "uri": format!("pkg:github/plimsoll/{}@{}", scanner.name, scanner.version),
            "version": scanner.version,
            "db": {"uri": digest, "version": newest.map(|it| it.to_string()).unwrap_or_default()},
            "result": scan,
        },
        "metadata": {"scanStartedOn": claim.scanned_on, "scanFinishedOn": claim.scanned_on},
    })
}
