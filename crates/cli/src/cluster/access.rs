//! Where the API server is and who we are to it: by kubeconfig, or as a pod of the cluster.
//!
//! <https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/>,
//! <https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/>

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::login::{Exec, Login};

/// What a pod is given.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Where an API server is, and who we are to it.
#[derive(Clone, Default)]
pub(crate) struct Access {
    /// `https://10.0.0.1:443`.
    pub(crate) server: String,
    /// Whom its certificate must be of; the system's authorities where this is none.
    pub(crate) authority: Option<Vec<u8>>,
    /// Whether its certificate is not looked at, because the kubeconfig says so.
    pub(crate) is_lax: bool,
    /// Whom its certificate names, where that is not the host of `server`.
    pub(crate) server_name: Option<String>,
    /// The proxy that it is asked through; those of the environment are not taken.
    pub(crate) proxy: Option<String>,
    pub(crate) token: Option<Token>,
    /// Our certificate and its key, in PEM.
    pub(crate) identity: Option<Vec<u8>>,
    /// The program that says who we are.
    pub(crate) login: Option<Arc<Login>>,
}

/// What we show.
#[derive(Clone)]
pub(crate) enum Token {
    /// Always the same.
    Text(String),
    /// What is in a file, which the kubelet renews.
    File(PathBuf),
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Config {
    current_context: String,
    clusters: Vec<Named>,
    contexts: Vec<Named>,
    users: Vec<Named>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
    cluster: Cluster,
    context: Context,
    user: User,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Cluster {
    pub(super) server: String,
    pub(super) certificate_authority: Option<PathBuf>,
    pub(super) certificate_authority_data: Option<String>,
    pub(super) insecure_skip_tls_verify: bool,
    pub(super) tls_server_name: Option<String>,
    pub(super) proxy_url: Option<String>,
    pub(super) extensions: Option<Vec<Extension>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Extension {
    name: String,
    extension: serde_json::Value,
}

impl Cluster {
    /// What is written in it for programs that say who we are.
    pub(super) fn told_to_programs(&self) -> Option<serde_json::Value> {
        let mut all = self.extensions.iter().flatten();
        let found = all.find(|one| one.name == "client.authentication.k8s.io/exec");
        found.map(|one| one.extension.clone())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Context {
    cluster: String,
    user: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct User {
    token: Option<String>,
    #[serde(rename = "tokenFile")]
    token_file: Option<PathBuf>,
    client_certificate: Option<PathBuf>,
    client_certificate_data: Option<String>,
    client_key: Option<PathBuf>,
    client_key_data: Option<String>,
    exec: Option<Exec>,
    auth_provider: Option<serde::de::IgnoredAny>,
}

impl Access {
    /// By the file that is named, else as a pod, where this is one.
    pub(crate) fn find(kubeconfig: Option<&Path>) -> anyhow::Result<Option<Self>> {
        match kubeconfig {
            Some(file) => Ok(Some(Self::by_file(file, None)?.0)),
            None => Self::as_pod(),
        }
    }

    /// As `kubectl` finds it: by the file that is named, else by those of `KUBECONFIG`, else as a
    /// pod, else by `~/.kube/config`; and the name of the context.
    pub(crate) fn look(
        kubeconfig: Option<&Path>,
        context: Option<&str>,
    ) -> anyhow::Result<Option<(Self, String)>> {
        let named = kubeconfig.map(Path::to_owned);
        let listed = || {
            let paths = env::var_os("KUBECONFIG")?;
            env::split_paths(&paths).find(|path| path.is_file())
        };
        if let Some(file) = named.or_else(listed) {
            return Self::by_file(&file, context).map(Some);
        }
        if context.is_none()
            && let Some(access) = Self::as_pod()?
        {
            let name = access.server.clone();
            return Ok(Some((access, name)));
        }
        let home = env::home_dir().map(|home| home.join(".kube/config"));
        let file = home.filter(|file| file.is_file());
        file.map(|file| Self::by_file(&file, context)).transpose()
    }

    fn as_pod() -> anyhow::Result<Option<Self>> {
        let variable = |name: &str| env::var(name).ok().filter(|text| !text.is_empty());
        let (Some(host), Some(port)) =
            (variable("KUBERNETES_SERVICE_HOST"), variable("KUBERNETES_SERVICE_PORT"))
        else {
            return Ok(None);
        };
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        let folder = Path::new(ACCOUNT);
        let authority = folder.join("ca.crt");
        let shown = authority.display();
        let authority = fs::read(&authority).with_context(|| format!("cannot read `{shown}`"))?;
        Ok(Some(Self {
            server: format!("https://{host}:{port}"),
            authority: Some(authority),
            token: Some(Token::File(folder.join("token"))),
            ..Self::default()
        }))
    }

    /// By a context of a file, its current one where none is named; with the context's name.
    fn by_file(file: &Path, context: Option<&str>) -> anyhow::Result<(Self, String)> {
        let shown = file.display();
        let text = fs::read_to_string(file).with_context(|| format!("cannot read `{shown}`"))?;
        let folder = file.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder, context).with_context(|| format!("`{shown}`"))
    }

    fn parse(text: &str, folder: &Path, context: Option<&str>) -> anyhow::Result<(Self, String)> {
        let config: Config = serde_saphyr::from_str(text)
            .map_err(|error| anyhow::anyhow!("{}", error.without_snippet()))?;
        let named = |all: Vec<Named>, what: &str, name: &str| {
            let found = all.into_iter().find(|one| one.name == name);
            found.with_context(|| format!("there is no {what} `{name}` in it"))
        };
        let called = context.unwrap_or(&config.current_context).to_owned();
        let context = named(config.contexts, "context", &called)?.context;
        let cluster = named(config.clusters, "cluster", &context.cluster)?.cluster;
        let user = named(config.users, "user", &context.user)?.user;
        let bytes =
            |data: Option<String>, path: Option<PathBuf>| -> anyhow::Result<Option<Vec<u8>>> {
                match (data, path) {
                    (Some(data), _) => {
                        Ok(Some(STANDARD.decode(data.trim()).context("it is no base64")?))
                    }
                    (None, Some(path)) => {
                        let path = folder.join(path);
                        let shown = path.display();
                        let bytes = fs::read(&path);
                        bytes.map(Some).with_context(|| format!("cannot read `{shown}`"))
                    }
                    (None, None) => Ok(None),
                }
            };
        let certificate = bytes(user.client_certificate_data, user.client_certificate)?;
        let key = bytes(user.client_key_data, user.client_key)?;
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some([key, b"\n".to_vec(), certificate].concat()),
            (None, None) => None,
            _ => bail!("user `{}` has a certificate or a key, and not both", context.user),
        };
        let token = user.token.map(Token::Text);
        let token = token.or_else(|| user.token_file.map(|path| Token::File(folder.join(path))));
        if identity.is_none() && token.is_none() && user.auth_provider.is_some() {
            bail!(
                "user `{}` logs in by an `auth-provider`, which Kubernetes knows no more: name a \
                 token, a certificate or `exec` in it",
                context.user
            );
        }
        let authority = bytes(
            cluster.certificate_authority_data.clone(),
            cluster.certificate_authority.clone(),
        )?;
        // A token that is written down counts more.
        let login = user.exec.filter(|_| token.is_none()).map(|exec| {
            Login::new(&context.user, exec, &cluster, authority.as_deref(), folder).map(Arc::new)
        });
        let access = Self {
            server: cluster.server.trim_end_matches('/').to_owned(),
            authority,
            is_lax: cluster.insecure_skip_tls_verify,
            server_name: cluster.tls_server_name.filter(|name| !name.is_empty()),
            proxy: cluster.proxy_url.filter(|url| !url.is_empty()),
            token,
            identity,
            login: login.transpose()?,
        };
        Ok((access, called))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_context_says_where_and_who() {
        let text = "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: \
                    {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: \
                    'https://k.example:6443/', certificate-authority-data: Y2E=}}]\nusers: [{name: u, \
                    user: {token: t}}]\n";
        let (access, _) = Access::parse(text, Path::new(""), None).unwrap();
        assert_eq!(access.server, "https://k.example:6443");
        assert_eq!(access.authority.as_deref(), Some(&b"ca"[..]));
        assert!(matches!(access.token, Some(Token::Text(text)) if text == "t"));
        let other = text.replace("current-context: a", "current-context: b");
        let error = Access::parse(&other, Path::new(""), None).err().unwrap();
        assert!(error.to_string().contains("no context `b`"), "{error}");
        let named = Access::parse(&other, Path::new(""), Some("a"));
        assert_eq!(named.unwrap().1, "a");
        let exec =
            "exec: {apiVersion: client.authentication.k8s.io/v1, command: login, args: null}";
        let program = text.replace("{token: t}", &format!("{{{exec}}}"));
        assert!(Access::parse(&program, Path::new(""), None).unwrap().0.login.is_some());
        let both = text.replace("{token: t}", &format!("{{token: t, {exec}}}"));
        assert!(Access::parse(&both, Path::new(""), None).unwrap().0.login.is_none());
        let old = text.replace("{token: t}", "{auth-provider: {name: oidc}}");
        let error = Access::parse(&old, Path::new(""), None).err().unwrap();
        assert!(error.to_string().contains("logs in by an `auth-provider`"), "{error}");
    }
}
