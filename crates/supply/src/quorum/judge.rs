//! From evidence to a judgement.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::Digest;

use super::flow::counted;
use super::report::{ClaimReport, GroupReport, Judgement, Refused, SignedBy};
use super::{Claim, Context, Requirements, Trust};
use crate::certificate::SubjectName;
use crate::evidence::{Evidence, Form};
use crate::hash::hex;
use crate::sign::statement;
use crate::verify::{Policy, Report, SignerPolicy, SignerSummary, Status, Step, step};

/// How many pieces of evidence of an image are looked at: each costs a check by each authority.
const MAX_EVIDENCE: usize = 256;

/// How many refused pieces of evidence a judgement names.
const MAX_REFUSED: usize = 64;

/// Checks what was signed about `image` against what is asked for.
pub fn judge(
    evidence: &[Evidence],
    image: &Digest,
    requirements: &Requirements,
    context: &Context<'_>,
) -> Judgement {
    let pieces = evidence
        .iter()
        .take(MAX_EVIDENCE)
        .map(|evidence| Piece { evidence, claims: evidence.predicate_type() })
        .collect();
    let mut run = Run {
        pieces,
        image,
        requirements,
        context,
        signers: Signers::default(),
        judgement: Judgement::default(),
    };
    let held: Vec<Held> = (0..requirements.authorities.len()).map(|at| run.authority(at)).collect();
    let groups = run.groups(&held);
    let claims = run.claims();
    let mut judgement = run.judgement;
    judgement.verified = (!groups.is_empty() || !claims.is_empty())
        && groups.iter().all(|group| group.counted >= group.needed)
        && claims.iter().all(|claim| !claim.signed.is_empty());
    judgement.groups = groups;
    judgement.claims = claims;
    // What one authority accepts is no surprise where it does not fit another.
    let groups = judgement.groups.iter().flat_map(|group| &group.signed);
    let claims = judgement.claims.iter().flat_map(|claim| &claim.signed);
    let accepted: BTreeSet<&str> =
        groups.chain(claims).map(|signed| signed.place.as_str()).collect();
    let verified = judgement.verified;
    judgement.refused.retain(|it| !verified && !accepted.contains(it.place.as_str()));
    judgement
}

struct Piece<'e> {
    evidence: &'e Evidence,
    /// Its predicate type.
    claims: Option<String>,
}

impl Piece<'_> {
    fn is_signature(&self) -> bool {
        self.evidence.form == Form::Simple || self.claims.as_deref() == Some(statement::SIGNATURE)
    }
}

/// What an authority has signed.
#[derive(Default)]
struct Held {
    /// Whether that is all that is asked of it.
    holds: bool,
    /// The signers, by their numbers.
    signers: Vec<usize>,
    signed: Vec<SignedBy>,
    /// Why nothing will do.
    never: Option<String>,
}

struct Run<'r> {
    pieces: Vec<Piece<'r>>,
    image: &'r Digest,
    requirements: &'r Requirements,
    context: &'r Context<'r>,
    signers: Signers,
    judgement: Judgement,
}

impl Run<'_> {
    fn authority(&mut self, at: usize) -> Held {
        let Some(authority) = self.requirements.authorities.get(at) else {
            return Held::default();
        };
        match &authority.trust {
            Trust::Fail(why) => {
                let never = Some(format!("{}: {why}", authority.name));
                return Held { never, ..Held::default() };
            }
            Trust::Pass => {
                let number = self.signers.number(vec![format!("pass {at}")]);
                let name = authority.name.clone();
                let signed = SignedBy { authority: name, place: String::new(), report: None };
                return Held {
                    holds: true,
                    signers: vec![number],
                    signed: vec![signed],
                    never: None,
                };
            }
            Trust::Signers(_) => {}
        }
        let wanted: Vec<Option<&Claim>> = if authority.claims.is_empty() {
            vec![None]
        } else {
            authority.claims.iter().map(Some).collect()
        };
        let mut held = Held { holds: true, ..Held::default() };
        for claim in wanted {
            let signed = self.signed(at, claim);
            held.holds &= !signed.is_empty();
            for (by, signer) in signed {
                held.signers.extend(signer);
                held.signed.push(by);
            }
        }
        held
    }

    /// Who of an authority signed the image, or a claim about it.
    fn signed(&mut self, at: usize, claim: Option<&Claim>) -> Vec<(SignedBy, Option<usize>)> {
        let Some(authority) = self.requirements.authorities.get(at) else { return Vec::new() };
        let Trust::Signers(policies) = &authority.trust else { return Vec::new() };
        let mut found = Vec::new();
        for piece in &self.pieces {
            let is_wanted = match claim {
                None => piece.is_signature(),
                Some(claim) => piece.claims.as_deref() == Some(claim.predicate_type.as_str()),
            };
            if !is_wanted {
                continue;
            }
            let annotations = match claim {
                None => &self.requirements.annotations,
                Some(_) => &BTreeMap::new(),
            };
            let mut last = None;
            for policy in policies {
                let root = self.context.root;
                let now = self.context.now;
                let mut report = piece.evidence.judge(self.image, annotations, root, policy, now);
                if let Some(condition) = claim.and_then(|claim| claim.condition.as_ref()) {
                    check_condition(&mut report, self.context, condition);
                }
                let done = report.verified;
                last = Some(report);
                if done {
                    break;
                }
            }
            let Some(report) = last else { continue };
            let place = piece.evidence.place();
            if !report.verified {
                if self.judgement.refused.len() < MAX_REFUSED {
                    let authority = authority.name.clone();
                    self.judgement.refused.push(Refused { authority, place, report });
                }
                continue;
            }
            self.judgement.rests_on_clock |= report.times.iter().any(|time| time.source == "clock");
            let number = report.signer.as_ref().map(|signer| self.signers.number(marks(signer)));
            let authority = authority.name.clone();
            let by = SignedBy { authority, place, report: Some(report) };
            found.push((by, number));
        }
        found
    }

    fn groups(&self, held: &[Held]) -> Vec<GroupReport> {
        let accepted: Vec<BTreeSet<usize>> = held
            .iter()
            .map(|held| {
                let signers = held.signers.iter().filter(|_| held.holds);
                signers.map(|signer| self.signers.root(*signer)).collect()
            })
            .collect();
        let groups = &self.requirements.groups;
        let slots: Vec<(usize, Vec<&BTreeSet<usize>>)> = groups
            .iter()
            .map(|group| {
                (group.count, group.of.iter().filter_map(|at| accepted.get(*at)).collect())
            })
            .collect();
        let report = |(group, counted): (&super::Group, usize)| {
            let mut report = GroupReport {
                needed: group.count,
                counted,
                signed: Vec::new(),
                missing: Vec::new(),
            };
            for at in &group.of {
                let Some(held) = held.get(*at) else { continue };
                let authority = self.requirements.authorities.get(*at);
                if held.holds {
                    report.signed.extend(held.signed.iter().cloned());
                } else {
                    let name = authority.map(described).unwrap_or_default();
                    report.missing.push(held.never.clone().unwrap_or(name));
                }
            }
            report
        };
        groups.iter().zip(counted(&slots)).map(report).collect()
    }

    fn claims(&mut self) -> Vec<ClaimReport> {
        let requirements = self.requirements;
        let one = |required: &super::RequiredClaim| {
            let all: Vec<SignedBy> = required
                .by
                .iter()
                .flat_map(|at| self.signed(*at, Some(&required.claim)))
                .map(|(by, _)| by)
                .collect();
            let name = |at: &usize| Some(requirements.authorities.get(*at)?.name.clone());
            ClaimReport {
                predicate_type: required.claim.predicate_type.clone(),
                signed: all,
                by: required.by.iter().filter_map(name).collect(),
            }
        };
        requirements.claims.iter().map(one).collect()
    }
}

