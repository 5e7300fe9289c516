//! Verifies a file by its bundle, with the built-in trust: `verify_bundle FILE BUNDLE IDENTITY
//! ISSUER`.

use std::path::Path;
use std::process::ExitCode;

use plimsoll_model::Timestamp;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::bundle::Bundle;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{IdentityPolicy, Policy, verify};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, bundle, identity, issuer] = arguments.as_slice() else {
        return Err("usage: verify_bundle FILE BUNDLE IDENTITY ISSUER".into());
    };
    let bundle = Bundle::parse(&std::fs::read(bundle)?)?;
    let artefact = Artefact::open(Path::new(file))?;
    let policy = Policy::identities(vec![IdentityPolicy::exact(identity, issuer)]);
    let root = TrustedRoot::public_good()?;
    let report = verify(&bundle, &artefact, &root, &policy, Timestamp::from_unix(0));
    Ok(if report.verified { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
