//! `falco.yaml` before it is understood: the file, those that its `config_files` name, variables of the
//! environment, and settings of the command line.
//!
//! After `configuration.cpp` and `yaml_helper.h` of falcosecurity/falco.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::{Settings, SettingsError};

/// How long a file of settings may be.
const MAX_SETTINGS: usize = 4 << 20;

/// The key under which a file names others.
const FILES: &str = "config_files";

/// Settings of Falco that ask for something else than rules and outputs.
const IGNORED: [&str; 14] = [
    "base_syscalls",
    "buffer_format_base64",
    "buffered_outputs",
    "capture",
    "container_engines",
    "engine",
    "grpc",
    "grpc_output",
    "load_plugins",
    "metrics",
    "output_timeout",
    "plugins",
    "plugins_hostinfo",
    "static_fields",
];

/// What a file does to the keys that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Its lists are added to those that are there; what is no list takes the place of the other.
    #[default]
    Append,
    /// Its keys take the place of others.
    Override,
    /// Only keys that are not there yet count.
    AddOnly,
}

/// A file that settings name, or a folder of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Where it is.
    pub path: PathBuf,
    /// What it does.
    pub strategy: Strategy,
}

/// Settings as they are written.
#[derive(Debug, Clone, Default)]
pub struct Document(Map<String, Value>);

impl Document {
    /// Reads a file; `${NAME}` in its texts is what `variable` gives, and nothing where that has none.
    ///
    /// # Errors
    /// Where it is no YAML, or no mapping.
    pub fn read(
        text: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        if text.len() > MAX_SETTINGS {
            return Err(SettingsError::Value(format!("more than {MAX_SETTINGS} bytes")));
        }
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let mut all: Value = serde_saphyr::from_str(text)
            .map_err(|error| SettingsError::Yaml(error.without_snippet().to_string()))?;
        expand(&mut all, variable);
        match all {
            Value::Null => Ok(Self::default()),
            Value::Object(all) => Ok(Self(all)),
            _ => Err(SettingsError::Value("they are no mapping".to_owned())),
        }
    }

    /// The files that it names, in their order.
    ///
    /// # Errors
    /// Where the list is not of paths.
    pub fn files(&self) -> Result<Vec<Named>, SettingsError> {
        let list = match self.0.get(FILES) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        list.iter().map(named).collect()
    }

    /// Takes in what another file says, which may not name further ones.
    ///
    /// # Errors
    /// Where it does.
    pub fn include(&mut self, other: Self, strategy: Strategy) -> Result<(), SettingsError> {
        if other.0.contains_key(FILES) {
            let why = format!("a file that `{FILES}` names has `{FILES}` itself");
            return Err(SettingsError::Value(why));
        }
        for (key, value) in other.0 {
            match (strategy, self.0.get_mut(&key)) {
                (Strategy::AddOnly, Some(_)) => {}
                (Strategy::Append, Some(Value::Array(own))) => match value {
                    Value::Array(more) => own.extend(more),
                    one => own.push(one),
                },
                _ => {
                    self.0.insert(key, value);
                }
            }
        }
        Ok(())
    }

    /// The keys with which nothing is done here.
    pub fn ignored(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(|key| IGNORED.contains(key))
    }

    /// The settings, with pairs of `KEY=VALUE` that have dots in the keys.
    ///
    /// # Errors
    /// Where a value is not what it has to be.
    pub fn settings(self, pairs: &[String]) -> Result<Settings, SettingsError> {
        let mut all = Value::Object(self.0);
        for pair in pairs {
            let (key, value) = pair.split_once('=').ok_or(SettingsError::Pair(pair.clone()))?;
            let value = serde_saphyr::from_str(value).unwrap_or_else(|_| Value::from(value));
            set(&mut all, key, value).ok_or(SettingsError::Pair(pair.clone()))?;
        }
        let settings: Settings =
            serde_json::from_value(all).map_err(|error| SettingsError::Value(error.to_string()))?;
        if !matches!(settings.rule_matching.as_deref(), None | Some("first" | "all")) {
            let why = "`rule_matching` is neither `first` nor `all`".to_owned();
            return Err(SettingsError::Value(why));
        }
        Ok(settings)
    }
}

fn named(entry: &Value) -> Result<Named, SettingsError> {
    let wrong = |what: &str| SettingsError::Value(format!("`{FILES}`: {what}"));
    let (path, strategy) = match entry {
        Value::String(path) => (Some(path.as_str()), None),
        entry => (entry.get("path").and_then(Value::as_str), entry.get("strategy")),
    };
    let path = path.ok_or_else(|| wrong("an entry has no `path`"))?;
    let strategy = match strategy.map(|it| it.as_str().unwrap_or_default()) {
        None | Some("append") => Strategy::Append,
        Some("override") => Strategy::Override,
        Some("add-only") => Strategy::AddOnly,
        Some(other) => {
            let why = format!("`{other}` is no strategy: `append`, `override` or `add-only`");
            return Err(wrong(&why));
        }
    };
    Ok(Named { path: path.into(), strategy })
}

