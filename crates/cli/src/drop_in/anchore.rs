//! Files of settings of Syft and Grype, which look for them alike: where they lie, which wins, what of
//! them stands for flags, and variables that are called as they are.
//!
//! Source: <https://github.com/anchore/fangs>.

use std::env;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use serde_json::{Map, Value};

use super::Settings;
use crate::exit::{Usage, tell};
use crate::files;

/// The largest such file: 1 MiB.
pub(super) const MAX_FILE: u64 = 1 << 20;

/// Under which name profiles stand in a file.
const PROFILES: &str = "profiles";

/// What one of the two programs reads.
pub(super) struct Program {
    pub(super) name: &'static str,
    /// What its variables begin with.
    pub(super) variables: &'static str,
    /// Paths of settings that stand for flags.
    pub(super) flags: &'static [(&'static str, &'static str)],
    /// Settings, and sections of them, that change nothing of a result or are read elsewhere.
    pub(super) idle: &'static [&'static str],
}

/// Files and profiles, as the command line names them.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Chosen {
    /// Files of settings; without one they are looked for in the working folder, the home folder and
    /// `XDG_CONFIG_HOME`. What of them does nothing here is told
    #[arg(short, long, value_name = "FILE", value_delimiter = ',', help_heading = super::NEAR)]
    pub(super) config: Vec<PathBuf>,

    /// Profiles of these files, whose settings outweigh those outside of it
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) profile: Vec<String>,
}

impl Chosen {
    /// What a command line says, which may have no such flags.
    pub(super) fn of(matches: &ArgMatches) -> Self {
        fn all<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, id: &str) -> Vec<T> {
            let found = matches.try_get_many::<T>(id).ok().flatten();
            found.map(|all| all.cloned().collect()).unwrap_or_default()
        }
        Self { config: all(matches, "config"), profile: all(matches, "profile") }
    }
}

/// Which layers of an image are meant.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Scope {
    /// squashed, deep-squashed, or all-layers: then it is told that what a later layer removed is not
    /// looked for
    #[arg(short, long, value_name = "SCOPE", default_value = "squashed", help_heading = super::NEAR)]
    scope: String,
}

impl Scope {
    /// Source: <https://github.com/anchore/syft/blob/main/syft/source/scope.go>.
    pub(super) fn check(&self, tool: &str) -> Result<(), Usage> {
        let shown = self.scope.escape_debug();
        match self.scope.to_ascii_lowercase().as_str() {
            "squashed" | "deep-squashed" | "deepsquashed" | "squasheddeep" | "squashed-deep"
            | "deep-squash" | "deepsquash" => {}
            "all" | "alllayers" | "all-layers" => tell(&format!(
                "note: {tool}: `--scope {shown}`: what a later layer removed is not looked for"
            )),
            _ => {
                let why = "is none of squashed, deep-squashed, all-layers";
                return Err(Usage(format!("--scope: `{shown}` {why}")));
            }
        }
        Ok(())
    }
}

impl Program {
    /// The files that are read, the weightiest first.
    pub(super) fn files(&self, named: &[PathBuf]) -> Vec<PathBuf> {
        if !named.is_empty() {
            return named.iter().map(|path| expanded(path)).collect();
        }
        let (home, name) = (env::home_dir(), self.name);
        let config = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        let config = config.or_else(|| home.as_ref().map(|home| home.join(".config")));
        let folders = env::var_os("XDG_CONFIG_DIRS").filter(|it| !it.is_empty());
        let folders = folders.unwrap_or_else(|| "/etc/xdg".into());
        let mut places =
            vec![PathBuf::from(format!(".{name}")), Path::new(&format!(".{name}")).join("config")];
        places.extend(home.map(|home| home.join(format!(".{name}"))));
        places.extend(config.map(|folder| folder.join(name).join("config")));
        places.extend(env::split_paths(&folders).map(|folder| folder.join(name).join("config")));
        let mut found: Vec<PathBuf> = Vec::new();
        for place in places {
            for end in ["json", "toml", "yaml", "yml"] {
                let mut file = place.clone().into_os_string();
                file.push(format!(".{end}"));
                let file = PathBuf::from(file);
                // In the home folder it is found twice.
                let is_same = |one: &PathBuf| one.canonicalize().ok() == file.canonicalize().ok();
                if !file.is_file() || found.iter().any(is_same) {
                    continue;
                }
                if end == "toml" {
                    tell(&format!(
                        "note: {name}: `{}` is not read: write it as YAML",
                        file.display()
                    ));
                } else {
                    found.push(file);
                }
            }
        }
        found
    }

    /// The settings that stand for flags; what else there is and does nothing here is told.
    pub(super) fn settings(&self, matches: &ArgMatches) -> anyhow::Result<Settings> {
        let chosen = Chosen::of(matches);
        let mut found = Vec::new();
        self.walk("", &Value::Object(self.merged(&chosen)?), &mut found);
        self.add_variables(matches, &mut found);
        let said = |found: &[(String, Vec<String>)], flag: &str| {
            found.iter().any(|(one, values)| one == flag && !values.is_empty())
        };
        // The place that is asked first is only that where none is named.
        let mut settings = Vec::new();
        for (flag, values) in &found {
            if flag == FIRST_SOURCE && said(&found, "from") {
                continue;
            }
            let flag = if flag == FIRST_SOURCE { "from" } else { flag };
            settings.extend(values.iter().map(|value| (flag.to_owned(), value.clone())));
        }
        Ok(settings)
    }

