//! A file of responses: which alerts they are for and what is done then.
//!
//! A response is written as Falco Talon writes its rules: a name, `match`, `actions`. A file is a list of
//! them, or a mapping with `responses` and what holds for all.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use crate::actions::{self, Action};
use crate::matching::{Match, MatchText};

/// The longest file.
const LONGEST: usize = 1024 * 1024;
/// The most responses.
const MOST: usize = 1_000;
/// The largest program that is put aside, in MiB, unless the file says another.
const SIZE: u64 = 256;
/// How much is kept together, in MiB, unless the file says another.
const FOLDER_SIZE: u64 = 4_096;
const MIB: u64 = 1024 * 1024;

/// What is wrong with a file of responses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// It is no YAML.
    #[error("it is no YAML: {0}")]
    Yaml(String),
    /// A key or a value that has no meaning.
    #[error("{0}")]
    Value(String),
    /// A response that cannot be obeyed.
    #[error("response `{response}`: {why}")]
    Response {
        /// Its name.
        response: String,
        /// What is wrong.
        why: String,
    },
}

/// Whose processes a response may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Those in containers.
    #[default]
    Container,
    /// Those of the machine too.
    Host,
}

/// What is done, and for which alerts.
#[derive(Debug)]
pub struct Policy {
    /// Where a file stops all responses as long as it is there.
    pub off_switch: PathBuf,
    /// Where programs and manifests are put.
    pub folder: PathBuf,
    /// The largest program that is put aside, in bytes.
    pub max_size: u64,
    /// How much the folder has at most, in bytes.
    pub max_folder: u64,
    /// How many times a minute responses are taken, of all responses.
    pub limit: u32,
    pub(crate) responses: Vec<Response>,
}

/// One response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) name: String,
    pub(crate) matches: Match,
    pub(crate) scope: Scope,
    pub(crate) dry_run: bool,
    pub(crate) limit: u32,
    /// In the order in which they are taken.
    pub(crate) actions: Vec<&'static dyn Action>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileText {
    off_switch: PathBuf,
    folder: PathBuf,
    max_size_mib: u64,
    max_folder_mib: u64,
    limit: u32,
    responses: Vec<ResponseText>,
}

