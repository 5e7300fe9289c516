//! Whether the certificate counts, and is for the one who was expected.

use plimsoll_model::Timestamp;

use super::{Claimed, IdentityPolicy, Run, SignerPolicy, VerifiedTime, step};
use crate::bundle::Signer;
use crate::certificate::{Certificate, Identity, Purpose, SubjectName};
use crate::error::Error;
use crate::sct::SignedCertificateTimestamp;

impl Run<'_> {
    /// Checks the certificate at each time that is vouched for.
    pub(super) fn certificate(&mut self, claimed: &Claimed<'_>) -> bool {
        let Some(certificate) = claimed.certificate else { return true };
        // Whoever trusts the key itself does not need anybody's word on it.
        if let SignerPolicy::Key(_) = self.policy.signer {
            return true;
        }
        if self.report.times.is_empty() {
            if let Some(time) = self.policy.assumed_time {
                self.report.times.push(VerifiedTime { time, source: "assumed".into() });
            } else if matches!(self.policy.signer, SignerPolicy::OwnAuthority(..)) {
                self.report.times.push(VerifiedTime { time: self.now, source: "clock".into() });
            }
        }
        let times = self.report.times.clone();
        if times.is_empty() {
            let found = "no time of the signature is vouched for";
            self.failed(step::CERTIFICATE, "a certificate that was valid then", found, "");
            return false;
        }
        let mut issuers: Vec<Certificate> = Vec::new();
        let mut all_hold = true;
        for VerifiedTime { time, source } in times {
            let path = self.path(certificate, time);
            if let Ok(path) = &path
                && let Some(issuer) = path.get(1)
                && !issuers.contains(issuer)
            {
                issuers.push(issuer.clone());
            }
            let found = path.map(|path| {
                path.iter().skip(1).map(ToString::to_string).collect::<Vec<_>>().join(" ← ")
            });
            let expected = format!("a path to a trusted authority at {time} ({source})");
            all_hold &= self.outcome(&found, step::CERTIFICATE, expected, "certificate");
        }
        self.certificate_logs(certificate, &issuers) && all_hold
    }

    fn path(&self, leaf: &Certificate, at: Timestamp) -> Result<Vec<Certificate>, Error> {
        let more = match &self.bundle.signer {
            Signer::Certificate(_, more) => more.as_slice(),
            Signer::Key(_) => &[],
        };
        if let SignerPolicy::OwnAuthority(authority, _) = &self.policy.signer {
            return authority.path(leaf, more, at, self.policy.purpose);
        }
        let mut last = None;
        for trusted in self.root.authorities() {
            let trusted = trusted?;
            if !trusted.span.contains(at) {
                continue;
            }
            match trusted.authority.path(leaf, &[], at, Purpose::CodeSigning) {
                Ok(path) => return Ok(path),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| {
            let why = format!("no authority of {} counts at {at}", self.root.origin);
            Error::malformed("certificate path", why)
        }))
    }

    /// Checks that enough logs of certificates promised to publish this one.
    fn certificate_logs(&mut self, leaf: &Certificate, issuers: &[Certificate]) -> bool {
        let wanted = self.policy.certificate_logs;
        if wanted == 0 {
            return true;
        }
        let promises = match SignedCertificateTimestamp::embedded_in(leaf) {
            Ok(promises) => promises,
            Err(error) => {
                self.failed(step::SCT, "promises of logs", error.to_string(), "certificate");
                return false;
            }
        };
        let mut logs: Vec<&[u8]> = Vec::new();
        let mut last = None;
        for promise in &promises {
            match self.promise(promise, leaf, issuers) {
                Ok(()) if !logs.contains(&promise.log_id.as_slice()) => logs.push(&promise.log_id),
                Ok(()) => {}
                Err(error) => last = Some(error.to_string()),
            }
        }
        let found = match last {
            Some(why) if logs.len() < wanted => format!("logs: {}; {why}", logs.len()),
            _ => format!("logs: {}", logs.len()),
        };
        let expected = format!("logs: {wanted} or more");
        self.settle(logs.len() >= wanted, step::SCT, expected, found, "certificate")
    }

    fn promise(
        &self,
        promise: &SignedCertificateTimestamp,
        leaf: &Certificate,
        issuers: &[Certificate],
    ) -> Result<(), Error> {
        let log = self.root.certificate_log(&promise.log_id)?.ok_or_else(|| {
            let id = crate::hash::hex(&promise.log_id);
            Error::malformed("SCT", format!("nobody trusts the log {id}"))
        })?;
        let mut last = Error::malformed("SCT", "the certificate's issuer is not known");
        for issuer in issuers {
            match promise.verify(leaf, issuer, &log) {
                Ok(()) => return Ok(()),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Checks that the certificate is for one of those whom the policy names.
    pub(super) fn identity(&mut self, claimed: &Claimed<'_>) -> bool {
        let candidates = match &self.policy.signer {
            SignerPolicy::Key(_) => return true,
            SignerPolicy::OwnAuthority(_, none) if none.is_empty() => return true,
            SignerPolicy::Identities(candidates) | SignerPolicy::OwnAuthority(_, candidates) => {
                candidates
            }
        };
        let Some(certificate) = claimed.certificate else { return false };
        let identity = match Identity::of(certificate) {
            Ok(identity) => identity,
            Err(error) => {
                self.failed(step::IDENTITY, "readable names", error.to_string(), "certificate");
                return false;
            }
        };
        let judged: Vec<Vec<Judged>> =
            candidates.iter().map(|candidate| judge(candidate, &identity)).collect();
        let hit = judged.iter().find(|checks| checks.iter().all(|check| check.ok));
        let shown: Vec<&Judged> = match hit {
            Some(checks) => checks.iter().collect(),
            None => judged.iter().flatten().collect(),
        };
        for check in shown {
            self.settle(check.ok, check.name, &check.expected, &check.found, "certificate");
        }
        if candidates.is_empty() {
            self.failed(step::IDENTITY, "an identity", "none was named", "policy");
        }
        hit.is_some()
    }
}

struct Judged {
    ok: bool,
    name: &'static str,
    expected: String,
    found: String,
}

/// What one candidate asks for, and what there is. One who asks for nothing is nobody.
fn judge(candidate: &IdentityPolicy, identity: &Identity) -> Vec<Judged> {
    let mut checks = Vec::new();
    if let Some(pattern) = &candidate.subject {
        let ok = identity.names.iter().any(|name| pattern.matches(name.as_str()));
        let found: Vec<&str> = identity.names.iter().map(SubjectName::as_str).collect();
        let found = if found.is_empty() { "no name".into() } else { found.join(", ") };
        checks.push(Judged { ok, name: step::IDENTITY, expected: pattern.to_string(), found });
    }
    if let Some(pattern) = &candidate.issuer {
        let ok = identity.issuer.as_deref().is_some_and(|issuer| pattern.matches(issuer));
        let found = identity.issuer.clone().unwrap_or_else(|| "no issuer".into());
        checks.push(Judged { ok, name: step::ISSUER, expected: pattern.to_string(), found });
    }
    for (extension, wanted) in &candidate.extensions {
        let found = identity.extension(extension.name);
        let ok = found == Some(wanted.as_str());
        let found = format!("{} {}", extension.name, found.unwrap_or("is not stated"));
        let expected = format!("{} {wanted}", extension.name);
        checks.push(Judged { ok, name: step::EXTENSION, expected, found });
    }
    if checks.is_empty() {
        let (expected, found) = ("a name or an issuer".into(), "nothing was asked for".into());
        checks.push(Judged { ok: false, name: step::IDENTITY, expected, found });
    }
    checks
}
