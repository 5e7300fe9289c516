//! What is asked for, as one number: it is another one as soon as anything else is asked for.

use super::{Authority, Claim, Condition, Group, RequiredClaim, Requirements, Trust};
use crate::certificate::Certificate;
use crate::hash::sha256;
use crate::verify::{IdentityPolicy, Pattern, Policy, SignerPolicy};

/// Fields with their lengths, so that no two lists of fields are the same bytes.
#[derive(Default)]
pub(super) struct Fields(Vec<u8>);

impl Fields {
    pub(super) fn add(&mut self, field: impl AsRef<[u8]>) {
        let field = field.as_ref();
        self.0.extend_from_slice(&(field.len() as u64).to_be_bytes());
        self.0.extend_from_slice(field);
    }

    fn number(&mut self, number: usize) {
        self.add((number as u64).to_be_bytes());
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        sha256(&self.0)
    }
}

impl Requirements {
    /// The SHA-256 digest of all that is asked for.
    pub fn digest(&self) -> [u8; 32] {
        // Taken apart by name, so that a new field cannot be forgotten.
        let Self { authorities, groups, claims, annotations } = self;
        let mut fields = Fields::default();
        fields.number(authorities.len());
        for Authority { name, trust, claims } in authorities {
            fields.add(name);
            match trust {
                Trust::Pass => fields.add("pass"),
                Trust::Fail(why) => {
                    fields.add("fail");
                    fields.add(why);
                }
                Trust::Signers(policies) => {
                    fields.add("signers");
                    fields.number(policies.len());
                    for policy in policies {
                        add_policy(&mut fields, policy);
                    }
                }
            }
            fields.number(claims.len());
            for claim in claims {
                add_claim(&mut fields, claim);
            }
        }
        fields.number(groups.len());
        for Group { count, of } in groups {
            fields.number(*count);
            fields.number(of.len());
            for at in of {
                fields.number(*at);
            }
        }
        fields.number(claims.len());
        for RequiredClaim { claim, by } in claims {
            add_claim(&mut fields, claim);
            fields.number(by.len());
            for at in by {
                fields.number(*at);
            }
        }
        fields.number(annotations.len());
        for (name, value) in annotations {
            fields.add(name);
            fields.add(value);
        }
        fields.digest()
    }
}

fn add_claim(fields: &mut Fields, claim: &Claim) {
    let Claim { predicate_type, condition } = claim;
    fields.add(predicate_type);
    fields.number(usize::from(condition.is_some()));
    if let Some(Condition { language, text }) = condition {
        fields.add(language);
        fields.add(text);
    }
}

fn add_policy(fields: &mut Fields, policy: &Policy) {
    let Policy {
        signer,
        log_entries,
        times,
        certificate_logs,
        assumed_time,
        root_in_bundle,
        purpose,
    } = policy;
    fields.add(purpose.name());
    match signer {
        SignerPolicy::Key(key) => {
            fields.add("key");
            fields.add(key.spki_der());
        }
        SignerPolicy::Identities(identities) => {
            fields.add("identities");
            add_identities(fields, identities);
        }
        SignerPolicy::OwnAuthority(authority, identities) => {
            fields.add("authority");
            for certificates in [&authority.roots, &authority.intermediates] {
                fields.number(certificates.len());
                certificates.iter().map(Certificate::der).for_each(|der| fields.add(der));
            }
            add_identities(fields, identities);
        }
    }
    fields.add(format!(
        "{log_entries:?} {times} {certificate_logs} {assumed_time:?} {root_in_bundle}"
    ));
}

fn add_identities(fields: &mut Fields, identities: &[IdentityPolicy]) {
    fields.number(identities.len());
    for IdentityPolicy { subject, issuer, extensions } in identities {
        for pattern in [subject, issuer] {
            match pattern {
                None => fields.add("any"),
                Some(Pattern::Exact(text)) => {
                    fields.add("exact");
                    fields.add(text);
                }
                Some(Pattern::Regex(regex)) => {
                    fields.add("regex");
                    fields.add(regex.as_str());
                }
            }
        }
        fields.number(extensions.len());
        for (extension, value) in extensions {
            fields.add(extension.name);
            fields.add(value);
        }
    }
}
