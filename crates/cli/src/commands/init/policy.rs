//! The text of a new `plimsoll.toml`: what was found is set, everything else is there as a comment with
//! what holds without it.

use std::fmt::Write as _;

use plimsoll_policy::gate::Page;

use super::detect::Detected;
use crate::commands::gate::pages;

const HEAD: &str = "\
# The policy of `plimsoll gate`: docs/gate.md of Plimsoll says what can stand here.
# `plimsoll gate --list-rules` lists every rule and what a violation comes to;
# `plimsoll gate --explain=RULE` explains one. What is not set here is preset.
";

const EXCEPTION: &str = "
# What is let through for a while needs an owner, a reason and a last day:
# [[gate.exceptions]]
# rule = \"findings.severity\"
# id = \"CVE-2026-12345\"
# owner = \"team@example.com\"
# reason = \"the code is never called; the update is planned\"
# expires = 2026-12-31
";

/// The policy for a repository.
pub(super) fn text(detected: &Detected) -> String {
    let mut text = HEAD.to_owned();
    let has_signer = !detected.keys.is_empty();
    text.push_str("\n[gate.rules]\n");
    if has_signer {
        text.push_str("# base.age = \"deny\"\n");
    } else {
        text.push_str(
            "# No key was found that images are signed with. Make these \"deny\" once they are signed and \
             the\n# signer is named in [gate.signature].\nsignature.signed = \"warn\"\n\
             sbom.attached = \"warn\"\n",
        );
    }
    for page in pages() {
        let set = found(page.name, detected);
        if page.keys.is_empty() {
            continue;
        }
        let _ = write!(text, "\n# {}.\n[gate.{}]\n", page.title, page.name);
        keys(page, &set, detected, &mut text);
    }
    text.push_str(EXCEPTION);
    text
}

/// What was found about a judge's settings.
fn found(judge: &str, detected: &Detected) -> Vec<(&'static str, String)> {
    match judge {
        "runtime" if !detected.manifests.is_empty() => {
            vec![("files", list(&detected.manifest_folders()))]
        }
        "signature" => {
            let preferred =
                |key: &&String| key.ends_with("cosign.pub") || key.ends_with("plimsoll.pub");
            let key = detected.keys.iter().find(preferred).or(detected.keys.first());
            key.map(|key| ("key", quoted(key))).into_iter().collect()
        }
        "detection" if !detected.rules.is_empty() => vec![("rules", list(&detected.rules))],
        _ => Vec::new(),
    }
}

fn keys(page: &Page, set: &[(&'static str, String)], detected: &Detected, text: &mut String) {
    for key in page.keys {
        let _ = writeln!(text, "# {}.", key.about);
        if let Some((name, value)) = set.iter().find(|(name, _)| *name == key.name) {
            let _ = writeln!(text, "{name} = {value}");
            continue;
        }
        let example = key.preset.map(plimsoll_policy::gate::Preset::written);
        let example = example.or_else(|| suggestion(page.name, key.name, detected));
        let example = example.unwrap_or_else(|| key.kind.example());
        let _ = writeln!(text, "# {} = {example}", key.name);
    }
}

/// What likely holds for a repository that is kept where this one is.
fn suggestion(judge: &str, key: &str, detected: &Detected) -> Option<String> {
    let (host, path) = detected.origin.as_ref()?;
    let text = match (judge, key, host.as_str()) {
        ("signature", "identity-regexp", "github.com") => {
            format!("^https://github\\.com/{}/\\.github/workflows/", path.replace('.', "\\."))
        }
        ("signature", "issuer", "github.com") => {
            "https://token.actions.githubusercontent.com".into()
        }
        ("signature", "identity-regexp", "gitlab.com") => {
            format!("^https://gitlab\\.com/{}//\\.gitlab-ci\\.yml@", path.replace('.', "\\."))
        }
        ("signature", "issuer", "gitlab.com") => "https://gitlab.com".into(),
        ("provenance", "source-uri", _) => format!("{host}/{path}"),
        _ => return None,
    };
    Some(quoted(&text))
}

fn list(texts: &[String]) -> String {
    let all: Vec<String> = texts.iter().map(|one| quoted(one)).collect();
    format!("[{}]", all.join(", "))
}

/// A basic string of TOML: <https://toml.io/en/v1.0.0#string>.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for one in text.chars() {
        match one {
            '"' | '\\' => quoted.extend(['\\', one]),
            one if one.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(one));
            }
            one => quoted.push(one),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use plimsoll_policy::gate::Policy;

    use super::*;

    fn detected() -> Detected {
        Detected {
            manifests: vec!["deploy/a \"b\\.yaml".into(), "odd\n/c.yaml".into()],
            keys: vec!["keys/cosign.pub".into()],
            rules: vec!["falco/rules.yaml".into()],
            origin: Some(("github.com".into(), "org/app.js".into())),
            ..Detected::default()
        }
    }

    #[test]
    fn what_is_written_is_read_back_with_its_comments_taken_out_too() {
        for detected in [detected(), Detected::default()] {
            let written = text(&detected);
            let read = Policy::read(&written, &pages());
            assert!(read.is_ok(), "{read:?}\n{written}");
            let is_setting = |line: &&str| {
                let name = line.split_once(" = ").map_or("", |(name, _)| name);
                !name.is_empty()
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b"-.".contains(&b))
            };
            // A setting that is commented out may be taken as it stands.
            let bare = written.lines().map(|line| {
                line.strip_prefix("# ").filter(|line| is_setting(line)).unwrap_or(line)
            });
            let mut bare: Vec<&str> = bare.collect();
            let exception = bare.iter().position(|line| line.contains("[[gate.exceptions]]"));
            bare.truncate(exception.unwrap());
            let bare = bare.join("\n");
            let read = Policy::read(&bare, &pages());
            assert!(read.is_ok(), "{read:?}\n{bare}");
        }
    }
}
