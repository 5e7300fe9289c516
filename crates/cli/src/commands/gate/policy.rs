//! Where the policy comes from: the file that is named, else the nearest one, else none.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_model::gate::Effect;
use plimsoll_model::text::Source;
use plimsoll_policy::gate::Policy;
use plimsoll_supply::hash;

use super::judges;
use crate::exit::{Usage, tell};
use crate::files;

/// The largest policy, in bytes; its reader takes a little less.
const MAX_BYTES: u64 = (1 << 20) + 1;

/// A policy, and the folder that its files are seen from.
pub(super) struct Chosen {
    pub(super) policy: Policy,
    pub(super) folder: PathBuf,
}

/// The policy that counts.
pub(super) fn choose(named: Option<&Path>) -> anyhow::Result<Chosen> {
    let here = env::current_dir().unwrap_or_default();
    let path = if let Some(path) = named {
        path.to_owned()
    } else {
        let Some(path) = nearest(&here) else {
            let why = "there is no plimsoll.toml with a table [gate]: the default policy decides";
            tell(&format!("note: {why}"));
            return Ok(Chosen { policy: Policy::default(), folder: PathBuf::new() });
        };
        path.strip_prefix(&here).map(Path::to_owned).unwrap_or(path)
    };
    let shown = path.display().to_string();
    let bytes = files::read(&path, MAX_BYTES).with_context(|| format!("cannot read `{shown}`"))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = Source::from_bytes(error.into_bytes()).not_utf8().unwrap_or_default();
        Usage(format!("{shown}:{line}: it is not UTF-8"))
    })?;
    let mut policy = Policy::read(&text, &judges::pages()).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(|error| format!("{shown}:{error}")).collect();
        Usage(lines.join("\nerror: "))
    })?;
    policy.sha256 = Some(hash::hex(&hash::sha256(text.as_bytes())));
    policy.file = Some(shown);
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Chosen { policy, folder })
}

/// The nearest `plimsoll.toml` with a table of the gate, from a folder up to the repository's root.
fn nearest(from: &Path) -> Option<PathBuf> {
    for folder in from.ancestors() {
        let file = folder.join("plimsoll.toml");
        if fs::read(&file).is_ok_and(|bytes| Policy::is_in(&String::from_utf8_lossy(&bytes))) {
            return Some(file);
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    None
}

/// `--rule RULE=EFFECT`.
pub(super) fn overrule(policy: &mut Policy, arguments: &[String]) -> Result<(), Usage> {
    for argument in arguments {
        let pair = argument.split_once('=');
        let (name, effect) =
            pair.ok_or_else(|| Usage(format!("`{argument}` is not of the form RULE=EFFECT")))?;
        let effect = Effect::named(effect)
            .ok_or_else(|| Usage(format!("`{effect}` is no effect: it is deny, warn or off")))?;
        let pages = judges::pages();
        let all = || pages.iter().flat_map(|page| page.rules);
        let meant: Vec<_> = match name.strip_suffix(".*") {
            Some(judge) => all().filter(|rule| rule.judge() == judge).collect(),
            None => all().filter(|rule| rule.id == name).collect(),
        };
        if meant.is_empty() {
            let hint = "`plimsoll gate --list-rules` lists them";
            return Err(Usage(format!("there is no rule `{name}`: {hint}")));
        }
        for rule in meant {
            policy.set_effect(rule, effect);
        }
    }
    Ok(())
}
