//! `stack.yaml.lock` of Haskell's Stack: packages beyond those of the snapshot.
//!
//! Source: <https://docs.haskellstack.org/en/stable/topics/lock_files/>.

use plimsoll_model::{Package, PackageKind};
use serde_json::Value;

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::yaml;

/// Reads Stack's lock.
#[derive(Debug)]
pub(crate) struct StackLock;

impl Cataloguer for StackLock {
    fn name(&self) -> &'static str {
        "stack-lock"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("stack.yaml.lock")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let lock = yaml::parse(&file.text()?)
            .map_err(|error| CatalogueError::malformed("stack.yaml.lock", error))?;
        for entry in lock.get("packages").and_then(Value::as_array).into_iter().flatten() {
            let hackage = entry.pointer("/completed/hackage").and_then(Value::as_str);
            // `name-1.2.3@sha256:hash,size`
            let plain = hackage.and_then(|text| text.split('@').next()).unwrap_or_default();
            match plain.rsplit_once('-') {
                Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
                    found.add(Package::new(PackageKind::Hackage, name, version));
                }
                _ => found.skip(0, "package that is not from Hackage"),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn the_completed_entry_has_name_and_version() {
        let lock = "packages:\n- completed:\n    hackage: hasql-pool-1.0.1@sha256:3c,2302\n- completed:\n    git: x\n";
        insta::assert_snapshot!(listing(&StackLock, "stack.yaml.lock", lock.as_bytes()), @r"
        hackage hasql-pool 1.0.1
        Skipped: package that is not from Hackage
        ");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[a-c:{}\\[\\] \n-]{0,40}") {
            listing(&StackLock, "stack.yaml.lock", format!("packages:\n- {text}").as_bytes());
        }
    }
}
