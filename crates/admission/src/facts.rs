//! What a review does not say, and has to be asked for before it is judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_kube::manifest::Manifest;
use plimsoll_model::{Digest, Timestamp};

/// What is known beside a review.
#[derive(Debug)]
pub struct Facts {
    /// What time it is.
    pub now: Timestamp,
    /// The labels of the object's namespace, or why nobody knows them.
    pub namespace: Option<Result<BTreeMap<String, String>, String>>,
    /// The list of pods in it, or why nobody knows them.
    pub pods: Option<Result<Manifest, String>>,
    /// By image as it is written.
    pub images: BTreeMap<String, ImageFact>,
}

/// What has to be asked for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Needs {
    /// The namespace whose labels are asked for.
    pub namespace: Option<String>,
    /// The namespace whose pods are asked for.
    pub pods: Option<String>,
    /// The images that are judged, as they are written.
    pub images: BTreeSet<String>,
}

/// What is known of an image.
#[derive(Debug, Clone)]
pub enum ImageFact {
    /// It was judged.
    Judged(Arc<ImageVerdict>),
    /// Nobody knows, and why.
    Unknown(String),
}

/// What came of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageVerdict {
    /// What its name stood for.
    pub digest: Digest,
    /// What it violates.
    pub violations: Vec<ImageViolation>,
}

/// A rule about images that an image violates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageViolation {
    /// Which.
    pub rule: ImageRule,
    /// In what.
    pub why: String,
    /// Whether its own policy has it only warn.
    pub warns: bool,
}

/// Rules about images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageRule {
    /// Its name can be read.
    Name,
    /// It comes from where images may come from.
    Registry,
    /// It is named by digest.
    Digest,
    /// It is signed, and claimed of it is what must be.
    Signature,
    /// It was scanned, and holds.
    Scan,
    /// What it is built on is young enough.
    Base,
}

impl ImageRule {
    /// As exceptions name it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Name => "images/name",
            Self::Registry => "images/registry",
            Self::Digest => "images/digest",
            Self::Signature => "images/signature",
            Self::Scan => "images/scan",
            Self::Base => "images/base",
        }
    }
}

/// Who says what the labels of namespaces are, and which pods are in them. Both may wait for an
/// answer from elsewhere.
pub trait Cluster: Send + Sync {
    /// The labels of a namespace.
    fn labels(&self, namespace: &str) -> Result<BTreeMap<String, String>, String>;

    /// The pods of a namespace, as the list that the API server sends.
    fn pods(&self, namespace: &str) -> Result<Vec<u8>, String>;

    /// Whether it is known what namespaces there are.
    fn is_ready(&self) -> bool;
}

/// Who judges images. Both may wait for an answer from elsewhere.
pub trait ImageJudge: Send + Sync {
    /// The digest that a name stands for now.
    fn resolve(&self, image: &str) -> Result<Digest, String>;

    /// What an image violates. An error is that nobody knows.
    fn judge(&self, image: &str, digest: &Digest) -> Result<ImageVerdict, String>;
}
