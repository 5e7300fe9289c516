//! An OCI layout in a folder: its `index.json` is the list of tags and of referrers.
//!
//! Cosign's `save` marks entries by a `kind` instead, and lists no referrer: of such a layout the
//! blobs are looked through. What is written here is marked too, so that cosign's `load` and
//! `verify --local-image` find it.
//! Sources: <https://github.com/opencontainers/image-spec/blob/main/image-layout.md>, `pkg/oci/layout`
//! of sigstore/cosign.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use plimsoll_model::Digest;
use serde_json::{Value, json};

use super::{FoundBy, MAX_PIECE, MAX_REFERRERS, Place, Stored, tag_of};
use crate::error::ImageError;
use crate::oci::{Descriptor, Manifest};
use crate::sources::registry::{MAX_DOCUMENT, verify};

const NAME: &str = "org.opencontainers.image.ref.name";

/// What cosign calls an entry by.
const KIND: &str = "kind";

/// The entry that is the image or index, which a layout of cosign has one of.
const IMAGES: [&str; 2] = ["dev.cosignproject.cosign/image", "dev.cosignproject.cosign/imageIndex"];

/// The entry that is kept under a tag elsewhere, and the end of that tag.
const TAGGED: [(&str, &str); 2] =
    [("dev.cosignproject.cosign/sigs", "sig"), ("dev.cosignproject.cosign/atts", "att")];

/// The most blobs of a layout that are looked through for referrers, and the largest: 1 MiB.
const MAX_BLOBS: usize = 10_000;
const MAX_REFERRER: u64 = 1 << 20;

pub(super) struct Folder {
    path: PathBuf,
    tag: Option<String>,
}

impl Folder {
    pub(super) fn open(path: &Path, tag: Option<&str>) -> Result<Self, ImageError> {
        let folder = Self { path: path.into(), tag: tag.map(str::to_owned) };
        folder.index()?;
        Ok(folder)
    }

    fn index(&self) -> Result<Value, ImageError> {
        let bytes = self.read("index.json", MAX_DOCUMENT)?;
        serde_json::from_slice(&bytes).map_err(|error| self.malformed("index.json", &error))
    }

    fn entries(&self) -> Result<Vec<Descriptor>, ImageError> {
        let bytes = self.read("index.json", MAX_DOCUMENT)?;
        let index: Manifest =
            serde_json::from_slice(&bytes).map_err(|error| self.malformed("index.json", &error))?;
        Ok(index.manifests)
    }

    /// The image that cosign saved here, or that what hangs on was marked as hanging on.
    fn marked(entries: &[Descriptor]) -> Option<&Descriptor> {
        entries.iter().find(|it| kind(it).is_some_and(|kind| IMAGES.contains(&kind)))
    }

    /// The blobs that are manifests about `subject`, though the index does not list them.
    fn unlisted(&self, subject: &Digest) -> Result<Vec<Stored>, ImageError> {
        let path = self.path.join("blobs").join(subject.algorithm().name());
        let mut found = Vec::new();
        for entry in fs::read_dir(&path).map_err(ImageError::io(&path))?.take(MAX_BLOBS) {
            let entry = entry.map_err(ImageError::io(&path))?;
            let about = entry.metadata().map_err(ImageError::io(&path))?;
            let name = entry.file_name();
            let digest = format!("{}:{}", subject.algorithm().name(), name.to_string_lossy());
            let Ok(digest) = digest.parse::<Digest>() else { continue };
            if !about.is_file() || about.len() > MAX_REFERRER {
                continue;
            }
            let bytes = self.read(&blob_name(&digest), MAX_REFERRER)?;
            let is_about = bytes.first() == Some(&b'{')
                && serde_json::from_slice::<Manifest>(&bytes)
                    .is_ok_and(|it| it.subject.is_some_and(|of| of.digest == *subject));
            if is_about {
                found.push(self.by_digest(Descriptor::new(String::new(), digest, 0))?);
            }
        }
        found.sort_by(|one, other| one.descriptor.digest.cmp(&other.descriptor.digest));
        Ok(found)
    }

