//! Which engine and plugins a file asks for.

use super::code::ErrorCode;
use super::context::{Context, File, ItemType};
use super::decode::{Item, refuse};
use super::report::Failure;
use crate::yaml::Node;

/// The version of Falco's engine whose language this is.
pub const ENGINE_VERSION: (u32, u32, u32) = (0, 63, 0);

/// `1.2.3`, whatever follows.
fn parse(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.splitn(3, '.');
    let mut next = |last: bool| {
        let part = parts.next()?.trim_start();
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        if !last && digits != part.len() {
            return None;
        }
        part.get(..digits)?.parse().ok()
    };
    Some((next(false)?, next(false)?, next(true)?))
}

/// Judges `required_engine_version`; a lone number is the middle one.
pub(super) fn engine(text: &str, context: &Context) -> Result<(), Failure> {
    let version = match text.parse() {
        Ok(number) => Some((0, number, 0)),
        Err(_) => parse(text),
    };
    let Some(version) = version else {
        let why = format!(
            "Unable to parse engine version '{text}' as a semver string. Expected \"x.y.z\" \
             semver format."
        );
        return refuse(why, context.clone());
    };
    let own = ENGINE_VERSION;
    if version.0 == own.0 && version <= own {
        return Ok(());
    }
    let shown = |(major, minor, patch): (u32, u32, u32)| format!("{major}.{minor}.{patch}");
    let why = format!(
        "Rules require engine version {}, but engine version is {}",
        shown(version),
        shown(own)
    );
    Err(Failure::new(ErrorCode::Validate, why, context.clone()))
}

/// Judges the shape of `required_plugin_versions`.
pub(super) fn plugins(file: &File, versions: &Node, parent: &Context) -> Result<(), Failure> {
    let context = parent.within(file, versions, ItemType::RequiredPluginVersions, "");
    let Some(plugins) = versions.sequence() else {
        return refuse("Value of required_plugin_versions must be a sequence", context);
    };
    for plugin in plugins {
        let kind = ItemType::RequiredPluginVersionsEntry;
        let unnamed = context.within(file, plugin, kind, "");
        if plugin.mapping().is_none() {
            return refuse("Plugin version must be a mapping", unnamed);
        }
        let name: String = Item { file, node: plugin, context: &unnamed }.required("name")?;
        let own = context.within(file, plugin, kind, &name);
        let version: String = Item { file, node: plugin, context: &own }.required("version")?;
        let mut all = vec![(name, version)];
        if let Some(alternatives) = plugin.get("alternatives") {
            let Some(alternatives) = alternatives.sequence() else {
                let why = "Value of plugin version alternatives must be a sequence";
                return refuse(why, own);
            };
            for alternative in alternatives {
                let kind = ItemType::RequiredPluginVersionsAlternative;
                let unnamed = own.within(file, alternative, kind, "");
                if alternative.mapping().is_none() {
                    return refuse("Plugin version alternative must be a mapping", unnamed);
                }
                let item = Item { file, node: alternative, context: &unnamed };
                let name: String = item.required("name")?;
                all.push((name, item.required("version")?));
            }
        }
        judge(&all, &own)?;
    }
    Ok(())
}

fn judge(all: &[(String, String)], context: &Context) -> Result<(), Failure> {
    for (at, (name, version)) in all.iter().enumerate() {
        let why = if parse(version).is_none() {
            format!("Invalid required version '{version}' for plugin '{name}'")
        } else if all.iter().take(at).any(|(other, _)| other == name) {
            format!("Defined multiple alternative version requirements for plugin '{name}'")
        } else {
            continue;
        };
        return Err(Failure::new(ErrorCode::Validate, why, context.clone()));
    }
    Ok(())
}
