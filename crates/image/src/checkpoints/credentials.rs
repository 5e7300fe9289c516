//! Whoever has an image has the secrets in its history and its files.

use super::facts::extension;
use super::words::unquoted;
use super::{Alert, Answer, Checkpoint, Facts, Level, Settings};

pub(super) const CHECKPOINT: Checkpoint = Checkpoint {
    code: "CIS-DI-0010",
    title: "Do not store credential in environment variables/files",
    level: Level::Fatal,
    check,
};

/// Words of variables that hold secrets.
const WORDS: [&str; 5] = ["PASS", "SECRET", "KEY", "ACCESS", "TOKEN"];

/// Variables that are no secrets, though they have such a word.
const ACCEPTED: [&str; 2] = ["GPG_KEY", "GPG_KEYS"];

/// Names of files that hold secrets.
const NAMES: [&str; 16] = [
    "credentials.json",
    "credential.json",
    "credentials",
    "credential",
    "password.txt",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "secret_token.rb",
    "carrierwave.rb",
    "omniauth.rb",
    "settings.py",
    "database.yml",
    "credentials.xml",
    ".env",
];

/// Ends of such names.
const EXTENSIONS: [&str; 16] = [
    ".secret",
    ".ovpn",
    ".private_key",
    ".cscfg",
    ".rdp",
    ".mdf",
    ".sdf",
    ".bek",
    ".tpm",
    ".fve",
    ".jks",
    ".psafe3",
    ".agilekeychain",
    ".keychain",
    ".pcap",
    ".gnucache",
];

/// What about a path looks like a secret.
pub(super) fn kind(path: &str, settings: &Settings) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if NAMES.contains(&name) || settings.sensitive_files.iter().any(|it| it == name) {
        return Some("name");
    }
    let end = extension(name);
    // With its dot or without.
    let is_asked = |it: &String| it == end || end.strip_prefix('.') == Some(it.as_str());
    let is_known = EXTENSIONS.contains(&end) || settings.sensitive_extensions.iter().any(is_asked);
    (!end.is_empty() && is_known).then_some("extension")
}

fn check(facts: &Facts, settings: &Settings) -> Answer {
    let variable = |step: &String| {
        let secrets = secrets(step, settings);
        let (name, _) = secrets.first()?;
        let mut values: Vec<&str> = secrets.iter().map(|(_, value)| value.as_str()).collect();
        // What is part of a longer one must not uncover the rest of it.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        let hide = |shown: String, value: &&str| shown.replace(value, "*******");
        let shown = values.iter().fold(step.clone(), hide);
        Some(Alert::of_image(format!("a variable looks like a secret: {name} in {shown}")))
    };
    let file = |path: &String| {
        let what = kind(path, settings)?;
        Some(Alert::new(path, format!("the {what} of a file looks like a secret: {path}")))
    };
    let variables = facts.history.iter().filter_map(variable);
    Answer::Found(variables.chain(facts.files.keys().filter_map(file)).collect())
}

/// The variables of a step that look like secrets, and their values.
fn secrets(step: &str, settings: &Settings) -> Vec<(String, String)> {
    let secret = |word: String| {
        let (name, value) = word.split_once('=')?;
        let value = value.split('=').next().unwrap_or(value);
        if name.contains(' ') || value.is_empty() {
            return None;
        }
        if ACCEPTED.contains(&name) || settings.accepted_keys.iter().any(|it| it == name) {
            return None;
        }
        let upper = name.to_uppercase();
        let is_secret = WORDS.iter().any(|word| upper.contains(word))
            || settings.sensitive_words.iter().any(|word| upper.contains(&word.to_uppercase()));
        is_secret.then(|| (name.to_owned(), value.to_owned()))
    };
    unquoted(&step.replace('#', "")).into_iter().filter_map(secret).collect()
}
