//! Packages that conda installed: `conda-meta/NAME-VERSION-BUILD.json`.
//!
//! Source: <https://docs.conda.io/projects/conda/en/stable/dev-guide/deep-dives/install.html>.

use plimsoll_model::{Hash, Package, PackageKind};
use serde_json::Value;

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};

/// Reads conda's records.
#[derive(Debug)]
pub(crate) struct CondaMeta;

impl Cataloguer for CondaMeta {
    fn name(&self) -> &'static str {
        "conda-meta"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::InNamed("conda-meta", ".json")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let record: Value = serde_json::from_slice(&file.bytes()?)
            .map_err(|error| CatalogueError::malformed("conda record", error))?;
        let text = |key| record.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(name), Some(version)) = (text("name"), text("version")) else {
            return Err(CatalogueError::malformed("conda record", "no `name` or no `version`"));
        };
        let mut package = Package::new(PackageKind::Conda, name, version);
        package.licenses = text("license").map(str::to_owned).into_iter().collect();
        package.hashes = ["sha256", "md5"]
            .into_iter()
            .filter_map(|algorithm| {
                Some(Hash { algorithm: algorithm.into(), hex: text(algorithm)?.into() })
            })
            .collect();
        // `python >=3.9,<3.10.0a0`
        let needs = record.get("depends").and_then(Value::as_array).into_iter().flatten();
        package.depends_on = needs
            .filter_map(|need| need.as_str()?.split_whitespace().next())
            .map(str::to_owned)
            .collect();
        found.add(package);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn a_record_has_name_and_version() {
        let text = br#"{"name":"jupyterlab","version":"3.1.12","depends":["python >=3.6"]}"#;
        assert_eq!(
            listing(&CondaMeta, "opt/conda/conda-meta/a.json", text),
            "conda jupyterlab 3.1.12\n"
        );
        let shown = listing(&CondaMeta, "opt/conda/conda-meta/a.json", b"{}");
        assert_eq!(shown, "error: not a valid conda record: no `name` or no `version`\n");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            listing(&CondaMeta, "conda-meta/a.json", &bytes);
        }
    }
}
