//! Who we are by a program that is asked: `users[].user.exec` of a kubeconfig.
//!
//! <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::Cluster;
use crate::program::{self, Bounds, Failed};

/// The versions of the API that programs are asked by; that before them is gone.
const VERSIONS: [&str; 2] =
    ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/// What a program may take that asks nobody, and one that may ask somebody to log in.
const ALONE: Bounds = Bounds { time: Duration::from_mins(1), printed: 1 << 20 };
const ASKING: Bounds = Bounds { time: Duration::from_mins(5), ..ALONE };

/// How a program is asked, as the kubeconfig has it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Exec {
    api_version: String,
    command: String,
    args: Option<Vec<String>>,
    env: Option<Vec<Variable>>,
    install_hint: Option<String>,
    provide_cluster_info: bool,
    interactive_mode: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Variable {
    name: String,
    value: String,
}

/// Whether a program may ask whoever sits there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Never,
    IfAvailable,
    Always,
}

/// A program that says who we are, and what it said last.
pub(crate) struct Login {
    user: String,
    command: PathBuf,
    exec: Exec,
    mode: Mode,
    /// What it is told of the cluster.
    cluster: Option<Value>,
    last: Mutex<Option<Arc<Credential>>>,
}

/// What we show for a while.
pub(crate) struct Credential {
    pub(super) token: Option<String>,
    /// Our certificate and its key, in PEM.
    pub(super) identity: Option<Vec<u8>>,
    /// In seconds of Unix; `None` is as long as it is taken.
    expires: Option<i64>,
}

/// What a program answers.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    api_version: String,
    kind: String,
    status: Option<Status>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

impl Login {
    /// The program of a user, which is not yet run; `folder` is that of the kubeconfig.
    pub(super) fn new(
        user: &str,
        exec: Exec,
        cluster: &Cluster,
        authority: Option<&[u8]>,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        if exec.command.is_empty() {
            anyhow::bail!("user `{user}` logs in by a program, but `exec.command` names none");
        }
        if !VERSIONS.contains(&exec.api_version.as_str()) {
            anyhow::bail!(
                "user `{user}`: `exec.apiVersion` is `{}`: expected one of {}",
                exec.api_version,
                VERSIONS.join(", ")
            );
        }
        let mode = match exec.interactive_mode.as_deref() {
            Some("Never") => Mode::Never,
            Some("Always") => Mode::Always,
            Some("IfAvailable") | None => Mode::IfAvailable,
            Some(other) => anyhow::bail!(
                "user `{user}`: `exec.interactiveMode` is `{other}`: expected Never, IfAvailable or Always"
            ),
        };
        // What has a folder in it is one of the kubeconfig's folder; a bare name is on the PATH.
        let is_bare =
            Path::new(&exec.command).components().count() == 1 && !exec.command.starts_with('.');
        let command =
            if is_bare { PathBuf::from(&exec.command) } else { folder.join(&exec.command) };
        let cluster = exec.provide_cluster_info.then(|| {
            let mut told = json!({"server": cluster.server});
            if let Value::Object(told) = &mut told {
                if let Some(authority) = authority {
                    let encoded = STANDARD.encode(authority);
                    told.insert("certificate-authority-data".into(), encoded.into());
                }
                if cluster.insecure_skip_tls_verify {
                    told.insert("insecure-skip-tls-verify".into(), true.into());
                }
                for (key, value) in [
                    ("tls-server-name", &cluster.tls_server_name),
                    ("proxy-url", &cluster.proxy_url),
                ] {
                    if let Some(value) = value {
                        told.insert(key.into(), value.as_str().into());
                    }
                }
                told.insert("config".into(), cluster.told_to_programs().unwrap_or_default());
            }
            told
        });
        Ok(Self { user: user.to_owned(), command, exec, mode, cluster, last: Mutex::default() })
    }

