//! Dockerfiles: the linter's findings and their edits, and what the builder knows of each name.

mod actions;
mod base;
mod completion;
mod hover;
mod keywords;
mod names;
mod outline;
mod variables;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use plimsoll_build::syntax::{Dockerfile as File, Instruction};
use plimsoll_build::{Config, Environment, Finding, Level, Scopes, Source, Stage, lint, stages};

use self::names::Names;
use crate::document::{
    Action, Completion, Document, Edit, Hover, Kind, LintGround, Mark, Opened, Problem, Project,
    Severity, Span, Symbol,
};

pub(super) const KIND: Kind = Kind {
    configured_by: &[
        "plimsoll.toml",
        ".hadolint.yaml",
        ".hadolint.yml",
        "hadolint.yaml",
        ".dockerignore",
        "*.dockerignore",
    ],
    owns,
    open,
};

/// Rules about what the builder still takes and should no more be written.
const DEPRECATED: &[&str] = &["DL4000", "LegacyKeyValueFormat", "NoEmptyContinuation"];
/// Rules about what changes nothing.
const UNNECESSARY: &[&str] = &["DL3001", "DL4003", "DL4004", "SC2034"];

/// Editors call it `dockerfile`, some by another name: then the file's name decides.
fn owns(opened: Opened<'_>) -> bool {
    let language = opened.language.to_ascii_lowercase();
    if ["dockerfile", "docker", "containerfile"].contains(&language.as_str()) {
        return true;
    }
    let name = opened.path.and_then(Path::file_name).map(|name| name.to_string_lossy());
    let name = name.unwrap_or_default().to_ascii_lowercase();
    ["dockerfile", "containerfile"].iter().any(|word| {
        name == *word || name.strip_suffix(word).is_some_and(|before| before.ends_with('.'))
    })
}

fn open(opened: Opened<'_>, project: &Arc<Project>) -> Arc<dyn Document> {
    Arc::new(Dockerfile {
        text: opened.text.to_owned(),
        path: opened.path.map(Path::to_owned),
        project: Arc::clone(project),
        read: OnceLock::new(),
        judged: OnceLock::new(),
        mended: OnceLock::new(),
    })
}

/// A version of a Dockerfile; all that takes time is done once, when it is first asked for.
struct Dockerfile {
    text: String,
    path: Option<PathBuf>,
    project: Arc<Project>,
    read: OnceLock<Read>,
    judged: OnceLock<Judged>,
    mended: OnceLock<Vec<Edit>>,
}

/// The text, read.
struct Read {
    file: File,
    stages: Vec<Stage>,
    scopes: Scopes,
    /// Variables and stages, wherever they are named.
    names: OnceLock<Names>,
}

/// The text, judged.
struct Judged {
    config: Config,
    environment: Environment,
    /// Why the configuration is not the project's.
    complaint: Option<String>,
    findings: Vec<Finding>,
}

impl Read {
    fn new(text: &str) -> Self {
        let file = File::parse(Source::new(text));
        let stages = stages(&file);
        let scopes = Scopes::new(&file, &stages);
        Self { file, stages, scopes, names: OnceLock::new() }
    }

    fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::new(&self.file, &self.stages, &self.scopes))
    }

    /// The instruction that a place is in, and its index.
    fn instruction_at(&self, at: usize) -> Option<(usize, &Instruction)> {
        let behind = self.file.instructions.partition_point(|one| one.span.start as usize <= at);
        let index = behind.checked_sub(1)?;
        let instruction = self.file.instructions.get(index)?;
        (at <= instruction.span.end as usize).then_some((index, instruction))
    }

    /// The first line of an instruction.
    fn instruction_line(&self, index: usize) -> Option<u32> {
        self.file.instructions.get(index).map(|instruction| instruction.lines.0)
    }

    /// The stage of an instruction; a `FROM` is in the one that it begins.
    fn stage_of(&self, instruction: usize) -> Option<&Stage> {
        let behind = self.stages.partition_point(|stage| stage.from <= instruction);
        self.stages.get(behind.checked_sub(1)?)
    }
}

impl Dockerfile {
    fn read(&self) -> &Read {
        self.read.get_or_init(|| Read::new(&self.text))
    }

    fn judged(&self) -> &Judged {
        self.judged.get_or_init(|| {
            let LintGround { config, environment } = (self.project.lint)(self.path.as_deref());
            let (config, complaint) = match config {
                Ok(config) => (config, None),
                Err(why) => (Config::default(), Some(why)),
            };
            let findings = lint(&self.read().file, &config, &environment).findings;
            Judged { config, environment, complaint, findings }
        })
    }

    /// The findings whose place touches a span.
    fn findings_at<'d>(&'d self, span: &Span) -> impl Iterator<Item = &'d Finding> {
        let (start, end) = (span.start, span.end);
        self.judged().findings.iter().filter(move |finding| {
            finding.span.start as usize <= end && start <= finding.span.end as usize
        })
    }
}

/// The same finding in the words of every kind of document.
fn problem(finding: &Finding) -> Problem {
    let id = finding.rule.id;
    let mark = if DEPRECATED.contains(&id) {
        Some(Mark::Deprecated)
    } else {
        UNNECESSARY.contains(&id).then_some(Mark::Unnecessary)
    };
    Problem {
        span: finding.span.range(),
        severity: match finding.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Info => Severity::Information,
            Level::Style | Level::Ignore => Severity::Hint,
        },
        code: id,
        url: finding.rule.source,
        message: finding.message.clone().into_owned(),
        mark,
        related: finding
            .related
            .iter()
            .map(|(span, message)| (span.range(), message.clone().into_owned()))
            .collect(),
    }
}

impl Document for Dockerfile {
    fn problems(&self) -> Vec<Problem> {
        self.judged().findings.iter().map(problem).collect()
    }

    fn complaint(&self) -> Option<String> {
        self.judged().complaint.clone()
    }

    fn hover(&self, at: usize) -> Option<Hover> {
        hover::hover(self, at)
    }

    fn actions(&self, span: &Span) -> Vec<Action> {
        actions::actions(self, span)
    }

    fn mend(&self) -> Vec<Edit> {
        self.mended.get_or_init(|| actions::mend(self)).clone()
    }

    fn symbols(&self) -> Vec<Symbol> {
        outline::symbols(self.read())
    }

    fn definition(&self, at: usize) -> Option<Span> {
        self.read().names().definition(at)
    }

    fn references(&self, at: usize, definition: bool) -> Vec<Span> {
        self.read().names().references(at, definition)
    }

    fn completions(&self, at: usize) -> Vec<Completion> {
        completion::completions(self.read(), at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_that_are_marked_exist() {
        for id in DEPRECATED.iter().chain(UNNECESSARY) {
            assert!(plimsoll_build::rules::named(id).is_some(), "{id}");
        }
    }

    #[test]
    fn a_dockerfile_is_known_by_language_or_name() {
        let owns =
            |language, path: &str| owns(Opened { language, path: Some(Path::new(path)), text: "" });
        assert!(owns("dockerfile", "/a/x") && owns("Dockerfile", "/a/x"));
        assert!(owns("plaintext", "/a/web.Dockerfile") && owns("", "/a/Containerfile"));
        assert!(!owns("yaml", "/a/pod.yaml") && !owns("plaintext", "/a/MyDockerfile"));
    }
}
