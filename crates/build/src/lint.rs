//! One file through all rules.

use crate::config::Config;
use crate::context::Context;
use crate::environment::Environment;
use crate::finding::{Finding, Level};
use crate::ignore::{Checks, Experiments, Ignores, builder_name};
use crate::rule::{Findings, Rule};
use crate::rules;
use crate::scope::Scopes;
use crate::script::shell_texts;
use crate::stage::stages;
use crate::syntax::Dockerfile;

/// What the rules found, sorted by place.
#[derive(Debug, Default)]
pub struct Linted {
    /// What counts.
    pub findings: Vec<Finding>,
    /// What a comment in the file ignores.
    pub ignored: Vec<Finding>,
}

/// Judges a file.
///
/// Of the shell rules an instruction shows the finding that stands last, as hadolint does; the
/// others are named with it.
pub fn lint(file: &Dockerfile, config: &Config, environment: &Environment) -> Linted {
    sift(file, config, rules::leave_last(judge(file, config, environment)))
}

/// Judges a file; every finding of the shell rules stands for itself.
pub(crate) fn lint_all(file: &Dockerfile, config: &Config, environment: &Environment) -> Linted {
    sift(file, config, judge(file, config, environment))
}

/// Shows what rules can ask about a file.
pub(crate) fn with_context<R>(
    file: &Dockerfile,
    config: &Config,
    environment: &Environment,
    look: impl FnOnce(&Context<'_>) -> R,
) -> R {
    let stages = stages(file);
    let scopes = Scopes::new(file, &stages);
    let texts = shell_texts(file, &stages);
    let context = Context {
        file,
        stages: &stages,
        scopes: &scopes,
        texts: &texts,
        invocations: texts.iter().map(crate::script::ShellText::programs).collect(),
        shells: std::cell::OnceCell::new(),
        flow: std::cell::OnceCell::new(),
        config,
        environment,
    };
    look(&context)
}

fn judge(file: &Dockerfile, config: &Config, environment: &Environment) -> Vec<Finding> {
    let experiments = Experiments::of(file);
    let mut found = Vec::new();
    with_context(file, config, environment, |context| {
        for rule in rules::all() {
            let mut level = level(rule, config);
            let tried = level == Level::Ignore && experiments.name(rule) && !is_set(rule, config);
            if tried {
                level = Level::Info;
            }
            if level > Level::Ignore {
                let before = found.len();
                (rule.check)(context, &mut Findings { rule, level, before, found: &mut found });
                if tried {
                    let own = found.split_off(before);
                    found.extend(own.into_iter().filter(|finding| experiments.reach(finding)));
                }
            }
        }
    });
    if Checks::of_file(file).error {
        let checks = found.iter_mut().filter(|one| builder_name(one.rule).is_some());
        checks.for_each(|one| one.level = Level::Error);
    }
    found
}

/// Sorts what was found, and parts it from what is ignored.
fn sift(file: &Dockerfile, config: &Config, mut found: Vec<Finding>) -> Linted {
    found.sort_by(|one, other| {
        (one.line, one.span, one.rule.id).cmp(&(other.line, other.span, other.rule.id))
    });
    let comments = Ignores::new(file, config);
    let (ignored, findings) = found.into_iter().partition(|finding| comments.covers(finding, file));
    Linted { findings, ignored }
}

/// The level that the configuration gives a rule.
pub fn level(rule: &Rule, config: &Config) -> Level {
    if config.ignored.iter().any(|name| rule.is_called(name)) {
        return Level::Ignore;
    }
    own_level(rule, config).unwrap_or(rule.level)
}

/// The level that the configuration gives by the rule's id, or else by another name of it.
fn own_level(rule: &Rule, config: &Config) -> Option<Level> {
    let by_id = config.levels.iter().find(|(name, _)| rule.id.eq_ignore_ascii_case(name));
    let named = by_id.or_else(|| config.levels.iter().find(|(name, _)| rule.is_called(name)));
    named.map(|(_, level)| *level)
}

/// Whether the configuration says anything about a rule.
fn is_set(rule: &Rule, config: &Config) -> bool {
    own_level(rule, config).is_some() || config.ignored.iter().any(|name| rule.is_called(name))
}
