//! Who we are to a registry: from options, or from the files of `docker login` and `podman login`.
//!
//! A helper program that fails does not end the reading, because most images that are read with
//! a broken configuration are public; what it said is told once a registry refuses.
//!
//! Source: <https://github.com/docker/cli/blob/master/cli/config/configfile/file.go>,
//! <https://github.com/docker/docker-credential-helpers>.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::RegistryOptions;

/// The name under which Docker keeps its own registry's credentials.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// The largest configuration file or answer of a helper: 1 MiB.
const MAX_CONFIG: u64 = 1 << 20;

/// How long a helper may take; some ask a person for a touch.
const HELPER_TIMEOUT: Duration = Duration::from_secs(30);

/// What proves who we are.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Secret {
    /// User and password.
    Password { user: String, password: String },
    /// A long-lived token that a token server exchanges for a short one.
    Identity(String),
    /// A token that the registry itself takes.
    Bearer(String),
}

/// What there is for one registry.
#[derive(Default)]
pub(super) struct Credentials {
    /// The proof; none is anonymous.
    pub(super) secret: Option<Secret>,
    /// What went wrong in finding one.
    pub(super) trouble: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ConfigFile {
    auths: HashMap<String, Auth>,
    cred_helpers: HashMap<String, String>,
    creds_store: String,
}

#[derive(Default, Clone, Deserialize)]
#[serde(default)]
struct Auth {
    /// base64 of `user:password`.
    #[serde(rename = "auth")]
    encoded: String,
    username: String,
    password: String,
    #[serde(rename = "identitytoken")]
    identity: String,
    #[serde(rename = "registrytoken")]
    bearer: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    username: String,
    secret: String,
}

impl Credentials {
    /// Looks for credentials for `repository` on the registry called `host`.
    pub(super) fn find(host: &str, repository: &str, options: &RegistryOptions) -> Self {
        let mut found = Self::default();
        if let (Some(user), Some(password)) = (&options.username, &options.password) {
            found.secret =
                Some(Secret::Password { user: user.clone(), password: password.clone() });
            return found;
        }
        for file in &options.auth_files {
            match found.of_file(file, host, repository) {
                Ok(None) => {}
                Ok(secret) => {
                    found.secret = secret;
                    break;
                }
                Err(message) => found.trouble.push(format!("`{}`: {message}", file.display())),
            }
        }
        found
    }

    fn of_file(
        &mut self,
        path: &Path,
        host: &str,
        repository: &str,
    ) -> Result<Option<Secret>, String> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let mut text = Vec::new();
        file.take(MAX_CONFIG).read_to_end(&mut text).map_err(|error| error.to_string())?;
        let config: ConfigFile =
            serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        let key = if host == "docker.io" { DOCKER_HUB } else { host };
        let own = config.cred_helpers.get(host).or_else(|| config.cred_helpers.get(key));
        let helper = own.or(Some(&config.creds_store)).filter(|name| !name.is_empty());
        if let Some(helper) = helper {
            match ask_helper(helper, key) {
                Ok(None) => {}
                Ok(secret) => return Ok(secret),
                Err(message) => {
                    self.trouble.push(format!("docker-credential-{helper}: {message}"));
                }
            }
        }
        match entry(&config.auths, host, repository) {
            Some(auth) => auth.secret().map_err(str::to_owned),
            None => Ok(None),
        }
    }
}

/// The entry for the longest known part of `host/repository`; only podman writes more than the
/// host. Old versions of Docker wrote the host as a URL.
fn entry(auths: &HashMap<String, Auth>, host: &str, repository: &str) -> Option<Auth> {
    let full = format!("{host}/{repository}");
    let ends = full.match_indices('/').map(|(at, _)| at).rev();
    let known = std::iter::once(full.len())
        .chain(ends)
        .filter_map(|end| full.get(..end))
        .find_map(|key| auths.get(key));
    let url = |key: &&String| {
        let bare = key.trim_start_matches("https://").trim_start_matches("http://");
        let bare_host = bare.split('/').next().unwrap_or(bare);
        *key != bare
            && (bare_host == host || (host == "docker.io" && bare_host == "index.docker.io"))
    };
    known.or_else(|| auths.get(auths.keys().filter(url).min()?)).cloned()
}

impl Auth {
    fn secret(self) -> Result<Option<Secret>, &'static str> {
        if !self.bearer.is_empty() {
            return Ok(Some(Secret::Bearer(self.bearer)));
        }
        if !self.identity.is_empty() {
            return Ok(Some(Secret::Identity(self.identity)));
        }
        if !self.username.is_empty() {
            return Ok(Some(Secret::Password { user: self.username, password: self.password }));
        }
        if self.encoded.is_empty() {
            return Ok(None);
        }
        let wrong = "an `auth` is no base64 of `user:password`";
        let decoded = STANDARD.decode(self.encoded.trim()).map_err(|_| wrong)?;
        let text = String::from_utf8(decoded).map_err(|_| wrong)?;
        let (user, password) = text.split_once(':').ok_or(wrong)?;
        let password = password.trim_end_matches('\0');
        Ok(Some(Secret::Password { user: user.into(), password: password.into() }))
    }
}

/// Runs `docker-credential-NAME get`; `None` where it knows nothing of `server`.
fn ask_helper(name: &str, server: &str) -> Result<Option<Secret>, String> {
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
        return Err("no name of a program".into());
    }
    ask(Path::new(&format!("docker-credential-{name}")), server)
}

