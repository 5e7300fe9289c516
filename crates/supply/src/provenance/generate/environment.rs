//! The environment, read by name and nothing else.

use super::uri;

/// The longest value that is taken over, in bytes.
const MAX_VALUE: usize = 4096;

/// Every variable that is ever read. A name that may hold a secret has no place here:
/// `CI_REPOSITORY_URL`, for one, has a token in it.
const READ: &[&str] = &[
    "CI_COMMIT_BRANCH",
    "CI_COMMIT_REF_NAME",
    "CI_COMMIT_SHA",
    "CI_COMMIT_TAG",
    "CI_CONFIG_PATH",
    "CI_JOB_ID",
    "CI_JOB_IMAGE",
    "CI_JOB_NAME",
    "CI_JOB_STAGE",
    "CI_JOB_STARTED_AT",
    "CI_JOB_URL",
    "CI_MERGE_REQUEST_REF_PATH",
    "CI_PIPELINE_ID",
    "CI_PIPELINE_SOURCE",
    "CI_PROJECT_ID",
    "CI_PROJECT_URL",
    "CI_RUNNER_EXECUTABLE_ARCH",
    "CI_RUNNER_ID",
    "CI_RUNNER_VERSION",
    "GITHUB_ACTIONS",
    "GITHUB_EVENT_NAME",
    "GITHUB_REF",
    "GITHUB_REPOSITORY",
    "GITHUB_REPOSITORY_ID",
    "GITHUB_REPOSITORY_OWNER_ID",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_RUN_ID",
    "GITHUB_SERVER_URL",
    "GITHUB_SHA",
    "GITHUB_WORKFLOW_REF",
    "GITHUB_WORKFLOW_SHA",
    "GITLAB_CI",
    "RUNNER_ARCH",
    "RUNNER_ENVIRONMENT",
    "RUNNER_OS",
];

/// Variables by name.
pub struct Environment<'e>(&'e dyn Fn(&str) -> Option<String>);

/// A variable that is not what its CI system says it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// It is not set, or empty.
    #[error("`{0}` is not set: run this inside of a job, or say `--ci none` for a plain checkout")]
    Missing(&'static str),
    /// It is set to something else.
    #[error("`{name}` is not {expected}")]
    Malformed {
        /// Which.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// The payload of the event is not what it should be.
    #[error("the payload of the event is malformed: {0}")]
    Event(String),
}

impl<'e> Environment<'e> {
    /// The variables that `lookup` knows.
    pub fn new(lookup: &'e dyn Fn(&str) -> Option<String>) -> Self {
        Self(lookup)
    }

    /// Whether a variable is set to something.
    pub fn has(&self, name: &'static str) -> bool {
        self.get(name).is_some()
    }

    /// A value; none where it is empty, has control characters or is longer than any real one.
    pub(super) fn get(&self, name: &'static str) -> Option<String> {
        // By construction: what is not in the list is not read.
        if READ.binary_search(&name).is_err() {
            return None;
        }
        (self.0)(name).filter(|value| {
            !value.is_empty() && value.len() <= MAX_VALUE && !value.chars().any(char::is_control)
        })
    }

    pub(super) fn required(&self, name: &'static str) -> Result<String, EnvironmentError> {
        self.get(name).ok_or(EnvironmentError::Missing(name))
    }

    /// A commit: 40 or 64 hexadecimal digits.
    pub(super) fn commit(&self, name: &'static str) -> Result<String, EnvironmentError> {
        let value = self.required(name)?;
        if is_commit(&value) {
            return Ok(value.to_ascii_lowercase());
        }
        Err(EnvironmentError::Malformed { name, expected: "a commit" })
    }

    /// An address of the web without credentials, query and slash at its end.
    pub(super) fn address(&self, name: &'static str) -> Result<String, EnvironmentError> {
        let value = self.required(name)?;
        let value = uri::without_credentials(&value);
        let is_web = value.starts_with("https://") || value.starts_with("http://");
        if !is_web || value.contains(char::is_whitespace) {
            return Err(EnvironmentError::Malformed { name, expected: "an address of the web" });
        }
        Ok(value.trim_end_matches('/').to_owned())
    }

    /// A number.
    pub(super) fn number(&self, name: &'static str) -> Option<String> {
        self.get(name).filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

pub(super) fn is_commit(text: &str) -> bool {
    [40, 64].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_variables_are_read_and_the_list_is_in_order() {
        assert!(READ.is_sorted());
        for word in ["TOKEN", "SECRET", "PASSWORD", "KEY", "CI_REPOSITORY_URL"] {
            assert!(!READ.iter().any(|name| name.contains(word)), "{word}");
        }
        let all = |_: &str| Some("x".to_owned());
        let environment = Environment::new(&all);
        assert_eq!(environment.get("GITHUB_SHA").as_deref(), Some("x"));
        assert_eq!(environment.get("GITHUB_TOKEN"), None);
    }

    #[test]
    fn values_that_no_ci_system_sets_are_as_if_they_were_not_set() {
        for value in [String::new(), "a\nb".into(), "\u{1b}[2J".into(), "x".repeat(5000)] {
            let lookup = |_: &str| Some(value.clone());
            assert_eq!(Environment::new(&lookup).get("GITHUB_SHA"), None);
        }
    }
}