/// Puts variables in their places, in every text. A text that changes is read anew, so that it may
/// become a number or a yes.
fn expand(value: &mut Value, variable: &dyn Fn(&str) -> Option<String>) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|item| expand(item, variable)),
        Value::Object(object) => object.values_mut().for_each(|item| expand(item, variable)),
        Value::String(text) if text.contains("${") => {
            let expanded = expanded(text, variable);
            *value = match serde_saphyr::from_str(&expanded) {
                Ok(plain @ (Value::Bool(_) | Value::Number(_))) => plain,
                _ => Value::String(expanded),
            };
        }
        _ => {}
    }
}

/// `$${NAME}` stands for the text `${NAME}`.
fn expanded(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let mut all = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        let Some((name, after)) = behind.split_once('}') else { break };
        if let Some(before) = before.strip_suffix('$') {
            all.push_str(before);
            all.push_str("${");
            all.push_str(name);
            all.push('}');
        } else {
            all.push_str(before);
            all.push_str(&variable(name).unwrap_or_default());
        }
        rest = after;
    }
    all.push_str(rest);
    all
}

/// Puts a value where a key with dots says.
fn set(all: &mut Value, key: &str, value: Value) -> Option<()> {
    let (first, rest) = key.split_once('.').map_or((key, None), |(one, rest)| (one, Some(rest)));
    // `rules[].disable.rule=NAME` adds to a list.
    if let Some(name) = first.strip_suffix("[]") {
        let list = all.as_object_mut()?.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        let mut item = Value::Object(Map::new());
        match rest {
            Some(rest) => set(&mut item, rest, value)?,
            None => item = value,
        }
        list.as_array_mut()?.push(item);
        return Some(());
    }
    let object = all.as_object_mut()?;
    match rest {
        None => {
            object.insert(first.to_owned(), value);
            Some(())
        }
        Some(rest) => {
            let below = object.entry(first).or_insert_with(|| Value::Object(Map::new()));
            set(below, rest, value)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn read(text: &str) -> Document {
        let variable = |name: &str| match name {
            "HOST" => Some("h".to_owned()),
            "YES" => Some("true".to_owned()),
            "SEVEN" => Some("7".to_owned()),
            _ => None,
        };
        Document::read(text, &variable).unwrap()
    }

    #[test]
    fn variables_stand_in_texts_and_may_be_whole_values() {
        let text = "http_output: {enabled: '${YES}', url: 'http://${HOST}:${SEVEN}/${NONE}x'}\n\
                    outputs: {max_burst: '${SEVEN}'}\nrules_files: ['/etc/${HOST}/$${HOST}/${open']\n";
        let settings = read(text).settings(&[]).unwrap();
        assert!(settings.http_output.enabled);
        assert_eq!(settings.http_output.url, "http://h:7/x");
        assert_eq!(settings.outputs.max_burst, 7);
        assert_eq!(settings.rules_files, [PathBuf::from("/etc/h/${HOST}/${open")]);
    }

    #[test]
    fn further_files_add_replace_or_fill_in() {
        let main = "rules_files: [a]\njson_output: false\npriority: error\nconfig_files:\n  - x\n  \
                    - path: w\n    strategy: override\n  - {path: z, strategy: add-only}\n";
        let mut document = read(main);
        let named = document.files().unwrap();
        let strategies: Vec<Strategy> = named.iter().map(|it| it.strategy).collect();
        assert_eq!(strategies, [Strategy::Append, Strategy::Override, Strategy::AddOnly]);
        let more = "rules_files: [b]\npriority: notice\ntime_format_iso_8601: true\n";
        for (strategy, files, priority) in [
            (Strategy::Append, vec!["a", "b"], "notice"),
            (Strategy::Override, vec!["b"], "notice"),
            (Strategy::AddOnly, vec!["a"], "error"),
        ] {
            let mut document = document.clone();
            document.include(read(more), strategy).unwrap();
            let settings = document.settings(&[]).unwrap();
            let files: Vec<PathBuf> = files.into_iter().map(PathBuf::from).collect();
            assert_eq!((settings.rules_files, settings.priority.as_str()), (files, priority));
            assert!(settings.time_format_iso_8601);
        }
        assert!(document.include(read("config_files: [q]"), Strategy::Append).is_err());
        assert!(read("config_files: [{strategy: append}]").files().is_err());
        assert!(read("config_files: [{path: a, strategy: some}]").files().is_err());
        assert_eq!(read("engine: {kind: kmod}\nplugins: []\n").ignored().count(), 2);
        assert!(Document::read("- a", &|_| None).is_err());
    }
}