    fn read(&self, name: &str, max: u64) -> Result<Vec<u8>, ImageError> {
        let path = self.path.join(name);
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(max + 1).read_to_end(&mut bytes));
        read.map_err(ImageError::io(&path))?;
        if bytes.len() as u64 > max {
            return Err(self.malformed(name, &format!("it has more than {max} bytes")));
        }
        Ok(bytes)
    }

    /// Writes a file beside its place and moves it there.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ImageError> {
        let path = self.path.join(name);
        let wrong = |source: io::Error| ImageError::Write { path: path.clone(), source };
        let folder = path.parent().unwrap_or(&self.path);
        fs::create_dir_all(folder).map_err(wrong)?;
        let mut partial = tempfile::NamedTempFile::new_in(folder).map_err(wrong)?;
        partial.write_all(bytes).map_err(wrong)?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        fs::set_permissions(partial.path(), mode).map_err(wrong)?;
        partial.persist(&path).map_err(|error| wrong(error.error))?;
        Ok(())
    }

    fn malformed(&self, what: &str, message: &dyn ToString) -> ImageError {
        ImageError::Malformed {
            path: self.path.clone(),
            what: what.into(),
            message: message.to_string(),
        }
    }

    fn by_digest(&self, of: Descriptor) -> Result<Stored, ImageError> {
        let bytes = self.read(&blob_name(&of.digest), MAX_DOCUMENT)?;
        verify(&bytes, &of.digest)?;
        let manifest: Manifest = serde_json::from_slice(&bytes)
            .map_err(|error| self.malformed(&of.digest.to_string(), &error))?;
        let kind = serde_json::from_slice::<Value>(&bytes).ok();
        let kind = kind.as_ref().and_then(|it| it.get("mediaType")).and_then(Value::as_str);
        let media_type = kind.map_or(of.media_type, str::to_owned);
        let descriptor = Descriptor::new(media_type, of.digest, bytes.len() as u64);
        Ok(Stored { descriptor, bytes, manifest })
    }
}

impl Place for Folder {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The one image in the index, or the one of the given tag; what hangs on another is none.
    fn wanted(&self) -> Result<String, ImageError> {
        let mut chosen = Vec::new();
        for entry in self.entries()? {
            let name = entry.annotations.get(NAME);
            let fits = match (&self.tag, name) {
                (Some(tag), Some(name)) => name == tag || name.ends_with(&format!(":{tag}")),
                (Some(_), None) => false,
                (None, name) => {
                    let is_tagged = TAGGED.iter().any(|(tagged, _)| kind(&entry) == Some(*tagged));
                    !is_tagged && !name.is_some_and(|name| super::is_attachment(name))
                }
            };
            if fits && self.by_digest(entry.clone())?.manifest.subject.is_none() {
                chosen.push(entry);
            }
        }
        chosen.dedup_by(|one, other| one.digest == other.digest);
        match chosen.as_slice() {
            [one] => Ok(one.digest.to_string()),
            [] => Err(ImageError::Missing {
                path: self.path.clone(),
                what: format!("image `{}`", self.tag.as_deref().unwrap_or("")),
            }),
            several => Err(ImageError::Ambiguous {
                path: self.path.clone(),
                names: several
                    .iter()
                    .map(|it| it.annotations.get(NAME).cloned())
                    .map(|name| name.unwrap_or_else(|| "without a name".into()))
                    .collect(),
            }),
        }
    }

    fn manifest(&self, reference: &str) -> Result<Option<Stored>, ImageError> {
        if let Ok(digest) = reference.parse::<Digest>() {
            return match self.by_digest(Descriptor::new(String::new(), digest, 0)) {
                Ok(stored) => Ok(Some(stored)),
                Err(ImageError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    Ok(None)
                }
                Err(error) => Err(error),
            };
        }
        let named =
            |entry: &Descriptor| entry.annotations.get(NAME).is_some_and(|n| n == reference);
        let entries = self.entries()?;
        let marked = || {
            let kind_of = tagged_kind(Self::marked(&entries)?, reference)?;
            entries.iter().find(|entry| kind(entry) == Some(kind_of))
        };
        let found = entries.iter().find(|entry| named(entry)).or_else(marked);
        found.map(|entry| self.by_digest(entry.clone())).transpose()
    }

