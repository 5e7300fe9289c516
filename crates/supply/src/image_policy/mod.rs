//! A file that says for each image who must have signed it and what must be claimed about it.
//!
//! Sigstore's `ClusterImagePolicy` is read as it is: every one that matches an image must hold, and
//! in each any one authority is enough. Our own `ImagePolicy` (`plimsoll.dev/v1`) has the same
//! fields and adds thresholds, keys in files, extensions of certificates and claims with their
//! signers; of those that match an image the one with the longest pattern counts. An image that no
//! policy matches is refused, unless policy-controller's `ConfigMap` in the file says otherwise.
//!
//! ```
//! use plimsoll_model::ImageName;
//! use plimsoll_supply::image_policy::{PolicyFile, Settings};
//! use plimsoll_supply::quorum::NoConditions;
//!
//! let text = "apiVersion: policy.sigstore.dev/v1beta1
//! kind: ClusterImagePolicy
//! metadata: {name: closed}
//! spec:
//!   images: [{glob: 'registry.example/**'}]
//!   authorities: [{static: {action: fail}}]
//! ";
//! let load = |_: &str| Err("no files here".to_owned());
//! let settings = Settings { load: &load, conditions: &NoConditions, has_root: false };
//! let file = PolicyFile::parse(text, &settings).map_err(|error| error.to_string())?;
//! let name: ImageName = "registry.example/app:1".parse().map_err(|_| "name")?;
//! assert_eq!(file.applicable(&name, None).len(), 1);
//! # Ok::<(), String>(())
//! ```

mod authority;
mod document;
mod error;
mod glob;
mod read;

use plimsoll_model::{Digest, ImageName};

use crate::quorum::{Conditions, Requirements};

pub use error::PolicyError;
pub use glob::Glob;

/// The largest policy file that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// The most policies that a file may have.
pub const MAX_POLICIES: usize = 1000;

/// The most authorities that a policy may have, with every key of a file as one.
pub const MAX_AUTHORITIES: usize = 64;

/// The policies of a file.
#[derive(Debug, Clone, Default)]
pub struct PolicyFile {
    /// The policies in order.
    pub policies: Vec<ImagePolicy>,
    /// What becomes of an image that none of them matches.
    pub no_match: NoMatch,
    /// The bytes of every file that was read for it, in order.
    pub loaded: Vec<Vec<u8>>,
}

/// What becomes of an image that no policy matches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NoMatch {
    /// It is refused.
    #[default]
    Deny,
    /// It passes, and that is said.
    Warn,
    /// It passes.
    Allow,
}

/// Whose kind of document a policy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sigstore's: all that match must hold.
    ClusterImagePolicy,
    /// Ours: the one with the longest pattern counts.
    ImagePolicy,
}

/// One policy.
#[derive(Debug, Clone)]
pub struct ImagePolicy {
    /// What it is called.
    pub name: String,
    /// Whose kind it is.
    pub kind: Kind,
    /// Which images it is for.
    pub globs: Vec<Glob>,
    /// Whether an image that fails passes nevertheless, with a warning.
    pub warns: bool,
    /// What is asked for.
    pub requirements: Requirements,
    /// Other repositories that signatures are in.
    pub sources: Vec<ImageName>,
}

/// What a policy file is read with.
#[derive(Clone, Copy)]
pub struct Settings<'s> {
    /// Reads a file that the policy names.
    pub load: &'s dyn Fn(&str) -> Result<Vec<u8>, String>,
    /// Which conditions on claims are understood.
    pub conditions: &'s dyn Conditions,
    /// Whether a trusted root was named, which stands for every `trustRootRef`.
    pub has_root: bool,
}

impl PolicyFile {
    /// Reads a file of YAML documents.
    pub fn parse(text: &str, settings: &Settings<'_>) -> Result<Self, PolicyError> {
        read::read(text, settings)
    }

    /// The policies that an image must meet, all of them.
    pub fn applicable(&self, name: &ImageName, digest: Option<&Digest>) -> Vec<&ImagePolicy> {
        let weighed = self.policies.iter().filter_map(|policy| {
            let names = glob::names(name, digest, policy.kind == Kind::ImagePolicy);
            let fits = |glob: &&Glob| names.iter().any(|name| glob.matches(name));
            let weight = policy.globs.iter().filter(fits).map(Glob::weight).max()?;
            Some((policy, weight))
        });
        let weighed: Vec<(&ImagePolicy, usize)> = weighed.collect();
        let ours = weighed.iter().filter(|(policy, _)| policy.kind == Kind::ImagePolicy);
        let longest = ours.map(|(_, weight)| *weight).max();
        let counts = |(policy, weight): &(&ImagePolicy, usize)| {
            policy.kind == Kind::ClusterImagePolicy || Some(*weight) == longest
        };
        weighed.into_iter().filter(counts).map(|(policy, _)| policy).collect()
    }
}
