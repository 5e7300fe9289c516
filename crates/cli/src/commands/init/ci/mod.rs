//! Jobs for CI, one file a service.
//!
//! To add one: write its file, name its module here, and add it to [`Ci::ALL`].

mod github;
mod gitlab;
mod jenkins;
mod pre_commit;
mod tekton;

use super::detect::Detected;
use super::plan::Plan;

/// A service that runs jobs.
pub(super) struct Ci {
    /// As `--ci` takes it.
    pub(super) name: &'static str,
    /// Whether a repository uses it.
    pub(super) is_there: fn(&Detected) -> bool,
    /// Plans its files.
    pub(super) plan: fn(&Detected, &mut Plan<'_>),
}

impl Ci {
    /// The registry.
    pub(super) const ALL: &'static [Self] =
        &[github::CI, gitlab::CI, jenkins::CI, tekton::CI, pre_commit::CI];
}

/// How plimsoll comes to a machine that has a Rust toolchain.
const INSTALL: &str =
    "cargo install --locked --git https://github.com/plimsoll/plimsoll plimsoll-cli";

/// What the image of a build is called where it is judged.
const IMAGE: &str = "plimsoll-gate:ci";

/// The Dockerfile that makes the image: the one nearest to the root, where its name needs no quotes.
fn main_dockerfile(detected: &Detected) -> Option<&str> {
    let depth = |path: &&String| (path.matches('/').count(), path.len());
    let nearest = detected.dockerfiles.iter().min_by_key(depth)?;
    let is_plain = |one: char| one.is_ascii_alphanumeric() || "._/-".contains(one);
    (nearest.chars().all(is_plain) && !nearest.starts_with('-')).then_some(nearest)
}

/// The commands by which the image is built, and the targets of the gate.
fn build(detected: &Detected) -> (Option<String>, String) {
    match main_dockerfile(detected) {
        None => (None, ".".to_owned()),
        Some(dockerfile) => {
            let context = dockerfile.rsplit_once('/').map_or(".", |(folder, _)| folder);
            let command = format!("docker build --tag {IMAGE} --file {dockerfile} {context}");
            (Some(command), format!("docker:{IMAGE} ."))
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::plan::Step;
    use super::*;

    fn detected() -> Detected {
        Detected {
            dockerfiles: vec!["docker/deep/Dockerfile".into(), "docker/Dockerfile".into()],
            ..Detected::default()
        }
    }

    /// The commands of ours in a text, each in words as a shell would have them.
    fn commands(text: &str) -> Vec<Vec<String>> {
        let joined = text.replace("\\\n", " ");
        let found = joined.lines().filter_map(|line| {
            let at = line.find("plimsoll ").filter(|at| {
                let before = line.get(..*at).unwrap_or_default();
                before.trim_end().ends_with(['-', ':', '\'', '"', '|', ';'])
                    || before.trim().is_empty()
            })?;
            let command = line.get(at..)?;
            let end = command.find(['\'', ';', '|']).unwrap_or(command.len());
            Some(command.get(..end)?.replace('"', ""))
        });
        found.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn every_command_that_is_written_is_one_of_ours() {
        for detected in [detected(), Detected::default()] {
            for ci in Ci::ALL {
                let folder = tempfile::tempdir().unwrap();
                let mut plan = Plan::new(folder.path());
                (ci.plan)(&detected, &mut plan);
                let mut count = 0;
                for step in plan.steps() {
                    let (Step::File { text, .. } | Step::Part { text, .. }) = step;
                    for words in commands(text) {
                        let parsed = crate::Cli::try_parse_from(&words);
                        assert!(parsed.is_ok(), "{}: {words:?}: {:?}", ci.name, parsed.err());
                        count += 1;
                    }
                }
                assert!(count > 0, "{} asks nothing of us", ci.name);
            }
        }
    }

    #[test]
    fn the_image_is_made_by_the_dockerfile_next_to_the_root_unless_its_name_is_odd() {
        assert_eq!(main_dockerfile(&detected()), Some("docker/Dockerfile"));
        for odd in ["a b/Dockerfile", "$(x)/Dockerfile", "-f/Dockerfile", "a'b.Dockerfile"] {
            let detected = Detected { dockerfiles: vec![odd.into()], ..Detected::default() };
            assert_eq!(main_dockerfile(&detected), None, "{odd}");
        }
    }
}
