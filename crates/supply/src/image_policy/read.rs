//! From a text to policies: which documents there are, and what each asks for.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::ImageName;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::authority::{self, Built};
use super::document::{self, Count, Document, Header, Require};
use super::error::{PolicyError, meant};
use super::glob::Glob;
use super::{
    ImagePolicy, Kind, MAX_AUTHORITIES, MAX_BYTES, MAX_POLICIES, NoMatch, PolicyFile, Settings,
};
use crate::quorum::{Claim, Condition, Group, RequiredClaim, Requirements};
use crate::sign::predicate::Predicate;

type Result<T> = std::result::Result<T, PolicyError>;

/// The `ConfigMap` of policy-controller, and its keys.
const CONFIG: &str = "config-policy-controller";
const CONFIG_KEYS: &[&str] = &[
    "no-match-policy",
    "fail-on-empty-authorities",
    "enable-oci11",
    "annotate-validation-results",
    "_example",
];

/// The predicate type of in-toto's oldest claims, which policy-controller calls `link`.
const LINK: &str = "https://in-toto.io/Link/v1";

pub(super) fn read(text: &str, settings: &Settings<'_>) -> Result<PolicyFile> {
    let first =
        || Spanned::new((), serde_saphyr::Location::UNKNOWN, serde_saphyr::Location::UNKNOWN);
    if text.len() > MAX_BYTES {
        let why = format!("the file has {} bytes, more than {MAX_BYTES}", text.len());
        return Err(PolicyError::of(&first(), why));
    }
    for header in documents::<Header>(text)? {
        check_kind(&header, &first())?;
    }
    let all = documents::<Document>(text)?;
    if all.len() > MAX_POLICIES {
        let why = format!("the file has {} documents, more than {MAX_POLICIES}", all.len());
        return Err(PolicyError::of(&first(), why));
    }
    let mut file = PolicyFile::default();
    let mut names = BTreeSet::new();
    let mut globs = BTreeMap::new();
    for document in all {
        if document.kind.value == "ConfigMap" {
            file.no_match = no_match(&document)?;
            continue;
        }
        let policy = policy(document, settings, &mut file.loaded, &mut globs)?;
        if !names.insert(policy.1.clone()) {
            let why = format!("`{}` is the name of two policies", policy.1);
            return Err(PolicyError::of(&policy.0, why));
        }
        file.policies.push(policy.2);
    }
    if file.policies.is_empty() {
        return Err(PolicyError::of(&first(), "the file has no policy"));
    }
    Ok(file)
}

fn documents<T: for<'de> Deserialize<'de>>(text: &str) -> Result<Vec<T>> {
    const MAX_NODES: usize = 100_000;
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MAX_NODES,
            max_events: 4 * MAX_NODES,
            max_depth: 32,
            max_aliases: 100,
            max_anchors: 100,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::Error,
        with_snippet: false,
    };
    serde_saphyr::from_str_multiple_with_options::<T, Vec<T>>(text, options)
        .map_err(|error| PolicyError::yaml(&error))
}

/// Refuses a document of another kind before its fields are.
fn check_kind(header: &Header, first: &Spanned<()>) -> Result<()> {
    let Some(kind) = &header.kind else {
        let why = "a document without `kind`: expected ClusterImagePolicy or ImagePolicy";
        return Err(PolicyError::of(first, why));
    };
    let version = header.api_version.as_ref().map_or("", |version| version.value.as_str());
    let (expected, fits): (&str, bool) = match kind.value.as_str() {
        "ClusterImagePolicy" => (
            "policy.sigstore.dev/v1beta1",
            ["policy.sigstore.dev/v1beta1", "policy.sigstore.dev/v1alpha1"].contains(&version),
        ),
        "ImagePolicy" => ("plimsoll.dev/v1", version == "plimsoll.dev/v1"),
        "ConfigMap" => ("v1", version == "v1"),
        "TrustRoot" => {
            let why = "a TrustRoot is not read: give its trusted root with `--trusted-root FILE`";
            return Err(PolicyError::of(kind, why));
        }
        other => {
            let known = ["ClusterImagePolicy", "ImagePolicy", "ConfigMap"];
            let why = format!("`{other}` is no kind of policy: {}", meant(other, &known));
            return Err(PolicyError::of(kind, why));
        }
    };
    if fits {
        return Ok(());
    }
    let why = format!("a {} has `apiVersion: {expected}`, not `{version}`", kind.value);
    Err(header
        .api_version
        .as_ref()
        .map_or_else(|| PolicyError::of(kind, &*why), |version| PolicyError::of(version, &*why)))
}

