//! `--attest`: the verdict as a signed statement about the images that were judged.
//!
//! The predicate is in-toto's test result: rules are its tests, the policy is its configuration.
//! <https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md>

use anyhow::Context as _;
use plimsoll_model::gate::{Decision, Effect, Ruling, State};
use plimsoll_supply::intoto::Subject;
use plimsoll_supply::sign::statement;
use serde_json::{Value, json};

use super::target::{Kind, Target};
use crate::exit::Usage;
use crate::signing::{Ready, Storage, attestation};

const PREDICATE: &str = "https://in-toto.io/attestation/test-result/v0.1";

/// Signs the verdict on each image and stores it there; those that nothing can hang on yet get a
/// bundle in a file alone.
pub(super) fn store(
    decision: &Decision,
    targets: &[Target<'_>],
    ready: &Ready,
    storage: Storage,
    bundle: Option<&str>,
) -> anyhow::Result<()> {
    let images: Vec<&Target<'_>> =
        targets.iter().filter(|target| target.kind == Kind::Image).collect();
    if bundle.is_some() && images.len() > 1 {
        let why = "a bundle is about one image: name just one, or leave `--bundle` out";
        return Err(Usage(why.into()).into());
    }
    for target in images {
        let subject = decision.subjects.iter().find(|one| one.name == target.name);
        let digest = subject.and_then(|one| one.digest.as_ref()).with_context(|| {
            format!("`{}` has no digest, so that no verdict can be about it", target.name)
        })?;
        let name = target.attached().and_then(Result::ok).map(|it| it.repository.name());
        let subject = Subject {
            name: name.unwrap_or_else(|| target.name.clone()),
            digest: [(digest.algorithm().name().to_owned(), digest.hex().to_owned())].into(),
        };
        let payload = statement::about(&[subject], PREDICATE, &predicate(decision, &target.name));
        let signed = attestation::sign(ready, payload)?;
        match target.attached() {
            Some(attached) => {
                let attached = attached.map_err(anyhow::Error::msg)?;
                attestation::attach(
                    ready,
                    &signed,
                    storage,
                    &attached.repository,
                    &attached.subject,
                    PREDICATE,
                )
                .with_context(|| format!("the verdict on `{}` was not stored", target.name))?;
            }
            None if bundle.is_none() => {
                let why =
                    "nothing can hang on it there: write the attestation with `--bundle FILE`";
                return Err(Usage(format!("`{}`: {why}", target.name)).into());
            }
            None => {}
        }
        if let Some(file) = bundle {
            attestation::write_signed(&signed, &[file])?;
        }
    }
    Ok(())
}

/// What is said: of the image itself, and of the sources that were judged with it.
fn predicate(decision: &Decision, image: &str) -> Value {
    let is_other_image = |name: &str| {
        decision
            .subjects
            .iter()
            .any(|one| one.name == name && one.name != image && one.kind == "image")
    };
    let own = || decision.rulings.iter().filter(|one| !is_other_image(&one.subject));
    let named = |state: State| -> Vec<&str> {
        let mut all: Vec<&str> =
            own().filter(|one| one.state == state).map(|one| one.rule.id).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let (denied, unknown) = (named(State::Denied), named(State::Unknown));
    let failed: Vec<&str> = own()
        .filter(|one| one.state == State::Denied || closes(one))
        .map(|one| one.rule.id)
        .collect();
    let warned: Vec<&str> = [named(State::Warned), named(State::Excepted), unknown.clone()]
        .concat()
        .into_iter()
        .filter(|rule| !failed.contains(rule))
        .collect();
    let result = if !denied.is_empty() || !failed.is_empty() {
        "FAILED"
    } else if !warned.is_empty() {
        "WARNED"
    } else {
        "PASSED"
    };
    let mut failed = failed;
    failed.sort_unstable();
    failed.dedup();
    let passed: Vec<&str> = named(State::Passed)
        .into_iter()
        .filter(|rule| !failed.contains(rule) && !warned.contains(rule))
        .collect();
    let configuration = match (&decision.policy, &decision.policy_sha256) {
        (Some(file), Some(sha256)) => json!([{"name": file, "digest": {"sha256": sha256}}]),
        _ => json!([{"name": format!("plimsoll {} default policy", env!("CARGO_PKG_VERSION"))}]),
    };
    json!({
        "result": result,
        "configuration": configuration,
        "passedTests": passed,
        "warnedTests": warned,
        "failedTests": failed,
    })
}

/// Whether a ruling that is not known keeps the gate closed.
fn closes(ruling: &Ruling) -> bool {
    ruling.state == State::Unknown && ruling.effect == Effect::Deny
}
