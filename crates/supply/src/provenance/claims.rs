//! Whether provenance says what the caller demands: artefact, source, reference and inputs.

use super::Expectation;
use super::git;
use super::predicate::{NPM_CLI_V1, Provenance, Usage, text};
use super::refusal::{Refusal, RefusalKind};
use crate::intoto::Subject;

/// Checks everything that the caller demands but the builder.
pub(super) fn check(provenance: &Provenance, expected: &Expectation) -> Result<(), Refusal> {
    source(provenance, &expected.source_uri)?;
    digest(provenance.subjects()?, &expected.digest)?;
    if let Some(wanted) = &expected.branch {
        let reference = provenance.branch()?;
        let found = git::branch_of(&reference)?;
        same(RefusalKind::MismatchBranch, wanted, found)?;
    }
    if let Some(wanted) = &expected.tag {
        let reference = provenance.tag()?;
        same(RefusalKind::MismatchTag, wanted, git::tag_of(&reference)?)?;
    }
    if let Some(wanted) = &expected.versioned_tag {
        let reference = provenance.tag()?;
        git::check_versioned_tag(git::tag_of(&reference)?, wanted)?;
    }
    if !expected.workflow_inputs.is_empty() {
        let inputs = provenance.workflow_inputs()?;
        for (name, wanted) in &expected.workflow_inputs {
            let kind = RefusalKind::MismatchWorkflowInputs;
            let found = text(inputs, name).map_err(|refusal| Refusal::new(kind, refusal.why))?;
            same(kind, &format!("{name}={wanted}"), &format!("{name}={found}"))?;
        }
    }
    Ok(())
}

pub(super) fn same(kind: RefusalKind, expected: &str, found: &str) -> Result<(), Refusal> {
    if expected == found { Ok(()) } else { Err(Refusal::mismatch(kind, expected, found)) }
}

/// Source and trigger are the repository that the caller demands, and agree with each other.
fn source(provenance: &Provenance, expected: &str) -> Result<(), Refusal> {
    let wanted = git::normalize_uri(expected);
    if !wanted.starts_with("git+https://github.com/") {
        let why = format!("`{wanted}` is no repository on github.com");
        return Err(Refusal::new(RefusalKind::MalformedURI, why));
    }
    let trigger = provenance.trigger_uri()?;
    let (trigger_repository, trigger_ref) = git::split_uri(&trigger)?;
    same(RefusalKind::MismatchSource, &wanted, trigger_repository)?;
    if trigger_ref.is_empty() {
        let why = format!("the trigger `{trigger}` has no reference");
        return Err(Refusal::new(RefusalKind::MalformedURI, why));
    }
    let source = provenance.source_uri()?;
    let (repository, reference) = git::split_uri(source)?;
    same(RefusalKind::MismatchSource, &wanted, repository)?;
    if reference.is_empty() {
        // The npm command line did not write it at first, and a delegated build may be of a
        // commit that was made on the way.
        if provenance.build_type() == NPM_CLI_V1 || provenance.usage == Usage::Delegated {
            return Ok(());
        }
        let why = format!("the source `{source}` has no reference");
        return Err(Refusal::new(RefusalKind::MalformedURI, why));
    }
    same(RefusalKind::InvalidDssePayload, &trigger, source)
}

/// One of the subjects has the digest, by the function that its length tells.
pub(super) fn digest(subjects: &[Subject], expected: &str) -> Result<(), Refusal> {
    let algorithm = match expected.len() {
        64 => "sha256",
        96 => "sha384",
        128 => "sha512",
        length => {
            let why = format!("a digest of {length} digits");
            return Err(Refusal::new(RefusalKind::InvalidHash, why));
        }
    };
    let found: Vec<&str> = subjects
        .iter()
        .filter_map(|subject| subject.digest.get(algorithm))
        .map(String::as_str)
        .collect();
    if found.contains(&expected) {
        return Ok(());
    }
    let shown = found.iter().take(4).copied().collect::<Vec<_>>().join(", ");
    Err(Refusal::mismatch(RefusalKind::MismatchHash, expected, &shown))
}