fn no_match(document: &Document) -> Result<NoMatch> {
    if document.metadata.name.as_deref() != Some(CONFIG) {
        let why = format!("of ConfigMaps only `{CONFIG}` is read");
        return Err(PolicyError::of(&document.kind, why));
    }
    for (key, value) in &document.data {
        if !CONFIG_KEYS.contains(&key.as_str()) {
            let why = format!("unknown key `{key}`: {}", meant(key, CONFIG_KEYS));
            return Err(PolicyError::of(value, why));
        }
    }
    let Some(value) = document.data.get("no-match-policy") else { return Ok(NoMatch::Deny) };
    match value.value.as_str() {
        "deny" => Ok(NoMatch::Deny),
        "warn" => Ok(NoMatch::Warn),
        "allow" => Ok(NoMatch::Allow),
        other => {
            let why = format!("unknown no-match-policy `{other}`: {}", meant(other, NO_MATCH));
            Err(PolicyError::of(value, why))
        }
    }
}

const NO_MATCH: &[&str] = &["deny", "warn", "allow"];

/// Reads one policy: where it stands, its name, itself.
fn policy(
    document: Document,
    settings: &Settings<'_>,
    loaded: &mut Vec<Vec<u8>>,
    globs: &mut BTreeMap<String, String>,
) -> Result<(Spanned<String>, String, ImagePolicy)> {
    let at = document.kind;
    let kind = if at.value == "ImagePolicy" { Kind::ImagePolicy } else { Kind::ClusterImagePolicy };
    let name = document.metadata.name.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| PolicyError::of(&at, "a policy needs `metadata.name`"))?;
    let spec = document.spec.ok_or_else(|| PolicyError::of(&at, "a policy needs `spec`"))?;
    let place = spec.referenced;
    let spec = spec.value;
    if kind == Kind::ClusterImagePolicy {
        let own = spec.require.as_ref().map(|it| ("require", it.referenced));
        let own =
            own.or_else(|| spec.attestations.first().map(|it| ("attestations", it.referenced)));
        let own =
            own.or_else(|| spec.annotations.as_ref().map(|it| ("annotations", it.referenced)));
        if let Some((field, place)) = own {
            return Err(PolicyError::at(place, ours(field)));
        }
    }
    if let Some(policy) = &spec.policy {
        let why = "a policy over all authorities is not evaluated: leave it out, and say with \
                   `require` of an ImagePolicy how many of them must hold";
        return Err(PolicyError::of(policy, why));
    }
    if spec.images.is_empty() {
        return Err(PolicyError::at(place, "a policy needs `images`, a list of `glob`"));
    }
    if spec.authorities.is_empty() {
        let why = "a policy needs `authorities`: to let all pass, `static: {action: pass}`";
        return Err(PolicyError::at(place, why));
    }
    let read_globs = spec.images.iter().map(|image| {
        let glob =
            Glob::parse(&image.glob.value).map_err(|why| PolicyError::of(&image.glob, why))?;
        if kind == Kind::ImagePolicy
            && let Some(other) = globs.insert(glob.as_str().to_owned(), name.clone())
        {
            let why = format!("`{}` is a pattern of `{other}` already", glob.as_str());
            return Err(PolicyError::of(&image.glob, why));
        }
        Ok(glob)
    });
    let read_globs = read_globs.collect::<Result<_>>()?;
    let warns = match spec.mode.as_ref().map(|mode| (mode, mode.value.as_str())) {
        None | Some((_, "enforce" | "")) => false,
        Some((_, "warn")) => true,
        Some((mode, other)) => {
            let why = format!("unknown mode `{other}`: {}", meant(other, &["enforce", "warn"]));
            return Err(PolicyError::of(mode, why));
        }
    };
    let mut built = Built::default();
    for (index, one) in spec.authorities.iter().enumerate() {
        authority::build(index, one, kind, settings, loaded, &mut built)?;
        if built.authorities.len() > MAX_AUTHORITIES {
            let why = format!("more than {MAX_AUTHORITIES} authorities, every key counted");
            return Err(PolicyError::of(one, why));
        }
    }
    let has_claims = !spec.attestations.is_empty();
    let groups = groups(spec.require.as_ref(), &built, has_claims)?;
    let claims = spec.attestations.iter().map(|one| {
        let by = match &one.value.signed_by {
            None => (0..built.authorities.len()).collect(),
            Some(names) => built.places(names)?,
        };
        Ok(RequiredClaim { claim: claim(&one.value, settings)?, by })
    });
    let requirements = Requirements {
        groups,
        claims: claims.collect::<Result<_>>()?,
        annotations: spec.annotations.map(|it| it.value).unwrap_or_default(),
        authorities: built.authorities,
    };
    let policy = ImagePolicy {
        name: name.clone(),
        kind,
        globs: read_globs,
        warns,
        requirements,
        sources: built.sources,
    };
    Ok((at, name, policy))
}

