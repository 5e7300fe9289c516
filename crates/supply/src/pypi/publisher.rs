//! Who publishes to the index, and what the certificate of each must say.

use serde::Deserialize;
use serde_json::Value;

use crate::certificate::{FulcioExtension, Identity};
use crate::error::Error;
use crate::verify::{IdentityPolicy, Pattern, Status, Step, step};

/// Whom the index names as publisher.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind")]
pub enum Publisher {
    /// A workflow of a repository on GitHub.
    GitHub {
        /// `OWNER/NAME`
        repository: String,
        /// The workflow's file.
        workflow: String,
    },
    /// A pipeline of a project on GitLab.
    GitLab {
        /// `NAMESPACE/PROJECT`
        repository: String,
        /// The pipeline's file.
        workflow_filepath: String,
    },
    /// A service account of Google's cloud.
    Google {
        /// Its address.
        email: String,
    },
}

/// Whom the caller demands.
#[derive(Debug, Clone)]
pub enum Demand {
    /// The repository at this address, such as `https://github.com/org/name`.
    Repository(String),
    /// The service account with this address.
    Account(String),
}

const GITHUB: &str = "https://github.com/";
const GITLAB: &str = "https://gitlab.com/";

impl Publisher {
    /// Reads the index's word; another kind is named.
    pub(super) fn read(value: &Value) -> Result<Self, Error> {
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
        if !["GitHub", "GitLab", "Google"].contains(&kind) {
            return Err(Error::unsupported("publisher", format!("`{kind}`")));
        }
        serde_json::from_value(value.clone())
            .map_err(|error| Error::malformed("publisher", error.to_string()))
    }

    /// Where it is, as a demand names it.
    fn address(&self) -> String {
        match self {
            Self::GitHub { repository, .. } => format!("{GITHUB}{repository}"),
            Self::GitLab { repository, .. } => format!("{GITLAB}{repository}"),
            Self::Google { email } => email.clone(),
        }
    }
}

impl Demand {
    fn address(&self) -> &str {
        match self {
            Self::Repository(address) => address.trim_end_matches('/'),
            Self::Account(address) => address,
        }
    }

    /// Whether the index names the one who is demanded; it need not name anybody.
    pub(super) fn check_publisher(&self, publisher: Option<&Publisher>) -> Step {
        let found = publisher.map_or_else(|| "nobody".to_owned(), Publisher::address);
        let same = publisher.is_none() || found == self.address();
        Step {
            name: step::IDENTITY,
            status: if same { Status::Passed } else { Status::Failed },
            expected: self.address().to_owned(),
            found: format!("the index names {found}"),
            place: "publisher".into(),
        }
    }

    /// What the certificate must say. The reference in it is the certificate's own, since a
    /// publisher is known by the file of its workflow alone.
    pub(super) fn identities(
        &self,
        publisher: Option<&Publisher>,
        found: &Identity,
    ) -> Vec<IdentityPolicy> {
        let address = self.address();
        let issuer = match self {
            Self::Account(email) => {
                return vec![IdentityPolicy::exact(email, "https://accounts.google.com")];
            }
            Self::Repository(_) if address.starts_with(GITHUB) => {
                "https://token.actions.githubusercontent.com"
            }
            Self::Repository(_) if address.starts_with(GITLAB) => "https://gitlab.com",
            Self::Repository(_) => return Vec::new(),
        };
        let mut extensions = Vec::new();
        let mut demand = |name: &str, wanted: String| {
            extensions.extend(FulcioExtension::named(name).map(|it| (it, wanted)));
        };
        demand("sourceRepositoryURI", address.to_owned());
        let file = match publisher {
            Some(Publisher::GitHub { workflow, .. }) => {
                Some(format!("{address}/.github/workflows/{workflow}"))
            }
            Some(Publisher::GitLab { workflow_filepath, .. }) => {
                Some(format!("{address}//{workflow_filepath}"))
            }
            Some(Publisher::Google { .. }) | None => None,
        };
        if let Some(file) = file {
            let states = ["sourceRepositoryDigest", "sourceRepositoryRef"];
            let all = states.iter().filter_map(|name| found.extension(name));
            let all: Vec<String> = all.map(|state| format!("{file}@{state}")).collect();
            let own = found.extension("buildConfigURI");
            let hit = all.iter().find(|it| Some(it.as_str()) == own).or(all.first());
            demand("buildConfigURI", hit.cloned().unwrap_or(file));
        }
        vec![IdentityPolicy {
            subject: None,
            issuer: Some(Pattern::Exact(issuer.into())),
            extensions,
        }]
    }
}