    fn put_manifest(&self, reference: &str, stored: &Stored) -> Result<bool, ImageError> {
        self.write(&blob_name(&stored.descriptor.digest), &stored.bytes)?;
        let mut index = self.index()?;
        let mut entry = stored.descriptor.clone();
        let is_tag = reference.parse::<Digest>().is_err();
        if is_tag {
            entry.annotations.insert(NAME.into(), reference.to_owned());
        } else {
            entry.artifact_type.clone_from(&stored.manifest.artifact_type);
        }
        let Some(entries) = index.get_mut("manifests").and_then(Value::as_array_mut) else {
            return Err(self.malformed("index.json", &"it has no list of manifests"));
        };
        let says = |it: &Value, name: &str, what: &str| {
            it.get("annotations").and_then(|it| it.get(name)).is_some_and(|it| it == what)
        };
        let of_kind = mark(entries, &stored.manifest, reference);
        if is_tag {
            entries.retain(|other| {
                !says(other, NAME, reference)
                    && !of_kind.is_some_and(|kind| says(other, KIND, kind))
            });
            if let Some(kind) = of_kind {
                entry.annotations.insert(KIND.into(), kind.into());
            }
        } else if entries.iter().any(|it| it.get("digest") == Some(&json!(entry.digest))) {
            return self.write("index.json", index.to_string().as_bytes()).map(|()| true);
        }
        entries.push(json!(entry));
        self.write("index.json", index.to_string().as_bytes())?;
        Ok(true)
    }

    fn blob(&self, of: &Descriptor) -> Result<Vec<u8>, ImageError> {
        let bytes = self.read(&blob_name(&of.digest), of.size.min(MAX_PIECE))?;
        verify(&bytes, &of.digest)?;
        Ok(bytes)
    }

    fn put_blob(&self, digest: &Digest, bytes: &[u8]) -> Result<(), ImageError> {
        self.write(&blob_name(digest), bytes)
    }

    fn lists_by(&self) -> FoundBy {
        FoundBy::Layout
    }

    fn listed(&self, subject: &Digest) -> Result<Option<Vec<Descriptor>>, ImageError> {
        let mut found = Vec::new();
        let entries = self.entries()?;
        let listed = entries.iter().take(MAX_REFERRERS * 2);
        let mut all =
            listed.map(|entry| self.by_digest(entry.clone())).collect::<Result<Vec<_>, _>>()?;
        if Self::marked(&entries).is_some_and(|it| it.digest == *subject) {
            all.extend(self.unlisted(subject)?);
        }
        for stored in all.into_iter().take(MAX_REFERRERS * 2) {
            if stored.manifest.subject.as_ref().is_some_and(|of| of.digest == *subject) {
                let config =
                    stored.manifest.config.as_ref().map(|config| config.media_type.clone());
                let artifact_type = stored.manifest.artifact_type.clone().or(config);
                let annotations = stored.manifest.annotations.clone();
                found.push(Descriptor { artifact_type, annotations, ..stored.descriptor });
            }
        }
        Ok(Some(found))
    }
}

/// What cosign calls an entry.
fn kind(entry: &Descriptor) -> Option<&str> {
    entry.annotations.get(KIND).map(String::as_str)
}

/// Cosign's kind for what is kept under the tag `reference` of `image`.
fn tagged_kind(image: &Descriptor, reference: &str) -> Option<&'static str> {
    let of = |(_, end): &&(&str, &str)| tag_of(&image.digest, end) == reference;
    TAGGED.iter().find(of).map(|(kind, _)| *kind)
}

/// Marks the image on which `manifest` hangs as cosign does, unless another one is marked; the kind
/// of the new entry, where it hangs under a tag of the marked image.
fn mark(entries: &mut [Value], manifest: &Manifest, reference: &str) -> Option<&'static str> {
    let of = |entry: &Value| serde_json::from_value::<Descriptor>(entry.clone()).ok();
    let known: Vec<Descriptor> = entries.iter().filter_map(of).collect();
    if let Some(image) = Folder::marked(&known) {
        return tagged_kind(image, reference);
    }
    let is_subject = |image: &Descriptor| {
        let subject = manifest.subject.as_ref().is_some_and(|of| of.digest == image.digest);
        subject || tagged_kind(image, reference).is_some()
    };
    let image = entries.iter_mut().find(|entry| of(entry).is_some_and(|it| is_subject(&it)))?;
    let found = of(image)?;
    let [image_kind, index_kind] = IMAGES;
    let is_index = found.media_type.contains("index") || found.media_type.contains("list");
    let kind = if is_index { index_kind } else { image_kind };
    let annotations = image.as_object_mut()?.entry("annotations").or_insert_with(|| json!({}));
    annotations.as_object_mut()?.insert(KIND.into(), json!(kind));
    tagged_kind(&found, reference)
}

fn blob_name(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}