    /// Who we are: what the program said last, else what it says now.
    pub(super) fn credential(&self) -> Result<Arc<Credential>, String> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = last.as_ref().filter(|known| !known.has_expired()) {
            return Ok(Arc::clone(known));
        }
        let new = Arc::new(self.ask()?);
        *last = Some(Arc::clone(&new));
        Ok(new)
    }

    /// What the program said is not taken: it is asked anew.
    pub(super) fn forget(&self, credential: &Arc<Credential>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been told of it before.
        if last.as_ref().is_some_and(|last| Arc::ptr_eq(last, credential)) {
            *last = None;
        }
    }

    fn ask(&self) -> Result<Credential, String> {
        let (user, shown) = (&self.user, self.command.display());
        let wrong = |why: String| format!("user `{user}` logs in by `{shown}`: {why}");
        let is_there = io::stdin().is_terminal();
        if self.mode == Mode::Always && !is_there {
            return Err(wrong("it asks somebody, and stdin is no terminal".to_owned()));
        }
        let interactive = self.mode != Mode::Never && is_there;
        let mut spec = json!({"interactive": interactive});
        if let (Value::Object(spec), Some(cluster)) = (&mut spec, &self.cluster) {
            spec.insert("cluster".into(), cluster.clone());
        }
        let version = &self.exec.api_version;
        let told = json!({"kind": "ExecCredential", "apiVersion": version, "spec": spec});
        let mut command = Command::new(&self.command);
        command.args(self.exec.args.iter().flatten());
        for variable in self.exec.env.iter().flatten() {
            command.env(&variable.name, &variable.value);
        }
        command.env("KUBERNETES_EXEC_INFO", told.to_string());
        command.stdin(if interactive { Stdio::inherit() } else { Stdio::null() });
        // Whoever has to do something is told what.
        command.stderr(if interactive { Stdio::inherit() } else { Stdio::piped() });
        let bounds = if interactive { ASKING } else { ALONE };
        let printed = program::run(&mut command, bounds).map_err(|failed| {
            let hint = self.exec.install_hint.as_deref().map(plain).unwrap_or_default();
            match failed {
                Failed::Missing if !hint.is_empty() => wrong(format!("{failed}: {hint}")),
                failed => wrong(failed.to_string()),
            }
        })?;
        self.read(&printed).map_err(wrong)
    }

    fn read(&self, printed: &str) -> Result<Credential, String> {
        let answer: Answer = serde_json::from_str(printed)
            .map_err(|error| format!("it printed no ExecCredential: {error}"))?;
        if answer.kind != "ExecCredential" || answer.api_version != self.exec.api_version {
            return Err(format!(
                "it printed `{}` of `{}`: expected ExecCredential of `{}`",
                plain(&answer.kind),
                plain(&answer.api_version),
                self.exec.api_version
            ));
        }
        let status = answer.status.ok_or("what it printed has no `status`")?;
        let token = status.token.filter(|token| !token.is_empty());
        let identity = match (status.client_certificate_data, status.client_key_data) {
            (Some(certificate), Some(key)) => Some(format!("{key}\n{certificate}").into_bytes()),
            (None, None) => None,
            _ => return Err("it printed a certificate or a key, and not both".to_owned()),
        };
        if token.is_none() && identity.is_none() {
            return Err("it printed neither a token nor a certificate".to_owned());
        }
        let expires = status.expiration_timestamp.map(|text| {
            let time: Result<Timestamp, _> = text.parse();
            time.map(Timestamp::as_unix).map_err(|error| format!("`expirationTimestamp`: {error}"))
        });
        Ok(Credential { token, identity, expires: expires.transpose()? })
    }
}

impl Credential {
    fn has_expired(&self) -> bool {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.expires.is_some_and(|end| i64::try_from(now.as_secs()).is_ok_and(|now| now >= end))
    }
}