/// An authority by its name, and its key where it is one.
fn described(authority: &super::Authority) -> String {
    let policies =
        if let Trust::Signers(policies) = &authority.trust { policies.as_slice() } else { &[] };
    match policies {
        [Policy { signer: SignerPolicy::Key(key), .. }] => {
            format!("{}: {}", authority.name, key.describe())
        }
        _ => authority.name.clone(),
    }
}

/// By what a signer is known: his key, and his name where somebody vouched for one.
fn marks(signer: &SignerSummary) -> Vec<String> {
    let mut marks = vec![format!("key {}", hex(&signer.key_material))];
    if !signer.names.is_empty() {
        let mut names: Vec<&str> = signer.names.iter().map(SubjectName::as_str).collect();
        names.sort_unstable();
        let issuer = signer.issuer.as_deref().unwrap_or_default();
        marks.push(format!("name {issuer} {}", names.join(" ")));
    }
    marks
}

/// Signers by their numbers; two that turn out to be one are joined.
#[derive(Default)]
struct Signers {
    by_mark: BTreeMap<String, usize>,
    parents: Vec<usize>,
}

impl Signers {
    fn number(&mut self, marks: Vec<String>) -> usize {
        let new = self.parents.len();
        self.parents.push(new);
        for mark in marks {
            let known = *self.by_mark.entry(mark).or_insert(new);
            let (one, other) = (self.root(known), self.root(new));
            if let Some(parent) = self.parents.get_mut(one) {
                *parent = other;
            }
        }
        new
    }

    fn root(&self, mut at: usize) -> usize {
        while let Some(parent) = self.parents.get(at).filter(|parent| **parent != at) {
            at = *parent;
        }
        at
    }
}

fn check_condition(report: &mut Report, context: &Context<'_>, condition: &super::Condition) {
    if !report.verified {
        return;
    }
    let statement = report.statement.clone().unwrap_or_default();
    let outcome = context.conditions.check(condition, &statement);
    let status = if outcome.is_ok() { Status::Passed } else { Status::Failed };
    report.verified &= outcome.is_ok();
    report.steps.push(Step {
        name: step::CONDITION,
        status,
        expected: format!("what the {} condition asks for", condition.language),
        found: outcome.err().unwrap_or_else(|| "it holds".into()),
        place: "predicate".into(),
    });
}

#[cfg(test)]
mod tests {
    use super::Signers;

    #[test]
    fn one_key_under_two_names_and_one_name_with_two_keys_are_one_signer() {
        let marks = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect();
        let mut signers = Signers::default();
        let alice = signers.number(marks(&["key 1", "name alice"]));
        let bob = signers.number(marks(&["key 2", "name bob"]));
        assert_ne!(signers.root(alice), signers.root(bob));
        let again = signers.number(marks(&["key 3", "name alice"]));
        assert_eq!(signers.root(alice), signers.root(again));
        let both = signers.number(marks(&["key 2", "name alice"]));
        assert_eq!(signers.root(alice), signers.root(both));
        assert_eq!(signers.root(bob), signers.root(again), "joined by the third");
    }
}
