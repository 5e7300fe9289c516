//! Whether transparency logs have the signature, and when it was made.

use super::content::digest_of;
use super::{Claimed, Run, VerifiedTime, step};
use crate::bundle::Content;
use crate::error::Error;
use crate::hash::hex;
use crate::log::{Body, Checkpoint, Entry, Subject};
use crate::timestamp::TimestampResponse;
use crate::trust::TrustedLog;

impl Run<'_> {
    pub(super) fn logs(&mut self, claimed: &Claimed<'_>) -> bool {
        let entries = &self.bundle.entries;
        let wanted = self.policy.log_entries.unwrap_or_else(|| entries.len().min(1));
        if self.policy.log_entries == Some(0) {
            if !entries.is_empty() {
                let found = format!("{} entries", entries.len());
                self.ignored(step::LOG_COUNT, "none, by the policy", found, "tlogEntries");
            }
            return true;
        }
        let mut logs: Vec<&[u8]> = Vec::new();
        let mut all_hold = true;
        for (at, entry) in entries.iter().enumerate() {
            let place = format!("tlogEntries[{at}]");
            let twin = |other: &Entry| other.log_id == entry.log_id && other.index == entry.index;
            if entries.iter().take(at).any(twin) {
                self.failed(step::LOG_ENTRY, "an entry once", "the entry is there twice", place);
                all_hold = false;
                continue;
            }
            match self.entry(entry, claimed, &place) {
                Some(true) if !logs.contains(&entry.log_id.as_slice()) => logs.push(&entry.log_id),
                Some(holds) => all_hold &= holds,
                None => {}
            }
        }
        all_hold &= self.one_view();
        if wanted == 0 {
            return all_hold;
        }
        let (expected, found) =
            (format!("logs: {wanted} or more"), format!("logs: {}", logs.len()));
        self.settle(logs.len() >= wanted, step::LOG_COUNT, expected, found, "tlogEntries")
            && all_hold
    }

    /// Whether no log that is trusted shows two trees of one size.
    fn one_view(&mut self) -> bool {
        let mut seen: Vec<(&[u8], Checkpoint)> = Vec::new();
        let mut split = None;
        for (at, entry) in self.bundle.entries.iter().enumerate() {
            let Some(Ok(view)) = entry.proof.as_ref().map(|it| Checkpoint::parse(&it.checkpoint))
            else {
                continue;
            };
            let Ok(Some(log)) = self.root.log(&entry.log_id) else { continue };
            let other = |(id, before): &&(&[u8], Checkpoint)| {
                *id == entry.log_id && before.size == view.size && before.root != view.root
            };
            if let (Some((_, before)), Ok(())) = (seen.iter().find(other), view.verify(&log)) {
                let found = format!("the roots {} and {}", hex(&before.root), hex(&view.root));
                split = Some((at, format!("one tree of {} entries", view.size), found));
            }
            seen.push((&entry.log_id, view));
        }
        let Some((at, expected, found)) = split else { return true };
        let place = format!("tlogEntries[{at}].inclusionProof.checkpoint");
        self.failed(step::CHECKPOINT, expected, found, place);
        false
    }

    /// Whether an entry holds; `None` where nobody trusts its log.
    fn entry(&mut self, entry: &Entry, claimed: &Claimed<'_>, place: &str) -> Option<bool> {
        let log = match self.root.log(&entry.log_id) {
            Ok(Some(log)) => log,
            Ok(None) => {
                let found = format!("the log {}", hex(&entry.log_id));
                let known: Vec<&str> = self.root.logs().map(|(_, url)| url).collect();
                let expected = format!("a log of {}: {}", self.root.origin, known.join(", "));
                self.ignored(step::LOG_ENTRY, expected, found, format!("{place}.logId"));
                return None;
            }
            Err(error) => {
                self.failed(step::LOG_ENTRY, "a log's key", error.to_string(), place);
                return Some(false);
            }
        };
        let body = match body_of(entry) {
            Ok(body) => body,
            Err(error) => {
                let place = format!("{place}.canonicalizedBody");
                self.failed(step::LOG_ENTRY, "an entry", error.to_string(), place);
                return Some(false);
            }
        };
        let same = self.same_signature(&body, claimed);
        let expected = "this signature, signer and content";
        let place_of_body = format!("{place}.canonicalizedBody");
        let about = self.outcome(&same, step::LOG_ENTRY, expected, place_of_body);
        let kept = self.vouched(entry, &body, &log, place);
        let in_time = self.in_validity(entry, claimed, place);
        Some(about && kept && in_time)
    }

    /// Whether the entry is about the signature, the signer and the content at hand.
    fn same_signature(&self, body: &Body, claimed: &Claimed<'_>) -> Result<String, Error> {
        let other =
            |what: &str| Err(Error::malformed("log entry", format!("it is of another {what}")));
        let signature = self.bundle.content.signature();
        let [(logged, verifier)] = body.signatures.as_slice() else {
            return Err(Error::malformed("log entry", "not of exactly one signature"));
        };
        if logged.as_deref().is_some_and(|logged| logged != signature) {
            return other("signature");
        }
        if !verifier.is(claimed.certificate, &claimed.key) {
            return other("signer");
        }
        let digest = match (&self.bundle.content, body.subject) {
            (Content::Message { .. }, Subject::Signed) => match self.artefact {
                Some(artefact) => digest_of(artefact, body.hash)?,
                None => return other("artefact"),
            },
            (Content::Envelope(envelope), Subject::Payload) => {
                body.hash.digest(&envelope.payload.0)
            }
            (Content::Envelope(envelope), Subject::Signed) if body.is_v2() => {
                body.hash.digest(&envelope.pre_authentication_encoding())
            }
            (Content::Envelope(_), Subject::Envelope) => match &self.bundle.envelope_bytes {
                Some(bytes) => body.hash.digest(bytes),
                None => return other("kind of content"),
            },
            _ => return other("kind of content"),
        };
        if digest != body.digest {
            return Err(Error::malformed(
                "log entry",
                format!("it is of the content {}, not {}", hex(&body.digest), hex(&digest)),
            ));
        }
        Ok(format!("{} {}", body.kind, body.version))
    }

    /// Whether the log vouches for the entry, by promise or proof; both are checked where both
    /// are there.
    fn vouched(&mut self, entry: &Entry, body: &Body, log: &TrustedLog, place: &str) -> bool {
        if entry.proof.is_none() && (entry.promise.is_none() || body.is_v2()) {
            self.failed(step::LOG_PROOF, "a proof", "neither proof nor promise that counts", place);
            return false;
        }
        let mut holds = true;
        if let Some(promise) = &entry.promise {
            let checked = if body.is_v2() {
                Err(Error::unsupported("log promise", "one for an entry of version 2"))
            } else {
                entry.verify_promise(promise, log)
            };
            if let Ok(time) = &checked {
                let source = log.base_url.clone();
                self.report.times.push(VerifiedTime { time: *time, source });
            }
            let checked = checked.map(|time| format!("logged at {time}"));
            let place = format!("{place}.inclusionPromise");
            holds &= self.outcome(&checked, step::LOG_PROMISE, log.base_url.as_str(), place);
        }
        if let Some(proof) = &entry.proof {
            let checked = entry.verify_proof(proof, log, body.is_v2());
            let name = match &checked {
                Err(Error::Malformed { what: "inclusion proof", .. }) | Ok(_) => step::LOG_PROOF,
                Err(_) => step::CHECKPOINT,
            };
            let checked = checked.map(|checkpoint| {
                format!("entry {} of {} of `{}`", proof.index, checkpoint.size, checkpoint.origin)
            });
            let place = format!("{place}.inclusionProof");
            holds &= self.outcome(&checked, name, log.base_url.as_str(), place);
        }
        holds
    }

    /// Whether the log's time is inside the certificate's.
    fn in_validity(&mut self, entry: &Entry, claimed: &Claimed<'_>, place: &str) -> bool {
        let (Some(time), Some(certificate)) = (entry.time(), claimed.certificate) else {
            return true;
        };
        if certificate.is_valid_at(time) {
            return true;
        }
        let (from, to) = (certificate.not_before(), certificate.not_after());
        let expected = format!("a time from {from} to {to}, while the certificate is valid");
        self.failed(step::TIME, expected, time.to_string(), format!("{place}.integratedTime"));
        false
    }

    /// Checks every timestamp; one that does not hold makes the bundle one that does not.
    pub(super) fn timestamps(&mut self) -> bool {
        let signature = self.bundle.content.signature();
        let mut all_hold = true;
        let mut services: Vec<String> = Vec::new();
        for (at, bytes) in self.bundle.timestamps.iter().enumerate() {
            let place = format!("rfc3161Timestamps[{at}]");
            let checked = self.timestamp(bytes, signature);
            if let Ok((time, source)) = &checked
                && !services.contains(source)
            {
                services.push(source.clone());
                self.report.times.push(VerifiedTime { time: *time, source: source.clone() });
            }
            let checked = checked.map(|(time, source)| format!("{time} by {source}"));
            let expected = format!("a timestamp service of {}", self.root.origin);
            all_hold &= self.outcome(&checked, step::TIMESTAMP, expected, place);
        }
        let wanted = self.policy.times;
        if wanted == 0 {
            return all_hold;
        }
        let found = self.report.times.len();
        let (expected, found) = (format!("times: {wanted} or more"), format!("times: {found}"));
        let enough = self.report.times.len() >= wanted;
        self.settle(enough, step::TIME, expected, found, "tlogEntries, rfc3161Timestamps")
            && all_hold
    }

    fn timestamp(
        &self,
        bytes: &[u8],
        signature: &[u8],
    ) -> Result<(plimsoll_model::Timestamp, String), Error> {
        let response = TimestampResponse::from_der(bytes)?;
        let mut last = Error::malformed("timestamp", "no service is trusted");
        for service in self.root.timestamp_authorities() {
            let checked = service
                .and_then(|service| Ok((response.verify(signature, &service)?, service.uri)));
            match checked {
                Ok(found) => return Ok(found),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// The entry's content, of the kind that the bundle says.
fn body_of(entry: &Entry) -> Result<Body, Error> {
    let body = Body::parse(&entry.body)?;
    match &entry.kind_version {
        Some((kind, version)) if *kind != body.kind || *version != body.version => {
            Err(Error::malformed(
                "log entry",
                format!("`{} {}` under the label `{kind} {version}`", body.kind, body.version),
            ))
        }
        _ => Ok(body),
    }
}