/// A text on one line, without what moves the cursor.
fn plain(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|letter| !letter.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "client.authentication.k8s.io/v1";

    fn login(script: &str, more: &Value) -> anyhow::Result<Login> {
        let mut exec = json!({"apiVersion": V1, "command": "sh", "args": ["-c", script],
            "interactiveMode": "Never"});
        for (name, value) in more.as_object().unwrap() {
            exec[name] = value.clone();
        }
        let exec: Exec = serde_json::from_value(exec).unwrap();
        let cluster = Cluster { server: "https://k.example".into(), ..Cluster::default() };
        Login::new("u", exec, &cluster, Some(b"ca"), Path::new("/etc"))
    }

    fn prints(status: &str) -> String {
        format!(r#"echo '{{"apiVersion":"{V1}","kind":"ExecCredential","status":{status}}}'"#)
    }

    fn fails(script: &str) -> String {
        login(script, &json!({})).unwrap().credential().err().unwrap()
    }

    #[test]
    fn what_a_program_says_is_kept_until_it_expires_or_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        let script = |status: &str| format!("echo run >> {}; {}", runs.display(), prints(status));
        let count = || std::fs::read_to_string(&runs).unwrap().lines().count();
        let own = login(
            &script(r#"{"token":"t","expirationTimestamp":"2100-01-01T00:00:00Z"}"#),
            &json!({}),
        );
        let own = own.unwrap();
        let first = own.credential().unwrap();
        assert_eq!(first.token.as_deref(), Some("t"));
        assert!(Arc::ptr_eq(&first, &own.credential().unwrap()));
        own.forget(&first);
        own.forget(&first);
        assert!(own.credential().is_ok());
        assert_eq!(count(), 2);
        let old = login(
            &script(r#"{"token":"t","expirationTimestamp":"2000-01-01T00:00:00Z"}"#),
            &json!({}),
        );
        let old = old.unwrap();
        assert!(old.credential().is_ok() && old.credential().is_ok());
        assert_eq!(count(), 4);
    }

    #[test]
    fn a_program_is_told_of_the_cluster_where_it_wants_to_know() {
        let told = r#"test "$WHO" = me && printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$(printf %s "$KUBERNETES_EXEC_INFO" | base64 -w0)""#;
        let more = json!({"provideClusterInfo": true, "env": [{"name": "WHO", "value": "me"}]});
        let token = login(told, &more).unwrap().credential().unwrap().token.clone().unwrap();
        let told: Value = serde_json::from_slice(&STANDARD.decode(token).unwrap()).unwrap();
        let wanted = json!({"apiVersion": V1, "kind": "ExecCredential", "spec": {"interactive": false,
            "cluster": {"server": "https://k.example", "certificate-authority-data": "Y2E=", "config": null}}});
        assert_eq!(told, wanted);
    }

    #[test]
    fn what_is_wrong_with_a_program_is_told() {
        assert!(fails("echo no account >&2; exit 1").ends_with("no account"));
        assert!(fails("echo {").contains("no ExecCredential"));
        assert!(fails(&prints("{}")).contains("neither a token nor a certificate"));
        assert!(fails(&prints(r#"{"clientKeyData":"k"}"#)).contains("and not both"));
        assert!(
            fails(&prints(r#"{"token":"t"}"#).replace("/v1\"", "/v1beta1\"")).contains("expected")
        );
        let hint = json!({"command": "no-such-login", "installHint": "get it at example.org"});
        let missing = login("", &hint).unwrap().credential().err().unwrap();
        assert_eq!(
            missing,
            "user `u` logs in by `no-such-login`: there is no such program: get it at example.org"
        );
        for wrong in [
            json!({"apiVersion": "client.authentication.k8s.io/v1alpha1"}),
            json!({"command": ""}),
            json!({"interactiveMode": "Sometimes"}),
        ] {
            assert!(login("", &wrong).is_err());
        }
    }

    #[test]
    fn a_program_with_a_folder_is_one_of_the_kubeconfigs_folder() {
        let path = |command: &str| login("", &json!({"command": command})).unwrap().command;
        assert_eq!(path("bin/login"), Path::new("/etc/bin/login"));
        assert_eq!(path("./login"), Path::new("/etc/./login"));
        assert_eq!(path("/bin/login"), Path::new("/bin/login"));
        assert_eq!(path("login"), Path::new("login"));
    }
}