fn ask(helper: &Path, server: &str) -> Result<Option<Secret>, String> {
    let mut child = Command::new(helper)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        let read = output.map(|output| output.take(MAX_CONFIG).read_to_end(&mut text));
        read.transpose().map(|_| text)
    });
    if let Some(mut input) = input {
        // A helper that has ended already says why by its status.
        let _ = input.write_all(server.as_bytes());
    }
    let success = wait(&mut child)?;
    let text = reader.join().map_err(|_| "its answer was not read")?.map_err(|e| e.to_string())?;
    if !success {
        let said = String::from_utf8_lossy(&text);
        let unknown = said.contains("credentials not found");
        return if unknown { Ok(None) } else { Err(super::client::plain(&said)) };
    }
    let answer: HelperAnswer =
        serde_json::from_slice(&text).map_err(|error| format!("answers no JSON: {error}"))?;
    Ok(Some(match answer.username.as_str() {
        "<token>" => Secret::Identity(answer.secret),
        _ => Secret::Password { user: answer.username, password: answer.secret },
    }))
}

/// Waits for a helper to end and ends it where it does not; says whether it succeeded.
fn wait(child: &mut Child) -> Result<bool, String> {
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) if begun.elapsed() < HELPER_TIMEOUT => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(None) => {
                // It may have ended just now.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("no answer within {} s", HELPER_TIMEOUT.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(config: &str, host: &str, repository: &str) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), config).unwrap();
        let options = RegistryOptions {
            auth_files: vec!["/nowhere".into(), file.path().into()],
            ..RegistryOptions::anonymous()
        };
        let found = Credentials::find(host, repository, &options);
        let secret = match found.secret {
            Some(Secret::Password { user, password }) => format!("{user}/{password}"),
            Some(Secret::Identity(token)) => format!("identity {token}"),
            Some(Secret::Bearer(token)) => format!("bearer {token}"),
            None => "none".into(),
        };
        found.trouble.iter().fold(secret, |all, trouble| {
            format!("{all}; {}", trouble.rsplit("`: ").next().unwrap_or_default())
        })
    }

    #[test]
    fn docker_login_is_read_in_each_of_its_forms() {
        let config = r#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "YW5uOnNlY3JldDp4"},
            "a.example:5000": {"identitytoken": "abc"},
            "b.example": {"username": "u", "password": "p"},
            "c.example": {"auth": "!"},
            "https://d.example/v2/": {"registrytoken": "t"},
            "e.example": {}
        }}"#;
        assert_eq!(found(config, "docker.io", "library/nginx"), "ann/secret:x");
        assert_eq!(found(config, "a.example:5000", "x"), "identity abc");
        assert_eq!(found(config, "b.example", "x"), "u/p");
        assert_eq!(
            found(config, "c.example", "x"),
            "none; an `auth` is no base64 of `user:password`"
        );
        assert_eq!(found(config, "d.example", "x"), "bearer t");
        assert_eq!(found(config, "e.example", "x"), "none");
        assert_eq!(found(config, "f.example", "x"), "none");
    }

    #[test]
    fn podman_login_may_name_a_repository() {
        let config = r#"{"auths": {"a.example": {"username": "all", "password": ""},
            "a.example/team": {"username": "team", "password": ""}}}"#;
        assert_eq!(found(config, "a.example", "team/app"), "team/");
        assert_eq!(found(config, "a.example", "teams/app"), "all/");
    }

    #[test]
    fn a_missing_helper_and_a_broken_file_are_told_and_cost_no_public_image() {
        let config = r#"{"credsStore": "not-installed-anywhere"}"#;
        let said = found(config, "a.example", "x");
        assert!(said.starts_with("none; docker-credential-not-installed-anywhere: "), "{said}");
        assert!(
            found(r#"{"credsStore": "../sh"}"#, "a.example", "x").ends_with("no name of a program")
        );
        assert!(found("{", "a.example", "x").starts_with("none; EOF while parsing"));
    }

    #[test]
    fn a_helper_is_asked_for_the_server_on_its_input() {
        let folder = tempfile::tempdir().unwrap();
        let helper = folder.path().join("helper");
        let answer = |script: &str| {
            // Written by another process: a program that is open for writing cannot be run, and
            // a child of another test may hold on to a file that is open here.
            let text = format!("#!/bin/sh\nread -r server\n{script}\n");
            let mut write = Command::new("sh");
            write.args(["-c", r#"printf %s "$1" > "$0" && chmod 755 "$0""#]);
            assert!(write.arg(&helper).arg(text).status().unwrap().success());
            match ask(&helper, "a.example") {
                Ok(Some(Secret::Password { user, password })) => format!("{user}/{password}"),
                Ok(Some(Secret::Identity(token))) => format!("identity {token}"),
                Ok(_) => "none".into(),
                Err(why) => why,
            }
        };
        let said = r#"echo "{\"Username\":\"$1\",\"Secret\":\"$server\"}""#;
        assert_eq!(answer(said), "get/a.example");
        assert_eq!(answer(r#"echo '{"Username":"<token>","Secret":"t"}'"#), "identity t");
        assert_eq!(answer("echo credentials not found in native keychain; exit 1"), "none");
        assert_eq!(answer("echo keychain is locked; exit 1"), "keychain is locked");
        assert!(answer("echo hello").starts_with("answers no JSON"));
    }

    proptest::proptest! {
        #[test]
        fn no_config_panics(auth in "[A-Za-z0-9+/=]{0,20}", key in "[a-z:/.]{0,30}") {
            let config = serde_json::json!({"auths": {key: {"auth": auth}}}).to_string();
            let _ = found(&config, "a.example", "x");
        }
    }
}
