//! Attestations that GitHub's workflows make: what is demanded of the certificate.
//!
//! The rules are those of `gh attestation verify`: the certificate names the repository that the
//! workflow ran for and the workflow that signed. Letters of either case are the same in names of
//! owners and repositories. Source: `pkg/cmd/attestation` of cli/cli.

use crate::bundle::{Bundle, Signer};
use crate::certificate::{FulcioExtension, Identity};
use crate::error::Error;
use crate::trust::TrustedRoot;
use crate::verify::{IdentityPolicy, Pattern, Policy};

/// What is demanded of an attestation.
#[derive(Debug, Clone, Default)]
pub struct Demands {
    /// Who owns the repository.
    pub owner: String,
    /// The repository's name below its owner; any, where none is given.
    pub repository: Option<String>,
    /// The workflow that signed; that of the repository or owner, where none is given.
    pub signer: Option<SigningWorkflow>,
    /// GitHub's host, `github.com` where none is given.
    pub host: Option<String>,
    /// Who vouched for the workflow, where it is another than GitHub's own for the host.
    pub issuer: Option<String>,
    /// Whether a machine of one's own may have built it.
    pub deny_self_hosted: bool,
    /// The reference that it was built from, such as `refs/tags/v1`.
    pub source_ref: Option<String>,
    /// The commit that it was built from.
    pub source_digest: Option<String>,
    /// The commit of the workflow that signed.
    pub signer_digest: Option<String>,
}

/// Which workflow must have signed.
#[derive(Debug, Clone)]
pub enum SigningWorkflow {
    /// Any of this repository, `OWNER/NAME`.
    Repository(String),
    /// This one, `[HOST/]OWNER/NAME/PATH`, at any reference.
    Path(String),
    /// The certificate's name itself.
    Name(Pattern),
}

/// Who vouches for workflows on github.com.
const ISSUER: &str = "https://token.actions.githubusercontent.com";

impl Demands {
    /// The policy for one bundle under one root: what the root has logs for is asked for, and a
    /// time of the signature in any case, which without logs only a timestamp service gives.
    pub fn policy(&self, bundle: &Bundle, root: &TrustedRoot) -> Result<Policy, Error> {
        let mut policy = Policy::identities(vec![self.identity(bundle)?]);
        policy.log_entries = Some(usize::from(root.has_logs()));
        policy.certificate_logs = usize::from(root.has_certificate_logs());
        Ok(policy)
    }

    fn identity(&self, bundle: &Bundle) -> Result<IdentityPolicy, Error> {
        let found = match &bundle.signer {
            Signer::Certificate(certificate, _) => Identity::of(certificate)?,
            Signer::Key(_) => Identity::default(),
        };
        let host = self.host.as_deref().unwrap_or("github.com");
        let owner = format!("https://{host}/{}", self.owner);
        let mut extensions = Vec::new();
        let mut demand = |name: &str, wanted: String| {
            extensions.extend(FulcioExtension::named(name).map(|it| (it, wanted)));
        };
        demand("sourceRepositoryOwnerURI", spelled("sourceRepositoryOwnerURI", &owner, &found));
        if let Some(name) = &self.repository {
            let wanted = format!("{owner}/{name}");
            demand("sourceRepositoryURI", spelled("sourceRepositoryURI", &wanted, &found));
        }
        if self.deny_self_hosted {
            demand("runnerEnvironment", "github-hosted".into());
        }
        let others = [
            ("sourceRepositoryRef", &self.source_ref),
            ("sourceRepositoryDigest", &self.source_digest),
            ("buildSignerDigest", &self.signer_digest),
        ];
        for (name, wanted) in others {
            if let Some(wanted) = wanted {
                demand(name, wanted.clone());
            }
        }
        let issuer = match &self.issuer {
            Some(issuer) => issuer.clone(),
            None => issuer_of(host),
        };
        Ok(IdentityPolicy {
            subject: Some(self.signer_name(host)?),
            issuer: Some(Pattern::Exact(issuer)),
            extensions,
        })
    }

    fn signer_name(&self, host: &str) -> Result<Pattern, Error> {
        let below = |path: &str| {
            Pattern::regex(&format!(
                "(?i)^https://{}/{}/",
                regex::escape(host),
                regex::escape(path)
            ))
        };
        match &self.signer {
            Some(SigningWorkflow::Name(pattern)) => Ok(pattern.clone()),
            Some(SigningWorkflow::Repository(path)) => below(path),
            Some(SigningWorkflow::Path(path)) => {
                let first = path.split('/').next().unwrap_or_default();
                let full = if first.contains('.') && path.split('/').count() > 3 {
                    path.clone()
                } else {
                    format!("{host}/{path}")
                };
                Pattern::regex(&format!("^https://{}@", regex::escape(&full)))
            }
            None => match &self.repository {
                Some(name) => below(&format!("{}/{name}", self.owner)),
                None => below(&self.owner),
            },
        }
    }
}

/// The token issuer of a host: enterprises with data of their own have one below it.
fn issuer_of(host: &str) -> String {
    if host == "github.com" { ISSUER.into() } else { format!("https://token.actions.{host}") }
}

/// What is wanted, in the certificate's spelling where only the case of letters differs.
fn spelled(name: &str, wanted: &str, found: &Identity) -> String {
    let found = found.extension(name).filter(|found| found.eq_ignore_ascii_case(wanted));
    found.unwrap_or(wanted).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Demands, SigningWorkflow, issuer_of};

    fn name(demands: &Demands) -> crate::verify::Pattern {
        demands.signer_name("github.com").expect("a pattern")
    }

    #[test]
    fn the_signer_s_name_begins_with_the_whole_name_of_the_repository() {
        let mut demands = Demands { owner: "Org".into(), ..Demands::default() };
        demands.repository = Some("a.b".into());
        let good = "https://github.com/org/a.b/.github/workflows/x.yml@refs/heads/main";
        assert!(name(&demands).matches(good));
        for bad in [
            "https://github.com/org/a.bc/.github/workflows/x.yml@refs/heads/main",
            "https://github.com/org/axb/.github/workflows/x.yml@refs/heads/main",
            "https://github.comx/org/a.b/.github/workflows/x.yml@refs/heads/main",
            "https://evil.example/?https://github.com/org/a.b/",
        ] {
            assert!(!name(&demands).matches(bad), "{bad}");
        }
        demands.signer = Some(SigningWorkflow::Path("org/a.b/.github/workflows/x.yml".into()));
        assert!(name(&demands).matches(good));
        assert!(!name(&demands).matches(&good.replace("x.yml", "x.yml.evil")));
        let other = "github.com/org/a.b/.github/workflows/x.yml";
        demands.signer = Some(SigningWorkflow::Path(other.into()));
        assert!(name(&demands).matches(good));
        demands.signer = Some(SigningWorkflow::Repository("actions/build".into()));
        assert!(!name(&demands).matches(good));
    }

    #[test]
    fn an_enterprise_s_host_has_an_issuer_of_its_own() {
        assert_eq!(issuer_of("acme.ghe.com"), "https://token.actions.acme.ghe.com");
    }
}
