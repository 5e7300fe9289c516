//! Packages that a Dockerfile installs by their exact version.

use crate::Span;
use crate::context::{Commands, Context};
use crate::lint::with_context;
use crate::rules::installs::{APK, APT};
use crate::rules::pip;
use crate::script::{Form, Program};
use crate::syntax::{Dockerfile, Expander};
use crate::{Config, Environment};

/// Who installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Installer {
    /// `apk add name=1.2-r3`.
    Apk,
    /// `apt-get install name=1.2-3`.
    Apt,
    /// `pip install name==1.2`.
    Pip,
    /// `npm install name@1.2.3`.
    Npm,
}

/// A package and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackagePin {
    /// Who installs it.
    pub installer: Installer,
    /// Its name.
    pub name: String,
    /// Its version, as it stands there.
    pub version: String,
    /// Where the version stands in the file, letter by letter.
    pub span: Span,
    /// The image that its stage is built on in the end, variables expanded.
    pub image: String,
}

/// Every package that is pinned to one version, in order.
pub fn pinned_packages(file: &Dockerfile) -> Vec<PackagePin> {
    with_context(file, &Config::default(), &Environment::default(), |context| {
        let mut found = Vec::new();
        for commands in context.runs() {
            for program in commands.invocations {
                found.extend(of_program(context, commands, program));
            }
        }
        found
    })
}

fn of_program(
    context: &Context<'_>,
    commands: Commands<'_>,
    program: &Program<'_>,
) -> Vec<PackagePin> {
    let words = if APK.is(program) {
        (Installer::Apk, APK.packages(program))
    } else if APT.is(program) || program.name() == "apt" {
        (Installer::Apt, APT.packages(program))
    } else if pip::installing(program).is_some() {
        (Installer::Pip, pip::packages(program))
    } else if program.name() == "npm"
        && matches!(program.subcommand(), Some("install" | "i" | "add"))
    {
        let values = ["registry", "prefix", "loglevel", "cache", "userconfig", "tag"];
        (Installer::Npm, program.operands_after(&values).into_iter().skip(1).collect())
    } else {
        return Vec::new();
    };
    let (installer, words) = words;
    let pins = words.into_iter().filter_map(|word| {
        let (name, version) = installer.split(&word.text)?;
        let place = commands.text.source_span(word.span);
        let span = exact(context.file.source.slice(place), place, version)?;
        let image = image(context, commands)?;
        let (name, version) = (name.to_owned(), version.to_owned());
        Some(PackagePin { installer, name, version, span, image })
    });
    pins.collect()
}

impl Installer {
    /// A name and an exact version; `None` where the word pins nothing, or has a variable in it.
    fn split(self, word: &str) -> Option<(&str, &str)> {
        let (name, version) = match self {
            Self::Apk | Self::Apt => word.split_once('=')?,
            Self::Pip => word.split_once("==")?,
            Self::Npm => word.rsplit_once('@').filter(|(name, _)| !name.is_empty())?,
        };
        let name = name.split('[').next().unwrap_or(name);
        let is_plain = |text: &str, more: &str| {
            let odd = |one: char| !one.is_ascii_alphanumeric() && !more.contains(one);
            !text.is_empty() && !text.contains(odd)
        };
        let is_version = version.starts_with(|one: char| one.is_ascii_digit());
        (is_plain(name, "-._+:@/") && is_plain(version, "-._+:~") && is_version)
            .then_some((name, version))
    }
}

/// The place of a version in a word, where it is there letter by letter and at its end.
fn exact(written: &str, place: Span, version: &str) -> Option<Span> {
    let bare = written.trim_end_matches(['"', '\'']);
    let start = bare.strip_suffix(version)?.len();
    let start = place.start.checked_add(u32::try_from(start).ok()?)?;
    Some(Span::new(start, start.checked_add(u32::try_from(version.len()).ok()?)?))
}

fn image(context: &Context<'_>, commands: Commands<'_>) -> Option<String> {
    // In exec form the words are not those of the file.
    if commands.text.form == Form::Exec {
        return None;
    }
    let stage = context.stages.get(commands.text.stage?)?;
    let root = context.root_stage(stage);
    let scope = context.scopes.at(None, root.from);
    let expanded = Expander::new(context.file.escape).expand(&root.image.text, &scope);
    Some(expanded.map_or_else(|_| root.image.text.clone(), |done| done.text))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;

    use super::*;

    fn found(text: &str) -> Vec<String> {
        let file = Dockerfile::parse(Source::new(text));
        let pins = pinned_packages(&file);
        pins.iter()
            .map(|pin| {
                assert_eq!(file.source.slice(pin.span), pin.version, "{text}");
                format!("{:?} {} {} {}", pin.installer, pin.name, pin.version, pin.image)
            })
            .collect()
    }

    #[test]
    fn exact_versions_are_found_where_they_stand() {
        let text = "ARG V=3.22\nFROM alpine:$V AS a\nRUN apk add --no-cache \\\n  curl=8.9.1-r2 'zlib=1.3.1-r1' \
                    bash\nFROM a\nRUN pip3 install \"flask==3.0.0\" requests[socks]==2.31.0 six>=1\n\
                    RUN npm i -g @angular/cli@17.0.0 express@^4\n";
        assert_eq!(
            found(text),
            [
                "Apk curl 8.9.1-r2 alpine:3.22",
                "Apk zlib 1.3.1-r1 alpine:3.22",
                "Pip flask 3.0.0 alpine:3.22",
                "Pip requests 2.31.0 alpine:3.22",
                "Npm @angular/cli 17.0.0 alpine:3.22",
            ]
        );
        let text = "FROM debian:12\nRUN apt-get install -y curl=7.88.1-10+deb12u5 x=1:2~rc1-3\n";
        assert_eq!(
            found(text),
            ["Apt curl 7.88.1-10+deb12u5 debian:12", "Apt x 1:2~rc1-3 debian:12"]
        );
    }

    #[test]
    fn what_is_a_range_a_variable_or_another_program_is_no_pin() {
        for run in [
            "apk add curl=$V",
            "apk add curl=~8",
            "pip install 'a>=1'",
            "npm install a@latest",
            "npm install @scope/a",
            "echo curl=1.2",
            "pip install -r requirements.txt",
        ] {
            assert_eq!(found(&format!("FROM a:1\nRUN {run}\n")), [""; 0], "{run}");
        }
        assert_eq!(found("FROM a:1\nRUN [\"apk\", \"add\", \"curl=1.2\"]\n"), [""; 0]);
    }
}