/// What is said of a field that only our own kind of document has.
pub(super) fn ours(field: &str) -> String {
    format!("`{field}` is a field of `kind: ImagePolicy`, `apiVersion: plimsoll.dev/v1`")
}

fn groups(
    require: Option<&Spanned<Require>>,
    built: &Built,
    has_claims: bool,
) -> Result<Vec<Group>> {
    let everyone: Vec<usize> = (0..built.authorities.len()).collect();
    let group = |at: &dyn Fn(String) -> PolicyError, count: &Count, of: Vec<usize>| {
        let number = match count {
            Count::All => of.len(),
            Count::Number(number) => usize::try_from(*number).unwrap_or(usize::MAX),
            Count::Other(word) => {
                let why = format!("`{word}` is no number: {}", meant(word, &["all", "any"]));
                return Err(at(why));
            }
        };
        if number > of.len() {
            return Err(at(format!("{number} of {} can never sign", of.len())));
        }
        if number == 0 && !has_claims {
            return Err(at("nothing would be asked for".into()));
        }
        Ok(Group { count: number, of })
    };
    let Some(require) = require else {
        return Ok(vec![Group { count: 1, of: everyone }]);
    };
    match &require.value {
        Require::One(count) => {
            Ok(vec![group(&|why| PolicyError::of(require, why), count, everyone)?])
        }
        Require::Groups(groups) if groups.is_empty() => {
            Err(PolicyError::of(require, "nothing would be asked for"))
        }
        Require::Groups(groups) => groups
            .iter()
            .map(|one| {
                let of = match &one.value.of {
                    None => everyone.clone(),
                    Some(names) => built.places(names)?,
                };
                let count = &one.value.count;
                group(&|why| PolicyError::of(count, why), &count.value, of)
            })
            .collect(),
    }
}

/// What a claim must be and say.
pub(super) fn claim(written: &document::Attestation, settings: &Settings<'_>) -> Result<Claim> {
    let kind = &written.predicate_type;
    let predicate_type = match Predicate::named(&kind.value) {
        Some(known) => known.uri.to_owned(),
        None if kind.value == "link" => LINK.to_owned(),
        None if kind.value.contains("://") => kind.value.clone(),
        None => {
            let known: Vec<&str> = Predicate::ALL.iter().map(|it| it.name).collect();
            let why =
                format!("unknown type `{}`: a URI, or {}", kind.value, meant(&kind.value, &known));
            return Err(PolicyError::of(kind, why));
        }
    };
    let condition = written.policy.as_ref().map(|it| condition(it, settings)).transpose()?;
    Ok(Claim { predicate_type, condition })
}

fn condition(written: &Spanned<document::Condition>, settings: &Settings<'_>) -> Result<Condition> {
    let language = &written.value.language;
    let known = settings.conditions.languages();
    if !known.contains(&language.value.as_str()) {
        let instead = if known.is_empty() {
            "leave `policy` out to ask for the claim alone".to_owned()
        } else {
            format!(
                "write it in {}, or leave it out to ask for the claim alone",
                known.join(" or ")
            )
        };
        let why = format!("conditions in `{}` are not evaluated: {instead}", language.value);
        return Err(PolicyError::of(language, why));
    }
    let elsewhere = written.value.remote.as_ref().map(|it| ("remote", it));
    let elsewhere =
        elsewhere.or(written.value.config_map_ref.as_ref().map(|it| ("configMapRef", it)));
    if let Some((field, at)) = elsewhere {
        let why = format!("`{field}` is not fetched: put the condition into `data`");
        return Err(PolicyError::of(at, why));
    }
    let text = written.value.data.clone().filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| PolicyError::of(written, "a condition needs `data`"))?;
    Ok(Condition { language: language.value.clone(), text })
}

/// A repository that signatures are in.
pub(super) fn source(written: &Spanned<document::Source>) -> Result<ImageName> {
    if let Some(prefix) = &written.value.tag_prefix {
        let why = "tags with a prefix are not looked up: leave `tagPrefix` out";
        return Err(PolicyError::of(prefix, why));
    }
    // Who may pull is what the credentials of this machine say.
    let _ = &written.value.signature_pull_secrets;
    let oci = &written.value.oci;
    oci.value.parse().map_err(|error: plimsoll_model::ReferenceError| {
        PolicyError::of(oci, format!("`{}` is no repository: {error}", oci.value))
    })
}
