//! A bill of materials as clients of Dependency-Track upload it: as base64 in JSON, or as a form.

use axum::extract::{FromRequest as _, Multipart, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// The largest document.
const MAX_DOCUMENT: usize = plimsoll_supply::document::MAX_DOCUMENT;

/// The longest name or version.
const MAX_NAME: usize = 255;

/// What is uploaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upload {
    /// Its project; empty where name and version say which.
    pub project: String,
    /// The project's name.
    pub name: String,
    /// The project's version.
    pub version: String,
    /// Whether a project that is not there is made.
    pub auto_create: bool,
    /// The document.
    pub bom: Vec<u8>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    project: Option<String>,
    #[serde(default)]
    project_name: Option<String>,
    #[serde(default)]
    project_version: Option<String>,
    #[serde(default)]
    auto_create: Option<bool>,
    #[serde(default)]
    bom: Option<String>,
}

/// A document, which some clients encode and others do not.
fn document(text: &[u8]) -> Result<Vec<u8>, String> {
    let trimmed = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii();
    if trimmed.starts_with(b"{") || trimmed.starts_with(b"<") {
        return Ok(trimmed.to_vec());
    }
    let packed: Vec<u8> =
        trimmed.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let decoded =
        STANDARD.decode(packed).map_err(|error| format!("`bom` is no base64: {error}"))?;
    Ok(decoded.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(decoded))
}

impl Upload {
    /// From JSON.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let wire: Wire = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let upload = Self {
            bom: document(wire.bom.unwrap_or_default().as_bytes())?,
            project: wire.project.unwrap_or_default(),
            name: wire.project_name.unwrap_or_default(),
            version: wire.project_version.unwrap_or_default(),
            auto_create: wire.auto_create.unwrap_or_default(),
        };
        upload.checked()
    }

    /// From a request with a form.
    pub(super) async fn of_form(request: Request) -> Result<Self, String> {
        let mut form =
            Multipart::from_request(request, &()).await.map_err(|error| error.body_text())?;
        let mut upload = Self::default();
        while let Some(field) = form.next_field().await.map_err(|error| error.body_text())? {
            let name = field.name().unwrap_or_default().to_owned();
            let bytes = field.bytes().await.map_err(|error| error.body_text())?;
            let text = || String::from_utf8_lossy(&bytes).trim().to_owned();
            match name.as_str() {
                "project" => upload.project = text(),
                "projectName" => upload.name = text(),
                "projectVersion" => upload.version = text(),
                "autoCreate" => upload.auto_create = text().eq_ignore_ascii_case("true"),
                "bom" => upload.bom = document(&bytes)?,
                _ => {}
            }
        }
        upload.checked()
    }

    fn checked(self) -> Result<Self, String> {
        if self.bom.is_empty() {
            return Err("there is no `bom`".into());
        }
        if self.bom.len() > MAX_DOCUMENT {
            return Err(format!("the bom is larger than {MAX_DOCUMENT} bytes"));
        }
        if self.project.is_empty() && self.name.is_empty() {
            return Err("neither `project` nor `projectName` says which project it is".into());
        }
        let is_odd = |text: &str| text.len() > MAX_NAME || text.chars().any(char::is_control);
        if [&self.project, &self.name, &self.version].into_iter().any(|text| is_odd(text)) {
            return Err(format!(
                "a name is longer than {MAX_NAME} bytes, or has control characters"
            ));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_may_be_encoded_or_not() {
        let of = |bom: &str| {
            Upload::parse(
            serde_json::json!({"projectName": "a", "projectVersion": "1", "autoCreate": true, "bom": bom})
                .to_string().as_bytes(),
        )
        };
        let encoded = STANDARD.encode("\u{feff}{\"bomFormat\":\"CycloneDX\"}");
        for bom in [encoded.as_str(), "{\"bomFormat\":\"CycloneDX\"}"] {
            assert_eq!(of(bom).unwrap().bom, b"{\"bomFormat\":\"CycloneDX\"}");
        }
        assert!(of("").is_err() && of("!!!").is_err());
        assert!(Upload::parse(br#"{"bom":"e30="}"#).unwrap_err().contains("projectName"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".*", bom in ".*") {
            let _ = Upload::parse(text.as_bytes());
            let _ = Upload::parse(serde_json::json!({"project": "x", "bom": bom}).to_string().as_bytes());
        }
    }
}
