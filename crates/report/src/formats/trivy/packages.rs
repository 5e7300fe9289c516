//! Packages as Trivy lists them, those without a weakness too.
//!
//! Source: <https://github.com/aquasecurity/trivy/blob/main/pkg/fanal/types/package.go>.

use plimsoll_model::{Inventory, Location, Package, PackageKind, Purl, Scope};
use serde_json::{Map, Value, json};

use super::origin;

/// A version in Trivy's parts.
struct Parts<'v> {
    epoch: u32,
    version: &'v str,
    release: &'v str,
}

impl<'v> Parts<'v> {
    /// Of a dpkg or rpm version; every other one is one part.
    fn of(kind: PackageKind, text: &'v str) -> Self {
        if !matches!(kind, PackageKind::Deb | PackageKind::Rpm) {
            return Self { epoch: 0, version: text, release: "" };
        }
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) => (epoch.parse().unwrap_or(0), rest),
            None => (0, text),
        };
        let (version, release) = rest.rsplit_once('-').unwrap_or((rest, ""));
        Self { epoch, version, release }
    }

    fn put(&self, prefix: &str, fields: &mut Map<String, Value>) {
        fields.insert(format!("{prefix}Version"), json!(self.version));
        if !self.release.is_empty() {
            fields.insert(format!("{prefix}Release"), json!(self.release));
        }
        if self.epoch > 0 {
            fields.insert(format!("{prefix}Epoch"), json!(self.epoch));
        }
    }
}

/// A package of an inventory, as one file shows it.
pub(super) fn package(
    package: &Package,
    places: &[Location],
    inventory: &Inventory,
    names_paths: bool,
) -> Value {
    let purl = Purl::of(package, inventory.distro.as_ref()).to_string();
    let mut fields = Map::new();
    let id = format!("{}@{}", package.name, package.version);
    fields.insert("ID".into(), json!(id));
    fields.insert("Name".into(), json!(package.name));
    fields.insert("Identifier".into(), json!({ "PURL": purl }));
    Parts::of(package.kind, &package.version).put("", &mut fields);
    if let Some(arch) = &package.arch {
        fields.insert("Arch".into(), json!(arch));
    }
    if package.scope == Scope::Development {
        fields.insert("Dev".into(), json!(true));
    }
    if package.kind.is_os() {
        fields.insert("SrcName".into(), json!(package.source_name()));
        Parts::of(package.kind, package.source_version()).put("Src", &mut fields);
    }
    if !package.licenses.is_empty() {
        fields.insert("Licenses".into(), json!(package.licenses));
    }
    if let Some(supplier) = &package.supplier {
        fields.insert("Maintainer".into(), json!(supplier));
    }
    if let Some(module) = &package.module {
        fields.insert("Modularitylabel".into(), json!(module));
    }
    let needed = needed(package, inventory);
    if !needed.is_empty() {
        fields.insert("DependsOn".into(), json!(needed));
    }
    let place = places.first();
    if let Some(layer) = origin(place.and_then(|place| place.layer), inventory) {
        fields.insert("Layer".into(), layer);
    }
    let lines: Vec<Value> = places
        .iter()
        .filter_map(|place| place.line)
        .map(|line| json!({ "StartLine": line, "EndLine": line }))
        .collect();
    if !names_paths && !package.kind.is_os() && !lines.is_empty() {
        fields.insert("Locations".into(), json!(lines));
    }
    if let Some(place) = place.filter(|_| names_paths) {
        fields.insert("FilePath".into(), json!(place.path));
    }
    Value::Object(fields)
}

/// What it needs, by the ids of packages that are there.
fn needed(package: &Package, inventory: &Inventory) -> Vec<String> {
    // Packages are sorted by kind and name.
    let all = &inventory.packages;
    let known = |name: &String| {
        let at = all.partition_point(|it| (it.kind, &it.name) < (package.kind, name));
        let found = all.get(at).filter(|it| it.kind == package.kind && it.name == *name)?;
        Some(format!("{}@{}", found.name, found.version))
    };
    package.depends_on.iter().filter_map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_dpkg_and_rpm_are_in_parts_and_others_whole() {
        let of = |kind, text| {
            let parts = Parts::of(kind, text);
            (parts.epoch, parts.version.to_owned(), parts.release.to_owned())
        };
        let text = |a: &str| a.to_owned();
        assert_eq!(of(PackageKind::Deb, "1:2.3-4~x-5"), (1, text("2.3-4~x"), text("5")));
        assert_eq!(of(PackageKind::Rpm, "9.16-2.el9"), (0, text("9.16"), text("2.el9")));
        assert_eq!(of(PackageKind::Apk, "1.2.3-r0"), (0, text("1.2.3-r0"), text("")));
        assert_eq!(of(PackageKind::Deb, ""), (0, text(""), text("")));
    }

    #[test]
    fn what_is_needed_is_named_by_the_ids_of_what_is_there() {
        let mut curl = Package::new(PackageKind::Deb, "curl", "1");
        curl.depends_on = vec!["libc6".into(), "missing".into()];
        let libc = Package::new(PackageKind::Deb, "libc6", "2:2.36-9");
        let inventory = Inventory { packages: vec![curl.clone(), libc], ..Inventory::default() };
        let one = package(&curl, &[], &inventory, false);
        assert_eq!(one["DependsOn"], json!(["libc6@2:2.36-9"]));
        assert_eq!(one["SrcName"], "curl");
    }
}
