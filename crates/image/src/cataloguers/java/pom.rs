//! Maven's project files: `pom.xml`, and the `pom.properties` that Maven puts beside it in a jar.
//!
//! A project takes group, version and properties from its parent. Only what one file says itself
//! is used: the parent is named in it, but its content is elsewhere. A value in which a property
//! stays open is no value.
//!
//! Source: <https://maven.apache.org/pom.html>.

use std::collections::BTreeMap;

use crate::xml::Element;

/// How often properties in properties are replaced.
const MAX_ROUNDS: usize = 8;
const MAX_VALUE: usize = 4096;

/// What identifies an artefact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Coordinates {
    /// `groupId`; empty where it is not known.
    pub(crate) group: String,
    /// `artifactId`.
    pub(crate) artifact: String,
    /// Empty where it is not known.
    pub(crate) version: String,
}

impl Coordinates {
    /// `group:artifact`, or the artefact alone.
    pub(crate) fn name(&self) -> String {
        match self.group.as_str() {
            "" => self.artifact.clone(),
            group => format!("{group}:{}", self.artifact),
        }
    }
}

/// Reads `pom.properties`.
pub(crate) fn properties(text: &str) -> Coordinates {
    let mut read = Coordinates::default();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', '!'])) {
        let Some((key, value)) = line.split_once(['=', ':']) else { continue };
        let value = value.trim();
        let field = match key.trim() {
            "groupId" => &mut read.group,
            "artifactId" => &mut read.artifact,
            "version" => &mut read.version,
            _ => continue,
        };
        if is_plain(value) {
            value.clone_into(field);
        }
    }
    read
}

/// A project.
#[derive(Debug, Default)]
pub(crate) struct Pom {
    /// Its own coordinates, with what its parent's name gives.
    pub(crate) own: Coordinates,
    /// `jar` by default.
    pub(crate) packaging: String,
    /// Names of licences.
    pub(crate) licenses: Vec<String>,
    /// The organisation behind it.
    pub(crate) organization: Option<String>,
    /// Direct dependencies, those of profiles that are active by default included.
    pub(crate) dependencies: Vec<Dependency>,
}

/// A direct dependency of a project.
#[derive(Debug, Clone)]
pub(crate) struct Dependency {
    /// Which; the version may be empty where a parent or import says it.
    pub(crate) coordinates: Coordinates,
    /// `compile`, `provided`, `runtime`, `test`, `system`.
    pub(crate) scope: String,
    /// Not passed on to those who use the project.
    pub(crate) optional: bool,
    /// Line of the declaration.
    pub(crate) line: usize,
}

impl Pom {
    /// Reads `pom.xml`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let root = Element::parse(text)?;
        if root.name != "project" {
            return Err(format!("`{}` where `project` should be", root.name));
        }
        let properties = Properties::of(&root);
        let profiles: Vec<&Element> = root
            .list("profiles", "profile")
            .filter(|profile| {
                let activation = profile.child("activation");
                activation.and_then(|a| a.value("activeByDefault")) == Some("true")
            })
            .collect();
        let managed = root
            .child("dependencyManagement")
            .into_iter()
            .chain(profiles.iter().filter_map(|profile| profile.child("dependencyManagement")));
        let managed: BTreeMap<String, Dependency> = managed
            .flat_map(|managed| managed.list("dependencies", "dependency"))
            .filter_map(|element| Dependency::read(element, &properties))
            .map(|managed| (managed.coordinates.name(), managed))
            .collect();
        let declared = root
            .list("dependencies", "dependency")
            .chain(profiles.iter().flat_map(|profile| profile.list("dependencies", "dependency")));
        let dependencies = declared.filter_map(|element| Dependency::read(element, &properties));
        let dependencies = dependencies.map(|dependency| dependency.managed_by(&managed)).collect();
        Ok(Self {
            own: properties.own(),
            packaging: root.value("packaging").unwrap_or("jar").to_owned(),
            licenses: root
                .list("licenses", "license")
                .filter_map(|license| license.value("name"))
                .map(str::to_owned)
                .collect(),
            organization: root
                .child("organization")
                .and_then(|organization| organization.value("name"))
                .map(str::to_owned),
            dependencies,
        })
    }
}

impl Dependency {
    /// `None` for one that lacks group or artefact, or has an open property in them.
    fn read(element: &Element, properties: &Properties) -> Option<Self> {
        let value = |name| element.value(name).map(|text| properties.fill(text));
        let plain = |name| value(name).filter(|value| is_plain(value));
        Some(Self {
            coordinates: Coordinates {
                group: plain("groupId")?,
                artifact: plain("artifactId")?,
                version: plain("version").map(|version| lower_bound(&version)).unwrap_or_default(),
            },
            scope: plain("scope").unwrap_or_default(),
            optional: value("optional").as_deref() == Some("true"),
            line: element.line,
        })
    }

