//! `bun.lock`: JSON with comments and trailing commas.
//!
//! A package's key is the path by which it is found, `a` or `a/b`; its value begins with
//! `name@version`. What runs is what the workspaces' own dependencies reach.
//!
//! Source: <https://bun.com/docs/pm/lockfile>.

use std::collections::HashSet;

use plimsoll_model::{Package, PackageKind, Scope};
use serde_json::{Map, Value};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::dependency_folder::is_in_dependency;
use crate::reach::reached;

/// Reads Bun's lock.
#[derive(Debug)]
pub(crate) struct BunLock;

impl Cataloguer for BunLock {
    fn name(&self) -> &'static str {
        "bun-lock"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("bun.lock")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if is_in_dependency(file.path()) {
            return Ok(());
        }
        let text = file.text()?;
        if text.trim().is_empty() {
            return Ok(());
        }
        let lock: Value = serde_json::from_str(&plain_json(&text))
            .map_err(|error| CatalogueError::malformed("bun.lock", error))?;
        let Some(packages) = lock.get("packages").and_then(Value::as_object) else {
            return Ok(());
        };
        let roots = |list: &'static str| {
            let workspaces = lock.get("workspaces").and_then(Value::as_object);
            let workspaces = workspaces.into_iter().flat_map(Map::values);
            workspaces
                .flat_map(move |workspace| keys(workspace.get(list)))
                .filter_map(|name| resolve(packages, "", name))
        };
        let next = |key| {
            let names = packages.get(key).into_iter().flat_map(needs);
            names.filter_map(|name| resolve(packages, key, name)).collect()
        };
        let running = reached(roots("dependencies").chain(roots("peerDependencies")), next);
        let optional = reached(roots("optionalDependencies"), next);
        let mut seen = HashSet::new();
        for (key, entry) in packages {
            let Some((name, version)) = entry.get(0).and_then(Value::as_str).and_then(split) else {
                found.skip(0, format!("`{key}` names no package"));
                continue;
            };
            if ["workspace:", "root:", "link:"].iter().any(|own| version.starts_with(own))
                || !seen.insert((name, version))
            {
                continue;
            }
            let is_released = version.starts_with(|c: char| c.is_ascii_digit());
            let mut package =
                Package::new(PackageKind::Npm, name, if is_released { version } else { "" });
            if !is_released {
                package.notes.push(format!("from {version}"));
            }
            package.scope = if running.contains(key.as_str()) {
                Scope::Runtime
            } else if optional.contains(key.as_str()) {
                Scope::Optional
            } else {
                Scope::Development
            };
            package.depends_on = needs(entry).cloned().collect();
            found.add(package);
        }
        Ok(())
    }
}

fn keys(value: Option<&Value>) -> impl Iterator<Item = &String> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::keys)
}

/// What an entry needs: its description is the first object in it.
fn needs(entry: &Value) -> impl Iterator<Item = &String> {
    let description = entry.as_array().into_iter().flatten().find(|part| part.is_object());
    ["dependencies", "optionalDependencies", "peerDependencies"]
        .into_iter()
        .flat_map(move |list| keys(description.and_then(|description| description.get(list))))
}

/// The key under which the package at `from` finds `name`: as near to it as there is one.
fn resolve<'l>(packages: &'l Map<String, Value>, from: &str, name: &str) -> Option<&'l str> {
    let mut folder = from;
    while !folder.is_empty() {
        if let Some((key, _)) = packages.get_key_value(&format!("{folder}/{name}")) {
            return Some(key);
        }
        folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    packages.get_key_value(name).map(|(key, _)| key.as_str())
}

/// `name@version`; the first letter may be the `@` of a scope.
fn split(descriptor: &str) -> Option<(&str, &str)> {
    let (at, _) = descriptor.char_indices().skip(1).find(|&(_, c)| c == '@')?;
    Some((descriptor.get(..at)?, descriptor.get(at + 1..)?))
}

/// JSON without comments, and without commas before a closing bracket. Line ends stay, so that an
/// error names the right line.
fn plain_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut comma: Option<usize> = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('"', _) => {
                comma = None;
                out.push('"');
                while let Some(inner) = letters.next() {
                    out.push(inner);
                    match inner {
                        '\\' => out.extend(letters.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            ('/', Some('/')) => while letters.next_if(|&c| c != '\n').is_some() {},
            ('/', Some('*')) => {
                let mut last = ' ';
                for inner in letters.by_ref() {
                    if inner == '\n' {
                        out.push('\n');
                    }
                    if last == '*' && inner == '/' {
                        break;
                    }
                    last = inner;
                }
            }
            (']' | '}', _) => {
                if let Some(at) = comma.take() {
                    out.replace_range(at..=at, " ");
                }
                out.push(letter);
            }
            (',', _) => {
                comma = Some(out.len());
                out.push(',');
            }
            _ => {
                if !letter.is_whitespace() {
                    comma = None;
                }
                out.push(letter);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn comments_and_trailing_commas_are_no_json() {
        let text = "{ // a\n \"a,]\": [1, /* , */ 2,\n ], }";
        assert_eq!(plain_json(text), "{ \n \"a,]\": [1,  2 \n ]  }");
    }

    #[test]
    fn a_package_is_found_from_where_it_is_needed() {
        let lock = r#"{"workspaces":{"":{"dependencies":{"a":"^1"},"devDependencies":{"b":"^2"},},},
          "packages":{"a":["a@1.0.0","",{"dependencies":{"@s/c":"^3"}},"sha"],"b":["b@2.0.0","",{"dependencies":{"@s/c":"*"}}],
          "a/@s/c":["@s/c@3.0.0",""],"@s/c":["@s/c@4.0.0",""],"w":["w@workspace:w"],"g":["g@github:x/g#1",{}],"h":[1]}}"#;
        insta::assert_snapshot!(listing(&BunLock, "bun.lock", lock.as_bytes()), @r"
        npm @s/c 4.0.0 (Development)
        npm a 1.0.0
        npm @s/c 3.0.0
        npm b 2.0.0 (Development)
        npm g  (Development)
        Skipped: `h` names no package
        ");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{},:\"/*\\\\a@1 \n]{0,60}") {
            listing(&BunLock, "bun.lock", text.as_bytes());
        }
    }
}
