//! Whom a certificate is for: its alternative names, and what Fulcio wrote about the token that
//! it was issued for.
//!
//! Source: <https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md>.

use super::{Certificate, oid};
use crate::der::{self, Reader};
use crate::error::Error;

/// One name of the subject.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "lowercase")]
pub enum SubjectName {
    /// An e-mail address.
    Email(String),
    /// A URI, such as that of a workflow.
    Uri(String),
    /// A host's name.
    Dns(String),
    /// A user's name in Fulcio's own form.
    Other(String),
    /// The subject itself, as RFC 4514 writes it.
    Directory(String),
}

impl SubjectName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(name)
            | Self::Uri(name)
            | Self::Dns(name)
            | Self::Other(name)
            | Self::Directory(name) => name,
        }
    }
}

/// An extension of Fulcio's with the last arc of its identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension {
    /// The number after `1.3.6.1.4.1.57264.1.`.
    pub arc: u8,
    /// The name in Sigstore's documents, such as `sourceRepositoryURI`.
    pub name: &'static str,
}

impl Extension {
    /// Every extension that describes a signer, by number.
    pub const ALL: &'static [Self] = &[
        Self { arc: 2, name: "githubWorkflowTrigger" },
        Self { arc: 3, name: "githubWorkflowSHA" },
        Self { arc: 4, name: "githubWorkflowName" },
        Self { arc: 5, name: "githubWorkflowRepository" },
        Self { arc: 6, name: "githubWorkflowRef" },
        Self { arc: 8, name: "issuer" },
        Self { arc: 9, name: "buildSignerURI" },
        Self { arc: 10, name: "buildSignerDigest" },
        Self { arc: 11, name: "runnerEnvironment" },
        Self { arc: 12, name: "sourceRepositoryURI" },
        Self { arc: 13, name: "sourceRepositoryDigest" },
        Self { arc: 14, name: "sourceRepositoryRef" },
        Self { arc: 15, name: "sourceRepositoryIdentifier" },
        Self { arc: 16, name: "sourceRepositoryOwnerURI" },
        Self { arc: 17, name: "sourceRepositoryOwnerIdentifier" },
        Self { arc: 18, name: "buildConfigURI" },
        Self { arc: 19, name: "buildConfigDigest" },
        Self { arc: 20, name: "buildTrigger" },
        Self { arc: 21, name: "runInvocationURI" },
        Self { arc: 22, name: "sourceRepositoryVisibilityAtSigning" },
    ];

    /// The extension called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.name == name)
    }
}

/// The first number whose extension holds a DER string; the older ones hold bare text.
const FIRST_DER_ARC: u8 = 8;

/// Whom a certificate is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The alternative names, in order.
    pub names: Vec<SubjectName>,
    /// Who vouched for the token: extension 8, else 1.
    pub issuer: Option<String>,
    /// What Fulcio wrote, by extension.
    pub extensions: Vec<(Extension, String)>,
}

impl Identity {
    /// What `certificate` says.
    pub fn of(certificate: &Certificate) -> Result<Self, Error> {
        let names = match certificate.extension(oid::SUBJECT_ALT_NAME) {
            Some(extension) => names(&extension.value)?,
            None => Vec::new(),
        };
        let mut extensions = Vec::new();
        for known in Extension::ALL {
            if let Some(text) = fulcio_text(certificate, known.arc)? {
                extensions.push((*known, text));
            }
        }
        let issuer = match fulcio_text(certificate, FIRST_DER_ARC)? {
            Some(issuer) => Some(issuer),
            None => fulcio_text(certificate, 1)?,
        };
        Ok(Self { names, issuer, extensions })
    }

    /// The text of the extension called `name`.
    pub fn extension(&self, name: &str) -> Option<&str> {
        self.extensions.iter().find(|(it, _)| it.name == name).map(|(_, text)| text.as_str())
    }

    /// The name that summaries show: the first URI, else the first address, else the first name.
    pub fn subject(&self) -> Option<&str> {
        let first = |wanted: fn(&SubjectName) -> bool| self.names.iter().find(|it| wanted(it));
        first(|it| matches!(it, SubjectName::Uri(_)))
            .or_else(|| first(|it| matches!(it, SubjectName::Email(_))))
            .or_else(|| self.names.first())
            .map(SubjectName::as_str)
    }
}

/// Who vouched for the token by the older extension, and by the newer one.
pub(crate) fn fulcio_issuers(
    certificate: &Certificate,
) -> Result<(Option<String>, Option<String>), Error> {
    Ok((fulcio_text(certificate, 1)?, fulcio_text(certificate, FIRST_DER_ARC)?))
}

fn fulcio_text(certificate: &Certificate, arc: u8) -> Result<Option<String>, Error> {
    let Some(extension) =
        certificate.extensions.iter().find(|it| it.oid.strip_prefix(oid::FULCIO) == Some(&[arc]))
    else {
        return Ok(None);
    };
    let bytes = if arc < FIRST_DER_ARC {
        &extension.value
    } else {
        Reader::only(&extension.value, der::UTF8_STRING)?.content
    };
    text(bytes).map(Some)
}

/// The most names that a certificate may have.
const MAX_NAMES: usize = 64;

fn names(value: &[u8]) -> Result<Vec<SubjectName>, Error> {
    let mut list = Reader::only(value, der::SEQUENCE)?.reader();
    let mut found = Vec::new();
    while !list.is_empty() {
        let item = list.next()?;
        if found.len() == MAX_NAMES {
            return Err(Error::malformed("certificate", format!("more than {MAX_NAMES} names")));
        }
        match item.tag {
            0x81 => found.push(SubjectName::Email(text(item.content)?)),
            0x82 => found.push(SubjectName::Dns(text(item.content)?)),
            0x86 => found.push(SubjectName::Uri(text(item.content)?)),
            0xa0 => {
                let mut fields = item.reader();
                let kind = fields.expect(der::OID)?.content;
                if kind.strip_prefix(oid::FULCIO) == Some(&[7]) {
                    let mut inside = fields.expect(der::context(0))?.reader();
                    found.push(SubjectName::Other(text(inside.expect(der::UTF8_STRING)?.content)?));
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

fn text(bytes: &[u8]) -> Result<String, Error> {
    String::from_utf8(bytes.to_vec())
        .map_err(|_| Error::malformed("certificate", "a name that is not UTF-8"))
}