    fn managed_by(mut self, managed: &BTreeMap<String, Self>) -> Self {
        if let Some(managed) = managed.get(&self.coordinates.name()) {
            if self.coordinates.version.is_empty() {
                self.coordinates.version.clone_from(&managed.coordinates.version);
            }
            if self.scope.is_empty() {
                self.scope.clone_from(&managed.scope);
            }
        }
        self
    }
}

/// What `${…}` in a project stands for.
struct Properties(BTreeMap<String, String>);

impl Properties {
    fn of(root: &Element) -> Self {
        let mut map = BTreeMap::new();
        let mut put = |keys: [&str; 2], value: Option<&str>| {
            for key in keys {
                if let Some(value) = value {
                    map.insert(key.to_owned(), value.to_owned());
                }
            }
        };
        let parent = root.child("parent");
        let inherited = |name| root.value(name).or_else(|| parent?.value(name));
        put(["project.groupId", "pom.groupId"], inherited("groupId"));
        put(["project.version", "pom.version"], inherited("version"));
        put(["project.artifactId", "pom.artifactId"], root.value("artifactId"));
        let of_parent = |name| parent.and_then(|parent| parent.value(name));
        put(["project.parent.version", "parent.version"], of_parent("version"));
        put(["project.parent.groupId", "parent.groupId"], of_parent("groupId"));
        let declared = root.child("properties").into_iter().flat_map(|p| &p.children);
        map.extend(declared.map(|element| (element.name.clone(), element.text.clone())));
        Self(map)
    }

    fn own(&self) -> Coordinates {
        let plain = |key| {
            let value = self.0.get(key).map(|value| self.fill(value));
            value.filter(|value| is_plain(value)).unwrap_or_default()
        };
        Coordinates {
            group: plain("project.groupId"),
            artifact: plain("project.artifactId"),
            version: plain("project.version"),
        }
    }

    /// `text` with all known properties replaced; the size is bounded, and so are circles.
    fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..MAX_ROUNDS {
            let mut out = String::with_capacity(text.len());
            let mut rest = text.as_str();
            let mut changed = false;
            while let Some((before, after)) = rest.split_once("${") {
                out.push_str(before);
                let known = after.split_once('}').and_then(|(key, rest)| {
                    self.0.get(key).filter(|v| v.len() < MAX_VALUE).map(|value| (value, rest))
                });
                if let Some((value, after)) = known {
                    out.push_str(value);
                    rest = after;
                    changed = true;
                } else {
                    out.push_str("${");
                    rest = after;
                }
                if out.len() > MAX_VALUE {
                    return out;
                }
            }
            out.push_str(rest);
            text = out;
            if !changed {
                break;
            }
        }
        text
    }
}

/// A value in which no property is left open.
fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.len() < MAX_VALUE && !value.contains("${") && !value.contains('@')
}

/// Of a range such as `[1.2,2)` the version that it begins with; a plain version as it is.
fn lower_bound(version: &str) -> String {
    let range = version.trim_start_matches(['[', '(']);
    let first = range.split([',', ']', ')']).next().unwrap_or(range);
    first.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_of_a_jar_are_read_and_open_values_are_none() {
        let read = properties("#Created by Maven\ngroupId=org.a\nartifactId: b\nversion=${v}\n");
        assert_eq!(read.name(), "org.a:b");
        assert_eq!(read.version, "");
    }

    #[test]
    fn a_project_takes_from_its_parent_what_it_leaves_out() {
        let pom = Pom::parse(
            "<project><parent><groupId>g</groupId><artifactId>p</artifactId><version>1</version></parent>\
             <artifactId>a</artifactId><properties><v>${w}</v><w>2</w><loop>${loop}${loop}</loop></properties>\
             <dependencies><dependency><groupId>${project.groupId}</groupId><artifactId>b</artifactId>\
             <version>${v}</version></dependency><dependency><groupId>${loop}</groupId>\
             <artifactId>c</artifactId></dependency></dependencies></project>",
        )
        .unwrap();
        assert_eq!((pom.own.name().as_str(), pom.own.version.as_str()), ("g:a", "1"));
        assert_eq!(pom.dependencies.len(), 1);
        assert_eq!(pom.dependencies[0].coordinates.name(), "g:b");
        assert_eq!(pom.dependencies[0].coordinates.version, "2");
    }

    #[test]
    fn a_range_begins_with_a_version() {
        assert_eq!(lower_bound("[9.4.35,9.5)"), "9.4.35");
        assert_eq!(lower_bound("1.0"), "1.0");
        assert_eq!(lower_bound("(,2]"), "");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            let _ = Pom::parse(&format!("<project><version>{text}</version></project>"));
            properties(&text);
        }
    }
}
