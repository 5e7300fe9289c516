//! What is asked for about an image: by flags the same of every one, by a policy file what the
//! image's name says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_model::{Digest, ImageName};
use plimsoll_supply::image_policy::{NoMatch, PolicyFile, Settings};
use plimsoll_supply::key::PublicKey;
use plimsoll_supply::predicate_policy::PredicatePolicies;
use plimsoll_supply::quorum::{Authority, Claim, Requirements};
use plimsoll_supply::verify::Policy;

use crate::clock;
use crate::exit::Usage;

/// What is asked for.
pub(super) enum Rules {
    /// The same of every image.
    Flags(Requirements),
    /// What the file says.
    File(PolicyFile),
}

/// What is asked for about one image by one policy.
pub(super) struct Asked<'r> {
    /// What the policy is called; flags have no name.
    pub(super) policy: Option<&'r str>,
    /// Whether a refusal is a warning.
    pub(super) warns: bool,
    pub(super) requirements: &'r Requirements,
    /// Other repositories with signatures.
    pub(super) sources: &'r [ImageName],
}

impl Rules {
    /// What is asked for about the image; nothing where no policy is for it.
    pub(super) fn asked(&self, name: Option<&ImageName>, digest: &Digest) -> Vec<Asked<'_>> {
        match (self, name) {
            (Self::Flags(requirements), _) => {
                vec![Asked { policy: None, warns: false, requirements, sources: &[] }]
            }
            // A layout in a folder has no name that a pattern could match.
            (Self::File(_), None) => Vec::new(),
            (Self::File(file), Some(name)) => file
                .applicable(name, Some(digest))
                .into_iter()
                .map(|policy| Asked {
                    policy: Some(&policy.name),
                    warns: policy.warns,
                    requirements: &policy.requirements,
                    sources: &policy.sources,
                })
                .collect(),
        }
    }

    /// What becomes of an image that nothing is asked for about.
    pub(super) fn no_match(&self) -> NoMatch {
        match self {
            Self::Flags(_) => NoMatch::Deny,
            Self::File(file) => file.no_match,
        }
    }

    /// Whether a refusal is a policy's.
    pub(super) fn is_policy(&self) -> bool {
        matches!(self, Self::File(_))
    }
}

/// One signer, as flags name him.
pub(super) fn one(
    policy: Policy,
    predicate_type: Option<String>,
    annotations: BTreeMap<String, String>,
) -> Rules {
    let mut signer = Authority::signer("the signer", policy);
    let claim = |predicate_type| Claim { predicate_type, condition: None };
    signer.claims.extend(predicate_type.map(claim));
    Rules::Flags(Requirements { annotations, ..Requirements::of(vec![signer], 1) })
}

/// Several signers: pairs of `COUNT-of` and a file of public keys.
pub(super) fn several(
    pairs: &[String],
    predicate_type: Option<&str>,
    annotations: BTreeMap<String, String>,
) -> anyhow::Result<Rules> {
    let mut requirements = Requirements { annotations, ..Requirements::default() };
    for pair in pairs.chunks(2) {
        let [count, file] = pair else { continue };
        let bytes = fs::read(file).with_context(|| format!("cannot read `{file}`"))?;
        let keys = PublicKey::all_from_bytes(&bytes).with_context(|| format!("`{file}`"))?;
        let name =
            Path::new(file).file_name().map_or(file.clone(), |it| it.to_string_lossy().into());
        let number = count_of(count, keys.len())?;
        let authority = |(at, key): (usize, PublicKey)| {
            let mut signer = Authority::signer(format!("{name}[{at}]"), Policy::key(key));
            signer.claims.extend(
                predicate_type.map(|uri| Claim { predicate_type: uri.to_owned(), condition: None }),
            );
            signer
        };
        requirements.add(keys.into_iter().enumerate().map(authority).collect(), number);
    }
    Ok(Rules::Flags(requirements))
}

/// `2-of`, `all-of`, `any-of`; the `-of` may be left out.
fn count_of(text: &str, there: usize) -> Result<usize, Usage> {
    let number = match text.strip_suffix("-of").unwrap_or(text) {
        "all" => Some(there),
        "any" => Some(1),
        other => other.parse().ok(),
    };
    let wrong = || Usage(format!("`{text}` is no number of signers: 2-of, any-of or all-of"));
    match number.ok_or_else(wrong)? {
        0 => Err(Usage(format!("`{text}` asks for nothing"))),
        number if number > there => {
            Err(Usage(format!("`{text}` asks for {number}, and the file has {there} keys")))
        }
        number => Ok(number),
    }
}

/// The policies in a file; other files that it names are seen from its folder.
pub(super) fn file(path: &Path, has_root: bool) -> anyhow::Result<Rules> {
    let shown = path.display();
    let bytes = fs::read(path).with_context(|| format!("cannot read `{shown}`"))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Usage(format!("{shown}:1:1: the file is not UTF-8")))?;
    let folder: PathBuf = path.parent().map(Path::to_owned).unwrap_or_default();
    let load = |name: &str| {
        let file = folder.join(name);
        fs::read(&file).map_err(|error| format!("cannot read `{}`: {error}", file.display()))
    };
    let settings =
        Settings { load: &load, conditions: &PredicatePolicies { now: clock::now() }, has_root };
    let file = PolicyFile::parse(&text, &settings);
    Ok(Rules::File(file.map_err(|error| Usage(format!("{shown}:{error}")))?))
}

#[cfg(test)]
mod tests {
    use super::count_of;

    #[test]
    fn a_number_of_signers_is_one_that_can_be_met() {
        let of = |text: &str| count_of(text, 3).ok();
        assert_eq!(
            (of("2-of"), of("3"), of("all-of"), of("any")),
            (Some(2), Some(3), Some(3), Some(1))
        );
        assert_eq!((of("4-of"), of("0-of"), of("some-of"), of("")), (None, None, None, None));
    }
}
