//! Where the lint configuration comes from: a file, then `HADOLINT_…` variables, then flags.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll_build::{Config, LabelKind, Level};

use super::level;
use crate::clock;
use crate::exit::{Usage, tell};

/// What decides which findings count.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Settings {
    /// A `.hadolint.yaml`, or a `plimsoll.toml` with the table [lint]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Turn a rule off, by any of its names
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    ignore: Vec<String>,

    /// Make a rule an error
    #[arg(long = "error", value_name = "RULE", value_delimiter = ',')]
    errors: Vec<String>,

    /// Make a rule a warning
    #[arg(long = "warning", value_name = "RULE", value_delimiter = ',')]
    warnings: Vec<String>,

    /// Make a rule an info
    #[arg(long = "info", value_name = "RULE", value_delimiter = ',')]
    infos: Vec<String>,

    /// Make a rule a matter of style
    #[arg(long = "style", value_name = "RULE", value_delimiter = ',')]
    styles: Vec<String>,

    /// Allow base images of this registry only; several times if wanted
    #[arg(long, value_name = "REGISTRY", value_delimiter = ',')]
    trusted_registry: Vec<String>,

    /// Require a label: NAME:text, url, rfc3339, spdx, hash, semver or email
    #[arg(long, value_name = "NAME:KIND", value_delimiter = ',')]
    require_label: Vec<String>,

    /// Allow no other labels than those required
    #[arg(long)]
    strict_labels: bool,

    /// Ignore comments in the files count for nothing
    #[arg(long)]
    disable_ignore_pragma: bool,

    /// Exit 1 only for findings of this level or above: error, warning, info, style, none
    #[arg(short = 't', long, value_name = "LEVEL")]
    failure_threshold: Option<String>,

    /// Exit 0 whatever is found
    #[arg(long)]
    no_fail: bool,
}

/// What holds in a folder without flags: the configuration named, or the nearest one, and
/// variables.
pub(super) fn project_config(named: Option<&Path>, folder: &Path) -> anyhow::Result<Config> {
    Settings { config: named.map(Path::to_owned), ..Settings::default() }.config_in(folder)
}

impl Settings {
    pub(super) fn config(&self) -> anyhow::Result<Config> {
        self.config_in(&env::current_dir().unwrap_or_default())
    }

    fn config_in(&self, folder: &Path) -> anyhow::Result<Config> {
        let mut config = match self.config.clone().or_else(|| found(folder)) {
            Some(path) => read(&path)?,
            None => Config::default(),
        };
        Self::read_environment(&mut config)?;
        config.ignored.extend(self.ignore.iter().cloned());
        for (rules, level) in [
            (&self.errors, Level::Error),
            (&self.warnings, Level::Warning),
            (&self.infos, Level::Info),
            (&self.styles, Level::Style),
        ] {
            config.levels.extend(rules.iter().map(|rule| (rule.clone(), level)));
        }
        config.trusted_registries.extend(self.trusted_registry.iter().cloned());
        for label in &self.require_label {
            let (name, kind) = required_label(label)?;
            config.label_schema.insert(name, kind);
        }
        config.strict_labels |= self.strict_labels;
        config.disable_ignore_pragma |= self.disable_ignore_pragma;
        if let Some(threshold) = &self.failure_threshold {
            set_threshold(&mut config, threshold)?;
        }
        config.no_fail |= self.no_fail;
        for (name, nearest) in config.unknown_rules() {
            let hint = nearest.map(|known| format!(": did you mean `{known}`?"));
            let hint = hint.unwrap_or_default();
            tell(&format!("warning: the settings name `{name}`, which no rule is called{hint}"));
        }
        config.today = clock::now().to_string().get(..10).and_then(|day| day.parse().ok());
        Ok(config)
    }