impl Default for FileText {
    fn default() -> Self {
        Self {
            off_switch: PathBuf::from("/run/plimsoll/responses.off"),
            folder: PathBuf::from("/var/lib/plimsoll/responses"),
            max_size_mib: SIZE,
            max_folder_mib: FOLDER_SIZE,
            limit: 30,
            responses: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResponseText {
    rule: String,
    #[serde(rename = "match")]
    matches: MatchText,
    #[serde(default)]
    scope: Scope,
    #[serde(default)]
    dry_run: bool,
    #[serde(default = "ten")]
    limit: u32,
    actions: Vec<ActionText>,
}

fn ten() -> u32 {
    10
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ActionText {
    Name(String),
    Named(NamedAction),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedAction {
    action: String,
}

impl Policy {
    /// Reads a file.
    ///
    /// # Errors
    /// Where it is no file of responses, with what is wrong.
    pub fn read(text: &str) -> Result<Self, PolicyError> {
        if text.len() > LONGEST {
            return Err(PolicyError::Value(format!("it has more than {LONGEST} bytes")));
        }
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! {
                max_nodes: 100_000, max_events: 400_000, max_depth: 32, max_aliases: 100, max_anchors: 100,
            },
            with_snippet: false,
        };
        let value: Value = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| PolicyError::Yaml(error.to_string()))?;
        let value = match value {
            list @ Value::Array(_) => serde_json::json!({ "responses": list }),
            other => other,
        };
        let file: FileText =
            serde_json::from_value(value).map_err(|error| PolicyError::Value(error.to_string()))?;
        if file.responses.is_empty() {
            return Err(PolicyError::Value("it has no responses".to_owned()));
        }
        if file.responses.len() > MOST {
            return Err(PolicyError::Value(format!("it has more than {MOST} responses")));
        }
        let responses: Result<Vec<Response>, PolicyError> =
            file.responses.into_iter().map(Response::new).collect();
        Ok(Self {
            off_switch: file.off_switch,
            folder: file.folder,
            max_size: file.max_size_mib.saturating_mul(MIB),
            max_folder: file.max_folder_mib.saturating_mul(MIB),
            limit: file.limit,
            responses: responses?,
        })
    }

    /// Takes the responses of another file too; what holds for all stays.
    pub fn append(&mut self, other: Self) {
        self.responses.extend(other.responses);
    }

    /// How many responses there are.
    pub fn len(&self) -> usize {
        self.responses.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.responses.is_empty()
    }

    /// Names of rules that responses name and nobody has.
    pub fn unknown_rules<'p>(&'p self, has: &dyn Fn(&str) -> bool) -> Vec<&'p str> {
        let named = self.responses.iter().flat_map(|response| response.matches.rules());
        named.filter(|name| !has(name)).collect()
    }
}

impl Response {
    fn new(text: ResponseText) -> Result<Self, PolicyError> {
        let wrong = |why: String| PolicyError::Response { response: text.rule.clone(), why };
        let matches = Match::new(&text.matches).map_err(wrong)?;
        let mut chosen = Vec::new();
        for action in &text.actions {
            let (ActionText::Name(name) | ActionText::Named(NamedAction { action: name })) = action;
            chosen.push(actions::named(name).ok_or_else(|| {
                let known: Vec<&str> = actions::ALL.iter().map(|action| action.name()).collect();
                wrong(format!("`{name}` is no action; there are {}", known.join(", ")))
            })?);
        }
        if chosen.is_empty() {
            return Err(wrong("it has no actions".to_owned()));
        }
        // What has to be read of a process comes before its end.
        chosen.sort_by_key(|action| actions::rank(action.name()));
        chosen.dedup_by_key(|action| action.name());
        Ok(Self {
            name: text.rule,
            matches,
            scope: text.scope,
            dry_run: text.dry_run,
            limit: text.limit,
            actions: chosen,
        })
    }

    /// Whether killing is all that it does, and the kernel may do it.
    pub(crate) fn only_kills(&self) -> bool {
        self.actions.iter().all(|action| action.name() == "kill")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_list_or_says_what_holds_for_all() {
        let list = "- rule: a\n  match: {rules: [R]}\n  actions: [kill]\n";
        let policy = Policy::read(list).unwrap();
        assert_eq!((policy.limit, policy.len()), (30, 1));
        assert_eq!(policy.responses[0].scope, Scope::Container);
        let file = format!("limit: 3\noff_switch: /x\nresponses:\n{list}");
        let policy = Policy::read(&file).unwrap();
        assert_eq!((policy.limit, policy.off_switch.to_str()), (3, Some("/x")));
    }

    #[test]
    fn what_ends_a_process_comes_last() {
        let text = "- rule: a\n  match: {rules: [R]}\n  actions: [kill, {action: quarantine}, pause, kill]\n";
        let policy = Policy::read(text).unwrap();
        let names: Vec<&str> = policy.responses[0].actions.iter().map(|it| it.name()).collect();
        assert_eq!(names, ["pause", "quarantine", "kill"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, why) in [
            ("[]", "no responses"),
            ("- rule: a\n  match: {}\n  actions: [kill]\n", "response `a`: `match` is empty"),
            ("- rule: a\n  match: {rules: [R]}\n  actions: [nuke]\n", "`nuke` is no action"),
            ("- rule: a\n  match: {rules: [R]}\n  actions: []\n", "no actions"),
            ("- rule: a\n  match: {rules: [R]}\n  action: [kill]\n", "unknown field `action`"),
            (
                "- rule: a\n  match: {priority: '>=odd'}\n  actions: [kill]\n",
                "`odd` is no priority",
            ),
            ("{", "no YAML"),
        ] {
            let error = Policy::read(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[a-z:>= \\-\\[\\]{}\n]{0,80}") {
            let _ = Policy::read(&text);
        }
    }
}