    /// All files in one: lists are joined, of everything else the weightiest file's counts.
    fn merged(&self, chosen: &Chosen) -> anyhow::Result<Map<String, Value>> {
        let mut all = Map::new();
        for file in self.files(&chosen.config) {
            match files::yaml(&file, MAX_FILE)? {
                Value::Object(one) => add(&mut all, one),
                Value::Null => {}
                _ => {
                    let why = format!("`{}`: settings by their names are expected", file.display());
                    return Err(Usage(why).into());
                }
            }
        }
        let profiles = all.remove(PROFILES).unwrap_or_default();
        for name in &chosen.profile {
            let Some(Value::Object(profile)) = profiles.get(name) else {
                let why =
                    format!("--profile: no file of {}'s has `{}`", self.name, name.escape_debug());
                return Err(Usage(why).into());
            };
            overrule(&mut all, profile.clone());
        }
        Ok(all)
    }

    fn walk(&self, path: &str, value: &Value, found: &mut Vec<(String, Vec<String>)>) {
        if self.idle.contains(&path) {
            return;
        }
        let flag = self.flags.iter().find(|(known, _)| *known == path).map(|(_, flag)| *flag);
        match (flag, value) {
            (_, Value::Null) => {}
            (Some(flag), Value::Array(all)) => {
                found.push((flag.to_owned(), all.iter().filter_map(word).collect()));
            }
            (Some(flag), other) if word(other).is_some() => {
                let values = word(other).filter(|text| !text.is_empty());
                found.push((flag.to_owned(), values.into_iter().collect()));
            }
            (None, Value::Object(fields)) => {
                for (name, value) in fields {
                    let path =
                        if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    self.walk(&path, value, found);
                }
            }
            (None, Value::Array(all)) if all.is_empty() => {}
            (None, Value::String(text)) if text.is_empty() => {}
            _ => tell(&format!(
                "note: {}: the settings' `{}` does nothing here",
                self.name,
                path.escape_debug()
            )),
        }
    }

    /// Variables that are called as settings, which outweigh these, and of the rest that they do nothing.
    fn add_variables(&self, matches: &ArgMatches, found: &mut Vec<(String, Vec<String>)>) {
        for (name, value) in env::vars_os() {
            let Some(rest) = name.to_str().and_then(|it| it.strip_prefix(self.variables)) else {
                continue;
            };
            if value.is_empty() {
                continue;
            }
            let called = |path: &str| path.to_ascii_uppercase().replace(['-', '.'], "_");
            if let Some((_, flag)) = self.flags.iter().find(|(path, _)| called(path) == rest) {
                found.retain(|(one, _)| one != flag);
                found.push(((*flag).to_owned(), vec![value.to_string_lossy().into_owned()]));
                continue;
            }
            let is_flag = matches.ids().any(|id| called(id.as_str()) == rest);
            let is_idle = self.idle.iter().any(|path| {
                rest.strip_prefix(&called(path))
                    .is_some_and(|it| it.is_empty() || it.starts_with('_'))
            });
            if !is_flag && !is_idle {
                tell(&format!(
                    "note: {}: the variable `{}{}` does nothing here",
                    self.name,
                    self.variables,
                    rest.escape_debug()
                ));
            }
        }
    }
}

/// What stands for the place that is asked first, where none is named.
pub(super) const FIRST_SOURCE: &str = "default-pull-source";

fn expanded(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// Adds what a less weighty file says.
fn add(all: &mut Map<String, Value>, less: Map<String, Value>) {
    for (name, value) in less {
        match (all.get_mut(&name), value) {
            (Some(Value::Array(own)), Value::Array(more)) => own.extend(more),
            (Some(Value::Object(own)), Value::Object(more)) => add(own, more),
            (Some(own), value) if own.is_null() => *own = value,
            (Some(_), _) => {}
            (None, value) => {
                all.insert(name, value);
            }
        }
    }
}

/// Puts what a profile says over it.
fn overrule(all: &mut Map<String, Value>, more: Map<String, Value>) {
    for (name, value) in more {
        match (all.get_mut(&name), value) {
            (Some(Value::Object(own)), Value::Object(more)) => overrule(own, more),
            (_, value) => {
                all.insert(name, value);
            }
        }
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(fields) = value else { panic!("{value}") };
        fields
    }

    #[test]
    fn lists_of_files_are_joined_and_the_first_file_outweighs_the_rest() {
        let mut all = object(json!({ "a": ["1"], "b": { "c": true } }));
        add(&mut all, object(json!({ "a": ["2"], "b": { "c": false, "d": 1 }, "e": "x" })));
        assert_eq!(
            Value::Object(all.clone()),
            json!({ "a": ["1", "2"], "b": { "c": true, "d": 1 }, "e": "x" })
        );
        overrule(&mut all, object(json!({ "a": ["3"], "b": { "d": 2 } })));
        assert_eq!(Value::Object(all), json!({ "a": ["3"], "b": { "c": true, "d": 2 }, "e": "x" }));
    }
}