    /// The variables that hadolint reads.
    fn read_environment(config: &mut Config) -> anyhow::Result<()> {
        let variable = |name: &str| {
            env::var(format!("HADOLINT_{name}")).ok().filter(|value| !value.is_empty())
        };
        let list = |name: &str| -> Vec<String> {
            let value = variable(name).unwrap_or_default();
            value
                .split(',')
                .map(str::trim)
                .filter(|one| !one.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let is_set = |name: &str| {
            let value = variable(name).unwrap_or_default().to_ascii_lowercase();
            match value.as_str() {
                "1" | "y" | "yes" | "true" | "on" => Ok(true),
                "" | "0" | "n" | "no" | "false" | "off" => Ok(false),
                _ => Err(Usage(format!("HADOLINT_{name}: `{value}` is neither true nor false"))),
            }
        };
        let of =
            |name: &'static str| move |error: Usage| Usage(format!("HADOLINT_{name}: {}", error.0));
        config.ignored.extend(list("IGNORE"));
        for level in [Level::Error, Level::Warning, Level::Info, Level::Style] {
            let name = format!("OVERRIDE_{}", level.name().to_ascii_uppercase());
            config.levels.extend(list(&name).into_iter().map(|rule| (rule, level)));
        }
        config.trusted_registries.extend(list("TRUSTED_REGISTRIES"));
        for label in list("REQUIRE_LABELS") {
            let (name, kind) = required_label(&label).map_err(of("REQUIRE_LABELS"))?;
            config.label_schema.insert(name, kind);
        }
        config.strict_labels |= is_set("STRICT_LABELS")?;
        config.disable_ignore_pragma |= is_set("DISABLE_IGNORE_PRAGMA")?;
        config.no_fail |= is_set("NOFAIL")?;
        if let Some(threshold) = variable("FAILURE_THRESHOLD") {
            set_threshold(config, &threshold).map_err(of("FAILURE_THRESHOLD"))?;
        }
        config.format = variable("FORMAT").or(config.format.take());
        Ok(())
    }
}

fn set_threshold(config: &mut Config, text: &str) -> Result<(), Usage> {
    match level(text)? {
        Level::Ignore => config.no_fail = true,
        level => config.failure_threshold = Some(level),
    }
    Ok(())
}

fn required_label(text: &str) -> Result<(String, LabelKind), Usage> {
    let (name, kind) = text
        .rsplit_once(':')
        .ok_or_else(|| Usage(format!("`{text}` is no label with a kind: `maintainer:text`")))?;
    let kind = LabelKind::named(kind).ok_or_else(|| {
        let kinds = "text, url, rfc3339, spdx, hash, semver or email";
        Usage(format!("`{kind}` is no kind of label: it is {kinds}"))
    })?;
    Ok((name.to_owned(), kind))
}

fn read(path: &Path) -> anyhow::Result<Config> {
    // One that was found is named from the working folder, as people name it.
    let here = env::current_dir().unwrap_or_default();
    let shown = path.strip_prefix(&here).unwrap_or(path).display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))?;

    let is_toml = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("toml"));
    let config = if is_toml { Config::from_toml(&text) } else { Config::from_hadolint(&text) };
    config.map_err(|error| {
        let gap = if error.place.is_some() { "" } else { " " };
        Usage(format!("{shown}:{gap}{error}")).into()
    })
}

/// The nearest `plimsoll.toml` with a lint table or `.hadolint.yaml`, from a folder up to the
/// repository's root; else hadolint's own places.
fn found(from: &Path) -> Option<PathBuf> {
    for folder in from.ancestors() {
        let own = folder.join("plimsoll.toml");
        if fs::read_to_string(&own).is_ok_and(|text| text.lines().any(is_lint_table)) {
            return Some(own);
        }
        let names = [".hadolint.yaml", ".hadolint.yml"];
        if let Some(file) = names.iter().map(|name| folder.join(name)).find(|path| path.is_file()) {
            return Some(file);
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    let home = env::home_dir()?;
    let config = env::var_os("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    ["hadolint.yaml", "hadolint.yml"]
        .iter()
        .map(|name| config.join(name))
        .chain(
            ["config.yaml", "hadolint.yaml"].iter().map(|name| home.join(".hadolint").join(name)),
        )
        .find(|path| path.is_file())
}

fn is_lint_table(line: &str) -> bool {
    let line = line.trim();
    line == "[lint]" || line.starts_with("[lint.")
}
