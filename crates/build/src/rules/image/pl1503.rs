//! Files with credentials, copied.

use super::lineage::Lineage;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::rules::hadolint::quotes::bare;
use crate::syntax::{Argument, Keyword};

pub(super) static RULE: Rule = Rule {
    id: "PL1503",
    aliases: &["DS-0031", "AVD-DS-0031", "DS031", "CIS-4.10", "CIS-DI-0010", "DKL-LI-0003"],
    level: Level::Warning,
    title: "Copy no keys, credentials, `.env` or `.git` into an image",
    why: "A file stays in its layer for good, also where a later instruction deletes it: whoever has \
          the image has the key. `.git` holds all that was ever committed. Show such a file to the \
          one command that needs it, with `RUN --mount=type=secret` or `--mount=type=ssh`.",
    bad: "FROM alpine/git:v2.49.1\nCOPY id_rsa /root/.ssh/id_rsa\nRUN git clone git@github.com:example/private.git\n",
    good: "FROM alpine/git:v2.49.1\nRUN --mount=type=ssh git clone git@github.com:example/private.git\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/secrets/",
    check,
};

/// Files that hold nothing but credentials: bad in every stage.
const KEYS: [&str; 16] = [
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    ".netrc",
    ".pypirc",
    ".git-credentials",
    ".pgpass",
    ".my.cnf",
    ".aws",
    ".gnupg",
    ".ssh",
    ".kube",
    "kubeconfig",
    "secring.gpg",
    "terraform.tfstate",
];
/// Files that hold credentials most often: bad in the image.
const SETTINGS: [&str; 6] = [".env", ".npmrc", ".yarnrc.yml", ".dockercfg", ".git", ".htpasswd"];
/// Variables that name a file with credentials.
const VARIABLES: [&str; 4] = [
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "HF_TOKEN_PATH",
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let image = Lineage::new(context);
    for keyword in [Keyword::Copy, Keyword::Add] {
        for step in context.steps_of(keyword).filter(|step| !step.onbuild) {
            let words = step.instruction.arguments.words();
            let Some((target, sources)) = words.split_last() else { continue };
            let in_image = image.holds(step.stage);
            for source in sources {
                let path = bare(&source.text);
                if let Some(what) = secret(path).filter(|(_, key)| in_image || *key) {
                    let message = format!(
                        "{path} {}: it stays in the layer for whoever has the image",
                        what.0
                    );
                    findings.report(step.line, source.span, message);
                }
            }
            let named = bare(&target.text).trim_start_matches(['$', '{']).trim_end_matches('}');
            if VARIABLES.contains(&named) && in_image {
                let message = format!("{named} names a file with credentials");
                findings.report(step.line, target.span, message);
            }
        }
    }
    report_named(context, &image, findings);
}

/// How many variables with such a name are followed.
const MOST: usize = 50;

/// Variables that name a file with credentials below what was copied.
fn report_named(context: &Context<'_>, image: &Lineage, findings: &mut Findings<'_>) {
    let steps = context.steps_of(Keyword::Env).filter(|step| !step.onbuild);
    let pairs = steps
        .filter(|step| image.holds(step.stage))
        .flat_map(|step| step.instruction.arguments.pairs().iter().map(move |pair| (step, pair)))
        .filter(|(_, pair)| VARIABLES.contains(&bare(&pair.key.text)));
    for (step, pair) in pairs.take(MOST) {
        let path = bare(&pair.value.text).trim_start_matches('.').trim_start_matches('/');
        let below = |target: &&Argument| {
            let folder = bare(&target.text).trim_start_matches('.').trim_matches('/');
            let rest = path.strip_prefix(folder);
            !folder.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let copies = context.steps_of(Keyword::Copy).filter(|copy| copy.stage == step.stage);
        let copy = copies.filter_map(|copy| copy.instruction.arguments.words().last()).find(below);
        if let Some(copy) = copy.filter(|_| !path.contains('$') && !path.is_empty()) {
            let message = format!("{} names a file with credentials that is copied", pair.key.text);
            findings.report(step.line, pair.value.span, message).related(copy.span, "copied here");
        }
    }
}

/// What a path holds, and whether it is bad in every stage.
fn secret(path: &str) -> Option<(&'static str, bool)> {
    let path = path.trim_end_matches(['/', '*', '.']);
    let mut names = path.rsplit('/');
    let name = names.next()?;
    let folder = names.next().unwrap_or_default();
    if KEYS.contains(&name) || matches!((folder, name), (".docker", "config.json")) {
        Some(("holds keys or credentials", true))
    } else if KEYS.contains(&folder) && !is_harmless(name) {
        Some(("lies among keys or credentials", true))
    } else if name == ".git" {
        Some(("holds all that was ever committed", false))
    } else if SETTINGS.contains(&name) || is_env(name) {
        Some(("holds credentials most often", false))
    } else {
        let private = name.contains("private") || name.contains("server") || name.contains("tls");
        let key = name.ends_with(".key") && private
            || name.ends_with("-key.pem")
            || matches!(name, "key.pem" | "privkey.pem" | "private.pem");
        let bundle = name.ends_with(".p12") || name.ends_with(".pfx");
        (key || bundle).then_some(("holds a private key", false))
    }
}

/// `.env.production`, but neither `.env.example` nor a template.
fn is_env(name: &str) -> bool {
    let Some(kind) = name.strip_prefix(".env.") else { return false };
    let known = ["local", "prod", "production", "staging", "stage", "secret", "secrets"];
    known.iter().any(|known| kind.starts_with(known)) && !kind.contains("example")
}

/// What lies beside keys without being one.
fn is_harmless(name: &str) -> bool {
    name.ends_with(".pub")
        || name.starts_with("known_hosts")
        || name.starts_with("authorized_keys")
        || matches!(name, "config" | "" | "gpg.conf" | "dirmngr.conf")
}

#[cfg(test)]
mod tests {
    use super::secret;

    #[test]
    fn keys_are_told_from_what_is_public() {
        for path in [
            "id_rsa",
            "keys/id_ed25519",
            ".ssh/",
            ".ssh/deploy",
            ".aws/credentials",
            ".env",
            "./.env.production",
            ".npmrc",
            ".git",
            "certs/server.key",
            "tls/privkey.pem",
            ".docker/config.json",
            "/root/.netrc",
        ] {
            assert!(secret(path).is_some(), "{path}");
        }
        for path in [
            "id_rsa.pub",
            ".ssh/known_hosts",
            ".ssh/config",
            ".env.example",
            ".env.sample",
            ".gitignore",
            "ca.pem",
            "ca.crt",
            "docker.key",
            "config.json",
            "package.json",
            ".",
            "env",
            "keys/repo.gpg",
            "authorized_keys",
            "credentials.ts",
            ".github",
        ] {
            assert_eq!(secret(path), None, "{path}");
        }
    }
}
